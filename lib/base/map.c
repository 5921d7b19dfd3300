/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Open addressing with linear probing. A slot keeps the hash beside the
 * pointer, so that a probe touches an entry only when it is the right one.
 *
 * A removed entry leaves a grave instead of moving its neighbours: this is what
 * lets a walk remove the entry that it stands on. Graves go when the table is
 * built anew, which happens when entries and graves fill three quarters.
 */
#include "lib/base/map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/siphash.h"

#define FIRST_SLOTS 16 /* a power of two, as are all that follow */

struct entry {
        void *value;
        size_t key_size;
        uint8_t key[];
};

struct slot {
        uint64_t hash;
        struct entry *entry; /* NULL: never used; &grave: removed */
};

struct map {
        uint8_t secret[SIPHASH_KEY_SIZE];
        struct slot *slots;
        size_t space;
        size_t count; /* entries */
        size_t used;  /* entries and graves */
        size_t limit;
};

static struct entry grave;

static bool is_entry(const struct slot *slot)
{
        return slot->entry && slot->entry != &grave;
}

struct map *map_new(size_t limit)
{
        struct map *map = calloc(1, sizeof(*map));

        if (!map)
                return NULL;
        map->limit = limit;
        map->space = FIRST_SLOTS;
        map->slots = calloc(map->space, sizeof(*map->slots));
        if (!map->slots || getentropy(map->secret, sizeof(map->secret)) < 0)
                return map_free(map);
        return map;
}

struct map *map_free(struct map *map)
{
        if (!map)
                return NULL;
        for (size_t i = 0; map->slots && i < map->space; i++)
                if (is_entry(&map->slots[i]))
                        free(map->slots[i].entry);
        free(map->slots);
        free(map);
        return NULL;
}

size_t map_count(const struct map *map)
{
        return map->count;
}

static bool is_key(const struct entry *entry, const void *key, size_t key_size)
{
        return entry->key_size == key_size &&
               (key_size == 0 || memcmp(entry->key, key, key_size) == 0);
}

/* The slot that holds the key, or NULL. There is always an unused slot, where the search ends. */
static struct slot *find_slot(const struct map *map, uint64_t hash, const void *key,
                              size_t key_size)
{
        for (size_t i = hash & (map->space - 1);; i = (i + 1) & (map->space - 1)) {
                struct slot *slot = &map->slots[i];

                if (!slot->entry)
                        return NULL;
                if (slot->entry != &grave && slot->hash == hash &&
                    is_key(slot->entry, key, key_size))
                        return slot;
        }
}

static void place(struct slot *slots, size_t space, struct slot slot)
{
        size_t i = slot.hash & (space - 1);

        while (slots[i].entry)
                i = (i + 1) & (space - 1);
        slots[i] = slot;
}

/* Makes sure that one more slot may be used. */
static int make_room(struct map *map)
{
        size_t space = map->space;
        struct slot *slots;

        if (map->used + 1 <= space - space / 4)
                return 0;
        if (map->count >= space / 2) /* else it is graves that fill it */
                space *= 2;
        slots = calloc(space, sizeof(*slots));
        if (!slots)
                return -ENOMEM;
        for (size_t i = 0; i < map->space; i++)
                if (is_entry(&map->slots[i]))
                        place(slots, space, map->slots[i]);
        free(map->slots);
        map->slots = slots;
        map->space = space;
        map->used = map->count;
        return 0;
}

void *map_find(const struct map *map, const void *key, size_t key_size)
{
        struct slot *slot;

        if (key_size > MAP_KEY_MAX || map->count == 0)
                return NULL; /* an empty one is not worth a hash: a site without reservations */
        slot = find_slot(map, siphash(map->secret, key, key_size), key, key_size);
        return slot ? slot->entry->value : NULL;
}

int map_set(struct map *map, const void *key, size_t key_size, void *value)
{
        struct entry *entry;
        struct slot *slot;
        uint64_t hash;
        int rc;

        if (key_size > MAP_KEY_MAX || !value)
                return -EINVAL;
        hash = siphash(map->secret, key, key_size);
        slot = find_slot(map, hash, key, key_size);
        if (slot) {
                slot->entry->value = value;
                return 0;
        }
        if (map->count >= map->limit)
                return -ENOSPC;
        rc = make_room(map);
        if (rc < 0)
                return rc;
        entry = malloc(sizeof(*entry) + key_size);
        if (!entry)
                return -ENOMEM;
        entry->value = value;
        entry->key_size = key_size;
        if (key_size > 0)
                memcpy(entry->key, key, key_size);
        place(map->slots, map->space, (struct slot){.hash = hash, .entry = entry});
        map->count++;
        map->used++;
        return 0;
}

void *map_remove(struct map *map, const void *key, size_t key_size)
{
        struct slot *slot;
        void *value;

        if (key_size > MAP_KEY_MAX)
                return NULL;
        slot = find_slot(map, siphash(map->secret, key, key_size), key, key_size);
        if (!slot)
                return NULL;
        value = slot->entry->value;
        free(slot->entry);
        slot->entry = &grave;
        map->count--;
        return value;
}

int map_next(const struct map *map, size_t *at, void **ret)
{
        while (*at < map->space) {
                const struct slot *slot = &map->slots[(*at)++];

                if (is_entry(slot)) {
                        *ret = slot->entry->value;
                        return 1;
                }
        }
        return 0;
}
