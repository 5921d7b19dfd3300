/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A volume of somebody else: its label, and a file that lies in a folder or not. Then one of ours
 * with the same file in it, in both places. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/disk/fat.h"

#define LIMIT ((size_t)16 << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What lies in one piece is what is read. */
static void check_place(struct reader volume, const char *bytes, size_t size)
{
        struct reader place = volume;
        size_t found_size;
        uint64_t at;

        if (fat_find(volume, "EFI/BOOT/BOOTX64.EFI", &at, &found_size) < 0 &&
            fat_find(volume, "cloudie.json", &at, &found_size) < 0)
                return;
        if (found_size == 0 || reader_skip(&place, (size_t)at) < 0 ||
            reader_left(&place) < found_size)
                abort();
        if (found_size == size && memcmp(place.at, bytes, size) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static uint8_t volume[FAT_MIN_SIZE];
        const struct reader given = reader_over(data, size);
        _free_ char *bytes = NULL, *again = NULL;
        size_t bytes_size, again_size;
        struct fat_file files[2];
        char label[12];

        if (fat_label(given, label) == 0 && strlen(label) > 11)
                abort();
        if (fat_read(given, "EFI/BOOT/BOOTX64.EFI", LIMIT, &bytes, &bytes_size) < 0 &&
            fat_read(given, "cloudie.json", LIMIT, &bytes, &bytes_size) < 0)
                return 0;
        check_place(given, bytes, bytes_size);
        if (bytes_size > LIMIT || bytes[bytes_size] != '\0')
                abort();
        files[0] = (struct fat_file){"cloudie.json", bytes, bytes_size};
        files[1] = (struct fat_file){"EFI/debian/a long name", bytes, bytes_size};
        if (fat_write(files, 2, &(struct fat_volume){"CIDATA", 1, 0, 0}, volume, sizeof(volume)) <
            0)
                abort();
        if (fat_read(reader_over(volume, sizeof(volume)), "efi/debian/A LONG NAME", LIMIT, &again,
                     &again_size) < 0 ||
            again_size != bytes_size || memcmp(again, bytes, bytes_size) != 0)
                abort();
        return 0;
}
