/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "image/deb.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "mkimage/confine.h"
#include "mkimage/error.h"
#include "mkimage/kernel.h"
#include "mkimage/package.h"
#include "mkimage/run.h"
#include "mkimage/workshop.h"

#define IMAGE_PREFIX "boot/vmlinuz-"

int kernel_find(const char *deb, const char *stands_for, const char *cache, char *error, char **ret)
{
        _free_ char *name = NULL;
        int rc;

        if (deb) {
                *ret = strdup(deb);
                return *ret ? 0 : mkimage_fail(error, -ENOMEM, "no memory");
        }
        rc = package_first_dependency(stands_for, error, &name);
        return rc < 0 ? rc : package_fetch(name, cache, error, ret);
}

struct search {
        char version[KERNEL_VERSION_SIZE];
};

static bool is_wanted(void *context, const char *path)
{
        struct search *search = context;

        if (text_has_prefix(path, IMAGE_PREFIX)) {
                const char *version = path + strlen(IMAGE_PREFIX);

                /* It becomes part of paths; a package has one. */
                return !strchr(version, '/') && search->version[0] == '\0' &&
                       text_copy(search->version, sizeof(search->version), version) == 0;
        }
        return text_has_prefix(path, "lib/modules/");
}

/* Which kernel came out; the search itself was made in another process. */
static int find_version(const char *folder, char version[static KERNEL_VERSION_SIZE])
{
        char pattern[PATH_MAX];
        glob_t found = {0};
        int rc = workshop_path(pattern, "%s/" IMAGE_PREFIX "*", folder);

        if (rc < 0)
                return rc;
        if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0 || found.gl_pathc != 1)
                rc = -EBADMSG;
        else
                rc = text_copy(version, KERNEL_VERSION_SIZE,
                               strrchr(found.gl_pathv[0], '/') + strlen("/vmlinuz-"));
        globfree(&found);
        return rc;
}

static int unpack(const char *deb, const char *folder, char version[static KERNEL_VERSION_SIZE],
                  char *error)
{
        struct search search = {.version = ""};
        _close_ int fd = open(deb, O_RDONLY | O_CLOEXEC);
        char why[IMAGE_ERROR_SIZE];
        int rc;

        if (fd < 0)
                return mkimage_fail(error, -errno, "cannot read %s: %s", deb, strerror(errno));
        rc = unpack_deb(fd, folder, is_wanted, &search, why);
        if (rc < 0)
                return mkimage_fail(error, rc, "%s: %s", deb, why[0] ? why : strerror(-rc));
        if (find_version(folder, version) < 0)
                return mkimage_fail(error, -EBADMSG,
                                    "%s holds no kernel; a linux-image package is needed", deb);
        return 0;
}

int kernel_unpack(const char *deb, const char *folder, char *error, struct kernel *ret)
{
        char version[KERNEL_VERSION_SIZE] = "";
        const char *const argv[] = {"depmod", "-b", folder, version, NULL};
        int rc = unpack(deb, folder, version, error);

        if (rc == 0)
                rc = run_program(argv, NULL, error, NULL);
        if (rc < 0)
                return rc;

        *ret = (struct kernel){.image = NULL};
        memcpy(ret->version, version, sizeof(ret->version));
        if (asprintf(&ret->image, "%s/" IMAGE_PREFIX "%s", folder, ret->version) < 0)
                ret->image = NULL;
        if (asprintf(&ret->modules, "%s/lib/modules/%s", folder, ret->version) < 0)
                ret->modules = NULL;
        if (!ret->image || !ret->modules) {
                kernel_done(ret);
                return mkimage_fail(error, -ENOMEM, "no memory");
        }
        return 0;
}

void kernel_done(struct kernel *kernel)
{
        free(kernel->image);
        free(kernel->modules);
        *kernel = (struct kernel){.image = NULL};
}
