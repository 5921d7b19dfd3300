#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network whose strangers are only listed, beside somebody else's DHCP server.

Usage: test_strangers.py PROGRAM [TEST ...]

Real clients, a stand-in for the controller, and one for the other server (foreign.py). Exits 77
(skipped) without root or a client.
"""
import json
import os
import shutil
import subprocess
import sys
import time
import unittest

import test_netbootd as lab
from wire import MAC, NODE_NS, OTHER_MAC, PXE, UEFI, Wire, in_edge, in_node, run, until

HERE = os.path.dirname(os.path.abspath(__file__))


class StrangersTest(lab.EdgeTest):
    known = ()
    open_until_ms = 0

    def answer(self, plan=None, delay_s=0, protocol="http", more_networks=(), disks=()):
        super().answer(plan, delay_s, protocol, more_networks, disks)
        with open(self.path("answers.json"), encoding="utf-8") as f:
            answers = json.load(f)
        config = answers["config"]
        config["version"] = int(time.time() * 1000)
        config["networks"][0]["strangers"] = "list"
        config["reservations"] = [{"mac": OTHER_MAC, "address": "10.77.0.50"}]
        config["known"] = [{"mac": mac} for mac in self.known]
        if self.open_until_ms:
            config["openings"] = [{"network": "lab", "until_ms": self.open_until_ms}]
        self.write("answers.tmp", json.dumps(answers))
        os.rename(self.path("answers.tmp"), self.path("answers.json"))

    def told(self, **facts):
        """The controller says so; the edge has heard it."""
        seen = self.log().count("event=edge.config")
        for name, value in facts.items():
            setattr(self, name, value)
        self.answer()
        until(15, lambda: self.log().count("event=edge.config") > seen, "a new configuration")
        time.sleep(0.2)

    def strangers(self):
        return [e for e in self.heard("event") if e["step"] == "stranger"]


class Listed(StrangersTest):
    def test_stranger_hears_nothing(self):
        self.start()
        self.assertIsNone(self.dhcp(PXE, seconds=3))
        until(10, lambda: len(self.strangers()) == 1, self.log)
        told = self.strangers()[0]
        self.assertEqual(told["mac"], MAC)
        self.assertRegex(told["text"], r"^network=10\.77\.0\.0/24 firmware=0 ipxe=no uuid=\S+ "
                                       r"class=PXEClient:Arch:00000")
        self.assertIsNone(self.dhcp(PXE, seconds=3))
        self.assertIsNone(self.dhcp((), seconds=2))  # what does not boot is none of our business
        time.sleep(1)
        self.assertEqual(self.steps(), ["stranger"])
        self.assertEqual(self.heard("plan"), [])
        self.assertNotIn("reply=", self.log())

    def test_a_reservation_is_known(self):
        self.start()
        self.assertEqual(self.dhcp(UEFI, mac=OTHER_MAC)["ip"], "10.77.0.50")

    def test_a_node_is_known(self):
        self.known = [MAC]
        self.answer()
        self.start()
        self.assertIsNotNone(self.dhcp(PXE))
        self.assertEqual(self.strangers(), [])
        # The list is kept: nothing of this needs the controller.
        self.stop_one(self.controller)
        self.stop_one(self.edge)
        self.start_edge()
        self.assertIsNotNone(self.dhcp(PXE))
        self.assertIsNone(self.dhcp(PXE, seconds=2, mac="52:54:00:77:00:55"))

    def test_open_for_a_while(self):
        self.start()
        self.assertIsNone(self.dhcp(PXE, seconds=2))
        self.told(open_until_ms=int(time.time() * 1000) + 25000)
        self.assertIsNotNone(self.dhcp(PXE), self.log())
        # It ends by the edge's own clock, with nobody there to say so.
        self.stop_one(self.controller)
        until(30, lambda: time.time() * 1000 > self.open_until_ms, "the end")
        self.assertIsNone(self.dhcp(PXE, seconds=3, mac="52:54:00:77:00:56"))
        # Who has an address may end its boot.
        self.assertIsNotNone(self.dhcp(PXE))

    def test_nobody_is_refused(self):
        """What another server gave is not ours to deny, not even to a node."""
        self.known = [MAC]
        self.answer()
        self.start()
        got = self.dhcp(PXE + ["-r", "192.168.9.9"])
        self.assertTrue(got["ip"].startswith("10.77.0."))
        # RFC 2131 4.3.2, INIT-REBOOT: without a neighbour that is a DHCPNAK.
        in_node(sys.executable, "-c", REBOOT, MAC, "192.168.9.9")
        until(10, lambda: "another server here may know it" in self.log(), self.log)
        self.assertNotIn("reply=NAK", self.log())
        self.assertNotIn("dhcp-nak", self.steps())


# A system that starts, and asks for the address that it had.
REBOOT = """
import socket, sys
mac = bytes.fromhex(sys.argv[1].replace(":", ""))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", 68))
s.sendto(b"\\1\\1\\6\\0" + b"boot" + bytes(2) + b"\\x80\\0" + bytes(16) + mac + bytes(202)
         + b"\\x63\\x82\\x53\\x63" + b"\\x35\\1\\3" + b"\\x32\\4" + socket.inet_aton(sys.argv[2])
         + b"\\xff", ("255.255.255.255", 67))
