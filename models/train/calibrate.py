#!/usr/bin/env python3
"""Measures what a model's word is worth beside the tree, or beside the rules, and writes it down.

    homeostat simulate --cases 400 --seed 601 --split train --out calibration.jsonl
    models/train/calibrate.py --cases calibration.jsonl --beside tree --out calibration.json

The weight lambda is the one under which what is acceptable gets the highest probability, on cases
that neither the model nor the tree has learnt from. The formula is the program's:
log weight + lambda · (log p − log p neutral). The file is for one model, one prompt and whom it was
measured beside; with any other it counts for nothing. An agent has the rules.

With --notes each case is asked three times more, with a note of an operator in front: a wish for
another kind than is chosen, a wish for one rather than the other, and words about something else;
in wordings that neither training nor the held-out measurement has (notes.py). lambda_notes is the
weight of what they lift, lambda_notes · (log p with − log p without): of those under which idle
words change less than 3 % of the choices, and no more choices are harmful that no note has asked
for, the one under which most wishes are done, less those that change the choice to something else.
Without it, it is 0.

With --bars FILE, other cases than those that the weights were chosen on, the file gets bars as
well, beside the rules only: from which confidence on a choice of each kind is done without a
person. They are split-conformal (tools/decide_calibration.py) at --rates, over the choices as the
loop makes them: no person is on its menu. Each way in which the model's word counts is a view, and
the strictest view sets the bar: without notes where lambda is not 0, and each kind of note where
lambda_notes is not. Where both are 0 the rules alone choose; then there are none.
"""

import argparse
import hashlib
import json
import math
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import decide_calibration as conformal
import decide_scoring as scoring
from notes import Notes

LAMBDAS = [step / 20 for step in range(41)]  # 0 to 2.
LAMBDAS_NOTES = [step / 10 for step in range(41)]  # 0 to 4: a wish stands against a prior.
WEIGHT_MIN = 1e-6  # As `prior_min` of homeostat/decide/decide.hpp.
SURE_MIN = 0.6  # As `sure_of_note_min` and `lift_by_notes_max` of homeostat/decide/decide.cpp.
LIFT_MAX = 3.0
IDLE_CHANGES_MAX = 0.03
PERSON = "escalate"  # No kind of the model's.


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


def lifts_by(said, plain):
    """Of each kind, by how much notes lift it: `lift_by_notes` of homeostat/decide/decide.cpp.
    said, plain: what the model answers with and without them."""
    lifts = {kind: said[kind]["log_probability"] - plain[kind]["log_probability"] for kind in plain}
    lifted = max(lifts, key=lifts.get)
    is_sure = math.exp(said[lifted]["log_probability"]) >= SURE_MIN
    return {kind: max(0.0, min(LIFT_MAX, lift)) if is_sure and kind == lifted else 0.0
            for kind, lift in lifts.items()}


def heeded(remedies, told, lifts):
    """Of each candidate, what it weighs once notes are heard: `heed_notes` of
    homeostat/cases/model_ranker.cpp. told: what each weighed before."""
    scores = [None if one["remedy"] == PERSON else
              math.log(max(weight, WEIGHT_MIN)) + lifts[one["remedy"]]
              for one, weight in zip(remedies, told, strict=True)]
    best = max(score for score in scores if score is not None)
    heaviest = max(weight for weight, score in zip(told, scores, strict=True)
                   if score is not None)
    raised = [weight if score is None else heaviest * math.exp(score - best)
              for weight, score in zip(told, scores, strict=True)]
    return [one / sum(raised) for one in raised]


def wishes(case, rng, words):
    """[(note, the kind it asks for or None)] for a case that was judged without a note."""
    chosen = next(one["remedy"] for one in case["remedies"] if one["remedy"] != PERSON)
    others = [kind for kind in case["model"] if kind != chosen]
    first, second = rng.choice(others), rng.choice(others)
    return [(words.prefer(first), first), (words.over(second, chosen), second),
            (words.idle(), None)]


