#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudie-netbootd on a wire of its own, asked by the clients of others.

Usage: test_netbootd.py PROGRAM [TEST ...]

Two network namespaces, one with the edge and a stand-in for the controller (stand_in.py: these
tests need answers that cloudied would never give, and a controller that is away), one with the
machine that boots. Exits 77 (skipped) without root or a client.
"""
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from wire import (BOOT, EDGE, EDGE_NS, IPXE, MAC, NODE_NS, OTHER_MAC, PXE, SCRIPT, UEFI, Wire,
                  in_edge, in_node, run, until)

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = None
TOOLS = ["ip", "udhcpc", "curl", "tftp", "atftp", "strace", "openssl", "setpriv"]


class EdgeTest(unittest.TestCase):
    reload_ipxe = False

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="netbootd-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.state = os.path.join(self.folder, "state")
        self.controller = self.edge = None
        self.addCleanup(self.stop)
        self.make_certificate()
        self.make_package()
        self.answer()
        self.config()
        run("ip", "-4", "-n", NODE_NS, "addr", "flush", "dev", "eth0")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())

    def make_certificate(self):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "2", "-subj", "/CN=stand-in", "-addext",
            "subjectAltName=IP:127.0.0.1", "-keyout", self.path("key.pem"), "-out",
            self.path("cert.pem"))

    def make_package(self):
        files = []
        for name, role, size in (("vmlinuz", "kernel", 3000001), ("discovery.initrd", "ramdisk", 700),
                                 ("undionly.kpxe", "loader", 71000), ("shimx64.efi", "loader", 900),
                                 ("grubx64.efi", "second-loader", 3000), ("two.squashfs", "stage-two", 9)):
            data = os.urandom(size)
            self.write("assets/" + name, data)
            files.append({"name": name, "size": size, "role": role,
                          "sha256": hashlib.sha256(data).hexdigest()})
        self.write("assets/manifest.json", json.dumps({"kernel_version": "6.1", "files": files}))
        self.write("assets/manifest.json.minisig", "signature")
        self.write("assets/site.cpio", "site")
        self.write("join-token", "a" * 64 + "\n")

    def answer(self, plan=None, delay_s=0, protocol="http", more_networks=(), disks=(), ports=()):
        self.write("answers.tmp", json.dumps({
            "config": {"version": 1, "networks": [{
                "name": "lab", "subnet": "10.77.0.0/24", "pool_first": "10.77.0.100",
                "pool_last": "10.77.0.200", "protocol": protocol,
                "reload_ipxe": self.reload_ipxe}, *more_networks], "reservations": [],
                "disks": [{"mac": mac} for mac in disks], "ports": ports},
            "plan": plan or {"boot": BOOT, "action": "discover", "reason": "never seen",
                             "kernel_arguments": "console=ttyS0"},
            "plan_delay_s": delay_s}))
        os.rename(self.path("answers.tmp"), self.path("answers.json"))

    def config(self, more=""):
        self.write("netbootd.yaml", """
