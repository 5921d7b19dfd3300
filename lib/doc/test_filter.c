/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/text.h"
#include "lib/doc/filter.h"

static const char *const phases[] = {"discovered", "ready", NULL};

/* A machine as a document, and the names that people use for what is in it. */
static const char machine[] =
        "{'name': 'gpu-07', 'phase': 'ready', 'rack': 'a1', 'spare': true, 'broken': false,"
        " 'memory': 274877906944, 'none': 0, 'debt': -4, 'empty': '', 'bios': '2.10.1',"
        " 'star': 'a*b', 'quote': \"it's\", 'nothing': null,"
        " 'gpus': [{'vendor': 'NVIDIA', 'bytes': 80}, {'vendor': 'AMD', 'bytes': 64}],"
        " 'nested': [[{'x': 'deep'}]], 'macs': ['52:54:00:aa:00:01', '52:54:00:AA:00:02']}";

/* clang-format off */
static const struct {
        const char *name, *path;
        bool is_number;
} fields[] = {
        {"name", "name", false},
        {"phase", "phase", false},
        {"rack", "rack", false},
        {"spare", "spare", false},
        {"broken", "broken", false},
        {"memory.total", "memory", true},
        {"none", "none", true},
        {"debt", "debt", true},
        {"empty", "empty", false},
        {"bios", "bios", false},
        {"star", "star", false},
        {"quote", "quote", false},
        {"nothing", "nothing", false},
        {"gpu", "gpus", false},
        {"gpu.vendor", "gpus.vendor", false},
        {"gpu.bytes", "gpus.bytes", true},
        {"deep", "nested.x", false},
        {"mac", "macs", false},
        {"absent", "labels.absent", false},
};
/* clang-format on */

static bool bind(const char *name, struct filter_field *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
                if (strcmp(fields[i].name, name) != 0)
                        continue;
                *ret = (struct filter_field){.id = (int)i,
                                             .is_number = fields[i].is_number,
                                             .words = strcmp(name, "phase") == 0 ? phases : NULL};
                return true;
        }
        return false;
}

static void values(const void *object, int id, const char *name, struct filter_probe *probe)
{
        assert_string_equal(name, fields[id].name);
        filter_probe_doc(probe, object, fields[id].path);
}

static struct doc *read_machine(void)
{
        char text[sizeof(machine)];
        struct doc *value = NULL;

        memcpy(text, machine, sizeof(text));
        assert_int_equal(doc_parse_yaml(text, strlen(text), &doc_limits_message, NULL, &value), 0);
        return value;
}

/* clang-format off */
static const struct {
        const char *text;
        bool holds;
} answers[] = {
        {"", true}, {"  \t ", true},
        {"name=gpu-07", true}, {"name=gpu-08", false}, {"name!=gpu-08", true},
        {"name = GPU-07", true}, {"name=gpu-*", true}, {"name=*7", true}, {"name=*-*7*", true},
        {"phase=r*", true}, {"phase!=discovered", true}, {"name=gpu-?", false}, {"name=gpu-??", true}, {"name!=cpu-*", true}, {"name=*", true},
        {"name=*8*", false}, {"name='gpu-*'", false}, {"star='a*b'", true}, {"star=a?b", true},
        {"quote='it''s'", true}, {"quote=\"it's\"", true},
        {"phase=ready and rack=a1", true}, {"phase=ready,rack=a1", true},
        {"phase=ready, rack=a2", false}, {"rack=a2 or phase=ready", true},
        /* "and" binds closer than "or" */
        {"phase=ready or rack=a2 and rack=a3", true}, {"(phase=ready or rack=a2) and rack=a3", false},
        {"rack in (a1,a2)", true}, {"rack in (a3, 'a1')", true}, {"rack in (b1)", false},
        {"rack not in (a1, a2)", false}, {"rack not in (b1)", true}, {"rack in (b*, a*)", true},
        {"spare", true}, {"not spare", false}, {"broken", false}, {"not broken", true},
        {"spare=true", true}, {"broken=false", true}, {"broken=true", false},
        {"absent", false}, {"not absent", true}, {"absent=x", false}, {"absent!=x", true},
        {"absent not in (x)", true}, {"absent>1", false}, {"absent=*", false},
        {"empty", true}, {"empty=''", true}, {"nothing", false}, {"nothing=''", false},
        {"memory.total>=256G", true}, {"memory.total>256G", false}, {"memory.total<=256G", true},
        {"memory.total<1T", true}, {"memory.total=274877906944", true}, {"memory.total!=256G", false},
        {"none", false}, {"none=0", true}, {"debt", true}, {"debt<-3", true}, {"debt>-5", true}, {"debt>=0", false},
        {"bios>=2.9", true}, {"bios<2.11", true}, {"bios<2.9", false}, {"bios>2.10", true},
        {"gpu", true}, {"gpu.vendor=nvidia", true}, {"gpu.vendor=amd", true}, {"gpu.vendor=intel", false},
        /* none of them is intel; one of them is amd */
        {"gpu.vendor!=intel", true}, {"gpu.vendor!=amd", false},
        {"gpu.bytes>=80", true}, {"gpu.bytes<64", false}, {"deep=deep", true},
        {"mac=52:54:00:aa:00:02", true}, {"mac=52:54:00:AA:00:01", true}, {"mac=52:54:00:aa:00:03", false},
        {"not (spare and broken)", true}, {"not not spare", true}, {"not spare or rack=a1", true},
        {"not spare and rack=a1 or phase=ready", true}, {"((((spare))))", true},
        {"memory.total>=64G and gpu.vendor=nvidia, rack in (a1,a2), not broken", true},
};

