/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * IPMI messages (IPMI 2.0 revision 1.1): what is asked of a BMC, and what it
 * answers. Pure: who carries them, a device or the network, is no matter here.
 *
 * An answer begins with its completion code. A parser gives 0 and writes its
 * result only then; -EREMOTEIO: the BMC refuses (its code is not 0); -EBADMSG: the
 * answer is too short.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/net.h"

#define IPMI_ANSWER_MAX       272 /* the longest message and its code */
#define IPMI_REQUEST_DATA_MAX 8   /* of what we ask: boot flags are the longest */
#define IPMI_CHANNELS_MAX     12  /* 0 is the IPMB, 12 to 15 have other meanings: 6.3 */
#define IPMI_USERS_MAX        63  /* 22.27: six bits */

struct ipmi_request {
        uint8_t net_function, command;
        uint8_t size;
        uint8_t data[IPMI_REQUEST_DATA_MAX];
};

struct ipmi_device {
        uint8_t firmware_major, firmware_minor; /* minor in BCD */
        uint8_t ipmi_major, ipmi_minor;
        uint32_t manufacturer; /* IANA enterprise number */
        uint16_t product;
};
struct ipmi_request ipmi_ask_device(void); /* 20.1 */
int ipmi_device_parse(const void *answer, size_t size, struct ipmi_device *ret);

/* The maker behind the number; NULL: not known here. */
const char *ipmi_maker(uint32_t manufacturer);

#define IPMI_MEDIUM_LAN 4
struct ipmi_request ipmi_ask_channel(uint8_t channel); /* 22.24 */
int ipmi_channel_parse(const void *answer, size_t size, uint8_t *ret_medium);

/* Who may log in without a name or a password: 22.13. */
struct ipmi_logins {
        bool has_anonymous; /* neither name nor password */
        bool has_null_user; /* no name, but a password */
};
struct ipmi_request ipmi_ask_logins(uint8_t channel);
int ipmi_logins_parse(const void *answer, size_t size, struct ipmi_logins *ret);

enum ipmi_lan_parameter { /* 23.2 */
                          IPMI_LAN_ADDRESS = 3,
                          IPMI_LAN_SOURCE = 4,
                          IPMI_LAN_MAC = 5,
                          IPMI_LAN_NETMASK = 6,
                          IPMI_LAN_GATEWAY = 12,
                          IPMI_LAN_VLAN = 20,
                          IPMI_LAN_CIPHER_COUNT = 22,
                          IPMI_LAN_CIPHERS = 23,
                          IPMI_LAN_CIPHER_PRIVILEGES = 24,
                          IPMI_LAN_STATIC_IP6 = 56,
                          IPMI_LAN_DYNAMIC_IP6 = 59,
};
struct ipmi_request ipmi_ask_lan(uint8_t channel, enum ipmi_lan_parameter parameter, uint8_t set);

int ipmi_lan_ip4_parse(const void *answer, size_t size, struct ip4_address *ret);
int ipmi_lan_mac_parse(const void *answer, size_t size, struct mac_address *ret);

/* "static", "dhcp", "firmware", "other"; NULL for a number that the standard does not have. */
int ipmi_lan_source_parse(const void *answer, size_t size, const char **ret);

/* @ret: 0: none is used. */
int ipmi_lan_vlan_parse(const void *answer, size_t size, uint16_t *ret);

/* Of a set of addresses the one; all zero: there is none. */
int ipmi_lan_ip6_parse(const void *answer, size_t size, uint8_t ret[static 16]);

#define IPMI_CIPHERS_MAX 16
struct ipmi_ciphers {
        uint8_t ids[IPMI_CIPHERS_MAX];
        size_t count;
};
int ipmi_lan_ciphers_parse(const void *answer, size_t size, struct ipmi_ciphers *ret);

/* Removes what is behind the entries that count. The answer to IPMI_LAN_CIPHER_COUNT. */
int ipmi_lan_ciphers_count(const void *answer, size_t size, struct ipmi_ciphers *ciphers);

/* Removes the suites that no privilege level may use. The answer to IPMI_LAN_CIPHER_PRIVILEGES. */
int ipmi_lan_ciphers_limit(const void *answer, size_t size, struct ipmi_ciphers *ciphers);

struct ipmi_user {
        uint8_t max;       /* user numbers that the channel has */
        bool is_enabled;   /* as far as the BMC says: IPMI 1.5 had no such bits */
        bool can_message;  /* log in over the network */
        uint8_t privilege; /* 1 callback to 5 OEM; 15 none */
};
struct ipmi_request ipmi_ask_user(uint8_t channel, uint8_t user); /* 22.27 */
int ipmi_user_parse(const void *answer, size_t size, struct ipmi_user *ret);
const char *ipmi_privilege_name(uint8_t privilege); /* NULL: reserved */

#define IPMI_USER_NAME_SIZE 17
struct ipmi_request ipmi_ask_user_name(uint8_t user); /* 22.29 */
int ipmi_user_name_parse(const void *answer, size_t size, char ret[static IPMI_USER_NAME_SIZE]);
