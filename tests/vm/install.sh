#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# install.sh: from a blank machine to a deployed one, and what may go wrong on the way.
#
# One machine with two NVMe disks, of which the first is the wrong one: small, and
# full. First every kind of changed byte in the image: nothing of it reaches the
# disk, the cause has a name, the phase stays. Then an install over a slow cable, in
# the middle of which cloudied and netbootd are killed and started again. The
# installed system phones home; the node is deployed. Then it is released, and
# installed once more.
# shellcheck source=tests/vm/setup.sh
. "$(dirname "$0")/setup.sh" install 6
image=${LAB_IMAGE:?}
[ -e "$image" ] || skip "no image of the tiny worker in $image; tools/worker-image.sh makes one"

cloudie=$LAB_BIN/cloudie
right=$LAB_DIR/right.disk
wrong=$LAB_DIR/machine-1.disk

expect() { # WHAT HAVE WANT
        [ "$2" = "$3" ] || lab_fail "$1: '$2', not '$3'"
}

# The wrong disk is the machine's first one, 32 MB of noise; the right one is blank. Its battery is
# empty: neither the ramdisk nor the installed system finds a certificate valid by its clock.
truncate -s 1G "$right"
head -c 32M /dev/urandom >"$wrong"
noise=$(sha256sum <"$wrong")
machine() {
        LAB_KEEP_DISK=1 LAB_DISK_PLACE=3 lab_machine 1 -rtc base=2001-09-09T01:46:40 \
                -drive "file=$right,if=none,id=right,format=raw,cache=unsafe" \
                -device nvme,drive=right,serial=RIGHT-0001,bootindex=2
}

lab_open
lab_controller
lab_edge
lab_login
machine
lab_wait_step held 240
"$cloudie" node accept lab-0001

"$cloudie" image import "$image" --name worker --os "tiny worker"
"$cloudie" image verify worker
cat >"$LAB_DIR/profiles.yaml" <<'END'
kind: profile
name: worker
spec:
  disk: {pick: smallest, types: [nvme], size: ">=512M", holding: nothing}
  steps:
    - wipe: quick
    - image: worker
    - grow: root
    - seed: {hostname: "{name}"}
    - boot: disk
---
kind: profile
name: small
spec:
  disk: {serial: NVME-0001, holding: anything}
  steps: [{image: worker}]
END
"$cloudie" apply -f "$LAB_DIR/profiles.yaml"

# A disk that is too small is refused before anything is done, by its name.
if "$cloudie" node install lab-0001 --profile small 2>"$LAB_DIR/refusal"; then
        lab_fail "an image was put on a disk that is too small"
fi
grep -q NVME-0001 "$LAB_DIR/refusal"
expect "operation after a refusal" "$(lab_operation state lab-0001)" ""

# The plan names the disk, and destroys nothing.
"$cloudie" node install lab-0001 --profile worker --dry-run | tee "$LAB_DIR/plan" | grep -q RIGHT-0001
expect "operation after a plan" "$(lab_operation state lab-0001)" ""

# Have the edge fetch the image, then change a byte of what it serves. It asks for a manifest and its
# signature anew after ten seconds, and serves what it has where what comes is not what was
# announced: so the controller's copy of these is changed, too.
id=$("$cloudie" -o json image show worker |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["status"]["id"])')
cache=$LAB_DIR/edge/images
for file in "$id.json" "$id.json.sig" "$id.raw.zst"; do
        lab_until 20 ip netns exec "$LAB" curl -sf -o /dev/null "http://$LAB_SERVER/images/$file"
done

flip() { # FILE OFFSET
        python3 - "$@" <<'END'
import sys

with open(sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2]))
    byte = f.read(1)[0]
    f.seek(int(sys.argv[2]))
    f.write(bytes([byte ^ 0x10]))
END
}

# Where the last frame that is not zero lies: in the file, and on the disk.
read -r frame_offset frame_at table_offset <<<"$(python3 - "$cache/$id.json" "$cache/$id.raw.zst" <<'END'
import json
import struct
import sys

