/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/text.h"
#include "lib/node/why.h"

#define START_MS UINT64_C(1795271947000)
#define LATER_S  UINT64_C(3600)

/* An event of a timeline, short: seconds since START_MS. */
struct row {
        unsigned at_s;
        enum node_step step;
        const char *text;
        enum node_step of;
        uint64_t bytes, total;
};
#define ROWS_MAX 40
#define E(seconds, what, says, ...)                                                                \
        {                                                                                          \
                .at_s = (seconds), .step = (what), .text = (says), ##__VA_ARGS__                   \
        }

/* As virtual machines left them. */
#define BIOS_ASKS                                                                                  \
        E(0, STEP_DHCP_DISCOVER, "PXEClient:Arch:00000:UNDI:002001"),                              \
                E(0, STEP_DHCP_OFFER, "BIOS: undionly.kpxe"),                                      \
                E(1, STEP_DHCP_ACK, "BIOS: undionly.kpxe")
static const struct row bios[] = {
        BIOS_ASKS,
        E(2, STEP_LOADER, "undionly.kpxe by tftp", .bytes = 74213),
        E(3, STEP_DHCP_DISCOVER, "iPXE, PXEClient:Arch:00000:UNDI:002001"),
        E(3, STEP_DHCP_OFFER, "iPXE runs: its script"),
        E(3, STEP_DHCP_ACK, "iPXE runs: its script"),
        E(3, STEP_PLAN, "discover: a machine that was never seen"),
        E(3, STEP_SCRIPT, "discover by http: never seen", .bytes = 656),
        E(4, STEP_KERNEL, "vmlinuz by http", .bytes = 8247232),
        E(4, STEP_RAMDISK, "discovery.initrd by http", .bytes = 9623559),
        E(5, STEP_SITE, "site.cpio by http", .bytes = 2048),
        E(20, STEP_DHCP_OFFER, "the agent's own"),
        E(20, STEP_DHCP_ACK, "the agent's own"),
        E(28, STEP_CLAIM, ""),
        E(28, STEP_AGENT, "cloudie-agent 0.1.0"),
        E(31, STEP_STAGE_TWO, "6.1.0-56-amd64"),
        E(35, STEP_DISCOVERED, "lab-0001"),
        E(35, STEP_HELD, "no rule takes it"),
        E(35, STEP_INVENTORY, "cloudie-discover", .bytes = 4300),
};

#define UEFI_LOADS                                                                                 \
        E(0, STEP_DHCP_DISCOVER, "PXEClient:Arch:00007:UNDI:003016"),                              \
                E(0, STEP_DHCP_OFFER, "UEFI: shimx64.efi"), E(1, STEP_DHCP_ACK, "UEFI"),           \
                E(2, STEP_LOADER, "shimx64.efi by tftp"),                                          \
                E(3, STEP_LOADER, "grubx64.efi by tftp"),                                          \
                E(4, STEP_SCRIPT, "discover by tftp, GRUB: never seen")

#define HTTP_ASKS                                                                                  \
        E(0, STEP_DHCP_DISCOVER, "UEFI HTTP Boot: the boot image"),                                \
                E(0, STEP_DHCP_OFFER, "UEFI HTTP Boot: the boot image"),                           \
                E(1, STEP_DHCP_ACK, "UEFI HTTP Boot: the boot image"),                             \
                E(2, STEP_SCRIPT, "discover by http, GRUB: never seen")
#define HTTP_WAITS                                                                                 \
        E(0, STEP_DHCP_DISCOVER, "UEFI HTTP Boot: the boot image"),                                \
                E(0, STEP_DHCP_OFFER, "UEFI HTTP Boot: the boot image"),                           \
                E(1, STEP_DHCP_ACK, "UEFI HTTP Boot: the boot image"),                             \
                E(2, STEP_SCRIPT, "ask-again by http, GRUB: no answer of the controller yet")

static void fill(const struct row *rows, size_t count, struct node_event to[static ROWS_MAX])
{
        assert_true(count <= ROWS_MAX);
        for (size_t i = 0; i < count; i++) {
                to[i] = (struct node_event){.id = i + 1,
                                            .at_ms = START_MS + 1000ULL * rows[i].at_s,
                                            .step = rows[i].step,
                                            .of = rows[i].of,
                                            .bytes = rows[i].bytes,
                                            .total = rows[i].total,
                                            .by = "edge"};
                (void)text_copy(to[i].text, sizeof(to[i].text), rows[i].text);
        }
}

