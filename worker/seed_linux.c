/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The volume is read, not mounted: no file system driver has to be there, and
 * none has to be trusted with what is on it.
 *
 * The name of a partition stands in its uevent file, where the kernel puts what
 * the table says: no libblkid, no links that udev would have made.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/trust/secret.h"
#include "worker/seed.h"

#define SEED_FILE_MAX  ((size_t)64 << 10)
#define VOLUME_MAX     ((size_t)8 << 20) /* the installer's has 4 MiB; tables and files come first */
#define UEVENT_MAX     4096              /* a page: more is not in a file of sysfs */
#define CANDIDATES_MAX 16                /* disks that were once installed from here */
#define NAME_SIZE      64                /* more than DISK_NAME_LEN of the kernel */

CLEANUP_DEFINE(DIR *, closedir)

static int fail(char *error, int rc, const char *path)
{
        snprintf(error, SEED_ERROR_SIZE, "%s cannot be read: %s", path, strerror(-rc));
        return rc;
}

int seed_read_file(const char *path, char *error, struct worker_seed *ret)
{
        _free_ char *json = NULL;
        size_t size = 0;
        int rc = file_read(AT_FDCWD, path, SEED_FILE_MAX, &json, &size);

        if (rc < 0)
                return fail(error, rc, path);
        rc = seed_parse(json, size, error, ret);
        secret_erase(json, size);
        return rc;
}

/* As much as there is, up to @size. */
static ssize_t read_beginning(int fd, char *to, size_t size)
{
        size_t at = 0;

        while (at < size) {
                const ssize_t got = read(fd, to + at, size - at);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return -errno;
                if (got == 0)
                        break;
                at += (size_t)got;
        }
        return (ssize_t)at;
}

int seed_read_device(const char *path, char *error, struct worker_seed *ret)
{
        _close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        _free_ char *bytes = malloc(VOLUME_MAX);
        char why[SEED_ERROR_SIZE - 64];
        ssize_t size;
        int rc;

        if (fd < 0)
                return fail(error, -errno, path);
        size = bytes ? read_beginning(fd, bytes, VOLUME_MAX) : -ENOMEM;
        if (size < 0)
                return fail(error, (int)size, path);
        rc = seed_read_volume(reader_over(bytes, (size_t)size), error, ret);
        secret_erase(bytes, (size_t)size);
        if (rc < 0) {
                snprintf(why, sizeof(why), "%s", error);
                snprintf(error, SEED_ERROR_SIZE, "%.60s: %s", path, why);
        }
        return rc;
}

struct candidate {
        char name[NAME_SIZE]; /* as in /sys/class/block */
        bool is_beside_root;
};

/* The folder of the disk that a partition's folder lies in; "" if there is none. */
static void disk_of(const char *path, char to[static PATH_MAX])
{
        char *slash;

        if (!realpath(path, to)) {
                to[0] = '\0';
                return;
        }
        slash = strrchr(to, '/');
        if (slash)
                *slash = '\0';
}

static void disk_of_root(const char *root, char to[static PATH_MAX])
{
        char path[PATH_MAX];
        struct stat status;

        to[0] = '\0';
        snprintf(path, sizeof(path), "%s/", root);
        if (stat(path, &status) < 0)
                return;
        snprintf(path, sizeof(path), "%s/sys/dev/block/%u:%u", root, major(status.st_dev),
                 minor(status.st_dev));
        disk_of(path, to);
}

static bool is_named_so(const char *folder)
{
        static const char key[] = "\nPARTNAME=";
        _free_ char *text = NULL;
        char path[PATH_MAX];
        const char *name;
        size_t size;

        snprintf(path, sizeof(path), "%s/uevent", folder);
        if (file_read(AT_FDCWD, path, UEVENT_MAX, &text, NULL) < 0)
                return false;
        name = strstr(text, key);
        if (!name)
                return false;
        name += strlen(key);
        size = strcspn(name, "\n");
        return size == strlen(WORKER_SEED_PART) && strncasecmp(name, WORKER_SEED_PART, size) == 0;
}

static int find_candidates(const char *root, struct candidate *to, size_t *ret_count)
{
        CLEANUP(closedir) DIR *folder = NULL;
        char path[PATH_MAX], of_root[PATH_MAX], of_this[PATH_MAX];
        const struct dirent *entry;
        size_t count = 0;

        disk_of_root(root, of_root);
        snprintf(path, sizeof(path), "%s/sys/class/block", root);
        folder = opendir(path);
        if (!folder)
                return -errno;
        while (count < CANDIDATES_MAX && (entry = readdir(folder))) {
                snprintf(path, sizeof(path), "%s/sys/class/block/%s", root, entry->d_name);
                if (entry->d_name[0] == '.' || !is_named_so(path) ||
                    text_copy(to[count].name, sizeof(to[count].name), entry->d_name) < 0)
                        continue;
                disk_of(path, of_this);
                to[count++].is_beside_root = of_this[0] && strcmp(of_this, of_root) == 0;
        }
        *ret_count = count;
        return 0;
}

static int read_candidate(const char *root, const struct candidate *from, char *error,
                          struct worker_seed *ret)
{
        char path[PATH_MAX], name[NAME_SIZE];

        memcpy(name, from->name, sizeof(name));
        for (char *c = name; *c; c++) /* cciss!c0d0p1 is in a folder of /dev */
                *c = (char)(*c == '!' ? '/' : *c);
        snprintf(path, sizeof(path), "%s/dev/%s", root, name);
        return seed_read_device(path, error, ret);
}

/* Generations are of one node; what another node left behind may have a higher one. */
static bool is_newer(const struct worker_seed *one, const struct worker_seed *other)
{
        if (one->made_ms != other->made_ms)
                return one->made_ms > other->made_ms;
        return one->generation > other->generation;
}

int seed_find(const char *root, char *error, struct worker_seed *ret)
{
        _free_ struct worker_seed *seed = calloc(1, sizeof(*seed));
        struct candidate candidates[CANDIDATES_MAX];
        char why[SEED_ERROR_SIZE] = "";
        bool has_beside_root = false, is_found = false;
        size_t count = 0;
        int rc = seed ? find_candidates(root, candidates, &count) : -ENOMEM, last = -ENOENT;

        if (rc < 0)
                return fail(error, rc, "/sys/class/block");
        snprintf(error, SEED_ERROR_SIZE, "no partition is named " WORKER_SEED_PART);
        for (size_t i = 0; i < count; i++)
                has_beside_root = has_beside_root || candidates[i].is_beside_root;
        for (size_t i = 0; i < count; i++) {
                if (has_beside_root && !candidates[i].is_beside_root)
                        continue;
                rc = read_candidate(root, &candidates[i], why, seed);
                if (rc < 0) {
                        last = rc;
                        snprintf(error, SEED_ERROR_SIZE, "%s", why);
                } else if (!is_found || is_newer(seed, ret)) {
                        *ret = *seed;
                        is_found = true;
                }
        }
        secret_erase(seed, sizeof(*seed));
        return is_found ? 0 : last;
}
