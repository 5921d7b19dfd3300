/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The conversation with the controller
 *
 * A table of states, walked by one function. Each state's run() says 1 (done, go
 * on), 0 (done, stay: orders are asked for again), or what went wrong; then the
 * state is tried again after a pause that grows, for as long as it takes: a
 * controller that is being restarted must find its nodes waiting. Only one
 * answer ends it: another boot of this node took its place.
 */
#include "installer/conversation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "installer/conversation_private.h"
#include "installer/deeds.h"
#include "installer/inventory.h"
#include "installer/stage_two_linux.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/trust/secret.h"

#define PAUSE_FIRST_MS  1000
#define PAUSE_MAX_MS    15000
#define ORDERS_WAIT_MS  40000 /* the controller answers within 25 s */
#define STAGE_TWO_TRIES 3     /* then the inventory goes out without its drivers */
#define SECOND_NS       1000000

static void note(struct conversation *c, enum node_step step, const char *text, uint64_t bytes,
                 uint64_t took_ms)
{
        const struct site *site = c->options->site;
        struct node_event *event;

        if (c->event_count == EVENTS_KEPT)
                return; /* the controller is away for long; what matters stands in the log */
        event = &c->events[c->event_count++];
        *event = (struct node_event){
                .seq = ++c->seq,
                .at_ms = clock_wall_ms() + (uint64_t)c->clock_ahead_ms,
                .mac = c->options->mac,
                .address = c->options->address,
                .step = step,
                .bytes = bytes,
                .took_ms = took_ms,
        };
        (void)text_copy(event->boot, sizeof(event->boot), site->boot);
        snprintf(event->text, sizeof(event->text), "%s", text);
}

/* Refusals that no further try will change. */
static int errno_of(const char *code)
{
        static const struct {
                const char *code;
                int rc;
        } final[] = {
                {"token-stale",      -ESTALE   }, /* another boot of this node took our place */
                {"boot-expired",     -ETIME    }, /* claimed too late: boot again, for a fresh number */
                {"boot-unknown",     -ETIME    },
                {"generation-stale", -ECANCELED}, /* aborted, or another install began */
                {"operation-none",   -ECANCELED},
        };

        for (size_t i = 0; i < ARRAY_SIZE(final); i++)
                if (text_is_equal(code, final[i].code))
                        return final[i].rc;
        return -EPROTO;
}

int conversation_call(struct conversation *c, const char *method, const char *path,
                      struct doc *take_body, unsigned timeout_ms, struct doc **ret)
{
        _doc_ struct doc *body = take_body;
        _response_ struct fetch_response response = {0};
        _free_ char *text = NULL;
        char url[SITE_URL_SIZE + 128];
        struct fetch_request request = {
                .method = method, .url = url, .timeout_ms = timeout_ms, .silence_ms = timeout_ms};
        _doc_ struct doc *answer = NULL;
        int rc;

        snprintf(url, sizeof(url), "%s%s", c->options->site->controllers[c->controller], path);
        if (body) {
                rc = doc_print(body, DOC_COMPACT, &text);
                if (rc < 0)
                        return rc;
                request.body = text;
                request.body_size = strlen(text);
        }
        if (c->claimed.token[0])
                request.bearer = c->claimed.token;

        rc = fetch_do(c->fetch, &request, c->error, &response);
        if (rc < 0)
                return rc;
        rc = doc_parse(response.body, response.body_size, &doc_limits_message, c->error, &answer);
        if (response.status != 200) {
                const char *code = doc_get_text(answer, "code");
                const char *detail = doc_get_text(answer, "detail");

                snprintf(c->error, sizeof(c->error), "the controller refuses %s: %s", path,
                         detail ? detail
                         : code ? code
                                : "no reason given");
                return errno_of(code);
        }
        if (rc >= 0 && ret)
                *ret = TAKE_PTR(answer);
        return rc;
}

static void send_events(struct conversation *c)
{
        if (c->event_count == 0)
                return;
        /* The timeline is for people: what fails here is sent with the next. */
        if (conversation_call(c, "POST", "/agent/v1/events",
                              node_events_encode(c->events, c->event_count), CALL_TIMEOUT_MS,
                              NULL) == 0)
                c->event_count = 0;
}

/* Absent where the kernel does not tell: the MAC is identity enough to claim. */
static void read_uuid(struct uuid *ret)
{
        _free_ char *text = NULL;

        if (file_read(AT_FDCWD, "/sys/class/dmi/id/product_uuid", UUID_TEXT_SIZE, &text, NULL) < 0)
                return;
        text[strcspn(text, "\n")] = '\0';
        (void)uuid_parse(text, ret);
}

