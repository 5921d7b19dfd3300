/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Differences of inventories
 *
 * A row a kind of part: how it is recognised again (its place, or its serial), what
 * people call it, and which of its fields a change of is worth a sentence. Parts
 * are matched by identity first; what then came and went at one place was replaced.
 *
 * Drift is what does not change by itself: parts, their sizes and their places, the
 * firmware in them and how it is set up. What the machine does at the moment (a link,
 * an array that is rebuilt, a stick that somebody plugged in) and what the ramdisk
 * brings (kernel, drivers, microcode) is told, and is no drift. Nor is what was not known
 * before: a newer cloudie-discover reads more of the same machine.
 */
#include "lib/node/inventory_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buffer.h"
#include "lib/base/text.h"

#define PARTS_MAX      16384 /* of one kind */
#define WORDS_MAX      200
#define IDENTITIES_MAX 4
#define OUTERS_MAX     64 /* controllers, each looked for among the others */

/* clang-format off */
static const struct part_kind {
        const char *section, *list, *what; /* "memory", "items", "DIMM" */
        const char *identity[IDENTITIES_MAX]; /* first of these that a part has; NULL-ended */
        const char *place;       /* where another part can take its place; NULL: parts have none */
        const char *name;        /* for people */
        const char *fields[10];  /* drift; NULL-ended */
        const char *passing[8];  /* no drift; NULL-ended */
        bool comes_and_goes;     /* to be there or not is no drift; parts with a removable medium do so in any kind */
        const char *inner, *inner_id; /* it is a part of these; see flatten(). NULL: it is not */
} kinds[] = {
        {"memory", "items", "DIMM", {"serial", "slot"}, "slot", "slot",
         {"slot", "size", "type", "rated_mts", "configured_mts", "part", "vendor"}, {NULL}, false, NULL, NULL},
        {"disks", "items", "disk", {"serial", "wwn", "nguid", "name"}, "pci", "name",
         {"size", "model", "firmware", "type", "logical_sector"},
         {"state", "read_only", "health.passed"}, false, NULL, NULL},
        {"nics", "items", "NIC", {"permanent_mac", "mac", "name"}, "pci", "name",
         {"firmware", "pci", "sriov_total", "supported_mbps"}, {"speed_mbps", "link", "driver"}, false, NULL, NULL},
        {"raid", "items", "array", {"uuid", "name"}, NULL, "name",
         {"level", "size"}, {"degraded", "missing", "active"}, false, NULL, NULL},
        {"raid", "controllers", "RAID controller", {"serial", "pci"}, "pci", "pci",
         {"model", "firmware"}, {"driver", "battery.good"}, false, NULL, NULL},
        {"raid", "controllers", "RAID volume", {"place"}, NULL, "place",
         {"level", "size", "strip"}, {"state", "cache"}, false, "volumes", "target"},
        {"raid", "controllers", "drive", {"serial", "place"}, "place", "place",
         {"size", "model", "firmware"}, {"state", "predicted_failures"}, false, "drives", "id"},
        {"pci", "items", "PCI function", {"address"}, NULL, "address",
         {"vendor", "device", "link.width"},
         {"driver", "link.speed", "iommu_group", "passthrough.possible"}, false, NULL, NULL},
        {"gpus", "items", "GPU", {"address"}, NULL, "address", {"vram"}, {"sharing.mig"}, false, NULL, NULL},
        {"usb", "items", "USB device", {"path"}, NULL, "path", {NULL},
         {"vendor_id", "product_id", "serial", "speed_kbps"}, true, NULL, NULL},
        {"tpm", "items", "TPM", {"name"}, NULL, "name", {"version", "firmware"}, {NULL}, false, NULL, NULL},
        {"cpu", "topology", "CPU package", {"package"}, NULL, "package",
         {"cores", "threads"}, {"microcode"}, false, NULL, NULL},
        {"memory", "persistent", "NVDIMM namespace", {"uuid", "name"}, NULL, "name",
         {"mode", "size"}, {NULL}, false, NULL, NULL},
        {"memory", "cxl", "CXL device", {"serial", "pci", "name"}, "pci", "name",
         {"volatile", "persistent", "firmware"}, {NULL}, false, NULL, NULL},
        {"memory", "nodes", "NUMA node", {"node"}, NULL, "node", {"threads"}, {NULL}, false, NULL, NULL},
};

