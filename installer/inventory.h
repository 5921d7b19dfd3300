/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

/**
 * inventory_run() - have cloudie-discover look at the machine
 * @program:  its path
 * @lldp_fd:  socket in which messages of switches wait (lib/boot/listener_linux.h); 0 or less: none
 * @error:    256 bytes
 * @ret:      its JSON, NUL-terminated, the caller's
 *
 * Given INVENTORY_DEADLINE_MS; a discovery that hangs in a sick device is killed,
 * and what it had not said by then is not known.
 *
 * Return: 0; -ETIMEDOUT, -EIO: it failed; -E2BIG; -errno.
 */
int inventory_run(const char *program, int lldp_fd, char *error, char **ret, size_t *ret_size);
#define INVENTORY_DEADLINE_MS 40000 /* its own limit is 30 s */
