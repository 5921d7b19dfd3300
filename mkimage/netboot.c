/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/doc/value.h"
#include "mkimage/boot_image.h"
#include "mkimage/error.h"
#include "mkimage/folder.h"
#include "mkimage/kernel.h"
#include "mkimage/manifest.h"
#include "mkimage/netboot.h"
#include "mkimage/package.h"
#include "mkimage/stage.h"
#include "mkimage/workshop.h"

#define MANIFEST_SCHEMA 1
#define PCI_NAMES       "usr/share/misc/pci.ids"

/* Boot loaders as their packages have them: of two, Debian's signature is inside. */
/* clang-format off */
static const struct loader {
        struct package_file from;
        struct manifest_file file;
} loaders[] = {
        {{"ipxe", "usr/lib/ipxe/undionly.kpxe"}, {"undionly.kpxe", "loader"}},
        {{"shim-signed", PACKAGE_SHIM}, {"shimx64.efi", "loader"}},
        /* The name by which shim asks for it. */
        {{"grub-efi-amd64-signed", "usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed"},
         {"grubx64.efi", "second-loader"}},
};
/* clang-format on */

static const struct manifest_file package_files[] = {
        {"vmlinuz",            "kernel"    },
        {"discovery.initrd",   "ramdisk"   },
        {"stage-two.squashfs", "stage-two" },
        {"boot.img",           "boot-image"},
};

/* The folder that all is built in, and its parts. */
struct shop {
        struct workshop all;
        char kernel[PATH_MAX];
        char stage_one[PATH_MAX];
        char stage_two[PATH_MAX];
        char loader[PATH_MAX];
        char package[PATH_MAX];
};

static int shop_make(struct shop *shop, const char *output, char *error)
{
        const struct {
                char *path;
                const char *name;
        } parts[] = {
                {shop->kernel,    "kernel"   },
                {shop->stage_one, "stage-one"},
                {shop->stage_two, "stage-two"},
                {shop->loader,    "loader"   },
                {shop->package,   "package"  }
        };
        int rc = workshop_make(&shop->all, output, error);

        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(parts); i++)
                rc = workshop_folder(&shop->all, parts[i].name, parts[i].path, error);
        return rc;
}

static void shop_done(struct shop *shop)
{
        workshop_done(&shop->all);
}

static int copy_loader(const struct loader *loader, const char *cache, const struct shop *shop,
                       char *error)
{
        char to[PATH_MAX];
        _free_ char *bytes = NULL;
        size_t size = 0;
        int rc = package_read(&loader->from, cache, shop->loader, error, &bytes, &size);

        if (rc < 0)
                return rc;
        rc = workshop_path(to, "%s/%s", shop->package, loader->file.name);
        if (rc == 0)
                rc = file_replace(to, bytes, size, 0644);
        return rc < 0 ? mkimage_fail(error, rc, "cannot write %s: %s", to, strerror(-rc)) : 0;
}

static int copy_loaders(const char *cache, const struct shop *shop, char *error)
{
        int rc = 0;

        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(loaders); i++)
                rc = copy_loader(&loaders[i], cache, shop, error);
        return rc;
}

static int write_stages(const struct netboot_options *options, const struct shop *shop,
                        const struct kernel *kernel, const struct modules *modules, char *error)
{
        const struct stage_input input = {.kernel = kernel,
                                          .modules = modules,
                                          .programs = options->programs,
                                          .level = options->level};
        char one[PATH_MAX], two[PATH_MAX], image[PATH_MAX];

        if (workshop_path(one, "%s/discovery.initrd", shop->package) < 0 ||
            workshop_path(two, "%s/stage-two.squashfs", shop->package) < 0 ||
            workshop_path(image, "%s/vmlinuz", shop->package) < 0)
                return mkimage_fail(error, -ENAMETOOLONG, "%s: %s", options->output,
                                    strerror(ENAMETOOLONG));

        /* By it cloudie-discover names what it finds. The folders above it are made here. */
        const mode_t mask = umask(022);
        int rc = package_extract("pci.ids", PCI_NAMES, options->cache, shop->stage_one, error);

        umask(mask);
        if (rc == 0)
                rc = stage_one_write(&input, shop->stage_one, one, error);
        if (rc == 0)
                rc = stage_two_write(&input, shop->stage_two, two, error);
        if (rc == 0 && rename(kernel->image, image) < 0)
                rc = mkimage_fail(error, -errno, "cannot write %s: %s", image, strerror(errno));
        return rc;
}

static int write_boot_image(const struct shop *shop, char *error)
{
        char to[PATH_MAX];

        if (workshop_path(to, "%s/boot.img", shop->package) < 0)
                return mkimage_fail(error, -ENAMETOOLONG, "%s: %s", shop->package,
                                    strerror(ENAMETOOLONG));
        return boot_image_write(shop->package, to, error);
}

static int write_manifest(const struct shop *shop, const char *kernel_version,
                          const struct modules *modules, struct doc *families, char *error)
{
        struct manifest_file files[ARRAY_SIZE(package_files) + ARRAY_SIZE(loaders)];
        _doc_ struct doc *manifest = doc_object();
        struct doc *counts = doc_object();

        memcpy(files, package_files, sizeof(package_files));
        for (size_t i = 0; i < ARRAY_SIZE(loaders); i++)
                files[ARRAY_SIZE(package_files) + i] = loaders[i].file;

        doc_set_number(
                counts, "stage_one",
                (int64_t)(modules_count(modules, STAGE_ROOT) + modules_count(modules, STAGE_ONE)));
        doc_set_number(counts, "stage_two", (int64_t)modules_count(modules, STAGE_TWO));
        doc_set(counts, "families", doc_copy(families));
        doc_set_number(manifest, "schema", MANIFEST_SCHEMA);
        doc_set_text(manifest, "kernel_version", kernel_version);
        doc_set(manifest, "modules", counts);
        return manifest_write(manifest, files, ARRAY_SIZE(files), shop->package, error);
}

static int build(const struct netboot_options *options, const struct shop *shop, const char *deb,
                 char *error)
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
                rc = copy_loaders(options->cache, shop, error);
        if (rc == 0)
                rc = write_boot_image(shop, error);
        if (rc == 0)
                rc = write_manifest(shop, kernel.version, modules, families, error);
        return rc;
}

int netboot_build(const struct netboot_options *options, char *error)
{
        __attribute__((cleanup(shop_done))) struct shop shop = {.all = {.lock = -EBADF}};
        _free_ char *deb = NULL;
        int rc;

        if (!folder_may_replace(options->output, MANIFEST_NAME))
                return mkimage_fail(error, -ENOTEMPTY,
                                    "%s holds something else than a netboot package; name another "
                                    "folder or empty it",
                                    options->output);
        rc = stage_check_programs(options->programs, error);
        if (rc == 0)
                rc = kernel_find(options->kernel_deb, "linux-image-amd64", options->cache, error,
                                 &deb);
        if (rc == 0)
                rc = shop_make(&shop, options->output, error);
        if (rc == 0)
                rc = build(options, &shop, deb, error);
        if (rc < 0)
                return rc;

        rc = folder_replace(shop.package, options->output);
        return rc < 0 ? mkimage_fail(error, rc, "cannot put the package into %s: %s",
                                     options->output, strerror(-rc))
                      : 0;
}
