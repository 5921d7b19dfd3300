/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "cli/each.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define IMAGES     "/api/v1/images"
#define VERIFY_MAX 1024
/* All of it is read: 16 TiB, which no image has, would take 9 hours of a fast disk. */
#define VERIFY_PATIENCE_MS (10U * 3600 * 1000)

static const struct column columns[] = {
        {"NAME",         "name",               NULL,      false},
        {"OS",           "spec.os",            NULL,      false},
        {"ARCHITECTURE", "spec.architecture",  NULL,      false},
        {"SIZE",         "status.size",        cell_size, true },
        {"STORED",       "status.stored_size", cell_size, true },
        {"MADE",         "status.made_ms",     cell_when, false},
        {"ID",           "status.id",          NULL,      false},
};

int command_image_list(const struct command_context *context)
{
        return each_list(context, IMAGES, columns, ARRAY_SIZE(columns),
                         "no images yet; 'cloudie image import' makes one");
}

int command_image_show(const struct command_context *context)
{
        return each_show(context, IMAGES);
}

int command_image_delete(const struct command_context *context)
{
        return each_do(context, IMAGES, "DELETE", "", "deleted");
}

/* One of them: @ret is what a script is told. */
static bool verify(const struct command_context *context, const char *name, struct doc *results)
{
        _answer_ struct call_answer answer = {0};
        char path[320], detail[VERIFY_MAX];
        const struct call_request request = {
                .method = "POST", .path = path, .patience_ms = VERIFY_PATIENCE_MS};
        const char *said;
        bool is_whole;

        each_path(path, sizeof(path), IMAGES, name, "/verify");
        if (!call_try(context->call, &request, &answer)) {
                (void)call_complain(context->call, &answer);
                (void)each_result(results, name, false);
                return false;
        }
        is_whole = doc_get_bool(answer.doc, "ok", false);
        said = doc_get_text(answer.doc, "detail");
        text_escape(detail, sizeof(detail), said ? said : "");
        if (!is_whole)
                fprintf(stderr, "cloudie: %s is not whole: %s\n", name, detail);
        else if (context->output == OUTPUT_TABLE)
                printf("%s: whole%s%s\n", name, detail[0] ? ": " : "", detail);
        (void)doc_set_text(answer.doc, "name", name);
        return doc_append(results, TAKE_PTR(answer.doc)) == 0 && is_whole;
}

int command_image_verify(const struct command_context *context)
{
        _doc_ struct doc *results = doc_list();
        int status = 0;

        for (int i = 0; i < context->argc; i++)
                if (!verify(context, context->argv[i], results))
                        status = EXIT_FAILURE;
        if (context->output != OUTPUT_TABLE && print_document(context->output, results) != 0)
                status = EXIT_FAILURE;
        return status;
}
