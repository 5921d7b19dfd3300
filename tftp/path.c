/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names of boot files
 *
 * Part by part: what is not plainly a name below the root is refused, and never
 * repaired. Only the slashes are forgiven, as firmware gets them wrong.
 */
#include "tftp/path.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/reader.h"
#include "lib/base/writer.h"

static bool is_forbidden(uint8_t byte)
{
        return byte < 0x20 || byte == 0x7f || byte == '\\';
}

/* Splits off the part before the next slash; the slash is gone, too. */
static struct reader part_next(struct reader *r)
{
        const uint8_t *slash = memchr(r->at, '/', reader_left(r));
        struct reader part;

        (void)reader_take(r, slash ? (size_t)(slash - r->at) : reader_left(r), &part);
        (void)reader_skip(r, slash ? 1 : 0);
        return part;
}

static bool part_is(const struct reader *part, const char *text)
{
        return reader_left(part) == strlen(text) && memcmp(part->at, text, strlen(text)) == 0;
}

int tftp_path_parse(const void *name, size_t len, char to[static TFTP_PATH_SIZE])
{
        struct reader r = reader_over(name, len);
        struct writer w = writer_over(to, TFTP_PATH_SIZE);

        for (size_t i = 0; i < len; i++)
                if (is_forbidden(r.at[i]))
                        return -EINVAL;

        while (reader_left(&r) > 0) {
                const struct reader part = part_next(&r);

                if (reader_left(&part) == 0 || part_is(&part, "."))
                        continue;
                if (part_is(&part, ".."))
                        return -EINVAL;
                if (writer_size(&w) != 0)
                        writer_u8(&w, '/');
                writer_bytes(&w, part.at, reader_left(&part));
        }
        if (writer_size(&w) == 0)
                return -EINVAL;

        writer_u8(&w, '\0');
        return writer_size(&w) < 0 ? -ENAMETOOLONG : 0;
}
