#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store that an older cloudied wrote is opened by this one, with all that was in it.

controller/store/versions/N.sql is a store as cloudied of schema version N left it: a machine that
was installed and beats, and one that was only discovered. Each must be there; the newest as soon
as there is one after it. This writes one, by the cloudied that CLOUDIE_PROGRAM names:

    test_versions.py --write N.sql

versions/postgres-N.sql are the same of PostgreSQL, where CLOUDIE_TEST_POSTGRES names a server:
store/postgres_lab.py runs this with one.
"""
import glob
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import unittest

import cloudied_lab as lab
from test_install import HOST_KEY, KEY, MAC, PROFILE, Install

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "store", "versions")
OTHER_MAC = "52:54:00:77:00:09"
FAR = 4102444800000  # 2100: no token of a committed store ends before its test is run
# What a store keeps of them are hashes, and of a worker its public key.
HEADER = re.compile(r"^-- (operator|edge|agent|image) (\w+)$", re.M)


class Sqlite:
    files = "[0-9]*.sql"

    def __init__(self, d):
        self.path = os.path.join(d.state, "cloudie.db")

    def run(self, sql):
        connection = sqlite3.connect(self.path)
        with connection:
            row = connection.execute(sql).fetchone()
        connection.close()
        return row and row[0]

    def version(self):
        return self.run("PRAGMA user_version")

    def set_version(self, version):
        self.run(f"PRAGMA user_version = {version}")

    def dump(self):
        connection = sqlite3.connect(self.path)
        pragmas = []
        for pragma in ("application_id", "user_version"):
            value, = connection.execute(f"PRAGMA {pragma}").fetchone()
            pragmas.append(f"PRAGMA {pragma} = {value};")
        lines = pragmas + list(connection.iterdump())
        connection.close()
        return lines

    def load(self, text):
        for tail in ("", "-wal", "-shm"):
            if os.path.exists(self.path + tail):
                os.remove(self.path + tail)
        connection = sqlite3.connect(self.path)
        connection.executescript(text)
        connection.close()


class Postgres:
    files = "postgres-[0-9]*.sql"

    def __init__(self, d):
        self.url = d.postgres

    def run(self, sql):
        return lab.psql(self.url, sql)

    def version(self):
        return int(self.run("SELECT version FROM cloudie"))

    def set_version(self, version):
        self.run(f"UPDATE cloudie SET version = {version}")

    def dump(self):
        self.run("UPDATE cloudie SET site = '', address = ''")  # whoever reads it has other keys
        text = subprocess.run(("pg_dump", "--inserts", "--no-owner", "--no-privileges",
                               "--no-comments", "-d", self.url), check=True, capture_output=True,
                              text=True).stdout
        return [line for line in text.splitlines() if line and not line.startswith(("--", "\\"))]

    def load(self, text):
        self.run("SET client_min_messages = warning; DROP SCHEMA public CASCADE;"
                 f"CREATE SCHEMA public;{text}")


def store_of(d):
    return Postgres(d) if d.postgres else Sqlite(d)


class Write(Install):
    """As a test of installs begins; its end is a store."""

    def runTest(self):
        self.api("PUT", "/keys/ops", {"kind": "key", "spec": {"public_key": KEY}})
        self.deployed()
        other = lab.inventory([OTHER_MAC], "SN9", "00000009-1111-1111-1111-111111111111")
        _, agent = self.d.discover(self.edge, lab.Key(self.d.folder), OTHER_MAC, other)
        self.assertEqual(self.d.stop(), 0)
        store = store_of(self.d)
        store.run(f"UPDATE tokens SET expires_ms = {FAR}")
        with open(sys.argv[2], "w", encoding="utf-8") as file:
            file.write("-- SPDX-License-Identifier: GPL-3.0-or-later\n"
                       f"-- Written by test_versions.py --write\n-- operator {self.token}\n"
                       f"-- edge {self.edge}\n-- agent {agent}\n-- image {self.image}\n")
            file.writelines(line + "\n" for line in store.dump())
        self.d.start()  # the tear-down ends it


class Versions(unittest.TestCase):
    def setUp(self):
        self.d = lab.Cloudied(lab.program())
        self.store = store_of(self.d)
        self.addCleanup(shutil.rmtree, self.d.folder)
        self.addCleanup(self.d.stop, signal.SIGKILL)

    def put(self, path):
        """The store of that file in the place of this one's; returns what its tokens are."""
        os.makedirs(self.d.state, mode=0o700, exist_ok=True)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.store.load(text)
        return dict(HEADER.findall(text))

    def newest(self):
        self.d.start()
        self.d.stop()
        return self.store.version()

    def look(self, said):
        def get(path, who="operator"):
            answer = self.d.get(path, token=said[who])
            self.assertEqual(answer.status, 200, (path, answer.body))
            return answer.json

        nodes = {n["name"]: n["status"]["phase"] for n in get("/api/v1/nodes")["items"]}
        self.assertEqual(nodes, {"sn1": "deployed", "sn9": "discovered"})
        node = get("/api/v1/nodes/sn1?inventory=1")
        operation = node["status"]["operation"]
        self.assertEqual((operation["state"], operation["image_id"]), ("succeeded", said["image"]))
        self.assertEqual(node["status"]["installed"]["serial"], "NVME-0001")
        self.assertEqual(node["worker"]["says"]["host_keys"][0]["key"], HOST_KEY)
        inventory = get("/api/v1/nodes/sn9?inventory=1")["inventory"]
        self.assertEqual(inventory["nics"]["items"][0]["mac"], OTHER_MAC)
        self.assertEqual(get("/api/v1/profiles/worker")["spec"]["steps"],
                         PROFILE["spec"]["steps"])
        self.assertEqual(get("/api/v1/profiles/worker")["labels"], PROFILE["labels"])
        self.assertIn(get("/api/v1/keys/ops")["spec"]["public_key"], KEY)
        steps = [e["step"] for e in get("/api/v1/nodes/sn1/timeline")["items"]]
        self.assertLess(steps.index("claim"), steps.index("phone-home"))
        # Whoever was known is known: the edge, the machine that boots, the agent that waits.
        self.assertEqual(get("/edge/v1/config", "edge")["disks"][0]["mac"], MAC)
        self.assertEqual(self.d.plan(said["edge"], MAC)["action"], "disk")
        self.assertEqual(get("/agent/v1/orders", "agent")["order"], "hold")

    def test_each(self):
        newest = self.newest()
        files = {int(re.search(r"(\d+)\.sql$", path)[1]): path
                 for path in glob.glob(os.path.join(FOLDER, self.store.files))}
        # The next version is not released without this one's.
        self.assertLessEqual(set(range(1, newest)), set(files))
        for version, path in sorted(files.items()):
            with self.subTest(version=version):
                said = self.put(path)
                self.assertEqual(self.store.version(), version)
                for _ in range(2):  # and once more, as it is now
                    self.d.start()
                    self.look(said)
                    self.assertEqual(self.d.stop(), 0, self.d.log_text())
                    self.assertEqual(self.store.version(), newest)

    def test_a_newer_one(self):
        """Refused with a sentence, and left as it is."""
        version = self.newest() + 1
        self.store.set_version(version)
        with self.assertRaisesRegex(AssertionError, "written by a newer cloudied; use the cloudied "
                                                    "that wrote it"):
            self.d.start()
        self.assertEqual(self.d.stop(), 1)
        self.assertEqual(self.store.version(), version)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        done = unittest.TextTestRunner().run(Write())
        sys.exit(not done.wasSuccessful())
    unittest.main(defaultTest="Versions", verbosity=2)
