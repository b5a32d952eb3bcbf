"""An example with declared tasks in a directory of its own, guarded by a real agent."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

from guarded_world import ROOT, die_with_parent, end_children, free_ports, wait_until
from small_service import groups_in

OK, UNPROVEN, USAGE, INTERRUPTED = 0, 1, 2, 130  # As `homeostat remedy test --help` says.


def wait(what, holds):
    """A proof alone may take 16 s, and the machine may be busy."""
    wait_until(what, holds, seconds=90)


class TaskWorld:
    example = None  # Its directory below examples/.
    task = None

    def __init__(self, programs, here):
        self.program = programs / "homeostat"
        self.here = here / "example"
        shutil.copytree(ROOT / "examples" / self.example, self.here)
        self.config = self.here / "homeostat.yaml"
        self.environment = dict(os.environ)
        self.agent = None
        port, = re.findall(r"ports: \[\d+\]", self.config.read_text())
        self.change(port, f"ports: [{free_ports(1)[0]}]")

    # --- what a test does to it ----------------------------------------------------------
    def change(self, given, wanted):
        text = self.config.read_text()
        assert given in text, f"{given} is not in the configuration"
        self.config.write_text(text.replace(given, wanted))

    def write(self, name, text):
        path = self.here / name
        path.write_text(text)
        path.chmod(0o755)

    def start(self, prepare=die_with_parent):
        began_count = self.log().count(" info instances: ")
        with open(self.here / "agent.log", "ab") as log:
            self.agent = subprocess.Popen(
                [self.program, "agent", "--config", self.config], cwd=self.here, stdout=log,
                stderr=log, preexec_fn=prepare, env=self.environment)
        wait("the agent watches", lambda: self.log().count(" info instances: ") > began_count)
        wait("the agent answers", self.status)

    def kill_agent(self):
        self.agent.kill()
        self.agent.wait()

    def stop_agent(self):
        self.agent.send_signal(signal.SIGTERM)
        assert self.agent.wait(10) == 0

    def run(self, *words, **options):
        return subprocess.run([self.program, *words, "--config", self.config], cwd=self.here,
                              capture_output=True, text=True, timeout=60, check=False,
                              env=self.environment, **options)

    def test(self, *words, status=OK):
        """`homeostat remedy test` of the example's task."""
        done = self.run("remedy", "test", self.task, "--yes", *words)
        assert done.returncode == status, done
        return done

    def approve(self):
        wait("a person is asked", self.question)
        incident = self.incidents()[-1]["incident"]
        done = self.run("approve", incident, "--question", self.question()["id"])
        assert done.returncode == OK, done
        return incident

    # --- what is read from it ------------------------------------------------------------
    def ask(self, *words):
        done = self.run(*words, "--json")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def say(self, *words):
        done = self.run(*words)
        assert done.returncode == OK, done
        return done.stdout

    def log(self):
        path = self.here / "agent.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def status(self):
        return self.ask("status")

    def incidents(self):
        return (self.ask("incidents") or {"incidents": []})["incidents"]

    def question(self):
        status = self.status()
        return next((one["question"] for one in status["incidents"] if one.get("question")),
                    None) if status else None

    def is_healed(self):
        return bool(self.incidents()) and all(one["state"] == "healed" for one in self.incidents())

    def is_with_a_person(self):
        """Nothing more is done of itself."""
        status = self.status()
        nodes = [one["node"] for one in status["incidents"]] if status else []
        return bool(nodes) and all(node == "stand_by" for node in nodes)

    def recorded(self, kind):
        """The bodies of all entries of a kind, from the ledger's own bytes."""
        return [entry["body"] for segment in sorted((self.here / "var/ledger").glob("*.hlog"))
                for group in groups_in(segment.read_bytes()) for entry in group["entries"]
                if entry["entry"] == kind]

    def outcomes(self):
        return [body["outcome"]["outcome"] for body in self.recorded("outcome")]

    def tell_troubles(self):
        print("--- agent.log", *self.log().splitlines()[-25:], sep="\n    ", file=sys.stderr)
        for words in (("status",), ("incidents",), ("remedy", "list")):
            done = self.run(*words)
            print("--- homeostat", *words, done.stdout, done.stderr, file=sys.stderr)

    def end(self):
        if self.agent and self.agent.poll() is None:
            self.kill_agent()
        end_children()
