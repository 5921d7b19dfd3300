/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One of each type: what decodes encodes, and decodes again to the same text. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/net.h"
#include "lib/doc/table.h"

static const char *const names[] = {NULL, "red", "blue", NULL};

struct part {
        char name[8];
        uint32_t number;
        struct doc *extra;
};

struct whole {
        char name[16];
        uint64_t bytes;
        bool is_on;
        unsigned colour;
        struct mac_address mac;
        struct ip4_address ip;
        struct uuid uuid;
        struct part inner;
        struct part parts[4];
        size_t part_count;
        char services[4][8];
        size_t service_count;
};

static const struct doc_field part_fields[] = {
        DOC_FIELD(struct part, name, DOC_TEXT, 0),
        DOC_FIELD(struct part, number, DOC_U32, 0, .max = 1000),
        DOC_FIELD(struct part, extra, DOC_TREE, 0),
};
static DOC_TABLE(part_table, struct part, "part", part_fields);

static const struct doc_field whole_fields[] = {
        DOC_FIELD(struct whole, name, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct whole, bytes, DOC_U64, 0),
        DOC_FIELD(struct whole, is_on, DOC_BOOL, DOC_ALWAYS),
        DOC_FIELD(struct whole, colour, DOC_ENUM, 0, .names = names),
        DOC_FIELD(struct whole, mac, DOC_MAC, 0),
        DOC_FIELD(struct whole, ip, DOC_IP4, 0),
        DOC_FIELD(struct whole, uuid, DOC_UUID, 0),
        DOC_FIELD(struct whole, inner, DOC_OBJECT, 0, .table = &part_table),
        DOC_LIST_FIELD(struct whole, parts, part_count, 0, &part_table),
        DOC_TEXTS_FIELD(struct whole, services, service_count, 0),
};
static DOC_TABLE(loose_table, struct whole, "whole", whole_fields);
static DOC_TABLE(strict_table, struct whole, "whole", whole_fields, .is_strict = true);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _doc_ struct doc *value = NULL, *object = NULL, *object_again = NULL;
        struct whole whole = {0}, strict = {0}, again = {0};
        _free_ char *text = NULL, *text_again = NULL;
        char error[DOC_ERROR_SIZE];

        if (doc_parse((const char *)data, size, &doc_limits_message, error, &value) < 0)
                return 0;
        doc_decode(&strict_table, value, error, &strict);
        doc_release(&strict_table, &strict);
        if (doc_decode(&loose_table, value, error, &whole) == 0 && *whole.name) {
                object = doc_encode(&loose_table, &whole);
                if (doc_print(object, DOC_COMPACT, &text) < 0 ||
                    doc_decode(&strict_table, object, error, &again) < 0)
                        abort();
                object_again = doc_encode(&loose_table, &again);
                if (doc_print(object_again, DOC_COMPACT, &text_again) < 0 ||
                    strcmp(text, text_again) != 0)
                        abort();
        }
        doc_release(&loose_table, &whole);
        doc_release(&strict_table, &again);
        return 0;
}
