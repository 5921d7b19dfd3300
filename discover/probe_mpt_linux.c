/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mpt: volumes of LSI SAS controllers with integrated RAID (mpt3sas, mpt2sas)
 *
 * The driver passes configuration requests on, through a device of its own for each
 * generation. Nothing of it was seen on hardware: the pages are as the open driver
 * defines them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "discover/mpt.h"
#include "discover/probe.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define HOSTS     "sys/class/scsi_host"
#define TIMEOUT_S 10 /* the driver's own: it resets a controller that takes longer */

/* mpt3sas_ctl.h, struct mpt3_ioctl_command; the request follows at its last byte. */
struct mpt_command {
        uint32_t controller, port, transfer_max, timeout_s;
        void *reply, *in, *out, *sense;
        uint32_t reply_size, in_size, out_size, sense_size;
        uint32_t request_words;
        uint8_t request[1];
};
#define MPT_COMMAND _IOWR('L', 20, struct mpt_command)
_Static_assert(offsetof(struct mpt_command, request) == 68, "as the driver has it");

struct controller {
        struct tree *tree;
        int fd;
        uint32_t number; /* that the driver gave it */
        char pci[32];
};

static bool pass_on(const struct controller *c, const uint8_t request[static MPT_REQUEST_SIZE],
                    uint8_t reply[static MPT_REPLY_SIZE], void *to, size_t size)
{
        union {
                struct mpt_command command;
                uint8_t bytes[sizeof(struct mpt_command) + MPT_REQUEST_SIZE];
        } u = {
                .command = {.controller = c->number,
                            .timeout_s = TIMEOUT_S,
                            .reply = reply,
                            .in = to,
                            .reply_size = MPT_REPLY_SIZE,
                            .in_size = (uint32_t)size,
                            .request_words = MPT_REQUEST_SIZE / 4}
        };

        memcpy(u.bytes + offsetof(struct mpt_command, request), request, MPT_REQUEST_SIZE);
        return ioctl(c->fd, MPT_COMMAND, &u) == 0;
}

/* 1, and a page of @ret_size bytes; 0: there is none; -1: no answer. */
static int ask_device(const struct controller *c, const struct mpt_page *page, uint32_t address,
                      uint8_t to[static MPT_PAGE_MAX], size_t *ret_size)
{
        uint8_t request[MPT_REQUEST_SIZE], reply[MPT_REPLY_SIZE] = {0};
        struct mpt_page header = {0};
        int rc;

        mpt_request_write(request, page, address, true);
        if (!pass_on(c, request, reply, NULL, 0))
                return -1;
        rc = mpt_reply_parse(reply, sizeof(reply), &header);
        if (rc <= 0)
                return rc;
        *ret_size = (size_t)header.length * 4; /* at most 1020 */
        mpt_request_write(request, &header, address, false);
        memset(reply, 0, sizeof(reply));
        memset(to, 0, MPT_PAGE_MAX);
        if (*ret_size == 0 || !pass_on(c, request, reply, to, *ret_size))
                return -1;
        return mpt_reply_parse(reply, sizeof(reply), &header);
}

static int ask(const struct controller *c, uint8_t type, uint8_t number, uint32_t address,
               uint8_t to[static MPT_PAGE_MAX], size_t *ret_size)
{
        const struct mpt_page page = {.type = type, .number = number};
        char name[96];
        int rc;

        snprintf(name, sizeof(name), "mpt/%s/%02x-%u-%08x", c->pci, type, number,
                 (unsigned)address);
        if (!tree_is_live(c->tree))
                return tree_recall(c->tree, name, to, MPT_PAGE_MAX, ret_size) ? 1 : 0;
        rc = ask_device(c, &page, address, to, ret_size);
        if (rc > 0)
                tree_note(c->tree, name, to, *ret_size);
        return rc;
}

