/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/doc/diff.h"

#include <stdio.h>
#include <string.h>

#include "lib/doc/tree.h"

#define DEPTH_MAX 24 /* as deep as any document that doc_parse() takes */

struct walk {
        doc_diff_fn fn;
        void *context;
        char path[DIFF_PATH_SIZE];
        size_t depth;
};

bool doc_is_same(const struct doc *a, const struct doc *b)
{
        return a == b || (a && b && json_equal(tree_json(a), tree_json(b)) == 1);
}

/* Names may have dots, which doc_get() would take for its own. */
static struct doc *member(const struct doc *object, const char *name)
{
        return tree_doc(json_object_get(tree_json(object), name));
}

static int walk(struct walk *w, const struct doc *before, const struct doc *after);

/* The same, with one part more in the path: @name, or a place in a list. */
static int walk_part(struct walk *w, const char *name, size_t index,
                     const struct doc *const values[2])
{
        const size_t used = strlen(w->path);
        int rc;

        if (name)
                snprintf(w->path + used, sizeof(w->path) - used, "%s%s", used > 0 ? "." : "", name);
        else
                snprintf(w->path + used, sizeof(w->path) - used, "[%zu]", index);
        rc = walk(w, values[0], values[1]);
        w->path[used] = '\0';
        return rc;
}

static int walk_objects(struct walk *w, const struct doc *before, const struct doc *after)
{
        const char *name;
        struct doc *value;
        int rc = 0;

        for (size_t at = 0; rc == 0 && doc_next(before, &at, &name, &value) > 0;)
                rc = walk_part(w, name, 0, (const struct doc *[]){value, member(after, name)});
        for (size_t at = 0; rc == 0 && doc_next(after, &at, &name, &value) > 0;)
                if (!member(before, name))
                        rc = walk_part(w, name, 0, (const struct doc *[]){NULL, value});
        return rc;
}

static int walk_lists(struct walk *w, const struct doc *before, const struct doc *after)
{
        const size_t a = doc_count(before), b = doc_count(after);
        size_t first = 0, last = 0;
        int rc = 0;

        while (first < a && first < b && doc_is_same(doc_at(before, first), doc_at(after, first)))
                first++;
        while (last < a - first && last < b - first &&
               doc_is_same(doc_at(before, a - 1 - last), doc_at(after, b - 1 - last)))
                last++;
        for (size_t i = first; rc == 0 && (i < a - last || i < b - last); i++)
                rc = walk_part(w, NULL, i,
                               (const struct doc *[]){
                                       i < a - last ? doc_at(before, i) : NULL,
                                       i < b - last ? doc_at(after, i) : NULL,
                               });
        return rc;
}

static int walk(struct walk *w, const struct doc *before, const struct doc *after)
{
        int rc;

        if (doc_is_same(before, after))
                return 0;
        if (w->depth == DEPTH_MAX || (doc_count(before) == 0 && doc_count(after) == 0))
                return w->fn(w->context, w->path, before, after);
        w->depth++;
        if ((!before || doc_is_object(before)) && (!after || doc_is_object(after)))
                rc = walk_objects(w, before, after);
        else if ((!before || doc_is_list(before)) && (!after || doc_is_list(after)))
                rc = walk_lists(w, before, after);
        else
                rc = w->fn(w->context, w->path, before, after);
        w->depth--;
        return rc;
}

int doc_diff(const struct doc *before, const struct doc *after, doc_diff_fn fn, void *context)
{
        struct walk w = {.fn = fn, .context = context};

        return walk(&w, before, after);
}
