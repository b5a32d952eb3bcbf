#!/usr/bin/env python3
"""Runs the demo's `noise` and `bad_config` with their baselines, and reads the document.

    baseline_test.py --bin build/release/bin

Four minutes, most of them spent watching that nothing heals.
"""

import argparse
import json
import subprocess
from pathlib import Path

POLICIES = ["kubernetes", "kubernetes-tuned", "haproxy", "nothing"]
RUN_SECONDS_MAX = 400


def play(programs, scenario):
    done = subprocess.run(
        [programs / "homeostat", "demo", "--only", scenario, "--json", "--oracle", "rules",
         "--baseline"], capture_output=True, text=True, timeout=RUN_SECONDS_MAX)
    assert done.stdout, f"{scenario} ended with {done.returncode}: {done.stderr}"
    document = json.loads(done.stdout)
    assert document["leftover_processes"] == 0, done.stderr
    assert len(document["scenarios"]) == 1, "the baseline is no scenario of Homeostat's"
    assert [row["policy"] for row in document["baseline"]] == POLICIES
    for row in document["baseline"]:
        print(f"  {row}", flush=True)
        assert row["name"] == scenario and row["requests"] > 0, row
        assert row["heal_ms"] is None or 0 < row["heal_ms"] <= row["window_ms"], row
    return document


# --- The tests: each a sentence that can be false ------------------------------------------------
def what_passes_by_itself_passes_under_every_policy(programs):
    for row in play(programs, "noise")["baseline"]:
        assert row["healed"] and row["restarts"] == 0 and row["instances_running"] == 3, row


def what_no_restart_cures_is_not_healed_by_any_policy_and_its_failures_count(programs):
    document = play(programs, "bad_config")
    own = document["scenarios"][0]["failed_requests"]
    for row in document["baseline"]:
        assert not row["healed"] and row["heal_ms"] is None, row
        assert row["failed_requests"] > own, row


TESTS = [
    what_passes_by_itself_passes_under_every_policy,
    what_no_restart_cures_is_not_healed_by_any_policy_and_its_failures_count,
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="directory of the built programs")
    options = parser.parse_args()
    for test in TESTS:
        print(test.__name__.replace("_", " "), flush=True)
        test(options.bin.resolve())
    print("ok")


if __name__ == "__main__":
    main()
