/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Names: each is told twice, long, and short in upper case as 8 and 3 characters.
 * No two in a folder may be the same in either form.
 */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/disk/fat_private.h"

/* Section 6.1: what a short name may hold; all else becomes an underscore. */
static bool is_short_character(char c)
{
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               (c != '\0' && strchr("!#$%&'()-@^_`{}~", c));
}

bool fat_label_is_valid(const char *label)
{
        const size_t size = strlen(label);

        if (size > LABEL_SIZE || (size > 0 && (label[0] == ' ' || label[size - 1] == ' ')))
                return false;
        for (size_t i = 0; i < size; i++)
                if (!is_short_character(label[i]) && label[i] != ' ')
                        return false;
        return true;
}

static bool name_is_valid(const char *name)
{
        const size_t size = strlen(name);

        if (size == 0 || size > NAME_MAX_SIZE || name[0] == ' ' || name[size - 1] == ' ' ||
            name[size - 1] == '.')
                return false;
        for (size_t i = 0; i < size; i++)
                if (name[i] < ' ' || name[i] > '~' || strchr("\"*/:<>?\\|", name[i]))
                        return false;
        return true;
}

/* Where the extension begins, behind its dot; NULL without one. */
static const char *extension_of(const char *name)
{
        const char *dot = strrchr(name, '.');

        return dot && dot != name ? dot + 1 : NULL;
}

/* The name in upper case as 8 and 3, if no letter of it is lost by that. */
static bool short_name_fits(const char *name, char ret[static SHORT_SIZE])
{
        const char *extension = extension_of(name);
        const size_t size = extension ? (size_t)(extension - 1 - name) : strlen(name);

        if (size > 8 || (extension && strlen(extension) > 3))
                return false;
        memset(ret, ' ', SHORT_SIZE);
        for (size_t i = 0; i < size; i++)
                ret[i] = (char)toupper((unsigned char)name[i]);
        for (size_t i = 0; extension && extension[i]; i++)
                ret[8 + i] = (char)toupper((unsigned char)extension[i]);
        for (size_t i = 0; i < SHORT_SIZE; i++)
                if (!is_short_character(ret[i]) && ret[i] != ' ')
                        return false;
        for (size_t i = 0; name[i]; i++)
                if (name[i] == ' ')
                        return false;
        return true;
}

/* "CLOUDI~1JSO": as much of the name as leaves room for the number. Section 7.4. */
static void short_name_make(const char *name, unsigned number, char ret[static SHORT_SIZE])
{
        const char *extension = extension_of(name);
        const size_t size = extension ? (size_t)(extension - 1 - name) : strlen(name);
        char tail[16];
        const size_t tail_size = (size_t)snprintf(tail, sizeof(tail), "~%u", number);
        size_t at = 0;

        memset(ret, ' ', SHORT_SIZE);
        for (size_t i = 0; i < size && at < 8 - tail_size; i++) {
                const char c = (char)toupper((unsigned char)name[i]);

                if (c != ' ' && c != '.')
                        ret[at++] = (char)(is_short_character(c) ? c : '_');
        }
        memcpy(ret + at, tail, tail_size);
        at = 8;
        for (size_t i = 0; extension && extension[i] && at < SHORT_SIZE; i++) {
                const char c = (char)toupper((unsigned char)extension[i]);

                if (c != ' ')
                        ret[at++] = (char)(is_short_character(c) ? c : '_');
        }
}

static bool is_taken(const struct fat_tree *tree, int parent, const char *text)
{
        for (size_t i = 0; i < tree->count; i++)
                if (tree->nodes[i].parent == parent && tree->nodes[i].text[0] != '\0' &&
                    memcmp(tree->nodes[i].text, text, SHORT_SIZE) == 0)
                        return true;
        return false;
}

