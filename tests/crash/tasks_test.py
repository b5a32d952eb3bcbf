#!/usr/bin/env python3
"""A declared task, examples/first_task, with a real agent: proven, asked about, run, taken back,
killed in the middle.

    tasks_test.py --bin build/release/bin [--only TEXT]

Runs are counted by the program that is run, records are read from the ledger's own bytes. A minute.
"""

import json
import os
import signal
import subprocess
from pathlib import Path

from guarded_world import die_with_parent
from harness import run_each
from task_world import INTERRUPTED, OK, UNPROVEN, USAGE, TaskWorld, wait

RUN = 'run: { command: [./tidy_spool, archive, --keep, "{keep}"], timeout: 20s }'
TAKE_BACK = "take_back: { command: [./tidy_spool, restore], timeout: 20s }"
KEEP = "      keep: { integer: 10, from: 0, to: 100 }\n"


class FirstTask(TaskWorld):
    example = "first_task"
    task = "clean_spool"

    def fill(self, count=60):
        subprocess.run(["./tidy_spool", "fill", "--count", str(count)], cwd=self.here, check=True)

    def prove(self):
        self.test("--break", "./fill_spool")
        (self.here / "runs.log").unlink()

    def orders(self):
        return len(list((self.here / "spool").glob("*.order")))

    def runs(self):
        """The ids that the program was told, a run each."""
        path = self.here / "runs.log"
        return path.read_text().split() if path.exists() else []

    def declare_run(self, spoiled, timeout="20s", is_repeatable=True):
        """Another program for the task, which does something else once the world is spoiled."""
        self.write("other_run", "#!/bin/sh\n[ -e spoiled ] || exec ./tidy_spool archive --keep 10\n"
                   f'echo "$HOMEOSTAT_EFFECT" >> runs.log\n{spoiled}\n')
        self.change(RUN, f"run: {{ command: [./other_run], timeout: {timeout} }}")
        self.change(KEEP, "")
        if not is_repeatable:
            self.change("repeatable: true ", "repeatable: false")

    def let_act(self):
        self.change("clean_spool: ask", "clean_spool: act")


def pids_of(program):
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*")
            if program in command_of(entry) and (entry / "exe").exists()]


