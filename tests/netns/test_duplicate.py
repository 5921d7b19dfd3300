#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ramdisk's address of IPv6, where another machine has the first one that it is given.

Usage: test_duplicate.py PROGRAM CLIENT [TEST ...]

Exits 77 (skipped) without root, IPv6, or a client.
"""
import os
import sys

import test_dhcp6
from test_dhcp6 import Dhcp6Test
from wire import EDGE_NS, MAC, NODE_NS, in_node, run


class Duplicate(Dhcp6Test):
    client = None

    def test_it_is_declined(self):
        """RFC 8415 18.2.8: and another is asked for."""
        self.start()
        given = self.boot_address()
        run("ip", "-n", NODE_NS, "-6", "addr", "flush", "dev", "eth0", "scope", "global")
        in_node("sysctl", "-qw", "net.ipv6.conf.eth0.accept_dad=1")
        run("ip", "-n", EDGE_NS, "-6", "addr", "add", given + "/128", "dev", "br0", "nodad")
        self.addCleanup(run, "ip", "-n", EDGE_NS, "-6", "addr", "del", given + "/128", "dev", "br0",
                        check=False)
        other = self.boot_address()
        self.assertNotEqual(other, given, self.log())
        self.assertIn("received=DECLINE", self.log())

    def boot_address(self):
        """Not into the resolver of this host."""
        said = in_node("unshare", "--mount", "sh", "-c",
                       'mount -t tmpfs none /etc && exec timeout 30 "$0" eth0 ' + MAC, self.client)
        return said.stdout.split()[-1]


if __name__ == "__main__":
    Duplicate.client = os.path.abspath(sys.argv.pop(2))
    test_dhcp6.main()