/* Those that are short already come first: no made-up name may be one of them. */
static void make_short_names(struct fat_tree *tree)
{
        for (size_t i = 0; i < tree->count; i++)
                if (!short_name_fits(tree->nodes[i].name, tree->nodes[i].text))
                        tree->nodes[i].text[0] = '\0';
        for (size_t i = 0; i < tree->count; i++) {
                struct fat_node *node = &tree->nodes[i];
                char text[SHORT_SIZE];

                if (node->text[0] != '\0')
                        continue;
                /* Of twice as many numbers as names one is free. */
                for (unsigned number = 1; number <= 2 * FAT_MAX_NODES; number++) {
                        short_name_make(node->name, number, text);
                        if (!is_taken(tree, node->parent, text))
                                break;
                }
                memcpy(node->text, text, SHORT_SIZE);
        }
}

static int find(const struct fat_tree *tree, int parent, const char *name)
{
        for (size_t i = 0; i < tree->count; i++)
                if (tree->nodes[i].parent == parent && strcasecmp(tree->nodes[i].name, name) == 0)
                        return (int)i;
        return -ENOENT;
}

/* The part of a path before a slash or the end; NULL: no file may have that name. */
static const char *next_part(const char *path, char ret[static NAME_MAX_SIZE + 1])
{
        const size_t size = strcspn(path, "/");

        if (size > NAME_MAX_SIZE)
                return NULL;
        memcpy(ret, path, size);
        ret[size] = '\0';
        return name_is_valid(ret) ? path + size : NULL;
}

static int add_node(struct fat_tree *tree, int parent, const char *name,
                    const struct fat_file *file)
{
        struct fat_node *node = &tree->nodes[tree->count];

        if (tree->count == FAT_MAX_NODES)
                return -ENOSPC;
        *node = (struct fat_node){.parent = parent, .file = file};
        memcpy(node->name, name, strlen(name) + 1);
        return (int)tree->count++;
}

static int add_file(struct fat_tree *tree, const struct fat_file *file, size_t *folders)
{
        const char *at = file->name;
        char name[NAME_MAX_SIZE + 1];
        int parent = FAT_ROOT, index;

        for (;;) {
                at = next_part(at, name);
                if (!at)
                        return -EINVAL;
                index = find(tree, parent, name);
                if (at[0] == '\0')
                        break;
                if (index < 0 && (*folders)++ == FAT_MAX_FOLDERS)
                        return -ENOSPC;
                if (index < 0)
                        index = add_node(tree, parent, name, NULL);
                if (index < 0)
                        return index;
                if (tree->nodes[index].file)
                        return -EINVAL;
                parent = index;
                at++;
        }
        if (index >= 0)
                return -EINVAL;
        index = add_node(tree, parent, name, file);
        return index < 0 ? index : 0;
}

int fat_tree_make(const struct fat_file *files, size_t count, struct fat_tree *ret)
{
        size_t folders = 0;
        int rc = 0;

        if (count > FAT_MAX_FILES)
                return -ENOSPC;
        ret->count = 0;
        for (size_t i = 0; rc == 0 && i < count; i++)
                rc = add_file(ret, &files[i], &folders);
        if (rc == 0)
                make_short_names(ret);
        return rc;
}

uint8_t fat_short_name_sum(const void *text)
{
        const uint8_t *name = text;
        uint8_t sum = 0;

        for (size_t i = 0; i < SHORT_SIZE; i++)
                sum = (uint8_t)((sum << 7 | sum >> 1) + name[i]);
        return sum;
}

void fat_short_name_plain(const char text[static SHORT_SIZE], char ret[static SHORT_SIZE + 2])
{
        size_t at = 0;

        for (size_t i = 0; i < SHORT_SIZE; i++) {
                if (i == 8 && text[8] != ' ')
                        ret[at++] = '.';
                if (text[i] != ' ')
                        ret[at++] = text[i];
        }
        ret[at] = '\0';
}

size_t fat_long_entries(const struct fat_node *node)
{
        char plain[SHORT_SIZE + 2];

        fat_short_name_plain(node->text, plain);
        return strcmp(plain, node->name) == 0 ? 0
                                              : (strlen(node->name) + LONG_UNITS - 1) / LONG_UNITS;
}
