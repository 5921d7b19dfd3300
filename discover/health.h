/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * How well a disk is, as it tells itself: NVMe's health log, ATA's SMART data and
 * statistics, SCSI's log pages. All is bytes here; who asks is probe_health_linux.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/doc/value.h"

#define HEALTH_SECTOR  512
#define HEALTH_NVME    512  /* bytes of the log */
#define HEALTH_NVME_ID 4096 /* bytes of Identify */

/* Each sets what it finds in @health; false, and nothing set, if the bytes are no such answer. */

/* NVMe 1.4 5.14.1.2: SMART / Health Information, log page 0x02. */
bool health_nvme(const void *bytes, size_t size, struct doc *health);

/* ATA8-ACS 7.52.6 SMART READ DATA: attributes, whose sum must be right. */
bool health_ata_data(const void *bytes, size_t size, struct doc *health);

/*
 * Whether an ATA disk has logs to read (ACS-3 7.12.7.43, word 87), by the ATA
 * Information page (SAT-3 12.4.2) that has its Identify data. A disk that is asked
 * for a log without having any drops the reads that others wait for.
 */
bool health_ata_has_logs(const void *page, size_t size);

/* ACS-3 A.5.8: Solid State Device Statistics, page 7 of log 04h. */
bool health_ata_statistics(const void *bytes, size_t size, struct doc *health);

/* SMART RETURN STATUS, out of the sense data of SAT-3 12.2.6. */
bool health_ata_verdict(const void *sense, size_t size, struct doc *health);

/* SPC-4 7.3, SBC-4 6.4: a page of LOG SENSE: errors, temperature, endurance, background scan. */
bool health_scsi_page(const void *bytes, size_t size, struct doc *health);

/* NVMe 1.4 figure 247, Identify Controller: how what is on the disk can be erased. */
bool nvme_controller_parse(const void *bytes, size_t size, struct doc *disk);

/* Figure 245, Identify Namespace: sizes of sectors that the disk can be formatted to. */
bool nvme_namespace_parse(const void *bytes, size_t size, struct doc *disk);

/*
 * READ CAPACITY (16) and (10), SBC-4 5.20 and 5.19. What the block layer knows is left to it: set
 * are protection information, and sectors that the kernel does not take (520 bytes, 528, ...).
 */
bool capacity16_parse(const void *bytes, size_t size, struct doc *disk);
bool capacity10_parse(const void *bytes, size_t size, struct doc *disk);
