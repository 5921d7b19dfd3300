/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The machine around a BMC: its power, what it boots from, its identify light
 * (IPMI 2.0 revision 1.1, chapter 28). Pure; answers and errors as in ipmi.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bmc/ipmi.h"

struct ipmi_chassis {
        bool is_on;
        bool has_power_fault;   /* of the power supply */
        bool is_interlocked;    /* an open lid keeps it off */
        uint8_t restore_policy; /* after AC is back: 0 stays off, 1 as before, 2 on, 3 unknown */
};
struct ipmi_request ipmi_ask_chassis(void); /* 28.2 */
int ipmi_chassis_parse(const void *answer, size_t size, struct ipmi_chassis *ret);

enum ipmi_control { /* 28.3 */
                    IPMI_POWER_DOWN = 0,
                    IPMI_POWER_UP = 1,
                    IPMI_POWER_CYCLE = 2,
                    IPMI_HARD_RESET = 3,
                    IPMI_DIAGNOSTIC_INTERRUPT = 4,
                    IPMI_SOFT_SHUTDOWN = 5,
};
struct ipmi_request ipmi_ask_control(enum ipmi_control control);

/* 28.5. @seconds: 0 is off, 255 as long as the BMC can; @is_forced: until told otherwise. */
struct ipmi_request ipmi_ask_identify(uint8_t seconds, bool is_forced);

enum ipmi_boot_device { /* 28.13, table 28-14, parameter 5 */
                        IPMI_BOOT_AS_SET = 0,
                        IPMI_BOOT_PXE = 1,
                        IPMI_BOOT_DISK = 2,
                        IPMI_BOOT_CDROM = 5,
                        IPMI_BOOT_BIOS = 6,
};
struct ipmi_boot {
        enum ipmi_boot_device device;
        bool is_valid; /* false of an answer: nothing is asked of the next boot */
        bool is_persistent, is_uefi;
};
struct ipmi_request ipmi_ask_boot_set(const struct ipmi_boot *boot);
struct ipmi_request ipmi_ask_boot(void);
int ipmi_boot_parse(const void *answer, size_t size, struct ipmi_boot *ret);

/* A session begins with the rights of a user, and is raised: 22.18. */
struct ipmi_request ipmi_ask_privilege(uint8_t privilege);
struct ipmi_request ipmi_ask_close(uint32_t session); /* 22.19 */

/* What a completion code says, table 5-2; NULL for one that is of the command or the maker. */
const char *ipmi_code_text(uint8_t code);
/* The BMC is asked again a little later: 0xc0 node busy, 0xc3 timeout, 0xd2 initialisation. */
bool ipmi_code_is_busy(uint8_t code);
