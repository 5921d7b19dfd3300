/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One block a machine: where the values of each row begin, and behind that all
 * values, each with its NUL byte, a row ended by an empty one.
 */
#include "lib/node/traits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

#define STEPS_MAX 8 /* names and lists on the way to a value */
#define STEP_SIZE 32
#define NO_FLAG   NULL

/* clang-format off */
/* Long ones last: what is too much costs them. */
const struct trait_row trait_rows[] = {
        {"arch",                TRAIT_TEXT,   "cpu.isa_level",            "architecture: x86_64", NO_FLAG},
        {"system.version",      TRAIT_TEXT,   "system.version",           "its version", NO_FLAG},
        {"system.sku",          TRAIT_TEXT,   "system.sku",               "its order number", NO_FLAG},
        {"system.family",       TRAIT_TEXT,   "system.family",            "its product family", NO_FLAG},
        {"system.virtual",      TRAIT_TRUTH,  "system.virtual",           "a virtual machine", NO_FLAG},
        {"system.hypervisor",   TRAIT_TEXT,   "system.hypervisor",        "qemu, vmware, ...", NO_FLAG},
        {"board.vendor",        TRAIT_TEXT,   "system.board.vendor",      "maker of the main board", NO_FLAG},
        {"board.product",       TRAIT_TEXT,   "system.board.product",     "its product name", NO_FLAG},
        {"chassis.type",        TRAIT_TEXT,   "system.chassis.type",      "rack-mount, blade, ...", NO_FLAG},
        {"chassis.serial",      TRAIT_TEXT,   "system.chassis.serial",    "serial number of the case", NO_FLAG},
        {"firmware.vendor",     TRAIT_TEXT,   "firmware.vendor",          "maker of the firmware", NO_FLAG},
        {"firmware.version",    TRAIT_TEXT,   "firmware.version",         "its version", NO_FLAG},
        {"firmware.secure_boot", TRAIT_TRUTH, "firmware.secure_boot",     "Secure Boot is on", NO_FLAG},
        {"cpu.vendor",          TRAIT_TEXT,   "cpu.vendor",               "GenuineIntel, AuthenticAMD, ...", NO_FLAG},
        {"cpu.family",          TRAIT_NUMBER, "cpu.family",               "as CPUID tells it", NO_FLAG},
        {"cpu.level",           TRAIT_TEXT,   "cpu.isa_level",            "x86-64-v1 to x86-64-v4", NO_FLAG},
        {"cpu.max_mhz",         TRAIT_NUMBER, "cpu.max_mhz",              "highest frequency", NO_FLAG},
        {"cpu.numa_nodes",      TRAIT_NUMBER, "cpu.numa_nodes",           "NUMA nodes", NO_FLAG},
        {"cpu.virtualisation",  TRAIT_TEXT,   "cpu.virtualisation",       "vmx or svm", NO_FLAG},
        {"cpu.microcode",       TRAIT_TEXT,   "cpu.microcode",            "revision of the microcode", NO_FLAG},
        {"memory.installed",    TRAIT_NUMBER, "memory.installed",         "bytes in the slots", NO_FLAG},
        {"memory.ecc",          TRAIT_TEXT,   "memory.ecc",               "none, single-bit, multi-bit, ...", NO_FLAG},
        {"memory.type",         TRAIT_TEXT,   "memory.items.type",        "DDR4, DDR5, ..., of each module", NO_FLAG},
        {"memory.speed",        TRAIT_NUMBER, "memory.items.configured_mts", "MT/s, of each module", NO_FLAG},
        {"bmc.present",         TRAIT_TRUTH,  "bmc.present",              "it has a BMC", NO_FLAG},
        {"bmc.vendor",          TRAIT_TEXT,   "bmc.vendor",               "maker of the BMC", NO_FLAG},
        {"bmc.firmware",        TRAIT_TEXT,   "bmc.firmware",             "its version", NO_FLAG},
        {"tpm.present",         TRAIT_TRUTH,  "tpm.present",              "it has a TPM", NO_FLAG},
        {"tpm.version",         TRAIT_TEXT,   "tpm.items.version",        "1.2 or 2.0", NO_FLAG},
        {"gpu.vendor",          TRAIT_TEXT,   "gpus.items.vendor",        "nvidia, amd, intel, ...; the number, 10de; the name", "virtual_function_of"},
        {"gpu.model",           TRAIT_TEXT,   "gpus.items.device_name",   "as the PCI ID repository has it", "virtual_function_of"},
        {"gpu.device",          TRAIT_TEXT,   "gpus.items.device",        "PCI device", "virtual_function_of"},
        {"gpu.memory",          TRAIT_NUMBER, "gpus.items.vram",          "bytes of its own memory", "virtual_function_of"},
        {"gpu.driver",          TRAIT_TEXT,   "gpus.items.driver",        "driver", "virtual_function_of"},
        {"disk.type",           TRAIT_TEXT,   "disks.items.type",         "nvme, ssd, hdd, virtual, ...", "removable"},
        {"disk.transport",      TRAIT_TEXT,   "disks.items.transport",    "nvme, ata, sas, ...", "removable"},
        {"disk.size",           TRAIT_NUMBER, "disks.items.size",         "bytes", "removable"},
        {"disk.model",          TRAIT_TEXT,   "disks.items.model",        "model", "removable"},
        {"disk.vendor",         TRAIT_TEXT,   "disks.items.vendor",       "maker", "removable"},
        {"disk.firmware",       TRAIT_TEXT,   "disks.items.firmware",     "revision of its firmware", "removable"},
        {"disk.serial",         TRAIT_TEXT,   "disks.items.serial",       "serial number", "removable"},
        {"disk.empty",          TRAIT_TRUTH,  "disks.items.empty",        "nothing that is known is on it", "removable"},
        {"raid.level",          TRAIT_TEXT,   "raid.items.level",         "raid1, ..., of arrays of the kernel's", NO_FLAG},
        {"raid.controller",     TRAIT_TEXT,   "raid.controllers.model",   "model of a RAID controller", NO_FLAG},
        {"nic.speed",           TRAIT_NUMBER, "nics.items.speed_mbps",    "Mb/s now", "virtual_function_of"},
        {"nic.speeds",          TRAIT_NUMBER, "nics.items.supported_mbps", "Mb/s that the port can", "virtual_function_of"},
        {"nic.link",            TRAIT_TRUTH,  "nics.items.link",          "a cable is in", "virtual_function_of"},
        {"nic.driver",          TRAIT_TEXT,   "nics.items.driver",        "driver", "virtual_function_of"},
        {"nic.vendor",          TRAIT_TEXT,   "nics.items.vendor",        "maker of the card", "virtual_function_of"},
        {"nic.model",           TRAIT_TEXT,   "nics.items.product",       "the card", "virtual_function_of"},
        {"nic.switch",          TRAIT_TEXT,   "nics.items.neighbour.system_name", "name of the switch (LLDP)", NO_FLAG},
        {"nic.switch_port",     TRAIT_TEXT,   "nics.items.neighbour.port", "identity of its port", NO_FLAG},
        {"cpu.flags",           TRAIT_TEXT,   "cpu.flags",                "as in /proc/cpuinfo", NO_FLAG},
};
/* clang-format on */
const size_t trait_count = ARRAY_SIZE(trait_rows);

