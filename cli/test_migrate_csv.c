/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/migrate_lab.h"

#define MAC "52:54:00:01:00:01"

/* clang-format off */
static const struct lab_case cases[] = {
        {"", NULL, NULL, "1 wrong: it has no header"},
        {"name,ip\na,10.0.0.1\n", NULL, NULL, "1 wrong: the column 'mac' is missing"},
        {"mac,name\n" MAC ",a\n\n", NULL, NULL, NULL},
        {"\xef\xbb\xbfmac,ip,pass,x\r\n" MAC ",10.0.0.1,,\r\n", NULL,
         "[{\"mac\":\"" MAC "\",\"address\":\"10.0.0.1\"}]",
         "1 left behind: column 'pass': no password;1 left behind: column 'x' is not understood;"
         "2 wrong: the address 10.0.0.1 is in no network"},
        {"mac,name\n" MAC "\nx,y\n", NULL, NULL, "2 wrong: it has 1 columns, and the header 2;3 wrong: 'x' is no MAC"},
        {"mac,name\n\"" MAC "\"x,a\n", NULL, NULL, "2 wrong: the quotes do not fit"},
        {"mac,name\n" MAC ",\"a\n", NULL, NULL, "2 wrong: the quotes do not fit"},
        {"mac,bmc_address\n" MAC ",bmc-1\n", NULL, NULL, "2 wrong: 'bmc-1' is no address of a BMC"},
};
/* clang-format on */

/* Names and labels are rules; a line break in quotes belongs to its field. */
static void test_rules(void **state)
{
        static const char text[] = "mac,name,rack,label:who,bmc_address\n" MAC
                                   ",Db-1.x.org,a1,\"a,\"\"b\"\"\",10.9.0.1\n"
                                   "\"52-54-00-01-00-02\",,,\"two\nlines\",\n" MAC ",again,,,\n";
        static const char wanted[] =
                "[{\"kind\":\"rule\",\"name\":\"machine-52-54-00-01-00-01\",\"spec\":{\"priority\":"
                "1000,"
                "\"match\":\"mac='" MAC "'\",\"action\":\"hold\",\"names\":\"db-1\",\"labels\":{"
                "\"rack\":\"a1\",\"who\":\"a,\\\"b\\\"\",\"bmc_address\":\"10.9.0.1\"}}},"
                "{\"kind\":\"rule\",\"name\":\"machine-52-54-00-01-00-02\",\"spec\":{\"priority\":"
                "1000,"
                "\"match\":\"mac='52:54:00:01:00:02'\",\"action\":\"hold\",\"labels\":{"
                "\"who\":\"two\\nlines\"}}},"
                "{\"kind\":\"rule\",\"name\":\"machine-52-54-00-01-00-01\",\"spec\":{\"priority\":"
                "1000,"
                "\"match\":\"mac='" MAC "'\",\"action\":\"hold\",\"names\":\"again\"}}]";
        CLEANUP(migration_free) struct migration *m = migration_new(LAB_NOW);

        (void)state;
        assert_non_null(m);
        assert_int_equal(migrate_file_begin(m, "file"), 0);
        migrate_csv(m, text, sizeof(text) - 1);
        migrate_finish(m, NULL);
        lab_findings(m, "5 wrong: the MAC " MAC " is another machine's, too: line 2", text);
        lab_same(migrate_rules_doc(m), wanted, text);
}

static void test_cases(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                lab_run(migrate_csv, &cases[i]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
                cmocka_unit_test(test_rules),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
