"""The page docs/figures/logs.md, from what tools/log_figures.py has measured."""

import statistics
from collections import Counter, defaultdict

from figure_runs import lines_of, program_told, read_json

READERS = {
    "ours": "ours, whole lines with their glosses",
    "drain3": "drain3 as it comes, whole lines",
    "drain3_masked": "drain3 with its example's masks, whole lines",
    "drain3_messages": "drain3 with those masks, the message alone",
}
HEAD = """# Templates and glosses of log lines

Written by `make bench-logs`; do not edit. How lines are grouped, how fast, and how many have a
meaning that we know.

- Program: {commit}. Beside it: drain3 0.9.11 from PyPI, by the same Python, in the same run, on
  the same lines.
- CPU seconds of one process on one core; shown: median (least–most). The load of the machine
  before each measurement: median {load:.1f}.
- Ours reads whole lines (date, level, logger, key=value, JSON) and looks each up in the lexicon;
  drain3 does neither. Its last row is given what only
  a parser knows: the message without the rest of the line.
"""


def spread(values, form):
    middle = statistics.median(values)
    return f"{middle:{form}} ({min(values):{form}}–{max(values):{form}})"


def labelled(runs):
    units = lines_of(runs / "labelled.jsonl")
    if not units:
        return ""
    text = f"""
## Lines whose template is known

{len(units)} services drawn from seeds (`tools/log_lines.py`; 60 templates each, {units[0]['n']:,}
lines, numbers, ids, names without digits, lists, quoted
text; siblings that differ in one word). *Accuracy*: the share of lines whose cluster holds
exactly the lines of their template. The seeds shown served no
tuning, but the generator is ours: its words were at hand when the rules were written.

| format | reader | n | accuracy | lines per second |
|---|---|---|---|---|
"""
    for form in dict.fromkeys(unit["format"] for unit in units):
        of = [unit for unit in units if unit["format"] == form]
        for name, says in READERS.items():
            accuracy = [unit[name]["accuracy"] for unit in of]
            speed = [value for unit in of for value in unit[name]["lines_per_second"]]
            text += (
                f"| {form} | {says} | {len(of)} | {spread(accuracy, '.3f')} | "
                f"{spread(speed, ',.0f')} |\n"
            )
    return text


def demo(runs):
    units = lines_of(runs / "demo.jsonl")
    if not units:
        return ""
    (unit,) = units
    text = f"""
## Lines of the demo

{unit['n']:,} lines of all that its programs print under each fault (`homeostat demo --oracle
rules --keep DIR`). No truth is known of them.

| reader | templates | lines per second |
|---|---|---|
"""
    for name, says in READERS.items():
        text += (
            f"| {says} | {unit[name]['templates']} | "
            f"{spread(unit[name]['lines_per_second'], ',.0f')} |\n"
        )
    return text


def real(runs):
    units = lines_of(runs / "real.jsonl") + [
        {"source": "demo"} | unit for unit in lines_of(runs / "demo.jsonl")
    ]
    if not units:
        return ""
    text = """
## Glosses of what real software prints

Started here and asked for what it cannot do (`tools/real_log_lines.py`); `debian` is what
Debian's tools left in /var/log, `demo` the lines above. None of
these lines served to write the lexicon, which stands as it was when they were first read.
*Unknown*: no gloss. *General*: one that says little ("not found").
A line that repeats counts each time. Most lines of level info are no trouble and need no gloss.

| source | level | n | gloss | general | unknown |
|---|---|---|---|---|---|
"""
    sums = defaultdict(Counter)
    for unit in units:
        for level in ("error", "warning", "info"):
            counts = {
                kind: unit["glosses"].get(f"{level} {kind}", 0)
                for kind in ("own", "general", "none")
            }
            text += row(unit["source"], level, counts)
            if unit["source"] != "demo":
                sums[level].update(counts)
    for level, counts in sums.items():
        text += row("all but the demo", level, counts)
    return text


def row(source, level, counts):
    total = sum(counts.values())
    if total == 0:
        return ""
    shares = " | ".join(f"{counts[kind] / total:.0%}" for kind in ("own", "general", "none"))
    return f"| {source} | {level} | {total:,} | {shares} |\n"


def troubles(runs):
    units = lines_of(runs / "troubles.jsonl")
    if not units:
        return ""
    counts = Counter(unit["verdict"] for unit in units)
    total = len(units)
    shares = " | ".join(
        f"{counts[verdict] / total:.0%}" for verdict in ("right", "general", "wrong", "none")
    )
    wordings = total // 4
    text = f"""
## Glosses of held-out wordings

{total} lines: {wordings} wordings in four formats, written after the lexicon
(`tools/log_lines.py`) and never added to it; by the same author, though, and half of
them quote libraries that the lexicon knows. Before each stood what it ought to mean.

| right | general | wrong | unknown |
|---|---|---|---|
| {shares} |
"""
    return text


def write(runs, out):
    program = read_json(runs / "program.json")
    loads = [
        unit["load_before"]
        for name in ("labelled", "demo")
        for unit in lines_of(runs / f"{name}.jsonl")
    ]
    head = HEAD.format(commit=program_told(program), load=statistics.median(loads or [0]))
    out.write_text(head + labelled(runs) + demo(runs) + real(runs) + troubles(runs))
