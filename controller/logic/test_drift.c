/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a machine is what it was when it was accepted. The store keeps nothing here. */
#include "controller/logic/test_machine.h"

#include "controller/logic/conditions.h"
#include "controller/logic/drift.h"
#include "controller/store/change.h"

#define DIMMS(items) "{\"memory\":{\"items\":[" items "]}}"
#define DIMM(slot)   "{\"slot\":\"" slot "\",\"serial\":\"" slot "\"}"
#define BOTH         DIMMS(DIMM("A1") "," DIMM("B2"))
#define ONE          DIMMS(DIMM("A1"))
#define NONE         DIMMS("")
#define LINK(is)     "{\"nics\":{\"items\":[{\"name\":\"eth0\",\"mac\":\"m\",\"link\":" is "}]}}"

/* What a machine says that is @now, and was @before and @accepted. */
static void tell_all(struct fixture *f, const char *hash, const char *now, const char *before,
                     const char *accepted)
{
        struct drift_look look;

        if (!drift_reported(f->logic, f->node, hash, f->now, f->change, &look))
                return;
        drift_compare(&look, now, look.before[0] ? before : NULL,
                      look.accepted[0] ? accepted : NULL);
        drift_decide(f->logic, &look, f->now, f->change);
}

/* Events of drift in the change that is being built, and what the last one says. */
static size_t told(const struct fixture *f, char *ret, size_t size)
{
        size_t count = 0;

        for (const struct op *op = f->change->first; op; op = op->next) {
                _doc_ struct doc *event = NULL;

                if (op->kind != OP_ADD_EVENT || op->event.step != STEP_DRIFT)
                        continue;
                count++;
                assert_int_equal(doc_parse(op->body, op->size, &doc_limits_message, NULL, &event),
                                 0);
                snprintf(ret, size, "%s", doc_get_text(event, "text"));
        }
        return count;
}

static void test_gone_and_back(void **state)
{
        struct fixture *f = *state;
        char text[EVENT_TEXT_SIZE];

        tell_all(f, "h1", BOTH, NULL,
                 NULL); /* accepted before: from now on this is what it shall be */
        assert_string_equal(f->node->accepted_hash, "h1");
        assert_false(f->node->is_drifted);
        commit(f);
        f->now += MINUTE;
        tell_all(f, "h2", ONE, BOTH, BOTH);
        assert_true(f->node->is_drifted);
        assert_int_equal(f->node->drifted_since_ms, f->now);
        assert_string_equal(f->node->drifted_reason, "DIMM B2 (S/N B2) gone");
        assert_int_equal(told(f, text, sizeof(text)), 1);
        assert_string_equal(text, "DIMM B2 (S/N B2) gone");

        commit(f);
        f->now += MINUTE;
        tell_all(f, "h3", NONE, ONE, BOTH);
        assert_string_equal(f->node->drifted_reason, "DIMM A1 (S/N A1) gone (+1 more)");
        assert_int_equal(f->node->drifted_since_ms, f->now - MINUTE);
        tell_all(f, "h3", NONE, NULL, BOTH); /* said again: no news */
        assert_int_equal(told(f, text, sizeof(text)), 1);

        commit(f);
        tell_all(f, "h1", BOTH, NONE, BOTH);
        assert_false(f->node->is_drifted);
        assert_int_equal(told(f, text, sizeof(text)), 1);
        assert_string_equal(text, "it is again what was accepted");
}

/* What was not read, or cannot be had from the store, is not all right again for that. */
static void test_not_looked_at(void **state)
{
        static const char unread[] =
                "{\"partial\":true,\"memory\":{\"items\":[],\"errors\":[\"no answer\"]}}";
        struct fixture *f = *state;
        char text[EVENT_TEXT_SIZE];

        tell_all(f, "h1", BOTH, NULL, NULL);
        tell_all(f, "h2", ONE, BOTH, BOTH);
        commit(f);
        tell_all(f, "h3", unread, ONE, BOTH);
        tell_all(f, "h4", "{}", unread, BOTH);
        tell_all(f, "h5", ONE, "{}", NULL);
        assert_true(f->node->is_drifted);
        assert_string_equal(f->node->drifted_reason, "DIMM B2 (S/N B2) gone");
        assert_int_equal(told(f, text, sizeof(text)), 0);
        /* Another inventory than the accepted one, of the same parts. */
        tell_all(f, "h6", BOTH, ONE, BOTH);
        assert_false(f->node->is_drifted);
        assert_int_equal(told(f, text, sizeof(text)), 1);
}

