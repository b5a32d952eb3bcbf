#!/bin/sh
# Runs every fuzz target for some seconds: tools/fuzz.sh BUILD_FOLDER SECONDS
#
# Inputs that reached something new are kept in BUILD_FOLDER/corpus, an input that broke something
# beside it; the latter belongs into fuzz/seeds and a unit test.
set -eu
build=$1
seconds=$2
for program in "$build"/bin/*_fuzz; do
    name=$(basename "$program" _fuzz)
    corpus=$build/corpus/$name
    mkdir -p "$corpus"
    seeds=fuzz/seeds/$name
    [ -d "$seeds" ] || seeds=
    echo "== $name"
    # shellcheck disable=SC2086  # No seeds is no argument.
    "$program" -max_total_time="$seconds" -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$build/found_" "$corpus" $seeds
done
