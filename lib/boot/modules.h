/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Modules: which driver serves a device, and what it stands on. Reads the text
 * files that depmod writes (modules.dep, modules.alias, modules.softdep). Pure:
 * loading is modules_linux.h.
 */

#include <stdbool.h>
#include <stddef.h>

struct modules;

/**
 * modules_new() - an index over the files of one or more module folders
 *
 * Files are added with modules_add_dep() and friends; names stand for themselves
 * whether written with dashes or underscores.
 */
struct modules *modules_new(void); /* NULL without memory */
struct modules *modules_free(struct modules *modules);

/*
 * Add the text of one file. @root is put before each path of modules.dep.
 * Lines without sense are skipped. A module that is there already stays as it is:
 * stage one comes first.
 *
 * Return: 0, -ENOMEM, or -E2BIG above MODULES_MAX.
 */
int modules_add_dep(struct modules *modules, const char *root, const char *text);
int modules_add_alias(struct modules *modules, const char *text);
int modules_add_softdep(struct modules *modules, const char *text);

/* More than a whole Debian kernel has (4,023 modules, some 60,000 aliases). */
#define MODULES_MAX         20000
#define MODULES_ALIASES_MAX 200000

/* Called for a module, everything it stands on first. A negative return ends the walk. */
typedef int (*modules_fn)(void *context, const char *name, const char *path);

/**
 * modules_walk() - a module and, before it, all that it needs
 * @name:  "virtio_net"
 *
 * Return: 0, -ENOENT: no such module; or what @fn returned.
 */
int modules_walk(const struct modules *modules, const char *name, modules_fn fn, void *context);

/* The same for every module that serves a device by its modalias; 0 if there is none. */
int modules_walk_alias(const struct modules *modules, const char *modalias, modules_fn fn,
                       void *context);

/* Is there an alias for it at all? Its module need not be known. */
bool modules_has_alias(const struct modules *modules, const char *modalias);
