#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCPv6 of cloudie-netbootd, asked by the clients of others.

Usage: test_dhcp6.py PROGRAM [TEST ...]

Exits 77 (skipped) without root, IPv6, or a client.
"""
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import unittest

import test_netbootd as lab
from wire import EDGE_NS, MAC, NODE_NS, OTHER_MAC, Wire, in_edge, in_node, run, until

TOOLS = lab.TOOLS + ["dhclient", "dhcpcd"]
EDGE6 = "fd77::1"
NETWORKD = "/lib/systemd/systemd-networkd"
RELAY6 = "fd77::abc"
ADDRESS6 = r"fd77::1[0-9a-f]{2}"


class Dhcp6Test(lab.EdgeTest):
    first, last = "fd77::100", "fd77::1ff"

    def answer(self, plan=None, delay_s=0, protocol="http", more_networks=(), disks=()):
        super().answer(plan, delay_s, protocol, more_networks, disks)
        with open(self.path("answers.json"), encoding="utf-8") as f:
            answers = json.load(f)
        answers["config"]["networks"][0].update(
            subnet6="fd77::/64", pool6_first=self.first, pool6_last=self.last, dns6="fd77::53")
        answers["config"]["reservations"] = [
            {"mac": OTHER_MAC, "address": "10.77.0.50", "address6": "fd77::50"}]
        self.write("answers.tmp", json.dumps(answers))
        os.rename(self.path("answers.tmp"), self.path("answers.json"))

    def setUp(self):
        super().setUp()
        run("ip", "-n", EDGE_NS, "-6", "addr", "replace", EDGE6 + "/64", "dev", "br0", "nodad")
        self.set_mac(MAC)

    def set_mac(self, mac):
        """A card of its own: its link-local address is made of it anew."""
        run("ip", "-n", NODE_NS, "link", "set", "eth0", "down")
        run("ip", "-n", NODE_NS, "link", "set", "eth0", "address", mac)
        # dhcpcd leaves it to nobody else.
        run("ip", "-n", NODE_NS, "link", "set", "eth0", "addrgenmode", "eui64")
        run("ip", "-n", NODE_NS, "link", "set", "eth0", "up")
        until(10, lambda: "fe80::" in run("ip", "-n", NODE_NS, "-6", "addr", "show", "dev", "eth0",
                                         "scope", "link", "-tentative").stdout, "link-local")

    def dhclient(self, *more, lease="lease6", seconds=12):
        """The addresses that it was told of, with all else in its environment."""
        given = self.path("given6")
        self.write("dhclient.sh", "#!/bin/sh\nenv >> %s\nexit 0\n" % given)
        os.chmod(self.path("dhclient.sh"), 0o755)
        self.write("dhclient.conf", "timeout %d;\nrequest dhcp6.name-servers, dhcp6.domain-search;\n"
                   % seconds)
        if os.path.exists(given):
            os.unlink(given)
        got = subprocess.Popen(
            ["ip", "netns", "exec", NODE_NS, "dhclient", "-6", "-1", "-d", "-D", "LL", "-cf",
             self.path("dhclient.conf"), "-lf", self.path(lease), "-pf", self.path("dhclient.pid"),
             "-sf", self.path("dhclient.sh"), *more, "eth0"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

        def told():
            try:
                with open(given, encoding="utf-8") as f:
                    return f.read()
            except FileNotFoundError:
                return ""
        # In the foreground, where it goes on until it is told to end.
        until(seconds + 20, lambda: got.poll() is not None or "new_" in told(), "dhclient")
        if got.poll() is None and "-r" not in more:
            got.terminate()
        said = got.communicate(timeout=20)[0]
        text = told()
        return re.findall(r"^new_ip6_address=(\S+)$", text, re.M), text, said


class Serving(Dhcp6Test):
    def test_dhclient(self):
        self.start()
        addresses, environment, said = self.dhclient()
        self.assertTrue(addresses, said + self.log())
        self.assertRegex(addresses[0], r"^fd77::1[0-9a-f]{2}$")
        self.assertIn("new_dhcp6_name_servers=fd77::53", environment)
        self.assertIn("received=SOLICIT reply=ADVERTISE", self.log())
        self.assertIn("received=REQUEST reply=REPLY ip=%s" % addresses[0], self.log())
        self.assertIn("event=dhcp6 mac=%s" % MAC, self.log())
        # It forgets what it had, and gets the same again.
        again, _, said = self.dhclient(lease="other-file")
        self.assertEqual(again[:1], addresses[:1], said)
        # It comes back with what it had.
        again, _, said = self.dhclient()
        self.assertEqual(again[:1], addresses[:1], said)
        self.assertRegex(self.log(), r"received=(CONFIRM|REBIND|RENEW) reply=REPLY")
        self.dhclient("-r")
        until(5, lambda: "received=RELEASE reply=REPLY" in self.log(), self.log)

    def test_reserved(self):
        self.start()
        self.set_mac(OTHER_MAC)
        addresses, _, said = self.dhclient()
        self.assertEqual(addresses[:1], ["fd77::50"], said + self.log())

    def test_dhclient_information(self):
        self.start()
        _, environment, said = self.dhclient("-S")
        self.assertIn("new_dhcp6_name_servers=fd77::53", environment, said + self.log())
        self.assertIn("received=INFORMATION-REQUEST reply=REPLY", self.log())

    def dhcpcd(self):
        """What it says of one exchange. What it remembers stays in the test."""
        got = in_node("unshare", "-m", "sh", "-c", "mount -t tmpfs none /var/lib/dhcpcd && "
                      "exec dhcpcd -6 -1 -t 25 -d -f %s eth0" % self.path("dhcpcd.conf"),
                      check=False)
        in_node("dhcpcd", "-6", "-x", "eth0", check=False)
        return got.stdout + got.stderr

    def test_dhcpcd(self):
        """It asks because our advertisement tells it to, and wants the whole in one exchange."""
        self.start()
        self.write("dhcpcd.conf", "duid ll\noption rapid_commit\nipv6only\nipv6rs\nnohook resolv.conf\n"
                                  "noipv4ll\nscript /bin/true\n")
        run("ip", "netns", "exec", NODE_NS, "sysctl", "-qw", "net.ipv6.conf.eth0.accept_ra=0")
        # Its last lines may be lost, as another process of its own writes them: once more, then.
        said = self.dhcpcd()
        if not re.search(ADDRESS6, said):
            said += self.dhcpcd()
        self.assertIn("event=router", self.log())
        self.assertIn("but DHCPv6", self.log())
        self.assertRegex(self.log(), r"received=SOLICIT reply=REPLY ip=fd77::1", said)
        self.assertRegex(said, ADDRESS6)

    @unittest.skipUnless(os.path.exists(NETWORKD), "no systemd-networkd")
    def test_networkd(self):
        """As an installed Debian would: nothing is configured but to listen to routers."""
        self.start()
        self.write("a.network", "[Match]\nName=eth0\n[Network]\nIPv6AcceptRA=yes\n"
                                "[DHCPv6]\nDUIDType=link-layer\n")
        self.write("networkd.sh", """
