/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cold plug and hot plug
 *
 * The kernel's announcements (uevents) are listened to first, then every device
 * that is there is asked for its modalias. A bus driver that finds more devices
 * announces them, so nothing is polled and nothing is missed.
 *
 * Modules are loaded as files (finit_module), with the signatures that Debian
 * gave them: under Secure Boot the kernel takes no others.
 */
#include "lib/boot/modules_linux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/map.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

#define MODULE_FILE_MAX ((size_t)32 << 20) /* modules.alias of a whole kernel has 1.3 MB */
#define MODALIAS_MAX    1024               /* input devices have the longest, some 600 bytes */
#define UEVENT_MAX      8192               /* UEVENT_BUFFER_SIZE of the kernel is 2048 */
#define UEVENT_BUFFER   (4 << 20)          /* a shelf of disks announces itself all at once */

CLEANUP_DEFINE(DIR *, closedir)
CLEANUP_DEFINE(struct modules *, modules_free)

struct drivers {
        struct modules *modules;
        struct map *tried; /* names already given to the kernel: any non-NULL value */
        int uevent_fd;
        struct loop_fd *uevent;
        loop_fn change;
        void *context;
        unsigned count, failed;
};

/* What is loaded by an alias is asked for many times; once is enough. */
static int load_one(void *context, const char *name, const char *path)
{
        struct drivers *d = context;
        _close_ int fd = -EBADF;
        int rc;

        if (map_find(d->tried, name, strlen(name)))
                return 0;
        rc = map_set(d->tried, name, strlen(name), d);
        if (rc < 0)
                return rc;

        fd = open(path, O_RDONLY | O_CLOEXEC);
        rc = fd < 0 ? -errno : (int)syscall(SYS_finit_module, fd, "", 0);
        if (fd >= 0 && rc < 0)
                rc = -errno;
        if (rc == -EEXIST)
                return 0;
        if (rc < 0) {
                d->failed++;
                /* ENODEV: the driver looked and found nothing. That is its answer, not a fault;
                 * ENOENT: one that it stands on said so. */
                if (rc != -ENODEV && rc != -ENOENT)
                        log_warning("module.refused", "name=%s error=%s", name,
                                    QUOTE(strerror(-rc)));
                return 0;
        }
        d->count++;
        return 0;
}

static int read_index(const char *folder, const char *name, char **ret)
{
        char path[512];

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        return file_read(AT_FDCWD, path, MODULE_FILE_MAX, ret, NULL);
}

int drivers_add_root(struct drivers *drivers, const char *root)
{
        _free_ char *dep = NULL, *alias = NULL, *softdep = NULL;
        struct utsname kernel;
        char folder[256];
        int rc;

        if (uname(&kernel) < 0)
                return -errno;
        snprintf(folder, sizeof(folder), "%s/lib/modules/%.64s", root, kernel.release);

        rc = read_index(folder, "modules.dep", &dep);
        if (rc >= 0)
                rc = modules_add_dep(drivers->modules, folder, dep);
        if (rc >= 0)
                rc = read_index(folder, "modules.alias", &alias);
        if (rc >= 0)
                rc = modules_add_alias(drivers->modules, alias);
        if (rc < 0)
                return rc;
        /* Not every set of modules has soft dependencies. */
        if (read_index(folder, "modules.softdep", &softdep) >= 0)
                rc = modules_add_softdep(drivers->modules, softdep);
        return rc;
}

int drivers_load(struct drivers *drivers, const char *name)
{
        return modules_walk(drivers->modules, name, load_one, drivers);
}

int drivers_load_own(struct drivers *drivers, const char *const *names, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                const int rc = drivers_load(drivers, names[i]);

                if (rc < 0 && rc != -ENOENT)
                        return rc;
        }
        return 0;
}

/* A uevent is "add@/devices/...", then NAME=value texts, each ended by a NUL byte. */
static void on_uevent(void *context, uint32_t events)
{
        struct drivers *d = context;
        char message[UEVENT_MAX];
        struct sockaddr_nl from = {0};
        struct iovec iov = {.iov_base = message, .iov_len = sizeof(message) - 1};
        struct msghdr header = {
                .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1};
        bool is_add = false;

        (void)events;
        for (;;) {
                const ssize_t size = recvmsg(d->uevent_fd, &header, MSG_DONTWAIT);
                struct reader r;
                const char *text;

                if (size < 0) {
                        /* More was announced than the buffer holds: look at all there is. */
                        if (errno == ENOBUFS)
                                (void)drivers_load_all(d);
                        break;
                }
                if (from.nl_pid != 0) /* only the kernel announces devices */
                        continue;
                message[size] = '\0';
                r = reader_over(message, (size_t)size + 1);
                is_add = text_has_prefix(message, "add@");
                while (is_add && reader_text(&r, &text) == 0)
                        if (text_has_prefix(text, "MODALIAS="))
                                (void)modules_walk_alias(d->modules, text + strlen("MODALIAS="),
                                                         load_one, d);
        }
        if (d->change)
                d->change(d->context);
}

