/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Probes: one file and one row each; a probe fills one section of the inventory.
 *
 * What is not known is absent: never a guess, never "". What kept a probe from
 * knowing stands in the section's errors.
 */

#include "discover/field.h"
#include "discover/tree.h"
#include "lib/doc/value.h"

struct snapshot;
struct report; /* where a probe's findings go: crew.h */

struct probe_context {
        struct tree *tree;
        struct doc *section; /* to be filled */
        struct report *report;
};

struct probe {
        const char *name; /* of the section */
        void (*run)(struct probe_context *context);
        const struct field *fields;          /* what the section may hold, without errors */
        void (*finish)(struct doc *section); /* when all is there; asks no device; may be NULL */
        const char *help;
};

extern const struct probe probes[];
extern const size_t probe_count;

/*
 * What takes its time runs beside the probes, in a process of its own. It fills no section: what
 * it finds is added to one: an item to the section's item of its name or address, one without
 * either to the section itself.
 */
struct slow_probe {
        const char *section;
        const char *name; /* of what is asked */
        void (*run)(struct probe_context *context);
        void (*close)(void); /* the device that was opened for it before the program was confined;
                              * in processes that do not run it, and when it has run. May be NULL */
};

extern const struct slow_probe slow_probes[];
extern const size_t slow_probe_count;

/* The whole inventory; @only: names with commas, NULL: all. NULL without memory. */
struct doc *inventory_make(struct tree *tree, const char *only);

/* The same; what was read for it is added to @snapshot. */
struct doc *inventory_keep(struct tree *tree, const char *only, struct snapshot *snapshot);
#define INVENTORY_SCHEMA 1

struct doc *inventory_schema(void); /* JSON Schema of what inventory_make() gives */

bool probe_is_known(const char *name, size_t len);

void probe_error(struct probe_context *context, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/**
 * probe_begin() - before a device is asked
 * @device:  its name, for the error if it never answers
 *
 * A probe calls this for each of its devices, in the same order whenever it runs:
 * a device that hangs is left to its worker, and another worker goes on behind it.
 *
 * Return: false if this worker is to skip the device.
 */
bool probe_begin(struct probe_context *context, const char *device);

/* Takes what was found out about that device, for the section's "items". */
void probe_item(struct probe_context *context, struct doc *take);

/* Sets @name if the file has a text that means something (firmware's fillers do not). */
void probe_set_text(struct tree *tree, struct doc *to, const char *name, const char *path);

/* The PCI function in a sysfs path, its last one: "0000:00:03.0". False if there is none. */
bool pci_address_in(const char *path, char *to, size_t size);

/* A row for each of them: run function and fields. */
#define PROBE_DECLARE(section)                                                                     \
        void probe_##section(struct probe_context *context);                                       \
        extern const struct field section##_fields[]

PROBE_DECLARE(system);
PROBE_DECLARE(firmware);
PROBE_DECLARE(cpu);
PROBE_DECLARE(memory);
PROBE_DECLARE(disks);
PROBE_DECLARE(raid);
PROBE_DECLARE(nics);
PROBE_DECLARE(gpus);
PROBE_DECLARE(pci);
PROBE_DECLARE(usb);
PROBE_DECLARE(bmc);
PROBE_DECLARE(tpm);
PROBE_DECLARE(kernel);

void probe_health(struct probe_context *context);
void probe_contents(struct probe_context *context);
void probe_boot(struct probe_context *context);
void probe_ipmi(struct probe_context *context);
void probe_lldp(struct probe_context *context);
void probe_tpm2(struct probe_context *context);
void probe_vpd(struct probe_context *context);
void probe_acs(struct probe_context *context);
extern const struct field pci_vpd_fields[];

void probe_amt(struct probe_context *context);
extern const struct field bmc_amt_fields[];

/* Opens the management engine: before the program is confined. */
void amt_open(void);
void amt_close(void);

/* Opens the chip: before the program is confined. */
void tpm2_open(void);
void tpm2_close(void);

extern const struct field nic_neighbour_fields[];
void nics_finish(struct doc *section);

/* Opens the socket on which probe_lldp() hears, from now on and at least so long: before the
 * program is confined. */
void lldp_open(unsigned seconds);

/* Before that: it is to hear by this socket, in which messages may wait. False: it is no packet
 * socket. */
bool lldp_adopt(int fd);
void lldp_close(void);

void probe_megaraid(struct probe_context *context);
void probe_smartarray(struct probe_context *context);
void probe_mpt(struct probe_context *context);
extern const struct field raid_volume_fields[], raid_drive_fields[], raid_battery_fields[];

/* Opens the device that MegaRAID controllers are asked by, if there is one: before the program is
 * confined. */
void megaraid_open(void);
void megaraid_close(void);

/* What a controller answered, until raid_finish() puts it there: its PCI function comes behind. */
#define RAID_ANSWER "answer "
extern const struct field firmware_entry_fields[], bmc_lan_fields[], bmc_user_fields[];

void disks_finish(struct doc *section);
void raid_finish(struct doc *section);
void pci_finish(struct doc *section);
