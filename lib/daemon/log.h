/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Log: one line an event, key=value, on stderr; journald adds the rest.
 *
 *   log_info("lease.ack", "mac=%s ip=%s reason=%s", ...)
 *   -> level=info event=lease.ack mac=52:54:00:77:00:01 ip=10.77.0.100 reason="known, same address"
 *
 * Whatever came from outside goes through log_quote(). Never a secret.
 */

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG, LOG_LEVEL_COUNT };

void log_set_level(enum log_level level); /* LOG_INFO at the start */
void log_line(enum log_level level, const char *event, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#define log_error(...)   log_line(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_DEBUG, __VA_ARGS__)

/* "text" with quotes where it needs them, escaped, cut at LOG_QUOTE_SIZE. Returns @to. */
#define LOG_QUOTE_SIZE 256
const char *log_quote(char to[static LOG_QUOTE_SIZE], const char *text);
#define QUOTE(text) log_quote((char[LOG_QUOTE_SIZE]){0}, (text))
