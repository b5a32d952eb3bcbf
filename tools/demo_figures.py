#!/usr/bin/env python3
"""Measures Homeostat beside what people use today, and writes docs/figures/demo.md.

    make bench                                       everything; goes on where it was interrupted
    make bench PARTS="blocks document"               some parts
    tools/demo_figures.py --bin build/release/bin --parts demo --seeds 1 2 --only crash

    part       measures                                                      with the defaults
    demo       the scenarios and their baselines, once per seed; the agent   10 seeds, 2.5 min per
               that guards them                                              scenario and seed
    blocks     p99 with and without the agent, in pairs of blocks of 5 s     30 pairs, 8 min
    healthy    what the agent costs and notices while nothing is wrong,      20 min
               under load
    idle       the same while nobody asks anything                           2 min
    decide     the model's decisions (`homeostat bench decide`)              3 min
    detect     false detections of the detectors in simulated hours          1 min
    document   writes the page from whatever has been measured

What is measured lies in RUNS, a line or a file for each unit; a unit that is there is not measured
again. Remove RUNS when the program changes: it names its own digest there and refuses another.
Run it on a quiet machine; the load before each unit is written down with it. A run of the demo
waits most of its time (0.14 of a core on average, 0.3 while the agent heals), so --at-once N, or
`make bench AT_ONCE=N`, runs N of them side by side; all policies share what that costs.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/crash"))

import demo_figures_page  # noqa: E402
from figure_runs import add_line, check_program, lines_of, say  # noqa: E402
from guarded_world import GuardedWorld, adopt_orphans, wait_until  # noqa: E402
from test_world import die_with_parent, processor_seconds  # noqa: E402

CAME_TO_ITS_END = (0, 1)  # As `homeostat --help` says: as expected, or not.
CANNOT_RUN = 2
BLOCK_SECONDS = 5
SETTLE_SECONDS = 2  # After the agent came or went.
LOOK_EVERY = 0.5
DETECT_CASE = "errors that a service has every day are never noticed in *"


def resident_kib(pid, field="VmRSS"):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return None


# --- demo: the scenarios and their baselines --------------------------------------------
class AgentWatch(threading.Thread):
    """What the agent of one configuration weighs, from /proc, for as long as it lives."""

    def __init__(self, config):
        super().__init__(daemon=True)
        self.config = str(config)
        self.is_over = False
        self.seen = None

    def find(self):
        for command in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                words = command.read_bytes().decode(errors="replace").split("\0")
                if words[1:2] == ["agent"] and self.config in words:
                    return int(command.parent.name)
        return None

    def run(self):
        pid = None
        while not self.is_over:
            with contextlib.suppress(OSError, IndexError):
                pid = pid or self.find()
                if pid:
                    self.look(pid)
            time.sleep(LOOK_EVERY)

    def look(self, pid):
        resident = resident_kib(pid, "VmHWM")
        if resident is None:
            return  # It has ended and waits to be reaped.
        now = (time.monotonic(), processor_seconds(pid))
        first = self.seen["first"] if self.seen else now
        self.seen = {"first": first, "last": now, "resident_kib_max": resident}

    def end(self):
        self.is_over = True
        self.join()
        if not self.seen or self.seen["last"][0] <= self.seen["first"][0]:
            return None
        seconds, processor = (last - first for first, last in
                              zip(self.seen["first"], self.seen["last"]))
        return {"seconds": seconds, "processor_seconds": processor,
                "resident_kib_max": self.seen["resident_kib_max"]}


class DemoRun:
    """One run of one scenario with its baselines, in a process of its own."""

    def __init__(self, options, scenario, seed, file):
        self.unit = {"seed": seed, "scenario": scenario, "oracle": options.oracle,
                     "at_once": options.at_once, "load_before": os.getloadavg()[0]}
        self.file = file
        self.temporary = tempfile.TemporaryDirectory(prefix="figures-")
        kept = Path(self.temporary.name) / "run"
        self.said = tempfile.TemporaryFile()
        self.watch = AgentWatch(kept / scenario / "homeostat.yaml")
        self.watch.start()
        self.began_at = time.monotonic()
        self.process = subprocess.Popen(
            [options.bin / "homeostat", "demo", "--json", "--baseline", "--only", scenario,
             "--seed", str(seed), "--oracle", options.oracle, "--keep", kept],
            stdout=self.said, preexec_fn=die_with_parent)

    def __str__(self):
        return f"seed {self.unit['seed']}, {self.unit['scenario']}"

    def is_over(self):
        return self.process.poll() is not None

    def interrupt(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.clean()

    def clean(self):
        self.unit["agent"] = self.watch.end()
        self.temporary.cleanup()

    def write(self):
        """Writes the unit if the run came to its end; says whether it did."""
        self.unit["seconds"] = time.monotonic() - self.began_at
        self.clean()
        if self.process.returncode not in CAME_TO_ITS_END:
            return False
        self.unit["as_expected"] = self.process.returncode == 0
        self.said.seek(0)
        self.unit["document"] = json.loads(self.said.read())
        aside = self.file.with_suffix(".new")
        aside.write_text(json.dumps(self.unit))
        os.replace(aside, self.file)
        return True


def wait_for_one(running):
    """Writes those that are over, when there are any, and takes them from the list."""
    while not any(run.is_over() for run in running):
        time.sleep(LOOK_EVERY)
    for run in [run for run in running if run.is_over()]:
        running.remove(run)
        if not run.write():
            sys.exit(f"the demo ended with {run.process.returncode}: {run}")


def measure_demo(options):
    listed = subprocess.run([options.bin / "homeostat", "demo", "--list"], check=True,
                            capture_output=True, text=True).stdout.split()
    if options.only and options.only not in listed:
        sys.exit(f"there is no scenario '{options.only}'; there are: {', '.join(listed)}")
    running = []
    try:
        for seed in options.seeds:
            for scenario in [options.only] if options.only else listed:
                file = options.runs / f"demo-{scenario}-{seed}.json"
                if file.exists():
                    say(f"seed {seed}, {scenario}: was measured before")
                    continue
                if len(running) >= options.at_once:
                    wait_for_one(running)
                running.append(DemoRun(options, scenario, seed, file))
                say(f"== {running[-1]}")
        while running:
            wait_for_one(running)
    finally:
        for run in running:
            run.interrupt()


# --- blocks, healthy, idle: one world, guarded or not, with nothing wrong ---------------
class QuietWorld(GuardedWorld):
    """The world of the crash tests with the agent of the demo's rules, which may be away."""

    def write_config(self):
        super().write_config()
        assert "proof_time: 5s" in (self.run_dir / "homeostat.yaml").read_text()

    def is_agent_ready(self):
        status = self.status()
        return bool(status and status.get("is_ready"))

    def agent_comes(self):
        if not self.agent or self.agent.poll() is not None:
            self.start_agent()
        wait_until("the agent is ready", self.is_agent_ready, 20)
        time.sleep(SETTLE_SECONDS)

    def agent_goes(self):
        if self.agent and self.agent.poll() is None:
            self.agent.send_signal(signal.SIGTERM)
            self.agent.wait(10)
        time.sleep(SETTLE_SECONDS)

    def incidents_count(self):
        self.read_sink()
        return len(self.of_kind("opened"))

    def cost_of(self, spend):
        """What the agent costs and notices while `spend` goes on."""
        incidents = self.incidents_count()
        began = (time.monotonic(), processor_seconds(self.agent.pid))
        result = spend()
        seconds = time.monotonic() - began[0]
        return result, {"seconds": seconds,
                        "processor_seconds": processor_seconds(self.agent.pid) - began[1],
                        "resident_kib": resident_kib(self.agent.pid),
                        "incidents": self.incidents_count() - incidents}


