/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/daemon/options.h"

static const char *config, *output, *node;
static bool is_check, is_quick;

static const struct option_row rows[] = {
        {"config",                       'c', "FILE",   "Read FILE",          &config, NULL     },
        {"check-config",                 0,   NULL,     "Only check it",      NULL,    &is_check},
        {NULL,                           'q', NULL,     "Be quick",           NULL,    &is_quick},
        {"output-of-a-rather-long-name", 'o', "FORMAT", "One of table, json", &output, NULL     },
        {NULL,                           0,   "NODE",   "Which machine",      &node,   NULL     },
        {NULL,                           0,   "MORE",   "Stands in the help", NULL,    NULL     },
};

static const struct program program = {
        .name = "cloudie-test",
        .summary = "Tests options.",
        .usage = "[options] NODE",
        .options = rows,
        .count = ARRAY_SIZE(rows),
};

static char said[4096]; /* what the last parse() wrote, to stdout or stderr */

static int parse(int out, char **argv, int *ret_rest)
{
        int argc = 0, rc, kept = dup(out);
        FILE *file = tmpfile();
        size_t n;

        config = output = node = NULL;
        is_check = is_quick = false;
        while (argv[argc])
                argc++;
        dup2(fileno(file), out);
        rc = options_parse(&program, argc, argv, ret_rest);
        fflush(out == STDOUT_FILENO ? stdout : stderr);
        dup2(kept, out);
        close(kept);
        rewind(file);
        n = fread(said, 1, sizeof(said) - 1, file);
        said[n] = '\0';
        fclose(file);
        return rc;
}
#define PARSE(out, ...) parse(out, (char *[]){(char[]){"prog"}, __VA_ARGS__, NULL}, &rest)
#define WORD(text)      ((char[]){text})

static void test_values(void **state)
{
        int rest;

        (void)state;
        assert_int_equal(PARSE(2, WORD("-c"), WORD("a"), WORD("lab-1"), WORD("--check-config"),
                               WORD("--config=b"), WORD("more")),
                         0);
        assert_string_equal(config, "b"); /* the last one said */
        assert_true(is_check);
        assert_false(is_quick);
        assert_string_equal(node, "lab-1");
        assert_int_equal(rest, 6); /* "more", which argv was reordered for */
        assert_int_equal(PARSE(2, WORD("-qox"), WORD("--"), WORD("--check-config")), 0);
        assert_true(is_quick);
        assert_string_equal(output, "x");
        assert_false(is_check);
        assert_string_equal(node, "--check-config");
        assert_int_equal(PARSE(2, WORD("-q")), 0);
        assert_null(node);
        assert_int_equal(rest, 2);
        assert_string_equal(said, "");
}

static void test_help(void **state)
{
        int rest;

        (void)state;
        assert_int_equal(PARSE(1, WORD("--help")), 1);
        assert_string_equal(said, "Usage: cloudie-test [options] NODE\n\nTests options.\n\n"
                                  "  -c, --config FILE       Read FILE\n"
                                  "      --check-config      Only check it\n"
                                  "  -q                      Be quick\n"
                                  "  -o, --output-of-a-rather-long-name FORMAT\n"
                                  "                          One of table, json\n"
                                  "  NODE                    Which machine\n"
                                  "  MORE                    Stands in the help\n"
                                  "      --help              Show this help\n"
                                  "      --version           Show the version\n");
        assert_int_equal(PARSE(1, WORD("--version")), 1);
        assert_string_equal(said, "cloudie-test " CLOUDIE_VERSION "\n");
}

static void test_wrong_usage(void **state)
{
        int rest;

        (void)state;
        assert_int_equal(PARSE(2, WORD("--nodse=3")), -EINVAL);
        assert_string_equal(said, "cloudie-test: option '--nodse=3' is not understood "
                                  "(see 'cloudie-test --help')\n");
        assert_int_equal(PARSE(2, WORD("-qx")), -EINVAL);
        assert_string_equal(said, "cloudie-test: option '-x' is not understood "
                                  "(see 'cloudie-test --help')\n");
        assert_int_equal(PARSE(2, WORD("-c")), -EINVAL);
        assert_string_equal(said, "cloudie-test: option '-c' needs a value "
                                  "(see 'cloudie-test --help')\n");
        assert_int_equal(PARSE(2, WORD("--config")), -EINVAL);
        assert_string_equal(said, "cloudie-test: option '--config' needs a value "
                                  "(see 'cloudie-test --help')\n");
        assert_int_equal(PARSE(2, WORD("--check-config=yes")), -EINVAL);
        assert_int_equal(PARSE(2, WORD("--c")), -EINVAL); /* config or check-config? */
}

static void test_status(void **state)
{
        (void)state;
        assert_int_equal(program_fail(&program, "%s", "a sentence on stderr"), 1);
        assert_int_equal(program_usage(&program, "%s", "another"), EXIT_USAGE);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_help),
                cmocka_unit_test(test_wrong_usage),
                cmocka_unit_test(test_status),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
