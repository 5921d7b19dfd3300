#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""./check and tools/install-packages.sh: what they say and how they end."""
import os
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def run(*argv, path=""):
    done = subprocess.run([os.path.join(ROOT, argv[0]), *argv[1:]], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=30, check=False,
                          env=os.environ | {"PATH": path + os.environ["PATH"]})
    return done.returncode, done.stdout, done.stderr


class Usage(unittest.TestCase):
    def test_check(self):
        for words in (["--everything"], ["--quick", "--all"], ["quick"]):
            rc, out, err = run("check", *words)
            self.assertEqual((rc, out), (2, ""), err)
            self.assertIn("check: ", err)
        rc, out, _ = run("check", "--help")
        self.assertEqual(rc, 0)
        self.assertIn("--quick", out)

    def test_groups(self):
        self.assertEqual(run("tools/install-packages.sh")[0], 2)
        rc, _, err = run("tools/install-packages.sh", "furniture")
        self.assertEqual(rc, 2)
        self.assertIn("no group 'furniture'", err)


class Missing(unittest.TestCase):
    """A machine that lacks every package, as seen through commands that say so."""

    def install(self, **commands):
        with tempfile.TemporaryDirectory(prefix="cloudie-tools-") as folder:
            for name, text in commands.items():
                path = os.path.join(folder, name.replace("_", "-"))
                with open(path, "w", encoding="utf-8") as file:
                    file.write(f"#!/bin/sh\n{text}\n")
                os.chmod(path, 0o755)
            return run("tools/install-packages.sh", "lab", path=folder + ":")

    def test_not_root(self):
        rc, out, err = self.install(dpkg_query="exit 1", id="echo 1000")
        self.assertEqual((rc, out), (1, ""))
        self.assertIn("only root can install them: apt-get install qemu-system-x86", err)

    def test_nothing_missing(self):
        self.assertEqual(self.install(dpkg_query="echo installed", id="echo 1000"), (0, "", ""))

    def test_installed_with_lists_that_are_missing(self):
        rc, out, err = self.install(
            dpkg_query="exit 1", id="echo 0", apt_cache="exit 100",
            apt_get='case "$*" in *update*) exit 0 ;; *install*qemu-system-x86*) exit 0 ;; esac; exit 1')
        self.assertEqual(rc, 0, err)
        self.assertIn("Installing: qemu-system-x86", out)

    def test_no_mirror(self):
        rc, _, err = self.install(dpkg_query="exit 1", id="echo 0", apt_cache="exit 100",
                                  apt_get="exit 100")
        self.assertEqual(rc, 1)
        self.assertIn("is the mirror reachable?", err)

    def test_refused_by_apt(self):
        rc, _, err = self.install(dpkg_query="exit 1", id="echo 0", apt_cache="exit 0",
                                  apt_get='case "$*" in *install*) echo held back; exit 100 ;; esac')
        self.assertEqual(rc, 1)
        self.assertIn("held back", err)
        self.assertIn("apt-get could not install: qemu-system-x86", err)


if __name__ == "__main__":
    unittest.main()
