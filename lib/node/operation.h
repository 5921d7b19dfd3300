/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Operation: what is being done to a node, step by step. A step is a row: who is
 * waited for, for what signal, how long, and the cause that is named when it does
 * not come. A cause is a row: the sentence, and what to do about it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/doc/table.h"
#include "lib/node/phase.h"
#include "lib/node/step.h"

enum operation_kind { OPERATION_KIND_NONE, OPERATION_INSTALL, OPERATION_KIND_COUNT };
extern const char *const operation_kind_names[OPERATION_KIND_COUNT + 1]; /* NULL, "install" */

/* In the order in which they are taken. What a profile does not ask for is left out. */
enum operation_step {
        INSTALL_QUEUE,      /* others before it come to an end: it waits, and nothing runs */
        INSTALL_AGENT,      /* its agent asks for orders: the machine is powered, in the ramdisk */
        INSTALL_PLAN,       /* the agent fetched the plan */
        INSTALL_CHECK,      /* the disk is the one in the plan, and may be written */
        INSTALL_IMAGE,      /* signature, manifest and table of the image are right */
        INSTALL_WIPE,       /* old partition tables and superblocks are gone */
        INSTALL_WRITE,      /* every frame but the first: verified, then written */
        INSTALL_SEED,       /* the CIDATA partition */
        INSTALL_TABLE,      /* the first frame, with the partition tables made for this disk */
        INSTALL_BOOT,       /* boot entry of the firmware */
        INSTALL_REBOOT,     /* the agent restarts the machine */
        INSTALL_PHONE_HOME, /* the installed system says that it runs */
        OPERATION_STEP_COUNT
};

/* What shows that the installed system runs: what the last step waits for. */
enum install_until {
        UNTIL_PHONE_HOME, /* cloudie-worker there shows the secret of this install */
        UNTIL_LEASE,      /* it asks an edge for an address, and does not say that it boots */
        UNTIL_OPERATOR,   /* an operator says so */
        UNTIL_TCP,        /* an edge reaches a TCP port at the address that it leases it */
        INSTALL_UNTIL_COUNT
};
extern const char *const install_until_names[INSTALL_UNTIL_COUNT + 1]; /* "phone-home", "lease" */

/* Why it did not go well. */
enum node_cause {
        CAUSE_NONE,
        CAUSE_AGENT_ABSENT,   /* no agent asks for orders: powered off, or boots something else */
        CAUSE_AGENT_SILENT,   /* it did, and fell silent */
        CAUSE_AGENT_OLD,      /* it is of an older version, and cannot be told secrets */
        CAUSE_DISK_GONE,      /* no disk has the serial number or WWN of the plan */
        CAUSE_DISK_CHANGED,   /* one has, but not its size */
        CAUSE_DISK_TOO_SMALL, /* the image does not fit */
        CAUSE_DISK_BUSY,      /* something in the ramdisk uses it */
        CAUSE_DISK_HOLDS_DATA,
        CAUSE_DISK_FAILED,       /* it does not read or write */
        CAUSE_DISK_SECTORS,      /* its sectors are larger than those that the image was made for */
        CAUSE_IMAGE_UNREACHABLE, /* the edge does not give it */
        CAUSE_IMAGE_GONE,        /* nobody has it any more */
        CAUSE_IMAGE_SIGNATURE,   /* not signed by this site */
        CAUSE_IMAGE_MANIFEST,
        CAUSE_IMAGE_TABLE,
        CAUSE_IMAGE_FRAME,
        CAUSE_IMAGE_LAYOUT, /* it has no partition table, or none that can be fitted to the disk */
        CAUSE_SEED,         /* there is no room for the CIDATA partition */
        CAUSE_BOOT_ENTRY,
        CAUSE_OUT_OF_MEMORY,
        CAUSE_INSTALLER_CRASHED,
        CAUSE_TOO_MANY_ATTEMPTS, /* the machine restarted in the middle, again and again */
        CAUSE_REBOOT_ABSENT,     /* it was told to restart, and was not seen since */
        CAUSE_LOADER_ABSENT,     /* it has an address, and did not ask for what to boot */
        CAUSE_PHONE_HOME_ABSENT, /* it was sent to its disk; the system there does not call */
        CAUSE_QUEUE_STUCK,       /* its turn did not come */
        CAUSE_LEASE_ABSENT,      /* it was sent to its disk; the system there asks for no address */
        CAUSE_UNCONFIRMED,       /* no operator said that it runs */
        CAUSE_PORT_SILENT,       /* it was sent to its disk; nothing there answers at the port */
        CAUSE_ABORTED,           /* by an operator */
        CAUSE_INTERNAL,
        /* Why a boot stops: lib/node/why.c finds them in the timeline. */
        CAUSE_NEVER_HEARD,
        CAUSE_STRANGER,        /* its network lists whom nobody knows, and tells them nothing */
        CAUSE_OFFER_ABSENT,    /* it asks for an address and is offered none */
        CAUSE_OFFER_IGNORED,   /* it takes another's, or does not hear ours */
        CAUSE_ADDRESS_REFUSED, /* it insists on one that it may not have */
        CAUSE_SCRIPT_ABSENT,   /* its loader did not ask what to boot */
        CAUSE_CONTROLLER_AWAY, /* its edge has no plan for it */
        CAUSE_KERNEL_ABSENT,   /* it was told what to boot, and did not fetch that */
        CAUSE_FETCH_STOPPED,   /* a file went out in part */
        CAUSE_LOADER_FAILED,   /* it began to fetch, and asked again what to boot */
        CAUSE_LOADER_MEMORY,   /* GRUB has no room for the ramdisk */
        CAUSE_KERNEL_SILENT,   /* it has all, and nothing was heard of it since */
        CAUSE_CLAIM_ABSENT,    /* its agent has an address, and does not reach the controller */
        CAUSE_CLAIM_REFUSED,
        CAUSE_INVENTORY_ABSENT, /* it claimed, and did not report */
        CAUSE_DISK_SILENT,      /* its loader was sent to the disk, and asks again */
        CAUSE_AGENT_FAILED,     /* it says so itself */
        CAUSE_CONFLICT,
        CAUSE_DEGRADED, /* its installed system is silent, or not well */
        CAUSE_COUNT
};
struct node_cause_row {
        const char *name;     /* "image-frame-wrong": stable, for scripts */
        const char *sentence; /* without a full stop */
        const char *hint;     /* what to do */
};
extern const struct node_cause_row node_causes[CAUSE_COUNT];
extern const char *const node_cause_names[CAUSE_COUNT + 1]; /* for DOC_ENUM; [0] NULL */

