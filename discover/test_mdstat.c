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

#include <fcntl.h>

#include "discover/mdstat.h"
#include "lib/base/file.h"

static const char text[] =
        "Personalities : [raid1] [raid6] [raid5] [raid4]\n"
        "md6 : active raid1 sdb2[2](F) sdc[1](S) sda2[0]\n"
        "      195310144 blocks [2/1] [U_]\n"
        "      [=>...................]  recovery =  8.5% (16775552/195310144) finish=17.0min "
        "speed=259783K/sec\n"
        "\n"
        "md_d0 : active (auto-read-only) raid5 nvme0n1p1[3] sdb1[1](W) sda1[0](J)\n"
        "      7813735424 blocks super 1.2 level 5, 512k chunk, algorithm 2 [3/3] [UUU]\n"
        "      resync=DELAYED\n"
        "md127 : inactive sda[1](S) sdb[0](S)\n"
        "      5488 blocks super external:imsm\n"
        "md126 : active raid1 sda[1] sdb[0]\n"
        "      1000 blocks super external:/md127/0 [2/2] [UU]\n"
        "unused devices: <none>\n";

static void test_arrays(void **state)
{
        struct mdstat_array a;
        const char *at = text;

        (void)state;
        assert_true(mdstat_next(&at, &a));
        assert_string_equal(a.name, "md6");
        assert_string_equal(a.level, "raid1");
        assert_true(a.is_active);
        assert_int_equal(a.size, (uint64_t)195310144 * 1024);
        assert_int_equal(a.wanted, 2);
        assert_int_equal(a.working, 1);
        assert_string_equal(a.action, "recovery");
        assert_int_equal(a.permille, 85);
        assert_int_equal(a.count, 3);
        assert_string_equal(a.members[0].device, "sdb2");
        assert_int_equal(a.members[0].role, 2);
        assert_int_equal(a.members[0].flag, 'F');
        assert_int_equal(a.members[2].flag, 0);

        assert_true(mdstat_next(&at, &a));
        assert_string_equal(a.name, "md_d0");
        assert_string_equal(a.level, "raid5");
        assert_true(a.is_read_only);
        assert_string_equal(a.metadata, "1.2");
        assert_int_equal(a.chunk, 512 * 1024);
        assert_string_equal(a.action, "resync");
        assert_true(a.is_waiting);
        assert_string_equal(a.members[0].device, "nvme0n1p1");

        assert_true(mdstat_next(&at, &a));
        assert_string_equal(a.name, "md127");
        assert_false(a.is_active);
        assert_string_equal(a.level, "");
        assert_string_equal(a.metadata, "external:imsm");
        assert_int_equal(a.wanted, 0);

        assert_true(mdstat_next(&at, &a));
        assert_string_equal(a.metadata, "external:/md127/0");
        assert_string_equal(a.action, "");
        assert_false(mdstat_next(&at, &a));
}

/* Cut anywhere, it ends. */
static void test_cut_anywhere(void **state)
{
        (void)state;
        for (size_t len = 0; len < sizeof(text); len++) {
                char cut[sizeof(text)];
                struct mdstat_array a;
                const char *at = cut;
                int count = 0;

                memcpy(cut, text, len);
                cut[len] = '\0';
                while (mdstat_next(&at, &a))
                        count++;
                assert_true(count <= 4);
        }
}

/* The collection of states that others have gathered. */
static void test_capture(void **state)
{
        const char *source = getenv("CLOUDIE_SOURCE"), *at;
        char path[600], *all = NULL;
        struct mdstat_array a;
        unsigned arrays = 0, degraded = 0, inactive = 0, busy = 0;

        (void)state;
        snprintf(path, sizeof(path), "%s/../shared/data/hardware/mdstat/mdstat",
                 source ? source : ".");
        if (file_read(AT_FDCWD, path, 1 << 20, &all, NULL) < 0) {
                print_message("skipped: no capture of mdstat beside the source tree\n");
                skip();
        }
        for (at = all; mdstat_next(&at, &a); arrays++) {
                assert_true(a.count > 0);
                degraded += a.working < a.wanted;
                inactive += !a.is_active;
                busy += a.action[0] != '\0';
        }
        free(all);
        assert_int_equal(arrays, 18);
        assert_true(degraded >= 2);
        assert_true(inactive >= 2);
        assert_true(busy >= 5);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_arrays),
                cmocka_unit_test(test_cut_anywhere),
                cmocka_unit_test(test_capture),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
