/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Owners and times do not matter here: ext4_write() sets them all. Modes do. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "mkimage/error.h"
#include "mkimage/list.h"
#include "mkimage/modules.h"
#include "mkimage/stage.h"
#include "mkimage/worker_root.h"
#include "mkimage/workshop.h"

#define PROGRAM          "cloudie-worker"
#define PROGRAM_SIZE_MAX ((size_t)64 << 20) /* a static one of ours has 10 MB */

static const struct {
        const char *path;
        mode_t mode;
} folders[] = {
        {"boot",            0755 },
        {"dev",             0755 },
        {"etc",             0755 },
        {"proc",            0555 },
        {"root",            0700 },
        {"run",             0755 },
        {"sbin",            0755 },
        {"sys",             0555 },
        {"tmp",             01777},
        {"usr",             0755 },
        {"usr/sbin",        0755 },
        {"var",             0755 },
        {"var/lib",         0755 },
        {"var/lib/cloudie", 0700 },
};

static const struct {
        const char *path, *content;
} files[] = {
        {"etc/group",         "root:x:0:\n"                                                      },
        {"etc/hosts",         "127.0.0.1 localhost\n::1 localhost\n"                             },
 /* A static glibc looks names up as this says, and only then without loading libraries. */
        {"etc/nsswitch.conf", "hosts: files dns\n"                                               },
        {"etc/os-release",
         "ID=cloudie-worker\nNAME=\"Cloudie tiny worker\"\nPRETTY_NAME=\"Cloudie tiny worker\"\n"},
        {"etc/passwd",        "root:x:0:0:root:/root:/sbin/nologin\n"                            },
};

int worker_root_check(const char *programs, char *error)
{
        return stage_check_program(programs, PROGRAM, error);
}

static int add_folders(const char *root)
{
        char path[PATH_MAX];
        int rc = 0;

        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(folders); i++) {
                rc = workshop_path(path, "%s/%s", root, folders[i].path);
                if (rc == 0 && (mkdir(path, 0700) < 0 || chmod(path, folders[i].mode) < 0))
                        rc = -errno;
        }
        return rc;
}

static int add_files(const char *root)
{
        char path[PATH_MAX];
        int rc = 0;

        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(files); i++) {
                rc = workshop_path(path, "%s/%s", root, files[i].path);
                if (rc == 0)
                        rc = file_replace(path, files[i].content, strlen(files[i].content), 0644);
        }
        return rc;
}

static int add_program(const char *programs, const char *root)
{
        char from[PATH_MAX], to[PATH_MAX], init[PATH_MAX];
        _free_ char *bytes = NULL;
        size_t size = 0;
        int rc = workshop_path(from, "%s/" PROGRAM, programs);

        if (rc == 0)
                rc = workshop_path(to, "%s/usr/sbin/" PROGRAM, root);
        if (rc == 0)
                rc = workshop_path(init, "%s" WORKER_INIT, root);
        if (rc == 0)
                rc = file_read(AT_FDCWD, from, PROGRAM_SIZE_MAX, &bytes, &size);
        if (rc == 0)
                rc = file_replace(to, bytes, size, 0755);
        if (rc == 0 && symlink("../usr/sbin/" PROGRAM, init) < 0)
                rc = -errno;
        return rc;
}

static int add_kernel(const struct kernel *kernel, const char *root)
{
        char path[PATH_MAX];
        int rc = workshop_path(path, "%s" WORKER_KERNEL, root);

        return rc == 0 && rename(kernel->image, path) < 0 ? -errno : rc;
}

static int add_modules(const struct kernel *kernel, const char *root, char *error)
{
        const struct stage_list list = {"worker-tiny.list", list_worker_tiny};
        CLEANUP(modules_free) struct modules *modules = NULL;
        int rc = modules_load(kernel->modules, error, &modules);

        if (rc == 0)
                rc = stage_choose(modules, STAGE_ONE, &list, NULL, error);
        if (rc == 0)
                rc = stage_modules_move(modules, STAGE_ONE, kernel, root, error);
        return rc;
}

int worker_root_make(const struct kernel *kernel, const char *programs, const char *root,
                     char *error)
{
        int rc = add_folders(root);

        if (rc == 0)
                rc = add_files(root);
        if (rc == 0)
                rc = add_program(programs, root);
        if (rc == 0)
                rc = add_kernel(kernel, root);
        if (rc < 0)
                return mkimage_fail(error, rc, "cannot fill %s: %s", root, strerror(-rc));
        return add_modules(kernel, root, error);
}
