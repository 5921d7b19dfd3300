/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The whole userland of the tiny worker: mounts, drivers, an address, the seed,
 * the call, and then nothing but beats and the address' renewal.
 */

/* @state: as of phone_run(). */
__attribute__((noreturn)) void worker_run_as_init(const char *state);
