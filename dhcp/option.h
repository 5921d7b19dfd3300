/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * DHCP options: the same struct is what a peer said and what we say. Zero, an
 * empty text and a size of 0 mean "not said" in both directions.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/net.h"
#include "lib/base/reader.h"
#include "lib/base/writer.h"

/* RFC 2132 9.6 */
enum dhcp_message_type {
        DHCP_NONE = 0, /* no option 53: this is BOOTP, or there is no reply */
        DHCP_DISCOVER = 1,
        DHCP_OFFER = 2,
        DHCP_REQUEST = 3,
        DHCP_DECLINE = 4,
        DHCP_ACK = 5,
        DHCP_NAK = 6,
        DHCP_RELEASE = 7,
        DHCP_INFORM = 8,
        DHCP_FORCERENEW = 9,  /* RFC 3203; neither sent nor heard */
        DHCP_LEASEQUERY = 10, /* this and the next three: RFC 4388 6.1 */
        DHCP_LEASEUNASSIGNED = 11,
        DHCP_LEASEUNKNOWN = 12,
        DHCP_LEASEACTIVE = 13,
        DHCP_MESSAGE_TYPE_COUNT,
};

/* "DISCOVER"; "NONE" for DHCP_NONE. Never NULL. */
const char *dhcp_message_type_name(enum dhcp_message_type type);

enum {
        DHCP_OPT_PAD = 0,
        DHCP_OPT_NETMASK = 1,
        DHCP_OPT_ROUTERS = 3,
        DHCP_OPT_DNS = 6,
        DHCP_OPT_HOSTNAME = 12,
        DHCP_OPT_DOMAIN = 15,
        DHCP_OPT_ROOT_PATH = 17,
        DHCP_OPT_BROADCAST = 28,
        DHCP_OPT_VENDOR_OPTIONS = 43,
        DHCP_OPT_WANTED_ADDRESS = 50,
        DHCP_OPT_LEASE_TIME = 51,
        DHCP_OPT_OVERLOAD = 52,
        DHCP_OPT_MESSAGE_TYPE = 53,
        DHCP_OPT_SERVER_ID = 54,
        DHCP_OPT_PARAMETERS = 55,
        DHCP_OPT_MAX_SIZE = 57,
        DHCP_OPT_RENEWAL_TIME = 58,
        DHCP_OPT_REBINDING_TIME = 59,
        DHCP_OPT_VENDOR_CLASS = 60,
        DHCP_OPT_CLIENT_ID = 61,
        DHCP_OPT_BOOT_SERVER = 66,
        DHCP_OPT_BOOT_FILE = 67,
        DHCP_OPT_USER_CLASS = 77,
        DHCP_OPT_FQDN = 81,
        DHCP_OPT_RELAY_INFO = 82,
        DHCP_OPT_LAST_TRANSACTION = 91,
        DHCP_OPT_ASSOCIATED = 92,
        DHCP_OPT_CLIENT_ARCH = 93,
        DHCP_OPT_CLIENT_NDI = 94,
        DHCP_OPT_CLIENT_UUID = 97,
        DHCP_OPT_CAPTIVE_PORTAL = 114,
        DHCP_OPT_TFTP_SERVERS = 150,
        DHCP_OPT_IPXE = 175,
        DHCP_OPT_END = 255,
};

/* What option 93 may say: RFC 4578 2.1 and IANA's "Processor Architecture Types". */
enum dhcp_architecture {
        DHCP_ARCH_BIOS = 0,
        DHCP_ARCH_EFI_IA32 = 6,
        DHCP_ARCH_EFI_BC = 7, /* what x86-64 firmware says in truth */
        DHCP_ARCH_EFI_X86_64 = 9,
        DHCP_ARCH_EFI_ARM32 = 10,
        DHCP_ARCH_EFI_ARM64 = 11,
        DHCP_ARCH_EFI_HTTP_IA32 = 15,
        DHCP_ARCH_EFI_HTTP_X86_64 = 16,
        DHCP_ARCH_EFI_HTTP_ARM32 = 18,
        DHCP_ARCH_EFI_HTTP_ARM64 = 19,
};

/* Sizes of fields, with their NUL byte where they are text. */
#define DHCP_HOSTNAME_SIZE 64  /* one DNS label, RFC 1035 2.3.4 */
#define DHCP_DOMAIN_SIZE   254 /* RFC 1035 2.3.4 */
#define DHCP_TEXT_SIZE     256 /* any text that one option can hold */
#define DHCP_BLOB_MAX      255 /* any value that one option can hold */
#define DHCP_LONG_SIZE     512 /* texts that RFC 3396 spreads over several options */
#define DHCP_ADDRESSES_MAX 4   /* routers, name servers: more are not used */

struct dhcp_blob {
        uint8_t size;
        uint8_t bytes[DHCP_BLOB_MAX];
};

struct dhcp_address_list {
        size_t count;
        struct ip4_address at[DHCP_ADDRESSES_MAX];
};

