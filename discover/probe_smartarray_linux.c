/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * smartarray: volumes of HPE Smart Array and Microchip SmartRAID controllers (hpsa, smartpqi)
 *
 * Both drivers take the same ioctl on any generic device of their host. Nothing of it
 * was seen on hardware: the answers are as the open drivers define them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/cciss_ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "discover/probe.h"
#include "discover/smartarray.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define TIMEOUT_S      4 /* of one command; crew.h gives a controller 5 */
#define GENERIC        "sys/class/scsi_generic"
#define DRIVES_ASKED   64 /* one after the other, each some milliseconds */

#define BMIC_READ      0x26
#define INQUIRY        0x12
#define CISS_READ      0xc0
#define REPORT_VOLUMES 0xc2
#define REPORT_DRIVES  0xc3
#define GET_MAP        0xc8

enum bmic {
        ID_VOLUME = 0x10,
        ID_CONTROLLER = 0x11,
        ID_DRIVE = 0x15,
        SENSE_SUBSYSTEM = 0x66,
};

struct controller {
        struct tree *tree;
        int fd;
        char pci[32];
};

/* A command that reads; @name: under which its answer is noted. */
struct command {
        char name[40];
        uint8_t address[SMARTARRAY_LUN_SIZE]; /* all zero: the controller */
        uint8_t bytes[16], count;
};

static bool pass_on(int fd, const struct command *command, uint8_t *to, size_t *size)
{
        IOCTL_Command_struct request = {.buf_size = (uint16_t)*size, .buf = to};

        memcpy(&request.LUN_info, command->address, sizeof(command->address));
        memcpy(request.Request.CDB, command->bytes, sizeof(command->bytes));
        request.Request.CDBLen = command->count;
        request.Request.Type.Type = TYPE_CMD;
        request.Request.Type.Attribute = ATTR_SIMPLE;
        request.Request.Type.Direction = XFER_READ;
        request.Request.Timeout = TIMEOUT_S;
        if (ioctl(fd, CCISS_PASSTHRU, &request) < 0)
                return false;
        if (request.error_info.CommandStatus == CMD_DATA_UNDERRUN &&
            request.error_info.ResidualCnt <= *size)
                *size -= request.error_info.ResidualCnt;
        else if (request.error_info.CommandStatus != CMD_SUCCESS)
                return false;
        return true;
}

static bool ask(const struct controller *c, const struct command *command, uint8_t *to,
                size_t *size)
{
        char name[96];

        snprintf(name, sizeof(name), "smartarray/%s/%s", c->pci, command->name);
        if (!tree_is_live(c->tree))
                return tree_recall(c->tree, name, to, *size, size);
        memset(to, 0, *size);
        if (!pass_on(c->fd, command, to, size))
                return false;
        tree_note(c->tree, name, to, *size);
        return true;
}

/* @number: of the volume or drive. */
static bool ask_bmic(const struct controller *c, enum bmic what, uint16_t number, uint8_t *to,
                     size_t *size)
{
        struct command command = {
                .count = 10,
                .bytes = {BMIC_READ, [6] = (uint8_t)what, (uint8_t)(*size >> 8), (uint8_t)*size},
        };

        if (what == ID_VOLUME)
                command.bytes[1] = (uint8_t)number;
        command.bytes[2] = what == ID_DRIVE ? (uint8_t)number : 0;
        command.bytes[9] = what == ID_DRIVE || what == ID_VOLUME ? (uint8_t)(number >> 8) : 0;
        snprintf(command.name, sizeof(command.name), "bmic-%02x-%u", (unsigned)what, number);
        return ask(c, &command, to, size);
}

/* A list of units, or a volume's map: the size stands in four bytes. */
static bool ask_ciss(const struct controller *c, struct command command, uint8_t *to, size_t *size)
{
        command.count = 12;
        for (unsigned i = 0; i < 4; i++)
                command.bytes[6 + i] = (uint8_t)(*size >> (24 - 8 * i));
        return ask(c, &command, to, size);
}

static void take_volume(const struct controller *c, const struct smartarray_lun *lun,
                        const struct smartarray_lun *drives, size_t count, struct doc *volume)
{
        struct command status = {
                .count = 6, .bytes = {INQUIRY, 1, 0xc3, 0, SMARTARRAY_STATUS_SIZE}
        };
        struct command map = {
                .bytes = {CISS_READ, GET_MAP}
        };
        _free_ uint8_t *bytes = malloc(SMARTARRAY_MAP_SIZE);
        size_t size = SMARTARRAY_ID_SIZE;

        if (!bytes)
                return;
        if (ask_bmic(c, ID_VOLUME, lun->number, bytes, &size))
                (void)smartarray_volume_parse(bytes, size, volume);
        memcpy(status.address, lun->address, sizeof(status.address));
        memcpy(map.address, lun->address, sizeof(map.address));
        snprintf(status.name, sizeof(status.name), "status-%u", lun->number);
        snprintf(map.name, sizeof(map.name), "map-%u", lun->number);
        size = SMARTARRAY_STATUS_SIZE;
        if (ask(c, &status, bytes, &size))
                (void)smartarray_status_parse(bytes, size, volume);
        size = SMARTARRAY_MAP_SIZE;
        if (ask_ciss(c, map, bytes, &size))
                (void)smartarray_map_parse(bytes, size, drives, count, volume);
}

