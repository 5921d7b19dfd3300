/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The link to the controller
 *
 * The controller may be away at any time, and for long. Nothing here is waited
 * for by a machine that boots: configuration and assets are those of last time,
 * leases go on, a script without a plan asks again.
 */
#include "netboot/edge.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/daemon/daemon.h"
#include "lib/daemon/log.h"
#include "lib/trust/secret.h"
#include "netboot/config.h"

#define POLL_MS         5000
#define PLAN_TIMEOUT_MS 3000
#define CALL_TIMEOUT_MS 10000
#define EVENTS_RETRY_MS 2000
#define LEASES_RETRY_MS 5000
/* CONFIG_MAX_DISKS at 75 bytes each, CONFIG_MAX_KNOWN at 28, CONFIG_MAX_RESERVATIONS at 400: 12 MB;
 * and as much again for a controller that prints with blanks. */
#define CONFIG_SIZE_MAX ((size_t)24 << 20)
/* A disk is an object and its two values, a reservation a dozen at most. A network says 25 things,
 * its relays, and 15 of each pool: some 160. */
#define NETWORK_VALUES (32 + CONFIG_MAX_RELAYS + 15 * CONFIG_MAX_POOLS)
#define CONFIG_VALUES_MAX                                                                          \
        (3 * (size_t)CONFIG_MAX_DISKS + 2 * (size_t)CONFIG_MAX_KNOWN +                             \
         9 * (size_t)CONFIG_MAX_RESERVATIONS + 4 * (size_t)CONFIG_MAX_PORTS +                      \
         NETWORK_VALUES * (size_t)CONFIG_MAX_NETWORKS + 1024)

struct edge {
        struct edge_options options;
        char url[300]; /* ".../edge/v1" */
        char config_path[NETBOOTD_PATH_SIZE + 32], credential_path[NETBOOTD_PATH_SIZE + 32];

        pthread_mutex_t mutex; /* for what follows */
        pthread_cond_t changed;
        char credential[WIRE_TOKEN_SIZE];
        char join_token[WIRE_TOKEN_SIZE]; /* read while we could */
        struct boots_question plans[EDGE_MAX_PLANS];
        size_t plan_first, plan_count;
        bool is_stopped;

        struct fetch *fetches[4]; /* one a thread */
        pthread_t threads[4];
        size_t thread_count;

        char config_etag[80]; /* the sync thread's alone */
        char last_complaint[FETCH_ERROR_SIZE];
};

static int read_token(const char *path, char ret[static WIRE_TOKEN_SIZE])
{
        _free_ char *text = NULL;
        size_t size;
        int rc;

        rc = file_read(AT_FDCWD, path, 4096, &text, &size);
        if (rc < 0)
                return rc;
        text[strcspn(text, " \r\n")] = '\0';
        rc = text_copy(ret, WIRE_TOKEN_SIZE, text);
        secret_erase(text, size);
        return rc < 0 || !ret[0] ? -EBADMSG : 0;
}

int edge_new(const struct edge_options *options, char *error, struct edge **ret)
{
        const struct fetch_trust trust = {
                .ca_file = options->ca_file && options->ca_file[0] ? options->ca_file : NULL};
        struct edge *edge = calloc(1, sizeof(*edge));
        pthread_condattr_t attributes;
        int rc = 0;

        if (!edge)
                return -ENOMEM;
        edge->options = *options;
        pthread_mutex_init(&edge->mutex, NULL);
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&edge->changed, &attributes);
        pthread_condattr_destroy(&attributes);
        snprintf(edge->url, sizeof(edge->url), "%s/edge/v1", options->controller);
        snprintf(edge->config_path, sizeof(edge->config_path), "%s/config.json", options->state);
        snprintf(edge->credential_path, sizeof(edge->credential_path), "%s/credential",
                 options->state);

        for (size_t i = 0; i < ARRAY_SIZE(edge->fetches) && rc == 0; i++)
                rc = fetch_new(&trust, &edge->fetches[i]);
        if (rc < 0)
                snprintf(error, DAEMON_ERROR_SIZE, "cannot set up HTTPS with CA file '%s': %s",
                         trust.ca_file ? trust.ca_file : "(the system's)", strerror(-rc));
        if (rc == 0) {
                rc = read_token(edge->credential_path, edge->credential);
                if (rc == -ENOENT)
                        rc = 0;
                else if (rc < 0)
                        snprintf(error, DAEMON_ERROR_SIZE, "%s: %s", edge->credential_path,
                                 strerror(-rc));
        }
        if (rc < 0) {
                edge_free(edge);
                return rc;
        }
        if (options->join_token_file[0])
                (void)read_token(options->join_token_file, edge->join_token);
        *ret = edge;
        return 0;
}

