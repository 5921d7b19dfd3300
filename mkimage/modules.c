/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A line of each of depmod's files tells of one module:
 *
 *   modules.dep      kernel/fs/ext4/ext4.ko: kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko
 *   modules.alias    alias fs-ext4 ext4
 *   modules.softdep  softdep ext4 pre: crypto-crc32c
 *   modules.builtin  kernel/net/packet/af_packet.ko
 *
 * modules.dep names all that a module needs, needs of needs too. The texts are
 * kept whole, and each module holds its own line: a stage's files are then the
 * lines of its modules.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buffer.h"
#include "lib/base/file.h"
#include "lib/base/map.h"
#include "lib/base/text.h"
#include "mkimage/error.h"
#include "mkimage/modules.h"

#define INDEX_SIZE_MAX ((size_t)32 << 20) /* Debian's modules.alias has 1.6 MB */

#define NAME_SIZE      (MAP_KEY_MAX + 1) /* the kernel's own limit is 56 bytes */

const char *const modules_index_names[INDEX_COUNT] = {
        [INDEX_DEP] = "modules.dep",
        [INDEX_ALIAS] = "modules.alias",
        [INDEX_SOFTDEP] = "modules.softdep",
};

struct module {
        const char *line; /* of modules.dep */
        size_t path_size;
        enum stage stage;
        bool is_awaited;
};

struct modules {
        char *texts[INDEX_COUNT];
        char *builtin;
        struct module *list;
        size_t count;
        struct map *by_name;
};

/* What each line of a text starts with. */
struct line {
        const char *at;
        size_t size; /* without its newline */
};

static bool next_line(const char **at, struct line *ret)
{
        const size_t size = strcspn(*at, "\n");

        if (**at == '\0')
                return false;
        *ret = (struct line){.at = *at, .size = size};
        *at += size + ((*at)[size] == '\n');
        return true;
}

/* The next word of a line; false at its end. */
static bool next_word(struct line *line, struct line *ret)
{
        while (line->size > 0 && *line->at == ' ') {
                line->at++;
                line->size--;
        }
        *ret = (struct line){.at = line->at};
        while (line->size > 0 && *line->at != ' ') {
                line->at++;
                line->size--;
                ret->size++;
        }
        return ret->size > 0;
}

/* "kernel/drivers/net/usb/cdc-phonet.ko" -> "cdc_phonet"; -EBADMSG if that is no module. */
static int name_of(const char *path, size_t size, char name[static NAME_SIZE])
{
        const char *slash = memrchr(path, '/', size);
        const char *base = slash ? slash + 1 : path;
        size_t len = size - (size_t)(base - path);

        if (len > 3 && memcmp(base + len - 3, ".ko", 3) == 0)
                len -= 3;
        if (len == 0 || text_copy_bytes(name, NAME_SIZE, base, len) < 0)
                return -EBADMSG;
        for (char *c = name; *c; c++)
                if (*c == '-')
                        *c = '_';
        return 0;
}

static struct module *find(const struct modules *modules, const char *name, size_t size)
{
        char plain[NAME_SIZE];

        if (name_of(name, size, plain) < 0)
                return NULL;
        return map_find(modules->by_name, plain, strlen(plain));
}

static bool is_builtin(const struct modules *modules, const char *name)
{
        const char *at = modules->builtin;
        char wanted[NAME_SIZE], plain[NAME_SIZE];
        struct line line;

        if (name_of(name, strlen(name), wanted) < 0)
                return false;
        while (next_line(&at, &line))
                if (name_of(line.at, line.size, plain) == 0 && strcmp(plain, wanted) == 0)
                        return true;
        return false;
}

