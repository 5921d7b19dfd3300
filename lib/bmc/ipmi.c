/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BMCs answer short, and with codes of their own: nothing is taken but what is there. */
#include "lib/bmc/ipmi.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/reader.h"

#define APPLICATION 0x06 /* network functions: 5.1 */
#define TRANSPORT   0x0c
#define OPERATOR    3
#define RMCP_PLUS   0x80 /* data of IPMI 2.0 is wanted */

/* Past the completion code, and past what comes before what is wanted. */
static int open_answer(const void *answer, size_t size, size_t skip, struct reader *ret)
{
        struct reader r = reader_over(answer, size);
        uint8_t code;

        if (reader_u8(&r, &code) < 0)
                return -EBADMSG;
        if (code != 0)
                return -EREMOTEIO;
        if (reader_skip(&r, skip) < 0)
                return -EBADMSG;
        *ret = r;
        return 0;
}

/* LAN parameters have their revision in front: 23.2. */
#define LAN_SKIP 1

struct ipmi_request ipmi_ask_device(void)
{
        return (struct ipmi_request){.net_function = APPLICATION, .command = 0x01};
}

int ipmi_device_parse(const void *answer, size_t size, struct ipmi_device *ret)
{
        struct ipmi_device d;
        struct reader r;
        uint8_t major, version, low, middle, high;
        int rc;

        rc = open_answer(answer, size, 2, &r); /* device id and revision */
        if (rc < 0)
                return rc;
        if (reader_u8(&r, &major) < 0 || reader_u8(&r, &d.firmware_minor) < 0 ||
            reader_u8(&r, &version) < 0 || reader_skip(&r, 1) < 0 || reader_u8(&r, &low) < 0 ||
            reader_u8(&r, &middle) < 0 || reader_u8(&r, &high) < 0 ||
            reader_le16(&r, &d.product) < 0)
                return -EBADMSG;
        d.firmware_major = major & 0x7f;
        d.ipmi_major = version & 0xf; /* the digits stand the other way round */
        d.ipmi_minor = version >> 4;
        d.manufacturer = low | (uint32_t)middle << 8 | (uint32_t)(high & 0xf) << 16;
        *ret = d;
        return 0;
}

const char *ipmi_maker(uint32_t manufacturer)
{
        static const struct {
                uint32_t number;
                const char *name;
        } makers[] = {
                {2,     "IBM"       },
                {11,    "HPE"       },
                {343,   "Intel"     },
                {674,   "Dell"      },
                {2011,  "Huawei"    },
                {5771,  "Cisco"     },
                {7244,  "Quanta"    },
                {10368, "Fujitsu"   },
                {10876, "Supermicro"},
                {15370, "Giga-Byte" },
                {19046, "Lenovo"    },
        };

        for (size_t i = 0; i < ARRAY_SIZE(makers); i++)
                if (makers[i].number == manufacturer)
                        return makers[i].name;
        return NULL;
}

struct ipmi_request ipmi_ask_channel(uint8_t channel)
{
        return (struct ipmi_request){
                .net_function = APPLICATION, .command = 0x42, .size = 1, .data = {channel}};
}

int ipmi_channel_parse(const void *answer, size_t size, uint8_t *ret_medium)
{
        struct reader r;
        uint8_t medium;
        int rc;

        rc = open_answer(answer, size, 1, &r);
        if (rc < 0)
                return rc;
        if (reader_u8(&r, &medium) < 0)
                return -EBADMSG;
        *ret_medium = medium & 0x7f;
        return 0;
}

struct ipmi_request ipmi_ask_logins(uint8_t channel)
{
        return (struct ipmi_request){
                .net_function = APPLICATION,
                .command = 0x38,
                .size = 2,
                .data = {channel | RMCP_PLUS, OPERATOR}
        };
}

int ipmi_logins_parse(const void *answer, size_t size, struct ipmi_logins *ret)
{
        struct reader r;
        uint8_t status;
        int rc;

        rc = open_answer(answer, size, 2, &r);
        if (rc < 0)
                return rc;
        if (reader_u8(&r, &status) < 0)
                return -EBADMSG;
        *ret = (struct ipmi_logins){.has_anonymous = (status & 0x01) != 0,
                                    .has_null_user = (status & 0x02) != 0};
        return 0;
}

struct ipmi_request ipmi_ask_lan(uint8_t channel, enum ipmi_lan_parameter parameter, uint8_t set)
{
        return (struct ipmi_request){
                .net_function = TRANSPORT,
                .command = 0x02,
                .size = 4,
                .data = {channel, (uint8_t)parameter, set, 0}
        };
}

int ipmi_lan_ip4_parse(const void *answer, size_t size, struct ip4_address *ret)
{
        struct ip4_address ip;
        struct reader r;
        int rc;

        rc = open_answer(answer, size, LAN_SKIP, &r);
        if (rc < 0)
                return rc;
        if (reader_copy(&r, &ip.be, sizeof(ip.be)) < 0)
                return -EBADMSG;
        *ret = ip;
        return 0;
}

int ipmi_lan_mac_parse(const void *answer, size_t size, struct mac_address *ret)
{
        struct reader r;
        int rc;

        rc = open_answer(answer, size, LAN_SKIP, &r);
        return rc < 0 ? rc : reader_copy(&r, ret, sizeof(*ret));
}

