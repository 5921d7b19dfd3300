/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Child: cloudie-install as a process, with a document for its stdin. */

#include <stddef.h>
#include <sys/types.h>

struct child {
        pid_t pid;
        int out, err; /* for reading; -EBADF once closed */
};

/**
 * child_start() - start a program
 * @root:      for its --root; NULL: none
 * @document:  it reads this on stdin; never in its arguments, where others could read it
 *
 * Return: 0; -errno.
 */
int child_start(const char *program, const char *root, const char *document, size_t size,
                struct child *ret);

/* Waits for its end. 0: it ended with status 0; -EIO: not so, and @how says in what way. */
int child_wait(struct child *child, char how[static 64]);
