/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A daemon has a list of what is refused (sandbox_linux.c); a child that only
 * computes has one of what is allowed. What a newer libc asks for and is not here
 * gets EPERM, not death: malloc and memcpy find another way, an attacker does not.
 */

#include "lib/daemon/confine.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/daemon/daemon.h"
#include "lib/daemon/sanitizer.h"

static const char *const allowed[] = {
        /* what is open is read and written */
        "read",
        "write",
        "readv",
        "writev",
        "pread64",
        "pwrite64",
        "recvfrom",
        "lseek",
        "_llseek",
        "fsync",
        "fdatasync",
        "ftruncate",
        "close",
        "poll",
        "ppoll",
        "fstat",
        /* memory; mmap() and mprotect() are seen to below */
        "munmap",
        "mremap",
        "madvise",
        "brk",
        /* the process itself */
        "exit",
        "exit_group",
        "futex",
        "getpid",
        "gettid",
        "rt_sigaction",
        "rt_sigprocmask",
        "rt_sigreturn",
        "sigaltstack",
        "restart_syscall",
        "sched_yield",
        "sched_getaffinity",
        "set_robust_list",
        "rseq",
        /* clocks and chance */
        "clock_gettime",
        "clock_nanosleep",
        "nanosleep",
        "gettimeofday",
        "getrandom",
};

/* Only where there are paths that Landlock lets it open. */
static const char *const opening[] = {
        "openat",   "open",      "newfstatat", "getdents64", "faccessat2", "readlinkat",
        "unlinkat", "renameat2", "mkdirat",    "mkdir",      "fchmod",
};

static int allow(scmp_filter_ctx filter, const char *name)
{
        const int call = seccomp_syscall_resolve_name(name);

        if (call == __NR_SCMP_ERROR)
                return 0; /* this architecture does not have it */
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
}

static int allow_names(scmp_filter_ctx filter, const char *const *names, size_t count)
{
        int rc = 0;

        for (size_t i = 0; rc == 0 && i < count; i++)
                rc = allow(filter, names[i]);
        return rc;
}

/* Memory is data: what was decompressed is never run. */
static int allow_data(scmp_filter_ctx filter)
{
        int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

        if (rc == 0)
                rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                      SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        return rc;
}

/* For abort(). Without the number it could kill whoever made it, and all of that account. */
static int allow_own_end(scmp_filter_ctx filter)
{
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
}

static int allow_threads(scmp_filter_ctx filter)
{
        int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                  SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));

        /* Its flags lie in memory, where no filter can look; on ENOSYS libc uses clone(). */
        if (rc == 0)
                rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
        return rc;
}

/* To begin them, and to hear how that went; nobody connects to it. */
static int allow_connections(scmp_filter_ctx filter)
{
        static const char *const calls[] = {"connect", "getsockopt"};
        static const int families[] = {AF_INET, AF_INET6};
        int rc = allow_names(filter, calls, ARRAY_SIZE(calls));

        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(families); i++)
                rc = seccomp_rule_add(
                        filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
                        SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0),
                        SCMP_A1(SCMP_CMP_EQ, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        return rc;
}

static int fill(scmp_filter_ctx filter, const struct confinement *how)
{
        int rc = allow_names(filter, allowed, ARRAY_SIZE(allowed));

        if (rc == 0)
                rc = allow_data(filter);
        if (rc == 0)
                rc = allow_own_end(filter);
        if (rc == 0 && how->files.path_count > 0)
                rc = allow_names(filter, opening, ARRAY_SIZE(opening));
        if (rc == 0 && how->may_thread)
                rc = allow_threads(filter);
        if (rc == 0 && how->may_connect)
                rc = allow_connections(filter);
        return rc;
}

static int refuse_the_rest(const struct confinement *how)
{
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        int rc;

        if (!filter)
                return -ENOMEM;
        rc = fill(filter, how);
        if (rc == 0)
                rc = seccomp_load(filter);
        seccomp_release(filter);
        return rc;
}

static int limit(int what, rlim_t most)
{
        const struct rlimit limit = {most, most};

        return setrlimit((__rlimit_resource_t)what, &limit) < 0 ? -errno : 0;
}

static int set_limits(const struct confinement *how)
{
        int rc = limit(RLIMIT_CORE, 0);

        if (rc == 0)
                rc = limit(RLIMIT_FSIZE, how->file_bytes);
        if (rc == 0 && how->cpu_s > 0)
                rc = limit(RLIMIT_CPU, how->cpu_s);
        if (rc == 0 && how->memory_bytes > 0 && !HAS_LEAK_SANITIZER)
                rc = limit(RLIMIT_DATA, how->memory_bytes);
        return rc;
}

int confine_calls(const char *const *names, size_t count)
{
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
        int rc = filter ? 0 : -ENOMEM;

        for (size_t i = 0; rc == 0 && i < count; i++)
                rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM),
                                      seccomp_syscall_resolve_name(names[i]), 0);
        if (rc == 0)
                rc = seccomp_load(filter);
        if (filter)
                seccomp_release(filter);
        return rc;
}

int confine_network(bool may_connect)
{
        /* The last four are those that reach somebody. */
        static const char *const calls[] = {"bind",    "listen", "accept",  "accept4",
                                            "connect", "sendto", "sendmsg", "sendmmsg"};

        return confine_calls(calls, may_connect ? 4 : ARRAY_SIZE(calls));
}

int confine_root_program(const char *name, const struct confine_files *files, const char *kept)
{
        const int rc = confine_files(files);

        if (rc == -EOPNOTSUPP)
                fprintf(stderr, "%s: this kernel has no Landlock: every file can be reached\n",
                        name);
        return rc == 0 || rc == -EOPNOTSUPP ? sandbox_enter_but(kept) : rc;
}

int confine_program(const char *name, const struct confine_files *files, bool may_connect,
                    const char *kept)
{
        const int rc = confine_root_program(name, files, kept);

        return rc < 0 ? rc : confine_network(may_connect);
}

int confine_child(const struct confinement *how, unsigned first_closed)
{
        int rc;

        if (syscall(SYS_close_range, first_closed, ~0U, 0U) < 0)
                return -errno;
        rc = set_limits(how);
        if (rc < 0)
                return rc;
        rc = confine_files(&how->files);
        if (rc == -EOPNOTSUPP && (how->files.path_count == 0 || how->may_lack_landlock))
                rc = 0;
        if (rc < 0)
                return rc;
        return refuse_the_rest(how); /* sets no_new_privs, too */
}
