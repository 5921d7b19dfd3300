# SPDX-License-Identifier: GPL-3.0-or-later
"""An answer is lost on its way: the command asks again, and what it asked for is done once."""
import socket
import threading
import time
import unittest

import cloudie_lab as lab

RECORD = 5         # bytes of a TLS record's head
APPLICATION = 23   # RFC 8446 5.1; of a client the first is its Finished, the second its request
HEARD_S = 1.0      # so long the controller has for what it heard


class Line(threading.Thread):
    """Between the command and the controller; cuts the next @cuts connections before the answer."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.to, self.cuts, self.count = port, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        while True:
            client, _ = self.listener.accept()
            self.count += 1
            cut = self.cuts > 0
            self.cuts -= cut
            server = socket.create_connection(("127.0.0.1", self.to))
            asked = threading.Event()
            threading.Thread(target=self.forward, args=(client, server, asked), daemon=True).start()
            threading.Thread(target=self.back, args=(server, client, cut and asked),
                             daemon=True).start()

    @staticmethod
    def record(from_socket):
        data = b""
        while len(data) < RECORD or len(data) < RECORD + int.from_bytes(data[3:5], "big"):
            want = RECORD if len(data) < RECORD else RECORD + int.from_bytes(data[3:5], "big")
            more = from_socket.recv(want - len(data))
            if not more:
                return b""
            data += more
        return data

    def forward(self, client, server, asked):
        try:
            seen = 0
            while data := self.record(client):
                seen += data[0] == APPLICATION
                if seen == 2:
                    asked.set()  # before it is heard: nothing of the answer comes through
                server.sendall(data)
        except OSError:
            pass

    @staticmethod
    def back(server, client, asked):
        try:
            while data := server.recv(65536):
                if asked and asked.is_set():
                    time.sleep(HEARD_S)
                    break
                client.sendall(data)
        except OSError:
            pass
        for s in (server, client):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Once(lab.Case):
    def setUp(self):
        self.line_between = Line(self.d.port)
        self.line_between.start()
        line = self.d.login_line().replace(f":{self.d.port}/", f":{self.line_between.port}/")
        self.through = self.environment(CLOUDIE_CREDENTIALS=self.credentials + ".line")
        done = self.run_it("login", "-", stdin=line, env=self.through)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_lost_answer(self):
        name = self.machine()
        before = self.line_between.count
        self.line_between.cuts = 1
        done = self.run_it("node", "accept", name, env=self.through)
        # Accepted twice it would be refused: only a node that is discovered can be.
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.line_between.count - before, 2)
        text = self.ok("node", "timeline", name)
        self.assertEqual(text.count("discovered -> ready"), 1, text)

    def test_no_answer_at_all(self):
        name = self.machine()
        self.line_between.cuts = 100
        before = self.line_between.count
        done = self.run_it("node", "accept", name, env=self.through)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.line_between.count - before, 4)
        self.line_between.cuts = 0
        self.assertIn("can be accepted", self.run_it("node", "accept", name, env=self.through).stderr)


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # its threads leave their sockets to the end
