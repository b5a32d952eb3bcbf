#!/bin/sh
# Runs each program of a folder whose name fits, one after the other:
#   tools/each.sh FOLDER PATTERN [ARGUMENT...]
# A % in an argument stands for the program's name.
set -eu
folder=$1
pattern=$2
shift 2
found=0
for program in $(find "$folder" -maxdepth 1 -type f -name "$pattern" | sort); do
    found=1
    name=$(basename "$program")
    echo "== $name"
    (
        for argument; do
            shift
            set -- "$@" "$(printf '%s' "$argument" | sed "s/%/$name/g")"
        done
        "$program" "$@"
    )
done
[ "$found" = 1 ] || { echo "no program named $pattern in $folder" >&2; exit 1; }
