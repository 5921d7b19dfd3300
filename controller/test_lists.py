# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of the API: page by page, in an order, and only what is asked for of each item."""
import unittest
import urllib.parse

import cloudied_lab as lab

SIZES = (8, 2, 4, 4, 16, 2, 10)  # GiB of memory, node by node


class Lists(lab.Case):
    def add_nodes(self):
        self.names = []
        for i, size in enumerate(SIZES):
            mac = f"52:54:00:77:01:{i:02x}"
            report = lab.inventory([mac], serial=f"SN-{i}", uuid=f"4c4c4544-0042-3510-8052-b4c04f4b4c{i:02x}")
            report["memory"]["total"] = size << 30
            self.names.append(self.d.discover(self.edge, self.key, mac, report)[0])

    def pages(self, path, query, limit=2, first=None):
        """All items, and how many pages there were."""
        items, count, after = [], 0, f"&after={first}" if first else ""
        while True:
            page = self.api("GET", f"{path}?limit={limit}{query}{after}")
            items += page["items"]
            count += 1
            self.assertLess(count, 50)
            if "next" not in page:
                return items, count
            after = "&after=" + page["next"]

    def test_order(self):
        self.add_nodes()
        rows = sorted(zip(SIZES, self.names))
        for query, wanted in (("memory.total", rows),
                              ("-memory.total", sorted(rows, key=lambda r: (-r[0], r[1])))):
            for limit in (1, 2, 3, 7, 100):
                items, _ = self.pages("/nodes", "&sort=" + query, limit)
                self.assertEqual([(i["status"]["summary"]["memory_bytes"] >> 30, i["name"]) for i in items],
                                 wanted, (query, limit))
        items, _ = self.pages("/nodes", "&sort=-name&select=memory.total%3E%3D4G")
        self.assertEqual([i["name"] for i in items],
                         [n for s, n in sorted(zip(SIZES, self.names), key=lambda r: r[1], reverse=True)
                          if s >= 4])
        # numbers in names as people count them
        self.assertEqual([i["name"] for i in self.pages("/nodes", "&sort=system.serial")[0]],
                         [f"sn-{i}" for i in range(len(SIZES))])
        for sort in ("nonsense", "", "-", "--name", "condition", "mac", "rack"):
            refused = self.api("GET", "/nodes?sort=" + sort, status=400, code="query-malformed")
            self.assertIn("memory.total", refused["detail"])
        self.api("GET", "/nodes?sort=phase&after=gone", status=400, code="query-malformed")
        # by name a page may begin behind one that is not there any more
        self.assertEqual(len(self.api("GET", "/nodes?after=sn-10")["items"]), len(SIZES) - 2)

    def test_fields(self):
        self.add_nodes()
        page = self.api("GET", "/nodes?fields=name,status.phase,status.summary.memory_bytes&limit=1")
        self.assertEqual(page, {"next": "sn-0", "items": [{"name": "sn-0", "status": {
            "phase": "discovered", "summary": {"memory_bytes": 8 << 30}}}]})
        self.assertEqual(self.api("GET", "/nodes/sn-1?fields=name"), {"name": "sn-1"})
        whole = self.api("GET", "/nodes/sn-1?fields=name,inventory.nics.items.mac&inventory=1")
        self.assertEqual(whole, {"name": "sn-1", "inventory": {"nics": {"items": [
            {"mac": "52:54:00:77:01:01"}]}}})
        steps = self.api("GET", "/nodes/sn-1/timeline?fields=step")["items"]
        self.assertIn({"step": "discovered"}, steps)
        self.assertEqual({tuple(s) for s in steps}, {("step",)})
        self.assertEqual(self.api("GET", "/nodes?fields=none&limit=1")["items"], [{}])
        self.api("PUT", "/profiles/p", {"kind": "profile", "labels": {"a.b": "c", "d": "e"},
                                        "spec": {"steps": [{"image": "none"}]}})
        self.assertEqual(self.api("GET", "/profiles?fields=name,labels.a.b")["items"],
                         [{"name": "p", "labels": {"a.b": "c"}}])
        for wrong in ("", ",", "a%20b", "a,", "x" * 2000, "%22"):
            self.api("GET", "/nodes?fields=" + wrong, status=400, code="query-malformed")
        self.api("GET", "/nodes/none?fields=name", status=404, code="node-unknown")

    def test_documents(self):
        sizes = {"a": 9, "b": 80, "c": 9, "d": None, "e": 700}
        for name, size in sizes.items():
            disk = {"disk": {"pick": "smallest", "size": f">={size}G"}} if size else {}
            self.api("PUT", f"/profiles/{name}", {"kind": "profile", "labels": {"rack": f"r{size}", "x.y": name},
                                                  "spec": {"steps": [{"image": "none"}], **disk}})
        self.api("PUT", "/profiles/a", {"kind": "profile", "labels": {"rack": "r9", "x.y": "a"}, "spec": {
            "steps": [{"image": "none"}], "disk": {"pick": "smallest", "size": ">=9G"}}})

        def names(query, limit=1000):
            return "".join(i["name"] for i in self.pages("/profiles", query, limit)[0])
        for limit in (1, 2, 1000):
            self.assertEqual(names("", limit), "abcde")
            self.assertEqual(names("&sort=-name", limit), "edcba")
            self.assertEqual(names("&sort=spec.disk.size", limit), "dacbe")
            self.assertEqual(names("&sort=-rack", limit), "debac")
            self.assertEqual(names("&sort=-version&select=rack%3Dr9", limit), "ac")
        for text, wanted in (("rack=r9", "ac"), ("label.rack=r9", "ac"), ("label.x.y=b", "b"), ("name=[", ""),
                             ("version>1", "a"), ("spec.disk.pick=smallest and not name=a", "bce"),
                             ("spec.steps.image=none", "abcde"), ("disk", "abce"), ("nothing", "")):
            self.assertEqual(names("&select=" + urllib.parse.quote(text)), wanted, text)
        self.assertEqual(self.api("GET", "/profiles?limit=2&fields=name&sort=-name"),
                         {"items": [{"name": "e"}, {"name": "d"}], "next": "d"})
        self.assertEqual(names("&after=bb"), "cde")
        for wrong in ("limit=0", "limit=1001", "sort=", "sort=-", "sort=a.b", "select=a.b", "select=version%3Da",
                      "sort=version&after=gone", "after=" + "x" * 100):
            self.api("GET", "/profiles?" + wrong, status=400, code="query-malformed")

    def test_secrets(self):
        for name, text in (("f", "#cloud-config\n#b\n"), ("g", "#cloud-config\n#a\n")):
            self.api("PUT", f"/files/{name}", {"kind": "file", "labels": {"a": "b"}, "spec": {"text": text}})
        self.assertEqual(len(self.api("GET", "/files?select=a%3Db")["items"]), 2)
        # what nobody may read, nobody finds out by asking
        for query in ("select=text", "select=text%3D*", "select=not%20text%3D*"):
            self.assertIn(len(self.api("GET", "/files?" + query)["items"]), (0, 2))
        self.assertEqual(self.api("GET", "/files?select=text%3D*a*")["items"], [])
        self.assertEqual([i["name"] for i in self.api("GET", "/files?sort=text")["items"]], ["f", "g"])
        for query in ("select=spec.text", "sort=spec.text"):
            self.api("GET", "/files?" + query, status=400, code="query-malformed")

    def test_timeline(self):
        report = lab.inventory(["52:54:00:77:01:00"], serial="SN-0")
        name, token = self.d.discover(self.edge, self.key, "52:54:00:77:01:00", report)
        for on in (True, False, True):
            self.api("POST", f"/nodes/{name}/maintenance", {"on": on, "reason": "r"})
        whole = self.api("GET", f"/nodes/{name}/timeline")["items"]
        self.assertGreater(len(whole), 5)
        self.assertEqual(self.api("GET", f"/nodes/{name}/timeline?limit=2"), {"items": whole[-2:]})
        for limit in (1, 2, 3, len(whole), 5000):
            self.assertEqual(self.pages(f"/nodes/{name}/timeline", "", limit, "0")[0], whole, limit)
        for wrong in ("limit=0", "limit=5001", "limit=x", "after=", "after=-1", "after=x"):
            self.api("GET", f"/nodes/{name}/timeline?{wrong}", status=400, code="query-malformed")

    def test_leases(self):
        """Two edges say of ten addresses, of some both; nothing is lost between pages."""
        rows = [{"address": f"10.77.0.{100 + i}", "state": "bound", "mac": f"52:54:00:77:02:{i:02x}",
                 "lease_s": 3600, "expires_ms": 1 << 45, "name": f"n{i}"} for i in range(10)]
        for edge, part in ((self.edge, rows[:6]), (self.d.join("other"), rows[4:])):
            answer = self.d.post("/edge/v1/leases", {"cycle": 1, "is_first": True, "is_whole": True,
                                                     "rows": part[::-1], "pools": []}, token=edge)
            self.assertEqual(answer.status, 200, answer.body)
        wanted = [r["address"] for r in rows[:4]] + [r["address"] for r in rows[4:6] for _ in (0, 1)]
        wanted += [r["address"] for r in rows[6:]]
        for limit in (1, 2, 3, 5, 9, 12, 1000):
            items, _ = self.pages("/leases", "", limit)
            self.assertEqual([i["address"] for i in items], wanted, limit)
        self.assertEqual([i["edge"] for i in items[4:6]], ["edge", "other"])
        self.assertEqual(self.api("GET", "/leases/10.77.0.104")["edge"], "edge")
        self.assertEqual(self.api("GET", "/leases/10.77.0.109?fields=name,edge"),
                         {"name": "n9", "edge": "other"})
        items, _ = self.pages("/leases", "&fields=address", 3)
        self.assertEqual([i for i in items if set(i) != {"address"}], [])
        self.assertEqual(self.pages("/leases", "&network=lab", 3)[0], self.pages("/leases", "", 4)[0])
        self.assertEqual(self.pages("/leases", "&select=phase%3Dready", 3)[0], [])


if __name__ == "__main__":
    unittest.main()
