/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Imports on their way. An upload is worked on by one request at a time: it is
 * marked busy under the lock, and then belongs to that request without it, as
 * decompressing a frame and writing it take their time.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "controller/images/inner.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

struct upload *upload_find(struct images *images, const char *name)
{
        for (size_t i = 0; i < IMAGES_UPLOADS_MAX; i++)
                if (images->uploads[i].is_used && strcmp(images->uploads[i].wanted.name, name) == 0)
                        return &images->uploads[i];
        return NULL;
}

static bool is_full(int rc)
{
        return rc == -ENOSPC || rc == -EDQUOT || rc == -EFBIG;
}

/* The database lies on the same disk, and must not meet its end. */
static int check_space(const struct images *images, uint64_t size, char *error)
{
        struct statvfs disk;
        uint64_t left;

        if (fstatvfs(images->folder, &disk) < 0) {
                const int rc = -errno;

                return IMAGES_FAIL(error, rc, "%.180s: %s", images->path, strerror(-rc));
        }
        left = (uint64_t)disk.f_bavail * disk.f_frsize;
        if (left >= images->reserve && left - images->reserve >= size)
                return 0;
        return IMAGES_FAIL(
                error, -ENOSPC,
                "The controller's disk is full: %llu MiB are free, and %llu MiB are kept "
                "for its database.",
                (unsigned long long)(left >> 20), (unsigned long long)(images->reserve >> 20));
}

/* The caller made it busy. */
static void drop(struct images *images, struct upload *upload)
{
        char part[IMAGE_FILE_SIZE];

        image_import_free(upload->import);
        spawned_kill(&upload->child);
        if (upload->fd >= 0)
                close(upload->fd);
        for (unsigned i = FILE_COUNT; i-- > 0;)
                (void)unlinkat(images->folder, image_part(part, upload->wanted.name, i), 0);
        pthread_mutex_lock(&images->lock);
        *upload = UPLOAD_EMPTY;
        pthread_mutex_unlock(&images->lock);
}

static void give_back(struct images *images, struct upload *upload)
{
        pthread_mutex_lock(&images->lock);
        upload->is_busy = false;
        pthread_mutex_unlock(&images->lock);
}

/* Makes one busy for the caller. 0, -ENOENT, -ESTALE, -EBUSY. */
static int take(struct images *images, const char *name, const char *source, struct upload **ret,
                char *error)
{
        struct upload *upload;
        int rc = 0;

        pthread_mutex_lock(&images->lock);
        upload = upload_find(images, name);
        if (!upload || upload->is_dropped)
                rc = -ENOENT;
        else if (strcmp(upload->source, source) != 0)
                rc = -ESTALE;
        else if (upload->is_busy)
                rc = -EBUSY;
        else
                upload->is_busy = true;
        pthread_mutex_unlock(&images->lock);
        error[0] = '\0';
        if (rc == -EBUSY)
                return IMAGES_FAIL(error, rc, "Another request works on this import.");
        *ret = upload;
        return rc;
}

static bool source_is_valid(const char *source)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789.-_";

        return strlen(source) < IMAGES_SOURCE_SIZE && strspn(source, letters) == strlen(source);
}

/* What would stand in the manifest must be one: so a name or a text is refused before the upload.
 */
