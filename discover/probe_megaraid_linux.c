/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * megaraid: volumes of MegaRAID controllers, asked through the driver's own device
 *
 * Nobody makes a node for that device but the maker's tools, so one is made, opened
 * and removed before the program gives up its right to do so (megaraid_open()).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "discover/megaraid.h"
#include "discover/probe.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#define NODE        "/dev/.cloudie-megaraid"
#define DEVICES_MAX 65536

/* clang-format off */
const struct field raid_volume_fields[] = {
        {.name = "target", .kind = FIELD_NUMBER, .help = "its number; the SCSI target of its disk, LSI SAS's handle"},
        {.name = "name",   .kind = FIELD_TEXT,   .help = "as its maker named it"},
        {.name = "level",  .kind = FIELD_TEXT,   .help = "raid0, raid1, raid5, raid6, raid10, raid1e, raid50, raid60, jbod"},
        {.name = "state",  .kind = FIELD_TEXT,   .help = "optimal, degraded, partially-degraded, rebuild, offline, failed, ..."},
        {.name = "size",   .kind = FIELD_NUMBER, .help = "bytes"},
        {.name = "strip",  .kind = FIELD_NUMBER, .help = "bytes on one drive, before the next"},
        {.name = "cache",  .kind = FIELD_TEXT,   .help = "write-back, write-through"},
        {.name = "drives", .kind = FIELD_NUMBERS, .help = "numbers of the drives that it is made of"},
        {.name = NULL},
};

const struct field raid_battery_fields[] = {
        {.name = "good",          .kind = FIELD_BOOL,   .help = "it keeps the cache, now or when it is charged"},
        {.name = "state",         .kind = FIELD_TEXT,   .help = "optimal, charging, discharging, learning, low, overheated, failed, replace, missing"},
        {.name = "millivolts",    .kind = FIELD_NUMBER, .help = "of it now"},
        {.name = "temperature_c", .kind = FIELD_NUMBER, .help = "degrees Celsius"},
        {.name = NULL},
};

const struct field raid_drive_fields[] = {
        {.name = "id",           .kind = FIELD_NUMBER, .help = "its number at the controller"},
        {.name = "enclosure",    .kind = FIELD_NUMBER, .help = "number of the enclosure that it is in"},
        {.name = "slot",         .kind = FIELD_NUMBER, .help = "its place there"},
        {.name = "state",        .kind = FIELD_TEXT,   .help = "online, rebuild, failed, hot-spare, unconfigured-good, ..."},
        {.name = "size",         .kind = FIELD_NUMBER, .help = "bytes"},
        {.name = "vendor",       .kind = FIELD_TEXT,   .help = "maker"},
        {.name = "model",        .kind = FIELD_TEXT,   .help = "model"},
        {.name = "firmware",     .kind = FIELD_TEXT,   .help = "revision of its firmware"},
        {.name = "serial",       .kind = FIELD_TEXT, .is_identity = true, .help = "serial number"},
        {.name = "foreign",      .kind = FIELD_BOOL, .help = "another controller made volumes of it"},
        {.name = "media",        .kind = FIELD_TEXT, .help = "hdd, ssd"},
        {.name = "temperature_c", .kind = FIELD_NUMBER, .help = "degrees Celsius"},
        {.name = "media_errors", .kind = FIELD_NUMBER, .help = "as the controller counted"},
        {.name = "predicted_failures", .kind = FIELD_NUMBER, .help = "times that the drive told the controller that it expects to fail (SMART)"},
        {.name = NULL},
};
/* clang-format on */

/* megaraid_sas.h, struct megasas_iocpacket. */
struct packet {
        uint16_t host, pad;
        uint32_t list_offset, list_count, sense_offset, sense_size;
        uint8_t frame[128];
        struct iovec list[16];
} __attribute__((packed));
#define ASK                  _IOWR('M', 1, struct packet)

#define FRAME_DIRECT_COMMAND 0x05
#define FRAME_READ           0x10
#define FRAME_LIST           0x28 /* where in the frame the list of buffers stands */
#define NOT_ANSWERED         0xff

enum opcode {
        GET_INFO = 0x01010000,
        GET_DRIVES = 0x02010000,
        GET_DRIVE = 0x02020000,
        GET_VOLUMES = 0x03010000,
        GET_CONFIG = 0x04010000,
        GET_BATTERY = 0x05010000,
};

static int node = -EBADF;

/* The major number of the driver's device. -ENOENT: the driver is not there. */
static int find_major(void)
{
        _free_ char *text = NULL;
        char *save = NULL;

        if (file_read(AT_FDCWD, "/proc/devices", DEVICES_MAX, &text, NULL) < 0)
                return -ENOENT;
        for (const char *line = strtok_r(text, "\n", &save); line;
             line = strtok_r(NULL, "\n", &save))
                if (text_has_suffix(line, " megaraid_sas_ioctl"))
                        return (int)strtol(line, NULL, 10);
        return -ENOENT;
}

void megaraid_open(void)
{
        const int major = find_major();

        if (major < 0)
                return;
        (void)unlink(NODE);
        if (mknod(NODE, S_IFCHR | 0600, makedev((unsigned)major, 0)) < 0)
                return;
        node = open(NODE, O_RDWR | O_CLOEXEC);
        (void)unlink(NODE);
}

