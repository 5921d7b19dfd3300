/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "mkimage/folder.h"

#define OPEN_FOLDERS 16

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
        (void)status;
        (void)kind;
        (void)place;
        return remove(path) < 0 ? -errno : 0;
}

int folder_remove(const char *path)
{
        const int rc = nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);

        return rc == -1 ? -errno : rc;
}

static bool is_empty(const char *path)
{
        DIR *folder = opendir(path);
        bool is_empty = folder != NULL;

        if (!folder)
                return errno == ENOENT;
        for (struct dirent *entry = readdir(folder); is_empty && entry; entry = readdir(folder))
                is_empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        closedir(folder);
        return is_empty;
}

bool folder_may_replace(const char *path, const char *mark)
{
        _close_ int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (folder >= 0 && faccessat(folder, mark, F_OK, 0) == 0)
                return true;
        return is_empty(path);
}

int folder_replace(const char *from, const char *to)
{
        int rc;

        if (rename(from, to) == 0) /* also over an empty folder */
                return file_sync_folder(to);
        if (errno != ENOTEMPTY && errno != EEXIST)
                return -errno;
        if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) < 0)
                return -errno;
        rc = folder_remove(from);
        return rc < 0 ? rc : file_sync_folder(to);
}
