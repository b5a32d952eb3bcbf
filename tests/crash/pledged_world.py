"""The payment gateway with the agents of payments and fraud, which can agree on a mode, and with
witnesses that ask neither of them.

What the agents may do is to agree; whatever else they would do they only watch. What is sent to
fraud is counted by HAProxy, and a dimmer is what its stick table says. Between the two agents stand
relays of the test's own.
"""

import bisect
import collections
import json
import os
import signal
import subprocess
import sys
import threading
import time

from guarded_world import ROOT, World, die_with_parent, end_children, free_ports, wait_until
from mesh_relay import Relay
from small_service import FRAME_HEADER, SEGMENT_HEADER_BYTES

AGENTS = ("payments", "fraud")
RATE = 150  # Of users; the probes of both agents are twenty requests a second more.
SLOW_MS = 60  # Three calls at once of 68 ms each are 44 a second for one of the two instances.
FRAUD_MAXCONN = 3
TTL = 2.0  # The shortest promise: in a minute there are many.
EXPIRE = 4.0  # Of an entry in the table of dimmers; longer than a promise.
RELIED_ON = 1.9  # docs/pledges.md, of a promise of two seconds.
LOOK_EVERY = 0.04
# Which field of `show stat`; the manual counts them from 0. A backend's sessions are calls that
# have begun, its requests those that have ended: what waited when a promise was made would count.
SESSIONS_TOTAL = 7
BACKEND, ANY = 2, -1  # `show stat` of one backend: its type, and whichever of its servers.


def now():
    """The clock that ledgers and the load generator tell, in seconds."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Looks(threading.Thread):
    """What the proxy says, again and again: (when, calls sent to fraud, permille held)."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world = world
        self.is_over = False
        self.seen = []

    def run(self):
        while not self.is_over:
            look = self.world.look_at_proxy()
            if look is not None:
                self.seen.append(look)
            time.sleep(LOOK_EVERY)

    def end(self):
        self.is_over = True
        self.join()

    def between(self, begin, end):
        times = [at for at, _, _ in self.seen]
        return self.seen[bisect.bisect_left(times, begin):bisect.bisect_right(times, end)]


class Ledger:
    """An agent's ledger, read on and on from its own bytes: (when, kind, body)."""

    def __init__(self, directory):
        self.directory = directory
        self.offsets = {}  # Segment → so far it was read.
        self.entries = []

    def read(self):
        for segment in sorted(self.directory.glob("*.hlog")):
            begin = self.offsets.get(segment, SEGMENT_HEADER_BYTES)
            with open(segment, "rb") as file:
                file.seek(begin)
                data = file.read()
            at = 0
            while at + FRAME_HEADER.size <= len(data):
                length, _ = FRAME_HEADER.unpack_from(data, at)
                frame = data[at + FRAME_HEADER.size:at + FRAME_HEADER.size + length]
                if not length or len(frame) < length:
                    break
                at += FRAME_HEADER.size + length
                group = json.loads(frame)
                self.entries += [(group["at"] / 1e9, entry["entry"], entry["body"])
                                 for entry in group["entries"]]
            self.offsets[segment] = begin + at
        return self.entries

    def events(self, *names, since=0.0):
        """Of pledges: (when, body)."""
        return [(at, body) for at, kind, body in self.read()
                if kind == "pledge" and body["event"] in names and at >= since]

    def of_kind(self, kind, since=0.0):
        return [(at, body) for at, wanted, body in self.read() if wanted == kind and at >= since]


