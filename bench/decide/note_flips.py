"""What an operator's note changes in the choice of `homeostat decide --ranker both`.

Each case is judged once as it is, and again with one note in front: a wish for another kind of its
menu that helps, for one that does neither help nor harm, for one that harms, for one rather than
the one that was chosen, to avoid that one, and words about something else. Wordings and names of
the remedies are those that no training sees (models/train/notes.py).
"""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "models/train")]
import decide_scoring as scoring
import notes

HELPS_FROM = 0.5  # The share of what the best remedy saves users, from which a remedy helps.
PERSON = "escalate"  # A person is called by rules, and is no kind of the model's.
WISHES = ("helps", "does_not_help", "rather_than", "avoid", "harms", "about_something_else")


def wishes(case, rng, words):
    """{wish: (note, the kind it asks for, the kind it warns of)} for a case that was judged without
    a note; None where it does not ask or warn."""
    chosen = scoring.chosen_of(case)["remedy"]
    kinds = list(dict.fromkeys(one["remedy"] for one in case["remedies"]))
    others = [kind for kind in kinds if kind not in (chosen, PERSON)]
    saves = {kind: case["saves"].get(kind, 0) for kind in others}
    made = {"about_something_else": (words.idle(), None, None)}
    for wish, those in (
            ("helps", [kind for kind in others if saves[kind] >= HELPS_FROM]),
            ("does_not_help",
             [kind for kind in others if notes.HARMS_FROM <= saves[kind] < HELPS_FROM]),
            ("harms", [kind for kind in others if saves[kind] < notes.HARMS_FROM])):
        if those:
            kind = rng.choice(those)
            made[wish] = (words.prefer(kind), kind, None)
    if chosen != PERSON and others:
        made["avoid"] = (words.avoid(chosen), None, chosen)
        harmless = [kind for kind in others if saves[kind] >= notes.HARMS_FROM]
        if harmless:
            kind = rng.choice(harmless)
            made["rather_than"] = (words.over(kind, chosen), kind, chosen)
    return made


def judged(homeostat, lines, more):
    """What the program says of these cases, with their truth."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as asked:
        asked.writelines(json.dumps(line) + "\n" for line in lines)
        asked.flush()
        ran = subprocess.run([homeostat, "decide", "--cases", asked.name, "--json", "--features",
                              "--ranker", "both", *more],
                             capture_output=True, text=True, check=False)
    told = ran.stdout.splitlines()
    if ran.returncode != 0 or len(told) != len(lines):
        sys.exit(f"homeostat decide: {ran.stderr[-2000:]}")
    return [scoring.with_truth(json.loads(one), line) for one, line in zip(told, lines,
                                                                           strict=True)]


def outcome(before, after, kind, avoided=None):
    """One case with a note, as what is counted. kind: what the note asks for, or None; avoided:
    what it warns of, which is what it asks for where there is no kind."""
    first, then = scoring.chosen_of(before), scoring.chosen_of(after)
    is_followed = then["remedy"] == kind if kind or not avoided else then["remedy"] != avoided
    return {"is_followed": is_followed,
            "is_changed": then["remedy"] != first["remedy"],
            "was_person": first["remedy"] == PERSON,
            "was_harmful": first["is_harmful"], "is_harmful": then["is_harmful"],
            "is_harmful_unasked": then["is_harmful"] and then["remedy"] != kind,
            "was_acceptable": first["is_acceptable"], "is_acceptable": then["is_acceptable"]}


def counted(outcomes):
    """Shares of them, and Wilson's intervals of those that did what the note asks for and of those
    that changed."""
    followed = sum(one["is_followed"] for one in outcomes)
    changed = sum(one["is_changed"] for one in outcomes)
    return {"n": len(outcomes), "followed_interval": scoring.wilson(followed, len(outcomes)),
            "changed_interval": scoring.wilson(changed, len(outcomes)),
            **{name: scoring.share(one[name] for one in outcomes)
               for name in ("is_followed", "is_changed", "was_person", "was_harmful", "is_harmful",
                            "is_harmful_unasked", "was_acceptable", "is_acceptable")}}


def middle_ms(cases):
    """The median of what the model took for a case; None of nothing."""
    took = sorted(case["ms"]["model"] for case in cases if "model" in case)
    return took[len(took) // 2] if took else None


def figures(homeostat, lines, more):
    """{wish: its counts}, and under `model_ms` what a case took without a note and with one;
    lines: held-out cases; more: how the program is asked."""
    rng, words = random.Random(1), notes.Notes(1, held_out=True)
    before = judged(homeostat, lines, more)
    asked = [wishes(case, rng, words) for case in before]
    told = {"model_ms": {"without": middle_ms(before)}}
    for wish in WISHES:
        own = [(line, case, made[wish]) for line, case, made in zip(lines, before, asked,
                                                                    strict=True) if wish in made]
        after = judged(homeostat, [line | {"notes": [note]} for line, _, (note, *_) in own], more)
        told[wish] = counted([outcome(case, then, kind, avoided)
                              for (_, case, (_, kind, avoided)), then in zip(own, after,
                                                                             strict=True)])
        told["model_ms"][wish] = middle_ms(after)
    return told
