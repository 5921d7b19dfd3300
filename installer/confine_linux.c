/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cloudie-install is root, as a disk is only root's to write, and reads what lies
 * on that disk, what an edge serves, and what the controller says. So there are
 * two steps: at its start it can write devices and boot entries alone; and as soon as
 * the disk is open, before anything on it is looked at, no other device.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "installer/install.h"
#include "lib/base/cleanup.h"
#include "lib/daemon/confine.h"

#define WRITE (CONFINE_READ | CONFINE_WRITE)

int install_confine(const char *name, const char *root)
{
        char devices[PATH_MAX], entries[PATH_MAX];
        int rc;

        if (snprintf(devices, sizeof(devices), "%s/dev", root) >= PATH_MAX ||
            snprintf(entries, sizeof(entries), "%s/sys/firmware/efi/efivars", root) >= PATH_MAX)
                return -ENAMETOOLONG;

        const struct confine_path paths[] = {
                {"/",                   CONFINE_READ          },
                {entries,               WRITE                 },
                {name ? devices : NULL, WRITE | CONFINE_DEVICE},
        };
        const struct confine_files files = {
                .paths = paths, .path_count = ARRAY_SIZE(paths), .may_connect = true};

        if (name)
                return confine_program(name, &files, true, NULL);
        rc = confine_files(&files);
        return rc == -EOPNOTSUPP ? 0 : rc; /* it was said at the start */
}
