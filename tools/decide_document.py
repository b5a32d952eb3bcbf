"""The document build/bench/decide.json, from what tools/decide_figures.py was told."""

import json

import decide_scoring as scoring

DEFAULT = "tree"  # The ranker that `homeostat decide` uses.
WITH_MODEL = ("both", "model", "json_grammar")  # None without --model.
PARTS = ("tree", "model")  # What `both` is made of.
# What whoever reads FIGURES may rely on. What was not measured is there, and null.
CONTRACT = {
    "n": None, "pivotal": ("n", "both", "rules"), "menu_recall": None, "acted_share": None,
    "macro": ("both", "model", "rules", "tree", "logistic", "nearest", "always_rollback",
              "restart_only", "always_escalate", "always_observe", "random", "json_grammar"),
    "harmful": None, "harmful_upper": None, "needless": None, "healthy_n": None,
    "rollback_wrong_slice": None, "ece": None, "brier": None, "latency_ms": ("p50", "p99"),
    "json_grammar_ms_p50": None, "cpu_ms": None,
    "second_world": ("n", "both", "rules", "tree")}
SURE = ("tree", "both")  # Whose weights of what they choose are confidences to be held to account.


def objection_to(calibration, model):
    """Why a calibration is of no use here, or None: `both` stands beside the tree."""
    if not model:
        return "--calibration says what a model's word is worth: give --model, too"
    beside = json.loads(calibration.read_text()).get("beside")
    if beside != "tree":
        return (f"{calibration} was measured beside {beside or 'nobody knows whom'}: measure one "
                "with models/train/calibrate.py --beside tree")
    return None


def missing_in(figures):
    """The keys of the contract that a document lacks, each by its path."""
    return [key if not inner else f"{key}.{inner}"
            for key, own in CONTRACT.items() for inner in own or ("",)
            if key not in figures or (inner and inner not in figures[key])]


def latency_of(took_ms):
    return {"p50": scoring.nearest_rank(took_ms, 0.5), "p99": scoring.nearest_rank(took_ms, 0.99)}


def is_same(one, other):
    return all(one.get(key) == other.get(key)
               for key in ("remedy", "service", "replica", "artifact", "to"))


def gain_of(pairs):
    """pairs: (both is right, the rules are)."""
    return sum(both - rules for both, rules in pairs) / len(pairs)


def pivotal_of(heard):
    """How often each is right where the model alone chooses otherwise than the rules.

    heard: of each case in which the model has answered, what was chosen by ranker. The target of
    the model's choice is the tree's, so that some differ in nothing else: `other_kind_n` do not."""
    differing = [by for by in heard if not is_same(by["model"], by["rules"])]
    right = {name: [by[name]["is_acceptable"] for by in differing]
             for name in ("both", "rules", "tree", "model")}
    pairs = list(zip(right["both"], right["rules"], strict=True))
    return {"n": len(differing) if heard else None,
            **{name: scoring.share(those) for name, those in right.items()},
            "other_kind_n": sum(by["model"]["remedy"] != by["rules"]["remedy"] for by in differing)
            if heard else None,
            "gain": gain_of(pairs) if pairs else None,
            "gain_interval": scoring.interval(pairs, gain_of)}


def below_better_part(tallies):
    """(family, by how much) where `both` is furthest below the better of what it is made of."""
    if any(name not in tallies for name in ("both", *PARTS)):
        return None

    def share_in(family, name):
        one = tallies[name].families[family]
        return one["acceptable"] / one["n"]
    return max(([family, max(share_in(family, part) for part in PARTS) - share_in(family, "both")]
                for family in tallies["both"].families), key=lambda pair: pair[1], default=None)


def confidence_of(tally):
    return {"ece": scoring.ece(tally.confidences), "brier": scoring.brier(tally.confidences),
            "risk_coverage": scoring.risk_coverage(tally.confidences)}


def figures_of(tallies, took_ms, menus, heard=(), grammar_ms=(), second_world=None,
               service_days=0.0):
    """tallies, took_ms: by ranker; menus: the remedies of each case; heard: see pivotal_of;
    service_days: of all healthy cases. What needs a model that is not given is None."""
    told = {name: tally.figures() for name, tally in tallies.items()}
    default, tally = told[DEFAULT], tallies[DEFAULT]
    nobody = {name: None for name in WITH_MODEL if name not in tallies}
    confidence = {name: confidence_of(tallies[name]) for name in SURE if name in tallies}
    return {
        "n": len(tally.outcomes), "default": DEFAULT,
        "macro": {name: one["macro"] for name, one in told.items()} | nobody,
        "macro_interval": {name: one["macro_interval"] for name, one in told.items()} | nobody,
        "pivotal": pivotal_of(heard), "below_better_part": below_better_part(tallies),
        "menu_recall": scoring.share(any(one["is_acceptable"] for one in menu) for menu in menus),
        "menu_size_mean": sum(map(len, menus)) / len(menus) if menus else None,
        "acted_share": default["acted_share"], "acted_n": default["acted_n"],
        "harmful": default["harmful"],
        "harmful_upper": (default["harmful_interval"] or [None, None])[1],
        "needless": default["needless"], "healthy_n": len(tally.healthy),
        "healthy_service_days": service_days,
        "rollback_wrong_slice": default["rollback_wrong_slice"],
        "rollback_wrong_n": default["rollback_wrong_n"],
        "ece": confidence[DEFAULT]["ece"], "brier": confidence[DEFAULT]["brier"],
        "confidence": confidence,
        "latency_ms": latency_of(took_ms[DEFAULT]),
        "latency_by_ranker_ms": {name: latency_of(those) for name, those in took_ms.items()},
        "json_grammar_ms_p50": scoring.nearest_rank(grammar_ms, 0.5),
        "cpu_ms": sum(took_ms[DEFAULT]) / len(took_ms[DEFAULT]) if took_ms[DEFAULT] else None,
        "second_world": second_world or dict.fromkeys(("n", "both", "rules", "tree")),
        "rankers": told, "families": dict(sorted(tally.families.items())),
    }