@contextlib.contextmanager
def quiet_world(options):
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="figures-") as directory:
        world = QuietWorld(options.bin, Path(directory))
        try:
            world.start()
            world.agent_comes()
            yield world
        finally:
            world.end()


def block_of(world, is_guarded, seed):
    """One block of load. Both blocks of a pair have the same seed, so the same payments."""
    world.agent_comes() if is_guarded else world.agent_goes()
    world.seed = seed
    traffic, cost = lambda: world.traffic(BLOCK_SECONDS), None
    if is_guarded:
        seen, cost = world.cost_of(traffic)
    else:
        seen = traffic()
    return {"requests": len(seen.requests), "bad": len(seen.bad), "p50_ms": seen.latency_ms(0.5),
            "p99_ms": seen.latency_ms(0.99), "agent": cost}


def measure_blocks(options):
    file = options.runs / "blocks.jsonl"
    done = len(lines_of(file))
    if done >= options.pairs:
        return say(f"{done} pairs of blocks were measured before")
    with quiet_world(options) as world:
        world.traffic(BLOCK_SECONDS)  # Connections and caches are there.
        for index in range(done, options.pairs):
            before = os.getloadavg()[0]
            order = [True, False]
            random.Random(index).shuffle(order)  # What drifts favours neither.
            blocks = {is_guarded: block_of(world, is_guarded, index) for is_guarded in order}
            unit = {"pair": index, "load_before": before, "with_first": order[0],
                    "with": blocks[True], "without": blocks[False]}
            add_line(file, unit)
            say(f"pair {index + 1} of {options.pairs}: p99 {unit['with']['p99_ms']:.2f} ms with, "
                f"{unit['without']['p99_ms']:.2f} ms without")


