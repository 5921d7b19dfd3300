/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside the tree: whom to tell of what is read, and under which path. */

#include "discover/tree.h"

struct tree_keeper {
        tree_keep_fn keep; /* NULL: nobody */
        void *context;
        bool (*read_link)(struct tree *tree, char to[static TREE_PATH_MAX], const char *path);
        struct tree *tree;
};

/* Tells of @path, and of each link on the way to it. */
void tree_keep_at(struct tree_keeper *keeper, enum tree_entry kind, const char *path,
                  const void *bytes, size_t size);

/* Tells of a name in a folder; @type as readdir(3) has it. */
void tree_keep_member(struct tree_keeper *keeper, const char *folder, const char *name,
                      unsigned char type);
