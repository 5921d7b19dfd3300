# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudie-agent --rehearse --install: an install from the order to the reboot, told to a controller."""
import base64
import hashlib
import json
import os
import shutil
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib", "trust"))
import hpke_lab  # noqa: E402
import install_lab as lab  # noqa: E402

AGENT, INSTALL = os.environ["CLOUDIE_AGENT"], os.environ["CLOUDIE_INSTALL"]
MIB = 1 << 20
DISK_SIZE = 64 * MIB
OTHER_KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="  # RFC 8032 7.1, TEST 1
WAIT_S = 60.0   # with sanitizers on a busy machine


class Controller:
    """What docs/protocol.md says that the agent may ask, in a few lines."""

    def __init__(self, folder, plan):
        self.plan = plan
        self.generation, self.order = 1, "hold"
        self.progress, self.plans = [], 0
        self.refuse = lambda call, body: None     # (status, code) or None
        self.lock = threading.Condition()
        key, self.cert = os.path.join(folder, "key.pem"), os.path.join(folder, "ca.pem")
        lab.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-keyout", key, "-out", self.cert, "-days", "2", "-subj", "/CN=test",
                "-addext", "subjectAltName=IP:127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, key)
        self.server = lab.Server(("127.0.0.1", 0), ControllerHandler)
        self.server.controller = self
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def give(self, order, generation):
        with self.lock:
            self.order, self.generation = order, generation
            self.lock.notify_all()

    def wait(self, what, why):
        with self.lock:
            if not self.lock.wait_for(what, WAIT_S):
                raise AssertionError(f"{why}: {self.progress}")

    def orders(self):
        return 200, {"generation": self.generation, "order": self.order, "reason": "a test"}

    def seal(self, plan):
        secrets = {name: plan.pop(name) for name in ("secret", "user_data") if name in plan}
        info = f"cloudie-plan-v1:{self.boot}:{plan['generation']}".encode()
        sealed = hpke_lab.seal(self.key, info, json.dumps(secrets).encode())
        return {**plan, "sealed": base64.b64encode(sealed).decode()}

    def answer(self, call, query, body):
        """(status, document) of one call; self.lock is held."""
        refused = self.refuse(call, body)
        if refused:
            return refused[0], {"status": refused[0], "code": refused[1], "detail": "a test"}
        if call == "claim":
            self.key, self.boot = base64.b64decode(body["public_key"]), body["boot"]
            return 200, {"node": "lab-1", "token": "ab" * 32, "generation": 1,
                         "now_ms": int(time.time() * 1000)}
        if call == "inventory":
            return 200, {"node": "lab-1"}
        if call == "orders":
            asked = int(query.split("=")[1])
            self.lock.wait_for(lambda: self.generation > asked or asked == 0, 2)
            return self.orders()
        if call == "plan":
            self.plans += 1
            return 200, self.seal({**self.plan, "generation": self.generation})
        if call == "progress":
            if body["generation"] != self.generation:
                return 409, {"status": 409, "code": "generation-stale",
                             "detail": "generation-stale"}
            self.progress.append(body)
            if body["state"] == "failed":
                self.order = "hold"
            return self.orders()
        return 200, {"acknowledged": 1}


class ControllerHandler(lab.Handler):
    def do(self):
        controller = self.server.controller
        call, _, query = self.path.rpartition("/")[2].partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with controller.lock:
            status, document = controller.answer(call, query, json.loads(body) if body else None)
            controller.lock.notify_all()
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do


def make_image():
    plain = lab.plain_disk(18 * MIB, "-n", "1:2048:+3M", "-n", "2:10240:+4M", "-c", "2:cidata",
                           "-n", "3:20480:+6M")
    for number in range(1, 4):
        plain[number * lab.FRAME + 100:number * lab.FRAME + 400] = os.urandom(300)
    return lab.Image(plain)


