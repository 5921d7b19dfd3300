/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Devices that never answer, and probes that crash: the rest of the inventory comes all the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/crew.h"

/* A machine of sections with devices; what each of these does when it is asked. */
enum conduct { ANSWERS, HANGS, IS_SLOW, CRASHES };

static const struct device {
        const char *name;
        enum conduct conduct;
} devices[] = {
        {"a", ANSWERS},
        {"b", HANGS  },
        {"c", ANSWERS},
        {"d", HANGS  },
        {"e", IS_SLOW},
        {"f", ANSWERS},
        {"g", CRASHES},
        {"h", ANSWERS},
        {"i", HANGS  },
};

static const struct field item_rows[] = {
        {.name = "name",        .kind = FIELD_TEXT},
        {.name = "late",                     .kind = FIELD_NUMBER},
        {.name = NULL},
};

static const struct field section_rows[] = {
        {.name = "items",     .kind = FIELD_ITEMS, .inner = item_rows},
        {.name = "count", .kind = FIELD_NUMBER},
        {.name = "late_count",     .kind = FIELD_NUMBER},
        {.name = NULL                  },
};

static void ask(const struct device *device)
{
        if (device->conduct == CRASHES)
                _exit(7);
        if (device->conduct == IS_SLOW)
                usleep(400 * 1000);
        while (device->conduct == HANGS)
                pause();
}

static void run_devices(struct probe_context *context)
{
        for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
                struct doc *item;

                if (!probe_begin(context, devices[i].name))
                        continue;
                ask(&devices[i]);
                item = doc_object();
                (void)doc_set_text(item, "name", devices[i].name);
                probe_item(context, item);
        }
        (void)doc_set_number(context->section, "count", 9);
}

static void run_quiet(struct probe_context *context)
{
        (void)doc_set_number(context->section, "count", 1);
}

static void run_hanging(struct probe_context *context)
{
        (void)context;
        for (;;)
                pause();
}

/* As on a machine where listing the devices takes longer than asking them. */
static void run_slow_start(struct probe_context *context)
{
        usleep(400 * 1000);
        run_devices(context);
}

static void run_wrong(struct probe_context *context)
{
        (void)doc_set_text(context->section, "count", "nine");
        probe_error(context, "a \033 in a name");
}

static const struct probe machine[] = {
        {"first",   run_quiet,      section_rows, NULL, ""},
        {"devices", run_devices,    section_rows, NULL, ""},
        {"hanging", run_hanging,    section_rows, NULL, ""},
        {"slow",    run_slow_start, section_rows, NULL, ""},
        {"wrong",   run_wrong,      section_rows, NULL, ""},
        {"last",    run_quiet,      section_rows, NULL, ""},
};

/* Adds to what "devices" has: to a device that is there, to one that is not, to the whole. */
static void run_slow_devices(struct probe_context *context)
{
        static const char *const names[] = {"a", "x", "c"};

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                struct doc *found;

                if (!probe_begin(context, names[i]))
                        continue;
                if (names[i][0] == 'x')
                        ask(&devices[1]);
                found = doc_object();
                (void)doc_set_text(found, "name", names[i]);
                (void)doc_set_number(found, "late", 7);
                probe_item(context, found);
        }
        (void)doc_set_number(context->section, "late_count", 2);
        probe_error(context, "something is odd");
}

static const struct slow_probe slow_machine[] = {
        {"devices", "late", run_slow_devices, NULL},
};

static struct doc *make(const struct crew_times *times, const char *only)
{
        const struct crew_job job = {.probes = machine,
                                     .count = sizeof(machine) / sizeof(machine[0]),
                                     .only = only,
                                     .times = times};

        return crew_inventory(&job);
}

static bool has_error(const struct doc *inventory, const char *section, const char *text)
{
        const struct doc *errors = doc_get(doc_get(inventory, section), "errors");

        for (size_t i = 0; i < doc_count(errors); i++)
                if (strcmp(doc_text(doc_at(errors, i)), text) == 0)
                        return true;
        return false;
}

static const struct crew_times short_times = {
        .stall_ms = 100, .device_ms = 2000, .total_ms = 60000};

/* What hangs is named; the slow one comes when it comes. */
static void check_devices(const struct doc *inventory, const char *name)
{
        static const char *const errors[] = {
                "b: no answer within 2000 ms",
                "d: no answer within 2000 ms",
                "i: no answer within 2000 ms",
                "g: the probe crashed",
        };
        const struct doc *section = doc_get(inventory, name), *items = doc_get(section, "items");
        char names[32] = "";

        for (size_t i = 0; i < doc_count(items) && i < sizeof(names) - 1; i++)
                names[i] = doc_get_text(doc_at(items, i), "name")[0];
        assert_int_equal(strlen(names), 5);
        for (const char *want = "acefh"; *want; want++)
                assert_non_null(strchr(names, *want));
        for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
                assert_true(has_error(inventory, name, errors[i]));
        assert_int_equal(doc_count(doc_get(section, "errors")), 4);
        assert_int_equal(doc_get_number(section, "count", 0), 9);
}

