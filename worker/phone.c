/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The seed's CA is the only anchor. The HTTP library wants it as a file: a memory
 * file has no name that another program could put its own behind.
 *
 * What was told is remembered with the node's name: a disk that was copied to
 * another node brings its state folder along.
 */

#include "worker/phone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

#define PAUSE_FIRST_S   1
#define PAUSE_MAX_S     30
#define CALL_TIMEOUT_MS 15000
#define ANSWER_MAX      ((size_t)64 << 10)
#define OS_RELEASE_MAX  ((size_t)64 << 10)
#define STATE_FILE      "phoned-home"
#define STATE_MAX       ((size_t)1 << 10)
#define PATH_SIZE       512

struct phone {
        const struct phone_options *options;
        struct fetch *fetch;
        char *error;
        unsigned retry_after_s; /* what the last controller asked for */
};

/* Answers that no further call changes; all others are tried again. */
static const struct {
        const char *code;
        int rc;
} finals[] = {
        {"secret-used",      PHONE_TOLD}, /* by us: the answer was lost, or the machine */
        {"secret-wrong",     -EACCES   },
        {"generation-stale", -ESTALE   },
};

static void state_text(const struct worker_seed *seed, char to[static STATE_MAX])
{
        snprintf(to, STATE_MAX, "%s %llu\n", seed->node, (unsigned long long)seed->generation);
}

static bool was_told(const struct phone_options *options)
{
        _free_ char *text = NULL;
        char path[PATH_SIZE], want[STATE_MAX];

        state_text(options->seed, want);
        snprintf(path, sizeof(path), "%s/" STATE_FILE, options->state);
        return file_read(AT_FDCWD, path, STATE_MAX, &text, NULL) == 0 && strcmp(text, want) == 0;
}

/* The controller knows; the worst of a failure here is one more call at the next start. */
static void remember(const struct phone_options *options)
{
        char path[PATH_SIZE], text[STATE_MAX];
        int rc;

        state_text(options->seed, text);
        snprintf(path, sizeof(path), "%s/" STATE_FILE, options->state);
        rc = file_make_folders(options->state, 0700);
        if (rc >= 0)
                rc = file_replace(path, text, strlen(text), 0600);
        if (rc < 0)
                log_warning("phone-home.not-remembered", "path=%s error=%s", QUOTE(path),
                            QUOTE(strerror(-rc)));
}

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
static int make_body(const struct phone_options *options, const char *controller, char **ret)
{
        const struct worker_seed *seed = options->seed;
        struct phone_home says = {.generation = seed->generation, .version = CLOUDIE_VERSION};
        _doc_ struct doc *object = NULL;
        _free_ char *release = NULL;
        char path[PATH_SIZE], hostname[256] = "";

        memcpy(says.node, seed->node, sizeof(says.node));
        memcpy(says.secret, seed->secret, sizeof(says.secret));
        says.address = facts_address(controller);
        snprintf(path, sizeof(path), "%s/etc/os-release", options->root);
        if (file_read(AT_FDCWD, path, OS_RELEASE_MAX, &release, NULL) == 0)
                facts_system(release, says.system, sizeof(says.system));
        /* A longer one than a node can have is left out. */
        if (gethostname(hostname, sizeof(hostname) - 1) == 0)
                (void)text_copy(says.hostname, sizeof(says.hostname), hostname);

        object = doc_encode(&phone_home_table, &says);
        secret_erase(&says, sizeof(says));
        return object ? doc_print(object, DOC_COMPACT, ret) : -ENOMEM;
}

