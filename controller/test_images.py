# SPDX-License-Identifier: GPL-3.0-or-later
"""Images in cloudied, from outside: uploaded, signed, served to edges, verified, deleted."""
import contextlib
import hashlib
import http.client
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import cloudied_lab as lab

FRAME = 4 << 20
SIZE = 2 * FRAME + 1536  # the last frame is short


def plain(seed, size=SIZE):
    """Zeroes, then noise: one frame that is all zero, others that do not shrink."""
    rng = random.Random(seed)
    return bytes(FRAME) + rng.randbytes(size - FRAME)


def frames_of(data):
    """Each 4 MiB as anybody's zstd makes a frame of it."""
    return [subprocess.run(("zstd", "-q", "-c", "-1"), input=data[i:i + FRAME], check=True,
                           capture_output=True).stdout for i in range(0, len(data), FRAME)]


def site_cpio_member(cpio, wanted):
    """newc: 13 numbers of 8 hex digits behind the magic; name and data each padded to 4."""
    at = 0
    while True:
        field = [int(cpio[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = cpio[at + 110:at + 110 + field[11] - 1].decode()
        data = at + (110 + field[11] + 3) // 4 * 4
        if name == wanted:
            return cpio[data:data + field[6]]
        assert name != "TRAILER!!!", wanted
        at = data + (field[6] + 3) // 4 * 4


class Images(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = plain(1)
        cls.frames = frames_of(cls.data)

    def setUp(self):
        self.d = lab.Cloudied(lab.program()).start()
        self.addCleanup(self.end)
        self.token = self.d.login(self.d.out_text())
        self.edge = self.d.join()
        self.folder = os.path.join(self.d.state, "images")

    def end(self):
        rc = self.d.stop()
        text = self.d.log_text()
        shutil.rmtree(self.d.folder)
        self.assertEqual(rc, 0, text)
        self.assertNotIn("ERROR: ", text)  # of a sanitizer

    def api(self, method, path, body=None, status=200, **more):
        answer = self.d.call(method, "/api/v1/images" + path, body, token=self.token, **more)
        self.assertEqual(answer.status, status, answer.body)
        return answer.json if answer.body else None

    def begin(self, name="worker", size=SIZE, more="", **others):
        return self.api("PUT", f"/{name}/import?size={size}{more}", **others)

    def frame(self, number, body, name="worker", **more):
        return self.api("PUT", f"/{name}/frame?number={number}", body, **more)

    def upload(self, name="worker", frames=None, size=SIZE, more=""):
        begun = self.begin(name, size, more)
        self.assertEqual(begun["next"], 0)
        for i, body in enumerate(frames or self.frames):
            self.assertEqual(self.frame(i, body, name)["next"], i + 1)
        return self.api("POST", f"/{name}/finish")

    def fetch(self, name, status=200, headers=()):
        answer = self.d.get("/edge/v1/images/" + name, token=self.edge, headers=headers)
        self.assertEqual(answer.status, status, answer.body[:500])
        return answer

    def files(self):
        return sorted(os.listdir(self.folder))

    def test_life(self):
        self.assertEqual(self.api("GET", ""), {"items": []})
        start_ms = int(time.time() * 1000)
        made = self.upload(more="&os=Debian%20GNU/Linux%2012&architecture=x86_64")
        self.assertEqual((made["kind"], made["name"]), ("image", "worker"))
        self.assertEqual(made["spec"], {"os": "Debian GNU/Linux 12", "architecture": "x86_64"})
        status = made["status"]
        self.assertEqual((status["size"], status["sector_size"]), (SIZE, 512))
        self.assertEqual(status["id"], status["table_sha256"][:32])
        self.assertTrue(start_ms <= status["made_ms"] <= time.time() * 1000)
        self.assertEqual(self.api("GET", ""), {"items": [made]})
        self.assertEqual(self.api("GET", "/worker"), made)

        files = ["worker.json", "worker.json.sig", "worker.raw.zst"]
        self.assertEqual(self.files(), files)
        self.assertEqual(os.stat(self.folder).st_mode & 0o777, 0o700)
        for name in files:
            self.assertEqual(os.stat(os.path.join(self.folder, name)).st_mode & 0o777, 0o600)
        out = subprocess.run(("zstd", "-dcq", os.path.join(self.folder, "worker.raw.zst")),
                             check=True, capture_output=True).stdout
        self.assertTrue(out == self.data)

        answer = self.api("POST", "/worker/verify")
        self.assertEqual(answer["ok"], True, answer)
        # an image lasts
        self.d.stop(signal.SIGKILL)
        self.d.start()
        self.assertEqual(self.api("GET", "/worker"), made)
        self.api("DELETE", "/worker", status=204)
        self.assertEqual(self.files(), [])
        self.assertEqual(self.api("GET", "/worker", status=404)["code"], "image-unknown")
        self.assertEqual(self.api("DELETE", "/worker", status=404)["code"], "image-unknown")
        self.fetch(status["id"] + ".raw.zst", status=404)

    def test_documents(self):
        """What is said of an image is a document; its bytes and their manifest are beside it."""
        made = self.upload(more="&os=Debian%2012")
        self.assertEqual((made["version"], made["labels"], made["spec"]), (1, {}, {"os": "Debian 12"}))
        said = {"kind": "image", "labels": {"os": "debian-12"},
                "spec": {"os": "Debian 12", "firmware": ["uefi"], "disk": "20G", "notes": "n"}, "status": made["status"]}
        self.assertEqual(self.api("PUT", "/worker?dry_run=1", said)["version"], 2)
        put = self.api("PUT", "/worker", said)
        self.assertEqual((put["version"], put["spec"], put["status"]), (2, said["spec"], made["status"]))
        self.api("PUT", "/worker", said, 412, headers={"If-Match": '"1"'})
        wrong = self.api("PUT", "/worker", {"kind": "image", "spec": {"size": 5}}, 400)
        self.assertEqual(wrong["code"], "image-malformed")
        self.assertIn("'size' is not understood: os, architecture", wrong["detail"])
        self.upload("other", more="&os=freebsd")

        def names(query):
            return [i["name"] for i in self.api("GET", "?fields=name&" + query)["items"]]
        self.assertEqual(names("select=os%3Ddebian-12"), ["worker"])
        self.assertEqual(names("select=os%3Dfreebsd"), ["other"])
        self.assertEqual(names("sort=-name&limit=1"), ["worker"])
        self.assertEqual([(i["version"], i["labels"]) for i in self.api("GET", "/worker/history")["items"]],
                         [(2, {"os": "debian-12"}), (1, {})])

        # an import writes what its manifest says, and leaves all else
        again = self.upload(more="&os=Debian%2013")
        self.assertEqual((again["version"], again["labels"]), (3, said["labels"]))
        self.assertEqual(again["spec"], {**said["spec"], "os": "Debian 13"})
        self.d.stop(signal.SIGKILL)
        self.d.start()
        self.assertEqual(self.api("GET", "/worker"), again)

        # it may be written before there is an image, which is then no image
        early = self.api("PUT", "/early", {"kind": "image", "labels": {"a": "b"}})
        self.assertIn("its bytes are not here", early["status"]["broken"])
        self.begin("early")
        self.api("DELETE", "/early", status=204)  # the import alone
        self.assertEqual(self.api("GET", "/early"), early)
        self.api("DELETE", "/early", status=204)
        self.api("GET", "/early", status=404)
        self.api("DELETE", "/worker", status=412, headers={"If-Match": '"2"'})
        self.api("DELETE", "/worker", status=204, headers={"If-Match": '"3"'})
        self.assertEqual(names(""), ["other"])
        self.assertEqual([f for f in self.files() if f.startswith("worker")], [])
        # what has its name after it counts on
        self.assertEqual(self.upload()["version"], 5)

    def test_a_folder_of_before_documents(self):
        """Bytes that nothing is said of get a document at the start."""
        self.upload(more="&os=Debian%2012")
        self.d.stop()
        with contextlib.closing(sqlite3.connect(os.path.join(self.d.state, "cloudie.db"))) as db:
            self.assertEqual(db.execute("DELETE FROM documents WHERE kind = 'image'").rowcount, 1)
            db.commit()
        self.d.start()
        deadline = time.monotonic() + 10  # its first tick
        while not self.api("GET", "")["items"] and time.monotonic() < deadline:
            time.sleep(0.05)
        shown = self.api("GET", "/worker")
        self.assertEqual(shown["spec"], {"os": "Debian 12"})
        self.assertNotIn("broken", shown["status"])

    def profile(self, name):
        return self.d.call("PUT", "/api/v1/profiles/" + name,
                           {"kind": "profile", "spec": {"steps": [{"image": "worker"}]}}, token=self.token)

    def test_in_use(self):
        self.upload()
        for name in ("b", "a"):
            self.assertEqual(self.profile(name).status, 200)
        refused = self.api("DELETE", "/worker", status=409)
        self.assertEqual(refused["code"], "image-in-use")
        self.assertRegex(refused["detail"], "Profiles '[ab]', '[ab]' ask for it.")
        self.d.call("DELETE", "/api/v1/profiles/a", token=self.token)
        self.assertIn("Profile 'b' asks for it.", self.api("DELETE", "/worker", status=409)["detail"])
        self.d.call("DELETE", "/api/v1/profiles/b", token=self.token)
        self.api("DELETE", "/worker", status=204)

    def test_what_a_machine_must_have(self):
        self.upload()
        self.assertEqual(self.profile("p").status, 200)
        report = lab.inventory(["52:54:00:77:01:00"])
        report["firmware"] = {"boot_mode": "bios"}
        report["kernel"] = {"architecture": "x86_64"}
        report["disks"]["items"] = [{"name": "nvme0n1", "type": "nvme", "serial": "S1", "size": 10 << 30}]
        node, _ = self.d.discover(self.edge, lab.Key(self.d.folder), "52:54:00:77:01:00", report)
        self.d.post(f"/api/v1/nodes/{node}/accept", token=self.token)
        for spec, status, code, words in (
                ({"architecture": "aarch64"}, 409, "machine-unfit", "is for aarch64, and the machine is x86_64"),
                ({"firmware": ["uefi"]}, 409, "machine-unfit", "starts with uefi alone, and the machine booted with bios"),
                ({"memory": "4G"}, 409, "machine-unfit", "needs 4.0 GiB of memory, and the machine has 512"),
                ({"disk": "20G"}, 409, "disk-none", "it has 10.0 GiB, the image 20.0 GiB"),
                ({"architecture": "x86_64", "firmware": ["bios"], "memory": "512M", "disk": "10G"}, 200, None, "S1")):
            self.api("PUT", "/worker", {"kind": "image", "spec": spec})
            answer = self.d.post(f"/api/v1/nodes/{node}/install", {"profile": "p", "dry_run": True}, token=self.token)
            self.assertEqual(answer.status, status, answer.body)
            self.assertIn(words, answer.body.decode())
            if code:
                self.assertEqual(answer.json["code"], code)

    def test_edge(self):
        made = self.upload()
        ident = made["status"]["id"]
        raw = self.fetch(ident + ".raw.zst")
        self.assertEqual(len(raw.body), made["status"]["stored_size"])
        self.assertEqual(raw.headers["ETag"], f'"{hashlib.sha256(raw.body).hexdigest()}"')
        part = self.fetch(ident + ".raw.zst", 206, {"Range": "bytes=100-199"})
        self.assertEqual(part.body, raw.body[100:200])
        self.fetch(ident + ".raw.zst", 304, {"If-None-Match": raw.headers["ETag"]})
        manifest, signature = self.fetch(ident + ".json"), self.fetch(ident + ".json.sig")
        self.assertEqual(manifest.json["stored_sha256"], hashlib.sha256(raw.body).hexdigest())
        for answer in (manifest, signature):
            self.assertEqual(answer.headers["ETag"],
                             f'"{hashlib.sha256(answer.body).hexdigest()}"')
        table = raw.body[-44 * len(self.frames):]
        self.assertEqual(manifest.json["table_sha256"], hashlib.sha256(table).hexdigest())
        for wrong in ("worker.raw.zst", ident, ident + ".json.x", ident[1:] + ".json",
                      "0" * 32 + ".json"):
            self.fetch(wrong, status=404)
        self.assertEqual(self.d.get("/edge/v1/images/" + ident + ".json",
                                    token=self.token).status, 401)
        self.assertEqual(self.d.get("/api/v1/images", token=self.edge).status, 401)

    @unittest.skipUnless(shutil.which("minisign"), "needs minisign")
    def test_signature(self):
        self.upload()
        site = self.d.get("/edge/v1/assets/site.cpio", token=self.edge).body
        with tempfile.TemporaryDirectory() as folder:
            key = os.path.join(folder, "signing.pub")
            with open(key, "wb") as f:
                f.write(site_cpio_member(site, "etc/cloudie/signing.pub"))
            manifest = os.path.join(self.folder, "worker.json")
            command = ("minisign", "-V", "-q", "-p", key, "-m", manifest,
                       "-x", manifest + ".sig")
            subprocess.run(command, check=True, capture_output=True)
            with open(manifest, "ab") as f:
                f.write(b" ")
            self.assertNotEqual(subprocess.run(command, capture_output=True).returncode, 0)

    def flip(self, at):
        with open(os.path.join(self.folder, "worker.raw.zst"), "r+b") as f:
            f.seek(at)
            byte = f.read(1)[0]
            f.seek(at)
            f.write(bytes([byte ^ 0x40]))

    def test_verify_names_the_frame(self):
        made = self.upload()
        at = len(self.frames[0]) + 1000
        self.flip(at)
        answer = self.api("POST", "/worker/verify")
        self.assertEqual(answer["ok"], False)
        self.assertIn("Frame 1 of 3", answer["detail"])
        # nobody is installed with it until it is whole again
        self.assertIn("Frame 1", self.api("GET", "/worker")["status"]["broken"])
        self.fetch(made["status"]["id"] + ".json", status=404)
        self.flip(at)
        self.assertEqual(self.api("POST", "/worker/verify")["ok"], True)
        self.assertEqual(self.api("GET", "/worker"), made)
        self.fetch(made["status"]["id"] + ".json")
        self.api("POST", "/other/verify", status=404)

    def test_broken_on_disk(self):
        self.upload()
        self.d.stop()
        with open(os.path.join(self.folder, "worker.json"), "ab") as f:
            f.write(b"\n")
        self.d.start()
        shown = self.api("GET", "/worker")
        self.assertIn("not signed by this site's key", shown["status"]["broken"])
        self.assertEqual(self.d.log_text().count("image.broken"), 1)
        self.assertEqual(self.api("POST", "/worker/verify", status=409)["code"], "image-broken")
        # a new import heals it
        self.assertNotIn("broken", self.upload()["status"])

    def test_wrong_frames(self):
        self.begin()
        answer = self.frame(1, self.frames[1], status=409)
        self.assertEqual(answer["code"], "frame-order")
        self.assertIn("Frame 0 comes next", answer["detail"])
        for body in (b"", b"nonsense", self.frames[2], self.frames[0][:-1],
                     self.frames[0] + b"x", self.frames[0] + self.frames[1],
                     frames_of(bytes(FRAME + 512))[1]):
            self.assertEqual(self.frame(0, body, status=400)["code"], "frame-wrong")
        self.assertEqual(self.frame(0, self.frames[0])["next"], 1)
        self.assertEqual(self.frame(0, self.frames[0], status=409)["code"], "frame-order")
        answer = self.api("POST", "/worker/finish", status=409)
        self.assertIn("Frame 1 comes next", answer["detail"])
        self.frame(1, self.frames[1])
        self.frame(2, self.frames[2])
        self.assertEqual(self.frame(3, self.frames[2], status=409)["code"], "frame-order")
        self.api("POST", "/worker/finish")
        self.assertEqual(self.frame(0, self.frames[0], status=404)["code"], "import-unknown")
        self.assertEqual(self.api("POST", "/worker/finish", status=404)["code"],
                         "import-unknown")

    def test_refusals(self):
        for path in ("/worker", "/worker?size=x", "/worker?size=0", "/worker?size=1000",
                     f"/worker?size={1 << 60}", "/Worker?size=512", "/-a?size=512",
                     "/worker?size=4096&sector_size=1024", "/worker?size=512&sector_size=4096",
                     "/worker?size=512&os=" + "x" * 128,
                     "/worker?size=512&architecture=" + "x" * 16):
            answer = self.d.call("PUT", "/api/v1/images" + path.replace("?", "/import?") + "/import" * ("?" not in path),
                                 token=self.token)
            self.assertEqual((answer.status, answer.code), (400, "query-malformed"), path)
        self.begin()
        answer = self.d.call("PUT", "/api/v1/images/worker/frame", b"x", token=self.token)
        self.assertEqual(answer.code, "query-malformed")
        self.assertEqual(self.frame(0, bytes(FRAME + (FRAME >> 8) + 513), status=413)["code"],
                         "body-too-large")
        self.assertEqual(self.d.call("PUT", "/api/v1/images/worker/import?size=512").status, 401)
        self.assertEqual(self.files(), [".worker.raw.zst.part"])
        self.api("DELETE", "/worker", status=204)
        self.assertEqual(self.files(), [])

    def test_too_many_uploads(self):
        for i in range(4):
            self.begin(f"image-{i}")
        self.assertEqual(self.begin("image-4", status=503)["code"], "full")
        self.begin("image-3")
        self.api("DELETE", "/image-0", status=204)
        self.begin("image-4")

    def test_goes_on_after_a_cut(self):
        self.begin()
        self.frame(0, self.frames[0])
        # half a frame, and then the line is gone
        c = self.d.connect()
        c.putrequest("PUT", "/api/v1/images/worker/frame?number=1")
        c.putheader("Authorization", "Bearer " + self.token)
        c.putheader("Content-Length", str(len(self.frames[1])))
        c.endheaders()
        c.send(self.frames[1][:1 << 20])
        c.close()
        begun = self.begin()
        self.assertEqual(begun, {"next": 1, "frames": 3})
        self.frame(1, self.frames[1])
        self.frame(2, self.frames[2])
        self.api("POST", "/worker/finish")
        self.assertEqual(self.api("POST", "/worker/verify")["ok"], True)
        # another size begins anew
        self.begin(size=FRAME)
        self.frame(0, self.frames[0])
        self.assertEqual(self.begin(size=SIZE)["next"], 0)

    def test_two_files_of_one_name_are_never_mixed(self):
        mine, other = "&source=aaaa", "&source=bbbb"
        self.begin(more=mine)
        self.frame(f"0{mine}", self.frames[0])
        self.assertEqual(self.begin(more=mine)["next"], 1)  # a cut: it goes on
        # another file of the same size takes its place, from its own first frame on
        self.assertEqual(self.begin(more=other)["next"], 0)
        theirs = frames_of(plain(2))
        self.frame(f"0{other}", theirs[0])
        # who is late is told so, and puts nothing between theirs
        answer = self.frame(f"1{mine}", self.frames[1], status=409)
        self.assertEqual(answer["code"], "import-replaced")
        self.assertEqual(self.frame(1, self.frames[1], status=409)["code"], "import-replaced")
        for i in (1, 2):
            self.frame(f"{i}{other}", theirs[i])
        self.assertEqual(self.api("POST", "/worker/finish?source=aaaa", status=409)["code"],
                         "import-replaced")
        self.assertEqual(self.api("POST", "/worker/finish", status=409)["code"],
                         "import-replaced")
        made = self.api("POST", "/worker/finish?source=bbbb")
        raw = self.fetch(made["status"]["id"] + ".raw.zst").body
        out = subprocess.run(("zstd", "-dcq"), input=raw, check=True, capture_output=True).stdout
        self.assertTrue(out == plain(2))
        for wrong in ("x" * 65, "a%2fb", "%20"):
            self.assertEqual(self.begin(more="&source=" + wrong, status=400)["code"],
                             "query-malformed")

    def test_killed_in_the_middle(self):
        made = self.upload()
        self.begin()
        self.frame(0, self.frames[0])
        self.assertIn(".worker.raw.zst.part", self.files())
        self.d.stop(signal.SIGKILL)
        self.d.start()
        self.assertEqual(self.files(), ["worker.json", "worker.json.sig", "worker.raw.zst"])
        self.assertEqual(self.api("GET", "/worker"), made)
        self.assertEqual(self.frame(1, self.frames[1], status=404)["code"], "import-unknown")

    def test_replaced(self):
        before = self.upload()
        data = plain(2)
        after = self.upload(frames=frames_of(data))
        self.assertNotEqual(before["status"]["id"], after["status"]["id"])
        self.assertEqual(self.api("GET", ""), {"items": [after]})
        self.fetch(before["status"]["id"] + ".raw.zst", status=404)
        raw = self.fetch(after["status"]["id"] + ".raw.zst").body
        out = subprocess.run(("zstd", "-dcq"), input=raw, check=True, capture_output=True).stdout
        self.assertTrue(out == data)
        self.assertEqual(len(self.files()), 3)
        self.assertEqual(self.api("POST", "/worker/verify")["ok"], True)

    def test_stop_while_uploading(self):
        self.begin()
        self.frame(0, self.frames[0])
        self.assertEqual(self.d.stop(), 0)
        self.assertEqual(self.files(), [])
        self.d.start()

    def test_stop_while_verifying(self):
        """Whoever waits for it is answered, or finds the door closed."""
        self.upload()
        answers = []

        def ask():
            try:
                while True:
                    answers.append(self.d.post("/api/v1/images/worker/verify",
                                               token=self.token).status)
            except (OSError, http.client.HTTPException):
                pass

        thread = threading.Thread(target=ask)
        thread.start()
        while not answers and thread.is_alive():
            time.sleep(0.01)
        self.assertEqual(self.d.stop(), 0)
        thread.join(30)
        self.assertLessEqual(set(answers), {200, 503})
        self.d.start()
        self.assertNotIn("broken", self.api("GET", "/worker")["status"])


if __name__ == "__main__":
    if not shutil.which("zstd"):
        print("needs zstd", file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)
