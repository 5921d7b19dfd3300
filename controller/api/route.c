/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/api/route.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

/* One segment of both, from behind the slash on. Returns false when they differ. */
static bool segment_matches(const char *pattern, size_t pattern_len, const char *path,
                            size_t path_len, struct route_match *match)
{
        if (pattern_len > 0 && pattern[0] == '{')
                return path_len > 0 &&
                       text_copy_bytes(match->name, sizeof(match->name), path, path_len) == 0;
        return pattern_len == path_len && memcmp(pattern, path, path_len) == 0;
}

static bool path_matches(const char *pattern, const char *path, struct route_match *match)
{
        match->name[0] = '\0';
        while (*pattern == '/' && *path == '/') {
                const size_t pattern_len = strcspn(pattern + 1, "/");
                const size_t path_len = strcspn(path + 1, "/");

                if (!segment_matches(pattern + 1, pattern_len, path + 1, path_len, match))
                        return false;
                pattern += 1 + pattern_len;
                path += 1 + path_len;
        }
        return *pattern == '\0' && *path == '\0';
}

int route_find(const struct route *table, size_t count, const char *method, const char *path,
               struct route_match *ret)
{
        const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
        struct route_match match = {0};
        int rc = -ENOENT;

        for (size_t i = 0; i < count; i++) {
                if (!path_matches(table[i].path, path, &match))
                        continue;
                match.route = &table[i];
                if (strcmp(table[i].method, wanted) == 0) {
                        *ret = match;
                        return 0;
                }
                *ret = match;
                rc = -EPERM;
        }
        return rc;
}

void route_allow(const struct route *table, size_t count, const char *path,
                 char to[static ROUTE_ALLOW_SIZE])
{
        struct route_match match;
        size_t used = 0;

        to[0] = '\0';
        for (size_t i = 0; i < count && used < ROUTE_ALLOW_SIZE; i++) {
                const bool is_get = strcmp(table[i].method, "GET") == 0;

                if (path_matches(table[i].path, path, &match))
                        used += (size_t)snprintf(to + used, ROUTE_ALLOW_SIZE - used, "%s%s%s",
                                                 used > 0 ? ", " : "", table[i].method,
                                                 is_get ? ", HEAD" : "");
        }
}
