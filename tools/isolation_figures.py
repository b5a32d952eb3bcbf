#!/usr/bin/env python3
"""What a model's decisions cost the service beside them, and what the service costs the decisions.

    tools/isolation_figures.py --bin build/release/bin --rounds 3 --seconds 12
    make bench-isolation

The demo's payment gateway answers a steady load, in a cgroup of its own. Beside it the agent's own
client asks the local model, one decision after the other (`homeostat bench decide`), with the
model's server in the cgroup of the service or in one of its own. Rounds go through all settings in
another order each; between two rounds nothing is kept.

Needs root and a cpu controller of either version below /sys/fs/cgroup. Writes OUT.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from figure_runs import ROOT, say
from summaries import spread_of

sys.path.insert(0, str(ROOT / "examples/payment_gateway"))
import test_world

CGROUPS = Path("/sys/fs/cgroup")
SERVICE, MODEL = "homeostat-bench-service", "homeostat-bench-model"
SHARES_LEAST, SHARES_USUAL = 2, 1024
SHARES_OF_10M = 10  # Kubernetes gives a container 1024 for each processor that it requests.


@dataclass(frozen=True)
class Setting:
    name: str
    asks: bool = True
    is_apart: bool = False
    shares: int = SHARES_USUAL
    is_idle: bool = False
    cores_max: float = 0  # 0: no limit.


SETTINGS = (
    Setting("no model", asks=False),
    Setting("the service's own cgroup"),
    Setting("a cgroup of its own, usual weight", is_apart=True),
    Setting("a cgroup of its own, least weight", is_apart=True, shares=SHARES_LEAST),
    Setting("a cgroup of its own, idle", is_apart=True, is_idle=True),
    Setting("as Kubernetes: requests 10m, limit 1 CPU", is_apart=True, shares=SHARES_OF_10M,
            cores_max=1),
    Setting("as Kubernetes: requests 10m, limit 200m", is_apart=True, shares=SHARES_OF_10M,
            cores_max=0.2),
)


class Cgroup:
    """One of the cpu controller, of version 1 or 2, whichever is mounted."""

    def __init__(self, name):
        self.is_v1 = (CGROUPS / "cpu/cpu.shares").exists()
        self.path = (CGROUPS / "cpu" if self.is_v1 else CGROUPS) / name
        self.path.mkdir(exist_ok=True)

    def write(self, file, value):
        (self.path / file).write_text(f"{value}\n")

    def set(self, setting):
        if (self.path / "cpu.idle").exists():
            self.write("cpu.idle", 0)
        period = 100_000
        quota = int(setting.cores_max * period)
        if self.is_v1:
            self.write("cpu.shares", setting.shares)
            self.write("cpu.cfs_quota_us", quota or -1)
        else:
            # As the kubelet turns one into the other.
            self.write("cpu.weight", 1 + (setting.shares - 2) * 9999 // 262142)
            self.write("cpu.max", f"{quota or 'max'} {period}")
        if setting.is_idle:
            self.write("cpu.idle", 1)

    def enter(self):
        """The process that calls it, and whom it starts from then on."""
        self.write("cgroup.procs", os.getpid())

    def remove(self):
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                self.path.rmdir()
                return
            except OSError:
                time.sleep(0.1)
        say(f"{self.path} is left: something still runs in it")


def write_cases(path, count):
    """The first cases of the demo that leave a choice: as many as make a round short."""
    cases = json.loads((ROOT / "examples/payment_gateway/decide_cases.json").read_text())
    kinds = [{item["remedy"]["kind"] for item in case["menu"]["items"]} for case in cases]
    path.write_text(json.dumps([case for case, those in zip(cases, kinds, strict=True)
                                if len(those) > 1][:count]))


class Questions:
    """The agent's client of the model with its server, asking one decision after the other."""

    def __init__(self, options, cgroup, cases):
        command = [options.bin / "homeostat", "bench", "decide", "--json", "--cases", cases,
                   "--repeats", str(options.repeats)]
        if options.model:
            command += ["--model", options.model]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, preexec_fn=cgroup.enter)

    def wait_until_asking(self):
        said = ""
        for line in self.process.stderr:
            if line.startswith("asking"):
                return
            said = line.strip() or said
        sys.exit(f"the model was never asked: {said}")

    def answers(self):
        """Waits until all are answered; p50 and p99 in ms and how many."""
        text, _ = self.process.communicate(timeout=500)
        if self.process.returncode != 0:
            sys.exit("`homeostat bench decide` failed; run it by hand")
        return json.loads(text)["latency"]["cold"]


def measure(options, world, setting, cgroups, cases):
    """(latencies of the service in ms, what was measured of the decisions or None)."""
    service, model = cgroups
    model.set(setting)
    asking = Questions(options, model if setting.is_apart else service, cases) \
        if setting.asks else None
    if asking:
        asking.wait_until_asking()
    generator = world.start_traffic(options.seconds)
    time.sleep(1)  # Connections are made, queues are what they will be.
    begun = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    decisions = asking.answers() if asking else None
    if not asking:
        time.sleep(options.seconds - 2)
    ended = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    generator.terminate()
    lines, _ = generator.communicate(timeout=20)
    seen = test_world.Traffic(lines.splitlines())
    within = [request for request in seen.requests if begun <= request[0] <= ended]
    if asking and len(within) < len(seen.requests) / 4 and ended - begun > options.seconds * 1e9:
        say(f"{setting.name}: the load ended before the questions; more --seconds")
    return within, decisions


