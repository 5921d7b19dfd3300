#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""TFTP and boot HTTP of cloudie-netbootd over IPv6, and its addresses while they change.

Usage: test_boot6.py PROGRAM [TEST ...]

Exits 77 (skipped) without root, IPv6, or a client.
"""
import contextlib
import os
import socket
import subprocess

import test_dhcp6
import test_netbootd as lab
from test_dhcp6 import EDGE6, Dhcp6Test
from test_http import get, namespace, read_answer
from wire import EDGE, EDGE_NS, IPXE, NODE_NS, SCRIPT, in_edge, in_node, run, until

NODE6 = "fd77::9"
OTHER6 = "fd78::"  # a prefix of hosts that change their address
PER_SHARE = 64  # HTTP_MAX_PER_ADDRESS
URL = "http://[%s]" % EDGE6
MOVED = "10.77.0.2"
# Each client's own way to say it.
TFTP = (
    ("curl", "-6", "-sf", "tftp://[%s]/assets/NAME" % EDGE6, "-o", "OUT"),
    ("curl", "-6", "-sf", "--tftp-blksize", "1428", "tftp://[%s]/assets/NAME" % EDGE6, "-o", "OUT"),
    ("atftp", "--get", "-r", "assets/NAME", "-l", "OUT", EDGE6),
    ("atftp", "--option", "windowsize 16", "--option", "blksize 1408", "--get", "-r", "assets/NAME",
     "-l", "OUT", EDGE6),
    ("tftp", "-6", "-m", "binary", EDGE6, "-c", "get", "assets/NAME", "OUT"),
    ("busybox", "tftp", "-g", "-r", "assets/NAME", "-l", "OUT", EDGE6),
)


def connect(source, target):
    with namespace(NODE_NS):
        s = socket.socket(socket.AF_INET6)
    s.settimeout(2)
    s.bind((source, 0))
    s.connect((target, 80))
    return s


class Boot6Test(Dhcp6Test):
    def setUp(self):
        super().setUp()
        self.add6(NODE_NS, "eth0", NODE6)

    def add6(self, namespace, device, *addresses):
        run("ip", "-n", namespace, "-6", "-batch", "-", input="".join(
            "addr replace %s/64 dev %s nodad\n" % (a, device) for a in addresses))
        self.addCleanup(run, "ip", "-n", namespace, "-6", "-batch", "-", input="".join(
            "addr del %s/64 dev %s\n" % (a, device) for a in addresses), check=False)


class Files(Boot6Test):
    def test_tftp(self):
        self.start()
        out = self.path("got")
        for row in TFTP:
            with self.subTest(" ".join(row)):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(out)
                in_node(*[word.replace("NAME", "vmlinuz").replace("OUT", out) for word in row])
                with open(out, "rb") as f:
                    self.assertEqual(f.read(), self.asset("vmlinuz"), row)
        self.assertIn("ip=%s end=done" % NODE6, self.log())
        for name in ("assets/nothing", "assets/../credential", "boot/grub/nobody"):
            self.assertIsNone(self.fetch("tftp://[%s]/%s" % (EDGE6, name), "--path-as-is", "-g",
                                         check=False), name)

    def test_http(self):
        self.start()
        self.assertEqual(self.fetch(URL + "/assets/vmlinuz", "-g"), self.asset("vmlinuz"))
        self.assertEqual(self.fetch(URL + "/assets/vmlinuz", "-g", "-r", "5-9"),
                         self.asset("vmlinuz")[5:10])
        head = in_node("curl", "-gsI", URL + "/assets/vmlinuz").stdout
        self.assertRegex(head, r"(?m)^Content-Length: %d\s*$" % len(self.asset("vmlinuz")))
        self.assertIsNone(self.fetch(URL + "/assets/../credential", "-g", "--path-as-is",
                                     check=False))

    def test_script(self):
        """Of whoever has the lease, and of nobody else."""
        self.start()
        addresses, _, said = self.dhclient()
        self.assertTrue(addresses, said + self.log())
        script = URL + "/" + SCRIPT
        self.assertIsNone(self.fetch(script, "-g", check=False))
        self.add6(NODE_NS, "eth0", addresses[0])
        got = self.fetch(script, "-g", "--interface", addresses[0])
        self.assertIsNotNone(got, self.log())
        self.assertTrue(got.startswith(b"#!ipxe"), got)

    def test_limit_of_a_prefix(self):
        """A host that takes another address for each connection gets no more than one that does not."""
        self.start()
        self.add6(EDGE_NS, "br0", OTHER6 + "1")
        self.add6(NODE_NS, "eth0", *("%s%x" % (OTHER6, 0x100 + n) for n in range(100)))
        served = 0
        with contextlib.ExitStack() as sockets:
            for n in range(100):
                with contextlib.suppress(OSError, ConnectionError):
                    s = sockets.enter_context(connect("%s%x" % (OTHER6, 0x100 + n),
                                                      OTHER6 + "1"))
                    s.sendall(get("/healthz"))
                    served += read_answer(s)[0] == 200
            # As many threads may each let one more in at the same moment.
            self.assertTrue(PER_SHARE <= served <= PER_SHARE + 2, served)
            self.assertEqual(self.fetch(URL + "/assets/vmlinuz", "-g"), self.asset("vmlinuz"))

        def let_in_again():
            with contextlib.suppress(OSError):
                with connect(OTHER6 + "100", OTHER6 + "1") as s:
                    s.sendall(get("/healthz"))
                    return read_answer(s)[0] == 200
            return False
        until(5, let_in_again, "those that went leave their places")


class Without(Boot6Test):
    def answer(self, plan=None, delay_s=0, protocol="http", more_networks=(), disks=()):
        lab.EdgeTest.answer(self, plan, delay_s, protocol, more_networks, disks)

    def test_nobody_is_answered(self):
        self.start()
        self.assertIsNone(self.fetch(URL + "/assets/vmlinuz", "-g", check=False))
        self.assertIsNone(self.fetch("tftp://[%s]/assets/vmlinuz" % EDGE6, "-g", "-m", "3",
                                     check=False))
        self.assertEqual(self.status("/assets/vmlinuz", runner=in_edge), 200)


class Changes(Boot6Test):
    def test_an_address_of_ipv6_comes_late(self):
        """As after a start before the router's first advertisement."""
        run("ip", "-n", EDGE_NS, "-6", "addr", "del", EDGE6 + "/64", "dev", "br0")
        self.start()
        addresses, _, _ = self.dhclient(seconds=3)
        self.assertEqual(addresses, [])
        run("ip", "-n", EDGE_NS, "-6", "addr", "add", EDGE6 + "/64", "dev", "br0", "nodad")
        until(5, lambda: "event=interface.addresses on=br0 ipv6=1" in self.log(), self.log)
        addresses, _, said = self.dhclient()
        self.assertTrue(addresses, said + self.log())
        # Who had a lease keeps it when the addresses change again.
        self.add6(EDGE_NS, "br0", "fd79::1")
        until(5, lambda: "event=interface.addresses on=br0 ipv6=2" in self.log(), self.log)
        again, _, said = self.dhclient()
        self.assertEqual(again[:1], addresses[:1], said + self.log())

    def test_a_stranger_advertises_prefixes(self):
        """Linux makes 16 addresses of what routers say, and lists them before older ones."""
        self.start()
        self.add6(EDGE_NS, "br0", *("fd79:%x::1" % n for n in range(16)))
        until(5, lambda: "event=interface.addresses on=br0 ipv6=17" in self.log(), self.log)
        self.assertEqual(self.fetch(URL + "/assets/vmlinuz", "-g"), self.asset("vmlinuz"))
        addresses, _, said = self.dhclient()
        self.assertTrue(addresses, said + self.log())
        self.add6(NODE_NS, "eth0", addresses[0])
        self.assertIsNotNone(self.fetch(URL + "/" + SCRIPT, "-g", "--interface", addresses[0]),
                             self.log())

    def test_the_address_of_ipv4_goes_and_comes(self):
        self.start()
        run("ip", "-n", EDGE_NS, "addr", "del", EDGE + "/24", "dev", "br0")
        self.addCleanup(run, "ip", "-n", EDGE_NS, "addr", "replace", EDGE + "/24", "dev", "br0")
        self.addCleanup(run, "ip", "-n", EDGE_NS, "addr", "del", MOVED + "/24", "dev", "br0",
                        check=False)
        # What a host calls itself while its own DHCP server does not answer (RFC 3927).
        run("ip", "-n", EDGE_NS, "addr", "add", "169.254.7.7/16", "dev", "br0")
        with self.assertRaises(subprocess.TimeoutExpired):
            self.edge.wait(timeout=2)
        run("ip", "-n", EDGE_NS, "addr", "add", EDGE + "/24", "dev", "br0")
        run("ip", "-n", EDGE_NS, "addr", "del", "169.254.7.7/16", "dev", "br0")
        self.assertIsNotNone(self.dhcp(IPXE), self.log())
        run("ip", "-n", EDGE_NS, "addr", "del", EDGE + "/24", "dev", "br0")
        run("ip", "-n", EDGE_NS, "addr", "add", MOVED + "/24", "dev", "br0")
        self.assertEqual(self.edge.wait(timeout=10), 1)
        self.edge = None
        self.assertIn("does not have %s any more" % EDGE, self.log())


if __name__ == "__main__":
    test_dhcp6.main()
