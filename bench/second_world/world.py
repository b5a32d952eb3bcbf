"""The payment gateway of a plan as real processes: drawn names and sizes, ports of its own,
services under a user id that the judge of cases does not have.

Standard library, and the demo's own world, of which this is one with other sizes.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent.parent / "examples/payment_gateway"
sys.path.insert(0, str(EXAMPLE))

import cages  # noqa: E402
from draw import ROLES, instance_names  # noqa: E402
from test_world import World, die_with_parent, wait_until  # noqa: E402


def is_open_to_others(path):
    return all(parent.stat().st_mode & 1 for parent in path.parents)


# Nobody's else; the judge has another one. Below /root it could not run programs: then root does.
WORLD_UID = 61001 if os.geteuid() == 0 and is_open_to_others(HERE) else None
# One that others than its owner may run; that of a virtual environment often is not.
PYTHON = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
PORTS_FROM, PORTS_EACH = 21000, 100  # Below those that the kernel gives to whoever connects.
STOP_GRACE_S, START_S_MAX = 2.0, 5.0
SUPERVISOR_WAITS_S = 1.0
CURRENCIES = ("USD", "GBP", "JPY", "CHF", "SEK")
PREFIX = "second-world-"
# Of each request: when it ended, from where to where, how long, how it came out.
LOG_FORMAT = "%[date(0,ms)] %f %b %s %Ta %ST %ts"


def now_s():
    """Counts on whatever is set; the load generator uses it too."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def remove_left_over():
    """Directories of worlds whose process was killed, and disks mounted in them."""
    for directory in Path(tempfile.gettempdir()).glob(f"{PREFIX}[0-9]*-[0-9]*-*"):
        owner = directory.name.removeprefix(PREFIX).split("-")[1]
        if not Path("/proc", owner).exists():
            if os.path.ismount(directory / "redis"):
                subprocess.run(["umount", directory / "redis"], check=False)
            shutil.rmtree(directory, ignore_errors=True)


