#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpacks the .deb into a temporary root and looks at what an operator would get.

    check.py FOLDER SOURCE      FOLDER holds one cloudie_*.deb
"""
import glob
import os
import re
import subprocess
import sys
import tempfile
import unittest

FOLDER, SOURCE = sys.argv[1:3]
# Program -> where. What a later issue adds is added here.
PROGRAMS = {
    "usr/sbin/cloudied", "usr/sbin/cloudie-netbootd", "usr/bin/cloudie",
    "usr/bin/cloudie-mkimage", "usr/sbin/cloudie-agent", "usr/sbin/cloudie-discover",
    "usr/sbin/cloudie-install", "usr/sbin/cloudie-worker",
}


def run(*argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        debs = glob.glob(FOLDER + "/cloudie_*.deb")
        assert len(debs) == 1, f"one package is expected in {FOLDER}, there are {len(debs)}"
        cls.deb = debs[0]
        cls.folder = tempfile.TemporaryDirectory(prefix="cloudie-package-")
        cls.root = cls.folder.name
        subprocess.run(["dpkg-deb", "-x", cls.deb, cls.root], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def each_program(self, look):
        for path in sorted(glob.glob(self.root + "/usr/*bin/*")):
            with self.subTest(os.path.basename(path)):
                look(path)

    def test_fields(self):
        rc, control, _ = run("dpkg-deb", "-f", self.deb)
        self.assertEqual(rc, 0)
        self.assertIn("Package: cloudie\n", control)
        self.assertIn("Section: admin\n", control)
        depends = re.search(r"^Depends: (.*)$", control, re.M).group(1)
        for library in ("libc6", "libsqlite3-0", "libmicrohttpd12", "libcurl4"):
            self.assertRegex(depends, rf"\b{library}\b")

    def test_every_program_is_there(self):
        found = {os.path.relpath(p, self.root) for p in glob.glob(self.root + "/usr/*bin/*")}
        self.assertEqual(found, PROGRAMS)

    def test_version_and_help(self):
        with open(SOURCE + "/CMakeLists.txt", encoding="utf-8") as file:
            version = re.search(r"project\(cloudie VERSION ([\d.]+)", file.read()).group(1)

        def look(path):
            rc, out, err = run(path, "--version")
            self.assertEqual((rc, err), (0, ""))
            self.assertIn(version, out)
            rc, out, err = run(path, "--help")
            self.assertEqual((rc, err), (0, ""))
            self.assertIn(os.path.basename(path), out)
        self.each_program(look)

    def test_wrong_usage(self):
        def look(path):
            rc, out, err = run(path, "--no-such-option")
            self.assertEqual((rc, out), (2, ""))
            self.assertIn("no-such-option", err)
        self.each_program(look)

    def test_no_trace_of_the_builder(self):
        def look(path):
            with open(path, "rb") as file:
                self.assertNotIn(SOURCE.encode() + b"/", file.read())
        self.each_program(look)

    def test_hardened(self):
        def look(path):
            _, out, _ = run("readelf", "-hdlW", path)
            self.assertRegex(out, r"Type: +DYN", "not position independent")
            self.assertIn("GNU_RELRO", out)
            self.assertRegex(out, r"BIND_NOW|FLAGS_1.*NOW")
            self.assertNotIn("RUNPATH", out)
            self.assertNotRegex(out, r"GNU_STACK.*RWE")
        self.each_program(look)

    def test_owned_by_root(self):
        _, listing, _ = run("dpkg-deb", "-c", self.deb)
        for line in listing.splitlines():
            self.assertRegex(line, r"^[-dl][rwx-]{9} root/root ")
            self.assertNotRegex(line, r"^-.{4}w|^-.{7}w|^-..s", "writable by others, or setuid")

    def test_units_name_programs_that_are_there(self):
        units = glob.glob(self.root + "/usr/lib/systemd/system/*.service")
        self.assertEqual(len(units), 2)
        for unit in units:
            with open(unit, encoding="utf-8") as file:
                program = re.search(r"^ExecStart=(\S+)", file.read(), re.M).group(1)
            self.assertTrue(os.access(self.root + program, os.X_OK), program)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
