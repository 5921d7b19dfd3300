/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The firmware loads the first sector, boot.img; it loads the first sector of
 * core.img, diskboot.img, and that the rest by a list of blocks. What
 * grub-bios-setup writes into them are four numbers, at places that GRUB's
 * headers promise not to move (include/grub/i386/pc/boot.h).
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/reader.h"
#include "lib/base/writer.h"
#include "mkimage/error.h"
#include "mkimage/grub.h"
#include "mkimage/package.h"
#include "mkimage/run.h"

#define MODULES  "usr/lib/grub/i386-pc"
#define PACKAGE  "grub-pc-bin"

#define CORE_MAX ((size_t)1 << 20) /* the partition's size; it has 134 kB */

enum {
        BOOT_CORE_SECTOR = 0x5c, /* GRUB_BOOT_MACHINE_KERNEL_SECTOR, 8 bytes */
        BOOT_DRIVE = 0x64,       /* GRUB_BOOT_MACHINE_BOOT_DRIVE */
        BOOT_DRIVE_CHECK = 0x66, /* GRUB_BOOT_MACHINE_DRIVE_CHECK: a short jump */
        BOOT_MARK = 0x1fe,       /* 55 aa */

        CORE_LIST = 0x1f4, /* the only block list: first sector (8 bytes), how many (2 bytes), */
        CORE_SEGMENT = 10, /* and from its start, where in memory they go (2 bytes) */
};

#define DRIVE_OF_BIOS 0xff   /* the drive that the BIOS booted from */
#define SEGMENT       0x0820 /* GRUB_BOOT_MACHINE_KERNEL_SEG + one sector */
#define JUMP          0xeb
#define NO_OPERATION  0x90

/* Everything that the configuration uses; what these need comes along. */
static const char *const modules[] = {"biosdisk", "part_gpt", "ext2", "linux"};

static bool has_marks(const struct grub *grub)
{
        struct reader core = reader_over(grub->core, grub->core_size);
        uint16_t segment;

        if (reader_skip(&core, CORE_LIST + CORE_SEGMENT) < 0 || reader_le16(&core, &segment) < 0)
                return false;
        return segment == SEGMENT && grub->core_size > GRUB_SECTOR && grub->core_size <= CORE_MAX &&
               grub->boot[BOOT_MARK] == 0x55 && grub->boot[BOOT_MARK + 1] == 0xaa &&
               grub->boot[BOOT_DRIVE_CHECK] == JUMP;
}

int grub_patch(struct grub *grub, uint64_t sector)
{
        const size_t sectors = (grub->core_size + GRUB_SECTOR - 1) / GRUB_SECTOR;
        struct writer to;

        if (!has_marks(grub))
                return -EBADMSG;

        to = writer_over(grub->boot + BOOT_CORE_SECTOR, sizeof(uint64_t));
        writer_le64(&to, sector);
        grub->boot[BOOT_DRIVE] = DRIVE_OF_BIOS;
        /* The jump guards against BIOSes that boot a floppy as a hard disk; as on all disks. */
        grub->boot[BOOT_DRIVE_CHECK] = NO_OPERATION;
        grub->boot[BOOT_DRIVE_CHECK + 1] = NO_OPERATION;

        to = writer_over(grub->core + CORE_LIST, CORE_SEGMENT);
        writer_le64(&to, sector + 1);
        writer_le16(&to, (uint16_t)(sectors - 1));
        return 0;
}

/* The folder of GRUB's modules: the installed one, or else out of its package. */
static int find_modules(const struct workshop *shop, const char *cache, char ret[static PATH_MAX],
                        char *error)
{
        char work[PATH_MAX];
        int rc;

        if (access("/" MODULES "/boot.img", R_OK) == 0)
                return workshop_path(ret, "/" MODULES);
        rc = workshop_folder(shop, "grub", work, error);
        if (rc == 0)
                rc = package_extract(PACKAGE, MODULES "/", cache, work, error);
        if (rc == 0 && workshop_path(ret, "%s/" MODULES, work) < 0)
                rc = mkimage_fail(error, -ENAMETOOLONG, "%s: the path is too long", work);
        return rc;
}

static int make_core(const struct workshop *shop, const char *folder,
                     const struct grub_options *options, char *error)
{
        char script[PATH_MAX], core[PATH_MAX], prefix[64];
        const char *argv[12 + ARRAY_SIZE(modules) + GRUB_MODULES_MAX] = {
                "grub-mkimage", "-O", "i386-pc", "-d", folder, "-c",
                script,         "-p", prefix,    "-o", core};
        size_t count = 11;
        int rc = workshop_path(script, "%s/grub.cfg", shop->root);

        for (size_t i = 0; i < ARRAY_SIZE(modules); i++)
                argv[count++] = modules[i];
        for (size_t i = 0; options->modules && options->modules[i]; i++) {
                if (i == GRUB_MODULES_MAX)
                        return mkimage_fail(error, -E2BIG, "too many modules for GRUB");
                argv[count++] = options->modules[i];
        }
        if (rc == 0)
                rc = workshop_path(core, "%s/core.img", shop->root);
        if (rc == 0)
                rc = file_replace(script, options->configuration, strlen(options->configuration),
                                  0644);
        if (rc < 0)
                return mkimage_fail(error, rc, "cannot write %s: %s", script, strerror(-rc));
        /* No disk is named, so it is the one that was booted from. */
        snprintf(prefix, sizeof(prefix), "(,gpt%u)/boot/grub", options->partition);
        return run_program(argv, NULL, error, NULL);
}

static int read_boot(const char *folder, uint8_t to[static GRUB_SECTOR])
{
        _free_ char *bytes = NULL;
        char path[PATH_MAX];
        size_t size = 0;
        int rc = workshop_path(path, "%s/boot.img", folder);

        if (rc == 0)
                rc = file_read(AT_FDCWD, path, GRUB_SECTOR, &bytes, &size);
        if (rc == 0 && size != GRUB_SECTOR)
                rc = -EBADMSG;
        if (rc == 0)
                memcpy(to, bytes, GRUB_SECTOR);
        return rc;
}

int grub_make(const struct workshop *shop, const struct grub_options *options, char *error,
              struct grub *ret)
{
        struct grub grub = {.core = NULL};
        char folder[PATH_MAX], core[PATH_MAX];
        int rc = find_modules(shop, options->cache, folder, error);

        if (rc == 0)
                rc = make_core(shop, folder, options, error);
        if (rc < 0)
                return rc;
        rc = read_boot(folder, grub.boot);
        if (rc == 0)
                rc = workshop_path(core, "%s/core.img", shop->root);
        if (rc == 0)
                rc = file_read(AT_FDCWD, core, CORE_MAX, &grub.core, &grub.core_size);
        if (rc < 0)
                return mkimage_fail(error, rc, "boot.img and core.img of " PACKAGE ": %s",
                                    strerror(-rc));
        *ret = grub;
        return 0;
}

void grub_done(struct grub *grub)
{
        free(grub->core);
        *grub = (struct grub){.core = NULL};
}
