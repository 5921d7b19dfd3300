/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Range: the three headers that decide between 200, 206, 304 and 416. Firmware
 * and download tools send odd ones; a header that is not understood is ignored,
 * as RFC 9110 14.2 has it, and the whole file is sent.
 */
#include "lib/serve/range.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "lib/base/reader.h"

static bool next_is(const struct reader *r, char c)
{
        return reader_left(r) > 0 && *r->at == (uint8_t)c;
}

static void skip_blanks(struct reader *r)
{
        while (next_is(r, ' ') || next_is(r, '\t'))
                (void)reader_skip(r, 1);
}

/* Decimal digits; what is larger than any file stays the largest number. */
static bool take_number(struct reader *r, uint64_t *ret)
{
        uint64_t n = 0;
        bool has_digit = false;

        while (reader_left(r) > 0 && *r->at >= '0' && *r->at <= '9') {
                uint8_t digit = 0;

                (void)reader_u8(r, &digit);
                digit -= '0';
                has_digit = true;
                if (n > (UINT64_MAX - digit) / 10)
                        n = UINT64_MAX;
                else
                        n = n * 10 + digit;
        }
        *ret = n;
        return has_digit;
}

static bool take_prefix(struct reader *r, const char *prefix)
{
        size_t len = strlen(prefix);

        if (reader_left(r) < len || strncasecmp((const char *)r->at, prefix, len) != 0)
                return false;
        return reader_skip(r, len) == 0;
}

/* The last @wanted bytes. */
static enum range_answer suffix(uint64_t wanted, uint64_t size, struct range *ret)
{
        if (wanted == 0 || size == 0)
                return RANGE_UNSATISFIABLE;
        if (wanted > size)
                wanted = size;
        *ret = (struct range){.start = size - wanted, .length = wanted};
        return RANGE_PART;
}

enum range_answer range_parse(const char *text, uint64_t size, struct range *ret)
{
        uint64_t first;
        uint64_t last;
        bool has_first;
        bool has_last;
        struct reader r;

        if (!text)
                return RANGE_WHOLE;
        r = reader_over(text, strlen(text));
        if (!take_prefix(&r, "bytes="))
                return RANGE_WHOLE;
        skip_blanks(&r);
        has_first = take_number(&r, &first);
        if (!take_prefix(&r, "-"))
                return RANGE_WHOLE;
        has_last = take_number(&r, &last);
        skip_blanks(&r);
        if (reader_left(&r) > 0 || (!has_first && !has_last))
                return RANGE_WHOLE;

        if (!has_first)
                return suffix(last, size, ret);
        if (has_last && last < first)
                return RANGE_WHOLE;
        if (first >= size)
                return RANGE_UNSATISFIABLE;
        if (!has_last || last >= size)
                last = size - 1;
        *ret = (struct range){.start = first, .length = last - first + 1};
        return RANGE_PART;
}

/* "W/" is cut off; what is compared is the quoted text. */
static struct reader opaque_of(const char *etag)
{
        struct reader r = reader_over(etag, strlen(etag));

        (void)take_prefix(&r, "W/");
        return r;
}

/* One quoted text, its quotes included; false when there is none. */
static bool take_quoted(struct reader *r, struct reader *ret)
{
        const uint8_t *end;

        if (!next_is(r, '"'))
                return false;
        end = memchr(r->at + 1, '"', reader_left(r) - 1);
        if (!end)
                return false;
        return reader_take(r, (size_t)(end - r->at) + 1, ret) == 0;
}

bool range_none_match(const char *list, const char *etag)
{
        struct reader ours = opaque_of(etag);
        struct reader r = reader_over(list, strlen(list));
        struct reader theirs;

        skip_blanks(&r);
        if (next_is(&r, '*'))
                return true;
        while (reader_left(&r) > 0) {
                if (next_is(&r, ',') || next_is(&r, ' ') || next_is(&r, '\t')) {
                        (void)reader_skip(&r, 1);
                        continue;
                }
                (void)take_prefix(&r, "W/");
                if (!take_quoted(&r, &theirs))
                        return false;
                if (reader_left(&theirs) == reader_left(&ours) &&
                    !memcmp(theirs.at, ours.at, reader_left(&ours)))
                        return true;
        }
        return false;
}

bool range_if_range(const char *value, const char *etag)
{
        return etag[0] == '"' && !strcmp(value, etag);
}
