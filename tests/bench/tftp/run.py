#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""TFTP of cloudie-netbootd beside tftpd-hpa, atftpd and dnsmasq, in turn, in one run.

Usage: run.py [--quick] CLOUDIE-NETBOOTD LOAD WIRE

All servers run all the time; one is asked at a time, each as often as the others, interleaved: 9
rounds, or 3 (--quick). Server and load have a core each. Prints the medians, the CPU of the server,
what of both cores was in use (where the load's is full, the load is what was measured), and the
ratios; ends with 1 where a budget of the design's section 13 is missed by more than 10 %. 77:
skipped. The program should be of the release build.

BENCH_PAIRS: so many rounds; BENCH_ROW: one row alone; BENCH_PEERS: of these alone; BENCH_FIRST=1:
before all else that the machine does (SCHED_FIFO), where it is not quiet.

"200 clients" in lock-step misses its 2.0x. Per block we make three calls, recv(2), sendto(2) and a
share of epoll_wait(2); half of the time is the kernel's way out. A bare responder without a table, a
timer or a file, on one socket with recvmmsg(2) and sendmmsg(2), reached 1.4x dnsmasq: the rest is
below the socket, and equal for all. Sockets shared by transfers would come near that, and lose that
the kernel drops what others send to a transfer. With the window that firmware asks for it is met.

tftpd-hpa and atftpd cannot both be installed; one unpacked will do:
  apt-get download tftpd-hpa && dpkg -x tftpd-hpa_*.deb peers && PATH=$PWD/peers/usr/sbin:$PATH
"""
import hashlib
import json
import os
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
TOLERANCE = 0.9
# Before all else that the machine does, where it is not quiet.
FIRST = ["chrt", "-f", "1"] if os.environ.get("BENCH_FIRST") else []
LARGE, SMALL = 32 << 20, 1 << 20
OURS = "cloudie"
# What is asked: files, clients, block, window, seconds at most, which wire, rounds.
ROWS = (
    ("lock-step", "large", 1, 1428, 0, 60, "direct", PAIRS),
    ("window 16", "large", 1, 1428, 16, 60, "direct", PAIRS),
    ("window 64", "large", 1, 1428, 64, 60, "direct", PAIRS),
    ("200 clients", "small", 200, 1428, 0, 90, "direct", PAIRS),
    # What OVMF and shim ask for.
    ("200 clients, window 4", "small", 200, 1428, 4, 90, "direct", PAIRS),
    ("1 % loss", "small", 1, 1428, 0, 40, "lossy", PAIRS),
    ("1 % loss, window 16", "small", 1, 1428, 16, 40, "lossy", min(PAIRS, 3)),
)
# Which row must be how much better than the best of which peers.
BUDGETS = (
    ("lock-step", 1.0, None),
    ("window 16", 1.2, "atftpd"),
    ("200 clients", 2.0, None),
    ("1 % loss", 10.0, None),
)
ADDRESSES = {"direct": "10.77.0.%d", "lossy": "10.79.0.%d"}
FROM = {"direct": "10.77.0.50", "lossy": "10.79.0.50"}
HOSTS = {OURS: 1, "tftpd-hpa": 3, "atftpd": 4, "dnsmasq": 5}


# A card that sums nothing up (SIOCETHTOOL, ETHTOOL_STXCSUM): between two ends of a veth no sum is
# ever filled in, and what wire.c passes on would be thrown away.
NO_CHECKSUMS = """
import array, fcntl, socket, struct, sys
value = array.array('I', [0x17, 0])
fcntl.ioctl(socket.socket(), 0x8946, struct.pack('16sP', sys.argv[1].encode(), value.buffer_info()[0]) + bytes(16))
"""


def commands(host, files, folder, name):
    return {
        "tftpd-hpa": ["in.tftpd", "-L", "-a", host + ":69", "-u", "root", "-s", files],
        "atftpd": ["atftpd", "--daemon", "--no-fork", "--port", "69", "--bind-address", host,
                   "--maxthread", "1000", "--user", "root.root", "--verbose=0", files],
        "dnsmasq": ["dnsmasq", "--conf-file=/dev/null", "-k", "--port=0", "--listen-address=" + host,
                    "--bind-interfaces", "--enable-tftp", "--tftp-root=" + files, "--tftp-max=1000",
                    "--quiet-tftp", "--user=root", "--pid-file=",
                    "--log-facility=" + os.path.join(folder, "dnsmasq.log")],
    }[name]


class Edge(lab.EdgeTest):
    """The wire, the package and the stand-in of the tests, with larger files and a second wire."""

    def make_package(self):
        names = (("vmlinuz", "kernel", LARGE), ("discovery.initrd", "ramdisk", SMALL),
                 ("undionly.kpxe", "loader", 70000), ("shimx64.efi", "loader", 900),
                 ("grubx64.efi", "second-loader", 3000), ("two.squashfs", "stage-two", 9))
        files = []
        for name, role, size in names:
            data = os.urandom(size)
            self.write("assets/" + name, data)
            files.append({"name": name, "size": size, "role": role,
                          "sha256": hashlib.sha256(data).hexdigest()})
        self.write("assets/manifest.json", json.dumps({"kernel_version": "6.1", "files": files}))
        self.write("assets/manifest.json.minisig", "signature")
        self.write("assets/site.cpio", "site")
        self.write("join-token", "a" * 64 + "\n")
        os.makedirs(self.path("peers"))
        os.link(self.path("assets/vmlinuz"), self.path("peers/large"))
        os.link(self.path("assets/discovery.initrd"), self.path("peers/small"))
        os.chmod(self.folder, 0o755)

    def config(self, more=""):
        super().config(more)
        with open(self.path("netbootd.yaml"), encoding="utf-8") as f:
            text = f.read()
        self.write("netbootd.yaml", text.replace("[br0]", "[br0, br1]"))

    def runTest(self):
        pass


def second_wire():
    """br1 in the edge's namespace, eth1 in the node's, and between them what wire.c reads."""
    run("ip", "-n", EDGE_NS, "link", "add", "br1", "type", "bridge", "stp_state", "0",
        "forward_delay", "0", "mcast_snooping", "0")
    run("ip", "-n", EDGE_NS, "link", "set", "br1", "up")
    run("ip", "-n", EDGE_NS, "link", "add", "port1", "type", "veth", "peer", "name", "wa")
    run("ip", "-n", EDGE_NS, "link", "add", "wb", "type", "veth", "peer", "name", "eth1", "netns",
        NODE_NS)
    run("ip", "-n", EDGE_NS, "link", "set", "port1", "master", "br1", "up")
    for name in ("wa", "wb"):
        run("ip", "-n", EDGE_NS, "link", "set", name, "up")
    for ns, name in ((EDGE_NS, "port1"), (EDGE_NS, "br1"), (NODE_NS, "eth1")):
        run("ip", "netns", "exec", ns, sys.executable, "-c", NO_CHECKSUMS, name)
    run("ip", "-n", NODE_NS, "link", "set", "eth1", "up")
    for wire, inside, outside in (("direct", "br0", "eth0"), ("lossy", "br1", "eth1")):
        for host in HOSTS.values():
            run("ip", "-n", EDGE_NS, "addr", "add", ADDRESSES[wire] % host + "/24", "dev", inside,
                check=False)
        run("ip", "-n", NODE_NS, "-batch", "-", input="".join(
            "addr add %s/24 dev %s\n" % (ADDRESSES[wire] % n, outside) for n in range(50, 250)))


def core_busy_s(core):
    """Seconds that a core has worked, for whomever: the kernel's network too."""
    with open("/proc/stat", encoding="ascii") as f:
        fields = next(line for line in f if line.startswith("cpu%d " % core)).split()
    return sum(int(fields[i]) for i in (1, 2, 3, 6, 7)) / os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    """Seconds of a process: of threads that run to the nanosecond; of those that ended, and of
    children that were waited for, by the tick. (tftpd-hpa waits for none of its children: for
    what it costs look at the core.)"""
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task), encoding="ascii") as f:
            total += int(f.read().split()[0]) / 1e9
    with open("/proc/%d/stat" % pid, encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    ticks = [int(field) / os.sysconf("SC_CLK_TCK") for field in fields[11:15]]
    return max(total, ticks[0] + ticks[1]) + ticks[2] + ticks[3]


class Bench:
    def __init__(self, load, wire):
        self.load, self.wire = load, wire
        self.pids = {}
        self.started = []

    def start(self, command, pinned=True):
        process = subprocess.Popen(["ip", "netns", "exec", EDGE_NS,
                                    *(["taskset", "-c", "0", *FIRST] if pinned else []), *command],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.started.append(process)
        return process.pid

    def start_all(self, edge, peers):
        self.start([self.wire, "wa", "wb", "0", "1"], pinned=False)
        for name in peers:
            for wire, pattern in ADDRESSES.items():
                self.pids[name, wire] = self.start(commands(
                    pattern % HOSTS[name], edge.path("peers"), edge.folder, name))
        for wire in ADDRESSES:
            self.pids[OURS, wire] = edge.edge.pid
        run("taskset", "-acp", "0", str(edge.edge.pid))
        if FIRST:
            run("chrt", "-a", "-f", "-p", "1", str(edge.edge.pid))

    def stop(self):
        for process in self.started:
            process.terminate()
        for process in self.started:
            process.wait(timeout=10)

    def ask(self, name, row):
        _, size, clients, block, window, seconds, wire, _ = row
        asset = "assets/vmlinuz" if size == "large" else "assets/discovery.initrd"
        before = [cpu_s(self.pids[name, wire]), core_busy_s(0), core_busy_s(1)]
        got = subprocess.run(
            ["ip", "netns", "exec", NODE_NS, "taskset", "-c", "1", *FIRST, self.load,
             ADDRESSES[wire] % HOSTS[name], asset if name == OURS else size, FROM[wire],
             str(clients), str(block), str(window), str(seconds)],
            capture_output=True, text=True, check=False)
        result = json.loads(got.stdout)
        result["cpu"] = cpu_s(self.pids[name, wire]) - before[0]
        result["busy"] = [core_busy_s(core) - before[1 + core] for core in (0, 1)]
        result["rate"] = result["bytes"] / result["seconds"] / 1e6
        return result

    def measure(self, row, names):
        results = {name: [] for name in names}
        for _ in range(row[7]):
            for name in names:
                results[name].append(self.ask(name, row))
        return results


def report(row, results):
    rates = {}
    print("%s: %d client(s), block %d, window %d asked" % (row[0], row[2], row[3], row[4]))
    for name, all_of in results.items():
        rates[name] = statistics.median(r["rate"] for r in all_of)
        done = sum(r["done"] for r in all_of)
        cpu = sum(r["cpu"] for r in all_of) / max(1e-9, sum(r["bytes"] for r in all_of) / 2**30)
        seconds = max(1e-9, sum(r["seconds"] for r in all_of))
        busy = [100 * sum(r["busy"][core] for r in all_of) / seconds for core in (0, 1)]
        print("  %-10s %8.2f MB/s  %7.2f s  CPU %5.2f s/GiB  cores %3.0f %3.0f %%  window %-2d  "
              "whole %d of %d" % (
                  name, rates[name], statistics.median(r["seconds"] for r in all_of), cpu,
                  busy[0], busy[1], all_of[-1]["window"], done, row[2] * len(all_of)))
    return rates


def judge(rates):
    missed = 0
    for name, factor, only in BUDGETS:
        peers = {n: r for n, r in rates.get(name, {}).items() if n != OURS and only in (None, n)}
        if not peers:
            continue
        best = max(peers, key=peers.get)
        ratio = rates[name][OURS] / max(1e-9, peers[best])
        good = ratio >= factor * TOLERANCE
        missed += not good
        print("%-12s %6.2fx %s (budget %.1fx)  %s" % (name, ratio, best, factor,
                                                      "PASS" if good else "MISSED"))
    return missed


def main():
    peers = [n for n, tool in (("tftpd-hpa", "in.tftpd"), ("atftpd", "atftpd"), ("dnsmasq", "dnsmasq"))
             if shutil.which(tool) and n in os.environ.get("BENCH_PEERS", n)]
    if os.geteuid() != 0 or not peers or (os.cpu_count() or 1) < 2:
        print("skipped: needs root, two cores, and tftpd-hpa, atftpd or dnsmasq of Debian")
        return 77
    lab.PROGRAM, load, wire = (os.path.abspath(a) for a in sys.argv[1:] if a != "--quick")
    bench, edge = Bench(load, wire), Edge()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was made is taken away
    Wire.up()
    try:
        edge.setUp()
        second_wire()  # behind it: it takes the addresses of the node's card away
        edge.start()
        bench.start_all(edge, peers)
        until(20, lambda: len(in_edge("ss", "-lunH", "sport = :69").stdout.splitlines()) >=
              2 * (1 + len(peers)), "all servers")
        rates = {row[0]: report(row, bench.measure(row, [OURS] + peers)) for row in ROWS
                 if row[0] == os.environ.get("BENCH_ROW", row[0])}
        return 1 if judge(rates) else 0
    finally:
        bench.stop()
        edge.doCleanups()
        Wire.down()


if __name__ == "__main__":
    sys.exit(main())
