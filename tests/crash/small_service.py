"""Two instances of `rates` with an agent and nothing else: quick to start, and easy to spoil."""

import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

from guarded_world import die_with_parent, end_children, free_ports, start_ticks, wait_until

SEGMENT_HEADER_BYTES = 148  # As homeostat/adapters/segment_log/segment_format.hpp says.
FRAME_HEADER = struct.Struct("<II")  # Length of the payload, CRC.

CONFIG = """service: rates
runtime:
  process:
    command: [./rates, --port, "{{port}}", --name, "{{name}}"]
    ports: {ports}
    versions: {{ root: {here}/rates }}
    run: {here}/run
    stop_grace: 1s
signals:
  - http: {{ path: /healthz, every: 300ms, timeout: 300ms }}
guard: {{ min_healthy: 1, back_off_first: 50ms, back_off_max: 200ms }}
autonomy: {{ restart: act }}
record: {{ ledger: {here}/ledger, sink: {here}/sink.jsonl }}
control: {{ socket: {here}/control/agent.sock, switch: {here}/suspended,
           crash_loop_starts: 0 }}  # Tests kill agents as often as they like.
"""


def children():
    """Of ours and adopted, by pid with their names; those that have ended do not count."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            begin, rest = stat.read_text().rsplit(")", 1)
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if int(parent) == os.getpid() and state not in "ZX":
            found[int(stat.parent.name)] = begin.split("(", 1)[1]
    return found


def groups_in(segment):
    """The whole groups of a segment of the ledger; the last may be half written."""
    at = SEGMENT_HEADER_BYTES
    while at + FRAME_HEADER.size <= len(segment):
        length, _ = FRAME_HEADER.unpack_from(segment, at)
        at += FRAME_HEADER.size + length
        if at > len(segment):
            return
        yield json.loads(segment[at - length:at])


def write_secret(path, text):
    """As whoever writes one has to: an agent takes none that others may read."""
    path.touch(0o600)
    path.chmod(0o600)
    path.write_text(text)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=5)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class SmallService:
    def __init__(self, programs, here):
        self.programs = programs
        self.here = here
        self.names = ["rates-0", "rates-1"]
        self.ports = free_ports(2)
        self.agent = None
        self.version = here / "rates/versions/v1"
        self.version.mkdir(parents=True)
        (self.version / "rates").symlink_to(programs / "rates")
        (self.version / "service.json").write_text(json.dumps({
            "service": "rates", "version": "v1", "workers": 4, "own_wait_ms": 1, "edge": {},
            "faults_socket": str(here / "faults.sock")}))
        (here / "rates/current").symlink_to("versions/v1")
        self.config = here / "homeostat.yaml"
        self.config.write_text(CONFIG.format(ports=self.ports, here=here))

    # --- what a test does to it ----------------------------------------------------------
    def change(self, given, wanted):
        text = self.config.read_text()
        assert given in text, f"{given} is not in the configuration"
        self.config.write_text(text.replace(given, wanted))

    def add(self, lines):
        self.config.write_text(self.config.read_text() + lines)

    def start_agent(self, program=None, log=None, **environment):
        log = log or open(self.here / "agent.log", "ab")
        self.agent = subprocess.Popen(
            [program or self.programs / "homeostat", "agent", "--config", self.config],
            cwd=self.here, stdout=log, stderr=log, preexec_fn=die_with_parent,
            env={**os.environ, **environment})
        log.close()

    def kill_instance(self):
        """Kills the first one that runs. Gives its name and what it was."""
        name, process = sorted(self.alive().items())[0]
        os.kill(process[0], signal.SIGKILL)
        wait_until("it has ended", lambda: self.alive().get(name) != process)
        return name, process

    def kill_instance_and_wait(self):
        """Until it is healed. Served and calm alone is what all looks before the kill is seen."""
        name, process = self.kill_instance()
        wait_until("it is healed", lambda: self.alive().get(name, process) != process and
                   self.is_served() and self.is_calm())

    def kill_agent(self):
        self.agent.kill()
        self.agent.wait()

    def stop_agent(self):
        self.agent.send_signal(signal.SIGTERM)
        return self.agent.wait(10)

    def start(self):
        """With the instances answering and the agent watching."""
        began_count = self.log().count(" info instances: ")
        self.start_agent()
        wait_until("both instances answer", self.is_served)
        wait_until("the agent watches", lambda: self.log().count(" info instances: ") > began_count)

    def end(self):
        if self.agent and self.agent.poll() is None:
            self.kill_agent()
        end_children()

    def count_starts(self):
        """A function that gives the starts so far, from now on written down by the program
        itself."""
        program = self.version / "rates"
        program.unlink()
        program.write_text(f'#!/bin/sh\necho "$$" >> {self.here}/starts\n'
                           f'exec {self.programs}/rates "$@"\n')
        program.chmod(0o755)
        return lambda: len((self.here / "starts").read_text().split())

    # --- what is read from it ------------------------------------------------------------
    def log(self):
        path = self.here / "agent.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def ask(self, *words):
        """The document that a command of `homeostat` prints; None when it does not say 0."""
        done = subprocess.run([self.programs / "homeostat", *words, "--json",
                               "--config", self.config],
                              cwd=self.here, capture_output=True, text=True, timeout=10)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def say(self, *words):
        """What a command of `homeostat` prints for a person."""
        return subprocess.run([self.programs / "homeostat", *words, "--config", self.config],
                              cwd=self.here, capture_output=True, text=True, timeout=10,
                              check=True).stdout

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, body):
        return self.request("POST", path, body)

    def request(self, method, path, body=None):
        """Status and text of what the control socket answers."""
        connection = UnixConnection(self.here / "control/agent.sock")
        connection.request(method, path, body)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, text

    def status(self):
        return self.ask("status")

    def is_served(self):
        status = self.status()
        return status is not None and status["serving_count"] == len(self.names)

    def is_calm(self):
        """Every incident that ever was is closed."""
        return all(incident.get("closed_at_ns") for incident in self.ask("incidents")["incidents"])

    def recorded(self, kind):
        """The bodies of all entries of a kind, from the ledger's own bytes."""
        return [entry["body"] for segment in sorted((self.here / "ledger").glob("*.hlog"))
                for group in groups_in(segment.read_bytes()) for entry in group["entries"]
                if entry["entry"] == kind]

    def record(self, name):
        return json.loads((self.here / "run" / f"{name}.json").read_text())

    def alive(self):
        """Instance → (pid, start ticks) of those that run."""
        records = [self.record(name) for name in self.names
                   if (self.here / "run" / f"{name}.json").exists()]
        return {record["name"]: (record["pid"], record["start_ticks"]) for record in records
                if start_ticks(record["pid"]) == record["start_ticks"]}

    def tell_troubles(self):
        print("--- agent.log", *self.log().splitlines()[-25:], sep="\n    ", file=sys.stderr)
