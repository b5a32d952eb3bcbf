"""One agent among its neighbours: an event in, messages and orders out.

An agent acts on its own service only. As a caller it promises reduced modes (caller.py), as a
callee it counts on them, as a third service it grants capacity (callee.py). What goes out is not
signed here: the private key is no part of this state.

Pure: `now` is an argument of every step. Steps are not safe against each other; the shell takes
one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from callee import CalleeRoute, CalleeStanding, Capacity, Key
from caller import CallerRoute, Standing
from precedence import Precedence
from settings import Effects, NoteOutcome, Order, Saying, Settings, Terms
from wire import NUMBER_MAX, VALID_MS, Discarded, Inbox, Message, Thread


# The events.
@dataclass(frozen=True)
class Arrived:
    """Bytes from somebody."""
    line: bytes


@dataclass(frozen=True)
class Looked:
    """One window of own measurements of a route, and the incident that it belongs to."""
    route: str
    evidence: dict[str, int]
    thread: Thread


@dataclass(frozen=True)
class Applied:
    """The data plane's answer to EnterMode. False: refused, or not known."""
    route: str
    number: int
    is_in_force: bool


@dataclass(frozen=True)
class FoundInMode:
    """Once after a start, of each route whose data plane is in a mode."""
    route: str
    terms: Terms


@dataclass(frozen=True)
class Condition:
    """What the agent knows of itself and of how its neighbours look to it."""
    is_suspended: bool = False
    self_health: int = 0
    neighbours_bad_count: int = 0


@dataclass(frozen=True)
class Load:
    """What it knows of its service. `need`: none, keep, more. A capacity of 0 is not known."""
    capacity_rps: int = 0
    need: str = "none"
    level: int = 0
    queue_ms: int = 0
    inflight_count: int = 0
    floor_rps: int = 0


@dataclass(frozen=True)
class Intending:
    """Capacity of our own is about to be taken away."""
    thread: Thread


@dataclass(frozen=True)
class Working:
    """What of that is done at present: none, taking, proving."""
    work: str


@dataclass(frozen=True)
class Woken:
    """Time has passed; see `wake_at`."""


Event = (Arrived | Looked | Applied | FoundInMode | Condition | Load | Intending | Working
         | Woken)


@dataclass
class Turn:
    messages: list[Message] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    discarded: str | None = None  # Why the bytes that arrived were thrown away.


