/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Profile: how a node is installed (design section 6). A document that an
 * operator wrote; what is not understood in it is an error with a sentence.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/doc/value.h"
#include "lib/node/install.h"
#include "lib/node/operation.h"
#include "lib/node/seed.h"
#include "lib/node/step.h"

enum disk_type { DISK_NVME, DISK_SSD, DISK_HDD, DISK_VIRTUAL, DISK_TYPE_COUNT };
extern const char *const disk_type_names[DISK_TYPE_COUNT + 1]; /* as the inventory names them */
enum disk_pick { PICK_SMALLEST, PICK_LARGEST, PICK_FIRST, DISK_PICK_COUNT };
extern const char *const disk_pick_names[DISK_PICK_COUNT + 1];
enum disk_holding { HOLDING_NOTHING, HOLDING_ANYTHING, DISK_HOLDING_COUNT };
extern const char *const disk_holding_names[DISK_HOLDING_COUNT + 1]; /* "nothing", "anything" */

/* ">=32G", "<2T", "=480103981056": a comparison and bytes. K, M, G, T are powers of 1,024. */
struct size_condition {
        enum { SIZE_ANY, SIZE_EQUAL, SIZE_LEAST, SIZE_MOST, SIZE_ABOVE, SIZE_BELOW } comparison;
        uint64_t bytes;
};
int size_condition_parse(const char *text, struct size_condition *ret); /* -EINVAL */
bool size_condition_holds(const struct size_condition *condition, uint64_t bytes);

struct profile {
        char name[NODE_NAME_SIZE];
        /* needs */
        char arch[16]; /* "": any; else "x86_64" */
        struct size_condition memory;
        /* disk */
        enum disk_pick pick;
        bool types[DISK_TYPE_COUNT]; /* none: all but virtual */
        struct size_condition size;
        enum disk_holding holding;
        char serial[DISK_ID_SIZE], wwn[DISK_ID_SIZE]; /* "": any */
        /* steps */
        bool wipe;
        char image[NODE_NAME_SIZE];
        bool grow;
        char hostname[NODE_NAME_SIZE + 16]; /* pattern; "{name}" */
        struct seed_names seed;
        bool boot;
        enum install_until done; /* when it counts as deployed */
        uint32_t done_port;      /* of UNTIL_TCP: 1 to 65535; 0 else */
};

/**
 * profile_decode() - a document {kind, name, labels?, spec} as a profile
 * @error:  DOC_ERROR_SIZE bytes: "profile 'worker': spec.steps: …"
 *
 * Steps stand in the order wipe, image, grow, seed, boot, each at most once; image is needed.
 * `kind` must be "profile".
 *
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int profile_decode(const struct doc *document, char *error, struct profile *ret);

#define PROFILE_WHY_SIZE 512

/**
 * profile_pick_disk() - may this machine be installed so, and on which disk?
 * @inventory:   of the node
 * @image_size:  bytes; a smaller disk is not picked
 * @why:         PROFILE_WHY_SIZE bytes: on refusal one sentence that names each disk and why not
 *
 * Return: 0, -ENODEV: no disk will do, -ENOEXEC: the machine itself does not.
 */
int profile_pick_disk(const struct profile *profile, const struct doc *inventory,
                      uint64_t image_size, char why[static PROFILE_WHY_SIZE], struct disk_id *ret);

/* The host name of a node; -EINVAL if what comes out is none (RFC 1123). */
int profile_hostname(const struct profile *profile, const char *node,
                     char ret[static NODE_NAME_SIZE]);
