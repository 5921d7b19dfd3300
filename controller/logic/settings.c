/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/logic/settings.h"

#include <string.h>

#include "controller/logic/documents.h"
#include "lib/base/text.h"

int settings_configure(struct logic *logic, const struct queue_limits *limits,
                       const char *kernel_arguments)
{
        const int rc = text_copy(logic->configured.kernel_arguments,
                                 sizeof(logic->configured.kernel_arguments), kernel_arguments);

        if (rc < 0)
                return rc;
        logic->configured.limits = *limits;
        settings_apply(logic);
        return 0;
}

static void apply(struct logic *logic, const struct setting *setting)
{
        switch (setting->id) {
        case SETTING_INSTALL_LIMIT:
                logic->limits.installs = setting->number;
                break;
        case SETTING_LINK_MBIT:
                logic->limits.link_mbit = setting->number;
                break;
        case SETTING_INSTALL_MBIT:
                logic->limits.install_mbit = setting->number;
                break;
        case SETTING_KERNEL_ARGUMENTS:
                memcpy(logic->kernel_arguments, setting->text, sizeof(logic->kernel_arguments));
                break;
        case SETTING_COUNT:
                break;
        }
}

void settings_apply(struct logic *logic)
{
        size_t at = 0;
        void *value;

        logic->limits = logic->configured.limits;
        memcpy(logic->kernel_arguments, logic->configured.kernel_arguments,
               sizeof(logic->kernel_arguments));
        while (map_next(logic->documents[DOCUMENT_SETTING], &at, &value))
                apply(logic, ((const struct document *)value)->setting);
}