/* What holds of every answer. */
static void check(const struct why *why)
{
        assert_true(strlen(why->sentence) > 10);
        assert_int_equal(why->wrong, why->cause != CAUSE_NONE);
        assert_true(!why->wrong || why->hint[0]);
        assert_true(why->evidence_count <= WHY_EVIDENCE_MAX);
        for (size_t i = 1; i < why->evidence_count; i++)
                assert_true(why->evidence[i].id > why->evidence[i - 1].id);
}

static void find(const struct row *rows, size_t count, uint64_t now_s, const struct why_facts *more,
                 struct why *ret)
{
        static struct node_event events[ROWS_MAX];
        struct why_facts facts = *more;

        fill(rows, count, events);
        facts.events = events;
        facts.event_count = count;
        facts.now_ms = START_MS + 1000 * now_s;
        why_find(&facts, ret);
        check(ret);
}

/* A boot that ends after so many of its events: each end has its cause. */
static void test_each_end_of_a_boot(void **state)
{
        static const enum node_cause causes[] = {
                CAUSE_NEVER_HEARD,      CAUSE_OFFER_ABSENT,     CAUSE_OFFER_IGNORED,
                CAUSE_LOADER_ABSENT,    CAUSE_SCRIPT_ABSENT,    CAUSE_SCRIPT_ABSENT,
                CAUSE_SCRIPT_ABSENT,    CAUSE_SCRIPT_ABSENT,    CAUSE_SCRIPT_ABSENT,
                CAUSE_KERNEL_ABSENT,    CAUSE_KERNEL_ABSENT,    CAUSE_KERNEL_ABSENT,
                CAUSE_KERNEL_SILENT,    CAUSE_KERNEL_SILENT,    CAUSE_CLAIM_ABSENT,
                CAUSE_INVENTORY_ABSENT, CAUSE_INVENTORY_ABSENT, CAUSE_INVENTORY_ABSENT,
                CAUSE_INVENTORY_ABSENT, CAUSE_INVENTORY_ABSENT, CAUSE_NONE,
        };
        const struct why_facts stranger = {0};
        struct why why;

        (void)state;
        assert_int_equal(sizeof(causes) / sizeof(causes[0]), sizeof(bios) / sizeof(bios[0]) + 1);
        for (size_t n = 0; n < sizeof(causes) / sizeof(causes[0]); n++) {
                find(bios, n, LATER_S, &stranger, &why);
                assert_string_equal(node_causes[why.cause].name, node_causes[causes[n]].name);
                /* As long as it may still come, nothing is wrong. */
                if (n == 0)
                        continue;
                find(bios, n, bios[n - 1].at_s, &stranger, &why);
                assert_int_equal(why.cause, CAUSE_NONE);
                assert_true(why.evidence_count > 0);
        }
}