mount -t tmpfs none /run && mkdir -p /run/systemd/network || exit 1
mount -o remount,ro /sys # as in a container: nobody waits for udev
cp %s /run/systemd/network/ && exec %s
""" % (self.path("a.network"), NETWORKD))
        with open(self.path("networkd.log"), "wb") as log:
            networkd = subprocess.Popen(
                ["ip", "netns", "exec", NODE_NS, "unshare", "-m", "sh", self.path("networkd.sh")],
                stdout=log, stderr=log)
        self.addCleanup(self.stop_one, networkd)

        def said():
            with open(self.path("networkd.log"), encoding="utf-8") as f:
                return f.read() + self.log()
        until(30, lambda: re.search(r"inet6 fd77::1[0-9a-f]{2}/128", run(
            "ip", "-n", NODE_NS, "-6", "addr", "show", "dev", "eth0").stdout), said)
        self.assertRegex(self.log(), r"received=(SOLICIT|REQUEST) reply=REPLY ip=fd77::1")
        # By that address it reaches its neighbours: nobody listens there, but somebody says so.
        got = in_node(sys.executable, "-c", "import socket; print(socket.socket(socket.AF_INET6)"
                      ".connect_ex(('%s', 9)))" % EDGE6)
        self.assertEqual(int(got.stdout), errno.ECONNREFUSED)


@unittest.skipUnless(shutil.which("perfdhcp"), "no perfdhcp")
class Perfdhcp(Dhcp6Test):
    first, last = "fd77::1000", "fd77::ffff"

    def perfdhcp(self, *more, exchanges):
        run("ip", "-n", NODE_NS, "-6", "addr", "replace", RELAY6 + "/64", "dev", "eth0", "nodad")
        self.addCleanup(run, "ip", "-n", NODE_NS, "-6", "addr", "del", RELAY6 + "/64", "dev", "eth0")
        got = in_node("perfdhcp", "-6", "-r", "200", "-R", "200", "-n", "200", "-u", "-W", "2000000",
                      *more, check=False)
        said = got.stdout + got.stderr
        self.assertEqual(got.returncode, 0, said + self.log()[-2000:])
        self.assertEqual(re.findall(r"received packets: (\d+)", said), ["200"] * exchanges, said)
        self.assertEqual(re.findall(r"non unique addresses: (\d+)", said), ["0"] * exchanges, said)

    def test_through_a_relay(self):
        self.start()
        self.perfdhcp("-A", "1", "-l", RELAY6, EDGE6, exchanges=2)


class Relays(Perfdhcp):
    """Of those that are configured, and of no other."""
    relays = ["fd77::abd"]

    def answer(self, plan=None, delay_s=0, protocol="http", more_networks=(), disks=()):
        super().answer(plan, delay_s, protocol, more_networks, disks)
        with open(self.path("answers.json"), encoding="utf-8") as f:
            answers = json.load(f)
        answers["config"]["networks"][0]["relays"] = self.relays
        self.write("answers.tmp", json.dumps(answers))
        os.rename(self.path("answers.tmp"), self.path("answers.json"))

    def test_through_a_relay(self):
        self.start()
        with self.assertRaises(AssertionError):
            self.perfdhcp("-A", "1", "-l", RELAY6, EDGE6, exchanges=2)
        self.assertIn("its relay may not speak for this network", self.log())
        self.assertNotIn("reply=ADVERTISE", self.log())


class Durable(Dhcp6Test):
    first = last = "fd77::100"

    def test_killed_after_reply(self):
        self.start()
        addresses, _, said = self.dhclient()
        self.assertEqual(addresses[:1], ["fd77::100"], said + self.log())
        self.stop_one(self.edge, signal.SIGKILL)
        self.start_edge()
        self.assertIn("leases6=1", self.log())
        # Its only address is not given to another.
        self.set_mac("52:54:00:77:00:98")
        addresses, _, _ = self.dhclient(lease="other", seconds=5)
        self.assertEqual(addresses, [], self.log())
        self.assertIn("no address is left in this network", self.log())
        self.set_mac(MAC)
        addresses, _, said = self.dhclient(lease="third")
        self.assertEqual(addresses[:1], ["fd77::100"], said + self.log())


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    lab.PROGRAM = os.path.abspath(sys.argv.pop(1))
    if os.geteuid() != 0 or any(not shutil.which(tool) for tool in TOOLS):
        print("skipped: this needs root and: " + " ".join(TOOLS))
        sys.exit(77)
    Wire.up()
    try:
        if in_edge("ip", "-6", "addr", "add", EDGE6 + "/64", "dev", "br0", "nodad",
                   check=False).returncode != 0:
            print("skipped: this host has no IPv6")
            sys.exit(77)
        unittest.main()
    finally:
        Wire.down()


if __name__ == "__main__":
    main()
