#!/usr/bin/env python3
"""Measures templates and glosses of log lines beside drain3, and writes docs/figures/logs.md.

    make bench-logs                              everything; goes on where it was interrupted
    make bench-logs LOG_PARTS=document           one part
    tools/log_figures.py --bin build/release/bin --parts labelled --seeds 101 102

    part       does                                                              with the defaults
    peers      installs drain3 into RUNS/peers, as bench/drain3/requirements.txt  1 min
               pins it
    labelled   lines with known templates (tools/log_lines.py), in four formats,  10 min
               read by ours and by drain3, one right after the other
    demo       the demo's services write their logs; the same with those          5 min
    real       software that is installed here is started and provoked           1 min
               (tools/real_log_lines.py); which of its lines have a gloss
    troubles   wordings that served nobody to write the lexicon: their glosses    1 s
    document   writes the page from whatever has been measured

What is measured lies in RUNS, one JSON line each; a line that is there is not measured again.
Remove RUNS when a program changes: RUNS names their digest and refuses others.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import log_figures_page
import log_lines
import real_log_lines
from figure_runs import (ROOT, add_line, check_program, install_peers, lines_of, python_of,
                         say)

PEERS_SOURCE = ROOT / "bench/drain3"
REQUIREMENTS = PEERS_SOURCE / "requirements.txt"


def grouping_accuracy(found, truth):
    """The share of lines whose cluster holds exactly the lines of their template."""
    clusters, templates = defaultdict(list), defaultdict(list)
    for place, (cluster, template) in enumerate(zip(found, truth, strict=True)):
        clusters[cluster].append(place)
        templates[template].append(place)
    right = {tuple(places) for places in templates.values()}
    return sum(len(places) for places in clusters.values() if tuple(places) in right) / len(truth)


def said_by(command):
    ran = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=False)
    if ran.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {ran.returncode}")
    head, *rows = ran.stdout.splitlines()
    return json.loads(head), rows


def ours(options, file, times=1):
    head, rows = said_by([options.bin / "log_templates_bench", "--lines", file, times])
    return head, [row.split("\t") for row in rows]


def measured(options, lines, messages, truth=None):
    """All readers of the same lines, one after the other."""
    whole, alone = options.runs / "lines.log", options.runs / "messages.log"
    whole.write_text("".join(line + "\n" for line in lines))
    alone.write_text("".join(message + "\n" for message in messages))
    unit = {"n": len(lines), "bytes": whole.stat().st_size, "load_before": os.getloadavg()[0]}
    head, rows = ours(options, whole, options.times)
    results = {"ours": (head, [row[0] for row in rows])}
    script = PEERS_SOURCE / "drain3_lines.py"
    for name, file, more in (
        ("drain3", whole, []),
        ("drain3_masked", whole, ["--masked"]),
        ("drain3_messages", alone, ["--masked"]),
    ):
        results[name] = said_by([python_of(options.runs), script, file, 1, *more])
    for name, (head, found) in results.items():
        assert len(found) == len(lines), name
        unit[name] = {
            "lines_per_second": [len(lines) / seconds for seconds in head["cpu_seconds"]],
            "templates": len(set(found)),
        }
        if truth is not None:
            unit[name]["accuracy"] = grouping_accuracy(found, truth)
    return unit


def measure_labelled(options):
    file = options.runs / "labelled.jsonl"
    done = {(unit["seed"], unit["format"]) for unit in lines_of(file)}
    for seed in options.seeds:
        for form in log_lines.FORMATS:
            if (seed, form) in done:
                continue
            lines, messages, truth = zip(*log_lines.service_lines(seed, form), strict=True)
            unit = {"seed": seed, "format": form} | measured(options, lines, messages, truth)
            add_line(file, unit)
            say(
                f"seed {seed}, {form}: "
                + ", ".join(
                    f"{name} {unit[name]['accuracy']:.3f} at "
                    f"{max(unit[name]['lines_per_second']):,.0f}/s"
                    for name in ("ours", "drain3", "drain3_masked", "drain3_messages")
                )
            )


def demo_lines(options):
    """What the demo's services print while each of its faults is in force."""
    kept = options.runs / "demo.log"
    if not kept.exists():
        kept.write_text("".join(f"{line}\n" for line in real_log_lines.lines_of_demo(options.bin)))
    return kept.read_text().splitlines()


def measure_demo(options):
    file = options.runs / "demo.jsonl"
    lines = demo_lines(options)
    if not lines_of(file):
        add_line(file, measured(options, lines, lines) | glosses_of(options, lines))


def glosses_of(options, lines):
    file = options.runs / "glossed.log"
    file.write_text("".join(line + "\n" for line in lines))
    _, rows = ours(options, file)
    counts = defaultdict(int)
    for _, gloss, general, level in rows:
        kind = "none" if gloss == "-" else "general" if general == "general" else "own"
        counts[f"{level} {kind}"] += 1
    return {"glosses": dict(counts)}


def measure_real(options):
    file = options.runs / "real.jsonl"
    done = {unit["source"] for unit in lines_of(file)}
    for source, collect in real_log_lines.SOURCES.items():
        if source in done:
            continue
        lines = collect()
        if not lines:
            say(f"{source}: not installed here")
            continue
        (options.runs / f"real_{source}.log").write_text("".join(f"{line}\n" for line in lines))
        add_line(file, {"source": source, "n": len(lines)} | glosses_of(options, lines))
        say(f"{source}: {lines_of(file)[-1]}")


def measure_troubles(options):
    file = options.runs / "troubles.jsonl"
    file.unlink(missing_ok=True)
    wordings = list(log_lines.trouble_lines())
    lines = options.runs / "troubles.log"
    lines.write_text("".join(line + "\n" for line, _ in wordings))
    _, rows = ours(options, lines)
    for (line, right), (_, gloss, general, _) in zip(wordings, rows, strict=True):
        verdict = (
            "none"
            if gloss == "-"
            else "right" if gloss in right else "general" if general == "general" else "wrong"
        )
        add_line(file, {"line": line, "right": sorted(right), "gloss": gloss, "verdict": verdict})


PARTS = {
    "peers": lambda options: install_peers(options.runs, REQUIREMENTS, may_build=True),
    "labelled": measure_labelled,
    "demo": measure_demo,
    "real": measure_real,
    "troubles": measure_troubles,
    "document": lambda options: log_figures_page.write(options.runs, options.out),
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bin", type=Path, required=True, help="directory of the built programs")
    parser.add_argument("--runs", type=Path, default=ROOT / "build/log_figures")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/figures/logs.md")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(101, 111)))
    parser.add_argument("--times", type=int, default=5, help="how often ours reads each file")
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    check_program(options.runs, [options.bin / "log_templates_bench"])
    for part in options.parts:
        PARTS[part](options)


if __name__ == "__main__":
    main()
