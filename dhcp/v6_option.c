/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Options of DHCPv6
 *
 * As option.c: a row states the code, the lengths that its RFC allows, of which
 * kind it is, and the field that holds it. The kinds know how to store and how
 * to write; a new option is a new row, and never new bounds checks. What stands
 * in an identity of the client (RFC 8415 21.4) is in v6_identity.c.
 */
#include "dhcp/v6_option.h"

#include <errno.h>
#include <string.h>

#include "dhcp/v6_identity.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

enum {
        MAX_ANY = 0xffff, /* RFC 8415 21.1: the length has two bytes */
};

/* A kind of value: is the field said an @n-th time, how it is stored, and written from it. */
struct option_kind {
        bool (*is_said)(const void *field, size_t n);
        int (*store)(void *field, size_t field_size, struct reader value);
        void (*write)(const void *field, size_t n, struct writer *w);
};

const char *dhcp6_message_type_name(enum dhcp6_message_type type)
{
        static const char *const names[DHCP6_MESSAGE_TYPE_COUNT] = {
                [DHCP6_NONE] = "NONE",
                [DHCP6_SOLICIT] = "SOLICIT",
                [DHCP6_ADVERTISE] = "ADVERTISE",
                [DHCP6_REQUEST] = "REQUEST",
                [DHCP6_CONFIRM] = "CONFIRM",
                [DHCP6_RENEW] = "RENEW",
                [DHCP6_REBIND] = "REBIND",
                [DHCP6_REPLY] = "REPLY",
                [DHCP6_RELEASE] = "RELEASE",
                [DHCP6_DECLINE] = "DECLINE",
                [DHCP6_RECONFIGURE] = "RECONFIGURE",
                [DHCP6_INFORMATION_REQUEST] = "INFORMATION-REQUEST",
                [DHCP6_RELAY_FORWARD] = "RELAY-FORW",
                [DHCP6_RELAY_REPLY] = "RELAY-REPL",
        };

        return (size_t)type < ARRAY_SIZE(names) ? names[type] : "unknown";
}

/* ---- numbers and bytes ---- */

static bool is_u8_said(const void *field, size_t n)
{
        const struct dhcp6_options *options = field;

        return n == 0 && options->has_preference;
}

static int store_preference(void *field, size_t field_size, struct reader value)
{
        struct dhcp6_options *options = field;

        (void)field_size;
        options->has_preference = true;
        return reader_u8(&value, &options->preference);
}

static void write_preference(const void *field, size_t n, struct writer *w)
{
        const struct dhcp6_options *options = field;

        (void)n;
        writer_u8(w, options->preference);
}

static bool is_u16_said(const void *field, size_t n)
{
        return n == 0 && *(const uint16_t *)field != 0;
}

static int store_u16(void *field, size_t field_size, struct reader value)
{
        (void)field_size;
        return reader_be16(&value, field);
}

static void write_u16(const void *field, size_t n, struct writer *w)
{
        (void)n;
        writer_be16(w, *(const uint16_t *)field);
}

static bool is_u32_said(const void *field, size_t n)
{
        return n == 0 && *(const uint32_t *)field != 0;
}

static int store_u32(void *field, size_t field_size, struct reader value)
{
        (void)field_size;
        return reader_be32(&value, field);
}

static void write_u32(const void *field, size_t n, struct writer *w)
{
        (void)n;
        writer_be32(w, *(const uint32_t *)field);
}

static bool is_flag_said(const void *field, size_t n)
{
        return n == 0 && *(const bool *)field;
}

static int store_flag(void *field, size_t field_size, struct reader value)
{
        (void)field_size;
        (void)value;
        *(bool *)field = true;
        return 0;
}

static void write_flag(const void *field, size_t n, struct writer *w)
{
        (void)field;
        (void)n;
        (void)w;
}

static bool is_duid_said(const void *field, size_t n)
{
        return n == 0 && ((const struct dhcp6_duid *)field)->size > 0;
}

static int store_duid(void *field, size_t field_size, struct reader value)
{
        struct dhcp6_duid *duid = field;

        (void)field_size;
        duid->size = (uint8_t)reader_left(&value); /* the row allows DHCP6_DUID_MAX at most */
        return reader_copy(&value, duid->bytes, duid->size);
}

static void write_duid(const void *field, size_t n, struct writer *w)
{
        const struct dhcp6_duid *duid = field;

        (void)n;
        writer_bytes(w, duid->bytes, duid->size);
}

static bool is_blob_said(const void *field, size_t n)
{
        return n == 0 && ((const struct dhcp6_blob *)field)->size > 0;
}