static void test_only_what_hangs_is_missing(void **state)
{
        _doc_ struct doc *inventory = make(&short_times, NULL);

        (void)state;
        assert_non_null(inventory);
        check_devices(inventory, "devices");
        check_devices(inventory, "slow");
        assert_true(has_error(inventory, "hanging", "no answer within 2000 ms"));
        assert_int_equal(doc_get_number(inventory, "first.count", 0), 1);
        assert_int_equal(doc_get_number(inventory, "last.count", 0), 1);
        assert_true(doc_get_bool(inventory, "partial", false));
}

static void test_nothing_hangs(void **state)
{
        _doc_ struct doc *inventory = make(&crew_times_default, "first,last");

        (void)state;
        assert_false(doc_get_bool(inventory, "partial", true));
        assert_int_equal(doc_get_number(inventory, "last.count", 0), 1);
        assert_null(doc_get(inventory, "devices"));
        assert_int_equal(doc_count(doc_get(inventory, "first.items")), 0);
}

/* A slow probe's devices hang beside the others', and what it finds is with theirs. */
static void test_slow_ones_add(void **state)
{
        const struct crew_job job = {.probes = machine,
                                     .count = sizeof(machine) / sizeof(machine[0]),
                                     .slow = slow_machine,
                                     .slow_count = 1,
                                     .only = "devices,first",
                                     .times = &short_times};
        _doc_ struct doc *inventory = crew_inventory(&job);
        const struct doc *items = doc_get(inventory, "devices.items");
        size_t late = 0;

        (void)state;
        assert_int_equal(doc_count(items), 5);
        for (size_t i = 0; i < doc_count(items); i++)
                late += doc_get_number(doc_at(items, i), "late", 0) == 7;
        assert_int_equal(late, 2);
        assert_int_equal(doc_get_number(inventory, "devices.late_count", 0), 2);
        assert_true(has_error(inventory, "devices", "x: no answer within 2000 ms"));
        assert_true(has_error(inventory, "devices", "b: no answer within 2000 ms"));
        assert_true(has_error(inventory, "devices", "something is odd"));
        assert_null(doc_get(inventory, "first.late_count"));
}

/* Two devices that were opened before: which of them a process still holds. */
static int opened[2];

static void close_first(void)
{
        close(opened[0]);
}

static void close_second(void)
{
        close(opened[1]);
}

static void tell_open(struct probe_context *context, const char *who)
{
        probe_error(context, "%s: %d %d", who, fcntl(opened[0], F_GETFD) >= 0,
                    fcntl(opened[1], F_GETFD) >= 0);
}

static void run_none(struct probe_context *context)
{
        tell_open(context, "none");
}

/* Stalls, so that another process goes on with the second. */
static void run_first(struct probe_context *context)
{
        tell_open(context, "first");
        if (probe_begin(context, "device"))
                usleep(400 * 1000);
}

static void run_second(struct probe_context *context)
{
        tell_open(context, "second");
}

static const struct probe holder[] = {
        {"section", run_none, section_rows, NULL, ""},
};

static const struct slow_probe holders[] = {
        {"section", "first",  run_first,  close_first },
        {"section", "second", run_second, close_second},
};

static void test_each_holds_its_own(void **state)
{
        const struct crew_job job = {.probes = holder,
                                     .count = 1,
                                     .slow = holders,
                                     .slow_count = 2,
                                     .times = &short_times};
        struct doc *inventory;

        (void)state;
        assert_int_equal(pipe2(opened, O_CLOEXEC), 0);
        inventory = crew_inventory(&job);
        assert_true(has_error(inventory, "section", "none: 0 0"));
        assert_true(has_error(inventory, "section", "first: 1 1")); /* it may come to the second */
        assert_true(has_error(inventory, "section", "second: 0 1"));
        assert_true(fcntl(opened[0], F_GETFD) >= 0); /* others may be made of the parent */
        doc_free(inventory);
        close_first();
        close_second();
}

/* The whole has an end, however many devices have none. */
static void test_the_whole_has_an_end(void **state)
{
        static const struct crew_times times = {
                .stall_ms = 50, .device_ms = 600000, .total_ms = 1500};
        _doc_ struct doc *inventory = make(&times, NULL);

        (void)state;
        assert_true(doc_get_bool(inventory, "partial", false));
        assert_true(has_error(inventory, "devices",
                              "b: no answer in the time that the whole inventory has"));
        assert_int_equal(doc_get_number(inventory, "first.count", 0), 1);
}

static void test_what_does_not_fit(void **state)
{
        _doc_ struct doc *inventory = make(&crew_times_default, "wrong");

        (void)state;
        assert_null(doc_get(inventory, "wrong.count"));
        assert_true(
                has_error(inventory, "wrong", "left out, it is not as the schema has it: count"));
        assert_true(has_error(inventory, "wrong", "a \xef\xbf\xbd in a name"));
}

/* No process stays behind: a worker that hangs is killed with its deadline. */
static void test_nobody_is_left(void **state)
{
        (void)state;
        for (int i = 0; i < 100; i++) {
                if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
                        return;
                usleep(20 * 1000);
        }
        fail_msg("a worker is still there");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_only_what_hangs_is_missing),
                cmocka_unit_test(test_nothing_hangs),
                cmocka_unit_test(test_slow_ones_add),
                cmocka_unit_test(test_each_holds_its_own),
                cmocka_unit_test(test_the_whole_has_an_end),
                cmocka_unit_test(test_what_does_not_fit),
                cmocka_unit_test(test_nobody_is_left),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
