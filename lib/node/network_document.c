/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/node/network_document.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/node/reading.h"
#include "lib/node/seed.h"

static const struct reading_key no_keys[] = {
        {NULL, NULL}
};

/* Who wrote a `name` there meant another network, or the same twice. */
static int decode_spec(const struct reading *r, const struct doc *spec, struct edge_network *ret)
{
        struct doc_table table = edge_network_table;
        _doc_ struct doc *whole = doc_copy(spec);
        char error[DOC_ERROR_SIZE] = "";
        int rc;

        if (!doc_is_object(spec))
                return reading_fail(r, "'spec' must have keys, each with a value");
        if (doc_get(spec, "name"))
                return reading_fail(r, "spec: 'name' stands beside it, and not in it");
        if (!whole || doc_set_text(whole, "name", r->name) < 0)
                return -ENOMEM;
        table.what = "spec";
        table.is_strict = true;
        rc = doc_decode(&table, whole, error, ret);
        return rc == -EBADMSG ? reading_fail(r, "%s", error) : rc;
}

int network_document_decode(const struct doc *document, char *error, struct edge_network *ret)
{
        struct reading r = {.kind = "network", .error = error};
        struct edge_network network = {0};
        const struct edge_config alone = {.networks = &network, .network_count = 1};
        _doc_ struct doc *head = doc_copy(document);
        int rc;

        (void)doc_remove(head, "spec");
        rc = reading_document(&r, seed_name_is_valid, SEED_NAME_ALPHABET, no_keys, head);
        r.place[0] = '\0';
        if (rc == 0)
                rc = decode_spec(&r, doc_get(document, "spec"), &network);
        if (rc == 0 && edge_config_check(&alone, error) < 0)
                rc = -EBADMSG;
        if (rc == 0)
                *ret = network;
        return rc;
}
