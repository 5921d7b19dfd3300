/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * health: what disks say of themselves
 *
 * A sick disk answers late or never, so this runs in a process of its own beside
 * the other probes (crew.h), and what it finds is joined to the disks. It only
 * reads: Identify and Get Log Page, SMART READ DATA and RETURN STATUS, LOG SENSE and
 * READ CAPACITY. Many bridges of USB hang at commands that they do not know: behind one only disks
 * are asked whose bridge has the page of ATA Information (SAT-3 12.4.2), as what translates
 * commands for ATA has. The kernel has read that already, where it trusts the bridge with such
 * pages.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <scsi/sg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "discover/disk_use.h"
#include "discover/health.h"
#include "discover/probe.h"
#include "discover/vpd.h"
#include "lib/base/text.h"

#define TIMEOUT_MS      4000 /* of one command; crew.h gives a device 5000 */
#define SENSE_SIZE      64
#define PAGE_SIZE_ASKED 512

/* clang-format off */
const struct field disk_health_fields[] = {
        {.name = "passed",          .kind = FIELD_BOOL,   .help = "the disk does not expect to fail"},
        {.name = "warnings",        .kind = FIELD_TEXTS,  .help = "NVMe: spare-low, temperature, unreliable, read-only, backup-failed"},
        {.name = "temperature_c",   .kind = FIELD_NUMBER, .help = "degrees Celsius"},
        {.name = "power_on_hours",  .kind = FIELD_NUMBER, .help = "hours that it was on"},
        {.name = "power_cycles",    .kind = FIELD_NUMBER, .help = "times that it was switched on"},
        {.name = "unsafe_shutdowns", .kind = FIELD_NUMBER, .help = "times that it lost its power without a word"},
        {.name = "wear_percent",    .kind = FIELD_NUMBER, .help = "of the life that its maker gives it; may be above 100"},
        {.name = "spare_percent",   .kind = FIELD_NUMBER, .help = "of its spare blocks, those that are left"},
        {.name = "media_errors",    .kind = FIELD_NUMBER, .help = "reads and writes that could not be mended"},
        {.name = "reallocated_sectors",   .kind = FIELD_NUMBER, .help = "replaced by spare ones"},
        {.name = "pending_sectors",       .kind = FIELD_NUMBER, .help = "that could not be read and wait to be written"},
        {.name = "uncorrectable_sectors", .kind = FIELD_NUMBER, .help = "that could not be read when the disk looked itself"},
        {.name = "bytes_read",      .kind = FIELD_NUMBER, .help = "by hosts, in all its life"},
        {.name = "bytes_written",   .kind = FIELD_NUMBER, .help = "the same, written"},
        {.name = NULL},
};

const struct field disk_format_fields[] = {
        {.name = "sector",   .kind = FIELD_NUMBER, .help = "bytes"},
        {.name = "metadata", .kind = FIELD_NUMBER, .help = "bytes beside each sector"},
        {.name = "in_use",   .kind = FIELD_BOOL,   .help = "it is formatted so now"},
        {.name = NULL},
};
/* clang-format on */

/* A disk that is asked. */
struct target {
        struct tree *tree;
        const char *name;
        int fd; /* of the device; -errno: it cannot be opened */
        struct doc *disk, *health;
};

/* ------------------------------------------------------------- who answers */

struct question {
        const char *what;
        bool (*parse)(const void *bytes, size_t size, struct doc *to);
        struct nvme_admin_cmd nvme;
        uint16_t size;       /* of the answer */
        uint8_t command[16]; /* SCSI */
        uint8_t command_size;
        bool is_sense;  /* the answer is the sense data */
        bool is_health; /* else of the disk */
};

static int ask_scsi(int fd, const struct question *q, uint8_t *to, size_t *ret_size)
{
        uint8_t command[sizeof(q->command)], sense[SENSE_SIZE] = {0};
        struct sg_io_hdr request = {
                .interface_id = 'S',
                .cmd_len = q->command_size,
                .cmdp = command,
                .mx_sb_len = sizeof(sense),
                .sbp = sense,
                .dxfer_direction = q->is_sense ? SG_DXFER_NONE : SG_DXFER_FROM_DEV,
                .dxfer_len = q->is_sense ? 0 : q->size,
                .dxferp = q->is_sense ? NULL : to,
                .timeout = TIMEOUT_MS,
        };

        memcpy(command, q->command, sizeof(command));
        if (ioctl(fd, SG_IO, &request) < 0)
                return -errno;
        if (q->is_sense) {
                memcpy(to, sense, sizeof(sense));
                *ret_size = sizeof(sense);
                return request.sb_len_wr > 0 ? 0 : -EIO;
        }
        if (request.status != 0 || request.host_status != 0 || request.driver_status != 0 ||
            request.resid < 0 || request.resid > q->size)
                return -EIO;
        *ret_size = (size_t)(q->size - request.resid);
        return 0;
}

