# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines were: history, what changed, drift, and siblings."""
import copy
import json
import os
import sqlite3
import unittest

import cloudied_lab as lab

MAC = "52:54:00:77:00:01"
HOSTILE = "\x1b[2Jevil\u009b\x7f\n"
# A store as it was before inventories had a history.
OF_VERSION_1 = os.path.join(os.path.dirname(os.path.abspath(__file__)), "store/versions/1.sql")


def machine(dimms=("A1", "B2"), mac=MAC, **more):
    inventory = lab.inventory([mac])
    inventory["memory"] = {"total": 1 << 29, "installed": (1 << 30) * len(dimms), "items": [
        {"slot": slot, "serial": "D-" + slot, "size": 1 << 30, "type": "DDR4"} for slot in dimms]}
    inventory["disks"] = {"items": [{"name": "sda", "serial": "S1", "model": "M", "size": 1 << 31,
                                     "health": {"passed": True, "temperature_c": 30}}]}
    inventory.update(more)
    return inventory


class Inventories(lab.Case):
    def setUp(self):
        super().setUp()
        self.name, self.agent = self.d.discover(self.edge, self.key, MAC, machine(took_ms=1))

    def report(self, inventory):
        answer = self.d.call("PUT", "/agent/v1/inventory", inventory, token=self.agent)
        self.assertEqual(answer.status, 200, answer.body)

    def node(self, path="", method="GET", **more):
        return self.api(method, f"/nodes/{self.name}{path}", **more)

    def condition(self):
        return {c["name"]: c for c in self.node()["status"]["conditions"]}.get("drifted")

    def told(self):
        return [e["text"] for e in self.node("/timeline")["items"] if e["step"] == "drift"]

    def test_history(self):
        again = machine(took_ms=2)
        again["disks"]["items"][0]["health"]["temperature_c"] = 41
        again["kernel"] = {"version": "6.1", "command_line": ["cloudie.boot=1"]}
        first = self.node("/inventories")["items"]
        self.assertEqual((len(first), first[0]["times"], first[0]["accepted"]), (1, 1, False))
        same = dict(again)
        del same["kernel"]
        self.report(same)
        rows = self.node("/inventories")["items"]
        self.assertEqual([(r["hash"], r["times"]) for r in rows], [(first[0]["hash"], 2)])
        # The newest is there as it came; of the earlier ones what lasts.
        self.assertEqual(self.node("/inventory"), same)
        kept = self.node("/inventory?back=0")
        self.assertNotIn("took_ms", kept)
        self.assertEqual(kept["disks"]["items"][0]["health"], {"passed": True})

        self.report(machine(("A1",), kernel={"version": "6.1", "command_line": ["x"]}))
        rows = self.node("/inventories")["items"]
        self.assertEqual([r["changes"] for r in rows], [2, 0])
        self.assertEqual(rows[1]["hash"], first[0]["hash"])
        diff = self.node("/diff")
        self.assertEqual(diff["changes"], ["memory installed: 2.0 GiB -> 1.0 GiB",
                                           "DIMM B2 (S/N D-B2) gone"])
        self.assertEqual((diff["count"], diff["drift"]), (2, diff["changes"]))
        self.assertEqual((diff["before"]["hash"], diff["after"]["hash"]),
                         (rows[1]["hash"], rows[0]["hash"]))
        for query in ("?back=1", "?back=60", f"?since={rows[1]['last_ms']}", "?since=1"):
            self.assertEqual(self.node("/diff" + query), diff, query)
        self.assertEqual(self.node("/diff?back=0")["count"], 0)
        self.assertEqual(self.node(f"/diff?since={rows[0]['first_ms']}")["count"], 0)
        self.assertEqual(self.node(f"/inventory?at={rows[1]['last_ms']}"), kept)
        self.assertEqual(len(self.node("/inventory?back=0")["memory"]["items"]), 1)
        self.node("/inventory?back=2", status=404, code="inventory-unknown")
        self.node("/inventory?at=now", status=400, code="query-malformed")
        self.node("/diff?back=-1", status=400, code="query-malformed")
        self.api("GET", "/nodes/nobody/diff", status=404, code="node-unknown")

    def test_drift(self):
        self.report(machine(("A1",)))  # nobody accepted it: it may change
        self.assertIsNone(self.condition())
        self.report(machine())
        self.node("/accept", "POST")
        self.assertEqual([r["accepted"] for r in self.node("/inventories")["items"]],
                         [True, False, True])  # the same one, twice
        self.report(machine(()))
        self.assertEqual(self.condition()["reason"],
                         "memory installed: 2.0 GiB -> 0 B (+2 more)")
        self.assertEqual([n["name"] for n in
                          self.api("GET", "/nodes?select=condition=drifted")["items"]], [self.name])
        since = self.condition()["since_ms"]
        self.report(machine(("A1",)))
        self.assertEqual(self.condition()["since_ms"], since)
        self.assertEqual(self.told(), ["memory installed: 2.0 GiB -> 0 B (+2 more)",
                                       "memory installed: 2.0 GiB -> 1.0 GiB (+1 more)"])
        self.d.stop()
        self.d.start()
        self.assertEqual(self.condition()["since_ms"], since)

        self.report(machine())
        self.assertIsNone(self.condition())
        self.report(machine(("A1",)))
        self.assertIsNotNone(self.condition())
        # It was so more than once: the last time counts.
        self.assertEqual(self.node("/diff")["before"], self.node("/inventories")["items"][1])
        self.assertEqual(self.node("/diff")["before"]["accepted"], True)
        self.node("/acknowledge", "POST")
        self.assertIsNone(self.condition())
        self.assertEqual(self.told()[-1],
                         "admin acknowledged memory installed: 2.0 GiB -> 1.0 GiB (+1 more)")
        self.report(machine(("A1",)))
        self.assertIsNone(self.condition())
        self.assertEqual(self.node("/diff")["count"], 0)
        link = machine(("A1",))
        link["nics"]["items"][0]["link"] = True
        self.report(link)
        self.assertIsNone(self.condition())
        self.assertEqual(self.node("/diff")["drift"], [])
        self.assertEqual(self.node("/diff")["count"], 1)

    def test_limits(self):
        """Ten thousand disks with names that a terminal would obey, and all of them replaced."""
        self.node("/accept", "POST")
        for serial in ("a", "b"):
            hostile = machine()
            hostile["disks"] = {"items": [{"name": HOSTILE + str(i), "serial": serial + str(i),
                                           "size": i} for i in range(10000)]}
            self.report(hostile)
            reason = self.condition()["reason"]
            self.assertLess(len(reason), 256)
            self.assertNotIn("\x1b", reason)
            self.assertRegex(reason, r" \(\+10000 more\)$")
        diff = self.node("/diff?back=1")
        self.assertEqual((diff["count"], len(diff["changes"])), (20000, 1000))
        self.assertEqual(self.node("/inventories")["items"][0]["changes"], 20000)
        # Each report another machine: the store keeps so many, and forgets the texts of the rest.
        for i in range(70):
            self.report(machine(mac=f"52:54:00:78:00:{i:02x}"))
        rows = self.node("/inventories")["items"]
        self.assertEqual(len(rows), 64)
        self.assertEqual(self.node("/diff")["before"]["accepted"], True)
        self.d.stop()
        with sqlite3.connect(os.path.join(self.d.state, "cloudie.db")) as store:
            self.assertEqual(store.execute("SELECT count(*) FROM inventory_bodies").fetchone()[0],
                             64 + 1)  # and the accepted one
        store.close()
        self.d.start()


