/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "pxe/script.h"

static struct pxe_script_facts facts_of(enum boot_protocol protocol)
{
        struct pxe_script_facts facts = {
                .site = {.http_port = 80, .protocol = protocol},
                .mac = {{0x52, 0x54, 0x00, 0x77, 0x00, 0x01}              },
                .kernel = "vmlinuz",
                .ramdisk = "discovery.initrd",
        };

        assert_int_equal(ip_parse("10.77.0.1", &facts.site.edge), 0);
        facts.time_s = 1763637906;
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

#define AGAIN(scheme)                                                                              \
        ":again\n"                                                                                 \
        "echo Cloudie: asking again in 5 seconds\n"                                                \
        "sleep 5\n"                                                                                \
        "chain --replace " scheme "://10.77.0.1/boot/ipxe/52-54-00-77-00-01 || goto again\n"

#define AGENT(scheme, what)                                                                        \
        "#!ipxe\n"                                                                                 \
        "echo Cloudie: " what ", boot 00f1e2d3c4b5a697\n"                                          \
        "imgfree\n"                                                                                \
        "kernel --name vmlinuz " scheme "://10.77.0.1/assets/vmlinuz || goto again\n"              \
        "initrd --name discovery.initrd " scheme                                                   \
        "://10.77.0.1/assets/discovery.initrd || goto again\n"                                     \
        "initrd --name site.cpio " scheme "://10.77.0.1/assets/site.cpio || goto again\n"          \
        "imgargs vmlinuz initrd=discovery.initrd initrd=site.cpio rdinit=/init panic=60 "          \
        "cloudie.boot=00f1e2d3c4b5a697 cloudie.edge=http://10.77.0.1 "                             \
        "BOOTIF=01-52-54-00-77-00-01 cloudie.time=1763637906 console=ttyS0,115200n8 quiet || "     \
        "goto again\n"                                                                             \
        "boot || goto again\n" AGAIN(scheme)

static const struct {
        enum boot_action action;
        enum boot_protocol protocol;
        const char *want;
} golden[] = {
        {BOOT_DISCOVER,       BOOT_PROTOCOL_HTTP,      AGENT("http",                                  "discovery")},
        {BOOT_DISCOVER,                   BOOT_PROTOCOL_TFTP,                              AGENT("tftp",                                       "discovery")},
        {BOOT_INSTALL,       BOOT_PROTOCOL_HTTP,                              AGENT("http",                          "install")},
        {BOOT_INSTALL,       BOOT_PROTOCOL_TFTP,AGENT("tftp",           "install")},
        {BOOT_DISK,BOOT_PROTOCOL_HTTP,                "#!ipxe\necho Cloudie: boot from the disk\nexit\n"                                        },
        {BOOT_ASK_AGAIN,           BOOT_PROTOCOL_HTTP,                      "#!ipxe\n" AGAIN("http") },
        {BOOT_ASK_AGAIN,      BOOT_PROTOCOL_TFTP, "#!ipxe\n" AGAIN("tftp")},
};

static void test_golden(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(golden); i++) {
                const struct pxe_script_facts facts = facts_of(golden[i].protocol);
                const struct boot_plan plan = plan_of(golden[i].action);
                char script[PXE_SCRIPT_SIZE];
                size_t size;

                assert_int_equal(pxe_script_write(&plan, &facts, script, &size), 0);
                assert_string_equal(script, golden[i].want);
                assert_int_equal(size, strlen(golden[i].want));
        }
}

/* Each byte that iPXE could understand as more than part of a word, at each kind of place. */
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
                assert_int_equal(pxe_script_write(&plan, &facts, script, &size),
                                 is_harmless || c == ' ' ? 0 : -EINVAL);
                if (!is_harmless && c != ' ')
                        assert_string_equal(script, "");

                plan = plan_of(BOOT_DISCOVER);
                plan.boot[3] = (char)c;
                if (!is_harmless)
                        assert_int_equal(pxe_script_write(&plan, &facts, script, &size), -EINVAL);
        }
}

static void test_hostile_names(void **state)
{
        static const char *const names[] = {
                "", "../etc/passwd", "a b", "${net0/mac}", "x\nshell", ".hidden", "a/b", "a||b",
        };
        const struct boot_plan plan = plan_of(BOOT_DISCOVER);
        char script[PXE_SCRIPT_SIZE];
        size_t size;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct pxe_script_facts facts = facts_of(BOOT_PROTOCOL_HTTP);

                facts.kernel = names[i];
                assert_int_equal(pxe_script_write(&plan, &facts, script, &size), -EINVAL);
                facts = facts_of(BOOT_PROTOCOL_HTTP);
                facts.ramdisk = names[i];
                assert_int_equal(pxe_script_write(&plan, &facts, script, &size), -EINVAL);
        }
}

/* The reason is for people: shown where a machine goes on to its disk, and nowhere else. */
static void test_reason(void **state)
{
        const struct pxe_script_facts facts = facts_of(BOOT_PROTOCOL_HTTP);
        struct boot_plan plan = plan_of(BOOT_DISCOVER);
        char script[PXE_SCRIPT_SIZE];
        size_t size;

        (void)state;
        (void)text_copy(plan.reason, sizeof(plan.reason), "evil\nshell ${net0/mac} || 'x'; \xc3");
        (void)text_copy(plan.node, sizeof(plan.node), "wicked");
        assert_int_equal(pxe_script_write(&plan, &facts, script, &size), 0);
        assert_null(strstr(script, "evil"));

        plan.action = BOOT_DISK;
        assert_int_equal(pxe_script_write(&plan, &facts, script, &size), 0);
        assert_string_equal(script, "#!ipxe\necho Cloudie: boot from the disk - evil.shell "
                                    "..net0/mac. .. .x.. .\nexit\n");
        assert_int_equal(size, strlen(script));

        (void)text_copy(plan.reason, sizeof(plan.reason), "deployed: it boots from its disk");
        assert_int_equal(pxe_script_write(&plan, &facts, script, &size), 0);
        assert_string_equal(script, "#!ipxe\necho Cloudie: boot from the disk - deployed: it "
                                    "boots from its disk\nexit\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_golden),
                cmocka_unit_test(test_hostile_bytes),
                cmocka_unit_test(test_hostile_names),
                cmocka_unit_test(test_reason),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
