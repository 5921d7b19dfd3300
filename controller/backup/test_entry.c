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

#include "controller/backup/entry.h"

static const struct {
        const char *name;
        int rc;
        mode_t mode;
} cases[] = {
        {"cloudie.db",           0,        0600},
        {"tls/key.pem",          0,        0600},
        {"tls/cert.pem",         0,        0644},
        {"about.json",           0,        0600},
        {"images/a-1.raw.zst",   0,        0600},
        {"images/",              -EBADMSG, 0   },
        {"images/.a.raw.zst",    -EBADMSG, 0   },
        {"images/../cloudie.db", -EBADMSG, 0   },
        {"images/a/b",           -EBADMSG, 0   },
        {"tls/../key.pem",       -EBADMSG, 0   },
        {"/etc/passwd",          -EBADMSG, 0   },
        {"cloudie.db-wal",       -EBADMSG, 0   },
        {"public/site.cpio",     -EBADMSG, 0   },
        {"",                     -EBADMSG, 0   },
};

static int parse(const char *name, size_t name_size, size_t more, struct backup_entry *ret)
{
        uint8_t bytes[BACKUP_HEAD_MAX + 8] = {0};

        for (size_t i = 0; name[i]; i++)
                bytes[i] = (uint8_t)name[i];
        bytes[strlen(name) + 7] = 7;
        return backup_entry_parse(reader_over(bytes, strlen(name) + 8 + more), name_size, ret);
}

static void test_names(void **state)
{
        uint8_t head[2 + BACKUP_HEAD_MAX];
        struct backup_entry entry;

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const char *name = cases[i].name;

                assert_int_equal(parse(name, strlen(name), 0, &entry), cases[i].rc);
                if (cases[i].rc < 0)
                        continue;
                assert_string_equal(entry.name, name);
                assert_int_equal(entry.size, 7);
                assert_int_equal(entry.mode, cases[i].mode);
                assert_int_equal(backup_entry_write(&entry, head), 2 + strlen(name) + 8);
        }
        snprintf(entry.name, sizeof(entry.name), "../x");
        assert_int_equal(backup_entry_write(&entry, head), -EINVAL);
}

static void test_lengths(void **state)
{
        struct backup_entry entry;

        (void)state;
        assert_int_equal(parse("cloudie.db", 10, 1, &entry), -EBADMSG);
        assert_int_equal(parse("cloudie.db", 9, 0, &entry), -EBADMSG);
        assert_int_equal(parse("cloudie.db", BACKUP_NAME_SIZE, 0, &entry), -EBADMSG);
        /* a NUL inside: another name than it seems */
        assert_int_equal(parse("cloudie.db", 11, 0, &entry), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_lengths),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
