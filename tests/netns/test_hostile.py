#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random and malformed packets at the whole daemon: it lives, holds little, says little, and serves.

Usage: test_hostile.py PROGRAM [TEST ...]

HOSTILE_SEED and HOSTILE_COUNT (20000) may stand in the environment. Exits 77 (skipped) without root
or a client.
"""
import collections
import json
import os
import re
import sys
import time

import test_netbootd as lab
from wire import EDGE, EDGE_NS, IPXE, NODE_NS, OTHER_MAC, PXE, in_node, run

SEED = int(os.environ.get("HOSTILE_SEED", "20261121"))
COUNT = int(os.environ.get("HOSTILE_COUNT", "20000"))
FUZZ = os.path.join(lab.HERE, "../fuzz")
GOOD_MAC = "52:54:00:66:00:07"  # the captured messages are of lab.MAC: they speak for that one
ADDRESS = "10.77.0.9"  # outside of the pool
# Sessions, offers and what waits for the disk at their limits are 30 MB; the checker of a
# development build takes as much again for what it holds back.
GROWS_KB = 96 << 10
# As netboot/flood.h says, of each kind of line.
BURST, RATE = 10000, 50


class HostileTest(lab.EdgeTest):
    def setUp(self):
        super().setUp()
        run("ip", "-n", EDGE_NS, "-6", "addr", "replace", "fd77::1/64", "dev", "br0", "nodad")

    def answer(self, plan=None, delay_s=0, protocol="http", more_networks=(), disks=()):
        super().answer(plan, delay_s, protocol, more_networks, disks)
        with open(self.path("answers.json"), encoding="utf-8") as f:
            answers = json.load(f)
        answers["config"]["networks"][0].update(
            subnet6="fd77::/64", pool6_first="fd77::100", pool6_last="fd77::1ff",
            relays=["10.77.0.2"])
        self.write("answers.json", json.dumps(answers))

    def memory_kb(self):
        with open("/proc/%d/status" % self.edge.pid, encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])

    def hostile(self, seed, count):
        run("ip", "-n", NODE_NS, "addr", "add", ADDRESS + "/24", "dev", "eth0")
        got = in_node(sys.executable, os.path.join(lab.HERE, "mutate.py"), str(seed), str(count),
                      FUZZ, EDGE, ADDRESS, check=False)
        run("ip", "-4", "-n", NODE_NS, "addr", "flush", "dev", "eth0")
        self.assertEqual(got.returncode, 0, got.stderr)
        print("seed %d: %s" % (seed, got.stdout.strip()), end=" ", flush=True)
        return got.stdout

    def test_whole_daemon(self):
        self.start_controller()
        self.start_edge(["env", "ASAN_OPTIONS=quarantine_size_mb=8"])
        first = self.dhcp(PXE, mac=GOOD_MAC)["ip"]
        self.hostile(SEED + 1, COUNT // 20)  # what is filled once is filled
        before_kb, log_from, began = self.memory_kb(), len(self.log()), time.monotonic()
        said = self.hostile(SEED, COUNT)
        self.assertIn(" answers=0", said)
        self.assertIsNone(self.edge.poll(), self.log()[-4000:])
        self.assertEqual(self.health(), 200)
        took = time.monotonic() - began
        grown_kb = self.memory_kb() - before_kb
        print("grew %d kB in %.0f s" % (grown_kb, took), end=" ", flush=True)
        self.assertLess(grown_kb, GROWS_KB)

        with open(self.path("log"), "rb") as f:
            log = f.read()[log_from:]
        self.assertNotRegex(log, rb"[\x00-\x09\x0b-\x1f\x7f]")
        kinds = collections.Counter(re.findall(rb"event=(\S+)", log))
        for kind, lines in kinds.items():
            self.assertLess(lines, BURST + RATE * (took + 10), kind)

        # Nobody's release or decline was believed, and a good client is served as before.
        again = self.dhcp(IPXE, mac=GOOD_MAC)["ip"]
        self.assertEqual(again, first, "\n".join(line for line in self.log().splitlines()
                                                 if first in line or GOOD_MAC in line))
        self.assertEqual(self.dhcp(PXE, mac=GOOD_MAC)["boot_file"], "undionly.kpxe")
        other = self.dhcp(IPXE, mac=OTHER_MAC)
        self.assertIsNotNone(other, self.log()[-4000:])
        self.assertNotEqual(other["ip"], first)
        run("ip", "-n", NODE_NS, "addr", "add", first + "/24", "dev", "eth0")
        self.assertEqual(self.fetch("tftp://%s/undionly.kpxe" % EDGE), self.asset("undionly.kpxe"))


if __name__ == "__main__":
    sys.exit(lab.main() if len(sys.argv) > 1 else __doc__)
