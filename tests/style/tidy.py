#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""clang-tidy on every C file of the compile database.

    tidy.py BUILD CACHE [--all]

The analyzer, which walks the paths through each function, takes nine tenths of the
time. It walks 30,000 steps from a function and leaves the tests alone, whose paths are
run; with --all as far as it goes by itself (225,000), and the tests too.

A file that was clean is not looked at again while its text, the text of every
header of ours that it reaches, its compile command, .clang-tidy and the
version of clang-tidy stay as they were: CACHE holds an empty file named by the
hash of all that. Headers of the system are not in the hash; remove CACHE after
an upgrade of them.
"""
import concurrent.futures
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

JOBS = os.cpu_count() or 2
TEST = re.compile(r"(^|/)(test|fuzz)_[^/]*$")
NO_ANALYZER = ("--checks=-clang-analyzer-*",)
FEWER_STEPS = tuple("--extra-arg=" + word for word in
                    ("-Xclang", "-analyzer-config", "-Xclang", "max-nodes=30000"))
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.M)
ROOT = os.environ.get("CLOUDIE_ROOT") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@functools.lru_cache(maxsize=None)
def text_of(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def reached(path):
    """The file and every header of ours that it includes, directly or not."""
    seen, todo = set(), [path]
    while todo:
        at = todo.pop()
        if at not in seen:
            seen.add(at)
            todo += [os.path.join(ROOT, name) for name in INCLUDE.findall(text_of(at))]
    return sorted(seen)


def options_for(path, is_all):
    if is_all:
        return ()
    return NO_ANALYZER if TEST.search(path) else FEWER_STEPS


def key_of(entry, options, common):
    hashed = hashlib.sha256(common)
    hashed.update(" ".join((entry["command"],) + options).encode())
    for path in reached(entry["file"]):
        hashed.update(path.encode() + b"\0" + text_of(path).encode() + b"\0")
    return hashed.hexdigest()


def look(build, entry, options, mark):
    """None when the file is clean, else what clang-tidy says."""
    if os.path.exists(mark):
        return None
    done = subprocess.run(["clang-tidy", "--quiet", "-p", build, *options, entry["file"]],
                          capture_output=True, text=True, check=False)
    if done.returncode == 0:
        open(mark, "w", encoding="utf-8").close()
        return None
    # "N warnings generated" counts those of system headers, which nobody sees.
    noise = re.compile(r"^\d+ warnings? (generated|treated as errors).*\n?", re.M)
    return done.stdout + noise.sub("", done.stderr)


def main(argv):
    is_all = argv[3:] == ["--all"]
    if len(argv) != 3 + is_all:
        print(__doc__, file=sys.stderr)
        return 2
    if not shutil.which("clang-tidy"):
        print("clang-tidy is not installed: run tools/install-packages.sh check", file=sys.stderr)
        return 2
    build, cache = argv[1], argv[2]
    os.makedirs(cache, exist_ok=True)
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = {e["file"]: e for e in json.load(file) if e["file"].endswith(".c")}.values()
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    common = version + text_of(os.path.join(ROOT, ".clang-tidy")).encode()
    work = []
    for entry in entries:
        options = options_for(entry["file"], is_all)
        work.append((entry, options, os.path.join(cache, key_of(entry, options, common))))
    known = sum(os.path.exists(mark) for _, _, mark in work)
    faults = 0
    with concurrent.futures.ThreadPoolExecutor(JOBS if is_all else 1) as pool:
        for said in pool.map(lambda one: look(build, *one), work):
            if said:
                print(said, flush=True)
                faults += 1
    print(f"tidy: {len(work)} files, {known} known to be clean, {faults} with faults")
    return 1 if faults or not work else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
