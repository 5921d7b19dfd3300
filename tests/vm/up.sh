#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# up.sh: ./up as a person types it, with two machines and the tiny worker. It ends with both deployed,
# and leaves nothing: no process, no namespace, no link, no file outside build/.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || {
        echo "skipped: namespaces and taps need root"
        exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
        echo "up.sh: $*" >&2
        cat "$work/out" >&2
        exit 1
}

# What other programs of the host write meanwhile is none of ours.
elsewhere() {
        find /etc /var/lib /var/cache -xdev -newer "$work/start" -iname '*cloudie*' 2>/dev/null
        find . -path ./build -prune -o -path ./.git -prune -o -newer "$work/start" -type f -print
}
touch "$work/start"
./up --tiny --nodes 2 --exit-when-done >"$work/out" 2>&1 </dev/null || fail "status $?"

for step in dhcp-offer dhcp-ack plan script kernel ramdisk site claim stage-two held inventory \
        check image wipe write seed table boot-entry reboot phone-home; do
        [ "$(grep -cE "  $step( |$)" "$work/out")" -ge 2 ] || fail "no two lines of '$step'"
done
for node in lab-0001 lab-0002; do
        grep -qE "^$node +deployed" "$work/out" || fail "$node is not deployed"
done
grep -q 'cloudie login https://' "$work/out" || fail "no line to log in with"

if ip netns list | grep -qw cloudie-up; then
        fail "its namespace is left"
fi
[ -z "$(pgrep -f "$PWD/build/up/" || true)" ] || fail "a process is left"
[ -z "$(elsewhere)" ] || fail "files are left outside build/: $(elsewhere)"

# Wrong words are refused before anything is built.
status=0
./up --firmware coreboot >/dev/null 2>"$work/refusal" || status=$?
[ $status = 2 ] || fail "--firmware coreboot: status $status, not 2"
grep -q 'bios, uefi or secureboot' "$work/refusal" || fail "--firmware coreboot: it does not say what it boots"
status=0
./up --tiny --firmware uefi --memory 256 >/dev/null 2>"$work/refusal" || status=$?
[ $status = 2 ] || fail "--firmware uefi --memory 256: status $status, not 2"
grep -q '320 or more' "$work/refusal" || fail "--memory 256: it does not say how much a UEFI machine needs"