static struct doc *take_drives(const struct controller *c, const struct smartarray_lun *drives,
                               size_t count)
{
        uint8_t bytes[SMARTARRAY_DRIVE_SIZE];
        struct doc *list = doc_list();

        for (size_t i = 0; i < count; i++) {
                struct doc *drive = doc_object();
                size_t size = sizeof(bytes);

                if (i < DRIVES_ASKED && ask_bmic(c, ID_DRIVE, drives[i].number, bytes, &size))
                        (void)smartarray_drive_parse(bytes, size, drive);
                (void)doc_set_number(drive, "id", drives[i].number);
                (void)doc_append(list, drive);
        }
        return list;
}

/* -1: it has not told them. */
static int ask_units(const struct controller *c, bool is_drives,
                     struct smartarray_lun ret[static SMARTARRAY_MAX])
{
        _free_ uint8_t *bytes = malloc(SMARTARRAY_LIST_SIZE);
        struct command command = {
                .bytes = {is_drives ? REPORT_DRIVES : REPORT_VOLUMES, is_drives ? 2 : 0}
        };
        size_t size = SMARTARRAY_LIST_SIZE;

        (void)text_copy(command.name, sizeof(command.name), is_drives ? "drives" : "volumes");
        if (!bytes || !ask_ciss(c, command, bytes, &size))
                return -1;
        return is_drives ? smartarray_drives_parse(bytes, size, ret)
                         : smartarray_volumes_parse(bytes, size, ret);
}

/* NULL: it has not answered as a controller does. */
static struct doc *take_controller(const struct controller *c)
{
        _free_ struct smartarray_lun *luns = calloc((size_t)2 * SMARTARRAY_MAX, sizeof(*luns));
        _doc_ struct doc *doc = doc_object();
        uint8_t bytes[SMARTARRAY_ID_SIZE];
        struct doc *volumes;
        size_t size = sizeof(bytes);
        int volume_count, drive_count;

        if (!luns || !ask_bmic(c, ID_CONTROLLER, 0, bytes, &size) ||
            !smartarray_controller_parse(bytes, size, doc))
                return NULL;
        size = sizeof(bytes);
        if (ask_bmic(c, SENSE_SUBSYSTEM, 0, bytes, &size))
                (void)smartarray_subsystem_parse(bytes, size, doc);
        volume_count = ask_units(c, false, luns);
        if (volume_count < 0)
                return NULL;
        drive_count = ask_units(c, true, luns + SMARTARRAY_MAX);
        volumes = doc_list();
        for (int i = 0; i < volume_count; i++) {
                struct doc *volume = doc_object();

                (void)doc_set_number(volume, "target", luns[i].number);
                take_volume(c, &luns[i], luns + SMARTARRAY_MAX,
                            drive_count > 0 ? (size_t)drive_count : 0, volume);
                (void)doc_append(volumes, volume);
        }
        (void)doc_set(doc, "volumes", volumes);
        if (drive_count >= 0)
                (void)doc_set(doc, "drives",
                              take_drives(c, luns + SMARTARRAY_MAX, (size_t)drive_count));
        return TAKE_PTR(doc);
}

/* The first generic device of @host, and there is always one: the controller's own. */
static int open_generic(struct tree *tree, const char *host)
{
        _names_ struct tree_names names = {0};
        char link[TREE_PATH_MAX], part[TREE_NAME_SIZE + 2], path[TREE_NAME_SIZE + 8];

        snprintf(part, sizeof(part), "/%s/", host);
        (void)tree_list(tree, GENERIC, &names);
        for (size_t i = 0; i < names.count; i++) {
                if (!tree_link_path(tree, link, GENERIC "/%s", names.names[i]) ||
                    !strstr(link, part))
                        continue;
                snprintf(path, sizeof(path), "/dev/%s", names.names[i]);
                return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        }
        return -EBADF;
}

static void take_host(struct probe_context *context, const char *host)
{
        struct controller c = {.tree = context->tree, .fd = -EBADF};
        char link[TREE_PATH_MAX], name[64];
        struct doc *found, *answer;

        if (!tree_link_path(context->tree, link, "sys/class/scsi_host/%s", host) ||
            !pci_address_in(link, c.pci, sizeof(c.pci)))
                return;
        if (tree_is_live(context->tree)) {
                c.fd = open_generic(context->tree, host);
                if (c.fd < 0) {
                        probe_error(context,
                                    "%s: no generic SCSI device of the controller can be "
                                    "opened (is the driver sg there?)",
                                    c.pci);
                        return;
                }
        }
        answer = take_controller(&c);
        if (c.fd >= 0)
                close(c.fd);
        if (!answer) {
                if (tree_is_own(context->tree))
                        probe_error(context, "%s: the controller does not tell its configuration",
                                    c.pci);
                return;
        }
        found = doc_object();
        snprintf(name, sizeof(name), RAID_ANSWER "%s", c.pci);
        (void)doc_set(found, name, answer);
        probe_item(context, found);
}

void probe_smartarray(struct probe_context *context)
{
        _names_ struct tree_names names = {0};
        char text[TREE_LINE_SIZE];

        (void)tree_list(context->tree, "sys/class/scsi_host", &names);
        for (size_t i = 0; i < names.count; i++)
                if (tree_line(context->tree, text, "sys/class/scsi_host/%s/proc_name",
                              names.names[i]) &&
                    (strcmp(text, "hpsa") == 0 || strcmp(text, "smartpqi") == 0) &&
                    probe_begin(context, names.names[i]))
                        take_host(context, names.names[i]);
}
