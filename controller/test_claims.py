# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is believed to run on a machine: impostors, replays, forged numbers, agents of the past.

Whatever they try, nothing is served to them (no plan, no secret, no token), an operator sees in
the timeline that they tried, and `why` names it."""
import shutil
import sys
import unittest

import cloudied_lab as lab
from test_install import DISK, MAC, PROFILE, Agent, report

OTHER = "52:54:00:77:00:09"


class Claims(lab.Case):
    def setUp(self):
        super().setUp()
        self.impostor = lab.Key(self.d.folder)

    def boot(self, mac=MAC):
        return self.d.plan(self.edge, mac)["boot"]

    def why(self, name=MAC):
        answer = self.d.get(f"/api/v1/nodes/{name}/why", token=self.token)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def events(self, step):
        answer = self.d.get("/api/v1/events?follow=0", token=self.token)
        found = []
        for line in answer.body.decode().splitlines():
            if line.startswith("data: ") and f'"step":"{step}"' in line:
                found.append(lab.json.loads(line[len("data: "):]))
        return found

    def assert_refused(self, answer, status, code):
        self.assertEqual((answer.status, answer.code), (status, code), answer.body)
        self.assertNotIn("token", answer.json)
        self.assertNotIn("secret", answer.json)

    def assert_nothing_is_served(self, token):
        for method, path, body in (("GET", "/agent/v1/plan?generation=1&sealed=1", None),
                                   ("GET", "/agent/v1/orders?generation=0", None),
                                   ("PUT", "/agent/v1/inventory", report()),
                                   ("POST", "/agent/v1/events", {"events": []}),
                                   ("POST", "/agent/v1/progress",
                                    {"generation": 1, "step": "check", "state": "done"})):
            answer = self.d.call(method, path, body, token=token)
            self.assert_refused(answer, 401, "token-stale")

    def test_two_claimants(self):
        """The second key makes both void; the operator decides; then the machine is itself again."""
        name, _ = self.d.discover(self.edge, self.key, MAC, report())
        boot = self.boot()
        first = self.d.claim(self.key, boot, MAC)
        self.assertEqual(first.status, 200)
        self.assert_refused(self.d.claim(self.impostor, boot, MAC), 409, "boot-conflict")
        self.assert_nothing_is_served(first.json["token"])
        # Neither gets it any more, whoever asks.
        for key in (self.key, self.impostor):
            self.assert_refused(self.d.claim(key, boot, MAC), 409, "boot-conflict")
        node = self.d.get(f"/api/v1/nodes/{name}", token=self.token).json["status"]
        self.assertIn("conflict", [c["name"] for c in node["conditions"]])
        self.assertEqual(node["phase"], "discovered")
        self.assertEqual(len(self.events("conflict")), 1)
        refused = self.events("refused")
        self.assertEqual([(e["of"], e["node"]) for e in refused], [("claim", name)] * 3)
        why = self.why(name)
        self.assertEqual((why["wrong"], why["cause"]), (True, "conflict"))
        self.assertIn("two keys", why["sentence"])
        self.assertIn("refused", [e["step"] for e in why["evidence"]])
        # A boot while it is in conflict gets a number, and no orders but to wait.
        again = self.d.claim(self.key, self.boot(), MAC)
        self.assertEqual(again.status, 200)
        orders = self.d.get("/agent/v1/orders?generation=0", token=again.json["token"])
        self.assertEqual(orders.json["order"], "hold")
        self.d.post(f"/api/v1/nodes/{name}/accept", token=self.token)
        self.assertEqual(self.why(name)["wrong"], False)

    def test_a_stranger_in_conflict(self):
        """The same of a machine that never became a node."""
        boot = self.boot()
        self.assertEqual(self.d.claim(self.key, boot, MAC).status, 200)
        self.assert_refused(self.d.claim(self.impostor, boot, MAC), 409, "boot-conflict")
        self.assertEqual(len(self.events("conflict")), 1)
        self.assertEqual([e["mac"] for e in self.events("refused")], [MAC])

    def test_replayed(self):
        """Same bytes, another connection: its holder's token ends, and none is told twice."""
        boot = self.boot()
        body = {"boot": boot, "public_key": self.key.public, "mac": MAC, "address": "10.77.0.100",
                "signature": self.key.sign("cloudie-claim-v1:" + boot), "version": "test"}
        first = self.d.post("/agent/v1/claim", body)
        second = self.d.post("/agent/v1/claim", body)
        self.assertEqual((first.status, second.status), (200, 200))
        self.assertNotEqual(first.json["token"], second.json["token"])
        self.assert_nothing_is_served(first.json["token"])
        # A number that it was not made for is not its.
        self.assert_refused(self.d.post("/agent/v1/claim", {**body, "boot": self.boot(OTHER)}),
                            403, "signature-wrong")
        # When another boot of the machine is claimed, the one before it is over.
        fresh = self.d.claim(self.key, self.boot(), MAC)
        self.assertEqual(fresh.status, 200)
        self.assert_nothing_is_served(second.json["token"])

    def test_forged_numbers(self):
        name, token = self.d.discover(self.edge, self.key, MAC, report())
        self.assert_refused(self.d.claim(self.impostor, "0123456789abcdef", MAC), 404,
                            "boot-unknown")
        boot = self.boot()
        self.assert_refused(self.d.claim(self.impostor, boot, OTHER), 403, "boot-not-its")
        texts = [(e["mac"], e["of"], e["text"]) for e in self.events("refused")]
        self.assertEqual([t[:2] for t in texts], [(MAC, "claim")] * 2)
        self.assertIn("no such boot number", texts[0][2])
        self.assertIn(f"{OTHER} claims {boot}: the number was given to another MAC", texts[1][2])
        # Neither hurts the machine: its token is good, and its own claim is taken.
        self.assertEqual(self.d.get("/agent/v1/orders?generation=0", token=token).status, 200)
        self.assertEqual(self.why(name)["wrong"], False)
        self.assertEqual(self.d.claim(self.key, boot, MAC).status, 200)

    def test_why_of_a_refused_claim(self):
        """Of a machine that has no other: by its MAC, as it never became a node."""
        for step, text in (("dhcp-discover", "PXEClient"), ("dhcp-ack", ""), ("site", "site.cpio")):
            event = {"seq": len(text), "at_ms": 1, "mac": MAC, "step": step, "text": text}
            event["seq"] = {"dhcp-discover": 1, "dhcp-ack": 2, "site": 3}[step]
            self.d.post("/edge/v1/events", {"events": [event]}, token=self.edge)
        self.assertEqual(self.why()["cause"], "kernel-silent")
        self.d.claim(self.key, "0123456789abcdef", MAC)
        why = self.why()
        self.assertEqual(why["cause"], "claim-refused")
        self.assertIn("no such boot number", why["sentence"])
        self.assertEqual(self.why(OTHER)["cause"], "never-heard")
        answer = self.d.get("/api/v1/nodes/nobody/why", token=self.token)
        self.assertEqual((answer.status, answer.code), (404, "node-unknown"))

    def test_refusals_do_not_fill_the_timeline(self):
        body = {"boot": "0123456789abcdef", "public_key": self.key.public, "mac": MAC,
                "address": "10.77.0.100", "version": "test",
                "signature": self.key.sign("cloudie-claim-v1:0123456789abcdef")}
        for _ in range(80):
            self.assert_refused(self.d.post("/agent/v1/claim", body), 404, "boot-unknown")
        # A minute may have begun meanwhile.
        self.assertLessEqual(len(self.events("refused")), 120)
        self.assertGreaterEqual(len(self.events("refused")), 60)
        self.assertGreaterEqual(self.d.log_text().count("event=claim.refused"), 80)

    def test_stale_agent(self):
        """An agent of an older operation is served nothing of the new one."""
        self.d.call("PUT", "/api/v1/images/worker/import?size=1048576", token=self.token)
        frame = lab.subprocess.run(("zstd", "-qc"), input=bytes(1 << 20), check=True,
                                   capture_output=True).stdout
        self.d.call("PUT", "/api/v1/images/worker/frame?number=0", frame, token=self.token)
        self.d.post("/api/v1/images/worker/finish", token=self.token)
        self.d.call("PUT", "/api/v1/profiles/worker", PROFILE, token=self.token)
        agent = Agent(self.d, self.edge, self.key, inventory=report((DISK,)))
        node = f"/api/v1/nodes/{agent.name}"
        for path, body in (("/accept", None), ("/install", {"profile": "worker"})):
            self.assertEqual(self.d.post(node + path, body, token=self.token).status, 200)
        agent.install("wipe")
        old = agent.generation
        secret = agent.got["secret"]
        for path in ("/abort", "/retry"):
            self.assertEqual(self.d.post(node + path, token=self.token).status, 200)
        self.assert_refused(agent.say("write", "running", done=1, total=2), 409,
                            "generation-stale")
        self.assert_refused(self.d.get(f"/agent/v1/plan?generation={old}&sealed=1", token=agent.token),
                            409, "generation-stale")
        self.assert_refused(agent.phone_home(), 409, "generation-stale")
        self.assertEqual([e["of"] for e in self.events("refused")], ["operation"] * 2)
        self.assertIn("writes the image", self.events("refused")[0]["text"])
        operation = self.d.get(node, token=self.token).json["status"]["operation"]
        self.assertEqual((operation["state"], operation["attempt"]), ("running", 1))
        self.assertIn("refused", [e["step"] for e in self.why(agent.name)["evidence"]])
        # It asks for orders, as it is told, and all is well.
        self.assertEqual(agent.install()["order"], "reboot")
        self.assertNotEqual(agent.got["secret"], secret)
        self.assertEqual(agent.phone_home().status, 200)
        self.assertEqual(self.why(agent.name)["wrong"], False)


if __name__ == "__main__":
    if not shutil.which("zstd"):
        print("skipped: zstd is not installed")
        sys.exit(77)
    unittest.main(verbosity=2)
