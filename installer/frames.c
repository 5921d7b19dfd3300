/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Frames
 *
 * What comes over the network is nothing before its hash is right. The memory of a
 * reader is fixed: one stored frame and one plain one, however large the image is;
 * so a request for several frames is for small ones.
 */
#include "installer/frames.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"

int install_fail_fetch(struct install *in, int rc, enum node_cause if_wrong, const char *error)
{
        switch (-rc) {
        case ENOENT:
                return install_fail(in, CAUSE_IMAGE_GONE, "%s", error);
        case EBADMSG:
                return install_fail(in, if_wrong, "%s", error);
        case ENOMEM:
                return install_fail(in, CAUSE_OUT_OF_MEMORY, "to fetch the image");
        case ECANCELED:
                return rc; /* another thread failed, and said why */
        default:
                return install_fail(in, CAUSE_IMAGE_UNREACHABLE, "%s", error);
        }
}

int frame_reader_init(struct frame_reader *reader)
{
        int rc;

        *reader = (struct frame_reader){.fetch = NULL};
        rc = fetch_new(NULL, &reader->fetch);
        if (rc >= 0)
                rc = image_decoder_new(&reader->decoder);
        if (rc < 0)
                return rc;
        reader->stored = malloc(IMAGE_STORED_MAX);
        reader->plain = aligned_alloc(DISK_ALIGN, IMAGE_FRAME_SIZE);
        return reader->stored && reader->plain ? 0 : -ENOMEM;
}

void frame_reader_done(struct frame_reader *reader)
{
        reader->fetch = fetch_free(reader->fetch);
        reader->decoder = image_decoder_free(reader->decoder);
        free(reader->stored);
        free(reader->plain);
        reader->stored = reader->plain = NULL;
}

uint64_t frame_run(const struct install *in, uint64_t number)
{
        const uint64_t end = image_frame_count(&in->manifest);
        struct image_frame frame;
        size_t stored = 0;
        uint64_t count = 0;

        while (count < FRAMES_RUN_MAX && count < end - number) {
                image_table_frame(in->table, number + count, &frame);
                if (count > 0 && (frame.is_zero || frame.stored > IMAGE_STORED_MAX - stored))
                        break;
                stored += frame.stored;
                count++;
        }
        return count;
}

/* The stored bytes of a span, which fit. 0, or as image_fetch(). */
static int fetch_span(struct install *in, struct frame_reader *reader, struct frame_span span,
                      char *error)
{
        struct image_range range = {
                .suffix = ".raw.zst", .space = IMAGE_STORED_MAX, .is_anew = reader->is_anew};
        struct image_frame frame;

        for (uint64_t i = 0; i < span.count; i++) {
                image_table_frame(in->table, span.first + i, &frame);
                if (i == 0)
                        range.start = frame.offset;
                range.size += frame.stored;
        }
        return image_fetch(&in->source, reader->fetch, &range, reader->stored, error, NULL);
}

static int decode(struct install *in, struct frame_reader *reader, uint64_t number,
                  struct reader *stored)
{
        struct image_frame frame;
        struct reader bytes;
        int rc;

        image_table_frame(in->table, number, &frame);
        rc = reader_take(stored, frame.stored, &bytes);
        if (rc < 0)
                return rc;
        return image_frame_decode(reader->decoder, bytes, reader->plain,
                                  image_frame_size(&in->manifest, number), &frame.plain);
}

/* As much of the span as verifies. 0, and how many frames; 0 of them: the first does not. */
static int read_some(struct install *in, struct frame_reader *reader, struct frame_span span,
                     frame_fn give, void *context, uint64_t *ret_count)
{
        char error[FETCH_ERROR_SIZE] = "";
        struct reader stored = reader_over(reader->stored, IMAGE_STORED_MAX);
        int rc;

        *ret_count = 0;
        rc = fetch_span(in, reader, span, error);
        if (rc == -EBADMSG)
                return 0;
        if (rc < 0)
                return install_fail_fetch(in, rc, CAUSE_IMAGE_FRAME, error);
        for (uint64_t i = 0; i < span.count; i++) {
                const uint64_t number = span.first + i;

                rc = decode(in, reader, number, &stored);
                if (rc == -ENOMEM)
                        return install_fail(in, CAUSE_OUT_OF_MEMORY, "to decompress the image");
                if (rc < 0)
                        return 0;
                rc = give(context, number, reader->plain, image_frame_size(&in->manifest, number));
                if (rc < 0)
                        return rc;
                *ret_count = i + 1;
        }
        return 0;
}

int frame_read_run(struct install *in, struct frame_reader *reader, struct frame_span span,
                   frame_fn give, void *context)
{
        struct frame_span left = span;
        bool is_again = false;
        uint64_t count;
        int rc;

        while (left.count > 0) {
                const struct frame_span now = {left.first, is_again ? 1 : left.count};

                /* An edge's disk may forget as well: it is to fetch the image anew, once. */
                reader->is_anew = is_again;
                rc = read_some(in, reader, now, give, context, &count);
                if (rc < 0)
                        return rc;
                if (count == 0 && is_again)
                        return install_fail(in, CAUSE_IMAGE_FRAME,
                                            "frame %llu of %s does not verify, fetched twice",
                                            (unsigned long long)left.first, in->job->plan.image);
                left.first += count;
                left.count -= count;
                is_again = count < now.count;
        }
        return 0;
}
