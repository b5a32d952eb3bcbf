"""Plays overloads under each policy (bench/overload), and what the page of the mesh says of them.

The part `overload` of tools/mesh_figures.py: its units are lines in RUNS/overload/units.jsonl, one
that is there is not played again, and several worlds run beside each other.
"""

import json
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed

from figure_runs import ROOT, add_line, lines_of, program_told, say
from summaries import spread_of

WORLD = ROOT / "bench/overload/world.py"
sys.path.append(str(WORLD.parent))

from world import AFTER_S, CAPACITY, EDGE_S, FAULT_S, RATE, SETTLE_S  # noqa: E402

LANES = 4  # A world takes a quarter of a core, 0.4 where each call is tried thrice.
LATENESS_S_MAX = 0.05  # Of the generator, p99: an open loop that is later is none.
TRIES_MAX = 2
FIRST_S = 5  # Of the fault: what it takes to notice and to act.
WELL_SHARE = 0.95
GOAL_SHARE = 0.95
PROMISE_SLACK = 1.1  # What the callee keeps back of its capacity for just this.
POLICIES = {  # Name: what it is.
    "nothing": "nothing: Envoy with its defaults",
    "envoy_outlier": "Envoy's outlier ejection, its defaults",
    "envoy_breaker": "Envoy's circuit breaker, set by hand to twice the callee's slots",
    "envoy_adaptive": "Envoy's adaptive concurrency, by its p90",
    "client_throttle": "client throttling of the SRE book",
    "throttle_breaker": "client throttling of the SRE book, and that circuit breaker",
    "dagor": "an admission level at the callee, by DAGOR's formula",
    "haproxy_queue": "HAProxy as for the agreement, and no agent",
    "homeostat": "**the agreement of two agents**, at HAProxy",
}
FAULTS = {
    "slower": ("Answers take twice as long", tuple(POLICIES)),
    "fewer": ("Half of the slots are gone", ("envoy_breaker", "envoy_adaptive", "homeostat")),
}
EDGE_POLICIES = ("homeostat", "haproxy_queue")  # Agents, and the same edge with nobody.


def overload_runs(runs):
    return runs / "overload"


def overload_units(runs):
    return lines_of(overload_runs(runs) / "units.jsonl")


def units(rounds):
    """Round by round, the longest of each first."""
    for seed in range(1, rounds + 1):
        for policy in EDGE_POLICIES:
            yield {"play": "edge", "policy": policy, "fault": "", "seed": seed}
        for fault, (_, policies) in FAULTS.items():
            for policy in policies:
                yield {"play": "overload", "policy": policy, "fault": fault, "seed": seed}
        yield {"play": "killed", "policy": "homeostat", "fault": "slower", "seed": seed}


def key_of(unit):
    return tuple(unit[name] for name in ("play", "policy", "fault", "seed"))


def is_punctual(figures):
    return figures.get("lateness_s", [0])[0] <= LATENESS_S_MAX


def play(options, unit):
    """The figures of one world; nothing, if it did not come up or the machine was too busy."""
    for _ in range(TRIES_MAX):
        load = os.getloadavg()[0]
        told = subprocess.run(
            [sys.executable, WORLD, "--play", unit["play"], "--policy", unit["policy"], "--fault",
             unit["fault"] or "slower", "--seed", str(unit["seed"]), "--bin", options.bin],
            capture_output=True, text=True, check=False)
        if told.returncode < 0:
            return None  # Interrupted, and so are we.
        if told.returncode != 0:
            say(f"overload: {key_of(unit)} failed: {told.stderr.strip()[-300:]}")
            continue
        figures = json.loads(told.stdout)
        if is_punctual(figures):
            return unit | {"load_before": load, "lanes": LANES, "figures": figures,
                           "is_real_time": os.sched_getscheduler(0) != os.SCHED_OTHER}
        late_ms = 1e3 * figures["lateness_s"][0]
        say(f"overload: {key_of(unit)}: calls were sent {late_ms:.0f} ms late (p99); left out")
    return None


def measure_overload(options):
    file = overload_runs(options.runs) / "units.jsonl"
    done = {key_of(unit) for unit in overload_units(options.runs)}
    left = [unit for unit in units(options.rounds_overload) if key_of(unit) not in done]
    lanes = ThreadPoolExecutor(LANES)
    played = 0
    try:
        for future in as_completed([lanes.submit(play, options, unit) for unit in left]):
            if unit := future.result():
                add_line(file, unit)
                played += 1
                say(f"overload: {played} of {len(left)}: {' '.join(map(str, key_of(unit)))}")
    finally:
        lanes.shutdown(cancel_futures=True)
    if missing := len(left) - played:
        sys.exit(f"overload: {missing} worlds are missing; another run makes up for them")


