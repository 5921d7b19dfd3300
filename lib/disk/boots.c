/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/disk/boots.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/disk/gpt.h"

#define CODE_SIZE       440 /* UEFI 2.10 5.2.1 */
#define ENTRIES_AT      446
#define ENTRY_SIZE      16
#define ENTRY_COUNT     4
#define ENTRY_ACTIVE    0x80
#define TYPE_NONE       0x00
#define TYPE_EFI_SYSTEM 0xef /* UEFI 2.10 table 5.5 */

/* The four entries of an MBR. */
struct mbr {
        bool is_signed, has_code, is_grub, is_active;
        unsigned esp;
};

static bool has_text(const uint8_t *bytes, size_t size, const char *text)
{
        return memmem(bytes, size, text, strlen(text)) != NULL;
}

static void read_entry(struct mbr *mbr, const uint8_t *entry, unsigned number)
{
        const uint8_t status = entry[0], type = entry[4];

        /* Neither 0 nor 0x80: these bytes are no table, but a file system's. */
        if (type == TYPE_NONE || (status & ~ENTRY_ACTIVE) != 0)
                return;
        mbr->is_active |= status == ENTRY_ACTIVE;
        if (type == TYPE_EFI_SYSTEM && mbr->esp == 0)
                mbr->esp = number;
}

static void read_mbr(struct reader head, struct mbr *ret)
{
        uint8_t sector[DISK_BOOTS_SECTOR];
        static const uint8_t zero[CODE_SIZE];

        *ret = (struct mbr){0};
        if (reader_copy(&head, sector, sizeof(sector)) < 0)
                return;
        ret->is_signed = sector[510] == 0x55 && sector[511] == 0xaa;
        if (!ret->is_signed)
                return;
        ret->has_code = memcmp(sector, zero, sizeof(zero)) != 0;
        ret->is_grub = has_text(sector, ENTRIES_AT, "GRUB");
        for (unsigned i = 0; i < ENTRY_COUNT; i++)
                read_entry(ret, &sector[ENTRIES_AT + i * ENTRY_SIZE], i + 1);
}

static unsigned find_type(const struct gpt *gpt, const struct gpt_guid *type)
{
        for (unsigned i = 0; i < GPT_MAX_PARTITIONS; i++)
                if (memcmp(&gpt->partitions[i].type, type, sizeof(*type)) == 0)
                        return i + 1;
        return 0;
}

void disk_boots_parse(struct reader head, uint32_t sector_size, struct disk_boots *ret)
{
        struct gpt gpt;
        struct mbr mbr;
        bool has_gpt, has_stage = false;

        *ret = (struct disk_boots){0};
        read_mbr(head, &mbr);
        has_gpt = gpt_parse(head, sector_size, &gpt) == 0;
        if (has_gpt)
                has_stage = find_type(&gpt, &gpt_type_bios_boot) != 0;
        ret->has_bios = mbr.has_code && (mbr.is_active || mbr.is_grub || has_stage);
        ret->esp = has_gpt ? find_type(&gpt, &gpt_type_efi_system) : mbr.esp;
}

/* Microsoft FAT32 File System Specification 1.03, "Boot Sector and BPB": all three kinds. */
bool disk_boots_is_volume(struct reader start)
{
        uint8_t b[DISK_BOOTS_SECTOR];
        unsigned bytes_per_sector;

        if (reader_copy(&start, b, sizeof(b)) < 0)
                return false;
        bytes_per_sector = (unsigned)b[11] | (unsigned)b[12] << 8;
        return b[510] == 0x55 && b[511] == 0xaa && (b[0] == 0xeb || b[0] == 0xe9) &&
               bytes_per_sector >= 512 && bytes_per_sector <= 4096 &&
               (bytes_per_sector & (bytes_per_sector - 1)) == 0 && b[13] != 0 &&
               (b[13] & (b[13] - 1)) == 0 && (b[16] == 1 || b[16] == 2);
}
