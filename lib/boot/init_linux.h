/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the first process of a machine owes it. */

#include <stdbool.h>
#include <stdint.h>

/* Mounts /proc, /sys, /dev, /run and, on UEFI, efivarfs (once its module is there). 0 or -errno. */
int init_mount(void);
int init_mount_efivars(void);

/*
 * Opens what of standard input, output and error the kernel left closed, as it
 * does where console= names a port that the machine lacks. Or else the first
 * socket would be number 2, and the log would go out on the wire. 0 or -errno.
 */
int init_open_standard_files(void);

/*
 * The ramdisk's last file. The kernel boots on with a truncated root when memory
 * runs out while it unpacks: without this file nothing else can be believed.
 */
#define INIT_SENTINEL "/zz-complete"
bool init_is_whole(void);

/* Sets the clock forward or back to what the edge said, if it is off by more than a minute: a
 * machine with an empty battery would otherwise find no certificate valid. */
void init_set_clock(uint64_t time_s);

/* Sets it to a time that has certainly come, if it is before that; never back. */
void init_advance_clock(uint64_t time_s);

/* Has the machine's own clock keep the system's time, if it is off by more than a minute: what is
 * started next begins with it, and may have nobody to ask. */
void init_keep_clock(void);

/* Ends all other processes (as the first one), syncs disks and restarts the machine; returns only
 * if that fails. */
void init_reboot(void);

/* Says why something cannot go on where somebody may see it, and leaves time to read it. */
void init_say_given_up(const char *program, const char *why);

/* It cannot go on: says why where somebody may see it, leaves time to read it, and restarts. */
__attribute__((noreturn)) void init_give_up(const char *program, const char *why);
