# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over several machines, names, explain, and what stands in the history."""
import os
import sqlite3
import subprocess
import time
import unittest

import cloudied_lab as lab
import test_install

GPU = {"gpus": {"items": [{"vendor": "10de", "vendor_name": "NVIDIA Corporation"}]}}


def mac(n):
    return f"52:54:00:77:00:{n:02x}"


def machine(n, **more):
    return {**lab.inventory([mac(n)], serial=f"SN{n}",
                            uuid=f"4c4c4544-0042-3510-8052-b4c04f4b4c{n:02x}"), **more}


class Rules(lab.Case):
    def rule(self, name, status=200, code=None, **spec):
        return self.api("PUT", f"/rules/{name}", {"kind": "rule", "name": name, "spec": spec},
                        status, code)

    def discover(self, n, **more):
        name, self.agent = self.d.discover(self.edge, lab.Key(self.d.folder), mac(n),
                                           machine(n, **more))
        return name

    def node(self, name, **more):
        return self.api("GET", f"/nodes/{name}", **more)

    def names(self, select):
        answer = self.d.get("/api/v1/nodes?select=" + select.replace(" ", "%20"), token=self.token)
        self.assertEqual(answer.status, 200, answer.body)
        return [n["name"] for n in answer.json["items"]]

    def restart(self):
        self.assertEqual(self.d.stop(), 0)
        self.d.start()

    def test_matching(self):
        self.assertEqual(self.discover(1, **GPU), "sn1")
        self.rule("all", match="name=*", priority=-1, action="hold", labels={"seen": "yes"})
        self.rule("gpu", match="gpu.vendor=nvidia and memory.total>=256M", priority=10, limit=2,
                  names="gpu-{n:02}", labels={"rack": "a1"})
        # The one that was there is asked for once more.
        node = self.node("gpu-01")
        self.assertEqual((node["status"]["phase"], node["status"]["rule"], node["labels"]),
                         ("ready", "gpu", {"rack": "a1", "seen": "yes"}))
        self.api("GET", "/nodes/sn1", status=404, code="node-unknown")
        self.assertEqual(self.discover(2, **GPU), "gpu-02")
        # Its limit is used up: the next that matches takes it.
        self.assertEqual(self.discover(3, **GPU), "sn3")
        self.assertEqual(self.node("sn3")["status"]["rule"], "all")
        self.assertEqual(self.discover(4), "sn4")
        self.assertEqual(self.names("rule=gpu"), ["gpu-01", "gpu-02"])
        self.assertEqual(self.names("gpu.vendor=nvidia and phase=discovered"), ["sn3"])
        self.restart()
        self.assertEqual(self.names("gpu.vendor=nvidia"), ["gpu-01", "gpu-02", "sn3"])
        self.assertEqual(self.names("gpu.vendor!=nvidia"), ["sn4"])
        # A place is free again, and its number.
        self.api("DELETE", "/nodes/gpu-01", status=204)
        self.assertEqual(self.discover(3, **GPU), "gpu-01")

    def test_nobody_is_touched(self):
        for n in (1, 2, 3):
            self.discover(n)
        self.api("POST", "/nodes/sn1/maintenance", {"on": True, "reason": "fan"})
        self.api("POST", "/nodes/sn2/accept")
        self.rule("none", match="name=sn3", action="quarantine")
        self.rule("all", match="name=*", priority=-5)
        self.assertEqual([self.node(f"sn{n}")["status"]["phase"] for n in (1, 2, 3)],
                         ["discovered", "ready", "discovered"])
        self.assertEqual([c["name"] for c in self.node("sn3")["status"]["conditions"]
                          if c["name"] != "agent-online"], ["quarantined"])
        test = self.api("GET", "/rules/all/test")
        self.assertEqual([(i["name"], i["outcome"], i.get("why")) for i in test["items"]],
                         [("sn1", "untouched", "it is in maintenance"),
                          ("sn2", "untouched", "it was accepted already"),
                          ("sn3", "untouched", "it is quarantined")])
        self.restart()
        self.assertEqual(self.names("condition=quarantined"), ["sn3"])
        self.api("POST", "/nodes/sn3/accept")
        self.assertEqual(self.names("condition=quarantined"), [])
        self.assertEqual(self.node("sn3")["status"]["phase"], "ready")

    def test_refusals(self):
        self.rule("r", 400, "rule-malformed", match="gpu.vendr=x")
        self.rule("r", 400, "rule-malformed", match="")
        self.rule("r", 400, "rule-malformed", match="name=*", names="{x}")
        self.rule("r", 409, "reference-unknown", match="name=*", profile="gone")
        self.api("GET", "/rules/r/test", status=404, code="rule-unknown")
        self.api("DELETE", "/rules/r", status=404, code="rule-unknown")
        profile = {"kind": "profile", "name": "p", "spec": {"steps": [{"image": "i"}]}}
        self.api("PUT", "/profiles/p", profile)
        self.rule("r", match="name=*", profile="p")
        self.api("DELETE", "/profiles/p", status=409, code="document-in-use")

    def test_explain(self):
        self.rule("gpu", match="gpu.vendor=nvidia", priority=10)
        self.rule("small", match="memory.total<1G", names="{serial}", labels={"size": "s"})
        self.rule("rest", match="name=*", priority=-10)
        self.discover(1)
        says = self.api("GET", "/nodes/sn1/explain")
        self.assertEqual([(r["name"], r["outcome"], r.get("why")) for r in says["rules"]],
                         [("gpu", "misses", "gpu.vendor=nvidia: there is none"),
                          ("small", "takes", None), ("rest", "behind", None)])
        values = {v["what"]: (v["value"], v["from"]) for v in says["values"]}
        self.assertEqual(values["name"], ("sn1", "default: its serial number"))
        self.assertEqual(values["rule"], ("small", "its match"))
        self.assertEqual(values["label size"], ("s", "rule 'small'"))
        self.api("POST", "/nodes/sn1/rename", {"name": "small-1"})
        says = self.api("GET", "/nodes/small-1/explain")
        values = {v["what"]: (v["value"], v["from"]) for v in says["values"]}
        self.assertEqual(values["name"], ("small-1", "admin"))

    def test_an_older_store(self):
        """Filters and rules find machines that reported to a release without traits."""
        path = os.path.join(self.d.state, "cloudie.db")
        if not os.path.exists(path):
            self.skipTest("PostgreSQL came with traits")
        self.discover(1, **GPU)
        self.discover(2)
        self.assertEqual(self.d.stop(), 0)
        with sqlite3.connect(path) as db:
            self.assertEqual(db.execute("DELETE FROM documents WHERE kind='traits'").rowcount, 2)
        db.close()
        self.d.start()
        self.rule("gpu", match="gpu.vendor=nvidia")
        for _ in range(100):
            if self.node("sn1")["status"]["phase"] == "ready":
                break
            time.sleep(0.1)
        self.assertEqual(self.names("gpu.vendor=nvidia"), ["sn1"])
        self.assertEqual(self.names("phase=ready"), ["sn1"])

    def test_rename(self):
        for n in (1, 2):
            self.discover(n)
        node = self.node("sn1")
        self.api("PUT", "/nodes/sn1", {"kind": "node", "labels": {"rack": "a1"}})
        self.api("POST", "/nodes/sn1/rename", {"name": "sn2"}, status=409, code="name-taken")
        self.api("POST", "/nodes/sn1/rename", {"name": "A"}, status=400)
        self.assertEqual(self.api("POST", "/nodes/sn1/rename", {"name": "one"})["version"], 3)
        for _ in range(2):
            self.api("GET", "/nodes/sn1", status=404, code="node-unknown")
            now = self.node("one")
            self.assertEqual((now["version"], now["labels"], now["status"]["macs"]),
                             (3, {"rack": "a1"}, node["status"]["macs"]))
            history = self.api("GET", "/nodes/one/history")["items"]
            self.assertEqual([h["version"] for h in history], [3, 2, 1])
            self.assertEqual(self.api("GET", "/nodes/one/inventories")["items"][0]["times"], 1)
            self.assertIn("renamed", [e["step"] for e in
                                      self.api("GET", "/nodes/one/timeline")["items"]])
            self.restart()
        # It is known by its machine, not by its name.
        self.assertEqual(self.discover(1), "one")
        # The name of one that is no more: its history stays before the other's.
        self.api("DELETE", "/nodes/sn2", status=204)
        self.assertEqual(self.api("POST", "/nodes/one/rename", {"name": "sn2"})["version"], 6)
        history = self.api("GET", "/nodes/sn2/history")["items"]
        self.assertEqual([(h["version"], h.get("deleted", False)) for h in history],
                         [(6, False), (5, False), (4, False), (3, False), (2, True), (1, False)])

    def test_history(self):
        """What the machine does is no version; what gets a name again counts on."""
        self.discover(1)
        self.api("PUT", "/nodes/sn1", {"kind": "node", "labels": {"rack": "a1"}})
        for i in range(70):
            self.api("POST", "/nodes/sn1/maintenance", {"on": i % 2 == 0})
        self.assertEqual([h["version"] for h in self.api("GET", "/nodes/sn1/history")["items"]],
                         [2, 1])
        self.rule("r", match="name=gone")
        self.rule("r", match="name=gone2")
        self.api("DELETE", "/rules/r", status=204)
        self.restart()
        body = {"kind": "rule", "name": "r", "spec": {"match": "name=gone"}}
        self.api("PUT", "/rules/r", body, 412, "version-changed", headers={"If-Match": '"2"'})
        self.api("PUT", "/rules/r", body, 412, "version-changed", headers={"If-Match": "*"})
        self.assertEqual(self.api("PUT", "/rules/r", body, headers={"If-Match": '"3"'})["version"],
                         4)
        self.assertEqual([h["version"] for h in self.api("GET", "/rules/r/history")["items"]],
                         [4, 3, 2, 1])
        self.api("DELETE", "/nodes/sn1", status=204)
        self.discover(1)
        self.assertEqual(self.node("sn1")["version"], 4)

    def wait(self, name, what):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            status = self.node(name)["status"]
            if what(status):
                return status
            time.sleep(0.1)
        self.fail(status)

    def test_installs(self):
        """A rule installs what fits its profile; of what does not it says why, and tries again."""
        size = test_install.IMAGE_SIZE
        frame = subprocess.run(("zstd", "-qc"), input=bytes(size), check=True,
                               capture_output=True).stdout
        self.api("PUT", f"/images/worker/import?size={size}")
        self.api("PUT", "/images/worker/frame?number=0", frame)
        self.api("POST", "/images/worker/finish")
        self.api("PUT", "/profiles/worker", test_install.PROFILE)
        self.api("PUT", "/profiles/large", {"kind": "profile", "spec": {
            "needs": {"memory": ">=8G"}, "steps": [{"image": "worker"}]}})
        self.rule("fits", match="disk.type=nvme", profile="worker", action="install",
                  names="w-{n}")
        self.rule("rest", match="name=*", profile="large", action="install", priority=-1)
        agent = test_install.Agent(self.d, self.edge, self.key)
        self.assertEqual(agent.name, "w-1")
        status = self.wait("w-1", lambda s: s.get("operation", {}).get("state") == "running")
        self.assertEqual((status["operation"]["by"], status["operation"]["profile"]),
                         ("rule 'fits'", "worker"))
        self.assertEqual(agent.install()["order"], "reboot")
        self.assertEqual(agent.got["hostname"], "w-w-1")
        self.discover(2)
        status = self.wait("sn2", lambda s: s.get("rule_failures"))
        self.assertEqual((status["rule_failures"], status["is_install_wanted"], "operation" in status),
                         (1, True, False))
        self.assertIn("install 1 of 3 by rule 'rest' failed: the machine has 512.0 MiB of memory, "
                      "and the profile needs >= 8.0 GiB",
                      [e.get("text") for e in self.api("GET", "/nodes/sn2/timeline")["items"]])

    def test_needs(self):
        """What the site lacks for an install is told, and waited for."""
        profile = {"kind": "profile", "name": "p", "spec": {"steps": [{"image": "i"}]}}
        self.api("PUT", "/profiles/p", profile)
        self.rule("r", match="name=*", profile="p", action="install")
        self.discover(1)
        status = self.node("sn1")["status"]
        self.assertEqual((status["phase"], status["profile"], status["is_install_wanted"]),
                         ("ready", "p", True))
        end = time.monotonic() + 10
        while "rule.install" not in self.d.log_text() and time.monotonic() < end:
            time.sleep(0.1)
        self.assertIn("the image 'i' is not there", self.d.log_text())
        # Who takes the rule back has nothing installed by it, whatever is there later.
        self.api("DELETE", "/rules/r", status=204)
        self.wait("sn1", lambda s: not s.get("is_install_wanted"))
        self.assertIn("rule 'r' does not install it with 'p' any more",
                      [e.get("text") for e in self.api("GET", "/nodes/sn1/timeline")["items"]])
        self.assertEqual(self.node("sn1")["status"]["phase"], "ready")


if __name__ == "__main__":
    unittest.main(verbosity=2)
