/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "power/ipmi_codec.h"

#include <errno.h>
#include <freeipmi/freeipmi.h>
#include <stdlib.h>
#include <string.h>

#define NAME_ONLY 1 /* the user is found by the name alone, not by name and privilege: 13.20 */

static const struct ipmi_suite suites[] = {
        {3,  IPMI_AUTHENTICATION_ALGORITHM_RAKP_HMAC_SHA1,   IPMI_INTEGRITY_ALGORITHM_HMAC_SHA1_96,
         IPMI_CONFIDENTIALITY_ALGORITHM_AES_CBC_128                                                                                           },
        {17, IPMI_AUTHENTICATION_ALGORITHM_RAKP_HMAC_SHA256,
         IPMI_INTEGRITY_ALGORITHM_HMAC_SHA256_128,                                                  IPMI_CONFIDENTIALITY_ALGORITHM_AES_CBC_128},
};

const struct ipmi_suite *ipmi_suite_find(uint8_t id)
{
        for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
                if (suites[i].id == id)
                        return &suites[i];
        return NULL;
}

#define FIXED    (FIID_FIELD_REQUIRED | FIID_FIELD_LENGTH_FIXED)
#define VARIABLE (FIID_FIELD_OPTIONAL | FIID_FIELD_LENGTH_VARIABLE)

/* Any command, and any answer: what is in them is for lib/bmc. Sizes in bits. */
static fiid_template_t request_template = {
        {8,                         "cmd",  FIXED   },
        {IPMI_REQUEST_DATA_MAX * 8, "data", VARIABLE},
        {0,                         "",     0       },
};
static fiid_template_t response_template = {
        {8,                         "cmd",       FIXED | FIID_FIELD_MAKES_PACKET_SUFFICIENT},
        {8,                         "comp_code", FIXED | FIID_FIELD_MAKES_PACKET_SUFFICIENT},
        {(IPMI_ANSWER_MAX - 1) * 8, "data",      VARIABLE                                  },
        {0,                         "",          0                                         },
};

enum object {
        RMCP_OUT,
        RMCP_IN,
        HEADER_OUT,
        HEADER_IN,
        TRAILER_OUT,
        TRAILER_IN,
        PAYLOAD_IN,
        MESSAGE_OUT,
        MESSAGE_IN,
        MESSAGE_TRAILER_IN,
        OPEN_OUT,
        OPEN_IN,
        RAKP1_OUT,
        RAKP2_IN,
        RAKP3_OUT,
        RAKP4_IN,
        REQUEST_OUT,
        RESPONSE_IN,
        OBJECTS
};

struct ipmi_codec {
        fiid_obj_t objects[OBJECTS];
};

static fiid_field_t *const templates[OBJECTS] = {
        [RMCP_OUT] = tmpl_rmcp_hdr,
        [RMCP_IN] = tmpl_rmcp_hdr,
        [HEADER_OUT] = tmpl_rmcpplus_session_hdr,
        [HEADER_IN] = tmpl_rmcpplus_session_hdr,
        [TRAILER_OUT] = tmpl_rmcpplus_session_trlr,
        [TRAILER_IN] = tmpl_rmcpplus_session_trlr,
        [PAYLOAD_IN] = tmpl_rmcpplus_payload,
        [MESSAGE_OUT] = tmpl_lan_msg_hdr_rq,
        [MESSAGE_IN] = tmpl_lan_msg_hdr_rs,
        [MESSAGE_TRAILER_IN] = tmpl_lan_msg_trlr,
        [OPEN_OUT] = tmpl_rmcpplus_open_session_request,
        [OPEN_IN] = tmpl_rmcpplus_open_session_response,
        [RAKP1_OUT] = tmpl_rmcpplus_rakp_message_1,
        [RAKP2_IN] = tmpl_rmcpplus_rakp_message_2,
        [RAKP3_OUT] = tmpl_rmcpplus_rakp_message_3,
        [RAKP4_IN] = tmpl_rmcpplus_rakp_message_4,
        [REQUEST_OUT] = request_template,
        [RESPONSE_IN] = response_template,
};

struct ipmi_codec *ipmi_codec_free(struct ipmi_codec *codec)
{
        if (!codec)
                return NULL;
        for (size_t i = 0; i < OBJECTS; i++)
                if (codec->objects[i])
                        fiid_obj_destroy(codec->objects[i]);
        free(codec);
        return NULL;
}

struct ipmi_codec *ipmi_codec_new(void)
{
        CLEANUP(ipmi_codec_free) struct ipmi_codec *codec = calloc(1, sizeof(*codec));

        if (!codec || ipmi_rmcpplus_init() < 0)
                return NULL;
        for (size_t i = 0; i < OBJECTS; i++) {
                codec->objects[i] = fiid_obj_create(templates[i]);
                if (!codec->objects[i])
                        return NULL;
        }
        return TAKE_PTR(codec);
}

