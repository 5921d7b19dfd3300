/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Read whole before anything is written: what does not verify changes nothing. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/backup/backup.h"
#include "controller/backup/entry.h"
#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/doc/table.h"
#include "lib/trust/hash.h"
#include "lib/trust/locked.h"
#include "lib/trust/secret.h"

#define COPY_SIZE 65536
#define ABOUT_MAX 4096

struct restoring {
        struct locked_reader *from;
        const char *state; /* NULL: it is only read */
        char *error;
        struct backup_about about;
        bool is_begun; /* the first file was "about.json" */
        uint8_t bytes[COPY_SIZE];
};

static const struct doc_field about_fields[] = {
        DOC_FIELD(struct backup_about, version, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct backup_about, made_ms, DOC_U64, DOC_REQUIRED),
};
static DOC_TABLE(about_table, struct backup_about, BACKUP_ABOUT, about_fields);

static int fail(const struct restoring *r, int rc, const char *name, const char *what)
{
        snprintf(r->error, BACKUP_ERROR_SIZE, "%s: %s: %s", name, what, strerror(-rc));
        return rc;
}

/* What the lock says of itself. */
static int fail_locked(const struct restoring *r, int rc)
{
        if (rc == -EKEYREJECTED)
                snprintf(r->error, BACKUP_ERROR_SIZE,
                         "the backup cannot be opened: the passphrase is another one, or the file "
                         "was changed or cut");
        else if (rc == -EBADMSG)
                snprintf(r->error, BACKUP_ERROR_SIZE,
                         "this is no backup, or one of a version that this cloudied does not know");
        else
                snprintf(r->error, BACKUP_ERROR_SIZE, "the backup cannot be read: %s",
                         strerror(-rc));
        return rc;
}

static int take(struct restoring *r, void *to, size_t size)
{
        const ssize_t n = locked_read(r->from, to, size);

        if (n < 0)
                return fail_locked(r, (int)n);
        return (size_t)n == size ? 0 : fail_locked(r, -EBADMSG);
}

/* 1; 0 at the end. */
static int next(struct restoring *r, struct backup_entry *ret)
{
        uint8_t length[2], head[BACKUP_HEAD_MAX], more;
        size_t name_size;
        int rc;

        rc = take(r, length, sizeof(length));
        if (rc < 0)
                return rc;
        name_size = (size_t)length[0] << 8 | length[1];
        if (name_size == 0)
                return locked_read(r->from, &more, 1) == 0 ? 0 : fail_locked(r, -EBADMSG);
        if (name_size > BACKUP_HEAD_MAX - 8)
                return fail_locked(r, -EBADMSG);
        rc = take(r, head, name_size + 8);
        if (rc == 0)
                rc = backup_entry_parse(reader_over(head, name_size + 8), name_size, ret);
        return rc < 0 ? fail_locked(r, rc) : 1;
}

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
        while (size > 0) {
                const ssize_t n = write(fd, bytes, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                bytes += n;
                size -= (size_t)n;
        }
        return 0;
}

/* The bytes of a file, into @fd unless that is negative, and the hash behind them. */
static int copy(struct restoring *r, const struct backup_entry *entry, int fd)
{
        CLEANUP(sha256_stream_free) struct sha256_stream *stream = NULL;
        struct sha256 is, said;
        int rc;

        rc = sha256_stream_new(&stream);
        for (uint64_t left = entry->size; rc == 0 && left > 0;) {
                const size_t some = left < COPY_SIZE ? (size_t)left : COPY_SIZE;

                rc = take(r, r->bytes, some);
                if (rc < 0)
                        return rc;
                rc = sha256_stream_add(stream, r->bytes, some);
                if (rc == 0 && fd >= 0)
                        rc = write_all(fd, r->bytes, some);
                left -= some;
        }
        if (rc == 0)
                rc = sha256_stream_end(stream, &is);
        if (rc < 0)
                return fail(r, rc, entry->name, "cannot be written");
        rc = take(r, said.bytes, sizeof(said.bytes));
        if (rc == 0 && !sha256_is_equal(&is, &said))
                rc = fail(r, -EBADMSG, entry->name, "is not what was backed up");
        return rc;
}

static int take_about(struct restoring *r, const struct backup_entry *entry)
{
        struct sha256 hash;
        int rc;

        if (r->is_begun || entry->size > ABOUT_MAX)
                return fail_locked(r, -EBADMSG);
        rc = take(r, r->bytes, (size_t)entry->size);
        if (rc == 0 && doc_decode_text(&about_table, (const char *)r->bytes, (size_t)entry->size,
                                       &doc_limits_message, NULL, &r->about) < 0)
                rc = fail_locked(r, -EBADMSG);
        r->is_begun = rc == 0;
        return rc < 0 ? rc : take(r, hash.bytes, sizeof(hash.bytes));
}

/* Where a file is written to: of the database its name is the last step. */
static int open_file(const struct restoring *r, const struct backup_entry *entry, int *ret)
{
        const bool is_database = strcmp(entry->name, BACKUP_DATABASE) == 0;
        _buffer_ struct buffer path = {0};
        char *slash;
        int rc = 0;

        buffer_format(&path, "%s/%s", r->state, is_database ? BACKUP_MARK : entry->name);
        if (path.rc < 0)
                return path.rc;
        slash = strrchr(path.bytes, '/');
        *slash = '\0';
        rc = file_make_folders(path.bytes, 0700);
        *slash = '/';
        if (rc < 0)
                return rc;
        *ret = open(path.bytes,
                    O_WRONLY | O_NOFOLLOW | O_CLOEXEC | (is_database ? 0 : O_CREAT | O_EXCL),
                    entry->mode);
        if (*ret < 0)
                return -errno;
        return fchmod(*ret, entry->mode) < 0 ? -errno : 0;
}

