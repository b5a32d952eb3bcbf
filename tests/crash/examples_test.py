#!/usr/bin/env python3
"""Starts examples/minimal as its README says, and asks `homeostat validate` about configurations.

    examples_test.py --bin build/release/bin [--only TEXT]

The example's port is exchanged for a free one; nothing else of it is. A few seconds.
"""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

from guarded_world import ROOT, die_with_parent, end_children, free_ports, wait_until
from harness import run_each

VALID, USAGE = 0, 2  # As `homeostat --help` says.
NOT_FOUND = 404
EXAMPLE = ROOT / "examples/minimal/homeostat.yaml"


class Minimal:
    """The example in a directory of its own."""

    def __init__(self, programs, here):
        self.program = programs / "homeostat"
        self.here = here
        self.port, = free_ports(1)
        self.agent = None
        self.config = here / "homeostat.yaml"
        text = EXAMPLE.read_text()
        assert "ports: [8080]" in text, "the example has another port"
        self.config.write_text(text.replace("8080", str(self.port)))

    def start(self):
        with open(self.here / "agent.log", "ab") as log:
            self.agent = subprocess.Popen(
                [self.program, "agent", "--config", self.config], cwd=self.here, stdout=log,
                stderr=log, preexec_fn=die_with_parent)
        wait_until("the web server answers", self.is_answering)

    def is_answering(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def status_of(self, name):
        place = f"http://127.0.0.1:{self.port}/{name}"
        try:
            with urllib.request.urlopen(place, timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def run(self, *words):
        return subprocess.run([self.program, *words], cwd=self.here, capture_output=True, text=True,
                              timeout=20)

    def ask(self, *words):
        done = self.run(*words, "--json", "--config", self.config)
        return json.loads(done.stdout) if done.stdout else None

    def pid(self):
        """Of the web server, as the agent has it; None while it is down or nobody says so."""
        instance, = (self.ask("status") or {"instances": [{}]})["instances"]
        return instance["pid"] if instance.get("is_answering") else None

    def tell_troubles(self):
        log = self.here / "agent.log"
        print(log.read_text() if log.exists() else "no agent was started", file=sys.stderr)

    def end(self):
        if self.agent and self.agent.poll() is None:
            self.agent.kill()
            self.agent.wait()
        end_children()


# --- The tests: each a sentence that can be false ------------------------------------------------
def the_smallest_configuration_starts_a_web_server_and_starts_it_again_when_it_is_killed(minimal):
    minimal.start()
    wait_until("status says that it answers", minimal.pid)
    before = minimal.pid()
    os.kill(before, signal.SIGKILL)
    wait_until("another one answers", lambda: minimal.pid() not in (None, before))
    assert minimal.is_answering()
    # Its folder has the ledger in it, and on a machine with many users this is open to all of them.
    for name in ("homeostat.yaml", "var/"):
        assert (minimal.here / name).exists() and minimal.status_of(name) == NOT_FOUND, name
    wait_until("the incident is over", lambda: all(
        one.get("closed_at_ns") for one in minimal.ask("incidents")["incidents"]))
    incident, = minimal.ask("incidents")["incidents"]
    assert incident["state"] == "healed" and incident["remedies"] == ["restart"], incident
    assert minimal.ask("replay", incident["incident"])["replay"] == "same"


def every_configuration_that_we_show_is_valid(minimal):
    for file in (EXAMPLE, minimal.config):
        done = minimal.run("validate", "--config", file)
        assert (done.returncode, done.stdout, done.stderr) == (VALID, f"{file}: valid\n", ""), done


def a_valid_configuration_is_printed_as_it_is_in_force(minimal):
    done = minimal.run("validate", "--json", "--config", minimal.config)
    document = json.loads(done.stdout)
    assert done.returncode == VALID and document["is_valid"] and document["problems"] == []
    assert document["file"] == str(minimal.config)
    assert document["config"]["runtime"]["process"]["ports"] == [minimal.port]
    assert document["config"]["autonomy"]["restart"] == "act"
    assert document["config"]["autonomy"]["rollback"] == "watch", "what is not raised only watches"


def every_problem_is_told_with_line_and_column_and_the_mend(minimal):
    text = minimal.config.read_text()
    minimal.config.write_text(text.replace("every: 500ms", "every: soon")
                              .replace("autonomy:", "autonomie:"))
    done = minimal.run("validate", "--config", minimal.config)
    print(*done.stderr.splitlines(), sep="\n    ")
    assert done.returncode == USAGE and done.stdout == "", done
    lines = done.stderr.splitlines()
    assert any(line.startswith(f"{minimal.config}:8:1: ") and "did you mean" in line
               for line in lines), lines
    assert any(line.startswith(f"{minimal.config}:6:29: ") and "'soon' is not a duration" in line
               for line in lines), lines
    document = minimal.ask("validate")
    assert not document["is_valid"] and "config" not in document
    assert [problem["line"] for problem in document["problems"]] == [6, 8]
    assert all(problem["column"] > 0 and problem["text"] for problem in document["problems"])


def a_configuration_that_is_not_there_is_usage_and_named(minimal):
    minimal.config.unlink()
    done = minimal.run("validate", "--config", minimal.config)
    assert done.returncode == USAGE and f"cannot read {minimal.config}" in done.stderr, done


TESTS = [
    the_smallest_configuration_starts_a_web_server_and_starts_it_again_when_it_is_killed,
    every_configuration_that_we_show_is_valid,
    a_valid_configuration_is_printed_as_it_is_in_force,
    every_problem_is_told_with_line_and_column_and_the_mend,
    a_configuration_that_is_not_there_is_usage_and_named,
]


def main():
    run_each(__doc__, TESTS, Minimal)


if __name__ == "__main__":
    main()
