#!/usr/bin/env python3
"""A real agent asks, and only what listed approvers sign is leave.

    signed_approval_test.py --bin build/release/bin [--only TEXT]

What is signed is made and checked again here by another library, from docs/approvals.md alone.
Half a minute.
"""

import hashlib
import json
import subprocess

from guarded_world import wait_until
from harness import run_each
from small_service import SmallService

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (Ed25519PrivateKey,
                                                                   Ed25519PublicKey)
except ImportError:
    raise SystemExit(77)  # Skipped: tools/setup.sh check brings it.

OK, REFUSED, USAGE = 0, 1, 2  # As `homeostat approve --help` says.


# --- as docs/approvals.md says it ----------------------------------------------------------------
def bytes_to_sign(name, form_text):
    return f"homeostat approval 1\n{name}\n{form_text}".encode()


def sign(name, seed, form_text):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes(serialization.Encoding.Raw,
                                           serialization.PublicFormat.Raw)
    return {"approver": name, "key": public.hex(),
            "signature": key.sign(bytes_to_sign(name, form_text)).hex()}


def is_signed(form, signature):
    """By the record alone: the form's members in their order, without spaces."""
    text = json.dumps(form, separators=(",", ":"), ensure_ascii=False)
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature["key"]))
    try:
        key.verify(bytes.fromhex(signature["signature"]),
                   bytes_to_sign(signature["approver"], text))
        return True
    except InvalidSignature:
        return False


# --- the world -----------------------------------------------------------------------------------
def call(service, *words, typed=""):
    return subprocess.run([service.programs / "homeostat", *words, "--config", service.config],
                          cwd=service.here, capture_output=True, text=True, timeout=10,
                          input=typed)


def make_key(service, name):
    file = service.here / f"{name}.key"
    made = subprocess.run([service.programs / "homeostat", "approver-key", file, "--name", name,
                           "--json"], capture_output=True, text=True, timeout=10)
    assert made.returncode == OK, made
    assert file.stat().st_mode & 0o777 == 0o600
    return file, json.loads(made.stdout)["key"]


def begin(service, quorum=1):
    """An agent that asks before it restarts, with anna and bert; one instance is killed."""
    files = {}
    lines = f"approvals:\n  quorum: {quorum}\n  approvers:\n"
    for name in ("anna", "bert"):
        files[name], key = make_key(service, name)
        lines += f"    - {{ name: {name}, key: {key} }}\n"
    service.change("restart: act", "restart: ask")
    service.add(lines)
    starts = service.count_starts()
    service.start()
    name, _ = service.kill_instance()
    wait_until("a person is asked", lambda: question_in(service))
    return starts, name, files


def question_in(service):
    status = service.status()
    incidents = status["incidents"] if status else []
    question = incidents[0].get("question") if incidents else None
    return question if question and "to_sign" in question else None


def wait_until_healed(service, starts, before):
    wait_until("both instances answer", service.is_served)
    wait_until("all is over", service.is_calm)
    assert starts() == before + 1


def expect_refused(service, done, *words):
    assert done.returncode == REFUSED and not done.stdout, done
    assert all(word in done.stderr for word in words), done.stderr
    assert not service.recorded("intent")


# --- The tests: each a sentence that can be false ------------------------------------------------
def a_signed_yes_is_done_and_proves_itself_to_whoever_reads_the_ledger(service):
    starts, name, files = begin(service)
    before = starts()
    question = question_in(service)
    text = question["to_sign"]["text"]
    done = call(service, "approve", "i-1", "--key", files["anna"], "--because", "seen",
                typed="yes\n")
    assert done.returncode == OK and done.stdout.startswith("approved: "), done
    assert f"may I restart {name}?" in done.stderr and text in done.stderr, done.stderr
    assert hashlib.sha256(text.encode()).hexdigest() in done.stderr, done.stderr
    assert "Sign this as anna?" in done.stderr, done.stderr
    wait_until_healed(service, starts, before)
    answer, = service.recorded("answered")
    assert answer["by"] == "anna" and answer["says"] == "approved", answer
    form, (signature,) = answer["leave"]["form"], answer["leave"]["signatures"]
    assert form["remedy"] == answer["remedy"] and form["incident"] == "i-1", form
    assert form["preconditions"] == answer["preconditions"], form
    assert len(form["ledger_head"]) == 64 and len(form["nonce"]) == 32, form
    assert is_signed(form, signature)
    for member, other in (("nonce", "0" * 32), ("incident", "i-2"), ("expires_at", 1),
                          ("service", "other"), ("ledger_head", "0" * 64)):
        assert not is_signed({**form, member: other}, signature), member
    assert {body["approved_by"] for body in service.recorded("intent")} == {"anna"}
    story = service.say("explain", "i-1")
    assert f"signed by anna with the key {signature['key']}: it holds for just this" in story, story
    assert call(service, "replay", "i-1").returncode == OK
    assert call(service, "verify-ledger").returncode == OK