struct edge *edge_free(struct edge *edge)
{
        if (!edge)
                return NULL;
        pthread_mutex_lock(&edge->mutex);
        edge->is_stopped = true;
        pthread_cond_broadcast(&edge->changed);
        pthread_mutex_unlock(&edge->mutex);
        events_stop(edge->options.events);
        lease_news_stop(edge->options.news);
        for (size_t i = 0; i < edge->thread_count; i++) {
                fetch_cancel(edge->fetches[i]);
                pthread_join(edge->threads[i], NULL);
        }
        for (size_t i = 0; i < ARRAY_SIZE(edge->fetches); i++)
                fetch_free(edge->fetches[i]);
        secret_erase(edge->credential, sizeof(edge->credential));
        secret_erase(edge->join_token, sizeof(edge->join_token));
        pthread_cond_destroy(&edge->changed);
        pthread_mutex_destroy(&edge->mutex);
        free(edge);
        return NULL;
}

/* Waits, or until the end. Called with the mutex held. */
static void wait_ms(struct edge *edge, unsigned ms)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_sec += ms / 1000;
        t.tv_nsec += (long)(ms % 1000) * 1000000;
        if (t.tv_nsec >= 1000000000) {
                t.tv_sec++;
                t.tv_nsec -= 1000000000;
        }
        while (!edge->is_stopped)
                if (pthread_cond_timedwait(&edge->changed, &edge->mutex, &t) != 0)
                        break;
}

/* True, and a copy of the credential; false at the end. Waits until there is one. */
static bool credential_wait(struct edge *edge, char ret[static WIRE_TOKEN_SIZE])
{
        bool is_there;

        pthread_mutex_lock(&edge->mutex);
        while (!edge->is_stopped && !edge->credential[0])
                pthread_cond_wait(&edge->changed, &edge->mutex);
        is_there = !edge->is_stopped;
        memcpy(ret, edge->credential, WIRE_TOKEN_SIZE);
        pthread_mutex_unlock(&edge->mutex);
        return is_there;
}

bool edge_credential(struct edge *edge, char ret[static WIRE_TOKEN_SIZE])
{
        pthread_mutex_lock(&edge->mutex);
        memcpy(ret, edge->credential, WIRE_TOKEN_SIZE);
        pthread_mutex_unlock(&edge->mutex);
        return ret[0];
}

/* Says it once, not every 5 seconds. */
static void complain(struct edge *edge, const char *event, const char *sentence)
{
        if (strcmp(edge->last_complaint, sentence) == 0)
                return;
        (void)snprintf(edge->last_complaint, sizeof(edge->last_complaint), "%s", sentence);
        if (sentence[0])
                log_warning(event, "reason=%s", QUOTE(sentence));
        else
                log_info(event, "reason=\"the controller answers\"");
}

/* POST of one table, answered by another. */
static int call(struct edge *edge, struct fetch *fetch, const struct fetch_request *request,
                const struct doc_table *table, void *ret, char *error)
{
        _response_ struct fetch_response response = {0};
        int rc;

        (void)edge;
        rc = fetch_do(fetch, request, error, &response);
        if (rc < 0)
                return rc;
        if (response.status == 401 || response.status == 403) {
                snprintf(error, FETCH_ERROR_SIZE, "the controller refuses us (status %u)",
                         response.status);
                return -EACCES;
        }
        if (response.status != 200) {
                snprintf(error, FETCH_ERROR_SIZE, "the controller answered with status %u",
                         response.status);
                return -EPROTO;
        }
        return doc_decode_text(table, response.body, response.body_size, &doc_limits_message, error,
                               ret);
}

static int encode(const struct doc_table *table, const void *from, char **ret)
{
        _doc_ struct doc *doc = doc_encode(table, from);

        return doc_print(doc, DOC_COMPACT, ret);
}

/* ---- configuration and assets ---- */

