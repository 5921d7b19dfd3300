/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules of boot numbers, claims, identity and events, against a store that keeps nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/boots.h"
#include "controller/logic/claims.h"
#include "controller/logic/edges.h"
#include "controller/logic/events.h"
#include "controller/logic/identity.h"
#include "controller/logic/nodes.h"
#include "lib/trust/signature.h"

#define MINUTE 60000ULL
#define START  1000000000ULL

struct fixture {
        struct auth_book *book;
        struct logic *logic;
        struct store_change *change;
        size_t woken, stale;
};

static const struct mac_address mac_a = {
        {0x52, 0x54, 0, 0x77, 0, 1}
};
static const struct mac_address mac_b = {
        {0x52, 0x54, 0, 0x77, 0, 2}
};
static const struct ip_address address = IP_OF4_BYTES(77, 0, 0, 100);

static void wake(void *context, struct claim *claim, bool is_stale)
{
        struct fixture *f = context;

        claim->waiter = NULL;
        f->woken++;
        f->stale += is_stale;
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        const struct logic_hooks hooks = {.wake = wake, .context = f};

        f->book = auth_book_new();
        assert_int_equal(logic_new(f->book, &hooks, "console=ttyS0", &f->logic), 0);
        f->change = store_change_new();
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        store_change_free(f->change);
        logic_free(f->logic);
        auth_book_free(f->book);
        free(f);
        return 0;
}

static struct boot *give(struct fixture *f, const struct mac_address *mac, uint64_t now)
{
        struct boot *boot = NULL;

        assert_int_equal(boot_give(f->logic, mac, address, now, f->change, &boot), 0);
        return boot;
}

static struct agent_claim claim_of(const char *number, const char *key,
                                   const struct mac_address *mac)
{
        struct agent_claim claim = {.mac = *mac, .address = address};

        snprintf(claim.boot, sizeof(claim.boot), "%s", number);
        snprintf(claim.public_key, sizeof(claim.public_key), "%s", key);
        return claim;
}

/* Every order of claims that matters: who, when, and what becomes of it. */
static void test_claims(void **state)
{
        static const struct {
                const char *what;
                struct {
                        const char *key; /* NULL: no more */
                        uint64_t at;     /* minutes after the number was given */
                        int outcome;
                } steps[3];
                bool is_in_force; /* at the end, somebody holds a good token */
        } rows[] = {
                {"first comes first",                {{"a", 0, CLAIM_TAKEN}},                           true },
                {"in the last minute",               {{"a", 9, CLAIM_TAKEN}},                           true },
                {"too late",                         {{"a", 10, CLAIM_EXPIRED}},                        false},
                {"the same key again",               {{"a", 0, CLAIM_TAKEN}, {"a", 1, CLAIM_TAKEN}},    true },
                {"another key",                      {{"a", 0, CLAIM_TAKEN}, {"b", 1, CLAIM_CONFLICT}}, false},
                {"void for all",
                 {{"a", 0, CLAIM_TAKEN}, {"b", 1, CLAIM_CONFLICT}, {"a", 2, CLAIM_CONFLICT}},
                 false                                                                                       },
                {"another key too late cannot void",
                 {{"a", 0, CLAIM_TAKEN}, {"b", 10, CLAIM_EXPIRED}},
                 true                                                                                        },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                void *own = NULL;
                struct fixture *f;
                struct agent_claimed answer = {0};
                struct identity who;
                struct boot *boot;

                setup(&own);
                f = own;
                boot = give(f, &mac_a, START);
                for (size_t s = 0; s < 3 && rows[i].steps[s].key; s++) {
                        const struct agent_claim claim =
                                claim_of(boot->row.number, rows[i].steps[s].key, &mac_a);
                        const int rc =
                                claim_take(f->logic, &claim, START + rows[i].steps[s].at * MINUTE,
                                           f->change, &answer);

                        if (rc != rows[i].steps[s].outcome)
                                fail_msg("%s: step %zu: %d", rows[i].what, s, rc);
                }
                if (auth_book_find(f->book, answer.token, START, &who) != rows[i].is_in_force)
                        fail_msg("%s: the token", rows[i].what);
                teardown(&own);
        }
}

