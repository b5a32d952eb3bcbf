"""What a check of conformance is, and the three places of a server under test: caller, callee and
third service, among scripted neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripted import BAD, Neighbour, Sut, must
from wire import Message

LEAN, BARE = {"mode": "lean"}, {"mode": "bare", "depth": 2}
DEEP, MOVED = {"mode": "deep", "depth": 3}, {"mode": "moved", "via": "vault"}
PAY = {"route": "cart.pay", "callee": "payments", "floor_rps": 10,
       "modes": [LEAN, BARE, DEEP, MOVED]}
# Short, so that a check that waits for an end need not wait long; to ask, more time than the
# standard gives, so that a busy machine passes.
LIMITS = {"ttl_ms": 2_000, "ask_deadline_ms": 1_000, "dwell_ms": 1_001,
          "release_again_after_ms": 100, "ramp_step_ms": 50, "beacon_every_ms": 200}
LONG = LIMITS | {"ttl_ms": 60_000}  # Where a promise must not end meanwhile.


@dataclass(frozen=True)
class Check:
    name: str  # A sentence of the standard that can be false.
    rule: str  # Which part of it.
    run: Callable[["Bench"], None]


CHECKS: list[Check] = []


def check(rule: str) -> Callable[[Callable[["Bench"], None]], Callable[["Bench"], None]]:
    """Its name is the function's, read as a sentence."""
    def register(run: Callable[["Bench"], None]) -> Callable[["Bench"], None]:
        CHECKS.append(Check(run.__name__.replace("_", " "), rule, run))
        return run
    return register


class Bench:
    """Makes the server under test and its neighbours, and ends all of them."""

    def __init__(self, command: str, folder: Path):
        self.command = command
        self.folder = folder
        self.subjects: list[Sut | Neighbour] = []

    def neighbour(self, name: str) -> Neighbour:
        self.subjects.append(neighbour := Neighbour(name))
        return neighbour

    def sut(self, name: str, neighbours: list[Neighbour], **settings: Any) -> Sut:
        self.subjects.append(sut := Sut(self.command, self.folder, name, neighbours, **settings))
        return sut

    def end(self) -> None:
        for subject in reversed(self.subjects):
            subject.kill() if isinstance(subject, Sut) else subject.end()

    # The three places. Each is `cart`, `payments` or `vault` with its neighbours.

    def caller(self, limits: dict[str, int] = LIMITS, **settings: Any) -> "CallerScene":
        payments, vault = self.neighbour("payments"), self.neighbour("vault")
        sut = self.sut("cart", [payments, vault],
                       **{"routes": [PAY], "limits": limits} | settings)
        sut.start()
        sut.know_each_other()
        return CallerScene(sut, payments, vault)

    def callee(self, limits: dict[str, int] = LIMITS, **settings: Any) -> "CalleeScene":
        cart, shop = self.neighbour("cart"), self.neighbour("shop")
        modes = [LEAN, BARE]
        sut = self.sut("payments", [cart, shop], **{
            "callers": [{"caller": "cart", "route": "cart.pay", "modes": modes},
                        {"caller": "shop", "route": "shop.pay", "modes": modes}],
            "limits": limits} | settings)
        sut.start()
        sut.know_each_other()
        sut.load()
        return CalleeScene(sut, cart, shop)

    def third(self, limits: dict[str, int] = LIMITS, **settings: Any) -> "ThirdScene":
        cart, shop = self.neighbour("cart"), self.neighbour("shop")
        sut = self.sut("vault", [cart, shop], **{
            "borrowers": [{"caller": "cart", "route": "cart.pay"},
                          {"caller": "shop", "route": "shop.pay"}], "limits": limits} | settings)
        sut.start()
        sut.know_each_other()
        sut.load(need="none")
        return ThirdScene(sut, cart, shop)


