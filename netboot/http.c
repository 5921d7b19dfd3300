/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boot HTTP
 *
 * Plain, as firmware has no trust to begin with: what goes out here is public
 * (docs/threat-model.md). The same over TLS is for firmware that was given our certificate. Assets
 * are sent from server threads; a script is asked for on the loop that scripts live on, and the
 * request waits suspended.
 */
#include "netboot/http.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/serve/serve.h"
#include "netboot/boot_image.h"
#include "netboot/delivery.h"
#include "netboot/path.h"

/* Machines that fetch at once over this edge: a rack, several connections each. */
#define HTTP_MAX_CONNECTIONS 1024
/* A machine that installs fetches frames over a connection for each of its writers, beside those
 * that a reset left open; a sixteenth of all, so that no machine crowds out the others. A proxy or
 * NAT in front is not planned for. */
#define HTTP_MAX_PER_ADDRESS 64

/* Firmware's head of a request has some 300 bytes, a browser's 1 KiB. It is wiped for each request.
 */
#define HTTP_MEMORY ((size_t)8 << 10)

struct http_service {
        struct http_service_options options;
        struct serve *servers[4 * NETBOOTD_MAX_INTERFACES]; /* plain and TLS, of IPv4 and IPv6 */
        size_t count;
        pthread_mutex_t mutex;
        bool is_closing;
};

/* A script that is asked for, on its way between threads. */
struct ask {
        struct http_service *service;
        struct serve_request *request;
        struct script_question question;
};

struct sent {
        struct http_service *service;
        struct delivery delivery;
        uint64_t site_size; /* of a boot image whose machine runs the agent; else 0 */
};

struct image_sent {
        struct http_service *service;
        struct image_entry *entry;
        struct ip_address to;
};

static void answer_with(struct serve_request *request, unsigned status, const char *sentence,
                        const struct serve_header_row *headers)
{
        char *body = NULL;
        const int size = asprintf(&body, "%s\n", sentence);

        serve_answer(request, status, "text/plain; charset=utf-8", size < 0 ? NULL : body,
                     size < 0 ? 0 : (size_t)size, headers);
}

static void answer_text(struct serve_request *request, unsigned status, const char *sentence)
{
        answer_with(request, status, sentence, NULL);
}

static struct ip_address peer_of(const struct serve_request *request)
{
        const struct sockaddr_storage peer = serve_peer_address(request);

        return ip_of_socket(&peer);
}

static void refuse_script(struct serve_request *request, int rc)
{
        if (rc == -EACCES)
                answer_text(request, 403, "this address is not leased to this MAC");
        else if (rc == -ENOENT)
                answer_text(request, 403, "this address is in no network of ours");
        else
                answer_text(request, 503, "not now");
}

/* With its kernel and ramdisk went site.cpio, and no other request shows that. Who asked for a part
 * (Range) got that part. */
static void note_site(const struct sent *s)
{
        struct delivery site = s->delivery;

        if (!s->delivery.is_whole || s->delivery.bytes < s->delivery.size || s->site_size == 0)
                return;
        site.has_role = false;
        site.bytes = site.size = s->site_size;
        (void)text_copy(site.name, sizeof(site.name), ASSETS_SITE);
        delivery_note(s->service->options.boots, s->service->options.events, &site);
}

static void sent(void *context, bool is_whole, uint64_t bytes, uint64_t took_ms)
{
        struct sent *s = context;

        s->delivery.is_whole = is_whole;
        s->delivery.bytes = bytes;
        s->delivery.took_ms = took_ms;
        delivery_note(s->service->options.boots, s->service->options.events, &s->delivery);
        note_site(s);
        free(s);
}

static struct sent *sent_new(struct http_service *service, struct ip_address to, const char *name,
                             const struct asset_file *file)
{
        struct sent *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->service = service;
        s->delivery = (struct delivery){.to = to,
                                        .transport = TRANSPORT_HTTP,
                                        .size = file->size,
                                        .has_role = file->has_role,
                                        .role = file->role};
        (void)text_copy(s->delivery.name, sizeof(s->delivery.name), name);
        return s;
}

/* It is to run the agent, as far as the last plan says. */
static bool runs_agent(struct http_service *service, const struct mac_address *mac)
{
        struct boot_plan plan;

        return boots_plan_get(service->options.boots, mac, clock_monotonic_ms(), &plan) ==
                       PLAN_READY &&
               boot_action_runs_agent(plan.action);
}

static void answer_image(struct ask *ask, const char *script, size_t size)
{
        struct http_service *service = ask->service;
        _boot_image_ struct boot_image image = {.file = {.fd = -EBADF}};
        struct serve_patches patches;
        struct sent *s;
        int rc = boot_image_open(service->options.assets, &image);

        if (rc == 0)
                rc = boot_image_fill(service->options.assets, script, size, &image);
        if (rc < 0) {
                log_warning("boot-image", "rc=%d reason=%s", rc, QUOTE(strerror(-rc)));
                answer_text(ask->request, rc == -ENOENT ? 404 : 503, "no boot image");
                return;
        }
        s = sent_new(service, ask->question.from, image.name, &image.file);
        if (s && runs_agent(service, &ask->question.mac))
                s->site_size = image.site_size;
        patches = image.patches;
        image.patches.count = 0; /* the server's now */
        serve_answer_patched(ask->request, TAKE_FD(image.file.fd), BOOT_IMAGE_TYPE, &patches,
                             s ? sent : NULL, s);
}

