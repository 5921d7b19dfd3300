/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which part of a file is wanted, and whether it is wanted at all (RFC 9110 13 and 14). */

#include <stdbool.h>
#include <stdint.h>

enum range_answer {
        RANGE_WHOLE,         /* 200: no range, several, or one that is no range of bytes */
        RANGE_PART,          /* 206 */
        RANGE_UNSATISFIABLE, /* 416: nothing of it lies in the file */
        RANGE_ANSWER_COUNT,
};

struct range {
        uint64_t start;
        uint64_t length; /* at least 1 */
};

/**
 * range_parse() - read a Range header (RFC 9110 14.1.2)
 * @text:  its value; NULL: not given
 * @size:  of the file, bytes
 * @ret:   written only with RANGE_PART; lies within the file
 */
enum range_answer range_parse(const char *text, uint64_t size, struct range *ret);

/*
 * An entity tag here is the whole of it, quotes included: "\"abc\"" or "W/\"abc\"".
 */

/* If-None-Match (RFC 9110 13.1.2): is @etag in the list? Weak comparison; "*" is any. */
bool range_none_match(const char *list, const char *etag);

/* If-Range (RFC 9110 13.1.5): may a range be sent? Strong comparison; a date never holds. */
bool range_if_range(const char *value, const char *etag);
