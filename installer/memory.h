/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/* Bytes that may be taken without driving the machine into a corner: MemAvailable. */
uint64_t memory_available(void);

/* The same of a text as /proc/meminfo has it; 0: not said. */
uint64_t memory_available_in(const char *meminfo);
