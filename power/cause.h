/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Causes: why a machine could not be managed, by a name that lasts. A row a
 * cause; the name goes over the wire, what to do stands beside it.
 */

enum power_cause {
        POWER_OK,
        POWER_SILENT,      /* nothing came back */
        POWER_UNREACHABLE, /* the network said that it is not there */
        POWER_NAME_WRONG,
        POWER_PASSWORD_WRONG,
        POWER_KEY_WRONG, /* K_g */
        POWER_SUITE_REFUSED,
        POWER_PRIVILEGE_LOW,
        POWER_BUSY,
        POWER_REFUSED,     /* it said no to the command */
        POWER_NONSENSE,    /* its answers contradict the standard or themselves */
        POWER_UNCHANGED,   /* it said yes, and nothing happened in time */
        POWER_UNSUPPORTED, /* this driver, or this BMC, cannot do that */
        POWER_OURS,        /* no memory, no socket */
        POWER_CAUSES
};

const char *power_cause_name(enum power_cause cause); /* "bmc-silent" */
const char *power_cause_hint(enum power_cause cause); /* one sentence: what to do */