static int store_blob(void *field, size_t field_size, struct reader value)
{
        struct dhcp6_blob *blob = field;

        (void)field_size;
        if (reader_left(&value) > sizeof(blob->bytes))
                return 0; /* not said */
        blob->size = (uint8_t)reader_left(&value);
        return reader_copy(&value, blob->bytes, blob->size);
}

static void write_blob(const void *field, size_t n, struct writer *w)
{
        const struct dhcp6_blob *blob = field;

        (void)n;
        writer_bytes(w, blob->bytes, blob->size);
}

static bool is_ndi_said(const void *field, size_t n)
{
        static const uint8_t unsaid[3];

        return n == 0 && memcmp(field, unsaid, sizeof(unsaid)) != 0;
}

static int store_bytes(void *field, size_t field_size, struct reader value)
{
        return reader_copy(&value, field, field_size);
}

static void write_ndi(const void *field, size_t n, struct writer *w)
{
        (void)n;
        writer_bytes(w, field, sizeof(((struct dhcp6_options *)0)->ndi));
}

static bool is_address_said(const void *field, size_t n)
{
        return n == 0 && ip6_is_set(field);
}

static void write_address(const void *field, size_t n, struct writer *w)
{
        (void)n;
        writer_bytes(w, field, sizeof(struct ip6_address));
}

/* ---- lists ---- */

static bool is_list_said(const void *field, size_t n)
{
        return n == 0 && ((const struct dhcp6_address_list *)field)->count > 0;
}

static int store_list(void *field, size_t field_size, struct reader value)
{
        struct dhcp6_address_list *list = field;

        (void)field_size;
        if (reader_left(&value) % sizeof(list->at[0].bytes) != 0)
                return -EBADMSG;
        for (list->count = 0; list->count < DHCP6_MAX_DNS; list->count++)
                if (reader_copy(&value, list->at[list->count].bytes, sizeof(list->at[0].bytes)) < 0)
                        break;
        return 0;
}

static void write_list(const void *field, size_t n, struct writer *w)
{
        const struct dhcp6_address_list *list = field;

        (void)n;
        for (size_t i = 0; i < list->count && i < DHCP6_MAX_DNS; i++)
                writer_bytes(w, list->at[i].bytes, sizeof(list->at[i].bytes));
}

static bool is_requested_said(const void *field, size_t n)
{
        return n == 0 && ((const struct dhcp6_options *)field)->requested.count > 0;
}

static int store_requested(void *field, size_t field_size, struct reader value)
{
        struct dhcp6_options *options = field;
        uint16_t code;

        (void)field_size;
        if (reader_left(&value) % sizeof(code) != 0)
                return -EBADMSG;
        while (options->requested.count < DHCP6_MAX_REQUESTED && reader_be16(&value, &code) == 0)
                options->requested.at[options->requested.count++] = code;
        return 0;
}

static void write_requested(const void *field, size_t n, struct writer *w)
{
        const struct dhcp6_options *options = field;

        (void)n;
        for (size_t i = 0; i < options->requested.count && i < DHCP6_MAX_REQUESTED; i++)
                writer_be16(w, options->requested.at[i]);
}

/* A list in order of preference; the first is what is running now (RFC 5970 3.3). */
static bool is_architecture_said(const void *field, size_t n)
{
        return n == 0 && ((const struct dhcp6_options *)field)->has_architecture;
}

static int store_architecture(void *field, size_t field_size, struct reader value)
{
        struct dhcp6_options *options = field;

        (void)field_size;
        if (reader_left(&value) % sizeof(options->architecture) != 0)
                return -EBADMSG;
        options->has_architecture = true;
        return reader_be16(&value, &options->architecture);
}

static void write_architecture(const void *field, size_t n, struct writer *w)
{
        (void)n;
        writer_be16(w, ((const struct dhcp6_options *)field)->architecture);
}

/* ---- texts ---- */

static bool is_printable(uint8_t byte)
{
        return byte >= 0x20 && byte < 0x7f;
}

static bool is_of_name(uint8_t byte)
{
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
               (byte >= '0' && byte <= '9') || byte == '-';
}

static bool is_text_said(const void *field, size_t n)
{
        return n == 0 && *(const char *)field != '\0';
}

/* With other bytes than printable ones, or too long: not said. */
static int store_text(void *field, size_t field_size, struct reader value)
{
        const size_t len = reader_left(&value);

        for (size_t i = 0; i < len; i++)
                if (!is_printable(value.at[i]))
                        return 0;
        (void)text_copy_bytes(field, field_size, value.at, len);
        return 0;
}

