/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Paths of mounts are anybody's: blanks in them are written as \040, and nothing bounds them. */
#include "discover/mounts.h"

#include <string.h>

#include "lib/base/text.h"

static bool is_octal(const char *text)
{
        for (int i = 0; i < 3; i++)
                if (text[i] < '0' || text[i] > '7')
                        return false;
        return text[0] <= '3';
}

/* One word of a line, unescaped; what does not fit is cut. */
static bool take_word(const char **at, char *to, size_t size)
{
        const char *from = *at + strspn(*at, " \t");
        const size_t len = strcspn(from, " \t\n");
        const char *end = from + len;
        size_t n = 0;

        *at = end;
        if (len == 0)
                return false;
        while (from < end && n < size - 1) {
                if (*from == '\\' && end - from >= 4 && is_octal(from + 1)) {
                        to[n] = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
                                       (from[3] - '0'));
                        n += to[n] != '\0';
                        from += 4;
                } else {
                        to[n++] = *from++;
                }
        }
        to[n] = '\0';
        return n > 0;
}

static bool take_line(const char *line, struct mount_row *ret)
{
        char word[MOUNTS_TEXT_SIZE];
        const char *at = line;

        /* id, parent, device, root, point, options, fields up to "-", type, source */
        if (!take_word(&at, word, sizeof(word)) || !take_word(&at, word, sizeof(word)) ||
            !take_word(&at, ret->device, sizeof(ret->device)) ||
            !take_word(&at, word, sizeof(word)) || !take_word(&at, ret->point, sizeof(ret->point)))
                return false;
        do {
                if (!take_word(&at, word, sizeof(word)))
                        return false;
        } while (strcmp(word, "-") != 0);
        return take_word(&at, ret->type, sizeof(ret->type)) &&
               take_word(&at, ret->source, sizeof(ret->source));
}

bool mounts_next(const char **at, struct mount_row *ret)
{
        while (**at) {
                const char *line = *at;

                *at += strcspn(*at, "\n");
                *at += **at == '\n';
                if (take_line(line, ret))
                        return true;
        }
        return false;
}

bool mounts_is_swap(const char *swaps, const char *name)
{
        for (const char *at = swaps; *at; at += strcspn(at, "\n"), at += *at == '\n') {
                char word[MOUNTS_TEXT_SIZE];
                const char *rest = at;

                if (take_word(&rest, word, sizeof(word)) && text_has_prefix(word, "/dev/") &&
                    strcmp(word + strlen("/dev/"), name) == 0)
                        return true;
        }
        return false;
}
