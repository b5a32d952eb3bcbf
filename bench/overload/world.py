#!/usr/bin/env python3
"""One play with a callee that can do less than is asked of it, under one policy, with real proxies
and agents on this machine; prints its figures.

    world.py --play overload --policy NAME --fault slower|fewer --seed N --bin DIR
    world.py --play edge --seed N --bin DIR
    world.py --play killed --seed N --bin DIR

A callee of four instances with four slots each gives 400 answers a second.
overload: 260 calls a second come, in an open loop. For 20 s the callee can do half: its answers
    take twice as long (slower), or each instance has half its slots (fewer). Then it is as before.
edge: two agents, and as many calls as the callee can do, for 100 s.
killed: two agents; while a mode is on both are killed, and it is looked at how long it stays on.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tools"))

from admission import ClientThrottle  # noqa: E402
from caller import TRY_S, Caller, schedule  # noqa: E402
from edges import envoy_config, filled_in  # noqa: E402
from summaries import quantile  # noqa: E402

INSTANCES, SLOTS, SERVICE_MS = 4, 4, 40
CAPACITY = INSTANCES * SLOTS * 1_000 // SERVICE_MS
RATE = 260
SETTLE_S, FAULT_S, AFTER_S = 5, 20, 12
EDGE_S = 100
FAULTS = {"slower": (SLOTS, 2 * SERVICE_MS), "fewer": (SLOTS // 2, SERVICE_MS)}
POLICIES = ("nothing", "envoy_outlier", "envoy_breaker", "envoy_adaptive", "client_throttle",
            "throttle_breaker", "dagor", "haproxy_queue", "homeostat")
AT_HAPROXY = ("haproxy_queue", "homeostat")
THROTTLED = ("client_throttle", "throttle_breaker")
UP_S_MAX, END_S_MAX, MODE_S_MAX = 20, 10, 20


def wait_until(what, holds, within_s=UP_S_MAX):
    until = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until:
            sys.exit(f"waited in vain until {what}")
        time.sleep(0.02)


def free_ports(names):
    """All free at the same moment."""
    sockets = [socket.socket() for _ in names]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return dict(zip(names, ports, strict=True))


def ask(port, target):
    """The text of an answer; nothing if there is none."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as peer:
            peer.settimeout(1)
            peer.sendall(f"GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
            head, _, text = peer.recv(65_536).partition(b"\r\n\r\n")
            return text.decode() if b" 200 " in head.split(b"\r\n")[0] else None
    except OSError:
        return None


def bytes_of(file):
    """Nothing, if it went away meanwhile."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


class World:
    def __init__(self, policy, programs, envoy, directory):
        self.policy, self.programs, self.envoy = policy, programs, envoy
        self.directory = directory
        self.processes = {}
        self.callees = [f"CALLEE_{index}_PORT" for index in range(INSTANCES)]
        self.words = {
            "DIR": directory, "HERE": HERE, "PYTHON": sys.executable, "SLOTS": SLOTS,
            "SERVICE_MS": SERVICE_MS, "INSTANCES": INSTANCES, "CAPACITY": CAPACITY,
            "TRY_MS": int(TRY_S * 1e3),
            "CALLER_KEY": "0" * 64, "CALLEE_KEY": "0" * 64,
            **free_ports([*self.callees, "EDGE_PORT", "CALLER_PORT", "CALLER_EDGE_PORT",
                          "CALLER_MESH_PORT", "CALLEE_MESH_PORT"])}

    def start(self):
        if self.policy == "homeostat":
            self.write_configurations()
        else:
            for name in self.callees:
                self.spawn(name, [sys.executable, HERE / "callee.py", "--port", self.words[name],
                                  "--slots", SLOTS, "--ms", SERVICE_MS,
                                  *(["--dagor"] if self.policy == "dagor" else [])])
        self.start_proxy()
        if self.policy == "homeostat":
            for service in ("callee", "caller"):
                self.spawn(f"agent-{service}", [self.programs / "homeostat", "agent", "--config",
                                                self.directory / f"{service}.yaml"])
            wait_until("both agents are ready", lambda: all(
                self.ask_agent(service, "status").get("is_ready")
                for service in ("callee", "caller")))
        for name in self.callees:
            wait_until(f"{name} answers", lambda name=name: ask(self.words[name], "/healthz"))
        wait_until("the edge answers", lambda: ask(self.words["EDGE_PORT"], "/check?user=0"))

    def start_proxy(self):
        if self.policy in AT_HAPROXY:
            config = self.directory / "haproxy.cfg"
            config.write_text(filled_in("haproxy.cfg.in", self.words))
            haproxy = shutil.which("haproxy", path="/usr/sbin:/usr/local/bin:/usr/bin")
            return self.spawn("haproxy", [haproxy, "-db", "-f", config])
        config = self.directory / "envoy.json"
        config.write_text(json.dumps(envoy_config(self.policy, self.words), default=str))
        return self.spawn("envoy", [self.envoy, "-c", config, "--concurrency", 1, "--log-level",
                                    "warn", "--use-dynamic-base-id",
                                    "--reject-unknown-dynamic-fields"])

    def write_configurations(self):
        for service in ("caller", "callee"):
            (self.directory / service).mkdir()
        # A key is made when it is first asked for, and asking takes a whole configuration.
        for _ in range(2):
            for service in ("caller", "callee"):
                file = self.directory / f"{service}.yaml"
                file.write_text(filled_in(f"{service}.yaml.in", self.words))
                told = subprocess.run([self.programs / "homeostat", "mesh", "--key", "--config",
                                       file], capture_output=True, text=True, check=True)
                self.words[f"{service.upper()}_KEY"] = told.stdout.strip()

    def spawn(self, name, argv):
        with open(self.directory / f"{name}.log", "w") as log:
            self.processes[name] = subprocess.Popen(
                [str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.directory)

    def ask_agent(self, service, *words):
        told = subprocess.run([self.programs / "homeostat", *words, "--json", "--config",
                               self.directory / f"{service}.yaml"],
                              capture_output=True, text=True, check=False)
        return json.loads(told.stdout) if told.returncode == 0 else {}

    def set_capacity(self, slots, service_ms):
        for name in self.callees:
            if ask(self.words[name], f"/capacity?slots={slots}&ms={service_ms}") is None:
                sys.exit(f"{name} took no order")

    def held_permille(self):
        """How many of a thousand calls get the fallback, by the edge."""
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(self.directory / "haproxy.sock"))
            peer.sendall(b"show table dimmers\n")
            told = b""
            while data := peer.recv(65_536):
                told += data
        rows = [line for line in told.decode().splitlines() if "key=callee " in line]
        return int(rows[0].split("gpt0=")[1].split()[0]) if rows else 0

    def kill_agents(self):
        for service in ("caller", "callee"):
            self.processes[f"agent-{service}"].kill()
            self.processes[f"agent-{service}"].wait()

    def stop(self):
        """What an agent has started outlives it by design, so it is asked first who that is. Its
        shim writes down how it ended; the directory may go once that is done."""
        names = [*self.callees, "CALLER_PORT"] if self.policy == "homeostat" else []
        pids = [ask(self.words[name], "/pid") for name in names]
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
        for pid in filter(None, pids):
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass  # It ended with its agent.
        wait_until("nobody is left of the world", lambda: not self.left_over(), END_S_MAX)

    def left_over(self):
        """Who has the world's directory in its command line."""
        needle = os.fsencode(self.directory)
        return [file for file in Path("/proc").glob("[0-9]*/cmdline") if needle in bytes_of(file)]


def by_second(endings):
    """Of the calls that were due in each: how they ended, and how long those that got nothing
    took to end."""
    seconds = {}
    for ending in endings:
        of = seconds.setdefault(int(ending.due_s), {
            "answer": 0, "fallback": 0, "nothing": 0, "tries": 0, "nothing_took_s": 0.0})
        of[ending.came] += 1
        of["tries"] += ending.tries
        of["nothing_took_s"] += ending.took_s if ending.came == "nothing" else 0
    return [seconds[second] | {"second": second} for second in sorted(seconds)]


def events_of(world, began_at):
    """What the caller's agent has written down, by the load's clock."""
    ahead_s = time.clock_gettime(time.CLOCK_BOOTTIME) - (time.monotonic() - began_at)
    told = world.ask_agent("caller", "incidents", "--mesh").get("moments", [])
    return [{"at_s": moment["at_ns"] / 1e9 - ahead_s, "event": moment["pledge"]["event"],
             "rps_max": moment["pledge"]["rps_max"],
             "permille": moment["pledge"]["permille"]} for moment in told]


def figures_of(world, caller, began_at):
    late_s = caller.lateness_s
    figures = {"seconds": by_second(caller.endings),
               "lateness_s": [quantile(late_s, 0.99), max(late_s)]}
    if world.policy != "homeostat":
        return figures
    return figures | {"held_permille_at_end": world.held_permille(),
                      "events": events_of(world, began_at),
                      "passed_at_s": [round(at - began_at, 3) for at in caller.passed_at]}


async def overload(world, options):
    caller = Caller(world.words["EDGE_PORT"], options.seed,
                    ClientThrottle() if world.policy in THROTTLED else None)
    length_s = SETTLE_S + FAULT_S + AFTER_S
    began_at = time.monotonic()
    load = asyncio.create_task(
        caller.run(list(schedule(options.seed, RATE, length_s)), began_at))
    for at_s, capacity in ((SETTLE_S, FAULTS[options.fault]),
                           (SETTLE_S + FAULT_S, (SLOTS, SERVICE_MS))):
        await asyncio.sleep(began_at + at_s - time.monotonic())
        await asyncio.to_thread(world.set_capacity, *capacity)
    await load
    return figures_of(world, caller, began_at)


async def edge(world, options):
    caller = Caller(world.words["EDGE_PORT"], options.seed)
    began_at = time.monotonic()
    await caller.run(list(schedule(options.seed, CAPACITY, EDGE_S)), began_at)
    return figures_of(world, caller, began_at)


async def killed(world, options):
    """Looks at the edge every tenth of a second, from when the fault begins."""
    caller = Caller(world.words["EDGE_PORT"], options.seed)
    load = asyncio.create_task(caller.run(
        list(schedule(options.seed, RATE, SETTLE_S + 2 * MODE_S_MAX)), time.monotonic()))
    await asyncio.sleep(SETTLE_S)
    await asyncio.to_thread(world.set_capacity, *FAULTS["slower"])
    was_on = await held_within(world, MODE_S_MAX, lambda permille: permille > 0)
    world.kill_agents()
    killed_at = time.monotonic()
    is_off = await held_within(world, MODE_S_MAX, lambda permille: permille == 0)
    load.cancel()
    return {"was_on": was_on, "is_off": is_off, "off_after_s": time.monotonic() - killed_at}


async def held_within(world, within_s, holds):
    until = time.monotonic() + within_s
    while not holds(await asyncio.to_thread(world.held_permille)):
        if time.monotonic() > until:
            return False
        await asyncio.sleep(0.1)
    return True


PLAYS = {"overload": overload, "edge": edge, "killed": killed}


def measure(options):
    with tempfile.TemporaryDirectory(prefix="overload-") as directory:
        world = World(options.policy, options.bin.resolve(), options.envoy.resolve(),
                      Path(directory))
        try:
            world.start()
            return asyncio.run(PLAYS[options.play](world, options))
        finally:
            world.stop()
            if options.keep:
                shutil.copytree(directory, options.keep, dirs_exist_ok=True,
                                ignore=shutil.ignore_patterns("*.sock"))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # So that the world is ended, too.
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--play", choices=PLAYS, default="overload")
    parser.add_argument("--policy", choices=POLICIES, default="homeostat")
    parser.add_argument("--fault", choices=FAULTS, default="slower")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--envoy", type=Path, default=HERE.parent.parent / "build/envoy/envoy")
    parser.add_argument("--keep", type=Path, help="where the directory of the world is copied to")
    print(json.dumps(measure(parser.parse_args())))