static void test_boot_numbers(void **state)
{
        struct fixture *f = *state;
        char first[BOOT_TEXT_SIZE];
        struct agent_claimed answer;
        struct agent_claim claim;
        struct boot *other = NULL;

        memcpy(first, give(f, &mac_a, START)->row.number, sizeof(first));
        assert_string_equal(give(f, &mac_a, START + 9 * MINUTE)->row.number, first);
        assert_string_not_equal(give(f, &mac_b, START)->row.number, first);
        assert_int_equal(boot_give(f->logic, &mac_a, (struct ip_address)IP_OF4_BYTES(1, 0, 0, 0),
                                   START, f->change, &other),
                         0);
        assert_string_not_equal(other->row.number, first);
        /* A new boot once the old number is claimed, or 10 minutes old. */
        claim = claim_of(first, "a", &mac_a);
        assert_int_equal(claim_take(f->logic, &claim, START, f->change, &answer), CLAIM_TAKEN);
        assert_string_not_equal(give(f, &mac_a, START + MINUTE)->row.number, first);
        memcpy(first, give(f, &mac_b, START + MINUTE)->row.number, sizeof(first));
        assert_string_not_equal(give(f, &mac_b, START + 10 * MINUTE)->row.number, first);
        /* All are forgotten in the end. */
        logic_tick(f->logic, START + 59 * MINUTE, f->change);
        assert_true(map_count(f->logic->boots) > 0);
        logic_tick(f->logic, START + 71 * MINUTE, f->change);
        assert_int_equal(map_count(f->logic->boots), 0);
        assert_int_equal(map_count(f->logic->open_boots), 0);
        assert_int_equal(map_count(f->logic->claims), 0); /* it never reported */
        claim = claim_of(first, "a", &mac_b);
        assert_int_equal(claim_take(f->logic, &claim, START, f->change, &answer), CLAIM_UNKNOWN);
}

static void test_signature(void **state)
{
        CLEANUP(signing_key_free) struct signing_key *key = NULL;
        _free_ char *public_text = NULL, *signature_text = NULL;
        static const char text[] = CLAIM_PREFIX "00f1e2d3c4b5a697";
        uint8_t signature[ED25519_SIGNATURE_SIZE];
        struct agent_claim claim;
        struct public_key public_key;

        (void)state;
        assert_int_equal(signing_key_new(&key), 0);
        signing_key_public(key, &public_key);
        assert_int_equal(signing_key_sign(key, text, strlen(text), signature), 0);
        assert_int_equal(base64_encode(public_key.bytes, 32, &public_text), 0);
        assert_int_equal(base64_encode(signature, 64, &signature_text), 0);
        claim = claim_of("00f1e2d3c4b5a697", public_text, &mac_a);
        memcpy(claim.signature, signature_text, sizeof(claim.signature));
        assert_int_equal(claim_check(&claim), 0);
        claim.boot[15] = '8';
        assert_int_equal(claim_check(&claim), -EKEYREJECTED);
        claim.boot[15] = 'x';
        assert_int_equal(claim_check(&claim), -EBADMSG);
        claim.boot[15] = '7';
        claim.signature[4] = '\0';
        assert_int_equal(claim_check(&claim), -EBADMSG);
}

static struct claim *boot_machine(struct fixture *f, const struct mac_address *mac, uint64_t now)
{
        const struct agent_claim claim = claim_of(give(f, mac, now)->row.number, "k", mac);
        struct agent_claimed answer;

        assert_int_equal(claim_take(f->logic, &claim, now, f->change, &answer), CLAIM_TAKEN);
        return claim_find(f->logic, f->logic->last_claim);
}

static struct node *report(struct fixture *f, const struct mac_address *mac, uint8_t uuid,
                           const char *serial, const struct mac_address *second)
{
        struct report r = {.macs = {*mac},
                           .mac_count = 1,
                           .body = "{}",
                           .size = 2,
                           .hash = "aa",
                           .lasting = "{}",
                           .facts = "{}"};
        struct node *node = NULL;

        memset(r.summary.uuid.bytes, uuid, sizeof(r.summary.uuid.bytes));
        r.summary.uuid.bytes[0] = 0x4c;
        snprintf(r.summary.serial, sizeof(r.summary.serial), "%s", serial);
        if (second)
                r.macs[r.mac_count++] = *second;
        assert_int_equal(
                inventory_take(f->logic, boot_machine(f, mac, START), &r, START, f->change, &node),
                0);
        return node;
}

