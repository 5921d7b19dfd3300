# SPDX-License-Identifier: GPL-3.0-or-later
"""A switch that speaks while cloudie-discover listens is heard, and by nobody who did not ask."""
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

INSIDE = "CLOUDIE_NETNS"


def part(kind, value):
    """IEEE 802.1AB 8.4: seven bits of type, nine of length."""
    return struct.pack("!H", kind << 9 | len(value)) + value


MESSAGE = (part(1, b"\x04\x02\0\0\0\0\1") + part(2, b"\x05Eth1") + part(3, b"\0\x78") +
           part(5, b"switch-a") + part(0, b""))
OTHER = MESSAGE.replace(b"Eth1", b"Eth2")
ADDRESSES = bytes.fromhex("0180c200000e020000000001") + struct.pack("!H", 0x88cc)


class Neighbours(unittest.TestCase):
    def setUp(self):
        for command in ("link add v0 type veth peer name v1", "link set v0 up", "link set v1 up"):
            subprocess.run(("ip", *command.split()), check=True)
        self.addCleanup(subprocess.run, ("ip", "link", "del", "v0"), check=True)
        self.folder = tempfile.mkdtemp(prefix="cloudie-lldp-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.silent = threading.Event()

    def speak(self):
        """More often than a switch does: at some time of the look there is a message."""
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
            wire.bind(("v1", 0))
            while not self.silent.wait(0.02):
                wire.send(ADDRESSES + MESSAGE)

    def heard(self, *options, **process):
        """Names of what a snapshot has of LLDP: no interface here stands on a device."""
        snapshot = os.path.join(self.folder, "snapshot.tar.zst")
        subprocess.run((sys.argv[1], "--snapshot", snapshot, *options), check=True, **process)
        tar = subprocess.run(("zstd", "-dc", snapshot), check=True, capture_output=True).stdout
        names = subprocess.run(("tar", "t"), input=tar, check=True, capture_output=True).stdout
        os.remove(snapshot)
        return [n for n in names.decode().splitlines() if "/lldp/" in n]

    def test_heard(self):
        switch = threading.Thread(target=self.speak)
        switch.start()
        try:
            self.assertEqual(self.heard("--listen", "1"), ["answers/lldp/v0"])
            self.assertEqual(self.heard(), [])  # who did not ask hears nothing
        finally:
            self.silent.set()
            switch.join()
        self.assertEqual(self.heard("--listen", "1"), [])

    def test_before(self):
        """What came before it was started waits in a socket that it is given."""
        with (socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x88cc)) as early,
              socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire):
            wire.bind(("v1", 0))
            # PACKET_ADD_MEMBERSHIP of the group that switches speak to
            early.setsockopt(263, 1, struct.pack("iHH8s", socket.if_nametoindex("v0"), 0, 6, ADDRESSES[:6]))
            for message in (MESSAGE, OTHER, MESSAGE):
                wire.send(ADDRESSES + message)
            options = ("--listen", "0", "--lldp-fd", str(early.fileno()))
            self.assertEqual(sorted(self.heard(*options, pass_fds=[early.fileno()])),
                             ["answers/lldp/v0", "answers/lldp/v0+1"])
            self.assertEqual(self.heard(*options, pass_fds=[early.fileno()]), [])

    def test_many_voices(self):
        """Who speaks in many names is heard as some, and keeps nobody at another cable from it."""
        for command in ("link add v2 type veth peer name v3", "link set v2 up", "link set v3 up"):
            subprocess.run(("ip", *command.split()), check=True)
        self.addCleanup(subprocess.run, ("ip", "link", "del", "v2"), check=True)
        with (socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x88cc)) as early,
              socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire):
            early.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE
            for name in ("v0", "v2"):
                early.setsockopt(263, 1, struct.pack("iHH8s", socket.if_nametoindex(name), 0, 6, ADDRESSES[:6]))
            wire.bind(("v1", 0))
            for i in range(200):
                wire.send(ADDRESSES + MESSAGE.replace(b"Eth1", b"E%03d" % i))
            wire.bind(("v3", 0))
            wire.send(ADDRESSES + MESSAGE)
            heard = self.heard("--listen", "0", "--lldp-fd", str(early.fileno()), pass_fds=[early.fileno()])
        self.assertIn("answers/lldp/v2", heard)
        self.assertEqual(len(heard), 16 + 1)

    def test_no_socket(self):
        for number in ("0", "77", "x"):
            wrong = subprocess.run((sys.argv[1], "--listen", "0", "--lldp-fd", number), check=False,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
            self.assertEqual(wrong.returncode, 2)
            self.assertIn(b"packet socket", wrong.stderr)


def main():
    if not all(shutil.which(p) for p in ("ip", "unshare", "zstd")) or os.geteuid() != 0:
        print("skipped: it takes root, ip, unshare and zstd")
        return 77
    if INSIDE not in os.environ:
        if subprocess.run(("unshare", "-n", "true"), check=False).returncode != 0:
            print("skipped: no network namespace can be made")
            return 77
        return subprocess.run(("unshare", "-n", sys.executable, *sys.argv), check=False,
                              env={**os.environ, INSIDE: "1"}).returncode
    return not unittest.main(argv=sys.argv[:1], verbosity=2, exit=False).result.wasSuccessful()


if __name__ == "__main__":
    sys.exit(main())
