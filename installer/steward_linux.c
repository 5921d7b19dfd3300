/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "installer/steward.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "installer/child_linux.h"
#include "installer/deeds.h"
#include "installer/inventory.h"
#include "installer/stage_two_linux.h"
#include "lib/base/cleanup.h"
#include "lib/boot/init_linux.h"
#include "lib/boot/reaper_linux.h"
#include "lib/daemon/log.h"
#include "lib/fetch/fetch.h"

struct steward {
        struct steward_options options;
        struct loop_fd *watch;

        pid_t program;   /* that runs; 0: none */
        int status;      /* of the last one */
        bool is_awaited; /* the talker wants to know of its end */
        bool is_mounted;
        bool is_settling;
        enum deed_kind settles_for;
};

static void answer(struct steward *s, int rc, int number, const char *text)
{
        struct deed_answer answer = {.rc = rc, .number = number};

        snprintf(answer.text, sizeof(answer.text), "%s", text);
        rc = deeds_answer(s->options.fd, &answer);
        if (rc < 0) /* it asked twice without listening: no sound talker does */
                log_warning("deed.unheard", "error=%s", QUOTE(strerror(-rc)));
}

/* Deeds. Each answers, now or later. */

static void begin_to_settle(struct steward *s, enum deed_kind deed)
{
        s->is_settling = true;
        s->settles_for = deed;
        s->options.settle(s->options.context);
}

static void do_devices(struct steward *s, int argument, const int *fds)
{
        (void)argument;
        (void)fds;
        begin_to_settle(s, DEED_DEVICES);
}

static void do_stage_two(struct steward *s, int argument, const int *fds)
{
        const struct stage_two_files files = {fds[0], fds[1], fds[2]};
        char error[FETCH_ERROR_SIZE] = "";
        int rc = s->is_mounted ? -EBUSY : 0;

        if (rc == 0)
                rc = stage_two_check(&files, s->options.signing_key, error);
        if (rc == 0)
                rc = stage_mount(files.file, STAGE_TWO_ROOT);
        if (rc < 0) {
                if (!error[0])
                        snprintf(error, sizeof(error), "it cannot be mounted: %s", strerror(-rc));
                answer(s, rc, 0, error);
                return;
        }
        s->is_mounted = true;
        s->options.mounted(s->options.context);
        if (argument == 1)
                begin_to_settle(s, DEED_STAGE_TWO);
        else
                answer(s, 0, 0, "");
}

void steward_settled(struct steward *steward)
{
        if (!steward->is_settling)
                return;
        steward->is_settling = false;
        answer(steward, 0,
               steward->settles_for == DEED_DEVICES &&
                       steward->options.is_stage_two_awaited(steward->options.context),
               "");
}

static void do_discover(struct steward *s, int argument, const int *fds)
{
        int rc = s->program ? -EBUSY : 0;

        (void)argument;
        if (rc == 0)
                rc = inventory_spawn(s->options.discover, s->options.lldp_fd(s->options.context),
                                     fds[0], &s->program);
        answer(s, rc, 0, "");
}

static void do_install(struct steward *s, int argument, const int *fds)
{
        int rc = s->program ? -EBUSY : 0;

        (void)argument;
        if (rc == 0)
                rc = child_spawn_install(s->options.install, NULL, fds, &s->program);
        answer(s, rc, 0, "");
}

static void do_kill(struct steward *s, int argument, const int *fds)
{
        int rc = argument == SIGTERM || argument == SIGKILL ? 0 : -EINVAL;

        (void)fds;
        if (rc == 0 && s->program && kill(s->program, argument) < 0)
                rc = -errno;
        answer(s, rc, 0, "");
}

static void do_wait(struct steward *s, int argument, const int *fds)
{
        (void)argument;
        (void)fds;
        s->is_awaited = s->program != 0;
        if (!s->is_awaited)
                answer(s, 0, s->status, "");
}

static void do_reboot(struct steward *s, int argument, const int *fds)
{
        (void)fds;
        if (argument == 1)
                init_keep_clock();
        init_reboot();
        answer(s, -EIO, 0, "it does not restart");
}

static void (*const deeds[DEED_COUNT])(struct steward *s, int argument, const int *fds) = {
        [DEED_DEVICES] = do_devices, [DEED_STAGE_TWO] = do_stage_two, [DEED_DISCOVER] = do_discover,
        [DEED_INSTALL] = do_install, [DEED_KILL] = do_kill,           [DEED_WAIT] = do_wait,
        [DEED_REBOOT] = do_reboot,
};

static void on_deed(void *context, uint32_t events)
{
        struct steward *s = context;
        int fds[DEED_FDS_MAX];
        struct deed deed;
        int rc;

        (void)events;
        rc = deeds_receive(s->options.fd, &deed, fds);
        if (rc == -EPIPE) {
                loop_remove_fd(s->watch); /* its end is told by itself */
                s->watch = NULL;
        } else if (rc == 0) {
                deeds[deed.kind](s, deed.argument, fds);
        } else if (rc != -EAGAIN) {
                log_warning("deed.refused", "error=%s", QUOTE(strerror(-rc)));
                answer(s, rc, 0, "no such deed");
        }
        for (size_t i = 0; rc == 0 && i < DEED_FDS_MAX; i++)
                if (fds[i] >= 0)
                        close(fds[i]);
}

/* Ends */

static void tell_end(struct steward *s, int status)
{
        char why[REAPER_HOW_SIZE + 64], how[REAPER_HOW_SIZE];

        snprintf(why, sizeof(why), "the process that hears the network %s",
                 reaper_how(status, how));
        s->options.ended(s->options.context, why);
}

/* Others are orphans: that they are gone is all. */
static void on_end(void *context, pid_t pid, int status)
{
        struct steward *s = context;

        if (pid == s->options.talker) {
                tell_end(s, status);
        } else if (pid == s->program) {
                s->program = 0;
                s->status = status;
                if (s->is_awaited)
                        answer(s, 0, status, "");
                s->is_awaited = false;
        }
}

int steward_new(const struct steward_options *options, struct steward **ret)
{
        _free_ struct steward *s = calloc(1, sizeof(*s));
        int rc;

        if (!s)
                return -ENOMEM;
        s->options = *options;
        rc = loop_add_fd(options->loop, options->fd, EPOLLIN, on_deed, s, &s->watch);
        if (rc < 0)
                return rc;
        rc = reaper_new(options->loop, on_end, s);
        if (rc < 0) {
                loop_remove_fd(s->watch);
                return rc;
        }
        *ret = TAKE_PTR(s);
        return 0;
}
