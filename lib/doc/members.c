/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One walk over the bytes. At each object the names that are still wanted are those whose first
 * part led here; a member that one of them names whole is copied as it stands.
 */
#include "lib/doc/members.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/reader.h"
#include "lib/base/text.h"

struct members {
        char text[MEMBERS_SIZE_MAX];
        size_t count;
        const char *names[MEMBERS_MAX]; /* in @text */
};

/* What is wanted of one value: the rest of each name. */
struct wish {
        size_t count;
        const char *rests[MEMBERS_MAX];
};

struct walk {
        struct reader in;
        struct buffer *to;
        unsigned depth;
};

int members_parse(const char *text, char *error, struct members **ret)
{
        static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789._-/";
        CLEANUP(members_free) struct members *members = calloc(1, sizeof(*members));
        char *at, *name;

        if (!members)
                return -ENOMEM;
        if (text_copy(members->text, sizeof(members->text), text) < 0) {
                snprintf(error, DOC_ERROR_SIZE, "fields: at most %d bytes", MEMBERS_SIZE_MAX - 1);
                return -E2BIG;
        }
        at = members->text;
        while ((name = strsep(&at, ",")) != NULL) {
                if (members->count == MEMBERS_MAX) {
                        snprintf(error, DOC_ERROR_SIZE, "fields: at most %d names", MEMBERS_MAX);
                        return -E2BIG;
                }
                if (!*name || strspn(name, alphabet) != strlen(name)) {
                        snprintf(error, DOC_ERROR_SIZE,
                                 "fields: names with commas between them, as name,status.phase,"
                                 "labels.rack");
                        return -EBADMSG;
                }
                members->names[members->count++] = name;
        }
        *ret = TAKE_PTR(members);
        return 0;
}

struct members *members_free(struct members *members)
{
        free(members);
        return NULL;
}

/* The next byte that is no blank; stays there. -EBADMSG at the end. */
static int peek(struct walk *w)
{
        while (reader_left(&w->in) > 0) {
                const uint8_t byte = *w->in.at;

                if (byte != ' ' && byte != '\t' && byte != '\r' && byte != '\n')
                        return byte;
                (void)reader_skip(&w->in, 1);
        }
        return -EBADMSG;
}

static int expect(struct walk *w, char mark)
{
        return peek(w) == mark ? reader_skip(&w->in, 1) : -EBADMSG;
}

/* True, and past it: @mark comes next. */
static bool comes(struct walk *w, char mark)
{
        return expect(w, mark) == 0;
}

/* What stands between two places of the text. */
static void add_span(struct walk *w, const uint8_t *from, const uint8_t *to)
{
        buffer_add(w->to, from, (size_t)(to - from));
}

/* @ret: the bytes between the quotes, as they are. */
static int take_text(struct walk *w, struct reader *ret)
{
        struct reader start;
        uint8_t byte = 0;
        int rc;

        rc = expect(w, '"');
        start = w->in;
        while (rc == 0) {
                rc = reader_u8(&w->in, &byte);
                if (rc == 0 && byte == '"')
                        break;
                if (rc == 0 && byte == '\\')
                        rc = reader_skip(&w->in, 1);
        }
        if (rc == 0)
                *ret = reader_over(start.at, (size_t)(w->in.at - start.at) - 1);
        return rc;
}

/* Number, true, false, null: up to what ends them. */
static int skip_word(struct walk *w)
{
        static const char ends[] = ",:]}[{\" \t\r\n"; /* and the NUL: no word has one */
        size_t len = 0;

        while (len < reader_left(&w->in) && !memchr(ends, w->in.at[len], sizeof(ends)))
                len++;
        return len > 0 ? reader_skip(&w->in, len) : -EBADMSG;
}

/* Past a value, whatever is in it. Brackets are counted, not compared. */
static int skip_value(struct walk *w)
{
        struct reader text = reader_over("", 0);
        size_t depth = 0;
        int rc = 0, next;

        do {
                next = peek(w);
                if (next < 0)
                        return next;
                if (next == '"')
                        rc = take_text(w, &text);
                else if (next == '{' || next == '[' || (depth > 0 && next && strchr(",:}]", next)))
                        rc = reader_skip(&w->in, 1);
                else
                        rc = skip_word(w);
                if (next == '{' || next == '[')
                        depth++;
                else if (depth > 0 && (next == '}' || next == ']'))
                        depth--;
        } while (rc == 0 && depth > 0);
        return rc;
}

/* What of @wish is meant for the member @name. True: all of it. */
static bool narrow(const struct wish *wish, struct reader name, struct wish *ret)
{
        const size_t len = reader_left(&name);

        ret->count = 0;
        for (size_t i = 0; i < wish->count; i++) {
                const char *rest = wish->rests[i];

                if (len == 0 || strncmp(rest, (const char *)name.at, len) != 0)
                        continue;
                if (rest[len] == '\0')
                        return true;
                if (rest[len] == '.')
                        ret->rests[ret->count++] = rest + len + 1;
        }
        return false;
}

static int pick_value(struct walk *w, const struct wish *wish, bool *ret_any);

