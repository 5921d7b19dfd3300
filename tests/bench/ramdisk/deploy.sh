#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# tests/bench/ramdisk/deploy.sh [MACHINES]
#
# What a machine spends from power-on to `deployed` with the tiny worker: discovered,
# accepted, installed on its NVMe disk, restarted, booted from there, called. BIOS,
# iPXE, HTTP, under emulation. CPU seconds are those of the whole emulator; the
# median of MACHINES (3) is printed beside the budget of issue and README. Exit 0
# within it, 1 above, 77 where it cannot run.
set -u
cd "$(dirname "$0")/../../.." || exit 1
export LAB_BIN=$PWD/build/release/bin LAB_PACKAGE=$PWD/build/netboot LAB_ROOT=$PWD/build/bench
[ -x "$LAB_BIN/cloudied" ] || {
        echo "skipped: no release build in build/release"
        exit 77
}
image=$PWD/build/worker/tiny.raw
[ -e "$image" ] || {
        echo "skipped: no image of the tiny worker; tools/worker-image.sh makes one"
        exit 77
}
machines=${1:-3}
budget=60
# shellcheck source=tests/vm/setup.sh
. tests/vm/setup.sh bench 5
set +e

cat >"$LAB_DIR/worker.yaml" <<'END'
kind: profile
name: worker
spec:
  disk: {pick: smallest, types: [nvme], holding: nothing}
  steps: [{wipe: quick}, {image: worker}, {grow: root}, {seed: {hostname: "{name}"}}, {boot: disk}]
END

# deploy: CPU seconds to the inventory and to the call of the installed system
deploy() {
        local cloudie=$LAB_BIN/cloudie discovered
        rm -rf "$LAB_DIR/controller" "$LAB_DIR/edge"
        lab_open && lab_controller && lab_edge && lab_login || return 1
        "$cloudie" image import "$image" --name worker >/dev/null &&
                "$cloudie" apply -f "$LAB_DIR/worker.yaml" >/dev/null || return 1
        lab_machine 1
        lab_wait_step held 120 && discovered=$(lab_cpu "$LAB_MACHINE") &&
                "$cloudie" node accept lab-0001 >/dev/null &&
                "$cloudie" node install lab-0001 --profile worker >/dev/null &&
                lab_wait_phase deployed 240 && echo "$discovered $(lab_cpu "$LAB_MACHINE")"
        lab_close
}

: >"$LAB_DIR/all"
for ((n = 0; n < machines; n++)); do
        deploy >"$LAB_DIR/cpu"
        [ -s "$LAB_DIR/cpu" ] && cat "$LAB_DIR/cpu" >>"$LAB_DIR/all"
done
sort -n -k2 "$LAB_DIR/all" | awk -v budget=$budget -v wanted="$machines" '
        { discovered[NR] = $1; deployed[NR] = $2 }
        END {
                if (NR < wanted) {
                        print "only " NR " of " wanted " machines were deployed"
                        exit 1
                }
                m = int((NR + 1) / 2)
                printf "%-34s %6s s   budget %s s (median of %d, lowest %s, highest %s; %s s of it to the inventory)\n",
                        "CPU, power-on to deployed (BIOS)", deployed[m], budget, NR, deployed[1],
                        deployed[NR], discovered[m]
                exit deployed[m] > budget
        }'
status=$?
lab_close
trap - EXIT
exit $status
