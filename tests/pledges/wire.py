"""Messages between agents: their one byte form, their signature, and the inbox that tells a new
one from an old one. After docs/pledges.md, which says what each field means; nothing in here was
taken from the C++ of homeostat/mesh, so that the two can be held against each other.

Pure: no clock, no socket. Times are whole milliseconds of the reader's own clock.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (Ed25519PrivateKey,
                                                               Ed25519PublicKey)

VERSION = 1
BYTES_MAX = 1024
NUMBER_MAX = 2**53 - 1
TTL_MS_MIN, TTL_MS_MAX = 2_000, 60_000
SIGNED_UNDER = b"homeostat pledge 1\n"
SIGNATURE = re.compile(rb',"signature":"([0-9a-f]{128})"}\Z')
TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
SAYS = ("go", "wait", "mine")
REASONS = ("no_capacity", "not_mine", "frozen", "self_sick", "late", "floor", "policy")
# In the order in which a message is checked.
DISCARDS = ("oversized", "malformed", "version_unknown", "sender_unknown", "forged",
            "misaddressed", "stale_epoch", "replayed", "late")

Check = Callable[[Any], bool]
Body = dict[str, Any]
Keyring = Mapping[str, Ed25519PublicKey]


def number(low: int, high: int) -> Check:
    """A whole number within bounds. `True` is an int to Python, and none to JSON."""
    return lambda value: type(value) is int and low <= value <= high


def name(bytes_max: int = 64) -> Check:
    pattern = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,%d}" % (bytes_max - 1))
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


is_name, is_mode = name(), name(24)
count, rate, wait = number(1, NUMBER_MAX), number(0, 10_000_000), number(0, 600_000)
permille, requests = number(0, 1_000), number(0, 100_000_000)
ttl, lent = number(TTL_MS_MIN, TTL_MS_MAX), number(1, 10_000_000)


def is_reason(value: Any) -> bool:
    return isinstance(value, str) and value in REASONS


def is_saying(value: Any) -> bool:
    return isinstance(value, str) and value in SAYS


def is_menu(value: Any) -> bool:
    return (isinstance(value, list) and 1 <= len(value) <= 4 and all(map(is_mode, value))
            and len(set(value)) == len(value))


EVIDENCE: dict[str, Check] = {"errors_permille": permille, "p95_ms": wait, "queue_ms": wait,
                              "window_ms": number(1, 600_000), "requests_count": requests}


def keeps(fields: Mapping[str, Check], value: Any) -> bool:
    """Whether `value` has these fields, in this order and no other, each within its bounds."""
    return (isinstance(value, dict) and list(value) == list(fields)
            and all(check(value[field]) for field, check in fields.items()))


PROMISED = {"mode": is_mode, "rps_max": rate}
KINDS: dict[str, dict[str, Check]] = {
    "beacon": {"level": number(0, 3), "queue_ms": wait, "inflight_count": requests,
               "floor_rps": rate, "self_health": number(0, 8)},
    "cfp": {"route": is_name, "ask": count, "menu": is_menu,
            "evidence": lambda value: keeps(EVIDENCE, value)},
    "offer": {"route": is_name, "ask": count, "pledge": count, **PROMISED, "ttl_ms": ttl},
    "refuse": {"route": is_name, "number": count, "reason": is_reason},
    "accept": {"route": is_name, "pledge": count, "turn": number(0, NUMBER_MAX), **PROMISED},
    "renew": {"route": is_name, "pledge": count, "turn": count, **PROMISED, "ttl_ms": ttl},
    "release": {"route": is_name, "pledge": count},
    "revoke": {"route": is_name, "pledge": count},
    "req_cap": {"route": is_name, "ask": count, "rps": lent, "ttl_ms": ttl},
    "grant": {"route": is_name, "ask": count, "rps": lent, "ttl_ms": ttl},
    "deny": {"route": is_name, "ask": count, "reason": is_reason},
    "outcome": {"route": is_name, "pledge": count, "goodput_rps": rate,
                "errors_permille": permille},
    "intend": {"ask": count},
    "word": {"ask": count, "says": is_saying, "lasts_ms": number(0, 10_000)},
}
# Who asks waits for 50 ms; the others still help a second later.
IN_TIME_ONLY = ("cfp", "offer", "req_cap", "grant", "deny", "intend", "word")
VALID_MS = {kind: 50 if kind in IN_TIME_ONLY else 1_000 for kind in KINDS}


@dataclass(frozen=True)
class Thread:
    """The incident of the side that asked, and its trace. Empty in a beacon."""
    incident: str = ""
    traceparent: str = ""


@dataclass(frozen=True)
class Message:
    sender: str
    to: str
    epoch: int
    to_epoch: int
    sequence: int
    sent_ms: int
    valid_ms: int
    thread: Thread
    body: Body

    @property
    def kind(self) -> str:
        return self.body["kind"]

    def as_object(self) -> dict[str, Any]:
        """With its members in the order of the bytes."""
        return {"v": VERSION, "from": self.sender, "to": self.to, "epoch": self.epoch,
                "to_epoch": self.to_epoch, "sequence": self.sequence, "sent_ms": self.sent_ms,
                "valid_ms": self.valid_ms, "incident": self.thread.incident,
                "traceparent": self.thread.traceparent, "body": self.body}


class Discarded(Exception):
    """Bytes that are thrown away: they change nothing but the count of `why`."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


