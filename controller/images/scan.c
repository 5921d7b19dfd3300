/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is on disk at the start. A finished import has its manifest on disk as a
 * part, and that is written last: so whoever finds one finishes it, and whoever
 * finds none removes what is there. No crash leaves half an image in the place
 * of a whole one.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/images/inner.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

const char *const image_suffixes[FILE_COUNT] = {
        [FILE_DATA] = ".raw.zst",
        [FILE_SIGNATURE] = ".json.sig",
        [FILE_MANIFEST] = ".json",
};

const char *image_file(char to[static IMAGE_FILE_SIZE], const char *name, unsigned which)
{
        snprintf(to, IMAGE_FILE_SIZE, "%.63s%s", name, image_suffixes[which]);
        return to;
}

const char *image_part(char to[static IMAGE_FILE_SIZE], const char *name, unsigned which)
{
        snprintf(to, IMAGE_FILE_SIZE, ".%.63s%s.part", name, image_suffixes[which]);
        return to;
}

int image_commit(struct images *images, const char *name)
{
        for (unsigned i = 0; i < FILE_COUNT; i++) {
                char file[IMAGE_FILE_SIZE], part[IMAGE_FILE_SIZE];

                if (renameat(images->folder, image_part(part, name, i), images->folder,
                             image_file(file, name, i)) < 0 &&
                    errno != ENOENT)
                        return -errno;
        }
        return 0;
}

static void put_etag(struct image *image, unsigned which, const struct sha256 *hash)
{
        char hex[SHA256_TEXT_SIZE];

        snprintf(image->etags[which], IMAGES_ETAG_SIZE, "\"%s\"", sha256_text(hex, hash));
}

struct image *image_new(const char *name, const struct image_manifest *manifest, struct reader text,
                        struct reader signature)
{
        struct image *image = calloc(1, sizeof(*image));
        struct sha256 text_hash, signature_hash;

        if (!image || sha256_of(text.at, reader_left(&text), &text_hash) < 0 ||
            sha256_of(signature.at, reader_left(&signature), &signature_hash) < 0) {
                free(image);
                return NULL;
        }
        (void)text_copy(image->name, sizeof(image->name), name);
        image->manifest = *manifest;
        image->has_manifest = true;
        image->sizes[FILE_DATA] = manifest->stored_size;
        image->sizes[FILE_MANIFEST] = reader_left(&text);
        image->sizes[FILE_SIGNATURE] = reader_left(&signature);
        snprintf(image->etags[FILE_DATA], IMAGES_ETAG_SIZE, "\"%s\"", manifest->stored_sha256);
        put_etag(image, FILE_MANIFEST, &text_hash);
        put_etag(image, FILE_SIGNATURE, &signature_hash);
        return image;
}

static struct image *new_broken(const char *name, const char *file, const char *why)
{
        struct image *image = calloc(1, sizeof(*image));

        if (!image)
                return NULL;
        (void)text_copy(image->name, sizeof(image->name), name);
        snprintf(image->broken, IMAGES_ERROR_SIZE, "%s: %s", file, why);
        return image;
}

