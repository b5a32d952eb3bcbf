#!/usr/bin/env python3
"""A remedy that begins only once its decision is outside: a real agent, its shipper, and a real
PostgreSQL that is killed and comes back.

    confirmed_test.py --bin build/release/bin [--only TEXT]

The remedy is the restart of an instance that runs and does not answer. Without PostgreSQL
(`tools/setup.sh check`) the tests that need it say SKIPPED.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from guarded_world import wait_until
from harness import run_each
from small_service import SmallService, groups_in

sys.path.insert(0, str(Path(__file__).parents[1] / "sinks"))
from servers import Postgres, postgres_programs, write_secret  # noqa: E402

RULE = "who has to have the decision outside has it"


def with_postgres(service):
    """Required for restarts, and not yet running; None: it is not installed here."""
    if postgres_programs() is None:
        print("SKIPPED: no PostgreSQL is installed here")
        return None
    database = Postgres(service.here)
    write_secret(service.here / "pg.url", database.url() + "\n")
    service.change("sink.jsonl }", "sink.jsonl, sinks: [ { postgres: { url_file: pg.url }, "
                                   "required_for: restart } ] }")
    return database


def stop_one(service):
    """One that runs and answers no more. Gives its name and what it was."""
    name, process = sorted(service.alive().items())[0]
    os.kill(process[0], signal.SIGSTOP)
    return name, process


def groups(service):
    return [group for segment in sorted((service.here / "ledger").glob("*.hlog"))
            for group in groups_in(segment.read_bytes())]


def is_restarted(service, name, process):
    return service.alive().get(name, process) != process


def refusals(service):
    """Of the rule, with what it said."""
    return [body["verdict"]["because"] for body in service.recorded("verdict")
            if body["verdict"]["rule"] == RULE]


def check_that_it_was_confirmed(service):
    """Each intent for a remedy stands behind a permit of it; both are in the database, and what
    the intent rests on says that the permit was there first."""
    permitted, checked = {}, 0
    for group in groups(service):
        for entry in group["entries"]:
            body = entry["body"]
            if entry["entry"] == "verdict" and body["verdict"]["verdict"] == "permit":
                permitted[entry["incident"]] = group["index"]
            if entry["entry"] != "intent" or body["is_reflex"]:
                continue
            told = body["grounds"]["facts"].get("confirmations")
            if told is None:
                continue  # A later step.
            assert [one["from"] for one in told["all"]] == ["postgres"], told
            decided = permitted[entry["incident"]]
            assert decided <= told["decided_in"], (decided, told)
            assert told["decided_in"] <= told["all"][0]["up_to"] < group["index"], (told, group)
            checked += 1
    return checked


# --- The tests: each a sentence that can be false ------------------------------------------------
def a_restart_waits_for_a_database_that_is_away_and_goes_on_once_it_is_back(service):
    database = with_postgres(service)
    if database is None:
        return
    database.start()
    service.start()
    name, process = stop_one(service)
    wait_until("it is restarted", lambda: is_restarted(service, name, process), seconds=60)
    wait_until("all is well", lambda: service.is_served() and service.is_calm(), seconds=60)
    assert check_that_it_was_confirmed(service) == 1
    assert refusals(service) == [], "a database that is there delayed it"

    database.kill()
    service.kill_agent()  # Else the cool-down of the first restart would be in the way.
    name, process = sorted(service.alive().items())[1]
    service.start_agent()
    wait_until("the agent is back", service.is_served)
    os.kill(process[0], signal.SIGSTOP)
    wait_until("it is refused", lambda: refusals(service), seconds=60)
    assert "postgres" in refusals(service)[0], refusals(service)
    other, ended = service.kill_instance() if sorted(service.alive())[0] != name else (None, None)
    if other:
        wait_until("what has ended is started at once", lambda: is_restarted(service, other, ended))
    assert service.alive()[name] == process, "it was restarted unconfirmed"
    database.start()
    wait_until("it goes on", lambda: is_restarted(service, name, process), seconds=120)
    wait_until("all is well", service.is_served, seconds=60)
    assert check_that_it_was_confirmed(service) == 2
    bodies = {body["body"].get("effect") for body in database.bodies() if body["kind"] == "intent"}
    wait_until("the database has the intents, too", lambda: {
        body["body"].get("effect") for body in database.bodies() if body["kind"] == "intent"} >=
        {body["effect"] for body in service.recorded("intent")})
    assert bodies, "nothing was shipped"
    database.kill()


def an_agent_that_dies_while_it_waits_leaves_its_successor_to_wait(service):
    database = with_postgres(service)
    if database is None:
        return
    service.start()
    name, process = stop_one(service)
    wait_until("it is refused", lambda: refusals(service), seconds=60)
    service.kill_agent()
    service.start_agent()
    wait_until("the successor answers", service.status)
    assert service.alive()[name] == process, "it was restarted unconfirmed"
    database.start()
    wait_until("it goes on", lambda: is_restarted(service, name, process), seconds=120)
    wait_until("all is well", service.is_served, seconds=60)
    assert check_that_it_was_confirmed(service) == 1
    database.kill()


def a_file_that_claims_too_much_confirms_nothing(service):
    """The shipper is gone, and its file names a group that the ledger has not written."""
    database = with_postgres(service)
    if database is None:
        return
    claimed = service.here / "ledger.sinks/postgres.confirmed"
    claimed.parent.mkdir()
    claimed.write_text('{"group":999999,"hash":"' + "0" * 64 + '"}\n')
    service.start()
    name, process = stop_one(service)
    wait_until("it is refused", lambda: refusals(service), seconds=60)
    assert "was not written by this process" in refusals(service)[0], refusals(service)
    assert service.alive()[name] == process


def a_witness_can_be_required_as_well(service):
    witness = service.here / "wall/heads.jsonl"
    witness.parent.mkdir()
    service.change("sink.jsonl }", f"sink.jsonl, witnesses: [ {{ file: {witness}, "
                                   "required_for: [destructive] } ] }")
    service.start()
    name, process = stop_one(service)
    wait_until("it is restarted", lambda: is_restarted(service, name, process), seconds=60)
    told = [body["grounds"]["facts"]["confirmations"] for body in service.recorded("intent")
            if "confirmations" in body["grounds"]["facts"]]
    assert told and told[0]["all"][0]["from"] == str(witness), told
    wait_until("it is over", service.is_calm, seconds=60)
    service.say("replay", "i-1")  # Says 0: each decision is made again as it was.
    checked = subprocess.run([service.programs / "homeostat", "verify-ledger", "--config",
                              service.config], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


TESTS = [a_restart_waits_for_a_database_that_is_away_and_goes_on_once_it_is_back,
         an_agent_that_dies_while_it_waits_leaves_its_successor_to_wait,
         a_file_that_claims_too_much_confirms_nothing,
         a_witness_can_be_required_as_well]

if __name__ == "__main__":
    run_each(__doc__, TESTS, SmallService)