/* What was not sent is 0. */
static uint64_t number(fiid_obj_t object, const char *field)
{
        uint64_t value = 0;

        return fiid_obj_get(object, field, &value) == 1 ? value : 0;
}

static size_t data(fiid_obj_t object, const char *field, void *to, size_t size)
{
        const int len = fiid_obj_get_data(object, field, to, (unsigned)size);

        return len < 0 ? 0 : (size_t)len;
}

static ssize_t put_setup(struct ipmi_codec *codec, uint8_t payload, fiid_obj_t message, void *to,
                         size_t size)
{
        fiid_obj_t *o = codec->objects;
        int len;

        if (fill_rmcp_hdr_ipmi(o[RMCP_OUT]) < 0 ||
            fill_rmcpplus_session_hdr(payload, IPMI_PAYLOAD_FLAG_UNAUTHENTICATED,
                                      IPMI_PAYLOAD_FLAG_UNENCRYPTED, 0, 0, 0, 0, o[HEADER_OUT]) < 0)
                return -EPROTO;
        len = assemble_ipmi_rmcpplus_pkt(IPMI_AUTHENTICATION_ALGORITHM_RAKP_NONE,
                                         IPMI_INTEGRITY_ALGORITHM_NONE,
                                         IPMI_CONFIDENTIALITY_ALGORITHM_NONE, NULL, 0, NULL, 0,
                                         NULL, 0, o[RMCP_OUT], o[HEADER_OUT], NULL, message, NULL,
                                         to, (unsigned)size, IPMI_INTERFACE_FLAGS_DEFAULT);
        return len < 0 ? -EPROTO : len;
}

ssize_t ipmi_put_open(struct ipmi_codec *codec, const struct ipmi_handshake *h, uint8_t tag,
                      void *to, size_t size)
{
        fiid_obj_t message = codec->objects[OPEN_OUT];

        if (fill_rmcpplus_open_session(tag, h->privilege, h->console, h->suite->authentication,
                                       h->suite->integrity, h->suite->confidentiality, message) < 0)
                return -EPROTO;
        return put_setup(codec, IPMI_PAYLOAD_TYPE_RMCPPLUS_OPEN_SESSION_REQUEST, message, to, size);
}

ssize_t ipmi_put_rakp1(struct ipmi_codec *codec, const struct ipmi_handshake *h, uint8_t tag,
                       void *to, size_t size)
{
        fiid_obj_t message = codec->objects[RAKP1_OUT];

        if (fill_rmcpplus_rakp_message_1(tag, h->managed, h->console_random, IPMI_RANDOM_SIZE,
                                         h->privilege, NAME_ONLY, h->user,
                                         (unsigned)strlen(h->user), message) < 0)
                return -EPROTO;
        return put_setup(codec, IPMI_PAYLOAD_TYPE_RAKP_MESSAGE_1, message, to, size);
}

ssize_t ipmi_put_rakp3(struct ipmi_codec *codec, const struct ipmi_handshake *h, uint8_t tag,
                       void *to, size_t size)
{
        fiid_obj_t message = codec->objects[RAKP3_OUT];
        uint8_t code[IPMI_CODE_MAX];
        int len;

        len = ipmi_calculate_rakp_3_key_exchange_authentication_code(
                h->suite->authentication, h->password, (unsigned)h->password_size,
                h->managed_random, IPMI_RANDOM_SIZE, h->console, NAME_ONLY, h->privilege, h->user,
                (unsigned)strlen(h->user), code, sizeof(code));
        if (len < 0 || fill_rmcpplus_rakp_message_3(tag, RMCPPLUS_STATUS_NO_ERRORS, h->managed,
                                                    code, (unsigned)len, message) < 0)
                return -EPROTO;
        return put_setup(codec, IPMI_PAYLOAD_TYPE_RAKP_MESSAGE_3, message, to, size);
}

