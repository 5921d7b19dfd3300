/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DHCP options
 *
 * First all pieces of an option are put together (RFC 3396), wherever option 52
 * spread them; then each value goes through one table. A row states the code,
 * the lengths that its RFC allows, of which kind it is, and the field that
 * holds it. The kinds know how to store and how to write; a new option is a new
 * row, and never new bounds checks.
 *
 * The order of the rows is the order in which we write: what a client cannot
 * do without first, so that what is left out of a small message is the rest.
 */
#include "dhcp/option.h"

#include <errno.h>
#include <string.h>

#include "dhcp/message.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define PIECE_MAX 255 /* of a value in one option */

/* A kind of value: how it is stored into its field, and written from it. Nothing written: unsaid.
 */
struct option_kind {
        int (*store)(void *field, size_t field_size, struct reader value);
        void (*write)(const void *field, struct writer *w);
};

static int store_address(void *field, size_t field_size, struct reader value)
{
        return reader_copy(&value, field, field_size);
}

static void write_address(const void *field, struct writer *w)
{
        const struct ip4_address *ip = field;

        if (ip4_is_set(*ip))
                writer_bytes(w, &ip->be, sizeof(ip->be));
}

static int store_address_list(void *field, size_t field_size, struct reader value)
{
        struct dhcp_address_list *list = field;

        (void)field_size;
        if (reader_left(&value) % sizeof(list->at[0].be) != 0)
                return -EBADMSG;

        for (list->count = 0; list->count < DHCP_ADDRESSES_MAX; list->count++)
                if (reader_copy(&value, &list->at[list->count].be, sizeof(list->at[0].be)) < 0)
                        break;
        return 0;
}

static void write_address_list(const void *field, struct writer *w)
{
        const struct dhcp_address_list *list = field;

        for (size_t i = 0; i < list->count && i < DHCP_ADDRESSES_MAX; i++)
                writer_bytes(w, &list->at[i].be, sizeof(list->at[i].be));
}

static int store_u32(void *field, size_t field_size, struct reader value)
{
        (void)field_size;
        return reader_be32(&value, field);
}

static void write_u32(const void *field, struct writer *w)
{
        const uint32_t *number = field;

        if (*number != 0)
                writer_be32(w, *number);
}

static int store_u16(void *field, size_t field_size, struct reader value)
{
        (void)field_size;
        return reader_be16(&value, field);
}

static void write_u16(const void *field, struct writer *w)
{
        const uint16_t *number = field;

        if (*number != 0)
                writer_be16(w, *number);
}

static int store_type(void *field, size_t field_size, struct reader value)
{
        enum dhcp_message_type *type = field;
        uint8_t number;
        int rc;

        (void)field_size;
        rc = reader_u8(&value, &number);
        if (rc < 0)
                return rc;
        if (number == DHCP_NONE || number >= DHCP_MESSAGE_TYPE_COUNT)
                return -EBADMSG;

        *type = (enum dhcp_message_type)number;
        return 0;
}

static void write_type(const void *field, struct writer *w)
{
        const enum dhcp_message_type *type = field;

        if (*type != DHCP_NONE)
                writer_u8(w, (uint8_t)*type);
}

static int store_blob(void *field, size_t field_size, struct reader value)
{
        struct dhcp_blob *blob = field;

        (void)field_size;
        blob->size = (uint8_t)reader_left(&value); /* the row allows DHCP_BLOB_MAX at most */
        return reader_copy(&value, blob->bytes, blob->size);
}

static void write_blob(const void *field, struct writer *w)
{
        const struct dhcp_blob *blob = field;

        writer_bytes(w, blob->bytes, blob->size);
}

/* A fixed number of bytes; all zero is unsaid. */
static void write_ndi(const void *field, struct writer *w)
{
        static const uint8_t unsaid[3];

        if (memcmp(field, unsaid, sizeof(unsaid)) != 0)
                writer_bytes(w, field, sizeof(unsaid));
}

