"""Writes the page of the durable core's figures from what tools/core_figures.py has measured.

Only arithmetic and words: what was not measured is said to be missing, and a goal that is not
reached is said to be missed. A ratio is one of two measurements of the same round.
"""

from demo_figures_page import machine_text, number, quantile, shown, table, verdict
from figure_runs import lines_of, program_told, read_json

OURS = "ours"
LANGGRAPH = "langgraph"
PEERS = {LANGGRAPH: "LangGraph", "neograph": "NeoGraph"}
LOOP = "heal_200"  # What an incident is, many times over.
INCIDENTS = "incidents_16"
CLOCKS = {"cpu_us": "CPU", "wall_us": "wall"}
SUPERSTEP_US_MAX = 2
ROUNDS_MIN = 5

# (Saver of the peers, ours beside it, heading, what is compared)
SECTIONS = [
    ("none", "no_store", "Nothing kept",
     "No checkpoints here or there; ours makes and hashes its commits all the same."),
    ("memory", "memory", "History in memory",
     "All commits, hashes checked, in `MemoryStore`; `InMemorySaver` with `durability=\"sync\"`; "
     "`InMemoryCheckpointStore`."),
    ("sqlite", "file_synced", "On the disk after each superstep",
     "Equal durability: each commit in the segments of `CheckpointStore`, the store that ships, "
     "and an `fdatasync` after it; SQLite in WAL mode with `synchronous=FULL`."),
    ("sqlite", "file_effects", "On the disk where an effect needs it",
     "The same store. Ours syncs what `act` and the end of a thread leave, and survives a crash "
     f"of the process everywhere else; of the threads of `{INCIDENTS}` with one `fdatasync` for "
     "all. The peers know neither that difference nor a commit in common, and sync all, as "
     "above."),
]

# (Goal, saver, ours beside it, at least so many times)
RATIO_GOALS = [
    ("with its memory saver, at least 100 times ours", "memory", "memory", 100),
    ("with its SQLite saver at equal durability, at least 15 times ours", "sqlite", "file_synced",
     15),
    ("with its SQLite saver, at least 10 times ours that syncs for effects", "sqlite",
     "file_effects", 10),
]
INCIDENTS_RATIO_MIN = 40
BYTES_RATIO_MIN = 100
APPEND_RATIO_MAX = 1.3
VERIFY_RATIO_MIN = 0.6
WAITING_COUNT = 10_000

# (What, as ledger_append_bench names it)
APPENDS = [("512 bytes", "append_against_floor/512"), ("8 KiB", "append_against_floor/8192")]
VERIFY = "verify/manual_time speed_ratio_p50"

NOTES = """\
- The ratios hold the languages, too: LangGraph is Python and calls nodes that are Python, ours are
  compiled. NeoGraph's engine is C++ and is called from its Python package, with nodes in Python.
- LangGraph does more in a superstep. Its state may be any Python object, and each checkpoint has
  the whole value of every channel with a version for each and for each node; ours keeps typed
  values, and what has changed, with all of the state again once these have twice its size. Its
  tasks pass through callbacks, retries and streams that an application can hook into.
- In `wide_300` its values are shared: a list that is written to three channels is one list, and
  nothing is copied before a checkpoint. Ours copies each value that a node writes, and makes and
  hashes a commit also where nothing is kept. NeoGraph has no channels of that kind.
- Its tracing is off and `stream` drives it, the cheapest of its ways. Its asynchronous interface,
  which may run tasks side by side, is not measured; no node here waits for anything.
- Its SQLite saver leaves a database with an index, which others can read meanwhile. Our segments
  are chained by SHA-256 and have one writer, who holds what a thread needs to go on in memory.
- `incidents_16` is 16 threads of `heal_20` over one store. Ours go superstep by superstep, and what
  a round commits has one `fdatasync` in common. LangGraph's have a thread of the process each and
  one saver; it has no group commit. NeoGraph is not measured with it.
- `act` is kept once in a round here. One that asks the world and waits for its reply is kept, and
  synced, twice.
- Each side is divided by its own supersteps. START is one for LangGraph and none for the others,
  which favours LangGraph, most in the short graphs. A superstep of `fan_out_100` has 34 tasks on
  average.
- Bytes are those of the checkpoints and pending writes in SQLite without keys, pages and indexes,
  and those of whole commits here, in binary, names and hashes included. Bytes on the disk are those
  of the whole database, and of our segments, in which a commit is a record of JSON in hex.
- The nodes do nothing. Those of an application wait for models and services, mostly for seconds:
  this is what an engine costs, not what an application gains."""


