/* SPDX-License-Identifier: GPL-3.0-or-later */
/* system: what the machine says it is (SMBIOS 1, 2 and 3), virtual or physical. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/probe.h"
#include "discover/smbios.h"
#include "discover/tables_linux.h"
#include "lib/base/cleanup.h"
#include "lib/base/net.h"
#include "lib/base/text.h"

/* clang-format off */
static const struct field board_fields[] = {
        {.name = "vendor",  .kind = FIELD_TEXT, .help = "maker of the board"},
        {.name = "product", .kind = FIELD_TEXT, .help = "its product name"},
        {.name = "version", .kind = FIELD_TEXT, .help = "its version"},
        {.name = "serial",  .kind = FIELD_TEXT, .is_identity = true, .help = "its serial number"},
        {.name = NULL},
};

static const struct field chassis_fields[] = {
        {.name = "type",      .kind = FIELD_TEXT, .help = "rack-mount, blade, desktop, ..."},
        {.name = "serial",    .kind = FIELD_TEXT, .is_identity = true, .help = "serial number of the case"},
        {.name = "asset_tag", .kind = FIELD_TEXT, .is_identity = true, .help = "the owner's own number"},
        {.name = NULL},
};

const struct field system_fields[] = {
        {.name = "vendor",  .kind = FIELD_TEXT, .help = "maker of the machine"},
        {.name = "product", .kind = FIELD_TEXT, .help = "its product name"},
        {.name = "version", .kind = FIELD_TEXT, .help = "its version"},
        {.name = "serial",  .kind = FIELD_TEXT, .is_identity = true, .help = "its serial number"},
        {.name = "sku",     .kind = FIELD_TEXT, .help = "its order number"},
        {.name = "family",  .kind = FIELD_TEXT, .help = "its product family"},
        {.name = "uuid",    .kind = FIELD_TEXT, .is_identity = true,
         .help = "SMBIOS UUID; absent when it identifies nothing: zero, all F, a maker's default"},
        {.name = "board",   .kind = FIELD_OBJECT, .inner = board_fields, .help = "the main board"},
        {.name = "chassis", .kind = FIELD_OBJECT, .inner = chassis_fields, .help = "the case"},
        {.name = "virtual", .kind = FIELD_BOOL, .help = "a virtual machine"},
        {.name = "hypervisor", .kind = FIELD_TEXT, .help = "qemu, vmware, hyperv, ..."},
        {.name = NULL},
};
/* clang-format on */

/* DSP0134 7.4.1 */
static const char *const chassis_types[] = {
        [3] = "desktop",      [4] = "low-profile-desktop",
        [6] = "mini-tower",   [7] = "tower",
        [8] = "portable",     [9] = "laptop",
        [10] = "notebook",    [13] = "all-in-one",
        [17] = "main-server", [23] = "rack-mount",
        [24] = "sealed-case", [25] = "multi-system",
        [28] = "blade",       [29] = "blade-enclosure",
        [30] = "tablet",      [31] = "convertible",
        [33] = "iot-gateway", [34] = "embedded",
        [35] = "mini-pc",     [36] = "stick-pc",
};

/* What hypervisors and clouds write into the system's vendor and product. */
static const struct {
        const char *vendor, *product; /* beginnings; NULL: any */
        const char *hypervisor;       /* NULL: one of several */
} hypervisors[] = {
        {"QEMU",                  NULL,                    "qemu"     },
        {"VMware",                NULL,                    "vmware"   },
        {"innotek GmbH",          NULL,                    "vbox"     },
        {"Oracle Corporation",    "VirtualBox",            "vbox"     },
        {"Xen",                   NULL,                    "xen"      },
        {"Bochs",                 NULL,                    "bochs"    },
        {"BHYVE",                 NULL,                    "bhyve"    },
        {"Parallels",             NULL,                    "parallels"},
        {"Microsoft Corporation", "Virtual Machine",       "hyperv"   },
        {"Amazon EC2",            NULL,                    "ec2"      },
        {"Google",                "Google Compute Engine", "gce"      },
        {"Red Hat",               "KVM",                   "qemu"     },
        {"Nutanix",               "AHV",                   "qemu"     },
        {"oVirt",                 NULL,                    "qemu"     },
        {"OpenStack Foundation",  NULL,                    NULL       },
        {"Alibaba Cloud",         "Alibaba Cloud ECS",     NULL       },
        {"DigitalOcean",          "Droplet",               NULL       },
        {"Hetzner",               "vServer",               NULL       },
};

static void take_system(struct probe_context *context, const struct smbios_structure *s)
{
        char text[UUID_TEXT_SIZE];
        uint8_t bytes[16];
        struct uuid uuid;

        smbios_set_string(context->section, "vendor", s, 0x04);
        smbios_set_string(context->section, "product", s, 0x05);
        smbios_set_string(context->section, "version", s, 0x06);
        smbios_set_string(context->section, "serial", s, 0x07);
        smbios_set_string(context->section, "sku", s, 0x19);
        smbios_set_string(context->section, "family", s, 0x1a);
        if (!smbios_bytes(s, 0x08, bytes, sizeof(bytes)))
                return;
        uuid = uuid_from_smbios(bytes);
        if (uuid_identifies(&uuid))
                (void)doc_set_text(context->section, "uuid", uuid_text(text, &uuid));
}

