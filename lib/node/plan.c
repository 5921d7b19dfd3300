/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who boots what
 *
 * The plan is decided here and nowhere else, from facts alone, so that what
 * `cloudie node explain` says is what a machine gets. What a plan holds ends up
 * in boot scripts, which have no quoting worth the name: boot_plan_check()
 * therefore refuses every byte that could mean something there.
 */
#include "lib/node/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

const char *const boot_action_names[BOOT_ACTION_COUNT + 1] = {
        [BOOT_ASK_AGAIN] = "ask-again",
        [BOOT_DISCOVER] = "discover",
        [BOOT_DISK] = "disk",
        [BOOT_INSTALL] = "install",
};

static const struct doc_field request_fields[] = {
        DOC_FIELD(struct plan_request, mac, DOC_MAC, DOC_REQUIRED),
        DOC_FIELD(struct plan_request, address, DOC_IP, DOC_REQUIRED),
        DOC_FIELD(struct plan_request, uuid, DOC_UUID, 0),
        DOC_FIELD(struct plan_request, architecture, DOC_U32, DOC_ALWAYS, .max = UINT16_MAX),
        DOC_FIELD(struct plan_request, is_ipxe, DOC_BOOL, 0),
};
DOC_TABLE(plan_request_table, struct plan_request, "plan request", request_fields);

static const struct doc_field plan_fields[] = {
        DOC_FIELD(struct boot_plan, boot, DOC_TEXT, 0),
        DOC_FIELD(struct boot_plan, action, DOC_ENUM, DOC_REQUIRED, .names = boot_action_names),
        DOC_FIELD(struct boot_plan, node, DOC_TEXT, 0),
        DOC_FIELD(struct boot_plan, reason, DOC_TEXT, 0),
        DOC_FIELD(struct boot_plan, kernel_arguments, DOC_TEXT, 0),
        DOC_FIELD(struct boot_plan, esp, DOC_UUID, 0),
};
DOC_TABLE(boot_plan_table, struct boot_plan, "boot plan", plan_fields);

/*
 * For a known node: what its phase means for a boot. A node is never trapped in
 * the ramdisk because we know no better, so what is ours to watch (discovered,
 * ready) runs the agent, and all else goes to its disk.
 */
static const struct {
        enum boot_action action;
        const char *reason;
} by_phase[PHASE_COUNT] = {
        [PHASE_NONE] = {BOOT_DISCOVER,
                        "a machine that was never seen: it is discovered, then held"          },
        [PHASE_DISCOVERED] = {BOOT_DISCOVER,
                        "held in phase 'discovered': the agent waits for orders"              },
        [PHASE_READY] = {BOOT_DISCOVER, "no operation runs on it: the agent waits for orders"  },
        [PHASE_RESERVED] = {BOOT_DISK,     "reserved: it is its holder's, and boots from its disk"},
        [PHASE_DEPLOYED] = {BOOT_DISK,     "deployed: it boots from its disk"                     },
        [PHASE_RETIRED] = {BOOT_DISK,     "retired: nothing of ours runs on it"                  },
};

bool boot_action_runs_agent(enum boot_action action)
{
        return action == BOOT_DISCOVER || action == BOOT_INSTALL;
}

/* An operation that runs comes before the phase: the agent does it, or the disk shows its end. */
static bool plan_of_operation(const struct operation *operation, struct boot_plan *ret)
{
        if (!operation || operation->state != OPERATION_RUNNING)
                return false;
        /* Both texts are shorter than their field; a cut one would still be one line. */
        if (operation->step < INSTALL_PHONE_HOME) {
                ret->action = BOOT_INSTALL;
                snprintf(ret->reason, sizeof(ret->reason), "operation %llu installs profile '%s'",
                         (unsigned long long)operation->number, operation->profile);
        } else {
                ret->action = BOOT_DISK;
                snprintf(ret->reason, sizeof(ret->reason),
                         "operation %llu installed it: it boots from its disk, to phone home",
                         (unsigned long long)operation->number);
        }
        return true;
}

/*
 * A machine that nobody accepted is not ours to keep from the system that it came with. It was
 * discovered in passing, and is seen in the ramdisk again when an operator asks.
 */
static bool has_system_of_its_own(const struct plan_facts *facts)
{
        return facts->is_known && facts->phase == PHASE_DISCOVERED && facts->system &&
               facts->system[0];
}

static bool plan_of_system(const struct plan_facts *facts, struct boot_plan *ret)
{
        if (!has_system_of_its_own(facts))
                return false;
        ret->action = facts->is_wanted ? BOOT_DISCOVER : BOOT_DISK;
        if (facts->is_wanted)
                snprintf(ret->reason, sizeof(ret->reason),
                         "an operator asked to see it in the ramdisk once more");
        else
                snprintf(ret->reason, sizeof(ret->reason),
                         "held in phase 'discovered': it goes on to the system on %.95s until it "
                         "is accepted",
                         facts->system);
        return true;
}

/* Where a boot ends that runs nothing of ours. */
static bool goes_to_its_disk(const struct plan_facts *facts, enum node_phase phase)
{
        return by_phase[phase].action == BOOT_DISK ||
               (has_system_of_its_own(facts) && !facts->is_wanted);
}

/* While something is done to a reserved machine, or waits for its turn, it boots as a ready one. */
static enum node_phase phase_of(const struct plan_facts *facts)
{
        const struct operation *o = facts->operation;

        if (!facts->is_known)
                return PHASE_NONE;
        if (facts->phase == PHASE_RESERVED && o &&
            (o->state == OPERATION_RUNNING || o->state == OPERATION_WAITING))
                return PHASE_READY;
        return facts->phase;
}

/*
 * A conflict keeps a machine from being installed, not from its own disk: or else
 * whoever names a MAC of a deployed node would stop it at its next boot.
 */
void boot_plan_make(const struct plan_facts *facts, struct boot_plan *ret)
{
        const enum node_phase phase = phase_of(facts);

        if (facts->is_in_conflict && !goes_to_its_disk(facts, phase)) {
                ret->action = BOOT_DISCOVER;
                snprintf(ret->reason, sizeof(ret->reason),
                         "two machines claim this identity: it is only discovered, until an "
                         "operator decides");
        } else if (!plan_of_operation(facts->operation, ret) && !plan_of_system(facts, ret)) {
                ret->action = by_phase[phase].action;
                snprintf(ret->reason, sizeof(ret->reason), "%s", by_phase[phase].reason);
        }
        ret->esp = ret->action == BOOT_DISK ? facts->esp : (struct uuid){0};
        ret->kernel_arguments[0] = '\0';
        if (boot_action_runs_agent(ret->action) && facts->kernel_arguments)
                (void)text_copy(ret->kernel_arguments, sizeof(ret->kernel_arguments),
                                facts->kernel_arguments);
}

/* What may stand in a kernel argument: enough for console=ttyS0,115200n8 and paths. */
static bool is_argument_byte(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               (c && strchr(" =,.:/_-+@%", c));
}

int boot_plan_check(const struct boot_plan *plan)
{
        uint8_t number[(BOOT_TEXT_SIZE - 1) / 2];

        if (boot_action_runs_agent(plan->action) &&
            (strlen(plan->boot) != BOOT_TEXT_SIZE - 1 ||
             text_unhex(plan->boot, number, sizeof(number)) < 0))
                return -EINVAL;
        for (const char *c = plan->kernel_arguments; *c; c++)
                if (!is_argument_byte(*c))
                        return -EINVAL;
        return 0;
}
