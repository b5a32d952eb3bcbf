"""Writes the page of figures from what tools/demo_figures.py has measured.

Only arithmetic and words: what was not measured is said to be missing, and a goal that is not
reached is said to be missed.
"""

import json
import os
import platform
from collections import defaultdict
from pathlib import Path

from figure_runs import lines_of, program_told, read_json
from summaries import paired_ratio, quantile, rate_bound, spread_of

OURS = "homeostat"
TUNED = "kubernetes-tuned"
TUNED_SLACK_S = 1.0
AGENT_MIB_MAX = 20
AGENT_CORE_SHARE_MAX = 0.02
P99_RATIO_MAX = 1.02
PAIRS_MIN = 20  # Fewer make no interval by bootstrap.
SIMULATED_HOURS = 1_008  # In the name of the case that is run.


def number(value):
    """Three significant digits, and no more than a whole number has."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def shown(numbers):
    """`1.7 (1.5–2.1)`: the median with the least and the most."""
    if not numbers:
        return "–"
    spread = spread_of(numbers)
    if spread.least == spread.most:
        return number(spread.median)
    return f"{number(spread.median)} ({number(spread.least)}–{number(spread.most)})"


def table(head, rows):
    return [f"| {' | '.join(head)} |", "|" + "---|" * len(head),
            *(f"| {' | '.join(str(cell) for cell in row)} |" for row in rows), ""]


# --- what was measured -------------------------------------------------------------------
class Outcomes:
    """Of one scenario under one policy, over the seeds."""

    def __init__(self):
        self.runs = []
        self.window_s = None

    def add(self, row):
        self.runs.append(row)
        if "window_ms" in row:
            self.window_s = row["window_ms"] / 1000

    @property
    def healed(self):
        return [row for row in self.runs if row["healed"]]

    @property
    def heal_s(self):
        """Of those that healed; a fault that no user saw was healed in no time."""
        return [(row["heal_ms"] or 0) / 1000 for row in self.healed]

    @property
    def heals_mostly(self):
        return 2 * len(self.healed) > len(self.runs)

    def seen_heal(self):
        seen = [row["heal_ms"] / 1000 for row in self.healed if row["heal_ms"] is not None]
        return shown(seen) if seen else ("nobody saw it" if self.healed else "–")

    def healed_text(self):
        text = f"{len(self.healed)} of {len(self.runs)}"
        is_all = len(self.healed) == len(self.runs)
        return text if is_all or not self.window_s else f"{text} within {self.window_s:.0f} s"


def outcomes_of(units):
    """Scenario → policy → outcomes, ours first and the policies in the demo's order."""
    found = defaultdict(lambda: defaultdict(Outcomes))
    for unit in units:
        document = unit["document"]
        found[unit["scenario"]][OURS].add(document["scenarios"][0])
        for row in document["baseline"]:
            found[unit["scenario"]][row["policy"]].add(row)
    return found


def median(numbers):
    return quantile(numbers, 0.5)


def lateness(policies):
    """How much later than the tuned restarts we heal, in s; None where those do not heal."""
    ours, tuned = policies[OURS], policies.get(TUNED)
    if tuned is None or not tuned.heals_mostly:
        return None
    return median(ours.heal_s) - median(tuned.heal_s) if ours.heals_mostly else float("inf")


def faster_ones(outcomes):
    """A line for each scenario in which others served users well no later than we did."""
    for scenario, policies in sorted(outcomes.items()):
        ours = policies[OURS]
        times = {name: median(one.heal_s) for name, one in policies.items()
                 if name != OURS and one.heals_mostly}
        if ours.heals_mostly:
            our_s = median(ours.heal_s)
            times = {name: s for name, s in times.items() if s <= our_s}
            text = f"{number(our_s)} s" if our_s else "nobody saw the fault"
        else:
            text = "mostly not healed"
        if times:
            others = ", ".join(f"{name} {number(s)} s" if s else name
                               for name, s in times.items())
            yield f"- `{scenario}`: Homeostat {text}; as fast or faster: {others}."


