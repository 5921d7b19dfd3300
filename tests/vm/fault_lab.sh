# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# fault_lab.sh: a machine that is ready to be installed over a slow cable, and what
# may be done to it meanwhile (source it after setup.sh).

cloudie=$LAB_BIN/cloudie
node=lab-0001
LAB_RATE=${LAB_RATE:-6mbit} # of the cable while it is slow: an image is 15 s and more on its way

expect() { # WHAT HAVE WANT
        [ "$2" = "$3" ] || lab_fail "$1: '$2', not '$3'"
}

# fault_image FILE: the tiny worker, with 1 MiB of noise in each frame that is zero: such frames
# would need no time on the cable, and a point of the write be over before it was seen.
fault_image() {
        python3 - "${LAB_IMAGE:?}" "$1" <<'END'
import os
import sys

FRAME = 4 << 20
with open(sys.argv[1], "rb") as f, open(sys.argv[2], "wb") as to:
    while frame := f.read(FRAME):
        if len(frame) == FRAME and not any(frame):
            frame = bytes(FRAME >> 1) + os.urandom(1 << 20) + bytes(FRAME >> 2)
        to.write(frame)
END
}

# fault_documents: the image and a profile that puts it onto the one disk
fault_documents() {
        [ -e "$LAB_DIR/worker.raw" ] || fault_image "$LAB_DIR/worker.raw"
        "$cloudie" image import "$LAB_DIR/worker.raw" --name worker --os "tiny worker"
        cat >"$LAB_DIR/profile.yaml" <<'END'
kind: profile
name: worker
spec:
  disk: {types: [nvme], holding: anything}
  steps: [{wipe: quick}, {image: worker}, {grow: root}, {seed: {hostname: "{name}"}}, {boot: disk}]
END
        "$cloudie" apply -f "$LAB_DIR/profile.yaml"
}

# fault_machine [QEMU ARGUMENT...]: powers the machine on; its disk stays what it is
fault_machine() {
        LAB_KEEP_DISK=1 lab_machine 1 -qmp "unix:$LAB_DIR/qmp,server=on,wait=off" "$@"
}

# fault_ready [QEMU ARGUMENT...]: a lab with the machine discovered and accepted, its agent waiting
fault_ready() {
        lab_open
        lab_controller
        lab_edge
        lab_login
        truncate -s 1G "$LAB_DIR/machine-1.disk"
        fault_documents
        fault_machine "$@"
        lab_wait_step held 300
        "$cloudie" node accept $node
        lab_until 60 is_online || lab_fail "its agent does not ask for orders"
}

is_online() {
        "$cloudie" node list --select condition=agent-online | grep -q "^$node "
}

fault_slow() { # [RATE]
        ip netns exec "$LAB" tc qdisc replace dev tap1 root tbf rate "${1:-$LAB_RATE}" burst 64kb \
                latency 400ms
}

fault_fast() {
        ip netns exec "$LAB" tc qdisc del dev tap1 root
}

# fault_cable off|on: the card sees its link go, as when somebody pulls the cable
fault_cable() {
        python3 - "$LAB_DIR/qmp" "$1" <<'END'
import json
import socket
import sys

with socket.socket(socket.AF_UNIX) as s:
    s.settimeout(20)
    s.connect(sys.argv[1])
    lines = s.makefile()
    lines.readline()
    for call in ({"execute": "qmp_capabilities"},
                 {"execute": "set_link", "arguments": {"name": "n0", "up": sys.argv[2] == "on"}}):
        s.sendall(json.dumps(call).encode() + b"\n")
        while "return" not in (answer := json.loads(lines.readline())):
            if "error" in answer:
                sys.exit(f"QEMU: {answer}")
END
}

# Step and bytes of the operation, in one call: "write 4194304 84934656"
fault_progress() {
        "$cloudie" -o json node show $node 2>/dev/null | python3 -c '
import json
import sys
o = json.load(sys.stdin)["status"]["operation"]
print(o.get("step", "-"), o.get("done", 0), o.get("total", 0), o.get("state"))'
}

# fault_at POINT: until so many twentieths of the image were written; the step must be "write". The
# second half of the tiny worker is nearly empty, and comes at once: of ten points none lies there.
fault_at() {
        local end=$((SECONDS + 180)) step have total state
        while :; do
                read -r step have total state <<<"$(fault_progress)" || true
                if [ "${step:-}" = write ] && [ "$total" -gt 0 ] &&
                        [ "$have" -ge $((total * $1 / 20)) ]; then
                        break
                fi
                [ "${state:-running}" = running ] ||
                        lab_fail "the operation is '$state' before point $1" || return
                [ $SECONDS -lt $end ] || lab_fail "point $1 of the write did not come" || return
                sleep 0.2
        done
        echo "point $1: step $step, $have of $total bytes"
}

# fault_deployed: the node comes home, by whatever way it still has to go
fault_deployed() {
        lab_wait_phase deployed 300
        expect "state" "$(lab_operation state $node)" succeeded
        "$cloudie" why $node
}

# fault_again [QEMU ARGUMENT...]: the next install of the same machine succeeds, on a fast cable
fault_again() {
        "$cloudie" node release $node
        lab_kill "$LAB_MACHINE"
        fault_machine "$@"
        lab_until 180 is_online || lab_fail "its agent does not ask for orders"
        "$cloudie" node install $node --profile worker
        fault_deployed
}

# fault_why CAUSE WORDS [NAME]: what the operator is told
fault_why() {
        "$cloudie" why "${3:-$node}" >"$LAB_DIR/why"
        cat "$LAB_DIR/why"
        grep -q "($1)" "$LAB_DIR/why" || lab_fail "cloudie why does not name '$1'" || return
        grep -q "$2" "$LAB_DIR/why" || lab_fail "cloudie why does not say '$2'"
}
