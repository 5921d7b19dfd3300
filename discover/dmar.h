/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Memory that the firmware keeps for PCI functions whatever the system does: the RMRR
 * structures of the ACPI table DMAR (Intel Virtualization Technology for Directed I/O, 8.1, 8.4).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DMAR_HOPS_MAX 8 /* bridges on the way to a function, and itself */

/* Where a function is: bridge by bridge from its root bus, as the firmware counts before anybody
 * has numbered the buses. */
struct dmar_path {
        uint16_t segment;
        uint8_t bus; /* of the first hop */
        size_t count;
        struct {
                uint8_t device, function;
        } hops[DMAR_HOPS_MAX];
};

struct dmar_region {
        uint64_t start, end; /* the last byte */
};

/* Of a link of sysfs: "../../../devices/pci0000:00/0000:00:02.0/0000:03:00.0". False if there is no
 * function in it, or too many. */
bool dmar_path_parse(const char *link, struct dmar_path *ret);

/**
 * dmar_reserved() - the regions that are kept for a function
 * @bytes:  the table, with its header
 * @of:     NULL: for any
 *
 * Return: how many, at most @max; those of a structure that is cut off do not count.
 */
size_t dmar_reserved(const void *bytes, size_t size, const struct dmar_path *of,
                     struct dmar_region *ret, size_t max);
