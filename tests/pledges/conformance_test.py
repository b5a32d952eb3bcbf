#!/usr/bin/env python3
"""Whether the runner has teeth: servers with a mistake each, and the check that has to see it.

A mistake is a change of one place in the Python server. A runner that passes one of them would
pass somebody else's server with the same mistake."""

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Mistake:
    says: str
    file: str
    old: str
    new: str
    check: str  # That has to fail.


MISTAKES = (
    Mistake("bytes are not written again", "wire.py", " or text_of(value) != text:", ":",
            "only one byte form"),
    Mistake("signatures are not checked", "wire.py",
            "    except InvalidSignature:\n        raise Discarded(\"forged\") from None",
            "    except InvalidSignature:\n        pass", "does not fit is forged"),
    Mistake("sequences are not looked at", "wire.py", "message.sequence <= last.sequence",
            "message.sequence < 0", "doubled or overtaken"),
    Mistake("nothing is late", "wire.py", "if difference - bar > message.valid_ms:", "if False:",
            "late by the fastest"),
    Mistake("what is meant for another life is taken", "wire.py",
            "if not is_greeting and message.to_epoch != own_epoch:", "if False:",
            "from another life is stale"),
    Mistake("epochs do not rise", "pledges.py", "int(path.read_text()) + 1",
            "int(path.read_text())", "epoch rises"),
    Mistake("one bad window is enough", "settings.py", "windows_enter: int = 2",
            "windows_enter: int = 1", "after two bad windows"),
    Mistake("a hint starts something", "caller.py",
            "        self.hinted_until = self.now + self.limits.hint_for_ms",
            "        self._ask_callee()", "beacon of a struggling callee"),
    Mistake("the floor moves", "caller.py", "if terms.rps_max < self.route.floor_rps:",
            "if False:", "offer that does not fit"),
    Mistake("it is promised before it is read back", "pledges.py",
            "            if self.answer == \"silent\":\n                return None\n", "",
            "in force before it is promised"),
    Mistake("a promise lasts too long", "caller.py", "self.now + offer[\"ttl_ms\"]",
            "self.now + offer[\"ttl_ms\"] + 50", "lasts a ttl from the arrival"),
    Mistake("a promise ends too soon", "caller.py", "self.now + offer[\"ttl_ms\"]",
            "self.now + offer[\"ttl_ms\"] - 50", "lasts a ttl from the arrival"),
    Mistake("a mode is left without leave", "caller.py",
            "        if self.held and self.held.pledge:\n            self.release_at",
            "        self._end_promise()\n        if self.held:\n            self.release_at",
            "asks for leave"),
    Mistake("good windows end a promise at once", "caller.py",
            "        if is_old and self.good_count", "        if self.good_count",
            "good windows alone"),
    Mistake("other terms are taken at once", "caller.py",
            "self.now - self.changed_at >= self.limits.dwell_ms\n", "True\n",
            "only after the time between two changes"),
    Mistake("changes are not counted", "caller.py",
            "len(self.changes_at) >= self.limits.changes_max", "False", "third change"),
    Mistake("what is found is not kept", "agent.py",
            "self._at(route, now, out).found(terms)", "pass", "found is kept"),
    Mistake("a frozen caller enters modes", "caller.py", "        self._settle_freeze()\n", "",
            "frozen caller"),
    Mistake("capacity is used without a grant", "caller.py",
            "        if via and needed > granted:", "        if False:", "only a grant"),
    Mistake("all of a grant is counted on", "caller.py",
            "reliance_ms(min(grant[\"ttl_ms\"], self.limits.ttl_ms))",
            "grant[\"ttl_ms\"]", "only a grant"),
    Mistake("the callee counts to the end of the promise", "callee.py",
            "return self.asked_at + reliance_ms(self.limits.ttl_ms)",
            "return self.asked_at + self.limits.ttl_ms", "before the promise ends"),
    Mistake("any ACCEPT counts", "callee.py",
            "== (self.pledge, self.turn))", "!= (0, 0))", "last question"),
    Mistake("RELEASE of what is not known is not answered", "callee.py",
            "        self._say(\"revoke\", pledge=release[\"pledge\"])",
            "        if release[\"pledge\"] == self.pledge:\n"
            "            self._say(\"revoke\", pledge=release[\"pledge\"])",
            "release is answered in any state"),
    Mistake("shares are not limited", "callee.py",
            "return self.capacity_rps * self.limits.share_percent // 100",
            "return self.capacity_rps", "within 90 percent"),
    Mistake("a lender grants at once", "callee.py", "self.hold_until = now + limits.ttl_ms",
            "self.hold_until = now", "for a ttl after a start"),
    Mistake("a later grant makes the first smaller", "callee.py",
            "rps, until = max(rps, old.rps), max(until, old.until)", "pass",
            "does not make the first smaller"),
    Mistake("who redirects lends", "agent.py", "if reason is None and self._redirects():",
            "if False:", "redirect in its trouble"),
    Mistake("the word of somebody else is passed on", "agent.py",
            "return message.kind != \"cfp\" and message.sender == route.route.callee",
            "return message.kind != \"cfp\"", "not the callee"),
    Mistake("silence is in the way", "precedence.py",
            "if is_held_up or not self.silent or now >= self.until:",
            "if is_held_up or not self.silent:", "beyond the deadline"),
    Mistake("one that lets it go is enough", "precedence.py",
            "if is_held_up or not self.silent or", "if self.answers or", "last that lets it go"),
    Mistake("both go that ask at once", "precedence.py",
            "            self.answers.append(Answer(sender, \"wait\", self.limits.word_for_ms))\n",
            "", "lower name goes first"),
    Mistake("two that ask at once wait for each other", "precedence.py",
            "is_asking and self.own_name < sender", "is_asking", "lower name goes first"),
    Mistake("leave lasts for ever", "precedence.py", "now < self.leave_until",
            "self.leave_until > 0", "soon in nobodys way"),
    Mistake("a connection for each message", "pledges.py", "if answer.will_close:", "if True:",
            "one kept connection"),
)


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, HERE / "conformance.py", "--sut",
         f"{sys.executable} {folder / 'pledges.py'} sut", *options],
        capture_output=True, text=True, check=False)


