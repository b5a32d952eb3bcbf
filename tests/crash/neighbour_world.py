"""Two services beside each other, `alpha` calls `beta`, each with an agent of its own that may
restart instances, and one HAProxy for both.

What happens is read from the agents' own ledgers and from the kernel: an instance was restarted
when a process of another start time runs in its place. Both tell the time by the clock that counts
from the boot. Between the agents stand relays of the test's own.
"""

import os
import shutil
import signal
import subprocess
import sys

from guarded_world import die_with_parent, end_children, free_ports, wait_until
from mesh_relay import Relay
from pledged_world import Ledger, now
from small_service import SmallService

NAMES = ("alpha", "beta")
TICKS = os.sysconf("SC_CLK_TCK")  # Of start times, a second.
STOP_GRACE_MS = 2500  # Who hangs heeds no SIGTERM: so long a restart takes.

PROXY = """global
    nbthread 1
    stats socket {here}/haproxy.sock mode 600 level admin
defaults
    mode http
    timeout connect 200ms
    timeout client 5s
    timeout server 1s
    timeout check 300ms
    default-server check inter 200ms fall 2 rise 1
backend dimmers
    stick-table type string len 65 size 100 expire 12s store gpt0
"""
BACKEND = """backend {name}
    option httpchk GET /healthz
    server s0 127.0.0.1:{ports[0]}
    server s1 127.0.0.1:{ports[1]}
"""
EDGE = """edge: {{ haproxy: {{ socket: {here}/haproxy.sock, backend: {name}, servers: [s0, s1] }} }}
"""
CALLER = """neighbours:
  - service: beta
    backend: beta
    dimmer: dimmers
    agent: {{ url: "http://127.0.0.1:{port_to}", key: "{key_of_other}" }}
    reduced_modes: [ {{ mode: less, users_lose: "something" }} ]
mesh: {{ listen: "127.0.0.1:{port}", key: {own}/mesh.key }}
"""
CALLEE = """mesh:
  listen: "127.0.0.1:{port}"
  key: {own}/mesh.key
  capacity: 100
  callers:
    - service: alpha
      agent: {{ url: "http://127.0.0.1:{port_to}", key: "{key_of_other}" }}
      modes: [less]
"""


