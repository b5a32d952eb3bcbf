#!/usr/bin/env python3
"""Who picks the right remedy: the rules, a boosted tree, logistic regression and others, on cases
of families that none of them was trained on. Writes RUNS/decide.json and RUNS/decide-answers.jsonl.

    tools/decide_figures.py --bin build/release/bin --train 2000 --held-out 600

Cases are made by `homeostat simulate --cases` (they are kept in RUNS and made once), candidates and
their numbers by `homeostat decide --features`. Intervals are of 1,000 bootstraps over the cases.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench/decide"


def say(text):
    print(text, file=sys.stderr, flush=True)


def python_with_peers(runs):
    stamp = runs / "peers/.complete"
    if not stamp.exists():
        say("installing lightgbm and scikit-learn …")
        venv.create(runs / "peers", clear=True, with_pip=True)
        subprocess.run([runs / "peers/bin/pip", "install", "--quiet", "--requirement",
                        BENCH / "requirements.txt"], check=True)
        stamp.touch()
    return runs / "peers/bin/python"


def make_cases(options, split, count, seed):
    path = options.runs / f"{split}-{seed}-{count}.jsonl"
    if not path.exists():
        say(f"making {count} cases of the split {split}: minutes to hours …")
        part = path.with_suffix(".part")
        subprocess.run([options.bin / "homeostat", "simulate", "--cases", str(count), "--seed",
                        str(seed), "--split", split, "--jobs", "2", "--out", part], check=True,
                       stdout=subprocess.DEVNULL)
        part.rename(path)
    return path


def judge(options, path):
    """Candidates and numbers as the program tells them, with what the case says of each."""
    ran = subprocess.run([options.bin / "homeostat", "decide", "--cases", path, "--json",
                          "--features"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         check=False)
    if ran.returncode != 0:
        sys.exit(f"homeostat decide: {ran.stderr}")
    cases = []
    with open(path, encoding="utf-8") as lines:
        for line, told in zip(lines, ran.stdout.splitlines(), strict=True):
            truth, case = json.loads(line), json.loads(told)
            for one in case["remedies"]:
                one["is_acceptable"] = is_named(one, truth["acceptable"])
                one["is_harmful"] = is_named(one, truth["harmful"])
            case["family"] = "two_at_once" if "+" in truth["family"] else truth["family"]
            cases.append(case)
    return cases


def is_named(one, answers):
    return any(answer["remedy"] == one["remedy"]
               and answer.get("service", "") == one.get("service", "")
               and answer.get("artifact", "") == one.get("artifact", "")
               and (not answer.get("replicas") or one.get("replica") in answer["replicas"])
               and ("to" not in answer or str(answer["to"]) == one.get("to"))
               for answer in answers)


def macro(outcomes):
    """Mean of the families' shares. outcomes: (family, is right)."""
    families = {}
    for family, is_right in outcomes:
        families.setdefault(family, []).append(is_right)
    return sum(sum(those) / len(those) for those in families.values()) / len(families)


def interval(outcomes, measure, rounds=1000):
    rng = random.Random(1)
    values = sorted(measure(rng.choices(outcomes, k=len(outcomes))) for _ in range(rounds))
    return values[int(rounds * 0.025)], values[int(rounds * 0.975)]


def score(options):
    """Runs inside the interpreter that has the peers."""
    sys.path.insert(0, str(BENCH))
    import rankers
    train = judge(options, make_cases(options, "train", options.train, 1))
    held_out = judge(options, make_cases(options, "held-out", options.held_out, 2))
    figures = {"n": len(held_out), "n_train": len(train), "macro": {}, "harmful": {}}
    figures["menu_recall"] = sum(
        any(one["is_acceptable"] for one in case["remedies"]) for case in held_out) / len(held_out)
    answers = {case["id"]: {"id": case["id"], "family": case["family"]} for case in held_out}
    for ranker in rankers.all_rankers():
        ranker.learn(train)
        outcomes, harms = [], []
        for case in held_out:
            chosen = ranker.choose(case)
            outcomes.append((case["family"], bool(chosen.get("is_acceptable"))))
            harms.append(bool(chosen.get("is_harmful")))
            answers[case["id"]][ranker.name] = {
                key: chosen[key] for key in ("remedy", "service", "replica", "artifact", "to")
                if key in chosen}
        low, high = interval(outcomes, macro)
        figures["macro"][ranker.name] = [macro(outcomes), low, high]
        figures["harmful"][ranker.name] = sum(harms) / len(harms)
        say(f"{ranker.name:<18} macro {100 * macro(outcomes):5.1f} % "
            f"({100 * low:.1f}–{100 * high:.1f}), harmful {100 * sum(harms) / len(harms):.1f} %")
    (options.runs / "decide.json").write_text(json.dumps(figures, indent=1) + "\n")
    with open(options.runs / "decide-answers.jsonl", "w", encoding="utf-8") as out:
        out.writelines(json.dumps(answer) + "\n" for answer in answers.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="the built programs")
    parser.add_argument("--runs", type=pathlib.Path, default=ROOT / "build/bench/decide")
    parser.add_argument("--train", type=int, default=2000, help="cases to learn from")
    parser.add_argument("--held-out", type=int, default=600, help="cases to score by")
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    python = python_with_peers(options.runs)
    if pathlib.Path(sys.prefix).resolve() != (options.runs / "peers").resolve():
        sys.exit(subprocess.run([python, __file__, *sys.argv[1:]], check=False).returncode)
    score(options)


if __name__ == "__main__":
    main()