def times_of(units, saver, way, workload, clock):
    """Of a way to keep: one of ours, or a peer."""
    return [unit[way][clock] for unit in units_of(units, saver, workload, way)]


def ratios_of(units, saver, way, workload, clock, peer=LANGGRAPH):
    return [unit[peer][clock] / unit[way][clock]
            for unit in units_of(units, saver, workload, way)]


def units_of(units, saver, workload, way):
    return [unit for unit in units if (unit["saver"], unit["workload"]) == (saver, workload)
            and "refused" not in unit[way]]


def refusals(units, saver, way):
    """What our store does not take, with the reason."""
    return {unit["workload"]: unit[way]["refused"] for unit in of_saver(units, saver)
            if "refused" in unit.get(way, {})}


def graphs_measured(units, saver, way):
    """One thread at a time, and kept."""
    refused = refusals(units, saver, way)
    return [workload for workload in workloads_of(of_saver(units, saver))
            if workload != INCIDENTS and workload not in refused]


def measures(units, workload, peer):
    return any(unit["workload"] == workload and peer in unit for unit in units)


def workloads_of(units):
    return list(dict.fromkeys(unit["workload"] for unit in units))


def median(numbers):
    return quantile(numbers, 0.5)


# --- goals -------------------------------------------------------------------------------
def reached(values, is_enough):
    """Of lists that all have to hold the goal: by their medians, and in every round."""
    if min(map(len, values)) < ROUNDS_MIN:
        return f"not shown: fewer than {ROUNDS_MIN} rounds"
    if not all(is_enough(median(numbers)) for numbers in values):
        return verdict(False)
    is_always = all(is_enough(each) for numbers in values for each in numbers)
    return verdict(True) if is_always else "not shown: not in every round"


def clocks_text(values, sign=""):
    return ", ".join(f"{says} {shown(numbers)}{sign}"
                     for says, numbers in zip(CLOCKS.values(), values))


def goal_rows(goal, values_of, workloads, sign, is_enough, worse, refused=()):
    """For the healing loop, and for the graph that does worst. `worse` orders medians, the worst
    first. A graph whose commits are refused reaches nothing."""
    values = {workload: values_of(workload) for workload in workloads}
    if not values:
        return [[goal, "not measured", "–"]]
    rows = []
    if LOOP in values:
        rows.append([f"{goal}: `{LOOP}`", clocks_text(values[LOOP], sign),
                     reached(values[LOOP], is_enough)])
    worst = min(values, key=lambda workload: min(worse(median(each)) for each in values[workload]))
    said = f"the worst is `{worst}`: {clocks_text(values[worst], sign)}"
    return [*rows, every_graph_row(goal, said, reached(values[worst], is_enough), refused)]


def every_graph_row(goal, said, is_reached, refused):
    said += "".join(f"; `{workload}` is refused" for workload in refused)
    return [f"{goal}: every graph", said, verdict(False) if refused else is_reached]


def incidents_row(units):
    goal = (f"LangGraph with its SQLite saver, at least {INCIDENTS_RATIO_MIN} times ours that "
            f"syncs for effects, 16 incidents side by side: `{INCIDENTS}`")
    ratios = [ratios_of(units, "sqlite", "file_effects", INCIDENTS, clock) for clock in CLOCKS]
    if not ratios[0]:
        return [goal, "not measured", "–"]
    return [goal, clocks_text(ratios, "×"),
            reached(ratios, lambda ratio: ratio >= INCIDENTS_RATIO_MIN)]


BYTES = {"bytes": "commits", "disk_bytes": "on the disk"}


def bytes_ratio(units, workload, what):
    return median(ratios_of(units, "sqlite", "file_synced", workload, what))