# --- sections ----------------------------------------------------------------------------
def outcomes_section(outcomes):
    lines = ["## Broken and healed", "",
             "Seconds from the first answer a user would call bad to the start of the first two "
             "seconds with at least 99 % good ones; under the other policies it has to last for "
             "six. Median (least–most). *Healed* of Homeostat: the run went as its scenario "
             "wants, proof and ledger included.", ""]
    if not outcomes:
        return [*lines, "Not measured.", ""]
    rows = []
    for scenario, policies in sorted(outcomes.items()):
        for name, one in policies.items():
            rows.append([f"`{scenario}`", name, one.healed_text(), one.seen_heal(),
                         shown([row["failed_requests"] for row in one.runs]),
                         "–" if name == OURS else shown([row["restarts"] for row in one.runs]),
                         "–" if name == OURS
                         else f"{min(row['instances_running'] for row in one.runs)} of 3"])
    lines += table(["scenario", "policy", "healed", "s", "failed requests", "restarts",
                    "least running at the end"], rows)
    faster = list(faster_ones(outcomes))
    return [*lines, "Where another is as fast or faster, by the medians:", "",
            *(faster or ["- nowhere"]), ""]


def times_section(outcomes):
    rows = []
    for scenario, policies in sorted(outcomes.items()):
        runs = policies[OURS].runs
        cells = [shown([row[key] for row in runs if row[key] is not None])
                 for key in ("detect_ms", "decide_ms", "act_ms")]
        remedies = sorted({", ".join(row["remedies"]) or "nothing" for row in runs})
        rows.append([f"`{scenario}`", len(runs), " / ".join(remedies), *cells])
    if not rows:
        return []
    return ["## What Homeostat did, and when", "",
            "ms: *notice* from the first bad answer, *decide* with the model where it is asked, "
            "*act* from the first intent to the last outcome. Median (least–most).", "",
            *table(["scenario", "n", "did", "notice", "decide", "act"], rows)]


def decisions_section(units, model):
    rows = []
    taken = [row["decide_ms"] for unit in units for row in unit["document"]["scenarios"]
             if row["decide_ms"] is not None]
    if taken:
        oracles = ", ".join(sorted({unit["oracle"] for unit in units}))
        rows.append([f"decisions of the demo (oracle: {oracles})", len(taken),
                     number(quantile(taken, 0.5)), number(quantile(taken, 0.99))])
    latency = (model or {}).get("latency") or {}
    for key, says in (("rules", "rules alone"), ("cold", "model, evidence read anew"),
                      ("again", "model, asked at once again")):
        if latency.get(key):
            rows.append([f"`bench decide`: {says}", latency[key]["count"],
                         number(latency[key]["p50_ms"]), number(latency[key]["p99_ms"])])
    lines = ["## How long a decision takes", ""]
    if not rows:
        return [*lines, "Not measured.", ""]
    return lines + table(["what", "n", "p50, ms", "p99, ms"], rows)


def share_of_core(units):
    return [unit["processor_seconds"] / unit["seconds"] for unit in units]


def costs_of(runs, units):
    """(What, costs): over the demo's runs, under load with nothing wrong, with no load."""
    loaded = [unit["agent"] for unit in lines_of(runs / "healthy.jsonl")]
    loaded += [unit["with"]["agent"] for unit in lines_of(runs / "blocks.jsonl")]
    return [("nobody asks anything", [unit["agent"] for unit in lines_of(runs / "idle.jsonl")]),
            ("200 requests per second, nothing wrong", loaded),
            ("the demo's runs, faults included", [unit["agent"] for unit in units
                                                  if unit["agent"]])]


def resident_mib(cost):
    return cost.get("resident_kib_max", cost.get("resident_kib")) / 1024


