/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The sockets of TFTP. On the loop's thread. */

#include "lib/base/loop.h"
#include "netboot/assets.h"
#include "netboot/boots.h"
#include "netboot/events.h"
#include "netboot/interface.h"
#include "netboot/scripts.h"
#include "netboot/site.h"

struct tftp_service;

struct tftp_service_options {
        struct loop *loop;
        const struct netboot_interfaces *interfaces;
        struct boots *boots;
        struct events *events;
        struct assets *assets;
        struct scripts *scripts;
        struct site *site; /* nobody is answered over IPv6 where no network has it */
};

int tftp_service_new(const struct tftp_service_options *options, struct tftp_service **ret);
/* After scripts_cancel_all(). Takes NULL. */
struct tftp_service *tftp_service_free(struct tftp_service *service);
