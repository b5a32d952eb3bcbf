#!/usr/bin/env python3
"""Plays the demo once, ends it in every way there is, and starts it where it cannot run.

    demo_test.py --bin build/release/bin [--only TEXT]

Whatever becomes of it, no process is left over, the exit status is the documented one and what is
said names the mend. A minute and a half.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from guarded_world import die_with_parent, end_children, wait_until
from harness import run_each
from small_disk import MS_BIND, can_mount, mount
from small_service import children

UNEXPECTED, USAGE, INTERRUPTED = 1, 2, 130  # As `homeostat --help` says.
PROGRAMS = ["homeostat", "homeostat-shim", "fault-switch", "payments", "fraud", "quotes", "rates",
            "load-generator"]

# The document that `demo --json` prints (homeostat/app/demo/demo.hpp).
MS = (int, float, type(None))  # Null where it was not measured.
DOCUMENT = {"seed": (int,), "scenarios": (list,), "ledger": (dict,), "leftover_processes": (int,)}
LEDGER = {"records": (int,), "intact": (bool,)}
SCENARIO = {"name": (str,), "expected": (list,), "remedies": (list,), "healed": (bool,),
            "detect_ms": MS, "decide_ms": MS, "act_ms": MS, "heal_ms": MS, "model_ms": MS,
            "requests": (int,), "failed_requests": (int,)}


class Demo:
    """One run of the demo, which is this process's child as everything that it may leave is."""

    def __init__(self, programs, here):
        self.program = programs / "homeostat"
        self.here = here
        self.process = None

    def start(self, *words, oracle="rules"):
        """A run that keeps its directory in `kept`, until its world stands."""
        self.process = subprocess.Popen(
            [self.program, "demo", "--only", "noise", "--oracle", oracle,
             "--keep", self.here / "kept", *words],
            stdout=subprocess.DEVNULL, stderr=open(self.here / "said", "wb"), cwd=self.here,
            preexec_fn=die_with_parent, start_new_session=True)
        wait_until("the world stands and users are served", self.is_in_full_swing, 30)

    def is_in_full_swing(self):
        assert self.process.poll() is None, self.said()
        names = tree_under(self.process.pid).values()
        return {"haproxy", "redis-server", "payments", "load-generator"} <= set(names)

    def said(self):
        return (self.here / "said").read_text()

    def tell_troubles(self):
        if (self.here / "said").exists():
            print("--- said", *self.said().splitlines()[-25:], sep="\n    ", file=sys.stderr)

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        end_children()


def tree_under(root):
    """Name by pid of what descends from `root`, itself left out; what has ended does not count."""
    parents, names = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            begin, rest = stat.read_text().rsplit(")", 1)
        except OSError:
            continue
        state, parent = rest.split()[:2]
        parents[int(stat.parent.name)] = int(parent)
        if state not in "ZX":
            names[int(stat.parent.name)] = begin.split("(", 1)[1]

    def descends(pid):
        while pid in parents and pid != root:
            pid = parents[pid]
        return pid == root

    return {pid: name for pid, name in names.items() if pid != root and descends(pid)}


def is_running(pid, name):
    try:
        begin, rest = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)
    except OSError:
        return False
    return begin.split("(", 1)[1] == name and rest.split()[0] not in "ZX"


def ends_with_everything(demo, end, status):
    demo.start()
    tree = tree_under(demo.process.pid)
    end(demo)
    assert demo.process.wait(10) == status, demo.said()
    left = lambda: {pid: name for pid, name in tree.items() if is_running(pid, name)}  # noqa: E731
    wait_until("everything has ended with it", lambda: not left() and not children())
    print(f"    {len(tree)} processes ended with it")


def apart(demo, without=None):
    """The same programs, but one, in a place that has no model beside it."""
    place = Path(tempfile.mkdtemp(prefix="apart-", dir=demo.here))
    shutil.copytree(demo.program.parent.parent / "share", place / "release/share")
    (place / "release/bin").mkdir()
    for name in PROGRAMS:
        if name != without:
            shutil.copy(demo.program.parent / name, place / "release/bin" / name)
    return Demo(place / "release/bin", demo.here)


def check_members(given, members):
    """These, no others, each of one of its types; true is no number."""
    assert given.keys() == members.keys(), f"members: {given.keys() ^ members.keys()}"
    for name, types in members.items():
        assert type(given[name]) in types, f"{name} is {given[name]!r}"


