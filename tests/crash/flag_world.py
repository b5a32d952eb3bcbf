"""A shop behind HAProxy that asks a flagd at each request, and fails while one flag is on.

The flags are evaluated by lab/flagd/server.py. Whoever writes the flag file is told apart by the
file itself: a write of the agent has its mark and a new inode.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from guarded_world import ROOT, die_with_parent, end_children, free_ports, wait_until
from small_service import groups_in

FLAGD = ROOT / "build/flagd/venv/bin/python"
MARK = "homeostat.dev/effect"
FLAG = "new-checkout"
LOOK_EVERY = 0.005

HAPROXY = """global
    nbthread 1
    stats socket {here}/haproxy.sock mode 600 level admin
defaults
    mode http
    timeout connect 500ms
    timeout client 10s
    timeout server 2s
    timeout queue 500ms
    default-server check inter 300ms fall 2 rise 1
frontend edge
    bind 127.0.0.1:{edge}
    default_backend shop
backend shop
    option httpchk GET /healthz
    server s0 127.0.0.1:{ports[0]}
    server s1 127.0.0.1:{ports[1]}
"""

CONFIG = """service: shop
runtime:
  process:
    command: ["{python}", "{shop}", --port, "{{port}}", --flagd, "{flagd}"]
    ports: {ports}
    run: {here}/run
    stop_grace: 1s
flags:
  flagd: {{ file: {here}/flags/flags.json, url: "http://127.0.0.1:{flagd}" }}
signals:
  - http: {{ path: /healthz, every: 300ms, timeout: 300ms }}
edge: {{ haproxy: {{ socket: {here}/haproxy.sock, backend: shop, servers: [s0, s1] }} }}
journey: {{ url: "http://127.0.0.1:{edge}/buy", every: 100ms, timeout: 500ms }}
goals: {{ availability: 99%, latency_p99: 500ms }}
guard: {{ min_healthy: 1, cool_down: 500ms, attempts_max: 20, proof_time: 1s, demote: false }}
autonomy: {{ rollback: act }}
record: {{ ledger: {here}/ledger, sink: {here}/sink.jsonl }}
control: {{ socket: {here}/control/agent.sock, switch: {here}/suspended, crash_loop_starts: 0 }}
oracle: rules
"""


def definition(variant, state="ENABLED"):
    return {"state": state, "variants": {"on": True, "off": False}, "defaultVariant": variant}


class Writes(threading.Thread):
    """Every file that ever had the flag file's name: (inode, mark, variant), in order."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = path
        self.seen = []
        self.is_over = False

    def run(self):
        while not self.is_over:
            try:
                inode = os.stat(self.path).st_ino
                held = json.loads(self.path.read_text())
                now = (inode, held.get("metadata", {}).get(MARK),
                       held["flags"][FLAG]["defaultVariant"])
            except (OSError, ValueError, KeyError):
                continue  # Just being written.
            if not self.seen or self.seen[-1] != now:
                self.seen.append(now)
            time.sleep(LOOK_EVERY)

    def marks(self):
        """The effects that have switched the flag off, each as often as it did. Whoever switches it
        on again keeps the mark of the last."""
        return [mark.split()[0] for _, mark, variant in self.seen if mark and variant == "off"]


