/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/node/setting.h"

#define HEAD "kind: setting\nname: "

/* clang-format off */
static const struct {
        const char *yaml, *error;
        struct setting setting;
} cases[] = {
        {HEAD "install_limit\nspec: {value: 1}", NULL, {SETTING_INSTALL_LIMIT, 1, ""}},
        {HEAD "install_limit\nspec: {value: 1000}", NULL, {SETTING_INSTALL_LIMIT, 1000, ""}},
        {HEAD "link_mbit\nlabels: {a: b}\nspec: {value: 1000000}", NULL, {SETTING_LINK_MBIT, 1000000, ""}},
        {HEAD "install_mbit\nspec: {value: 7}", NULL, {SETTING_INSTALL_MBIT, 7, ""}},
        {HEAD "kernel_arguments\nspec: {value: console=ttyS0 quiet}", NULL, {SETTING_KERNEL_ARGUMENTS, 0, "console=ttyS0 quiet"}},
        {HEAD "kernel_arguments\nspec: {value: ''}", NULL, {SETTING_KERNEL_ARGUMENTS, 0, ""}},
        {HEAD "install_limit\nspec: {value: 0}", "setting 'install_limit': spec: 'value' must be a number from 1 to 1000", {0}},
        {HEAD "install_limit\nspec: {value: 1001}", "setting 'install_limit': spec: 'value' must be a number from 1 to 1000", {0}},
        {HEAD "install_limit\nspec: {value: '5'}", "setting 'install_limit': spec: 'value' must be a number from 1 to 1000", {0}},
        {HEAD "install_limit\nspec: {}", "setting 'install_limit': spec: 'value' is missing", {0}},
        {HEAD "install_limit\n", "setting 'install_limit': spec: 'value' is missing", {0}},
        {HEAD "kernel_arguments\nspec: {value: 'a\"b'}", "setting 'kernel_arguments': spec: 'value' holds a character that could not stand in a boot script", {0}},
        {HEAD "kernel_arguments\nspec: {value: 7}", "setting 'kernel_arguments': spec: 'value' must be a text: put it in quotes", {0}},
        {HEAD "install_limit\nspec: {valeu: 1}", "setting 'install_limit': spec: 'valeu' is not understood: value is", {0}},
        {HEAD "nothing\nspec: {value: 1}", "setting: 'name' is no name: install_limit, link_mbit, install_mbit or kernel_arguments, at most 63 of them", {0}},
};
/* clang-format on */

static void test_settings(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _doc_ struct doc *document = NULL;
                char error[DOC_ERROR_SIZE] = "";
                struct setting setting = {0};
                int rc;

                assert_int_equal(doc_parse_yaml(cases[i].yaml, strlen(cases[i].yaml),
                                                &doc_limits_message, NULL, &document),
                                 0);
                rc = setting_decode(document, error, &setting);
                assert_string_equal(error, cases[i].error ? cases[i].error : "");
                assert_int_equal(rc, cases[i].error ? -EBADMSG : 0);
                assert_int_equal(setting.id, cases[i].setting.id);
                assert_int_equal(setting.number, cases[i].setting.number);
                assert_string_equal(setting.text, cases[i].setting.text);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_settings)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