static int fill_claim(struct conversation *c, struct agent_claim *claim)
{
        const char *boot = c->options->site->boot;
        uint8_t signature[ED25519_SIGNATURE_SIZE];
        char signed_text[sizeof(CLAIM_PREFIX) + BOOT_TEXT_SIZE];
        _free_ char *key_text = NULL, *signature_text = NULL;
        struct public_key public_key;
        int rc;

        snprintf(signed_text, sizeof(signed_text), CLAIM_PREFIX "%s", boot);
        rc = signing_key_sign(c->key, signed_text, strlen(signed_text), signature);
        if (rc < 0)
                return rc;
        signing_key_public(c->key, &public_key);
        rc = base64_encode(public_key.bytes, sizeof(public_key.bytes), &key_text);
        if (rc >= 0)
                rc = base64_encode(signature, sizeof(signature), &signature_text);
        if (rc < 0)
                return rc;

        *claim = (struct agent_claim){
                .mac = c->options->mac, .address = c->options->address, .version = CLOUDIE_VERSION};
        read_uuid(&claim->uuid);
        (void)text_copy(claim->boot, sizeof(claim->boot), boot);
        (void)text_copy(claim->public_key, sizeof(claim->public_key), key_text);
        (void)text_copy(claim->signature, sizeof(claim->signature), signature_text);
        return 0;
}

/* A timeline has one clock, the controller's; what was noted before we knew it is moved. */
static void set_clock(struct conversation *c)
{
        if (c->claimed.now_ms == 0 || c->claimed.now_ms > INT64_MAX)
                return;
        c->clock_ahead_ms = (int64_t)c->claimed.now_ms - (int64_t)clock_wall_ms();
        for (size_t i = 0; i < c->event_count; i++)
                c->events[i].at_ms += (uint64_t)c->clock_ahead_ms;
}

static int run_claim(struct conversation *c)
{
        _doc_ struct doc *answer = NULL;
        struct agent_claim claim;
        int rc;

        rc = fill_claim(c, &claim);
        if (rc < 0)
                return rc;
        rc = conversation_call(c, "POST", "/agent/v1/claim", doc_encode(&agent_claim_table, &claim),
                               CALL_TIMEOUT_MS, &answer);
        if (rc < 0)
                return rc;
        rc = doc_decode(&agent_claimed_table, answer, c->error, &c->claimed);
        if (rc < 0)
                return rc;

        set_clock(c);
        log_info("agent.claimed", "node=%s boot=%s", c->claimed.node, claim.boot);
        send_events(c);
        return 1;
}

/* Most machines have nothing that stage two is for but an install: they are seen before it comes.
 */
static int run_devices(struct conversation *c)
{
        struct deed_answer answer = {.number = 1};
        int rc = 0;

        if (c->options->deeds >= 0)
                rc = deeds_ask(c->options->deeds, (struct deed){.kind = DEED_DEVICES}, NULL,
                               &answer);
        if (rc < 0 || answer.rc < 0)
                return rc < 0 ? rc : answer.rc;
        if (answer.number > 0)
                return conversation_go(c, STATE_STAGE_TWO, "a device asks for it");
        return conversation_go(c, STATE_INVENTORY, "no device asks for stage two");
}

/* Where to, from stage two. */
static int pass_stage_two(struct conversation *c)
{
        c->has_stage_two = true;
        c->is_asked_again = false;
        return c->is_reported ? conversation_go(c, STATE_ORDERS, "done") : 1;
}

/* The installer is in it. What came late may bring devices, so it is reported anew. */
static int ask_again(struct conversation *c)
{
        c->is_asked_again = true;
        c->has_stage_two = c->is_reported = c->is_held = false;
        return conversation_go(c, STATE_STAGE_TWO, "an install needs it");
}

static int give_up_stage_two(struct conversation *c)
{
        const bool is_ordered = c->is_asked_again;

        snprintf(c->missing, sizeof(c->missing), "stage two: %s", c->error);
        note(c, STEP_FAILED, c->missing, 0, 0);
        log_error("stage_two.given_up", "error=%s", QUOTE(c->error));
        if (!is_ordered)
                return pass_stage_two(c);
        c->is_reported = true; /* as it was before */
        (void)pass_stage_two(c);
        return conversation_go(c, STATE_PLAN, "the install fails of it");
}

/* Checked, mounted, its drivers loaded, and before a report devices had their chance to appear:
 * elsewhere. */
