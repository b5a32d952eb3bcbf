#!/usr/bin/env python3
"""Measures how long clients of real pods wait until a fault is healed, under the policies that
people use today and with Homeostat, and writes docs/figures/kubernetes.md.

    make bench-k8s                                   everything; goes on where it was interrupted
    make bench-k8s K8S_FAULTS="hang bad_version" K8S_ROUNDS=3
    make bench-k8s K8S_FAULTS=                       the page, of what has been measured

A round plays each fault under each policy once, in an order that the round draws, on one full lab;
the policies without Homeostat beside each other, and from the fourth round on only what has a goal.
What is measured lies in RUNS/runs.jsonl, a line for each run; a line that is there is not measured
again. Run it on a quiet machine; the load before each run is written down with it. As root, where
lab/kubernetes/build.sh has built.
"""

import argparse
import os
import random
import sys
from pathlib import Path

from figure_runs import ROOT, add_line, check_program, lines_of, program_told, read_json, say
from summaries import spread_of

sys.path[:0] = [str(ROOT / folder) for folder in (
    "bench/kubernetes", "tests/kubernetes", "lab/kubernetes")]

import fleet_size  # noqa: E402
from full_lab import FullLab  # noqa: E402
from recovery import ANALYSES, FAULTS, POLICIES, play  # noqa: E402

ROUNDS_WANTED = 10
NODES = 3
RATIO_MIN = 10
HEALED_WITHIN_S = 5
HEAD = """# Figures on Kubernetes

Written by `make bench-k8s`; do not edit. One fault on real pods of the
[full lab](../../lab/kubernetes/README.md), three nodes, three pods behind a Service, the default
strategy, and what a client noticed that asks every 50 ms over a new connection each time, patient
for a second. Seconds are from its first answer that is not good to the first of ten good ones in a
row, all outages of a run together. Median (least–most).

- *none*: readiness as Kubernetes has it by default (10 s x 3), no liveness. *default*: liveness
  likewise. *tuned*: both each second, three times. *homeostat*: the probes of *none*, and an agent
  with rules alone, `restart: act, rolling_restart: act, rollback: act` and no other remedy.
- Runs of the first three go on beside each other, three Deployments at once; Homeostat's has the
  lab to itself. What they take is a matter of tens of seconds and of the kubelet's timers.
- A run is over when clients were well for ten seconds and, where a version is at fault, the old one
  is wanted again; or at its bound. *Not in 60*: it was not over at its bound.
"""
# Beside the policies that every fault is tried under.
ANALYSED = ("bad_version", "bad_config")
# What has no goal, or where nothing but the bound is to be seen, is not played in every round.
FEW_ROUNDS = 3
SIZES_TIMES = 3  # How often each size of fleet_size.py is measured.
FEW = {"nothing", "leak", "bad_image", "crash_loop", "half_lost", "slow_dependency"}
NEVER_HEALED_BY_PROBES = {"bad_version", "bad_config"}
ANALYSIS_HEAD = """
## Beside analysis of rollouts

The same bad version and setting, brought out to a canary: one pod beside three of the old version,
so a quarter of the requests. *analysis* looks each 60 s and takes the canary back after five bad
looks (fewer than 99 % well), the numbers of Flagger's documentation; *analysis_tuned* looks each
5 s and takes it back after two. A script of ours plays both. *homeostat_tuned* has the probes of
*tuned*: no rollback is faster than its pods are found ready. It and *homeostat* bring the version
out to all pods. Bad answers are of 20 asked a second.
"""
TOLD = {
    "nothing": "no fault",
    "hang": "one pod of three hangs",
    "leak": "one pod of three takes all of its memory",
    "bad_image": "a version whose image cannot be had",
    "crash_loop": "a version that ends at its start",
    "bad_version": "a version that passes readiness and answers 5xx",
    "bad_config": "a setting under which pods answer 5xx",
    "crash_back_off": "what pods need at their start was gone for 45 s: from its return",
    "node_loss": "one node of three is cut off, and one pod of three with it",
    "half_lost": "the same with two pods of four",
    "slow_dependency": "what the service asks for each answer takes 2 s",
}