/* Fields of sections, and what to call them. */
static const struct {
        const char *section, *path, *what;
        bool is_passing; /* no drift */
} singles[] = {
        {"system",   "vendor",      "vendor", false},      {"system",   "product",    "product", false},
        {"system",   "serial",      "serial", false},      {"system",   "uuid",       "UUID", false},
        {"system",   "board.serial", "board serial", false}, {"system", "chassis.asset_tag", "asset tag", false},
        {"firmware", "version",     "firmware", false},    {"firmware", "boot_mode",  "boot mode", false},
        {"firmware", "secure_boot", "Secure Boot", false}, {"cpu",      "model",      "CPU", false},
        {"cpu",      "packages",    "CPU packages", false}, {"cpu",     "cores",      "cores", false},
        {"cpu",      "threads",     "threads", false},     {"cpu",      "microcode",  "microcode", true},
        {"cpu",      "smt",         "SMT", false},         {"cpu",      "virtualisation", "virtualisation", false},
        {"memory",   "installed",   "memory installed", false}, {"memory", "ecc",     "memory ECC", false},
        {"bmc",      "amt.version", "AMT", false},         {"bmc",      "amt.provisioning", "AMT provisioning", false},
        {"bmc",      "present",     "BMC", false},         {"bmc",      "firmware",   "BMC firmware", false},
        {"tpm",      "present",     "TPM", false},         {"kernel",   "version",    "kernel", true},
};

static const char *const size_fields[] = {"size", "vram", "installed"};
/* clang-format on */

static bool is_size(const char *path)
{
        for (size_t i = 0; i < ARRAY_SIZE(size_fields); i++)
                if (strcmp(path, size_fields[i]) == 0)
                        return true;
        return false;
}

/* 25000 -> "25G" */
static void speed_words(char to[static WORDS_MAX], int64_t mbps)
{
        if (mbps >= 1000 && mbps % 1000 == 0)
                snprintf(to, WORDS_MAX, "%lldG", (long long)(mbps / 1000));
        else if (mbps == 2500)
                snprintf(to, WORDS_MAX, "2.5G");
        else
                snprintf(to, WORDS_MAX, "%lldM", (long long)mbps);
}

/* A value for people; "not known" where there is none. */
static void words_of(char to[static WORDS_MAX], const struct doc *value, const char *path)
{
        _free_ char *text = NULL;

        if (!value)
                (void)text_copy(to, WORDS_MAX, "not known");
        else if (doc_is_text(value))
                snprintf(to, WORDS_MAX, "%s", doc_text(value));
        else if (doc_is_bool(value))
                (void)text_copy(to, WORDS_MAX, doc_bool(value) ? "yes" : "no");
        else if (doc_is_number(value) && text_has_suffix(path, "_mbps"))
                speed_words(to, doc_number(value));
        else if (doc_is_number(value) && is_size(path))
                (void)text_size(to, (uint64_t)doc_number(value));
        else if (doc_print(value, DOC_COMPACT, &text) == 0)
                snprintf(to, WORDS_MAX, "%s", text);
        else
                (void)text_copy(to, WORDS_MAX, "?");
}

static bool is_equal(const struct doc *a, const struct doc *b)
{
        _free_ char *x = NULL, *y = NULL;

        if (!a || !b)
                return a == b;
        if (doc_is_text(a) && doc_is_text(b))
                return strcmp(doc_text(a), doc_text(b)) == 0;
        if (doc_is_number(a) && doc_is_number(b))
                return doc_number(a) == doc_number(b);
        return doc_print(a, DOC_COMPACT, &x) == 0 && doc_print(b, DOC_COMPACT, &y) == 0 &&
               strcmp(x, y) == 0;
}

/* What is gathered, and of what. */
struct changes {
        struct doc *list;
        bool is_drift_alone;
};

