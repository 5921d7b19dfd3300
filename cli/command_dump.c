/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dump and load: all that operators wrote, as one text of many documents, and
 * into an empty controller again. A text for people and for a repository: what
 * is secret is not in it, but for its name. `backup` is for what must come back
 * as it was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/apply.h"
#include "cli/bulk.h"
#include "cli/print.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

/* Of a node what its machine does not say anew, and what says which machine it is. */
static const char *const node_status[] = {"phase",     "first_seen_ms", "esp",     "macs",
                                          "installed", "summary",       "reserved"};

static struct doc *maintenance_of(const struct doc *node)
{
        const struct doc *conditions = doc_get(node, "status.conditions");
        struct doc *list = NULL;

        for (size_t i = 0; i < doc_count(conditions); i++) {
                const struct doc *one = doc_at(conditions, i);

                if (!text_is_equal(doc_get_text(one, "name"), "maintenance"))
                        continue;
                list = doc_list();
                (void)doc_append(list, doc_copy(one));
        }
        return list;
}

/* What of a document is dumped. NULL without memory. */
static struct doc *part_of(const struct kind *kind, const struct doc *one)
{
        struct doc *part = doc_object(), *status;

        (void)doc_set_text(part, "kind", kind->name);
        (void)doc_set_text(part, "name", doc_get_text(one, "name"));
        if (doc_count(doc_get(one, "labels")) > 0)
                (void)doc_set(part, "labels", doc_copy(doc_get(one, "labels")));
        if (doc_count(doc_get(one, "spec")) > 0)
                (void)doc_set(part, "spec", doc_copy(doc_get(one, "spec")));
        if (!kind->is_found)
                return part;
        status = doc_object();
        for (size_t i = 0; i < ARRAY_SIZE(node_status); i++)
                (void)doc_set(status, node_status[i],
                              doc_copy(doc_get(doc_get(one, "status"), node_status[i])));
        (void)doc_set(status, "conditions", maintenance_of(one));
        (void)doc_set(part, "status", status);
        return part;
}

/* All of a kind, appended to @all; of what is shown to nobody the names, to @left_out. */
static int collect_kind(const struct command_context *context, const struct kind *kind,
                        struct doc *all, struct doc *left_out)
{
        _doc_ struct doc *nodes = doc_list(), *answer = NULL;
        const struct doc *list = nodes;
        int rc;

        if (kind->is_found)
                rc = bulk_nodes(context, nodes);
        else
                rc = call_do(context->call, "GET", kind->path, NULL, NULL, &answer);
        if (rc == 0 && !kind->is_found)
                list = doc_get(answer, "items");
        for (size_t i = 0; rc == 0 && i < doc_count(list); i++) {
                const struct doc *one = doc_at(list, i);

                rc = kind->is_secret ? doc_append(left_out, doc_copy(one))
                                     : doc_append(all, part_of(kind, one));
        }
        return rc == 0 ? 0 : EXIT_FAILURE;
}

static int collect(const struct command_context *context, struct doc *all, struct doc *left_out)
{
        int rc = 0;

        for (size_t k = 0; rc == 0 && k < kind_count; k++)
                rc = collect_kind(context, &kinds[k], all, left_out);
        return rc;
}

static int write_text(const struct doc *all, const struct doc *left_out, struct buffer *to)
{
        buffer_text(to, "# What operators wrote, and the nodes: 'cloudie load' gives it to an "
                        "empty controller.\n");
        for (size_t i = 0; i < doc_count(left_out); i++) {
                const struct doc *one = doc_at(left_out, i);

                buffer_format(to, "# Left out, as it is shown to nobody: %s '%s'\n",
                              doc_get_text(one, "kind"), doc_get_text(one, "name"));
        }
        for (size_t i = 0; i < doc_count(all); i++) {
                _free_ char *text = NULL;

                if (doc_print(doc_at(all, i), DOC_YAML, &text) < 0)
                        return -1;
                buffer_text(to, "---\n");
                buffer_text(to, text);
        }
        return to->rc;
}

int command_dump(const struct command_context *context)
{
        _doc_ struct doc *all = doc_list(), *left_out = doc_list();
        _buffer_ struct buffer text = {.limit = ITEMS_LOAD_MAX};
        char safe[256];
        int rc;

        rc = collect(context, all, left_out);
        if (rc != 0)
                return rc;
        if (!context->file && context->output == OUTPUT_JSON)
                return print_document(OUTPUT_JSON, all);
        if (write_text(all, left_out, &text) < 0) {
                fprintf(stderr, "cloudie: no memory\n");
                return EXIT_FAILURE;
        }
        if (!context->file)
                return fwrite(text.bytes, 1, text.size, stdout) == text.size ? 0 : EXIT_FAILURE;
        rc = file_replace(context->file, text.bytes, text.size, 0600);
        text_escape(safe, sizeof(safe), context->file);
        if (rc < 0)
                fprintf(stderr, "cloudie: %s cannot be written: %s\n", safe, strerror(-rc));
        else
                fprintf(stderr,
                        "cloudie: %s has %zu documents; %zu are left out, and named in it\n", safe,
                        doc_count(all), doc_count(left_out));
        return rc < 0 ? EXIT_FAILURE : 0;
}

/* load */

/* What the controller has must stand in the file, as it is: else it would not be the same after. */
static int compare(const struct items *items, const struct doc *all)
{
        for (size_t i = 0; i < doc_count(all); i++) {
                const struct doc *one = doc_at(all, i);
                const char *kind = doc_get_text(one, "kind"), *name = doc_get_text(one, "name");
                struct item *item = items_find(items, kind, name);

                if (item && item_says_the_same(item->document, one)) {
                        item->now = doc_copy(one);
                        continue;
                }
                fprintf(stderr,
                        "cloudie: the controller has the %s '%s', which the file %s: load is for "
                        "an empty controller; nothing was written\n",
                        kind, name, item ? "has otherwise" : "does not have");
                return EXIT_FAILURE;
        }
        return 0;
}

int command_load(const struct command_context *context)
{
        CLEANUP(items_free) struct items *items = items_new(ITEMS_LOAD_MAX);
        _doc_ struct doc *all = doc_list(), *left_out = doc_list(), *results = doc_list();
        int rc = items ? items_read(items, context->argv[0]) : EXIT_FAILURE;

        if (rc == 0)
                rc = collect(context, all, left_out);
        if (rc == 0)
                rc = compare(items, all);
        if (rc == 0)
                rc = apply_check(context->call, items);
        if (rc != 0)
                return rc;
        rc = apply_send(context, items, results);
        if (context->output != OUTPUT_TABLE && print_document(context->output, results) != 0)
                rc = EXIT_FAILURE;
        return rc;
}