static bool is_printable(uint8_t byte)
{
        return byte >= 0x20 && byte < 0x7f;
}

static bool is_of_name(uint8_t byte)
{
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
               (byte >= '0' && byte <= '9') || byte == '-' || byte == '.';
}

static int store_text_of(char *field, size_t field_size, struct reader value,
                         bool (*is_allowed)(uint8_t))
{
        size_t len = reader_left(&value);

        /* RFC 2132 2: NUL bytes at the end are not part of the text. */
        while (len > 0 && value.at[len - 1] == '\0')
                len--;
        for (size_t i = 0; i < len; i++)
                if (!is_allowed(value.at[i]))
                        return 0;

        (void)text_copy_bytes(field, field_size, value.at, len); /* too long: "", not said */
        return 0;
}

static int store_text(void *field, size_t field_size, struct reader value)
{
        return store_text_of(field, field_size, value, is_printable);
}

static int store_name(void *field, size_t field_size, struct reader value)
{
        return store_text_of(field, field_size, value, is_of_name);
}

static void write_text(const void *field, struct writer *w)
{
        writer_text(w, field);
}

/* A list in order of preference; the first is what is running now (RFC 4578 2.1). */
static int store_architecture(void *field, size_t field_size, struct reader value)
{
        struct dhcp_options *options = field;

        (void)field_size;
        options->has_architecture = true;
        return reader_be16(&value, &options->architecture);
}

static void write_architecture(const void *field, struct writer *w)
{
        const struct dhcp_options *options = field;

        if (options->has_architecture)
                writer_be16(w, options->architecture);
}

/* 0 s ago is a value. */
static int store_last_transaction(void *field, size_t field_size, struct reader value)
{
        struct dhcp_options *options = field;

        (void)field_size;
        options->has_last_transaction = true;
        return reader_be32(&value, &options->last_transaction_s);
}

static void write_last_transaction(const void *field, struct writer *w)
{
        const struct dhcp_options *options = field;

        if (options->has_last_transaction)
                writer_be32(w, options->last_transaction_s);
}

static const struct option_kind kind_type = {store_type, write_type};
static const struct option_kind kind_address = {store_address, write_address};
static const struct option_kind kind_list = {store_address_list, write_address_list};
static const struct option_kind kind_u32 = {store_u32, write_u32};
static const struct option_kind kind_u16 = {store_u16, write_u16};
static const struct option_kind kind_blob = {store_blob, write_blob};
static const struct option_kind kind_ndi = {store_address, write_ndi};
static const struct option_kind kind_text = {store_text, write_text};
static const struct option_kind kind_name = {store_name, write_text};
static const struct option_kind kind_last_transaction = {store_last_transaction,
                                                         write_last_transaction};
static const struct option_kind kind_architecture = {store_architecture, write_architecture};

struct option_row {
        uint8_t code;
        uint16_t min, max; /* bytes of the whole value */
        bool is_vital;     /* a message without it is not sent */
        const struct option_kind *kind;
        size_t offset, size; /* of the field in struct dhcp_options */
};

#define FIELD(member)                                                                              \
        offsetof(struct dhcp_options, member), sizeof(((struct dhcp_options *)0)->member)
#define WHOLE 0, sizeof(struct dhcp_options)

