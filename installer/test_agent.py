# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudie-agent --rehearse against a real cloudied: what the timeline says when a step fails."""
import json
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "controller"))
import cloudied_lab as lab  # noqa: E402  (of the room that it speaks to)

MAC = "52:54:00:77:00:01"


class Agent(unittest.TestCase):
    def setUp(self):
        self.d = lab.Cloudied(lab.program()).start()
        self.addCleanup(shutil.rmtree, self.d.folder)
        self.addCleanup(self.d.stop)
        self.token = self.d.login()
        self.site = os.path.join(self.d.folder, "site")
        os.mkdir(self.site)
        self.write("site.json", json.dumps({"controllers": [f"https://127.0.0.1:{self.d.port}"]}))
        shutil.copy(os.path.join(self.d.state, "tls/cert.pem"), os.path.join(self.site, "ca.pem"))
        cpio = self.d.get("/edge/v1/assets/site.cpio", token=self.d.join()).body
        start = cpio.index(b"untrusted comment")
        self.write("signing.pub", cpio[start:cpio.index(b"\n", start + 60) + 1].decode())
        edge = self.d.join("again")
        self.boot = self.d.plan(edge, MAC)["boot"]

    def write(self, name, text):
        with open(os.path.join(self.site, name), "w", encoding="ascii") as file:
            file.write(text)

    def test_an_inventory_that_fails_has_a_named_cause(self):
        agent = subprocess.Popen(
            [os.environ["CLOUDIE_AGENT"], "--rehearse", "--site", self.site, "--command-line",
             f"cloudie.boot={self.boot} BOOTIF=01-" + MAC.replace(":", "-"),
             "--address", "10.77.0.100", "--discover", "/bin/false"], stderr=subprocess.DEVNULL)
        try:
            events = lab.events_of(self.d, self.token, after=0, want=3, timeout=20)
            told = [json.loads(data) for _, name, data in events if name == "failed"]
            self.assertEqual(len(told), 1, events)
            self.assertIn("cloudie-discover failed", told[0]["text"])
            self.assertIsNone(agent.poll())  # and it goes on trying
        finally:
            agent.kill()
            agent.wait()


if __name__ == "__main__":
    unittest.main(verbosity=2)