controller: https://127.0.0.1:8443
ca_file: %s
join_token_file: %s
name: lab
state: %s
interfaces: [br0]
%s""" % (self.path("cert.pem"), self.path("join-token"), self.state, more))

    def start_controller(self):
        self.controller = subprocess.Popen(
            ["ip", "netns", "exec", EDGE_NS, sys.executable, os.path.join(HERE, "stand_in.py"),
             self.folder])

        def answers():
            return in_edge("curl", "-sk", "https://127.0.0.1:8443/", check=False).returncode == 0
        until(10, answers, "stand-in controller")

    def start_edge(self, prefix=(), healthy=True):
        with open(self.path("log"), "ab") as log:
            self.edge = subprocess.Popen(
                ["ip", "netns", "exec", EDGE_NS, *prefix, PROGRAM, "--config",
                 self.path("netbootd.yaml")], stderr=log)
        if healthy:
            until(60, lambda: self.health() == 200, lambda: "edge is healthy: " + self.log())

    def start(self):
        self.start_controller()
        self.start_edge()

    def stop_one(self, process, how=signal.SIGTERM):
        if process and process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return process.returncode if process else None

    def stop(self):
        edge = self.stop_one(self.edge)
        self.stop_one(self.controller)
        if edge is not None and edge not in (0, -signal.SIGKILL):
            raise AssertionError("cloudie-netbootd ended with %d: %s" % (edge, self.log()))

    def log(self):
        try:
            with open(self.path("log"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def health(self):
        return self.status("/healthz", runner=in_edge)

    def status(self, path, runner=None):
        got = (runner or in_node)("curl", "-s", "--path-as-is", "-m", "10", "-o", "/dev/null", "-w",
                                  "%{http_code}", "http://%s%s" % (EDGE, path), check=False)
        return int(got.stdout or 0)

    def fetch(self, url, *more, check=True):
        out = self.path("out")
        if os.path.exists(out):
            os.unlink(out)
        got = in_node("curl", "-s", "-f", "-m", "10", "-o", out, *more, url, check=check)
        if got.returncode != 0:
            return None
        with open(out, "rb") as f:
            return f.read()

    def heard(self, what):
        try:
            with open(self.path("heard.jsonl"), encoding="utf-8") as f:
                lines = [json.loads(line) for line in f]
        except FileNotFoundError:
            return []
        return [line["body"] for line in lines if line["what"] == what]

    def steps(self):
        return [e["step"] for e in self.heard("event")]

    def asset(self, name):
        with open(self.path("assets", name), "rb") as f:
            return f.read()

    def dhcp(self, options=(), seconds=8, mac=None):
        """What udhcpc was given, as its script's variables; None without a lease."""
        script = self.path("udhcpc.sh")
        given = self.path("given")
        self.write("udhcpc.sh", "#!/bin/sh\n[ \"$1\" = bound ] && env > %s\nexit 0\n" % given)
        os.chmod(script, 0o755)
        if os.path.exists(given):
            os.unlink(given)
        run("ip", "-n", NODE_NS, "link", "set", "eth0", "address", mac or MAC)
        in_node("udhcpc", "-i", "eth0", "-f", "-q", "-n", "-t", str(seconds), "-T", "1", "-s",
                script, "-O", "bootfile", "-O", "tftp", *options, check=False)
        run("ip", "-n", NODE_NS, "link", "set", "eth0", "address", MAC)
        if not os.path.exists(given):
            return None
        with open(given, encoding="utf-8") as f:
            return dict(line.rstrip("\n").split("=", 1) for line in f if "=" in line)

    def lease(self, options=()):
        got = self.dhcp(options)
        self.assertIsNotNone(got, self.log())
        run("ip", "-4", "-n", NODE_NS, "addr", "flush", "dev", "eth0")
        run("ip", "-n", NODE_NS, "addr", "add", got["ip"] + "/24", "dev", "eth0")
        return got


