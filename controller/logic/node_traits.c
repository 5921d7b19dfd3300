/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The traits of nodes: in a document of their own, as they are thrice as long as
 * the node's and change only when the machine does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/nodes.h"
#include "lib/daemon/log.h"

void node_set_traits(struct node *node, const struct traits *traits, uint64_t now_ms,
                     struct store_change *change)
{
        struct store_document row = {
                .kind = TRAITS_KIND, .name = node->name, .version = 1, .at_ms = now_ms};
        _doc_ struct doc *object = NULL;
        _free_ char *text = NULL;

        if (!traits || traits_is_same(traits, node->traits))
                return;
        traits_free(node->traits);
        node->traits = traits_dup(traits); /* without memory: until it starts again */
        object = traits_encode(traits);
        if (doc_print(object, DOC_COMPACT, &text) == 0)
                row.body = text;
        store_keep_document(change, &row);
}

int node_restore_traits(struct logic *logic, const struct store_document *row)
{
        struct node *node = node_find(logic, row->name);
        _doc_ struct doc *object = NULL;
        struct traits *traits = NULL;
        int rc;

        if (!node)
                return 0; /* its node is loaded before it */
        rc = doc_parse(row->body, strlen(row->body), &doc_limits_message, NULL, &object);
        if (rc == 0)
                rc = traits_decode(object, &traits);
        if (rc == -ENOMEM)
                return rc;
        if (rc < 0) {
                /* The next report brings them. */
                log_warning("traits.unreadable", "node=%s", node->name);
                return 0;
        }
        traits_free(node->traits);
        node->traits = traits;
        return 0;
}
