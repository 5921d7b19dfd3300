/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/base/text.h"
#include "mkimage/list.h"

#define EMBED(name, file)                                                                          \
        __asm__(".pushsection .rodata\n"                                                           \
                ".global " #name "\n" #name ":\n"                                                  \
                ".incbin \"" file "\"\n"                                                           \
                ".byte 0\n"                                                                        \
                ".popsection\n")

EMBED(list_stage_one, CLOUDIE_MODULES "/stage-one.list");
EMBED(list_stage_two, CLOUDIE_MODULES "/stage-two.list");
EMBED(list_stage_two_later, CLOUDIE_MODULES "/stage-two-later.list");
EMBED(list_worker_tiny, CLOUDIE_MODULES "/worker-tiny.list");

/* Cuts the comment and the blanks on both sides; what is left. */
static char *tidy(char *line)
{
        size_t len;

        line[strcspn(line, "#")] = '\0';
        while (isspace((unsigned char)*line))
                line++;
        len = strlen(line);
        while (len > 0 && isspace((unsigned char)line[len - 1]))
                line[--len] = '\0';
        return line;
}

/* "[family]" -> "family". */
static int take_family(char family[static LIST_LINE_MAX], char *line)
{
        const size_t len = strlen(line);

        if (len < 3 || line[len - 1] != ']')
                return -EBADMSG;
        return text_copy_bytes(family, LIST_LINE_MAX, line + 1, len - 2);
}

static int walk_line(char *line, char family[static LIST_LINE_MAX], list_fn fn, void *context)
{
        const char *entry = line = tidy(line);

        if (*entry == '\0')
                return 0;
        if (*entry == '[')
                return take_family(family, line);
        if (*family == '\0')
                return -EBADMSG;
        return fn(context, family, entry);
}

int list_walk(const char *text, list_fn fn, void *context, size_t *ret_line)
{
        char family[LIST_LINE_MAX] = "";
        size_t number = 0;
        int rc = 0;

        while (rc == 0 && *text) {
                const size_t len = strcspn(text, "\n");
                char line[LIST_LINE_MAX];

                number++;
                rc = text_copy_bytes(line, sizeof(line), text, len);
                rc = rc < 0 ? -EBADMSG : walk_line(line, family, fn, context);
                text += len + (text[len] == '\n');
        }
        if (rc < 0 && ret_line)
                *ret_line = number;
        return rc;
}
