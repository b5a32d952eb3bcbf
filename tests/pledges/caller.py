"""The caller's side of one route (docs/pledges.md, "The caller").

It sees its callee struggle, asks what it may take off it, promises a reduced mode, keeps the
promise and comes back in steps. The mode is in force before it is promised, and a promise ends by
its own end or by the callee's REVOKE, never by silence.

Pure: `now` is an argument, and what is to be said and done is returned in `Effects`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from settings import (Effects, EnterMode, Limits, Ramp, Redirect, Restore, Route, Terms,
                      Throttle, mode_named, reliance_ms)
from wire import Message, Thread

RAMP_SHARES = (10, 25, 50)  # In percent; then all of it.
LIVES = 3  # A window or a step may be late: the data plane waits for two more of them.


@dataclass(frozen=True)
class Standing:
    """What holds of the agent as a whole while a route takes a step."""
    is_frozen: bool
    is_unwell: bool  # It is late itself, so it looks twice as long before it accuses anybody.
    lends: bool  # Others count on our capacity, or may: nothing is passed on (hop limit one).
    callee_is_known: bool  # Its present life was heard of; else there is nobody to ask.


@dataclass(frozen=True)
class Promise:
    """To which life of the callee, until when by our clock. Pledge 0: of our own last life."""
    epoch: int
    pledge: int
    turn: int
    terms: Terms
    until: int
    thread: Thread


@dataclass(frozen=True)
class Pending:
    """What may become a promise: capacity is asked for, then the mode is being entered."""
    promise: Promise
    deadline: int
    redirect_rps: int
    order: int | None = None  # Of EnterMode; None: the capacity is not there yet.


@dataclass(frozen=True)
class Grant:
    via: str
    rps: int
    until: int


@dataclass(frozen=True)
class CapacityAsk:
    via: str = ""
    ask: int = 0
    rps: int = 0
    asked_at: int = 0


class FlapDamping:
    """How often a route may change what it promises, whoever asks for it."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self.changes_at: list[int] = []
        self.held_until: int | None = None
        self.holds_count = 0

    def permits(self, now: int) -> bool:
        return self.held_until is None or now >= self.held_until

    def note_change(self, now: int) -> None:
        since = now - self.limits.changes_window_ms
        self.changes_at = [at for at in self.changes_at if at > since] + [now]
        if len(self.changes_at) >= self.limits.changes_max:
            self.hold_down(now)

    def hold_down(self, now: int) -> None:
        if self.held_until is not None and now - self.held_until >= self.limits.hold_down_max_ms:
            self.holds_count = 0
        span = min(self.limits.hold_down_ms * 2**min(self.holds_count, 16),
                   self.limits.hold_down_max_ms)
        self.held_until = max(self.held_until or 0, now + span)
        self.holds_count += 1
        self.changes_at = []


