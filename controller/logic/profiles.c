/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A profile is kept as the text that its operator sees, and as what was
 * understood of it: an install never reads it again, so that what was refused
 * when it was written cannot be met at night.
 */
#include "controller/logic/profiles.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/daemon/log.h"

static struct profile_entry *entry_free(struct profile_entry *entry)
{
        if (!entry)
                return NULL;
        free(entry->text);
        free(entry);
        return NULL;
}
CLEANUP_DEFINE(struct profile_entry *, entry_free)

struct profile_entry *profile_find(const struct logic *logic, const char *name)
{
        const size_t len = strlen(name);

        return len < NODE_NAME_SIZE ? map_find(logic->profiles, name, len) : NULL;
}

static int refuse_name(char *error, const char *name, const char *why)
{
        snprintf(error, DOC_ERROR_SIZE, "profile '%s': %s", name, why);
        return -EBADMSG;
}

int profile_read(const char *name, const char *text, size_t size, char *error, struct profile *ret,
                 struct doc **ret_doc)
{
        _doc_ struct doc *object = NULL;
        const char *said;
        int rc;

        if (!node_name_is_valid(name))
                return refuse_name(error, name, "a name has letters a-z, digits and dashes");
        rc = doc_parse(text, size, &doc_limits_message, error, &object);
        if (rc < 0)
                return rc;
        if (!doc_is_object(object))
                return refuse_name(error, name, "it must be an object");
        if (!doc_get(object, "name"))
                doc_set_text(object, "name", name);
        said = doc_get_text(object, "name");
        if (!said || strcmp(said, name) != 0)
                return refuse_name(error, name, "'name' must be the one in the path, or left out");
        rc = profile_decode(object, error, ret);
        if (rc == 0 && ret_doc)
                *ret_doc = TAKE_PTR(object);
        return rc;
}

static struct doc *copy_or_new(const struct doc *object)
{
        return doc_is_object(object) ? doc_copy(object) : doc_object();
}

static int write_text(const struct doc *document, struct profile_entry *entry)
{
        _doc_ struct doc *object = doc_object();
        struct sha256 hash;
        int rc;

        doc_set_text(object, "kind", PROFILE_KIND);
        doc_set_text(object, "name", entry->name);
        doc_set_number(object, "version", (int64_t)entry->version);
        doc_set(object, "labels", copy_or_new(doc_get(document, "labels")));
        doc_set(object, "spec", copy_or_new(doc_get(document, "spec")));
        rc = doc_print(object, DOC_COMPACT, &entry->text);
        if (rc < 0)
                return rc;
        entry->text_size = strlen(entry->text);
        rc = sha256_of(entry->text, entry->text_size, &hash);
        if (rc == 0)
                (void)sha256_text(entry->hash, &hash);
        return rc;
}

/* In place of an older one. @take is then the logic's. */
static int keep(struct logic *logic, struct profile_entry *take)
{
        struct profile_entry *old = profile_find(logic, take->name);
        int rc;

        rc = map_set(logic->profiles, take->name, strlen(take->name), take);
        if (rc == 0)
                entry_free(old);
        return rc;
}

int profile_put(struct logic *logic, const struct profile *profile, const struct doc *document,
                uint64_t now_ms, struct store_change *change, struct profile_entry **ret)
{
        CLEANUP(entry_free) struct profile_entry *entry = calloc(1, sizeof(*entry));
        const struct profile_entry *old = profile_find(logic, profile->name);
        struct store_document row = {.kind = PROFILE_KIND, .at_ms = now_ms};
        int rc;

        if (!entry)
                return -ENOMEM;
        memcpy(entry->name, profile->name, sizeof(entry->name));
        entry->version = old ? old->version + 1 : 1;
        entry->profile = *profile;
        rc = write_text(document, entry);
        if (rc == 0)
                rc = keep(logic, entry);
        if (rc < 0)
                return rc;
        row.name = entry->name;
        row.version = entry->version;
        row.body = entry->text;
        store_put_document(change, &row);
        log_info("profile.put", "profile=%s version=%llu", entry->name,
                 (unsigned long long)entry->version);
        *ret = TAKE_PTR(entry);
        return 0;
}

void profile_delete(struct logic *logic, struct profile_entry *entry, uint64_t now_ms,
                    struct store_change *change)
{
        const struct store_document row = {
                .kind = PROFILE_KIND,
                .name = entry->name,
                .version = entry->version + 1,
                .at_ms = now_ms,
        };

        store_delete_document(change, &row);
        log_info("profile.deleted", "profile=%s", entry->name);
        map_remove(logic->profiles, entry->name, strlen(entry->name));
        entry_free(entry);
}

int profile_restore(struct logic *logic, const struct store_document *row)
{
        CLEANUP(entry_free) struct profile_entry *entry = calloc(1, sizeof(*entry));
        _doc_ struct doc *document = NULL;
        char error[DOC_ERROR_SIZE] = "";
        int rc;

        if (!entry)
                return -ENOMEM;
        rc = profile_read(row->name, row->body, strlen(row->body), error, &entry->profile,
                          &document);
        if (rc == -ENOMEM)
                return rc;
        if (rc < 0) {
                /* No reason to serve nobody: written anew, it is there again. */
                log_warning("profile.unreadable", "profile=%s reason=%s", QUOTE(row->name),
                            QUOTE(error));
                return 0;
        }
        memcpy(entry->name, entry->profile.name, sizeof(entry->name));
        entry->version = row->version;
        rc = write_text(document, entry);
        if (rc == 0)
                rc = keep(logic, entry);
        if (rc == 0)
                (void)TAKE_PTR(entry);
        return rc;
}

void profiles_free(struct logic *logic)
{
        size_t at = 0;
        void *value;

        while (logic->profiles && map_next(logic->profiles, &at, &value))
                entry_free(value);
        map_free(logic->profiles);
}