static int ask_nvme(int fd, const struct question *q, uint8_t *to, size_t *ret_size)
{
        struct nvme_admin_cmd command = q->nvme;

        command.addr = (uintptr_t)to;
        command.data_len = q->size;
        command.timeout_ms = TIMEOUT_MS;
        *ret_size = q->size;
        return ioctl(fd, NVME_IOCTL_ADMIN_CMD, &command) == 0 ? 0 : -EIO;
}

static bool ask(const struct target *t, const struct question *q)
{
        uint8_t bytes[HEALTH_NVME_ID] = {0};
        char path[TREE_PATH_MAX];
        size_t size = 0;
        int rc;

        snprintf(path, sizeof(path), "health/%s/%s", t->name, q->what);
        if (!tree_is_live(t->tree)) {
                if (!tree_recall(t->tree, path, bytes, sizeof(bytes), &size))
                        return false;
        } else {
                rc = q->command_size > 0 ? ask_scsi(t->fd, q, bytes, &size)
                                         : ask_nvme(t->fd, q, bytes, &size);
                if (rc < 0)
                        return false;
                tree_note(t->tree, path, bytes, size);
        }
        return q->parse(bytes, size, q->is_health ? t->health : t->disk);
}

/* -------------------------------------------------------------- what is asked */

#define ALL_NAMESPACES 0xffffffffU
#define LOG_PAGE       0x02
#define IDENTIFY       0x06
#define DWORDS(size)   (((size) / 4U - 1U) << 16)

/* The namespace's number is filled in where it is 0. */
/* clang-format off */
static const struct question nvme_questions[] = {
        {.what = "smart", .size = HEALTH_NVME, .parse = health_nvme, .is_health = true,
         .nvme = {.opcode = LOG_PAGE, .nsid = ALL_NAMESPACES, .cdw10 = 0x02 | DWORDS(HEALTH_NVME)}},
        {.what = "controller", .size = HEALTH_NVME_ID, .parse = nvme_controller_parse,
         .nvme = {.opcode = IDENTIFY, .cdw10 = 1}},
        {.what = "namespace", .size = HEALTH_NVME_ID, .parse = nvme_namespace_parse,
         .nvme = {.opcode = IDENTIFY, .cdw10 = 0}},
};

/* ATA PASS-THROUGH (16), SAT-3 12.2.2. */
#define ATA_IN(extend, feature, log, page, high, op) \
        {0x85, 0x08 | (extend), 0x0e, 0, (feature), 0, 1, 0, (log), 0, (page), 0, (high), 0, (op), 0}
#define ATA_STATUS {0x85, 0x06, 0x20, 0, 0xda, 0, 0, 0, 0, 0, 0x4f, 0, 0xc2, 0, 0xb0, 0}

/* The last one is for disks with logs. */
static const struct question ata_questions[] = {
        {.what = "status", .is_sense = true, .size = SENSE_SIZE, .command_size = 16,
         .command = ATA_STATUS, .parse = health_ata_verdict, .is_health = true},
        {.what = "data", .size = HEALTH_SECTOR, .command_size = 16, .is_health = true,
         .command = ATA_IN(0, 0xd0, 0, 0x4f, 0xc2, 0xb0), .parse = health_ata_data},
        {.what = "statistics", .size = HEALTH_SECTOR, .command_size = 16, .is_health = true,
         .command = ATA_IN(1, 0, 0x04, 0x07, 0, 0x2f), .parse = health_ata_statistics},
};

/* The second is for disks that do not know the first. */
static const struct question capacity_questions[] = {
        {.what = "capacity", .size = 32, .command_size = 16, .parse = capacity16_parse,
         .command = {0x9e, 0x10, [13] = 32}},
        {.what = "capacity10", .size = 8, .command_size = 10, .parse = capacity10_parse,
         .command = {0x25}},
};

