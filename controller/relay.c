/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/relay.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/ip.h"
#include "lib/base/list.h"
#include "lib/base/text.h"

#define PIECE         16384 /* that is read at once */
#define BACKLOG       128
#define TARGET_SIZE   160
#define PAUSE_MS      100  /* without a descriptor, until the next is accepted */
#define LOOK_AGAIN_MS 5000 /* for a host; it stops all else for as long as it takes */

/* One end of a connection, and what was read from it and could not be written to the other yet. */
struct end {
        struct pair *pair;
        struct end *other;
        int fd;
        struct loop_fd *watch;
        char *held; /* NULL: nothing */
        size_t held_size, held_at;
        bool is_at_end; /* nothing more comes from it */
        bool is_hung;   /* both its ways are shut: not watched, as it would be ready for ever */
};

struct pair {
        struct list link;
        struct relay *relay;
        struct end ends[2];
        struct ip_address from;
        uint64_t closed_by_ms; /* 0: its second end has not ended */
        bool is_connecting;    /* the second */
};

struct relay {
        struct loop *loop;
        int fd;
        struct loop_fd *watch;
        struct loop_timer *closing, *pause;
        bool is_closing; /* that timer is armed */
        struct list pairs;
        size_t pair_count;
        char target[TARGET_SIZE];
        struct sockaddr_storage address;
        socklen_t address_size; /* 0: nobody is there */
        uint64_t looked_ms;
};

static void pair_free(struct pair *pair)
{
        struct relay *relay = pair->relay;

        for (size_t i = 0; i < 2; i++) {
                loop_remove_fd(pair->ends[i].watch);
                if (pair->ends[i].fd >= 0)
                        close(pair->ends[i].fd);
                free(pair->ends[i].held);
        }
        list_remove(&pair->link);
        if (relay->pair_count-- == RELAY_CONNECTIONS)
                (void)loop_set_events(relay->watch, EPOLLIN);
        free(pair);
}

static void close_all(struct relay *relay)
{
        LIST_FOR_EACH(&relay->pairs, at)
        {
                pair_free(container_of(at, struct pair, link));
        }
}

/* What was held, as far as it goes. 0, or -errno of a connection that is gone. */
static int write_held(struct end *from)
{
        while (from->held) {
                const ssize_t size = send(from->other->fd, from->held + from->held_at,
                                          from->held_size - from->held_at, MSG_NOSIGNAL);

                if (size < 0)
                        return errno == EAGAIN ? 0 : -errno;
                from->held_at += (size_t)size;
                if (from->held_at < from->held_size)
                        continue;
                free(from->held);
                from->held = NULL;
        }
        return 0;
}

static int hold(struct end *from, const char *bytes, size_t size)
{
        from->held = malloc(size);
        if (!from->held)
                return -ENOMEM;
        memcpy(from->held, bytes, size);
        from->held_size = size;
        from->held_at = 0;
        return 0;
}

