/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Image store: the folder of images, and what of it goes when there is no room.
 *
 * A file has its name only when it is whole and was compared with the controller's SHA-256; until
 * then it is a part, and parts do not survive a start. No two threads share a store: who does
 * holds a mutex around every call.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/node/wire.h"
#include "lib/trust/hash.h"

/* A thousand images of three files each; what is above it goes as if there were no room. */
#define IMAGE_STORE_MAX_FILES 3072
/* A file that was asked for within this time is in use: a machine that installs asks for frame
 * after frame, and must not lose its image to another machine's between two of them. */
#define IMAGE_STORE_USED_MS 60000

struct image_entry {
        char name[WIRE_NAME_SIZE];
        uint64_t size;
        char etag[72];     /* with its quotes */
        unsigned users;    /* answers under way */
        uint64_t came_ms;  /* monotonic: fetched then; 0: before this start */
        uint64_t used_ms;  /* monotonic: asked for then; 0: not since this start */
        uint64_t order_ms; /* wall clock: the same, over starts */
};

struct image_store;

struct image_store_options {
        const char *path;         /* made if missing */
        uint64_t limit_bytes;     /* all files together */
        uint64_t keep_free_bytes; /* of the file system */
};

/* Removes parts, lists what is there. 0, -ENOMEM, -errno. */
int image_store_new(const struct image_store_options *options, struct image_store **ret);
struct image_store *image_store_free(struct image_store *store);

struct image_entry *image_store_find(struct image_store *store, const char *name); /* NULL: none */

/* A descriptor, the caller's; @entry->users is one more then. -errno of opening; -ENOENT, also of a
 * file that is not as long as it was: it is forgotten, unless answers from it are under way. */
int image_store_open(struct image_store *store, struct image_entry *entry, uint64_t now_ms);

/* Unless it is in use. */
void image_store_remove(struct image_store *store, struct image_entry *entry, uint64_t now_ms);

/* Removes what was asked for longest ago until @bytes more fit. -ENOSPC: the rest is in use. */
int image_store_make_room(struct image_store *store, uint64_t bytes, uint64_t now_ms);

/* Could @bytes more fit, with all gone that is not in use? Else nothing should go for them. 0,
 * -ENOSPC. */
int image_store_could_hold(const struct image_store *store, uint64_t bytes, uint64_t now_ms);

/* A part, empty: its descriptor, the caller's. -errno. */
int image_store_part_open(struct image_store *store, const char *name);
void image_store_part_drop(struct image_store *store, const char *name);
/* Gives a part that is on disk its name. 0, -ENOMEM, -ENOSPC, -errno; the part is gone then. */
int image_store_part_take(struct image_store *store, const char *name, uint64_t size,
                          const struct sha256 *hash, uint64_t now_ms);

/* Manifest or signature: small, and not determined by its name as an image's bytes are. */
bool image_name_is_small(const char *name);
