/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A tree of a machine that is made up: files, links, and the inventory of it. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/test_validate.h"
#include "lib/base/file.h"

static char root[64];

static int tree_setup(void **state)
{
        (void)state;
        /* In memory, where there is such a place: these are tens of thousands of files. */
        snprintf(root, sizeof(root), "%s/cloudie-tree-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        return mkdtemp(root) ? 0 : -1;
}

static int tree_teardown(void **state)
{
        char command[128];

        (void)state;
        snprintf(command, sizeof(command), "rm -rf '%s'", root);
        return system(command);
}

static void make_folder_of(const char *full)
{
        char folder[600];

        snprintf(folder, sizeof(folder), "%s", full);
        *strrchr(folder, '/') = '\0';
        assert_int_equal(file_make_folders(folder, 0755), 0);
}

static void put_bytes(const char *path, const void *bytes, size_t size)
{
        char full[600];
        FILE *file;

        snprintf(full, sizeof(full), "%s/%s", root, path);
        make_folder_of(full);
        file = fopen(full, "w"); /* not file_replace(): ten thousand syncs take their time */
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, size, file), size);
        assert_int_equal(fclose(file), 0);
}

static void __attribute__((unused)) put(const char *path, const char *text)
{
        put_bytes(path, text, strlen(text));
}

static void __attribute__((unused)) put_link(const char *path, const char *target)
{
        char full[600];

        snprintf(full, sizeof(full), "%s/%s", root, path);
        make_folder_of(full);
        assert_int_equal(symlink(target, full), 0);
}

/* Valid, whatever was in the tree. */
static struct doc __attribute__((unused)) * inventory_of_tree(const char *only)
{
        struct tree *tree = NULL;
        struct doc *inventory;

        assert_int_equal(tree_open(root, &tree), 0);
        inventory = inventory_make(tree, only);
        assert_non_null(inventory);
        assert_true(inventory_is_valid(inventory));
        tree_close(tree);
        return inventory;
}
