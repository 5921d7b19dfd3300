/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Written from section 2.2 of the paper; names of the state words are the paper's. */
#include "lib/base/siphash.h"

#include "lib/base/reader.h"

struct state {
        uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, unsigned by)
{
        return x << by | x >> (64 - by);
}

static inline void rounds(struct state *s, int count)
{
        for (; count > 0; count--) {
                s->v0 += s->v1;
                s->v2 += s->v3;
                s->v1 = rotate(s->v1, 13) ^ s->v0;
                s->v3 = rotate(s->v3, 16) ^ s->v2;
                s->v0 = rotate(s->v0, 32);
                s->v2 += s->v1;
                s->v0 += s->v3;
                s->v1 = rotate(s->v1, 17) ^ s->v2;
                s->v3 = rotate(s->v3, 21) ^ s->v0;
                s->v2 = rotate(s->v2, 32);
        }
}

static inline void compress(struct state *s, uint64_t word)
{
        s->v3 ^= word;
        rounds(s, 2);
        s->v0 ^= word;
}

uint64_t siphash(const uint8_t key[static SIPHASH_KEY_SIZE], const void *bytes, size_t len)
{
        struct reader k = reader_over(key, SIPHASH_KEY_SIZE);
        struct reader in = reader_over(bytes, len);
        uint64_t k0 = 0, k1 = 0, word = 0;
        struct state s;

        reader_le64(&k, &k0);
        reader_le64(&k, &k1);
        s.v0 = k0 ^ UINT64_C(0x736f6d6570736575);
        s.v1 = k1 ^ UINT64_C(0x646f72616e646f6d);
        s.v2 = k0 ^ UINT64_C(0x6c7967656e657261);
        s.v3 = k1 ^ UINT64_C(0x7465646279746573);

        while (reader_le64(&in, &word) == 0)
                compress(&s, word);

        /* The last word: what is left, and the length modulo 256 on top. */
        word = (uint64_t)len << 56;
        for (unsigned i = 0; i < reader_left(&in); i++)
                word |= (uint64_t)in.at[i] << (8 * i);
        compress(&s, word);

        s.v2 ^= 0xff;
        rounds(&s, 4);
        return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
