/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Does this machine fit this profile, and which disk is it to be?
 *
 * A disk that is picked is overwritten. So whatever the inventory does not tell
 * speaks against a disk, what is not told apart from another one is not picked,
 * and the refusal names every disk with its reason.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/node/profile.h"
#include "lib/node/summary.h"

#define DISKS_MAX      512 /* of one machine: four full shelves, each seen over two paths */
#define REASON_SIZE    120
#define CONDITION_SIZE (TEXT_SIZE_MAX + 4)
#define NAME_PATTERN   "{name}"

static const struct {
        const char *sign;
        unsigned comparison;
} comparisons[] = {
        {">=", SIZE_LEAST}, /* the longer signs first */
        {"<=", SIZE_MOST },
        {">",  SIZE_ABOVE},
        {"<",  SIZE_BELOW},
        {"=",  SIZE_EQUAL},
};

int size_condition_parse(const char *text, struct size_condition *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(comparisons); i++) {
                struct size_condition condition = {.comparison = comparisons[i].comparison};

                if (!text_has_prefix(text, comparisons[i].sign))
                        continue;
                if (text_parse_size(text + strlen(comparisons[i].sign), &condition.bytes) < 0)
                        return -EINVAL;
                *ret = condition;
                return 0;
        }
        return -EINVAL;
}

bool size_condition_holds(const struct size_condition *condition, uint64_t bytes)
{
        switch (condition->comparison) {
        case SIZE_ANY:
                return true;
        case SIZE_EQUAL:
                return bytes == condition->bytes;
        case SIZE_LEAST:
                return bytes >= condition->bytes;
        case SIZE_MOST:
                return bytes <= condition->bytes;
        case SIZE_ABOVE:
                return bytes > condition->bytes;
        case SIZE_BELOW:
                return bytes < condition->bytes;
        }
        return false;
}

/* ">= 32.0 GiB" */
static const char *condition_text(char to[static CONDITION_SIZE], const struct size_condition *c)
{
        char size[TEXT_SIZE_MAX];
        const char *sign = "";

        for (size_t i = 0; i < ARRAY_SIZE(comparisons); i++)
                if (comparisons[i].comparison == (unsigned)c->comparison)
                        sign = comparisons[i].sign;
        snprintf(to, CONDITION_SIZE, "%s %s", sign, text_size(size, c->bytes));
        return to;
}

int profile_hostname(const struct profile *profile, const char *node,
                     char ret[static NODE_NAME_SIZE])
{
        const char *pattern = profile->hostname[0] ? profile->hostname : NAME_PATTERN;
        char name[NODE_NAME_SIZE];
        size_t used = 0;

        while (*pattern) {
                const bool is_name = text_has_prefix(pattern, NAME_PATTERN);
                const char *part = is_name ? node : pattern;
                const size_t len = is_name ? strlen(node) : 1;

                if (len > sizeof(name) - 1 - used)
                        return -EINVAL;
                memcpy(name + used, part, len);
                used += len;
                pattern += is_name ? strlen(NAME_PATTERN) : 1;
        }
        name[used] = '\0';
        if (!node_name_is_valid(name)) /* a brace that is left over is refused here, too */
                return -EINVAL;
        return text_copy(ret, NODE_NAME_SIZE, name);
}

static uint64_t size_in(const struct doc *object, const char *path)
{
        const int64_t number = doc_get_number(object, path, 0);

        return number > 0 ? (uint64_t)number : 0;
}

/* "": the inventory does not tell. The levels of x86-64 are what only such a CPU has. */
static const char *architecture_of(const struct doc *inventory)
{
        const char *level = doc_get_text(inventory, "cpu.isa_level");

        return level && text_has_prefix(level, "x86-64-") ? "x86_64" : "";
}

/* What is plugged in, where firmware tells: the kernel's own total lacks what it reserves, and 8
 * GiB would not be 8 GiB. */
static uint64_t memory_of(const struct doc *inventory)
{
        const uint64_t total = size_in(inventory, "memory.total");
        const uint64_t installed = size_in(inventory, "memory.installed");

        return installed > total ? installed : total;
}