static void script_came(void *context, int rc, char *take_text, size_t size)
{
        struct ask *ask = context;

        if (rc < 0) {
                refuse_script(ask->request, rc);
        } else if (ask->question.language == LANGUAGE_GRUB_IMAGE) {
                answer_image(ask, take_text, size);
                free(take_text);
        } else {
                serve_answer(ask->request, 200, "text/plain", take_text, size, NULL);
        }
        free(ask);
}

static void ask_run(void *context)
{
        struct ask *ask = context;

        scripts_ask(ask->service->options.scripts, &ask->question, script_came, ask);
}

static void handle_script(struct http_service *service, struct serve_request *request,
                          const struct boot_path *path)
{
        struct ask *ask = malloc(sizeof(*ask));
        int rc = -ENOMEM;

        if (ask) {
                *ask = (struct ask){
                        .service = service,
                        .request = request,
                        .question = {.mac = path->mac,
                                     .language = path->language,
                                     .from = peer_of(request),
                                     .transport = TRANSPORT_HTTP}
                };
                pthread_mutex_lock(&service->mutex);
                rc = service->is_closing ? -ECANCELED
                                         : loop_post(service->options.loop, ask_run, ask);
                pthread_mutex_unlock(&service->mutex);
        }
        if (rc < 0) {
                free(ask);
                answer_text(request, 503, "not now");
        }
}

/* Firmware asks for the size first; that is the same for all machines, and no boot of theirs. */
static void handle_boot_image(struct http_service *service, struct serve_request *request,
                              const struct boot_path *path)
{
        struct boot_image image;
        int rc;

        if (strcmp(serve_method(request), "HEAD") != 0) {
                handle_script(service, request, path);
                return;
        }
        rc = boot_image_open(service->options.assets, &image);
        if (rc < 0)
                answer_text(request, rc == -ENOENT ? 404 : 500, "no boot image");
        else
                serve_answer_file(request, image.file.fd, BOOT_IMAGE_TYPE, NULL, NULL, NULL);
}

static void handle_asset(struct http_service *service, struct serve_request *request,
                         const char *name)
{
        struct serve_file *kept = NULL;
        struct asset_file file;
        struct sent *s;
        int rc;

        rc = assets_serve(service->options.assets, name, &file, &kept);
        if (rc < 0) {
                answer_text(request, rc == -ENOENT ? 404 : 500, "no such asset");
                return;
        }
        s = sent_new(service, peer_of(request), name, &file);
        serve_answer_kept(request, kept, s ? sent : NULL, s);
        serve_file_unref(kept);
}

/* A line for each frame would be thousands an image: the machine itself tells how far it is. */
static void image_sent(void *context, bool is_whole, uint64_t bytes, uint64_t took_ms)
{
        struct image_sent *s = context;
        char ip[IP_TEXT_SIZE];

        log_debug("sent", "name=%s by=http ip=%s whole=%s bytes=%llu took_ms=%llu", s->entry->name,
                  ip_text(ip, s->to), is_whole ? "yes" : "no", (unsigned long long)bytes,
                  (unsigned long long)took_ms);
        images_close(s->service->options.images, s->entry);
        free(s);
}

static void refuse_image(struct serve_request *request, int rc)
{
        static const struct serve_header_row soon[] = {
                {"Retry-After", "1" },
                {NULL,          NULL}
        };
        const char *sentence = "this image cannot be served now";

        if (rc == -ENOENT) {
                answer_text(request, 404, "the controller has no such image");
                return;
        }
        if (rc == -EAGAIN)
                sentence = "it is on its way from the controller";
        else if (rc == -EHOSTUNREACH)
                sentence = "it is not here, and the controller does not give it";
        else if (rc == -ENOSPC)
                sentence = "there is no room for it on this edge";
        else if (rc == -EBADMSG)
                sentence = "what came from the controller was damaged";
        answer_with(request, 503, sentence, soon);
}

static void handle_image(struct http_service *service, struct serve_request *request,
                         const char *name)
{
        struct image_sent *s = malloc(sizeof(*s));
        const char *cache = serve_header(request, "Cache-Control");
        /* RFC 9111 5.2.1.4: who had bytes that do not verify asks so. */
        const bool is_anew = cache && strcasecmp(cache, "no-cache") == 0;
        struct image_file file;
        int rc = -ENOMEM;

        if (s)
                rc = (is_anew ? images_open_anew : images_open)(
                        service->options.images, name,
                        boots_share_of(service->options.boots, peer_of(request)), &file);
        if (rc < 0) {
                free(s);
                refuse_image(request, rc);
                return;
        }
        *s = (struct image_sent){service, file.entry, peer_of(request)};
        serve_answer_file(request, file.fd, "application/octet-stream", file.etag, image_sent, s);
}

