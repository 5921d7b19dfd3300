/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The folder of images
 *
 * It is a cache: whatever goes is fetched again. When a file was used last stands
 * in its time of modification, written at most once a minute, so that the order in which files
 * go outlives a start.
 */
#include "netboot/image_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/map.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "netboot/path.h"

#define PART_SIZE (WIRE_NAME_SIZE + 8)

struct image_store {
        int folder_fd;
        uint64_t limit, keep_free;
        uint64_t used; /* bytes of all entries */
        struct map *entries;
};

bool image_name_is_small(const char *name)
{
        return strstr(name, ".raw.zst") == NULL;
}

/* No image's name begins with a dot. */
static const char *part_name(const char *name, char to[static PART_SIZE])
{
        snprintf(to, PART_SIZE, ".%.63s.part", name);
        return to;
}

/* An image's id is a hash of all its bytes; the name of a manifest says nothing of its own. */
static void set_etag(struct image_entry *entry, const struct sha256 *hash)
{
        char text[SHA256_TEXT_SIZE];

        if (image_name_is_small(entry->name))
                snprintf(entry->etag, sizeof(entry->etag), "\"%s\"", sha256_text(text, hash));
        else
                snprintf(entry->etag, sizeof(entry->etag), "\"%.32s-%llx\"", entry->name,
                         (unsigned long long)entry->size);
}

struct image_entry *image_store_find(struct image_store *store, const char *name)
{
        return map_find(store->entries, name, strlen(name));
}

static bool is_in_use(const struct image_entry *entry, uint64_t now_ms)
{
        return entry->users > 0 ||
               (entry->used_ms > 0 && now_ms - entry->used_ms < IMAGE_STORE_USED_MS);
}

/* With its file, or after that is gone. */
static void forget(struct image_store *store, struct image_entry *entry)
{
        store->used -= entry->size;
        unlinkat(store->folder_fd, entry->name, 0);
        map_remove(store->entries, entry->name, strlen(entry->name));
        free(entry);
}

void image_store_remove(struct image_store *store, struct image_entry *entry, uint64_t now_ms)
{
        if (!is_in_use(entry, now_ms))
                forget(store, entry);
}

static struct image_entry *oldest(struct image_store *store, uint64_t now_ms)
{
        struct image_entry *found = NULL;
        size_t at = 0;
        void *value;

        while (map_next(store->entries, &at, &value)) {
                struct image_entry *entry = value;

                if (!is_in_use(entry, now_ms) && (!found || entry->order_ms < found->order_ms))
                        found = entry;
        }
        return found;
}

static int evict_one(struct image_store *store, uint64_t now_ms)
{
        struct image_entry *entry = oldest(store, now_ms);

        if (!entry)
                return -ENOSPC;
        log_info("image.evicted", "name=%s bytes=%llu reason=\"it was used longest ago\"",
                 entry->name, (unsigned long long)entry->size);
        forget(store, entry);
        return 0;
}

static bool has_room(const struct image_store *store, uint64_t bytes)
{
        struct statvfs disk;
        uint64_t free_bytes;

        if (store->used > store->limit || bytes > store->limit - store->used)
                return false;
        if (fstatvfs(store->folder_fd, &disk) < 0)
                return true; /* the write will say */
        free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
        return free_bytes >= store->keep_free;
}

int image_store_could_hold(const struct image_store *store, uint64_t bytes, uint64_t now_ms)
{
        uint64_t stays = 0;
        size_t at = 0;
        void *value;

        while (map_next(store->entries, &at, &value)) {
                const struct image_entry *entry = value;

                if (is_in_use(entry, now_ms))
                        stays += entry->size;
        }
        return stays > store->limit || bytes > store->limit - stays ? -ENOSPC : 0;
}

int image_store_make_room(struct image_store *store, uint64_t bytes, uint64_t now_ms)
{
        int rc = 0;

        while (rc == 0 && !has_room(store, bytes))
                rc = evict_one(store, now_ms);
        return rc;
}

