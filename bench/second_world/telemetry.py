"""What is known of a world at the moment of judgement, taken first-hand: the proxy's counters and
its line for each request, /proc, INFO of Redis, the ends of log files, and what users say. No agent
of ours is asked.

`Recorder` looks at a world once a second; the functions below it are pure.
"""

import os
import re
import socket
import time
from pathlib import Path

from draw import ROLES
from world import now_s

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
CALLER_OF = {"edge": "edge", "fraud_in": "payments", "rates_in": "payments", "source_in": "quotes"}
LINE_BYTES_MAX, LINES_EACH_MAX = 300, 400


class Recorder:
    def __init__(self, world):
        self.world = world
        self.looks, self.lines = [], []
        self.offsets = {}
        self.epoch_ahead_s = time.time() - now_s()

    def look(self):
        self.looks.append({"at": now_s(), "servers": self.servers(), "processes": self.processes(),
                           "redis": self.redis_info()})
        for name in [*self.world.wanted, "haproxy", "redis"]:
            self.read_log(name)

    def servers(self):
        """name → (role, status, waiting); of the backend as a whole under its role's name."""
        rows = {}
        for row in self.world.stat():
            name = row["pxname"] if row["svname"] == "BACKEND" else row["svname"]
            if row["pxname"] in ROLES and name != "FRONTEND":
                rows[name] = (row["pxname"], row["status"], int(row["qcur"] or 0))
        return rows

    def processes(self):
        found = {}
        for name in [*self.world.wanted, "haproxy", "redis"]:
            process = self.world.processes.get(name)
            if process is None or process.poll() is not None:
                continue
            try:
                fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            found[name] = (process.pid, (int(fields[11]) + int(fields[12])) / TICKS_PER_S,
                           int(fields[21]) * 4096)
        return found

    def redis_info(self):
        """None when it does not answer in a tenth of a second."""
        try:
            with socket.create_connection(("127.0.0.1", self.world.redis), 0.1) as redis:
                redis.settimeout(0.1)
                redis.sendall(b"INFO\r\n")
                text = b""
                while b"db0:" not in text and b"# Keyspace\r\n\r\n" not in text:
                    part = redis.recv(65536)
                    if not part or text.startswith(b"-"):
                        return None
                    text += part
        except OSError:
            return None
        told = dict(line.split(":", 1) for line in text.decode().splitlines() if ":" in line)
        return {key: float(told[key]) for key in
                ("keyspace_hits", "keyspace_misses", "used_memory", "connected_clients",
                 "total_commands_processed", "evicted_keys")}

    def read_log(self, name):
        file = self.world.run_dir / f"{name}.log"
        if not file.exists():
            return
        with open(file, "rb") as log:
            log.seek(self.offsets.get(name, 0))
            text = log.read(1 << 20)
        self.offsets[name] = self.offsets.get(name, 0) + len(text)
        for line in text.decode(errors="replace").splitlines()[-LINES_EACH_MAX:]:
            self.lines.append((now_s(), name, line[:LINE_BYTES_MAX]))

    def calls(self):
        """(ended, caller, role, instance, ms, is good) of each request that passed the proxy."""
        for line in (self.world.run_dir / "requests.log").read_text().splitlines():
            words = line.split()
            if len(words) != 7 or words[1] not in CALLER_OF:
                continue
            ended_ms, frontend, backend, server, took, status, how = words
            role = backend if backend in ROLES else "fraud"  # Its circuit is open.
            is_good = 200 <= int(status) < 500 and how[0] == "-"
            yield (int(ended_ms) / 1000 - self.epoch_ahead_s, CALLER_OF[frontend], role, server,
                   max(0, int(took)), is_good)


