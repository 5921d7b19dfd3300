/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an installed system says of itself, in words: above the tree of `cloudie node show`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/node/worker.h"
#include "lib/trust/hash.h"

#define SAFE_SIZE (4 * WORKER_CHECK_TEXT + 1)

static const char *safe(char to[static SAFE_SIZE], const char *text)
{
        return text_escape(to, SAFE_SIZE, text ? text : "");
}
#define SAFE(text) safe((char[SAFE_SIZE]){0}, (text))

/* As `ssh-keygen -l` prints it: base64 of SHA-256, without its padding. */
static void print_fingerprint(FILE *to, const struct ssh_key *key)
{
        _free_ uint8_t *bytes = NULL;
        _free_ char *text = NULL;
        struct sha256 hash;
        size_t size;

        if (base64_decode(key->key, strlen(key->key), &bytes, &size) < 0 ||
            sha256_of(bytes, size, &hash) < 0 ||
            base64_encode(hash.bytes, sizeof(hash.bytes), &text) < 0)
                return;
        fprintf(to, "  %-20s SHA256:%.*s\n", SAFE(key->type), (int)strcspn(text, "="), text);
}

static void print_facts(FILE *to, const struct worker_facts *facts)
{
        char mac[MAC_TEXT_SIZE];

        for (size_t i = 0; i < facts->check_count; i++)
                fprintf(to, "  %-20s %-8s %s\n", SAFE(facts->health[i].name),
                        health_state_names[facts->health[i].state], SAFE(facts->health[i].text));
        for (size_t i = 0; i < facts->address_count; i++)
                fprintf(to, "  %-20s %s %s\n", SAFE(facts->addresses[i].interface),
                        mac_text(mac, &facts->addresses[i].mac), SAFE(facts->addresses[i].address));
        for (size_t i = 0; i < facts->host_key_count; i++)
                print_fingerprint(to, &facts->host_keys[i]);
}

void print_worker(FILE *to, const struct doc *node, uint64_t now_ms)
{
        const struct doc *worker = doc_get(node, "worker"), *says = doc_get(worker, "says");
        _free_ struct worker_facts *facts = calloc(1, sizeof(*facts));
        const uint64_t last_ms = (uint64_t)doc_get_number(worker, "last_beat_ms", 0);
        char time[CLOCK_TEXT_SIZE];

        if (!says || !facts || doc_decode(&worker_facts_table, says, NULL, facts) < 0)
                return;
        fprintf(to, "Worker: last beat %s (%" PRIu64 " s ago)\n", clock_text(time, last_ms),
                now_ms > last_ms ? (now_ms - last_ms) / 1000 : 0);
        fprintf(to, "  %s, kernel %s, cloudie-worker %s, up for %" PRIu64 " s\n",
                SAFE(doc_get_text(says, "system")), SAFE(facts->kernel),
                SAFE(doc_get_text(says, "version")), facts->uptime_s);
        print_facts(to, facts);
        fputc('\n', to);
}
