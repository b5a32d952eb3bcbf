#!/usr/bin/env python3
"""Engages the kill switch and tells of changes, as a person and a deploy tool do it.

    control_test.py --bin build/release/bin [--only TEXT]

Starts are counted by the program that is started, records are read from the ledger's own bytes.
Half a minute.
"""

import json
import os
import pwd
import re
import signal
import subprocess

from guarded_world import wait_until
from harness import run_each
from small_disk import SmallDisk, can_mount
from small_service import SmallService

UNEXPECTED = 1  # As `homeostat --help` says.
LOOKS = 30  # At the status, a twentieth of a second each: guard is asked anew every half second.
SWITCH_RULE = "the kill switch is released"
FRAUD_DEPLOY = {"kind": "deploy", "service": "fraud", "from": "v6", "to": "v7",
                "reference": "release-118"}
CHANGES = "changes: [ { file: deploys.jsonl }, { http: true } ]\n"


def is_refused(service):
    """Guard has been asked for the killed instance, and the switch was its reason to say no."""
    verdicts = [body["verdict"] for body in service.recorded("verdict")]
    return any((one["verdict"], one["rule"]) == ("refusal", SWITCH_RULE) for one in verdicts)


def check_nothing_is_done(service, name, starts):
    """The instance is down and stays so, and the agent sees it."""
    wait_until("the agent sees that it is down", lambda: name in str(service.status()["symptoms"]))
    before = starts()
    for _ in range(LOOKS):
        status = service.status()
        assert status["is_suspended"], "status must say so"
        assert status["serving_count"] == 1 and name not in service.alive()
    assert starts() == before, "a process was started while all was suspended"
    assert not service.recorded("intent"), "an effect was announced while all was suspended"


def wait_until_healed(service):
    wait_until("both instances answer", service.is_served)
    wait_until("all is over", service.is_calm)
    incident, = service.ask("incidents")["incidents"]
    assert incident["state"] == "healed" and incident["remedies"] == ["restart"], incident


def switch(service, command, because, is_recorded=True):
    said = service.ask(command, "--because", because)
    assert said == {"is_suspended": command == "suspend", "is_recorded": is_recorded,
                    "is_agent_slow": False}, said


# --- The tests: each a sentence that can be false ------------------------------------------------
def a_suspended_agent_and_its_successor_do_nothing_until_they_are_resumed(service):
    starts = service.count_starts()
    service.start()
    switch(service, "suspend", "maintenance")
    name, _ = service.kill_instance()
    wait_until("guard has refused", lambda: is_refused(service))
    check_nothing_is_done(service, name, starts)
    service.kill_agent()
    service.start_agent()
    wait_until("the successor answers", service.status)
    check_nothing_is_done(service, name, starts)
    assert "instances: 1 adopted, 0 started, 1 down" in service.log(), service.log()
    switch(service, "resume", "it is over")
    wait_until_healed(service)
    assert starts() == 3, f"{starts()} starts for two instances and one kill"
    by = pwd.getpwuid(os.getuid()).pw_name
    assert service.recorded("suspended") == [{"by": by, "because": "maintenance"}]
    assert service.recorded("resumed") == [{"by": by, "because": "it is over"}]


def a_switch_that_is_engaged_while_no_agent_runs_is_found_by_the_next(service):
    starts = service.count_starts()
    service.start()
    service.kill_agent()
    switch(service, "suspend", "night", is_recorded=False)
    name, _ = service.kill_instance()
    service.start_agent()
    wait_until("the successor answers", service.status)
    check_nothing_is_done(service, name, starts)
    switch(service, "resume", "day")
    wait_until_healed(service)


def an_agent_that_is_slow_is_not_taken_for_one_that_is_not_there(service):
    service.start()
    service.agent.send_signal(signal.SIGSTOP)
    try:
        said = service.say("suspend", "--because", "it hangs")
        assert "the agent is slow to answer" in said and "no agent" not in said, said
    finally:
        service.agent.send_signal(signal.SIGCONT)
    wait_until("the agent has obeyed", lambda: service.status()["is_suspended"])
    service.kill_agent()
    said = service.say("resume")
    assert "no agent answers; it will see this when it starts" in said, said


def a_resume_while_no_agent_runs_releases_what_an_agent_had_recorded(service):
    service.start()
    switch(service, "suspend", "night")
    service.kill_instance()
    service.kill_agent()
    switch(service, "resume", "day", is_recorded=False)
    service.start_agent()
    wait_until_healed(service)


