/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cloudie-netbootd: the edge
 *
 * Threads: the main one is the loop of DHCP, journal and router solicitations;
 * a second loop has TFTP and scripts; the HTTP server has its own threads; the
 * link to the controller has four (edge.c), images have two (images.c). They meet
 * in boots, events, assets, images and site, each with a mutex of its own, and post to the loops
 * for the rest.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/daemon/confine.h"
#include "lib/daemon/daemon.h"
#include "lib/daemon/log.h"
#include "lib/daemon/options.h"
#include "netboot/addresses.h"
#include "netboot/config.h"
#include "netboot/confine.h"
#include "netboot/dhcp.h"
#include "netboot/dhcp6.h"
#include "netboot/http.h"
#include "netboot/metrics.h"
#include "netboot/ports.h"
#include "netboot/probe.h"
#include "netboot/prober.h"
#include "netboot/tftp.h"
#include "netboot/tls.h"
#include "netboot/usage.h"

#define MAX_DESCRIPTORS 8192
#define RETRY_CONFIG_MS 10000
#define EXIT_FOUND      3 /* --probe: there is another DHCP server */

/* Images leave this much of the file system to the lease journal, the configuration, and a netboot
 * package that comes beside the old one. */
#define IMAGES_KEEP_FREE_BYTES ((uint64_t)256 << 20)

struct netbootd {
        struct netbootd_config config;
        struct netboot_interfaces interfaces;
        int lock_fd;

        struct site *site;
        struct boots *boots;
        struct events *events;
        struct lease_news *news;
        struct usage *usage;
        struct assets *assets;
        struct edge *edge;
        struct images *images;

        struct loop *loop; /* DHCP, journal, router solicitations; the main thread */
        char journal_path[NETBOOTD_PATH_SIZE + 32];
        struct leases *leases;
        struct prober *prober;
        struct ports *ports;
        struct dhcp_service *dhcp;
        struct dhcp6_service *dhcp6;
        struct loop_timer *watchdog;
        struct loop_fd *signal_watch;
        int signal_fd;

        struct loop *boot_loop; /* TFTP, scripts */
        struct scripts *scripts;
        struct tftp_service *tftp;
        struct http_service *http;
        pthread_t boot_thread;
        bool has_boot_thread;

        atomic_bool is_configured;
        struct edge_config applied; /* without its disks; the main thread's */
        /* The first one, where the journal could not be opened: tried again, as nobody sends it
         * twice. NULL: there is none. */
        struct edge_config *refused;
        atomic_bool is_refused; /* the same, for other threads */
        struct loop_timer *retry;
        struct addresses *addresses;
        char why_ended[DAEMON_ERROR_SIZE]; /* "": it was told to */
};

static const char *config_path = "/etc/cloudie/netbootd.yaml";
static bool is_check;
static const char *probe_on;

static const struct option_row options[] = {
        {.name = "config",
         .letter = 'c',
         .value = "FILE",
         .text = &config_path,
         .help = "configuration (default /etc/cloudie/netbootd.yaml)"},
        {.name = "check-config",                .is_set = &is_check, .help = "check the configuration and end"},
        {.name = "probe",
         .value = "DEV",
         .text = &probe_on,
         .help = "only ask whether another DHCP server is on this network interface; ends with 3 "
                 "if so"},
};
static const struct program program = {
        .name = "cloudie-netbootd",
        .summary = "Answers machines that boot over the network: DHCP, TFTP, HTTP.",
        .usage = "[options]",
        .options = options,
        .count = ARRAY_SIZE(options),
};

static const char *is_ill(void *context)
{
        const struct netbootd *d = context;

        if (leases_is_broken(d->leases))
                return "the lease journal cannot be written: no leases are given";
        if (!atomic_load(&d->is_configured) && atomic_load(&d->is_refused))
                return "the configuration of the controller cannot be used: the log says why "
                       "(config.refused)";
        if (!atomic_load(&d->is_configured))
                return "no configuration from the controller yet";
        if ((d->config.services & (SERVICE_TFTP | SERVICE_HTTP | SERVICE_HTTPS)) &&
            !assets_are_ready(d->assets))
                return "no netboot package from the controller yet";
        return NULL;
}

