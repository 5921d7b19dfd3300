/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Options of DHCPv6: the same struct is what a peer said and what we say. Zero,
 * an empty text and a count of 0 mean "not said" in both directions, where no
 * flag says otherwise.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/ip6.h"
#include "lib/base/net.h"
#include "lib/base/reader.h"
#include "lib/base/writer.h"

/* RFC 8415 7.3 */
enum dhcp6_message_type {
        DHCP6_NONE = 0,
        DHCP6_SOLICIT = 1,
        DHCP6_ADVERTISE = 2,
        DHCP6_REQUEST = 3,
        DHCP6_CONFIRM = 4,
        DHCP6_RENEW = 5,
        DHCP6_REBIND = 6,
        DHCP6_REPLY = 7,
        DHCP6_RELEASE = 8,
        DHCP6_DECLINE = 9,
        DHCP6_RECONFIGURE = 10,
        DHCP6_INFORMATION_REQUEST = 11,
        DHCP6_RELAY_FORWARD = 12,
        DHCP6_RELAY_REPLY = 13,
        DHCP6_MESSAGE_TYPE_COUNT,
};

/* "SOLICIT"; "NONE" for DHCP6_NONE. Never NULL. */
const char *dhcp6_message_type_name(enum dhcp6_message_type type);

/* RFC 8415 21, RFC 3646, RFC 4649, RFC 4580, RFC 4704, RFC 5970, RFC 6939, RFC 7083 */
enum {
        DHCP6_OPT_CLIENT_ID = 1,
        DHCP6_OPT_SERVER_ID = 2,
        DHCP6_OPT_IA_NA = 3,
        DHCP6_OPT_IA_TA = 4,
        DHCP6_OPT_IA_ADDRESS = 5,
        DHCP6_OPT_REQUESTED = 6,
        DHCP6_OPT_PREFERENCE = 7,
        DHCP6_OPT_ELAPSED_TIME = 8,
        DHCP6_OPT_RELAY_MESSAGE = 9,
        DHCP6_OPT_SERVER_UNICAST = 12,
        DHCP6_OPT_STATUS = 13,
        DHCP6_OPT_RAPID_COMMIT = 14,
        DHCP6_OPT_USER_CLASS = 15,
        DHCP6_OPT_VENDOR_CLASS = 16,
        DHCP6_OPT_INTERFACE_ID = 18,
        DHCP6_OPT_DNS = 23,
        DHCP6_OPT_DOMAIN = 24,
        DHCP6_OPT_IA_PD = 25,
        DHCP6_OPT_REFRESH_TIME = 32,
        DHCP6_OPT_REMOTE_ID = 37,
        DHCP6_OPT_SUBSCRIBER_ID = 38,
        DHCP6_OPT_CLIENT_NAME = 39,
        DHCP6_OPT_BOOT_URL = 59,
        DHCP6_OPT_BOOT_PARAMETERS = 60,
        DHCP6_OPT_CLIENT_ARCH = 61,
        DHCP6_OPT_CLIENT_NDI = 62,
        DHCP6_OPT_CLIENT_MAC = 79,
        DHCP6_OPT_SOLICIT_MAX = 82,
        DHCP6_OPT_INFORMATION_MAX = 83,
};

/* RFC 8415 21.13 */
enum dhcp6_status {
        DHCP6_STATUS_SUCCESS = 0,
        DHCP6_STATUS_UNSPECIFIED = 1,
        DHCP6_STATUS_NO_ADDRESSES = 2,
        DHCP6_STATUS_NO_BINDING = 3,
        DHCP6_STATUS_NOT_ON_LINK = 4,
        DHCP6_STATUS_USE_MULTICAST = 5,
        DHCP6_STATUS_NO_PREFIX = 6,
        DHCP6_STATUS_COUNT,
        DHCP6_STATUS_UNSAID, /* absent, which means success */
};

#define DHCP6_ENTERPRISE_PXE 343 /* what UEFI 2.10 24.3 and 24.7.3.1 put into option 16 */

#define DHCP6_DUID_MAX       130 /* RFC 8415 11.1: two bytes of type and 128 */
#define DHCP6_BLOB_MAX       128 /* what relays say: ports and circuits have 10 to 60 bytes */
#define DHCP6_PARAMETERS     255 /* option 60, which firmware passes on to the loader */
#define DHCP6_TEXT_SIZE      256 /* URLs and classes, with their NUL byte */
#define DHCP6_DOMAIN_SIZE    254 /* RFC 1035 2.3.4 */
#define DHCP6_HOSTNAME_SIZE  64
#define DHCP6_MAX_IA         4  /* of a kind in one message: firmware and systems have one */
#define DHCP6_MAX_ADDRESSES  4  /* of one identity: two while a network is renumbered */
#define DHCP6_MAX_REQUESTED  64 /* codes in option 6; dhcpcd names 20 */
#define DHCP6_MAX_DNS        4

/* The name of a client or a server: opaque, but for the three kinds that can be read. */
struct dhcp6_duid {
        uint8_t size; /* 0: unset */
        uint8_t bytes[DHCP6_DUID_MAX];
};
#define DHCP6_DUID_TEXT_SIZE (2 * DHCP6_DUID_MAX + 1)

