/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/logic/nodes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/claims.h"
#include "controller/logic/drift.h"
#include "controller/logic/events.h"
#include "controller/logic/gone.h"
#include "controller/logic/operations.h"
#include "controller/logic/phone_home.h"
#include "controller/logic/queue.h"
#include "controller/logic/rules.h"
#include "controller/logic/ways.h"
#include "controller/logic/workers.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

struct node *node_new(void)
{
        CLEANUP(node_free) struct node *node = calloc(1, sizeof(*node));

        if (!node)
                return NULL;
        list_init(&node->running);
        node->labels = doc_object();
        node->spec = doc_object();
        return node->labels && node->spec ? TAKE_PTR(node) : NULL;
}

struct node *node_free(struct node *node)
{
        if (!node)
                return NULL;
        doc_free(node->labels);
        doc_free(node->spec);
        traits_free(node->traits);
        free(node->text);
        free(node);
        return NULL;
}

struct node *node_find(const struct logic *logic, const char *name)
{
        const size_t len = strlen(name);

        return len < NODE_NAME_SIZE ? map_find(logic->nodes, name, len) : NULL;
}

struct node *node_find_mac(const struct logic *logic, const struct mac_address *mac)
{
        return map_find(logic->nodes_by_mac, mac->bytes, sizeof(mac->bytes));
}

