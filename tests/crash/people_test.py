#!/usr/bin/env python3
"""A real agent tells people what it asks by a webhook, and they answer by the links in it.

    people_test.py --bin build/release/bin [--only TEXT]

Half a minute. What a browser makes of the page is in people_browser_test.py.
"""

import html
import http.client
import json
import os
import pwd
import subprocess
import urllib.parse

from guarded_world import wait_until
from harness import run_each
from people_world import Receiver, ToldService, links_in, text_of

OK, FAILED, USAGE = 0, 1, 2


def call(service, *words):
    return subprocess.run([service.programs / "homeostat", *words, "--config", service.config],
                          cwd=service.here, capture_output=True, text=True, timeout=30)


def call_offline(service, *words, typed=""):
    """Without a configuration: it may be on another machine."""
    return subprocess.run([service.programs / "homeostat", *words], cwd=service.here, input=typed,
                          capture_output=True, text=True, timeout=30)


# --- The tests: each a sentence that can be false ------------------------------------------------
def a_yes_by_a_link_is_done_once_and_stands_in_the_ledger_with_its_name(service):
    event = service.begin()
    data = event["data"]
    assert event["source"] == "/homeostat/rates" and event["subject"] == "i-1", event
    assert data["text"] == f"May I restart {service.killed}?", data
    assert any("1 of 2 instances" in line for line in data["details"]), data
    links = links_in(event)
    assert sorted(links) == ["anna", "bert"] and links["anna"] != links["bert"], links
    assert all(url.startswith(service.origin + "/answer/") for url in links.values()), links
    # A mail scanner or a chat tool fetches each link, more than once.
    for url in (*links.values(), *links.values()):
        status, page = service.open(url)
        assert status == 200 and f"May I restart {service.killed}?" in page, page
        assert service.open(url, "HEAD") == (200, "")
    words = text_of(page)
    for part in ("Silence until", "its process has ended", "1 of 2 instances", "cannot be taken "
                 "back", "What could be done", "observe", "processes"):
        assert part in words, f"{part} is not in {words}"
    assert not service.recorded("answered")
    status, page = service.answer(links["anna"], "approved", "seen in staging")
    assert status == 200 and "anna said yes" in page, page
    wait_until("both instances answer", service.is_served)
    wait_until("all is over", service.is_calm)
    answer, = service.recorded("answered")
    assert (answer["by"], answer["because"], answer["says"]) == \
        ("anna", "seen in staging", "approved"), answer
    assert {body["approved_by"] for body in service.recorded("intent")} == {"anna"}
    closed = service.receiver.wait_for("closed")
    assert closed["subject"] == "i-1" and "helped" in closed["data"]["text"], closed
    for person in links:
        for reply in (service.open(links[person]), service.answer(links[person], "denied")):
            assert reply[0] == 410 and "anna said yes" in reply[1], reply
    assert len(service.recorded("answered")) == 1
    assert "/hook/secret" not in service.log() + service.say("status")


def a_no_by_a_link_is_a_no_and_a_person_is_told_that_they_are_needed(service):
    links = links_in(service.begin())
    status, page = service.answer(links["bert"], "denied", "<b>I</b> look at it")
    assert status == 200 and "bert said no" in page, page
    wait_until("a person has taken over", lambda: service.node() == ["stand_by"])
    assert not service.recorded("intent")
    event = service.receiver.wait_for("needs_person")
    assert "bert said no" in event["data"]["text"] and not event["data"]["links"], event
    assert service.open(links["anna"])[0] == 410


def what_comes_again_at_once_is_told_of_once_and_only_once_said_to_be_over(service):
    service.begin_with_task("restart: ask, tasks: { raise_flag: recommend }")
    for count in (1, 2):
        service.flag.unlink(missing_ok=True)
        wait_until("a person is called", lambda: len(service.recorded("escalated")) == count)
        service.flag.touch()
        wait_until("it is over", lambda: len(service.recorded("closed")) == count)
    first, again = service.recorded("escalated")
    assert not first.get("is_told_already") and again["is_told_already"], (first, again)
    service.kill_instance()
    service.receiver.wait_for("asks")  # Behind all that was told before.
    told = [event["type"].rsplit(".", 1)[1] for _, event in service.receiver.events]
    assert told == ["needs_person", "closed", "asks"], told


