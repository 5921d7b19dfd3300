/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The step `check`: is this the disk of the plan, and may it be written? Only reads. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "installer/install.h"
#include "lib/base/text.h"
#include "lib/disk/holds.h"

static int find(struct install *in)
{
        const struct disk_id *wanted = &in->job->plan.disk;
        const char *serial = wanted->serial[0] ? wanted->serial : wanted->wwn;
        const int rc = disk_find(in->options->root, wanted, &in->disk);

        if (rc == -ENOTUNIQ)
                return install_fail(in, CAUSE_DISK_CHANGED,
                                    "two disks have the serial number %s: which one is meant "
                                    "cannot be told",
                                    serial);
        if (rc == -ENODEV || rc == -ENOENT)
                return install_fail(in, CAUSE_DISK_GONE, "no disk has the serial number %s",
                                    serial);
        if (rc < 0)
                return install_fail(in, CAUSE_DISK_FAILED, "the disk cannot be looked at: %s",
                                    strerror(-rc));
        /* Now, as no other disk can be opened once this one is. */
        in->neighbour_count = disk_neighbours(in->options->root, &in->disk, in->neighbours);
        return 0;
}

static int open_it(struct install *in)
{
        struct disk *disk = &in->disk;
        char holder[32];
        int rc;

        if (disk_holder(in->options->root, disk->name, holder) == 0)
                return install_fail(in, CAUSE_DISK_BUSY, "%s uses %s", holder, disk->name);
        if (disk->is_read_only)
                return install_fail(in, CAUSE_DISK_FAILED, "%s is read-only", disk->name);
        rc = disk_open(in->options->root, disk);
        if (rc == -EBUSY)
                return install_fail(in, CAUSE_DISK_BUSY, "%s is in use", disk->name);
        if (rc == -EROFS || rc == -EACCES)
                return install_fail(in, CAUSE_DISK_FAILED, "%s is read-only", disk->name);
        if (rc < 0)
                return install_fail(in, CAUSE_DISK_FAILED, "%s cannot be opened: %s", disk->name,
                                    strerror(-rc));
        if (disk_confirm(in->options->root, &in->job->plan.disk, disk) < 0)
                return install_fail(in, CAUSE_DISK_CHANGED,
                                    "another disk took the place of %s while it was opened",
                                    disk->name);
        /* What is on it is a stranger's; no other disk can be opened any more. */
        rc = install_confine(NULL, in->options->root);
        if (rc < 0)
                return install_fail(in, CAUSE_INTERNAL, "the installer cannot be confined: %s",
                                    strerror(-rc));
        return 0;
}

static int look_at_size(struct install *in)
{
        const struct install_plan *plan = &in->job->plan;
        char has[TEXT_SIZE_MAX], wants[TEXT_SIZE_MAX];

        if (in->disk.size != plan->disk.size)
                return install_fail(in, CAUSE_DISK_CHANGED, "%s has %llu bytes, the plan's %llu",
                                    in->disk.name, (unsigned long long)in->disk.size,
                                    (unsigned long long)plan->disk.size);
        if (in->disk.size < plan->image_size)
                return install_fail(in, CAUSE_DISK_TOO_SMALL, "%s has %s, the image needs %s",
                                    in->disk.name, text_size(has, in->disk.size),
                                    text_size(wants, plan->image_size));
        return 0;
}

static int look_at_content(struct install *in, char holds[static DISK_HOLDS_SIZE])
{
        const int rc = disk_holds(in->disk.fd, holds);

        if (rc == -ENOMEM)
                return install_fail(in, CAUSE_OUT_OF_MEMORY, "to look at %s", in->disk.name);
        if (rc < 0)
                return install_fail(in, CAUSE_DISK_FAILED, "%s cannot be read: %s", in->disk.name,
                                    strerror(-rc));
        if (holds[0] && !in->job->plan.may_overwrite)
                return install_fail(in, CAUSE_DISK_HOLDS_DATA, "%s holds %s", in->disk.name, holds);
        return 0;
}

int install_check(struct install *in, char *text)
{
        char holds[DISK_HOLDS_SIZE] = "", size[TEXT_SIZE_MAX];
        int rc;

        rc = find(in);
        if (rc >= 0)
                rc = open_it(in);
        if (rc >= 0)
                rc = look_at_size(in);
        if (rc >= 0)
                rc = look_at_content(in, holds);
        if (rc < 0)
                return rc;
        snprintf(text, EVENT_TEXT_SIZE, "%s, %s, held %s", in->disk.name,
                 text_size(size, in->disk.size), holds[0] ? holds : "nothing");
        return 0;
}
