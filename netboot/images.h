/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Images: what machines install, kept in a folder of ours. What is not there is
 * fetched from the controller, whole, and served once its SHA-256 is known to be
 * right; whoever asks meanwhile is told to come again.
 *
 * A machine asks by HTTP for ranges (netboot/http.c); nothing here waits.
 */

#include <stdint.h>

#include "lib/base/net.h"
#include "lib/node/wire.h"
#include "netboot/image_store.h"

/* Files to fetch, waiting or under way; with that many no machine is delayed by one more. As many
 * images as manifests and signatures: an image takes minutes, and those who ask for images that
 * there are not would wait behind it and keep others from their manifests. */
#define IMAGES_MAX_QUEUED 16
/* Of one address: two manifests with their signatures; an image a profile. */
#define IMAGES_MAX_QUEUED_ADDRESS 4
/* How long the controller's "there is none" is believed. */
#define IMAGES_MISS_MS 10000
/* How long after a disk or a cache that was full: all that fitted came in vain. */
#define IMAGES_FULL_MS 60000
/* How long after another failure it is asked again. */
#define IMAGES_RETRY_MS 2000
/* Failures that are remembered. */
#define IMAGES_MAX_MISSES 128
/* Files that are not there, asked for by one address within IMAGES_MISS_MS: above it the controller
 * hears nothing of it. A machine asks for three. */
#define IMAGES_MAX_MISSES_ADDRESS 8
/* A manifest and its signature are of their moment (the same image may be signed anew), so they are
 * fetched anew when they are older; while the controller is away the old ones are served. */
#define IMAGES_FRESH_MS 10000
/* An image that a machine found wrong is compared with the controller's by its SHA-256, and fetched
 * anew where it is another, unless that was done within this time: what is wrong then is so at the
 * controller, and nobody has us read it without end. */
#define IMAGES_DOUBT_MS 600000

struct images;

struct images_options {
        struct image_store_options store;
        const char *base_url; /* ".../edge/v1/images" */
        const char *ca_file;  /* NULL: the system's authorities */
        /* The edge's credential; false: there is none yet. Any thread. */
        bool (*credential)(void *context, char ret[static WIRE_TOKEN_SIZE]);
        void *context;
};

/* 0, -ENOMEM, -errno of the folder or of @ca_file. */
int images_new(const struct images_options *options, struct images **ret);
int images_start(struct images *images); /* -errno of pthread_create */
/* Ends the threads, within a second or two. Before this, every answer must have ended. */
struct images *images_free(struct images *images);

struct image_file {
        int fd; /* the caller's to close */
        char etag[72];
        struct image_entry *entry; /* for images_close() */
};

/**
 * images_open() - a file of an image
 * @name:  image_file_name_is_safe()
 * @from:  who asks: whose limits count (boots_share_of())
 *
 * Any thread; never waits.
 *
 * Return: 0; -EAGAIN: it is on its way, or will be: ask again; -ENOENT: the controller has none;
 *         -EHOSTUNREACH: not here, and the controller cannot be asked; -ENOSPC: no room for it;
 *         -EBADMSG: what came was not what the controller said; -errno.
 */
int images_open(struct images *images, const char *name, struct ip_address from,
                struct image_file *ret);
/* The same for a machine that had bytes of it which do not verify: a disk may forget. -EAGAIN until
 * it was compared, and fetched anew where it is wrong; others are given what there is meanwhile,
 * and so is this one where the controller cannot be asked. */
int images_open_anew(struct images *images, const char *name, struct ip_address from,
                     struct image_file *ret);
/* It was sent, or will not be. Any thread. */
void images_close(struct images *images, struct image_entry *entry);
