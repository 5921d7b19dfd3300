#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudied and cloudie-netbootd, the real ones, and a machine that boots: what no stand-in proves.

Usage: test_pair.py NETBOOTD CLOUDIED AGENT DISCOVER [TEST ...]

The wire is that of test_netbootd.py; the controller lives in the edge's namespace. The machine is
udhcpc for its firmware and `cloudie-agent --rehearse` for its ramdisk. Exits 77 (skipped) without
root or a client.
"""
import collections
import ctypes
import json
import os
import re
import shutil
import signal
import sys
import unittest

import test_netbootd as lab

sys.path.insert(0, os.path.join(lab.HERE, "../../controller"))
import cloudied_lab

CLOUDIED = AGENT = DISCOVER = None
CLONE_NEWNET = 0x40000000  # sched.h; os.setns() came with Python 3.12


def enter_edge():
    """This process and its children live where the servers do."""
    fd = os.open("/run/netns/" + lab.EDGE_NS, os.O_RDONLY | os.O_CLOEXEC)
    if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET) < 0:
        raise OSError(ctypes.get_errno(), "setns")
    os.close(fd)


def unpack(archive, folder):
    """The files of a newc archive, whatever folder they were in."""
    at = 0
    while archive[at:at + 6] == b"070701":
        fields = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        size, name_size = fields[6], fields[11]
        name = archive[at + 110:at + 110 + name_size - 1].decode()
        data = (at + 110 + name_size + 3) & ~3
        at = (data + size + 3) & ~3
        if fields[1] & 0o170000 == 0o100000:
            with open(os.path.join(folder, os.path.basename(name)), "wb") as f:
                f.write(archive[data:data + size])


class PairTest(lab.EdgeTest):
    def setUp(self):
        super().setUp()
        package = cloudied_lab.package(self.path("package"))
        os.mkdir(self.path("controller"))
        self.cloudied = cloudied_lab.Cloudied(CLOUDIED, folder=self.path("controller"),
                                              package=package, address="0.0.0.0",
                                              names="127.0.0.1, " + lab.EDGE)
        self.addCleanup(self.cloudied.stop)
        self.cloudied.start()
        self.api = self.cloudied.login()
        self.write("netbootd.yaml", f"""
controller: https://127.0.0.1:{self.cloudied.port}
ca_file: {self.cloudied.state}/tls/cert.pem
join_token_file: {self.cloudied.state}/join-token
name: rack-1
state: {self.state}
interfaces: [br0]
""")
        self.start_edge()

    def config(self, more=""):
        """Of the stand-in; ours needs the port of cloudied."""

    def script(self):
        return self.fetch(f"http://{lab.EDGE}/{lab.SCRIPT}").decode()

    def boot(self):
        """Firmware and loader: returns what the kernel's command line would be."""
        self.lease(lab.PXE)
        self.assertIsNotNone(self.fetch(f"tftp://{lab.EDGE}/undionly.kpxe"))
        self.address = self.lease(lab.IPXE)["ip"]
        lab.until(15, lambda: "imgargs" in self.script(), "a plan")
        text = self.script()
        for url in re.findall(r"^(?:kernel|initrd) --name \S+ (\S+)", text, re.MULTILINE):
            self.assertIsNotNone(self.fetch(url), url)
        return re.search(r"^imgargs \S+ (.*) \|\| goto again$", text, re.MULTILINE)[1]

    def run_agent(self, command_line):
        site = self.path("site")
        os.makedirs(site, exist_ok=True)
        unpack(self.fetch(f"http://{lab.EDGE}/assets/site.cpio"), site)
        got = lab.in_node(AGENT, "--rehearse", "--site", site, "--command-line", command_line,
                          "--address", self.address, "--discover", DISCOVER, check=False)
        self.assertEqual(got.returncode, 0, got.stderr + self.cloudied.log_text())

    def ask(self, path):
        answer = self.cloudied.get(path, token=self.api)
        self.assertEqual(answer.status, 200, answer.body)
        return answer

    def events(self):
        text = self.ask("/api/v1/events?follow=0&after=0").body.decode()
        return [json.loads(line[len("data: "):]) for line in text.splitlines()
                if line.startswith("data: ")]

    def assert_nothing_lost(self):
        """Each thing that the edge did stands once, and only once, among the events."""
        log = self.log()
        did = {
            "dhcp-offer": len(re.findall(r"event=dhcp .* reply=OFFER ", log)),
            "dhcp-ack": len(re.findall(r"event=dhcp .* reply=ACK ", log)),
            "plan": len(re.findall(r"event=plan mac", log)),
            "script": len(re.findall(r"event=script mac", log)),
            "kernel": len(re.findall(r"event=sent name=vmlinuz .* whole=yes", log)),
        }

        def heard():
            steps = collections.Counter(e["step"] for e in self.events())
            return {step: steps[step] for step in did}
        lab.until(20, lambda: heard() == did, lambda: f"{heard()}, but {did}: {log}")


