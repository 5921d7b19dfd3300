/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The image's files, from the edge. An edge that is restarted, or that fetches
 * the image itself, is waited for.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "image/manifest.h"
#include "lib/fetch/fetch.h"

struct image_source {
        const char *edge;
        const char *id;
        uint32_t patience_ms;    /* since it was last there */
        struct fetch *fetch;     /* of the main thread */
        atomic_bool is_given_up; /* those who wait for the edge wait no longer */
};

int image_source_init(struct image_source *source, const char *edge, const char *id,
                      uint32_t patience_ms); /* -ENOMEM */
void image_source_done(struct image_source *source);

/* What is wanted: @size bytes from @start on, or with 0 the whole file, of at most @space. */
struct image_range {
        const char *suffix; /* ".json", ".json.sig", ".raw.zst" */
        uint64_t start;
        size_t size;
        size_t space;
        bool is_anew; /* what came before does not verify: the edge is to ask its controller */
};

/**
 * image_fetch() - bytes of a file of the image
 * @fetch:     the calling thread's
 * @to:        @range's space
 * @error:     FETCH_ERROR_SIZE bytes, one sentence
 * @ret_size:  how many came; may be NULL
 *
 * Return: 0.
 *         -ENOENT: nobody has it (404).
 *         -EBADMSG: fewer bytes than asked for, or more than there is space: it is not that image.
 *         -EHOSTUNREACH: the edge did not give it for patience_ms.
 *         -ECANCELED: given up meanwhile; -ENOMEM.
 */
int image_fetch(struct image_source *source, struct fetch *fetch, const struct image_range *range,
                void *to, char *error, size_t *ret_size);
