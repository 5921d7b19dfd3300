/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/logic/drift.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/events.h"
#include "controller/logic/line.h"
#include "controller/logic/nodes.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/node/inventory_diff.h"

static void tell(struct logic *logic, const struct node *node, const char *text, uint64_t now_ms,
                 struct store_change *change)
{
        struct node_event event = {.at_ms = now_ms, .step = STEP_DRIFT};

        line_copy(event.text, sizeof(event.text), text);
        event_add(logic, node, &event, change);
        log_info("node.drifted", "node=%s is=%s reason=%s", node->name,
                 node->is_drifted ? "yes" : "no", QUOTE(event.text));
}

static void forget_drift(struct node *node)
{
        node->is_drifted = false;
        node->drifted_since_ms = 0;
        node->drifted_reason[0] = '\0';
}

/* True: it was drifted. */
static bool end_drift(struct logic *logic, struct node *node, uint64_t now_ms,
                      struct store_change *change)
{
        if (!node->is_drifted)
                return false;
        forget_drift(node);
        tell(logic, node, "it is again what was accepted", now_ms, change);
        return true;
}

void drift_accept(struct node *node, struct store_change *change)
{
        forget_drift(node);
        if (!node->inventory_hash[0])
                return;
        memcpy(node->accepted_hash, node->inventory_hash, sizeof(node->accepted_hash));
        store_put_baseline(change, node->name, node->accepted_hash);
}

bool drift_reported(struct logic *logic, struct node *node, const char *hash, uint64_t now_ms,
                    struct store_change *change, struct drift_look *ret)
{
        *ret = (struct drift_look){0};
        (void)text_copy(ret->node, sizeof(ret->node), node->name);
        (void)text_copy(ret->hash, sizeof(ret->hash), hash);
        if (strcmp(hash, node->inventory_hash) != 0)
                memcpy(ret->before, node->inventory_hash, sizeof(ret->before));
        memcpy(node->inventory_hash, ret->hash, sizeof(ret->hash));
        /* It was accepted before inventories were kept. */
        if (!node->accepted_hash[0] && node->phase != PHASE_DISCOVERED)
                drift_accept(node, change);
        if (strcmp(hash, node->accepted_hash) == 0)
                (void)end_drift(logic, node, now_ms, change);
        else
                memcpy(ret->accepted, node->accepted_hash, sizeof(ret->accepted));
        return ret->before[0] || ret->accepted[0];
}

static struct doc *parse(const char *text)
{
        struct doc *inventory = NULL;

        if (!text || doc_parse(text, strlen(text), &doc_limits_inventory, NULL, &inventory) < 0)
                return NULL;
        return inventory;
}

void drift_compare(struct drift_look *look, const char *now, const char *before,
                   const char *accepted)
{
        /* A machine that changes for the first time was accepted as it was before: megabytes that
         * are read once. */
        const bool is_one = before && accepted && strcmp(before, accepted) == 0;
        _doc_ struct doc *is = parse(now), *was = parse(before);
        _doc_ struct doc *other = is_one ? NULL : parse(accepted);
        const struct doc *wanted = is_one ? was : other;
        _doc_ struct doc *changes = was ? inventory_diff(was, is) : NULL;
        _doc_ struct doc *drift = wanted ? inventory_drift(wanted, is) : NULL;
        char more[40] = "", text[EVENT_TEXT_SIZE];
        const char *first = doc_text(doc_at(drift, 0));

        look->changes = doc_count(changes);
        look->drift = doc_count(drift);
        look->is_whole = wanted && inventory_covers(is, wanted);
        if (!first)
                return;
        if (look->drift > 1)
                snprintf(more, sizeof(more), " (+%" PRIu64 " more)", look->drift - 1);
        /* Cut so that no character is cut in two, with space for what follows. */
        line_copy(text, sizeof(text) - sizeof(more), first);
        snprintf(look->reason, sizeof(look->reason), "%s%s", text, more);
}

void drift_decide(struct logic *logic, const struct drift_look *look, uint64_t now_ms,
                  struct store_change *change)
{
        struct node *node = node_find(logic, look->node);

        if (!node || strcmp(node->inventory_hash, look->hash) != 0)
                return;
        if (look->before[0])
                store_put_inventory_changes(change, node->name, look->hash, look->changes);
        if (!look->accepted[0] || strcmp(node->accepted_hash, look->accepted) != 0)
                return;
        if (look->drift == 0) {
                if (look->is_whole && end_drift(logic, node, now_ms, change))
                        node_save(logic, node, now_ms, change);
                return;
        }
        if (node->is_drifted && strcmp(node->drifted_reason, look->reason) == 0)
                return;
        if (!node->is_drifted)
                node->drifted_since_ms = now_ms;
        node->is_drifted = true;
        memcpy(node->drifted_reason, look->reason, sizeof(node->drifted_reason));
        tell(logic, node, look->reason, now_ms, change);
        node_save(logic, node, now_ms, change);
}

int drift_acknowledge(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                      struct store_change *change)
{
        char text[2 * EVENT_TEXT_SIZE];

        if (!node->inventory_hash[0])
                return -ENOENT;
        if (!node->is_drifted && strcmp(node->inventory_hash, node->accepted_hash) == 0)
                return 0;
        snprintf(text, sizeof(text), "%s acknowledged %s", by,
                 node->is_drifted ? node->drifted_reason : "what it is");
        drift_accept(node, change);
        tell(logic, node, text, now_ms, change);
        node_save(logic, node, now_ms, change);
        return 0;
}
