# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup that is made while others write, and a controller that it becomes."""
import json
import os
import shutil
import stat
import subprocess
import tempfile
import threading
import unittest

from cloudie_lab import Case, lab

PASSPHRASE = "four words and one more"
IMAGE = {"kind": "profile", "spec": {"steps": [{"image": "debian"}]}}


class Backup(Case):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=self.d.folder)
        self.path = os.path.join(self.folder, "site.backup")
        with open(self.credentials, encoding="utf-8") as file:
            self.token = json.load(file)["token"]

    def backup(self, *words, rc=0, stdin=PASSPHRASE + "\n"):
        done = self.run_it("backup", "-o", self.path, *words, stdin=stdin)
        self.assertEqual(done.returncode, rc, done.stderr)
        return done.stderr

    def other(self):
        """Another controller that was never started."""
        second = lab.Cloudied(lab.program())
        self.addCleanup(shutil.rmtree, second.folder)
        self.addCleanup(second.stop)
        return second

    def restore(self, second, stdin=PASSPHRASE + "\n", path=None, words=()):
        return subprocess.run(second.command("--restore", path or self.path, *words), text=True, input=stdin,
                              capture_output=True, timeout=60, check=False)

    def profiles(self, cloudied):
        answer = cloudied.get("/api/v1/profiles", token=self.token)
        self.assertEqual(answer.status, 200, answer.body)
        return {p["name"]: p["version"] for p in answer.json["items"]}

    def write_until(self, stop, written):
        """Profiles one after the other: each name stands for its place in the order."""
        while not stop.is_set():
            name = f"p{len(written):05}"
            answer = self.d.call("PUT", "/api/v1/profiles/" + name, IMAGE, token=self.token)
            assert answer.status == 200, answer.body
            written.append(name)

    def test_under_load(self):
        node = self.machine()
        self.ok("node", "accept", node)
        file = {"kind": "file", "spec": {"text": "s3cret-of-a-file"}}
        self.assertEqual(self.d.call("PUT", "/api/v1/files/f", file, token=self.token).status, 200)
        stop, written = threading.Event(), []
        writer = threading.Thread(target=self.write_until, args=(stop, written))
        writer.start()
        while len(written) < 20:
            stop.wait(0.01)
        before = list(written)
        told = self.backup()
        after = list(written)
        stop.set()
        writer.join()
        self.assertGreater(len(after), len(before), "nothing was written while it was made")
        self.assertIn("locked by the passphrase, mode 0600, read back whole", told)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        with open(self.path, "rb") as file:
            raw = file.read()
        for secret in (b"SQLite", b"PRIVATE KEY", b"s3cret", b"tls/", node.encode()):
            self.assertNotIn(secret, raw)
        self.assertEqual(os.listdir(self.folder), ["site.backup"])
        self.assertEqual([f for f in os.listdir(self.d.state) if "backup" in f], [])
        self.assertNotIn(PASSPHRASE, self.d.log_text())
        self.assertRegex(self.d.log_text(), "backup.made by=admin bytes=")

        second = self.other()
        done = self.restore(second)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^restored \d+ files, \d+ bytes, to /")
        second.start()
        kept = sorted(self.profiles(second))  # whoever was logged in still is
        self.assertEqual(kept, written[:len(kept)], "what is there is what was there at one moment")
        self.assertTrue(len(before) <= len(kept) <= len(written), (len(before), len(kept), len(written)))
        shown = second.get("/api/v1/nodes/" + node, token=self.token).json
        self.assertEqual(shown["status"]["phase"], "ready")
        for name in ("cert.pem", "key.pem", "signing.key", "documents.key", "names"):
            with open(os.path.join(self.d.state, "tls", name), "rb") as one, \
                    open(os.path.join(second.state, "tls", name), "rb") as two:
                self.assertEqual(one.read(), two.read())
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(second.state, "tls", name)).st_mode),
                             stat.S_IMODE(os.stat(os.path.join(self.d.state, "tls", name)).st_mode))
        self.assertNotIn("unreadable", second.log_text())
        self.assertEqual(second.get("/api/v1/files/f", token=self.token).json["status"]["size"], 16)
        self.assertEqual(second.get("/edge/v1/config", token=self.edge).status, 200)
        # it goes on writing, and what events there were are there
        self.assertEqual(second.call("PUT", "/api/v1/profiles/new", IMAGE, token=self.token).status, 200)
        timeline = [json.dumps(e) for e in second.get(f"/api/v1/nodes/{node}/timeline", token=self.token).json["items"]]
        there = [json.dumps(e) for e in self.d.get(f"/api/v1/nodes/{node}/timeline", token=self.token).json["items"]]
        self.assertEqual(timeline, there)
        self.assertEqual(second.stop(), 0)

    def test_what_is_not_restored(self):
        self.backup()
        with open(self.path, "rb") as file:
            whole = file.read()
        bad = os.path.join(self.folder, "bad")
        second = self.other()
        middle = len(whole) // 2
        for what, text, stdin, sentence in (
                ("another passphrase", whole, "another passphrase\n", "the passphrase is another one"),
                ("cut", whole[:-1], None, "was changed or cut"),
                ("cut at a piece", whole[:36 + 65552], None, "was changed or cut"),
                ("a byte", whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1:], None, "was changed or cut"),
                ("more", whole + b"x", None, "was changed or cut"),
                ("nothing", b"", None, "is no backup"),
                ("a database", b"SQLite format 3\0" + whole, None, "is no backup"),
                ("no passphrase", whole, "\n", "there is no passphrase")):
            with open(bad, "wb") as file:
                file.write(text)
            done = self.restore(second, path=bad, **({} if stdin is None else {"stdin": stdin}))
            self.assertEqual((done.returncode, done.stdout), (1, ""), what)
            self.assertRegex(done.stderr, "^cloudied: .*" + sentence, what)
            left = os.listdir(second.state) if os.path.exists(second.state) else []
            self.assertEqual([f for f in left if f != "lock"], [], what)
        self.assertIn("cannot be read", self.restore(second, path=bad + "2").stderr)
        # not over what is there, and not into what runs
        done = self.restore(self.d)
        self.assertIn("another cloudied", done.stderr)
        second.start()
        second.stop()
        done = self.restore(second)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not empty", done.stderr)
        # one that did not end is not served from
        third = self.other()
        os.makedirs(third.state)
        with open(os.path.join(third.state, "cloudie.db.restoring"), "wb"):
            pass
        done = subprocess.run(third.command(), capture_output=True, text=True, timeout=60, check=False)
        self.assertIn("did not end: empty the folder, and restore again", done.stderr)
        self.assertIn("is not empty", self.restore(third).stderr)

    def test_images(self):
        raw = os.path.join(self.folder, "disk.raw")
        with open(raw, "wb") as file:
            file.write(os.urandom(5 << 20))
        done = self.run_it("image", "import", raw)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(self.backup("--images", "disk"), r"5\.\d MiB")
        second = self.other()
        self.assertEqual(self.restore(second).returncode, 0)
        second.start()
        answer = second.post("/api/v1/images/disk/verify", token=self.token)
        self.assertEqual((answer.status, answer.json["ok"]), (200, True), answer.body)

    def test_refusals(self):
        secret = os.path.join(self.folder, "passphrase")
        with open(secret, "w", encoding="ascii") as file:
            file.write(PASSPHRASE + "\nmore\n")
        self.assertIn("others may read", self.backup("--passphrase-file", secret, rc=1))
        os.chmod(secret, 0o600)
        self.backup("--passphrase-file", secret, stdin="")
        second = self.other()
        self.assertEqual(self.restore(second, "", words=("--passphrase-file", secret)).returncode, 0)
        os.unlink(self.path)
        self.assertIn("fewer than 12 bytes", self.backup(rc=1, stdin="short\n"))
        self.assertIn("there is no passphrase", self.backup(rc=1, stdin=""))
        self.assertIn("there is none of this name", self.backup("--images", "none", rc=1))
        self.assertEqual(os.listdir(self.folder), ["passphrase"])
        self.refused("-o FILE", "backup", rc=2)
        self.refused("are options of 'backup'", "dump", "--images", "a", rc=2)
        self.refused("cannot be written", "backup", "-o", "/nonexistent/x", stdin=PASSPHRASE)


if __name__ == "__main__":
    unittest.main()
