/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Server: starting and stopping. A few threads wait by epoll, each with its own
 * share of the connections; whoever waits for an answer is suspended, which costs
 * nothing (a reader that returned 0 instead would burn a core).
 */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/serve/private.h"

#define DEFAULT_THREADS     2
#define DEFAULT_CONNECTIONS 1024
#define DEFAULT_PER_ADDRESS 64
#define DEFAULT_IDLE_S      60
#define DEFAULT_MEMORY      ((size_t)32 << 10)
#define DEFAULT_BODIES      ((size_t)256 << 20) /* not connections times the largest body */

/* Answers that are under way when the server stops get so long to leave. */
#define STOP_GRACE_S 1

/* So long wait the threads for the last connections to close, which takes a round of each. */
#define CLOSE_GRACE_S 1

/* Everything that today's clients and firmware with TLS speak; nothing older. */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct serve *serve_ref(struct serve *serve)
{
        atomic_fetch_add(&serve->refs, 1);
        return serve;
}

void serve_unref(struct serve *serve)
{
        if (atomic_fetch_sub(&serve->refs, 1) != 1)
                return;
        pthread_cond_destroy(&serve->ended);
        pthread_mutex_destroy(&serve->lock);
        free(serve);
}

/* MHD would only say that it did not start. */
static int check_certificate(const char *key_pem, const char *cert_pem)
{
        gnutls_datum_t key = {.size = (unsigned)strlen(key_pem)};
        gnutls_datum_t cert = {.size = (unsigned)strlen(cert_pem)};
        gnutls_certificate_credentials_t credentials;
        _free_ char *key_copy = strdup(key_pem);
        _free_ char *cert_copy = strdup(cert_pem);
        int rc;

        if (!key_copy || !cert_copy || gnutls_certificate_allocate_credentials(&credentials) < 0)
                return -ENOMEM;
        key.data = (unsigned char *)key_copy;
        cert.data = (unsigned char *)cert_copy;
        rc = gnutls_certificate_set_x509_key_mem(credentials, &cert, &key, GNUTLS_X509_FMT_PEM);
        gnutls_certificate_free_credentials(credentials);
        gnutls_memset(key_copy, 0, key.size);
        return rc < 0 ? -EBADMSG : 0;
}

/* A connection of MHD's, from accept(2) until just before its close(2). */
struct socket {
        struct list link;
        int fd;
        struct ip_address share; /* whose it is; unset where nobody asks */
};

static struct ip_address address_of(const struct sockaddr *peer, socklen_t size)
{
        struct sockaddr_storage copy = {0};

        if (!peer || size > sizeof(copy))
                return (struct ip_address){0};
        memcpy(&copy, peer, size);
        return ip_of_socket(&copy);
}

/* Walks all connections: at their limit that costs less than to accept one. */
static enum MHD_Result on_accept(void *context, const struct sockaddr *peer, socklen_t size)
{
        struct serve *serve = context;
        struct ip_address share = {0};
        unsigned count = 0;

        if (!serve->admit(serve->context, address_of(peer, size), &share))
                return MHD_NO;
        pthread_mutex_lock(&serve->lock);
        LIST_FOR_EACH(&serve->sockets, at)
        count += ip_is_equal(container_of(at, struct socket, link)->share, share);
        pthread_mutex_unlock(&serve->lock);
        return count < serve->per_address ? MHD_YES : MHD_NO;
}

static void note_share(const struct serve *serve, struct MHD_Connection *connection,
                       struct socket *socket)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

        if (info && info->client_addr)
                (void)serve->admit(
                        serve->context,
                        address_of(info->client_addr, info->client_addr->sa_family == AF_INET6
                                                              ? sizeof(struct sockaddr_in6)
                                                              : sizeof(struct sockaddr_in)),
                        &socket->share);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
        const union MHD_ConnectionInfo *info;
        struct serve *serve = context;
        struct socket *socket;

        if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
                socket = TAKE_PTR(*socket_context);
                if (!socket)
                        return;
                pthread_mutex_lock(&serve->lock);
                list_remove(&socket->link);
                if (serve->is_closing)
                        pthread_cond_signal(&serve->ended);
                pthread_mutex_unlock(&serve->lock);
                free(socket);
                return;
        }
        info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        socket = info ? malloc(sizeof(*socket)) : NULL;
        if (!socket)
                return; /* it is served all the same */
        *socket = (struct socket){.fd = info->connect_fd};
        if (serve->admit)
                note_share(serve, connection, socket);
        list_init(&socket->link);
        pthread_mutex_lock(&serve->lock);
        list_append(&serve->sockets, &socket->link);
        if (serve->is_closing)
                shutdown(socket->fd, SHUT_RDWR);
        pthread_mutex_unlock(&serve->lock);
        *socket_context = socket;
}

static unsigned or_default(unsigned value, unsigned otherwise)
{
        return value ? value : otherwise;
}

