/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * One thread looks after the machine, and one phones home and then beats, once the
 * machine has an address and the seed was found. The seed's disk may appear at any time: the
 * kernel announces it, and each announcement is a reason to look. Nothing polls.
 */

#include "worker/init_linux.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/loop.h"
#include "lib/boot/init_linux.h"
#include "lib/boot/modules_linux.h"
#include "lib/boot/network_linux.h"
#include "lib/daemon/log.h"
#include "worker/keep.h"
#include "worker/phone.h"

#define PROGRAM_NAME    "cloudie-worker"
#define NETWORK_LATE_MS 5000  /* how often the log is told what is waited for */
#define SEED_LATE_MS    60000 /* disks behind a slow controller are there by then */

/* Drivers that no device asks for. */
static const char *const own_modules[] = {"af_packet"};

struct machine {
        const char *state;
        struct loop *loop;
        struct drivers *drivers;
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
                init_give_up(PROGRAM_NAME, strerror(rc));
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
        if (sethostname(m->seed.node, strlen(m->seed.node)) < 0)
                log_warning("hostname.refused", "error=%s", QUOTE(strerror(errno)));
        call_when_ready(m);
}

static void on_device(void *context)
{
        struct machine *m = context;

        if (!m->network) /* not started yet: start() looks */
                return;
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
                rc = drivers_new("", m->loop, on_device, m, &m->drivers);
        if (rc >= 0)
                rc = drivers_load_own(m->drivers, own_modules, ARRAY_SIZE(own_modules));
        if (rc >= 0)
                rc = drivers_load_all(m->drivers);
        if (rc >= 0)
                rc = loop_add_timer(m->loop, on_network_late, m, &m->network_late);
        if (rc >= 0)
                rc = loop_add_timer(m->loop, on_seed_late, m, &m->seed_late);
        if (rc >= 0)
                rc = network_new(m->loop, &(struct mac_address){{0}}, on_network, m, &m->network);
        if (rc < 0)
                return rc;
        log_info("drivers.loaded", "count=%u refused=%u", drivers_count(m->drivers),
                 drivers_failed(m->drivers));
        loop_timer_arm(m->network_late, clock_monotonic_ms() + NETWORK_LATE_MS);
        loop_timer_arm(m->seed_late, clock_monotonic_ms() + SEED_LATE_MS);
        network_look(m->network);
        look_for_seed(m);
        return 0;
}

void worker_run_as_init(const char *state)
{
        static struct machine machine;
        int rc;

        machine.state = state;
        signal(SIGPIPE, SIG_IGN);
        rc = init_mount();
        if (rc >= 0)
                rc = init_open_standard_files();
        if (rc < 0)
                init_give_up(PROGRAM_NAME, "the kernel's file systems cannot be mounted");
        log_info("worker.start", "version=%s uptime_ms=%llu", CLOUDIE_VERSION,
                 (unsigned long long)clock_monotonic_ms());

        rc = start(&machine);
        if (rc >= 0)
                rc = loop_run(machine.loop);
        init_give_up(PROGRAM_NAME, strerror(-rc));
}
