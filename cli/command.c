/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"

/* clang-format off */
const struct command commands[] = {
        {"login", "LINK", "log in with the line that the controller printed ('-': read it from stdin)",
         1, 1, COMMAND_LOCAL, command_login},
        {"status", "", "the controller, its edges, and how many nodes are in which phase",
         0, 0, 0, command_status},
        {"events", "", "what happens, as it happens (--follow, --after ID)",
         0, 0, 0, command_events},
        {"why", "NODE|MAC", "where a machine is, why it is not where it should be, and what to do",
         1, 1, 0, command_why},
        {"node list", "", "all nodes (--select phase=ready)",
         0, 0, COMMAND_SELECTS, command_node_list},
        {"node show", "NAME", "one node (--inventory: everything it is)",
         1, 1, 0, command_node_show},
        {"node diff", "NAME", "what changed in it since it was accepted (--since 1, 2h, '2026-11-20')",
         1, 1, 0, command_node_diff},
        {"node inventories", "NAME", "when it reported which inventory",
         1, 1, 0, command_node_inventories},
        {"node acknowledge", "NAME...", "as they are now is right: they have not drifted",
         1, -1, COMMAND_BULK, command_node_acknowledge},
        {"node odd", "", "nodes that differ from most of their siblings (--class C, --select FILTER)",
         0, 0, COMMAND_SELECTS, command_node_odd},
        {"node timeline", "NAME", "its boots, step by step (--boot NUMBER)",
         1, 1, 0, command_node_timeline},
        {"node explain", "NAME", "what it would boot now, and why",
         1, 1, 0, command_node_explain},
        {"node accept", "NAME...", "take discovered nodes into service: phase 'ready'",
         1, -1, COMMAND_BULK | COMMAND_FORCES, command_node_accept},
        {"node discover", "NAME...", "have held nodes in the ramdisk once more, instead of on their disk",
         1, -1, COMMAND_BULK, command_node_discover},
        {"node maintenance on", "NAME...", "somebody works on them: nothing begins on them (--reason TEXT)",
         1, -1, COMMAND_BULK, command_node_maintenance_on},
        {"node maintenance off", "NAME...", "nobody does any more",
         1, -1, COMMAND_BULK, command_node_maintenance_off},
        {"node label", "NAME LABEL=TEXT|LABEL-...", "set and remove labels of a node (-l FILTER in place of NAME)",
         2, -1, COMMAND_BULK | COMMAND_WORDS, command_node_label},
        {"node rename", "OLD NEW", "give it another name; its history goes with it",
         2, 2, 0, command_node_rename},
        {"node delete", "NAME...", "forget nodes; they are discovered anew when they boot",
         1, -1, COMMAND_BULK | COMMAND_FORCES, command_node_delete},
        {"node install", "NAME...", "write an image to their disk (--profile P, --erase, --dry-run, --wait)",
         1, -1, COMMAND_BULK | COMMAND_PLANS | COMMAND_FORCES, command_node_install},
        {"node abort", "NAME...", "give up what is being done to them",
         1, -1, COMMAND_BULK, command_node_abort},
        {"node retry", "NAME...", "begin anew what failed, was aborted, or still goes on (--wait)",
         1, -1, COMMAND_BULK | COMMAND_FORCES, command_node_retry},
        {"node deployed", "NAME...", "say that what was installed runs, where the profile asks for that",
         1, -1, COMMAND_BULK, command_node_deployed},
        {"node release", "NAME...", "free deployed nodes: phase 'ready'",
         1, -1, COMMAND_BULK | COMMAND_FORCES, command_node_release},
        {"node retire", "NAME...", "take nodes out of service: they boot their disk, and nothing is done to them",
         1, -1, COMMAND_BULK | COMMAND_FORCES, command_node_retire},
        {"node unretire", "NAME...", "bring retired nodes back: held, as if they were just discovered",
         1, -1, COMMAND_BULK | COMMAND_FORCES, command_node_unretire},
        {"node reserve", "NAME...", "take ready nodes: no rule and nobody else begins anything on them (--for WHO, --reason TEXT)",
         1, -1, COMMAND_BULK | COMMAND_FORCES, command_node_reserve},
        {"node unreserve", "NAME...", "give them back: phase 'ready'; what goes on on them is aborted",
         1, -1, COMMAND_BULK | COMMAND_FORCES, command_node_unreserve},
        {"operation list", "", "what runs, what waits for its turn, and what was done last",
         0, 0, 0, command_operation_list},
        {"operation show", "NUMBER", "one of them: how far it is, or how it ended, and what took how long",
         1, 1, 0, command_operation_show},
        {"discovery list", "", "unknown machines that asked to boot, where they are only listed",
         0, 0, 0, command_discovery_list},
        {"discovery status", "", "what becomes of unknown machines on each network",
         0, 0, 0, command_discovery_status},
        {"discovery open", "NETWORK", "discover its unknown machines for a while (--for 2h)",
         1, 1, 0, command_discovery_open},
        {"discovery close", "NETWORK", "end that, and only list them again",
         1, 1, 0, command_discovery_close},
        {"lease list", "", "addresses that are leased or reserved (--network N, --select FILTER)",
         0, 0, COMMAND_SELECTS, command_lease_list},
        {"lease show", "ADDRESS", "one of them",
         1, 1, 0, command_lease_show},
        {"lease pools", "", "how many addresses of each pool are taken",
         0, 0, 0, command_lease_pools},
        {"apply", "-f FILE...", "write the documents of files and folders, YAML or JSON ('-': of stdin; --set NAME --prune, --dry-run)",
         1, -1, COMMAND_PLANS, command_apply},
        {"dump", "", "all that operators wrote, and the nodes, as one text of YAML (-o FILE)",
         0, 0, COMMAND_FILE, command_dump},
        {"backup", "", "database, keys and certificate of the controller, locked by a passphrase (-o FILE, --images A,B)",
         0, 0, COMMAND_FILE, command_backup},
        {"load", "FILE", "give that to an empty controller ('-': read it from stdin; --dry-run)",
         1, 1, COMMAND_PLANS, command_load},
        {"migrate", "dhcpd|kea|dnsmasq|csv FILE...", "what another DHCP server's files say, as Cloudie is told it (--yes: into -o cloudied.yaml)",
         2, -1, COMMAND_LOCAL | COMMAND_FILE | COMMAND_PLANS, command_migrate},
        {"history", "KIND NAME", "what was written of a document, and when",
         2, 2, 0, command_history},
        {"diff", "KIND NAME [VERSION [VERSION]]", "what differs between two versions of it: the last two, or from one on",
         2, 4, 0, command_diff},
        {"revert", "KIND NAME VERSION", "write what stood in that version once more",
         3, 3, 0, command_revert},
        {"profile list", "", "all profiles",
         0, 0, COMMAND_SELECTS, command_document_list},
        {"profile show", "NAME", "one profile",
         1, 1, 0, command_document_show},
        {"profile delete", "NAME...", "delete profiles",
         1, -1, 0, command_document_delete},
        {"rule list", "", "all rules, as they are asked",
         0, 0, COMMAND_SELECTS, command_rule_list},
        {"rule show", "NAME", "one rule",
         1, 1, 0, command_document_show},
        {"rule test", "NAME", "which nodes it took, would take, and misses, and why",
         1, 1, 0, command_rule_test},
        {"rule delete", "NAME...", "delete rules",
         1, -1, 0, command_document_delete},
        {"key list", "", "all keys of SSH",
         0, 0, COMMAND_SELECTS, command_document_list},
        {"key show", "NAME", "one key",
         1, 1, 0, command_document_show},
        {"key delete", "NAME...", "delete keys",
         1, -1, 0, command_document_delete},
        {"file list", "", "all files, which cloud-init gets as user data",
         0, 0, COMMAND_SELECTS, command_document_list},
        {"file show", "NAME", "one file, but for what it says",
         1, 1, 0, command_document_show},
        {"file delete", "NAME...", "delete files",
         1, -1, 0, command_document_delete},
        {"setting list", "", "settings that take the place of cloudied.yaml's",
         0, 0, COMMAND_SELECTS, command_document_list},
        {"setting show", "NAME", "one setting",
         1, 1, 0, command_document_show},
        {"setting delete", "NAME...", "delete settings: those of cloudied.yaml hold again",
         1, -1, 0, command_document_delete},
        {"network list", "", "networks that were written as documents, beside those of cloudied.yaml",
         0, 0, COMMAND_SELECTS, command_document_list},
        {"network show", "NAME", "one of them",
         1, 1, 0, command_document_show},
        {"network delete", "NAME...", "delete networks: they are served no more",
         1, -1, 0, command_document_delete},
        {"image import", "FILE", "make an image of a raw disk (--name NAME, --os TEXT)",
         1, 1, 0, command_image_import},
        {"image list", "", "all images (--select os=debian-12)",
         0, 0, COMMAND_SELECTS, command_image_list},
        {"image show", "NAME", "one image, and what is said of it",
         1, 1, 0, command_image_show},
        {"image verify", "NAME...", "have the controller read all of them",
         1, -1, 0, command_image_verify},
        {"image delete", "NAME...", "delete images, and what is said of them",
         1, -1, 0, command_image_delete},
};
/* clang-format on */
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