static int start_daemon(struct serve *serve, const struct serve_options *options, int fd)
{
        unsigned threads = or_default(options->threads, DEFAULT_THREADS);
        unsigned connections = or_default(options->connections, DEFAULT_CONNECTIONS);
        unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
        /* MHD reads both while it starts, and never again. */
        struct MHD_OptionItem tls[] = {
                {MHD_OPTION_HTTPS_PRIORITIES, 0, (char[]){TLS_PRIORITIES}},
                {MHD_OPTION_HTTPS_MEM_KEY,    0, NULL                    },
                {MHD_OPTION_HTTPS_MEM_CERT,   0, NULL                    },
                {MHD_OPTION_END,              0, NULL                    },
        };
        _free_ char *key = NULL;
        _free_ char *cert = NULL;

        if (options->key_pem) {
                key = strdup(options->key_pem);
                cert = strdup(options->cert_pem);
                if (!key || !cert)
                        return -ENOMEM;
                tls[1].ptr_value = key;
                tls[2].ptr_value = cert;
                flags |= MHD_USE_TLS;
        } else {
                tls[0].option = MHD_OPTION_END;
        }

        errno = 0;
        serve->daemon = MHD_start_daemon(
                flags, serve->port, serve->admit ? on_accept : NULL, serve, request_on_call, serve,
                MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE, threads,
                MHD_OPTION_CONNECTION_LIMIT, connections > threads ? connections : threads,
                MHD_OPTION_PER_IP_CONNECTION_LIMIT, serve->per_address,
                MHD_OPTION_CONNECTION_TIMEOUT, or_default(options->idle_timeout_s, DEFAULT_IDLE_S),
                MHD_OPTION_URI_LOG_CALLBACK, request_on_target, serve, MHD_OPTION_NOTIFY_COMPLETED,
                request_on_completed, serve, MHD_OPTION_NOTIFY_CONNECTION, on_connection, serve,
                MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                options->memory ? options->memory : DEFAULT_MEMORY, MHD_OPTION_ARRAY, tls,
                MHD_OPTION_END);
        if (key)
                gnutls_memset(key, 0, strlen(key));
        if (!serve->daemon)
                return errno > 0 ? -errno : -ENOMEM;
        return 0;
}

static struct serve *serve_new(const struct serve_options *options)
{
        struct serve *serve = calloc(1, sizeof(*serve));
        pthread_condattr_t monotonic;

        if (!serve)
                return NULL;
        pthread_mutex_init(&serve->lock, NULL);
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&serve->ended, &monotonic);
        pthread_condattr_destroy(&monotonic);
        atomic_init(&serve->refs, 1);
        list_init(&serve->requests);
        list_init(&serve->streams);
        list_init(&serve->sockets);
        serve->body_limit = options->body_limit;
        serve->bodies_max = options->bodies ? options->bodies : DEFAULT_BODIES;
        atomic_init(&serve->bodies, 0);
        serve->admit = options->admit;
        serve->per_address = or_default(options->per_address, DEFAULT_PER_ADDRESS);
        serve->handler = options->handler;
        serve->context = options->context;
        return serve;
}

int serve_start(const struct serve_options *options, struct serve **ret)
{
        _close_ int fd = options->listen_fd > 0 ? options->listen_fd : -EBADF;
        struct serve *serve;
        int rc = 0;

        if (!options->key_pem != !options->cert_pem)
                return -EBADMSG;
        if (options->key_pem)
                rc = check_certificate(options->key_pem, options->cert_pem);
        if (rc == 0 && fd < 0)
                rc = listen_open(options->address, options->port, &fd);
        if (rc < 0)
                return rc;

        serve = serve_new(options);
        if (!serve)
                return -ENOMEM;
        serve->port = listen_port(fd);
        serve->listen_fd = fd;
        /* From here MHD's, which closes it on nearly all of its ways to fail. */
        rc = start_daemon(serve, options, TAKE_FD(fd));
        if (rc < 0) {
                serve_unref(serve);
                return rc;
        }
        *ret = serve;
        return 0;
}

uint16_t serve_port(const struct serve *serve)
{
        return serve->port;
}

/* Under the lock: is an answer still on its way out? */
static bool has_answers(const struct serve *serve)
{
        LIST_FOR_EACH(&serve->requests, at)
        {
                const struct serve_request *r = container_of(at, struct serve_request, link);

                if (r->state >= REQUEST_HANDLED)
                        return true;
        }
        return false;
}

static void wait_ended(struct serve *serve, bool (*is_busy)(const struct serve *), time_t grace_s)
{
        struct timespec until;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += grace_s;
        while (is_busy(serve)) {
                if (pthread_cond_timedwait(&serve->ended, &serve->lock, &until) != 0)
                        break;
        }
}

static bool has_sockets(const struct serve *serve)
{
        return !list_is_empty(&serve->sockets);
}

/*
 * Under the lock. libmicrohttpd 0.9.75 ends the program with a malformed request that one of its
 * threads reads while it is shut down: MHD_queue_response() then says yes and takes nothing, and
 * the answer of its own that it builds is of no response. So nobody has anything to say any more
 * before it is shut down: the listening socket takes no connection, and each that there is
 * reaches its end.
 */
static void close_all(struct serve *serve)
{
        serve->is_closing = true;
        shutdown(serve->listen_fd, SHUT_RDWR);
        LIST_FOR_EACH(&serve->sockets, at)
        shutdown(container_of(at, struct socket, link)->fd, SHUT_RDWR);
        wait_ended(serve, has_sockets, CLOSE_GRACE_S);
}

struct serve *serve_stop(struct serve *serve)
{
        if (!serve)
                return NULL;

        /*
         * MHD aborts the program when it is stopped with a suspended connection. From here on
         * none is suspended any more, and those that are get their answer. It goes on listening
         * for so long (who comes now is told that we stop): MHD_quiesce_daemon() races with the
         * threads of the pool for the listening socket, and aborts when it loses.
         */
        pthread_mutex_lock(&serve->lock);
        serve->is_stopping = true;
        LIST_FOR_EACH(&serve->requests, at)
        request_stop(container_of(at, struct serve_request, link));
        LIST_FOR_EACH(&serve->streams, at)
        stream_stop(at);
        wait_ended(serve, has_answers, STOP_GRACE_S);
        close_all(serve);
        pthread_mutex_unlock(&serve->lock);

        MHD_stop_daemon(serve->daemon);
        serve_unref(serve);
        return NULL;
}
