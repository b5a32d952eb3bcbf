"""What the answers to cases are worth: arithmetic over plain values, without files or programs.

A case, here, is what `homeostat decide --json --features` tells of it, with what the case's own
truth says: `family`, `remedies` (each `is_acceptable`, `is_harmful`), `is_change_recent`,
`is_rollback_acceptable`. An answer is one of its remedies.
"""

import math
import random
from collections import defaultdict

IDLE = ("observe", "escalate")  # Whoever chooses one of them changes nothing in the world.
Z_95 = 1.959963984540054
DAY_S = 86_400
COVERAGES = (0.25, 0.5, 0.75, 1.0)


def is_named(one, answers):
    """Whether a candidate is among the remedies that a truth names. A truth without replicas
    means any; without `to`, any."""
    return any(answer["remedy"] == one["remedy"]
               and answer.get("service", "") == one.get("service", "")
               and answer.get("artifact", "") == one.get("artifact", "")
               and (not answer.get("replicas") or one.get("replica") in answer["replicas"])
               and ("to" not in answer or str(answer["to"]) == one.get("to"))
               for answer in answers)


def saves_of(futures):
    """Of each kind that was tried: what it saves users, as a share of what the best remedy saves
    them; nothing where nothing can be saved. Below 0: it costs more than doing nothing."""
    costs = {}
    for future in futures:
        cost = sum(future["costs"]) / len(future["costs"]) + future["price"]
        costs[future["remedy"]] = min(cost, costs.get(future["remedy"], cost))
    room = costs["observe"] - min(costs.values()) if costs else 0
    return {kind: round((costs["observe"] - cost) / room, 3) if room > 1 else 0.0
            for kind, cost in costs.items()}


def with_truth(case, truth):
    """`case` as told by the program, with what `truth`, its line in the file of cases, says."""
    for one in (*case["remedies"], *filter(None, [case.get("chosen")])):
        one["is_acceptable"] = is_named(one, truth["acceptable"])
        one["is_harmful"] = is_named(one, truth["harmful"])
    case["families"] = truth["family"].split("+")
    case["family"] = "two_at_once" if "+" in truth["family"] else truth["family"]
    # A case begins at 0 s; what is older is history.
    case["is_change_recent"] = any(change[0] >= 0 and change[2] in ("deploy", "config")
                                   for change in truth.get("changes", []))
    # How long so many services were watched: a case begins at 0 s, too.
    case["service_days"] = len(truth.get("services", ())) * truth.get("at", 0) / DAY_S
    case["saves"] = saves_of(truth.get("futures", []))
    case["is_rollback_acceptable"] = any(answer["remedy"] == "rollback"
                                         for answer in truth["acceptable"])
    return case


def chosen_of(case):
    """What the program chose: not always what it put first, which may have been held back."""
    return case.get("chosen", case["remedies"][0])


def acts(answer):
    return answer["remedy"] not in IDLE


def is_curable(case):
    """Something that is acceptable and changes the world is on the menu."""
    return any(one["is_acceptable"] and acts(one) for one in case["remedies"])


def is_rollback_wrong(case):
    """The bait of a recent change: nobody who rolls back is right."""
    return case["is_change_recent"] and not case["is_rollback_acceptable"]


def macro(outcomes):
    """Mean of the families' shares; None of nothing. outcomes: (family, is right)."""
    families = defaultdict(list)
    for family, is_right in outcomes:
        families[family].append(is_right)
    shares = [sum(those) / len(those) for those in families.values()]
    return sum(shares) / len(shares) if shares else None


def interval(outcomes, measure, rounds=1000):
    """The middle 95 % of what `measure` says of bootstraps over the cases; the same each time."""
    if not outcomes:
        return None
    rng = random.Random(1)
    values = sorted(measure(rng.choices(outcomes, k=len(outcomes))) for _ in range(rounds))
    return [values[int(rounds * 0.025)], values[int(rounds * 0.975)]]


def share(outcomes):
    outcomes = list(outcomes)
    return sum(map(bool, outcomes)) / len(outcomes) if outcomes else None


def wilson(hits, n):
    """Both ends of Wilson's 95 % interval of a share."""
    if n == 0:
        return None
    p, z2 = hits / n, Z_95 * Z_95
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    # At the ends it is exact; rounding would leave a hair.
    return [0.0 if hits == 0 else middle - half, 1.0 if hits == n else middle + half]


def ece(answers, bins=10):
    """Expected calibration error over bins of equal width. answers: (confidence, is right)."""
    if not answers:
        return None
    filled = defaultdict(list)
    for confidence, is_right in answers:
        filled[min(int(confidence * bins), bins - 1)].append((confidence, is_right))
    return sum(abs(sum(confidence - is_right for confidence, is_right in those))
               for those in filled.values()) / len(answers)


def brier(answers):
    """Mean squared distance of confidence and outcome. answers: (confidence, is right)."""
    if not answers:
        return None
    return sum((confidence - is_right) ** 2 for confidence, is_right in answers) / len(answers)


def risk_coverage(answers):
    """[[share of the answers, error among so many of the most confident]]. Of equally confident
    ones those that came first count first. answers: (confidence, is right)."""
    if not answers:
        return None
    ordered = sorted(answers, key=lambda answer: -answer[0])
    counts = [math.ceil(coverage * len(ordered)) for coverage in COVERAGES]
    return [[coverage, 1 - share(is_right for _, is_right in ordered[:count])]
            for coverage, count in zip(COVERAGES, counts, strict=True)]


def nearest_rank(values, at):
    """The smallest value that at least a share `at` of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(at * len(ordered)) - 1)] if ordered else None


class Tally:
    """What one ranker answered, case by case."""

    def __init__(self):
        self.outcomes = []  # (family, is right)
        self.harms = []
        self.acted = []  # Of the curable.
        self.baited = []  # Is right, where a recent change misleads.
        self.healthy = []  # Acted, where nothing is wrong.
        self.confidences = []  # (confidence, else weight, of the chosen; is right), if it has one.
        self.families = defaultdict(lambda: {"n": 0, "acceptable": 0, "harmful": 0, "on_menu": 0,
                                             "curable": 0, "acted": 0})

    def add(self, case, answer):
        is_right = bool(answer.get("is_acceptable"))
        is_harmful = bool(answer.get("is_harmful"))
        self.outcomes.append((case["family"], is_right))
        self.harms.append(is_harmful)
        family = self.families[case["family"]]
        family["n"] += 1
        family["acceptable"] += is_right
        family["harmful"] += is_harmful
        family["on_menu"] += any(one["is_acceptable"] for one in case["remedies"])
        if is_curable(case):
            self.acted.append(acts(answer))
            family["curable"] += 1
            family["acted"] += acts(answer)
        if is_rollback_wrong(case):
            self.baited.append(is_right)
        if "weight" in answer:
            self.confidences.append((answer.get("confidence", answer["weight"]), is_right))

    def add_healthy(self, answer):
        self.healthy.append(acts(answer))

    def figures(self):
        return {"macro": macro(self.outcomes), "macro_interval": interval(self.outcomes, macro),
                "harmful": share(self.harms),
                "harmful_interval": wilson(sum(self.harms), len(self.harms)),
                "acted_share": share(self.acted), "acted_n": len(self.acted),
                "needless": sum(self.healthy) if self.healthy else None,
                "needless_interval": wilson(sum(self.healthy), len(self.healthy)),
                "rollback_wrong_slice": share(self.baited), "rollback_wrong_n": len(self.baited)}
