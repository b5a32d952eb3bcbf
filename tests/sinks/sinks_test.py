#!/usr/bin/env python3
"""homeostat-shipper with real sinks: PostgreSQL, NATS JetStream, and a receiver of webhooks.

Whoever dies when, each sink has every entry of the ledger in the end, in the ledger's order and
once (a webhook: at least once, under the same id). A sink whose server is not installed is left
out, with a line that begins with SKIPPED."""

import argparse
import contextlib
import csv
import io
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from ledger_writer import LedgerWriter, begin, tell_incident
from servers import (PASSWORD, Nats, Postgres, Receiver, free_port, nats_program,
                     postgres_programs, wait_for, write_secret)

TOKEN = "Bearer t0ken-word"


class World:
    """A ledger, its configuration, and a shipper."""

    def __init__(self, programs, directory):
        self.programs, self.directory = programs, directory
        self.ledger = LedgerWriter(directory / "ledger")
        self.sinks, self.servers = [], []
        self.process, self.log = None, directory / "shipper.log"
        self.incidents = 0
        begin(self.ledger)

    def tell(self, count):
        for _ in range(count):
            tell_incident(self.ledger, self.incidents)
            self.incidents += 1

    def add(self, server):
        self.servers.append(server)
        return server

    def configure(self, *sinks, ledger=None, name="payments.yaml"):
        path = self.directory / name
        path.write_text(json.dumps({
            "service": "payments",
            "runtime": {"process": {"command": ["/bin/sleep", "1"], "ports": [free_port()]}},
            "signals": [{"http": {"path": "/healthz"}}],
            "record": {"ledger": str(ledger or self.directory / "ledger"), "sinks": list(sinks)}}))
        return path

    def configured_for(self, server, **more):
        if isinstance(server, Postgres):
            write_secret(self.directory / "pg.url", server.url() + "\n")
            return {"postgres": {"url_file": "pg.url", **more}}
        if isinstance(server, Nats):
            return {"nats": {"url": server.url(), **more}}
        write_secret(self.directory / "headers", f"Authorization: {TOKEN}\n")
        return {"webhook": {"url": server.url(), "headers_file": "headers", **more}}

    def start(self, config, *words):
        with self.log.open("ab") as log:
            process = subprocess.Popen([self.programs / "homeostat-shipper", "--config", config,
                                        *words], stdout=log, stderr=log)
        self.process = process
        return process

    def kill(self, process=None):
        process = process or self.process
        process.kill()
        process.wait()

    def run(self, *words, program="homeostat-shipper", status=0):
        result = subprocess.run([self.programs / program, *words], capture_output=True, text=True,
                                check=False, cwd=self.directory)
        assert result.returncode == status, (words, result.returncode, result.stdout, result.stderr)
        return result

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=30) == 0, "SIGTERM did not end it with 0"

    def written(self):
        try:
            return json.loads((self.directory / "ledger.sinks/states.json").read_text())
        except FileNotFoundError:
            return {"pid": None, "sinks": []}

    def is_heard(self):
        return self.process.poll() is None and self.written()["pid"] == self.process.pid

    def states(self):
        return {state["name"]: state for state in self.written()["sinks"]}

    def wait_for_standing(self, name, standing):
        """As the shipper that runs now says."""
        wait_for(f"{name} is {standing}",
                 lambda: self.is_heard() and self.states()[name]["standing"] == standing,
                 lambda: self.states())
        return self.states()[name]

    def wait_for_all(self, server):
        wanted = len(self.ledger.entries)
        count = {Postgres: lambda: len(server.keys()), Nats: lambda: server.count(),
                 Receiver: lambda: len(server.keys())}[type(server)]
        wait_for(f"{type(server).__name__} has {wanted}", lambda: count() >= wanted,
                 lambda: (count(), self.states()))

    def end(self):
        if self.process and self.process.poll() is None:
            self.kill()
        for server in self.servers:
            server.end()


def only_ours(world, server):
    """The sink has the ledger's entries, and nothing else."""
    keys = server.keys()
    assert len(keys) == len(set(keys)), "something is there twice"
    assert keys == world.ledger.keys(), (len(keys), len(world.ledger.keys()))


