# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudied, cloudie-agent and cloudie-install: from `install` to `deployed`, with a file as the disk."""
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "controller")]
import cloudied_lab  # noqa: E402  (of the room that it speaks to)
import install_lab as lab  # noqa: E402

AGENT, INSTALL = os.environ["CLOUDIE_AGENT"], os.environ["CLOUDIE_INSTALL"]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ops"
MAC = "52:54:00:77:00:01"
MIB = 1 << 20
IMAGE_SIZE = 18 * MIB
DISK_SIZE = 64 * MIB
WAIT_S = 60.0   # with sanitizers on a busy machine
PROFILE = {"kind": "profile", "name": "worker",
           "spec": {"steps": [{"wipe": "quick"}, {"image": "worker"}, {"grow": "root"},
                              {"seed": {"hostname": "{name}"}}, {"boot": "disk"}]}}
STEPS = ["check", "image", "wipe", "write", "seed", "table", "boot-entry", "reboot"]


class Whole(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        plain = lab.plain_disk(IMAGE_SIZE, "-n", "1:2048:+3M", "-n", "2:10240:+4M", "-c",
                               "2:cidata", "-n", "3:20480:+6M")
        for number in range(1, 4):
            plain[number * lab.FRAME + 100:number * lab.FRAME + 400] = os.urandom(300)
        cls.plain = bytes(plain)

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="cloudie-whole.")
        self.addCleanup(shutil.rmtree, self.folder)
        self.d = cloudied_lab.Cloudied(
            cloudied_lab.program(), package=cloudied_lab.package(self.folder + "/package")).start()
        self.addCleanup(shutil.rmtree, self.d.folder)
        self.addCleanup(self.d.stop)
        self.token = self.d.login(self.d.out_text())
        self.credential = self.d.join()
        self.machine = lab.Machine()
        self.addCleanup(self.machine.remove)
        self.machine.add_disk("vda", DISK_SIZE, "DISK-1")
        self.upload()
        self.api("PUT", "/profiles/worker", PROFILE)
        self.edge = lab.Edge(self.image_files()).start()
        self.addCleanup(self.edge.stop)
        self.write_site()

    def api(self, method, path, body=None):
        answer = self.d.call(method, "/api/v1" + path, body, token=self.token)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def upload(self):
        self.api("PUT", f"/images/worker/import?size={IMAGE_SIZE}")
        for number in range(0, (IMAGE_SIZE + lab.FRAME - 1) // lab.FRAME):
            frame = subprocess.run(
                ("zstd", "-qc"), input=self.plain[number * lab.FRAME:(number + 1) * lab.FRAME],
                check=True, capture_output=True).stdout
            self.api("PUT", f"/images/worker/frame?number={number}", frame)
        self.image = self.api("POST", "/images/worker/finish")["status"]["id"]

    def image_files(self):
        """What a netbootd would give."""
        files = {}
        for suffix in (".json", ".json.sig", ".raw.zst"):
            answer = self.d.get(f"/edge/v1/images/{self.image}{suffix}", token=self.credential)
            self.assertEqual(answer.status, 200)
            files[f"/images/{self.image}{suffix}"] = answer.body
        for name in ("manifest.json", "manifest.json.minisig", "stage-two.squashfs"):
            answer = self.d.get(f"/edge/v1/assets/{name}", token=self.credential)
            self.assertEqual(answer.status, 200)
            files[f"/assets/{name}"] = answer.body
        return files

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def write_site(self):
        self.write("site.json", json.dumps({"controllers": [f"https://127.0.0.1:{self.d.port}"]}))
        shutil.copy(os.path.join(self.d.state, "tls/cert.pem"), os.path.join(self.folder, "ca.pem"))
        cpio = self.d.get("/edge/v1/assets/site.cpio", token=self.credential).body
        start = cpio.index(b"untrusted comment")
        self.write("signing.pub", cpio[start:cpio.index(b"\n", start + 60) + 1].decode())
        inventory = cloudied_lab.inventory([MAC])
        inventory["cpu"]["isa_level"] = "x86-64-v2"
        inventory["disks"] = {"items": [{"name": "sdz", "type": "nvme", "size": DISK_SIZE,
                                         "serial": "DISK-1"}]}
        self.discover = self.write("discover", f"#!/bin/sh\necho '{json.dumps(inventory)}'\n")
        os.chmod(self.discover, stat.S_IRWXU)

    def start_agent(self):
        boot = self.d.plan(self.credential, MAC)["boot"]
        with open(os.path.join(self.folder, "log"), "ab") as log:
            agent = subprocess.Popen(
                [AGENT, "--rehearse", "--site", self.folder, "--address", "10.77.0.100",
                 "--command-line", f"cloudie.boot={boot} cloudie.edge={self.edge.url} BOOTIF=01-" +
                 MAC.replace(":", "-"), "--discover", self.discover, "--install", INSTALL,
                 "--install-root", self.machine.root], stderr=log)

        def end():
            agent.kill()
            agent.wait()
        self.addCleanup(end)
        return agent

    def node(self):
        return self.api("GET", "/nodes/sn1")["status"]

    def wait(self, what, why):
        deadline = time.monotonic() + WAIT_S
        while not what():
            if time.monotonic() > deadline:
                with open(os.path.join(self.folder, "log"), encoding="utf-8") as file:
                    raise AssertionError(f"{why}\n{file.read()}\n{self.d.log_text()}")
            time.sleep(0.05)

    def begin(self):
        agent = self.start_agent()
        self.wait(lambda: any(n["name"] == "sn1" for n in self.api("GET", "/nodes")["items"]),
                  "it reports")
        self.api("POST", "/nodes/sn1/accept")
        self.api("POST", "/nodes/sn1/install", {"profile": "worker"})
        return agent

    def failed_with(self, cause):
        self.wait(lambda: self.node()["operation"]["state"] == "failed", "it fails")
        self.assertEqual(self.node()["operation"]["cause"], cause)
        self.assertEqual(self.node()["phase"], "ready")

    def ends_deployed(self, agent):
        self.assertEqual(agent.wait(WAIT_S), 0)
        steps = [e["step"] for e in self.api("GET", "/nodes/sn1/timeline")["items"]]
        self.assertEqual([step for step in steps if step in STEPS][-len(STEPS):], STEPS)
        self.assertEqual(self.node()["operation"]["step"], "phone-home")
        disk = self.machine.content("vda")
        self.assertEqual(disk[9 * MIB:16 * MIB], self.plain[9 * MIB:16 * MIB])
        seed = json.loads(subprocess.run(
            ["mcopy", "-n", "-i", f"{self.machine.disk('vda')}@@{5 * MIB}", "::cloudie.json", "-"],
            capture_output=True, check=True).stdout)
        answer = self.d.post("/agent/v1/phone-home", {
            "node": seed["node"], "generation": seed["generation"], "secret": seed["secret"],
            "version": "test"})
        self.assertEqual((answer.status, answer.json["phase"]), (200, "deployed"))

    def seed_file(self, name):
        return subprocess.run(
            ["mcopy", "-n", "-i", f"{self.machine.disk('vda')}@@{5 * MIB}", f"::{name}", "-"],
            capture_output=True, check=True).stdout.decode()

    def test_deployed(self):
        self.ends_deployed(self.begin())

    def test_keys_and_user_data(self):
        """From the operator's documents to the files that cloud-init reads, sealed on the way."""
        text = "#cloud-config\npackages: [htop]\n# 5ecret \u00fc\n" + "# more\n" * 8000
        self.api("PUT", "/keys/ops", {"kind": "key", "spec": {"public_key": KEY}})
        self.api("PUT", "/files/worker.yaml", {"kind": "file", "spec": {"text": text}})
        self.api("PUT", "/profiles/worker", {"kind": "profile", "spec": {"steps": [
            {"wipe": "quick"}, {"image": "worker"}, {"grow": "root"},
            {"seed": {"hostname": "w-{name}", "user": "ops", "ssh_keys": ["ops"],
                      "user_data": "worker.yaml"}}, {"boot": "disk"}]}})
        self.ends_deployed(self.begin())
        self.assertEqual(self.seed_file("user-data"), text)
        self.assertIn('"name": "ops"', self.seed_file("vendor-data"))
        self.assertIn(f'public-keys: ["{KEY}"]', self.seed_file("meta-data"))
        self.assertIn("local-hostname: w-sn1\n", self.seed_file("meta-data"))
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as file:
            self.assertNotIn("5ecret", file.read() + self.d.log_text())

    def test_a_bad_frame_and_a_retry(self):
        path = f"/images/{self.image}.raw.zst"
        good = self.edge.files[path]
        bad = bytearray(good)
        # Of the last frame, before the skippable one that has the table.
        table = good.rindex(b"\x5c\x2a\x4d\x18")
        bad[table - 20] ^= 1
        self.edge.files[path] = bytes(bad)
        agent = self.begin()
        self.failed_with("image-frame-wrong")
        self.assertIsNone(agent.poll())
        self.edge.files[path] = good
        self.api("POST", "/nodes/sn1/retry")
        self.ends_deployed(agent)

    def test_cloudied_is_killed_in_the_middle(self):
        held = []

        def answer(path, wanted):
            if path.endswith(".raw.zst") and wanted and not wanted.startswith("bytes=0-"):
                held.append(path)
                return 503
            return 0
        self.edge.answer = answer
        agent = self.begin()
        self.wait(lambda: held, "it fetches")
        self.d.stop(signal.SIGKILL)
        self.edge.answer = lambda path, wanted: 0
        self.d.start()
        self.ends_deployed(agent)


if __name__ == "__main__":
    unittest.main(verbosity=2)
