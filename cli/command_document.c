/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list, show and delete of documents: the first word of the command is the kind. */
#include <string.h>

#include "cli/each.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

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

/* "ssh-ed25519 … ops@desk": the type, and what people put behind the key. */
static void cell_key(char *to, size_t size, const struct doc *value)
{
        const char *line = doc_text(value);
        const char *bytes = line ? strchr(line, ' ') : NULL;
        const char *comment = bytes ? strchr(bytes + 1, ' ') : NULL;
        char safe[128];

        to[0] = '\0';
        if (bytes)
                snprintf(to, size, "%.*s%s", (int)(bytes - line), line,
                         comment ? text_escape(safe, sizeof(safe), comment) : "");
}

static const struct column profile_columns[] = {
        {"NAME",    "name",           NULL,       false},
        {"VERSION", "version",        NULL,       true },
        {"IMAGE",   "spec.steps",     cell_image, false},
        {"STEPS",   "spec.steps",     cell_steps, false},
        {"DISK",    "spec.disk.pick", NULL,       false},
        {"SIZE",    "spec.disk.size", NULL,       false},
};

static const struct column key_columns[] = {
        {"NAME",    "name",            NULL,     false},
        {"VERSION", "version",         NULL,     true },
        {"KEY",     "spec.public_key", cell_key, false},
};

static const struct column file_columns[] = {
        {"NAME",    "name",        NULL, false},
        {"VERSION", "version",     NULL, true },
        {"BYTES",   "status.size", NULL, true },
};

static const struct column setting_columns[] = {
        {"NAME",    "name",       NULL, false},
        {"VERSION", "version",    NULL, true },
        {"VALUE",   "spec.value", NULL, false},
};

static const struct column network_columns[] = {
        {"NAME",    "name",            NULL, false},
        {"VERSION", "version",         NULL, true },
        {"SUBNET",  "spec.subnet",     NULL, false},
        {"MODE",    "spec.mode",       NULL, false},
        {"FIRST",   "spec.pool_first", NULL, false},
        {"LAST",    "spec.pool_last",  NULL, false},
};

/* A row a kind. */
static const struct kind {
        const char *name, *path;
        const struct column *columns;
        size_t count;
        const char *none;
} kinds[] = {
        {"profile", "/api/v1/profiles", profile_columns, ARRAY_SIZE(profile_columns),
         "no profiles yet; 'cloudie apply' writes them"                                  },
        {"key",     "/api/v1/keys",     key_columns,     ARRAY_SIZE(key_columns),
         "no keys yet; 'cloudie apply' writes them"                                      },
        {"file",    "/api/v1/files",    file_columns,    ARRAY_SIZE(file_columns),
         "no files yet; 'cloudie apply' writes them"                                     },
 /* Rules have a list of their own. */
        {"rule",    "/api/v1/rules",    NULL,            0,                           "" },
        {"setting", "/api/v1/settings", setting_columns, ARRAY_SIZE(setting_columns),
         "no settings; those of cloudied.yaml hold"                                      },
        {"network", "/api/v1/networks", network_columns, ARRAY_SIZE(network_columns),
         "no networks but those of cloudied.yaml; \'cloudie discovery status\' shows all"},
};

/* Of the command; the table of commands has none that is not here. */
static const struct kind *kind_of(const struct command_context *context)
{
        size_t i = 0;

        while (i + 1 < ARRAY_SIZE(kinds) && !text_has_prefix(context->words, kinds[i].name))
                i++;
        return &kinds[i];
}

int command_document_list(const struct command_context *context)
{
        const struct kind *kind = kind_of(context);

        return each_list(context, kind->path, kind->columns, kind->count, kind->none);
}

int command_document_show(const struct command_context *context)
{
        return each_show(context, kind_of(context)->path);
}

int command_document_delete(const struct command_context *context)
{
        return each_do(context, kind_of(context)->path, "DELETE", "", "deleted");
}
