# SPDX-License-Identifier: GPL-3.0-or-later
"""Every route of the API, as its own document names it, against what nobody should send."""
import copy
import http.client
import json
import os
import re
import shutil
import socket
import sqlite3
import ssl
import hashlib
import unittest
import urllib.parse

import cloudied_lab as lab

HERE = os.path.dirname(os.path.abspath(__file__))
MAC = "52:54:00:77:00:01"
LARGE = 100 << 20
# What one cloudied may take while all of this is done to it; a sanitizer keeps what was freed.
RSS_GROWTH = 160 << 20
DEEP = 100000
TRIES = 50  # of one address, below GUESSES_PER_MINUTE
VIEWER = hashlib.sha256(b"viewer").hexdigest()  # a token is 64 hex digits

# No JSON text, or none that any call takes.
TEXTS = {
    "nothing": b"",
    "blanks": b" \r\n\t",
    "half an object": b"{",
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "a text": b'"x"',
    "two values": b"{} {}",
    "a comma too many": b'{"a":1,}',
    "single quotes": b"{'a': 1}",
    "a comment": b"{} // x",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "invalid UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-8 that is too long": b'{"name": "\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"name": "\xed\xa0\x80"}',
    "half a surrogate": b'{"name": "\\ud800"}',
    "a name twice": b'{"name": "a", "name": "b"}',
    "a name twice, further in": b'{"spec": {"a": 1, "a": 2}}',
    "infinity": b'{"x": 1e400}',
    "minus infinity": b'{"x": -1e400}',
    "Infinity": b'{"x": Infinity}',
    "NaN": b'{"x": NaN}',
    "a number of 10,000 digits": b'{"x": ' + b"9" * 10000 + b"}",
    "lists in lists": b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "objects in objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "lists without an end": b"[" * DEEP,
    "a NUL": b'{"a": "\\u0000"}',
    "a NUL in a name": b'{"\\u0000": 1}',
    "a byte NUL": b'{"a": "\0"}',
    "a new line in a text": b'{"a": "\n"}',
}
# Where a text, a number, ... is wanted; null stands for "not given".
WRONG = {
    "string": (5, True, [], {}, "x" * 70000),
    "integer": ("5", -1, 1.5, 2**64, True, [], {}),
    "boolean": (1, "true", [], {}),
    "object": ([], "x", 5),
    "array": ({}, "x", 5, [5], ["x"] * 3 + [7]),
}
# Bodies that stand for the shapes that are not wholly said in the document.
SPECS = {
    "rules": {"match": "name=gone"},
    "profiles": {"steps": [{"image": "none"}]},
    "keys": {"public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    "files": {"text": "#cloud-config\n"},
    "settings": {"value": "console=ttyS0"},
    "networks": {"subnet": "10.99.0.0/24", "mode": "proxy"},
    "images": {"os": "Debian 12"},
}
# Where not any name will do; the others get their first letter.
NAMES = {"settings": "kernel_arguments", "networks": "net"}
PATHS = {
    "a NUL": "%00",
    "a NUL inside": "a%00b",
    "a name of 64": "a" * 64,
    "a name of 300": "a" * 300,
    "a name of 20,000": "a" * 20000,
    "a folder up": "..",
    "a folder up, escaped": "%2e%2e",
    "a folder up, escaped twice": "%252e%252e",
    "the same folder": ".",
    "a slash": "a%2fb",
    "a backslash": "a%5cb",
    "half an escape": "%",
    "half an escape, one digit": "%4",
    "no hex digits": "%zz",
    "UTF-8 that is too long": "%c0%ae%c0%ae",
    "no UTF-8": "%ff%fe",
    "a new line": "a%0ab",
    "a carriage return": "a%0d%0ab",
    "a quote": "a%22b",
    "a percent": "%25s%25n",
    "nothing": "",
    "an emoji": "%f0%9f%92%a9",
    "a statement": "a%27%20OR%201=1--",
}
# As they stand in JSON; the long ones are cut wherever we keep less of them.
ODD_WORDS = ("\\u0000", "a\\u0000b", "\\ud800", "\\ufffe", "\\u0080", "\\ud83d\\ude00", "\x7f", "\\u001b[31m",
             "a" + "\u00e9" * 500, "ab" + "\u20ac" * 300, "abc" + "\U0001f4a9" * 300, "'; DROP TABLE nodes; --")
SAYINGS = ("QEMU", "Standard PC", "a CPU", "eth0")  # in lab.inventory()
QUERY_VALUES = ("", "%00", "-1", "1e400", "99999999999999999999999", "x" * 5000, "%ff", "%zz", "'", "((((")
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "X" * 40)


def codes():
    """All that a problem may call itself, of both tables."""
    known = set()
    for path in ("api/problem.c", "../lib/serve/problem.c"):
        with open(os.path.join(HERE, path), encoding="utf-8") as f:
            known |= set(re.findall(r'\{?\d{3}, (?:"[A-Z][^"]*", )?"([a-z-]+)"', f.read()))
    return known


class Wire:
    """One connection, kept; a new one where the server ended it. As from many addresses."""

    def __init__(self, cloudied):
        self.cloudied, self.connection, self.count = cloudied, None, 0
        self.context = ssl.create_default_context(
            cafile=os.path.join(cloudied.state, "tls/cert.pem"))

    def connect(self):
        source = "127.0.%d.%d" % (self.count // 250, 2 + self.count % 250)
        self.count += 1
        self.connection = http.client.HTTPSConnection(
            "127.0.0.1", self.cloudied.port, timeout=60, context=self.context,
            source_address=(source, 0))

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def call(self, method, path, body=None, token=None, headers=()):
        headers = dict(headers)
        if token:
            headers["Authorization"] = "Bearer " + token
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        for is_last in (False, True):
            try:
                if not self.connection:
                    self.connect()
                self.connection.request(method, path, body, headers)
                response = self.connection.getresponse()
                answer = lab.Answer(response)
                if response.will_close or method == "HEAD":
                    self.close()
                return answer
            except (http.client.HTTPException, OSError):
                self.close()
                if is_last:
                    raise
        return None


def sample(schema, components):
    """Something that fits, with all its members."""
    if "$ref" in schema:
        schema = components["schemas"][schema["$ref"].rpartition("/")[2]]
    kind = schema.get("type")
    if kind == "object":
        return {k: sample(s, components) for k, s in schema.get("properties", {}).items()}
    if kind == "array":
        return [sample(schema["items"], components)]
    if kind == "integer":
        return schema.get("minimum", 0)
    if kind == "boolean":
        return False
    pattern = schema.get("pattern", "")
    if "enum" in schema:
        return schema["enum"][0]
    if "{5}" in pattern:
        return MAC
    if "{3}-" in pattern:
        return "4c4c4544-0042-3510-8052-b4c04f4b4c31"
    return "10.77.0.120" if pattern else "x" if kind == "string" else {}


def spoiled(value, schema, components, place=""):
    """(what, the same with one member of a wrong type, or without one that must be there)"""
    if "$ref" in schema:
        schema = components["schemas"][schema["$ref"].rpartition("/")[2]]
    if schema.get("type") == "array":
        for what, item in spoiled(value[0], schema["items"], components, place + "[]"):
            yield what, [item]
        if schema.get("maxItems", 1 << 20) < 4096:
            yield place + " too many", value * (schema["maxItems"] + 1)
        return
    for name, member in schema.get("properties", {}).items():
        if not isinstance(value, dict) or name not in value:
            continue
        at = f"{place}.{name}"
        resolved = components["schemas"][member["$ref"].rpartition("/")[2]] if "$ref" in member else member
        for wrong in WRONG.get(resolved.get("type"), ()):
            if wrong == -1 and resolved.get("minimum") is None:
                continue
            yield f"{at} = {str(wrong)[:20]}", {**value, name: wrong}
        if "enum" in resolved:
            yield f"{at} = nonsense", {**value, name: "nonsense"}
        if resolved.get("type") in ("object", "array"):
            for what, inner in spoiled(value[name], member, components, at):
                yield what, {**value, name: inner}
        if name in schema.get("required", ()):
            yield at + " missing", {k: v for k, v in value.items() if k != name}


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8"
        cls.d = lab.Cloudied(lab.program()).start()
        cls.d.stop()
        cls.add_viewer()
        cls.d.start()
        cls.token = cls.d.login()
        cls.edge = cls.d.join()
        cls.key = lab.Key(cls.d.folder)
        cls.boot()
        cls.wire = Wire(cls.d)
        cls.document = cls.wire.call("GET", "/api/v1/openapi.json", token=cls.token).json
        cls.components = cls.document["components"]
        cls.codes = codes()
        for kind, spec in SPECS.items():
            answer = cls.wire.call("PUT", f"/api/v1/{kind}/{NAMES.get(kind, kind[0])}", json.dumps(cls.document_of(kind)),
                                   token=cls.token)
            assert answer.status == 200, answer.body
        cls.before = cls.memory()

    @classmethod
    def tearDownClass(cls):
        cls.wire.close()
        rc = cls.d.stop()
        text = cls.d.log_text()
        assert rc == 0 and "ERROR: " not in text and "runtime error" not in text, text[-4000:]
        shutil.rmtree(cls.d.folder)

    @classmethod
    def boot(cls):
        cls.node, cls.agent = cls.d.discover(cls.edge, cls.key, MAC, lab.inventory([MAC]))

    @classmethod
    def add_viewer(cls):
        """Nothing hands out a viewer's token yet: it is put where they are kept."""
        row = f"INSERT INTO tokens VALUES('{hashlib.sha256(VIEWER.encode()).hexdigest()}'," \
              f" 'v', 'viewer', '', 1, {1 << 45})"
        if cls.d.postgres:
            lab.psql(cls.d.postgres, row)
            return
        with sqlite3.connect(os.path.join(cls.d.state, "cloudie.db")) as db:
            db.execute(row)
        db.close()

    @classmethod
    def memory(cls):
        with open(f"/proc/{cls.d.process.pid}/status", encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+) kB", f.read())[1]) << 10

    @staticmethod
    def document_of(kind):
        return {"kind": kind[:-1], "spec": copy.deepcopy(SPECS.get(kind, {}))}

    def tearDown(self):
        """Whatever was done to it: it lives, and holds no more than it may."""
        self.assertEqual(self.wire.call("GET", "/healthz").status, 200)
        self.assertLess(self.memory() - self.before, RSS_GROWTH)

    def operations(self):
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield path, method.upper(), operation

    def token_for(self, operation):
        return {"nothing": None, "edge": self.edge, "agent": self.agent}.get(
            operation["x-cloudie-needs"], self.token)

    def filled(self, path):
        kind = path.split("/")[3] if path.count("/") >= 3 else ""
        name = {"nodes": self.node, "discovery": "lab", "images": "i", **NAMES}.get(kind, kind[:1] or "x")
        return path.replace("{name}", name).replace("{address}", "10.77.0.120")

    def call(self, *args, **more):
        if self.wire.connection and self.wire.count % TRIES == 0:
            self.wire.close()
        return self.wire.call(*args, **more)

    def refused(self, answer, what, statuses=(), codes=()):
        """A problem that names itself, and says what to do."""
        where = (what, answer.status, answer.body[:200])
        self.assertTrue(400 <= answer.status < 500 or answer.status == 501, where)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json", where)
        problem = answer.json
        self.assertEqual(problem["status"], answer.status, where)
        self.assertIn(problem["code"], self.codes, where)
        self.assertTrue(problem["hint"] and problem["detail"] and problem["title"], where)
        if statuses:
            self.assertIn(answer.status, statuses, where)
        if codes:
            self.assertIn(answer.code, codes, where)

    def takes_json(self):
        for path, method, operation in self.operations():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                yield self.filled(path), method, operation, content["application/json"]["schema"]

    def test_texts(self):
        """No JSON, or none of ours: each call that takes JSON says so."""
        seen = 0
        for path, method, operation, _ in self.takes_json():
            for what, body in TEXTS.items():
                self.wire.close()  # another address: guesses are counted
                answer = self.call(method, path, body, token=self.token_for(operation))
                with self.subTest(path=path, method=method, what=what):
                    self.refused(answer, what, (400, 413))
                seen += 1
        self.assertGreater(seen, 15 * len(TEXTS))

    def body_for(self, path, schema):
        name = schema["$ref"].rpartition("/")[2]
        kind = path.split("/")[3]
        if path.endswith("/rename"):
            return {"name": self.node}  # any other, and nobody finds it any more
        if name == "Document":
            return self.document_of(kind)
        if name == "NodeDocument":
            return {"kind": "node", "labels": {"rack": "a1"}, "spec": {"metadata": {"a": 1}}}
        if name == "Inventory":
            return lab.inventory([MAC])
        if name == "Rename":
            return {"name": self.node}  # the others look for it by this name
        return sample(schema, self.components)

    def test_members(self):
        """Each member of each message: of every other type, too long, too large, missing."""
        seen = 0
        for path, method, operation, schema in self.takes_json():
            if schema["$ref"].endswith(("/Document", "/NodeDocument", "/Inventory")):
                continue
            for what, body in spoiled(self.body_for(path, schema), schema, self.components):
                self.wire.close()
                answer = self.call(method, path, json.dumps(body), token=self.token_for(operation))
                with self.subTest(path=path, what=what):
                    self.refused(answer, what, (400, 413))
                seen += 1
        self.assertGreater(seen, 300)

    def test_odd_words(self):
        """What a machine says of itself, in words that no database may get: kept, or refused."""
        taken = 0
        whole = json.dumps(lab.inventory([MAC]))
        for word in ODD_WORDS:
            for say in SAYINGS:
                self.wire.close()
                answer = self.call("PUT", "/agent/v1/inventory", whole.replace(say, word).encode(),
                                   token=self.agent)
                with self.subTest(word=word[:20], say=say):
                    self.assertIn(answer.status, (200, 400, 403, 409), answer.body)
                taken += answer.status == 200
            self.call("POST", "/edge/v1/plan", '{"mac": "52:54:00:77:00:77", "architecture": 0,'
                      f' "address": "10.77.0.100", "user_class": "{word}"}}'.encode(), token=self.edge)
        self.assertGreater(taken, len(ODD_WORDS))
        self.assertNotIn("store.failed", self.d.log_text())

    def test_unknown_members(self):
        """What people write is not to be misspelt; edges and agents may be of a newer release."""
        for path, method, operation, schema in self.takes_json():
            if not path.startswith("/api/") or path.endswith("/login"):
                continue
            body = {**self.body_for(path, schema), "nonsense": 1}
            answer = self.call(method, path, json.dumps(body), token=self.token_for(operation))
            with self.subTest(path=path):
                self.refused(answer, path, (400,))

    def test_documents(self):
        """Documents whose members are of wrong types, or too many, or too long."""
        for kind in (*SPECS, "nodes"):
            name = self.node if kind == "nodes" else NAMES.get(kind, kind[0])
            good = self.document_of(kind) if kind in SPECS else {"kind": "node", "labels": {}, "spec": {}}
            bad = [{**good, key: wrong} for key in ("kind", "name", "labels", "spec")
                   for wrong in (5, True, [], "x" * 5000, [{}])]
            bad += [{**good, "labels": labels} for labels in (
                {"a": 5}, {"a": {}}, {"a": ["b"]}, {"": "x"}, {"a b": "x"}, {"a": "x" * 64},
                {"x" * 64: "a"}, {"a": None}, {"a\n": "b"})]
            bad += [{**good, "spec": {**good["spec"], key: wrong}} for key in [*good["spec"], "nonsense"]
                    for wrong in (5, True, "", [[]], {"a": []})
                    if (kind, wrong) != ("settings", "")]  # no arguments at all
            bad += [{**good, "version": "x"}, {**good, "version": -1}]
            for body in bad:
                answer = self.call("PUT", f"/api/v1/{kind}/{name}", json.dumps(body), token=self.token)
                with self.subTest(kind=kind, body=json.dumps(body)[:120]):
                    self.refused(answer, kind, (400, 413))

    def test_content_types(self):
        """A call that takes JSON takes it under no other name, and none takes a form."""
        for path, method, operation, schema in self.takes_json():
            body = json.dumps(self.body_for(path, schema))
            for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml",
                         "multipart/form-data; boundary=x", "application/jsonp", "json", "\xff/x", ""):
                self.wire.close()
                answer = self.call(method, path, body, token=self.token_for(operation),
                                   headers={"Content-Type": kind})
                with self.subTest(path=path, kind=kind):
                    self.refused(answer, kind, (415,), ("content-type-wrong",))

    def test_bodies_that_nobody_asked_for(self):
        """A call without a body gets one: what it says would not be obeyed, so it is refused."""
        for path, method, operation in self.operations():
            if method in ("GET",) or operation.get("requestBody"):
                continue
            answer = self.call(method, self.filled(path), b'{"force": true}',
                               token=self.token_for(operation))
            with self.subTest(path=path, method=method):
                self.refused(answer, path, (400, 413), ("body-malformed", "body-too-large"))

    def test_methods(self):
        for path, methods in self.document["paths"].items():
            allowed = {m.upper() for m in methods}
            if "GET" in allowed:
                allowed.add("HEAD")
            for method in METHODS:
                if method in allowed:
                    continue
                answer = self.call(method, self.filled(path), token=self.token)
                with self.subTest(path=path, method=method):
                    if method == "HEAD":
                        self.assertEqual(answer.status, 405)
                        continue
                    self.refused(answer, path, (405, 501), ("method-wrong", "method-unknown"))
                    if answer.status == 405:
                        said = {m.strip() for m in answer.headers["Allow"].split(",")}
                        self.assertEqual(said, allowed)

    def test_paths(self):
        for path, method, operation in self.operations():
            for what, name in PATHS.items():
                if "{" not in path:
                    continue
                target = re.sub(r"\{\w+\}", name, path)
                body = None
                content = operation.get("requestBody", {}).get("content", {}).get("application/json")
                if content:
                    body = json.dumps(self.body_for(path, content["schema"]))
                answer = self.call(method, target, body, token=self.token_for(operation))
                with self.subTest(path=path, method=method, what=what):
                    self.refused(answer, what, (400, 404, 405, 413, 414, 431))

    def test_queries(self):
        """Each query with values that are none; what is no error is answered, within bounds."""
        for path, method, operation in self.operations():
            for parameter in operation["parameters"]:
                if parameter["in"] != "query" or path.endswith("/events") or method != "GET":
                    continue
                for value in QUERY_VALUES:
                    target = f"{self.filled(path)}?{parameter['name']}={value}"
                    answer = self.call(method, target, token=self.token_for(operation))
                    with self.subTest(target=target[:100]):
                        if answer.status != 200:
                            self.refused(answer, target[:100], (400, 404, 409, 414, 431))
                        if parameter["schema"]["type"] == "integer" and path.startswith("/api/"):
                            self.refused(answer, target[:100], (400, 404, 409))

    def test_if_match(self):
        """Stale, or nothing that could be a version: refused, and nothing was changed."""
        for path, method, operation in self.operations():
            if not any(p["name"] == "If-Match" for p in operation["parameters"]):
                continue
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            body = json.dumps(self.body_for(path, content["schema"])) if content else None
            if path.endswith("/install"):
                body = json.dumps({"profile": "p"})
            for value in ('"999"', "999", 'W/"1"', "", '"1', '"' + "9" * 5000 + '"', '"-1"', '"1e400"'):
                answer = self.call(method, self.filled(path), body, token=self.token,
                                   headers={"If-Match": value})
                with self.subTest(path=path, method=method, value=value[:20]):
                    self.refused(answer, path, (412, 404), ("version-changed", "image-unknown"))

    def test_idempotency_keys(self):
        """Keys that are none; and one that comes again, for the same and for something else."""
        seen = 0
        for path, method, operation in self.operations():
            if not any(p["name"] == "Idempotency-Key" for p in operation["parameters"]):
                continue
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            body = json.dumps(self.body_for(path, content["schema"])) if content else None
            path = self.filled(path)
            for key in ("", " ", "a b", "x" * 129, "x" * 9000, "\xff", "a\tb"):
                answer = self.call(method, path, body, token=self.token, headers={"Idempotency-Key": key})
                with self.subTest(path=path, key=key[:10]):
                    self.refused(answer, path, (400, 431))
            again = {"Idempotency-Key": "hostile-%d" % seen}
            first = self.call(method, path, body, token=self.token, headers=again)
            second = self.call(method, path, body, token=self.token, headers=again)
            with self.subTest(path=path):
                self.assertEqual((first.status, first.body), (second.status, second.body))
                if first.status < 300:
                    other = self.call("POST", f"/api/v1/nodes/{self.node}/maintenance",
                                      json.dumps({"on": True, "reason": path}), token=self.token, headers=again)
                    self.refused(other, path, (409, 422))
            seen += 1
        self.assertGreaterEqual(seen, 9)
        self.boot()  # it was retired, and its agent turned away

    def test_tokens(self):
        """Without a token, with one that is none, and with that of somebody else."""
        wrong = {None: "token-missing", "x": 0, "x" * 20000: 0, "\xff" * 64: 0, "0" * 64: 0,
                 self.edge: 0, self.agent: 0, VIEWER: 0}
        for path, method, operation in self.operations():
            need = operation["x-cloudie-needs"]
            for token in wrong:
                if need == "nothing" or token == self.token_for(operation) or (
                        token == VIEWER and need == "viewer"):
                    continue
                answer = self.call(method, self.filled(path), token=token)
                with self.subTest(path=path, method=method, token=str(token)[:10]):
                    if token == VIEWER and need in ("operator", "admin"):
                        self.refused(answer, path, (403,), ("role-insufficient",))
                    elif token and len(token) > 10000:
                        self.refused(answer, path, (401, 431))
                    else:
                        self.refused(answer, path, (401,))

    def test_large(self):
        """100 MiB to each call that changes something, announced and in chunks."""
        for path, method, operation in self.operations():
            if method == "GET":
                continue
            for is_chunked in (False, True):
                status = self.send_large(method, self.filled(path), self.token_for(operation), is_chunked)
                with self.subTest(path=path, method=method, is_chunked=is_chunked):
                    self.assertIn(status, (400, 401, 403, 404, 409, 413, 415, 429))
            self.assertLess(self.memory() - self.before, RSS_GROWTH)

    def send_large(self, method, path, token, is_chunked):
        """What is answered; 413, if the server ended the connection in the middle."""
        self.wire.close()
        self.wire.connect()
        c, piece, sent = self.wire.connection, b"x" * (1 << 20), 0
        c.putrequest(method, path)
        c.putheader("Content-Type", "application/json")
        if token:
            c.putheader("Authorization", "Bearer " + token)
        if is_chunked:
            c.putheader("Transfer-Encoding", "chunked")
        else:
            c.putheader("Content-Length", str(LARGE))
        c.endheaders()
        try:
            while sent < LARGE:
                c.send(b"%x\r\n%s\r\n" % (len(piece), piece) if is_chunked else piece)
                sent += len(piece)
        except (OSError, ssl.SSLError):
            pass  # it was refused, and the rest is not wanted
        try:
            return c.getresponse().status
        except (OSError, http.client.HTTPException):
            return 413 if sent < LARGE else 0
        finally:
            self.wire.close()

    def test_heads(self):
        """Heads that are none, too large, or of another protocol."""
        for head in (b"GET / HTTP/9.9\r\n\r\n", b"GET\r\n\r\n", b"\r\n" * 1000, b"\0" * 5000,
                     b"GET " + b"/a" * 40000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 20000 + b"\r\n",
                     b"GET / HTTP/1.1\r\nHost: x\r\nx: " + b"y" * 200000 + b"\r\n\r\n",
                     b"GET /api/v1/nodes?" + b"a=b&" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", self.d.port), 60) as plain:
                with self.wire.context.wrap_socket(plain, server_hostname="127.0.0.1") as s:
                    try:
                        s.sendall(head)
                        s.settimeout(2)  # it waits for the rest of some, as long as of any client
                        said = s.recv(4096)
                    except (OSError, ssl.SSLError):
                        said = b""
            with self.subTest(head=head[:40]):
                self.assertTrue(said == b"" or said.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4",
                                                                b"HTTP/1.1 5")), said[:100])


if __name__ == "__main__":
    unittest.main()
