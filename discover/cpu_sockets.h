/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Sockets for processors, filled and empty, as SMBIOS lists them. */

#include "discover/probe.h"

extern const struct field cpu_socket_fields[];

/* Sets "sockets", a socket each; absent where the firmware lists none. */
void cpu_sockets_take(struct probe_context *context);
