# SPDX-License-Identifier: GPL-3.0-or-later
"""A site of many nodes, brought to a real cloudied by the calls that edges and agents make."""
import base64
import copy
import ctypes
import ctypes.util
import glob
import http.client
import json
import os
import ssl
import subprocess
import tarfile
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
CAPTURES = os.path.join(HERE, "..", "..", "..", "..", "shared", "data", "hardware", "snapshots")
ED25519 = 1087  # EVP_PKEY_ED25519
AGENTS = 8      # that talk at the same time
CLAIMS = 5000   # of one address, below what cloudied takes in a minute


class Key:
    """An agent's key. All agents here have one: nobody asks whether they differ."""

    def __init__(self):
        lib = self.lib = ctypes.CDLL(ctypes.util.find_library("crypto"))
        for name in ("EVP_PKEY_new_raw_private_key", "EVP_MD_CTX_new"):
            getattr(lib, name).restype = ctypes.c_void_p
        self.pkey = ctypes.c_void_p(lib.EVP_PKEY_new_raw_private_key(
            ED25519, None, os.urandom(32), ctypes.c_size_t(32)))
        public = ctypes.create_string_buffer(32)
        lib.EVP_PKEY_get_raw_public_key(self.pkey, public, ctypes.byref(ctypes.c_size_t(32)))
        self.public = base64.b64encode(public.raw).decode()

    def sign(self, text):
        context = ctypes.c_void_p(self.lib.EVP_MD_CTX_new())
        signature = ctypes.create_string_buffer(64)
        data = text.encode()
        done = (self.lib.EVP_DigestSignInit(context, None, None, None, self.pkey) == 1
                and self.lib.EVP_DigestSign(context, signature, ctypes.byref(ctypes.c_size_t(64)),
                                            data, ctypes.c_size_t(len(data))) == 1)
        self.lib.EVP_MD_CTX_free(context)
        if not done:
            raise RuntimeError("libcrypto does not sign")
        return base64.b64encode(signature.raw).decode()


class Line:
    """One connection that is kept, from an address of its own."""

    def __init__(self, cloudied, source="127.0.0.1"):
        context = ssl.create_default_context(cafile=os.path.join(cloudied.state, "tls/cert.pem"))
        self.connection = http.client.HTTPSConnection(
            "127.0.0.1", cloudied.port, timeout=120, context=context, source_address=(source, 0))

    def bytes(self, method, path, token, body=None, headers=()):
        head = {"Authorization": "Bearer " + token, **dict(headers)} if token else dict(headers)
        self.connection.request(method, path, body, head)
        response = self.connection.getresponse()
        text = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:300]}")
        return text

    def call(self, method, path, token, body=None):
        return json.loads(self.bytes(method, path, token, body and json.dumps(body)))

    def close(self):
        self.connection.close()


def captured(discover):
    """What cloudie-discover says of a captured machine, or of this one."""
    archives = sorted(glob.glob(os.path.join(CAPTURES, "*.tar.gz")))
    with tempfile.TemporaryDirectory() as folder:
        if archives:
            with tarfile.open(archives[0]) as archive:
                archive.extractall(folder)
        else:
            folder = "/"
        done = subprocess.run([discover, "--root", folder], capture_output=True, check=False)
    return json.loads(done.stdout)


def server(pattern):
    """The same as a machine of a rack: two ports, eight disks, sixteen modules of memory."""
    whole = copy.deepcopy(pattern)
    whole["memory"] = {"total": 64 << 30, "modules": [
        {"slot": f"DIMM_{i}", "size": 4 << 30, "type": "DDR4", "speed": 3200, "vendor": "Samsung",
         "part": "M393A2K40DB3-CWE"} for i in range(16)]}
    whole["disks"] = {"items": [
        {"name": f"nvme{i}n1", "type": "nvme", "transport": "nvme", "model": "SAMSUNG MZQL23T8HCLS",
         "size": 3840755982336, "removable": False, "partitions": []} for i in range(8)]}
    whole.setdefault("nics", {})
    whole["nics"] = {"items": [{"name": f"eth{i}", "driver": "mlx5_core", "speed": 25000, "link": True}
                               for i in range(2)]}
    return whole


def machine(pattern, number):
    """Its own names: serial numbers, UUID, MACs."""
    whole = copy.deepcopy(pattern)
    whole["system"] = {"vendor": "Dell Inc.", "product": "PowerEdge R650", "serial": f"SN{number:06}",
                       "uuid": f"4c4c4544-0042-3510-8052-b4c0{number:08x}"}
    whole["memory"]["total"] = (64 + 64 * (number % 4)) << 30
    for i, disk in enumerate(whole["disks"]["items"]):
        disk["serial"] = f"S64HNE0R{number:06}{i}"
    for i, nic in enumerate(whole["nics"]["items"]):
        nic["mac"] = mac(number, i)
    return whole


def mac(number, port=0):
    return "52:54:%02x:%02x:%02x:%02x" % (port, number >> 16, number >> 8 & 255, number & 255)


def report(line, edge, key, pattern, number):
    """A boot, as far as its inventory."""
    address = f"10.{77 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
    plan = line.call("POST", "/edge/v1/plan", edge,
                     {"mac": mac(number), "address": address, "architecture": 7})
    claim = {"boot": plan["boot"], "public_key": key.public, "mac": mac(number), "address": address,
             "signature": key.sign("cloudie-claim-v1:" + plan["boot"]), "version": "bench"}
    token = line.call("POST", "/agent/v1/claim", None, claim)["token"]
    return line.call("PUT", "/agent/v1/inventory", token, machine(pattern, number))["node"]


def fill(cloudied, edge, pattern, first, last):
    """Nodes first to last - 1. The names of the nodes."""
    key, names, faults = Key(), [], []

    def work(share):
        try:
            for start in range(first + share, last, AGENTS * (CLAIMS // AGENTS)):
                line = Line(cloudied, f"127.0.{1 + share}.{1 + start // CLAIMS % 250}")
                for number in range(start, min(last, start + AGENTS * (CLAIMS // AGENTS)), AGENTS):
                    names.append(report(line, edge, key, pattern, number))
                line.close()
        except (OSError, RuntimeError, http.client.HTTPException) as e:
            faults.append(e)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(AGENTS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if faults:
        raise faults[0]
    return sorted(names)
