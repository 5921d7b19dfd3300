/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is read and found good, says the same when it is written and read again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/node/install.h"
#include "lib/node/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int check_boot(const void *plan)
{
        return boot_plan_check(plan);
}

static int check_install(const void *plan)
{
        char error[DOC_ERROR_SIZE];

        return install_plan_check(plan, error);
}

static void round_trip(const struct doc_table *table, int (*check)(const void *plan),
                       const struct doc *object)
{
        union {
                struct boot_plan boot;
                struct install_plan install;
        } plan, again;
        char error[DOC_ERROR_SIZE];
        struct doc *written;

        memset(&plan, 0, sizeof(plan));
        memset(&again, 0, sizeof(again));
        if (doc_decode(table, object, error, &plan) < 0 || check(&plan) < 0)
                return;
        written = doc_encode(table, &plan);
        /* A number above INT64_MAX is read from no text, and so always written. */
        if (!written || doc_decode(table, written, error, &again) < 0 || check(&again) < 0 ||
            memcmp(&plan, &again, table->struct_size) != 0)
                abort();
        doc_free(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct doc *object = NULL;

        if (doc_parse((const char *)data, size, &doc_limits_message, NULL, &object) < 0)
                return 0;
        round_trip(&boot_plan_table, check_boot, object);
        round_trip(&install_plan_table, check_install, object);
        doc_free(object);
        return 0;
}
