#!/bin/sh
# Compares the sources with .clang-format, or rewrites them: tools/format.sh [--write]
set -eu
cd "$(dirname "$0")/.."
folders=
for folder in homeostat examples tests fuzz bench lab third_party; do
    [ ! -d "$folder" ] || folders="$folders $folder"
done
how="--dry-run --Werror"
[ "${1:-}" != --write ] || how=-i
# shellcheck disable=SC2086  # Lists of words.
find $folders \( -name '*.cpp' -o -name '*.hpp' \) -print0 |
    xargs -0 -P "$(nproc)" -n 20 clang-format-19 $how
