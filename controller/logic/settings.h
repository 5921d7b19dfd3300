/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Settings: what holds of what cloudied.yaml says and what documents say in its place. */

#include "controller/logic/logic.h"
#include "lib/node/setting.h"

/* What cloudied.yaml says; before logic_load(). 0; -E2BIG: @kernel_arguments are too long. */
int settings_configure(struct logic *logic, const struct queue_limits *limits,
                       const char *kernel_arguments);

/* After a document of kind setting was written, read or deleted: the next decision obeys it. */
void settings_apply(struct logic *logic);
