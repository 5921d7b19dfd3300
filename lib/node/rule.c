/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/node/rule.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/node/node_document.h"
#include "lib/node/reading.h"

#define NUMBERED "{n"

const char *const rule_action_names[RULE_ACTION_COUNT + 1] = {
        [RULE_ACCEPT] = "accept",
        [RULE_INSTALL] = "install",
        [RULE_HOLD] = "hold",
        [RULE_QUARANTINE] = "quarantine",
};

/* What is read, and what that needs. */
struct rule_reading {
        struct rule *rule;
        filter_bind_fn bind;
};

static struct rule *rule_of(const struct reading *r)
{
        return ((struct rule_reading *)r->to)->rule;
}

static int take_number(const struct reading *r, const char *key, const struct doc *value,
                       int64_t least, int64_t most)
{
        if (!doc_is_number(value) || doc_number(value) < least || doc_number(value) > most)
                return reading_fail(r, "'%s' must be a number from %lld to %lld", key,
                                    (long long)least, (long long)most);
        return 0;
}

static int take_priority(struct reading *r, const char *key, const struct doc *value)
{
        const int rc = take_number(r, key, value, -RULE_PRIORITY_MAX, RULE_PRIORITY_MAX);

        if (rc == 0)
                rule_of(r)->priority = (int32_t)doc_number(value);
        return rc;
}

static int take_limit(struct reading *r, const char *key, const struct doc *value)
{
        const int rc = take_number(r, key, value, 1, RULE_LIMIT_MAX);

        if (rc == 0)
                rule_of(r)->limit = (uint32_t)doc_number(value);
        return rc;
}

static int take_match(struct reading *r, const char *key, const struct doc *value)
{
        const struct rule_reading *to = r->to;
        const char *text = doc_text(value);
        char why[DOC_ERROR_SIZE] = "";
        int rc;

        /* Nobody means all machines who writes nothing. */
        if (!text || !text[strspn(text, " \t\r\n")])
                return reading_fail(
                        r, "'%s' must be a filter, like \"gpu.vendor=nvidia\"; 'name=*' is all",
                        key);
        if (to->rule->match)
                return reading_fail(r, "'%s' is there twice", key);
        rc = filter_parse(text, to->bind, why, &to->rule->match);
        if (rc == -ENOMEM)
                return rc;
        if (rc < 0)
                return reading_fail(r, "'%s', %s", key, why);
        to->rule->match_text = strdup(text);
        return to->rule->match_text ? 0 : -ENOMEM;
}

static int take_profile(struct reading *r, const char *key, const struct doc *value)
{
        struct rule *rule = rule_of(r);
        int rc;

        rc = reading_text(r, key, value, rule->profile, sizeof(rule->profile));
        if (rc == 0 && !node_name_is_valid(rule->profile))
                rc = reading_fail(r, "'%s' is no name: a-z, 0-9 and dashes", key);
        return rc;
}

static int take_action(struct reading *r, const char *key, const struct doc *value)
{
        unsigned index = 0;
        const int rc = reading_name(r, key, value, rule_action_names, &index);

        if (rc == 0)
                rule_of(r)->action = (enum rule_action)index;
        return rc;
}

