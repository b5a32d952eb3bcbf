#!/usr/bin/env python3
"""Plays the demo's `noise` with fifty seeds: a burst that passes by itself is never acted upon.

    noise_test.py --bin build/release/bin [--runs 50]

Without --runs it is NOISE_RUNS of the environment, which ctest passes on, or fifty. A quarter of a
minute per run. Every run has a world and a ledger of its own.
"""

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

RUN_SECONDS_MAX = 90


def play(programs, seed, directory):
    """What the demo says of one run of the scenario."""
    done = subprocess.run(
        [programs / "homeostat", "demo", "--only", "noise", "--json", "--oracle", "rules",
         "--seed", str(seed), "--keep", directory],
        capture_output=True, text=True, timeout=RUN_SECONDS_MAX)
    assert done.stdout, f"seed {seed} ended with {done.returncode}: {done.stderr}"
    return json.loads(done.stdout), done.stderr


def effects_in(directory):
    """Every intent in the copy of the ledger: what was done, whatever the demo says of it."""
    lines = (directory / "noise/sink.jsonl").read_text().splitlines()
    return [entry["body"] for line in lines for entry in json.loads(line)["group"]["entries"]
            if entry["entry"] == "intent"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="directory of the built programs")
    parser.add_argument("--runs", type=int, default=int(os.environ.get("NOISE_RUNS", "50")))
    options = parser.parse_args()
    acted = []
    noticed = 0
    for seed in range(1, options.runs + 1):
        with tempfile.TemporaryDirectory(prefix="noise-") as directory:
            document, said = play(options.bin.resolve(), seed, directory)
            scenario = document["scenarios"][0]
            effects = effects_in(Path(directory))
        assert scenario["requests"] > 0, f"seed {seed}: no user was there"
        assert document["leftover_processes"] == 0, f"seed {seed}: a process is left over"
        noticed += scenario["failed_requests"] > 0
        if scenario["remedies"] or effects:
            acted.append(seed)
            print(said, effects)
        print(f"seed {seed}: did {len(effects)}; {scenario['failed_requests']} of "
              f"{scenario['requests']} requests failed", flush=True)
    print(f"{options.runs} bursts, {noticed} of them seen by users, {len(acted)} acted upon")
    assert noticed > 0, "no burst was seen by anybody, so nothing was tested"
    assert not acted, f"acted upon with the seeds {acted}"
    print("ok")


if __name__ == "__main__":
    main()
