"""What the program's choices are worth on cases of the second world.

`homeostat decide` runs under a user id of its own and gets a file of what a decider sees; the truth
stays with this process. With a model it runs as whoever asks, because others may not start the
model's server, and gets the same file.
"""

import json
import lzma
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import decide_scoring as scoring  # noqa: E402

JUDGE_UID = 65534  # nobody
SCORING_ONLY = ("family", "flavour", "cause", "acceptable", "acceptable_on_menu", "harmful",
                "cures_off_menu", "menu_size", "futures")
RANKERS = ("tree", "rules")  # With a model also `both`.


def read_cases(file):
    with lzma.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def shown(case):
    return {key: value for key, value in case.items() if key not in SCORING_ONLY}


def judged(programs, cases, ranker, more=()):
    """The cases as the program tells them, best remedy first, and with their truth. more: the model
    that is asked, and its calibration."""
    is_another = os.geteuid() == 0 and not more
    who = {"user": JUDGE_UID, "group": JUDGE_UID, "extra_groups": []} if is_another else {}
    with tempfile.TemporaryDirectory(prefix="second-world-shown-") as directory:
        Path(directory).chmod(0o755)
        file = Path(directory, "cases.jsonl")
        file.write_text("".join(json.dumps(shown(case)) + "\n" for case in cases))
        ran = subprocess.run([programs.resolve() / "homeostat", "decide", "--cases", file, "--json",
                              "--features", "--ranker", ranker, *map(absolute, more)],
                             capture_output=True, text=True, check=False, cwd=directory, **who)
    if ran.returncode != 0:
        sys.exit(f"homeostat decide: {ran.stderr[-2000:]}")
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    return [scoring.with_truth(one, case) for one, case in zip(told, cases, strict=True)]


def absolute(word):
    """A file from where we stand; the program stands elsewhere."""
    return word.resolve() if isinstance(word, Path) else word


def shares(hits):
    hits = [bool(hit) for hit in hits]
    return {"share": scoring.share(hits), "interval": scoring.wilson(sum(hits), len(hits)),
            "n": len(hits)}


def figures_of_ranker(told):
    chosen = [scoring.chosen_of(case) for case in told]
    curable = [case for case in told if scoring.is_curable(case)]
    healthy = [case for case in told if case["family"] == "nothing"]
    outcomes = [(case["family"], one["is_acceptable"]) for case, one in zip(told, chosen,
                                                                            strict=True)]
    return {"right": shares(one["is_acceptable"] for one in chosen),
            "macro": scoring.macro(outcomes),
            "macro_interval": scoring.interval(outcomes, scoring.macro),
            "harmful": shares(one["is_harmful"] for one in chosen),
            "acts": shares(scoring.acts(scoring.chosen_of(case)) for case in curable),
            "needless": shares(scoring.acts(scoring.chosen_of(case)) for case in healthy),
            "not_tried": shares(not one["is_acceptable"] and not one["is_harmful"]
                                and not is_tried(one, case) for one, case in zip(chosen, told,
                                                                                 strict=True))}


def is_tried(one, case):
    return scoring.is_named(one, case["tried"])


def constant(told, kind):
    """Who always says the same of the two that change nothing."""
    return shares(any(one["remedy"] == kind and one["is_acceptable"] for one in case["remedies"])
                  for case in told)


def noise_of(cases):
    """How far the two futures of doing nothing are apart, as a share of their mean."""
    apart = []
    for case in cases:
        costs = case["futures"][0]["costs"]
        mean = sum(costs) / len(costs)
        if mean > 1:
            apart.append((max(costs) - min(costs)) / mean)
    return {"n": len(apart), "median": scoring.nearest_rank(apart, 0.5),
            "p90": scoring.nearest_rank(apart, 0.9)}


def families_of(told):
    found = {}
    for case in told:
        one = found.setdefault(case["family"], {"n": 0, "right": 0, "harmful": 0, "curable": 0})
        one["n"] += 1
        one["right"] += scoring.chosen_of(case)["is_acceptable"]
        one["harmful"] += scoring.chosen_of(case)["is_harmful"]
        one["curable"] += scoring.is_curable(case)
    return dict(sorted(found.items()))


def figures(programs, cases, asked_of_both=None):
    """asked_of_both: the arguments of `--ranker both`; None without a model."""
    by_ranker = {ranker: judged(programs, cases, ranker) for ranker in RANKERS}
    if asked_of_both is not None:
        by_ranker["both"] = judged(programs, cases, "both", asked_of_both)
    for told in by_ranker.values():
        for one, case in zip(told, cases, strict=True):
            one["tried"] = case["futures"]
    rankers = {ranker: figures_of_ranker(told) for ranker, told in by_ranker.items()}
    tree = by_ranker["tree"]
    pairs = list(zip(*([scoring.chosen_of(case)["is_acceptable"] for case in by_ranker[ranker]]
                       for ranker in RANKERS), strict=True))
    return {"n": len(cases),
            "both": rankers["both"]["right"]["share"] if "both" in rankers else None,
            "rules": rankers["rules"]["right"]["share"], "tree": rankers["tree"]["right"]["share"],
            "rankers": rankers, "tree_alone_right": sum(a and not b for a, b in pairs),
            "rules_alone_right": sum(b and not a for a, b in pairs),
            "always_observe": constant(tree, "observe"),
            "always_escalate": constant(tree, "escalate"),
            "curable": shares(scoring.is_curable(case) for case in tree),
            "noise": noise_of(cases), "families": families_of(tree)}
