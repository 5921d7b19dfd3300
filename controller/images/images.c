/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is known of images is in memory, sorted, behind one lock; the disk is
 * asked at the start, and after that only for the bytes. So whoever decides what
 * a machine is installed with never waits for a disk.
 */

#include "controller/images/images.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/images/inner.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

/* The place of @name, or where it would be. */
static size_t place_of(const struct images *images, const char *name)
{
        size_t low = 0, high = images->count;

        while (low < high) {
                const size_t middle = low + (high - low) / 2;

                if (strcmp(images->items[middle]->name, name) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

struct image *image_find(struct images *images, const char *name)
{
        const size_t at = place_of(images, name);

        if (at < images->count && strcmp(images->items[at]->name, name) == 0)
                return images->items[at];
        return NULL;
}

int image_put(struct images *images, struct image *take)
{
        const size_t at = place_of(images, take->name);

        atomic_fetch_add(&images->changes, 1);
        if (at < images->count && strcmp(images->items[at]->name, take->name) == 0) {
                free(images->items[at]);
                images->items[at] = take;
                return 0;
        }
        if (images->count >= IMAGES_MAX) {
                free(take);
                return -EUSERS;
        }
        memmove(&images->items[at + 1], &images->items[at],
                (images->count - at) * sizeof(struct image *));
        images->items[at] = take;
        images->count++;
        return 0;
}

int images_open(const struct images_options *options, char *error, struct images **ret)
{
        CLEANUP(images_close) struct images *images = calloc(1, sizeof(*images));
        int rc;

        if (!images)
                return IMAGES_FAIL(error, -ENOMEM, "out of memory");
        images->folder = -EBADF;
        pthread_mutex_init(&images->lock, NULL);
        images->key = options->key;
        images->spawner = options->spawner;
        images->reserve = options->reserve ? options->reserve : IMAGES_RESERVE;
        signing_key_public(options->key, &images->public);
        images->path = strdup(options->folder);
        if (!images->path)
                return IMAGES_FAIL(error, -ENOMEM, "out of memory");
        rc = file_make_folders(options->folder, 0700);
        if (rc == 0) {
                images->folder = open(options->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                rc = images->folder < 0 ? -errno : images_scan(images);
        }
        if (rc < 0)
                return IMAGES_FAIL(error, rc, "%.180s: %s", options->folder, strerror(-rc));
        *ret = TAKE_PTR(images);
        return 0;
}

void images_stop(struct images *images)
{
        bool has_verifier;

        if (!images)
                return;
        atomic_store(&images->is_stopping, true);
        pthread_mutex_lock(&images->lock);
        has_verifier = images->has_verifier;
        images->has_verifier = false;
        pthread_mutex_unlock(&images->lock);
        if (has_verifier)
                pthread_join(images->verifier, NULL);
}

struct images *images_close(struct images *images)
{
        if (!images)
                return NULL;
        images_stop(images);
        uploads_close(images);
        for (size_t i = 0; i < images->count; i++)
                free(images->items[i]);
        if (images->folder >= 0)
                close(images->folder);
        pthread_mutex_destroy(&images->lock);
        free(images->path);
        free(images);
        return NULL;
}

int images_find(struct images *images, const char *name, struct image_manifest *ret)
{
        const struct image *image;
        int rc = 0;

        pthread_mutex_lock(&images->lock);
        image = image_find(images, name);
        if (!image || image->is_leaving)
                rc = -ENOENT;
        else if (image->is_held)
                rc = -EBUSY;
        else if (image->broken[0])
                rc = -EBADMSG;
        else
                *ret = image->manifest;
        pthread_mutex_unlock(&images->lock);
        return rc;
}

static struct doc *describe(const struct image *image)
{
        const struct image_manifest *manifest = &image->manifest;
        struct doc *object = doc_object(), *spec = doc_object(), *status = doc_object();
        char id[IMAGE_ID_SIZE];

        doc_set_text(object, "kind", "image");
        doc_set_text(object, "name", image->name);
        if (image->has_manifest) {
                image_id(manifest, id);
                doc_set_text(spec, "os", manifest->os);
                doc_set_text(spec, "architecture", manifest->architecture);
                doc_set_text(status, "id", id);
                doc_set_number(status, "size", (int64_t)manifest->size);
                doc_set_number(status, "stored_size", (int64_t)manifest->stored_size);
                doc_set_number(status, "sector_size", manifest->sector_size);
                doc_set_text(status, "table_sha256", manifest->table_sha256);
                doc_set_number(status, "made_ms", (int64_t)manifest->made_ms);
        }
        if (image->broken[0])
                doc_set_text(status, "broken", image->broken);
        doc_set(object, "spec", spec);
        doc_set(object, "status", status);
        return object;
}

struct doc *images_list(struct images *images)
{
        _doc_ struct doc *answer = doc_object();
        struct doc *items = doc_list();
        int rc = 0;

        pthread_mutex_lock(&images->lock);
        for (size_t i = 0; rc == 0 && i < images->count; i++)
                if (!images->items[i]->is_leaving)
                        rc = doc_append(items, describe(images->items[i]));
        pthread_mutex_unlock(&images->lock);
        if (doc_set(answer, "items", items) < 0 || rc < 0)
                return NULL;
        return TAKE_PTR(answer);
}

uint64_t images_changes(struct images *images)
{
        return 1 + atomic_load(&images->changes);
}

int images_show(struct images *images, const char *name, struct doc **ret)
{
        const struct image *image;
        struct doc *object = NULL;
        bool is_there;

        pthread_mutex_lock(&images->lock);
        image = image_find(images, name);
        is_there = image && !image->is_leaving;
        if (is_there)
                object = describe(image);
        pthread_mutex_unlock(&images->lock);
        if (!is_there)
                return -ENOENT;
        if (!object)
                return -ENOMEM;
        *ret = object;
        return 0;
}

/* With the lock. ID and suffix of a name; FILE_COUNT: it is none. */
static unsigned split_name(const char *name, char id[static IMAGE_ID_SIZE])
{
        const char *dot = strchr(name, '.');

        if (!dot || text_copy_bytes(id, IMAGE_ID_SIZE, name, (size_t)(dot - name)) < 0 ||
            !image_id_is_valid(id))
                return FILE_COUNT;
        for (unsigned i = 0; i < FILE_COUNT; i++)
                if (strcmp(dot, image_suffixes[i]) == 0)
                        return i;
        return FILE_COUNT;
}

static const struct image *find_id(const struct images *images, const char *wanted)
{
        for (size_t i = 0; i < images->count; i++) {
                const struct image *image = images->items[i];
                char id[IMAGE_ID_SIZE];

                if (image->broken[0] || image->is_leaving)
                        continue;
                image_id(&image->manifest, id);
                if (strcmp(id, wanted) == 0)
                        return image;
        }
        return NULL;
}

static int open_file(struct images *images, const struct image *image, unsigned which, int *ret)
{
        char file[IMAGE_FILE_SIZE];
        _close_ int fd = openat(images->folder, image_file(file, image->name, which),
                                O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if ((uint64_t)st.st_size != image->sizes[which])
                return -ESTALE;
        *ret = TAKE_FD(fd);
        return 0;
}

int images_file(struct images *images, const char *name, int *ret_fd,
                char ret_etag[static IMAGES_ETAG_SIZE])
{
        const struct image *image;
        char id[IMAGE_ID_SIZE];
        const unsigned which = split_name(name, id);
        int rc = -ENOENT;

        if (which == FILE_COUNT)
                return rc;
        pthread_mutex_lock(&images->lock);
        image = find_id(images, id);
        if (image) {
                rc = open_file(images, image, which, ret_fd);
                if (rc == -ENOENT)
                        rc = -ESTALE; /* somebody took it away */
                memcpy(ret_etag, image->etags[which], IMAGES_ETAG_SIZE);
        }
        pthread_mutex_unlock(&images->lock);
        return rc;
}

int images_withdraw(struct images *images, const char *name)
{
        struct upload *upload;
        struct image *image;
        int rc = 0;

        pthread_mutex_lock(&images->lock);
        image = image_find(images, name);
        upload = upload_find(images, name);
        if (!image && !upload)
                rc = -ENOENT;
        else if ((image && (image->is_leaving || image->is_held)) ||
                 (upload && (upload->is_busy || upload->is_dropped)))
                rc = -EBUSY;
        else if (image)
                image->is_leaving = true;
        else
                upload->is_dropped = true; /* images_remove() lets it go */
        pthread_mutex_unlock(&images->lock);
        return rc;
}

int images_hold(struct images *images, const char *name)
{
        struct image *image;
        int rc = 0;

        pthread_mutex_lock(&images->lock);
        image = image_find(images, name);
        if (image && (image->is_leaving || image->is_held))
                rc = -EBUSY;
        else if (image)
                image->is_held = true;
        pthread_mutex_unlock(&images->lock);
        return rc;
}

void images_release(struct images *images, const char *name)
{
        struct image *image;

        pthread_mutex_lock(&images->lock);
        image = image_find(images, name);
        if (image)
                image->is_leaving = image->is_held = false;
        pthread_mutex_unlock(&images->lock);
}

/* The manifest first: what is left of a deletion that was cut off is no image. */
static int unlink_files(struct images *images, const char *name)
{
        char file[IMAGE_FILE_SIZE];

        for (unsigned i = FILE_COUNT; i-- > 0;)
                if (unlinkat(images->folder, image_file(file, name, i), 0) < 0 && errno != ENOENT)
                        return -errno;
        return fsync(images->folder) < 0 ? -errno : 0;
}

static void forget(struct images *images, const char *name)
{
        size_t at;

        pthread_mutex_lock(&images->lock);
        at = place_of(images, name);
        if (at < images->count && strcmp(images->items[at]->name, name) == 0) {
                free(images->items[at]);
                images->count--;
                memmove(&images->items[at], &images->items[at + 1],
                        (images->count - at) * sizeof(struct image *));
        }
        pthread_mutex_unlock(&images->lock);
}

int images_remove(struct images *images, const char *name)
{
        struct image *image;
        bool is_leaving;
        int rc;

        pthread_mutex_lock(&images->lock);
        image = image_find(images, name);
        is_leaving = image && image->is_leaving;
        pthread_mutex_unlock(&images->lock);
        if (!is_leaving) {
                images_expire(images, 0);
                return 0;
        }
        rc = unlink_files(images, name);
        if (rc == 0) {
                forget(images, name);
                return 0;
        }
        image = image_load(images, name);
        if (!image)
                return rc;
        pthread_mutex_lock(&images->lock);
        (void)image_put(images, image); /* it has the place of the one that was leaving */
        pthread_mutex_unlock(&images->lock);
        return rc;
}
