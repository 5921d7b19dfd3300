/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tpm: as the kernel's driver shows it; the chip itself is asked beside it: probe_tpm2_linux.c. */
#include <stdio.h>
#include <string.h>

#include "discover/probe.h"
#include "lib/base/text.h"

#define CAPS_MAX 4096

/* clang-format off */
static const struct field tpm_item_fields[] = {
        {.name = "name",        .kind = FIELD_TEXT,  .help = "tpm0"},
        {.name = "version",     .kind = FIELD_TEXT,  .help = "1.2 or 2.0"},
        {.name = "driver",      .kind = FIELD_TEXT,  .link = "device/driver", .help = "driver"},
        {.name = "description", .kind = FIELD_TEXT,  .file = "device/description", .help = "as the firmware says"},
        {.name = "id",          .kind = FIELD_TEXT,  .file = "device/firmware_node/hid", .help = "as ACPI names it"},
        {.name = "vendor",      .kind = FIELD_TEXT,  .help = "four letters"},
        {.name = "firmware",    .kind = FIELD_TEXT,  .help = "version of its firmware"},
        {.name = "endorsement_key", .kind = FIELD_TEXT, .is_identity = true, .help = "hash of its public part: sha256:..., if there is one at 0x81010001"},
        {.name = "banks",       .kind = FIELD_TEXTS, .help = "hashes that it measures with"},
        {.name = NULL},
};

const struct field tpm_fields[] = {
        {.name = "present", .kind = FIELD_BOOL,  .help = "the kernel has a driver for one"},
        {.name = "items",   .kind = FIELD_ITEMS, .inner = tpm_item_fields, .help = "a chip each"},
        {.name = NULL},
};
/* clang-format on */

/* "Manufacturer: 0x49465800": four letters, the last may be missing. */
static void set_vendor(struct doc *tpm, const char *text)
{
        char digits[9], letters[5] = "";

        text += strlen("Manufacturer: ");
        if (text_has_prefix(text, "0x") &&
            text_copy_bytes(digits, sizeof(digits), text + 2, strcspn(text + 2, "\n")) == 0 &&
            text_unhex(digits, letters, 4) == 0)
                field_set_text(tpm, "vendor", letters);
}

static void set_caps(struct doc *tpm, const char *caps)
{
        const char *vendor = strstr(caps, "Manufacturer: "),
                   *at = strstr(caps, "Firmware version: ");
        char text[32];

        if (vendor)
                set_vendor(tpm, vendor);
        if (at) {
                at += strlen("Firmware version: ");
                if (text_copy_bytes(text, sizeof(text), at, strcspn(at, "\n")) == 0)
                        field_set_text(tpm, "firmware", text);
        }
}

static void set_banks(struct tree *tree, const char *folder, struct doc *tpm)
{
        _names_ struct tree_names names = {0};
        struct doc *banks = doc_list();

        (void)tree_list(tree, folder, &names);
        for (size_t i = 0; i < names.count; i++)
                if (text_has_prefix(names.names[i], "pcr-"))
                        field_append_text(banks, names.names[i] + strlen("pcr-"));
        if (doc_count(banks) > 0)
                (void)doc_set(tpm, "banks", banks);
        else
                doc_free(banks);
}

static struct doc *take_tpm(struct tree *tree, const char *name)
{
        struct doc *tpm = doc_object();
        char folder[TREE_PATH_MAX], path[TREE_PATH_MAX];
        _free_ char *caps = NULL;
        uint64_t major;

        (void)doc_set_text(tpm, "name", name);
        snprintf(folder, sizeof(folder), "sys/class/tpm/%s", name);
        fields_read(tree, folder, tpm_item_fields, tpm);
        snprintf(path, sizeof(path), "%s/device/caps", folder);
        if (tree_read(tree, path, CAPS_MAX, &caps, NULL) == 0)
                set_caps(tpm, caps);
        if (tree_number(tree, &major, "%s/tpm_version_major", folder))
                (void)doc_set_text(tpm, "version", major == 2 ? "2.0" : "1.2");
        else if (caps)
                (void)doc_set_text(tpm, "version", "1.2"); /* only these have such a file */
        set_banks(tree, folder, tpm);
        return tpm;
}

void probe_tpm(struct probe_context *context)
{
        _names_ struct tree_names names = {0};

        (void)tree_list(context->tree, "sys/class/tpm", &names);
        (void)doc_set_bool(context->section, "present", names.count > 0);
        for (size_t i = 0; i < names.count; i++)
                if (probe_begin(context, names.names[i]))
                        probe_item(context, take_tpm(context->tree, names.names[i]));
}
