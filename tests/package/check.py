#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpacks both .deb into a temporary root and looks at what an operator would get.

    check.py FOLDER SOURCE      FOLDER holds one cloudie_*.deb and one cloudie-worker_*.deb
"""
import glob
import os
import re
import subprocess
import sys
import tempfile
import unittest

FOLDER, SOURCE = sys.argv[1:3]
UNITS = "usr/lib/systemd/system/"
# What is in which. What a later issue adds is added here.
PROGRAMS = {
    "cloudie": {
        "usr/sbin/cloudied", "usr/sbin/cloudie-netbootd", "usr/bin/cloudie",
        "usr/bin/cloudie-mkimage", "usr/sbin/cloudie-agent", "usr/sbin/cloudie-discover",
        "usr/sbin/cloudie-install", "usr/sbin/cloudie-power",
    },
    "cloudie-worker": {"usr/sbin/cloudie-worker"},
}
SERVICES = {"cloudie": {"cloudied.service", "cloudie-netbootd.service"},
            "cloudie-worker": {"cloudie-worker.service"}}
LIBRARIES = {"cloudie": ("libc6", "libsqlite3-0", "libpq5", "libmicrohttpd12", "libcurl4"),
             "cloudie-worker": ("libc6", "libcurl4", "systemd", "dbus")}
SUMMARIES = {"cloudie": "Network discovery and provisioning of bare metal\n Cloudie turns ",
             "cloudie-worker": "Tells Cloudie that an installed system runs, and how it is\n For "}


def run(*argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.debs = {}
        cls.folder = tempfile.TemporaryDirectory(prefix="cloudie-package-")
        cls.root = cls.folder.name
        found = sorted(os.path.basename(path) for path in glob.glob(FOLDER + "/*.deb"))
        assert len(found) == len(PROGRAMS), f"in {FOLDER} there are {found}"
        for name in PROGRAMS:
            cls.debs[name], = glob.glob(f"{FOLDER}/{name}_*.deb")
            subprocess.run(["dpkg-deb", "-x", cls.debs[name], cls.root], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def each_program(self, look):
        for path in sorted(glob.glob(self.root + "/usr/*bin/*")):
            with self.subTest(os.path.basename(path)):
                look(path)

    def each_package(self, look):
        for name, deb in self.debs.items():
            with self.subTest(name):
                look(name, deb)

    def paths(self, deb):
        _, listing, _ = run("dpkg-deb", "-c", deb)
        return {line.split()[5].removeprefix("./") for line in listing.splitlines()
                if line.startswith("-")}

    def test_fields(self):
        def look(name, deb):
            rc, control, _ = run("dpkg-deb", "-f", deb)
            self.assertEqual(rc, 0)
            self.assertIn(f"Package: {name}\n", control)
            self.assertIn("Section: admin\n", control)
            self.assertIn("\nDescription: " + SUMMARIES[name], control)
            depends = re.search(r"^Depends: (.*)$", control, re.M).group(1)
            for library in LIBRARIES[name]:
                self.assertRegex(depends, rf"\b{library}\b")
        self.each_package(look)

    def test_what_is_in_which(self):
        def look(name, deb):
            paths = self.paths(deb)
            self.assertEqual({p for p in paths if re.match("usr/s?bin/", p)}, PROGRAMS[name])
            self.assertEqual({p for p in paths if p.startswith(UNITS)},
                             {UNITS + service for service in SERVICES[name]})
            self.assertIn(f"usr/share/doc/{name}/copyright", paths)
        self.each_package(look)

    def test_nothing_is_in_both(self):
        one, other = (self.paths(deb) for deb in self.debs.values())
        self.assertEqual(one & other, set())

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
        def look(_, deb):
            _, listing, _ = run("dpkg-deb", "-c", deb)
            for line in listing.splitlines():
                self.assertRegex(line, r"^[-dl][rwx-]{9} root/root ")
                self.assertNotRegex(line, r"^-.{4}w|^-.{7}w|^-..s", "writable by others, or setuid")
        self.each_package(look)

    def test_units_name_programs_that_are_there(self):
        for unit in glob.glob(self.root + "/" + UNITS + "*.service"):
            with open(unit, encoding="utf-8") as file:
                program = re.search(r"^ExecStart=(\S+)", file.read(), re.M).group(1)
            self.assertTrue(os.access(self.root + program, os.X_OK), program)

    def test_the_worker_is_enabled_once(self):
        """In an image no systemd runs; and who disables it later is not overruled by an update."""
        with tempfile.TemporaryDirectory() as work:
            run("dpkg-deb", "-e", self.debs["cloudie-worker"], work)
            said = os.path.join(work, "said")
            with open(os.path.join(work, "systemctl"), "w", encoding="ascii") as file:
                file.write(f"#!/bin/sh\necho \"$*\" >>{said}\n")
            os.chmod(file.name, 0o755)
            for words, want in ((["configure", ""], ["enable cloudie-worker.service"]),
                                (["configure", "0.0.1"], []), (["abort-upgrade", "0.0.1"], [])):
                with open(said, "w", encoding="ascii"):
                    pass
                done = subprocess.run([os.path.join(work, "postinst"), *words], check=False,
                                      env={"PATH": work + ":/usr/bin:/bin"})
                self.assertEqual(done.returncode, 0)
                with open(said, encoding="ascii") as file:
                    self.assertEqual([line for line in file.read().splitlines()
                                      if line.startswith("enable")], want)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
