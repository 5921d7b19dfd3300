# SPDX-License-Identifier: GPL-3.0-or-later
"""From an image to a deployed node, by the operator's command against a real cloudied."""
import json
import os
import signal
import subprocess
import threading
import unittest

from cloudie_lab import CLOUDIE, MAC, Case, lab
import test_install as install  # of the controller: what an agent says

MIB = 1 << 20
FRAME = 4 * MIB
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ops@desk"
PROFILE = """# how it is
kind: profile
name: %s
spec:
  steps:
    - wipe: quick
    - image: %s
    - boot: disk
"""


class Worker(Case):
    def file(self, name, *pieces, size=0):
        """A sparse file of @size, with (offset, bytes) in it."""
        path = os.path.join(self.d.folder, name)
        with open(path, "wb") as file:
            for offset, data in pieces:
                file.seek(offset)
                file.write(data)
            file.truncate(max(size, file.tell()))
        return path

    def image(self, name="worker"):
        return self.ok("image", "import", self.file(name + ".raw", (5, b"boots"), size=MIB))

    def agent(self):
        """A machine in phase 'ready', whose agent runs."""
        type(self).boots += 1
        mac = MAC % self.boots
        report = install.report(mac=mac)
        report["system"].update(serial=f"SN{self.boots}",
                                uuid=f"4c4c4544-0042-3510-8052-b4c04f4b4c{self.boots:02x}")
        agent = install.Agent(self.d, self.edge, lab.Key(self.d.folder), mac, report)
        self.ok("node", "accept", agent.name)
        return agent

    def applied(self, text, *lines):
        done = self.run_it("apply", "-f", "-", stdin=text)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines(), list(lines))

    def prepared(self):
        self.image()
        self.run_it("apply", "-", stdin=PROFILE % ("worker", "worker"))
        return self.agent()

    # ---- images ----

    def test_an_image_is_what_the_file_is(self):
        data = os.urandom(MIB)
        path = self.file("a-1.0.raw", (3 * MIB, data), (13 * MIB, b"end"), size=17 * MIB + 512)
        line = self.ok("image", "import", path, "--os", "Debian & sons")
        self.assertRegex(line, r"^image/a-1\.0: 17\.0 MiB, .* stored, id [0-9a-f]{32}\n$")
        shown = json.loads(self.ok("-o", "json", "image", "show", "a-1.0"))
        self.assertEqual(shown["spec"]["os"], "Debian & sons")
        self.assertEqual(shown["status"]["size"], 17 * MIB + 512)
        identity = shown["status"]["id"]
        answer = self.d.get(f"/edge/v1/images/{identity}.raw.zst", token=self.edge)
        plain = subprocess.run(("zstd", "-dqc"), input=answer.body, check=True,
                               capture_output=True).stdout
        with open(path, "rb") as file:
            self.assertTrue(plain == file.read())
        self.assertIn("a-1.0", self.ok("image", "list"))
        self.assertIn("a-1.0", [i["name"] for i in json.loads(self.ok("-o", "json", "image",
                                                                      "list"))])
        self.assertRegex(self.ok("image", "verify", "a-1.0"), "^a-1.0: whole")
        self.assertTrue(json.loads(self.ok("-o", "json", "image", "verify", "a-1.0"))[0]["ok"])
        self.assertEqual(self.ok("image", "delete", "a-1.0"), "a-1.0: deleted\n")
        self.refused("no image", "image", "show", "a-1.0")
        self.refused("no image", "image", "verify", "a-1.0")

    def test_a_damaged_image_is_told(self):
        path = self.file("hurt.raw", (0, os.urandom(MIB)))
        self.ok("image", "import", path)
        stored = os.path.join(self.d.state, "images", "hurt.raw.zst")
        with open(stored, "r+b") as file:
            file.seek(MIB // 2)
            byte = file.read(1)[0]
            file.seek(MIB // 2)
            file.write(bytes([byte ^ 1]))
        self.refused("not whole", "image", "verify", "hurt")

    def test_files_that_are_no_image(self):
        self.refused("multiple of 512", "image", "import", self.file("odd.raw", size=1000))
        self.refused("empty", "image", "import", self.file("empty.raw"))
        self.refused("neither a file nor a disk", "image", "import", self.d.folder, "--name", "a")
        self.refused("No such file", "image", "import", self.d.folder + "/none.raw")
        pipe = self.d.folder + "/pipe.raw"
        os.mkfifo(pipe)
        self.refused("neither a file nor a disk", "image", "import", pipe)
        self.assert_plain(self.refused("No such file", "image", "import", "\x1b[2J", "--name", "a"))
        large = self.file("4k.raw", (4096, b"EFI PART"), size=5 * 4096 + 512)
        self.refused("multiple of 4096", "image", "import", large)
        good = self.file("Upper.raw", size=512)
        self.refused("give one with --name", "image", "import", good, rc=2)
        self.refused("--name", "image", "import", good, "--name", "../x", rc=2)
        self.refused("--os", "image", "import", good, "--name", "a", "--os", "x" * 128, rc=2)
        self.refused("usage", "image", "import", rc=2)

    def test_what_another_file_began_is_found_out(self):
        path = self.file("mine.raw", (0, os.urandom(MIB)), (FRAME, b"mine"), size=2 * FRAME)
        other = subprocess.run(("zstd", "-qc"), input=os.urandom(FRAME), check=True,
                               capture_output=True).stdout
        token = self.d.login()
        begun = self.d.call("PUT", f"/api/v1/images/mine/import?size={2 * FRAME}&sector_size=512",
                            token=token)
        self.assertEqual(begun.json["next"], 0, begun.body)
        sent = self.d.call("PUT", "/api/v1/images/mine/frame?number=0", other, token=token)
        self.assertEqual(sent.json["next"], 1, sent.body)
        self.ok("image", "import", path)
        identity = json.loads(self.ok("-o", "json", "image", "show", "mine"))["status"]["id"]
        answer = self.d.get(f"/edge/v1/images/{identity}.raw.zst", token=self.edge)
        plain = subprocess.run(("zstd", "-dqc"), input=answer.body, check=True,
                               capture_output=True).stdout
        with open(path, "rb") as file:
            self.assertTrue(plain == file.read())

    def test_two_that_import_one_name(self):
        """The later one wins; the first is told, and does not begin a fight."""
        path = self.file("twice.raw", (0, os.urandom(48 * MIB)))
        part = os.path.join(self.d.state, "images", ".twice.raw.zst.part")
        token = self.d.login()
        with subprocess.Popen([CLOUDIE, "image", "import", path], env=self.environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
            while command.poll() is None and not (os.path.exists(part) and os.path.getsize(part)):
                pass
            command.send_signal(signal.SIGSTOP)
            begun = None
            while begun is None or begun.status == 503:  # a frame is just being taken
                begun = self.d.call("PUT", f"/api/v1/images/twice/import?size={48 * MIB}&source=other",
                                    token=token)
            command.send_signal(signal.SIGCONT)
            out, error = command.communicate(timeout=90)
        self.assertEqual(begun.json["next"], 0, begun.body)
        self.assertEqual((command.returncode, out), (1, ""))
        self.assertIn("Another file is being imported under this name", error)
        self.d.call("DELETE", "/api/v1/images/twice", token=token)
        self.ok("image", "import", path)

    def test_a_cut_is_mended(self):
        path = self.file("long.raw", (0, os.urandom(48 * MIB)))
        with subprocess.Popen([CLOUDIE, "image", "import", path], env=self.environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
            while command.poll() is None and not self.sent_so_far():
                pass
            was_running = command.poll() is None
            self.d.stop(signal.SIGKILL)
            self.d.start()
            out, error = command.communicate(timeout=90)
        self.assertEqual((command.returncode, error), (0, ""))
        self.assertTrue(was_running)
        self.assertRegex(out, "^image/long: 48.0 MiB")
        self.assertRegex(self.ok("image", "verify", "long"), "whole")

    def sent_so_far(self):
        """Bytes of images that are on their way."""
        folder = os.path.join(self.d.state, "images")
        return sum(entry.stat().st_size for entry in os.scandir(folder)
                   if not entry.name.endswith((".raw.zst", ".json", ".sig")))

    # ---- documents ----

    def test_documents(self):
        two = PROFILE % ("p1", "worker") + "---\n" + PROFILE % ("p2", "worker")
        self.applied(two, "profile/p1 created", "profile/p2 created")
        self.applied(two, "profile/p1 unchanged", "profile/p2 unchanged")
        self.applied(two.replace("wipe: quick", "wipe: quick # twice").replace(
            "name: p2", "name: p2\nlabels: {rack: a1}"),
            "profile/p1 unchanged", "profile/p2 changed")
        shown = json.loads(self.ok("-o", "json", "profile", "show", "p2"))
        self.assertEqual((shown["version"], shown["labels"]), (2, {"rack": "a1"}))
        # What is shown can be applied again, in both forms.
        for form in ("json", "yaml"):
            self.applied(self.ok("-o", form, "profile", "show", "p2"), "profile/p2 unchanged")
        done = self.run_it("-o", "json", "apply", "-f", "-", stdin=PROFILE % ("p3", "worker"))
        self.assertEqual(json.loads(done.stdout),
                         [{"kind": "profile", "name": "p3", "result": "created"}])
        listed = self.ok("profile", "list")
        self.assertRegex(listed, r"(?m)^p2 +2 +worker +wipe,image,boot")
        self.assertEqual(self.ok("profile", "delete", "p1", "p2"), "p1: deleted\np2: deleted\n")
        self.refused("p1", "profile", "show", "p1")

    def test_keys_and_files(self):
        seed = "seed: {user: ops, ssh_keys: [ops], user_data: worker.yaml}"
        profile = (PROFILE % ("p1", "worker")).replace("- boot: disk", "- " + seed + "\n    - boot: disk")
        self.assertIn(seed, profile)
        key = f"---\nkind: key\nname: ops\nspec: {{public_key: {KEY}}}\n"
        text = "#cloud-config\n# 5ecret\n"
        file = "---\nkind: file\nname: worker.yaml\nspec:\n  text: |\n    " + text.replace("\n", "\n    ")
        self.refused("(?s)There is no file 'worker.yaml'.*profile 'p1' asks for it; nothing was written", "apply", "-f", self.file("p.yaml", (0, profile.encode())))
        # The profile stands first, and is sent last.
        self.applied(profile + key + file, "profile/p1 created", "key/ops created",
                     "file/worker.yaml created")
        self.applied(profile + key + file, "profile/p1 unchanged", "key/ops unchanged",
                     "file/worker.yaml unchanged")
        self.applied((profile + key + file).replace("5ecret", "s3cret"), "profile/p1 unchanged",
                     "key/ops unchanged", "file/worker.yaml changed")
        self.assertRegex(self.ok("key", "list"), r"(?m)^ops +1 +ssh-ed25519 ops@desk$")
        self.assertRegex(self.ok("file", "list"), rf"(?m)^worker.yaml +2 +{len(text)}$")
        self.assertNotIn("s3cret", self.ok("-o", "json", "file", "show", "worker.yaml"))
        self.assertEqual(json.loads(self.ok("-o", "json", "key", "show", "ops"))["spec"],
                         {"public_key": KEY})
        self.refused("asks for it", "key", "delete", "ops")
        self.ok("profile", "delete", "p1")
        self.assertEqual(self.ok("key", "delete", "ops"), "ops: deleted\n")
        self.assertEqual(self.ok("file", "delete", "worker.yaml"), "worker.yaml: deleted\n")
        self.refused("private key", "apply", "-f", self.file("k.yaml", (
            0, b"kind: key\nname: a\nspec:\n  public_key: |\n    -----BEGIN OPENSSH PRIVATE KEY-----\n")))

    def test_nothing_is_sent_before_all_is_right(self):
        good = self.file("good.yaml", (0, (PROFILE % ("early", "worker")).encode()))
        cases = ((PROFILE % ("p", "worker") + "---\nkind: hook\nname: r\n",
                  r"line 10 on: this release does not know the kind 'hook'"),
                 ("name: x\n", "'kind' is missing"),
                 ("kind: a\n---\nkind: [\n", "kind 'a'"),
                 (PROFILE % ("p", "worker") + "---\nkind: [\n", "line 11"),
                 ((PROFILE % ("p", "worker")).replace("wipe: quick", "run: x.sh"),
                  "'run' is not understood: wipe, image, grow, seed, boot are"),
                 ("# nothing\n---\n", "has no document"))
        for text, sentence in cases:
            bad = self.file("bad.yaml", (0, text.encode()))
            self.refused(sentence, "apply", "-f", good, "-f", bad)
        self.refused("No such file", "apply", "-f", good, self.d.folder + "/none.yaml")
        self.assert_plain(self.refused("No such file", "apply", "-f", good, "\x1b[2J"))
        self.refused("early", "profile", "show", "early")

    # ---- installs ----

    def test_a_dry_run_changes_nothing(self):
        agent = self.prepared()
        told = self.ok("node", "install", agent.name, "--profile", "worker", "--dry-run")
        self.assertIn("nothing was done", told)
        self.assertIn("NVME-0001", told)
        self.assertNotIn("will be destroyed", told)
        told = self.ok("node", "install", agent.name, "--profile", "worker", "--dry-run", "--erase")
        self.assertIn("will be destroyed", told)
        answer = json.loads(self.ok("-o", "json", "node", "install", agent.name, "--profile",
                                    "worker", "--dry-run"))[0]
        self.assertEqual((answer["name"], answer["operation"]["disk"]["serial"]),
                         (agent.name, "NVME-0001"))
        node = json.loads(self.ok("-o", "json", "node", "show", agent.name))
        self.assertNotIn("state", node["status"].get("operation", {}))

    def test_refusals(self):
        agent = self.prepared()
        self.refused("--profile", "node", "install", agent.name, rc=2)
        self.refused("node install", "node", "retry", agent.name, "--dry-run", rc=2)
        self.refused("node install", "node", "release", agent.name, "--erase", rc=2)
        self.refused("profile 'none'", "node", "install", agent.name, "--profile", "none")
        self.refused("nothing to abort", "node", "abort", agent.name)
        self.refused("deployed", "node", "release", agent.name)
        self.refused("no-such", "node", "install", "no-such", "--profile", "worker", "--wait")
        big = self.file("big.raw", size=(1 << 26) + 512)
        self.ok("image", "import", big)
        self.run_it("apply", "-", stdin=PROFILE % ("big", "big"))
        self.refused(r"nvme0n1 \(NVME-0001\) is too small", "node", "install", agent.name, "--profile", "big")

    def waiting(self, *words):
        """The command runs, and its agent was told of the install."""
        return subprocess.Popen([CLOUDIE, *words, "--wait"], env=self.environment(), text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def acts(self, agent, *says):
        """In the background: waits for the order, then says all that."""
        def run():
            while agent.orders() != "install":
                pass
            agent.plan()
            for step, more in says:
                agent.say(step, **more)
            if not says or says[-1][0] == "reboot":
                agent.phone_home()
        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join)

    def test_waiting_ends_with_a_deployed_node(self):
        agent = self.prepared()
        self.acts(agent, *((step, {}) for step in install.STEPS))
        with self.waiting("node", "install", agent.name, "--profile", "worker") as command:
            out, error = command.communicate(timeout=60)
        self.assertEqual((command.returncode, error), (0, ""))
        lines = out.splitlines()
        self.assertIn("install begun", lines[0])
        self.assertEqual(lines[-1], f"{agent.name}: installed 'worker'")
        self.assertEqual(len(lines), len(set(lines)))  # a line a change
        self.assertIn("installed 'worker'", self.ok("node", "show", agent.name))
        told = self.ok("node", "release", agent.name)
        self.assertRegex(told, f"^{agent.name}: released, phase 'ready'\n  .+")

    def test_waiting_for_one_that_fails(self):
        agent = self.prepared()
        failure = {"state": "failed", "cause": "image-frame-wrong", "text": "frame \x1b[2J3"}
        self.acts(agent, ("check", {}), ("write", failure))
        with self.waiting("-o", "json", "node", "install", agent.name, "no-such", "--profile",
                          "worker") as command:
            out, error = command.communicate(timeout=60)
        self.assertEqual(command.returncode, 1)
        self.assertEqual(json.loads(out), [{"name": agent.name, "done": False},
                                           {"name": "no-such", "done": False}])
        self.assertIn("a frame of the image does not verify", error)
        self.assertIn("cloudie image verify", error)
        self.assertIn("2J3", error)
        self.assert_plain(error)
        self.assertRegex(self.ok("node", "list"), f"(?m)^{agent.name} .*failed image-frame-wrong")
        shown = self.ok("node", "show", agent.name)
        self.assertIn("a frame of the image does not verify", shown)
        self.assert_plain(shown)
        # Begun anew, and given up by somebody else.
        with self.waiting("node", "retry", agent.name) as command:
            while self.run_it("node", "abort", agent.name).returncode != 0:
                self.assertIsNone(command.poll())
            out, error = command.communicate(timeout=60)
        self.assertEqual(command.returncode, 1)
        self.assertIn("an operator gave it up", error)

    def test_waiting_for_one_that_is_gone(self):
        """Given up and deleted; and again, when a node without operation has its name already."""
        for is_there_again, sentence in ((False, "no node"), (True, "discovered anew")):
            agent = self.prepared()
            with self.waiting("node", "install", agent.name, "--profile", "worker") as command:
                begun = command.stdout.readline()
                command.send_signal(signal.SIGSTOP)
                try:
                    self.ok("node", "abort", agent.name)
                    self.ok("node", "delete", agent.name)
                    if is_there_again:
                        agent.boot()
                finally:
                    command.send_signal(signal.SIGCONT)
                out, error = command.communicate(timeout=20)
            self.assertIn("install begun", begun)
            self.assertEqual(command.returncode, 1, out)
            self.assertIn(agent.name, error)
            self.assertIn(sentence, error)

    def test_waiting_outlasts_the_controller(self):
        agent = self.prepared()
        with self.waiting("node", "install", agent.name, "--profile", "worker") as command:
            self.assertIn("install begun", command.stdout.readline())
            while "waits for the machine" not in command.stdout.readline() and \
                    command.poll() is None:
                pass
            self.d.stop(signal.SIGKILL)
            self.d.start()
            self.acts(agent, *((step, {}) for step in install.STEPS))
            out, error = command.communicate(timeout=90)
        self.assertEqual((command.returncode, error), (0, ""))
        self.assertIn("installed 'worker'", out)


if __name__ == "__main__":
    unittest.main(verbosity=2)