def refuse(demo, status, *words, says, lines=None):
    """The demo ends with `status` and says each of `says`; nothing was started."""
    done = subprocess.run([demo.program, "demo", *words], capture_output=True, text=True,
                          cwd=demo.here, timeout=30)
    print(*done.stderr.splitlines(), sep="\n    ")
    assert done.returncode == status, f"{done.returncode}: {done.stdout}{done.stderr}"
    for text in says:
        assert text in done.stderr, f"'{text}' is not said: {done.stderr}"
    assert not done.stdout, f"a result was printed: {done.stdout}"
    assert lines is None or len(done.stderr.splitlines()) == lines, done.stderr
    assert not children(), f"left over: {children()}"


# --- The tests: each a sentence that can be false ------------------------------------------------
def a_demo_that_is_killed_takes_everything_with_it(demo):
    ends_with_everything(demo, lambda it: it.process.kill(), -signal.SIGKILL)


def ctrl_c_ends_everything_and_says_so(demo):
    # As the terminal sends it: to the whole foreground group.
    ends_with_everything(demo, lambda it: os.killpg(it.process.pid, signal.SIGINT), INTERRUPTED)
    assert "interrupted; everything was ended" in demo.said()
    assert f"kept: {demo.here}/kept" in demo.said()


def sigterm_ends_everything_and_says_so(demo):
    ends_with_everything(demo, lambda it: it.process.terminate(), INTERRUPTED)
    assert "interrupted; everything was ended" in demo.said()


def ctrl_c_ends_a_baseline_and_its_restarter_too(demo):
    demo.start("--baseline")
    wait_until("a policy's turn has come",
               (demo.here / "kept/noise.kubernetes/payments/run/payments-2.json").exists, 60)
    tree = tree_under(demo.process.pid)
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(10) == INTERRUPTED, demo.said()
    left = lambda: [name for pid, name in tree.items() if is_running(pid, name)]  # noqa: E731
    wait_until("everything has ended with it", lambda: not left() and not children())


