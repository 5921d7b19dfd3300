/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cloudie: the operator's command */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bulk.h"
#include "cli/command.h"
#include "cli/print.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/options.h"

static struct command_context context;
static const char *output = "table";

/* clang-format off */
static const struct option_row options[] = {
        {.name = "output", .letter = 'o', .value = "FORM",
         .help = "table, json or yaml; dump, backup: the file to write; migrate: cloudied.yaml", .text = &output},
        {.name = "select", .letter = 'l', .value = "FILTER",
         .help = "only these nodes, also in place of names: 'phase=ready and memory.total>=64G, rack in (a1,a2)'", .text = &context.select},
        {.name = "yes", .letter = 'y',
         .help = "with --select in place of names, --prune, migrate: do it, do not ask", .is_set = &context.is_sure},
        {.name = "set", .value = "NAME",
         .help = "apply: what these documents are together, for --prune", .text = &context.set},
        {.name = "passphrase-file", .value = "FILE",
         .help = "backup: its first line locks it; else it is asked for, or read from stdin", .text = &context.passphrase_file},
        {.name = "images", .value = "NAMES",
         .help = "backup: these images, too, with commas between", .text = &context.images},
        {.name = "prune",
         .help = "apply: delete what was applied with this --set before, and is in no file now", .is_set = &context.prune},
        {.name = "network", .value = "NAME",
         .help = "lease list: of this network alone", .text = &context.network},
        {.name = "inventory",
         .help = "node show: with everything it reported", .is_set = &context.inventory},
        {.name = "since", .value = "WHEN",
         .help = "node diff: 1 (so many inventories before the newest), 2h, or '2026-11-20 11:25'", .text = &context.since},
        {.name = "class", .value = "CLASS",
         .help = "node odd: of these machines alone, as the column CLASS says", .text = &context.class},
        {.name = "boot", .value = "NUMBER",
         .help = "node timeline: of this boot alone", .text = &context.boot},
        {.name = "after", .value = "ID",
         .help = "events: those after this one", .text = &context.after},
        {.name = "follow", .letter = 'f',
         .help = "events: wait for more; apply: -f may stand before each FILE", .is_set = &context.follow},
        {.name = "profile", .value = "NAME",
         .help = "node install: how it is to be installed", .text = &context.profile},
        {.name = "erase",
         .help = "node install: the disk may hold data, which is destroyed", .is_set = &context.erase},
        {.name = "dry-run",
         .help = "node install, apply, load: only say what would be done, and destroyed", .is_set = &context.dry_run},
        {.name = "force",
         .help = "node install, retry, release, retire, reserve, accept, delete: of a node in maintenance, or reserved for another one, too", .is_set = &context.force},
        {.name = "reason", .value = "TEXT",
         .help = "node maintenance, node reserve: why, for others to read", .text = &context.reason},
        {.name = "wait",
         .help = "node install, node retry: until it ended", .is_set = &context.wait},
        {.name = "name", .value = "NAME",
         .help = "image import: instead of the file's name", .text = &context.name},
        {.name = "for", .value = "WHAT",
         .help = "discovery open: how long, 30m or 2h; node reserve: for whom", .text = &context.for_what},
        {.name = "os", .value = "TEXT",
         .help = "image import: what is in it, for people", .text = &context.os},
};
/* clang-format on */

static const struct program program = {
        .name = "cloudie",
        .summary = "Shows and steers the machines of a Cloudie controller. 'cloudie help' lists "
                   "the commands.",
        .usage = "[options] COMMAND [ARGUMENT...]",
        .options = options,
        .count = ARRAY_SIZE(options),
};

/* A command that prints no result takes another word for the name of a file. */
static int parse_output(const struct command *command)
{
        static const char *const names[] = {
                [OUTPUT_TABLE] = "table",
                [OUTPUT_JSON] = "json",
                [OUTPUT_YAML] = "yaml",
        };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                if (text_is_equal(output, names[i])) {
                        context.output = (enum output)i;
                        return 0;
                }
        }
        if (!(command->flags & COMMAND_FILE))
                return -EINVAL;
        context.file = output;
        return 0;
}

