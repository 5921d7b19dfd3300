/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading /sys and /proc, or a copy of them
 *
 * On the machine itself plain openat(2) serves; a copy is opened with
 * RESOLVE_IN_ROOT, so that an absolute link inside it stays inside it.
 */
#include "discover/tree_keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/base/text.h"

#define OPEN_TRIES 100
#define KEPT_MAX   12 /* files that more than one probe reads */

struct kept {
        char path[64], *bytes;
        size_t size;
        int rc;
};

struct tree {
        int root;
        bool is_live, is_own;
        struct tree_keeper keeper;
        struct kept kept[KEPT_MAX];
        size_t kept_count;
};

int tree_open(const char *root, struct tree **ret)
{
        struct tree *tree = calloc(1, sizeof(*tree));

        if (!tree)
                return -ENOMEM;
        tree->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (tree->root < 0) {
                const int rc = -errno;

                free(tree);
                return rc;
        }
        tree->is_live = strcmp(root, "/") == 0;
        tree->is_own = tree->is_live || faccessat(tree->root, TREE_ANSWERS, F_OK, 0) == 0;
        *ret = tree;
        return 0;
}

struct tree *tree_close(struct tree *tree)
{
        if (!tree)
                return NULL;
        for (size_t i = 0; i < tree->kept_count; i++)
                free(tree->kept[i].bytes);
        close(tree->root);
        free(tree);
        return NULL;
}

bool tree_is_live(const struct tree *tree)
{
        return tree->is_live;
}

bool tree_is_own(const struct tree *tree)
{
        return tree->is_own;
}

static int open_path(struct tree *tree, const char *path, int flags)
{
        const struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC,
                                     .resolve = RESOLVE_IN_ROOT};
        int fd, tries = 0;

        if (tree->is_live) {
                fd = openat(tree->root, path, flags | O_CLOEXEC);
                return fd < 0 ? -errno : fd;
        }
        /* openat2(2): a ".." that anything was renamed beside meanwhile, anywhere, is EAGAIN. */
        do
                fd = (int)syscall(SYS_openat2, tree->root, path, &how, sizeof(how));
        while (fd < 0 && errno == EAGAIN && ++tries < OPEN_TRIES);
        return fd < 0 ? -errno : fd;
}

static bool read_link(struct tree *tree, char to[static TREE_PATH_MAX], const char *path)
{
        _close_ int fd = tree->is_live ? -EBADF : open_path(tree, path, O_PATH | O_NOFOLLOW);
        ssize_t n;

        to[0] = '\0';
        if (tree->is_live)
                n = readlinkat(tree->root, path, to, TREE_PATH_MAX - 1);
        else
                n = fd < 0 ? -1 : readlinkat(fd, "", to, TREE_PATH_MAX - 1);
        if (n <= 0) {
                to[0] = '\0';
                return false;
        }
        to[n] = '\0';
        return true;
}

void tree_keep(struct tree *tree, tree_keep_fn keep, void *context)
{
        tree->keeper = (struct tree_keeper){
                .keep = keep, .context = context, .read_link = read_link, .tree = tree};
        if (keep && tree->is_own)
                keep(context, TREE_FOLDER, TREE_ANSWERS, NULL, 0);
}

void tree_note(struct tree *tree, const char *name, const void *bytes, size_t size)
{
        char path[TREE_PATH_MAX];

        if (tree->keeper.keep &&
            snprintf(path, sizeof(path), TREE_ANSWERS "/%s", name) < (int)sizeof(path))
                tree_keep_at(&tree->keeper, TREE_FILE, path, bytes, size);
}

bool tree_recall(struct tree *tree, const char *name, void *to, size_t size, size_t *ret_size)
{
        char path[TREE_PATH_MAX];

        return !tree->is_live &&
               snprintf(path, sizeof(path), TREE_ANSWERS "/%s", name) < (int)sizeof(path) &&
               tree_read_into(tree, path, to, size, ret_size) == 0;
}

