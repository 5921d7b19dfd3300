/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cloudie-agent: the first process of the ramdisk
 *
 * Its main thread is the machine's caretaker: drivers for devices that appear,
 * the address and its renewal. A second thread talks to the controller. On a
 * machine that is no node it rehearses that conversation alone (--rehearse).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "installer/conversation.h"
#include "installer/site.h"
#include "installer/stage_two_linux.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/loop.h"
#include "lib/base/text.h"
#include "lib/boot/init_linux.h"
#include "lib/boot/listener_linux.h"
#include "lib/boot/modules_linux.h"
#include "lib/boot/network_linux.h"
#include "lib/daemon/log.h"
#include "lib/daemon/options.h"

#define SITE_FOLDER      "/etc/cloudie"
#define COMMAND_LINE_MAX ((size_t)64 << 10)
#define SETTLE_MS        1500  /* quiet for so long: devices had their chance to appear */
#define SETTLE_MAX_MS    15000 /* disks of a slow controller come later than this: next boot */
#define WAIT_REPORT_MS   5000  /* how often the console is told what is waited for */

/* Drivers that no device asks for: what we stand on ourselves. */
static const char *const own_modules[] = {"af_packet", "loop", "squashfs", "efivarfs"};

/* Of stage two's, what no device asks for, and cloudie-discover asks BMCs and RAID controllers
 * through. */
static const char *const asking_modules[] = {"ipmi_devintf", "sg"};

struct agent {
        struct loop *loop;
        struct drivers *drivers;
        struct network *network;
        struct listener *listener;
        struct loop_timer *report;
        struct site site;
        struct ip_address address; /* the first; a later one is of no interest to the controller */
        pthread_t thread;
        bool is_talking;

        pthread_mutex_t lock; /* guards what both threads see */
        pthread_cond_t settled;
        uint64_t last_change_ms;
        bool is_loaded;
};

__attribute__((noreturn)) static void give_up(const char *why)
{
        init_give_up("cloudie-agent", why);
}

/* On the loop's thread: drivers of stage two, for what stage one left without one. */
static void load_stage_two(void *context)
{
        struct agent *a = context;
        const int rc = drivers_add_root(a->drivers, STAGE_TWO_ROOT);

        if (rc < 0)
                log_error("stage_two.modules", "error=%s", QUOTE(strerror(-rc)));
        (void)drivers_load_all(a->drivers);
        (void)drivers_load_own(a->drivers, asking_modules, ARRAY_SIZE(asking_modules));

        pthread_mutex_lock(&a->lock);
        a->is_loaded = true;
        a->last_change_ms = clock_monotonic_ms();
        pthread_cond_signal(&a->settled);
        pthread_mutex_unlock(&a->lock);
}

static void wait_until(struct agent *a, uint64_t monotonic_ms)
{
        const struct timespec at = {.tv_sec = (time_t)(monotonic_ms / 1000),
                                    .tv_nsec = (long)(monotonic_ms % 1000) * 1000000};

        (void)pthread_cond_timedwait(&a->settled, &a->lock, &at);
}

/* On the conversation's thread: returns when no device has appeared for a while. */
static void stage_two_mounted(void *context)
{
        struct agent *a = context;
        const uint64_t end = clock_monotonic_ms() + SETTLE_MAX_MS;

        if (loop_post(a->loop, load_stage_two, a) < 0)
                return;
        pthread_mutex_lock(&a->lock);
        while (clock_monotonic_ms() < end) {
                if (!a->is_loaded)
                        wait_until(a, end);
                else if (clock_monotonic_ms() < a->last_change_ms + SETTLE_MS)
                        wait_until(a, a->last_change_ms + SETTLE_MS);
                else
                        break;
        }
        pthread_mutex_unlock(&a->lock);
}

static void *talk(void *context)
{
        struct agent *a = context;
        const struct conversation_options options = {
                .site = &a->site,
                .mac = network_mac(a->network),
                .address = a->address,
                .discover = "/bin/cloudie-discover",
                .install = "/bin/cloudie-install",
                .lldp_fd = listener_fd(a->listener),
                .mounted = stage_two_mounted,
                .context = a,
        };
        const int rc = conversation_run(&options);

        /* Stale: another boot of this machine took our place; we stay quiet until it is restarted.
         */
        if (rc != -ESTALE)
                give_up(rc == -ETIME ? "the boot number is no longer good" : strerror(-rc));
        return NULL;
}

static void on_network(void *context)
{
        struct agent *a = context;
        int rc;

        if (a->is_talking)
                return;
        a->is_talking = true;
        a->address = network_address(a->network);
        loop_timer_disarm(a->report);
        rc = pthread_create(&a->thread, NULL, talk, a);
        if (rc != 0)
                give_up(strerror(rc));
}

static void on_device(void *context)
{
        struct agent *a = context;

        pthread_mutex_lock(&a->lock);
        a->last_change_ms = clock_monotonic_ms();
        pthread_mutex_unlock(&a->lock);
        listener_look(a->listener);
        if (a->network)
                network_look(a->network);
}

static void on_report(void *context)
{
        struct agent *a = context;

        log_warning("network.waits", "for=%s", QUOTE(network_waits_for(a->network)));
        network_look(a->network);
        loop_timer_arm(a->report, clock_monotonic_ms() + WAIT_REPORT_MS);
}