def two_of_two_are_needed_and_the_first_alone_does_nothing(service):
    starts, _, files = begin(service, quorum=2)
    before = starts()
    waiting = service.say("incidents", "--waiting")
    assert "signed by 0 of 2 approvers that are needed" in waiting, waiting
    sign_as = ("approve", "i-1", "--question", question_in(service)["id"], "--yes", "--key")
    done = call(service, *sign_as, files["anna"])
    assert done.returncode == OK and "not enough yet" in done.stdout, done
    assert "signed by 1 of 2 approvers that are needed: anna" in \
        service.say("incidents", "--waiting")
    expect_refused(service, call(service, *sign_as, files["anna"]), "signed this already")
    assert starts() == before
    assert call(service, *sign_as, files["bert"]).returncode == OK
    wait_until_healed(service, starts, before)
    part, whole = service.recorded("answered")
    assert part["says"] == "agreed_in_part" and part["by"] == "anna", part
    assert whole["says"] == "approved" and whole["by"] == "anna, bert", whole
    assert all(is_signed(whole["leave"]["form"], one) for one in whole["leave"]["signatures"])


def what_another_tool_signs_is_leave_and_what_nobody_signed_is_none(service):
    starts, _, files = begin(service)
    before = starts()
    question = question_in(service)
    expect_refused(service, call(service, "approve", "i-1", "--question", question["id"]),
                   "a yes has to be signed", "--key")
    stranger = sign("anna", bytes(32), question["to_sign"]["text"])
    seed = bytes.fromhex(files["anna"].read_text())
    forged = sign("anna", seed, question["to_sign"]["text"].replace("i-1", "i-2"))
    for signature, word in ((stranger, "another key"), (forged, "does not hold")):
        status, text = service.post("/v1/approve", json.dumps(
            {"incident": "i-1", "question": question["id"], "signatures": [signature]}))
        assert status == 409 and word in json.loads(text)["error"], (status, text)
    assert not service.recorded("answered") and starts() == before
    good = sign("anna", seed, question["to_sign"]["text"])
    status, text = service.post("/v1/approve", json.dumps(
        {"incident": "i-1", "question": question["id"], "signatures": [good]}))
    assert status == 200, (status, text)
    wait_until_healed(service, starts, before)


def a_signature_of_before_a_kill_9_is_of_another_form(service):
    starts, _, files = begin(service)
    before = starts()
    old = question_in(service)
    seed = bytes.fromhex(files["anna"].read_text())
    signature = sign("anna", seed, old["to_sign"]["text"])
    service.kill_agent()
    service.start_agent()
    wait_until("it asks again", lambda: question_in(service))
    assert question_in(service)["id"] == old["id"]
    status, text = service.post("/v1/approve", json.dumps(
        {"incident": "i-1", "question": old["id"], "signatures": [signature]}))
    assert status == 409 and "does not hold" in json.loads(text)["error"], (status, text)
    assert starts() == before and not service.recorded("intent")


def whoever_looks_and_does_not_say_yes_has_signed_nothing(service):
    _, _, files = begin(service)
    for typed in ("", "\n", "no\n", "y\n", "YES\n"):
        expect_refused(service, call(service, "approve", "i-1", "--key", files["anna"],
                                     typed=typed), "nothing was signed")
    hasty = call(service, "approve", "i-1", "--key", files["anna"], "--yes")
    assert hasty.returncode == USAGE and "--question" in hasty.stderr, hasty
    assert not service.recorded("answered")


def a_no_needs_no_key(service):
    starts, _, files = begin(service, quorum=2)
    before = starts()
    question = question_in(service)["id"]
    assert call(service, "approve", "i-1", "--question", question, "--yes", "--key",
                files["anna"]).returncode == OK
    assert call(service, "deny", "i-1").returncode == OK
    wait_until("a person has taken over",
               lambda: service.status()["incidents"][0]["node"] == "stand_by")
    assert starts() == before and not service.recorded("intent")


def a_key_is_never_replaced_and_help_says_how(service):
    file, _ = make_key(service, "anna")
    held = file.read_bytes()
    again = subprocess.run([service.programs / "homeostat", "approver-key", file],
                           capture_output=True, text=True, timeout=10)
    assert again.returncode == USAGE and "never replaced" in again.stderr, again
    assert file.read_bytes() == held
    shown = subprocess.run([service.programs / "homeostat", "approver-key", "--help"],
                           capture_output=True, text=True, timeout=10)
    assert shown.returncode == OK and "Exit status:" in shown.stdout, shown


TESTS = [
    a_signed_yes_is_done_and_proves_itself_to_whoever_reads_the_ledger,
    two_of_two_are_needed_and_the_first_alone_does_nothing,
    what_another_tool_signs_is_leave_and_what_nobody_signed_is_none,
    a_signature_of_before_a_kill_9_is_of_another_form,
    whoever_looks_and_does_not_say_yes_has_signed_nothing,
    a_no_needs_no_key,
    a_key_is_never_replaced_and_help_says_how,
]


def main():
    run_each(__doc__, TESTS, SmallService)


if __name__ == "__main__":
    main()
