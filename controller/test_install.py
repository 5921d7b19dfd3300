# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs, from outside: profiles, operators' calls, an agent's, and an installed system's."""
import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

import cloudied_lab as lab

MAC = "52:54:00:77:00:01"
IMAGE_SIZE = 1 << 20
DISK = {"name": "nvme0n1", "type": "nvme", "size": 1 << 26, "serial": "NVME-0001", "model": "QEMU"}
HOST_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIPeSP9CZ3myFy/oABiT2NXv2ZeYrcxQEDHRSUjJ0meNp"
STEPS = ("check", "image", "wipe", "write", "seed", "table", "reboot")
PROFILE = {"kind": "profile", "name": "worker", "labels": {"of": "tests"},
           "spec": {"steps": [{"wipe": "quick"}, {"image": "worker"}, {"grow": "root"},
                              {"seed": {"hostname": "w-{name}"}}]}}

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ops"
SEEDED = {"kind": "profile",
          "spec": {"steps": [{"image": "worker"},
                             {"seed": {"hostname": "w-{name}", "user": "ops", "ssh_keys": ["ops"],
                                       "user_data": "worker.yaml"}}]}}


def report(disks=(DISK,), mac=MAC):
    inventory = lab.inventory([mac])
    inventory["cpu"]["isa_level"] = "x86-64-v2"
    inventory["disks"] = {"items": list(disks)}
    return inventory


class Agent:
    """What cloudie-agent says while it installs; nothing is written anywhere."""

    def __init__(self, cloudied, edge, key, mac=MAC, inventory=None):
        self.d, self.edge, self.key, self.mac = cloudied, edge, key, mac
        self.inventory = inventory or report(mac=mac)
        self.boot()

    def boot(self):
        self.name, self.token = self.d.discover(self.edge, self.key, self.mac, self.inventory)
        self.number, self.generation = self.key.boot, 0

    def orders(self, **more):
        answer = self.d.get(f"/agent/v1/orders?generation={self.generation}", token=self.token,
                            **more)
        assert answer.status == 200, answer.body
        self.generation = answer.json["generation"]
        return answer.json["order"]

    def plan(self):
        answer = self.d.get(f"/agent/v1/plan?generation={self.generation}&sealed=1", token=self.token)
        if answer.status == 200:
            self.got = lab.open_plan(self.key, self.number, answer.json)
        return answer

    def say(self, step, state="done", **more):
        body = {"generation": self.got["generation"], "step": step, "state": state}
        return self.d.post("/agent/v1/progress", {**body, **more}, token=self.token)

    def install(self, until="reboot"):
        """From its orders to the end of a step; the answer to the last report."""
        order = self.orders()
        assert order == "install", order
        assert self.plan().status == 200
        for step in STEPS[:STEPS.index(until) + 1]:
            answer = self.say(step, took_ms=7)
            assert answer.status == 200, answer.body
        return answer.json

    def phone_home(self, **changes):
        body = {"node": self.name, "generation": self.got["generation"], "version": "0.1",
                "secret": self.got["secret"], "system": "Debian 12", "hostname": "w-" + self.name}
        return self.d.post("/agent/v1/phone-home", {**body, **changes})


