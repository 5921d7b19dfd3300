#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""TFTP of cloudie-netbootd: the clients of others, and forged requests without end.

Usage: test_tftp.py PROGRAM [TEST ...]

The wire and the stand-in of test_netbootd.py. Exits 77 (skipped) without root or a client.
"""
import json
import os
import shutil
import struct
import subprocess
import sys
import unittest

import test_netbootd
from test_netbootd import EdgeTest
from wire import EDGE, NODE_NS, Wire, in_edge, in_node, run, until

TOOLS = ["ip", "curl", "tftp", "atftp", "busybox", "openssl"]

# Requests in the names of others: RATE a second, of addresses of 10.64.0.0/10, each once; or, with
# "near", in the names of the wire's own machines, the one that is served among them.
FORGER = """
import random, socket, struct, sys, time
rate, seconds, near = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == 'near'
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
edge = socket.inet_aton('%s')
rrq = b'\\0\\1assets/vmlinuz\\0octet\\0'
chance = random.Random(1)
start, sent = time.monotonic(), 0
print('begun', flush=True)
while time.monotonic() - start < seconds:
    while sent < (time.monotonic() - start) * rate:
        source = bytes((10, 77, 0, 2 + sent %% 250)) if near else \\
            struct.pack('!I', 0x0a400000 + chance.randrange(1 << 22))
        udp = struct.pack('!HHHH', 1024 + chance.randrange(60000), 69, 8 + len(rrq), 0)
        s.sendto(struct.pack('!BBHHHBBH', 0x45, 0, 28 + len(rrq), 0, 0, 64, 17, 0) + source + edge +
                 udp + rrq, ('%s', 0))
        sent += 1
    time.sleep(0.001)
print(sent)
""" % (EDGE, EDGE)

# Each packet from a port of its own, all at once; the first answer to each, in hex, or null. With
# "to", what follows goes to where the first answer came from, and the last answer counts.
ASKER = """
import json, select, socket, sys, time
questions = json.load(sys.stdin)
sockets = []
for packets in questions:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.sendto(bytes.fromhex(packets[0]), ('%s', 69))
    sockets.append(s)
answers = [[] for s in sockets]
end = time.monotonic() + 1.5
while time.monotonic() < end:
    for s in select.select(sockets, [], [], 0.1)[0]:
        at = sockets.index(s)
        data, server = s.recvfrom(4096)
        answers[at].append((data.hex(), server[1]))
        if len(answers[at]) < len(questions[at]):
            s.sendto(bytes.fromhex(questions[at][len(answers[at])]), server)
print(json.dumps(answers))
""" % EDGE

# A transfer, and somebody else who sends to its port: what he is told, and what its client gets.
MEDDLER = """
import socket
client, other = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
client.settimeout(5)
other.settimeout(1)
client.sendto(b'\\0\\1assets/vmlinuz\\0octet\\0', ('%s', 69))
data, server = client.recvfrom(4096)
for packet in (b'\\0\\4\\0\\1', b'\\0\\5\\0\\0stop\\0', b'\\0\\1assets/vmlinuz\\0octet\\0'):
    other.sendto(packet, server)
try:
    print(other.recv(4096)[:4].hex())
except (TimeoutError, ConnectionRefusedError):
    print('nothing')
blocks = set()
try:
    client.settimeout(0.2)
    while True:
        blocks.add(client.recv(4096)[:4].hex())
except TimeoutError:
    pass
