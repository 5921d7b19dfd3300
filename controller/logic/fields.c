/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/logic/fields.h"

#include <stdlib.h>
#include <string.h>

#include "controller/logic/conditions.h"
#include "lib/base/text.h"

#define LABEL_PREFIX   "label."
#define CONDITIONS_MAX 32 /* rows of conditions.c; more are not found as words */

enum field_kind {
        FIELD_TEXT, /* char[]; "" is no value */
        FIELD_U32,
        FIELD_U64,
        FIELD_PHASE,
        FIELD_CONDITIONS,
        FIELD_MACS,
        FIELD_ADDRESS,
        FIELD_UUID,
        FIELD_STATE,
        FIELD_CAUSE,
};

struct field {
        const char *name;
        enum field_kind kind;
        size_t offset; /* in struct node */
};

#define AT(member) offsetof(struct node, member)

/* Where the inventory has the same, under the same name. */
static const struct field fields[] = {
        {"name",               FIELD_TEXT,       AT(name)                },
        {"phase",              FIELD_PHASE,      AT(phase)               },
        {"condition",          FIELD_CONDITIONS, 0                       },
        {"mac",                FIELD_MACS,       0                       },
        {"address",            FIELD_ADDRESS,    AT(address)             },
        {"uuid",               FIELD_UUID,       AT(summary.uuid)        },
        {"profile",            FIELD_TEXT,       AT(profile)             },
        {"rule",               FIELD_TEXT,       AT(rule)                },
        {"reserved.holder",    FIELD_TEXT,       AT(reserved.holder)     },
        {"image",              FIELD_TEXT,       AT(operation.image)     },
        {"operation",          FIELD_STATE,      AT(operation.state)     },
        {"cause",              FIELD_CAUSE,      AT(operation.cause)     },
        {"first_seen_ms",      FIELD_U64,        AT(first_seen_ms)       },
        {"last_seen_ms",       FIELD_U64,        AT(last_seen_ms)        },
        {"system.vendor",      FIELD_TEXT,       AT(summary.vendor)      },
        {"system.product",     FIELD_TEXT,       AT(summary.product)     },
        {"system.serial",      FIELD_TEXT,       AT(summary.serial)      },
        {"system.asset_tag",   FIELD_TEXT,       AT(summary.asset_tag)   },
        {"cpu.model",          FIELD_TEXT,       AT(summary.cpu)         },
        {"cpu.packages",       FIELD_U32,        AT(summary.sockets)     },
        {"cpu.cores",          FIELD_U32,        AT(summary.cores)       },
        {"cpu.threads",        FIELD_U32,        AT(summary.threads)     },
        {"memory.total",       FIELD_U64,        AT(summary.memory_bytes)},
        {"disks.count",        FIELD_U32,        AT(summary.disk_count)  },
        {"disks.size",         FIELD_U64,        AT(summary.disk_bytes)  },
        {"nics.count",         FIELD_U32,        AT(summary.nic_count)   },
        {"gpus.count",         FIELD_U32,        AT(summary.gpu_count)   },
        {"firmware.boot_mode", FIELD_TEXT,       AT(summary.boot_mode)   },
        {"installed.serial",   FIELD_TEXT,       AT(installed.serial)    },
};

const char *node_field_name(size_t index)
{
        if (index < ARRAY_SIZE(fields))
                return fields[index].name;
        index -= ARRAY_SIZE(fields);
        return index < trait_count ? trait_rows[index].name : NULL;
}

static const char *const *condition_words(void)
{
        static const char *words[CONDITIONS_MAX + 1];

        for (size_t i = 0; i < node_condition_count && i < CONDITIONS_MAX; i++)
                words[i] = node_conditions[i].name;
        return words;
}

static const char *const *words_of(enum field_kind kind)
{
        switch (kind) {
        case FIELD_PHASE:
                return node_phase_names + 1; /* but for "none" */
        case FIELD_CONDITIONS:
                return condition_words();
        case FIELD_STATE:
                return operation_state_names;
        case FIELD_CAUSE:
                return node_cause_names + 1; /* but for NULL */
        case FIELD_TEXT:
        case FIELD_U32:
        case FIELD_U64:
        case FIELD_MACS:
        case FIELD_ADDRESS:
        case FIELD_UUID:
                return NULL;
        }
        return NULL;
}

/* Behind the fields. */
static bool bind_trait(size_t row, struct filter_field *ret)
{
        static const char *const truths[] = {"true", "false", NULL};

        *ret = (struct filter_field){
                .id = (int)(ARRAY_SIZE(fields) + row),
                .is_number = trait_rows[row].kind == TRAIT_NUMBER,
                .words = trait_rows[row].kind == TRAIT_TRUTH ? truths : NULL,
        };
        return true;
}

static void probe_trait(const struct node *node, size_t row, struct filter_probe *probe)
{
        bool is_enough = false;

        for (const char *at = NULL; !is_enough && (at = traits_next(node->traits, row, at));)
                switch (trait_rows[row].kind) {
                case TRAIT_TEXT:
                        is_enough = filter_probe_text(probe, at);
                        break;
                case TRAIT_NUMBER:
                        is_enough = filter_probe_number(probe, strtoll(at, NULL, 10));
                        break;
                case TRAIT_TRUTH:
                        is_enough = filter_probe_bool(probe, at[0] == 't');
                        break;
                }
}