def measured_notes(noted, factor, factor_notes):
    """What comes of a weight of notes. noted: (case, what the model answers with the note, the kind
    that it asks for or None)."""
    idle, followed, misled, unasked = [], [], [], []
    for case, said, kind in noted:
        remedies = case["remedies"]
        before = weights(case, factor)
        lifts = {one: factor_notes * lift
                 for one, lift in lifts_by(said, case["model"]).items()}
        told = heeded(remedies, before, lifts)
        first, then = (remedies[max(range(len(those)), key=those.__getitem__)]
                       for those in (before, told))
        unasked.append((first["is_harmful"], then["is_harmful"] and then["remedy"] != kind))
        if kind is None:
            idle.append(then["remedy"] != first["remedy"])
        elif first["remedy"] not in (kind, PERSON):
            followed.append(then["remedy"] == kind)
            misled.append(then["remedy"] not in (kind, first["remedy"]))
    return {"lambda_notes": factor_notes, "wishes": len(followed),
            "followed": scoring.share(followed), "misled": scoring.share(misled),
            "idle_changes": scoring.share(idle),
            "was_harmful": scoring.share(one for one, _ in unasked),
            "harmful_unasked": scoring.share(one for _, one in unasked)}


def best_of_notes(rows):
    """Most wishes done, less those that mislead, of the weights that do no harm by themselves; of
    equal ones the smaller. The first row has the weight 0."""
    harmless = [row for row in rows if row["idle_changes"] < IDLE_CHANGES_MAX
                and row["harmful_unasked"] <= row["was_harmful"]]
    return max(harmless, key=lambda row: (round(row["followed"] - row["misled"], 6),
                                          -row["lambda_notes"]))


def choice_of(remedies, told):
    """What the loop would choose of the same menu without a person, as `decide_calibration` takes
    it: the surer, the less it counts as likely to harm."""
    own = [(weight, one) for weight, one in zip(told, remedies, strict=True)
           if one["remedy"] != PERSON]
    weight, chosen = max(own, key=lambda pair: pair[0])
    return {"kind": chosen["remedy"], "harm": -weight / sum(one for one, _ in own),
            "is_harmful": chosen["is_harmful"]}


def plain_view(cases, factor):
    return [choice_of(case["remedies"], weights(case, factor)) for case in cases]


def noted_view(noted, factor, factor_notes):
    """noted: as `measured_notes` takes it, of one kind of note."""
    view = []
    for case, said, _ in noted:
        lifts = {one: factor_notes * lift for one, lift in lifts_by(said, case["model"]).items()}
        view.append(choice_of(case["remedies"],
                              heeded(case["remedies"], weights(case, factor), lifts)))
    return view


def bars_of(views, of_cases, of_choices):
    """The bars as the program reads them. Of healthy cases no rate is kept: an agent asks its model
    about a symptom that is there."""
    found = conformal.bars_of(views, [], {"of_cases": of_cases, "of_choices": of_choices,
                                          "of_healthy": 0})
    return [{"remedy": bar["remedy"], "confidence_min": -bar["harm_max"], "n": bar["n"],
             "acts": bar["acts"], "harmful": bar["harmful"]} for bar in found]


def document_of(model, beside, factor, factor_notes=0, acts=None):
    """What the program reads; model: what it says of its own."""
    told = {"model": model["name"], "prompt_digest": model["prompt_digest"], "lambda": factor,
            "beside": beside}
    return (told | ({"lambda_notes": factor_notes} if factor_notes else {})
            | ({"acts": acts} if acts else {}))


def judged(options, path):
    """(cases of the file as the program tells them with their truth, what it says of its model)."""
    asked = [options.homeostat, "decide", "--cases", path, "--json", "--features",
             "--ranker", "both", "--beside", options.beside, "--model", options.model]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        sys.exit(f"homeostat decide: {ran.stderr[-2000:]}")
    with open(path, encoding="utf-8") as lines:
        cases = [scoring.with_truth(json.loads(told), json.loads(line))
                 for told, line in zip(ran.stdout.splitlines(), lines, strict=True)]
    scores = next(line for line in ran.stderr.splitlines() if line.startswith("{"))
    return cases, json.loads(scores)["model"]


def asked_with_notes(options, cases, path):
    """[(which of the wishes, what `measured_notes` takes)], of those cases in which the model was
    asked."""
    rng, words = random.Random(1), Notes(1, weighs=True)
    with open(path, encoding="utf-8") as lines:
        told = [(json.loads(line), case) for line, case in zip(lines, cases, strict=True)
                if "model" in case]
    wished = [(line, case, *wish, which) for line, case in told
              for which, wish in enumerate(wishes(case, rng, words))]
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as asked:
        asked.writelines(json.dumps(line | {"notes": [note]}) + "\n"
                         for line, _, note, *_ in wished)
        asked.flush()
        answers, _ = judged(options, asked.name)
    return [(which, (case, answer["model"], kind))
            for (_, case, _, kind, which), answer in zip(wished, answers, strict=True)
            if "model" in answer]


