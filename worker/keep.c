/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What was told is remembered with the node's name: a disk that was copied to
 * another node brings its state folder along.
 */

#include "worker/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/daemon/log.h"
#include "lib/trust/secret.h"

#define STATE_FILE "phoned-home"
#define STATE_MAX  ((size_t)1 << 10)
#define PATH_SIZE  512

static void state_text(const struct worker_seed *seed, char to[static STATE_MAX])
{
        snprintf(to, STATE_MAX, "%s %llu\n", seed->node, (unsigned long long)seed->generation);
}

bool keep_was_told(const char *state, const struct worker_seed *seed)
{
        _free_ char *text = NULL;
        char path[PATH_SIZE], want[STATE_MAX];

        state_text(seed, want);
        snprintf(path, sizeof(path), "%s/" STATE_FILE, state);
        return file_read(AT_FDCWD, path, STATE_MAX, &text, NULL) == 0 && strcmp(text, want) == 0;
}

void keep_told(const char *state, const struct worker_seed *seed)
{
        char path[PATH_SIZE], text[STATE_MAX];
        int rc;

        state_text(seed, text);
        snprintf(path, sizeof(path), "%s/" STATE_FILE, state);
        rc = file_make_folders(state, 0700);
        if (rc >= 0)
                rc = file_replace(path, text, strlen(text), 0600);
        if (rc < 0)
                log_warning("phone-home.not-remembered", "path=%s error=%s", QUOTE(path),
                            QUOTE(strerror(-rc)));
}

static int give_to_owner(const char *folder, const char *path)
{
        struct stat status;

        if (geteuid() != 0)
                return 0;
        if (stat(folder, &status) < 0 || lchown(path, status.st_uid, status.st_gid) < 0)
                return -errno;
        return 0;
}

int keep_seed(const char *state, const struct worker_seed *seed, bool has_secret)
{
        _free_ struct worker_seed *copy = malloc(sizeof(*copy));
        _doc_ struct doc *object = NULL;
        _free_ char *text = NULL;
        char path[PATH_SIZE];
        int rc;

        if (!copy)
                return -ENOMEM;
        *copy = *seed;
        if (!has_secret)
                memset(copy->secret, '0', sizeof(copy->secret) - 1);
        object = doc_encode(&worker_seed_table, copy);
        secret_erase(copy, sizeof(*copy));
        rc = doc_print(object, DOC_COMPACT, &text);
        if (rc < 0)
                return rc;
        snprintf(path, sizeof(path), "%s/" KEEP_SEED, state);
        rc = file_make_folders(state, 0700);
        if (rc >= 0)
                rc = file_replace(path, text, strlen(text), 0600);
        secret_erase(text, strlen(text));
        return rc < 0 ? rc : give_to_owner(state, path);
}

bool keep_has_secret(const struct worker_seed *seed)
{
        return strspn(seed->secret, "0") < sizeof(seed->secret) - 1;
}
