#!/bin/sh
# Runs each program of a folder whose name fits, one after the other:
#   tools/each.sh FOLDER PATTERN [ARGUMENT...]
set -eu
folder=$1
pattern=$2
shift 2
found=0
for program in $(find "$folder" -maxdepth 1 -type f -name "$pattern" | sort); do
    found=1
    echo "== $(basename "$program")"
    "$program" "$@"
done
[ "$found" = 1 ] || { echo "no program named $pattern in $folder" >&2; exit 1; }
