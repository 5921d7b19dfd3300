/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which machines a range of addresses is for. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dhcp/message.h"
#include "dhcp/relay.h"

#define DHCP_CLASS_ARCHITECTURES 8
#define DHCP_CLASS_TEXT_SIZE     64

/* All that is said must be true of the machine; nothing said: a range for those that are in no
 * class. */
struct dhcp_class {
        uint16_t architectures[DHCP_CLASS_ARCHITECTURES]; /* any of these, option 93 */
        size_t architecture_count;
        char vendor_class[DHCP_CLASS_TEXT_SIZE]; /* what option 60 begins with */
        char user_class[DHCP_CLASS_TEXT_SIZE];   /* one of option 77's, RFC 3004 */
        struct ip4_address relay;                /* giaddr */
        uint8_t circuit_size, remote_size;       /* option 82 */
        uint8_t circuit[DHCP_CLASS_TEXT_SIZE], remote[DHCP_CLASS_TEXT_SIZE];
        uint8_t mac_prefix[6];
        size_t mac_prefix_size; /* bytes */
};

bool dhcp_class_is_said(const struct dhcp_class *class);

/* @relay: what a relay that is believed said; empty: none. */
bool dhcp_class_matches(const struct dhcp_class *class, const struct dhcp_message *request,
                        const struct dhcp_relay_info *relay);