class SecondWorld(World):
    def __init__(self, programs, run_dir, plan, slot=0):
        # Not the demo's: that one has its sizes and takes any free ports.
        self.programs, self.run_dir, self.plan = programs, run_dir, plan
        self.processes, self.generators, self.logs = {}, [], []
        self.lock = threading.RLock()
        self.over = threading.Event()
        self.held_back = set()  # Instances that somebody restarts just now: no supervisor does.
        self.cages, self.events, self.mounts = {}, [], []
        free = iter(range(PORTS_FROM + slot * PORTS_EACH, PORTS_FROM + (slot + 1) * PORTS_EACH))
        self.names = {role: instance_names(plan, role) for role in ROLES}
        self.role_of = {name: role for role in ROLES for name in self.names[role]}
        self.ports = {name: next(free) for name in self.role_of}
        self.wanted = {name for role in ROLES
                       for name in self.names[role][:plan["sizes"][role]["instances"]]}
        self.edge, self.fraud_edge, self.rates_edge, self.source, self.redis_edge, self.redis = (
            next(free) for _ in range(6))
        self.relayed = {}  # Port before the relay, by the name of what is behind it.
        for action in plan["actions"]:
            if action["do"] == "relay":
                behind = self.names["fraud"] if action["role"] == "fraud" else ["redis"]
                self.relayed |= {name: next(free) for name in behind}
        self.current = {role: {"deploy": 1, "config": 1} for role in ROLES}
        self.runs = {}  # Of an instance: the versions that it was started with.
        self.operations = {(role, number): self.usual_operations(role)
                           for role in ROLES for number in range(3)}
        self.limits = {}  # Of the processor: by instance, or by (role, number of configuration).

    def usual_operations(self, role):
        told = {"workers": self.plan["sizes"][role]["workers"],
                "dependency_deadline_ms": self.plan["deadline_ms"], "log_every": 50}
        return told | ({"cache_s": self.plan["cache_s"]} if role == "quotes" else {})

    # --- start and end -------------------------------------------------------------------
    def start_process(self, name, command, cwd=None, **more):
        if WORLD_UID is not None:
            more |= {"user": WORLD_UID, "group": WORLD_UID, "extra_groups": []}
        log = open(self.run_dir / f"{name}.log", "ab")
        self.logs.append(log)
        more.setdefault("stdout", log)
        with self.lock:
            if self.over.is_set():
                return
            # A session each, as services have that some system starts: a scheduler that shares by
            # sessions then lets none of them wait for the others.
            self.processes[name] = subprocess.Popen(
                command, cwd=cwd or self.run_dir, stderr=log, preexec_fn=die_with_parent,
                start_new_session=True, **more)
        (self.run_dir / f"{name}.pid").write_text(str(self.processes[name].pid))

    def start(self):
        if WORLD_UID is not None:
            os.chown(self.run_dir, WORLD_UID, WORLD_UID)
        self.run_dir.chmod(0o700)
        for role in ROLES:
            for number in range(3):
                self.make_version(role, number)
                self.make_config(role, number)
        if self.relayed:
            self.tell_relay({})
            self.start_program("relay", HERE / "relay.py", self.run_dir / "relay.json")
        self.start_process("fault-switch", [self.programs / "fault-switch",
                                            "--socket", self.run_dir / "faults.sock"],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        wait_until("the fault switch listens", (self.run_dir / "faults.sock").is_socket)
        self.start_redis()
        for name in sorted(self.wanted):
            self.start_instance(name)
        for name in sorted(self.wanted):
            wait_until(f"{name} serves", lambda name=name: self.serves(name))
        self.start_haproxy()
        wait_until("the proxy sees all servers up", self.is_all_up)
        wait_until("all services follow the faults",
                   lambda: self.switch(count=True) == len(self.wanted))
        if self.plan["is_supervised"]:
            threading.Thread(target=self.supervise, daemon=True).start()

    def start_program(self, name, program, file):
        self.start_process(name, [PYTHON, program, file])

    def make_version(self, role, number):
        directory = self.run_dir / role / "versions" / str(number)
        directory.mkdir(parents=True)
        (directory / role).symlink_to(self.programs / role)
        edges = {"payments": {"fraud": self.fraud_edge, "rates": self.rates_edge},
                 "quotes": {"rates": self.source, "redis": self.redis_edge}}
        size = self.plan["sizes"][role]
        (directory / "service.json").write_text(json.dumps({
            "service": role, "version": self.plan["versions"][role]["deploy"][number],
            "workers": size["workers"], "own_wait_ms": size["own_wait_ms"],
            "edge": edges.get(role, {}), "faults_socket": str(self.run_dir / "faults.sock")}))

    def make_config(self, role, number, text=None):
        directory = self.run_dir / role / "config" / str(number)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "operations.json").write_text(
            text or json.dumps(self.operations[role, number]))

    def start_redis(self):
        (self.run_dir / "redis").mkdir(exist_ok=True)
        if WORLD_UID is not None:
            os.chown(self.run_dir / "redis", WORLD_UID, WORLD_UID)
        self.start_process("redis", [
            "redis-server", "--bind", "127.0.0.1", "--port", str(self.redis), "--save", "",
            "--appendonly", "no", "--maxmemory", "16mb", "--dir", str(self.run_dir / "redis"),
            "--enable-debug-command", "local"])

    def start_instance(self, name):
        role = self.role_of[name]
        versions = self.runs[name] = dict(self.current[role])
        directory = self.run_dir / role / "versions" / str(versions["deploy"])
        self.start_process(
            name, [directory / role, "--port", str(self.ports[name]), "--name", name,
                   "--config", self.run_dir / role / "config" / str(versions["config"])],
            cwd=directory)
        quota_us = self.quota_us(name)
        if name in self.cages or quota_us > 0:
            self.cage(name).limit_cpu(quota_us)
            self.cages[name].take(self.processes[name].pid)
        self.tell("Started", name)

    def quota_us(self, name):
        """Of the processor, in each second: by its configuration or by somebody's hand; -1: all."""
        of_config = self.limits.get((self.role_of[name], self.runs[name]["config"]))
        return of_config or self.limits.get(name, -1)

    def cage(self, name):
        return self.cages.setdefault(name, cages.Cage(name))

    def proxy_config(self):
        """The demo's, with servers of our names and sizes, and a line for each request."""
        text = (EXAMPLE / "haproxy.cfg.in").read_text()
        words = self.words() | {
            "PAYMENTS_MAXCONN": 5 * self.plan["sizes"]["payments"]["workers"]}
        for word, value in words.items():
            text = text.replace(f"@{word}@", str(value))
        sections = re.split(r"(?m)^(?=(?:global|defaults|frontend|backend)\b)", text)
        return "".join(self.section(section) for section in sections)

    def section(self, text):
        kind, _, name = text.split("\n", 1)[0].partition(" ")
        if kind == "global":
            return text.rstrip() + "\n    log stdout format raw local0\n\n"
        if kind == "frontend" and name != "redis_in":
            return text.rstrip() + f'\n    log global\n    log-format "{LOG_FORMAT}"\n\n'
        behind = {"redis": ["redis"]}.get(name, self.names.get(name))
        if kind != "backend" or not behind:
            return text
        kept = [line for line in text.rstrip().splitlines()
                if not re.match(r"\s*(server |# Spares)", line)]
        return "\n".join(kept + [f"    server {one} 127.0.0.1:{self.port_for_proxy(one)}"
                                 for one in behind]) + "\n\n"

    def port_for_proxy(self, name):
        return self.relayed.get(name) or (self.redis if name == "redis" else self.ports[name])

    def words(self):
        return {"RUN_DIR": self.run_dir, "EDGE_PORT": self.edge, "FRAUD_PORT": self.fraud_edge,
                "RATES_PORT": self.rates_edge, "SOURCE_PORT": self.source,
                "REDIS_EDGE_PORT": self.redis_edge, "SOURCE_READS_MAX": 1000,
                "PAYMENTS_CHECKS": "check inter 500ms fall 2 rise 1"}

    def start_haproxy(self):
        (self.run_dir / "haproxy.cfg").write_text(self.proxy_config())
        haproxy = shutil.which("haproxy") or "/usr/sbin/haproxy"
        with open(self.run_dir / "requests.log", "ab") as out:
            self.start_process("haproxy", [haproxy, "-db", "-f", self.run_dir / "haproxy.cfg"],
                               stdout=out)

    def is_all_up(self):
        """Of those that were started; the spares are down."""
        states = {row["svname"]: row["status"] for row in self.stat()}
        return all(states.get(name, "").startswith("UP") for name in self.wanted | {"redis"})

    def end(self):
        with self.lock:
            self.over.set()
        super().end()
        for cage in self.cages.values():
            cage.remove()
        for mount in self.mounts:
            subprocess.run(["umount", mount], check=False)

    # --- one instance ----------------------------------------------------------------------
    def serves(self, name):
        return self.get(name, "/healthz", timeout=0.3)[0] == 200

    def is_running(self, name):
        return name in self.processes and self.processes[name].poll() is None

    def stop_instance(self, name):
        """Asks first, as whoever runs a service does."""
        process = self.processes[name]
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.tell("Killing", name)

    def replace_instance(self, name):
        """Another process in its place; waits until it serves, or it is clear that it does not."""
        self.held_back.add(name)
        if name in self.processes:
            self.stop_instance(name)
        self.start_instance(name)
        give_up_at = time.monotonic() + START_S_MAX
        while not self.serves(name) and time.monotonic() < give_up_at:
            if not self.is_running(name):
                break
            time.sleep(0.05)
        self.held_back.discard(name)

    def supervise(self):
        """What ends by itself is started again, as it was."""
        while not self.over.wait(0.5):
            for name in sorted(self.wanted | {"redis"}):
                if name in self.held_back or self.is_running(name) or self.over.is_set():
                    continue
                self.over.wait(SUPERVISOR_WAITS_S)
                if name == "redis":
                    self.start_redis()
                elif name not in self.held_back and not self.is_running(name):
                    self.start_instance(name)

    def tell(self, reason, name):
        self.events.append((now_s(), name, reason))

    # --- load ------------------------------------------------------------------------------
    def start_load(self, name, rate, seed, seconds):
        """Users; what became of each request stands in NAME.out."""
        with open(self.run_dir / f"{name}.out", "ab") as out:
            self.start_process(name, [
                self.programs / "load-generator", "--port", str(self.edge), "--rate", str(rate),
                "--seed", str(seed), "--for", f"{int(seconds * 1000)}ms"], stdout=out)

    def requests(self):
        """(due, was it good, latency in s, verdict) of all that users asked so far."""
        for file in sorted(self.run_dir.glob("load*.out")):
            for line in file.read_text().splitlines():
                due, us, _, verdict = line.split()
                yield int(due) / 1e9, int(us) / 1e6, verdict

    # --- what is read and told -----------------------------------------------------------
    def tell_relay(self, how):
        routes = [[port, self.redis if name == "redis" else self.ports[name]]
                  for name, port in self.relayed.items()]
        aside = self.run_dir / "relay.new"
        aside.write_text(json.dumps({"routes": routes, "how": how}))
        aside.rename(self.run_dir / "relay.json")
        if "relay" in self.processes:
            self.processes["relay"].send_signal(signal.SIGHUP)

    def stat(self):
        """Rows of the proxy's table of counters; none if it is silent."""
        lines = self.ask_proxy("show stat", timeout=0.3, has_comments=True)
        if not lines:
            return []
        fields = lines[0].lstrip("# ").split(",")
        return [dict(zip(fields, line.split(","))) for line in lines[1:]]
