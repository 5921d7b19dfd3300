# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudie-worker against servers on loopback: who is called, how often, and what ends it."""
import base64
import http.server
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "controller"))
import cloudied_lab as lab  # noqa: E402  (of the room that it speaks to)
import test_install as install_lab  # noqa: E402

SECRET = "00112233445566778899aabbccddeeff" * 2


class Controller(http.server.ThreadingHTTPServer):
    """Answers each call with the next of what it was given, and the last one from then on."""

    def __init__(self, folder, name, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.calls, self.bodies = answers, [], []
        key, cert = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=lab",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                       check=True, stderr=subprocess.DEVNULL)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.socket = context.wrap_socket(self.socket, server_side=True,
                                          do_handshake_on_connect=False)
        with open(cert, encoding="ascii") as file:
            self.ca = file.read()
        self.url = f"https://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a client that does not trust us


class Handler(http.server.BaseHTTPRequestHandler):
    timeout = 10

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        calls = self.server.calls
        status, answer = self.server.answers[min(len(calls), len(self.server.answers) - 1)]
        calls.append((self.path, dict(self.headers), json.loads(body)))
        self.server.bodies.append(body)
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def refusal(status, code):
    return status, {"status": status, "code": code, "detail": f"the sentence of {code}"}


class Worker(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="cloudie-worker-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.state = os.path.join(self.folder, "var/lib/cloudie")
        os.mkdir(os.path.join(self.folder, "etc"))
        with open(os.path.join(self.folder, "etc/os-release"), "w", encoding="ascii") as file:
            file.write('NAME=x\nPRETTY_NAME="Lab OS 1"\n')

    def controller(self, *answers, name="c"):
        server = Controller(self.folder, name, answers)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def seed(self, ca, *urls, **changes):
        path = os.path.join(self.folder, "seed.json")
        document = {"generation": 7, "node": "lab-0001", "secret": SECRET,
                    "controllers": list(urls), "ca": ca, **changes}
        with open(path, "w", encoding="ascii") as file:
            json.dump(document, file)
        return path

    def command(self, seed):
        return [os.environ["CLOUDIE_WORKER"], "--state", self.state, "--seed", seed,
                "--root", self.folder]

    def put(self, path, text):
        whole = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w", encoding="ascii") as file:
            file.write(text)

    def start(self, *arguments):
        """The worker as it runs in a system; ended with the test."""
        log = open(os.path.join(self.folder, "log"), "a", encoding="ascii")
        self.addCleanup(log.close)
        process = subprocess.Popen([os.environ["CLOUDIE_WORKER"], "--state", self.state, "--root",
                                    self.folder, *arguments], stderr=log)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.wait()
        self.assertNotIn("ERROR: ", self.log())  # of a sanitizer

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="ascii") as file:
            return file.read()

    def until(self, what, seconds=30):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, self.log())
            time.sleep(0.05)

    def call(self, seed):
        result = subprocess.run([*self.command(seed), "--once"], capture_output=True, text=True, timeout=50,
                                check=False)
        self.assertNotIn(SECRET, result.stdout + result.stderr)
        return result

    def told(self):
        path = os.path.join(self.state, "phoned-home")
        if not os.path.exists(path):
            return None
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        with open(path, encoding="ascii") as file:
            return file.read()

    def test_one_call_and_no_second(self):
        server = self.controller((200, {"node": "lab-0001", "phase": "deployed"}))
        seed = self.seed(server.ca, server.url)
        result = self.call(seed)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(server.calls), 1)
        path, headers, says = server.calls[0]
        self.assertEqual(path, "/agent/v1/phone-home")
        self.assertNotIn("Authorization", headers)
        self.assertEqual(headers["Connection"], "close")
        self.assertEqual(says.pop("version").count("."), 2)
        says.pop("hostname", None)  # of the machine that runs this
        self.check_signature(server, 0, b"cloudie-phone-home-v1:", says.pop("public_key"))
        facts = says.pop("facts")
        self.assertEqual(facts["kernel"], os.uname().release)
        self.assertGreater(facts["uptime_s"], 0)
        self.assertEqual(says, {"generation": 7, "node": "lab-0001", "secret": SECRET,
                                "system": "Lab OS 1", "address": "127.0.0.1"})
        self.assertEqual(self.told(), "lab-0001 7\n")

        result = self.call(seed)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("event=phone-home.before", result.stderr)
        self.assertEqual(len(server.calls), 1)

        # Another generation, or another node with a copy of this disk, calls.
        for changes in ({"generation": 8}, {"node": "lab-0002"}):
            self.assertEqual(self.call(self.seed(server.ca, server.url, **changes)).returncode, 0)
        self.assertEqual([c[2]["generation"] for c in server.calls], [7, 8, 7])

    def check_signature(self, server, which, prefix, public):
        """By what openssl says of the very bytes."""
        der = bytes.fromhex("302a300506032b6570032100") + base64.b64decode(public)
        names = [os.path.join(self.folder, name) for name in ("key.der", "signed", "signature")]
        for name, data in zip(names, (der, prefix + server.bodies[which], base64.b64decode(
                server.calls[which][1]["Cloudie-Signature"], validate=True))):
            with open(name, "wb") as file:
                file.write(data)
        lab.openssl("pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", names[0],
                    "-rawin", "-in", names[1], "-sigfile", names[2])

    def test_what_it_says_of_itself(self):
        self.put("proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 15 kB\n")
        self.put("proc/loadavg", "0.20 0.18 0.12 1/80 11206\n")
        self.put("run/cloud-init/result.json", '{"v1": {"errors": ["no such user"]}}')
        self.put("etc/ssh/ssh_host_ed25519_key.pub",
                 f"ssh-ed25519 {install_lab.HOST_KEY} root@lab\n")
        self.put("etc/ssh/ssh_host_rsa_key.pub", "ssh-rsa AAAA root@lab\n")
        server = self.controller((200, {}))
        self.assertEqual(self.call(self.seed(server.ca, server.url)).returncode, 0)
        facts = server.calls[0][2]["facts"]
        self.assertEqual(facts["host_keys"],
                         [{"type": "ssh-ed25519", "key": install_lab.HOST_KEY}])
        health = {c["name"]: (c["state"], c["text"]) for c in facts["health"]}
        self.assertEqual(health["memory"][0], "bad")
        self.assertEqual(health["cloud-init"], ("bad", "1 errors, the first: no such user"))
        self.assertEqual(health["load"][0], "ok")
        self.assertIn("root", health)
        self.assertNotIn("systemd", health)
        for row in facts.get("addresses", []):
            self.assertNotEqual(row["interface"], "lo")
            self.assertIn("/", row["address"])

    def test_it_beats_for_ever(self):
        server = self.controller((200, {"beat_s": 1}), (200, {"beat_s": 1}), (503, {}),
                                 refusal(403, "worker-unknown"), (200, {"beat_s": 1}))
        process = self.start("--seed", self.seed(server.ca, server.url))
        self.until(lambda: len(server.calls) >= 7)
        self.assertIsNone(process.poll())
        names = [path.rsplit("/", 1)[1] for path, _, _ in server.calls[:7]]
        # Unknown, it phones home once more: the controller may have been restored.
        self.assertEqual(names, ["phone-home", "beat", "beat", "beat", "phone-home", "beat",
                                 "beat"])
        keys = {says["public_key"] for _, _, says in server.calls}
        self.assertEqual(len(keys), 1)
        for which, (_, _, says) in enumerate(server.calls[:7]):
            name = names[which]
            self.assertEqual("secret" in says, name == "phone-home")
            self.check_signature(server, which, f"cloudie-{name}-v1:".encode(),
                                 says["public_key"])
        path = os.path.join(self.state, "key.pem")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        # Killed and started again: the same key, and no second phone-home.
        self.end(process)
        seen = len(server.calls)
        self.start("--seed", self.seed(server.ca, server.url))
        self.until(lambda: len(server.calls) > seen)
        self.assertEqual(server.calls[seen][0], "/agent/v1/beat")
        self.assertIn(server.calls[seen][2]["public_key"], keys)

    def test_a_key_that_is_there_stays(self):
        """One that cannot be read just now is no reason to be somebody else from now on."""
        server = self.controller((200, {"beat_s": 1}), (200, {"beat_s": 1}))
        seed, path = self.seed(server.ca, server.url), os.path.join(self.state, "key.pem")
        os.makedirs(path)
        result = self.call(seed)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("our own key cannot be used: Is a directory", result.stderr)
        self.assertEqual(server.calls, [])
        # What is no key is replaced.
        os.rmdir(path)
        self.put("var/lib/cloudie/key.pem", "-----BEGIN")
        result = self.call(seed)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("key.unusable", result.stderr)
        self.assertEqual(len(server.calls), 1)

    def test_prepared_by_root(self):
        """The copy has the secret until it was used, and the account's folder owns it."""
        server = self.controller((503, {}), (200, {"beat_s": 1}))
        seed = self.seed(server.ca, server.url)
        kept = os.path.join(self.state, "seed.json")

        def prepare(source=seed):
            return subprocess.run([*self.command(source), "--prepare"], capture_output=True,
                                  text=True, check=False).returncode

        def secret():
            self.assertEqual(os.stat(kept).st_mode & 0o777, 0o600)
            with open(kept, encoding="ascii") as file:
                return json.load(file)["secret"]

        self.assertEqual(prepare("/nonexistent"), 1)
        os.makedirs(self.state)
        if os.geteuid() == 0:
            os.chown(self.state, 4711, 4712)
        self.assertEqual(prepare(), 0)
        self.assertEqual(secret(), SECRET)
        self.assertEqual(os.stat(kept).st_uid, os.stat(self.state).st_uid)
        process = self.start("--seed", kept)
        self.until(lambda: len(server.calls) >= 3)
        self.assertEqual(secret(), "0" * 64)
        self.end(process)
        self.assertEqual(prepare(), 0)
        self.assertEqual(secret(), "0" * 64)
        self.assertEqual(prepare("/nonexistent"), 0)  # the partition is gone
        self.start("--seed", kept)
        seen = len(server.calls)
        self.until(lambda: len(server.calls) > seen)
        self.assertEqual(server.calls[seen][0], "/agent/v1/beat")
        # Installed anew: another secret.
        self.assertEqual(prepare(self.seed(server.ca, server.url, generation=8)), 0)
        self.assertEqual(secret(), SECRET)

    def test_a_real_installation(self):
        """With a real controller, through its restart and the worker's, up to the release."""
        d = lab.Cloudied(lab.program(), extra="beat_s: 1\n").start()
        self.addCleanup(shutil.rmtree, d.folder)
        self.addCleanup(d.stop)
        token, edge = d.login(d.out_text()), d.join()
        frame = subprocess.run(("zstd", "-qc"), input=bytes(1 << 20), check=True,
                               capture_output=True).stdout
        agent = install_lab.Agent(d, edge, lab.Key(d.folder))
        for method, path, body in (("PUT", f"/images/worker/import?size={1 << 20}", None),
                                   ("PUT", "/images/worker/frame?number=0", frame),
                                   ("POST", "/images/worker/finish", None),
                                   ("PUT", "/profiles/worker", install_lab.PROFILE),
                                   ("POST", "/nodes/sn1/accept", None),
                                   ("POST", "/nodes/sn1/install", {"profile": "worker"})):
            answer = d.call(method, "/api/v1" + path, body, token=token)
            self.assertEqual(answer.status, 200, answer.body)
        agent.install()
        with open(os.path.join(d.state, "tls/cert.pem"), encoding="ascii") as file:
            ca = file.read()
        seed = self.seed(ca, f"https://127.0.0.1:{d.port}", node="sn1",
                         generation=agent.got["generation"], secret=agent.got["secret"])

        def node():
            return d.get("/api/v1/nodes/sn1", token=token).json

        def beats():
            last = node()["worker"]["last_beat_ms"]
            self.until(lambda: node()["worker"]["last_beat_ms"] > last)

        process = self.start("--seed", seed)
        self.until(lambda: node()["status"]["phase"] == "deployed")
        worker = node()["worker"]
        self.assertEqual((worker["says"]["system"], worker["says"]["address"]),
                         ("Lab OS 1", "127.0.0.1"))
        beats()
        d.stop(install_lab.signal.SIGKILL)
        d.start()
        beats()
        process.kill()
        process.wait()
        process = self.start("--seed", seed)
        beats()
        self.assertEqual(self.log().count("event=phone-home.told"), 1)
        # The answer was lost: it phones home a second time, and is the same worker.
        process.kill()
        process.wait()
        os.remove(os.path.join(self.state, "phoned-home"))
        process = self.start("--seed", seed)
        self.until(lambda: self.log().count("event=phone-home.told") == 2)
        beats()
        # A copy of the seed without the key gets nothing, and is told of.
        mine, self.state = self.state, os.path.join(self.folder, "thief")
        result = self.call(seed)
        self.assertEqual(result.returncode, 1)
        self.assertIn("used already", result.stderr)
        self.state = mine
        steps = [e["step"] for e in d.get("/api/v1/nodes/sn1/timeline", token=token).json["items"]]
        self.assertEqual((steps.count("phone-home"), steps.count("conflict")), (1, 1))
        self.assertEqual(node()["worker"]["public_key"], worker["public_key"])
        # Released: its key is void, and it stays, and waits.
        self.assertEqual(d.post("/api/v1/nodes/sn1/release", token=token).status, 200)
        self.until(lambda: self.log().count("event=call.refused") >= 2)
        self.assertIsNone(process.poll())
        self.assertNotIn("worker", node())
        self.assertNotIn(agent.got["secret"], self.log() + d.log_text())

    def test_refusals_end_with_the_sentence(self):
        for status, code in ((403, "secret-wrong"), (409, "generation-stale"),
                             (409, "secret-used")):
            server = self.controller(refusal(status, code), name=code)
            result = self.call(self.seed(server.ca, server.url))
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn(f"the sentence of {code}", result.stderr)
            self.assertEqual(len(server.calls), 1)
            self.assertIsNone(self.told())

    def test_it_calls_until_it_is_heard(self):
        server = self.controller((503, {"code": "busy"}), (500, []), (200, {}))
        dead = f"https://127.0.0.1:{lab.free_port()}"
        result = self.call(self.seed(server.ca, dead, server.url))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(server.calls), 3)
        self.assertEqual(result.stderr.count("event=call.again"), 2, result.stderr)

    def test_only_the_seeds_authority_is_believed(self):
        other = self.controller((200, {}), name="other")
        own = self.controller((200, {}), name="own")
        result = self.call(self.seed(own.ca, other.url, own.url))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((len(other.calls), len(own.calls)), (0, 1))

    def test_what_is_no_seed(self):
        for seed in (self.seed("none", "https://127.0.0.1:1"),
                     self.seed("-----BEGIN CERTIFICATE-----", "http://127.0.0.1:1"),
                     os.path.join(self.folder, "absent")):
            self.assertEqual(self.call(seed).returncode, 1)
        result = subprocess.run([os.environ["CLOUDIE_WORKER"], "--seed", "a", "--device", "b"],
                                capture_output=True, check=False)
        self.assertEqual(result.returncode, 2)
        result = subprocess.run([os.environ["CLOUDIE_WORKER"], "--root", self.folder],
                                capture_output=True, check=False)
        self.assertEqual(result.returncode, 1)

    def test_the_real_controller_knows_its_secrets(self):
        d = lab.Cloudied(lab.program()).start()
        self.addCleanup(shutil.rmtree, d.folder)
        self.addCleanup(d.stop)
        with open(os.path.join(d.state, "tls/cert.pem"), encoding="ascii") as file:
            ca = file.read()
        result = self.call(self.seed(ca, f"https://127.0.0.1:{d.port}"))
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("answers 403", result.stderr)
        self.assertIsNone(self.told())


if __name__ == "__main__":
    unittest.main(verbosity=2)