# --- what a world's seconds come to --------------------------------------------------------------

def count(seconds, came, begins, ends):
    return sum(one[came] for one in seconds if begins <= one["second"] < ends)


def calls(seconds, begins, ends):
    return sum(count(seconds, came, begins, ends) for came in ("answer", "fallback", "nothing"))


def share_of_ideal(seconds, begins, ends, capacity):
    """Full answers in time, as a share of those that could have been given: of what came, as much
    as the callee can do."""
    ideal = min(calls(seconds, begins, ends), capacity * (ends - begins))
    return count(seconds, "answer", begins, ends) / ideal


def well_after_s(seconds, since, until):
    """From the end of the fault to the end of the last second in which users were not well."""
    bad = [second for second in range(since, until)
           if count(seconds, "answer", second, second + 1)
           < WELL_SHARE * calls(seconds, second, second + 1)]
    return bad[-1] + 1 - since if bad else 0


def goodput(seconds):
    fault_ends = SETTLE_S + FAULT_S
    ends = fault_ends + AFTER_S
    half = CAPACITY / 2
    during = calls(seconds, SETTLE_S, fault_ends)
    nothing = count(seconds, "nothing", SETTLE_S, fault_ends)
    took_s = sum(one["nothing_took_s"] for one in seconds
                 if SETTLE_S <= one["second"] < fault_ends)
    return {"during": share_of_ideal(seconds, SETTLE_S, fault_ends, half),
            "later": share_of_ideal(seconds, SETTLE_S + FIRST_S, fault_ends, half),
            "after": share_of_ideal(seconds, fault_ends, ends, CAPACITY),
            "well_after_s": well_after_s(seconds, fault_ends, ends),
            "fallback": count(seconds, "fallback", SETTLE_S, fault_ends) / during,
            "nothing": nothing / during,
            "nothing_took_s": took_s / nothing if nothing else None}


def promises_of(figures):
    """Of each promise: what passed in its life by the second, as a share of what was promised. Its
    first second is left out: a dimmer goes by the calls of the second before."""
    changes = [event for event in figures["events"] if event["event"] in (
        "promised", "leaving", "ended", "helped_self", "returned")]
    ends_at = figures["seconds"][-1]["second"]
    for index, event in enumerate(changes):
        until = changes[index + 1]["at_s"] if index + 1 < len(changes) else ends_at
        since = event["at_s"] + 1
        if event["event"] == "promised" and until - since >= 1:
            passed = sum(since <= at < until for at in figures["passed_at_s"])
            yield passed / (until - since) / event["rps_max"]


def mode_changes(figures):
    """Into a mode (a promise, or a throttle where there was none) and out of it."""
    changes, is_on = 0, False
    for event in figures["events"]:
        turns = {"promised": True, "helped_self": True, "returned": False}.get(event["event"])
        if turns is not None and turns != is_on:
            changes, is_on = changes + 1, turns
    return changes


def promises_count(figures):
    return sum(event["event"] == "promised" for event in figures["events"])


# --- the page ------------------------------------------------------------------------------------

ABOUT = f"""
## Goodput through an overload, beside other policies

{RATE} calls a second come in an open loop, the same for each policy of a seed; each is tried up to
three times, 250 ms a try, within a second. The callee (four instances of four slots, first come,
first served, a queue for 500 calls each) gives {CAPACITY} answers a second, for {FAULT_S} s half
of that, and {CAPACITY} again. As a server with a thread for each call does, it works on calls whose
caller has gone. Only full answers in time count; the ideal is as many of the calls as it can do at
that moment. That is a matter of slots and waiting times and not of this machine's processors.

*Later*: without the fault's first {FIRST_S} s. *Well after*: from the end of the fault to the end
of the last second in which fewer than {100 * WELL_SHARE:.0f} % of the calls were answered in full.
*Nothing*: neither an answer nor the fallback, of the calls during the fault, and how long such a
call took. Who gets nothing may still fall back on his own; that is not counted for anybody.
"""