static int have_mounted(struct conversation *c, const struct stage_two_files *files)
{
        const int fds[] = {files->file, files->manifest, files->signature};
        const struct deed deed = {.kind = DEED_STAGE_TWO, .argument = !c->is_reported};
        struct deed_answer answer = {0};
        int rc = deeds_ask(c->options->deeds, deed, fds, &answer);

        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                close(fds[i]);
        if (rc == 0 && answer.rc < 0) {
                rc = answer.rc;
                snprintf(c->error, sizeof(c->error), "%s",
                         answer.text[0] ? answer.text : strerror(-rc));
        }
        return rc;
}

static int get_stage_two(struct conversation *c, struct stage_two *ret)
{
        const struct site *site = c->options->site;
        struct stage_two_files files;
        _close_ int fd = -EBADF;
        int rc;

        if (c->options->deeds < 0)
                return stage_two_fetch(c->fetch, site, c->error, ret, &fd);
        rc = stage_two_fetch_files(c->fetch, site, c->error, ret, &files);
        return rc < 0 ? rc : have_mounted(c, &files);
}

static int run_stage_two(struct conversation *c)
{
        struct stage_two stage = {0};
        int rc;

        if (c->options->site->edge[0] == '\0')
                return pass_stage_two(c); /* booted from a medium */
        rc = get_stage_two(c, &stage);
        if (rc < 0 && c->failures + 1 < STAGE_TWO_TRIES)
                return rc;
        if (rc < 0)
                return give_up_stage_two(c);

        c->missing[0] = '\0';
        note(c, STEP_STAGE_TWO, stage.version, stage.bytes, stage.took_ms);
        send_events(c);
        return pass_stage_two(c);
}

/* Once: it is tried again for ever, and the timeline must say why no inventory comes. */
static void tell_inventory_failure(struct conversation *c, int rc)
{
        char text[EVENT_TEXT_SIZE], why[FETCH_ERROR_SIZE];

        if (c->failures > 0)
                return;
        snprintf(why, sizeof(why), "%s", c->error[0] ? c->error : strerror(-rc));
        snprintf(text, sizeof(text), "inventory: %s", why);
        note(c, STEP_FAILED, text, 0, 0);
        send_events(c); /* may leave an error of its own */
        snprintf(c->error, sizeof(c->error), "%s", why);
}

static int have_inventory(struct conversation *c, char **ret, size_t *ret_size)
{
        const struct conversation_options *options = c->options;

        return options->deeds < 0
                       ? inventory_run(options->discover, -EBADF, c->error, ret, ret_size)
                       : inventory_ask(options->deeds, c->error, ret, ret_size);
}

static int run_inventory(struct conversation *c)
{
        const uint64_t start = clock_monotonic_ms();
        _free_ char *json = NULL;
        _doc_ struct doc *inventory = NULL, *answer = NULL;
        const char *node;
        size_t size = 0;
        int rc;

        rc = have_inventory(c, &json, &size);
        if (rc >= 0)
                rc = doc_parse(json, size, &doc_limits_inventory, c->error, &inventory);
        if (rc < 0) {
                tell_inventory_failure(c, rc);
                return rc;
        }
        rc = conversation_call(c, "PUT", "/agent/v1/inventory", TAKE_PTR(inventory),
                               CALL_TIMEOUT_MS, &answer);
        if (rc < 0)
                return rc;

        node = doc_get_text(answer, "node");
        if (node)
                (void)text_copy(c->claimed.node, sizeof(c->claimed.node), node);
        note(c, STEP_INVENTORY, "cloudie-discover", size, clock_monotonic_ms() - start);
        send_events(c);
        c->is_reported = true;
        if (!c->has_stage_two)
                return conversation_go(c, STATE_STAGE_TWO, "an install may need it");
        return 1;
}

void conversation_restart(struct conversation *c, bool keeps_clock)
{
        struct deed_answer answer;

        (void)deeds_ask(c->options->deeds, (struct deed){DEED_REBOOT, keeps_clock}, NULL, &answer);
}

