/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/cpulist.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static int take_number(const char **at, unsigned *ret)
{
        unsigned number = 0;

        if (!isdigit((unsigned char)**at))
                return -EBADMSG;
        for (; isdigit((unsigned char)**at); (*at)++) {
                number = number * 10 + (unsigned)(**at - '0');
                if (number >= CPULIST_MAX)
                        return -ERANGE;
        }
        *ret = number;
        return 0;
}

/* FIRST[-LAST[:USED[/GROUP]]]: of each group of CPUs the first USED. bitmap_parselist(9) writes
 * ":USED/GROUP"; older kernels' ":STEP" means one of each STEP. */
struct range {
        unsigned first, last, used, group;
};

static int take_range(const char **at, struct range *ret)
{
        struct range r = {.used = 1, .group = 1};
        int rc;

        rc = take_number(at, &r.first);
        if (rc < 0)
                return rc;
        r.last = r.first;
        if (**at == '-') {
                (*at)++;
                rc = take_number(at, &r.last);
                if (rc < 0)
                        return rc;
        }
        if (**at == ':') {
                (*at)++;
                rc = take_number(at, &r.group);
                if (rc < 0)
                        return rc;
                if (**at == '/') {
                        (*at)++;
                        r.used = r.group;
                        rc = take_number(at, &r.group);
                        if (rc < 0)
                                return rc;
                }
        }
        if (r.last < r.first || r.group == 0 || r.used == 0 || r.used > r.group)
                return -EBADMSG;
        *ret = r;
        return 0;
}

int cpulist_read(const char *text, void (*fn)(void *context, unsigned number), void *context)
{
        int count = 0;

        while (*text && *text != '\n') {
                struct range r;
                const int rc = take_range(&text, &r);

                if (rc < 0)
                        return rc;
                for (unsigned n = r.first; n <= r.last; n++) {
                        if ((n - r.first) % r.group >= r.used)
                                continue;
                        if (++count > CPULIST_MAX)
                                return -ERANGE;
                        if (fn)
                                fn(context, n);
                }
                if (*text == ',')
                        text++;
                else if (*text && *text != '\n')
                        return -EBADMSG;
        }
        return count;
}

static int hex_digit(char c)
{
        static const char digits[] = "0123456789abcdef";
        const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

        return at ? (int)(at - digits) : -1;
}

int cpumap_parse(const char *text, void (*fn)(void *context, unsigned number), void *context)
{
        const size_t len = strcspn(text, "\n");
        unsigned number = 0;
        int count = 0;

        for (size_t i = len; i-- > 0;) {
                const int digit = hex_digit(text[i]);

                if (text[i] == ',')
                        continue;
                if (digit < 0)
                        return -EBADMSG;
                for (unsigned bit = 0; bit < 4; bit++) {
                        if (!(digit & 1 << bit))
                                continue;
                        if (number + bit >= CPULIST_MAX)
                                return -ERANGE;
                        count++;
                        if (fn)
                                fn(context, number + bit);
                }
                if (number < CPULIST_MAX) /* leading zeros of a longer map are no CPUs */
                        number += 4;
        }
        return count;
}
