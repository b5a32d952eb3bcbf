#!/usr/bin/env python3
"""A real agent asks, and only what listed approvers sign is leave.

    signed_approval_test.py --bin build/release/bin [--only TEXT]

What is signed is made and checked again here by another library, from docs/approvals.md alone.
Half a minute.
"""

import ctypes
import hashlib
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

from guarded_world import wait_until
from harness import run_each
from small_service import SmallService

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (Ed25519PrivateKey,
                                                                   Ed25519PublicKey)
except ImportError:
    print("SKIPPED: no cryptography for Python is installed here (tools/setup.sh check)")
    raise SystemExit(77)

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
    made = {name: make_key(service, name) for name in ("anna", "bert")}
    starts, name = begin_with(service, {name: key for name, (_, key) in made.items()}, quorum)
    return starts, name, {name: file for name, (file, _) in made.items()}


def begin_with(service, keys, quorum=1):
    """The same where these public keys are listed."""
    service.change("restart: act", "restart: ask")
    service.add(f"approvals:\n  quorum: {quorum}\n  approvers:\n" + "".join(
        f"    - {{ name: {name}, key: {key} }}\n" for name, key in keys.items()))
    starts = service.count_starts()
    service.start()
    name, _ = service.kill_instance()
    wait_until("a person is asked", lambda: question_in(service))
    return starts, name


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


# --- the person's own machine --------------------------------------------------------------------
class Desk:
    """A directory of the approver's own, below none of the agent's. Where we are root they are
    another user as well, who can open nothing of the agent's."""

    NOBODY = 65534
    OPENED = 0x20 | 0x1  # IN_OPEN | IN_ACCESS

    def __init__(self, service, name):
        self.here = Path(tempfile.mkdtemp(prefix=f"approver-{name}-", dir="/tmp"))
        self.program = service.programs / "homeostat"
        if not all(part.stat().st_mode & 0o001 for part in (self.program, *self.program.parents)):
            (self.here / "bin").mkdir()  # Ours lies where only we may go.
            self.program = shutil.copy(self.program, self.here / "bin")
        self.name = name
        self.who = {}
        if os.getuid() == 0:
            os.chown(self.here, self.NOBODY, self.NOBODY)
            self.who = {"user": self.NOBODY, "group": self.NOBODY, "extra_groups": []}
        made = self.run("approver-key", f"{name}.key", "--name", name, "--json")
        assert made.returncode == OK, made
        self.key = json.loads(made.stdout)["key"]
        self.watch = ctypes.CDLL(None).inotify_init1(os.O_NONBLOCK)
        assert self.watch >= 0 and ctypes.CDLL(None).inotify_add_watch(
            self.watch, bytes(self.here), self.OPENED) >= 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.watch)
        shutil.rmtree(self.here)

    def run(self, *words, typed="", **how):
        return subprocess.run([self.program, *words], cwd=self.here, capture_output=True,
                              text=True, timeout=10, input=typed, env={}, **self.who, **how)

    def sign(self, form, *words, typed="yes\n"):
        """The form is carried here as a file; nothing else of the agent's is."""
        (self.here / "form").write_text(form)
        return self.run("sign", "form", "--key", f"{self.name}.key", *words, typed=typed)

    def opened(self):
        """The names of the files here that were opened since this was asked last, by whomever."""
        names = set()
        while True:
            try:
                events = os.read(self.watch, 4096)
            except BlockingIOError:
                return names
            while events:
                *_, length = struct.unpack_from("iIII", events)
                names.add(events[16:16 + length].rstrip(b"\0").decode())
                events = events[16 + length:]


