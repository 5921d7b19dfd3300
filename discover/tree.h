/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Tree: /sys and /proc of this machine, or a captured copy of another's. Paths
 * are written without a leading slash; nothing of a capture, no link either,
 * leads out of it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/cleanup.h"

struct tree;

int tree_open(const char *root, struct tree **ret); /* -errno */
struct tree *tree_close(struct tree *tree);         /* takes NULL */
CLEANUP_DEFINE(struct tree *, tree_close)

/* True for the machine itself: only then may a device be asked. */
bool tree_is_live(const struct tree *tree);

/* True for the machine itself, and for a snapshot of one: what was not worth a read there is not in
 * it. */
bool tree_is_own(const struct tree *tree);

/*
 * What devices answer is no file. On the machine itself the probe that asked notes the answer; in
 * a snapshot the same probe finds it under the same name, and no device is asked.
 */
#define TREE_ANSWERS "answers" /* the folder of a snapshot that has them */

void tree_note(struct tree *tree, const char *name, const void *bytes, size_t size);

/* Up to @size bytes of an answer. False on the machine itself, and for one that was not noted. */
bool tree_recall(struct tree *tree, const char *name, void *to, size_t size, size_t *ret_size);

enum tree_entry {
        TREE_NAME, /* it is there; nobody read it */
        TREE_FOLDER,
        TREE_FILE,
        TREE_LINK,
};
typedef void (*tree_keep_fn)(void *context, enum tree_entry kind, const char *path,
                             const void *bytes, size_t size);

/**
 * tree_keep() - from now on tell of all that is read
 * @keep:  called with paths in which no part but the last is a link, so that they make a tree of
 *         their own that answers as this one did; what a device answered is a file in TREE_ANSWERS;
 * NULL: no more
 */
void tree_keep(struct tree *tree, tree_keep_fn keep, void *context);

#define TREE_PATH_MAX 512
#define TREE_NAMES_MAX                                                                             \
        16384             /* entries of one folder: CPUs, PCI functions with their virtual ones */
#define TREE_NAME_SIZE 64 /* longer names are no devices */
#define TREE_LINE_SIZE 256

/* A whole file, the caller's to free; binary, so @ret_size counts. 0, -EFBIG, -ENOMEM, -errno. */
int tree_read(struct tree *tree, const char *path, size_t max, char **ret, size_t *ret_size);

/* Up to @size bytes of a file's beginning, in one read. 0, -errno. */
int tree_read_into(struct tree *tree, const char *path, void *to, size_t size, size_t *ret_size);

/*
 * The same, read once and kept until the tree is closed; of a file above @max its
 * beginning. 0, -ENOMEM, -errno; that it could not be read is remembered, too.
 */
int tree_borrow(struct tree *tree, const char *path, size_t max, const char **ret,
                size_t *ret_size);

/*
 * A file of one line, without blanks at its ends. False, and "" in @to, if it is
 * not there, empty, or longer than TREE_LINE_SIZE - 1.
 */
bool tree_line(struct tree *tree, char to[static TREE_LINE_SIZE], const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* A file that holds one whole number: decimal, or hexadecimal after 0x. False if it does not. */
bool tree_number(struct tree *tree, uint64_t *ret, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

bool tree_has(struct tree *tree, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The last part of where a link leads: driver -> "virtio-pci". False if it is no link. */
bool tree_link(struct tree *tree, char to[static TREE_LINE_SIZE], const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Where a link leads, as written in it. */
bool tree_link_path(struct tree *tree, char to[static TREE_PATH_MAX], const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Names in a folder, sorted, numbers by their value: sda sdb, cpu2 cpu10. */
struct tree_names {
        size_t count;
        char (*names)[TREE_NAME_SIZE];
};
int tree_list(struct tree *tree, const char *path, struct tree_names *ret); /* -errno */
void tree_names_done(struct tree_names *names);
#define _names_ __attribute__((cleanup(tree_names_done)))
