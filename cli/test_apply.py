# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of documents, sets and what is pruned of them; all or nothing; dump and load."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import cloudie_lab
from cloudie_lab import Case, lab

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII ops@desk"


def key(name, **more):
    return {"kind": "key", "name": name, "spec": {"public_key": KEY}, **more}


def profile(name, **seed):
    steps = [{"image": "debian"}] + ([{"seed": seed}] if seed else [])
    return {"kind": "profile", "name": name, "spec": {"steps": steps}}


class Documents(Case):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=self.d.folder)
        for kind in ("profile", "key", "file"):
            names = [d["name"] for d in self.listed(kind)]
            if names:
                self.ok(kind, "delete", *names)

    def listed(self, kind):
        return json.loads(self.run_it("-o", "json", kind, "list").stdout)

    def names(self, kind):
        return [d["name"] for d in self.listed(kind)]

    def write(self, name, *documents):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join("---\n" + json.dumps(d) + "\n" for d in documents))
        return path

    def test_folders(self):
        self.write("b.yaml", key("b"), profile("p", ssh_keys=["a", "b"]))
        self.write("a.json", key("a"))
        self.write("readme.txt", key("never"))
        self.write(".hidden.yaml", key("never"))
        self.assertEqual(self.ok("apply", "-f", self.folder),
                         "key/a created\nkey/b created\nprofile/p created\n")
        self.assertEqual(self.ok("apply", self.folder, "-f", self.write("c.txt", key("c"))),
                         "key/a unchanged\nkey/b unchanged\nprofile/p unchanged\nkey/c created\n")
        empty = tempfile.mkdtemp(dir=self.folder)
        self.refused(r"has no file \*.yaml, \*.yml or \*.json", "apply", "-f", empty)

    def test_settings(self):
        path = self.write("s.yaml", {"kind": "setting", "name": "install_limit", "spec": {"value": 40}})
        self.assertEqual(self.ok("apply", "-f", path), "setting/install_limit created\n")
        self.assertRegex(self.ok("setting", "list"), r"install_limit +1 +40")
        self.assertIn("name: install_limit\nspec:\n  value: 40\n", self.ok("dump"))
        path = self.write("t.yaml", {"kind": "setting", "name": "install_limit", "spec": {"value": 4000}})
        self.refused("'value' must be a number from 1 to 1000", "apply", "-f", path)
        self.ok("setting", "delete", "install_limit")
        self.assertEqual(self.names("setting"), [])

    def test_dry_run_asks(self):
        def network(subnet):
            return {"kind": "network", "name": "n", "spec": {"subnet": subnet, "mode": "proxy"}}
        fits, clashes = self.write("n.yaml", network("10.9.0.0/24")), self.write("m.yaml", network("10.77.0.128/25"))
        self.assertIn("network/n would be created\n", self.ok("apply", "--dry-run", "-f", fits))
        self.refused("overlaps another", "apply", "--dry-run", "-f", clashes)
        # a name that stands in the same files is there by then
        both = self.write("both.yaml", profile("p", ssh_keys=["new"]), key("new"))
        self.assertIn("profile/p would be created\n", self.ok("apply", "--dry-run", "-f", both))
        self.assertEqual(self.names("network") + self.names("profile") + self.names("key"), [])

    def test_lists_choose(self):
        self.ok("apply", "-f", self.write("k.yaml", *(dict(key(n), labels={"rack": n}) for n in "abc")))
        rows = json.loads(self.run_it("-o", "json", "key", "list", "-l", "rack in (a,c)").stdout)
        self.assertEqual([r["name"] for r in rows], ["a", "c"])
        self.assertIn("none that matches", self.run_it("key", "list", "-l", "rack=z").stderr)
        self.ok("apply", "-f", self.write("r.yaml", {"kind": "rule", "name": "r", "spec": {"match": "name=gone"}}))
        self.assertIn("name=gone", self.ok("rule", "show", "r"))
        self.ok("rule", "delete", "r")

    def test_all_or_nothing(self):
        good = self.write("good.yaml", key("a"), key("b"))
        for sentence, bad in (("key 'a' is said twice", [key("a")]),
                              ("There is no key 'none'", [profile("p", ssh_keys=["a", "none"])]),
                              ("There is no file 'none'", [profile("p", user_data="none")]),
                              ("There is no profile 'none'", [{"kind": "rule", "name": "r", "spec": {
                                  "match": "name=x", "profile": "none"}}]),
                              ("There is no node 'n1'", [{"kind": "node", "name": "n1"}]),
                              ("'x' is not understood", [{**key("c"), "x": 1}]),
                              ("does not know the kind 'kei'", [{**key("c"), "kind": "kei"}])):
            self.refused(sentence, "apply", "-f", good, self.write("bad.yaml", *bad))
            self.assertEqual(self.names("key"), [], sentence)

    def test_prune(self):
        node = self.machine()
        self.ok("node", "label", node, "cloudie/set=site")
        self.write("a.yaml", key("a"), key("b"), profile("p", ssh_keys=["a"]))
        other = self.write("other.txt", key("mine"), {"kind": "file", "name": "f", "spec": {"text": "x"}})
        self.ok("apply", "-f", other)
        self.ok("apply", "--set", "site", "-f", self.folder)
        self.assertEqual([d["labels"] for d in self.listed("key")],
                         [{"cloudie/set": "site"}] * 2 + [{}])
        self.assertEqual(self.ok("apply", "--set", "site", "--prune", "-f", self.folder).count("unchanged"), 3)
        self.write("a.yaml", key("b"), key("c"))
        prune = ("apply", "--set", "site", "--prune", "-f", self.folder)
        self.assertEqual(self.ok(*prune, "--dry-run").splitlines()[-3:],
                         ["key/c would be created", "profile/p would be deleted", "key/a would be deleted"])
        done = self.run_it(*prune)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("of the set 'site' these are in no file, and will be deleted:\n"
                      "  profile/p\n  key/a\n", done.stderr)
        self.assertIn("nothing was done: --yes does it", done.stderr)
        self.assertEqual(self.names("key"), ["a", "b", "mine"])
        # what somebody else's profile asks for stays, and that is told
        self.ok("apply", "-f", self.write("p2.txt", profile("q", ssh_keys=["a"])))
        done = self.run_it("-o", "json", *prune, "--yes")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Profile 'q' asks for it", done.stderr)
        self.assertEqual([(d["name"], d["result"]) for d in json.loads(done.stdout)],
                         [("b", "unchanged"), ("c", "created"), ("p", "deleted"), ("a", "failed")])
        self.ok("profile", "delete", "q")
        done = self.run_it(*prune, "--yes")
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (0, "key/a deleted"))
        self.assertEqual((self.names("key"), self.names("profile"), self.names("file")),
                         (["b", "c", "mine"], [], ["f"]))
        self.ok("node", "show", node)
        self.refused("--prune needs --set", "apply", "--prune", "-f", self.folder, rc=2)
        self.refused("--set and --prune are options of 'apply'", "node", "list", "--prune", rc=2)
        self.refused("at most 63 bytes", "apply", "--set", "x" * 64, "-f", self.folder, rc=2)

    def test_dump_and_load(self):
        node, held, taken = self.machine(), self.machine(), self.machine()
        self.ok("node", "accept", node, taken)
        self.ok("node", "reserve", taken, "--for", "anna: b", "--reason", "a\n---\nb")
        self.ok("node", "label", node, "rack=a1")
        self.ok("node", "maintenance", "on", node, "--reason", "a disk: #3\n---\nkind: node")
        secret = "users: [top-secret]"
        self.ok("apply", "-f", self.write("a.txt", key("a", labels={"team": "x: y"}), profile(
            "p", ssh_keys=["a"], user_data="f"), {"kind": "file", "name": "f", "spec": {"text": secret}},
            {"kind": "node", "name": held, "spec": {"metadata": {"who": "a\n---\nb"}}}))
        path = os.path.join(self.folder, "site.yaml")
        done = self.run_it("dump", "-o", path)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        with open(path, encoding="utf-8") as file:
            dumped = file.read()
        self.assertEqual(dumped, self.ok("dump"))
        self.assertNotIn("top-secret", dumped)
        self.assertIn("# Left out, as it is shown to nobody: file 'f'\n", dumped)
        self.assert_plain(dumped)
        self.assertEqual([d["kind"] for d in json.loads(self.ok("-o", "json", "dump"))][:2],
                         ["key", "profile"])
        self.refused("load is for an empty controller", "load", self.write("x.txt", key("z")))

        second = lab.Cloudied(lab.program()).start()
        self.addCleanup(shutil.rmtree, second.folder)
        self.addCleanup(second.stop)
        environment = self.environment(CLOUDIE_CREDENTIALS=os.path.join(second.folder, "c.json"))

        def there(*words, stdin="", rc=0):
            done = subprocess.run([cloudie_lab.CLOUDIE, *words], text=True, env=environment, input=stdin,
                                  capture_output=True, timeout=60, check=False)
            self.assertEqual(done.returncode, rc, done.stderr)
            return done.stdout + done.stderr

        there("login", "-", stdin=second.login_line())
        self.assertIn("There is no file 'f'", there("load", path, rc=1))
        self.assertEqual(there("-o", "json", "key", "list"), "[]\n")
        there("apply", "-f", "-", stdin=json.dumps({"kind": "file", "name": "f", "spec": {"text": "z"}}))
        self.assertIn(f"node/{node} would be created\n", there("load", path, "--dry-run"))
        self.assertIn(f"node/{node} created\n", there("load", path))
        self.assertEqual(there("dump"), dumped)
        self.assertNotIn("created", there("load", path))  # once more: it is all there
        shown = json.loads(there("-o", "json", "node", "show", node))
        self.assertEqual((shown["status"]["phase"], shown["labels"]), ("ready", {"rack": "a1"}))
        self.assertEqual([c["name"] for c in shown["status"]["conditions"]], ["maintenance"])
        reserved = json.loads(there("-o", "json", "node", "show", taken))["status"]
        self.assertEqual((reserved["phase"], reserved["reserved"]["holder"]), ("reserved", "anna: b"))
        self.assertIn("is reserved for 'anna: b': a --- b", there("node", "unreserve", taken, rc=1))
        # it is known when it boots
        mac = shown["status"]["macs"][0]
        serial = shown["status"]["summary"]["serial"]
        report = lab.inventory([mac], serial=serial, uuid=shown["status"]["summary"]["uuid"])
        self.assertEqual(second.discover(second.join(), lab.Key(second.folder), mac, report)[0], node)
        # and by what holds it to what it is
        token = second.login()
        for name, changes, status, code in (
                (node, {}, 409, "node-exists"), ("other", {}, 409, "node-exists"),
                ("new", {"macs": [], "phase": "none"}, 400, "node-malformed"),
                ("new", {"macs": [], "phase": "wrong"}, 400, "node-malformed"),
                ("new", {"macs": [], "summary": 7}, 400, "node-malformed"),
                ("new", {"macs": [], "phase": "reserved"}, 400, "node-malformed"),
                ("new", {"macs": [], "reserved": {"holder": "anna"}}, 400, "node-malformed"),
                ("New Name", {"macs": []}, 400, "node-malformed"), ("new", {"macs": []}, 200, None)):
            answer = second.post("/api/v1/nodes/" + name.replace(" ", "%20") + "/load", {
                "kind": "node", "name": name, "status": {"phase": "ready", "macs": [mac], **changes}}, token=token)
            self.assertEqual((answer.status, code and answer.code), (status, code), answer.body)
        second.stop(9)
        second.start()
        self.assertEqual(json.loads(there("-o", "json", "node", "show", "new"))["status"]["phase"], "ready")


if __name__ == "__main__":
    unittest.main()