static int join(struct edge *edge, struct fetch *fetch, char *error)
{
        struct edge_join message = {0};
        struct edge_joined answer = {0};
        _free_ char *body = NULL;
        char url[320];
        int rc;

        /* The file may have been written since, by a controller that started later than we. */
        if (edge->options.join_token_file[0])
                (void)read_token(edge->options.join_token_file, edge->join_token);
        if (!edge->join_token[0]) {
                snprintf(error, FETCH_ERROR_SIZE,
                         "no credential and no join token: 'join_token_file' must name a readable "
                         "file");
                return -ENOENT;
        }
        (void)text_copy(message.token, sizeof(message.token), edge->join_token);
        (void)text_copy(message.name, sizeof(message.name), edge->options.name);
        rc = encode(&edge_join_table, &message, &body);
        secret_erase(&message, sizeof(message));
        if (rc < 0)
                return rc;
        snprintf(url, sizeof(url), "%s/join", edge->url);
        const struct fetch_request request = {
                .url = url, .body = body, .body_size = strlen(body), .timeout_ms = CALL_TIMEOUT_MS};

        rc = call(edge, fetch, &request, &edge_joined_table, &answer, error);
        secret_erase(body, strlen(body));
        if (rc < 0)
                return rc;
        rc = file_replace(edge->credential_path, answer.credential, strlen(answer.credential),
                          0600);
        if (rc < 0) {
                snprintf(error, FETCH_ERROR_SIZE, "cannot keep the credential in %.200s: %s",
                         edge->options.state, strerror(-rc));
                return rc;
        }

        pthread_mutex_lock(&edge->mutex);
        memcpy(edge->credential, answer.credential, sizeof(edge->credential));
        secret_erase(edge->join_token, sizeof(edge->join_token));
        pthread_cond_broadcast(&edge->changed);
        pthread_mutex_unlock(&edge->mutex);
        secret_erase(&answer, sizeof(answer));
        log_info("edge.join", "controller=%s name=%s", QUOTE(edge->options.controller),
                 QUOTE(edge->options.name));
        return 0;
}

static int config_parse(const char *text, size_t size, char *error, struct edge_config *ret)
{
        static const struct doc_limits limits = {CONFIG_SIZE_MAX, 8, CONFIG_VALUES_MAX};
        _doc_ struct doc *doc = NULL;
        char why[DOC_ERROR_SIZE] = "";
        int rc;

        rc = doc_parse(text, size, &limits, why, &doc);
        if (rc == 0)
                rc = edge_config_decode(doc, why, ret);
        if (rc == 0) {
                rc = edge_config_check(ret, why);
                if (rc < 0)
                        edge_config_done(ret);
        }
        if (rc < 0)
                snprintf(error, FETCH_ERROR_SIZE, "configuration of the controller: %s", why);
        return rc;
}

int edge_config_read(const struct edge *edge, char *error, struct edge_config *ret)
{
        _free_ char *text = NULL;
        size_t size;
        int rc;

        rc = file_read(AT_FDCWD, edge->config_path, CONFIG_SIZE_MAX, &text, &size);
        if (rc < 0)
                return rc;
        return config_parse(text, size, error, ret);
}

static int sync_config(struct edge *edge, struct fetch *fetch, const char *credential, char *error)
{
        _response_ struct fetch_response response = {0};
        char url[320], condition[128];
        const char *const headers[] = {condition, NULL};
        const struct fetch_request request = {.url = url,
                                              .bearer = credential,
                                              /* Megabytes take their time on a thin line. */
                                              .silence_ms = CALL_TIMEOUT_MS,
                                              .limit = CONFIG_SIZE_MAX,
                                              .headers = edge->config_etag[0] ? headers : NULL};
        struct edge_config *config;
        int rc;

        snprintf(url, sizeof(url), "%s/config", edge->url);
        snprintf(condition, sizeof(condition), "If-None-Match: %s", edge->config_etag);
        rc = fetch_do(fetch, &request, error, &response);
        if (rc < 0 || response.status == 304)
                return rc;
        if (response.status == 401)
                return -EACCES;
        if (response.status != 200) {
                snprintf(error, FETCH_ERROR_SIZE, "the controller answered with status %u",
                         response.status);
                return -EPROTO;
        }
        config = calloc(1, sizeof(*config));
        if (!config)
                return -ENOMEM;
        rc = config_parse(response.body, response.body_size, error, config);
        if (rc < 0) {
                free(config);
                return rc;
        }
        rc = file_replace(edge->config_path, response.body, response.body_size, 0644);
        if (rc < 0)
                log_warning("edge.config", "file=%s reason=%s", QUOTE(edge->config_path),
                            QUOTE(strerror(-rc)));
        (void)text_copy(edge->config_etag, sizeof(edge->config_etag), response.etag);
        log_info("edge.config",
                 "version=%llu networks=%zu reservations=%zu disks=%zu known=%zu openings=%zu",
                 (unsigned long long)config->version, config->network_count,
                 config->reservation_count, config->disk_count, config->known_count,
                 config->opening_count);
        edge->options.on_config(edge->options.context, config);
        return 0;
}

