/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The conversation while the machine is being installed
 *
 * cloudie-install works and prints; here its lines are read and told to the
 * controller. The two do not wait for one another: the install goes on while the
 * controller is away, and what it must know is told when it is back. Only its
 * word ends an install before its time: the operation was aborted, or another
 * took its place.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "installer/conversation_private.h"
#include "installer/job.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/trust/seal.h"
#include "lib/trust/secret.h"

#define RETRY_MS        2000  /* until a report that failed is told again */
#define KILL_AFTER_MS   10000 /* since it was told to end; then it hangs in a sick device */
#define POLL_MS         250   /* bytes are told once a second */
#define ASK_MS          5000  /* without news for so long: is this install still wanted? */
#define READ_SIZE       4096
#define ENDED_BY_OTHERS "the controller does not want this install any more"

/* What the controller wants by now, in its answer to a report or a question. */
static int obey(struct conversation *c, const struct doc *answer, struct agent_orders *ret)
{
        int rc;

        *ret = (struct agent_orders){.generation = 0};
        rc = doc_decode(&agent_orders_table, answer, c->error, ret);
        if (rc < 0 || ret->order == ORDER_INSTALL)
                return rc;
        snprintf(c->error, sizeof(c->error), "order '%s': %s", agent_order_names[ret->order],
                 ret->reason);
        return -ECANCELED;
}

static int tell(struct conversation *c, const struct install_progress *progress)
{
        _doc_ struct doc *answer = NULL;
        /* After these it wants something else, of course. */
        const bool is_ending =
                progress->state == PROGRESS_FAILED || progress->step == INSTALL_REBOOT;
        struct agent_orders orders;
        int rc;

        rc = conversation_call(c, "POST", "/agent/v1/progress",
                               doc_encode(&install_progress_table, progress), CALL_TIMEOUT_MS,
                               &answer);
        if (rc < 0 || is_ending)
                return rc;
        rc = obey(c, answer, &orders);
        if (rc == 0 || rc == -ECANCELED)
                return rc;
        /* It took the report; a word of its that we do not know must not make us repeat it. */
        log_warning("install.orders", "error=%s", QUOTE(c->error));
        return 0;
}

/* All that is due. 0, or the first fault. */
static int tell_all(struct conversation *c, bool is_ending)
{
        struct install_progress progress;
        int rc;

        while (progress_book_next(&c->book, clock_monotonic_ms(), is_ending, &progress)) {
                rc = tell(c, &progress);
                if (rc < 0)
                        return rc;
                progress_book_told(&c->book, progress.step, clock_monotonic_ms());
        }
        return 0;
}

/* The plan */

/* Into the plan; @sealed: base64. Never told what is in it. */
static int open_secrets(struct conversation *c, const char *sealed)
{
        char info[INSTALL_SEAL_INFO_SIZE];
        _free_ uint8_t *bytes = NULL, *text = NULL;
        size_t size = 0, text_size = 0;
        int rc;

        if (!sealed) {
                snprintf(c->error, sizeof(c->error),
                         "the plan has no sealed secrets: the "
                         "controller is older than this agent");
                return -EPROTO;
        }
        rc = base64_decode(sealed, strlen(sealed), &bytes, &size);
        if (rc == 0)
                rc = seal_open(c->key,
                               install_seal_info(info, c->options->site->boot, c->plan.generation),
                               bytes, size, &text, &text_size);
        if (rc < 0) {
                snprintf(c->error, sizeof(c->error), "the plan's secrets cannot be opened: %s",
                         strerror(-rc));
                return rc;
        }
        rc = doc_decode_text(&install_secrets_table, (const char *)text, text_size,
                             &doc_limits_message, c->error, &c->plan);
        secret_erase(text, text_size);
        return rc;
}

int conversation_plan(struct conversation *c)
{
        _doc_ struct doc *answer = NULL;
        char path[96];
        int rc;

        snprintf(path, sizeof(path), "/agent/v1/plan?generation=%llu&sealed=1",
                 (unsigned long long)c->claimed.generation);
        rc = conversation_call(c, "GET", path, NULL, CALL_TIMEOUT_MS, &answer);
        if (rc == -ECANCELED)
                return conversation_go(c, STATE_ORDERS, c->error);
        if (rc < 0)
                return rc;
        memset(&c->plan, 0, sizeof(c->plan));
        rc = doc_decode(&install_plan_table, answer, c->error, &c->plan);
        if (rc >= 0)
                rc = open_secrets(c, doc_get_text(answer, INSTALL_SEALED));
        if (rc >= 0)
                rc = install_plan_check(&c->plan, c->error);
        if (rc < 0)
                return rc;
        progress_book_init(&c->book, c->plan.generation);
        c->is_installed = false;
        log_info("install.plan", "operation=%llu image=%s disk=%s",
                 (unsigned long long)c->plan.operation, QUOTE(c->plan.image),
                 QUOTE(c->plan.disk.serial[0] ? c->plan.disk.serial : c->plan.disk.wwn));
        return 1;
}

