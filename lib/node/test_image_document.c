/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/node/image_document.h"

#define HEAD  "kind: image\nname: deb-12\nspec: "
#define WRONG "image 'deb-12': spec: "

/* clang-format off */
static const struct {
        const char *yaml, *error; /* NULL: it is one */
} cases[] = {
        {HEAD "{}", NULL},
        {"kind: image\nname: deb-12\nstatus: {id: x}\nlabels: {os: debian-12}", NULL},
        {HEAD "{os: Debian 12, architecture: x86_64, firmware: [bios, uefi], user: debian, disk: 20G, memory: 512M, notes: n}", NULL},
        {HEAD "{disk: 21474836480}", NULL},
        {HEAD "{disk: 0}", WRONG "'disk' must be a text: put it in quotes"},
        {HEAD "{disk: much}", WRONG "'disk' must be bytes, like 20G"},
        {HEAD "{memory: [1]}", WRONG "'memory' must be a text"},
        {HEAD "{firmware: uefi}", WRONG "'firmware' must be a list, like [bios, uefi]"},
        {HEAD "{firmware: []}", WRONG "'firmware' must be a list, like [bios, uefi]"},
        {HEAD "{firmware: [efi]}", WRONG "'firmware' must be one of: bios, uefi"},
        {HEAD "{architecture: a-name-of-more-than-15}", WRONG "'architecture' is longer than 15 bytes"},
        {HEAD "{size: 5}", WRONG "'size' is not understood: os, architecture, firmware, user, disk, memory, notes are"},
        {"kind: image\nname: .deb", "image: 'name' is no name: lower-case letters, digits, . and -, the first a letter or a digit, at most 63 of them"},
        {"kind: profile\nname: deb", "image: 'kind' must be 'image'"},
};

#define DISKS "disks: {items: [{name: vda, type: ssd, serial: S1, size: 10737418240}]}"
static const struct {
        const char *spec, *inventory, *why; /* "": it fits */
} fits[] = {
        {"{}", DISKS, ""},
        {"{architecture: x86_64}", "{kernel: {architecture: x86_64}, " DISKS "}", ""},
        {"{architecture: x86_64}", "{cpu: {isa_level: x86-64-v3}, " DISKS "}", ""},
        {"{architecture: aarch64}", "{kernel: {architecture: x86_64}, " DISKS "}", "image 'deb-12' is for aarch64, and the machine is x86_64"},
        {"{architecture: aarch64}", DISKS, "image 'deb-12' is for aarch64, and the machine does not tell what it is"},
        {"{firmware: [uefi]}", "{firmware: {boot_mode: uefi}, " DISKS "}", ""},
        {"{firmware: [bios, uefi]}", "{firmware: {boot_mode: bios}, " DISKS "}", ""},
        {"{firmware: [uefi]}", "{firmware: {boot_mode: bios}, " DISKS "}", "image 'deb-12' starts with uefi alone, and the machine booted with bios"},
        {"{firmware: [bios]}", DISKS, "image 'deb-12' starts with bios alone, and the machine does not tell how it boots"},
        {"{memory: 8G}", "{memory: {total: 8000000000, installed: 8589934592}, " DISKS "}", ""},
        {"{memory: 8G}", "{memory: {total: 4294967296}, " DISKS "}", "image 'deb-12' needs 8.0 GiB of memory, and the machine has 4.0 GiB"},
        {"{memory: 8G}", DISKS, "image 'deb-12' needs 8.0 GiB of memory, and the machine does not tell how much it has"},
        {"{disk: 10G}", DISKS, ""},
        {"{disk: 20G}", DISKS, "no disk will do: vda (S1) is too small: it has 10.0 GiB, the image 20.0 GiB"},
};
/* clang-format on */

static struct doc *yaml(const char *text)
{
        struct doc *document = NULL;

        assert_int_equal(doc_parse_yaml(text, strlen(text), &doc_limits_message, NULL, &document),
                         0);
        return document;
}

static void test_documents(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _doc_ struct doc *document = yaml(cases[i].yaml);
                char error[DOC_ERROR_SIZE] = "";
                struct image_document image;

                assert_int_equal(image_document_decode(document, error, &image),
                                 cases[i].error ? -EBADMSG : 0);
                assert_string_equal(error, cases[i].error ? cases[i].error : "");
                assert_int_equal(image_document_decode(document, NULL, &image),
                                 cases[i].error ? -EBADMSG : 0);
        }
}

static void test_what_is_read(void **state)
{
        _doc_ struct doc *document = yaml(cases[2].yaml);
        struct image_document image;

        (void)state;
        assert_int_equal(image_document_decode(document, NULL, &image), 0);
        assert_string_equal(image.name, "deb-12");
        assert_string_equal(image.os, "Debian 12");
        assert_string_equal(image.architecture, "x86_64");
        assert_string_equal(image.user, "debian");
        assert_true(image.firmware[IMAGE_BIOS] && image.firmware[IMAGE_UEFI]);
        assert_int_equal(image.disk_bytes, (uint64_t)20 << 30);
        assert_int_equal(image.memory_bytes, (uint64_t)512 << 20);
}

static void test_fits(void **state)
{
        const struct profile profile = {.pick = PICK_SMALLEST};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(fits); i++) {
                char text[512], why[PROFILE_WHY_SIZE] = "";
                _doc_ struct doc *document = NULL, *inventory = yaml(fits[i].inventory);
                struct image_document image;
                struct disk_id disk;

                snprintf(text, sizeof(text), HEAD "%s", fits[i].spec);
                document = yaml(text);
                assert_int_equal(image_document_decode(document, NULL, &image), 0);
                assert_int_equal(image_pick_disk(&image, &profile, inventory, 4096, why, &disk) ==
                                         0,
                                 fits[i].why[0] == '\0');
                assert_string_equal(why, fits[i].why);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_documents),
                cmocka_unit_test(test_what_is_read),
                cmocka_unit_test(test_fits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