static int read_texts(struct modules *modules, const char *folder, char *error)
{
        static const char *const names[INDEX_COUNT + 1] = {"modules.dep", "modules.alias",
                                                           "modules.softdep", "modules.builtin"};
        char **const texts[INDEX_COUNT + 1] = {&modules->texts[INDEX_DEP],
                                               &modules->texts[INDEX_ALIAS],
                                               &modules->texts[INDEX_SOFTDEP], &modules->builtin};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _free_ char *path = NULL;
                int rc;

                if (asprintf(&path, "%s/%s", folder, names[i]) < 0) {
                        path = NULL;
                        return -ENOMEM;
                }
                rc = file_read(AT_FDCWD, path, INDEX_SIZE_MAX, texts[i], NULL);
                if (rc < 0)
                        return mkimage_fail(error, rc, "cannot read %s: %s", path, strerror(-rc));
        }
        return 0;
}

static int add_module(struct modules *modules, const struct line *line)
{
        const char *colon = memchr(line->at, ':', line->size);
        struct module *module = &modules->list[modules->count];
        char name[NAME_SIZE];

        if (!colon)
                return -EBADMSG;
        *module = (struct module){.line = line->at, .path_size = (size_t)(colon - line->at)};
        if (name_of(module->line, module->path_size, name) < 0)
                return -EBADMSG;
        modules->count++;
        return map_set(modules->by_name, name, strlen(name), module);
}

static int read_modules(struct modules *modules)
{
        const char *at = modules->texts[INDEX_DEP];
        size_t count = 0;
        struct line line;
        int rc = 0;

        while (next_line(&at, &line))
                count++;
        if (count == 0 || count > MODULES_MAX)
                return -EBADMSG;
        modules->list = calloc(count, sizeof(*modules->list));
        modules->by_name = map_new(count);
        if (!modules->list || !modules->by_name)
                return -ENOMEM;

        at = modules->texts[INDEX_DEP];
        while (rc == 0 && next_line(&at, &line))
                rc = add_module(modules, &line);
        return rc;
}

int modules_load(const char *folder, char *error, struct modules **ret)
{
        CLEANUP(modules_free) struct modules *modules = calloc(1, sizeof(*modules));
        int rc;

        if (!modules)
                return mkimage_fail(error, -ENOMEM, "no memory");
        rc = read_texts(modules, folder, error);
        if (rc < 0)
                return rc;
        rc = read_modules(modules);
        if (rc < 0)
                return mkimage_fail(error, rc, "%s/modules.dep makes no sense", folder);

        *ret = TAKE_PTR(modules);
        return 0;
}

struct modules *modules_free(struct modules *modules)
{
        if (modules) {
                for (size_t i = 0; i < INDEX_COUNT; i++)
                        free(modules->texts[i]);
                free(modules->builtin);
                free(modules->list);
                map_free(modules->by_name);
                free(modules);
        }
        return NULL;
}

static void choose(struct modules *modules, enum stage stage, struct module *module);

/* What a softdep asks for: a module, or whatever goes by that alias. Neither must be there. */
static void choose_soft(struct modules *modules, enum stage stage, const struct line *wanted)
{
        struct module *module = find(modules, wanted->at, wanted->size);
        const char *at = modules->texts[INDEX_ALIAS];
        struct line line, word;

        if (module)
                choose(modules, stage, module);
        while (next_line(&at, &line)) {
                if (!next_word(&line, &word) || word.size != strlen("alias") ||
                    !next_word(&line, &word) || word.size != wanted->size ||
                    memcmp(word.at, wanted->at, word.size) != 0 || !next_word(&line, &word))
                        continue;
                module = find(modules, word.at, word.size);
                if (module)
                        choose(modules, stage, module);
        }
}

static void choose_softdeps(struct modules *modules, enum stage stage, const struct module *of)
{
        const char *at = modules->texts[INDEX_SOFTDEP];
        struct line line, word;

        while (next_line(&at, &line)) {
                if (!next_word(&line, &word) || word.size != strlen("softdep") ||
                    !next_word(&line, &word) || find(modules, word.at, word.size) != of)
                        continue;
                while (next_word(&line, &word))
                        if (word.at[word.size - 1] != ':') /* "pre:" and "post:" */
                                choose_soft(modules, stage, &word);
        }
}