def text_of(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def is_within_bounds(message: Any) -> bool:
    """Whether the members of a parsed message are those of the protocol, each within its bounds."""
    body = message.get("body") if isinstance(message, dict) else None
    kind = body.get("kind") if isinstance(body, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        return False
    is_beacon = kind == "beacon"
    envelope: dict[str, Check] = {
        "v": number(VERSION, VERSION), "from": is_name, "to": is_name, "epoch": count,
        "to_epoch": number(0 if is_beacon else 1, NUMBER_MAX), "sequence": count,
        "sent_ms": number(0, NUMBER_MAX), "valid_ms": number(1, 60_000),
        "incident": (lambda value: value == "") if is_beacon else is_name,
        "traceparent": ((lambda value: value == "") if is_beacon else
                        lambda value: isinstance(value, str)
                        and TRACEPARENT.fullmatch(value) is not None),
        "body": lambda value: keeps({"kind": is_name, **KINDS[kind]}, value)}
    return keeps(envelope, message) and message["from"] != message["to"]


def seal(message: Message, key: Ed25519PrivateKey) -> bytes:
    """The line that goes out. Whoever breaks a bound has a mistake, and does not send it."""
    if not is_within_bounds(message.as_object()):
        raise ValueError(f"out of bounds: {message}")
    return sign_text(text_of(message.as_object()), key)


def sign_text(text: bytes, key: Ed25519PrivateKey) -> bytes:
    """`text` is an object; its signature becomes its last member."""
    return text[:-1] + b',"signature":"%s"}' % key.sign(SIGNED_UNDER + text).hex().encode()


def parse(text: bytes) -> Any:
    """JSON in ASCII, no member twice. What two readers could take differently is refused."""
    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) != len(pairs):
            raise ValueError("a member stands twice")
        return dict(pairs)

    try:
        return json.loads(text.decode("ascii"), object_pairs_hook=distinct)
    except (ValueError, RecursionError):
        raise Discarded("malformed") from None


def open_line(line: bytes, keys: Keyring) -> Message:
    """Who wrote it and what it says. Whether it is new, the inbox knows. Raises Discarded."""
    if len(line) > BYTES_MAX:
        raise Discarded("oversized")
    signature = SIGNATURE.search(line)
    if signature is None:
        raise Discarded("malformed")
    text = line[:signature.start()] + b"}"
    value = parse(text)
    version = value.get("v") if isinstance(value, dict) else None
    if number(VERSION + 1, 2**63 - 1)(version):
        raise Discarded("version_unknown")
    if not is_within_bounds(value) or text_of(value) != text:
        raise Discarded("malformed")
    key = keys.get(value["from"])
    if key is None:
        raise Discarded("sender_unknown")
    try:
        key.verify(bytes.fromhex(signature[1].decode()), SIGNED_UNDER + text)
    except InvalidSignature:
        raise Discarded("forged") from None
    return Message(value["from"], value["to"], value["epoch"], value["to_epoch"],
                   value["sequence"], value["sent_ms"], value["valid_ms"],
                   Thread(value["incident"], value["traceparent"]), value["body"])


@dataclass
class Heard:
    """What was heard of one life of one neighbour."""
    epoch: int
    sequence: int
    difference_ms: int  # Our clock less the sender's, of the fastest message.
    fastest_at: int


class Inbox:
    """Which messages are new, for us, in time and of a life that goes on. Nothing of it is stored:
    our epoch has risen when all this is forgotten."""

    def __init__(self, own_name: str, keys: Keyring):
        self.own_name = own_name
        self.keys = keys
        self.heard: dict[str, Heard] = {}
        self.discarded: Counter[str] = Counter()

    def admit(self, line: bytes, own_epoch: int, now: int) -> Message:
        """Raises Discarded; then nothing but its count has changed."""
        try:
            message = open_line(line, self.keys)
            heard = self._heard_after(message, own_epoch, now)
        except Discarded as discarded:
            self.discarded[discarded.why] += 1
            raise
        self.heard[message.sender] = heard
        return message

    def epoch_of(self, neighbour: str) -> int:
        """0: nothing was heard of it in this life."""
        heard = self.heard.get(neighbour)
        return heard.epoch if heard else 0

    def _heard_after(self, message: Message, own_epoch: int, now: int) -> Heard:
        if message.to != self.own_name:
            raise Discarded("misaddressed")
        last = self.heard.get(message.sender)
        is_greeting = message.kind == "beacon" and message.to_epoch == 0
        if not is_greeting and message.to_epoch != own_epoch:
            raise Discarded("stale_epoch")
        if last and message.epoch < last.epoch:
            raise Discarded("stale_epoch")
        difference = now - message.sent_ms
        if last is None or message.epoch > last.epoch:
            return Heard(message.epoch, message.sequence, difference, now)
        if message.sequence <= last.sequence:
            raise Discarded("replayed")
        # It rises by a hundredth of the time since: clocks run apart, and the fastest message of
        # an hour ago must not make all later ones late.
        bar = last.difference_ms + (now - last.fastest_at) // 100
        if difference - bar > message.valid_ms:
            raise Discarded("late")
        if difference <= bar:
            return Heard(message.epoch, message.sequence, difference, now)
        return Heard(message.epoch, message.sequence, last.difference_ms, last.fastest_at)
