/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Steps of a boot, in the order in which a machine takes them. A timeline is a
 * list of events; an event says which step a machine took, when, how many bytes
 * it moved and how long that took.
 */

#include <stdint.h>

#include "lib/base/ip.h"
#include "lib/doc/table.h"

enum node_step {
        STEP_NONE,
        STEP_DHCP_DISCOVER, /* firmware or loader asks for an address */
        STEP_DHCP_OFFER,
        STEP_DHCP_ACK, /* the lease is on disk, the address given */
        STEP_DHCP_NAK,
        STEP_LOADER, /* a boot loader went out */
        STEP_PLAN,   /* the controller said what this machine is to boot */
        STEP_SCRIPT, /* the loader fetched its script */
        STEP_KERNEL,
        STEP_RAMDISK,
        STEP_SITE,       /* site.cpio */
        STEP_AGENT,      /* cloudie-agent runs: kernel, modules, address */
        STEP_CLAIM,      /* it claimed its boot number */
        STEP_STAGE_TWO,  /* fetched, verified, mounted */
        STEP_INVENTORY,  /* reported */
        STEP_DISCOVERED, /* the node stands in the store */
        STEP_HELD,       /* it waits for an operator */
        STEP_OPERATION,  /* an operation began, ended, or was aborted: text says which */
        STEP_CHECK,      /* the disk is the one in the plan */
        STEP_IMAGE,      /* signature, manifest and table of the image are right */
        STEP_WIPE,       /* what the disk held before is gone */
        STEP_WRITE,      /* the image's frames were verified and written */
        STEP_SEED,       /* the CIDATA partition is written */
        STEP_TABLE,      /* the partition table is written: the disk boots from here on */
        STEP_BOOT_ENTRY, /* of the firmware */
        STEP_REBOOT,     /* the agent restarts the machine */
        STEP_PHONE_HOME, /* the installed system called */
        STEP_PHASE,      /* its phase changed: text says old -> new and why */
        STEP_CONFLICT,
        STEP_STRANGER,     /* a machine that nobody knows asked to boot, and was told nothing */
        STEP_FOREIGN_DHCP, /* somebody else's DHCP server is heard, or no more: text says which */
        STEP_POOL_NEARLY,  /* the addresses of a pool are nearly all taken: text says which */
        STEP_POOL_FULL,    /* all of them */
        STEP_POOL_FREE,    /* there are enough again */
        STEP_DISCOVERY,    /* strangers of a network are discovered, or no more: text says who */
        STEP_FAILED,       /* text says what failed */
        STEP_STOPPED,  /* it did not fetch the whole of a file: bytes of total; "of" says which */
        STEP_REFUSED,  /* what it asked for was not given: "of" says which step, text why */
        STEP_DOCUMENT, /* an operator wrote or deleted one: text says who and which */
        STEP_HEALTH,   /* its installed system became degraded, or is well again: text says why */
        STEP_MAINTENANCE, /* an operator works on it, or no more: text says who, and why */
        STEP_DRIFT,   /* its parts are others than those accepted, or again the same: text says */
        STEP_RULE,    /* a rule took it, quarantined it, or an operator ended that: text says */
        STEP_RENAMED, /* text: from what to what, and by whom */
        STEP_SYSTEM,  /* of a machine that boots its disk: what runs there took an address */
        STEP_PORT, /* of a machine that boots its disk: a port answers that its install waits for */
        STEP_RETIRED, /* it is retired, and is on the wire all the same */
        STEP_COUNT
};

struct node_step_row {
        const char *name;  /* on the wire and in the store: "dhcp-discover" */
        const char *title; /* for people: "firmware asks for an address" */
};
extern const struct node_step_row node_steps[STEP_COUNT];
extern const char *const node_step_names[STEP_COUNT + 1]; /* for DOC_ENUM */

#define BOOT_TEXT_SIZE  17 /* 16 hex digits */
#define NODE_NAME_SIZE  64 /* a host name label, RFC 1123: at most 63 bytes */
#define EVENT_TEXT_SIZE 256

struct node_event {
        uint64_t id;    /* given by the controller; rises; 0: not yet */
        uint64_t seq;   /* given by the reporter; rises; makes a repeated report harmless */
        uint64_t at_ms; /* wall clock of the reporter */
        struct mac_address mac;
        struct ip_address address;
        char boot[BOOT_TEXT_SIZE];
        char node[NODE_NAME_SIZE]; /* filled by the controller */
        enum node_step step;
        char text[EVENT_TEXT_SIZE]; /* one line, may hold outside text: data, never markup */
        uint64_t bytes;
        uint64_t took_ms;
        enum node_step of;  /* STEP_STOPPED, STEP_REFUSED: the step that was not taken */
        uint64_t total;     /* STEP_STOPPED: bytes that there were to move */
        uint64_t operation; /* STEP_PORT: the number of the one that waits for it */
        char by[16];        /* "edge", "agent", "controller" */
};
extern const struct doc_table node_event_table;
