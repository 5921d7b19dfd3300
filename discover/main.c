/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cloudie-discover: what is this machine? One JSON document on stdout. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "discover/anonymous.h"
#include "discover/probe.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/daemon/confine.h"
#include "lib/daemon/options.h"
#include "lib/node/inventory_diff.h"

#define LINE_SIZE     1024
#define LISTEN_MAX    20   /* the whole inventory has 25 s */
#define SNAPSHOT_MODE 0600 /* serials are in it */

static const char *root = "/", *only, *snapshot_path, *listen_seconds, *lldp_socket;
static bool is_pretty, wants_schema, wants_diff, is_anonymous;

/* clang-format off */
static const struct option_row options[] = {
        {.name = "root", .value = "FOLDER", .text = &root,
         .help = "read a captured /sys and /proc instead of this machine's"},
        {.name = "only", .value = "SECTIONS", .text = &only,
         .help = "such as cpu,disks; --schema names them all"},
        {.name = "pretty", .is_set = &is_pretty, .help = "for people"},
        {.name = "snapshot", .value = "FILE", .text = &snapshot_path,
         .help = "put what is read into a .tar.zst, and print nothing"},
        {.name = "anonymous", .is_set = &is_anonymous,
         .help = "with others in the place of serials, UUIDs, MACs, asset tags, the host's name"},
        {.name = "listen", .value = "SECONDS", .text = &listen_seconds,
         .help = "for what switches say of themselves (LLDP), at least so long, at most 20; 0: while other slow probes go on"},
        {.name = "lldp-fd", .value = "NUMBER", .text = &lldp_socket,
         .help = "with --listen: an open packet socket to hear by, what waits in it as well"},
        {.name = "diff", .is_set = &wants_diff,
         .help = "print what changed between two inventories, given as files"},
        {.name = "schema", .is_set = &wants_schema, .help = "print the JSON Schema of what is printed"},
};
/* clang-format on */

static const struct program program = {
        .name = "cloudie-discover",
        .summary = "Prints what this machine is, as JSON. Changes nothing.",
        .usage = "[options] [--diff BEFORE AFTER]",
        .options = options,
        .count = ARRAY_SIZE(options),
};

/* The first name in --only that no probe has; NULL: all are known. */
static const char *first_unknown(const char *names)
{
        while (names && *names) {
                const size_t len = strcspn(names, ",");

                if (!probe_is_known(names, len))
                        return names;
                names += len;
                names += *names == ',';
        }
        return NULL;
}

/* Takes it. */
static int print(struct doc *take)
{
        _doc_ struct doc *document = take;
        _free_ char *text = NULL;

        if (!document || doc_print(document, is_pretty ? DOC_PRETTY : DOC_COMPACT, &text) < 0)
                return program_fail(&program, "no memory");
        if (puts(text) < 0 || fflush(stdout) != 0)
                return program_fail(&program, "the inventory cannot be written");
        return EXIT_SUCCESS;
}

/* NULL: what was wrong has been said. */
static struct mask *make_mask(struct tree *tree, const struct doc *inventory)
{
        uint8_t key[SIPHASH_KEY_SIZE];
        char host_name[TREE_LINE_SIZE];
        struct mask *mask = NULL;

        (void)tree_line(tree, host_name, "proc/sys/kernel/hostname");
        if (getrandom(key, sizeof(key), 0) == sizeof(key))
                mask = anonymous_mask(inventory, host_name[0] ? host_name : NULL, key);
        explicit_bzero(key, sizeof(key));
        if (!mask)
                (void)program_fail(&program, "no memory for the mask");
        return mask;
}

static int write_snapshot(struct snapshot *snapshot)
{
        _free_ char *packed = NULL;
        size_t size;
        int rc;

        rc = snapshot_pack(snapshot, &packed, &size);
        if (rc < 0)
                return program_fail(&program, "the snapshot cannot be made: %s", strerror(-rc));
        rc = file_replace(snapshot_path, packed, size, SNAPSHOT_MODE);
        if (rc < 0)
                return program_fail(&program, "%s cannot be written: %s", snapshot_path,
                                    strerror(-rc));
        return EXIT_SUCCESS;
}

