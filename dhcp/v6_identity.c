/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DUIDs, identities and statuses
 *
 * An identity (IA_NA, IA_TA, IA_PD) holds options of its own: addresses and a
 * status. An address may hold a status again, which only a server says; it is
 * read over.
 */
#include "dhcp/v6_identity.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

enum {
        DUID_LLT = 1,
        DUID_LL = 3,
        DUID_UUID = 4,
        HARDWARE_ETHERNET = 1,
};

bool dhcp6_duid_is_equal(const struct dhcp6_duid *a, const struct dhcp6_duid *b)
{
        return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

const char *dhcp6_duid_text(char to[static DHCP6_DUID_TEXT_SIZE], const struct dhcp6_duid *duid)
{
        text_hex(to, duid->bytes, duid->size);
        return to;
}

bool dhcp6_duid_mac(const struct dhcp6_duid *duid, struct mac_address *ret)
{
        struct reader r = reader_over(duid->bytes, duid->size);
        struct mac_address mac;
        uint16_t type, hardware;

        if (reader_be16(&r, &type) < 0 || (type != DUID_LLT && type != DUID_LL) ||
            reader_be16(&r, &hardware) < 0 || hardware != HARDWARE_ETHERNET ||
            (type == DUID_LLT && reader_skip(&r, 4) < 0) ||
            reader_copy(&r, mac.bytes, sizeof(mac.bytes)) < 0 || reader_left(&r) > 0 ||
            !mac_is_usable(&mac))
                return false;
        *ret = mac;
        return true;
}

bool dhcp6_duid_uuid(const struct dhcp6_duid *duid, struct uuid *ret)
{
        struct reader r = reader_over(duid->bytes, duid->size);
        uint16_t type;

        return reader_be16(&r, &type) == 0 && type == DUID_UUID &&
               reader_left(&r) == sizeof(ret->bytes) &&
               reader_copy(&r, ret->bytes, sizeof(ret->bytes)) == 0;
}

struct dhcp6_duid dhcp6_duid_of_mac(const struct mac_address *mac)
{
        struct dhcp6_duid duid = {
                .size = 4 + sizeof(mac->bytes),
                .bytes = {0, DUID_LL, 0, HARDWARE_ETHERNET},
        };

        memcpy(duid.bytes + 4, mac->bytes, sizeof(mac->bytes));
        return duid;
}

/* ---- 13: status ---- */

/* RFC 8415 21.13: a text for people. */
static const char *const status_texts[DHCP6_STATUS_COUNT] = {
        [DHCP6_STATUS_SUCCESS] = "done",
        [DHCP6_STATUS_UNSPECIFIED] = "failed",
        [DHCP6_STATUS_NO_ADDRESSES] = "no address to give",
        [DHCP6_STATUS_NO_BINDING] = "no such lease",
        [DHCP6_STATUS_NOT_ON_LINK] = "not an address of this link",
        [DHCP6_STATUS_USE_MULTICAST] = "ask ff02::1:2",
        [DHCP6_STATUS_NO_PREFIX] = "no prefix to give",
};

bool dhcp6_status_is_said(const void *field, size_t n)
{
        return n == 0 && *(const enum dhcp6_status *)field < DHCP6_STATUS_COUNT;
}

int dhcp6_status_store(void *field, size_t field_size, struct reader value)
{
        enum dhcp6_status *status = field;
        uint16_t code;
        int rc;

        (void)field_size;
        rc = reader_be16(&value, &code);
        if (rc < 0)
                return rc;
        /* One that we do not know is a failure, whatever it means. */
        *status = code < DHCP6_STATUS_COUNT ? (enum dhcp6_status)code : DHCP6_STATUS_UNSPECIFIED;
        return 0;
}

void dhcp6_status_write(const void *field, size_t n, struct writer *w)
{
        const enum dhcp6_status status = *(const enum dhcp6_status *)field;

        (void)n;
        writer_be16(w, (uint16_t)status);
        writer_text(w, status_texts[status]);
}

/* ---- 3, 4, 25: identities ---- */

bool dhcp6_ia_is_said(const void *field, size_t n)
{
        const struct dhcp6_ia_list *list = field;

        return n < list->count && n < DHCP6_MAX_IA;
}

/* RFC 8415 21.6 */
static int address_parse(struct reader value, struct dhcp6_address *ret)
{
        struct reader inner;
        uint16_t code;
        int rc;

        if (reader_copy(&value, ret->address.bytes, sizeof(ret->address.bytes)) < 0 ||
            reader_be32(&value, &ret->preferred_s) < 0 || reader_be32(&value, &ret->valid_s) < 0)
                return -EBADMSG;
        while ((rc = dhcp6_option_next(&value, &code, &inner)) > 0)
                continue;
        return rc;
}

static int ia_options_parse(struct reader value, struct dhcp6_ia *ia)
{
        struct dhcp6_address address;
        struct reader inner;
        uint16_t code;
        int rc;

        while ((rc = dhcp6_option_next(&value, &code, &inner)) > 0) {
                if (code == DHCP6_OPT_STATUS)
                        rc = dhcp6_status_store(&ia->status, sizeof(ia->status), inner);
                else if (code == DHCP6_OPT_IA_ADDRESS)
                        rc = address_parse(inner, &address);
                if (rc < 0)
                        return rc;
                if (code == DHCP6_OPT_IA_ADDRESS && ia->count < DHCP6_MAX_ADDRESSES)
                        ia->at[ia->count++] = address;
        }
        return rc;
}

static int ia_store(struct dhcp6_ia_list *list, struct reader value, bool has_times)
{
        struct dhcp6_ia ia = {.status = DHCP6_STATUS_UNSAID};
        int rc;

        rc = reader_be32(&value, &ia.iaid);
        if (rc == 0 && has_times)
                rc = reader_be32(&value, &ia.renew_s);
        if (rc == 0 && has_times)
                rc = reader_be32(&value, &ia.rebind_s);
        if (rc == 0)
                rc = ia_options_parse(value, &ia);
        if (rc == 0 && list->count < DHCP6_MAX_IA)
                list->at[list->count++] = ia;
        return rc;
}

int dhcp6_ia_na_store(void *field, size_t field_size, struct reader value)
{
        (void)field_size;
        return ia_store(field, value, true);
}

int dhcp6_ia_ta_store(void *field, size_t field_size, struct reader value)
{
        (void)field_size;
        return ia_store(field, value, false);
}

int dhcp6_ia_pd_store(void *field, size_t field_size, struct reader value)
{
        struct dhcp6_ia_list *list = field;
        int rc;

        (void)field_size;
        rc = ia_store(list, value, true);
        if (rc == 0)
                list->at[list->count - 1].count = 0; /* an address has no place there */
        return rc;
}

static void address_write(const struct dhcp6_address *address, struct writer *w)
{
        writer_be16(w, DHCP6_OPT_IA_ADDRESS);
        writer_be16(w, 24);
        writer_bytes(w, address->address.bytes, sizeof(address->address.bytes));
        writer_be32(w, address->preferred_s);
        writer_be32(w, address->valid_s);
}

static void ia_write(const struct dhcp6_ia *ia, bool has_times, struct writer *w)
{
        writer_be32(w, ia->iaid);
        if (has_times) {
                writer_be32(w, ia->renew_s);
                writer_be32(w, ia->rebind_s);
        }
        for (size_t i = 0; i < ia->count && i < DHCP6_MAX_ADDRESSES; i++)
                address_write(&ia->at[i], w);
        if (!dhcp6_status_is_said(&ia->status, 0))
                return;
        writer_be16(w, DHCP6_OPT_STATUS);
        writer_be16(w, (uint16_t)(2 + strlen(status_texts[ia->status])));
        dhcp6_status_write(&ia->status, 0, w);
}

void dhcp6_ia_na_write(const void *field, size_t n, struct writer *w)
{
        ia_write(&((const struct dhcp6_ia_list *)field)->at[n], true, w);
}

void dhcp6_ia_ta_write(const void *field, size_t n, struct writer *w)
{
        ia_write(&((const struct dhcp6_ia_list *)field)->at[n], false, w);
}

void dhcp6_ia_pd_write(const void *field, size_t n, struct writer *w)
{
        struct dhcp6_ia ia = ((const struct dhcp6_ia_list *)field)->at[n];

        ia.count = 0;
        ia_write(&ia, true, w);
}
