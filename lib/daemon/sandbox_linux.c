/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A list of what is refused, not of what is allowed: which calls libc, SQLite and
 * the TLS library make changes with every release of Debian, and a daemon that
 * is killed for a new one helps nobody. What is listed is what a way out of the
 * process needs: other processes, mounts, modules, namespaces, the kernel's
 * large and young interfaces.
 */

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/base/cleanup.h"
#include "lib/daemon/daemon.h"
#include "lib/daemon/sanitizer.h"

static const char *const refused[] = {
        /* other processes */
        "process_vm_readv",
        "process_vm_writev",
        "process_madvise",
        "pidfd_getfd",
        "kcmp",
        /* what is mounted where */
        "mount",
        "umount",
        "umount2",
        "mount_setattr",
        "move_mount",
        "open_tree",
        "fsopen",
        "fsconfig",
        "fsmount",
        "fspick",
        "pivot_root",
        "chroot",
        "swapon",
        "swapoff",
        "quotactl",
        "quotactl_fd",
        "acct",
        "open_by_handle_at",
        "name_to_handle_at",
        /* the kernel itself */
        "init_module",
        "finit_module",
        "delete_module",
        "kexec_load",
        "kexec_file_load",
        "reboot",
        "syslog",
        "bpf",
        "perf_event_open",
        "userfaultfd",
        "io_uring_setup",
        "io_uring_enter",
        "io_uring_register",
        "lookup_dcookie",
        "_sysctl",
        "nfsservctl",
        "uselib",
        "vhangup",
        /* keys of the kernel */
        "keyctl",
        "add_key",
        "request_key",
        /* namespaces; clone() is seen to below */
        "unshare",
        "setns",
        /* the machine's clock and names */
        "settimeofday",
        "clock_settime",
        "clock_settime64",
        "stime",
        "sethostname",
        "setdomainname",
        /* raw hardware and odd address spaces */
        "iopl",
        "ioperm",
        "modify_ldt",
        "personality",
        "pciconfig_read",
        "pciconfig_write",
};

static const unsigned long namespace_flags[] = {
        CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWUTS,  CLONE_NEWIPC,
        CLONE_NEWPID, CLONE_NEWNET,    CLONE_NEWUSER,
};

static int refuse(scmp_filter_ctx filter, const char *name, int error)
{
        int call = seccomp_syscall_resolve_name(name);

        if (call == __NR_SCMP_ERROR)
                return 0; /* this libseccomp, and so this architecture, does not know it */
        return seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint16_t)error), call, 0);
}

static int refuse_namespaces(scmp_filter_ctx filter)
{
        for (size_t i = 0; i < ARRAY_SIZE(namespace_flags); i++) {
                unsigned long flag = namespace_flags[i];
                int rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                                          SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag));

                if (rc < 0)
                        return rc;
        }
        /* Its flags lie in memory, where no filter can look; on ENOSYS libc uses clone(). */
        return refuse(filter, "clone3", ENOSYS);
}

static int fill(scmp_filter_ctx filter, bool may_exec, const char *kept)
{
        int rc = refuse_namespaces(filter);

        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(refused); i++)
                rc = kept && strcmp(kept, refused[i]) == 0 ? 0 : refuse(filter, refused[i], EPERM);
        if (rc == 0 && !HAS_LEAK_SANITIZER)
                rc = refuse(filter, "ptrace", EPERM);
        if (rc == 0 && !may_exec)
                rc = refuse(filter, "execve", EPERM);
        if (rc == 0 && !may_exec)
                rc = refuse(filter, "execveat", EPERM);
        return rc;
}

static int enter(bool may_exec, const char *kept)
{
        const struct rlimit no_core = {0}; /* it would have our keys and what we were told */
        scmp_filter_ctx filter = NULL;
        int rc;

        if (setrlimit(RLIMIT_CORE, &no_core) < 0)
                return -errno;
        filter = seccomp_init(SCMP_ACT_ALLOW);
        if (!filter)
                return -ENOMEM;
        rc = fill(filter, may_exec, kept);
        if (rc == 0)
                rc = seccomp_load(filter); /* sets no_new_privs, too */
        seccomp_release(filter);
        return rc;
}

int sandbox_enter(bool may_exec)
{
        return enter(may_exec, NULL);
}

int sandbox_enter_but(const char *kept)
{
        return enter(false, kept);
}
