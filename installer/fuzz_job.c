/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "installer/job.h"
#include "installer/seed.h"
#include "lib/disk/fat.h"

#define VOLUME_SIZE ((size_t)256 << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken makes a volume, and what is in the volume is what cloudie-worker reads. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char error[DOC_ERROR_SIZE];
        struct job *job = calloc(1, sizeof(*job));
        struct public_key key;
        uint8_t *volume = NULL;
        char *text = NULL;
        size_t text_size;

        if (!job)
                return 0;
        if (job_parse((const char *)data, size, error, job, &key) == 0 &&
            seed_make(job, 1, 512, VOLUME_SIZE, &volume) == 0) {
                struct worker_seed *seed = calloc(1, sizeof(*seed));

                if (fat_read(reader_over(volume, VOLUME_SIZE), WORKER_SEED_FILE, VOLUME_SIZE, &text,
                             &text_size) < 0)
                        abort();
                if (seed && (doc_decode_text(&worker_seed_table, text, text_size,
                                             &doc_limits_message, error, seed) < 0 ||
                             strcmp(seed->secret, job->plan.secret) != 0))
                        abort();
                free(seed);
        }
        free(text);
        free(volume);
        free(job);
        return 0;
}