def a_link_holds_over_a_kill_9_and_what_is_open_is_told_once_more(service):
    event = service.begin()
    service.kill_agent()
    service.start_agent()
    again = service.receiver.wait_for("asks", 2)
    assert again["id"] == event["id"], (again, event)
    assert links_in(again)["anna"] != links_in(event)["anna"]
    status, _ = service.open(links_in(event)["anna"])
    assert status == 200
    assert service.answer(links_in(event)["anna"], "approved")[0] == 200
    wait_until("both instances answer", service.is_served)
    wait_until("all is over", service.is_calm)
    service.kill_agent()
    service.start_agent()
    wait_until("the page is served", lambda: service.status() is not None)
    status, page = service.open(links_in(event)["bert"])
    assert status == 410 and "anna said yes" in page, page


def what_people_are_owed_outlives_a_kill_9_while_nobody_takes_it(service):
    event = service.begin()
    wait_until("that it was taken is written down",
               (service.here / "ledger.notices").exists)
    service.receiver.refuses.set()
    assert service.answer(links_in(event)["anna"], "denied")[0] == 200
    wait_until("a person is called", lambda: service.recorded("escalated"))
    assert call(service, "close", "i-1").returncode == OK
    wait_until("it is over", lambda: service.recorded("closed"))
    service.kill_agent()
    for _ in range(2):  # Whoever is killed before anybody takes it owes it still.
        service.start_agent()
        count = len(service.receiver.asked)
        wait_until("it is told, in vain", lambda: len(service.receiver.asked) > count)
        service.kill_agent()
    assert not service.receiver.of_kind("closed")
    told_up_to = (service.here / "ledger.notices").read_text
    before = told_up_to()
    service.receiver.refuses.clear()
    service.start_agent()
    closed = service.receiver.wait_for("closed")
    assert closed["subject"] == "i-1" and closed["id"].startswith("i-1.closed"), closed
    wait_until("that it was taken is written down", lambda: told_up_to() != before)
    service.kill_agent()
    service.start_agent()
    wait_until("the agent answers", lambda: service.status() is not None)
    name, _ = service.kill_instance()
    service.receiver.wait_for("asks", 2)  # Behind all that was told before.
    assert len(service.receiver.of_kind("closed")) == 1, name


def what_has_to_be_told_does_not_begin_while_nobody_can_be_told(service):
    port = service.receiver.server.server_port
    service.receiver.end()
    service.change("] } } ]", "] }, required_for: [run_task] } ]")
    service.begin_with_task("restart: act, tasks: { raise_flag: act }")

    def refused():
        return [body["verdict"]["because"] for body in service.recorded("verdict")
                if body["verdict"]["rule"] == "who has to have the decision outside has it"]
    wait_until("it is refused", refused)
    assert "notify[0] has not confirmed it: people cannot be told" in refused()[0], refused()
    assert not service.flag.exists() and not service.recorded("intent")
    assert "what it is required for does not begin: run_task" in call(service, "doctor").stdout
    service.receiver = Receiver(port)
    service.receiver.wait_for("acted")
    assert service.flag.exists()
    intent = service.recorded("intent")[0]
    word, = intent["grounds"]["facts"]["confirmations"]["all"]
    assert word["from"] == "notify[0]" and word["up_to"] >= 0, word


def what_was_answered_elsewhere_cannot_be_answered_by_a_link(service):
    event = service.begin()
    assert call(service, "deny", "i-1", "--question", event["data"]["question"]).returncode == OK
    me = pwd.getpwuid(os.getuid()).pw_name
    for reply in (service.open(links_in(event)["anna"]),
                  service.answer(links_in(event)["anna"], "approved")):
        assert reply[0] == 410 and f"{me} said no" in reply[1], reply
    assert len(service.recorded("answered")) == 1 and not service.recorded("intent")


