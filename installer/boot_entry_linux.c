/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The step `boot`
 *
 * efivarfs: a file a variable, whose first four bytes are its attributes. The
 * kernel marks those that it does not know immutable, so that a careless `rm`
 * bricks no machine; the mark is taken off for one write. What has the right
 * content is left alone: the firmware's flash wears.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "installer/boot_entry.h"
#include "installer/install.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/base/writer.h"

#define EFIVARS           "/sys/firmware/efi/efivars"
#define GLOBAL_GUID       "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define ATTRIBUTES_SIZE   4
#define ATTRIBUTES_BOOT   7                  /* non-volatile, boot service and runtime access */
#define VARIABLE_MAX      ((size_t)64 << 10) /* no entry comes near */
#define VARIABLE_OURS_MAX (ATTRIBUTES_SIZE + 2 * BOOT_ORDER_MAX)

CLEANUP_DEFINE(DIR *, closedir)

/* The content behind the attributes; -ENOENT: there is no such variable. */
static int read_variable(int folder, const char *name, char **ret, struct reader *ret_value)
{
        size_t size = 0;
        int rc;

        rc = file_read(folder, name, VARIABLE_MAX, ret, &size);
        if (rc < 0)
                return rc;
        *ret_value = reader_over(*ret, size);
        return reader_skip(ret_value, ATTRIBUTES_SIZE) < 0 ? -EBADMSG : 0;
}

static bool has_value(int folder, const char *name, const void *value, size_t size)
{
        _free_ char *text = NULL;
        struct reader has;

        return read_variable(folder, name, &text, &has) == 0 && reader_left(&has) == size &&
               memcmp(has.at, value, size) == 0;
}

/* A new variable has no mark, and other file systems have no marks: errors tell nothing. */
static void clear_immutable(int folder, const char *name)
{
        _close_ int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
        int flags;

        if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || !(flags & FS_IMMUTABLE_FL))
                return;
        flags &= ~FS_IMMUTABLE_FL;
        (void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

static int write_variable(int folder, const char *name, const void *value, size_t size)
{
        uint8_t bytes[VARIABLE_OURS_MAX];
        struct writer w = writer_over(bytes, sizeof(bytes));
        _close_ int fd = -EBADF;
        ssize_t total, n;

        if (has_value(folder, name, value, size))
                return 0;
        writer_le32(&w, ATTRIBUTES_BOOT);
        writer_bytes(&w, value, size);
        total = writer_size(&w);
        if (total < 0)
                return (int)total;
        clear_immutable(folder, name);
        fd = openat(folder, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0)
                return -errno;
        n = write(fd, bytes, (size_t)total); /* whole, or the firmware refuses it */
        if (n < 0)
                return -errno;
        return n == total ? 0 : -EIO;
}

/* Ours, if there is one; else the first that is free. */
static int choose_number(int folder, uint16_t *ret)
{
        static bool is_taken[BOOT_NUMBER_COUNT];
        const int copy = fcntl(folder, F_DUPFD_CLOEXEC, 0);
        CLEANUP(closedir) DIR *list = copy < 0 ? NULL : fdopendir(copy);

        if (!list)
                return -errno;
        memset(is_taken, 0, sizeof(is_taken));
        for (const struct dirent *entry; (entry = readdir(list));) {
                _free_ char *text = NULL;
                struct reader value;
                uint16_t number;

                if (boot_entry_number(entry->d_name, &number) < 0)
                        continue;
                is_taken[number] = true;
                if (read_variable(folder, entry->d_name, &text, &value) < 0 ||
                    !boot_entry_is_ours(value))
                        continue;
                *ret = number;
                return 0;
        }
        for (size_t i = 0; i < BOOT_NUMBER_COUNT; i++) {
                if (is_taken[i])
                        continue;
                *ret = (uint16_t)i;
                return 0;
        }
        return -ENOSPC;
}

/* What cannot be read is no reason to come first. */
static enum boot_kind kind_of(int folder, uint16_t number)
{
        char name[NAME_MAX + 1];
        _free_ char *text = NULL;
        struct reader value;

        snprintf(name, sizeof(name), "Boot%04X-" GLOBAL_GUID, number);
        return read_variable(folder, name, &text, &value) < 0 ? BOOT_KIND_FIRMWARE
                                                              : boot_entry_kind(value);
}

/* @ret_before: the entries that it stands behind. */
static int write_order(int folder, uint16_t number, size_t *ret_before)
{
        static const char name[] = "BootOrder-" GLOBAL_GUID;
        uint8_t bytes[2 * BOOT_ORDER_MAX];
        struct writer w = writer_over(bytes, sizeof(bytes));
        enum boot_kind kinds[BOOT_ORDER_MAX];
        struct boot_order order = {.count = 0};
        _free_ char *text = NULL;
        struct reader value;
        int rc;

        rc = read_variable(folder, name, &text, &value);
        if (rc == 0)
                rc = boot_order_parse(value, &order);
        if (rc < 0 && rc != -ENOENT)
                return rc;
        for (size_t i = 0; i < order.count; i++)
                kinds[i] = kind_of(folder, order.numbers[i]);
        rc = boot_order_place(&order, number, kinds);
        if (rc < 0)
                return rc;
        *ret_before = 0;
        while (order.numbers[*ret_before] != number)
                (*ret_before)++;
        for (size_t i = 0; i < order.count; i++)
                writer_le16(&w, order.numbers[i]);
        return write_variable(folder, name, bytes, (size_t)writer_size(&w));
}

static int set_entry(int folder, const struct gpt *gpt, int partition, uint16_t *ret_number,
                     size_t *ret_before)
{
        char name[NAME_MAX + 1];
        uint8_t entry[BOOT_ENTRY_SIZE];
        int rc;

        rc = choose_number(folder, ret_number);
        if (rc < 0)
                return rc;
        snprintf(name, sizeof(name), "Boot%04X-" GLOBAL_GUID, *ret_number);
        rc = write_variable(folder, name, entry, boot_entry_encode(gpt, partition, entry));
        return rc < 0 ? rc : write_order(folder, *ret_number, ret_before);
}

bool install_is_uefi(const struct install *in)
{
        char path[PATH_MAX];
        struct stat info;

        snprintf(path, sizeof(path), "%s/sys/firmware/efi", in->options->root);
        return stat(path, &info) == 0;
}

int install_boot(struct install *in, char *text)
{
        const int partition = boot_find_system_partition(&in->gpt);
        char path[PATH_MAX];
        _close_ int folder = -EBADF;
        uint16_t number = 0;
        size_t before = 0;
        int rc;

        if (!install_is_uefi(in)) {
                snprintf(text, EVENT_TEXT_SIZE, "BIOS: nothing to set");
                return 0;
        }
        if (partition < 0)
                return install_fail(in, CAUSE_BOOT_ENTRY, "the image has no EFI system partition");
        snprintf(path, sizeof(path), "%s" EFIVARS, in->options->root);
        folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        rc = folder < 0 ? -errno : set_entry(folder, &in->gpt, partition, &number, &before);
        if (rc < 0)
                return install_fail(in, CAUSE_BOOT_ENTRY, EFIVARS ": %s", strerror(-rc));
        if (before == 0)
                snprintf(text, EVENT_TEXT_SIZE, "Boot%04X '%s' is first", number, BOOT_ENTRY_NAME);
        else
                snprintf(text, EVENT_TEXT_SIZE,
                         "Boot%04X '%s' is number %zu in the firmware's order, behind what came "
                         "before any disk",
                         number, BOOT_ENTRY_NAME, before + 1);
        return 0;
}
