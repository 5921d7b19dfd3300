/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * disks: /sys/block
 *
 * A serial hides in a different place for each transport: NVMe's controller has a
 * file for it, virtio's disk too; a SCSI disk tells it in VPD page 0x80 (SPC-4
 * 7.8.15), and libata translates ATA's into the same page.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/disk_use.h"
#include "discover/probe.h"
#include "discover/vpd.h"
#include "lib/base/text.h"
#include "lib/disk/usb_name.h"
#include "lib/node/summary.h"

#define SECTOR_SIZE 512      /* of /sys/block/X/size, whatever the disk's own is */
#define NO_MEDIUM   0x1fffff /* sectors that the kernel's sr driver tells of an empty drive */

/* clang-format off */
static const struct field disk_fields[] = {
        {.name = "name",      .kind = FIELD_TEXT, .help = "as the kernel has it today"},
        {.name = "stable_path", .kind = FIELD_TEXT, .help = "as udev calls it on every boot: /dev/disk/by-id/..."},
        {.name = "type",      .kind = FIELD_TEXT, .help = "hdd, ssd, nvme, virtual, optical, flash"},
        {.name = "transport", .kind = FIELD_TEXT, .help = "nvme, ata, sas, fc, iscsi, scsi, usb, virtio, mmc"},
        {.name = "size",      .kind = FIELD_NUMBER, .help = "bytes; absent without a medium, and where the kernel cannot use it"},
        {.name = "vendor",    .kind = FIELD_TEXT, .help = "maker, where the disk tells it apart"},
        {.name = "model",     .kind = FIELD_TEXT, .help = "model"},
        {.name = "serial",    .kind = FIELD_TEXT, .is_identity = true, .help = "serial number"},
        {.name = "wwn",       .kind = FIELD_TEXT, .is_identity = true, .help = "world-wide name: naa., eui., t10., nvme."},
        {.name = "eui",       .kind = FIELD_TEXT, .is_identity = true, .help = "NVMe: EUI-64, 16 hexadecimal digits"},
        {.name = "nguid",     .kind = FIELD_TEXT, .is_identity = true, .file = "nguid", .help = "NVMe: globally unique id"},
        {.name = "firmware",  .kind = FIELD_TEXT, .help = "revision of its firmware"},
        {.name = "pci",       .kind = FIELD_TEXT, .help = "PCI function that it hangs on"},
        {.name = "scsi_address", .kind = FIELD_TEXT, .help = "host:channel:target:lun"},
        {.name = "state",     .kind = FIELD_TEXT, .file = "device/state", .help = "running, offline, live, ..."},
        {.name = "numa_node", .kind = FIELD_NUMBER, .help = "NUMA node that it is near to"},
        {.name = "logical_sector",  .kind = FIELD_NUMBER, .file = "queue/logical_block_size", .help = "bytes"},
        {.name = "physical_sector", .kind = FIELD_NUMBER, .file = "queue/physical_block_size", .help = "bytes"},
        {.name = "sector_format", .kind = FIELD_TEXT, .help = "512n, 512e (512 over 4096), 4kn; others by their size: 520, 528, 4160, ..."},
        {.name = "raw_size",  .kind = FIELD_NUMBER, .help = "bytes that the disk tells, where the kernel cannot use it"},
        {.name = "unusable",  .kind = FIELD_TEXT, .help = "why the kernel cannot use it, and what to do"},
        {.name = "protection", .kind = FIELD_NUMBER, .help = "type of the protection information beside each sector (T10 PI): 1, 2, 3"},
        {.name = "optimal_io", .kind = FIELD_NUMBER, .file = "queue/optimal_io_size", .none_is_zero = true,
         .help = "bytes of the best request"},
        {.name = "rotation_rpm", .kind = FIELD_NUMBER, .help = "rotations a minute; 0: it does not turn"},
        {.name = "removable", .kind = FIELD_BOOL, .file = "removable", .help = "the medium can be taken out"},
        {.name = "read_only", .kind = FIELD_BOOL, .file = "ro", .help = "it cannot be written"},
        {.name = "zoned",     .kind = FIELD_TEXT, .help = "host-managed, host-aware; absent: not zoned"},
        {.name = "discard",   .kind = FIELD_BOOL, .file = "queue/discard_max_bytes", .help = "it takes TRIM or UNMAP"},
        {.name = "discard_granularity", .kind = FIELD_NUMBER, .file = "queue/discard_granularity",
         .none_is_zero = true, .help = "bytes"},
        {.name = "nvme_nsid", .kind = FIELD_NUMBER, .file = "nsid", .help = "NVMe: number of the namespace"},
        {.name = "nvme_subsystem", .kind = FIELD_TEXT, .is_identity = true, .file = "device/subsysnqn", .help = "NVMe: name of the subsystem (NQN)"},
        {.name = "nvme_metadata", .kind = FIELD_NUMBER, .file = "metadata_bytes", .none_is_zero = true,
         .help = "NVMe: bytes beside each sector"},
        {.name = "nvme_formats", .kind = FIELD_ITEMS, .inner = disk_format_fields,
         .help = "NVMe: sizes of sectors that it can be formatted to"},
        {.name = "nvme_erase", .kind = FIELD_TEXTS,
         .help = "NVMe: sanitize-crypto, sanitize-block, sanitize-overwrite, format, format-crypto"},
        {.name = "health",    .kind = FIELD_OBJECT, .inner = disk_health_fields, .help = "as the disk says itself"},
        {.name = "empty",     .kind = FIELD_BOOL, .help = "nothing that libblkid knows is on it"},
        {.name = "holds",     .kind = FIELD_TEXT, .help = "what is on it, in words, used or not"},
        {.name = "table",     .kind = FIELD_TEXT, .help = "partition table: gpt, dos, ..."},
        {.name = "table_uuid", .kind = FIELD_TEXT, .is_identity = true, .help = "of the partition table"},
        {.name = "paths",     .kind = FIELD_TEXTS, .help = "all names of a disk that is seen over more than one"},
        {.name = "partitions", .kind = FIELD_ITEMS, .inner = disk_partition_fields, .help = "a partition each"},
        {.name = "boots",     .kind = FIELD_TEXTS, .help = "whose firmware finds a system to start on it: bios, uefi"},
        DISK_USE_FIELDS,
        {.name = NULL},
};

