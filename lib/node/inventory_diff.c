/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Differences of inventories
 *
 * A row a kind of part: how it is recognised again (its place, or its serial), what
 * people call it, and which of its fields a change of is worth a sentence. Parts
 * are matched by identity first; what then came and went at one place was replaced.
 */
#include "lib/node/inventory_diff.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/buffer.h"
#include "lib/base/text.h"

#define PARTS_MAX 16384 /* of one kind */
#define WORDS_MAX 200

/* clang-format off */
static const struct part_kind {
        const char *section, *list, *what; /* "memory", "items", "DIMM" */
        const char *identity[4]; /* first of these that a part has; NULL-ended */
        const char *place;       /* where another part can take its place; NULL: parts have none */
        const char *name;        /* for people */
        const char *fields[14];  /* NULL-ended */
} kinds[] = {
        {"memory", "items", "DIMM", {"serial", "slot"}, "slot", "slot",
         {"slot", "size", "type", "rated_mts", "configured_mts", "part", "vendor"}},
        {"disks", "items", "disk", {"serial", "wwn", "nguid", "name"}, "pci", "name",
         {"size", "model", "firmware", "state", "type", "logical_sector", "read_only", "health.passed"}},
        {"nics", "items", "NIC", {"permanent_mac", "mac", "name"}, "pci", "name",
         {"speed_mbps", "link", "firmware", "driver", "pci", "sriov_total", "supported_mbps"}},
        {"raid", "items", "array", {"uuid", "name"}, NULL, "name",
         {"level", "degraded", "missing", "active", "size"}},
        {"pci", "items", "PCI function", {"address"}, NULL, "address",
         {"vendor", "device", "driver", "link.speed", "link.width", "iommu_group", "passthrough.possible"}},
        {"gpus", "items", "GPU", {"address"}, NULL, "address", {"vram", "sharing.mig"}},
        {"usb", "items", "USB device", {"path"}, NULL, "path", {"vendor_id", "product_id", "serial", "speed_kbps"}},
        {"tpm", "items", "TPM", {"name"}, NULL, "name", {"version", "firmware"}},
        {"cpu", "topology", "CPU package", {"package"}, NULL, "package", {"cores", "threads", "microcode"}},
        {"memory", "nodes", "NUMA node", {"node"}, NULL, "node", {"threads"}},
};

/* Fields of sections, and what to call them. */
static const struct {
        const char *section, *path, *what;
} singles[] = {
        {"system",   "vendor",      "vendor"},      {"system",   "product",    "product"},
        {"system",   "serial",      "serial"},      {"system",   "uuid",       "UUID"},
        {"system",   "board.serial", "board serial"}, {"system", "chassis.asset_tag", "asset tag"},
        {"firmware", "version",     "firmware"},    {"firmware", "boot_mode",  "boot mode"},
        {"firmware", "secure_boot", "Secure Boot"}, {"cpu",      "model",      "CPU"},
        {"cpu",      "packages",    "CPU packages"}, {"cpu",     "cores",      "cores"},
        {"cpu",      "threads",     "threads"},     {"cpu",      "microcode",  "microcode"},
        {"cpu",      "smt",         "SMT"},         {"cpu",      "virtualisation", "virtualisation"},
        {"memory",   "installed",   "memory installed"}, {"memory", "ecc",     "memory ECC"},
        {"bmc",      "present",     "BMC"},         {"bmc",      "firmware",   "BMC firmware"},
        {"tpm",      "present",     "TPM"},         {"kernel",   "version",    "kernel"},
};

static const char *const size_fields[] = {"size", "vram", "installed"};
/* clang-format on */

