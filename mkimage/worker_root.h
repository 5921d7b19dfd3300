/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The root folder of the tiny worker:
 *   /boot/vmlinuz
 *   /usr/sbin/cloudie-worker, /sbin/init -> it
 *   /lib/modules/VERSION/{modules.dep,modules.alias,modules.softdep,kernel/...}
 *   /etc/{hosts,nsswitch.conf,os-release,passwd,group}, empty folders
 */

#include "mkimage/kernel.h"

#define WORKER_KERNEL "/boot/vmlinuz"
#define WORKER_INIT   "/sbin/init"

/* Is the program there, and can it run without libraries? 0, -errno, @error says what. */
int worker_root_check(const char *programs, char *error);

/**
 * worker_root_make() - fill a folder
 * @kernel:    its image and modules are moved into it
 * @programs:  folder of the static cloudie-worker
 * @root:      exists and is empty
 *
 * Return: 0 or negative errno, @error says what.
 */
int worker_root_make(const struct kernel *kernel, const char *programs, const char *root,
                     char *error);