def say_run(number, run):
    outage = f"{run['outage_s']:.1f} s" if run["is_over"] else f"not in {run['bound_s']} s"
    say(f"round {number}: {run['fault']}, {run['policy']}: {outage}, {run['bad']} bad answers, "
        f"load {run['load_before']:.1f}")


def measure(options):
    file = options.runs / "runs.jsonl"
    faults = [fault for fault in FAULTS if fault.__name__ in options.faults]
    done = {(run["round"], run["fault"], run["policy"]) for run in lines_of(file)}
    missing = []
    for number in range(1, options.rounds + 1):
        for fault, policies in groups_of(number, faults):
            left = [policy for policy in policies if (number, fault.__name__, policy) not in done]
            missing += [(number, fault, left)] if left else []
    if not missing:
        return
    with FullLab(options.runs / "lab", is_audited=True, nodes=NODES) as lab:
        for number, fault, policies in missing:
            load = os.getloadavg()[0]
            for run in play(lab, fault, policies, options.bin):
                run |= {"round": number, "load_before": load}
                say_run(number, run)
                add_line(file, run)


def measure_sizes(options):
    """Of many Deployments, where nothing is wrong: on quick labs of their own."""
    file = options.runs / "sizes.jsonl"
    counts = [line["size"] for line in lines_of(file)]
    for _ in range(SIZES_TIMES):
        missing = [size for size in fleet_size.SIZES if counts.count(size) < SIZES_TIMES]
        if not missing:
            return
        for line in fleet_size.lines(options.bin, options.runs, missing):
            say(f"{line['size']} Deployments: {line['resident_mib']:.0f} MiB")
            add_line(file, line)
            counts.append(line["size"])


def groups_of(number, faults):
    """What a round plays, in its order: a fault, and the policies that are played together."""
    groups = [(fault, policies) for fault in faults
              for policies in policies_of(fault.__name__, number)]
    random.Random(number).shuffle(groups)
    return groups


def policies_of(fault, number):
    is_early = number <= FEW_ROUNDS
    if fault in FEW and not is_early:
        return
    yield ["homeostat"]
    if fault != "nothing" and (is_early or fault not in NEVER_HEALED_BY_PROBES):
        yield [policy for policy in POLICIES if policy != "homeostat"]
    if fault in ANALYSED:
        yield ["homeostat_tuned"]
        yield ["analysis_tuned"]
        # Five looks of a minute each.
        if is_early:
            yield ["analysis"]


def short(number):
    return f"{number:.1f}" if number < 100 else f"{number:.0f}"


def cell(runs):
    """Of one fault under one policy."""
    if not runs:
        return "–"
    over = [run["outage_s"] for run in runs if run["is_over"]]
    bound = runs[0]["bound_s"]
    if not over:
        return f"not in {bound} (n = {len(runs)})"
    spread = spread_of(over)
    text = f"{short(spread.median)} ({short(spread.least)}–{short(spread.most)})"
    missed = len(runs) - len(over)
    return text + (f", {missed} of {len(runs)} not in {bound}" if missed else "")


def restored_cell(runs):
    if not runs:
        return "–"
    over = [run["restored_s"] for run in runs if run["restored_s"] is not None]
    if not over:
        return f"not in {runs[0]['bound_s']}"
    spread = spread_of(over)
    missed = len(runs) - len(over)
    text = f"{short(spread.median)} ({short(spread.least)}–{short(spread.most)})"
    return text + (f", {missed} of {len(runs)} not in {runs[0]['bound_s']}" if missed else "")


def of(runs, fault, policy):
    return [run for run in runs if run["fault"] == fault and run["policy"] == policy]