ABOUT_RULES = """
- The circuit breaker is set by hand to what this callee can do, the best of six settings that were
  tried in a smaller world, and belongs to the callee's only caller. With several callers somebody
  would have to divide it, and again whenever the callee changes.
- Outlier ejection is for one bad instance. Here all are slow alike, which it cannot mend.
- Adaptive concurrency measures its smallest round trip as it starts and then each minute, with
  three calls at a time. None of that falls into the fault, where it would take slow for usual.
- Client throttling looks at 10 s instead of the book's two minutes. It counts on a callee that says
  no at once: this one answers everybody, late, so that nothing is accepted and next to nothing is
  let through any more. Hence the row with the breaker, which says no.
- The admission level moves once a second, by 5 % down and 1 % up, as published; callers do not
  hear of it, and try again where it says no. Its numbers are for a service far larger than this.
- The queue of 20 ms from which on the level and the agreement see an overload is short for a callee
  of so few calls a second: at nine tenths of what it can do it has that by chance alone."""

ABOUT_AGENTS = """
## The agents themselves

As many calls as the callee can do at all, for {edge_s} s a round; and rounds in which both agents
are killed while a mode is on. A *change* is into a mode or out of it. A promise counts as broken if
more than {slack:.0f} % of what was promised passed, on the mean of its life but its first second.
"""


def percent(shares):
    spread = spread_of(shares)
    least, median, most = (f"{100 * one:.0f}" for one in
                           (spread.least, spread.median, spread.most))
    return f"{median} % ({least}–{most})"


def seconds_cell(numbers, never):
    """`never` and above is said in words: nobody knows how long it would have been."""
    spread = spread_of(numbers)
    says = [f"{number:.0f}" if number < never else f"not in {never}"
            for number in (spread.median, spread.least, spread.most)]
    return says[0] if spread.least == spread.most else f"{says[0]} ({says[1]}–{says[2]})"


def goodputs(units_played):
    """By fault and policy, in the order of the page."""
    for fault, (_, policies) in FAULTS.items():
        for policy in policies:
            those = [goodput(unit["figures"]["seconds"]) for unit in units_played
                     if key_of(unit)[:3] == ("overload", policy, fault)]
            if those:
                yield fault, policy, {name: [one[name] for one in those] for name in those[0]}


def goodput_rows(rows):
    yield ("| policy | n | during | later | after | well after, s | fallback | nothing | took, s "
           "|\n|---|---|---|---|---|---|---|---|---|")
    for policy, those in rows:
        took_s = [one for one in those["nothing_took_s"] if one is not None]
        cells = [percent(those["during"]), percent(those["later"]), percent(those["after"]),
                 seconds_cell(those["well_after_s"], AFTER_S),
                 f"{100 * spread_of(those['fallback']).median:.0f} %",
                 f"{100 * spread_of(those['nothing']).median:.0f} %",
                 f"{spread_of(took_s).median:.2f}" if took_s else "–"]
        yield f"| {POLICIES[policy]} | {len(those['during'])} | " + " | ".join(cells) + " |"


def said_plainly(rows):
    """Who does better and who does worse than the agreement, by the medians during the fault."""
    shares = {policy: spread_of(those["during"]).median for policy, those in rows}
    if "homeostat" not in shares:
        return
    ours = shares.pop("homeostat")
    for word, those in (("More", [one for one in shares if shares[one] > ours]),
                        ("Less", [one for one in shares if shares[one] <= ours])):
        names = "; ".join(f"{POLICIES[one]} ({100 * shares[one]:.0f} %)" for one in those)
        yield f"- {word} than the agreement's {100 * ours:.0f} % during the fault: {names or '–'}."


def answered_share(seconds):
    return count(seconds, "answer", 0, math.inf) / calls(seconds, 0, math.inf)


