/* SPDX-License-Identifier: GPL-3.0-or-later */

/* cloudie-mkimage: what machines boot from. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/options.h"
#include "mkimage/error.h"
#include "mkimage/netboot.h"
#include "mkimage/worker.h"

#define LEVEL_MAX 19 /* more needs a window that the kernel may refuse */

static const char *programs, *output, *kernel_deb, *cache, *level = "19", *size, *mirror;
static bool is_tiny;

static const struct option_row option_rows[] = {
        {.name = "programs",
         .value = "DIR",
         .help = "folder of the static programs that go in",
         .text = &programs                                                                     },
        {.name = "output",
         .letter = 'o',
         .value = "PATH",
         .help = "where it goes, a folder (netboot) or file (worker); an older one is replaced",
         .text = &output},
        {.name = "kernel-deb",
         .value = "FILE",
         .help = "a linux-image package (default: Debian's current one, by apt); not of the Debian "
                 "worker",                                                                 .text = &kernel_deb                                                                      },
        {.name = "cache",
         .value = "DIR",
         .help = "where downloaded packages are kept (default: ~/.cache/cloudie)",
         .text = &cache              },
        {.name = "compression",
         .value = "LEVEL",
         .help = "netboot: 1 (fast) to 19 (small, the default)",
         .text = &level                                },
        {.name = "tiny",
         .help = "worker: a kernel and cloudie-worker alone, to try installations with",
         .is_set = &is_tiny },
        {.name = "size",
         .value = "MB",
         .help = "worker: of the whole disk, in MiB (default 1024; 80 of the tiny one)",
         .text = &size                                                                    },
        {.name = "mirror",
         .value = "URL",
         .help = "worker: of Debian's packages (default: those that apt is set up with)",
         .text = &mirror                                                                         },
};

static const struct program program = {
        .name = "cloudie-mkimage",
        .summary = "Makes what machines boot from, out of Debian's packages and our programs.",
        .usage = "netboot|worker --programs DIR --output PATH [options]",
        .options = option_rows,
        .count = ARRAY_SIZE(option_rows),
};

static char *default_cache(void)
{
        const char *base = getenv("XDG_CACHE_HOME");
        const char *home = getenv("HOME");
        char *path;
        int len;

        if (base && *base == '/')
                len = asprintf(&path, "%s/cloudie", base);
        else
                len = asprintf(&path, "%s/.cache/cloudie", home ? home : "");
        return len < 0 ? NULL : path;
}

static int make_netboot(const char *packages)
{
        char error[MKIMAGE_ERROR_SIZE] = "";
        struct netboot_options options = {.programs = programs,
                                          .output = output,
                                          .kernel_deb = kernel_deb,
                                          .cache = packages};
        uint64_t number = 0;

        if (!programs || !output)
                return program_usage(&program, "netboot needs --programs and --output");
        if (text_parse_u64(level, LEVEL_MAX, &number) < 0 || number < 1)
                return program_usage(&program, "--compression is a number from 1 to %d", LEVEL_MAX);
        options.level = (int)number;
        if (netboot_build(&options, error) < 0)
                return program_fail(&program, "%s", error);
        return EXIT_SUCCESS;
}

static void tell(const char *text)
{
        (void)fprintf(stderr, "%s: %s\n", program.name, text);
}

/* When all that is made was made, for who wants to make the same once more. */
static int read_time(uint64_t *ret)
{
        const char *said = getenv("SOURCE_DATE_EPOCH");

        if (said && *said)
                return text_parse_u64(said, UINT32_MAX, ret);
        *ret = (uint64_t)time(NULL);
        return 0;
}

static int make_worker(const char *packages)
{
        const uint64_t least = is_tiny ? WORKER_MIN_MIB : WORKER_DEBIAN_MIN_MIB;
        char error[MKIMAGE_ERROR_SIZE] = "";
        struct worker_options options = {.is_tiny = is_tiny,
                                         .programs = programs,
                                         .output = output,
                                         .kernel_deb = kernel_deb,
                                         .cache = packages,
                                         .size_mib =
                                                 is_tiny ? WORKER_DEFAULT_MIB : WORKER_DEBIAN_MIB,
                                         .mirror = mirror,
                                         .progress = tell};

        if (!programs || !output)
                return program_usage(&program, "worker needs --programs and --output");
        if (is_tiny ? mirror != NULL : kernel_deb != NULL)
                return program_usage(&program, "--mirror is for the Debian worker, --kernel-deb "
                                               "for the tiny one");
        if (read_time(&options.time_s) < 0)
                return program_usage(&program, "SOURCE_DATE_EPOCH is a number of seconds since "
                                               "1970");
        if (size && (text_parse_u64(size, WORKER_MAX_MIB, &options.size_mib) < 0 ||
                     options.size_mib < least))
                return program_usage(&program, "--size is a number of MiB from %llu to %d",
                                     (unsigned long long)least, WORKER_MAX_MIB);
        if (worker_build(&options, error) < 0)
                return program_fail(&program, "%s", error);
        return EXIT_SUCCESS;
}

static const struct {
        const char *name;
        int (*make)(const char *packages); /* folder of downloaded packages */
} commands[] = {
        {"netboot", make_netboot},
        {"worker",  make_worker },
};

static int make(int (*thing)(const char *packages))
{
        _free_ char *packages = cache ? strdup(cache) : default_cache();

        return packages ? thing(packages) : program_fail(&program, "no memory");
}

int main(int argc, char **argv)
{
        int rest = 0;
        int rc = options_parse(&program, argc, argv, &rest);

        if (rc != 0)
                return rc > 0 ? EXIT_SUCCESS : EXIT_USAGE;
        if (argc - rest != 1)
                return program_usage(&program, "name one thing to make: netboot or worker");
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
                if (strcmp(argv[rest], commands[i].name) == 0)
                        return make(commands[i].make);
        return program_usage(&program, "no such thing to make: %s", argv[rest]);
}
