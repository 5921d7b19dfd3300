/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cloudied: the controller
 *
 * This thread is the logic thread. The servers' threads, the store's thread and
 * its readers are made after privileges were dropped and the sandbox entered.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "controller/api/api.h"
#include "controller/auth/login.h"
#include "controller/backup/backup.h"
#include "controller/config.h"
#include "controller/redirect.h"
#include "controller/relay.h"
#include "controller/shared.h"
#include "controller/state.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/daemon/confine.h"
#include "lib/daemon/log.h"
#include "lib/daemon/options.h"
#include "lib/daemon/passphrase.h"
#include "lib/trust/locked.h"
#include "lib/trust/secret.h"

#define FIRST_FREE_PORT 1024

static const char *config_path = "/etc/cloudie/cloudied.yaml";
static const char *restore_path, *passphrase_path;
static bool is_check, is_login_link;

static const struct option_row options[] = {
        {.name = "config",
         .letter = 'c',
         .value = "FILE",
         .text = &config_path,
         .help = "configuration (default /etc/cloudie/cloudied.yaml)"},
        {.name = "restore",
         .value = "FILE",
         .text = &restore_path,
         .help = "put a backup into the state folder, which must be empty, and end"},
        {.name = "passphrase-file",
         .value = "FILE",
         .text = &passphrase_path,
         .help = "of --restore: its first line opens the backup; else it is asked for"},
        {.name = "check-config",                                              .is_set = &is_check,                                                                 .help = "check the configuration and end"                                                                                                                      },
        {.name = "login-link",
         .is_set = &is_login_link,
         .help = "print a login line that is good once, for 24 hours, and end"},
};
static const struct program program = {
        .name = "cloudied",
        .summary = "The controller: knows all machines, and says what each one is to boot.",
        .usage = "[options]",
        .options = options,
        .count = ARRAY_SIZE(options),
};

struct cloudied {
        struct config config;
        struct state state;
        struct keys keys;
        int lock_fd, signal_fd;
        struct spawner *spawner;
        struct assets *assets;
        struct images *images;
        struct loop *loop;
        struct loop_fd *signals, *children;
        struct loop_timer *watchdog;
        struct api *api;
        struct serve *https, *http;
        struct store_place store;
        char *password, site[SHA256_TEXT_SIZE]; /* of the store */
        bool is_childless, is_stop_asked;
        uint64_t started_ms;
};

static void cloudied_free(struct cloudied *d)
{
        images_stop(d->images); /* it answers requests on a thread of its own */
        serve_stop(d->http);
        serve_stop(d->https);
        api_free(d->api);
        images_close(d->images);
        assets_free(d->assets);
        loop_remove_fd(d->children);
        spawner_stop(d->spawner);
        loop_remove_fd(d->signals);
        loop_remove_timer(d->watchdog);
        loop_free(d->loop);
        store_seat_close(d->store.seat);
        if (d->password)
                secret_erase(d->password, strlen(d->password));
        free(d->password);
        keys_done(&d->keys);
        state_done(&d->state);
        if (d->signal_fd >= 0)
                close(d->signal_fd);
        if (d->lock_fd >= 0)
                close(d->lock_fd);
        free(d);
}
CLEANUP_DEFINE(struct cloudied *, cloudied_free)

/* Before the keys are read, the first thread is made and a stranger is heard. */
static int confine(struct cloudied *d)
{
        const bool is_shared = d->config.store[0] != '\0';
        /* clang-format off */
        const struct confine_path paths[] = {
                {d->config.state, CONFINE_READ | CONFINE_WRITE},
                {d->config.netboot_package, CONFINE_READ},
                {"/dev/null", CONFINE_READ | CONFINE_WRITE},
                /* what libraries look for: random numbers, a policy for TLS, the time zone */
                {"/dev/urandom", CONFINE_READ},
                {"/usr/lib/ssl", CONFINE_READ},
                {"/etc/ssl", CONFINE_READ},
                {"/etc/localtime", CONFINE_READ},
                {"/usr/share/zoneinfo", CONFINE_READ},
                /* what names of other hosts are resolved by, and who we are */
                {is_shared ? "/etc/resolv.conf" : NULL, CONFINE_READ},
                {is_shared ? "/run/systemd/resolve" : NULL, CONFINE_READ},
                {is_shared ? "/etc/hosts" : NULL, CONFINE_READ},
                {is_shared ? "/etc/host.conf" : NULL, CONFINE_READ},
                {is_shared ? "/etc/gai.conf" : NULL, CONFINE_READ},
                {is_shared ? "/etc/nsswitch.conf" : NULL, CONFINE_READ},
                {is_shared ? "/etc/passwd" : NULL, CONFINE_READ},
                {is_shared ? "/etc/services" : NULL, CONFINE_READ},
                {is_shared ? "/usr/lib" : NULL, CONFINE_READ}, /* its resolvers */
        };
        /* clang-format on */
        const struct confine_files files = {
                .paths = paths, .path_count = ARRAY_SIZE(paths), .may_connect = is_shared};
        int rc;

        rc = confine_files(&files);
        if (rc == -EOPNOTSUPP)
                log_warning("confine.files", "reason=\"this kernel has no Landlock: every file of "
                                             "this account can be reached\"");
        if (rc == 0 || rc == -EOPNOTSUPP)
                rc = sandbox_enter(false);
        return rc < 0 ? rc : spawner_start(images_children, IMAGES_CHILD_COUNT, &d->spawner);
}

