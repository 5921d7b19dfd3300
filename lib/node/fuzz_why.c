/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any timeline, of any node: why_find() says something, and never too much. The first byte
 * chooses the node, the second how long ago it was; the rest are events as JSON. */
#include "lib/node/why.h"
#include "lib/node/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct node_event events[EVENTS_MAX];
        struct operation operation = {.deadline_ms = 1};
        struct why_facts facts = {.events = events};
        char error[DOC_ERROR_SIZE];
        struct doc *object;
        struct why why;

        if (size < 2 ||
            doc_parse((const char *)data + 2, size - 2, &doc_limits_message, NULL, &object) < 0)
                return 0;
        facts.name = data[0] & 1 ? "lab-0001" : NULL;
        facts.phase = data[0] / 2 % PHASE_COUNT;
        facts.operation = data[0] & 64 ? &operation : NULL;
        operation.state = OPERATION_RUNNING;
        operation.step = data[0] % OPERATION_STEP_COUNT;
        facts.now_ms = data[1] * UINT64_C(1000);
        if (node_events_decode(object, error, events, &facts.event_count) == 0) {
                why_find(&facts, &why);
                if (!why.sentence[0] || why.wrong != (why.cause != CAUSE_NONE) ||
                    (why.wrong && !why.hint[0]) || why.evidence_count > WHY_EVIDENCE_MAX)
                        __builtin_trap();
        }
        doc_free(object);
        return 0;
}
