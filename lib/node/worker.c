/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/node/worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/node/summary.h"

static const struct doc_field address_fields[] = {
        DOC_FIELD(struct worker_address, interface, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct worker_address, mac, DOC_MAC, 0),
        DOC_FIELD(struct worker_address, address, DOC_TEXT, DOC_REQUIRED),
};
static DOC_TABLE(address_table, struct worker_address, "address", address_fields);

static const struct doc_field host_key_fields[] = {
        DOC_FIELD(struct ssh_key, type, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct ssh_key, key, DOC_TEXT, DOC_REQUIRED),
};
static DOC_TABLE(host_key_table, struct ssh_key, "host key", host_key_fields);

const char *const health_state_names[HEALTH_STATE_COUNT + 1] = {
        [HEALTH_OK] = "ok",
        [HEALTH_WARNING] = "warning",
        [HEALTH_BAD] = "bad",
};

static const struct doc_field check_fields[] = {
        DOC_FIELD(struct worker_check, name, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct worker_check, state, DOC_ENUM, DOC_REQUIRED, .names = health_state_names),
        DOC_FIELD(struct worker_check, text, DOC_TEXT, 0),
};
static DOC_TABLE(check_table, struct worker_check, "check", check_fields);

static const struct doc_field facts_fields[] = {
        DOC_FIELD(struct worker_facts, kernel, DOC_TEXT, 0),
        DOC_FIELD(struct worker_facts, uptime_s, DOC_U64, 0, .max = INT64_MAX),
        DOC_LIST_FIELD(struct worker_facts, addresses, address_count, 0, &address_table),
        DOC_LIST_FIELD(struct worker_facts, host_keys, host_key_count, 0, &host_key_table),
        DOC_LIST_FIELD(struct worker_facts, health, check_count, 0, &check_table),
};
DOC_TABLE(worker_facts_table, struct worker_facts, "facts", facts_fields);

/* What both messages say. */
#define CALL_FIELDS                                                                                \
        DOC_FIELD(struct phone_home, generation, DOC_U64, DOC_REQUIRED),                           \
                DOC_FIELD(struct phone_home, node, DOC_TEXT, DOC_REQUIRED),                        \
                DOC_FIELD(struct phone_home, version, DOC_TEXT, DOC_REQUIRED),                     \
                DOC_FIELD(struct phone_home, system, DOC_TEXT, 0),                                 \
                DOC_FIELD(struct phone_home, hostname, DOC_TEXT, 0),                               \
                DOC_FIELD(struct phone_home, address, DOC_IP, 0),                                  \
                DOC_FIELD(struct phone_home, facts, DOC_OBJECT, 0, .table = &worker_facts_table)

static const struct doc_field phone_home_fields[] = {
        CALL_FIELDS,
        DOC_FIELD(struct phone_home, secret, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct phone_home, public_key, DOC_TEXT, 0),
};
DOC_TABLE(phone_home_table, struct phone_home, "phone-home", phone_home_fields);

static const struct doc_field beat_fields[] = {
        CALL_FIELDS,
        DOC_FIELD(struct phone_home, public_key, DOC_TEXT, DOC_REQUIRED),
};
DOC_TABLE(beat_table, struct phone_home, "beat", beat_fields);

static const struct doc_field answer_fields[] = {
        DOC_FIELD(struct worker_answer, node, DOC_TEXT, 0),
        DOC_FIELD(struct worker_answer, phase, DOC_ENUM, 0, .names = node_phase_names),
        DOC_FIELD(struct worker_answer, beat_s, DOC_U32, 0),
};
DOC_TABLE(worker_answer_table, struct worker_answer, "answer", answer_fields);

static bool is_address(const char *text)
{
        const char *slash = strchr(text, '/');
        char address[WORKER_ADDRESS_SIZE];
        uint8_t bytes[16];
        uint64_t prefix;

        if (!slash || text_copy_bytes(address, sizeof(address), text, (size_t)(slash - text)) < 0)
                return false;
        if (inet_pton(AF_INET, address, bytes) == 1)
                return text_parse_u64(slash + 1, 32, &prefix) == 0;
        return inet_pton(AF_INET6, address, bytes) == 1 &&
               text_parse_u64(slash + 1, 128, &prefix) == 0;
}

/* As the kernel allows it, without what a terminal would not print (dev_valid_name). */
static bool is_interface(const char *name)
{
        for (const char *at = name; *at; at++)
                if (*at <= ' ' || *at > '~' || *at == '/' || *at == ':')
                        return false;
        return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int refuse(char *error, const char *wrong)
{
        if (error)
                snprintf(error, DOC_ERROR_SIZE, "facts: %s", wrong);
        return -EBADMSG;
}

int worker_facts_check(const struct worker_facts *facts, char *error)
{
        for (size_t i = 0; i < facts->address_count; i++) {
                if (!is_address(facts->addresses[i].address))
                        return refuse(error, "an 'address' is none with a prefix");
                if (!is_interface(facts->addresses[i].interface))
                        return refuse(error, "an 'interface' is no name of one");
        }
        for (size_t i = 0; i < facts->host_key_count; i++) {
                const int rc = ssh_key_check(&facts->host_keys[i]);

                if (rc < 0)
                        return rc == -EBADMSG ? refuse(error, "one of 'host_keys' is no key") : rc;
        }
        for (size_t i = 0; i < facts->check_count; i++)
                if (!node_name_is_valid(facts->health[i].name))
                        return refuse(error, "a check of 'health' has no name");
        return 0;
}

const struct worker_check *worker_facts_worst(const struct worker_facts *facts)
{
        const struct worker_check *worst = NULL;

        for (size_t i = 0; i < facts->check_count; i++)
                if (!worst || facts->health[i].state > worst->state)
                        worst = &facts->health[i];
        return worst;
}
