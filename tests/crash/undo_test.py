#!/usr/bin/env python3
"""A person takes back a rollback that a real agent did alone; in one test it dies over that.

    undo_test.py --bin build/release/bin [--only TEXT]

Swaps and starts are counted at the link and by the program that is started. A minute.
"""

import json
import subprocess

from guarded_world import GuardedWorld, Witness, break_it, check_ledger, wait_until
from harness import chosen, parser_for, subject_of

OK, REFUSED, USAGE, NO_AGENT = 0, 1, 2, 3  # As `homeostat undo --help` says.


class UndoneWorld(GuardedWorld):
    """Whose remedies are demoted, as everywhere but in the demo."""

    def write_config(self):
        super().write_config()
        path = self.run_dir / "homeostat.yaml"
        text = path.read_text()
        assert text.count("  demote: false") == 1, "the template has another guard"
        path.write_text(text.replace("  demote: false", "  demote: true"))

    def call(self, *words):
        return subprocess.run([self.programs / "homeostat", *words, "--config",
                               self.run_dir / "homeostat.yaml"],
                              cwd=self.run_dir, capture_output=True, text=True, timeout=15)

    def ask(self, *words):
        done = self.call(*words, "--json")
        assert done.returncode == OK, done
        return json.loads(done.stdout)

    def log(self):
        return (self.run_dir / "agent.log").read_text(errors="replace")

    def entries_of(self, incident, kind):
        self.read_sink()
        return [entry["body"] for entry in self.of_kind(kind) if entry["incident"] == incident]


def roll_back(world):
    """v2 is deployed, answers errors and is rolled back. Gives the incident that did it."""
    world.start_load(300)
    world.wait_for_requests(50)
    wait_until("v1 is proven", lambda: world.status() and world.status()["versions_good"], 30)
    world.switch(service="payments", version="v2", error_share=0.3)
    break_it(world, "bad deploy")

    def rollback():
        world.read_sink()
        return next((entry["incident"] for entry in world.of_kind("closed")
                     if entry["body"]["how"] == "healed" and
                     entry["body"]["tried"][-1]["kind"] == "rollback"), None)
    wait_until("v2 is rolled back", rollback, 60)
    assert world.current() == "v1"
    return rollback()


def undoing_of(world, incident):
    """The incident that undoes it; None: there is none."""
    world.read_sink()
    return next((entry["incident"] for entry in world.of_kind("undo")
                 if entry["body"].get("undoes") == incident), None)


# --- The tests: each a sentence that can be false ------------------------------------------------
def what_a_person_takes_back_is_proven_and_not_done_alone_again(world):
    witness = Witness(world)
    witness.start()
    incident = roll_back(world)
    offered, = world.status()["undoable"]
    assert offered["incident"] == incident and not offered["is_held"], offered
    assert f"homeostat undo {incident}" in world.call("status").stdout
    assert f"it is taken back by: homeostat undo {incident}" in world.log()

    said = world.ask("undo", incident, "--because", "v2 is wanted")
    undoing = said["undone_by"]
    assert said["incident"] == incident and undoing != incident, said
    wait_until("v2 is current again", lambda: world.current() == "v2", 20)
    wait_until("the undo is over", lambda: world.entries_of(undoing, "closed"), 60)
    assert witness.swaps["v1", "v2"] == 2, "once by the deploy tool, once by the undo"
    undo, = world.entries_of(undoing, "undo")
    assert undo["undoes"] == incident and undo["because"] == "v2 is wanted" and undo["by"], undo
    assert world.entries_of(undoing, "proof"), "what it brought is not proven"
    intents = world.entries_of(undoing, "intent")
    assert intents and all(intent["is_undo"] for intent in intents), intents

    demoted, = [entry["body"] for entry in world.of_kind("demoted")]
    assert demoted["remedy"] == "rollback" and demoted["by"] == undo["by"], demoted
    again = world.call("undo", incident)
    assert again.returncode == REFUSED and undoing in again.stderr, again
    story = world.call("explain", undoing).stdout
    assert f"take back what {incident} did" in story, story
    assert f"{undo['by']} takes back rollback payments from v2 to v1 of {incident}" in story, story
    assert world.call("replay", undoing).returncode == OK
    assert "took it back" in world.call("status").stdout

    # v2 answers errors as before. It was brought back by a person's word, and so nothing is done
    # about it alone: they are asked, or called.
    wait_until("a person is asked or called",
               lambda: any(one.get("question") or one["node"] == "stand_by"
                           for one in world.status()["incidents"]), 60)
    assert world.current() == "v2" and witness.swaps["v2", "v1"] == 1, witness.swaps
    report = world.ask("report", "--since", "1h")
    assert report["total"]["undone_count"] == 1, report["total"]
    witness.end()
    check_ledger(world)


def an_agent_that_dies_over_an_undo_is_succeeded_by_one_that_ends_it(world):
    witness = Witness(world)
    witness.start()
    incident = roll_back(world)
    assert world.call("undo", incident).returncode == OK
    wait_until("it has begun", lambda: world.entries_of(undoing_of(world, incident) or "",
                                                        "intent"), 20)
    world.kill_agent()
    world.start_agent()
    undoing = undoing_of(world, incident)
    wait_until("the undo is over", lambda: world.entries_of(undoing, "closed"), 90)
    assert world.current() == "v2" and witness.swaps["v1", "v2"] == 2, witness.swaps
    witness.end()
    check_ledger(world)


def what_cannot_be_taken_back_is_refused_in_words(world):
    world.start_load(60)
    world.wait_for_requests(50)
    done = world.call("undo", "i-99")
    assert done.returncode == REFUSED and "nothing is remembered of i-99" in done.stderr, done
    done = world.call("undo", "../i-1")
    assert done.returncode == USAGE, done
    break_it(world, "crash")
    world.read_sink()
    wait_until("it is started again", lambda: world.has_written("closed"), 30)
    done = world.call("undo", world.of_kind("closed")[0]["incident"])
    assert done.returncode == REFUSED and "cannot be taken back: restart" in done.stderr, done
    world.kill_agent()
    assert world.call("undo", "i-1").returncode == NO_AGENT


def main():
    tests = (what_a_person_takes_back_is_proven_and_not_done_alone_again,
             an_agent_that_dies_over_an_undo_is_succeeded_by_one_that_ends_it,
             what_cannot_be_taken_back_is_refused_in_words)
    options = parser_for(__doc__).parse_args()
    for test in chosen(tests, options):
        with subject_of(UndoneWorld, options) as world:
            world.start()
            test(world)
    print("ok")


if __name__ == "__main__":
    main()
