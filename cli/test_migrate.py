# SPDX-License-Identifier: GPL-3.0-or-later
"""What other DHCP servers were told comes into cloudied.yaml and the controller; the samples are true."""
import glob
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from cloudie_lab import Case, lab

SAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "fuzz")
SITE = os.path.join(SAMPLES, "cli_migrate_dhcpd", "site.conf")
LEASES = os.path.join(SAMPLES, "cli_migrate_dhcpd", "dhcpd.leases")
KEA = os.path.join(SAMPLES, "cli_migrate_kea", "kea-dhcp4.conf")
KEA6 = os.path.join(SAMPLES, "cli_migrate_kea", "kea-dhcp6.conf")
DNSMASQ = os.path.join(SAMPLES, "cli_migrate_dnsmasq", "dnsmasq.conf")
SBIN = "/usr/sbin:/sbin:" + os.environ["PATH"]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Migrate(Case):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=self.d.folder)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def migrate(self, *words, rc=0):
        done = self.run_it("migrate", *words)
        self.assertEqual(done.returncode, rc, done.stderr)
        return done

    def config(self):
        answer = self.d.get("/edge/v1/config", token=self.edge)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def test_whole(self):
        """Dry run, --yes, restart: edges are told of networks and reservations."""
        before = read(self.d.config)
        table = self.write("rack.csv", "mac,name,ip,rack,position,bmc_address\n"
                                       "52:54:00:01:00:09,table-9,10.1.0.19,a1,7,10.9.0.9\n")
        done = self.migrate("dhcpd", SITE, LEASES, "-o", self.d.config)
        self.assertIn("- mac: '52:54:00:01:00:01'\n  address: 10.1.0.11\n  name: db-1\n", done.stdout)
        self.assertIn("site.conf:27: ours instead: filename", done.stderr)
        self.assertIn("nothing was done: --yes does it", done.stderr)
        self.assertEqual(read(self.d.config), before)
        # before its network is there, the machine of the table has none
        done = self.migrate("csv", table, "-o", self.d.config, "--yes", rc=1)
        self.assertIn("rack.csv:2: wrong: the address 10.1.0.19 is in no network", done.stderr)
        self.assertEqual(read(self.d.config), before)
        self.assertEqual(json.loads(self.ok("-o", "json", "rule", "list")), [])

        self.migrate("dhcpd", SITE, LEASES, "-o", self.d.config, "--yes")
        self.assertEqual(read(self.d.config + ".before-migrate"), before)
        self.migrate("csv", table, "-o", self.d.config, "--yes")
        after = read(self.d.config)
        # the same once more changes nothing
        for words in (("dhcpd", SITE, LEASES), ("csv", table)):
            self.migrate(*words, "-o", self.d.config, "--yes")
            self.assertEqual(read(self.d.config), after)

        self.assertEqual(self.d.stop(), 0)
        self.d.start()
        told = self.config()
        self.assertEqual([n["name"] for n in told["networks"]],
                         ["net-10.1.0.0", "net-10.2.0.0", "net-10.3.0.0", "net-10.4.0.0", "lab"])
        self.assertEqual({r["address"]: r.get("name") for r in told["reservations"]},
                         {"10.1.0.11": "db-1", "10.1.0.12": "printer-hall", "10.4.0.10": "web-1",
                          "10.1.0.101": "desk-7", "10.1.0.19": "table-9"})
        # the rule names and labels the machine when it comes
        mac = "52:54:00:01:00:09"
        report = lab.inventory([mac], serial="SN9", uuid="4c4c4544-0042-3510-8052-b4c04f4b4c09")
        self.d.discover(self.edge, lab.Key(self.d.folder), mac, report)
        node = json.loads(self.ok("-o", "json", "node", "show", "table-9"))
        self.assertEqual(node["labels"], {"rack": "a1", "position": "7", "bmc_address": "10.9.0.9"})

    def test_includes(self):
        """Only what lies beside the file, or below."""
        self.write("parts/a.conf", "host a { hardware ethernet 52:54:00:01:00:01; fixed-address 10.1.0.9; }\n")
        outside = self.write("../outside.conf", "host b { }\n")
        os.symlink(outside, os.path.join(self.folder, "parts", "link.conf"))
        net = "subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.100 10.1.0.110; }\n"
        path = self.write("a.conf", net + 'include "parts/a.conf";\n')
        done = self.migrate("-o", "json", "dhcpd", path)
        whole = json.loads(done.stdout)
        self.assertEqual([r["name"] for r in whole["reservations"]], ["a"])
        self.assertEqual(whole["findings"], [])
        for name in ("../outside.conf", "parts/link.conf", "/etc/passwd", "none.conf"):
            done = self.migrate("dhcpd", self.write("b.conf", f'\ninclude "{name}";\n'), rc=1)
            self.assertIn("b.conf:2: wrong: include", done.stderr)
        # a file that names itself ends
        done = self.migrate("dhcpd", self.write("c.conf", 'include "c.conf";\n'), rc=1)
        self.assertIn("wrong: include", done.stderr)

    def test_refusals(self):
        net = "dhcp-range=10.1.0.100,10.1.0.110,255.255.255.0\n"
        path = self.write("d.conf", net + "dhcp-host=52:54:00:01:00:01,10.1.0.9\ndhcp-host=52:54:00:01:00:02,10.1.0.9\n")
        before = read(self.d.config)
        done = self.migrate("dnsmasq", path, "-o", self.d.config, "--yes", rc=1)
        self.assertIn("d.conf:3: wrong: the address 10.1.0.9 is another machine's, too: line 2", done.stderr)
        self.assertIn("nothing was done", done.stderr)
        # what is served already is no other network's
        path = self.write("e.conf", "dhcp-range=10.77.0.100,10.77.0.110,255.255.255.0\n")
        done = self.migrate("dnsmasq", path, "-o", self.d.config, "--yes", rc=1)
        self.assertIn("wrong: all together: network", done.stderr)
        self.assertEqual(read(self.d.config), before)
        # a list in which nothing can be put by lines
        flow = self.write("flow.yaml", "networks: []\n")
        done = self.migrate("dnsmasq", self.write("f.conf", net), "-o", flow, "--yes", rc=1)
        self.assertIn("its lists are written so that nothing can be added", done.stderr)
        self.assertEqual(read(flow), "networks: []\n")
        done = self.migrate("dnsmasq", self.write("f.conf", net), "-o", flow + ".none", "--yes", rc=1)
        self.assertIn("it is not there", done.stderr)
        self.refused("knows dhcpd, kea, dnsmasq and csv", "migrate", "bind", path, rc=2)
        self.refused("No such file", "migrate", "kea", "/none")

    def test_hostile_names(self):
        path = self.write("h.conf", "fro\x1b[2Jb\x07\ndhcp-host=52:54:00:01:00:01,a\u009b31m\n")
        done = self.migrate("dnsmasq", path)
        self.assert_plain(done.stdout + done.stderr)

    def check(self, program, *words):
        where = shutil.which(program, path=SBIN)
        if not where:
            self.skipTest(f"{program} is not installed")
        done = subprocess.run([where, *words], capture_output=True, text=True, check=False, timeout=60,
                              env={**os.environ, "KEA_LOCKFILE_DIR": "none", "KEA_PIDFILE_DIR": self.folder})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_dhcpd_takes_the_sample(self):
        self.check("dhcpd", "-t", "-4", "-cf", SITE)
        self.check("dhcpd", "-t", "-6", "-cf", os.path.join(SAMPLES, "cli_migrate_dhcpd", "six.conf"))
        self.check("dhcpd", "-T", "-4", "-cf", SITE, "-lf", LEASES)

    def test_kea_takes_the_sample(self):
        self.check("kea-dhcp4", "-t", KEA)

    def test_kea6_takes_the_sample(self):
        self.check("kea-dhcp6", "-t", KEA6)

    def test_dnsmasq_takes_the_sample(self):
        self.check("dnsmasq", "--test", "-C", DNSMASQ)

    def test_samples(self):
        """No sample is refused without a line being named, and none ends the program."""
        for form in ("dhcpd", "kea", "dnsmasq", "csv"):
            for path in sorted(glob.glob(os.path.join(SAMPLES, "cli_migrate_" + form, "*"))):
                done = self.run_it("migrate", form, path)
                self.assertIn(done.returncode, (0, 1), path)
                self.assertTrue(done.returncode == 0 or " wrong: " in done.stderr, path + done.stderr)


if __name__ == "__main__":
    unittest.main()
