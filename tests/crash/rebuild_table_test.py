#!/usr/bin/env python3
"""A destructive task, examples/rebuild_table, with a real PostgreSQL that writes down every
statement: with the flag, the proof or a person's yes missing none reaches it, with all of them one
run does, and a kill -9 in the middle makes no second.

    rebuild_table_test.py --bin build/release/bin [--only TEXT]

Without PostgreSQL (`tools/setup.sh check`) nothing can be tried: a line that begins with SKIPPED.
"""

import sys
from pathlib import Path

from harness import run_each
from task_world import OK, USAGE, TaskWorld, wait

sys.path.insert(0, str(Path(__file__).parents[1] / "sinks"))
from servers import PASSWORD, Postgres, postgres_programs  # noqa: E402

SPOIL = "UPDATE daily_sales SET cents = cents + 1"


class RebuildTable(TaskWorld):
    example = "rebuild_table"
    task = "rebuild_daily_sales"

    def __init__(self, programs, here):
        super().__init__(programs, here)
        self.server = Postgres(here)
        self.server.start()
        self.environment.update(PGHOST="127.0.0.1", PGPORT=str(self.server.port),
                                PGUSER="homeostat", PGPASSWORD=PASSWORD, PGDATABASE="postgres")
        self.server.ask((self.here / "schema.sql").read_text())
        self.server.ask("INSERT INTO orders SELECT date '2026-11-01' + n % 30, n "
                        "FROM generate_series(1, 3000) AS n")
        self.server.ask("INSERT INTO daily_sales SELECT day, sum(cents) FROM orders GROUP BY day")
        self.server.ask("ALTER SYSTEM SET log_statement = 'all'")
        self.server.ask("SELECT pg_reload_conf()")
        wait("every statement is written down", lambda: self.server.ask(
            "SHOW log_statement") == "all")

    def server_log(self):
        return (self.here.parent / "postgres.log").read_text(errors="replace")

    def drops(self):
        """Statements of the task that have reached the server, carried out or not."""
        return sum("statement: DROP TABLE" in line for line in self.server_log().splitlines())

    def rebuilds(self):
        """Effects that were carried out."""
        return self.server.ask("SELECT effect FROM rebuilds ORDER BY at").split()

    def is_right(self):
        return self.server.ask("SELECT (SELECT sum(cents) FROM daily_sales) = "
                               "(SELECT sum(cents) FROM orders)") == "t"

    def prove(self):
        self.test("--destructive", "--break", "./spoil_daily_sales")
        assert self.is_right() and len(self.rebuilds()) == 1
        self.server.ask("DELETE FROM rebuilds")
        return self.drops()

    def end(self):
        super().end()
        self.server.end()


def fail_and_wait_for_a_person(world):
    world.start()
    world.server.ask(SPOIL)
    wait("the check's failing is an incident", world.incidents)
    wait("a person has it", world.is_with_a_person)


def check_untouched(world, drops):
    assert world.drops() == drops, "a statement of the task has reached the database"
    assert not world.rebuilds() and not world.is_right()
    assert not world.recorded("intent")


# --- The tests: each a sentence that can be false ------------------------------------------------
def with_the_flag_the_proof_and_a_yes_it_is_rebuilt_once(world):
    drops = world.prove()
    world.start()
    world.server.ask(SPOIL)
    incident = world.approve()
    wait("it is healed", world.is_healed)
    assert world.is_right() and world.drops() == drops + 1
    assert world.rebuilds() == [f"sales/{incident}.e1"], world.rebuilds()
    assert world.outcomes() == ["done"]


def without_the_flag_nothing_reaches_the_database(world):
    drops = world.prove()
    world.change("guard: { destructive: true }\n", "")
    fail_and_wait_for_a_person(world)
    assert not world.question()
    check_untouched(world, drops)
    refused = world.run("remedy", "test", world.task, "--yes", "--destructive")
    assert refused.returncode == USAGE and "guard.destructive is not set" in refused.stderr, refused
    check_untouched(world, drops)


def without_a_proof_nothing_reaches_the_database(world):
    fail_and_wait_for_a_person(world)
    assert not world.question()
    check_untouched(world, 0)
    refused = world.run("remedy", "test", world.task, "--yes")
    assert refused.returncode == USAGE and "--destructive" in refused.stderr, refused
    check_untouched(world, 0)


def without_a_yes_nothing_reaches_the_database(world):
    drops = world.prove()
    world.start()
    world.server.ask(SPOIL)
    wait("a person is asked", world.question)
    check_untouched(world, drops)
    incident = world.incidents()[-1]["incident"]
    assert world.run("deny", incident, "--because", "not today").returncode == OK
    wait("a person has it", world.is_with_a_person)
    check_untouched(world, drops)


def a_yes_to_another_declaration_is_no_yes(world):
    drops = world.prove()
    world.start()
    world.server.ask(SPOIL)
    wait("a person is asked", world.question)
    asked = world.question()["id"]
    incident = world.incidents()[-1]["incident"]
    world.kill_agent()
    world.change("timeout: 60s", "timeout: 59s")
    world.start()
    world.run("approve", incident, "--question", asked)
    wait("a person has it", world.is_with_a_person)
    check_untouched(world, drops)


def a_kill_9_in_the_middle_leaves_one_run_at_most(world):
    sql = world.here / "rebuild.sql"
    sql.write_text(sql.read_text().replace(
        "DROP TABLE", "SELECT pg_sleep(CASE WHEN to_regclass('slow') IS NULL THEN 0 ELSE 3600 "
        "END);\nDROP TABLE"))
    drops = world.prove()
    world.server.ask("CREATE TABLE slow ()")
    world.start()
    world.server.ask(SPOIL)
    world.approve()
    asleep = ("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' "
              "AND state = 'active'")
    wait("it is in the middle", lambda: world.server.ask(asleep) == "1")
    world.kill_agent()
    world.start()
    wait("a person has it", world.is_with_a_person)
    assert world.drops() <= drops + 1 and len(world.rebuilds()) <= 1
    assert world.server_log().count("INSERT INTO rebuilds") == 2, "the test's run, and one"


TESTS = [
    with_the_flag_the_proof_and_a_yes_it_is_rebuilt_once,
    without_the_flag_nothing_reaches_the_database,
    without_a_proof_nothing_reaches_the_database,
    without_a_yes_nothing_reaches_the_database,
    a_yes_to_another_declaration_is_no_yes,
    a_kill_9_in_the_middle_leaves_one_run_at_most,
]


def main():
    if postgres_programs() is None:
        print("SKIPPED: PostgreSQL is not installed")
        return 77
    run_each(__doc__, TESTS, RebuildTable)
    return 0


if __name__ == "__main__":
    sys.exit(main())
