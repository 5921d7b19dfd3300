/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/node/inventory_form.h"

/* clang-format off */
static const struct {
        const char *inventory, *want;
} cases[] = {
        {"{\"took_ms\":7,\"schema\":1}", "{\"schema\":1}"},
        {"{\"b\":1,\"a\":{\"d\":2,\"c\":[{\"f\":1,\"e\":2}]}}", "{\"a\":{\"c\":[{\"e\":2,\"f\":1}],\"d\":2},\"b\":1}"},
        {"{\"disks\":{\"items\":[{\"health\":{\"temperature_c\":31,\"passed\":true}},{\"health\":3},4]}}",
         "{\"disks\":{\"items\":[{\"health\":{\"passed\":true}},{\"health\":3},4]}}"},
        {"{\"raid\":{\"controllers\":[{\"drives\":[{\"media_errors\":1,\"slot\":2}]}]}}",
         "{\"raid\":{\"controllers\":[{\"drives\":[{\"slot\":2}]}]}}"},
        {"{\"raid\":{\"controllers\":[{\"battery\":{\"good\":true,\"state\":\"charging\",\"millivolts\":3}}]}}",
         "{\"raid\":{\"controllers\":[{\"battery\":{\"good\":true}}]}}"},
        {"{\"kernel\":{\"command_line\":[\"cloudie.boot=1\"],\"version\":\"6\"}}", "{\"kernel\":{\"version\":\"6\"}}"},
        {"{\"memory\":{\"total\":5,\"installed\":8}}", "{\"memory\":{\"installed\":8}}"},
        {"{\"disks\":[1],\"memory\":2,\"nics\":{\"items\":{}},\"x.y\":{\"a.b\":1}}",
         "{\"disks\":[1],\"memory\":2,\"nics\":{\"items\":{}},\"x.y\":{\"a.b\":1}}"},
        {"[]", "[]"},
        {"3", "3"},
};
/* clang-format on */

static void test_what_lasts(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _doc_ struct doc *inventory = NULL, *lasting = NULL;
                _free_ char *text = NULL;
                const char *from = cases[i].inventory;

                assert_int_equal(
                        doc_parse(from, strlen(from), &doc_limits_message, NULL, &inventory), 0);
                lasting = inventory_lasting(inventory);
                assert_int_equal(doc_print(lasting, DOC_COMPACT, &text), 0);
                assert_string_equal(text, cases[i].want);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_lasts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
