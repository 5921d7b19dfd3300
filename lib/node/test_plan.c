/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/node/plan.h"

static void test_phase_decides(void **state)
{
        static const struct {
                struct plan_facts facts;
                enum boot_action action;
        } cases[] = {
                {{.is_known = false, .phase = PHASE_DEPLOYED},                                      BOOT_DISCOVER},
                {{.is_known = true, .phase = PHASE_DISCOVERED},                                     BOOT_DISCOVER},
                {{.is_known = true, .phase = PHASE_READY},                                          BOOT_DISCOVER},
                {{.is_known = true, .phase = PHASE_RESERVED},                                       BOOT_DISK    },
                {{.is_known = true, .phase = PHASE_DEPLOYED},                                       BOOT_DISK    },
                {{.is_known = true, .phase = PHASE_RETIRED},                                        BOOT_DISK    },
                {{.is_known = true, .phase = PHASE_READY, .is_in_conflict = true},                  BOOT_DISCOVER},
                {{.is_known = true, .phase = PHASE_DEPLOYED, .is_in_conflict = true},               BOOT_DISK    },
 /* Held, with a system of its own. */
                {{.is_known = true, .phase = PHASE_DISCOVERED, .system = "sda"},                    BOOT_DISK    },
                {{.is_known = true, .phase = PHASE_DISCOVERED, .system = ""},                       BOOT_DISCOVER},
                {{.is_known = true, .phase = PHASE_DISCOVERED, .system = "sda", .is_wanted = true},
                 BOOT_DISCOVER                                                                                   },
                {{.is_known = true,
                  .phase = PHASE_DISCOVERED,
                  .system = "sda",
                  .is_in_conflict = true},
                 BOOT_DISK                                                                                       },
                {{.is_known = true, .phase = PHASE_READY, .system = "sda"},                         BOOT_DISCOVER},
                {{.is_known = false, .system = "sda"},                                              BOOT_DISCOVER},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct plan_facts facts = cases[i].facts;
                struct boot_plan plan = {0};

                facts.kernel_arguments = "console=ttyS0";
                facts.esp.bytes[3] = 7;
                boot_plan_make(&facts, &plan);
                assert_int_equal(plan.action, cases[i].action);
                assert_true(strlen(plan.reason) > 10);
                assert_true(strlen(plan.reason) < PLAN_REASON_SIZE - 1); /* not cut */
                assert_string_equal(plan.kernel_arguments,
                                    plan.action == BOOT_DISCOVER ? "console=ttyS0" : "");
                assert_int_equal(plan.esp.bytes[3], plan.action == BOOT_DISK ? 7 : 0);
        }
}

/* An operation that runs comes before the phase; a conflict before both. A reserved machine, which
 * boots its disk, waits in the ramdisk for its turn. */
static void check_operations(enum node_phase phase, enum boot_action idle)
{
        for (unsigned i = 0; i < OPERATION_STEP_COUNT * OPERATION_STATE_COUNT * 2; i++) {
                const struct operation operation = {
                        .number = 7,
                        .kind = OPERATION_INSTALL,
                        .profile = "worker",
                        .step = i % OPERATION_STEP_COUNT,
                        .state = i / OPERATION_STEP_COUNT % OPERATION_STATE_COUNT,
                };
                const bool is_in_conflict = i >= OPERATION_STEP_COUNT * OPERATION_STATE_COUNT;
                const bool runs = operation.state == OPERATION_RUNNING;
                struct plan_facts facts = {.is_known = true,
                                           .phase = phase,
                                           .is_in_conflict = is_in_conflict,
                                           .operation = &operation,
                                           .kernel_arguments = "console=ttyS0"};
                struct boot_plan plan = {0};
                const bool is_busy = runs || operation.state == OPERATION_WAITING;
                enum boot_action action = is_busy ? BOOT_DISCOVER : idle;

                if (runs && !is_in_conflict)
                        action = operation.step == INSTALL_PHONE_HOME ? BOOT_DISK : BOOT_INSTALL;
                boot_plan_make(&facts, &plan);
                assert_int_equal(plan.action, action);
                assert_int_equal(boot_action_runs_agent(plan.action), action != BOOT_DISK);
                assert_string_equal(plan.kernel_arguments,
                                    action == BOOT_DISK ? "" : "console=ttyS0");
                assert_true(strlen(plan.reason) < PLAN_REASON_SIZE - 1);
                assert_int_equal(strstr(plan.reason, "operation 7") != NULL,
                                 runs && !is_in_conflict);
        }
}