def bytes_rows(units):
    goal = f"LangGraph keeps at least {BYTES_RATIO_MIN} times as many bytes per superstep"
    ratios = {workload: [bytes_ratio(units, workload, what) for what in BYTES]
              for workload in graphs_measured(units, "sqlite", "file_synced")}
    if not ratios:
        return [[goal, "not measured", "–"]]

    def said(workload):
        return ", ".join(f"{says} {number(ratio)}×"
                         for says, ratio in zip(BYTES.values(), ratios[workload]))

    def is_reached(workload):
        return verdict(min(ratios[workload]) >= BYTES_RATIO_MIN)

    worst = min(ratios, key=lambda workload: min(ratios[workload]))
    rows = [[f"{goal}: `{LOOP}`", said(LOOP), is_reached(LOOP)]] if LOOP in ratios else []
    return [*rows, every_graph_row(goal, f"the worst is `{worst}`: {said(worst)}",
                                   is_reached(worst), refusals(units, "sqlite", "file_synced"))]


def of_saver(units, saver):
    return [unit for unit in units if unit["saver"] == saver]


def ledger_goal_rows(rounds):
    append, verify = ("an append takes at most "
                      f"{APPEND_RATIO_MAX} times as long as a bare write and fdatasync: median",
                      f"verification is at least {VERIFY_RATIO_MIN} times as fast as SHA-256")
    if not rounds:
        return [[append, "not measured", "–"], [verify, "not measured", "–"]]
    appends = [[each[f"{name} ratio_p50"] for each in rounds] for _, name in APPENDS]
    speeds = [each[VERIFY] for each in rounds]
    return [[append, ", ".join(f"{says} {shown(ratios)}×"
                               for (says, _), ratios in zip(APPENDS, appends)),
             reached(appends, lambda ratio: ratio <= APPEND_RATIO_MAX)],
            [verify, f"{shown(speeds)}×",
             reached([speeds], lambda ratio: ratio >= VERIFY_RATIO_MIN)]]


def ledger_section(rounds):
    lines = ["## The ledger", "",
             "Each append by itself, synced, in turn with a `write` and an `fdatasync` of as many "
             "bytes to a file beside it; 2,000 of each in a round. Verification reads and checks "
             "9 MB, in turn with SHA-256 of as much.", ""]
    if not rounds:
        return [*lines, "Not measured.", ""]
    rows = [[f"append of {says}, {quantile}", len(rounds),
             shown([each[f"{name} ledger_us_{quantile}"] for each in rounds]),
             shown([each[f"{name} floor_us_{quantile}"] for each in rounds]),
             f"{shown([each[f'{name} ratio_{quantile}'] for each in rounds])}×"]
            for says, name in APPENDS for quantile in ("p50", "p99")]
    waiting = shown([each["bytes_per_thread"] for each in rounds])
    return [*lines, *table(["what", "n", "µs", "µs of the floor", "ratio"], rows), "",
            f"{WAITING_COUNT:,} threads of the benchmark's `heal_1` that wait after their first "
            f"action take {waiting} bytes of memory each. That is this small graph's figure; an "
            "incident of the product's healing loop holds other things and is not measured.", ""]


def goals_section(units, ledger_rounds):
    rows = goal_rows(
        f"at most {SUPERSTEP_US_MAX} µs per superstep with history and content hash",
        lambda workload: [times_of(units, "memory", "memory", workload, clock)
                          for clock in CLOCKS],
        graphs_measured(units, "memory", "memory"), " µs", lambda us: us <= SUPERSTEP_US_MAX,
        lambda us: -us)
    for goal, saver, way, times_min in RATIO_GOALS:
        rows += goal_rows(
            f"LangGraph {goal}",
            lambda workload, saver=saver, way=way: [
                ratios_of(units, saver, way, workload, clock) for clock in CLOCKS],
            graphs_measured(units, saver, way), "×",
            lambda ratio, times_min=times_min: ratio >= times_min, lambda ratio: ratio,
            refusals(units, saver, way))
    rows.append(incidents_row(units))
    return ["## Goals", "",
            f"Reached: by both clocks, in at least {ROUNDS_MIN} rounds and in every one of them.",
            "", *table(["goal", "measured", "reached"],
                       [*rows, *bytes_rows(units), *ledger_goal_rows(ledger_rounds)])]


