/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Plan: what a machine is to boot now, and why. A pure function of what is known
 * about it; `cloudie node explain` prints the same reasons.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/ip.h"
#include "lib/doc/table.h"
#include "lib/node/operation.h"
#include "lib/node/phase.h"
#include "lib/node/step.h"

/* IANA "Processor Architecture Types" (RFC 4578 2.1, RFC 5970 3.3), as DHCP option 93 has them. */
enum boot_architecture {
        ARCH_BIOS = 0,
        ARCH_UEFI_IA32 = 6,
        ARCH_UEFI_X86_64 = 7,
        ARCH_UEFI_X86_64_BC = 9,
        ARCH_UEFI_ARM64 = 11,
        ARCH_UEFI_X86_64_HTTP = 16,
        ARCH_UEFI_ARM64_HTTP = 19,
};

enum boot_action {
        BOOT_ASK_AGAIN, /* the controller is away, or does not know yet: wait and ask */
        BOOT_DISCOVER,
        BOOT_DISK,    /* fall through to the local disk */
        BOOT_INSTALL, /* as BOOT_DISCOVER: the agent asks for orders, and finds an install */
        BOOT_ACTION_COUNT
};
extern const char *const
        boot_action_names[BOOT_ACTION_COUNT + 1]; /* "ask-again", "discover", "disk", "install" */

/* What netbootd tells of a machine when it asks (POST /edge/v1/plan). */
struct plan_request {
        struct mac_address mac; /* the interface that boots, from DHCP's chaddr */
        struct ip_address address;
        struct uuid uuid;      /* option 97; zero: not said */
        uint32_t architecture; /* enum boot_architecture */
        bool is_ipxe;
};
extern const struct doc_table plan_request_table;

#define PLAN_REASON_SIZE    200
#define PLAN_ARGUMENTS_SIZE 512

struct boot_plan {
        char boot[BOOT_TEXT_SIZE]; /* public boot number; "" for BOOT_ASK_AGAIN and BOOT_DISK */
        enum boot_action action;
        char node[NODE_NAME_SIZE];                  /* "" for a stranger */
        char reason[PLAN_REASON_SIZE];              /* one sentence */
        char kernel_arguments[PLAN_ARGUMENTS_SIZE]; /* printable ASCII without quotes; checked when
                                                       read */
        struct uuid esp; /* of BOOT_DISK: the partition that we installed, and no other; zero: not
                            known, any disk that boots */
};
extern const struct doc_table boot_plan_table;

struct plan_facts {
        bool is_known;
        enum node_phase phase;
        bool is_in_conflict;
        const char *system; /* the disk on which it has one that we did not write; NULL, "": none */
        bool is_wanted;     /* an operator wants to see it in the ramdisk once more */
        const struct operation *operation; /* the last one; NULL: none */
        const char *kernel_arguments;      /* of the site */
        struct uuid esp;                   /* of the system that we installed; zero: none */
};

/* This plan runs the agent: kernel, ramdisk, and a boot number to claim. */
bool boot_action_runs_agent(enum boot_action action);

/* Fills action, reason and kernel_arguments; the boot number is the caller's to give. */
void boot_plan_make(const struct plan_facts *facts, struct boot_plan *ret);

/* 0, or -EINVAL: something in it could not stand in an iPXE or GRUB script. */
int boot_plan_check(const struct boot_plan *plan);
