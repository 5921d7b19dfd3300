/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What every daemon does at its start and end. (Not in the ramdisk.) */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/doc/table.h"

#define DAEMON_ERROR_SIZE 512

/**
 * config_load() - a YAML file into a struct, by its table
 * @error:  DAEMON_ERROR_SIZE bytes: one sentence with the file's name, line or key
 *
 * Unknown keys are errors, as the table is read strictly at every level.
 *
 * Return: 0, -ENOENT, -EBADMSG, -errno of reading.
 */
int config_load(const char *path, const struct doc_table *table, char *error, void *ret);

/**
 * state_lock() - make the state folder ours alone
 * @path:    created with mode 0700 if missing
 * @error:   DAEMON_ERROR_SIZE bytes; "another cloudied (pid 123) uses /var/lib/cloudie"
 * @ret_fd:  descriptor of the folder's lock file; keep it open
 *
 * Return: 0, -EBUSY, -EACCES, or -errno.
 */
int state_lock(const char *path, const char *program, char *error, int *ret_fd);

/**
 * privileges_drop() - no root from here on
 * @user:  account to become, and its groups; NULL or "": stay, but give up every capability not
 * named
 * @keep:  capabilities (CAP_NET_RAW ...) to keep, ended by -1; NULL: none
 *
 * Sets no_new_privs. Must run while the process has one thread. Without root to begin with it only
 * sets no_new_privs.
 *
 * Return: 0, -ENOENT: no such user, -errno.
 */
int privileges_drop(const char *user, const int *keep, char *error);

/* Gives a path to that user while still root. 0 or -errno. */
int privileges_give(const char *user, const char *path);

/**
 * sandbox_enter() - refuse every system call that no daemon of ours needs
 *
 * A seccomp list of what is refused (EPERM): ptrace, mount, module loading, kexec, bpf, keyctl,
 * new namespaces, exec unless @may_exec, and so on. All threads made later inherit it. It leaves no
 * core, which would hold keys.
 */
int sandbox_enter(bool may_exec);
/* The same without exec, but for one system call, by its name; NULL: none. */
int sandbox_enter_but(const char *kept);

void notify_ready(const char *status); /* sd_notify READY=1; nothing without a manager */
void notify_stopping(void);
/* How often to call notify_alive(), in ms; 0: nobody watches. */
unsigned notify_watchdog_ms(void);
void notify_alive(void);
