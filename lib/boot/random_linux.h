/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the DHCP clients spread their waits and name their exchanges with: no secret. */

#include <stdint.h>
#include <sys/random.h>

static inline uint32_t random_number(void)
{
        uint32_t number = 0;

        /* Four bytes come whole or not at all, and 0 is a number too. */
        return getrandom(&number, sizeof(number), 0) == sizeof(number) ? number : 0;
}
