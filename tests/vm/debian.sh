#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# debian.sh [bios|uefi|secureboot [twin]]: a blank machine becomes a Debian worker, on a disk that is larger than
# the image. Its own cloudie-worker says that it runs; then it is what its profile
# asked for: name, user, key, user data, a root as large as the disk. SSH lets in
# who has the key, and nobody by a password. With "twin" it then starts beside a twin of its disk, and
# stays itself.
export LAB_MEMORY=512 LAB_DISK=6G LAB_FIRMWARE=${1:-bios}
# shellcheck source=tests/vm/setup.sh
. "$(dirname "$0")/setup.sh" "debian-$LAB_FIRMWARE" 15
image=${LAB_DEBIAN_IMAGE:?}
[ -e "$image" ] || skip "no image of the Debian worker in $image; 'tools/worker-image.sh debian' makes one"
[ "$LAB_FIRMWARE" = bios ] || [ -e "$LAB_OVMF/OVMF_CODE_4M.fd" ] || skip "the package ovmf is not installed"
command -v mlabel >/dev/null || skip "the package mtools is not installed"
command -v ssh >/dev/null || skip "the package openssh-client is not installed"

cloudie=$LAB_BIN/cloudie
ssh-keygen -q -t ed25519 -N '' -C lab -f "$LAB_DIR/key"
cat >"$LAB_DIR/documents.yaml" <<END
kind: profile
name: worker
spec:
  needs: {arch: x86_64}
  disk: {pick: smallest, types: [nvme], holding: nothing}
  steps:
    - wipe: quick
    - image: worker
    - grow: root
    - seed: {hostname: "{name}-disk", user: ops, ssh_keys: [lab], user_data: marks}
    - boot: disk
---
kind: key
name: lab
spec: {public_key: "$(cat "$LAB_DIR/key.pub")"}
---
kind: file
name: marks
spec:
  text: |
    #cloud-config
    runcmd:
      - [sh, -c, "echo the user data ran >/var/tmp/mark"]
END

lab_open
lab_controller
lab_edge
lab_login
lab_machine 1
lab_wait_step held 240
before=$(lab_cpu "$LAB_MACHINE")
"$cloudie" node accept lab-0001
"$cloudie" image import "$image" --name worker --os "Debian 12"
"$cloudie" apply -f "$LAB_DIR/documents.yaml"
"$cloudie" node install lab-0001 --profile worker
lab_wait_step reboot 240
written=$(lab_cpu "$LAB_MACHINE")
lab_wait_phase deployed 480
echo "CPU seconds of the machine: held $before, written $written, deployed $(lab_cpu "$LAB_MACHINE")"