/* The word by which people know a PCI vendor of GPUs. */
static const struct {
        const char *id, *word;
} vendors[] = {
        {"10de", "nvidia"},
        {"1002", "amd"   },
        {"8086", "intel" },
        {"1a03", "aspeed"},
        {"102b", "matrox"},
        {"1da3", "habana"},
        {"1af4", "virtio"},
        {"15ad", "vmware"},
};

struct traits {
        size_t size;                            /* of the values */
        uint16_t first[ARRAY_SIZE(trait_rows)]; /* in @values */
        char values[];
};

_Static_assert(TRAITS_SIZE <= UINT16_MAX, "places are 16 bits");

/* Traits that are being made. */
struct making {
        const struct trait_row *row;
        uint16_t first[ARRAY_SIZE(trait_rows)];
        size_t used, from, count; /* of this row: where it begins, how many it has */
        size_t rows_left;         /* this one and those that follow */
        char values[TRAITS_SIZE];
};

static bool is_there(const struct making *m, const char *text)
{
        for (const char *at = m->values + m->from; at < m->values + m->used; at += strlen(at) + 1)
                if (strcmp(at, text) == 0)
                        return true;
        return false;
}

/* A byte for the end of this row and of each that follows is kept free. */
static void add_text(struct making *m, const char *text)
{
        const size_t left = TRAITS_SIZE - m->rows_left - m->used;
        char value[TRAIT_VALUE_SIZE];
        size_t len = strlen(text);

        if (len >= sizeof(value)) {
                len = sizeof(value) - 1;
                while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
                        len--; /* no character is cut in two */
        }
        memcpy(value, text, len);
        value[len] = '\0';
        if (len == 0 || len + 1 > left || m->count >= TRAIT_VALUES_MAX || is_there(m, value))
                return;
        memcpy(m->values + m->used, value, len + 1);
        m->used += len + 1;
        m->count++;
}