static const struct {
        struct row rows[14];
        size_t count;
        unsigned now_s;
        enum node_cause cause;
        const char *says;
} stops[] = {
  /* clang-format off */
        {{E(0, STEP_STRANGER, "BIOS in 10.77.0.0/24")}, 1, 1, CAUSE_STRANGER, "only lists"},
        /* A virtual machine of 256 MB. */
        {{UEFI_LOADS,
          E(8, STEP_KERNEL, "vmlinuz by tftp", .bytes = 8247232)},
         7, 36, CAUSE_NONE, "fetched the kernel 28 s ago"},
        {{UEFI_LOADS,
          E(8, STEP_KERNEL, "vmlinuz by tftp", .bytes = 8247232),
          E(36, STEP_SCRIPT, "discover by tftp, GRUB: never seen"),
          E(38, STEP_KERNEL, "vmlinuz by tftp", .bytes = 8247232)},
         9, 40, CAUSE_LOADER_MEMORY, "the kernel and not the ramdisk"},
        {{UEFI_LOADS,
          E(8, STEP_KERNEL, "vmlinuz by tftp"),
          E(9, STEP_STOPPED, "discovery.initrd by tftp", .of = STEP_RAMDISK, .total = 9623559),
          E(36, STEP_SCRIPT, "discover by tftp, GRUB: never seen")},
         9, 40, CAUSE_LOADER_MEMORY, "the kernel and not the ramdisk"},
        {{BIOS_ASKS,
          E(3, STEP_SCRIPT, "install by http: an install"), E(5, STEP_KERNEL, "vmlinuz"),
          E(6, STEP_RAMDISK, "discovery.initrd"), E(7, STEP_SITE, "site.cpio"),
          E(12, STEP_SCRIPT, "install by http: an install")},
         8, 12, CAUSE_LOADER_FAILED, "kernel and ramdisk"},
        {{UEFI_LOADS,
          E(5, STEP_KERNEL, "vmlinuz by tftp"),
          E(6, STEP_STOPPED, "discovery.initrd by tftp", .of = STEP_RAMDISK, .bytes = 5000, .total = 9623559),
          E(8, STEP_RAMDISK, "discovery.initrd by tftp")},
         9, 10, CAUSE_NONE, "fetched the ramdisk 2 s ago"},
        {{BIOS_ASKS,
          E(3, STEP_SCRIPT, "install by http: an install"),
          E(5, STEP_KERNEL, "vmlinuz by http"),
          E(6, STEP_STOPPED, "discovery.initrd by http", .of = STEP_RAMDISK, .bytes = 4194304, .total = 9623559)},
         6, 7, CAUSE_FETCH_STOPPED, "4.0 MiB of 9.2 MiB"},
        /* The boot image of UEFI HTTP Boot: all of it, in part, and then all of it. */
        {{HTTP_ASKS, E(9, STEP_LOADER, "boot.img by http"), E(9, STEP_SITE, "site.cpio by http")},
         6, 20, CAUSE_NONE, "11 s ago"},
        {{HTTP_ASKS, E(9, STEP_LOADER, "boot.img by http"), E(9, STEP_SITE, "site.cpio by http")},
         6, LATER_S, CAUSE_KERNEL_SILENT, ""},
        {{HTTP_ASKS,
          E(9, STEP_STOPPED, "boot.img by http", .of = STEP_SITE, .bytes = 4194304, .total = 25616384)},
         5, 10, CAUSE_FETCH_STOPPED, "4.0 MiB of 24.4 MiB"},
        {{HTTP_ASKS,
          E(9, STEP_STOPPED, "boot.img by http", .of = STEP_SITE, .bytes = 4194304, .total = 25616384),
          E(12, STEP_LOADER, "boot.img by http"), E(12, STEP_SITE, "site.cpio by http")},
         7, 20, CAUSE_NONE, "8 s ago"},
        {{BIOS_ASKS, E(3, STEP_SCRIPT, "ask-again by http: no answer of the controller yet")},
         4, 4, CAUSE_CONTROLLER_AWAY, "asks again"},
        /* In an image it asks by a restart, which takes a server minutes. */
        {{HTTP_WAITS, E(9, STEP_LOADER, "boot.img by http")}, 5, 200, CAUSE_CONTROLLER_AWAY, "restart"},
        {{HTTP_WAITS, E(9, STEP_LOADER, "boot.img by http")}, 5, LATER_S, CAUSE_SCRIPT_ABSENT, ""},
        {{BIOS_ASKS, E(3, STEP_SCRIPT, "ask-again by http: no answer of the controller yet"),
          E(8, STEP_SCRIPT, "discover by http: never seen")},
         5, 9, CAUSE_NONE, "it boots"},
        {{BIOS_ASKS, E(3, STEP_SCRIPT, "disk by http: deployed")}, 4, LATER_S, CAUSE_NONE, ""},
        /* It is asked for again where it did not start: for as long as a disk needs to answer. */
        {{UEFI_LOADS, E(5, STEP_SCRIPT, "disk by tftp, GRUB: deployed"),
          E(20, STEP_SCRIPT, "disk by tftp, GRUB: deployed")}, 8, LATER_S, CAUSE_NONE, ""},
        {{UEFI_LOADS, E(5, STEP_SCRIPT, "disk by tftp, GRUB: deployed"),
          E(36, STEP_SCRIPT, "disk by tftp, GRUB: deployed")}, 8, 37, CAUSE_DISK_SILENT, "came back"},
        {{UEFI_LOADS, E(5, STEP_SCRIPT, "disk by tftp, GRUB: deployed"),
          E(36, STEP_SCRIPT, "disk by tftp, GRUB: deployed"),
          E(66, STEP_SCRIPT, "disk by tftp, GRUB: deployed"), E(90, STEP_PHONE_HOME, "")},
         10, 99, CAUSE_NONE, ""},
        {{UEFI_LOADS, E(5, STEP_SCRIPT, "disk by tftp, GRUB: deployed"),
          E(36, STEP_SCRIPT, "disk by tftp, GRUB: deployed"),
          E(41, STEP_SCRIPT, "discover by tftp, GRUB: released")}, 9, 42, CAUSE_NONE, "it boots"},
        {{E(0, STEP_DHCP_DISCOVER, "PXEClient"), E(0, STEP_DHCP_NAK, ""),
          E(4, STEP_DHCP_DISCOVER, "PXEClient"), E(4, STEP_DHCP_NAK, "")},
         4, 40, CAUSE_ADDRESS_REFUSED, "not its own"},
        /* It asks without end: the time counts from the first. */
        {{E(0, STEP_DHCP_DISCOVER, "PXEClient"), E(0, STEP_DHCP_OFFER, ""),
          E(16, STEP_DHCP_DISCOVER, "PXEClient"), E(16, STEP_DHCP_OFFER, ""),
          E(32, STEP_DHCP_DISCOVER, "PXEClient")},
         5, 33, CAUSE_OFFER_IGNORED, "did not take it"},
        /* A machine that starts anew every minute is not well. */
        {{BIOS_ASKS,
          E(3, STEP_SCRIPT, "discover by http: never seen"), E(5, STEP_KERNEL, "vmlinuz"),
          E(6, STEP_RAMDISK, "discovery.initrd"), E(7, STEP_SITE, "site.cpio"),
          E(70, STEP_DHCP_DISCOVER, "PXEClient"), E(70, STEP_DHCP_OFFER, "")},
         9, 71, CAUSE_KERNEL_SILENT, "not heard of since"},
        {{BIOS_ASKS,
          E(3, STEP_SCRIPT, "discover by http: never seen"), E(5, STEP_SITE, "site.cpio"),
          E(20, STEP_REFUSED, "the number is older than 10 minutes", .of = STEP_CLAIM)},
         6, 21, CAUSE_CLAIM_REFUSED, "older than 10 minutes"},
        {{BIOS_ASKS, E(5, STEP_SITE, ""), E(9, STEP_CLAIM, ""),
          E(20, STEP_REFUSED, "no such boot number", .of = STEP_CLAIM)},
         6, 21, CAUSE_NONE, "claimed its boot number"},
        {{BIOS_ASKS, E(5, STEP_SITE, ""), E(9, STEP_CLAIM, ""),
          E(12, STEP_FAILED, "stage two does not verify")},
         6, 80, CAUSE_AGENT_FAILED, "stage two does not verify"},
  /* clang-format on */
};

