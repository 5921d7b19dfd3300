/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Images: what machines are installed with. STATE/images holds three files of
 * each (image/manifest.h): NAME.raw.zst, NAME.json, NAME.json.sig. All functions
 * may be called by any thread; those that say so read or write the disk, and
 * belong on a thread that may wait for it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/manifest.h"
#include "lib/base/cleanup.h"
#include "lib/base/reader.h"
#include "lib/daemon/spawner.h"
#include "lib/doc/value.h"
#include "lib/trust/signature.h"

#define IMAGES_MAX         1000 /* a list that one answer holds; the space is the operator's */
#define IMAGES_UPLOADS_MAX 4    /* each holds 4 MiB, and the disk writes them one after the other */
#define IMAGES_IDLE_MS                                                                             \
        (10ULL * 60 * 1000) /* of an upload: longer than a person's network fails                  \
                             */
#define IMAGES_RESERVE                                                                             \
        ((uint64_t)256 << 20) /* free bytes that no upload takes from the database                 \
                               */
#define IMAGES_SOURCE_SIZE 65 /* of what an import is, as its client names it: a SHA-256 in hex */
#define IMAGES_ERROR_SIZE  256
#define IMAGES_ETAG_SIZE   68 /* a SHA-256 in hex between quotes */

/* What strangers wrote is read by children (docs/decisions/0010): for spawner_start(). */
enum { IMAGES_CHILD_UNPACK, IMAGES_CHILD_VERIFY, IMAGES_CHILD_COUNT };
extern const struct child_kind images_children[IMAGES_CHILD_COUNT];

struct images;

struct images_options {
        const char *folder;            /* made if missing, mode 0700 */
        struct spawner *spawner;       /* of images_children; borrowed until images_close() */
        const struct signing_key *key; /* borrowed until images_close() */
        uint64_t reserve;              /* 0: IMAGES_RESERVE */
};

/**
 * images_open() - look at what is there
 * @error:  IMAGES_ERROR_SIZE bytes
 *
 * An import that was being finished when the last cloudied ended is finished;
 * what else was on its way is removed. An image whose files do not fit one
 * another is listed as broken, and not offered.
 *
 * Return: 0, -errno.
 */
int images_open(const struct images_options *options, char *error, struct images **ret);
/* Ends a verification that runs (its request is answered), and what was on its way. */
struct images *images_close(struct images *images);
CLEANUP_DEFINE(struct images *, images_close)
/* Only the first half: returns when a verification that ran is answered; none begins any more.
 * Takes NULL. */
void images_stop(struct images *images);

/* 0; -ENOENT: no such image; -EBADMSG: it is broken; -EBUSY: it is being replaced just now. */
int images_find(struct images *images, const char *name, struct image_manifest *ret);
/* {"items": [image…]}, sorted by name; NULL without memory. */
struct doc *images_list(struct images *images);
/* Grows when an image comes, changes or goes; never 0. Any thread, without waiting. */
uint64_t images_changes(struct images *images);
/* One of them, as in the list, broken ones too. 0, -ENOENT, -ENOMEM. */
int images_show(struct images *images, const char *name, struct doc **ret);

/**
 * images_file() - a file of an image, for edges
 * @name:  ID.raw.zst, ID.json, ID.json.sig
 *
 * Return: 0; -ENOENT: no such image; -ESTALE: the file is not the one it was; -errno.
 */
int images_file(struct images *images, const char *name, int *ret_fd,
                char ret_etag[static IMAGES_ETAG_SIZE]);

/* An import. All three use the disk. */

struct images_wanted {
        const char *name;
        uint64_t size;
        uint32_t sector_size;
        const char *os, *architecture; /* "": not said */
        const char *source;            /* which file it is, as the client tells them apart; "" */
};

