/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Setting: what an operator may change of the controller while it runs. A document
 * {kind: setting, name, spec: {value}} takes the place of what cloudied.yaml says
 * under the same key, until it is deleted.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/node/plan.h"

#define SETTING_INSTALL_LIMIT_MAX 1000    /* more than that no controller was tried with */
#define SETTING_LINK_MBIT_MAX     1000000 /* 1 Tb/s */

enum setting_id {
        SETTING_INSTALL_LIMIT,
        SETTING_LINK_MBIT,
        SETTING_INSTALL_MBIT,
        SETTING_KERNEL_ARGUMENTS,
        SETTING_COUNT
};

struct setting_row {
        const char *name; /* as in cloudied.yaml */
        uint32_t max;     /* from 1 on; 0: it is a text */
};
extern const struct setting_row setting_rows[SETTING_COUNT];

struct setting {
        enum setting_id id;
        uint32_t number;
        char text[PLAN_ARGUMENTS_SIZE];
};

/**
 * setting_decode() - a document {kind: setting, name, labels?, spec: {value}}
 * @error:  DOC_ERROR_SIZE bytes, one sentence; may be NULL
 *
 * Return: 0, -EBADMSG.
 */
int setting_decode(const struct doc *document, char *error, struct setting *ret);
