/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The index over what depmod wrote
 *
 * A device names itself by a modalias (pci:v00001AF4d00001000...); an alias line
 * maps a pattern to a module. Patterns are matched by fnmatch(3), but only after
 * the bytes before their first wildcard agree: that turns a million matches into
 * a few dozen.
 */
#include "lib/boot/modules.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/map.h"
#include "lib/base/text.h"

#define NAME_SIZE     64   /* kernel: MODULE_NAME_LEN is 56 */
#define DEPTH_MAX     16   /* chains of softdeps; a circle ends here */
#define STEPS_MAX     4096 /* modules visited for one; a tangle of softdeps ends here */
#define LINE_MAX_SIZE 8192

struct module {
        char name[NAME_SIZE];
        char *path;
        char *needs;     /* paths of modules.dep, blank-separated, as written */
        char *softneeds; /* names of "pre:" in modules.softdep, or NULL */
};

struct alias {
        char *pattern;
        size_t fixed; /* bytes before the first wildcard */
        char name[NAME_SIZE];
};

struct modules {
        struct map *by_name;
        struct alias *aliases;
        size_t alias_count, alias_space;
};

struct modules *modules_new(void)
{
        struct modules *m = calloc(1, sizeof(*m));

        if (!m)
                return NULL;
        m->by_name = map_new(MODULES_MAX);
        if (!m->by_name) {
                free(m);
                return NULL;
        }
        return m;
}

static void module_free(struct module *module)
{
        free(module->path);
        free(module->needs);
        free(module->softneeds);
        free(module);
}

struct modules *modules_free(struct modules *modules)
{
        void *module;

        if (!modules)
                return NULL;
        for (size_t at = 0; map_next(modules->by_name, &at, &module) > 0;)
                module_free(module);
        map_free(modules->by_name);
        for (size_t i = 0; i < modules->alias_count; i++)
                free(modules->aliases[i].pattern);
        free(modules->aliases);
        free(modules);
        return NULL;
}

/* "kernel/drivers/net/e1000e/e1000e.ko" -> "e1000e"; dashes become underscores, as the kernel has
 * it. */
static int name_of(const char *path, size_t len, char to[static NAME_SIZE])
{
        const char *start = path;
        size_t n;

        for (size_t i = 0; i < len; i++)
                if (path[i] == '/')
                        start = path + i + 1;
        n = len - (size_t)(start - path);
        for (size_t i = 0; i < n; i++)
                if (start[i] == '.') {
                        n = i;
                        break;
                }
        if (n == 0 || text_copy_bytes(to, NAME_SIZE, start, n) < 0)
                return -EINVAL;
        for (char *c = to; *c; c++)
                if (*c == '-')
                        *c = '_';
        return 0;
}

static struct module *find(const struct modules *modules, const char *name)
{
        return map_find(modules->by_name, name, strlen(name));
}

/* Calls @take for each line, without its newline; longer ones than any real one are skipped. */
static int each_line(struct modules *modules, const char *root, const char *text,
                     int (*take)(struct modules *modules, const char *root, char *line))
{
        _free_ char *line = malloc(LINE_MAX_SIZE);
        int rc;

        if (!line)
                return -ENOMEM;
        while (*text) {
                const size_t len = strcspn(text, "\n");

                if (len < LINE_MAX_SIZE) {
                        memcpy(line, text, len);
                        line[len] = '\0';
                        rc = take(modules, root, line);
                        if (rc < 0)
                                return rc;
                }
                text += len;
                text += *text == '\n';
        }
        return 0;
}

static int take_dep(struct modules *modules, const char *root, char *line)
{
        char *colon = strchr(line, ':');
        char name[NAME_SIZE];
        struct module *module;
        int rc;

        if (!colon || name_of(line, (size_t)(colon - line), name) < 0 || find(modules, name))
                return 0;
        *colon = '\0';

        module = calloc(1, sizeof(*module));
        if (!module)
                return -ENOMEM;
        memcpy(module->name, name, sizeof(name));
        module->needs = strdup(colon + 1);
        if (asprintf(&module->path, "%s/%s", root, line) < 0)
                module->path = NULL;
        rc = module->needs && module->path
                     ? map_set(modules->by_name, module->name, strlen(module->name), module)
                     : -ENOMEM;
        if (rc < 0)
                module_free(module);
        return rc == -ENOSPC ? -E2BIG : rc;
}

int modules_add_dep(struct modules *modules, const char *root, const char *text)
{
        return each_line(modules, root, text, take_dep);
}

static int add_alias(struct modules *modules, const char *pattern, const char *name)
{
        struct alias *alias;

        if (modules->alias_count == MODULES_ALIASES_MAX)
                return -E2BIG;
        if (modules->alias_count == modules->alias_space) {
                const size_t space = modules->alias_space ? 2 * modules->alias_space : 1024;
                void *more = reallocarray(modules->aliases, space, sizeof(*modules->aliases));

                if (!more)
                        return -ENOMEM;
                modules->aliases = more;
                modules->alias_space = space;
        }

        alias = &modules->aliases[modules->alias_count];
        if (name_of(name, strlen(name), alias->name) < 0)
                return 0;
        alias->pattern = strdup(pattern);
        if (!alias->pattern)
                return -ENOMEM;
        alias->fixed = strcspn(pattern, "*?[");
        modules->alias_count++;
        return 0;
}

