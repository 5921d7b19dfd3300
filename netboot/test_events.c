/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "netboot/events.h"

#define RECORDS_MAX 16

/* A journal of the test's own. */
struct records {
        uint8_t bytes[RECORDS_MAX][EVENT_RECORD_MAX];
        size_t sizes[RECORDS_MAX];
        size_t count, limit;
};

static int keep(void *context, const void *record, size_t size)
{
        struct records *records = context;

        if (records->count >= records->limit)
                return -ENOBUFS;
        memcpy(records->bytes[records->count], record, size);
        records->sizes[records->count++] = size;
        return 0;
}

static void add(struct events *events, const char *text)
{
        struct node_event event = {.mac = {{0x52, 0x54, 0, 0, 0, 1}},
                                   .address = IP_OF4_BYTES(10, 0, 0, 100),
                                   .boot = "00f1e2d3c4b5a697",
                                   .step = STEP_KERNEL,
                                   .bytes = 8000000,
                                   .took_ms = 12};

        memcpy(event.text, text, strlen(text) + 1);
        events_add(events, &event);
}

static struct events *replayed(const struct records *records)
{
        struct events *events = events_new();

        assert_non_null(events);
        for (size_t i = 0; i < records->count; i++)
                assert_int_equal(events_replay(events, records->bytes[i], records->sizes[i]), 0);
        return events;
}

/* An older netbootd reads what is of IPv4. */
static void test_record_of_either_kind(void **state)
{
        static const struct ip_address addresses[] = {
                IP_OF4_BYTES(10, 0, 0, 100), {{{0xfd, 0x77, [15] = 1}}}, {{{0}}}};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
                const struct node_event event = {.step = STEP_KERNEL, .address = addresses[i]};
                uint8_t record[EVENT_RECORD_MAX];
                const size_t size = event_record_write(&event, record);
                struct node_event got;

                assert_int_equal(record[1], i == 1 ? 3 : 2);
                assert_int_equal(event_record_parse(record, size, &got), 0);
                assert_true(ip_is_equal(got.address, addresses[i]));
                assert_int_equal(event_record_parse(record, size - 1, &got), -EBADMSG);
        }
}

/* Of a port: of which operation. Of no other event, so that older programs read what they can. */
static void test_operation(void **state)
{
        const struct node_event event = {
                .step = STEP_PORT,
                .address = {{{0xfd, 0x77, [15] = 1}}},
                .operation = UINT64_C(0x123456789abcdef0),
        };
        uint8_t record[EVENT_RECORD_MAX];
        const size_t size = event_record_write(&event, record);
        struct node_event got;

        (void)state;
        assert_int_equal(record[1], 4);
        assert_int_equal(event_record_parse(record, size, &got), 0);
        assert_int_equal(got.step, STEP_PORT);
        assert_true(got.operation == event.operation);
        assert_true(ip_is_equal(got.address, event.address));
        for (size_t cut = 1; cut < size; cut++)
                assert_int_equal(event_record_parse(record, cut, &got), -EBADMSG);
}

static void test_record(void **state)
{
        struct node_event event = {.seq = 7,
                                   .at_ms = 8,
                                   .step = STEP_STOPPED,
                                   .of = STEP_RAMDISK,
                                   .bytes = 9,
                                   .total = 10},
                          got;
        uint8_t record[EVENT_RECORD_MAX];
        size_t size;

        (void)state;
        memset(event.text, 'x', sizeof(event.text) - 1);
        memset(event.boot, 'f', sizeof(event.boot) - 1);
        size = event_record_write(&event, record);
        assert_in_range(size, 1, sizeof(record));
        assert_int_equal(event_record_parse(record, size, &got), 0);
        assert_int_equal(got.seq, 7);
        assert_int_equal(got.step, STEP_STOPPED);
        assert_int_equal(got.of, STEP_RAMDISK);
        assert_int_equal(got.total, 10);
        assert_string_equal(got.text, event.text);
        for (size_t cut = 1; cut < size; cut++)
                assert_int_equal(event_record_parse(record, cut, &got), -EBADMSG);

        /* Of the version before: without the last two, a name and a number. */
        record[1] = 1;
        size -= strlen(node_step_names[STEP_RAMDISK]) + 1 + sizeof(uint64_t);
        assert_int_equal(event_record_parse(record, size, &got), 0);
        assert_int_equal(got.step, STEP_STOPPED);
        assert_int_equal(got.of, STEP_NONE);
        assert_int_equal(got.total, 0);
        assert_string_equal(got.text, event.text);

        record[1] = 99;
        assert_int_equal(event_record_parse(record, size, &got), -EPROTONOSUPPORT);
        record[0] = 'L';
        assert_int_equal(event_record_parse(record, size, &got), -ENOMSG);
}

