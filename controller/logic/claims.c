/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * First come, first served, and never twice
 *
 * A boot number is public, so the key that claims it first is taken for the
 * machine. Should another key turn up in time, one of them is an impostor and
 * nothing tells which: both lose.
 */
#include "controller/logic/claims.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/boots.h"
#include "controller/logic/events.h"
#include "controller/logic/held.h"
#include "controller/logic/nodes.h"
#include "controller/logic/phone_home.h"
#include "controller/logic/progress.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/trust/signature.h"

int claim_check(const struct agent_claim *claim)
{
        char text[sizeof(CLAIM_PREFIX) + BOOT_TEXT_SIZE];
        uint8_t signature[ED25519_SIGNATURE_SIZE], number[(BOOT_TEXT_SIZE - 1) / 2];
        struct public_key key;
        int rc;

        if (strlen(claim->boot) != BOOT_TEXT_SIZE - 1 ||
            text_unhex(claim->boot, number, sizeof(number)) < 0 || !mac_is_usable(&claim->mac))
                return -EBADMSG;
        rc = base64_decode_exact(claim->public_key, key.bytes, sizeof(key.bytes));
        if (rc == 0)
                rc = base64_decode_exact(claim->signature, signature, sizeof(signature));
        if (rc < 0)
                return rc;
        snprintf(text, sizeof(text), "%s%s", CLAIM_PREFIX, claim->boot);
        return signature_verify(&key, text, strlen(text), signature);
}

struct claim *claim_find(const struct logic *logic, uint64_t id)
{
        return map_find(logic->claims, &id, sizeof(id));
}

static struct claim *find_mac(const struct logic *logic, const struct mac_address *mac)
{
        return map_find(logic->claims_by_mac, mac->bytes, sizeof(mac->bytes));
}

int claim_restore(struct logic *logic, const struct store_claim *row)
{
        const struct identity identity = {.kind = AUTH_AGENT, .id = row->id};
        struct claim *claim = calloc(1, sizeof(*claim));
        struct sha256 hash;
        int rc;

        if (!claim)
                return -ENOMEM;
        claim->row = *row;
        claim->node = row->node[0] ? node_find(logic, row->node) : NULL;
        rc = map_set(logic->claims, &claim->row.id, sizeof(claim->row.id), claim);
        if (rc < 0) {
                free(claim);
                return rc;
        }
        rc = map_set(logic->claims_by_mac, row->mac.bytes, sizeof(row->mac.bytes), claim);
        if (rc == 0)
                rc = sha256_parse(row->token_hash, &hash);
        if (rc == 0)
                rc = auth_book_add(logic->book, &hash, &identity);
        if (claim->node)
                claim->node->claim = claim;
        if (row->id > logic->last_claim)
                logic->last_claim = row->id;
        return rc;
}

/* Its node has nothing of it any more. */
static void detach(const struct claim *claim)
{
        if (claim->node->claim != claim)
                return;
        claim->node->claim = NULL;
        claim->node->is_agent_online = false;
        node_touch(claim->node);
}

void claim_drop(struct logic *logic, struct claim *claim, struct store_change *change)
{
        struct sha256 hash;

        if (claim->waiter)
                logic->hooks.wake(logic->hooks.context, claim, true);
        if (sha256_parse(claim->row.token_hash, &hash) == 0)
                auth_book_remove(logic->book, &hash);
        if (find_mac(logic, &claim->row.mac) == claim)
                map_remove(logic->claims_by_mac, claim->row.mac.bytes,
                           sizeof(claim->row.mac.bytes));
        if (claim->node)
                detach(claim);
        map_remove(logic->claims, &claim->row.id, sizeof(claim->row.id));
        store_delete_claim(change, claim->row.id);
        free(claim);
}

void claims_drop_node(struct logic *logic, struct node *node, struct store_change *change)
{
        size_t at = 0;
        void *value;

        while (map_next(logic->claims, &at, &value))
                if (((struct claim *)value)->node == node)
                        claim_drop(logic, value, change);
}

/* @boot: whose number it is; NULL: nobody's, and the machine is the one that the claim names. */
static int refuse(struct logic *logic, const struct boot *boot, const struct agent_claim *claim,
                  enum claim_outcome outcome, uint64_t now_ms, struct store_change *change)
{
        static const char *const reasons[CLAIM_OUTCOME_COUNT] = {
                [CLAIM_UNKNOWN] = "no such boot number was given",
                [CLAIM_EXPIRED] = "the number is older than 10 minutes",
                [CLAIM_CONFLICT] = "two keys claimed this number; both are void",
                [CLAIM_NOT_ITS] = "the number was given to another MAC",
        };
        const struct mac_address *mac = boot ? &boot->row.mac : &claim->mac;
        struct node_event event = {
                .at_ms = now_ms, .mac = *mac, .address = claim->address, .of = STEP_CLAIM};
        char who[MAC_TEXT_SIZE];

