/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Everything is built in one folder beside the output, on the same file system:
 * nothing half-made is ever seen under the output's name, and putting the
 * package there is one rename.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/deb.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/doc/value.h"
#include "mkimage/error.h"
#include "mkimage/folder.h"
#include "mkimage/kernel.h"
#include "mkimage/manifest.h"
#include "mkimage/netboot.h"
#include "mkimage/package.h"
#include "mkimage/stage.h"

#define MANIFEST_SCHEMA 1

#define MAKING          ".making." /* in the name of a workshop, behind the output's own */

#define LOADER_FOLDER   "usr/lib/ipxe"
#define LOADER_NAME     "undionly.kpxe"
#define LOADER_MAX      ((size_t)1 << 20) /* it has 70 kB */

static const struct manifest_file package_files[] = {
        {"vmlinuz",            "kernel"   },
        {"discovery.initrd",   "ramdisk"  },
        {"stage-two.squashfs", "stage-two"},
        {LOADER_NAME,          "loader"   },
};

/* The folder that all is built in, and its parts. */
struct workshop {
        int lock; /* on the folder, for as long as somebody works in it */
        char root[PATH_MAX];
        char kernel[PATH_MAX];
        char stage_two[PATH_MAX];
        char loader[PATH_MAX];
        char package[PATH_MAX];
};

static int no_memory(char *error)
{
        return mkimage_fail(error, -ENOMEM, "no memory");
}

/* 0, or -ENAMETOOLONG. */
__attribute__((format(printf, 2, 3))) static int format_path(char to[static PATH_MAX],
                                                             const char *format, ...)
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

/* The workshops of earlier runs for the same output; a hundred megabytes each. */
static void remove_abandoned(const char *output)
{
        const char *slash = strrchr(output, '/');
        const char *name = slash ? slash + 1 : output;
        const int folder_size = (int)(name - output);
        char path[PATH_MAX], prefix[NAME_MAX + 1];
        DIR *folder;

        if (format_path(path, "%.*s.", folder_size, output) < 0 ||
            snprintf(prefix, sizeof(prefix), "%s" MAKING, name) >= (int)sizeof(prefix))
                return;
        folder = opendir(path);
        if (!folder)
                return;
        for (const struct dirent *entry; (entry = readdir(folder));)
                if (text_has_prefix(entry->d_name, prefix) &&
                    format_path(path, "%.*s%s", folder_size, output, entry->d_name) == 0)
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
        rc = format_path(plain, "%.*s", (int)len, output);
        if (rc == 0)
                rc = format_path(shop->root, "%s" MAKING "XXXXXX", plain);
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

static int workshop_make(struct workshop *shop, const char *output, char *error)
{
        int rc = make_root(shop, output);

        if (rc < 0)
                return mkimage_fail(error, rc, "cannot write beside %s: %s", output, strerror(-rc));

        const struct {
                char *path;
                const char *name;
        } parts[] = {
                {shop->kernel,    "kernel"   },
                {shop->stage_two, "stage-two"},
                {shop->loader,    "loader"   },
                {shop->package,   "package"  }
        };

        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(parts); i++) {
                rc = format_path(parts[i].path, "%s/%s", shop->root, parts[i].name);
                if (rc == 0 && (mkdir(parts[i].path, 0755) < 0 || chmod(parts[i].path, 0755) < 0))
                        rc = -errno;
        }
        return rc < 0 ? mkimage_fail(error, rc, "cannot write into %s: %s", shop->root,
                                     strerror(-rc))
                      : 0;
}

static void workshop_done(struct workshop *shop)
{
        if (shop->root[0])
                folder_remove(shop->root);
        if (shop->lock >= 0)
                close(shop->lock);
}
#define _workshop_ __attribute__((cleanup(workshop_done)))

/* The kernel's .deb: named by the operator, or by apt. */
static int find_kernel(const struct netboot_options *options, char *error, char **ret)
{
        _free_ char *name = NULL;
        int rc;

        if (options->kernel_deb) {
                *ret = strdup(options->kernel_deb);
                return *ret ? 0 : no_memory(error);
        }
        rc = package_first_dependency("linux-image-amd64", error, &name);
        if (rc == 0)
                rc = package_fetch(name, options->cache, error, ret);
        return rc;
}

static bool is_loader(void *context, const char *path)
{
        (void)context;
        return text_is_equal(path, LOADER_FOLDER "/" LOADER_NAME);
}

