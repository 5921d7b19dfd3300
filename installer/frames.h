/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Frames of the image, fetched and verified. */

#include "installer/install.h"

#define FRAMES_RUN_MAX                                                                             \
        4 /* fetched by one request: small frames must not cost a round trip each                  \
           */

struct frame_span {
        uint64_t first, count;
};

/* One for each thread. */
struct frame_reader {
        struct fetch *fetch;
        struct image_decoder *decoder;
        uint8_t *stored; /* IMAGE_STORED_MAX */
        uint8_t *plain;  /* IMAGE_FRAME_SIZE, at a multiple of DISK_ALIGN: the last frame read */
        bool is_anew;    /* what came before does not verify */
};

int frame_reader_init(struct frame_reader *reader); /* -ENOMEM */
void frame_reader_done(struct frame_reader *reader);

/* How many of the non-zero frames from @number on one request fetches: at least 1. */
uint64_t frame_run(const struct install *in, uint64_t number);

/* Called with the bytes of a frame, which were verified: 0, or what ends the run. */
typedef int (*frame_fn)(void *context, uint64_t number, const void *plain, size_t size);

/**
 * frame_read_run() - fetch frames that lie side by side, and give the plain bytes of each
 *
 * A frame that does not verify is fetched once more, alone.
 *
 * Return: 0, or what install_fail() or @give returned.
 */
int frame_read_run(struct install *in, struct frame_reader *reader, struct frame_span span,
                   frame_fn give, void *context);

/* What a failed fetch is called; @if_wrong: when it came, and was not what it must be. */
int install_fail_fetch(struct install *in, int rc, enum node_cause if_wrong, const char *error);