int image_store_open(struct image_store *store, struct image_entry *entry, uint64_t now_ms)
{
        const uint64_t wall_ms = clock_wall_ms();
        const bool is_late = wall_ms - entry->order_ms >= 60000; /* a clock set back as well */
        _close_ int fd = openat(store->folder_fd, entry->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        struct stat st = {0};
        int rc = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;

        if (rc == 0 && (uint64_t)st.st_size != entry->size)
                rc = -ENOENT; /* cut: as good as none */
        if (rc < 0) {
                if (rc == -ENOENT && entry->users == 0)
                        forget(store, entry); /* somebody tidied up: it is fetched again */
                return rc;
        }
        entry->users++;
        entry->used_ms = now_ms;
        if (is_late) {
                entry->order_ms = wall_ms;
                (void)futimens(fd, NULL);
        }
        return TAKE_FD(fd);
}

int image_store_part_open(struct image_store *store, const char *name)
{
        char part[PART_SIZE];
        const int fd = openat(store->folder_fd, part_name(name, part),
                              O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        return fd < 0 ? -errno : fd;
}

void image_store_part_drop(struct image_store *store, const char *name)
{
        char part[PART_SIZE];

        unlinkat(store->folder_fd, part_name(name, part), 0);
}

/* The entry of this name, or a new one of no bytes. NULL without memory, or room for one more. */
static struct image_entry *entry_of(struct image_store *store, const char *name, uint64_t now_ms)
{
        struct image_entry *entry = image_store_find(store, name);

        if (entry)
                return entry;
        if (map_count(store->entries) >= IMAGE_STORE_MAX_FILES && evict_one(store, now_ms) < 0)
                return NULL;
        entry = calloc(1, sizeof(*entry));
        if (entry && (text_copy(entry->name, sizeof(entry->name), name) < 0 ||
                      map_set(store->entries, name, strlen(name), entry) < 0)) {
                free(entry);
                return NULL;
        }
        return entry;
}

int image_store_part_take(struct image_store *store, const char *name, uint64_t size,
                          const struct sha256 *hash, uint64_t now_ms)
{
        struct image_entry *entry = entry_of(store, name, now_ms);
        char part[PART_SIZE];
        int rc = entry ? 0 : -ENOMEM;

        if (rc == 0 &&
            (renameat(store->folder_fd, part_name(name, part), store->folder_fd, name) < 0 ||
             fsync(store->folder_fd) < 0))
                rc = -errno;
        if (rc < 0) {
                image_store_part_drop(store, name);
                if (entry && entry->came_ms == 0 && entry->size == 0)
                        forget(store, entry); /* made just now */
                return rc;
        }
        store->used += size - entry->size;
        entry->size = size;
        entry->came_ms = entry->used_ms = now_ms;
        entry->order_ms = clock_wall_ms();
        set_etag(entry, hash);
        return 0;
}

/* One file of the folder, from a start before. */
static void adopt(struct image_store *store, const char *name)
{
        const int fd = openat(store->folder_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        struct image_entry *entry = NULL;
        struct sha256 hash = {0};
        struct stat st = {0};

        /* What a crash left without bytes was never whole: no image, manifest or signature is
         * empty. */
        if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
            (!image_name_is_small(name) || sha256_of_fd(fd, &hash, NULL) == 0))
                entry = entry_of(store, name, 0);
        if (fd >= 0)
                close(fd);
        if (!entry) {
                unlinkat(store->folder_fd, name, 0);
                return;
        }
        entry->size = (uint64_t)st.st_size;
        entry->order_ms = (uint64_t)st.st_mtim.tv_sec * 1000;
        store->used += entry->size;
        set_etag(entry, &hash);
}

static int scan(struct image_store *store)
{
        const int fd = openat(store->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *folder = fd < 0 ? NULL : fdopendir(fd);

        if (!folder) {
                const int rc = -errno;

                if (fd >= 0)
                        close(fd);
                return rc;
        }
        for (const struct dirent *d = readdir(folder); d; d = readdir(folder)) {
                if (image_file_name_is_safe(d->d_name))
                        adopt(store, d->d_name);
                else if (d->d_name[0] == '.' && strstr(d->d_name, ".part"))
                        unlinkat(store->folder_fd, d->d_name, 0);
        }
        closedir(folder);
        return 0;
}

int image_store_new(const struct image_store_options *options, struct image_store **ret)
{
        struct image_store *store = calloc(1, sizeof(*store));
        int rc;

        if (!store)
                return -ENOMEM;
        store->limit = options->limit_bytes;
        store->keep_free = options->keep_free_bytes;
        store->folder_fd = -EBADF;
        store->entries = map_new(IMAGE_STORE_MAX_FILES);
        rc = store->entries ? file_make_folders(options->path, 0755) : -ENOMEM;
        if (rc == 0) {
                store->folder_fd = open(options->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                rc = store->folder_fd < 0 ? -errno : scan(store);
        }
        if (rc < 0) {
                image_store_free(store);
                return rc;
        }
        (void)image_store_make_room(store, 0, 0); /* the limit may be a smaller one now */
        *ret = store;
        return 0;
}

struct image_store *image_store_free(struct image_store *store)
{
        size_t at = 0;
        void *entry;

        if (!store)
                return NULL;
        while (store->entries && map_next(store->entries, &at, &entry))
                free(entry);
        map_free(store->entries);
        if (store->folder_fd >= 0)
                close(store->folder_fd);
        free(store);
        return NULL;
}
