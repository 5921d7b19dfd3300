/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Run: all targets of a request, many at a time, each answered as soon as it is known. */

#include "power/target.h"

/* More would be a burst that a small switch of a management network drops. */
#define POWER_IN_FLIGHT_MAX 2048

/* Has the drivers' libraries read their files; afterwards none is needed. 0, -errno. */
int power_prepare(void);

/* Writes a line of JSON a target to @out. 0, -errno: the run itself failed. */
int power_run(const struct power_request *request, int out);
