# SPDX-License-Identifier: GPL-3.0-or-later
"""A real cloudied on loopback, and the voices that speak to it. For test_*.py."""
import base64
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib", "trust"))
import hpke_lab  # noqa: E402

START_S = 20.0  # with sanitizers on a busy machine; a healthy one needs 0.3 s


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def openssl(*args, data=None):
    return subprocess.run(("openssl", *args), input=data, check=True, capture_output=True).stdout


class Key:
    """An agent's Ed25519 key."""

    def __init__(self, folder):
        self.path = tempfile.mkstemp(dir=folder, suffix=".pem")[1]
        with open(self.path, "wb") as f:
            f.write(openssl("genpkey", "-algorithm", "ed25519"))
        der = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")
        self.public = base64.b64encode(der[-32:]).decode()
        self.seed = openssl("pkey", "-in", self.path, "-outform", "DER")[-32:]

    def sign(self, text):
        """Of a text, or bytes."""
        with tempfile.NamedTemporaryFile() as f:
            f.write(text if isinstance(text, bytes) else text.encode())
            f.flush()
            raw = openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.path, "-in", f.name)
        return base64.b64encode(raw).decode()


def open_plan(key, boot, plan):
    """A plan with its secrets, as the agent of this key and boot number reads it; None: it cannot."""
    info = f"cloudie-plan-v1:{boot}:{plan['generation']}".encode()
    text = hpke_lab.open_sealed(key.seed, info, base64.b64decode(plan["sealed"]))
    return text and {**plan, **json.loads(text)}


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["code"]


def psql(url, sql):
    return subprocess.run(("psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", url),
                          input=sql, check=True, capture_output=True, text=True).stdout.strip()


