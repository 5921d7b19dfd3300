/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What is left to who reads packages. apt has checked them, and yet a reader of archives is large,
 * and runs with all that whoever makes an image may.
 */

#include "image/deb.h"

/**
 * confine_unpacking() - this process makes files below a folder, and nothing else
 * confine_making()    - this process writes below the folder that @output is to lie in, reads
 *                       @programs, and starts nothing any more, connects to nobody
 * @first_closed:  descriptors from here on are closed
 *
 * Where there is no Landlock that is said once on stderr, and seccomp does what it can.
 *
 * Return: 0; -errno: it must not go on.
 */
int confine_unpacking(const char *folder, unsigned first_closed);
int confine_making(const char *output, const char *programs);

/**
 * unpack_deb() - deb_extract() in a child that confine_unpacking() was called in
 * @wanted:  is called there: what it leaves in @context is lost
 *
 * Return: as deb_extract(); -EOWNERDEAD: the child gave no answer.
 */
int unpack_deb(int fd, const char *folder, deb_wanted_fn wanted, void *context, char *error);
