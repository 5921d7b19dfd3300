/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The step `seed`
 *
 * Three files, as cloud-init's NoCloud reads them (meta-data, user-data), and one
 * that cloudie-worker reads. The instance id changes with each install: cloud-init
 * then takes the machine for a new one.
 */
#include "installer/seed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "installer/install.h"
#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/disk/fat.h"
#include "lib/trust/secret.h"

static int print_worker_file(const struct job *job, uint64_t time_s, char **ret)
{
        _free_ struct worker_seed *seed = calloc(1, sizeof(*seed));
        _doc_ struct doc *object = NULL;

        if (!seed)
                return -ENOMEM;
        seed->generation = job->plan.generation;
        /* A clock that is beyond it says nothing, and its seed must be read all the same. */
        seed->made_ms = time_s <= INSTALL_MADE_MAX_MS / 1000 ? time_s * 1000 : 0;
        memcpy(seed->node, job->plan.node, sizeof(seed->node));
        memcpy(seed->secret, job->plan.secret, sizeof(seed->secret));
        memcpy(seed->controllers, job->controllers, sizeof(seed->controllers));
        seed->controller_count = job->controller_count;
        memcpy(seed->ca, job->ca, sizeof(seed->ca));
        object = doc_encode(&worker_seed_table, seed);
        secret_erase(seed, sizeof(*seed));
        return doc_print(object, DOC_PRETTY, ret);
}

int seed_make(const struct job *job, uint64_t time_s, uint32_t sector_size, size_t size,
              uint8_t **ret)
{
        static const char user_data[] = "#cloud-config\n";
        _free_ char *worker = NULL, *meta = NULL;
        _free_ uint8_t *volume = malloc(size);
        _buffer_ struct buffer text = {0};
        int rc;

        if (!volume)
                return -ENOMEM;
        rc = print_worker_file(job, time_s, &worker);
        if (rc < 0)
                return rc;
        buffer_format(&text, "instance-id: %s-%llu\nlocal-hostname: %s\n", job->plan.node,
                      (unsigned long long)job->plan.generation, job->plan.hostname);
        rc = buffer_take(&text, &meta);
        if (rc >= 0) {
                const struct fat_file files[] = {
                        {"meta-data",      meta,      strlen(meta)     },
                        {"user-data",      user_data, strlen(user_data)},
                        {WORKER_SEED_FILE, worker,    strlen(worker)   },
                };
                const struct fat_volume seed = {WORKER_SEED_LABEL, (uint32_t)job->plan.operation,
                                                time_s, sector_size};

                rc = fat_write(files, ARRAY_SIZE(files), &seed, volume, size);
        }
        secret_erase(worker, strlen(worker));
        if (rc < 0)
                return rc;
        *ret = TAKE_PTR(volume);
        return 0;
}

int install_seed(struct install *in, char *text)
{
        const size_t size = (size_t)in->seed.size;
        _free_ uint8_t *volume = NULL;
        int rc;

        rc = seed_make(in->job, clock_wall_ms() / 1000, in->disk.sector_size, size, &volume);
        if (rc == -ENOSPC)
                return install_fail(in, CAUSE_SEED, "its files do not fit into %zu bytes", size);
        if (rc < 0)
                return install_fail(in, rc == -ENOMEM ? CAUSE_OUT_OF_MEMORY : CAUSE_INTERNAL,
                                    "the seed cannot be made: %s", strerror(-rc));
        rc = install_place(in, in->seed.offset, volume, size);
        if (rc >= 0)
                rc = disk_sync(&in->disk);
        secret_erase(volume, size);
        if (rc < 0)
                return install_fail(in, CAUSE_DISK_FAILED, "%s cannot be written: %s",
                                    in->disk.name, strerror(-rc));
        snprintf(text, EVENT_TEXT_SIZE, "partition %d%s", in->seed.partition + 1,
                 in->seed.is_appended ? ", appended" : "");
        return 0;
}
