/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cloudie-install: a plan on stdin, an installed disk
 *
 * A program of its own, so that the agent, which the machine cannot live without,
 * neither decompresses nor writes: what crashes here is a cause with a name.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "installer/install.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/daemon/confine.h"
#include "lib/daemon/options.h"
#include "lib/trust/secret.h"

#define PATIENCE_S     120 /* an edge that is restarted, or fetches the image itself */
#define PATIENCE_MAX_S 3600

static const char *root = "", *patience;
static bool dry_run;

static const struct option_row options[] = {
        {.name = "root",
         .value = "FOLDER",
         .help = "in place of / before sys and dev; a regular file plays the disk",
         .text = &root                                                              },
        {.name = "dry-run",
         .help = "look at the disk and the image, and write nothing",
         .is_set = &dry_run                                                       },
        {.name = "patience",
         .value = "SECONDS",
         .help = "how long the edge may be away; 120",
         .text = &patience},
};

static const struct program program = {
        .name = "cloudie-install",
        .summary = "Writes a verified image to a disk, as the plan on stdin says.",
        .usage = "[options] <JOB.json",
        .options = options,
        .count = ARRAY_SIZE(options),
};

/* At once: the disk stays as it is, without a partition table. */
static void on_terminate(int signal_number)
{
        (void)signal_number;
        _exit(EXIT_FAILURE);
}

static int read_job(struct job *job, struct public_key *key, char *error)
{
        _free_ char *text = NULL;
        size_t size = 0;
        int rc;

        rc = file_read(AT_FDCWD, "/proc/self/fd/0", JOB_MAX_SIZE, &text, &size);
        if (rc < 0) {
                snprintf(error, DOC_ERROR_SIZE, "stdin cannot be read: %s", strerror(-rc));
                return rc;
        }
        rc = job_parse(text, size, error, job, key);
        secret_erase(text, size);
        return rc;
}

int main(int argc, char **argv)
{
        struct install_options install = {.patience_ms = PATIENCE_S * 1000};
        static struct job job;
        struct public_key key;
        char error[DOC_ERROR_SIZE] = "";
        uint64_t seconds = PATIENCE_S;
        int rest, rc;

        rc = options_parse(&program, argc, argv, &rest);
        if (rc != 0)
                return rc > 0 ? EXIT_SUCCESS : EXIT_USAGE;
        if (rest < argc)
                return program_usage(&program, "it takes no arguments: the plan comes by stdin");
        if (patience && text_parse_u64(patience, PATIENCE_MAX_S, &seconds) < 0)
                return program_usage(&program, "--patience is a number of seconds, at most %d",
                                     PATIENCE_MAX_S);
        signal(SIGPIPE, SIG_IGN);
        signal(SIGTERM, on_terminate);
        if (read_job(&job, &key, error) < 0)
                return program_usage(&program, "%s", error);

        rc = install_confine(program.name, root);
        if (rc < 0)
                return program_fail(&program, "it cannot be confined: %s", strerror(-rc));
        install.root = root;
        install.is_dry_run = dry_run;
        install.patience_ms = (uint32_t)seconds * 1000;
        rc = install_run(&job, &key, &install);
        secret_erase(&job, sizeof(job));
        return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
