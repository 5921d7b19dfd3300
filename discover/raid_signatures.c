/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/raid_signatures.h"

#include <string.h>

#include "discover/disk_use.h"
#include "lib/base/text.h"

#define SIGNATURES_MAX 256 /* more sets than disks of large machines can make */

/* clang-format off */
const struct field raid_signature_fields[] = {
        {.name = "kind",   .kind = FIELD_TEXT,  .help = "isw_raid_member, ddf_raid_member, linux_raid_member, ..."},
        {.name = "uuid",   .kind = FIELD_TEXT, .is_identity = true, .help = "of the set; absent: those of the kind have none"},
        {.name = "label",  .kind = FIELD_TEXT,  .help = "name of the set"},
        {.name = "disks",  .kind = FIELD_TEXTS, .help = "disks and partitions that have it"},
        {.name = "in_use", .kind = FIELD_BOOL,  .help = "the kernel has an array of one of them"},
        {.name = NULL},
};
/* clang-format on */

static struct crew_result *result_of(const struct crew_job *job, struct crew_result *results,
                                     const char *section)
{
        for (size_t i = 0; i < job->count; i++)
                if (strcmp(job->probes[i].name, section) == 0)
                        return &results[i];
        return NULL;
}

static bool is_member(const struct doc *arrays, const char *name)
{
        for (size_t i = 0; i < doc_count(arrays); i++) {
                const struct doc *disks = doc_get(doc_at(arrays, i), "disks");

                for (size_t j = 0; j < doc_count(disks); j++)
                        if (text_is_equal(doc_get_text(doc_at(disks, j), "name"), name))
                                return true;
        }
        return false;
}

/* The set that it belongs to; NULL: there are too many. */
static struct doc *set_of(struct doc *list, const struct doc *content)
{
        const char *kind = doc_get_text(content, "kind"), *uuid = doc_get_text(content, "uuid");
        struct doc *set;

        for (size_t i = 0; i < doc_count(list); i++) {
                const char *other = doc_get_text(doc_at(list, i), "uuid");

                if (text_is_equal(doc_get_text(doc_at(list, i), "kind"), kind) &&
                    (uuid ? text_is_equal(other, uuid) : !other))
                        return doc_at(list, i);
        }
        if (doc_count(list) == SIGNATURES_MAX)
                return NULL;
        set = doc_object();
        (void)doc_set_text(set, "kind", kind);
        (void)doc_set_text(set, "uuid", uuid);
        (void)doc_set_text(set, "label", doc_get_text(content, "label"));
        (void)doc_set(set, "disks", doc_list());
        (void)doc_set_bool(set, "in_use", false);
        (void)doc_append(list, set);
        return set;
}

/* @part: a disk or a partition. */
static void take(const struct doc *part, const struct doc *arrays, struct doc *list)
{
        const struct doc *content = doc_get(part, "content");
        const char *name = doc_get_text(part, "name"), *kind = doc_get_text(content, "kind");
        struct doc *set;

        if (!name || !kind || !text_is_equal(doc_get_text(content, "usage"), "raid") ||
            !text_has_suffix(kind, "_raid_member"))
                return;
        set = set_of(list, content);
        if (!set)
                return;
        (void)doc_append_text(doc_get(set, "disks"), name);
        if (is_member(arrays, name))
                (void)doc_set_bool(set, "in_use", true);
}

void raid_signatures_add(const struct crew_job *job, struct crew_result *results)
{
        struct crew_result *disks = result_of(job, results, "disks");
        struct crew_result *raid = result_of(job, results, "raid");
        struct doc *list;

        if (!disks || !raid || !raid->section)
                return;
        list = doc_list();
        for (size_t i = 0; i < doc_count(disks->items); i++) {
                struct doc *disk = doc_at(disks->items, i);
                const struct doc *partitions;

                disk_contents_join(disk);
                take(disk, raid->items, list);
                partitions = doc_get(disk, "partitions");
                for (size_t j = 0; j < doc_count(partitions); j++)
                        take(doc_at(partitions, j), raid->items, list);
        }
        if (doc_count(list) > 0)
                (void)doc_set(raid->section, "signatures", list);
        else
                doc_free(list);
}
