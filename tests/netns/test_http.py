#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot HTTP of cloudie-netbootd: what firmware asks, what strangers try, and who waits for whom.

Usage: test_http.py PROGRAM [TEST ...]

The wire and the stand-in of test_netbootd.py. Bytes that no client of others would send go through
sockets that are made in the machine's namespace. Exits 77 (skipped) without root or a client.
"""
import contextlib
import ctypes
import os
import re
import shutil
import socket
import stat
import sys
import threading
import time
import unittest

import test_netbootd as lab
from wire import EDGE, NODE_NS, SCRIPT, Wire, in_node, run, until

TOOLS = ["ip", "curl", "openssl"]
CLONE_NEWNET = 0x40000000
KERNEL = "/assets/vmlinuz"
RAMDISK = "/assets/discovery.initrd"


@contextlib.contextmanager
def namespace(name):
    """What is made inside belongs to it for ever: a socket can be used outside."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net", "rb") as ours, open("/run/netns/" + name, "rb") as theirs:
        if libc.setns(theirs.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            libc.setns(ours.fileno(), CLONE_NEWNET)


def connect(source=None, port=80, window=0):
    with namespace(NODE_NS):
        s = socket.socket()
    s.settimeout(10)
    if window:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    if source:
        s.bind((source, 0))
    s.connect((EDGE, port))
    return s


def read_all(s, seconds=3):
    """What comes until the other side closes, or says nothing for so long; and whether it closed."""
    data = b""
    s.settimeout(seconds)
    try:
        while True:
            got = s.recv(65536)
            if not got:
                return data, True
            data += got
    except ConnectionError:
        return data, True
    except socket.timeout:
        return data, False


def read_answer(s, is_head=False):
    """One answer: its status, its headers (lower case), its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        got = s.recv(65536)
        if not got:
            raise ConnectionError("closed after %r" % data)
        data += got
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.decode().split("\r\n")
    headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
    size = 0 if is_head or lines[0].split()[1] == "304" else int(headers.get("content-length", 0))
    while len(body) < size:
        got = s.recv(65536)
        if not got:
            raise ConnectionError("closed in the body")
        body += got
    return int(lines[0].split()[1]), headers, body


def get(path, *headers, method="GET"):
    return "\r\n".join(["%s %s HTTP/1.1" % (method, path), "Host: edge", *headers, "", ""]).encode()


class HttpTest(lab.EdgeTest):
    def setUp(self):
        super().setUp()
        run("ip", "-n", NODE_NS, "-batch", "-", input="".join(
            "addr add 10.77.0.%d/24 dev eth0\n" % n for n in range(50, 90)))
        self.sockets = contextlib.ExitStack()
        self.addCleanup(self.sockets.close)

    def connect(self, *args, **more):
        return self.sockets.enter_context(connect(*args, **more))

    def ask(self, path, *headers, method="GET"):
        with connect() as s:
            s.sendall(get(path, *headers, method=method))
            return read_answer(s, method == "HEAD")

    def send_raw(self, data):
        with connect() as s:
            s.sendall(data)
            return read_all(s, 1.5)

    def is_well(self, path=RAMDISK):
        """A good client, who starts now, has its file within two seconds."""
        start = time.monotonic()
        self.assertEqual(self.ask(path)[2], self.asset(os.path.basename(path)))
        self.assertLess(time.monotonic() - start, 2)


NEXT = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
INNER = b"GET /assets/nothing HTTP/1.1\r\nHost: x\r\n\r\n"


def framed(*headers, body=b"", target="/healthz", method="GET"):
    return ("%s %s HTTP/1.1\r\nHost: x\r\n" % (method, target) +
            "".join(h + "\r\n" for h in headers) + "\r\n").encode() + body


# What could be read as one request or as two, and how many answers it may have at most. The inner
# one asks for what is not there: a 404 would say that it was taken for a request.
SMUGGLED = (
    ("CL and TE", framed("Content-Length: 4", "Transfer-Encoding: chunked", body=b"0\r\n\r\n" + INNER)),
    ("TE and CL", framed("Transfer-Encoding: chunked", "Content-Length: 4", body=b"0\r\n\r\n" + INNER)),
    ("two lengths", framed("Content-Length: 0", "Content-Length: 43", body=INNER)),
    ("two equal lengths", framed("Content-Length: 0", "Content-Length: 0", body=INNER)),
    ("a list of lengths", framed("Content-Length: 0, 43", body=INNER)),
    ("a signed length", framed("Content-Length: +0", body=INNER)),
    ("a negative length", framed("Content-Length: -1", body=INNER)),
    ("a length of hex", framed("Content-Length: 0x0", body=INNER)),
    ("an empty length", framed("Content-Length:", body=INNER)),
    ("a length of 2^64", framed("Content-Length: 18446744073709551616", body=INNER)),
    ("TE of two", framed("Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n" + INNER)),
    ("TE unknown", framed("Transfer-Encoding: xchunked", body=b"0\r\n\r\n" + INNER)),
    ("TE twice", framed("Transfer-Encoding: chunked", "Transfer-Encoding: identity",
                        body=b"0\r\n\r\n" + INNER)),
    ("TE with a tab", framed("Transfer-Encoding:\tchunked", "Content-Length: 4",
                             body=b"0\r\n\r\n" + INNER)),
    ("space before the colon", framed("Content-Length : 43", body=INNER)),
    ("a folded encoding", framed("Transfer-Encoding:\r\n chunked", body=b"0\r\n\r\n" + INNER)),
    ("chunk size of 2^64", framed("Transfer-Encoding: chunked", body=b"10000000000000000\r\n" + INNER)),
    ("a negative chunk", framed("Transfer-Encoding: chunked", body=b"-1\r\n" + INNER)),
    ("no chunk size", framed("Transfer-Encoding: chunked", body=b"\r\n" + INNER)),
    ("a NUL in a name", framed("Content-\0Length: 43", body=INNER)),
    ("a bare CR in a value", framed("X: a\rContent-Length: 43", body=INNER)),
    ("HTTP/1.0 with TE", framed("Transfer-Encoding: chunked", body=b"0\r\n\r\n" + INNER).replace(
        b"1.1", b"1.0", 1)),
)

# Whole requests that are odd but clear, and what they are answered with.
CLEAR = (
    ("bare LF", b"GET /healthz HTTP/1.1\nHost: x\n\n", (200, 400)),
    ("absolute form", b"GET http://10.77.0.1/healthz HTTP/1.1\r\nHost: x\r\n\r\n", (200,)),
    ("absolute form of elsewhere", b"GET http://other/healthz HTTP/1.1\r\nHost: x\r\n\r\n", (200,)),
    ("a chunked body on GET", framed("Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n"),
     (200, 413)),
    ("a body on GET", framed("Content-Length: 3", body=b"abc"), (200, 413)),
    ("asterisk", b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", (400, 405)),
    ("authority", b"CONNECT 10.77.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n", (400, 405, 501)),
    ("POST", framed("Content-Length: 3", body=b"abc", method="POST"), (405, 413)),
    ("TRACE", framed(method="TRACE"), (405,)),
    ("an unknown method", framed(method="A" * 40), (405, 501)),
    ("lower case", b"get /healthz HTTP/1.1\r\nHost: x\r\n\r\n", (405, 501)),
    ("a folded header", framed("X: y\r\n Content-Length: 43"), (200, 400)),
    ("a line without a colon", framed("nonsense"), (400,)),
    ("two hosts", framed("Host: y"), (400,)),
    ("HTTP/1.0", b"GET /healthz HTTP/1.0\r\n\r\n", (200,)),
    ("no host", b"GET /healthz HTTP/1.1\r\n\r\n", (400,)),
)

# Not HTTP at all, or too much of it: no answer or a refusal, and it is over.
GARBAGE = (
    ("nothing but line ends", b"\r\n" * 2000),
    ("a TLS hello", bytes.fromhex("16030100a5010000a10303") + bytes(160)),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("HTTP/9.9", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n"),
    ("HTTP/0.9", b"GET /\r\n"),
    ("noise", bytes(range(256)) * 16 + b"\r\n\r\n"),
    ("a line of 64 KiB", b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a header of 64 KiB", framed("X: " + "a" * 65536)),
    ("a name of 64 KiB", framed("a" * 65536 + ": x")),
    ("2,000 headers", framed(*("X%d: y" % n for n in range(2000)))),
    ("2,000 cookies", framed("Cookie: " + "; ".join("a%d=b" % n for n in range(2000)))),
    ("5,000 queries", framed(target="/healthz?" + "&".join("a%d" % n for n in range(5000)))),
)


class Hostile(HttpTest):
    def test_smuggling(self):
        self.start()
        for what, data in SMUGGLED:
            with self.subTest(what):
                got, is_closed = self.send_raw(data + NEXT)
                # A refusal of libmicrohttpd's own has its head twice: 400 and 400.
                answers = set(re.findall(rb"HTTP/1\.[01] (\d{3})", got))
                self.assertNotIn(b"404", answers, got)
                self.assertLessEqual(len(answers), 1, got)
                self.assertTrue(is_closed, got)
        self.is_well()

    def test_odd_but_clear(self):
        self.start()
        for what, data, statuses in CLEAR:
            with self.subTest(what):
                got, _ = self.send_raw(data)
                status = re.match(rb"HTTP/1\.[01] (\d{3})", got)
                self.assertTrue(status and int(status.group(1)) in statuses, got)
        self.is_well()

    def test_garbage(self):
        self.start()
        for what, data in GARBAGE:
            with self.subTest(what):
                with contextlib.suppress(ConnectionError):
                    got, _ = self.send_raw(data)
                    self.assertFalse(re.match(rb"HTTP/1\.[01] 2", got), got)
        self.is_well()

    def rss(self):
        with open("/proc/%d/status" % self.edge.pid, encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

    def test_a_flood_of_headers(self):
        """Connections at their limit that send headers without end hold what they may, no more."""
        self.start()
        before = self.rss()
        for n in range(600):
            s = self.connect(source="10.77.0.%d" % (60 + n % 20))
            with contextlib.suppress(OSError):
                s.setblocking(False)
                s.send(b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 30000)
        self.is_well()
        self.assertLess(self.rss() - before, 128 << 10)

    def test_limit_of_one_address(self):
        """One machine has 64 connections, and others have theirs meanwhile."""
        self.start()
        greedy = [self.connect(source="10.77.0.89") for _ in range(100)]
        served = 0
        for s in greedy:
            with contextlib.suppress(OSError):
                s.sendall(get(RAMDISK))
                s.settimeout(1 if served < 60 else 0.2)
                served += read_answer(s)[0] == 200
        self.assertTrue(32 <= served <= 64, served)
        self.is_well()
        for s in greedy:
            s.close()
        until(5, lambda: self.ask(RAMDISK)[0] == 200, "places are free again")


# Ranges of a file of 3,000,001 bytes: what was asked, and status with first and last byte.
SIZE = 3000001
RANGES = (
    ("bytes=0-0", 206, 0, 0),
    ("bytes=0-", 206, 0, SIZE - 1),
    ("bytes=3000000-", 206, SIZE - 1, SIZE - 1),
    ("bytes=2999999-4000000", 206, SIZE - 2, SIZE - 1),
    ("bytes=-1", 206, SIZE - 1, SIZE - 1),
    ("bytes=-3000002", 206, 0, SIZE - 1),
    ("bytes=-18446744073709551617", 206, 0, SIZE - 1),
    ("bytes=5-18446744073709551616", 206, 5, SIZE - 1),
    ("Bytes=1-2", 206, 1, 2),
    ("bytes=3000001-", 416, 0, 0),
    ("bytes=18446744073709551615-", 416, 0, 0),
    ("bytes=18446744073709551616-18446744073709551617", 416, 0, 0),
    ("bytes=-0", 416, 0, 0),
    ("bytes=2-1", 200, 0, SIZE - 1),
    ("bytes=--1", 200, 0, SIZE - 1),
    ("bytes=0x1-0x2", 200, 0, SIZE - 1),
    ("bytes=1-2,4-5", 200, 0, SIZE - 1),
    ("bytes=0-,0-,0-", 200, 0, SIZE - 1),
    ("bytes= 1 - 2", 200, 0, SIZE - 1),
    ("lines=1-2", 200, 0, SIZE - 1),
    ("bytes=", 200, 0, SIZE - 1),
    ("-", 200, 0, SIZE - 1),
)

# Spellings of a way out of the folder, or to what is no file of the package: none is answered with 200.
WAYS_OUT = (
    "/assets/../credential", "/assets/%2e%2e/credential", "/assets/.%2e/credential",
    "/assets/..%2fcredential", "/assets/%2e%2e%2fcredential", "/assets/%252e%252e/credential",
    "/assets/..;/credential", "/assets/..%00/credential", "/assets/vmlinuz%00.txt",
    "/assets/%c0%ae%c0%ae/credential", "/assets/%e0%80%ae%e0%80%ae/credential",
    "/assets/..%c0%afcredential", "/assets/..%5ccredential", "/assets/..\\credential",
    "/assets/%2fetc/passwd", "/assets//etc/passwd", "//etc/passwd",
    "/assets/vmlinuz/..", "/assets/./vmlinuz", "/assets/%", "/assets/%2", "/assets/%zz",
    "/assets/%ff%fe", "/assets/.vmlinuz.part", "/assets/.", "/assets/", "/assets", "/images/",
    "/images", "/", "/credential", "/leases.journal", "/config.json", "/tls/key.pem",
    "/assets/VMLINUZ", "/assets/" + "a" * 5000,
)
SAME_FILE = ("//assets//vmlinuz", "/assets///vmlinuz", "/%61ssets/vmlinu%7a", "/assets%2fvmlinuz",
             "/assets/vmlinuz?x=1", "/assets/vmlinuz/", "http://edge/assets/vmlinuz")


class Files(HttpTest):
    def test_as_firmware_does(self):
        """HEAD for the size, then GET, on one connection; a script's HEAD has its size, too."""
        self.start()
        with connect() as s:
            for name in ("vmlinuz", "site.cpio", "manifest.json"):
                path = "/assets/" + name
                s.sendall(get(path, method="HEAD"))
                status, head, _ = read_answer(s, True)
                s.sendall(get(path))
                got, headers, body = read_answer(s)
                self.assertEqual((status, got), (200, 200))
                self.assertEqual(body, self.asset(name))
                self.assertEqual(int(head["content-length"]), len(body))
                self.assertEqual(head["etag"], headers["etag"])
        for path in ("/healthz", "/assets/nothing", "/", "/images/" + "0" * 32 + ".json"):
            status, head, _ = self.ask(path, method="HEAD")
            self.assertEqual(status, self.ask(path)[0], path)
            self.assertGreater(int(head["content-length"]), 0, path)

    def test_ranges(self):
        self.start()
        kernel = self.asset("vmlinuz")
        etag = self.ask(KERNEL, method="HEAD")[1]["etag"]
        with connect() as s:
            for text, wanted, first, last in RANGES:
                with self.subTest(text):
                    s.sendall(get(KERNEL, "Range: " + text))
                    status, headers, body = read_answer(s)
                    self.assertEqual(status, wanted)
                    if status == 206:
                        self.assertEqual(headers["content-range"],
                                         "bytes %d-%d/%d" % (first, last, SIZE))
                    if status == 416:
                        self.assertEqual(headers["content-range"], "bytes */%d" % SIZE)
                    else:
                        self.assertEqual(body, kernel[first:last + 1])
        for more, wanted in (("If-Range: " + etag, 206), ("If-Range: W/" + etag, 200),
                             ('If-Range: "x"', 200), ("If-None-Match: " + etag, 304),
                             ("If-None-Match: *", 304), ('If-None-Match: "x"', 206)):
            self.assertEqual(self.ask(KERNEL, "Range: bytes=1-2", more)[0], wanted, more)
        self.assertEqual(self.ask(KERNEL, "Range: bytes=1-2", method="HEAD")[0], 200)

    def test_ways_out(self):
        self.start()
        for path in WAYS_OUT:
            for method in ("GET", "HEAD"):
                with self.subTest(path, method=method):
                    self.assertIn(self.ask(path, method=method)[0], (400, 404, 414))
        for path in SAME_FILE:
            with self.subTest(path):
                self.assertEqual(self.ask(path)[2], self.asset("vmlinuz"))

    def test_what_is_no_file(self):
        """What the folder holds in place of a file: nothing is opened that waits, leads out, or is
        not what the manifest names; and who asks for it holds nobody up."""
        self.start()
        folder = os.path.join(self.state, "assets")
        secret = os.path.join(self.state, "credential")
        makers = (
            ("a link out", lambda p: os.symlink(secret, p)),
            ("a link within", lambda p: os.symlink("vmlinuz", p)),
            ("a FIFO", os.mkfifo),
            ("a folder", os.mkdir),
            ("a device", lambda p: os.mknod(p, 0o666 | stat.S_IFCHR, os.makedev(1, 5))),
            ("a socket", lambda p: os.mknod(p, 0o666 | stat.S_IFSOCK)),
            ("other bytes", lambda p: shutil.copy(secret, p)),
        )
        for what, make in makers:
            for name in ("two.squashfs", "site.cpio", "stray"):
                if what == "other bytes" and name == "site.cpio":
                    continue  # it has no hash: it is of this edge
                with self.subTest(what, name=name):
                    path = os.path.join(folder, name)
                    kept = path + "-kept"
                    if os.path.exists(path):
                        os.rename(path, kept)
                    make(path)
                    self.assertIn(self.ask("/assets/" + name)[0], (404, 500))
                    shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) \
                        else os.unlink(path)
                    if os.path.exists(kept):
                        os.rename(kept, path)
        self.assertIn("event=asset.changed name=two.squashfs", self.log())
        until(15, lambda: self.ask("/assets/two.squashfs")[2] == self.asset("two.squashfs"),
              "the controller was asked for what it should be")
        self.is_well()

    def test_curl(self):
        """A client of others: resumes, goes on on one connection, asks HEAD and ranges."""
        self.start()
        kernel = self.asset("vmlinuz")
        url = "http://%s%s" % (EDGE, KERNEL)
        part = self.path("part")
        self.write("part", kernel[:1234567])
        in_node("curl", "-sf", "-C", "-", "-o", part, url)
        with open(part, "rb") as f:
            self.assertEqual(f.read(), kernel)
        in_node("curl", "-sf", "-C", "-", "-o", part, url, check=False)  # there is no more: 416
        self.assertEqual(os.path.getsize(part), len(kernel))
        got = in_node("curl", "-sv", url, url, url, "-o", "/dev/null", "-o", "/dev/null", "-o",
                      "/dev/null").stderr
        self.assertEqual(got.count("Re-using existing connection"), 2, got)
        self.assertIn("Content-Length: 3000001", in_node("curl", "-sfI", url).stdout)


