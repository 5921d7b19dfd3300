/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Snapshots
 *
 * Several probes read one file, and see one folder in several ways: of all that was
 * kept under one path the entry that says most counts. Of two readings the longer,
 * and of two as long the first: a probe may have read the beginning alone.
 */
#include "discover/snapshot.h"

#include <stdio.h>
#include <string.h>
#include <zstd.h>

#include "discover/kernel_words.h"
#include "lib/base/text.h"

#define BLOCK 512 /* of tar */
#define LEVEL 9   /* of zstd: 1 MB in 0.1 s */

struct snapshot {
        struct snapshot_entry *entries;
        size_t count, space;
        bool is_sorted;
        int rc;
};

struct snapshot *snapshot_new(void)
{
        return calloc(1, sizeof(struct snapshot));
}

static void entry_done(struct snapshot_entry *entry)
{
        free(entry->path);
        free(entry->bytes);
}

struct snapshot *snapshot_free(struct snapshot *snapshot)
{
        if (!snapshot)
                return NULL;
        for (size_t i = 0; i < snapshot->count; i++)
                entry_done(&snapshot->entries[i]);
        free(snapshot->entries);
        free(snapshot);
        return NULL;
}

static bool make_room(struct snapshot *s)
{
        void *more;

        if (s->count < s->space)
                return true;
        more = reallocarray(s->entries, s->space ? 2 * s->space : 256, sizeof(*s->entries));
        if (!more)
                return false;
        s->entries = more;
        s->space = s->space ? 2 * s->space : 256;
        return true;
}

/* As an inventory shows it: people put passwords on it. */
static int clean_command_line(struct snapshot_entry *entry)
{
        _buffer_ struct buffer words = {0};
        char word[KERNEL_WORD_SIZE], *clean;
        const char *at = (const char *)entry->bytes;
        int rc;

        while (kernel_word_next(&at, word))
                buffer_format(&words, "%s%s", words.size > 0 ? " " : "", word);
        buffer_text(&words, "\n");
        entry->size = words.size;
        rc = buffer_take(&words, &clean);
        if (rc < 0)
                return rc;
        free(entry->bytes);
        entry->bytes = (uint8_t *)clean;
        return 0;
}

void snapshot_add(struct snapshot *s, enum tree_entry kind, const char *path, const void *bytes,
                  size_t size)
{
        struct snapshot_entry entry = {.kind = kind, .path = strdup(path), .size = size};

        entry.bytes = calloc(1, size + 1); /* a link's target is read as a text */
        if (entry.bytes && size > 0)
                memcpy(entry.bytes, bytes, size);
        if (!entry.path || !entry.bytes || !make_room(s) ||
            (strcmp(path, "proc/cmdline") == 0 && clean_command_line(&entry) < 0)) {
                entry_done(&entry);
                s->rc = -ENOMEM;
                return;
        }
        s->entries[s->count++] = entry;
        s->is_sorted = false;
}

/* By path; of one path the one that counts first. qsort() does not keep the order of equals, but
 * which of two equal ones counts is one of those that were read. */
static int compare(const void *a, const void *b)
{
        const struct snapshot_entry *x = a, *y = b;
        const int order = strcmp(x->path, y->path);

        if (order != 0)
                return order;
        if (x->kind != y->kind)
                return x->kind < y->kind ? 1 : -1;
        return x->size < y->size ? 1 : x->size > y->size ? -1 : 0;
}

static void sort(struct snapshot *s)
{
        size_t kept = 0;

        if (s->is_sorted || s->count == 0)
                return;
        qsort(s->entries, s->count, sizeof(*s->entries), compare);
        for (size_t i = 0; i < s->count; i++) {
                if (kept > 0 && strcmp(s->entries[kept - 1].path, s->entries[i].path) == 0)
                        entry_done(&s->entries[i]);
                else
                        s->entries[kept++] = s->entries[i];
        }
        s->count = kept;
        s->is_sorted = true;
}

struct snapshot_entry *snapshot_at(struct snapshot *snapshot, size_t index)
{
        sort(snapshot);
        return index < snapshot->count ? &snapshot->entries[index] : NULL;
}

/* ------------------------------------------------------------------- tar */

