/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Reaper: a first process is told of the end of its children, and reaps all that lost their parent.
 */

#include <sys/types.h>

#include "lib/base/loop.h"

/* @status: as of waitpid(2). Called for orphans, too. */
typedef void (*reaper_fn)(void *context, pid_t pid, int status);

/* Blocks SIGCHLD; to be called before the first child is made, which inherits that: see
 * reaper_leave(). */
void reaper_prepare(void);
/* In a child that goes on without exec. */
void reaper_leave(void);

/* 0, -errno. It lasts as long as the process. */
int reaper_new(struct loop *loop, reaper_fn ended, void *context);

/* "was ended by signal 11 (Segmentation fault)", "ended with status 1". */
#define REAPER_HOW_SIZE 80
const char *reaper_how(int status, char to[static REAPER_HOW_SIZE]);