static int make_wanted(const struct images_wanted *wanted, char *error, struct image_manifest *ret)
{
        struct image_manifest manifest = {.format = 1,
                                          .size = wanted->size,
                                          .frame_size = IMAGE_FRAME_SIZE,
                                          .sector_size = wanted->sector_size};
        struct image_manifest again;
        _free_ char *text = NULL;
        char what[DOC_ERROR_SIZE];
        int rc;

        if (!image_name_is_valid(wanted->name) ||
            text_copy(manifest.name, sizeof(manifest.name), wanted->name) < 0)
                return IMAGES_FAIL(
                        error, -EINVAL,
                        "An image's name is 1 to 63 of a-z, 0-9, dot and dash, no dot or "
                        "dash first.");
        if (!source_is_valid(wanted->source))
                return IMAGES_FAIL(error, -EINVAL,
                                   "'source' has at most 64 of a-z, A-Z, 0-9, dot, dash and "
                                   "underscore.");
        if (!image_size_is_valid(wanted->size, wanted->sector_size))
                return IMAGES_FAIL(
                        error, -EINVAL,
                        "An image has sectors of 512 or 4096 bytes, and is a multiple of "
                        "them, up to 16 TiB.");
        if (text_copy(manifest.os, sizeof(manifest.os), wanted->os) < 0 ||
            text_copy(manifest.architecture, sizeof(manifest.architecture), wanted->architecture) <
                    0)
                return IMAGES_FAIL(error, -EINVAL,
                                   "'os' has at most 127 bytes, 'architecture' 15.");
        memset(manifest.table_sha256, '0', SHA256_TEXT_SIZE - 1);
        memset(manifest.stored_sha256, '0', SHA256_TEXT_SIZE - 1);
        manifest.stored_size =
                IMAGE_TABLE_HEAD + image_frame_count(&manifest) * (IMAGE_ROW_SIZE + 1);
        rc = image_manifest_print(&manifest, &text);
        if (rc == 0)
                rc = image_manifest_parse(text, strlen(text), what, &again);
        if (rc < 0)
                return IMAGES_FAIL(error, rc == -EBADMSG ? -EINVAL : rc, "%s", what);
        *ret = manifest;
        return 0;
}

/* With the lock: a place for an import that is not there yet. */
static int reserve(struct images *images, const char *name, char *error, struct upload **ret)
{
        struct upload *free_place = NULL;
        size_t count = images->count;

        for (size_t i = 0; i < IMAGES_UPLOADS_MAX; i++) {
                struct upload *upload = &images->uploads[i];

                if (!upload->is_used)
                        free_place = upload;
                else if (!image_find(images, upload->wanted.name))
                        count++;
        }
        if (!free_place)
                return IMAGES_FAIL(error, -EUSERS, "%d images are being imported at this moment.",
                                   IMAGES_UPLOADS_MAX);
        if (count >= IMAGES_MAX && !image_find(images, name))
                return IMAGES_FAIL(error, -EUSERS, "There are %d images already.", IMAGES_MAX);
        *free_place = UPLOAD_EMPTY;
        free_place->is_used = true;
        free_place->spawner = images->spawner;
        *ret = free_place;
        return 0;
}

