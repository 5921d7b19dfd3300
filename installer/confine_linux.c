/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cloudie-install is root, as a disk is only root's to write, and reads what lies
 * on that disk, what an edge serves, and what the controller says. So there are
 * two steps: at its start it can write devices and boot entries alone; and as soon as
 * the disk is open, before anything on it is looked at, it opens no device at all. Not for
 * reading, either: root's ioctl(2) writes to what is open for that.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "installer/install.h"
#include "lib/base/cleanup.h"
#include "lib/daemon/confine.h"

#define WRITE (CONFINE_READ | CONFINE_WRITE)

static int confine_start(const char *name, const char *devices, const char *entries)
{
        const struct confine_path paths[] = {
                {"/",     CONFINE_READ          },
                {entries, WRITE                 },
                {devices, WRITE | CONFINE_DEVICE},
        };
        const struct confine_files files = {
                .paths = paths, .path_count = ARRAY_SIZE(paths), .may_connect = true};

        return confine_program(name, &files, true, NULL);
}

static int confine_to_open_disk(const char *system, const char *entries)
{
        const struct confine_path paths[] = {
                {system,  CONFINE_READ},
                {entries, WRITE       },
 /* how much memory there is; how names are resolved, and what OpenSSL looks for */
                {"/proc", CONFINE_READ},
                {"/etc",  CONFINE_READ},
                {"/usr",  CONFINE_READ},
        };
        const struct confine_files files = {
                .paths = paths, .path_count = ARRAY_SIZE(paths), .may_connect = true};
        const int rc = confine_files(&files);

        return rc == -EOPNOTSUPP ? 0 : rc; /* it was said at the start */
}

int install_confine(const char *name, const char *root)
{
        char devices[PATH_MAX], system[PATH_MAX], entries[PATH_MAX];

        if (snprintf(devices, sizeof(devices), "%s/dev", root) >= PATH_MAX ||
            snprintf(system, sizeof(system), "%s/sys", root) >= PATH_MAX ||
            snprintf(entries, sizeof(entries), "%s/sys/firmware/efi/efivars", root) >= PATH_MAX)
                return -ENAMETOOLONG;
        return name ? confine_start(name, devices, entries) : confine_to_open_disk(system, entries);
}