static void test_boots_that_stop(void **state)
{
        const struct why_facts stranger = {0};
        struct why why;

        (void)state;
        for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
                find(stops[i].rows, stops[i].count, stops[i].now_s, &stranger, &why);
                assert_string_equal(node_causes[why.cause].name, node_causes[stops[i].cause].name);
                if (!strstr(why.sentence, stops[i].says))
                        fail_msg("case %zu: '%s' lacks '%s'", i, why.sentence, stops[i].says);
        }
}

/* The controller was away: the edge delivers how the boot began after the claim is there. */
static void test_late_events(void **state)
{
        static struct node_event events[ROWS_MAX];
        static const size_t order[] = {14, 18, 19, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
        static const size_t count = sizeof(order) / sizeof(order[0]);
        struct node_event late[ROWS_MAX];
        struct why_facts facts = {
                .now_ms = START_MS + 1000 * LATER_S, .events = late, .event_count = count};
        struct why why;

        (void)state;
        fill(bios, sizeof(bios) / sizeof(bios[0]), events);
        for (size_t i = 0; i < count; i++) {
                late[i] = events[order[i]];
                late[i].id = i + 1;
                if (late[i].step >= STEP_PLAN)
                        (void)text_copy(late[i].boot, sizeof(late[i].boot), "55bdb737cbd83a9d");
        }
        why_find(&facts, &why);
        check(&why);
        assert_int_equal(why.cause, CAUSE_NONE);
}

static void test_states_of_a_node(void **state)
{
        static const struct {
                struct operation operation;
                enum node_phase phase;
                enum node_cause cause;
                const char *conflict, *says;
                size_t events; /* of "bios" */
        } cases[] = {
  /* clang-format off */
                {{0}, PHASE_DISCOVERED, CAUSE_NONE, NULL, "waits for an operator", 20},
                {{0}, PHASE_READY, CAUSE_NONE, NULL, "ready", 0},
                {{0}, PHASE_DEPLOYED, CAUSE_NONE, NULL, "deployed", 20},
                {{0}, PHASE_READY, CAUSE_CONFLICT, "two keys claimed one boot number", "two keys", 20},
                {{.state = OPERATION_FAILED, .step = INSTALL_WRITE, .cause = CAUSE_DISK_FAILED,
                  .evidence = "I/O error"}, PHASE_READY, CAUSE_DISK_FAILED, NULL, "I/O error", 20},
                {{.state = OPERATION_ABORTED, .cause = CAUSE_ABORTED}, PHASE_READY, CAUSE_NONE, NULL, "ready", 20},
                {{.state = OPERATION_RUNNING, .step = INSTALL_WRITE, .deadline_ms = UINT64_MAX},
                 PHASE_READY, CAUSE_NONE, NULL, "writes the image", 20},
                {{.state = OPERATION_RUNNING, .step = INSTALL_WRITE, .deadline_ms = START_MS},
                 PHASE_READY, CAUSE_AGENT_SILENT, NULL, "deadline", 20},
                {{.state = OPERATION_RUNNING, .step = INSTALL_PHONE_HOME, .deadline_ms = START_MS,
                  .step_started_ms = START_MS + 1}, PHASE_READY, CAUSE_PHONE_HOME_ABSENT, NULL, "does not call", 9},
                {{.state = OPERATION_RUNNING, .step = INSTALL_AGENT, .deadline_ms = UINT64_MAX},
                 PHASE_READY, CAUSE_NONE, NULL, "waits for the machine", 0},
                /* It waits for a machine, and the machine's boot says why it does not come. */
                {{.state = OPERATION_RUNNING, .step = INSTALL_AGENT, .deadline_ms = UINT64_MAX},
                 PHASE_READY, CAUSE_KERNEL_SILENT, NULL, "kernel", 12},
                {{.state = OPERATION_FAILED, .step = INSTALL_AGENT, .cause = CAUSE_AGENT_ABSENT},
                 PHASE_READY, CAUSE_KERNEL_SILENT, NULL, "kernel", 12},
                {{.state = OPERATION_FAILED, .step = INSTALL_AGENT, .cause = CAUSE_AGENT_ABSENT},
                 PHASE_READY, CAUSE_AGENT_ABSENT, NULL, "no agent", 0},
  /* clang-format on */
        };
        struct why why;

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const struct why_facts facts = {.name = "lab-0001",
                                                .phase = cases[i].phase,
                                                .conflict = cases[i].conflict,
                                                .operation = &cases[i].operation};

                find(bios, cases[i].events, LATER_S, &facts, &why);
                if (why.cause != cases[i].cause || !strstr(why.sentence, cases[i].says))
                        fail_msg("case %zu: %s, '%s' lacks '%s'", i, node_causes[why.cause].name,
                                 why.sentence, cases[i].says);
        }
}