static const struct option_row rows[] = {
        {DHCP_OPT_MESSAGE_TYPE,     1,  1,   true,  &kind_type,             FIELD(type)          },
        {DHCP_OPT_SERVER_ID,        4,  4,   true,  &kind_address,          FIELD(server_id)     },
        {DHCP_OPT_WANTED_ADDRESS,   4,  4,   true,  &kind_address,          FIELD(wanted)        },
        {DHCP_OPT_LEASE_TIME,       4,  4,   true,  &kind_u32,              FIELD(lease_s)       },
        {DHCP_OPT_NETMASK,          4,  4,   true,  &kind_address,          FIELD(netmask)       },
        {DHCP_OPT_CLIENT_ID,        2,  255, true,  &kind_blob,             FIELD(client_id)     },
        {DHCP_OPT_MAX_SIZE,         2,  2,   true,  &kind_u16,              FIELD(max_size)      },
        {DHCP_OPT_PARAMETERS,       1,  255, true,  &kind_blob,             FIELD(parameters)    },
        {DHCP_OPT_ROUTERS,          4,  252, false, &kind_list,             FIELD(router)        },
        {DHCP_OPT_CLIENT_UUID,      17, 17,  false, &kind_blob,             FIELD(client_uuid)   },
        {DHCP_OPT_VENDOR_CLASS,     1,  255, false, &kind_text,             FIELD(vendor_class)  },
        {DHCP_OPT_VENDOR_OPTIONS,   1,  255, false, &kind_blob,             FIELD(vendor_options)},
        {DHCP_OPT_IPXE,             1,  255, false, &kind_blob,             FIELD(ipxe)          },
        {DHCP_OPT_BOOT_FILE,        1,  255, false, &kind_text,             FIELD(boot_file)     },
        {DHCP_OPT_BOOT_SERVER,      1,  255, false, &kind_text,             FIELD(boot_server)   },
        {DHCP_OPT_ROOT_PATH,        1,  511, false, &kind_text,             FIELD(root_path)     },
        {DHCP_OPT_TFTP_SERVERS,     4,  252, false, &kind_list,             FIELD(tftp)          },
        {DHCP_OPT_RENEWAL_TIME,     4,  4,   false, &kind_u32,              FIELD(renewal_s)     },
        {DHCP_OPT_REBINDING_TIME,   4,  4,   false, &kind_u32,              FIELD(rebinding_s)   },
        {DHCP_OPT_DNS,              4,  252, false, &kind_list,             FIELD(dns)           },
        {DHCP_OPT_HOSTNAME,         0,  255, false, &kind_name,             FIELD(hostname)      },
        {DHCP_OPT_DOMAIN,           0,  255, false, &kind_name,             FIELD(domain)        },
        {DHCP_OPT_FQDN,             3,  255, false, &kind_blob,             FIELD(fqdn)          },
        {DHCP_OPT_CAPTIVE_PORTAL,   1,  511, false, &kind_text,             FIELD(captive_portal)},
        {DHCP_OPT_LAST_TRANSACTION, 4,  4,   false, &kind_last_transaction, WHOLE                },
        {DHCP_OPT_ASSOCIATED,       4,  252, false, &kind_list,             FIELD(associated)    },
        {DHCP_OPT_BROADCAST,        4,  4,   false, &kind_address,          FIELD(broadcast)     },
        {DHCP_OPT_USER_CLASS,       1,  255, false, &kind_blob,             FIELD(user_class)    },
        {DHCP_OPT_CLIENT_ARCH,      2,  254, false, &kind_architecture,     WHOLE                },
        {DHCP_OPT_CLIENT_NDI,       3,  3,   false, &kind_ndi,              FIELD(ndi)           },
 /* Last: RFC 3046 2.2. */
        {DHCP_OPT_RELAY_INFO,       1,  255, true,  &kind_blob,             FIELD(relay_info)    },
};

/* All pieces of each option, one after the other. */
struct option_values {
        uint16_t size[DHCP_OPT_END];
        uint16_t start[DHCP_OPT_END];
        bool is_said[DHCP_OPT_END];
        uint8_t bytes[DHCP_MESSAGE_MAX];
};

/* Takes the next option off @field. Return: 1, 0 at the end, -EBADMSG. */
static int option_next(struct reader *field, uint8_t *ret_code, struct reader *ret_value)
{
        uint8_t code, len;

        do {
                if (reader_u8(field, &code) < 0 || code == DHCP_OPT_END)
                        return 0;
        } while (code == DHCP_OPT_PAD);

        if (reader_u8(field, &len) < 0 || reader_take(field, len, ret_value) < 0)
                return -EBADMSG;
        *ret_code = code;
        return 1;
}

