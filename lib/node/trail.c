/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/node/trail.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/node/plan.h"

_Static_assert(TRAIL_MARK_COUNT <= 32, "a bit each");

static bool is_of_agent(const struct node_event *event)
{
        return strcmp(event->text, "the agent's own") == 0;
}

/* A script's text begins with what it is to boot: "discover by http: ...". */
static enum trail_mark mark_of_script(const struct node_event *event)
{
        const size_t len = strcspn(event->text, " ");

        for (unsigned i = 0; i < BOOT_ACTION_COUNT; i++) {
                const char *name = boot_action_names[i];

                if (strlen(name) != len || strncmp(event->text, name, len) != 0)
                        continue;
                if (i == BOOT_ASK_AGAIN)
                        return MARK_WAITS;
                return boot_action_runs_agent((enum boot_action)i) ? MARK_SCRIPT : MARK_DISK;
        }
        return MARK_NONE;
}

static enum trail_mark mark_of(const struct node_event *event)
{
        static const enum trail_mark marks[STEP_COUNT] = {
                [STEP_STRANGER] = MARK_STRANGER,     [STEP_DHCP_DISCOVER] = MARK_ASKED,
                [STEP_DHCP_OFFER] = MARK_OFFERED,    [STEP_DHCP_NAK] = MARK_NAK,
                [STEP_LOADER] = MARK_LOADER,         [STEP_KERNEL] = MARK_KERNEL,
                [STEP_RAMDISK] = MARK_RAMDISK,       [STEP_SITE] = MARK_SITE,
                [STEP_CLAIM] = MARK_CLAIM,           [STEP_INVENTORY] = MARK_INVENTORY,
                [STEP_PHONE_HOME] = MARK_PHONE_HOME,
        };
        static const enum trail_mark stopped[STEP_COUNT] = {
                [STEP_LOADER] = MARK_LOADER_STOPPED,
                [STEP_KERNEL] = MARK_KERNEL_STOPPED,
                [STEP_RAMDISK] = MARK_RAMDISK_STOPPED,
                [STEP_SITE] = MARK_SITE_STOPPED,
        };

        if (event->step == STEP_DHCP_ACK)
                return is_of_agent(event) ? MARK_AGENT_ADDRESS : MARK_ADDRESS;
        if (event->step == STEP_SCRIPT)
                return mark_of_script(event);
        if (event->step == STEP_STOPPED)
                return stopped[event->of];
        if (event->step == STEP_REFUSED)
                return event->of == STEP_CLAIM ? MARK_REFUSED : MARK_NONE;
        /* What the controller says of an operation is not of a boot. */
        if (event->step == STEP_FAILED)
                return strcmp(event->by, "controller") == 0 ? MARK_NONE : MARK_FAILED;
        return marks[event->step];
}

/*
 * Firmware asks for an address at the beginning of a boot, and a loader does once more after it was
 * fetched. Who asks again before it took one is still at the beginning.
 */
static bool is_new_boot(const struct trail *trail, const struct node_event *event)
{
        const uint32_t beginning =
                1u << MARK_STRANGER | 1u << MARK_ASKED | 1u << MARK_OFFERED | 1u << MARK_NAK;
        const uint32_t loaded =
                beginning | 1u << MARK_ADDRESS | 1u << MARK_LOADER | 1u << MARK_LOADER_STOPPED;

        if (event->step != STEP_DHCP_DISCOVER || (trail->marks & ~beginning) == 0)
                return false;
        return !text_has_prefix(event->text, "iPXE") || (trail->marks & ~loaded) != 0 ||
               !trail_has(trail, MARK_LOADER);
}

/* A loader that fetches its script in parts, or twice, does so at once. */
#define DISK_AGAIN_MS 30000

static bool is_sent_again(struct trail *trail, enum trail_mark mark, const struct node_event *event)
{
        if (mark != MARK_DISK)
                return false;
        if (!trail_has(trail, MARK_DISK))
                trail->disk_ms = event->at_ms;
        return event->at_ms > trail->disk_ms && event->at_ms - trail->disk_ms >= DISK_AGAIN_MS;
}

static void add(struct trail *trail, const struct node_event *event, size_t place)
{
        static const struct {
                enum trail_mark whole, stopped;
        } ends[] = {
                {MARK_LOADER,  MARK_LOADER_STOPPED },
                {MARK_KERNEL,  MARK_KERNEL_STOPPED },
                {MARK_RAMDISK, MARK_RAMDISK_STOPPED},
                {MARK_SITE,    MARK_SITE_STOPPED   },
        };
        const uint32_t fetching = 1u << MARK_KERNEL | 1u << MARK_KERNEL_STOPPED;
        const enum trail_mark mark = mark_of(event);

        if (trail->count++ == 0)
                trail->first_ms = event->at_ms;
        if (event->boot[0])
                memcpy(trail->boot, event->boot, sizeof(trail->boot));
        if (mark == MARK_NONE)
                return;
        trail->last_ms = event->at_ms;
        /* A loader that boots does not come back. */
        if (mark == MARK_SCRIPT && (trail->marks & fetching)) {
                trail->marks |= 1u << MARK_RETURNED;
                trail->place[MARK_RETURNED] = place;
        }
        if (mark == MARK_SITE)
                trail->marks &= ~(1u << MARK_RETURNED);
        if (is_sent_again(trail, mark, event)) {
                trail->marks |= 1u << MARK_DISK_AGAIN;
                trail->place[MARK_DISK_AGAIN] = place;
        }
        /* What it was told last counts. */
        if (mark == MARK_WAITS || mark == MARK_SCRIPT || mark == MARK_DISK)
                trail->marks &= ~(1u << MARK_WAITS | 1u << MARK_SCRIPT | 1u << MARK_DISK);
        if (mark == MARK_WAITS || mark == MARK_SCRIPT)
                trail->marks &= ~(1u << MARK_DISK_AGAIN);
        trail->marks |= 1u << mark;
        trail->place[mark] = place;
        if ((mark == MARK_LOADER && text_has_prefix(event->text, "grub")) ||
            (event->step == STEP_SCRIPT && strstr(event->text, ", GRUB:")))
                trail->is_grub = true;
        /* GRUB itself speaks no HTTP. */
        if (event->step == STEP_SCRIPT)
                trail->is_image = strstr(event->text, " by http, GRUB:") != NULL;
        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
                if (mark == ends[i].whole)
                        trail->marks &= ~(1u << ends[i].stopped);
}

/* What the controller told of a boot before the edge could deliver how it began. */
static void take_over(struct trail *trail, const struct trail *previous)
{
        const uint32_t late = 1u << MARK_CLAIM | 1u << MARK_FAILED | 1u << MARK_INVENTORY;

        /* An unclaimed number is given again: that one is of both boots. */
        if (!trail_has(previous, MARK_CLAIM))
                return;
        for (unsigned i = 0; i < TRAIL_MARK_COUNT; i++)
                if ((previous->marks & late & 1u << i) && !(trail->marks & 1u << i)) {
                        trail->marks |= 1u << i;
                        trail->place[i] = previous->place[i];
                }
}

void trail_read(const struct node_event *events, size_t count, struct trail *ret,
                struct trail *ret_previous)
{
        *ret = *ret_previous = (struct trail){0};
        for (size_t i = 0; i < count; i++) {
                if (is_new_boot(ret, &events[i])) {
                        *ret_previous = *ret;
                        *ret = (struct trail){0};
                }
                add(ret, &events[i], i);
                if (events[i].boot[0] && strcmp(events[i].boot, ret_previous->boot) == 0)
                        take_over(ret, ret_previous);
        }
}
