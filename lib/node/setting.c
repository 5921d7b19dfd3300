/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/node/setting.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/node/reading.h"

#define SETTING_NAMES "install_limit, link_mbit, install_mbit or kernel_arguments"

const struct setting_row setting_rows[SETTING_COUNT] = {
        [SETTING_INSTALL_LIMIT] = {"install_limit",    SETTING_INSTALL_LIMIT_MAX},
        [SETTING_LINK_MBIT] = {"link_mbit",        SETTING_LINK_MBIT_MAX    },
        [SETTING_INSTALL_MBIT] = {"install_mbit",     SETTING_LINK_MBIT_MAX    },
        [SETTING_KERNEL_ARGUMENTS] = {"kernel_arguments", 0                        },
};

static unsigned find(const char *name)
{
        unsigned id = 0;

        while (id < SETTING_COUNT && !text_is_equal(setting_rows[id].name, name))
                id++;
        return id;
}

static bool is_name(const char *name)
{
        return find(name) < SETTING_COUNT;
}

static int take_number(const struct reading *r, const char *key, const struct doc *value,
                       uint32_t max, uint32_t *ret)
{
        if (!doc_is_number(value) || doc_number(value) < 1 || doc_number(value) > (int64_t)max)
                return reading_fail(r, "'%s' must be a number from 1 to %u", key, max);
        *ret = (uint32_t)doc_number(value);
        return 0;
}

static int take_arguments(const struct reading *r, const char *key, const struct doc *value,
                          struct setting *to)
{
        struct boot_plan plan = {.action = BOOT_DISK};

        if (doc_is_text(value) && doc_text(value)[0] == '\0')
                return 0; /* none, whatever cloudied.yaml says */
        if (reading_text(r, key, value, to->text, sizeof(to->text)) < 0)
                return -EBADMSG;
        memcpy(plan.kernel_arguments, to->text, sizeof(plan.kernel_arguments));
        if (boot_plan_check(&plan) < 0)
                return reading_fail(
                        r, "'%s' holds a character that could not stand in a boot script", key);
        return 0;
}

static int take_value(struct reading *r, const char *key, const struct doc *value)
{
        struct setting *to = r->to;
        const unsigned id = find(r->name);

        if (id >= SETTING_COUNT)
                return -EBADMSG;
        to->id = (enum setting_id)id;
        return setting_rows[id].max > 0
                       ? take_number(r, key, value, setting_rows[id].max, &to->number)
                       : take_arguments(r, key, value, to);
}

static const struct reading_key setting_keys[] = {
        {"value", take_value},
        {NULL,    NULL      },
};

int setting_decode(const struct doc *document, char *error, struct setting *ret)
{
        struct setting setting = {.id = SETTING_COUNT};
        struct reading r = {.kind = "setting", .to = &setting, .error = error};
        int rc;

        rc = reading_document(&r, is_name, SETTING_NAMES, setting_keys, document);
        if (rc < 0)
                return rc;
        r.place[0] = '\0';
        if (setting.id == SETTING_COUNT)
                return reading_fail(&r, "spec: 'value' is missing");
        *ret = setting;
        return 0;
}
