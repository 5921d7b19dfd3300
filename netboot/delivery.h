/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What went out to a machine, for log and timeline. Any thread. */

#include "netboot/assets.h"
#include "netboot/boots.h"
#include "netboot/events.h"
#include "netboot/path.h"

struct delivery {
        struct ip_address to;
        enum boot_transport transport;
        char name[WIRE_NAME_SIZE];
        bool has_role;
        enum asset_role role;
        bool is_whole;
        uint64_t size; /* of the file */
        uint64_t bytes, took_ms;
};

void delivery_note(struct boots *boots, struct events *events, const struct delivery *delivery);
