/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * boot: entries of UEFI firmware, and their order
 *
 * Each variable is asked of the firmware when it is read, which takes some firmware
 * milliseconds: this runs beside the other probes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/efi_entry.h"
#include "discover/probe.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"

#define EFIVARS      "sys/firmware/efi/efivars"
#define EFI_GLOBAL   "8be4df61-93ca-11d2-aa0d-00e098032b8c" /* UEFI 3.3 */
#define VARIABLE_MAX 8192
#define ORDER_MAX    256

/* clang-format off */
const struct field firmware_entry_fields[] = {
        {.name = "number",    .kind = FIELD_TEXT, .help = "0001: four hexadecimal digits"},
        {.name = "name",      .kind = FIELD_TEXT, .help = "for people"},
        {.name = "active",    .kind = FIELD_BOOL, .help = "the firmware tries it"},
        {.name = "kind",      .kind = FIELD_TEXT, .help = "disk, network, firmware, other"},
        {.name = "partition", .kind = FIELD_TEXT, .is_identity = true, .help = "UUID in the partition table"},
        {.name = "file",      .kind = FIELD_TEXT, .help = "program on it"},
        {.name = "mac",       .kind = FIELD_TEXT, .is_identity = true, .help = "of the card"},
        {.name = "ip",        .kind = FIELD_TEXT, .help = "of a network entry: ipv4, ipv6"},
        {.name = "url",       .kind = FIELD_TEXT, .help = "that HTTP boot asks for"},
        {.name = NULL},
};
/* clang-format on */

/* The value of a variable; the four bytes of attributes in front of it are skipped. */
static bool read_variable(struct tree *tree, const char *name, char **ret_bytes, struct reader *ret)
{
        char path[TREE_PATH_MAX];
        size_t size;

        snprintf(path, sizeof(path), EFIVARS "/%s-" EFI_GLOBAL, name);
        if (tree_read(tree, path, VARIABLE_MAX, ret_bytes, &size) < 0)
                return false;
        *ret = reader_over(*ret_bytes, size);
        return reader_skip(ret, 4) == 0;
}

static void set_number(struct probe_context *context, const char *name, const char *variable)
{
        _free_ char *bytes = NULL;
        struct reader value;
        uint16_t number;
        char text[5];

        if (!read_variable(context->tree, variable, &bytes, &value) ||
            reader_le16(&value, &number) < 0)
                return;
        snprintf(text, sizeof(text), "%04X", number);
        (void)doc_set_text(context->section, name, text);
}

static void set_order(struct probe_context *context)
{
        _free_ char *bytes = NULL;
        struct doc *list;
        struct reader value;
        uint16_t number;

        if (!read_variable(context->tree, "BootOrder", &bytes, &value))
                return;
        list = doc_list();
        while (reader_le16(&value, &number) == 0 && doc_count(list) < ORDER_MAX) {
                char text[5];

                snprintf(text, sizeof(text), "%04X", number);
                (void)doc_append_text(list, text);
        }
        (void)doc_set(context->section, "boot_order", list);
}

/* "Boot0001-8be4df61-…" */
static bool is_entry(const char *name)
{
        return text_has_prefix(name, "Boot") && strspn(name + 4, "0123456789ABCDEF") == 4 &&
               strcmp(name + 8, "-" EFI_GLOBAL) == 0;
}

static struct doc *take_entry(struct tree *tree, const char *name)
{
        static const char *const kinds[] = {
                [EFI_ENTRY_OTHER] = "other",
                [EFI_ENTRY_DISK] = "disk",
                [EFI_ENTRY_NETWORK] = "network",
                [EFI_ENTRY_FIRMWARE] = "firmware",
        };
        _free_ char *bytes = NULL;
        struct efi_entry entry;
        struct reader value;
        struct doc *doc;
        char text[9];

        if (text_copy_bytes(text, sizeof(text), name, 8) < 0 ||
            !read_variable(tree, text, &bytes, &value) ||
            !efi_entry_parse(value.at, reader_left(&value), &entry))
                return NULL;
        doc = doc_object();
        (void)doc_set_text(doc, "number", text + 4);
        field_set_text(doc, "name", entry.name);
        (void)doc_set_bool(doc, "active", entry.is_active);
        (void)doc_set_text(doc, "kind", kinds[entry.kind]);
        field_set_text(doc, "partition", entry.partition);
        field_set_text(doc, "file", entry.file);
        field_set_text(doc, "mac", entry.mac);
        field_set_text(doc, "url", entry.url);
        if (entry.kind == EFI_ENTRY_NETWORK)
                (void)doc_set_text(doc, "ip", entry.is_ipv6 ? "ipv6" : "ipv4");
        return doc;
}

void probe_boot(struct probe_context *context)
{
        _names_ struct tree_names names = {0};
        struct doc *list;

        if (tree_list(context->tree, EFIVARS, &names) < 0)
                return; /* BIOS; or the firmware's probe has said that it cannot be read */
        set_order(context);
        set_number(context, "boot_current", "BootCurrent");
        set_number(context, "boot_next", "BootNext");
        list = doc_list();
        for (size_t i = 0; i < names.count; i++)
                if (is_entry(names.names[i]))
                        (void)doc_append(list, take_entry(context->tree, names.names[i]));
        (void)doc_set(context->section, "boot_entries", list);
}
