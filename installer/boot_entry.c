/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "installer/boot_entry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/base/writer.h"

#define LOAD_OPTION_ACTIVE 1
#define VARIABLE_GUID      "-8be4df61-93ca-11d2-aa0d-00e098032b8c" /* EFI_GLOBAL_VARIABLE */

/* Device path nodes: type, subtype, length with this head (UEFI 2.10 10.3). */
enum { NODE_MEDIA = 4, NODE_END = 0x7f };
enum { MEDIA_HARD_DRIVE = 1, MEDIA_FILE_PATH = 4, END_ALL = 0xff };
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

int boot_order_put_first(struct boot_order *order, uint16_t number)
{
        size_t kept = 0;

        for (size_t i = 0; i < order->count; i++)
                if (order->numbers[i] != number)
                        order->numbers[kept++] = order->numbers[i];
        if (kept == BOOT_ORDER_MAX)
                return -ENOSPC;
        memmove(&order->numbers[1], &order->numbers[0], kept * sizeof(order->numbers[0]));
        order->numbers[0] = number;
        order->count = kept + 1;
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