static void write_text(const void *field, size_t n, struct writer *w)
{
        (void)n;
        writer_text(w, field);
}

/* RFC 8415 21.15, 21.16: texts with a length of two bytes each. All are checked, the first kept. */
static int store_classes(void *field, size_t field_size, struct reader value)
{
        bool is_first = true;
        struct reader text;
        uint16_t len;

        while (reader_left(&value) > 0) {
                if (reader_be16(&value, &len) < 0 || reader_take(&value, len, &text) < 0)
                        return -EBADMSG;
                if (is_first)
                        (void)store_text(field, field_size, text);
                is_first = false;
        }
        return 0;
}

static void write_classes(const void *field, size_t n, struct writer *w)
{
        (void)n;
        writer_be16(w, (uint16_t)strlen(field));
        writer_text(w, field);
}

static bool is_vendor_said(const void *field, size_t n)
{
        return n == 0 && ((const struct dhcp6_options *)field)->vendor_class[0] != '\0';
}

/* May come once for each enterprise (RFC 8415 21.16): the first that can be read is kept. */
static int store_vendor(void *field, size_t field_size, struct reader value)
{
        struct dhcp6_options *options = field;
        char text[DHCP6_TEXT_SIZE] = "";
        uint32_t enterprise = 0;
        int rc;

        (void)field_size;
        rc = reader_be32(&value, &enterprise);
        if (rc == 0)
                rc = store_classes(text, sizeof(text), value);
        if (rc < 0 || options->vendor_class[0] != '\0')
                return rc;
        options->enterprise = enterprise;
        return text_copy(options->vendor_class, sizeof(options->vendor_class), text);
}

static void write_vendor(const void *field, size_t n, struct writer *w)
{
        const struct dhcp6_options *options = field;

        writer_be32(w, options->enterprise);
        write_classes(options->vendor_class, n, w);
}

/* One label of a name as in RFC 1035 3.1, without pointers (RFC 8415 10). 1; 0 at the end;
 * -EBADMSG. Other bytes than those of a host's name: "". */
static int label_next(struct reader *r, char to[static DHCP6_HOSTNAME_SIZE])
{
        struct reader label;
        uint8_t len;

        to[0] = '\0';
        if (reader_left(r) == 0)
                return 0;
        if (reader_u8(r, &len) < 0 || len >= DHCP6_HOSTNAME_SIZE || reader_take(r, len, &label) < 0)
                return -EBADMSG;
        for (size_t i = 0; i < len; i++)
                if (!is_of_name(label.at[i]))
                        return 1;
        (void)text_copy_bytes(to, DHCP6_HOSTNAME_SIZE, label.at, len);
        return len > 0 ? 1 : 0;
}

static int store_domain(void *field, size_t field_size, struct reader value)
{
        char name[DHCP6_DOMAIN_SIZE] = "", label[DHCP6_HOSTNAME_SIZE];
        size_t len = 0;
        int rc;

        while ((rc = label_next(&value, label)) > 0) {
                const size_t more = strlen(label);

                if (more == 0 || more + 2 > sizeof(name) - len)
                        return 0; /* not said */
                if (len > 0)
                        name[len++] = '.';
                memcpy(name + len, label, more + 1);
                len += more;
        }
        if (rc == 0)
                (void)text_copy(field, field_size, name);
        return rc;
}

/* Labels of 1 to 63 bytes, perhaps a point at the end: operators may have written another. */
static bool is_domain_said(const void *field, size_t n)
{
        const char *name = field;

        if (n > 0 || !*name)
                return false;
        while (*name) {
                const size_t len = strcspn(name, ".");

                if (len == 0 || len >= DHCP6_HOSTNAME_SIZE)
                        return false;
                name += len + (name[len] == '.');
        }
        return true;
}

static void write_domain(const void *field, size_t n, struct writer *w)
{
        const char *name = field;

        (void)n;
        while (*name) {
                const size_t len = strcspn(name, ".");

                writer_u8(w, (uint8_t)len);
                writer_bytes(w, name, len);
                name += len + (name[len] == '.');
        }
        writer_u8(w, 0);
}

/* RFC 4704 4.1: flags, and a name of which the first label is the host's own. */
static int store_client_name(void *field, size_t field_size, struct reader value)
{
        char label[DHCP6_HOSTNAME_SIZE];
        uint8_t flags;
        int rc;

        rc = reader_u8(&value, &flags);
        if (rc == 0)
                rc = label_next(&value, label);
        if (rc > 0)
                (void)text_copy(field, field_size, label);
        return rc < 0 ? rc : 0;
}