const struct field disks_fields[] = {
        {.name = "items", .kind = FIELD_ITEMS, .inner = disk_fields, .help = "a disk each"},
        {.name = NULL},
};
/* clang-format on */

/* What is no disk: made of others, or of memory. */
static const char *const not_disks[] = {"loop", "ram", "zram", "dm-", "md", "nbd", "fd", "drbd"};

bool disk_is_whole(struct tree *tree, const char *name)
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

_Static_assert(VPD_TEXT_SIZE == TREE_LINE_SIZE, "serials of all kinds fit one text");

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

static bool read_page(struct tree *tree, const char *name, const char *page, char **ret,
                      size_t *ret_size)
{
        char path[TREE_PATH_MAX];

        snprintf(path, sizeof(path), "sys/block/%s/device/%s", name, page);
        return tree_read(tree, path, VPD_PAGE_MAX, ret, ret_size) == 0;
}

static bool read_serial(struct tree *tree, const char *name, char to[static VPD_TEXT_SIZE])
{
        _free_ char *page = NULL;
        size_t size;

        return read_page(tree, name, "vpd_pg80", &page, &size) && vpd_serial(page, size, to);
}

static void set_rotation(struct tree *tree, const char *name, struct doc *disk)
{
        _free_ char *page = NULL;
        size_t size;
        uint16_t rate;

        if (read_page(tree, name, "vpd_pgb1", &page, &size) && vpd_rotation(page, size, &rate))
                (void)doc_set_number(disk, "rotation_rpm", rate);
}

/* Before SCSI's fields, which cut ATA's. */
static void set_ata(struct tree *tree, const char *name, struct doc *disk)
{
        _free_ char *page = NULL;
        struct vpd_ata ata;
        size_t size;

        if (!read_page(tree, name, "vpd_pg89", &page, &size) || !vpd_ata_identity(page, size, &ata))
                return;
        field_set_text(disk, "model", ata.model);
        field_set_text(disk, "firmware", ata.firmware);
}

/* The bridge's. */
static bool read_usb_serial(struct tree *tree, const char *name, char to[static TREE_LINE_SIZE])
{
        char path[TREE_PATH_MAX], device[USB_NAME_SIZE];

        return tree_link_path(tree, path, "sys/block/%s", name) && usb_name_in(path, device) &&
               tree_line(tree, to, "sys/bus/usb/devices/%s/serial", device);
}

