/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The boot HTTP server, plain and over TLS: /boot/ipxe/MAC, /assets/NAME, /images/NAME, /healthz,
 * /metrics. */

#include "lib/base/buffer.h"
#include "lib/base/loop.h"
#include "netboot/assets.h"
#include "netboot/boots.h"
#include "netboot/events.h"
#include "netboot/images.h"
#include "netboot/interface.h"
#include "netboot/scripts.h"
#include "netboot/site.h"

struct http_service;

struct http_service_options {
        struct loop *loop;                     /* that of @scripts */
        struct netboot_interfaces *interfaces; /* their listening sockets are taken */
        struct boots *boots;
        struct events *events;
        struct assets *assets;
        struct images *images;
        struct scripts *scripts;
        struct site *site;              /* over IPv6 nobody is let in where no network has it */
        const char *key_pem, *cert_pem; /* of the sockets for TLS; NULL: there are none */
        /* NULL, or one sentence: what keeps us from serving. Any thread. */
        const char *(*is_ill)(void *context);
        /* What is told to whoever asks for /metrics. Any thread. */
        void (*add_metrics)(void *context, struct buffer *to);
        void *context;
};

int http_service_new(const struct http_service_options *options, struct http_service **ret);
/* From here on no question reaches @scripts: requests are answered with 503. Takes NULL. */
void http_service_close(struct http_service *service);
/* After http_service_close(), and after the scripts answered all. Takes NULL. */
struct http_service *http_service_free(struct http_service *service);
