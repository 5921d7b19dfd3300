/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/base/journal_record.h"

#include <errno.h>
#include <string.h>

#include "lib/base/crc32c.h"
#include "lib/base/writer.h"

#define VERSION      1
#define MAGIC_SIZE   16
#define CHECKED_SIZE (MAGIC_SIZE + 4 + 4) /* of the header: up to its checksum */

static const char magic[MAGIC_SIZE + 1] = "cloudie journal\n";

void journal_header_write(uint8_t to[static JOURNAL_HEADER_SIZE], uint32_t seed)
{
        struct writer w = writer_over(to, JOURNAL_HEADER_SIZE);

        writer_text(&w, magic);
        writer_le32(&w, VERSION);
        writer_le32(&w, seed);
        writer_le32(&w, crc32c(0, to, CHECKED_SIZE));
        writer_zero(&w, writer_left(&w));
}

int journal_header_parse(struct reader *r, uint32_t *ret_seed)
{
        uint32_t version = 0, seed = 0, crc = 0;
        struct reader header;
        const uint8_t *start;
        int rc;

        rc = reader_take(r, JOURNAL_HEADER_SIZE, &header);
        if (rc < 0)
                return rc;
        start = header.at;
        reader_skip(&header, MAGIC_SIZE);
        reader_le32(&header, &version);
        reader_le32(&header, &seed);
        reader_le32(&header, &crc);
        if (memcmp(start, magic, MAGIC_SIZE) != 0 || version < VERSION ||
            crc != crc32c(0, start, CHECKED_SIZE))
                return -EBADMSG;
        if (version > VERSION)
                return -EPROTONOSUPPORT;

        *ret_seed = seed;
        return 0;
}

int journal_record_parse(struct reader *r, uint32_t seed, struct journal_record *ret)
{
        struct reader in = *r, checked;
        struct journal_record record;
        uint32_t crc, size;
        int rc;

        rc = reader_le32(&in, &crc);
        if (rc < 0)
                return rc;
        checked = in;
        rc = reader_le32(&in, &size);
        if (rc < 0)
                return rc;
        rc = reader_le64(&in, &record.sequence);
        if (rc < 0)
                return rc;
        rc = reader_le64(&in, &record.batch);
        if (rc < 0)
                return rc;
        if (size > JOURNAL_RECORD_MAX)
                return -EBADMSG;
        rc = reader_take(&in, size, &record.payload);
        if (rc < 0)
                return rc;
        if (crc != crc32c(seed, checked.at, (size_t)(in.at - checked.at)))
                return -EBADMSG;

        *r = in;
        *ret = record;
        return 0;
}

int journal_record_add(struct buffer *to, const void *record, size_t size)
{
        uint8_t frame[JOURNAL_FRAME_SIZE];
        struct writer w = writer_over(frame, sizeof(frame));
        size_t before = to->size;
        int rc;

        if (size > JOURNAL_RECORD_MAX)
                return -E2BIG;
        writer_zero(&w, 4);
        writer_le32(&w, (uint32_t)size);
        writer_zero(&w, writer_left(&w));
        buffer_add(to, frame, sizeof(frame));
        buffer_add(to, record, size);
        rc = to->rc;
        if (rc < 0) { /* the records before it are whole, and stay */
                to->size = before;
                to->rc = 0;
        }
        return rc;
}

uint64_t journal_records_seal(void *bytes, size_t size, uint32_t seed, uint64_t sequence)
{
        struct writer out = writer_over(bytes, size);
        uint64_t batch = sequence;

        while (writer_left(&out) >= JOURNAL_FRAME_SIZE) {
                struct reader frame = reader_over(out.at, writer_left(&out));
                struct writer crc = writer_over(out.at, 4);
                const uint8_t *checked = out.at + 4;
                uint32_t payload = 0;

                reader_skip(&frame, 4);
                reader_le32(&frame, &payload);
                out.at += 8; /* the checksum, which comes last, and the size, which stays */
                writer_le64(&out, sequence++);
                writer_le64(&out, batch);
                out.at += payload;
                writer_le32(&crc, crc32c(seed, checked, JOURNAL_FRAME_SIZE - 4 + payload));
        }
        return sequence - batch;
}

static bool is_all_zero(struct reader r)
{
        size_t left = reader_left(&r);

        return left == 0 || (r.at[0] == 0 && memcmp(r.at, r.at + 1, left - 1) == 0);
}

/*
 * Is there, anywhere in the rest, an intact record of a batch that began after
 * the record @sequence? Its number must be one that the bytes before it have
 * room for, which spares most of the checksums.
 */
static bool has_later_batch(struct reader rest, uint32_t seed, uint64_t sequence)
{
        struct reader start = rest;

        while (reader_left(&rest) >= JOURNAL_FRAME_SIZE) {
                uint64_t room = (reader_left(&start) - reader_left(&rest)) / JOURNAL_FRAME_SIZE + 1;
                struct reader here = rest, numbers = rest;
                struct journal_record record;
                uint64_t n = 0, batch = 0;

                reader_skip(&rest, 1);
                reader_skip(&numbers, 8);
                reader_le64(&numbers, &n);
                reader_le64(&numbers, &batch);
                if (batch <= sequence || n < batch || n - sequence > room)
                        continue;
                if (journal_record_parse(&here, seed, &record) == 0)
                        return true;
        }
        return false;
}

int journal_replay(const void *bytes, size_t size, journal_replay_fn replay, void *context,
                   struct journal_extent *ret)
{
        struct reader r = reader_over(bytes, size), next;
        struct journal_record record;
        struct journal_extent extent = {0};
        uint64_t batch = 0;
        int rc;

        rc = journal_header_parse(&r, &extent.seed);
        if (rc < 0)
                return rc;
        for (next = r; journal_record_parse(&next, extent.seed, &record) == 0; r = next) {
                if (record.sequence != extent.count + 1)
                        break;
                if (record.batch != batch && record.batch != record.sequence)
                        break;
                rc = replay(context, record.payload.at, reader_left(&record.payload));
                if (rc < 0)
                        return rc;
                batch = record.batch;
                extent.count++;
        }
        extent.end = size - reader_left(&r);
        extent.is_torn = !is_all_zero(r);
        if (extent.is_torn && has_later_batch(r, extent.seed, extent.count + 1))
                return -EBADMSG;

        *ret = extent;
        return 0;
}
