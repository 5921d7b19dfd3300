/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A line is put together first and written by one write(2), so that the lines
 * of two threads or of two processes with one stderr never mix. Time, host and
 * pid are journald's to add; in the ramdisk the console has none of them.
 */

#include "lib/daemon/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/text.h"

/* What journald and a pipe (PIPE_BUF) take in one piece; a longer line is cut. */
#define LINE_SIZE 4096

static const char *const level_names[LOG_LEVEL_COUNT] = {
        [LOG_ERROR] = "error",
        [LOG_WARNING] = "warning",
        [LOG_INFO] = "info",
        [LOG_DEBUG] = "debug",
};

static atomic_int level_shown = LOG_INFO;

void log_set_level(enum log_level level)
{
        atomic_store(&level_shown, (int)level);
}

/* Whatever slipped past QUOTE() must not begin a line of its own. */
static void blunt_controls(char *line, size_t len)
{
        for (size_t i = 0; i < len; i++)
                if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
                        line[i] = '?';
}

static void write_line(const char *line, size_t len)
{
        while (len > 0) {
                ssize_t n = write(STDERR_FILENO, line, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return; /* nobody is left to tell */
                line += n;
                len -= (size_t)n;
        }
}

/* Bytes that snprintf() really put into @space bytes. */
static size_t written(int rc, size_t space)
{
        if (rc < 0)
                return 0;
        return (size_t)rc < space ? (size_t)rc : space - 1;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
        char line[LINE_SIZE];
        int error = errno;
        va_list args;
        size_t len;

        if ((int)level > atomic_load(&level_shown))
                return;
        len = written(snprintf(line, sizeof(line), "level=%s event=%s ", level_names[level], event),
                      sizeof(line));
        va_start(args, format);
        len += written(vsnprintf(line + len, sizeof(line) - len, format, args), sizeof(line) - len);
        va_end(args);
        if (line[len - 1] == ' ')
                len--;
        blunt_controls(line, len);
        line[len++] = '\n'; /* in place of the NUL byte */
        write_line(line, len);
        errno = error;
}

/* A word that a reader of key=value lines takes whole. */
static bool is_plain(const char *text)
{
        for (const char *at = text; *at; at++)
                if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f || strchr("\"\\=", *at))
                        return false;
        return *text != '\0';
}

const char *log_quote(char to[static LOG_QUOTE_SIZE], const char *text)
{
        size_t len;

        if (!text)
                text = "";
        if (is_plain(text)) {
                snprintf(to, LOG_QUOTE_SIZE, "%s", text);
                return to;
        }
        to[0] = '"';
        text_escape(to + 1, LOG_QUOTE_SIZE - 2, text);
        len = strlen(to);
        to[len] = '"';
        to[len + 1] = '\0';
        return to;
}