bool node_field_bind(const char *name, struct filter_field *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
                if (!text_is_equal(fields[i].name, name))
                        continue;
                *ret = (struct filter_field){
                        .id = (int)i,
                        .is_number = fields[i].kind == FIELD_U32 || fields[i].kind == FIELD_U64,
                        .words = words_of(fields[i].kind),
                };
                return true;
        }
        if (trait_find(name) < trait_count)
                return bind_trait(trait_find(name), ret);
        if (strchr(name, '.') && !text_has_prefix(name, LABEL_PREFIX))
                return false;
        *ret = (struct filter_field){.id = -1};
        return true;
}

static void probe_label(const struct node *node, const char *name, struct filter_probe *probe)
{
        const char *label, *wanted = name;
        struct doc *value;
        size_t at = 0;

        if (text_has_prefix(name, LABEL_PREFIX))
                wanted += strlen(LABEL_PREFIX);
        while (doc_next(node->labels, &at, &label, &value) > 0)
                if (strcmp(label, wanted) == 0)
                        filter_probe_text(probe, doc_text(value));
}

static void probe_conditions(const struct node *node, struct filter_probe *probe)
{
        for (size_t i = 0; i < node_condition_count; i++)
                if (node_has(node, &node_conditions[i]) &&
                    filter_probe_text(probe, node_conditions[i].name))
                        return;
}

static void probe_macs(const struct node *node, struct filter_probe *probe)
{
        char text[MAC_TEXT_SIZE];

        for (size_t i = 0; i < node->mac_count; i++)
                if (filter_probe_text(probe, mac_text(text, &node->macs[i])))
                        return;
}

static void probe_number(const struct field *field, const void *at, struct filter_probe *probe)
{
        uint32_t small;
        uint64_t number;

        if (field->kind == FIELD_U32) {
                memcpy(&small, at, sizeof(small));
                number = small;
        } else {
                memcpy(&number, at, sizeof(number));
        }
        filter_probe_number(probe, number > INT64_MAX ? INT64_MAX : (int64_t)number);
}

void node_field_values(const void *object, int id, const char *name, struct filter_probe *probe)
{
        const struct node *node = object;
        const bool is_field = id >= 0 && (size_t)id < ARRAY_SIZE(fields);
        const struct field *field = is_field ? &fields[id] : NULL;
        const char *at = (const char *)node + (field ? field->offset : 0);
        char text[IP_TEXT_SIZE];

        if (!field) {
                if (id < 0)
                        probe_label(node, name, probe);
                else
                        probe_trait(node, (size_t)id - ARRAY_SIZE(fields), probe);
                return;
        }
        switch (field->kind) {
        case FIELD_TEXT:
                filter_probe_text(probe, at[0] ? at : NULL);
                return;
        case FIELD_U32:
        case FIELD_U64:
                probe_number(field, at, probe);
                return;
        case FIELD_PHASE:
                filter_probe_text(probe, node_phase_names[node->phase]);
                return;
        case FIELD_CONDITIONS:
                probe_conditions(node, probe);
                return;
        case FIELD_MACS:
                probe_macs(node, probe);
                return;
        case FIELD_ADDRESS:
                if (ip_is_set(node->address))
                        filter_probe_text(probe, ip_text(text, node->address));
                return;
        case FIELD_UUID:
                if (uuid_is_set(&node->summary.uuid))
                        filter_probe_text(probe, uuid_text(text, &node->summary.uuid));
                return;
        case FIELD_STATE:
                filter_probe_text(probe, operation_state_names[node->operation.state]);
                return;
        case FIELD_CAUSE:
                filter_probe_text(probe, node_cause_names[node->operation.cause]);
                return;
        }
}

bool node_field_orders(int id)
{
        if (id < 0 || (size_t)id >= ARRAY_SIZE(fields))
                return false;
        return fields[id].kind != FIELD_CONDITIONS && fields[id].kind != FIELD_MACS;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
        return (a > b) - (a < b);
}

int node_field_compare(const struct node *a, const struct node *b, int id)
{
        const struct field *field = &fields[id];
        const char *at_a = (const char *)a + field->offset, *at_b = (const char *)b + field->offset;

        switch (field->kind) {
        case FIELD_TEXT:
                return strverscmp(at_a, at_b);
        case FIELD_U32:
                return compare_numbers(*(const uint32_t *)(const void *)at_a,
                                       *(const uint32_t *)(const void *)at_b);
        case FIELD_U64:
                return compare_numbers(*(const uint64_t *)(const void *)at_a,
                                       *(const uint64_t *)(const void *)at_b);
        case FIELD_PHASE:
                return compare_numbers(a->phase, b->phase);
        case FIELD_STATE:
                return compare_numbers(a->operation.state, b->operation.state);
        case FIELD_CAUSE:
                return compare_numbers(a->operation.cause, b->operation.cause);
        case FIELD_ADDRESS:
                return memcmp(&a->address, &b->address, sizeof(a->address));
        case FIELD_UUID:
                return memcmp(&a->summary.uuid, &b->summary.uuid, sizeof(a->summary.uuid));
        case FIELD_CONDITIONS:
        case FIELD_MACS:
                return 0;
        }
        return 0;
}
