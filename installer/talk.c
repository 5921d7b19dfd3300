/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One thread keeps the address; a second one, once there is one, talks to the
 * controller. Interfaces announce themselves: nobody has to say that one appeared.
 */
#include "installer/talk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "installer/conversation.h"
#include "installer/deeds.h"
#include "installer/talker.h"
#include "lib/base/clock.h"
#include "lib/base/loop.h"
#include "lib/boot/init_linux.h"
#include "lib/boot/network_linux.h"
#include "lib/boot/reaper_linux.h"
#include "lib/daemon/log.h"

#define DEEDS_FD       3
#define WAIT_REPORT_MS 5000 /* how often the console is told what is waited for */

struct talker {
        const struct site *site;
        int deeds;
        struct loop *loop;
        struct network *network;
        struct loop_timer *report;
        struct ip_address address; /* the first; a later one is of no interest to the controller */
        pthread_t thread;
        bool is_talking;
};

/* The first process restarts the machine, once somebody may have read why. */
__attribute__((noreturn)) static void give_up(const struct talker *t, const char *why)
{
        struct deed_answer answer;

        init_say_given_up("cloudie-agent", why);
        (void)deeds_ask(t->deeds, (struct deed){.kind = DEED_REBOOT}, NULL, &answer);
        _exit(EXIT_FAILURE);
}

static void *talk(void *context)
{
        struct talker *t = context;
        const struct conversation_options options = {
                .site = t->site,
                .mac = network_mac(t->network),
                .address = t->address,
                .discover = "/bin/cloudie-discover",
                .install = "/bin/cloudie-install",
                .deeds = t->deeds,
        };
        const int rc = conversation_run(&options);

        /* Stale: another boot of this machine took our place; we stay quiet until it is restarted.
         */
        if (rc != -ESTALE)
                give_up(t, rc == -ETIME ? "the boot number is no longer good" : strerror(-rc));
        return NULL;
}

static void on_network(void *context)
{
        struct talker *t = context;
        int rc;

        if (t->is_talking)
                return;
        t->is_talking = true;
        t->address = network_address(t->network);
        loop_timer_disarm(t->report);
        rc = pthread_create(&t->thread, NULL, talk, t);
        if (rc != 0)
                give_up(t, strerror(rc));
}

static void on_report(void *context)
{
        struct talker *t = context;

        log_warning("network.waits", "for=%s", QUOTE(network_waits_for(t->network)));
        network_look(t->network);
        loop_timer_arm(t->report, clock_monotonic_ms() + WAIT_REPORT_MS);
}

static int start(struct talker *t)
{
        int rc = loop_new(&t->loop);

        if (rc >= 0)
                rc = loop_add_timer(t->loop, on_report, t, &t->report);
        if (rc >= 0)
                rc = network_new(t->loop, &t->site->boot_mac, on_network, t, &t->network);
        if (rc < 0)
                return rc;
        if (site_is_reached_by_ip6(t->site))
                network_use_ip6(t->network);
        loop_timer_arm(t->report, clock_monotonic_ms() + WAIT_REPORT_MS);
        network_look(t->network);
        return 0;
}

void talk_run(const struct site *site, int deeds)
{
        struct talker talker = {.site = site, .deeds = deeds};
        int rc;

        /* What else is open is the first process's: sockets, descriptors of its loop. */
        if (dup2(deeds, DEEDS_FD) < 0)
                give_up(&talker, strerror(errno));
        talker.deeds = DEEDS_FD;
        (void)fcntl(DEEDS_FD, F_SETFD, FD_CLOEXEC);
        (void)syscall(SYS_close_range, DEEDS_FD + 1, ~0U, 0U);
        (void)prctl(PR_SET_NAME, "agent-talk");
        reaper_leave();
        rc = talker_confine("cloudie-agent");
        if (rc >= 0)
                rc = start(&talker);
        if (rc >= 0)
                rc = loop_run(talker.loop);
        give_up(&talker, strerror(-rc));
}
