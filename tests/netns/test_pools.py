#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is given which address: classes, marks, releases, and addresses that somebody has already.

Usage: test_pools.py PROGRAM [TEST ...]

Real clients and a stand-in for the controller. Exits 77 (skipped) without root or a client.
"""
import json
import os
import shutil
import subprocess
import sys
import time
import unittest

import test_netbootd as lab
from wire import EDGE_NS, NODE_NS, OTHER_MAC, PXE, UEFI, in_node, run, until

UUID = "00112233-4455-6677-8899-aabbccddeeff"
UUID_OPTION = ["-x", "0x61:0033221100554477668899aabbccddeeff"]
SCRIPT = """#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/24" dev "$interface"
echo "$ip" > %s
"""


class PoolsTest(lab.EdgeTest):
    def answer(self, plan=None, delay_s=0, protocol="http", more_networks=(), disks=()):
        super().answer(plan, delay_s, protocol, more_networks, disks)
        with open(self.path("answers.json"), encoding="utf-8") as f:
            answers = json.load(f)
        config = answers["config"]
        config["networks"][0]["pools"] = [
            {"first": "10.77.0.20", "last": "10.77.0.29", "match": {"architectures": ["uefi-x86-64"]}},
            {"first": "10.77.0.30", "last": "10.77.0.39", "match": {"vendor_class": "PXEClient"}}]
        config["networks"][0]["root_path"] = "nfs://10.77.0.1/all"
        config["reservations"] = [{"uuid": UUID, "address": "10.77.0.50", "name": "db-1",
                                   "root_path": "tftp://10.77.0.1/freebsd"},
                                  {"client_id": "0xff0000000100020001", "address": "10.77.0.51"}]
        self.write("answers.tmp", json.dumps(answers))
        os.rename(self.path("answers.tmp"), self.path("answers.json"))

    def test_classes(self):
        self.start()
        self.assertRegex(self.dhcp()["ip"], r"^10\.77\.0\.1\d\d$")
        uefi = self.dhcp(UEFI, mac="52:54:00:77:00:21")["ip"]
        self.assertRegex(uefi, r"^10\.77\.0\.2\d$")
        self.assertRegex(self.dhcp(PXE, mac="52:54:00:77:00:22")["ip"], r"^10\.77\.0\.3\d$")
        # The system that it starts is in no class, and keeps the address.
        self.assertEqual(self.dhcp(mac="52:54:00:77:00:21")["ip"], uefi)

    def test_a_uuid(self):
        self.start()
        firmware = self.dhcp(UEFI + UUID_OPTION)
        self.assertEqual(firmware["ip"], "10.77.0.50")
        self.assertEqual(firmware["hostname"], "db-1")
        self.assertEqual(self.dhcp()["ip"], "10.77.0.50")
        # Its second card is another machine to DHCP.
        self.assertNotEqual(self.dhcp(UEFI + UUID_OPTION, mac=OTHER_MAC)["ip"], "10.77.0.50")
        # What was learned is in the journal.
        self.stop_one(self.edge)
        self.start_edge()
        self.assertEqual(self.dhcp()["ip"], "10.77.0.50")

    def test_a_root(self):
        """The loader of a system asks once more, without a class; it is told by whose address it
        has, as its firmware was, and who does not ask is not told."""
        self.start()
        asks = ["-O", "rootpath"]
        self.assertEqual(self.dhcp(UEFI + UUID_OPTION + asks)["rootpath"], "tftp://10.77.0.1/freebsd")
        self.assertEqual(self.dhcp(asks)["rootpath"], "tftp://10.77.0.1/freebsd")
        self.assertNotIn("rootpath", self.dhcp())
        self.assertEqual(self.dhcp(asks, mac=OTHER_MAC)["rootpath"], "nfs://10.77.0.1/all")

    def configured_by(self, *client):
        """Runs a client until it has an address; that, and what ends it."""
        self.addCleanup(run, "ip", "-4", "-n", NODE_NS, "addr", "flush", "dev", "eth0")
        process = subprocess.Popen(["ip", "netns", "exec", NODE_NS, *client],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        until(20, lambda: "10.77.0.1" in in_node("ip", "-4", "-o", "addr", "show", "dev",
                                                 "eth0").stdout.replace("10.77.0.1/", ""), self.log)
        return process

    def test_udhcpc_releases(self):
        self.start()
        self.write("udhcpc.sh", SCRIPT % self.path("given"))
        os.chmod(self.path("udhcpc.sh"), 0o755)
        process = self.configured_by("udhcpc", "-i", "eth0", "-f", "-R", "-s", self.path("udhcpc.sh"))
        process.terminate()
        until(10, lambda: "it gave its address back" in self.log(), self.log)

    @unittest.skipUnless(shutil.which("dhclient"), "no dhclient")
    def test_dhclient_releases(self):
        self.start()
        files = ["-lf", self.path("dhclient.leases"), "-pf", self.path("dhclient.pid")]
        self.configured_by("dhclient", "-4", "-d", "-v", *files, "eth0")
        in_node("dhclient", "-4", "-r", *files, "eth0", check=False)
        until(10, lambda: "it gave its address back" in self.log(), self.log)

    @unittest.skipUnless(shutil.which("dhcpcd"), "no dhcpcd")
    def test_dhcpcd_says_a_client_id(self):
        """RFC 4361: a type of 255, a number of the interface, and the machine's."""
        self.start()
        self.write("empty.conf", "")
        self.write("hook.sh", "#!/bin/sh\n[ -n \"$new_ip_address\" ] && "
                              "echo \"$new_ip_address\" > %s\nexit 0\n" % self.path("given"))
        os.chmod(self.path("hook.sh"), 0o755)
        in_node("dhcpcd", "-4", "-1", "-B", "-t", "20", "-f", self.path("empty.conf"), "-c",
                self.path("hook.sh"), "-I", "ff:00:00:00:01:00:02:00:01", "eth0", check=False)
        self.addCleanup(run, "ip", "-4", "-n", NODE_NS, "addr", "flush", "dev", "eth0")
        with open(self.path("given"), encoding="ascii") as f:
            self.assertEqual(f.read().strip(), "10.77.0.51", self.log())
        # The MAC that said it has it now, also where the next stage says nothing.
        self.assertEqual(self.dhcp()["ip"], "10.77.0.51")

    def test_somebody_has_it_already(self):
        name = "nbt-old-%d" % os.getpid()
        run("ip", "netns", "add", name)
        self.addCleanup(run, "ip", "netns", "del", name, check=False)
        run("ip", "-n", EDGE_NS, "link", "add", "port9", "type", "veth", "peer", "name", "eth0",
            "netns", name)
        run("ip", "-n", EDGE_NS, "link", "set", "port9", "master", "br0", "up")
        run("ip", "-n", name, "addr", "add", "10.77.0.150/24", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")
        until(10, lambda: "LOWER_UP" in run("ip", "-n", name, "link", "show", "dev", "eth0").stdout,
              "the old machine is there")
        self.start()
        began = time.monotonic()
        got = self.dhcp(["-r", "10.77.0.150"])
        self.assertIsNotNone(got, self.log())
        self.assertNotEqual(got["ip"], "10.77.0.150")
        self.assertLess(time.monotonic() - began, 60)
        self.assertIn("event=dhcp.conflict", self.log())
        self.assertRegex(self.log(), r"reply=NAK ip=\S+ reason=")
        # The old machine itself gets what it asks for once it rests no more; others never do.
        self.assertNotEqual(self.dhcp(["-r", "10.77.0.150"], mac=OTHER_MAC)["ip"], "10.77.0.150")


if __name__ == "__main__":
    sys.exit(lab.main() if len(sys.argv) > 1 else __doc__)
