/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Facts: a machine in some thirty short texts
 *
 * A row a fact. Of parts it says how many there are of which kind, and not which
 * they are: siblings differ in every serial number. What is not known is absent,
 * so that a machine whose firmware says less than its siblings' is not odd for that.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/node/inventory_diff.h"
#include "lib/node/siblings.h"

#define PARTS_MAX  4096 /* of one kind; what has more is odd enough */
#define PATHS_MAX  3
#define CLASS_SIZE 256
#define KIND_SIZE  4096 /* bytes of the words for one part */

/* clang-format off */
static const struct fact {
        const char *name, *section;
        const char *list, *inner;     /* of parts, and of parts of these; NULL: a field of the section */
        const char *paths[PATHS_MAX]; /* NULL-ended; of a part: what tells its kind; none: the number of parts */
        const char *unless;           /* parts that have this (and not false) do not count; NULL: all do */
} facts[] = {
        {"board", "system", NULL, NULL, {"board.product"}, NULL},
        {"firmware", "firmware", NULL, NULL, {"version"}, NULL},
        {"boot mode", "firmware", NULL, NULL, {"boot_mode"}, NULL},
        {"Secure Boot", "firmware", NULL, NULL, {"secure_boot"}, NULL},
        {"CPU", "cpu", NULL, NULL, {"model"}, NULL},
        {"CPU packages", "cpu", NULL, NULL, {"packages"}, NULL},
        {"cores", "cpu", NULL, NULL, {"cores"}, NULL},
        {"threads", "cpu", NULL, NULL, {"threads"}, NULL},
        {"microcode", "cpu", NULL, NULL, {"microcode"}, NULL},
        {"SMT", "cpu", NULL, NULL, {"smt"}, NULL},
        {"virtualisation", "cpu", NULL, NULL, {"virtualisation"}, NULL},
        {"memory", "memory", NULL, NULL, {"installed"}, NULL},
        {"memory ECC", "memory", NULL, NULL, {"ecc"}, NULL},
        {"DIMM count", "memory", "items", NULL, {NULL}, NULL},
        {"DIMMs", "memory", "items", NULL, {"size", "type"}, NULL},
        {"DIMM speed (MT/s)", "memory", "items", NULL, {"configured_mts"}, NULL},
        {"disk count", "disks", "items", NULL, {NULL}, "removable"},
        {"disks", "disks", "items", NULL, {"size", "model"}, "removable"},
        {"disk firmware", "disks", "items", NULL, {"model", "firmware"}, "removable"},
        {"RAID arrays", "raid", "items", NULL, {"level", "size"}, NULL},
        {"RAID controllers", "raid", "controllers", NULL, {"model", "firmware"}, NULL},
        {"RAID volumes", "raid", "controllers", "volumes", {"level", "size"}, NULL},
        {"NIC count", "nics", "items", NULL, {NULL}, "virtual_function_of"},
        {"NICs", "nics", "items", NULL, {"vendor_id", "device_id", "driver"}, "virtual_function_of"},
        {"NIC firmware", "nics", "items", NULL, {"driver", "firmware"}, "virtual_function_of"},
        {"NIC speed (Mb/s)", "nics", "items", NULL, {"speed_mbps"}, "virtual_function_of"},
        {"GPUs", "gpus", "items", NULL, {"vendor", "device", "vram"}, "virtual_function_of"},
        {"BMC firmware", "bmc", NULL, NULL, {"firmware"}, NULL},
        {"TPM", "tpm", "items", NULL, {"version", "vendor", "firmware"}, NULL},
};
/* clang-format on */

const char *inventory_fact_name(size_t index)
{
        return index < ARRAY_SIZE(facts) ? facts[index].name : NULL;
}

/* A whole text, or its beginning and a hash of the whole: what differs still differs. */
static void shorten(char to[static FACT_TEXT_SIZE], const char *text)
{
        uint64_t hash = 0xcbf29ce484222325; /* FNV-1a; nothing is trusted for it */

        if (text_copy(to, FACT_TEXT_SIZE, text) == 0)
                return;
        for (const char *at = text; *at; at++)
                hash = (hash ^ (unsigned char)*at) * 0x100000001b3;
        snprintf(to, FACT_TEXT_SIZE, "%.160s... (%016" PRIx64 ")", text, hash);
}

static bool add_value(struct buffer *to, const struct doc *value, const char *path)
{
        char size[TEXT_SIZE_MAX];

        if (doc_is_text(value) && doc_text(value)[0])
                buffer_text(to, doc_text(value));
        else if (doc_is_bool(value))
                buffer_text(to, doc_bool(value) ? "yes" : "no");
        else if (doc_is_number(value) && doc_number(value) >= 0 &&
                 (text_is_equal(path, "size") || text_is_equal(path, "installed") ||
                  text_is_equal(path, "vram")))
                buffer_text(to, text_size(size, (uint64_t)doc_number(value)));
        else if (doc_is_number(value))
                buffer_format(to, "%" PRId64, doc_number(value));
        else
                return false;
        return true;
}

