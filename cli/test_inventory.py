# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines were and are, as the operator's command tells it."""
import json
import unittest

import cloudie_lab
from cloudie_lab import HOSTILE, MAC, Case

lab = cloudie_lab.lab


def report(number, dimms=("A1", HOSTILE)):
    mac = MAC % number
    inventory = lab.inventory([mac], serial=f"SN{number}",
                              uuid=f"4c4c4544-0042-3510-8052-b4c04f4b4d{number:02x}")
    inventory["memory"] = {"items": [{"slot": s, "serial": "D" + s, "size": 1 << 30} for s in dimms]}
    inventory["cpu"]["model"] = "a CPU"
    return mac, inventory


class Inventory(Case):
    def test_what_changed(self):
        key = lab.Key(self.d.folder)
        mac, inventory = report(0x41)
        name, agent = self.d.discover(self.edge, key, mac, inventory)
        self.assertRegex(self.ok("node", "diff", name), "^Then, .* nothing changed\n$")
        self.ok("node", "accept", name)
        self.assertRegex(self.ok("node", "inventories", name), "(?s)^FROM .*ACCEPTED.* yes ")
        changed = report(0x41, ("A1",))[1]
        changed["nics"]["items"][0]["link"] = True
        self.d.call("PUT", "/agent/v1/inventory", changed, token=agent)
        text = self.ok("node", "diff", name)
        self.assert_plain(text)
        self.assertRegex(text, r"^Accepted, last seen so 20.*, and since 20[^\n]*:\n  DIMM Evil\\x1b.* gone\n"
                               r"No drift:\n  NIC eth0: link not known -> yes\n$")
        self.assertEqual(self.ok("node", "diff", name, "--since", "1"),
                         text)
        self.assertIn("nothing changed", self.ok("node", "diff", name, "--since", "0"))
        self.assertEqual(json.loads(self.ok("-o", "json", "node", "diff", name))["count"], 2)
        self.refused("since when", "node", "diff", name, "--since", "yesterday", rc=2)
        self.assertIn("drifted", self.ok("node", "list", "--select", "condition=drifted"))
        for words in (("node", "list"), ("node", "show", name), ("node", "timeline", name)):
            self.assert_plain(self.ok(*words))
        self.assertIn(name, self.ok("node", "acknowledge", name))
        self.assertNotIn("drifted", self.ok("node", "list"))
        self.refused("no node 'nobody'", "node", "diff", "nobody")

    def test_odd(self):
        done = self.run_it("node", "odd", "--class", "nothing")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertIn("no node is of class 'nothing'", done.stderr)
        mac, inventory = report(0x50)
        del inventory["system"]["vendor"]
        self.d.discover(self.edge, lab.Key(self.d.folder), mac, inventory)
        done = self.run_it("node", "odd")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertRegex(done.stderr, "(?s)none differs .* 1 of [0-9]+ nodes tell no maker or no product")
        for number in range(0x51, 0x55):
            mac, inventory = report(number)
            inventory["system"]["product"] = "R640"
            if number == 0x53:
                inventory["cpu"]["model"] = HOSTILE
            self.d.discover(self.edge, lab.Key(self.d.folder), mac, inventory)
        text = self.ok("node", "odd", "--class", "QEMU R640", "--select", "phase=discovered")
        self.assert_plain(text)
        self.assertRegex(text, r"(?s)^NODE +FACT.*\nsn83 +CPU +Evil[^\n]* a CPU +3 +4 QEMU R640\n$")
        self.assertEqual(json.loads(self.ok("-o", "json", "node", "odd"))["rows"], 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