def postgres_of(folder):
    """Where CLOUDIE_TEST_POSTGRES names a server (store/postgres_lab.py): the address of a database
    for the cloudied of this folder."""
    url = os.environ.get("CLOUDIE_TEST_POSTGRES")
    if not url:
        return None
    name = re.sub(r"\W", "_", os.path.basename(folder).lower())
    if not psql(url, f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
        psql(url, f"CREATE DATABASE {name}")
    return url.replace("/cloudie?", f"/{name}?")


class Cloudied:
    def __init__(self, program, extra="", package="", folder=None, port=None, http_port=0,
                 arguments="console=ttyS0", address="127.0.0.1", names="127.0.0.1"):
        self.program = program
        self.folder = folder or tempfile.mkdtemp(prefix="cloudied-")
        self.state = os.path.join(self.folder, "state")
        self.port = port or free_port()
        self.config = os.path.join(self.folder, f"cloudied-{self.port}.yaml")
        self.process = None
        with open(self.config, "w") as f:
            f.write(f"state: {self.state}\naddress: {address}\nport: {self.port}\n"
                    f"http_port: {http_port}\nnames: [{names}]\n"
                    f"kernel_arguments: '{arguments}'\n"
                    "networks:\n- name: lab\n  subnet: 10.77.0.0/24\n"
                    "  pool_first: 10.77.0.100\n  pool_last: 10.77.0.200\n")
            if package:
                f.write(f"netboot_package: {package}\n")
            self.postgres = None if "store:" in extra else postgres_of(self.folder)
            f.write(f"{extra}store: '{self.postgres}'\n" if self.postgres else extra)

    def command(self, *args):
        return [self.program, "--config", self.config, *args]

    def start(self, *before):
        self.log_path = os.path.join(self.folder, "log")
        self.log = open(self.log_path, "ab")
        self.out_path = os.path.join(self.folder, "out")
        out = open(self.out_path, "wb")
        self.started = time.monotonic()
        self.process = subprocess.Popen([*before, *self.command()], stdout=out, stderr=self.log)
        out.close()
        while time.monotonic() - self.started < START_S:
            try:
                if self.get("/healthz").status == 200:
                    self.took = time.monotonic() - self.started
                    return self
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError("cloudied does not serve: " + self.log_text())

    def log_text(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def out_text(self):
        with open(self.out_path) as f:
            return f.read()

    def stop(self, how=signal.SIGTERM):
        if not self.process:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(how)
        rc = self.process.wait(30)
        self.process = None
        self.log.close()
        return rc

    def connect(self, timeout=30):
        context = ssl.create_default_context(cafile=os.path.join(self.state, "tls/cert.pem"))
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout,
                                           context=context)

    def call(self, method, path, body=None, token=None, headers=(), timeout=30):
        c = self.connect(timeout)
        all_headers = dict(headers)
        if token:
            all_headers["Authorization"] = "Bearer " + token
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            c.request(method, path, data, all_headers)
            return Answer(c.getresponse())
        finally:
            c.close()

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.call("POST", path, body, **more)

    # ---- voices ----

    def login_line(self):
        done = subprocess.run(self.command("--login-link"), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def login(self, line=None):
        line = line or self.login_line()
        found = re.fullmatch(r"cloudie login https://127\.0\.0\.1:\d+/#([0-9a-f]{64})\."
                             r"([0-9a-f]{64})\n", line)
        assert found, line
        answer = self.post("/api/v1/login", {"token": found[1]})
        assert answer.status == 200, answer.body
        return answer.json["token"]

    def join(self, name="edge"):
        with open(os.path.join(self.state, "join-token")) as f:
            token = f.read().strip()
        answer = self.post("/edge/v1/join", {"token": token, "name": name})
        assert answer.status == 200, answer.body
        return answer.json["credential"]

    def plan(self, edge, mac, address="10.77.0.100"):
        answer = self.post("/edge/v1/plan", {"mac": mac, "address": address, "architecture": 0},
                           token=edge)
        assert answer.status == 200, answer.body
        return answer.json

    def claim(self, key, boot, mac, **changes):
        body = {"boot": boot, "public_key": key.public, "mac": mac, "address": "10.77.0.100",
                "signature": key.sign("cloudie-claim-v1:" + boot), "version": "test"}
        body.update(changes)
        key.boot = boot
        return self.post("/agent/v1/claim", body)

    def worker(self, key, call, body, **more):
        """A call of cloudie-worker: signed as a whole. @call: "phone-home" or "beat"."""
        data = json.dumps({**body, "public_key": key.public}).encode()
        headers = {"Cloudie-Signature": key.sign(f"cloudie-{call}-v1:".encode() + data)}
        return self.post(f"/agent/v1/{call}", data, headers={**headers, **more})

    def discover(self, edge, key, mac, report):
        """A whole boot of a machine: returns its name and the agent's token."""
        claimed = self.claim(key, self.plan(edge, mac)["boot"], mac)
        assert claimed.status == 200, claimed.body
        token = claimed.json["token"]
        answer = self.call("PUT", "/agent/v1/inventory", report, token=token)
        assert answer.status == 200, answer.body
        return answer.json["node"], token


class Case(unittest.TestCase):
    """Tests that have a cloudied of their own each, with an operator, an edge and an agent's key."""

    def setUp(self):
        self.d = Cloudied(program()).start()
        self.addCleanup(self.end)
        self.token = self.d.login(self.d.out_text())
        self.edge = self.d.join()
        self.key = Key(self.d.folder)

    def end(self):
        rc = self.d.stop()
        text = self.d.log_text()
        shutil.rmtree(self.d.folder)
        self.assertEqual(rc, 0, text)
        self.assertNotIn("ERROR: ", text)  # of a sanitizer

    def api(self, method, path, body=None, status=200, code=None, **more):
        answer = self.d.call(method, "/api/v1" + path, body, token=self.token, **more)
        self.assertEqual((answer.status, code and answer.code), (status, code), answer.body)
        return answer.json if answer.body else None


def inventory(macs, serial="SN1", uuid="4c4c4544-0042-3510-8052-b4c04f4b4c31"):
    return {"schema": 1, "system": {"vendor": "QEMU", "product": "Standard PC", "serial": serial,
                                    "uuid": uuid},
            "cpu": {"model": "a CPU", "threads": 2}, "memory": {"total": 1 << 29},
            "nics": {"items": [{"name": f"eth{i}", "mac": m} for i, m in enumerate(macs)]},
            "disks": {"items": [{"size": 1 << 31}]}}


def package(folder):
    """A netboot package of the right form."""
    os.makedirs(folder, exist_ok=True)
    files = []
    for name, role in (("vmlinuz", "kernel"), ("discovery.initrd", "ramdisk"),
                       ("stage-two.squashfs", "stage-two"), ("undionly.kpxe", "loader")):
        data = os.urandom(100000)
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
        files.append({"name": name, "size": len(data), "role": role,
                      "sha256": hashlib.sha256(data).hexdigest()})
    with open(os.path.join(folder, "manifest.json"), "w") as f:
        json.dump({"kernel_version": "6.1.0", "files": files}, f)
    return folder


def events_of(cloudied, token, after=None, want=1, timeout=10):
    """Reads a Server-Sent-Events stream until @want events came: a list of (id, name, data)."""
    c = cloudied.connect(timeout)
    path = "/api/v1/events" + (f"?after={after}" if after is not None else "")
    c.request("GET", path, headers={"Authorization": "Bearer " + token})
    response = c.getresponse()
    assert response.status == 200, response.read()
    assert response.headers["Content-Type"].startswith("text/event-stream")
    got, fields = [], {}
    while len(got) < want:
        line = response.readline().decode().rstrip("\n")
        if line.startswith(":"):
            continue
        if line == "":
            if fields:
                got.append((fields.get("id"), fields.get("event"), fields.get("data")))
            fields = {}
            continue
        name, _, value = line.partition(": ")
        fields[name] = value
    c.close()
    return got


def program():
    path = os.environ.get("CLOUDIE_PROGRAM")
    if not path:
        print("set CLOUDIE_PROGRAM to a built cloudied", file=sys.stderr)
        sys.exit(2)
    return path
