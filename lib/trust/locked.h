/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Locked: a file that only a passphrase opens.
 *
 * A head, then pieces of 64 KiB, each sealed on its own (ChaCha20-Poly1305, RFC
 * 8439) under a key that scrypt (RFC 7914) makes of the passphrase and a fresh
 * salt. The nonce is the number of the piece and whether it is the last: pieces
 * are neither changed, swapped, repeated nor left off without being noticed. The
 * head is sealed with every piece. Nothing is given out that was not vouched for.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/cleanup.h"
#include "lib/base/reader.h"

#define LOCKED_MAGIC      "cloudie-locked-1"
#define LOCKED_SALT_SIZE  16
#define LOCKED_HEAD_SIZE  (16 + 4 + LOCKED_SALT_SIZE)
#define LOCKED_PIECE_SIZE ((size_t)65536) /* plain bytes of each but the last */

/* What scrypt is to cost: N = 2^15, r = 8, p = 3 takes 32 MiB and some 0.3 s. */
#define LOCKED_COST      15
#define LOCKED_BLOCK     8
#define LOCKED_PARALLEL  3
#define LOCKED_COST_MAX  18 /* 256 MiB: who wrote the file must not take all our memory */
#define PASSPHRASE_LEAST 12 /* bytes: whoever finds the file may try as long as he likes */
#define PASSPHRASE_SIZE  1025

struct locked_head {
        uint8_t cost, block, parallel;
        uint8_t salt[LOCKED_SALT_SIZE];
};

/* 0; -EBADMSG: this is no such file, or of another version. Pure. */
int locked_head_parse(struct reader bytes, struct locked_head *ret);
void locked_head_write(const struct locked_head *head, uint8_t ret[static LOCKED_HEAD_SIZE]);

struct locked_writer;
struct locked_reader;

/* Writes the head to @fd, which is borrowed. Takes as long as scrypt does. 0, -ENOMEM, -EIO,
 * -errno. */
int locked_writer_new(int fd, const char *passphrase, struct locked_writer **ret);
int locked_write(struct locked_writer *writer, const void *bytes, size_t size);
/* The last piece: without it the file is cut. Does not sync. */
int locked_end(struct locked_writer *writer);
struct locked_writer *locked_writer_free(struct locked_writer *writer); /* takes NULL */
CLEANUP_DEFINE(struct locked_writer *, locked_writer_free)

/* Reads the head from @fd, which is borrowed. 0; -EBADMSG: no such file; -ENOMEM, -EIO, -errno. */
int locked_reader_new(int fd, const char *passphrase, struct locked_reader **ret);

/**
 * locked_read() - the next bytes, all that were asked for unless the end comes first
 *
 * Return: how many, 0 at the end; -EKEYREJECTED: another passphrase, or it was changed or cut;
 *         -errno of reading.
 */
ssize_t locked_read(struct locked_reader *reader, void *to, size_t size);
struct locked_reader *locked_reader_free(struct locked_reader *reader); /* takes NULL */
CLEANUP_DEFINE(struct locked_reader *, locked_reader_free)
