#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ./up --interface does on a network, beside somebody else's DHCP server and alone.

Usage: test_interface.py FOLDER [TEST ...]

FOLDER has the programs. The real controller and edge; a client of others; foreign.py in a
namespace of its own on the same bridge. Exits 77 (skipped) without root, a client or the netboot
package.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from wire import EDGE, EDGE_NS, MAC, NODE_NS, PXE, Wire, in_edge, in_node, run, until

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SCRIPT = os.path.join(ROOT, "tools", "serve-interface.sh")
PACKAGE = os.path.join(ROOT, "build", "netboot")
PROGRAMS = None
FOREIGN_NS = "nbt-other-%d" % os.getpid()


class Interface(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="up-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.up = self.foreign = None
        self.addCleanup(self.stop)

    def stop(self):
        for process in (self.up, self.foreign):
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=30)
        self.up = self.foreign = None

    def output(self):
        with open(os.path.join(self.folder, "out"), encoding="utf-8") as f:
            return f.read()

    def start(self, *arguments, device="br0", state="state"):
        environment = dict(os.environ, UP_BIN=PROGRAMS, UP_PACKAGE=PACKAGE,
                           UP_DIR=os.path.join(self.folder, state))
        with open(os.path.join(self.folder, "out"), "wb") as out:
            self.up = subprocess.Popen(["ip", "netns", "exec", EDGE_NS, SCRIPT, device, *arguments],
                                       env=environment, stdout=out, stderr=subprocess.STDOUT)

    def serves(self, *arguments, **more):
        self.start(*arguments, **more)
        until(60, lambda: "Ctrl-C" in self.output() or self.up.poll() is not None, self.output)
        self.assertIsNone(self.up.poll(), self.output())

    def refused(self, *arguments, **more):
        self.start(*arguments, **more)
        self.assertEqual(self.up.wait(timeout=60), 1, self.output())
        return self.output()

    def cloudie(self, *words):
        environment = dict(os.environ,
                           CLOUDIE_CREDENTIALS=os.path.join(self.folder, "state", "credentials.json"))
        got = in_edge(os.path.join(PROGRAMS, "cloudie"), "-o", "json", *words, env=environment)
        return json.loads(got.stdout)

    def other_server(self):
        self.foreign = subprocess.Popen(
            ["ip", "netns", "exec", FOREIGN_NS, sys.executable, os.path.join(HERE, "foreign.py"),
             "eth0", "10.77.0.9", "10.77.0.66", os.path.join(self.folder, "foreign.log")])
        until(5, lambda: os.path.exists(os.path.join(self.folder, "foreign.log")), "it runs")
        time.sleep(0.3)

    def servers_that_offer(self, mac, seconds=3):
        """Who offers something to this machine when its firmware asks."""
        script = os.path.join(self.folder, "udhcpc.sh")
        with open(script, "w", encoding="ascii") as f:
            f.write("#!/bin/sh\nexit 0\n")
        os.chmod(script, 0o755)
        run("ip", "-n", NODE_NS, "link", "set", "eth0", "address", mac)
        sniffer = subprocess.Popen(
            ["ip", "netns", "exec", NODE_NS, sys.executable, "-c", SNIFF, str(seconds + 1)],
            stdout=subprocess.PIPE, text=True)
        time.sleep(0.5)
        in_node("udhcpc", "-i", "eth0", "-f", "-q", "-n", "-t", str(seconds), "-T", "1", "-s",
                script, *PXE, check=False)
        out, _ = sniffer.communicate(timeout=30)
        return set(out.split())

    def test_alone(self):
        self.serves()
        text = self.output()
        self.assertIn("serves br0 (10.77.0.1/24)", text)
        self.assertRegex(text, r"addresses 10\.77\.0\.\d+ to 10\.77\.0\.\d+")
        self.assertIn("cloudie node accept NAME", text)
        self.assertEqual(self.cloudie("discovery", "status")[0]["strangers"], "discover")
        self.assertEqual(self.servers_that_offer(MAC), {EDGE})
        until(15, lambda: self.cloudie("status")["last_event"] > 0, "the controller heard of it")
        # There, and nowhere else: its IPv4 address, and of IPv6 whatever this interface has.
        listening = in_edge("ss", "-Htln").stdout
        self.assertEqual({line.split()[3].rsplit(":", 1)[0] for line in listening.splitlines()},
                         {EDGE, "[::]%br0"})
        started = re.findall(r"pid=(\d+)", in_edge("ss", "-Htlnp").stdout)
        self.stop()
        for pid in started:
            self.assertFalse(os.path.exists("/proc/" + pid), "Ctrl-C ends all")

        # What is known stays, and is of this address.
        self.serves()
        self.assertGreater(self.cloudie("status")["last_event"], 0)
        self.stop()
        with open(os.path.join(self.folder, "state", "address"), "w", encoding="ascii") as f:
            f.write("10.77.0.7\n")
        self.assertIn("was served as 10.77.0.7", self.refused())

    def test_names_and_two_at_once(self):
        """A name that YAML takes for a number, in a folder whose name it takes for a comment."""
        run("ip", "-n", EDGE_NS, "link", "add", "name", "7", "type", "bridge")
        self.addCleanup(run, "ip", "-n", EDGE_NS, "link", "del", "dev", "7")
        run("ip", "-n", EDGE_NS, "addr", "add", "10.98.0.1/24", "dev", "7")
        run("ip", "-n", EDGE_NS, "link", "set", "dev", "7", "up")
        self.folder = os.path.join(self.folder, "it's #1: up")
        os.mkdir(self.folder)
        self.serves(device="7")
        self.assertEqual(self.cloudie("discovery", "status")[0]["name"], "7")
        first, self.up = self.up, None
        try:
            self.assertIn("another program serves 10.98.0.1 port 8443",
                          self.refused(device="7", state="other"))
            self.assertIsNone(first.poll())
        finally:
            self.up = first

    def test_refusals(self):
        run("ip", "-n", EDGE_NS, "link", "add", "bare0", "type", "bridge")
        run("ip", "-n", EDGE_NS, "link", "add", "tiny0", "type", "bridge")
        run("ip", "-n", EDGE_NS, "addr", "add", "10.99.0.1/30", "dev", "tiny0")
        self.addCleanup(run, "ip", "-n", EDGE_NS, "link", "del", "bare0")
        self.addCleanup(run, "ip", "-n", EDGE_NS, "link", "del", "tiny0")
        for device, why in (("none0", "no network interface"), ("lo", "loopback"),
                            ("bare0", "has no IPv4 address"), ("tiny0", "too small")):
            self.assertIn(why, self.refused(device=device))
        for pool, why in (("10.77.0.0-10.77.0.9", "serves"), ("10.77.0.1-10.77.0.9", "this host"),
                          ("10.77.0.9-10.77.0.8", "FIRST-LAST"), ("a-b", "FIRST-LAST")):
            self.assertIn(why, self.refused("--pool", pool))

    def test_beside_another_server(self):
        self.other_server()
        text = self.refused()
        self.assertIn("server=10.77.0.9", text)
        self.assertIn("--beside-dhcp", text)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "state")))
        self.assertIn("--pool", self.refused("--beside-dhcp"))

        self.serves("--beside-dhcp", "--pool", "10.77.0.150-10.77.0.160")
        self.assertIn("listed", self.output())
        self.assertEqual(self.servers_that_offer(MAC), {"10.77.0.9"})
        until(15, lambda: len(self.cloudie("discovery", "list")) == 1, "it is listed")
        listed = self.cloudie("discovery", "list")[0]
        self.assertEqual((listed["mac"], listed["network"], listed["firmware"]),
                         (MAC, "br0", "bios"))
        self.assertEqual(self.cloudie("node", "list"), [])

        opened = self.cloudie("discovery", "open", "br0", "--for", "60s")
        self.assertGreater(opened["open_until_ms"], time.time() * 1000 + 50000)
        time.sleep(7)  # an edge asks every 5 s
        self.assertEqual(self.servers_that_offer("52:54:00:77:00:31"), {EDGE, "10.77.0.9"})
        until(70, lambda: time.time() * 1000 > opened["open_until_ms"], "its end")
        self.assertEqual(self.servers_that_offer("52:54:00:77:00:32"), {"10.77.0.9"})
        until(20, lambda: "open_until_ms" not in self.cloudie("discovery", "status")[0], "told")


