/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/daemon/confine.h"

static uint64_t kept_set(const int *keep)
{
        uint64_t set = 0;

        for (; keep && *keep >= 0; keep++)
                set |= (uint64_t)1 << *keep;
        return set;
}

/* What no program that we might start can ever get again. */
int capabilities_limit(const int *keep)
{
        const uint64_t kept = kept_set(keep);

        for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
                if (!(kept >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
                        return -errno;
        return 0;
}

int capabilities_set(const int *keep)
{
        const uint64_t kept = kept_set(keep);
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

        memset(data, 0, sizeof(data));
        for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
                data[i].effective = data[i].permitted = (uint32_t)(kept >> (32 * i));
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
                return -errno;
        return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}
