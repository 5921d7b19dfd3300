/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The modules of one kernel, and the stage that each was chosen for. Read from
 * the text files of depmod(8); names may be written with dashes or underscores.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/cleanup.h"

/* STAGE_ROOT: what the ramdisk needs before it can mount anything, stage one's own squashfs too. */
enum stage { STAGE_NONE, STAGE_ROOT, STAGE_ONE, STAGE_TWO, STAGE_COUNT };

/* Debian's kernel has 4,023. */
#define MODULES_MAX 65536

struct modules;

/**
 * modules_load() - read modules.dep, .builtin, .alias and .softdep
 * @folder:  lib/modules/VERSION
 * @error:   MKIMAGE_ERROR_SIZE bytes
 *
 * Return: 0; -EBADMSG if modules.dep makes no sense; -errno of reading.
 */
int modules_load(const char *folder, char *error, struct modules **ret);
struct modules *modules_free(struct modules *modules);
CLEANUP_DEFINE(struct modules *, modules_free)

/**
 * modules_choose() - put a module, and what it needs, into a stage
 * @entry:  "e1000e"; or "kernel/drivers/net/phy/": every module below
 *
 * What it needs is in modules.dep; what it asks for softly (softdep: a crypto
 * algorithm, a PHY) comes along where the kernel has it. A module that is in a stage
 * stays there, so that stage one is chosen first.
 *
 * Return: 0, also for what the kernel has built in; -ENOENT if it has no such module.
 */
int modules_choose(struct modules *modules, enum stage stage, const char *entry);

/* The devices of this module are shown by the first inventory, which waits for the stage that it is
 * in. Harmless for what is built in. 0, or -ENOENT as above. */
int modules_await(struct modules *modules, const char *name);

size_t modules_count(const struct modules *modules, enum stage stage);

/* Calls @fn with each module's path ("kernel/fs/squashfs/squashfs.ko"). 0, or what @fn
 * returned below 0. */
typedef int (*modules_path_fn)(void *context, const char *path);
int modules_each(const struct modules *modules, enum stage stage, modules_path_fn fn,
                 void *context);

/* The files that a stage carries beside its modules, cut down to what is in it. */
enum modules_index { INDEX_DEP, INDEX_ALIAS, INDEX_SOFTDEP, INDEX_COUNT };
extern const char *const modules_index_names[INDEX_COUNT]; /* "modules.dep", ... */

/* Of INDEX_ALIAS the lines of modules that are awaited: what stage one knows of stage two. */
#define MODULES_AWAITED_NAME "stage-two.alias"
int modules_index_awaited(const struct modules *modules, enum stage stage, char **ret);

/* @ret: NUL-terminated text, the caller's. 0, -ENOMEM. */
int modules_index(const struct modules *modules, enum stage stage, enum modules_index index,
                  char **ret);