def the_file_alone_is_the_switch_for_whoever_has_no_program(service):
    starts = service.count_starts()
    service.start()
    (service.here / "suspended").touch()
    name, _ = service.kill_instance()
    check_nothing_is_done(service, name, starts)
    (service.here / "suspended").unlink()
    wait_until_healed(service)


def an_agent_that_dies_again_and_again_only_watches_from_its_third_start_on_until_resumed(service):
    service.change("crash_loop_starts: 0", "crash_loop_starts: 3")
    starts = service.count_starts()
    for _ in range(2):
        service.start()
        wait_until("nothing holds it yet", lambda: service.status() and
                   not service.status()["is_suspended"])
        service.kill_agent()
    name, _ = service.kill_instance()
    for _ in range(2):  # Its successor, who makes no loop, is held by the same.
        service.start_agent()
        wait_until("the agent answers", service.status)
        check_nothing_is_done(service, name, starts)
        assert "crash loop: start 3 in ten minutes" in service.status()["suspended_because"]
        assert "SUSPENDED, no effect begins: " in service.say("status")
        assert service.stop_agent() == 0
    service.start_agent()
    wait_until("the agent answers", service.status)
    switch(service, "resume", "it was the disk")
    wait_until_healed(service)
    told, = service.recorded("suspended")
    assert told["by"] == "homeostat" and told["because"].startswith("crash loop: start 3"), told


def an_agent_that_ends_in_order_is_no_crash_loop_however_often_it_is_started(service):
    service.change("crash_loop_starts: 0", "crash_loop_starts: 3")
    for _ in range(4):
        service.start()
        assert service.stop_agent() == 0
    assert not (service.here / "ledger.starts").exists()
    service.start()
    service.kill_instance_and_wait()


def a_switch_that_finds_no_room_says_so_and_the_agent_goes_on(service):
    if not can_mount():
        print("SKIPPED: this user may not mount a small file system")
        return
    disk = SmallDisk(service.here / "switch", files_max=0)
    try:
        service.change(f"{service.here}/suspended", f"{disk.directory}/suspended")
        service.start()
        done = subprocess.run(
            [service.programs / "homeostat", "suspend", "--config", service.config],
            cwd=service.here, capture_output=True, text=True, timeout=10)
        print(f"    {done.stderr.strip()}")
        assert done.returncode == UNEXPECTED and not done.stdout, done
        assert f"{disk.directory}/suspended" in done.stderr, done
        assert "No space left on device" in done.stderr, done
        assert not service.status()["is_suspended"] and not service.recorded("suspended")
        service.kill_instance_and_wait()
    finally:
        service.end()
        disk.end()


def what_is_no_request_to_suspend_is_refused_and_suspends_nothing(service):
    service.start()
    for body in ("rubbish", "[]", '{"becuase": "a slip"}', '{"because": 7}'):
        status, text = service.post("/v1/suspend", body)
        assert status == 400 and json.loads(text)["error"], f"{body} was answered {status} {text}"
    assert not service.status()["is_suspended"]
    service.kill_instance_and_wait()
    assert not service.recorded("suspended")


def a_change_that_is_posted_is_recorded_as_hearsay_and_shown(service):
    service.add(CHANGES)
    service.start()
    status, text = service.post("/v1/changes", json.dumps(FRAUD_DEPLOY))
    assert status == 201, text
    told = json.loads(text)
    assert told["id"] == "change-1" and not told["is_first_hand"] and not told["is_ours"], told
    assert {key: told[key] for key in FRAUD_DEPLOY} == FRAUD_DEPLOY
    wait_until("it is in the ledger", lambda: service.recorded("change"))
    assert service.recorded("change") == [told]
    shown, = service.status()["changes"]
    assert 0 <= shown.pop("age_ns") < 60e9 and shown.pop("source") == "told"
    assert shown == FRAUD_DEPLOY, shown
    sentence = "deploy of fraud from v6 to v7 (release-118)"
    assert re.search(rf"^change: told \d+ s ago: {re.escape(sentence)}$", service.say("status"),
                     re.MULTILINE), service.say("status")
    service.kill_instance_and_wait()
    incident, = service.ask("incidents")["incidents"]
    story = service.say("explain", incident["incident"])
    assert re.search(rf" changes   told \d+ s before it began: {re.escape(sentence)}$", story,
                     re.MULTILINE), story


