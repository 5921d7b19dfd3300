/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What parses gives an answer; its opposite gives the opposite one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/doc/filter.h"

static bool bind(const char *name, struct filter_field *ret)
{
        *ret = (struct filter_field){.id = name[0], .is_number = name[0] == 'n'};
        return true;
}

static void values(const void *object, int id, const char *name, struct filter_probe *probe)
{
        const char *text = object;

        if (name[0] != id)
                abort();

        if (id == 'n')
                filter_probe_number(probe, (int64_t)strlen(text));
        else if (id == 't')
                filter_probe_bool(probe, true);
        else if (id != 'x' && !filter_probe_text(probe, text))
                filter_probe_text(probe, "64G");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(filter_free) struct filter *filter = NULL, *opposite = NULL;
        char text[FILTER_SIZE_MAX / 2], negated[sizeof(text) + 8], error[DOC_ERROR_SIZE];
        char why[FILTER_WHY_SIZE];

        if (size >= sizeof(text))
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        if (filter_parse(text, bind, error, &filter) < 0)
                return 0;
        filter_why(filter, values, text, why);
        if (strlen(why) >= sizeof(why) || (why[0] != '\0') == filter_holds(filter, values, text))
                abort();
        snprintf(negated, sizeof(negated), "not(%s)", text);
        /* An empty filter has no opposite, and one at a limit is beyond it. */
        if (filter_parse(negated, bind, error, &opposite) == 0 &&
            filter_holds(filter, values, text) == filter_holds(opposite, values, text))
                abort();
        return 0;
}