static void add_value(struct making *m, const struct doc *value)
{
        char number[24];

        if (m->row->kind == TRAIT_TEXT && doc_is_text(value)) {
                add_text(m, doc_text(value));
        } else if (m->row->kind == TRAIT_TRUTH && doc_is_bool(value)) {
                add_text(m, doc_bool(value) ? "true" : "false");
        } else if (m->row->kind == TRAIT_NUMBER && doc_is_number(value)) {
                snprintf(number, sizeof(number), "%" PRId64, doc_number(value));
                add_text(m, number);
        }
}

static void walk(struct making *m, const struct doc *value, const char *path, unsigned steps_left)
{
        const size_t len = strcspn(path, ".");
        char step[STEP_SIZE];

        if (steps_left == 0)
                return;
        if (doc_is_list(value)) {
                for (size_t i = 0; i < doc_count(value); i++)
                        walk(m, doc_at(value, i), path, steps_left - 1);
                return;
        }
        if (len == 0) {
                add_value(m, value);
                return;
        }
        if (!doc_is_object(value) || len >= sizeof(step))
                return;
        if (m->row->unless && doc_get(value, m->row->unless) &&
            (!doc_is_bool(doc_get(value, m->row->unless)) ||
             doc_get_bool(value, m->row->unless, false)))
                return;
        memcpy(step, path, len);
        step[len] = '\0';
        walk(m, doc_get(value, step), path + len + (path[len] == '.'), steps_left - 1);
}

static void begin_row(struct making *m, size_t row)
{
        m->row = &trait_rows[row];
        m->first[row] = (uint16_t)m->used;
        m->from = m->used;
        m->count = 0;
        m->rows_left = trait_count - row;
}

static void end_row(struct making *m)
{
        m->values[m->used++] = '\0';
}

/* What stands nowhere in the inventory as it is asked for. */
static void add_derived(struct making *m, const struct doc *inventory)
{
        const struct trait_row names = {
                .kind = TRAIT_TEXT, .path = "gpus.items.vendor_name", .unless = m->row->unless};
        const struct trait_row *row = m->row;
        const size_t end = m->used;

        if (!text_is_equal(row->name, "gpu.vendor"))
                return;
        for (const char *at = m->values + m->from; at < m->values + end; at += strlen(at) + 1)
                for (size_t i = 0; i < ARRAY_SIZE(vendors); i++)
                        if (text_is_equal(text_has_prefix(at, "0x") ? at + 2 : at, vendors[i].id))
                                add_text(m, vendors[i].word);
        m->row = &names;
        walk(m, inventory, names.path, STEPS_MAX);
        m->row = row;
}