class PledgedWorld(World):
    def __init__(self, programs, run_dir):
        super().__init__(programs, run_dir)
        self.agents = {}
        self.kill_points = run_dir / "kill_points"
        self.kill_points.mkdir()
        self.ledgers = {"payments": Ledger(run_dir / "ledger"),
                        "fraud": Ledger(run_dir / "fraud/ledger")}
        self.gone = collections.defaultdict(list)  # Agent → when it was killed or stopped.
        self.epochs = collections.defaultdict(list)  # Agent → those of its lives.
        self.trap = None  # (kind, victims): who dies before a message of that kind arrives.
        self.looks = Looks(self)

    # --- start and end -------------------------------------------------------------------
    def start(self):
        for service in ("payments", "fraud", "quotes", "rates"):
            self.make_version(service, "v1")
            self.switch_version(service, "v1")
        config = self.run_dir / "payments/config/versions/c1"
        config.mkdir(parents=True)
        (config / "operations.json").write_text("{}")
        self.switch_version("payments/config", "c1")
        self.start_process("fault-switch",
                           [self.programs / "fault-switch",
                            "--socket", self.run_dir / "faults.sock"],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        wait_until("the fault switch listens", (self.run_dir / "faults.sock").is_socket)
        self.start_redis()
        for name in ("quotes-0", "rates-0"):
            self.start_instance(name)
        self.start_haproxy()
        self.write_configs()
        for agent in AGENTS:
            self.start_agent(agent)
        wait_until("the proxy sees all servers up", self.is_all_up, 20)
        wait_until("all services follow the faults", lambda: self.switch(count=True) == 7)
        self.start_process("load-generator",
                           [self.programs / "load-generator", "--port", str(self.edge),
                            "--rate", str(RATE), "--seed", "1", "--for", "3600s"])
        self.looks.start()
        wait_until("the agents have heard each other", self.is_usual, 20)

    def words(self):
        return {**super().words(), "FRAUD_MAXCONN": FRAUD_MAXCONN, "ORACLE": "rules",
                "HOLD_FOR": "2m", "WITHOUT_MODEL": "# ", "WITHOUT_MESH": ""}

    def proxy_config(self):
        return changed(super().proxy_config(), {"expire 12s": f"expire {EXPIRE:.0f}s"})

    def write_configs(self):
        """Twice: each needs the key of the other, which is made with it."""
        self.mesh_ports = dict(zip(AGENTS, free_ports(len(AGENTS))))
        self.relays = self.make_relays()
        keys = {agent: "0" * 64 for agent in AGENTS}
        for _ in range(2):
            for agent in AGENTS:
                self.config_of(agent).write_text(self.config_text(agent, keys))
            keys = {agent: self.ask(agent, "mesh", "--key")["key"].strip() for agent in AGENTS}

    def make_relays(self):
        return {agent: Relay(self.mesh_ports[agent], self.spring_trap) for agent in AGENTS}

    def port_to(self, agent):
        return self.relays[agent].port

    def config_text(self, agent, keys):
        name = "homeostat.yaml.in" if agent == "payments" else "homeostat_fraud.yaml.in"
        text = (ROOT / "examples/payment_gateway" / name).read_text()
        other = "fraud" if agent == "payments" else "payments"
        words = {**self.words(), "PAYMENTS_KEY": keys["payments"], "FRAUD_KEY": keys["fraud"],
                 f"{agent.upper()}_MESH_PORT": self.mesh_ports[agent],
                 f"{other.upper()}_MESH_PORT": self.port_to(other)}
        for word, value in words.items():
            text = text.replace(f"@{word}@", str(value))
        head, _, rest = text.partition("autonomy:")
        text = head + "autonomy: { reduce_mode: act }\n" + rest[rest.index("record:"):]
        text = changed(text, {"/suspended }": "/suspended, crash_loop_starts: 0 }"})
        return changed(text, {"mesh.key }": "mesh.key, ttl: 2s }"} if agent == "payments" else
                       {"  floor: 20\n": "  floor: 20\n  ttl: 2s\n"})

    def config_of(self, agent):
        return self.run_dir / f"homeostat-{agent}.yaml"

    def start_agent(self, agent):
        """Of payments with a library by which it can be killed between two of its calls."""
        log = open(self.run_dir / f"agent-{agent}.log", "ab")
        self.logs.append(log)
        library = self.programs / "kill_point.so"
        loaded = {"LD_PRELOAD": str(library), "HOMEOSTAT_KILL_POINTS": str(self.kill_points)}
        is_loaded = agent == "payments" and library.exists()
        command = [self.programs / "homeostat", "agent", "--config", self.config_of(agent)]
        self.agents[agent] = subprocess.Popen(
            [*self.at_host_of(agent), *command],
            cwd=self.run_dir, stdout=log, stderr=log, preexec_fn=die_with_parent,
            env={**os.environ, **(loaded if is_loaded else {})})

    def at_host_of(self, _):
        """What a command begins with to run where that process does."""
        return []

    def end(self):
        if self.looks.is_alive():
            self.looks.end()
        for agent in self.agents.values():
            if agent.poll() is None:
                agent.kill()
                agent.wait()
        for relay in getattr(self, "relays", {}).values():
            relay.end()
        super().end()
        end_children()

    # --- what a test does to it ----------------------------------------------------------
    def kill_agent(self, agent):
        self.gone[agent].append(now())
        self.agents[agent].kill()
        self.agents[agent].wait()

    def stop_agent(self, agent):
        """It stands still, and knows nothing of it."""
        self.gone[agent].append(now())
        self.agents[agent].send_signal(signal.SIGSTOP)

    def go_on(self, agent):
        self.agents[agent].send_signal(signal.SIGCONT)

    def start_again(self):
        """Whoever is dead; and says when all of them answer."""
        dead = [agent for agent in AGENTS if self.agents[agent].poll() is not None]
        for agent in dead:
            code = self.agents[agent].returncode
            assert code == -signal.SIGKILL, f"the agent of {agent} has ended by itself: {code}"
            self.start_agent(agent)
        for agent in dead:
            wait_until(f"the agent of {agent} answers", lambda: self.pledges(agent) is not None, 20)
            self.epochs[agent].append(self.pledges(agent)["epoch"])

    def start_anew(self):
        """Both agents: what they have learnt, and how often they have changed their minds, is
        forgotten."""
        for agent in AGENTS:
            if self.agents[agent].poll() is None:
                self.kill_agent(agent)
        self.start_again()

    def weaken(self):
        self.switch(service="fraud", slow_ms=SLOW_MS)

    def spring_trap(self, kind, _):
        if self.trap is not None and self.trap[0] == kind:
            _, victims = self.trap
            self.trap = None
            for agent in victims:
                if self.agents[agent].poll() is None:
                    self.kill_agent(agent)

    def arm(self, call, count):
        """The agent of payments dies before that call of the next turn of a dimmer."""
        beside = self.kill_points / "armed.new"
        beside.write_text(f"{count}\tdim {call}")
        beside.rename(self.kill_points / "armed")

    def disarm(self):
        (self.kill_points / "armed").unlink(missing_ok=True)

    # --- what is read from it ------------------------------------------------------------
    def run_command(self, agent, *words):
        return subprocess.run(
            [self.programs / "homeostat", *words, "--json", "--config", self.config_of(agent)],
            cwd=self.run_dir, capture_output=True, text=True, timeout=10)

    def ask(self, agent, *words):
        """The document that a command prints; None when it does not say 0."""
        done = self.run_command(agent, *words)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def pledges(self, agent):
        return self.ask(agent, "pledges")

    def view(self, agent):
        """The one route there is, as this agent sees it."""
        document = self.pledges(agent)
        return None if document is None else document["pledges"][0]

    def look_at_proxy(self):
        lines = self.ask_proxy(f"show stat fraud {BACKEND} {ANY};show table dimmers", timeout=0.5)
        counted = next((int(line.split(",")[SESSIONS_TOTAL]) for line in lines
                        if line.startswith("fraud,BACKEND,")), None)
        held = next((int(line.split("gpt0=")[1].split()[0]) for line in lines
                     if "key=fraud " in line), 0)
        return None if counted is None else (now(), counted, held)

    def held(self):
        look = self.look_at_proxy()
        assert look is not None, "the proxy does not answer"
        return look[2]

    def is_agreed(self):
        caller, callee = self.view("payments"), self.view("fraud")
        return caller is not None and callee is not None and callee["phase"] == "relying" and \
            caller["phase"] == "degraded" and self.held() > 0

    def is_usual(self):
        """Both have heard each other, nobody counts on anything, nothing is held back."""
        caller, callee = self.view("payments"), self.view("fraud")
        return caller is not None and callee is not None and caller["is_heard"] and \
            callee["is_heard"] and caller["phase"] == "normal" and callee["phase"] == "idle" and \
            self.held() == 0

    def relied_on(self):
        """When the callee counted on a rate, by its own ledger: [begin, end, rate]. Who was killed
        counts on nothing, and who stands still does for no longer than it would have."""
        spans = []
        for at, body in self.ledgers["fraud"].events("relied_on", "let_go"):
            if spans and spans[-1][1] is None:
                spans[-1][1] = at
            if body["event"] == "relied_on":
                spans.append([at, None, body["rps_max"]])
        for span in spans:
            end = span[1] or now()
            absent = [at for at in self.gone["fraud"] if span[0] <= at < end]
            span[1] = min([end, *absent])
        return spans

    def answers(self, begin, end):
        """What users got whose requests were due in between: (due, verdict)."""
        found = []
        for line in self.log_of("load-generator").split("\n")[:-1]:  # Whole ones.
            fields = line.split()
            if len(fields) == 4 and begin <= int(fields[0]) / 1e9 < end:
                found.append((int(fields[0]) / 1e9, fields[3]))
        return found

    def tell_troubles(self):
        for name in ("agent-payments", "agent-fraud", "haproxy"):
            log = self.run_dir / f"{name}.log"
            lines = log.read_text(errors="replace").splitlines() if log.exists() else []
            print(f"--- end of {name}.log", *lines[-12:], sep="\n    ", file=sys.stderr)
        told = [(at, agent, kind, body) for agent, ledger in self.ledgers.items()
                for at, kind, body in ledger.read() if kind != "checkpoint"]
        for at, agent, kind, body in sorted(told, key=lambda one: one[0])[-60:]:
            print(f"{at:.3f} {agent} {kind} {json.dumps(body)[:220]}", file=sys.stderr)
        print(f"now {now():.3f}, gone {dict(self.gone)}", file=sys.stderr)


def changed(text, changes):
    for given, wanted in changes.items():
        assert text.count(given) == 1, f"{given!r} does not stand once in the template any more"
        text = text.replace(given, wanted)
    return text