manifest = json.load(open(sys.argv[1], encoding="utf-8"))
frames = -(-manifest["size"] // manifest["frame_size"])
table = manifest["stored_size"] - 44 * frames
with open(sys.argv[2], "rb") as f:
    f.seek(table)
    rows = [struct.unpack("<QI32s", f.read(44)) for _ in range(frames)]
number = max(i for i, row in enumerate(rows) if not row[1] >> 31)
print(rows[number][0] + (rows[number][1] & 0x7fffffff) // 2, number * manifest["frame_size"], table)
END
)"

is_blank() { # OFFSET SIZE: of the right disk
        cmp -s -n "$2" -i "$1:0" "$right" /dev/zero
}

# flipped SUFFIX OFFSET CAUSE: the install ends with that cause, and the phase stays
flipped() {
        local files=("$cache/$id.$1") file
        [ "$1" = raw.zst ] || files+=("$LAB_DIR/controller/images/worker.$1")
        for file in "${files[@]}"; do
                flip "$file" "$2"
        done
        if "$cloudie" node install lab-0001 --profile worker --wait >"$LAB_DIR/out" 2>&1; then
                lab_fail "an image with a changed byte was installed ($3)"
        fi
        cat "$LAB_DIR/out"
        for file in "${files[@]}"; do
                flip "$file" "$2" # the same bit again: it is whole
        done
        expect "cause" "$(lab_operation cause lab-0001)" "$3"
        expect "state" "$(lab_operation state lab-0001)" failed
        expect "phase" "$(lab_count_phase ready)" 1
}
signature_offset=$(($(head -n 1 "$cache/$id.json.sig" | wc -c) + 30))
flipped json.sig $signature_offset image-signature-wrong
flipped json 40 image-signature-wrong
flipped raw.zst $((table_offset + 20)) image-table-wrong
is_blank 0 $((1 << 30)) || lab_fail "something of an image that does not verify reached the disk"
flipped raw.zst "$frame_offset" image-frame-wrong
is_blank "$frame_at" 4194304 || lab_fail "a frame that does not verify reached the disk"
is_blank 0 1048576 || lab_fail "a disk that was not written whole has a partition table"

# The same image, whole again, over a cable of 1 MB/s; both servers die in the middle.
ip -n "$LAB" link set dev tap1 txqueuelen 1000
ip netns exec "$LAB" tc qdisc add dev tap1 root tbf rate 8mbit burst 64kb latency 400ms
before=$(lab_cpu "$LAB_MACHINE")
"$cloudie" node retry lab-0001
is_writing() { # BYTES
        [ "$(lab_operation step lab-0001)" = write ] && [ "$(lab_operation "done" lab-0001)" -gt "$1" ]
}
lab_until 60 is_writing 1000000
lab_kill "$LAB_CONTROLLER"
sleep 2
lab_start_controller
lab_until 60 is_writing 8000000
lab_kill "$LAB_EDGE"
sleep 2
lab_start_edge
lab_wait_step table 300
ip netns exec "$LAB" tc qdisc del dev tap1 root
lab_wait_phase deployed 300
expect "wrong disk" "$(sha256sum <"$wrong")" "$noise"
expect "state" "$(lab_operation state lab-0001)" succeeded
echo "CPU seconds of the machine, install to deployed, slow cable: $before to $(lab_cpu "$LAB_MACHINE")"

# What it took stands in the timeline, in its order.
"$cloudie" -o json events --after 0 >"$LAB_DIR/events.json"
python3 - "$LAB_DIR/events.json" <<'END'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as f:
    events = [json.loads(line) for line in f]
steps = [e["step"] for e in events]
at = len(steps) - 1 - steps[::-1].index("check")
for step in ("check", "image", "wipe", "write", "seed", "table", "boot-entry", "reboot",
             "dhcp-ack", "script", "phone-home", "phase"):
    if step not in steps[at:]:
        sys.exit(f"install: no '{step}' after '{steps[at]}' in {steps}")
    at = steps.index(step, at)
script = [e for e in events if e["step"] == "script"][-1]
if not script["text"].startswith("disk "):
    sys.exit(f"install: the last script is {script['text']!r}")
write = [e for e in events if e["step"] == "write"][-1]
if not write["bytes"] or not write["took_ms"]:
    sys.exit(f"install: the write moved nothing: {write}")
if steps.count("phone-home") != 1:
    sys.exit("install: it phoned home more than once")
END
"$cloudie" node show lab-0001 | grep -q deployed

# Released, powered off and on, and installed again, onto the disk that we wrote.
"$cloudie" node release lab-0001
lab_kill "$LAB_MACHINE"
machine
online() {
        "$cloudie" node list --select condition=agent-online | grep -q '^lab-0001 *ready'
}
# With others at work on the same cores a kernel alone took 80 s.
lab_until 240 online
"$cloudie" node install lab-0001 --profile worker --wait
lab_wait_phase deployed 10
expect "wrong disk" "$(sha256sum <"$wrong")" "$noise"
grep -aq 'phoned home' "$LAB_DIR/log/machine-1.console" ||
        lab_fail "the console does not say that the system phoned home"

# It goes on saying that it runs, and how it is.
beats() {
        "$cloudie" -o json node show lab-0001 >"$LAB_DIR/node.json" && python3 - "$LAB_DIR/node.json" <<'END'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as f:
    node = json.load(f)
worker = node["worker"]
checks = {c["name"]: c["state"] for c in worker["says"]["health"]}
addresses = [a["address"] for a in worker["says"]["addresses"]]
if checks.get("root") != "ok" or not any(a.startswith("10.77.0.") for a in addresses):
    sys.exit(f"install: the worker says {worker}")
sys.exit(worker["last_beat_ms"] <= worker["since_ms"])
END
}
lab_until 60 beats || lab_fail "the worker does not beat: $(cat "$LAB_DIR/node.json")"
"$cloudie" node show lab-0001 | grep '^Worker: last beat' ||
        lab_fail "the worker's last beat is not shown"
