/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is understood lies within what its row allows, and can stand in a boot script. */
#include <stdlib.h>
#include <string.h>

#include "lib/node/setting.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct boot_plan plan = {.action = BOOT_DISK};
        _doc_ struct doc *document = NULL;
        struct setting setting;

        if (doc_parse((const char *)data, size, &doc_limits_message, NULL, &document) < 0 ||
            setting_decode(document, NULL, &setting) < 0)
                return 0;
        if (setting.id >= SETTING_COUNT || setting.number > setting_rows[setting.id].max)
                abort();
        memcpy(plan.kernel_arguments, setting.text, sizeof(plan.kernel_arguments));
        if (boot_plan_check(&plan) < 0)
                abort();
        return 0;
}