class Agent:
    def __init__(self, settings: Settings, epoch: int, now: int):
        """`epoch` is of this life, higher than that of any before, and durable already."""
        if not 1 <= epoch <= NUMBER_MAX:
            raise ValueError(f"no epoch: {epoch}")
        self.settings = settings
        self.limits = settings.limits
        self.epoch = epoch
        self.inbox = Inbox(settings.self, {one.agent: one.key for one in settings.neighbours})
        self.capacity = Capacity(settings.limits, now)
        self.precedence = Precedence(settings.self, settings.limits)
        self.condition = Condition()
        self.load = Load()
        self.beacon_at = now
        self.sequences: dict[str, int] = {}
        self.routes = {one.route: CallerRoute(one, settings.limits,
                                              Random(f"{settings.jitter_seed} {one.route}"))
                       for one in settings.routes}
        self.callers: dict[Key, CalleeRoute] = {
            (one.caller, one.route): CalleeRoute(one, settings.limits)
            for one in settings.callers}
        self.borrowers = {(one.caller, one.route) for one in settings.borrowers}

    def step(self, event: Event, now: int) -> Turn:
        turn = Turn()
        out = Effects()
        match event:
            case Arrived(line):
                try:
                    message = self.inbox.admit(line, self.epoch, now)
                except Discarded as discarded:
                    turn.discarded = discarded.why
                else:
                    self._hear(message, now, out)
            case Looked(route, evidence, thread):
                self._at(route, now, out).looked_at(evidence, thread)
            case Applied(route, number, is_in_force):
                self._at(route, now, out).applied(number, is_in_force)
            case FoundInMode(route, terms):
                self._at(route, now, out).found(terms)
            case Condition():
                self.condition = event
                self._pass_time(now, out)
            case Load():
                self.load = event
                self.capacity.capacity_rps = event.capacity_rps
                self._pass_time(now, out)
            case Intending(thread):
                heard = [one.agent for one in self.settings.neighbours
                         if self.inbox.epoch_of(one.agent) != 0]
                self.precedence.ask(heard, thread, now, out)
            case Working(work):
                self.precedence.is_at(work)
            case Woken():
                self.precedence.settle(now)
                self._pass_time(now, out)
                if now >= self.beacon_at:
                    self._greet(now, out)
        turn.orders = out.orders
        for saying in out.sayings:
            self._address(saying, now, turn)
        return turn

    def wake_at(self) -> int:
        """When `Woken` is due at the latest."""
        ends = [self.beacon_at]
        if self.precedence.until is not None:
            ends.append(self.precedence.until)
        for route in self.routes.values():
            ends += route.wake_at()
        for caller in self.callers.values():
            ends += caller.wake_at()
        return min(ends)

    def reason_to_freeze(self) -> str | None:
        bad = self.condition.neighbours_bad_count
        # One neighbour alone is no mass failure.
        is_much_bad = bad >= 2 and (bad * 100 > len(self.settings.neighbours)
                                    * self.limits.neighbours_bad_percent_max)
        if self.condition.self_health > self.limits.self_health_max:
            return "self_sick"
        return "frozen" if self.condition.is_suspended or is_much_bad else None

    def _hear(self, message: Message, now: int, out: Effects) -> None:
        body = message.body
        if message.kind == "beacon":
            for route in self.settings.routes:
                if route.callee == message.sender and body["level"] >= 2:
                    self._at(route.route, now, out).hinted()
            return
        if message.kind == "outcome":
            out.orders.append(NoteOutcome(message.sender, message.thread, body))
            return
        if message.kind == "intend":
            is_caller = any(caller == message.sender for caller, _ in self.callers)
            out.say(message.sender, message.thread,
                    **self.precedence.answer(message.sender, is_caller, body, now))
            return
        if message.kind == "word":
            self.precedence.heard(message.sender, body, now)
            return
        key = (message.sender, body["route"])
        if message.kind == "req_cap":
            out.say(message.sender, message.thread, **self._answer(key, body, now))
        elif key in self.callers:
            self._step_caller(key, now, out, message)
        elif self._has_part(message):
            self._at(body["route"], now, out).heard(message)
        elif message.kind in ("cfp", "offer"):
            number = body["ask" if message.kind == "cfp" else "pledge"]
            out.say(message.sender, message.thread, "refuse", route=body["route"], number=number,
                    reason="not_mine")

    def _has_part(self, message: Message) -> bool:
        """Whether the sender is who says such a thing of a route of ours. Anybody else's word
        must not make us say something to the callee."""
        route = self.routes.get(message.body["route"])
        if route is None:
            return False
        if message.kind in ("grant", "deny"):
            return any(mode.via == message.sender for mode in route.route.modes)
        return message.kind != "cfp" and message.sender == route.route.callee

    def _at(self, route: str, now: int, out: Effects) -> CallerRoute:
        """The route, with what is over ended. KeyError: not in the catalogue."""
        found = self.routes[route]
        found.begin_step(Standing(
            is_frozen=self.reason_to_freeze() is not None,
            is_unwell=self.condition.self_health > 0,
            lends=self.capacity.lends(now),
            callee_is_known=self.inbox.epoch_of(found.route.callee) != 0), now, out)
        return found

    def _step_caller(self, key: Key, now: int, out: Effects, message: Message | None) -> None:
        found = self.callers[key]
        before = (found.pledge, found.turn)
        equal = self.capacity.budget_rps() // len(self.callers)
        found.begin_step(CalleeStanding(
            stopped=self.reason_to_freeze(), need=self.load.need,
            share_rps=min(equal, self.capacity.free_for(key, now))), now, out)
        if message:
            found.heard(message)
        else:
            found.reconsider()
        if found.phase == "idle":
            self.capacity.end_plan(key)
        elif (found.pledge, found.turn) != before:
            self.capacity.plan(key, found.asked.rps_max, now + self.limits.ttl_ms)

    def _pass_time(self, now: int, out: Effects) -> None:
        for route in self.routes:
            self._at(route, now, out)
        for key in self.callers:
            self._step_caller(key, now, out, None)

    def _redirects(self) -> bool:
        """Whether traffic of ours goes to a third service, is about to, or has just come back."""
        return any(route.phase not in ("normal", "suspect")
                   and any(mode.via for mode in route.route.modes)
                   for route in self.routes.values())

    def _answer(self, key: Key, request: dict[str, Any], now: int) -> dict[str, Any]:
        reason = self.reason_to_freeze()
        ttl_ms = min(request["ttl_ms"], self.limits.ttl_ms)
        if reason is None and key not in self.borrowers:
            reason = "not_mine"
        if reason is None and self._redirects():
            reason = "policy"  # Hop limit one.
        if reason is None and not self.capacity.grants(key, request["rps"], now + ttl_ms, now):
            reason = "no_capacity"
        if reason:
            return {"kind": "deny", "route": key[1], "ask": request["ask"], "reason": reason}
        return {"kind": "grant", "route": key[1], "ask": request["ask"], "rps": request["rps"],
                "ttl_ms": ttl_ms}

    def _greet(self, now: int, out: Effects) -> None:
        for neighbour in self.settings.neighbours:
            out.say(neighbour.agent, Thread(), "beacon", level=self.load.level,
                    queue_ms=self.load.queue_ms, inflight_count=self.load.inflight_count,
                    floor_rps=self.load.floor_rps, self_health=self.condition.self_health)
        self.beacon_at = now + (self.limits.beacon_every_in_need_ms if self.load.level > 0
                                else self.limits.beacon_every_ms)

    def _address(self, saying: Saying, now: int, turn: Turn) -> None:
        """To nobody of whom nothing was heard in this life, but a greeting: they would have to
        refuse it."""
        kind = saying.body["kind"]
        if kind == "outcome":
            turn.orders.append(NoteOutcome(self.settings.self, saying.thread, saying.body))
        to_epoch = self.inbox.epoch_of(saying.to)
        if to_epoch == 0 and kind != "beacon":
            return
        sequence = self.sequences[saying.to] = self.sequences.get(saying.to, 0) + 1
        turn.messages.append(Message(self.settings.self, saying.to, self.epoch, to_epoch, sequence,
                                     now, VALID_MS[kind], saying.thread, saying.body))
