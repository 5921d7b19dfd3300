/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/delivery.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/daemon/log.h"
#include "pxe/answer.h"

/* Stage two is missing: the agent says when it has verified and mounted it. */
static const enum node_step step_of_role[ROLE_COUNT] = {
        [ROLE_KERNEL] = STEP_KERNEL,        [ROLE_RAMDISK] = STEP_RAMDISK,
        [ROLE_STAGE_TWO] = STEP_NONE,       [ROLE_LOADER] = STEP_LOADER,
        [ROLE_SECOND_LOADER] = STEP_LOADER, [ROLE_BOOT_IMAGE] = STEP_LOADER,
};

static enum node_step step_of(const struct delivery *d)
{
        if (d->has_role)
                return step_of_role[d->role];
        return strcmp(d->name, ASSETS_SITE) == 0 ? STEP_SITE : STEP_NONE;
}

void delivery_note(struct boots *boots, struct events *events, const struct delivery *d)
{
        static const char *const by[] = {[TRANSPORT_HTTP] = "http", [TRANSPORT_TFTP] = "tftp"};
        struct node_event event = {.address = d->to, .bytes = d->bytes, .took_ms = d->took_ms};
        char mac[MAC_TEXT_SIZE] = "", ip[IP_TEXT_SIZE];
        bool is_known;

        /*
         * By the address that asked, for the sake of the timeline alone: an asset is for everybody,
         * and no identity, plan or secret is ever given out for an address' sake.
         */
        is_known = boots_mac_of(boots, d->to, &event.mac);
        if (is_known)
                mac_text(mac, &event.mac);
        log_info("sent", "name=%s by=%s ip=%s mac=%s whole=%s bytes=%llu took_ms=%llu",
                 QUOTE(d->name), by[d->transport], ip_text(ip, d->to), mac,
                 d->is_whole ? "yes" : "no", (unsigned long long)d->bytes,
                 (unsigned long long)d->took_ms);
        if (!is_known)
                return;

        if (d->is_whole && d->transport == TRANSPORT_TFTP && strcmp(d->name, PXE_LOADER_BIOS) == 0)
                boots_loader_delivered(boots, d->to, clock_monotonic_ms());
        event.step = step_of(d);
        if (event.step == STEP_NONE)
                return;
        if (!d->is_whole) {
                /* Nothing in an image is of use without the rest: its last file did not come. */
                event.of = d->has_role && d->role == ROLE_BOOT_IMAGE ? STEP_SITE : event.step;
                event.step = STEP_STOPPED;
                event.total = d->size;
        }
        boots_number(boots, &event.mac, event.boot);
        snprintf(event.text, sizeof(event.text), "%s by %s", d->name, by[d->transport]);
        events_add(events, &event);
}
