/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Serve: an HTTP or HTTPS server.
 *
 * The library runs its own threads. The handler is called on one of them when a
 * request is whole (its body within the route's limit). It may answer at once,
 * or hand the request to another thread, which answers later: until then the
 * connection is suspended and costs nothing. Each request is answered exactly
 * once; the answer frees it. A client that went away is not an error: the answer
 * is dropped.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/ip.h"

struct serve;
struct serve_request;

typedef void (*serve_handler_fn)(void *context, struct serve_request *request);

struct serve_options {
        const char *address; /* numeric; NULL: all, IPv6 and IPv4 */
        uint16_t port;       /* 0: the system chooses; serve_port() tells */
        int listen_fd; /* > 0: a listening socket, taken in any case; address and port are not used
                        */
        const char *key_pem; /* both: TLS. Texts, not paths */
        const char *cert_pem;
        unsigned threads;        /* 0: 2 */
        unsigned connections;    /* at most; 0: 1024 */
        unsigned per_address;    /* connections of one address; 0: 64 */
        unsigned idle_timeout_s; /* 0: 60 */
        size_t memory; /* bytes of a connection: head of request and of answer; 0: 32 KiB */
        size_t bodies; /* bytes of all bodies together that are held; 0: 256 MiB */
        /* Called when the head is there: how large may the body be? 0: none accepted.
         * SERVE_BODY_IGNORED: it is read and thrown away, for the handler will refuse the request
         * whatever stands in it. */
        size_t (*body_limit)(void *context, struct serve_request *request);
        /* Called for each connection: is it let in, and of whom is it one? Of each @ret_share there
         * are at most per_address, or a few more where several come at one moment. NULL: all are,
         * and each address counts alone. Must not wait. */
        bool (*admit)(void *context, struct ip_address from, struct ip_address *ret_share);
        serve_handler_fn handler;
        void *context;
};

#define SERVE_BODY_IGNORED SIZE_MAX

/* 0; -EADDRINUSE, -EACCES, -EADDRNOTAVAIL; -EBADMSG: key and certificate do not serve; -ENOMEM. */
int serve_start(const struct serve_options *options, struct serve **ret);

/* Ends listening, drops all connections; every request must have been answered. Takes NULL. */
struct serve *serve_stop(struct serve *serve);
uint16_t serve_port(const struct serve *serve);

/* What was asked. Texts live until the answer. */
const char *serve_method(const struct serve_request *request);
const char *serve_path(const struct serve_request *request); /* decoded; no query; starts with / */
const char *serve_query(struct serve_request *request, const char *name); /* NULL: not given */
/* The name of one after the other, as they were written; NULL past the last. */
const char *serve_query_name(const struct serve_request *request, size_t index);
const char *serve_header(struct serve_request *request, const char *name); /* NULL: not given */
const char *serve_bearer(struct serve_request *request); /* of "Authorization: Bearer X"; or NULL */
const void *serve_body(const struct serve_request *request, size_t *ret_size);
const char *serve_peer(const struct serve_request *request); /* numeric address as text */
struct sockaddr_storage serve_peer_address(const struct serve_request *request);

/* A place for the handler's own data between handler and answer. */
void serve_set_data(struct serve_request *request, void *data);
void *serve_data(const struct serve_request *request);

struct serve_header_row {
        const char *name;
        const char *value;
};

/* Answers; any thread. @take_body is freed by the server (may be NULL with size 0). */
void serve_answer(struct serve_request *request, unsigned status, const char *content_type,
                  char *take_body, size_t size, const struct serve_header_row *headers);

/**
 * serve_answer_file() - a file, or the ranges of it that were asked for
 * @take_fd:  regular file; closed by the server; sent by sendfile where the connection is plain
 * @etag:     NULL: none. With one, If-None-Match and If-Range are obeyed. Quotes are added
 *            where it has none
 * @sent:     called once when it was sent or the client went away: bytes of the body that the
 *            kernel took, and how long that took; mostly on a server thread; may be NULL. What
 *            was asked for (a range; nothing for HEAD and 304) and is gone is whole
 *
 * HEAD, Range (RFC 9110 14: one range; several are answered whole, as it allows), 206, 304, 416.
 */
typedef void (*serve_sent_fn)(void *context, bool is_whole, uint64_t bytes, uint64_t took_ms);
void serve_answer_file(struct serve_request *request, int take_fd, const char *content_type,
                       const char *etag, serve_sent_fn sent, void *sent_context);

/* Bytes that take the place of as many of a file. */
struct serve_patch {
        uint64_t at;
        char *take_bytes; /* freed by the server */
        size_t size;
};
#define SERVE_PATCHES_MAX 4
struct serve_patches {
        struct serve_patch at[SERVE_PATCHES_MAX];
        size_t count;
};

/**
 * serve_answer_patched() - as serve_answer_file(), with other bytes in some places of it
 * @patches:  copied; their bytes are taken in any case. What lies behind the file's end is nowhere
 *
 * Not by sendfile: each piece is read, and copied. It has no entity tag, as it is made anew for
 * each request.
 */
void serve_answer_patched(struct serve_request *request, int take_fd, const char *content_type,
                          const struct serve_patches *patches, serve_sent_fn sent,
                          void *sent_context);

/*
 * A file that is asked for again and again: it is opened once, and where it is short its bytes and
 * their head are made once. Neither it nor what it is called by may change; any thread.
 */
struct serve_file;

/* As serve_answer_file() takes them; @content_type lives as long. 0, -EINVAL: not a regular file,
 * -EIO: shorter than it says, -ENOMEM; -errno. */
int serve_file_new(int take_fd, const char *content_type, const char *etag,
                   struct serve_file **ret);
struct serve_file *serve_file_ref(struct serve_file *file);
struct serve_file *serve_file_unref(struct serve_file *file); /* takes NULL; returns NULL */

/* As serve_answer_file(). @file stays the caller's. */
void serve_answer_kept(struct serve_request *request, struct serve_file *file, serve_sent_fn sent,
                       void *sent_context);

/*
 * Event streams (Server-Sent Events). All streams of one ring read the same
 * events, each with its own cursor; a stream that waits is suspended. One that
 * was overtaken gets "event: reset". Every 15 s of silence a comment is sent.
 */
struct serve_ring;
int serve_ring_new(size_t events, struct serve_ring **ret);  /* how many it remembers */
struct serve_ring *serve_ring_free(struct serve_ring *ring); /* after serve_stop() */

/* @id rises from event to event. Any thread. Texts are copied. @data has no newline. */
int serve_ring_add(struct serve_ring *ring, uint64_t id, const char *name, const char *data);

/**
 * serve_answer_stream() - answer with the events after @after
 * @take_first:  text of events ("id: ..\nevent: ..\ndata: ..\n\n") sent before those of the ring,
 *               read from the store for a listener that comes back; freed by the server; or NULL
 * @after:       id of the last event that the listener has (after @take_first); UINT64_MAX: it
 *               wants those from now on
 * @pick:        NULL: all; else whether this listener is to see the event; called on server threads
 * @context:     for @pick; @done (may be NULL) is called once when the stream has ended
 *
 * With @after older than what the ring remembers, "reset" is sent, behind @take_first.
 */
typedef bool (*serve_pick_fn)(void *context, const char *name, const char *data);
void serve_answer_stream(struct serve_request *request, struct serve_ring *ring, char *take_first,
                         uint64_t after, serve_pick_fn pick, void (*done)(void *context),
                         void *context);
