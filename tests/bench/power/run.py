#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""1,000 power states, 200 of the BMCs dead, at a timeout of 1 s; beside ipmipower.

    run.py CLOUDIE-POWER BMC-RESPONDER [PAIRS]

Budget (design, section 13): <= 2 s of wall time. The responders, of cipher suite
17, run on one processor, what is measured on the other.
"""
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

COUNT, FIRST, USER, PASSWORD = 1000, 20000, "admin", "cloudie"
BUDGET_S = 2.0


def run(argv, stdin, out):
    """Wall seconds, CPU seconds, KiB of memory."""
    before = time.monotonic()
    process = subprocess.Popen(argv, stdin=stdin, stdout=out, stderr=subprocess.DEVNULL,
                               preexec_fn=lambda: os.sched_setaffinity(0, {0}))
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    return time.monotonic() - before, used.ru_utime + used.ru_stime, used.ru_maxrss


def ours(program, folder):
    request = {"verb": "status", "deadline_ms": 1000, "targets": [
        {"id": str(i), "driver": "ipmi", "address": "127.0.0.1", "port": FIRST + i, "user": USER,
         "password": PASSWORD} for i in range(COUNT)]}
    with open(os.path.join(folder, "request"), "w+", encoding="ascii") as file, \
            open(os.path.join(folder, "ours"), "w+", encoding="ascii") as out:
        json.dump(request, file)
        file.seek(0)
        figures = run([program], file, out)
        out.seek(0)
        known = sum(json.loads(line)["ok"] for line in out)
    return *figures, known


def theirs(folder):
    hosts = ",".join(f"127.0.0.1:{FIRST + i}" for i in range(COUNT))
    with open(os.path.join(folder, "theirs"), "w+", encoding="ascii") as out:
        figures = run(["ipmipower", "-D", "LAN_2_0", "-h", hosts, "-u", USER, "-p", PASSWORD, "-I",
                       "17", "--stat", "--session-timeout=1000", "--retransmission-timeout=250"],
                      subprocess.DEVNULL, out)
        out.seek(0)
        known = sum(line.rstrip().endswith((": on", ": off")) for line in out)
    return *figures, known


def main():
    if not shutil.which("ipmipower") or (os.cpu_count() or 1) < 2:
        print("skipped: no ipmipower, or one processor")
        return 77
    program, responder, pairs = sys.argv[1], sys.argv[2], int((sys.argv[3:] or ["9"])[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    with tempfile.TemporaryDirectory(prefix="cloudie-bench.") as folder:
        bmcs = subprocess.Popen([responder, str(FIRST), str(COUNT), "dead-fifth"], text=True,
                                stdout=subprocess.PIPE,
                                preexec_fn=lambda: os.sched_setaffinity(0, {1}))
        try:
            if bmcs.stdout.readline() != "ready\n":
                print("the responders did not start")
                return 1
            rows = [(ours(program, folder), theirs(folder)) for _ in range(pairs)]
        finally:
            bmcs.terminate()
            bmcs.wait()
    print(f"{COUNT} BMCs, {COUNT // 5} of them dead, timeout 1 s; median of {pairs} pairs")
    for name, which in (("cloudie-power", 0), ("ipmipower", 1)):
        wall, cpu, memory, known = (statistics.median(row[which][i] for row in rows)
                                    for i in range(4))
        print(f"{name:14} {wall:5.2f} s wall  {cpu:5.2f} s CPU  {memory / 1024:6.1f} MiB  "
              f"{known:.0f} states")
    wall = statistics.median(row[0][0] for row in rows)
    wrong = [row[0][3] for row in rows if row[0][3] != COUNT - COUNT // 5]
    print(f"budget {BUDGET_S} s: {'met' if wall <= BUDGET_S else 'MISSED'}")
    if wrong:
        print(f"not every living BMC was read: {wrong}")
    return 1 if wrong or wall > BUDGET_S else 0


if __name__ == "__main__":
    sys.exit(main())