def hand_in(service, signature, *words, by_input=True):
    """As `kubectl exec -i` does, or as a file."""
    if by_input:
        return call(service, "approve", "i-1", "--signature", "-", *words, typed=signature)
    file = service.here / "signature"
    file.write_text(signature)
    return call(service, "approve", "i-1", "--signature", file, *words)


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
    seen = service.ask("verify-ledger")["approvals"]
    assert seen["signed_count"] == 1 and seen["signers"] == [{
        "approver": "anna", "key": signature["key"], "records_count": 1, "is_listed": True}], seen
    for name, status in (("anna", OK), ("bert", 1)):
        known = call(service, "verify-ledger", "--approver", f"{name}={signature['key']}")
        assert known.returncode == status, known.stdout + known.stderr


def two_of_two_are_needed_and_the_first_alone_does_nothing(service):
    starts, _, files = begin(service, quorum=2)
    before = starts()
    waiting = service.say("incidents", "--waiting")
    assert "signed by 0 of 2 approvers that are needed" in waiting, waiting
    form = r"approve i-1 --form -c \S+ \| homeostat sign - --key FILE"
    assert re.search(form, waiting), waiting
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


def a_yes_is_signed_where_the_key_is_and_the_agent_never_reads_it(service):
    with Desk(service, "anna") as desk:
        starts, name = begin_with(service, {"anna": desk.key})
        before = starts()
        desk.opened()
        printed = call(service, "approve", "i-1", "--form")
        assert printed.returncode == OK, printed
        assert printed.stdout == question_in(service)["to_sign"]["text"] + "\n", printed
        assert not desk.opened()
        signed = desk.sign(printed.stdout)
        assert signed.returncode == OK, signed
        assert "anna.key" in desk.opened(), "whoever reads the key is seen"
        for part in (f"restart {name}", "service   rates", "incident i-1", "expires ",
                     printed.stdout.strip(), "Sign this as anna?",
                     hashlib.sha256(printed.stdout.strip().encode()).hexdigest()):
            assert part in signed.stderr, (part, signed.stderr)
        document = json.loads(signed.stdout)
        assert is_signed(document["form"], document["signatures"][0]), document
        if desk.who:
            refused = desk.run("incidents", "--waiting", "--config", str(service.config))
            assert refused.returncode == USAGE, "who signs reads nothing of the agent's"
        done = hand_in(service, signed.stdout, "--because", "seen")
        assert done.returncode == OK and done.stdout.startswith("approved: "), done
        wait_until_healed(service, starts, before)
        answer, = service.recorded("answered")
        assert answer["by"] == "anna" and answer["leave"] == document, answer
        assert answer["because"] == "seen", answer
        again = hand_in(service, signed.stdout)
        assert again.returncode == REFUSED and not again.stdout, again
        assert starts() == before + 1, "a signature is good once"
        assert not desk.opened(), "the agent, or what hands in, has looked where the key is"


def two_sign_at_two_desks_and_the_first_alone_does_nothing(service):
    with Desk(service, "anna") as anna, Desk(service, "bert") as bert:
        starts, _ = begin_with(service, {"anna": anna.key, "bert": bert.key}, quorum=2)
        before = starts()
        form = call(service, "approve", "i-1", "--form").stdout
        done = hand_in(service, anna.sign(form).stdout, by_input=False)
        assert done.returncode == OK and "not enough yet" in done.stdout, done
        assert starts() == before and not service.recorded("intent")
        assert hand_in(service, bert.sign(form, "--yes", typed="").stdout).returncode == OK
        wait_until_healed(service, starts, before)
        assert service.recorded("answered")[-1]["by"] == "anna, bert"


