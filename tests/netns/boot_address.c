/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Gets an address of IPv6 as the ramdisk does, and says it.
 *
 * Usage: boot_address INTERFACE MAC
 */
#include <net/if.h>
#include <stdio.h>

#include "lib/base/net.h"
#include "lib/boot/network6_linux.h"

struct asked {
        struct loop *loop;
        struct network6 *network;
};

static void changed(void *context)
{
        const struct asked *asked = context;
        const struct ip6_address address = network6_address(asked->network);
        char text[IP6_TEXT_SIZE];

        if (!ip6_is_set(&address))
                return;
        puts(ip6_text(text, &address));
        loop_stop(asked->loop);
}

int main(int argc, char **argv)
{
        struct asked asked = {0};
        struct mac_address mac;
        int rc;

        if (argc != 3 || mac_parse(argv[2], &mac) < 0)
                return 2;
        rc = loop_new(&asked.loop);
        if (rc == 0)
                rc = network6_new(asked.loop, argv[1], &mac, changed, &asked, &asked.network);
        if (rc == 0)
                rc = loop_run(asked.loop);
        network6_free(asked.network);
        loop_free(asked.loop);
        return rc < 0;
}