static void add_metrics(void *context, struct buffer *to)
{
        const struct netbootd *d = context;
        _free_ struct metrics *metrics = calloc(1, sizeof(*metrics));

        if (!metrics)
                return;
        metrics->is_healthy = !is_ill(context);
        metrics->is_journal_broken = leases_is_broken(d->leases);
        metrics->event_count = events_count(d->events);
        metrics->pool_count = usage_copy(d->usage, metrics->pools);
        metrics_write(metrics, to);
}

/* ---- what the edge tells, on threads of its own ---- */

struct new_config {
        struct netbootd *d;
        struct edge_config *config;
};

/* A list of structs that were all zero before they were read. */
static bool is_same_list(const void *a, size_t a_count, const void *b, size_t b_count, size_t size)
{
        return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * size) == 0);
}

/* The list of disks changes with every machine that is installed, and DHCP has no part in that: its
 * tables are not made anew for it. */
static bool is_same_for_dhcp(const struct edge_config *a, const struct edge_config *b)
{
        return is_same_list(a->networks, a->network_count, b->networks, b->network_count,
                            sizeof(*a->networks)) &&
               is_same_list(a->reservations, a->reservation_count, b->reservations,
                            b->reservation_count, sizeof(*a->reservations));
}

/* What is in @config is taken, where it could be applied. */
static int apply(struct netbootd *d, struct edge_config *config, char *error)
{
        int rc = 0;

        if (!atomic_load(&d->is_configured) || !is_same_for_dhcp(&d->applied, config))
                rc = leases_apply(d->leases, config, error);
        if (rc == 0)
                rc = site_apply(d->site, config);
        if (rc == 0)
                rc = ports_apply(d->ports, config->ports, config->port_count);
        if (rc < 0)
                return rc;
        atomic_store(&d->is_configured, true);
        edge_config_done(&d->applied);
        d->applied = *config;
        *config = (struct edge_config){0};
        /* The site has them, and the ports. */
        free(d->applied.disks);
        free(d->applied.known);
        free(d->applied.ports);
        d->applied.disks = NULL;
        d->applied.known = NULL;
        d->applied.ports = NULL;
        d->applied.disk_count = d->applied.known_count = d->applied.port_count = 0;
        return 0;
}

static void config_free(struct edge_config *config)
{
        edge_config_done(config);
        free(config);
}

static void take_config(struct netbootd *d, struct edge_config *config)
{
        char error[DAEMON_ERROR_SIZE] = "";
        const int rc = apply(d, config, error);

        if (rc < 0)
                log_error("config.refused", "reason=%s", QUOTE(error[0] ? error : strerror(-rc)));
        if (d->refused)
                config_free(d->refused);
        d->refused = NULL;
        if (rc < 0 && !atomic_load(&d->is_configured)) {
                d->refused = config;
                atomic_store(&d->is_refused, true);
                loop_timer_arm(d->retry, clock_monotonic_ms() + RETRY_CONFIG_MS);
                return;
        }
        config_free(config);
}

static void config_came(void *context)
{
        struct new_config *new = context;

        take_config(new->d, new->config);
        free(new);
}

static void retry_config(void *context)
{
        struct netbootd *d = context;
        struct edge_config *config = d->refused;

        d->refused = NULL;
        if (config)
                take_config(d, config);
}

static void on_config(void *context, struct edge_config *take)
{
        struct netbootd *d = context;
        struct new_config *new = malloc(sizeof(*new));

        if (new) {
                *new = (struct new_config){d, take};
                if (loop_post(d->loop, config_came, new) == 0)
                        return;
        }
        free(new);
        config_free(take);
}

