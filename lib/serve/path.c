/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Path: what MHD would decode for us it decodes leniently: a broken escape is
 * taken as it stands, and %00 ends the text early. Here both are refused, once,
 * before any handler sees the path.
 */
#include "lib/serve/path.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "lib/base/reader.h"
#include "lib/base/text.h"
#include "lib/base/writer.h"

/* One byte of the text, decoded if it is an escape. */
static int take_byte(struct reader *r, bool is_query, char *ret)
{
        char hex[3] = "";
        uint8_t byte;
        int rc;

        rc = reader_u8(r, &byte);
        if (rc < 0)
                return rc;
        if (byte == '+' && is_query) {
                byte = ' ';
        } else if (byte == '%') {
                rc = reader_copy(r, hex, 2);
                if (rc < 0)
                        return rc;
                if (text_unhex(hex, &byte, 1) < 0)
                        return -EBADMSG;
        }
        if (byte < 0x20 || byte == 0x7f)
                return -EBADMSG;
        *ret = (char)byte;
        return 0;
}

/* Decodes all of @r into @w, with a NUL byte behind it. */
static int decode(struct reader r, bool is_query, struct writer *w, const char **ret)
{
        const char *start = (const char *)w->at;

        while (reader_left(&r) > 0) {
                char byte;
                int rc = take_byte(&r, is_query, &byte);

                if (rc < 0)
                        return rc;
                writer_bytes(w, &byte, 1);
        }
        writer_u8(w, 0);
        *ret = start;
        return 0;
}

/* What stands before the first of @marks, and, if @mark_found is set, moves past the mark. */
static struct reader split(struct reader *r, const char *marks)
{
        struct reader part;
        size_t len = 0;

        while (len < reader_left(r) && !strchr(marks, r->at[len]))
                len++;
        (void)reader_take(r, len, &part);
        (void)reader_skip(r, 1);
        return part;
}

static bool has_dot_segment(const char *path)
{
        while (*path == '/') {
                size_t len = strcspn(++path, "/");

                if ((len == 1 && path[0] == '.') || (len == 2 && !strncmp(path, "..", 2)))
                        return true;
                path += len;
        }
        return false;
}

static int parse_query(struct reader r, struct writer *w, struct path_target *target)
{
        while (reader_left(&r) > 0) {
                struct reader value = split(&r, "&");
                struct reader name;
                struct path_pair pair = {.value = ""};
                bool has_value;
                int rc;

                if (reader_left(&value) == 0)
                        continue;
                if (target->query_count == PATH_QUERY_MAX)
                        return -E2BIG;
                has_value = memchr(value.at, '=', reader_left(&value)) != NULL;
                name = split(&value, "=");
                rc = decode(name, true, w, &pair.name);
                if (rc == 0 && has_value)
                        rc = decode(value, true, w, &pair.value);
                if (rc < 0)
                        return rc;
                target->query[target->query_count++] = pair;
        }
        return 0;
}

/* The absolute form (RFC 9112 3.2.2): its path; @target itself when it is a path already. */
static const char *skip_origin(const char *target)
{
        static const char *const schemes[] = {"http://", "https://"};

        for (size_t i = 0; i < 2; i++) {
                size_t len = strlen(schemes[i]);

                if (!strncasecmp(target, schemes[i], len))
                        return target + len + strcspn(target + len, "/?");
        }
        return target;
}

int path_parse(const char *target, char *to, struct path_target *ret)
{
        struct writer w = writer_over(to, PATH_SPACE(strlen(target)));
        struct path_target parsed = {.query_count = 0};
        const char *text = skip_origin(target);
        struct reader r = reader_over(text, strlen(text));
        struct reader path = split(&r, "?");
        int rc;

        /* "http://host?query" has an empty path, which means "/". */
        if (text != target && reader_left(&path) == 0)
                path = reader_over("/", 1);
        rc = decode(path, false, &w, &parsed.path);
        if (rc < 0)
                return rc;
        if (parsed.path[0] != '/' || strchr(text, '#') || has_dot_segment(parsed.path))
                return -EBADMSG;
        rc = parse_query(r, &w, &parsed);
        if (rc < 0)
                return rc;
        if (w.is_overrun)
                return -EBADMSG;
        *ret = parsed;
        return 0;
}