def costs_section(costs):
    rows = [[says, len(some), shown([resident_mib(cost) for cost in some]),
             shown([100 * share for share in share_of_core(some)])]
            for says, some in costs if some]
    return ["## What the agent costs", "",
            "Without the model's own process. Resident memory of the demo's runs is the most that "
            "a run ever had. Median (least–most).", "",
            *(table(["while", "n", "resident, MiB", "% of a core"], rows)
              if rows else ["Not measured.", ""])]


def block_ratio(blocks):
    return paired_ratio([(unit["with"]["p99_ms"], unit["without"]["p99_ms"]) for unit in blocks])


def blocks_section(blocks):
    lines = ["## What users feel of it while nothing is wrong", ""]
    if not blocks:
        return [*lines, "Not measured.", ""]
    calm = [unit for unit in blocks if unit["with"]["agent"]["incidents"] == 0]
    rows = [[says, len(blocks), shown([unit[key]["p50_ms"] for unit in blocks]),
             shown([unit[key]["p99_ms"] for unit in blocks])]
            for key, says in (("with", "with the agent"), ("without", "without"))]
    lines += ["Blocks of five seconds at 200 requests per second, in pairs with the same payments, "
              "in an order drawn per pair.", "",
              *table(["block", "n", "p50, ms", "p99, ms"], rows)]
    if calm:
        ratio = block_ratio(calm)
        lines += [f"p99 with / without: {ratio.mean:.3f}, with 95 % between {ratio.low:.3f} and "
                  f"{ratio.high:.3f} (geometric mean of {ratio.count} pairs without a decision; "
                  "bootstrap over pairs).", ""]
    return lines


def false_detections(runs):
    """(Healthy hours with the agent, incidents opened in them)."""
    costs = [unit["agent"] for name in ("healthy.jsonl", "idle.jsonl")
             for unit in lines_of(runs / name)]
    costs += [unit["with"]["agent"] for unit in lines_of(runs / "blocks.jsonl")]
    return (sum(cost["seconds"] for cost in costs) / 3600,
            sum(cost["incidents"] for cost in costs))


def detections_section(runs):
    lines = ["## False detections", ""]
    hours, incidents = false_detections(runs)
    if hours > 0:
        lines += [f"- Real: {incidents} incidents in {60 * hours:.0f} healthy minutes; with 95 % "
                  f"fewer than {number(rate_bound(incidents, hours))} per hour."]
    simulated = read_json(runs / "detect.json")
    if simulated:
        verdict = ("holds: none, so with 95 % fewer than "
                   f"{number(rate_bound(0, SIMULATED_HOURS))} per hour"
                   if simulated["holds"] else "DOES NOT HOLD")
        lines += [f"- Simulated: \"{simulated['case']}\" {verdict}."]
    return [*lines, *([] if len(lines) > 2 else ["Not measured."]), ""]


# --- goals -------------------------------------------------------------------------------
def verdict(is_reached):
    return "yes" if is_reached else "**no**"


def tuned_goal(outcomes):
    late = {scenario: lateness(policies) for scenario, policies in outcomes.items()}
    late = {scenario: s for scenario, s in late.items() if s is not None}
    goal = "never slower than the tuned restarts + 1 s, where those heal (medians)"
    if not late:
        return [goal, "not measured", "–"]
    worst = max(late, key=late.get)
    text = ("does not heal" if late[worst] == float("inf") else f"{late[worst]:+.2f} s")
    return [goal, f"compared: {len(late)}; the worst is `{worst}`: {text}",
            verdict(late[worst] <= TUNED_SLACK_S)]


def cured_goal(units):
    goal = "every scenario ends as expected, in every run"
    if not units:
        return [goal, "not measured", "–"]
    others = [f"`{unit['scenario']}` with seed {unit['seed']}" for unit in units
              if not unit["as_expected"]]
    text = f"{len(units) - len(others)} of {len(units)}"
    if others:
        text += f"; not: {', '.join(others)}"
    return [goal, text, verdict(not others)]