/* PHONE_TOLD, a final refusal, or -EAGAIN. */
static int judge(struct phone *phone, const struct fetch_response *response)
{
        _doc_ struct doc *answer = NULL;
        const char *code, *detail;
        int rc = -EAGAIN;

        if (response->status == 200)
                return PHONE_TOLD;
        (void)doc_parse(response->body, response->body_size, &doc_limits_message, NULL, &answer);
        code = doc_get_text(answer, "code");
        detail = doc_get_text(answer, "detail");
        snprintf(phone->error, PHONE_ERROR_SIZE, "the controller answers %u: %s", response->status,
                 detail ? detail
                 : code ? code
                        : "no reason given");
        phone->retry_after_s = response->retry_after_s;
        for (size_t i = 0; i < ARRAY_SIZE(finals); i++)
                if (text_is_equal(code, finals[i].code))
                        rc = finals[i].rc;
        if (rc == PHONE_TOLD)
                log_info("phone-home.used", "detail=%s", QUOTE(phone->error));
        return rc;
}

static int call(struct phone *phone, const char *controller)
{
        _response_ struct fetch_response response = {0};
        _free_ char *body = NULL;
        char url[INSTALL_URL_SIZE + 64];
        struct fetch_request request = {.method = "POST",
                                        .url = url,
                                        .timeout_ms = CALL_TIMEOUT_MS,
                                        .silence_ms = CALL_TIMEOUT_MS,
                                        .limit = ANSWER_MAX};
        int rc;

        snprintf(url, sizeof(url), "%s/agent/v1/phone-home", controller);
        rc = make_body(phone->options, controller, &body);
        if (rc < 0)
                return rc;
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
                rc = call(phone, seed->controllers[i]);
                if (rc == -EAGAIN)
                        log_warning("phone-home.failed", "controller=%s error=%s",
                                    QUOTE(seed->controllers[i]), QUOTE(phone->error));
        }
        return rc;
}

static void wait(unsigned seconds)
{
        struct timespec left = {.tv_sec = seconds};

        while (nanosleep(&left, &left) < 0 && errno == EINTR)
                ;
}

static int call_until_answered(struct phone *phone)
{
        unsigned pause_s = PAUSE_FIRST_S;
        int rc;

        for (rc = call_all(phone); rc == -EAGAIN; rc = call_all(phone)) {
                unsigned for_s = phone->retry_after_s > pause_s ? phone->retry_after_s : pause_s;

                if (for_s > PAUSE_MAX_S)
                        for_s = PAUSE_MAX_S;
                log_info("phone-home.again", "in_s=%u", for_s);
                wait(for_s);
                pause_s = pause_s < PAUSE_MAX_S / 2 ? 2 * pause_s : PAUSE_MAX_S;
        }
        return rc;
}

int phone_home_run(const struct phone_options *options, char *error)
{
        const struct worker_seed *seed = options->seed;
        CLEANUP(fetch_free) struct fetch *fetch = NULL;
        struct phone phone = {.options = options, .error = error};
        struct fetch_trust trust = {0};
        _close_ int ca = -EBADF;
        char path[64];
        int rc;

        error[0] = '\0';
        if (was_told(options)) {
                log_info("phone-home.before", "node=%s generation=%llu", seed->node,
                         (unsigned long long)seed->generation);
                return PHONE_TOLD_BEFORE;
        }
        rc = anchor_new(seed->ca, &ca);
        if (rc >= 0) {
                snprintf(path, sizeof(path), "/proc/self/fd/%d", ca);
                trust.ca_file = path;
                rc = fetch_new(&trust, &fetch);
        }
        if (rc < 0) {
                snprintf(error, PHONE_ERROR_SIZE, "the seed's CA cannot be used: %s",
                         strerror(-rc));
                return rc;
        }

        phone.fetch = fetch;
        rc = call_until_answered(&phone);
        if (rc < 0) {
                log_error("phone-home.refused", "node=%s generation=%llu error=%s", seed->node,
                          (unsigned long long)seed->generation, QUOTE(error));
                return rc;
        }
        remember(options);
        log_info("phone-home.told", "node=%s generation=%llu", seed->node,
                 (unsigned long long)seed->generation);
        return rc;
}