/* Ends, as each module is chosen once. */
static void choose(struct modules *modules, enum stage stage, struct module *module)
{
        struct line needs = {.at = module->line + module->path_size + 1};
        struct line path;

        if (module->stage != STAGE_NONE)
                return;
        module->stage = stage;
        needs.size = strcspn(needs.at, "\n");
        while (next_word(&needs, &path)) {
                struct module *needed = find(modules, path.at, path.size);

                if (needed)
                        choose(modules, stage, needed);
        }
        choose_softdeps(modules, stage, module);
}

static int choose_below(struct modules *modules, enum stage stage, const char *folder)
{
        const size_t size = strlen(folder);
        int rc = -ENOENT;

        for (size_t i = 0; i < modules->count; i++) {
                struct module *module = &modules->list[i];

                if (module->path_size <= size || memcmp(module->line, folder, size) != 0)
                        continue;
                choose(modules, stage, module);
                rc = 0;
        }
        return rc;
}

int modules_choose(struct modules *modules, enum stage stage, const char *entry)
{
        struct module *module;

        if (text_has_suffix(entry, "/"))
                return choose_below(modules, stage, entry);
        module = find(modules, entry, strlen(entry));
        if (!module)
                return is_builtin(modules, entry) ? 0 : -ENOENT;
        choose(modules, stage, module);
        return 0;
}

int modules_await(struct modules *modules, const char *name)
{
        struct module *module = find(modules, name, strlen(name));

        if (!module)
                return is_builtin(modules, name) ? 0 : -ENOENT;
        module->is_awaited = true;
        return 0;
}

size_t modules_count(const struct modules *modules, enum stage stage)
{
        size_t count = 0;

        for (size_t i = 0; i < modules->count; i++)
                count += modules->list[i].stage == stage;
        return count;
}

int modules_each(const struct modules *modules, enum stage stage, modules_path_fn fn, void *context)
{
        int rc = 0;

        for (size_t i = 0; rc >= 0 && i < modules->count; i++) {
                const struct module *module = &modules->list[i];
                _free_ char *path = NULL;

                if (module->stage != stage)
                        continue;
                path = strndup(module->line, module->path_size);
                rc = path ? fn(context, path) : -ENOMEM;
        }
        return rc < 0 ? rc : 0;
}

/* The module that a line of an index tells of; NULL for comments. */
static struct module *subject(const struct modules *modules, enum modules_index index,
                              struct line line)
{
        const char *colon;
        struct line word, last = {0};

        switch (index) {
        case INDEX_DEP:
                colon = memchr(line.at, ':', line.size);
                return colon ? find(modules, line.at, (size_t)(colon - line.at)) : NULL;
        case INDEX_ALIAS: /* alias PATTERN NAME, and a pattern may hold blanks */
                while (next_word(&line, &word))
                        last = word;
                return last.size > 0 ? find(modules, last.at, last.size) : NULL;
        case INDEX_SOFTDEP: /* softdep NAME ... */
                if (!next_word(&line, &word) || !next_word(&line, &word))
                        return NULL;
                return find(modules, word.at, word.size);
        case INDEX_COUNT:
                break;
        }
        return NULL;
}

static int cut_index(const struct modules *modules, enum stage stage, enum modules_index index,
                     bool is_awaited, char **ret)
{
        const char *at = modules->texts[index];
        _buffer_ struct buffer text = {0};
        struct line line;

        while (next_line(&at, &line)) {
                const struct module *module;

                if (*line.at == '#')
                        continue;
                module = subject(modules, index, line);
                if (!module || module->stage != stage || (is_awaited && !module->is_awaited))
                        continue;
                buffer_add(&text, line.at, line.size);
                buffer_text(&text, "\n");
        }
        return buffer_take(&text, ret);
}

int modules_index(const struct modules *modules, enum stage stage, enum modules_index index,
                  char **ret)
{
        return cut_index(modules, stage, index, false, ret);
}

int modules_index_awaited(const struct modules *modules, enum stage stage, char **ret)
{
        return cut_index(modules, stage, INDEX_ALIAS, true, ret);
}
