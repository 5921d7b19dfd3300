# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudie-worker against servers on loopback: who is called, how often, and what ends it."""
import http.server
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "controller"))
import cloudied_lab as lab  # noqa: E402  (of the room that it speaks to)

SECRET = "00112233445566778899aabbccddeeff" * 2


class Controller(http.server.ThreadingHTTPServer):
    """Answers each call with the next of what it was given, and the last one from then on."""

    def __init__(self, folder, name, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.calls = answers, []
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

    def call(self, seed):
        result = subprocess.run(self.command(seed), capture_output=True, text=True, timeout=50,
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
        self.assertEqual(says.pop("version").count("."), 2)
        says.pop("hostname", None)  # of the machine that runs this
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

    def test_a_secret_that_was_used_is_an_end(self):
        server = self.controller(refusal(409, "secret-used"))
        result = self.call(self.seed(server.ca, server.url))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.told(), "lab-0001 7\n")
        self.assertEqual(len(server.calls), 1)

    def test_refusals_end_with_the_sentence(self):
        for status, code in ((403, "secret-wrong"), (409, "generation-stale")):
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
        self.assertEqual(result.stderr.count("event=phone-home.again"), 2, result.stderr)
        self.assertIn("in_s=1", result.stderr)
        self.assertIn("in_s=2", result.stderr)

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
