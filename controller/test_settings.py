# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written as a setting holds at once, over a restart, and until it is deleted."""
import signal
import unittest

import test_queue

MAC = "52:54:00:77:01:01"


def setting(value):
    return {"kind": "setting", "spec": {"value": value}}


class Settings(test_queue.Queue):
    test_queue = None  # its machines and its wait are needed, not its test

    def limit(self):
        return self.api("GET", "/operations")["limit"]

    def arguments(self):
        return self.d.plan(self.edge, MAC)["kernel_arguments"]

    def test_limits(self):
        for i in range(test_queue.COUNT):
            self.install(i)
        self.assertEqual(self.states().count("running"), test_queue.LIMIT)
        self.assertEqual(self.api("PUT", "/settings/install_limit", setting(4))["version"], 1)
        self.assertEqual(self.limit(), 4)
        self.wait_for(["running"] * 4 + ["waiting"])
        # ten installs take a tenth of the link each
        self.api("PUT", "/settings/link_mbit", setting(10))
        self.api("PUT", "/settings/install_mbit", setting(10))
        self.d.stop(signal.SIGKILL)
        self.d.start()
        self.assertEqual(self.limit(), 4)
        self.api("DELETE", "/settings/install_limit", None, 204)
        self.assertEqual(self.limit(), test_queue.LIMIT)  # cloudied.yaml's again
        # what runs goes on
        self.assertEqual(self.states().count("running"), 4)

    def test_arguments(self):
        before = self.arguments()
        self.assertEqual(before, "console=ttyS0")
        version = self.api("PUT", "/settings/kernel_arguments", setting("console=ttyS1 quiet"))["version"]
        self.assertEqual(self.arguments(), "console=ttyS1 quiet")
        self.api("PUT", "/settings/kernel_arguments", setting("x"), 412, "version-changed",
                 headers={"If-Match": f'"{version + 1}"'})
        self.api("PUT", "/settings/kernel_arguments", setting(""))
        self.assertNotIn("kernel_arguments", self.d.plan(self.edge, MAC))
        history = self.api("GET", "/settings/kernel_arguments/history")["items"]
        self.assertEqual([i["spec"]["value"] for i in history], ["", "console=ttyS1 quiet"])
        self.api("DELETE", "/settings/kernel_arguments", None, 204)
        self.assertEqual(self.arguments(), before)

    def test_refusals(self):
        for name, value in (("install_limit", 0), ("install_limit", 1001), ("install_limit", "4"), ("link_mbit", -1),
                            ("kernel_arguments", "a'b"), ("kernel_arguments", 7), ("nothing", 1)):
            self.api("PUT", f"/settings/{name}", setting(value), 400, "setting-malformed")
        self.api("GET", "/settings/install_limit", None, 404, "setting-unknown")
        self.assertEqual(self.api("GET", "/settings"), {"items": []})
        self.assertEqual(self.limit(), test_queue.LIMIT)


if __name__ == "__main__":
    unittest.main()