/* What changes by itself is another inventory, and no other machine. */
static void test_no_drift(void **state)
{
        struct fixture *f = *state;
        struct drift_look look;
        char text[EVENT_TEXT_SIZE];

        tell_all(f, "h1", LINK("true"), NULL, NULL);
        commit(f);
        assert_true(drift_reported(f->logic, f->node, "h2", f->now, f->change, &look));
        drift_compare(&look, LINK("false"), LINK("true"), LINK("true"));
        drift_decide(f->logic, &look, f->now, f->change);
        assert_int_equal(look.changes, 1);
        assert_false(f->node->is_drifted);
        assert_int_equal(told(f, text, sizeof(text)), 0);
}

static void test_acknowledge(void **state)
{
        struct fixture *f = *state;
        const struct node_condition *drifted = node_condition_find("drifted");
        char text[EVENT_TEXT_SIZE];

        assert_non_null(drifted);
        tell_all(f, "h1", BOTH, NULL, NULL);
        tell_all(f, "h2", ONE, BOTH, BOTH);
        assert_true(node_has(f->node, drifted));
        commit(f);
        assert_int_equal(drift_acknowledge(f->logic, f->node, "admin", f->now, f->change), 0);
        assert_false(node_has(f->node, drifted));
        assert_string_equal(f->node->accepted_hash, "h2");
        assert_int_equal(told(f, text, sizeof(text)), 1);
        assert_string_equal(text, "admin acknowledged DIMM B2 (S/N B2) gone");
        commit(f);
        assert_int_equal(drift_acknowledge(f->logic, f->node, "admin", f->now, f->change), 0);
        assert_int_equal(store_change_count(f->change), 0);
        f->node->inventory_hash[0] = '\0';
        assert_int_equal(drift_acknowledge(f->logic, f->node, "admin", f->now, f->change), -ENOENT);
}

/* While somebody looked at it the machine reported again, or was acknowledged, or is gone. */
static void test_answers_of_yesterday(void **state)
{
        struct fixture *f = *state;
        struct drift_look look, later;

        tell_all(f, "h1", BOTH, NULL, NULL);
        assert_true(drift_reported(f->logic, f->node, "h2", f->now, f->change, &look));
        drift_compare(&look, ONE, BOTH, BOTH);
        assert_true(drift_reported(f->logic, f->node, "h3", f->now, f->change, &later));
        drift_decide(f->logic, &look, f->now, f->change);
        assert_false(f->node->is_drifted);
        drift_compare(&later, ONE, BOTH, BOTH);
        assert_int_equal(drift_acknowledge(f->logic, f->node, "admin", f->now, f->change), 0);
        drift_decide(f->logic, &later, f->now, f->change);
        assert_false(f->node->is_drifted);
        snprintf(later.node, sizeof(later.node), "none");
        drift_decide(f->logic, &later, f->now, f->change);
}

/* What a machine says stands in a line of the timeline: no control characters, and an end. */
static void test_names_that_bite(void **state)
{
        static const char bad[] = DIMMS("{\"slot\":\"\\u001b[31mA\\nB\",\"serial\":\"1\"}");
        struct fixture *f = *state;

        tell_all(f, "h1", bad, NULL, NULL);
        tell_all(f, "h2", NONE, bad, bad);
        assert_true(f->node->is_drifted);
        assert_null(strpbrk(f->node->drifted_reason, "\x1b\n"));
}

/* It is stored, and read again. */
static void test_kept(void **state)
{
        struct fixture *f = *state;
        struct store_document row = {.kind = "node", .name = "sn1", .version = 1};
        struct node *copy = NULL;

        tell_all(f, "h1", BOTH, NULL, NULL);
        tell_all(f, "h2", ONE, BOTH, BOTH);
        row.body = node_text(f->node);
        assert_int_equal(node_decode(&row, &copy), 0);
        assert_true(copy->is_drifted);
        assert_string_equal(copy->drifted_reason, f->node->drifted_reason);
        assert_int_equal(copy->drifted_since_ms, f->node->drifted_since_ms);
        assert_string_equal(copy->inventory_hash, "h2");
        assert_string_equal(copy->accepted_hash, "h1");
        node_free(copy);
}

/* Each test has a node of its own, which was accepted without an inventory that is known. */
static int begin(void **state)
{
        const int rc = setup(state);
        struct fixture *f = *state;

        f->node->inventory_hash[0] = f->node->accepted_hash[0] = '\0';
        return rc;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_gone_and_back, begin, teardown),
                cmocka_unit_test_setup_teardown(test_not_looked_at, begin, teardown),
                cmocka_unit_test_setup_teardown(test_no_drift, begin, teardown),
                cmocka_unit_test_setup_teardown(test_acknowledge, begin, teardown),
                cmocka_unit_test_setup_teardown(test_answers_of_yesterday, begin, teardown),
                cmocka_unit_test_setup_teardown(test_names_that_bite, begin, teardown),
                cmocka_unit_test_setup_teardown(test_kept, begin, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
