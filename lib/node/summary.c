/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The short form of an inventory, and the name that a machine gets by itself
 *
 * All of it comes from the machine, so all of it may be missing, absurd, or
 * somebody's idea of a joke: what does not fit its field is not known.
 */
#include "lib/node/summary.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

/* One byte repeated so often is no text. Slots and banks are numbered: "11" is one of them. */
#define ZEROS_MIN    2
#define REPEATED_MIN 4

static const struct doc_field summary_fields[] = {
        DOC_FIELD(struct node_summary, vendor, DOC_TEXT, 0),
        DOC_FIELD(struct node_summary, product, DOC_TEXT, 0),
        DOC_FIELD(struct node_summary, serial, DOC_TEXT, 0),
        DOC_FIELD(struct node_summary, asset_tag, DOC_TEXT, 0),
        DOC_FIELD(struct node_summary, uuid, DOC_UUID, 0),
        DOC_FIELD(struct node_summary, cpu, DOC_TEXT, 0),
        DOC_FIELD(struct node_summary, sockets, DOC_U32, 0),
        DOC_FIELD(struct node_summary, cores, DOC_U32, 0),
        DOC_FIELD(struct node_summary, threads, DOC_U32, 0),
        DOC_FIELD(struct node_summary, memory_bytes, DOC_U64, 0),
        DOC_FIELD(struct node_summary, disk_count, DOC_U32, 0),
        DOC_FIELD(struct node_summary, disk_bytes, DOC_U64, 0),
        DOC_FIELD(struct node_summary, nic_count, DOC_U32, 0),
        DOC_FIELD(struct node_summary, gpu_count, DOC_U32, 0),
        DOC_FIELD(struct node_summary, boot_mode, DOC_TEXT, 0),
        DOC_FIELD(struct node_summary, system, DOC_TEXT, 0,
                  .help = "the disk on which its firmware finds a system"),
};
DOC_TABLE(node_summary_table, struct node_summary, "summary", summary_fields);

static void take_text(const struct doc *inventory, const char *path, char *to, size_t size)
{
        const char *text = doc_get_text(inventory, path);

        if (text)
                (void)text_copy(to, size, text); /* too long: not known */
}

static uint32_t take_u32(const struct doc *inventory, const char *path)
{
        const int64_t number = doc_get_number(inventory, path, 0);

        return number > 0 && number <= UINT32_MAX ? (uint32_t)number : 0;
}

static uint64_t take_size(const struct doc *value, const char *path)
{
        const int64_t number = doc_get_number(value, path, 0);

        return number > 0 ? (uint64_t)number : 0;
}

/* A drive for discs is no place for data, with or without one in it. */
static void take_disk(struct node_summary *s, const struct doc *disk)
{
        const uint64_t size = take_size(disk, "size");

        if (text_is_equal(doc_get_text(disk, "type"), "optical"))
                return;
        s->disk_count++;
        if (size <= INT64_MAX - s->disk_bytes)
                s->disk_bytes += size;
}

static bool boots_by(const struct doc *disk, const char *mode)
{
        const struct doc *boots = doc_get(disk, "boots");

        for (size_t i = 0; i < doc_count(boots); i++)
                if (!mode || text_is_equal(doc_text(doc_at(boots, i)), mode))
                        return true;
        return false;
}

/* As kernels name disks; it is shown in sentences. */
static bool is_disk_name(const char *name)
{
        return name && name[0] && strlen(name) < SUMMARY_TEXT_SIZE &&
               strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789") == strlen(name);
}

void node_system_of(const struct doc *inventory, char *ret)
{
        const struct doc *disks = doc_get(inventory, "disks.items");
        const char *mode = doc_get_text(inventory, "firmware.boot_mode");

        ret[0] = '\0';
        for (size_t i = 0; i < doc_count(disks); i++) {
                const struct doc *disk = doc_at(disks, i);
                const char *name = doc_get_text(disk, "name");

                if (doc_get_bool(disk, "removable", false) || !boots_by(disk, mode))
                        continue;
                (void)text_copy(ret, SUMMARY_TEXT_SIZE, is_disk_name(name) ? name : "disk");
                return;
        }
}

