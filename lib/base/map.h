/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Map: from bytes (a MAC, an address, a name) to a pointer.
 *
 * Keys come from strangers, so the hash is keyed with a random secret, and the
 * number of entries has a limit. The map copies keys (at most MAP_KEY_MAX
 * bytes) and owns no values.
 */

#include <stddef.h>
#include <stdint.h>

#define MAP_KEY_MAX 144 /* a DHCPv6 client is called by up to 130 bytes (RFC 8415 11.1) */

struct map;

/* @limit: entries at most. NULL without memory. */
struct map *map_new(size_t limit);
struct map *map_free(struct map *map); /* takes NULL; returns NULL; values stay */

size_t map_count(const struct map *map);
void *map_find(const struct map *map, const void *key, size_t key_size); /* NULL: none */

/**
 * map_set() - put a value under a key, in place of any other
 *
 * Return: 0, -ENOSPC at the limit, -ENOMEM, -EINVAL for a key above MAP_KEY_MAX or a NULL value.
 */
int map_set(struct map *map, const void *key, size_t key_size, void *value);

/* Takes the entry out; returns its value, or NULL. */
void *map_remove(struct map *map, const void *key, size_t key_size);

/**
 * map_next() - walk all values, in no order that means anything
 * @at:   0 at the start; the walk's place
 * @ret:  the next value
 *
 * The entry just returned may be removed during the walk; none may be added.
 *
 * Return: 1, or 0 at the end.
 */
int map_next(const struct map *map, size_t *at, void **ret);
