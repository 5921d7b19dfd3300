/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a disk is called, and what its sectors are, out of what is known of it
 *
 * The names are those that udev's rules make (60-persistent-storage.rules): by what
 * the disk says of itself, or else by where it is plugged in.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "discover/disk_use.h"
#include "lib/base/text.h"

#define NAME_SIZE 160
#define T10_ATA   "t10.ATA"
#define T10_MODEL 12 /* where the model stands in it: 40 bytes, then 20 of the serial number */
#define T10_SIZE  (T10_MODEL + 60)

/* As udev writes what a device said: runs of blanks are one '_', odd characters, too. */
static void append_word(char to[static NAME_SIZE], const char *text, size_t len)
{
        size_t used = strlen(to);

        while (len > 0 && *text == ' ') {
                text++;
                len--;
        }
        while (len > 0 && text[len - 1] == ' ')
                len--;
        for (size_t i = 0; i < len && used + 1 < NAME_SIZE; i++) {
                const char c = text[i];

                if (c == ' ' && text[i - 1] == ' ')
                        continue;
                to[used++] = isalnum((unsigned char)c) || strchr("#+-.:=@_", c) ? c : '_';
        }
        to[used] = '\0';
}

/* "t10.ATA     MODEL (40)SERIAL (20)": libata's, for a disk without a world-wide name. */
static bool ata_name(const char *wwn, char to[static NAME_SIZE])
{
        if (!text_has_prefix(wwn, T10_ATA) || strlen(wwn) <= T10_MODEL + 40 ||
            strlen(wwn) > T10_SIZE)
                return false;
        (void)text_copy(to, NAME_SIZE, "/dev/disk/by-id/ata-");
        append_word(to, wwn + T10_MODEL, 40);
        append_word(to, "_", 1);
        append_word(to, wwn + T10_MODEL + 40, strlen(wwn) - T10_MODEL - 40);
        return true;
}

static void by_id(char to[static NAME_SIZE], const char *bus, const char *word)
{
        snprintf(to, NAME_SIZE, "/dev/disk/by-id/%s-", bus);
        append_word(to, word, strlen(word));
}

static bool name_of(const struct doc *disk, char to[static NAME_SIZE])
{
        const char *transport = doc_get_text(disk, "transport"), *wwn = doc_get_text(disk, "wwn");
        const char *serial = doc_get_text(disk, "serial"), *pci = doc_get_text(disk, "pci");
        const char *model = doc_get_text(disk, "model");

        if (!transport || text_is_equal(doc_get_text(disk, "type"), "optical"))
                return false;
        if (strcmp(transport, "nvme") == 0 && wwn)
                by_id(to, "nvme", wwn);
        else if (wwn && text_has_prefix(wwn, "naa."))
                snprintf(to, NAME_SIZE, "/dev/disk/by-id/wwn-0x%s", wwn + strlen("naa."));
        else if (strcmp(transport, "ata") == 0 && wwn && ata_name(wwn, to))
                return true;
        else if (strcmp(transport, "virtio") == 0 && serial)
                by_id(to, "virtio", serial);
        else if (strcmp(transport, "virtio") == 0 && pci &&
                 text_has_prefix(doc_get_text(disk, "name"), "vd"))
                snprintf(to, NAME_SIZE, "/dev/disk/by-path/pci-%s", pci);
        else if (strcmp(transport, "mmc") == 0 && model && serial) {
                by_id(to, "mmc", model);
                append_word(to, "_", 1);
                append_word(to, serial, strlen(serial));
        } else {
                return false;
        }
        return true;
}

void disk_stable_path_set(struct doc *disk)
{
        char path[NAME_SIZE];

        if (name_of(disk, path))
                field_set_text(disk, "stable_path", path);
}

/* Of the sizes that disks are made with, the kernel takes powers of two from 512 to 4096. */
void disk_sectors_finish(struct doc *disk)
{
        const int64_t logical = doc_get_number(disk, "logical_sector", 0);
        const int64_t physical = doc_get_number(disk, "physical_sector", 0);
        char text[160];

        if (logical <= 0 || text_is_equal(doc_get_text(disk, "type"), "optical"))
                return;
        if (logical == 512 && (physical == 512 || physical == 4096)) {
                (void)doc_set_text(disk, "sector_format", physical == 512 ? "512n" : "512e");
                return;
        }
        if (logical == 4096)
                (void)text_copy(text, sizeof(text), "4kn");
        else
                snprintf(text, sizeof(text), "%lld", (long long)logical);
        (void)doc_set_text(disk, "sector_format", text);
        if (logical >= 512 && logical <= 4096 && (logical & (logical - 1)) == 0)
                return;
        snprintf(text, sizeof(text),
                 "its sectors have %lld bytes, which the kernel cannot use: format it to sectors "
                 "of 512 or 4096 bytes (sg_format), which erases it",
                 (long long)logical);
        (void)doc_set_text(disk, "unusable", text);
}
