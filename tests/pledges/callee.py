"""The callee's side of one caller's route, and what of a service's capacity is spoken for
(docs/pledges.md, "The callee" and "The third service").

The callee counts from the sending of its own OFFER or RENEW and for less than the promise lasts,
so that its clock ends before the caller's. A lender counts from the arrival of REQ_CAP, so that
its clock ends after the borrower's.

Pure: `now` is an argument, and what is to be said and done is returned in `Effects`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from settings import (Caller, Effects, Limits, Rely, StopRelying, Terms, mode_named,
                      reliance_ms)
from wire import Message, Thread

Key = tuple[str, str]  # An agent, and which of its routes.


@dataclass(frozen=True)
class Share:
    rps: int
    until: int
    is_granted: bool


class Capacity:
    """Grants are promises: none is taken back or made smaller before its end. Shares of our own
    callers are a plan. Together they stay within 90 % of what the service can serve."""

    def __init__(self, limits: Limits, now: int):
        self.limits = limits
        # Whatever our last life granted has ended by then.
        self.hold_until = now + limits.ttl_ms
        self.capacity_rps = 0
        self.shares: dict[Key, Share] = {}

    def budget_rps(self) -> int:
        return self.capacity_rps * self.limits.share_percent // 100

    def free_for(self, key: Key, now: int) -> int:
        taken = sum(share.rps for holder, share in self.shares.items()
                    if holder != key and share.until > now)
        return max(0, self.budget_rps() - taken)

    def grants(self, key: Key, rps: int, until: int, now: int) -> bool:
        old = self.shares.get(key)
        if old and old.until > now:
            # The answer may be lost, and the borrower act on the one before.
            rps, until = max(rps, old.rps), max(until, old.until)
        if now < self.hold_until or rps > self.free_for(key, now):
            return False
        self.shares[key] = Share(rps, until, True)
        return True

    def plan(self, key: Key, rps: int, until: int) -> None:
        self.shares[key] = Share(rps, until, False)

    def end_plan(self, key: Key) -> None:
        self.shares.pop(key, None)

    def lends(self, now: int) -> bool:
        """Whether anybody may hold a grant of us: then nothing of ours is redirected."""
        return now < self.hold_until or any(share.is_granted and share.until > now
                                            for share in self.shares.values())


@dataclass(frozen=True)
class CalleeStanding:
    stopped: str | None  # Why nothing is offered or asked for: frozen, self_sick.
    need: str  # none: well with all of its traffic; keep: well with less; more: not well.
    share_rps: int  # What this caller could have now.


class CalleeRoute:
    def __init__(self, caller: Caller, limits: Limits):
        self.caller = caller
        self.limits = limits
        self.phase = "idle"
        self.pledge = self.turn = 0
        self.asked = self.relied = Terms("", 0)
        self.asked_at = self.relies_until = self.renew_at = self.changed_at = 0
        self.is_refused = False  # The caller renews this pledge no more.
        self.thread = Thread()
        self.out = Effects()
        self.standing = CalleeStanding(None, "none", 0)
        self.now = 0

    def begin_step(self, standing: CalleeStanding, now: int, out: Effects) -> None:
        """Has to come before every event: what is over ends."""
        self.standing, self.now, self.out = standing, now, out
        is_over = ((self.phase == "relying" and now >= self.relies_until)
                   or (self.phase == "offered" and now >= self._counts_until()))
        if is_over:
            self._stop()

    def wake_at(self) -> list[int]:
        if self.phase == "idle":
            return []
        if self.phase == "offered":
            return [self._counts_until()]
        return [self.relies_until] + ([] if self.is_refused else [self.renew_at])

    def heard(self, message: Message) -> None:
        hear = {"cfp": self._hear_cfp, "accept": self._hear_accept,
                "release": self._hear_release, "refuse": self._hear_refuse}.get(message.kind)
        if hear:
            hear(message, message.body)

    def reconsider(self) -> None:
        """The own load, or time, has changed."""
        if self.phase != "relying":
            return
        if self.standing.need == "none":
            self._stop()
            return self._say("revoke", pledge=self.pledge)
        if self.is_refused or self.now < self.renew_at:
            return
        self.renew_at = self.now + self.limits.renew_after_ms
        if not self.standing.stopped and self.standing.share_rps > 0:
            self._renew()

    def _counts_until(self) -> int:
        return self.asked_at + reliance_ms(self.limits.ttl_ms)

    def _hear_cfp(self, message: Message, cfp: dict[str, Any]) -> None:
        """Each is answered, and what was promised before is not counted on any more: who asks
        anew is not in the old mode for long."""
        self._stop()
        self.thread = message.thread
        mode = next((mode for mode in cfp["menu"] if mode_named(self.caller.modes, mode)), None)
        reason = self.standing.stopped
        if reason is None and mode is None:
            reason = "not_mine"
        if reason is None and self.standing.share_rps == 0:
            reason = "no_capacity"
        if reason:
            return self._say("refuse", number=cfp["ask"], reason=reason)
        evidence = cfp["evidence"]
        rate = evidence["requests_count"] * 1_000 // evidence["window_ms"]
        share = min(self.standing.share_rps, rate) if rate else self.standing.share_rps
        self.pledge, self.turn = self.pledge + 1, 0
        self.asked = Terms(mode, share)
        self.asked_at = self.changed_at = self.now
        self.renew_at = self.now + self.limits.renew_after_ms
        self.is_refused = False
        self.phase = "offered"
        self._say("offer", ask=cfp["ask"], pledge=self.pledge, mode=mode, rps_max=share,
                  ttl_ms=self.limits.ttl_ms)

    def _hear_accept(self, message: Message, accept: dict[str, Any]) -> None:
        """Of an older question it is not known when it was asked, so it does not count."""
        is_answer = (self.phase != "idle" and self._counts_until() > self.now
                     and (accept["pledge"], accept["turn"]) == (self.pledge, self.turn))
        if is_answer:
            self.thread = message.thread
            self.relies_until = self._counts_until()
            self._rely(Terms(accept["mode"], accept["rps_max"]))

    def _hear_release(self, message: Message, release: dict[str, Any]) -> None:
        """Answered for any pledge, also for one that was never counted on: the caller may go."""
        if release["pledge"] == self.pledge:
            self._stop()
        self.thread = message.thread
        self._say("revoke", pledge=release["pledge"])

    def _hear_refuse(self, message: Message, refuse: dict[str, Any]) -> None:
        if refuse["number"] == self.pledge:
            self.is_refused = True
            if self.phase == "offered":
                self._stop()

    def _renew(self) -> None:
        terms = self._terms_next()
        if terms != self.asked:
            self.asked, self.changed_at = terms, self.now
        self.turn += 1
        self.asked_at = self.now
        if self.asked.rps_max > self.relied.rps_max:
            self._rely(self.asked)  # Before the caller hears that it may send more.
        self._say("renew", pledge=self.pledge, turn=self.turn, mode=self.asked.mode,
                  rps_max=self.asked.rps_max, ttl_ms=self.limits.ttl_ms)

    def _terms_next(self) -> Terms:
        mode = self.asked.mode
        rps_max = min(self.asked.rps_max, self.standing.share_rps)
        is_settled = self.now - self.changed_at >= self.limits.dwell_ms
        has_more = 4 * self.standing.share_rps >= 5 * self.asked.rps_max
        if is_settled and self.standing.need == "keep" and has_more:
            rps_max = self.standing.share_rps
        present = mode_named(self.caller.modes, self.relied.mode)
        may_go_deeper = is_settled and self.standing.need == "more" and present is not None
        if may_go_deeper:
            mode = next((one.mode for one in self.caller.modes
                         if one.depth == present.depth + 1), mode)
        return Terms(mode, rps_max)

    def _rely(self, terms: Terms) -> None:
        self.phase = "relying"
        self.relied = terms
        self.out.orders.append(Rely(self.caller.caller, self.caller.route, terms,
                                    self.relies_until))

    def _stop(self) -> None:
        if self.phase == "relying":
            self.out.orders.append(StopRelying(self.caller.caller, self.caller.route))
        self.phase = "idle"

    def _say(self, kind: str, **members: Any) -> None:
        self.out.say(self.caller.caller, self.thread, kind, route=self.caller.route, **members)
