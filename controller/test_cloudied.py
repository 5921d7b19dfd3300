# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole of cloudied, from outside: its protocols, its start and its end."""
import http.client
import json
import os
import pwd
import shutil
import signal
import subprocess
import threading
import time
import unittest

import cloudied_lab as lab

MAC = "52:54:00:77:00:01"
OTHER = "52:54:00:77:00:02"


class Whole(unittest.TestCase):
    """One cloudied, and one boot after the other."""

    @classmethod
    def setUpClass(cls):
        cls.d = lab.Cloudied(lab.program())
        cls.d_package = lab.package(os.path.join(cls.d.folder, "package"))
        cls.d = lab.Cloudied(lab.program(), package=cls.d_package, folder=cls.d.folder,
                             port=cls.d.port).start()
        cls.token = cls.d.login(cls.d.out_text())
        cls.edge = cls.d.join()
        cls.key = lab.Key(cls.d.folder)

    @classmethod
    def tearDownClass(cls):
        rc = cls.d.stop()
        text = cls.d.log_text()
        shutil.rmtree(cls.d.folder)
        assert rc == 0, text
        assert "ERROR: " not in text, text  # of a sanitizer

    def boot(self, mac, report, key=None):
        return self.d.discover(self.edge, key or self.key, mac, report)

    def steps(self, name):
        items = self.d.get(f"/api/v1/nodes/{name}/timeline", token=self.token).json["items"]
        return [e["step"] for e in items]

    def test_first_light(self):
        d = self.d
        start = d.get("/api/v1/status", token=self.token).json["last_event"]
        config = d.get("/edge/v1/config", token=self.edge)
        self.assertEqual(config.json["networks"][0]["subnet"], "10.77.0.0/24")
        again = d.get("/edge/v1/config", token=self.edge,
                      headers={"If-None-Match": config.headers["ETag"]})
        self.assertEqual((again.status, again.body), (304, b""))

        plan = d.plan(self.edge, MAC)
        self.assertEqual(plan["action"], "discover")
        self.assertEqual(plan["kernel_arguments"], "console=ttyS0")
        self.assertEqual(d.plan(self.edge, MAC)["boot"], plan["boot"])
        self.assertNotEqual(d.plan(self.edge, MAC, "10.77.0.101")["boot"], plan["boot"])
        report = [{"seq": 1, "at_ms": 5, "mac": MAC, "address": "10.77.0.100", "step": "dhcp-ack"},
                  {"seq": 2, "at_ms": 6, "mac": MAC, "boot": plan["boot"], "step": "kernel",
                   "bytes": 8000000, "took_ms": 90},
                  {"seq": 3, "at_ms": 7, "mac": MAC, "step": "phase", "text": "forged"}]
        for _ in range(2):  # a repeat is harmless
            answer = d.post("/edge/v1/events", {"events": report}, token=self.edge)
            self.assertEqual(answer.json, {"acknowledged": 3})

        claimed = d.claim(self.key, plan["boot"], MAC)
        self.assertEqual(claimed.status, 200)
        self.assertEqual(claimed.json["node"], "52-54-00-77-00-01")
        first = claimed.json["token"]
        agent = d.claim(self.key, plan["boot"], MAC).json["token"]
        self.assertNotEqual(first, agent)
        stale = d.get("/agent/v1/orders?generation=0", token=first)
        self.assertEqual((stale.status, stale.code), (401, "token-stale"))
        answer = d.post("/agent/v1/events", {"events": [
            {"seq": 1, "at_ms": 8, "mac": OTHER, "step": "agent"}]}, token=agent)
        self.assertEqual(answer.json, {"acknowledged": 1})
        answer = d.call("PUT", "/agent/v1/inventory", lab.inventory([MAC, OTHER]), token=agent)
        self.assertEqual(answer.json, {"node": "sn1"})

        node = d.get("/api/v1/nodes/sn1?inventory=1", token=self.token)
        self.assertEqual(node.json["status"]["phase"], "discovered")
        self.assertEqual(node.json["status"]["macs"], [MAC, OTHER])
        self.assertEqual(node.json["status"]["summary"]["memory_bytes"], 1 << 29)
        self.assertEqual(node.json["inventory"]["system"]["product"], "Standard PC")
        self.assertEqual(self.steps("sn1"), ["dhcp-ack", "kernel", "claim", "claim", "agent",
                                             "discovered", "held"])
        listed = d.get("/api/v1/nodes?select=phase=discovered", token=self.token).json["items"]
        self.assertIn("sn1", [n["name"] for n in listed])
        self.assertNotIn("inventory", listed[0])

        self.orders_and_phases(agent)

        stream = lab.events_of(d, self.token, after=start, want=3)
        self.assertEqual([e[1] for e in stream], ["dhcp-ack", "kernel", "claim"])
        resumed = lab.events_of(d, self.token, after=stream[1][0], want=1)
        self.assertEqual(resumed[0], stream[2])
        self.assertEqual(json.loads(stream[1][2])["bytes"], 8000000)

    def test_events_that_end(self):
        """Without an id all that is kept; with one from a time that never was, a reset."""
        d = self.d
        self.boot("52:54:00:77:03:01", lab.inventory(["52:54:00:77:03:01"], "ends"))
        all_of_them = d.get("/api/v1/events?follow=0", token=self.token)
        self.assertEqual(all_of_them.status, 200)
        self.assertTrue(all_of_them.body.startswith(b"id: 1\n"), all_of_them.body[:80])
        last = d.get("/api/v1/status", token=self.token).json["last_event"]
        self.assertIn(b"id: %d\n" % last, all_of_them.body)
        none = d.get(f"/api/v1/events?follow=0&after={last}", token=self.token)
        self.assertEqual((none.status, none.body), (200, b""))
        future = d.get(f"/api/v1/events?follow=0&after={last + 1000}", token=self.token)
        self.assertIn(b"event: reset\n", future.body)

    def test_listener_from_another_time(self):
        """A listener that knows later events than there are hears so, and then what comes."""
        d = self.d
        heard = []
        thread = threading.Thread(target=lambda: heard.extend(
            lab.events_of(d, self.token, after=1 << 40, want=2)))
        thread.start()
        time.sleep(0.5)
        self.boot("52:54:00:77:03:02", lab.inventory(["52:54:00:77:03:02"], "hears"))
        thread.join(15)
        self.assertEqual([e[1] for e in heard], ["reset", "claim"])

    def orders_and_phases(self, agent):
        d = self.d
        held = d.get("/agent/v1/orders?generation=0", token=agent).json
        self.assertEqual((held["generation"], held["order"]), (1, "hold"))
        waits = []
        thread = threading.Thread(target=lambda: waits.append(
            d.get("/agent/v1/orders?generation=1", token=agent)))
        thread.start()
        while d.get("/api/v1/status", token=self.token).json["agents_waiting"] < 1:
            time.sleep(0.02)
        node = d.get("/api/v1/nodes/sn1", token=self.token)
        self.assertEqual(node.json["status"]["conditions"][0]["name"], "agent-online")

        lost = d.post("/api/v1/nodes/sn1/accept", token=self.token, headers={"If-Match": '"1"x'})
        self.assertEqual((lost.status, lost.code), (412, "version-changed"))
        done = d.post("/api/v1/nodes/sn1/accept", token=self.token,
                      headers={"If-Match": node.headers["ETag"]})
        self.assertEqual((done.status, done.json["status"]["phase"]), (200, "ready"))
        thread.join(10)
        self.assertEqual(waits[0].json["generation"], 2)
        again = d.post("/api/v1/nodes/sn1/accept", token=self.token)
        self.assertEqual((again.status, again.code), (409, "phase-wrong"))
        explained = d.get("/api/v1/nodes/sn1/explain", token=self.token).json
        self.assertEqual(explained["plan"]["action"], "discover")
        self.assertIn("ready", explained["because"][0])

        gone = d.call("DELETE", "/api/v1/nodes/sn1", token=self.token)
        self.assertEqual((gone.status, gone.body), (204, b""))
        self.assertEqual(d.get("/api/v1/nodes/sn1", token=self.token).code, "node-unknown")
        self.assertEqual(d.get("/agent/v1/orders", token=agent).code, "token-stale")

    def test_claims(self):
        d, mac = self.d, "52:54:00:77:01:01"
        boot = d.plan(self.edge, mac)["boot"]
        self.assertEqual(d.claim(self.key, "0" * 16, mac).code, "boot-unknown")
        self.assertEqual(d.claim(self.key, boot, OTHER).code, "boot-not-its")
        other = lab.Key(d.folder)
        forged = d.claim(self.key, boot, mac, signature=other.sign("cloudie-claim-v1:" + boot))
        self.assertEqual((forged.status, forged.code), (403, "signature-wrong"))
        agent = d.claim(self.key, boot, mac).json["token"]
        self.assertEqual(d.get("/agent/v1/orders", token=agent).status, 200)
        second = d.claim(other, boot, mac)
        self.assertEqual((second.status, second.code), (409, "boot-conflict"))
        self.assertEqual(d.get("/agent/v1/orders", token=agent).code, "token-stale")
        self.assertEqual(d.claim(self.key, boot, mac).code, "boot-conflict")

    def test_identity(self):
        a, b, c = ("52:54:00:77:02:0%d" % i for i in range(1, 4))
        uuid = "11111111-2222-3333-4444-55555555555%d"
        first, _ = self.boot(a, lab.inventory([a], "twin", uuid % 1))
        second, _ = self.boot(b, lab.inventory([b], "twin", uuid % 2))
        self.assertEqual((first, second), ("twin", "twin-2"))
        # The same machine again, with one card more: the same node.
        again, _ = self.boot(a, lab.inventory([a, c], "twin", uuid % 1))
        self.assertEqual(again, "twin")
        # By its other card: still the same.
        self.assertEqual(self.boot(c, lab.inventory([a, c], "twin", uuid % 1))[0], "twin")
        # A card that another node has: both are in conflict.
        self.boot(b, lab.inventory([b, a], "twin", uuid % 2))
        for name in ("twin", "twin-2"):
            node = self.d.get("/api/v1/nodes/" + name, token=self.token).json
            self.assertIn("conflict", [x["name"] for x in node["status"]["conditions"]], name)
        # An operator decides.
        node = self.d.post("/api/v1/nodes/twin/accept", token=self.token).json
        self.assertNotIn("conflict", [x["name"] for x in node["status"]["conditions"]])

    def test_strangers(self):
        d = self.d
        for method, path, status, code in (
                ("GET", "/api/v1/nodes", 401, "token-missing"),
                ("GET", "/nowhere", 404, "path-unknown"),
                ("PATCH", "/api/v1/nodes", 405, "method-wrong"),
                ("POST", "/edge/v1/plan", 401, "token-missing")):
            answer = d.call(method, path)
            self.assertEqual((answer.status, answer.code), (status, code), path)
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        # Nor does a large body change that: nobody holds it, and the reason is still told.
        large = {"x": "y" * 5000000}
        for method, path, token, status, code in (
                ("PUT", "/agent/v1/inventory", "0" * 64, 401, "token-stale"),
                ("PUT", "/agent/v1/inventory", None, 401, "token-missing"),
                ("POST", "/edge/v1/events", self.token, 401, "token-unknown"),
                ("POST", "/nowhere", None, 404, "path-unknown"),
                ("PATCH", "/api/v1/nodes", None, 405, "method-wrong")):
            answer = d.call(method, path, large, token=token)
            self.assertEqual((answer.status, answer.code), (status, code), path)
        # A credential opens only its own doors.
        self.assertEqual(d.get("/api/v1/nodes", token=self.edge).code, "token-unknown")
        self.assertEqual(d.get("/edge/v1/config", token=self.token).code, "token-unknown")
        bad = d.post("/edge/v1/plan", b"{", token=self.edge)
        self.assertEqual((bad.status, bad.code), (400, "body-malformed"))
        bad = d.post("/edge/v1/join", {"token": "0" * 64, "name": "x"})
        self.assertEqual((bad.status, bad.code), (403, "join-token-wrong"))
        self.assertEqual(d.get("/api/v1/nodes?select=x%3D", token=self.token).code, "query-malformed")

    def test_login_is_good_once(self):
        line = self.d.login_line()
        self.d.login(line)
        token = line.split("#")[1].split(".")[0]
        used = self.d.post("/api/v1/login", {"token": token})
        self.assertEqual((used.status, used.code), (403, "login-wrong"))

    def test_assets(self):
        d = self.d
        manifest = d.get("/edge/v1/assets/manifest.json", token=self.edge)
        self.assertEqual(manifest.status, 200)
        signature = d.get("/edge/v1/assets/manifest.json.minisig", token=self.edge)
        site = d.get("/edge/v1/assets/site.cpio", token=self.edge)
        part = d.get("/edge/v1/assets/vmlinuz", token=self.edge, headers={"Range": "bytes=10-19"})
        self.assertEqual((part.status, len(part.body)), (206, 10))
        same = d.get("/edge/v1/assets/vmlinuz", token=self.edge,
                     headers={"If-None-Match": part.headers["ETag"]})
        self.assertEqual(same.status, 304)
        self.assertEqual(d.get("/edge/v1/assets/none", token=self.edge).code, "asset-unknown")

        folder = os.path.join(d.folder, "unpacked")
        os.makedirs(folder)
        subprocess.run(("cpio", "-id", "--quiet"), input=site.body, cwd=folder, check=True)
        with open(os.path.join(folder, "etc/cloudie/site.json")) as f:
            self.assertEqual(json.load(f), {"controllers": [f"https://127.0.0.1:{d.port}"]})
        with open(os.path.join(folder, "etc/cloudie/ca.pem")) as f:
            with open(os.path.join(d.state, "tls/cert.pem")) as g:
                self.assertEqual(f.read(), g.read())
        if shutil.which("minisign"):
            for name, data in (("m", manifest.body), ("m.minisig", signature.body)):
                with open(os.path.join(folder, name), "wb") as f:
                    f.write(data)
            subprocess.run(("minisign", "-Vqm", "m", "-p", "etc/cloudie/signing.pub"), cwd=folder,
                           check=True)


