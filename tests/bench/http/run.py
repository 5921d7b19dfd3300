#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot HTTP of cloudie-netbootd beside nginx, in turn, in one run.

Usage: run.py [--quick] CLOUDIE-NETBOOTD LOAD

Both serve the same files from one core, the load has the other. BENCH_PAIRS: pairs (9; --quick: 3);
BENCH_ROW: one row alone. CPU is what the kernel accounts to the server's threads, in nanoseconds.
Prints the medians and the median of the ratios of each pair, and ends with 1 where a budget of the
design's section 13 is missed by more than 10 %. 77: skipped. TLS by wrk, where that is installed;
no budget is set for it: images go over plain HTTP. Ours writes a line of log for each file, and so
does nginx, to a file, as Debian sets it up; BENCH_NGINX_LOG=off: it does not.

A short request of 100 clients costs more than nginx's. What it has more is time in libmicrohttpd,
which parses, wipes its memory and makes a date for each request, and in the copy of the head that a
handler may keep. One thread or two makes no difference. Of a large file 97 % is sendfile(2), for both.
"""
import hashlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "netns"))
import test_netbootd as lab  # noqa: E402
from wire import EDGE_NS, NODE_NS, Wire, in_edge, run, until  # noqa: E402

QUICK = "--quick" in sys.argv
PAIRS = int(os.environ.get("BENCH_PAIRS", "3" if QUICK else "9"))
TOLERANCE = 1.1
OURS, PEER = "cloudie", "nginx"
HOSTS = {OURS: "10.77.0.1", PEER: "10.77.0.3"}
LARGE, SMALL = 64 << 20, 1000
SECONDS = 1 if QUICK else 2
# What is asked: file, clients, stay on a connection, over TLS, and what CPU is counted by.
ROWS = (
    ("1 client, large file", "vmlinuz", 1, 1, False, "GiB"),
    ("100 clients, large file", "vmlinuz", 100, 1, False, "GiB"),
    ("1 client, small file", "discovery.initrd", 1, 1, False, "request"),
    ("100 clients, small file", "discovery.initrd", 100, 1, False, "request"),
    ("100 clients, a connection a request", "discovery.initrd", 100, 0, False, "request"),
    ("TLS, 1 client, large file", "vmlinuz", 1, 1, True, "GiB"),
    ("TLS, 32 clients, small file", "discovery.initrd", 32, 1, True, "request"),
)
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{ access_log {log}; sendfile on; tcp_nopush on; keepalive_requests 100000000;
 open_file_cache max=100; default_type application/octet-stream;
 client_body_temp_path {folder}/n1; proxy_temp_path {folder}/n2; fastcgi_temp_path {folder}/n3;
 uwsgi_temp_path {folder}/n4; scgi_temp_path {folder}/n5;
 server {{ listen {host}:80 backlog=1024; listen {host}:443 ssl backlog=1024; root {folder};
  ssl_certificate {folder}/state/tls/cert.pem; ssl_certificate_key {folder}/state/tls/key.pem; }} }}
"""
WRK = "done = function(s) io.write(string.format('%d %d %d\\n', s.requests, s.bytes, s.duration)) end\n"


class Edge(lab.EdgeTest):
    def make_package(self):
        files = []
        for name, role, size in (("vmlinuz", "kernel", LARGE), ("discovery.initrd", "ramdisk", SMALL),
                                 ("undionly.kpxe", "loader", 70000), ("shimx64.efi", "loader", 900),
                                 ("grubx64.efi", "second-loader", 3000),
                                 ("two.squashfs", "stage-two", 9)):
            data = os.urandom(size)
            self.write("assets/" + name, data)
            files.append({"name": name, "size": size, "role": role,
                          "sha256": hashlib.sha256(data).hexdigest()})
        self.write("assets/manifest.json", json.dumps({"kernel_version": "6.1", "files": files}))
        self.write("assets/manifest.json.minisig", "signature")
        self.write("assets/site.cpio", "site")
        self.write("join-token", "a" * 64 + "\n")

    def runTest(self):
        pass


def cpu_s(pids):
    """Seconds that all threads of these processes have run."""
    total = 0
    for pid in pids:
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/schedstat" % (pid, task), encoding="ascii") as f:
                total += int(f.read().split()[0])
    return total / 1e9