def command_of(entry):
    try:
        return (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


# --- The tests: each a sentence that can be false ------------------------------------------------
def the_example_is_declared_in_less_than_thirty_lines_and_valid(world):
    assert len(world.config.read_text().splitlines()) < 30
    assert world.run("validate").returncode == OK
    listed, = world.ask("remedy", "list")["tasks"]
    assert (listed["configured"], listed["now"]) == ("ask", "watch"), listed
    assert "it was never tested" in listed["missing"][0], listed
    assert world.run("doctor").stdout.count("task clean_spool") == 1


def a_task_that_is_not_proven_is_never_run_and_it_is_said_why(world):
    world.let_act()
    world.start()
    world.fill()
    wait("the check's failing is an incident", world.incidents)
    wait("a person has it", world.is_with_a_person)
    assert "task clean_spool stays at watch: it was never tested" in world.say("status")
    assert "declared tasks" in world.say("autonomy")
    assert not world.runs() and not world.recorded("intent")


def the_readme_holds_from_the_test_to_the_story(world):
    proven = json.loads(world.test("--break", "./fill_spool", "--json").stdout)
    steps = [(step["step"], step["result"]) for step in proven["steps"]]
    assert proven["is_proven"] and not proven["trouble"], proven
    assert [step for step, _ in steps if step != "check"] == ["break", "run", "take_back", "run"]
    assert steps[0] == ("check", "well") and steps[-1] == ("check", "well"), steps
    assert ("check", "not well") in steps
    proof = world.here / "var/ledger.tasks/clean_spool.proof"
    assert proof.stat().st_mode & 0o777 == 0o600
    assert json.loads(proof.read_text())["declaration"] == proven["declaration"]
    tested = len(world.runs())
    world.start()
    world.fill()
    incident = world.approve()
    wait("it is healed", world.is_healed)
    assert world.orders() == 10 and len(world.runs()) == tested + 1
    assert world.runs()[-1] == f"orders/{incident}.e1", world.runs()
    story = world.say("explain", incident)
    assert "run clean_spool" in story and "50 orders archived" in story, story
    assert world.ask("replay", incident)["replay"] == "same"


def at_act_it_is_run_once_without_a_question(world):
    world.let_act()
    world.prove()
    world.start()
    world.fill()
    wait("it is healed", world.is_healed)
    assert world.orders() == 10 and len(world.runs()) == 1
    assert world.outcomes() == ["done"] and not world.recorded("asked")


def another_declaration_is_not_proven_by_the_proof_of_this_one(world):
    world.prove()
    world.change("keep: { integer: 10", "keep: { integer: 11")
    listed, = world.ask("remedy", "list")["tasks"]
    assert listed["now"] == "watch" and "has changed since" in listed["missing"][0], listed
    world.change("keep: { integer: 11", "keep: { integer: 10")
    listed, = world.ask("remedy", "list")["tasks"]
    assert listed["now"] == "ask" and not listed["missing"], listed


def a_task_that_does_not_help_is_taken_back_once_and_a_person_has_it(world):
    world.let_act()
    world.declare_run("exit 0")
    world.change(TAKE_BACK, "take_back: { command: [./other_take_back], timeout: 20s }")
    world.write("other_take_back",
                "#!/bin/sh\necho x >> taken_back.log\nexec ./tidy_spool restore\n")
    world.prove()
    taken_back = world.here / "taken_back.log"
    before = len(taken_back.read_text().split())
    (world.here / "spoiled").touch()
    world.start()
    world.fill()
    wait("a person has it", world.is_with_a_person)
    assert len(world.runs()) == 1
    assert len(taken_back.read_text().split()) == before + 1
    assert len(world.recorded("undo")) == 1


def what_hangs_is_ended_by_its_timeout_with_all_that_it_started_and_not_run_again(world):
    world.let_act()
    world.declare_run("sleep 4711 & sleep 4711", timeout="1s", is_repeatable=False)
    world.prove()
    (world.here / "spoiled").touch()
    world.start()
    world.fill()
    wait("a person has it", world.is_with_a_person)
    assert world.outcomes()[0] == "unknown", world.outcomes()
    assert len(world.runs()) == 1, world.runs()
    assert not pids_of("sleep 4711")


def a_kill_9_in_the_middle_leaves_one_run_and_no_second_on_a_guess(world):
    world.let_act()
    world.declare_run("exec sleep 4712", is_repeatable=False)
    world.prove()
    (world.here / "spoiled").touch()
    world.start()
    world.fill()
    wait("it is run", world.runs)
    world.kill_agent()
    wait("the command has ended with the agent", lambda: not pids_of("sleep 4712"))
    world.start()
    wait("a person has it", world.is_with_a_person)
    assert len(world.runs()) == 1, world.runs()


def what_outlives_a_killed_agent_is_waited_for_and_told_of(world):
    world.let_act()
    world.declare_run("sleep 4715; true", is_repeatable=False)
    world.prove()
    (world.here / "spoiled").touch()
    world.start()
    world.fill()
    wait("it is run", lambda: pids_of("sleep 4715"))
    world.kill_agent()
    world.start()
    wait("the incident is taken up", lambda: world.status()["incidents"])
    wait("it is said that something runs", lambda: "still runs" in world.say("status"))
    assert world.status()["incidents"][0]["node"] == "act", world.status()
    assert not world.recorded("outcome"), world.recorded("outcome")
    left, = pids_of("sleep 4715")
    os.kill(left, signal.SIGKILL)
    wait("a person has it", world.is_with_a_person)
    assert world.outcomes() == ["unknown"] and len(world.runs()) == 1, world.runs()
    assert "still runs" not in world.say("status")


def a_test_that_fails_leaves_none_of_the_proof_of_before(world):
    world.declare_run("exit 0")
    world.prove()
    listed, = world.ask("remedy", "list")["tasks"]
    assert listed["now"] == "ask", listed
    (world.here / "spoiled").touch()  # The program under the same name does something else now.
    assert "goes on to say" in world.test("--break", "./fill_spool", status=UNPROVEN).stdout
    listed, = world.ask("remedy", "list")["tasks"]
    assert listed["now"] == "watch" and "never tested" in listed["missing"][0], listed


def a_parent_that_ignores_the_ends_of_its_children_takes_no_status_away(world):
    def prepare():
        die_with_parent()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    world.let_act()
    world.prove()
    world.start(prepare)
    world.fill()
    wait("it is healed", world.is_healed)
    assert world.outcomes() == ["done"], world.outcomes()


def a_kill_9_in_the_middle_of_what_is_repeatable_ends_well(world):
    world.let_act()
    world.declare_run("exec sleep 4713")
    world.prove()
    (world.here / "spoiled").touch()
    world.start()
    world.fill()
    wait("it is run", world.runs)
    world.kill_agent()
    (world.here / "spoiled").unlink()
    world.start()
    wait("it is healed", world.is_healed)
    assert world.orders() == 10 and 1 < len(world.runs()) <= 3, world.runs()


def a_test_says_what_it_could_not_show(world):
    well = world.test(status=UNPROVEN)
    assert "all is well" in well.stdout and "--break" in well.stdout, well
    assert not world.runs(), "nothing is run where nothing is to be mended"
    world.write("breaks_nothing", "#!/bin/sh\nexit 0\n")
    assert "after --break as before" in world.test("--break", "./breaks_nothing",
                                                   status=UNPROVEN).stdout
    assert world.run("remedy", "test", "no_such").returncode == USAGE
    asked = world.run("remedy", "test", "clean_spool", input="no\n")
    assert asked.returncode == UNPROVEN and "nothing was run" in asked.stderr, asked
    world.change("check: { command: [./tidy_spool, check, --max, \"{files_max}\"]",
                 "check: { command: [./tidy_spool, no_such_word, \"{files_max}\"]")
    silent = world.test(status=UNPROVEN)
    assert "the check does not answer" in silent.stdout, silent
    assert not (world.here / "var/ledger.tasks/clean_spool.proof").exists()


def a_test_that_is_interrupted_ends_what_it_runs(world):
    world.declare_run("exec sleep 4714")
    (world.here / "spoiled").touch()
    world.fill()
    process = subprocess.Popen([world.program, "remedy", "test", "clean_spool", "--yes",
                                "--config", world.config], cwd=world.here,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait("it runs", lambda: pids_of("sleep 4714"))
    busy = world.test(status=UNPROVEN)
    assert "still under way" in busy.stderr, busy
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == INTERRUPTED and "is not known" in said, said
    assert not pids_of("sleep 4714")


def whoever_asks_for_the_status_runs_no_check_and_is_told_how_old_the_last_is(world):
    world.write("counted_check", "#!/bin/sh\necho one >> checks.log\nexit 1\n")
    world.change("check: { command: [./tidy_spool, check, --max, \"{files_max}\"], every: 1s, "
                 "fails_max: 2 }",
                 "check: { command: [./counted_check, \"{files_max}\"], every: 1h, fails_max: 3 }")
    world.start()
    wait("the check has answered", lambda: world.status().get("checks"))
    for _ in range(5):
        assert "check of clean_spool: all is not well, as it said " in world.say("status")
        seen, = world.status()["checks"]
        assert seen["task"] == "clean_spool" and not seen["is_well"] and seen["age_s"] >= 0, seen
    assert (world.here / "checks.log").read_text() == "one\n", "each asking has run it again"
    assert not world.incidents(), "one failed check is no incident where three are"


def what_everybody_may_write_is_told_of_by_doctor(world):
    os.chmod(world.here / "tidy_spool", 0o777)
    done = world.run("doctor")
    assert "may be written by everybody" in done.stdout, done


TESTS = [
    the_example_is_declared_in_less_than_thirty_lines_and_valid,
    a_task_that_is_not_proven_is_never_run_and_it_is_said_why,
    the_readme_holds_from_the_test_to_the_story,
    at_act_it_is_run_once_without_a_question,
    another_declaration_is_not_proven_by_the_proof_of_this_one,
    a_task_that_does_not_help_is_taken_back_once_and_a_person_has_it,
    what_hangs_is_ended_by_its_timeout_with_all_that_it_started_and_not_run_again,
    a_kill_9_in_the_middle_leaves_one_run_and_no_second_on_a_guess,
    what_outlives_a_killed_agent_is_waited_for_and_told_of,
    a_test_that_fails_leaves_none_of_the_proof_of_before,
    a_parent_that_ignores_the_ends_of_its_children_takes_no_status_away,
    a_kill_9_in_the_middle_of_what_is_repeatable_ends_well,
    a_test_says_what_it_could_not_show,
    a_test_that_is_interrupted_ends_what_it_runs,
    whoever_asks_for_the_status_runs_no_check_and_is_told_how_old_the_last_is,
    what_everybody_may_write_is_told_of_by_doctor,
]


def main():
    run_each(__doc__, TESTS, FirstTask)


if __name__ == "__main__":
    main()
