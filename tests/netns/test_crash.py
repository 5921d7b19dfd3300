#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of cloudie-netbootd under load: what it acknowledged stands, and nothing is given twice.

Usage: test_crash.py PROGRAM LOAD ROUNDS [SEED]

Each round machines take and renew addresses as fast as they can (tests/bench/dhcp/load.c), others do
so over IPv6 (ask6.py), the server is killed in the middle of it and started again, and a relay asks it
who has each address that was acknowledged (RFC 4388); over IPv6 each renews what it has. At the end it
asks for those of all rounds. Exits 77 (skipped) without root.
"""
import json
import os
import random
import signal
import subprocess
import sys
import time

import test_netbootd as lab
from wire import EDGE, EDGE_NS, NODE_NS, Wire, in_node, run, until

RELAY = "10.88.0.1"
UNDER_WAY = 64
MACHINES = 2000  # of a round; of these so many are new that all have room, and are not slowed down:
MACHINES_ALL = 26000  # 57,600 addresses
MACHINES6 = 100  # over IPv6: 200 rounds of them are below half of the table
ASK6 = os.path.join(lab.HERE, "ask6.py")
LEASEQUERY, LEASEACTIVE = 10, 13

ASK = """
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
s.bind(('%s', 67))
s.settimeout(1)
wanted = [line.split()[1] for line in open(sys.argv[1])]
told = {}
for tries in range(5):
    left = [a for a in wanted if a not in told]
    for at in range(0, len(left), 64):
        batch = left[at:at + 64]
        for n, address in enumerate(batch):
            s.sendto(struct.pack('!4B2I4s8s4s208xI3BB', 1, 0, 0, 0, n, 0, socket.inet_aton(address), b'',
                                 socket.inet_aton('%s'), 0x63825363, 53, 1, %d, 255), ('%s', 67))
        try:
            for _ in batch:
                got = s.recv(2000)
                told[socket.inet_ntoa(got[12:16])] = (got[242], got[28:34].hex())
        except TimeoutError:
            pass
for address in wanted:
    print(address, *told.get(address, (0, '-')))
