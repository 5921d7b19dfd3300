# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes are labelled, chosen by a filter, and dealt with together."""
import json
import os
import pty
import unittest

from cloudie_lab import Case


class Labels(Case):
    def labels(self, name):
        return json.loads(self.ok("-o", "json", "node", "show", name))["labels"]

    def names(self, chosen):
        return [n["name"] for n in json.loads(self.ok("-o", "json", "node", "list", "-l", chosen))]

    def node(self, name, body, status, code=None, **more):
        """What the API says to such a document."""
        answer = self.d.call("PUT", f"/api/v1/nodes/{name}", body, token=self.token(), **more)
        self.assertEqual((answer.status, answer.code if code else None), (status, code))
        return answer

    def token(self):
        with open(self.credentials, encoding="utf-8") as file:
            return json.load(file)["token"]

    def test_labels_and_lists(self):
        first, second = sorted((self.machine(), self.machine()))
        self.assertEqual(self.ok("node", "label", first, "rack=c1", "spare="), f"{first}: labelled\n")
        self.ok("node", "label", second, "rack=c2", "site/role=db=x")
        self.assertEqual(self.labels(first), {"rack": "c1", "spare": ""})
        self.assertEqual(self.labels(second), {"rack": "c2", "site/role": "db=x"})
        self.assertEqual(self.names("rack in (c1,c2)"), [first, second])
        self.assertEqual(self.names("rack=c1"), [first])
        self.assertEqual(self.names("rack=c*, not spare"), [second])
        self.assertEqual(self.names("rack not in (c1) and phase=discovered and rack=c*"), [second])
        self.assertEqual(self.names("cpu.threads>1000"), [])
        # a filter that is long stays whole: the last name counts
        many = "rack in (" + ",".join(f"x{i:03}" for i in range(150)) + ",c2)"
        self.assertEqual(self.names(many), [second])
        for more in ("", "1", "11"):  # wherever it were cut
            self.assertEqual(self.names(f"rack in (c1,c2{more})" + 700 * " " + f"and rack=c2{more}"),
                             [] if more else [second])
        self.refused("too long: at most 2048 bytes", "node", "list", "-l", "rack=" + 2050 * "x")
        self.ok("node", "label", first, "rack-", "spare-", "gone-")
        self.assertEqual(self.labels(first), {})
        self.refused("is no label", "node", "label", first, "a b=1", rc=2)
        self.refused("is no label", "node", "label", first, "rack", rc=2)
        self.refused("is no label", "node", "label", first, "rack=" + "x" * 64, rc=2)
        self.refused("There is no node 'nobody'", "node", "label", "nobody", "rack=1")
        self.refused("column 7: 'redy' is none of discovered", "node", "list", "-l", "phase=redy")
        self.refused("column 1: there is no field 'cpu.coresx'.*memory.total", "node", "list", "-l",
                     "cpu.coresx>1")

    def test_documents(self):
        name = self.machine()
        path = os.path.join(self.d.folder, "node.yaml")
        said = {"kind": "node", "name": name, "labels": {"rack": "b1"},
                "spec": {"metadata": {"owner": {"name": "x"}, "list": [1]}}}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(said, file)
        self.assertEqual(self.ok("apply", "-f", path), f"node/{name} changed\n")
        self.assertEqual(self.ok("apply", "-f", path), f"node/{name} unchanged\n")
        shown = json.loads(self.ok("-o", "json", "node", "show", name))
        self.assertEqual((shown["labels"], shown["spec"]), (said["labels"], said["spec"]))
        # in another order it says the same
        for labels in ({"rack": "b1", "row": "1"}, {"row": "1", "rack": "b1"}):
            with open(path, "w", encoding="utf-8") as file:
                json.dump({**said, "labels": labels}, file)
            done = self.ok("apply", "-f", path)
        self.assertEqual(done, f"node/{name} unchanged\n")
        two = {"kind": "node", "labels": {"row": "1", "rack": "b1"}, "spec": said["spec"]}
        version = self.node(name, two, 200).json["version"]
        two["labels"] = {"rack": "b1", "row": "1"}
        self.assertEqual(self.node(name, two, 200).json["version"], version)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(said, file)
        self.ok("apply", "-f", path)
        # what is shown can be written; labels alone keep the rest
        with open(path, "w", encoding="utf-8") as file:
            json.dump(shown, file)
        self.assertEqual(self.ok("apply", "-f", path), f"node/{name} unchanged\n")
        self.ok("node", "label", name, "rack=b2")
        self.assertEqual(json.loads(self.ok("-o", "json", "node", "show", name))["spec"],
                         said["spec"])
        self.assertIn(f"wrote node '{name}', version", self.ok("node", "timeline", name))
        # kept when the controller is killed
        self.d.stop(9)
        self.d.start()
        self.assertEqual(self.labels(name), {"rack": "b2"})

        version = json.loads(self.ok("-o", "json", "node", "show", name))["version"]
        good = {"kind": "node", "labels": {"rack": "b3"}}
        self.node(name, good, 412, "version-changed", headers={"If-Match": f'"{version - 1}"'})
        self.node("nobody", good, 404, "node-unknown")
        for bad in ({**good, "labels": {"a b": "x"}}, {**good, "labels": {"a": 1}}, [], {},
                    {**good, "spec": {"metadata": 1}}, {**good, "spec": {"x": 1}},
                    {**good, "name": "other"}, {**good, "phase": "ready"}):
            self.node(name, bad, 400, "node-malformed")
        self.assertEqual(self.node(name, good, 200).json["labels"], {"rack": "b3"})

    def test_many_at_once(self):
        names = sorted(self.machine() for _ in range(3))
        for name in names:
            self.ok("node", "label", name, "row=r9")
        chosen = ("node", "accept", "-l", "row=r9")
        done = self.run_it(*chosen)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("'node accept' of 3 nodes:\n  " + "\n  ".join(names), done.stderr)
        self.assertIn("nothing was done: --yes does it", done.stderr)
        self.assertEqual(self.names("row=r9 and phase=ready"), [])
        for answer, status in (("n\n", 1), ("y\n", 0)):
            outer, inner = pty.openpty()
            os.write(outer, answer.encode())
            done = self.run_it(*chosen, terminal=inner)
            os.close(inner)
            os.close(outer)
            self.assertIn("Do that to 3 nodes? [y/N]", done.stderr)
            self.assertEqual(done.returncode, status)
        self.assertEqual(self.names("row=r9 and phase=ready"), names)
        done = self.run_it("node", "label", "-l", "row=r9 and phase=ready", "--yes", "row=r8", "new=1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.names("row=r8 and new=1"), names)
        self.ok("node", "maintenance", "on", names[0])
        done = self.run_it("node", "delete", "-l", "row=r8", "--yes")
        self.assertIn(f"{names[0]}: in maintenance, so it is left alone\n'node delete' of 2 nodes", done.stderr)
        self.assertEqual((done.returncode, self.names("row=r8")), (0, names[:1]))
        done = self.run_it("node", "maintenance", "off", "-l", "row=r8", "--yes")
        self.assertEqual((done.returncode, self.names("condition=maintenance")), (0, []))
        self.ok("node", "reserve", names[0], "--for", "anna", "--reason", "a test")
        self.refused("is reserved for 'anna': a test", "node", "unreserve", names[0])
        self.assertRegex(self.ok("node", "list"), rf"HOLDER[^\n]*\n(.*\n)*{names[0]} +reserved +anna ")
        self.assertIn("It is reserved for 'anna': a test.", self.ok("node", "explain", names[0]))
        done = self.run_it("node", "unreserve", "-l", "reserved.holder=anna", "--yes")
        self.assertEqual((done.returncode, done.stderr),
                         (0, f"{names[0]}: reserved for 'anna', so it is left alone\ncloudie: no nodes are left\n"))
        done = self.run_it("node", "unreserve", "-l", "reserved.holder=anna", "--yes", "--force")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"{names[0]}: given back, phase 'ready'\n", done.stdout)
        self.ok("node", "reserve", names[0])  # for who is logged in: it is his to give back
        done = self.run_it("node", "unreserve", "-l", "row=r8", "--yes")
        self.assertEqual((done.returncode, self.names("phase=reserved")), (0, []), done.stderr)
        done = self.run_it("node", "accept", "-l", "row=r7", "--yes")
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, "", "cloudie: no nodes match\n"))
        for nothing in ("", " \t"):  # of a script whose variable is not set
            self.refused("chooses every node.*-l 'name=\\*'", "node", "delete", "--yes", "-l", nothing, rc=2)
        self.assertEqual(self.names("row=r8"), names[:1])
        # a script reads one document, whatever was shown first
        done = self.run_it("-o", "json", "node", "accept", "-l", "row=r7", "--yes")
        self.assertEqual((done.returncode, json.loads(done.stdout)), (0, []))
        done = self.run_it("-o", "json", "node", "label", "-l", "row=r8", "--yes", "one=1")
        self.assertEqual([n["labels"]["one"] for n in json.loads(done.stdout)], ["1"])
        self.refused("takes names or --select, not both", "node", "accept", names[0], "-l", "row=r8",
                     rc=2)
        self.refused("takes no --select", "node", "show", names[0], "-l", "row=r8", rc=2)
        self.refused("usage: cloudie node accept", "node", "accept", rc=2)
        # of an install what it would do to each is shown first; here no disk will do
        self.d.call("PUT", "/api/v1/profiles/p", {"kind": "profile", "spec": {
            "steps": [{"image": "none"}]}}, token=self.token())
        done = self.run_it("node", "install", "-l", "row=r8", "--profile", "p")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing was done: --yes does it", done.stderr)
        self.assertEqual(self.names("row=r8 and operation!=none"), [])
        done = self.run_it("-o", "json", "node", "install", "-l", "row=r8", "--profile", "p", "--yes")
        self.assertEqual((done.returncode, json.loads(done.stdout)),
                         (1, [{"name": names[0], "done": False}]))
        done = self.run_it("node", "install", "-l", "row=r8")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertNotIn("--yes", done.stderr)


if __name__ == "__main__":
    unittest.main()
