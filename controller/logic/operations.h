/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Operations: what is done to nodes, by whom and until when. Operators begin and
 * end them; the rest is progress.h and phone_home.h.
 */

#include "controller/logic/logic.h"
#include "lib/node/profile.h"

/* What was found out before an install may begin. */
struct install_request {
        bool is_retry; /* the last one anew */
        bool erase;    /* the operator said that the disk may hold data */
        const struct profile *profile;
        const char *profile_hash; /* SHA-256 of its text, in hex */
        const char *image_id;     /* of profile->image */
        uint64_t image_size;
        struct disk_id disk;           /* profile_pick_disk() picked it */
        char hostname[NODE_NAME_SIZE]; /* profile_hostname() */
        const char *by;
        bool is_rules; /* a rule begins it, and no operator looks on */
};

/* Why what is on the disk may be overwritten: one sentence; NULL: it must hold nothing. Pure. */
const char *install_overwrites(const struct node *node, const struct install_request *request);

/* Installs, when its turn comes: it may wait (queue.h). A retry of what goes on aborts that. 0;
 * -EPERM with a sentence. */
int operation_begin(struct logic *logic, struct node *node, const struct install_request *request,
                    uint64_t now_ms, struct store_change *change, const char **why);
int operation_abort(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                    struct store_change *change, const char **why);
/* A deployed node is ready again; what its installed system could show is void. */
int operation_release(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                      struct store_change *change, const char **why);

/* Out of service: what its system could show is void, what its agents hold is stale, and no rule
 * and no plan but that of its disk is for it. It stays known, with its history. */
int operation_retire(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                     struct store_change *change, const char **why);
/* Back, and held. */
int operation_unretire(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                       struct store_change *change, const char **why);

/* It ended badly. @evidence: data of one line; may be "". */
void operation_fail(struct logic *logic, struct node *node, enum node_cause cause,
                    const char *evidence, uint64_t now_ms, struct store_change *change);
/* Its installed system runs. @reason: what shows that. 0, -EPERM. */
int operation_succeed(struct logic *logic, struct node *node, const char *reason, uint64_t now_ms,
                      struct store_change *change);
/* An operator says so, where the profile asks for his word. 0; -EPERM with a sentence. */
int operation_confirm(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                      struct store_change *change, const char **why);
/* An edge says that the system on its disk took an address: where the profile waits for that, the
 * install has ended well. */
void operation_saw_system(struct logic *logic, struct node *node, uint64_t now_ms,
                          struct store_change *change);

/* An edge says that a port answers. @number: of the operation that it was to look for it for; what
 * is said of another one is of an install that is over. */
void operation_saw_port(struct logic *logic, struct node *node, uint64_t number, uint64_t now_ms,
                        struct store_change *change);
/* The operation that waits for a port of this node, or 0: nobody is to look for one. */
uint64_t operation_awaits_port(const struct node *node);

/* A step begins. The node is not saved. */
void operation_set_step(struct node *node, enum operation_step step, uint64_t now_ms);

/* Ends what nobody was heard of for too long, and starts whose turn has come; @change may stay
 * empty. */
void operations_tick(struct logic *logic, uint64_t now_ms, struct store_change *change);

/* When the last look was. All zero at the start. */
struct operations_watch {
        uint64_t now_ms, monotonic_ms;
};

/* The same, to be called every second: time in which nobody could be heard (this program stood
 * still, or its clock was set) is nobody's silence. */
void operations_watch(struct logic *logic, struct operations_watch *watch, uint64_t now_ms,
                      uint64_t monotonic_ms, struct store_change *change);

/* After a start: what runs or waits goes on, with fresh deadlines. */
void operations_resume(struct logic *logic, uint64_t now_ms);

/* Whether an operation that runs or waits needs this image. */
bool operation_uses_image(const struct logic *logic, const char *image);
