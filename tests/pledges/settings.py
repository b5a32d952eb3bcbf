"""What an agent's configuration says, and what it tells its own side to do (orders).

The file is the one that tests/pledges/README.md specifies for a server under test; of a production
agent only the names, keys and catalogues have to be the same. Names that are not in here are
refused, whoever sends them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import (Ed25519PrivateKey,
                                                               Ed25519PublicKey)

from wire import TTL_MS_MAX, TTL_MS_MIN, Thread


@dataclass(frozen=True)
class Limits:
    """The table "Times" of the standard, and the thresholds beside it."""
    errors_enter_permille: int = 100
    queue_enter_ms: int = 20
    windows_enter: int = 2
    errors_leave_permille: int = 10
    queue_leave_ms: int = 5
    windows_leave: int = 5
    trial_after_ms: int = 60_000
    windows_relief: int = 2
    ask_deadline_ms: int = 50
    renew_deadline_ms: int = 1_000
    ttl_ms: int = 10_000
    release_again_after_ms: int = 1_000
    dwell_ms: int = 5_000
    ramp_step_ms: int = 1_000
    jitter_percent: int = 20
    changes_max: int = 3
    changes_window_ms: int = 60_000
    hold_down_ms: int = 60_000
    hold_down_max_ms: int = 600_000
    share_percent: int = 90
    neighbours_bad_percent_max: int = 30
    self_health_max: int = 3
    beacon_every_ms: int = 1_000
    beacon_every_in_need_ms: int = 200
    hint_for_ms: int = 2_000
    word_for_ms: int = 2_000
    leave_for_ms: int = 3_000

    def __post_init__(self) -> None:
        if not TTL_MS_MIN <= self.ttl_ms <= TTL_MS_MAX:
            raise ValueError("ttl_ms: 2 s to 60 s are allowed")
        if not 0 < self.ask_deadline_ms < self.dwell_ms:
            raise ValueError("ask_deadline_ms: longer than nothing and shorter than dwell_ms")

    @property
    def renew_after_ms(self) -> int:
        """Two renewals may be lost."""
        return self.ttl_ms // 3


def reliance_ms(ttl_ms: int) -> int:
    """What of a promise may be counted on, from when one asked: clocks run apart by up to 5 %."""
    return ttl_ms - max(ttl_ms // 20, 100)


@dataclass(frozen=True)
class Mode:
    mode: str
    depth: int = 1
    via: str | None = None


def mode_named(modes: tuple[Mode, ...], mode: str) -> Mode | None:
    return next((one for one in modes if one.mode == mode), None)


@dataclass(frozen=True)
class Route:
    """Of which this agent's service is the caller."""
    route: str
    callee: str
    floor_rps: int
    modes: tuple[Mode, ...]


@dataclass(frozen=True)
class Caller:
    """A route of which it is the callee."""
    caller: str
    route: str
    modes: tuple[Mode, ...]


@dataclass(frozen=True)
class Borrower:
    caller: str
    route: str


@dataclass(frozen=True)
class Found:
    """What the data plane is in when the agent starts."""
    route: str
    mode: str
    rps_max: int
    left_ms: int


@dataclass(frozen=True)
class Neighbour:
    agent: str
    key: Ed25519PublicKey
    url: str


@dataclass(frozen=True)
class Settings:
    self: str
    signing_key: Ed25519PrivateKey
    neighbours: tuple[Neighbour, ...]
    routes: tuple[Route, ...] = ()
    callers: tuple[Caller, ...] = ()
    borrowers: tuple[Borrower, ...] = ()
    limits: Limits = field(default_factory=Limits)
    found: tuple[Found, ...] = ()
    epoch_file: str = ""
    jitter_seed: int = 0


def modes_of(value: list[dict[str, Any]]) -> tuple[Mode, ...]:
    return tuple(Mode(**one) for one in value)


def settings_of(value: dict[str, Any]) -> Settings:
    """From the parsed file. Raises ValueError, KeyError or TypeError: the agent does not start."""
    unknown = set(value) - {one.name for one in fields(Settings)} - {"signing_seed"}
    if unknown:
        raise ValueError(f"unknown: {sorted(unknown)}")
    routes = [one | {"modes": modes_of(one["modes"])} for one in value.get("routes", [])]
    callers = [one | {"modes": modes_of(one["modes"])} for one in value.get("callers", [])]
    return Settings(
        self=value["self"],
        signing_key=Ed25519PrivateKey.from_private_bytes(bytes.fromhex(value["signing_seed"])),
        neighbours=tuple(
            Neighbour(one["agent"], Ed25519PublicKey.from_public_bytes(bytes.fromhex(one["key"])),
                      one["url"]) for one in value["neighbours"]),
        routes=tuple(Route(**one) for one in routes),
        callers=tuple(Caller(**one) for one in callers),
        borrowers=tuple(Borrower(**one) for one in value.get("borrowers", [])),
        limits=Limits(**value.get("limits", {})),
        found=tuple(Found(**one) for one in value.get("found", [])),
        epoch_file=value["epoch_file"],
        jitter_seed=value.get("jitter_seed", 0))


@dataclass(frozen=True)
class Terms:
    mode: str
    rps_max: int


@dataclass(frozen=True)
class Redirect:
    """Traffic that a third service takes; after `until` it is shed."""
    via: str
    rps: int
    until: int


# Orders. Each is about one's own traffic, and whatever lowers what users get carries its end.
@dataclass(frozen=True)
class EnterMode:
    """Be in a mode until then, read back whether the data plane is, and answer with `number`."""
    route: str
    number: int
    terms: Terms
    redirect: Redirect | None
    until: int


@dataclass(frozen=True)
class Ramp:
    """This share of what was held back goes to the callee again."""
    route: str
    share_percent: int
    until: int


@dataclass(frozen=True)
class Restore:
    route: str


@dataclass(frozen=True)
class Throttle:
    route: str
    drop_permille: int
    until: int


@dataclass(frozen=True)
class Rely:
    """The caller sends no more than this until then."""
    caller: str
    route: str
    terms: Terms
    until: int


@dataclass(frozen=True)
class StopRelying:
    caller: str
    route: str


@dataclass(frozen=True)
class NoteOutcome:
    """For the ledger: who says how it went."""
    agent: str
    thread: Thread
    body: dict[str, Any]


Order = EnterMode | Ramp | Restore | Throttle | Rely | StopRelying | NoteOutcome


@dataclass(frozen=True)
class Saying:
    """A message before it has an envelope."""
    to: str
    thread: Thread
    body: dict[str, Any]


@dataclass
class Effects:
    """What a step wants done, in this order."""
    sayings: list[Saying] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)

    def say(self, to: str, thread: Thread, kind: str, **members: Any) -> None:
        self.sayings.append(Saying(to, thread, {"kind": kind, **members}))