size_t node_place_after(const struct logic *logic, const char *name)
{
        size_t low = 0, high = logic->node_count;

        while (low < high) {
                const size_t middle = low + (high - low) / 2;

                if (strcmp(logic->sorted[middle]->name, name) > 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

static int make_space(struct logic *logic)
{
        const size_t space = logic->node_space ? 2 * logic->node_space : 64;
        struct node **sorted;

        if (logic->node_count < logic->node_space)
                return 0;
        sorted = reallocarray(logic->sorted, space, sizeof(struct node *));
        if (!sorted)
                return -ENOMEM;
        logic->sorted = sorted;
        logic->node_space = space;
        return 0;
}

/* How many of its MACs stand in the edges' list of machines that boot their disk, and whether a
 * port of it is looked for. */
static void note_disk(struct logic *logic, struct node *node)
{
        const uint64_t port_for = operation_awaits_port(node);
        struct boot_plan plan;
        size_t count;

        node_plan(logic, node, &plan);
        count = plan.action == BOOT_DISK ? node->mac_count : 0;
        if (count != node->disk_macs || port_for != node->port_for ||
            memcmp(&plan.esp, &node->disk_esp, sizeof(plan.esp)) != 0)
                logic->disks_version++;
        node->disk_macs = count;
        node->disk_esp = plan.esp;
        node->port_for = port_for;
}

void node_save(struct logic *logic, struct node *node, uint64_t now_ms, struct store_change *change)
{
        note_disk(logic, node);
        node_write(node, now_ms, change);
}

int node_add(struct logic *logic, struct node *node)
{
        const size_t place = node_place_after(logic, node->name);
        int rc;

        if (node_find(logic, node->name))
                return -EEXIST;
        rc = make_space(logic);
        if (rc == 0)
                rc = map_set(logic->nodes, node->name, strlen(node->name), node);
        if (rc < 0)
                return rc;

        memmove(&logic->sorted[place + 1], &logic->sorted[place],
                (logic->node_count - place) * sizeof(struct node *));
        logic->sorted[place] = node;
        logic->node_count++;
        logic->by_phase[node->phase]++;
        if (node->operation.number > logic->last_operation)
                logic->last_operation = node->operation.number;
        if (node->operation.state == OPERATION_RUNNING)
                list_append(&logic->running, &node->running);
        else if (node->operation.state == OPERATION_WAITING)
                queue_insert(logic, node);
        note_disk(logic, node);
        logic->macs_version++;
        /* A MAC that finds no place is no fault: the node is found by its other ones, and by its
         * name; and it is in the lists already. */
        for (size_t i = 0; i < node->mac_count; i++)
                (void)map_set(logic->nodes_by_mac, node->macs[i].bytes, sizeof(node->macs[i].bytes),
                              node);
        return 0;
}

static void take_out(struct logic *logic, struct node *node)
{
        const size_t place = node_place_after(logic, node->name) - 1;

        for (size_t i = 0; i < node->mac_count; i++)
                if (node_find_mac(logic, &node->macs[i]) == node)
                        map_remove(logic->nodes_by_mac, node->macs[i].bytes,
                                   sizeof(node->macs[i].bytes));
        map_remove(logic->nodes, node->name, strlen(node->name));
        logic->node_count--;
        logic->by_phase[node->phase]--;
        logic->disks_version += node->disk_macs > 0 || node->port_for > 0;
        logic->macs_version++;
        rules_name_freed(logic, node->name);
        list_remove(&node->running);
        memmove(&logic->sorted[place], &logic->sorted[place + 1],
                (logic->node_count - place) * sizeof(struct node *));
}

int node_move(struct logic *logic, struct node *node, const char *name)
{
        const size_t from = node_place_after(logic, node->name) - 1;
        const size_t len = strlen(name);
        size_t to;
        int rc;

        rc = map_set(logic->nodes, name, len, node);
        if (rc < 0)
                return rc;
        map_remove(logic->nodes, node->name, strlen(node->name));
        memmove(&logic->sorted[from], &logic->sorted[from + 1],
                (logic->node_count - 1 - from) * sizeof(struct node *));
        logic->node_count--;
        to = node_place_after(logic, name);
        memmove(&logic->sorted[to + 1], &logic->sorted[to],
                (logic->node_count - to) * sizeof(struct node *));
        logic->sorted[to] = node;
        logic->node_count++;
        rules_name_freed(logic, node->name);
        memcpy(node->name, name, len + 1);
        return 0;
}

void node_name_unique(const struct logic *logic, const char *wish, char *ret)
{
        char tail[24] = "";

        for (size_t n = 2;; n++) {
                const int room = NODE_NAME_SIZE - 1 - (int)strlen(tail);

                snprintf(ret, NODE_NAME_SIZE, "%.*s%s", room, wish, tail);
                if (!node_find(logic, ret))
                        return;
                snprintf(tail, sizeof(tail), "-%zu", n);
        }
}

int node_add_mac(struct logic *logic, struct node *node, const struct mac_address *mac)
{
        const struct node *owner = node_find_mac(logic, mac);
        int rc;

        if (owner)
                return owner == node ? 0 : -EEXIST;
        if (node->mac_count >= NODE_MAX_MACS)
                return -ENOSPC;
        rc = map_set(logic->nodes_by_mac, mac->bytes, sizeof(mac->bytes), node);
        if (rc < 0)
                return rc;
        node->macs[node->mac_count++] = *mac;
        logic->macs_version++;
        node_touch(node);
        return 0;
}

int node_accept(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                struct store_change *change, const char **why)
{
        const bool is_decision = node->is_in_conflict;
        char reason[EVENT_TEXT_SIZE];
        int rc;

        rc = node_may_go(node, WAY_ACCEPT, why);
        if (rc < 0 && !is_decision)
                return rc;
        snprintf(reason, sizeof(reason), "accepted by %s%s", by,
                 is_decision ? ", who decided the conflict" : "");
        node->is_in_conflict = false;
        quarantine_end(logic, node, by, now_ms, change);
        /* Whoever boots next is believed: a board that was replaced would else be in conflict again
         * at every boot. Who was there before may be the one that was not meant. */
        if (is_decision) {
                node->summary.uuid = (struct uuid){0};
                node->decided_claim = logic->last_claim;
                claims_drop_node(logic, node, change);
                secret_void(logic, node, now_ms, change);
        }
        if (rc == 0)
                (void)node_go(logic, node, WAY_ACCEPT, reason, now_ms, change);
        drift_accept(node, change);
        node_renew_orders(logic, node);
        node_save(logic, node, now_ms, change);
        return 0;
}

int node_delete(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                struct store_change *change, const char **why)
{
        const struct store_document row = {
                .kind = "node",
                .name = node->name,
                .version = node->version + 1,
                .at_ms = now_ms,
        };
        char reason[EVENT_TEXT_SIZE];
        int rc;

        rc = node_may_go(node, WAY_DELETE, why);
        if (rc < 0)
                return rc;
        snprintf(reason, sizeof(reason), "deleted by %s", by);
        (void)node_go(logic, node, WAY_DELETE, reason, now_ms, change);
        secret_forget(logic, node->name, now_ms, change);
        worker_forget(logic, node, now_ms, change);
        claims_drop_node(logic, node, change);
        store_delete_document(change, &row);
        gone_note(logic, "node", node->name, row.version);
        take_out(logic, node);
        node_free(node);
        return 0;
}

void node_set_conflict(struct logic *logic, struct node *node, const struct mac_address *mac,
                       const char *reason, uint64_t now_ms, struct store_change *change)
{
        struct node_event event = {.at_ms = now_ms, .step = STEP_CONFLICT, .mac = *mac};
        char text[MAC_TEXT_SIZE];

        log_warning("node.conflict", "node=%s mac=%s reason=%s", node ? node->name : "-",
                    mac_text(text, mac), QUOTE(reason));
        snprintf(event.text, sizeof(event.text), "%s", reason);
        event_add(logic, node, &event, change);
        if (!node || node->is_in_conflict)
                return;
        node->is_in_conflict = true;
        node->conflict_since_ms = now_ms;
        snprintf(node->conflict_reason, sizeof(node->conflict_reason), "%s", reason);
        node_renew_orders(logic, node);
        node_save(logic, node, now_ms, change);
}

void node_plan(const struct logic *logic, const struct node *node, struct boot_plan *ret)
{
        struct plan_facts facts = {
                .is_known = node != NULL,
                .phase = node ? node->phase : PHASE_NONE,
                .is_in_conflict = node && node->is_in_conflict,
                .system = node ? node->summary.system : NULL,
                .is_wanted = node && node->held.is_wanted,
                .operation = node ? &node->operation : NULL,
                .kernel_arguments = logic->kernel_arguments,
        };

        if (node)
                facts.esp = node->esp;
        *ret = (struct boot_plan){0};
        boot_plan_make(&facts, ret);
        if (node)
                (void)text_copy(ret->node, sizeof(ret->node), node->name);
}
