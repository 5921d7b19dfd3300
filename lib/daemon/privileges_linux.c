/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From root to an account that owns nothing but its state folder, with the few
 * capabilities(7) that its sockets need. The order matters: the bounding set and
 * the groups need root's own capabilities, and the change of the user id would
 * take all of them away unless the kernel is told to keep them for capset(2).
 */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/daemon/confine.h"
#include "lib/daemon/daemon.h"
#include "lib/daemon/sanitizer.h"

/* Room for one account's texts; getpwnam_r(3) asks for 1024 with plain files. */
#define ACCOUNT_SIZE 16384

struct account {
        char name[64];
        uid_t uid;
        gid_t gid;
};

static int fail(char *error, int rc, const char *what)
{
        snprintf(error, DAEMON_ERROR_SIZE, "cannot give up root: %s: %s", what, strerror(-rc));
        return rc;
}

static int find_account(const char *user, struct account *ret)
{
        _free_ char *texts = malloc(ACCOUNT_SIZE);
        struct passwd entry, *found;
        int rc;

        if (!texts)
                return -ENOMEM;
        rc = getpwnam_r(user, &entry, texts, ACCOUNT_SIZE, &found);
        if (rc > 0)
                return -rc;
        if (!found || strlen(user) >= sizeof(ret->name))
                return -ENOENT;
        snprintf(ret->name, sizeof(ret->name), "%s", user);
        ret->uid = entry.pw_uid;
        ret->gid = entry.pw_gid;
        return 0;
}

static int become(const struct account *account)
{
        if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || initgroups(account->name, account->gid) < 0 ||
            setresgid(account->gid, account->gid, account->gid) < 0 ||
            setresuid(account->uid, account->uid, account->uid) < 0 ||
            prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
                return -errno;
        return 0;
}

static int drop_root(const char *user, const int *keep, char *error)
{
        struct account account = {0};
        int rc;

        if (user) {
                rc = find_account(user, &account);
                if (rc == -ENOENT)
                        snprintf(error, DAEMON_ERROR_SIZE, "there is no user '%s'", user);
                if (rc < 0)
                        return rc == -ENOENT ? rc : fail(error, rc, user);
        }
        rc = capabilities_limit(keep);
        if (rc < 0)
                return fail(error, rc, "bounding set");
        rc = user ? become(&account) : 0;
        if (rc < 0)
                return fail(error, rc, user);
        rc = capabilities_set(keep);
        if (rc < 0)
                return fail(error, rc, "capabilities");
        return 0;
}

int privileges_drop(const char *user, const int *keep, char *error)
{
        int rc = 0;

        if (user && *user == '\0')
                user = NULL;
        if (geteuid() == 0)
                rc = drop_root(user, keep, error);
        if (rc < 0)
                return rc;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return fail(error, -errno, "no_new_privs");
        sanitizer_allow_tracing();
        return 0;
}

int privileges_give(const char *user, const char *path)
{
        struct account account = {0};
        int rc;

        if (!user || *user == '\0' || geteuid() != 0)
                return 0;
        rc = find_account(user, &account);
        if (rc < 0)
                return rc;
        return lchown(path, account.uid, account.gid) < 0 ? -errno : 0;
}
