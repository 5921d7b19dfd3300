/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel: which one asked all this, and what it could not drive. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>

#include "discover/kernel_words.h"
#include "discover/pci_function.h"
#include "discover/tables_linux.h"
#include "lib/base/buffer.h"
#include "lib/base/text.h"

#define LOG_MAX        ((size_t)1 << 20)
#define LOG_READ_ALL   3            /* SYSLOG_ACTION_READ_ALL, syslog(2) */
#define KERNEL_LOG     "kernel-log" /* among the answers */
#define FIRMWARE_MAX   64
#define DRIVERLESS_MAX 1024

/* clang-format off */
static const struct field driverless_fields[] = {
        {.name = "address", .kind = FIELD_TEXT, .help = "PCI function"},
        {.name = "class",   .kind = FIELD_TEXT, .file = "class", .help = "class code"},
        {.name = "vendor",  .kind = FIELD_TEXT, .file = "vendor", .help = "vendor"},
        {.name = "device",  .kind = FIELD_TEXT, .file = "device", .help = "device"},
        PCI_NAME_FIELDS,
        {.name = "class_name", .kind = FIELD_TEXT, .help = "its kind, from there"},
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

static struct doc *driverless(struct tree *tree, const char *address)
{
        struct doc *function = doc_object();
        char folder[TREE_PATH_MAX];

        snprintf(folder, sizeof(folder), PCI_DEVICES "/%s", address);
        (void)doc_set_text(function, "address", address);
        fields_read(tree, folder, driverless_fields, function);
        return pci_is_bridge(function) ? doc_free(function) : function;
}

/* A capture may lack the links to all drivers: nothing is known then. */
static void take_driverless(struct probe_context *context)
{
        _names_ struct tree_names names = {0};
        _doc_ struct doc *list = doc_list();
        bool has_drivers = tree_is_own(context->tree);

        (void)tree_list(context->tree, PCI_DEVICES, &names);
        for (size_t i = 0; i < names.count && doc_count(list) < DRIVERLESS_MAX; i++) {
                char driver[TREE_LINE_SIZE];
                struct doc *function;

                if (tree_link(context->tree, driver, PCI_DEVICES "/%s/driver", names.names[i])) {
                        has_drivers = true;
                        continue;
                }
                function = driverless(context->tree, names.names[i]);
                if (function)
                        (void)doc_append(list, function);
        }
        if (has_drivers || names.count == 0)
                (void)doc_set(context->section, "without_driver", TAKE_PTR(list));
}

static bool has_text(const struct doc *list, const char *text)
{
        for (size_t i = 0; i < doc_count(list); i++)
                if (strcmp(doc_text(doc_at(list, i)), text) == 0)
                        return true;
        return false;
}

/* The kernel's whole log may hold anything; noted are the lines that are used. */
static int read_log(struct tree *tree, char *log, size_t size)
{
        _buffer_ struct buffer lines = {0};
        char name[KERNEL_WORD_SIZE];
        size_t got;
        int n;

        if (!tree_is_live(tree)) {
                if (!tree_recall(tree, KERNEL_LOG, log, size - 1, &got))
                        return -ENOENT;
                log[got] = '\0';
                return 0;
        }
        n = klogctl(LOG_READ_ALL, log, (int)size - 1);
        if (n < 0)
                return -errno;
        log[n] = '\0';
        for (const char *at = log; kernel_missing_firmware_next(&at, name);)
                buffer_format(&lines, "Direct firmware load for %s failed with error\n", name);
        if (lines.rc == 0)
                tree_note(tree, KERNEL_LOG, lines.bytes, lines.size);
        return 0;
}

static void take_log(struct probe_context *context)
{
        _free_ char *log = NULL;
        char name[KERNEL_WORD_SIZE];
        struct doc *list;
        const char *at;

        log = malloc(LOG_MAX);
        if (!log || read_log(context->tree, log, LOG_MAX) < 0) {
                if (tree_is_own(context->tree))
                        probe_error(context, "the kernel's log cannot be read");
                return;
        }
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
