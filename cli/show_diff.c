/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/show_diff.h"

#include "cli/print.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doc/diff.h"

#define VALUE_SIZE 160 /* of a value in a line; the whole is in the document */

struct showing {
        FILE *to;
        const char *under; /* "labels" */
        size_t count;
};

/* Of a value without parts, or of an empty one. */
static const char *value_text(char to[static VALUE_SIZE], const struct doc *value)
{
        if (doc_is_object(value) || doc_is_list(value))
                snprintf(to, VALUE_SIZE, "%s", doc_is_object(value) ? "{}" : "[]");
        else if (doc_is_bool(value))
                snprintf(to, VALUE_SIZE, "%s", doc_bool(value) ? "true" : "false");
        else if (doc_is_null(value))
                snprintf(to, VALUE_SIZE, "null");
        else
                cell_text(to, VALUE_SIZE, value);
        return to;
}

static int show(void *context, const char *path, const struct doc *before, const struct doc *after)
{
        struct showing *s = context;
        char was[VALUE_SIZE], is[VALUE_SIZE], place[DIFF_PATH_SIZE];

        text_escape(place, sizeof(place), path);
        fprintf(s->to, "  %s%s%s: ", s->under, place[0] && place[0] != '[' ? "." : "", place);
        if (!before)
                fprintf(s->to, "new: %s\n", value_text(is, after));
        else if (!after)
                fprintf(s->to, "gone: %s\n", value_text(was, before));
        else
                fprintf(s->to, "%s -> %s\n", value_text(was, before), value_text(is, after));
        s->count++;
        return 0;
}

size_t show_diff(FILE *to, const struct doc *before, const struct doc *after)
{
        static const char *const parts[] = {"labels", "spec"};
        _doc_ struct doc *nothing = doc_object();
        struct showing s = {.to = to};

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                const struct doc *was = doc_get(before, parts[i]), *is = doc_get(after, parts[i]);

                s.under = parts[i];
                (void)doc_diff(was ? was : nothing, is ? is : nothing, show, &s);
        }
        return s.count;
}
