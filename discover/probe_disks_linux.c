/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * disks: /sys/block
 *
 * A serial hides in a different place for each transport: NVMe's controller has a
 * file for it, virtio's disk too; a SCSI disk tells it in VPD page 0x80 (SPC-4
 * 7.8.15), and libata translates ATA's into the same page.
 */
#include <stdio.h>
#include <string.h>

#include "discover/probe.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"
#include "lib/node/summary.h"

#define SECTOR_SIZE  512      /* of /sys/block/X/size, whatever the disk's own is */
#define NO_MEDIUM    0x1fffff /* sectors that the kernel's sr driver tells of an empty drive */
#define VPD_PAGE_MAX 4096
#define VPD_SERIAL   0x80

/* clang-format off */
static const struct field disks_item_fields[] = {
        {.name = "name", .kind = FIELD_TEXT, .help = "name"},
        {.name = "type", .kind = FIELD_TEXT, .help = "type"},
        {.name = "transport", .kind = FIELD_TEXT, .help = "transport"},
        {.name = "model", .kind = FIELD_TEXT, .help = "model"},
        {.name = "serial", .kind = FIELD_TEXT, .help = "serial"},
        {.name = "wwn", .kind = FIELD_TEXT, .help = "wwn"},
        {.name = "firmware", .kind = FIELD_TEXT, .help = "firmware"},
        {.name = "pci", .kind = FIELD_TEXT, .help = "pci"},
        {.name = "size", .kind = FIELD_NUMBER, .help = "size"},
        {.name = "logical_sector", .kind = FIELD_NUMBER, .help = "logical sector"},
        {.name = "physical_sector", .kind = FIELD_NUMBER, .help = "physical sector"},
        {.name = "removable", .kind = FIELD_BOOL, .help = "removable"},
        {.name = "read_only", .kind = FIELD_BOOL, .help = "read only"},
        {.name = NULL},
};

const struct field disks_fields[] = {
        {.name = "items", .kind = FIELD_ITEMS, .inner = disks_item_fields, .help = "items"},
        {.name = NULL},
};
/* clang-format on */

/* What is no disk: made of others, or of memory. */
static const char *const not_disks[] = {"loop", "ram", "zram", "dm-", "md", "nbd", "fd", "drbd"};

static bool is_disk(struct tree *tree, const char *name)
{
        uint64_t is_hidden;

        for (size_t i = 0; i < ARRAY_SIZE(not_disks); i++)
                if (text_has_prefix(name, not_disks[i]))
                        return false;
        /* The boot areas of an eMMC: mmcblk0boot0. */
        if (text_has_prefix(name, "mmcblk") && strstr(name, "boot"))
                return false;
        /* One of several paths to an NVMe namespace: nvme0c1n1. */
        return !tree_number(tree, &is_hidden, "sys/block/%s/hidden", name) || is_hidden == 0;
}

/* By the way to the device in sysfs; the first that matches. */
static const struct {
        const char *part; /* of the path */
        const char *transport;
} transports[] = {
        {"/nvme",        "nvme"  },
        {"/virtio",      "virtio"},
        {"/usb",         "usb"   },
        {"/ata",         "ata"   },
        {"/mmc",         "mmc"   },
        {"/end_device-", "sas"   },
        {"/vmbus",       "hyperv"},
        {"/rport-",      "fc"    },
        {"/session",     "iscsi" },
        {"/host",        "scsi"  },
};

static const char *transport_of(const char *path)
{
        for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
                if (strstr(path, transports[i].part))
                        return transports[i].transport;
        return NULL;
}

static const char *type_of(struct tree *tree, const char *name, const char *transport)
{
        uint64_t rotational, is_removable;

        if (text_has_prefix(name, "sr"))
                return "optical";
        if (text_has_prefix(name, "mmcblk"))
                return "flash";
        /* Sticks and cards do not say that they do not turn, and so the kernel has it that they
         * do. */
        if (text_is_equal(transport, "usb") &&
            tree_number(tree, &is_removable, "sys/block/%s/removable", name) && is_removable)
                return "flash";
        if (text_has_prefix(name, "nvme"))
                return "nvme";
        if (transport && strcmp(transport, "virtio") == 0)
                return "virtual";
        if (!tree_number(tree, &rotational, "sys/block/%s/queue/rotational", name))
                return NULL;
        return rotational ? "hdd" : "ssd";
}

