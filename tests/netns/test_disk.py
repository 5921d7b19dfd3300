#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A BIOS goes on to its disk after the script of a disk plan: with the iPXE of its card, and with
ours that the card's loaded.

Usage: test_disk.py PROGRAM UNDIONLY [TEST ...]

A virtual machine whose disk is one boot sector that says so on the serial line. Exits 77 (skipped)
without root, an emulator or the loader.
"""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import unittest

import test_netbootd as lab

UNDIONLY = None
MARK = b"the disk boots"
PATIENCE_S = 180  # emulated, on a machine that others use


def boot_sector():
    """Writes MARK to the first serial port, and stops."""
    code = b"\xba\xf8\x03"  # mov dx, 0x3f8
    for byte in MARK + b"\r\n":
        code += bytes((0xb0, byte, 0xee))  # mov al, byte; out dx, al
    code += b"\xf4\xeb\xfd"  # hlt; jmp back
    return code.ljust(510, b"\0") + b"\x55\xaa"


class DiskTest(lab.EdgeTest):
    def make_package(self):
        super().make_package()
        shutil.copy(UNDIONLY, self.path("assets", "undionly.kpxe"))
        manifest = json.loads(self.asset("manifest.json"))
        data = self.asset("undionly.kpxe")
        for file in manifest["files"]:
            if file["name"] == "undionly.kpxe":
                file.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
        self.write("assets/manifest.json", json.dumps(manifest))

    def console(self):
        try:
            with open(self.path("console"), "rb") as f:
                return f.read()
        except FileNotFoundError:
            return b""

    def machine(self):
        self.write("disk", boot_sector().ljust(1 << 20, b"\0"))
        lab.run("ip", "-n", lab.EDGE_NS, "tuntap", "add", "tap0", "mode", "tap")
        self.addCleanup(lab.run, "ip", "-n", lab.EDGE_NS, "link", "del", "tap0")
        lab.run("ip", "-n", lab.EDGE_NS, "link", "set", "tap0", "master", "br0", "up")
        vm = subprocess.Popen(
            ["ip", "netns", "exec", lab.EDGE_NS, "qemu-system-x86_64", "-accel", "tcg", "-machine",
             "pc,graphics=off", "-m", "64", "-nodefaults", "-vga", "none", "-netdev",
             "tap,id=n0,ifname=tap0,script=no,downscript=no", "-device",
             "virtio-net-pci,netdev=n0,mac=52:54:00:77:00:02,bootindex=1", "-drive",
             "file=%s,if=none,id=d0,format=raw" % self.path("disk"), "-device",
             "virtio-blk-pci,drive=d0,bootindex=2", "-display", "none", "-monitor", "none",
             "-serial", "file:" + self.path("console")], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(vm.wait)
        self.addCleanup(vm.kill)
        return vm

    def boots(self):
        self.answer(plan={"action": "disk", "node": "lab-0001", "reason": "deployed: it may"})
        self.start()
        vm = self.machine()
        end = time.monotonic() + PATIENCE_S
        while MARK not in self.console() and vm.poll() is None and time.monotonic() < end:
            time.sleep(0.2)
        console = self.console()
        self.assertIn(MARK, console, self.log())
        # By the script, not because nothing answered; and once.
        self.assertIn(b"Cloudie: boot from the disk - deployed: it may", console)
        self.assertEqual(self.log().count("event=script "), 1, self.log())
        return self.log()


class OfTheCard(DiskTest):
    def test_goes_on(self):
        self.assertNotIn("name=undionly.kpxe", self.boots())


class Ours(DiskTest):
    reload_ipxe = True

    def test_goes_on(self):
        self.assertIn("name=undionly.kpxe", self.boots())


def main():
    global UNDIONLY
    missing = [t for t in ["ip", "openssl", "curl", "qemu-system-x86_64"] if not shutil.which(t)]
    if os.geteuid() != 0 or missing or not os.path.exists(sys.argv[2]):
        print("skipped: needs root, undionly.kpxe%s" % "".join(", " + t for t in missing))
        return 77
    lab.PROGRAM, UNDIONLY = map(os.path.abspath, sys.argv[1:3])
    try:
        lab.Wire.up()
        result = unittest.main(argv=[sys.argv[0]] + sys.argv[3:], exit=False, verbosity=2).result
    finally:
        lab.Wire.down()
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
