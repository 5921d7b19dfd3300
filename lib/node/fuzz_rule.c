/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An operator's text: a rule whose every part can be used, or a sentence. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/node/rule.h"

static bool bind_field(const char *name, struct filter_field *ret)
{
        *ret = (struct filter_field){.id = name[0]};
        return true;
}

static void values(const void *object, int id, const char *name, struct filter_probe *probe)
{
        (void)object, (void)id;
        filter_probe_text(probe, name);
}

static void use(const struct rule *rule)
{
        static const struct node_summary summary = {.serial = "SN1"};
        static const struct mac_address mac = {
                {2, 0, 0, 0, 0, 1}
        };
        char why[FILTER_WHY_SIZE], name[NODE_NAME_SIZE];

        if (!node_name_is_valid(rule->name) || !rule->match || !rule->match_text ||
            rule->action >= RULE_ACTION_COUNT ||
            (rule->action == RULE_INSTALL && !rule->profile[0]))
                abort();
        filter_why(rule->match, values, NULL, why);
        if (rule->names[0] && rule_name(rule, &summary, &mac, 999999, name) == 0 &&
            !node_name_is_valid(name))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(rule_free) struct rule *rule = NULL;
        _doc_ struct doc *document = NULL;
        char error[DOC_ERROR_SIZE] = "";

        if (doc_parse_yaml((const char *)data, size, &doc_limits_message, NULL, &document) < 0)
                return 0;
        if (rule_decode(document, bind_field, error, &rule) == 0)
                use(rule);
        else if (!error[0] || strlen(error) >= sizeof(error))
                abort();
        return 0;
}
