/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an operator wrote of a node: it changes nothing of what the node does. */
#include <errno.h>
#include <stdio.h>

#include "controller/logic/events.h"
#include "controller/logic/nodes.h"
#include "lib/base/cleanup.h"
#include "lib/doc/diff.h"

static struct doc *copy_or_new(const struct doc *object)
{
        return doc_is_object(object) ? doc_copy(object) : doc_object();
}

int node_put(struct logic *logic, struct node *node, const struct doc *document, const char *by,
             uint64_t now_ms, struct store_change *change)
{
        _doc_ struct doc *labels = copy_or_new(doc_get(document, "labels"));
        _doc_ struct doc *spec = copy_or_new(doc_get(document, "spec"));
        struct node_event event = {.at_ms = now_ms, .step = STEP_DOCUMENT};

        if (!labels || !spec)
                return -ENOMEM;
        if (doc_is_same(labels, node->labels) && doc_is_same(spec, node->spec))
                return 0;
        doc_free(node->labels);
        doc_free(node->spec);
        node->labels = TAKE_PTR(labels);
        node->spec = TAKE_PTR(spec);
        node->is_written = true;
        node_save(logic, node, now_ms, change);
        snprintf(event.text, sizeof(event.text), "%s wrote node '%s', version %llu", by, node->name,
                 (unsigned long long)node->version);
        event_add(logic, node, &event, change);
        return 0;
}
