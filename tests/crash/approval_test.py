#!/usr/bin/env python3
"""A real agent asks whether it may restart what was killed, and a person answers.

    approval_test.py --bin build/release/bin [--only TEXT]

Starts are counted by the program that is started, records are read from the ledger's own bytes.
Half a minute.
"""

import json
import os
import pwd
import re
import subprocess

from guarded_world import wait_until
from harness import run_each
from small_service import SmallService

OK, REFUSED, USAGE, NO_AGENT = 0, 1, 2, 3  # As `homeostat approve --help` says.


def me():
    return pwd.getpwuid(os.getuid()).pw_name


def begin(service):
    """An agent that asks before it restarts; one of two instances is killed."""
    service.change("restart: act", "restart: ask")
    starts = service.count_starts()
    service.start()
    name, _ = service.kill_instance()
    return starts, name, asked_by(service)


def asked_by(service):
    """The id of the question, once there is one."""
    wait_until("a person is asked", lambda: question_in(service.status()))
    return question_in(service.status())["id"]


def question_in(status):
    incidents = status["incidents"] if status else []
    return incidents[0].get("question") if incidents else None


def call(service, *words):
    return subprocess.run([service.programs / "homeostat", *words, "--config", service.config],
                          cwd=service.here, capture_output=True, text=True, timeout=10)


def check_refused(done, *words):
    assert done.returncode == REFUSED and not done.stdout, done
    assert all(word in done.stderr for word in words), done.stderr


# --- The tests: each a sentence that can be false ------------------------------------------------
def a_yes_is_done_once_and_stands_in_the_ledger_with_whoever_said_it(service):
    starts, name, question = begin(service)
    before = starts()
    assert service.ask("incidents")["incidents"][0]["state"] == "asking"
    shown = service.say("status")
    assert f"asks: i-1: may I restart {name}?" in shown, shown
    command = rf"homeostat approve i-1 --question {question} -c \S+$"
    assert re.search(command, shown, re.MULTILINE), shown
    assert f"homeostat approve i-1 --question {question}" in service.log()
    shy = call(service, "approve", "i-1")
    assert shy.returncode == USAGE and f"may I restart {name}?" in shy.stderr, shy
    assert f"homeostat approve i-1 --question {question}" in shy.stderr, shy.stderr
    done = call(service, "approve", "i-1", "--question", question, "--because", "seen in staging")
    assert done.returncode == OK and done.stdout.startswith("approved: i-1\n"), done
    wait_until("both instances answer", service.is_served)
    wait_until("all is over", service.is_calm)
    assert starts() == before + 1
    answer, = service.recorded("answered")
    assert answer["by"] == me() and answer["because"] == "seen in staging", answer
    assert answer["says"] == "approved" and answer["question"] == question, answer
    assert {body["approved_by"] for body in service.recorded("intent")} == {me()}
    check_refused(call(service, "approve", "i-1", "--question", question), "i-1")
    story = service.say("explain", "i-1")
    assert f"answer    {me()} approved restart {name}: seen in staging" in story, story
    assert f"every rule agreed, and so did {me()}" in story, story
    assert "agrees    a person has agreed, where one is asked" in story, story
    assert call(service, "replay", "i-1").returncode == OK


def a_no_is_a_no(service):
    starts, _, question = begin(service)
    before = starts()
    said = service.ask("deny", "i-1", "--question", question, "--because", "I look at it")
    assert said == {"incident": "i-1", "question": question, "answer": "denied", "by": me()}, said
    wait_until("a person has taken over",
               lambda: service.status()["incidents"][0]["node"] == "stand_by")
    assert f"i-1: {me()} said no: I look at it" in service.log()
    check_refused(call(service, "approve", "i-1"), "asks nothing now")
    check_refused(call(service, "approve", "i-1", "--question", question), "asks nothing now")
    assert starts() == before and not service.recorded("intent")