/* "alias PATTERN NAME" */
static int take_alias(struct modules *modules, const char *root, char *line)
{
        char *save = NULL;
        const char *word = strtok_r(line, " \t", &save);
        const char *pattern, *name;

        (void)root;
        if (!text_is_equal(word, "alias"))
                return 0;
        pattern = strtok_r(NULL, " \t", &save);
        name = strtok_r(NULL, " \t", &save);
        return pattern && name ? add_alias(modules, pattern, name) : 0;
}

int modules_add_alias(struct modules *modules, const char *text)
{
        return each_line(modules, "", text, take_alias);
}

/* "softdep NAME pre: A B post: C": what comes before is loaded; what comes after loads itself. */
static int take_softdep(struct modules *modules, const char *root, char *line)
{
        char *pre = strstr(line, " pre:");
        char *post = strstr(line, " post:");
        char *save = NULL;
        struct module *module;
        const char *word, *name;
        char key[NAME_SIZE];

        (void)root;
        if (!pre)
                return 0;
        if (post && post > pre)
                *post = '\0';
        *pre = '\0';
        word = strtok_r(line, " \t", &save);
        name = strtok_r(NULL, " \t", &save);
        if (!text_is_equal(word, "softdep") || !name || name_of(name, strlen(name), key) < 0)
                return 0;

        module = find(modules, key);
        if (!module || module->softneeds)
                return 0;
        module->softneeds = strdup(pre + strlen(" pre:"));
        return module->softneeds ? 0 : -ENOMEM;
}

int modules_add_softdep(struct modules *modules, const char *text)
{
        return each_line(modules, "", text, take_softdep);
}

struct walk {
        const struct modules *modules;
        modules_fn fn;
        void *context;
        unsigned depth, steps;
};

static int walk_one(struct walk *walk, const struct module *module);

/* modules.dep lists the closure, the deepest last; so it is walked from its end. */
static int walk_needs(struct walk *walk, const char *needs)
{
        const char *end = needs + strlen(needs);

        while (end > needs) {
                const char *start;
                char name[NAME_SIZE];
                const struct module *module;
                int rc;

                while (end > needs && end[-1] == ' ')
                        end--;
                start = end;
                while (start > needs && start[-1] != ' ')
                        start--;
                if (start == end)
                        break;
                if (name_of(start, (size_t)(end - start), name) == 0) {
                        module = find(walk->modules, name);
                        rc = module ? walk->fn(walk->context, module->name, module->path) : 0;
                        if (rc < 0)
                                return rc;
                }
                end = start;
        }
        return 0;
}

static int walk_softneeds(struct walk *walk, const char *names)
{
        while (*names) {
                const size_t len = strcspn(names, " ");
                const struct module *module;
                char name[NAME_SIZE];
                int rc;

                if (len > 0 && name_of(names, len, name) == 0) {
                        module = find(walk->modules, name);
                        rc = module ? walk_one(walk, module) : 0;
                        if (rc < 0)
                                return rc;
                }
                names += len;
                names += strspn(names, " ");
        }
        return 0;
}

static int walk_one(struct walk *walk, const struct module *module)
{
        int rc = 0;

        if (walk->depth >= DEPTH_MAX || ++walk->steps > STEPS_MAX)
                return 0;
        walk->depth++;
        if (module->softneeds)
                rc = walk_softneeds(walk, module->softneeds);
        if (rc >= 0)
                rc = walk_needs(walk, module->needs);
        if (rc >= 0)
                rc = walk->fn(walk->context, module->name, module->path);
        walk->depth--;
        return rc;
}

int modules_walk(const struct modules *modules, const char *name, modules_fn fn, void *context)
{
        struct walk walk = {.modules = modules, .fn = fn, .context = context};
        const struct module *module;
        char key[NAME_SIZE];

        if (name_of(name, strlen(name), key) < 0)
                return -ENOENT;
        module = find(modules, key);
        return module ? walk_one(&walk, module) : -ENOENT;
}

static bool is_match(const struct alias *alias, const char *modalias)
{
        return strncmp(alias->pattern, modalias, alias->fixed) == 0 &&
               fnmatch(alias->pattern, modalias, 0) == 0;
}

int modules_walk_alias(const struct modules *modules, const char *modalias, modules_fn fn,
                       void *context)
{
        int rc;

        for (size_t i = 0; i < modules->alias_count; i++) {
                const struct alias *alias = &modules->aliases[i];

                if (!is_match(alias, modalias))
                        continue;
                rc = modules_walk(modules, alias->name, fn, context);
                if (rc < 0 && rc != -ENOENT)
                        return rc;
        }
        return 0;
}

bool modules_has_alias(const struct modules *modules, const char *modalias)
{
        for (size_t i = 0; i < modules->alias_count; i++)
                if (is_match(&modules->aliases[i], modalias))
                        return true;
        return false;
}