"""


class Probe(lab.EdgeTest):
    """Is somebody else's server there?"""

    def probe(self, device="br0", **more):
        return in_edge(lab.PROGRAM, "--probe", device, check=False, **more)

    def foreign(self, *arguments):
        run("ip", "-n", NODE_NS, "addr", "add", "10.77.0.9/24", "dev", "eth0")
        server = subprocess.Popen(["ip", "netns", "exec", NODE_NS, sys.executable,
                                   os.path.join(HERE, "foreign.py"), "eth0", "10.77.0.9",
                                   "10.77.0.66", *arguments])
        self.addCleanup(self.stop_one, server)

    def test_nobody(self):
        got = self.probe()
        self.assertEqual((got.returncode, got.stdout), (0, ""), got.stderr)

    def test_named_and_left_alone(self):
        heard = self.path("foreign.log")
        self.foreign(heard)
        until(5, lambda: os.path.exists(heard), "the other server")
        time.sleep(0.3)
        got = self.probe()
        self.assertEqual(got.returncode, 3, got.stderr)
        self.assertEqual(got.stdout, "server=10.77.0.9 mac=%s offers=10.77.0.66\n" % MAC)
        with open(heard, encoding="ascii") as f:
            lines = f.read().split("\n")[:-1]
        self.assertGreaterEqual(len(lines), 2)
        for line in lines:
            kind, mac = line.split()
            self.assertEqual(kind, "1")  # it asks, and never takes
            self.assertEqual(int(mac[:2], 16) & 3, 2)
            self.assertNotEqual(mac, MAC)

    def test_refusals(self):
        for device, why in (("nothing0", "no such network interface"), ("lo", "no Ethernet")):
            got = self.probe(device)
            self.assertEqual((got.returncode, got.stdout), (1, ""))
            self.assertIn(why, got.stderr)
        got = in_edge("setpriv", "--reuid", "65534", "--clear-groups", "--bounding-set", "-all",
                      "--inh-caps", "-all", lab.PROGRAM, "--probe", "br0", check=False)
        self.assertEqual(got.returncode, 1)
        self.assertIn("root", got.stderr)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    lab.PROGRAM = os.path.abspath(sys.argv.pop(1))
    if os.geteuid() != 0 or any(not shutil.which(tool) for tool in lab.TOOLS):
        print("skipped: this needs root and: " + " ".join(lab.TOOLS))
        sys.exit(77)
    Wire.up()
    try:
        unittest.main()
    finally:
        Wire.down()


if __name__ == "__main__":
    main()
