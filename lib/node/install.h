/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Install: what the agent is told to do, and what it says while it does it. What
 * the installed system then says is worker.h. docs/protocol.md has the calls.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/net.h"
#include "lib/doc/table.h"
#include "lib/node/operation.h"
#include "lib/node/seed.h"

#define INSTALL_MAX_CONTROLLERS 8
#define INSTALL_URL_SIZE        256
#define INSTALL_SECRET_SIZE     65                      /* 64 hex digits */
#define INSTALL_MAX_CA          16384                   /* bytes of PEM */
#define INSTALL_MADE_MAX_MS     UINT64_C(4102444800000) /* the year 2100; no clock is set beyond */

/* GET /agent/v1/plan, opened. Holds secrets. 130 KiB: keep it off the stack. */
struct install_plan {
        uint64_t generation;
        uint64_t operation;
        char node[NODE_NAME_SIZE];
        struct disk_id disk;
        bool may_overwrite;         /* what is on the disk may go; else it must hold nothing */
        char image[NODE_NAME_SIZE]; /* name, for people */
        char image_id[33];          /* which: the first half of its table's SHA-256, in hex */
        uint64_t image_size;        /* bytes on the disk */
        bool wipe, grow, boot;      /* steps that the profile asks for */
        char hostname[NODE_NAME_SIZE];
        char user[SEED_USER_SIZE]; /* "": the one that the image has */
        char ssh_keys[SEED_KEYS_MAX][SEED_KEY_SIZE];
        size_t ssh_key_count;
        char user_data[SEED_USER_DATA_MAX + 1]; /* for cloud-init, as it was written; "": none */
        char secret[INSTALL_SECRET_SIZE];       /* for the phone-home; good once */
};
extern const struct doc_table install_plan_table;

/*
 * On its way to the agent a plan has neither secret nor user data: they are a text
 * of their own, sealed (lib/trust/seal.h) to the key that claimed the boot number,
 * with the words of install_seal_info(), and stand in base64 in `sealed`.
 */
extern const struct doc_table install_secrets_table; /* of struct install_plan: these two */
#define INSTALL_SEALED         "sealed"              /* the member of the plan */
#define INSTALL_SEAL_INFO_SIZE 64
const char *install_seal_info(char to[static INSTALL_SEAL_INFO_SIZE], const char *boot,
                              uint64_t generation);
/* What a table cannot check: the id is one, the host name is one. 0, -EBADMSG with a sentence. */
int install_plan_check(const struct install_plan *plan, char *error);

/* POST /agent/v1/progress; and, a line each, what cloudie-install prints. */
enum progress_state { PROGRESS_RUNNING, PROGRESS_DONE, PROGRESS_FAILED, PROGRESS_STATE_COUNT };
extern const char *const progress_state_names[PROGRESS_STATE_COUNT + 1]; /* "running", ... */
struct install_progress {
        uint64_t generation;
        enum operation_step step;
        enum progress_state state;  /* of the step */
        uint64_t done, total;       /* bytes; 0: not counted */
        uint64_t took_ms;           /* of a step that is done */
        enum node_cause cause;      /* of one that failed */
        char text[EVENT_TEXT_SIZE]; /* evidence, or what was done; one line */
        /* The unique GUID of the EFI system partition that was written, since `table` is done;
         * zero: not yet, or there is none. */
        struct uuid esp;
};
extern const struct doc_table install_progress_table;

/* cloudie.json on the CIDATA partition: how the installed system finds its controller. */
struct worker_seed {
        uint64_t generation;
        uint64_t made_ms; /* wall clock of the installer, at which the CA was good; 0: not said */
        char node[NODE_NAME_SIZE];
        char secret[INSTALL_SECRET_SIZE];
        char controllers[INSTALL_MAX_CONTROLLERS][INSTALL_URL_SIZE];
        size_t controller_count;
        char ca[INSTALL_MAX_CA]; /* PEM */
};
extern const struct doc_table worker_seed_table;
#define WORKER_SEED_FILE  "cloudie.json"
#define WORKER_SEED_LABEL "CIDATA" /* of the file system */
#define WORKER_SEED_PART  "cidata" /* name of the GPT partition */