class Bench:
    def __init__(self, load, edge):
        self.load, self.edge, self.nginx, self.pids = load, edge, None, {}

    def start(self):
        for n in range(50, 90):
            run("ip", "-n", NODE_NS, "addr", "add", "10.77.0.%d/24" % n, "dev", "eth0")
        run("ip", "-n", EDGE_NS, "addr", "add", HOSTS[PEER] + "/24", "dev", "br0", check=False)
        self.edge.write("nginx.conf", NGINX.format(
            folder=self.edge.folder, host=HOSTS[PEER],
            log=os.environ.get("BENCH_NGINX_LOG", self.edge.path("access.log"))))
        self.edge.write("wrk.lua", WRK)
        os.chmod(self.edge.folder, 0o755)
        self.nginx = subprocess.Popen(
            ["ip", "netns", "exec", EDGE_NS, "taskset", "-c", "0", "nginx", "-c",
             self.edge.path("nginx.conf"), "-g", "user root;"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        run("taskset", "-acp", "0", str(self.edge.edge.pid))
        until(10, lambda: "10.77.0.3:80" in in_edge("ss", "-ltnH").stdout, "nginx")
        self.pids = {PEER: self.workers(), OURS: [self.edge.edge.pid]}

    def workers(self):
        """nginx listens before its worker is there."""
        found = []

        def are_there():
            with open("/proc/%d/task/%d/children" % (self.nginx.pid, self.nginx.pid),
                      encoding="ascii") as f:
                found[:] = [int(p) for p in f.read().split()]
            return found
        until(10, are_there, "nginx's worker")
        return found

    def stop(self):
        if self.nginx:
            self.nginx.terminate()
            self.nginx.wait(timeout=10)

    def fetch(self, name, row):
        _, asset, clients, keep, is_tls, _ = row
        node = ["ip", "netns", "exec", NODE_NS, "taskset", "-c", "1"]
        if not is_tls:
            got = subprocess.run(node + [self.load, HOSTS[name], "80", "/assets/" + asset, "10.77.0.50",
                                         str(clients), str(keep), str(SECONDS)],
                                 capture_output=True, text=True, check=True)
            return json.loads(got.stdout)
        got = subprocess.run(node + ["wrk", "-t1", "-c%d" % clients, "-d%d" % SECONDS, "-s",
                                     self.edge.path("wrk.lua"),
                                     "https://%s/assets/%s" % (HOSTS[name], asset)],
                             capture_output=True, text=True, check=True)
        failed = re.search(r"Non-2xx or 3xx responses: (\d+)", got.stdout)
        requests, size, took = map(int, got.stdout.strip().splitlines()[-1].split())
        return {"requests": requests, "bytes": size, "seconds": took / 1e6,
                "failed": int(failed.group(1)) if failed else 0}

    def ask(self, name, row):
        before = cpu_s(self.pids[name])
        result = self.fetch(name, row)
        used = cpu_s(self.pids[name]) - before
        if result["failed"]:
            raise RuntimeError("%s: %s: %d failed" % (row[0], name, result["failed"]))
        if row[5] == "GiB":
            return used * 1000 / (result["bytes"] / 2**30), result["bytes"] / result["seconds"] / 1e6
        return used * 1e6 / result["requests"], result["requests"] / result["seconds"]


def measure(bench, row):
    pairs = []
    for n in range(PAIRS):
        order = (OURS, PEER) if n % 2 == 0 else (PEER, OURS)
        pairs.append({name: bench.ask(name, row) for name in order})
    unit = ("ms/GiB", "MB/s") if row[5] == "GiB" else ("us/request", "requests/s")
    print(row[0])
    for name in (OURS, PEER):
        print("  %-8s CPU %8.1f %s  %10.1f %s" % (
            name, statistics.median(p[name][0] for p in pairs), unit[0],
            statistics.median(p[name][1] for p in pairs), unit[1]))
    cpu = statistics.median(p[OURS][0] / p[PEER][0] for p in pairs)
    rate = statistics.median(p[OURS][1] / p[PEER][1] for p in pairs)
    is_missed = not row[4] and (cpu > TOLERANCE or rate < 1 / TOLERANCE)
    print("  CPU %.2fx, rate %.2fx of nginx's%s" % (cpu, rate, "  MISSED" if is_missed else ""),
          flush=True)
    return is_missed


def main():
    if os.geteuid() != 0 or not shutil.which("nginx") or (os.cpu_count() or 1) < 2:
        print("skipped: needs root, two cores, and nginx")
        return 77
    lab.PROGRAM, load = (os.path.abspath(a) for a in [a for a in sys.argv[1:] if a != "--quick"])
    edge = Edge()
    bench = Bench(load, edge)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was made is taken away
    Wire.up()
    try:
        edge.setUp()
        edge.config("services: [http, https]\n")
        edge.start()
        bench.start()
        missed = [measure(bench, row) for row in ROWS
                  if row[0] == os.environ.get("BENCH_ROW", row[0])
                  and (not row[4] or shutil.which("wrk"))]
        return 1 if any(missed) else 0
    finally:
        bench.stop()
        edge.doCleanups()
        Wire.down()


if __name__ == "__main__":
    sys.exit(main())
