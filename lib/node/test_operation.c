/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/node/operation.h"

static void test_every_step_is_whole(void **state)
{
        (void)state;
        for (unsigned i = 0; i < OPERATION_STEP_COUNT; i++) {
                const struct operation_step_row *row = &operation_steps[i];

                assert_non_null(row->name);
                assert_true(row->title && row->title[0]);
                assert_true(row->waits_for && row->waits_for[0]);
                assert_true(row->signal && row->signal[0]);
                assert_true(row->deadline_ms > 0);
                assert_true(row->cause > CAUSE_NONE && row->cause < CAUSE_COUNT);
                assert_true(row->event < STEP_COUNT);
                /* What the agent reports stands in the timeline. */
                assert_true(!row->is_agents || row->event != STEP_NONE);
                assert_string_equal(operation_step_names[i], row->name);
                for (unsigned j = 0; j < i; j++)
                        assert_string_not_equal(operation_steps[j].name, row->name);
        }
        assert_null(operation_step_names[OPERATION_STEP_COUNT]);
}

static void check_texts(const char *sentence, const char *hint)
{
        assert_true(strlen(sentence) > 10);
        assert_int_not_equal(sentence[strlen(sentence) - 1], '.'); /* it goes on in a text */
        assert_true(strlen(hint) > 10);
        assert_int_equal(hint[strlen(hint) - 1], '.');
}

static void test_every_cause_is_whole(void **state)
{
        (void)state;
        assert_null(node_cause_names[CAUSE_NONE]);
        assert_null(node_cause_names[CAUSE_COUNT]);
        for (unsigned i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++) {
                assert_non_null(node_causes[i].name);
                assert_non_null(node_causes[i].sentence);
                assert_non_null(node_causes[i].hint);
                assert_string_equal(node_cause_names[i], node_causes[i].name);
                check_texts(node_causes[i].sentence, node_causes[i].hint);
                for (unsigned j = CAUSE_NONE + 1; j < i; j++)
                        assert_string_not_equal(node_causes[j].name, node_causes[i].name);
        }
}

static struct operation full(void)
{
        struct operation o = {
                .number = 7,
                .kind = OPERATION_INSTALL,
                .state = OPERATION_FAILED,
                .generation = 3,
                .profile = "worker",
                .profile_hash = "00ff",
                .image = "debian",
                .image_id = "0123456789abcdef0123456789abcdef",
                .disk = {"nvme0n1", "NVME-0001", "nvme.1b36-01", "QEMU NVMe Ctrl", 2147483648},
                .step = INSTALL_WRITE,
                .attempt = 2,
                .done = 4194304,
                .total = 84934656,
                .started_ms = 1,
                .step_started_ms = 2,
                .deadline_ms = 3,
                .ended_ms = 4,
                .cause = CAUSE_IMAGE_FRAME,
                .evidence = "frame 3",
                .by = "admin",
        };

        return o;
}

static void test_round_trip(void **state)
{
        const struct operation from = full(), nothing = {0};
        struct operation to = {0};
        struct doc *object = doc_encode(&operation_table, &from);

        (void)state;
        assert_non_null(object);
        assert_string_equal(doc_get_text(object, "step"), "write");
        assert_string_equal(doc_get_text(object, "cause"), "image-frame-wrong");
        assert_string_equal(doc_get_text(object, "disk.serial"), "NVME-0001");
        assert_int_equal(doc_decode(&operation_table, object, NULL, &to), 0);
        assert_memory_equal(&from, &to, sizeof(to));
        doc_free(object);

        memset(&to, 0, sizeof(to));
        object = doc_encode(&operation_table, &nothing);
        assert_int_equal(doc_decode(&operation_table, object, NULL, &to), 0);
        assert_memory_equal(&nothing, &to, sizeof(to));
        doc_free(object);
}

static void test_text_says_what_and_fits(void **state)
{
        char text[OPERATION_TEXT_SIZE];
        struct operation o = full();

        (void)state;
        assert_non_null(strstr(operation_text(&o, text), "write"));
        assert_non_null(strstr(text, node_causes[CAUSE_IMAGE_FRAME].sentence));
        o.state = OPERATION_RUNNING;
        assert_non_null(strstr(operation_text(&o, text), "4 of 84 MB"));
        o.state = OPERATION_SUCCEEDED;
        assert_non_null(strstr(operation_text(&o, text), "worker"));
        o.state = OPERATION_NONE;
        assert_true(strlen(operation_text(&o, text)) > 0);

        /* The longest of each. */
        memset(o.profile, 'p', sizeof(o.profile) - 1);
        o.done = o.total = INT64_MAX;
        for (unsigned i = 0; i < OPERATION_STATE_COUNT * OPERATION_STEP_COUNT * CAUSE_COUNT; i++) {
                memset(text, 'x', sizeof(text));
                o.state = i % OPERATION_STATE_COUNT;
                o.step = i / OPERATION_STATE_COUNT % OPERATION_STEP_COUNT;
                o.cause = i / OPERATION_STATE_COUNT / OPERATION_STEP_COUNT;
                operation_text(&o, text);
                assert_non_null(memchr(text, '\0', sizeof(text)));
                assert_true(strlen(text) < sizeof(text) - 1); /* nor cut */
                assert_null(strchr(text, '\n'));
        }
}

static void test_silence_has_a_name(void **state)
{
        (void)state;
        for (unsigned step = 0; step < INSTALL_PHONE_HOME; step++)
                assert_int_equal(operation_cause_of_silence(step, ~0u),
                                 operation_steps[step].cause);
        assert_int_equal(operation_cause_of_silence(INSTALL_PHONE_HOME, 0), CAUSE_REBOOT_ABSENT);
        assert_int_equal(operation_cause_of_silence(INSTALL_PHONE_HOME, 1u << STEP_DHCP_DISCOVER),
                         CAUSE_LOADER_ABSENT);
        assert_int_equal(operation_cause_of_silence(INSTALL_PHONE_HOME, 1u << STEP_DHCP_ACK),
                         CAUSE_LOADER_ABSENT);
        assert_int_equal(operation_cause_of_silence(INSTALL_PHONE_HOME,
                                                    1u << STEP_DHCP_ACK | 1u << STEP_SCRIPT),
                         CAUSE_PHONE_HOME_ABSENT);
}

static void test_disks_are_the_same_by_what_both_know(void **state)
{
        static const struct {
                struct disk_id a, b;
                bool is_same;
        } cases[] = {
                {{.serial = "1", .wwn = "w"}, {.serial = "1", .wwn = "w"}, true },
                {{.serial = "1", .wwn = "w"}, {.serial = "1"},             true },
                {{.serial = "1", .wwn = "w"}, {.wwn = "w"},                true },
                {{.serial = "1", .wwn = "w"}, {.serial = "1", .wwn = "v"}, false},
                {{.serial = "1", .wwn = "w"}, {.serial = "2", .wwn = "w"}, false},
                {{.serial = "1"},             {.wwn = "w"},                false},
                {{.serial = "1"},             {.serial = "2"},             false},
                {{.name = "sda", .size = 5},  {.name = "sda", .size = 5},  false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                assert_int_equal(disk_id_is_same(&cases[i].a, &cases[i].b), cases[i].is_same);
                assert_int_equal(disk_id_is_same(&cases[i].b, &cases[i].a), cases[i].is_same);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_step_is_whole),
                cmocka_unit_test(test_every_cause_is_whole),
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_text_says_what_and_fits),
                cmocka_unit_test(test_silence_has_a_name),
                cmocka_unit_test(test_disks_are_the_same_by_what_both_know),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