class Siblings(unittest.TestCase):
    """A hall of machines, in a store of yesterday: what it kept of them is taken over."""

    @classmethod
    def setUpClass(cls):
        cls.d = lab.Cloudied(lab.program())
        os.makedirs(cls.d.state, mode=0o700)
        store = sqlite3.connect(os.path.join(cls.d.state, "cloudie.db"))
        with open(OF_VERSION_1, encoding="utf-8") as file:
            store.executescript(file.read())
        for table in ("documents", "history", "inventories", "events", "boots", "claims"):
            store.execute(f"DELETE FROM {table}")
        for i in range(1000):
            name = f"n{i:04}"
            inventory = machine(mac=f"52:54:00:79:{i >> 8:02x}:{i & 255:02x}")
            inventory["system"]["product"] = "R640" if i < 800 else "R740"
            inventory["firmware"] = {"version": f"2.{i % 3}"}  # a third each
            cls.spoil(i, inventory)
            status = {"phase": "ready", "generation": 1, "first_seen_ms": 5,
                      "macs": [inventory["nics"]["items"][0]["mac"]]}
            store.execute("INSERT INTO documents VALUES('node', ?, 1, 5, ?)",
                          (name, json.dumps({"kind": "node", "name": name, "status": status})))
            store.execute("INSERT INTO inventories VALUES(?, 5, ?)", (name, json.dumps(inventory)))
        store.commit()
        store.close()
        cls.d.start()
        cls.token = cls.d.login()

    @staticmethod
    def spoil(i, inventory):
        if i == 7:
            del inventory["memory"]["items"][1]
            inventory["memory"]["installed"] = 1 << 30
        elif i == 900:
            inventory["cpu"]["model"] = HOSTILE
        elif i == 8:
            inventory["system"] = {}

    @classmethod
    def tearDownClass(cls):
        rc = cls.d.stop()
        text = cls.d.log_text()
        lab.shutil.rmtree(cls.d.folder)
        assert rc == 0, text
        assert "ERROR: " not in text, text  # of a sanitizer

    def odd(self, query=""):
        answer = self.d.get("/api/v1/odd" + query, token=self.token)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def test_odd(self):
        answer = self.odd()
        self.assertEqual((answer["nodes"], answer["without_class"]), (1000, 1))
        self.assertEqual([(c["class"], c["nodes"]) for c in answer["classes"]],
                         [("QEMU R640", 799), ("QEMU R740", 200)])
        self.assertEqual([(r["node"], r["fact"], r["has"], r["siblings_have"], r["same"], r["of"])
                          for r in answer["items"]],
                         [("n0007", "memory", "1.0 GiB", "2.0 GiB", 798, 799),
                          ("n0007", "DIMM count", "1", "2", 798, 799),
                          ("n0007", "DIMMs", "1 x 1.0 GiB DDR4", "2 x 1.0 GiB DDR4", 798, 799),
                          ("n0900", "CPU", HOSTILE, "a CPU", 199, 200)])
        self.assertEqual(answer["classes"][0]["golden"]["disks"], "1 x 2.0 GiB M")
        one = self.odd("?class=QEMU%20R740")
        self.assertEqual([r["node"] for r in one["items"]], ["n0900"])
        self.assertEqual(self.odd("?select=phase=deployed")["nodes"], 0)
        self.assertEqual(self.d.get("/api/v1/odd?select=x%3D", token=self.token).code,
                         "query-malformed")

    def test_what_goes_on_from_there(self):
        """The first report of a node that was accepted before is how it shall be."""
        edge, key = self.d.join(), lab.Key(self.d.folder)
        mac = "52:54:00:79:00:05"
        inventory = machine(("A1",), mac=mac)
        inventory["system"]["product"] = "R640"
        name, agent = self.d.discover(edge, key, mac, inventory)
        self.assertEqual(name, "n0005")
        node = self.d.get("/api/v1/nodes/n0005", token=self.token).json
        self.assertNotIn("drifted", [c["name"] for c in node["status"]["conditions"]])
        diff = self.d.get("/api/v1/nodes/n0005/diff?back=1", token=self.token).json
        self.assertIn("DIMM B2 (S/N D-B2) gone", diff["changes"])
        other = copy.deepcopy(inventory)
        other["memory"]["items"] = []
        self.d.call("PUT", "/agent/v1/inventory", other, token=agent)
        node = self.d.get("/api/v1/nodes/n0005", token=self.token).json
        self.assertIn("drifted", [c["name"] for c in node["status"]["conditions"]])


if __name__ == "__main__":
    unittest.main(verbosity=2)