/**
 * images_begin() - begin an import, or go on with the one of that name, size and source
 * @now_ms:  monotonic
 * @error:   IMAGES_ERROR_SIZE bytes
 *
 * Return: 0.
 *         -EINVAL: a name, size, source or text that no image may have.
 *         -EBUSY: another request works on it at this moment; the image is being deleted.
 *         -EUSERS: IMAGES_UPLOADS_MAX are on their way, or there are IMAGES_MAX images.
 *         -ENOSPC: the disk is full.
 *         -errno.
 */
int images_begin(struct images *images, const struct images_wanted *wanted, uint64_t now_ms,
                 char *error, uint64_t *ret_next, uint64_t *ret_frames);

struct images_piece {
        const char *name;     /* of the image */
        const char *source;   /* as it was begun */
        uint64_t number;      /* of the frame */
        struct reader stored; /* one whole Zstandard frame */
};

/**
 * images_frame() - the next frame
 * @now_ms:    monotonic
 * @error:     IMAGES_ERROR_SIZE bytes; "" where the code says it all
 * @ret_next:  the frame that is expected now, also on -ERANGE
 *
 * Return: 0.
 *         -ENOENT: no such import: it was never begun, or was dropped.
 *         -ESTALE: an import of another source took its place.
 *         -EBUSY: as above.
 *         -ERANGE: it is not this frame's turn.
 *         -EBADMSG: not one frame of the right size; or the child that read it came to its end,
 *         and @error says how.
 *         -ENOSPC: the disk is full; the import is dropped, and its space is free again.
 *         -errno of writing: it may come again.
 */
int images_frame(struct images *images, const struct images_piece *piece, uint64_t now_ms,
                 char *error, uint64_t *ret_next);

/*
 * Replacing, as deleting, is allowed by whoever decides what is installed, and takes its time
 * elsewhere: from images_hold() on nobody finds the image of that name, until images_finish() has
 * ended. 0, also where there is none yet; -EBUSY: it is being deleted or replaced. Does not use the
 * disk.
 */
int images_hold(struct images *images, const char *name);
/* What images_hold() or images_withdraw() took is not to be done after all: it is offered again. */
void images_release(struct images *images, const char *name);

/**
 * images_finish() - table, manifest, signature; it takes the place of an older image of that name
 * @source:       as it was begun
 * @now_wall_ms:  stands in the manifest
 *
 * Return: 0, -ENOENT, -ESTALE, -EBUSY, -ERANGE (frames are missing; @ret_next), -ENOSPC, -errno: as
 *         above.
 */
int images_finish(struct images *images, const char *name, const char *source, uint64_t now_wall_ms,
                  char *error, uint64_t *ret_next);

/* Removes uploads of which nothing was heard for IMAGES_IDLE_MS. Uses the disk. */
void images_expire(struct images *images, uint64_t now_ms);
/* Whether there is one; does not use the disk. */
bool images_has_idle(struct images *images, uint64_t now_ms);

/*
 * Deleting, in two steps, so that whoever decides what is installed can withdraw
 * an image at once, and need not wait for the disk.
 *
 * First: it is no more offered. 0; -ENOENT; -EBUSY: it is being deleted or replaced. An import of
 * that name that is on its way is withdrawn where there is no image.
 */
int images_withdraw(struct images *images, const char *name);
/* Then: its files. Uses the disk. 0, or -errno: what is left of it is listed again. */
int images_remove(struct images *images, const char *name);

/**
 * images_verify() - read all of an image in a child of its own
 * @done:  called by a thread that waits for it; @detail is one sentence
 *
 * An image that does not verify is broken from then on, until it verifies again
 * or is replaced. A child that came to its end before says nothing of the image.
 *
 * Return: 0: @done will be called.
 *         -ENOENT; -EBUSY: one is being verified; -EBADMSG: it is broken by its manifest, see
 *         images_show(); -ECANCELED: after images_stop(); -errno.
 */
typedef void (*images_verified_fn)(void *context, bool is_ok, const char *detail);
int images_verify(struct images *images, const char *name, images_verified_fn done, void *context);
