#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot image of UEFI HTTP Boot, as cloudie-netbootd makes it for a machine.

Usage: test_boot_image.py PROGRAM [TEST ...]

The wire and the stand-in of test_netbootd.py. Exits 77 (skipped) without root or a client.
"""
import hashlib
import json
import os
import shutil
import sys
import time
import unittest

import test_netbootd as lab
from wire import BOOT, EDGE, MAC, OTHER_MAC, Wire, in_node, run, until

TOOLS = ["ip", "udhcpc", "curl", "openssl", "mformat", "mcopy"]
HTTP_BOOT = ["-V", "HTTPClient:Arch:00016:UNDI:003000", "-x", "0x5d:0010", "-O", "60"]
NAME = "boot/image/%s.img" % MAC.replace(":", "-")
URL = "http://%s/%s" % (EDGE, NAME)
SCRIPT_SIZE, SITE_SIZE = 8 << 10, 64 << 10


class BootImage(lab.EdgeTest):
    has_places = True

    def make_package(self):
        """As cloudie-mkimage makes it: two places at the beginning, and what is the same for all."""
        super().make_package()
        image = self.path("assets", "boot.img")
        run("mformat", "-C", "-i", image, "-T", "16000", "-h", "16", "-s", "63", "::")
        places = {"site.cpio": bytes(SITE_SIZE), "grub.cfg": b"\n" * SCRIPT_SIZE} if self.has_places else {}
        for name, data in (*places.items(), ("vmlinuz", os.urandom(3000000))):
            self.write("part", data)
            if name == "grub.cfg":
                run("mmd", "-i", image, "::/grub")
            run("mcopy", "-i", image, self.path("part"),
                "::/grub/grub.cfg" if name == "grub.cfg" else "::/" + name)
        with open(self.path("assets", "manifest.json"), encoding="ascii") as file:
            manifest = json.load(file)
        data = self.asset("boot.img")
        manifest["files"].append({"name": "boot.img", "size": len(data), "role": "boot-image",
                                  "sha256": hashlib.sha256(data).hexdigest()})
        self.write("assets/manifest.json", json.dumps(manifest))

    def inside(self, data, name):
        self.write("got", data)
        return run("mcopy", "-i", self.path("got"), "::/" + name, "-", text=False).stdout

    def script(self):
        text = self.inside(self.fetch(URL), "grub/grub.cfg")
        self.assertEqual(len(text), SCRIPT_SIZE)
        return text.rstrip(b"\n").decode()

    def head(self, *more):
        text = in_node("curl", "-sI", "-m", "10", *more, URL).stdout
        return dict(line.lower().split(": ", 1) for line in text.splitlines() if ": " in line)

    def test_offer(self):
        """DHCP names it, to whom boots by HTTP and to nobody else."""
        self.start()
        got = self.lease(HTTP_BOOT)
        self.assertEqual(got["boot_file"], URL)
        self.assertEqual(got["vendor"], "HTTPClient")
        for number in (15, 18, 19):
            self.assertNotIn("boot_file", self.dhcp(
                ["-V", "HTTPClient:Arch:%05d:UNDI:003000" % number, "-x", "0x5d:%04x" % number]))
        self.assertEqual(self.dhcp(lab.UEFI)["boot_file"], "shimx64.efi")

    def test_image(self):
        """As firmware fetches it: HEAD, then GET. Nothing but the two places differs from the file."""
        self.start()
        self.lease(HTTP_BOOT)
        package = self.asset("boot.img")
        head = self.head()
        self.assertEqual((int(head["content-length"]), head["content-type"]),
                         (len(package), "application/vnd.efi-img"))
        self.assertNotIn("script", self.steps())
        # A part of it is no site.cpio that came: told of is the part.
        self.fetch(URL, "-r", "0-99")
        until(8, lambda: "loader" in self.steps(), "a part")
        time.sleep(1)
        self.assertNotIn("site", self.steps())
        got = self.fetch(URL)
        self.assertEqual(len(got), len(package))
        self.assertEqual(self.inside(got, "vmlinuz"), self.inside(package, "vmlinuz"))
        self.assertEqual(self.inside(got, "site.cpio"), b"site" + bytes(SITE_SIZE - 4))
        differing = [i for i in range(0, len(got), 512) if got[i:i + 512] != package[i:i + 512]]
        self.assertLessEqual(len(differing), 1 + SCRIPT_SIZE // 512)
        script = self.script()
        self.assertIn("if linux ($image)/vmlinuz rdinit=/init ", script)
        self.assertIn(" cloudie.boot=%s " % BOOT, script)
        self.assertIn("if initrd ($image)/discovery.initrd ($image)/site.cpio ;", script)
        self.assertNotIn("tftp", script)
        for start, end in ((0, 0), (400, 70000), (len(got) - 5, len(got) - 1)):
            self.assertEqual(self.fetch(URL, "-r", "%d-%d" % (start, end)), got[start:end + 1])
        # Slashes as firmware doubles them.
        self.assertEqual(self.fetch("http://%s//%s" % (EDGE, NAME)), got)
        until(8, lambda: {"script", "loader", "site"} <= set(self.steps()), "events")
        whole = [e for e in self.heard("event") if e["step"] == "loader" and e["bytes"] == len(got)]
        self.assertIn("boot.img by http", [e["text"] for e in whole])

    def test_of_others(self):
        """The plan of a machine is told to its address alone; the package's own file is everybody's."""
        self.start()
        other = NAME.replace(MAC.replace(":", "-"), OTHER_MAC.replace(":", "-"))
        run("ip", "-n", lab.NODE_NS, "addr", "add", "10.77.0.50/24", "dev", "eth0")
        self.assertEqual(self.status("/" + NAME), 403)
        self.lease(HTTP_BOOT)
        self.assertEqual(self.status("/" + NAME), 200)
        self.assertEqual(self.status("/" + other), 403)
        for path in ("/boot/image/", "/boot/image/x.img", "/boot/image/../grub.cfg", "/" + NAME[:-4],
                     "/boot/image/ff-ff-ff-ff-ff-ff.img"):
            self.assertIn(self.status(path), (400, 404), path)
        self.assertIsNone(self.fetch("tftp://%s/%s" % (EDGE, NAME), check=False))
        self.assertEqual(self.fetch("http://%s/assets/boot.img" % EDGE), self.asset("boot.img"))

    def test_plans(self):
        """One that boots its disk, one that has to wait, and one that cannot stand in a script."""
        esp = "c10d1e00-7469-4e79-8000-0000000000ab"
        for plan, has, has_not in (
                ({"boot": "", "action": "disk", "reason": "deployed", "esp": esp}, esp, "linux"),
                ({"boot": "", "action": "disk", "reason": "held", "kernel_arguments": ""},
                 "for disk in (hd*,*); do", "search"),
                ({"boot": BOOT, "action": "discover", "reason": "x", "kernel_arguments": "a;halt"},
                 "no plan yet", "halt"),
                ({"boot": "", "action": "ask-again", "reason": "x"}, "no plan yet", "linux")):
            self.answer(plan=plan)
            if not self.edge:
                self.start()
            self.lease(HTTP_BOOT)
            script = self.script()
            self.assertIn(has, script, plan)
            self.assertNotIn(has_not, script, plan)
            self.assertEqual(script.splitlines()[-2:], ["sleep 10", "reboot"])

    def test_site_does_not_fit(self):
        self.write("assets/site.cpio", bytes(SITE_SIZE + 1))
        self.start()
        self.lease(HTTP_BOOT)
        self.assertEqual(self.status("/" + NAME), 503)
        self.assertIn("event=boot-image", self.log())
        self.assertEqual(self.health(), 200)

    def test_https(self):
        """A network that boots by HTTPS names nothing else."""
        self.answer()
        with open(self.path("answers.json"), encoding="ascii") as file:
            answers = json.load(file)
        answers["config"]["networks"][0]["https_boot"] = True
        self.write("answers.json", json.dumps(answers))
        self.start()
        self.assertNotIn("boot_file", self.dhcp(HTTP_BOOT))
        self.assertEqual(self.dhcp(lab.UEFI)["boot_file"], "shimx64.efi")
        self.stop_one(self.edge)
        self.config("services: [dhcp, tftp, http, https]\n")
        self.start_edge()
        url = URL.replace("http:", "https:")
        self.assertEqual(self.lease(HTTP_BOOT)["boot_file"], url)
        got = self.fetch(url, "--cacert", os.path.join(self.state, "tls", "cert.pem"))
        self.assertIn(b" cloudie.boot=" + BOOT.encode(), self.inside(got, "grub/grub.cfg"))
        self.assertIsNone(self.fetch(url, check=False))


class NoPlaces(BootImage):
    has_places = False

    def test_image(self):
        self.start()
        self.lease(HTTP_BOOT)
        self.assertEqual(self.status("/" + NAME), 503)

    test_offer = test_of_others = test_plans = test_site_does_not_fit = test_https = None


def main():
    missing = [t for t in TOOLS if not shutil.which(t)]
    if os.geteuid() != 0 or missing:
        print("skipped: needs root, and " + ", ".join(missing or TOOLS))
        return 77
    lab.PROGRAM = os.path.abspath(sys.argv[1])
    Wire.up()
    try:
        return 0 if unittest.main(argv=sys.argv[:1] + sys.argv[2:], exit=False,
                                  verbosity=2).result.wasSuccessful() else 1
    finally:
        Wire.down()


if __name__ == "__main__":
    sys.exit(main())
