#!/usr/bin/env python3
"""Collects the cases of `homeostat bench decide` from runs of the demo.

    make decide-cases SEEDS="1 2 3"
    tools/decide_cases.py --homeostat build/release/bin/homeostat --seeds 1 2 3 --out FILE

Runs the demo once per seed and scenario (`demo --keep`, the rules decide) and takes from each
ledger the menus and evidence of the incidents that were opened before anything was done: after the
first effect the scenario no longer says what is right. A reflex is no case: it asks nobody. Every
case of every run is taken, whatever came of it.

With --runs DIR the runs stay there, and one that ended there before is not run again. To be made
anew when menus or evidence change; about a minute per seed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SCENARIOS = ("bad_deploy", "leak", "innocent_deploy")  # The others open no incident that is judged.
CANNOT_RUN = 2


def document_of(homeostat, *words):
    ran = subprocess.run([homeostat, *words, "--json"], check=True, capture_output=True)
    return json.loads(ran.stdout)


def run_demo(homeostat, seed, scenario, directory):
    """True if the run came to its end; whether it went as the scenario wants is not asked."""
    shutil.rmtree(directory, ignore_errors=True)  # Of a run that was interrupted.
    words = [homeostat, "demo", "--seed", str(seed), "--only", scenario, "--oracle", "rules"]
    ran = subprocess.run([*words, "--keep", directory], stdout=subprocess.DEVNULL, check=False)
    return ran.returncode < CANNOT_RUN and (directory / "result.json").exists()


def cases_of(homeostat, ledger, scenario, seed):
    """Evidence and menu of each incident that was opened before the first effect."""
    opened = []
    first_intent_ns = None
    for incident in document_of(homeostat, "incidents", "--ledger", ledger)["incidents"]:
        story = document_of(homeostat, "explain", incident["incident"], "--ledger", ledger)
        for entry in story["entries"]:
            if entry["entry"] == "opened":
                opened.append((entry["at_ns"], entry["body"]))
            elif entry["entry"] == "intent":
                first_intent_ns = min(entry["at_ns"], first_intent_ns or entry["at_ns"])
    for at_ns, body in opened:
        is_untouched = first_intent_ns is None or at_ns <= first_intent_ns
        if is_untouched and body["symptom"]["symptom"] != "instance_down":
            yield {"scenario": scenario, "seed": seed,
                   "menu": body["menu"], "evidence": body["diagnosis"]["evidence"]}


def collect(homeostat, seeds, runs):
    cases = []
    for seed in seeds:
        for scenario in SCENARIOS:
            directory = runs / f"seed-{seed}-{scenario}"
            if (directory / "result.json").exists():
                print(f"seed {seed}, {scenario}: was run before", file=sys.stderr)
            elif not run_demo(homeostat, seed, scenario, directory):
                sys.exit(f"the demo could not be run: seed {seed}, {scenario}; nothing is written")
            cases += cases_of(homeostat, directory / scenario / "ledger", scenario, seed)
    return cases


def write(cases, file):
    """One case a line, so that a later collection shows in a diff what has changed."""
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    aside = file.with_suffix(".new")
    aside.write_text(f"[\n{lines}\n]\n")
    os.replace(aside, file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--homeostat", required=True, type=Path, help="the program that is run")
    parser.add_argument("--seeds", required=True, type=int, nargs="+")
    parser.add_argument("--out", required=True, type=Path, help="the file to replace")
    parser.add_argument("--runs", type=Path, help="keep the demo's directories here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="decide-cases-") as temporary:
        runs = arguments.runs or Path(temporary)
        runs.mkdir(parents=True, exist_ok=True)
        cases = collect(arguments.homeostat.resolve(), arguments.seeds, runs.resolve())
    if not cases:
        sys.exit("no run has a case; nothing is written")
    write(cases, arguments.out)
    print(f"{len(cases)} cases in {arguments.out}", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