class Slow(HttpTest):
    def test_slow_readers(self):
        """Twenty that read a byte a second cost a good client nothing."""
        self.start()
        for n in range(20):
            s = self.connect(source="10.77.0.%d" % (60 + n), window=4096)
            s.sendall(get(KERNEL))
            s.recv(1)
        end = time.monotonic() + 3
        while time.monotonic() < end:
            self.is_well(KERNEL)

    def test_slow_requests(self):
        """A thousand that never finish their head: the good client is served at once."""
        self.start()
        for n in range(1000):
            s = self.connect(source="10.77.0.%d" % (50 + n % 40))
            with contextlib.suppress(OSError):
                s.sendall(b"GET /assets/vmlinuz HTTP/1.1\r\nX-%d:" % n)
        self.is_well()


class Tls(HttpTest):
    def curl(self, *more, check=True):
        return in_node("curl", "-sf", "-m", "10", "--cacert", self.path("state/tls/cert.pem"), *more,
                       check=check)

    def test_https(self):
        """The same files over TLS, with a certificate that the edge made for its address; and the
        suites of OVMF (kRSA alone)."""
        self.config("services: [http, https]\n")
        self.start()
        key = os.path.join(self.state, "tls/key.pem")
        self.assertEqual(os.stat(key).st_mode & 0o777, 0o600)
        url = "https://%s" % EDGE
        out = self.path("out")
        for more in ((), ("--tls-max", "1.2", "--ciphers", "AES256-GCM-SHA384"),
                     ("--tls-max", "1.2", "--ciphers", "AES128-GCM-SHA256"), ("--tlsv1.3",)):
            self.curl(*more, "-o", out, url + KERNEL)
            with open(out, "rb") as f:
                self.assertEqual(f.read(), self.asset("vmlinuz"), more)
        self.curl("-r", "1000-2999", "-o", out, url + KERNEL)
        with open(out, "rb") as f:
            self.assertEqual(f.read(), self.asset("vmlinuz")[1000:3000])
        self.assertEqual(self.curl(url + "/healthz").stdout, "ok\n")
        self.assertIn("Content-Length: 3000001", self.curl("-I", url + KERNEL).stdout)
        for more in (("--tls-max", "1.1"), ("--cacert", self.path("cert.pem"))):
            self.assertNotEqual(self.curl(*more, url + "/healthz", check=False).returncode, 0, more)
        self.assertEqual(self.ask("/tls/key.pem")[0], 404)

    def test_kept(self):
        """A start later the certificate is the same: firmware has it. An operator's takes its place;
        half a pair is an error with a sentence."""
        self.config("services: [http, https]\n")
        self.start()
        cert, key = (os.path.join(self.state, "tls", n) for n in ("cert.pem", "key.pem"))
        with open(cert, encoding="ascii") as f:
            first = f.read()
        self.stop_one(self.edge)
        self.start_edge()
        with open(cert, encoding="ascii") as f:
            self.assertEqual(f.read(), first)
        self.stop_one(self.edge)
        run("openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", "2", "-subj",
            "/CN=operator", "-addext", "subjectAltName=IP:" + EDGE, "-keyout", key, "-out", cert)
        self.start_edge()
        self.assertEqual(self.curl("https://%s/healthz" % EDGE).stdout, "ok\n")
        self.stop_one(self.edge)
        os.unlink(key)
        self.start_edge(healthy=False)
        self.assertEqual(self.edge.wait(timeout=10), 1)
        self.assertIn("key.pem", self.log())
        self.edge = None

    def test_hostile(self):
        """Handshakes that stop, and what is not TLS, hold nobody up."""
        self.config("services: [http, https]\n")
        self.start()
        for n in range(200):
            s = self.connect(source="10.77.0.%d" % (50 + n % 40), port=443)
            with contextlib.suppress(OSError):
                s.sendall((b"", b"GET / HTTP/1.1\r\n\r\n", bytes.fromhex("1603010200010001fc0303"),
                           bytes(3000))[n % 4])
        self.assertEqual(self.curl("https://%s/healthz" % EDGE).stdout, "ok\n")
        self.is_well()


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