class Install(lab.Case):
    def setUp(self):
        super().setUp()
        self.upload()
        self.api("PUT", "/profiles/worker", PROFILE)
        self.agent = Agent(self.d, self.edge, self.key)
        self.node("POST", "/accept")

    def node(self, method, path="", body=None, *args, **more):
        return self.api(method, "/nodes/sn1" + path, body, *args, **more)

    def install(self, *args, **more):
        return self.node("POST", "/install", {"profile": "worker", **more}, *args)

    def upload(self):
        frame = subprocess.run(("zstd", "-qc"), input=bytes(IMAGE_SIZE), check=True,
                               capture_output=True).stdout
        self.api("PUT", f"/images/worker/import?size={IMAGE_SIZE}")
        self.api("PUT", "/images/worker/frame?number=0", frame)
        self.image = self.api("POST", "/images/worker/finish")["status"]["id"]

    def operation(self):
        return self.node("GET")["status"]["operation"]

    def events(self):
        return [(e["step"], e.get("text", "")) for e in self.node("GET", "/timeline")["items"]]

    def disks(self):
        return self.d.get("/edge/v1/config", token=self.edge).json.get("disks", [])

    def maintenance(self, on, **more):
        return self.node("POST", "/maintenance", {"on": on, **more})

    def condition(self):
        return {c["name"]: c["reason"] for c in self.node("GET")["status"]["conditions"]}.get(
            "maintenance")

    def until(self, done):
        """An install whose profile says when it is done, up to its restart."""
        self.api("PUT", "/profiles/worker", {**PROFILE, "spec": {**PROFILE["spec"], "done": done}})
        self.install()
        self.agent.install()

    def test_done_by_an_operator(self):
        self.install()
        refused = self.node("POST", "/deployed", None, 409, "operation-running")
        self.assertIn("done: operator", refused["detail"])
        self.node("POST", "/abort")
        self.until("operator")
        self.assertIn("cloudie node deployed", self.node("GET", "/why")["sentence"])
        self.node("POST", "/deployed")
        self.assertEqual(self.node("GET")["status"]["phase"], "deployed")
        self.node("POST", "/deployed", None, 409)

    def test_done_by_a_lease(self):
        self.until("lease")
        for seq, step, phase in ((1, "dhcp-ack", "ready"), (2, "script", "ready"),
                                 (3, "system", "deployed")):
            event = {"seq": seq, "at_ms": 1700000000000, "mac": MAC, "step": step}
            answer = self.d.post("/edge/v1/events", {"events": [event]}, token=self.edge)
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(self.node("GET")["status"]["phase"], phase)

    def ports(self):
        return self.d.get("/edge/v1/config", token=self.edge).json.get("ports", [])

    def test_done_by_a_port(self):
        refused = self.api("PUT", "/profiles/worker", {
            **PROFILE, "spec": {**PROFILE["spec"], "done": "tcp:0"}}, 400)
        self.assertIn("a port, 1 to 65535", refused["detail"])
        self.api("PUT", "/profiles/worker",
                 {**PROFILE, "spec": {**PROFILE["spec"], "done": "tcp:22"}})
        self.assertIn("TCP port 22 answers", self.install(dry_run=True)["because"][-1])
        self.install()
        self.agent.install("table")
        self.assertEqual(self.ports(), [])
        self.assertEqual(self.agent.say("reboot").status, 200)
        number = self.operation()["number"]
        self.assertEqual(self.operation()["port"], 22)
        self.assertEqual(self.ports(), [{"mac": MAC, "port": 22, "operation": number}])
        self.assertIn("answers at TCP port 22", self.node("GET", "/why")["sentence"])
        for seq, operation, phase in ((1, 0, "ready"), (2, number + 1, "ready"),
                                      (3, number, "deployed")):
            event = {"seq": seq, "at_ms": 1700000000000, "mac": MAC, "step": "port",
                     "text": "port 22 answers", "operation": operation}
            answer = self.d.post("/edge/v1/events", {"events": [event]}, token=self.edge)
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(self.node("GET")["status"]["phase"], phase)
        self.assertEqual(self.ports(), [])

    def test_maintenance(self):
        """Nothing begins on a node that somebody works on, but what he does himself."""
        self.assertIsNone(self.condition())
        self.maintenance(True, reason="new fan")
        self.assertEqual(self.condition(), "admin works on it: new fan")
        self.assertEqual(self.d.stop(), 0)
        self.d.start()
        self.assertEqual(self.condition(), "admin works on it: new fan")
        refused = self.install(409, "node-maintenance")
        self.assertEqual(refused["detail"], "'sn1' is in maintenance: admin works on it: new fan.")
        self.assertIn("--force", refused["hint"])
        for method, path in (("POST", "/release"), ("POST", "/accept"), ("DELETE", "")):
            self.node(method, path, None, 409, "node-maintenance")
        self.assertIn("because", self.install(dry_run=True))
        self.assertIn("It is in maintenance", " ".join(self.node("GET", "/explain")["because"]))
        # Who says so all the same is heard; what runs goes on, and can be ended.
        self.node("POST", "/install?force=1", {"profile": "worker"})
        self.assertIn("goes on", self.maintenance(True, reason="new disk")["advice"])
        self.node("POST", "/abort")
        self.node("POST", "/retry", None, 409, "node-maintenance")
        self.assertEqual(self.condition(), "admin works on it: new disk")
        self.assertEqual(len(self.api("GET", "/nodes?select=condition%3Dmaintenance")["items"]), 1)
        self.maintenance(False, reason="done")
        self.assertIsNone(self.condition())
        self.assertEqual([t for s, t in self.events() if s == "maintenance"],
                         ["admin works on it: new fan", "admin works on it: new disk",
                          "admin ended it: done"])
        self.install()
        self.node("POST", "/maintenance", {"off": True}, 400)

    def test_whole(self):
        etag = self.d.get("/edge/v1/config", token=self.edge).headers["ETag"]
        begun = self.install()
        self.assertIn("power the machine on, or restart it", begun["advice"])
        self.assertEqual(begun["status"]["phase"], "ready")
        o = begun["status"]["operation"]
        self.assertEqual((o["number"], o["kind"], o["state"], o["step"], o["by"]),
                         (1, "install", "running", "agent", "admin"))
        self.assertEqual((o["disk"]["serial"], o["image_id"]), ("NVME-0001", self.image))
        because = " ".join(self.node("GET", "/explain")["because"])
        self.assertIn("power it on", because)
        self.assertEqual(self.node("GET", "/explain")["plan"]["action"], "install")
        self.api("DELETE", "/images/worker", status=409, code="image-in-use")
        self.node("DELETE", status=409, code="operation-running")

        last = self.agent.install()
        plan = self.agent.got
        self.assertEqual((plan["operation"], plan["node"], plan["hostname"], plan["image_size"]),
                         (1, "sn1", "w-sn1", IMAGE_SIZE))
        self.assertEqual((plan["disk"]["serial"], plan["wipe"], plan["grow"]),
                         ("NVME-0001", True, True))
        self.assertNotIn("may_overwrite", plan)
        self.assertEqual(last["order"], "reboot")
        self.assertEqual(self.agent.orders(), "reboot")  # asked again: at once
        self.assertEqual(self.d.plan(self.edge, MAC)["action"], "disk")
        self.assertEqual(self.disks(), [{"mac": MAC}])
        changed = self.d.get("/edge/v1/config", token=self.edge, headers={"If-None-Match": etag})
        self.assertEqual(changed.status, 200)

        home = self.agent.phone_home()
        self.assertEqual((home.status, home.json), (200, {"node": "sn1", "phase": "deployed",
                                                         "beat_s": 60}))
        node = self.node("GET")["status"]
        self.assertEqual((node["phase"], node["operation"]["state"]), ("deployed", "succeeded"))
        self.assertEqual(node["installed"]["serial"], "NVME-0001")
        self.assertEqual(self.d.get("/agent/v1/orders", token=self.agent.token).code,
                         "token-stale")
        self.assertEqual(self.agent.phone_home().code, "secret-used")
        self.assertNotIn(plan["secret"], str(node) + self.d.log_text() + str(self.events()))

        steps = self.events()
        self.assertEqual([s for s, _ in steps][-11:],
                         ["operation", *STEPS, "phone-home", "operation", "phase"])
        self.assertEqual(steps[-11][1], "install 'worker' on nvme0n1 (NVME-0001) by admin: begun")
        self.assertIn("Debian 12", steps[-3][1])
        self.assertTrue(steps[-2][1].endswith(": succeeded"), steps[-2])
        self.assertIn("ready -> deployed", steps[-1][1])

        self.install(409, "phase-wrong")
        released = self.node("POST", "/release")
        self.assertEqual(released["status"]["phase"], "ready")
        self.assertIn("Restart the machine", released["advice"])
        self.assertEqual(self.agent.phone_home().code, "secret-wrong")
        self.assertEqual(self.disks(), [])
        # What we wrote ourselves may be overwritten.
        self.agent.boot()
        self.install()
        self.agent.install("check")
        self.assertIs(self.agent.got["may_overwrite"], True)

    def test_an_image_in_use_is_not_replaced(self):
        """An agent that was told of an image finds it, whatever is imported meanwhile."""
        self.install()
        frame = subprocess.run(("zstd", "-qc"), input=b"x" * IMAGE_SIZE, check=True,
                               capture_output=True).stdout
        self.api("PUT", f"/images/worker/import?size={IMAGE_SIZE}")
        self.api("PUT", "/images/worker/frame?number=0", frame)
        self.api("POST", "/images/worker/finish", status=409, code="image-in-use")
        self.assertEqual(self.api("GET", "/images/worker")["status"]["id"], self.image)
        self.agent.install("image")
        answer = self.d.get(f"/edge/v1/images/{self.image}.json", token=self.edge)
        self.assertEqual(answer.status, 200)
        # what was uploaded is not lost by it
        self.node("POST", "/abort")
        fresh = self.api("POST", "/images/worker/finish")["status"]["id"]
        self.assertNotEqual(fresh, self.image)
        self.node("POST", "/retry")
        self.assertEqual(self.operation()["image_id"], fresh)

    def test_in_conflict_nothing_begins(self):
        other = {**report(), "system": {"serial": "SN1", "uuid": "2" * 8 + "-1111-1111-1111-" +
                                        "1" * 12}}
        mine = {**report(), "system": {"serial": "SN1", "uuid": "1" * 8 + "-1111-1111-1111-" +
                                       "1" * 12}}
        Agent(self.d, self.edge, self.key, inventory=mine)
        stranger = Agent(self.d, self.edge, self.key, inventory=other)
        begun = self.install()
        self.assertIn("in conflict", begun["advice"])
        self.assertEqual(stranger.orders(), "hold")
        self.assertEqual(stranger.plan().code, "operation-none")

    def test_what_stands_in_the_way(self):
        self.install(400, "body-malformed", profile=7)
        self.node("POST", "/install", {}, 400, "body-malformed")
        self.install(404, "profile-unknown", profile="none")
        spec = {"steps": [{"image": "other"}]}
        self.api("PUT", "/profiles/other", {"kind": "profile", "spec": spec})
        self.install(404, "image-unknown", profile="other")
        spec = {"steps": [{"image": "worker"}], "needs": {"memory": ">=1T"}}
        self.api("PUT", "/profiles/large", {"kind": "profile", "spec": spec})
        self.install(409, "machine-unfit", profile="large")
        spec = {"steps": [{"image": "worker"}], "disk": {"size": ">1T"}}
        self.api("PUT", "/profiles/disk", {"kind": "profile", "spec": spec})
        answer = self.d.post("/api/v1/nodes/sn1/install", {"profile": "disk"}, token=self.token)
        self.assertEqual((answer.status, answer.code), (409, "disk-none"))
        self.assertIn("nvme0n1", answer.json["detail"])
        self.node("POST", "/retry", status=409, code="operation-none")
        self.node("POST", "/abort", status=409, code="operation-none")
        self.node("POST", "/release", status=409, code="phase-wrong")
        other = Agent(self.d, self.edge, self.key, "52:54:00:77:00:09",
                      {**report(mac="52:54:00:77:00:09"), "system": {"serial": "SN9"}})
        self.api("POST", f"/nodes/{other.name}/install", {"profile": "worker"}, 409, "phase-wrong")
        self.assertEqual(other.plan().code, "operation-none")

        version = self.node("GET")["version"]
        dry = self.install(dry_run=True)
        self.assertEqual(dry["operation"]["disk"]["serial"], "NVME-0001")
        self.assertIn("If this disk holds anything", " ".join(dry["because"]))
        dry = self.install(dry_run=True, erase=True)
        self.assertIn("will be destroyed", " ".join(dry["because"]))
        self.assertEqual(self.node("GET")["version"], version)

    def test_only_its_own_secret(self):
        self.install()
        self.assertEqual(self.agent.orders(), "install")
        self.assertEqual(self.agent.plan().status, 200)
        old = self.agent.got["secret"]
        self.assertEqual(self.agent.plan().status, 200)
        self.assertNotEqual(self.agent.got["secret"], old)
        for step in STEPS:
            self.assertEqual(self.agent.say(step).status, 200)
        event = {"seq": 1, "at_ms": 1, "mac": MAC, "address": "10.77.0.100", "step": "dhcp-ack"}
        self.d.post("/edge/v1/events", {"events": [event]}, token=self.edge)
        for changes, status, code in (({"secret": old}, 403, "secret-wrong"),
                                      ({"secret": "0" * 64}, 403, "secret-wrong"),
                                      ({"node": "nobody"}, 403, "secret-wrong"),
                                      ({"generation": 1}, 409, "generation-stale"),
                                      ({"secret": 7}, 400, "body-malformed")):
            answer = self.agent.phone_home(**changes)
            self.assertEqual((answer.status, answer.code), (status, code), changes)
        self.assertEqual(self.node("GET")["status"]["phase"], "ready")
        self.assertEqual(self.agent.phone_home().status, 200)

    def deployed(self):
        """A worker with a key, whose phone-home was taken."""
        self.install()
        self.agent.install()
        self.worker = lab.Key(self.d.folder)
        self.facts = {
            "kernel": "6.1.0-37-amd64", "uptime_s": 7,
            "addresses": [{"interface": "eth0", "mac": MAC, "address": "10.77.0.100/24"}],
            "host_keys": [{"type": "ssh-ed25519", "key": HOST_KEY}],
            "health": [{"name": "systemd", "state": "ok", "text": "running"}]}
        self.says = {"node": "sn1", "generation": self.agent.got["generation"], "version": "0.1",
                     "system": "Debian 12", "hostname": "w-sn1", "address": "10.77.0.100",
                     "facts": self.facts}
        self.home = {**self.says, "secret": self.agent.got["secret"]}
        answer = self.d.worker(self.worker, "phone-home", self.home)
        self.assertEqual((answer.status, answer.json),
                         (200, {"node": "sn1", "phase": "deployed", "beat_s": 60}))

    def beat(self, status=200, code=None, key=None, headers=(), **changes):
        answer = self.d.worker(key or self.worker, "beat", {**self.says, **changes},
                               **dict(headers))
        self.assertEqual((answer.status, code and answer.code), (status, code), answer.body)

    def conditions(self):
        return {c["name"]: c["reason"] for c in self.node("GET")["status"]["conditions"]}

    def test_worker(self):
        self.deployed()
        worker = self.node("GET")["worker"]
        self.assertEqual(worker["public_key"], self.worker.public)
        self.assertEqual({**self.facts, "version": "0.1", "system": "Debian 12",
                          "hostname": "w-sn1", "address": "10.77.0.100"}, worker["says"])
        self.assertNotIn("worker", self.api("GET", "/nodes")["items"][0])
        # the answer was lost: the same key is the same worker
        again = self.d.worker(self.worker, "phone-home", self.home)
        self.assertEqual((again.status, again.json["phase"]), (200, "deployed"))
        # another key with a used secret is an event, and changes nothing
        other = lab.Key(self.d.folder)
        for _ in range(2):
            self.assertEqual(self.d.worker(other, "phone-home", self.home).code, "secret-used")
        self.assertEqual([s for s, _ in self.events()].count("conflict"), 1)
        self.assertNotIn("conflict", self.conditions())
        self.beat(403, "worker-unknown", key=other)
        self.beat(403, "worker-unknown", generation=1)
        self.beat(200, node="nobody")  # its node was called so: it is known by its key
        self.beat(403, "signature-wrong", headers={"Cloudie-Signature": other.sign("x")})
        self.beat(400, "body-malformed", headers={"Cloudie-Signature": "x"})
        unsigned = self.d.post("/agent/v1/beat", {**self.says, "public_key": self.worker.public})
        self.assertEqual(unsigned.code, "signature-wrong")
        for wrong in ({"host_keys": [{"type": "ssh-ed25519", "key": "AAAA"}]},
                      {"addresses": [{"interface": "eth0", "address": "10.77.0.100"}]},
                      {"health": [{"name": "x", "state": "fine"}]},
                      {"health": [{"name": f"c{i}", "state": "ok"} for i in range(17)]}):
            self.beat(400, "body-malformed", facts=wrong)

        time.sleep(1.1)  # what comes sooner only shows that it lives
        self.beat(facts={"health": [{"name": "systemd", "state": "bad", "text": "a.service\n"}]})
        self.assertEqual(self.conditions(), {"degraded": "systemd: a.service "})
        self.assertNotIn("addresses", self.node("GET")["worker"]["says"])
        for condition, count in (("degraded", 1), ("dirty", 0), ("conflict", 0)):
            listed = self.api("GET", f"/nodes?select=condition={condition}")["items"]
            self.assertEqual(len(listed), count)
        self.api("GET", "/nodes?select=condition=x", status=400, code="query-malformed")

        # killed: the condition is on disk, and the key is
        self.d.stop(signal.SIGKILL)
        self.d.start()
        self.assertEqual(self.conditions(), {"degraded": "systemd: a.service "})
        before = self.node("GET")["worker"]["last_beat_ms"]
        self.beat()
        self.assertGreater(self.node("GET")["worker"]["last_beat_ms"], before)
        self.assertEqual(self.conditions(), {})

        self.node("POST", "/release")
        self.assertNotIn("worker", self.node("GET"))
        self.beat(403, "worker-unknown")
        self.assertEqual(self.d.worker(self.worker, "phone-home", self.home).code, "secret-wrong")

    def test_failure_abort_retry(self):
        self.install()
        self.agent.install("wipe")
        self.agent.say("write", "running", done=5, total=10)
        self.assertEqual((self.operation()["done"], self.operation()["total"]), (5, 10))
        self.assertEqual(self.agent.say("check", "running").code, "step-order")
        self.agent.say("write", "failed", cause="image-frame-wrong", text="frame 3\nand more")
        o = self.operation()
        self.assertEqual((o["state"], o["cause"], o["evidence"]),
                         ("failed", "image-frame-wrong", "frame 3 and more"))
        conditions = {c["name"]: c for c in self.node("GET")["status"]["conditions"]}
        self.assertIn("frame 3", conditions["dirty"]["reason"])
        self.assertEqual(self.agent.say("write").code, "generation-stale")
        self.assertEqual(self.agent.plan().code, "operation-none")

        self.node("POST", "/retry")
        self.install(409, "operation-running")
        waits = []
        self.assertEqual(self.agent.orders(), "install")
        thread = threading.Thread(target=lambda: waits.append(self.agent.orders()))
        thread.start()
        while self.api("GET", "/status")["agents_waiting"] < 1:
            time.sleep(0.02)
        aborted = self.node("POST", "/abort")
        thread.join(10)
        self.assertEqual(waits, ["hold"])
        self.assertEqual(aborted["status"]["operation"]["state"], "aborted")
        self.assertIn("stops", aborted["advice"])
        said = [t for s, t in self.events() if s in ("failed", "operation")]
        self.assertTrue(any("failed at 'write': image-frame-wrong" in t for t in said), said)
        self.assertTrue(said[-1].endswith("aborted by admin at 'plan'"), said[-1])

        self.node("POST", "/retry")
        self.assertEqual(self.agent.install()["order"], "reboot")
        self.assertEqual(self.agent.phone_home().status, 200)
        names = [c["name"] for c in self.node("GET")["status"]["conditions"]]
        self.assertNotIn("dirty", names)

    def test_out_of_service_and_back(self):
        self.install()
        refused = self.node("POST", "/retire", status=409, code="operation-running")
        self.assertIn("abort", refused["detail"])
        number = self.operation()["number"]
        self.node("POST", "/retry")  # of what goes on: aborted, and begun anew
        self.assertEqual((self.operation()["number"], self.operation()["state"]),
                         (number + 1, "running"))
        self.assertIn("aborted by admin", str(self.events()))
        self.node("POST", "/abort")
        retired = self.node("POST", "/retire")
        self.assertEqual(retired["status"]["phase"], "retired")
        self.assertIn("left alone", retired["advice"])
        self.assertEqual([d["mac"] for d in self.disks()], [self.agent.mac])
        self.assertEqual(self.node("GET", "/explain")["plan"]["action"], "disk")
        self.assertEqual(self.d.get("/agent/v1/orders", token=self.agent.token).status, 401)
        self.install(409, "phase-wrong")
        self.node("POST", "/retry", status=409, code="phase-wrong")
        event = {"seq": 1, "at_ms": 1700000000000, "mac": MAC, "step": "dhcp-ack"}
        self.d.post("/edge/v1/events", {"events": [event]}, token=self.edge)
        self.assertEqual(self.events()[-1][0], "retired")
        self.assertEqual(self.d.stop(), 0)
        self.d.start()
        self.assertEqual(self.node("GET")["status"]["phase"], "retired")
        self.assertEqual(self.node("POST", "/unretire")["status"]["phase"], "discovered")
        self.node("POST", "/unretire", status=409, code="phase-wrong")
        self.assertEqual(self.node("POST", "/accept")["status"]["phase"], "ready")

    def user(self, name, role="operator"):
        """The token of another person: nothing hands one out yet, so it is put where they are kept."""
        token = hashlib.sha256(name.encode()).hexdigest()
        row = f"INSERT INTO tokens VALUES('{hashlib.sha256(token.encode()).hexdigest()}'," \
              f" '{name}', '{role}', '', 1, {1 << 45})"
        self.assertEqual(self.d.stop(), 0)
        if self.d.postgres:
            lab.psql(self.d.postgres, row)
        else:
            with sqlite3.connect(os.path.join(self.d.state, "cloudie.db")) as db:
                db.execute(row)
            db.close()
        self.d.start()
        return token

    def test_reserved(self):
        """It is somebody's until it is deployed: others are told whose, and may force it."""
        anna = self.user("anna")

        def as_anna(path, body=None, status=200, code=None):
            answer = self.d.post("/api/v1/nodes/sn1" + path, body, token=anna)
            self.assertEqual((answer.status, code and answer.code), (status, code), answer.body)
            return answer.json

        worker = {"profile": "worker"}
        self.node("POST", "/unreserve", status=409, code="phase-wrong")
        self.node("POST", "/reserve", {"who": "anna"}, 400)
        self.node("POST", "/reserve", {"holder": "x" * 64}, 400)
        for version, status in (('"999"', 412), ("*", 200)):
            self.assertEqual(self.d.post("/api/v1/nodes/sn1/reserve", {"holder": "anna", "reason": "a b\nc"},
                                         token=self.token, headers={"If-Match": version}).status, status)
        self.node("POST", "/reserve", {}, 409, "phase-wrong")
        self.assertEqual(self.d.stop(), 0)
        self.d.start()
        status = self.node("GET")["status"]
        reserved = {k: v for k, v in status["reserved"].items() if k != "since_ms"}
        self.assertEqual((status["phase"], reserved), ("reserved", {"holder": "anna", "reason": "a b c"}))
        self.assertIn("ready -> reserved: reserved by admin for 'anna': a b c", str(self.events()))
        explained = self.node("GET", "/explain")
        self.assertIn("It is reserved for 'anna': a b c.", explained["because"])
        self.assertEqual(explained["plan"]["action"], "disk")
        for select, count in (("phase=reserved", 1), ("reserved.holder=anna", 1), ("reserved.holder=admin", 0)):
            found = self.api("GET", "/nodes?select=" + select.replace("=", "%3D"))["items"]
            self.assertEqual(len(found), count, select)

        refused = self.install(409, "node-reserved")
        self.assertEqual(refused["detail"], "'sn1' is reserved for 'anna': a b c.")
        self.assertIn("--force", refused["hint"])
        for path in ("/unreserve", "/retire", "/retry"):
            if path != "/retry":  # nothing was ever done
                self.node("POST", path, status=409, code="node-reserved")
        self.assertIn("It is reserved for 'anna': only --force does it.",
                      self.install(dry_run=True)["because"])
        self.assertNotIn("only --force", str(as_anna("/install", {**worker, "dry_run": True})))
        self.node("DELETE", status=409, code="phase-wrong")

        # By force, and by its holder; to abort is everybody's, and retrying is not.
        self.node("POST", "/install?force=1", worker)
        as_anna("/abort")
        self.node("POST", "/retry", status=409, code="node-reserved")
        as_anna("/retry")
        self.node("POST", "/abort")
        self.assertEqual(self.node("GET")["status"]["phase"], "reserved")
        as_anna("/install", worker)
        as_anna("/unreserve")  # which gives up what goes on
        status = self.node("GET")["status"]
        self.assertEqual((status["phase"], status["operation"]["state"]), ("ready", "aborted"))
        self.assertNotIn("reserved", status)
        as_anna("/reserve", {})
        as_anna("/install", worker)
        self.agent.boot()
        self.agent.install()
        self.assertEqual(self.node("GET")["status"]["phase"], "reserved")
        self.assertEqual(self.agent.phone_home().status, 200)
        status = self.node("GET")["status"]
        self.assertEqual((status["phase"], "reserved" in status), ("deployed", False))

    def test_machine_restarts(self):
        self.install()
        for attempt in (1, 2, 3):
            self.assertEqual(self.operation()["attempt"], attempt)
            self.agent.install("image")
            self.agent.boot()
        o = self.operation()
        self.assertEqual((o["state"], o["cause"]), ("failed", "too-many-attempts"))
        self.assertEqual(self.agent.orders(), "hold")

    def test_killed_in_the_middle(self):
        """What was told is on disk: the operation goes on, and so does the phone-home."""
        self.install()
        self.agent.install("write")
        self.d.stop(signal.SIGKILL)
        self.d.start()
        o = self.operation()
        self.assertEqual((o["state"], o["step"]), ("running", "seed"))
        self.assertGreater(o["deadline_ms"], time.time() * 1000)
        for step in STEPS[4:]:
            self.assertEqual(self.agent.say(step).status, 200)
        self.d.stop(signal.SIGKILL)
        self.d.start()
        self.assertEqual(self.operation()["step"], "phone-home")
        self.assertEqual(self.disks(), [{"mac": MAC}])
        self.assertEqual(self.agent.phone_home().status, 200)
        self.d.stop(signal.SIGKILL)
        self.d.start()
        self.assertEqual(self.node("GET")["status"]["phase"], "deployed")
        self.assertEqual(self.agent.phone_home().code, "secret-used")
        self.assertTrue(re.search(r"event=operation.resumed .*step=seed", self.d.log_text()))

    def test_profiles(self):
        kept = self.api("GET", "/profiles/worker")
        self.assertEqual(kept, {**PROFILE, "version": 1})
        again = self.d.call("PUT", "/api/v1/profiles/worker", kept, token=self.token,
                            headers={"If-Match": '"1"'})
        self.assertEqual((again.json["version"], again.headers["ETag"]), (2, '"2"'))
        for headers in ({"If-Match": '"1"'},):
            self.api("PUT", "/profiles/worker", kept, 412, "version-changed", headers=headers)
            self.api("DELETE", "/profiles/worker", None, 412, "version-changed", headers=headers)
        self.api("PUT", "/profiles/new", {"kind": "profile", "spec": PROFILE["spec"]}, 412,
                 "version-changed", headers={"If-Match": "*"})
        for body in ({}, [], b"{", {"kind": "profile", "spec": {}}, {**PROFILE, "name": "other"},
                     {**PROFILE, "spec": {**PROFILE["spec"], "colour": "red"}}):
            self.api("PUT", "/profiles/worker", body, 400, "profile-malformed")
        self.api("PUT", "/profiles/Not_one", PROFILE, 400, "profile-malformed")
        self.api("PUT", "/profiles/a", {"kind": "profile", "spec": PROFILE["spec"]})
        self.assertEqual([p["name"] for p in self.api("GET", "/profiles")["items"]],
                         ["a", "worker"])
        self.d.stop(signal.SIGKILL)
        self.d.start()
        self.assertEqual(self.api("GET", "/profiles/worker"), {**PROFILE, "version": 2})
        self.api("DELETE", "/profiles/worker", status=204)
        self.api("GET", "/profiles/worker", status=404, code="profile-unknown")
        self.api("DELETE", "/profiles/worker", status=404, code="profile-unknown")

    def test_keys_and_files(self):
        text = "#cloud-config\n# a secret: 5ecret\n"
        for path, body, code in (
                ("keys/ops", {"kind": "key", "spec": {"public_key": "ssh-rsa AAAA"}}, "key-malformed"),
                ("keys/ops", {"kind": "file", "spec": {"public_key": KEY}}, "key-malformed"),
                ("files/worker.yaml", {"kind": "file", "spec": {}}, "file-malformed"),
                ("files/.hidden", {"kind": "file", "spec": {"text": text}}, "file-malformed")):
            self.api("PUT", "/" + path, body, 400, code)
        self.api("GET", "/keys/ops", status=404, code="key-unknown")
        self.api("DELETE", "/files/worker.yaml", status=404, code="file-unknown")
        self.api("PUT", "/profiles/worker", SEEDED, 409, "reference-unknown")

        self.api("PUT", "/keys/ops", {"kind": "key", "spec": {"public_key": KEY}})
        self.api("PUT", "/profiles/worker", SEEDED, 409, "reference-unknown")
        file = {"kind": "file", "labels": {"of": "tests"}, "spec": {"text": text}}
        self.assertEqual(self.api("PUT", "/files/worker.yaml", file)["version"], 1)
        self.assertEqual(self.api("PUT", "/files/worker.yaml", file)["version"], 1)  # says the same
        self.api("PUT", "/profiles/worker", SEEDED)
        self.assertEqual(self.api("GET", "/keys")["items"],
                         [{"kind": "key", "name": "ops", "version": 1, "labels": {},
                           "spec": {"public_key": KEY}}])
        shown = {"kind": "file", "name": "worker.yaml", "version": 1, "labels": {"of": "tests"},
                 "status": {"size": len(text)}}
        self.assertEqual(self.api("GET", "/files")["items"], [shown])
        self.assertEqual(self.api("GET", "/files/worker.yaml"), shown)

        events = self.d.get("/api/v1/events?follow=0&after=0", token=self.token).body.decode()
        told = [e["text"] for e in map(json.loads, re.findall("^data: (.*)$", events, re.M))
                if e["step"] == "document"]
        self.assertEqual(told, ["admin wrote image 'worker', version 1", "admin wrote profile 'worker', version 1",
                                "admin wrote key 'ops', version 1",
                                "admin wrote file 'worker.yaml', version 1",
                                "admin wrote profile 'worker', version 2"])
        for path in ("/keys/ops", "/files/worker.yaml"):
            self.api("DELETE", path, status=409, code="document-in-use")
        before = self.install(dry_run=True)
        self.assertIn("Its user is 'ops'; by SSH come the key 'ops'", before["because"])
        self.assertIn("cloud-init gets the file 'worker.yaml' as user data.", before["because"])
        self.install()
        self.api("PUT", "/profiles/worker", PROFILE)  # the install that runs keeps what it needs
        for path in ("/keys/ops", "/files/worker.yaml"):
            self.api("DELETE", path, status=409, code="document-in-use")
        file["spec"]["text"] += "# more\n"
        self.assertEqual(self.api("PUT", "/files/worker.yaml", file)["version"], 2)
        self.d.stop(signal.SIGKILL)
        self.d.start()
        self.assertEqual(self.agent.orders(), "install")
        self.assertEqual(self.agent.plan().status, 200)
        got = self.agent.got
        self.assertEqual((got["user"], got["ssh_keys"], got["user_data"], got["hostname"]),
                         ("ops", [KEY], file["spec"]["text"], "w-sn1"))
        # Nowhere in the database, what it was before included.
        for name in os.listdir(self.d.state):
            if name.startswith("cloudie.db"):
                with open(os.path.join(self.d.state, name), "rb") as database:
                    self.assertFalse(b"5ecret" in database.read(), name)
        self.node("POST", "/abort")
        for path in ("/keys/ops", "/files/worker.yaml"):
            self.api("DELETE", path, status=204)
        self.assertEqual(self.api("GET", "/files")["items"], [])
        self.assertNotIn("5ecret", self.d.log_text() + str(self.events()) + str(self.node("GET")))

    def test_files_need_their_key(self):
        """Another key: the file is left out, and written anew it is there again."""
        self.api("PUT", "/files/a", {"kind": "file", "spec": {"text": "5ecret"}})
        path = os.path.join(self.d.state, "tls", "documents.key")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        for key, there in ((None, 200), ("gone", 404)):
            self.d.stop()
            if key:
                os.remove(path)
                if self.d.postgres:  # it knows whose it is: docs/operations.md
                    lab.psql(self.d.postgres, "UPDATE cloudie SET site = ''")
            self.d.start()
            self.assertEqual(self.d.get("/api/v1/files/a", token=self.token).status, there)
        self.assertIn("file.unreadable", self.d.log_text())
        self.api("PUT", "/files/a", {"kind": "file", "spec": {"text": "5ecret"}})

    def test_secrets_are_sealed(self):
        self.api("PUT", "/keys/ops", {"kind": "key", "spec": {"public_key": KEY}})
        self.api("PUT", "/files/worker.yaml", {"kind": "file", "spec": {"text": "# 5ecret\n"}})
        self.api("PUT", "/profiles/worker", SEEDED)
        self.install()
        self.agent.orders()
        told = self.agent.plan()
        self.assertNotIn("secret", told.json)
        self.assertNotIn("user_data", told.json)
        self.assertEqual(self.agent.got["user_data"], "# 5ecret\n")
        self.assertRegex(self.agent.got["secret"], "^[0-9a-f]{64}$")
        for secret in ("5ecret", self.agent.got["secret"]):
            self.assertNotIn(secret, told.body.decode())
        # Not by another key, and not for another boot or another generation.
        other = lab.Key(self.d.folder)
        self.assertIsNone(lab.open_plan(other, self.agent.number, told.json))
        self.assertIsNone(lab.open_plan(self.key, "0" * 16, told.json))
        later = {**told.json, "generation": told.json["generation"] + 1}
        self.assertIsNone(lab.open_plan(self.key, self.agent.number, later))
        # The next boot has a number, and may have a key, of its own.
        self.agent.key, first = other, self.agent.got["secret"]
        self.agent.boot()
        self.assertEqual(self.agent.orders(), "install")
        self.assertEqual(self.agent.plan().status, 200)
        self.assertNotEqual(self.agent.got["secret"], first)

    def test_an_agent_of_an_older_version(self):
        self.install()
        self.agent.orders()
        answer = self.d.get(f"/agent/v1/plan?generation={self.agent.generation}",
                            token=self.agent.token)
        self.assertEqual((answer.status, answer.code), (409, "agent-old"))
        self.assertNotIn("secret", answer.json)
        o = self.operation()
        self.assertEqual((o["state"], o["cause"]), ("failed", "agent-old"))
        self.assertEqual(self.node("GET")["status"]["phase"], "ready")
        self.node("POST", "/retry")
        self.assertEqual(self.agent.install()["order"], "reboot")

    def test_what_a_profile_names_is_in_its_hash(self):
        self.api("PUT", "/keys/ops", {"kind": "key", "spec": {"public_key": KEY}})
        file = {"kind": "file", "spec": {"text": "#!/bin/sh\n"}}
        self.api("PUT", "/files/worker.yaml", file)
        self.api("PUT", "/profiles/worker", SEEDED)
        hashes = set()
        for _ in range(2):
            hashes.add(self.install(dry_run=True)["operation"]["profile_hash"])
        self.assertEqual(len(hashes), 1)
        file["spec"]["text"] += "true\n"
        self.api("PUT", "/files/worker.yaml", file)
        self.api("PUT", "/keys/ops", {"kind": "key", "spec": {"public_key": KEY + " other"}})
        hashes.add(self.install(dry_run=True)["operation"]["profile_hash"])
        self.assertEqual(len(hashes), 2)

    def test_what_a_file_says_is_not_guessed_by_a_hash(self):
        """Who may see operations has all but the file, and could try what it may say."""
        file = {"kind": "file", "name": "worker.yaml", "version": 1, "labels": {},
                "spec": {"text": "password: 1234\n"}}
        self.api("PUT", "/keys/ops", {"kind": "key", "spec": {"public_key": KEY}})
        self.api("PUT", "/files/worker.yaml", file)
        self.api("PUT", "/profiles/worker", SEEDED)
        documents = [self.api("GET", "/profiles/worker"), self.api("GET", "/keys/ops"), file]
        hashes = [hashlib.sha256(json.dumps(d, separators=(",", ":")).encode()).hexdigest()
                  for d in documents]
        guess = hashlib.sha256("".join(hashes).encode()).hexdigest()
        told = self.install(dry_run=True)["operation"]["profile_hash"]
        self.assertNotEqual(told, guess)
        # It is the same after a restart all the same, or an install would seem to be another's.
        self.d.stop()
        self.d.start()
        self.assertEqual(self.install(dry_run=True)["operation"]["profile_hash"], told)


if __name__ == "__main__":
    if not shutil.which("zstd"):
        print("skipped: zstd is not installed")
        sys.exit(77)
    assert os.path.exists(lab.program())
    unittest.main(verbosity=2)
