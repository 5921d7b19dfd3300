/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What the firmware of a MegaRAID controller answers (MFI). The structures are in
 * no standard, but in the open drivers: Linux's megaraid_sas.h and FreeBSD's
 * mfireg.h. Bytes alone; who asks is probe_megaraid_linux.c.
 *
 * A firmware that does not know a question may answer it with zeros: an answer that
 * contradicts itself is none.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/doc/value.h"

#define MEGARAID_INFO_SIZE    2048
#define MEGARAID_LIST_SIZE    1032 /* of volumes: exactly so much */
#define MEGARAID_CONFIG_SIZE  4096
#define MEGARAID_DRIVE_SIZE   512
#define MEGARAID_DRIVES_SIZE  6152 /* a list of 256 drives */
#define MEGARAID_BATTERY_SIZE 64
#define MEGARAID_VOLUMES_MAX  64
#define MEGARAID_DRIVES_MAX   256

/* Sets model, serial and firmware of the controller. */
bool megaraid_info_parse(const void *bytes, size_t size, struct doc *controller);

/* The battery behind its cache: whether it is good, state, voltage, temperature. False without one.
 */
bool megaraid_battery_parse(const void *bytes, size_t size, struct doc *battery);

/* Numbers of all drives, also of those in no volume; how many. -1: no such answer. */
int megaraid_drives_parse(const void *bytes, size_t size, uint16_t ret[static MEGARAID_DRIVES_MAX]);

/* One drive: where it is, what it is, how it is. False, and nothing set: no such answer. */
bool megaraid_drive_parse(const void *bytes, size_t size, struct doc *drive);

/* Appends a volume each to @volumes: level, state, strip, and the numbers of its drives. */
bool megaraid_config_parse(const void *bytes, size_t size, struct doc *volumes);

/* Sets the sizes of the volumes, which only this list has. */
bool megaraid_list_parse(const void *bytes, size_t size, struct doc *volumes);