def agents_of(units_played):
    edges, alone = ([unit["figures"] for unit in units_played
                     if (unit["play"], unit["policy"]) == ("edge", policy)]
                    for policy in EDGE_POLICIES)
    talks = [unit["figures"] for unit in units_played
             if unit["policy"] == "homeostat" and "events" in unit["figures"]]
    kills = [unit["figures"] for unit in units_played if unit["play"] == "killed"]
    shares = [share for figures in talks for share in promises_of(figures)]
    return {
        "edge_s": [figures["seconds"][-1]["second"] + 1 for figures in edges],
        "changes": [mode_changes(figures) for figures in edges],
        "promises": [promises_count(figures) for figures in edges],
        "answered": [answered_share(figures["seconds"]) for figures in edges],
        "answered_alone": [answered_share(figures["seconds"]) for figures in alone],
        "shares": shares, "broken": sum(share > PROMISE_SLACK for share in shares),
        "on_at_end": sum(unit["figures"]["held_permille_at_end"] > 0 for unit in units_played
                         if unit["play"] == "overload" and unit["policy"] == "homeostat"),
        "ends": sum(unit["play"] == "overload" and unit["policy"] == "homeostat"
                    for unit in units_played),
        "was_on": sum(figures["was_on"] for figures in kills),
        "left_on": sum(figures["was_on"] and not figures["is_off"] for figures in kills),
        "off_after_s": [figures["off_after_s"] for figures in kills if figures["was_on"]]}


def agent_rows(agents):
    yield "| | measured |\n|---|---|"
    if agents["edge_s"]:
        hourly = [3_600 * changes / seconds for changes, seconds in
                  zip(agents["changes"], agents["edge_s"], strict=True)]
        spread, total = spread_of(hourly), sum(agents["edge_s"])
        yield (f"| changes of the mode, an hour | {spread.median:.0f} ({spread.least:.0f}–"
               f"{spread.most:.0f}), of {sum(agents['changes'])} in {total} s, n = {len(hourly)} |")
        yield f"| promises made meanwhile, new terms included | {sum(agents['promises'])} |"
        yield f"| calls answered in full meanwhile | {percent(agents['answered'])} |"
    if agents["answered_alone"]:
        yield f"| the same calls without agents | {percent(agents['answered_alone'])} |"
    if agents["shares"]:
        yield (f"| passed of what was promised, promise by promise | {percent(agents['shares'])}, "
               f"n = {len(agents['shares'])} |")
        yield f"| promises broken | {agents['broken']} of {len(agents['shares'])} |"
    if agents["ends"]:
        yield (f"| modes still on {AFTER_S} s after a fault | {agents['on_at_end']} of "
               f"{agents['ends']} |")
    if agents["off_after_s"]:
        spread = spread_of(agents["off_after_s"])
        yield (f"| modes left on by agents that were killed | {agents['left_on']} of "
               f"{agents['was_on']}; the others ended after {spread.median:.1f} s "
               f"({spread.least:.1f}–{spread.most:.1f}) |")


def overload_goals(units_played):
    """Rows of the goals: what is wanted, what was measured, whether it is so."""
    for fault, policy, those in goodputs(units_played):
        if policy == "homeostat":
            yield (f"goodput through an overload at least {100 * GOAL_SHARE:.0f} % of the ideal: "
                   f"{FAULTS[fault][0].lower()}", f"{percent(those['during'])}, n = "
                   f"{len(those['during'])}", min(those["during"]) >= GOAL_SHARE)
    agents = agents_of(units_played)
    if agents["shares"]:
        yield ("promises broken: 0", f"{agents['broken']} of {len(agents['shares'])}",
               agents["broken"] == 0)
    if agents["was_on"]:
        yield ("modes left on by agents that were killed: 0",
               f"{agents['left_on']} of {agents['was_on']}", agents["left_on"] == 0)


def overload_page(units_played, program):
    yield ABOUT
    loads = [unit["load_before"] for unit in units_played]
    late_s = [unit["figures"]["lateness_s"][0] for unit in units_played
              if "lateness_s" in unit["figures"]]
    spread = spread_of(loads)
    lanes = " or ".join(str(one) for one in sorted({unit["lanes"] for unit in units_played}))
    ahead = any(unit["is_real_time"] for unit in units_played)
    yield (f"Program: {program_told(program)}. {lanes} worlds beside each other; load before each: "
           f"median {spread.median:.1f}, most {spread.most:.1f}"
           f"{', of which they went ahead at a real-time priority' if ahead else ''}. Calls were "
           f"sent at most {1e3 * max(late_s, default=0):.0f} ms late (p99 of the worst world).")
    for fault, (title, _) in FAULTS.items():
        rows = [(policy, those) for of, policy, those in goodputs(units_played) if of == fault]
        if rows:
            yield f"\n### {title}\n"
            yield from goodput_rows(rows)
            yield ""
            yield from said_plainly(rows)
    yield ABOUT_RULES
    yield ABOUT_AGENTS.format(slack=100 * PROMISE_SLACK, edge_s=EDGE_S)
    yield from agent_rows(agents_of(units_played))