class Member(SmallService):
    """One of the two, under its own name. `rates` is the program of both."""

    def __init__(self, programs, here, name):
        here.mkdir()
        super().__init__(programs, here)
        self.name = name
        self.names = [f"{name}-0", f"{name}-1"]
        self.ledger = Ledger(here / "ledger")
        self.change("service: rates", f"service: {name}")
        self.change("every: 300ms, timeout: 300ms", "every: 200ms, timeout: 200ms")
        self.change("stop_grace: 1s", f"stop_grace: {STOP_GRACE_MS}ms")
        self.change("min_healthy: 1,", "min_healthy: 1, cool_down: 1s, attempts_max: 100, "
                    "successes_max: 0,")  # It hangs as often as a test likes.
        self.own_config = self.config.read_text()
        self.kill_points = here / "kill_points"
        self.kill_points.mkdir()

    def start_agent(self, **environment):
        library = self.programs / "kill_point.so"
        loaded = {"LD_PRELOAD": str(library), "HOMEOSTAT_KILL_POINTS": str(self.kill_points)}
        super().start_agent(**(loaded if library.exists() else {}), **environment)

    # --- what a test does to it ----------------------------------------------------------
    def hang(self):
        """Its first instance stands still. Gives what was."""
        process = self.alive()[self.names[0]]
        os.kill(process[0], signal.SIGSTOP)
        return process

    def stand_still(self):
        self.agent.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.agent.send_signal(signal.SIGCONT)

    def die_before(self, call, how=""):
        """Its agent does, just before that call (kill_point.cpp)."""
        beside = self.kill_points / "armed.new"
        beside.write_text(f"1\t{call}{how}")
        beside.rename(self.kill_points / "armed")

    def stop_before(self, call):
        self.die_before(call, "\tSTOP")

    def disarm(self):
        (self.kill_points / "armed").unlink()

    def stands_still(self):
        with open(f"/proc/{self.agent.pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "T"

    # --- what is read from it ------------------------------------------------------------
    def restarts(self, since=0.0):
        """[begin, end] of each remedy that was carried out, by its ledger; the end is None while
        it is under way."""
        spans, open_effects = {}, {}
        for at, kind, body in self.ledger.read():
            if at < since or kind not in ("intent", "outcome"):
                continue
            incident = body["effect"].split(".")[0]
            span = spans.setdefault(incident, [at, None])
            still_open = open_effects.setdefault(incident, set())
            if kind == "intent":
                still_open.add(body["effect"])
            else:
                still_open.discard(body["effect"])
            span[1] = None if still_open else at
        return sorted(spans.values())

    def first_effect_at(self, since):
        spans = self.restarts(since)
        return spans[0][0] if spans else None

    def waits(self, since):
        """How often it was held up by a word, by its own ledger."""
        return len(self.ledger.events("waited", since=since))

    def started_at(self, process):
        """When a process began, by the kernel; an instance's first call is later."""
        return process[1] / TICKS

    def is_healed(self, was):
        is_now = self.alive().get(self.names[0])
        return is_now is not None and is_now != was and self.is_served() and self.is_calm()

    def is_served(self):
        status = self.status()
        return status is not None and status["serving_count"] == 2

    def has_heard(self):
        document = self.ask("pledges")
        return document is not None and all(one["is_heard"] for one in document["pledges"])


class Neighbourhood:
    def __init__(self, programs, here):
        self.programs = programs
        self.here = here
        self.members = [Member(programs, here / name, name) for name in NAMES]
        self.alpha, self.beta = self.members
        self.ports = dict(zip(NAMES, free_ports(2)))
        self.traps = {}  # (to whom, kind) → what is done before such a message arrives, once.
        self.relays = {name: Relay(self.ports[name], self.trap_of(name)) for name in NAMES}
        self.proxy = None
        self.log = open(here / "haproxy.log", "ab")

    # --- start and end -------------------------------------------------------------------
    def start(self):
        text = PROXY.format(here=self.here)
        for member in self.members:
            text += BACKEND.format(name=member.name, ports=member.ports)
        (self.here / "haproxy.cfg").write_text(text)
        haproxy = shutil.which("haproxy") or "/usr/sbin/haproxy"
        self.proxy = subprocess.Popen([haproxy, "-db", "-f", self.here / "haproxy.cfg"],
                                      stdout=self.log, stderr=self.log,
                                      preexec_fn=die_with_parent)
        wait_until("the proxy listens", (self.here / "haproxy.sock").is_socket)
        self.write_configs()
        for member in self.members:
            member.start_agent()
        self.wait_until_usual()

    def write_configs(self):
        """Twice: each needs the key of the other, which is made with it."""
        keys = dict.fromkeys(NAMES, "0" * 64)
        for _ in range(2):
            for member, other, lines in ((self.alpha, self.beta, CALLER),
                                         (self.beta, self.alpha, CALLEE)):
                words = {"here": self.here, "own": member.here, "name": member.name,
                         "port": self.ports[member.name],
                         "port_to": self.relays[other.name].port,
                         "key_of_other": keys[other.name]}
                member.config.write_text(member.own_config + (EDGE + lines).format(**words))
            keys = {member.name: member.ask("mesh", "--key")["key"].strip()
                    for member in self.members}

    def wait_until_usual(self):
        for member in self.members:
            wait_until(f"{member.name} is served", member.is_served, 20)
            wait_until(f"{member.name} has heard its neighbour", member.has_heard, 10)

    def end(self):
        for member in self.members:
            if member.agent and member.agent.poll() is None:
                member.kill_agent()
        if self.proxy:
            self.proxy.kill()
            self.proxy.wait()
        for relay in self.relays.values():
            relay.end()
        self.log.close()
        end_children()

    # --- traps ---------------------------------------------------------------------------
    def trap_of(self, name):
        def spring(kind, _):
            does = self.traps.pop((name, kind), None)
            if does is not None:
                does()
        return spring

    def tell_troubles(self):
        told = [(at, member.name, kind, body) for member in self.members
                for at, kind, body in member.ledger.read() if kind != "checkpoint"]
        for at, name, kind, body in sorted(told, key=lambda one: one[0])[-60:]:
            print(f"{at:.3f} {name} {kind} {str(body)[:200]}", file=sys.stderr)
        for member in self.members:
            print(f"--- end of {member.name}'s agent.log", *member.log().splitlines()[-8:],
                  sep="\n    ", file=sys.stderr)
        print(f"now {now():.3f}", file=sys.stderr)