struct dhcp_options {
        enum dhcp_message_type type;     /* 53 */
        struct ip4_address server_id;    /* 54 */
        struct ip4_address wanted;       /* 50 */
        uint32_t lease_s;                /* 51 */
        uint32_t renewal_s;              /* 58 */
        uint32_t rebinding_s;            /* 59 */
        uint16_t max_size;               /* 57 */
        struct ip4_address netmask;      /* 1 */
        struct ip4_address broadcast;    /* 28 */
        struct dhcp_address_list router; /* 3 */
        struct dhcp_address_list dns;    /* 6 */
        struct dhcp_address_list tftp;   /* 150 */

        bool has_last_transaction;
        uint32_t last_transaction_s;         /* 91, RFC 4388 6.1: seconds ago */
        struct dhcp_address_list associated; /* 92, RFC 4388 6.1 */

        /* Names hold letters, digits, dashes and dots only; others are read as not said. */
        char hostname[DHCP_HOSTNAME_SIZE]; /* 12 */
        char domain[DHCP_DOMAIN_SIZE];     /* 15 */

        /* Printable ASCII; a value with other bytes is read as not said. */
        char vendor_class[DHCP_TEXT_SIZE];   /* 60 */
        char boot_server[DHCP_TEXT_SIZE];    /* 66 */
        char boot_file[DHCP_TEXT_SIZE];      /* 67, or the file field of the message */
        char root_path[DHCP_LONG_SIZE];      /* 17 */
        char captive_portal[DHCP_LONG_SIZE]; /* 114, RFC 8910 */

        struct dhcp_blob parameters;     /* 55 */
        struct dhcp_blob vendor_options; /* 43 */
        struct dhcp_blob client_id;      /* 61 */
        struct dhcp_blob user_class;     /* 77 */
        struct dhcp_blob fqdn;           /* 81, RFC 4702 */
        struct dhcp_blob relay_info;     /* 82 */
        struct dhcp_blob client_uuid;    /* 97 as it came: type byte and 16 bytes in SMBIOS order */
        struct dhcp_blob ipxe;           /* 175, encapsulated */

        bool has_architecture;
        uint16_t architecture; /* 93: the first of the list, enum dhcp_architecture */
        uint8_t ndi[3];        /* 94: type, major, minor */
};

/* Option 60 starts with "PXEClient", with "HTTPClient". */
bool dhcp_options_is_pxe(const struct dhcp_options *options);
bool dhcp_options_is_http(const struct dhcp_options *options);

/* iPXE speaks: it has its own option 175, or the user class "iPXE" (with or without RFC 3004's
 * length byte: iPXE sends none). */
bool dhcp_options_is_ipxe(const struct dhcp_options *options);

/* Does the user class, option 77, name @class? Each of RFC 3004's, or one text without length. */
bool dhcp_options_has_user_class(const struct dhcp_options *options, const char *class);

/* Option 55 names @code; true for every code when there is no option 55. */
bool dhcp_options_wants(const struct dhcp_options *options, uint8_t code);

/**
 * dhcp_options_uuid() - the machine's number out of option 97
 * @ret:  in the order of its text; written only on success
 *
 * Return: true if there was one. It need not identify anything: uuid_identifies().
 */
bool dhcp_options_uuid(const struct dhcp_options *options, struct uuid *ret);

/* The parts of a message that may hold options, in the order of RFC 3396 5. */
struct dhcp_option_fields {
        struct reader options; /* after the magic cookie */
        struct reader file;    /* 128 bytes, read only if option 52 says so */
        struct reader sname;   /* 64 bytes, likewise */
};

/* Bits of option 52. */
enum {
        DHCP_OVERLOAD_FILE = 1,
        DHCP_OVERLOAD_SNAME = 2,
};

/**
 * dhcp_options_parse() - read all options of a message
 * @fields:        where they are
 * @ret:           filled with what was said; written only on success
 * @ret_overload:  which fields held options and so no name; written only on success
 *
 * The value of an option that comes several times is put together (RFC 3396),
 * over the file and sname fields too (option 52). Options we do not know are
 * skipped. An option we know, with a length that its RFC does not allow, makes
 * the message malformed: who gets this wrong must not be booted on a guess.
 * A missing end mark is accepted.
 *
 * @ret holds copies; the message may be freed afterwards.
 *
 * Return: 0 on success.
 *         -EBADMSG if an option runs past the end or has a wrong length.
 *         -EMSGSIZE if the fields hold more than DHCP_MESSAGE_MAX bytes.
 */
int dhcp_options_parse(const struct dhcp_option_fields *fields, struct dhcp_options *ret,
                       uint8_t *ret_overload);

/**
 * dhcp_options_write() - write what is said in @options, and the end mark
 * @w:        over the space that the receiver allows
 *
 * A value above 255 bytes is spread over several (RFC 3396). In the order of the
 * table in option.c: what cannot be left out comes first,
 * and an optional one that does not fit is left out whole. Room for option 82
 * is kept, which is echoed last (RFC 3046 2.2).
 *
 * Return: 0, or -EMSGSIZE if one that cannot be left out does not fit.
 */
int dhcp_options_write(const struct dhcp_options *options, struct writer *w);
