#!/usr/bin/env python3
"""Measures what neighbours gain by agreeing and what it takes, and writes docs/figures/mesh.md.

    make bench-mesh                                   everything; goes on where it was interrupted
    make bench-mesh MESH_PARTS="switch document"      two parts

    part        does                                                        minutes
    switch      the edges' actuators beside the bare ones, ROUNDS times     2
    invalidate  keys of a cache on a cluster of three nodes, dropped and    3
                read back, ROUNDS times
    demo        a weak neighbour, agreed with and not, seed by seed         1.5 each
    overload    goodput beside other policies, ROUNDS-OVERLOAD times; a     10
                world that the machine was too busy for is left out, and
                the next run makes up for it
    document    writes the page from whatever has been measured

What is measured lies in RUNS/*.jsonl, a line for each unit; a line that is there is not measured
again. Run it on a quiet machine; the load before each line is written down with it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from figure_runs import ROOT, add_line, check_program, lines_of, program_told, read_json, say
from overload_figures import (measure_overload, overload_goals, overload_page, overload_runs,
                              overload_units)
from summaries import quantile, spread_of

PARTS = ("switch", "invalidate", "demo", "overload", "document")
SCENARIOS = ("slow_dependency_negotiated", "slow_dependency_alone")
SWITCHES = ("haproxy_dimmer", "haproxy_circuit", "envoy_dimmer", "envoy_circuit")
RATIO_MAX = 1.2
AGREED_P50_MS_MAX, AGREED_P99_MS_MAX = 5, 20


def benchmark(options, name):
    """What one of our benchmarks measured, by the name of each."""
    told = subprocess.run([options.bin / name, "--benchmark_format=json"], capture_output=True,
                          text=True, check=True, cwd=options.runs).stdout
    return {one["name"].split("/iterations")[0]: one for one in json.loads(told)["benchmarks"]}


def measure_benchmarks(options, part, name):
    file = options.runs / f"{part}.jsonl"
    for number in range(len(lines_of(file)) + 1, options.rounds + 1):
        load = os.getloadavg()[0]
        add_line(file, {"round": number, "load_before": load, "figures": benchmark(options, name)})
        say(f"{part}: round {number} of {options.rounds}")


def moments_of(options, world):
    told = subprocess.run([options.bin / "homeostat", "incidents", "--mesh", "--json", "--config",
                           world / "homeostat.yaml"], capture_output=True, text=True, check=True)
    return json.loads(told.stdout)["moments"]


def agreements_of(moments):
    """From each question to its promise, in milliseconds."""
    asked = {}
    for moment in moments:
        event, thread = moment["pledge"]["event"], moment["pledge"]["thread"]
        if event == "asked":
            asked[thread] = moment["at_ns"]
        elif event == "promised" and thread in asked:
            yield (moment["at_ns"] - asked.pop(thread)) / 1e6


def play(options, scenario, seed):
    kept = options.runs / "kept"
    shutil.rmtree(kept, ignore_errors=True)
    load = os.getloadavg()[0]
    told = subprocess.run([options.bin / "homeostat", "demo", "--json", "--only", scenario,
                           "--seed", str(seed), "--oracle", "rules", "--keep", kept],
                          capture_output=True, text=True, check=False)
    figures = json.loads(told.stdout)["scenarios"][0]
    agreed = (list(agreements_of(moments_of(options, kept / scenario)))
              if scenario == SCENARIOS[0] else [])
    share = [line for line in told.stderr.splitlines() if "checks for fraud" in line]
    made = float(share[0].split("fraud ")[1].split(" %")[0]) if share else 100.0
    return {"seed": seed, "scenario": scenario, "load_before": load, "agreed_ms": agreed,
            "checks_made_percent": made, "figures": figures}


def measure_demo(options):
    file = options.runs / "demo.jsonl"
    done = {(unit["seed"], unit["scenario"]) for unit in lines_of(file)}
    for seed in range(1, options.seeds + 1):
        for scenario in SCENARIOS:
            if (seed, scenario) not in done:
                add_line(file, play(options, scenario, seed))
                say(f"demo: {scenario}, seed {seed}")


def short(number):
    return f"{number:,.0f}" if number >= 1_000 else f"{number:.3g}"


def cell(numbers, unit=""):
    spread = spread_of(numbers)
    return f"{short(spread.median)} ({short(spread.least)}–{short(spread.most)}){unit}"


def switch_rows(units):
    for name in SWITCHES:
        those = [unit["figures"][name] for unit in units if name in unit["figures"]]
        if those:
            yield name, {key: [one[key] for one in those] for key in (
                "bare_p50_ms", "done_p50_ms", "done_p99_ms", "p50_ms", "p99_ms")}


def ratio_of(figures):
    return [done / bare for done, bare in zip(figures["done_p50_ms"], figures["bare_p50_ms"],
                                              strict=True)]


def is_reached(holds):
    return "yes" if holds else "**no**"


def goals(switches, agreed, overload):
    yield "| goal | measured | reached |\n|---|---|---|"
    for name, figures in switches:
        ratios = ratio_of(figures)
        yield (f"| an order, read back, at most {RATIO_MAX} times the bare actuator (p50): "
               f"`{name}` | {cell(ratios, '×')} | {is_reached(max(ratios) <= RATIO_MAX)} |")
    if agreed:
        p50, p99 = quantile(agreed, 0.5), quantile(agreed, 0.99)
        yield (f"| from the question to the promise at most {AGREED_P50_MS_MAX} ms (p50) and "
               f"{AGREED_P99_MS_MAX} ms (p99), intent on the disk and edge read back | "
               f"{p50:.1f} and {p99:.1f} ms, n = {len(agreed)} | "
               f"{is_reached(p50 <= AGREED_P50_MS_MAX and p99 <= AGREED_P99_MS_MAX)} |")
    for wanted, measured, holds in overload_goals(overload):
        yield f"| {wanted} | {measured} | {is_reached(holds)} |"


def demo_rows(units):
    yield ("| | n | failed requests | of | users well after, s | checks made, % |\n"
           "|---|---|---|---|---|---|")
    for scenario in SCENARIOS:
        those = [unit for unit in units if unit["scenario"] == scenario]
        if not those:
            continue
        figures = [unit["figures"] for unit in those]
        healed = [one["heal_ms"] / 1e3 for one in figures if one["heal_ms"] is not None]
        cells = [cell([one["failed_requests"] for one in figures]),
                 cell([one["requests"] for one in figures]),
                 cell(healed) if healed else "never",
                 cell([unit["checks_made_percent"] for unit in those])]
        yield f"| `{scenario}` | {len(those)} | " + " | ".join(cells) + " |"


def switch_table(switches):
    yield ("| switch | n | bare p50 | done p50 | done p99 | first answer p50 | p99 |\n"
           "|---|---|---|---|---|---|---|")
    for name, figures in switches:
        columns = ("bare_p50_ms", "done_p50_ms", "done_p99_ms", "p50_ms", "p99_ms")
        yield (f"| `{name}` | {len(figures['p50_ms'])} | "
               + " | ".join(cell(figures[column]) for column in columns) + " |")


def invalidate_rows(units):
    yield ("| keys | n | drop p50, ms | drop p99, ms | reading back p50, ms | as many PINGs p50, "
           "ms |\n|---|---|---|---|---|---|")
    for keys in (100, 1_000, 10_000):
        those = [unit["figures"][f"invalidate/{keys}"] for unit in units]
        columns = ("drop_p50_us", "drop_p99_us", "look_p50_us", "ping_p50_us")
        cells = [cell([one[column] / 1e3 for one in those]) for column in columns]
        yield f"| {keys:,} | {len(those)} | " + " | ".join(cells) + " |"


HEAD = """# Figures of the mesh