static int sync_all(struct edge *edge, struct fetch *fetch, char *error)
{
        char credential[WIRE_TOKEN_SIZE], url[320];
        int rc;

        if (!edge_credential(edge, credential))
                return join(edge, fetch, error);

        rc = sync_config(edge, fetch, credential, error);
        if (rc == -EACCES) {
                /* The controller was set up anew, or has forgotten us. */
                (void)snprintf(
                        error, FETCH_ERROR_SIZE,
                        "the controller does not know our credential: give a new join token");
                (void)join(edge, fetch, error);
                return rc;
        }
        if (rc == 0) {
                snprintf(url, sizeof(url), "%s/assets", edge->url);
                rc = assets_sync(edge->options.assets, fetch, url, credential, error);
                if (rc > 0)
                        log_info("edge.assets", "reason=\"new files of the controller\"");
        }
        secret_erase(credential, sizeof(credential));
        return rc;
}

static void *sync_run(void *context)
{
        struct edge *edge = context;
        bool is_joined;

        pthread_mutex_lock(&edge->mutex);
        while (!edge->is_stopped) {
                char error[FETCH_ERROR_SIZE] = "";
                int rc;

                is_joined = edge->credential[0];
                pthread_mutex_unlock(&edge->mutex);
                rc = sync_all(edge, edge->fetches[0], error);
                if (rc < 0 && rc != -ECANCELED)
                        complain(edge, "edge.away", error[0] ? error : strerror(-rc));
                else if (edge->last_complaint[0])
                        complain(edge, "edge.back", "");
                pthread_mutex_lock(&edge->mutex);
                /* Just joined: the configuration at once. */
                if (rc < 0 || is_joined)
                        wait_ms(edge, POLL_MS);
        }
        pthread_mutex_unlock(&edge->mutex);
        return NULL;
}

/* ---- plans ---- */

static void enqueue(struct edge *edge, const struct boots_question *question)
{
        struct boots_question next;
        bool is_full;

        pthread_mutex_lock(&edge->mutex);
        is_full = edge->plan_count == EDGE_MAX_PLANS;
        if (!is_full)
                edge->plans[(edge->plan_first + edge->plan_count++) % EDGE_MAX_PLANS] = *question;
        pthread_cond_broadcast(&edge->changed);
        pthread_mutex_unlock(&edge->mutex);
        if (is_full)
                (void)boots_plan_set(edge->options.boots, question, NULL, clock_monotonic_ms(),
                                     &next);
}

void edge_want_plan(struct edge *edge, const struct plan_request *request)
{
        struct boots_question question;

        if (boots_plan_want(edge->options.boots, request, &question))
                enqueue(edge, &question);
}

void edge_want_plan_again(struct edge *edge, const struct mac_address *mac, struct ip_address from,
                          bool is_ipxe)
{
        struct boots_question question;

        if (boots_plan_again(edge->options.boots, mac, from, is_ipxe, &question))
                enqueue(edge, &question);
}

static bool plan_next(struct edge *edge, struct boots_question *ret)
{
        bool is_there;

        pthread_mutex_lock(&edge->mutex);
        while (!edge->is_stopped && edge->plan_count == 0)
                pthread_cond_wait(&edge->changed, &edge->mutex);
        is_there = !edge->is_stopped;
        if (is_there) {
                *ret = edge->plans[edge->plan_first];
                edge->plan_first = (edge->plan_first + 1) % EDGE_MAX_PLANS;
                edge->plan_count--;
        }
        pthread_mutex_unlock(&edge->mutex);
        return is_there;
}

