/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The seed's CA is the only anchor. The HTTP library wants it as a file: a memory
 * file has no name that another program could put its own behind.
 */

#include "worker/phone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/fetch/fetch.h"
#include "lib/node/worker.h"
#include "lib/trust/secret.h"
#include "worker/facts.h"
#include "worker/keep.h"
#include "worker/key.h"
#include "worker/pace.h"
#include "worker/probe.h"

#define CALL_TIMEOUT_MS 15000
#define ANSWER_MAX      ((size_t)64 << 10)
#define OS_RELEASE_MAX  ((size_t)64 << 10)
#define PATH_SIZE       512

struct phone {
        const struct phone_options *options;
        struct fetch *fetch;
        struct worker_key *key;
        char *error;
        struct pace pace;
        size_t controller;      /* who answered last is asked first */
        unsigned retry_after_s; /* what the last controller asked for */
};

static const struct {
        const char *name, *path, *prefix;
        const struct doc_table *table;
} calls[PACE_CALL_COUNT] = {
        [PACE_PHONE_HOME] = {"phone-home", "/agent/v1/phone-home", PHONE_HOME_PREFIX,
                             &phone_home_table                                                   },
        [PACE_BEAT] = {"beat",       "/agent/v1/beat",       BEAT_PREFIX,       &beat_table},
};

/* Answers that the next call will get, too; all others are no answers yet. */
static const struct {
        const char *code;
        int rc;
} finals[] = {
        {"secret-used",      -EEXIST},
        {"secret-wrong",     -EACCES},
        {"generation-stale", -ESTALE},
        {"worker-unknown",   -ENOKEY},
};

static int anchor_new(const char *ca, int *ret)
{
        _close_ int fd = memfd_create("ca.pem", MFD_CLOEXEC);
        const size_t size = strlen(ca);

        if (fd < 0)
                return -errno;
        if (write(fd, ca, size) != (ssize_t)size)
                return -EIO;
        *ret = TAKE_FD(fd);
        return 0;
}

/* Facts are read for each call: an address may have changed since the last one. */
static void fill(const struct phone *phone, const char *controller, struct phone_home *ret)
{
        const struct phone_options *options = phone->options;
        char path[PATH_SIZE], hostname[256] = "";
        _free_ char *release = NULL;

        ret->generation = options->seed->generation;
        memcpy(ret->node, options->seed->node, sizeof(ret->node));
        memcpy(ret->secret, options->seed->secret, sizeof(ret->secret));
        (void)text_copy(ret->public_key, sizeof(ret->public_key), worker_key_public(phone->key));
        (void)text_copy(ret->version, sizeof(ret->version), CLOUDIE_VERSION);
        ret->address = facts_address(controller);
        snprintf(path, sizeof(path), "%s/etc/os-release", options->root);
        if (file_read(AT_FDCWD, path, OS_RELEASE_MAX, &release, NULL) == 0)
                facts_system(release, ret->system, sizeof(ret->system));
        /* A longer one than a node can have is left out. */
        if (gethostname(hostname, sizeof(hostname) - 1) == 0)
                (void)text_copy(ret->hostname, sizeof(ret->hostname), hostname);
        probe_facts(options->root, &ret->facts);
}

static int make_body(const struct phone *phone, const char *controller, char **ret)
{
        _free_ struct phone_home *says = calloc(1, sizeof(*says));
        _doc_ struct doc *object = NULL;

        if (!says)
                return -ENOMEM;
        fill(phone, controller, says);
        object = doc_encode(calls[phone->pace.call].table, says);
        secret_erase(says->secret, sizeof(says->secret));
        return object ? doc_print(object, DOC_COMPACT, ret) : -ENOMEM;
}

/* 0, a final refusal, or -EAGAIN. */
static int judge(struct phone *phone, const struct fetch_response *response)
{
        _doc_ struct doc *answer = NULL;
        struct worker_answer told = {0};
        const char *code, *detail;

        (void)doc_parse(response->body, response->body_size, &doc_limits_message, NULL, &answer);
        if (response->status == 200) {
                if (doc_decode(&worker_answer_table, answer, NULL, &told) == 0)
                        phone->pace.beat_s = told.beat_s;
                return 0;
        }
        code = doc_get_text(answer, "code");
        detail = doc_get_text(answer, "detail");
        snprintf(phone->error, PHONE_ERROR_SIZE, "the controller answers %u: %s", response->status,
                 detail ? detail
                 : code ? code
                        : "no reason given");
        phone->retry_after_s = response->retry_after_s;
        for (size_t i = 0; i < ARRAY_SIZE(finals); i++)
                if (text_is_equal(code, finals[i].code))
                        return finals[i].rc;
        return -EAGAIN;
}

static int call(struct phone *phone, const char *controller)
{
        _response_ struct fetch_response response = {0};
        _free_ char *body = NULL, *signature = NULL;
        /* The next call is a minute away: a hall of machines must not hold connections open. */
        const char *headers[] = {NULL, "Connection: close", NULL};
        char url[INSTALL_URL_SIZE + 64];
        struct fetch_request request = {.method = "POST",
                                        .url = url,
                                        .headers = headers,
                                        .timeout_ms = CALL_TIMEOUT_MS,
                                        .silence_ms = CALL_TIMEOUT_MS,
                                        .limit = ANSWER_MAX};
        int rc;

        snprintf(url, sizeof(url), "%s%s", controller, calls[phone->pace.call].path);
        rc = make_body(phone, controller, &body);
        if (rc == 0)
                rc = worker_key_sign(phone->key, calls[phone->pace.call].prefix, body, &signature);
        if (rc < 0) {
                snprintf(phone->error, PHONE_ERROR_SIZE, "nothing can be said: %s", strerror(-rc));
                return -EAGAIN;
        }
        headers[0] = signature;
        request.body = body;
        request.body_size = strlen(body);
        rc = fetch_do(phone->fetch, &request, phone->error, &response);
        secret_erase(body, request.body_size);
        return rc < 0 ? -EAGAIN : judge(phone, &response);
}