static const struct {
        const char *text, *error;
        int rc;
} refusals[] = {
        {"rackk=a1", "column 1: there is no field 'rackk'", -ENOENT},
        {"rack=", "column 6: a value was expected, not the end", -EBADMSG},
        {"rack==a1", "column 6: a value was expected, not '='", -EBADMSG},
        {"rack=a1 phase=ready", "column 9: 'and', 'or' or a comma was expected, not 'phase'", -EBADMSG},
        {"rack=a1 and", "column 12: the name of a field was expected, not the end", -EBADMSG},
        {"=a1", "column 1: the name of a field was expected, not '='", -EBADMSG},
        {"(rack=a1", "column 9: ')' was expected, not the end", -EBADMSG},
        {"rack=a1)", "column 8: 'and', 'or' or a comma was expected, not ')'", -EBADMSG},
        {"rack='a1", "column 6: this quote is never closed", -EBADMSG},
        {"rack in a1", "column 9: 'in' is followed by a list: (a1, a2)", -EBADMSG},
        {"rack in (a1", "column 12: a comma or ')' was expected, not the end", -EBADMSG},
        {"rack in ()", "column 10: a value was expected, not ')'", -EBADMSG},
        {"rack not a1", "column 10: after a field, 'not' is followed by 'in'", -EBADMSG},
        {"memory.total>=lots", "column 15: a number was expected, such as 8 or 64G, not 'lots'", -EBADMSG},
        {"memory.total in (1, b)", "column 21: a number was expected, such as 8 or 64G, not 'b'", -EBADMSG},
        {"memory.total=99999999999999999999", "column 14: a number was expected, such as 8 or 64G, not '99999999999999999999'", -EBADMSG},
        {"phase=redy", "column 7: 'redy' is none of discovered, ready", -EBADMSG},
        {"phase in (ready, 'x')", "column 18: ''x'' is none of discovered, ready", -EBADMSG},
        {"name>gpu-*", "column 6: 'gpu-*' has a * or a ?: only = and != take it", -EBADMSG},
        {"rack!a1", "column 5: 'and', 'or' or a comma was expected, not '!'", -EBADMSG},
        {"\033[31m=1", "column 1: there is no field '\\x1b[31m'", -ENOENT},
        {"((((((((((((((((((spare))))))))))))))))))", "column 17: at most 16 brackets and nots stand in one another", -E2BIG},
};
/* clang-format on */

static void test_answers(void **state)
{
        _doc_ struct doc *value = read_machine();

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                CLEANUP(filter_free) struct filter *filter = NULL;
                char error[DOC_ERROR_SIZE] = "";

                if (filter_parse(answers[i].text, bind, error, &filter) < 0)
                        fail_msg("%s: %s", answers[i].text, error);
                if (filter_holds(filter, values, value) != answers[i].holds)
                        fail_msg("%s: is not %s", answers[i].text,
                                 answers[i].holds ? "so" : "not so");
        }
}

