# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's command beside a real cloudied. For test_*.py."""
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "controller"))
import cloudied_lab as lab  # noqa: E402  (of the room that it speaks to)

CLOUDIE = os.environ.get("CLOUDIE_COMMAND", "cloudie")
MAC = "52:54:00:77:00:%02x"
# What a machine may call itself: an escape, its one-character form (C1), a delete, a new line.
HOSTILE = "Evil\x1b[2J\u009b31m\x7f\nCorp"


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = lab.Cloudied(lab.program()).start()
        cls.edge = cls.d.join()
        cls.credentials = os.path.join(cls.d.folder, "deep", "credentials.json")
        cls.line = cls.d.login_line()
        done = cls.run_it("login", "-", stdin=cls.line)
        assert done.returncode == 0, done.stderr
        cls.boots = 0

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()
        shutil.rmtree(cls.d.folder)

    @classmethod
    def environment(cls, **more):
        return {"PATH": os.environ["PATH"], "CLOUDIE_CREDENTIALS": cls.credentials,
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""), **more}

    @classmethod
    def run_it(cls, *words, stdin="", terminal=None, env=None, **more):
        """@terminal: a descriptor to read from, in place of a text."""
        more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        more.update({"input": stdin} if terminal is None else {"stdin": terminal})
        return subprocess.run([CLOUDIE, *words], text=True, timeout=30, check=False,
                              env=env or cls.environment(), **more)

    def ok(self, *words):
        done = self.run_it(*words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def refused(self, sentence, *words, rc=1, **more):
        done = self.run_it(*words, **more)
        self.assertEqual(done.returncode, rc, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, sentence)
        for line in done.stderr.splitlines():
            self.assertTrue(line.startswith("cloudie: "), line)
        return done.stderr

    def machine(self):
        type(self).boots += 1
        mac = MAC % self.boots
        report = lab.inventory([mac], serial=f"SN{self.boots}",
                               uuid=f"4c4c4544-0042-3510-8052-b4c04f4b4c{self.boots:02x}")
        report["system"]["vendor"] = HOSTILE
        return self.d.discover(self.edge, lab.Key(self.d.folder), mac, report)[0]

    def assert_plain(self, text):
        for bad in ("\x1b", "\u009b", "\x7f"):
            self.assertNotIn(bad, text)
