/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "power/ipmi_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bmc/chassis.h"

/* An error of session set-up: 13.24, table 13-15. */
static const struct {
        uint8_t status;
        enum power_cause cause; /* POWER_OK: the next suite is tried; POWER_BUSY: later, anew */
} statuses[] = {
        {0x01, POWER_BUSY          }, /* no room for a session */
        {0x02, POWER_BUSY          }, /* it has forgotten this one */
        {0x04, POWER_OK            }, /* authentication algorithm */
        {0x05, POWER_OK            }, /* integrity algorithm */
        {0x06, POWER_OK            },
        {0x07, POWER_OK            },
        {0x08, POWER_BUSY          }, /* inactive session */
        {0x09, POWER_PRIVILEGE_LOW },
        {0x0a, POWER_PRIVILEGE_LOW },
        {0x0b, POWER_BUSY          }, /* no room for one of this privilege */
        {0x0c, POWER_NAME_WRONG    },
        {0x0d, POWER_NAME_WRONG    },
        {0x0f, POWER_PASSWORD_WRONG},
        {0x10, POWER_OK            }, /* confidentiality algorithm */
        {0x11, POWER_OK            }, /* no such suite */
        {0x12, POWER_OK            }, /* "illegal parameter": some say so to a suite they lack */
};

struct session_state;

struct ipmi_session {
        struct ipmi_codec *codec;
        const struct session_state *state;
        struct ipmi_login login;
        size_t suite; /* of login.suites */
        uint8_t tag;
        struct ipmi_handshake handshake;
        struct ipmi_keys keys;
        enum power_cause cause;

        uint64_t due_ms;
        uint32_t repeat_ms;

        struct ipmi_request request;
        uint32_t sequence, highest; /* sent, and seen: a datagram that is older is a copy */
        uint8_t requester;
        struct ipmi_response response;
};

struct session_state {
        const char *waits_for;
        ssize_t (*put)(struct ipmi_session *s, void *to, size_t size); /* NULL: nothing to send */
        enum ipmi_event (*take)(struct ipmi_session *s, const void *bytes, size_t size,
                                uint64_t now_ms);
};

/* The one place where a state changes. */
static void enter(struct ipmi_session *s, const struct session_state *state, uint64_t now_ms)
{
        s->state = state;
        s->repeat_ms = IPMI_REPEAT_MS;
        s->due_ms = state->put ? now_ms : UINT64_MAX;
}

static const struct session_state opening, proving, confirming, ready, asking, closing, over;

static enum ipmi_event fail(struct ipmi_session *s, enum power_cause cause)
{
        s->cause = cause;
        enter(s, &over, 0);
        return IPMI_FAILED;
}

static enum ipmi_event refused(struct ipmi_session *s, uint8_t status, uint64_t now_ms)
{
        enum power_cause cause = POWER_NONSENSE;

        for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
                if (statuses[i].status == status)
                        cause = statuses[i].cause;
        if (cause == POWER_BUSY) {
                s->cause = cause;
                enter(s, &over, now_ms);
                return IPMI_AGAIN;
        }
        if (cause != POWER_OK)
                return fail(s, cause);
        if (s->suite + 1 >= s->login.suite_count)
                return fail(s, POWER_SUITE_REFUSED);
        s->suite++;
        s->handshake.suite = ipmi_suite_find(s->login.suites[s->suite]);
        s->tag++;
        enter(s, &opening, now_ms);
        return IPMI_NOTHING;
}

/* An answer to what was sent, of this session. The status of a refusal counts without its number,
 * which a BMC need not send with it. */
static bool take_setup(struct ipmi_session *s, enum ipmi_setup_kind kind, const void *bytes,
                       size_t size, struct ipmi_setup *ret)
{
        return ipmi_take_setup(s->codec, kind, bytes, size, ret) == 0 && ret->tag == s->tag &&
               (ret->status != 0 || ret->console == s->handshake.console);
}

static ssize_t put_open(struct ipmi_session *s, void *to, size_t size)
{
        return ipmi_put_open(s->codec, &s->handshake, s->tag, to, size);
}

