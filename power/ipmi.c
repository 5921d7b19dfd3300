/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * IPMI over the network: a socket, a session and a short list of steps for each
 * BMC. What is done is done when the state was read back.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/bmc/chassis.h"
#include "power/driver.h"
#include "power/ipmi_session.h"

#define IPMI_PORT       623
#define PAUSE_MS        250 /* before a state is read again; doubles */
#define PAUSE_MAX_MS    2000
#define BUSY_MS         1000 /* before a BMC that has no time is asked again */
#define GOODBYE_MS      300  /* for the answer to the end of the session: most take 1 ms */
#define CYCLE_UNSEEN_MS 8000 /* a machine that was never seen off by then was off too shortly */
#define REFUSALS_MAX    3    /* by the host: a BMC that restarts refuses now and then */

struct ipmi_job;

enum outcome { NEXT, AGAIN, DONE, FAILED };

struct step {
        const char *what; /* "its power state": in sentences */
        struct ipmi_request (*ask)(const struct ipmi_job *j);
        /* NULL: nothing is read of the answer. */
        enum outcome (*take)(struct ipmi_job *j, const uint8_t *answer, size_t size);
        bool may_refuse; /* its BMC need not know it: @take gets that answer, too */
};

struct ipmi_job {
        struct power_job *job; /* NULL: answered; the session is only closed */
        struct power_run *run;
        int fd;
        struct loop_fd *watch;
        struct loop_timer *timer;
        struct ipmi_session *session;
        const struct step *const *plan;
        uint64_t again_ms;   /* of the step, or of the session; 0: not waiting */
        bool is_new_session; /* what is done then */
        uint32_t pause_ms;
        unsigned refusals;
        const char *busy; /* why it is asked again; NULL */
        bool is_on, is_known, was_off, is_unchanged, is_unconfirmed;
        uint64_t commanded_ms; /* when the power was told to change */
        uint64_t goodbye_ms;   /* until when the end of the session is told; 0: to nobody */
        struct ipmi_boot boot;
        const char *detail;
        struct doc *more;
};

/* One for the process: it has one thread, and nothing in it lasts from call to call. */
static struct ipmi_codec *the_codec;

static const struct power_request *request_of(const struct ipmi_job *j)
{
        return power_request_of(j->run);
}

static void drop(struct ipmi_job *j)
{
        struct power_run *run = j->run;

        loop_remove_fd(j->watch);
        loop_remove_timer(j->timer);
        cleanup_close(&j->fd);
        ipmi_session_free(j->session);
        doc_free(j->more);
        free(j);
        power_let_go(run);
}

static void arm(struct ipmi_job *j, uint64_t deadline_ms)
{
        uint64_t at = ipmi_session_due(j->session);

        if (j->again_ms != 0 && j->again_ms < at)
                at = j->again_ms;
        loop_timer_arm(j->timer, at < deadline_ms ? at : deadline_ms);
}

/* Tells the run, then the BMC. */
static void end(struct ipmi_job *j, enum power_cause cause, const char *detail)
{
        struct power_job *job = j->job;
        char suite[16] = "";
        const uint64_t now = clock_monotonic_ms();

        if (ipmi_session_suite(j->session) != 0)
                (void)snprintf(suite, sizeof(suite), "cipher %u", ipmi_session_suite(j->session));
        j->job = NULL;
        j->again_ms = 0;
        if (ipmi_session_is_open(j->session)) {
                ipmi_session_close(j->session, now);
                j->goodbye_ms = now + GOODBYE_MS;
        }
        loop_timer_arm(j->timer, now);
        power_job_end(job, &(struct power_answer){
                                   .cause = cause,
                                   .detail = detail,
                                   .power = !j->is_known ? NULL
                                            : j->is_on   ? "on"
                                                         : "off",
                                   .is_unchanged = j->is_unchanged,
                                   .is_unconfirmed = j->is_unconfirmed,
                                   .suite = cause == POWER_OK ? suite : NULL,
                                   .more = TAKE_PTR(j->more),
                           });
}