class Start(unittest.TestCase):
    """What stands in the way of a start is said in one sentence; what was kept is there again."""

    def setUp(self):
        self.all = []

    def tearDown(self):
        for d in self.all:
            d.stop()
            shutil.rmtree(d.folder, ignore_errors=True)

    def make(self, **more):
        self.all.append(lab.Cloudied(lab.program(), **more))
        return self.all[-1]

    def fails(self, command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=lab.START_S)
        self.assertEqual(done.returncode, 1, done)
        lines = [x for x in done.stderr.splitlines() if x.startswith("cloudied: ")]
        self.assertEqual(len(lines), 1, done.stderr)
        return lines[0]

    def test_second_instance(self):
        d = self.make().start()
        self.assertIn("another cloudied", self.fails(d.command()))

    def test_ports_in_use(self):
        d = self.make().start()
        other = self.make(port=d.port)
        self.assertIn(f"port {d.port} is in use", self.fails(other.command()))
        third = self.make(http_port=d.port)
        said = self.fails(third.command())
        self.assertIn(f"port {d.port} is in use", said)
        self.assertIn("http_port", said)

    def test_bad_configuration(self):
        for more, what in (({"extra": "colour: red\n"}, "colour"),
                           ({"arguments": "a;b"}, "kernel_arguments"),
                           ({"extra": "reservations: [{mac: '52:54:00:77:00:01',"
                                      " address: 10.1.1.1}]\n"}, "in no network")):
            self.assertIn(what, self.fails(self.make(**more).command("--check-config")))
        if os.geteuid() == 0:
            self.assertIn("no-such-user",
                          self.fails(self.make(extra="user: no-such-user\n").command()))
        self.assertIn("start cloudied once", self.fails(self.make().command("--login-link")))
        good = self.make()
        done = subprocess.run(good.command("--check-config"), capture_output=True)
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        done = subprocess.run([lab.program(), "--nonsense"], capture_output=True)
        self.assertEqual(done.returncode, 2)

    def test_bad_package(self):
        d = self.make()
        package = lab.package(os.path.join(d.folder, "package"))
        d = self.make(package=package)
        with open(os.path.join(package, "vmlinuz"), "r+b") as f:
            f.write(b"x" * 10)
        self.assertIn("vmlinuz", self.fails(d.command()))
        os.unlink(os.path.join(package, "vmlinuz"))
        self.assertIn("vmlinuz", self.fails(d.command()))

    def test_emptied_join_token(self):
        """It is not a token that everybody knows."""
        d = self.make().start()
        d.stop()
        with open(os.path.join(d.state, "join-token"), "w"):
            pass
        self.assertIn("no join token", self.fails(d.command()))

    def test_redirect(self):
        port = lab.free_port()
        d = self.make(http_port=port).start()
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        c.request("GET", "/api/v1/nodes", headers={"Host": "evil.example"})
        answer = c.getresponse()
        self.assertEqual(answer.status, 308)
        self.assertEqual(answer.headers["Location"],
                         f"https://127.0.0.1:{d.port}/api/v1/nodes")
        c.close()

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_no_root(self):
        d = self.make(extra="user: nobody\n")
        os.chmod(d.folder, 0o711)
        d.start()
        with open(f"/proc/{d.process.pid}/status") as f:
            status = f.read()
        self.assertIn(f"Uid:\t{pwd.getpwnam('nobody').pw_uid}\t", status)
        self.assertIn("NoNewPrivs:\t1", status)
        self.assertIn("CapEff:\t0000000000000000", status)
        d.login(d.out_text())
        d.login()  # a link that root made
        self.assertEqual(os.stat(os.path.join(d.state, "join-token")).st_mode & 0o777, 0o600)

    def test_stop_under_load(self):
        """Everybody gets an answer or a closed door; nothing hangs, nothing crashes."""
        d = self.make().start()
        token, edge, key = d.login(d.out_text()), d.join(), lab.Key(d.folder)
        _, agent = d.discover(edge, key, MAC, lab.inventory([MAC]))
        answers = []

        def ask(n):
            calls = (("GET", "/agent/v1/orders?generation=1", None, agent),
                     ("POST", "/edge/v1/plan", {"mac": f"52:54:00:78:00:{n:02x}",
                                                "address": "10.77.0.9", "architecture": 0}, edge),
                     ("GET", "/api/v1/nodes/sn1?inventory=1", None, token),
                     ("GET", "/api/v1/nodes/sn1/timeline", None, token))
            method, path, body, bearer = calls[n % len(calls)]
            try:
                while True:
                    answers.append(d.call(method, path, body, token=bearer).status)
            except (OSError, http.client.HTTPException):
                pass

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(12)]
        for t in threads:
            t.start()
        time.sleep(0.5)
        start = time.monotonic()
        self.assertEqual(d.stop(), 0)
        self.assertLess(time.monotonic() - start, 5)
        for t in threads:
            t.join(30)
        self.assertLessEqual(set(answers), {200, 503})
        self.assertIn(200, answers)

    def test_killed_and_started_again(self):
        d = self.make().start()
        token = d.login(d.out_text())
        edge = d.join()
        key = lab.Key(d.folder)
        name, agent = d.discover(edge, key, MAC, lab.inventory([MAC]))
        boot = d.plan(edge, OTHER)["boot"]
        before = d.get("/api/v1/nodes/" + name, token=token).json
        last = d.get("/api/v1/status", token=token).json["last_event"]
        d.stop(signal.SIGKILL)

        d.start()
        self.assertEqual(d.out_text(), "")  # somebody has logged in: no new link
        after = d.get("/api/v1/nodes/" + name, token=token).json
        self.assertEqual(after["version"], before["version"])
        self.assertEqual(after["status"]["summary"], before["status"]["summary"])
        self.assertEqual(d.get("/agent/v1/orders", token=agent).json["generation"], 1)
        self.assertEqual(d.plan(edge, OTHER)["boot"], boot)
        self.assertEqual(d.get("/api/v1/status", token=token).json["last_event"], last)
        again = d.get("/api/v1/nodes/" + name + "?inventory=1", token=token).json
        self.assertEqual(again["inventory"], lab.inventory([MAC]))
        self.assertEqual(d.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
