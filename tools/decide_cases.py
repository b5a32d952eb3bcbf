#!/usr/bin/env python3
"""Collects the cases of `homeostat bench decide` from runs of the demo.

    homeostat demo --seed 1 --keep /tmp/run-1
    tools/decide_cases.py --homeostat build/release/bin/homeostat /tmp/run-1 … > decide_cases.json

Each run of `demo --keep` leaves a ledger per scenario. From every incident that a model would be
asked about come its menu and evidence as the agent saw them; what is right is what the scenario
expects. The result stands in examples/payment_gateway/decide_cases.json and is made anew when menus
or evidence change.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

RIGHT = {"bad_deploy": ["rollback"], "leak": ["rolling_restart"], "innocent_deploy": ["observe"]}


def document_of(homeostat, *words):
    ran = subprocess.run([homeostat, *words, "--json"], check=True, capture_output=True)
    return json.loads(ran.stdout)


def cases_of(homeostat, ledger, scenario, seed):
    incidents = document_of(homeostat, "incidents", "--ledger", ledger)["incidents"]
    for incident in incidents:
        story = document_of(homeostat, "explain", incident["incident"], "--ledger", ledger)
        opened = next(entry["body"] for entry in story["entries"] if entry["entry"] == "opened")
        if len(opened["menu"]["items"]) > 1 and opened["symptom"]["symptom"] != "instance_down":
            yield {"scenario": scenario, "seed": seed, "right": RIGHT[scenario],
                   "menu": opened["menu"], "evidence": opened["diagnosis"]["evidence"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--homeostat", required=True)
    parser.add_argument("runs", type=Path, nargs="+", help="directories that `demo --keep` left")
    arguments = parser.parse_args()
    cases = []
    for run in arguments.runs:
        seed = json.loads((run / "result.json").read_text())["seed"]
        for scenario in RIGHT:
            ledger = run / scenario / "ledger"
            if ledger.is_dir():
                cases += cases_of(arguments.homeostat, ledger, scenario, seed)
    json.dump(cases, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