def a_link_to_a_question_that_has_changed_offers_nothing(service):
    # The instance comes back without anybody's leave, and the next one to go asks anew.
    event = service.begin()
    old = links_in(event)
    assert service.answer(old["anna"], "approved")[0] == 200
    wait_until("both instances answer", service.is_served)
    wait_until("all is over", service.is_calm)
    service.kill_instance()
    new = links_in(service.receiver.wait_for("asks", 2))
    status, page = service.answer(old["bert"], "approved")
    assert status == 410 and "<form" not in page, page
    assert len(service.recorded("answered")) == 1
    assert service.open(new["bert"])[0] == 200


def what_is_no_answer_from_the_page_changes_nothing(service):
    url = links_in(service.begin())["anna"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for headers, body, status in (
            (form, "says=approved", 403),
            ({**form, "Origin": "null"}, "says=approved", 403),
            ({**form, "Origin": "https://evil.example"}, "says=approved", 403),
            ({"Origin": service.origin, "Content-Type": "text/plain"}, "says=approved", 415),
            ({**form, "Origin": service.origin}, "says=yes", 400),
            ({**form, "Origin": service.origin}, "says=approved&x=" + "x" * 65536, 413),
            ({**form, "Origin": service.origin, "Host": "evil.example"}, "says=approved", 421)):
        got, _ = service.open(url, "POST", headers, body)
        assert got == status, f"{headers} {body[:40]} was answered {got}"
    for bad in (url[:-1], url + "A", url.replace("/answer/", "/answer/A"), service.origin + "/"):
        assert service.open(bad)[0] == 404
    assert service.open(url, headers={"Host": "evil.example"})[0] == 421
    assert not service.recorded("answered")
    assert service.open(url)[0] == 200


def a_receiver_that_fails_gets_the_message_again_and_one_that_hangs_hinders_nothing(service):
    service.receiver.answers += [500, 503]
    event = service.begin()
    assert [path for method, path in service.receiver.asked if method == "POST"].count(
        "/hook/secret") == 3
    service.receiver.hangs.set()
    assert service.answer(links_in(event)["anna"], "approved")[0] == 200
    wait_until("both instances answer", service.is_served)
    wait_until("all is over", service.is_calm)
    assert "/hook/secret" not in service.log()


def notify_sends_a_test_and_doctor_sends_nothing(service):
    done = call(service, "notify", "--test", "--json")
    assert done.returncode == OK, done
    assert "/hook/secret" not in done.stdout + done.stderr
    event = service.receiver.of_kind("test")[0]
    assert "test" in event["data"]["text"] and not event["data"]["links"], event
    posts = [entry for entry in service.receiver.asked if entry[0] == "POST"]
    doctor = call(service, "doctor")
    assert "notify[0] is reached at http://127.0.0.1:" in doctor.stdout, doctor.stdout
    assert "/hook/secret" not in doctor.stdout
    assert [entry for entry in service.receiver.asked if entry[0] == "POST"] == posts
    assert ("GET", "/") in service.receiver.asked
    service.receiver.answers.append(404)
    refused = call(service, "notify", "--test")
    assert refused.returncode == FAILED and "it answers 404" in refused.stdout, refused
    assert call(service, "notify").returncode == USAGE
    service.url_file.write_text("https://user:word@hooks.example/\n")
    bad = call(service, "notify", "--test")
    assert bad.returncode == FAILED and "credentials" in bad.stdout, bad
    assert "word@" not in bad.stdout + bad.stderr
    assert "ILL" in call(service, "doctor").stdout


def doctor_says_whether_the_page_is_served_and_by_whom(service):
    where = f"127.0.0.1:{service.page_port}"
    assert f"nobody serves the page at {where} now" in call(service, "doctor").stdout
    service.start()
    assert f"the page of questions is served at {where}" in call(service, "doctor").stdout
    service.kill_agent()
    service.change(where, f"127.0.0.1:{service.receiver.server.server_port}")
    done = call(service, "doctor")
    assert done.returncode == FAILED and "another program answers at" in done.stdout, done
    service.start_agent()
    assert service.agent.wait(20) != 0 and "console.listen" in service.log()


def slack_gets_buttons(service):
    service.change("people: [", "shape: slack, people: [")
    service.change("restart: act", "restart: ask")
    service.start()
    name, _ = service.kill_instance()
    wait_until("a message has come", lambda: service.receiver.events)
    content_type, message = service.receiver.events[0]
    assert content_type == "application/json"
    assert f"May I restart {name}?" in message["text"], message
    buttons = [element for block in message["blocks"] if block["type"] == "actions"
               for element in block["elements"]]
    assert [button["text"]["text"] for button in buttons] == ["Answer as anna", "Answer as bert"]
    assert service.answer(buttons[0]["url"], "denied")[0] == 200


def the_key_of_links_is_its_owners_alone(service):
    service.start()
    key = service.here / "var/rates/console.key"
    assert key.stat().st_mode & 0o777 == 0o600
    service.kill_agent()
    key.chmod(0o644)
    service.start_agent()
    assert service.agent.wait(20) != 0
    assert "console.key" in service.log() and "others may read this secret" in service.log()


def where_approvers_sign_a_link_can_only_say_no(service):
    # SOURCE: RFC 8032, 7.1, the public key of the first test.
    key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    service.add(f"approvals: {{ approvers: [ {{ name: anna, key: {key} }} ] }}\n")
    event = service.begin()
    url = links_in(event)["anna"]
    assert "A link alone can only say no" in event["data"]["advice"], event
    status, page = service.open(url)
    assert status == 200 and "value=\"approved\"" not in page, page
    question = event["data"]["question"]
    assert f"homeostat approve i-1 --question {question} --key" in page, page
    assert "homeostat approval 1" in page, page  # The form that is signed.
    status, page = service.answer(url, "approved")
    assert status == 403 and "has to be signed" in page, page
    assert not service.recorded("answered")
    assert service.answer(url, "denied")[0] == 200
    answer, = service.recorded("answered")
    assert (answer["says"], answer["by"]) == ("denied", "anna"), answer
    assert not service.recorded("intent")


def where_approvers_sign_the_page_takes_what_was_signed_where_the_key_is(service):
    made = call_offline(service, "approver-key", "anna.key", "--name", "anna", "--json")
    key = json.loads(made.stdout)["key"]
    service.add(f"approvals: {{ approvers: [ {{ name: anna, key: {key} }} ] }}\n")
    url = links_in(service.begin())["bert"]
    status, page = service.open(url)
    assert status == 200 and "<textarea" in page and "homeostat sign FILE --key" in page, page
    form, = [line for line in html.unescape(page).replace("<pre>", "\n").replace("</pre>", "\n")
             .splitlines() if line.startswith('{"form":')]
    signed = call_offline(service, "sign", "-", "--key", "anna.key", "--yes", typed=form)
    assert signed.returncode == OK, signed

    def hand_in(signature):
        body = urllib.parse.urlencode({"says": "signed", "signature": signature, "because": "seen"})
        return service.open(url, "POST", {"Origin": service.origin, "Content-Type":
                                          "application/x-www-form-urlencoded"}, body)
    for bad, word in ((form, "the form itself"), ("<b>x</b>", "signature: "),
                      (signed.stdout.replace("rates-", "rates-1"), "changed on the way")):
        status, page = hand_in(bad)
        assert status == 409 and word in page and "<b>" not in page, page
    assert not service.recorded("answered")
    status, page = hand_in(signed.stdout.replace("\n", "\r\n"))
    assert status == 200 and "Yes is recorded" in page, page
    wait_until("both instances answer", service.is_served)
    wait_until("all is over", service.is_calm)
    answer, = service.recorded("answered")
    assert (answer["by"], answer["because"]) == ("anna", "seen"), answer
    assert answer["leave"] == json.loads(signed.stdout), answer
    assert hand_in(signed.stdout)[0] == 410  # Once.


def what_was_done_is_taken_back_by_a_link_once_and_not_by_opening_it(service):
    event = service.begin_act()
    links = links_in(event)
    assert sorted(links) == ["anna", "bert"], event
    assert not event["data"]["question"] and event["data"]["until"], event
    for url in (*links.values(), *links.values()):  # As mail scanners do.
        status, page = service.open(url)
        assert status == 200 and "run_task raise_flag" in text_of(page), page
        assert "value=\"taken_back\"" in page and "value=\"approved\"" not in page, page
    assert service.answer(links["anna"], "approved")[0] == 400
    assert service.answer(links["anna"], "taken_back", origin="https://evil.example")[0] == 403
    assert service.flag.exists() and not service.recorded("undo")
    status, page = service.answer(links["anna"], "taken_back", "the flag is wrong")
    assert status == 200 and "anna takes back" in page, page
    wait_until("it is taken back", lambda: not service.flag.exists())
    undo, = [body for body in service.recorded("undo") if body.get("by")]
    assert (undo["by"], undo["because"]) == ("anna", "the flag is wrong"), undo
    for reply in (service.open(links["bert"]), service.answer(links["bert"], "taken_back")):
        assert reply[0] == 410 and "<form" not in reply[1], reply
    # Its check fails again, and what a person took back is not done alone once more.
    wait_until("the task is demoted", lambda: service.recorded("demoted"))
    demoted, = service.recorded("demoted")
    assert (demoted["remedy"], demoted["task"], demoted["by"]) == \
        ("run_task", "raise_flag", "anna"), demoted
    assert not service.flag.exists()


def where_approvers_sign_a_link_takes_nothing_back(service):
    key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    service.add(f"approvals: {{ approvers: [ {{ name: anna, key: {key} }} ] }}\n")
    event = service.begin_act()
    # Each place that names the command names the one that is taken.
    command = f"homeostat undo {event['subject']} --key FILE"
    for said in (event["data"]["advice"], service.say("status"), service.log()):
        assert command in said, said
    url = links_in(event)["anna"]
    status, page = service.open(url)
    assert status == 200 and "<form" not in page, page
    assert f"homeostat undo {event['subject']} --key" in text_of(page), page
    status, page = service.answer(url, "taken_back")
    assert status == 403 and "has to be signed" in page, page
    done = call(service, "undo", event["subject"])
    assert done.returncode == FAILED and "has to be signed" in done.stderr, done
    assert service.flag.exists() and not service.recorded("undo")


def a_listed_approver_signs_an_undo_at_the_command_line(service):
    made = subprocess.run([service.programs / "homeostat", "approver-key", "anna.key", "--name",
                           "anna", "--json"], cwd=service.here, capture_output=True, text=True,
                          timeout=30)
    assert made.returncode == OK, made
    key = json.loads(made.stdout)["key"]
    service.add(f"approvals: {{ approvers: [ {{ name: anna, key: {key} }} ] }}\n")
    incident = service.begin_act()["subject"]

    def undo(word):
        return subprocess.run(
            [service.programs / "homeostat", "undo", incident, "--key", "anna.key", "--because",
             "the flag is wrong", "--config", service.config], cwd=service.here, input=word,
            capture_output=True, text=True, timeout=30)
    done = undo("no\n")
    assert done.returncode == FAILED and "nothing was signed" in done.stderr, done
    assert "take_back_task raise_flag" in done.stderr, done  # What would be signed is shown.
    assert service.flag.exists() and not service.recorded("undo")
    done = undo("yes\n")
    assert done.returncode == OK, done
    wait_until("it is taken back", lambda: not service.flag.exists())
    body, = [body for body in service.recorded("undo") if body.get("by")]
    assert body["by"] == "anna" and body["leave"]["form"]["question"] == "undo", body
    undoing = done.stdout.split(", by ")[1].split()[0]
    story = call(service, "explain", undoing)
    assert f"signed by anna with the key {key}: it holds for just this" in story.stdout, story
    assert undo("yes\n").returncode == FAILED  # Once.


def an_undo_is_signed_where_the_key_is_and_handed_in_as_one(service):
    made = call_offline(service, "approver-key", "anna.key", "--name", "anna", "--json")
    key = json.loads(made.stdout)["key"]
    service.add(f"approvals: {{ approvers: [ {{ name: anna, key: {key} }} ] }}\n")
    incident = service.begin_act()["subject"]
    form = call(service, "undo", incident, "--form")
    assert form.returncode == OK and json.loads(form.stdout)["question"] == "undo", form
    (service.here / "form").write_text(form.stdout)
    signed = call_offline(service, "sign", "form", "--key", "anna.key", typed="yes\n")
    assert signed.returncode == OK, signed
    assert f"what was done last by incident {incident}" in signed.stderr, signed
    assert "take_back_task raise_flag" in signed.stderr, signed
    (service.here / "signature").write_text(signed.stdout)
    file = service.here / "signature"
    mixed_up = call(service, "approve", incident, "--signature", file)
    assert mixed_up.returncode == USAGE and "of an undo" in mixed_up.stderr, mixed_up
    assert service.flag.exists() and not service.recorded("undo")
    done = call(service, "undo", incident, "--signature", file, "--because", "it is wrong")
    assert done.returncode == OK, done
    wait_until("it is taken back", lambda: not service.flag.exists())
    body, = [body for body in service.recorded("undo") if body.get("by")]
    assert (body["by"], body["because"]) == ("anna", "it is wrong"), body
    assert body["leave"] == json.loads(signed.stdout), body
    assert call(service, "undo", incident, "--signature", file).returncode == FAILED  # Once.


def a_stranger_who_tries_many_links_is_slowed_down(service):
    url = links_in(service.begin())["anna"]
    connection = http.client.HTTPConnection("127.0.0.1", service.page_port, timeout=10)
    statuses = set()
    for _ in range(60):
        connection.request("GET", "/answer/AAAA")
        response = connection.getresponse()
        response.read()
        statuses.add(response.status)
    connection.close()
    assert statuses == {404, 429}, statuses
    assert service.open(url)[0] == 200


TESTS = [
    a_yes_by_a_link_is_done_once_and_stands_in_the_ledger_with_its_name,
    a_no_by_a_link_is_a_no_and_a_person_is_told_that_they_are_needed,
    what_comes_again_at_once_is_told_of_once_and_only_once_said_to_be_over,
    a_link_holds_over_a_kill_9_and_what_is_open_is_told_once_more,
    what_people_are_owed_outlives_a_kill_9_while_nobody_takes_it,
    what_has_to_be_told_does_not_begin_while_nobody_can_be_told,
    what_was_answered_elsewhere_cannot_be_answered_by_a_link,
    a_link_to_a_question_that_has_changed_offers_nothing,
    what_is_no_answer_from_the_page_changes_nothing,
    a_receiver_that_fails_gets_the_message_again_and_one_that_hangs_hinders_nothing,
    notify_sends_a_test_and_doctor_sends_nothing,
    doctor_says_whether_the_page_is_served_and_by_whom,
    slack_gets_buttons,
    the_key_of_links_is_its_owners_alone,
    where_approvers_sign_a_link_can_only_say_no,
    where_approvers_sign_the_page_takes_what_was_signed_where_the_key_is,
    what_was_done_is_taken_back_by_a_link_once_and_not_by_opening_it,
    where_approvers_sign_a_link_takes_nothing_back,
    a_listed_approver_signs_an_undo_at_the_command_line,
    an_undo_is_signed_where_the_key_is_and_handed_in_as_one,
    a_stranger_who_tries_many_links_is_slowed_down,
]


def main():
    run_each(__doc__, TESTS, ToldService)


if __name__ == "__main__":
    main()