client.settimeout(5)
client.sendto(b'\\0\\4\\0\\1', server)
blocks.add(client.recv(4096)[:4].hex())
client.sendto(b'\\0\\5\\0\\0enough\\0', server)
print(*sorted(blocks))
""" % EDGE

# A client that acknowledges and gives up in one go, while the server looks elsewhere; its port stays
# open, so that no ICMP says it once more.
QUITTER = """
import os, signal, socket, sys, time
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(5)
client.sendto(b'\\0\\1assets/vmlinuz\\0octet\\0', ('%s', 69))
data, server = client.recvfrom(4096)
os.kill(int(sys.argv[1]), signal.SIGSTOP)
client.sendto(b'\\0\\4\\0\\1', server)
client.sendto(b'\\0\\5\\0\\0enough\\0', server)
os.kill(int(sys.argv[1]), signal.SIGCONT)
time.sleep(10)
""" % EDGE

RRQ, WRQ, DATA, ACK, ERROR, OACK = range(1, 7)
# Ways out of the root, and to what is beside the files that are served.
WAYS_OUT = (
    "../credential", "/../credential", "assets/../credential", "assets/../../credential",
    "assets/..", "..", "../../../../../../../../etc/passwd", "/etc/passwd", "//etc/passwd",
    "assets//etc/passwd", "assets/./../credential", "./../credential", "..//credential",
    "..\\credential", "assets\\..\\credential", "assets/..\\credential", "C:\\credential",
    "%2e%2e/credential", "assets/%2e%2e/credential", "assets/..%2fcredential", "..%5ccredential",
    "assets/%252e%252e/credential", "assets/..%c0%afcredential", "....//credential",
    "assets/..;/credential", "\xc0\xae\xc0\xae/credential", "assets/.", "assets/", "/", ".",
    "assets/vmlinuz/../../credential", "assets/vmlinuz\n", "assets/ vmlinuz", "assets/\x1b[2J",
    "assets/.vmlinuz.part", "assets/VMLINUZ", "file:///etc/passwd", "|id", "$(id)", "a" * 300,
)
# Options with a value that is none: the server goes on as if they were not said.
WRONG_VALUES = (
    ("blksize", "0"), ("blksize", "1"), ("blksize", "7"), ("blksize", "-1"), ("blksize", "65465"),
    ("blksize", "4294967808"), ("blksize", "18446744073709552128"), ("blksize", "0x200"),
    ("blksize", " 512"), ("blksize", "512 "), ("blksize", "+512"), ("blksize", "5e2"), ("blksize", ""),
    ("windowsize", "0"), ("windowsize", "-1"), ("windowsize", "65536"), ("timeout", "0"),
    ("timeout", "256"), ("tsize", "-5"), ("tsize", "18446744073709551616"), ("rollover", "2"),
    ("multicast", ""), ("x" * 100, "y" * 200),
)
# What nobody answers: it is no request. Nobody is made to send to a third by it, either.
STRAYS = (
    b"", b"\0", b"\0\1", b"\0\1\0", b"\0\1\0octet\0", b"\0\1name", b"\0\1name\0octet", b"\0\0", b"\0\7x\0octet\0",
    b"\xff\xff", b"\1\0assets/vmlinuz\0octet\0", b"\0\1f\0octet\0blksize\0",
    b"\0\1f\0octet\0blksize\x00512\0blksize\x00512\0", b"\0\1f\0octet\0" + b"a\0b\0" * 200, b"\0" * 2000,
    struct.pack("!HH", ACK, 0), struct.pack("!HH", ACK, 1), struct.pack("!HH", DATA, 1) + b"x" * 512,
    struct.pack("!HH", ERROR, 0) + b"x\0", struct.pack("!H", OACK) + b"blksize\x00512\0",
)


def request(name, *options, opcode=RRQ, mode="octet"):
    words = [name, mode, *(word for option in options for word in option)]
    return struct.pack("!H", opcode) + b"".join(w.encode("latin-1") + b"\0" for w in words)


class Tftp(EdgeTest):
    def setUp(self):
        super().setUp()
        self.answer(protocol="tftp")
        run("ip", "-4", "-n", NODE_NS, "addr", "add", "10.77.0.50/24", "dev", "eth0")
        # Where all that is forged seems to come from.
        in_edge("ip", "route", "replace", "10.64.0.0/10", "dev", "br0")
        self.start()

    def test_clients(self):
        """Each client's own way to say it, and what it gets."""
        url = "tftp://%s/assets/" % EDGE
        rows = (
            ("curl", "-sf", url + "NAME", "-o", "OUT"),
            ("curl", "-sf", "--tftp-blksize", "1428", url + "NAME", "-o", "OUT"),
            ("curl", "-sf", "--tftp-no-options", url + "NAME", "-o", "OUT"),
            ("atftp", "--get", "-r", "assets/NAME", "-l", "OUT", EDGE),
            ("atftp", "--option", "windowsize 16", "--option", "blksize 1428", "--get", "-r",
             "assets/NAME", "-l", "OUT", EDGE),
            ("atftp", "--option", "windowsize 64", "--option", "blksize 512", "--get", "-r",
             "assets/NAME", "-l", "OUT", EDGE),
            ("tftp", "-m", "binary", EDGE, "-c", "get", "assets/NAME", "OUT"),
            ("busybox", "tftp", "-g", "-r", "assets/NAME", "-l", "OUT", EDGE),
            ("busybox", "tftp", "-b", "1428", "-g", "-r", "assets/NAME", "-l", "OUT", EDGE),
        )
        for name in ("vmlinuz", "shimx64.efi"):
            for row in rows:
                out = self.path("got")
                if os.path.exists(out):
                    os.unlink(out)
                in_node(*[word.replace("NAME", name).replace("OUT", out) for word in row])
                with open(out, "rb") as f:
                    self.assertEqual(f.read(), self.asset(name), row)

    def ask(self, *questions):
        """For each question, packets: the answers."""
        got = in_node(sys.executable, "-c", ASKER, input=json.dumps(
            [[p.hex() for p in ([q] if isinstance(q, bytes) else q)] for q in questions]))
        return [[bytes.fromhex(data) for data, _ in answers] for answers in json.loads(got.stdout)]

    def expect_error(self, answer, question):
        """An ERROR whose words are ours: nothing of what was asked, no path, no reason of the system."""
        self.assertTrue(answer, question)
        self.assertEqual(answer[0][:2], struct.pack("!H", ERROR), question)
        self.assertIn(answer[0][4:-1].decode(), (
            "no such file", "this name is not served", "this server is read-only", "malformed request",
            "only octet (binary) mode is served", "the server failed"), question)
        self.assertEqual(len(answer), 1, question)

    def expect_alive(self):
        self.assertEqual(self.fetch("tftp://%s/assets/vmlinuz" % EDGE), self.asset("vmlinuz"))

    def test_ways_out(self):
        # No more than 16 transfers of one address at a time; a refusal is none.
        for name, answer in zip(WAYS_OUT, self.ask(*(request(name) for name in WAYS_OUT))):
            if len(name) > 255:
                self.assertEqual(answer, [], name)  # longer than a request may be
            else:
                self.expect_error(answer, name)
        self.assertNotIn("\x1b", self.log())
        for question in (request("assets/x", opcode=WRQ), request("../x", opcode=WRQ),
                         request("assets/vmlinuz", mode="netascii"), request("assets/vmlinuz", mode="mail")):
            self.expect_error(self.ask(question)[0], question)
        self.expect_alive()

    def test_what_is_no_file(self):
        """Whatever somebody puts in place of a file: it is not followed, and holds nobody up."""
        folder = os.path.join(self.state, "assets")
        name = os.path.join(folder, "undionly.kpxe")
        # The manifest comes last: nothing takes its place after it.
        until(20, lambda: os.path.exists(os.path.join(folder, "manifest.json")), "the package came")
        outside = self.path("secret")
        self.write("secret", b"secret")
        os.chmod(outside, 0o644)
        for make in (lambda: os.symlink(outside, name), lambda: os.symlink("vmlinuz", name),
                     lambda: os.mkfifo(name, 0o666), lambda: os.mknod(name, 0o20666, os.makedev(1, 5)),
                     lambda: os.mkdir(name), lambda: None):
            if os.path.isdir(name):
                os.rmdir(name)
            elif os.path.lexists(name):
                os.unlink(name)
            make()
            for answer in self.ask(request("undionly.kpxe"), request("assets/undionly.kpxe")):
                self.expect_error(answer, name)
        self.expect_alive()

    def test_wrong_values(self):
        data = self.asset("vmlinuz")[:512]
        # Each is left out of the answer, and then there is none; 8 at once, as one address has 16.
        for n in range(0, len(WRONG_VALUES), 8):
            values = WRONG_VALUES[n:n + 8]
            for value, answer in zip(values, self.ask(*(
                    [request("assets/vmlinuz", value), struct.pack("!HH", ERROR, 0) + b"enough\0"]
                    for value in values))):
                self.assertEqual(answer[:1], [struct.pack("!HH", DATA, 1) + data], value)
        answer = self.ask([request("assets/vmlinuz", ("blksize", "7"), ("BLKSIZE2", "x"), ("tsize", "0"),
                                   ("windowsize", "999")), struct.pack("!HH", ERROR, 8) + b"no\0"])[0]
        self.assertEqual(answer[0], struct.pack("!H", OACK) + b"tsize\x003000001\0windowsize\x0064\0")
        # A block that would be cut to pieces on the wire.
        answer = self.ask([request("assets/vmlinuz", ("blksize", "65464")),
                           struct.pack("!HH", ERROR, 8) + b"no\0"])[0]
        self.assertEqual(answer[0], struct.pack("!H", OACK) + b"blksize\x001468\0")
        self.expect_alive()

    def test_strays(self):
        for question, answer in zip(STRAYS, self.ask(*STRAYS)):
            self.assertEqual(answer, [], question)
        # In the midst of a transfer: what was never sent is not acknowledged by anybody.
        first = struct.pack("!HH", DATA, 1) + self.asset("vmlinuz")[:512]
        strays = (struct.pack("!HH", ACK, 2), struct.pack("!HH", ACK, 65535), b"\0\4", b"", b"\0\4\0",
                  struct.pack("!HH", DATA, 1) + b"x", struct.pack("!H", OACK), b"\xff" * 2000,
                  request("assets/vmlinuz"))
        for stray, answer in zip(strays, self.ask(*([request("assets/vmlinuz"), s] for s in strays))):
            self.assertEqual(set(answer), {first}, stray)
        self.expect_alive()

    def test_a_transfer_is_of_one_client(self):
        answer, blocks = in_node(sys.executable, "-c", MEDDLER).stdout.splitlines()
        self.assertEqual(answer, "nothing")
        self.assertIn(blocks, ("00030002", "00030001 00030002"))  # the first again, as nobody answered

    def test_who_gives_up_is_heard(self):
        in_node(sys.executable, "-c", QUITTER, str(self.edge.pid))
        self.assertIn("end=aborted", self.log())

    def flood(self, how):
        forger = subprocess.Popen(
            ["ip", "netns", "exec", NODE_NS, sys.executable, "-c", FORGER, "1000", "6", how],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(forger.wait)
        self.assertEqual(forger.stdout.readline(), "begun\n")
        url = "tftp://%s/" % EDGE
        got = 0
        # Before there was a limit on what nobody answers, 1,024 of them held all places for 30 s.
        while forger.poll() is None:
            self.assertEqual(self.fetch(url + "shimx64.efi"), self.asset("shimx64.efi"))
            got += 1
        self.assertEqual(self.fetch(url + "assets/vmlinuz"), self.asset("vmlinuz"))
        self.assertGreater(got, 1)
        self.assertGreater(int(forger.stdout.read()), 2048)
        forger.stdout.close()

    def test_forged_requests_of_strangers(self):
        self.flood("far")
        until(10, lambda: "tftp.displaced" in self.log(), "somebody had to leave")

    def test_forged_requests_of_neighbours(self):
        self.flood("near")

    def test_a_transfer_outlives_a_flood(self):
        """What has begun goes on: its client has answered."""
        slow = subprocess.Popen(
            ["ip", "netns", "exec", NODE_NS, "curl", "-sf", "-m", "60", "--limit-rate", "400k", "-o",
             self.path("slow"), "--tftp-blksize", "1428", "tftp://%s/assets/vmlinuz" % EDGE])
        self.addCleanup(slow.wait)
        in_node(sys.executable, "-c", FORGER, "1000", "4", "far")
        self.assertEqual(slow.wait(timeout=60), 0)
        with open(self.path("slow"), "rb") as f:
            self.assertEqual(f.read(), self.asset("vmlinuz"))


def main():
    if os.geteuid() != 0 or any(not shutil.which(tool) for tool in TOOLS):
        print("needs root and " + " ".join(TOOLS))
        return 77
    test_netbootd.PROGRAM = os.path.abspath(sys.argv[1])
    Wire.up()
    try:
        return 0 if unittest.main(argv=["test_tftp"] + sys.argv[2:], exit=False,
                                  verbosity=2).result.wasSuccessful() else 1
    finally:
        Wire.down()


if __name__ == "__main__":
    sys.exit(main())
