/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A phone-home or a beat, as a stranger may send it: the facts that are taken can be written, and
 * read again, as a controller does that starts anew. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/node/worker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct doc_table *table, const char *text, size_t size)
{
        _free_ struct phone_home *says = calloc(1, sizeof(*says));
        _free_ struct worker_facts *again = calloc(1, sizeof(*again));
        _doc_ struct doc *object = NULL, *second = NULL;
        _free_ char *text_of = NULL, *text_again = NULL;

        if (!says || !again ||
            doc_decode_text(table, text, size, &doc_limits_message, NULL, says) < 0 ||
            worker_facts_check(&says->facts, NULL) < 0)
                return;
        object = doc_encode(&worker_facts_table, &says->facts);
        if (doc_decode(&worker_facts_table, object, NULL, again) < 0 ||
            worker_facts_check(again, NULL) < 0)
                abort();
        second = doc_encode(&worker_facts_table, again);
        if (doc_print(object, DOC_COMPACT, &text_of) < 0 ||
            doc_print(second, DOC_COMPACT, &text_again) < 0 || strcmp(text_of, text_again) != 0)
                abort();
        if ((worker_facts_worst(&says->facts) != NULL) != (says->facts.check_count > 0))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        check(&phone_home_table, (const char *)data, size);
        check(&beat_table, (const char *)data, size);
        return 0;
}