/* Up to @max bytes, and whether there were more. */
static int read_start(struct tree *tree, const char *path, size_t max, struct kept *ret)
{
        _free_ char *bytes = NULL;
        size_t size = 0, space = 0;
        _close_ int fd = open_path(tree, path, O_RDONLY | O_NONBLOCK);

        if (fd < 0)
                return fd;
        while (size <= max) {
                ssize_t n;

                if (space - size < 2) {
                        void *more;

                        space = space ? 2 * space : 4096;
                        more = realloc(bytes, space);
                        if (!more)
                                return -ENOMEM;
                        bytes = more;
                }
                n = read(fd, bytes + size, space - size - 1);
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t)n;
        }
        ret->rc = size > max ? -EFBIG : 0;
        ret->size = size > max ? max : size;
        bytes[ret->size] = '\0';
        tree_keep_at(&tree->keeper, TREE_FILE, path, bytes, ret->size);
        ret->bytes = TAKE_PTR(bytes);
        return 0;
}

int tree_read(struct tree *tree, const char *path, size_t max, char **ret, size_t *ret_size)
{
        struct kept file = {0};
        int rc;

        rc = read_start(tree, path, max, &file);
        if (rc == 0 && file.rc < 0) {
                rc = file.rc;
                free(file.bytes);
        }
        if (rc < 0)
                return rc;
        *ret = file.bytes;
        if (ret_size)
                *ret_size = file.size;
        return 0;
}

int tree_read_into(struct tree *tree, const char *path, void *to, size_t size, size_t *ret_size)
{
        _close_ int fd = open_path(tree, path, O_RDONLY | O_NONBLOCK);
        ssize_t n;

        if (fd < 0)
                return fd;
        n = read(fd, to, size);
        if (n < 0)
                return -errno;
        tree_keep_at(&tree->keeper, TREE_FILE, path, to, (size_t)n);
        *ret_size = (size_t)n;
        return 0;
}

int tree_borrow(struct tree *tree, const char *path, size_t max, const char **ret, size_t *ret_size)
{
        struct kept *kept = tree->kept;
        int rc;

        while (kept < tree->kept + tree->kept_count && strcmp(kept->path, path) != 0)
                kept++;
        if (kept == tree->kept + tree->kept_count) {
                if (tree->kept_count == KEPT_MAX ||
                    text_copy(kept->path, sizeof(kept->path), path) < 0)
                        return -E2BIG;
                rc = read_start(tree, path, max, kept);
                if (rc < 0)
                        kept->rc = rc;
                tree->kept_count++;
        }
        if (!kept->bytes)
                return kept->rc < 0 ? kept->rc : -ENOENT;
        *ret = kept->bytes;
        if (ret_size)
                *ret_size = kept->size;
        return 0;
}

