/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON (RFC 8259) in and out. Jansson builds the whole tree before anyone can
 * look at it: 20 bytes of "[[[[..." or "0,0,0,..." cost it hundreds. So a scan
 * that holds nothing but a few counters goes first, and what is above a limit
 * never reaches it.
 */

#include <string.h>

#include "lib/doc/tree.h"

struct scan {
        const char *at, *end;
        size_t depth, count;
        unsigned line, column;
        bool is_text;  /* inside quotes */
        bool is_fresh; /* right behind a bracket: a value, or the end of an empty list */
};

enum { SCAN_OK, SCAN_TOO_DEEP, SCAN_TOO_MANY };

static void scan_step(struct scan *s)
{
        if (*s->at == '\n') {
                s->line++;
                s->column = 1;
        } else if (((unsigned char)*s->at & 0xc0) != 0x80) {
                s->column++; /* characters, not bytes */
        }
        s->at++;
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int scan_byte(struct scan *s, char c, const struct doc_limits *limits)
{
        if (s->is_text) {
                if (c == '\\' && s->end - s->at > 1)
                        scan_step(s);
                s->is_text = c != '"';
                return SCAN_OK;
        }
        if (is_blank(c))
                return SCAN_OK;
        if (s->is_fresh && c != ']' && c != '}')
                s->count++;
        s->is_fresh = c == '[' || c == '{';
        s->is_text = c == '"';
        if (c == ',')
                s->count++;
        if (s->is_fresh)
                s->depth++;
        else if ((c == ']' || c == '}') && s->depth > 0)
                s->depth--;
        if (s->depth > limits->depth)
                return SCAN_TOO_DEEP;
        return s->count > limits->count ? SCAN_TOO_MANY : SCAN_OK;
}

/* Whether the text keeps the limits. It need not be JSON: that is found out later. */
static int check_limits(const char *text, size_t size, const struct doc_limits *limits, char *error)
{
        struct scan s = {.at = text, .end = text + size, .line = 1, .column = 1, .count = 1};

        if (size > limits->size)
                return tree_fail(error, -E2BIG, "%zu bytes; at most %zu are taken", size,
                                 limits->size);
        while (s.at < s.end) {
                switch (scan_byte(&s, *s.at, limits)) {
                case SCAN_TOO_DEEP:
                        return tree_fail(error, -E2BIG,
                                         "line %u, column %u: nested deeper than %zu", s.line,
                                         s.column, limits->depth);
                case SCAN_TOO_MANY:
                        return tree_fail(error, -E2BIG, "line %u, column %u: more than %zu values",
                                         s.line, s.column, limits->count);
                default:
                        scan_step(&s);
                }
        }
        return 0;
}

/* Our own words: jansson's quote what the stranger wrote. */
static const char *error_words(enum json_error_code code)
{
        static const struct {
                enum json_error_code code;
                const char *words;
        } rows[] = {
                {json_error_premature_end_of_input, "the text ends too early"               },
                {json_error_end_of_input_expected,  "something follows the end of the value"},
                {json_error_invalid_utf8,           "this is not UTF-8"                     },
                {json_error_duplicate_key,          "a name is given twice"                 },
                {json_error_numeric_overflow,       "the number is too large"               },
                {json_error_null_character,         "a text holds a NUL character"          },
                {json_error_null_byte_in_key,       "a name holds a NUL character"          },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (rows[i].code == code)
                        return rows[i].words;
        return "this is not JSON";
}

int doc_parse(const char *text, size_t size, const struct doc_limits *limits, char *error,
              struct doc **ret)
{
        json_error_t why;
        json_t *json;
        int rc;

        rc = check_limits(text, size, limits, error);
        if (rc < 0)
                return rc;
        json = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
        if (json) {
                *ret = tree_doc(json);
                return 0;
        }
        if (json_error_code(&why) == json_error_out_of_memory)
                return tree_fail(error, -ENOMEM, "out of memory");
        return tree_fail(error, -EBADMSG, "line %d, column %d: %s", why.line > 0 ? why.line : 1,
                         why.column > 0 ? why.column : 1, error_words(json_error_code(&why)));
}

static int print_pretty(const json_t *json, char **ret)
{
        _free_ char *text = json_dumps(json, JSON_INDENT(2) | JSON_ENCODE_ANY);
        size_t size;
        char *line;

        if (!text)
                return -ENOMEM;
        size = strlen(text);
        line = realloc(text, size + 2);
        if (!line)
                return -ENOMEM;
        memcpy(line + size, "\n", 2);
        text = NULL;
        *ret = line;
        return 0;
}

int doc_print(const struct doc *value, enum doc_format format, char **ret)
{
        const json_t *json = tree_json(value);
        char *text;

        if (!json)
                return -EINVAL;
        switch (format) {
        case DOC_PRETTY:
                return print_pretty(json, ret);
        case DOC_YAML:
                return tree_print_yaml(json, ret);
        case DOC_COMPACT:
                text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
                if (!text)
                        return -ENOMEM;
                *ret = text;
                return 0;
        }
        return -EINVAL;
}