static int take_labels(struct reading *r, const char *key, const struct doc *value)
{
        const char *name;
        struct doc *label;
        size_t at = 0;

        if (!doc_is_object(value))
                return reading_fail(r, "'%s' must have names, each with a text", key);
        while (doc_next(value, &at, &name, &label) > 0) {
                char quoted[READING_QUOTED_SIZE];

                text_escape(quoted, sizeof(quoted), name);
                if (!node_label_is_valid(name) || !doc_is_text(label) ||
                    strlen(doc_text(label)) >= NODE_LABEL_SIZE)
                        return reading_fail(r,
                                            "'%s': '%s' is no label: a name of letters, digits "
                                            "and ._-/, and a text, each of at most %d bytes",
                                            key, quoted, NODE_LABEL_SIZE - 1);
                if (doc_set_text(rule_of(r)->labels, name, doc_text(label)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Of a machine that says all that can be asked for: what comes out must be a name. */
static int take_names(struct reading *r, const char *key, const struct doc *value)
{
        static const struct node_summary full = {.serial = "SN1", .asset_tag = "A1"};
        static const struct mac_address mac = {
                {2, 0, 0, 0, 0, 1}
        };
        struct rule *rule = rule_of(r);
        char name[NODE_NAME_SIZE];
        int rc;

        rc = reading_text(r, key, value, rule->names, sizeof(rule->names));
        if (rc == 0 && rule_name(rule, &full, &mac, 1, name) < 0)
                rc = reading_fail(r,
                                  "'%s' makes no names: a-z, 0-9, dashes, and {n}, {n:02}, "
                                  "{serial}, {asset}, {mac}",
                                  key);
        return rc;
}

static const struct reading_key spec_keys[] = {
        {"priority", take_priority},
        {"match",    take_match   },
        {"action",   take_action  },
        {"profile",  take_profile },
        {"limit",    take_limit   },
        {"names",    take_names   },
        {"labels",   take_labels  },
        {NULL,       NULL         },
};

static int check(const struct reading *r, const struct rule *rule)
{
        if (!rule->match)
                return reading_fail(r, "'match' is missing: 'name=*' is all machines");
        if (rule->action == RULE_INSTALL && !rule->profile[0])
                return reading_fail(r, "'action: install' needs a 'profile'");
        if (rule->action == RULE_QUARANTINE && rule->profile[0])
                return reading_fail(r, "'action: quarantine' takes no 'profile'");
        return 0;
}

int rule_decode(const struct doc *document, filter_bind_fn bind, char *error, struct rule **ret)
{
        CLEANUP(rule_free) struct rule *rule = calloc(1, sizeof(*rule));
        struct rule_reading to = {rule, bind};
        struct reading r = {.kind = "rule", .to = &to, .error = error};
        int rc;

        if (!rule)
                return -ENOMEM;
        rule->labels = doc_object();
        if (!rule->labels)
                return -ENOMEM;
        rc = reading_document(&r, node_name_is_valid, "a-z, 0-9 and dashes", spec_keys, document);
        if (rc == 0) {
                (void)text_copy(r.place, sizeof(r.place), "spec");
                rc = check(&r, rule);
        }
        if (rc < 0)
                return rc;
        memcpy(rule->name, r.name, sizeof(rule->name));
        *ret = TAKE_PTR(rule);
        return 0;
}

struct rule *rule_free(struct rule *rule)
{
        if (!rule)
                return NULL;
        filter_free(rule->match);
        doc_free(rule->labels);
        free(rule->match_text);
        free(rule);
        return NULL;
}

int rule_compare(const struct rule *a, const struct rule *b)
{
        if (a->priority != b->priority)
                return a->priority > b->priority ? -1 : 1;
        return strcmp(a->name, b->name);
}

bool rule_has_number(const struct rule *rule)
{
        return strstr(rule->names, NUMBERED) != NULL;
}

/* What a machine says, as part of a name: 0, or -ENOENT. */
static int say(const char *text, char to[static NODE_NAME_SIZE])
{
        if (node_text_is_filler(text) || node_name_of(text, to) < 0)
                return -ENOENT;
        return 0;
}

/* "{n:02}" with its braces: 0; -EINVAL: it is no such thing. */
static int number_part(const char *word, size_t len, uint32_t number,
                       char to[static NODE_NAME_SIZE])
{
        int width = 0;

        /* {n}, {n:2} and {n:02} */
        if (len == strlen("{n:02}") && word[3] == '0')
                width = word[4] - '0';
        else if (len == strlen("{n:2}"))
                width = word[3] - '0';
        else if (len != strlen("{n}"))
                return -EINVAL;
        if ((len > strlen("{n}") && (word[2] != ':' || width < 1)) || width > RULE_DIGITS_MAX)
                return -EINVAL;
        snprintf(to, NODE_NAME_SIZE, "%0*u", width, (unsigned)number);
        return 0;
}

/* A name in braces. */
static int part_of(const char *word, size_t len, const struct node_summary *summary,
                   const struct mac_address *mac, uint32_t number, char to[static NODE_NAME_SIZE])
{
        char text[MAC_TEXT_SIZE];

        if (strncmp(word, "{serial}", len) == 0)
                return say(summary->serial, to);
        if (strncmp(word, "{asset}", len) == 0)
                return say(summary->asset_tag, to);
        if (strncmp(word, "{mac}", len) == 0)
                return say(mac_text(text, mac), to);
        if (text_has_prefix(word, NUMBERED))
                return number_part(word, len, number, to);
        return -EINVAL;
}

int rule_name(const struct rule *rule, const struct node_summary *summary,
              const struct mac_address *mac, uint32_t number, char *ret)
{
        char name[NODE_NAME_SIZE], part[NODE_NAME_SIZE];
        size_t used = 0, len;
        int rc;

        for (const char *at = rule->names; *at; at += len) {
                len = 1;
                part[0] = *at;
                part[1] = '\0';
                if (*at == '{') {
                        len = strcspn(at, "}") + 1;
                        if (at[len - 1] != '}')
                                return -EINVAL;
                        rc = part_of(at, len, summary, mac, number, part);
                        if (rc < 0)
                                return rc;
                }
                if (strlen(part) > sizeof(name) - 1 - used)
                        return -EINVAL;
                memcpy(name + used, part, strlen(part));
                used += strlen(part);
        }
        name[used] = '\0';
        if (!node_name_is_valid(name))
                return -EINVAL;
        return text_copy(ret, NODE_NAME_SIZE, name);
}