static void test_restart_loses_nothing(void **state)
{
        struct records records = {.limit = RECORDS_MAX};
        struct node_event got[4];
        struct events *events = events_new();
        uint64_t last;

        (void)state;
        add(events, "one");
        add(events, "two");
        assert_int_equal(events_write_new(events, keep, &records), 0);
        assert_int_equal(events_write_new(events, keep, &records), 0);
        assert_int_equal(records.count, 2); /* each once */
        assert_int_equal(events_take(events, got, 4, 0), 2);
        events_known(events, got[0].seq);
        last = got[1].seq;
        assert_int_equal(events_write_new(events, keep, &records), 0);
        events_free(events);

        events = replayed(&records);
        assert_int_equal(events_take(events, got, 4, 0), 1);
        assert_string_equal(got[0].text, "two");
        assert_int_equal(got[0].seq, last);
        assert_string_equal(got[0].by, "edge");
        add(events, "three");
        assert_int_equal(events_take(events, got, 4, 0), 2);
        assert_true(got[1].seq > last);
        events_free(events);
}

/* The clock of an edge without a battery starts in the past: a number is still never given twice.
 */
static void test_clock_set_back(void **state)
{
        struct records records = {.limit = RECORDS_MAX};
        struct node_event got[1];
        struct events *events = events_new();
        const uint64_t known = (clock_wall_ms() + 3600000) * 1024;

        (void)state;
        events_known(events, known);
        assert_int_equal(events_write_all(events, keep, &records), 0);
        events_free(events);

        events = replayed(&records);
        add(events, "after");
        assert_int_equal(events_take(events, got, 1, 0), 1);
        assert_true(got[0].seq > known);
        events_free(events);
}

static void test_compaction(void **state)
{
        struct records records = {.limit = RECORDS_MAX};
        struct events *events = events_new();
        struct node_event got[4];

        (void)state;
        add(events, "one");
        add(events, "two");
        assert_int_equal(events_take(events, got, 4, 0), 2);
        events_known(events, got[0].seq);
        assert_int_equal(events_write_all(events, keep, &records), 0);
        /* What the snapshot has is still new to the journal, which may yet fail to be replaced. */
        assert_int_equal(records.count, 2);
        assert_int_equal(events_write_new(events, keep, &records), 0);
        assert_int_equal(records.count, 4);
        events_free(events);
}

static void test_full_journal_is_offered_again(void **state)
{
        struct records records = {.limit = 1};
        struct events *events = events_new();

        (void)state;
        add(events, "one");
        add(events, "two");
        assert_int_equal(events_write_new(events, keep, &records), -ENOBUFS);
        records.limit = RECORDS_MAX;
        assert_int_equal(events_write_new(events, keep, &records), 0);
        assert_int_equal(records.count, 2);
        events_free(events);
}

static void test_limit(void **state)
{
        struct events *events = events_new();
        struct node_event got[1];

        (void)state;
        add(events, "oldest");
        for (size_t i = 0; i < EVENTS_MAX_QUEUED; i++)
                add(events, "newer");
        assert_int_equal(events_count(events), EVENTS_MAX_QUEUED);
        assert_int_equal(events_take(events, got, 1, 0), 1);
        assert_string_equal(got[0].text, "newer");
        events_stop(events);
        assert_int_equal(events_take(events, got, 1, 60000), 0);
        events_free(events);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_operation),
                cmocka_unit_test(test_record),
                cmocka_unit_test(test_record_of_either_kind),
                cmocka_unit_test(test_restart_loses_nothing),
                cmocka_unit_test(test_clock_set_back),
                cmocka_unit_test(test_compaction),
                cmocka_unit_test(test_full_journal_is_offered_again),
                cmocka_unit_test(test_limit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
