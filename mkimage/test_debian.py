#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image of the Debian worker, out of a tar archive of a few files.

usage: test_debian.py MKIMAGE CC

In place of mmdebstrap stands a program that notes what it was told and writes that archive;
tests/vm/debian.sh boots what the real one makes. Skips (77) where GRUB and shim cannot be had.
"""
import io
import mmap
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
from test_worker import BASIC_DATA, BIOS_BOOT, CACHE, EFI_SYSTEM, LINUX_ROOT, MIB, PATH, SECTOR, \
    SKIP, content, digest, table

TIME = 1700000000
PLACES = [(BIOS_BOOT, MIB, 2 * MIB, "bios"), (EFI_SYSTEM, 2 * MIB, 66 * MIB, "esp"),
          (BASIC_DATA, 66 * MIB, 70 * MIB, "cidata"), (LINUX_ROOT, 70 * MIB, 1023 * MIB, "root")]
CAPABILITY = "\x01\0\0\x02\0\x20\0\0" + "\0" * 12

# path, type, mode, uid, gid, what
ENTRIES = [
    ("./", tarfile.DIRTYPE, 0o755, 0, 0, None),
    ("./boot/", tarfile.DIRTYPE, 0o755, 0, 0, None),
    ("./boot/vmlinuz-6", tarfile.REGTYPE, 0o644, 0, 0, os.urandom(3 * MIB + 5)),
    ("./dev/", tarfile.DIRTYPE, 0o755, 0, 0, None),
    ("./dev/null", tarfile.CHRTYPE, 0o666, 0, 0, (1, 3)),
    ("./dev/nvme", tarfile.BLKTYPE, 0o660, 0, 6, (259, 300)),
    ("./etc/", tarfile.DIRTYPE, 0o755, 0, 0, None),
    ("./etc/fstab", tarfile.REGTYPE, 0o644, 0, 0, b"# not ours\n"),
    ("./etc/hostname", tarfile.REGTYPE, 0o755, 0, 0, b"the-builder\n"),
    ("./etc/passwd-", tarfile.REGTYPE, 0o644, 0, 0, b"old\n"),
    ("./etc/shadow", tarfile.REGTYPE, 0o640, 0, 42, b"root:*:1::::::\n"),
    ("./etc/ssh/", tarfile.DIRTYPE, 0o755, 0, 0, None),
    ("./etc/ssh/ssh_host_rsa_key", tarfile.REGTYPE, 0o600, 0, 0, b"everybody's\n"),
    ("./srv/", tarfile.DIRTYPE, 0o755, 0, 0, None),
    ("./srv/someone/", tarfile.DIRTYPE, 0o700, 100000, 70000, None),
    ("./lib", tarfile.SYMTYPE, 0o777, 0, 0, "usr/lib"),
    ("./long", tarfile.SYMTYPE, 0o777, 0, 0, "a" * 100),
    ("./tmp/", tarfile.DIRTYPE, 0o1777, 0, 0, None),
    ("./usr/", tarfile.DIRTYPE, 0o755, 0, 0, None),
    ("./usr/bin/", tarfile.DIRTYPE, 0o755, 0, 0, None),
    ("./usr/bin/perl", tarfile.REGTYPE, 0o755, 0, 0, b"perl\n"),
    ("./usr/bin/perl5", tarfile.LNKTYPE, 0o755, 0, 0, "./usr/bin/perl"),
    ("./usr/bin/ping", tarfile.REGTYPE, 0o755, 0, 0, b"ping\n"),
    ("./usr/bin/sudo", tarfile.REGTYPE, 0o4755, 0, 0, b""),
    ("./usr/many/", tarfile.DIRTYPE, 0o755, 0, 0, None),
    *((f"./usr/many/{'x' * 60}{i}", tarfile.REGTYPE, 0o644, 0, 0, b"") for i in range(500)),
    ("./var/", tarfile.DIRTYPE, 0o755, 0, 0, None),
    ("./var/log/", tarfile.DIRTYPE, 0o755, 0, 0, None),
    ("./var/log/dpkg.log", tarfile.REGTYPE, 0o644, 0, 0, b"when it was built\n"),
]


def archive(entries):
    to = io.BytesIO()
    with tarfile.open(fileobj=to, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, kind, mode, uid, gid, what in entries:
            entry = tarfile.TarInfo(path)
            entry.type, entry.mode, entry.uid, entry.gid = kind, mode, uid, gid
            entry.mtime = TIME - 1000
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                entry.linkname = what
            if kind in (tarfile.CHRTYPE, tarfile.BLKTYPE):
                entry.devmajor, entry.devminor = what
            if path == "./usr/bin/ping":
                entry.pax_headers = {"SCHILY.xattr.security.capability": CAPABILITY}
            data = what if kind == tarfile.REGTYPE else b""
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return to.getvalue()


class Debian(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp(prefix="cloudie-debian.")
        cls.programs = os.path.join(cls.work, "programs")
        cls.tools = os.path.join(cls.work, "tools")
        os.mkdir(cls.programs)
        os.mkdir(cls.tools)
        source = os.path.join(cls.work, "none.c")
        with open(source, "w", encoding="ascii") as file:
            file.write("int main(void) { return 0; }\n")
        cls.program = os.path.join(cls.programs, "cloudie-worker")
        subprocess.run([COMPILER, "-static", "-s", "-o", cls.program, source], check=True)
        cls.pretend(archive(ENTRIES))
        cls.path = os.path.join(cls.work, "debian.raw")
        done = cls.make(cls.path)
        if done.returncode != 0:
            shutil.rmtree(cls.work)
            if re.search(r"apt|download", done.stderr):
                print("skipped: no boot loaders:", done.stderr.strip())
                sys.exit(SKIP)
            raise AssertionError(done.stderr)
        cls.said = done.stderr
        with open(cls.path, "rb") as file:
            cls.image = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        cls.header, cls.partitions = table(cls.image, 1)
        cls.root = os.path.join(cls.work, "root.ext4")
        with open(cls.root, "wb") as file:
            file.truncate((1023 - 70) * MIB)
            for at, block in content(cls.path):
                if 70 * MIB <= at < 1023 * MIB:
                    os.pwrite(file.fileno(), block, at - 70 * MIB)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.work)

    @classmethod
    def pretend(cls, output, words="", status=0):
        """Puts a mmdebstrap in front of the machine's own."""
        path = os.path.join(cls.tools, "mmdebstrap")
        with open(os.path.join(cls.work, "output"), "wb") as file:
            file.write(output)
        with open(path, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >'{cls.work}/words'\n"
                       f"cat >'{cls.work}/sources'\n"
                       f"echo \"$SOURCE_DATE_EPOCH\" >'{cls.work}/time'\n"
                       "echo 'I: creating tarball...' >&2\n"
                       f"cat '{cls.work}/output'\nprintf '{words}' >&2\nexit {status}\n")
        os.chmod(path, 0o755)

    @classmethod
    def make(cls, output, *options, path=None, time=TIME, programs=None):
        return subprocess.run(
            [MKIMAGE, "worker", "--programs", programs or cls.programs, "--output", output,
             "--cache", CACHE, *options], check=False, text=True, stderr=subprocess.PIPE,
            env=dict(os.environ, SOURCE_DATE_EPOCH=str(time),
                     PATH=path or f"{cls.tools}:{PATH}"))

    def refused(self, done, sentence):
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr.strip().split("\n")[-1], sentence)
        self.assertEqual([name for name in os.listdir(self.work) if ".making." in name], [])

    def debugfs(self, command):
        done = subprocess.run(["debugfs", "-R", command, self.root], check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              env=dict(os.environ, PATH=PATH))
        return done.stdout

    def read(self, name):
        with open(os.path.join(self.work, name), encoding="utf-8") as file:
            return file.read()

    def test_partitions(self):
        self.assertEqual(len(self.image), 1024 * MIB)
        end = len(self.image) // SECTOR - 1
        self.assertEqual(table(self.image, end)[1], self.partitions)
        self.assertEqual([(row[0], row[2] * SECTOR, (row[3] + 1) * SECTOR, row[4])
                          for row in self.partitions], PLACES)

    def test_names_of_partitions(self):
        """Root and seed are those beside the seed that GRUB saw."""
        fstab = self.debugfs("cat /etc/fstab")
        self.assertIn("/dev/cloudie/root / ext4 ", fstab)
        self.assertIn("/dev/cloudie/cidata /var/lib/cloud/seed/nocloud vfat ro,", fstab)
        grub = self.debugfs("cat /boot/grub/grub.cfg")
        self.assertIn("probe --set=seed --fs-uuid ($disk,gpt3)\n", grub)
        self.assertIn("root=/dev/cloudie/root cloudie.seed=$seed ro ", grub)
        self.assertIn("linux /vmlinuz ", grub)
        if shutil.which("grub-script-check", path=PATH):
            done = subprocess.run(["grub-script-check"], input=grub, text=True, check=False)
            self.assertEqual(done.returncode, 0)

    def test_rule_of_own_disk(self):
        """What udev runs for each partition with our numbers, with a blkid that is not the machine's."""
        rule = self.debugfs("cat /etc/udev/rules.d/70-cloudie.rules")
        root, seed = (str(self.partitions[i][1]) for i in (3, 2))
        self.assertIn(f'ENV{{ID_PART_ENTRY_UUID}}!="{seed}|{root}", GOTO="cloudie_end"\n', rule)
        self.assertIn('SYMLINK+="cloudie/$env{ID_PART_ENTRY_NAME}"\n', rule)
        command, = re.findall(r"""PROGRAM=="/bin/sh -c '([^'"]*)'", SYM""", rule)
        blkid = os.path.join(self.tools, "blkid")
        with open(blkid, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\ncase \"$*\" in\n'-p -s UUID -o value /dev/nvme0n1p3') echo 1234-ABCD ;;\n"
                       "'-p -s UUID -o value /dev/sdb3') echo 0000-0001 ;;\n*) exit 2 ;;\nesac\n")
        os.chmod(blkid, 0o755)
        for name, number, want in (
                ("nvme0n1p3", "1234-ABCD", 0), ("nvme0n1p4", "1234-ABCD", 0), ("sdb3", "1234-ABCD", 1),
                ("sdb4", "1234-ABCD", 1), ("sdb4", "0000-0001", 0), ("sdc4", "1234-ABCD", 1),
                ("sdb4", "", 0)):
            words = command.replace("$env{cloudie.seed}", number).replace("%k", name)
            words = words.replace("$$", "$").replace("%%", "%").replace("/sbin/blkid", blkid)
            done = subprocess.run(["/bin/sh", "-c", words], check=False)
            self.assertEqual(done.returncode, want, (name, number))

    def test_loaders(self):
        volume = os.path.join(self.work, "esp.fat")
        with open(volume, "wb") as file:
            file.write(self.image[2 * MIB:66 * MIB])
        said = subprocess.run(["mdir", "-/", "-b", "-i", volume], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        for name in ("EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/grubx64.efi", "EFI/debian/grub.cfg"):
            self.assertIn(f"::/{name}\n", said)
        said = subprocess.run(["mtype", "-i", volume, "::/EFI/debian/grub.cfg"], check=True,
                              text=True, stdout=subprocess.PIPE).stdout
        self.assertIn("configfile ($root)/boot/grub/grub.cfg\n", said)
        os.remove(volume)
        # The core of a BIOS, with the modules that the configuration on the disk needs.
        self.assertGreater(len(self.image[MIB:2 * MIB].rstrip(b"\0")), 60000)

    def test_root_is_clean(self):
        done = subprocess.run(["e2fsck", "-fn", self.root], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=dict(os.environ, PATH=PATH))
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_entries(self):
        """Owners, modes, devices, attributes and links as in the archive."""
        for path, kind, mode, user, group in (
                ("/", "directory", "0755", 0, 0), ("/etc/shadow", "regular", "0640", 0, 42),
                ("/srv/someone", "directory", "0700", 100000, 70000),
                ("/tmp", "directory", "01777", 0, 0), ("/usr/bin/sudo", "regular", "04755", 0, 0),
                ("/lib", "symlink", "0777", 0, 0), ("/dev/null", "character special", "0666", 0, 0),
                ("/dev/nvme", "block special", "0660", 0, 6),
                ("/usr/sbin/cloudie-worker", "regular", "0755", 0, 0),
                ("/var/lib/cloud/seed", "directory", "0700", 0, 0)):
            said = self.debugfs(f"stat {path}")
            self.assertRegex(said, rf"Type: {kind} +Mode: +{mode} ", path)
            self.assertRegex(said, rf"User: +{user} +Group: +{group} ", path)
        self.assertIn("Device major/minor number: 01:03", self.debugfs("stat /dev/null"))
        self.assertIn("Device major/minor number: 259:300", self.debugfs("stat /dev/nvme"))
        self.assertIn("mtime: 0x%x" % (TIME - 1000), self.debugfs("stat /etc/shadow"))
        self.assertIn("mtime: 0x%x" % TIME, self.debugfs("stat /etc/fstab"))
        self.assertIn("security.capability (20) = 01 00 00 02 00 20",
                      self.debugfs("ea_list /usr/bin/ping"))
        self.assertIn("Links: 2 ", self.debugfs("stat /usr/bin/perl"))
        self.assertEqual(self.debugfs("cat /usr/bin/perl5"), "perl\n")
        self.assertIn('"usr/lib"', self.debugfs("stat /lib"))
        self.assertEqual(len(re.findall(r"x{60}\d", self.debugfs("ls -p /usr/many"))), 500)
        for path, want in (("/boot/vmlinuz-6", ENTRIES[2][5]), ("/usr/sbin/cloudie-worker", None)):
            copy = os.path.join(self.work, "copy")
            self.debugfs(f"dump {path} {copy}")
            with open(copy, "rb") as file:
                have = file.read()
            if want is None:
                with open(self.program, "rb") as file:
                    want = file.read()
            self.assertEqual(have, want, path)

    def test_nothing_of_the_builder(self):
        """What is each machine's own is not in it, and our files take the place of Debian's."""
        self.assertEqual(self.debugfs("cat /etc/hostname"), "localhost\n")
        self.assertIn("Size: 0\n", self.debugfs("stat /etc/machine-id"))
        for path in ("/etc/ssh/ssh_host_rsa_key", "/etc/passwd-", "/var/log/dpkg.log"):
            self.assertEqual(self.debugfs(f"stat {path}"), "", path)
        self.assertIn("PasswordAuthentication no\n",
                      self.debugfs("cat /etc/ssh/sshd_config.d/60-cloudie.conf"))
        self.assertIn('"/lib/systemd/system/cloudie-worker.service"', self.debugfs(
            "stat /etc/systemd/system/multi-user.target.wants/cloudie-worker.service"))
        self.assertIn("ExecStart=/usr/sbin/cloudie-worker",
                      self.debugfs("cat /usr/lib/systemd/system/cloudie-worker.service"))
        self.assertIn("path-exclude=/usr/share/man/*\n",
                      self.debugfs("cat /etc/dpkg/dpkg.cfg.d/90cloudie"))

    def test_twice_the_same(self):
        again = os.path.join(self.work, "again.raw")
        mask = os.umask(0o077)
        done = self.make(again)
        os.umask(mask)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(digest(again), digest(self.path))
        os.remove(again)

    def test_what_mmdebstrap_is_told(self):
        done = self.make(os.path.join(self.work, "told.raw"), "--mirror", "http://mirror.example/debian/")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.read("sources"),
                         "deb http://mirror.example/debian bookworm main\n"
                         "deb http://mirror.example/debian bookworm-updates main\n"
                         "deb http://mirror.example/debian-security bookworm-security main\n")
        self.assertEqual(self.read("time"), f"{TIME}\n")
        words = self.read("words").split("\n")
        self.assertEqual(words[-4:], ["bookworm", "-", "-", ""])
        include, = (word for word in words if word.startswith("--include="))
        packages = include.removeprefix("--include=").split(",")
        self.assertLessEqual({"systemd", "linux-image-amd64", "cloud-init", "openssh-server"},
                             set(packages))
        self.assertTrue(all(re.fullmatch(r"[a-z0-9+.-]+", name) for name in packages), packages)
        self.assertIn('--aptopt=APT::Install-Recommends "false";', words)
        # Before the packages, among them the one that makes the initramfs: what that needs.
        hook = self.read("words").split("--essential-hook=")[1].rsplit("bookworm", 1)[0]
        system = os.path.join(self.work, "system")
        os.mkdir(system)
        subprocess.run(["/bin/sh", "-c", hook, "exec", system], check=True)
        with open(os.path.join(system, "etc/udev/rules.d/70-cloudie.rules"), encoding="ascii") as file:
            self.assertEqual(file.read(), self.debugfs("cat /etc/udev/rules.d/70-cloudie.rules"))
        os.remove(os.path.join(self.work, "told.raw"))

    def test_sources_of_this_machine(self):
        """By a stand-in of apt-get: Debian's own for bookworm, and nobody else's."""
        tools = os.path.join(self.work, "apt")
        os.mkdir(tools)
        with open(os.path.join(tools, "apt-get"), "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nif [ \"$1\" != indextargets ]; then exec /usr/bin/apt-get \"$@\"; fi\n"
                       "cat <<'END'\n"
                       "http://deb.debian.org/debian/ bookworm main Debian\n"
                       "http://deb.debian.org/debian/ bookworm-backports main Debian Backports\n"
                       "http://deb.debian.org/debian/ bookworm contrib $(ORIGIN)\n"
                       "https://elsewhere.example/ bookworm main Elsewhere\n"
                       "https://elsewhere.example/ bookworm stable $(ORIGIN)\n"
                       "cdrom:[Debian]/ bookworm main Debian\n"
                       "http://security.debian.org/ bookworm-security main Debian\n"
                       "http://deb.debian.org/debian/ trixie main Debian\n"
                       "END\n")
        os.chmod(os.path.join(tools, "apt-get"), 0o755)
        output = os.path.join(self.work, "sources.raw")
        done = self.make(output, path=f"{tools}:{self.tools}:{PATH}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.read("sources"), "deb http://deb.debian.org/debian/ bookworm main\n"
                                               "deb http://deb.debian.org/debian/ bookworm contrib\n"
                                               "deb http://security.debian.org/ bookworm-security main\n")
        os.remove(output)
        with open(os.path.join(tools, "apt-get"), "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nif [ \"$1\" != indextargets ]; then exec /usr/bin/apt-get \"$@\"; fi\n")
        self.refused(self.make(output, path=f"{tools}:{self.tools}:{PATH}"),
                     "no source for Debian bookworm; name one with --mirror$")

    def test_no_password_of_a_mirror(self):
        """The sources stand in the image: no word of a password gets there, nor into the error."""
        tools = os.path.join(self.work, "secret")
        os.mkdir(tools)
        url = "http://someone:hunter2@mirror.example/debian/"
        with open(os.path.join(tools, "apt-get"), "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nif [ \"$1\" != indextargets ]; then exec /usr/bin/apt-get \"$@\"; fi\n"
                       f"echo '{url} bookworm main Debian'\n")
        os.chmod(os.path.join(tools, "apt-get"), 0o755)
        output = os.path.join(self.work, "secret.raw")
        for done in (self.make(output, path=f"{tools}:{self.tools}:{PATH}"),
                     self.make(output, "--mirror", url)):
            self.refused(done, "would stand in the image; name one without by --mirror$")
            self.assertNotIn("hunter2", done.stderr)
        done = self.make(output, "--mirror", "http://mirror.example/a@b/debian")
        self.assertEqual(done.returncode, 0, done.stderr)
        os.remove(output)

    def test_progress(self):
        self.assertIn("cloudie-mkimage: writing the file system\n", self.said)

    def test_failures(self):
        """One sentence at the end, the old image as it was, and nothing left behind."""
        whole, before = archive(ENTRIES), digest(self.path)
        self.addCleanup(self.pretend, whole)
        for output, words, status, sentence in (
                (whole[:5000], "  Could not connect to mirror.example:80\\nE: it failed\\n", 1,
                 "the mirror cannot be reached: Could not connect to mirror.example:80$"),
                (b"", "tar: x: Cannot write: No space left on device\\nE: tar failed\\n", 1,
                 "the disk is full: tar: "),
                (whole, "E: something new\\nE: mmdebstrap failed to run\\n", 2,
                 "mmdebstrap failed: E: something new$"),
                (b"", "", 1, "mmdebstrap failed$"),
                (whole[:20 * 512 + 7], "", 0, "what mmdebstrap made: it is (cut off|damaged)"),
                (archive([("./../x", tarfile.REGTYPE, 0o644, 0, 0, b"x")]), "", 0,
                 "what mmdebstrap made: it holds an entry with an unsafe path"),
                (archive([(f"./{i // 1000}/{i}", tarfile.REGTYPE, 0o644, 0, 0, b"")
                          for i in range(62000)]), "", 0,
                 "the system does not fit into 1024 MiB; name a larger --size$")):
            self.pretend(output, words, status)
            self.refused(self.make(self.path), sentence)
        self.assertEqual(digest(self.path), before)

    def test_missing_program(self):
        empty = os.path.join(self.work, "empty")
        os.mkdir(empty)
        for name in ("apt-cache", "apt-get", "apt-config", "grub-mkimage", "dpkg"):
            os.symlink(shutil.which(name, path=PATH), os.path.join(empty, name))
        self.refused(self.make(os.path.join(self.work, "never.raw"), path=empty),
                     "the program mmdebstrap is missing: install the package mmdebstrap$")

    @unittest.skipUnless(os.geteuid() == 0 and os.access("/usr/bin/mmdebstrap", os.X_OK),
                         "needs root and mmdebstrap")
    def test_mirror_away(self):
        """The real mmdebstrap, and a port that nobody listens on."""
        self.refused(self.make(os.path.join(self.work, "never.raw"), "--mirror",
                               "http://127.0.0.1:1/debian", path=PATH),
                     "the mirror cannot be reached: .*127.0.0.1")

    def test_usage(self):
        words = ["--programs", "x", "--output", "y"]
        for more, time in ((["--size", "767"], 1), (["--kernel-deb", "z"], 1), ([], "now"),
                           (["--tiny", "--mirror", "http://x/"], 1)):
            done = self.make("y", *more, time=time, programs="x")
            self.assertEqual(done.returncode, 2, (more, words, done.stderr))
        self.refused(self.make(os.path.join(self.work, "never.raw"), "--mirror", "debian"),
                     "--mirror takes the URL of a Debian mirror")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    MKIMAGE, COMPILER = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
