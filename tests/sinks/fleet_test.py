#!/usr/bin/env python3
"""The budget of a fleet in a real PostgreSQL: shippers of several agents that ask at once, and a
server that is killed.

    fleet_test.py --bin build/release/bin [--only TEXT]

Each agent here is a ledger, a configuration and a homeostat-shipper; this test asks it what an
agent would ask. Without PostgreSQL all is left out, with a line that begins with SKIPPED."""

import argparse
import concurrent.futures
import contextlib
import http.client
import json
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ledger_writer import LedgerWriter, begin
from servers import PASSWORD, Postgres, free_port, postgres_programs, wait_for

MINUTE_NS = 60_000_000_000
LONG_AFTER_NS = 2**62


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class Agent:
    """Of one service, with its shipper."""

    def __init__(self, fleet, name):
        self.fleet, self.name, self.process = fleet, name, None
        self.here = fleet.directory / name
        self.here.mkdir()
        begin(LedgerWriter(self.here / "ledger", first_wall_ms=1_700_000_000_000 + len(name) +
                           1000 * sum(name.encode())))
        self.socket = self.here / "a.sock.fleet"
        self.config = self.here / "homeostat.yaml"

    def configure(self, **limits):
        self.config.write_text(json.dumps({
            "service": self.name,
            "runtime": {"process": {"command": ["/bin/sleep", "1"], "ports": [free_port()]}},
            "signals": [{"http": {"path": "/healthz"}}],
            "guard": {"fleet": {"name": "shop", "postgres": {"url_file": str(self.fleet.url)},
                                **limits}},
            "record": {"ledger": str(self.here / "ledger")},
            "control": {"socket": str(self.here / "a.sock")}}))
        return self

    def start(self):
        with (self.here / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.fleet.programs / "homeostat-shipper", "--config", self.config],
                stdout=log, stderr=log)
        wait_for("its clerk listens", self.socket.is_socket, self.log)
        return self

    def log(self):
        return (self.here / "log").read_text()

    def post(self, path, document):
        connection = UnixConnection(self.socket)
        with contextlib.closing(connection):
            connection.request("POST", path, json.dumps(document))
            response = connection.getresponse()
            return response.status, response.read().decode()

    def take(self, place, holds_ns=10 * MINUTE_NS, waits_ns=MINUTE_NS):
        """What the budget says; None: nothing could be asked."""
        until = time.clock_gettime_ns(time.CLOCK_BOOTTIME) + waits_ns
        status, text = self.post("/v1/take",
                                 {"place": place, "holds_for": holds_ns, "until": until})
        return json.loads(text) if status == 200 else None

    def give_back(self, granted, was_used):
        return self.post("/v1/give-back", {"granted": granted, "was_used": was_used})[0] == 200

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Fleet:
    def __init__(self, programs, directory):
        self.programs, self.directory, self.agents = programs, directory, []
        self.server = Postgres(directory)
        self.url = directory / "fleet.url"
        self.url.write_text(self.server.url() + "\n")
        self.url.chmod(0o600)

    def add(self, name, **limits):
        agent = Agent(self, name).configure(**limits)
        self.agents.append(agent)
        return agent

    def make_tables(self):
        """As a first question does, which takes longer on a busy machine than one may."""
        config = self.add("first").config
        subprocess.run([self.programs / "homeostat-shipper", "check", "--config", config],
                       check=True, stdout=subprocess.DEVNULL)

    def count(self, where="true"):
        return int(self.server.ask(f"SELECT count(*) FROM homeostat.fleet_places WHERE {where}"))

    def end(self):
        for agent in self.agents:
            agent.end()
        self.server.kill()


def granted(word):
    return word is not None and word["says"] == "granted"


