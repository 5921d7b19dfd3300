/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What the firmware of an HPE Smart Array controller and of Microchip's SmartRAID
 * answers (CISS, and its BMIC commands). The structures are in no standard, but in
 * the open drivers: Linux's hpsa and smartpqi, FreeBSD's cissreg.h. Bytes alone; who
 * asks is probe_smartarray_linux.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/doc/value.h"

#define SMARTARRAY_MAX         256 /* volumes, and drives; more are not asked for */
#define SMARTARRAY_LUN_SIZE    8
#define SMARTARRAY_ID_SIZE     512  /* of controller, subsystem, volume */
#define SMARTARRAY_DRIVE_SIZE  2560 /* of a physical drive's */
#define SMARTARRAY_LIST_SIZE   (8 + SMARTARRAY_MAX * 24)
#define SMARTARRAY_MAP_SIZE    (64 + 1024 * 8)
#define SMARTARRAY_STATUS_SIZE 64

struct smartarray_lun {
        uint8_t address[SMARTARRAY_LUN_SIZE]; /* that commands to it carry */
        uint16_t number;                      /* of the volume or drive */
        uint32_t handle; /* of a drive, that maps of volumes name it by; 0: it has none */
};

/* BMIC 0x11, identify controller: sets model and firmware. */
bool smartarray_controller_parse(const void *bytes, size_t size, struct doc *controller);

/* BMIC 0x66, sense subsystem information: sets the serial number. */
bool smartarray_subsystem_parse(const void *bytes, size_t size, struct doc *controller);

/* CISS 0xc2, report logical LUNs; 0xc3, report physical LUNs, in its second, extended form, of
 * which enclosures and controllers are left out. How many; -1: no such answer. */
int smartarray_volumes_parse(const void *bytes, size_t size,
                             struct smartarray_lun ret[static SMARTARRAY_MAX]);
int smartarray_drives_parse(const void *bytes, size_t size,
                            struct smartarray_lun ret[static SMARTARRAY_MAX]);

/* BMIC 0x10, identify logical drive: sets level, size and name. */
bool smartarray_volume_parse(const void *bytes, size_t size, struct doc *volume);

/* VPD page 0xc3 of a volume: sets its state. */
bool smartarray_status_parse(const void *bytes, size_t size, struct doc *volume);

/**
 * smartarray_map_parse() - CISS 0xc8, RAID map of a volume: strip, and the drives
 * @drives:  as smartarray_drives_parse() told them
 *
 * A volume that the controller lets nobody bypass has no map. Level 1 over more than two drives
 * becomes 10.
 */
bool smartarray_map_parse(const void *bytes, size_t size, const struct smartarray_lun *drives,
                          size_t count, struct doc *volume);

/* BMIC 0x15, identify physical device: where it is, what it is, how it is. */
bool smartarray_drive_parse(const void *bytes, size_t size, struct doc *drive);
