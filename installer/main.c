/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cloudie-agent: the first process of the ramdisk
 *
 * It is the machine's caretaker: mounts, drivers for devices that appear, orphans. It
 * hears nobody: a confined process of its own has the address and talks to the
 * controller (talk.h), and asks it for what only root may (steward.h). On a
 * machine that is no node that conversation alone is rehearsed (--rehearse).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "installer/conversation.h"
#include "installer/deeds.h"
#include "installer/site.h"
#include "installer/stage_two_linux.h"
#include "installer/steward.h"
#include "installer/talk.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/loop.h"
#include "lib/base/text.h"
#include "lib/boot/init_linux.h"
#include "lib/boot/listener_linux.h"
#include "lib/boot/modules_linux.h"
#include "lib/boot/reaper_linux.h"
#include "lib/daemon/log.h"
#include "lib/daemon/options.h"

#define SITE_FOLDER      "/etc/cloudie"
#define COMMAND_LINE_MAX ((size_t)64 << 10)
#define SETTLE_MS        1500  /* quiet for so long: devices had their chance to appear */
#define SETTLE_MAX_MS    15000 /* disks of a slow controller come later than this: next boot */

/* Drivers that no device asks for: what stage one is mounted by, and what we stand on then. */
static const char *const root_modules[] = {"loop", "squashfs"};
static const char *const own_modules[] = {"af_packet", "efivarfs"};

/* Of stage two's, what no device asks for, and cloudie-discover asks BMCs and RAID controllers
 * through. */
static const char *const asking_modules[] = {"ipmi_devintf", "sg"};

struct agent {
        struct loop *loop;
        struct drivers *drivers;
        struct listener *listener;
        struct steward *steward;
        struct site site;

        struct loop_timer *settled;
        uint64_t last_change_ms, settle_end_ms;
};

__attribute__((noreturn)) static void give_up(const char *why)
{
        init_give_up("cloudie-agent", why);
}

/* No device has appeared for a while. */
static void on_settled(void *context)
{
        struct agent *a = context;
        const uint64_t now = clock_monotonic_ms();
        uint64_t quiet = a->last_change_ms + SETTLE_MS;

        if (quiet > a->settle_end_ms)
                quiet = a->settle_end_ms;
        if (now < quiet)
                loop_timer_arm(a->settled, quiet);
        else
                steward_settled(a->steward);
}

/* Drivers of stage two, for what stage one left without one. */
static void on_mounted(void *context)
{
        struct agent *a = context;
        int rc;

        rc = drivers_add_root(a->drivers, STAGE_TWO_ROOT);
        if (rc < 0)
                log_error("stage_two.modules", "error=%s", QUOTE(strerror(-rc)));
        (void)drivers_load_all(a->drivers);
        (void)drivers_load_own(a->drivers, asking_modules, ARRAY_SIZE(asking_modules));
        a->last_change_ms = clock_monotonic_ms();
}

static void settle(void *context)
{
        struct agent *a = context;

        a->settle_end_ms = clock_monotonic_ms() + SETTLE_MAX_MS;
        on_settled(a);
}

static bool is_stage_two_awaited(void *context)
{
        struct utsname kernel;
        char path[256];
        int rc;

        (void)context;
        if (uname(&kernel) < 0)
                return true;
        snprintf(path, sizeof(path), STAGE_ONE_ROOT "/lib/modules/%.64s/" STAGE_TWO_AWAITED,
                 kernel.release);
        rc = drivers_is_any_for(path);
        if (rc < 0)
                log_error("stage_two.awaited", "error=%s", QUOTE(strerror(-rc)));
        return rc != 0;
}

static int get_lldp(void *context)
{
        const struct agent *a = context;

        return listener_fd(a->listener);
}

static void on_talker_ended(void *context, const char *why)
{
        (void)context;
        give_up(why);
}

static void on_device(void *context)
{
        struct agent *a = context;

        a->last_change_ms = clock_monotonic_ms();
        listener_look(a->listener);
}

/* Who hears the network is another process, that may do little (installer/talk.h). */
static int start_talker(struct agent *a)
{
        struct steward_options options = {
                .loop = a->loop,
                .signing_key = &a->site.signing_key,
                .discover = "/bin/cloudie-discover",
                .install = "/bin/cloudie-install",
                .mounted = on_mounted,
                .settle = settle,
                .is_stage_two_awaited = is_stage_two_awaited,
                .lldp_fd = get_lldp,
                .ended = on_talker_ended,
                .context = a,
        };
        int asks;
        int rc = deeds_open(&asks, &options.fd);

        if (rc < 0)
                return rc;
        options.talker = fork();
        if (options.talker < 0)
                return -errno;
        if (options.talker == 0) {
                close(options.fd);
                talk_run(&a->site, asks);
        }
        close(asks);
        return steward_new(&options, &a->steward);
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

static void mount_stage_one(struct agent *a)
{
        _close_ int fd = open(STAGE_ONE_FILE, O_RDONLY | O_CLOEXEC);
        int rc = drivers_load_own(a->drivers, root_modules, ARRAY_SIZE(root_modules));

        if (rc >= 0)
                rc = fd < 0 ? -errno : stage_mount(fd, STAGE_ONE_ROOT);
        if (rc >= 0)
                rc = drivers_add_root(a->drivers, STAGE_ONE_ROOT);
        if (rc < 0) {
                log_error("stage_one.mount", "error=%s", QUOTE(strerror(-rc)));
                give_up("stage one cannot be mounted");
        }
}

static int start(struct agent *a)
{
        int rc;

        rc = loop_new(&a->loop);
        if (rc >= 0)
                rc = drivers_new("", a->loop, on_device, a, &a->drivers);
        if (rc < 0)
                return rc;
        mount_stage_one(a);
        rc = drivers_load_own(a->drivers, own_modules, ARRAY_SIZE(own_modules));
        if (rc < 0)
                return rc;
        (void)listener_new(a->loop, &a->listener); /* without it switches are not heard */
        rc = loop_add_timer(a->loop, on_settled, a, &a->settled);
        /* Before the drivers: its interface is heard of as soon as it is there. */
        if (rc >= 0)
                rc = start_talker(a);
        if (rc < 0)
                return rc;
        (void)init_mount_efivars();
        rc = drivers_load_all(a->drivers);
        if (rc < 0)
                return rc;
        log_info("drivers.loaded", "count=%u refused=%u", drivers_count(a->drivers),
                 drivers_failed(a->drivers));
        a->last_change_ms = clock_monotonic_ms();
        return 0;
}

static int run_as_init(void)
{
        static struct agent agent;
        int rc;

        signal(SIGPIPE, SIG_IGN);
        reaper_prepare();

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
        struct conversation_options conversation = {.is_rehearsal = true, .deeds = -EBADF};
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
