/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The two stages of the ramdisk (design section 5).
 *
 * Stage one, a cpio archive:
 *   /init -> bin/cloudie-agent, /bin/cloudie-agent
 *   /lib/modules/VERSION/...: loop and squashfs, for what follows
 *   /stage-one.squashfs, which the agent mounts on /stage-one. The kernel unpacks an archive whole,
 *   a squashfs as far as it is read: most drivers are for other machines
 *      /bin/cloudie-discover
 *      /lib/modules/VERSION/{modules.dep,modules.alias,modules.softdep,kernel/...}
 *      /lib/modules/VERSION/stage-two.alias: the devices for which a report waits for stage two
 *   /etc/{hosts,nsswitch.conf}, /dev/{console,null}, empty folders, links to programs of both
 * stages /zz-complete, last: init refuses to go on without it
 *
 * Stage two, a squashfs that the agent mounts on /stage-two:
 *   /bin/cloudie-install
 *   /lib/modules/VERSION/{modules.dep,modules.alias,modules.softdep,kernel/...}
 * The modules.dep of each also names modules of those before it that its own stand on.
 */

#include "lib/doc/value.h"
#include "mkimage/kernel.h"
#include "mkimage/modules.h"

/**
 * stages_choose() - put the modules of the committed lists into their stages
 * @families:  object: filled with how many entries of its list each family has in this kernel
 * @error:     MKIMAGE_ERROR_SIZE bytes; names list, line and module
 *
 * Return: 0; -ENOENT if the kernel lacks a module that is listed; -errno.
 */
int stages_choose(struct modules *modules, struct doc *families, char *error);

/* One list: its text, and what it is called. @families may be NULL; all else as above. */
struct stage_list {
        const char *name, *text;
};
int stage_choose(struct modules *modules, enum stage stage, const struct stage_list *list,
                 struct doc *families, char *error);

struct stage_input {
        const struct kernel *kernel;
        const struct modules *modules;
        const char *programs; /* folder of the static programs */
        int level;            /* of compression, 1 to 19 */
};

/* Are the programs there, and can they run without libraries? 0, -errno, @error says what. */
int stage_check_programs(const char *programs, char *error);
int stage_check_program(const char *folder, const char *name, char *error);

/**
 * stage_modules_move() - the modules of a stage, and its indexes, below a folder
 * @root:  exists; gets lib/modules/VERSION. They are then gone from the kernel's own folder
 *
 * Return: 0 or negative errno, @error says what.
 */
int stage_modules_move(const struct modules *modules, enum stage stage, const struct kernel *kernel,
                       const char *root, char *error);

/* Both: 0 or negative errno, @error says what. @to must not exist. @work: an empty folder of the
 * caller's; its content, and a file beside it with ".squashfs" added, is left behind. */
int stage_one_write(const struct stage_input *input, const char *work, const char *to, char *error);
int stage_two_write(const struct stage_input *input, const char *work, const char *to, char *error);