static bool vpd_serial(struct tree *tree, const char *name, char to[static TREE_LINE_SIZE])
{
        char path[TREE_PATH_MAX];
        _free_ char *page = NULL;
        struct reader r, value;
        uint8_t code;
        uint16_t len;
        size_t size;

        snprintf(path, sizeof(path), "sys/block/%s/device/vpd_pg80", name);
        if (tree_read(tree, path, VPD_PAGE_MAX, &page, &size) < 0)
                return false;
        r = reader_over(page, size);
        if (reader_skip(&r, 1) < 0 || reader_u8(&r, &code) < 0 || code != VPD_SERIAL ||
            reader_be16(&r, &len) < 0 || reader_take(&r, len, &value) < 0)
                return false;
        while (reader_left(&value) > 0 && *value.at == ' ')
                (void)reader_skip(&value, 1);
        while (reader_left(&value) > 0 && (value.end[-1] == ' ' || value.end[-1] == '\0'))
                value.end--;
        return text_copy_bytes(to, TREE_LINE_SIZE, value.at, reader_left(&value)) == 0 && to[0];
}

static void set_serial(struct tree *tree, const char *name, struct doc *disk)
{
        char text[TREE_LINE_SIZE];

        if ((tree_line(tree, text, "sys/block/%s/device/serial", name) ||
             tree_line(tree, text, "sys/block/%s/serial", name) || vpd_serial(tree, name, text)) &&
            !node_text_is_filler(text))
                (void)doc_set_text(disk, "serial", text);
}

/* First of several files that has a text. */
static void set_first(struct tree *tree, const char *name, struct doc *disk, const char *field,
                      const char *const files[])
{
        char text[TREE_LINE_SIZE];

        for (size_t i = 0; files[i]; i++) {
                if (tree_line(tree, text, "sys/block/%s/%s", name, files[i]) &&
                    !node_text_is_filler(text)) {
                        (void)doc_set_text(disk, field, text);
                        return;
                }
        }
}

static void set_number(struct tree *tree, const char *name, struct doc *disk, const char *field,
                       const char *file)
{
        uint64_t number;

        if (tree_number(tree, &number, "sys/block/%s/%s", name, file) && number <= INT64_MAX)
                (void)doc_set_number(disk, field, (int64_t)number);
}

static void set_flag(struct tree *tree, const char *name, struct doc *disk, const char *field,
                     const char *file)
{
        uint64_t number;

        if (tree_number(tree, &number, "sys/block/%s/%s", name, file))
                (void)doc_set_bool(disk, field, number != 0);
}

/* Absent where no medium is in. */
static void set_size(struct tree *tree, const char *name, struct doc *disk)
{
        uint64_t sectors;

        if (!tree_number(tree, &sectors, "sys/block/%s/size", name) || sectors == 0 ||
            sectors > INT64_MAX / SECTOR_SIZE)
                return;
        if (text_has_prefix(name, "sr") && sectors == NO_MEDIUM)
                return;
        (void)doc_set_number(disk, "size", (int64_t)sectors * SECTOR_SIZE);
}

static struct doc *take_disk(struct tree *tree, const char *name)
{
        static const char *const models[] = {"device/model", NULL};
        static const char *const firmwares[] = {"device/firmware_rev", "device/rev", NULL};
        static const char *const wwns[] = {"wwid", "device/wwid", NULL};
        char path[TREE_PATH_MAX], address[32];
        const char *transport = NULL;
        struct doc *disk = doc_object();

        (void)doc_set_text(disk, "name", name);
        if (tree_link_path(tree, path, "sys/block/%s", name)) {
                transport = transport_of(path);
                if (pci_address_in(path, address, sizeof(address)))
                        (void)doc_set_text(disk, "pci", address);
        }
        (void)doc_set_text(disk, "type", type_of(tree, name, transport));
        (void)doc_set_text(disk, "transport", transport);
        set_size(tree, name, disk);
        set_first(tree, name, disk, "model", models);
        set_serial(tree, name, disk);
        set_first(tree, name, disk, "wwn", wwns);
        set_first(tree, name, disk, "firmware", firmwares);
        set_number(tree, name, disk, "logical_sector", "queue/logical_block_size");
        set_number(tree, name, disk, "physical_sector", "queue/physical_block_size");
        set_flag(tree, name, disk, "removable", "removable");
        set_flag(tree, name, disk, "read_only", "ro");
        return disk;
}

void probe_disks(struct probe_context *context)
{
        _names_ struct tree_names names = {0};

        /* A machine without disks has the folder all the same, once any driver for them is there.
         */
        if (tree_list(context->tree, "sys/block", &names) < 0)
                probe_error(context, "/sys/block cannot be read");
        for (size_t i = 0; i < names.count; i++)
                if (is_disk(context->tree, names.names[i]) && probe_begin(context, names.names[i]))
                        probe_item(context, take_disk(context->tree, names.names[i]));
}