address=$("$cloudie" -o json events --after 0 | python3 -c '
import json
import sys
print([e["address"] for e in map(json.loads, sys.stdin) if e["step"] == "phone-home"][-1])')

# on USER COMMAND...: over the lab's network
on() {
        ip netns exec "$LAB" ssh -i "$LAB_DIR/key" -o IdentitiesOnly=yes -o BatchMode=yes \
                -o StrictHostKeyChecking=no -o UserKnownHostsFile="$LAB_DIR/known" -o LogLevel=ERROR \
                -o ConnectTimeout=20 "$1@$address" "${@:2}"
}
lab_until 120 on ops true || lab_fail "the user of the profile cannot log in with the key"
# Everything that was to be started was, and runs; cloud-init has come to its end.
on ops 'cloud-init status --wait && systemctl is-system-running --wait' >"$LAB_DIR/state" ||
        lab_fail "$(cat "$LAB_DIR/state"; on ops 'systemctl --failed --no-legend; cloud-init status --long')"

is() { # WHAT WANT COMMAND
        local have
        have=$(on ops "$3") || have="$have (status $?)"
        [ "$have" = "$2" ] || lab_fail "$1: '$have', not '$2'"
}
# shellcheck disable=SC2016 # variables of the shell over there
{
        is "host name" lab-0001-disk hostname
        is "user" ops 'sudo -n true && id -un'
        is "user data" "the user data ran" 'cat /var/tmp/mark'
        is "system" bookworm '. /etc/os-release && echo $VERSION_CODENAME'
        is "root on a disk of 6 GB" large '[ $(df --output=size -BM / | tail -n 1 | tr -dc 0-9) -gt 5500 ] && echo large'
        is "seed, to a user" refused 'ls /var/lib/cloud/seed/nocloud 2>/dev/null || echo refused'
        is "seed, mounted" "vfat ro" 'findmnt -no FSTYPE,OPTIONS /var/lib/cloud/seed/nocloud | sed "s/  */ /; s/,.*//"'
        is "time" synchronising 'systemctl is-active systemd-timesyncd >/dev/null && echo synchronising'
}

# It beats, is well, and has told the keys by which its SSH is known.
beats() {
        "$cloudie" -o json node show lab-0001 >"$LAB_DIR/node.json" && python3 - "$LAB_DIR" <<'END'
import json
import sys

with open(sys.argv[1] + "/node.json", encoding="utf-8") as f:
    worker = json.load(f)["worker"]
with open(sys.argv[1] + "/known", encoding="utf-8") as f:
    known = {line.split()[2] for line in f}
says = worker["says"]
sys.exit(worker["last_beat_ms"] <= worker["since_ms"] or
         not known & {key["key"] for key in says["host_keys"]} or
         {check["state"] for check in says["health"]} - {"ok"} != set())
END
}
lab_until 120 beats || lab_fail "its worker does not beat, or is not well: $(cat "$LAB_DIR/node.json")"

# Nobody gets in without the key: not by a password, and not as root.
refused=$(ip netns exec "$LAB" ssh -o PubkeyAuthentication=no -o BatchMode=no -o NumberOfPasswordPrompts=0 \
        -o StrictHostKeyChecking=no -o UserKnownHostsFile="$LAB_DIR/known" "ops@$address" true 2>&1) &&
        lab_fail "a password is asked for"
case $refused in
*"Permission denied (publickey)"*) ;;
*) lab_fail "SSH offers more than keys: $refused" ;;
esac
! on root true >/dev/null 2>&1 || lab_fail "root logs in"
echo "CPU seconds of the machine, until all of it was looked at: $(lab_cpu "$LAB_MACHINE")"
[ "${2:-}" = twin ] || exit 0

# A disk that comes before its own holds the same image, and a seed of its own: root and seed are those of
# the disk that was started from.
on ops 'sudo poweroff' || true
ended() { ! kill -0 "$LAB_MACHINE"; }
lab_until 120 ended || lab_fail "the machine does not power off"
lab_kill "$LAB_MACHINE"
right=$LAB_DIR/right.disk
twin=$LAB_DIR/machine-1.disk
mv "$twin" "$right"
cp --sparse=always "$right" "$twin"
sgdisk -u 2:R "$twin" >/dev/null
mlabel -N 12345678 -i "$twin@@66M" ::CIDATA
LAB_KEEP_DISK=1 LAB_DISK_PLACE=3 lab_machine 1 \
        -drive "file=$right,if=none,id=right,format=raw,cache=unsafe" \
        -device nvme,drive=right,serial=RIGHT-0001,bootindex=2
lab_until 900 on ops true || lab_fail "beside its twin it does not start"
disk_of() { # FOLDER
        # shellcheck disable=SC2016 # variables of the shell over there
        printf 'device=$(realpath "$(findmnt -no SOURCE %s)"); cat "/sys/block/$(lsblk -no PKNAME "$device")/device/serial" | tr -d " "' "$1"
}
is "disk of the root" RIGHT-0001 "$(disk_of / )"
is "disk of the seed" RIGHT-0001 "$(disk_of /var/lib/cloud/seed/nocloud )"
is "host name" lab-0001-disk hostname
echo "CPU seconds of the machine, from power-on beside its twin: $(lab_cpu "$LAB_MACHINE")"
