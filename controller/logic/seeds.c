/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who names whom: profiles name keys, files and images. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controller/logic/documents.h"
#include "lib/base/text.h"

static bool has(const struct logic *logic, enum document_kind kind, const char *name, char *why)
{
        if (document_find(logic, kind, name))
                return true;
        snprintf(why, SEED_WHY_SIZE, "Its seed asks for the %s '%s', which is not there.",
                 document_kinds[kind].name, name);
        return false;
}

bool seed_is_known(const struct logic *logic, const struct seed_names *seed,
                   char why[static SEED_WHY_SIZE])
{
        for (size_t i = 0; i < seed->ssh_key_count; i++)
                if (!has(logic, DOCUMENT_KEY, seed->ssh_keys[i], why))
                        return false;
        return !seed->user_data[0] || has(logic, DOCUMENT_FILE, seed->user_data, why);
}

static bool names(const struct seed_names *seed, const struct document *document)
{
        if (document->kind == DOCUMENT_FILE)
                return strcmp(seed->user_data, document->name) == 0;
        for (size_t i = 0; i < seed->ssh_key_count; i++)
                if (document->kind == DOCUMENT_KEY &&
                    strcmp(seed->ssh_keys[i], document->name) == 0)
                        return true;
        return false;
}

static const struct node *install_with(const struct list *which, const struct document *document)
{
        LIST_FOR_EACH(which, each)
        {
                const struct node *node = container_of(each, struct node, running);

                if (names(&node->install.seed, document))
                        return node;
        }
        return NULL;
}

/* Rules name profiles. */
static bool is_of_rule(const struct logic *logic, const struct document *document,
                       char why[static SEED_WHY_SIZE])
{
        size_t at = 0;
        void *value;

        while (document->kind == DOCUMENT_PROFILE &&
               map_next(logic->documents[DOCUMENT_RULE], &at, &value)) {
                const struct rule *rule = ((const struct document *)value)->rule;

                if (strcmp(rule->profile, document->name) != 0)
                        continue;
                snprintf(why, SEED_WHY_SIZE, "Rule '%s' gives it to nodes.", rule->name);
                return true;
        }
        return false;
}

bool seed_is_using(const struct logic *logic, const struct document *document,
                   char why[static SEED_WHY_SIZE])
{
        const struct node *node;
        size_t at = 0;
        void *value;

        if (is_of_rule(logic, document, why))
                return true;
        while (map_next(logic->documents[DOCUMENT_PROFILE], &at, &value)) {
                const struct document *profile = value;

                if (!names(&profile->profile->seed, document))
                        continue;
                snprintf(why, SEED_WHY_SIZE, "Profile '%s' asks for it.", profile->name);
                return true;
        }
        node = install_with(&logic->running, document);
        if (!node)
                node = install_with(&logic->waiting, document);
        if (node)
                snprintf(why, SEED_WHY_SIZE, "Node '%s' is being installed with it.", node->name);
        return node != NULL;
}

struct image_document image_said(const struct logic *logic, const char *name)
{
        const struct document *document = document_find(logic, DOCUMENT_IMAGE, name);

        return document ? *document->image : (struct image_document){0};
}

bool image_is_named(const struct logic *logic, const char *name, char why[static SEED_WHY_SIZE])
{
        size_t at = 0, count = 0, used = 0, more = 0;
        char names[SEED_WHY_SIZE / 2] = "";
        void *value;

        while (map_next(logic->documents[DOCUMENT_PROFILE], &at, &value)) {
                const struct document *profile = value;

                if (strcmp(profile->profile->image, name) != 0)
                        continue;
                /* Two quotes, and what separates them. */
                if (strlen(profile->name) + sizeof(", ''") > sizeof(names) - used)
                        more++;
                else
                        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s'%s'",
                                                 count > 0 ? ", " : "", profile->name);
                count++;
        }
        if (count == 0)
                return false;
        used = (size_t)snprintf(why, SEED_WHY_SIZE, "Profile%s %s", count == 1 ? "" : "s", names);
        if (more > 0)
                used += (size_t)snprintf(why + used, SEED_WHY_SIZE - used, " and %zu more", more);
        snprintf(why + used, SEED_WHY_SIZE - used, " ask%s for it.", count == 1 ? "s" : "");
        return true;
}

int seed_hash(const struct logic *logic, const struct document *profile,
              char ret[static SHA256_TEXT_SIZE])
{
        const struct seed_names *seed = &profile->profile->seed;
        CLEANUP(sha256_stream_free) struct sha256_stream *stream = NULL;
        const struct document *part;
        struct sha256 hash;
        int rc;

        memcpy(ret, profile->hash, SHA256_TEXT_SIZE);
        if (seed->ssh_key_count == 0 && !seed->user_data[0])
                return 0;
        rc = sha256_stream_new(&stream);
        if (rc == 0)
                rc = sha256_stream_add(stream, profile->hash, SHA256_TEXT_SIZE - 1);
        for (size_t i = 0; i <= seed->ssh_key_count && rc == 0; i++) {
                part = i < seed->ssh_key_count
                               ? document_find(logic, DOCUMENT_KEY, seed->ssh_keys[i])
                               : document_find(logic, DOCUMENT_FILE, seed->user_data);
                if (part)
                        rc = sha256_stream_add(stream, part->hash, SHA256_TEXT_SIZE - 1);
        }
        if (rc == 0)
                rc = sha256_stream_end(stream, &hash);
        if (rc == 0)
                (void)sha256_text(ret, &hash);
        return rc;
}

int seed_fill(const struct logic *logic, const struct seed_names *seed,
              char why[static SEED_WHY_SIZE], struct install_plan *ret)
{
        if (!seed_is_known(logic, seed, why))
                return -ENOENT;
        memcpy(ret->user, seed->user, sizeof(ret->user));
        for (size_t i = 0; i < seed->ssh_key_count; i++)
                (void)text_copy(ret->ssh_keys[i], sizeof(ret->ssh_keys[i]),
                                document_find(logic, DOCUMENT_KEY, seed->ssh_keys[i])->content);
        ret->ssh_key_count = seed->ssh_key_count;
        if (seed->user_data[0])
                (void)text_copy(ret->user_data, sizeof(ret->user_data),
                                document_find(logic, DOCUMENT_FILE, seed->user_data)->content);
        return 0;
}
