#!/usr/bin/env python3
"""A feature flag that breaks a shop is taken back in the file that its flagd reads: once, that flag
alone, and not against somebody who wants it on.

    flags_test.py --bin build/release/bin [--only TEXT]

The definitions are evaluated by OpenFeature's own engine for flagd (lab/flagd/server.py). Without
it (`tools/setup.sh`), or without HAProxy, nothing can be tried: a line that begins with SKIPPED.
"""

import json
import shutil
import signal
import sys

from flag_world import FLAG, FLAGD, MARK, FlagWorld, definition
from guarded_world import wait_until
from harness import parser_for, run_each

KILLED_BEFORE = "swap_version rename flags/flags.json"
KILLED_AFTER = "swap_version fsync flags"  # Of the directory, once the file has its name.
HELD_BEFORE = "swap_version write flags/.flags.json.homeostat"


def wait(what, holds):
    wait_until(what, holds, seconds=90)


def break_it(world):
    world.turn(FLAG, "on")
    wait("users are turned away", lambda: world.gets(500))


# --- The tests: each a sentence that can be false ------------------------------------------------
def a_flag_that_breaks_the_service_is_taken_back_and_told(world):
    world.start()
    before = world.file.read_text()
    break_it(world)
    wait("it is healed", world.is_healed)
    wait("users are served", world.serves)
    now = json.loads(world.file.read_text())
    mark = now["metadata"].pop(MARK)
    assert now == json.loads(before), "something else than the flag is otherwise"
    incident = world.incidents()[-1]["incident"]
    assert mark.split()[0] == f"{incident}.e1", mark
    assert world.outcomes() == [(f"{incident}.e1", "done")], world.outcomes()
    assert world.writes.marks() == [f"{incident}.e1"], world.writes.seen
    changes = [body for body in world.recorded("change") if body["kind"] == "flag"]
    assert [body["reference"] for body in changes] == [f"flag.{FLAG}", f"{incident}.e1"], changes
    assert [body["is_ours"] for body in changes] == [False, True], changes
    told = world.run("explain", incident).stdout
    assert f"flag.{FLAG}" in told and "bad_flag" in told, told
    prompt = json.dumps([body["diagnosis"] for body in world.recorded("opened")])
    assert FLAG not in prompt, "a flag's name stands where a model reads"


def what_is_edited_meanwhile_is_kept(world):
    world.start()
    world.arm(HELD_BEFORE, stop=True)
    break_it(world)
    wait("the agent is about to write", lambda: world.state() == "T")
    world.turn("banner", "on")
    world.disarm()
    world.agent.send_signal(signal.SIGCONT)
    wait("it is healed", world.is_healed)
    assert (world.variant(FLAG), world.variant("banner")) == ("off", "on"), world.file.read_text()
    assert [outcome for _, outcome in world.outcomes()] == ["refused", "done"], world.outcomes()
    assert len(world.writes.marks()) == 1, world.writes.seen


def killed_right_before_the_write_it_is_written_once(world):
    killed_at(world, KILLED_BEFORE, ["refused", "done"])


def killed_right_after_the_write_it_is_not_written_again(world):
    killed_at(world, KILLED_AFTER, ["done"])


def killed_at(world, point, outcomes):
    world.start()
    world.arm(point)
    break_it(world)
    wait("the agent is dead", lambda: world.agent.poll() is not None)
    assert world.agent.returncode == -signal.SIGKILL, world.agent.returncode
    assert world.variant(FLAG) == ("on" if point == KILLED_BEFORE else "off"), point
    world.disarm()
    world.start_agent()
    wait("it is healed", world.is_healed)
    wait("users are served", world.serves)
    assert [outcome for _, outcome in world.outcomes()] == outcomes, world.outcomes()
    done = [effect for effect, outcome in world.outcomes() if outcome == "done"]
    assert world.writes.marks() == done, world.writes.seen


def it_is_not_done_before_flagd_evaluates_by_it(world):
    world.start()
    break_it(world)
    # From now on flagd does not look at its file.
    world.deaf.write_text("")
    wait("the file is written", lambda: world.variant(FLAG) == "off")
    wait("a person has it", world.is_with_a_person)
    assert [outcome for _, outcome in world.outcomes()] == ["unknown"], world.outcomes()
    assert len(world.writes.marks()) == 1, world.writes.seen
    world.deaf.unlink()
    wait("users are served", world.serves)
    assert len(world.writes.marks()) == 1, world.writes.seen


def somebody_who_puts_it_back_twice_is_left_alone(world):
    world.start()
    for times in range(1, 3):
        break_it(world)
        wait("it is taken back", lambda: world.variant(FLAG) == "off")
        # An edit that comes while the symptom is still there is too late to have brought it.
        wait("it is healed", lambda: world.is_healed() and len(world.incidents()) == times and
             not world.ask("status")["symptoms"])
        assert len(world.writes.marks()) == times, world.writes.seen
    break_it(world)
    wait("a person has it", world.is_with_a_person)
    assert world.variant(FLAG) == "on", "the flag was taken from somebody who wants it on"
    assert len(world.writes.marks()) == 2, world.writes.seen


def a_file_that_cannot_be_read_is_told_and_left_alone(world):
    world.start()
    world.file.write_text('{"flags": {"a": ')
    said = world.run("doctor")
    assert "not the JSON of a flagd" in said.stdout, said
    world.write({FLAG: definition("off")})
    said = world.run("doctor").stdout
    assert f"1 definitions in {world.file}" in said, said
    assert "gives 1 flags" in said and str(world.file) in said, said
    assert not world.writes.marks(), world.writes.seen


TESTS = [
    a_flag_that_breaks_the_service_is_taken_back_and_told,
    what_is_edited_meanwhile_is_kept,
    killed_right_before_the_write_it_is_written_once,
    killed_right_after_the_write_it_is_not_written_again,
    it_is_not_done_before_flagd_evaluates_by_it,
    somebody_who_puts_it_back_twice_is_left_alone,
    a_file_that_cannot_be_read_is_told_and_left_alone,
]
NEED_KILL_POINTS = TESTS[1:4]


def tests_of(programs):
    """A sanitizer lets nothing stand before it, so there is no kill_point.so then."""
    has_points = (programs / "kill_point.so").exists()
    if not has_points:
        print("SKIPPED: deaths inside a write: kill_point.so was not built")
    return [test for test in TESTS if has_points or test not in NEED_KILL_POINTS]


def main():
    if not FLAGD.exists() or not shutil.which("haproxy"):
        print("SKIPPED: there is no evaluator of flagd in build/flagd, or no haproxy: "
              "tools/setup.sh")
        return 77
    programs = parser_for(__doc__).parse_args().bin.resolve()
    run_each(__doc__, tests_of(programs), FlagWorld)
    return 0


if __name__ == "__main__":
    sys.exit(main())
