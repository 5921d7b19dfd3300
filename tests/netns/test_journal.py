#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk under the leases fails, and comes back: no ACK in between, red health, and no restart.

Usage: test_journal.py PROGRAM [TEST ...]

Failures are those of a tracer that attaches and goes away again, and of a file system that is full.
Exits 77 (skipped) without root or a client.
"""
import json
import os
import struct
import subprocess
import sys
import time
import unittest

import test_netbootd as lab
from wire import EDGE, EDGE_NS, IPXE, OTHER_MAC, in_edge, in_node, run, until

THIRD_MAC = "52:54:00:77:00:98"
HEADER = 4096
FRAME = struct.Struct("<IIQQ")  # checksum, size, sequence, batch
# Half a minute each: ./check --all.
LONG = unittest.skipUnless(os.environ.get("CLOUDIE_LONG"), "./check --all has it")
ASK6 = os.path.join(lab.HERE, "ask6.py")
BACK_S = 60  # a new journal is tried after 1, 2, 4, ... at most 30 s


class JournalTest(lab.EdgeTest):
    def setUp(self):
        super().setUp()
        run("ip", "-n", EDGE_NS, "-6", "addr", "replace", "fd77::1/64", "dev", "br0", "nodad")

    def answer(self, plan=None, delay_s=0, protocol="http", more_networks=(), disks=()):
        super().answer(plan, delay_s, protocol, more_networks, disks)
        with open(self.path("answers.json"), encoding="utf-8") as f:
            answers = json.load(f)
        answers["config"]["networks"][0].update(
            subnet6="fd77::/64", pool6_first="fd77::100", pool6_last="fd77::1ff")
        self.write("answers.json", json.dumps(answers))

    def ask6(self, *what, **more):
        """The card had other MACs meanwhile: its neighbour forgets them."""
        run("ip", "-n", EDGE_NS, "-6", "neigh", "flush", "dev", "br0")
        return in_node(sys.executable, ASK6, what[0], "eth0", *what[1:], **more).stdout

    def take6(self):
        """What machines of IPv6 are given."""
        return self.ask6("take", "1", "3", "1.5")

    def journal(self):
        return os.path.join(self.state, "leases.journal")

    def end(self):
        """Where the records of the journal end, and how many there are."""
        with open(self.journal(), "rb") as f:
            data = f.read()
        at, count = HEADER, 0
        while at + FRAME.size <= len(data):
            crc, size, sequence, _ = FRAME.unpack_from(data, at)
            if crc == 0 and size == 0 and sequence == 0:
                break
            at, count = at + FRAME.size + size, count + 1
        return at, count

    def fails(self, error, calls):
        """A tracer has these system calls fail; the function that ends it."""
        tracer = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", self.path("strace"), "-e", "trace=" + calls, "-e",
             "inject=%s:error=%s" % (calls, error), "-p", str(self.edge.pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def stop():
            tracer.terminate()
            tracer.wait()
        self.addCleanup(stop)
        until(10, self.is_traced, "the tracer is there")
        time.sleep(0.5)  # the other threads
        return stop

    def is_traced(self):
        with open("/proc/%d/status" % self.edge.pid, encoding="ascii") as f:
            return "TracerPid:\t0\n" not in f.read()

    def gives_none(self):
        """No ACK, and health says so."""
        before = self.log().count("reply=ACK")
        self.assertIsNone(self.dhcp(IPXE, seconds=3, mac=OTHER_MAC), self.log())
        self.assertEqual(self.health(), 503)
        offers = self.log().count("reply=OFFER")
        self.assertIsNone(self.dhcp(IPXE, seconds=2), self.log())
        self.assertEqual(self.log().count("reply=OFFER"), offers, self.log())
        self.assertIn("no offer: the lease journal cannot be written", self.log())
        self.assertEqual(self.log().count("reply=ACK"), before, self.log())
        self.assertEqual(self.take6(), "", self.log())
        self.assertIn("event=journal.broken", self.log())

    def comes_back(self, first):
        until(BACK_S, lambda: self.health() == 200, lambda: "service is back: " + self.log())
        self.assertIn("event=journal.mended", self.log())
        self.assertEqual(self.dhcp(IPXE)["ip"], first)
        other = self.dhcp(IPXE, mac=OTHER_MAC)["ip"]
        self.assertNotEqual(other, first)
        self.assertFalse(os.path.exists(self.journal() + ".new"))
        taken6 = self.take6()
        # It is on the disk, too.
        self.edge.kill()
        self.edge.wait()
        self.start_edge()
        self.assertEqual(self.dhcp(IPXE, mac=OTHER_MAC)["ip"], other)
        self.assertEqual(self.dhcp(IPXE)["ip"], first)
        had = [line.split()[:2] for line in taken6.splitlines()]
        self.assertEqual(len(had), 3, taken6 + self.log())
        self.assertEqual([line.split() for line in self.ask6("renew", input=taken6).splitlines()],
                         had)
        self.assertNotIn(self.dhcp(IPXE, mac=THIRD_MAC)["ip"], (first, other))


class Fails(JournalTest):
    def fails_and_comes_back(self, error, calls):
        self.start()
        first = self.dhcp(IPXE)["ip"]
        stop = self.fails(error, calls)
        self.gives_none()
        time.sleep(3)  # mended in vain, at least once
        self.gives_none()
        stop()
        self.comes_back(first)

    def test_the_sync(self):
        self.fails_and_comes_back("EIO", "fdatasync")

    @LONG
    def test_every_write(self):
        self.fails_and_comes_back("ENOSPC", "pwrite64,fallocate")

    @LONG
    def test_read_only(self):
        """As a file system that found an error in itself: nothing is written, opened for it, or
        renamed."""
        self.fails_and_comes_back("EROFS", "pwrite64,fallocate,rename,renameat,renameat2")

    @LONG
    def test_the_new_one_cannot_be_synced(self):
        """Journal and folder: what was renamed and not synced is made anew."""
        self.fails_and_comes_back("EIO", "fdatasync,fsync")


    @LONG
    def test_the_first_one(self):
        """No journal can be made when the first configuration comes: it is tried again."""
        self.start_edge(healthy=False)
        until(10, lambda: self.health() == 503, self.log)
        stop = self.fails("ENOSPC", "fallocate")
        self.start_controller()
        until(20, lambda: "event=config.refused" in self.log(), self.log)
        self.assertEqual(self.health(), 503)
        self.assertIn("cannot be used", in_edge("curl", "-s", "http://%s/healthz" % EDGE).stdout)
        stop()
        until(30, lambda: self.health() == 200, self.log)
        self.assertIsNotNone(self.dhcp(IPXE), self.log())


class Full(JournalTest):
    def mount(self):
        os.makedirs(self.state)
        run("mount", "-t", "tmpfs", "-o", "size=24m", "none", self.state)

        def leave():
            self.stop()
            run("umount", self.state)
        self.addCleanup(leave)

    def fill(self):
        path = os.path.join(self.state, "filler")
        with open(path, "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(65536))
            except OSError:
                pass
        return path

    def test_full_disk(self):
        self.mount()
        self.start()
        first = self.dhcp(IPXE)["ip"]
        self.stop_one(self.edge)
        # The space that was taken beforehand is used up: the next lease needs more.
        os.truncate(self.journal(), self.end()[0] + 1)
        self.start_edge()
        filler = self.fill()
        self.gives_none()
        time.sleep(3)
        self.gives_none()
        os.unlink(filler)
        self.comes_back(first)


class Found(JournalTest):
    """What lies there when it starts."""

    def setUp(self):
        super().setUp()
        self.start()
        self.first = self.dhcp(IPXE)["ip"]
        self.dhcp(IPXE, mac=OTHER_MAC)
        self.stop_one(self.edge)

    def refuses(self, sentence):
        before = os.stat(self.journal()).st_size
        self.start_edge(healthy=False)
        self.assertEqual(self.edge.wait(timeout=20), 1, self.log())
        self.edge = None
        self.assertIn(sentence, self.log())
        self.assertEqual(os.stat(self.journal()).st_size, before)

    def patch(self, at, data):
        with open(self.journal(), "r+b") as f:
            f.seek(at)
            f.write(data)

    def test_a_torn_tail(self):
        self.patch(self.end()[0], os.urandom(40))
        self.start_edge()
        self.assertEqual(self.dhcp(IPXE)["ip"], self.first)

    def test_damage_in_the_middle(self):
        self.patch(HEADER + FRAME.size + 3, b"\xff\xff\xff")
        self.refuses("a record in its middle is damaged")

    def test_something_else(self):
        self.patch(0, b"not a journal at all")
        self.refuses("it is no journal")

    def test_a_newer_version(self):
        with open(self.journal(), "rb") as f:
            header = f.read(24)
        header = header[:16] + struct.pack("<I", 2) + header[20:]
        self.patch(0, header + struct.pack("<I", crc32c(header)))
        self.refuses("a newer cloudie-netbootd wrote it")

    def test_a_record_of_a_newer_version(self):
        with open(self.journal(), "rb") as f:
            data = f.read()
        seed = struct.unpack_from("<I", data, 20)[0]
        payload = b"L\xff" + bytes(30)
        at, count = self.end()
        body = struct.pack("<IQQ", len(payload), count + 1, count + 1) + payload
        self.patch(at, struct.pack("<I", crc32c(body, seed)) + body)
        self.refuses("a newer cloudie-netbootd wrote it")

    def test_a_read_only_folder(self):
        run("mount", "--bind", self.state, self.state)
        self.addCleanup(run, "umount", self.state)
        run("mount", "-o", "remount,bind,ro", self.state)
        self.refuses("Read-only file system")


def crc32c(data, crc=0):
    crc ^= 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


if __name__ == "__main__":
    sys.exit(lab.main() if len(sys.argv) > 1 else __doc__)