/* Each controller once. */
static int call_all(struct phone *phone)
{
        const struct worker_seed *seed = phone->options->seed;
        int rc = -EAGAIN;

        phone->retry_after_s = 0;
        for (size_t i = 0; rc == -EAGAIN && i < seed->controller_count; i++) {
                const size_t at = (phone->controller + i) % seed->controller_count;

                rc = call(phone, seed->controllers[at]);
                if (rc == -EAGAIN)
                        log_warning("call.failed", "call=%s controller=%s error=%s",
                                    calls[phone->pace.call].name, QUOTE(seed->controllers[at]),
                                    QUOTE(phone->error));
                if (rc == 0)
                        phone->controller = at;
        }
        return rc;
}

static void wait(uint64_t ms)
{
        struct timespec left = {.tv_sec = (time_t)(ms / 1000),
                                .tv_nsec = (long)(ms % 1000) * 1000000};

        while (nanosleep(&left, &left) < 0 && errno == EINTR)
                ;
}

static void say(const struct phone *phone, const char *text)
{
        if (phone->options->say)
                phone->options->say(text);
}

/* The secret is good for nothing any more, and so it is nowhere any more. */
static void forget_secret(struct phone *phone)
{
        const struct phone_options *options = phone->options;
        int rc = 0;

        if (!options->is_seed_kept)
                return;
        rc = keep_seed(options->state, options->seed, false);
        if (rc < 0) {
                log_warning("secret.not-erased", "folder=%s error=%s", QUOTE(options->state),
                            QUOTE(strerror(-rc)));
                return;
        }
        memset(options->seed->secret, '0', sizeof(options->seed->secret) - 1);
        phone->pace.has_secret = false;
}

static void note_end(struct phone *phone, int rc)
{
        const struct worker_seed *seed = phone->options->seed;

        if (rc == 0 && phone->pace.call == PACE_PHONE_HOME) {
                log_info("phone-home.told", "node=%s generation=%llu", seed->node,
                         (unsigned long long)seed->generation);
                keep_told(phone->options->state, seed);
                forget_secret(phone);
                say(phone, "phoned home");
        } else if (rc == 0 && phone->pace.pause_s > 0) {
                log_info("beat.heard", "node=%s reason=\"it was not before\"", seed->node);
        } else if (rc < 0 && rc != -EAGAIN) {
                log_error("call.refused", "call=%s node=%s generation=%llu error=%s",
                          calls[phone->pace.call].name, seed->node,
                          (unsigned long long)seed->generation, QUOTE(phone->error));
                say(phone, phone->error);
        }
}

static int call_and_wait(struct phone *phone, bool is_once)
{
        const int rc = call_all(phone);
        uint32_t dice = 0;
        uint64_t ms;

        note_end(phone, rc);
        if (is_once && rc != -EAGAIN)
                return rc;
        (void)random_bytes(&dice, sizeof(dice));
        ms = pace_next(&phone->pace,
                       rc == 0         ? PACE_TOLD
                       : rc == -EAGAIN ? PACE_UNHEARD
                                       : PACE_REFUSED,
                       phone->retry_after_s, dice);
        if (rc != 0)
                log_info("call.again", "call=%s in_ms=%llu", calls[phone->pace.call].name,
                         (unsigned long long)ms);
        wait(ms);
        return -EAGAIN;
}

/* @is_once: until it phoned home, or never will. */
static int run(const struct phone_options *options, bool is_once, char *error)
{
        CLEANUP(fetch_free) struct fetch *fetch = NULL;
        CLEANUP(worker_key_free) struct worker_key *key = NULL;
        struct phone phone = {.options = options, .error = error};
        struct fetch_trust trust = {0};
        _close_ int ca = -EBADF;
        char path[64];
        int rc;

        rc = anchor_new(options->seed->ca, &ca);
        if (rc >= 0) {
                snprintf(path, sizeof(path), "/proc/self/fd/%d", ca);
                trust.ca_file = path;
                rc = fetch_new(&trust, &fetch);
        }
        if (rc >= 0)
                rc = worker_key_open(options->state, &key);
        if (rc < 0) {
                snprintf(error, PHONE_ERROR_SIZE, "the seed's CA or our own key cannot be used: %s",
                         strerror(-rc));
                return rc;
        }
        phone.fetch = fetch;
        phone.key = key;
        phone.pace.has_secret = keep_has_secret(options->seed);
        phone.pace.was_told = keep_was_told(options->state, options->seed);
        if (phone.pace.was_told)
                phone.pace.call = PACE_BEAT;
        do
                rc = call_and_wait(&phone, is_once);
        while (rc == -EAGAIN);
        return rc;
}

int phone_home_run(const struct phone_options *options, char *error)
{
        const struct worker_seed *seed = options->seed;

        error[0] = '\0';
        if (keep_was_told(options->state, seed)) {
                log_info("phone-home.before", "node=%s generation=%llu", seed->node,
                         (unsigned long long)seed->generation);
                return PHONE_TOLD_BEFORE;
        }
        return run(options, true, error);
}

int phone_run(const struct phone_options *options, char *error)
{
        error[0] = '\0';
        return run(options, false, error);
}
