# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API says of itself is valid, and is what it does. What others do to it: test_hostile.py."""
import re
import shutil
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

    def check_parts(self, value, place):
        """What is referred to is there."""
        if isinstance(value, list):
            for i, member in enumerate(value):
                self.check_parts(member, f"{place}/{i}")
        elif isinstance(value, dict):
            for key, member in value.items():
                self.check_parts(member, f"{place}/{key}")
            if isinstance(value.get("$ref"), str):
                head, _, name = value["$ref"].rpartition("/")
                self.assertEqual(head, "#/components/schemas", place)
                self.assertIn(name, self.document["components"]["schemas"], place)

    def test_it_is_valid(self):
        self.assertEqual(self.document["openapi"], "3.1.0")
        ids = [o["operationId"] for _, _, o in self.operations()]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertGreater(len(ids), 50)
        self.check_parts(self.document, "")
        for path, method, operation in self.operations():
            with self.subTest(path=path, method=method):
                self.assertEqual(re.findall(r"\{(\w+)\}", path),
                                 [p["name"] for p in operation["parameters"] if p["in"] == "path"])
                names = [(p["in"], p["name"]) for p in operation["parameters"]]
                self.assertEqual(len(names), len(set(names)))
                self.assertTrue(operation["responses"])
        for schema in self.document["components"]["schemas"].values():
            if jsonschema:
                jsonschema.Draft202012Validator.check_schema(schema)
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


if __name__ == "__main__":
    unittest.main()
