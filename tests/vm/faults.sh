#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# faults.sh FAULT [POINTS]: what may go wrong on the way, one at a time. Each ends in a
# completed install, or in a cause with a name and the phase as it was; and the next
# install succeeds.
#
# usual          kill at two points, and the cable, in one install; then the clock
# kill POINTS    cloudied and cloudie-netbootd die at so many points of the write
# cable          the cable is pulled for longer than a request waits, and put back
# cable-gone     ... and not put back: the cause has a name when the step's deadline passed
# power          the machine loses its power in the write
# away           the controller is away while the machine boots, and while a deployed one does
# full           the controller's disk is full: in an import, in an install
# edge           cloudie-netbootd dies before the installer came (it is in stage two), and in an install
# clock          the machine's clock is ten years off, both ways
# memory         one step too small: the ramdisk says so; where GRUB is, cloudie why does
fault=${1:?usual, kill, cable, cable-gone, power, away, edge, full, clock or memory}
points=${2:-10}
# A mount of the test's own, which is gone with it.
if [ "$fault" = full ] && [ "$(id -u)" = 0 ] && [ -z "${FAULT_MOUNTS:-}" ]; then
        FAULT_MOUNTS=1 exec unshare --mount "$0" "$@"
fi
# shellcheck source=tests/vm/setup.sh
. "$(dirname "$0")/setup.sh" "fault-$fault" 16
[ -e "${LAB_IMAGE:?}" ] ||
        skip "no image of the tiny worker in $LAB_IMAGE; tools/worker-image.sh makes one"
# shellcheck source=tests/vm/fault_lab.sh
. "$here/fault_lab.sh"

# Both die at each point, one after the other, and are started again; meanwhile hardly anything
# comes over the cable, so that a busy machine, too, gets to all points.
kill_at() { # POINT
        fault_at "$1"
        fault_slow 128kbit
        lab_kill "$LAB_CONTROLLER"
        sleep 1
        lab_start_controller
        expect "step after cloudied died" "$(lab_operation step $node)" write
        lab_kill "$LAB_EDGE"
        sleep 1
        lab_start_edge
        expect "state after both died" "$(lab_operation state $node)" running
        fault_slow
}

fault_kill() { # POINTS
        local i
        LAB_RATE=2mbit
        fault_slow
        "$cloudie" node install $node --profile worker
        for ((i = 1; i <= $1; i++)); do
                kill_at $((10 * i / $1))
        done
        fault_fast
        fault_deployed
}

# A request gives up after 30 s without a byte; the cable is off for longer.
pull_cable() {
        fault_at 4
        fault_cable off
        sleep 40
        expect "state without a cable" "$(lab_operation state $node)" running
        expect "step without a cable" "$(lab_operation step $node)" write
        fault_cable on
}

in_cable() {
        fault_ready
        fault_slow
        "$cloudie" node install $node --profile worker
        pull_cable
        fault_fast
        fault_deployed
        fault_again
}

in_cable_gone() {
        fault_ready
        fault_slow
        "$cloudie" node install $node --profile worker
        fault_at 4
        fault_cable off
        lab_until 260 has_failed || lab_fail "the step's deadline passed without a cause"
        expect "cause" "$(lab_operation cause $node)" agent-silent
        expect "phase" "$(lab_count_phase ready)" 1
        fault_why agent-silent "lost its power, its network"
        fault_cable on
        fault_fast
        lab_until 120 is_online || lab_fail "its agent did not come back"
        "$cloudie" node retry $node
        fault_deployed
        fault_again
}

has_failed() {
        [ "$(lab_operation state $node)" = failed ]
}

in_kill() {
        fault_ready
        fault_kill "$points"
        fault_again
}

in_power() {
        fault_ready
        fault_slow
        "$cloudie" node install $node --profile worker
        fault_at 4
        lab_kill "$LAB_MACHINE"
        fault_fast
        expect "state without power" "$(lab_operation state $node)" running
        fault_machine
        fault_deployed
        expect "attempt" "$(lab_operation attempt $node)" 2
        fault_again
}

console_says() {
        grep -aq "$1" "$LAB_DIR/log/machine-1.console"
}

in_away() {
        fault_ready
        lab_kill "$LAB_MACHINE"
        "$cloudie" node install $node --profile worker
        lab_kill "$LAB_CONTROLLER"
        fault_machine
        lab_until 90 console_says "asking again" || lab_fail "it was not told to ask again"
        sleep 12
        console_says "event=install" && lab_fail "it was installed from memory"
        lab_start_controller
        fault_deployed
        # A deployed one boots its disk meanwhile; its system was heard of already.
        sleep 6
        lab_kill "$LAB_CONTROLLER"
        lab_kill "$LAB_MACHINE"
        fault_machine
        lab_until 120 console_says "the controller is away" ||
                lab_fail "a deployed machine did not go to its disk"
        lab_until 120 console_says "event=worker.start" || lab_fail "its system did not start"
        lab_start_controller
        expect "phase" "$(lab_count_phase deployed)" 1
        fault_again
}