# --- the rest ----------------------------------------------------------------------------
def times_section(units, saver, way, heading, says):
    lines = [f"## {heading}", "", says, ""]
    refused = refusals(units, saver, way)
    units = [unit for unit in of_saver(units, saver) if way in unit]
    if not units:
        return [*lines, "Not measured.", ""]
    rows = []
    for workload in (each for each in workloads_of(units) if each not in refused):
        for engine in (way, *(peer for peer in PEERS if measures(units, workload, peer))):
            times = [times_of(units, saver, engine, workload, clock) for clock in CLOCKS]
            ratios = ([f"{shown(ratios_of(units, saver, way, workload, clock, engine))}×"
                       for clock in CLOCKS] if engine in PEERS else ["", ""])
            rows.append([workload, PEERS.get(engine, OURS), len(times[0]), *map(shown, times),
                         *ratios])
    head = ["graph", "engine", "n", "µs CPU", "µs wall", "CPU ÷ ours", "wall ÷ ours"]
    return lines + table(head, rows) + [
        line for workload, why in refused.items()
        for line in (f"`{workload}` is refused by our store: {why}.", "")]


def bytes_section(units):
    lines = ["## Bytes kept per superstep", ""]
    workloads = graphs_measured(units, "sqlite", "file_synced")
    if not workloads:
        return [*lines, "Not measured.", ""]
    rows = [[workload,
             *(cell for what in BYTES
               for cell in (*(number(median(times_of(units, "sqlite", way, workload, what)))
                              for way in ("file_synced", LANGGRAPH)),
                            f"{number(bytes_ratio(units, workload, what))}×"))]
            for workload in workloads]
    head = ["graph", "ours", "LangGraph", "ratio", "ours on the disk", "LangGraph on the disk",
            "ratio"]
    return lines + table(head, rows)


def versions_text(units):
    versions = {}
    for unit in units:
        for peer in PEERS:
            versions |= unit.get(peer, {}).get("versions", {})
    return ", ".join(f"{name} {version}" for name, version in versions.items()) or "not measured"


def page_of(runs):
    units = lines_of(runs / "pairs.jsonl")
    loads = [unit["load_before"] for unit in units]
    load = (f"median {quantile(loads, 0.5):.2f}, most {max(loads):.2f}" if loads
            else "not measured")
    rounds = len({unit["round"] for unit in units})
    program = read_json(runs / "program.json") or {"commit": "unknown"}
    lines = ["# The durable core's figures", "",
             "Written by `make bench-core`; do not edit. What a superstep of the state graph costs "
             "beside LangGraph and NeoGraph with the same graphs, and what the ledger costs above "
             "what it cannot do without.", "",
             f"- Program: {program_told(program)}. Machine: {machine_text()}.",
             f"- Beside it: {versions_text(units)}.",
             f"- Load before the measurements (a mean of runnable processes, this work included): "
             f"{load}.",
             f"- Rounds: {rounds}. In each, what is compared is measured one after the other, "
             "in an order drawn for each; a measurement is a process of its own and the mean of "
             "its runs. Shown: median (least–most) over the rounds, per superstep; a ratio is of "
             "two measurements of the same round.",
             "- One again: `state_graph_bench --benchmark_filter=heal_200/memory` and "
             "`bench/langgraph/langgraph_workloads.py --workload heal_200 --saver memory`, by the "
             "Python in `build/core_figures/peers`. Everything: `make bench-core`. The graphs: "
             "`bench/state_graph_bench.cpp`.", ""]
    ledger_rounds = lines_of(runs / "ledger.jsonl")
    lines += goals_section(units, ledger_rounds)
    for section in SECTIONS:
        lines += times_section(units, *section)
    lines += bytes_section(units)
    lines += ledger_section(ledger_rounds)
    lines += ["## What is not the same", "", *NOTES.splitlines()]
    return "\n".join(lines).rstrip("\n") + "\n"


def write(runs, out):
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page_of(runs))
