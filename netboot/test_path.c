/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "netboot/path.h"

#define ID "00112233445566778899aabbccddeeff"

static const struct {
        const char *path;
        enum boot_transport transport;
        int rc;
        enum boot_path_kind kind;
        const char *name;
} cases[] = {
        {"/healthz",                                            TRANSPORT_HTTP, 0,       BOOT_PATH_HEALTH,     ""             },
        {"/metrics",                                            TRANSPORT_HTTP, 0,       BOOT_PATH_METRICS,    ""             },
        {"healthz",                                             TRANSPORT_TFTP, 0,       BOOT_PATH_LOADER,     "healthz"      },
        {"/assets/vmlinuz",                                     TRANSPORT_HTTP, 0,       BOOT_PATH_ASSET,      "vmlinuz"      },
        {"//assets//vmlinuz",                                   TRANSPORT_TFTP, 0,       BOOT_PATH_ASSET,      "vmlinuz"      },
        {"undionly.kpxe",                                       TRANSPORT_TFTP, 0,       BOOT_PATH_LOADER,     "undionly.kpxe"},
        {"/undionly.kpxe",                                      TRANSPORT_HTTP, -ENOENT, BOOT_PATH_LOADER,     ""             },
        {"/boot/ipxe/52-54-00-77-00-01",                        TRANSPORT_HTTP, 0,       BOOT_PATH_SCRIPT,     ""             },
        {"boot/ipxe/52:54:00:77:00:01",                         TRANSPORT_TFTP, 0,       BOOT_PATH_SCRIPT,     ""             },
        {"/boot/ipxe/ff-ff-ff-ff-ff-ff",                        TRANSPORT_HTTP, -ENOENT, BOOT_PATH_SCRIPT,     ""             },
        {"/boot/ipxe/",                                         TRANSPORT_HTTP, -ENOENT, BOOT_PATH_SCRIPT,     ""             },
        {"/boot/grub/52:54:00:77:00:01",                        TRANSPORT_TFTP, 0,       BOOT_PATH_SCRIPT,     ""             },
        {"/boot/grub/52:54:00:77:00:01",                        TRANSPORT_HTTP, -ENOENT, BOOT_PATH_SCRIPT,     ""             },
        {"/boot/grub/",                                         TRANSPORT_TFTP, -ENOENT, BOOT_PATH_SCRIPT,     ""             },
        {"/grub/grub.cfg",                                      TRANSPORT_TFTP, 0,       BOOT_PATH_GRUB,       ""             },
        {"/grub/grub.cfg",                                      TRANSPORT_HTTP, -ENOENT, BOOT_PATH_GRUB,       ""             },
        {"/grub/grub.cfg-01-52-54-00-77-00-01",                 TRANSPORT_TFTP, 0,       BOOT_PATH_GRUB,       ""             },
        {"/grub/grub.cfg-52540077-0001-4a4b-8c8d-112233445566", TRANSPORT_TFTP, 0,       BOOT_PATH_GRUB,
         ""                                                                                                                   },
        {"/grub/grub.cfg-01-ff-ff-ff-ff-ff-ff",                 TRANSPORT_TFTP, -ENOENT, BOOT_PATH_GRUB,       ""             },
        {"/grub/grub.cfg-06-52-54-00-77-00-01",                 TRANSPORT_TFTP, -ENOENT, BOOT_PATH_GRUB,       ""             },
        {"/grub/grub.cfg-0A4D0001",                             TRANSPORT_TFTP, -ENOENT, BOOT_PATH_GRUB,       ""             },
        {"/grub/grub.cfg-",                                     TRANSPORT_TFTP, -ENOENT, BOOT_PATH_GRUB,       ""             },
        {"/grub/grub.cfgs",                                     TRANSPORT_TFTP, -ENOENT, BOOT_PATH_GRUB,       ""             },
        {"/grub/grub.cfg-01-52-54-00-77-00-01",                 TRANSPORT_HTTP, -ENOENT, BOOT_PATH_GRUB,       ""             },
        {"/grub/x86_64-efi/command.lst",                        TRANSPORT_TFTP, -ENOENT, BOOT_PATH_LOADER,     ""             },
        {"/assets/.credential.part",                            TRANSPORT_HTTP, -ENOENT, BOOT_PATH_ASSET,      ""             },
        {"/assets/a/b",                                         TRANSPORT_HTTP, -ENOENT, BOOT_PATH_ASSET,      ""             },
        {"/assets/../credential",                               TRANSPORT_HTTP, -EINVAL, BOOT_PATH_ASSET,      ""             },
        {"assets/..\\credential",                               TRANSPORT_TFTP, -EINVAL, BOOT_PATH_ASSET,      ""             },
        {"/assets/A",                                           TRANSPORT_HTTP, -ENOENT, BOOT_PATH_ASSET,      ""             },
        {"",                                                    TRANSPORT_TFTP, -EINVAL, BOOT_PATH_ASSET,      ""             },
        {"/boot/image/52-54-00-77-00-01.img",                   TRANSPORT_HTTP, 0,       BOOT_PATH_BOOT_IMAGE, ""             },
        {"//boot//image/52:54:00:77:00:01.img",                 TRANSPORT_HTTP, 0,       BOOT_PATH_BOOT_IMAGE, ""             },
        {"/boot/image/52-54-00-77-00-01.img",                   TRANSPORT_TFTP, -ENOENT, BOOT_PATH_BOOT_IMAGE, ""             },
        {"/boot/image/52-54-00-77-00-01",                       TRANSPORT_HTTP, -ENOENT, BOOT_PATH_BOOT_IMAGE, ""             },
        {"/boot/image/ff-ff-ff-ff-ff-ff.img",                   TRANSPORT_HTTP, -ENOENT, BOOT_PATH_BOOT_IMAGE, ""             },
        {"/boot/image/52-54-00-77-00-01-02.img",                TRANSPORT_HTTP, -ENOENT, BOOT_PATH_BOOT_IMAGE, ""             },
        {"/boot/image/.img",                                    TRANSPORT_HTTP, -ENOENT, BOOT_PATH_BOOT_IMAGE, ""             },
        {"/boot/image/img",                                     TRANSPORT_HTTP, -ENOENT, BOOT_PATH_BOOT_IMAGE, ""             },
        {"/boot/image/",                                        TRANSPORT_HTTP, -ENOENT, BOOT_PATH_BOOT_IMAGE, ""             },
        {"/images/" ID ".raw.zst",                              TRANSPORT_HTTP, 0,       BOOT_PATH_IMAGE,      ID ".raw.zst"  },
        {"/images//" ID ".json",                                TRANSPORT_HTTP, 0,       BOOT_PATH_IMAGE,      ID ".json"     },
        {"/images/" ID ".json.sig",                             TRANSPORT_HTTP, 0,       BOOT_PATH_IMAGE,      ID ".json.sig" },
        {"/images/" ID ".json",                                 TRANSPORT_TFTP, -ENOENT, BOOT_PATH_IMAGE,      ""             },
        {"/images/" ID,                                         TRANSPORT_HTTP, -ENOENT, BOOT_PATH_IMAGE,      ""             },
        {"/images/" ID ".raw",                                  TRANSPORT_HTTP, -ENOENT, BOOT_PATH_IMAGE,      ""             },
        {"/images/" ID ".json.part",                            TRANSPORT_HTTP, -ENOENT, BOOT_PATH_IMAGE,      ""             },
        {"/images/" ID "0.json",                                TRANSPORT_HTTP, -ENOENT, BOOT_PATH_IMAGE,      ""             },
        {"/images/0" ID ".json",                                TRANSPORT_HTTP, -ENOENT, BOOT_PATH_IMAGE,      ""             },
        {"/images/A" ID ".json",                                TRANSPORT_HTTP, -ENOENT, BOOT_PATH_IMAGE,      ""             },
        {"/images/.json",                                       TRANSPORT_HTTP, -ENOENT, BOOT_PATH_IMAGE,      ""             },
        {"/images/../" ID ".json",                              TRANSPORT_HTTP, -EINVAL, BOOT_PATH_IMAGE,      ""             },
        {"/images/",                                            TRANSPORT_HTTP, -ENOENT, BOOT_PATH_IMAGE,      ""             },
};

static void test_table(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct boot_path path = {0};

                print_message("%s\n", cases[i].path);
                assert_int_equal(boot_path_parse(cases[i].path, cases[i].transport, &path),
                                 cases[i].rc);
                if (cases[i].rc < 0)
                        continue;
                assert_int_equal(path.kind, cases[i].kind);
                assert_string_equal(path.name, cases[i].name);
                assert_int_equal(path.language, strstr(cases[i].path, "/grub/5") ? LANGUAGE_GRUB
                                                : cases[i].kind == BOOT_PATH_BOOT_IMAGE
                                                        ? LANGUAGE_GRUB_IMAGE
                                                        : LANGUAGE_IPXE);
                if (path.kind == BOOT_PATH_BOOT_IMAGE || path.kind == BOOT_PATH_SCRIPT)
                        assert_int_equal(path.mac.bytes[5], 1);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_table)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