def table(runs, faults, one_cell):
    yield "| fault | " + " | ".join(POLICIES) + " | n |"
    yield "|---|" + "---|" * (len(POLICIES) + 1)
    for fault in faults:
        rows = {policy: of(runs, fault, policy) for policy in POLICIES}
        counts = sorted({len(row) for row in rows.values()})
        yield (f"| {TOLD[fault]} | " + " | ".join(one_cell(row) for row in rows.values())
               + f" | {'–'.join(map(str, counts))} |")


def waits(runs):
    """Seconds of each run; one that was not over counts as its bound, so as too little."""
    return [run["outage_s"] if run["is_over"] else run["bound_s"] for run in runs]


def median(runs):
    return spread_of(waits(runs)).median


def goals(runs):
    yield "| goal | measured | reached |\n|---|---|---|"

    def row(wanted, fault, policy, holds, ours="homeostat"):
        ours, theirs = of(runs, fault, ours), of(runs, fault, policy)
        if ours and theirs:
            reached = "yes" if holds(median(ours), median(theirs)) else "**no**"
            yield (f"| {wanted} | {short(median(ours))} s and {short(median(theirs))} s | "
                   f"{reached} |")

    yield from row("a plain hang: never slower than tuned liveness", "hang", "tuned",
                   lambda ours, theirs: ours <= theirs)
    for fault, told in (("crash_back_off", "crash back-off"), ("node_loss", "a lost node")):
        for policy in ("default", "tuned"):
            yield from row(f"{told}: {RATIO_MIN} times faster than {policy} liveness", fault,
                           policy, lambda ours, theirs: ours * RATIO_MIN <= theirs)
    for fault in ("bad_version", "bad_config"):
        for ours, readiness in (("homeostat", "ten seconds"), ("homeostat_tuned", "second")):
            yield from row(f"{TOLD[fault]}, readiness looked at each {readiness}: healed within "
                           f"{HEALED_WITHIN_S} s; tuned liveness does nothing", fault, "tuned",
                           lambda ours, _: ours < HEALED_WITHIN_S, ours)


def analysis_table(runs):
    """Only of what was measured beside it."""
    rows = [(fault, policy, of(runs, fault, policy)) for fault in ANALYSED
            for policy in ("homeostat", "homeostat_tuned", *ANALYSES)]
    if not any(row for _, policy, row in rows if policy in ANALYSES):
        return
    yield ANALYSIS_HEAD
    yield "| fault | policy | taken back after, s | bad answers | n |\n|---|---|---|---|---|"
    for fault, policy, row in rows:
        if row:
            bad = spread_of([run["bad"] for run in row])
            yield (f"| {TOLD[fault]} | {policy} | {restored_cell(row)} | {bad.median:.0f} "
                   f"({bad.least:.0f}–{bad.most:.0f}) | {len(row)} |")


def cost_table(runs):
    """What the agent asked of the API server, and its memory."""
    counted = [run for run in runs if "calls" in run]
    if not counted:
        return
    yield ("\n## What an agent does and asks\n\nEffects that it began, and incidents that went to "
           "a person. Requests by the API server's audit log; a watch counts once, when it is "
           "opened. One agent guards one Deployment.\n")
    yield ("| run | effects | to a person | requests | of these | for, s | agent's memory, MiB | "
           "n |")
    yield "|---|---|---|---|---|---|---|---|"
    for fault in TOLD:
        row = of(counted, fault, "homeostat")
        if row:
            total = spread_of([sum(run["calls"].values()) for run in row])
            seconds = spread_of([run["calls_s"] for run in row]).median
            memory = spread_of([run["resident_mib"] for run in row])
            acts = spread_of([run["acts"] for run in row])
            escalated = sum(run["escalated"] > 0 for run in row)
            yield (f"| {TOLD[fault]} | {acts.median:.0f} ({acts.least:.0f}–{acts.most:.0f}) | "
                   f"{escalated} of {len(row)} | "
                   f"{total.median:.0f} ({total.least:.0f}–{total.most:.0f}) | {calls_told(row)} | "
                   f"{seconds:.0f} | {memory.median:.1f} ({memory.least:.1f}–{memory.most:.1f}) | "
                   f"{len(row)} |")


