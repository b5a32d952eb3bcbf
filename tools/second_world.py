#!/usr/bin/env python3
"""Cases of real processes, broken by third-party means, whose every remedy is really tried; and how
well the program chooses among them. bench/second_world/README.md says what they are.

    make second-world N=200 SEED=1                        goes on where it was interrupted
    tools/second_world.py --bin build/release/bin --n 200 --seed 1
    tools/second_world.py --bin build/release/bin --parts score

    part    does
    cases   makes cases until there are N, in RUNS; writes RUNS/cases.jsonl    minutes for each
    pack    judges them anew; bench/second_world/cases.jsonl.xz                seconds
    noise   how far two lives are apart that should be alike: what
            BUNCHING in truth.py is reckoned from
    score   judges the packed cases with `homeostat decide`, as a user who     seconds
            sees neither the truth nor the worlds; prints figures
"""

import argparse
import json
import lzma
import os
import signal
import sys
from pathlib import Path

from decide_document import objection_to
from figure_runs import ROOT, say

sys.path.insert(0, str(ROOT / "bench/second_world"))

PACKED = ROOT / "bench/second_world/cases.jsonl.xz"


def make(options):
    import run
    run.make_cases(options, say)


def pack(options):
    import run
    run.write_cases(options.runs, options.out)
    data = options.out.read_bytes()
    PACKED.write_bytes(lzma.compress(data, preset=9))
    say(f"{PACKED}: {data.count(10)} cases, {PACKED.stat().st_size:,} bytes")


def noise(options):
    import run
    found = run.noise_in(options.runs)
    of_chance = [one for one in found if one["chance_s"] > 0]
    squares = sum((one["apart_s"] / one["chance_s"]) ** 2 for one in of_chance)
    for one in found:
        print(json.dumps(one))
    if of_chance:
        print(f"bunching: {(squares / len(of_chance)) ** 0.5:.2f} of {len(of_chance)} cases")


def score(options):
    import choices
    both = ["--model", options.model] if options.model else None
    if both and options.calibration:
        both += ["--calibration", options.calibration]
    print(json.dumps(choices.figures(options.bin, choices.read_cases(PACKED), both), indent=1))


PARTS = {"cases": make, "pack": pack, "noise": noise, "score": score}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="the built programs")
    parser.add_argument("--n", type=int, default=200, help="cases that are to be there")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=3, help="worlds beside each other")
    parser.add_argument("--drivers", type=int, default=2, help="cases that are begun at once")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--model", type=Path, help="a GGUF file, to be scored beside the tree")
    parser.add_argument("--calibration", type=Path, help="what its word is worth beside the tree")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=["cases"])
    options = parser.parse_args()
    if options.calibration and (why := objection_to(options.calibration, options.model)):
        parser.error(why)
    options.runs = options.runs or ROOT / f"build/bench/second_world/seed-{options.seed}"
    options.runs.mkdir(parents=True, exist_ok=True)
    options.out = options.runs / "cases.jsonl"
    if "cases" in options.parts and os.geteuid() != 0:
        say("not root: services run as you, nothing is hidden from a judge, no limits are set")
    for part in options.parts:
        PARTS[part](options)


if __name__ == "__main__":
    # Whoever is started in the background by a shell ignores the one.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