/* What root is needed for, then no root any more. */
static int become_nobody(struct cloudied *d, char *error)
{
        const int keep[] = {CAP_NET_BIND_SERVICE, -1};
        const bool is_low = d->config.port < FIRST_FREE_PORT ||
                            (d->config.http_port > 0 && d->config.http_port < FIRST_FREE_PORT);
        int rc;

        rc = shared_password(&d->config, error, &d->password);
        if (rc < 0)
                return rc;
        rc = file_make_folders(d->config.state, 0711);
        if (rc < 0) {
                snprintf(error, DAEMON_ERROR_SIZE,
                         "cannot use the state folder %s: %s; start as root, or as its owner",
                         d->config.state, strerror(-rc));
                return rc;
        }
        rc = privileges_give(d->config.user, d->config.state);
        if (rc < 0) {
                snprintf(error, DAEMON_ERROR_SIZE,
                         "cannot become the account '%s': %s; change 'user' in %s", d->config.user,
                         rc == -ENOENT ? "there is none such" : strerror(-rc), config_path);
                return rc;
        }
        rc = privileges_drop(d->config.user, is_low ? keep : NULL, error);
        if (rc == 0)
                rc = state_lock(d->config.state, program.name, error, &d->lock_fd);
        if (rc < 0)
                return rc;
        rc = confine(d);
        if (rc < 0)
                snprintf(error, DAEMON_ERROR_SIZE, "the sandbox cannot be entered: %s",
                         strerror(-rc));
        return rc;
}

static int open_assets(struct cloudied *d, char *error)
{
        char urls[CONFIG_MAX_NAMES][CONFIG_URL_SIZE];
        const char *controllers[CONFIG_MAX_NAMES + 1] = {0};
        const struct assets_options assets = {
                .package = d->config.netboot_package,
                .own = d->state.public,
                .key = d->keys.signing,
                .site = {.controllers = controllers,
                         .ca_pem = d->keys.cert_pem,
                         .signing_pub = d->keys.signing_pub},
        };

        for (size_t i = 0; i < d->config.name_count; i++) {
                config_url(&d->config, i, urls[i]);
                controllers[i] = urls[i];
        }
        if (!d->config.netboot_package[0])
                log_warning("assets.none", "reason=\"netboot_package is not set in "
                                           "cloudied.yaml: no machine can boot\"");
        return assets_open(&assets, error, &d->assets);
}

static int open_images(struct cloudied *d, char *error)
{
        const struct images_options images = {
                .folder = d->state.images, .spawner = d->spawner, .key = d->keys.signing};

        return images_open(&images, error, &d->images);
}

static void end(struct cloudied *d)
{
        notify_stopping();
        d->is_stop_asked = true;
        if (d->api)
                api_stop(d->api);
        else
                loop_stop(d->loop);
}

static void on_signal(void *context, uint32_t events)
{
        struct cloudied *d = context;
        struct signalfd_siginfo info;

        (void)events;
        if (read(d->signal_fd, &info, sizeof(info)) != sizeof(info))
                return;
        log_info("stop", "signal=%u", info.ssi_signo);
        end(d);
}

/* Nothing could be uploaded or verified any more, and with threads there is no second fork. */
static void on_spawner(void *context, uint32_t events)
{
        struct cloudied *d = context;

        (void)events;
        log_error("stop", "reason=\"the process that makes children has ended\"");
        d->is_childless = true;
        loop_remove_fd(d->children);
        d->children = NULL;
        end(d);
}

static void on_watchdog(void *context)
{
        struct cloudied *d = context;

        notify_alive();
        loop_timer_arm(d->watchdog, clock_monotonic_ms() + notify_watchdog_ms());
}

