/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What names a machine
 *
 * First of all what the inventory has as an identity: that is found wherever it
 * stands, in files, links and names. Then what no inventory shows and is read all
 * the same: an SMBIOS table, a configuration space, the names of logical volumes.
 */
#include "discover/anonymous.h"

#include <string.h>

#include "discover/probe.h"
#include "discover/smbios.h"
#include "discover/tables_linux.h"
#include "lib/base/text.h"
#include "lib/node/summary.h"

#define HEADER_SIZE     4   /* of an SMBIOS structure */
#define KNOWN_WHOLE     255 /* bytes of the longest */
#define EXTENDED_AT     0x100
#define EXTENDED_SERIAL 0x0003 /* PCI Express Base 5.0 7.9.3 */
#define EXTENDED_STEPS  480

struct learning {
        struct mask *mask;
        int rc;
};

static void learn(void *context, const char *text)
{
        struct learning *learning = context;

        if (learning->rc == 0)
                learning->rc = mask_learn(learning->mask, text);
}

/* Names that thousands of machines have. */
static bool is_nobody(const char *host_name)
{
        static const char *const names[] = {"localhost", "(none)", "debian", "linux"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (text_is_equal(host_name, names[i]))
                        return true;
        return !host_name;
}

struct mask *anonymous_mask(const struct doc *inventory, const char *host_name,
                            const uint8_t key[static SIPHASH_KEY_SIZE])
{
        struct learning learning = {.mask = mask_new(key)};

        if (!learning.mask)
                return NULL;
        if (!is_nobody(host_name))
                learn(&learning, host_name);
        for (size_t i = 0; i < probe_count; i++)
                fields_identities(doc_get(inventory, probes[i].name), probes[i].fields, learn,
                                  &learning);
        if (learning.rc < 0)
                mask_free(learning.mask);
        return learning.rc < 0 ? NULL : learning.mask;
}

/* ------------------------------------------------------------------ SMBIOS */

/* Strings that are a serial or an asset tag (DSP0134 7). */
static const struct {
        uint8_t type, offset;
} identities[] = {
        {1,  0x07},
        {2,  0x07},
        {2,  0x08},
        {3,  0x07},
        {3,  0x08},
        {4,  0x20},
        {4,  0x21},
        {17, 0x18},
        {17, 0x19},
};

/* Types of which more is read than their number, and up to where; others may hold anything. */
static const struct {
        uint8_t type, size;
} known[] = {
        {0,  255        },
        {1,  255        },
        {2,  255        },
        {3,  255        },
        {4,  255        },
        {7,  255        },
        {9,  255        },
        {16, KNOWN_WHOLE},
        {17, KNOWN_WHOLE},
        {19, KNOWN_WHOLE},
        {38, KNOWN_WHOLE},
        {42, 6          },
};

static uint8_t known_size(uint8_t type)
{
        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                if (known[i].type == type)
                        return known[i].size;
        return HEADER_SIZE;
}

static int learn_strings(struct mask *mask, const struct smbios_structure *s)
{
        char text[TREE_LINE_SIZE];
        int rc = 0;

        for (size_t i = 0; i < ARRAY_SIZE(identities) && rc == 0; i++)
                if (identities[i].type == s->type &&
                    smbios_string(s, identities[i].offset, text, sizeof(text)) &&
                    !node_text_is_filler(text))
                        rc = mask_learn(mask, text);
        return rc;
}

/* What is there becomes blank, and stays as long as it is. */
static void blank_rest(const struct smbios_structure *s, uint8_t *table)
{
        const uint8_t size = known_size(s->type);
        const size_t body = (size_t)(s->body.at - table), strings = (size_t)(s->strings.at - table);

        if (size == KNOWN_WHOLE)
                return;
        for (size_t i = size; i < reader_left(&s->body); i++)
                table[body + i] = 0;
        for (size_t i = 0; i < reader_left(&s->strings); i++)
                if (table[strings + i] != '\0')
                        table[strings + i] = 'x';
}

int anonymous_smbios(struct mask *mask, uint8_t *table, size_t size)
{
        struct reader reader = smbios_table(table, size);
        struct smbios_structure s;
        int rc = 0;

        while (rc == 0 && smbios_next(&reader, &s) > 0) {
                rc = learn_strings(mask, &s);
                blank_rest(&s, table);
        }
        /* Behind the end, and its header, nobody looks. */
        if (reader_left(&reader) > HEADER_SIZE)
                memset(table + (reader.at - table) + HEADER_SIZE, 0,
                       reader_left(&reader) - HEADER_SIZE);
        return rc;
}

/* --------------------------------------------------------------------- PCI */

void anonymous_pci_config(uint8_t *bytes, size_t size)
{
        size_t at = EXTENDED_AT;

        for (int i = 0; i < EXTENDED_STEPS && at >= EXTENDED_AT; i++) {
                struct reader r = reader_over(bytes, size);
                uint32_t head;

                if (reader_skip(&r, at) < 0 || reader_le32(&r, &head) < 0)
                        return;
                if ((head & 0xffff) == EXTENDED_SERIAL && reader_left(&r) >= 8)
                        memset(bytes + at + 4, 0, 8);
                at = head >> 20 & 0xffc;
        }
}

#define VPD_LARGE 0x80
#define VPD_NAME  0x82
#define VPD_READ  0x90

static bool is_shown(const uint8_t *word)
{
        static const char *const words[] = {"PN", "SN", "EC"};

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (memcmp(word, words[i], 2) == 0)
                        return true;
        return false;
}

/* Between the bytes @at and @end. */
static void blank_words(uint8_t *bytes, size_t at, size_t end)
{
        while (end - at >= 3 && bytes[at + 2] <= end - at - 3) {
                if (!is_shown(bytes + at))
                        memset(bytes + at + 3, 'x', bytes[at + 2]);
                at += 3U + bytes[at + 2];
        }
        memset(bytes + at, 'x', end - at);
}

void anonymous_pci_vpd(uint8_t *bytes, size_t size)
{
        size_t at = 0;

        while (size - at >= 3 && bytes[at] & VPD_LARGE) {
                const size_t said = bytes[at + 1] | (size_t)bytes[at + 2] << 8;
                const size_t left = size - at - 3, len = said < left ? said : left;

                if (bytes[at] == VPD_READ)
                        blank_words(bytes, at + 3, at + 3 + len);
                else if (bytes[at] != VPD_NAME)
                        memset(bytes + at + 3, 'x', len);
                at += 3 + len;
        }
        memset(bytes + at, 0, size - at);
}

/* --------------------------------------------------------------- snapshots */

/* clang-format off */
/*
 * Pages of devices hold more than is read of them: world-wide names, and serial numbers
 * as no inventory has them. The bytes that are read stay.
 */
static const struct page {
        const char *begin, *part; /* of its path: how that begins, and what is in it */
        struct {
                uint16_t at, size; /* 0: no more */
        } kept[10];
} pages[] = {
        {"",                          "/vpd_pg89", {{0, 4}, {106, 48}}}, /* vpd.c */
        {TREE_ANSWERS "/megaraid/",   "/01010000-", {{0, 2}, {1344, 112}, {1600, 96}}}, /* megaraid.c */
        {TREE_ANSWERS "/megaraid/",   "/02020000-", {{0, 2}, {4, 56}, {168, 4}, {176, 4}, {184, 2}, {188, 2}, {232, 8}, {256, 4}, {370, 1}, {401, 2}}},
        {TREE_ANSWERS "/mpt/",        "/08-1-",    {{0, 8}, {0x20, 16}}}, /* mpt.c */
        {TREE_ANSWERS "/mpt/",        "/0a-0-",    {{0, 8}, {0x10, 60}, {0x50, 4}, {0x58, 8}, {0x70, 2}}},
        {TREE_ANSWERS "/smartarray/", "/bmic-10-", {{0, 102}}}, /* smartarray.c */
        {TREE_ANSWERS "/smartarray/", "/bmic-11-", {{5, 4}, {208, 16}}},
        {TREE_ANSWERS "/smartarray/", "/bmic-15-", {{2, 6}, {12, 91}, {114, 6}, {122, 8}, {1792, 1}}},
        {TREE_ANSWERS "/smartarray/", "/bmic-66-", {{44, 32}}},
};
/* clang-format on */

static void blank_unread(const struct page *page, uint8_t *bytes, size_t size)
{
        size_t at = 0;

        for (size_t i = 0; i < ARRAY_SIZE(page->kept) && page->kept[i].size > 0; i++) {
                const size_t begin = page->kept[i].at;

                if (begin > size)
                        break;
                memset(bytes + at, 0, begin - at);
                at = size - begin < page->kept[i].size ? size : begin + page->kept[i].size;
        }
        memset(bytes + at, 0, size - at);
}

/* Lists of drives: after a header of 8 bytes 24 each, and from the 8th of them one name or two. */
static void blank_names(uint8_t *bytes, size_t size, size_t len)
{
        for (size_t at = 8; at < size && size - at >= 24; at += 24)
                memset(bytes + at + 8, 0, len);
}

void anonymous_page(const char *path, uint8_t *bytes, size_t size)
{
        for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
                if (text_has_prefix(path, pages[i].begin) && strstr(path, pages[i].part))
                        blank_unread(&pages[i], bytes, size);
        if (text_has_prefix(path, TREE_ANSWERS "/smartarray/") && text_has_suffix(path, "/drives"))
                blank_names(bytes, size, 8);
        if (text_has_prefix(path, TREE_ANSWERS "/megaraid/") && strstr(path, "/02010000-"))
                blank_names(bytes, size, 16);
}

/* "LVM-" and two numbers of 32 letters: of the group and of the volume. */
static void mask_mapper(const struct mask *mask, struct snapshot_entry *entry)
{
        const uint8_t *dash = memchr(entry->bytes, '-', entry->size);

        if (dash) {
                const size_t at = (size_t)(dash - entry->bytes) + 1;

                mask_value(mask, entry->bytes + at, entry->size - at);
        }
}

static int prepare(struct mask *mask, struct snapshot_entry *entry)
{
        if (entry->kind != TREE_FILE)
                return 0;
        if (strcmp(entry->path, SMBIOS_TABLE_PATH) == 0)
                return anonymous_smbios(mask, entry->bytes, entry->size);
        if (text_has_suffix(entry->path, "/config"))
                anonymous_pci_config(entry->bytes, entry->size);
        else if (text_has_suffix(entry->path, "/vpd"))
                anonymous_pci_vpd(entry->bytes, entry->size);
        else if (text_has_suffix(entry->path, "/dm/uuid"))
                mask_mapper(mask, entry);
        else
                anonymous_page(entry->path, entry->bytes, entry->size);
        return 0;
}

int anonymous_snapshot(struct mask *mask, struct snapshot *snapshot)
{
        struct snapshot_entry *entry;
        int rc;

        for (size_t i = 0; (entry = snapshot_at(snapshot, i)); i++) {
                rc = prepare(mask, entry);
                if (rc < 0)
                        return rc;
        }
        for (size_t i = 0; (entry = snapshot_at(snapshot, i)); i++) {
                if (entry->kind == TREE_LINK)
                        mask_apply_path(mask, (char *)entry->bytes);
                else
                        mask_apply(mask, entry->bytes, entry->size);
                mask_apply_path(mask, entry->path);
        }
        return 0;
}

/* --------------------------------------------------------------- documents */

static struct doc *masked_text(const struct mask *mask, const char *text)
{
        _doc_ struct doc *holder = doc_list();
        _free_ char *copy = strdup(text);

        if (!copy)
                return NULL;
        mask_apply(mask, copy, strlen(copy));
        (void)doc_append_text(holder, copy);
        return doc_copy(doc_at(holder, 0));
}

struct doc *anonymous_document(const struct mask *mask, const struct doc *document)
{
        struct doc *copy, *value;
        const char *name;

        if (doc_is_text(document))
                return masked_text(mask, doc_text(document));
        if (doc_is_list(document)) {
                copy = doc_list();
                for (size_t i = 0; i < doc_count(document); i++)
                        (void)doc_append(copy, anonymous_document(mask, doc_at(document, i)));
                return copy;
        }
        if (!doc_is_object(document))
                return doc_copy(document);
        copy = doc_object();
        for (size_t at = 0; doc_next(document, &at, &name, &value) > 0;)
                (void)doc_set(copy, name, anonymous_document(mask, value));
        return copy;
}
