/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What rules do to nodes: the same each time, never more than they may, and not for ever. */

#include "controller/logic/documents.h"
#include "controller/logic/rules.h"
#include "controller/logic/test_machine.h"
#include "lib/base/text.h"

#define ROUNDS     200
#define RULES      6
#define NODES      12
#define TRACE_SIZE 16384

static const char *const matches[] = {"name=*",          "memory.total>=8G",
                                      "system.vendor=a", "system.vendor!=a and cpu.cores>4",
                                      "rack=r1",         "not rack or cpu.cores in (2,4)"};

static void put_rule(struct fixture *f, const char *name, const char *spec)
{
        struct document *document = NULL, *there = NULL;
        char text[512], error[DOC_ERROR_SIZE] = "";

        snprintf(text, sizeof(text), "{\"kind\":\"rule\",\"spec\":{%s}}", spec);
        if (document_read(DOCUMENT_RULE, name, text, strlen(text), error, &document) < 0)
                fail_msg("%s", error);
        assert_int_equal(document_put(f->logic, document, "admin", f->now, f->change, &there), 0);
}

static struct node *add_node(struct fixture *f, unsigned number, unsigned kind)
{
        struct node *node = node_new();
        const char *why;

        snprintf(node->name, sizeof(node->name), "n%02u", number);
        snprintf(node->inventory_hash, sizeof(node->inventory_hash), "aa");
        node->macs[node->mac_count++] = (struct mac_address){
                {2, 0, 0, 0, 1, (uint8_t)number}
        };
        node->summary.memory_bytes = (uint64_t)(kind % 4) * 4 << 30;
        node->summary.cores = kind % 7;
        snprintf(node->summary.vendor, sizeof(node->summary.vendor), "%c", 'a' + (int)(kind % 3));
        if (kind % 2)
                doc_set_text(node->labels, "rack", "r1");
        assert_int_equal(node_add(f->logic, node), 0);
        assert_int_equal(node_go(f->logic, node, WAY_DISCOVER, "", f->now, f->change), 0);
        assert_true(rules_may_touch(node, &why));
        return node;
}

static void add_verdict(void *context, const struct rule_verdict *verdict)
{
        char *trace = context;

        snprintf(trace + strlen(trace), TRACE_SIZE - strlen(trace), " %s:%s(%u)%s",
                 verdict->rule->name, rule_outcome_names[verdict->outcome],
                 (unsigned)verdict->taken, verdict->why);
}

/* All that is decided, of one site. @is_backwards: its rules were written in another order. */
static void decide_all(unsigned seed, bool is_backwards, char *trace)
{
        void *state = NULL;
        struct fixture *f;

        assert_int_equal(setup(&state), 0);
        f = state;
        for (unsigned i = 0; i < RULES; i++) {
                const unsigned number = is_backwards ? RULES - 1 - i : i;
                const unsigned kind = seed * 7 + number * 13;
                char name[8], spec[256];

                snprintf(name, sizeof(name), "r%u", number);
                snprintf(spec, sizeof(spec),
                         "\"match\":\"%s\",\"priority\":%d,\"limit\":%u,\"action\":\"%s\","
                         "\"names\":\"x%u-{n}\"",
                         matches[kind % ARRAY_SIZE(matches)], (int)(kind % 3) - 1, 1 + kind % 4,
                         rule_action_names[kind % 5 == 0   ? RULE_HOLD
                                           : kind % 5 == 1 ? RULE_QUARANTINE
                                                           : RULE_ACCEPT],
                         number);
                put_rule(f, name, spec);
        }
        trace[0] = '\0';
        for (unsigned i = 0; i < NODES; i++) {
                struct node *node = add_node(f, i, seed * 31 + i * 17);

                rules_count(f->logic);
                assert_int_equal(rules_each(f->logic, node, add_verdict, trace), 0);
                (void)rules_apply(f->logic, node, f->now, f->change);
                snprintf(trace + strlen(trace), TRACE_SIZE - strlen(trace), " => %s %s %s%s\n",
                         node->name, node->rule, node_phase_names[node->phase],
                         node->is_quarantined ? " quarantined" : "");
                /* Asked again, nothing is done again. */
                assert_false(rules_apply(f->logic, node, f->now, f->change));
        }
        rules_count(f->logic);
        for (unsigned i = 0; i < RULES; i++) {
                const struct document *rule;
                char name[8];

                snprintf(name, sizeof(name), "r%u", i);
                rule = document_find(f->logic, DOCUMENT_RULE, name);
                assert_true(rule_taken(rule) <= rule->rule->limit);
        }
        teardown(&state);
}

static void test_the_same_each_time(void **state)
{
        char *first = malloc(TRACE_SIZE), *second = malloc(TRACE_SIZE);
        bool seen[RULE_OUTCOME_COUNT] = {0};

        (void)state;
        for (unsigned seed = 0; seed < ROUNDS; seed++) {
                decide_all(seed, false, first);
                decide_all(seed, true, second);
                assert_string_equal(first, second);
                assert_true(strlen(first) < TRACE_SIZE - 1);
                for (unsigned i = 0; i < RULE_OUTCOME_COUNT; i++)
                        seen[i] |= strstr(first, rule_outcome_names[i]) != NULL;
        }
        for (unsigned i = 0; i < RULE_OUTCOME_COUNT; i++)
                assert_true(seen[i]);
        free(first);
        free(second);
}

static struct node *take_one(struct fixture *f, unsigned number)
{
        struct node *node = add_node(f, number, 0);

        assert_true(rules_apply(f->logic, node, f->now, f->change));
        return node;
}