static void test_other_conditions(void **state)
{
        const struct why_facts degraded = {
                .name = "lab-0001", .phase = PHASE_DEPLOYED, .degraded = "silent for 5 minutes"};
        const struct why_facts held = {.name = "lab-0001", .phase = PHASE_DISCOVERED};
        static const struct row disk[] = {BIOS_ASKS, E(3, STEP_SCRIPT, "disk by http: held")};
        struct why why;

        (void)state;
        find(bios, sizeof(bios) / sizeof(bios[0]), LATER_S, &degraded, &why);
        assert_int_equal(why.cause, CAUSE_DEGRADED);
        assert_non_null(strstr(why.sentence, "silent for 5 minutes"));
        find(disk, sizeof(disk) / sizeof(disk[0]), LATER_S, &held, &why);
        assert_int_equal(why.cause, CAUSE_NONE);
        assert_non_null(strstr(why.sentence, "the system on its disk"));
}

/* Somebody skipped the boot from the network, or another server was faster: it runs all the same.
 */
static void test_heard_since(void **state)
{
        struct why_facts facts = {.name = "lab-0001", .phase = PHASE_DEPLOYED};
        static const struct row skipped[] = {BIOS_ASKS, E(300, STEP_HEALTH, "degraded: no beat")};
        struct why why;

        (void)state;
        facts.heard_ms = START_MS + 30000;
        find(skipped, 3, LATER_S, &facts, &why);
        assert_int_equal(why.cause, CAUSE_NONE);
        assert_non_null(strstr(why.sentence, "deployed"));
        find(skipped, 3, 40, &facts, &why);
        assert_non_null(strstr(why.sentence, "deployed"));
        /* What it said before that boot says nothing of it. */
        facts.heard_ms = START_MS + 1000;
        find(skipped, 3, LATER_S, &facts, &why);
        assert_int_equal(why.cause, CAUSE_LOADER_ABSENT);
        facts.heard_ms = START_MS + 30000;
        facts.degraded = "no beat";
        find(skipped, 4, LATER_S, &facts, &why);
        assert_int_equal(why.cause, CAUSE_DEGRADED);
}