def rate_of(evidence: dict[str, int]) -> int:
    return min(evidence["requests_count"] * 1_000 // evidence["window_ms"], 10_000_000)


def fell_by_a_quarter(value: int, before: int) -> bool:
    return before > 0 and value * 4 <= before * 3


class CallerRoute:
    def __init__(self, route: Route, limits: Limits, jitter: Random):
        self.route = route
        self.limits = limits
        self.jitter = jitter
        self.phase = "normal"
        self.looked: dict[str, int] = {"errors_permille": 0, "p95_ms": 0, "queue_ms": 0,
                                       "window_ms": 1, "requests_count": 0}
        self.asked_by = self.looked  # The window that made us ask.
        self.thread = Thread()
        self.bad_count = self.good_count = self.since_count = 0
        self.hinted_until = 0
        self.ask = self.order = 0
        self.ask_until = self.retry_at = self.changed_at = self.release_at = self.ramp_at = 0
        self.ramp_index = self.degraded_at = 0
        self.pending: Pending | None = None
        self.held: Promise | None = None
        self.grant: Grant | None = None
        self.capacity = CapacityAsk()
        self.flaps = FlapDamping(limits)
        self.out = Effects()
        self.standing = Standing(False, False, False, False)
        self.now = 0

    # The events. Each first ends what is over.

    def begin_step(self, standing: Standing, now: int, out: Effects) -> None:
        """Has to come before every event of this route; by itself it is the passing of time."""
        self.standing, self.now, self.out = standing, now, out
        if self.pending and now >= self.pending.deadline:
            self._give_up_pending("late")
        if self.phase == "asking" and not self.pending and now >= self.ask_until:
            self._fall_back()
        if self.held and now >= self.held.until:
            self._end_promise()
        if self.grant and now >= self.grant.until:
            self._end_grant()
        if self._renews_grant() and now >= self.capacity.asked_at + self.limits.renew_after_ms:
            self._request_capacity(self.grant.via, self.grant.rps, self.held.thread)
        if self.phase == "leaving" and now >= self.release_at:
            self._release()
        if self.phase == "probation" and now >= self.ramp_at:
            self._go_on_ramp()
        self._settle_freeze()

    def wake_at(self) -> list[int]:
        """When something of it is over by itself."""
        ends = [one.until for one in (self.held, self.grant) if one]
        if self.pending:
            ends.append(self.pending.deadline)
        if self.phase == "asking":
            ends.append(self.ask_until)
        if self._renews_grant():
            ends.append(self.capacity.asked_at + self.limits.renew_after_ms)
        if self.phase == "leaving" and self.held and self.held.pledge:
            ends.append(self.release_at)
        if self.phase == "probation":
            ends.append(self.ramp_at)
        return ends

    def looked_at(self, evidence: dict[str, int], thread: Thread) -> None:
        """One window of our own measurements."""
        self.looked, self.thread = evidence, thread
        self.bad_count = self.bad_count + 1 if self._is_bad() else 0
        self.good_count = self.good_count + 1 if self._is_good() else 0
        if self.phase in ("normal", "suspect", "probation"):
            self._consider_asking()
        elif self.phase == "local_fallback":
            self._judge_fallback()
        elif self.phase == "degraded":
            self._judge_promise()

    def hinted(self) -> None:
        """The callee's beacon says that it struggles. That calls nothing: it shortens the look."""
        self.hinted_until = self.now + self.limits.hint_for_ms

    def applied(self, number: int, is_in_force: bool) -> None:
        """The data plane's answer to EnterMode, read back."""
        if self.pending and self.pending.order == number:
            if is_in_force:
                self._promise()
            else:
                self._give_up_pending("policy")
        elif self.held and number == self.order and not is_in_force:
            self._leave()

    def found(self, terms: Terms) -> None:
        """After a start: somebody may count on what the data plane is in, for a whole ttl."""
        self.phase = "leaving"
        self.held = Promise(0, 0, 0, terms, self.now + self.limits.ttl_ms, Thread())
        self.changed_at = self.now
        self._enter_again(None)

    def heard(self, message: Message) -> None:
        hear = {"offer": self._hear_offer, "renew": self._hear_renew,
                "revoke": self._hear_revoke, "refuse": self._hear_refuse,
                "grant": self._hear_grant, "deny": self._hear_deny}.get(message.kind)
        if hear:
            hear(message, message.body)

    # What the route shows, and what that comes to.

    def _is_bad(self) -> bool:
        return (self.looked["errors_permille"] >= self.limits.errors_enter_permille
                or self.looked["queue_ms"] >= self.limits.queue_enter_ms)

    def _is_good(self) -> bool:
        return (self.looked["errors_permille"] <= self.limits.errors_leave_permille
                and self.looked["queue_ms"] <= self.limits.queue_leave_ms)

    def _windows_needed(self) -> int:
        windows = 1 if self.now < self.hinted_until else self.limits.windows_enter
        return 2 * windows if self.standing.is_unwell else windows

    def _menu(self) -> list[str]:
        """A first mode is one of depth 1; one by a third service only while nothing is lent."""
        return [mode.mode for mode in self.route.modes
                if mode.depth == 1 and not (mode.via and self.standing.lends)][:4]

    def _can_ask(self) -> bool:
        return (self.standing.callee_is_known and self.flaps.permits(self.now)
                and bool(self._menu()))

    def _consider_asking(self) -> None:
        if self.bad_count == 0:
            if self.phase == "suspect":
                self.phase = "normal"
            return
        if self.phase == "normal":
            self.phase = "suspect"
        if self.bad_count >= self._windows_needed():
            if self._can_ask():
                self._ask_callee()
            else:
                self._fall_back()

    def _ask_callee(self) -> None:
        self.phase = "asking"
        self.ask += 1
        self.ask_until = self.now + self.limits.ask_deadline_ms
        self.asked_by = self.looked
        self.out.say(self.route.callee, self.thread, "cfp", route=self.route.route, ask=self.ask,
                     menu=self._menu(), evidence=dict(self.looked))

    def _fall_back(self) -> None:
        self.phase = "local_fallback"
        self.retry_at = self.now + self.limits.dwell_ms
        self._throttle()

    def _throttle(self) -> None:
        count = self.looked["requests_count"]
        accepted = count * (1_000 - self.looked["errors_permille"]) // 1_000
        rate = rate_of(self.looked)
        above_floor = max(0, rate - self.route.floor_rps)
        drop_max = above_floor * 1_000 // rate if rate else 0
        drop = min(max(0, count - 2 * accepted) * 1_000 // (count + 1), drop_max)
        self.out.orders.append(Throttle(self.route.route, drop,
                                        self.now + LIVES * self.looked["window_ms"]))

    def _judge_fallback(self) -> None:
        if self.good_count >= self.limits.windows_leave:
            self._restore()
            self.phase = "normal"
            return
        self._throttle()
        is_due = self.bad_count >= self._windows_needed() and self.now >= self.retry_at
        if is_due and self._can_ask():
            self._ask_callee()

    def _judge_promise(self) -> None:
        """A mode that did not help is not kept: whoever asked for it may have lied. Good windows
        may be its own doing, so it is given back for them only once in a while, to see."""
        self.since_count += 1
        is_relieved = any(fell_by_a_quarter(self.looked[what], self.asked_by[what])
                          for what in ("errors_permille", "queue_ms"))
        is_old = self.now - self.degraded_at >= self.limits.trial_after_ms
        if is_old and self.good_count >= self.limits.windows_leave:
            self._leave()
        elif (min(self.since_count, self.bad_count) >= self.limits.windows_relief
              and self._is_kept() and not is_relieved):
            self.flaps.hold_down(self.now)
            self._leave()

    def _is_kept(self) -> bool:
        """Our own edge may send more than was promised; then it is not the promise that is bad. A
        tenth is let pass: a share is drawn, so that a rate is never just met."""
        return (self.held is None
                or rate_of(self.looked) * 100 <= self.held.terms.rps_max * 110)

    # A promise from its offer to its end.

    def _objection(self, terms: Terms) -> str | None:
        """What the catalogue, the floor and the hop limit say; no message moves any of them."""
        wanted = mode_named(self.route.modes, terms.mode)
        present = mode_named(self.route.modes, self.held.terms.mode) if self.held else None
        if wanted is None:
            return "not_mine"
        if terms.rps_max < self.route.floor_rps:
            return "floor"
        is_too_deep = wanted.depth > (present.depth if present else 0) + 1
        return "policy" if is_too_deep or (wanted.via and self.standing.lends) else None

    def _is_answer(self, message: Message, ask: int) -> bool:
        return (message.sender == self.route.callee and self.phase == "asking"
                and self.pending is None and ask == self.ask)

    def _hear_offer(self, message: Message, offer: dict[str, Any]) -> None:
        if not self._is_answer(message, offer["ask"]):
            return self._refuse(message.thread, offer["pledge"], "late")
        terms = Terms(offer["mode"], offer["rps_max"])
        objection = self._objection(terms)
        if objection is None and offer["ttl_ms"] > self.limits.ttl_ms:
            objection = "policy"
        if objection:
            self._refuse(message.thread, offer["pledge"], objection)
            return self._fall_back()
        self._begin(Promise(message.epoch, offer["pledge"], 0, terms, self.now + offer["ttl_ms"],
                            message.thread), self.ask_until)

    def _is_held(self, message: Message, pledge: int) -> bool:
        return (self.held is not None and message.sender == self.route.callee
                and (self.held.epoch, self.held.pledge) == (message.epoch, pledge))

    def _hear_renew(self, message: Message, renew: dict[str, Any]) -> None:
        if not self._is_held(message, renew["pledge"]) or self.phase != "degraded":
            return self._refuse(message.thread, renew["pledge"], "late")
        if self.standing.is_frozen:
            return self._refuse(message.thread, renew["pledge"], "frozen")
        if self.pending or renew["turn"] <= self.held.turn:
            return
        wanted = Terms(renew["mode"], renew["rps_max"])
        may_change = (self.now - self.changed_at >= self.limits.dwell_ms
                      and self.flaps.permits(self.now) and self._objection(wanted) is None)
        until = max(self.held.until, self.now + min(renew["ttl_ms"], self.limits.ttl_ms))
        self._begin(Promise(message.epoch, renew["pledge"], renew["turn"],
                            wanted if may_change else self.held.terms, until, message.thread),
                    self.now + self.limits.renew_deadline_ms)

    def _hear_revoke(self, message: Message, revoke: dict[str, Any]) -> None:
        if self._is_held(message, revoke["pledge"]):
            self._end_promise()

    def _hear_refuse(self, message: Message, refuse: dict[str, Any]) -> None:
        if self._is_answer(message, refuse["number"]):
            self._fall_back()

    def _hear_grant(self, message: Message, grant: dict[str, Any]) -> None:
        """Capacity counts from when we asked for it, and for less than was granted."""
        asked = self.capacity
        until = asked.asked_at + reliance_ms(min(grant["ttl_ms"], self.limits.ttl_ms))
        is_answer = (message.sender == asked.via and grant["ask"] == asked.ask
                     and grant["rps"] >= asked.rps and until > self.now)
        is_awaited = self.pending is not None and self.pending.order is None
        if not is_answer or not (is_awaited or self.held):
            return
        self.grant = Grant(asked.via, asked.rps, until)
        if is_awaited:
            self._enter_pending()
        elif self.pending is None and self._via(self.held.terms) == asked.via:
            self._enter_again(Redirect(asked.via, asked.rps, until))

    def _hear_deny(self, message: Message, deny: dict[str, Any]) -> None:
        is_answer = message.sender == self.capacity.via and deny["ask"] == self.capacity.ask
        if is_answer and self.pending and self.pending.order is None:
            self._give_up_pending("no_capacity")

    def _via(self, terms: Terms) -> str | None:
        mode = mode_named(self.route.modes, terms.mode)
        return mode.via if mode else None

    def _begin(self, promise: Promise, deadline: int) -> None:
        """Capacity first where traffic is to move; then the mode; then the promise."""
        via = self._via(promise.terms)
        granted = self.grant.rps if self.grant and self.grant.via == via else 0
        needed = 0
        if via and self.held and self.held.terms == promise.terms:
            needed = granted
        elif via:
            needed = max(0, rate_of(self.looked) - promise.terms.rps_max)
        self.pending = Pending(promise, deadline, needed)
        if via and needed > granted:
            self._request_capacity(via, needed, promise.thread)
        else:
            self._enter_pending()

    def _request_capacity(self, via: str, rps: int, thread: Thread) -> None:
        self.capacity = CapacityAsk(via, self.capacity.ask + 1, rps, self.now)
        self.out.say(via, thread, "req_cap", route=self.route.route, ask=self.capacity.ask,
                     rps=rps, ttl_ms=self.limits.ttl_ms)

    def _enter_pending(self) -> None:
        redirect = None
        if self.pending.redirect_rps > 0:
            redirect = Redirect(self.grant.via, self.pending.redirect_rps, self.grant.until)
        self.order += 1
        self.pending = replace(self.pending, order=self.order)
        self.out.orders.append(EnterMode(self.route.route, self.order, self.pending.promise.terms,
                                         redirect, self.pending.promise.until))

    def _enter_again(self, redirect: Redirect | None) -> None:
        """The same promise, with another redirect."""
        self.order += 1
        self.out.orders.append(EnterMode(self.route.route, self.order, self.held.terms, redirect,
                                         self.held.until))

    def _promise(self) -> None:
        promise = self.pending.promise
        if self.held is None or self.held.terms != promise.terms:
            self.flaps.note_change(self.now)
            self.changed_at = self.now
        self.held, self.pending = promise, None
        if self.phase == "leaving":
            return  # It is kept and not said: nobody is to count on it for longer.
        if self.phase == "asking":
            self.phase = "degraded"
            self.degraded_at = self.now
            self.since_count = self.good_count = 0
        self.out.say(self.route.callee, promise.thread, "accept", route=self.route.route,
                     pledge=promise.pledge, turn=promise.turn, mode=promise.terms.mode,
                     rps_max=promise.terms.rps_max)

    def _give_up_pending(self, reason: str) -> None:
        """Nothing was promised by it. What an order without an answer has done is not known: the
        first one is undone, and of a later one the whole promise is given back."""
        pending, self.pending = self.pending, None
        self._refuse(pending.promise.thread, pending.promise.pledge, reason)
        if self.phase == "asking":
            if pending.order is not None:
                self._restore()
            self._fall_back()
        elif pending.order is not None:
            self._leave()

    def _refuse(self, thread: Thread, number: int, reason: str) -> None:
        self.out.say(self.route.callee, thread, "refuse", route=self.route.route, number=number,
                     reason=reason)

    def _leave(self) -> None:
        if self.phase != "leaving":
            self.phase = "leaving"
            self._release()

    def _release(self) -> None:
        if self.held and self.held.pledge:
            self.release_at = self.now + self.limits.release_again_after_ms
            self.out.say(self.route.callee, self.held.thread, "release", route=self.route.route,
                         pledge=self.held.pledge)

    def _end_promise(self) -> None:
        held, self.held, self.pending, self.grant = self.held, None, None, None
        if held.pledge:
            errors = self.looked["errors_permille"]
            self.out.say(self.route.callee, held.thread, "outcome", route=self.route.route,
                         pledge=held.pledge,
                         goodput_rps=rate_of(self.looked) * (1_000 - errors) // 1_000,
                         errors_permille=errors)
        if self.standing.is_frozen:
            self._restore()
            self.phase = "frozen"
        else:
            self.phase = "probation"
            self.ramp_index = 0
            self._order_ramp()

    def _renews_grant(self) -> bool:
        return bool(self.grant and self.held and self.phase == "degraded" and not self.pending)

    def _end_grant(self) -> None:
        """What was moved is shed; it does not come back to the callee, which counts on us."""
        via, self.grant = self.grant.via, None
        if self.held and not self.pending and self._via(self.held.terms) == via:
            self._enter_again(None)

    # The way back, and the stop.

    def _order_ramp(self) -> None:
        step, percent = self.limits.ramp_step_ms, self.limits.jitter_percent
        self.out.orders.append(Ramp(self.route.route, RAMP_SHARES[self.ramp_index],
                                    self.now + LIVES * step))
        self.ramp_at = self.now + step * (100 + self.jitter.randint(-percent, percent)) // 100

    def _go_on_ramp(self) -> None:
        if self.bad_count == 0:
            self.ramp_index += 1
        if self.ramp_index < len(RAMP_SHARES):
            return self._order_ramp()
        self._restore()
        self.phase = "normal"

    def _restore(self) -> None:
        self.out.orders.append(Restore(self.route.route))

    def _settle_freeze(self) -> None:
        """A promise in force is kept to its end; everything else stops."""
        if not self.standing.is_frozen:
            if self.phase == "frozen":
                self.phase = "normal"
            return
        if self.held or self.phase == "frozen":
            return
        if self.pending or self.phase in ("probation", "local_fallback"):
            self._restore()
        self.pending = None
        self.phase = "frozen"
