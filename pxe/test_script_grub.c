/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "pxe/script_grub.h"

/* The site's protocol is not GRUB's business. */
static struct pxe_script_facts facts_of(enum boot_protocol protocol)
{
        struct pxe_script_facts facts = {
                .site = {.http_port = 8081, .protocol = protocol},
                .mac = {{0x52, 0x54, 0x00, 0x77, 0x00, 0x01}                },
                .kernel = "vmlinuz",
                .ramdisk = "discovery.initrd",
                .time_s = 1763637906,
        };

        assert_int_equal(ip_parse("10.77.0.1", &facts.site.edge), 0);
        return facts;
}

static struct boot_plan plan_of(enum boot_action action)
{
        struct boot_plan plan = {.action = action};

        if (boot_action_runs_agent(action)) {
                (void)text_copy(plan.boot, sizeof(plan.boot), "00f1e2d3c4b5a697");
                (void)text_copy(plan.kernel_arguments, sizeof(plan.kernel_arguments),
                                "console=ttyS0,115200n8 quiet");
        }
        return plan;
}

#define AGENT(what)                                                                                \
        "echo Cloudie: " what ", boot 00f1e2d3c4b5a697\n"                                          \
        "if linux (tftp,10.77.0.1)/assets/vmlinuz rdinit=/init panic=60 "                          \
        "cloudie.boot=00f1e2d3c4b5a697 cloudie.edge=http://10.77.0.1:8081 "                        \
        "BOOTIF=01-52-54-00-77-00-01 cloudie.time=1763637906 console=ttyS0,115200n8 quiet ; "      \
        "then\n"                                                                                   \
        "if initrd (tftp,10.77.0.1)/assets/discovery.initrd (tftp,10.77.0.1)/assets/site.cpio ; "  \
        "then boot ; fi\n"                                                                         \
        "fi\n"

#define TRY(path)                                                                                  \
        "if search --no-floppy --file --set=root " path " ; then\n"                                \
        "if chainloader " path " ; then boot ; fi\n"                                               \
        "fi\n"

#define TRY_ALL                                                                                    \
        TRY("/EFI/BOOT/BOOTX64.EFI")                                                               \
        TRY("/EFI/debian/shimx64.efi")                                                             \
        TRY("/EFI/ubuntu/shimx64.efi") TRY("/EFI/Microsoft/Boot/bootmgfw.efi") "exit\n"

static const struct {
        enum boot_action action;
        const char *want;
} golden[] = {
        {BOOT_DISCOVER,  AGENT("discovery")                          },
        {BOOT_INSTALL,   AGENT("install")                            },
        {BOOT_DISK,      "echo Cloudie: boot from the disk\n" TRY_ALL},
        {BOOT_ASK_AGAIN, "echo Cloudie: no plan yet\n"               },
};

static void test_golden(void **state)
{
        static const enum boot_protocol protocols[] = {BOOT_PROTOCOL_HTTP, BOOT_PROTOCOL_TFTP};

        (void)state;
        for (size_t i = 0; i < 2 * ARRAY_SIZE(golden); i++) {
                const struct pxe_script_facts facts = facts_of(protocols[i % 2]);
                const struct boot_plan plan = plan_of(golden[i / 2].action);
                char script[PXE_SCRIPT_SIZE];
                size_t size;

                assert_int_equal(pxe_grub_script_write(&plan, &facts, script, &size), 0);
                assert_string_equal(script, golden[i / 2].want);
                assert_int_equal(size, strlen(script));
        }
}

#define AGAIN "echo Cloudie: asking again in 10 seconds, by a restart\nsleep 10\nreboot\n"
/* No loader of the image's own: that is a disk without partitions. */
#define TRY_PARTITIONS(path)                                                                       \
        "for disk in (hd*,*); do\n"                                                                \
        "if [ -e $disk" path " ]; then\n"                                                          \
        "set root=$disk\n"                                                                         \
        "if chainloader $disk" path "; then boot ; fi\n"                                           \
        "fi\n"                                                                                     \
        "done\n"