static int values_measure(struct option_values *values, struct reader field)
{
        struct reader value;
        uint8_t code;
        int rc;

        while ((rc = option_next(&field, &code, &value)) > 0) {
                values->is_said[code] = true;
                values->size[code] = (uint16_t)(values->size[code] + reader_left(&value));
        }
        return rc;
}

static void values_copy(struct option_values *values, struct reader field, uint16_t at[])
{
        struct reader value;
        uint8_t code;

        while (option_next(&field, &code, &value) > 0) {
                const size_t len = reader_left(&value);

                memcpy(values->bytes + at[code], value.at, len);
                at[code] = (uint16_t)(at[code] + len);
        }
}

/* Option 52, which only the options field itself may hold; 0 without it. */
static int overload_find(struct reader field, uint8_t *ret)
{
        struct reader value;
        uint8_t code, overload = 0;
        int rc;

        while ((rc = option_next(&field, &code, &value)) > 0) {
                if (code != DHCP_OPT_OVERLOAD)
                        continue;
                if (reader_left(&value) != 1 || value.at[0] < DHCP_OVERLOAD_FILE ||
                    value.at[0] > (DHCP_OVERLOAD_FILE | DHCP_OVERLOAD_SNAME))
                        return -EBADMSG;
                overload = value.at[0];
        }
        *ret = overload;
        return rc;
}

/* RFC 3396 5: options, then file, then sname, as if they were one. */
static int values_collect(struct option_values *values, const struct dhcp_option_fields *fields,
                          uint8_t overload)
{
        const struct reader none = {0};
        const struct reader parts[] = {
                fields->options,
                overload & DHCP_OVERLOAD_FILE ? fields->file : none,
                overload & DHCP_OVERLOAD_SNAME ? fields->sname : none,
        };
        uint16_t at[DHCP_OPT_END];
        size_t total = 0;

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                total += reader_left(&parts[i]);
        if (total > sizeof(values->bytes))
                return -EMSGSIZE;

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                int rc = values_measure(values, parts[i]);

                if (rc < 0)
                        return rc;
        }

        total = 0;
        for (size_t code = 0; code < DHCP_OPT_END; code++) {
                values->start[code] = at[code] = (uint16_t)total;
                total += values->size[code];
        }
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                values_copy(values, parts[i], at);
        return 0;
}

int dhcp_options_parse(const struct dhcp_option_fields *fields, struct dhcp_options *ret,
                       uint8_t *ret_overload)
{
        struct dhcp_options options = {0};
        struct option_values values = {0};
        uint8_t overload;
        int rc;

        rc = overload_find(fields->options, &overload);
        if (rc < 0)
                return rc;
        rc = values_collect(&values, fields, overload);
        if (rc < 0)
                return rc;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct option_row *row = &rows[i];
                const size_t size = values.size[row->code];

                if (!values.is_said[row->code])
                        continue;
                if (size < row->min || size > row->max)
                        return -EBADMSG;
                rc = row->kind->store((uint8_t *)&options + row->offset, row->size,
                                      reader_over(values.bytes + values.start[row->code], size));
                if (rc < 0)
                        return rc;
        }

        *ret = options;
        *ret_overload = overload;
        return 0;
}

/* RFC 3396 7: what is longer than one option can be goes on in the next of the same code. */
static void write_pieces(struct writer *w, uint8_t code, const uint8_t *bytes, size_t size)
{
        while (size > 0) {
                const size_t piece = size < PIECE_MAX ? size : PIECE_MAX;

                writer_u8(w, code);
                writer_u8(w, (uint8_t)piece);
                writer_bytes(w, bytes, piece);
                bytes += piece;
                size -= piece;
        }
}

