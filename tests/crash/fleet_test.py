#!/usr/bin/env python3
"""A real agent in a fleet: its remedies take places in a real PostgreSQL, wait where all are taken,
and do not begin where it cannot be asked.

    fleet_test.py --bin build/release/bin [--only TEXT]

The remedy is the restart of an instance that runs and does not answer. Without PostgreSQL the tests
say SKIPPED.
"""

import os
import re
import signal
import sys
from pathlib import Path

from guarded_world import wait_until
from harness import run_each
from small_service import SmallService

sys.path.insert(0, str(Path(__file__).parents[1] / "sinks"))
from servers import Postgres, postgres_programs  # noqa: E402

RULE = "the fleet's budget has a place for it"


def with_fleet(service):
    """One at a time. None: PostgreSQL is not installed here."""
    if postgres_programs() is None:
        print("SKIPPED: no PostgreSQL is installed here")
        return None
    database = Postgres(service.here)
    (service.here / "pg.url").write_text(database.url() + "\n")
    (service.here / "pg.url").chmod(0o600)
    service.change("back_off_max: 200ms }", "back_off_max: 200ms, fleet: { name: shop, "
                                            "postgres: { url_file: pg.url }, at_once_max: 1 } }")
    return database


def stop_one(service):
    """One that runs and answers no more. Gives its name and what it was."""
    name, process = sorted(service.alive().items())[0]
    os.kill(process[0], signal.SIGSTOP)
    return name, process


def is_restarted(service, name, process):
    return service.alive().get(name, process) != process


def refusals(service):
    return [body["verdict"]["because"] for body in service.recorded("verdict")
            if body["verdict"]["rule"] == RULE]


def occupy(database):
    """By another agent of the fleet, for an hour."""
    database.ask("INSERT INTO homeostat.fleet_places VALUES ('shop', 'another', 'i-1.e1', 'fraud', "
                 "now(), now() + interval '1 hour', nextval('homeostat.fleet_tickets'))")


def in_hand(database):
    return database.ask("SELECT string_agg(service, ',') FROM homeostat.fleet_places "
                        "WHERE ends_at > now()")


# --- The tests: each a sentence that can be false ------------------------------------------------
def a_remedy_waits_for_the_place_of_another_agent(service):
    database = with_fleet(service)
    if database is None:
        return
    database.start()
    service.start()
    looked = service.say("doctor")  # Makes the tables, as a first question would.
    assert "0 of 1 in hand, 0 of 10 begun within 10m" in looked, looked
    database.ask("INSERT INTO homeostat.fleets VALUES ('shop') ON CONFLICT DO NOTHING")
    occupy(database)
    name, process = stop_one(service)
    wait_until("it is refused", lambda: refusals(service), seconds=60)
    assert "1 of 1 are in hand by fraud" in refusals(service)[0], refusals(service)
    assert service.alive()[name] == process, "it was restarted without a place"
    fleet = service.status()["fleet"]
    assert fleet["name"] == "shop" and fleet["full_count"] > 0, fleet
    database.ask("UPDATE homeostat.fleet_places SET ends_at = now()")
    wait_until("it is restarted", lambda: is_restarted(service, name, process), seconds=120)
    wait_until("all is well", lambda: service.is_served() and service.is_calm(), seconds=60)
    wait_until("the place is given back", lambda: in_hand(database) == "")
    assert database.ask("SELECT count(*) FROM homeostat.fleet_places "
                        "WHERE service = 'rates'") == "1"
    granted = [body["grounds"]["facts"]["fleet"] for body in service.recorded("intent")
               if "fleet" in body["grounds"]["facts"]]
    assert granted and granted[0]["says"] == "granted", granted
    page = service.get("/metrics")[1]
    assert re.search(r'^homeostat_fleet_answers_total\{says="granted"\} [1-9]', page, re.M), page
    database.kill()


def where_the_store_is_away_less_is_done_and_never_more(service):
    database = with_fleet(service)
    if database is None:
        return
    service.start()
    name, process = stop_one(service)
    wait_until("it is refused", lambda: refusals(service), seconds=60)
    assert "cannot be asked" in refusals(service)[0], refusals(service)
    other, ended = sorted(service.alive().items())[1]
    os.kill(ended[0], signal.SIGKILL)
    wait_until("what has ended is started", lambda: is_restarted(service, other, ended) and
               other in service.alive(), seconds=60)
    assert service.alive()[name] == process, "it was restarted without a place"
    database.start()
    wait_until("it goes on", lambda: is_restarted(service, name, process), seconds=180)
    wait_until("all is well", service.is_served, seconds=60)
    database.kill()


def an_agent_that_is_killed_with_a_place_takes_no_second_one(service):
    database = with_fleet(service)
    if database is None:
        return
    database.start()
    service.start()
    name, process = stop_one(service)
    wait_until("a place is taken", lambda: database.ask(
        "SELECT to_regclass('homeostat.fleet_places') IS NOT NULL") == "t" and
        in_hand(database) == "rates", seconds=60)
    service.kill_agent()
    service.start_agent()
    wait_until("it is restarted", lambda: is_restarted(service, name, process), seconds=120)
    wait_until("all is well", service.is_served, seconds=60)
    assert database.ask("SELECT count(*) FROM homeostat.fleet_places") == "1"
    database.kill()


TESTS = [a_remedy_waits_for_the_place_of_another_agent,
         where_the_store_is_away_less_is_done_and_never_more,
         an_agent_that_is_killed_with_a_place_takes_no_second_one]

if __name__ == "__main__":
    run_each(__doc__, TESTS, SmallService)
