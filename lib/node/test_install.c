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

#include "lib/node/install.h"

#define SECRET "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct install_plan a_plan(void)
{
        return (struct install_plan){
                .generation = 4,
                .operation = 7,
                .node = "lab-0001",
                .disk = {"nvme0n1", "NVME-0001", "", "QEMU", 2147483648},
                .may_overwrite = true,
                .image = "worker",
                .image_id = "0123456789abcdef0123456789abcdef",
                .image_size = 84934656,
                .wipe = true,
                .boot = true,
                .hostname = "lab-0001",
                .secret = SECRET,
        };
}

/* @with: size bytes that are all zero before. */
static void check_round_trip(const struct doc_table *table, const void *from, void *to)
{
        struct doc *object = doc_encode(table, from);
        char error[DOC_ERROR_SIZE] = "";

        assert_non_null(object);
        memset(to, 0, table->struct_size);
        if (doc_decode(table, object, error, to) < 0)
                fail_msg("%s", error);
        assert_memory_equal(from, to, table->struct_size);
        doc_free(object);
}

static void test_round_trips(void **state)
{
        const struct install_plan plan = a_plan();
        const struct install_progress progress = {
                .generation = 4,
                .step = INSTALL_WRITE,
                .state = PROGRESS_FAILED,
                .done = 5,
                .total = 9,
                .took_ms = 3,
                .cause = CAUSE_IMAGE_FRAME,
                .text = "frame 3",
        };
        static struct worker_seed seed = {
                .generation = 4,
                .node = "lab-0001",
                .secret = SECRET,
                .controllers = {"https://10.77.0.1:8443", "https://10.77.0.2:8443"},
                .controller_count = 2,
                .ca = "-----BEGIN CERTIFICATE-----\n",
        };
        static struct worker_seed seed_again;
        struct install_plan plan_again;
        struct install_progress progress_again;

        (void)state;
        check_round_trip(&install_plan_table, &plan, &plan_again);
        check_round_trip(&install_progress_table, &progress, &progress_again);
        check_round_trip(&worker_seed_table, &seed, &seed_again);
}

/* Whatever is left out of a message that must be there is named. */
static void check_required(const struct doc_table *table, const void *from, void *scratch)
{
        size_t required = 0;

        for (size_t i = 0; i < table->count; i++) {
                struct doc *object;
                char error[DOC_ERROR_SIZE] = "";

                if (!(table->fields[i].flags & DOC_REQUIRED))
                        continue;
                object = doc_encode(table, from);
                assert_int_equal(doc_remove(object, table->fields[i].name), 0);
                memset(scratch, 0, table->struct_size);
                assert_int_equal(doc_decode(table, object, error, scratch), -EBADMSG);
                assert_non_null(strstr(error, table->fields[i].name));
                required++;
                doc_free(object);
        }
        assert_true(required >= 2);
}

static void test_what_is_needed_is_asked_for(void **state)
{
        const struct install_plan plan = a_plan();
        const struct install_progress progress = {.step = INSTALL_SEED, .state = PROGRESS_DONE};
        struct install_plan plan_again;
        struct install_progress progress_again;

        (void)state;
        check_required(&install_plan_table, &plan, &plan_again);
        check_required(&install_progress_table, &progress, &progress_again);
}

static void spoil_id(struct install_plan *plan)
{
        plan->image_id[3] = 'G';
}
static void spoil_id_short(struct install_plan *plan)
{
        plan->image_id[31] = '\0';
}
static void spoil_secret(struct install_plan *plan)
{
        plan->secret[63] = '\0';
}
static void spoil_hostname(struct install_plan *plan)
{
        plan->hostname[0] = '-';
}
static void spoil_node(struct install_plan *plan)
{
        plan->node[0] = '/';
}
static void spoil_disk(struct install_plan *plan)
{
        plan->disk.serial[0] = '\0';
}
static void spoil_size(struct install_plan *plan)
{
        plan->image_size = 0;
}

static void spoil_operation(struct install_plan *plan)
{
        plan->operation = 0;
}

static void spoil_image(struct install_plan *plan)
{
        plan->image[0] = '\0';
}

static void spoil_generation(struct install_plan *plan)
{
        plan->generation = 0;
}

static void test_plans_that_make_no_sense_are_refused(void **state)
{
        static const struct {
                void (*spoil)(struct install_plan *plan);
                const char *says;
        } cases[] = {
                {spoil_id,         "'image_id'"  },
                {spoil_id_short,   "'image_id'"  },
                {spoil_secret,     "'secret'"    },
                {spoil_hostname,   "'hostname'"  },
                {spoil_node,       "'node'"      },
                {spoil_disk,       "'disk'"      },
                {spoil_size,       "'image_size'"},
                {spoil_operation,  "'operation'" },
                {spoil_generation, "'generation'"},
                {spoil_image,      "'image'"     },
        };
        struct install_plan plan = a_plan();
        char error[DOC_ERROR_SIZE] = "";

        (void)state;
        assert_int_equal(install_plan_check(&plan, error), 0);
        assert_string_equal(error, "");
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                plan = a_plan();
                cases[i].spoil(&plan);
                assert_int_equal(install_plan_check(&plan, error), -EBADMSG);
                assert_int_equal(install_plan_check(&plan, NULL), -EBADMSG);
                if (!strstr(error, cases[i].says))
                        fail_msg("'%s' does not say %s", error, cases[i].says);
                assert_null(strstr(error, plan.secret)); /* a sentence goes into logs */
        }
        plan = a_plan();
        plan.disk.serial[0] = '\0';
        snprintf(plan.disk.wwn, sizeof(plan.disk.wwn), "eui.01");
        assert_int_equal(install_plan_check(&plan, error), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trips),
                cmocka_unit_test(test_what_is_needed_is_asked_for),
                cmocka_unit_test(test_plans_that_make_no_sense_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
