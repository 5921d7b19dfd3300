#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# test_debian_twice.sh MKIMAGE PROGRAMS CACHE
#
# The whole Debian worker, built twice out of a mirror's packages with one SOURCE_DATE_EPOCH: the
# same bytes. (test_debian.py has it with a stand-in for mmdebstrap.) Skips (77) without mmdebstrap.
set -eu
mkimage=$1 programs=$2 cache=$3
skip() {
        echo "skipped: $*"
        exit 77
}
[ "$(id -u)" = 0 ] || skip "mmdebstrap is run as root here"
command -v mmdebstrap >/dev/null || skip "mmdebstrap is not installed"
[ -x "$programs/cloudie-worker" ] || skip "no $programs/cloudie-worker; tools/worker-image.sh makes it"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
export SOURCE_DATE_EPOCH=1700000000
for name in one other; do
        "$mkimage" worker --programs "$programs" --cache "$cache" --output "$work/$name.raw"
done
cmp "$work/one.raw" "$work/other.raw"
