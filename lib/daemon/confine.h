/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What a process may still do once it reads bytes of strangers. Each step is one
 * way: there is no call that gives anything back. Threads made later inherit all of
 * it, those that run already do not.
 *
 * Landlock knows files since Linux 5.13, renames between folders since 5.19 (we ask
 * for that), TCP since 6.7, signals and abstract sockets since 6.12. Debian 12's 6.1
 * knows files. What a kernel does not know is not refused by Landlock there; a
 * confined child is refused it by seccomp all the same.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        CONFINE_READ = 1,  /* files are read, folders listed */
        CONFINE_WRITE = 2, /* the same, and made, written, renamed, removed */
        CONFINE_DEVICE = 4 /* and ioctl(2) of devices (Linux 6.10; older ones do not tell apart) */
};

struct confine_path {
        const char *path; /* a file or a folder; NULL, "" and what is not there give no right */
        unsigned rights;
};

/* The folder of a file, for a file that is replaced by another one while the process runs. "."
 * where the name has none; NULL: @file is "" or NULL, or its name is too long. */
#define CONFINE_PATH_SIZE 4096
const char *confine_folder(char path[static CONFINE_PATH_SIZE], const char *file);

#define CONFINE_PORTS_MAX 8

struct confine_files {
        const struct confine_path *paths;
        size_t path_count;
        bool may_connect;                  /* TCP to any port; else to these alone */
        uint16_t ports[CONFINE_PORTS_MAX]; /* 0: none */
};

/* The Landlock version that this kernel speaks; 0: none that is of use. */
unsigned confine_landlock(void);

/**
 * confine_files() - no file but these, no program started, no TCP connection but to these
 *
 * Files that are open stay open, with the rights that they were opened with. Metadata (stat) of any
 * path can still be asked for, and a unix socket can be connected to by its path: that is for
 * seccomp. Sets no_new_privs.
 *
 * Return: 0; -EOPNOTSUPP: this kernel has no Landlock (the caller decides); -errno of a path or of
 *         the kernel: nothing is confined then.
 */
int confine_files(const struct confine_files *files);

/* Refuses (EPERM) to wait for connections, and to make one or send to an address unless
 * @may_connect. 0, -errno. */
int confine_network(bool may_connect);

/**
 * confine_program() - a program that runs as root in the ramdisk, or from an operator's shell
 * @may_connect: as confine_network()
 * @kept:        as sandbox_enter_but()
 *
 * confine_files(), the refusals of sandbox_enter() without exec, confine_network(): for what needs
 * devices, and so cannot have a short list. Says once on stderr that there is no Landlock, and goes
 * on: a machine that cannot be discovered or installed is no safer.
 *
 * Return: 0; -errno: the program must not go on.
 */
int confine_program(const char *name, const struct confine_files *files, bool may_connect,
                    const char *kept);

/* The same, but for what it says of the network: that is for confine_calls(). */
int confine_root_program(const char *name, const struct confine_files *files, const char *kept);

/* Refuses (EPERM) system calls by their names. 0, -EINVAL: one is none; -errno. */
int confine_calls(const char *const *names, size_t count);

/*
 * Root with few capabilities. @keep: CAP_NET_RAW ..., ended by -1. First what can ever be had again
 * is limited, then what is had; each thread its own. 0, -errno.
 */
int capabilities_limit(const int *keep);
int capabilities_set(const int *keep);

struct confinement {
        struct confine_files files; /* mostly none: it reads and writes what it was given open */
        bool may_thread;
        bool may_connect;       /* TCP over IPv4 and IPv6; and `files` has to say so */
        bool may_lack_landlock; /* without it all files are open to it, where there are paths */
        uint64_t memory_bytes;  /* that it asks the kernel for; 0: no limit */
        uint64_t file_bytes;    /* how far it may write in a file */
        unsigned cpu_s;         /* of computing; 0: no limit, somebody watches it */
};

/**
 * confine_child() - a process that computes, and touches nothing but what is open
 * @first_closed:  descriptors from here on are closed
 *
 * seccomp allows a short list: reading and writing of open descriptors, memory (none that can be
 * executed), clocks, threads and connections if asked. All other calls get EPERM: open (unless
 * there are paths), socket, connect, exec, fork, kill, ptrace, mount and whatever Linux will think
 * of. Landlock, where there is one, refuses files once more; that it is missing is no error here,
 * as without paths no call is left that could open anything. With paths it is: -EOPNOTSUPP, unless
 * it may_lack_landlock.
 *
 * No core is written. With AddressSanitizer memory is not limited, as that asks for terabytes.
 *
 * Return: 0, -errno: the process must not go on.
 */
int confine_child(const struct confinement *how, unsigned first_closed);