struct operation_step_row {
        const char *name;      /* "write" */
        const char *title;     /* for people */
        const char *waits_for; /* "the agent" */
        const char *signal;    /* "asks for orders" */
        uint32_t deadline_ms;  /* since the step began, or since it was last heard to progress */
        enum node_cause cause; /* when that passes */
        enum node_step event;  /* in the timeline, when it is done */
        bool is_agents;        /* reported by POST /agent/v1/progress */
};
extern const struct operation_step_row operation_steps[OPERATION_STEP_COUNT];
extern const char *const operation_step_names[OPERATION_STEP_COUNT + 1];

#define OPERATION_ATTEMPTS_MAX 3 /* restarts of the machine in the middle of one install */
#define DISK_ID_SIZE           64

/* A disk, by what stays with it wherever it is plugged in. */
struct disk_id {
        char name[32];             /* "nvme0n1": when it was looked at; for people */
        char serial[DISK_ID_SIZE]; /* "": not known */
        char wwn[DISK_ID_SIZE];    /* "": not known */
        char model[DISK_ID_SIZE];
        uint64_t size; /* bytes */
};
extern const struct doc_table disk_id_table;
/* Same serial and WWN, as far as both know them; at least one must be known to both. */
bool disk_id_is_same(const struct disk_id *a, const struct disk_id *b);

struct operation {
        uint64_t number; /* rises over all nodes: its place in the queue; 0: there was none */
        enum operation_kind kind;
        enum operation_state state;
        uint64_t generation; /* of the node, when it began: an agent of an older one is turned away
                              */
        char profile[NODE_NAME_SIZE];
        char profile_hash[65]; /* SHA-256 of the profile's text that it runs */
        char image[NODE_NAME_SIZE], image_id[33];
        struct disk_id disk;
        enum install_until until;
        uint32_t port; /* of UNTIL_TCP; 0 else */
        enum operation_step step;
        uint32_t attempt;     /* from 1 */
        uint64_t done, total; /* bytes of the step */
        uint64_t queued_ms;   /* when it was asked for */
        uint64_t started_ms, step_started_ms, deadline_ms, ended_ms;
        enum node_cause cause;
        char evidence[EVENT_TEXT_SIZE]; /* what was seen: data, one line */
        char by[64];                    /* who began it */
};
extern const struct doc_table operation_table;

/* One line for people: "writes the image, 40 of 81 MB; next: the agent writes on", "failed at
 * 'write': a frame of the image does not verify". */
#define OPERATION_TEXT_SIZE 256
const char *operation_text(const struct operation *operation, char to[static OPERATION_TEXT_SIZE]);

/* How long it may be silent in the step that it is in. */
uint32_t operation_patience_ms(const struct operation *operation);
/* That passed: operation_cause_of_silence(), and for what it waited. */
enum node_cause operation_cause(const struct operation *operation, uint32_t seen);

/**
 * operation_cause_of_silence() - the deadline passed: which cause is it?
 * @seen:  bit (1u << enum node_step) of each step that the edge reported since the step began
 */
enum node_cause operation_cause_of_silence(enum operation_step step, uint32_t seen);
