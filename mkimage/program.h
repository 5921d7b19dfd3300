/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lib/base/reader.h"

/**
 * program_check_static() - can this program run where there are no libraries?
 * @file:  all its bytes
 *
 * Return: 0.
 *         -ELIBACC if it asks for a dynamic loader (System V gABI, PT_INTERP).
 *         -ENOEXEC if it is not a 64-bit x86 ELF program.
 */
int program_check_static(struct reader file);
