/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/serve/path.h"

static void test_paths(void **state)
{
        static const struct {
                const char *target;
                const char *path; /* NULL: refused */
        } rows[] = {
                {"/",                "/"             },
                {"/boot/ipxe?mac=1", "/boot/ipxe"    },
                {"/a%20b%2Fc%c3%A9", "/a b/c\xc3\xa9"},
                {"/a+b",             "/a+b"          },
                {"//a//",            "//a//"         },
                {"/..a/a../...",     "/..a/a../..."  },
                {"http://h:80/x?y",  "/x"            },
                {"HTTPS://h",        "/"             },
                {"http://h?a=b",     "/"             },
                {"",                 NULL            },
                {"*",                NULL            },
                {"a/b",              NULL            },
                {"?a",               NULL            },
                {"/a%00b",           NULL            },
                {"/a%",              NULL            },
                {"/a%2",             NULL            },
                {"/a%zz",            NULL            },
                {"/a%+1",            NULL            },
                {"/a%0ab",           NULL            },
                {"/a%7f",            NULL            },
                {"/../a",            NULL            },
                {"/a/..",            NULL            },
                {"/a/%2e%2E/b",      NULL            },
                {"/a%2f..%2fb",      NULL            },
                {"/./a",             NULL            },
                {"/a/.",             NULL            },
                {"/a#b",             NULL            },
                {"/a?b=%zz",         NULL            },
                {"/a?b=%00",         NULL            },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _free_ char *to = malloc(PATH_SPACE(strlen(rows[i].target)));
                struct path_target t;
                int rc = path_parse(rows[i].target, to, &t);

                assert_int_equal(rc, rows[i].path ? 0 : -EBADMSG);
                if (rows[i].path)
                        assert_string_equal(t.path, rows[i].path);
        }
}

static void test_query(void **state)
{
        static const char target[] = "/x?a=b+c%2b&&=v&flag&e=&k=1=2";
        char to[PATH_SPACE(sizeof(target))];
        struct path_target t;

        (void)state;
        assert_int_equal(path_parse(target, to, &t), 0);
        assert_int_equal(t.query_count, 5);
        assert_string_equal(t.query[0].name, "a");
        assert_string_equal(t.query[0].value, "b c+");
        assert_string_equal(t.query[1].name, "");
        assert_string_equal(t.query[1].value, "v");
        assert_string_equal(t.query[2].name, "flag");
        assert_string_equal(t.query[2].value, "");
        assert_string_equal(t.query[3].name, "e");
        assert_string_equal(t.query[3].value, "");
        assert_string_equal(t.query[4].value, "1=2");
}

static void test_too_many_pairs(void **state)
{
        char target[2 + 2 * PATH_QUERY_MAX + 2] = "/?";
        char to[PATH_SPACE(sizeof(target))];
        struct path_target t;

        (void)state;
        for (size_t i = 0; i < PATH_QUERY_MAX; i++) {
                target[2 + 2 * i] = 'a';
                target[3 + 2 * i] = '&';
        }
        assert_int_equal(path_parse(target, to, &t), 0);
        target[2 + 2 * PATH_QUERY_MAX] = 'a';
        assert_int_equal(path_parse(target, to, &t), -E2BIG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_paths),
                cmocka_unit_test(test_query),
                cmocka_unit_test(test_too_many_pairs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
