/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Child: cloudie-install as a process, with a document for its stdin. */

#include <spawn.h>
#include <stddef.h>
#include <sys/types.h>

struct child {
        pid_t pid;    /* of ours; -1: it is the first process's */
        int deeds;    /* whom to ask then; -EBADF */
        int out, err; /* for reading; -EBADF once closed */
};

/**
 * child_start() - start a program
 * @deeds:     of whom it is asked (installer/deeds.h), who knows @program; -EBADF: it is ours
 * @root:      for its --root; NULL: none
 * @document:  it reads this on stdin; never in its arguments, where others could read it
 *
 * Return: 0; -errno.
 */
int child_start(int deeds, const char *program, const char *root, const char *document, size_t size,
                struct child *ret);

/* SIGTERM or SIGKILL. */
void child_kill(const struct child *child, int signal);

/* Waits for its end. 0: it ended with status 0; -EIO: not so, and @how says in what way. */
int child_wait(struct child *child, char how[static 64]);

/* The same process with standard input, output and error given. 0, -errno. */
int child_spawn_install(const char *program, const char *root, const int files[static 3],
                        pid_t *ret);

/* posix_spawn() without environment, and with all signals again. 0, -errno. */
int child_spawn(const char *program, const posix_spawn_file_actions_t *actions, char **argv,
                pid_t *ret);
