/* SPDX-License-Identifier: GPL-3.0-or-later */
/* In the ramdisk nobody reads or writes YAML, and libyaml stays out of it. */

#include "lib/doc/tree.h"

int doc_parse_yaml(const char *text, size_t size, const struct doc_limits *limits, char *error,
                   struct doc **ret)
{
        (void)text;
        (void)size;
        (void)limits;
        (void)ret;
        return tree_fail(error, -ENOTSUP, "this program was built without YAML");
}

int tree_print_yaml(const json_t *json, char **ret)
{
        (void)json;
        (void)ret;
        return -ENOTSUP;
}