int ipmi_lan_source_parse(const void *answer, size_t size, const char **ret)
{
        static const char *const sources[] = {NULL, "static", "dhcp", "firmware", "other"};
        struct reader r;
        uint8_t source;
        int rc;

        rc = open_answer(answer, size, LAN_SKIP, &r);
        if (rc < 0)
                return rc;
        if (reader_u8(&r, &source) < 0)
                return -EBADMSG;
        source &= 0xf;
        *ret = source < ARRAY_SIZE(sources) ? sources[source] : NULL;
        return 0;
}

int ipmi_lan_vlan_parse(const void *answer, size_t size, uint16_t *ret)
{
        struct reader r;
        uint16_t vlan;
        int rc;

        rc = open_answer(answer, size, LAN_SKIP, &r);
        if (rc < 0)
                return rc;
        if (reader_le16(&r, &vlan) < 0)
                return -EBADMSG;
        *ret = vlan & 0x8000 ? vlan & 0xfff : 0;
        return 0;
}

int ipmi_lan_ip6_parse(const void *answer, size_t size, uint8_t ret[static 16])
{
        struct reader r;
        int rc;

        rc = open_answer(answer, size, LAN_SKIP + 2, &r); /* which one, and where it is from */
        return rc < 0 ? rc : reader_copy(&r, ret, 16);
}

int ipmi_lan_ciphers_parse(const void *answer, size_t size, struct ipmi_ciphers *ret)
{
        struct ipmi_ciphers ciphers = {.count = 0};
        struct reader r;
        uint8_t id;
        int rc;

        rc = open_answer(answer, size, LAN_SKIP + 1, &r);
        if (rc < 0)
                return rc;
        while (ciphers.count < IPMI_CIPHERS_MAX && reader_u8(&r, &id) == 0)
                ciphers.ids[ciphers.count++] = id;
        *ret = ciphers;
        return 0;
}

int ipmi_lan_ciphers_count(const void *answer, size_t size, struct ipmi_ciphers *ciphers)
{
        struct reader r;
        uint8_t count;
        int rc;

        rc = open_answer(answer, size, LAN_SKIP, &r);
        if (rc < 0)
                return rc;
        if (reader_u8(&r, &count) < 0)
                return -EBADMSG;
        if ((count & 0x1fU) < ciphers->count)
                ciphers->count = count & 0x1fU;
        return 0;
}

int ipmi_lan_ciphers_limit(const void *answer, size_t size, struct ipmi_ciphers *ciphers)
{
        struct ipmi_ciphers kept = {.count = 0};
        struct reader r;
        uint8_t pair = 0;
        int rc;

        rc = open_answer(answer, size, LAN_SKIP + 1, &r);
        if (rc < 0)
                return rc;
        for (size_t i = 0; i < ciphers->count; i++) {
                if (i % 2 == 0 && reader_u8(&r, &pair) < 0)
                        return -EBADMSG;
                if ((i % 2 == 0 ? pair & 0xf : pair >> 4) != 0)
                        kept.ids[kept.count++] = ciphers->ids[i];
        }
        *ciphers = kept;
        return 0;
}

struct ipmi_request ipmi_ask_user(uint8_t channel, uint8_t user)
{
        return (struct ipmi_request){
                .net_function = APPLICATION, .command = 0x44, .size = 2, .data = {channel, user}
        };
}

int ipmi_user_parse(const void *answer, size_t size, struct ipmi_user *ret)
{
        uint8_t max, enabled, access;
        struct reader r;
        int rc;

        rc = open_answer(answer, size, 0, &r);
        if (rc < 0)
                return rc;
        if (reader_u8(&r, &max) < 0 || reader_u8(&r, &enabled) < 0 || reader_skip(&r, 1) < 0 ||
            reader_u8(&r, &access) < 0)
                return -EBADMSG;
        *ret = (struct ipmi_user){.max = max & 0x3f,
                                  .is_enabled = enabled >> 6 != 2,
                                  .can_message = (access & 0x10) != 0,
                                  .privilege = access & 0xf};
        return 0;
}

const char *ipmi_privilege_name(uint8_t privilege)
{
        static const char *const names[] = {
                [1] = "callback",      [2] = "user", [3] = "operator",
                [4] = "administrator", [5] = "oem",  [15] = "none",
        };

        return privilege < ARRAY_SIZE(names) ? names[privilege] : NULL;
}

struct ipmi_request ipmi_ask_user_name(uint8_t user)
{
        return (struct ipmi_request){
                .net_function = APPLICATION, .command = 0x46, .size = 1, .data = {user}};
}

int ipmi_user_name_parse(const void *answer, size_t size, char ret[static IPMI_USER_NAME_SIZE])
{
        struct reader r;
        size_t used = 0;
        uint8_t c;
        int rc;

        rc = open_answer(answer, size, 0, &r);
        if (rc < 0)
                return rc;
        while (used < IPMI_USER_NAME_SIZE - 1 && reader_u8(&r, &c) == 0 && c != 0)
                ret[used++] = (char)c;
        ret[used] = '\0';
        return 0;
}