class AgentInstall(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.image = make_image()

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="cloudie-agent.")
        self.addCleanup(shutil.rmtree, self.folder)
        self.machine = lab.Machine()
        self.addCleanup(self.machine.remove)
        self.machine.add_disk("vda", DISK_SIZE, "DISK-1")
        self.edge = lab.Edge({**self.image.files, **self.stage_two()}).start()
        self.addCleanup(self.edge.stop)
        self.controller = Controller(self.folder, lab.plan(self.image, DISK_SIZE, boot=True,
                                                           may_overwrite=True))
        self.addCleanup(self.controller.stop)
        self.write("site.json", json.dumps({"controllers": [self.controller.url]}))
        self.write("signing.pub", lab.signer()[0])
        self.discover = self.script("discover", "echo '{}'")

    @staticmethod
    def stage_two():
        content = b"nothing that is mounted in a rehearsal"
        manifest = json.dumps({"kernel_version": "1", "files": [
            {"name": "stage-two", "size": len(content), "role": "stage-two",
             "sha256": hashlib.sha256(content).hexdigest()}]}).encode()
        return {"/assets/manifest.json": manifest, "/assets/stage-two": content,
                "/assets/manifest.json.minisig": lab.signer()[1](manifest)}

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def script(self, name, text):
        path = self.write(name, "#!/bin/sh\n" + text + "\n")
        os.chmod(path, stat.S_IRWXU)
        return path

    def start(self, install=INSTALL):
        with open(os.path.join(self.folder, "log"), "wb") as log:
            agent = subprocess.Popen(
                [AGENT, "--rehearse", "--site", self.folder, "--address", "10.77.0.100",
                 "--command-line", "cloudie.boot=00112233445566ff BOOTIF=01-52-54-00-77-00-01 "
                 f"cloudie.edge={self.edge.url}", "--discover", self.discover,
                 "--install", install, "--install-root", self.machine.root], stderr=log)

        def end():
            agent.kill()
            agent.wait()
        self.addCleanup(end)
        return agent

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def told(self, state):
        return [progress["step"] for progress in self.controller.progress
                if progress["state"] == state]

    def ends_well(self, agent):
        self.assertEqual(agent.wait(WAIT_S), 0, self.log())
        steps = ["check", "image", "write", "seed", "table", "boot", "reboot"]
        self.assertEqual(self.told("done")[-len(steps):], steps)
        self.assertNotIn(lab.SECRET, self.log())
        self.assertIn("No problems found", lab.sgdisk(self.machine.disk("vda"), "-v"))
        disk = self.machine.content("vda")
        self.assertEqual(disk[9 * MIB:16 * MIB], self.image.plain[9 * MIB:16 * MIB])

    def has_no_table(self):
        self.assertNotIn(b"EFI PART", self.machine.content("vda")[:MIB])

    def test_from_the_order_to_the_reboot(self):
        agent = self.start()
        self.controller.wait(lambda: "agent.orders" in self.log(), "it holds first")
        self.controller.give("install", 2)
        self.ends_well(agent)
        self.assertEqual({p["generation"] for p in self.controller.progress}, {2})
        write = [p for p in self.controller.progress if p["step"] == "write"]
        self.assertEqual(write[-1]["done"], 14 * MIB)
        self.assertEqual(self.controller.plans, 1)

    def test_the_controller_is_away_meanwhile(self):
        self.controller.give("install", 2)
        refused = []

        def refuse(call, body):
            # From the first word of `write` until the disk is done.
            if call == "progress" and not self.is_installed() and \
                    (refused or body["step"] == "write"):
                refused.append(body["step"])
                self.edge.answer = lambda path, wanted: 0
                return 503, "stopping"
            return None
        self.held_in_the_middle()
        self.controller.refuse = refuse
        agent = self.start()
        self.ends_well(agent)
        self.assertTrue(refused)

    def is_installed(self):
        return b"EFI PART" in self.machine.content("vda")[-MIB:]

    def test_an_abort_stops_the_installer(self):
        self.stopped_by("hold")
        self.assertIn("order=hold", self.log())

    def test_an_abort_and_a_retry_at_once(self):
        self.stopped_by("install")
        self.assertIn("generation-stale", self.log())

    def stopped_by(self, order):
        self.held_in_the_middle()
        self.controller.give("install", 2)
        agent = self.start()
        self.controller.wait(lambda: "write" in self.told("running"), "it writes")
        self.controller.give(order, 3)
        self.controller.wait(lambda: "install.stopped" in self.log(), "it is stopped")
        self.controller.wait(lambda: "from=install to=orders" in self.log(), "it asks for orders")
        self.assertIsNone(agent.poll())
        self.assertNotIn("table", self.told("running"))
        self.has_no_table()

        self.edge.answer = lambda path, wanted: 0
        if order == "hold":
            self.controller.give("install", 4)
        self.ends_well(agent)
        self.assertEqual(self.controller.plans, 2)

    def held_in_the_middle(self):
        """The edge keeps the installer waiting in the step `write`."""
        offset = self.image.rows[1][0]

        def answer(_, wanted):
            at = int(wanted[6:].split("-")[0]) if wanted else 0
            return 503 if offset <= at < self.image.table_at else 0
        self.edge.answer = answer

    def test_an_order_of_a_later_controller(self):
        """It is not understood, and what was told was told all the same."""
        self.controller.give("install", 2)

        def refuse(call, body):
            if call == "progress":
                self.controller.order = "dance" if body["step"] != "boot" else "install"
        self.controller.refuse = refuse
        self.ends_well(self.start())
        told = [step for step in self.told("done") if step != "boot"]
        self.assertEqual(len(told), len(set(told)), told)

    def test_a_plan_that_is_not_for_this_agent(self):
        """In the clear, sealed to another key, for another boot, changed: nothing is begun."""
        good = self.controller.seal

        def flipped(plan):
            sealed = bytearray(base64.b64decode(good(plan)["sealed"]))
            sealed[40] ^= 1
            return {**plan, "sealed": base64.b64encode(sealed).decode()}

        def of_another_key(plan):
            key, self.controller.key = self.controller.key, base64.b64decode(OTHER_KEY)
            try:
                return good(plan)
            finally:
                self.controller.key = key

        def of_another_boot(plan):
            boot, self.controller.boot = self.controller.boot, "0" * 16
            try:
                return good(plan)
            finally:
                self.controller.boot = boot

        ways = [("older than this agent", lambda plan: plan), ("cannot be opened", of_another_key),
                ("cannot be opened", of_another_boot), ("cannot be opened", flipped)]
        said = []

        def seal(plan):
            if not ways:
                return good(plan)
            sentence, way = ways.pop(0)
            said.append(sentence)
            return way(plan)
        self.controller.seal = seal
        self.controller.give("install", 2)
        agent = self.start()
        self.controller.wait(lambda: self.log().count("state=plan") >= 4 and not ways, "four tries")
        for sentence in said:
            self.assertIn(sentence, self.log())
        self.ends_well(agent)
        self.assertEqual(self.controller.plans, 5)

    def test_no_operation_any_more(self):
        self.controller.refuse = lambda call, body: (409, "operation-none") if call == "plan" \
            else None
        self.controller.give("install", 2)
        agent = self.start()
        self.controller.wait(lambda: "from=plan to=orders" in self.log(), "back to orders")
        self.controller.refuse = lambda call, body: None
        self.controller.give("install", 3)
        self.ends_well(agent)

    def test_an_installer_that_crashes(self):
        line = json.dumps({"generation": 2, "step": "write", "state": "running"})
        agent = self.start(self.script(
            "install", f"cat >/dev/null; echo '{line}'; echo first >&2; echo oops >&2; kill -9 $$"))
        self.controller.give("install", 2)
        self.controller.wait(lambda: self.told("failed"), "a last word")
        last = self.controller.progress[-1]
        self.assertEqual((last["step"], last["cause"]), ("write", "installer-crashed"))
        self.assertIn("signal 9", last["text"])
        self.assertIn("oops", last["text"])
        self.controller.wait(lambda: "from=deliver to=orders" in self.log(), "back to orders")
        self.assertIsNone(agent.poll())
        self.assertNotIn("reboot", self.told("done"))

    def test_an_installer_that_is_not_there(self):
        self.start("/nonexistent")
        self.controller.give("install", 2)
        self.controller.wait(lambda: self.told("failed"), "a last word")
        last = self.controller.progress[-1]
        self.assertEqual((last["step"], last["cause"]), ("check", "installer-crashed"))
        self.assertIn("No such file", last["text"])

    def test_stage_two_did_not_come(self):
        """The installer is in it: it is asked for once more, and the cause is named."""
        self.edge.answer = lambda path, wanted: 503 if path.startswith("/assets/") else 0
        agent = self.start()
        self.controller.wait(lambda: "from=inventory to=orders" in self.log(), "it reports without")
        self.controller.give("install", 2)
        self.controller.wait(lambda: self.told("failed"), "a last word")
        last = self.controller.progress[-1]
        self.assertEqual((last["step"], last["cause"]), ("check", "agent-failed"))
        self.assertIn("stage two: ", last["text"])
        self.assertIn("503", last["text"])
        self.controller.wait(lambda: "from=deliver to=orders" in self.log(), "back to orders")

        self.edge.answer = lambda path, wanted: 0
        self.controller.give("install", 3)
        self.ends_well(agent)
        self.assertEqual(self.log().count("from=stage-two to=inventory"), 2)

    def test_a_failure_is_told_and_the_next_install_succeeds(self):
        self.machine.write("sys/block/vda/ro", "1\n")
        self.controller.give("install", 2)
        agent = self.start()
        self.controller.wait(lambda: self.told("failed"), "a last word")
        last = self.controller.progress[-1]
        self.assertEqual((last["step"], last["cause"]), ("check", "disk-failed"))
        self.machine.write("sys/block/vda/ro", "0\n")
        self.controller.give("install", 3)
        self.ends_well(agent)


if __name__ == "__main__":
    unittest.main(verbosity=2)
