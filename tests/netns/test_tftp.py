#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""TFTP of cloudie-netbootd: the clients of others, and forged requests without end.

Usage: test_tftp.py PROGRAM [TEST ...]

The wire and the stand-in of test_netbootd.py. Exits 77 (skipped) without root or a client.
"""
import os
import shutil
import subprocess
import sys
import unittest

import test_netbootd
from test_netbootd import EdgeTest
from wire import EDGE, NODE_NS, Wire, in_edge, in_node, run, until

TOOLS = ["ip", "curl", "tftp", "atftp", "busybox", "openssl"]

# Requests in the names of others: RATE a second, of addresses of 10.64.0.0/10, each once; or, with
# "near", in the names of the wire's own machines, the one that is served among them.
FORGER = """
import random, socket, struct, sys, time
rate, seconds, near = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == 'near'
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
edge = socket.inet_aton('%s')
rrq = b'\\0\\1assets/vmlinuz\\0octet\\0'
chance = random.Random(1)
start, sent = time.monotonic(), 0
print('begun', flush=True)
while time.monotonic() - start < seconds:
    while sent < (time.monotonic() - start) * rate:
        source = bytes((10, 77, 0, 2 + sent %% 250)) if near else \\
            struct.pack('!I', 0x0a400000 + chance.randrange(1 << 22))
        udp = struct.pack('!HHHH', 1024 + chance.randrange(60000), 69, 8 + len(rrq), 0)
        s.sendto(struct.pack('!BBHHHBBH', 0x45, 0, 28 + len(rrq), 0, 0, 64, 17, 0) + source + edge +
                 udp + rrq, ('%s', 0))
        sent += 1
    time.sleep(0.001)
print(sent)
""" % (EDGE, EDGE)


class Tftp(EdgeTest):
    def setUp(self):
        super().setUp()
        self.answer(protocol="tftp")
        run("ip", "-4", "-n", NODE_NS, "addr", "add", "10.77.0.50/24", "dev", "eth0")
        # Where all that is forged seems to come from.
        in_edge("ip", "route", "replace", "10.64.0.0/10", "dev", "br0")
        self.start()

    def test_clients(self):
        """Each client's own way to say it, and what it gets."""
        url = "tftp://%s/assets/" % EDGE
        rows = (
            ("curl", "-sf", url + "NAME", "-o", "OUT"),
            ("curl", "-sf", "--tftp-blksize", "1428", url + "NAME", "-o", "OUT"),
            ("curl", "-sf", "--tftp-no-options", url + "NAME", "-o", "OUT"),
            ("atftp", "--get", "-r", "assets/NAME", "-l", "OUT", EDGE),
            ("atftp", "--option", "windowsize 16", "--option", "blksize 1428", "--get", "-r",
             "assets/NAME", "-l", "OUT", EDGE),
            ("atftp", "--option", "windowsize 64", "--option", "blksize 512", "--get", "-r",
             "assets/NAME", "-l", "OUT", EDGE),
            ("tftp", "-m", "binary", EDGE, "-c", "get", "assets/NAME", "OUT"),
            ("busybox", "tftp", "-g", "-r", "assets/NAME", "-l", "OUT", EDGE),
            ("busybox", "tftp", "-b", "1428", "-g", "-r", "assets/NAME", "-l", "OUT", EDGE),
        )
        for name in ("vmlinuz", "shimx64.efi"):
            for row in rows:
                out = self.path("got")
                if os.path.exists(out):
                    os.unlink(out)
                in_node(*[word.replace("NAME", name).replace("OUT", out) for word in row])
                with open(out, "rb") as f:
                    self.assertEqual(f.read(), self.asset(name), row)

    def flood(self, how):
        forger = subprocess.Popen(
            ["ip", "netns", "exec", NODE_NS, sys.executable, "-c", FORGER, "1000", "6", how],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(forger.wait)
        self.assertEqual(forger.stdout.readline(), "begun\n")
        url = "tftp://%s/" % EDGE
        got = 0
        # Before there was a limit on what nobody answers, 1,024 of them held all places for 30 s.
        while forger.poll() is None:
            self.assertEqual(self.fetch(url + "shimx64.efi"), self.asset("shimx64.efi"))
            got += 1
        self.assertEqual(self.fetch(url + "assets/vmlinuz"), self.asset("vmlinuz"))
        self.assertGreater(got, 1)
        self.assertGreater(int(forger.stdout.read()), 2048)
        forger.stdout.close()

    def test_forged_requests_of_strangers(self):
        self.flood("far")
        until(10, lambda: "tftp.displaced" in self.log(), "somebody had to leave")

    def test_forged_requests_of_neighbours(self):
        self.flood("near")

    def test_a_transfer_outlives_a_flood(self):
        """What has begun goes on: its client has answered."""
        slow = subprocess.Popen(
            ["ip", "netns", "exec", NODE_NS, "curl", "-sf", "-m", "60", "--limit-rate", "400k", "-o",
             self.path("slow"), "--tftp-blksize", "1428", "tftp://%s/assets/vmlinuz" % EDGE])
        self.addCleanup(slow.wait)
        in_node(sys.executable, "-c", FORGER, "1000", "4", "far")
        self.assertEqual(slow.wait(timeout=60), 0)
        with open(self.path("slow"), "rb") as f:
            self.assertEqual(f.read(), self.asset("vmlinuz"))


def main():
    if os.geteuid() != 0 or any(not shutil.which(tool) for tool in TOOLS):
        print("needs root and " + " ".join(TOOLS))
        return 77
    test_netbootd.PROGRAM = os.path.abspath(sys.argv[1])
    Wire.up()
    try:
        return 0 if unittest.main(argv=["test_tftp"] + sys.argv[2:], exit=False,
                                  verbosity=2).result.wasSuccessful() else 1
    finally:
        Wire.down()


if __name__ == "__main__":
    sys.exit(main())
