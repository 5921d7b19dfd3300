/* SPDX-License-Identifier: GPL-3.0-or-later */
/* POST /api/v1/nodes/NAME/load: a node of a dump. */
#include <errno.h>

#include "controller/api/call.h"
#include "controller/logic/nodes.h"
#include "lib/base/clock.h"

void handle_node_load(struct call *call)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        struct node_load load = {.name = call->match.name, .by = call->who.user};
        char error[DOC_ERROR_SIZE] = "";
        _doc_ struct doc *document = NULL;
        struct node *node = NULL;
        const char *body;
        size_t size;
        int rc;

        body = serve_body(call->request, &size);
        rc = change ? doc_parse(body, size, &doc_limits_message, error, &document) : -ENOMEM;
        load.document = document;
        if (rc == 0)
                rc = node_load(call->api->logic, &load, clock_wall_ms(), change, error, &node);
        if (rc < 0) {
                call_refuse(call,
                            rc == -EEXIST   ? PROBLEM_NODE_EXISTS
                            : rc == -ENOSPC ? PROBLEM_FULL
                            : rc == -ENOMEM ? PROBLEM_NO_MEMORY
                                            : PROBLEM_NODE_MALFORMED,
                            error[0] ? error : NULL);
                return;
        }
        reply_node(call, node, NULL);
        call_commit(call, TAKE_PTR(change));
}
