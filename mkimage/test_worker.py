#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image of the tiny worker, built from Debian's own kernel with a program of no use.

usage: test_worker.py MKIMAGE CC

Skips (77) where no kernel package can be had: neither cached nor by apt.
"""
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import uuid
import zlib

SOURCE = os.environ.get("CLOUDIE_SOURCE") or os.path.dirname(
    os.path.dirname(os.path.abspath(__file__)))
CACHE = os.environ.get("CLOUDIE_CACHE") or os.path.join(SOURCE, "build", "cache")
PATH = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
MIB = 1 << 20
SECTOR = 512
SKIP = 77

BIOS_BOOT = uuid.UUID("21686148-6449-6e6f-744e-656564454649")
EFI_SYSTEM = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
BASIC_DATA = uuid.UUID("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7")
LINUX_ROOT = uuid.UUID("4f68bce3-e8cd-4db1-96e7-fbcaf984b709")


def run(*words, **options):
    return subprocess.run(words, check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=dict(os.environ, PATH=PATH), **options)


def content(path):
    """(offset, bytes) of each MiB that is not all zero: most of an image is never written."""
    with open(path, "rb") as file:
        at, size = 0, os.fstat(file.fileno()).st_size
        while at < size:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA) // MIB * MIB
            except OSError:  # nothing but a hole
                return
            block = os.pread(file.fileno(), MIB, at)
            if any(block):
                yield at, block
            at += MIB


def digest(path):
    hashed = hashlib.sha256(b"%d" % os.path.getsize(path))
    for at, block in content(path):
        hashed.update(b"%d:" % at + block)
    return hashed.hexdigest()


def table(image, at):
    """(header's fields, [(type, id, first, last, name)]) of the table whose header is at @at."""
    header = image[at * SECTOR:(at + 1) * SECTOR]
    (mark, _, size, check, _, own, other, _, last, _, entries, count, width,
     entries_check) = struct.unpack("<8sIIIIQQQQ16sQIII", header[:92])
    assert mark == b"EFI PART"
    assert zlib.crc32(header[:16] + bytes(4) + header[20:size]) == check
    rows = image[entries * SECTOR:entries * SECTOR + count * width]
    assert zlib.crc32(rows) == entries_check
    found = []
    for row in (rows[i:i + width] for i in range(0, len(rows), width)):
        if any(row[:16]):
            first, end = struct.unpack("<QQ", row[32:48])
            found.append((uuid.UUID(bytes_le=row[:16]), uuid.UUID(bytes_le=row[16:32]), first,
                          end, row[56:128].decode("utf-16-le").rstrip("\0")))
    return (own, other, last), found


class Worker(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp(prefix="cloudie-worker.")
        cls.programs = os.path.join(cls.work, "programs")
        os.mkdir(cls.programs)
        source = os.path.join(cls.work, "none.c")
        with open(source, "w", encoding="ascii") as file:
            file.write("int main(void) { return 0; }\n")
        cls.program = os.path.join(cls.programs, "cloudie-worker")
        subprocess.run([COMPILER, "-static", "-s", "-o", cls.program, source], check=True)
        cls.dynamic = os.path.join(cls.work, "dynamic")
        os.mkdir(cls.dynamic)
        subprocess.run([COMPILER, "-o", os.path.join(cls.dynamic, "cloudie-worker"), source],
                       check=True)
        cls.path = os.path.join(cls.work, "tiny.raw")
        done = cls.make(cls.path)
        if done.returncode != 0:
            shutil.rmtree(cls.work)
            if re.search(r"apt|download", done.stderr):
                print("skipped: no kernel package:", done.stderr.strip())
                sys.exit(SKIP)
            raise AssertionError(done.stderr)
        with open(cls.path, "rb") as file:
            cls.image = file.read()
        cls.header, cls.partitions = table(cls.image, 1)
        first, last = cls.partitions[3][2:4]
        cls.root = os.path.join(cls.work, "root.ext4")
        with open(cls.root, "wb") as file:
            file.write(cls.image[first * SECTOR:(last + 1) * SECTOR])

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.work)

    @classmethod
    def make(cls, output, *options, programs=None):
        return run(MKIMAGE, "worker", "--tiny", "--programs", programs or cls.programs,
                   "--output", output, "--cache", CACHE, *options)

    def refused(self, done, sentence):
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, sentence)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertEqual([name for name in os.listdir(self.work) if ".making." in name], [])

    def debugfs(self, command):
        done = run("debugfs", "-R", command, self.root)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_twice_the_same(self):
        again = os.path.join(self.work, "again.raw")
        with open(again, "w", encoding="ascii") as file:
            file.write("an older one\n")
        programs = os.path.join(self.work, "later")
        shutil.copytree(self.programs, programs)
        # Nor does it matter who builds it, and when.
        os.utime(os.path.join(programs, "cloudie-worker"), (1234567890, 1234567890))
        mask = os.umask(0o077)
        os.environ["SOURCE_DATE_EPOCH"] = "1234567890"
        done = self.make(again, programs=programs)
        os.umask(mask)
        del os.environ["SOURCE_DATE_EPOCH"]
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(digest(again), digest(self.path))

    def test_partitions(self):
        end = len(self.image) // SECTOR - 1
        self.assertEqual(self.header, (1, end, end - 33))
        header, partitions = table(self.image, end)
        self.assertEqual(header, (end, 1, end - 33))
        self.assertEqual(partitions, self.partitions)
        self.assertEqual([(row[0], row[2] * SECTOR, (row[3] + 1) * SECTOR, row[4])
                          for row in partitions],
                         [(BIOS_BOOT, MIB, 2 * MIB, "bios"),
                          (EFI_SYSTEM, 2 * MIB, 10 * MIB, "esp"),
                          (BASIC_DATA, 10 * MIB, 14 * MIB, "cidata"),
                          (LINUX_ROOT, 14 * MIB, 79 * MIB, "root")])
        if shutil.which("sgdisk", path=PATH):
            self.assertIn("No problems found", run("sgdisk", "-v", self.path).stdout)

    def test_size(self):
        self.assertEqual(len(self.image), 80 * MIB)
        self.assertLess(os.stat(self.path).st_blocks * 512, 40 * MIB)
        packed = subprocess.run(["zstd", "-10", "-cq", self.path], check=True,
                                stdout=subprocess.PIPE).stdout
        self.assertLess(len(packed), 20 * MIB)
        large = os.path.join(self.work, "large.raw")
        done = self.make(large, "--size", "4096")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(os.path.getsize(large), 4096 * MIB)
        with open(large, "rb") as file:
            self.assertEqual(table(file.read(34 * SECTOR), 1)[1][3][3], 4095 * MIB // SECTOR - 1)
        os.remove(large)

    def test_loader(self):
        """What grub-bios-setup would have written."""
        boot, core = self.image[:SECTOR], self.image[MIB:2 * MIB]
        self.assertEqual(struct.unpack_from("<Q", boot, 0x5c)[0], MIB // SECTOR)
        self.assertEqual(boot[0x64:0x68:2], b"\xff\x90")
        self.assertEqual(boot[446 + 4], 0xee)
        start, count, segment = struct.unpack_from("<QHH", core, 0x1f4)
        self.assertEqual((start, segment), (MIB // SECTOR + 1, 0x820))
        self.assertEqual(core[(count + 1) * SECTOR:].strip(b"\0"), b"")
        self.assertNotEqual(core[count * SECTOR:(count + 1) * SECTOR].strip(b"\0"), b"")

    def test_seed(self):
        """A FAT volume that has a label and nothing else."""
        volume = self.image[10 * MIB:14 * MIB]
        self.assertEqual(volume[510:512], b"\x55\xaa")
        self.assertIn(b"CIDATA     ", volume[:64])
        if shutil.which("blkid", path=PATH):
            said = run("blkid", "-p", "-O", str(10 * MIB), "-S", str(4 * MIB), self.path).stdout
            self.assertIn(' LABEL="CIDATA"', said)
            self.assertIn(' TYPE="vfat"', said)

    def test_boot_partition(self):
        """Signed loaders as their packages have them; fsck and mtools find no fault."""
        volume = os.path.join(self.work, "esp.fat")
        with open(volume, "wb") as file:
            file.write(self.image[2 * MIB:10 * MIB])
        if shutil.which("fsck.vfat", path=PATH):
            self.assertEqual(run("fsck.vfat", "-n", volume).returncode, 0)
        if not shutil.which("mcopy", path=PATH):
            self.skipTest("the package mtools is not installed")
        for name, package, path in (
                ("BOOTX64.EFI", "shim-signed", "usr/lib/shim/shimx64.efi.signed"),
                ("grubx64.efi", "grub-efi-amd64-signed",
                 "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed")):
            copy = os.path.join(self.work, name)
            self.assertEqual(run("mcopy", "-i", volume, f"::EFI/BOOT/{name}", copy).returncode, 0)
            found = "/" + path
            if not os.path.exists(found):
                deb = next(entry for entry in sorted(os.listdir(CACHE), reverse=True)
                           if entry.startswith(package + "_"))
                folder = os.path.join(self.work, package)
                subprocess.run(["dpkg-deb", "-x", os.path.join(CACHE, deb), folder], check=True)
                found = os.path.join(folder, path)
            self.assertEqual(digest(copy), digest(found), name)
        words = run("mtype", "-i", volume, "::EFI/debian/grub.cfg").stdout
        self.assertRegex(words, r'(?m)^set root="\$disk,gpt4"$')
        self.assertIn(f"set esp={self.partitions[1][1]}\n", words)

    def test_root(self):
        self.assertEqual(run("e2fsck", "-fn", self.root).returncode, 0)
        for path, kind, mode in (("/usr/sbin/cloudie-worker", "regular", "0755"),
                                 ("/boot/vmlinuz", "regular", "0644"),
                                 ("/etc/hosts", "regular", "0644"),
                                 ("/etc/nsswitch.conf", "regular", "0644"),
                                 ("/etc/passwd", "regular", "0644"),
                                 ("/dev/console", "character special", "0600"),
                                 ("/dev/null", "character special", "0666"),
                                 ("/proc", "directory", "0555"), ("/sys", "directory", "0555"),
                                 ("/run", "directory", "0755"), ("/tmp", "directory", "01777"),
                                 ("/var/lib/cloudie", "directory", "0700"),
                                 ("/", "directory", "0755")):
            said = self.debugfs(f"stat {path}")
            self.assertRegex(said, rf"Type: {kind} +Mode: +{mode} ", path)
            self.assertRegex(said, r"User: +0 +Group: +0 ", path)
            self.assertEqual(set(re.findall(r"[acm]time: (\S+)", said)), {"0x00000001:00000000"})
        self.assertIn('"../usr/sbin/cloudie-worker"', self.debugfs("stat /sbin/init"))
        self.assertIn('PRETTY_NAME="Cloudie tiny worker"\n', self.debugfs("cat /etc/os-release"))
        copy = os.path.join(self.work, "copy")
        self.debugfs(f"dump /usr/sbin/cloudie-worker {copy}")
        self.assertEqual(digest(copy), digest(self.program))

    def test_modules(self):
        versions = self.debugfs("ls -p /lib/modules").split("\n")
        version, = (line.split("/")[5] for line in versions if "-amd64" in line)
        folder = f"/lib/modules/{version}"
        needs = dict(line.split(":") for line in
                     self.debugfs(f"cat {folder}/modules.dep").splitlines())
        names = {os.path.basename(path).removesuffix(".ko") for path in needs}
        self.assertLessEqual({"virtio_pci", "virtio_net", "net_failover", "ena"}, names)
        for path, needed in needs.items():
            self.assertLessEqual(set(needed.split()), set(needs), path)
            self.assertIn("Type: regular", self.debugfs(f"stat {folder}/{path}"))
        self.assertRegex(self.debugfs(f"cat {folder}/modules.alias"),
                         r"(?m)^alias virtio:d00000001v\* virtio_net$")

    def test_kernel_finds_its_root(self):
        """GRUB's words lie compressed in its core: look for those that made it. From the ESP, which
        the installer gives a number of its own, the root is two partitions on."""
        build = os.path.join(self.work, "spied")
        os.mkdir(build)
        spy = os.path.join(build, "grub-mkimage")
        with open(spy, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\nfor word; do case $word in */grub.cfg) cp \"$word\" {build}/words"
                       ";; esac; done\nexit 3\n")
        os.chmod(spy, 0o755)
        done = subprocess.run(
            [MKIMAGE, "worker", "--tiny", "--programs", self.programs, "--output",
             os.path.join(build, "x.raw"), "--cache", CACHE], check=False, text=True,
            stderr=subprocess.PIPE, env=dict(os.environ, PATH=f"{build}:{PATH}"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("grub-mkimage failed", done.stderr)
        with open(os.path.join(build, "words"), encoding="ascii") as file:
            words = file.read()
        found = re.search(r"^linux /boot/vmlinuz root=PARTUUID=\$esp/PARTNROFF=2 .*"
                          r"init=/sbin/init$", words, re.M)
        self.assertTrue(found, words)
        self.assertIn(f"set esp={self.partitions[1][1]}\n", words)

    def test_missing_program(self):
        """The sentence names what to install."""
        empty = os.path.join(self.work, "tools")
        os.mkdir(empty)
        for name in ("apt-cache", "apt-get", "depmod"):
            os.symlink(shutil.which(name, path=PATH), os.path.join(empty, name))
        # /usr/sbin and /sbin are always looked into, so only what lies elsewhere can be missing.
        done = subprocess.run(
            [MKIMAGE, "worker", "--tiny", "--programs", self.programs, "--output",
             os.path.join(self.work, "never.raw"), "--cache", CACHE], check=False, text=True,
            stderr=subprocess.PIPE, env=dict(os.environ, PATH=empty))
        self.refused(done, "the program grub-mkimage is missing$")
        self.assertFalse(os.path.exists(os.path.join(self.work, "never.raw")))

    def test_bad_input(self):
        output = os.path.join(self.work, "never.raw")
        self.refused(self.make(output, programs=self.dynamic),
                     "cloudie-worker needs shared libraries")
        self.refused(self.make(output, programs=self.work), "cloudie-worker: No such file")
        self.refused(self.make(output, "--kernel-deb", "/nonexistent"), "/nonexistent: No")
        self.refused(self.make(self.programs), "is there, and is no file")
        self.assertFalse(os.path.exists(output))

    def test_too_large(self):
        """A program that the file system has no room for: the old image stands."""
        programs = os.path.join(self.work, "large-programs")
        os.mkdir(programs)
        large = os.path.join(programs, "cloudie-worker")
        shutil.copy(self.program, large)
        with open(large, "ab") as file:
            file.write(os.urandom(40 * MIB))
        before = digest(self.path)
        self.refused(self.make(self.path, "--size", "56", programs=programs), "mke2fs failed: ")
        self.assertEqual(digest(self.path), before)

    def test_usage(self):
        for words in (["worker"], ["worker", "--tiny"], ["worker", "--tiny", "--programs", "x"],
                      ["worker", "--tiny", "--programs", "x", "--output", "y", "--size", "55"],
                      ["worker", "--tiny", "--programs", "x", "--output", "y", "--size", "8G"]):
            self.assertEqual(run(MKIMAGE, *words).returncode, 2, words)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    MKIMAGE, COMPILER = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
