/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What the files of this room share. Nobody else includes it.
 *
 * Who may touch what: MHD calls us on its threads, and never frees a connection
 * that is suspended, nor one whose callback runs. A request has two owners, MHD (from its
 * first line until on_completed()) and the handler (until the answer). What
 * both change, they change under the server's lock; @connection is NULL once MHD is done.
 * MHD_resume_connection() is called under the lock as well: after it, MHD may
 * finish and free everything, and on_completed() has to wait for the lock.
 *
 * Order of locks: the server's, then a ring's. MHD's own come last; MHD holds
 * none of those that MHD_resume_connection() takes when it calls us.
 */

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "lib/base/buffer.h"
#include "lib/base/list.h"
#include "lib/serve/path.h"
#include "lib/serve/serve.h"

struct serve {
        pthread_mutex_t lock;
        pthread_cond_t
                ended;    /* a request or a connection has ended, while the server is stopping */
        atomic_uint refs; /* one is serve_stop()'s, one each request's */
        struct MHD_Daemon *daemon;
        uint16_t port;
        int listen_fd; /* MHD's */
        size_t (*body_limit)(void *context, struct serve_request *request);
        bool (*admit)(void *context, struct ip_address from, struct ip_address *ret_share);
        unsigned per_address;
        serve_handler_fn handler;
        void *context;
        size_t bodies_max;
        atomic_size_t bodies; /* bytes that requests hold */

        /* under the lock */
        bool is_stopping;     /* what is not answered yet gets the answer that we are */
        bool is_closing;      /* no connection is good for anything any more */
        struct list sockets;  /* struct socket, link: one a connection of MHD */
        struct list requests; /* struct serve_request, link */
        struct list streams;  /* struct stream, of_serve */
};

struct serve *serve_ref(struct serve *serve);
void serve_unref(struct serve *serve);

/* A socket that listens; as serve_start(). */
int listen_open(const char *address, uint16_t port, int *ret_fd);
uint16_t listen_port(int fd);

enum request_state {
        REQUEST_NEW,       /* the first line was read */
        REQUEST_READING,   /* the head is there, the body comes */
        REQUEST_HANDLED,   /* the handler runs, or runs still */
        REQUEST_SUSPENDED, /* the handler has returned without an answer */
        REQUEST_ANSWERED,  /* @response waits for MHD to ask for it */
        REQUEST_SENDING,   /* MHD has it */
        REQUEST_ENDED,     /* MHD is done with us */
        REQUEST_STATE_COUNT,
};

/* Who is told how much of a file went out. */
struct sent {
        serve_sent_fn fn; /* NULL: nobody */
        void *context;
        uint64_t since_ms;       /* monotonic */
        uint64_t size;           /* bytes of body that are to be sent */
        uint64_t mark;           /* sent_count() at the start of the body */
        bool is_counted;         /* how much of it went out counts, where not all did */
        bool is_file;            /* else an error is sent in its place: nothing is whole */
        struct serve_file *file; /* whose response it is; NULL: it is the answer's own */
};

/* Bytes the kernel was given on a connection so far; 0 if it cannot say. */
uint64_t sent_count(int fd);

/* MHD will send this descriptor by sendfile(2) until @end, an offset. It stays MHD's. */
void sendfile_expect(int fd, uint64_t end);

struct serve_request {
        struct list link; /* in serve->requests */
        struct serve *serve;
        atomic_uint refs;

        /* under the server's lock */
        enum request_state state;
        struct MHD_Connection *connection;
        struct MHD_Response *response;
        unsigned status;
        struct sent sent;

        /* written by MHD's thread before the handler is called; then only read */
        char *raw_target;
        char *target_texts;
        struct path_target target;
        char method[16];
        struct path_pair *headers; /* one block, its texts behind the rows */
        size_t header_count;
        struct buffer body;
        size_t limit;
        size_t surplus;      /* bytes above the limit, which were thrown away */
        bool is_ignored;     /* all of the body is thrown away */
        bool is_crowded_out; /* there was no room for the body beside those of others */
        struct sockaddr_storage peer;
        char peer_text[INET6_ADDRSTRLEN];

        void *data; /* the handler's */
};

/* MHD's callbacks. */
void *request_on_target(void *context, const char *uri, struct MHD_Connection *connection);
enum MHD_Result request_on_call(void *context, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *bytes,
                                size_t *size, void **request);
void request_on_completed(void *context, struct MHD_Connection *connection, void **request,
                          enum MHD_RequestTerminationCode code);

/* A file in other words: see serve_answer_patched(). */
struct patched;
struct patched *patched_new(const struct serve_patches *patches); /* their bytes are taken */
struct patched *patched_free(struct patched *patched);
/* Bytes from @start on. @take and @take_fd are taken in any case. NULL: without memory. */
struct MHD_Response *patched_response(struct patched *take, int take_fd, uint64_t start,
                                      uint64_t length);

/* Under the server's lock: gives an unanswered request the answer that we are stopping. */
void request_stop(struct serve_request *request);

/**
 * request_answer() - hand over the answer, and end the handler's ownership
 * @take_response:  NULL: without memory; the connection is then dropped
 * @sent:           NULL: none; its function is called in any case
 */
void request_answer(struct serve_request *request, unsigned status,
                    struct MHD_Response *take_response, const struct sent *sent);

/* Answers that the library gives itself: problem+json (RFC 9457), texts that live for ever. */
enum problem {
        PROBLEM_TARGET,
        PROBLEM_HEAD,
        PROBLEM_FRAMING,
        PROBLEM_METHOD,
        PROBLEM_BODY,
        PROBLEM_RANGE,
        PROBLEM_INTERNAL,
        PROBLEM_STOPPING,
        PROBLEM_BUSY,
        PROBLEM_COUNT,
};
struct MHD_Response *problem_response(enum problem problem, unsigned *ret_status);

/* Adds @rows (NULL: none), which end with a NULL name. */
void response_add_headers(struct MHD_Response *response, const char *content_type,
                          const struct serve_header_row *rows);

/* Under the server's lock: the stream ends as soon as MHD gets to it. */
struct stream;
void stream_stop(struct list *of_serve);
