/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a relay says of where a client is: option 82, RFC 3046. */

#include "dhcp/option.h"
#include "lib/base/net.h"
#include "lib/base/reader.h"

/* Nothing, or unset: not said. The readers point into the option. */
struct dhcp_relay_info {
        struct reader circuit;   /* 1: the port */
        struct reader remote;    /* 2: the switch, or the modem */
        struct ip4_address link; /* 5, RFC 3527: the client's network, when giaddr is not on it */
        struct ip4_address server_id; /* 11, RFC 5107: what we are to call ourselves */
};

/* Sub-options we do not know are skipped; of two of a kind the first counts. -EBADMSG if one runs
 * past the end, or an address is none; @ret is then empty. */
int dhcp_relay_info_parse(const struct dhcp_blob *option, struct dhcp_relay_info *ret);
