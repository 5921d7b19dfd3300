/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The pure half: bytes in, a seed out. Where the bytes lie is seed_linux.c. */

#include "worker/seed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/disk/fat.h"
#include "lib/node/summary.h"
#include "lib/trust/secret.h"

#define SEED_FILE_MAX ((size_t)64 << 10) /* certificates of a few KiB; the rest is short */

static bool secret_is_one(const char *secret)
{
        return strlen(secret) == INSTALL_SECRET_SIZE - 1 &&
               strspn(secret, "0123456789abcdef") == INSTALL_SECRET_SIZE - 1;
}

static const char *what_is_wrong(const struct worker_seed *seed)
{
        if (!node_name_is_valid(seed->node))
                return "'node' is no name of a node";
        if (!secret_is_one(seed->secret))
                return "'secret' is none";
        for (size_t i = 0; i < seed->controller_count; i++)
                if (!text_has_prefix(seed->controllers[i], "https://"))
                        return "a controller is not an https:// URL";
        if (!strstr(seed->ca, "-----BEGIN CERTIFICATE-----"))
                return "'ca' is no certificate";
        return NULL;
}

int seed_parse(const char *json, size_t size, char *error, struct worker_seed *ret)
{
        _free_ struct worker_seed *seed = calloc(1, sizeof(*seed));
        char why[DOC_ERROR_SIZE] = "";
        const char *wrong;
        int rc;

        error[0] = '\0';
        if (!seed)
                return -ENOMEM;
        rc = doc_decode_text(&worker_seed_table, json, size, &doc_limits_message, why, seed);
        if (rc < 0) {
                snprintf(error, SEED_ERROR_SIZE, WORKER_SEED_FILE ": %s", why);
        } else {
                wrong = what_is_wrong(seed);
                if (wrong) {
                        snprintf(error, SEED_ERROR_SIZE, WORKER_SEED_FILE ": %s", wrong);
                        rc = -EBADMSG;
                } else {
                        *ret = *seed;
                }
        }
        secret_erase(seed, sizeof(*seed));
        return rc;
}

int seed_read_volume(struct reader volume, char *error, struct worker_seed *ret)
{
        _free_ char *json = NULL;
        size_t size = 0;
        int rc = fat_read(volume, WORKER_SEED_FILE, SEED_FILE_MAX, &json, &size);

        if (rc < 0) {
                snprintf(error, SEED_ERROR_SIZE, "%s",
                         rc == -ENOENT    ? "the volume has no " WORKER_SEED_FILE
                         : rc == -EBADMSG ? "it holds no whole FAT volume"
                         : rc == -E2BIG   ? WORKER_SEED_FILE " is too large"
                                          : strerror(-rc));
                return rc;
        }
        rc = seed_parse(json, size, error, ret);
        secret_erase(json, size);
        return rc;
}