static int plan_ask(struct edge *edge, struct fetch *fetch, const struct plan_request *question,
                    struct boot_plan *ret, char *error)
{
        char credential[WIRE_TOKEN_SIZE], url[320];
        _free_ char *body = NULL;
        int rc;

        if (!edge_credential(edge, credential)) {
                snprintf(error, FETCH_ERROR_SIZE, "not joined to a controller yet");
                return -EACCES;
        }
        rc = encode(&plan_request_table, question, &body);
        if (rc < 0)
                return rc;
        snprintf(url, sizeof(url), "%s/plan", edge->url);
        const struct fetch_request request = {.url = url,
                                              .bearer = credential,
                                              .body = body,
                                              .body_size = strlen(body),
                                              .timeout_ms = PLAN_TIMEOUT_MS};

        rc = call(edge, fetch, &request, &boot_plan_table, ret, error);
        secret_erase(credential, sizeof(credential));
        if (rc == 0 && boot_plan_check(ret) < 0) {
                snprintf(error, FETCH_ERROR_SIZE,
                         "the plan holds something that could not stand in a script");
                return -EBADMSG;
        }
        return rc;
}

static void plan_answer(struct edge *edge, const struct boots_question *question, int rc,
                        const struct boot_plan *plan, const char *error, uint64_t took_ms)
{
        const struct plan_request *request = &question->request;
        struct node_event event = {.mac = request->mac,
                                   .address = request->address,
                                   .step = STEP_PLAN,
                                   .took_ms = took_ms};
        struct boots_question next;
        enum boots_answer answer;
        char mac[MAC_TEXT_SIZE];

        mac_text(mac, &request->mac);
        answer = boots_plan_set(edge->options.boots, question, rc == 0 ? plan : NULL,
                                clock_monotonic_ms(), &next);
        if (answer != ANSWER_TAKEN) {
                log_info("plan.outdated", "mac=%s reason=%s", mac,
                         answer == ANSWER_OUTDATED ? "\"a new boot began meanwhile: asked anew\""
                                                   : "\"its lease went to another meanwhile\"");
                if (answer == ANSWER_OUTDATED)
                        enqueue(edge, &next);
                return;
        }
        if (rc == 0) {
                log_info("plan", "mac=%s action=%s boot=%s node=%s reason=%s took_ms=%llu", mac,
                         boot_action_names[plan->action], plan->boot, QUOTE(plan->node),
                         QUOTE(plan->reason), (unsigned long long)took_ms);
                (void)text_copy(event.boot, sizeof(event.boot), plan->boot);
                snprintf(event.text, sizeof(event.text), "%s: %s", boot_action_names[plan->action],
                         plan->reason);
                events_add(edge->options.events, &event);
        } else {
                log_warning("plan.none", "mac=%s reason=%s", mac,
                            QUOTE(error[0] ? error : strerror(-rc)));
        }
        edge->options.on_plan(edge->options.context, &request->mac);
}

static void *plans_run(void *context)
{
        struct edge *edge = context;
        struct boots_question question;

        while (plan_next(edge, &question)) {
                char error[FETCH_ERROR_SIZE] = "";
                const uint64_t start = clock_monotonic_ms();
                struct boot_plan plan = {0};
                int rc;

                rc = plan_ask(edge, edge->fetches[1], &question.request, &plan, error);
                plan_answer(edge, &question, rc, &plan, error, clock_monotonic_ms() - start);
                /* A controller that let one question run out would let all that wait run out one
                 * after the other, while machines wait 2 s each: all hear of it now. */
                pthread_mutex_lock(&edge->mutex);
                while (rc == -ETIMEDOUT && edge->plan_count > 0) {
                        question = edge->plans[edge->plan_first];
                        edge->plan_first = (edge->plan_first + 1) % EDGE_MAX_PLANS;
                        edge->plan_count--;
                        pthread_mutex_unlock(&edge->mutex);
                        plan_answer(edge, &question, rc, NULL, error, 0);
                        pthread_mutex_lock(&edge->mutex);
                }
                pthread_mutex_unlock(&edge->mutex);
        }
        return NULL;
}

/* ---- events ---- */

struct acknowledged {
        uint64_t acknowledged;
};
static const struct doc_field acknowledged_fields[] = {
        DOC_FIELD(struct acknowledged, acknowledged, DOC_U64, 0),
};
static DOC_TABLE(acknowledged_table, struct acknowledged, "answer to events", acknowledged_fields);

