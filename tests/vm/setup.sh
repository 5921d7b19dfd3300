# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# setup.sh NAME NUMBER: what every test here begins with (source it). Opens a lab
# that is closed, and reported on when the test fails, whatever happens.
set -u
skip() {
        echo "skipped: $*"
        exit 77
}

[ "$(id -u)" = 0 ] || skip "namespaces and taps need root"
command -v qemu-system-x86_64 >/dev/null || skip "qemu-system-x86_64 is not installed"
[ -e "${LAB_PACKAGE:?}/manifest.json" ] ||
        skip "no netboot package in $LAB_PACKAGE; tools/netboot-package.sh makes one"

export LAB=cloudie-test-$1 LAB_NUMBER=$2 LAB_DIR=${LAB_ROOT:?}/$1
rm -rf "$LAB_DIR"
mkdir -p "$LAB_DIR"
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=tests/vm/lab.sh
. "$here/lab.sh"

finish() {
        local status=$?
        set +e
        trap - EXIT INT TERM
        [ $status = 0 ] || lab_report
        lab_close
        # A disk of a machine is large, and sparse only until somebody copies it.
        rm -f "$LAB_DIR"/*.disk
        exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM
set -e
