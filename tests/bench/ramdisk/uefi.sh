#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# tests/bench/ramdisk/uefi.sh [BOOTS]
#
# What a UEFI machine spends from the entry of its kernel to its inventory in the
# store, under emulation and in 320 MB; what comes before is its firmware's and GRUB's.
# The entry is told by the last file that GRUB fetches. CPU seconds are those of the
# whole emulator; the median of BOOTS (5) is printed beside the budget of the design,
# section 13. Exit 0 within the budget, 1 above, 77 where it cannot run.
set -u
cd "$(dirname "$0")/../../.." || exit 1
export LAB_BIN=$PWD/build/release/bin LAB_PACKAGE=$PWD/build/netboot LAB_ROOT=$PWD/build/bench
export LAB_FIRMWARE=uefi LAB_MEMORY=320
[ -x "$LAB_BIN/cloudied" ] || {
        echo "skipped: no release build in build/release"
        exit 77
}
boots=${1:-5}
cpu_budget=6
# shellcheck source=tests/vm/setup.sh
. tests/vm/setup.sh bench-uefi 6
[ -e "$LAB_OVMF/OVMF_CODE_4M.fd" ] || skip "the package ovmf is not installed"
set +e

# cpu_at STEP SECONDS: CPU seconds of the machine when an event of that step is there
cpu_at() {
        local end=$((SECONDS + $2))
        until [ "$(lab_count_step "$1")" -gt 0 ]; do
                [ $SECONDS -lt $end ] && kill -0 "$LAB_MACHINE" 2>/dev/null || return 1
                sleep 0.1
        done
        lab_cpu "$LAB_MACHINE"
}

# boot: CPU seconds before the kernel, and from its entry to the inventory
boot() {
        local entry report
        rm -rf "$LAB_DIR/controller" "$LAB_DIR/edge"
        lab_open && lab_controller && lab_edge && lab_login || return 1
        lab_machine 1
        entry=$(cpu_at site 240) && report=$(cpu_at inventory 120) &&
                awk -v e="$entry" -v r="$report" 'BEGIN { printf "%.2f %.2f\n", r - e, e }'
        lab_close
}

: >"$LAB_DIR/all"
for ((n = 0; n < boots; n++)); do
        boot >"$LAB_DIR/cpu"
        cat "$LAB_DIR/cpu"
        cat "$LAB_DIR/cpu" >>"$LAB_DIR/all"
done
trap - EXIT
sort -n "$LAB_DIR/all" | awk -v budget=$cpu_budget -v boots="$boots" '
        { report[NR] = $1; before[NR] = $2 }
        END {
                median = NR ? report[int((NR + 1) / 2)] : "none"
                printf "%-34s %6s s   budget %s s (median of %d, lowest %s, highest %s; before it %s)\n",
                        "CPU, kernel entry to inventory (UEFI)", median, budget, NR, report[1],
                        report[NR], before[1]
                exit !(NR == boots && median <= budget)
        }'
