#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two cloudied with one PostgreSQL: who decides, what the other passes on, who is refused."""
import http.client
import os
import re
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
import unittest

import cloudied_lab as lab
from test_install import KEY

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "store"))
import postgres_lab  # noqa: E402

MAC = "52:54:00:77:00:01"
SOON_S = 20  # that somebody else decides; on a healthy machine 0.2 s
PASSWORD = "correct horse"


class Between(socketserver.BaseRequestHandler):
    """Passes on to the server's socket, and as a pooler does it calls the session by a name of
    its own: in the message BackendKeyData. Or it cuts, and takes the answer to a COMMIT with it."""

    def handle(self):
        there = socket.socket(socket.AF_UNIX)
        there.connect(self.server.there)
        back = threading.Thread(target=self.back, args=(there,))
        back.start()
        while piece := self.request.recv(65536):
            there.sendall(piece)
        there.shutdown(socket.SHUT_WR)
        back.join()
        there.close()

    def back(self, there):
        while piece := there.recv(65536):
            at = piece.find(b"K\0\0\0\x0c")
            if self.server.renames and at >= 0:
                piece = piece[:at + 5] + b"\0\0\0\x01" + piece[at + 9:]
            if self.server.cuts and b"COMMIT\0" in piece:
                self.request.shutdown(socket.SHUT_RDWR)
                return
            self.request.sendall(piece)