int dhcp_options_write(const struct dhcp_options *options, struct writer *w)
{
        const size_t relay_size = options->relay_info.size > 0 ? 2u + options->relay_info.size : 0;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct option_row *row = &rows[i];
                /* The end mark, and option 82 until it is its turn. */
                const size_t kept = 1 + (row->code == DHCP_OPT_RELAY_INFO ? 0 : relay_size);
                uint8_t bytes[DHCP_LONG_SIZE];
                struct writer value = writer_over(bytes, row->max);
                ssize_t size;
                size_t heads;

                row->kind->write((const uint8_t *)options + row->offset, &value);
                size = writer_size(&value);
                if (size == 0)
                        continue;
                heads = 2 * (((size_t)size + PIECE_MAX - 1) / PIECE_MAX);
                if (size < 0 || writer_left(w) < kept ||
                    writer_left(w) - kept < heads + (size_t)size) {
                        if (row->is_vital)
                                return -EMSGSIZE;
                        continue;
                }
                write_pieces(w, row->code, bytes, (size_t)size);
        }

        writer_u8(w, DHCP_OPT_END);
        return writer_size(w) < 0 ? -EMSGSIZE : 0;
}

const char *dhcp_message_type_name(enum dhcp_message_type type)
{
        static const char *const names[DHCP_MESSAGE_TYPE_COUNT] = {
                [DHCP_NONE] = "NONE",
                [DHCP_DISCOVER] = "DISCOVER",
                [DHCP_OFFER] = "OFFER",
                [DHCP_REQUEST] = "REQUEST",
                [DHCP_DECLINE] = "DECLINE",
                [DHCP_ACK] = "ACK",
                [DHCP_NAK] = "NAK",
                [DHCP_RELEASE] = "RELEASE",
                [DHCP_INFORM] = "INFORM",
                [DHCP_FORCERENEW] = "FORCERENEW",
                [DHCP_LEASEQUERY] = "LEASEQUERY",
                [DHCP_LEASEUNASSIGNED] = "LEASEUNASSIGNED",
                [DHCP_LEASEUNKNOWN] = "LEASEUNKNOWN",
                [DHCP_LEASEACTIVE] = "LEASEACTIVE",
        };

        return (size_t)type < ARRAY_SIZE(names) ? names[type] : names[DHCP_NONE];
}

bool dhcp_options_is_pxe(const struct dhcp_options *options)
{
        return text_has_prefix(options->vendor_class, "PXEClient");
}

bool dhcp_options_is_http(const struct dhcp_options *options)
{
        return text_has_prefix(options->vendor_class, "HTTPClient");
}

bool dhcp_options_is_ipxe(const struct dhcp_options *options)
{
        return options->ipxe.size > 0 || dhcp_options_has_user_class(options, "iPXE");
}

static bool is_text(struct reader value, const char *text)
{
        return reader_left(&value) == strlen(text) &&
               memcmp(value.at, text, reader_left(&value)) == 0;
}

bool dhcp_options_has_user_class(const struct dhcp_options *options, const char *class)
{
        struct reader r = reader_over(options->user_class.bytes, options->user_class.size), value;
        uint8_t size;

        if (is_text(r, class))
                return true;
        while (reader_u8(&r, &size) == 0 && reader_take(&r, size, &value) == 0)
                if (is_text(value, class))
                        return true;
        return false;
}

bool dhcp_options_wants(const struct dhcp_options *options, uint8_t code)
{
        return options->parameters.size == 0 ||
               memchr(options->parameters.bytes, code, options->parameters.size);
}

bool dhcp_options_uuid(const struct dhcp_options *options, struct uuid *ret)
{
        const struct dhcp_blob *blob = &options->client_uuid;

        /* RFC 4578 2.3 names one type of number: 0. */
        if (blob->size != 1 + sizeof(ret->bytes) || blob->bytes[0] != 0)
                return false;

        *ret = uuid_from_smbios(blob->bytes + 1);
        return true;
}