static void say(const struct changes *changes, bool is_passing, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
static void say(const struct changes *changes, bool is_passing, const char *format, ...)
{
        _buffer_ struct buffer b = {0};
        va_list args;

        if (is_passing && changes->is_drift_alone)
                return;
        va_start(args, format);
        buffer_vformat(&b, format, args);
        va_end(args);
        if (b.rc == 0 && b.bytes)
                (void)doc_append_text(changes->list, b.bytes);
}

/* What a part is recognised by: the number of the field, and its value. NULL: nothing. */
static const struct doc *identity_of(const struct part_kind *kind, const struct doc *part,
                                     size_t *ret_field)
{
        for (size_t i = 0; i < IDENTITIES_MAX && kind->identity[i]; i++) {
                const struct doc *value = doc_get(part, kind->identity[i]);

                if (!doc_is_text(value) && !doc_is_number(value))
                        continue;
                *ret_field = i;
                return value;
        }
        return NULL;
}

static bool is_same_part(const struct part_kind *kind, const struct doc *a, const struct doc *b)
{
        size_t field;
        const struct doc *identity = identity_of(kind, a, &field);

        return identity && is_equal(identity, doc_get(b, kind->identity[field]));
}

/*
 * Parts by the value of one field, sorted: ten thousand disks that all were
 * replaced are not compared each with each.
 */
struct key {
        const struct doc *value;
        size_t at;   /* in the list */
        size_t next; /* of the first key of a value: how many of them are used up */
};

struct keys {
        struct key *keys;
        size_t count;
};

static void keys_done(struct keys *keys)
{
        free(keys->keys);
}

static int compare_values(const struct doc *a, const struct doc *b)
{
        if (doc_is_text(a) && doc_is_text(b))
                return strcmp(doc_text(a), doc_text(b));
        if (doc_is_number(a) && doc_is_number(b))
                return (doc_number(a) > doc_number(b)) - (doc_number(a) < doc_number(b));
        return doc_is_text(a) ? 1 : -1;
}

static int compare_keys(const void *a, const void *b)
{
        const struct key *x = a, *y = b;
        const int order = compare_values(x->value, y->value);

        return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

/* Without memory none is found. */
static void keys_make(struct keys *keys, const struct doc *list, size_t count, const char *field)
{
        keys->keys = calloc(count + 1, sizeof(struct key));
        for (size_t i = 0; keys->keys && i < count; i++) {
                const struct doc *value = doc_get(doc_at(list, i), field);

                if (doc_is_text(value) || doc_is_number(value))
                        keys->keys[keys->count++] = (struct key){.value = value, .at = i};
        }
        if (keys->count > 0)
                qsort(keys->keys, keys->count, sizeof(struct key), compare_keys);
}

/* The next part with this value that is not @done. False: there is none. */
static bool keys_take(struct keys *keys, const struct doc *value, const bool *done, size_t *ret)
{
        size_t low = 0, high = keys->count;
        struct key *first;

        while (low < high) {
                const size_t middle = low + (high - low) / 2;

                if (compare_values(keys->keys[middle].value, value) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == keys->count)
                return false;
        first = &keys->keys[low];
        while (first->next < keys->count - low &&
               compare_values(first[first->next].value, value) == 0) {
                const size_t at = first[first->next++].at;

                if (done[at])
                        continue;
                *ret = at;
                return true;
        }
        return false;
}

/* Parts of one kind before and after, and which of them have been dealt with. */
struct parts {
        const struct part_kind *kind;
        const struct doc *before, *after;
        size_t before_count, after_count;
        bool *before_done, *after_done;
        const struct changes *changes;
};

static bool is_removable(const struct doc *part)
{
        return doc_get_bool(part, "removable", false);
}

static void name_of(char to[static WORDS_MAX], const struct part_kind *kind, const struct doc *part)
{
        words_of(to, doc_get(part, kind->name), kind->name);
}

static void compare_field(const struct parts *p, const struct doc *before, const struct doc *after,
                          const char *field, bool is_passing)
{
        const struct doc *x = doc_get(before, field), *y = doc_get(after, field);
        char name[WORDS_MAX], was[WORDS_MAX], is[WORDS_MAX];

        if (is_equal(x, y))
                return;
        is_passing = is_passing || !x || (is_removable(before) && is_removable(after));
        name_of(name, p->kind, after);
        words_of(was, x, field);
        words_of(is, y, field);
        /* "eth1 25G -> 10G": a name that needs no word before it, a unit that needs none behind
         * it. */
        if (text_has_suffix(field, "speed_mbps"))
                say(p->changes, is_passing, "%s %s -> %s", name, was, is);
        else
                say(p->changes, is_passing, "%s %s: %s %s -> %s", p->kind->what, name, field, was,
                    is);
}

static void compare_part(const struct parts *p, size_t before_at, size_t after_at)
{
        const struct doc *before = doc_at(p->before, before_at),
                         *after = doc_at(p->after, after_at);
        const struct part_kind *kind = p->kind;

        p->before_done[before_at] = p->after_done[after_at] = true;
        for (size_t i = 0; i < ARRAY_SIZE(kind->fields) && kind->fields[i]; i++)
                compare_field(p, before, after, kind->fields[i], false);
        for (size_t i = 0; i < ARRAY_SIZE(kind->passing) && kind->passing[i]; i++)
                compare_field(p, before, after, kind->passing[i], true);
}

static void match_same(struct parts *p)
{
        struct keys keys[IDENTITIES_MAX] = {{0}};

        for (size_t i = 0; i < IDENTITIES_MAX && p->kind->identity[i]; i++)
                keys_make(&keys[i], p->after, p->after_count, p->kind->identity[i]);
        for (size_t i = 0; i < p->before_count; i++) {
                const struct doc *before = doc_at(p->before, i);
                size_t field = 0, at = i;
                const struct doc *identity = identity_of(p->kind, before, &field);

                /* What nothing tells apart is not compared. */
                if (!identity) {
                        p->before_done[i] = true;
                        continue;
                }
                /* Most machines have not changed: the same place in the list comes first. */
                if (i < p->after_count && !p->after_done[i] &&
                    is_same_part(p->kind, before, doc_at(p->after, i)))
                        compare_part(p, i, i);
                else if (keys_take(&keys[field], identity, p->after_done, &at))
                        compare_part(p, i, at);
        }
        for (size_t i = 0, field; i < p->after_count; i++)
                p->after_done[i] |= !identity_of(p->kind, doc_at(p->after, i), &field);
        for (size_t i = 0; i < IDENTITIES_MAX; i++)
                keys_done(&keys[i]);
}

static void describe(char to[static 2 * WORDS_MAX], const struct part_kind *kind,
                     const struct doc *part)
{
        const char *serial = doc_get_text(part, "serial");
        char name[WORDS_MAX];

        name_of(name, kind, part);
        snprintf(to, (size_t)2 * WORDS_MAX, "%s%s%.100s%s", name, serial ? " (S/N " : "",
                 serial ? serial : "", serial ? ")" : "");
}

static void tell_replaced(const struct parts *p, const struct doc *before, const struct doc *after)
{
        size_t field_was = 0, field_is = 0;
        const struct doc *was = identity_of(p->kind, before, &field_was);
        const struct doc *is = identity_of(p->kind, after, &field_is);
        const bool is_passing = is_removable(before) && is_removable(after);
        const char *const what = p->kind->what;
        char old[WORDS_MAX], new[WORDS_MAX], name[WORDS_MAX];

        words_of(old, was, p->kind->identity[field_was]);
        words_of(new, is, p->kind->identity[field_is]);
        name_of(name, p->kind, after);
        if (strcmp(p->kind->identity[field_was], "serial") == 0 && field_was == field_is)
                say(p->changes, is_passing, "%s S/N %s replaced by %s (%s)", what, old, new, name);
        else
                say(p->changes, is_passing, "%s %s replaced by %s", what, old, new);
}

static void match_places(struct parts *p)
{
        struct keys keys = {0};
        size_t at;

        keys_make(&keys, p->after, p->after_count, p->kind->place);
        for (size_t i = 0; i < p->before_count; i++) {
                const struct doc *before = doc_at(p->before, i);
                const struct doc *place = doc_get(before, p->kind->place);

                if (p->before_done[i] || (!doc_is_text(place) && !doc_is_number(place)) ||
                    !keys_take(&keys, place, p->after_done, &at))
                        continue;
                tell_replaced(p, before, doc_at(p->after, at));
                p->before_done[i] = p->after_done[at] = true;
        }
        keys_done(&keys);
}

static void tell_one(const struct parts *p, const struct doc *part, const char *what)
{
        char text[2 * WORDS_MAX];

        describe(text, p->kind, part);
        say(p->changes, p->kind->comes_and_goes || is_removable(part), "%s %s %s", p->kind->what,
            text, what);
}

static void tell_rest(const struct parts *p)
{
        for (size_t i = 0; i < p->before_count; i++)
                if (!p->before_done[i])
                        tell_one(p, doc_at(p->before, i), "gone");
        for (size_t j = 0; j < p->after_count; j++)
                if (!p->after_done[j])
                        tell_one(p, doc_at(p->after, j), "new");
}

const struct doc *inventory_section(const struct doc *inventory, const char *name)
{
        const struct doc *section = doc_get(inventory, name);

        if (!doc_is_object(section) || (doc_get_bool(inventory, "partial", false) &&
                                        doc_count(doc_get(section, "errors")) > 0))
                return NULL;
        return section;
}

static const struct doc *twin_of(const struct doc *outer, const struct doc *others)
{
        for (size_t i = 0; i < doc_count(others) && i < OUTERS_MAX; i++)
                if (is_equal(doc_get(doc_at(others, i), "pci"), doc_get(outer, "pci")))
                        return doc_at(others, i);
        return NULL;
}

/*
 * Parts of parts as one list: volumes of all controllers, each with its `place`,
 * "0000:03:00.0/1". Of a controller whose volumes were not told at the other look
 * none is gone, and none is new.
 */
static struct doc *flatten(const struct part_kind *kind, const struct doc *outers,
                           const struct doc *others)
{
        struct doc *flat = doc_list();

        for (size_t i = 0; i < doc_count(outers) && i < OUTERS_MAX; i++) {
                const struct doc *outer = doc_at(outers, i), *twin = twin_of(outer, others);
                const struct doc *inner = doc_get(outer, kind->inner);
                const char *pci = doc_get_text(outer, "pci");

                if (twin && !doc_is_list(doc_get(twin, kind->inner)))
                        continue;
                for (size_t j = 0; j < doc_count(inner); j++) {
                        struct doc *part = doc_copy(doc_at(inner, j));
                        char place[WORDS_MAX];

                        snprintf(place, sizeof(place), "%.100s/%lld", pci ? pci : "?",
                                 (long long)doc_get_number(part, kind->inner_id, -1));
                        (void)doc_set_text(part, "place", place);
                        (void)doc_append(flat, part);
                }
        }
        return flat;
}

static void compare_kind(const struct part_kind *kind, const struct doc *before,
                         const struct doc *after, const struct changes *changes)
{
        struct parts p = {.kind = kind, .changes = changes};
        _free_ bool *before_done = NULL, *after_done = NULL;
        _doc_ struct doc *flat_before = NULL, *flat_after = NULL;

        p.before = doc_get(inventory_section(before, kind->section), kind->list);
        p.after = doc_get(inventory_section(after, kind->section), kind->list);
        if (!doc_is_list(p.before) || !doc_is_list(p.after))
                return;
        if (kind->inner) {
                flat_before = flatten(kind, p.before, p.after);
                flat_after = flatten(kind, p.after, p.before);
                p.before = flat_before;
                p.after = flat_after;
        }
        p.before_count = doc_count(p.before) < PARTS_MAX ? doc_count(p.before) : PARTS_MAX;
        p.after_count = doc_count(p.after) < PARTS_MAX ? doc_count(p.after) : PARTS_MAX;
        p.before_done = before_done = calloc(p.before_count + 1, sizeof(bool));
        p.after_done = after_done = calloc(p.after_count + 1, sizeof(bool));
        if (!before_done || !after_done)
                return;
        match_same(&p);
        if (kind->place)
                match_places(&p);
        tell_rest(&p);
}

static struct doc *compare(const struct doc *before, const struct doc *after, bool is_drift_alone)
{
        const struct changes changes = {doc_list(), is_drift_alone};

        for (size_t i = 0; i < ARRAY_SIZE(singles); i++) {
                const struct doc *old = inventory_section(before, singles[i].section);
                const struct doc *new = inventory_section(after, singles[i].section);
                char was[WORDS_MAX], is[WORDS_MAX];

                if (!old || !new ||
                    is_equal(doc_get(old, singles[i].path), doc_get(new, singles[i].path)))
                        continue;
                words_of(was, doc_get(old, singles[i].path), singles[i].path);
                words_of(is, doc_get(new, singles[i].path), singles[i].path);
                say(&changes, singles[i].is_passing || !doc_get(old, singles[i].path),
                    "%s: %s -> %s", singles[i].what, was, is);
        }
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                compare_kind(&kinds[i], before, after, &changes);
        return changes.list;
}

static bool lacks(const struct doc *after, const struct doc *before, const char *section)
{
        return inventory_section(before, section) && !inventory_section(after, section);
}

bool inventory_covers(const struct doc *after, const struct doc *before)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (lacks(after, before, kinds[i].section))
                        return false;
        for (size_t i = 0; i < ARRAY_SIZE(singles); i++)
                if (lacks(after, before, singles[i].section))
                        return false;
        return true;
}

struct doc *inventory_diff(const struct doc *before, const struct doc *after)
{
        return compare(before, after, false);
}

struct doc *inventory_drift(const struct doc *before, const struct doc *after)
{
        return compare(before, after, true);
}