/* One member. What was added for nothing is taken back. */
static int pick_member(struct walk *w, const struct wish *wish, bool *any)
{
        const size_t before = w->to->size;
        struct wish narrowed;
        struct reader name = reader_over("", 0);
        bool is_whole, is_any = false;
        const uint8_t *from;
        int rc;

        rc = peek(w);
        from = w->in.at;
        if (rc >= 0)
                rc = take_text(w, &name);
        if (rc < 0)
                return rc;
        is_whole = narrow(wish, name, &narrowed);
        if (is_whole || narrowed.count > 0) {
                buffer_text(w->to, *any ? "," : "");
                add_span(w, from, w->in.at);
                buffer_text(w->to, ":");
        }
        rc = expect(w, ':');
        if (rc == 0)
                rc = peek(w);
        from = w->in.at;
        if (rc >= 0 && !is_whole && narrowed.count > 0)
                rc = pick_value(w, &narrowed, &is_any);
        else if (rc >= 0)
                rc = skip_value(w);
        if (rc == 0 && is_whole)
                add_span(w, from, w->in.at);
        if (!is_whole && !is_any && w->to->rc == 0)
                w->to->size = before;
        *any |= is_whole || is_any;
        return rc;
}

static int pick_object(struct walk *w, const struct wish *wish, bool *ret_any)
{
        int rc = expect(w, '{');
        bool is_any = false;

        buffer_text(w->to, "{");
        if (rc == 0 && !comes(w, '}')) {
                do {
                        rc = pick_member(w, wish, &is_any);
                } while (rc == 0 && comes(w, ','));
                if (rc == 0)
                        rc = expect(w, '}');
        }
        buffer_text(w->to, "}");
        *ret_any |= is_any;
        return rc;
}

/* Of each element; those that have no members are left out. */
static int pick_list(struct walk *w, const struct wish *wish, bool *ret_any)
{
        bool is_first = true;
        int rc = expect(w, '['), next;

        buffer_text(w->to, "[");
        if (rc == 0 && !comes(w, ']')) {
                do {
                        next = peek(w);
                        if (next != '{' && next != '[') {
                                rc = skip_value(w);
                                continue;
                        }
                        buffer_text(w->to, is_first ? "" : ",");
                        is_first = false;
                        rc = pick_value(w, wish, ret_any);
                } while (rc == 0 && comes(w, ','));
                if (rc == 0)
                        rc = expect(w, ']');
        }
        buffer_text(w->to, "]");
        return rc;
}

/* @ret_any: set, if something was wanted of it. */
/* NOLINTNEXTLINE(misc-no-recursion): MEMBERS_DEPTH */
static int pick_value(struct walk *w, const struct wish *wish, bool *ret_any)
{
        int rc;

        if (w->depth == MEMBERS_DEPTH)
                return -E2BIG;
        w->depth++;
        switch (peek(w)) {
        case '{':
                rc = pick_object(w, wish, ret_any);
                break;
        case '[':
                rc = pick_list(w, wish, ret_any);
                break;
        default:
                rc = skip_value(w);
        }
        w->depth--;
        return rc;
}

static bool is_called(struct reader name, const char *list)
{
        const size_t len = strlen(list);

        return len > 0 && reader_left(&name) == len && memcmp(name.at, list, len) == 0;
}

/* The members of the text itself: all but @list as they are. */
static int pick_listed(struct walk *w, const char *list, const struct wish *wish)
{
        struct reader name = reader_over("", 0);
        const uint8_t *from = NULL;
        bool is_any = false;
        int rc = expect(w, '{'), next;

        buffer_text(w->to, "{");
        do {
                if (rc == 0 && peek(w) >= 0)
                        from = w->in.at;
                if (rc == 0)
                        rc = take_text(w, &name);
                if (rc == 0)
                        rc = expect(w, ':');
                if (rc < 0)
                        return rc;
                next = peek(w);
                if (next == '[' && is_called(name, list)) {
                        add_span(w, from, w->in.at);
                        rc = pick_list(w, wish, &is_any);
                } else {
                        rc = skip_value(w);
                        add_span(w, from, w->in.at);
                }
                if (rc == 0 && peek(w) == ',')
                        buffer_text(w->to, ",");
        } while (rc == 0 && comes(w, ','));
        buffer_text(w->to, "}");
        return rc < 0 ? rc : expect(w, '}');
}

/* Whether the text is an object that has @list, a list. */
static bool has_list(const char *list, const char *text, size_t size)
{
        struct walk w = {.in = reader_over(text, size)};
        struct reader name = reader_over("", 0);
        int rc = expect(&w, '{');

        while (rc == 0) {
                rc = take_text(&w, &name);
                if (rc == 0)
                        rc = expect(&w, ':');
                if (rc == 0 && is_called(name, list))
                        return peek(&w) == '[';
                if (rc == 0)
                        rc = skip_value(&w);
                if (rc == 0)
                        rc = expect(&w, ',');
        }
        return false;
}

int members_pick(const struct members *members, const char *list, const char *text, size_t size,
                 struct buffer *to)
{
        struct walk w = {.in = reader_over(text, size), .to = to};
        struct wish wish = {.count = members->count};
        bool is_any = false;
        int rc;

        memcpy(wish.rests, members->names, members->count * sizeof(wish.rests[0]));
        if (list && has_list(list, text, size))
                rc = pick_listed(&w, list, &wish);
        else
                rc = pick_value(&w, &wish, &is_any);
        if (rc == 0 && peek(&w) >= 0)
                rc = -EBADMSG;
        return rc < 0 ? rc : to->rc;
}