Written by `make bench-mesh`; do not edit. What neighbours gain by agreeing, and what it takes.
Medians (least–most) over rounds or seeds.
"""

ABOUT_DEMO = """
## A neighbour that can do half, agreed with and not

The same fault, load and seeds. The fault lasts until users are well and 4 s more; without an
agreement for 12 s: no remedy of the menu fits then, and a person is called.
"""

ABOUT_SWITCHES = """
## From an order to the edge

Milliseconds; each order in turn with the bare command (HAProxy) or the bare rename (Envoy), 400
of each in a round. *Done*: read back. *First answer*: of a client that asks all the time.
"""

ABOUT_KEYS = """
## Keys of a cache on three nodes

200,000 others beside them; all nodes at once, over fresh connections.
"""

NOT_MEASURED = """
## What is not measured

- Goodput of the agreement at Envoy, with several callers, or at thousands of calls a second; a
  million payments through a stale cache.
- In-flight requests: the conformance suites hold that a switch loses none
  (`tests/conformance/dimmer_conformance.hpp`), and count no more."""


def page(runs):
    switch, invalidate, demo = (lines_of(runs / f"{part}.jsonl") for part in PARTS[:3])
    overload = overload_units(runs)
    loads = [unit["load_before"] for unit in switch + invalidate + demo]
    switches = list(switch_rows(switch))
    agreed = [ms for unit in demo for ms in unit["agreed_ms"]]
    yield HEAD
    program = program_told(read_json(runs / "program.json"))
    yield (f"- Program: {program}. Load before each unit (a mean of runnable processes, this work "
           f"included): median {spread_of(loads).median:.2f}, most {max(loads):.2f}.")
    yield ("- One again: `edge_switch_bench`, `redis_invalidate_bench`, `homeostat demo --only "
           "NAME --seed N --oracle rules`.\n")
    yield "## Goals\n"
    yield from goals(switches, agreed, overload)
    if demo:
        yield ABOUT_DEMO
        yield from demo_rows(demo)
    if overload:
        yield from overload_page(overload, read_json(overload_runs(runs) / "program.json"))
    if switches:
        yield ABOUT_SWITCHES
        yield from switch_table(switches)
    if invalidate:
        yield ABOUT_KEYS
        yield from invalidate_rows(invalidate)
    yield NOT_MEASURED


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="directory of the built programs")
    parser.add_argument("--runs", type=Path, default=ROOT / "build/mesh_figures")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/figures/mesh.md")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, metavar="PART")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds-overload", type=int, default=3)
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    options.runs.mkdir(parents=True, exist_ok=True)
    program = [options.bin / "homeostat"]
    if {"switch", "invalidate", "demo"} & set(options.parts):
        check_program(options.runs, program)
    if "switch" in options.parts:
        measure_benchmarks(options, "switch", "edge_switch_bench")
    if "invalidate" in options.parts:
        measure_benchmarks(options, "invalidate", "redis_invalidate_bench")
    if "demo" in options.parts:
        measure_demo(options)
    if "overload" in options.parts:
        # In a folder of its own, so that it can be measured without the others.
        overload_runs(options.runs).mkdir(exist_ok=True)
        check_program(overload_runs(options.runs), program)
        measure_overload(options)
    if "document" in options.parts:
        options.out.write_text("\n".join(page(options.runs)) + "\n")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
