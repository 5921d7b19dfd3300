/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cloudie-discover: what is this machine? One JSON document on stdout. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/probe.h"
#include "lib/base/cleanup.h"
#include "lib/daemon/options.h"

static const char *root = "/", *only;
static bool is_pretty, wants_schema;

/* clang-format off */
static const struct option_row options[] = {
        {.name = "root", .value = "FOLDER", .text = &root,
         .help = "read a captured /sys and /proc instead of this machine's"},
        {.name = "only", .value = "SECTIONS", .text = &only,
         .help = "such as cpu,disks; --schema names them all"},
        {.name = "pretty", .is_set = &is_pretty, .help = "for people"},
        {.name = "schema", .is_set = &wants_schema, .help = "print the JSON Schema of what is printed"},
};
/* clang-format on */

static const struct program program = {
        .name = "cloudie-discover",
        .summary = "Prints what this machine is, as JSON. Changes nothing.",
        .usage = "[options]",
        .options = options,
        .count = ARRAY_SIZE(options),
};

/* The first name in --only that no probe has; NULL: all are known. */
static const char *first_unknown(const char *names)
{
        while (names && *names) {
                const size_t len = strcspn(names, ",");

                if (!probe_is_known(names, len))
                        return names;
                names += len;
                names += *names == ',';
        }
        return NULL;
}

/* Takes it. */
static int print(struct doc *take)
{
        _doc_ struct doc *document = take;
        _free_ char *text = NULL;

        if (!document || doc_print(document, is_pretty ? DOC_PRETTY : DOC_COMPACT, &text) < 0)
                return program_fail(&program, "no memory");
        if (puts(text) < 0 || fflush(stdout) != 0)
                return program_fail(&program, "the inventory cannot be written");
        return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
        CLEANUP(tree_close) struct tree *tree = NULL;
        const char *unknown;
        int rest, rc;

        rc = options_parse(&program, argc, argv, &rest);
        if (rc != 0)
                return rc > 0 ? EXIT_SUCCESS : EXIT_USAGE;
        if (rest != argc)
                return program_usage(&program, "'%s' is not understood", argv[rest]);
        unknown = first_unknown(only);
        if (unknown)
                return program_usage(&program, "--only: there is no section '%.*s'",
                                     (int)strcspn(unknown, ","), unknown);
        if (wants_schema)
                return print(inventory_schema());

        rc = tree_open(root, &tree);
        if (rc < 0)
                return program_fail(&program, "%s cannot be opened: %s", root, strerror(-rc));
        return print(inventory_make(tree, only));
}
