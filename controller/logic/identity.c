/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which node a report is of
 *
 *   1. The node that has the MAC by which it booted.
 *   2. Else the node that has any other of its MACs, and its UUID where it has one:
 *      it booted by a new card.
 *   3. Else the node with the same UUID and the same serial number: all its
 *      cards are new. The UUID alone will not do, as boards share them.
 *   4. Else it is a machine that was never seen.
 *
 * A UUID that contradicts the node's, or a MAC that a second node has, is a
 * conflict: nothing is overwritten, and an operator decides. So is 2 or 3 while the
 * node is being installed: MACs and UUIDs are told to whoever listens, and the
 * agent of such a node is told a secret.
 */
#include "controller/logic/identity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/claims.h"
#include "controller/logic/events.h"
#include "controller/logic/gone.h"
#include "controller/logic/held.h"
#include "controller/logic/nodes.h"
#include "controller/logic/rules.h"
#include "controller/logic/ways.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

/* In one block with its texts, as free() is all that its owner does. */
static struct report *report_with(const struct inventory_digest *digest,
                                  const struct traits *traits)
{
        const size_t lasting = strlen(digest->lasting) + 1, facts = strlen(digest->facts) + 1;
        const size_t size = traits_size(traits);
        struct report *report = calloc(1, sizeof(*report) + size + lasting + facts);
        char *at = (char *)(report + 1) + size;

        if (!report)
                return NULL;
        memcpy(report->hash, digest->hash, sizeof(report->hash));
        report->traits = memcpy(report + 1, traits, size);
        report->lasting = memcpy(at, digest->lasting, lasting);
        report->facts = memcpy(at + lasting, digest->facts, facts);
        return report;
}

static int fail(char *error, int rc, const char *sentence)
{
        if (error)
                (void)text_copy(error, DOC_ERROR_SIZE, sentence);
        return rc;
}

int report_decode(const char *text, size_t size, char *error, struct report **ret)
{
        _doc_ struct doc *inventory = NULL;
        _digest_ struct inventory_digest digest = {0};
        CLEANUP(traits_free) struct traits *traits = NULL;
        struct node_summary summary;
        struct report *report;
        int rc;

        rc = doc_parse(text, size, &doc_limits_inventory, error, &inventory);
        if (rc < 0)
                return rc;
        rc = node_summary_of(inventory, &summary);
        if (rc < 0)
                return fail(error, rc,
                            "inventory: it is no document of cloudie-discover ('schema' is "
                            "missing)");
        rc = inventory_digest(inventory, &digest);
        if (rc == 0)
                rc = traits_of(inventory, &traits);
        report = rc == 0 ? report_with(&digest, traits) : NULL;
        if (!report)
                return fail(error, -ENOMEM, "inventory: there is no memory for it");
        report->summary = summary;
        report->mac_count = node_macs_of(inventory, report->macs);
        report->body = text;
        report->size = size;
        *ret = report;
        return 0;
}

static bool uuid_contradicts(const struct uuid *a, const struct uuid *b)
{
        return uuid_identifies(a) && uuid_identifies(b) && memcmp(a, b, sizeof(*a)) != 0;
}

/* Whoever names a card of a node must have its board, too, where that is known: to leave the UUID
 * out is no way into somebody else's node. */
static bool may_have_card_of(const struct node *node, const struct report *report)
{
        return !uuid_identifies(&node->summary.uuid) ||
               memcmp(&node->summary.uuid, &report->summary.uuid, sizeof(struct uuid)) == 0;
}

static bool is_same_board(const struct node_summary *a, const struct node_summary *b)
{
        return uuid_identifies(&a->uuid) && memcmp(&a->uuid, &b->uuid, sizeof(a->uuid)) == 0 &&
               a->serial[0] && strcmp(a->serial, b->serial) == 0;
}

/* By any MAC but the one that booted; then by the board. */
static struct node *find_otherwise(const struct logic *logic, const struct report *report)
{
        for (size_t i = 0; i < report->mac_count; i++) {
                struct node *node = node_find_mac(logic, &report->macs[i]);

                if (node && may_have_card_of(node, report))
                        return node;
        }
        for (size_t i = 0; i < logic->node_count; i++)
                if (is_same_board(&logic->sorted[i]->summary, &report->summary))
                        return logic->sorted[i];
        return NULL;
}

/* It did not boot by a card of the node's, and is not known to be it already. */
static bool comes_in_the_middle(const struct claim *claim, const struct node *node)
{
        return claim->node != node && node->operation.state == OPERATION_RUNNING;
}

/* An operator has decided since: this may be the machine that was not meant. */
static bool was_before_decision(const struct claim *claim, const struct node *node)
{
        char text[MAC_TEXT_SIZE];

        if (claim->row.id > node->decided_claim)
                return false;
        log_warning(
                "inventory.refused",
                "node=%s mac=%s reason=\"it claimed before an operator decided the conflict: it "
                "has to boot once more\"",
                node->name, mac_text(text, &claim->row.mac));
        return true;
}

