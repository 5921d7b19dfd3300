/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

/**
 * run_read() - what a program prints
 * @argv:        argv[0] is its path; NULL-ended
 * @timeout_ms:  then it is killed, as it is once it has closed its output
 * @to:          NUL-terminated; what does not fit is thrown away
 *
 * Its standard error goes nowhere, and it gets an empty environment.
 *
 * Return: 0 whatever it ended with; -ETIMEDOUT; -errno: it did not start.
 */
int run_read(const char *const *argv, unsigned timeout_ms, char *to, size_t size);