static void test_identity(void **state)
{
        struct fixture *f = *state;
        static const struct mac_address mac_c = {
                {0x52, 0x54, 0, 0x77, 0, 3}
        };
        struct node *a = report(f, &mac_a, 1, "SN-A", NULL);
        struct node *b;

        assert_string_equal(a->name, "sn-a");
        assert_int_equal(a->phase, PHASE_DISCOVERED);
        assert_ptr_equal(report(f, &mac_a, 1, "SN-A", NULL), a);
        /* All its cards are new: the board tells. */
        assert_ptr_equal(report(f, &mac_c, 1, "SN-A", NULL), a);
        assert_int_equal(a->mac_count, 2);
        /* A shared UUID alone does not. */
        b = report(f, &mac_b, 1, "SN-B", NULL);
        assert_ptr_not_equal(b, a);
        assert_false(a->is_in_conflict || b->is_in_conflict);
        /* Its MAC on another board. */
        assert_ptr_equal(report(f, &mac_a, 2, "SN-X", NULL), a);
        assert_true(a->is_in_conflict);
        assert_string_equal(a->summary.serial, "SN-A");
        /* One MAC, two nodes. */
        assert_ptr_equal(report(f, &mac_b, 1, "SN-B", &mac_a), b);
        assert_true(b->is_in_conflict);
        assert_ptr_equal(node_find_mac(f->logic, &mac_a), a);
        assert_int_equal(f->logic->node_count, 2);
}

/* A stranger who names another's card is not that machine: not without saying whose board it is. */
static void test_reports_anothers_mac(void **state)
{
        struct fixture *f = *state;
        struct node *a = report(f, &mac_a, 1, "SN-A", NULL);
        struct claim *its = a->claim;
        struct report says = {
                .macs = {mac_b, mac_a},
                .mac_count = 2,
                .body = "{}",
                .size = 2,
                .hash = "aa",
                .lasting = "{}",
                .facts = "{}"
        };
        struct node *node = NULL;

        assert_int_equal(inventory_take(f->logic, boot_machine(f, &mac_b, START), &says, START,
                                        f->change, &node),
                         0);
        assert_ptr_not_equal(node, a);
        assert_true(a->is_in_conflict && node->is_in_conflict);
        assert_ptr_equal(a->claim, its);
        assert_string_equal(a->summary.serial, "SN-A");
}

/* A claim that is one node's and then another's leaves nothing behind with the first. */
static void test_claim_changes_node(void **state)
{
        struct fixture *f = *state;
        static const struct mac_address mac_c = {
                {0x52, 0x54, 0, 0x77, 0, 3}
        };
        struct node *a = report(f, &mac_a, 1, "SN-A", NULL);
        struct node *b = report(f, &mac_b, 2, "SN-B", NULL);
        struct report says = {.macs = {mac_a},
                              .mac_count = 1,
                              .body = "{}",
                              .size = 2,
                              .hash = "aa",
                              .lasting = "{}",
                              .facts = "{}"};
        struct claim *claim;
        struct node *node;

        /* No place for one more MAC, so the next report is looked up by its cards anew. */
        for (uint8_t i = 0; a->mac_count < NODE_MAX_MACS; i++)
                assert_int_equal(node_add_mac(f->logic, a,
                                              &(struct mac_address){
                                                      {2, 0, 0, 0, 1, i}
                }),
                                 0);
        claim = boot_machine(f, &mac_c, START);
        says.summary.uuid = a->summary.uuid;
        assert_int_equal(inventory_take(f->logic, claim, &says, START, f->change, &node), 0);
        assert_ptr_equal(node, a);
        says.macs[0] = mac_b;
        says.summary.uuid = b->summary.uuid;
        assert_int_equal(inventory_take(f->logic, claim, &says, START, f->change, &node), 0);
        assert_ptr_equal(node, b);
        assert_ptr_equal(b->claim, claim);
        assert_null(a->claim);
}

/* A board was replaced, and an operator has decided: the next report is believed. */
static void test_accept_ends_conflict(void **state)
{
        struct fixture *f = *state;
        struct node *node = report(f, &mac_a, 1, "SN-A", NULL);
        const char *why = NULL;

        assert_ptr_equal(report(f, &mac_a, 2, "SN-X", NULL), node);
        assert_true(node->is_in_conflict);
        assert_int_equal(node_accept(f->logic, node, "admin", START, f->change, &why), 0);
        assert_false(node->is_in_conflict);
        assert_ptr_equal(report(f, &mac_a, 2, "SN-X", NULL), node);
        assert_false(node->is_in_conflict);
        assert_string_equal(node->summary.serial, "SN-X");
        /* And from then on it is that board. */
        assert_ptr_equal(report(f, &mac_a, 1, "SN-A", NULL), node);
        assert_true(node->is_in_conflict);
}