void conversation_forget_secrets(struct conversation *c)
{
        secret_erase(c->plan.secret, sizeof(c->plan.secret));
        secret_erase(c->plan.user_data, sizeof(c->plan.user_data));
}

static int fill_job(struct conversation *c, struct job *job)
{
        const struct site *site = c->options->site;
        _free_ char *ca = NULL, *key = NULL;
        int rc;

        rc = file_read(AT_FDCWD, site->ca_path, INSTALL_MAX_CA, &ca, NULL);
        if (rc >= 0)
                rc = minisign_public_text(&site->signing_key, &key);
        if (rc < 0)
                return rc;
        job->plan = c->plan;
        for (size_t i = 0; i < site->controller_count && i < INSTALL_MAX_CONTROLLERS; i++) {
                rc = text_copy(job->controllers[i], sizeof(job->controllers[i]),
                               site->controllers[i]);
                if (rc < 0)
                        return rc;
                job->controller_count++;
        }
        rc = text_copy(job->edge, sizeof(job->edge), site->edge);
        if (rc >= 0)
                rc = text_copy(job->ca, sizeof(job->ca), ca);
        if (rc >= 0)
                rc = text_copy(job->signing_key, sizeof(job->signing_key), key);
        return rc;
}

static int print_job(struct conversation *c, char **ret)
{
        _free_ struct job *job = calloc(1, sizeof(*job));
        _doc_ struct doc *object = NULL;
        int rc;

        if (!job)
                return -ENOMEM;
        rc = fill_job(c, job);
        if (rc >= 0) {
                object = doc_encode(&job_table, job);
                rc = doc_print(object, DOC_COMPACT, ret);
        }
        secret_erase(job, sizeof(*job));
        return rc;
}

/* The child */

struct watch {
        struct conversation *c;
        struct child child;
        struct lines out, err;
        char last_line[EVENT_TEXT_SIZE]; /* on stderr */
        uint64_t generation;             /* of the node, when it was last asked for */
        uint64_t retry_ms;               /* when the controller is spoken to again */
        uint64_t asked_ms;
        uint64_t kill_ms; /* 0: it may run */
        int rc;           /* why it was ended; 0: it was not */
};

static void on_progress(void *context, const char *line)
{
        struct watch *watch = context;

        if (progress_book_add(&watch->c->book, line) < 0)
                log_warning("install.says", "line=%s", QUOTE(line));
}

static void on_complaint(void *context, const char *line)
{
        struct watch *watch = context;

        snprintf(watch->last_line, sizeof(watch->last_line), "%.*s", EVENT_TEXT_SIZE - 1, line);
        log_warning("install.says", "line=%s", QUOTE(line));
}

static void read_some(struct watch *watch, int *fd, struct lines *lines, line_fn fn)
{
        char bytes[READ_SIZE];
        const ssize_t n = read(*fd, bytes, sizeof(bytes));

        if (n > 0) {
                lines_add(lines, bytes, (size_t)n, fn, watch);
        } else if (n == 0 || errno != EINTR) {
                lines_end(lines, fn, watch);
                close(TAKE_FD(*fd));
        }
}

static void end_child(struct watch *watch, int rc, const char *why)
{
        log_warning("install.stopped", "reason=%s", QUOTE(why));
        watch->rc = rc;
        watch->kill_ms = clock_monotonic_ms() + KILL_AFTER_MS;
        child_kill(&watch->child, SIGTERM);
}

/*
 * An installer that waits for the edge has no news, and an abort must reach it all
 * the same. Asking for orders is no sign of progress: a stall stays one.
 */
static int ask_whether_wanted(struct watch *watch)
{
        struct conversation *c = watch->c;
        _doc_ struct doc *answer = NULL;
        struct agent_orders orders;
        int rc;

        rc = conversation_call(c, "GET", "/agent/v1/orders?generation=0", NULL, CALL_TIMEOUT_MS,
                               &answer);
        if (rc >= 0)
                rc = obey(c, answer, &orders);
        if (rc < 0)
                return rc;
        /* This install, or the next one? What it said last will be taken, or refused. */
        if (orders.generation != watch->generation)
                progress_book_repeat(&c->book);
        watch->generation = orders.generation;
        return 0;
}