static bool is_never_said(const void *field, size_t n)
{
        (void)field;
        (void)n;
        return false;
}

/* ---- the table ---- */

static const struct option_kind kind_duid = {is_duid_said, store_duid, write_duid};
static const struct option_kind kind_requested = {is_requested_said, store_requested,
                                                  write_requested};
static const struct option_kind kind_preference = {is_u8_said, store_preference, write_preference};
static const struct option_kind kind_u16 = {is_u16_said, store_u16, write_u16};
static const struct option_kind kind_u32 = {is_u32_said, store_u32, write_u32};
static const struct option_kind kind_flag = {is_flag_said, store_flag, write_flag};
static const struct option_kind kind_address = {is_address_said, store_bytes, write_address};
static const struct option_kind kind_list = {is_list_said, store_list, write_list};
static const struct option_kind kind_text = {is_text_said, store_text, write_text};
static const struct option_kind kind_class = {is_text_said, store_classes, write_classes};
static const struct option_kind kind_vendor = {is_vendor_said, store_vendor, write_vendor};
static const struct option_kind kind_domain = {is_domain_said, store_domain, write_domain};
static const struct option_kind kind_client_name = {is_never_said, store_client_name, write_text};
static const struct option_kind kind_blob = {is_blob_said, store_blob, write_blob};
static const struct option_kind kind_ndi = {is_ndi_said, store_bytes, write_ndi};
static const struct option_kind kind_architecture = {is_architecture_said, store_architecture,
                                                     write_architecture};
static const struct option_kind kind_status = {dhcp6_status_is_said, dhcp6_status_store,
                                               dhcp6_status_write};
static const struct option_kind kind_ia_na = {dhcp6_ia_is_said, dhcp6_ia_na_store,
                                              dhcp6_ia_na_write};
static const struct option_kind kind_ia_ta = {dhcp6_ia_is_said, dhcp6_ia_ta_store,
                                              dhcp6_ia_ta_write};
static const struct option_kind kind_ia_pd = {dhcp6_ia_is_said, dhcp6_ia_pd_store,
                                              dhcp6_ia_pd_write};

enum {
        ONCE = 1 << 0,  /* a second one is malformed */
        VITAL = 1 << 1, /* a message without it is not sent */
};

struct option_row {
        uint16_t code;
        uint16_t min, max; /* bytes of the value */
        unsigned flags;
        const struct option_kind *kind;
        size_t offset, size; /* of the field in struct dhcp6_options */
};

#define FIELD(member)                                                                              \
        offsetof(struct dhcp6_options, member), sizeof(((struct dhcp6_options *)0)->member)
#define WHOLE 0, sizeof(struct dhcp6_options)

/* clang-format off */
static const struct option_row rows[] = {
        {DHCP6_OPT_CLIENT_ID,       3,  DHCP6_DUID_MAX, ONCE | VITAL, &kind_duid,         FIELD(client_id)},
        {DHCP6_OPT_SERVER_ID,       3,  DHCP6_DUID_MAX, ONCE | VITAL, &kind_duid,         FIELD(server_id)},
        {DHCP6_OPT_STATUS,          2,  MAX_ANY,        ONCE | VITAL, &kind_status,       FIELD(status)},
        {DHCP6_OPT_RAPID_COMMIT,    0,  0,              ONCE | VITAL, &kind_flag,         FIELD(is_rapid_commit)},
        {DHCP6_OPT_IA_NA,           12, MAX_ANY,        VITAL,        &kind_ia_na,        FIELD(ia_na)},
        {DHCP6_OPT_IA_TA,           4,  MAX_ANY,        VITAL,        &kind_ia_ta,        FIELD(ia_ta)},
        {DHCP6_OPT_IA_PD,           12, MAX_ANY,        VITAL,        &kind_ia_pd,        FIELD(ia_pd)},
        {DHCP6_OPT_PREFERENCE,      1,  1,              ONCE | VITAL, &kind_preference,   WHOLE},
        {DHCP6_OPT_BOOT_URL,        1,  MAX_ANY,        ONCE,         &kind_text,         FIELD(boot_url)},
        {DHCP6_OPT_VENDOR_CLASS,    4,  MAX_ANY,        0,            &kind_vendor,       WHOLE},
        {DHCP6_OPT_BOOT_PARAMETERS, 2,  MAX_ANY,        ONCE,         &kind_blob,         FIELD(boot_parameters)},
        {DHCP6_OPT_DNS,             16, MAX_ANY,        ONCE,         &kind_list,         FIELD(dns)},
        {DHCP6_OPT_DOMAIN,          1,  MAX_ANY,        ONCE,         &kind_domain,       FIELD(domain)},
        {DHCP6_OPT_REFRESH_TIME,    4,  4,              ONCE,         &kind_u32,          FIELD(refresh_s)},
        {DHCP6_OPT_REQUESTED,       0,  MAX_ANY,        ONCE,         &kind_requested,    WHOLE},
        {DHCP6_OPT_ELAPSED_TIME,    2,  2,              ONCE,         &kind_u16,          FIELD(elapsed_cs)},
        {DHCP6_OPT_SERVER_UNICAST,  16, 16,             ONCE,         &kind_address,      FIELD(server_unicast)},
        {DHCP6_OPT_USER_CLASS,      0,  MAX_ANY,        ONCE,         &kind_class,        FIELD(user_class)},
        {DHCP6_OPT_CLIENT_NAME,     1,  MAX_ANY,        ONCE,         &kind_client_name,  FIELD(hostname)},
        {DHCP6_OPT_CLIENT_ARCH,     2,  MAX_ANY,        ONCE,         &kind_architecture, WHOLE},
        {DHCP6_OPT_CLIENT_NDI,      3,  3,              ONCE,         &kind_ndi,          FIELD(ndi)},
        {DHCP6_OPT_SOLICIT_MAX,     4,  4,              ONCE,         &kind_u32,          FIELD(solicit_max_s)},
        {DHCP6_OPT_INFORMATION_MAX, 4,  4,              ONCE,         &kind_u32,          FIELD(information_max_s)},
};
/* clang-format on */