ssize_t ipmi_put_request(struct ipmi_codec *codec, const struct ipmi_keys *keys,
                         const struct ipmi_place *place, const struct ipmi_request *request,
                         void *to, size_t size)
{
        const struct ipmi_suite *suite = keys->suite;
        fiid_obj_t *o = codec->objects;
        int len;

        (void)fiid_obj_clear(o[REQUEST_OUT]);
        if (fiid_obj_set(o[REQUEST_OUT], "cmd", request->command) < 0 ||
            (request->size > 0 &&
             fiid_obj_set_data(o[REQUEST_OUT], "data", request->data, request->size) < 0) ||
            fill_rmcp_hdr_ipmi(o[RMCP_OUT]) < 0 ||
            fill_rmcpplus_session_hdr(IPMI_PAYLOAD_TYPE_IPMI, IPMI_PAYLOAD_FLAG_AUTHENTICATED,
                                      IPMI_PAYLOAD_FLAG_ENCRYPTED, 0, 0, place->session,
                                      place->sequence, o[HEADER_OUT]) < 0 ||
            fill_lan_msg_hdr(IPMI_SLAVE_ADDRESS_BMC, request->net_function, IPMI_BMC_IPMB_LUN_BMC,
                             place->requester, o[MESSAGE_OUT]) < 0 ||
            fill_rmcpplus_session_trlr(o[TRAILER_OUT]) < 0)
                return -EPROTO;
        len = assemble_ipmi_rmcpplus_pkt(
                suite->authentication, suite->integrity, suite->confidentiality, keys->integrity,
                (unsigned)keys->integrity_size, keys->confidentiality,
                (unsigned)keys->confidentiality_size, NULL, 0, o[RMCP_OUT], o[HEADER_OUT],
                o[MESSAGE_OUT], o[REQUEST_OUT], o[TRAILER_OUT], to, (unsigned)size,
                IPMI_INTERFACE_FLAGS_DEFAULT);
        return len < 0 ? -EPROTO : len;
}

static const struct {
        enum object object;
        uint8_t payload;
} setup_kinds[IPMI_SETUP_KINDS] = {
        [IPMI_OPEN_ANSWER] = {OPEN_IN,  IPMI_PAYLOAD_TYPE_RMCPPLUS_OPEN_SESSION_RESPONSE},
        [IPMI_RAKP2] = {RAKP2_IN, IPMI_PAYLOAD_TYPE_RAKP_MESSAGE_2                },
        [IPMI_RAKP4] = {RAKP4_IN, IPMI_PAYLOAD_TYPE_RAKP_MESSAGE_4                },
};

int ipmi_take_setup(struct ipmi_codec *codec, enum ipmi_setup_kind kind, const void *bytes,
                    size_t size, struct ipmi_setup *ret)
{
        fiid_obj_t *o = codec->objects, message = o[setup_kinds[kind].object];
        struct ipmi_setup s;

        if (size > IPMI_PACKET_MAX)
                return -EBADMSG;
        if (unassemble_ipmi_rmcpplus_pkt(
                    IPMI_AUTHENTICATION_ALGORITHM_RAKP_NONE, IPMI_INTEGRITY_ALGORITHM_NONE,
                    IPMI_CONFIDENTIALITY_ALGORITHM_NONE, NULL, 0, NULL, 0, bytes, (unsigned)size,
                    o[RMCP_IN], o[HEADER_IN], o[PAYLOAD_IN], o[MESSAGE_IN], message,
                    o[MESSAGE_TRAILER_IN], o[TRAILER_IN], IPMI_INTERFACE_FLAGS_DEFAULT) < 0)
                return -EBADMSG;
        if (number(o[HEADER_IN], "payload_type") != setup_kinds[kind].payload ||
            fiid_obj_packet_sufficient(message) != 1)
                return -EBADMSG;
        s = (struct ipmi_setup){
                .tag = (uint8_t)number(message, "message_tag"),
                .status = (uint8_t)number(message, "rmcpplus_status_code"),
        };
        if (s.status == RMCPPLUS_STATUS_NO_ERRORS) {
                if (fiid_obj_packet_valid(message) != 1)
                        return -EBADMSG;
                s.console = (uint32_t)number(message, "remote_console_session_id");
                if (kind == IPMI_OPEN_ANSWER) {
                        s.privilege = (uint8_t)number(message, "maximum_privilege_level");
                        s.managed = (uint32_t)number(message, "managed_system_session_id");
                }
                if (kind == IPMI_RAKP2 && (data(message, "managed_system_random_number", s.random,
                                                sizeof(s.random)) != sizeof(s.random) ||
                                           data(message, "managed_system_guid", s.guid,
                                                sizeof(s.guid)) != sizeof(s.guid)))
                        return -EBADMSG;
        }
        *ret = s;
        return 0;
}

int ipmi_check_rakp2(struct ipmi_codec *codec, const struct ipmi_handshake *h)
{
        const int rc = ipmi_rmcpplus_check_rakp_2_key_exchange_authentication_code(
                h->suite->authentication, h->password, (unsigned)h->password_size, h->console,
                h->managed, h->console_random, IPMI_RANDOM_SIZE, h->managed_random,
                IPMI_RANDOM_SIZE, h->guid, IPMI_GUID_SIZE, NAME_ONLY, h->privilege, h->user,
                (unsigned)strlen(h->user), codec->objects[RAKP2_IN]);

        return rc == 1 ? 0 : -EKEYREJECTED;
}

