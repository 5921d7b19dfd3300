#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The netboot package, built from Debian's own kernel with programs of no use.

usage: test_netboot.py MKIMAGE CC

Skips (77) where no kernel package can be had: neither cached nor by apt.
"""
import fcntl
import filecmp
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ.get("CLOUDIE_SOURCE") or os.path.dirname(
    os.path.dirname(os.path.abspath(__file__)))
CACHE = os.environ.get("CLOUDIE_CACHE") or os.path.join(SOURCE, "build", "cache")
BUILT_IN = {"af_packet"}  # listed, and not a file in Debian's kernel of today
SIGNED = b"~Module signature appended~\n"
SKIP = 77


def plain(name):
    return os.path.basename(name).removesuffix(".ko").replace("-", "_")


def listed(name):
    """{family: [module]} of a committed list."""
    families, family = {}, None
    with open(os.path.join(SOURCE, "mkimage", "modules", name), encoding="ascii") as lines:
        for line in lines:
            line = line.split("#")[0].strip()
            if line.startswith("["):
                family = families.setdefault(line[1:-1], [])
            elif line:
                family.append(plain(line))
    return families


def entries(archive):
    """(name, mode, uid, mtime, rdev, content) of a newc archive, in its order."""
    at, found = 0, []
    while True:
        assert archive[at:at + 6] == b"070701", at
        field = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = archive[at + 110:at + 110 + field[11] - 1].decode()
        start = (at + 110 + field[11] + 3) & ~3
        if name == "TRAILER!!!":
            return found
        found.append((name, field[1], field[2], field[5], (field[9], field[10]),
                      archive[start:start + field[6]]))
        at = (start + field[6] + 3) & ~3


class Netboot(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp(prefix="cloudie-netboot.")
        cls.programs = os.path.join(cls.work, "programs")
        os.mkdir(cls.programs)
        source = os.path.join(cls.work, "none.c")
        with open(source, "w", encoding="ascii") as file:
            file.write("int main(void) { return 0; }\n")
        cls.dynamic = os.path.join(cls.work, "dynamic")
        subprocess.run([COMPILER, "-o", cls.dynamic, source], check=True)
        for name in ("cloudie-agent", "cloudie-discover", "cloudie-install"):
            subprocess.run([COMPILER, "-static", "-s", "-o", os.path.join(cls.programs, name),
                            source], check=True)
        cls.package = os.path.join(cls.work, "package")
        done = cls.make(cls.package)
        if done.returncode != 0:
            shutil.rmtree(cls.work)
            if re.search(r"apt|download", done.stderr):
                print("skipped: no kernel package:", done.stderr.strip())
                sys.exit(SKIP)
            raise AssertionError(done.stderr)
        with open(os.path.join(cls.package, "manifest.json"), encoding="ascii") as file:
            cls.manifest = json.load(file)
        cls.root = entries(subprocess.run(
            ["zstd", "-dcq", os.path.join(cls.package, "discovery.initrd")],
            check=True, stdout=subprocess.PIPE).stdout)
        cls.one = os.path.join(cls.work, "stage-one")
        with open(cls.one + ".squashfs", "wb") as file:
            file.write({entry[0]: entry[5] for entry in cls.root}["stage-one.squashfs"])
        cls.two = os.path.join(cls.work, "stage-two")
        for tree, squashfs in ((cls.one, cls.one + ".squashfs"),
                               (cls.two, os.path.join(cls.package, "stage-two.squashfs"))):
            subprocess.run(["unsquashfs", "-q", "-n", "-d", tree, squashfs], check=True,
                           stdout=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.work)

    @classmethod
    def make(cls, output, *options, programs=None):
        return subprocess.run(
            [MKIMAGE, "netboot", "--programs", programs or cls.programs, "--output", output,
             "--cache", CACHE, "--compression", "3", *options],
            check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def below(self, tree, suffix):
        """Paths in an unpacked stage."""
        return {os.path.relpath(os.path.join(folder, name), tree)
                for folder, _, names in os.walk(tree) for name in names if name.endswith(suffix)}

    def content(self, tree, path):
        with open(os.path.join(tree, path), "rb") as file:
            return file.read()

    def refused(self, done, sentence):
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, sentence)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertEqual([name for name in os.listdir(self.work) if ".making." in name], [])

    def test_twice_the_same(self):
        again = os.path.join(self.work, "again")
        mask = os.umask(0o077)  # nor does it matter who builds it
        os.environ["SOURCE_DATE_EPOCH"] = "1234567890"
        done = self.make(again)
        os.umask(mask)
        del os.environ["SOURCE_DATE_EPOCH"]
        self.assertEqual(done.returncode, 0, done.stderr)
        names = sorted(os.listdir(self.package))
        self.assertEqual(names, ["boot.img", "discovery.initrd", "grubx64.efi", "manifest.json", "shimx64.efi",
                                 "stage-two.squashfs", "undionly.kpxe", "vmlinuz"])
        self.assertEqual(filecmp.cmpfiles(self.package, again, names, shallow=False),
                         (names, [], []))

    def test_what_a_killed_run_left_goes(self):
        output = os.path.join(self.work, "killed")
        for name in ("left", "in-use"):
            os.makedirs(os.path.join(f"{output}.making.{name}", "kernel"))
        other = os.path.join(self.work, "killed2.making.left")
        os.mkdir(other)
        no_deb = os.path.join(self.work, "no.deb")
        with open(no_deb, "wb"):
            pass
        lock = os.open(output + ".making.in-use", os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            done = self.make(output + "/", "--kernel-deb", no_deb)
            self.assertEqual(done.returncode, 1)
            left = sorted(name for name in os.listdir(self.work) if ".making." in name)
            self.assertEqual(left, ["killed.making.in-use", "killed2.making.left"])
        finally:
            os.close(lock)
            shutil.rmtree(output + ".making.in-use")
            os.rmdir(other)

    def test_manifest(self):
        self.assertEqual(self.manifest["schema"], 1)
        roles = {}
        for file in self.manifest["files"]:
            with open(os.path.join(self.package, file["name"]), "rb") as content:
                content = content.read()
            self.assertEqual(len(content), file["size"])
            self.assertEqual(hashlib.sha256(content).hexdigest(), file["sha256"])
            roles.setdefault(file["role"], []).append(file["name"])
        self.assertEqual(roles, {"kernel": ["vmlinuz"], "ramdisk": ["discovery.initrd"],
                                 "stage-two": ["stage-two.squashfs"],
                                 "loader": ["undionly.kpxe", "shimx64.efi"],
                                 "second-loader": ["grubx64.efi"],
                                 "boot-image": ["boot.img"]})

    @unittest.skipUnless(shutil.which("mcopy"), "the package mtools is not installed")
    def test_boot_image(self):
        image = os.path.join(self.package, "boot.img")

        def read(name):
            return subprocess.run(["mcopy", "-i", image, f"::{name}", "-"], check=True,
                                  stdout=subprocess.PIPE).stdout

        for there, name in (("EFI/BOOT/BOOTX64.EFI", "shimx64.efi"), ("vmlinuz", "vmlinuz"),
                            ("EFI/BOOT/grubx64.efi", "grubx64.efi"),
                            ("discovery.initrd", "discovery.initrd")):
            with open(os.path.join(self.package, name), "rb") as file:
                self.assertEqual(read(there), file.read(), there)
        # Two places, which are one piece each, in its beginning.
        script, site = read("grub/grub.cfg"), read("site.cpio")
        self.assertEqual((len(script), len(site)), (8 << 10, 64 << 10))
        self.assertEqual(script[0:5], b"echo ")
        self.assertEqual(site, bytes(64 << 10))
        with open(image, "rb") as file:
            head = file.read(512 << 10)
        self.assertIn(script, head)
        self.assertIn(site, head)

    def test_uefi_loaders_are_signed(self):
        """A PE file whose certificate table (PE/COFF, data directory 4) is not empty."""
        for name in ("shimx64.efi", "grubx64.efi"):
            with open(os.path.join(self.package, name), "rb") as file:
                image = file.read()
            header = int.from_bytes(image[0x3c:0x40], "little")
            self.assertEqual(image[header:header + 4], b"PE\0\0", name)
            at, size = (int.from_bytes(image[header + 24 + 144 + i:header + 28 + 144 + i], "little")
                        for i in (0, 4))
            self.assertGreater(size, 1000, name)
            self.assertEqual(at + size, len(image), name)

    def test_root(self):
        names = [entry[0] for entry in self.root]
        self.assertEqual(names[-1], "zz-complete")
        self.assertEqual(names[:-1], sorted(names[:-1]))
        by_name = {entry[0]: entry for entry in self.root}
        self.assertEqual(by_name["init"][5], b"bin/cloudie-agent")
        self.assertEqual(by_name["bin/cloudie-agent"][1], 0o100755)
        for tree, name in ((self.one, "cloudie-discover"), (self.two, "cloudie-install")):
            self.assertEqual(by_name[f"bin/{name}"][5].decode(),
                             f"/{os.path.basename(tree)}/bin/{name}")
            mode = os.stat(os.path.join(tree, "bin", name)).st_mode
            self.assertEqual(mode, 0o100755, name)
        self.assertEqual(by_name["dev/console"][4], (5, 1))
        self.assertEqual(by_name["dev/null"][4], (1, 3))
        for name in ("proc", "sys", "run", "tmp", "etc", "stage-one", "stage-two"):
            self.assertEqual(by_name[name][1] >> 12, 4, name)
        for name, _, uid, mtime, _, _ in self.root:
            self.assertEqual((uid, mtime), (0, 0), name)

    def test_modules_are_signed(self):
        modules = {entry[0]: entry[5] for entry in self.root if entry[0].endswith(".ko")}
        self.assertEqual({plain(path) for path in modules}, {"loop", "squashfs"})
        modules |= {path: self.content(self.one, path) for path in self.below(self.one, ".ko")}
        self.assertEqual(len(modules), self.manifest["modules"]["stage_one"])
        for name, content in modules.items():
            self.assertTrue(content.endswith(SIGNED), name)

    def modules_of_stage_one(self):
        return ({entry[0] for entry in self.root if entry[0].endswith(".ko")} |
                self.below(self.one, ".ko"))

    def test_families(self):
        one = {plain(path) for path in self.modules_of_stage_one()}
        for family, modules in listed("stage-one.list").items():
            self.assertEqual(set(modules) - one - BUILT_IN, set(), family)
            self.assertEqual(self.manifest["modules"]["families"][family], len(modules))

        two = {plain(path) for path in self.below(self.two, ".ko")}
        self.assertEqual(len(two), self.manifest["modules"]["stage_two"])
        self.assertEqual(one & two, set())
        for name in ("stage-two.list", "stage-two-later.list"):
            for family, modules in listed(name).items():
                self.assertEqual(set(modules) - one - two, set(), family)

    def test_names(self):
        self.assertIn(b"\n8086  Intel Corporation\n",
                      self.content(self.one, "usr/share/misc/pci.ids"))

    def test_indexes(self):
        """Each stage's files tell of its modules alone, and of all that these need."""
        folder = f"lib/modules/{self.manifest['kernel_version']}/"
        names = ["modules.alias", "modules.dep", "modules.softdep"]
        self.assertEqual(sorted(entry[0].removeprefix(folder) for entry in self.root
                                if entry[0].startswith(folder + "modules.")), names)
        self.assertLessEqual({folder + name for name in names}, self.below(self.one, ""))
        there = {entry[0].removeprefix(folder) for entry in self.root if entry[0].endswith(".ko")}
        for tree in (self.one, self.two):
            own = {path.removeprefix(folder) for path in self.below(tree, ".ko")}
            needs = dict(line.split(":") for line in
                         self.content(tree, folder + "modules.dep").decode().splitlines())
            self.assertEqual(set(needs), own)
            there |= own
            for path, needed in needs.items():
                self.assertLessEqual(set(needed.split()), there, path)
        alias = self.content(self.one, folder + "modules.alias").decode()
        self.assertRegex(alias, r"(?m)^alias pci:v00008086d0000100E\S* e1000$")
        self.assertRegex(alias, r"(?m)^alias virtio:d00000001v\* virtio_net$")
        self.assertNotIn(" megaraid_sas\n", alias)

    def test_what_a_report_waits_for(self):
        """The devices of stage-two.list, and no others: not what its modules only stand on."""
        folder = f"lib/modules/{self.manifest['kernel_version']}/"
        awaited = self.content(self.one, folder + "stage-two.alias").decode().splitlines()
        alias = self.content(self.two, folder + "modules.alias").decode().splitlines()
        modules = {plain(line.split()[-1]) for line in awaited}
        self.assertLessEqual({"megaraid_sas", "ipmi_si", "mei_me", "tulip"}, modules)
        self.assertFalse(modules & {"i2c_i801", "amd64_edac", "coretemp", "sha256_ssse3"})
        listed_modules = {module for family in listed("stage-two.list").values()
                          for module in family}
        self.assertEqual([line for line in alias if plain(line.split()[-1]) in listed_modules],
                         awaited)

    def test_dynamic_program(self):
        programs = os.path.join(self.work, "dynamic-programs")
        shutil.copytree(self.programs, programs)
        shutil.copy(self.dynamic, os.path.join(programs, "cloudie-agent"))
        output = os.path.join(self.work, "never")
        self.refused(self.make(output, programs=programs), "cloudie-agent needs shared libraries")
        self.assertFalse(os.path.exists(output))
        os.remove(os.path.join(programs, "cloudie-agent"))
        self.refused(self.make(output, programs=programs), "cloudie-agent: No such file")

    def test_bad_kernel(self):
        broken = os.path.join(self.work, "broken.deb")
        with open(broken, "wb") as file:
            file.write(b"!<arch>\ndebian-binary")
        self.refused(self.make(self.package, "--kernel-deb", broken), "broken.deb: not a Debian")
        self.refused(self.make(self.package, "--kernel-deb", "/nonexistent"), "/nonexistent: No")
        self.test_manifest()  # the old package stands

    def test_foreign_folder(self):
        mine = os.path.join(self.work, "mine")
        os.mkdir(mine)
        with open(os.path.join(mine, "thesis"), "w", encoding="ascii") as file:
            file.write("not ours\n")
        self.refused(self.make(mine), "something else than a netboot package")
        self.assertEqual(os.listdir(mine), ["thesis"])

    def test_usage(self):
        for words in ([], ["tape"], ["netboot"], ["netboot", "--programs", "x"],
                      ["netboot", "--programs", "x", "--output", "y", "--compression", "20"]):
            done = subprocess.run([MKIMAGE, *words], check=False, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 2, words)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    MKIMAGE, COMPILER = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
