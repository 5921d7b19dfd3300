# SPDX-License-Identifier: GPL-3.0-or-later
"""What the edges said of their leases, as an operator sees it."""
import json
import time
import unittest

from cloudie_lab import HOSTILE, MAC, Case


class Leases(Case):
    def tell(self, rows, edge=None, **more):
        """As a netbootd tells all that it has."""
        type(self).cycle = getattr(self, "cycle", 0) + 1
        answer = self.d.post("/edge/v1/leases", {
            "cycle": self.cycle, "is_first": True, "is_whole": True, "has_pools": True,
            "rows": rows, "pools": more.get("pools", [])}, token=edge or self.edge)
        self.assertEqual((answer.status, answer.json), (200, {"again": False}))

    def bound(self, address, mac, **more):
        return {"address": address, "state": "bound", "mac": mac, "lease_s": 3600,
                "expires_ms": int((time.time() + 3600) * 1000), **more}

    def listed(self, *words):
        return [i["address"] for i in json.loads(self.ok("-o", "json", "lease", "list", *words))]

    def test_nothing_yet(self):
        self.tell([])
        done = self.run_it("lease", "list")
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, "", "cloudie: no address is leased or reserved\n"))
        self.assertEqual(self.ok("-o", "json", "lease", "list"), "[]\n")
        self.refused("Nobody has this address", "lease", "show", "10.77.0.9")
        self.refused("There is no such network", "lease", "list", "--network", "nowhere")

    def test_lists(self):
        name = self.machine()
        self.ok("node", "label", name, "rack=a1")
        mac = MAC % self.boots
        self.tell([self.bound("10.77.0.120", mac), self.bound("10.77.0.9", "52:54:00:99:00:01", name=HOSTILE),
                   self.bound("fd77::5", "52:54:00:99:00:02", client="0001", iaid=7)],
                  pools=[{"network": "lab", "first": "10.77.0.100", "last": "10.77.0.200",
                          "size": 101, "taken": 1}])
        # as addresses are ordered, not as texts
        self.assertEqual(self.listed(), ["10.77.0.9", "10.77.0.120", "fd77::5"])
        self.assertEqual(self.listed("--network", "lab"), ["10.77.0.9", "10.77.0.120"])
        self.assertEqual(self.listed("-l", "rack=a1"), ["10.77.0.120"])
        # a filter that is long stays whole, wherever it were cut
        for more in ("", "1", "11"):
            self.assertEqual(self.listed("-l", f"rack in (a1,a2{more})" + 700 * " " + f"and rack=a2{more}"), [])
        table = self.ok("lease", "list")
        self.assert_plain(table)
        self.assertRegex(table, rf"10\.77\.0\.120 +lab +bound +{mac} +{name} ")
        shown = json.loads(self.ok("-o", "json", "lease", "show", "10.77.0.120"))
        self.assertEqual((shown["node"], shown["mac"], shown["edge"]), (name, mac, "edge"))
        self.assertRegex(self.ok("lease", "pools"), r"lab +10\.77\.0\.100 +10\.77\.0\.200 +101 +1 +edge")

    def test_pages(self):
        """Two edges of one network may tell the same address: no page ends between them."""
        other = self.d.join("other")
        rows = [self.bound(f"10.77.0.{i}", "52:54:00:99:01:%02x" % i) for i in range(1, 5)]
        self.tell(rows)
        self.tell(rows, edge=other)
        after, seen = "", []
        with open(self.credentials, encoding="utf-8") as file:
            token = json.load(file)["token"]
        while after is not None:
            page = self.d.get(f"/api/v1/leases?limit=3{after}", token=token).json
            seen += [(i["address"], i["edge"]) for i in page["items"]]
            after = page.get("next") and f"&after={page['next']}"
        self.assertEqual(sorted(seen), sorted((r["address"], e) for r in rows for e in ("edge", "other")))
        self.tell([], edge=other)


if __name__ == "__main__":
    unittest.main()
