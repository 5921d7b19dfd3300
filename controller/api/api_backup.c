/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * POST /api/v1/backup
 *
 * Made on a reader's thread, into a file without a name, which is then sent as
 * any other. What leaves is locked by the passphrase, whoever asks: keys of the
 * site pass no wire and lie on no other disk in clear.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/api/call.h"
#include "controller/backup/backup.h"
#include "lib/base/buffer.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/trust/locked.h"
#include "lib/trust/secret.h"

#define BACKUP_IMAGES_MAX 16 /* of one backup: three files each are held open */

struct backup_wish {
        char passphrase[PASSPHRASE_SIZE];
        char images[BACKUP_IMAGES_MAX][NODE_NAME_SIZE];
        size_t image_count;
};

static const struct doc_field backup_fields[] = {
        DOC_FIELD(struct backup_wish, passphrase, DOC_TEXT, DOC_REQUIRED),
        DOC_TEXTS_FIELD(struct backup_wish, images, image_count, 0),
};
static DOC_TABLE(backup_table, struct backup_wish, "backup", backup_fields, .is_strict = true);

enum problem prepare_backup(struct call *call, char *detail)
{
        const enum problem problem = prepare_table(call, &backup_table, detail);
        const struct backup_wish *wish = call->data;

        if (problem == PROBLEM_NONE && strlen(wish->passphrase) < PASSPHRASE_LEAST)
                return PROBLEM_PASSPHRASE;
        return problem;
}

/* A file of an image, held open. */
struct image_part {
        char name[NODE_NAME_SIZE + 32];
        int fd;
};

struct parts {
        struct image_part images[3 * BACKUP_IMAGES_MAX];
        struct backup_part parts[3 * BACKUP_IMAGES_MAX + 1];
        size_t count; /* of images */
        int database;
        bool has_database;
};

static void parts_free(struct parts *parts)
{
        if (!parts)
                return;
        for (size_t i = 0; i < parts->count; i++)
                close(parts->images[i].fd);
        if (parts->has_database)
                close(parts->database);
        free(parts);
}
CLEANUP_DEFINE(struct parts *, parts_free)

/* The manifest last, as everywhere: with it an image is one. */
static int open_image(struct api *api, const char *image, struct parts *parts)
{
        static const char *const tails[] = {".raw.zst", ".json.sig", ".json"};
        char etag[IMAGES_ETAG_SIZE], id[IMAGE_ID_SIZE];
        struct image_manifest manifest;
        int rc;

        rc = images_find(api->images, image, &manifest);
        if (rc < 0)
                return rc;
        image_id(&manifest, id);

        for (size_t i = 0; i < ARRAY_SIZE(tails) && rc == 0; i++) {
                struct image_part *part = &parts->images[parts->count];
                char file[IMAGE_ID_SIZE + 16];

                snprintf(file, sizeof(file), "%s%s", id, tails[i]);
                snprintf(part->name, sizeof(part->name), "images/%s%s", image, tails[i]);
                rc = images_file(api->images, file, &part->fd, etag);
                if (rc == 0)
                        parts->count++;
        }
        return rc;
}

/* The database as it is now, as a file that goes when it is closed. */
static int open_database(struct api *api, struct store_reader *reader, struct parts *parts)
{
        _buffer_ struct buffer path = {0};
        int rc;

        buffer_format(&path, "%s/backup.db", api->state);
        if (path.rc < 0)
                return path.rc;
        (void)unlink(path.bytes); /* of one who was killed */
        rc = store_read_backup(reader, path.bytes);
        if (rc == -EOPNOTSUPP)
                return 0;
        if (rc == 0) {
                parts->database = open(path.bytes, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
                parts->has_database = parts->database >= 0;
                rc = parts->has_database ? 0 : -errno;
        }
        (void)unlink(path.bytes);
        return rc;
}

static size_t list_parts(struct parts *parts)
{
        size_t count = 0;

        for (size_t i = 0; i < parts->count; i++)
                parts->parts[count++] =
                        (struct backup_part){parts->images[i].name, parts->images[i].fd};
        if (parts->has_database)
                parts->parts[count++] = (struct backup_part){"cloudie.db", parts->database};
        return count;
}

/* 0, or a problem's sentence in @error. */
static int make(struct call *call, struct store_reader *reader, char *error, int *ret_fd)
{
        CLEANUP(parts_free) struct parts *parts = calloc(1, sizeof(*parts));
        const struct backup_wish *wish = call->data;
        struct api *api = call->api;
        struct backup_order order = {
                .state = api->state, .passphrase = wish->passphrase, .made_ms = clock_wall_ms()};
        _close_ int fd = -EBADF;
        int rc = parts ? 0 : -ENOMEM;

        for (size_t i = 0; rc == 0 && i < wish->image_count; i++) {
                rc = open_image(api, wish->images[i], parts);
                if (rc < 0)
                        snprintf(error, BACKUP_ERROR_SIZE, "image '%.100s': %s", wish->images[i],
                                 rc == -ENOENT ? "there is none of this name" : strerror(-rc));
        }
        if (rc == 0)
                rc = open_database(api, reader, parts);
        if (rc < 0)
                return rc;
        order.parts = parts->parts;
        order.part_count = list_parts(parts);
        fd = open(api->state, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        rc = backup_make(&order, fd, error);
        if (rc == 0)
                *ret_fd = TAKE_FD(fd);
        return rc;
}

static void run(struct store_reader *reader, void *context)
{
        struct call *call = context;
        struct backup_wish *wish = call->data;
        struct api *api = call->api;
        const uint64_t began_ms = clock_monotonic_ms();
        char error[BACKUP_ERROR_SIZE] = "";
        int fd = -EBADF, rc;

        rc = make(call, reader, error, &fd);
        secret_erase(wish->passphrase, sizeof(wish->passphrase));
        atomic_store(&api->is_backing_up, false);
        if (rc < 0) {
                if (!error[0])
                        snprintf(error, sizeof(error), "%s", strerror(-rc));
                log_error("backup.failed", "by=%s reason=%s", QUOTE(call->who.user), QUOTE(error));
                call_refuse(call, rc == -ENOSPC ? PROBLEM_DISK_FULL : PROBLEM_BACKUP_FAILED, error);
                return;
        }
        log_info("backup.made", "by=%s bytes=%lld images=%zu took_ms=%llu", QUOTE(call->who.user),
                 (long long)lseek(fd, 0, SEEK_END), wish->image_count,
                 (unsigned long long)(clock_monotonic_ms() - began_ms));
        serve_answer_file(call->request, fd, "application/octet-stream", NULL, NULL, NULL);
        call_end(call);
}

void handle_backup(struct call *call)
{
        if (atomic_exchange(&call->api->is_backing_up, true)) {
                call_refuse(call, PROBLEM_BACKUP_RUNNING, NULL);
                return;
        }
        if (store_read(call->api->store, run, call) < 0) {
                atomic_store(&call->api->is_backing_up, false);
                call_refuse(call, PROBLEM_BUSY, "More requests wait to read than may.");
        }
}
