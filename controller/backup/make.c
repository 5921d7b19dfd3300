/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/backup/backup.h"
#include "controller/backup/entry.h"
#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "lib/trust/locked.h"
#include "lib/trust/secret.h"

#define COPY_SIZE 65536

struct making {
        struct locked_writer *to;
        char *error;
        uint8_t bytes[COPY_SIZE];
};

static int fail(const struct making *m, int rc, const char *name, const char *what)
{
        snprintf(m->error, BACKUP_ERROR_SIZE, "%s: %s: %s", name, what, strerror(-rc));
        return rc;
}

static int put_head(struct making *m, const char *name, uint64_t size)
{
        struct backup_entry entry = {.size = size};
        uint8_t head[2 + BACKUP_HEAD_MAX];
        ssize_t head_size;

        if (strlen(name) >= sizeof(entry.name))
                return -EINVAL;
        memcpy(entry.name, name, strlen(name) + 1);
        head_size = backup_entry_write(&entry, head);
        return head_size < 0 ? (int)head_size : locked_write(m->to, head, (size_t)head_size);
}

static int put_hash(struct making *m, struct sha256_stream *stream)
{
        struct sha256 hash;
        const int rc = sha256_stream_end(stream, &hash);

        return rc < 0 ? rc : locked_write(m->to, hash.bytes, sizeof(hash.bytes));
}

/* Exactly @left bytes: a file that grew or shrank is no file of one moment. */
static int copy(struct making *m, int fd, uint64_t left, struct sha256_stream *stream)
{
        while (left > 0) {
                const size_t some = left < COPY_SIZE ? (size_t)left : COPY_SIZE;
                const ssize_t n = read(fd, m->bytes, some);
                int rc;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -ESTALE;
                rc = sha256_stream_add(stream, m->bytes, (size_t)n);
                if (rc == 0)
                        rc = locked_write(m->to, m->bytes, (size_t)n);
                if (rc < 0)
                        return rc;
                left -= (uint64_t)n;
        }
        return read(fd, m->bytes, 1) == 0 ? 0 : -ESTALE;
}

static int put_fd(struct making *m, const char *name, int fd)
{
        CLEANUP(sha256_stream_free) struct sha256_stream *stream = NULL;
        struct stat st;
        int rc;

        if (fstat(fd, &st) < 0)
                return fail(m, -errno, name, "cannot be read");
        rc = sha256_stream_new(&stream);
        if (rc == 0)
                rc = put_head(m, name, (uint64_t)st.st_size);
        if (rc == 0)
                rc = copy(m, fd, (uint64_t)st.st_size, stream);
        if (rc == 0)
                rc = put_hash(m, stream);
        return rc < 0 ? fail(m, rc, name, "cannot be put into the backup") : 0;
}

static int put_text(struct making *m, const char *name, const char *text)
{
        CLEANUP(sha256_stream_free) struct sha256_stream *stream = NULL;
        int rc;

        rc = sha256_stream_new(&stream);
        if (rc == 0)
                rc = sha256_stream_add(stream, text, strlen(text));
        if (rc == 0)
                rc = put_head(m, name, strlen(text));
        if (rc == 0)
                rc = locked_write(m->to, text, strlen(text));
        if (rc == 0)
                rc = put_hash(m, stream);
        return rc < 0 ? fail(m, rc, name, "cannot be put into the backup") : 0;
}

static int put_about(struct making *m, uint64_t made_ms)
{
        char text[128];

        snprintf(text, sizeof(text), "{\"version\":\"%s\",\"made_ms\":%" PRIu64 "}",
                 CLOUDIE_VERSION, made_ms);
        return put_text(m, BACKUP_ABOUT, text);
}

/* What the folder does not have is not there: a join token that was never made. */
static int put_from_folder(struct making *m, const char *state, const char *name)
{
        _buffer_ struct buffer path = {0};
        _close_ int fd = -EBADF;

        if (strcmp(name, BACKUP_DATABASE) == 0)
                return 0;
        buffer_format(&path, "%s/%s", state, name);
        if (path.rc < 0)
                return path.rc;
        fd = open(path.bytes, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : fail(m, -errno, name, "cannot be read");
        return put_fd(m, name, fd);
}

int backup_make(const struct backup_order *order, int to, char *error)
{
        CLEANUP(locked_writer_free) struct locked_writer *writer = NULL;
        _free_ struct making *m = calloc(1, sizeof(*m));
        static const uint8_t end[2] = {0, 0};
        int rc;

        snprintf(error, BACKUP_ERROR_SIZE, "out of memory");
        if (!m)
                return -ENOMEM;
        rc = locked_writer_new(to, order->passphrase, &writer);
        m->to = writer;
        m->error = error;
        if (rc < 0)
                return fail(m, rc, "backup", "cannot be begun");
        rc = put_about(m, order->made_ms);
        for (size_t i = 0; rc == 0 && backup_names[i]; i++)
                rc = put_from_folder(m, order->state, backup_names[i]);
        for (size_t i = 0; rc == 0 && i < order->part_count; i++)
                rc = put_fd(m, order->parts[i].name, order->parts[i].fd);
        secret_erase(m->bytes, sizeof(m->bytes)); /* keys went through it */
        if (rc < 0)
                return rc;
        rc = locked_write(writer, end, sizeof(end));
        if (rc == 0)
                rc = locked_end(writer);
        return rc < 0 ? fail(m, rc, "backup", "cannot be ended") : 0;
}