bool dhcp6_duid_is_equal(const struct dhcp6_duid *a, const struct dhcp6_duid *b);
/* Lower-case hex. Returns @to. */
const char *dhcp6_duid_text(char to[static DHCP6_DUID_TEXT_SIZE], const struct dhcp6_duid *duid);

/* The MAC of a DUID-LLT or DUID-LL of Ethernet (RFC 8415 11.2, 11.4): one of the machine's, not
 * always that of the card that speaks. */
bool dhcp6_duid_mac(const struct dhcp6_duid *duid, struct mac_address *ret);

/* The 16 bytes of a DUID-UUID (RFC 6355 4) as they came. OVMF says them in the order of SMBIOS,
 * iPXE in that of the text: whoever compares must try both. */
bool dhcp6_duid_uuid(const struct dhcp6_duid *duid, struct uuid *ret);

/* DUID-LL (RFC 8415 11.4) of an Ethernet card. */
struct dhcp6_duid dhcp6_duid_of_mac(const struct mac_address *mac);

struct dhcp6_blob {
        uint8_t size;
        uint8_t bytes[DHCP6_PARAMETERS];
};

struct dhcp6_address {
        struct ip6_address address;
        uint32_t preferred_s, valid_s;
};

/* An identity of a client that wants an address (RFC 8415 21.4). In what is parsed, addresses
 * beyond the limit are left out. */
struct dhcp6_ia {
        uint32_t iaid;
        uint32_t renew_s, rebind_s; /* T1, T2; IA_TA has neither */
        enum dhcp6_status status;
        size_t count;
        struct dhcp6_address at[DHCP6_MAX_ADDRESSES]; /* IA_PD: none are read or written */
};

struct dhcp6_ia_list {
        size_t count; /* those beyond the limit are left out */
        struct dhcp6_ia at[DHCP6_MAX_IA];
};

struct dhcp6_address_list {
        size_t count;
        struct ip6_address at[DHCP6_MAX_DNS];
};

struct dhcp6_options {
        struct dhcp6_duid client_id; /* 1 */
        struct dhcp6_duid server_id; /* 2 */
        struct dhcp6_ia_list ia_na;  /* 3 */
        struct dhcp6_ia_list ia_ta;  /* 4 */
        struct dhcp6_ia_list ia_pd;  /* 25 */
        struct {
                size_t count;
                uint16_t at[DHCP6_MAX_REQUESTED];
        } requested; /* 6 */
        bool has_preference;
        uint8_t preference;                   /* 7 */
        uint16_t elapsed_cs;                  /* 8: hundredths of a second */
        struct ip6_address server_unicast;    /* 12 */
        enum dhcp6_status status;             /* 13, of the whole message */
        bool is_rapid_commit;                 /* 14 */
        char user_class[DHCP6_HOSTNAME_SIZE]; /* 15: the first */
        uint32_t enterprise;                  /* 16 */
        char vendor_class[DHCP6_TEXT_SIZE];   /* 16: its first text */
        struct dhcp6_address_list dns;        /* 23 */
        char domain[DHCP6_DOMAIN_SIZE];       /* 24: the first */
        uint32_t refresh_s;                   /* 32 */
        char hostname[DHCP6_HOSTNAME_SIZE];   /* 39: the first label; read, never written */
        char boot_url[DHCP6_TEXT_SIZE];       /* 59 */
        struct dhcp6_blob boot_parameters;    /* 60, as it came */
        bool has_architecture;
        uint16_t architecture;      /* 61: the first, enum dhcp_architecture */
        uint8_t ndi[3];             /* 62: type, major, minor */
        uint32_t solicit_max_s;     /* 82 */
        uint32_t information_max_s; /* 83 */
};

/* Nothing said. (A status of zero is one.) */
void dhcp6_options_init(struct dhcp6_options *options);

bool dhcp6_options_is_pxe(const struct dhcp6_options *options);  /* option 16 "PXEClient..." */
bool dhcp6_options_is_http(const struct dhcp6_options *options); /* option 16 "HTTPClient..." */
bool dhcp6_options_is_ipxe(const struct dhcp6_options *options); /* option 15 "iPXE" */

/* Option 6 names @code. Without it nothing is wanted (RFC 8415 18.3). */
bool dhcp6_options_wants(const struct dhcp6_options *options, uint16_t code);

/**
 * dhcp6_option_next() - split the next option off
 *
 * Return: 1; 0 at the end; -EBADMSG if it runs past the end.
 */
int dhcp6_option_next(struct reader *r, uint16_t *ret_code, struct reader *ret_value);

/**
 * dhcp6_options_parse() - read all options of a message between client and server
 * @ret:  filled with what was said; written only on success
 *
 * Options that we do not know are skipped. One that we know, with a length that its RFC does not
 * allow, or a second time where RFC 8415 24 allows one, makes the message malformed: who gets this
 * wrong must not be booted on a guess.
 *
 * Return: 0, or -EBADMSG.
 */
int dhcp6_options_parse(struct reader field, struct dhcp6_options *ret);

/**
 * dhcp6_options_write() - write what is said in @options
 *
 * In the order of the table in v6_option.c: what cannot be left out comes first, and an optional
 * one that does not fit is left out whole.
 *
 * Return: 0, or -EMSGSIZE if one that cannot be left out does not fit.
 */
int dhcp6_options_write(const struct dhcp6_options *options, struct writer *w);