static void tell_controller(struct watch *watch)
{
        struct conversation *c = watch->c;
        const uint64_t now_ms = clock_monotonic_ms();
        int rc;

        if (watch->rc < 0 || now_ms < watch->retry_ms)
                return;
        rc = tell_all(c, false);
        if (rc >= 0 && now_ms - c->book.told_ms >= ASK_MS && now_ms - watch->asked_ms >= ASK_MS) {
                watch->asked_ms = now_ms;
                rc = ask_whether_wanted(watch);
        }
        if (rc == -ECANCELED || rc == -ESTALE || rc == -ETIME) {
                end_child(watch, rc, c->error);
        } else if (rc < 0) {
                log_warning("install.untold", "error=%s",
                            QUOTE(c->error[0] ? c->error : strerror(-rc)));
                conversation_turn(c);
                watch->retry_ms = clock_monotonic_ms() + RETRY_MS;
        }
}

static void watch_child(struct watch *watch)
{
        struct child *child = &watch->child;

        while (child->out >= 0 || child->err >= 0) {
                struct pollfd fds[] = {
                        {.fd = child->out, .events = POLLIN},
                        {.fd = child->err, .events = POLLIN}
                };

                (void)poll(fds, ARRAY_SIZE(fds), POLL_MS); /* negative ones are left out */
                if (child->out >= 0 && fds[0].revents)
                        read_some(watch, &child->out, &watch->out, on_progress);
                if (child->err >= 0 && fds[1].revents)
                        read_some(watch, &child->err, &watch->err, on_complaint);
                tell_controller(watch);
                if (watch->kill_ms && clock_monotonic_ms() >= watch->kill_ms)
                        child_kill(child, SIGKILL);
        }
}

/* What @watch is told is then for the state that follows. */
static int run_child(struct conversation *c, struct watch *watch)
{
        _free_ char *document = NULL;
        char how[64] = "";
        int rc;

        rc = print_job(c, &document);
        if (rc < 0)
                return rc;
        rc = child_start(c->options->deeds, c->options->install, c->options->install_root, document,
                         strlen(document), &watch->child);
        secret_erase(document, strlen(document));
        if (rc < 0)
                return rc;
        watch_child(watch);
        rc = child_wait(&watch->child, how);
        progress_book_end(&c->book, rc == 0, how, watch->last_line);
        return 0;
}

int conversation_install(struct conversation *c)
{
        struct watch watch = {
                .c = c, .child = {.pid = -1, .deeds = -EBADF, .out = -EBADF, .err = -EBADF}
        };
        char why[128];
        int rc;

        if (c->missing[0]) {
                progress_book_fail(&c->book, CAUSE_AGENT_FAILED, c->missing);
                conversation_forget_secrets(c);
                return 1;
        }
        rc = run_child(c, &watch);
        conversation_forget_secrets(c);
        if (watch.rc == -ECANCELED)
                return conversation_go(c, STATE_ORDERS, ENDED_BY_OTHERS);
        if (watch.rc < 0)
                return watch.rc;
        if (rc < 0) {
                snprintf(why, sizeof(why), "it cannot be started: %s", strerror(-rc));
                progress_book_end(&c->book, false, why, "");
        }
        c->is_installed = !progress_book_is_failed(&c->book);
        return 1;
}

/* Its end */

int conversation_deliver(struct conversation *c)
{
        const int rc = tell_all(c, true);

        if (rc == -ECANCELED)
                return conversation_go(c, STATE_ORDERS, ENDED_BY_OTHERS);
        if (rc < 0)
                return rc;
        return c->is_installed ? 1 : conversation_go(c, STATE_ORDERS, "the install failed");
}

int conversation_reboot(struct conversation *c)
{
        const struct install_progress progress = {
                .generation = c->plan.generation, .step = INSTALL_REBOOT, .state = PROGRESS_DONE};
        const int rc = tell(c, &progress);

        if (rc == -ECANCELED)
                return conversation_go(c, STATE_ORDERS, ENDED_BY_OTHERS);
        if (rc < 0)
                return rc;
        log_info("install.done", "node=%s", c->claimed.node);
        c->is_over = c->options->is_rehearsal;
        if (c->is_over)
                return 0;
        conversation_restart(c, true);
        return -EIO; /* it did not restart: say so, and try again */
}
