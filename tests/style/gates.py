#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates that read the sources as text.

    gates.py GATE ROOT

GATE is one of: format spdx length banned shell text named seeds. Prints a line a fault;
exits 0 without a fault, 1 with one, 2 when it cannot judge. Looks at what git
tracks, or at every file outside build/ where there is no git.
"""
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "rooms"))
from check import CALL, quiet, rows  # noqa: E402  (beside us, not installed)

SPDX = "SPDX-License-Identifier: GPL-3.0-or-later"
MAX_LINES = 800         # a file that a person can hold in mind; 150-400 is usual
MIN_SEEDS = 3           # an ordinary input, one with everything, one at a limit
SILENT = ("lib/", "dhcp/", "tftp/", "pxe/", "image/")
SPEAKS = ("lib/daemon/",)       # log and options: this is where programs speak

# What carries an SPDX line; what is data or cannot hold a comment does not.
CODE = (".c", ".h", ".py", ".sh", ".cmake", ".service", ".js", ".ts", ".css", ".list", ".md")
DATA = ("tests/fuzz/", "tests/data/")


def tracked(root):
    """Paths of all files, relative to root."""
    done = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, check=False)
    if done.returncode == 0 and done.stdout:
        names = done.stdout.decode().split("\0")
        return sorted(n for n in names if n and os.path.isfile(os.path.join(root, n)))
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in (".git", "build", "__pycache__")]
        found += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return sorted(found)


def read(root, path):
    """The text of a file; None for what is no text."""
    with open(os.path.join(root, path), "rb") as file:
        raw = file.read()
    try:
        return None if b"\0" in raw else raw.decode()
    except UnicodeDecodeError:
        return None


def is_data(path):
    return path.startswith(DATA) and not path.endswith((".c", ".h", ".py", ".sh", ".txt"))


def shebang(root, path):
    """The interpreter of a script, or ''."""
    with open(os.path.join(root, path), "rb") as file:
        first = file.readline(128)
    match = re.match(rb"#!\s*(?:/usr)?/bin/(?:env\s+)?(\w+)", first)
    return match.group(1).decode() if match else ""


def need(tool):
    if not shutil.which(tool):
        print(f"{tool} is not installed: run tools/install-packages.sh check", file=sys.stderr)
        sys.exit(2)


def gate_format(root, files):
    need("clang-format")
    code = [f for f in files if f.endswith((".c", ".h"))]
    for at in range(0, len(code), 50):
        done = subprocess.run(["clang-format", "--dry-run", "-Werror", "--style=file",
                               *code[at:at + 50]], cwd=root, capture_output=True, text=True,
                              check=False)
        if done.returncode:
            found = sorted(set(re.findall(r"^([^:\n]+):\d+:\d+: error", done.stderr, re.M)))
            yield from (f"{f}: not as clang-format writes it: run clang-format -i {f}"
                        for f in found or [done.stderr.strip()])


def gate_spdx(root, files):
    for path in files:
        name = os.path.basename(path)
        script = shebang(root, path)
        if is_data(path) or not (path.endswith(CODE) or name == "CMakeLists.txt" or script):
            continue
        lines = (read(root, path) or "").split("\n")
        if SPDX not in lines[1 if script and len(lines) > 1 else 0]:
            yield f"{path}: its first line does not say {SPDX}"


def gate_length(root, files):
    for path in files:
        if is_data(path) or not (path.endswith(CODE) or shebang(root, path)):
            continue
        count = (read(root, path) or "").count("\n")
        if count > MAX_LINES:
            yield f"{path}: {count} lines, {MAX_LINES} are the most: divide it by what it is about"


def gate_banned(root, files):
    reasons = {"all": {}, "product": {}, "lib": {}}
    for scope, name, *reason in rows(os.path.join(HERE, "banned.txt")):
        reasons[scope][name] = " ".join(reason)
    for path in files:
        if not path.endswith((".c", ".h")):
            continue
        table = dict(reasons["all"])
        if not path.startswith("tests/") and not os.path.basename(path).startswith(("test_", "fuzz_")):
            table |= reasons["product"]
            if path.startswith(SILENT) and not path.startswith(SPEAKS):
                table |= reasons["lib"]
        code = quiet(read(root, path) or "")
        for match in CALL.finditer(code):
            reason = table.get(match.group(1))
            if reason and not re.search(r"(\.|->)\s*$", code[:match.start()]):
                line = code.count("\n", 0, match.start()) + 1
                yield f"{path}:{line}: {match.group(1)}() is banned: {reason}"


def gate_shell(root, files):
    need("shellcheck")
    scripts = [f for f in files if f.endswith(".sh") or shebang(root, f) in ("sh", "bash", "dash")]
    scripts = [f for f in scripts if not is_data(f)]
    if scripts:
        done = subprocess.run(["shellcheck", "--format=gcc", "--external-sources", *scripts],
                              cwd=root, capture_output=True, text=True, check=False)
        yield from filter(None, (done.stdout + done.stderr).split("\n"))


def gate_text(root, files):
    """Things that no source should hold, whatever its kind."""
    home = re.compile(r"(?<![\w.$})/-])/(?:home|Users|work|mnt)/[\w.]")
    marks = re.compile(r"^(<{7} |>{7} |={7}$)", re.M)
    for path in files:
        text = None if is_data(path) or path == "LICENSE" else read(root, path)
        if text is None:
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if home.search(line):
                yield f"{path}:{number}: a path of somebody's own machine"
            if line != line.rstrip():
                yield f"{path}:{number}: blanks (or a carriage return) at the end of the line"
            if marks.search(line):
                yield f"{path}:{number}: the mark of a conflict"
        if text and not text.endswith("\n"):
            yield f"{path}: its last line has no end"


def gate_named(root, files):
    """A source that no CMakeLists.txt names is not built, and a test not run: silently."""
    lists = {os.path.dirname(f): re.sub(r"#.*", "", read(root, f) or "") for f in files
             if os.path.basename(f) == "CMakeLists.txt"}
    for path in files:
        if not path.endswith(".c") or path.startswith("tests/"):
            continue
        folder, name = os.path.split(path)
        while folder and folder not in lists:
            folder = os.path.dirname(folder)
        test = re.match(r"(test|fuzz)_(\w+)\.c$", name)
        # test_x.c stands as x in cloudie_tests(room x); any other file as itself.
        word = test.group(2) if test else os.path.relpath(path, folder)
        if test:
            calls = re.findall(rf"cloudie_{'tests' if test.group(1) == 'test' else 'fuzz'}\(([^)]*)\)",
                               lists.get(folder, ""))
            words = " ".join(calls).split()
        else:
            words = re.split(r"[\s()]+", lists.get(folder, ""))
        if word not in words and name not in words:
            yield f"{path}: {folder}/CMakeLists.txt does not name it, so it is never built"


def gate_seeds(root, files):
    """Each fuzz target starts from real inputs."""
    count, wanted = {}, {}
    for path in files:
        folder, name = os.path.split(path)
        if folder.startswith("tests/fuzz/"):
            count[folder] = count.get(folder, 0) + 1
        if name.startswith("fuzz_") and name.endswith(".c"):
            wanted[f"tests/fuzz/{folder.replace('/', '_')}_{name[5:-2]}"] = path
    for folder, path in wanted.items():
        if count.get(folder, 0) < MIN_SEEDS:
            yield f"{path}: {count.get(folder, 0)} inputs in {folder}/, {MIN_SEEDS} are the least"
    for folder in count.keys() - wanted.keys():
        yield f"{folder}/: inputs for a fuzz target that does not exist"


GATES = {name[5:]: function for name, function in list(globals().items())
         if name.startswith("gate_")}


def main(argv):
    if len(argv) != 3 or argv[1] not in GATES:
        print(__doc__, file=sys.stderr)
        return 2
    files = tracked(argv[2])
    faults = 0
    for fault in GATES[argv[1]](argv[2], files):
        print(fault)
        faults += 1
    print(f"{argv[1]}: {len(files)} files, {faults} faults")
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