static void set_serial(struct tree *tree, const char *name, struct doc *disk)
{
        char text[TREE_LINE_SIZE];

        if (tree_line(tree, text, "sys/block/%s/device/serial", name) ||
            tree_line(tree, text, "sys/block/%s/serial", name) || read_serial(tree, name, text) ||
            read_usb_serial(tree, name, text))
                field_set_text(disk, "serial", text);
}

/* The kernel writes "00 11 22 33 44 55 66 77". */
static void set_eui(struct tree *tree, const char *name, struct doc *disk)
{
        char text[TREE_LINE_SIZE], digits[17];
        size_t n = 0;

        if (!tree_line(tree, text, "sys/block/%s/eui", name))
                return;
        for (const char *at = text; *at; at++)
                if (*at != ' ' && n < sizeof(digits))
                        digits[n++] = *at;
        if (n != sizeof(digits) - 1)
                return;
        digits[n] = '\0';
        field_set_text(disk, "eui", digits);
}

/* First of several files that has a text. */
static void set_first(struct tree *tree, const char *name, struct doc *disk, const char *field,
                      const char *const files[])
{
        char text[TREE_LINE_SIZE];

        for (size_t i = 0; files[i] && !doc_get(disk, field); i++) {
                if (tree_line(tree, text, "sys/block/%s/%s", name, files[i]) &&
                    !node_text_is_filler(text)) {
                        field_set_text(disk, field, text);
                        return;
                }
        }
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

/* SCSI's vendor is "ATA" for all disks behind libata: no maker. */
static void set_vendor(struct tree *tree, const char *name, struct doc *disk)
{
        char text[TREE_LINE_SIZE];

        if (!tree_line(tree, text, "sys/block/%s/device/vendor", name))
                return;
        if (strcmp(text, "ATA") != 0) {
                if (!text_has_prefix(text, "0x"))
                        field_set_text(disk, "vendor", text);
        } else if (text_is_equal(doc_get_text(disk, "transport"), "scsi")) {
                /* Kernels before 3.0 have no port of ATA in the path. */
                (void)doc_set_text(disk, "transport", "ata");
        }
}

/* A namespace of a subsystem with native multipath hangs on no controller of its own. */
static void set_controllers(struct tree *tree, const char *name, struct doc *disk)
{
        _names_ struct tree_names names = {0};
        char folder[TREE_PATH_MAX], address[TREE_LINE_SIZE], pci[32];
        struct doc *paths = doc_list();

        snprintf(folder, sizeof(folder), "sys/block/%s/device", name);
        (void)tree_list(tree, folder, &names);
        for (size_t i = 0; i < names.count; i++) {
                if (!text_has_prefix(names.names[i], "nvme") ||
                    !tree_line(tree, address, "%s/%s/address", folder, names.names[i]))
                        continue;
                if (!doc_get(disk, "pci") && pci_address_in(address, pci, sizeof(pci)))
                        (void)doc_set_text(disk, "pci", pci);
                field_append_text(paths, names.names[i]);
        }
        if (doc_count(paths) > 1)
                (void)doc_set(disk, "paths", paths);
        else
                doc_free(paths);
}

/* By where the device hangs. */
static void set_place(struct tree *tree, const char *name, struct doc *disk)
{
        char path[TREE_PATH_MAX], address[TREE_LINE_SIZE];
        const char *transport = NULL;
        uint64_t node;

        if (tree_link_path(tree, path, "sys/block/%s", name)) {
                transport = transport_of(path);
                if (pci_address_in(path, address, sizeof(address)))
                        (void)doc_set_text(disk, "pci", address);
        }
        (void)doc_set_text(disk, "type", type_of(tree, name, transport));
        (void)doc_set_text(disk, "transport", transport);
        if (text_is_equal(transport, "nvme") && strstr(path, "/nvme-subsystem/"))
                set_controllers(tree, name, disk);
        if (doc_get(disk, "pci") &&
            tree_number(tree, &node, "sys/bus/pci/devices/%s/numa_node", doc_get_text(disk, "pci")))
                field_set_number(disk, "numa_node", node);
        if (tree_link(tree, address, "sys/block/%s/device", name) && strchr(address, ':'))
                field_set_text(disk, "scsi_address", address);
}

static struct doc *take_disk(struct tree *tree, const char *name)
{
        static const char *const models[] = {"device/model", "device/name", NULL};
        static const char *const firmwares[] = {"device/firmware_rev", "device/rev", "device/fwrev",
                                                NULL};
        static const char *const wwns[] = {"wwid", "device/wwid", NULL};
        struct doc *disk = doc_object();
        char folder[TREE_PATH_MAX], text[TREE_LINE_SIZE];

        (void)doc_set_text(disk, "name", name);
        set_place(tree, name, disk);
        set_size(tree, name, disk);
        set_vendor(tree, name, disk);
        set_ata(tree, name, disk);
        set_first(tree, name, disk, "model", models);
        set_serial(tree, name, disk);
        set_first(tree, name, disk, "wwn", wwns);
        set_first(tree, name, disk, "firmware", firmwares);
        set_eui(tree, name, disk);
        set_rotation(tree, name, disk);
        snprintf(folder, sizeof(folder), "sys/block/%s", name);
        fields_read(tree, folder, disk_fields, disk);
        if (tree_line(tree, text, "sys/block/%s/queue/zoned", name) && strcmp(text, "none") != 0)
                field_set_text(disk, "zoned", text);
        disk_partitions_take(tree, name, disk);
        disk_use_take(tree, folder, name, disk);
        disk_boots_take(tree, name, disk);
        disk_stable_path_set(disk);
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
                if (disk_is_whole(context->tree, names.names[i]) &&
                    probe_begin(context, names.names[i]))
                        probe_item(context, take_disk(context->tree, names.names[i]));
}

/* ------------------------------------------------- one disk, several paths */

/* Transports over which one disk can be reached twice. Cheap bridges of USB give all disks one
 * name. */
static const char *const multipath_transports[] = {"sas", "fc", "iscsi", "scsi"};

static bool is_same_disk(const struct doc *a, const struct doc *b)
{
        static const char *const texts[] = {"wwn", "serial", "transport", "model"};
        bool is_shared = false;

        if (!doc_get(a, "wwn") || doc_get_number(a, "size", 0) != doc_get_number(b, "size", 0))
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                if (!text_is_equal(doc_get_text(a, texts[i]), doc_get_text(b, texts[i])))
                        return false;
        for (size_t i = 0; i < ARRAY_SIZE(multipath_transports); i++)
                is_shared |= text_is_equal(doc_get_text(a, "transport"), multipath_transports[i]);
        return is_shared;
}

static void add_path(struct doc *disk, const struct doc *other)
{
        struct doc *paths = doc_get(disk, "paths");

        if (!paths) {
                paths = doc_list();
                field_append_text(paths, doc_get_text(disk, "name"));
                (void)doc_set(disk, "paths", paths);
                paths = doc_get(disk, "paths");
        }
        field_append_text(paths, doc_get_text(other, "name"));
}

/* FNV-1a of the name that is compared first: a SAN shows ten thousand paths. Nothing is trusted for
 * it. */
static uint64_t name_hash(const struct doc *disk)
{
        const char *wwn = doc_get_text(disk, "wwn");
        uint64_t hash = 0xcbf29ce484222325;

        for (const char *at = wwn ? wwn : ""; *at; at++)
                hash = (hash ^ (unsigned char)*at) * 0x100000001b3;
        return hash;
}

void disks_finish(struct doc *section)
{
        struct doc *items = doc_get(section, "items"), *merged;
        _free_ uint64_t *hashes = calloc(doc_count(items) + 1, sizeof(*hashes));

        if (!hashes)
                return;
        merged = doc_list();
        for (size_t i = 0; i < doc_count(items); i++) {
                struct doc *disk = doc_at(items, i), *first = NULL;
                const uint64_t hash = name_hash(disk);

                disk_contents_join(disk);
                disk_sectors_finish(disk);
                for (size_t j = 0; j < doc_count(merged) && !first; j++)
                        if (hashes[j] == hash && is_same_disk(doc_at(merged, j), disk))
                                first = doc_at(merged, j);
                if (first) {
                        add_path(first, disk);
                } else {
                        hashes[doc_count(merged)] = hash;
                        (void)doc_append(merged, doc_copy(disk));
                }
        }
        (void)doc_set(section, "items", merged);
}