static void test_an_operation_decides(void **state)
{
        (void)state;
        check_operations(PHASE_READY, BOOT_DISCOVER);
        check_operations(PHASE_RESERVED, BOOT_DISK);
}

static void test_the_longest_reason_fits(void **state)
{
        struct operation operation = {.number = UINT64_MAX, .state = OPERATION_RUNNING};
        const struct plan_facts facts = {.is_known = true, .operation = &operation};
        struct boot_plan plan = {0};

        (void)state;
        memset(operation.profile, 'p', sizeof(operation.profile) - 1);
        boot_plan_make(&facts, &plan);
        assert_non_null(strstr(plan.reason, operation.profile));
        assert_true(strlen(plan.reason) < PLAN_REASON_SIZE - 1);
}

static void test_nothing_that_means_something_to_a_script_gets_through(void **state)
{
        struct boot_plan plan = {.action = BOOT_DISCOVER,
                                 .boot = "0123456789abcdef",
                                 .kernel_arguments = "console=ttyS0,115200n8 root=/dev/nvme0n1p2"};

        (void)state;
        assert_int_equal(boot_plan_check(&plan), 0);
        for (int c = 1; c < 256; c++) {
                const int ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                               (c >= '0' && c <= '9') || strchr(" =,.:/_-+@%", c) != NULL;

                plan.kernel_arguments[0] = (char)c;
                assert_int_equal(boot_plan_check(&plan), ok ? 0 : -EINVAL);
        }
        plan.kernel_arguments[0] = 'a';

        plan.action = BOOT_INSTALL; /* has a number as BOOT_DISCOVER has */
        assert_int_equal(boot_plan_check(&plan), 0);
        snprintf(plan.boot, sizeof(plan.boot), "0123456789abcde;");
        assert_int_equal(boot_plan_check(&plan), -EINVAL);
        snprintf(plan.boot, sizeof(plan.boot), "0123");
        assert_int_equal(boot_plan_check(&plan), -EINVAL);
        plan.action = BOOT_DISK; /* needs no number */
        plan.boot[0] = '\0';
        assert_int_equal(boot_plan_check(&plan), 0);
}

static void test_messages_round_trip(void **state)
{
        struct plan_request request = {.mac = {{0x52, 0x54, 0, 0x77, 0, 1}}, .is_ipxe = true},
                            again = {0};
        struct boot_plan plan = {.action = BOOT_DISK, .node = "a", .reason = "b"}, plan_again = {0};
        struct doc *object;

        (void)state;
        assert_int_equal(ip_parse("10.77.0.100", &request.address), 0);
        object = doc_encode(&plan_request_table, &request);
        assert_non_null(object);
        assert_non_null(doc_get(object, "architecture")); /* zero means BIOS: it is always said */
        assert_int_equal(doc_decode(&plan_request_table, object, NULL, &again), 0);
        assert_memory_equal(&request.mac, &again.mac, sizeof(request.mac));
        assert_true(ip_is_equal(request.address, again.address));
        assert_true(again.is_ipxe);
        doc_free(object);

        object = doc_encode(&boot_plan_table, &plan);
        assert_int_equal(doc_decode(&boot_plan_table, object, NULL, &plan_again), 0);
        assert_int_equal(plan_again.action, BOOT_DISK);
        assert_string_equal(plan_again.node, "a");
        doc_free(object);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_phase_decides),
                cmocka_unit_test(test_an_operation_decides),
                cmocka_unit_test(test_the_longest_reason_fits),
                cmocka_unit_test(test_nothing_that_means_something_to_a_script_gets_through),
                cmocka_unit_test(test_messages_round_trip),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
