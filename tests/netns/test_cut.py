#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller that is cut off from its database, by a cable: nobody says goodbye.

It must have ended before another one decides. The database lies in one namespace, both controllers
in another, each with a cable of its own.
"""
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "controller")
sys.path[:0] = [SOURCE, os.path.join(SOURCE, "store")]
import cloudied_lab as lab  # noqa: E402
import postgres_lab  # noqa: E402

INSIDE = "CLOUDIE_NETNS"
CLONE_NEWNET = 0x40000000
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ops"
# docs/configuration.md: 10 and 30; the machine may be busy.
ENDED_S, DECIDES_S = 25, 90


def ip(command, *before):
    subprocess.run((*before, "ip", *command.split()), check=True)


class Cut(unittest.TestCase):
    def setUp(self):
        self.server = postgres_lab.Postgres("10.9.0.0/16")
        self.addCleanup(self.server.stop)
        self.there = ("nsenter", "-n", "-t", str(self.server.process.pid))
        self.assertEqual(ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET), 0)
        ip("link set lo up")
        self.members = [self.member(i) for i in (1, 2)]

    def member(self, number):
        ip(f"link add v{number} type veth peer name p{number} netns {self.server.process.pid}")
        ip(f"addr add 10.9.{number}.2/24 dev v{number}")
        ip(f"link set v{number} up")
        ip(f"addr add 10.9.{number}.1/24 dev p{number}", *self.there)
        ip(f"link set p{number} up", *self.there)
        member = lab.Cloudied(sys.argv[1], f"store: postgresql://cloudie@10.9.{number}.1/cloudie?"
                              "sslmode=disable\n")
        self.addCleanup(shutil.rmtree, member.folder)
        self.addCleanup(member.stop, signal.SIGKILL)
        return member

    def answers(self, member):
        try:
            return member.get("/api/v1/keys/one", token=self.token).status == 200
        except OSError:
            return False

    def test_cut_off(self):
        first, second = self.members
        first.start()
        self.token = first.login(first.out_text())
        shutil.copytree(os.path.join(first.state, "tls"), os.path.join(second.state, "tls"))
        second.start()
        self.assertIn(f"decides=127.0.0.1:{first.port}", second.log_text())
        answer = second.call("PUT", "/api/v1/keys/one",
                             {"kind": "key", "spec": {"public_key": KEY}}, token=self.token)
        self.assertEqual(answer.status, 200, answer.body)

        ip("link set p1 down", *self.there)
        start = time.monotonic()
        self.assertEqual(first.process.wait(ENDED_S), 1)
        ended = time.monotonic() - start
        self.assertIn("event=store.failed", first.log_text())
        self.assertNotIn("event=start", second.log_text())  # nobody decides yet
        while not self.answers(second):
            self.assertLess(time.monotonic() - start, DECIDES_S)
            time.sleep(0.2)
        print(f"ended after {ended:.0f} s, another decided after {time.monotonic() - start:.0f} s")

        ip("link set p1 up", *self.there)
        first.stop()
        first.start()
        self.assertTrue(self.answers(first))
        self.assertEqual([m.stop() for m in self.members], [0, 0])


def main():
    if os.geteuid() != 0:
        print("skipped: needs root")
        return 77
    if not postgres_lab.programs():
        print("skipped: no PostgreSQL here (Debian's package postgresql-15)")
        return 77
    if INSIDE not in os.environ:
        if subprocess.run(("unshare", "-n", "true"), check=False).returncode != 0:
            print("skipped: no network namespace can be made")
            return 77
        return subprocess.run(("unshare", "-n", sys.executable, *sys.argv), check=False,
                              env={**os.environ, INSIDE: "1"}).returncode
    return not unittest.main(argv=sys.argv[:1], verbosity=2, exit=False).result.wasSuccessful()


if __name__ == "__main__":
    sys.exit(main())