/* LOG SENSE, SPC-4 6.7: cumulative values. */
#define SCSI_PAGE(name, page) \
        {.what = (name), .size = PAGE_SIZE_ASKED, .command_size = 10, .is_health = true, \
         .parse = health_scsi_page, \
         .command = {0x4d, 0, 0x40 | (page), 0, 0, 0, 0, PAGE_SIZE_ASKED >> 8, PAGE_SIZE_ASKED & 0xff}}

static const struct question scsi_questions[] = {
        SCSI_PAGE("exceptions", 0x2f), SCSI_PAGE("write-errors", 0x02), SCSI_PAGE("read-errors", 0x03),
        SCSI_PAGE("temperature", 0x0d), SCSI_PAGE("endurance", 0x11), SCSI_PAGE("scan", 0x15),
};
/* clang-format on */

/* A disk that has not answered one question is asked no other of its kind. */
static void ask_all(const struct target *t, const struct question *questions, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (!ask(t, &questions[i]) && i == 0 && count > 3)
                        return;
}

/* Page 0x89, as sysfs has it. */
static bool has_logs(const struct target *t)
{
        char path[TREE_PATH_MAX], page[VPD_PAGE_MAX];
        size_t size;

        snprintf(path, sizeof(path), "sys/block/%s/device/vpd_pg89", t->name);
        return tree_read_into(t->tree, path, page, sizeof(page), &size) == 0 &&
               health_ata_has_logs(page, size);
}

static bool is_behind_usb(struct tree *tree, const char *name)
{
        char path[TREE_PATH_MAX];

        return tree_link_path(tree, path, "sys/block/%s", name) && strstr(path, "/usb");
}

static void ask_disk(const struct target *t)
{
        char text[TREE_LINE_SIZE];
        uint64_t nsid;

        if (text_has_prefix(t->name, "nvme")) {
                if (!tree_number(t->tree, &nsid, "sys/block/%s/nsid", t->name))
                        nsid = 1;
                for (size_t i = 0; i < ARRAY_SIZE(nvme_questions); i++) {
                        struct question q = nvme_questions[i];

                        if (q.nvme.nsid == 0 && q.nvme.cdw10 == 0)
                                q.nvme.nsid = (uint32_t)nsid;
                        (void)ask(t, &q);
                }
        } else if ((tree_line(t->tree, text, "sys/block/%s/device/vendor", t->name) &&
                    strcmp(text, "ATA") == 0) ||
                   is_behind_usb(t->tree, t->name)) {
                ask_all(t, ata_questions, ARRAY_SIZE(ata_questions) - (has_logs(t) ? 0 : 1));
        } else {
                if (!ask(t, &capacity_questions[0]))
                        (void)ask(t, &capacity_questions[1]);
                ask_all(t, scsi_questions, ARRAY_SIZE(scsi_questions));
        }
}

/* NVMe's, SCSI's own ones, and those of ATA behind a bridge of USB that translates. */
static bool can_be_asked(struct tree *tree, const char *name)
{
        char path[TREE_PATH_MAX];

        if (text_has_prefix(name, "nvme"))
                return disk_is_whole(tree, name);
        return text_has_prefix(name, "sd") && tree_link_path(tree, path, "sys/block/%s", name) &&
               (!is_behind_usb(tree, name) || tree_has(tree, "sys/block/%s/device/vpd_pg89", name));
}

static void take_health(struct probe_context *context, const char *name)
{
        struct target t = {.tree = context->tree, .name = name, .fd = -EBADF};
        char path[TREE_PATH_MAX];

        if (tree_is_live(context->tree)) {
                snprintf(path, sizeof(path), "/dev/%s", name);
                t.fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
                if (t.fd < 0)
                        return; /* its probe has said so, or nobody but root may ask */
        }
        t.disk = doc_object();
        t.health = doc_object();
        (void)doc_set_text(t.disk, "name", name);
        ask_disk(&t);
        (void)doc_set(t.disk, "health", t.health);
        probe_item(context, t.disk);
        if (t.fd >= 0)
                close(t.fd);
}

void probe_health(struct probe_context *context)
{
        _names_ struct tree_names names = {0};

        (void)tree_list(context->tree, "sys/block", &names);
        for (size_t i = 0; i < names.count; i++)
                if (can_be_asked(context->tree, names.names[i]) &&
                    probe_begin(context, names.names[i]))
                        take_health(context, names.names[i]);
}
