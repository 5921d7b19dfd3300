/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/node/node_document.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/node/reading.h"
#include "lib/node/summary.h"

bool node_label_is_valid(const char *name)
{
        static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789._-/";
        const size_t len = strlen(name);

        return len > 0 && len < NODE_LABEL_SIZE && strspn(name, alphabet) == len;
}

static int take_metadata(struct reading *r, const char *key, const struct doc *value)
{
        _free_ char *text = NULL;

        if (!doc_is_object(value))
                return reading_fail(r, "'%s' must have keys, each with a value", key);
        if (doc_print(value, DOC_COMPACT, &text) < 0)
                return -ENOMEM;
        if (strlen(text) > NODE_METADATA_SIZE)
                return reading_fail(r, "'%s' is longer than %u bytes", key, NODE_METADATA_SIZE);
        return 0;
}

static const struct reading_key spec_keys[] = {
        {"metadata", take_metadata},
        {NULL,       NULL         },
};

int node_document_check(const struct doc *document, char *error)
{
        struct reading r = {.kind = "node", .error = error};
        _doc_ struct doc *written = doc_copy(document);

        if (!written)
                return document ? -ENOMEM : -EBADMSG;
        (void)doc_remove(written, "status");
        return reading_document(&r, node_name_is_valid, "small letters, digits and dashes",
                                spec_keys, written);
}
