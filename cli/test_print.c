/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/command.h"
#include "cli/print.h"

static char *printed(const struct node_event *event, uint64_t first_ms)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        print_event(f, event, first_ms);
        assert_int_equal(fclose(f), 0);
        return text;
}

static void test_an_event_is_one_line(void **state)
{
        const struct node_event event = {.at_ms = 4500,
                                         .mac = {{0x52, 0x54, 0, 0x77, 0, 1}},
                                         .step = STEP_KERNEL,
                                         .bytes = 8 << 20,
                                         .took_ms = 2000};
        char *text = printed(&event, 1000);

        (void)state;
        assert_non_null(strstr(text, "+3.5 s"));
        assert_non_null(strstr(text, "52:54:00:77:00:01"));
        assert_non_null(strstr(text, "kernel"));
        assert_non_null(strstr(text, "8.0 MiB"));
        assert_non_null(strstr(text, "2.0 s"));
        assert_non_null(strstr(text, "4.0 MiB/s"));
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
        free(text);
}

static void test_an_event_of_no_machine(void **state)
{
        const struct node_event event = {.step = STEP_DISCOVERY, .text = "network 'rack': open"};
        char *text = printed(&event, 0);

        (void)state;
        assert_null(strstr(text, "00:00"));
        assert_non_null(strstr(text, "network 'rack': open"));
        free(text);
}

static void test_what_a_machine_says_cannot_touch_the_terminal(void **state)
{
        struct node_event event = {.step = STEP_FAILED, .text = "\x1b[2J\nroot#"};
        char *text;

        (void)state;
        text = printed(&event, 0);
        assert_null(strchr(text, '\x1b'));
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
        free(text);
}

static void test_commands_are_found_by_their_words(void **state)
{
        char node[] = "node", list[] = "list", name[] = "a", bad[] = "lis";
        char *found[] = {node, list, name}, *missing[] = {node, bad};
        const struct command *command;
        int used = 0;

        (void)state;
        command = command_find(3, found, &used);
        assert_non_null(command);
        assert_string_equal(command->words, "node list");
        assert_int_equal(used, 2);
        assert_null(command_find(2, missing, &used));
        assert_null(command_find(1, found, &used));
}

static void check_operation(const char *json, const char *says)
{
        struct doc *object = NULL;
        char cell[64] = "before";

        assert_int_equal(doc_parse(json, strlen(json), &doc_limits_message, NULL, &object), 0);
        cell_operation(cell, sizeof(cell), object);
        assert_string_equal(cell, says);
        doc_free(object);
}

static void test_an_operation_in_a_cell(void **state)
{
        (void)state;
        check_operation("{\"kind\":\"install\",\"state\":\"running\",\"step\":\"write\","
                        "\"done\":40,\"total\":100}",
                        "install write 40%");
        check_operation("{\"kind\":\"install\",\"state\":\"running\",\"step\":\"agent\"}",
                        "install agent");
        check_operation("{\"kind\":\"install\",\"state\":\"failed\",\"step\":\"write\","
                        "\"cause\":\"image-frame-wrong\"}",
                        "failed image-frame-wrong");
        check_operation("{\"kind\":\"install\",\"state\":\"aborted\",\"cause\":\"aborted\"}",
                        "aborted");
        check_operation("{\"kind\":\"install\",\"state\":\"succeeded\"}", "");
        check_operation("{\"state\":\"of a newer release\"}", "");
        check_operation("[]", "");
}

/* As the controller answers, with the fingerprint that ssh-keygen -l gives for this key. */
static void test_a_worker(void **state)
{
        static const char json[] =
                "{\"worker\":{\"public_key\":\"k\",\"last_beat_ms\":60000,\"says\":{\"version\":"
                "\"0.1.0\","
                "\"system\":\"Debian\\u001b[2J\",\"kernel\":\"6.1.0\",\"uptime_s\":7,\"addresses\":"
                "[{"
                "\"interface\":\"eth0\",\"mac\":\"52:54:00:77:00:01\",\"address\":\"fd00::1/64\"}],"
                "\"host_keys\":[{\"type\":\"ssh-ed25519\",\"key\":"
                "\"AAAAC3NzaC1lZDI1NTE5AAAAIPeSP9CZ3myFy/oABiT2NXv2ZeYrcxQEDHRSUjJ0meNp\"}],"
                "\"health\":[{\"name\":\"systemd\",\"state\":\"bad\",\"text\":\"degraded: "
                "a.service\"}]}}}";
        _doc_ struct doc *node = NULL;
        char *text = NULL;
        size_t size;
        FILE *f;

        (void)state;
        assert_int_equal(doc_parse(json, strlen(json), &doc_limits_message, NULL, &node), 0);
        f = open_memstream(&text, &size);
        print_worker(f, node, 72000);
        assert_int_equal(fclose(f), 0);
        assert_null(strchr(text, '\x1b'));
        assert_non_null(strstr(text, "1970-01-01T00:01:00.000Z (12 s ago)"));
        assert_non_null(strstr(text, "bad      degraded: a.service"));
        assert_non_null(strstr(text, "52:54:00:77:00:01 fd00::1/64"));
        assert_non_null(strstr(text, "SHA256:GmEFeBOOEEAuNxMGHEYmW0zSIS9DCD5I+qir63G/LBo\n"));
        free(text);

        f = open_memstream(&text, &size);
        (void)doc_remove(node, "worker");
        print_worker(f, node, 72000);
        assert_int_equal(fclose(f), 0);
        assert_string_equal(text, "");
        free(text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_an_event_is_one_line),
                cmocka_unit_test(test_an_operation_in_a_cell),
                cmocka_unit_test(test_an_event_of_no_machine),
                cmocka_unit_test(test_what_a_machine_says_cannot_touch_the_terminal),
                cmocka_unit_test(test_commands_are_found_by_their_words),
                cmocka_unit_test(test_a_worker),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
