# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that are written as documents: netbootds are told of them, and of no broken one."""
import signal
import unittest

import cloudied_lab as lab

POOL = {"pool_first": "10.4.0.10", "pool_last": "10.4.0.20"}


def network(subnet="10.4.0.0/24", **more):
    return {"kind": "network", "spec": {"subnet": subnet, **(more or {"mode": "proxy"})}}


class Networks(lab.Case):
    def config(self):
        answer = self.d.get("/edge/v1/config", token=self.edge)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def names(self):
        return [n["name"] for n in self.config()["networks"]]

    def test_edges_are_told(self):
        before = self.config()
        self.assertEqual(self.names(), ["lab"])
        self.api("PUT", "/networks/rack5", network("10.5.0.0/24", mode="proxy", strangers="list"))
        self.api("PUT", "/networks/rack4", network(**POOL))
        after = self.config()
        self.assertEqual(after["networks"][1:], [{"name": "rack4", "subnet": "10.4.0.0/24", **POOL, "protocol": "http"},
                                                 {"name": "rack5", "subnet": "10.5.0.0/24", "mode": "proxy", "protocol": "http",
                                                  "strangers": "list"}])
        self.assertNotEqual(after["version"], before["version"])
        self.assertEqual([n["name"] for n in self.api("GET", "/discovery")["networks"]], ["lab", "rack4", "rack5"])
        self.api("POST", "/discovery/rack5/open", {"for_ms": 3600000})
        self.assertEqual([o["network"] for o in self.config()["openings"]], ["rack5"])
        self.api("PUT", "/networks/rack4", network("10.4.0.0/16", **POOL))
        self.assertEqual(self.config()["networks"][1]["subnet"], "10.4.0.0/16")
        self.assertEqual([i["version"] for i in self.api("GET", "/networks/rack4/history")["items"]], [2, 1])
        self.d.stop(signal.SIGKILL)
        self.d.start()
        self.assertEqual(self.names(), ["lab", "rack4", "rack5"])
        self.api("DELETE", "/networks/rack4", None, 204)
        self.api("DELETE", "/networks/rack5", None, 204)
        self.assertEqual(self.config(), before)

    def test_dry_run(self):
        self.api("PUT", "/networks/rack4", network(**POOL))
        before = self.api("GET", "/networks")
        would = self.api("PUT", "/networks/rack6?dry_run=1", network("10.6.0.0/24"))
        self.assertEqual((would["name"], would["version"], would["spec"]["subnet"]), ("rack6", 1, "10.6.0.0/24"))
        self.assertEqual(self.api("PUT", "/networks/rack4?dry_run=true", network(**POOL))["version"], 2)
        self.api("PUT", "/networks/rack6?dry_run=1", network("10.4.0.0/16"), 409, "network-clash")
        self.api("PUT", "/networks/rack6?dry_run=1", network("10.6.0.0/33"), 400, "network-malformed")
        self.api("PUT", "/profiles/p?dry_run=1", {"kind": "profile", "spec": {"steps": [
            {"image": "none"}, {"seed": {"ssh_keys": ["gone"]}}]}}, 409, "reference-unknown")
        for wrong in ("0", "", "yes", "1x"):
            self.api("PUT", "/networks/rack6?dry_run=" + wrong, network("10.6.0.0/24"), 400, "query-malformed")
        answer = self.d.call("PUT", "/api/v1/networks/rack4?dry_run=1", lab.json.dumps(network(**POOL)).encode(),
                             token=self.token, headers={"If-Match": '"9"'})
        self.assertEqual(answer.status, 412, answer.body)
        secret = self.api("PUT", "/files/f?dry_run=1", {"kind": "file", "spec": {"text": "#cloud-config\n"}})
        self.assertNotIn("spec", secret)
        self.assertEqual((self.api("GET", "/networks"), self.api("GET", "/files")), (before, {"items": []}))

    def test_no_broken_one(self):
        self.api("PUT", "/networks/rack4", network(**POOL))
        before = self.config()
        for name, body, status, code in (
                ("lab", network(), 409, "network-clash"),
                ("rack6", network("10.77.0.128/25"), 409, "network-clash"),
                ("rack6", network("10.4.0.0/16"), 409, "network-clash"),
                ("rack4", network("10.77.0.0/25", pool_first="10.77.0.3", pool_last="10.77.0.4"), 409, "network-clash"),
                ("rack4", network("10.9.0.0/24", **POOL), 400, "network-malformed"),
                ("rack6", network("10.6.0.0/33"), 400, "network-malformed"),
                ("rack6", network("10.6.0.0/24", pol="x"), 400, "network-malformed"),
                ("rack6", {"kind": "network", "spec": {"name": "rack7", "subnet": "10.6.0.0/24"}}, 400,
                 "network-malformed")):
            self.api("PUT", f"/networks/{name}", body, status, code)
            self.assertEqual(self.config(), before)
        self.api("GET", "/networks/rack6", None, 404, "network-unknown")
        self.api("PUT", "/networks/rack4", network(), 412, "version-changed", headers={"If-Match": '"7"'})

    def test_the_file_goes_first(self):
        self.api("PUT", "/networks/rack4", network(**POOL))
        self.api("PUT", "/networks/rack5", network("10.5.0.0/24"))
        self.assertEqual(self.d.stop(), 0)
        with open(self.d.config, encoding="ascii") as file:
            text = file.read()
        with open(self.d.config, "w", encoding="ascii") as file:
            file.write(text.replace("networks:\n", "networks:\n- name: wide\n  subnet: 10.4.0.0/16\n  mode: proxy\n"))
        self.d.start()
        self.assertEqual(self.names(), ["wide", "lab", "rack5"])
        self.assertRegex(self.d.log_text(), "network.refused network=rack4 reason=.*overlaps")
        # it is there still, and can be made to fit
        self.api("PUT", "/networks/rack4", network("10.8.0.0/24"))
        self.assertEqual(self.names(), ["wide", "lab", "rack4", "rack5"])


if __name__ == "__main__":
    unittest.main()