def what_comes_from_elsewhere_is_held_to_all_that_is_asked_here(service):
    with Desk(service, "anna") as desk, Desk(service, "eve") as eve:
        starts, _ = begin_with(service, {"anna": desk.key})
        before = starts()
        form = call(service, "approve", "i-1", "--form").stdout
        good = desk.sign(form).stdout
        for given, wanted in (('"i-1"', '"i-2"'), ('"rates"', '"orders"'),
                              ('"question":"', '"question":"0')):
            other = desk.sign(form.replace(given, wanted)).stdout
            done = hand_in(service, other, "--question", json.loads(form)["question"])
            assert done.returncode == USAGE and "nothing was taken" in done.stderr, done
        for text, word in ((good.replace("rates-0", "rates-1"), "was changed on the way"),
                           (form, "the form itself"), ("", "it is empty"), ("{}", "form"),
                           ("x" * 100_000, "larger")):
            done = hand_in(service, text)
            assert done.returncode == USAGE and word in done.stderr, (word, done)
        # Whole, and of just this: what is wrong with these only the agent knows.
        nonce = json.loads(form)["nonce"]
        for text, word in ((eve.sign(form).stdout, "no approver of this service"),
                           (eve.sign(form, "--name", "anna").stdout, "another key"),
                           (desk.sign(form.replace(nonce, "0" * 32)).stdout, "does not hold")):
            expect_refused(service, hand_in(service, text), word)
        both = call(service, "approve", "i-1", "--signature", "-", "--key", "anna.key", typed=good)
        assert both.returncode == USAGE, both
        assert not service.recorded("answered") and starts() == before
        assert hand_in(service, good).returncode == OK
        wait_until_healed(service, starts, before)


def nobody_signs_what_they_have_not_said_yes_to(service):
    form = {"form": "homeostat approval 1", "service": "rates", "incident": "i-1",
            "question": "00000000000000aa", "says": "approved",
            "remedy": {"kind": "restart", "instance": "rates-0"},
            "preconditions": {"processes": [], "alive_count": 0, "version": "", "config": ""},
            "ledger_head": "ab", "nonce": "0" * 32, "expires_at": 4_000_000_000_000}
    text = json.dumps(form, separators=(",", ":"))
    old = json.dumps({**form, "expires_at": 1}, separators=(",", ":"))
    with Desk(service, "anna") as desk:
        for typed in ("", "\n", "no\n", "y\n", "YES\n"):
            done = desk.sign(text, typed=typed)
            assert done.returncode == REFUSED and "nothing was signed" in done.stderr, done
            assert not done.stdout, done
        done = desk.sign(old, "--yes")
        assert done.returncode == REFUSED and "expired" in done.stderr and not done.stdout, done
        done = desk.sign(text + " x", "--yes")
        assert done.returncode == USAGE and "approve ID --form" in done.stderr, done
        # By standard input the terminal is asked; where there is none nothing is signed.
        words = ("sign", "-", "--key", "anna.key")
        done = desk.run(*words, typed=text, start_new_session=True)
        assert done.returncode == REFUSED and not done.stdout, done
        assert sign_at_a_terminal(desk, text, "no\n") == ""
        signature, = json.loads(sign_at_a_terminal(desk, text, "yes\n"))["signatures"]
        assert is_signed(form, signature)
        shown = desk.run("sign", "--help")
        assert shown.returncode == OK and "Exit status:" in shown.stdout, shown


def sign_at_a_terminal(desk, form, typed):
    """What `sign -` prints where its input is the form and the person sits at a terminal."""
    (desk.here / "piped").write_text(form)
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(desk.here)
        command = f"{desk.program} sign - --key {desk.name}.key < piped > printed"
        os.execv("/bin/sh", ["sh", "-c", command])
    shown = b""
    while b"signs it: " not in shown:
        shown += os.read(terminal, 4096)
    os.write(terminal, typed.encode())
    os.waitpid(child, 0)
    os.close(terminal)
    return (desk.here / "printed").read_text()


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
    a_yes_is_signed_where_the_key_is_and_the_agent_never_reads_it,
    two_sign_at_two_desks_and_the_first_alone_does_nothing,
    what_comes_from_elsewhere_is_held_to_all_that_is_asked_here,
    nobody_signs_what_they_have_not_said_yes_to,
    a_key_is_never_replaced_and_help_says_how,
]


def main():
    run_each(__doc__, TESTS, SmallService)


if __name__ == "__main__":
    main()