static enum ipmi_event take_open(struct ipmi_session *s, const void *bytes, size_t size,
                                 uint64_t now_ms)
{
        struct ipmi_setup setup;

        if (!take_setup(s, IPMI_OPEN_ANSWER, bytes, size, &setup))
                return IPMI_NOTHING;
        if (setup.status != 0)
                return refused(s, setup.status, now_ms);
        if (setup.managed == 0)
                return fail(s, POWER_NONSENSE);
        s->handshake.managed = setup.managed;
        s->tag++;
        enter(s, &proving, now_ms);
        return IPMI_NOTHING;
}

static ssize_t put_rakp1(struct ipmi_session *s, void *to, size_t size)
{
        return ipmi_put_rakp1(s->codec, &s->handshake, s->tag, to, size);
}

static enum ipmi_event take_rakp2(struct ipmi_session *s, const void *bytes, size_t size,
                                  uint64_t now_ms)
{
        struct ipmi_setup setup;

        if (!take_setup(s, IPMI_RAKP2, bytes, size, &setup))
                return IPMI_NOTHING;
        if (setup.status != 0)
                return refused(s, setup.status, now_ms);
        memcpy(s->handshake.managed_random, setup.random, sizeof(setup.random));
        memcpy(s->handshake.guid, setup.guid, sizeof(setup.guid));
        if (ipmi_check_rakp2(s->codec, &s->handshake) < 0)
                return fail(s, POWER_PASSWORD_WRONG);
        if (ipmi_make_keys(&s->handshake, &s->keys) < 0)
                return fail(s, POWER_OURS);
        s->tag++;
        enter(s, &confirming, now_ms);
        return IPMI_NOTHING;
}

static ssize_t put_rakp3(struct ipmi_session *s, void *to, size_t size)
{
        return ipmi_put_rakp3(s->codec, &s->handshake, s->tag, to, size);
}

static enum ipmi_event take_rakp4(struct ipmi_session *s, const void *bytes, size_t size,
                                  uint64_t now_ms)
{
        struct ipmi_setup setup;

        if (!take_setup(s, IPMI_RAKP4, bytes, size, &setup))
                return IPMI_NOTHING;
        if (setup.status != 0)
                return refused(s, setup.status, now_ms);
        /* The password was proved in RAKP 2; what is left is the key of the BMC. */
        if (ipmi_check_rakp4(s->codec, &s->handshake, &s->keys) < 0)
                return fail(s, POWER_KEY_WRONG);
        enter(s, &ready, now_ms);
        return IPMI_READY;
}

static ssize_t put_request(struct ipmi_session *s, void *to, size_t size)
{
        const struct ipmi_place place = {.session = s->handshake.managed,
                                         .sequence = ++s->sequence,
                                         .requester = s->requester};

        return ipmi_put_request(s->codec, &s->keys, &place, &s->request, to, size);
}

static bool take_response(struct ipmi_session *s, const void *bytes, size_t size)
{
        struct ipmi_response *r = &s->response;

        if (ipmi_take_response(s->codec, &s->keys, bytes, size, r) < 0)
                return false;
        if (r->place.session != s->handshake.console || r->place.requester != s->requester ||
            r->place.sequence <= s->highest || r->command != s->request.command ||
            r->net_function != (s->request.net_function | 1))
                return false;
        s->highest = r->place.sequence;
        return true;
}

static enum ipmi_event take_answer(struct ipmi_session *s, const void *bytes, size_t size,
                                   uint64_t now_ms)
{
        if (!take_response(s, bytes, size))
                return IPMI_NOTHING;
        enter(s, &ready, now_ms);
        return IPMI_ANSWER;
}

static enum ipmi_event take_close(struct ipmi_session *s, const void *bytes, size_t size,
                                  uint64_t now_ms)
{
        if (!take_response(s, bytes, size))
                return IPMI_NOTHING;
        enter(s, &over, now_ms);
        return IPMI_CLOSED;
}

static enum ipmi_event take_nothing(struct ipmi_session *s, const void *bytes, size_t size,
                                    uint64_t now_ms)
{
        (void)s;
        (void)bytes;
        (void)size;
        (void)now_ms;
        return IPMI_NOTHING;
}