# It reports all the same; an install asks for stage two once more, and fails with a cause while
# there is nobody to give it.
in_edge() {
        lab_open
        lab_controller
        lab_edge
        lab_login
        truncate -s 1G "$LAB_DIR/machine-1.disk"
        fault_documents
        fault_machine
        fault_slow 16mbit
        lab_wait_step claim 300
        lab_kill "$LAB_EDGE"
        fault_fast
        lab_wait_step held 120
        lab_until 120 console_says "event=stage_two.given_up" ||
                lab_fail "stage two came from nowhere"
        "$cloudie" node accept $node
        lab_until 60 is_online || lab_fail "its agent does not ask for orders"
        if "$cloudie" node install $node --profile worker --wait >"$LAB_DIR/out" 2>&1; then
                lab_fail "it was installed without an installer"
        fi
        cat "$LAB_DIR/out"
        expect "cause" "$(lab_operation cause $node)" agent-failed
        grep -q "stage two" "$LAB_DIR/out" || lab_fail "it does not say that stage two is missing"
        expect "phase" "$(lab_count_phase ready)" 1
        lab_start_edge
        "$cloudie" node retry $node
        fault_deployed
        fault_again
}

# The state folder is 44 MB: room for one image, and not for a second.
in_full() {
        mkdir -p "$LAB_DIR/controller"
        # Room for one image, and the 256 MiB that are kept for the database.
        mount -t tmpfs -o size=300m,mode=0755 none "$LAB_DIR/controller"
        fault_ready
        fault_image "$LAB_DIR/second.raw"
        if "$cloudie" image import "$LAB_DIR/second.raw" --name second 2>"$LAB_DIR/refusal"; then
                lab_fail "an image found room where there is none"
        fi
        cat "$LAB_DIR/refusal"
        grep -q "disk" "$LAB_DIR/refusal"
        "$cloudie" image verify worker
        fault_slow
        "$cloudie" node install $node --profile worker
        fault_at 3
        dd if=/dev/zero of="$LAB_DIR/controller/filler" bs=64k status=none 2>/dev/null || true
        # What must last cannot be written: cloudied ends, as it may not go on from what is not on disk.
        lab_until 180 store_failed || lab_fail "cloudied does not say that its disk is full"
        grep "event=store.failed" "$LAB_DIR/log/cloudied.log" | tail -n 1
        lab_kill "$LAB_CONTROLLER"
        rm "$LAB_DIR/controller/filler"
        lab_start_controller
        expect "step" "$(lab_count_phase ready)" 1
        fault_fast
        fault_deployed
        fault_again
        "$cloudie" image delete worker
        "$cloudie" image import "$LAB_DIR/second.raw" --name second
}

store_failed() {
        grep -q "event=store.failed" "$LAB_DIR/log/cloudied.log"
}

in_clock() {
        fault_ready -rtc "base=$(($(date +%Y) + 11))-01-01T00:00:00"
        "$cloudie" node install $node --profile worker
        fault_deployed
        fault_again -rtc "base=$(($(date +%Y) - 10))-06-01T00:00:00"
}

in_usual() {
        fault_ready -rtc "base=$(($(date +%Y) + 10))-06-01T00:00:00"
        fault_slow
        "$cloudie" node install $node --profile worker
        kill_at 2
        pull_cable
        kill_at 7
        fault_fast
        fault_deployed
        fault_again -rtc "base=$(($(date +%Y) - 10))-06-01T00:00:00"
}

# The agent says so where files of the ramdisk are missing; where the kernel has no page left, the
# kernel does. What nobody heard of is for `cloudie why`.
says_too_small() {
        console_says "the ramdisk is incomplete: this machine has too little memory" ||
                console_says "Kernel panic - not syncing: System is deadlocked on memory"
}

# 128 MB do with a BIOS, 288 with UEFI.
in_memory() {
        lab_open
        lab_controller
        lab_edge
        lab_login
        LAB_MEMORY=104 lab_machine 1
        lab_until 120 says_too_small ||
                lab_fail "a machine of 104 MB does not say that it is too small"
        lab_kill "$LAB_MACHINE"
        if [ ! -e "$LAB_OVMF/OVMF_CODE_4M.fd" ]; then
                echo "not shown: UEFI, as the package ovmf is not installed"
                return
        fi
        LAB_FIRMWARE=uefi LAB_MEMORY=272 lab_machine 2
        lab_until 180 has_grub_failed || lab_fail "cloudie why does not name GRUB's memory"
        fault_why loader-out-of-memory "320 MB" "$(lab_mac 2)"
        grep -q "kernel" "$LAB_DIR/why" || lab_fail "it does not show what was fetched"
        lab_until 60 grep -aq "out of memory" "$LAB_DIR/log/machine-2.console" ||
                lab_fail "GRUB does not say so"
}

has_grub_failed() {
        "$cloudie" why "$(lab_mac 2)" | grep -q loader-out-of-memory
}

case $fault in
usual) in_usual ;;
kill) in_kill ;;
cable) in_cable ;;
cable-gone) in_cable_gone ;;
power) in_power ;;
away) in_away ;;
full) in_full ;;
edge) in_edge ;;
clock) in_clock ;;
memory) in_memory ;;
*)
        echo "faults.sh: '$fault' is no fault of this list" >&2
        exit 2
        ;;
esac