static int make_node(struct logic *logic, const struct claim *claim, const struct report *report,
                     uint64_t now_ms, struct node **ret)
{
        CLEANUP(node_free) struct node *node = node_new();
        char wish[NODE_NAME_SIZE];
        int rc;

        if (!node)
                return -ENOMEM;
        node->first_seen_ms = now_ms;
        node->generation = 1;
        node_name_default(&report->summary, &claim->row.mac, wish);
        node_name_unique(logic, wish, node->name);
        node->version = gone_take(logic, "node", node->name);
        node->is_written = true;
        rc = node_add(logic, node);
        if (rc < 0)
                return rc;
        *ret = TAKE_PTR(node);
        return 0;
}

static void tell_discovered(struct logic *logic, struct node *node, uint64_t now_ms,
                            struct store_change *change)
{
        struct node_event discovered = {.at_ms = now_ms, .step = STEP_DISCOVERED};

        (void)node_go(logic, node, WAY_DISCOVER, "never seen before", now_ms, change);
        (void)text_copy(discovered.text, sizeof(discovered.text), node->name);
        event_add(logic, node, &discovered, change);
        log_info("node.discovered", "node=%s mac=%s product=%s", node->name,
                 mac_text((char[MAC_TEXT_SIZE]){0}, &node->macs[0]), QUOTE(node->summary.product));
}

static void tell_held(struct logic *logic, const struct node *node, uint64_t now_ms,
                      struct store_change *change)
{
        struct node_event held = {.at_ms = now_ms,
                                  .step = STEP_HELD,
                                  .text = "no rule takes it: an operator accepts or deletes it"};

        if (node->summary.system[0])
                snprintf(held.text, sizeof(held.text),
                         "no rule takes it: it goes back to the system on %s, until an operator "
                         "accepts or deletes it",
                         node->summary.system);
        event_add(logic, node, &held, change);
}

/* What it has that no other node has becomes its own; the rest raises conflicts on both sides. */
static void add_macs(struct logic *logic, struct node *node, const struct report *report,
                     uint64_t now_ms, struct store_change *change)
{
        for (size_t i = 0; i < report->mac_count; i++) {
                const struct mac_address *mac = &report->macs[i];

                if (node_add_mac(logic, node, mac) != -EEXIST)
                        continue;
                node_set_conflict(logic, node_find_mac(logic, mac), mac,
                                  "another node reports a network card with this node's MAC",
                                  now_ms, change);
                node_set_conflict(logic, node, mac,
                                  "it reports a network card whose MAC belongs to another node",
                                  now_ms, change);
        }
}

static void keep(struct logic *logic, struct node *node, struct report *report, uint64_t now_ms,
                 struct store_change *change)
{
        const struct store_inventory row = {
                .node = node->name,
                .at_ms = now_ms,
                .body = report->body,
                .size = report->size,
                .hash = report->hash,
                .lasting = report->lasting,
                .facts = report->facts,
        };

        store_put_inventory(change, &row);
        node_set_traits(node, report->traits, now_ms, change);
        report->is_looked_at =
                drift_reported(logic, node, report->hash, now_ms, change, &report->look);
}

int inventory_take(struct logic *logic, struct claim *claim, struct report *report, uint64_t now_ms,
                   struct store_change *change, struct node **ret_node)
{
        struct node *node = node_find_mac(logic, &claim->row.mac);
        bool is_new = false;
        int rc;

        if (node && was_before_decision(claim, node)) {
                *ret_node = node;
                return 0;
        }
        if (node && uuid_contradicts(&node->summary.uuid, &report->summary.uuid)) {
                claim_attach(logic, claim, node, change);
                node_set_conflict(logic, node, &claim->row.mac,
                                  "a machine with this node's MAC reports another UUID", now_ms,
                                  change);
                *ret_node = node;
                return 0;
        }
        if (!node) {
                node = find_otherwise(logic, report);
                if (node && was_before_decision(claim, node)) {
                        *ret_node = node;
                        return 0;
                }
                if (node && comes_in_the_middle(claim, node)) {
                        node_set_conflict(logic, node, &claim->row.mac,
                                          "in the middle of its install a machine that booted by "
                                          "another card says that it is this node",
                                          now_ms, change);
                        *ret_node = node;
                        return 0;
                }
        }
        if (!node) {
                rc = make_node(logic, claim, report, now_ms, &node);
                if (rc < 0)
                        return rc;
                is_new = true;
        }

        (void)node_add_mac(logic, node, &claim->row.mac);
        claim_attach(logic, claim, node, change);
        node->summary = report->summary;
        node->address = claim->row.address;
        memcpy(node->boot, claim->row.boot, sizeof(node->boot));
        node->last_seen_ms = now_ms;
        if (is_new)
                tell_discovered(logic, node, now_ms, change);
        add_macs(logic, node, report, now_ms, change);
        keep(logic, node, report, now_ms, change);
        (void)rules_apply(logic, node, now_ms, change);
        if (is_new && node->phase == PHASE_DISCOVERED && !node->is_quarantined)
                tell_held(logic, node, now_ms, change);
        held_reported(logic, node, now_ms, change);
        node_save(logic, node, now_ms, change);
        log_info("node.inventory", "node=%s bytes=%zu macs=%zu", node->name, report->size,
                 node->mac_count);
        *ret_node = node;
        return 0;
}
