/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is kept of a tree
 *
 * A path of sysfs goes through links. In a copy the same path must go through the
 * same links, and two paths to one file must lead to one file: so each part of a
 * path is looked at, links are told of as links, and the file where it really is.
 */
#include "discover/tree_keep.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

#define LINKS_MAX 40 /* as the kernel's own limit, path_resolution(7) */

/* A real path that grows part by part. */
struct walk {
        char path[TREE_PATH_MAX];
        char rest[TREE_PATH_MAX];
        unsigned links;
};

static void leave_folder(char *path)
{
        char *slash = strrchr(path, '/');

        if (slash)
                *slash = '\0';
        else
                path[0] = '\0';
}

/* Takes the first part off the rest. False at its end. */
static bool next_part(struct walk *w, char to[static TREE_PATH_MAX])
{
        const size_t start = strspn(w->rest, "/"), len = strcspn(w->rest + start, "/");

        if (len == 0 || text_copy_bytes(to, TREE_PATH_MAX, w->rest + start, len) < 0)
                return false;
        memmove(w->rest, w->rest + start + len, strlen(w->rest + start + len) + 1);
        return true;
}

static bool add_part(struct walk *w, const char *part)
{
        const size_t len = strlen(w->path);

        return snprintf(w->path + len, sizeof(w->path) - len, "%s%s", len > 0 ? "/" : "", part) <
               (int)(sizeof(w->path) - len);
}

/* The rest becomes where the link leads, and what stood behind it. */
static bool follow(struct walk *w, const char *target)
{
        char rest[TREE_PATH_MAX];

        if (++w->links > LINKS_MAX ||
            snprintf(rest, sizeof(rest), "%s/%s", target, w->rest) >= (int)sizeof(rest))
                return false;
        if (target[0] == '/')
                w->path[0] = '\0';
        else
                leave_folder(w->path);
        memcpy(w->rest, rest, sizeof(rest));
        return true;
}

/* Of proc nothing is a link: "self" is another one for each process that reads. */
static bool is_link(struct tree_keeper *keeper, const char *path, char target[static TREE_PATH_MAX])
{
        return !text_has_prefix(path, "proc/") && keeper->read_link(keeper->tree, target, path);
}

/* Goes on to the end of the rest; @is_link_kept: the last part stays, if it is a link. */
static bool walk_on(struct tree_keeper *keeper, struct walk *w, bool is_link_kept)
{
        char part[TREE_PATH_MAX], target[TREE_PATH_MAX];

        while (next_part(w, part)) {
                if (strcmp(part, ".") == 0)
                        continue;
                if (strcmp(part, "..") == 0) {
                        leave_folder(w->path);
                        continue;
                }
                if (!add_part(w, part))
                        return false;
                if (is_link_kept && w->rest[strspn(w->rest, "/")] == '\0')
                        return true;
                if (!is_link(keeper, w->path, target))
                        continue;
                keeper->keep(keeper->context, TREE_LINK, w->path, target, strlen(target));
                if (!follow(w, target))
                        return false;
        }
        return w->path[0] != '\0';
}

void tree_keep_at(struct tree_keeper *keeper, enum tree_entry kind, const char *path,
                  const void *bytes, size_t size)
{
        struct walk w = {.links = 0};

        /* Of the machine's own disks what was seen is noted, and not what is on them. */
        if (keeper->keep && !(tree_is_live(keeper->tree) && text_has_prefix(path, "dev/")) &&
            text_copy(w.rest, sizeof(w.rest), path) == 0 && walk_on(keeper, &w, kind == TREE_LINK))
                keeper->keep(keeper->context, kind, w.path, bytes, size);
}

void tree_keep_member(struct tree_keeper *keeper, const char *folder, const char *name,
                      unsigned char type)
{
        char path[TREE_PATH_MAX], target[TREE_PATH_MAX];

        if (!keeper->keep ||
            snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
                return;
        if (type == DT_LNK && is_link(keeper, path, target))
                tree_keep_at(keeper, TREE_LINK, path, target, strlen(target));
        else
                tree_keep_at(keeper, type == DT_DIR ? TREE_FOLDER : TREE_NAME, path, NULL, 0);
}