static bool is_size(const char *path)
{
        for (size_t i = 0; i < sizeof(size_fields) / sizeof(size_fields[0]); i++)
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

static void say(struct doc *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct doc *list, const char *format, ...)
{
        _buffer_ struct buffer b = {0};
        va_list args;

        va_start(args, format);
        buffer_vformat(&b, format, args);
        va_end(args);
        if (b.rc == 0 && b.bytes)
                (void)doc_append_text(list, b.bytes);
}

/* What a part is recognised by: the field's name, and its value. NULL: nothing. */
static const struct doc *identity_of(const struct part_kind *kind, const struct doc *part,
                                     const char **ret_field)
{
        for (size_t i = 0; i < sizeof(kind->identity) / sizeof(kind->identity[0]); i++) {
                const struct doc *value =
                        kind->identity[i] ? doc_get(part, kind->identity[i]) : NULL;

                if (!value)
                        continue;
                *ret_field = kind->identity[i];
                return value;
        }
        return NULL;
}

static bool is_same_part(const struct part_kind *kind, const struct doc *a, const struct doc *b)
{
        const char *field;
        const struct doc *identity = identity_of(kind, a, &field);

        return identity && is_equal(identity, doc_get(b, field));
}

/* Parts of one kind before and after, and which of them have been dealt with. */
struct parts {
        const struct part_kind *kind;
        const struct doc *before, *after;
        size_t before_count, after_count;
        bool *before_done, *after_done;
        struct doc *list;
};

static void name_of(char to[static WORDS_MAX], const struct part_kind *kind, const struct doc *part)
{
        words_of(to, doc_get(part, kind->name), kind->name);
}

static void compare_part(const struct parts *p, const struct doc *before, const struct doc *after)
{
        const struct part_kind *kind = p->kind;
        char name[WORDS_MAX], was[WORDS_MAX], is[WORDS_MAX];

        name_of(name, kind, after);
        for (size_t i = 0; i < sizeof(kind->fields) / sizeof(kind->fields[0]) && kind->fields[i];
             i++) {
                const char *field = kind->fields[i];
                const struct doc *x = doc_get(before, field), *y = doc_get(after, field);

                if (is_equal(x, y))
                        continue;
                words_of(was, x, field);
                words_of(is, y, field);
                /* "eth1 25G -> 10G": a name that needs no word before it, a unit that needs none
                 * behind it. */
                if (text_has_suffix(field, "speed_mbps"))
                        say(p->list, "%s %s -> %s", name, was, is);
                else
                        say(p->list, "%s %s: %s %s -> %s", kind->what, name, field, was, is);
        }
}

static void match_same(struct parts *p)
{
        for (size_t i = 0; i < p->before_count; i++) {
                const struct doc *before = doc_at(p->before, i);

                for (size_t j = 0; j < p->after_count; j++) {
                        /* Most machines have not changed: the same place in the list comes first.
                         */
                        const size_t at = (i + j) % p->after_count;

                        if (p->after_done[at] ||
                            !is_same_part(p->kind, before, doc_at(p->after, at)))
                                continue;
                        compare_part(p, before, doc_at(p->after, at));
                        p->before_done[i] = p->after_done[at] = true;
                        break;
                }
        }
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

static bool replace_at_place(struct parts *p, size_t at)
{
        const struct doc *before = doc_at(p->before, at);
        const struct doc *place = p->kind->place ? doc_get(before, p->kind->place) : NULL;
        const char *field_was = "", *field_is = "";

        for (size_t j = 0; place && j < p->after_count; j++) {
                const struct doc *after = doc_at(p->after, j);
                const struct doc *was = identity_of(p->kind, before, &field_was);
                const struct doc *is = identity_of(p->kind, after, &field_is);
                char old[WORDS_MAX], new[WORDS_MAX], name[WORDS_MAX];

                if (p->after_done[j] || !is_equal(place, doc_get(after, p->kind->place)) || !was ||
                    !is)
                        continue;
                words_of(old, was, field_was);
                words_of(new, is, field_is);
                name_of(name, p->kind, after);
                if (strcmp(field_was, "serial") == 0 && strcmp(field_is, "serial") == 0)
                        say(p->list, "%s S/N %s replaced by %s (%s)", p->kind->what, old, new,
                            name);
                else
                        say(p->list, "%s %s replaced by %s", p->kind->what, old, new);
                p->after_done[j] = true;
                return true;
        }
        return false;
}

static void tell_rest(struct parts *p)
{
        char text[2 * WORDS_MAX];

        for (size_t i = 0; i < p->before_count; i++) {
                if (p->before_done[i] || replace_at_place(p, i))
                        continue;
                describe(text, p->kind, doc_at(p->before, i));
                say(p->list, "%s %s gone", p->kind->what, text);
        }
        for (size_t j = 0; j < p->after_count; j++) {
                if (p->after_done[j])
                        continue;
                describe(text, p->kind, doc_at(p->after, j));
                say(p->list, "%s %s new", p->kind->what, text);
        }
}

/* A device that did not answer is not gone: a section with errors in a partial report says nothing.
 */
static const struct doc *comparable(const struct doc *inventory, const char *name)
{
        const struct doc *section = doc_get(inventory, name);

        if (!doc_is_object(section) || (doc_get_bool(inventory, "partial", false) &&
                                        doc_count(doc_get(section, "errors")) > 0))
                return NULL;
        return section;
}

static void compare_kind(const struct part_kind *kind, const struct doc *before,
                         const struct doc *after, struct doc *list)
{
        struct parts p = {.kind = kind, .list = list};
        _free_ bool *before_done = NULL, *after_done = NULL;

        p.before = doc_get(comparable(before, kind->section), kind->list);
        p.after = doc_get(comparable(after, kind->section), kind->list);
        if (!doc_is_list(p.before) || !doc_is_list(p.after))
                return;
        p.before_count = doc_count(p.before) < PARTS_MAX ? doc_count(p.before) : PARTS_MAX;
        p.after_count = doc_count(p.after) < PARTS_MAX ? doc_count(p.after) : PARTS_MAX;
        p.before_done = before_done = calloc(p.before_count + 1, sizeof(bool));
        p.after_done = after_done = calloc(p.after_count + 1, sizeof(bool));
        if (!before_done || !after_done)
                return;
        match_same(&p);
        tell_rest(&p);
}

struct doc *inventory_diff(const struct doc *before, const struct doc *after)
{
        struct doc *list = doc_list();

        for (size_t i = 0; i < sizeof(singles) / sizeof(singles[0]); i++) {
                const struct doc *old = comparable(before, singles[i].section);
                const struct doc *new = comparable(after, singles[i].section);
                char was[WORDS_MAX], is[WORDS_MAX];

                if (!old || !new ||
                    is_equal(doc_get(old, singles[i].path), doc_get(new, singles[i].path)))
                        continue;
                words_of(was, doc_get(old, singles[i].path), singles[i].path);
                words_of(is, doc_get(new, singles[i].path), singles[i].path);
                say(list, "%s: %s -> %s", singles[i].what, was, is);
        }
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                compare_kind(&kinds[i], before, after, list);
        return list;
}
