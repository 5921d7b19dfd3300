/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Base64 (RFC 4648 section 4), strict: one text for one string of bytes. What
 * decodes here encodes to the very same text, so that two texts are never two
 * names of one key. OpenSSL's decoder skips blanks and takes loose ends.
 */

#include "lib/base/base64.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define BASE64_BYTES_MAX (SIZE_MAX / 4)

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_encode(const void *bytes, size_t size, char **ret)
{
        const uint8_t *at = bytes;
        char *text, *to;

        if (size > BASE64_BYTES_MAX)
                return -ENOMEM;
        text = to = malloc((size + 2) / 3 * 4 + 1);
        if (!text)
                return -ENOMEM;
        while (size > 0) {
                size_t take = size < 3 ? size : 3;
                uint32_t group = (uint32_t)at[0] << 16;

                if (take > 1)
                        group |= (uint32_t)at[1] << 8;
                if (take > 2)
                        group |= at[2];
                to[0] = digits[group >> 18];
                to[1] = digits[group >> 12 & 63];
                to[2] = to[3] = '=';
                if (take > 1)
                        to[2] = digits[group >> 6 & 63];
                if (take > 2)
                        to[3] = digits[group & 63];
                to += 4;
                at += take;
                size -= take;
        }
        *to = '\0';
        *ret = text;
        return 0;
}

/* 0..63, or -1. */
static int digit_value(char c)
{
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        if (c == '+')
                return 62;
        return c == '/' ? 63 : -1;
}

/* Four characters, of which the last @padding are '='; the bits behind the last byte are zero. */
static int decode_group(const char text[static 4], size_t padding, uint8_t to[static 3])
{
        uint32_t group = 0;

        for (size_t i = 0; i < 4; i++) {
                int value = i < 4 - padding ? digit_value(text[i]) : 0;

                if (value < 0)
                        return -EBADMSG;
                group = group << 6 | (uint32_t)value;
        }
        if ((padding == 1 && group & 0xff) || (padding == 2 && group & 0xffff))
                return -EBADMSG;
        for (size_t i = 0; i < 3 - padding; i++)
                to[i] = (uint8_t)(group >> (16 - 8 * i));
        return 0;
}

int base64_decode(const char *text, size_t size, uint8_t **ret, size_t *ret_size)
{
        size_t padding = 0, bytes_size;
        uint8_t *bytes;

        if (size % 4 != 0)
                return -EBADMSG;
        if (size > 0 && text[size - 1] == '=')
                padding = text[size - 2] == '=' ? 2 : 1;
        bytes_size = size / 4 * 3 - padding;
        bytes = malloc(bytes_size + 1); /* never malloc(0) */
        if (!bytes)
                return -ENOMEM;
        for (size_t i = 0; i < size / 4; i++) {
                bool is_last = i == size / 4 - 1;

                if (decode_group(text + 4 * i, is_last ? padding : 0, bytes + 3 * i) < 0) {
                        free(bytes);
                        return -EBADMSG;
                }
        }
        *ret = bytes;
        *ret_size = bytes_size;
        return 0;
}

int base64_decode_exact(const char *text, void *to, size_t size)
{
        _free_ uint8_t *bytes = NULL;
        size_t len;
        int rc;

        rc = base64_decode(text, strlen(text), &bytes, &len);
        if (rc < 0)
                return rc;
        if (len != size)
                return -EBADMSG;
        memcpy(to, bytes, size);
        return 0;
}
