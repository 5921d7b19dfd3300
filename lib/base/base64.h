/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Bytes as text: base64 (RFC 4648 4), with padding. */

#include <stddef.h>
#include <stdint.h>

/* @ret: NUL-terminated, the caller's. 0, -ENOMEM. */
int base64_encode(const void *bytes, size_t size, char **ret);
/* Strict: no blanks, right padding. @ret is the caller's. -EBADMSG, -ENOMEM. */
int base64_decode(const char *text, size_t size, uint8_t **ret, size_t *ret_size);
/* Of exactly @size bytes, into @to; NUL-terminated text. -EBADMSG, -ENOMEM. */
int base64_decode_exact(const char *text, void *to, size_t size);
