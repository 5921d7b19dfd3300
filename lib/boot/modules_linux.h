/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Loading modules, for devices that are there and for those that appear. */

#include "lib/base/loop.h"
#include "lib/boot/modules.h"

struct drivers;

/**
 * drivers_new() - index a module folder and watch for devices
 * @root:   where lib/modules/VERSION lies: "" is the ramdisk itself
 * @loop:   whose thread serves the kernel's announcements; all calls come from it
 * @change: called when a device came or went; may be NULL
 *
 * Return: 0, -errno.
 */
int drivers_new(const char *root, struct loop *loop, loop_fn change, void *context,
                struct drivers **ret);
struct drivers *drivers_free(struct drivers *drivers);

/* Index another folder, stage two's. */
int drivers_add_root(struct drivers *drivers, const char *root);

/* Load by name, with all that it needs. -ENOENT if there is none; else what the kernel says. */
int drivers_load(struct drivers *drivers, const char *name);

/* What no device asks for: a name that is no module here is built in. 0, or what the first fault of
 * another kind was. */
int drivers_load_own(struct drivers *drivers, const char *const *names, size_t count);

/* Load for every device that is there now; more appear through the loop. */
int drivers_load_all(struct drivers *drivers);

/**
 * drivers_is_any_for() - is a device there that one of these drivers would be for?
 * @path: a file like modules.alias; its modules need not be there
 *
 * May be called on any thread.
 *
 * Return: 1, 0; -errno of reading.
 */
int drivers_is_any_for(const char *path);

/* Loaded so far, and how many the kernel refused. */
unsigned drivers_count(const struct drivers *drivers);
unsigned drivers_failed(const struct drivers *drivers);
