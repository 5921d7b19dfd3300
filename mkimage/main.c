/* SPDX-License-Identifier: GPL-3.0-or-later */

/* cloudie-mkimage: what machines boot from. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/options.h"
#include "mkimage/error.h"
#include "mkimage/netboot.h"

#define LEVEL_MAX 19 /* more needs a window that the kernel may refuse */

static const char *programs, *output, *kernel_deb, *cache, *level = "19";

static const struct option_row option_rows[] = {
        {.name = "programs",
         .value = "DIR",
         .help = "folder of the static cloudie-agent and cloudie-discover",
         .text = &programs                                                       },
        {.name = "output",
         .letter = 'o',
         .value = "DIR",
         .help = "where the package goes; an older one is replaced",
         .text = &output},
        {.name = "kernel-deb",
         .value = "FILE",
         .help = "a linux-image package (default: Debian's current one, by apt)",
         .text = &kernel_deb },
        {.name = "cache",
         .value = "DIR",
         .help = "where downloaded packages are kept (default: ~/.cache/cloudie)",
         .text = &cache},
        {.name = "compression",
         .value = "LEVEL",
         .help = "1 (fast) to 19 (small, the default)",
         .text = &level                           },
};

static const struct program program = {
        .name = "cloudie-mkimage",
        .summary = "Makes what machines boot from, out of Debian's packages and our programs.",
        .usage = "netboot --programs DIR --output DIR [options]",
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

static int make_netboot(void)
{
        char error[MKIMAGE_ERROR_SIZE] = "";
        struct netboot_options options = {
                .programs = programs, .output = output, .kernel_deb = kernel_deb};
        _free_ char *cache_default = NULL;
        uint64_t number = 0;

        if (!programs || !output)
                return program_usage(&program, "netboot needs --programs and --output");
        if (text_parse_u64(level, LEVEL_MAX, &number) < 0 || number < 1)
                return program_usage(&program, "--compression is a number from 1 to %d", LEVEL_MAX);
        options.level = (int)number;
        cache_default = cache ? strdup(cache) : default_cache();
        if (!cache_default)
                return program_fail(&program, "no memory");
        options.cache = cache_default;

        if (netboot_build(&options, error) < 0)
                return program_fail(&program, "%s", error);
        return EXIT_SUCCESS;
}

static const struct {
        const char *name;
        int (*make)(void);
} commands[] = {
        {"netboot", make_netboot},
};

int main(int argc, char **argv)
{
        int rest = 0;
        int rc = options_parse(&program, argc, argv, &rest);

        if (rc != 0)
                return rc > 0 ? EXIT_SUCCESS : EXIT_USAGE;
        if (argc - rest != 1)
                return program_usage(&program, "name one thing to make: netboot");
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
                if (strcmp(argv[rest], commands[i].name) == 0)
                        return commands[i].make();
        return program_usage(&program, "no such thing to make: %s", argv[rest]);
}
