#!/bin/sh
# Runs every fuzz target, or those named, for some seconds each:
#   tools/fuzz.sh BUILD_FOLDER SECONDS [NAME...]
#
# Inputs that reached something new are kept in BUILD_FOLDER/corpus, an input that broke something
# beside it; the latter belongs into fuzz/seeds and a unit test. A target that fails does not keep
# the others from running. Each run adds a line to BUILD_FOLDER/fuzz_hours.tsv: date, target,
# seconds, executions.
set -eu
build=$1
seconds=$2
shift 2
# shellcheck disable=SC2046  # Names are single words.
[ $# -gt 0 ] || set -- $(find "$build/bin" -name '*_fuzz' -exec basename {} _fuzz \; | sort)
export ASAN_SYMBOLIZER_PATH="${ASAN_SYMBOLIZER_PATH:-/usr/bin/addr2line}"
failed=
for name in "$@"; do
    corpus=$build/corpus/$name
    mkdir -p "$corpus"
    seeds=fuzz/seeds/$name
    [ -d "$seeds" ] || { echo "$name has no seeds in $seeds" >&2; exit 2; }
    if [ "$name" = json ]; then  # Read only: it writes to the first directory.
        seeds="$seeds tests/data/json_test_suite/test_parsing"
    fi
    echo "== $name"
    said=$build/fuzz_said
    begun=$(date +%s)
    # shellcheck disable=SC2086  # Directories have no spaces.
    "$build/bin/${name}_fuzz" -max_total_time="$seconds" -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$build/found_${name}_" "$corpus" $seeds > "$said" 2>&1 ||
        failed="$failed $name"
    cat "$said"
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$said")
    printf '%s\t%s\t%s\t%s\n' "$(date -u +%F)" "$name" "$(($(date +%s) - begun))" \
        "${executions:-unknown}" >> "$build/fuzz_hours.tsv"
done
[ -z "$failed" ] || { echo "broken by an input in $build/found_*:$failed" >&2; exit 1; }
