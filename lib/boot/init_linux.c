/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/boot/init_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

#define CLOCK_TOLERANCE_S 60
#define END_PATIENCE_MS   2000 /* for each of two signals */
#define END_TICK_MS       20
#define GIVE_UP_PAUSE_S   60 /* long enough to read the console, then the machine tries again */

static const struct {
        const char *type, *path;
        unsigned long flags;
} mounts[] = {
        {"proc",     "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC},
        {"sysfs",    "/sys",  MS_NOSUID | MS_NODEV | MS_NOEXEC},
        {"devtmpfs", "/dev",  MS_NOSUID                       },
        {"tmpfs",    "/run",  MS_NOSUID | MS_NODEV            },
};

static int mount_one(const char *type, const char *path, unsigned long flags)
{
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
                return -errno;
        if (mount(type, path, type, flags, NULL) < 0 && errno != EBUSY)
                return -errno;
        return 0;
}

int init_mount(void)
{
        int rc;

        for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
                rc = mount_one(mounts[i].type, mounts[i].path, mounts[i].flags);
                if (rc < 0)
                        return rc;
        }
        return 0;
}

int init_open_standard_files(void)
{
        static const char *const paths[] = {"/dev/console", "/dev/tty0", "/dev/null"};
        int fd = -EBADF;

        for (size_t i = 0; fd < 0 && i < ARRAY_SIZE(paths); i++)
                fd = open(paths[i], O_RDWR | O_NOCTTY);
        while (fd >= 0 && fd <= STDERR_FILENO) {
                const int next = dup(fd);

                /* The lowest that is free: after standard error nothing is missing any more. */
                if (next < 0)
                        return -errno;
                if (next > STDERR_FILENO) {
                        close(next);
                        return 0;
                }
                fd = next;
        }
        if (fd < 0)
                return -errno;
        close(fd);
        return 0;
}

int init_mount_efivars(void)
{
        if (access("/sys/firmware/efi/efivars", F_OK) < 0)
                return 0; /* BIOS */
        return mount_one("efivarfs", "/sys/firmware/efi/efivars", MS_NOSUID | MS_NODEV | MS_NOEXEC);
}

bool init_is_whole(void)
{
        return access(INIT_SENTINEL, F_OK) == 0;
}

static void set_clock(uint64_t time_s)
{
        const struct timespec told = {.tv_sec = (time_t)time_s};
        const long long off = (long long)time(NULL) - (long long)time_s;

        if (clock_settime(CLOCK_REALTIME, &told) == 0)
                log_warning("clock.set", "was_off_s=%lld", off);
        else
                log_warning("clock.not_set", "off_s=%lld error=%s", off, QUOTE(strerror(errno)));
}

void init_set_clock(uint64_t time_s)
{
        const long long off = (long long)time(NULL) - (long long)time_s;

        if (time_s != 0 && llabs(off) > CLOCK_TOLERANCE_S)
                set_clock(time_s);
}

void init_advance_clock(uint64_t time_s)
{
        if (time_s <= INT64_MAX && (int64_t)time(NULL) < (int64_t)time_s)
                set_clock(time_s);
}

/* As UTC, which is what an installed system takes it for. */
static time_t rtc_seconds(const struct rtc_time *rtc)
{
        struct tm tm = {.tm_sec = rtc->tm_sec,
                        .tm_min = rtc->tm_min,
                        .tm_hour = rtc->tm_hour,
                        .tm_mday = rtc->tm_mday,
                        .tm_mon = rtc->tm_mon,
                        .tm_year = rtc->tm_year};

        return timegm(&tm);
}

void init_keep_clock(void)
{
        const time_t now = time(NULL);
        struct rtc_time kept = {0};
        struct tm tm;
        _close_ int fd = open("/dev/rtc0", O_RDONLY | O_CLOEXEC);
        long long off;

        if (fd < 0 || ioctl(fd, RTC_RD_TIME, &kept) < 0 || !gmtime_r(&now, &tm))
                return;
        off = (long long)rtc_seconds(&kept) - (long long)now;
        if (llabs(off) <= CLOCK_TOLERANCE_S)
                return;
        kept = (struct rtc_time){.tm_sec = tm.tm_sec,
                                 .tm_min = tm.tm_min,
                                 .tm_hour = tm.tm_hour,
                                 .tm_mday = tm.tm_mday,
                                 .tm_mon = tm.tm_mon,
                                 .tm_year = tm.tm_year};
        if (ioctl(fd, RTC_SET_TIME, &kept) < 0)
                log_warning("clock.not_kept", "error=%s", QUOTE(strerror(errno)));
        else
                log_info("clock.kept", "was_off_s=%lld", off);
}

/* Whoever still runs writes down what he has; then he is ended. */
static void end_others(void)
{
        static const int signals[] = {SIGTERM, SIGKILL};
        const struct timespec tick = {.tv_nsec = END_TICK_MS * 1000000L};

        for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
                if (kill(-1, signals[i]) < 0)
                        return;
                for (unsigned ms = 0; ms < END_PATIENCE_MS; ms += END_TICK_MS) {
                        pid_t pid;

                        do
                                pid = waitpid(-1, NULL, WNOHANG);
                        while (pid > 0);
                        if (pid < 0)
                                return; /* nobody is left */
                        nanosleep(&tick, NULL);
                }
        }
}

void init_reboot(void)
{
        if (getpid() == 1)
                end_others();
        sync();
        (void)reboot(RB_AUTOBOOT);
}

void init_say_given_up(const char *program, const char *why)
{
        unsigned left = GIVE_UP_PAUSE_S;

        log_error("init.gave_up", "program=%s reason=%s restart_in_s=%d", program, QUOTE(why),
                  GIVE_UP_PAUSE_S);
        while (left > 0)
                left = sleep(left);
}

void init_give_up(const char *program, const char *why)
{
        init_say_given_up(program, why);
        init_reboot();
        for (;;)
                pause();
}