class Pair(PairTest):
    def test_discovery(self):
        self.run_agent(self.boot())
        nodes = self.ask("/api/v1/nodes").json["items"]
        self.assertEqual(len(nodes), 1)
        status = nodes[0]["status"]
        self.assertEqual((status["phase"], status["address"]), ("discovered", self.address))
        self.assertIn(lab.MAC, status["macs"])
        self.assertGreater(status["summary"]["memory_bytes"], 1 << 20)
        self.assert_nothing_lost()
        items = self.ask(f"/api/v1/nodes/{nodes[0]['name']}/timeline").json["items"]
        self.assertLessEqual({"dhcp-discover", "dhcp-offer", "dhcp-ack", "loader", "plan", "script",
                              "kernel", "ramdisk", "site", "claim", "stage-two", "inventory",
                              "discovered", "held"}, {e["step"] for e in items})
        # All of one boot: the same number to every repeat of the question.
        self.assertEqual({e["boot"] for e in items if e["step"] in ("script", "claim")},
                         {status["boot"]})

    def leases(self, query=""):
        return {i["address"]: i for i in self.ask("/api/v1/leases" + query).json["items"]}

    def test_leases(self):
        """What the edge gave is what the controller shows; also after it was started anew."""
        first = self.dhcp(lab.PXE)["ip"]
        lab.until(20, lambda: first in self.leases(), self.log)
        item = self.leases()[first]
        self.assertEqual((item["state"], item["mac"], item["edge"]), ("bound", lab.MAC, "rack-1"))
        self.assertGreater(item["expires_ms"], item["heard_ms"])
        self.assertEqual(self.ask("/api/v1/leases/" + first).json["mac"], lab.MAC)
        self.assertEqual(self.leases("?select=phase%3Dready"), {})
        network = item["network"]
        self.assertIn(first, self.leases("?network=" + network))
        self.assertEqual(self.cloudied.get("/api/v1/leases?network=none", token=self.api).status,
                         404)
        self.assertEqual(self.cloudied.get("/api/v1/leases/10.9.9.9", token=self.api).status, 404)
        pools = self.ask("/api/v1/pools").json["items"]
        self.assertEqual([(p["network"], p["edge"]) for p in pools], [(network, "rack-1")])
        lab.until(10, lambda: self.ask("/api/v1/pools").json["items"][0]["taken"] == 1, "taken")
        metrics = self.ask("/metrics").body.decode()
        self.assertRegex(metrics, r'cloudie_dhcp_pool_taken\{edge="rack-1",network="%s",.*\} 1\n'
                         % network)
        self.assertEqual(self.cloudied.get("/metrics").status, 401)
        edge = lab.in_edge("curl", "-s", "http://%s/metrics" % lab.EDGE).stdout
        self.assertIn("cloudie_edge_healthy 1\n", edge)
        self.assertRegex(edge, r'cloudie_dhcp_pool_taken\{network="%s",.*\} 1\n' % network)

        self.cloudied.stop(signal.SIGKILL)
        second = self.dhcp(lab.PXE, mac=lab.OTHER_MAC)["ip"]
        self.cloudied.start()
        lab.until(30, lambda: set(self.leases()) == {first, second}, self.log)
        # One page after the other.
        page = self.ask("/api/v1/leases?limit=1").json
        rest = self.ask("/api/v1/leases?after=" + page["next"]).json
        self.assertEqual([i["address"] for i in page["items"] + rest["items"]],
                         sorted([first, second]))
        self.assertNotIn("next", rest)
        self.assertEqual([e["is_whole"] for e in rest["edges"]], [True])

    def test_controller_is_killed(self):
        self.boot()
        self.cloudied.stop(signal.SIGKILL)  # with events on their way
        stranger = self.dhcp(lab.PXE, mac=lab.OTHER_MAC)
        self.assertNotEqual(stranger["ip"], self.address)
        self.assertEqual(self.lease(lab.IPXE)["ip"], self.address)
        script = self.script()
        self.assertIn("asking again", script)
        self.assertNotIn("cloudie.boot", script)
        self.assertEqual(self.status("/assets/vmlinuz"), 200)
        self.cloudied.start()
        self.run_agent(self.boot())
        self.assertEqual([n["status"]["phase"] for n in self.ask("/api/v1/nodes").json["items"]],
                         ["discovered"])
        self.assert_nothing_lost()
        self.assertIn(lab.OTHER_MAC, {e["mac"] for e in self.events()})


def main():
    global CLOUDIED, AGENT, DISCOVER
    missing = [t for t in lab.TOOLS if not shutil.which(t)]
    if os.geteuid() != 0 or missing:
        print("skipped: needs root%s" % (", and " + ", ".join(missing) if missing else ""))
        return 77
    lab.PROGRAM, CLOUDIED, AGENT, DISCOVER = map(os.path.abspath, sys.argv[1:5])
    try:
        lab.Wire.up()
        enter_edge()
        result = unittest.main(argv=[sys.argv[0]] + sys.argv[5:], exit=False, verbosity=2).result
    finally:
        lab.Wire.down()
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