/* POSIX.1-2017, pax: ustar Interchange Format. */
struct header {
        char name[100];
        char mode[8], uid[8], gid[8];
        char size[12], time[12], checksum[8];
        char type;
        char link[100];
        char magic[6], version[2];
        char user[32], group[32], major[8], minor[8];
        char prefix[155], rest[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

static void pad(struct buffer *tar)
{
        static const char zeros[BLOCK];

        if (tar->size % BLOCK != 0)
                buffer_add(tar, zeros, BLOCK - tar->size % BLOCK);
}

/* At most @size bytes, without a NUL byte behind them. */
static void set(char *to, size_t size, const char *text)
{
        const size_t len = strnlen(text, size);

        memcpy(to, text, len);
}

static void add_header(struct buffer *tar, char type, const char *name, const char *link,
                       size_t size)
{
        struct header h = {
                .type = type, .magic = "ustar", .version = {'0', '0'}
        };
        const unsigned char *bytes = (const unsigned char *)&h;
        unsigned sum = 0;

        set(h.name, sizeof(h.name), name);
        set(h.link, sizeof(h.link), link);
        snprintf(h.mode, sizeof(h.mode), "%07o", type == '5' ? 0755U : 0644U);
        snprintf(h.uid, sizeof(h.uid), "%07o", 0U);
        snprintf(h.gid, sizeof(h.gid), "%07o", 0U);
        snprintf(h.size, sizeof(h.size), "%011zo", size);
        snprintf(h.time, sizeof(h.time), "%011o", 0U);
        memset(h.checksum, ' ', sizeof(h.checksum));
        for (size_t i = 0; i < sizeof(h); i++)
                sum += bytes[i];
        snprintf(h.checksum, sizeof(h.checksum), "%06o", sum);
        buffer_add(tar, &h, sizeof(h));
}

/* "27 path=sys/block/sda/size\n": the number counts itself. */
static void add_record(struct buffer *records, const char *key, const char *value)
{
        const size_t rest = strlen(key) + strlen(value) + strlen(" =\n");
        size_t digits = 1;

        for (size_t limit = 10; rest + digits >= limit; limit *= 10)
                digits++;
        buffer_format(records, "%zu %s=%s\n", rest + digits, key, value);
}

/* What is too long for the header goes in front of it. */
static void add_long_names(struct buffer *tar, const char *path, const char *link)
{
        _buffer_ struct buffer records = {0};

        if (strlen(path) > sizeof(((struct header *)0)->name))
                add_record(&records, "path", path);
        if (strlen(link) > sizeof(((struct header *)0)->link))
                add_record(&records, "linkpath", link);
        if (records.rc < 0)
                tar->rc = records.rc;
        if (records.size == 0)
                return;
        add_header(tar, 'x', "pax", "", records.size);
        buffer_add(tar, records.bytes, records.size);
        pad(tar);
}

static void add_entry(struct buffer *tar, const struct snapshot_entry *entry)
{
        const bool is_link = entry->kind == TREE_LINK, is_file = entry->kind == TREE_FILE;
        const char *link = is_link ? (const char *)entry->bytes : "";
        const char *type = is_link ? "2" : entry->kind == TREE_FOLDER ? "5" : "0";

        add_long_names(tar, entry->path, link);
        add_header(tar, type[0], entry->path, link, is_file ? entry->size : 0);
        if (is_file)
                buffer_add(tar, entry->bytes, entry->size);
        pad(tar);
}

int snapshot_tar(struct snapshot *snapshot, struct buffer *ret)
{
        static const char end[2 * BLOCK];
        const struct snapshot_entry *entry;

        ret->limit = SNAPSHOT_SIZE_MAX;
        for (size_t i = 0; (entry = snapshot_at(snapshot, i)); i++)
                add_entry(ret, entry);
        buffer_add(ret, end, sizeof(end));
        return snapshot->rc < 0 ? snapshot->rc : ret->rc;
}

int snapshot_pack(struct snapshot *snapshot, char **ret, size_t *ret_size)
{
        _buffer_ struct buffer tar = {0};
        _free_ char *packed = NULL;
        size_t size;
        int rc;

        rc = snapshot_tar(snapshot, &tar);
        if (rc < 0)
                return rc;
        size = ZSTD_compressBound(tar.size);
        packed = malloc(size);
        if (!packed)
                return -ENOMEM;
        size = ZSTD_compress(packed, size, tar.bytes, tar.size, LEVEL);
        if (ZSTD_isError(size))
                return -ENOMEM;
        *ret = TAKE_PTR(packed);
        *ret_size = size;
        return 0;
}
