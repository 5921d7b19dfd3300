/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cloudie-worker: in the installed system
 *
 * It finds the seed that the installer left, tells the controller that this
 * system runs, and then beats. As the first process of the tiny worker it is all
 * there is.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/boot/init_linux.h"
#include "lib/daemon/log.h"
#include "lib/daemon/options.h"
#include "lib/trust/secret.h"
#include "worker/init_linux.h"
#include "worker/keep.h"
#include "worker/phone.h"

static const char *state = "/var/lib/cloudie", *seed_file, *device, *root = "";
static bool is_once, is_preparing;

static const struct option_row options[] = {
        {.name = "state",                  .value = "DIR",      .help = "its key and what was told",                                    .text = &state},
        {.name = "seed",                                .value = "FILE",                                      .help = "a cloudie.json",                                                              .text = &seed_file},
        {.name = "device",              .value = "FILE",                                 .help = "a FAT volume with one",                           .text = &device},
        {.name = "root", .value = "DIR",.help = "where sys, dev and etc are",                 .text = &root},
        {.name = "once",                  .is_set = &is_once,                             .help = "phone home, and end without a beat"                                                                     },
        {.name = "prepare",
         .is_set = &is_preparing,
         .help = "as root: put the seed into the state folder, and end"},
};

static const struct program program = {
        .name = "cloudie-worker",
        .summary = "Tells the controller that the system it installed here runs, and how it is.",
        .usage = "[--state DIR] [--seed FILE | --device FILE] [--once | --prepare]",
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

static const char *kept_seed(void)
{
        static char path[512];

        snprintf(path, sizeof(path), "%s/" KEEP_SEED, state);
        return path;
}

/* What only root can do for the account that then runs: read the partition, and set the clock
 * forward to a time that has certainly come, as no certificate is good before it. */
static int prepare(const struct worker_seed *seed)
{
        const bool was_told = keep_was_told(state, seed);
        const int rc = keep_seed(state, seed, !was_told);

        if (rc < 0)
                return program_fail(&program, "the seed cannot be put into %s: %s", state,
                                    strerror(-rc));
        if (geteuid() == 0 && !root[0])
                init_advance_clock(seed->made_ms / 1000);
        log_info("seed.prepared", "node=%s generation=%llu was_told=%s", seed->node,
                 (unsigned long long)seed->generation, was_told ? "yes" : "no");
        return EXIT_SUCCESS;
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
        if (is_once && is_preparing)
                return program_usage(&program, "--once and --prepare exclude each other");
        rc = read_seed(wrong, &seed);
        /* The partition is gone; what was copied before is as good. */
        if (rc < 0 && is_preparing && seed_read_file(kept_seed(), refused, &seed) == 0) {
                log_warning("seed.kept", "reason=%s", QUOTE(wrong));
                secret_erase(&seed, sizeof(seed));
                return EXIT_SUCCESS;
        }
        if (rc < 0)
                return program_fail(&program, "%s", wrong);
        if (is_preparing) {
                rc = prepare(&seed);
                secret_erase(&seed, sizeof(seed));
                return rc;
        }

        phone.state = state;
        phone.root = root;
        phone.is_seed_kept = seed_file && strcmp(seed_file, kept_seed()) == 0;
        rc = is_once ? phone_home_run(&phone, refused) : phone_run(&phone, refused);
        secret_erase(&seed, sizeof(seed));
        return rc < 0 ? program_fail(&program, "%s", refused) : EXIT_SUCCESS;
}
