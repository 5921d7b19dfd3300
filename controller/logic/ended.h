/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Ended operations: what was done to whom, with the time that each step took, and
 * how it ended. The newest are in memory; those before them are versions of the
 * same documents, and can be read. What is older still is gone: the timeline has
 * its events for longer.
 */

#include "controller/logic/logic.h"

#define ENDED_KIND "operation"
#define ENDED_MAX  256 /* in memory: some 400 KB; the store keeps 64 versions of each: 20 MB */

struct ended {
        struct operation operation;
        char node[NODE_NAME_SIZE];
        uint32_t step_ms[OPERATION_STEP_COUNT];
        uint64_t version; /* of its place's document; 0: empty */
};

/* Its operation has come to an end. */
void ended_add(struct logic *logic, const struct node *node, uint64_t now_ms,
               struct store_change *change);
/* NULL: it is none of the newest. */
const struct ended *ended_find(const struct logic *logic, uint64_t number);
/* Under which name the document of this one was written. */
void ended_name(uint64_t number, char to[static NODE_NAME_SIZE]);

int ended_restore(struct logic *logic, const struct store_document *row); /* -EBADMSG, -ENOMEM */
/* A document that was read. 0, -EBADMSG, -ENOMEM. */
int ended_decode(const char *body, struct ended *ret);
/* {node, operation, steps: {name: ms}}; the caller's. */
struct doc *ended_encode(const struct ended *ended);
/* {name: ms} of those that took any time. */
struct doc *steps_encode(const uint32_t *step_ms);
void steps_decode(const struct doc *steps, uint32_t *ret);

/* For how long one of this profile held its turn, in the mean of those that ended well; of any
 * profile, if none did; 0: nobody knows. */
uint64_t ended_turn_ms(const struct logic *logic, const char *profile);
