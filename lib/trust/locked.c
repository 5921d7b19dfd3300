/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/trust/locked.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/writer.h"
#include "lib/trust/aead.h"
#include "lib/trust/openssl.h"
#include "lib/trust/secret.h"

struct pieces {
        uint8_t key[AEAD_KEY_SIZE];
        uint8_t head[LOCKED_HEAD_SIZE];
        uint64_t number; /* of the next piece */
};

struct locked_writer {
        int fd;
        struct pieces pieces;
        size_t size; /* in plain */
        uint8_t plain[LOCKED_PIECE_SIZE];
        uint8_t sealed[LOCKED_PIECE_SIZE + AEAD_TAG_SIZE];
};

struct locked_reader {
        int fd;
        struct pieces pieces;
        size_t at, size; /* in plain: given out, and there */
        size_t ahead;    /* in sealed: read already */
        bool is_last;    /* what is in plain is the last piece */
        uint8_t plain[LOCKED_PIECE_SIZE];
        uint8_t sealed[LOCKED_PIECE_SIZE + AEAD_TAG_SIZE + 1];
};

int locked_head_parse(struct reader bytes, struct locked_head *ret)
{
        struct locked_head head;
        uint8_t magic[sizeof(LOCKED_MAGIC) - 1], zero;

        if (reader_copy(&bytes, magic, sizeof(magic)) < 0 ||
            memcmp(magic, LOCKED_MAGIC, sizeof(magic)) != 0 || reader_u8(&bytes, &head.cost) < 0 ||
            reader_u8(&bytes, &head.block) < 0 || reader_u8(&bytes, &head.parallel) < 0 ||
            reader_u8(&bytes, &zero) < 0 || reader_copy(&bytes, head.salt, sizeof(head.salt)) < 0)
                return -EBADMSG;
        if (zero != 0 || head.cost == 0 || head.cost > LOCKED_COST_MAX ||
            head.block != LOCKED_BLOCK || head.parallel == 0 || head.parallel > LOCKED_PARALLEL)
                return -EBADMSG;
        *ret = head;
        return 0;
}

void locked_head_write(const struct locked_head *head, uint8_t ret[static LOCKED_HEAD_SIZE])
{
        struct writer w = writer_over(ret, LOCKED_HEAD_SIZE);

        writer_bytes(&w, LOCKED_MAGIC, sizeof(LOCKED_MAGIC) - 1);
        writer_u8(&w, head->cost);
        writer_u8(&w, head->block);
        writer_u8(&w, head->parallel);
        writer_u8(&w, 0);
        writer_bytes(&w, head->salt, sizeof(head->salt));
}

static int make_key(const char *passphrase, const struct locked_head *head,
                    uint8_t ret[static AEAD_KEY_SIZE])
{
        const uint64_t n = UINT64_C(1) << head->cost;
        /* What RFC 7914 2 says it takes, and something for the library. */
        const uint64_t memory = 128 * (n + head->parallel + 2U) * head->block + 65536;

        if (EVP_PBE_scrypt(passphrase, strlen(passphrase), head->salt, sizeof(head->salt), n,
                           head->block, head->parallel, memory, ret, AEAD_KEY_SIZE) != 1)
                return openssl_fail(-ENOMEM);
        return 0;
}

static void make_nonce(const struct pieces *pieces, bool is_last,
                       uint8_t ret[static AEAD_NONCE_SIZE])
{
        struct writer w = writer_over(ret, AEAD_NONCE_SIZE);

        writer_be64(&w, pieces->number);
        writer_zero(&w, AEAD_NONCE_SIZE - 9);
        writer_u8(&w, is_last);
}

