#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# tools/worker-image.sh [FILE]
#
# Makes the image of the tiny worker (build/worker/tiny.raw): a kernel and the
# static cloudie-worker of the ramdisk build. Does nothing when the program, the
# kernel and the boot loader are those that the image was made of.
set -eu
cd "$(dirname "$0")/.."
to=${1:-build/worker/tiny.raw}
mkimage=build/release/bin/cloudie-mkimage

[ -x "$mkimage" ] || {
        echo "worker-image: $mkimage is missing: build the release preset first" >&2
        exit 1
}
tools/static-curl.sh
mkdir -p "$(dirname "$to")"
cmake --preset ramdisk >build/ramdisk.log 2>&1 || {
        cat build/ramdisk.log >&2
        exit 1
}
cmake --build --preset ramdisk -- --quiet

# Versions as apt would download them, and those of the programs that are installed.
made_of=$(
        sha256sum "$mkimage" build/ramdisk/programs/cloudie-worker
        apt-cache show --no-all-versions linux-image-cloud-amd64 2>/dev/null |
                grep -E '^(Package|Version|Depends):' || true
        dpkg-query -W grub-common grub-pc-bin e2fsprogs 2>/dev/null || true
)
if [ -e "$to" ] && [ "$made_of" = "$(cat "$to.stamp" 2>/dev/null)" ]; then
        echo "$to is as it was"
        exit 0
fi
rm -f "$to.stamp"
"$mkimage" worker --tiny --programs build/ramdisk/programs --cache build/cache --output "$to"
echo "$made_of" >"$to.stamp"