def cost_goals(costs):
    every = [cost for _, some in costs for cost in some]
    most = max((resident_mib(cost) for cost in every), default=None)
    yield ["agent at most 20 MiB resident", *(
        ["not measured", "–"] if most is None
        else [f"{most:.1f} MiB, the most of {len(every)}", verdict(most <= AGENT_MIB_MAX)])]
    shares = [(median(share_of_core(some)), says, len(some)) for says, some in costs if some]
    share, says, count = max(shares, default=(None, None, 0))
    yield ["agent at most 2 % of a core (medians)", *(
        ["not measured", "–"] if share is None
        else [f"{100 * share:.2f} % at the worst, while: {says} (n = {count})",
              verdict(share <= AGENT_CORE_SHARE_MAX)])]


def ratio_goal(blocks):
    goal = "p99 with / without the agent at most 1.02 while nothing is decided"
    calm = [unit for unit in blocks if unit["with"]["agent"]["incidents"] == 0]
    if not calm:
        return [goal, "not measured", "–"]
    ratio = block_ratio(calm)
    says = "**no**"
    if ratio.count < PAIRS_MIN:
        says = f"not shown: fewer than {PAIRS_MIN} pairs"
    elif ratio.high <= P99_RATIO_MAX:
        says = "yes"
    elif ratio.low <= P99_RATIO_MAX:
        says = "not shown: the interval holds 1.02"
    return [goal, f"{ratio.mean:.3f} ({ratio.low:.3f}–{ratio.high:.3f})", says]


# --- the page ----------------------------------------------------------------------------
def machine_text():
    names = [line.split(":", 1)[1].strip()
             for line in Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")]
    kernel = ".".join(platform.release().split(".")[:2])
    return f"{os.cpu_count()} cores ({names[0] if names else 'unknown'}), Linux {kernel}"


def load_text(runs, units):
    loads = [unit["load_before"] for unit in units]
    for name in ("blocks.jsonl", "healthy.jsonl", "idle.jsonl"):
        loads += [unit["load_before"] for unit in lines_of(runs / name)]
    if not loads:
        return "not measured"
    return f"median {quantile(loads, 0.5):.2f}, most {max(loads):.2f}"


def side_by_side(at_once):
    return "one after another" if at_once == 1 else f"up to {at_once} scenarios side by side"


def page_of(runs):
    units = [json.loads(file.read_text()) for file in sorted(runs.glob("demo-*.json"))]
    blocks = lines_of(runs / "blocks.jsonl")
    outcomes, costs = outcomes_of(units), costs_of(runs, units)
    seeds = sorted({unit["seed"] for unit in units})
    at_once = max([unit["at_once"] for unit in units], default=1)
    program = read_json(runs / "program.json") or {"commit": "unknown"}
    lines = ["# The demo's figures", "",
             "Written by `make bench`; do not edit. The same machine, faults, seeds and load for "
             "everyone.", "",
             f"- Program: {program_told(program)}. Machine: {machine_text()}.",
             f"- Load before the units (a mean of runnable processes, this work included): "
             f"{load_text(runs, units)}.",
             f"- Seeds of the demo: {', '.join(map(str, seeds)) or 'none'}; one run of each "
             f"scenario and policy per seed, {side_by_side(at_once)}.",
             "- One scenario again: `homeostat demo --baseline --only NAME --seed N`. Everything: "
             "`make bench`. Policies and windows: `homeostat demo --help`.", "",
             "## Goals", "",
             *table(["goal", "measured", "reached"],
                    [cured_goal(units), tuned_goal(outcomes), *cost_goals(costs),
                     ratio_goal(blocks)])]
    lines += outcomes_section(outcomes) + times_section(outcomes)
    lines += decisions_section(units, read_json(runs / "decide.json"))
    lines += costs_section(costs) + blocks_section(blocks) + detections_section(runs)
    return "\n".join(lines).rstrip("\n") + "\n"


def write(runs, out):
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page_of(runs))