def measure_minutes(options, file, minutes, spend):
    """Minute by minute, so that an interruption loses one at most."""
    done = len(lines_of(file))
    if done >= minutes:
        return say(f"{file.stem}: {done} minutes were measured before")
    with quiet_world(options) as world:
        for index in range(done, minutes):
            before = os.getloadavg()[0]
            result, cost = world.cost_of(lambda: spend(world))
            unit = {"load_before": before, "agent": cost, "bad": len(result.bad) if result else 0}
            add_line(file, unit)
            say(f"{file.stem}, minute {index + 1} of {minutes}: {cost}")


def measure_healthy(options):
    measure_minutes(options, options.runs / "healthy.jsonl", options.minutes,
                    lambda world: world.traffic(60))


def measure_idle(options):
    measure_minutes(options, options.runs / "idle.jsonl", options.idle_minutes,
                    lambda _: time.sleep(60))


# --- decide, detect ---------------------------------------------------------------------
def measure_decide(options):
    file = options.runs / "decide.json"
    if file.exists():
        return say("the model was measured before")
    ran = subprocess.run([options.bin / "homeostat", "bench", "decide", "--json", "--repeats",
                          str(options.repeats)], stdout=subprocess.PIPE, check=False,
                         preexec_fn=die_with_parent)
    if ran.returncode >= CANNOT_RUN:
        sys.exit(f"`homeostat bench decide` ended with {ran.returncode}")
    file.write_bytes(ran.stdout)


def measure_detect(options):
    """Whether the simulation of ordinary days is silent; its hours stand in the case's name."""
    file = options.runs / "detect.json"
    if file.exists():
        return say("the simulation was run before")
    program = options.bin / "homeostat_detect_test"
    ran = subprocess.run([program, f"--test-case={DETECT_CASE}", "--success"],
                         capture_output=True, text=True, check=False)
    names = [line.split(":", 1)[1].strip() for line in ran.stdout.splitlines()
             if line.startswith("TEST CASE:")]
    if not names:
        sys.exit(f"{program} has no case '{DETECT_CASE}' any more")
    file.write_text(json.dumps({"case": names[0], "holds": ran.returncode == 0}))


PARTS = {"demo": measure_demo, "blocks": measure_blocks, "healthy": measure_healthy,
         "idle": measure_idle, "decide": measure_decide, "detect": measure_detect,
         "document": lambda options: demo_figures_page.write(options.runs, options.out)}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="directory of the built programs")
    parser.add_argument("--runs", type=Path, default=ROOT / "build/figures")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/figures/demo.md")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 11)))
    parser.add_argument("--only", help="one scenario by its name")
    parser.add_argument("--at-once", type=int, default=1, metavar="N",
                        help="runs of the demo side by side")
    parser.add_argument("--oracle", default="both", choices=["rules", "model", "both"])
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--minutes", type=int, default=20)
    parser.add_argument("--idle-minutes", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5, help="questions per case of the model")
    options = parser.parse_args()
    if options.at_once < 1:
        parser.error("--at-once (AT_ONCE of make) must be at least 1")
    options.bin, options.runs = options.bin.resolve(), options.runs.resolve()
    if shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin") is None:
        sys.exit("haproxy is not installed; `make setup` installs it")
    options.runs.mkdir(parents=True, exist_ok=True)
    check_program(options.runs, [options.bin / "homeostat"])
    for part in options.parts:
        say(f"== {part}")
        PARTS[part](options)


if __name__ == "__main__":
    # Also where a shell has started it in the background, and so told it to ignore Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        say("interrupted; call it again to go on")
        sys.exit(130)