class Shared(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = postgres_lab.Postgres()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        self.server.ask("SET client_min_messages = warning; DROP SCHEMA public CASCADE;"
                        "CREATE SCHEMA public")
        self.members = []
        self.first = self.member().start()
        self.token = self.first.login(self.first.out_text())
        self.edge = self.first.join()
        self.second = self.member()
        self.copy_keys(self.second)

    def member(self, extra="", store=None):
        member = lab.Cloudied(lab.program(), f"store: '{store or self.server.url}'\n{extra}")
        self.members.append(member)
        self.addCleanup(shutil.rmtree, member.folder)
        self.addCleanup(member.stop, signal.SIGKILL)
        return member

    def copy_keys(self, member):
        shutil.copytree(os.path.join(self.first.state, "tls"), os.path.join(member.state, "tls"))

    def refuse(self, member, sentence):
        with self.assertRaisesRegex(AssertionError, sentence):
            member.start()
        self.assertEqual(member.stop(), 1)
        self.assertNotIn(PASSWORD, member.log_text())

    def wait_for(self, what):
        end = time.monotonic() + SOON_S
        while not what():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)

    def answers(self, member):
        try:
            return member.get("/api/v1/nodes", token=self.token).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def decides(self, member):
        return "event=start" in member.log_text()

    def put_key(self, member, name):
        answer = member.call("PUT", f"/api/v1/keys/{name}",
                             {"kind": "key", "spec": {"public_key": KEY}}, token=self.token)
        self.assertEqual(answer.status, 200, answer.body)

    def test_either(self):
        """What one was told, all know; a stream of events and a long poll go through, too."""
        self.second.start()
        self.assertIn(f'decides=127.0.0.1:{self.first.port}', self.second.log_text())
        self.assertFalse(self.decides(self.second))
        self.put_key(self.second, "one")
        self.assertEqual(self.first.get("/api/v1/keys/one", token=self.token).status, 200)
        name, agent = self.second.discover(self.edge, lab.Key(self.first.folder), MAC,
                                           lab.inventory([MAC]))
        heard = []
        stream = threading.Thread(target=lambda: heard.extend(
            lab.events_of(self.second, self.token, after=0, want=3)))
        stream.start()
        orders = []
        poll = threading.Thread(target=lambda: orders.append(self.second.get(
            "/agent/v1/orders?generation=0", token=agent).status))
        poll.start()
        answer = self.first.post(f"/api/v1/nodes/{name}/accept", token=self.token)
        self.assertEqual(answer.status, 200, answer.body)
        stream.join()
        self.assertEqual([number for number, _, _ in heard], ["1", "2", "3"])
        big = self.second.call("PUT", "/api/v1/images/x/import?size=1048576", token=self.token)
        self.assertEqual(big.status, 200, big.body)
        self.assertEqual(self.second.call("PUT", "/api/v1/images/x/frame?number=0",
                                          os.urandom(1 << 20), token=self.token).status, 400)
        self.assertEqual(self.first.stop(), 0)
        poll.join()
        self.wait_for(lambda: self.answers(self.second))
        self.assertTrue(self.decides(self.second))
        self.assertEqual(orders, [200])
        self.assertEqual(self.second.get(f"/api/v1/nodes/{name}", token=self.token)
                         .json["status"]["phase"], "ready")
        # And the first, when it is back, passes on to the second.
        self.first.start()
        self.put_key(self.first, "two")
        self.assertEqual(self.second.get("/api/v1/keys/two", token=self.token).status, 200)
        self.assertEqual(self.first.stop(), 0)
        self.assertEqual(self.second.stop(), 0)

    def test_one_that_decided_before(self):
        """Its own name stands in the database until another one has written there: it is not to
        pass on to itself. The same under a name that it does not know for its own."""
        self.assertEqual(self.first.stop(), 0)
        holder = subprocess.Popen(("psql", "-X", "-q", self.server.url), stdin=subprocess.PIPE)
        holder.stdin.write(b"SELECT pg_advisory_lock(1131177061) \\g /dev/null\n")
        holder.stdin.flush()
        self.wait_for(lambda: self.server.ask("SELECT count(*) FROM pg_locks WHERE granted"
                                              " AND locktype = 'advisory'") == "1")
        start = threading.Thread(target=self.first.start)
        start.start()
        try:
            self.wait_for(lambda: f"decides=127.0.0.1:{self.first.port}" in self.first.log_text())
            self.turned_away()
            self.server.ask(f"UPDATE cloudie SET address = 'localhost:{self.first.port}'")
            self.wait_for(lambda: "decides=localhost:" in self.first.log_text())
            self.turned_away()
        finally:
            holder.stdin.close()
            holder.wait(10)
            start.join()
        self.assertTrue(self.answers(self.first))

    def turned_away(self):
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", self.first.port), SOON_S) as c:
                try:
                    c.sendall(b"hello")
                    self.assertEqual(c.recv(1), b"")
                except ConnectionError:
                    pass

    def test_http_while_it_waits(self):
        port = lab.free_port()
        with open(self.second.config, encoding="utf-8") as file:
            text = file.read()
        with open(self.second.config, "w", encoding="utf-8") as file:
            file.write(re.sub(r"http_port: 0", f"http_port: {port}", text))
        self.second.start()
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        c.request("GET", "/healthz")
        self.assertEqual(c.getresponse().headers["Location"],
                         f"https://127.0.0.1:{self.second.port}/healthz")
        c.close()
        self.assertFalse(self.decides(self.second))

    def test_one_that_lost_its_session(self):
        """It acknowledges nothing any more, and ends; the other goes on."""
        self.second.start()
        self.put_key(self.first, "one")
        self.server.ask("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        self.assertEqual(self.first.process.wait(SOON_S), 1)
        self.assertIn("event=store.failed", self.first.log_text())
        self.wait_for(lambda: self.answers(self.second))
        self.assertEqual(self.second.get("/api/v1/keys/one", token=self.token).status, 200)

    def test_a_database_that_is_gone(self):
        """Whoever decides and whoever waits ends with a sentence; both start again after it."""
        self.second.start()
        server = self.server.process
        server.send_signal(signal.SIGINT)
        server.wait(60)
        for member in (self.first, self.second):
            self.assertEqual(member.process.wait(SOON_S), 1)
            member.stop()
        self.refuse(self.second, "cannot be opened: .*")
        self.server.start()
        self.second.start()
        self.assertTrue(self.answers(self.second))

    def test_refused(self):
        self.refuse(self.member(), "of another site; copy the folder tls/")
        self.server.ask("UPDATE cloudie SET version = 99")
        self.refuse(self.second, "written by a newer cloudied; use the cloudied that wrote it")
        self.server.ask("UPDATE cloudie SET version = 1")
        self.assertEqual(self.first.stop(), 0)
        self.server.ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE x(y int)")
        self.refuse(self.second, "not written by cloudied; give it a database of its own")

    def test_password(self):
        """Of a file, for a server that asks for one; in no log and no argument."""
        self.assertEqual(self.first.stop(), 0)
        self.server.ask(f"ALTER ROLE cloudie PASSWORD '{PASSWORD}'")
        rules = os.path.join(self.server.data, "pg_hba.conf")
        with open(rules, encoding="utf-8") as file:
            before = file.read()
        with open(rules, "w", encoding="utf-8") as file:
            file.write("local all all scram-sha-256\n")
        self.server.run("pg_ctl", "reload", "-D", self.server.data)
        try:
            path = os.path.join(self.first.folder, "password")
            with open(path, "w", encoding="utf-8") as file:
                file.write(PASSWORD + "\n")
            os.chmod(path, 0o600)
            member = self.member(f"store_password_file: {path}\n")
            self.copy_keys(member)
            member.start()
            self.assertTrue(self.answers(member))
            self.assertEqual(member.stop(), 0)
            self.assertNotIn(PASSWORD, member.log_text())

            self.refuse(self.second, "no password supplied")
            os.chmod(path, 0o644)
            self.refuse(member, "everybody may read it; take that away with chmod o-rwx")
            self.refuse(self.member(f"store_password_file: {path}.not\n"),
                        "the password of 'store' cannot be read: No such file")
            self.refuse(self.member(store=f"postgresql://cloudie:{PASSWORD.split()[0]}@/x"),
                        "put that into a file of its own, and name it in 'store_password_file'")
        finally:
            with open(rules, "w", encoding="utf-8") as file:
                file.write(before)
            self.server.run("pg_ctl", "reload", "-D", self.server.data)

    def test_by_tcp(self):
        """The server must be the right one, unless the address says that it need not; and between
        the two stands nobody who gives one session to many."""
        self.assertEqual(self.first.stop(), 0)
        between, where = self.between()
        strict = self.member(store=where)
        self.copy_keys(strict)
        self.refuse(strict, "server does not support SSL, but SSL was required")
        member = self.member(store=where + "?sslmode=disable")
        self.copy_keys(member)
        member.start()
        self.assertTrue(self.answers(member))
        self.assertEqual(member.stop(), 0)
        between.renames = True
        self.refuse(member, "a pooler stands before it; give the address of the server itself")

    def test_a_commit_without_an_answer(self):
        """Nobody knows whether it was kept, and nobody says so; asked again it is done once."""
        self.assertEqual(self.first.stop(), 0)
        between, where = self.between()
        member = self.member(store=where + "?sslmode=disable")
        self.copy_keys(member)
        member.start()
        name, _ = member.discover(self.edge, lab.Key(self.first.folder), MAC, lab.inventory([MAC]))
        accept = ("POST", f"/api/v1/nodes/{name}/accept")
        headers = {"Idempotency-Key": "k1"}
        between.cuts = True
        try:
            answer = member.call(*accept, token=self.token, headers=headers)
            self.assertEqual(answer.status, 503)
            self.assertIn(answer.code, ("store-failed", "stopping"))
            self.assertNotIn(b"nothing was changed", answer.body)
        except (OSError, http.client.HTTPException):
            pass
        self.assertEqual(member.process.wait(SOON_S), 1)
        member.stop()
        kept = self.server.ask("SELECT count(*) FROM history WHERE kind = 'node'")
        between.cuts = False
        member.start()
        self.assertEqual(member.get(f"/api/v1/nodes/{name}", token=self.token)
                         .json["status"]["phase"], "ready")
        answer = member.call(*accept, token=self.token, headers=headers)
        self.assertEqual((answer.status, answer.json["status"]["phase"]), (200, "ready"), answer.body)
        self.assertEqual(self.server.ask("SELECT count(*) FROM history WHERE kind = 'node'"), kept)
        self.assertEqual(member.stop(), 0)

    def between(self):
        between = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Between)
        between.there = os.path.join(self.server.folder, ".s.PGSQL.5432")
        between.renames = between.cuts = False
        serving = threading.Thread(target=between.serve_forever)
        serving.start()
        self.addCleanup(between.server_close)
        self.addCleanup(serving.join)
        self.addCleanup(between.shutdown)
        return between, f"postgresql://cloudie@127.0.0.1:{between.server_address[1]}/cloudie"

    def test_configuration(self):
        for extra, sentence in (("store: mysql://x\n", "'store' must begin with postgresql://"),
                                ("store_password_file: /x\n", "means nothing without 'store'")):
            member = lab.Cloudied(lab.program(), extra)
            self.addCleanup(shutil.rmtree, member.folder)
            self.refuse(member, sentence)


if __name__ == "__main__":
    if not postgres_lab.programs():
        print("skipped: no PostgreSQL here (Debian's package postgresql-15)")
        sys.exit(77)
    unittest.main(verbosity=2)