static int open_loop(struct cloudied *d)
{
        sigset_t set;
        int rc;

        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        sigprocmask(SIG_BLOCK, &set, NULL);
        (void)signal(SIGPIPE, SIG_IGN);
        d->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (d->signal_fd < 0)
                return -errno;
        rc = loop_new(&d->loop);
        if (rc == 0)
                rc = loop_add_fd(d->loop, d->signal_fd, EPOLLIN, on_signal, d, &d->signals);
        if (rc == 0)
                rc = loop_add_fd(d->loop, spawner_fd(d->spawner), EPOLLIN, on_spawner, d,
                                 &d->children);
        if (rc == 0)
                rc = loop_add_timer(d->loop, on_watchdog, d, &d->watchdog);
        if (rc == 0 && notify_watchdog_ms() > 0)
                loop_timer_arm(d->watchdog, clock_monotonic_ms());
        return rc;
}

static int open_api(struct cloudied *d, char *error)
{
        const struct edge_config edge = config_edge(&d->config);
        const struct api_options api = {
                .loop = d->loop,
                .state = d->config.state,
                .store = d->store,
                .login_folder = d->state.login,
                .join_token_file = d->state.join_token,
                .kernel_arguments = d->config.kernel_arguments,
                .limits = {d->config.install_limit, d->config.link_mbit, d->config.install_mbit},
                .beat_s = d->config.beat_s,
                .vault = d->keys.vault,
                .edge_config = &edge,
                .assets = d->assets,
                .images = d->images,
        };

        d->store.seat = NULL; /* taken */
        return api_new(&api, error, &d->api);
}

/* -ECANCELED: a signal ended it. */
static int open_store(struct cloudied *d, char *error)
{
        int rc;

        d->store = (struct store_place){.where = d->state.database};
        if (!d->config.store[0])
                return 0;
        rc = shared_site(&d->keys, d->site);
        if (rc < 0)
                return rc;
        d->store = (struct store_place){
                .where = d->config.store, .password = d->password, .site = d->site};
        return shared_wait(d->loop, &d->config, &d->store, error, &d->store.seat);
}

static int listen_on(const struct cloudied *d, const struct serve_options *what, const char *key,
                     char *error, struct serve **ret)
{
        const char *address = d->config.address[0] ? d->config.address : "all addresses";
        int rc;

        rc = serve_start(what, ret);
        if (rc == -EADDRINUSE)
                snprintf(error, DAEMON_ERROR_SIZE,
                         "port %u is in use by another program; end it, or change '%s' in %s",
                         what->port, key, config_path);
        else if (rc == -EACCES)
                snprintf(error, DAEMON_ERROR_SIZE,
                         "port %u is for root alone; start as root, or change '%s' in %s",
                         what->port, key, config_path);
        else if (rc == -EBADMSG)
                snprintf(error, DAEMON_ERROR_SIZE, "%s and key.pem are no certificate and its key",
                         d->state.cert);
        else if (rc < 0)
                snprintf(error, DAEMON_ERROR_SIZE, "cannot listen on %s, port %u: %s", address,
                         what->port, strerror(-rc));
        return rc;
}

static int open_https(struct cloudied *d, char *error)
{
        const struct serve_options https = {
                .address = d->config.address[0] ? d->config.address : NULL,
                .port = (uint16_t)d->config.port,
                .key_pem = d->keys.key_pem,
                .cert_pem = d->keys.cert_pem,
                .connections = API_CONNECTIONS,
                /* All that another controller passes on comes from its address. */
                .per_address = d->config.store[0] ? RELAY_CONNECTIONS : API_PER_ADDRESS,
                .body_limit = api_body_limit,
                .handler = api_handle,
                .context = d->api,
        };

        return listen_on(d, &https, "port", error, &d->https);
}

static int open_http(struct cloudied *d, char *error)
{
        const struct serve_options http = {
                .address = d->config.address[0] ? d->config.address : NULL,
                .port = (uint16_t)d->config.http_port,
                .threads = 1,
                .connections = 64,
                .per_address = 8,
                .idle_timeout_s = 10,
                .handler = redirect_handle,
                .context = &d->config,
        };

        return d->config.http_port > 0 ? listen_on(d, &http, "http_port", error, &d->http) : 0;
}

static int print_login_line(const struct cloudied *d)
{
        _free_ char *line = NULL;
        int rc;

        rc = state_login_line(&d->state, &d->config, &line);
        if (rc < 0)
                return rc;
        printf("%s\n", line);
        return fflush(stdout) == 0 ? 0 : -EIO;
}

