/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* CRC-32C (Castagnoli), as in RFC 3720 appendix B.4: finds every burst of up to 32 damaged bits. */

#include <stddef.h>
#include <stdint.h>

/* Goes on from @crc: 0 at the start, or what an earlier call returned for the bytes before. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t len);
