/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Inside lib/daemon only. At the end of a program LeakSanitizer traces the
 * program itself; a sandbox that forbids it turns every clean end into a
 * failure. So builds with AddressSanitizer, and no others, allow that.
 */

#if defined(__SANITIZE_ADDRESS__)
#define HAS_LEAK_SANITIZER true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_LEAK_SANITIZER true
#endif
#endif

#ifndef HAS_LEAK_SANITIZER
#define HAS_LEAK_SANITIZER false
#endif

#include <stdbool.h>
#include <sys/prctl.h>

/* A process that changed its user cannot be traced any more. */
static inline void sanitizer_allow_tracing(void)
{
        if (HAS_LEAK_SANITIZER)
                prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
