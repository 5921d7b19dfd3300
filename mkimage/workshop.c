/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A run that is killed leaves its workshop behind, a hundred megabytes or more.
 * The next run for the same output finds it by its name, and that nobody holds
 * its lock.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "mkimage/error.h"
#include "mkimage/folder.h"
#include "mkimage/workshop.h"

#define MAKING ".making." /* in the name of a workshop, behind the output's own */

int workshop_path(char to[static PATH_MAX], const char *format, ...)
{
        va_list args;
        int len;

        va_start(args, format);
        len = vsnprintf(to, PATH_MAX, format, args);
        va_end(args);
        return len < 0 || len >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* A workshop that nobody works in any more: whoever made it was killed. */
static void remove_if_abandoned(const char *path)
{
        _close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
                (void)folder_remove(path);
}

static void remove_abandoned(const char *output)
{
        const char *slash = strrchr(output, '/');
        const char *name = slash ? slash + 1 : output;
        const int folder_size = (int)(name - output);
        char path[PATH_MAX], prefix[NAME_MAX + 1];
        DIR *folder;

        if (workshop_path(path, "%.*s.", folder_size, output) < 0 ||
            snprintf(prefix, sizeof(prefix), "%s" MAKING, name) >= (int)sizeof(prefix))
                return;
        folder = opendir(path);
        if (!folder)
                return;
        for (const struct dirent *entry; (entry = readdir(folder));)
                if (text_has_prefix(entry->d_name, prefix) &&
                    workshop_path(path, "%.*s%s", folder_size, output, entry->d_name) == 0)
                        remove_if_abandoned(path);
        closedir(folder);
}

static int make_root(struct workshop *shop, const char *output)
{
        char plain[PATH_MAX];
        size_t len = strlen(output);
        int rc;

        while (len > 1 && output[len - 1] == '/')
                len--;
        rc = workshop_path(plain, "%.*s", (int)len, output);
        if (rc == 0)
                rc = workshop_path(shop->root, "%s" MAKING "XXXXXX", plain);
        if (rc < 0) {
                shop->root[0] = '\0';
                return rc;
        }
        remove_abandoned(plain);
        if (!mkdtemp(shop->root)) {
                rc = -errno;
                shop->root[0] = '\0';
                return rc;
        }
        shop->lock = open(shop->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return shop->lock < 0 || flock(shop->lock, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

int workshop_make(struct workshop *shop, const char *output, char *error)
{
        *shop = (struct workshop){.lock = -EBADF};

        const int rc = make_root(shop, output);

        return rc < 0 ? mkimage_fail(error, rc, "cannot write beside %s: %s", output, strerror(-rc))
                      : 0;
}

int workshop_folder(const struct workshop *shop, const char *name, char ret_path[static PATH_MAX],
                    char *error)
{
        int rc = workshop_path(ret_path, "%s/%s", shop->root, name);

        if (rc == 0 && (mkdir(ret_path, 0755) < 0 || chmod(ret_path, 0755) < 0))
                rc = -errno;
        return rc < 0 ? mkimage_fail(error, rc, "cannot write into %s: %s", shop->root,
                                     strerror(-rc))
                      : 0;
}

void workshop_done(struct workshop *shop)
{
        if (shop->root[0])
                folder_remove(shop->root);
        if (shop->lock >= 0)
                close(shop->lock);
}
