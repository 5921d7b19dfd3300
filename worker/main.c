/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cloudie-worker: in the installed system
 *
 * It finds the seed that the installer left, tells the controller that this
 * system runs, and ends. As the first process of the tiny worker it is all there
 * is, and stays.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/daemon/options.h"
#include "lib/trust/secret.h"
#include "worker/init_linux.h"
#include "worker/phone.h"

static const char *state = "/var/lib/cloudie", *seed_file, *device, *root = "";

static const struct option_row options[] = {
        {.name = "state",  .value = "DIR",  .help = "what was told is kept there", .text = &state    },
        {.name = "seed",   .value = "FILE", .help = "a cloudie.json",              .text = &seed_file},
        {.name = "device", .value = "FILE", .help = "a FAT volume with one",       .text = &device   },
        {.name = "root",   .value = "DIR",  .help = "where sys, dev and etc are",  .text = &root     },
};

static const struct program program = {
        .name = "cloudie-worker",
        .summary = "Tells the controller that the system it installed here runs.",
        .usage = "[--state DIR] [--seed FILE | --device FILE]",
        .options = options,
        .count = ARRAY_SIZE(options),
};

static int read_seed(char *error, struct worker_seed *ret)
{
        if (seed_file)
                return seed_read_file(seed_file, error, ret);
        if (device)
                return seed_read_device(device, error, ret);
        return seed_find(root, error, ret);
}

int main(int argc, char **argv)
{
        static struct worker_seed seed;
        char wrong[SEED_ERROR_SIZE], refused[PHONE_ERROR_SIZE];
        struct phone_options phone = {.seed = &seed};
        int rest, rc;

        if (getpid() == 1)
                worker_run_as_init(state);
        rc = options_parse(&program, argc, argv, &rest);
        if (rc != 0)
                return rc > 0 ? EXIT_SUCCESS : EXIT_USAGE;
        if (rest < argc)
                return program_usage(&program, "it takes no argument '%s'", argv[rest]);
        if (seed_file && device)
                return program_usage(&program, "--seed and --device exclude each other");
        if (read_seed(wrong, &seed) < 0)
                return program_fail(&program, "%s", wrong);

        phone.state = state;
        phone.root = root;
        rc = phone_home_run(&phone, refused);
        secret_erase(&seed, sizeof(seed));
        return rc < 0 ? program_fail(&program, "%s", refused) : EXIT_SUCCESS;
}