void megaraid_close(void)
{
        if (node >= 0)
                close(TAKE_FD(node));
}

struct controller {
        struct tree *tree;
        uint16_t host;
        char pci[32];
};

static void put_le32(uint8_t *to, uint32_t number)
{
        for (int i = 0; i < 4; i++)
                to[i] = (uint8_t)(number >> 8 * i);
}

/* @what: under which the answer is noted. False if there is none. */
static bool ask(const struct controller *c, enum opcode opcode, uint16_t drive, uint8_t *to,
                size_t *size)
{
        struct packet p = {.host = c->host,
                           .list_offset = FRAME_LIST,
                           .list_count = 1,
                           .list = {{.iov_base = to, .iov_len = *size}}};
        char name[80];

        snprintf(name, sizeof(name), "megaraid/%s/%08x-%u", c->pci, (unsigned)opcode, drive);
        if (!tree_is_live(c->tree))
                return tree_recall(c->tree, name, to, *size, size);
        p.frame[0] = FRAME_DIRECT_COMMAND;
        p.frame[2] = NOT_ANSWERED;
        p.frame[7] = 1;
        p.frame[0x10] = FRAME_READ;
        put_le32(p.frame + 0x14, (uint32_t)*size);
        put_le32(p.frame + 0x18, (uint32_t)opcode);
        put_le32(p.frame + 0x1c, drive);
        memset(to, 0, *size);
        if (ioctl(node, ASK, &p) < 0 || p.frame[2] != 0)
                return false;
        tree_note(c->tree, name, to, *size);
        return true;
}

static struct doc *take_drives(const struct controller *c)
{
        _free_ uint8_t *bytes = malloc(MEGARAID_DRIVES_SIZE);
        uint16_t ids[MEGARAID_DRIVES_MAX];
        size_t size = MEGARAID_DRIVES_SIZE;
        struct doc *list = doc_list();
        int count = -1;

        if (bytes && ask(c, GET_DRIVES, 0, bytes, &size))
                count = megaraid_drives_parse(bytes, size, ids);
        for (int i = 0; i < count; i++) {
                struct doc *drive = doc_object();

                size = MEGARAID_DRIVE_SIZE;
                if (ask(c, GET_DRIVE, ids[i], bytes, &size))
                        (void)megaraid_drive_parse(bytes, size, drive);
                (void)doc_set_number(drive, "id", ids[i]); /* some firmware answers for another */
                (void)doc_append(list, drive);
        }
        return list;
}

/* NULL: it has not answered as a controller does. */
static struct doc *take_controller(const struct controller *c)
{
        _doc_ struct doc *doc = doc_object(), *volumes = doc_list();
        uint8_t bytes[MEGARAID_CONFIG_SIZE];
        size_t size = MEGARAID_INFO_SIZE;
        struct doc *battery;

        if (!ask(c, GET_INFO, 0, bytes, &size) || !megaraid_info_parse(bytes, size, doc))
                return NULL;
        size = MEGARAID_CONFIG_SIZE;
        if (!ask(c, GET_CONFIG, 0, bytes, &size) || !megaraid_config_parse(bytes, size, volumes))
                return NULL;
        size = MEGARAID_LIST_SIZE;
        if (ask(c, GET_VOLUMES, 0, bytes, &size))
                (void)megaraid_list_parse(bytes, size, volumes);
        (void)doc_set(doc, "volumes", TAKE_PTR(volumes));
        (void)doc_set(doc, "drives", take_drives(c));
        size = MEGARAID_BATTERY_SIZE;
        battery = doc_object();
        if (ask(c, GET_BATTERY, 0, bytes, &size))
                (void)megaraid_battery_parse(bytes, size, battery);
        (void)doc_set(doc, "battery", battery);
        return TAKE_PTR(doc);
}

static void take_host(struct probe_context *context, const char *host)
{
        struct controller c = {.tree = context->tree};
        char text[TREE_PATH_MAX], name[64];
        struct doc *found, *answer;
        uint64_t number;

        if (!tree_link_path(context->tree, text, "sys/class/scsi_host/%s", host) ||
            !pci_address_in(text, c.pci, sizeof(c.pci)) || !text_has_prefix(host, "host") ||
            text_parse_u64(host + strlen("host"), UINT16_MAX, &number) < 0)
                return;
        c.host = (uint16_t)number;
        answer = take_controller(&c);
        if (!answer) {
                probe_error(context, "%s: the controller does not tell its configuration", c.pci);
                return;
        }
        found = doc_object();
        snprintf(name, sizeof(name), RAID_ANSWER "%s", c.pci);
        (void)doc_set(found, name, answer);
        probe_item(context, found);
}

void probe_megaraid(struct probe_context *context)
{
        _names_ struct tree_names names = {0};
        char text[TREE_LINE_SIZE];

        if (tree_is_live(context->tree) ? node < 0
                                        : !tree_has(context->tree, TREE_ANSWERS "/megaraid"))
                return;
        (void)tree_list(context->tree, "sys/class/scsi_host", &names);
        for (size_t i = 0; i < names.count; i++)
                if (tree_line(context->tree, text, "sys/class/scsi_host/%s/proc_name",
                              names.names[i]) &&
                    text_has_prefix(text, "megaraid_sas") && probe_begin(context, names.names[i]))
                        take_host(context, names.names[i]);
}
