# SPDX-License-Identifier: GPL-3.0-or-later
"""Event streams, many of them: each hears all, none costs anything while nothing happens."""
import json
import os
import re
import socket
import ssl
import time
import unittest

import cloudied_lab as lab

LISTENERS = 200
MOST = 256  # LISTENERS_MAX
IDLE_S = 4
MAC = "52:54:00:77:01:00"


class Stream:
    """A listener of its own address, without a thread."""

    def __init__(self, cloudied, context, token, number, headers=()):
        plain = socket.create_connection(("127.0.0.1", cloudied.port), 60,
                                         source_address=(f"127.0.3.{1 + number % 200}", 0))
        self.socket = context.wrap_socket(plain, server_hostname="127.0.0.1")
        head = ["GET /api/v1/events HTTP/1.1", "Host: x", "Authorization: Bearer " + token, *headers]
        self.socket.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        self.text = b""

    def read_until(self, mark):
        while mark not in self.text:
            got = self.socket.recv(65536)
            if not got:
                raise AssertionError("the stream ended: " + self.text.decode())
            self.text += got
        return self.text.decode()

    def close(self):
        self.socket.close()


class Streams(lab.Case):
    def setUp(self):
        super().setUp()
        self.streams = []
        self.context = ssl.create_default_context(cafile=os.path.join(self.d.state, "tls/cert.pem"))
        self.name, _ = self.d.discover(self.edge, self.key, MAC, lab.inventory([MAC]))

    def end(self):
        for stream in self.streams:
            stream.close()
        super().end()

    def listen(self, *headers):
        stream = Stream(self.d, self.context, self.token, len(self.streams), headers)
        self.streams.append(stream)
        return stream

    def say(self, reason, on=True):
        self.api("POST", f"/nodes/{self.name}/maintenance", {"on": on, "reason": reason})

    def cpu_s(self):
        total = 0
        for task in os.listdir(f"/proc/{self.d.process.pid}/task"):
            with open(f"/proc/{self.d.process.pid}/task/{task}/schedstat", encoding="ascii") as f:
                total += int(f.read().split()[0])
        return total / 1e9

    def test_many(self):
        for _ in range(LISTENERS):
            self.listen().read_until(b":\n\n")
        self.say("all-hear-this")
        for stream in self.streams:
            self.assertIn("event: maintenance", stream.read_until(b"all-hear-this"))
        time.sleep(1)
        before = self.cpu_s()
        time.sleep(IDLE_S)
        # one that asked again and again would take all of a core
        self.assertLess(self.cpu_s() - before, IDLE_S / 20)

    def test_most(self):
        for _ in range(MOST):
            self.listen().read_until(b":\n\n")
        refused = self.listen()
        self.assertIn("503", refused.read_until(b"\r\n\r\n").splitlines()[0])
        refused.read_until(b'"code":"busy"')
        for stream in self.streams:
            stream.close()
        self.streams.clear()
        # their places are free again once the server has seen that they went
        self.say("wake-up")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            answer = self.listen().read_until(b"\r\n\r\n")
            if " 200 " in answer.splitlines()[0]:
                return
            self.say("wake-up", len(self.streams) % 2 == 0)
            time.sleep(0.2)
        self.fail("no place became free")

    def test_resume(self):
        """Who comes back hears what he missed, once, and then what follows."""
        self.say("first")
        first = self.listen("Last-Event-ID: 0").read_until(b"first")
        ids = [int(i) for i in re.findall(r"^id: (\d+)$", first, re.M)]
        self.assertEqual(ids, list(range(1, ids[-1] + 1)))
        self.say("second", False)
        again = self.listen(f"Last-Event-ID: {ids[-1]}")
        # the reason stands in the event of its beginning alone
        text = again.read_until(f"id: {ids[-1] + 1}\n".encode())
        self.assertEqual(re.findall(r"^id: (\d+)$", text, re.M), [str(ids[-1] + 1)])
        self.say("third")
        text = again.read_until(b"third")
        self.assertEqual(re.findall(r"^id: (\d+)$", text, re.M), [str(ids[-1] + 1), str(ids[-1] + 2)])
        data = re.findall(r"^data: (.*)$", text, re.M)[-1]
        self.assertEqual(json.loads(data)["id"], ids[-1] + 2)
        # of another time: what he has is not what is here
        self.assertIn("event: reset", self.listen("Last-Event-ID: 999999").read_until(b"data: {}"))


if __name__ == "__main__":
    unittest.main()