        log_warning("claim.refused", "boot=%s mac=%s reason=%s", QUOTE(claim->boot),
                    mac_text(who, &claim->mac), QUOTE(reasons[outcome]));
        (void)text_copy(event.boot, sizeof(event.boot), claim->boot);
        snprintf(event.text, sizeof(event.text), "%s claims %s: %s", who, claim->boot,
                 reasons[outcome]);
        event_refused(logic, node_find_mac(logic, mac), &event, change);
        return (int)outcome;
}

/* A second key: neither is believed any more. */
static int make_void(struct logic *logic, struct boot *taken, const struct agent_claim *claim,
                     uint64_t now_ms, struct store_change *change)
{
        struct store_boot *boot = &taken->row;
        struct claim *first = find_mac(logic, &boot->mac);
        struct node *node = node_find_mac(logic, &boot->mac);

        boot->is_void = true;
        store_put_boot(change, boot);
        if (first && strcmp(first->row.boot, boot->number) == 0)
                claim_drop(logic, first, change);
        /* The first may have been told the secret, and may have been the impostor. */
        if (node)
                secret_void(logic, node, now_ms, change);
        node_set_conflict(logic, node, &boot->mac,
                          "two keys claimed one boot number: somebody else on this network "
                          "pretends to be this machine",
                          now_ms, change);
        return refuse(logic, taken, claim, CLAIM_CONFLICT, now_ms, change);
}

/* The claims that this one takes the place of: of the same MAC, and of the same node. */
static void drop_earlier(struct logic *logic, const struct store_boot *boot,
                         struct store_change *change)
{
        const struct node *node = node_find_mac(logic, &boot->mac);
        struct claim *same_mac = find_mac(logic, &boot->mac);

        if (same_mac)
                claim_drop(logic, same_mac, change);
        if (node && node->claim)
                claim_drop(logic, node->claim, change);
}

static void note_boot(struct logic *logic, struct node *node, const struct store_claim *row,
                      uint64_t now_ms, struct store_change *change)
{
        struct node_event event = {
                .at_ms = now_ms, .step = STEP_CLAIM, .mac = row->mac, .address = row->address};

        if (node) {
                memcpy(node->boot, row->boot, sizeof(node->boot));
                node->address = row->address;
                node->last_seen_ms = now_ms;
                node_save(logic, node, now_ms, change);
        }
        memcpy(event.boot, row->boot, sizeof(event.boot));
        event_add(logic, node, &event, change);
        event_of_retired(logic, node, now_ms, change);
        log_info("claim.taken", "boot=%s mac=%s node=%s", row->boot,
                 mac_text((char[MAC_TEXT_SIZE]){0}, &row->mac), node ? node->name : "-");
}

static int take(struct logic *logic, struct boot *given, const struct agent_claim *claim,
                uint64_t now_ms, struct store_change *change, struct agent_claimed *ret)
{
        struct store_boot *boot = &given->row;
        struct node *node = node_find_mac(logic, &boot->mac);
        struct store_claim row = {
                .id = logic->last_claim + 1,
                .mac = boot->mac,
                .address = boot->address,
                .uuid = claim->uuid,
                .made_ms = now_ms,
        };
        struct agent_claimed answer = {.now_ms = now_ms};
        struct sha256 hash;
        int rc;

        rc = token_new(answer.token);
        if (rc == 0)
                rc = token_hash(answer.token, &hash);
        if (rc < 0)
                return rc;
        memcpy(row.boot, boot->number, sizeof(row.boot));
        memcpy(row.public_key, claim->public_key, sizeof(row.public_key));
        (void)sha256_text(row.token_hash, &hash);
        if (node)
                memcpy(row.node, node->name, sizeof(row.node));

        drop_earlier(logic, boot, change);
        rc = claim_restore(logic, &row);
        if (rc < 0)
                return rc;
        memcpy(boot->public_key, claim->public_key, sizeof(boot->public_key));
        boot_close(logic, given);
        store_put_boot(change, boot);
        store_put_claim(change, &row);
        note_boot(logic, node, &row, now_ms, change);
        if (node)
                operation_restarted(logic, node, now_ms, change);

        answer.generation = node ? node->generation : 1;
        if (node)
                memcpy(answer.node, node->name, sizeof(answer.node));
        else
                node_name_default(&(struct node_summary){0}, &boot->mac, answer.node);
        *ret = answer;
        secret_erase(&answer, sizeof(answer));
        return CLAIM_TAKEN;
}

