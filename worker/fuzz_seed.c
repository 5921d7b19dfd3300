/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A volume, as it may lie on a disk; and, for the lazy mutator, a cloudie.json and an os-release.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "worker/facts.h"
#include "worker/seed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int rc, const char *error, const struct worker_seed *seed)
{
        if (rc < 0 && strlen(error) >= SEED_ERROR_SIZE)
                abort();
        if (rc == 0 && (seed->controller_count == 0 || strlen(seed->secret) != 64))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct worker_seed seed;
        char error[SEED_ERROR_SIZE] = "", system[32];
        _free_ char *text = malloc(size + 1);

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        check(seed_read_volume(reader_over(data, size), error, &seed), error, &seed);
        check(seed_parse(text, size, error, &seed), error, &seed);
        facts_system(text, system, sizeof(system));
        if (strlen(system) >= sizeof(system))
                abort();
        return 0;
}