int ipmi_check_rakp4(struct ipmi_codec *codec, const struct ipmi_handshake *h,
                     const struct ipmi_keys *keys)
{
        const int rc = ipmi_rmcpplus_check_rakp_4_integrity_check_value(
                h->suite->authentication, keys->session, (unsigned)keys->session_size,
                h->console_random, IPMI_RANDOM_SIZE, h->managed, h->guid, IPMI_GUID_SIZE,
                codec->objects[RAKP4_IN]);

        return rc == 1 ? 0 : -EKEYREJECTED;
}

int ipmi_make_keys(const struct ipmi_handshake *h, struct ipmi_keys *ret)
{
        uint8_t session[IPMI_CODE_MAX], integrity[IPMI_CODE_MAX], confidentiality[IPMI_CODE_MAX];
        void *at[] = {session, integrity, confidentiality};
        unsigned size[] = {sizeof(session), sizeof(integrity), sizeof(confidentiality)};
        const struct ipmi_suite *suite = h->suite;

        if (ipmi_calculate_rmcpplus_session_keys(
                    suite->authentication, suite->integrity, suite->confidentiality, h->password,
                    (unsigned)h->password_size, h->key_size > 0 ? h->key : NULL,
                    (unsigned)h->key_size, h->console_random, IPMI_RANDOM_SIZE, h->managed_random,
                    IPMI_RANDOM_SIZE, NAME_ONLY, h->privilege, h->user, (unsigned)strlen(h->user),
                    &at[0], &size[0], &at[1], &size[1], &at[2], &size[2]) < 0)
                return -EPROTO;
        *ret = (struct ipmi_keys){.suite = suite,
                                  .session_size = size[0],
                                  .integrity_size = size[1],
                                  .confidentiality_size = size[2]};
        memcpy(ret->session, at[0], size[0]);
        memcpy(ret->integrity, at[1], size[1]);
        memcpy(ret->confidentiality, at[2], size[2]);
        return 0;
}

/* Who left out the code or the encryption could be anybody. */
static bool is_of_session(struct ipmi_codec *codec, const struct ipmi_keys *keys, const void *bytes,
                          size_t size)
{
        fiid_obj_t *o = codec->objects;

        return number(o[HEADER_IN], "payload_type") == IPMI_PAYLOAD_TYPE_IPMI &&
               number(o[HEADER_IN], "payload_type.authenticated") == 1 &&
               number(o[HEADER_IN], "payload_type.encrypted") == 1 &&
               ipmi_rmcpplus_check_packet_session_authentication_code(
                       keys->suite->integrity, bytes, (unsigned)size, keys->integrity,
                       (unsigned)keys->integrity_size, NULL, 0, o[TRAILER_IN]) == 1 &&
               ipmi_rmcpplus_check_payload_pad(keys->suite->confidentiality, o[PAYLOAD_IN]) == 1 &&
               ipmi_lan_check_checksum(o[MESSAGE_IN], o[RESPONSE_IN], o[MESSAGE_TRAILER_IN]) == 1;
}

int ipmi_take_response(struct ipmi_codec *codec, const struct ipmi_keys *keys, const void *bytes,
                       size_t size, struct ipmi_response *ret)
{
        const struct ipmi_suite *suite = keys->suite;
        fiid_obj_t *o = codec->objects;

        if (size > IPMI_PACKET_MAX)
                return -EBADMSG;
        if (unassemble_ipmi_rmcpplus_pkt(
                    suite->authentication, suite->integrity, suite->confidentiality,
                    keys->integrity, (unsigned)keys->integrity_size, keys->confidentiality,
                    (unsigned)keys->confidentiality_size, bytes, (unsigned)size, o[RMCP_IN],
                    o[HEADER_IN], o[PAYLOAD_IN], o[MESSAGE_IN], o[RESPONSE_IN],
                    o[MESSAGE_TRAILER_IN], o[TRAILER_IN], IPMI_INTERFACE_FLAGS_DEFAULT) != 1)
                return -EBADMSG;
        if (!is_of_session(codec, keys, bytes, size) ||
            fiid_obj_packet_sufficient(o[RESPONSE_IN]) != 1)
                return -EBADMSG;
        *ret = (struct ipmi_response){
                .place = {.session = (uint32_t)number(o[HEADER_IN], "session_id"),
                          .sequence = (uint32_t)number(o[HEADER_IN], "session_sequence_number"),
                          .requester = (uint8_t)number(o[MESSAGE_IN], "rq_seq")},
                .net_function = (uint8_t)number(o[MESSAGE_IN], "net_fn"),
                .command = (uint8_t)number(o[RESPONSE_IN], "cmd"),
        };
        ret->answer[0] = (uint8_t)number(o[RESPONSE_IN], "comp_code");
        ret->size = 1 + data(o[RESPONSE_IN], "data", ret->answer + 1, sizeof(ret->answer) - 1);
        return 0;
}
