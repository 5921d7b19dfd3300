/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"

const struct command commands[] = {
        {"login",         "LINK",
         "log in with the line that the controller printed ('-': read it from stdin)",                   1, 1,  true,
         command_login                                                                                                                    },
        {"status",        "",        "the controller, its edges, and how many nodes are in which phase", 0, 0,
         false,                                                                                                        command_status     },
        {"events",        "",        "what happens, as it happens (--follow, --after ID)",               0, 0,  false,
         command_events                                                                                                                   },
        {"node list",     "",        "all nodes (--select phase=ready)",                                 0, 0,  false, command_node_list  },
        {"node show",     "NAME",    "one node (--inventory: everything it is)",                         1, 1,  false,
         command_node_show                                                                                                                },
        {"node timeline", "NAME",    "its boots, step by step (--boot NUMBER)",                          1, 1,  false,
         command_node_timeline                                                                                                            },
        {"node explain",  "NAME",    "what it would boot now, and why",                                  1, 1,  false,
         command_node_explain                                                                                                             },
        {"node accept",   "NAME...", "take discovered nodes into service: phase 'ready'",                1, -1,
         false,                                                                                                        command_node_accept},
        {"node delete",   "NAME...", "forget nodes; they are discovered anew when they boot",            1, -1,
         false,                                                                                                        command_node_delete},
};
const size_t command_count = ARRAY_SIZE(commands);

/* How many of argv's words are @words; 0 if they differ. */
static int match(const char *words, int argc, char **argv)
{
        int used = 0;

        while (*words) {
                const size_t len = strcspn(words, " ");

                if (used == argc || strlen(argv[used]) != len ||
                    strncmp(argv[used], words, len) != 0)
                        return 0;
                used++;
                words += len;
                words += *words == ' ';
        }
        return used;
}

const struct command *command_find(int argc, char **argv, int *ret_used)
{
        for (size_t i = 0; i < command_count; i++) {
                const int used = match(commands[i].words, argc, argv);

                if (used > 0) {
                        *ret_used = used;
                        return &commands[i];
                }
        }
        return NULL;
}

void command_help(void)
{
        puts("Commands:");
        for (size_t i = 0; i < command_count; i++) {
                char left[48];

                snprintf(left, sizeof(left), "%s %s", commands[i].words, commands[i].arguments);
                printf("  %-24s %s\n", left, commands[i].help);
        }
}