static void on_plan(void *context, const struct mac_address *mac)
{
        struct netbootd *d = context;

        (void)mac;
        scripts_plan_came(d->scripts);
}

/* All at once: boots go on meanwhile. */
static void set_addresses(struct netbootd *d)
{
        struct ip_address all[SITE_MAX_ADDRESSES];
        size_t count = 0;

        for (size_t n = 0; n < d->interfaces.count; n++) {
                const struct netboot_interface *i = &d->interfaces.at[n];

                all[count++] = ip_of4(i->address);
                for (size_t a = 0; a < i->address6_count; a++)
                        all[count++] = ip_of6(&i->addresses6[a]);
        }
        site_set_addresses(d->site, all, count);
}

static void on_addresses(void *context, const struct netboot_interface *interface, bool is_moved)
{
        char error[DAEMON_ERROR_SIZE] = "", ip[IP4_TEXT_SIZE];
        struct netbootd *d = context;
        int rc = 0;

        if (is_moved) {
                snprintf(d->why_ended, sizeof(d->why_ended),
                         "network interface '%s' does not have %s any more, but another address; "
                         "start it again to serve there",
                         interface->name, ip4_text(ip, interface->address));
                loop_stop(d->loop);
                return;
        }
        set_addresses(d);
        leases_addresses_changed(d->leases);
        if (atomic_load(&d->is_configured))
                rc = leases_apply(d->leases, &d->applied, error);
        if (rc < 0)
                log_error("interface.addresses", "reason=%s",
                          QUOTE(error[0] ? error : strerror(-rc)));
}

/* ---- start ---- */