static void handle_health(struct http_service *service, struct serve_request *request)
{
        const char *sentence = service->options.is_ill(service->options.context);

        answer_text(request, sentence ? 503 : 200, sentence ? sentence : "ok");
}

static void handle_metrics(struct http_service *service, struct serve_request *request)
{
        _buffer_ struct buffer text = {0};
        char *taken = NULL;
        size_t size;

        service->options.add_metrics(service->options.context, &text);
        size = text.size;
        if (buffer_take(&text, &taken) < 0)
                answer_text(request, 503, "not now");
        else
                serve_answer(request, 200, "text/plain; version=0.0.4", taken, size, NULL);
}

static void handle(void *context, struct serve_request *request)
{
        struct http_service *service = context;
        const char *method = serve_method(request);
        struct boot_path path;
        int rc;

        if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
                static const struct serve_header_row allow[] = {
                        {"Allow", "GET, HEAD"},
                        {NULL,    NULL       }
                };

                serve_answer(request, 405, "text/plain", NULL, 0, allow);
                return;
        }
        rc = boot_path_parse(serve_path(request), TRANSPORT_HTTP, &path);
        if (rc < 0) {
                log_debug("http.refused", "path=%s ip=%s", QUOTE(serve_path(request)),
                          serve_peer(request));
                answer_text(request, rc == -ENOENT ? 404 : 400, "nothing of ours");
                return;
        }
        switch (path.kind) {
        case BOOT_PATH_HEALTH:
                handle_health(service, request);
                break;
        case BOOT_PATH_METRICS:
                handle_metrics(service, request);
                break;
        case BOOT_PATH_SCRIPT:
                handle_script(service, request, &path);
                break;
        case BOOT_PATH_BOOT_IMAGE:
                handle_boot_image(service, request, &path);
                break;
        case BOOT_PATH_ASSET:
                handle_asset(service, request, path.name);
                break;
        case BOOT_PATH_IMAGE:
                handle_image(service, request, path.name);
                break;
        case BOOT_PATH_GRUB:
        case BOOT_PATH_LOADER: /* of TFTP alone */
                answer_text(request, 404, "nothing of ours");
                break;
        }
}

/* A host of IPv6 may take any address of its /64: all of these that are not leased share one
 * limit. */
static bool admit6(void *context, struct ip_address from, struct ip_address *ret_share)
{
        const struct http_service *service = context;

        *ret_share = boots_share_of(service->options.boots, from);
        return site_has_ip6(service->options.site);
}

/* @fd is taken in any case. */
static int listen_on(struct http_service *service, int *fd, bool is_ip6, const char *key,
                     const char *cert)
{
        const struct serve_options serve = {
                .listen_fd = *fd,
                .key_pem = key,
                .cert_pem = cert,
                .connections = HTTP_MAX_CONNECTIONS,
                .per_address = HTTP_MAX_PER_ADDRESS,
                .memory = HTTP_MEMORY,
                .admit = is_ip6 ? admit6 : NULL,
                .handler = handle,
                .context = service,
        };
        int rc;

        if (*fd < 0)
                return 0;
        *fd = -1; /* the server's now */
        rc = serve_start(&serve, &service->servers[service->count]);
        if (rc == 0)
                service->count++;
        return rc;
}

int http_service_new(const struct http_service_options *options, struct http_service **ret)
{
        struct http_service *service = calloc(1, sizeof(*service));
        int rc = 0;

        if (!service)
                return -ENOMEM;
        service->options = *options;
        service->options.key_pem = service->options.cert_pem = NULL; /* good for this call alone */
        pthread_mutex_init(&service->mutex, NULL);
        for (size_t i = 0; i < options->interfaces->count && rc == 0; i++) {
                struct netboot_interface *interface = &options->interfaces->at[i];

                rc = listen_on(service, &interface->http_fd, false, NULL, NULL);
                if (rc == 0)
                        rc = listen_on(service, &interface->https_fd, false, options->key_pem,
                                       options->cert_pem);
                if (rc == 0)
                        rc = listen_on(service, &interface->http6_fd, true, NULL, NULL);
                if (rc == 0)
                        rc = listen_on(service, &interface->https6_fd, true, options->key_pem,
                                       options->cert_pem);
        }
        if (rc < 0) {
                http_service_free(service);
                return rc;
        }
        *ret = service;
        return 0;
}

void http_service_close(struct http_service *service)
{
        if (!service)
                return;
        pthread_mutex_lock(&service->mutex);
        service->is_closing = true;
        pthread_mutex_unlock(&service->mutex);
}

struct http_service *http_service_free(struct http_service *service)
{
        if (!service)
                return NULL;
        for (size_t i = 0; i < service->count; i++)
                serve_stop(service->servers[i]);
        pthread_mutex_destroy(&service->mutex);
        free(service);
        return NULL;
}
