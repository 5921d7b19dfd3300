#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# exposure.sh UNIT...: each unit's exposure as systemd sees it is 2.0 at most,
# and the unit never runs as root. Exit 77 (skipped) without systemd-analyze.
set -eu

command -v systemd-analyze >/dev/null || {
        echo "systemd-analyze is not installed: skipped"
        exit 77
}
for unit; do
        grep -q '^User=[a-z]' "$unit" || {
                echo "$unit: User= is missing: it would run as root"
                exit 1
        }
        said=$(systemd-analyze security --no-pager --offline=yes --threshold=20 "$unit" 2>&1) || {
                echo "$said"
                exit 1
        }
        # A word that systemd does not know is ignored by it, and protects nothing.
        if echo "$said" | grep -E 'Unknown|ignoring|Failed to parse'; then
                exit 1
        fi
        echo "$said" | tail -n 1
done
