/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "installer/boot_entry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/base/writer.h"

#define LOAD_OPTION_ACTIVE   1
#define LOAD_OPTION_HIDDEN   8      /* the firmware's menu does not show it */
#define LOAD_OPTION_CATEGORY 0x1f00 /* other than 0: a tool, not to be booted by itself */
#define VARIABLE_GUID        "-8be4df61-93ca-11d2-aa0d-00e098032b8c" /* EFI_GLOBAL_VARIABLE */

/* Device path nodes: type, subtype, length with this head (UEFI 2.10 10.3). */
enum { NODE_MESSAGING = 3, NODE_MEDIA = 4, NODE_BIOS = 5, NODE_END = 0x7f };
enum { MESSAGING_MAC = 11 };
enum { MEDIA_HARD_DRIVE = 1, MEDIA_FILE_PATH = 4, MEDIA_FIRMWARE_FILE = 6, MEDIA_FIRMWARE = 7 };
enum { BIOS_NETWORK = 0x06, BIOS_NETWORK_ROM = 0x80 };
enum { END_ALL = 0xff };
enum { NODE_HEAD_SIZE = 4, HARD_DRIVE_SIZE = 42 };
enum { HARD_DRIVE_GPT = 2, HARD_DRIVE_SIGNATURE_GUID = 2 };

/* ASCII as UTF-16, with its NUL. */
static void write_wide(struct writer *w, const char *text)
{
        do
                writer_le16(w, (uint8_t)*text);
        while (*text++);
}

static size_t wide_size(const char *text)
{
        return 2 * (strlen(text) + 1);
}

static void write_node(struct writer *w, uint8_t type, uint8_t subtype, size_t size)
{
        writer_u8(w, type);
        writer_u8(w, subtype);
        writer_le16(w, (uint16_t)size);
}

size_t boot_entry_encode(const struct gpt *gpt, int partition, uint8_t *to)
{
        const struct gpt_partition *at = &gpt->partitions[partition];
        const size_t file_size = NODE_HEAD_SIZE + wide_size(BOOT_ENTRY_PATH);
        struct writer w = writer_over(to, BOOT_ENTRY_SIZE);
        ssize_t size;

        writer_le32(&w, LOAD_OPTION_ACTIVE);
        writer_le16(&w, (uint16_t)(HARD_DRIVE_SIZE + file_size + NODE_HEAD_SIZE));
        write_wide(&w, BOOT_ENTRY_NAME);

        write_node(&w, NODE_MEDIA, MEDIA_HARD_DRIVE, HARD_DRIVE_SIZE);
        writer_le32(&w, (uint32_t)partition + 1);
        writer_le64(&w, at->first);
        writer_le64(&w, at->last - at->first + 1);
        writer_bytes(&w, at->id.bytes, sizeof(at->id.bytes));
        writer_u8(&w, HARD_DRIVE_GPT);
        writer_u8(&w, HARD_DRIVE_SIGNATURE_GUID);

        write_node(&w, NODE_MEDIA, MEDIA_FILE_PATH, file_size);
        write_wide(&w, BOOT_ENTRY_PATH);
        write_node(&w, NODE_END, END_ALL, NODE_HEAD_SIZE);

        size = writer_size(&w);
        return size < 0 ? 0 : (size_t)size;
}

bool boot_entry_is_ours(struct reader option)
{
        const char *name = BOOT_ENTRY_NAME;
        uint16_t unit;

        if (reader_skip(&option, sizeof(uint32_t) + sizeof(uint16_t)) < 0)
                return false;
        do {
                if (reader_le16(&option, &unit) < 0 || unit != (uint8_t)*name)
                        return false;
        } while (*name++);
        return true;
}

static enum boot_kind kind_of_node(uint8_t type, uint8_t subtype, struct reader content)
{
        uint16_t device = 0;

        if (type == NODE_MESSAGING && subtype == MESSAGING_MAC)
                return BOOT_KIND_NETWORK;
        if (type == NODE_MEDIA && (subtype == MEDIA_FIRMWARE_FILE || subtype == MEDIA_FIRMWARE))
                return BOOT_KIND_FIRMWARE;
        if (type == NODE_BIOS && reader_le16(&content, &device) == 0 &&
            (device == BIOS_NETWORK || device == BIOS_NETWORK_ROM))
                return BOOT_KIND_NETWORK;
        return BOOT_KIND_DISK;
}

enum boot_kind boot_entry_kind(struct reader option)
{
        uint32_t attributes = 0;
        uint16_t unit, length;
        uint8_t type, subtype;
        struct reader content;

        (void)reader_le32(&option, &attributes);
        if (attributes & (LOAD_OPTION_HIDDEN | LOAD_OPTION_CATEGORY))
                return BOOT_KIND_FIRMWARE;
        (void)reader_skip(&option, sizeof(uint16_t));
        do
                if (reader_le16(&option, &unit) < 0)
                        return BOOT_KIND_DISK;
        while (unit != 0);
        while (reader_u8(&option, &type) == 0 && type != NODE_END &&
               reader_u8(&option, &subtype) == 0 && reader_le16(&option, &length) == 0 &&
               length >= NODE_HEAD_SIZE &&
               reader_take(&option, length - (size_t)NODE_HEAD_SIZE, &content) == 0) {
                const enum boot_kind kind = kind_of_node(type, subtype, content);

                if (kind != BOOT_KIND_DISK)
                        return kind;
        }
        return BOOT_KIND_DISK;
}

int boot_entry_number(const char *name, uint16_t *ret)
{
        uint8_t number[2];
        char digits[5];

        if (!text_has_prefix(name, "Boot") || strlen(name) != strlen("Boot0000" VARIABLE_GUID) ||
            !text_is_equal(name + strlen("Boot0000"), VARIABLE_GUID))
                return -ENOENT;
        if (text_copy_bytes(digits, sizeof(digits), name + strlen("Boot"), 4) < 0 ||
            text_unhex(digits, number, sizeof(number)) < 0)
                return -ENOENT;
        *ret = (uint16_t)(number[0] << 8 | number[1]);
        return 0;
}

int boot_order_parse(struct reader bytes, struct boot_order *ret)
{
        struct boot_order order = {.count = 0};

        while (reader_left(&bytes) > 0) {
                if (order.count == BOOT_ORDER_MAX ||
                    reader_le16(&bytes, &order.numbers[order.count]) < 0)
                        return -EBADMSG;
                order.count++;
        }
        *ret = order;
        return 0;
}

int boot_order_place(struct boot_order *order, uint16_t number, const enum boot_kind *kinds)
{
        size_t place = 0;

        for (size_t i = 0; i < order->count; i++)
                if (order->numbers[i] == number)
                        return 0;
        if (order->count == BOOT_ORDER_MAX)
                return -ENOSPC;
        /* Without a disk: behind the last of the network. */
        for (size_t i = 0; i < order->count; i++) {
                if (kinds[i] == BOOT_KIND_DISK) {
                        place = i;
                        break;
                }
                if (kinds[i] == BOOT_KIND_NETWORK)
                        place = i + 1;
        }
        memmove(&order->numbers[place + 1], &order->numbers[place],
                (order->count - place) * sizeof(order->numbers[0]));
        order->numbers[place] = number;
        order->count++;
        return 0;
}

int boot_find_system_partition(const struct gpt *gpt)
{
        for (int i = 0; i < GPT_MAX_PARTITIONS; i++)
                if (memcmp(&gpt->partitions[i].type, &gpt_type_efi_system,
                           sizeof(gpt_type_efi_system)) == 0)
                        return i;
        return -ENOENT;
}
