/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/buffer.h"
#include "lib/doc/diff.h"

/* clang-format off */
static const struct {
        const char *before, *after, *said;
} cases[] = {
        {"{\"a\":1}", "{\"a\":1}", ""},
        {"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", ""},
        {"{\"a\":1}", "{\"a\":2}", "a: 1 -> 2\n"},
        {"{\"a\":1}", "{\"a\":\"1\"}", "a: 1 -> \"1\"\n"},
        {"{\"a\":{\"b\":{\"c\":true}}}", "{\"a\":{\"b\":{\"c\":false,\"d\":[]}}}", "a.b.c: true -> false\na.b.d: - -> []\n"},
        {"{\"a\":{\"b\":1}}", "{}", "a.b: 1 -> -\n"},
        {"{\"a.b\":1}", "{\"a.b\":2}", "a.b: 1 -> 2\n"},
        {"{\"l\":[1,2,3]}", "{\"l\":[0,1,2,3]}", "l[0]: - -> 0\n"},
        {"{\"l\":[1,2,3]}", "{\"l\":[1,3]}", "l[1]: 2 -> -\n"},
        {"{\"l\":[1,2,3]}", "{\"l\":[1,9,8,3]}", "l[1]: 2 -> 9\nl[2]: - -> 8\n"},
        {"{\"s\":[{\"image\":\"a\"},{\"grow\":\"root\"}]}", "{\"s\":[{\"image\":\"b\"},{\"grow\":\"root\"}]}", "s[0].image: \"a\" -> \"b\"\n"},
        {"{\"l\":[1,1]}", "{\"l\":[1,1,1]}", "l[2]: - -> 1\n"},
        {"{\"a\":[1]}", "{\"a\":{\"x\":1}}", "a: [1] -> {\"x\":1}\n"},
        {"[]", "{}", ": [] -> {}\n"},
        {"{}", "{\"s\":[{\"image\":\"a\"},{}]}", "s[0].image: - -> \"a\"\ns[1]: - -> {}\n"},
        {"{\"a\":{}}", "{\"a\":{\"b\":1}}", "a.b: - -> 1\n"},
};
/* clang-format on */

static void add(struct buffer *to, const struct doc *value)
{
        _free_ char *text = NULL;

        if (!value) {
                buffer_text(to, "-");
                return;
        }
        /* A leaf alone is no JSON text for the printer: in a list it is one. */
        {
                _doc_ struct doc *list = doc_list();

                assert_int_equal(doc_append(list, doc_copy(value)), 0);
                assert_int_equal(doc_print(list, DOC_COMPACT, &text), 0);
                buffer_add(to, text + 1, strlen(text) - 2);
        }
}

static int tell(void *context, const char *path, const struct doc *before, const struct doc *after)
{
        struct buffer *to = context;

        buffer_format(to, "%s: ", path);
        add(to, before);
        buffer_text(to, " -> ");
        add(to, after);
        buffer_text(to, "\n");
        return 0;
}

static struct doc *parse(const char *text)
{
        struct doc *value = NULL;

        assert_int_equal(doc_parse(text, strlen(text), &doc_limits_message, NULL, &value), 0);
        return value;
}

static void test_cases(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _doc_ struct doc *before = parse(cases[i].before), *after = parse(cases[i].after);
                _buffer_ struct buffer said = {0};

                assert_int_equal(doc_diff(before, after, tell, &said), 0);
                assert_string_equal(said.bytes ? said.bytes : "", cases[i].said);
                assert_int_equal(doc_is_same(before, after), !cases[i].said[0]);
        }
}

static int stop(void *context, const char *path, const struct doc *before, const struct doc *after)
{
        (void)path, (void)before, (void)after;
        return ++*(int *)context == 2 ? -EINTR : 0;
}

static void test_end(void **state)
{
        _doc_ struct doc *before = parse("{\"a\":1,\"b\":1,\"c\":1}"), *after = parse("{}");
        int count = 0;

        (void)state;
        assert_int_equal(doc_diff(before, after, stop, &count), -EINTR);
        assert_int_equal(count, 2);
        assert_int_equal(doc_diff(NULL, NULL, stop, &count), 0);
        assert_true(doc_is_same(NULL, NULL));
        assert_false(doc_is_same(NULL, after));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
                cmocka_unit_test(test_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