int claim_take(struct logic *logic, const struct agent_claim *claim, uint64_t now_ms,
               struct store_change *change, struct agent_claimed *ret)
{
        struct boot *boot = boot_find(logic, claim->boot);

        if (!boot)
                return refuse(logic, NULL, claim, CLAIM_UNKNOWN, now_ms, change);
        if (!mac_is_equal(&boot->row.mac, &claim->mac))
                return refuse(logic, boot, claim, CLAIM_NOT_ITS, now_ms, change);
        if (age_ms(now_ms, boot->row.made_ms) >= BOOT_OPEN_MS)
                return refuse(logic, boot, claim, CLAIM_EXPIRED, now_ms, change);
        if (boot->row.is_void)
                return refuse(logic, boot, claim, CLAIM_CONFLICT, now_ms, change);
        if (boot->row.public_key[0] && strcmp(boot->row.public_key, claim->public_key) != 0)
                return make_void(logic, boot, claim, now_ms, change);
        if (map_count(logic->claims) >= CLAIMS_MAX && !find_mac(logic, &boot->row.mac))
                return -ENOSPC;
        return take(logic, boot, claim, now_ms, change, ret);
}

void claim_attach(struct logic *logic, struct claim *claim, struct node *node,
                  struct store_change *change)
{
        if (node->claim && node->claim != claim)
                claim_drop(logic, node->claim, change);
        if (claim->node && claim->node != node)
                detach(claim);
        node->claim = claim;
        if (claim->node == node)
                return;
        claim->node = node;
        memcpy(claim->row.node, node->name, sizeof(claim->row.node));
        store_put_claim(change, &claim->row);
}

void claim_polled(struct claim *claim, uint64_t now_ms)
{
        struct node *node = claim->node;

        claim->polled_ms = now_ms;
        if (!node)
                return;
        node_saw(node, (struct ip_address){0}, now_ms);
        if (node->is_agent_online)
                return;
        node->is_agent_online = true;
        node->online_since_ms = now_ms;
        node_touch(node);
        log_info("node.agent-online", "node=%s boot=%s", node->name, claim->row.boot);
}

static enum agent_order order_of(const struct claim *claim, enum boot_action action)
{
        const struct node *node = claim->node;

        if (action == BOOT_INSTALL)
                return ORDER_INSTALL;
        /* Its work is done, and it still runs: the disk is next. */
        if (node && action == BOOT_DISK && node->operation.state == OPERATION_RUNNING)
                return ORDER_REBOOT;
        return held_place(claim) == HELD_LEAVES ? ORDER_REBOOT : ORDER_HOLD;
}

void claim_orders(const struct logic *logic, const struct claim *claim, struct agent_orders *ret)
{
        const struct node *node = claim->node;
        struct boot_plan plan;

        node_plan(logic, node, &plan);
        *ret = (struct agent_orders){.generation = node ? node->generation : 1};
        ret->order = order_of(claim, plan.action);
        if (held_explain(claim, ret->reason) < 0)
                memcpy(ret->reason, plan.reason, sizeof(ret->reason));
}

static void note_silent(const struct claim *claim, uint64_t now_ms)
{
        if (!claim->node || !claim->node->is_agent_online || claim->waiter ||
            age_ms(now_ms, claim->polled_ms) < AGENT_OFFLINE_MS)
                return;
        claim->node->is_agent_online = false;
        node_touch(claim->node);
        log_info("node.agent-offline", "node=%s boot=%s reason=\"silent for 60 s\"",
                 claim->node->name, claim->row.boot);
}

void claims_expire(struct logic *logic, uint64_t now_ms, struct store_change *change)
{
        size_t at = 0, dropped = 0;
        void *value;

        while (dropped < EXPIRE_ROWS_MAX && map_next(logic->claims, &at, &value)) {
                struct claim *claim = value;

                note_silent(claim, now_ms);
                if (claim->node || claim->waiter ||
                    age_ms(now_ms, claim->row.made_ms) < STRANGER_KEPT_MS)
                        continue;
                claim_drop(logic, claim, change);
                dropped++;
        }
}
