#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP of cloudie-netbootd as other programs see it that test servers, or live with one.

Usage: test_clients.py PROGRAM [TEST ...]

perfdhcp through a relay, nmap's scripts, systemd-networkd; udhcpc, dhclient and dhcpcd are in
test_pools.py and test_dhcp6.py. What is not installed is left out. Exits 77 (skipped) without root.
"""
import os
import re
import shutil
import subprocess
import sys
import unittest

import test_dhcp6
import test_netbootd as lab
from wire import EDGE, EDGE_NS, MAC, NODE_NS, in_node, run, until

NETWORKD = "/lib/systemd/systemd-networkd"
RELAY = "10.88.0.1"
PATIENCE = 6  # seconds that a script of nmap waits


@unittest.skipUnless(shutil.which("nmap"), "no nmap")
class Nmap(test_dhcp6.Dhcp6Test):
    def script(self, name, *more):
        got = in_node("nmap", "-n", "--script", name, "--script-args",
                      "broadcast-dhcp-discover.timeout=%ds" % PATIENCE, *more, check=False)
        return got.stdout + got.stderr

    def test_broadcast_dhcp_discover(self):
        """A DISCOVER of a MAC of its own, with the flag, to everybody."""
        self.start()
        run("ip", "-n", NODE_NS, "addr", "add", "10.77.0.9/24", "dev", "eth0")
        said = self.script("broadcast-dhcp-discover", "-e", "eth0")
        self.assertRegex(said, r"IP Offered: 10\.77\.0\.1\d\d", said + self.log())
        self.assertIn("DHCP Message Type: DHCPOFFER", said)
        self.assertIn("Server Identifier: " + EDGE, said)
        self.assertIn("Subnet Mask: 255.255.255.0", said)
        self.assertIn("mac=de:ad:c0:de:ca:fe on=br0 received=DISCOVER reply=OFFER", self.log())

    def test_dhcp_discover(self):
        """An INFORM to one server, from an address that nobody leased."""
        self.start()
        run("ip", "-n", NODE_NS, "addr", "add", "10.77.0.9/24", "dev", "eth0")
        said = self.script("dhcp-discover", "-sU", "-Pn", "-p", "67", EDGE)
        self.assertIn("DHCP Message Type: DHCPACK", said, said + self.log())
        self.assertIn("Server Identifier: " + EDGE, said)
        self.assertNotIn("IP Address Lease Time", said)  # RFC 2131 4.3.5
        self.assertIn("received=INFORM reply=ACK", self.log())

    def test_broadcast_dhcp6_discover(self):
        """Of the names of servers, nmap 7.93 reads those with a time in them; ours is that of a card
        (RFC 8415 11.4). That it says so shows that the answer came."""
        self.start()
        said = self.script("broadcast-dhcp6-discover", "-6", "-d", "-e", "eth0")
        self.assertRegex(said, r"Unexpected DUID type \(3\)|Message type: Advertise", said + self.log())
        self.assertIn("received=SOLICIT reply=ADVERTISE", self.log())


@unittest.skipUnless(shutil.which("perfdhcp"), "no perfdhcp")
class Perfdhcp(lab.EdgeTest):
    def test_through_a_relay(self):
        self.answer(more_networks=[{"name": "behind", "subnet": "10.88.0.0/16", "lease_s": 3600,
                                    "pool_first": "10.88.16.0", "pool_last": "10.88.31.255"}])
        self.start()
        run("ip", "-n", NODE_NS, "addr", "add", RELAY + "/16", "dev", "eth0")
        run("ip", "-n", NODE_NS, "route", "replace", EDGE, "dev", "eth0")
        run("ip", "-n", EDGE_NS, "route", "replace", "10.88.0.0/16", "dev", "br0")
        # -u: no address is given twice. Each of 500 machines asks once.
        got = in_node("perfdhcp", "-4", "-l", RELAY, "-r", "250", "-R", "500", "-n", "500", "-u",
                      "-W", "2000000", EDGE, check=False)
        said = got.stdout + got.stderr
        self.assertEqual(got.returncode, 0, said + self.log()[-2000:])
        self.assertEqual(re.findall(r"received packets: (\d+)", said), ["500", "500"], said)
        self.assertEqual(re.findall(r"non unique addresses: (\d+)", said), ["0", "0"], said)


@unittest.skipUnless(os.path.exists(NETWORKD), "no systemd-networkd")
class Networkd(lab.EdgeTest):
    def test_lease_and_release(self):
        """Its client id is a DUID (RFC 4361); its release does not name the server."""
        self.start()
        self.write("networkd.sh", """
mount -t tmpfs none /run && mkdir -p /run/systemd/network || exit 1
mount -o remount,ro /sys # as in a container: nobody waits for udev
printf '[Match]\\nName=eth0\\n[Network]\\nDHCP=ipv4\\nIPv6AcceptRA=no\\nLinkLocalAddressing=no\\n' \\
        > /run/systemd/network/eth0.network
exec %s
""" % NETWORKD)
        with open(self.path("networkd.log"), "wb") as log:
            networkd = subprocess.Popen(
                ["ip", "netns", "exec", NODE_NS, "unshare", "-m", "sh", self.path("networkd.sh")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(self.stop_one, networkd)

        def said():
            with open(self.path("networkd.log"), encoding="utf-8") as f:
                return f.read() + self.log()

        until(20, lambda: re.search(r"inet 10\.77\.0\.1\d\d/24", in_node(
            "ip", "-4", "addr", "show", "dev", "eth0").stdout), said)
        self.assertRegex(self.log(), "mac=%s on=br0 received=REQUEST reply=ACK" % MAC)
        self.stop_one(networkd)
        until(10, lambda: "it gave its address back" in self.log(), said)


if __name__ == "__main__":
    sys.exit(lab.main() if len(sys.argv) > 1 else __doc__)
