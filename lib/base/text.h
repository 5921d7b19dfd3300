/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Text: small things that libc lacks. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * text_copy() - copy a text into a fixed field, whole or not at all
 * @to:    the field
 * @size:  its size in bytes, at least 1
 * @from:  NUL-terminated
 *
 * Return: 0, or -E2BIG if it does not fit with its NUL byte; @to is then "".
 */
int text_copy(char *to, size_t size, const char *from);

/* The same for bytes that are not NUL-terminated; -EBADMSG if a NUL byte is among them. */
int text_copy_bytes(char *to, size_t size, const void *bytes, size_t len);

bool text_is_equal(const char *a, const char *b); /* NULL equals only NULL */
bool text_has_prefix(const char *text, const char *prefix);
bool text_has_suffix(const char *text, const char *suffix);

/**
 * text_parse_u64() - a whole number, and nothing else
 * @text:  decimal digits only: no sign, no blanks, no prefix
 * @max:   largest value accepted
 * @ret:   written only on success
 *
 * Return: 0, -EINVAL if it is not a number, -ERANGE if it is above @max.
 */
int text_parse_u64(const char *text, uint64_t max, uint64_t *ret);

/**
 * text_parse_size() - bytes with an optional unit: 512, 64K, 10M, 8G, 2T (powers of 1024)
 *
 * Return: 0, -EINVAL, -ERANGE.
 */
int text_parse_size(const char *text, uint64_t *ret);

/* Lower-case hex of @len bytes into @to, which holds 2 * len + 1 bytes. */
void text_hex(char *to, const void *bytes, size_t len);

/* Exactly @len bytes out of 2 * len hex digits, or -EINVAL. */
int text_unhex(const char *hex, void *to, size_t len);

/* 1536 -> "1.5 KiB". @to holds at least 16 bytes. Returns @to. */
const char *text_size(char *to, uint64_t bytes);
#define TEXT_SIZE_MAX 16

/**
 * text_escape() - make outside text safe for one line of log or terminal
 * @to:    destination, always NUL-terminated
 * @size:  its size; a text that does not fit is cut
 * @from:  any bytes up to a NUL
 *
 * Control bytes, DEL, the quote, the backslash and bytes that are not valid
 * UTF-8 become \xNN. Returns @to.
 */
const char *text_escape(char *to, size_t size, const char *from);