static int check_machine(const struct profile *profile, const struct doc *inventory, char *why)
{
        const char *architecture = architecture_of(inventory);
        const uint64_t memory = memory_of(inventory);
        char has[TEXT_SIZE_MAX], wants[CONDITION_SIZE];

        if (!doc_is_object(inventory)) {
                snprintf(why, PROFILE_WHY_SIZE, "there is no inventory of the machine");
        } else if (profile->arch[0] && strcmp(profile->arch, architecture) != 0) {
                snprintf(why, PROFILE_WHY_SIZE,
                         "the profile needs %s, and the inventory does not tell that the machine "
                         "is one",
                         profile->arch);
        } else if (profile->memory.comparison != SIZE_ANY && memory == 0) {
                snprintf(why, PROFILE_WHY_SIZE,
                         "the profile needs memory %s, and the inventory does not tell how much "
                         "there is",
                         condition_text(wants, &profile->memory));
        } else if (!size_condition_holds(&profile->memory, memory)) {
                snprintf(why, PROFILE_WHY_SIZE,
                         "the machine has %s of memory, and the profile needs %s",
                         text_size(has, memory), condition_text(wants, &profile->memory));
        } else {
                return 0;
        }
        return -ENOEXEC;
}

/* What the inventory says of one disk. A text that is longer than its field is not known. */
struct candidate {
        struct disk_id id;
        const char *type; /* the inventory's own; "": not known */
        bool is_removable, is_read_only, is_usb;
};

static void text_in(const struct doc *disk, const char *name, char *to, size_t size)
{
        const char *text = doc_get_text(disk, name);

        (void)text_copy(to, size, text ? text : "");
}

static struct candidate candidate_of(const struct doc *disk)
{
        const char *type = doc_get_text(disk, "type");
        struct candidate c = {
                .type = type ? type : "",
                .is_removable = doc_get_bool(disk, "removable", false),
                .is_read_only = doc_get_bool(disk, "read_only", false),
                .is_usb = text_is_equal(doc_get_text(disk, "transport"), "usb"),
                .id.size = size_in(disk, "size"),
        };

        text_in(disk, "name", c.id.name, sizeof(c.id.name));
        text_in(disk, "serial", c.id.serial, sizeof(c.id.serial));
        text_in(disk, "wwn", c.id.wwn, sizeof(c.id.wwn));
        text_in(disk, "model", c.id.model, sizeof(c.id.model));
        return c;
}

/* One pick: what it is made from, and what speaks against the disk that is looked at. */
struct picking {
        const struct profile *profile;
        const struct candidate *disks;
        size_t count;
        uint64_t image_size;
        char reason[REASON_SIZE];
        char *why;   /* the sentence, as far as it got */
        size_t used; /* of it */
        bool is_cut; /* it has no room for more */
};

__attribute__((format(printf, 2, 3))) static bool because(struct picking *p, const char *format,
                                                          ...)
{
        va_list args;

        va_start(args, format);
        vsnprintf(p->reason, sizeof(p->reason), format, args);
        va_end(args);
        return false;
}

static bool names_types(const struct profile *profile)
{
        for (unsigned i = 0; i < DISK_TYPE_COUNT; i++)
                if (profile->types[i])
                        return true;
        return false;
}

/* A virtual disk may be anything on anything, so it is taken only where it is asked for by name. */
static bool has_type(struct picking *p, const struct candidate *disk)
{
        char type[16];
        const bool is_any = !names_types(p->profile);

        for (unsigned i = 0; i < DISK_TYPE_COUNT; i++)
                if (strcmp(disk->type, disk_type_names[i]) == 0 &&
                    (is_any ? i != DISK_VIRTUAL : p->profile->types[i]))
                        return true;
        if (!disk->type[0])
                return because(p, "is of no type that is known");
        return because(p, "is of type '%s', which the profile does not take",
                       text_escape(type, sizeof(type), disk->type));
}

static bool has_identity(struct picking *p, const struct candidate *disk)
{
        const struct profile *profile = p->profile;

        if (!disk->id.serial[0] && !disk->id.wwn[0])
                return because(p, "has neither a serial number nor a WWN");
        if (profile->serial[0] && strcmp(profile->serial, disk->id.serial) != 0)
                return because(p, "has another serial number");
        if (profile->wwn[0] && strcmp(profile->wwn, disk->id.wwn) != 0)
                return because(p, "has another WWN");
        /* Somebody may have plugged it in for an hour, with all that he has on it. */
        if (disk->is_usb && !profile->serial[0] && !profile->wwn[0])
                return because(p, "is plugged into USB, and the profile does not name its serial "
                                  "number");
        return true;
}

