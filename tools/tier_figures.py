#!/usr/bin/env python3
"""How long one decision takes with models of four sizes, on one processor and two, busy and quiet.

    tools/tier_figures.py --bin build/release/bin
    make bench-tiers

The local model is the 270M one. The others are random weights in the shapes of real models
(tier_shapes.py): what they answer means nothing, how long it takes is what a real one takes. Each
is asked by `homeostat bench decide`, the agent's own client with its own server, under SCHED_IDLE.
Busy is a process for each processor that works 2 ms of every 4.

Writes OUT. Files of random weights are kept in --runs; the largest has 3.4 GB.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figure_runs import ROOT, say
from tier_shapes import SHAPES, write_model

PYTHON = ROOT / "build/model/venv/bin/python"
BASE = ROOT / "build/model/gemma-3-270m-q8_0.gguf"
LOCAL = "Gemma-3-270M"
WORK_S, EVERY_S = 0.002, 0.004
ASK_WITHIN_S = 900
ONE_CASE_FROM_MILLIONS = 2000  # Each question of such a model takes many seconds.


def work_half_of_the_time():
    while True:
        begun = time.monotonic()
        while time.monotonic() < begun + WORK_S:
            pass
        time.sleep(max(0, begun + EVERY_S - time.monotonic()))


class Load:
    """Half of each processor, or nothing."""

    def __init__(self, is_busy):
        count = os.cpu_count() if is_busy else 0
        self.workers = [multiprocessing.Process(target=work_half_of_the_time, daemon=True)
                        for _ in range(count)]

    def __enter__(self):
        for worker in self.workers:
            worker.start()

    def __exit__(self, *_):
        for worker in self.workers:
            worker.kill()
            worker.join()


def write_cases(path, count):
    """The first cases of the demo that leave a choice."""
    cases = json.loads((ROOT / "examples/payment_gateway/decide_cases.json").read_text())
    kinds = [{item["remedy"]["kind"] for item in case["menu"]["items"]} for case in cases]
    path.write_text(json.dumps([case for case, those in zip(cases, kinds, strict=True)
                                if len(those) > 1][:count]))


def figures_of(document):
    """What a page says of one run of `bench decide --json`."""
    latency = document["latency"]
    cold, warm = latency["cold"], latency["again"]
    if cold is None or cold["count"] == 0:
        return None
    return {"n": cold["count"], "tokens": cold["tokens_fresh_p50"],
            "cold_p50": cold["p50_ms"], "cold_most": cold["max_ms"],
            "warm_p50": warm["p50_ms"], "warm_most": warm["max_ms"]}


def measure(options, model, threads, is_busy, cases):
    """None if the model did not come up or never answered."""
    with Load(is_busy):
        try:
            ran = subprocess.run(
                [options.bin / "homeostat", "bench", "decide", "--json", "--model", model,
                 "--threads", str(threads), "--cases", cases, "--repeats", str(options.repeats)],
                stdout=subprocess.PIPE, text=True, timeout=ASK_WITHIN_S, check=False)
        except subprocess.TimeoutExpired:
            return None
    return figures_of(json.loads(ran.stdout)) if ran.returncode == 0 else None


def models_of(options):
    """(name, weights in millions or None, file), the small ones first."""
    options.runs.mkdir(parents=True, exist_ok=True)
    wanted = [shape for shape in SHAPES if shape.name in options.shapes]
    made = {shape: options.runs / f"{shape.name}.gguf" for shape in wanted}
    missing = [shape for shape, file in made.items() if not file.exists()]
    if missing:
        import gguf
        reader = gguf.GGUFReader(BASE)
        for shape in missing:
            say(f"writing random weights in the shape of {shape.name}")
            unfinished = made[shape].with_suffix(".tmp")
            write_model(shape, reader, unfinished)
            unfinished.rename(made[shape])
    rows = [(shape.name, shape.weights / 1e6, file) for shape, file in made.items()]
    if LOCAL in options.shapes:
        rows.append((LOCAL, 268, BASE))
    return sorted(rows, key=lambda row: row[1])


def cell(told, name):
    return "no answer" if told is None else \
        f"{told[name + '_p50']:,.0f} ({told[name + '_most']:,.0f})"


def page_of(measured, about):
    """`measured`: (name, millions of weights, MiB, threads, is_busy, figures or None) by row."""
    rows = "".join(
        f"| {name} | {millions:,.0f} | {mib:,.0f} | {threads} | {'busy' if is_busy else 'quiet'} | "
        f"{cell(told, 'cold')} | {cell(told, 'warm')} | "
        f"{told['tokens'] if told else 0:.0f} | {told['n'] if told else 0} |\n"
        for name, millions, mib, threads, is_busy, told in measured)
    return PAGE.format(rows=rows, **about)


PAGE = """# How long one decision takes, by the size of the model