int node_summary_of(const struct doc *inventory, struct node_summary *ret)
{
        struct node_summary s = {0};
        const struct doc *disks = doc_get(inventory, "disks.items");
        const char *uuid = doc_get_text(inventory, "system.uuid");

        if (!doc_is_object(inventory) || !doc_is_number(doc_get(inventory, "schema")))
                return -EBADMSG;

        take_text(inventory, "system.vendor", s.vendor, sizeof(s.vendor));
        take_text(inventory, "system.product", s.product, sizeof(s.product));
        take_text(inventory, "system.serial", s.serial, sizeof(s.serial));
        take_text(inventory, "system.chassis.asset_tag", s.asset_tag, sizeof(s.asset_tag));
        take_text(inventory, "firmware.boot_mode", s.boot_mode, sizeof(s.boot_mode));
        take_text(inventory, "cpu.model", s.cpu, sizeof(s.cpu));
        if (uuid)
                (void)uuid_parse(uuid, &s.uuid);
        s.sockets = take_u32(inventory, "cpu.packages");
        s.cores = take_u32(inventory, "cpu.cores");
        s.threads = take_u32(inventory, "cpu.threads");
        s.memory_bytes = take_size(inventory, "memory.total");
        s.nic_count = (uint32_t)doc_count(doc_get(inventory, "nics.items"));
        s.gpu_count = (uint32_t)doc_count(doc_get(inventory, "gpus.items"));
        for (size_t i = 0; i < doc_count(disks); i++)
                take_disk(&s, doc_at(disks, i));

        node_system_of(inventory, s.system);
        *ret = s;
        return 0;
}

static bool has_mac(const struct mac_address *macs, size_t count, const struct mac_address *mac)
{
        for (size_t i = 0; i < count; i++)
                if (mac_is_equal(&macs[i], mac))
                        return true;
        return false;
}

size_t node_macs_of(const struct doc *inventory, struct mac_address ret[static NODE_MAX_MACS])
{
        const struct doc *nics = doc_get(inventory, "nics.items");
        size_t count = 0;

        for (size_t i = 0; i < doc_count(nics) && count < NODE_MAX_MACS; i++) {
                const struct doc *nic = doc_at(nics, i);
                const char *text = doc_get_text(nic, "permanent_mac");
                struct mac_address mac;

                if (!text)
                        text = doc_get_text(nic, "mac");
                if (text && mac_parse(text, &mac) == 0 && mac_is_usable(&mac) &&
                    !has_mac(ret, count, &mac))
                        ret[count++] = mac;
        }
        return count;
}

/* What firmware says when nobody filled it in, and what makers give to all alike. */
static const char *const fillers[] = {
        "to be filled by o.e.m.",
        "to be filled by oem",
        "default string",
        "system manufacturer",
        "system product name",
        "system version",
        "system serial number",
        "chassis asset tag",
        "asset tag",
        "no asset tag",
        "asset-1234567890",
        "not specified",
        "not applicable",
        "not available",
        "none",
        "n/a",
        "unknown",
        "undefined",
        "invalid",
        "o.e.m.",
        "oem",
        "empty",
        "no dimm",
        "0123456789",
        "123456789",
        "1234567890",
};

bool node_text_is_filler(const char *text)
{
        const size_t len = strlen(text);

        /* "", "        ", "........", "00000000", "XXXX"; but "7" and "11" are numbers. */
        if (len == 0 || strspn(text, (const char[]){text[0], '\0'}) == len)
                return !isalnum((unsigned char)text[0]) ||
                       len >= (text[0] == '0' ? ZEROS_MIN : REPEATED_MIN);
        for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++)
                if (strcasecmp(text, fillers[i]) == 0)
                        return true;
        return false;
}

/* Every run of other bytes becomes one dash; none at the ends. */
static void make_label(const char *text, char to[static NODE_NAME_SIZE])
{
        size_t n = 0;

        for (; *text && n < NODE_NAME_SIZE - 1; text++) {
                const unsigned char c = (unsigned char)*text;

                if (c < 0x80 && isalnum(c))
                        to[n++] = (char)tolower(c);
                else if (n > 0 && to[n - 1] != '-')
                        to[n++] = '-';
        }
        while (n > 0 && to[n - 1] == '-')
                n--;
        to[n] = '\0';
}

int node_name_of(const char *text, char *ret)
{
        make_label(text, ret);
        return ret[0] ? 0 : -ENOENT;
}

void node_name_default(const struct node_summary *summary, const struct mac_address *mac, char *ret)
{
        const char *const candidates[] = {summary->asset_tag, summary->serial};
        char text[MAC_TEXT_SIZE];

        for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
                if (node_text_is_filler(candidates[i]))
                        continue;
                make_label(candidates[i], ret);
                if (strlen(ret) >= 2)
                        return;
        }
        make_label(mac_text(text, mac), ret);
}

bool node_name_is_valid(const char *name)
{
        const size_t len = strlen(name);

        if (len == 0 || len >= NODE_NAME_SIZE || name[0] == '-' || name[len - 1] == '-')
                return false;
        return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}