static enum outcome fail(struct ipmi_job *j, enum power_cause cause, const char *detail)
{
        end(j, cause, detail);
        return FAILED;
}

/* Rights of a user are enough to look. */
static struct ipmi_request ask_privilege(const struct ipmi_job *j)
{
        (void)j;
        return ipmi_ask_privilege(3);
}

static struct ipmi_request ask_status(const struct ipmi_job *j)
{
        (void)j;
        return ipmi_ask_chassis();
}

static bool read_status(struct ipmi_job *j, const uint8_t *answer, size_t size)
{
        struct ipmi_chassis chassis;

        if (ipmi_chassis_parse(answer, size, &chassis) < 0)
                return false;
        j->is_known = true;
        j->is_on = chassis.is_on;
        if (!j->is_on)
                j->was_off = true;
        if (chassis.is_interlocked)
                j->detail = "Its lid or an interlock keeps the power off";
        else if (chassis.has_power_fault)
                j->detail = "The BMC reports a fault of the power supply";
        return true;
}

static enum outcome take_status(struct ipmi_job *j, const uint8_t *answer, size_t size)
{
        return read_status(j, answer, size) ? NEXT : fail(j, POWER_NONSENSE, NULL);
}

/* What each verb does to the power. */
static const struct change {
        enum ipmi_control control, control_when_off;
        bool wants_on;      /* in the end */
        bool is_done_if_so; /* it is so already, and nothing is sent */
} changes[POWER_VERBS] = {
        [VERB_ON] = {IPMI_POWER_UP,             IPMI_POWER_UP,   true,  true },
        [VERB_OFF] = {IPMI_POWER_DOWN,           IPMI_POWER_DOWN, false, true },
        [VERB_SOFT] = {IPMI_SOFT_SHUTDOWN,        IPMI_POWER_DOWN, false, true },
        [VERB_CYCLE] = {IPMI_POWER_CYCLE,          IPMI_POWER_UP,   true,  false},
        [VERB_RESET] = {IPMI_HARD_RESET,           IPMI_POWER_UP,   true,  false},
        [VERB_DIAG] = {IPMI_DIAGNOSTIC_INTERRUPT, IPMI_POWER_UP,   true,  false},
};

static enum outcome take_before(struct ipmi_job *j, const uint8_t *answer, size_t size)
{
        const unsigned verb = request_of(j)->verb;
        const struct change *change = &changes[verb];

        if (!read_status(j, answer, size))
                return fail(j, POWER_NONSENSE, NULL);
        if (change->is_done_if_so && j->is_on == change->wants_on) {
                j->is_unchanged = true;
                return DONE;
        }
        if (verb == VERB_DIAG && !j->is_on)
                return fail(j, POWER_REFUSED, "The machine is off: there is nothing to interrupt");
        j->was_off = !j->is_on; /* a cycle of it is to switch it on */
        return NEXT;
}

static struct ipmi_request ask_control(const struct ipmi_job *j)
{
        const struct change *change = &changes[request_of(j)->verb];

        return ipmi_ask_control(j->is_on ? change->control : change->control_when_off);
}

static enum outcome take_control(struct ipmi_job *j, const uint8_t *answer, size_t size)
{
        (void)answer;
        (void)size;
        j->commanded_ms = clock_monotonic_ms();
        j->pause_ms = PAUSE_MS;
        return NEXT;
}

static enum outcome take_after(struct ipmi_job *j, const uint8_t *answer, size_t size)
{
        const unsigned verb = request_of(j)->verb;
        const bool wants_on = changes[verb].wants_on;

        if (!read_status(j, answer, size))
                return fail(j, POWER_NONSENSE, NULL);
        j->busy = NULL;
        if (j->is_on != wants_on)
                return AGAIN;
        if (verb == VERB_RESET || verb == VERB_DIAG) {
                j->is_unconfirmed = true;
                j->detail = "A BMC cannot tell whether a running machine took it";
        }
        if (verb == VERB_CYCLE && !j->was_off) {
                if (clock_monotonic_ms() - j->commanded_ms < CYCLE_UNSEEN_MS)
                        return AGAIN;
                j->is_unconfirmed = true;
                j->detail = "It was never seen off";
        }
        return DONE;
}

