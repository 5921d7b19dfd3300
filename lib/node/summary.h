/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Summary: the few facts of an inventory that lists show. The inventory itself is
 * a document of cloudie-discover (docs/inventory.md); strings in it are data that
 * a machine said of itself.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/net.h"
#include "lib/doc/value.h"
#include "lib/node/step.h"

#define SUMMARY_TEXT_SIZE 96
#define NODE_MAX_MACS     64

struct node_summary {
        char vendor[SUMMARY_TEXT_SIZE], product[SUMMARY_TEXT_SIZE], serial[SUMMARY_TEXT_SIZE];
        char asset_tag[SUMMARY_TEXT_SIZE];
        struct uuid uuid;
        char cpu[SUMMARY_TEXT_SIZE];
        uint32_t sockets, cores, threads;
        uint64_t memory_bytes;
        uint32_t disk_count;
        uint64_t disk_bytes;
        uint32_t nic_count, gpu_count;
        char boot_mode[8];              /* "bios", "uefi" */
        char system[SUMMARY_TEXT_SIZE]; /* disk with a system: node_system_of() */
};
extern const struct doc_table node_summary_table;

/**
 * node_system_of() - the disk that this machine would start, if it were left alone
 * @ret:  SUMMARY_TEXT_SIZE bytes: its name, "nvme0n1"; "" if there is none
 *
 * A disk counts if its tables show a system for the firmware that the machine booted with
 * (docs/inventory.md, disks.items[].boots); any, where it does not say how it booted. What can be
 * taken out (a stick with an installer) is no disk of the machine's.
 */
void node_system_of(const struct doc *inventory, char *ret);

/* Reads what is there; what is absent or of the wrong type stays zero. -EBADMSG: not an inventory.
 */
int node_summary_of(const struct doc *inventory, struct node_summary *ret);

/* The usable MACs of an inventory (permanent before current), each once; returns how many. */
size_t node_macs_of(const struct doc *inventory, struct mac_address ret[static NODE_MAX_MACS]);

/* "To Be Filled By O.E.M.", "00000000", "": text that says nothing of this machine. */
bool node_text_is_filler(const char *text);

/**
 * node_name_default() - asset tag, else serial, else MAC, made fit for a host name
 * @ret:  NODE_NAME_SIZE bytes: [a-z0-9-], no dash at either end
 *
 * What node_text_is_filler(), and a single byte, do not name.
 */
void node_name_default(const struct node_summary *summary, const struct mac_address *mac,
                       char *ret);
/* The same of one text. 0; -ENOENT: nothing of it can stand in a name. */
int node_name_of(const char *text, char *ret);
bool node_name_is_valid(const char *name);