__attribute__((format(printf, 2, 0))) static bool make_path(char to[static TREE_PATH_MAX],
                                                            const char *format, va_list args)
{
        const int n = vsnprintf(to, TREE_PATH_MAX, format, args);

        return n >= 0 && n < TREE_PATH_MAX;
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool read_text(struct tree *tree, char to[static TREE_LINE_SIZE], const char *path)
{
        _close_ int fd = open_path(tree, path, O_RDONLY | O_NONBLOCK);
        ssize_t n;
        size_t start = 0;

        to[0] = '\0';
        if (fd < 0)
                return false;
        n = read(fd, to, TREE_LINE_SIZE);
        if (n > 0)
                tree_keep_at(&tree->keeper, TREE_FILE, path, to, (size_t)n);
        if (n <= 0 || n == TREE_LINE_SIZE) {
                to[0] = '\0';
                return false;
        }
        while (n > 0 && (is_blank(to[n - 1]) || to[n - 1] == '\0'))
                n--;
        to[n] = '\0';
        while (is_blank(to[start]))
                start++;
        memmove(to, to + start, strlen(to + start) + 1);
        return to[0] != '\0';
}

bool tree_line(struct tree *tree, char to[static TREE_LINE_SIZE], const char *format, ...)
{
        char path[TREE_PATH_MAX];
        va_list args;
        bool ok;

        va_start(args, format);
        ok = make_path(path, format, args);
        va_end(args);
        to[0] = '\0';
        return ok && read_text(tree, to, path);
}

bool tree_number(struct tree *tree, uint64_t *ret, const char *format, ...)
{
        char path[TREE_PATH_MAX], text[TREE_LINE_SIZE], *end;
        unsigned long long number;
        va_list args;
        bool ok;

        va_start(args, format);
        ok = make_path(path, format, args);
        va_end(args);
        if (!ok || !read_text(tree, text, path) || text[0] == '-')
                return false;
        errno = 0;
        number = strtoull(text, &end, text_has_prefix(text, "0x") ? 16 : 10);
        if (errno != 0 || *end != '\0')
                return false;
        *ret = number;
        return true;
}

bool tree_has(struct tree *tree, const char *format, ...)
{
        char path[TREE_PATH_MAX];
        struct stat s;
        va_list args;
        bool ok;
        int fd;

        va_start(args, format);
        ok = make_path(path, format, args);
        va_end(args);
        if (!ok)
                return false;
        if (tree->is_live && !tree->keeper.keep)
                return faccessat(tree->root, path, F_OK, 0) == 0;
        fd = open_path(tree, path, O_PATH);
        if (fd < 0)
                return false;
        if (tree->keeper.keep && fstat(fd, &s) == 0)
                tree_keep_at(&tree->keeper, S_ISDIR(s.st_mode) ? TREE_FOLDER : TREE_NAME, path,
                             NULL, 0);
        close(fd);
        return true;
}

static bool take_link(struct tree *tree, char to[static TREE_PATH_MAX], const char *path)
{
        if (!read_link(tree, to, path))
                return false;
        tree_keep_at(&tree->keeper, TREE_LINK, path, to, strlen(to));
        return true;
}

bool tree_link_path(struct tree *tree, char to[static TREE_PATH_MAX], const char *format, ...)
{
        char path[TREE_PATH_MAX];
        va_list args;
        bool ok;

        va_start(args, format);
        ok = make_path(path, format, args);
        va_end(args);
        to[0] = '\0';
        return ok && take_link(tree, to, path);
}

bool tree_link(struct tree *tree, char to[static TREE_LINE_SIZE], const char *format, ...)
{
        char path[TREE_PATH_MAX], target[TREE_PATH_MAX];
        const char *slash;
        va_list args;
        bool ok;

        va_start(args, format);
        ok = make_path(path, format, args);
        va_end(args);
        to[0] = '\0';
        if (!ok || !take_link(tree, target, path))
                return false;
        slash = strrchr(target, '/');
        return text_copy(to, TREE_LINE_SIZE, slash ? slash + 1 : target) == 0 && to[0];
}

static int compare_names(const void *a, const void *b)
{
        return strverscmp(a, b);
}

int tree_list(struct tree *tree, const char *path, struct tree_names *ret)
{
        struct tree_names names = {0};
        size_t space = 0;
        const int fd = open_path(tree, path, O_RDONLY | O_DIRECTORY);
        DIR *dir;

        if (fd < 0)
                return fd;
        dir = fdopendir(fd);
        if (!dir) {
                close(fd);
                return -ENOMEM;
        }
        tree_keep_at(&tree->keeper, TREE_FOLDER, path, NULL, 0);
        for (const struct dirent *e; (e = readdir(dir)) && names.count < TREE_NAMES_MAX;) {
                void *more;

                if (e->d_name[0] == '.' || strlen(e->d_name) >= TREE_NAME_SIZE)
                        continue;
                if (names.count == space) {
                        space = space ? 2 * space : 32;
                        more = reallocarray(names.names, space, TREE_NAME_SIZE);
                        if (!more) {
                                tree_names_done(&names);
                                closedir(dir);
                                return -ENOMEM;
                        }
                        names.names = more;
                }
                (void)text_copy(names.names[names.count++], TREE_NAME_SIZE, e->d_name);
                tree_keep_member(&tree->keeper, path, e->d_name, e->d_type);
        }
        closedir(dir);
        if (names.count > 0)
                qsort(names.names, names.count, TREE_NAME_SIZE, compare_names);
        *ret = names;
        return 0;
}

void tree_names_done(struct tree_names *names)
{
        free(names->names);
        *names = (struct tree_names){0};
}