static const enum ipmi_boot_device boot_devices[BOOT_DEVICES] = {
        [BOOT_NONE] = IPMI_BOOT_AS_SET, [BOOT_DISK] = IPMI_BOOT_DISK,   [BOOT_PXE] = IPMI_BOOT_PXE,
        [BOOT_BIOS] = IPMI_BOOT_BIOS,   [BOOT_CDROM] = IPMI_BOOT_CDROM,
};

static struct ipmi_boot wanted_boot(const struct power_request *request)
{
        return (struct ipmi_boot){.device = boot_devices[request->boot_device],
                                  .is_valid = request->boot_device != BOOT_NONE,
                                  .is_persistent = request->is_persistent,
                                  .is_uefi = request->is_uefi};
}

static struct ipmi_request ask_boot_set(const struct ipmi_job *j)
{
        const struct ipmi_boot boot = wanted_boot(request_of(j));

        return ipmi_ask_boot_set(&boot);
}

static struct ipmi_request ask_boot(const struct ipmi_job *j)
{
        (void)j;
        return ipmi_ask_boot();
}

/* Some keep the device and drop the rest, some cannot read it at all: said, not guessed. */
static enum outcome take_boot(struct ipmi_job *j, const uint8_t *answer, size_t size)
{
        const struct ipmi_boot wanted = wanted_boot(request_of(j));
        struct ipmi_boot boot;

        if (ipmi_boot_parse(answer, size, &boot) < 0) {
                j->is_unconfirmed = true;
                j->detail = "The BMC took it, but does not let it be read back";
        } else if (boot.device != wanted.device || boot.is_valid != wanted.is_valid) {
                j->is_unconfirmed = true;
                j->detail = "The BMC took it, but reads back something else";
        } else if (boot.is_persistent != wanted.is_persistent || boot.is_uefi != wanted.is_uefi) {
                j->is_unconfirmed = true;
                j->detail = "The BMC took the device, but not whether it lasts or is for UEFI";
        }
        return DONE;
}

static struct ipmi_request ask_identify(const struct ipmi_job *j)
{
        return ipmi_ask_identify((uint8_t)request_of(j)->identify_s, false);
}

static enum outcome take_identify(struct ipmi_job *j, const uint8_t *answer, size_t size)
{
        (void)answer;
        (void)size;
        j->is_unconfirmed = true;
        j->detail = "IPMI has no way to read the light back";
        return DONE;
}

static struct ipmi_request ask_device(const struct ipmi_job *j)
{
        (void)j;
        return ipmi_ask_device();
}

static enum outcome take_device(struct ipmi_job *j, const uint8_t *answer, size_t size)
{
        struct ipmi_device device;
        char text[32];

        if (ipmi_device_parse(answer, size, &device) < 0)
                return fail(j, POWER_NONSENSE, NULL);
        j->more = doc_object();
        (void)snprintf(text, sizeof(text), "%u.%02x", device.firmware_major, device.firmware_minor);
        doc_set_text(j->more, "firmware", text);
        (void)snprintf(text, sizeof(text), "%u.%u", device.ipmi_major, device.ipmi_minor);
        doc_set_text(j->more, "ipmi", text);
        doc_set_text(j->more, "maker", ipmi_maker(device.manufacturer));
        doc_set_number(j->more, "manufacturer", device.manufacturer);
        doc_set_number(j->more, "product", device.product);
        return NEXT;
}

static const struct step raise_step = {"the privilege 'operator'", ask_privilege, NULL, false};
static const struct step status_step = {"its power state", ask_status, take_status, false};
static const struct step before_step = {"its power state", ask_status, take_before, false};
static const struct step control_step = {"a change of power", ask_control, take_control, false};
static const struct step after_step = {"its power state", ask_status, take_after, false};
static const struct step boot_set_step = {"a boot device", ask_boot_set, NULL, false};
static const struct step boot_step = {"its boot device", ask_boot, take_boot, true};
static const struct step identify_step = {"its identify light", ask_identify, take_identify, false};
static const struct step device_step = {"what it is", ask_device, take_device, false};