# Prints the server identifier of each DHCPOFFER on the wire.
SNIFF = """
import socket, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
s.bind(("eth0", 0))
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    s.settimeout(max(end - time.monotonic(), 0.01))
    try:
        frame = s.recv(2048)
    except TimeoutError:
        break
    at = 14 + 20 + 8 + 240
    if frame[23:24] != b"\\x11" or frame[36:38] != b"\\x00\\x44" or len(frame) < at:
        continue
    options, kind, server = frame[at:], 0, ""
    while options and options[0] != 255:
        if options[0] == 0:
            options = options[1:]
            continue
        value = options[2:2 + options[1]]
        if options[0] == 53:
            kind = value[0]
        if options[0] == 54:
            server = socket.inet_ntoa(value)
        options = options[2 + options[1]:]
    if kind == 2:
        print(server, flush=True)
"""


def other_namespace():
    run("ip", "netns", "add", FOREIGN_NS)
    run("ip", "-n", EDGE_NS, "link", "add", "port1", "type", "veth", "peer", "name", "eth0",
        "netns", FOREIGN_NS)
    run("ip", "-n", EDGE_NS, "link", "set", "port1", "master", "br0", "up")
    run("ip", "-n", FOREIGN_NS, "addr", "add", "10.77.0.9/24", "dev", "eth0")
    run("ip", "-n", FOREIGN_NS, "link", "set", "eth0", "up")


def main():
    global PROGRAMS
    missing = [t for t in ("ip", "ss", "udhcpc", "curl", "awk") if not shutil.which(t)]
    if os.geteuid() != 0:
        missing.append("root")
    if not os.path.exists(os.path.join(PACKAGE, "manifest.json")):
        missing.append("the netboot package (tools/netboot-package.sh)")
    if missing:
        print("skipped: needs " + ", ".join(missing))
        return 77
    PROGRAMS = os.path.abspath(sys.argv[1])
    try:
        Wire.up()
        other_namespace()
        result = unittest.main(argv=[sys.argv[0]] + sys.argv[2:], exit=False, verbosity=2).result
    finally:
        run("ip", "netns", "del", FOREIGN_NS, check=False)
        Wire.down()
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
