/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * landlock(7) by raw system calls. Its numbers stand here, as the headers of
 * Debian 12 end at version 2, and what is asked for is decided by the kernel that
 * runs, not by the one that we were built beside.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/confine.h"
#include "lib/daemon/sanitizer.h"

#define FS_EXECUTE     (1ULL << 0)
#define FS_WRITE_FILE  (1ULL << 1)
#define FS_READ_FILE   (1ULL << 2)
#define FS_READ_DIR    (1ULL << 3)
#define FS_VERSION_1   ((1ULL << 13) - 1) /* the four, removing, and making of seven kinds */
#define FS_REFER       (1ULL << 13)       /* since 2 */
#define FS_TRUNCATE    (1ULL << 14)       /* since 3 */
#define FS_IOCTL_DEV   (1ULL << 15)       /* since 5 */
#define FS_MAKE_CHAR   (1ULL << 6)
#define FS_MAKE_BLOCK  (1ULL << 11)
#define FS_OF_A_FILE   (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)
#define NET_CONNECT    (1ULL << 1) /* since 4 */
#define SCOPE_SIGNAL   (1ULL << 1) /* since 6 */
#define CREATE_VERSION (1U << 0)

/* Version 1 can rename nothing from one folder to another. */
#define VERSION_LEAST 2

enum { RULE_PATH = 1, RULE_PORT = 2 };

struct ruleset {
        uint64_t files, network, scoped; /* version 2 reads the first, 4 two, 6 all */
};

struct path_rule {
        uint64_t allowed;
        int32_t parent;
} __attribute__((packed));

struct port_rule {
        uint64_t allowed, port;
};

unsigned confine_landlock(void)
{
        const long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_VERSION);

        return version < VERSION_LEAST ? 0 : (unsigned)version;
}

const char *confine_folder(char path[static CONFINE_PATH_SIZE], const char *file)
{
        char *slash;

        if (!file || !file[0] || text_copy(path, CONFINE_PATH_SIZE, file) < 0)
                return NULL;
        slash = strrchr(path, '/');
        if (!slash)
                return ".";
        slash[slash == path] = '\0';
        return path;
}

static size_t ruleset_size(unsigned version)
{
        if (version < 4)
                return sizeof(uint64_t);
        return version < 6 ? 2 * sizeof(uint64_t) : 3 * sizeof(uint64_t);
}

static struct ruleset ruleset_of(unsigned version, const struct confine_files *files)
{
        struct ruleset set = {.files = FS_VERSION_1 | FS_REFER};

        if (version >= 3)
                set.files |= FS_TRUNCATE;
        if (version >= 5)
                set.files |= FS_IOCTL_DEV;
        if (version >= 4 && !files->may_connect)
                set.network = NET_CONNECT;
        /* Not the abstract sockets: a manager may listen for READY=1 on one. */
        if (version >= 6)
                set.scoped = SCOPE_SIGNAL;
        return set;
}

static uint64_t rights_of(unsigned asked)
{
        uint64_t rights = 0;

        if (asked & (CONFINE_READ | CONFINE_WRITE))
                rights = FS_READ_FILE | FS_READ_DIR;
        if (asked & CONFINE_WRITE)
                rights |=
                        ((FS_VERSION_1 | FS_REFER) & ~(FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_BLOCK)) |
                        FS_TRUNCATE;
        if (asked & CONFINE_DEVICE)
                rights |= FS_IOCTL_DEV;
        return rights;
}

static int add_path(int ruleset, uint64_t handled, const struct confine_path *path)
{
        struct path_rule rule = {.allowed = rights_of(path->rights) & handled};
        _close_ int fd = -EBADF;
        struct stat st;

        if (!path->path || !path->path[0])
                return 0;
        fd = open(path->path, O_PATH | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode))
                rule.allowed &= FS_OF_A_FILE;
        rule.parent = fd;
        return syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &rule, 0U) < 0 ? -errno : 0;
}

static int add_port(int ruleset, uint16_t port)
{
        const struct port_rule rule = {.allowed = NET_CONNECT, .port = port};

        return syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule, 0U) < 0 ? -errno : 0;
}

static int add_rules(int ruleset, const struct ruleset *set, const struct confine_files *files)
{
        /* LeakSanitizer reads at the end what is mapped where. */
        static const struct confine_path of_the_sanitizer = {"/proc", CONFINE_READ};
        int rc = HAS_LEAK_SANITIZER ? add_path(ruleset, set->files, &of_the_sanitizer) : 0;

        for (size_t i = 0; rc == 0 && i < files->path_count; i++)
                rc = add_path(ruleset, set->files, &files->paths[i]);
        for (size_t i = 0; rc == 0 && set->network && i < CONFINE_PORTS_MAX; i++)
                rc = files->ports[i] ? add_port(ruleset, files->ports[i]) : 0;
        return rc;
}

int confine_files(const struct confine_files *files)
{
        const unsigned version = confine_landlock();
        const struct ruleset set = ruleset_of(version, files);
        _close_ int ruleset = -EBADF;
        int rc;

        if (version == 0)
                return -EOPNOTSUPP;
        ruleset = (int)syscall(SYS_landlock_create_ruleset, &set, ruleset_size(version), 0U);
        if (ruleset < 0)
                return -errno;
        rc = add_rules(ruleset, &set, files);
        if (rc < 0)
                return rc;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        return syscall(SYS_landlock_restrict_self, ruleset, 0U) < 0 ? -errno : 0;
}