static void read_site(struct agent *a)
{
        _free_ char *command_line = NULL;
        char error[SITE_ERROR_SIZE] = "";

        if (file_read(AT_FDCWD, "/proc/cmdline", COMMAND_LINE_MAX, &command_line, NULL) < 0)
                give_up("/proc/cmdline cannot be read");
        if (site_read_command_line(command_line, error, &a->site) < 0 ||
            site_read_folder(SITE_FOLDER, error, &a->site) < 0)
                give_up(error);
        if (a->site.boot[0] == '\0')
                give_up("the kernel's command line has no cloudie.boot=: nothing to claim");
}

static int start(struct agent *a)
{
        int rc;

        rc = loop_new(&a->loop);
        if (rc >= 0)
                rc = drivers_new("", a->loop, on_device, a, &a->drivers);
        if (rc < 0)
                return rc;
        rc = drivers_load_own(a->drivers, own_modules, ARRAY_SIZE(own_modules));
        if (rc < 0)
                return rc;
        (void)listener_new(a->loop, &a->listener); /* without it switches are not heard */
        (void)init_mount_efivars();
        rc = drivers_load_all(a->drivers);
        if (rc < 0)
                return rc;
        log_info("drivers.loaded", "count=%u refused=%u", drivers_count(a->drivers),
                 drivers_failed(a->drivers));

        rc = loop_add_timer(a->loop, on_report, a, &a->report);
        if (rc >= 0)
                rc = network_new(a->loop, &a->site.boot_mac, on_network, a, &a->network);
        if (rc < 0)
                return rc;
        loop_timer_arm(a->report, clock_monotonic_ms() + WAIT_REPORT_MS);
        network_look(a->network);
        return 0;
}

static int run_as_init(void)
{
        static struct agent agent;
        pthread_condattr_t clock;
        int rc;

        signal(SIGPIPE, SIG_IGN);
        pthread_mutex_init(&agent.lock, NULL);
        pthread_condattr_init(&clock);
        pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
        pthread_cond_init(&agent.settled, &clock);

        rc = init_mount();
        if (rc >= 0)
                rc = init_open_standard_files();
        if (rc < 0)
                give_up("the kernel's file systems cannot be mounted");
        log_info("agent.start", "version=%s uptime_ms=%llu", CLOUDIE_VERSION,
                 (unsigned long long)clock_monotonic_ms());
        if (!init_is_whole())
                give_up("the ramdisk is incomplete: this machine has too little memory for it");
        read_site(&agent);
        init_set_clock(agent.site.time_s);

        rc = start(&agent);
        if (rc >= 0)
                rc = loop_run(agent.loop);
        give_up(strerror(-rc));
}

static const char *site_folder = SITE_FOLDER, *command_line, *discover = "cloudie-discover",
                  *address, *install, *install_root;
static bool rehearse;

static const struct option_row options[] = {
        {.name = "rehearse",
         .help = "claim and report once from here, as a node would",
         .is_set = &rehearse  },
        { .name = "site",
         .value = "FOLDER",
         .help = "site.json, ca.pem, signing.pub",
         .text = &site_folder},
        {  .name = "command-line",
         .value = "TEXT",
         .help = "in place of the kernel's",
         .text = &command_line},
        { .name = "address",
         .value = "IP",
         .help = "the address that is claimed from",
         .text = &address},
        {      .name = "discover",
         .value = "FILE",
         .help = "path of cloudie-discover",
         .text = &discover},
        {     .name = "install",
         .value = "FILE",
         .help = "path of cloudie-install: wait for orders, and obey one install",
         .text = &install},
        {      .name = "install-root",
         .value = "FOLDER",
         .help = "cloudie-install gets it as its --root",
         .text = &install_root},
};

static const struct program program = {
        .name = "cloudie-agent",
        .summary =
                "First process of Cloudie's ramdisk: reports the machine and obeys its controller.",
        .usage = "--rehearse --site FOLDER --command-line TEXT --address IP --discover FILE",
        .options = options,
        .count = ARRAY_SIZE(options),
};

static int run_rehearsal(void)
{
        struct conversation_options conversation = {.is_rehearsal = true};
        struct site site = {0};
        char error[SITE_ERROR_SIZE] = "";
        int rc;

        if (!command_line || !address || ip_parse(address, &conversation.address) < 0)
                return program_usage(&program, "--rehearse needs --command-line and --address");
        if (install && !install_root)
                return program_usage(&program, "--install needs --install-root: no disk of this "
                                               "machine is meant");
        if (site_read_command_line(command_line, error, &site) < 0 ||
            site_read_folder(site_folder, error, &site) < 0)
                return program_fail(&program, "%s", error);

        conversation.site = &site;
        conversation.mac = site.boot_mac;
        conversation.discover = discover;
        conversation.install = install;
        conversation.install_root = install_root;
        conversation.ends_when_held = !install;
        rc = conversation_run(&conversation);
        return rc < 0 ? program_fail(&program, "%s", strerror(-rc)) : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
        int rest, rc;

        if (getpid() == 1)
                return run_as_init();
        rc = options_parse(&program, argc, argv, &rest);
        if (rc != 0)
                return rc > 0 ? EXIT_SUCCESS : EXIT_USAGE;
        if (!rehearse)
                return program_usage(
                        &program,
                        "it runs as the first process of the ramdisk; --rehearse elsewhere");
        return run_rehearsal();
}
