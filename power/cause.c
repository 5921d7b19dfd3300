/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "power/cause.h"

/* clang-format off */
static const struct {
        const char *name, *hint;
} causes[POWER_CAUSES] = {
        [POWER_OK] = {"ok",
                ""},
        [POWER_SILENT] = {"bmc-silent",
                "Look at its address, its cable, and whether IPMI over LAN is enabled in it"},
        [POWER_UNREACHABLE] = {"bmc-unreachable",
                "There is a host, or a router, but no BMC behind this address and port"},
        [POWER_NAME_WRONG] = {"bmc-name-wrong",
                "It has no user of this name, or he may not log in over the network"},
        [POWER_PASSWORD_WRONG] = {"bmc-password-wrong",
                "Give it the password that is set in the BMC"},
        [POWER_KEY_WRONG] = {"bmc-key-wrong",
                "Its K_g is not the one given: give that of the BMC, or none if it has none"},
        [POWER_SUITE_REFUSED] = {"bmc-suite-refused",
                "Enable cipher suite 17 or 3 in the BMC; weaker ones are not used"},
        [POWER_PRIVILEGE_LOW] = {"bmc-privilege-low",
                "Raise the user's privilege on this channel to operator"},
        [POWER_BUSY] = {"bmc-busy",
                "It had no time, or no free session, until the deadline: try later"},
        [POWER_REFUSED] = {"bmc-refused",
                "The BMC does not do this now"},
        [POWER_NONSENSE] = {"bmc-nonsense",
                "Update its firmware, or tell us what it is"},
        [POWER_UNCHANGED] = {"power-unchanged",
                "The BMC took it, but the machine did not follow: look at its supply and its lid"},
        [POWER_UNSUPPORTED] = {"power-unsupported",
                "Use another way to manage this machine"},
        [POWER_OURS] = {"power-failed",
                "This host is short of memory or descriptors"},
};
/* clang-format on */

const char *power_cause_name(enum power_cause cause)
{
        return causes[cause].name;
}

const char *power_cause_hint(enum power_cause cause)
{
        return causes[cause].hint;
}
