#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks where somebody else's DHCP server gives the addresses: `mode: proxy` and `mode: listen`.

Usage: test_proxy.py PROGRAM [TEST ...]

The wire and the stand-in of test_netbootd.py; the other server is foreign.py, in a
namespace of its own. Exits 77 (skipped) without root or a client.
"""
import json
import os
import shutil
import subprocess
import sys
import time
import unittest

import test_netbootd as lab
from wire import BOOT, EDGE, EDGE_NS, MAC, NODE_NS, SCRIPT, Wire, in_node, run, until

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = ["ip", "ss", "udhcpc", "curl", "openssl"]
OTHER = "10.77.0.2"
OTHER_MAC = "52:54:00:77:00:42"
OTHER_NS = "nbt-other-%d" % os.getpid()
TAKEN = "10.77.0.222"

# One question of a machine, and all answers to it: server, address, file, next server, options.
CLIENT = """
import json, socket, struct, sys
port, kind, seconds, ciaddr = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
vendor, more = sys.argv[5].encode(), bytes.fromhex(sys.argv[6])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'eth0')
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.bind(('', 68))
mac = bytes.fromhex('%s')
m = (struct.pack('!4BIHH', 1, 1, 6, 0, 0x1234, 0, 0x8000) + socket.inet_aton(ciaddr) + bytes(12) + mac +
     bytes(10 + 192) + b'\\x63\\x82\\x53\\x63' + bytes((53, 1, kind, 60, len(vendor))) + vendor + more +
     b'\\x61\\x11' + bytes(1) + bytes(range(16)) + b'\\xff')
s.sendto(m, ('255.255.255.255' if port == 67 else '%s', port))
s.settimeout(seconds)
try:
    while True:
        d, who = s.recvfrom(2048)
        o, i = {}, 240
        while i + 1 < len(d) and d[i] != 255:
            if d[i]:
                o[d[i]] = d[i + 2:i + 2 + d[i + 1]].hex()
            i += 2 + d[i + 1] if d[i] else 1
        print(json.dumps({'who': who[0], 'port': who[1], 'yiaddr': socket.inet_ntoa(d[16:20]),
                          'siaddr': socket.inet_ntoa(d[20:24]), 'file': d[108:236].split(b'\\0')[0].decode(),
                          'options': o}))
except TimeoutError:
    pass
