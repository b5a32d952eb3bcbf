"""Who goes first of neighbours that would take capacity away: the question, the answers, and what
to tell whoever asks. Nothing is promised by it, and a word can only delay.

Pure: `now` is an argument of every step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from settings import Effects, Limits
from wire import Thread

WORKS = ("none", "taking", "proving")
LATE_MAX_MS = 500  # Who notices the end of its question later than that stood still.


@dataclass(frozen=True)
class Answer:
    neighbour: str
    says: str
    lasts_ms: int

    @property
    def objects(self) -> bool:
        return self.says != "go"


class Precedence:
    def __init__(self, own_name: str, limits: Limits):
        self.own_name = own_name
        self.limits = limits
        self.work = "none"
        self.number = 0
        self.until: int | None = None  # None: no question is open.
        self.silent: set[str] = set()
        self.answers: list[Answer] = []
        self.leave_until = 0

    def is_taking(self, now: int) -> bool:
        return self.work == "taking" or now < self.leave_until

    def ask(self, neighbours: list[str], thread: Thread, now: int, out: Effects) -> None:
        if self.until is not None:
            return  # The question that is open is the same.
        self.number += 1
        self.until = now + self.limits.ask_deadline_ms
        self.silent = set(neighbours)
        self.answers = []
        for neighbour in neighbours:
            out.say(neighbour, thread, "intend", ask=self.number)
        self.settle(now)

    def heard(self, sender: str, word: dict[str, Any], now: int) -> None:
        if self.until is None or word["ask"] != self.number or sender not in self.silent:
            return
        self.silent.discard(sender)
        self.answers.append(Answer(sender, word["says"], word["lasts_ms"]))
        self.settle(now)

    def answer(self, sender: str, is_caller: bool, intend: dict[str, Any],
               now: int) -> dict[str, Any]:
        if self.until is not None and now >= self.until + LATE_MAX_MS:
            self.settle(now)  # From before it stood still: nobody is to wait for that.
        is_asking = self.until is not None
        goes_first = is_asking and self.own_name < sender
        if self.is_taking(now) or goes_first or (self.work == "proving" and is_caller):
            return {"kind": "word", "ask": intend["ask"], "says": "mine" if is_caller else "wait",
                    "lasts_ms": self.limits.word_for_ms}
        if is_asking:
            self.answers.append(Answer(sender, "wait", self.limits.word_for_ms))
            self.settle(now)
        return {"kind": "word", "ask": intend["ask"], "says": "go", "lasts_ms": 0}

    def is_at(self, work: str) -> None:
        self.work = work
        if work != "none":
            self.leave_until = 0  # What we were let do has begun.

    def settle(self, now: int) -> None:
        if self.until is None:
            return
        is_held_up = any(one.objects for one in self.answers)
        if is_held_up or not self.silent or now >= self.until:
            is_late = now >= self.until + LATE_MAX_MS
            self.until = None
            if not is_held_up and not is_late:
                self.leave_until = now + self.limits.leave_for_ms
