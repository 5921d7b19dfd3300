/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "installer/site.h"

/**
 * talk_run() - the talker: an address by DHCP, kept, and the conversation with the controller
 * @deeds:  deeds_open()'s first end
 *
 * Confines itself first (installer/talker.h). Never returns: what ends it is said on the console,
 * and the machine is restarted after a while.
 */
__attribute__((noreturn)) void talk_run(const struct site *site, int deeds);
