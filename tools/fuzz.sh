#!/bin/sh
# Runs every fuzz target, or those named, for some seconds each:
#   tools/fuzz.sh BUILD_FOLDER SECONDS [NAME...]
#
# Inputs that reached something new are kept in BUILD_FOLDER/corpus, an input that broke something
# beside it; the latter belongs into fuzz/seeds and a unit test. A target that fails does not keep
# the others from running.
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
    echo "== $name"
    "$build/bin/${name}_fuzz" -max_total_time="$seconds" -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$build/found_${name}_" "$corpus" "$seeds" || failed="$failed $name"
done
[ -z "$failed" ] || { echo "broken by an input in $build/found_*:$failed" >&2; exit 1; }