static const struct session_state opening = {"an answer to its session request", put_open,
                                             take_open};
static const struct session_state proving = {"its proof of the password", put_rakp1, take_rakp2};
static const struct session_state confirming = {"its confirmation of the session", put_rakp3,
                                                take_rakp4};
static const struct session_state ready = {"nothing", NULL, take_nothing};
static const struct session_state asking = {"an answer to a command", put_request, take_answer};
static const struct session_state closing = {"the end of the session", put_request, take_close};
static const struct session_state over = {"nothing", NULL, take_nothing};

struct ipmi_session *ipmi_session_new(struct ipmi_codec *codec, const struct ipmi_login *login)
{
        struct ipmi_session *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->codec = codec;
        s->login = *login;
        s->state = &over;
        s->due_ms = UINT64_MAX;
        return s;
}

struct ipmi_session *ipmi_session_free(struct ipmi_session *session)
{
        if (!session)
                return NULL;
        explicit_bzero(session, sizeof(*session));
        free(session);
        return NULL;
}

void ipmi_session_start(struct ipmi_session *s, const struct ipmi_chance *chance, uint64_t now_ms)
{
        struct ipmi_handshake *h = &s->handshake;

        *h = (struct ipmi_handshake){
                .suite = ipmi_suite_find(s->login.suites[s->suite]),
                .console = chance->session,
                .privilege = s->login.privilege,
                .password_size = s->login.password_size,
                .key_size = s->login.key_size,
        };
        memcpy(h->console_random, chance->random, sizeof(h->console_random));
        memcpy(h->user, s->login.user, sizeof(h->user));
        memcpy(h->password, s->login.password, sizeof(h->password));
        memcpy(h->key, s->login.key, sizeof(h->key));
        s->tag = chance->tag;
        s->cause = POWER_OK;
        s->sequence = s->highest = 0;
        s->requester = 0;
        enter(s, &opening, now_ms);
}

uint64_t ipmi_session_due(const struct ipmi_session *session)
{
        return session->due_ms;
}

ssize_t ipmi_session_send(struct ipmi_session *s, uint64_t now_ms, void *to)
{
        if (now_ms < s->due_ms)
                return 0;
        if (s->state == &confirming && s->repeat_ms > IPMI_REPEAT_MS * 2) {
                /* Its confirmation was lost, and a BMC that has made the session does not say so
                 * twice: another session. */
                s->handshake.console++;
                s->tag++;
                enter(s, &opening, now_ms);
        }
        s->due_ms = now_ms + s->repeat_ms;
        s->repeat_ms =
                s->repeat_ms > IPMI_REPEAT_MAX_MS / 2 ? IPMI_REPEAT_MAX_MS : s->repeat_ms * 2;
        return s->state->put(s, to, IPMI_PACKET_MAX);
}

enum ipmi_event ipmi_session_receive(struct ipmi_session *s, const void *bytes, size_t size,
                                     uint64_t now_ms)
{
        return s->state->take(s, bytes, size, now_ms);
}

void ipmi_session_ask(struct ipmi_session *s, const struct ipmi_request *request, uint64_t now_ms)
{
        s->request = *request;
        s->requester = (s->requester + 1) & 0x3f;
        enter(s, &asking, now_ms);
}

const uint8_t *ipmi_session_answer(const struct ipmi_session *session, size_t *ret_size)
{
        *ret_size = session->response.size;
        return session->response.answer;
}

void ipmi_session_close(struct ipmi_session *s, uint64_t now_ms)
{
        s->request = ipmi_ask_close(s->handshake.managed);
        s->requester = (s->requester + 1) & 0x3f;
        enter(s, &closing, now_ms);
}

bool ipmi_session_is_open(const struct ipmi_session *session)
{
        return session->state == &ready || session->state == &asking;
}

enum power_cause ipmi_session_cause(const struct ipmi_session *session)
{
        return session->cause;
}

uint8_t ipmi_session_suite(const struct ipmi_session *session)
{
        return session->handshake.suite ? session->handshake.suite->id : 0;
}

const char *ipmi_session_waits_for(const struct ipmi_session *session)
{
        return session->state->waits_for;
}