/* What the machine is, as the options want it. */
static int discover(struct tree *tree)
{
        CLEANUP(snapshot_free) struct snapshot *snapshot = snapshot_path ? snapshot_new() : NULL;
        CLEANUP(mask_free) struct mask *mask = NULL;
        _doc_ struct doc *inventory = NULL;

        if (snapshot_path && !snapshot)
                return program_fail(&program, "no memory");
        inventory = inventory_keep(tree, only, snapshot);
        if (is_anonymous) {
                mask = make_mask(tree, inventory);
                if (!mask)
                        return EXIT_FAILURE;
        }
        if (mask && snapshot && anonymous_snapshot(mask, snapshot) < 0)
                return program_fail(&program, "no memory");
        if (snapshot)
                return write_snapshot(snapshot);
        return print(mask ? anonymous_document(mask, inventory) : TAKE_PTR(inventory));
}

/* NULL: what was wrong has been said. */
static struct doc *load(const char *path)
{
        char error[DOC_ERROR_SIZE];
        _free_ char *text = NULL;
        struct doc *inventory = NULL;
        size_t size;
        int rc;

        rc = file_read(AT_FDCWD, path, doc_limits_inventory.size, &text, &size);
        if (rc < 0)
                (void)program_fail(&program, "%s cannot be read: %s", path, strerror(-rc));
        else if (doc_parse(text, size, &doc_limits_inventory, error, &inventory) < 0)
                (void)program_fail(&program, "%s is no inventory: %s", path, error);
        return inventory;
}

/* A line a change; with none of them nothing is printed. */
static int print_diff(const char *before_path, const char *after_path)
{
        _doc_ struct doc *before = load(before_path), *changes = NULL;
        _doc_ struct doc *after = before ? load(after_path) : NULL;

        if (!after)
                return EXIT_FAILURE;
        changes = inventory_diff(before, after);
        for (size_t i = 0; i < doc_count(changes); i++) {
                const char *text = doc_text(doc_at(changes, i));
                char line[LINE_SIZE];

                if (puts(text_escape(line, sizeof(line), text)) < 0)
                        return program_fail(&program, "the changes cannot be written");
        }
        return fflush(stdout) == 0 ? EXIT_SUCCESS
                                   : program_fail(&program, "the changes cannot be written");
}

/* It reads everything, the kernel's log too, and asks devices; it writes nothing but the snapshot
 * that it was asked for, and talks to nobody. */
static int confine(void)
{
        char folder[CONFINE_PATH_SIZE];
        const struct confine_path paths[] = {
                {"/",             CONFINE_READ | CONFINE_DEVICE},
                { confine_folder(folder, snapshot_path),  CONFINE_READ | CONFINE_WRITE},
        };
        const struct confine_files files = {.paths = paths, .path_count = ARRAY_SIZE(paths)};

        return confine_program(program.name, &files, false, "syslog");
}

int main(int argc, char **argv)
{
        CLEANUP(tree_close) struct tree *tree = NULL;
        const char *unknown;
        uint64_t seconds = 0, fd = 0;
        int rest, rc;

        rc = options_parse(&program, argc, argv, &rest);
        if (rc != 0)
                return rc > 0 ? EXIT_SUCCESS : EXIT_USAGE;
        if (listen_seconds && text_parse_u64(listen_seconds, LISTEN_MAX, &seconds) < 0)
                return program_usage(&program, "--listen wants seconds, at most %d", LISTEN_MAX);
        if (lldp_socket && (text_parse_u64(lldp_socket, INT_MAX, &fd) < 0 || !lldp_adopt((int)fd)))
                return program_usage(&program, "--lldp-fd wants the number of a packet socket");
        if (strcmp(root, "/") == 0 && !wants_diff && !wants_schema) {
                megaraid_open();
                tpm2_open();
                amt_open();
                if (listen_seconds)
                        lldp_open((unsigned)seconds);
        }
        rc = confine();
        if (rc < 0)
                return program_fail(&program, "it cannot be confined: %s", strerror(-rc));
        if (wants_diff && argc - rest == 2)
                return print_diff(argv[rest], argv[rest + 1]);
        if (wants_diff)
                return program_usage(&program, "--diff wants two files");
        if (rest != argc)
                return program_usage(&program, "'%s' is not understood", argv[rest]);
        unknown = first_unknown(only);
        if (unknown)
                return program_usage(&program, "--only: there is no section '%.*s'",
                                     (int)strcspn(unknown, ","), unknown);
        if (wants_schema)
                return print(inventory_schema());

        rc = tree_open(root, &tree);
        if (rc < 0)
                return program_fail(&program, "%s cannot be opened: %s", root, strerror(-rc));
        return discover(tree);
}
