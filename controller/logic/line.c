/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Evidence, and what is told of a step, come from machines. They stand in events, in a node's
 * document and on terminals, so they are one line; and a document whose text was cut inside a
 * character would grow when it is repaired, and could not be read again.
 */
#include "controller/logic/line.h"

#include <stdbool.h>
#include <string.h>

static bool is_inside_character(char c)
{
        return ((unsigned char)c & 0xc0) == 0x80; /* RFC 3629 3 */
}

void line_copy(char *to, size_t size, const char *from)
{
        size_t len = strnlen(from, size);

        if (len == size)
                for (len = size - 1; len > 0 && is_inside_character(from[len]);)
                        len--;
        for (size_t i = 0; i < len; i++)
                to[i] = from[i];
        to[len] = '\0';
        for (size_t i = 0; i < len; i++)
                if ((unsigned char)to[i] < ' ' || to[i] == 0x7f)
                        to[i] = ' ';
}
