/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The states of a node, and every way from one to the next
 *
 * A row is a way: from which phases and with what operation it is legal, where
 * it leads, and what to say when it is not. Nothing else in the project changes
 * a phase or the state of an operation. Failure leaves the phase as it was.
 */
#include "lib/node/phase.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

const char *const node_phase_names[PHASE_COUNT + 1] = {
        [PHASE_NONE] = "none",         [PHASE_DISCOVERED] = "discovered",
        [PHASE_READY] = "ready",       [PHASE_RESERVED] = "reserved",
        [PHASE_DEPLOYED] = "deployed", [PHASE_RETIRED] = "retired",
};

const char *const operation_state_names[OPERATION_STATE_COUNT + 1] = {
        [OPERATION_NONE] = "none",       [OPERATION_WAITING] = "waiting",
        [OPERATION_RUNNING] = "running", [OPERATION_SUCCEEDED] = "succeeded",
        [OPERATION_FAILED] = "failed",   [OPERATION_ABORTED] = "aborted",
};

const char *const node_way_names[WAY_COUNT + 1] = {
        [WAY_DISCOVER] = "discover",   [WAY_ACCEPT] = "accept",       [WAY_DELETE] = "delete",
        [WAY_LOOK] = "look",           [WAY_INSTALL] = "install",     [WAY_RETRY] = "retry",
        [WAY_START] = "start",         [WAY_QUEUE] = "queue",         [WAY_ABORT] = "abort",
        [WAY_FAIL] = "fail",           [WAY_INSTALLED] = "installed", [WAY_RELEASE] = "release",
        [WAY_RETIRE] = "retire",       [WAY_UNRETIRE] = "unretire",   [WAY_RESERVE] = "reserve",
        [WAY_UNRESERVE] = "unreserve",
};

#define IN(state) (1u << (state))
#define ANY       (~0u)
#define BUSY      (IN(OPERATION_WAITING) | IN(OPERATION_RUNNING))
#define NOT_BUSY  (ANY & ~BUSY)
#define ENDED_BAD (IN(OPERATION_FAILED) | IN(OPERATION_ABORTED))
#define STAYS     PHASE_COUNT
#define UNTOUCHED OPERATION_STATE_COUNT
#define ENDED     (OPERATION_STATE_COUNT + 1) /* what goes on is aborted; else untouched */
#define FREE      (IN(PHASE_READY) | IN(PHASE_RESERVED)) /* an install may go on in these */

