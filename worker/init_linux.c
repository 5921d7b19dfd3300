/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Two processes. The first one looks after the machine: mounts, drivers, orphans; it hears
 * nobody. The second is confined: in it one thread keeps the address and looks for the seed,
 * and one phones home and then beats, once there are both. The seed's disk may appear at any
 * time: the kernel announces it to the first, which passes a byte on, and each is a reason to
 * look. Nothing polls.
 */

#include "worker/init_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/loop.h"
#include "lib/boot/init_linux.h"
#include "lib/boot/modules_linux.h"
#include "lib/boot/network_linux.h"
#include "lib/boot/reaper_linux.h"
#include "lib/daemon/log.h"
#include "worker/confine.h"
#include "worker/keep.h"
#include "worker/phone.h"

#define PROGRAM_NAME    "cloudie-worker"
#define NEWS_FD         3
#define NETWORK_LATE_MS 5000  /* how often the log is told what is waited for */
#define SEED_LATE_MS    60000 /* disks behind a slow controller are there by then */

/* Drivers that no device asks for. */
static const char *const own_modules[] = {"af_packet"};

struct machine {
        const char *state;
        struct loop *loop;
        int news_fd; /* a byte for each announcement */
        struct loop_fd *news;
        struct network *network;
        struct loop_timer *network_late, *seed_late;
        struct worker_seed seed;     /* the thread's, once it runs */
        char error[SEED_ERROR_SIZE]; /* why there is none yet */
        bool has_seed, is_calling;
        pthread_t thread;
};

/* On a console, and for people. */
static void say(const char *text)
{
        printf(PROGRAM_NAME ": %s\n", text);
        (void)fflush(stdout);
}

/* The first process hears of it, and restarts the machine once somebody may have read why. */
__attribute__((noreturn)) static void end_with(const char *why)
{
        log_error("worker.ended", "reason=%s", QUOTE(why));
        _exit(EXIT_FAILURE);
}

static void *call(void *context)
{
        struct machine *m = context;
        const struct phone_options options = {
                .seed = &m->seed, .state = m->state, .root = "", .say = say};
        char error[PHONE_ERROR_SIZE];

        if (keep_was_told(m->state, &m->seed))
                say("this installation has called before");
        (void)phone_run(&options, error);
        say(error);
        return NULL;
}

static void call_when_ready(struct machine *m)
{
        int rc;

        if (m->is_calling || !m->has_seed || !ip_is_set(network_address(m->network)))
                return;
        m->is_calling = true;
        rc = pthread_create(&m->thread, NULL, call, m);
        if (rc != 0)
                end_with(strerror(rc));
}

/* By the file: sethostname(2) wants the right to do nearly everything. */
static void set_hostname(const char *name)
{
        _close_ int fd = open("/proc/sys/kernel/hostname", O_WRONLY | O_CLOEXEC);

        if (fd < 0 || write(fd, name, strlen(name)) < 0)
                log_warning("hostname.refused", "error=%s", QUOTE(strerror(errno)));
}

static void look_for_seed(struct machine *m)
{
        char error[SEED_ERROR_SIZE];

        if (m->has_seed)
                return;
        if (seed_find("", error, &m->seed) < 0) {
                if (strcmp(error, m->error) != 0)
                        log_warning("seed.waits", "reason=%s", QUOTE(error));
                memcpy(m->error, error, sizeof(error));
                return;
        }
        m->has_seed = true;
        loop_timer_disarm(m->seed_late);
        init_advance_clock(m->seed.made_ms / 1000);
        log_info("seed.found", "node=%s generation=%llu", m->seed.node,
                 (unsigned long long)m->seed.generation);
        set_hostname(m->seed.node);
        call_when_ready(m);
}

static void on_news(void *context, uint32_t events)
{
        struct machine *m = context;
        char bytes[64];

        (void)events;
        while (read(m->news_fd, bytes, sizeof(bytes)) > 0)
                ;
        network_look(m->network);
        look_for_seed(m);
}

static void on_network(void *context)
{
        struct machine *m = context;

        loop_timer_disarm(m->network_late);
        call_when_ready(m);
}

static void on_network_late(void *context)
{
        struct machine *m = context;

        log_warning("network.waits", "for=%s", QUOTE(network_waits_for(m->network)));
        loop_timer_arm(m->network_late, clock_monotonic_ms() + NETWORK_LATE_MS);
}