/* The smallest free number, also of a name that was free only for a time; and the limit. */
static void test_numbers(void **state)
{
        struct fixture *f = *state;
        struct node *second;
        const char *why = "";

        put_rule(f, "gpu", "\"match\":\"name=*\",\"limit\":5,\"names\":\"gpu-{n}\"");
        assert_string_equal(take_one(f, 1)->name, "gpu-1");
        second = take_one(f, 2);
        assert_string_equal(second->name, "gpu-2");
        assert_string_equal(take_one(f, 3)->name, "gpu-3");
        assert_int_equal(node_rename(f->logic, second, &(struct rename_word){"a", "x"}, f->now,
                                     f->change, &why),
                         0);
        assert_string_equal(take_one(f, 4)->name, "gpu-2");
        second = take_one(f, 5);
        assert_string_equal(second->name, "gpu-4");
        assert_false(rules_apply(f->logic, add_node(f, 6, 0), f->now, f->change));
        /* Whoever goes gives back his place and his name. */
        assert_int_equal(node_delete(f->logic, second, "x", f->now, f->change, &why), 0);
        assert_string_equal(take_one(f, 7)->name, "gpu-4");
        assert_false(rules_apply(f->logic, add_node(f, 8, 0), f->now, f->change));
}

/* What held a node and holds it no more is not counted, now or after a restart. */
static void test_held_no_more(void **state)
{
        struct fixture *f = *state;
        struct node *node;

        put_rule(f, "held", "\"match\":\"name=*\",\"action\":\"hold\"");
        node = take_one(f, 1);
        assert_string_equal(node->rule, "held");
        put_rule(f, "held", "\"match\":\"name=other\",\"action\":\"hold\"");
        assert_true(rules_apply(f->logic, node, f->now, f->change)); /* so it is saved */
        assert_string_equal(node->rule, "");
        assert_false(rules_apply(f->logic, node, f->now, f->change));
}

static void begin_by_rule(struct fixture *f)
{
        struct install_request wanted = request(false, false);
        const char *why = NULL;

        wanted.is_rules = true;
        wanted.by = "rule 'r'";
        assert_true(rule_may_install(f->node, f->now));
        assert_int_equal(operation_begin(f->logic, f->node, &wanted, f->now, f->change, &why), 0);
        assert_false(rule_may_install(f->node, f->now));
}

/* Three failures one after the other, then a person decides. */
static void test_quarantine(void **state)
{
        struct fixture *f = *state;
        struct store_document row = {.kind = "node", .name = "sn1", .version = 1};
        struct node *again = NULL;

        snprintf(f->node->rule, sizeof(f->node->rule), "r");
        snprintf(f->node->profile, sizeof(f->node->profile), "worker");
        f->node->is_install_wanted = true;
        for (unsigned i = 1; i <= RULE_FAILURES_MAX; i++) {
                begin_by_rule(f);
                operation_fail(f->logic, f->node, CAUSE_DISK_FAILED, "x", f->now, f->change);
                assert_int_equal(f->node->rule_failures, i);
                assert_false(rule_may_install(f->node, f->now));
                f->now += RULE_PAUSE_MS * i;
        }
        assert_true(f->node->is_quarantined);
        assert_false(f->node->is_install_wanted);
        assert_false(rule_may_install(f->node, f->now + 1000 * MINUTE));
        row.body = node_text(f->node);
        assert_int_equal(node_decode(&row, &again), 0);
        assert_true(again->is_quarantined);
        assert_int_equal(again->rule_failures, RULE_FAILURES_MAX);
        assert_string_equal(again->rule, "r");
        node_free(again);
        assert_int_equal(install(f, true), 0);
        assert_false(f->node->is_quarantined);
        assert_int_equal(f->node->rule_failures, 0);
}

/* A name that is taken, one that is none, and one in the middle of an install. */
static void test_renamed(void **state)
{
        struct fixture *f = *state;
        struct node *node = f->node;
        const char *why = "";

        (void)add_node(f, 1, 0);
        assert_int_equal(node_rename(f->logic, node, &(struct rename_word){"n01", "x"}, f->now,
                                     f->change, &why),
                         -EEXIST);
        assert_int_equal(node_rename(f->logic, node, &(struct rename_word){"a-", "x"}, f->now,
                                     f->change, &why),
                         -EINVAL);
        go_to(f, INSTALL_PHONE_HOME);
        assert_int_equal(node_rename(f->logic, node, &(struct rename_word){"a", "x"}, f->now,
                                     f->change, &why),
                         -EPERM);
        assert_int_equal(phone_as(f, f->plan.secret, f->plan.generation, "key"), PHONE_HOME_TAKEN);
        assert_int_equal(node_rename(f->logic, node, &(struct rename_word){"a", "x"}, f->now,
                                     f->change, &why),
                         0);
        assert_ptr_equal(node_find(f->logic, "a"), node);
        assert_null(node_find(f->logic, "sn1"));
        assert_ptr_equal(f->logic->sorted[0], node);
        assert_string_equal(f->logic->sorted[1]->name, "n01");
        /* Its worker says the old name, and is known by its key. */
        f->now += MINUTE;
        assert_int_equal(beat(f, "key", NULL), 0);
        assert_int_equal(node->last_seen_ms, f->now);
        assert_int_equal(beat(f, "other", NULL), -ENOENT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_same_each_time),
                cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
                cmocka_unit_test_setup_teardown(test_held_no_more, setup, teardown),
                cmocka_unit_test_setup_teardown(test_quarantine, setup, teardown),
                cmocka_unit_test_setup_teardown(test_renamed, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
