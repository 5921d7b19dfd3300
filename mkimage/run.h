/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Other programs: apt-get, depmod, mksquashfs, mke2fs, grub-mkimage. */

/* When everything was made. e2fsprogs takes 0 for "not said", so it is the second after. */
#define RUN_TIME      1
#define RUN_TIME_TEXT "1"

/**
 * run_program() - run one and wait for its end
 * @argv:       NULL-ended; argv[0] is looked up in PATH, and in /usr/sbin and /sbin, which a
 *              user's PATH may lack
 * @folder:     where it runs; NULL: here
 * @error:      MKIMAGE_ERROR_SIZE bytes; names the program and the last line it said
 * @ret_output: what it wrote to stdout, NUL-terminated, the caller's; may be NULL
 *
 * It sees the C locale, and no SOURCE_DATE_EPOCH: what we build has time 0, and
 * mksquashfs refuses to be told twice. To mke2fs the time is RUN_TIME, and the machine's
 * /etc/mke2fs.conf is not read.
 *
 * Return: 0; -ENOENT if there is no such program; -EIO if it failed; -errno.
 */
int run_program(const char *const argv[], const char *folder, char *error, char **ret_output);