class Users(threading.Thread):
    """Somebody buys something all the time."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port = port
        self.last = []
        self.is_over = False

    def run(self):
        while not self.is_over:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            try:
                connection.request("GET", "/buy")
                status = connection.getresponse().status
            except OSError:
                status = 0
            finally:
                connection.close()
            self.last = (self.last + [status])[-40:]
            time.sleep(0.02)


class FlagWorld:
    def __init__(self, programs, here):
        self.programs = programs
        self.here = here
        self.agent = None
        self.processes = []
        self.threads = []
        (here / "flags").mkdir()
        (here / "kill_points").mkdir()
        self.file = here / "flags/flags.json"
        self.deaf = here / "deaf"
        self.edge, self.flagd, *self.ports = free_ports(4)
        self.flags = {FLAG: definition("off"), "banner": definition("off")}
        self.write(self.flags)
        words = {"here": here, "edge": self.edge, "flagd": self.flagd, "ports": self.ports,
                 "python": sys.executable, "shop": Path(__file__).parent / "flag_shop.py"}
        self.config = here / "homeostat.yaml"
        self.config.write_text(CONFIG.format(**words))
        (here / "haproxy.cfg").write_text(HAPROXY.format(**words))
        self.start_process(FLAGD, ROOT / "lab/flagd/server.py", "--file", self.file, "--port",
                           self.flagd, "--deaf", self.deaf)
        self.start_process("haproxy", "-db", "-f", here / "haproxy.cfg")
        self.writes = self.start_thread(Writes(self.file))

    # --- what a test does to it ----------------------------------------------------------
    def start_process(self, *words):
        with open(self.here / f"process-{len(self.processes)}.log", "ab") as log:
            self.processes.append(subprocess.Popen(
                [str(word) for word in words], stdout=log, stderr=log, cwd=self.here,
                preexec_fn=die_with_parent))

    def start_thread(self, thread):
        thread.start()
        self.threads.append(thread)
        return thread

    def write(self, flags, metadata=None):
        """As an editor does that replaces the file."""
        aside = self.file.with_name("edited")
        aside.write_text(json.dumps({"flags": flags, "metadata": metadata or {"team": "shop"}}))
        aside.rename(self.file)

    def turn(self, name, variant):
        """One flag, all else as it is now."""
        now = json.loads(self.file.read_text())
        now["flags"][name]["defaultVariant"] = variant
        self.write(now["flags"], now["metadata"])

    def start_agent(self):
        with open(self.here / "agent.log", "ab") as log:
            self.agent = subprocess.Popen(
                [self.programs / "homeostat", "agent", "--config", self.config], cwd=self.here,
                stdout=log, stderr=log, preexec_fn=die_with_parent,
                env={**os.environ, **self.kill_points()})

    def kill_points(self):
        library = self.programs / "kill_point.so"
        return {"LD_PRELOAD": str(library),
                "HOMEOSTAT_KILL_POINTS": str(self.here / "kill_points")} if library.exists() else {}

    def arm(self, name, stop=False):
        """The agent dies, or stands still, before the first call of that name after an intent."""
        beside = self.here / "kill_points/armed.new"
        beside.write_text(f"1\t{name}" + ("\tSTOP" if stop else ""))
        beside.rename(self.here / "kill_points/armed")

    def disarm(self):
        (self.here / "kill_points/armed").unlink()

    def start(self):
        """Guarded, with users, and the flags proven."""
        self.start_agent()
        wait_until("the shop is served", lambda: self.gets(200), 30)
        self.start_thread(Users(self.edge))
        wait_until("the flags are proven", lambda: any(
            body.get("artifact") == "flag" for body in self.recorded("good")), 60)
        wait_until("users are served", self.serves, 30)

    def end(self):
        for thread in self.threads:
            thread.is_over = True
            thread.join()
        if self.agent and self.agent.poll() is None:
            self.agent.kill()
            self.agent.wait()
        for process in self.processes:
            process.send_signal(signal.SIGKILL)
            process.wait()
        end_children()

    # --- what is read from it ------------------------------------------------------------
    def gets(self, wanted):
        connection = http.client.HTTPConnection("127.0.0.1", self.edge, timeout=2)
        try:
            connection.request("GET", "/buy")
            return connection.getresponse().status == wanted
        except OSError:
            return False
        finally:
            connection.close()

    def serves(self):
        """The last forty users got what they wanted."""
        users = next(one for one in self.threads if isinstance(one, Users))
        return len(users.last) == 40 and set(users.last) == {200}

    def state(self):
        """Of the agent's process, as ps has it: T while it stands still."""
        return Path(f"/proc/{self.agent.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]

    def variant(self, name):
        return json.loads(self.file.read_text())["flags"][name]["defaultVariant"]

    def run(self, *words):
        return subprocess.run([self.programs / "homeostat", *words, "--config", self.config],
                              cwd=self.here, capture_output=True, text=True, timeout=20,
                              check=False)

    def ask(self, *words):
        done = self.run(*words, "--json")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def incidents(self):
        return (self.ask("incidents") or {"incidents": []})["incidents"]

    def is_healed(self):
        return bool(self.incidents()) and all(one["state"] == "healed" for one in self.incidents())

    def is_with_a_person(self):
        status = self.ask("status")
        return bool(status) and any(one["node"] == "stand_by" for one in status["incidents"])

    def recorded(self, kind):
        """The bodies of all entries of a kind, from the ledger's own bytes."""
        return [entry["body"] for segment in sorted((self.here / "ledger").glob("*.hlog"))
                for group in groups_in(segment.read_bytes()) for entry in group["entries"]
                if entry["entry"] == kind]

    def outcomes(self):
        """(effect, outcome) of every step of flags."""
        ours = {body["effect"] for body in self.recorded("intent")
                if body["step"].get("artifact") == "flag"}
        return [(body["effect"], body["outcome"]["outcome"]) for body in self.recorded("outcome")
                if body["effect"] in ours]

    def tell_troubles(self):
        for name in ("agent.log", "process-0.log"):
            path = self.here / name
            lines = path.read_text(errors="replace").splitlines() if path.exists() else []
            print(f"--- {name}", *lines[-25:], sep="\n    ", file=sys.stderr)
        print("--- flags", self.file.read_text(), self.writes.seen, self.outcomes(),
              file=sys.stderr)
        for words in (("status",), ("incidents",)):
            done = self.run(*words)
            print("--- homeostat", *words, done.stdout, done.stderr, file=sys.stderr)
