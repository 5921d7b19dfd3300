# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that takes 2 s for each sync: who does not need it does not wait for it."""
import shutil
import subprocess
import sys
import threading
import time
import unittest

import cloudied_lab as lab

MAC = "52:54:00:77:00:01"
WAITS, ASKS = "52:54:00:77:00:05", "52:54:00:77:00:06"
SYNC_S = 2.0
SOON_S = 1.5  # on a busy machine; the disk needs 2 s


class SlowDisk:
    """Delays every fdatasync(2) of a process."""

    def __init__(self, pid):
        self.process = subprocess.Popen(
            ("strace", "-f", "-p", str(pid), "-e", "trace=fdatasync", "-o", "/dev/null",
             "-e", f"inject=fdatasync:delay_enter={int(SYNC_S * 1e6)}"),
            stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        if "attached" not in line:
            self.end()
            print("skipped: strace cannot trace here:", line.strip())
            sys.exit(77)

    def end(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stderr.close()


class SlowStore(unittest.TestCase):
    def setUp(self):
        self.d = lab.Cloudied(lab.program()).start()
        self.token = self.d.login(self.d.out_text())
        self.edge = self.d.join()
        self.boot = self.d.plan(self.edge, MAC)["boot"]
        key = lab.Key(self.d.folder)
        self.agents = [self.d.discover(self.edge, key, mac, lab.inventory([mac], mac[-2:], uuid))
                       for mac, uuid in ((WAITS, "1" * 8 + "-1111-1111-1111-" + "1" * 12),
                                         (ASKS, "2" * 8 + "-1111-1111-1111-" + "1" * 12))]
        self.disk = SlowDisk(self.d.process.pid)

    def tearDown(self):
        self.disk.end()
        self.d.stop()
        shutil.rmtree(self.d.folder)

    def timed(self, *args, **more):
        start = time.monotonic()
        answer = self.d.call(*args, **more)
        self.assertEqual(answer.status, 200, answer.body)
        return time.monotonic() - start, answer

    def test_others_are_answered(self):
        writes = []
        event = {"events": [{"seq": 1, "at_ms": 1, "mac": MAC, "step": "dhcp-ack"}]}
        thread = threading.Thread(target=lambda: writes.append(
            self.timed("POST", "/edge/v1/events", event, token=self.edge)))
        thread.start()
        time.sleep(0.3)  # the store's thread is now inside its sync

        asks = (("GET", "/healthz", None, None), ("GET", "/api/v1/nodes", None, self.token),
                ("POST", "/edge/v1/plan",
                 {"mac": MAC, "address": "10.77.0.100", "architecture": 0}, self.edge),
                ("GET", "/edge/v1/config", None, self.edge))
        for method, path, body, token in asks:
            took, answer = self.timed(method, path, body, token=token)
            self.assertLess(took, SOON_S, path)
            if path == "/edge/v1/plan":
                self.assertEqual(answer.json["boot"], self.boot)
        self.assertEqual(writes, [], "the event was acknowledged before it was on disk")

        # A new number is told only once it is on disk; nor does it hold anybody up.
        new = {"mac": "52:54:00:77:00:02", "address": "10.77.0.101", "architecture": 0}
        late = []
        second = threading.Thread(target=lambda: late.append(
            self.timed("POST", "/edge/v1/plan", new, token=self.edge)))
        second.start()
        took, _ = self.timed("GET", "/api/v1/nodes", token=self.token)
        self.assertLess(took, SOON_S)
        thread.join(20)
        second.join(20)
        self.assertGreater(writes[0][0], SYNC_S * 0.9)
        self.assertGreater(late[0][0], SYNC_S * 0.9)

    def test_orders_wait_for_the_disk(self):
        """Who waits for orders, and who asks for them in between: told when they are on disk."""
        orders = "/agent/v1/orders?generation=1"
        heard = {}

        def ask(agent):
            answer = self.d.get(orders, token=agent)
            heard[agent] = (time.monotonic(), answer.json["generation"])

        (waits, first), (asks, second) = self.agents
        threads = [threading.Thread(target=ask, args=(first,))]
        threads[0].start()
        while self.d.get("/api/v1/status", token=self.token).json["agents_waiting"] < 1:
            time.sleep(0.02)
        start = time.monotonic()
        for name in (waits, asks):
            threads.append(threading.Thread(
                target=self.d.post, args=(f"/api/v1/nodes/{name}/accept",),
                kwargs={"token": self.token}))
            threads[-1].start()
        while self.d.get(f"/api/v1/nodes/{asks}", token=self.token).json["status"][
                "phase"] != "ready":
            time.sleep(0.02)
        ask(second)
        for thread in threads:
            thread.join(20)
        for agent in (first, second):
            self.assertEqual(heard[agent][1], 2)
            self.assertGreater(heard[agent][0] - start, SYNC_S * 0.9)

    def test_a_token_is_void_once_that_is_on_disk(self):
        """An agent that hears it asks no more: a crash must not make it good again."""
        name, token = self.agents[0]
        heard = []

        def ask():
            answer = self.d.get("/agent/v1/orders?generation=1", token=token)
            heard.append((time.monotonic(), answer.code))

        thread = threading.Thread(target=ask)
        thread.start()
        while self.d.get("/api/v1/status", token=self.token).json["agents_waiting"] < 1:
            time.sleep(0.02)
        start = time.monotonic()
        gone = self.d.call("DELETE", "/api/v1/nodes/" + name, token=self.token)
        thread.join(20)
        self.assertEqual((gone.status, heard[0][1]), (204, "token-stale"))
        self.assertGreater(heard[0][0] - start, SYNC_S * 0.9)


if __name__ == "__main__":
    if not shutil.which("strace"):
        print("skipped: strace is not installed")
        sys.exit(77)
    unittest.main(verbosity=2)
