/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/node/rule.h"

static bool bind_field(const char *name, struct filter_field *ret)
{
        *ret = (struct filter_field){.id = 1};
        return strcmp(name, "gpu.vendor") == 0;
}

static int decode(const char *spec, char *error, struct rule **ret)
{
        _doc_ struct doc *document = NULL;
        char text[1024];

        snprintf(text, sizeof(text), "{kind: rule, name: r, spec: {%s}}", spec);
        assert_int_equal(doc_parse_yaml(text, strlen(text), &doc_limits_message, NULL, &document),
                         0);
        return rule_decode(document, bind_field, error, ret);
}

static void test_whole(void **state)
{
        CLEANUP(rule_free) struct rule *rule = NULL;
        char error[DOC_ERROR_SIZE] = "";

        (void)state;
        assert_int_equal(decode("priority: 10, match: \"gpu.vendor=nvidia\", profile: gpu-worker, "
                                "limit: 20, names: \"gpu-{n:02}\", labels: {rack: a1}, "
                                "action: install",
                                error, &rule),
                         0);
        assert_string_equal(rule->name, "r");
        assert_int_equal(rule->priority, 10);
        assert_int_equal(rule->limit, 20);
        assert_int_equal(rule->action, RULE_INSTALL);
        assert_string_equal(rule->profile, "gpu-worker");
        assert_string_equal(rule->match_text, "gpu.vendor=nvidia");
        assert_string_equal(doc_get_text(rule->labels, "rack"), "a1");
        assert_true(rule_has_number(rule));
}

/* clang-format off */
static const struct {
        const char *spec, *error;
} refusals[] = {
        {"priority: 1", "rule 'r': spec: 'match' is missing: 'name=*' is all machines"},
        {"match: ''", "rule 'r': spec: 'match' must be a filter, like \"gpu.vendor=nvidia\"; 'name=*' is all"},
        {"match: 'gpu.vendr=x'", "rule 'r': spec: 'match', column 1: there is no field 'gpu.vendr'"},
        {"match: gpu.vendor, action: install", "rule 'r': spec: 'action: install' needs a 'profile'"},
        {"match: gpu.vendor, action: quarantine, profile: x", "rule 'r': spec: 'action: quarantine' takes no 'profile'"},
        {"match: gpu.vendor, action: eat", "rule 'r': spec: 'action' must be one of: accept, install, hold, quarantine"},
        {"match: gpu.vendor, limit: 0", "rule 'r': spec: 'limit' must be a number from 1 to 1000000"},
        {"match: gpu.vendor, priority: high", "rule 'r': spec: 'priority' must be a number from -1000000 to 1000000"},
        {"match: gpu.vendor, profile: A", "rule 'r': spec: 'profile' is no name: a-z, 0-9 and dashes"},
        {"match: gpu.vendor, labels: {'a b': x}", "rule 'r': spec: 'labels': 'a b' is no label: "},
        {"match: gpu.vendor, labels: {a: 1}", "rule 'r': spec: 'labels': 'a' is no label: "},
        {"match: gpu.vendor, when: x", "rule 'r': spec: 'when' is not understood: "},
};

static const struct {
        const char *names;
        int rc;
        const char *name; /* with the number 7 */
} names[] = {
        {"gpu-{n:02}", 0, "gpu-07"}, {"gpu-{n}", 0, "gpu-7"}, {"n{n:009}", -EBADMSG, NULL}, {"n{n:09}", 0, "n000000007"},
        {"{serial}", 0, "abc-1"}, {"x-{mac}", 0, "x-52-54-00-77-00-01"}, {"{asset}", -ENOENT, NULL},
        {"{nn}", -EBADMSG, NULL}, {"{n:0}", -EBADMSG, NULL}, {"{n:}", -EBADMSG, NULL}, {"{n:0x}", -EBADMSG, NULL}, {"{n", -EBADMSG, NULL},
        {"{}", -EBADMSG, NULL}, {"{other}", -EBADMSG, NULL}, {"A-{n}", -EBADMSG, NULL}, {"-{n}", -EBADMSG, NULL}, {"{n}-", -EBADMSG, NULL},
        {"plain", 0, "plain"}, {"{n:02}-{serial}-{n}", 0, "07-abc-1-7"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", -EBADMSG, NULL},
};
/* clang-format on */

static void test_refusals(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
                struct rule *rule = NULL;
                char error[DOC_ERROR_SIZE] = "";

                if (decode(refusals[i].spec, error, &rule) != -EBADMSG)
                        fail_msg("%s: is taken", refusals[i].spec);
                assert_null(rule);
                if (strncmp(error, refusals[i].error, strlen(refusals[i].error)) != 0)
                        fail_msg("%s", error);
        }
}

static void test_names(void **state)
{
        static const struct mac_address mac = {
                {0x52, 0x54, 0, 0x77, 0, 1}
        };
        static const struct node_summary summary = {.serial = "ABC 1",
                                                    .asset_tag = "Default string"};

        (void)state;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                CLEANUP(rule_free) struct rule *rule = NULL;
                char spec[256], error[DOC_ERROR_SIZE] = "", name[NODE_NAME_SIZE] = "";

                snprintf(spec, sizeof(spec), "match: gpu.vendor, names: '%s'", names[i].names);
                if (names[i].rc == -EBADMSG) {
                        if (decode(spec, error, &rule) != -EBADMSG)
                                fail_msg("%s: is taken", names[i].names);
                        continue;
                }
                if (decode(spec, error, &rule) < 0)
                        fail_msg("%s", error);
                assert_int_equal(rule_name(rule, &summary, &mac, 7, name), names[i].rc);
                if (names[i].name)
                        assert_string_equal(name, names[i].name);
        }
}

static void test_order(void **state)
{
        const struct rule high = {.name = "z", .priority = 5}, low = {.name = "a", .priority = -5};
        const struct rule same = {.name = "y", .priority = 5};

        (void)state;
        assert_true(rule_compare(&high, &low) < 0);
        assert_true(rule_compare(&low, &high) > 0);
        assert_true(rule_compare(&same, &high) < 0);
        assert_int_equal(rule_compare(&high, &high), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_whole),
                cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_order),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