/* -1: it does not tell of volumes. */
static int take_volumes(const struct controller *c, struct doc *list)
{
        uint8_t bytes[MPT_PAGE_MAX];
        uint16_t handle = MPT_NO_HANDLE;
        size_t size;
        int rc = 1;

        for (int i = 0; i < MPT_VOLUMES_MAX && rc > 0; i++) {
                struct doc *volume = doc_object();

                rc = ask(c, MPT_PAGE_VOLUME, 1, MPT_FORM_NEXT | handle, bytes, &size);
                if (rc > 0 && !mpt_volume1_parse(bytes, size, &handle, volume))
                        rc = -1;
                if (rc > 0 && ask(c, MPT_PAGE_VOLUME, 0, MPT_FORM_THIS | handle, bytes, &size) > 0)
                        (void)mpt_volume0_parse(bytes, size, volume);
                if (rc > 0)
                        (void)doc_append(list, volume);
                else
                        doc_free(volume);
        }
        return rc < 0 && doc_count(list) == 0 ? -1 : 0;
}

static struct doc *take_drives(const struct controller *c)
{
        uint8_t bytes[MPT_PAGE_MAX], number = 0xff;
        struct doc *list = doc_list();
        size_t size;

        for (int i = 0; i < MPT_DISKS_MAX; i++) {
                struct doc *drive = doc_object();

                if (ask(c, MPT_PAGE_DISK, 0, MPT_FORM_NEXT | number, bytes, &size) <= 0 ||
                    !mpt_disk_parse(bytes, size, &number, drive)) {
                        doc_free(drive);
                        break;
                }
                (void)doc_append(list, drive);
        }
        return list;
}

/* The driver has asked these itself. */
static void set_board(struct tree *tree, const char *host, struct doc *to)
{
        static const struct {
                const char *file, *name;
        } files[] = {
                {"version_product", "model"   },
                {"board_name",      "model"   },
                {"board_tracer",    "serial"  },
                {"version_fw",      "firmware"},
        };
        char text[TREE_LINE_SIZE];

        for (size_t i = 0; i < ARRAY_SIZE(files); i++)
                if (tree_line(tree, text, HOSTS "/%s/%s", host, files[i].file))
                        field_set_text(to, files[i].name, text);
}

static void take_host(struct probe_context *context, const char *host, const char *driver)
{
        const char *device = strcmp(driver, "mpt2sas") == 0 ? "/dev/mpt2ctl" : "/dev/mpt3ctl";
        struct controller c = {.tree = context->tree, .fd = -EBADF};
        struct doc *found, *answer, *volumes;
        char text[TREE_PATH_MAX];
        uint64_t number = 0;

        if (!tree_link_path(context->tree, text, HOSTS "/%s", host) ||
            !pci_address_in(text, c.pci, sizeof(c.pci)))
                return;
        answer = doc_object();
        volumes = doc_list();
        set_board(context->tree, host, answer);
        if (tree_is_live(context->tree))
                c.fd = open(device, O_RDONLY | O_CLOEXEC);
        if (tree_number(context->tree, &number, HOSTS "/%s/unique_id", host))
                c.number = (uint32_t)number;
        if (!tree_is_own(context->tree)) {
                doc_free(volumes); /* somebody else's capture: nobody asked */
        } else if ((tree_is_live(context->tree) && c.fd < 0) || take_volumes(&c, volumes) < 0) {
                (void)doc_set_text(answer, "volumes_unknown",
                                   c.fd < 0 ? "the driver's device cannot be opened"
                                            : "the controller does not answer for its volumes");
                doc_free(volumes);
        } else {
                (void)doc_set(answer, "volumes", volumes);
                (void)doc_set(answer, "drives", take_drives(&c));
        }
        if (c.fd >= 0)
                close(c.fd);
        found = doc_object();
        snprintf(text, sizeof(text), RAID_ANSWER "%s", c.pci);
        (void)doc_set(found, text, answer);
        probe_item(context, found);
}

void probe_mpt(struct probe_context *context)
{
        _names_ struct tree_names names = {0};
        char text[TREE_LINE_SIZE];

        (void)tree_list(context->tree, HOSTS, &names);
        for (size_t i = 0; i < names.count; i++)
                if (tree_line(context->tree, text, HOSTS "/%s/proc_name", names.names[i]) &&
                    (strcmp(text, "mpt3sas") == 0 || strcmp(text, "mpt2sas") == 0) &&
                    probe_begin(context, names.names[i]))
                        take_host(context, names.names[i], text);
}
