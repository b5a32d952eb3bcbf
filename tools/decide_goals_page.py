"""The goals in docs/figures/decide.md: what was set out for, and how far it is."""

from decide_figures_text import number, percent, points, with_interval

NOT_MEASURED = "not measured"
NOT_OF_IT = "–"
HEALTHY_MIN = 3000  # With fewer, none that acts needlessly says little.
GOALS = """
## Goals

What we set out for, and where it stands.

| goal | the boosted tree | tree and model |
|---|---|---|
"""


def told(text, is_reached):
    return f"{text}: {'reached' if is_reached else '**not reached**'}"


def right(figures, name):
    value = figures["macro"].get(name)
    if value is None:
        return NOT_MEASURED
    return told(with_interval(value, figures["macro_interval"][name]), value >= 0.90)


def pivotal(figures, name):
    gain = figures["pivotal"]["gain"]
    if name != "both":
        return NOT_OF_IT
    if gain is None:
        return NOT_MEASURED
    low, high = figures["pivotal"]["gain_interval"]
    return told(f"{points(gain)} ({100 * low:+.1f} to {100 * high:+.1f})", gain >= 0.10 and low > 0)


def above_tree(figures, name):
    if name != "both":
        return NOT_OF_IT
    if figures["macro"]["both"] is None:
        return NOT_MEASURED
    gap = figures["macro"]["both"] - figures["macro"]["tree"]
    return told(points(gap), gap > 0)


def better_part(figures, name):
    worst = figures["below_better_part"]
    if name != "both":
        return NOT_OF_IT
    if worst is None:
        return NOT_MEASURED
    family, gap = worst
    if gap <= 0:
        return told("nowhere", True)
    return told(f"{points(-gap)} in {family}", gap <= 0.01)


def acts(figures, name):
    value = figures["rankers"].get(name, {}).get("acted_share")
    return NOT_MEASURED if value is None else told(percent(value), value >= 0.70)


def harmful(figures, name):
    one = figures["rankers"].get(name, {})
    if one.get("harmful") is None:
        return NOT_MEASURED
    return told(with_interval(one["harmful"], one["harmful_interval"]),
                one["harmful"] <= 0.005 and one["harmful_interval"][1] <= 0.01)


def needless(figures, name):
    count = figures["rankers"].get(name, {}).get("needless")
    if count is None:
        return NOT_MEASURED
    text = f"{count:,} in {figures['healthy_n']:,}"
    if count == 0 and figures["healthy_n"] < HEALTHY_MIN:
        return f"{text}: too few cases to tell"
    return told(text, count == 0)


def calibrated(figures, name):
    value = figures["confidence"].get(name, {}).get("ece")
    return NOT_MEASURED if value is None else told(number(value, ".3f"), value <= 0.05)


def quick(figures, name):
    took = figures["latency_by_ranker_ms"].get(name)
    if took is None:
        return NOT_MEASURED
    return told(f"{number(took['p50'])} ms, {number(took['p99'])} ms",
                took["p50"] < 60 and took["p99"] < 100)


ROWS = (("right in 90 %, mean of the families", right),
        ("*pivotal* cases: right 10 points more often than the rules, interval without 0", pivotal),
        ("above the tree; else the tree stays what ranks by default, as it is", above_tree),
        ("in no family more than 1 point below the better of tree and model", better_part),
        ("acts in 70 % of the curable cases", acts),
        ("harmful in at most 0.5 %, upper end at most 1 %", harmful),
        (f"nothing needless in {HEALTHY_MIN:,} healthy cases", needless),
        ("expected calibration error of at most 0.05", calibrated),
        ("a decision in less than 60 ms at p50, 100 ms at p99", quick))


def goals(figures):
    return GOALS + "".join(f"| {goal} | {how(figures, 'tree')} | {how(figures, 'both')} |\n"
                           for goal, how in ROWS)
