# SPDX-License-Identifier: GPL-3.0-or-later
"""An image, an edge that serves it, and a machine whose disk is a file. For test_*.py."""
import contextlib
import functools
import hashlib
import http.server
import json
import os
import shutil
import struct
import subprocess
import tempfile
import threading
import zlib

FRAME = 4 << 20
SECTOR = 512
MAGIC = 0x184D2A5C
SECRET = "5e" * 32
CA = "-----BEGIN CERTIFICATE-----\nnot looked at here\n-----END CERTIFICATE-----\n"


def run(*args, **more):
    return subprocess.run(args, check=True, capture_output=True, **more)


def sgdisk(path, *args):
    return run("/usr/sbin/sgdisk", *args, path, text=True).stdout


@functools.lru_cache(maxsize=1)
def signer():
    """A minisign key pair: (public key text, signing function)."""
    folder = tempfile.mkdtemp(prefix="cloudie-key.")
    public, secret = os.path.join(folder, "pub"), os.path.join(folder, "sec")
    run("minisign", "-G", "-W", "-f", "-p", public, "-s", secret)
    with open(public, encoding="ascii") as file:
        text = file.read()
    with open(secret, "rb") as file:
        key = file.read()
    shutil.rmtree(folder)

    def sign(data):
        with tempfile.TemporaryDirectory() as work:
            with open(os.path.join(work, "sec"), "wb") as out:
                out.write(key)
            with open(os.path.join(work, "data"), "wb") as out:
                out.write(data)
            run("minisign", "-S", "-H", "-s", os.path.join(work, "sec"), "-m",
                os.path.join(work, "data"), "-x", os.path.join(work, "sig"), stdin=subprocess.DEVNULL)
            with open(os.path.join(work, "sig"), "rb") as file:
                return file.read()
    return text, sign


def plain_disk(size, *partitions):
    """The bytes of a disk with these partitions, as sgdisk words them."""
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(size)
        sgdisk(file.name, "-a", "1", *partitions)
        file.seek(0)
        return bytearray(file.read())


def bare_disk(size, sector, count):
    """The plain bytes of a disk whose partition table has @count entries, none of them used."""
    entries = bytes(count * 128)
    last, tail = (64 << 20) // sector - 1, 1 + (16384 + sector - 1) // sector
    head = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, 1, last, tail + 1,
                       last - tail, bytes(range(16)), 2, count, 128, zlib.crc32(entries))
    head = head[:16] + struct.pack("<I", zlib.crc32(head)) + head[20:]
    plain = bytes(sector) + head.ljust(sector, b"\0") + entries
    return plain.ljust(size, b"\0")


class Image:
    """The three files, from the plain bytes."""

    def __init__(self, plain, name="worker", sector_size=SECTOR):
        self.plain = bytes(plain)
        self.rows, stored = [], bytearray()
        for at in range(0, len(self.plain), FRAME):
            chunk = self.plain[at:at + FRAME]
            with tempfile.NamedTemporaryFile() as file:
                file.write(chunk)
                file.flush()
                frame = run("zstd", "-1", "-q", "-c", file.name).stdout
            zero = not any(chunk)
            self.rows.append((len(stored), len(frame), zero, hashlib.sha256(chunk).digest()))
            stored += frame
        table = b"".join(struct.pack("<QI", offset, size | (int(zero) << 31)) + plain_hash
                         for offset, size, zero, plain_hash in self.rows)
        self.table_at = len(stored) + 8
        stored += struct.pack("<II", MAGIC, len(table)) + table
        table_hash = hashlib.sha256(table).hexdigest()
        self.id = table_hash[:32]
        manifest = {"format": 1, "name": name, "size": len(self.plain), "frame_size": FRAME,
                    "sector_size": sector_size, "os": "test", "architecture": "x86_64",
                    "stored_size": len(stored), "stored_sha256": hashlib.sha256(stored).hexdigest(),
                    "table_sha256": table_hash, "made_ms": 1}
        text = json.dumps(manifest).encode()
        self.files = {f"/images/{self.id}.raw.zst": bytes(stored),
                      f"/images/{self.id}.json": text,
                      f"/images/{self.id}.json.sig": signer()[1](text)}

    def flipped(self, suffix, at):
        """The files with one bit of one of them changed."""
        files = dict(self.files)
        path = f"/images/{self.id}{suffix}"
        data = bytearray(files[path])
        data[at] ^= 1
        files[path] = bytes(data)
        return files


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        edge = self.server.edge
        with edge.lock:
            edge.asked.append((self.path, self.headers.get("Range")))
            if self.headers.get("Cache-Control") == "no-cache":
                edge.asked_anew.append(self.path)
            status = edge.answer(self.path, self.headers.get("Range"))
            data = edge.files.get(self.path)
        if not status and data is not None and edge.lie and self.headers.get("Range"):
            with contextlib.suppress(ConnectionError):
                edge.lie(self, data)
            self.close_connection = True
            return
        if status or data is None:
            self.send_response(status or 404)
            if status == 503:
                self.send_header("Retry-After", "1")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        wanted = self.headers.get("Range")
        if wanted:
            first, last = wanted[len("bytes="):].split("-")
            part = data[int(first):int(last) + 1]
            self.send_response(206)
            self.send_header("Content-Range",
                             f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}")
        else:
            part = data
            self.send_response(200)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(part)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        """A client that was killed is what some tests are about."""


class Edge:
    """Serves files; answer(path, range) may return a status to refuse with."""

    def __init__(self, files, answer=lambda path, wanted: 0, port=0):
        self.files, self.answer, self.port = files, answer, port
        self.asked, self.lock, self.server = [], threading.RLock(), None
        self.asked_anew = []  # of whom the copy is doubted
        self.lie = None  # called with the handler and the file, in place of the answer to a range

    def start(self):
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.edge = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


class Machine:
    """Folders that play /sys and /dev."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="cloudie-machine.")
        os.makedirs(os.path.join(self.root, "dev"))
        os.makedirs(os.path.join(self.root, "sys/block"))

    def remove(self):
        shutil.rmtree(self.root)

    def write(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    def add_disk(self, name, size, serial, sector=SECTOR, read_only=0):
        self.write(f"sys/block/{name}/size", f"{size // 512}\n")
        self.write(f"sys/block/{name}/serial", f"{serial}\n")
        self.write(f"sys/block/{name}/ro", f"{read_only}\n")
        self.write(f"sys/block/{name}/queue/logical_block_size", f"{sector}\n")
        with open(self.disk(name), "wb") as file:
            file.truncate(size)

    def disk(self, name):
        return os.path.join(self.root, "dev", name)

    def content(self, name):
        with open(self.disk(name), "rb") as file:
            return file.read()


def plan(image, size, serial="DISK-1", **more):
    return {"generation": 7, "operation": 3, "node": "lab-1",
            "disk": {"name": "was-sdz", "serial": serial, "size": size}, "image": "worker",
            "image_id": image.id, "image_size": len(image.plain), "hostname": "worker-1",
            "secret": SECRET, **more}


def job(image, edge, size, serial="DISK-1", **more):
    return {"plan": plan(image, size, serial, **more), "edge": edge.url,
            "controllers": ["https://10.77.0.1:8443"], "ca": CA, "signing_key": signer()[0]}
