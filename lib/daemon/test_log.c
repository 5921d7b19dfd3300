/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/daemon/log.h"

/* A socket of packets in place of stderr: one write(2) is one packet. */
static int packets[2], stderr_kept;

static void catch_begin(void)
{
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets), 0);
        stderr_kept = dup(STDERR_FILENO);
        dup2(packets[1], STDERR_FILENO);
}

/* The packet that was written, or "". */
static void catch_end(char *to, size_t size)
{
        ssize_t n = recv(packets[0], to, size - 1, MSG_DONTWAIT);

        to[n > 0 ? n : 0] = '\0';
        dup2(stderr_kept, STDERR_FILENO);
        close(stderr_kept);
        close(packets[0]);
        close(packets[1]);
}

static void test_one_line_one_write(void **state)
{
        char line[256];

        (void)state;
        catch_begin();
        errno = ENOENT;
        log_info("lease.ack", "mac=%s reason=%s", "52:54:00:77:00:01", QUOTE("known, same"));
        assert_int_equal(errno, ENOENT);
        catch_end(line, sizeof(line));
        assert_string_equal(line, "level=info event=lease.ack mac=52:54:00:77:00:01 "
                                  "reason=\"known, same\"\n");
}

static void test_no_fields(void **state)
{
        char line[64];

        (void)state;
        catch_begin();
        log_error("stop", "%s", "");
        catch_end(line, sizeof(line));
        assert_string_equal(line, "level=error event=stop\n");
}

static void test_levels(void **state)
{
        char line[64];

        (void)state;
        catch_begin();
        log_debug("quiet", "n=%d", 1);
        log_set_level(LOG_DEBUG);
        log_debug("loud", "n=%d", 2);
        log_set_level(LOG_INFO);
        catch_end(line, sizeof(line));
        assert_string_equal(line, "level=debug event=loud n=2\n");
}

/* What somebody forgot to quote begins no line of its own. */
static void test_forged_line(void **state)
{
        char line[128];

        (void)state;
        catch_begin();
        log_warning("odd", "name=%s", "x\nlevel=info event=forged\x1b[31m");
        catch_end(line, sizeof(line));
        assert_string_equal(line, "level=warning event=odd name=x?level=info event=forged?[31m\n");
}

static void test_long_line_is_cut(void **state)
{
        static char text[9000], line[9000];

        (void)state;
        memset(text, 'a', sizeof(text) - 1);
        catch_begin();
        log_info("long", "text=%s", text);
        catch_end(line, sizeof(line));
        assert_int_equal(strlen(line), 4096);
        assert_string_equal(line + 4094, "a\n");
}

static void test_quote(void **state)
{
        static const struct {
                const char *text, *quoted;
        } rows[] = {
                {"plain-1.2/x:y", "plain-1.2/x:y"  },
                {"",              "\"\""           },
                {NULL,            "\"\""           },
                {"two words",     "\"two words\""  },
                {"a=b",           "\"a=b\""        },
                {"a\"b",          "\"a\\x22b\""    },
                {"a\\b",          "\"a\\x5cb\""    },
                {"a\nb",          "\"a\\x0ab\""    },
                {"caf\xc3\xa9",   "\"caf\xc3\xa9\""},
                {"\xff",          "\"\\xff\""      },
        };
        char big[1000], quoted[LOG_QUOTE_SIZE];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_string_equal(log_quote(quoted, rows[i].text), rows[i].quoted);
        memset(big, 'a', sizeof(big));
        big[999] = '\0';
        assert_int_equal(strlen(log_quote(quoted, big)), LOG_QUOTE_SIZE - 1);
        memset(big, '\n', sizeof(big) - 1);
        log_quote(quoted, big);
        assert_true(strlen(quoted) < LOG_QUOTE_SIZE);
        assert_true(quoted[strlen(quoted) - 1] == '"');
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_line_one_write),
                cmocka_unit_test(test_no_fields),
                cmocka_unit_test(test_levels),
                cmocka_unit_test(test_forged_line),
                cmocka_unit_test(test_long_line_is_cut),
                cmocka_unit_test(test_quote),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