static int unpack_loader(const char *cache, const struct workshop *shop, char *error)
{
        _free_ char *deb = NULL;
        _close_ int fd = -EBADF;
        char why[IMAGE_ERROR_SIZE];
        int rc = package_fetch("ipxe", cache, error, &deb);

        if (rc < 0)
                return rc;
        fd = open(deb, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return mkimage_fail(error, -errno, "cannot read %s: %s", deb, strerror(errno));
        rc = deb_extract(fd, shop->loader, is_loader, NULL, why);
        return rc < 0 ? mkimage_fail(error, rc, "%s: %s", deb, why) : 0;
}

/* From the installed ipxe, or else from its package. */
static int copy_loader(const char *cache, const struct workshop *shop, char *error)
{
        char from[PATH_MAX], to[PATH_MAX];
        _free_ char *bytes = NULL;
        size_t size = 0;
        int rc = file_read(AT_FDCWD, "/" LOADER_FOLDER "/" LOADER_NAME, LOADER_MAX, &bytes, &size);

        if (rc == -ENOENT) {
                rc = unpack_loader(cache, shop, error);
                if (rc < 0)
                        return rc;
                rc = format_path(from, "%s/" LOADER_FOLDER "/" LOADER_NAME, shop->loader);
                if (rc == 0)
                        rc = file_read(AT_FDCWD, from, LOADER_MAX, &bytes, &size);
        }
        if (rc == 0)
                rc = format_path(to, "%s/" LOADER_NAME, shop->package);
        if (rc == 0)
                rc = file_replace(to, bytes, size, 0644);
        return rc < 0 ? mkimage_fail(error, rc, LOADER_NAME " of the package ipxe: %s",
                                     strerror(-rc))
                      : 0;
}

static int write_stages(const struct netboot_options *options, const struct workshop *shop,
                        const struct kernel *kernel, const struct modules *modules, char *error)
{
        const struct stage_input input = {.kernel = kernel,
                                          .modules = modules,
                                          .programs = options->programs,
                                          .level = options->level};
        char one[PATH_MAX], two[PATH_MAX], image[PATH_MAX];

        if (format_path(one, "%s/discovery.initrd", shop->package) < 0 ||
            format_path(two, "%s/stage-two.squashfs", shop->package) < 0 ||
            format_path(image, "%s/vmlinuz", shop->package) < 0)
                return mkimage_fail(error, -ENAMETOOLONG, "%s: %s", options->output,
                                    strerror(ENAMETOOLONG));

        /* Stage one first: stage two moves its modules away. */
        int rc = stage_one_write(&input, one, error);

        if (rc == 0)
                rc = stage_two_write(&input, shop->stage_two, two, error);
        if (rc == 0 && rename(kernel->image, image) < 0)
                rc = mkimage_fail(error, -errno, "cannot write %s: %s", image, strerror(errno));
        return rc;
}

static int write_manifest(const struct workshop *shop, const char *kernel_version,
                          const struct modules *modules, struct doc *families, char *error)
{
        _doc_ struct doc *manifest = doc_object();
        struct doc *counts = doc_object();

        doc_set_number(counts, "stage_one", (int64_t)modules_count(modules, STAGE_ONE));
        doc_set_number(counts, "stage_two", (int64_t)modules_count(modules, STAGE_TWO));
        doc_set(counts, "families", doc_copy(families));
        doc_set_number(manifest, "schema", MANIFEST_SCHEMA);
        doc_set_text(manifest, "kernel_version", kernel_version);
        doc_set(manifest, "modules", counts);
        return manifest_write(manifest, package_files, ARRAY_SIZE(package_files), shop->package,
                              error);
}

static int build(const struct netboot_options *options, const struct workshop *shop,
                 const char *deb, char *error)
{
        __attribute__((cleanup(kernel_done))) struct kernel kernel = {.image = NULL};
        CLEANUP(modules_free) struct modules *modules = NULL;
        _doc_ struct doc *families = doc_object();
        int rc;

        rc = kernel_unpack(deb, shop->kernel, error, &kernel);
        if (rc == 0)
                rc = modules_load(kernel.modules, error, &modules);
        if (rc == 0)
                rc = stages_choose(modules, families, error);
        if (rc == 0)
                rc = write_stages(options, shop, &kernel, modules, error);
        if (rc == 0)
                rc = copy_loader(options->cache, shop, error);
        if (rc == 0)
                rc = write_manifest(shop, kernel.version, modules, families, error);
        return rc;
}

int netboot_build(const struct netboot_options *options, char *error)
{
        _workshop_ struct workshop shop = {.lock = -EBADF};
        _free_ char *deb = NULL;
        int rc;

        if (!folder_may_replace(options->output, MANIFEST_NAME))
                return mkimage_fail(error, -ENOTEMPTY,
                                    "%s holds something else than a netboot package; name another "
                                    "folder or empty it",
                                    options->output);
        rc = stage_check_programs(options->programs, error);
        if (rc == 0)
                rc = find_kernel(options, error, &deb);
        if (rc == 0)
                rc = workshop_make(&shop, options->output, error);
        if (rc == 0)
                rc = build(options, &shop, deb, error);
        if (rc < 0)
                return rc;

        rc = folder_replace(shop.package, options->output);
        return rc < 0 ? mkimage_fail(error, rc, "cannot put the package into %s: %s",
                                     options->output, strerror(-rc))
                      : 0;
}
