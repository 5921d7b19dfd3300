#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# tests/bench/ramdisk/boot.sh [BOOTS]
#
# What a machine spends from power-on to its inventory in the store, and the least
# memory in which it gets there: BIOS, iPXE, HTTP, under emulation. CPU seconds are
# those of the whole emulator, so that they hardly depend on what else the host
# does; the median of BOOTS (5) is printed beside the budget of the design, section
# 13. Exit 0 within the budgets, 1 above, 77 where it cannot run.
set -u
cd "$(dirname "$0")/../../.." || exit 1
export LAB_BIN=$PWD/build/release/bin LAB_PACKAGE=$PWD/build/netboot LAB_ROOT=$PWD/build/bench
[ -x "$LAB_BIN/cloudied" ] || {
        echo "skipped: no release build in build/release"
        exit 77
}
boots=${1:-5}
cpu_budget=12
memory_budget=192
# shellcheck source=tests/vm/setup.sh
. tests/vm/setup.sh bench 5
set +e

# boot MEGABYTES: CPU seconds to the inventory, or nothing
boot() {
        local memory=$1 end cpu=
        rm -rf "$LAB_DIR/controller" "$LAB_DIR/edge"
        lab_open && lab_controller && lab_edge && lab_login || return 1
        LAB_MEMORY=$memory lab_machine 1
        end=$((SECONDS + 90))
        while [ $SECONDS -lt $end ] && kill -0 "$LAB_MACHINE" 2>/dev/null; do
                if [ "$(lab_count_step inventory)" -gt 0 ]; then
                        cpu=$(lab_cpu "$LAB_MACHINE")
                        break
                fi
                # What cannot work says so on the console; there is no need to wait for the end.
                grep -aqE 'too little memory|Kernel panic|Out of memory|not enough memory' \
                        "$LAB_DIR/log/machine-1.console" 2>/dev/null && break
                sleep 0.2
        done
        lab_close
        [ -n "$cpu" ] && echo "$cpu"
}

# The lab's variables are those of this shell: so its output goes through a file.
least=
for memory in 512 256 192 176 160 144 128 112 96; do
        boot "$memory" >"$LAB_DIR/cpu"
        if [ -s "$LAB_DIR/cpu" ]; then
                least=$memory
                echo "with $memory MB: reports after $(cat "$LAB_DIR/cpu") s of CPU"
        else
                echo "with $memory MB: does not report ($(grep -aoE \
                        'too little memory|Kernel panic[^]]*|Out of memory|not enough memory' \
                        "$LAB_DIR/log/machine-1.console" | head -n 1))"
                break
        fi
done

: >"$LAB_DIR/all"
for ((n = 0; n < boots; n++)); do
        boot 512 >"$LAB_DIR/cpu" && cat "$LAB_DIR/cpu" >>"$LAB_DIR/all"
done
median=$(sort -n "$LAB_DIR/all" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')

printf '%-34s %6s MB  budget %s MB\n' "least memory (BIOS)" "${least:-none}" $memory_budget
printf '%-34s %6s s   budget %s s (median of %s, lowest %s, highest %s)\n' \
        "CPU, power-on to inventory (BIOS)" "${median:-none}" $cpu_budget "$(wc -l <"$LAB_DIR/all")" \
        "$(sort -n "$LAB_DIR/all" | head -n 1)" "$(sort -n "$LAB_DIR/all" | tail -n 1)"
trap - EXIT
[ -n "$least" ] && [ "$least" -le $memory_budget ] &&
        awk -v m="${median:-999}" -v b=$cpu_budget 'BEGIN { exit !(m <= b) }'
