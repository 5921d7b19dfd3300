/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "installer/talker.h"

#include <linux/capability.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/daemon/confine.h"

#define WRITE (CONFINE_READ | CONFINE_WRITE)

int talker_confine(const char *name)
{
        /* The last for port 546, where DHCPv6 answers. */
        static const int kept[] = {CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE, -1};
        static const struct confine_path paths[] = {
                {"/etc",          WRITE       },
                {"/proc",         CONFINE_READ},
                {"/proc/sys/net", WRITE       },
                {"/sys",          CONFINE_READ},
        };
        static const char *const waiting[] = {"listen", "accept", "accept4", "kill", "tkill"};
        const struct confine_files files = {
                .paths = paths, .path_count = ARRAY_SIZE(paths), .may_connect = true};
        int rc = geteuid() == 0 ? capabilities_limit(kept) : 0; /* a test may be run by anybody */

        if (rc == 0 && geteuid() == 0)
                rc = capabilities_set(kept);
        if (rc == 0)
                rc = confine_root_program(name, &files, NULL);
        return rc < 0 ? rc : confine_calls(waiting, ARRAY_SIZE(waiting));
}
