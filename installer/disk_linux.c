/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finding the disk
 *
 * A serial number hides in a different place for each transport: NVMe's
 * controller has a file for it, virtio's disk too; a SCSI disk tells it in VPD
 * page 0x80 (SPC-4 7.8.15), and libata translates ATA's into the same page; for one
 * behind USB the bridge may know it. What cloudie-discover reports comes from the same
 * places, in the same order.
 */
#include "installer/disk_linux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "installer/boot_entry.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"
#include "lib/disk/usb_name.h"

#define KERNEL_SECTOR 512 /* of /sys/block/X/size, whatever the disk's own is */
#define LINE_MAX_SIZE ((size_t)4096)
#define VPD_PAGE_MAX  ((size_t)4096)
#define VPD_SERIAL    0x80
#define SECTOR_MAX    65536

CLEANUP_DEFINE(DIR *, closedir)

/* What is no disk: made of others, or of memory. */
static const char *const not_disks[] = {"loop", "ram", "zram", "dm-", "md",
                                        "nbd",  "fd",  "sr",   "drbd"};

static int block_path(char to[static PATH_MAX], const char *root, const char *name,
                      const char *file)
{
        const int size =
                snprintf(to, PATH_MAX, "%s/sys/block/%s%s%s", root, name, file[0] ? "/" : "", file);

        return size < 0 || size >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* The first line of a file, without blanks at its ends; @to is "" when there is none that fits. */
static bool read_line_of(const char *path, char *to, size_t size)
{
        _free_ char *text = NULL;
        const char *start;
        size_t len;

        to[0] = '\0';
        if (file_read(AT_FDCWD, path, LINE_MAX_SIZE, &text, NULL) < 0)
                return false;
        start = text + strspn(text, " \t\n");
        len = strcspn(start, "\n");
        while (len > 0 && strchr(" \t\r", start[len - 1]))
                len--;
        return text_copy_bytes(to, size, start, len) == 0 && to[0];
}

static bool read_line(const char *root, const char *name, const char *file, char *to, size_t size)
{
        char path[PATH_MAX];

        to[0] = '\0';
        return block_path(path, root, name, file) == 0 && read_line_of(path, to, size);
}

static bool read_number(const char *root, const char *name, const char *file, uint64_t *ret)
{
        char text[32];

        return read_line(root, name, file, text, sizeof(text)) &&
               text_parse_u64(text, UINT64_MAX, ret) == 0;
}

static bool read_vpd_serial(const char *root, const char *name, char *to, size_t size)
{
        char path[PATH_MAX];
        _free_ char *page = NULL;
        struct reader r, value;
        size_t page_size = 0;
        uint16_t len;
        uint8_t code;

        if (block_path(path, root, name, "device/vpd_pg80") < 0 ||
            file_read(AT_FDCWD, path, VPD_PAGE_MAX, &page, &page_size) < 0)
                return false;
        r = reader_over(page, page_size);
        if (reader_skip(&r, 1) < 0 || reader_u8(&r, &code) < 0 || code != VPD_SERIAL ||
            reader_be16(&r, &len) < 0 || reader_take(&r, len, &value) < 0)
                return false;
        while (reader_left(&value) > 0 && *value.at == ' ')
                (void)reader_skip(&value, 1);
        while (reader_left(&value) > 0 && (value.end[-1] == ' ' || value.end[-1] == '\0'))
                value.end--;
        return text_copy_bytes(to, size, value.at, reader_left(&value)) == 0 && to[0];
}

static void read_usb_serial(const char *root, const char *name, char *to, size_t size)
{
        char path[PATH_MAX], link[PATH_MAX], device[USB_NAME_SIZE];
        ssize_t len;

        if (block_path(path, root, name, "") < 0)
                return;
        len = readlink(path, link, sizeof(link) - 1);
        if (len < 0)
                return;
        link[len] = '\0';
        if (usb_name_in(link, device) &&
            snprintf(path, sizeof(path), "%s/sys/bus/usb/devices/%s/serial", root, device) <
                    (int)sizeof(path))
                (void)read_line_of(path, to, size);
}

static void read_id(const char *root, const char *name, struct disk_id *ret)
{
        static const char *const serials[] = {"device/serial", "serial"};
        static const char *const wwns[] = {"wwid", "device/wwid"};

        *ret = (struct disk_id){.size = 0};
        for (size_t i = 0; i < ARRAY_SIZE(serials) && !ret->serial[0]; i++)
                (void)read_line(root, name, serials[i], ret->serial, sizeof(ret->serial));
        if (!ret->serial[0])
                (void)read_vpd_serial(root, name, ret->serial, sizeof(ret->serial));
        if (!ret->serial[0])
                read_usb_serial(root, name, ret->serial, sizeof(ret->serial));
        for (size_t i = 0; i < ARRAY_SIZE(wwns) && !ret->wwn[0]; i++)
                (void)read_line(root, name, wwns[i], ret->wwn, sizeof(ret->wwn));
}

static bool is_disk(const char *root, const char *name)
{
        uint64_t is_hidden;

        for (size_t i = 0; i < ARRAY_SIZE(not_disks); i++)
                if (text_has_prefix(name, not_disks[i]))
                        return false;
        /* The boot areas of an eMMC: mmcblk0boot0. */
        if (name[0] == '.' || (text_has_prefix(name, "mmcblk") && strstr(name, "boot")))
                return false;
        /* One of several paths to an NVMe namespace: nvme0c1n1. */
        return !read_number(root, name, "hidden", &is_hidden) || is_hidden == 0;
}

static int fill_disk(const char *root, const char *name, struct disk *ret)
{
        uint64_t sectors, sector_size = KERNEL_SECTOR, is_read_only = 0;

        if (!read_number(root, name, "size", &sectors) || sectors > INT64_MAX / KERNEL_SECTOR)
                return -EIO;
        (void)read_number(root, name, "queue/logical_block_size", &sector_size);
        (void)read_number(root, name, "ro", &is_read_only);
        if (sector_size < KERNEL_SECTOR || sector_size > SECTOR_MAX ||
            (sector_size & (sector_size - 1)) != 0)
                return -EIO;
        *ret = (struct disk){.fd = -EBADF,
                             .size = sectors * KERNEL_SECTOR,
                             .sector_size = (uint32_t)sector_size,
                             .is_read_only = is_read_only != 0};
        return text_copy(ret->name, sizeof(ret->name), name);
}

int disk_find(const char *root, const struct disk_id *wanted, struct disk *ret)
{
        CLEANUP(closedir) DIR *folder = NULL;
        char path[PATH_MAX], found[NAME_MAX + 1] = "";
        struct disk_id id;

        if (block_path(path, root, "", "") < 0)
                return -ENAMETOOLONG;
        folder = opendir(path);
        if (!folder)
                return -errno;
        for (const struct dirent *entry; (entry = readdir(folder));) {
                if (!is_disk(root, entry->d_name))
                        continue;
                read_id(root, entry->d_name, &id);
                if (!disk_id_is_same(wanted, &id))
                        continue;
                if (found[0])
                        return -ENOTUNIQ;
                (void)text_copy(found, sizeof(found), entry->d_name);
        }
        return found[0] ? fill_disk(root, found, ret) : -ENODEV;
}

static bool read_system_partition(const char *root, const char *name, struct gpt_guid *ret)
{
        _free_ struct gpt *table = calloc(1, sizeof(*table));
        _free_ uint8_t *head = NULL;
        char path[PATH_MAX];
        struct disk disk;
        size_t size;
        _close_ int fd = -EBADF;
        int partition;

        if (!table || fill_disk(root, name, &disk) < 0 ||
            snprintf(path, sizeof(path), "%s/dev/%s", root, name) >= PATH_MAX)
                return false;
        size = gpt_head_size(disk.sector_size);
        head = malloc(size);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (!head || fd < 0 || pread(fd, head, size, 0) != (ssize_t)size ||
            gpt_parse(reader_over(head, size), disk.sector_size, table) < 0)
                return false;
        partition = boot_find_system_partition(table);
        if (partition >= 0)
                *ret = table->partitions[partition].id;
        return partition >= 0;
}

size_t disk_neighbours(const char *root, const struct disk *mine,
                       struct gpt_guid ret[static DISK_MAX_NEIGHBOURS])
{
        CLEANUP(closedir) DIR *folder = NULL;
        char path[PATH_MAX];
        size_t count = 0;

        if (block_path(path, root, "", "") == 0)
                folder = opendir(path);
        if (!folder)
                return 0;
        for (const struct dirent *entry;
             count < DISK_MAX_NEIGHBOURS && (entry = readdir(folder));) {
                if (strcmp(entry->d_name, mine->name) == 0 || !is_disk(root, entry->d_name))
                        continue;
                count += read_system_partition(root, entry->d_name, &ret[count]);
        }
        return count;
}

/* The first name in a folder; false for an empty one. */
static bool first_in(const char *root, const char *name, const char *file, char ret[static 32])
{
        char path[PATH_MAX];
        CLEANUP(closedir) DIR *folder = NULL;

        if (block_path(path, root, name, file) < 0)
                return false;
        folder = opendir(path);
        if (!folder)
                return false;
        for (const struct dirent *entry; (entry = readdir(folder));)
                if (entry->d_name[0] != '.')
                        return snprintf(ret, 32, "%.31s", entry->d_name) > 0;
        return false;
}

int disk_holder(const char *root, const char *name, char ret[static 32])
{
        CLEANUP(closedir) DIR *folder = NULL;
        char path[PATH_MAX], holders[NAME_MAX + sizeof("/holders")];

        if (first_in(root, name, "holders", ret))
                return 0;
        if (block_path(path, root, name, "") < 0)
                return -ENAMETOOLONG;
        folder = opendir(path);
        if (!folder)
                return -errno;
        for (const struct dirent *entry; (entry = readdir(folder));) {
                /* Its partitions are folders in its own: nvme0n1p1. */
                if (!text_has_prefix(entry->d_name, name))
                        continue;
                snprintf(holders, sizeof(holders), "%s/holders", entry->d_name);
                if (first_in(root, name, holders, ret))
                        return 0;
        }
        return -ENOENT;
}

int disk_open(const char *root, struct disk *disk)
{
        char path[PATH_MAX];
        _close_ int fd = -EBADF;
        struct stat info;

        snprintf(path, sizeof(path), "%s/dev/%s", root, disk->name);
        fd = open(path, O_RDWR | O_EXCL | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &info) < 0)
                return -errno;
        if (S_ISREG(info.st_mode)) {
                disk->is_regular = true;
                disk->size = (uint64_t)info.st_size;
        } else if (!S_ISBLK(info.st_mode)) {
                return -ENOTBLK;
        } else if (ioctl(fd, BLKGETSIZE64, &disk->size) < 0) {
                return -errno;
        }
        disk->fd = TAKE_FD(fd);
        return 0;
}

int disk_confirm(const char *root, const struct disk_id *wanted, const struct disk *disk)
{
        char is[32], should[32];
        struct disk again;
        struct stat info;

        if (disk_find(root, wanted, &again) < 0 || strcmp(again.name, disk->name) != 0)
                return -ESTALE;
        if (disk->is_regular)
                return 0;
        if (fstat(disk->fd, &info) < 0)
                return -errno;
        snprintf(is, sizeof(is), "%u:%u", major(info.st_rdev), minor(info.st_rdev));
        return read_line(root, disk->name, "dev", should, sizeof(should)) && strcmp(is, should) == 0
                       ? 0
                       : -ESTALE;
}