/* Called with the modalias of a device that is there. A return other than 0 ends the walk. */
typedef int (*device_fn)(void *context, const char *modalias);

static int visit_device(int folder, const char *name, device_fn fn, void *context)
{
        _free_ char *modalias = NULL;
        char path[NAME_MAX + sizeof("/modalias")];

        snprintf(path, sizeof(path), "%s/modalias", name);
        if (file_read(folder, path, MODALIAS_MAX, &modalias, NULL) < 0)
                return 0; /* most have none */
        modalias[strcspn(modalias, "\n")] = '\0';
        return modalias[0] ? fn(context, modalias) : 0;
}

static int visit_folder(const char *path, device_fn fn, void *context)
{
        CLEANUP(closedir) DIR *folder = opendir(path);
        const struct dirent *entry;
        int rc = 0;

        while (folder && rc == 0 && (entry = readdir(folder)))
                if (entry->d_name[0] != '.')
                        rc = visit_device(dirfd(folder), entry->d_name, fn, context);
        return rc;
}

/*
 * Every device is a link in the folder of its bus, or of its class: the tree itself has some
 * thousand attributes a machine, each of which would have to be looked at.
 */
static int visit_devices(device_fn fn, void *context)
{
        static const struct {
                const char *root, *below;
        } kinds[] = {
                {"/sys/bus",   "/devices"},
                {"/sys/class", ""        },
        };
        int rc = 0;

        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(kinds); i++) {
                CLEANUP(closedir) DIR *folder = opendir(kinds[i].root);
                const struct dirent *entry;

                if (!folder)
                        return -errno;
                while (rc == 0 && (entry = readdir(folder))) {
                        char path[NAME_MAX + 64];

                        if (entry->d_name[0] == '.')
                                continue;
                        snprintf(path, sizeof(path), "%s/%s%s", kinds[i].root, entry->d_name,
                                 kinds[i].below);
                        rc = visit_folder(path, fn, context);
                }
        }
        return rc;
}

static int load_for(void *context, const char *modalias)
{
        struct drivers *d = context;

        (void)modules_walk_alias(d->modules, modalias, load_one, d);
        return 0;
}

int drivers_load_all(struct drivers *drivers)
{
        return visit_devices(load_for, drivers);
}

static int is_for(void *context, const char *modalias)
{
        return modules_has_alias(context, modalias);
}

int drivers_is_any_for(const char *path)
{
        CLEANUP(modules_free) struct modules *modules = modules_new();
        _free_ char *text = NULL;
        int rc;

        if (!modules)
                return -ENOMEM;
        rc = file_read(AT_FDCWD, path, MODULE_FILE_MAX, &text, NULL);
        if (rc >= 0)
                rc = modules_add_alias(modules, text);
        return rc < 0 ? rc : visit_devices(is_for, modules);
}

static int open_uevents(struct drivers *d, struct loop *loop)
{
        const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
        const int size = UEVENT_BUFFER;

        d->uevent_fd =
                socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
        if (d->uevent_fd < 0)
                return -errno;
        (void)setsockopt(d->uevent_fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
        if (bind(d->uevent_fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                return -errno;
        return loop_add_fd(loop, d->uevent_fd, EPOLLIN, on_uevent, d, &d->uevent);
}

int drivers_new(const char *root, struct loop *loop, loop_fn change, void *context,
                struct drivers **ret)
{
        struct drivers *d = calloc(1, sizeof(*d));
        int rc;

        if (!d)
                return -ENOMEM;
        d->uevent_fd = -EBADF;
        d->change = change;
        d->context = context;
        d->modules = modules_new();
        d->tried = map_new(MODULES_MAX);
        rc = d->modules && d->tried ? open_uevents(d, loop) : -ENOMEM;
        if (rc >= 0)
                rc = drivers_add_root(d, root);
        if (rc < 0) {
                drivers_free(d);
                return rc;
        }
        *ret = d;
        return 0;
}

struct drivers *drivers_free(struct drivers *drivers)
{
        if (!drivers)
                return NULL;
        loop_remove_fd(drivers->uevent);
        if (drivers->uevent_fd >= 0)
                close(drivers->uevent_fd);
        modules_free(drivers->modules);
        map_free(drivers->tried);
        free(drivers);
        return NULL;
}

unsigned drivers_count(const struct drivers *drivers)
{
        return drivers->count;
}

unsigned drivers_failed(const struct drivers *drivers)
{
        return drivers->failed;
}