class Serving(EdgeTest):
    def test_plain_client(self):
        self.start()
        got = self.dhcp()
        self.assertRegex(got["ip"], r"^10\.77\.0\.1\d\d$")
        self.assertEqual(got["subnet"], "255.255.255.0")
        self.assertEqual(got["serverid"], EDGE)
        self.assertNotIn("boot_file", got)
        self.assertEqual(self.dhcp()["ip"], got["ip"])
        self.assertNotEqual(self.dhcp(mac=OTHER_MAC)["ip"], got["ip"])
        self.assertEqual(self.heard("plan"), [])

    def test_stages_of_a_boot(self):
        self.start()
        rom = self.dhcp(PXE)
        self.assertEqual(rom["boot_file"], "undionly.kpxe")
        self.assertEqual(rom["siaddr"], EDGE)
        ipxe = self.dhcp(IPXE)
        self.assertEqual(ipxe["boot_file"], "http://%s/%s" % (EDGE, SCRIPT))
        self.assertEqual(ipxe["ip"], rom["ip"])
        uefi = self.dhcp(UEFI)
        self.assertEqual(uefi["ip"], rom["ip"])
        self.assertEqual((uefi["boot_file"], uefi["siaddr"]), ("shimx64.efi", EDGE))
        self.assertNotIn("boot_file", self.dhcp(["-V", "PXEClient:Arch:00011", "-x", "0x5d:000b"]))
        self.assertIn("UEFI boot comes with a later release", self.log() + str(self.heard("event")))

    def test_http(self):
        self.start()
        lease = self.lease(IPXE)
        script = self.fetch("http://%s/%s" % (EDGE, SCRIPT)).decode()
        self.assertTrue(script.startswith("#!ipxe\n"), script)
        self.assertIn("cloudie.boot=" + BOOT, script)
        self.assertRegex(script,
                         r"BOOTIF=01-52-54-00-77-00-01 cloudie\.time=\d{10} console=ttyS0")
        self.assertEqual(self.heard("plan")[-1]["address"], lease["ip"])
        self.assertTrue(self.heard("plan")[-1]["is_ipxe"])
        for name in ("vmlinuz", "discovery.initrd", "site.cpio", "two.squashfs", "manifest.json"):
            self.assertEqual(self.fetch("http://%s/assets/%s" % (EDGE, name)), self.asset(name))
        self.assertEqual(self.fetch("http://%s/assets/vmlinuz" % EDGE, "-r", "1000-2999"),
                         self.asset("vmlinuz")[1000:3000])
        # Somebody else's plan; what is not ours; ways out.
        self.assertEqual(self.status("/boot/ipxe/" + OTHER_MAC.replace(":", "-")), 403)
        for path in ("/x", "/assets/", "/assets/nothing", "/assets/.part", "/boot/ipxe/x",
                     "/undionly.kpxe"):
            self.assertEqual(self.status(path), 404, path)
        for path in ("/", "/../credential", "/assets/../credential", "/assets/%2e%2e/credential",
                     "/assets/..%2fcredential"):
            self.assertIn(self.status(path), (400, 404), path)
        wanted = {"dhcp-discover", "dhcp-offer", "dhcp-ack", "plan", "script", "kernel", "ramdisk",
                  "site"}
        until(8, lambda: wanted <= set(self.steps()), "events: %s" % self.steps())
        kernel = [e for e in self.heard("event") if e["step"] == "kernel"][0]
        self.assertEqual((kernel["mac"], kernel["address"], kernel["boot"], kernel["bytes"]),
                         (MAC, lease["ip"], BOOT, 3000001))

    def test_a_file_in_part(self):
        """Whoever goes away in the middle is in the timeline, with what he got; and our agent's
        own address is no boot."""
        self.start()
        self.lease(IPXE)
        # With a small window: what its kernel has taken for it counts as fetched.
        in_node(sys.executable, "-c", "import socket; s = socket.socket(); "
                "s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096); s.connect(('%s', 80)); "
                "s.sendall(b'GET /assets/vmlinuz HTTP/1.0\\r\\n\\r\\n'); s.recv(1000)" % EDGE)
        until(8, lambda: "stopped" in self.steps(), "events: %s" % self.steps())
        stopped = [e for e in self.heard("event") if e["step"] == "stopped"][0]
        self.assertEqual((stopped["mac"], stopped["boot"], stopped["of"], stopped["total"]),
                         (MAC, BOOT, "kernel", 3000001))
        self.assertLess(stopped.get("bytes", 0), stopped["total"])
        plans = self.steps().count("plan")
        self.lease(["-V", "cloudie"])
        until(8, lambda: "the agent's own" in [e.get("text") for e in self.heard("event")], "events")
        self.assertEqual(self.steps().count("plan"), plans)

    def test_tftp(self):
        self.answer(protocol="tftp")
        self.start()
        self.assertEqual(self.lease(IPXE)["boot_file"], "tftp://%s/%s" % (EDGE, SCRIPT))
        url = "tftp://%s/" % EDGE
        self.assertEqual(self.fetch(url + "undionly.kpxe"), self.asset("undionly.kpxe"))
        self.assertEqual(self.fetch(url + "assets/vmlinuz", "--tftp-blksize", "1428"),
                         self.asset("vmlinuz"))
        script = self.fetch(url + SCRIPT).decode()
        self.assertIn("kernel --name vmlinuz tftp://%s/assets/vmlinuz" % EDGE, script)
        out = self.path("got")
        in_node("tftp", "-m", "binary", EDGE, "-c", "get", "assets/discovery.initrd", out)
        with open(out, "rb") as f:
            self.assertEqual(f.read(), self.asset("discovery.initrd"))
        in_node("atftp", "--option", "windowsize 8", "--option", "blksize 1428", "--get", "-r",
                "assets/vmlinuz", "-l", out, EDGE)
        with open(out, "rb") as f:
            self.assertEqual(f.read(), self.asset("vmlinuz"))
        for name in ("vmlinuz", "assets/nothing", "assets/../credential", "../credential",
                     "boot/ipxe/" + OTHER_MAC.replace(":", "-"), "healthz"):
            self.assertIsNone(self.fetch(url + name, "--path-as-is", check=False), name)
        self.assertNotEqual(in_node("atftp", "--put", "-l", out, "-r", "x", EDGE,
                                    check=False).returncode, 0)
        until(8, lambda: {"loader", "kernel", "script"} <= set(self.steps()), "events")

    def test_grub(self):
        """What shim and GRUB ask for, in their order; the plan is told as an iPXE's is."""
        self.start()
        self.assertEqual(self.lease(UEFI)["boot_file"], "shimx64.efi")
        url, plan = "tftp://%s/" % EDGE, "boot/grub/" + MAC
        for name in ("shimx64.efi", "grubx64.efi"):
            self.assertEqual(self.fetch(url + name), self.asset(name))
        self.assertIn("\nsource (tftp,%s)/boot/grub/$net_default_mac\n" % EDGE,
                      self.fetch(url + "/grub/grub.cfg").decode())
        for name in ("01-" + MAC.replace(":", "-"), "52540077-0001-4a4b-8c8d-112233445566"):
            self.assertEqual(self.fetch(url + "/grub/grub.cfg-" + name), self.fetch(url + "/grub/grub.cfg"))
        self.assertIn(" cloudie.boot=%s " % BOOT, self.fetch(url + plan).decode())
        for name in ("revocations_sku.efi", "boot/grub/" + OTHER_MAC, "boot/grub/"):
            self.assertIsNone(self.fetch(url + name, check=False), name)
        until(8, lambda: self.steps().count("loader") == 2 and "script" in self.steps(), "events")

    def test_router_solicitation(self):
        self.start()
        code = (
            "import socket,struct,sys,time\n"
            "s=socket.socket(socket.AF_INET6,socket.SOCK_RAW,socket.IPPROTO_ICMPV6)\n"
            "i=socket.if_nametoindex('eth0')\n"
            "s.setsockopt(socket.IPPROTO_IPV6,socket.IPV6_MULTICAST_HOPS,255)\n"
            "s.setsockopt(socket.IPPROTO_IPV6,socket.IPV6_MULTICAST_IF,i)\n"
            "s.settimeout(1)\n"
            "for n in range(5):\n"
            "    s.sendto(struct.pack('!BBHI',133,0,0,0),('ff02::2',0,0,i))\n"
            "    try:\n"
            "        while True:\n"
            "            d=s.recv(2000)\n"
            "            if d[0]==134: print(struct.unpack('!H',d[6:8])[0], d[5]); sys.exit()\n"
            "    except TimeoutError: pass\n")
        self.assertEqual(in_node(sys.executable, "-c", code).stdout.split(), ["0", "0"])


