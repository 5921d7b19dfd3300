/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The step `image`: signature, manifest, table, and the first frame, in memory
 *
 * The first frame has the partition table. That it can be fitted to this disk is
 * seen here, before anything of the disk is lost.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "installer/frames.h"
#include "installer/memory.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

static int get_manifest(struct install *in)
{
        const struct image_range json = {.suffix = ".json", .space = IMAGE_MANIFEST_MAX},
                                 sig = {.suffix = ".json.sig", .space = IMAGE_SIGNATURE_MAX};
        char text[IMAGE_MANIFEST_MAX], signature[IMAGE_SIGNATURE_MAX];
        char error[DOC_ERROR_SIZE] = "", fetch_error[FETCH_ERROR_SIZE] = "";
        size_t text_size = 0, signature_size = 0;
        bool is_signed = false;
        int rc;

        rc = image_fetch(&in->source, in->source.fetch, &json, text, fetch_error, &text_size);
        if (rc < 0)
                return install_fail_fetch(in, rc, CAUSE_IMAGE_MANIFEST, fetch_error);
        rc = image_fetch(&in->source, in->source.fetch, &sig, signature, fetch_error,
                         &signature_size);
        if (rc < 0)
                return install_fail_fetch(in, rc, CAUSE_IMAGE_SIGNATURE, fetch_error);
        rc = image_manifest_open(in->key, reader_over(text, text_size),
                                 reader_over(signature, signature_size), error, &is_signed,
                                 &in->manifest);
        if (rc == -ENOMEM)
                return install_fail(in, CAUSE_OUT_OF_MEMORY, "to read the image's manifest");
        if (rc < 0 && !is_signed)
                return install_fail(in, CAUSE_IMAGE_SIGNATURE, "%s.json is not signed by this site",
                                    in->source.id);
        if (rc < 0)
                return install_fail(in, CAUSE_IMAGE_MANIFEST, "%s", error);
        return 0;
}

/* Signed, but is it the one that was asked for, and does it suit the disk? */
static int check_manifest(struct install *in)
{
        const struct install_plan *plan = &in->job->plan;
        char id[IMAGE_ID_SIZE];

        image_id(&in->manifest, id);
        if (!text_is_equal(id, plan->image_id))
                return install_fail(in, CAUSE_IMAGE_MANIFEST,
                                    "the edge gave the manifest of image %s, not of %s", id,
                                    plan->image_id);
        if (in->manifest.size != plan->image_size)
                return install_fail(in, CAUSE_IMAGE_MANIFEST,
                                    "the image has %llu bytes, the plan says %llu",
                                    (unsigned long long)in->manifest.size,
                                    (unsigned long long)plan->image_size);
        if (in->manifest.sector_size != in->disk.sector_size)
                return install_fail(in, CAUSE_DISK_SECTORS,
                                    "%s has sectors of %u bytes, the image is made for %u",
                                    in->disk.name, in->disk.sector_size, in->manifest.sector_size);
        return 0;
}

static int get_table(struct install *in)
{
        const size_t size = (size_t)(IMAGE_ROW_SIZE * image_frame_count(&in->manifest));
        const struct image_range range = {.suffix = ".raw.zst",
                                          .start = image_table_offset(&in->manifest),
                                          .size = size,
                                          .space = size};
        char error[FETCH_ERROR_SIZE] = "";
        int rc;

        if (size <= memory_available() / 2)
                in->table_bytes = malloc(size);
        if (!in->table_bytes)
                return install_fail(in, CAUSE_OUT_OF_MEMORY, "the image's table needs %zu bytes",
                                    size);
        rc = image_fetch(&in->source, in->source.fetch, &range, in->table_bytes, error, NULL);
        if (rc < 0)
                return install_fail_fetch(in, rc, CAUSE_IMAGE_TABLE, error);
        rc = image_table_parse(&in->manifest, reader_over(in->table_bytes, size), &in->table);
        if (rc == -ENOMEM)
                return install_fail(in, CAUSE_OUT_OF_MEMORY, "to read the image's table");
        if (rc < 0)
                return install_fail(in, CAUSE_IMAGE_TABLE, "%s",
                                    rc == -EKEYREJECTED
                                            ? "it is not the one that the manifest names"
                                            : "a row of it makes no sense");
        return 0;
}

static int keep_head(void *context, uint64_t number, const void *plain, size_t size)
{
        struct install *in = context;

        (void)number;
        memcpy(in->head, plain, size);
        in->head_size = (uint32_t)size;
        return 0;
}

static int get_head(struct install *in)
{
        struct frame_reader reader;
        int rc;

        in->head = aligned_alloc(DISK_ALIGN, IMAGE_FRAME_SIZE);
        rc = frame_reader_init(&reader);
        if (!in->head || rc < 0)
                rc = install_fail(in, CAUSE_OUT_OF_MEMORY, "to read the image's first frame");
        else
                rc = frame_read_run(in, &reader, (struct frame_span){0, 1}, keep_head, in);
        frame_reader_done(&reader);
        return rc;
}

int install_image(struct install *in, char *text)
{
        char size[TEXT_SIZE_MAX];
        int rc;

        rc = image_source_init(&in->source, in->job->edge, in->job->plan.image_id,
                               in->options->patience_ms);
        if (rc < 0)
                return install_fail(in, CAUSE_OUT_OF_MEMORY, "to fetch the image");
        rc = get_manifest(in);
        if (rc >= 0)
                rc = check_manifest(in);
        if (rc >= 0)
                rc = get_table(in);
        if (rc >= 0)
                rc = get_head(in);
        if (rc >= 0)
                rc = install_layout(in);
        if (rc < 0)
                return rc;
        snprintf(text, EVENT_TEXT_SIZE, "%s, %s, %llu frames", in->job->plan.image,
                 text_size(size, in->manifest.size),
                 (unsigned long long)image_frame_count(&in->manifest));
        return 0;
}