static const struct {
        enum boot_action action;
        const char *want;
} golden_image[] = {
        {BOOT_INSTALL,
         "set image=$root\n"
         "echo Cloudie: install, boot 00f1e2d3c4b5a697\n"
         "if linux ($image)/vmlinuz rdinit=/init panic=60 cloudie.boot=00f1e2d3c4b5a697 "
         "cloudie.edge=http://10.77.0.1:8081 BOOTIF=01-52-54-00-77-00-01 cloudie.time=1763637906 "
         "console=ttyS0,115200n8 quiet ; then\n"
         "if initrd ($image)/discovery.initrd ($image)/site.cpio ; then boot ; fi\n"
         "fi\n" AGAIN                                                                     },
        {BOOT_DISK,
         "set image=$root\n"
         "echo Cloudie: boot from the disk\n" TRY_PARTITIONS("/EFI/BOOT/BOOTX64.EFI")
                 TRY_PARTITIONS("/EFI/debian/shimx64.efi") TRY_PARTITIONS("/EFI/ubuntu/shimx64.efi")
                         TRY_PARTITIONS("/EFI/Microsoft/Boot/bootmgfw.efi") "exit\n" AGAIN},
        {BOOT_ASK_AGAIN, "set image=$root\necho Cloudie: no plan yet\n" AGAIN             },
};

static void test_image(void **state)
{
        const struct pxe_script_facts facts = facts_of(BOOT_PROTOCOL_TFTP);
        struct boot_plan plan;
        char script[PXE_SCRIPT_SIZE];
        size_t size;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(golden_image); i++) {
                plan = plan_of(golden_image[i].action);
                assert_int_equal(pxe_grub_image_write(&plan, &facts, script, &size), 0);
                assert_string_equal(script, golden_image[i].want);
                assert_int_equal(size, strlen(script));
        }
        plan = plan_of(BOOT_DISCOVER);
        plan.kernel_arguments[3] = ';';
        assert_int_equal(pxe_grub_image_write(&plan, &facts, script, &size), -EINVAL);
        assert_string_equal(script, "");
        /* All words that there are room for, and the longest that is searched for. */
        plan = plan_of(BOOT_DISK);
        assert_int_equal(uuid_parse("C10D1E00-7469-4e79-8000-0000000000ab", &plan.esp), 0);
        memset(plan.reason, 'a', sizeof(plan.reason) - 1);
        assert_int_equal(pxe_grub_image_write(&plan, &facts, script, &size), 0);
        plan = plan_of(BOOT_INSTALL);
        memset(plan.kernel_arguments, 'a', sizeof(plan.kernel_arguments) - 1);
        assert_int_equal(pxe_grub_image_write(&plan, &facts, script, &size), 0);
}

#define LOADER(path)                                                                               \
        "if [ -e $esp" path " ]; then if chainloader $esp" path "; then boot ; fi ; fi\n"

/* That partition, or none. */
static void test_installed_disk(void **state)
{
        const struct pxe_script_facts facts = facts_of(BOOT_PROTOCOL_HTTP);
        struct boot_plan plan = plan_of(BOOT_DISK);
        char script[PXE_SCRIPT_SIZE];
        size_t size;

        (void)state;
        assert_int_equal(uuid_parse("C10D1E00-7469-4e79-8000-0000000000ab", &plan.esp), 0);
        assert_int_equal(pxe_grub_script_write(&plan, &facts, script, &size), 0);
        assert_string_equal(
                script,
                "echo Cloudie: boot from the disk\n"
                "set esp=\n"
                "for disk in (hd*,gpt*); do\n"
                "set uuid=\n"
                "if probe --set=uuid --part-uuid $disk; then true ; fi\n"
                "if [ \"$uuid\" = \"c10d1e00-7469-4e79-8000-0000000000ab\" ]; then\n"
                "if [ -z \"$esp\" ]; then set esp=$disk ; else\n"
                "echo Cloudie: $disk is a copy of $esp - it is left alone ; fi\n"
                "fi\n"
                "done\n"
                "if [ -n \"$esp\" ]; then\n"
                "set root=$esp\n" LOADER("/EFI/BOOT/BOOTX64.EFI") LOADER("/EFI/debian/shimx64.efi")
                        LOADER("/EFI/ubuntu/shimx64.efi") LOADER(
                                "/EFI/Microsoft/Boot/bootmgfw.efi") "echo Cloudie: nothing on $esp "
                                                                    "starts\n"
                                                                    "else echo Cloudie: the "
                                                                    "installed disk is missing: no "
                                                                    "partition has GUID "
                                                                    "c10d1e00-7469-4e79-8000-"
                                                                    "0000000000ab\n"
                                                                    "fi\n");
        assert_int_equal(size, strlen(script));
}

