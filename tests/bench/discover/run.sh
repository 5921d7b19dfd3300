#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# tests/bench/discover/run.sh [PROGRAM]
#
# cloudie-discover beside what else tells of a machine, on this one, in one run:
# best wall and CPU time of ten, system calls, programs started, largest memory.
# Only its own line has budgets. Exit 0 within them, 1 above, 77 where there is
# no build to measure, or nothing to measure with.
set -euo pipefail

root=$(cd "$(dirname "$0")/../../.." && pwd)
program=${1:-}
wall_budget=30 # ms
capture_budget=60
calls_budget=1500
memory_budget=8192 # KiB
runs=10

for candidate in "$root/build/ramdisk/programs/cloudie-discover" "$root/build/release/bin/cloudie-discover"; do
        [ -n "$program" ] || [ ! -x "$candidate" ] || program=$candidate
done
[ -n "$program" ] || {
        echo "skipped: no build/ramdisk and no build/release; a build with sanitizers says nothing"
        exit 77
}
for tool in strace /usr/bin/time; do
        command -v "$tool" >/dev/null || {
                echo "skipped: $tool is not installed"
                exit 77
        }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Sets wall (ms), cpu (ms), memory (KiB): the best wall time, with the CPU time of that run.
measure() { # COMMAND
        local i start end user system
        wall=999999 cpu=0 memory=0
        for ((i = 0; i < runs; i++)); do
                start=$(date +%s%N)
                /usr/bin/time -o "$work/time" -f '%U %S %M' sh -c "$1" >/dev/null 2>&1 || true
                end=$(date +%s%N)
                read -r user system rss < <(tail -n 1 "$work/time")
                [ "$rss" -le "$memory" ] || memory=$rss
                if [ $(((end - start) / 1000000)) -lt "$wall" ]; then
                        wall=$(((end - start) / 1000000))
                        cpu=$(awk -v u="$user" -v s="$system" 'BEGIN { printf "%d", (u + s) * 1000 }')
                fi
        done
}

# Sets calls and programs: all processes together, without the shell that starts them.
count() { # COMMAND
        strace -f -o "$work/trace" sh -c "exec $1" >/dev/null 2>&1 || true
        calls=$(grep -c '(' "$work/trace")
        programs=$(($(grep -c 'execve(.*= 0' "$work/trace") - 2))
}

status=0
printf '%-36s %8s %8s %10s %9s %10s\n' command 'wall ms' 'CPU ms' 'sys calls' 'programs' 'memory KiB'
row() { # NAME COMMAND
        measure "$2"
        count "$2"
        printf '%-36s %8d %8d %10d %9d %10d\n' "$1" "$wall" "$cpu" "$calls" "$programs" "$memory"
}

over() { # WHAT IS BUDGET
        [ "$2" -le "$3" ] && return
        echo "EXCEEDED: $1 is $2, budget $3"
        status=1
}

row cloudie-discover "$program"
over 'wall time in ms' "$wall" "$wall_budget"
over 'system calls' "$calls" "$calls_budget"
over 'programs started' "$programs" 0
over 'memory in KiB' "$memory" "$memory_budget"

captures=$root/../shared/data/hardware
if [ -d "$captures" ]; then
        for archive in "$captures"/lscpu/x86_64-64cpu.tar.gz "$captures"/snapshots/linux-amd64-8581cf3a.tar.gz; do
                mkdir -p "$work/capture"
                tar -C "$work/capture" -xzf "$archive"
                folder=$work/capture
                [ -d "$folder/sys" ] || folder=$folder/$(ls "$folder")
                row "  --root $(basename "$archive" .tar.gz)" "$program --root $folder"
                over "wall time in ms on $(basename "$archive")" "$wall" "$capture_budget"
                rm -rf "$work/capture"
        done
else
        echo "skipped: no captures of real machines beside the source tree"
fi

parts=(dmidecode 'lspci -vvnn' 'lscpu -J' 'lsblk -OJ')
missing=
for other in 'lshw -json' 'hwinfo --short' "${parts[@]}"; do
        if command -v "${other%% *}" >/dev/null; then
                row "$other" "$other"
        else
                printf '%-36s not installed\n' "$other"
                case " ${parts[*]} " in *" $other "*) missing=1 ;; esac
        fi
done
# Together they tell about as much as one of the others.
together=$(printf '%s; ' "${parts[@]}")
[ -n "$missing" ] || row 'dmidecode+lspci+lscpu+lsblk' "sh -c '$together'"
exit "$status"
