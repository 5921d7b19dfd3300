/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/logic/gone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE (NODE_NAME_SIZE + 24)

struct gone {
        uint64_t version;
        char key[KEY_SIZE]; /* "profile/worker" */
};

static size_t key_of(const char *kind, const char *name, char to[static KEY_SIZE])
{
        return (size_t)snprintf(to, KEY_SIZE, "%.16s/%.*s", kind, NODE_NAME_SIZE - 1, name);
}

uint64_t gone_version(const struct logic *logic, const char *kind, const char *name)
{
        const struct gone *gone;
        char key[KEY_SIZE];

        gone = map_find(logic->gone, key, key_of(kind, name, key));
        return gone ? gone->version : 0;
}

void gone_note(struct logic *logic, const char *kind, const char *name, uint64_t version)
{
        _free_ struct gone *fresh = calloc(1, sizeof(*fresh));
        struct gone *old;
        size_t size;

        if (!fresh)
                return;
        size = key_of(kind, name, fresh->key);
        old = map_find(logic->gone, fresh->key, size);
        if (old) {
                old->version = version;
                return;
        }
        fresh->version = version;
        if (map_set(logic->gone, fresh->key, size, fresh) == 0)
                (void)TAKE_PTR(fresh);
}

uint64_t gone_take(struct logic *logic, const char *kind, const char *name)
{
        const uint64_t version = gone_version(logic, kind, name);
        char key[KEY_SIZE];
        size_t size;
        void *gone;

        size = key_of(kind, name, key);
        gone = map_find(logic->gone, key, size);
        if (!gone)
                return 0;
        map_remove(logic->gone, key, size);
        free(gone);
        return version;
}

void gone_done(struct logic *logic)
{
        size_t at = 0;
        void *value;

        while (logic->gone && map_next(logic->gone, &at, &value))
                free(value);
        map_free(logic->gone);
}