/* What is told to the controller, under the edge's own path. */
struct telling {
        const char *what; /* "events" */
        const struct doc *body;
        const struct doc_table *table; /* of the answer */
        void *answer;
        char *error; /* FETCH_ERROR_SIZE bytes */
};

static int tell(struct edge *edge, struct fetch *fetch, const struct telling *telling)
{
        char credential[WIRE_TOKEN_SIZE], url[320];
        _free_ char *body = NULL;
        int rc;

        if (!credential_wait(edge, credential))
                return -ECANCELED;
        rc = doc_print(telling->body, DOC_COMPACT, &body);
        if (rc == 0) {
                snprintf(url, sizeof(url), "%s/%s", edge->url, telling->what);
                const struct fetch_request request = {.url = url,
                                                      .bearer = credential,
                                                      .body = body,
                                                      .body_size = strlen(body),
                                                      .timeout_ms = CALL_TIMEOUT_MS};

                rc = call(edge, fetch, &request, telling->table, telling->answer, telling->error);
        }
        secret_erase(credential, sizeof(credential));
        return rc;
}

static int deliver(struct edge *edge, struct fetch *fetch, const struct node_event *events,
                   size_t count)
{
        char error[FETCH_ERROR_SIZE];
        struct acknowledged answer = {0};
        _doc_ struct doc *doc = node_events_encode(events, count);
        const int rc = tell(edge, fetch,
                            &(struct telling){"events", doc, &acknowledged_table, &answer, error});

        if (rc < 0)
                return rc;
        events_known(edge->options.events, answer.acknowledged);
        /* Nothing of it acknowledged: another answer now would be the same. */
        return answer.acknowledged < events[0].seq ? -EAGAIN : 0;
}

static void *events_run(void *context)
{
        static struct node_event batch[EVENTS_MAX]; /* 200 kB; there is one such thread */
        struct edge *edge = context;
        bool is_stopped = false;

        while (!is_stopped) {
                const size_t count = events_take(edge->options.events, batch, EVENTS_MAX, POLL_MS);
                const int rc = count ? deliver(edge, edge->fetches[2], batch, count) : 0;

                pthread_mutex_lock(&edge->mutex);
                if (rc < 0)
                        wait_ms(edge, EVENTS_RETRY_MS);
                is_stopped = edge->is_stopped;
                pthread_mutex_unlock(&edge->mutex);
        }
        return NULL;
}

/* ---- leases ---- */

static int tell_leases(struct edge *edge, struct fetch *fetch, const struct lease_report *report,
                       char *error)
{
        struct lease_answer answer = {0};
        _doc_ struct doc *doc = lease_report_encode(report);
        const int rc = tell(edge, fetch,
                            &(struct telling){"leases", doc, &lease_answer_table, &answer, error});

        if (rc == 0)
                lease_news_told(edge->options.news, answer.again);
        return rc;
}

/* A controller that does not know the call is an older one: it is asked all the same, as it may be
 * replaced at any time. That it refuses is told once; that it is away, by who keeps in touch. */
static void *leases_run(void *context)
{
        struct edge *edge = context;
        bool is_stopped = false, is_told = false;

        while (!is_stopped) {
                const struct lease_report *report = lease_news_take(edge->options.news, POLL_MS);
                char error[FETCH_ERROR_SIZE] = "";
                const int rc = report ? tell_leases(edge, edge->fetches[3], report, error) : 0;

                if (rc == -EPROTO && !is_told)
                        log_warning("edge.leases", "effect=%s reason=%s",
                                    QUOTE("the controller lists no leases of this edge"),
                                    QUOTE(error));
                if (report)
                        is_told = rc == -EPROTO || (is_told && rc < 0);
                pthread_mutex_lock(&edge->mutex);
                if (rc < 0)
                        wait_ms(edge, LEASES_RETRY_MS);
                is_stopped = edge->is_stopped;
                pthread_mutex_unlock(&edge->mutex);
        }
        return NULL;
}

int edge_start(struct edge *edge)
{
        static void *(*const runs[])(void *) = {sync_run, plans_run, events_run, leases_run};
        int rc;

        for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
                rc = pthread_create(&edge->threads[i], NULL, runs[i], edge);
                if (rc != 0)
                        return -rc;
                edge->thread_count++;
        }
        return 0;
}
