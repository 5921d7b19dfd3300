/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The form in which inventories are told apart
 *
 * The same machine, looked at again, must give the same bytes: a history has then a
 * row for each change and not for each boot. So what a clock, a sensor or a counter
 * says is left out here, and nothing else: whatever tells one machine from another,
 * or before from after somebody's hands, stays.
 */
#include "lib/node/inventory_form.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

#define DEPTH_MAX 32 /* above doc_limits_inventory */

/* [] is each member of a list. */
static const char *const passing[] = {
        "took_ms",
        /* Of this boot: which entry, which card. */
        "firmware.boot_current",
        "firmware.boot_next",
        "firmware.boot_mac",
        "nics.items[].booted_from",
        "kernel.command_line",
        "kernel.tainted",
        /* What the kernel has left of the memory differs by pages; `installed` does not. */
        "memory.total",
        "memory.nodes[].total",
        "memory.huge_pages",
        /* Sensors and counters; the disk's own verdict (`passed`) and its warnings stay. */
        "disks.items[].health.temperature_c",
        "disks.items[].health.power_on_hours",
        "disks.items[].health.power_cycles",
        "disks.items[].health.unsafe_shutdowns",
        "disks.items[].health.wear_percent",
        "disks.items[].health.spare_percent",
        "disks.items[].health.media_errors",
        "disks.items[].health.reallocated_sectors",
        "disks.items[].health.pending_sectors",
        "disks.items[].health.uncorrectable_sectors",
        "disks.items[].health.bytes_read",
        "disks.items[].health.bytes_written",
        "raid.items[].state",
        "raid.items[].action",
        "raid.items[].action_permille",
        "raid.controllers[].drives[].media_errors",
        "raid.controllers[].drives[].temperature_c",
        /* A battery is charged and learns by itself; whether it is `good` stays. */
        "raid.controllers[].battery.state",
        "raid.controllers[].battery.millivolts",
        "raid.controllers[].battery.temperature_c",
        /* Switches speak every 30 s: it depends on the moment whether one was heard. */
        "nics.items[].neighbour",
        "nics.items[].other_neighbours",
        /* Power management; the number of lanes stays. */
        "pci.items[].link.speed",
        "gpus.items[].link.speed",
        "usb.items[].number",
        /* From a list that comes with the ramdisk, and grows; the ids stay. */
        "pci.items[].vendor_name",
        "pci.items[].device_name",
        "pci.items[].subsystem_vendor_name",
        "pci.items[].subsystem_name",
        "pci.items[].class_name",
        "gpus.items[].vendor_name",
        "gpus.items[].device_name",
        "gpus.items[].subsystem_vendor_name",
        "gpus.items[].subsystem_name",
        "gpus.items[].class_name",
        "nics.items[].vendor",
        "nics.items[].product",
        "raid.controllers[].vendor_name",
        "raid.controllers[].device_name",
        "kernel.without_driver[].vendor_name",
        "kernel.without_driver[].device_name",
        "kernel.without_driver[].class_name",
};

static void forget(struct doc *value, const char *path)
{
        const size_t len = strcspn(path, "[");
        char name[80];

        if (path[len] == '\0') {
                const char *last = strrchr(path, '.');
                struct doc *parent = value;

                if (last && text_copy_bytes(name, sizeof(name), path, (size_t)(last - path)) == 0)
                        parent = doc_get(value, name);
                if (doc_is_object(parent))
                        (void)doc_remove(parent, last ? last + 1 : path);
                return;
        }
        if (text_copy_bytes(name, sizeof(name), path, len) < 0)
                return;
        value = doc_get(value, name);
        for (size_t i = 0; i < doc_count(value); i++)
                forget(doc_at(value, i), path + len + strlen("[]."));
}

struct member {
        const char *name;
        const struct doc *value;
};

static int compare_names(const void *a, const void *b)
{
        const struct member *x = a, *y = b;

        return strcmp(x->name, y->name);
}

static struct doc *sorted(const struct doc *value, size_t depth);

static struct doc *sorted_object(const struct doc *value, size_t depth)
{
        _free_ struct member *members = calloc(doc_count(value) + 1, sizeof(*members));
        struct doc *copy = doc_object(), *member;
        size_t count = 0, at = 0;
        const char *name;

        if (!members)
                return doc_free(copy);
        while (count < doc_count(value) && doc_next(value, &at, &name, &member) > 0)
                members[count++] = (struct member){name, member};
        qsort(members, count, sizeof(*members), compare_names);
        for (size_t i = 0; i < count; i++)
                (void)doc_set(copy, members[i].name, sorted(members[i].value, depth + 1));
        return copy;
}

static struct doc *sorted(const struct doc *value, size_t depth)
{
        struct doc *copy;

        if (depth > DEPTH_MAX || (!doc_is_object(value) && !doc_is_list(value)))
                return doc_copy(value);
        if (doc_is_object(value))
                return sorted_object(value, depth);
        copy = doc_list();
        for (size_t i = 0; i < doc_count(value); i++)
                (void)doc_append(copy, sorted(doc_at(value, i), depth + 1));
        return copy;
}

struct doc *inventory_lasting(const struct doc *inventory)
{
        struct doc *copy = sorted(inventory, 0);

        for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
                forget(copy, passing[i]);
        return copy;
}