static int connect_and_run(const struct command *command)
{
        struct credential credential;
        int rc;

        rc = credentials_load(context.credentials, &credential);
        if (rc == -ENOENT)
                return program_fail(&program,
                                    "not logged in: cloudie login LINK (cloudied prints the "
                                    "link at its first start)");
        if (rc == -EPERM)
                return program_fail(&program, "others may read %s: chmod 600 it, and log in again",
                                    context.credentials);
        if (rc < 0)
                return program_fail(&program, "%s cannot be used (%s): log in again",
                                    context.credentials, strerror(-rc));
        rc = call_new(&credential, &context.call);
        if (rc != 0)
                return rc;
        context.user = credential.user;
        rc = context.select && (command->flags & COMMAND_BULK) ? bulk_run(command, &context)
                                                               : command->run(&context);
        call_free(context.call);
        return rc;
}

/* 0, or EXIT_USAGE after a sentence. */
static int check_options(const struct command *command)
{
        if (parse_output(command) < 0)
                return program_usage(&program, "--output is table, json or yaml, not '%s'", output);
        /* What is said elsewhere and does nothing there could be taken for a promise. */
        if ((context.prune || context.set) && command->run != command_apply)
                return program_usage(&program, "--set and --prune are options of 'apply'");
        if ((context.passphrase_file || context.images) && command->run != command_backup)
                return program_usage(&program,
                                     "--passphrase-file and --images are options of 'backup'");
        if (context.dry_run && !(command->flags & COMMAND_PLANS))
                return program_usage(&program,
                                     "--dry-run is an option of 'node install', 'apply' and "
                                     "'load'");
        if (context.erase && command->run != command_node_install)
                return program_usage(&program, "--erase is an option of 'node install'");
        if (context.force && !(command->flags & COMMAND_FORCES))
                return program_usage(&program, "--force is an option of 'node install', 'node "
                                               "retry', 'node release', 'node retire', 'node "
                                               "reserve', 'node unreserve', 'node accept' "
                                               "and 'node delete'");
        if (context.select && !(command->flags & (COMMAND_SELECTS | COMMAND_BULK)))
                return program_usage(&program, "'%s' takes no --select", command->words);
        return 0;
}

static int run(int argc, char **argv)
{
        const struct command *command;
        char first[64], second[64];
        bool is_bulk;
        int used = 0;

        if (argc == 0)
                return program_usage(&program, "no command; 'cloudie help' lists them");
        if (text_is_equal(argv[0], "help")) {
                command_help();
                return EXIT_SUCCESS;
        }
        command = command_find(argc, argv, &used);
        if (!command)
                return program_usage(
                        &program, "there is no command '%s%s%s'; 'cloudie help' lists them",
                        text_escape(first, sizeof(first), argv[0]), argc > 1 ? " " : "",
                        text_escape(second, sizeof(second), argc > 1 ? argv[1] : ""));

        if (check_options(command) != 0)
                return EXIT_USAGE;
        if (!context.credentials)
                return program_fail(&program,
                                    "no HOME to keep credentials in; set CLOUDIE_CREDENTIALS");
        is_bulk = context.select && (command->flags & COMMAND_BULK);
        context.words = command->words;
        context.argc = argc - used;
        context.argv = argv + used;
        if (is_bulk && !(command->flags & COMMAND_WORDS) && context.argc > 0)
                return program_usage(&program, "'%s' takes names or --select, not both",
                                     command->words);
        if (context.argc < command->least - is_bulk ||
            (command->most >= 0 && context.argc > command->most))
                return program_usage(&program, "usage: cloudie %s%s%s", command->words,
                                     *command->arguments ? " " : "", command->arguments);
        return (command->flags & COMMAND_LOCAL) ? command->run(&context) : connect_and_run(command);
}

int main(int argc, char **argv)
{
        char path[512];
        int rest, rc;

        rc = options_parse(&program, argc, argv, &rest);
        if (rc != 0)
                return rc > 0 ? EXIT_SUCCESS : EXIT_USAGE;
        if (credentials_path(path, sizeof(path)) == 0)
                context.credentials = path;
        rc = run(argc - rest, argv + rest);
        if (fflush(stdout) != 0 || ferror(stdout))
                return program_fail(&program, "stdout cannot be written: %s", strerror(errno));
        return rc;
}