def what_was_asked_is_answered_after_a_kill_9_and_a_yes_outlives_one(service):
    starts, _, question = begin(service)
    before = starts()
    service.kill_agent()
    assert call(service, "approve", "i-1").returncode == NO_AGENT
    service.start_agent()
    assert asked_by(service) == question
    assert call(service, "approve", "i-1", "--question", question).returncode == OK
    service.kill_agent()  # Before it can act, as a rule, or while it does.
    service.start_agent()
    wait_until("both instances answer", service.is_served)
    wait_until("all is over", service.is_calm)
    assert starts() == before + 1
    assert len(service.recorded("answered")) == 1


def silence_is_no(service):
    service.change("guard: {", "guard: { question_for: 10s,")
    starts, _, question = begin(service)
    before = starts()
    wait_until("nobody has answered",
               lambda: "nobody answered the question: silence is no" in service.log())
    check_refused(call(service, "approve", "i-1", "--question", question))
    assert starts() == before and not service.recorded("intent")


def what_is_no_answer_to_the_question_changes_nothing(service):
    starts, _, question = begin(service)
    before = starts()
    check_refused(call(service, "approve", "i-9", "--question", question), "i-9", "status")
    check_refused(call(service, "approve", "i-1", "--question", "00000000000000aa"),
                  "something else")
    for body in ("rubbish", "{}", '{"incident": "i-1"}', '{"incident": "i-1", "question": ""}',
                 '{"incident": "i-1", "question": 7}', '{"incident": "i-1", "answer": "yes"}'):
        status, text = service.post("/v1/approve", body)
        assert status == 400 and json.loads(text)["error"], f"{body} was answered {status} {text}"
    assert question_in(service.status())["id"] == question
    assert starts() == before and not service.recorded("answered")


def guard_has_the_last_word(service):
    starts, _, question = begin(service)
    before = starts()
    assert service.ask("suspend")["is_suspended"]
    assert call(service, "approve", "i-1", "--question", question).returncode == OK
    wait_until("guard has refused", lambda: any(
        body["verdict"]["rule"] == "the kill switch is released"
        for body in service.recorded("verdict")))
    assert starts() == before and not service.recorded("intent")


def a_person_closes_what_stands_by_and_nothing_else(service):
    service.change("restart: act", "restart: inform")
    service.start()
    service.kill_instance()
    wait_until("it stands by", lambda: [one["node"] for one in service.status()["incidents"]] ==
               ["stand_by"])
    check_refused(call(service, "close", "i-9"), "i-9")
    done = call(service, "close", "i-1", "--because", "put right by hand")
    assert done.returncode == OK and done.stdout == "closed: i-1\n", done
    closed = service.recorded("closed")[0]
    assert (closed["how"], closed["by"], closed["because"]) == \
        ("by_person", me(), "put right by hand"), closed
    assert f"closed    by {me()}: put right by hand" in service.say("explain", "i-1")


def help_says_what_each_does(service):
    for command in ("approve", "deny", "close"):
        done = subprocess.run([service.programs / "homeostat", command, "--help"],
                              capture_output=True, text=True, timeout=10)
        assert done.returncode == OK and "Exit status:" in done.stdout, done
        assert f"homeostat {command} i-3" in done.stdout, done.stdout
        bad = subprocess.run([service.programs / "homeostat", command],
                             capture_output=True, text=True, timeout=10)
        assert bad.returncode == USAGE, bad


TESTS = [
    a_yes_is_done_once_and_stands_in_the_ledger_with_whoever_said_it,
    a_no_is_a_no,
    what_was_asked_is_answered_after_a_kill_9_and_a_yes_outlives_one,
    silence_is_no,
    what_is_no_answer_to_the_question_changes_nothing,
    guard_has_the_last_word,
    a_person_closes_what_stands_by_and_nothing_else,
    help_says_what_each_does,
]


def main():
    run_each(__doc__, TESTS, SmallService)


if __name__ == "__main__":
    main()