# --- The tests: each a sentence that can be false ------------------------------------------------
def agents_that_ask_at_once_never_get_more_than_there_is(fleet):
    """Also where the role counts in snapshots of before the lock by default."""
    fleet.server.start()
    fleet.server.ask("ALTER ROLE homeostat SET default_transaction_isolation = 'repeatable read'")
    fleet.make_tables()
    agents = [fleet.add(f"s{index}", remedies_max=9, at_once_max=3).start() for index in range(4)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for turn in range(4):
            asked = [(agent, f"i-{turn}.e{index}") for agent in agents for index in range(6)]
            words = list(pool.map(lambda one: (one[0], one[0].take(one[1])), asked))
            assert all(word is not None for _, word in words), [agent.log() for agent in agents]
            holders = [(agent, word) for agent, word in words if granted(word)]
            wanted = [3, 3, 3, 0][turn]
            assert len(holders) == wanted, (turn, [word for _, word in words])
            assert fleet.count("ends_at > now()") == wanted
            for agent, word in holders:
                assert agent.give_back(word, True)
            assert fleet.count("ends_at > now()") == 0
    assert fleet.count() == 9  # Each counts for the window.
    refused = agents[0].take("i-9.e1")
    assert refused["says"] == "full" and "9 of 9 begun within 600 s" in refused["because"], refused


def a_place_that_is_asked_for_again_is_one_place(fleet):
    fleet.server.start()
    fleet.make_tables()
    agent = fleet.add("payments", at_once_max=1).start()
    other = fleet.add("fraud", at_once_max=1).start()
    first = agent.take("i-1.e1")
    again = agent.take("i-1.e1")
    assert granted(first) and granted(again) and first["ticket"] != again["ticket"]
    assert fleet.count() == 1
    refused = other.take("i-1.e1")  # The same name, of another ledger.
    assert refused["says"] == "full", refused
    assert "1 of 1 are in hand by payments" in refused["because"], refused
    assert agent.give_back(first, False)  # Late: it was granted anew since.
    assert fleet.count("ends_at > now()") == 1
    assert agent.give_back(again, False)
    assert fleet.count() == 0
    assert granted(other.take("i-1.e1"))


def a_place_of_a_dead_agent_ends_and_counts_on(fleet):
    fleet.server.start()
    fleet.make_tables()
    agent = fleet.add("payments", at_once_max=1, remedies_max=2).start()
    other = fleet.add("fraud", at_once_max=1, remedies_max=2).start()
    assert granted(agent.take("i-1.e1", holds_ns=2_000_000_000))
    agent.end()
    assert other.take("i-1.e1")["says"] == "full"
    wait_for("it has ended", lambda: granted(other.take("i-1.e1", holds_ns=1_000_000_000)))
    wait_for("that has ended, too", lambda: fleet.count("ends_at > now()") == 0)
    assert other.take("i-2.e1")["says"] == "full", "the window has forgotten who died"
    assert fleet.count() == 2
    fleet.server.ask("UPDATE homeostat.fleet_places SET began_at = began_at - interval '1 hour'")
    assert granted(other.take("i-2.e1"))


def a_place_that_is_granted_again_counts_from_then(fleet):
    fleet.server.start()
    fleet.make_tables()
    agent = fleet.add("payments", remedies_max=1, at_once_max=9, window="10m").start()
    assert granted(agent.take("i-1.e1"))
    fleet.server.ask("UPDATE homeostat.fleet_places SET began_at = now() - interval '9 minutes'")
    assert granted(agent.take("i-1.e1"))
    assert fleet.count("began_at > now() - interval '1 minute'") == 1
    assert agent.take("i-2.e1")["says"] == "full"


def a_server_that_is_away_grants_nothing_and_is_asked_again_once_it_is_back(fleet):
    agent = fleet.add("payments", at_once_max=1).start()
    assert agent.take("i-1.e1") is None
    fleet.server.start()
    wait_for("it is granted", lambda: granted(agent.take("i-1.e1")))
    fleet.server.kill()
    for _ in range(3):
        status, text = agent.post("/v1/take", {"place": "i-1.e1", "holds_for": MINUTE_NS,
                                               "until": LONG_AFTER_NS})
        assert status == 503 and PASSWORD not in text, (status, text)
    fleet.server.start()
    assert granted(agent.take("i-1.e1"))
    assert agent.take("i-2.e1")["says"] == "full"  # What was granted before is there still.
    assert PASSWORD not in agent.log()


def whoever_waits_no_longer_is_granted_nothing(fleet):
    fleet.server.start()
    agent = fleet.add("payments", at_once_max=1).start()
    assert agent.take("i-1.e1", waits_ns=-1) is None
    assert fleet.count("true") == 0
    assert granted(agent.take("i-2.e1"))


def what_is_no_question_of_ours_is_refused(fleet):
    fleet.server.start()
    agent = fleet.add("payments").start()
    assert agent.socket.stat().st_mode & 0o777 == 0o600, oct(agent.socket.stat().st_mode)
    for path, body in (("/v1/take", {}), ("/v1/take", {"place": "x"}), ("/v1/take", []),
                       ("/v1/give-back", {"granted": {}})):
        assert agent.post(path, body)[0] == 503, (path, body)
    assert agent.post("/v1/elsewhere", {})[0] == 404
    assert fleet.server.ask("SELECT to_regclass('homeostat.fleet_places') IS NULL") == "t"


def the_check_says_how_much_is_in_use(fleet):
    fleet.server.start()
    fleet.make_tables()
    agent = fleet.add("payments", remedies_max=4).start()
    assert granted(agent.take("i-1.e1"))

    def check(status):
        done = subprocess.run([fleet.programs / "homeostat-shipper", "check", "--json", "--config",
                               agent.config], capture_output=True, text=True, check=False)
        assert done.returncode == status, (done.stdout, done.stderr)
        return json.loads(done.stdout)["checks"]

    said, = check(0)
    assert said["check"] == "fleet shop" and said["health"] == "ok", said
    assert said["says"] == "1 of 3 in hand by payments, 1 of 4 begun within 10m", said
    fleet.server.kill()
    said, = check(1)
    assert said["health"] == "ILL" and PASSWORD not in json.dumps(said), said


TESTS = [agents_that_ask_at_once_never_get_more_than_there_is,
         a_place_that_is_asked_for_again_is_one_place,
         a_place_of_a_dead_agent_ends_and_counts_on,
         a_place_that_is_granted_again_counts_from_then,
         a_server_that_is_away_grants_nothing_and_is_asked_again_once_it_is_back,
         whoever_waits_no_longer_is_granted_nothing,
         what_is_no_question_of_ours_is_refused,
         the_check_says_how_much_is_in_use]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="directory of the built programs")
    parser.add_argument("--only", metavar="TEXT", default="", help="tests whose name contains TEXT")
    options = parser.parse_args()
    if not postgres_programs():
        print("SKIPPED: no PostgreSQL is installed here")
        sys.exit(77)
    for test in TESTS:
        if options.only not in test.__name__:
            continue
        print(test.__name__.replace("_", " "), flush=True)
        with tempfile.TemporaryDirectory(prefix="fleet-") as directory:
            fleet = Fleet(options.bin.resolve(), Path(directory))
            try:
                test(fleet)
            except BaseException:
                for agent in fleet.agents:
                    if agent.process:
                        print(agent.name, agent.log()[-2000:], file=sys.stderr)
                raise
            finally:
                fleet.end()
    print("ok")


if __name__ == "__main__":
    main()
