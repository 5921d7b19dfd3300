/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * docs/inventory.md has a table of all fields between two marks, made from the
 * schema: here it is compared, and with CLOUDIE_WRITE_DOCS=1 written anew.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "discover/probe.h"
#include "lib/base/buffer.h"
#include "lib/base/file.h"

static const char begin_mark[] = "<!-- fields: from the schema -->\n";
static const char end_mark[] = "<!-- fields: end -->\n";

static const char *kind_of(const struct doc *schema)
{
        const char *type = doc_get_text(schema, "type"), *of = doc_get_text(schema, "items.type");

        if (strcmp(type, "string") == 0)
                return "text";
        if (strcmp(type, "integer") == 0)
                return "number";
        if (strcmp(type, "boolean") == 0)
                return "truth";
        if (strcmp(type, "object") == 0)
                return doc_get(schema, "properties") ? "object" : "names with texts";
        return strcmp(of, "object") == 0    ? "list"
               : strcmp(of, "integer") == 0 ? "numbers"
                                            : "texts";
}

static void add_rows(struct buffer *b, const struct doc *schema, const char *prefix)
{
        const struct doc *properties = doc_get(schema, "properties");
        struct doc *field;
        const char *name;

        for (size_t at = 0; doc_next(properties, &at, &name, &field) > 0;) {
                char path[200];

                if (strcmp(name, "errors") == 0) /* every section has them */
                        continue;
                snprintf(path, sizeof(path), "%s%s", prefix, name);
                buffer_format(b, "| `%s` | %s | %s |\n", path, kind_of(field),
                              doc_get_text(field, "description"));
                snprintf(path, sizeof(path), "%s%s%s", prefix, name,
                         doc_get(field, "items") ? "[]." : ".");
                add_rows(b, doc_get(field, "items") ? doc_get(field, "items") : field, path);
        }
}

static void add_sections(struct buffer *b)
{
        _doc_ struct doc *schema = inventory_schema();

        for (size_t i = 0; i < probe_count; i++) {
                const struct doc *section = doc_get(doc_get(schema, "properties"), probes[i].name);
                const int first = toupper((unsigned char)probes[i].help[0]);

                buffer_format(b,
                              "\n### %s\n\n%c%s.\n\n| field | kind | what it is |\n|---|---|---|\n",
                              probes[i].name, first, probes[i].help + 1);
                add_rows(b, section, "");
        }
        buffer_text(b, "\n");
}

static void test_the_table_is_the_schema(void **state)
{
        const char *source = getenv("CLOUDIE_SOURCE"), *start, *end;
        _buffer_ struct buffer table = {0}, whole = {0};
        _free_ char *text = NULL, *want = NULL;
        char path[600];

        (void)state;
        snprintf(path, sizeof(path), "%s/docs/inventory.md", source ? source : ".");
        assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &text, NULL), 0);
        start = strstr(text, begin_mark);
        end = strstr(text, end_mark);
        if (!start || !end || start > end) {
                fail_msg("%s has no place for the fields", path);
                return;
        }
        start += strlen(begin_mark);
        add_sections(&table);
        if (buffer_take(&table, &want) < 0) {
                fail_msg("no memory");
                return;
        }
        if (strncmp(start, want, strlen(want)) == 0 && start + strlen(want) == end)
                return;
        if (!getenv("CLOUDIE_WRITE_DOCS"))
                fail_msg("%s is not as the schema: run this test with CLOUDIE_WRITE_DOCS=1", path);
        buffer_add(&whole, text, (size_t)(start - text));
        buffer_text(&whole, want);
        buffer_text(&whole, end);
        assert_int_equal(file_replace(path, whole.bytes, whole.size, 0644), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_table_is_the_schema),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
