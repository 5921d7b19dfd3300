/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/disk/fat.h"
#include "mkimage/error.h"
#include "mkimage/esp.h"
#include "mkimage/package.h"

#define LABEL "ESP"

static const struct {
        const char *package, *path; /* where it comes from */
        const char *name;           /* where it goes */
} loaders[] = {
        {"shim-signed",           PACKAGE_SHIM,        "EFI/BOOT/BOOTX64.EFI"},
        {"grub-efi-amd64-signed", PACKAGE_GRUB_SIGNED, "EFI/BOOT/grubx64.efi"},
};
#define CONFIGURATION "EFI/debian/grub.cfg"

int esp_make(const struct workshop *shop, const struct esp_options *options, char *error,
             uint8_t **ret)
{
        struct fat_file files[ARRAY_SIZE(loaders) + 1];
        _free_ char *shim = NULL, *grub = NULL;
        char **const bytes[ARRAY_SIZE(loaders)] = {&shim, &grub};
        _free_ uint8_t *volume = NULL;
        char work[PATH_MAX];
        int rc = workshop_folder(shop, "esp", work, error);

        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(loaders); i++) {
                size_t size = 0;

                rc = package_read(&(struct package_file){loaders[i].package, loaders[i].path},
                                  options->cache, work, error, bytes[i], &size);
                files[i] = (struct fat_file){loaders[i].name, *bytes[i], size};
        }
        if (rc < 0)
                return rc;
        files[ARRAY_SIZE(loaders)] = (struct fat_file){CONFIGURATION, options->configuration,
                                                       strlen(options->configuration)};
        volume = malloc(options->size);
        rc = volume ? fat_write(files, ARRAY_SIZE(files),
                                &(struct fat_volume){.label = LABEL, .id = options->id}, volume,
                                options->size)
                    : -ENOMEM;
        if (rc < 0)
                return mkimage_fail(error, rc,
                                    "shim, GRUB and its configuration in an EFI system partition "
                                    "of %llu bytes: %s",
                                    (unsigned long long)options->size, strerror(-rc));
        *ret = TAKE_PTR(volume);
        return 0;
}