# --- Series: pure ----------------------------------------------------------------------------
def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def bins_of(calls, every_s, to_s):
    """Lists of (ms, is good), one for each `every_s` to `to_s`. calls: (time, ms, is good)."""
    bins = [[] for _ in range(int(to_s / every_s))]
    for time_s, took, is_good in calls:
        index = int(time_s // every_s)
        if 0 <= index < len(bins):
            bins[index].append((took, is_good))
    return bins


def series_of_calls(calls, to_s):
    """Requests, errors and latency, whoever they are of."""
    each = bins_of(calls, 1, to_s)
    wide = bins_of(calls, 3, to_s)
    requests = [[at + 1, len(one)] for at, one in enumerate(each)]
    errors = [[at + 1, round(sum(not good for _, good in one) / len(one), 3)]
              for at, one in enumerate(each) if one]
    late = [[3 * at + 3, quantile([took for took, _ in one], 0.99)]
            for at, one in enumerate(wide) if one]
    return [("http_requests", "1/s", requests), ("http_error_ratio", "ratio", errors),
            ("http_request_duration_p99", "ms", late)]


def series_of_users(answers, to_s):
    """answers: (came or was given up, verdict): what somebody sees who pays and checks the sum."""
    bins = [[] for _ in range(int(to_s))]
    for came, verdict in answers:
        if 0 <= came < len(bins):
            bins[int(came)].append(verdict)
    found = [("users_requests", "1/s", [[at + 1, len(one)] for at, one in enumerate(bins)])]
    for name, verdict in (("users_failed_ratio", "error"), ("users_slow_ratio", "slow"),
                          ("users_wrong_ratio", "wrong")):
        found.append((name, "ratio", [[at + 1, round(one.count(verdict) / len(one), 3)]
                                      for at, one in enumerate(bins) if one]))
    return found


def redis_series(looks, zero):
    found = {"up": [], "hit_ratio": [], "memory_used": [], "connected_clients": []}
    before = None
    for look in looks:
        at, info = round(look["at"] - zero, 1), look["redis"]
        found["up"].append([at, 0 if info is None else 1])
        if info is None:
            continue
        found["memory_used"].append([at, info["used_memory"]])
        found["connected_clients"].append([at, info["connected_clients"]])
        if before is not None:
            hits = info["keyspace_hits"] - before["keyspace_hits"]
            asked = hits + info["keyspace_misses"] - before["keyspace_misses"]
            if asked > 0:
                found["hit_ratio"].append([at, round(max(0.0, hits / asked), 3)])
        before = info
    units = {"up": "ratio", "hit_ratio": "ratio", "memory_used": "bytes", "connected_clients": ""}
    return [(f"redis_{name}", units[name], points) for name, points in found.items()]


def process_series(looks, zero, name):
    """(memory, processor) of an instance, whichever process it was."""
    memory, cpu = [], []
    before = None
    for look in looks:
        at, seen = round(look["at"] - zero, 1), look["processes"].get(name)
        if seen is None:
            before = None
            continue
        pid, used_s, resident = seen
        memory.append([at, resident])
        if before is not None and before[0] == pid:
            cpu.append([at, round((used_s - before[1]) / (at - before[2]), 4)])
        before = (pid, used_s, at)
    return memory, cpu


# --- Alerts: pure ----------------------------------------------------------------------------
def mean_of_last(points, at, seconds):
    values = [value for time_s, value in points if at - seconds < time_s <= at]
    return sum(values) / len(values) if values else None


def first_above(points, limit, to_s, seconds=3):
    """When the mean of the last seconds was above the limit at first, and whether it is still."""
    fired = None
    for at in range(seconds, int(to_s) + 1):
        mean = mean_of_last(points, at, seconds)
        is_above = mean is not None and mean > limit
        if is_above and fired is None:
            fired = at
    if fired is None:
        return None
    last = mean_of_last(points, int(to_s), seconds)
    return fired, "firing" if last is not None and last > limit else "resolved"


# --- Log lines: pure ---------------------------------------------------------------------------
LEVELS = {"INFO": "info", "WARN": "warn", "ERROR": "error", "NOTICE": "info", "WARNING": "warn",
          "ALERT": "error"}


def line_of(name, text):
    """(level, text) of a line of one of our programs; None for one that says nothing."""
    told = re.match(r"\d{4}-\S+Z (INFO|WARN|ERROR) \S+ (.*)", text)
    if told:
        return LEVELS[told[1]], told[2]
    told = re.match(r"\[(NOTICE|WARNING|ALERT)\]\s+\(\d+\) : (.*)", text)
    if told:
        return LEVELS[told[1]], told[2]
    told = re.match(r"\d+:\S+ \d+ \S+ \d{4} \S+ ([*#.-]) (.*)", text)
    if told and name == "redis":
        return ("warn" if told[1] == "#" else "info"), told[2]
    return None
