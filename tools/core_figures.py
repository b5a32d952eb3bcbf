#!/usr/bin/env python3
"""Measures the durable core beside LangGraph and NeoGraph, and writes docs/figures/core.md.

    make bench-core                                  everything; goes on where it was interrupted
    make bench-core CORE_PARTS=document              one part
    tools/core_figures.py --bin build/release/bin --rounds 2 --only heal_200 --seconds 0.2

    part       does                                                      with the defaults
    peers      installs what is compared with, into RUNS/peers: wheels,  1 min
               pinned with hashes in bench/langgraph/requirements.txt
    pairs      each graph with each kind of store, here and there, one   20 rounds, 1 h
               right after the other, in an order drawn for each
    ledger     appends and verification beside what they cannot do        20 rounds, 15 min
               without; memory of threads that wait
    document   writes the page from whatever has been measured

Each measurement is a process of its own. What is measured lies in RUNS/pairs.jsonl, a line for each
graph, kind of store and round, and in RUNS/ledger.jsonl; a line that is there is not measured
again. Remove RUNS when a program changes: RUNS names their digest and refuses others. The files
that are written while measuring lie in RUNS, too: it has to be on a real disk. Run it on a quiet
machine; the load before each line is written down with it.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import core_figures_page
from figure_runs import (ROOT, add_line, check_program, install_peers, lines_of, python_of,
                         say)

PEERS_SOURCE = ROOT / "bench/langgraph"
REQUIREMENTS = PEERS_SOURCE / "requirements.txt"
WORKLOADS = ("heal_1", "heal_200", "loop_1000", "chain_10", "chain_1000", "fan_out_10",
             "fan_out_100", "wide_300", core_figures_page.INCIDENTS)
# Of each saver of LangGraph: what of ours is measured beside it.
BESIDE = {"none": ("no_store",), "memory": ("memory",), "sqlite": ("file_synced", "file_effects")}
BESIDE_INCIDENTS = {"sqlite": ("file_effects",)}


def said_by(command, directory):
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False,
                         env={**os.environ, "TMPDIR": directory})
    if ran.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {ran.returncode}")
    return json.loads(ran.stdout)


def rows_of(options, program, wanted, directory):
    said = said_by([options.bin / program, "--benchmark_format=json",
                    f"--benchmark_filter={wanted}",
                    f"--benchmark_min_time={options.seconds}"], directory)
    return said["benchmarks"]


def measure_ours(options, workload, mode, directory):
    """Or why our store refuses its commits."""
    (row,) = rows_of(options, "state_graph_bench", f"^{workload}/{mode}/", directory)
    if row.get("error_occurred"):
        return {"refused": row["error_message"]}
    assert row["time_unit"] == "ns"
    steps = row["supersteps"]
    return {"supersteps": steps, "wall_us": row["real_time"] / steps / 1e3,
            "cpu_us": row["cpu_time"] / steps / 1e3, "bytes": row["bytes_per_superstep"],
            "disk_bytes": row.get("disk_bytes_per_superstep")}


def measure_peer(options, peer, workload, saver, directory):
    return said_by([python_of(options.runs), PEERS_SOURCE / f"{peer}_workloads.py",
                    "--workload", workload, "--saver", saver, "--seconds", str(options.seconds)],
                   directory)


def beside(workload):
    return BESIDE_INCIDENTS if workload == core_figures_page.INCIDENTS else BESIDE


def peers_of(workload):
    """NeoGraph's reducers are append and overwrite: it cannot have the channels of `wide`. How it
    runs incidents side by side is not looked into."""
    return [peer for peer in core_figures_page.PEERS
            if peer != "neograph" or not workload.startswith(("wide", "incidents"))]


def measure_unit(options, number, workload, saver):
    unit = {"round": number, "workload": workload, "saver": saver,
            "load_before": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory(prefix="files-", dir=options.runs) as directory:
        tasks = {mode: lambda mode=mode: measure_ours(options, workload, mode, directory)
                 for mode in beside(workload)[saver]}
        for peer in peers_of(workload):
            tasks[peer] = lambda peer=peer: measure_peer(options, peer, workload, saver, directory)
        order = list(tasks)
        random.Random(f"{number} {workload} {saver}").shuffle(order)  # What drifts favours none.
        for name in order:
            unit[name] = tasks[name]()
    return unit


def measure_pairs(options):
    if not python_of(options.runs).exists():
        sys.exit("the peers are not installed; run the part peers first")
    file = options.runs / "pairs.jsonl"
    done = {(unit["round"], unit["workload"], unit["saver"]) for unit in lines_of(file)}
    wanted = [(number, workload, saver) for number in range(1, options.rounds + 1)
              for workload in ([options.only] if options.only else WORKLOADS)
              for saver in beside(workload)]
    for number, workload, saver in wanted:
        if (number, workload, saver) not in done:
            unit = measure_unit(options, number, workload, saver)
            add_line(file, unit)
            ours = unit[beside(workload)[saver][0]]
            said = f"{ours['wall_us']:.3g} µs" if "wall_us" in ours else ours["refused"]
            say(f"round {number} of {options.rounds}, {workload}, {saver}: {said} beside "
                f"{unit['langgraph']['wall_us']:.3g}")


def measure_ledger(options):
    file = options.runs / "ledger.jsonl"
    for number in range(len(lines_of(file)) + 1, options.rounds + 1):
        unit = {"round": number, "load_before": os.getloadavg()[0]}
        with tempfile.TemporaryDirectory(prefix="files-", dir=options.runs) as directory:
            for row in rows_of(options, "ledger_append_bench", ".", directory):
                unit |= {f"{row['name'].split('/iter')[0]} {key}": value
                         for key, value in row.items() if "ratio" in key or "_us_" in key}
            (row,) = rows_of(options, "state_graph_bench", "^waiting_10000", directory)
            unit["bytes_per_thread"] = row["bytes_per_thread"]
        add_line(file, unit)
        say(f"round {number} of {options.rounds}: the ledger")


PARTS = {"peers": lambda options: install_peers(options.runs, REQUIREMENTS),
         "pairs": measure_pairs, "ledger": measure_ledger,
         "document": lambda options: core_figures_page.write(options.runs, options.out)}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="directory of the built programs")
    parser.add_argument("--runs", type=Path, default=ROOT / "build/core_figures")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/figures/core.md")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=1, help="of each measurement, at least")
    parser.add_argument("--only", choices=WORKLOADS, metavar="GRAPH", help="one graph by its name")
    options = parser.parse_args()
    options.bin, options.runs = options.bin.resolve(), options.runs.resolve()
    options.runs.mkdir(parents=True, exist_ok=True)
    check_program(options.runs, [options.bin / "state_graph_bench",
                                 options.bin / "ledger_append_bench", REQUIREMENTS,
                                 *sorted(PEERS_SOURCE.glob("*.py"))])
    for part in options.parts:
        say(f"== {part}")
        PARTS[part](options)


if __name__ == "__main__":
    # Also where a shell has started it in the background, and so told it to ignore Ctrl-C.
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        say("interrupted; call it again to go on")
        sys.exit(130)