def a_change_that_cannot_be_is_refused_with_the_field_and_not_recorded(service):
    service.add(CHANGES)
    service.start()
    for body, word in (('{"kind": "deploy", "service": "fraud"}', "to: "),
                       ('{"kind": "deploi", "service": "fraud", "to": "v7"}', "kind"),
                       ('{"kind": "flag", "service": "fr aud"}', "service: "),
                       ('{"kind": "flag", "service": "fraud", "who": "me"}', "who"),
                       ("", "")):
        status, text = service.post("/v1/changes", body)
        assert status == 400 and word in json.loads(text)["error"], f"{body}: {status} {text}"
    service.kill_instance_and_wait()  # Whose record comes after all that.
    assert not service.recorded("change")


def an_agent_that_was_not_told_to_take_changes_takes_none(service):
    service.start()
    status, text = service.post("/v1/changes", json.dumps(FRAUD_DEPLOY))
    assert status == 404, text


def changes_in_a_file_are_recorded_and_what_is_none_is_told_by_its_line(service):
    service.add(CHANGES)
    file = service.here / "deploys.jsonl"
    file.write_text('{"kind": "flag", "service": "fraud", "reference": "of-old"}\n')
    service.start()
    service.kill_instance_and_wait()  # It has looked at everything meanwhile.
    with open(file, "a") as changes:
        changes.write("a line by hand\n" + json.dumps(FRAUD_DEPLOY) + "\n")
    wait_until("it is in the ledger", lambda: service.recorded("change"))
    change, = service.recorded("change")
    assert {key: change[key] for key in FRAUD_DEPLOY} == FRAUD_DEPLOY and change["id"] == "change-1"
    assert not change["is_first_hand"] and not change["is_ours"]
    assert service.log().count(f"{file}:2: ") == 1, "the bad line must be told, once"
    assert "of-old" not in service.log(), "what stood there before is no news"


def a_deploy_that_nobody_tells_of_is_recorded_first_hand_and_stands_in_the_next_story(service):
    service.start()
    (service.here / "rates/versions/v2").symlink_to("v1")
    (service.here / "rates/current.new").symlink_to("versions/v2")
    (service.here / "rates/current.new").rename(service.here / "rates/current")
    wait_until("it is in the ledger", lambda: service.recorded("change"))
    change, = service.recorded("change")
    assert (change["kind"], change["service"], change["from"], change["to"]) == \
        ("deploy", "rates", "v1", "v2"), change
    assert change["is_first_hand"] and not change["is_ours"]
    service.kill_instance_and_wait()
    incident, = service.ask("incidents")["incidents"]
    opened = service.ask("explain", incident["incident"])["entries"][0]
    diagnosis = opened["body"]["diagnosis"]
    measured, evidence = diagnosis["measured"], diagnosis["evidence"]["lines"]
    assert any(line.startswith("deploy of rates to v2 ") for line in measured), measured
    assert any(line.startswith("deploy of A ") for line in evidence), evidence
    assert diagnosis["names"] == ["rates"], diagnosis


TESTS = [
    a_suspended_agent_and_its_successor_do_nothing_until_they_are_resumed,
    a_switch_that_is_engaged_while_no_agent_runs_is_found_by_the_next,
    an_agent_that_is_slow_is_not_taken_for_one_that_is_not_there,
    a_resume_while_no_agent_runs_releases_what_an_agent_had_recorded,
    the_file_alone_is_the_switch_for_whoever_has_no_program,
    an_agent_that_dies_again_and_again_only_watches_from_its_third_start_on_until_resumed,
    an_agent_that_ends_in_order_is_no_crash_loop_however_often_it_is_started,
    a_switch_that_finds_no_room_says_so_and_the_agent_goes_on,
    what_is_no_request_to_suspend_is_refused_and_suspends_nothing,
    a_change_that_is_posted_is_recorded_as_hearsay_and_shown,
    a_change_that_cannot_be_is_refused_with_the_field_and_not_recorded,
    an_agent_that_was_not_told_to_take_changes_takes_none,
    changes_in_a_file_are_recorded_and_what_is_none_is_told_by_its_line,
    a_deploy_that_nobody_tells_of_is_recorded_first_hand_and_stands_in_the_next_story,
]


def main():
    run_each(__doc__, TESTS, SmallService)


if __name__ == "__main__":
    main()
