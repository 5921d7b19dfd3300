/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The target of a request (RFC 9112 3.2), decoded. */

#include <stddef.h>

/* More than any route of ours takes; a stranger may send thousands. */
#define PATH_QUERY_MAX 32

struct path_pair {
        const char *name;
        const char *value;
};

struct path_target {
        const char *path; /* starts with / */
        struct path_pair query[PATH_QUERY_MAX];
        size_t query_count;
};

/* Room that decoding a text of @len bytes needs. */
#define PATH_SPACE(len) ((len) + 2)

/**
 * path_parse() - decode the target of a request
 * @target:  as the client sent it: a path with an optional query, or a whole http(s) URL
 * @to:      PATH_SPACE() bytes for the decoded texts
 * @ret:     points into @to; written only on success
 *
 * Escapes are decoded once (RFC 3986 2.4); in the query "+" is a blank. Refused
 * are broken escapes, control bytes (NUL above all: it would cut a text that was
 * checked whole) and the segments "." and "..", escaped or not: no client of ours sends
 * them (RFC 3986 5.2.4 has them removed before), and they can only be a way out.
 *
 * Return: 0, -EBADMSG if it is no such target, -E2BIG for more than PATH_QUERY_MAX pairs.
 */
int path_parse(const char *target, char *to, struct path_target *ret);
