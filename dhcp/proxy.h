/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * ProxyDHCP: what to boot, beside a server of somebody else's that gives the
 * addresses (PXE 2.1, 2.2.2 and 2.2.5). Nobody is given an address here, and
 * nobody hears anything who did not say PXEClient or HTTPClient.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dhcp/server.h"

enum {
        DHCP_PORT_BOOT =
                4011, /* PXE 2.1, 2.2.5: asked by unicast, when the client has its address */
};

/* Facts about a message that its bytes do not say. */
struct dhcp_proxy_facts {
        struct ip4_address interface; /* our address where it came in: the server identifier */
        bool is_boot_port;            /* it came to DHCP_PORT_BOOT */
        struct ip4_address source;    /* of the datagram */
        uint16_t source_port;
};

/**
 * dhcp_proxy_decide() - decide on one message
 * @request:  as parsed
 * @boot:     as of dhcp_server_new(): asked with @facts->interface for the address
 * @ret:      always filled. reply is DHCP_OFFER or DHCP_ACK, both without an address, or DHCP_NONE.
 *            leased is the address that the client has or takes from the other server, of a
 *            DHCPREQUEST (unset: it does not say); at the boot port the one it speaks from.
 *            Nothing is to be recorded.
 *
 * To port 67 a DHCPDISCOVER is answered by an OFFER; a DHCPREQUEST there is the other server's
 * affair, and only tells the address. To port 4011 a DHCPREQUEST or DHCPINFORM is answered by an
 * ACK to where it came from.
 */
void dhcp_proxy_decide(const struct dhcp_message *request, const struct dhcp_proxy_facts *facts,
                       dhcp_boot_fn boot, void *context, struct dhcp_decision *ret);
