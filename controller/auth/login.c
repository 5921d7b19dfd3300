/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/auth/login.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"

static int link_path(const char *folder, const char *token, char **ret)
{
        struct buffer path = {0};
        char name[SHA256_TEXT_SIZE];
        struct sha256 hash;
        int rc;

        rc = token_hash(token, &hash);
        if (rc < 0)
                return rc;
        buffer_format(&path, "%s/%s", folder, sha256_text(name, &hash));
        rc = buffer_take(&path, ret);
        return rc;
}

static bool is_fresh(const struct stat *st, uint64_t now_ms)
{
        const uint64_t made_ms = (uint64_t)st->st_mtim.tv_sec * 1000;

        return S_ISREG(st->st_mode) && (made_ms >= now_ms || now_ms - made_ms < LOGIN_LINK_MS);
}

int login_link_make(const char *folder, char ret[static TOKEN_TEXT_SIZE])
{
        _free_ char *path = NULL;
        char token[TOKEN_TEXT_SIZE];
        int rc;

        rc = file_make_folders(folder, 0700);
        if (rc == 0)
                rc = token_new(token);
        if (rc == 0)
                rc = link_path(folder, token, &path);
        if (rc == 0)
                rc = file_replace(path, "", 0, 0600);
        if (rc == 0)
                memcpy(ret, token, sizeof(token));
        secret_erase(token, sizeof(token));
        return rc;
}

int login_link_use(const char *folder, const char *token, uint64_t now_ms)
{
        _free_ char *path = NULL;
        struct stat st;
        int rc;

        rc = link_path(folder, token, &path);
        if (rc < 0)
                return rc;
        if (lstat(path, &st) < 0)
                return -errno;
        if (unlink(path) < 0)
                return -errno;
        rc = file_sync_folder(path);
        if (rc < 0)
                return rc;
        return is_fresh(&st, now_ms) ? 0 : -ENOENT;
}

bool login_link_exists(const char *folder, uint64_t now_ms)
{
        DIR *dir = opendir(folder);
        const struct dirent *entry;
        struct stat st;
        bool exists = false;

        if (!dir)
                return false;
        while (!exists && (entry = readdir(dir)))
                exists = strlen(entry->d_name) == SHA256_TEXT_SIZE - 1 &&
                         fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                         is_fresh(&st, now_ms);
        closedir(dir);
        return exists;
}