static void test_configuration(void **state)
{
        const struct pxe_script_facts facts = facts_of(BOOT_PROTOCOL_HTTP);
        char script[PXE_SCRIPT_SIZE];
        size_t size;

        (void)state;
        assert_int_equal(pxe_grub_configuration_write(&facts.site, script, &size), 0);
        assert_string_equal(script, "while true; do\n"
                                    "source (tftp,10.77.0.1)/boot/grub/$net_default_mac\n"
                                    "echo Cloudie: asking again in 5 seconds\n"
                                    "sleep 5\n"
                                    "done\n");
        assert_int_equal(size, strlen(script));
}

/* Each byte that GRUB could understand as more than part of a word, at each kind of place. */
static void test_hostile_bytes(void **state)
{
        const struct pxe_script_facts facts = facts_of(BOOT_PROTOCOL_HTTP);

        (void)state;
        for (int c = 1; c < 256; c++) {
                const bool is_harmless = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                                         (c >= 'a' && c <= 'z') || strchr("=,.:/_-+@%", c);
                struct boot_plan plan = plan_of(BOOT_DISCOVER);
                char script[PXE_SCRIPT_SIZE];
                size_t size;

                plan.kernel_arguments[3] = (char)c;
                assert_int_equal(pxe_grub_script_write(&plan, &facts, script, &size),
                                 is_harmless || c == ' ' ? 0 : -EINVAL);
                if (!is_harmless && c != ' ')
                        assert_string_equal(script, "");

                plan = plan_of(BOOT_DISCOVER);
                plan.boot[3] = (char)c;
                if (!is_harmless)
                        assert_int_equal(pxe_grub_script_write(&plan, &facts, script, &size),
                                         -EINVAL);
        }
}

static void test_hostile_names(void **state)
{
        static const char *const names[] = {
                NULL, "", "../etc/passwd", "a b", "$root", "x\nhalt", ".hidden", "a/b", "a;halt",
        };
        const struct boot_plan plan = plan_of(BOOT_DISCOVER);
        char script[PXE_SCRIPT_SIZE];
        size_t size;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct pxe_script_facts facts = facts_of(BOOT_PROTOCOL_HTTP);

                facts.kernel = names[i];
                assert_int_equal(pxe_grub_script_write(&plan, &facts, script, &size), -EINVAL);
                facts = facts_of(BOOT_PROTOCOL_HTTP);
                facts.ramdisk = names[i];
                assert_int_equal(pxe_grub_script_write(&plan, &facts, script, &size), -EINVAL);
        }
}

static void test_reason(void **state)
{
        const struct pxe_script_facts facts = facts_of(BOOT_PROTOCOL_HTTP);
        struct boot_plan plan = plan_of(BOOT_DISK);
        char script[PXE_SCRIPT_SIZE];
        size_t size;

        (void)state;
        (void)text_copy(plan.reason, sizeof(plan.reason), "evil\nhalt ${root} && 'x'; # \xc3");
        assert_int_equal(pxe_grub_script_write(&plan, &facts, script, &size), 0);
        assert_string_equal(
                script,
                "echo Cloudie: boot from the disk - evil.halt ..root. .. .x.. . .\n" TRY_ALL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_golden),        cmocka_unit_test(test_configuration),
                cmocka_unit_test(test_hostile_bytes), cmocka_unit_test(test_hostile_names),
                cmocka_unit_test(test_reason),        cmocka_unit_test(test_installed_disk),
                cmocka_unit_test(test_image),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