@dataclass
class CallerScene:
    sut: Sut
    payments: Neighbour
    vault: Neighbour
    pledge: int = 0

    def ask(self) -> Message:
        self.sut.look(BAD, count=2)
        return self.payments.expect("cfp", route="cart.pay")

    def offer(self, cfp: Message, mode: str = "lean", rps_max: int = 45,
              ttl_ms: int | None = None) -> int:
        """The number of the pledge."""
        self.pledge += 1
        self.payments.say("offer", cfp.thread, route="cart.pay", ask=cfp.body["ask"],
                          pledge=self.pledge, mode=mode, rps_max=rps_max,
                          ttl_ms=ttl_ms or self.sut.settings["limits"]["ttl_ms"])
        return self.pledge

    def agree(self) -> int:
        pledge = self.offer(self.ask())
        self.payments.expect("accept", pledge=pledge, turn=0, mode="lean", rps_max=45)
        return pledge

    def renew(self, pledge: int, turn: int, mode: str = "lean", rps_max: int = 45,
              ttl_ms: int | None = None) -> None:
        self.payments.say("renew", route="cart.pay", pledge=pledge, turn=turn, mode=mode,
                          rps_max=rps_max,
                          ttl_ms=ttl_ms or self.sut.settings["limits"]["ttl_ms"])

    def revoke(self, pledge: int) -> None:
        self.payments.say("revoke", route="cart.pay", pledge=pledge)

    def is_in_mode(self) -> bool:
        return self.sut.route()["data_plane"]["mode"] is not None

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Nothing of the route changes, and nothing is said."""
        before = without_times(self.sut.state()["routes"])
        yield
        self.payments.fence()
        must(without_times(self.sut.state()["routes"]) == before, "the route's state has changed")


@dataclass
class CalleeScene:
    sut: Sut
    cart: Neighbour
    shop: Neighbour

    def ask(self, caller: Neighbour | None = None, ask: int = 1, menu: tuple[str, ...] = ("lean",),
            **evidence: int) -> None:
        caller = caller or self.cart
        caller.say("cfp", route=f"{caller.name}.pay", ask=ask, menu=list(menu),
                   evidence=BAD | evidence)

    def accept(self, pledge: int, turn: int = 0, mode: str = "lean", rps_max: int = 45,
               caller: Neighbour | None = None) -> None:
        caller = caller or self.cart
        caller.say("accept", route=f"{caller.name}.pay", pledge=pledge, turn=turn, mode=mode,
                   rps_max=rps_max)

    def agree(self) -> int:
        self.ask()
        pledge = self.cart.expect("offer", mode="lean", rps_max=45).body["pledge"]
        self.accept(pledge)
        must(self.sut.caller()["phase"] == "relying", "an ACCEPT of the OFFER is not counted on")
        return pledge

    def fence(self) -> None:
        """Nothing was said to cart that was not taken out."""
        self.cart.say("release", route="cart.pay", pledge=77)
        self.cart.expect("revoke", pledge=77)


@dataclass
class ThirdScene:
    sut: Sut
    cart: Neighbour
    shop: Neighbour
    asks: int = 0

    def ask(self, caller: Neighbour, rps: int, ttl_ms: int = 2_000,
            route: str | None = None) -> Message:
        self.asks += 1
        caller.say("req_cap", route=route or f"{caller.name}.pay", ask=self.asks, rps=rps,
                   ttl_ms=ttl_ms)
        answer = caller.next()
        must(answer.body["ask"] == self.asks, f"it answers another question: {answer.body}")
        return answer

    def must_grant(self, caller: Neighbour, rps: int, ttl_ms: int = 2_000) -> Message:
        answer = self.ask(caller, rps, ttl_ms)
        must(answer.kind == "grant" and answer.body["rps"] == rps,
             f"{rps} a second were to be granted, and it says {answer.body}")
        return answer

    def must_deny(self, caller: Neighbour, rps: int, reason: str,
                  route: str | None = None) -> None:
        answer = self.ask(caller, rps, route=route)
        must(answer.kind == "deny" and answer.body["reason"] == reason,
             f"a DENY for {reason} was due, and it says {answer.body}")


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key != "left_ms"}
    return value