static void check_data(struct images *images, struct image *image)
{
        char file[IMAGE_FILE_SIZE];
        _close_ int fd = openat(images->folder, image_file(file, image->name, FILE_DATA),
                                O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        int rc;

        rc = fd < 0 ? -errno : image_check_fd(fd, &image->manifest);
        if (rc == -EBADMSG || rc == -EKEYREJECTED)
                snprintf(image->broken, IMAGES_ERROR_SIZE,
                         "%s: its size or its table is not what the manifest says", file);
        else if (rc < 0)
                snprintf(image->broken, IMAGES_ERROR_SIZE, "%s: %s", file, strerror(-rc));
}

struct image *image_load(struct images *images, const char *name)
{
        _free_ char *text = NULL, *signature = NULL;
        size_t text_size = 0, signature_size = 0;
        struct image_manifest manifest;
        char file[IMAGE_FILE_SIZE], error[DOC_ERROR_SIZE];
        struct image *image;
        bool is_signed;
        int rc;

        rc = file_read(images->folder, image_file(file, name, FILE_SIGNATURE), IMAGE_SIGNATURE_MAX,
                       &signature, &signature_size);
        if (rc == 0)
                rc = file_read(images->folder, image_file(file, name, FILE_MANIFEST),
                               IMAGE_MANIFEST_MAX, &text, &text_size);
        if (rc < 0)
                return new_broken(name, file, strerror(-rc));
        rc = image_manifest_open(&images->public, reader_over(text, text_size),
                                 reader_over(signature, signature_size), error, &is_signed,
                                 &manifest);
        if (rc < 0)
                return new_broken(name, file, error);
        if (strcmp(manifest.name, name) != 0)
                return new_broken(name, file, "it is the manifest of an image of another name");
        image = image_new(name, &manifest, reader_over(text, text_size),
                          reader_over(signature, signature_size));
        if (image)
                check_data(images, image);
        return image;
}

/* The image's name in that of one of its files. */
static bool name_of(const char *file, unsigned which, char ret[static IMAGE_NAME_SIZE])
{
        const size_t tail = strlen(image_suffixes[which]), size = strlen(file);

        return size > tail && strcmp(file + size - tail, image_suffixes[which]) == 0 &&
               text_copy_bytes(ret, IMAGE_NAME_SIZE, file, size - tail) == 0 &&
               image_name_is_valid(ret);
}

typedef int (*visit_fn)(struct images *images, const char *file);

static int walk(struct images *images, visit_fn visit)
{
        const int copy = openat(images->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const struct dirent *entry;
        DIR *folder;
        int rc = 0;

        if (copy < 0)
                return -errno;
        folder = fdopendir(copy);
        if (!folder) {
                close(copy);
                return -ENOMEM;
        }
        for (errno = 0; rc == 0 && (entry = readdir(folder)); errno = 0)
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        rc = visit(images, entry->d_name);
        if (rc == 0)
                rc = -errno;
        closedir(folder);
        return rc;
}

static int finish_import(struct images *images, const char *file)
{
        char name[IMAGE_NAME_SIZE], whole[NAME_MAX + 1];
        const size_t size = strlen(file), around = strlen("..part");
        int rc;

        if (size <= around || file[0] != '.' || !text_has_suffix(file, ".part") ||
            text_copy_bytes(whole, sizeof(whole), file + 1, size - around) < 0 ||
            !name_of(whole, FILE_MANIFEST, name))
                return 0;
        rc = image_commit(images, name);
        if (rc == 0)
                log_info("image.finished", "name=%s reason=\"its import was cut off\"", name);
        return rc;
}

static int remove_part(struct images *images, const char *file)
{
        if (file[0] != '.')
                return 0;
        if (unlinkat(images->folder, file, 0) < 0 && errno != EISDIR)
                return -errno;
        log_info("image.removed", "file=%s reason=\"its import was cut off\"", QUOTE(file));
        return 0;
}

/* Any of the three makes it one: what is left of an image is told. */
static int add(struct images *images, const char *file)
{
        char name[IMAGE_NAME_SIZE];
        struct image *image;
        unsigned which = 0;

        while (which < FILE_COUNT && !name_of(file, which, name))
                which++;
        if (which == FILE_COUNT || file[0] == '.' || image_find(images, name))
                return 0;
        image = image_load(images, name);
        if (!image)
                return -ENOMEM;
        if (image->broken[0])
                log_warning("image.broken", "name=%s reason=%s", name, QUOTE(image->broken));
        if (image_put(images, image) < 0)
                log_warning("image.ignored", "name=%s reason=\"more than %d images\"", name,
                            IMAGES_MAX);
        return 0;
}

int images_scan(struct images *images)
{
        int rc;

        rc = walk(images, finish_import);
        if (rc == 0)
                rc = walk(images, remove_part);
        if (rc == 0 && fsync(images->folder) < 0)
                rc = -errno;
        return rc < 0 ? rc : walk(images, add);
}