def an_interrupted_demo_leaves_no_directory(demo):
    os.environ["TMPDIR"] = str(demo.here)
    process = subprocess.Popen([demo.program, "demo", "--only", "noise", "--oracle", "rules"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               preexec_fn=die_with_parent)
    del os.environ["TMPDIR"]
    demo.process = process
    wait_until("it has a directory", lambda: list(demo.here.glob("homeostat-demo-*/noise")))
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == INTERRUPTED
    assert not list(demo.here.iterdir())


def an_unknown_scenario_is_refused_with_those_that_there_are(demo):
    refuse(demo, USAGE, "--only", "meteor", lines=1,
           says=["there is no scenario 'meteor'; there are: bad_deploy, "])


def unknown_options_and_values_are_refused(demo):
    refuse(demo, USAGE, "--sede", "1", says=["--sede"])
    refuse(demo, USAGE, "--seed", "-1", says=["--seed: Value -1 not in range 0 to "])
    refuse(demo, USAGE, "--oracle", "coin", says=["--oracle", "rules", "model", "both"])


def a_directory_that_is_not_empty_is_refused_and_left_alone(demo):
    (demo.here / "precious").write_text("precious")
    refuse(demo, USAGE, "--keep", str(demo.here), lines=1,
           says=[f"--keep {demo.here}: give an empty or a new directory"])
    assert (demo.here / "precious").read_text() == "precious"


def a_model_that_is_not_there_is_refused(demo):
    refuse(demo, USAGE, "--only", "noise", "--model", "nowhere.gguf",
           says=["--model: File does not exist: nowhere.gguf"])


def programs_that_were_not_built_are_named(demo):
    for name in ("payments", "homeostat-shim", "load-generator"):
        there = apart(demo, without=name)
        refuse(there, USAGE, "--only", "noise", "--oracle", "rules",
               says=[f"could not be run: {there.program.parent}/{name} is missing: build again"],
               lines=3)


def a_document_has_exactly_the_documented_members_and_agrees_with_the_kept_ledger(demo):
    kept = demo.here / "kept"
    done = subprocess.run([demo.program, "demo", "--only", "crash", "--oracle", "rules", "--json",
                           "--seed", "7", "--keep", kept],
                          capture_output=True, text=True, timeout=60, preexec_fn=die_with_parent)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    print("   ", json.dumps(document))
    check_members(document, DOCUMENT)
    check_members(document["ledger"], LEDGER)
    scenario, = document["scenarios"]
    check_members(scenario, SCENARIO)
    assert (document["seed"], document["leftover_processes"]) == (7, 0)
    assert scenario["name"] == "crash" and scenario["healed"]
    assert scenario["expected"] == scenario["remedies"] == ["restart"]
    assert scenario["model_ms"] is None, "there was no model to wait for"
    assert scenario["decide_ms"] >= 0 and scenario["act_ms"] > 0
    assert scenario["requests"] > 100 > scenario["failed_requests"]
    verified = subprocess.run([demo.program, "verify-ledger", "--json",
                               "--config", kept / "crash/homeostat.yaml"],
                              capture_output=True, text=True, timeout=20)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    ledger = json.loads(verified.stdout)
    assert document["ledger"] == {"records": ledger["records"], "intact": True}, ledger
    assert (kept / "crash/agent.log").read_text() and "kept: " in done.stderr


def a_demo_objects_when_its_ledger_decides_otherwise(demo):
    there = apart(demo)
    real = there.program.rename(there.program.with_name("homeostat-real"))
    there.program.write_text(f'#!/bin/sh\n[ "$1" = replay ] && exit 1\nexec {real} "$@"\n')
    there.program.chmod(0o755)
    done = subprocess.run([real, "demo", "--only", "crash", "--oracle", "rules", "--json"],
                          capture_output=True, text=True, timeout=60, preexec_fn=die_with_parent)
    assert done.returncode == UNEXPECTED, done.stderr
    assert "NOT AS EXPECTED: the ledger decides i-1 of payments otherwise" in done.stderr
    assert "--keep DIR and ask `homeostat replay i-1` there" in done.stderr, done.stderr
    scenario, = json.loads(done.stdout)["scenarios"]
    assert scenario["remedies"] == ["restart"] and not scenario["healed"]


def a_demo_without_a_model_says_so_in_one_line_and_goes_on(demo):
    there = apart(demo)
    there.start(oracle="both")
    demo.process = there.process
    told = [line for line in there.said().splitlines() if "model" in line]
    assert told == ["the rules rank alone: no model is installed; `make setup` installs one"], told
    config = (demo.here / "kept/noise/homeostat.yaml").read_text()
    assert "\n# model: " in config, "its agent must not be told of a model"


def an_oracle_that_is_the_model_is_refused_without_one(demo):
    refuse(apart(demo), USAGE, "--oracle", "model", lines=1,
           says=["--oracle model: no model is installed; `make setup` installs one "
                 "(--oracle rules needs none)"])


def a_model_file_that_is_none_is_refused_where_the_model_decides(demo):
    (demo.here / "some.gguf").write_text("page not found")
    refuse(demo, USAGE, "--oracle", "model", "--model", "some.gguf", lines=1,
           says=["--oracle model: some.gguf is not a model file", "Run `make setup`"])


def haproxy_or_redis_that_is_not_installed_is_named(demo):
    if not can_mount():
        print("SKIPPED: this user may not hide a program")
        return
    for name in ("redis-server", "haproxy"):  # In the order in which the second hides the first.
        places = [Path(place) / name for place in ("/usr/sbin", "/usr/bin", "/usr/local/bin")]
        for place in places:
            if place.exists():
                mount("/dev/null", place, flags=MS_BIND)
        refuse(demo, USAGE, "--only", "noise", "--oracle", "rules",
               says=[f"could not be run: {name} is not installed; `make setup` installs it"],
               lines=3)


TESTS = [
    a_demo_that_is_killed_takes_everything_with_it,
    ctrl_c_ends_everything_and_says_so,
    sigterm_ends_everything_and_says_so,
    ctrl_c_ends_a_baseline_and_its_restarter_too,
    an_interrupted_demo_leaves_no_directory,
    an_unknown_scenario_is_refused_with_those_that_there_are,
    unknown_options_and_values_are_refused,
    a_directory_that_is_not_empty_is_refused_and_left_alone,
    a_model_that_is_not_there_is_refused,
    programs_that_were_not_built_are_named,
    a_document_has_exactly_the_documented_members_and_agrees_with_the_kept_ledger,
    a_demo_objects_when_its_ledger_decides_otherwise,
    a_demo_without_a_model_says_so_in_one_line_and_goes_on,
    an_oracle_that_is_the_model_is_refused_without_one,
    a_model_file_that_is_none_is_refused_where_the_model_decides,
    haproxy_or_redis_that_is_not_installed_is_named,  # The last: they stay hidden.
]


def main():
    run_each(__doc__, TESTS, Demo)


if __name__ == "__main__":
    main()
