"""A second writer of a ledger's bytes, by docs/internals/ledger.md: for tests that need a history
of many incidents at once, and while somebody reads it."""

import hashlib
import json
import struct

GENESIS = "0" * 64
FORMAT_VERSION = 2


def _table():
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


TABLE = _table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


class LedgerWriter:
    """Appends groups, and begins a segment after so many of them."""

    def __init__(self, directory, groups_per_segment=100, first_wall_ms=1_790_000_000_000):
        self.directory = directory
        self.groups_per_segment = groups_per_segment
        self.wall_ms = first_wall_ms
        self.next_index = 0
        self.hash = GENESIS
        self.ledger = GENESIS
        self.entries = []  # (group, position, hash, entry) of all but checkpoints
        self.file = None
        directory.mkdir(parents=True)

    def _begin_segment(self):
        if self.file:
            self.file.close()
        number = self.next_index // self.groups_per_segment
        header = (b"HOMEOLG" + bytes([FORMAT_VERSION]) + struct.pack("<Q", self.next_index) +
                  self.hash.encode() + self.ledger.encode())
        path = self.directory / f"{number:06}.hlog"
        self.file = path.open("wb", buffering=0)
        self.file.write(header + struct.pack("<I", crc32c(header)))

    def append(self, entries):
        """`entries`: of (kind, incident, body)."""
        if self.next_index % self.groups_per_segment == 0:
            self._begin_segment()
        self.wall_ms += 250
        group = {"previous": self.hash, "durable_count": max(self.next_index - 3, 0),
                 "entries_count": len(entries), "index": self.next_index,
                 "at": self.next_index * 250_000_000 + 1, "wall_at": self.wall_ms,
                 "boot_id": "a-boot-of-a-test",
                 "entries": [{"entry": kind, "incident": incident, "body": body}
                             for kind, incident, body in entries]}
        payload = json.dumps(group, separators=(",", ":"), ensure_ascii=False).encode()
        self.hash = hashlib.sha256(self.hash.encode() + payload).hexdigest()
        if self.next_index == 0:
            self.ledger = self.hash
        length = struct.pack("<I", len(payload))
        self.file.write(length + struct.pack("<I", crc32c(length + payload)) + payload)
        for position, entry in enumerate(group["entries"]):
            if entry["entry"] != "checkpoint":
                self.entries.append((self.next_index, position, self.hash, entry))
        self.next_index += 1

    def keys(self):
        return [f"{self.ledger}.{group}.{position}" for group, position, _, _ in self.entries]


def begin(writer, service="payments"):
    writer.append([("started", "", {"version": "0.1.0", "config_digest": "d", "service": service,
                                    "pid": 1})])


REMEDIES = [{"kind": "restart", "instance": "payments-0"},
            {"kind": "rollback", "service": "payments", "from": "v2", "to": "v1"}]


def tell_incident(writer, number):
    """One incident from its opening to its end, as six groups; every fourth one is handed over."""
    incident, state = f"i-{number}", ("checkpoint", f"i-{number}", {"state": number})
    remedy, effect = REMEDIES[number % 2], f"i-{number}.e1"
    writer.append([("opened", incident, {
        "symptom": {"symptom": "errors", "subject": {"kind": "service", "name": "payments"}},
        "choice": {"remedy": remedy},
        "words": "a \"quoted\" Wörd\u2028 \\ and \u0000 nothing"}), state])
    if number % 4 == 3:
        writer.append([("escalated", incident, {"because": "nothing is left"}), state])
        return
    kind = "question" if number % 4 == 1 else "permit"
    writer.append([state, ("verdict", incident, {
        "remedy": remedy,
        "verdict": {"verdict": kind, "rule": "a rule", "because": "1 of 2"}})])
    writer.append([state])
    by = "ana" if number % 4 == 1 else ""
    writer.append([("intent", incident, {"effect": effect, "remedy": remedy, "approved_by": by}),
                   state])
    writer.append([("outcome", incident, {
        "effect": effect, "outcome": {"outcome": "done", "because": "it says so"}})])
    writer.append([("proof", incident, {"remedy": remedy, "proof": {"proof": "helped"}}),
                   ("closed", incident, {"how": "healed", "tried": [remedy]}), state])