static int run_orders(struct conversation *c)
{
        struct agent_orders orders = {0};
        _doc_ struct doc *answer = NULL;
        char path[96];
        int rc;

        send_events(c);
        snprintf(path, sizeof(path), "/agent/v1/orders?generation=%llu",
                 (unsigned long long)(c->is_held ? c->claimed.generation : 0));
        rc = conversation_call(c, "GET", path, NULL, ORDERS_WAIT_MS, &answer);
        if (rc < 0)
                return rc;
        rc = doc_decode(&agent_orders_table, answer, c->error, &orders);
        if (rc < 0)
                return rc;

        if (!c->is_held || orders.generation != c->claimed.generation)
                log_info("agent.orders", "order=%s reason=%s", agent_order_names[orders.order],
                         QUOTE(orders.reason));
        c->claimed.generation = orders.generation;
        c->is_held = true;
        if (orders.order == ORDER_REBOOT && !c->options->is_rehearsal)
                conversation_restart(c, false);
        if (orders.order != ORDER_INSTALL || !c->options->install)
                return 0;
        return c->missing[0] ? ask_again(c) : 1;
}

/* clang-format off */
static const struct conversation_state states[STATE_COUNT] = {
        [STATE_CLAIM] = {"claim", run_claim, STATE_DEVICES},
        [STATE_DEVICES] = {"devices", run_devices, STATE_STAGE_TWO},
        [STATE_STAGE_TWO] = {"stage-two", run_stage_two, STATE_INVENTORY},
        [STATE_INVENTORY] = {"inventory", run_inventory, STATE_ORDERS},
        [STATE_ORDERS] = {"orders", run_orders, STATE_PLAN},
        [STATE_PLAN] = {"plan", conversation_plan, STATE_INSTALL},
        [STATE_INSTALL] = {"install", conversation_install, STATE_DELIVER},
        [STATE_DELIVER] = {"deliver", conversation_deliver, STATE_REBOOT},
        [STATE_REBOOT] = {"reboot", conversation_reboot, STATE_ORDERS},
};
/* clang-format on */

int conversation_go(struct conversation *c, enum state_number next, const char *why)
{
        c->next = next;
        c->why = why;
        return 1;
}

void conversation_turn(struct conversation *c)
{
        c->controller = (c->controller + 1) % c->options->site->controller_count;
}

/* The one place where the state changes. */
static void change_state(struct conversation *c, enum state_number next, const char *why)
{
        log_info("agent.state", "from=%s to=%s reason=%s", c->state ? c->state->name : "none",
                 states[next].name, QUOTE(why));
        c->state = &states[next];
        c->failures = 0;
}

static void pause_after_failure(struct conversation *c, int rc)
{
        const unsigned shift = c->failures < 4 ? c->failures : 4;
        unsigned pause_ms = PAUSE_FIRST_MS << shift;
        struct timespec pause;

        if (pause_ms > PAUSE_MAX_MS)
                pause_ms = PAUSE_MAX_MS;
        log_warning("agent.retry", "state=%s in_ms=%u error=%s", c->state->name, pause_ms,
                    QUOTE(c->error[0] ? c->error : strerror(-rc)));
        c->failures++;
        /* Whether it is this controller or the way to it: the next one may be better. */
        conversation_turn(c);
        pause = (struct timespec){.tv_sec = pause_ms / 1000,
                                  .tv_nsec = (long)(pause_ms % 1000) * SECOND_NS};
        nanosleep(&pause, NULL);
}

static int talk(struct conversation *c)
{
        change_state(c, STATE_CLAIM, "the network is there");
        for (;;) {
                int rc;

                c->error[0] = '\0';
                (void)conversation_go(c, c->state->next, "done");
                rc = c->state->run(c);
                if (rc == -ESTALE || rc == -ETIME) {
                        log_error("agent.ended", "reason=%s", QUOTE(c->error));
                        return rc;
                }
                if (rc < 0) {
                        pause_after_failure(c, rc);
                        continue;
                }
                c->failures = 0;
                if (c->is_over || (c->is_held && c->options->ends_when_held))
                        return 0;
                if (rc > 0)
                        change_state(c, c->next, c->why);
        }
}

int conversation_run(const struct conversation_options *options)
{
        CLEANUP(fetch_free) struct fetch *fetch = NULL;
        CLEANUP(signing_key_free) struct signing_key *key = NULL;
        const struct fetch_trust trust = {.ca_file = options->site->ca_path};
        _free_ struct conversation *c = calloc(1, sizeof(*c));
        int rc;

        if (!c)
                return -ENOMEM;
        c->options = options;
        rc = fetch_new(&trust, &fetch);
        if (rc >= 0)
                rc = signing_key_new(&key);
        if (rc < 0)
                return rc;
        c->fetch = fetch;
        c->key = key;
        note(c, STEP_AGENT, "cloudie-agent " CLOUDIE_VERSION, 0, clock_monotonic_ms());

        rc = talk(c);
        secret_erase(c->claimed.token, sizeof(c->claimed.token));
        conversation_forget_secrets(c);
        return rc;
}