def figures_of_round(within, decisions):
    took = sorted(us / 1000 for _, us, _, _ in within)
    at = {share: took[min(len(took) - 1, int(share * len(took)))] for share in (0.5, 0.99)}
    return {"requests": len(took), "bad": sum(verdict != "good" for *_, verdict in within),
            "p50": at[0.5], "p99": at[0.99],
            "decisions": decisions["count"] if decisions else 0,
            "decision_p50": decisions["p50_ms"] if decisions else None,
            "decision_p99": decisions["p99_ms"] if decisions else None}


def cell(rounds, name, digits=1):
    values = [one[name] for one in rounds if one[name] is not None]
    if not values:
        return "–"
    spread = spread_of(values)
    return f"{spread.median:.{digits}f} ({spread.least:.{digits}f}–{spread.most:.{digits}f})"


def page_of(options, measured, about):
    rows = "".join(
        f"| {name} | {cell(rounds, 'p50')} | {cell(rounds, 'p99')} | "
        f"{sum(one['bad'] for one in rounds)} of {sum(one['requests'] for one in rounds):,} | "
        f"{cell(rounds, 'decision_p50', 0)} | {cell(rounds, 'decision_p99', 0)} | "
        f"{sum(one['decisions'] for one in rounds)} |\n" for name, rounds in measured.items())
    return PAGE.format(rows=rows, rounds=options.rounds, rate=options.rate, **about)


PAGE = """# What a model costs the service beside it

Written by `make bench-isolation`; do not edit. The demo's payment gateway answers {rate} payments a
second; beside it the agent's client asks the local model, one decision after the other without a
pause, which no agent does: a real one asks once in an incident.

- Program: {program}. Machine: {cores} cores ({processor}), cgroup v{version}. Model: `{model}`.
- Busy without a model: {busy:.0f} % of the machine. Load before: {load:.2f}.
- {rounds} rounds, the settings in another order in each. Median (least–most) of the rounds.
- Every model server runs in one thread under SCHED_IDLE, as the agent starts it; that counts within
  a cgroup only, the weight of a cgroup among cgroups.
- A decision here reads all of its evidence anew (*cold*): what an agent asks whose model was not
  warmed by what it had gathered.

| the model's server is in | service p50 ms | p99 ms | bad answers | decision p50 ms | p99 ms | n |
|---|---|---|---|---|---|---|
{rows}
"""


def busy_share(seconds):
    def now():
        fields = list(map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9]))
        return sum(fields), fields[3] + fields[4]
    all_before, idle_before = now()
    time.sleep(seconds)
    all_after, idle_after = now()
    return 100 * (1 - (idle_after - idle_before) / max(1, all_after - all_before))


def about_machine(options, busy, version):
    processor = next((line.split(":")[1].strip() for line in
                      Path("/proc/cpuinfo").read_text().splitlines()
                      if line.startswith("model name")), "unknown")
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                            capture_output=True, text=True, check=False).stdout.strip()
    model = options.model or (ROOT / "build/model/model.gguf").resolve()
    return {"program": commit, "cores": os.cpu_count(), "processor": processor,
            "version": version, "model": model.name, "busy": busy}


def run(options, directory):
    load = os.getloadavg()[0]
    test_world.RATE = options.rate
    cases = directory / "cases.json"
    write_cases(cases, options.cases)
    service, model = Cgroup(SERVICE), Cgroup(MODEL)
    measured = {setting.name: [] for setting in SETTINGS}
    world = test_world.World(options.bin, directory)
    outside = Path("/proc/self/cgroup").read_text()
    try:
        service.enter()
        world.start()
        generator = world.start_traffic(6)
        time.sleep(1)
        busy = busy_share(4)
        generator.communicate()
        for number in range(options.rounds):
            order = random.Random(number).sample(SETTINGS, len(SETTINGS))
            for setting in order:
                told = figures_of_round(*measure(options, world, setting, (service, model), cases))
                measured[setting.name].append(told)
                say(f"round {number + 1}, {setting.name}: {json.dumps(told)}")
    finally:
        world.end()
        leave(outside)
        service.remove()
        model.remove()
    about = about_machine(options, busy, 1 if service.is_v1 else 2) | {"load": load}
    options.out.write_text(page_of(options, measured, about))
    say(f"{options.out} is written")


def leave(outside):
    """Goes back to where this process was, as /proc/self/cgroup said."""
    for line in outside.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "cpu", "cpu,cpuacct"):
            base = CGROUPS / "cpu" if controllers else CGROUPS
            (base / path.lstrip("/") / "cgroup.procs").write_text(f"{os.getpid()}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="the built programs")
    parser.add_argument("--model", type=Path, help="a GGUF file; default: the bundled one")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=400, help="payments per second")
    parser.add_argument("--seconds", type=int, default=20, help="of load without a model; with "
                        "one as long as the questions take, and at most so long")
    parser.add_argument("--cases", type=int, default=4, help="different decisions")
    parser.add_argument("--repeats", type=int, default=3, help="how often each is asked")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/figures/isolation.md")
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    if os.geteuid() != 0:
        sys.exit("cgroups are made by root alone")
    with tempfile.TemporaryDirectory(prefix="homeostat-isolation-") as directory:
        run(options, Path(directory))


if __name__ == "__main__":
    main()