#define CHANGE_PLAN                                                                                \
        {                                                                                          \
                &raise_step, &before_step, &control_step, &after_step, NULL                        \
        }
/* clang-format off */
static const struct step *const plans[POWER_VERBS][5] = {
        [VERB_STATUS] = {&status_step, NULL},
        [VERB_ON] = CHANGE_PLAN,
        [VERB_OFF] = CHANGE_PLAN,
        [VERB_CYCLE] = CHANGE_PLAN,
        [VERB_RESET] = CHANGE_PLAN,
        [VERB_SOFT] = CHANGE_PLAN,
        [VERB_DIAG] = CHANGE_PLAN,
        [VERB_BOOT] = {&raise_step, &boot_set_step, &boot_step, NULL},
        [VERB_IDENTIFY] = {&raise_step, &identify_step, NULL},
        [VERB_INFO] = {&device_step, &status_step, NULL},
};
/* clang-format on */

static void ask(struct ipmi_job *j)
{
        const struct ipmi_request request = (*j->plan)->ask(j);

        ipmi_session_ask(j->session, &request, clock_monotonic_ms());
}

/* Asks the same again, later and later. */
static void wait_a_little(struct ipmi_job *j, uint32_t least_ms, bool is_new_session)
{
        if (j->pause_ms < least_ms)
                j->pause_ms = least_ms;
        j->again_ms = clock_monotonic_ms() + j->pause_ms;
        j->pause_ms = j->pause_ms > PAUSE_MAX_MS / 2 ? PAUSE_MAX_MS : j->pause_ms * 2;
        j->is_new_session = is_new_session;
}

static enum outcome refused(struct ipmi_job *j, uint8_t code)
{
        const char *why = ipmi_code_text(code);
        char detail[128];

        if (ipmi_code_is_busy(code)) {
                j->busy = why;
                return AGAIN;
        }
        (void)snprintf(detail, sizeof(detail), "It was asked for %s and refused: %s (code 0x%02x)",
                       (*j->plan)->what, why ? why : "a reason of its maker", code);
        /* 0x81 of the privilege: more than this user has (22.18). */
        if (code == 0xd4 || (*j->plan == &raise_step && code >= 0x80 && code <= 0x83))
                return fail(j, POWER_PRIVILEGE_LOW, detail);
        return fail(j, POWER_REFUSED, detail);
}

static void answered(struct ipmi_job *j)
{
        const struct step *step = *j->plan;
        enum outcome outcome = NEXT;
        const uint8_t *answer;
        size_t size;

        answer = ipmi_session_answer(j->session, &size);
        if (answer[0] != 0 && (!step->may_refuse || ipmi_code_is_busy(answer[0])))
                outcome = refused(j, answer[0]);
        else if (step->take)
                outcome = step->take(j, answer, size);
        if (outcome == FAILED)
                return;
        if (outcome == AGAIN) {
                wait_a_little(j, j->busy ? BUSY_MS : PAUSE_MS, false);
                return;
        }
        j->plan++;
        if (outcome == DONE || !*j->plan)
                end(j, POWER_OK, j->detail);
        else
                ask(j);
}

/* 0; -errno of random numbers. */
static int begin_session(struct ipmi_job *j)
{
        struct ipmi_chance chance;

        if (getrandom(&chance, sizeof(chance), 0) != sizeof(chance))
                return -EIO;
        chance.session |= 1;
        ipmi_session_start(j->session, &chance, clock_monotonic_ms());
        return 0;
}

static void missed_deadline(struct ipmi_job *j)
{
        const struct step *step = *j->plan;
        char detail[160];

        if (j->busy) {
                (void)snprintf(detail, sizeof(detail), "It was asked until the deadline: %s",
                               j->busy);
                end(j, POWER_BUSY, detail);
        } else if (step == &after_step && j->is_known) {
                (void)snprintf(detail, sizeof(detail), "The BMC took '%s', but the machine is %s",
                               power_verb_names[request_of(j)->verb], j->is_on ? "on" : "off");
                end(j, POWER_UNCHANGED, j->detail ? j->detail : detail);
        } else {
                (void)snprintf(detail, sizeof(detail), "Until the deadline it did not send %s",
                               ipmi_session_waits_for(j->session));
                end(j, POWER_SILENT, detail);
        }
}

