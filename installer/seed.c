/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The step `seed`
 *
 * Files as cloud-init's NoCloud reads them (meta-data, user-data, vendor-data), and
 * one that cloudie-worker reads. The instance id changes with each install:
 * cloud-init then takes the machine for a new one. The operator's user data goes
 * there as it was written; without any, our own stands in its place, so that
 * FreeBSD's nuageinit, which knows no vendor data, has it, too.
 */
#include "installer/seed.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "installer/install.h"
#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/disk/fat.h"
#include "lib/trust/secret.h"

/* Keys stand in three files, quoted; the rest is in cloudie.json. With the FAT's own, twice that.
 */
#define SEED_LARGEST                                                                               \
        (3 * 2 * SEED_KEYS_MAX * SEED_KEY_SIZE + SEED_USER_DATA_MAX +                              \
         2 * (INSTALL_MAX_CA + INSTALL_MAX_CONTROLLERS * INSTALL_URL_SIZE) + 4096)
static_assert(2 * SEED_LARGEST <= SEED_VOLUME_SIZE, "the largest seed must fit");

#define SERIAL_FACTOR                                                                              \
        0x9e3779b1 /* odd, so each operation has its own; and far from the next one's */

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

/*
 * What the profile asks for, as cloud-init has it. In vendor data it gives way to
 * what the operator's user data says, and `user` stays beside a list of `users`
 * there: it is made the default one, who gets the keys (cloud-init 22.4,
 * ug_util.py). JSON is YAML (YAML 1.2.2 1.3), and no text can leave its quotes.
 */
static int print_config(const struct install_plan *plan, const struct doc *keys, char **ret)
{
        _doc_ struct doc *object = doc_object();
        _buffer_ struct buffer text = {0};
        _free_ char *json = NULL;
        struct doc *user;
        int rc;

        doc_set_bool(object, "ssh_pwauth", false);
        if (doc_count(keys) > 0)
                doc_set(object, "ssh_authorized_keys", doc_copy(keys));
        if (plan->user[0]) {
                user = doc_object();
                doc_set_text(user, "name", plan->user);
                doc_set_bool(user, "lock_passwd", true);
                doc_set(object, "user", user);
        }
        rc = doc_print(object, DOC_PRETTY, &json);
        if (rc < 0)
                return rc;
        buffer_text(&text, "#cloud-config\n");
        buffer_text(&text, json);
        return buffer_take(&text, ret);
}

/* The keys stand here, too: cloud-init gives those of the metadata to the default user, whatever
 * else the user data says. */
static int print_meta_data(const struct install_plan *plan, const struct doc *keys, char **ret)
{
        _buffer_ struct buffer text = {0};
        _free_ char *json = NULL;
        int rc = 0;

        buffer_format(&text, "instance-id: %s-%llu\nlocal-hostname: %s\n", plan->node,
                      (unsigned long long)plan->generation, plan->hostname);
        if (doc_count(keys) > 0)
                rc = doc_print(keys, DOC_COMPACT, &json);
        if (json)
                buffer_format(&text, "public-keys: %s\n", json);
        return rc < 0 ? rc : buffer_take(&text, ret);
}

/* The texts of a seed, but the operator's own. */
struct seed_texts {
        char *meta, *config, *worker;
};

static void seed_texts_done(struct seed_texts *texts)
{
        if (texts->worker)
                secret_erase(texts->worker, strlen(texts->worker));
        free(texts->meta);
        free(texts->config);
        free(texts->worker);
}

static int print_texts(const struct job *job, uint64_t time_s, struct seed_texts *ret)
{
        const struct install_plan *plan = &job->plan;
        _doc_ struct doc *keys = doc_list();
        int rc;

        for (size_t i = 0; i < plan->ssh_key_count; i++)
                doc_append_text(keys, plan->ssh_keys[i]);
        rc = print_meta_data(plan, keys, &ret->meta);
        if (rc >= 0)
                rc = print_config(plan, keys, &ret->config);
        return rc < 0 ? rc : print_worker_file(job, time_s, &ret->worker);
}

/*
 * By this the Debian worker tells its own disk from others with the same image: two
 * installations have two numbers, of one controller or of two. 0 is none to libblkid.
 */
static uint32_t serial(const struct job *job, uint64_t time_s)
{
        const uint32_t number = (uint32_t)job->plan.operation * SERIAL_FACTOR + (uint32_t)time_s;

        return number ? number : 1;
}

int seed_make(const struct job *job, uint64_t time_s, uint32_t sector_size, size_t size,
              uint8_t **ret)
{
        __attribute__((cleanup(seed_texts_done))) struct seed_texts texts = {.config = NULL};
        const char *own = job->plan.user_data;
        _free_ uint8_t *volume = malloc(size);
        int rc;

        if (!volume)
                return -ENOMEM;
        rc = print_texts(job, time_s, &texts);
        if (rc >= 0) {
                const char *user_data = own[0] ? own : texts.config;
                const struct fat_file files[] = {
                        {"meta-data",      texts.meta,   strlen(texts.meta)  },
                        {"user-data",      user_data,    strlen(user_data)   },
                        {"vendor-data",    texts.config, strlen(texts.config)},
                        {WORKER_SEED_FILE, texts.worker, strlen(texts.worker)},
                };
                const struct fat_volume seed = {WORKER_SEED_LABEL, serial(job, time_s), time_s,
                                                sector_size};

                rc = fat_write(files, ARRAY_SIZE(files), &seed, volume, size);
        }
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