def weight_of_notes(options, cases, factor):
    noted = [one for _, one in asked_with_notes(options, cases, options.cases)]
    rows = [measured_notes(noted, factor, one) for one in LAMBDAS_NOTES]
    for row in rows[::4]:
        print("lambda_notes {lambda_notes:.2f}: done {followed:.3f}, otherwise {misled:.3f}, idle "
              "words change {idle_changes:.3f}, harmful unasked {harmful_unasked:.3f} (without "
              "notes {was_harmful:.3f})".format(**row), file=sys.stderr)
    best = best_of_notes(rows)
    print(f"of {len(noted)} notes: " + json.dumps(best), file=sys.stderr)
    return best["lambda_notes"]


def acts_of(options, factor, factor_notes):
    """The bars, measured on cases that chose no weight; None where the rules alone choose."""
    if not factor and not factor_notes:
        print("no bars: the model's word weighs nothing, and the rules alone choose",
              file=sys.stderr)
        return None
    cases, _ = judged(options, options.bars)
    asked = [case for case in cases if "model" in case]
    views = [plain_view(asked, factor)] if factor else []
    noted = asked_with_notes(options, cases, options.bars)
    for wish in sorted({which for which, _ in noted}):
        own = [one for which, one in noted if which == wish]
        if factor:  # No second answer, or no weight of notes: lambda is for the one with them.
            views.append(plain_view([case | {"model": said} for case, said, *_ in own], factor))
        if factor_notes:
            views.append(noted_view(own, factor, factor_notes))
    of_cases, of_choices = options.rates
    bars = bars_of(views, of_cases, of_choices)
    print(f"of {len(asked)} cases in {len(views)} views: " + json.dumps(bars), file=sys.stderr)
    return {"of_cases": of_cases, "of_choices": of_choices, "cases": len(asked),
            "cases_sha256": hashlib.sha256(options.bars.read_bytes()).hexdigest(), "bars": bars}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, required=True, help="of `homeostat simulate --cases`")
    parser.add_argument("--beside", choices=("tree", "rules"), default="tree")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--homeostat", type=Path, default=ROOT / "build/release/bin/homeostat")
    parser.add_argument("--model", type=Path, default=ROOT / "build/model/model.gguf")
    parser.add_argument("--notes", action="store_true",
                        help="measure what an operator's notes change as well")
    parser.add_argument("--bars", type=Path,
                        help="other cases, to measure what may be done without a person")
    parser.add_argument("--rates", type=float, nargs=2, default=(0.01, 0.1),
                        metavar=("OF_CASES", "OF_CHOICES"),
                        help="harm, of all cases and of those in which one kind is chosen")
    options = parser.parse_args()
    if options.bars and options.beside != "rules":
        parser.error("--bars is for an agent, which has the rules: --beside rules")
    if options.bars and (set(options.bars.read_bytes().splitlines())
                         & set(options.cases.read_bytes().splitlines())):
        parser.error("--bars: on cases that choose the weights nothing can be promised")
    options.model = options.model.resolve()  # A ranking has the file's own name, not the link's.
    cases, model = judged(options, options.cases)
    telling = [case for case in cases if is_telling(case)]
    if not telling:
        sys.exit("no case has something acceptable on its menu; make more")
    rows = [measured(telling, factor) for factor in LAMBDAS]
    for row in rows[::4]:
        print("lambda {lambda:.2f}: loss {loss:.4f}, right {right:.3f}, harmful {harmful:.3f}, "
              "calibration error {ece:.3f}".format(**row), file=sys.stderr)
    best = best_of(rows)
    print(f"of {len(telling)} cases: " + json.dumps(best), file=sys.stderr)
    of_notes = weight_of_notes(options, cases, best["lambda"]) if options.notes else 0
    acts = acts_of(options, best["lambda"], of_notes) if options.bars else None
    told = document_of(model, options.beside, best["lambda"], of_notes, acts)
    options.out.write_text(json.dumps(told, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
