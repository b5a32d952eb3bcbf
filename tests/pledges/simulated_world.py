"""Agents of agent.py in a world that does not help: clocks run apart, the network loses, doubles,
delays, replays and alters, data planes obey late or unseen or not at all, agents die and stand
still, and one neighbour may have a key and say anything. After every event a referee looks at what
the data planes are in, not at what an agent believes: N1 to N9 of docs/pledges.md.

By the seed, with no clock and no socket.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent import (Agent, Applied, Arrived, Condition, Event, FoundInMode, Load, Looked, Turn,
                   Woken)
from settings import (Borrower, Caller, EnterMode, Limits, Mode, Neighbour, Order, Ramp,
                      Restore, Route, Settings, Throttle)
from wire import Discarded, Message, Thread, open_line, seal

THREAD = Thread("i-7", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
CAPACITY = 100  # Requests a second that each of the services can serve, and is sent.
SLACK_MS = 25  # Agents are woken each 20 ms.
TROUBLE_MS = 90_000
# A promise, the windows that have to be good, and the way back with its jitter, twice.
SETTLED_MS = 10_000 + 5_000 + 2 * 5_000
MODES = (Mode("lean"), Mode("bare", 2))


def evidence(errors_permille: int, queue_ms: int, rps: int = CAPACITY) -> dict[str, int]:
    return {"errors_permille": errors_permille, "p95_ms": 40, "queue_ms": queue_ms,
            "window_ms": 1_000, "requests_count": rps}


@dataclass(frozen=True)
class Faults:
    """In percent of the occasions; deaths and pauses per agent and second."""
    loss: int = 0
    doubling: int = 0
    delay: int = 0
    refusal: int = 0
    replay: int = 0
    deaths: int = 0
    pauses: int = 0


HARD = Faults(loss=10, doubling=10, delay=10, refusal=5, replay=10, deaths=1, pauses=1)


@dataclass
class Party:
    settings: Settings
    drift_ppm: int
    offset_ms: int
    agent: Agent | None = None
    epoch: int = 0
    paused_until: int = 0
    obeyed_at: int = 0
    planes: dict[str, EnterMode] = field(default_factory=dict)
    changes_at: dict[str, list[int]] = field(default_factory=dict)


class Broken(AssertionError):
    """An invariant of the standard does not hold."""


class World:
    def __init__(self, seed: int, demon: str | None = None):
        self.random = Random(seed)
        self.at = 1_000
        self.faults = Faults()
        self.demon = demon
        self.seen: Counter[str] = Counter()
        self.heap: list[tuple[int, int, Callable[[], None]]] = []
        self.order = 0
        self.sent: list[bytes] = []
        self.told: dict[str, Message] = {}
        self.demon_sequence = 0
        drift_max = 20_000 if seed % 4 == 0 else 4_000
        self.parties = {one.self: Party(one, self.random.randint(-drift_max, drift_max),
                                        self.random.randint(1, 10**8))
                        for one in estate(seed)}
        self.keys = {name: party.settings.signing_key.public_key()
                     for name, party in self.parties.items()}
        self.trouble_until = self.at + TROUBLE_MS

    def start(self) -> None:
        for name in self.parties:
            self.boot(name)
            self.every(20, lambda name=name: self.wake(name))
            self.every(1_000, lambda name=name: self.live_a_second(name))

    def run_for(self, span: int) -> None:
        end = self.at + span
        while self.heap and self.heap[0][0] <= end:
            self.at, _, what = heapq.heappop(self.heap)
            what()
            self.judge()
        self.at = end

    def end_faults(self) -> None:
        self.faults = Faults()
        for party in self.parties.values():
            party.paused_until = min(party.paused_until, self.at)

    def is_settled(self) -> bool:
        return all(
            not any(self.is_in_mode(party, route) for route in party.planes)
            and all(route.phase == "normal" for route in party.agent.routes.values())
            and all(caller.phase == "idle" for caller in party.agent.callers.values())
            for party in self.honest() if party.agent)

    # Time and chance.

    def after(self, span: int, what: Callable[[], None]) -> None:
        self.order += 1
        heapq.heappush(self.heap, (self.at + span, self.order, what))

    def every(self, span: int, what: Callable[[], None]) -> None:
        def again() -> None:
            what()
            self.after(span, again)
        self.after(span, again)

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def local(self, party: Party) -> int:
        return self.at + self.at * party.drift_ppm // 1_000_000 + party.offset_ms

    # Lives.

    def honest(self) -> list[Party]:
        return [party for name, party in self.parties.items() if name != self.demon]

    def boot(self, name: str) -> None:
        party = self.parties[name]
        if name == self.demon:
            return
        party.epoch += 1
        party.changes_at = {}
        party.agent = Agent(party.settings, party.epoch, self.local(party))
        self.give(name, self.load(name))
        for route, order in party.planes.items():
            if self.is_in_mode(party, route):
                self.give(name, FoundInMode(route, order.terms))

    def wake(self, name: str) -> None:
        party = self.parties[name]
        if name == self.demon:
            if self.chance(10):
                self.speak_as_demon(self.random.choice(
                    [one.agent for one in party.settings.neighbours]))
        elif party.agent and self.local(party) >= party.agent.wake_at():
            self.give(name, Woken())

    def live_a_second(self, name: str) -> None:
        party = self.parties[name]
        if name == self.demon:
            return
        if party.agent and self.chance(self.faults.deaths):
            self.seen["deaths"] += 1
            party.agent = None
            self.after(self.random.randint(0, 3_000), lambda: self.boot(name))
        elif party.agent and self.chance(self.faults.pauses):
            self.seen["pauses"] += 1
            party.paused_until = self.at + self.random.randint(0, 30_000)
        is_trouble = self.at < self.trouble_until
        self.give(name, Condition(is_suspended=is_trouble and self.chance(3),
                                  self_health=5 if is_trouble and self.chance(5) else 0))
        self.give(name, self.load(name))
        for route in party.settings.routes:
            self.give(name, Looked(route.route, self.look(party, route.route), THREAD))

    def load(self, name: str) -> Load:
        if name == "payments" and self.at < self.trouble_until:
            return Load(CAPACITY, "more" if self.chance(90) else "keep", 2)
        return Load(CAPACITY)

    def look(self, party: Party, route: str) -> dict[str, int]:
        """The vault, with a route of its own in trouble, would lend nothing: so now and then it
        sees little of it."""
        is_calm = route == "vault.pay" and self.at // 30_000 % 2 == 0
        in_mode = self.is_in_mode(party, route)
        rps = min(CAPACITY, party.planes[route].terms.rps_max) if in_mode else CAPACITY
        if self.at < self.trouble_until and self.chance(5 if is_calm else 70):
            return evidence(self.random.randint(100, 900), 50, rps)
        return evidence(0, 1, rps)

    # The network.

    def send(self, to: str, line: bytes) -> None:
        self.sent = self.sent[-199:] + [line]
        for _ in range(2 if self.chance(self.faults.doubling) else 1):
            if not self.chance(self.faults.loss):
                delay = self.random.randint(0, 3_000 if self.chance(self.faults.delay) else 5)
                self.after(delay, lambda: self.arrive(to, line))
        if self.chance(self.faults.replay):
            old = bytearray(self.random.choice(self.sent))
            if self.chance(50):
                old[self.random.randrange(len(old))] ^= 1
            self.after(self.random.randint(0, 3_000), lambda: self.arrive(to, bytes(old)))

    def arrive(self, to: str, line: bytes) -> None:
        if to != self.demon:
            return self.give(to, Arrived(line))
        try:
            message = open_line(line, self.keys)
        except Discarded:
            return
        if message.sender == self.demon:
            return  # Its own bytes, replayed to it.
        self.told[message.sender] = message
        if self.chance(90):
            self.speak_as_demon(message.sender)

    def give(self, name: str, event: Event) -> None:
        """A dead agent hears nothing; one that stands still hears all of it later."""
        party = self.parties[name]
        if party.agent is None:
            return
        if self.at < party.paused_until:
            if not isinstance(event, Woken):
                self.after(20, lambda: self.give(name, event))
            return
        before = promised(party)
        turn = party.agent.step(event, self.local(party))
        self.note(party, before, turn)
        for message in turn.messages:
            self.send(message.to, seal(message, party.settings.signing_key))
        for order in turn.orders:
            self.order_to(name, order, before)

    def note(self, party: Party, before: dict[str, Any], turn: Turn) -> None:
        for route, held in promised(party).items():
            if held and held.pledge and (before[route] is None
                                         or held.terms != before[route].terms):
                self.seen["changes"] += 1
                party.changes_at.setdefault(route, []).append(self.local(party))
        self.seen.update(message.kind for message in turn.messages)
        if turn.discarded:
            self.seen[turn.discarded] += 1

    # The data planes.

    def order_to(self, name: str, order: Order, before: dict[str, Any]) -> None:
        party = self.parties[name]
        if not isinstance(order, (EnterMode, Ramp, Restore, Throttle)):
            return
        route = next((one for one in party.settings.routes if one.route == order.route), None)
        must(route, "N4: an order for a route of somebody else")
        if isinstance(order, EnterMode):
            must(order.terms.rps_max >= route.floor_rps, "N5: a promise below the floor")
            held = before[order.route]
            is_new = ((held is None or held.terms != order.terms)
                      and not (self.is_in_mode(party, order.route)
                               and party.planes[order.route].terms == order.terms))
            must(not is_new or party.agent.reason_to_freeze() is None, "N9: a new mode, frozen")
            self.seen["redirects" if order.redirect else "modes"] += 1
        if isinstance(order, Throttle):
            left = CAPACITY * (1_000 - order.drop_permille) // 1_000
            must(left >= route.floor_rps, "N5: a fallback below the floor")
            self.seen["throttles"] += 1
        party.obeyed_at = max(party.obeyed_at, self.at + self.random.randint(0, 4))
        epoch = party.epoch
        self.after(party.obeyed_at - self.at, lambda: self.obey(name, order, epoch))

    def obey(self, name: str, order: Order, epoch: int) -> None:
        """An order may be lost with who gave it, refused, or obeyed without anybody knowing."""
        party = self.parties[name]
        is_orphan = party.agent is None or party.epoch != epoch
        if is_orphan and self.chance(50):
            return
        if isinstance(order, (Ramp, Restore)):
            party.planes.pop(order.route, None)
        if not isinstance(order, EnterMode):
            return
        is_refused = self.chance(self.faults.refusal)
        if not is_refused or self.chance(50):
            party.planes[order.route] = order
        if not is_orphan and not (is_refused and self.chance(50)):
            self.give(name, Applied(order.route, order.number, not is_refused))

    def is_in_mode(self, party: Party, route: str) -> bool:
        return route in party.planes and self.local(party) < party.planes[route].until

    def redirects_of(self, party: Party) -> list[tuple[str, int]]:
        return [(order.redirect.via, order.redirect.rps) for route, order in party.planes.items()
                if self.is_in_mode(party, route) and order.redirect
                and self.local(party) < order.redirect.until]

    # The referee.

    def judge(self) -> None:
        redirects = [one for party in self.honest() for one in self.redirects_of(party)]
        for party in self.honest():
            used = sum(rps for via, rps in redirects if via == party.settings.self)
            must(used <= CAPACITY * 90 // 100, "N2: a lender gets more than its budget")
            must(not used or not self.redirects_of(party), "N8: what is lent is passed on")
            if party.agent:
                self.judge_reliance(party)
                self.judge_routes(party)

    def judge_reliance(self, callee: Party) -> None:
        for (name, route), one in callee.agent.callers.items():
            caller = self.parties[name]
            if (name == self.demon or one.phase != "relying"
                    or self.local(callee) >= one.relies_until):
                continue
            self.seen["reliances"] += 1
            must(self.is_in_mode(caller, route)
                 and caller.planes[route].terms.rps_max <= one.relied.rps_max,
                 f"N1: {callee.settings.self} counts on {name}, which is not in the mode")

    def judge_routes(self, party: Party) -> None:
        now = self.local(party)
        is_awake = self.at >= party.paused_until + SLACK_MS
        for name, route in party.agent.routes.items():
            recent = [at for at in party.changes_at.get(name, []) if at > now - 60_000]
            must(len(recent) <= 3, "N6: more than three changes in a minute")
            if is_awake:
                must(route.phase != "asking" or now <= route.ask_until + SLACK_MS,
                     "N7: a question without an end")
                must(route.held is None or now <= route.held.until + SLACK_MS,
                     "N3: a promise that outlives its end")

    # The demon: it has a key, and says most readily what fits to what it was just told.

    def speak_as_demon(self, to: str) -> None:
        self.demon_sequence += 1
        told = self.told.get(to)
        body = ({"kind": "beacon", "level": 3, "queue_ms": 500, "inflight_count": 9,
                 "floor_rps": 0, "self_health": 0} if told is None else self.demons_body(to, told))
        message = Message(self.demon, to, 1, told.epoch if told else 0, self.demon_sequence,
                          self.at, self.random.choice((50, 1_000, 60_000)),
                          Thread() if body["kind"] == "beacon" else THREAD, body)
        line = seal(message, self.parties[self.demon].settings.signing_key)
        self.send(to, line[:self.random.randrange(len(line))] if self.chance(3) else line)

    def demons_body(self, to: str, told: Message) -> dict[str, Any]:
        pick = self.random.choice

        def number(name: str) -> int:
            near = told.body.get(name, 1)
            return near if self.chance(80) and near else pick((1, 2, near + 1, 77))
        if told.kind == "accept":
            told = replace(told, body=told.body | {"turn": told.body["turn"] + 1})
        ask, pledge, turn = number("ask"), number("pledge"), number("turn")
        route = {"route": f"{pick((to, self.demon))}.pay"}
        mode = {"mode": pick(("lean", "bare", "moved", "unheard_of")),
                "rps_max": pick((0, 1, 10, 45, 90, 1_000_000))}
        ttl = {"ttl_ms": pick((2_000, 10_000, 60_000))}
        rps = {"rps": pick((1, 46, 91, 1_000_001))}
        reason = {"reason": pick(("no_capacity", "frozen", "late", "policy"))}
        return pick((
            {"kind": "cfp", **route, "ask": ask, "menu": ["lean", "moved"],
             "evidence": evidence(300, 50)},
            {"kind": "offer", **route, "ask": ask, "pledge": pledge, **mode, **ttl},
            {"kind": "offer", **route, "ask": ask, "pledge": pledge, "mode": "lean",
             "rps_max": 45, "ttl_ms": 10_000},
            {"kind": "refuse", **route, "number": pledge, **reason},
            {"kind": "accept", **route, "pledge": pledge, "turn": turn, **mode},
            {"kind": "renew", **route, "pledge": pledge, "turn": turn, **mode, **ttl},
            {"kind": "release", **route, "pledge": pledge},
            {"kind": "revoke", **route, "pledge": pledge},
            {"kind": "req_cap", **route, "ask": ask, **rps, **ttl},
            {"kind": "grant", **route, "ask": ask, **rps, **ttl},
            {"kind": "deny", **route, "ask": ask, **reason},
            {"kind": "outcome", **route, "pledge": pledge, "goodput_rps": 1,
             "errors_permille": 5}))


def must(holds: Any, says: str) -> None:
    if not holds:
        raise Broken(says)


def promised(party: Party) -> dict[str, Any]:
    return {name: route.held for name, route in party.agent.routes.items()}


def estate(seed: int) -> list[Settings]:
    """Payments and who calls it. Cart and shop may move traffic to the vault; the vault, a caller
    too, may move its own to the shop: so that there is a circle which the hop limit has to cut."""
    random = Random(f"keys {seed}")
    keys = {name: Ed25519PrivateKey.from_private_bytes(random.randbytes(32))
            for name in ("cart", "shop", "payments", "vault")}
    moved = {"cart": "vault", "shop": "vault", "vault": "shop"}

    def settings(name: str, **parts: Any) -> Settings:
        neighbours = tuple(Neighbour(one, key.public_key(), "")
                           for one, key in keys.items() if one != name)
        return Settings(name, keys[name], neighbours, limits=Limits(), jitter_seed=seed, **parts)

    def route(name: str) -> tuple[Route, ...]:
        # Rather moved than lean.
        modes = (Mode("moved", 1, moved[name]),) + (MODES if name != "vault" else ())
        return (Route(f"{name}.pay", "payments", 10, modes),)
    return [
        settings("cart", routes=route("cart")),
        settings("shop", routes=route("shop"), borrowers=(Borrower("vault", "vault.pay"),)),
        settings("vault", routes=route("vault"),
                 borrowers=(Borrower("cart", "cart.pay"), Borrower("shop", "shop.pay"))),
        settings("payments", callers=tuple(
            Caller(name, f"{name}.pay", (Mode("moved"),) + (MODES if name != "vault" else ()))
            for name in moved))]