static void test_refusals(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
                struct filter *filter = NULL;
                char error[DOC_ERROR_SIZE] = "";

                assert_int_equal(filter_parse(refusals[i].text, bind, error, &filter),
                                 refusals[i].rc);
                assert_string_equal(error, refusals[i].error);
                assert_null(filter);
        }
}

/* "rack in (1,1,…)" of so many values. */
static int parse_list(unsigned count, struct filter **ret)
{
        char text[FILTER_SIZE_MAX + 16] = "rack in (1";
        size_t used = strlen(text);

        for (unsigned i = 1; i < count; i++, used += 2)
                memcpy(text + used, ",1", 3);
        memcpy(text + used, ")", 2);
        return filter_parse(text, bind, NULL, ret);
}

/* clang-format off */
static const struct {
        const char *text, *why;
} whys[] = {
        {"rack=a1", ""}, {"", ""},
        {"rack=b1", "rack=b1: it is a1"},
        {"rack!=a1", "rack!=a1: it is a1"},
        {"absent=x", "absent=x: there is none"},
        {"absent and rack=b1", "absent: there is none; rack=b1: it is a1"},
        {"phase=ready and memory.total>=512G", "memory.total>=512G: it is 256.0 GiB"},
        {"memory.total<5", "memory.total<5: it is 274877906944"},
        {"not spare", "not spare: it is true"},
        {"not memory.total>5", "not memory.total>5: it is 274877906944"},
        {"gpu.vendor=intel", "gpu.vendor=intel: it is NVIDIA, AMD"},
        {"rack in (b1,b2)", "rack=b1: it is a1; rack=b2: it is a1"},
        {"not (rack=a1 and phase=ready)", "rack!=a1: it is a1; phase!=ready: it is ready"},
        {"rack=b1 or phase=discovered", "rack=b1: it is a1; phase=discovered: it is ready"},
};
/* clang-format on */

static void test_why(void **state)
{
        _doc_ struct doc *value = read_machine();

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(whys); i++) {
                CLEANUP(filter_free) struct filter *filter = NULL;
                char why[FILTER_WHY_SIZE];

                assert_int_equal(filter_parse(whys[i].text, bind, NULL, &filter), 0);
                filter_why(filter, values, value, why);
                assert_string_equal(why, whys[i].why);
        }
}

static void test_limits(void **state)
{
        CLEANUP(filter_free) struct filter *filter = NULL, *none = NULL;
        char text[FILTER_SIZE_MAX + 2];

        (void)state;
        assert_int_equal(parse_list(FILTER_TESTS_MAX, &filter), 0);
        assert_int_equal(parse_list(FILTER_TESTS_MAX + 1, &none), -E2BIG);
        memset(text, ' ', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        assert_int_equal(filter_parse(text, bind, NULL, &none), -E2BIG);
        memset(text, 'a', FILTER_NAME_SIZE);
        text[FILTER_NAME_SIZE] = '\0';
        assert_int_equal(filter_parse(text, bind, NULL, &none), -E2BIG);
        assert_null(none);
}

static void test_asks(void **state)
{
        CLEANUP(filter_free) struct filter *filter = NULL;

        (void)state;
        assert_int_equal(filter_parse("rack=a1 and not spare", bind, NULL, &filter), 0);
        assert_true(filter_asks(filter, 2));
        assert_true(filter_asks(filter, 3));
        assert_false(filter_asks(filter, 0));
}

/* A pattern that would take years if each star were tried at each place. */
static void test_patterns_are_cheap(void **state)
{
        CLEANUP(filter_free) struct filter *filter = NULL;
        _doc_ struct doc *value = doc_object();
        char text[8192], pattern[FILTER_SIZE_MAX / 2];

        (void)state;
        memset(text, 'a', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        snprintf(pattern, sizeof(pattern), "name=");
        for (size_t i = strlen(pattern); i < 900; i += 2)
                memcpy(pattern + i, "*a", 3);
        memcpy(pattern + 899, "b", 2);
        assert_int_equal(doc_set_text(value, "name", text), 0);
        assert_int_equal(filter_parse(pattern, bind, NULL, &filter), 0);
        assert_false(filter_holds(filter, values, value));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_answers), cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_why),     cmocka_unit_test(test_limits),
                cmocka_unit_test(test_asks),    cmocka_unit_test(test_patterns_are_cheap),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
