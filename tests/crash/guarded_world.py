"""The payment gateway with a real agent in front of it, and witnesses that do not ask the agent.

What happened to the world is counted where it happens: a wrapper around the service's program
writes down every start, the link `current` and the proxy's servers are looked at fifty times a
second.
"""

import collections
import ctypes
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "examples/payment_gateway"))

from test_world import (  # noqa: E402, F401
    RATE,
    SERVICES,
    World,
    die_with_parent,
    free_ports,
    wait_until,
)

LOOK_EVERY = 0.02
MIN_HEALTHY = 2  # Of payments, as homeostat.yaml.in says.
INSTANCES = [f"payments-{index}" for index in range(3)]
SPARES = ["payments-3", "payments-4"]
TABLES = ("circuits", "reroutes")  # The proxy's: what is entered there is open, or goes round.
PR_SET_CHILD_SUBREAPER = 36
REQUESTS_TOTAL = 48  # Which field of `show stat`; the manual counts them from 0.
ADMIN_STATE_DRAIN = 8  # SRV_ADMF_FDRAIN: ordered by whoever has the socket.


def adopt_orphans():
    """Instances outlive the agent that started them; their next parent is this process."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def start_ticks(pid):
    """Of a process that runs; None for one that does not."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def end_children():
    """Kills whatever has become a child of ours, until there is nothing."""
    for _ in range(100):
        found = False
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == os.getpid():
                found = True
                os.kill(int(stat.parent.name), signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        if not found:
            return
        time.sleep(LOOK_EVERY)


class Witness(threading.Thread):
    """Looks at the link, the records and the proxy, and writes down what changes."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world = world
        self.is_over = False
        self.swaps = collections.Counter()  # (from, to) → how often
        self.drains = collections.Counter()  # server → how often it went out of rotation
        self.undrains = collections.Counter()
        self.serving_min = None  # The fewest that served at any look while one was drained.
        self.effects = {}  # (pid, start ticks) → effect, as the shim's record says
        self.entered = collections.Counter()  # table → how often its entry came or was set anew
        self.cleared = collections.Counter()  # table → how often its entry went

    def run(self):
        links = ["payments", "payments/config"]
        current = {link: self.world.current(link) for link in links}
        drained = self.world.drained()
        entries = self.world.table_entries()
        while not self.is_over:
            for link in links:
                seen = self.world.current(link)
                if seen and seen != current[link]:
                    self.swaps[current[link], seen] += 1
                    current[link] = seen
            for record in self.world.records():
                self.effects[record["pid"], record["start_ticks"]] = record["effect"]
            now = self.world.drained()
            if now is not None and drained is not None:
                for server in now - drained:
                    self.drains[server] += 1
                for server in drained - now:
                    self.undrains[server] += 1
            drained = now  # A proxy that was away begins anew: what it forgot is no undrain.
            serving = self.world.serving_count() if drained and not self.world.is_by_hand else None
            if serving is not None:
                self.serving_min = serving if self.serving_min is None else min(serving,
                                                                                self.serving_min)
            now = self.world.table_entries()
            for table in TABLES if now is not None and entries is not None else ():
                # Each setting lets an entry live as long again; nothing else does.
                self.entered[table] += now.get(table, 0) > entries.get(table, 0)
                self.cleared[table] += table in entries and table not in now
            entries = now
            time.sleep(LOOK_EVERY)

    def end(self):
        self.is_over = True
        self.join()


class GuardedWorld(World):
    """Payments is started and guarded by the agent; the rest is as in the unguarded world.

    `operations` is what payments reads of its configuration c1. With `kill_points` the agent can be
    killed at each call by which it changes something (kill_point.cpp).
    """

    def __init__(self, programs, run_dir, operations=None, hold_for="2m", kill_points=None):
        super().__init__(programs, run_dir)
        self.operations = operations or {}
        self.hold_for = hold_for
        self.kill_points = kill_points
        self.agent = None
        self.sink_offset = 0
        self.is_by_hand = False  # A person takes instances away, who asks no guard.
        self.entries = []  # Every entry of the ledger's copy that was read so far.

    # --- start and end -------------------------------------------------------------------
    def start(self, has_proxy=True):
        for service in ("fraud", "quotes", "rates"):
            self.make_version(service, "v1")
            self.switch_version(service, "v1")
        self.make_version("payments", "v1")
        self.switch_version("payments", "v1")
        self.make_config("c1", self.operations)
        self.switch_version("payments/config", "c1")
        self.start_process("fault-switch",
                           [self.programs / "fault-switch",
                            "--socket", self.run_dir / "faults.sock"],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        wait_until("the fault switch listens", (self.run_dir / "faults.sock").is_socket)
        self.start_redis()
        for name in self.ports:
            if name not in INSTANCES:
                self.start_instance(name)
        if has_proxy:
            self.start_haproxy()
        self.write_config()
        self.start_agent()
        if has_proxy:
            wait_until("the proxy sees all servers up", self.is_all_up, 20)
        wait_until("all services follow the faults", lambda: self.switch(count=True) == 7)

    def make_version(self, service, version):
        """A program that writes down that it was started, then becomes the real one."""
        super().make_version(service, version)
        if service != "payments":
            return
        program = self.run_dir / service / "versions" / version / service
        program.unlink()
        program.write_text(
            "#!/bin/sh\n"
            f"echo \"$$ $(cut -d' ' -f22 /proc/$$/stat) $4 {version}\" >> {self.run_dir}/starts\n"
            f"exec {self.programs}/payments \"$@\"\n")
        program.chmod(0o755)

    def make_config(self, name, operations):
        config = self.run_dir / "payments/config/versions" / name
        config.mkdir(parents=True, exist_ok=True)
        (config / "operations.json").write_text(json.dumps(operations))

    def words(self):
        workers = self.operations.get("workers", SERVICES["payments"]["workers"])
        return {**super().words(), "ORACLE": "rules", "HOLD_FOR": self.hold_for,
                "WITHOUT_MODEL": "# ", "WITHOUT_MESH": "# ",
                "PAYMENTS_MAXCONN": 5 * workers}

    def write_config(self):
        text = (ROOT / "examples/payment_gateway/homeostat.yaml.in").read_text()
        for word, value in self.words().items():
            text = text.replace(f"@{word}@", str(value))
        assert f"min_healthy: {MIN_HEALTHY}\n" in text, "the template has another floor"
        # Many incidents in a minute: what would rightly stop an agent that acts so often.
        for given, wanted in {"cool_down: 30s": "cool_down: 500ms",
                              "attempts_max: 3": "attempts_max: 100\n  effects_max: 1000"
                                              "\n  taken_back_max: 100",
                              "back_off_first: 200ms":
                                  "back_off_first: 50ms\n  back_off_max: 200ms",
                              "proof_time: 3s": "proof_time: 5s",
                              "/suspended }": "/suspended, crash_loop_starts: 0 }"}.items():
            assert given in text, f"{given} is not in the template any more"
            text = text.replace(given, wanted)
        (self.run_dir / "homeostat.yaml").write_text(text)

    def start_agent(self):
        log = open(self.run_dir / "agent.log", "ab")
        self.logs.append(log)
        loaded = {} if self.kill_points is None else {
            "LD_PRELOAD": str(self.programs / "kill_point.so"),
            "HOMEOSTAT_KILL_POINTS": str(self.kill_points)}
        self.agent = subprocess.Popen(
            [self.programs / "homeostat", "agent", "--config", self.run_dir / "homeostat.yaml"],
            cwd=self.run_dir, stdout=log, stderr=log, preexec_fn=die_with_parent,
            env={**os.environ, **loaded})

    def start_load(self, seconds, rate=RATE, name="load-generator"):
        """Users, all the time; without them nobody would notice a bad version."""
        self.start_process(name,
                           [self.programs / "load-generator", "--port", str(self.edge),
                            "--rate", str(rate), "--seed", "1", "--for", f"{seconds}s"])

    def kill_agent(self):
        self.agent.kill()
        self.agent.wait()

    def end(self):
        if self.agent and self.agent.poll() is None:
            self.kill_agent()
        super().end()
        end_children()

    def deploy(self, version="v1", config="c1"):
        """Another tool's work, done while nobody guards: the agent finds it when it comes back."""
        if not (self.run_dir / "payments/versions" / version).is_dir():
            self.make_version("payments", version)
        for link, wanted in (("payments", version), ("payments/config", config)):
            if self.current(link) != wanted:
                self.switch_version(link, wanted)
        for record in self.records():
            os.kill(record["pid"], signal.SIGTERM)
            wait_until("the old process has ended", lambda: start_ticks(record["pid"]) is None)
            wait_until("the old one's shim has let go of the record",
                       lambda: self.start_by_shim(record["name"], version, config))

    def start_by_shim(self, name, version, config):
        """False while somebody else holds the instance's record; nothing was started then."""
        directory = self.run_dir / "payments/versions" / version
        path = self.run_dir / "payments/run" / name
        status = subprocess.run(
            [self.programs / "homeostat-shim", "--record", f"{path}.json", "--log", f"{path}.log",
             "--name", name, "--version", version, "--config", config, "--directory", directory,
             "--", directory / "payments", "--port", str(self.ports[name]), "--name", name,
             "--config", self.run_dir / "payments/config/versions" / config],
            capture_output=True, timeout=5).returncode
        assert status in (0, os.EX_TEMPFAIL), f"the shim ended with {status}"
        return status == 0

    # --- what is read from it ------------------------------------------------------------
    def status(self):
        """What `homeostat status` says; None when no agent answers."""
        done = subprocess.run(
            [self.programs / "homeostat", "status", "--json",
             "--config", self.run_dir / "homeostat.yaml"],
            capture_output=True, text=True, timeout=10)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def current(self, link="payments"):
        try:
            return os.readlink(self.run_dir / link / "current").rsplit("/", 1)[1]
        except OSError:
            return None

    def records(self):
        found = []
        for name in INSTANCES + SPARES:
            try:
                found.append(json.loads(
                    (self.run_dir / "payments/run" / f"{name}.json").read_text()))
            except (OSError, ValueError):
                pass  # Not there yet.
        return found

    def alive(self):
        """Instance → (pid, start ticks) of those that run."""
        return {record["name"]: (record["pid"], record["start_ticks"])
                for record in self.records()
                if start_ticks(record["pid"]) == record["start_ticks"]}

    def starts(self):
        """Every start of a payments process: (pid, start ticks, instance, version)."""
        lines = (self.run_dir / "starts").read_text().splitlines()
        return [(int(pid), int(ticks), name, version)
                for pid, ticks, name, version in (line.split() for line in lines)]

    def drained(self):
        """Servers of payments that the proxy was told to drain; None when it does not answer.

        The order counts and not the status, which is another one while the instance is down.
        """
        # The witness has other things to see meanwhile, so it waits for no proxy that hangs.
        lines = self.ask_proxy("show servers state payments", timeout=0.1)
        rows = [line.split() for line in lines[1:]]  # The first is the format's version.
        return {f"payments/{row[3]}" for row in rows
                if int(row[6]) & ADMIN_STATE_DRAIN} if rows else None

    def serving_count(self):
        """How many of payments the proxy gives requests to; None when it does not answer.

        One that missed a check ("UP 1/2") still gets them.
        """
        rows = [line.split(",") for line in self.ask_proxy("show stat", timeout=0.1)]
        states = [row[17] for row in rows if row[0] == "payments" and row[1] != "BACKEND"]
        return sum(state.startswith("UP") for state in states) if states else None

    def table_entries(self):
        """Table → how many ms its entry lives on, of the tables that have one; None when the proxy
        does not answer."""
        text = self.ask_proxy(";".join(f"show table {table}" for table in TABLES), timeout=0.1,
                              has_comments=True)
        found = {}
        table = None
        for line in text:
            if line.startswith("# table:"):
                table = line.split()[2].rstrip(",")
            elif "gpt0=1" in line:
                found[table] = int(line.split("exp=")[1].split()[0])
        return found if text else None

    def requests_count(self):
        """How many requests came to the proxy's front door, as it counts them itself."""
        rows = [line.split(",") for line in self.ask_proxy("show stat")]
        return next(int(row[REQUESTS_TOTAL]) for row in rows if row[:2] == ["edge", "FRONTEND"])

    def wait_for_requests(self, count):
        """Users have to be there."""
        until = self.requests_count() + count
        wait_until(f"{count} more requests have come", lambda: self.requests_count() >= until, 60)

    def unlinks_count(self):
        """How many UNLINK commands Redis has been sent, as it counts them itself."""
        with socket.create_connection(("127.0.0.1", self.redis), timeout=2) as redis:
            redis.sendall(b"INFO commandstats\r\nQUIT\r\n")
            text = b"".join(iter(lambda: redis.recv(65536), b"")).decode()
        return sum(int(line.split("calls=")[1].split(",")[0]) for line in text.splitlines()
                   if line.startswith("cmdstat_unlink:"))

    def read_sink(self):
        """The entries that are new in the ledger's copy outside."""
        try:
            with open(self.run_dir / "sink.jsonl", "rb") as sink:
                sink.seek(self.sink_offset)
                data = sink.read()
        except OSError:
            return []
        whole = data[:data.rfind(b"\n") + 1]
        self.sink_offset += len(whole)
        fresh = [entry for line in whole.splitlines()
                 for entry in json.loads(line)["group"]["entries"]]
        self.entries += fresh
        return fresh

    def of_kind(self, kind):
        return [entry for entry in self.entries if entry["entry"] == kind]

    def tell_troubles(self):
        for name in ("agent", "haproxy", *INSTANCES):
            log = self.run_dir / f"{name}.log"
            lines = log.read_text(errors="replace").splitlines() if log.exists() else []
            print(f"--- end of {name}.log", *lines[-25:], sep="\n    ", file=sys.stderr)
        for entry in self.entries:
            if entry["entry"] != "checkpoint":
                print(entry["incident"], entry["entry"], json.dumps(entry["body"])[:160],
                      file=sys.stderr)

    def has_written(self, kind):
        self.read_sink()
        return bool(self.of_kind(kind))

    def open_incidents(self):
        closed = {entry["incident"] for entry in self.of_kind("closed")}
        return [entry["incident"] for entry in self.of_kind("opened")
                if entry["incident"] not in closed]

    def is_answered(self):
        """A request through the edge, on a new connection, is answered by some instance."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.edge}/healthz",
                                        timeout=1) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False


def break_it(world, how):
    if how == "crash":
        name = random.choice(INSTANCES)
        pid = world.alive()[name][0]
        print(f"  {name} is killed", flush=True)
        subprocess.run(["kill", "-9", str(pid)], check=True)
        return
    print("  v2 is deployed and answers errors", flush=True)
    world.kill_agent()
    world.deploy("v2")
    world.start_agent()


def is_settled(world):
    world.read_sink()
    return not world.open_incidents() and world.current() == "v1" and world.is_all_up()


def check_outcomes(world):
    """Every effect that was announced has ended in one way; so it is once all is settled."""
    announced = [entry["body"]["effect"] for entry in world.of_kind("intent")]
    outcomes = [entry["body"]["effect"] for entry in world.of_kind("outcome")]
    assert len(outcomes) == len(set(outcomes)), "an effect has two outcomes"
    assert set(outcomes) == set(announced), "an intent has no outcome"


def check_starts(witness, starts, intents):
    """Every start that was an effect has an intent of its own; says how many there were."""
    by_effect = {}
    for pid, ticks, name, version in starts:
        effect = witness.effects.get((pid, ticks))
        assert effect is not None, f"no record ever named the start of {name} as pid {pid}"
        if not effect:
            continue  # The first start, or the deploy tool's.
        assert effect in intents, f"{name} was started by {effect}, which nobody announced"
        assert effect not in by_effect, f"{effect} started two processes"
        by_effect[effect] = name
        step = intents[effect]
        assert (step["kind"], step["instance"], step["version"]) == ("replace", name, version)
    return len(by_effect)


def check_effects(world, witness):
    """At most one effect per intent, none without one, each counted at its target.

    The agent may act at any moment. So the targets are counted first and the ledger is read last:
    whatever was counted was announced before.
    """
    starts = world.starts()
    wait_until("what was under way is over", lambda: is_settled(world), 60)
    check_outcomes(world)
    witness.end()
    world.read_sink()
    intents = {entry["body"]["effect"]: entry["body"]["step"] for entry in world.of_kind("intent")}

    starts_count = check_starts(witness, starts, intents)
    announced = [step["kind"] for step in intents.values()]
    swaps = witness.swaps["v2", "v1"]
    assert swaps <= announced.count("swap_version"), "more swaps than intents"
    for index, name in enumerate(INSTANCES):
        for kind, seen in (("drain", witness.drains), ("undrain", witness.undrains)):
            count = sum(step["kind"] == kind and step["instance"] == name
                        for step in intents.values())
            assert seen[f"payments/p{index}"] <= count, f"more {kind}s of {name} than intents"
    print(f"  {len(intents)} intents; at the targets: {starts_count} starts, {swaps} swaps, "
          f"{witness.drains.total()} drains, {witness.undrains.total()} undrains")


def check_floor(witness):
    """Whatever a remedy took out, the others served: as the proxy saw it at each look."""
    print(f"  while one was drained at least {witness.serving_min} served")
    assert witness.serving_min is not None, "nothing was drained, so nothing was tested"
    assert witness.serving_min >= MIN_HEALTHY, f"only {witness.serving_min} served"


def check_ledger(world):
    verified = subprocess.run(
        [world.programs / "homeostat", "verify-ledger", "--json",
         "--config", world.run_dir / "homeostat.yaml"], capture_output=True, text=True, timeout=20)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)["intact"] is True, verified.stdout
