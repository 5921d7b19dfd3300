/* SPDX-License-Identifier: GPL-3.0-or-later */
/* As udevadm test-builtin and ls /dev/disk show them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "discover/disk_use.h"

#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789"

/* clang-format off */
static const struct {
        const char *name, *transport, *wwn, *serial, *model, *pci, *want;
} cases[] = {
        {"sda", "sas", "naa.5000c500a1b2c3d4", "Z1", NULL, NULL, "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4"},
        {"sda", "ata", "t10.ATA     QEMU HARDDISK                           QM00001             ", NULL,
         NULL, NULL, "/dev/disk/by-id/ata-QEMU_HARDDISK_QM00001"},
        {"sda", "ata", "t10.ATA     short", NULL, NULL, NULL, NULL},
        {"sda", "ata", "t10.ATA     " LONG, NULL, NULL, NULL, NULL},
        {"nvme0n1", "nvme", "eui.0025385971b0a1c2", "S1", NULL, NULL, "/dev/disk/by-id/nvme-eui.0025385971b0a1c2"},
        {"nvme0n1", "nvme", NULL, "S1", NULL, NULL, NULL},
        {"vda", "virtio", NULL, "root  disk/1", NULL, NULL, "/dev/disk/by-id/virtio-root_disk_1"},
        {"vda", "virtio", NULL, NULL, NULL, "0000:00:07.0", "/dev/disk/by-path/pci-0000:00:07.0"},
        {"sda", "virtio", NULL, NULL, NULL, "0000:00:07.0", NULL}, /* virtio-scsi: one of many */
        {"mmcblk0", "mmc", NULL, "0xd34db33f", "SD16G", NULL, "/dev/disk/by-id/mmc-SD16G_0xd34db33f"},
        {"sdb", "usb", NULL, "AA", "Stick", NULL, NULL},
        {"sdb", NULL, "naa.5", NULL, NULL, NULL, NULL},
};
/* clang-format on */

static void names(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _doc_ struct doc *disk = doc_object();
                const char *got;

                (void)doc_set_text(disk, "name", cases[i].name);
                (void)doc_set_text(disk, "transport", cases[i].transport);
                (void)doc_set_text(disk, "wwn", cases[i].wwn);
                (void)doc_set_text(disk, "serial", cases[i].serial);
                (void)doc_set_text(disk, "model", cases[i].model);
                (void)doc_set_text(disk, "pci", cases[i].pci);
                disk_stable_path_set(disk);
                got = doc_get_text(disk, "stable_path");
                if (!cases[i].want)
                        assert_null(got);
                else
                        assert_string_equal(got, cases[i].want);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
