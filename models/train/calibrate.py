#!/usr/bin/env python3
"""Measures what a model's word is worth beside the tree, or beside the rules, and writes it down.

    homeostat simulate --cases 400 --seed 601 --split train --out calibration.jsonl
    models/train/calibrate.py --cases calibration.jsonl --beside tree --out calibration.json

The weight lambda is the one under which what is acceptable gets the highest probability, on cases
that neither the model nor the tree has learnt from. The formula is the program's:
log weight + lambda · (log p − log p neutral). The file is for one model, one prompt and whom it was
measured beside; with any other it counts for nothing. An agent has the rules.
"""

import argparse
import json
import math
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import decide_scoring as scoring

LAMBDAS = [step / 20 for step in range(41)]  # 0 to 2.
WEIGHT_MIN = 1e-6  # As `prior_min` of homeostat/decide/decide.hpp.


def weights(case, factor):
    """Of each candidate, as the program would weigh it; a person's share stays."""
    raised = [None if one["remedy"] not in case["model"] else
              math.log(max(one["weight"], WEIGHT_MIN))
              + factor * (case["model"][one["remedy"]]["log_probability"]
                          - case["model"][one["remedy"]]["neutral"])
              for one in case["remedies"]]
    best = max(one for one in raised if one is not None)
    shares = [0.0 if one is None else math.exp(one - best) for one in raised]
    left = 1 - sum(one["weight"] for one, its in zip(case["remedies"], raised, strict=True)
                   if its is None)
    return [one["weight"] if its is None else left * share / sum(shares)
            for one, its, share in zip(case["remedies"], raised, shares, strict=True)]


def is_telling(case):
    """The model was asked, and something on the menu is acceptable and something is not."""
    right = [one["is_acceptable"] for one in case["remedies"]]
    return "model" in case and any(right) and not all(right)


def measured(cases, factor):
    """What comes of a weight: mean loss, share right, share harmful, calibration error."""
    losses, answers, harms = [], [], []
    for case in cases:
        told = weights(case, factor)
        hit = sum(weight for weight, one in zip(told, case["remedies"], strict=True)
                  if one["is_acceptable"])
        losses.append(-math.log(max(hit, 1e-9)))
        chosen = max(range(len(told)), key=told.__getitem__)
        answers.append((told[chosen], case["remedies"][chosen]["is_acceptable"]))
        harms.append(case["remedies"][chosen]["is_harmful"])
    return {"lambda": factor, "loss": sum(losses) / len(losses),
            "right": scoring.share(right for _, right in answers),
            "harmful": scoring.share(harms), "ece": scoring.ece(answers)}


def best_of(rows):
    """The least loss; of equal ones the smaller weight."""
    return min(rows, key=lambda row: (round(row["loss"], 6), row["lambda"]))


def document_of(model, beside, factor):
    """What the program reads; model: what it says of its own."""
    return {"model": model["name"], "prompt_digest": model["prompt_digest"], "lambda": factor,
            "beside": beside}


def judged(options):
    """(cases as the program tells them with their truth, what it says of its model)."""
    asked = [options.homeostat, "decide", "--cases", options.cases, "--json", "--features",
             "--ranker", "both", "--beside", options.beside, "--model", options.model]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        sys.exit(f"homeostat decide: {ran.stderr[-2000:]}")
    with open(options.cases, encoding="utf-8") as lines:
        cases = [scoring.with_truth(json.loads(told), json.loads(line))
                 for told, line in zip(ran.stdout.splitlines(), lines, strict=True)]
    scores = next(line for line in ran.stderr.splitlines() if line.startswith("{"))
    return cases, json.loads(scores)["model"]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, required=True, help="of `homeostat simulate --cases`")
    parser.add_argument("--beside", choices=("tree", "rules"), default="tree")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--homeostat", type=Path, default=ROOT / "build/release/bin/homeostat")
    parser.add_argument("--model", type=Path, default=ROOT / "build/model/model.gguf")
    options = parser.parse_args()
    options.model = options.model.resolve()  # A ranking has the file's own name, not the link's.
    cases, model = judged(options)
    telling = [case for case in cases if is_telling(case)]
    if not telling:
        sys.exit("no case has something acceptable on its menu; make more")
    rows = [measured(telling, factor) for factor in LAMBDAS]
    for row in rows[::4]:
        print("lambda {lambda:.2f}: loss {loss:.4f}, right {right:.3f}, harmful {harmful:.3f}, "
              "calibration error {ece:.3f}".format(**row), file=sys.stderr)
    best = best_of(rows)
    print(f"of {len(telling)} cases: " + json.dumps(best), file=sys.stderr)
    told = document_of(model, options.beside, best["lambda"])
    options.out.write_text(json.dumps(told, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
