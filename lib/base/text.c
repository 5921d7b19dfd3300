/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"

int text_copy_bytes(char *to, size_t size, const void *bytes, size_t len)
{
        to[0] = '\0';
        if (len >= size)
                return -E2BIG;
        if (len > 0 && memchr(bytes, 0, len))
                return -EBADMSG;

        if (len > 0)
                memcpy(to, bytes, len);
        to[len] = '\0';
        return 0;
}

int text_copy(char *to, size_t size, const char *from)
{
        return text_copy_bytes(to, size, from, strlen(from));
}

bool text_is_equal(const char *a, const char *b)
{
        if (!a || !b)
                return a == b;
        return strcmp(a, b) == 0;
}

bool text_has_prefix(const char *text, const char *prefix)
{
        return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_has_suffix(const char *text, const char *suffix)
{
        size_t len = strlen(text), tail = strlen(suffix);

        return tail <= len && strcmp(text + (len - tail), suffix) == 0;
}

/* The digits at the start of a text; *@ret_end is the first byte behind them. */
static int parse_digits(const char *text, uint64_t *ret, const char **ret_end)
{
        bool is_over = false;
        uint64_t value = 0;
        const char *p;

        for (p = text; *p >= '0' && *p <= '9'; p++) {
                uint64_t digit = (uint64_t)(*p - '0');

                if (value > (UINT64_MAX - digit) / 10)
                        is_over = true;
                else
                        value = value * 10 + digit;
        }
        *ret_end = p;
        if (p == text)
                return -EINVAL;
        if (is_over)
                return -ERANGE;
        *ret = value;
        return 0;
}

int text_parse_u64(const char *text, uint64_t max, uint64_t *ret)
{
        const char *end;
        uint64_t value = 0;
        int rc;

        rc = parse_digits(text, &value, &end);
        if (*end != '\0')
                return -EINVAL;
        if (rc < 0)
                return rc;
        if (value > max)
                return -ERANGE;

        *ret = value;
        return 0;
}

int text_parse_size(const char *text, uint64_t *ret)
{
        static const char units[] = "KMGT";
        const char *end, *unit;
        unsigned shift = 0;
        uint64_t value = 0;
        int rc;

        rc = parse_digits(text, &value, &end);
        if (*end != '\0') {
                unit = strchr(units, *end);
                if (!unit || end[1] != '\0')
                        return -EINVAL;
                shift = 10 * (unsigned)(unit - units + 1);
        }
        if (rc < 0)
                return rc;
        if (value > UINT64_MAX >> shift)
                return -ERANGE;

        *ret = value << shift;
        return 0;
}

void text_hex(char *to, const void *bytes, size_t len)
{
        static const char digits[] = "0123456789abcdef";
        const uint8_t *p = bytes;

        for (size_t i = 0; i < len; i++) {
                *to++ = digits[p[i] >> 4];
                *to++ = digits[p[i] & 0xf];
        }
        *to = '\0';
}

static int digit_of(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

int text_unhex(const char *hex, void *to, size_t len)
{
        uint8_t *p = to;

        /* Looked at whole before a byte is written: a bad text leaves @to alone. */
        for (size_t i = 0; i < len; i++)
                if (digit_of(hex[2 * i]) < 0 || digit_of(hex[2 * i + 1]) < 0)
                        return -EINVAL;
        if (hex[2 * len] != '\0')
                return -EINVAL;

        for (size_t i = 0; i < len; i++)
                p[i] = (uint8_t)(digit_of(hex[2 * i]) << 4 | digit_of(hex[2 * i + 1]));
        return 0;
}

const char *text_size(char *to, uint64_t bytes)
{
        static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
        uint64_t whole = bytes, rest = 0, tenths;
        size_t unit = 0;

        while (whole >= 1024) {
                rest = whole % 1024;
                whole /= 1024;
                unit++;
        }
        tenths = (rest * 10 + 512) / 1024;
        if (tenths == 10) {
                whole++;
                tenths = 0;
        }
        if (whole == 1024) { /* rounded up into the next unit */
                whole = 1;
                unit++;
        }
        if (unit == 0)
                snprintf(to, TEXT_SIZE_MAX, "%u B", (unsigned)whole);
        else
                snprintf(to, TEXT_SIZE_MAX, "%u.%u %s", (unsigned)whole, (unsigned)tenths,
                         units[unit]);
        return to;
}

/*
 * UTF-8 by first byte (RFC 3629 4): the range of the second byte is what keeps
 * overlong forms, surrogates and numbers above U+10FFFF out. Left out, too, are
 * U+0080..U+009F (C2 80..9F): control characters, which terminals obey.
 */
static const struct utf8_row {
        uint8_t first_min, first_max;
        uint8_t second_min, second_max;
        uint8_t len;
} utf8_rows[] = {
        {0xc2, 0xc2, 0xa0, 0xbf, 2},
        {0xc3, 0xdf, 0x80, 0xbf, 2},
        {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3},
        {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4},
        {0xf4, 0xf4, 0x80, 0x8f, 4},
};

/* Length of the sequence at @p, or 0. Reads no byte behind a NUL: a NUL continues nothing. */
static size_t utf8_length(const uint8_t *p)
{
        const struct utf8_row *row = utf8_rows, *end = row + ARRAY_SIZE(utf8_rows);

        if (p[0] < 0x80)
                return 1;
        while (row < end && (p[0] < row->first_min || p[0] > row->first_max))
                row++;
        if (row == end || p[1] < row->second_min || p[1] > row->second_max)
                return 0;
        for (size_t i = 2; i < row->len; i++)
                if (p[i] < 0x80 || p[i] > 0xbf)
                        return 0;
        return row->len;
}

static bool is_plain(uint8_t c)
{
        return c >= 0x20 && c != 0x7f && c != '"' && c != '\\';
}

const char *text_escape(char *to, size_t size, const char *from)
{
        const uint8_t *p = (const uint8_t *)from;
        size_t left = size - 1;
        char *out = to;

        while (*p) {
                size_t len = utf8_length(p);
                bool is_safe = len > 0 && is_plain(*p);

                if ((is_safe ? len : 4) > left)
                        break;
                if (is_safe) {
                        memcpy(out, p, len);
                } else {
                        out[0] = '\\';
                        out[1] = 'x';
                        text_hex(out + 2, p, 1);
                        len = 1;
                }
                left -= is_safe ? len : 4;
                out += is_safe ? len : 4;
                p += len;
        }
        *out = '\0';
        return to;
}