static int put_file(struct restoring *r, const struct backup_entry *entry)
{
        _close_ int fd = -EBADF;
        int rc = 0;

        r->about.files++;
        r->about.bytes += entry->size;
        r->about.has_database |= strcmp(entry->name, BACKUP_DATABASE) == 0;
        r->about.has_images |= text_has_prefix(entry->name, BACKUP_IMAGES);
        if (r->state)
                rc = open_file(r, entry, &fd);
        if (rc < 0)
                return fail(r, rc, entry->name, "cannot be written");
        rc = copy(r, entry, fd);
        if (rc == 0 && fd >= 0 && fsync(fd) < 0)
                rc = fail(r, -errno, entry->name, "cannot be written");
        return rc;
}

static int walk(struct restoring *r)
{
        struct backup_entry entry = {0};
        int rc;

        while ((rc = next(r, &entry)) > 0) {
                const bool is_about = strcmp(entry.name, BACKUP_ABOUT) == 0;

                /* Who wrote it, and in which form, is said before anything else. */
                if (!is_about && !r->is_begun)
                        return fail_locked(r, -EBADMSG);
                rc = is_about ? take_about(r, &entry) : put_file(r, &entry);
                if (rc < 0)
                        return rc;
        }
        return rc;
}

static int read_all(int fd, const char *passphrase, const char *state, char *error,
                    struct backup_about *ret)
{
        CLEANUP(locked_reader_free) struct locked_reader *reader = NULL;
        _free_ struct restoring *r = calloc(1, sizeof(*r));
        int rc;

        snprintf(error, BACKUP_ERROR_SIZE, "out of memory");
        if (!r)
                return -ENOMEM;
        r->state = state;
        r->error = error;
        if (lseek(fd, 0, SEEK_SET) < 0)
                return fail_locked(r, -errno);
        rc = locked_reader_new(fd, passphrase, &reader);
        if (rc < 0)
                return fail_locked(r, rc);
        r->from = reader;
        rc = walk(r);
        secret_erase(r->bytes, sizeof(r->bytes));
        if (rc == 0 && ret)
                *ret = r->about;
        return rc;
}

int backup_check(int fd, const char *passphrase, char *error, struct backup_about *ret)
{
        return read_all(fd, passphrase, NULL, error, ret);
}

static int say(char *error, int rc, const char *state, const char *what)
{
        snprintf(error, BACKUP_ERROR_SIZE, "%s: %s: %s", state, what, strerror(-rc));
        return rc;
}

static int sync_images(const char *state)
{
        _buffer_ struct buffer path = {0};

        buffer_format(&path, "%s/" BACKUP_IMAGES "manifests", state); /* any name in it */
        return path.rc < 0 ? path.rc : file_sync_folder(path.bytes);
}

int backup_restore(int fd, const char *passphrase, const char *state, char *error)
{
        _buffer_ struct buffer mark = {0}, database = {0};
        struct backup_about about = {0};
        int rc;

        buffer_format(&mark, "%s/%s", state, BACKUP_MARK);
        buffer_format(&database, "%s/%s", state, BACKUP_DATABASE);
        if (mark.rc < 0 || database.rc < 0)
                return say(error, -ENOMEM, state, "cannot be restored to");
        rc = file_replace(mark.bytes, "", 0, 0600);
        if (rc < 0)
                return say(error, rc, state, "cannot be written");
        rc = read_all(fd, passphrase, state, error, &about);
        if (rc < 0)
                return rc;
        /* The folders first: the mark goes when all else lasts. */
        for (size_t i = 0; rc == 0 && backup_names[i]; i++) {
                _buffer_ struct buffer path = {0};

                buffer_format(&path, "%s/%s", state, backup_names[i]);
                rc = path.rc < 0 ? path.rc : file_sync_folder(path.bytes);
        }
        if (rc == 0 && about.has_images)
                rc = sync_images(state);
        if (rc == 0 &&
            (about.has_database ? rename(mark.bytes, database.bytes) : unlink(mark.bytes)) < 0)
                rc = -errno;
        if (rc == 0)
                rc = file_sync_folder(database.bytes);
        return rc < 0 ? say(error, rc, state, "cannot be written") : 0;
}

bool backup_is_half_restored(const char *state)
{
        _buffer_ struct buffer mark = {0};

        buffer_format(&mark, "%s/%s", state, BACKUP_MARK);
        return mark.rc == 0 && access(mark.bytes, F_OK) == 0;
}

/* The edge's folder lies in ours by default, and is not ours. */
static bool may_stay(const char *name)
{
        static const char *const names[] = {".", "..", "lock", "netboot", "lost+found"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcmp(names[i], name) == 0)
                        return true;
        return false;
}

int backup_may_restore(const char *state, char *error)
{
        DIR *folder = opendir(state);
        const struct dirent *entry;
        int rc = 0;

        if (!folder)
                return say(error, -errno, state, "cannot be read");
        while (rc == 0 && (entry = readdir(folder)))
                if (!may_stay(entry->d_name))
                        rc = -ENOTEMPTY;
        closedir(folder);
        if (rc == -ENOTEMPTY)
                snprintf(error, BACKUP_ERROR_SIZE,
                         "%s is not empty: a backup is restored where no controller is yet; set "
                         "'state' to another folder, or move what is there away",
                         state);
        return rc;
}