Written by `make bench-tiers`; do not edit. What `homeostat bench decide --model X.gguf --threads N`
says of any model, by size. All are in Q8_0.

- Program: {program}. Machine: {cores} processors ({processor}; AMX: {amx}), load before {load:.2f}.
- **Only the 270M one is a model.** The others are random weights in the shapes of those that they
  are named for: what they would answer nobody measured, only how long an answer takes, which does
  not depend on the weights. All have the tokenizer of the 270M one, cut to the size of their own.
- Threads: of the model's server. The agent gives it one; the second is for whoever starts one with
  more (`model.url`). Each server runs under SCHED_IDLE, as the agent starts it.
- Busy: each processor works 2 ms of every 4 for somebody else.
- Cold: all of the evidence is read anew, behind the fixed part of the prompt, which is known. Warm:
  the same question once more. Median (longest) in ms.
- The agent asks for {deadline} ms (`model.deadline`) and then lets the rules decide alone.

| shape | million weights | MiB | threads | processors | cold ms | warm ms | tokens read | n |
|---|---|---|---|---|---|---|---|---|
{rows}
"""


def about_machine(load):
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    processor = next((line.split(":")[1].strip() for line in lines
                      if line.startswith("model name")), "unknown")
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                            capture_output=True, text=True, check=False).stdout.strip()
    has_amx = any("amx_int8" in line for line in lines if line.startswith("flags"))
    return {"program": commit, "cores": os.cpu_count(), "processor": processor,
            "amx": "yes" if has_amx else "no", "load": load, "deadline": 100}


def run(options):
    about = about_machine(os.getloadavg()[0])
    measured = []
    with tempfile.TemporaryDirectory(prefix="homeostat-tiers-") as directory:
        cases = Path(directory) / "cases.json"
        for name, millions, file in models_of(options):
            write_cases(cases, options.cases if millions < ONE_CASE_FROM_MILLIONS else 1)
            for threads in options.threads:
                for is_busy in (False, True):
                    begun = time.monotonic()
                    told = measure(options, file, threads, is_busy, cases)
                    say(f"{name}, threads {threads}, {'busy' if is_busy else 'quiet'}: "
                        f"{json.dumps(told)} in {time.monotonic() - begun:.0f} s")
                    measured.append((name, millions, file.stat().st_size / 2**20, threads, is_busy,
                                     told))
    if not any(told for *_, told in measured):
        sys.exit("no model answered; `homeostat bench decide` has said why")
    options.out.write_text(page_of(measured, about))
    say(f"{options.out} is written")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    names = sorted({shape.name for shape in SHAPES} | {LOCAL})
    parser.add_argument("--bin", type=Path, required=True, help="the built programs")
    parser.add_argument("--shapes", nargs="+", choices=names, default=names)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--cases", type=int, default=2, help="different decisions")
    parser.add_argument("--repeats", type=int, default=2, help="how often each is asked")
    parser.add_argument("--runs", type=Path, default=ROOT / "build/bench/tiers")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/figures/tiers.md")
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    if not BASE.exists():
        sys.exit("there is no local model, whose vocabulary all have; `make model` brings it")
    if Path(sys.prefix).resolve() != PYTHON.parent.parent.resolve():
        os.execv(PYTHON, [PYTHON, __file__, *sys.argv[1:]])  # gguf and numpy are there.
    run(options)


if __name__ == "__main__":
    main()
