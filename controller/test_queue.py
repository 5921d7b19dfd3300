# SPDX-License-Identifier: GPL-3.0-or-later
"""More installs than may be under way at once, from outside."""
import signal
import time
import unittest

import cloudied_lab as lab
import test_install
from test_install import Agent, PROFILE, STEPS

COUNT = 5
LIMIT = 2


class Queue(lab.Case):
    upload = test_install.Install.upload

    def setUp(self):
        self.d = lab.Cloudied(lab.program(), f"install_limit: {LIMIT}\n").start()
        self.addCleanup(self.end)
        self.token = self.d.login(self.d.out_text())
        self.edge = self.d.join()
        self.key = lab.Key(self.d.folder)
        self.upload()
        self.api("PUT", "/profiles/worker", PROFILE)
        self.agents = [self.machine(i) for i in range(COUNT)]
        self.names = [a.name for a in self.agents]

    def machine(self, i):
        mac = f"52:54:00:77:00:{i:02x}"
        inventory = lab.inventory([mac], serial=f"QN{i}", uuid=f"4c4c4544-0042-3510-8052-{i:012x}")
        inventory["cpu"]["isa_level"] = "x86-64-v2"
        inventory["disks"] = {"items": [{**test_install.DISK, "serial": f"NVME-{i}"}]}
        agent = Agent(self.d, self.edge, lab.Key(self.d.folder), mac, inventory)
        self.api("POST", f"/nodes/{agent.name}/accept")
        return agent

    def install(self, i, *args):
        return self.api("POST", f"/nodes/{self.names[i]}/install", {"profile": "worker"}, *args)

    def states(self):
        return [self.api("GET", f"/nodes/{n}")["status"]["operation"]["state"] for n in self.names]

    def wait_for(self, states):
        deadline = time.monotonic() + 20
        while self.states() != states:
            self.assertLess(time.monotonic(), deadline, self.states())
            time.sleep(0.1)

    def finish(self, i):
        """The whole install of one whose turn it is."""
        agent = self.agents[i]
        agent.install()
        self.assertEqual(agent.phone_home().status, 200)

    def test_queue(self):
        for i in range(COUNT):
            answer = self.install(i)
            self.assertEqual("It waits for its turn" in answer["advice"], i >= LIMIT)
        self.assertEqual(self.states(), ["running"] * LIMIT + ["waiting"] * (COUNT - LIMIT))
        self.install(LIMIT, 409, "operation-running")

        # Its place is shown beside the node, and in the list of all.
        self.assertEqual(self.api("GET", f"/nodes/{self.names[3]}")["queue"]["place"], 2)
        self.assertNotIn("queue", self.api("GET", f"/nodes/{self.names[0]}"))
        answer = self.api("GET", "/operations")
        self.assertEqual((answer["running"], answer["waiting"], answer["limit"]), (2, 3, LIMIT))
        self.assertEqual([i["node"] for i in answer["items"]], self.names)
        self.assertEqual([i.get("place") for i in answer["items"]], [None, None, 1, 2, 3])
        self.assertEqual(len(self.api("GET", "/operations?state=waiting&limit=2")["items"]), 2)
        self.api("GET", "/operations?limit=0", None, 400, "query-malformed")
        self.assertIn('cloudie_operations{state="waiting"} 3',
                      self.d.get("/metrics", token=self.token).body.decode())

        # What waits is told to nobody, and its profile's image stays.
        self.assertEqual(self.agents[4].orders(), "hold")
        self.api("DELETE", "/images/worker", None, 409, "image-in-use")

        # A crash changes nothing of it.
        self.d.stop(signal.SIGKILL)
        self.d.start()
        self.assertEqual(self.states(), ["running"] * LIMIT + ["waiting"] * (COUNT - LIMIT))
        self.assertEqual(self.api("GET", f"/nodes/{self.names[4]}")["queue"]["place"], 3)

        # The next in order starts when one ends, and its agent, which waits, hears it.
        self.api("POST", f"/nodes/{self.names[2]}/abort")
        self.finish(0)
        self.wait_for(["succeeded", "running", "aborted", "running", "waiting"])
        self.assertEqual(self.agents[3].orders(), "install")
        queue = self.api("GET", f"/nodes/{self.names[4]}")["queue"]
        self.assertEqual(queue["place"], 1)
        self.assertGreater(queue["expected_ms"], 0)

        self.check_ended()

    def check_ended(self):
        """Each that ended can be looked at: what it was, how it ended, and what took how long."""
        number = self.api("GET", f"/nodes/{self.names[0]}")["status"]["operation"]["number"]
        for _ in range(2):
            answer = self.api("GET", f"/operations/{number}")
            self.assertEqual(answer["operation"]["state"], "succeeded")
            self.assertEqual(answer["node"], self.names[0])
            self.assertLessEqual(set(answer["steps"]),
                                 {"queue", "agent", "plan", *STEPS, "phone-home"})
            aborted = [i for i in self.api("GET", "/operations?state=aborted")["items"]]
            self.assertEqual([i["operation"]["cause"] for i in aborted], ["aborted"])
            self.d.stop(signal.SIGKILL)
            self.d.start()
        for name in ("0", "99999", "x"):
            self.api("GET", f"/operations/{name}", None, 404, "operation-unknown")


if __name__ == "__main__":
    unittest.main()