""" % (MAC.replace(":", ""), EDGE)

BIOS = ("PXEClient:Arch:00000:UNDI:002001", "5d020000")
UEFI = ("PXEClient:Arch:00007:UNDI:003000", "5d020007")
IPXE = ("PXEClient:Arch:00000:UNDI:002001", "5d0200004d0469505845")
DISCOVER, REQUEST = 1, 3


class Beside(lab.EdgeTest):
    mode = "proxy"
    strangers = "discover"

    def answer(self, plan=None, delay_s=0, protocol="http", more_networks=(), disks=()):
        super().answer(plan, delay_s, protocol, more_networks, disks)
        with open(self.path("answers.json"), encoding="utf-8") as f:
            answers = json.load(f)
        network = answers["config"]["networks"][0]
        network.update(mode=self.mode, strangers=self.strangers)
        if self.mode != "authoritative":
            del network["pool_first"], network["pool_last"]
        self.write("answers.json", json.dumps(answers))

    def start_other(self):
        """The other server, in a namespace of its own at the same bridge."""
        run("ip", "netns", "add", OTHER_NS)
        self.addCleanup(run, "ip", "netns", "del", OTHER_NS)
        run("ip", "-n", EDGE_NS, "link", "add", "port1", "type", "veth", "peer", "name", "eth0",
            "netns", OTHER_NS)
        run("ip", "-n", EDGE_NS, "link", "set", "port1", "master", "br0", "up")
        run("ip", "-n", OTHER_NS, "link", "set", "eth0", "address", OTHER_MAC)
        run("ip", "-n", OTHER_NS, "addr", "add", OTHER + "/24", "dev", "eth0")
        run("ip", "-n", OTHER_NS, "link", "set", "eth0", "up")
        other = subprocess.Popen(["ip", "netns", "exec", OTHER_NS, sys.executable,
                                  os.path.join(HERE, "foreign.py"), "eth0", OTHER, TAKEN])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        until(10, lambda: run("ip", "netns", "exec", OTHER_NS, "ss", "-lunH", "sport = :67").stdout,
              "the other server")

    def ask(self, who, kind=DISCOVER, port=67, ciaddr="0.0.0.0", seconds=1.5, more=""):
        got = in_node(sys.executable, "-c", CLIENT, str(port), str(kind), str(seconds), ciaddr, who[0],
                      who[1] + more)
        return [json.loads(line) for line in got.stdout.splitlines()]

    def ours(self, answers):
        return [a for a in answers if a["who"] == EDGE]


class Proxy(Beside):
    def test_says_what_to_boot_and_gives_no_address(self):
        self.start()
        for who, name in ((BIOS, "undionly.kpxe"), (UEFI, "shimx64.efi"),
                          (IPXE, "http://%s/%s" % (EDGE, SCRIPT))):
            answers = self.ours(self.ask(who))
            self.assertEqual(len(answers), 1, self.log())
            got = answers[0]
            self.assertEqual((got["yiaddr"], got["siaddr"], got["file"]), ("0.0.0.0", EDGE, name))
            self.assertEqual(bytes.fromhex(got["options"]["60"]), b"PXEClient")
            self.assertEqual(got["options"]["53"], "02")
            self.assertEqual(got["options"]["97"], "00" + bytes(range(16)).hex())
            self.assertNotIn("51", got["options"])
        self.assertEqual(self.ours(self.ask(("MSFT 5.0", ""))), [])
        self.assertEqual(self.ours(self.ask(BIOS, kind=REQUEST)), [])

    def test_boot_port(self):
        """An address of the other server's is a machine's: it is told its script, and only there."""
        self.start()
        run("ip", "-4", "-n", NODE_NS, "addr", "add", TAKEN + "/24", "dev", "eth0")
        self.assertIsNone(self.fetch("http://%s/%s" % (EDGE, SCRIPT), check=False))
        answers = self.ask(IPXE, kind=REQUEST, port=4011, ciaddr=TAKEN)
        self.assertEqual([(a["who"], a["port"], a["options"]["53"], a["file"]) for a in answers],
                         [(EDGE, 4011, "05", "http://%s/%s" % (EDGE, SCRIPT))], self.log())
        self.assertIn("cloudie.boot=" + BOOT, self.fetch("http://%s/%s" % (EDGE, SCRIPT)).decode())
        self.assertEqual(self.ask(("MSFT 5.0", ""), kind=REQUEST, port=4011, ciaddr=TAKEN), [])
        until(8, lambda: "dhcp-ack" in self.steps() and "script" in self.steps(), self.log)

    def test_without_the_boot_port(self):
        """iPXE asks it not: the address is heard when it is taken from the other server."""
        self.start()
        self.start_other()
        answers = self.ask(IPXE)
        self.assertEqual(sorted(a["yiaddr"] for a in answers), ["0.0.0.0", TAKEN])
        self.ask(IPXE, kind=REQUEST, more="3604" + bytes(map(int, OTHER.split("."))).hex() + "3204" +
                 bytes(map(int, TAKEN.split("."))).hex())
        run("ip", "-4", "-n", NODE_NS, "addr", "add", TAKEN + "/24", "dev", "eth0")
        got = in_node("curl", "-sf", "--interface", TAKEN, "http://%s/%s" % (EDGE, SCRIPT))
        self.assertIn("cloudie.boot=" + BOOT, got.stdout)

    def test_lists_strangers(self):
        self.strangers = "list"
        self.answer()
        self.start()
        self.assertEqual(self.ours(self.ask(BIOS)), [])
        until(8, lambda: "stranger" in self.steps(), self.log)


class Listen(Beside):
    mode = "listen"

    def test_serves_nobody_and_lists_them(self):
        self.start()
        for who in (BIOS, UEFI, IPXE, ("MSFT 5.0", "")):
            self.assertEqual(self.ours(self.ask(who)), [])
        self.assertEqual(self.ask(BIOS, kind=REQUEST, port=4011, ciaddr=OTHER), [])
        until(8, lambda: "stranger" in self.steps(), self.log)
        self.assertEqual(self.steps().count("stranger"), 1)
        self.assertIn("10.77.0.0/24", [e for e in self.heard("event") if e["step"] == "stranger"][0]["text"])


class Foreign(Beside):
    mode = "authoritative"

    def foreign(self):
        return [e for e in self.heard("event") if e["step"] == "foreign-dhcp"]

    def test_is_named_once(self):
        self.start_other()
        self.start()
        until(10, self.foreign, self.log)
        told = self.foreign()[0]
        self.assertEqual((told["mac"], told["address"]), (OTHER_MAC, OTHER))
        self.assertIn("another DHCP server " + OTHER, told["text"])
        self.ask(BIOS)
        self.ask(BIOS)
        time.sleep(1)
        self.assertEqual(len(self.foreign()), 1)
        self.assertEqual(self.log().count("event=dhcp.foreign "), 1)

    def test_is_heard_when_it_answers_others(self):
        self.start()
        until(10, lambda: self.health() == 200, "health")
        time.sleep(2)  # our first question has had no answer
        self.assertEqual(self.foreign(), [])
        self.start_other()
        until(20, lambda: self.ask(("MSFT 5.0", ""), seconds=0.5) and self.foreign(), self.log)

    def test_nobody_is_named_where_nobody_is(self):
        self.start()
        self.lease(lab.PXE)
        time.sleep(2)
        self.assertEqual(self.foreign(), [])


def main():
    if os.geteuid() != 0 or any(not shutil.which(tool) for tool in TOOLS):
        print("needs root and " + " ".join(TOOLS))
        return 77
    lab.PROGRAM = os.path.abspath(sys.argv[1])
    Wire.up()
    try:
        return 0 if unittest.main(argv=["test_proxy"] + sys.argv[2:], exit=False,
                                  verbosity=2).result.wasSuccessful() else 1
    finally:
        Wire.down()


if __name__ == "__main__":
    sys.exit(main())
