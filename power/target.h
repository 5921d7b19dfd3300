/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A request to cloudie-power: one verb for many machines. JSON on stdin, so that
 * no secret stands in an argument list (docs/protocol.md, "Power").
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/ip.h"
#include "lib/doc/value.h"

enum power_verb {
        VERB_STATUS,
        VERB_ON,
        VERB_OFF,
        VERB_CYCLE,
        VERB_RESET,
        VERB_SOFT,
        VERB_DIAG,
        VERB_BOOT,
        VERB_IDENTIFY,
        VERB_INFO,
        POWER_VERBS
};
extern const char *const power_verb_names[POWER_VERBS + 1];

/* BOOT_NONE: what the machine is set to. */
enum boot_device {
        BOOT_UNSAID,
        BOOT_NONE,
        BOOT_DISK,
        BOOT_PXE,
        BOOT_HTTP,
        BOOT_BIOS,
        BOOT_CDROM,
        BOOT_DEVICES
};
extern const char *const boot_device_names[BOOT_DEVICES + 1];

enum power_driver_kind { DRIVER_NONE, DRIVER_IPMI, POWER_DRIVERS };

#define TARGET_ID_SIZE     128
#define TARGET_SECRET_SIZE 129
#define TARGET_SUITES_MAX  2

struct power_target {
        char id[TARGET_ID_SIZE]; /* the caller's name for it; goes back with each answer */
        unsigned driver;
        struct ip_address address;
        uint32_t port; /* 0: the driver's */
        char user[TARGET_SECRET_SIZE], password[TARGET_SECRET_SIZE];
        char key[TARGET_SECRET_SIZE]; /* IPMI's K_g: text, or 0x and hex digits */
        char privilege[16];           /* IPMI: user, operator, administrator; "": operator */
        uint32_t suite;               /* IPMI: the one to begin with; 0: 17, then 3 */
};

/* Some rooms have thousands of BMCs; more go into several requests. */
#define POWER_TARGETS_MAX     16384
#define POWER_DEADLINE_MS     30000
#define POWER_DEADLINE_MAX_MS 600000

struct power_request {
        unsigned verb;
        uint32_t deadline_ms; /* for each target, from the start */
        unsigned boot_device;
        bool is_persistent, is_uefi;
        uint32_t identify_s; /* 0: off */
        struct power_target *targets;
        size_t count;
};

/**
 * power_request_parse() - what stdin said
 * @error:  DOC_ERROR_SIZE bytes, one sentence on failure, without a secret
 *
 * Return: 0, -EBADMSG, -E2BIG, -ENOMEM. @ret is the caller's to release.
 */
int power_request_parse(const char *text, size_t size, char *error, struct power_request *ret);
void power_request_done(struct power_request *request); /* wipes the secrets */

#define POWER_REQUEST_SIZE_MAX ((size_t)8 << 20) /* 16,384 targets of 500 bytes */