static void test_phases(void **state)
{
        struct fixture *f = *state;
        struct node *node = report(f, &mac_a, 1, "SN-A", NULL);
        const char *why = NULL;
        int mark;

        node->claim->waiter = &mark;
        assert_int_equal(node_accept(f->logic, node, "admin", START, f->change, &why), 0);
        assert_int_equal(node->phase, PHASE_READY);
        assert_int_equal(f->woken, 1);
        assert_int_equal(f->logic->by_phase[PHASE_READY], 1);
        assert_int_equal(node_accept(f->logic, node, "admin", START, f->change, &why), -EPERM);
        assert_non_null(why);
        node->claim->waiter = &mark;
        assert_int_equal(node_delete(f->logic, node, "admin", START, f->change, &why), 0);
        assert_int_equal(f->stale, 1);
        assert_null(node_find_mac(f->logic, &mac_a));
        assert_int_equal(map_count(f->logic->claims), 0);
        assert_int_equal(f->logic->node_count, 0);
}

static void test_events(void **state)
{
        struct fixture *f = *state;
        char credential[WIRE_TOKEN_SIZE];
        struct node_event events[] = {
                {.seq = 4, .at_ms = 1, .mac = mac_a, .step = STEP_KERNEL},
                {.seq = 5, .at_ms = 1, .mac = mac_a, .step = STEP_HELD  }, /* not its to report */
                {.seq = 4, .at_ms = 1, .mac = mac_a, .step = STEP_KERNEL},
        };
        struct edge *edge;

        assert_int_equal(edge_join(f->logic, "rack", START, f->change, credential), 0);
        edge = edge_find(f->logic, f->logic->last_edge);
        assert_int_equal(events_of_edge(f->logic, edge, events, 3, START, f->change), 5);
        assert_int_equal(f->logic->last_event, 1);
        assert_int_equal(events_of_edge(f->logic, edge, events, 3, START, f->change), 5);
        assert_int_equal(f->logic->last_event, 1);
}

static void test_agent_goes(void **state)
{
        struct fixture *f = *state;
        struct node *node = report(f, &mac_a, 1, "SN-A", NULL);

        claim_polled(node->claim, START);
        assert_non_null(strstr(node_text(node), "agent-online"));
        logic_tick(f->logic, START + 59000, f->change);
        assert_true(node->is_agent_online);
        logic_tick(f->logic, START + 60000, f->change);
        assert_false(node->is_agent_online);
        assert_null(strstr(node_text(node), "agent-online"));
}

static void test_document(void **state)
{
        struct fixture *f = *state;
        struct node *node = report(f, &mac_a, 1, "SN-A", &mac_b), *copy = NULL;
        struct store_document row = {.kind = "node", .name = "sn-a"};
        char *text;

        node_set_conflict(f->logic, node, &mac_a, "a \"reason\"", START, f->change);
        row.version = node->version;
        row.body = node_text(node);
        text = strdup(row.body);
        assert_int_equal(node_decode(&row, &copy), 0);
        assert_string_equal(node_text(copy), text);
        free(text);
        node_free(copy);
}

static void test_names(void **state)
{
        struct fixture *f = *state;
        static const struct mac_address many[] = {
                {{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 2}}, {{2, 0, 0, 0, 0, 3}}};
        static const char *const names[] = {
                "a23456789-123456789-123456789-123456789-123456789-123456789-123",
                "a23456789-123456789-123456789-123456789-123456789-123456789-1-2",
                "a23456789-123456789-123456789-123456789-123456789-123456789-1-3",
        };

        for (size_t i = 0; i < 3; i++)
                assert_string_equal(report(f, &many[i], (uint8_t)(i + 1), names[0], NULL)->name,
                                    names[i]);
        assert_int_equal(node_place_after(f->logic, ""), 0);
        assert_int_equal(node_place_after(f->logic, "z"), 3);
        assert_string_equal(f->logic->sorted[node_place_after(f->logic, names[1])]->name, names[2]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_claims),
                cmocka_unit_test(test_signature),
                cmocka_unit_test_setup_teardown(test_boot_numbers, setup, teardown),
                cmocka_unit_test_setup_teardown(test_identity, setup, teardown),
                cmocka_unit_test_setup_teardown(test_reports_anothers_mac, setup, teardown),
                cmocka_unit_test_setup_teardown(test_claim_changes_node, setup, teardown),
                cmocka_unit_test_setup_teardown(test_accept_ends_conflict, setup, teardown),
                cmocka_unit_test_setup_teardown(test_phases, setup, teardown),
                cmocka_unit_test_setup_teardown(test_events, setup, teardown),
                cmocka_unit_test_setup_teardown(test_agent_goes, setup, teardown),
                cmocka_unit_test_setup_teardown(test_document, setup, teardown),
                cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
