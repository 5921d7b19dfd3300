/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Another name for a node: all that is kept under the old one goes with it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controller/logic/events.h"
#include "controller/logic/gone.h"
#include "controller/logic/nodes.h"
#include "controller/logic/phone_home.h"
#include "controller/logic/workers.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

/* Who is refused hears why. */
static int check(const struct logic *logic, const struct node *node, const char *name,
                 const char **why)
{
        const struct node *other = node_find(logic, name);

        if (!node_name_is_valid(name))
                *why = "a name has small letters, digits and dashes, and no dash at an end";
        else if (node_is_busy(node))
                *why = "an operation runs on it, which knows it by its name";
        else if (other && other != node)
                *why = "another node has this name";
        else
                return 0;
        return !node_name_is_valid(name) ? -EINVAL : other && other != node ? -EEXIST : -EPERM;
}

static void tell_claims(const struct logic *logic, const struct node *node)
{
        size_t at = 0;
        void *value;

        while (map_next(logic->claims, &at, &value)) {
                struct claim *claim = value;

                if (claim->node == node)
                        memcpy(claim->row.node, node->name, sizeof(claim->row.node));
        }
}

int node_rename(struct logic *logic, struct node *node, const struct rename_word *word,
                uint64_t now_ms, struct store_change *change, const char **why)
{
        const char *name = word->name, *by = word->by;
        struct node_event event = {.at_ms = now_ms, .step = STEP_RENAMED};
        struct store_document row = {.kind = "node", .at_ms = now_ms};
        char old[NODE_NAME_SIZE];
        int rc;

        rc = check(logic, node, name, why);
        if (rc < 0 || strcmp(node->name, name) == 0)
                return rc;
        memcpy(old, node->name, sizeof(old));
        rc = node_move(logic, node, name);
        if (rc == 0)
                rc = secret_move(logic, old, node->name);
        if (rc == 0)
                rc = worker_move(logic, old, node->name);
        if (rc < 0) {
                *why = "there is no memory for it";
                return rc;
        }
        tell_claims(logic, node);
        row.name = old;
        row.version = gone_take(logic, "node", node->name);
        store_rename_node(change, &row, node->name);
        node->version += row.version;
        node->is_written = true;
        (void)text_copy(node->named_by, sizeof(node->named_by), by);
        node_touch(node);
        snprintf(event.text, sizeof(event.text), "%s -> %s: renamed by %s", old, node->name, by);
        event_add(logic, node, &event, change);
        log_info("node.renamed", "from=%s to=%s by=%s", old, node->name, QUOTE(by));
        return 0;
}
