/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Probes: one file and one row each; a probe fills one section of the inventory.
 *
 * What is not known is absent: never a guess, never "". What kept a probe from
 * knowing stands in the section's errors.
 */

#include "discover/tree.h"
#include "lib/doc/value.h"

struct probe_context {
        struct tree *tree;
        struct doc *section; /* to be filled */
        struct doc *errors;  /* list of sentences */
};

struct probe {
        const char *name; /* of the section */
        void (*run)(struct probe_context *context);
        const char *help;
};

extern const struct probe probes[];
extern const size_t probe_count;

/* The whole inventory; @only: names with commas, NULL: all. NULL without memory. */
struct doc *inventory_make(struct tree *tree, const char *only);
#define INVENTORY_SCHEMA 1

bool probe_is_known(const char *name, size_t len);

void probe_error(struct probe_context *context, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* Sets @name if the file has a text that means something (firmware's fillers do not). */
void probe_set_text(struct tree *tree, struct doc *to, const char *name, const char *path);

/* The PCI function in a sysfs path, its last one: "0000:00:03.0". False if there is none. */
bool pci_address_in(const char *path, char *to, size_t size);

void probe_system(struct probe_context *context);
void probe_firmware(struct probe_context *context);
void probe_cpu(struct probe_context *context);
void probe_memory(struct probe_context *context);
void probe_disks(struct probe_context *context);
void probe_nics(struct probe_context *context);
void probe_gpus(struct probe_context *context);
void probe_pci(struct probe_context *context);