static bool has_size(struct picking *p, const struct candidate *disk)
{
        char has[TEXT_SIZE_MAX], needs[TEXT_SIZE_MAX], wants[CONDITION_SIZE];

        if (disk->id.size == 0)
                return because(p, "does not tell its size");
        if (disk->id.size < p->image_size)
                return because(p, "is too small: it has %s, the image %s",
                               text_size(has, disk->id.size), text_size(needs, p->image_size));
        if (!size_condition_holds(&p->profile->size, disk->id.size))
                return because(p, "has %s, and the profile wants %s", text_size(has, disk->id.size),
                               condition_text(wants, &p->profile->size));
        return true;
}

/* One disk over two paths, or a maker who gives all the same number: which it is cannot be told. */
static bool is_unique(struct picking *p, const struct candidate *disk)
{
        char name[sizeof(disk->id.name)];

        for (size_t i = 0; i < p->count; i++)
                if (&p->disks[i] != disk && disk_id_is_same(&p->disks[i].id, &disk->id))
                        return because(p, "cannot be told from %s by serial number and WWN",
                                       text_escape(name, sizeof(name), p->disks[i].id.name));
        return true;
}

static bool is_acceptable(struct picking *p, const struct candidate *disk)
{
        if (!disk->id.name[0])
                return because(p, "has no name");
        if (disk->is_removable)
                return because(p, "is removable");
        if (disk->is_read_only)
                return because(p, "is read-only");
        return has_type(p, disk) && has_identity(p, disk) && has_size(p, disk) &&
               is_unique(p, disk);
}

/* Names as people count: nvme2n1 is before nvme10n1. */
static bool is_better(enum disk_pick pick, const struct disk_id *a, const struct disk_id *b)
{
        if (pick == PICK_SMALLEST && a->size != b->size)
                return a->size < b->size;
        if (pick == PICK_LARGEST && a->size != b->size)
                return a->size > b->size;
        return strverscmp(a->name, b->name) < 0;
}

/* "no disk will do: sda (S4EV) is removable; nvme0n1 (PHK1) is too small: …; and 3 more" */
static void explain(struct picking *p, size_t index)
{
        static const char cut[] = "; and 000 more";
        const struct disk_id *id = &p->disks[index].id;
        const size_t left = PROFILE_WHY_SIZE - p->used;
        char name[sizeof(id->name)], serial[sizeof(id->serial)];
        char text[REASON_SIZE + sizeof(name) + sizeof(serial) + sizeof("; a disk ()")];
        int len;

        if (p->is_cut)
                return;
        len = snprintf(text, sizeof(text), "%s%s%s%s%s %s", index > 0 ? "; " : ": ",
                       id->name[0] ? text_escape(name, sizeof(name), id->name) : "a disk",
                       id->serial[0] ? " (" : "", text_escape(serial, sizeof(serial), id->serial),
                       id->serial[0] ? ")" : "", p->reason);
        p->is_cut = (size_t)len >= left - sizeof(cut);
        if (p->is_cut)
                len = snprintf(text, sizeof(text), "; and %zu more", p->count - index);
        memcpy(p->why + p->used, text, (size_t)len + 1);
        p->used += (size_t)len;
}

int profile_pick_disk(const struct profile *profile, const struct doc *inventory,
                      uint64_t image_size, char why[static PROFILE_WHY_SIZE], struct disk_id *ret)
{
        const struct doc *items = doc_get(inventory, "disks.items");
        struct candidate disks[DISKS_MAX];
        struct picking p = {
                .profile = profile, .disks = disks, .image_size = image_size, .why = why};
        const struct disk_id *best = NULL;

        why[0] = '\0';
        if (check_machine(profile, inventory, why) < 0)
                return -ENOEXEC;
        p.count = doc_count(items);
        if (p.count > DISKS_MAX) {
                snprintf(why, PROFILE_WHY_SIZE, "no disk will do: the machine claims to have %zu",
                         p.count);
                return -ENODEV;
        }

        for (size_t i = 0; i < p.count; i++)
                disks[i] = candidate_of(doc_at(items, i));
        p.used = (size_t)snprintf(why, PROFILE_WHY_SIZE, "no disk will do%s",
                                  p.count == 0 ? ": the machine has none" : "");
        for (size_t i = 0; i < p.count; i++) {
                if (!is_acceptable(&p, &disks[i]))
                        explain(&p, i);
                else if (!best || is_better(profile->pick, &disks[i].id, best))
                        best = &disks[i].id;
        }
        if (!best)
                return -ENODEV;

        why[0] = '\0';
        *ret = *best;
        return 0;
}