static void on_seed_late(void *context)
{
        struct machine *m = context;

        say(m->error);
        say("it waits for a disk with its seed");
}

static int start(struct machine *m)
{
        int rc = loop_new(&m->loop);

        if (rc >= 0)
                rc = loop_add_timer(m->loop, on_network_late, m, &m->network_late);
        if (rc >= 0)
                rc = loop_add_timer(m->loop, on_seed_late, m, &m->seed_late);
        if (rc >= 0)
                rc = network_new(m->loop, &(struct mac_address){{0}}, on_network, m, &m->network);
        if (rc >= 0)
                rc = loop_add_fd(m->loop, m->news_fd, EPOLLIN, on_news, m, &m->news);
        if (rc < 0)
                return rc;
        loop_timer_arm(m->network_late, clock_monotonic_ms() + NETWORK_LATE_MS);
        loop_timer_arm(m->seed_late, clock_monotonic_ms() + SEED_LATE_MS);
        network_look(m->network);
        look_for_seed(m);
        return 0;
}

__attribute__((noreturn)) static void run_confined(const char *state, int news)
{
        static struct machine machine;
        int rc;

        machine.state = state;
        machine.news_fd = NEWS_FD;
        if (dup2(news, NEWS_FD) < 0)
                end_with(strerror(errno));
        (void)fcntl(NEWS_FD, F_SETFD, FD_CLOEXEC);
        (void)syscall(SYS_close_range, NEWS_FD + 1, ~0U, 0U);
        (void)prctl(PR_SET_NAME, "worker-talk");
        reaper_leave();
        rc = worker_confine(state);
        if (rc >= 0)
                rc = start(&machine);
        if (rc >= 0)
                rc = loop_run(machine.loop);
        end_with(strerror(-rc));
}

/* The first process. */

struct caretaker {
        struct loop *loop;
        struct drivers *drivers;
        pid_t confined;
        int news_fd; /* to it */
};

static void on_device(void *context)
{
        const struct caretaker *c = context;

        /* A full pipe has enough reasons to look. */
        if (write(c->news_fd, "", 1) < 0 && errno != EAGAIN)
                log_warning("news.unheard", "error=%s", QUOTE(strerror(errno)));
}

static void on_end(void *context, pid_t pid, int status)
{
        const struct caretaker *c = context;
        char why[REAPER_HOW_SIZE + 64], how[REAPER_HOW_SIZE];

        if (pid != c->confined)
                return; /* an orphan: that it is gone is all */
        snprintf(why, sizeof(why), "the process that hears the network %s",
                 reaper_how(status, how));
        init_give_up(PROGRAM_NAME, why);
}

static int start_confined(struct caretaker *c, const char *state)
{
        int pipes[2];

        if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) < 0)
                return -errno;
        c->news_fd = pipes[1];
        c->confined = fork();
        if (c->confined < 0)
                return -errno;
        if (c->confined == 0)
                run_confined(state, pipes[0]);
        close(pipes[0]);
        return 0;
}

static int take_care(struct caretaker *c, const char *state)
{
        int rc = loop_new(&c->loop);

        if (rc >= 0)
                rc = reaper_new(c->loop, on_end, c);
        if (rc >= 0)
                rc = drivers_new("", c->loop, on_device, c, &c->drivers);
        if (rc >= 0)
                rc = drivers_load_own(c->drivers, own_modules, ARRAY_SIZE(own_modules));
        if (rc >= 0)
                rc = start_confined(c, state);
        if (rc >= 0)
                rc = drivers_load_all(c->drivers);
        if (rc < 0)
                return rc;
        log_info("drivers.loaded", "count=%u refused=%u", drivers_count(c->drivers),
                 drivers_failed(c->drivers));
        on_device(c); /* disks may have come while nobody listened */
        return loop_run(c->loop);
}

void worker_run_as_init(const char *state)
{
        static struct caretaker caretaker;
        int rc;

        signal(SIGPIPE, SIG_IGN);
        reaper_prepare();
        rc = init_mount();
        if (rc >= 0)
                rc = init_open_standard_files();
        if (rc < 0)
                init_give_up(PROGRAM_NAME, "the kernel's file systems cannot be mounted");
        log_info("worker.start", "version=%s uptime_ms=%llu", CLOUDIE_VERSION,
                 (unsigned long long)clock_monotonic_ms());

        rc = take_care(&caretaker, state);
        init_give_up(PROGRAM_NAME, strerror(-rc));
}
