/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/probe.h"

#include <ctype.h>
#include <string.h>

#include "discover/crew.h"
#include "discover/naming.h"
#include "discover/raid_signatures.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

/* clang-format off */
#define PROBE(section, finish, help) {#section, probe_##section, section##_fields, finish, help}
const struct probe probes[] = {
        PROBE(system,   NULL, "what the machine says it is (SMBIOS 1, 2, 3)"),
        PROBE(firmware, NULL, "its firmware, and how it booted"),
        PROBE(cpu,      NULL, "processors, as the kernel sees them"),
        PROBE(memory,   NULL, "what the kernel has, and what sits in the slots (SMBIOS 16, 17)"),
        PROBE(disks,    disks_finish, "whole disks, not what is made of them"),
        PROBE(raid,     raid_finish, "arrays of disks, by the kernel and by hardware"),
        PROBE(nics,     nics_finish, "network interfaces that stand on a device"),
        PROBE(gpus,     NULL, "display controllers and accelerators"),
        PROBE(pci,      pci_finish, "every PCI function"),
        PROBE(usb,      NULL, "what is plugged in"),
        PROBE(bmc,      NULL, "the machine's own management, seen from inside"),
        PROBE(tpm,      NULL, "trusted platform module"),
        PROBE(kernel,   NULL, "which kernel asked, and what it could not drive"),
};
/* clang-format on */
const size_t probe_count = ARRAY_SIZE(probes);

const struct slow_probe slow_probes[] = {
        {"firmware", "boot",       probe_boot,       NULL          },
        {"disks",    "health",     probe_health,     NULL          },
        {"disks",    "contents",   probe_contents,   NULL          },
        {"raid",     "megaraid",   probe_megaraid,   megaraid_close},
        {"raid",     "smartarray", probe_smartarray, NULL          },
        {"raid",     "mpt",        probe_mpt,        NULL          },
        {"bmc",      "ipmi",       probe_ipmi,       NULL          },
        {"bmc",      "amt",        probe_amt,        amt_close     },
        {"tpm",      "tpm2",       probe_tpm2,       tpm2_close    },
        {"pci",      "vpd",        probe_vpd,        NULL          },
        {"pci",      "acs",        probe_acs,        NULL          },
        {"nics",     "lldp",       probe_lldp,       lldp_close    }, /* the last: it waits for others to speak */
};
const size_t slow_probe_count = ARRAY_SIZE(slow_probes);

bool probe_is_known(const char *name, size_t len)
{
        for (size_t i = 0; i < probe_count; i++)
                if (strlen(probes[i].name) == len && strncmp(probes[i].name, name, len) == 0)
                        return true;
        return false;
}

struct doc *inventory_make(struct tree *tree, const char *only)
{
        return inventory_keep(tree, only, NULL);
}

/* What takes more than one section. */
static void complete(const struct crew_job *job, struct crew_result *results)
{
        naming_add(job, results);
        raid_signatures_add(job, results);
}

struct doc *inventory_keep(struct tree *tree, const char *only, struct snapshot *snapshot)
{
        const struct crew_job job = {.probes = probes,
                                     .count = probe_count,
                                     .slow = slow_probes,
                                     .slow_count = slow_probe_count,
                                     .only = only,
                                     .tree = tree,
                                     .times = &crew_times_default,
                                     .snapshot = snapshot,
                                     .complete = complete};

        return crew_inventory(&job);
}

static const struct field errors_field = {
        .name = "errors",
        .kind = FIELD_TEXTS,
        .help = "what kept the probe from knowing more",
};

/* Every section has its errors, whatever else it has. */
static struct doc *section_schema(const struct probe *probe)
{
        const struct field rows[] = {errors_field, {.name = NULL}};
        _doc_ struct doc *errors = fields_schema(rows);
        struct doc *schema = fields_schema(probe->fields), *required = doc_list();

        (void)doc_set(doc_get(schema, "properties"), "errors",
                      doc_copy(doc_get(errors, "properties.errors")));
        (void)doc_append_text(required, "errors");
        (void)doc_set(schema, "required", required);
        (void)doc_set_text(schema, "description", probe->help);
        return schema;
}

static const struct field whole_fields[] = {
        {.name = "schema",                                                                .kind = FIELD_NUMBER, .help = "version of this schema"},
        {.name = "partial",
         .kind = FIELD_BOOL,
         .help = "a device or a probe was given up; the errors of its section say which"},
        {.name = "took_ms",                                                               .kind = FIELD_NUMBER, .help = "milliseconds that it took"},
        {.name = NULL},
};

struct doc *inventory_schema(void)
{
        _doc_ struct doc *whole = fields_schema(whole_fields);
        struct doc *schema = doc_object(), *required = doc_list();
        struct doc *properties = doc_copy(doc_get(whole, "properties"));

        for (const struct field *row = whole_fields; row->name; row++)
                (void)doc_append_text(required, row->name);
        for (size_t i = 0; i < probe_count; i++)
                (void)doc_set(properties, probes[i].name, section_schema(&probes[i]));
        (void)doc_set_text(schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
        (void)doc_set_text(schema, "title", "Inventory of a machine, by cloudie-discover");
        (void)doc_set_text(schema, "type", "object");
        (void)doc_set(schema, "properties", properties);
        (void)doc_set(schema, "required", required);
        (void)doc_set_bool(schema, "additionalProperties", false);
        return schema;
}

void probe_set_text(struct tree *tree, struct doc *to, const char *name, const char *path)
{
        char text[TREE_LINE_SIZE];

        if (tree_line(tree, text, "%s", path))
                field_set_text(to, name, text);
}

/* DDDD:BB:DD.F; domains have up to 8 digits (Intel VMD: 10000:). */
static bool is_pci_address(const char *text, size_t len)
{
        const size_t digits = strspn(text, "0123456789abcdef");

        return digits >= 4 && digits <= 8 && len == digits + 8 && text[digits] == ':' &&
               isxdigit((unsigned char)text[digits + 1]) &&
               isxdigit((unsigned char)text[digits + 2]) && text[digits + 3] == ':' &&
               isxdigit((unsigned char)text[digits + 4]) &&
               isxdigit((unsigned char)text[digits + 5]) && text[digits + 6] == '.' &&
               isdigit((unsigned char)text[digits + 7]);
}

bool pci_address_in(const char *path, char *to, size_t size)
{
        bool found = false;

        while (*path) {
                const size_t len = strcspn(path, "/");

                if (is_pci_address(path, len) && text_copy_bytes(to, size, path, len) == 0)
                        found = true;
                path += len;
                path += *path == '/';
        }
        return found;
}
