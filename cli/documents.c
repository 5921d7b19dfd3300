/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A line of three dashes at its very beginning is a mark wherever it stands, also
 * inside a quoted or a block scalar (YAML 1.2.2 9.1.2): so cutting there needs no
 * knowledge of what stands between.
 */
#include "cli/documents.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

static size_t line_length(const char *text, size_t size)
{
        const char *end = memchr(text, '\n', size);

        return end ? (size_t)(end - text) + 1 : size;
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Nothing, or a comment. */
static bool says_nothing(const char *line, size_t size)
{
        size_t i = 0;

        while (i < size && is_blank(line[i]))
                i++;
        return i == size || line[i] == '#';
}

static bool is_mark(const char *line, size_t size)
{
        return size >= 3 && memcmp(line, "---", 3) == 0 && (size == 3 || is_blank(line[3])) &&
               says_nothing(line + 3, size - 3);
}

static size_t count_lines(const char *text, size_t size)
{
        size_t count = 0;

        for (size_t at = 0; at < size; at += line_length(text + at, size - at))
                count++;
        return count;
}

/* From the part before on: a text of many documents is counted once. */
static size_t line_of(const char *text, size_t start, const struct document_part *before)
{
        const size_t from = before->text ? (size_t)(before->text - text) : 0;

        return (before->text ? before->line : 1) + count_lines(text + from, start - from);
}

int document_next(const char *text, size_t size, size_t *at, struct document_part *ret)
{
        size_t start = *at;
        bool is_empty = true;

        while (*at < size) {
                const char *line = text + *at;
                const size_t length = line_length(line, size - *at);
                const size_t before = *at;

                *at += length;
                if (!is_mark(line, length)) {
                        is_empty = is_empty && says_nothing(line, length);
                        if (*at < size || is_empty)
                                continue;
                        ret->size = *at - start;
                } else if (is_empty) {
                        start = *at;
                        continue;
                } else {
                        ret->size = before - start;
                }
                ret->line = line_of(text, start, ret);
                ret->text = text + start;
                return 1;
        }
        return 0;
}

/* The sentence of a failure again, with the line of the whole text. */
static void count_from_the_top(const struct document_part *part, char *error)
{
        const size_t above = part->line - 1, size = above + part->size;
        _free_ char *text = malloc(size + 1);
        _doc_ struct doc *nothing = NULL;

        if (!text || size > doc_limits_message.size)
                return;
        memset(text, '\n', above);
        memcpy(text + above, part->text, part->size);
        (void)doc_parse_yaml(text, size, &doc_limits_message, error, &nothing);
}

int document_parse(const struct document_part *part, char *error, struct doc **ret)
{
        int rc;

        /* JSON may have tabs where YAML must not. */
        rc = doc_parse(part->text, part->size, &doc_limits_message, error, ret);
        if (rc != -EBADMSG)
                return rc;
        if (error)
                error[0] = '\0';
        rc = doc_parse_yaml(part->text, part->size, &doc_limits_message, error, ret);
        if (rc == -EBADMSG && error)
                count_from_the_top(part, error);
        return rc;
}
