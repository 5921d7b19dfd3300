/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/each.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define PROFILES "/api/v1/profiles"

/* "wipe,image,grow": the keys of a list of objects of one key each. */
static void cell_steps(char *to, size_t size, const struct doc *value)
{
        size_t used = 0;

        to[0] = '\0';
        for (size_t i = 0; i < doc_count(value) && used < size; i++) {
                const char *name;
                struct doc *step;
                char safe[32];
                size_t at = 0;

                if (doc_next(doc_at(value, i), &at, &name, &step) > 0)
                        used += (size_t)snprintf(to + used, size - used, "%s%s", i > 0 ? "," : "",
                                                 text_escape(safe, sizeof(safe), name));
        }
}

/* The name of the image that one of the steps writes. */
static void cell_image(char *to, size_t size, const struct doc *value)
{
        to[0] = '\0';
        for (size_t i = 0; i < doc_count(value); i++) {
                const struct doc *image = doc_get(doc_at(value, i), "image");

                if (image)
                        cell_text(to, size, image);
        }
}

static const struct column columns[] = {
        {"NAME",    "name",           NULL,       false},
        {"VERSION", "version",        NULL,       true },
        {"IMAGE",   "spec.steps",     cell_image, false},
        {"STEPS",   "spec.steps",     cell_steps, false},
        {"DISK",    "spec.disk.pick", NULL,       false},
        {"SIZE",    "spec.disk.size", NULL,       false},
};

int command_profile_list(const struct command_context *context)
{
        return each_list(context, PROFILES, columns, ARRAY_SIZE(columns),
                         "no profiles yet; 'cloudie apply' writes them");
}

int command_profile_show(const struct command_context *context)
{
        return each_show(context, PROFILES);
}

int command_profile_delete(const struct command_context *context)
{
        return each_do(context, PROFILES, "DELETE", "", "deleted");
}
