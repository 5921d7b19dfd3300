/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "worker/health.h"

#define MEMINFO(available)                                                                         \
        "MemTotal:        2014132 kB\nMemFree:          104512 kB\nMemAvailable:    " available    \
        " kB\nBuffers:           31048 kB\n"

static struct worker_check row;

static void check(const char *name, enum health_state state, const char *text)
{
        assert_string_equal(row.name, name);
        assert_int_equal(row.state, state);
        assert_string_equal(row.text, text);
}

static void memory(void **state)
{
        (void)state;
        assert_true(health_memory(MEMINFO("1522192"), &row));
        check("memory", HEALTH_OK, "1.5 GiB of 1.9 GiB available");
        assert_true(health_memory(MEMINFO("200000"), &row));
        assert_int_equal(row.state, HEALTH_WARNING);
        assert_true(health_memory(MEMINFO("20000"), &row));
        assert_int_equal(row.state, HEALTH_BAD);
        assert_false(health_memory("", &row));
        assert_false(health_memory(MEMINFO("-1"), &row));
        assert_false(health_memory(MEMINFO("99999999999999999999999"), &row));
        assert_false(health_memory("MemTotal: 0 kB\nMemAvailable: 0 kB\n", &row));
}

static void load(void **state)
{
        static const char *const wrong[] = {
                "", "0.20", "0.20 0.18", "0.20 0.18 x", "1 2 3", "0.20 0.18 0.1 1/80 7"};

        (void)state;
        assert_true(health_load("9.20 9.18 0.12 1/80 11206\n", 2, &row));
        check("load", HEALTH_OK, "0.12 of 2 processors for 15 minutes");
        assert_true(health_load("0.20 0.18 8.00 1/80 11206\n", 2, &row));
        assert_int_equal(row.state, HEALTH_WARNING);
        assert_true(health_load("0.20 0.18 7.99 1/80 11206\n", 2, &row));
        assert_int_equal(row.state, HEALTH_OK);
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                assert_false(health_load(wrong[i], 1, &row));
}

static void root(void **state)
{
        (void)state;
        assert_true(health_root(20ULL << 30, 15ULL << 30, &row));
        check("root", HEALTH_OK, "5.0 GiB of 20.0 GiB used");
        assert_true(health_root(20ULL << 30, 2ULL << 30, &row));
        assert_int_equal(row.state, HEALTH_WARNING);
        assert_true(health_root(20ULL << 30, 0, &row));
        assert_int_equal(row.state, HEALTH_BAD);
        assert_true(health_root(UINT64_MAX, UINT64_MAX, &row));
        assert_int_equal(row.state, HEALTH_OK);
        assert_false(health_root(0, 0, &row));
}

static void the_clock(void **state)
{
        (void)state;
        assert_true(health_clock(true, &row));
        check("clock", HEALTH_OK, "synchronised");
        assert_true(health_clock(false, &row));
        assert_int_equal(row.state, HEALTH_WARNING);
}

static void systemd(void **state)
{
        /* As systemctl of systemd 252 prints them. */
        static const char failed[] =
                "a.service loaded failed failed The first\n"
                "systemd-networkd-wait-online.service loaded failed failed Wait for Network\n";
        char many[4096] = "";

        (void)state;
        assert_true(health_systemd("running\n", "", &row));
        check("systemd", HEALTH_OK, "running");
        assert_true(health_systemd("degraded\n", failed, &row));
        check("systemd", HEALTH_BAD, "degraded: a.service, systemd-networkd-wait-online.service");
        assert_true(health_systemd("starting", "", &row));
        assert_int_equal(row.state, HEALTH_OK);
        assert_false(health_systemd("", "", &row));
        assert_false(health_systemd("Failed to connect to bus: No such file", "", &row));
        for (unsigned i = 0; i < 100; i++)
                snprintf(many + strlen(many), sizeof(many) - strlen(many), "unit-%u.service x\n",
                         i);
        assert_true(health_systemd("degraded", many, &row));
        assert_non_null(strstr(row.text, "unit-7.service"));
        assert_null(strstr(row.text, "unit-99.service"));
}

static void cloud_init(void **state)
{
        (void)state;
        assert_true(health_cloud_init(NULL, &row));
        check("cloud-init", HEALTH_OK, "runs");
        assert_true(health_cloud_init("{\"v1\": {\"datasource\": \"DataSourceNoCloud\", "
                                      "\"errors\": []}}",
                                      &row));
        check("cloud-init", HEALTH_OK, "done");
        assert_true(
                health_cloud_init("{\"v1\": {\"errors\": [\"('ssh', KeyError)\", \"b\"]}}", &row));
        check("cloud-init", HEALTH_BAD, "2 errors, the first: ('ssh', KeyError)");
        assert_true(health_cloud_init("{\"v1\": {\"errors\": [7]}}", &row));
        assert_false(health_cloud_init("{", &row));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(memory),  cmocka_unit_test(load),
                cmocka_unit_test(root),    cmocka_unit_test(the_clock),
                cmocka_unit_test(systemd), cmocka_unit_test(cloud_init),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