static int write_all(int fd, const void *bytes, size_t size)
{
        const uint8_t *at = bytes;

        while (size > 0) {
                const ssize_t n = write(fd, at, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                at += n;
                size -= (size_t)n;
        }
        return 0;
}

/* As many as there are, up to @size. */
static ssize_t read_all(int fd, uint8_t *to, size_t size)
{
        size_t got = 0;

        while (got < size) {
                const ssize_t n = read(fd, to + got, size - got);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                got += (size_t)n;
        }
        return (ssize_t)got;
}

int locked_writer_new(int fd, const char *passphrase, struct locked_writer **ret)
{
        CLEANUP(locked_writer_free) struct locked_writer *writer = calloc(1, sizeof(*writer));
        struct locked_head head = {
                .cost = LOCKED_COST, .block = LOCKED_BLOCK, .parallel = LOCKED_PARALLEL};
        int rc;

        if (!writer)
                return -ENOMEM;
        writer->fd = fd;
        rc = random_bytes(head.salt, sizeof(head.salt));
        if (rc == 0)
                rc = make_key(passphrase, &head, writer->pieces.key);
        if (rc < 0)
                return rc;
        locked_head_write(&head, writer->pieces.head);
        rc = write_all(fd, writer->pieces.head, LOCKED_HEAD_SIZE);
        if (rc == 0)
                *ret = TAKE_PTR(writer);
        return rc;
}

static int write_piece(struct locked_writer *writer, bool is_last)
{
        const struct hpke_text head = {writer->pieces.head, LOCKED_HEAD_SIZE};
        const struct hpke_text plain = {writer->plain, writer->size};
        uint8_t nonce[AEAD_NONCE_SIZE];
        int rc;

        make_nonce(&writer->pieces, is_last, nonce);
        rc = aead_seal(writer->pieces.key, nonce, head, plain, writer->sealed);
        if (rc == 0)
                rc = write_all(writer->fd, writer->sealed, writer->size + AEAD_TAG_SIZE);
        writer->pieces.number++;
        writer->size = 0;
        return rc;
}

int locked_write(struct locked_writer *writer, const void *bytes, size_t size)
{
        const uint8_t *at = bytes;

        while (size > 0) {
                const size_t room = LOCKED_PIECE_SIZE - writer->size;
                const size_t some = size < room ? size : room;
                int rc;

                memcpy(writer->plain + writer->size, at, some);
                writer->size += some;
                at += some;
                size -= some;
                /* A full piece waits: it may be the last. */
                if (size == 0)
                        break;
                rc = write_piece(writer, false);
                if (rc < 0)
                        return rc;
        }
        return 0;
}

int locked_end(struct locked_writer *writer)
{
        return write_piece(writer, true);
}

struct locked_writer *locked_writer_free(struct locked_writer *writer)
{
        if (writer)
                secret_erase(writer, sizeof(*writer));
        free(writer);
        return NULL;
}

int locked_reader_new(int fd, const char *passphrase, struct locked_reader **ret)
{
        CLEANUP(locked_reader_free) struct locked_reader *reader = calloc(1, sizeof(*reader));
        struct locked_head head;
        ssize_t size;
        int rc;

        if (!reader)
                return -ENOMEM;
        reader->fd = fd;
        size = read_all(fd, reader->pieces.head, LOCKED_HEAD_SIZE);
        if (size < 0)
                return (int)size;
        rc = locked_head_parse(reader_over(reader->pieces.head, (size_t)size), &head);
        if (rc == 0)
                rc = make_key(passphrase, &head, reader->pieces.key);
        if (rc == 0)
                *ret = TAKE_PTR(reader);
        return rc;
}

/* A piece is the last when not one byte is behind it: so one more is read. */
static int read_piece(struct locked_reader *reader)
{
        const struct hpke_text head = {reader->pieces.head, LOCKED_HEAD_SIZE};
        const size_t whole = LOCKED_PIECE_SIZE + AEAD_TAG_SIZE;
        uint8_t nonce[AEAD_NONCE_SIZE];
        struct hpke_text sealed = {reader->sealed, 0};
        ssize_t size;
        int rc;

        size = read_all(reader->fd, reader->sealed + reader->ahead, whole + 1 - reader->ahead);
        if (size < 0)
                return (int)size;
        sealed.size = reader->ahead + (size_t)size;
        reader->is_last = sealed.size <= whole;
        if (sealed.size > whole)
                sealed.size = whole;
        if (sealed.size < AEAD_TAG_SIZE)
                return -EKEYREJECTED;
        make_nonce(&reader->pieces, reader->is_last, nonce);
        rc = aead_open(reader->pieces.key, nonce, head, sealed, reader->plain);
        if (rc < 0)
                return rc;
        reader->pieces.number++;
        reader->at = 0;
        reader->size = sealed.size - AEAD_TAG_SIZE;
        reader->ahead = !reader->is_last;
        reader->sealed[0] = reader->sealed[whole];
        return 0;
}

ssize_t locked_read(struct locked_reader *reader, void *to, size_t size)
{
        size_t got = 0;

        while (got < size) {
                const size_t there = reader->size - reader->at;
                const size_t some = size - got < there ? size - got : there;
                int rc;

                memcpy((uint8_t *)to + got, reader->plain + reader->at, some);
                reader->at += some;
                got += some;
                if (got == size || reader->is_last)
                        break;
                rc = read_piece(reader);
                if (rc < 0)
                        return rc;
        }
        return (ssize_t)got;
}

struct locked_reader *locked_reader_free(struct locked_reader *reader)
{
        if (reader)
                secret_erase(reader, sizeof(*reader));
        free(reader);
        return NULL;
}