/* A level of x86-64 is what only such a CPU has. */
static void add_row(struct making *m, const struct doc *inventory)
{
        const char *level = doc_get_text(inventory, m->row->path);

        if (!text_is_equal(m->row->name, "arch"))
                walk(m, inventory, m->row->path, STEPS_MAX);
        else if (level && text_has_prefix(level, "x86-64-"))
                add_text(m, "x86_64");
        add_derived(m, inventory);
}

static int finish(const struct making *m, struct traits **ret)
{
        struct traits *traits = malloc(sizeof(*traits) + m->used);

        if (!traits)
                return -ENOMEM;
        traits->size = m->used;
        memcpy(traits->first, m->first, sizeof(traits->first));
        memcpy(traits->values, m->values, m->used);
        *ret = traits;
        return 0;
}

int traits_of(const struct doc *inventory, struct traits **ret)
{
        _free_ struct making *m = calloc(1, sizeof(*m));

        if (!m)
                return -ENOMEM;
        for (size_t i = 0; i < trait_count; i++) {
                begin_row(m, i);
                add_row(m, inventory);
                end_row(m);
        }
        return finish(m, ret);
}

struct doc *traits_encode(const struct traits *traits)
{
        struct doc *object = doc_object();

        for (size_t i = 0; i < trait_count; i++) {
                struct doc *list = NULL;

                for (const char *at = NULL; (at = traits_next(traits, i, at));) {
                        if (!list)
                                list = doc_list();
                        doc_append_text(list, at);
                }
                doc_set(object, trait_rows[i].name, list);
        }
        return object;
}

/* They stand in the order of the rows: the next one is mostly found at once. */
static void find_lists(const struct doc *object,
                       const struct doc *ret[static ARRAY_SIZE(trait_rows)])
{
        struct doc *value;
        const char *name;
        size_t at = 0, next = 0;

        while (doc_next(object, &at, &name, &value) > 0)
                for (size_t i = 0; i < trait_count; i++) {
                        const size_t row = (next + i) % trait_count;

                        if (strcmp(trait_rows[row].name, name) != 0)
                                continue;
                        ret[row] = value;
                        next = row + 1;
                        break;
                }
}

int traits_decode(const struct doc *object, struct traits **ret)
{
        const struct doc *lists[ARRAY_SIZE(trait_rows)] = {0};
        _free_ struct making *m = calloc(1, sizeof(*m));

        if (!m)
                return -ENOMEM;
        find_lists(object, lists);
        for (size_t i = 0; i < trait_count; i++) {
                begin_row(m, i);
                for (size_t n = 0; n < doc_count(lists[i]); n++)
                        if (doc_is_text(doc_at(lists[i], n)))
                                add_text(m, doc_text(doc_at(lists[i], n)));
                end_row(m);
        }
        return finish(m, ret);
}

size_t traits_size(const struct traits *traits)
{
        return sizeof(*traits) + traits->size;
}

struct traits *traits_dup(const struct traits *traits)
{
        struct traits *copy = malloc(traits_size(traits));

        return copy ? memcpy(copy, traits, traits_size(traits)) : NULL;
}

struct traits *traits_free(struct traits *traits)
{
        free(traits);
        return NULL;
}

bool traits_is_same(const struct traits *a, const struct traits *b)
{
        if (!a || !b)
                return a == b;
        return a->size == b->size && memcmp(a->first, b->first, sizeof(a->first)) == 0 &&
               memcmp(a->values, b->values, a->size) == 0;
}

const char *traits_next(const struct traits *traits, size_t row, const char *last)
{
        const char *next;

        if (!traits || row >= trait_count)
                return NULL;
        next = last ? last + strlen(last) + 1 : traits->values + traits->first[row];
        return next[0] ? next : NULL;
}

size_t trait_find(const char *name)
{
        size_t row = 0;

        while (row < trait_count && strcmp(trait_rows[row].name, name) != 0)
                row++;
        return row;
}