def nothing_is_lost_or_doubled_whoever_dies(world, server):
    """The sink is down at the start; then it and the shipper are killed in turns."""
    world.tell(120)
    config = world.configure(world.configured_for(server))
    name = next(iter(world.configured_for(server)))
    world.start(config)
    world.wait_for_standing(name, "retrying")
    server.start()
    for turn in range(4):
        world.tell(60)
        seen = len(world.ledger.entries) // 3
        wait_for("some of it has come", lambda seen=seen: len(server.keys()) > seen,
                 lambda: world.states())
        if turn % 2 == 0:
            server.kill()
            world.tell(20)
            server.start()
        else:
            world.tell(40)
            world.kill()
            world.tell(20)
            world.start(config)
    world.wait_for_all(server)
    only_ours(world, server)
    state = world.wait_for_standing(name, "following")
    wait_for("the lag is told as nothing", lambda: world.states()[name].get("lag_groups") == 0)
    assert state["trouble"] == "", state
    world.stop()
    # Once more from the beginning: everything is there already.
    world.run("--config", config, "--once")
    only_ours(world, server)


def every_row_is_as_it_was_recorded(world, server):
    world.tell(9)
    server.start()
    world.run("--config", world.configure(world.configured_for(server)), "--once")
    wanted = [{"kind": entry["entry"], "incident": entry["incident"] or None, "hash": hash_,
               "body": json.loads(json.dumps(entry["body"]).replace("\\u0000", "\\ufffd"))}
              for _, _, hash_, entry in world.ledger.entries]
    assert server.bodies() == wanted
    assert server.ask("SELECT count(*) FROM homeostat.entries WHERE remedy = 'rollback'") != "0"
    assert server.ask("SELECT next_group FROM homeostat.cursors") == str(world.ledger.next_index)


def the_database_tells_the_same_decisions_as_the_ledger(world, server):
    world.tell(24)
    server.start()
    config = world.configure(world.configured_for(server))
    world.run("--config", config, "--once")

    def decisions(*words):
        text = world.run("decisions", "--config", config, *words, program="homeostat").stdout
        return json.loads(text)["decisions"] if "--json" in words else text

    here, there = decisions("--json"), decisions("--central", "--json")
    assert len(here) == 24, len(here)
    assert here == there, (here, there)
    assert {each["approver"] for each in here} == {"", "ana"}
    assert {each["verdict"] for each in here} == {"permit", "question", "escalation"}
    since = here[10]["at"]
    for words in (["--remedy", "rollback"], ["--service", "payments"], ["--service", "fraud"],
                  ["--since", since], ["--until", since]):
        chosen = decisions(*words, "--json")
        assert chosen == decisions(*words, "--central", "--json"), words
        assert (len(chosen) == 0) == ("fraud" in words), (words, len(chosen))
        assert len(chosen) < 24 or "payments" in words, words
    assert decisions("--csv") == decisions("--central", "--csv")
    rows = list(csv.DictReader(io.StringIO(decisions("--csv"))))
    assert [row["incident"] for row in rows] == [each["incident"] for each in here]
    assert "escalation" in decisions()


