/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Event: lines end with CR, LF or both; an empty one ends the event. */
#include "lib/fetch/event.h"

#include <errno.h>
#include <string.h>

#include "lib/base/reader.h"
#include "lib/base/text.h"

void event_parser_init(struct event_parser *p)
{
        *p = (struct event_parser){.line.limit = EVENT_LINE_MAX, .data.limit = EVENT_DATA_MAX};
}

void event_parser_done(struct event_parser *p)
{
        buffer_done(&p->line);
        buffer_done(&p->data);
}

static int end_event(struct event_parser *p, event_fn fn, void *context)
{
        int rc = 0;

        if (p->data.rc < 0)
                return p->data.rc;
        if (p->has_data)
                rc = fn(context, p->id, p->name, p->data.bytes ? p->data.bytes : "");
        p->has_data = false;
        p->name[0] = '\0';
        p->data.size = 0;
        return rc;
}

static void add_data(struct event_parser *p, const char *value)
{
        if (p->has_data)
                buffer_text(&p->data, "\n");
        buffer_text(&p->data, value);
        p->has_data = true;
}

static int end_line(struct event_parser *p, event_fn fn, void *context)
{
        char *line = p->line.bytes;
        char *value;

        if (p->line.rc < 0)
                return p->line.rc;
        if (p->line.size == 0)
                return end_event(p, fn, context);
        p->line.size = 0;

        value = strchr(line, ':');
        if (value) {
                *value++ = '\0';
                if (*value == ' ')
                        value++;
        } else {
                value = line + strlen(line);
        }
        /* An id or a name that is too long is nothing that we could ever give back. */
        if (!strcmp(line, "data"))
                add_data(p, value);
        else if (!strcmp(line, "event"))
                (void)text_copy(p->name, sizeof(p->name), value);
        else if (!strcmp(line, "id"))
                (void)text_copy(p->id, sizeof(p->id), value);
        return p->data.rc;
}

/* Where the line that starts at the reader ends: its length without the end. */
static size_t line_length(const struct reader *r)
{
        size_t len = 0;

        while (len < reader_left(r) && r->at[len] != '\n' && r->at[len] != '\r')
                len++;
        return len;
}

/* At the very start, and only there (it may come in pieces, byte by byte). */
static void skip_mark(struct event_parser *p)
{
        static const char mark[] = "\xef\xbb\xbf";
        size_t len = strlen(mark);

        if (!p->is_started && p->line.size >= len && !memcmp(p->line.bytes, mark, len)) {
                memmove(p->line.bytes, p->line.bytes + len, p->line.size - len + 1);
                p->line.size -= len;
        }
        p->is_started = true;
}

int event_parser_add(struct event_parser *p, const void *bytes, size_t size, event_fn fn,
                     void *context)
{
        struct reader r = reader_over(bytes, size);

        while (reader_left(&r) > 0) {
                struct reader line;
                uint8_t end;
                int rc;

                if (p->is_after_cr && *r.at == '\n')
                        (void)reader_skip(&r, 1);
                p->is_after_cr = false;
                (void)reader_take(&r, line_length(&r), &line);
                buffer_add(&p->line, line.at, reader_left(&line));
                if (p->line.rc < 0)
                        return p->line.rc;
                if (reader_u8(&r, &end) < 0)
                        break;
                p->is_after_cr = end == '\r';
                skip_mark(p);
                rc = end_line(p, fn, context);
                if (rc != 0)
                        return rc;
        }
        return 0;
}