""" % (RELAY, RELAY, LEASEQUERY, EDGE)


class Crash(lab.EdgeTest):
    load, rounds, chance = None, 0, None

    def answer(self, plan=None, delay_s=0, protocol="http", more_networks=(), disks=()):
        super().answer(more_networks=[{
            "name": "crash", "subnet": "10.88.0.0/16", "pool_first": "10.88.16.0",
            "pool_last": "10.88.240.255", "lease_s": 7200, "relays": [RELAY]}])
        with open(self.path("answers.json"), encoding="utf-8") as f:
            answers = json.load(f)
        answers["config"]["networks"][0].update(
            subnet6="fd77::/64", pool6_first="fd77::1:0", pool6_last="fd77::1:ffff", lease_s=7200)
        self.write("answers.json", json.dumps(answers))

    def setUp(self):
        super().setUp()
        run("ip", "-n", NODE_NS, "addr", "add", RELAY + "/16", "dev", "eth0")
        run("ip", "-n", NODE_NS, "route", "add", EDGE, "dev", "eth0")
        run("ip", "-n", EDGE_NS, "route", "replace", "10.88.0.0/16", "dev", "br0")
        run("ip", "-n", EDGE_NS, "-6", "addr", "replace", "fd77::1/64", "dev", "br0", "nodad")
        until(10, lambda: "fe80::" in run("ip", "-n", NODE_NS, "-6", "addr", "show", "dev", "eth0",
                                         "scope", "link", "-tentative").stdout, "link-local")
        self.by_address, self.by_mac = {}, {}
        self.taken6, self.by_address6 = [], {}
        self.lost, self.twice, self.acknowledged, self.asked, self.asked6 = [], [], 0, 0, 0

    def note(self, path):
        """What was acknowledged in one round; nobody gives anything back, and no lease ends."""
        if not os.path.exists(path):
            return {}
        with open(path, encoding="ascii") as f:
            pairs = [line.split() for line in f]
        self.acknowledged += len(pairs)
        for mac, address in pairs:
            if self.by_address.setdefault(address, mac) != mac:
                self.twice.append("%s of %s to %s" % (address, self.by_address[address], mac))
            if self.by_mac.setdefault(mac, address) != address:
                self.lost.append("%s had %s and was given %s" % (mac, self.by_mac[mac], address))
        return {address: mac for mac, address in pairs}

    def check(self, leases):
        path = self.path("wanted")
        self.write("wanted", "".join("%s %s\n" % (mac, a) for a, mac in leases.items()))
        for line in in_node(sys.executable, "-c", ASK, path).stdout.splitlines():
            address, kind, mac = line.split()
            self.asked += 1
            if int(kind) != LEASEACTIVE or mac != leases[address]:
                self.lost.append("%s of %s: answer %s, of %s" % (address, leases[address], kind, mac))

    def note6(self, said):
        """As note(), of what ask6.py printed."""
        lines = said.splitlines()
        for line in lines:
            number, address, _ = line.split()
            if self.by_address6.setdefault(address, number) != number:
                self.twice.append("%s of %s to %s" % (address, self.by_address6[address], number))
        self.taken6 += lines
        return lines

    def check6(self, lines):
        got = in_node(sys.executable, ASK6, "renew", "eth0",
                      input="".join(line + "\n" for line in lines)).stdout.splitlines()
        had = {line.split()[0]: line.split()[1] for line in lines}
        self.assertEqual(len(got), len(had))
        for number, address in (line.split() for line in got):
            self.asked6 += 1
            if had[number] != address:
                self.lost.append("%s of %s: %s" % (had[number], number, address))

    def judge(self, where):
        self.assertEqual((len(self.lost), len(self.twice)), (0, 0), "%s: lost, given twice: %s" % (
            where, self.lost[:5] + self.twice[:5]))

    def one_round(self, number):
        acked = self.path("acked")
        first = 1 + number * max(1, min(MACHINES, (MACHINES_ALL - MACHINES) // self.rounds))
        if os.path.exists(acked):
            os.unlink(acked)
        load = subprocess.Popen(
            ["ip", "netns", "exec", NODE_NS, self.load, EDGE, RELAY, str(first), str(MACHINES),
             str(UNDER_WAY), "0", "0.8", acked], stdout=subprocess.DEVNULL)
        load6 = subprocess.Popen(
            ["ip", "netns", "exec", NODE_NS, sys.executable, ASK6, "take", "eth0",
             str(1 + number * MACHINES6), str(MACHINES6), "1"], stdout=subprocess.PIPE, text=True)
        time.sleep(self.chance.uniform(0.05, 0.7))
        self.stop_one(self.edge, signal.SIGKILL)
        load.wait(timeout=30)
        leases = self.note(acked)
        leases6 = self.note6(load6.communicate(timeout=30)[0])
        self.start_edge()
        self.check(leases)
        self.check6(leases6)
        self.judge("round %d" % number)

    def runTest(self):
        self.start()
        for number in range(self.rounds):
            self.one_round(number)
        self.check(self.by_address)
        self.check6(self.taken6)
        print("over IPv6: %d acknowledged, asked for %d" % (len(self.taken6), self.asked6))
        print("%d rounds: %d acknowledged, %d addresses of %d machines, asked for %d; lost %d, given twice %d"
              % (self.rounds, self.acknowledged, len(self.by_address), len(self.by_mac), self.asked,
                 len(self.lost), len(self.twice)))
        self.judge("all rounds")
        self.assertGreater(len(self.by_address), 10 * self.rounds)
        self.assertGreater(len(self.taken6), self.rounds)
        self.assertEqual(len(self.by_address), len(self.by_mac))


def main():
    if os.geteuid() != 0:
        print("skipped: needs root")
        return 77
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.SystemRandom().randrange(1 << 32)
    print("seed %d" % seed)  # of the moments alone: what the disk does meanwhile is its own
    lab.PROGRAM = os.path.abspath(sys.argv[1])
    Crash.load, Crash.rounds = os.path.abspath(sys.argv[2]), int(sys.argv[3])
    Crash.chance = random.Random(seed)
    Wire.up()
    try:
        result = lab.unittest.TextTestRunner(verbosity=1).run(Crash())
    finally:
        Wire.down()
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
