/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What operators can ask of nodes, by the one machine of the fixture. */

#include "controller/logic/conditions.h"
#include "controller/logic/fields.h"
#include "controller/logic/test_machine.h"
#include "lib/base/text.h"

/* clang-format off */
static const struct {
        const char *text;
        bool holds;
} answers[] = {
        {"phase=ready", true}, {"phase=deployed", false}, {"phase in (ready, deployed)", true},
        {"mac=52:54:00:77:00:01", true}, {"mac=52:54:00:77:00:02", false}, {"mac=52:54:00:*", true},
        {"rack=a1", true}, {"rack in (a2,a3)", false}, {"rack not in (a2,a3)", true}, {"label.rack=a1", true},
        {"spare", true}, {"not spare", false}, {"owner", false}, {"owner!=me", true},
        {"label.phase=gone", true}, /* a label may be called as a field is */
        {"condition=dirty", true}, {"condition", true}, {"condition=drifted", false},
        {"condition!=drifted and condition!=conflict", true}, {"condition in (dirty, drifted)", true},
        {"memory.total>=64G", true}, {"memory.total>64G", false}, {"cpu.cores>=32", true},
        {"system.vendor=dell*", true}, {"system.serial", false}, {"gpus.count", false}, {"not gpus.count", true},
        {"uuid", false}, {"operation=none", true}, {"cause", false}, {"profile", false},
        {"first_seen_ms>0", true}, {"firmware.boot_mode=uefi", true},
        {"memory.total>=64G and rack in (a1,a2), not owner", true},
        {"gpu.vendor=nvidia", true}, {"gpu.vendor=NVIDIA*", true}, {"gpu.vendor=amd", false}, {"gpu.vendor!=aspeed", false},
        {"cpu.flags=avx512f and cpu.flags=fpu", true}, {"cpu.flags=sse9", false}, {"disk.size>=1T", true},
        {"disk.size<1G", false}, {"bmc.present", true}, {"bmc.present=true", true}, {"tpm.present", false},
        {"tpm.present!=true", true}, {"system.virtual", false}, {"system.virtual=false", true}, {"arch=x86_64", true},
};

static const struct {
        const char *text, *error;
} refusals[] = {
        {"phase=redy", "column 7: 'redy' is none of discovered, ready, reserved, deployed, retired"},
        {"condition=x", "column 11: 'x' is none of "},
        {"operation=gone", "column 11: 'gone' is none of none, waiting, running, succeeded, failed, aborted"},
        {"memory.totl>=1G", "column 1: there is no field 'memory.totl'"},
        {"disk.size=many", "column 11: a number was expected, such as 8 or 64G, not 'many'"},
        {"bmc.present=1", "column 13: '1' is none of true, false"},
        {"cpu.cores=many", "column 11: a number was expected, such as 8 or 64G, not 'many'"},
};
/* clang-format on */

static const char inventory[] =
        "{\"schema\":1,\"system\":{\"virtual\":false},\"cpu\":{\"isa_level\":\"x86-64-v3\","
        "\"flags\":"
        "[\"fpu\",\"avx512f\"]},\"bmc\":{\"present\":true},\"gpus\":{\"items\":[{\"vendor\":"
        "\"1a03\"},"
        "{\"vendor\":\"10de\",\"vendor_name\":\"NVIDIA Corporation\"}]},\"disks\":{\"items\":["
        "{\"size\":1099511627776},{\"size\":2199023255552}]}}";

static void give_traits(struct fixture *f)
{
        CLEANUP(traits_free) struct traits *traits = NULL;
        _doc_ struct doc *object = NULL;

        assert_int_equal(
                doc_parse(inventory, strlen(inventory), &doc_limits_inventory, NULL, &object), 0);
        assert_int_equal(traits_of(object, &traits), 0);
        node_set_traits(f->node, traits, f->now, f->change);
}

static void test_answers(void **state)
{
        struct fixture *f = *state;
        struct node *node = f->node;

        assert_int_equal(doc_set_text(node->labels, "rack", "a1"), 0);
        assert_int_equal(doc_set_text(node->labels, "spare", ""), 0);
        assert_int_equal(doc_set_text(node->labels, "phase", "gone"), 0);
        node->is_dirty = true;
        node->summary.memory_bytes = 64ULL << 30;
        node->summary.cores = 32;
        node->summary.serial[0] = '\0';
        node->summary.gpu_count = 0;
        node->summary.uuid = (struct uuid){0};
        give_traits(f);
        assert_int_equal(text_copy(node->summary.vendor, SUMMARY_TEXT_SIZE, "Dell Inc."), 0);
        assert_int_equal(
                text_copy(node->summary.boot_mode, sizeof(node->summary.boot_mode), "uefi"), 0);
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                CLEANUP(filter_free) struct filter *filter = NULL;
                char error[DOC_ERROR_SIZE] = "";

                if (filter_parse(answers[i].text, node_field_bind, error, &filter) < 0)
                        fail_msg("%s: %s", answers[i].text, error);
                if (filter_holds(filter, node_field_values, node) != answers[i].holds)
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

                assert_true(filter_parse(refusals[i].text, node_field_bind, error, &filter) < 0);
                if (!text_has_prefix(error, refusals[i].error))
                        fail_msg("%s: %s", refusals[i].text, error);
        }
}

/* Each row can be asked for, of a node that has nothing. */
static void test_each_field(void **state)
{
        CLEANUP(node_free) struct node *node = node_new();

        (void)state;
        assert_non_null(node);
        for (size_t i = 0; node_field_name(i); i++) {
                CLEANUP(filter_free) struct filter *filter = NULL;

                assert_int_equal(filter_parse(node_field_name(i), node_field_bind, NULL, &filter),
                                 0);
                if (!text_is_equal(node_field_name(i), "operation") &&
                    !text_is_equal(node_field_name(i), "phase"))
                        assert_false(filter_holds(filter, node_field_values, node));
        }
        assert_true(node_condition_count < 32);
}

/* The time at which a node was seen is put into its text in place, and nowhere else. */
static void test_what_people_keep(void **state)
{
        static const char spec[] = "{\"metadata\":{\"last_seen_ms\":1700000000000,\"x\":1}}";
        struct fixture *f = *state;
        struct doc *kept = NULL;
        const char *text;

        assert_int_equal(doc_parse(spec, strlen(spec), &doc_limits_message, NULL, &kept), 0);
        doc_free(f->node->spec);
        f->node->spec = kept;
        f->node->last_seen_ms = 1700000000000;
        node_touch(f->node);
        assert_non_null(node_text(f->node));
        node_saw(f->node, f->node->address, 1700000000001);
        text = node_text(f->node);
        assert_non_null(strstr(text, spec));
        assert_non_null(strstr(text, "\"last_seen_ms\":1700000000001,"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
                cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_each_field),
                cmocka_unit_test_setup_teardown(test_what_people_keep, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
