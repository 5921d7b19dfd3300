/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bmc: what SMBIOS (types 38 and 42), the IPMI driver and the management engine's
 * driver tell. The BMC itself is asked beside it: probe_ipmi_linux.c.
 */
#include <stdio.h>
#include <string.h>

#include "discover/probe.h"
#include "discover/tables_linux.h"
#include "lib/base/text.h"

/* clang-format off */
static const struct field engine_fields[] = {
        {.name = "name",     .kind = FIELD_TEXT, .help = "mei0"},
        {.name = "kind",     .kind = FIELD_TEXT, .file = "kind", .help = "mei, itouch, gsc, ..."},
        {.name = "firmware", .kind = FIELD_TEXT, .help = "version of its firmware"},
        {.name = "state",    .kind = FIELD_TEXT, .file = "dev_state", .help = "ENABLED, ..."},
        {.name = NULL},
};

const struct field bmc_fields[] = {
        {.name = "present",      .kind = FIELD_BOOL, .help = "SMBIOS or a driver tells of one"},
        {.name = "interface",    .kind = FIELD_TEXT, .help = "kcs, smic, bt, ssif"},
        {.name = "ipmi_version", .kind = FIELD_TEXT, .help = "2.0"},
        {.name = "address",      .kind = FIELD_TEXT, .help = "base address of the interface, or on the SMBus"},
        {.name = "device",       .kind = FIELD_TEXT, .help = "device through which it can be asked"},
        {.name = "firmware",     .kind = FIELD_TEXT, .file = "firmware_revision", .help = "revision, as the driver got it"},
        {.name = "vendor",       .kind = FIELD_TEXT, .help = "its maker"},
        {.name = "vendor_id",    .kind = FIELD_TEXT, .file = "manufacturer_id", .help = "IANA number of the maker"},
        {.name = "product_id",   .kind = FIELD_TEXT, .file = "product_id", .help = "the maker's number of the product"},
        {.name = "guid",         .kind = FIELD_TEXT, .is_identity = true, .file = "guid", .help = "of the machine, as the BMC knows it"},
        {.name = "redfish_host_interface", .kind = FIELD_BOOL, .help = "there is a network inside the machine to it"},
        {.name = "lan",   .kind = FIELD_ITEMS, .inner = bmc_lan_fields, .help = "a network channel each, as the BMC says"},
        {.name = "users", .kind = FIELD_ITEMS, .inner = bmc_user_fields, .help = "who may log in over the first of them"},
        {.name = "amt",   .kind = FIELD_OBJECT, .inner = bmc_amt_fields, .help = "Intel's Active Management Technology, as the engine says"},
        {.name = "management_engines", .kind = FIELD_ITEMS, .inner = engine_fields, .help = "Intel's, which AMT lives in"},
        {.name = NULL},
};
/* clang-format on */

#define SMBIOS_IPMI_DEVICE    38 /* DSP0134 7.39 */
#define SMBIOS_HOST_INTERFACE 42 /* 7.43 */
#define NETWORK_INTERFACE     0x40

static void take_ipmi(struct probe_context *context, const struct smbios_structure *s)
{
        static const char *const interfaces[] = {NULL, "kcs", "smic", "bt", "ssif"};
        uint8_t type, version;
        uint32_t low, high;
        char text[32];

        (void)doc_set_bool(context->section, "present", true);
        if (smbios_u8(s, 0x04, &type) && type < ARRAY_SIZE(interfaces))
                (void)doc_set_text(context->section, "interface", interfaces[type]);
        if (smbios_u8(s, 0x05, &version)) {
                snprintf(text, sizeof(text), "%u.%u", version >> 4, version & 0xfU);
                (void)doc_set_text(context->section, "ipmi_version", text);
        }
        /* Bit 0: in the space of ports, not of memory. */
        if (!smbios_le32(s, 0x08, &low) || !smbios_le32(s, 0x0c, &high) || (low | high) == 0)
                return;
        snprintf(text, sizeof(text), "0x%llx",
                 (unsigned long long)((uint64_t)high << 32 | (low & ~1U)));
        (void)doc_set_text(context->section, "address", text);
}

static void take_tables(struct probe_context *context)
{
        struct smbios_structure s;
        struct reader table;
        uint8_t type;

        if (smbios_read(context->tree, &table) < 0)
                return;
        while (smbios_next(&table, &s) > 0) {
                if (s.type == SMBIOS_IPMI_DEVICE)
                        take_ipmi(context, &s);
                else if (s.type == SMBIOS_HOST_INTERFACE && smbios_u8(&s, 0x04, &type) &&
                         type == NETWORK_INTERFACE)
                        (void)doc_set_bool(context->section, "redfish_host_interface", true);
        }
}

static void take_driver(struct probe_context *context)
{
        _names_ struct tree_names names = {0};
        char text[TREE_LINE_SIZE];

        if (tree_list(context->tree, "sys/class/ipmi", &names) < 0 || names.count == 0)
                return;
        (void)doc_set_bool(context->section, "present", true);
        if (probe_begin(context, names.names[0])) {
                snprintf(text, sizeof(text), "/dev/%s", names.names[0]);
                field_set_text(context->section, "device", text);
                snprintf(text, sizeof(text), "sys/class/ipmi/%s/device/bmc", names.names[0]);
                fields_read(context->tree, text, bmc_fields, context->section);
        }
}

/* "0:15.0.35.1951", a line for each of its parts. */
static void take_engines(struct probe_context *context)
{
        _names_ struct tree_names names = {0};
        struct doc *list;

        if (tree_list(context->tree, "sys/class/mei", &names) < 0 || names.count == 0)
                return;
        list = doc_list();
        for (size_t i = 0; i < names.count; i++) {
                struct doc *engine = doc_object();
                char folder[TREE_PATH_MAX], text[TREE_LINE_SIZE];

                (void)doc_set_text(engine, "name", names.names[i]);
                snprintf(folder, sizeof(folder), "sys/class/mei/%s", names.names[i]);
                fields_read(context->tree, folder, engine_fields, engine);
                if (tree_line(context->tree, text, "%s/fw_ver", folder)) {
                        text[strcspn(text, "\n")] = '\0';
                        field_set_text(engine, "firmware", text);
                }
                (void)doc_append(list, engine);
        }
        (void)doc_set(context->section, "management_engines", list);
}

void probe_bmc(struct probe_context *context)
{
        (void)doc_set_bool(context->section, "present", false);
        take_tables(context);
        take_driver(context);
        take_engines(context);
}
