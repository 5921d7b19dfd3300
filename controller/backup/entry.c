/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/backup/entry.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/base/writer.h"

const char *const backup_names[] = {
        "tls/key.pem",       "tls/cert.pem", "tls/names",     "tls/signing.key",
        "tls/documents.key", "join-token",   BACKUP_DATABASE, NULL,
};

static const char *const public_names[] = {"tls/cert.pem", "tls/names"};

/* Of a file of an image, as images/manifest.h has them: no folder, and no hidden file. */
static bool is_image(const char *name)
{
        static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
        const char *file = name + strlen(BACKUP_IMAGES);

        return text_has_prefix(name, BACKUP_IMAGES) && file[0] != '\0' && file[0] != '.' &&
               file[strspn(file, alphabet)] == '\0';
}

static bool is_known(const char *name)
{
        for (size_t i = 0; backup_names[i]; i++)
                if (strcmp(backup_names[i], name) == 0)
                        return true;
        return strcmp(name, BACKUP_ABOUT) == 0 || is_image(name);
}

static mode_t mode_of(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(public_names); i++)
                if (strcmp(public_names[i], name) == 0)
                        return 0644;
        return 0600;
}

int backup_entry_parse(struct reader bytes, size_t name_size, struct backup_entry *ret)
{
        struct backup_entry entry = {0};

        if (name_size == 0 || name_size >= sizeof(entry.name) ||
            reader_copy(&bytes, entry.name, name_size) < 0 ||
            reader_be64(&bytes, &entry.size) < 0 || reader_left(&bytes) > 0)
                return -EBADMSG;
        if (strlen(entry.name) != name_size || !is_known(entry.name) || entry.size > INT64_MAX)
                return -EBADMSG;
        entry.mode = mode_of(entry.name);
        *ret = entry;
        return 0;
}

ssize_t backup_entry_write(const struct backup_entry *entry, uint8_t *ret)
{
        struct writer w = writer_over(ret, 2 + BACKUP_HEAD_MAX);

        if (!is_known(entry->name))
                return -EINVAL;
        writer_be16(&w, (uint16_t)strlen(entry->name));
        writer_bytes(&w, entry->name, strlen(entry->name));
        writer_be64(&w, entry->size);
        return writer_size(&w);
}