/* The kind of one part: "32.0 GiB DDR4". The caller's; NULL: nothing of it is known. */
static char *kind_of(const struct fact *fact, const struct doc *part)
{
        _buffer_ struct buffer text = {.limit = KIND_SIZE};
        char *kind = NULL;
        bool is_known = false;

        for (size_t i = 0; i < PATHS_MAX && fact->paths[i]; i++) {
                const struct doc *value = doc_get(part, fact->paths[i]);

                if (value && text.size > 0)
                        buffer_add(&text, " ", 1);
                is_known |= add_value(&text, value, fact->paths[i]);
        }
        return is_known && buffer_take(&text, &kind) == 0 ? kind : NULL;
}

/* Parts of one kind: how many, and of what. */
struct kinds {
        char *texts[PARTS_MAX];
        size_t count, parts;
        bool is_short; /* of a part nothing is known */
};

static void add_parts(const struct fact *fact, const struct doc *list, const char *inner,
                      struct kinds *kinds)
{
        for (size_t i = 0; i < doc_count(list); i++) {
                const struct doc *part = doc_at(list, i);
                const struct doc *unless = fact->unless ? doc_get(part, fact->unless) : NULL;
                char *kind;

                if (inner) {
                        add_parts(fact, doc_get(part, inner), NULL, kinds);
                        continue;
                }
                if (unless && (!doc_is_bool(unless) || doc_bool(unless)))
                        continue;
                kinds->parts++;
                if (!fact->paths[0])
                        continue;
                kind = kinds->count < PARTS_MAX ? kind_of(fact, part) : NULL;
                kinds->is_short |= !kind;
                if (kind)
                        kinds->texts[kinds->count++] = kind;
        }
}

static int compare_texts(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "7 x 32.0 GiB DDR4, 1 x 16.0 GiB DDR4" */
static void tell_kinds(struct kinds *kinds, struct buffer *to)
{
        size_t end;

        qsort(kinds->texts, kinds->count, sizeof(kinds->texts[0]), compare_texts);
        for (size_t i = 0; i < kinds->count; i = end) {
                for (end = i;
                     end < kinds->count && strcmp(kinds->texts[end], kinds->texts[i]) == 0;)
                        end++;
                buffer_format(to, "%s%zu x ", i > 0 ? ", " : "", end - i);
                buffer_text(to, kinds->texts[i]);
        }
}

static void set_parts(struct doc *to, const struct fact *fact, const struct doc *list)
{
        _free_ struct kinds *kinds = calloc(1, sizeof(*kinds));
        _buffer_ struct buffer text = {0};
        char whole[FACT_TEXT_SIZE];

        if (!kinds)
                return;
        add_parts(fact, list, fact->inner, kinds);
        if (!fact->paths[0])
                buffer_format(&text, "%zu", kinds->parts);
        else if (kinds->parts == 0)
                buffer_text(&text, "none");
        else
                tell_kinds(kinds, &text);
        for (size_t i = 0; i < kinds->count; i++)
                free(kinds->texts[i]);
        /* Half of the cards told their speed: which half is chance. */
        if (text.rc < 0 || !text.bytes || kinds->is_short)
                return;
        shorten(whole, text.bytes);
        (void)doc_set_text(to, fact->name, whole);
}

static void set_value(struct doc *to, const struct fact *fact, const struct doc *section)
{
        _buffer_ struct buffer text = {0};
        char whole[FACT_TEXT_SIZE];

        if (!add_value(&text, doc_get(section, fact->paths[0]), fact->paths[0]) || text.rc < 0)
                return;
        shorten(whole, text.bytes);
        (void)doc_set_text(to, fact->name, whole);
}

static void set_class(struct doc *to, const struct doc *inventory)
{
        const char *vendor = doc_get_text(inventory, "system.vendor");
        const char *product = doc_get_text(inventory, "system.product");
        const char *sku = doc_get_text(inventory, "system.sku");
        char class[CLASS_SIZE];

        if (!vendor || !product)
                return;
        snprintf(class, sizeof(class), "%.80s %.80s%s%.80s", vendor, product, sku ? " " : "",
                 sku ? sku : "");
        (void)doc_set_text(to, "class", class);
}

struct doc *inventory_facts(const struct doc *inventory)
{
        struct doc *whole = doc_object(), *object = doc_object();

        set_class(whole, inventory);
        for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
                const struct doc *section = inventory_section(inventory, facts[i].section);
                const struct doc *list =
                        section && facts[i].list ? doc_get(section, facts[i].list) : NULL;

                if (doc_is_list(list))
                        set_parts(object, &facts[i], list);
                else if (section && !facts[i].list)
                        set_value(object, &facts[i], section);
        }
        (void)doc_set(whole, "facts", object);
        return whole;
}