/* The file is emptied: what another size or source began is gone. */
static int start_import(struct images *images, struct upload *upload, char *error)
{
        char part[IMAGE_FILE_SIZE];
        int rc;

        upload->import = image_import_free(upload->import);
        if (upload->fd >= 0)
                close(upload->fd);
        upload->fd = openat(images->folder, image_part(part, upload->wanted.name, FILE_DATA),
                            O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (upload->fd < 0) {
                rc = -errno;
                return IMAGES_FAIL(error, rc, "%.150s/%s: %s", images->path, part, strerror(-rc));
        }
        rc = image_import_new(upload->fd, upload->wanted.size, &upload->import);
        if (rc < 0)
                return IMAGES_FAIL(error, rc, "%s", strerror(-rc));
        image_import_unpack_by(upload->import, unpack_by_child, upload);
        return 0;
}

/* With the lock, not busy: it is now of this. Two files of one size are never put together. */
static void rededicate(struct upload *upload, const struct image_manifest *wanted,
                       const char *source)
{
        if (upload->wanted.size != wanted->size || strcmp(upload->source, source) != 0)
                upload->import = image_import_free(upload->import);
        upload->wanted = *wanted;
        (void)text_copy(upload->source, sizeof(upload->source), source);
}

/* Finds or makes it, busy. The caller knows when it was heard. */
static int take_or_make(struct images *images, const struct image_manifest *wanted,
                        const char *source, char *error, struct upload **ret)
{
        const struct image *image;
        struct upload *upload;
        int rc = 0;

        pthread_mutex_lock(&images->lock);
        image = image_find(images, wanted->name);
        upload = upload_find(images, wanted->name);
        if (image && image->is_leaving)
                rc = IMAGES_FAIL(error, -EBUSY, "The image of that name is being deleted.");
        else if (upload && (upload->is_busy || upload->is_dropped))
                rc = IMAGES_FAIL(error, -EBUSY, "Another request works on this import.");
        else if (!upload)
                rc = reserve(images, wanted->name, error, &upload);
        if (rc == 0) {
                rededicate(upload, wanted, source);
                upload->is_busy = true;
                *ret = upload;
        }
        pthread_mutex_unlock(&images->lock);
        return rc;
}

int images_begin(struct images *images, const struct images_wanted *wanted, uint64_t now_ms,
                 char *error, uint64_t *ret_next, uint64_t *ret_frames)
{
        struct image_manifest manifest;
        struct upload *upload = NULL;
        int rc;

        images_expire(images, now_ms);
        rc = make_wanted(wanted, error, &manifest);
        if (rc == 0)
                rc = check_space(images, 0, error);
        if (rc == 0)
                rc = take_or_make(images, &manifest, wanted->source, error, &upload);
        if (rc < 0 || !upload)
                return rc;
        upload->heard_ms = now_ms;
        if (!upload->import)
                rc = start_import(images, upload, error);
        if (rc < 0) {
                drop(images, upload);
                return is_full(rc) ? -ENOSPC : rc;
        }
        *ret_next = image_import_next(upload->import);
        *ret_frames = image_frame_count(&manifest);
        give_back(images, upload);
        return 0;
}

/* @rc of writing: a full disk ends the import. Gives it back in any case. */
static int end_step(struct images *images, struct upload *upload, int rc, char *error)
{
        if (rc == 0 || !is_full(rc)) {
                give_back(images, upload);
                return rc;
        }
        if (!error[0])
                snprintf(error, IMAGES_ERROR_SIZE, "The controller's disk is full: %s.",
                         strerror(-rc));
        log_warning("image.dropped", "name=%s reason=%s", upload->wanted.name, QUOTE(error));
        drop(images, upload);
        return -ENOSPC;
}

int images_frame(struct images *images, const struct images_piece *piece, uint64_t now_ms,
                 char *error, uint64_t *ret_next)
{
        struct upload *upload = NULL;
        int rc;

        rc = take(images, piece->name, piece->source, &upload, error);
        if (rc < 0)
                return rc;
        upload->heard_ms = now_ms;
        *ret_next = image_import_next(upload->import);
        if (piece->number != *ret_next || piece->number >= image_frame_count(&upload->wanted)) {
                give_back(images, upload);
                return -ERANGE;
        }
        upload->why[0] = '\0';
        rc = check_space(images, reader_left(&piece->stored), error);
        if (rc == 0)
                rc = image_import_add(upload->import, piece->stored);
        if (rc < 0 && upload->why[0])
                (void)text_copy(error, IMAGES_ERROR_SIZE, upload->why);
        if (rc == 0) {
                *ret_next = piece->number + 1;
                /* The disk begins now, so that the last sync has little left to wait for. */
                (void)sync_file_range(upload->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
        }
        return end_step(images, upload, rc, error);
}

/* Both texts onto the disk as parts, the manifest last: from then on the import is finished even
 * if we are not there any more. */
static int write_parts(struct images *images, const struct image_manifest *manifest, char *text,
                       char **ret_signature)
{
        static const unsigned order[] = {FILE_SIGNATURE, FILE_MANIFEST};
        const char *texts[FILE_COUNT] = {[FILE_MANIFEST] = text};
        char comment[IMAGE_NAME_SIZE + 32];
        int rc;

        snprintf(comment, sizeof(comment), "cloudie image %s", manifest->name);
        rc = minisign_sign(images->key, text, strlen(text), comment, ret_signature);
        if (rc < 0 || !*ret_signature)
                return rc < 0 ? rc : -ENOMEM;
        texts[FILE_SIGNATURE] = *ret_signature;
        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(order); i++) {
                char part[IMAGE_FILE_SIZE];
                _free_ char *path = NULL;

                if (asprintf(&path, "%s/%s", images->path,
                             image_part(part, manifest->name, order[i])) < 0) {
                        path = NULL;
                        return -ENOMEM;
                }
                rc = file_replace(path, texts[order[i]], strlen(texts[order[i]]), 0600);
        }
        return rc;
}

/* The older data is held open meanwhile: the disk frees it after the lock was given back. */
static int take_place(struct images *images, struct image *fresh)
{
        char file[IMAGE_FILE_SIZE];
        const int older = openat(images->folder, image_file(file, fresh->name, FILE_DATA),
                                 O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        const struct image *image;
        int rc;

        pthread_mutex_lock(&images->lock);
        image = image_find(images, fresh->name);
        rc = image && image->is_leaving ? -EBUSY : image_commit(images, fresh->name);
        if (rc == 0)
                rc = image_put(images, fresh);
        else
                free(fresh);
        pthread_mutex_unlock(&images->lock);
        if (older >= 0)
                close(older);
        if (rc == 0 && fsync(images->folder) < 0)
                rc = -errno;
        return rc;
}

static int finish(struct images *images, struct upload *upload)
{
        struct image_manifest manifest = upload->wanted;
        _free_ char *text = NULL, *signature = NULL;
        struct image *image;
        int rc;

        rc = image_import_end(upload->import, &manifest);
        if (rc == 0)
                rc = image_manifest_print(&manifest, &text);
        if (rc == 0)
                rc = write_parts(images, &manifest, text, &signature);
        if (rc < 0 || !text || !signature)
                return rc < 0 ? rc : -ENOMEM;
        image = image_new(manifest.name, &manifest, reader_over(text, strlen(text)),
                          reader_over(signature, strlen(signature)));
        return image ? take_place(images, image) : -ENOMEM;
}

static int take_and_finish(struct images *images, const char *name, const char *source,
                           uint64_t now_wall_ms, char *error, uint64_t *ret_next)
{
        struct upload *upload = NULL;
        bool is_begun;
        int rc;

        rc = take(images, name, source, &upload, error);
        if (rc < 0)
                return rc;
        *ret_next = image_import_next(upload->import);
        if (*ret_next < image_frame_count(&upload->wanted)) {
                give_back(images, upload);
                return -ERANGE;
        }
        upload->wanted.made_ms = now_wall_ms;
        rc = finish(images, upload);
        is_begun = image_import_is_ended(upload->import);
        if (rc < 0 && !is_begun)
                return end_step(images, upload, rc, error);
        /* It is in its place, or it cannot be ended a second time. */
        if (rc < 0)
                snprintf(error, IMAGES_ERROR_SIZE, "The image could not be put in its place: %s.",
                         strerror(-rc));
        drop(images, upload);
        return is_full(rc) ? -ENOSPC : rc;
}

int images_finish(struct images *images, const char *name, const char *source, uint64_t now_wall_ms,
                  char *error, uint64_t *ret_next)
{
        const int rc = take_and_finish(images, name, source, now_wall_ms, error, ret_next);

        struct image *older;

        /* Where it kept its place. It may be withdrawn again by now: that is not ours to end. */
        pthread_mutex_lock(&images->lock);
        older = image_find(images, name);
        if (older)
                older->is_held = false;
        pthread_mutex_unlock(&images->lock);
        return rc;
}

static bool is_idle(const struct upload *upload, uint64_t now_ms)
{
        if (!upload->is_used || upload->is_busy)
                return false;
        return upload->is_dropped ||
               (now_ms > upload->heard_ms && now_ms - upload->heard_ms >= IMAGES_IDLE_MS);
}

bool images_has_idle(struct images *images, uint64_t now_ms)
{
        bool has = false;

        pthread_mutex_lock(&images->lock);
        for (size_t i = 0; !has && i < IMAGES_UPLOADS_MAX; i++)
                has = is_idle(&images->uploads[i], now_ms);
        pthread_mutex_unlock(&images->lock);
        return has;
}

void images_expire(struct images *images, uint64_t now_ms)
{
        for (size_t i = 0; i < IMAGES_UPLOADS_MAX; i++) {
                struct upload *upload = &images->uploads[i];
                bool is_ours;

                pthread_mutex_lock(&images->lock);
                is_ours = is_idle(upload, now_ms);
                if (is_ours)
                        upload->is_busy = true;
                pthread_mutex_unlock(&images->lock);
                if (!is_ours)
                        continue;
                log_info("image.dropped", "name=%s reason=\"its import was given up\"",
                         upload->wanted.name);
                drop(images, upload);
        }
}

void uploads_close(struct images *images)
{
        for (size_t i = 0; i < IMAGES_UPLOADS_MAX; i++)
                if (images->uploads[i].is_used)
                        drop(images, &images->uploads[i]);
}
