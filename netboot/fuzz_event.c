/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a record of the journal; what is read is written back the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netboot/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t record[EVENT_RECORD_MAX];
        struct node_event event, again;
        struct events *events;
        size_t written;

        events = events_new();
        if (!events)
                return 0;
        (void)events_replay(events, data, size);
        events_free(events);

        if (event_record_parse(data, size, &event) < 0)
                return 0;
        written = event_record_write(&event, record);
        if (written > sizeof(record) || event_record_parse(record, written, &again) < 0 ||
            memcmp(&event.mac, &again.mac, sizeof(event.mac)) != 0 || event.seq != again.seq ||
            event.step != again.step || strcmp(event.text, again.text) != 0)
                abort();
        return 0;
}