/* That an install began is no sign of the machine, and its boot of yesterday not of this one. */
static void test_an_old_boot(void **state)
{
        static const struct row rows[] = {BIOS_ASKS, E(1000, STEP_OPERATION, "install: begun")};
        const struct operation operation = {.state = OPERATION_RUNNING,
                                            .step = INSTALL_AGENT,
                                            .started_ms = START_MS + 1000000,
                                            .deadline_ms = UINT64_MAX};
        const struct why_facts facts = {
                .name = "lab-0001", .phase = PHASE_READY, .operation = &operation};
        struct why why;

        (void)state;
        find(rows, 4, 1200, &facts, &why);
        assert_int_equal(why.cause, CAUSE_NONE);
        assert_non_null(strstr(why.hint, "power it on"));
}

/* Whatever happened, in whatever order: a sentence, and with a cause what to do. */
static void test_any_events(void **state)
{
        static const char *const texts[] = {"",          "iPXE, x",         "disk by http",
                                            "ask-again", "the agent's own", "grubx64.efi"};
        static struct node_event events[ROWS_MAX];
        uint32_t random = 1;
        struct why why;

        (void)state;
        for (unsigned n = 0; n < 20000; n++) {
                struct operation operation = {.deadline_ms = START_MS};
                struct why_facts facts = {.now_ms = START_MS + UINT64_C(1000) * (n % 200),
                                          .events = events};

                for (size_t i = 0; i < ROWS_MAX; i++) {
                        random = random * 1664525 + 1013904223;
                        events[i] = (struct node_event){
                                .id = i + 1,
                                .at_ms = START_MS + UINT64_C(1000) * ((random >> 8) % 100),
                                .step = (random >> 16) % STEP_COUNT,
                                .of = (random >> 20) % STEP_COUNT};
                        (void)text_copy(events[i].text, sizeof(events[i].text),
                                        texts[(random >> 12) % 6]);
                        if (random >> 31)
                                (void)text_copy(events[i].boot, sizeof(events[i].boot),
                                                "55bdb737cbd83a9d");
                }
                facts.event_count = random % (ROWS_MAX + 1);
                facts.name = n % 3 ? "lab-0001" : NULL;
                facts.phase = n % PHASE_COUNT;
                facts.operation = n % 2 ? &operation : NULL;
                operation.state = (random >> 10) % OPERATION_STATE_COUNT;
                operation.step = (random >> 13) % OPERATION_STEP_COUNT;
                if (operation.state == OPERATION_FAILED || operation.state == OPERATION_ABORTED)
                        operation.cause = 1 + (random >> 16) % (CAUSE_COUNT - 1);
                why_find(&facts, &why);
                check(&why);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_end_of_a_boot), cmocka_unit_test(test_boots_that_stop),
                cmocka_unit_test(test_late_events),        cmocka_unit_test(test_states_of_a_node),
                cmocka_unit_test(test_other_conditions),   cmocka_unit_test(test_heard_since),
                cmocka_unit_test(test_an_old_boot),        cmocka_unit_test(test_any_events),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
