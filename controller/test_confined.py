# SPDX-License-Identifier: GPL-3.0-or-later
"""What the processes of a real cloudied may do, as the kernel tells; and what ends with which."""
import glob
import os
import re
import shutil
import signal
import sys
import time
import unittest

import cloudied_lab as lab
from test_images import FRAME, SIZE, frames_of, plain

CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapAmb")
DEADLINE_S = 20


def status(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def children(pid):
    """{name: pid} of those that run; one of a name, or the test asks too much."""
    found = {}
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            with open(path) as f:
                for child in f.read().split():
                    found[status(child)["Name"]] = int(child)
        except OSError:
            pass  # it has ended meanwhile
    return found


def until(what):
    end = time.monotonic() + DEADLINE_S
    while not what():
        if time.monotonic() > end:
            raise AssertionError("it did not happen")
        time.sleep(0.02)


class Confined(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.frames = frames_of(plain(1))

    def setUp(self):
        extra = "user: nobody\n" if os.geteuid() == 0 else ""
        self.d = lab.Cloudied(lab.program(), extra=extra)
        os.chmod(self.d.folder, 0o711)
        self.d.start()
        self.addCleanup(shutil.rmtree, self.d.folder)
        self.addCleanup(self.d.stop)
        self.token = self.d.login(self.d.out_text())

    def frame(self, number, body=None):
        return self.d.call("PUT", f"/api/v1/images/worker/frame?number={number}",
                           body or self.frames[number], token=self.token)

    def begin(self):
        answer = self.d.call("PUT", f"/api/v1/images/worker/import?size={SIZE}", token=self.token)
        self.assertEqual(answer.status, 200, answer.body)

    def spawner(self):
        return children(self.d.process.pid)["spawner"]

    def check(self, pid):
        said = status(pid)
        self.assertEqual(said["Seccomp"], "2", said["Name"])
        self.assertEqual(said["NoNewPrivs"], "1", said["Name"])
        for name in CAPABILITIES:
            self.assertEqual(int(said[name], 16), 0, (said["Name"], name))
        if os.geteuid() == 0:
            self.assertNotIn("0", said["Uid"].split() + said["Gid"].split(), said["Name"])
            self.assertEqual(int(said["CapBnd"], 16), 0, said["Name"])
        return said

    def test_each_process(self):
        self.begin()
        self.assertEqual(self.frame(0).status, 200)
        spawner = self.spawner()
        unpack = children(spawner)["image-unpack"]
        threads = os.listdir(f"/proc/{self.d.process.pid}/task")
        self.assertGreater(len(threads), 4)
        for pid in [self.d.process.pid, *threads, spawner, unpack]:
            self.check(pid)
        # Two filters more than the daemon's: nothing was taken back.
        self.assertGreater(int(status(unpack)["Seccomp_filters"]),
                           int(status(self.d.process.pid)["Seccomp_filters"]))
        # It holds its socket, and nothing of the daemon's: no key, no database, no image.
        held = {os.readlink(f"/proc/{unpack}/fd/{fd}") for fd in os.listdir(f"/proc/{unpack}/fd")
                if int(fd) > 2}
        self.assertEqual(len(held), 1, held)
        self.assertTrue(held.pop().startswith("socket:"))
        with open(f"/proc/{unpack}/limits") as f:
            limits = {line[:26].strip(): line[26:].split()[0] for line in f}
        self.assertEqual((limits["Max file size"], limits["Max core file size"]), ("0", "0"))

    def test_no_file_outside(self):
        """Whoever is made to follow a link out of the state folder finds nothing there."""
        if "event=confine.files" in self.d.log_text():
            self.skipTest("NOT TESTED: this kernel has no Landlock")
        self.assertRegex(self.d.log_text(), r"event=start .*landlock=[2-9]")
        inside = os.path.join(self.d.state, "join-token")
        outside = os.path.join(self.d.folder, "join-token")
        self.assertEqual(self.d.stop(), 0)
        shutil.copy(inside, outside)
        os.chmod(outside, 0o644)
        os.unlink(inside)
        os.symlink(outside, inside)
        with self.assertRaisesRegex(AssertionError, "Permission denied"):
            self.d.start()

    def test_a_child_that_is_killed_costs_nothing(self):
        self.begin()
        self.assertEqual(self.frame(0).status, 200)
        os.kill(children(self.spawner())["image-unpack"], signal.SIGKILL)
        for number in (1, 2):
            answer = self.frame(number)
            self.assertEqual(answer.status, 200, answer.body)
        answer = self.d.post("/api/v1/images/worker/finish", token=self.token)
        self.assertEqual(answer.status, 200, answer.body)
        until(lambda: not children(self.spawner()))  # it went with its upload

    def test_a_hostile_frame_harms_nobody_else(self):
        self.begin()
        self.assertEqual(self.frame(0, b"\x28\xb5\x2f\xfd" + os.urandom(2000)).status, 400)
        self.assertEqual(self.frame(0).status, 200)

    def test_without_the_spawner_it_ends(self):
        os.kill(self.spawner(), signal.SIGKILL)
        self.assertEqual(self.d.process.wait(DEADLINE_S), 1)
        self.assertIn("ended because it could make no children", self.d.log_text())

    def test_nobody_is_left(self):
        self.begin()
        self.assertEqual(self.frame(0).status, 200)
        spawner = self.spawner()
        unpack = children(spawner)["image-unpack"]
        self.d.stop(signal.SIGKILL)
        until(lambda: not os.path.exists(f"/proc/{spawner}") and
              not os.path.exists(f"/proc/{unpack}"))


if __name__ == "__main__":
    if not shutil.which("zstd"):
        print("needs zstd", file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)
