/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Firmware's own entries have names with blanks behind, and paths that end early. */
#include "discover/efi_entry.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/net.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"

#define ACTIVE     1U
#define NODE(t, s) ((uint16_t)((t) << 8 | (s)))
#define GUID       2 /* of signatures: the partition's own */
#define NODES_MAX  64

/* One code unit as UTF-8; halves of pairs, which no name here has, become U+FFFD. */
static size_t put_unit(char to[static 4], uint16_t unit)
{
        if (unit >= 0xd800 && unit < 0xe000)
                unit = 0xfffd;
        if (unit < 0x80) {
                to[0] = (char)unit;
                return 1;
        }
        if (unit < 0x800) {
                to[0] = (char)(0xc0 | unit >> 6);
                to[1] = (char)(0x80 | (unit & 0x3f));
                return 2;
        }
        to[0] = (char)(0xe0 | unit >> 12);
        to[1] = (char)(0x80 | (unit >> 6 & 0x3f));
        to[2] = (char)(0x80 | (unit & 0x3f));
        return 3;
}

/* UTF-16 up to its NUL, or the end. False if the bytes end in half a unit before it. */
static bool take_text(struct reader *r, char to[static EFI_TEXT_SIZE])
{
        uint16_t unit;
        size_t used = 0;

        while (reader_left(r) > 0) {
                char bytes[4];
                size_t len;

                if (reader_le16(r, &unit) < 0)
                        return false;
                if (unit == 0)
                        break;
                len = put_unit(bytes, unit);
                if (used + len < EFI_TEXT_SIZE) {
                        memcpy(to + used, bytes, len);
                        used += len;
                }
        }
        while (used > 0 && to[used - 1] == ' ')
                used--;
        to[used] = '\0';
        return true;
}

/* ------------------------------------------------------- nodes of a device path */

static void take_disk(struct reader r, struct efi_entry *e)
{
        uint32_t a;
        uint16_t b, c;
        uint8_t rest[8], format, type;
        struct reader guid;

        e->kind = EFI_ENTRY_DISK;
        if (reader_skip(&r, 20) < 0 || reader_take(&r, 16, &guid) < 0 ||
            reader_u8(&r, &format) < 0 || reader_u8(&r, &type) < 0 || type != GUID)
                return;
        (void)reader_le32(&guid, &a);
        (void)reader_le16(&guid, &b);
        (void)reader_le16(&guid, &c);
        (void)reader_copy(&guid, rest, sizeof(rest));
        snprintf(e->partition, sizeof(e->partition),
                 "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", a, b, c, rest[0], rest[1],
                 rest[2], rest[3], rest[4], rest[5], rest[6], rest[7]);
}

static void take_file(struct reader r, struct efi_entry *e)
{
        if (!take_text(&r, e->file))
                e->file[0] = '\0';
}

static void take_mac(struct reader r, struct efi_entry *e)
{
        struct mac_address mac;

        e->kind = EFI_ENTRY_NETWORK;
        if (reader_copy(&r, &mac, sizeof(mac)) == 0)
                (void)mac_text(e->mac, &mac);
}

static void take_ip6(struct reader r, struct efi_entry *e)
{
        (void)r;
        e->kind = EFI_ENTRY_NETWORK;
        e->is_ipv6 = true;
}

static void take_url(struct reader r, struct efi_entry *e)
{
        e->kind = EFI_ENTRY_NETWORK;
        if (text_copy_bytes(e->url, sizeof(e->url), r.at, reader_left(&r)) < 0)
                e->url[0] = '\0';
}

static void take_firmware(struct reader r, struct efi_entry *e)
{
        (void)r;
        if (e->kind == EFI_ENTRY_OTHER)
                e->kind = EFI_ENTRY_FIRMWARE;
}

/* Legacy (BBS 3.1.2): 1 floppy, 2 disk, 3 CD, 5 USB, 6 network. */
static void take_legacy(struct reader r, struct efi_entry *e)
{
        uint16_t type;

        if (reader_le16(&r, &type) < 0)
                return;
        if (type == 6 || type == 0x80)
                e->kind = EFI_ENTRY_NETWORK;
        else if (type >= 1 && type <= 5)
                e->kind = EFI_ENTRY_DISK;
}

/* UEFI 2.10 10.3. */
static const struct {
        uint16_t node;
        void (*take)(struct reader body, struct efi_entry *e);
} nodes[] = {
        {NODE(3, 11), take_mac     },
        {NODE(3, 13), take_ip6     },
        {NODE(3, 24), take_url     },
        {NODE(4, 1),  take_disk    },
        {NODE(4, 4),  take_file    },
        {NODE(4, 6),  take_firmware},
        {NODE(4, 7),  take_firmware},
        {NODE(5, 1),  take_legacy  },
};

static void take_path(struct reader path, struct efi_entry *e)
{
        for (int i = 0; i < NODES_MAX; i++) {
                uint8_t type, subtype;
                uint16_t len;
                struct reader body;

                if (reader_u8(&path, &type) < 0 || reader_u8(&path, &subtype) < 0 ||
                    reader_le16(&path, &len) < 0 || len < 4 ||
                    reader_take(&path, len - 4U, &body) < 0 || type == 0x7f)
                        return;
                for (size_t j = 0; j < ARRAY_SIZE(nodes); j++)
                        if (nodes[j].node == NODE(type, subtype))
                                nodes[j].take(body, e);
        }
}

bool efi_entry_parse(const void *bytes, size_t size, struct efi_entry *ret)
{
        struct reader r = reader_over(bytes, size), path;
        struct efi_entry e = {0};
        uint32_t attributes;
        uint16_t len;

        if (reader_le32(&r, &attributes) < 0 || reader_le16(&r, &len) < 0 ||
            !take_text(&r, e.name) || reader_take(&r, len, &path) < 0)
                return false;
        e.is_active = (attributes & ACTIVE) != 0;
        take_path(path, &e);
        *ret = e;
        return true;
}
