/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/auth/rate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/siphash.h"
#include "lib/trust/secret.h"

#define SLOTS     4096 /* 64 KiB; a rack seldom has more addresses that try within a minute */
#define MINUTE_MS 60000

struct auth_rate {
        pthread_mutex_t lock;
        uint8_t key[SIPHASH_KEY_SIZE]; /* so that nobody can fall on his neighbour's slot */
        unsigned per_minute;
        struct {
                uint64_t since_ms;
                unsigned count;
        } slots[SLOTS];
};

struct auth_rate *auth_rate_new(unsigned per_minute)
{
        struct auth_rate *rate = calloc(1, sizeof(*rate));

        if (!rate)
                return NULL;
        pthread_mutex_init(&rate->lock, NULL);
        rate->per_minute = per_minute;
        if (random_bytes(rate->key, sizeof(rate->key)) < 0)
                return auth_rate_free(rate);
        return rate;
}

struct auth_rate *auth_rate_free(struct auth_rate *rate)
{
        if (!rate)
                return NULL;
        pthread_mutex_destroy(&rate->lock);
        free(rate);
        return NULL;
}

bool auth_rate_take(struct auth_rate *rate, const char *peer, uint64_t now_ms)
{
        const size_t at = siphash(rate->key, peer, strlen(peer)) % SLOTS;
        bool may;

        pthread_mutex_lock(&rate->lock);
        if (now_ms - rate->slots[at].since_ms >= MINUTE_MS) {
                rate->slots[at].since_ms = now_ms;
                rate->slots[at].count = 0;
        }
        may = rate->slots[at].count < rate->per_minute;
        if (may)
                rate->slots[at].count++;
        pthread_mutex_unlock(&rate->lock);
        return may;
}
