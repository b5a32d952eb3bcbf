"""How the peers of the state graph are measured: one graph with one kind of store, over and over in
a process of its own."""

import argparse
import json
import tempfile
import time
from pathlib import Path


def measured(run, forget, supersteps, seconds):
    """Means per superstep over the runs of at least `seconds`, in µs; processor time is that of all
    threads. `run` gets the name of a thread; `forget` frees what was kept of it, unmeasured."""
    run("first")  # Caches are warm, files are there.
    forget("first")
    runs_count, wall, processor = 0, 0.0, 0.0
    while wall < seconds:
        thread = f"run-{runs_count}"
        wall_before, processor_before = time.perf_counter(), time.process_time()
        run(thread)
        wall += time.perf_counter() - wall_before
        processor += time.process_time() - processor_before
        forget(thread)
        runs_count += 1
    steps = runs_count * supersteps
    return {"runs": runs_count, "supersteps": supersteps, "wall_us": 1e6 * wall / steps,
            "cpu_us": 1e6 * processor / steps}


def main(says, measure):
    parser = argparse.ArgumentParser(description=says,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workload", required=True, help="as in bench/state_graph_bench.cpp")
    parser.add_argument("--saver", required=True, choices=["none", "memory", "sqlite"])
    parser.add_argument("--seconds", type=float, default=1, help="at least, after a first run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="peer-") as directory:
        print(json.dumps(measure(options, Path(directory))))
