/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel: which one asked all this, and what it could not drive. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>

#include "discover/kernel_words.h"
#include "discover/pci_function.h"
#include "discover/tables_linux.h"
#include "lib/base/text.h"

#define LOG_MAX        ((size_t)1 << 20)
#define LOG_READ_ALL   3 /* SYSLOG_ACTION_READ_ALL, syslog(2) */
#define FIRMWARE_MAX   64
#define DRIVERLESS_MAX 1024

/* clang-format off */
static const struct field driverless_fields[] = {
        {.name = "address", .kind = FIELD_TEXT, .help = "PCI function"},
        {.name = "class",   .kind = FIELD_TEXT, .file = "class", .help = "class code"},
        {.name = "vendor",  .kind = FIELD_TEXT, .file = "vendor", .help = "vendor"},
        {.name = "device",  .kind = FIELD_TEXT, .file = "device", .help = "device"},
        {.name = NULL},
};

const struct field kernel_fields[] = {
        {.name = "version",      .kind = FIELD_TEXT, .file = "proc/sys/kernel/osrelease", .help = "release"},
        {.name = "build",        .kind = FIELD_TEXT, .file = "proc/sys/kernel/version", .help = "build"},
        {.name = "architecture", .kind = FIELD_TEXT, .file = "proc/sys/kernel/arch", .help = "x86_64, ..."},
        {.name = "tainted",      .kind = FIELD_NUMBER, .file = "proc/sys/kernel/tainted", .help = "bits; 0: not tainted"},
        {.name = "lockdown",     .kind = FIELD_TEXT, .help = "none, integrity, confidentiality"},
        {.name = "command_line", .kind = FIELD_TEXTS, .help = "its words; values that may be secret are left out"},
        {.name = "without_driver", .kind = FIELD_ITEMS, .inner = driverless_fields,
         .help = "PCI functions that no driver has, bridges apart"},
        {.name = "missing_firmware", .kind = FIELD_TEXTS, .help = "files that drivers asked for and did not get"},
        {.name = NULL},
};
/* clang-format on */

static void take_command_line(struct probe_context *context)
{
        char word[KERNEL_WORD_SIZE];
        struct doc *words;
        const char *at;

        if (tree_borrow(context->tree, "proc/cmdline", COMMAND_LINE_MAX, &at, NULL) < 0)
                return;
        words = doc_list();
        while (kernel_word_next(&at, word))
                field_append_text(words, word);
        (void)doc_set(context->section, "command_line", words);
}

static void take_driverless(struct probe_context *context)
{
        _names_ struct tree_names names = {0};
        struct doc *list = doc_list();

        (void)tree_list(context->tree, PCI_DEVICES, &names);
        for (size_t i = 0; i < names.count && doc_count(list) < DRIVERLESS_MAX; i++) {
                char folder[TREE_PATH_MAX];
                struct doc *function;

                if (tree_has(context->tree, PCI_DEVICES "/%s/driver", names.names[i]))
                        continue;
                snprintf(folder, sizeof(folder), PCI_DEVICES "/%s", names.names[i]);
                function = doc_object();
                (void)doc_set_text(function, "address", names.names[i]);
                fields_read(context->tree, folder, driverless_fields, function);
                if (pci_is_bridge(function))
                        doc_free(function);
                else
                        (void)doc_append(list, function);
        }
        (void)doc_set(context->section, "without_driver", list);
}

static bool has_text(const struct doc *list, const char *text)
{
        for (size_t i = 0; i < doc_count(list); i++)
                if (strcmp(doc_text(doc_at(list, i)), text) == 0)
                        return true;
        return false;
}

static void take_log(struct probe_context *context)
{
        _free_ char *log = NULL;
        char name[KERNEL_WORD_SIZE];
        struct doc *list;
        const char *at;
        int size;

        if (!tree_is_live(context->tree))
                return;
        log = malloc(LOG_MAX);
        size = log ? klogctl(LOG_READ_ALL, log, (int)LOG_MAX - 1) : -1;
        if (size < 0) {
                probe_error(context, "the kernel's log cannot be read");
                return;
        }
        log[size] = '\0';
        list = doc_list();
        for (at = log; kernel_missing_firmware_next(&at, name) && doc_count(list) < FIRMWARE_MAX;)
                if (!has_text(list, name))
                        field_append_text(list, name);
        (void)doc_set(context->section, "missing_firmware", list);
}

/* "none [integrity] confidentiality" */
static void take_lockdown(struct probe_context *context)
{
        char text[TREE_LINE_SIZE], *start;

        if (!tree_line(context->tree, text, "sys/kernel/security/lockdown"))
                return;
        start = strchr(text, '[');
        if (!start)
                return;
        start[strcspn(start, "]")] = '\0';
        /* "none" is an answer here, not a filler. */
        (void)doc_set_text(context->section, "lockdown", start + 1);
}

void probe_kernel(struct probe_context *context)
{
        fields_read(context->tree, ".", kernel_fields, context->section);
        take_lockdown(context);
        take_command_line(context);
        take_driverless(context);
        take_log(context);
}
