"""How far the tree of `homeostat decide` may be followed: arithmetic over plain values.

A *view* is a list of choices on cases for calibration. A choice is what a ranker put first:
`{"kind", "weight", "harm", "is_harmful", "is_acceptable", "escalate_weight",
"is_escalate_acceptable"}`, where `harm` is the harm tree's score of it.

The bars are split-conformal (conformal risk control: Angelopoulos, Bates, Fisch, Lei, Schuster,
2022). Who acts up to a bar loses what ends in harm up to it, which only grows with the bar. Let the
bar be the highest under which (lost + 1) / (n + 1) is at most a rate: on a further case drawn as
the n were, what is lost is at most that rate, on average over both. No more is promised: cases that
are drawn otherwise may do worse, and a rate below 1 / (n + 1) permits nothing.
"""

import math

IDLE = ("observe", "escalate")
WEIGHT_EDGE = 1e-6  # As `weight_edge` of homeostat/cases/caution.cpp.
RIDGE = 0.1  # So that a class with hardly a case in it stays near even odds.


def acts(choice):
    return choice["kind"] not in IDLE


def lost_max(n, rate):
    """How many of n may be lost; below 0: the rate permits nothing."""
    return math.floor(rate * (n + 1) + 1e-9) - 1


def bar_of(choices, n, rate, is_lost):
    """The highest score up to which not too many of n are lost; None: the rate permits nothing.
    Where hardly any are lost it is the highest that was seen: above it nothing was measured."""
    may = lost_max(n, rate)
    if may < 0:
        return None
    lost = sorted(one["harm"] for one in choices if is_lost(one))
    if len(lost) > may:
        return math.nextafter(lost[may], -math.inf)
    return max((one["harm"] for one in choices), default=math.inf)


def shared_bar(views, healthy_views, rates):
    """The bar that keeps the rates of all cases and of the healthy ones, in each view."""
    bars = [bar_of(list(filter(acts, view)), len(view), rate, is_lost)
            for those, rate, is_lost in (
                (views, rates["of_cases"], lambda one: one["is_harmful"]),
                (healthy_views, rates["of_healthy"], lambda _: True))
            for view in those]
    return None if None in bars else min(bars)


def bars_of(views, healthy_views, rates):
    """A bar for each kind that may be done. Each is at most the one that keeps the rate of all
    cases: to act less never loses more."""
    shared = shared_bar(views, healthy_views, rates)
    bars = []
    for kind in sorted({one["kind"] for view in views for one in view if acts(one)}):
        own = [[one for one in view if one["kind"] == kind] for view in views]
        found = [bar_of(those, len(those), rates["of_choices"], lambda one: one["is_harmful"])
                 for those in own]
        if shared is None or None in found:
            continue
        harm_max = min(shared, *found)
        below = [[one for one in those if one["harm"] <= harm_max] for those in own]
        if all(below):
            bars.append({"remedy": kind, "harm_max": harm_max, "n": sum(map(len, own)),
                         "acts": sum(map(len, below)),
                         "harmful": sum(one["is_harmful"] for those in below for one in those)})
    return bars


def decided(choice, bars):
    """(class, weight, is acceptable) of what is chosen in the end, as homeostat/cases/caution.cpp
    decides it."""
    if not acts(choice):
        return choice["kind"], choice["weight"], choice["is_acceptable"]
    harm_max = {bar["remedy"]: bar["harm_max"] for bar in bars}
    if choice["harm"] <= harm_max.get(choice["kind"], -math.inf):
        return "act", choice["weight"], choice["is_acceptable"]
    return "instead", choice["escalate_weight"], choice["is_escalate_acceptable"]


def log_odds(weight):
    weight = min(max(weight, WEIGHT_EDGE), 1 - WEIGHT_EDGE)
    return math.log(weight / (1 - weight))


CLASSES = ("act", "observe", "escalate", "instead")


def confidence_of(sureness, of_class, weight):
    own = sureness[of_class] + sureness["slope"] * log_odds(weight)
    return 1 / (1 + math.exp(-own))


def solved(matrix, wanted):
    """Gauss, with pivots. The matrices are of five rows and positive definite."""
    rows = [[*row, value] for row, value in zip(matrix, wanted, strict=True)]
    for at in range(len(rows)):
        best = max(range(at, len(rows)), key=lambda one: abs(rows[one][at]))
        rows[at], rows[best] = rows[best], rows[at]
        for other in range(len(rows)):
            if other != at:
                factor = rows[other][at] / rows[at][at]
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[at], strict=True)]
    return [row[-1] / row[at] for at, row in enumerate(rows)]


def sureness_of(answers):
    """What makes confidences say how often they are right: one slope over the log odds of a weight
    (a temperature), and for each class of choice its own start (a prior). A slope below 0 would
    mean that the weights say nothing, and becomes 0. answers: as `decided` gives them."""
    inputs = [[log_odds(weight), *(float(of_class == one) for one in CLASSES)]
              for of_class, weight, _ in answers]
    told = [0.0] * (1 + len(CLASSES))
    for _ in range(50):
        gradient = [RIDGE * value for value in told]
        curve = [[RIDGE * (one == other) for other in range(len(told))]
                 for one in range(len(told))]
        for row, (_, _, is_right) in zip(inputs, answers, strict=True):
            p = 1 / (1 + math.exp(-sum(a * b for a, b in zip(told, row, strict=True))))
            for one, a in enumerate(row):
                gradient[one] += (p - is_right) * a
                for other, b in enumerate(row):
                    curve[one][other] += p * (1 - p) * a * b
        step = solved(curve, gradient)
        told = [value - change for value, change in zip(told, step, strict=True)]
        told[0] = max(0.0, told[0])
        if max(map(abs, step)) < 1e-9:
            break
    return {name: round(value, 4) for name, value in zip(("slope", *CLASSES), told, strict=True)}


def document_of(views, healthy_views, rates):
    """What is measured, as homeostat/cases/caution.hpp reads it. The last view is the one of
    families that no tree has learnt, and says how sure to be: whoever is right there is not
    overrated."""
    bars = bars_of(views, healthy_views, rates)
    return {"error_rates": rates,
            "sureness": sureness_of([decided(one, bars) for one in views[-1]]), "bars": bars}
