/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/logic/ended.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

void ended_name(uint64_t number, char to[static NODE_NAME_SIZE])
{
        snprintf(to, NODE_NAME_SIZE, "place-%u", (unsigned)(number % ENDED_MAX));
}

struct doc *steps_encode(const uint32_t *step_ms)
{
        struct doc *steps = doc_object();

        for (size_t i = 0; i < OPERATION_STEP_COUNT; i++)
                if (step_ms[i] > 0)
                        (void)doc_set_number(steps, operation_steps[i].name, (int64_t)step_ms[i]);
        return steps;
}

void steps_decode(const struct doc *steps, uint32_t *ret)
{
        for (size_t i = 0; i < OPERATION_STEP_COUNT; i++) {
                const int64_t ms = doc_get_number(steps, operation_steps[i].name, 0);

                ret[i] = ms > 0 && ms <= UINT32_MAX ? (uint32_t)ms : 0;
        }
}

struct doc *ended_encode(const struct ended *ended)
{
        struct doc *object = doc_object();

        (void)doc_set_text(object, "node", ended->node);
        (void)doc_set(object, "operation", doc_encode(&operation_table, &ended->operation));
        (void)doc_set(object, "steps", steps_encode(ended->step_ms));
        return object;
}

int ended_decode(const char *body, struct ended *ret)
{
        _doc_ struct doc *object = NULL;
        const char *node;
        int rc;

        *ret = (struct ended){0};
        rc = doc_parse(body, strlen(body), &doc_limits_message, NULL, &object);
        if (rc == 0)
                rc = doc_decode(&operation_table, doc_get(object, "operation"), NULL,
                                &ret->operation);
        if (rc < 0)
                return rc;
        node = doc_get_text(object, "node");
        if (!node || text_copy(ret->node, sizeof(ret->node), node) < 0)
                return -EBADMSG;
        steps_decode(doc_get(object, "steps"), ret->step_ms);
        return 0;
}

void ended_add(struct logic *logic, const struct node *node, uint64_t now_ms,
               struct store_change *change)
{
        struct ended *ended = &logic->ended[node->operation.number % ENDED_MAX];
        char name[NODE_NAME_SIZE];
        struct store_document row = {.kind = ENDED_KIND, .name = name, .at_ms = now_ms};
        _doc_ struct doc *object = NULL;
        _free_ char *text = NULL;

        ended->operation = node->operation;
        memcpy(ended->node, node->name, sizeof(ended->node));
        memcpy(ended->step_ms, node->step_ms, sizeof(ended->step_ms));
        row.version = ++ended->version;
        ended_name(node->operation.number, name);
        object = ended_encode(ended);
        if (doc_print(object, DOC_COMPACT, &text) == 0)
                row.body = text;
        store_put_document(change, &row);
}

const struct ended *ended_find(const struct logic *logic, uint64_t number)
{
        const struct ended *ended = &logic->ended[number % ENDED_MAX];

        return ended->version > 0 && ended->operation.number == number ? ended : NULL;
}

int ended_restore(struct logic *logic, const struct store_document *row)
{
        struct ended ended;
        const int rc = ended_decode(row->body, &ended);

        if (rc < 0)
                return rc;
        ended.version = row->version;
        logic->ended[ended.operation.number % ENDED_MAX] = ended;
        /* Its node may be deleted: the number is not given again. */
        if (ended.operation.number > logic->last_operation)
                logic->last_operation = ended.operation.number;
        return 0;
}

static uint64_t turn_of(const struct ended *ended)
{
        uint64_t sum = 0;

        for (size_t i = INSTALL_AGENT; i < INSTALL_PHONE_HOME; i++)
                sum += ended->step_ms[i];
        return sum;
}

uint64_t ended_turn_ms(const struct logic *logic, const char *profile)
{
        uint64_t sum[2] = {0}, count[2] = {0};

        for (size_t i = 0; i < ENDED_MAX; i++) {
                const struct ended *ended = &logic->ended[i];
                const bool is_its = strcmp(ended->operation.profile, profile) == 0;

                if (ended->version == 0 || ended->operation.state != OPERATION_SUCCEEDED)
                        continue;
                sum[is_its] += turn_of(ended);
                count[is_its]++;
        }
        if (count[true] > 0)
                return sum[true] / count[true];
        return count[false] > 0 ? sum[false] / count[false] : 0;
}
