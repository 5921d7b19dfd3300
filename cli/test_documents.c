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

#include "cli/documents.h"

/* @parts: NULL-ended */
static void check_parts(const char *text, const char *const *parts, const size_t *lines)
{
        const size_t size = strlen(text);
        struct document_part part = {0};
        size_t at = 0;

        for (; *parts; parts++, lines++) {
                assert_int_equal(document_next(text, size, &at, &part), 1);
                assert_int_equal(part.size, strlen(*parts));
                assert_memory_equal(part.text, *parts, part.size);
                assert_int_equal(part.line, *lines);
        }
        assert_int_equal(document_next(text, size, &at, &part), 0);
        assert_int_equal(at, size);
}

/* clang-format off */
static void test_splitting(void **state)
{
        static const struct {
                const char *text;
                const char *parts[4];
                size_t lines[4];
        } cases[] = {
                {"",                          {NULL},                      {0}   },
                {"\n \t\n# nothing\n---\n---\n", {NULL},                      {0}   },
                {"a: 1",                      {"a: 1"},                    {1}   },
                {"a: 1\n",                    {"a: 1\n"},                  {1}   },
                {"---\na: 1\n",               {"a: 1\n"},                  {2}   },
                {"a: 1\n---\nb: 2\n",         {"a: 1\n", "b: 2\n"},        {1, 3}},
                {"a: 1\n---",                 {"a: 1\n"},                  {1}   },
                {"a: 1\n--- # next\r\nb: 2",  {"a: 1\n", "b: 2"},          {1, 3}},
                {"a: 1\n---\n# b\n---\nc: 3", {"a: 1\n", "c: 3"},          {1, 5}},
                {"# about\na: 1\n---\nb: 2\n# end\n",
                 {"# about\na: 1\n", "b: 2\n# end\n"},                    {1, 4}},
                {"a: |\n  ---\nb: 2",         {"a: |\n  ---\nb: 2"},       {1}   },
                {"---a\n",                    {"---a\n"},                  {1}   },
                {"a\n----\nb\n",              {"a\n----\nb\n"},            {1}   },
                {"a\n--- b\n",                {"a\n--- b\n"},              {1}   },
                {"{\"a\": 1}\n---\n{\"b\": 2}", {"{\"a\": 1}\n", "{\"b\": 2}"},  {1, 3}},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                check_parts(cases[i].text, cases[i].parts, cases[i].lines);
}
/* clang-format on */

static void check(const char *text, int rc, const char *kind)
{
        const struct document_part part = {text, strlen(text), 1};
        char error[DOC_ERROR_SIZE] = "";
        struct doc *document = NULL;

        assert_int_equal(document_parse(&part, error, &document), rc);
        assert_int_equal(error[0] != '\0', rc < 0);
        if (rc == 0)
                assert_string_equal(doc_get_text(document, "kind"), kind);
        doc_free(document);
}

static void test_both_forms_are_read(void **state)
{
        (void)state;
        check("kind: profile\n", 0, "profile");
        check("{kind: profile}", 0, "profile");
        check("{\n\t\"kind\": \"profile\"\n}", 0, "profile");
        check("kind: [", -EBADMSG, NULL);
        check("kind: a\nkind: b\n", -EBADMSG, NULL);
        check("a: &x 1\nkind: *x\n", -EBADMSG, NULL);
}

static void test_a_line_is_one_of_the_whole_text(void **state)
{
        static const char text[] = "a: 1\n---\nb: 2\nb: 3\n";
        struct document_part part = {0};
        char error[DOC_ERROR_SIZE] = "";
        struct doc *document = NULL;
        size_t at = 0;

        (void)state;
        assert_int_equal(document_next(text, strlen(text), &at, &part), 1);
        assert_int_equal(document_next(text, strlen(text), &at, &part), 1);
        assert_int_equal(document_parse(&part, error, &document), -EBADMSG);
        if (!strstr(error, "line 4"))
                fail_msg("%s", error);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_splitting),
                cmocka_unit_test(test_both_forms_are_read),
                cmocka_unit_test(test_a_line_is_one_of_the_whole_text),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
