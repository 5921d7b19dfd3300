/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* /proc/mdstat: the kernel's software RAID (drivers/md/md.c, md_seq_show()). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MDSTAT_MEMBERS_MAX 384 /* MD_SB_DISKS is 27; version 1 superblocks have up to 384 */
#define MDSTAT_NAME_SIZE   32

struct mdstat_member {
        char device[MDSTAT_NAME_SIZE];
        uint32_t role;
        char flag; /* 'S' spare, 'F' faulty, 'J' journal, 'W' write-mostly, 'R' replacement; 0 */
};

struct mdstat_array {
        char name[MDSTAT_NAME_SIZE]; /* "md127", "md_d0" */
        char level[16];              /* "raid1"; "": an array that is not active may have none */
        char metadata[32];           /* "1.2", "external:imsm"; "": 0.90, or none */
        char action[16];             /* "recovery", "resync", "reshape", "check"; "" */
        bool is_active, is_read_only;
        uint64_t size;            /* bytes */
        uint64_t chunk;           /* bytes; 0: none */
        uint32_t wanted, working; /* of [4/3]; 0: not told */
        uint32_t permille;        /* of the action */
        bool is_waiting;          /* of the action: DELAYED, PENDING */
        size_t count;
        struct mdstat_member members[MDSTAT_MEMBERS_MAX];
};

/**
 * mdstat_next() - take the next array
 * @at:  the rest of the text; moves on
 *
 * Return: false at the end.
 */
bool mdstat_next(const char **at, struct mdstat_array *ret);
