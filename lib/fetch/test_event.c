/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fetch/event.h"

static int note(void *context, const char *id, const char *name, const char *data)
{
        buffer_format(context, "[%s|%s|%s]", id, name, data);
        return strcmp(data, "stop") == 0 ? 42 : 0;
}

static int parse(const char *text, size_t piece, struct buffer *seen)
{
        size_t len = strlen(text);
        struct event_parser parser;
        int rc = 0;

        event_parser_init(&parser);
        for (size_t at = 0; at < len && rc == 0; at += piece) {
                size_t size = len - at < piece ? len - at : piece;

                rc = event_parser_add(&parser, text + at, size, note, seen);
        }
        event_parser_done(&parser);
        return rc;
}

static void test_events(void **state)
{
        static const struct {
                const char *text;
                const char *seen;
        } rows[] = {
                {"data: a\n\n",                             "[||a]"          },
                {"id: 1\nevent: made\ndata: a\ndata:b\n\n", "[1|made|a\nb]"  },
                {"id: 1\r\ndata: a\r\n\r\ndata: b\r\n\r\n", "[1||a][1||b]"   },
                {"id: 1\rdata: a\r\rdata: b\r\r",           "[1||a][1||b]"   },
                {":comment\n\n:\n\ndata:  two blanks\n\n",  "[|| two blanks]"},
                {"event: lost\n\ndata\n\n",                 "[||]"           },
                {"\xef\xbb\xbf"
                 "data: a\n\n",            "[||a]"          },
                {"data: unfinished\n",                      ""               },
                {"unknown: x\nretry: 5\ndata: a\n\n",       "[||a]"          },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                for (size_t piece = 1; piece < 20; piece++) {
                        _buffer_ struct buffer seen = {0};

                        assert_int_equal(parse(rows[i].text, piece, &seen), 0);
                        assert_string_equal(seen.bytes ? seen.bytes : "", rows[i].seen);
                }
        }
}

static void test_stop(void **state)
{
        _buffer_ struct buffer seen = {0};

        (void)state;
        assert_int_equal(parse("data: a\n\ndata: stop\n\ndata: b\n\n", 100, &seen), 42);
        assert_string_equal(seen.bytes, "[||a][||stop]");
}

static void test_limits(void **state)
{
        _buffer_ struct buffer seen = {0};
        char *text = malloc(EVENT_LINE_MAX + 2);

        (void)state;
        memset(text, 'd', EVENT_LINE_MAX + 1);
        text[EVENT_LINE_MAX + 1] = '\0';
        assert_int_equal(parse(text, 4096, &seen), -E2BIG);
        free(text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_events),
                cmocka_unit_test(test_stop),
                cmocka_unit_test(test_limits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
