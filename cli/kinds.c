/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/kinds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/node/image_document.h"
#include "lib/node/network_document.h"
#include "lib/node/node_document.h"
#include "lib/node/profile.h"
#include "lib/node/rule.h"
#include "lib/node/setting.h"

#define KIND_SIZE 32

static int check_profile(const struct doc *document, char *error)
{
        struct profile profile;

        return profile_decode(document, error, &profile);
}

static int check_key(const struct doc *document, char *error)
{
        struct seed_key key;

        return seed_key_decode(document, error, &key);
}

static int check_file(const struct doc *document, char *error)
{
        _free_ struct text_file *file = calloc(1, sizeof(*file));

        return file ? text_file_decode(document, error, file) : -ENOMEM;
}

static int check_network(const struct doc *document, char *error)
{
        struct edge_network network;

        return network_document_decode(document, error, &network);
}

static int check_image(const struct doc *document, char *error)
{
        struct image_document image;

        return image_document_decode(document, error, &image);
}

static int check_setting(const struct doc *document, char *error)
{
        struct setting setting;

        return setting_decode(document, error, &setting);
}

/* Which fields there are the controller knows. */
static bool any_field(const char *name, struct filter_field *ret)
{
        (void)name;
        *ret = (struct filter_field){0};
        return true;
}

static int check_rule(const struct doc *document, char *error)
{
        struct rule *rule = NULL;
        const int rc = rule_decode(document, any_field, error, &rule);

        rule_free(rule);
        return rc;
}

const struct kind kinds[] = {
        {"key",     "/api/v1/keys",     check_key,           false, false, false},
        {"file",    "/api/v1/files",    check_file,          true,  false, false},
        {"setting", "/api/v1/settings", check_setting,       false, false, false},
        {"network", "/api/v1/networks", check_network,       false, false, false},
        {"image",   "/api/v1/images",   check_image,         false, false, true },
        {"profile", "/api/v1/profiles", check_profile,       false, false, false},
        {"rule",    "/api/v1/rules",    check_rule,          false, false, false},
        {"node",    "/api/v1/nodes",    node_document_check, false, true,  false},
};
const size_t kind_count = ARRAY_SIZE(kinds);

const struct kind *kind_find(const char *name, char *error)
{
        char safe[KIND_SIZE], known[DOC_ERROR_SIZE / 2] = "";
        size_t used = 0;

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                if (text_is_equal(kinds[i].name, name))
                        return &kinds[i];
                used += (size_t)snprintf(known + used, sizeof(known) - used, "%s'%s'",
                                         i == 0                       ? ""
                                         : i + 1 == ARRAY_SIZE(kinds) ? " and "
                                                                      : ", ",
                                         kinds[i].name);
        }
        if (name)
                snprintf(error, DOC_ERROR_SIZE,
                         "this release does not know the kind '%s'; it knows %s",
                         text_escape(safe, sizeof(safe), name), known);
        else
                snprintf(error, DOC_ERROR_SIZE, "'kind' is missing; there are %s", known);
        return NULL;
}