static void on_signal(void *context, uint32_t events)
{
        struct netbootd *d = context;
        struct signalfd_siginfo info;

        (void)events;
        if (read(d->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
                log_info("stop", "signal=%u", info.ssi_signo);
        loop_stop(d->loop);
}

static void on_watchdog(void *context)
{
        struct netbootd *d = context;

        notify_alive();
        loop_timer_arm(d->watchdog, clock_monotonic_ms() + notify_watchdog_ms());
}

static int watch_signals(struct netbootd *d)
{
        sigset_t set;
        int rc;

        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        /* Before any thread is made: all of them inherit it. */
        pthread_sigmask(SIG_BLOCK, &set, NULL);
        sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
        d->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (d->signal_fd < 0)
                return -errno;
        rc = loop_add_fd(d->loop, d->signal_fd, EPOLLIN, on_signal, d, &d->signal_watch);
        if (rc < 0 || notify_watchdog_ms() == 0)
                return rc;
        rc = loop_add_timer(d->loop, on_watchdog, d, &d->watchdog);
        if (rc == 0)
                on_watchdog(d);
        return rc;
}

/* What is shared by the threads, and owns no socket. */
static int make_shared(struct netbootd *d, char *error)
{
        char path[NETBOOTD_PATH_SIZE + 32];
        int rc;

        d->site = site_new((uint16_t)d->config.http_port,
                           d->config.services & SERVICE_HTTPS ? (uint16_t)d->config.https_port : 0);
        d->boots = boots_new();
        d->events = events_new();
        d->news = lease_news_new();
        d->usage = d->events ? usage_new(d->events) : NULL;
        if (!d->site || !d->boots || !d->events || !d->news || !d->usage)
                return -ENOMEM;
        set_addresses(d);
        snprintf(path, sizeof(path), "%s/assets", d->config.state);
        rc = assets_new(path, &d->assets);
        if (rc < 0) {
                snprintf(error, DAEMON_ERROR_SIZE, "%s: %s", path, strerror(-rc));
                return rc;
        }
        rc = assets_load(d->assets);
        if (rc < 0 && rc != -ENOENT)
                log_warning("assets", "reason=%s", QUOTE(strerror(-rc)));

        const struct edge_options edge = {
                .controller = d->config.controller,
                .ca_file = d->config.ca_file,
                .join_token_file = d->config.join_token_file,
                .name = d->config.name,
                .state = d->config.state,
                .boots = d->boots,
                .events = d->events,
                .news = d->news,
                .assets = d->assets,
                .on_config = on_config,
                .on_plan = on_plan,
                .context = d,
        };

        return edge_new(&edge, error, &d->edge);
}

static bool credential(void *context, char ret[static WIRE_TOKEN_SIZE])
{
        const struct netbootd *d = context;

        return edge_credential(d->edge, ret);
}

static int make_images(struct netbootd *d, char *error)
{
        char path[NETBOOTD_PATH_SIZE + 32], url[300];
        const struct images_options images = {
                .store = {.path = path,
                          .limit_bytes = (uint64_t)d->config.image_cache_mb << 20,
                          .keep_free_bytes = IMAGES_KEEP_FREE_BYTES},
                .base_url = url,
                .ca_file = d->config.ca_file,
                .credential = credential,
                .context = d,
        };
        int rc;

        snprintf(path, sizeof(path), "%s/images", d->config.state);
        snprintf(url, sizeof(url), "%s/edge/v1/images", d->config.controller);
        rc = images_new(&images, &d->images);
        if (rc < 0)
                snprintf(error, DAEMON_ERROR_SIZE, "%s: %s", path, strerror(-rc));
        return rc;
}

static size_t addresses_of(void *context, const struct mac_address *mac,
                           struct ip_address ret[static BOOTS_ADDRESSES])
{
        const struct netbootd *d = context;

        return leases_addresses(d->leases, mac, ret);
}

static int make_ports(struct netbootd *d)
{
        const struct ports_options ports = {d->loop, d->prober, d->events, addresses_of, d};

        return ports_new(&ports, &d->ports);
}

/* The main loop: DHCP and the journal. */
static int make_dhcp(struct netbootd *d)
{
        const struct dhcp_service_options dhcp = {d->loop,   &d->interfaces, d->boots,
                                                  d->events, d->site,        d->edge};
        int rc;

        rc = loop_add_timer(d->loop, retry_config, d, &d->retry);
        if (rc == 0)
                rc = dhcp_service_new(&dhcp, &d->dhcp);
        if (rc == 0)
                rc = dhcp6_service_new(&dhcp, &d->dhcp6);
        if (rc < 0)
                return rc;
        snprintf(d->journal_path, sizeof(d->journal_path), "%s/leases.journal", d->config.state);

        const struct leases_options leases = {
                .loop = d->loop,
                .path = d->journal_path,
                .boots = d->boots,
                .events = d->events,
                .news = d->news,
                .usage = d->usage,
                .site = d->site,
                .boot = dhcp_service_boot,
                .admit = dhcp_service_admit,
                .is_known = dhcp_service_knows,
                .boot_context = d->dhcp,
                .interfaces = &d->interfaces,
                .boot6 = dhcp6_service_boot,
                .boot6_context = d->dhcp6,
                .admit6 = dhcp6_service_admit,
                .is_known6 = dhcp6_service_knows,
        };

        return leases_new(&leases, &d->leases);
}

static int make_http(struct netbootd *d, char *error)
{
        _tls_keys_ struct tls_keys keys = {0};
        struct http_service_options http = {
                .loop = d->boot_loop,
                .interfaces = &d->interfaces,
                .boots = d->boots,
                .events = d->events,
                .assets = d->assets,
                .images = d->images,
                .scripts = d->scripts,
                .site = d->site,
                .is_ill = is_ill,
                .add_metrics = add_metrics,
                .context = d,
        };
        int rc = 0;

        if (d->config.services & SERVICE_HTTPS)
                rc = tls_keys_load(d->config.state, &d->interfaces, error, &keys);
        if (rc < 0)
                return rc;
        http.key_pem = keys.key_pem;
        http.cert_pem = keys.cert_pem;
        rc = http_service_new(&http, &d->http);
        if (rc == -EBADMSG)
                snprintf(error, DAEMON_ERROR_SIZE,
                         "%.200s/tls: cert.pem and key.pem are no certificate and its key",
                         d->config.state);
        return rc;
}

/* The second loop, and HTTP. */
static int make_boot(struct netbootd *d, char *error)
{
        const struct scripts_options scripts = {d->boot_loop, d->boots, d->events, d->assets,
                                                d->site};
        int rc;

        rc = scripts_new(&scripts, &d->scripts);
        if (rc < 0)
                return rc;
        scripts_set_edge(d->scripts, d->edge);

        const struct tftp_service_options tftp = {d->boot_loop, &d->interfaces, d->boots, d->events,
                                                  d->assets,    d->scripts,     d->site};

        rc = tftp_service_new(&tftp, &d->tftp);
        if (rc < 0)
                return rc;

        return make_http(d, error);
}

/* What was served last time is served at once, whether the controller is there or not. */
static int apply_last_config(struct netbootd *d, char *error)
{
        struct edge_config config;
        int rc;

        rc = edge_config_read(d->edge, error, &config);
        if (rc == -ENOENT) {
                log_info("config.none",
                         "reason=\"nothing is served until the controller was asked\"");
                return 0;
        }
        if (rc < 0) {
                log_warning("config.unreadable", "reason=%s",
                            QUOTE(error[0] ? error : strerror(-rc)));
                return 0;
        }
        rc = apply(d, &config, error);
        edge_config_done(&config);
        return rc;
}

static void *run_boot_loop(void *context)
{
        const struct netbootd *d = context;

        (void)loop_run(d->boot_loop);
        return NULL;
}

static void stop_boot_loop(void *context)
{
        struct netbootd *d = context;

        scripts_cancel_all(d->scripts);
        loop_stop(d->boot_loop);
}

static int start_threads(struct netbootd *d)
{
        int rc;

        rc = pthread_create(&d->boot_thread, NULL, run_boot_loop, d);
        if (rc != 0)
                return -rc;
        d->has_boot_thread = true;
        rc = images_start(d->images);
        if (rc < 0)
                return rc;
        return edge_start(d->edge);
}

/* Everything that needs root, then root is given up; one thread until here. */
static int become_harmless(struct netbootd *d, char *error)
{
        int rc;

        rc = netboot_interfaces_open(&d->config, error, &d->interfaces);
        if (rc < 0)
                return rc;
        if (d->config.user[0]) {
                rc = privileges_give(d->config.user, d->config.state);
                if (rc < 0) {
                        snprintf(error, DAEMON_ERROR_SIZE, "cannot give %s to user '%s': %s",
                                 d->config.state, d->config.user, strerror(-rc));
                        return rc;
                }
        }
        /* All sockets that need it are open: no capability is kept. */
        return privileges_drop(d->config.user, NULL, error);
}

/*
 * Transfers and connections at their limits hold 4,100 descriptors; the usual
 * limit is 1,024, and the journal and the controller must not go without. Where
 * it cannot be raised we serve fewer at once.
 */
static void raise_descriptor_limit(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= MAX_DESCRIPTORS)
                return;
        limit.rlim_cur = limit.rlim_max < MAX_DESCRIPTORS ? limit.rlim_max : MAX_DESCRIPTORS;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int start(struct netbootd *d, char *error)
{
        int rc;

        raise_descriptor_limit();
        rc = state_lock(d->config.state, program.name, error, &d->lock_fd);
        if (rc == 0)
                rc = become_harmless(d, error);
        if (rc == 0)
                rc = prober_start(&d->prober);
        if (rc == 0)
                rc = netbootd_confine(&d->config, error);
        if (rc == 0)
                rc = sandbox_enter(false);
        if (rc == 0)
                rc = loop_new(&d->loop);
        if (rc == 0)
                rc = loop_new(&d->boot_loop);
        if (rc == 0)
                rc = watch_signals(d);
        if (rc == 0)
                rc = make_shared(d, error);
        if (rc == 0)
                rc = make_images(d, error);
        if (rc == 0)
                rc = make_dhcp(d);
        if (rc == 0)
                rc = make_ports(d);
        if (rc == 0)
                rc = apply_last_config(d, error);
        if (rc == 0)
                rc = make_boot(d, error);
        if (rc == 0)
                rc = dhcp_service_start(d->dhcp, d->leases);
        if (rc == 0)
                rc = dhcp6_service_start(d->dhcp6, d->leases);
        if (rc == 0)
                rc = addresses_new(d->loop, &d->interfaces, on_addresses, d, &d->addresses);
        if (rc == 0)
                rc = start_threads(d);
        return rc;
}

/* In the order in which nothing is used after it is gone. */
static void stop(struct netbootd *d)
{
        notify_stopping();
        d->addresses = addresses_free(d->addresses);
        http_service_close(d->http);
        if (d->has_boot_thread) {
                /* Behind every question that HTTP has posted. */
                while (loop_post(d->boot_loop, stop_boot_loop, d) < 0)
                        sched_yield();
                pthread_join(d->boot_thread, NULL);
        }
        d->http = http_service_free(d->http);
        d->tftp = tftp_service_free(d->tftp);
        d->images = images_free(d->images); /* it has the edge's credential */
        d->edge = edge_free(d->edge);
        d->ports = ports_free(d->ports);
        d->leases = leases_free(d->leases);
        d->dhcp = dhcp_service_free(d->dhcp);
        d->dhcp6 = dhcp6_service_free(d->dhcp6);
        d->scripts = scripts_free(d->scripts);
        d->assets = assets_free(d->assets);
        d->usage = usage_free(d->usage);
        d->news = lease_news_free(d->news);
        d->events = events_free(d->events);
        d->boots = boots_free(d->boots);
        d->site = site_free(d->site);
        edge_config_done(&d->applied);
        if (d->refused)
                config_free(d->refused);
        loop_remove_timer(d->retry);
        loop_remove_fd(d->signal_watch);
        loop_remove_timer(d->watchdog);
        loop_free(d->boot_loop);
        loop_free(d->loop);
        d->prober = prober_stop(d->prober);
        netboot_interfaces_close(&d->interfaces);
        if (d->signal_fd >= 0)
                close(d->signal_fd);
        if (d->lock_fd >= 0)
                close(d->lock_fd);
}

static int probe(void)
{
        char error[DAEMON_ERROR_SIZE] = "";
        const int count = probe_run(probe_on, error);

        if (count < 0)
                return program_fail(&program, "%s", error);
        return count > 0 ? EXIT_FOUND : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
        static struct netbootd d = {.lock_fd = -1, .signal_fd = -1};
        char error[DAEMON_ERROR_SIZE] = "";
        int rest, rc;

        rc = options_parse(&program, argc, argv, &rest);
        if (rc != 0)
                return rc < 0 ? EXIT_USAGE : 0;
        if (rest < argc)
                return program_usage(&program, "'%s' is not understood", argv[rest]);
        if (probe_on)
                return probe();
        rc = netbootd_config_load(config_path, error, &d.config);
        if (rc < 0)
                return program_fail(&program, "%s", error);
        if (is_check)
                return 0;

        rc = start(&d, error);
        if (rc == 0) {
                notify_ready("serving");
                log_info("start", "version=%s controller=%s interfaces=%zu landlock=%u",
                         CLOUDIE_VERSION, QUOTE(d.config.controller), d.interfaces.count,
                         confine_landlock());
                rc = loop_run(d.loop);
                if (rc == 0 && d.why_ended[0]) {
                        memcpy(error, d.why_ended, sizeof(error));
                        rc = -EADDRNOTAVAIL;
                }
        }
        stop(&d);
        if (rc < 0)
                return program_fail(&program, "%s", error[0] ? error : strerror(-rc));
        return 0;
}
