/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A command line is shown to all who may read an inventory, and people put
 * passwords on it; so values are hidden by what their names say, and by what looks
 * like a login in an address. A word that names nothing suspicious is shown.
 */
#include "discover/kernel_words.h"

#include <string.h>
#include <strings.h>

#include "lib/base/text.h"

static const char *const secret_names[] = {"pass", "secret",     "token", "key",  "psk",
                                           "auth", "credential", "login", "chap", "cloudie.boot"};

static bool contains(const char *text, size_t len, const char *part)
{
        const size_t size = strlen(part);

        for (size_t i = 0; i + size <= len; i++)
                if (strncasecmp(text + i, part, size) == 0)
                        return true;
        return false;
}

static bool is_secret(const char *word, size_t len, size_t name_len)
{
        for (size_t i = 0; i < sizeof(secret_names) / sizeof(secret_names[0]); i++)
                if (contains(word, name_len, secret_names[i]))
                        return true;
        /* http://user:word@host/, iscsi:user:word@... */
        return memchr(word, '@', len) != NULL;
}

/* Quotes hold words together (lib/cmdline.c, next_arg()). */
static size_t word_length(const char *text)
{
        bool is_quoted = false;
        size_t len = 0;

        for (; text[len] && (is_quoted || !strchr(" \t\n", text[len])); len++)
                if (text[len] == '"')
                        is_quoted = !is_quoted;
        return len;
}

bool kernel_word_next(const char **at, char to[static KERNEL_WORD_SIZE])
{
        const char *word = *at + strspn(*at, " \t\n");
        const size_t len = word_length(word), name_len = strcspn(word, "=");
        size_t shown = len;

        *at = word + len;
        if (len == 0)
                return false;
        if (name_len < len && is_secret(word, len, name_len))
                shown = name_len + 1;
        if (shown > KERNEL_WORD_SIZE - sizeof("..."))
                shown = KERNEL_WORD_SIZE - sizeof("...");
        memcpy(to, word, shown);
        (void)text_copy(to + shown, KERNEL_WORD_SIZE - shown, shown < len ? "..." : "");
        return true;
}

/* What stands before and behind the name. */
static const struct {
        const char *before, *behind;
} complaints[] = {
        {"Direct firmware load for ", " failed with error"},
        {"firmware: failed to load ", " ("                },
};

bool kernel_missing_firmware_next(const char **at, char to[static KERNEL_WORD_SIZE])
{
        while (**at) {
                const size_t len = strcspn(*at, "\n");
                const char *line = *at, *end = line + len;

                *at = *end ? end + 1 : end;
                for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++) {
                        const char *name = strstr(line, complaints[i].before), *behind;

                        if (!name || name >= end)
                                continue;
                        name += strlen(complaints[i].before);
                        behind = strstr(name, complaints[i].behind);
                        if (behind && behind < end && behind > name &&
                            text_copy_bytes(to, KERNEL_WORD_SIZE, name, (size_t)(behind - name)) ==
                                    0)
                                return true;
                }
        }
        return false;
}