/* clang-format off */
static const struct way_row {
        unsigned phases, operations; /* IN() of each from which the way is legal */
        enum node_phase to;          /* STAYS */
        unsigned then;               /* of enum operation_state; UNTOUCHED, ENDED */
        bool is_operators;
        const char *phase_refusal, *operation_refusal;
} ways[WAY_COUNT] = {
        [WAY_DISCOVER] = {IN(PHASE_NONE), ANY, PHASE_DISCOVERED, OPERATION_NONE, false,
                "the node is known already", ""},
        [WAY_ACCEPT] = {IN(PHASE_DISCOVERED), ANY, PHASE_READY, UNTOUCHED, true,
                "only a node in phase 'discovered' can be accepted", ""},
        [WAY_LOOK] = {IN(PHASE_DISCOVERED), ANY, STAYS, UNTOUCHED, true,
                "only a node in phase 'discovered' is held, and can be discovered once more", ""},
        [WAY_DELETE] = {IN(PHASE_DISCOVERED) | IN(PHASE_READY) | IN(PHASE_RETIRED), NOT_BUSY,
                PHASE_NONE, OPERATION_NONE, true,
                "only a node in phase 'discovered', 'ready' or 'retired' can be deleted",
                "an operation runs on it; abort that first"},
        [WAY_INSTALL] = {FREE, NOT_BUSY, STAYS, OPERATION_WAITING, true,
                "only a node in phase 'ready' or 'reserved' can be installed: accept it, or release it first",
                "an operation runs on it already; abort that first"},
        [WAY_RETRY] = {FREE, BUSY | ENDED_BAD, STAYS, OPERATION_WAITING, true,
                "only a node in phase 'ready' or 'reserved' has anything to retry",
                "its last operation did not fail: there is nothing to retry"},
        [WAY_START] = {FREE, IN(OPERATION_WAITING), STAYS, OPERATION_RUNNING, false,
                "only a node in phase 'ready' or 'reserved' is installed", "no operation waits on it"},
        [WAY_QUEUE] = {FREE, IN(OPERATION_RUNNING), STAYS, OPERATION_WAITING, false,
                "only a node in phase 'ready' or 'reserved' is installed", "no operation runs on it"},
        [WAY_ABORT] = {ANY, BUSY, STAYS, OPERATION_ABORTED, true,
                "", "no operation runs on it: there is nothing to abort"},
        [WAY_FAIL] = {ANY, BUSY, STAYS, OPERATION_FAILED, false,
                "", "no operation runs on it"},
        [WAY_INSTALLED] = {FREE, IN(OPERATION_RUNNING), PHASE_DEPLOYED, OPERATION_SUCCEEDED, false,
                "only a node in phase 'ready' or 'reserved' becomes deployed by an install",
                "no install runs on it"},
        [WAY_RELEASE] = {IN(PHASE_DEPLOYED), NOT_BUSY, PHASE_READY, UNTOUCHED, true,
                "only a node in phase 'deployed' can be released",
                "an operation runs on it; abort that first"},
        [WAY_RETIRE] = {IN(PHASE_DISCOVERED) | IN(PHASE_READY) | IN(PHASE_RESERVED) | IN(PHASE_DEPLOYED),
                NOT_BUSY, PHASE_RETIRED, UNTOUCHED, true,
                "it is retired already", "an operation runs on it; abort that first"},
        [WAY_UNRETIRE] = {IN(PHASE_RETIRED), ANY, PHASE_DISCOVERED, UNTOUCHED, true,
                "only a node in phase 'retired' can be brought back", ""},
        [WAY_RESERVE] = {IN(PHASE_READY), NOT_BUSY, PHASE_RESERVED, UNTOUCHED, true,
                "only a node in phase 'ready' can be reserved",
                "an operation runs on it; abort that first"},
        [WAY_UNRESERVE] = {IN(PHASE_RESERVED), ANY, PHASE_READY, ENDED, true,
                "only a node in phase 'reserved' can be given back", ""},
};
/* clang-format on */

static enum operation_state then_of(const struct way_row *row, enum operation_state from)
{
        if (row->then == ENDED)
                return (BUSY & IN(from)) ? OPERATION_ABORTED : from;
        return row->then == UNTOUCHED ? from : (enum operation_state)row->then;
}

static int refuse(const char **why, const char *sentence)
{
        if (why)
                *why = sentence;
        return -EPERM;
}

int node_way_take(struct node_state from, enum node_way way, const char **why,
                  struct node_state *ret)
{
        const struct way_row *row = &ways[way];

        if (!(row->phases & IN(from.phase)))
                return refuse(why, row->phase_refusal);
        if (!(row->operations & IN(from.operation)))
                return refuse(why, row->operation_refusal);

        *ret = (struct node_state){
                .phase = row->to == STAYS ? from.phase : row->to,
                .operation = then_of(row, from.operation),
        };
        return 0;
}

bool node_way_is_operators(enum node_way way)
{
        return ways[way].is_operators;
}

int node_phase_parse(const char *name, enum node_phase *ret)
{
        for (unsigned i = PHASE_NONE; i < PHASE_COUNT; i++) {
                if (strcmp(node_phase_names[i], name) == 0) {
                        *ret = (enum node_phase)i;
                        return 0;
                }
        }
        return -EINVAL;
}
