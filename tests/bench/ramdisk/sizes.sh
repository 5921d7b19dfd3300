#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# tests/bench/ramdisk/sizes.sh [PACKAGE]
#
# Sizes of the netboot package (build/netboot) beside the budgets of the design,
# section 13. Exit 0 within them, 1 above, 77 where there is no package.
set -eu

root=$(cd "$(dirname "$0")/../../.." && pwd)
package=${1:-$root/build/netboot}
stage_one_budget=20000000       # kernel and ramdisk: what firmware loads by TFTP
stage_two_budget=16000000

[ -e "$package/manifest.json" ] || {
        echo "skipped: no netboot package in $package; tools/netboot-package.sh makes one"
        exit 77
}

size() {
        stat -c %s "$package/$1"
}

megabytes() {
        awk -v bytes="$1" 'BEGIN { printf "%.1f", bytes / 1e6 }'
}

status=0
line() { # WHAT BYTES [BUDGET]
        verdict=
        if [ $# -eq 3 ]; then
                verdict="budget $(megabytes "$3") MB"
                if [ "$2" -gt "$3" ]; then
                        verdict="$verdict, EXCEEDED"
                        status=1
                fi
        fi
        printf '%-28s %6s MB  %s\n' "$1" "$(megabytes "$2")" "$verdict"
}

kernel=$(size vmlinuz)
ramdisk=$(size discovery.initrd)
# What unfolds in memory is what decides how little of it is enough. The sentinel at its end
# tells of a truncated one.
unfolded=$(zstd -dcq "$package/discovery.initrd" | wc -c)

line "kernel" "$kernel"
line "ramdisk" "$ramdisk"
line "  unfolded" "$unfolded"
line "stage one" $((kernel + ramdisk)) "$stage_one_budget"
line "stage two" "$(size stage-two.squashfs)" "$stage_two_budget"
exit $status
