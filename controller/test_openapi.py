# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API says of itself is valid, is what it does, and holds against whatever is sent to it."""
import http.client
import shutil
import ssl
import unittest

import cloudied_lab as lab

try:
    import jsonschema
except ImportError:
    jsonschema = None
try:
    import openapi_spec_validator
except ImportError:
    openapi_spec_validator = None

MAC = "52:54:00:77:00:01"
# What no call of ours takes, and what is to be said of it.
WRONG = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "a number": b"1",
    "invalid UTF-8": b'{"name": "\xff\xfe"}',
    "a name twice": b'{"name": "a", "name": "b"}',
    "a number that is none": b'{"x": 1e400}',
    "too deep": b'{"a":' + b"[" * 100000 + b"]" * 100000 + b"}",
    "a NUL": b'{"a": "\\u0000"}',
}


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = lab.Cloudied(lab.program()).start()
        cls.token = cls.d.login()
        cls.edge = cls.d.join()
        cls.key = lab.Key(cls.d.folder)
        cls.node, cls.agent = cls.d.discover(cls.edge, cls.key, MAC, lab.inventory([MAC]))
        cls.document = cls.d.get("/api/v1/openapi.json", token=cls.token).json

    @classmethod
    def tearDownClass(cls):
        rc = cls.d.stop()
        assert rc == 0, cls.d.log_text()[-4000:]
        shutil.rmtree(cls.d.folder)

    def operations(self):
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield path, method.upper(), operation

    def token_for(self, operation):
        return {"nothing": None, "edge": self.edge, "agent": self.agent}.get(
            operation["x-cloudie-needs"], self.token)

    def schema(self, reference):
        return {"$ref": reference, "components": self.document["components"]}

    def complete(self, value, schema, place):
        """All that is said stands in its shape; a shape without names leaves that open."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            self.complete(value, self.document["components"]["schemas"][name], name)
        elif isinstance(value, dict) and "properties" in schema:
            for key, member in value.items():
                self.assertIn(key, schema["properties"], place)
                self.complete(member, schema["properties"][key], f"{place}.{key}")
        elif isinstance(value, list):
            for member in value:
                self.complete(member, schema.get("items", {}), place)

    def test_it_is_valid(self):
        self.assertEqual(self.document["openapi"], "3.1.0")
        ids = [o["operationId"] for _, _, o in self.operations()]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertGreater(len(ids), 50)
        if not openapi_spec_validator:
            self.skipTest("no openapi_spec_validator here: the document was not validated")
        openapi_spec_validator.validate(self.document)

    def test_what_is_sent_is_what_it_says(self):
        """Each call that needs no more than a name answers in its shape."""
        if not jsonschema:
            self.skipTest("no jsonschema here: answers were not compared with their schemas")
        self.d.call("PUT", "/api/v1/profiles/p", {"kind": "profile", "spec": {
            "steps": [{"image": "none"}]}}, token=self.token)
        lease = {"address": "10.77.0.120", "state": "bound", "mac": MAC, "client": "0001", "iaid": 7,
                 "lease_s": 3600, "expires_ms": 1 << 45, "name": "n"}
        pool = {"network": "lab", "first": "10.77.0.100", "last": "10.77.0.200", "size": 101, "taken": 1}
        self.d.post("/edge/v1/leases", {"cycle": 1, "is_first": True, "is_whole": True, "has_pools": True,
                                        "rows": [lease], "pools": [pool]}, token=self.edge)
        names = {"nodes": self.node, "profiles": "p", "leases": lease["address"]}
        seen = 0
        for path, method, operation in self.operations():
            reply = operation["responses"].get("200", {}).get("content", {}).get("application/json")
            kind = path.split("/")[3] if path.count("/") >= 3 else ""
            if method != "GET" or not reply or operation["x-cloudie-needs"] == "agent":
                continue
            if "{" in path and kind not in names:
                continue
            for place in ("{name}", "{address}"):
                path = path.replace(place, names.get(kind, ""))
            answer = self.d.get(path, token=self.token_for(operation))
            self.assertEqual(answer.status, 200, (path, answer.body))
            jsonschema.validate(answer.json, self.schema(reply["schema"]["$ref"]))
            with self.subTest(path=path):
                self.complete(answer.json, reply["schema"], path)
            seen += 1
        self.assertGreaterEqual(seen, 24)

    def test_wrong_bodies(self):
        """Every call that takes JSON refuses what is none, and lives."""
        seen = 0
        for path, method, operation in self.operations():
            if "application/json" not in operation.get("requestBody", {}).get("content", {}):
                continue
            path = path.replace("{name}", self.node)
            for what, body in WRONG.items():
                with self.subTest(path=path, what=what):
                    answer = self.d.call(method, path, body, token=self.token_for(operation))
                    self.assertIn(answer.status, (400, 403, 404, 413), answer.body)
                    self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
                    self.problem(answer)
            seen += 1
        self.assertGreaterEqual(seen, 15)
        self.assertEqual(self.d.get("/healthz").status, 200)

    def problem(self, answer):
        if jsonschema:
            jsonschema.validate(answer.json, self.schema("#/components/schemas/Problem"))

    def test_too_large(self):
        """100 MiB: refused before it is read, wherever it is sent."""
        for path, method, operation in self.operations():
            if method == "GET":
                continue
            path = path.replace("{name}", "x")
            with self.subTest(path=path):
                self.assertIn(self.send_large(method, path, self.token_for(operation)),
                              (400, 401, 403, 404, 409, 413, 429))
        self.assertEqual(self.d.get("/healthz").status, 200)

    def send_large(self, method, path, token):
        c = self.d.connect()
        sent = 0
        try:
            c.putrequest(method, path)
            if token:
                c.putheader("Authorization", "Bearer " + token)
            c.putheader("Content-Length", str(100 << 20))
            c.endheaders()
            try:
                while sent < 100 << 20:
                    c.send(b"x" * (1 << 20))
                    sent += 1 << 20
            except (OSError, ssl.SSLError):
                pass  # it was refused, and the rest is not wanted
            try:
                return c.getresponse().status
            except (OSError, http.client.HTTPException):
                return 413 if sent < 100 << 20 else 0
        finally:
            c.close()

    def test_unknown_queries(self):
        answer = self.d.get("/api/v1/nodes?selct=phase%3Dready", token=self.token)
        self.assertEqual((answer.status, answer.code), (400, "query-malformed"))
        self.assertIn("has no 'selct'; it has: select limit after", answer.json["detail"])
        for path, method, operation in self.operations():
            if path.startswith("/api/") and method == "GET":
                answer = self.d.get(path.replace("{name}", self.node) + "?nonsense=1", token=self.token)
                self.assertEqual((answer.status, answer.code), (400, "query-malformed"), path)
        # a newer edge or agent may say more
        answer = self.d.get("/agent/v1/orders?generation=0&newer=1", token=self.agent)
        self.assertEqual(answer.status, 200)

    def test_stale_if_match(self):
        bodies = {"NodeDocument": {"kind": "node"}, "Install": {"profile": "p"},
                  "Maintenance": {"on": True}}
        seen = 0
        for path, method, operation in self.operations():
            if not any(p["name"] == "If-Match" for p in operation["parameters"]):
                continue
            kind = path.split("/")[3]
            if kind != "nodes":
                continue
            takes = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            body = bodies[takes["schema"]["$ref"].split("/")[-1]] if takes else None
            answer = self.d.call(method, path.replace("{name}", self.node), body,
                                 token=self.token, headers={"If-Match": '"999"'})
            with self.subTest(path=path, method=method):
                self.assertIn((answer.status, answer.code),
                              ((412, "version-changed"), (404, "profile-unknown")))
            seen += 1
        self.assertGreaterEqual(seen, 9)

    def test_who_may_what(self):
        """Without a token every call but those for strangers is refused, before its body is read."""
        for path, method, operation in self.operations():
            if operation["x-cloudie-needs"] == "nothing":
                self.assertEqual(operation["security"], [])
                continue
            answer = self.d.call(method, path.replace("{name}", self.node))
            with self.subTest(path=path, method=method):
                self.assertEqual(answer.status, 401)


if __name__ == "__main__":
    unittest.main()