static void send_due(struct ipmi_job *j)
{
        uint8_t packet[IPMI_PACKET_MAX];
        const uint64_t now = clock_monotonic_ms();
        ssize_t size;

        size = ipmi_session_send(j->session, now, packet);
        if (size < 0) {
                if (j->job)
                        end(j, POWER_OURS, "The IPMI library refuses to make a message");
                return;
        }
        /* A full queue is a lost datagram: it is sent again. A refusal is read with the answers. */
        if (size > 0 && send(j->fd, packet, (size_t)size, MSG_DONTWAIT) < 0 && j->job &&
            (errno == ENETUNREACH || errno == EHOSTUNREACH || errno == EACCES))
                end(j, POWER_UNREACHABLE, "This host has no way to that address");
}

static void on_timer(void *context)
{
        struct ipmi_job *j = context;
        const uint64_t now = clock_monotonic_ms();

        if (!j->job) {
                if (now >= j->goodbye_ms) {
                        drop(j);
                        return;
                }
                send_due(j);
                arm(j, j->goodbye_ms);
                return;
        }
        if (now >= j->job->deadline_ms) {
                missed_deadline(j);
                return;
        }
        if (j->again_ms != 0 && now >= j->again_ms) {
                j->again_ms = 0;
                if (!j->is_new_session) {
                        ask(j);
                } else if (begin_session(j) < 0) {
                        end(j, POWER_OURS, "No random numbers");
                        return;
                }
        }
        send_due(j);
        if (j->job)
                arm(j, j->job->deadline_ms);
}

static void take_event(struct ipmi_job *j, enum ipmi_event event)
{
        switch (event) {
        case IPMI_NOTHING:
                break;
        case IPMI_READY:
                j->busy = NULL;
                ask(j);
                break;
        case IPMI_ANSWER:
                answered(j);
                break;
        case IPMI_AGAIN:
                j->busy = "it has no free session";
                wait_a_little(j, BUSY_MS, true);
                break;
        case IPMI_FAILED:
                end(j, ipmi_session_cause(j->session), NULL);
                break;
        case IPMI_CLOSED:
                j->goodbye_ms = 0;
                loop_timer_arm(j->timer, clock_monotonic_ms());
                break;
        }
}

/* The host, or a router, says that nobody is there. */
static void host_refuses(struct ipmi_job *j)
{
        if (j->job && ++j->refusals >= REFUSALS_MAX)
                end(j, POWER_UNREACHABLE,
                    "The host behind this address says that nothing listens there");
}

static void on_datagram(void *context, uint32_t events)
{
        struct ipmi_job *j = context;
        uint8_t packet[IPMI_PACKET_MAX];
        ssize_t size;

        (void)events;
        size = recv(j->fd, packet, sizeof(packet), MSG_DONTWAIT | MSG_TRUNC);
        if (size < 0 && (errno == ECONNREFUSED || errno == EHOSTUNREACH))
                host_refuses(j);
        if (size <= 0 || size > (ssize_t)sizeof(packet))
                return;
        take_event(j, ipmi_session_receive(j->session, packet, (size_t)size, clock_monotonic_ms()));
        if (!j->job)
                return;
        send_due(j);
        if (j->job)
                arm(j, j->job->deadline_ms);
}

static int read_key(const char *text, struct ipmi_login *login)
{
        const bool is_hex = text_has_prefix(text, "0x");
        const size_t size = is_hex ? (strlen(text) - 2) / 2 : strlen(text);

        if (size > sizeof(login->key))
                return -E2BIG;
        login->key_size = size;
        if (is_hex)
                return text_unhex(text + 2, login->key, size);
        memcpy(login->key, text, size);
        return 0;
}

