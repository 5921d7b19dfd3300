/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/migrate_lab.h"

/* clang-format off */
static const struct {
        const char *before, *after; /* NULL: it cannot be done */
} cases[] = {
        {"",                                 "k:\n  - a: 1\n"},
        {"x: 1",                             "x: 1\nk:\n  - a: 1\n"},
        {"k: # why\n\n  # b\n  - b: 2\nx: 1\n", "k: # why\n\n  # b\n  - a: 1\n  - b: 2\nx: 1\n"},
        {"k:\n- b: 2\n",                     "k:\n- a: 1\n- b: 2\n"},
        {"k: []\n",                          NULL},
        {"k: [{b: 2}]\n",                    NULL},
        {"k:\n",                             NULL},
        {"{x: 1}\n",                         NULL},
        {"\"k\":\n- b: 2\n",                 NULL},
        {"x: |\n  k:\nk:\n- b: 2\n",         "x: |\n  k:\nk:\n- a: 1\n- b: 2\n"},
        {"- 1\n",                            NULL},
        {"k: [",                             NULL},
};
/* clang-format on */

static void test_cases(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _doc_ struct doc *elements = doc_list();
                struct doc *one = doc_object();
                _free_ char *text = NULL;
                int rc;

                assert_int_equal(doc_set_number(one, "a", 1), 0);
                assert_int_equal(doc_append(elements, one), 0);
                rc = migrate_yaml_add(cases[i].before, "k", elements, &text);
                assert_int_equal(rc == 0, cases[i].after != NULL);
                if (cases[i].after)
                        assert_string_equal(text, cases[i].after);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