/* One piece, from one end to the other; so that no pair keeps all others waiting. */
static int move(struct end *from)
{
        char piece[PIECE];
        ssize_t size, sent;
        int rc = write_held(from);

        if (rc < 0 || from->held || from->is_at_end)
                return rc;
        size = recv(from->fd, piece, sizeof(piece), 0);
        if (size < 0)
                return errno == EAGAIN ? 0 : -errno;
        if (size == 0) {
                from->is_at_end = true;
                return shutdown(from->other->fd, SHUT_WR) < 0 ? -errno : 0;
        }
        sent = send(from->other->fd, piece, (size_t)size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
                return -errno;
        sent = sent < 0 ? 0 : sent;
        return sent == size ? 0 : hold(from, piece + sent, (size_t)(size - sent));
}

static int watch_for(struct end *end)
{
        const bool wants_in = !end->is_at_end && !end->held && !end->pair->is_connecting;
        const bool wants_out = end->other->held != NULL ||
                               (end->other->is_hung && !end->other->is_at_end) ||
                               (end->pair->is_connecting && end == &end->pair->ends[1]);

        if (end->is_hung)
                return 0;
        return loop_set_events(end->watch, (wants_in ? EPOLLIN : 0U) | (wants_out ? EPOLLOUT : 0U));
}

static int finish_connecting(struct pair *pair)
{
        socklen_t size = sizeof(int);
        int error = 0;

        if (getsockopt(pair->ends[1].fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                return -errno;
        pair->is_connecting = false;
        return -error;
}

/* What it had sent is still there to be read; nobody reads what would be written to it. */
static void hang_up(struct end *end)
{
        loop_remove_fd(end->watch);
        end->watch = NULL;
        end->is_hung = true;
        end->other->is_at_end = true;
        free(end->other->held);
        end->other->held = NULL;
}

/* Who keeps his end open when all was said, or does not read what was, has no place for ever. */
static void on_closing(void *context)
{
        struct relay *relay = context;
        const uint64_t now_ms = clock_monotonic_ms();
        uint64_t next_ms = UINT64_MAX;

        LIST_FOR_EACH(&relay->pairs, at)
        {
                struct pair *pair = container_of(at, struct pair, link);

                if (pair->closed_by_ms == 0)
                        continue;
                if (pair->closed_by_ms <= now_ms)
                        pair_free(pair);
                else if (pair->closed_by_ms < next_ms)
                        next_ms = pair->closed_by_ms;
        }
        relay->is_closing = next_ms < UINT64_MAX;
        if (relay->is_closing)
                loop_timer_arm(relay->closing, next_ms);
}

static void close_soon(struct pair *pair)
{
        struct relay *relay = pair->relay;

        if (pair->closed_by_ms > 0)
                return;
        pair->closed_by_ms = clock_monotonic_ms() + RELAY_GRACE_MS;
        if (!relay->is_closing)
                loop_timer_arm(relay->closing, pair->closed_by_ms);
        relay->is_closing = true;
}

static bool is_over(const struct pair *pair)
{
        return pair->ends[0].is_at_end && pair->ends[1].is_at_end && !pair->ends[0].held &&
               !pair->ends[1].held;
}

static void on_ready(void *context, uint32_t events)
{
        struct end *end = context;
        struct pair *pair = end->pair;
        int rc = 0;

        if (pair->is_connecting && end == &pair->ends[1])
                rc = finish_connecting(pair);
        if (rc == 0 && (events & (EPOLLERR | EPOLLHUP)))
                hang_up(end);
        for (size_t i = 0; rc == 0 && i < 2 && !pair->is_connecting; i++)
                rc = move(&pair->ends[i]);
        for (size_t i = 0; rc == 0 && i < 2; i++)
                rc = watch_for(&pair->ends[i]);
        if (rc < 0 || is_over(pair))
                pair_free(pair);
        else if (pair->ends[1].is_at_end || pair->ends[1].is_hung)
                close_soon(pair);
}

static int set_keepalive(int fd)
{
        const int yes = 1;

        return setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes)) < 0 ? -errno : 0;
}

static int connect_pair(struct pair *pair)
{
        const struct relay *relay = pair->relay;
        int fd, rc;

        if (relay->address_size == 0)
                return -ENOTCONN;
        fd = socket(relay->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        pair->ends[1].fd = fd;
        rc = set_keepalive(fd);
        if (rc == 0 &&
            connect(fd, (const struct sockaddr *)&relay->address, relay->address_size) < 0 &&
            errno != EINPROGRESS)
                rc = -errno;
        pair->is_connecting = true;
        return rc;
}

static int open_pair(struct relay *relay, int fd, struct ip_address from)
{
        struct pair *pair = calloc(1, sizeof(*pair));
        int rc;

        if (!pair) {
                close(fd);
                return -ENOMEM;
        }
        pair->relay = relay;
        pair->from = from;
        for (size_t i = 0; i < 2; i++)
                pair->ends[i] =
                        (struct end){.pair = pair, .other = &pair->ends[1 - i], .fd = -EBADF};
        pair->ends[0].fd = fd;
        list_init(&pair->link);
        list_append(&relay->pairs, &pair->link);
        relay->pair_count++;

        rc = set_keepalive(fd);
        if (rc == 0)
                rc = connect_pair(pair);
        for (size_t i = 0; rc == 0 && i < 2; i++)
                rc = loop_add_fd(relay->loop, pair->ends[i].fd, i == 1 ? EPOLLOUT : 0, on_ready,
                                 &pair->ends[i], &pair->ends[i].watch);
        if (rc < 0)
                pair_free(pair);
        return rc;
}

static bool is_same_place(const struct sockaddr_storage *one, const struct sockaddr_storage *other)
{
        return ip_socket_port(one) == ip_socket_port(other) &&
               ip_is_equal(ip_of_socket(one), ip_of_socket(other));
}

/* Not one address has all places. And what we passed on came back to us, if somebody's target is
 * one of our own names: it would go in circles until there is nothing left. */
static bool may_pass(const struct relay *relay, const struct sockaddr_storage *peer)
{
        const struct ip_address from = ip_of_socket(peer);
        struct sockaddr_storage here = {0};
        size_t count = 0;

        LIST_FOR_EACH(&relay->pairs, at)
        {
                const struct pair *pair = container_of(at, struct pair, link);
                socklen_t size = sizeof(here);

                if (getsockname(pair->ends[1].fd, (struct sockaddr *)&here, &size) == 0 &&
                    is_same_place(&here, peer))
                        return false;
                count += ip_is_equal(pair->from, from);
        }
        return count < RELAY_PER_ADDRESS;
}

static void listen_again(void *context)
{
        const struct relay *relay = context;

        (void)loop_set_events(relay->watch, relay->pair_count < RELAY_CONNECTIONS ? EPOLLIN : 0);
}

static void on_connection(void *context, uint32_t events)
{
        struct relay *relay = context;
        struct sockaddr_storage peer = {0};
        socklen_t size = sizeof(peer);
        const int fd =
                accept4(relay->fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

        (void)events;
        /* Whoever waits stays ready to be accepted: without a pause that would be for ever. */
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
                (void)loop_set_events(relay->watch, 0);
                loop_timer_arm(relay->pause, clock_monotonic_ms() + PAUSE_MS);
        }
        if (fd < 0)
                return;
        if (!may_pass(relay, &peer)) {
                close(fd);
                return;
        }
        (void)open_pair(relay, fd, ip_of_socket(&peer));
        if (relay->pair_count == RELAY_CONNECTIONS)
                (void)loop_set_events(relay->watch, 0);
}

/* The first address of a name. */
static int find_address(const char *host, const char *port, int flags, struct sockaddr_storage *ret,
                        socklen_t *ret_size)
{
        const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
        struct addrinfo *found = NULL;

        if (getaddrinfo(host, port, &hints, &found) != 0)
                return -EINVAL;
        memcpy(ret, found->ai_addr, found->ai_addrlen);
        *ret_size = found->ai_addrlen;
        freeaddrinfo(found);
        return 0;
}

static void find_target(struct relay *relay)
{
        char host[TARGET_SIZE];
        char *colon;

        if (text_copy(host, sizeof(host), relay->target) < 0)
                return;
        colon = strrchr(host, ':');
        if (!colon || colon == host)
                return;
        *colon = '\0';
        if (host[0] == '[' && colon[-1] == ']')
                colon[-1] = '\0';
        (void)find_address(host[0] == '[' ? host + 1 : host, colon + 1, AI_NUMERICSERV,
                           &relay->address, &relay->address_size);
        relay->looked_ms = clock_monotonic_ms();
}

void relay_set_target(struct relay *relay, const char *target)
{
        if (strcmp(relay->target, target) == 0) {
                if (relay->address_size == 0 &&
                    clock_monotonic_ms() - relay->looked_ms >= LOOK_AGAIN_MS)
                        find_target(relay);
                return;
        }
        close_all(relay);
        relay->address_size = 0;
        if (text_copy(relay->target, sizeof(relay->target), target) == 0)
                find_target(relay);
}

static int listen_on(struct relay *relay, const char *address, uint16_t port)
{
        const int yes = 1, no = 0;
        struct sockaddr_storage at;
        socklen_t size = 0;
        char text[8];
        int rc;

        snprintf(text, sizeof(text), "%u", port);
        rc = find_address(address[0] ? address : "::", text,
                          AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV, &at, &size);
        if (rc < 0)
                return rc;
        relay->fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (relay->fd < 0)
                return -errno;
        if (setsockopt(relay->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
            (at.ss_family == AF_INET6 &&
             setsockopt(relay->fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)) < 0) ||
            bind(relay->fd, (const struct sockaddr *)&at, size) < 0 ||
            listen(relay->fd, BACKLOG) < 0)
                return -errno;
        return 0;
}

int relay_start(struct loop *loop, const char *address, uint16_t port, struct relay **ret)
{
        CLEANUP(relay_stop) struct relay *relay = calloc(1, sizeof(*relay));
        int rc;

        if (!relay)
                return -ENOMEM;
        relay->loop = loop;
        relay->fd = -EBADF;
        list_init(&relay->pairs);
        rc = listen_on(relay, address, port);
        if (rc == 0)
                rc = loop_add_fd(loop, relay->fd, EPOLLIN, on_connection, relay, &relay->watch);
        if (rc == 0)
                rc = loop_add_timer(loop, on_closing, relay, &relay->closing);
        if (rc == 0)
                rc = loop_add_timer(loop, listen_again, relay, &relay->pause);
        if (rc < 0)
                return rc;
        *ret = TAKE_PTR(relay);
        return 0;
}

struct relay *relay_stop(struct relay *relay)
{
        if (!relay)
                return NULL;
        close_all(relay);
        loop_remove_timer(relay->closing);
        loop_remove_timer(relay->pause);
        loop_remove_fd(relay->watch);
        if (relay->fd >= 0)
                close(relay->fd);
        free(relay);
        return NULL;
}