/* A sentence about what is wrong with it; NULL: nothing. */
static const char *read_login(const struct power_target *target, struct ipmi_login *ret)
{
        static const struct {
                const char *name;
                uint8_t number;
        } privileges[] = {
                {"",              3},
                {"user",          2},
                {"operator",      3},
                {"administrator", 4},
        };

        *ret = (struct ipmi_login){
                .suites = {17, 3},
                  .suite_count = 2
        };
        if (text_copy(ret->user, sizeof(ret->user), target->user) < 0)
                return "A user of IPMI has at most 16 characters";
        ret->password_size = strlen(target->password);
        if (ret->password_size > sizeof(ret->password))
                return "A password of IPMI has at most 20 characters";
        memcpy(ret->password, target->password, ret->password_size);
        if (read_key(target->key, ret) < 0)
                return "K_g is at most 20 characters, or 0x and at most 40 hex digits";
        for (size_t i = 0; i < ARRAY_SIZE(privileges); i++)
                if (text_is_equal(privileges[i].name, target->privilege))
                        ret->privilege = privileges[i].number;
        if (ret->privilege == 0)
                return "The privilege is user, operator or administrator";
        if (target->suite == 0)
                return NULL;
        if (!ipmi_suite_find((uint8_t)target->suite))
                return "Cipher suites 17 and 3 are spoken, no other";
        ret->suites[0] = (uint8_t)target->suite;
        ret->suites[1] = target->suite == 17 ? 3 : 17;
        return NULL;
}

static int open_socket(struct ipmi_job *j, const struct power_target *target)
{
        struct sockaddr_storage to;
        const uint16_t port = target->port != 0 ? (uint16_t)target->port : IPMI_PORT;
        const socklen_t size = ip_to_socket(target->address, port, 0, &to);

        j->fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (j->fd < 0)
                return -errno;
        return connect(j->fd, (struct sockaddr *)&to, size) < 0 ? -errno : 0;
}

static int prepare(void)
{
        the_codec = ipmi_codec_new();
        return the_codec ? 0 : -ENOMEM;
}

static int start(struct power_job *job)
{
        struct loop *loop = power_loop(job->run);
        struct ipmi_login login;
        const char *wrong;
        struct ipmi_job *j;
        int rc;

        wrong = read_login(job->target, &login);
        if (wrong) {
                power_job_end(job,
                              &(struct power_answer){.cause = POWER_UNSUPPORTED, .detail = wrong});
                return 0;
        }
        j = calloc(1, sizeof(*j));
        if (!j)
                return -ENOMEM;
        j->job = job;
        j->run = job->run;
        j->plan = plans[power_request_of(job->run)->verb];
        power_hold(job->run);
        rc = open_socket(j, job->target);
        if (rc == 0)
                rc = loop_add_fd(loop, j->fd, EPOLLIN, on_datagram, j, &j->watch);
        if (rc == 0)
                rc = loop_add_timer(loop, on_timer, j, &j->timer);
        if (rc == 0) {
                j->session = ipmi_session_new(the_codec, &login);
                rc = j->session ? begin_session(j) : -ENOMEM;
        }
        explicit_bzero(&login, sizeof(login));
        if (rc < 0) {
                drop(j);
                return rc;
        }
        loop_timer_arm(j->timer, clock_monotonic_ms());
        return 0;
}

const struct power_driver power_ipmi = {
        .name = "ipmi",
        .verbs = {[VERB_STATUS] = true,
                  [VERB_ON] = true,
                  [VERB_OFF] = true,
                  [VERB_CYCLE] = true,
                  [VERB_RESET] = true,
                  [VERB_SOFT] = true,
                  [VERB_DIAG] = true,
                  [VERB_BOOT] = true,
                  [VERB_IDENTIFY] = true,
                  [VERB_INFO] = true},
        .devices = {[BOOT_NONE] = true,
                  [BOOT_DISK] = true,
                  [BOOT_PXE] = true,
                  [BOOT_BIOS] = true,
                  [BOOT_CDROM] = true},
        .prepare = prepare,
        .start = start,
};