def answer_to(mistake: Mistake) -> str:
    """Empty: the runner has seen it."""
    with tempfile.TemporaryDirectory(prefix="mistake-") as made:
        folder = Path(made)
        for source in HERE.glob("*.py"):
            shutil.copy(source, folder)
        text = (folder / mistake.file).read_text()
        if text.count(mistake.old) != 1:
            return f"{mistake.says}: its place is not once in {mistake.file}"
        (folder / mistake.file).write_text(text.replace(mistake.old, mistake.new))
        done = run(folder, "--only", mistake.check, "--patience", "4")
        is_seen = done.returncode == 1 and "listens" not in done.stdout
        return "" if is_seen else f"{mistake.says}: {done.stdout}{done.stderr}"


class Runner(unittest.TestCase):
    def test_it_sees_each_mistake(self):
        with ThreadPoolExecutor(4) as pool:
            unseen = [answer for answer in pool.map(answer_to, MISTAKES) if answer]
        self.assertEqual(unseen, [])

    def test_what_passes_is_told_line_by_line(self):
        done = run(HERE, "--only", "one byte form", "--json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        *lines, summary = map(json.loads, done.stdout.splitlines())
        self.assertEqual([line["passed"] for line in lines], [True])
        self.assertEqual(summary, {"passed": 1, "failed": 0})

    def test_a_server_that_does_not_start_fails(self):
        done = subprocess.run([sys.executable, HERE / "conformance.py", "--sut", "true",
                               "--only", "one byte form"], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("0 passed, 1 failed", done.stdout)


if __name__ == "__main__":
    unittest.main()