RELAYED = """
import socket, struct, sys
def ask(kind, source, giaddr, ciaddr, options):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(source)
    s.settimeout(3)
    s.sendto(struct.pack('!4B2I4s8s4s6s202xI', 1, 1, 6, 0, 7, 0, socket.inet_aton(ciaddr), b'',
                         socket.inet_aton(giaddr), b'RT\\0w\\0\\7', 0x63825363) +
             bytes((53, 1, kind)) + options + b'\\xff', ('%s', 67))
    got = s.recv(2000)
    print(got[242], socket.inet_ntoa(got[16:20]))
    return got
offer = ask(1, ('10.88.0.1', 67), '10.88.0.1', '0.0.0.0', b'')
wanted = bytes((50, 4)) + offer[16:20] + bytes((54, 4)) + socket.inet_aton('%s')
ask(3, ('10.88.0.1', 67), '10.88.0.1', '0.0.0.0', wanted)
ask(3, ('10.88.0.10', 68), '0.0.0.0', '10.88.0.10', b'')
""" % (EDGE, EDGE)


class Older(EdgeTest):
    def test_leases_of_no_use(self):
        """A controller that does not take the list of leases, as the stand-in: told, and once."""
        self.start()
        until(10, lambda: "event=edge.leases" in self.log(), self.log)
        time.sleep(7)  # asked once more
        self.assertEqual(self.log().count("event=edge.leases"), 1)


class Relayed(EdgeTest):
    def test_lease_and_renewal(self):
        self.answer(more_networks=[{"name": "behind", "subnet": "10.88.0.0/24",
                                    "pool_first": "10.88.0.10", "pool_last": "10.88.0.10"}])
        self.start()
        for address in ("10.88.0.1", "10.88.0.10"):
            run("ip", "-n", NODE_NS, "addr", "add", address + "/24", "dev", "eth0")
        run("ip", "-n", NODE_NS, "route", "add", EDGE, "dev", "eth0")
        run("ip", "-n", EDGE_NS, "route", "add", "10.88.0.0/24", "dev", "br0")
        self.addCleanup(run, "ip", "-n", EDGE_NS, "route", "del", "10.88.0.0/24")
        got = in_node(sys.executable, "-c", RELAYED, check=False)
        # OFFER, ACK; and the renewal, which comes past the relay and is no stranger's: ACK.
        self.assertEqual(got.stdout.split(), ["2", "10.88.0.10", "5", "10.88.0.10", "5",
                                              "10.88.0.10"], got.stderr + self.log())