void dhcp6_options_init(struct dhcp6_options *options)
{
        memset(options, 0, sizeof(*options));
        options->status = DHCP6_STATUS_UNSAID;
}

int dhcp6_option_next(struct reader *r, uint16_t *ret_code, struct reader *ret_value)
{
        uint16_t len;

        if (reader_left(r) == 0)
                return 0;
        if (reader_be16(r, ret_code) < 0 || reader_be16(r, &len) < 0 ||
            reader_take(r, len, ret_value) < 0)
                return -EBADMSG;
        return 1;
}

static const struct option_row *row_of(uint16_t code)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (rows[i].code == code)
                        return &rows[i];
        return NULL;
}

int dhcp6_options_parse(struct reader field, struct dhcp6_options *ret)
{
        bool is_seen[ARRAY_SIZE(rows)] = {0};
        struct dhcp6_options options;
        struct reader value;
        uint16_t code;
        int rc;

        dhcp6_options_init(&options);
        while ((rc = dhcp6_option_next(&field, &code, &value)) > 0) {
                const struct option_row *row = row_of(code);

                if (!row)
                        continue;
                if (reader_left(&value) < row->min || reader_left(&value) > row->max ||
                    (row->flags & ONCE && is_seen[row - rows]))
                        return -EBADMSG;
                is_seen[row - rows] = true;
                rc = row->kind->store((uint8_t *)&options + row->offset, row->size, value);
                if (rc < 0)
                        return rc;
        }
        if (rc < 0)
                return rc;
        *ret = options;
        return 0;
}

/* The length is known when the value is there. */
static int write_one(const struct option_row *row, const void *field, size_t n, struct writer *w)
{
        struct writer at = *w, head;

        writer_be16(&at, row->code);
        head = at;
        writer_be16(&at, 0);
        row->kind->write(field, n, &at);
        if (writer_size(&at) < 0)
                return row->flags & VITAL ? -EMSGSIZE : 0;
        writer_be16(&head, (uint16_t)(at.at - head.at - 2));
        *w = at;
        return 0;
}

int dhcp6_options_write(const struct dhcp6_options *options, struct writer *w)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct option_row *row = &rows[i];
                const void *field = (const uint8_t *)options + row->offset;

                for (size_t n = 0; row->kind->is_said(field, n); n++) {
                        const int rc = write_one(row, field, n, w);

                        if (rc < 0)
                                return rc;
                }
        }
        return 0;
}

bool dhcp6_options_is_pxe(const struct dhcp6_options *options)
{
        return text_has_prefix(options->vendor_class, "PXEClient");
}

bool dhcp6_options_is_http(const struct dhcp6_options *options)
{
        return text_has_prefix(options->vendor_class, "HTTPClient");
}

bool dhcp6_options_is_ipxe(const struct dhcp6_options *options)
{
        return text_is_equal(options->user_class, "iPXE");
}

bool dhcp6_options_wants(const struct dhcp6_options *options, uint16_t code)
{
        for (size_t i = 0; i < options->requested.count; i++)
                if (options->requested.at[i] == code)
                        return true;
        return false;
}
