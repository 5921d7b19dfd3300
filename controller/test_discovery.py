# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that nobody knows, and those that were discovered with a system on their disk."""
import os
import shutil
import signal
import time
import unittest

import cloudied_lab as lab

MAC = "52:54:00:77:00:01"
NETWORKS = """- name: theirs
  subnet: 10.78.0.0/24
  pool_first: 10.78.0.100
  pool_last: 10.78.0.200
  strangers: list
"""
STRANGER = ("network=10.78.0.0/24 firmware=7 ipxe=no uuid=8d1a2b3c-4e5f-6071-8293-a4b5c6d70001 "
            "class=PXEClient:Arch:00007")


class Discovery(unittest.TestCase):
    def setUp(self):
        # A second network in the list that the lab's configuration ends with.
        self.d = lab.Cloudied(lab.program(), extra=NETWORKS)
        package = lab.package(os.path.join(self.d.folder, "package"))
        with open(self.d.config, "a", encoding="ascii") as f:
            f.write(f"netboot_package: {package}\n")
        self.d.start()
        self.token = self.d.login(self.d.out_text())
        self.edge = self.d.join()
        self.addCleanup(self.clean)

    def clean(self):
        rc = self.d.stop()
        text = self.d.log_text()
        shutil.rmtree(self.d.folder)
        self.assertEqual(rc, 0, text)

    def config(self):
        return self.d.get("/edge/v1/config", token=self.edge).json

    def discovery(self):
        return self.d.get("/api/v1/discovery", token=self.token).json

    def network(self, name="theirs"):
        return next(n for n in self.discovery()["networks"] if n["name"] == name)

    def post(self, path, body=None):
        return self.d.post(path, body, token=self.token)

    def test_edges_know_the_nodes(self):
        config = self.config()
        self.assertEqual([n.get("strangers", "discover") for n in config["networks"]],
                         ["discover", "list"])
        self.assertEqual(config["known"], [])
        name, _ = self.d.discover(self.edge, lab.Key(self.d.folder), MAC, lab.inventory([MAC]))
        known = self.config()
        self.assertEqual(known["known"], [{"mac": MAC}])
        self.assertNotEqual(known["version"], config["version"])
        self.d.call("DELETE", "/api/v1/nodes/" + name, token=self.token)
        self.assertEqual(self.config()["known"], [])

    def test_open_and_close(self):
        self.assertEqual(self.post("/api/v1/discovery/none/open", {"for_ms": 60000}).code,
                         "network-unknown")
        self.assertEqual(self.post("/api/v1/discovery/lab/open", {"for_ms": 60000}).code,
                         "network-open")
        self.assertEqual(self.post("/api/v1/discovery/theirs/close").code, "network-closed")
        for wrong in ({}, {"for_ms": 1}, {"for_ms": 10 ** 12}, {"for": "2h"}):
            self.assertEqual(self.post("/api/v1/discovery/theirs/open", wrong).code,
                             "body-malformed")
        self.assertEqual(self.config()["openings"], [])

        opened = self.post("/api/v1/discovery/theirs/open", {"for_ms": 3600000})
        self.assertEqual(opened.status, 200, opened.body)
        until = opened.json["open_until_ms"]
        self.assertAlmostEqual(until / 1000, time.time() + 3600, delta=60)
        self.assertEqual(opened.json["opened_by"], "admin")
        self.assertEqual(self.config()["openings"], [{"network": "theirs", "until_ms": until}])
        # A crash takes back nothing that was answered.
        self.d.stop(signal.SIGKILL)
        self.d.start()
        self.assertEqual(self.network()["open_until_ms"], until)
        self.assertEqual(self.config()["openings"], [{"network": "theirs", "until_ms": until}])

        self.assertEqual(self.post("/api/v1/discovery/theirs/close").status, 200)
        self.assertNotIn("open_until_ms", self.network())
        self.assertLess(self.config()["openings"][0]["until_ms"], until)
        told = [e for _, name, e in lab.events_of(self.d, self.token, 0, want=2)
                if name == "discovery"]
        self.assertEqual(len(told), 2)
        self.assertIn("admin", told[0])

    def test_strangers_are_shown(self):
        def tell(seq, mac, text):
            return self.d.post("/edge/v1/events", {"events": [
                {"seq": seq, "at_ms": 1000 + seq, "mac": mac, "step": "stranger", "text": text}]},
                token=self.edge).json
        self.assertEqual(tell(1, MAC, STRANGER)["acknowledged"], 1)
        tell(2, MAC, STRANGER)
        tell(3, "52:54:00:77:00:02", "nothing of the kind")
        items = self.discovery()["items"]
        self.assertEqual(len(items), 1)
        self.assertEqual((items[0]["mac"], items[0]["network"], items[0]["firmware"],
                          items[0]["vendor_class"], items[0]["count"]),
                         (MAC, "theirs", "uefi-x86-64", "PXEClient:Arch:00007", 2))
        # An agent cannot invent them, and a node is none.
        _, agent = self.d.discover(self.edge, lab.Key(self.d.folder), MAC, lab.inventory([MAC]))
        self.d.post("/agent/v1/events", {"events": [
            {"seq": 1, "at_ms": 1, "step": "stranger", "text": STRANGER}]}, token=agent)
        self.assertEqual(self.discovery()["items"], [])

    def with_system(self):
        report = lab.inventory([MAC])
        report["firmware"] = {"boot_mode": "bios"}
        report["disks"]["items"][0].update(name="sda", boots=["bios"])
        return report

    def orders(self, agent, generation=0):
        return self.d.get(f"/agent/v1/orders?generation={generation}", token=agent).json

    def test_back_to_the_system_on_its_disk(self):
        key = lab.Key(self.d.folder)
        name, agent = self.d.discover(self.edge, key, MAC, self.with_system())
        orders = self.orders(agent)
        self.assertEqual(orders["order"], "reboot")
        self.assertIn("sda", orders["reason"])
        self.assertEqual(self.d.plan(self.edge, MAC)["action"], "disk")
        self.assertEqual([d["mac"] for d in self.config()["disks"]], [MAC])
        because = self.d.get(f"/api/v1/nodes/{name}/explain", token=self.token).json["because"]
        self.assertTrue(any("system on sda" in b for b in because), because)
        # A restart of the controller sends nobody anywhere twice.
        self.d.stop(signal.SIGKILL)
        self.d.start()
        self.assertEqual(self.d.plan(self.edge, MAC)["action"], "disk")

        self.assertEqual(self.post(f"/api/v1/nodes/{name}/discover").status, 200)
        name, agent = self.d.discover(self.edge, key, MAC, self.with_system())
        orders = self.orders(agent)
        self.assertEqual(orders["order"], "hold")
        self.assertIn("not told again", orders["reason"])
        self.assertEqual(self.d.plan(self.edge, MAC)["action"], "disk")

        self.assertEqual(self.post(f"/api/v1/nodes/{name}/accept").status, 200)
        self.assertEqual(self.d.plan(self.edge, MAC)["action"], "discover")
        self.assertEqual(self.config()["disks"], [])
        self.assertEqual(self.post(f"/api/v1/nodes/{name}/discover").code, "phase-wrong")


if __name__ == "__main__":
    unittest.main()