static void take_board(struct probe_context *context, const struct smbios_structure *s)
{
        struct doc *board;

        if (doc_get(context->section, "board")) /* the first is the main board */
                return;
        board = doc_object();
        smbios_set_string(board, "vendor", s, 0x04);
        smbios_set_string(board, "product", s, 0x05);
        smbios_set_string(board, "version", s, 0x06);
        smbios_set_string(board, "serial", s, 0x07);
        (void)doc_set(context->section, "board", board);
}

static void take_chassis(struct probe_context *context, const struct smbios_structure *s)
{
        struct doc *chassis;
        uint8_t type;

        if (doc_get(context->section, "chassis"))
                return;
        chassis = doc_object();
        if (smbios_u8(s, 0x05, &type)) {
                type &= 0x7f; /* bit 7: it has a lock */
                if (type < ARRAY_SIZE(chassis_types))
                        (void)doc_set_text(chassis, "type", chassis_types[type]);
        }
        smbios_set_string(chassis, "serial", s, 0x07);
        smbios_set_string(chassis, "asset_tag", s, 0x08);
        (void)doc_set(context->section, "chassis", chassis);
}

/* Without the raw table (it is root's alone) the kernel's own reading of it remains. */
static void take_from_kernel(struct probe_context *context)
{
        static const struct {
                const char *name, *path;
        } fields[] = {
                {"vendor",  "sys/class/dmi/id/sys_vendor"     },
                {"product", "sys/class/dmi/id/product_name"   },
                {"version", "sys/class/dmi/id/product_version"},
                {"serial",  "sys/class/dmi/id/product_serial" },
                {"sku",     "sys/class/dmi/id/product_sku"    },
                {"family",  "sys/class/dmi/id/product_family" },
                {"uuid",    "sys/class/dmi/id/product_uuid"   },
        };
        struct uuid uuid;
        const char *text;

        for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                probe_set_text(context->tree, context->section, fields[i].name, fields[i].path);
        text = doc_get_text(context->section, "uuid");
        if (text && (uuid_parse(text, &uuid) < 0 || !uuid_identifies(&uuid)))
                (void)doc_remove(context->section, "uuid");
}

/* Amazon's machines without a hypervisor have its name, too: "c5.metal". */
static bool named_virtual(const struct doc *section, const char **ret_hypervisor)
{
        const char *vendor = doc_get_text(section, "vendor");
        const char *product = doc_get_text(section, "product");

        if (!vendor || (product && strstr(product, ".metal")))
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(hypervisors); i++) {
                if (!text_has_prefix(vendor, hypervisors[i].vendor) ||
                    (hypervisors[i].product &&
                     !(product && text_has_prefix(product, hypervisors[i].product))))
                        continue;
                *ret_hypervisor = hypervisors[i].hypervisor;
                return true;
        }
        return false;
}

/* Where there are neither x86's flags nor a name that could tell, nothing is known. */
static void tell_virtual(struct probe_context *context, bool has_virtual_bios)
{
        const bool has_name =
                doc_get(context->section, "vendor") || doc_get(context->section, "board");
        const char *hypervisor = NULL;
        char type[TREE_LINE_SIZE];
        bool is_virtual = named_virtual(context->section, &hypervisor);

        if (tree_line(context->tree, type, "sys/hypervisor/type")) {
                is_virtual = true;
                hypervisor = type;
        }
        is_virtual = is_virtual || has_virtual_bios || cpu_has_flag(context->tree, "hypervisor");
        if (!is_virtual && !has_name && !cpu_has_flag(context->tree, "fpu"))
                return;
        (void)doc_set_bool(context->section, "virtual", is_virtual);
        field_set_text(context->section, "hypervisor", hypervisor);
}

/* DSP0134 7.1.2.2, bit 4: the table describes a virtual machine. */
static bool is_virtual_bios(const struct smbios_structure *s)
{
        uint8_t characteristics;

        return s->type == SMBIOS_BIOS && smbios_u8(s, 0x13, &characteristics) &&
               (characteristics & 0x10) != 0;
}

void probe_system(struct probe_context *context)
{
        struct smbios_structure s;
        bool has_virtual_bios = false;
        struct reader table;
        int rc;

        rc = smbios_read(context->tree, &table);
        if (rc < 0) {
                if (rc != -ENOENT)
                        probe_error(context, "the SMBIOS table cannot be read: %s", strerror(-rc));
                take_from_kernel(context);
        }
        while (rc == 0 && smbios_next(&table, &s) > 0) {
                if (s.type == SMBIOS_SYSTEM)
                        take_system(context, &s);
                else if (s.type == SMBIOS_BOARD)
                        take_board(context, &s);
                else if (s.type == SMBIOS_CHASSIS)
                        take_chassis(context, &s);
                else
                        has_virtual_bios = has_virtual_bios || is_virtual_bios(&s);
        }
        tell_virtual(context, has_virtual_bios);
}