def another_history_stops_the_sink_and_changes_nothing(world, server):
    world.tell(20)
    server.start()
    config = world.configure(world.configured_for(server))
    name = next(iter(world.configured_for(server)))
    world.run("--config", config, "--once")
    before = server.keys()
    # The end is cut off, and a new one written.
    segment = max((world.directory / "ledger").glob("*.hlog"))
    data = segment.read_bytes()
    segment.write_bytes(data[:len(data) - len(data) // 4])
    result = world.run("--config", config, "--once", status=1)
    assert "another history" in result.stderr or "ends with group" in result.stderr, result.stderr
    world.start(config)
    state = world.wait_for_standing(name, "stopped")
    assert state["trouble"], state
    world.stop()
    assert server.keys() == before


def a_ledger_that_was_begun_anew_goes_beside_the_old_one(world, server):
    world.tell(15)
    server.start()
    world.start(world.configure(world.configured_for(server)))
    world.wait_for_all(server)
    old = world.ledger
    old.directory.rename(world.directory / "old")
    world.ledger = LedgerWriter(old.directory, first_wall_ms=old.wall_ms + 1000)
    begin(world.ledger)
    world.tell(15)
    wanted = old.keys() + world.ledger.keys()
    wait_for("both are there", lambda: sorted(server.keys()) == sorted(wanted),
             lambda: world.states())
    name = next(iter(world.configured_for(server)))
    assert world.wait_for_standing(name, "following")["trouble"] == ""
    world.stop()


def two_shippers_of_one_ledger_do_not_double_anything(world, server):
    world.tell(150)
    server.start()
    link = world.directory / "other"
    link.symlink_to(world.directory / "ledger")
    first = world.configure(world.configured_for(server))
    second = world.configure(world.configured_for(server), ledger=link, name="second.yaml")
    processes = [world.start(first), world.start(second)]
    for _ in range(5):
        world.tell(20)
    world.wait_for_all(server)
    only_ours(world, server)
    for process in processes:
        world.kill(process)


def tables_of_a_newer_program_are_refused(world, server):
    world.tell(2)
    server.start()
    config = world.configure(world.configured_for(server))
    world.run("--config", config, "--once")
    server.ask("INSERT INTO homeostat.schema_versions (version) VALUES (99)")
    result = world.run("--config", config, "--once", status=1)
    assert "version 99" in result.stderr and "newer" in result.stderr, result.stderr
    assert "ILL" in world.run("check", "--config", config, status=1).stdout


def no_password_is_told(world, server):
    world.tell(2)
    server.start()
    wrong = "wr0ng-word"
    write_secret(world.directory / "wrong.url", server.url(wrong))
    write_secret(world.directory / "broken.url", f"postgresql://homeostat:{wrong}@[:x/y")
    config = world.configure({"postgres": {"url_file": "wrong.url"}},
                             {"name": "broken", "postgres": {"url_file": "broken.url"}},
                             {"name": "env", "postgres": {"url_env": "HOMEOSTAT_NO_SUCH_URL"}},
                             {"name": "good", **world.configured_for(server)})
    world.start(config)
    world.wait_for_standing("good", "following")
    for name in ("postgres", "broken", "env"):
        world.wait_for_standing(name, "stopped")
    world.stop()
    checked = world.run("check", "--config", config, "--json", status=1).stdout
    told = world.log.read_text() + json.dumps(world.states()) + checked
    assert wrong not in told and PASSWORD not in told, told
    assert "authentication failed" in told and "cannot read the address" in told, told
    health = {check["check"]: check["health"] for check in json.loads(checked)["checks"]}
    assert health == {"sink postgres": "ILL", "sink broken": "ILL", "sink env": "ILL",
                      "sink good": "ok"}, health


def a_webhook_gets_events_as_they_are_declared(world, server):
    world.tell(5)
    server.start()
    config = world.configure(world.configured_for(server, events_max=1))
    world.run("--config", config, "--once")
    assert server.requests[0] == ("/events", "application/cloudevents+json; charset=utf-8")
    assert len(server.requests) == len(world.ledger.entries)
    assert server.tokens == {TOKEN}
    shutil.rmtree(world.directory / "ledger.sinks")
    server.requests.clear()
    world.run("--config", world.configure(world.configured_for(server)), "--once")
    assert server.requests[0][1] == "application/cloudevents-batch+json; charset=utf-8"
    assert len(server.requests) == 1
    event = server.events[1]
    assert event["specversion"] == "1.0" and event["type"] == "homeostat.opened", event
    assert event["subject"] == "i-0" and event["data"]["choice"]["remedy"]["kind"] == "restart"


def a_receiver_that_refuses_stops_its_sink_alone_and_one_that_is_busy_does_not(world, server):
    world.tell(3)
    other = world.add(Receiver(None))
    server.start()
    other.start()
    server.status, other.status = 403, 503
    config = world.configure({"name": "no", **world.configured_for(server)},
                             {"name": "busy", **world.configured_for(other)})
    world.start(config)
    assert "403" in world.wait_for_standing("no", "stopped")["trouble"]
    world.wait_for_standing("busy", "retrying")
    asked = len(server.requests)
    other.status = 200
    world.wait_for_all(other)
    world.tell(3)
    world.wait_for_all(other)
    assert len(server.requests) == asked, "it was asked again"
    text = world.log.read_text() + json.dumps(world.states())
    assert TOKEN.split()[1] not in text
    world.stop()


def a_server_without_jetstream_and_one_that_is_away_are_told_apart(world, server):
    world.tell(1)
    config = world.configure(world.configured_for(server))
    assert "No server available" in world.run("check", "--config", config, status=1).stdout
    server.start(has_jetstream=False)
    assert "no JetStream answers" in world.run("check", "--config", config, status=1).stdout
    server.kill()
    server.start()
    assert "will be made" in world.run("check", "--config", config).stdout
    world.run("--config", config, "--once")
    checked = world.run("check", "--config", config).stdout
    assert f"has {len(world.ledger.entries)} messages" in checked, checked


def the_agent_links_neither_library(world, _server):
    linked = subprocess.run(["ldd", world.programs / "homeostat"], capture_output=True, text=True,
                            check=True).stdout
    assert "libc.so" in linked and "libpq" not in linked and "libnats" not in linked, linked


def one_hanging_sink_holds_up_no_other_and_no_end(world, server):
    receiver = world.add(Receiver(None))
    receiver.start()
    server.start()
    config = world.configure(world.configured_for(server), world.configured_for(receiver))
    world.start(config)
    world.wait_for_standing("postgres", "following")
    server.send(signal.SIGSTOP)
    try:
        world.tell(10)
        world.wait_for_all(receiver)
        world.stop()
    finally:
        server.send(signal.SIGCONT)
    world.run("--config", config, "--once")
    only_ours(world, server)


TESTS = {
    Postgres: [nothing_is_lost_or_doubled_whoever_dies, every_row_is_as_it_was_recorded,
               the_database_tells_the_same_decisions_as_the_ledger,
               another_history_stops_the_sink_and_changes_nothing,
               a_ledger_that_was_begun_anew_goes_beside_the_old_one,
               two_shippers_of_one_ledger_do_not_double_anything,
               tables_of_a_newer_program_are_refused, no_password_is_told,
               one_hanging_sink_holds_up_no_other_and_no_end],
    Nats: [nothing_is_lost_or_doubled_whoever_dies,
           another_history_stops_the_sink_and_changes_nothing,
           a_ledger_that_was_begun_anew_goes_beside_the_old_one,
           two_shippers_of_one_ledger_do_not_double_anything,
           a_server_without_jetstream_and_one_that_is_away_are_told_apart],
    Receiver: [nothing_is_lost_or_doubled_whoever_dies,
               another_history_stops_the_sink_and_changes_nothing,
               a_ledger_that_was_begun_anew_goes_beside_the_old_one,
               a_webhook_gets_events_as_they_are_declared,
               a_receiver_that_refuses_stops_its_sink_alone_and_one_that_is_busy_does_not,
               the_agent_links_neither_library],
}
KINDS = {"postgres": (Postgres, postgres_programs), "nats": (Nats, nats_program),
         "webhook": (Receiver, lambda: True)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="directory of the built programs")
    parser.add_argument("--sink", choices=KINDS, required=True, help="which of them")
    parser.add_argument("--only", metavar="TEXT", default="", help="tests whose name contains TEXT")
    options = parser.parse_args()
    make, program = KINDS[options.sink]
    if not program():
        print(f"SKIPPED: no server for {options.sink} is installed here")
        sys.exit(77)
    for test in TESTS[make]:
        if options.only not in test.__name__:
            continue
        print(test.__name__.replace("_", " "), flush=True)
        with tempfile.TemporaryDirectory(prefix="sinks-") as directory:
            world = World(options.bin.resolve(), Path(directory))
            try:
                test(world, world.add(make(Path(directory))))
            except BaseException:
                with contextlib.suppress(OSError):
                    print(world.log.read_text()[-4000:], world.states(), file=sys.stderr)
                raise
            finally:
                world.end()
    print("ok")


if __name__ == "__main__":
    main()