def calls_told(row):
    """Medians of the kinds that were asked most."""
    names = sorted({name for run in row for name in run["calls"]})
    medians = {name: spread_of([run["calls"].get(name, 0) for run in row]).median
               for name in names}
    most = sorted(medians.items(), key=lambda pair: -pair[1])[:5]
    return ", ".join(f"{name} {count:.0f}" for name, count in most if count) or "none"


def page(directory):
    runs = lines_of(directory / "runs.jsonl")
    faults = [fault.__name__ for fault in FAULTS
              if fault.__name__ != "nothing" and of(runs, fault.__name__, "homeostat")]
    yield HEAD
    loads = [run["load_before"] for run in runs]
    program = read_json(directory / "program.json")
    yield (f"- Program: {program_told(program)}. Load before each run, the lab's own included (a "
           f"mean of runnable processes): median {spread_of(loads).median:.1f}, most "
           f"{max(loads):.1f}.")
    note = directory / "note.txt"
    yield f"- {note.read_text().strip()}\n" if note.exists() else ""
    if min((len(of(runs, fault, "homeostat")) for fault in faults if fault not in FEW),
           default=0) < ROUNDS_WANTED:
        yield (f"**Fewer than {ROUNDS_WANTED} rounds so far**: what was played at all has its n in "
               "each table. A first look, and no figure to rely on.\n")
    yield "## Goals\n"
    yield from goals(runs)
    yield "\nMedians; a run that was not over counts as its bound.\n"
    yield ("A bad version is rolled back as soon as its answers are seen to be bad (second table "
           "below). Where readiness is looked at each ten seconds, a pod that does not listen yet "
           "at its first look is looked at again ten seconds later, and until then the controller "
           "of the Deployment keeps the bad ones.\n")
    yield "## Seconds without good answers\n"
    yield from table(runs, faults, cell)
    yield "\n## Until the old version is wanted again\n"
    yield "Seconds from the rollout. What nobody rolls back stays.\n"
    rollouts = [fault for fault in faults
                if fault in ("bad_image", "crash_loop", "bad_version", "bad_config")]
    yield from table(runs, rollouts, restored_cell)
    yield from analysis_table(runs)
    yield from cost_table(runs)
    yield from fleet_size.section(lines_of(directory / "sizes.jsonl"))
    yield "\n" + NOT_MEASURED


NOT_MEASURED = """## What is not measured

- A cure for a slow dependency: a Service has no switch by which its errors could be kept away.
- Argo Rollouts and Flagger themselves, and traffic by weight, which this lab has not.
- Requests of users: the client's are the only ones. A busy cluster: one Deployment at a time, an
  API server with nothing else to do, etcd without fsync."""


def main():
    names = [fault.__name__ for fault in FAULTS]
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, default=ROOT / "build/release/bin")
    parser.add_argument("--runs", type=Path, default=ROOT / "build/k8s_figures")
    parser.add_argument("--faults", nargs="*", default=names, choices=names)
    parser.add_argument("--rounds", type=int, default=ROUNDS_WANTED)
    parser.add_argument("--sizes", action="store_true",
                        help="many Deployments by one process, too")
    parser.add_argument("--note", help="what else has to be known of these runs, for the page")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/figures/kubernetes.md")
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    options.bin = options.bin.resolve()
    if options.note:
        (options.runs / "note.txt").write_text(f"{options.note}\n")
    check_program(options.runs, [options.bin / "homeostat"])
    measure(options)
    if options.sizes:
        measure_sizes(options)
    if lines_of(options.runs / "runs.jsonl"):
        options.page.write_text("\n".join(page(options.runs)) + "\n")
        say(f"wrote {options.page}")


if __name__ == "__main__":
    main()
