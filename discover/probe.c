/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/probe.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/node/summary.h"

const struct probe probes[] = {
        {"system",   probe_system,   "vendor, product, serial, chassis, board (SMBIOS 1, 2, 3)"},
        {"firmware", probe_firmware, "vendor, version, boot mode, Secure Boot"                 },
        {"cpu",      probe_cpu,      "model, packages, cores, threads, flags, caches"          },
        {"memory",   probe_memory,   "total, installed, modules (SMBIOS 17)"                   },
        {"disks",    probe_disks,    "model, serial, size, type, transport"                    },
        {"nics",     probe_nics,     "MAC, driver, link, speed"                                },
        {"gpus",     probe_gpus,     "display controllers"                                     },
        {"pci",      probe_pci,      "every function, with its driver"                         },
};
const size_t probe_count = ARRAY_SIZE(probes);

void probe_error(struct probe_context *context, const char *format, ...)
{
        char text[TREE_LINE_SIZE];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        (void)doc_append_text(context->errors, text);
}

bool probe_is_known(const char *name, size_t len)
{
        for (size_t i = 0; i < probe_count; i++)
                if (strlen(probes[i].name) == len && strncmp(probes[i].name, name, len) == 0)
                        return true;
        return false;
}

static bool is_wanted(const char *only, const char *name)
{
        const size_t len = strlen(name);

        for (; only && *only; only += strcspn(only, ","), only += *only == ',')
                if (strcspn(only, ",") == len && strncmp(only, name, len) == 0)
                        return true;
        return !only;
}

struct doc *inventory_make(struct tree *tree, const char *only)
{
        const uint64_t start = clock_monotonic_ms();
        _doc_ struct doc *inventory = doc_object();

        (void)doc_set_number(inventory, "schema", INVENTORY_SCHEMA);
        for (size_t i = 0; i < probe_count; i++) {
                struct probe_context context = {.tree = tree};

                if (!is_wanted(only, probes[i].name))
                        continue;
                context.section = doc_object();
                context.errors = doc_list();
                probes[i].run(&context);
                if (doc_set(context.section, "errors", context.errors) < 0 ||
                    doc_set(inventory, probes[i].name, context.section) < 0)
                        return NULL;
        }
        (void)doc_set_bool(inventory, "partial", false);
        (void)doc_set_number(inventory, "took_ms", (int64_t)(clock_monotonic_ms() - start));
        return TAKE_PTR(inventory);
}

void probe_set_text(struct tree *tree, struct doc *to, const char *name, const char *path)
{
        char text[TREE_LINE_SIZE];

        if (tree_line(tree, text, "%s", path) && !node_text_is_filler(text))
                (void)doc_set_text(to, name, text);
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
