# SPDX-License-Identifier: GPL-3.0-or-later
"""Idempotency-Key: what is asked for twice is done once."""
import signal
import threading
import unittest

import cloudied_lab as lab
import test_install


class Once(test_install.Install):
    def ask(self, path, body=None, key="k-1", token=None, **headers):
        return self.d.post("/api/v1/nodes/sn1" + path, body, token=token or self.token,
                           headers={"Idempotency-Key": key, **headers})

    def same(self, first, again):
        self.assertEqual((again.status, again.body, again.headers.get("ETag"),
                          again.headers["Content-Type"]),
                         (first.status, first.body, first.headers.get("ETag"),
                          first.headers["Content-Type"]))

    def test_the_same_again(self):
        first = self.ask("/install", {"profile": "worker"})
        self.assertEqual(first.status, 200, first.body)
        number = self.operation()["number"]
        self.same(first, self.ask("/install", {"profile": "worker"}))
        # Whatever became of it since: it is told what was told then.
        self.node("POST", "/abort")
        self.same(first, self.ask("/install", {"profile": "worker"}))
        self.assertEqual(self.operation()["state"], "aborted")
        # It stands in the store together with what it tells of.
        self.d.stop(signal.SIGKILL)
        self.d.start()
        self.same(first, self.ask("/install", {"profile": "worker"}))
        self.assertEqual(self.operation()["number"], number)
        self.assertEqual(self.ask("/install", {"profile": "worker"}, "k-2").status, 200)
        self.assertGreater(self.operation()["number"], number)

    def test_another_request(self):
        self.assertEqual(self.ask("/maintenance", {"on": True}).status, 200)
        for path, body, headers in (("/maintenance", {"on": False}, {}), ("/abort", None, {}),
                                    ("/maintenance", {"on": True}, {"If-Match": "*"})):
            answer = self.ask(path, body, **headers)
            self.assertEqual((answer.status, answer.code), (422, "idempotency-key-reused"))
        self.assertIsNotNone(self.condition())
        for key in ("", " ", "a b", "x" * 129):
            answer = self.ask("/maintenance", {"on": False}, key)
            if key.strip():
                self.assertEqual((answer.status, answer.code), (400, "query-malformed"), key)

    def test_what_did_nothing_is_not_kept(self):
        answer = self.ask("/abort")
        self.assertEqual((answer.status, answer.code), (409, "operation-none"))
        body = {"profile": "worker", "dry_run": True}
        self.assertIn("because", self.ask("/install", body).json)
        self.install()
        answer = self.ask("/abort")
        self.assertEqual(answer.status, 200, answer.body)
        self.same(answer, self.ask("/abort"))

    def test_another_user(self):
        """A key is its user's."""
        self.assertEqual(self.ask("/maintenance", {"on": True}).status, 200)
        second = self.d.login()
        answer = self.ask("/maintenance", {"on": False}, token=second)
        same_user = answer.status == 422  # who logs in by a link is 'admin', always
        self.assertTrue(same_user or answer.status == 200)
        answer = self.d.post("/api/v1/nodes/sn1/maintenance", {"on": True}, token=self.edge,
                             headers={"Idempotency-Key": "k-1"})
        self.assertEqual(answer.status, 401)

    def test_many_at_once(self):
        """Of those that come together one is done; the others wait, or are told."""
        answers = []

        def ask():
            answers.append(self.ask("/install", {"profile": "worker"}))

        threads = [threading.Thread(target=ask) for _ in range(16)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        done = {a.body for a in answers if a.status == 200}
        self.assertEqual(len(done), 1)
        for a in answers:
            if a.status != 200:
                self.assertEqual((a.status, a.code), (409, "idempotency-key-busy"))
        begun = [t for s, t in self.events() if s == "operation" and t.endswith(": begun")]
        self.assertEqual(len(begun), 1, begun)

    def test_no_key(self):
        self.install()
        self.install(409, "operation-running")


for name in [n for n in dir(test_install.Install) if n.startswith("test_")]:
    setattr(Once, name, None)  # they are tested elsewhere

if __name__ == "__main__":
    unittest.main()