class Reload(EdgeTest):
    reload_ipxe = True

    def test_card_loads_ours_first(self):
        self.answer(protocol="tftp")
        self.start()
        lease = self.lease(IPXE)
        self.assertEqual(lease["boot_file"], "undionly.kpxe")
        self.assertEqual(self.dhcp(IPXE)["boot_file"], "undionly.kpxe")
        self.fetch("tftp://%s/undionly.kpxe" % EDGE)
        until(2, lambda: "event=sent" in self.log(), "delivered")
        self.assertEqual(self.dhcp(IPXE)["boot_file"], "tftp://%s/%s" % (EDGE, SCRIPT))
        # A plain ROM is where it begins anew.
        self.assertEqual(self.dhcp(PXE)["boot_file"], "undionly.kpxe")


class Controller(EdgeTest):
    def again(self):
        return self.fetch("http://%s/%s" % (EDGE, SCRIPT)).decode()

    def test_hostile_plan(self):
        for arguments in ("a=${net0/mac}", "x\nshell", "quiet && shell", "a;b"):
            self.answer(plan={"boot": BOOT, "action": "discover", "reason": "x\nshell",
                              "kernel_arguments": arguments})
            if not self.edge:
                self.start()
            self.lease(IPXE)
            script = self.again()
            self.assertIn("asking again", script)
            self.assertNotIn("shell", script)
            self.assertNotIn("kernel", script)

    def test_slow_plan(self):
        self.answer(delay_s=2.6)
        self.start()
        self.lease(IPXE)
        start = time.monotonic()
        self.assertIn("asking again", self.again())
        self.assertLess(time.monotonic() - start, 2.5)
        # Nobody else waited; and the answer that came late is there for the next question.
        self.assertEqual(self.status("/assets/vmlinuz"), 200)
        until(4, lambda: "cloudie.boot=" in self.again(), "plan")

    def test_disk(self):
        self.answer(plan={"action": "disk", "node": "lab-0001", "reason": "deployed"})
        self.start()
        self.lease(IPXE)
        self.assertTrue(self.again().endswith("exit\n"))

    def test_install_then_reboot(self):
        """The plan of the boot before is nobody's, however late that of the new one is."""
        install = {"boot": BOOT, "action": "install", "node": "lab-0001", "reason": "operation 1"}
        self.answer(plan=install)
        self.start()
        self.lease(IPXE)
        script = self.again()
        self.assertIn("Cloudie: install, boot " + BOOT, script)
        self.assertIn("cloudie.boot=" + BOOT, script)
        # It restarts; the controller takes longer than a script waits.
        self.answer(plan={"action": "disk", "node": "lab-0001", "reason": "installed"}, delay_s=2.6)
        self.lease(IPXE)
        self.assertIn("asking again", self.again())
        until(6, lambda: "from the disk - installed\nexit\n" in self.again(), self.log)
        # What was asked before it restarted is not told after it, though it comes after it.
        self.answer(plan=install, delay_s=2)
        asked = len(self.heard("plan"))
        self.lease(IPXE)
        until(5, lambda: len(self.heard("plan")) > asked, "asked")
        time.sleep(0.3)  # the answer is made; it is on its way now
        self.answer(plan={"action": "disk", "node": "lab-0001", "reason": "installed"})
        self.lease(IPXE)
        end = time.monotonic() + 12
        script = ""
        while "exit" not in script and time.monotonic() < end:
            script = self.again()
            self.assertNotIn("cloudie.boot", script)
        self.assertIn("from the disk - installed", script)
        self.assertIn("event=plan.outdated", self.log())

    def test_system_on_the_disk(self):
        """What runs on the disk took an address: of a machine that boots its disk, and of no other;
        not firmware, nor a loader, nor our agent."""
        self.answer(plan={"action": "disk", "node": "lab-0001", "reason": "installed"}, disks=[MAC])
        self.start()
        self.lease(IPXE)
        self.dhcp(["-V", "cloudie-agent"])
        self.dhcp(mac=OTHER_MAC)
        until(8, lambda: "script" in self.steps() or self.again() and "script" in self.steps(),
              "events")
        self.assertNotIn("system", self.steps())
        got = self.lease()
        until(8, lambda: "system" in self.steps(), "the event")
        event = [e for e in self.heard("event") if e["step"] == "system"]
        self.assertEqual([(e["mac"], e["address"]) for e in event], [(MAC, got["ip"])])

    def listen(self):
        """Where the machine is, something that answers at port 22."""
        process = subprocess.Popen(
            ["ip", "netns", "exec", NODE_NS, sys.executable, "-c",
             "import socket, time\ns = socket.create_server(('0.0.0.0', 22))\n"
             "print('listens', flush=True)\ntime.sleep(600)"], stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(self.stop_one, process)
        self.assertEqual(process.stdout.readline(), b"listens\n")

    def test_port_on_the_disk(self):
        """A port is looked for at the address that the machine leases, and nowhere else."""
        self.answer(plan={"action": "disk", "node": "lab-0001", "reason": "installed"}, disks=[MAC],
                    ports=[{"mac": MAC, "port": 22, "operation": 7},
                           {"mac": OTHER_MAC, "port": 22, "operation": 8}])
        self.start()
        got = self.lease()
        until(8, lambda: "system" in self.steps(), "the lease")
        self.assertNotIn("port", self.steps())
        self.listen()
        until(12, lambda: "port" in self.steps(), "the event")
        events = [e for e in self.heard("event") if e["step"] == "port"]
        self.assertEqual([(e["mac"], e["address"], e["operation"], e["text"]) for e in events],
                         [(MAC, got["ip"], 7, "port 22 answers")])
        self.assertIn("event=port ", self.log())

    def test_away_disk(self):
        """Without a controller a deployed node boots its disk, and a stranger asks again."""
        deployed = {"action": "disk", "node": "lab-0001", "reason": "deployed"}
        away = "from the disk - the controller is away: a deployed node boots its disk\nexit\n"
        self.answer(plan=deployed, disks=[MAC], protocol="tftp")
        self.start()
        self.lease(IPXE)
        self.assertIn("from the disk - deployed\n", self.again())
        self.stop_one(self.controller)
        for _ in range(2):
            self.lease(IPXE)
            self.assertIn(away, self.again())
            script = self.fetch("tftp://%s/%s" % (EDGE, SCRIPT)).decode()
            self.assertIn(away, script)
            stranger = self.dhcp(IPXE, mac=OTHER_MAC)
            run("ip", "-4", "-n", NODE_NS, "addr", "flush", "dev", "eth0")
            run("ip", "-n", NODE_NS, "addr", "add", stranger["ip"] + "/24", "dev", "eth0")
            script = self.fetch("http://%s/boot/ipxe/%s" % (EDGE, OTHER_MAC)).decode()
            self.assertIn("asking again", script)
            self.assertNotIn("exit", script)
            # The list outlives the program, and the list alone.
            self.stop_one(self.edge)
            self.start_edge()
        # It is back, and says otherwise: what it says counts.
        self.answer(protocol="tftp")
        self.start_controller()
        self.lease(IPXE)
        until(10, lambda: "cloudie.boot=" in self.again(), "plan")

    def test_away_during_install(self):
        """An install is never repeated from memory."""
        self.answer(plan={"boot": BOOT, "action": "install", "node": "lab-0001", "reason": "x"})
        self.start()
        self.lease(IPXE)
        self.assertIn("install", self.again())
        self.stop_one(self.controller)
        self.lease(IPXE)
        script = self.again()
        self.assertIn("asking again", script)
        self.assertNotIn("cloudie.boot", script)

    def test_away(self):
        self.start()
        self.lease(IPXE)
        self.assertIn("cloudie.boot=", self.again())
        until(8, lambda: "script" in self.steps(), "events")
        before = len(self.heard("event"))
        self.stop_one(self.controller)
        got = self.lease(IPXE)
        self.assertIn("asking again", self.again())
        self.assertEqual(self.status("/assets/vmlinuz"), 200)
        self.assertEqual(len(self.heard("event")), before)
        # Killed without warning, started without a controller: it serves, and has lost no event.
        time.sleep(0.6)
        self.stop_one(self.edge, signal.SIGKILL)
        self.start_edge()
        self.assertEqual(self.dhcp(IPXE)["ip"], got["ip"])
        self.start_controller()
        until(15, lambda: "script" in self.steps()[before:], "events of the time between")
        late = self.heard("event")[before:]
        self.assertIn("kernel", [e["step"] for e in late])
        self.assertEqual(len({e["seq"] for e in late}), len(late))
        until(10, lambda: "cloudie.boot=" in self.again(), "plan")


class Package(EdgeTest):
    def test_changes_at_once(self):
        """While the ramdisk of a new package comes, the kernel is still the old one's."""
        self.start()
        old = {name: self.asset(name) for name in ("vmlinuz", "discovery.initrd")}
        self.write("hold-discovery.initrd", "")
        self.make_package()
        part = os.path.join(self.state, "assets", ".discovery.initrd.part")
        until(12, lambda: os.path.exists(part), "the new ramdisk is asked for")
        for name, data in old.items():
            self.assertEqual(in_edge("curl", "-s", f"http://{EDGE}/assets/{name}", text=False).stdout,
                             data)
        os.unlink(self.path("hold-discovery.initrd"))
        until(10, lambda: self.log().count("event=edge.assets") == 2, "the new package")
        for name in old:
            self.assertEqual(in_edge("curl", "-s", f"http://{EDGE}/assets/{name}", text=False).stdout,
                             self.asset(name))
        self.assertEqual([n for n in os.listdir(os.path.dirname(part)) if n.startswith(".")], [])


class Durable(EdgeTest):
    def test_killed_after_ack(self):
        self.start()
        got = self.lease(IPXE)
        self.stop_one(self.edge, signal.SIGKILL)
        self.start_edge()
        # The lease is known before any packet: the script is served to its address.
        self.assertIn("cloudie.boot=", self.fetch("http://%s/%s" % (EDGE, SCRIPT)).decode())
        other = self.dhcp(["-r", got["ip"]], mac=OTHER_MAC)
        self.assertNotEqual(other["ip"], got["ip"])
        self.assertEqual(self.dhcp(IPXE)["ip"], got["ip"])

    def test_disk_fails(self):
        self.start_controller()
        # The journal syncs by fdatasync alone; preallocation and replacing files do not.
        self.start_edge()
        self.stop_one(self.edge)
        # The leak checker cannot run under a tracer.
        self.start_edge(["env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-D", "-f", "-qq", "-o", self.path("strace"), "-e",
                         "trace=fdatasync", "-e", "inject=fdatasync:error=EIO"], healthy=False)
        until(20, lambda: self.health() in (200, 503), "edge answers")
        self.assertIsNone(self.dhcp(IPXE, seconds=3))
        self.assertIsNone(self.dhcp(PXE, seconds=2))
        with open(self.path("strace"), encoding="utf-8") as f:
            self.assertIn("INJECTED", f.read())
        self.assertEqual(self.health(), 503)
        log = self.log()
        self.assertEqual(log.count("event=journal.broken"), 1, log)
        self.assertIn("no ACK", log)
        self.assertNotIn("reply=ACK", log)


class Privileges(EdgeTest):
    def rights(self):
        with open("/proc/%d/status" % self.edge.pid, encoding="utf-8") as f:
            status = dict(line.split(":", 1) for line in f)
        self.assertEqual(int(status["CapPrm"], 16) | int(status["CapBnd"], 16), 0)
        self.assertEqual(status["NoNewPrivs"].strip(), "1")
        # Landlock is not in /proc: the daemon says which version it speaks.
        self.assertRegex(self.log(), r"event=start .*landlock=(\d+)|event=confine.files")
        return status["Uid"].split()[1], int(status["CapEff"], 16), status["Seccomp"].strip()

    def test_gives_up_root(self):
        os.chmod(self.folder, 0o755)
        self.config("user: nobody")
        self.start()
        self.assertEqual(self.rights(), ("65534", 0, "2"))
        self.lease(IPXE)
        self.assertIn("cloudie.boot=", self.fetch("http://%s/%s" % (EDGE, SCRIPT)).decode())
        self.fetch("tftp://%s/undionly.kpxe" % EDGE)
        with open(os.path.join(self.state, "credential"), encoding="utf-8") as f:
            self.assertEqual(os.fstat(f.fileno()).st_mode & 0o777, 0o600)
        self.assertNotIn("c" * 64, self.log())
        self.assertNotIn("a" * 64, self.log())

    def test_without_user(self):
        self.start()
        with open("/proc/%d/limits" % self.edge.pid, encoding="utf-8") as f:
            soft, hard = [line.split()[3:5] for line in f if line.startswith("Max open files")][0]
        self.assertGreaterEqual(int(soft), min(8192, int(hard)))
        self.assertEqual(self.rights(), ("0", 0, "2"))


class Refusals(EdgeTest):
    def ends(self, *arguments, prefix=()):
        got = in_edge(*prefix, PROGRAM, *(arguments or ("--config", self.path("netbootd.yaml"))),
                      check=False)
        return got.returncode, got.stderr

    def test_usage(self):
        self.assertEqual(self.ends("--nonsense")[0], 2)
        self.assertEqual(self.ends("word")[0], 2)
        self.assertEqual(self.ends("--version")[0], 0)
        check = ("--check-config", "--config", self.path("netbootd.yaml"))
        self.assertEqual(self.ends(*check), (0, ""))
        for bad in ("nonsense: 1", "image_cache_mb: 0", "services: [dhcp, nfs]", "http_port: 0", "http_port: 70000"):
            self.config(bad)
            code, text = self.ends(*check)
            self.assertEqual(code, 1, bad)
            self.assertIn("netbootd.yaml", text)
        self.assertEqual(self.ends("--config", "/nowhere")[0], 1)

    def test_no_such_interface(self):
        with open(self.path("netbootd.yaml"), encoding="utf-8") as f:
            self.write("netbootd.yaml", f.read().replace("br0", "br9"))
        code, text = self.ends()
        self.assertEqual(code, 1)
        self.assertIn("br9", text)

    def test_ports_in_use(self):
        for kind, port in ((socket.SOCK_DGRAM, 67), (socket.SOCK_DGRAM, 69),
                           (socket.SOCK_STREAM, 80)):
            # Without SO_REUSEADDR the connections that the edge before closed, which linger for a
            # minute, keep the port from the holder. That listens, so it is in use all the same.
            tcp = kind == socket.SOCK_STREAM
            code = ("import socket,time\ns=socket.socket(socket.AF_INET,%d)\n%s"
                    "s.bind(('0.0.0.0',%d))\n%s\nprint('x',flush=True)\ntime.sleep(60)"
                    % (kind, "s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1)\n" * tcp, port,
                       "s.listen()" * tcp))
            holder = subprocess.Popen(["ip", "netns", "exec", EDGE_NS, sys.executable, "-c", code],
                                      stdout=subprocess.PIPE)
            try:
                self.assertEqual(holder.stdout.readline(), b"x\n")
                status, text = self.ends()
                self.assertEqual(status, 1)
                self.assertIn("port %d on br0 is in use" % port, text)
            finally:
                holder.kill()
                holder.wait()
                holder.stdout.close()

    def test_no_file_outside(self):
        """Whoever is made to follow a link out of the state folder finds nothing there."""
        self.start()
        self.assertEqual(self.stop_one(self.edge), 0)
        if "event=confine.files" in self.log():
            self.skipTest("NOT TESTED: this kernel has no Landlock")
        inside, outside = os.path.join(self.state, "credential"), tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, outside)
        os.chmod(outside, 0o755)
        outside = shutil.move(inside, outside)
        os.chmod(outside, 0o644)
        os.symlink(outside, inside)
        code, text = self.ends()
        self.assertEqual(code, 1)
        self.assertIn("Permission denied", text)

    def test_second_instance(self):
        self.start()
        code, text = self.ends()
        self.assertEqual(code, 1)
        self.assertIn("another cloudie-netbootd", text)

    def test_without_root(self):
        os.makedirs(self.state)
        os.chmod(self.folder, 0o755)
        os.chown(self.state, 65534, 65534)
        code, text = self.ends(prefix=("setpriv", "--reuid", "65534", "--clear-groups",
                                       "--bounding-set", "-all", "--inh-caps", "-all"))
        self.assertEqual(code, 1)
        self.assertIn("start it as root", text)


def main():
    global PROGRAM
    missing = [t for t in TOOLS if not shutil.which(t)]
    if os.geteuid() != 0 or missing:
        print("skipped: needs root%s" % (", and " + ", ".join(missing) if missing else ""))
        return 77
    PROGRAM = os.path.abspath(sys.argv[1])
    try:
        Wire.up()
        result = unittest.main(argv=[sys.argv[0]] + sys.argv[2:], exit=False, verbosity=2).result
    finally:
        Wire.down()
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