static int start(struct cloudied *d, char *error)
{
        int rc;

        rc = become_nobody(d, error);
        if (rc == 0 && backup_is_half_restored(d->config.state)) {
                rc = -EBADMSG;
                snprintf(error, DAEMON_ERROR_SIZE,
                         "a restore into %s did not end: empty the folder, and restore again",
                         d->config.state);
        }
        if (rc == 0)
                rc = keys_load(&d->state, &d->config, error, &d->keys);
        if (rc == 0)
                rc = open_assets(d, error);
        if (rc < 0)
                return rc;
        rc = open_loop(d);
        if (rc < 0) {
                snprintf(error, DAEMON_ERROR_SIZE, "cannot start: %s", strerror(-rc));
                return rc;
        }
        rc = open_http(d, error);
        if (rc == 0)
                rc = open_store(d, error);
        if (rc == 0)
                rc = open_images(d, error);
        if (rc == 0)
                rc = open_api(d, error);
        if (rc == 0)
                rc = open_https(d, error);
        return rc;
}

static int run(struct cloudied *d)
{
        char error[DAEMON_ERROR_SIZE] = "out of memory";
        int rc;

        rc = start(d, error);
        if (d->is_stop_asked && rc == -ECANCELED)
                return EXIT_SUCCESS;
        if (rc < 0)
                return program_fail(&program, "%s", error);
        if (!api_has_user(d->api) && !login_link_exists(d->state.login, clock_wall_ms()) &&
            print_login_line(d) < 0)
                log_warning("login-link.failed", "reason=\"cannot be made or printed\"");
        log_info("start", "version=%s port=%u http_port=%u state=%s took_ms=%llu landlock=%u",
                 CLOUDIE_VERSION, (unsigned)d->config.port, (unsigned)d->config.http_port,
                 QUOTE(d->config.state), (unsigned long long)(clock_monotonic_ms() - d->started_ms),
                 confine_landlock());
        notify_ready("serving");

        rc = loop_run(d->loop);
        if (d->is_childless)
                return program_fail(&program, "ended because it could make no children");
        if (rc < 0 || !api_is_sound(d->api))
                return program_fail(&program, "ended because %s",
                                    rc < 0 ? strerror(-rc) : "the store failed");
        return EXIT_SUCCESS;
}

static int give_login_link(const struct cloudied *d)
{
        const int rc = print_login_line(d);

        if (rc == -ENOENT)
                return program_fail(&program, "%s is missing: start cloudied once before",
                                    d->state.cert);
        if (rc < 0)
                return program_fail(&program, "no login link can be made in %s: %s", d->state.login,
                                    strerror(-rc));
        return EXIT_SUCCESS;
}

/* The file and the passphrase may be for root alone: both are read before. */
static int restore_from(struct cloudied *d, int fd, const char *passphrase)
{
        char error[DAEMON_ERROR_SIZE] = "out of memory";
        struct backup_about about = {0};
        int rc;

        rc = become_nobody(d, error);
        if (rc == 0)
                rc = backup_may_restore(d->config.state, error);
        if (rc == 0)
                rc = backup_check(fd, passphrase, error, &about);
        if (rc == 0)
                rc = backup_restore(fd, passphrase, d->config.state, error);
        if (rc < 0)
                return program_fail(&program, "%s", error);
        printf("restored %llu files, %llu bytes, to %s; they were backed up by version %s%s\n",
               (unsigned long long)about.files, (unsigned long long)about.bytes, d->config.state,
               about.version,
               about.has_database ? "" : "; the database is a server's, and not in it");
        return EXIT_SUCCESS;
}

static int restore(struct cloudied *d)
{
        _close_ int fd = open(restore_path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        char error[DAEMON_ERROR_SIZE] = "", passphrase[PASSPHRASE_SIZE];
        int rc;

        if (fd < 0)
                return program_fail(&program, "%s cannot be read: %s", restore_path,
                                    strerror(errno));
        if (passphrase_read(passphrase_path, false, error, passphrase, sizeof(passphrase)) < 0)
                return program_fail(&program, "%s", error);
        rc = restore_from(d, fd, passphrase);
        secret_erase(passphrase, sizeof(passphrase));
        return rc;
}

int main(int argc, char **argv)
{
        CLEANUP(cloudied_free) struct cloudied *d = calloc(1, sizeof(*d));
        char error[DAEMON_ERROR_SIZE] = "out of memory";
        int rc, rest;

        if (!d)
                return program_fail(&program, "%s", error);
        d->lock_fd = d->signal_fd = -EBADF;
        d->started_ms = clock_monotonic_ms();
        rc = options_parse(&program, argc, argv, &rest);
        if (rc != 0)
                return rc < 0 ? EXIT_USAGE : EXIT_SUCCESS;
        if (rest < argc)
                return program_usage(&program, "'%s' is not understood", argv[rest]);

        (void)umask(077);
        rc = config_read(config_path, error, &d->config);
        if (rc == 0)
                rc = state_init(d->config.state, &d->state);
        if (rc < 0)
                return program_fail(&program, "%s", error);
        if (is_check)
                return EXIT_SUCCESS;
        if (restore_path)
                return restore(d);
        return is_login_link ? give_login_link(d) : run(d);
}
