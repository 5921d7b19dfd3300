/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Gone: the last versions of what was deleted, so that what gets its name counts
 * on, and a version always means one text.
 */

#include "controller/logic/logic.h"

#define GONE_MAX                                                                                   \
        200000 /* as many names; of what is deleted beyond them numbers begin at 1 again           \
                */

void gone_note(struct logic *logic, const char *kind, const char *name, uint64_t version);
uint64_t gone_version(const struct logic *logic, const char *kind, const char *name); /* 0: none */
uint64_t gone_take(struct logic *logic, const char *kind, const char *name); /* and forgets it */
void gone_done(struct logic *logic);
