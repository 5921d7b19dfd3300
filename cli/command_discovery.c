/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines that nobody knows, on networks that only list them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/each.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/options.h"
#include "lib/node/wire.h"

#define PATH "/api/v1/discovery"

static const struct column stranger_columns[] = {
        {"MAC",       "mac",          NULL,      false},
        {"NETWORK",   "network",      NULL,      false},
        {"FIRMWARE",  "firmware",     NULL,      false},
        {"CLASS",     "vendor_class", NULL,      false},
        {"LAST SEEN", "last_seen_ms", cell_when, false},
        {"TIMES",     "count",        NULL,      true },
};

static const struct column network_columns[] = {
        {"NETWORK",    "name",          NULL,      false},
        {"SUBNET",     "subnet",        NULL,      false},
        {"STRANGERS",  "strangers",     NULL,      false},
        {"OPEN UNTIL", "open_until_ms", cell_when, false},
        {"OPENED BY",  "opened_by",     NULL,      false},
};

int command_discovery_list(const struct command_context *context)
{
        return each_list(context, PATH, stranger_columns, ARRAY_SIZE(stranger_columns),
                         "no unknown machine asked since the controller started");
}

int command_discovery_status(const struct command_context *context)
{
        _doc_ struct doc *answer = NULL;
        const struct doc *networks;
        int rc;

        rc = call_do(context->call, "GET", PATH, NULL, NULL, &answer);
        if (rc != 0)
                return rc;
        networks = doc_get(answer, "networks");
        if (context->output != OUTPUT_TABLE)
                return print_document(context->output, networks);
        return print_table(network_columns, ARRAY_SIZE(network_columns), networks);
}

int duration_parse(const char *text, uint64_t *ret_ms)
{
        static const struct {
                char letter;
                uint64_t ms;
        } units[] = {
                {'s', 1000   },
                {'m', 60000  },
                {'h', 3600000},
        };
        const size_t len = strlen(text);
        char number[16];
        uint64_t count;

        if (len < 2 || text_copy_bytes(number, sizeof(number), text, len - 1) < 0 ||
            text_parse_u64(number, 1000000, &count) < 0)
                return -EINVAL;
        for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
                if (text[len - 1] != units[i].letter)
                        continue;
                *ret_ms = count * units[i].ms;
                return 0;
        }
        return -EINVAL;
}

static int post(const struct command_context *context, const char *what, const struct doc *body,
                const char *done)
{
        _doc_ struct doc *answer = NULL;
        char path[320], until[64];
        int rc;

        each_path(path, sizeof(path), PATH, context->argv[0], what);
        rc = call_do(context->call, "POST", path, NULL, body, &answer);
        if (rc != 0)
                return rc;
        if (context->output != OUTPUT_TABLE)
                return print_document(context->output, answer);
        cell_when(until, sizeof(until), doc_get(answer, "open_until_ms"));
        printf("%s: %s%s\n", context->argv[0], done, doc_get(answer, "open_until_ms") ? until : "");
        return 0;
}

int command_discovery_open(const struct command_context *context)
{
        _doc_ struct doc *body = doc_object();
        uint64_t for_ms;

        if (!context->for_what || duration_parse(context->for_what, &for_ms) < 0 ||
            for_ms < DISCOVERY_MIN_MS || for_ms > DISCOVERY_MAX_MS) {
                fprintf(stderr, "cloudie: for how long? --for 2h (s, m or h; from a minute to a "
                                "day)\n");
                return EXIT_USAGE;
        }
        (void)doc_set_number(body, "for_ms", (int64_t)for_ms);
        return post(context, "/open", body, "unknown machines are discovered until ");
}

int command_discovery_close(const struct command_context *context)
{
        return post(context, "/close", NULL, "unknown machines are only listed");
}
