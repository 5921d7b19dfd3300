/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <sys/types.h>

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

/* The same by a deed (installer/deeds.h); the first process knows program and socket. */
int inventory_ask(int deeds, char *error, char **ret, size_t *ret_size);

/* cloudie-discover, writing to @out. 0, -errno. */
int inventory_spawn(const char *program, int lldp_fd, int out, pid_t *ret);
#define INVENTORY_DEADLINE_MS 40000 /* its own limit is 30 s */
