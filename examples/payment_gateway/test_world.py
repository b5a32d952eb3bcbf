#!/usr/bin/env python3
"""Starts the whole payment gateway, breaks it in every way it can, asserts what a customer sees.

    test_world.py --bin build/release/bin               the test, about a minute
    test_world.py --bin build/release/bin --measure 20  the processor time of 20 s at 200/s
    test_world.py --bin build/release/bin --stay        a world to play with

Free ports and a temporary directory; every process it starts is ended by pid, also if it dies.
Needs haproxy and redis-server. Standard library only.
"""

import argparse
import concurrent.futures
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools"))

from free_ports import free_ports  # noqa: E402

GOOD_SHARE_MIN = 0.995
RATE = 200
PATIENCE = 4
SERVICES = {
    # workers × waiting time is the capacity: payments 3 × 16 / 25 ms ≈ 1,900 per second.
    "payments": {"instances": 3, "workers": 16, "own_wait_ms": 15},
    "fraud": {"instances": 2, "workers": 12, "own_wait_ms": 8},
    "quotes": {"instances": 1, "workers": 48, "own_wait_ms": 1},
    "rates": {"instances": 1, "workers": 8, "own_wait_ms": 4},
}
SPARES = ["payments-3", "payments-4"]  # Declared at the proxy; nobody starts them here.


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def wait_until(what, condition, seconds=10):
    """Seconds of a quiet machine; a busy one has PATIENCE times as many. No success comes later for
    it, and no time limit is what a test is about."""
    give_up_at = time.monotonic() + seconds * PATIENCE
    while not condition():
        if time.monotonic() > give_up_at:
            raise AssertionError(f"waited {seconds * PATIENCE} s in vain until {what}")
        time.sleep(0.02)


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Traffic:
    """The lines of one run of the load generator."""

    def __init__(self, lines):
        self.requests = [(int(due), int(us), int(status), verdict)
                         for due, us, status, verdict in (line.split() for line in lines)]
        self.bad = [request for request in self.requests if request[3] != "good"]

    @property
    def good_share(self):
        return 1 - len(self.bad) / max(1, len(self.requests))

    def latency_ms(self, share):
        latencies = sorted(us for _, us, _, _ in self.requests)
        return latencies[min(len(latencies) - 1, int(share * len(latencies)))] / 1000

    def __str__(self):
        verdicts = sorted({(status, verdict) for _, _, status, verdict in self.bad})
        return (f"{len(self.requests)} requests, {100 * self.good_share:.2f} % good, "
                f"p50 {self.latency_ms(0.5):.1f} ms, p99 {self.latency_ms(0.99):.1f} ms, "
                f"bad: {verdicts}")


def redis_words(*words):
    """A command as Redis' protocol spells it."""
    return f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)


class World:
    def __init__(self, programs, run_dir):
        self.programs = programs
        self.run_dir = run_dir
        self.processes = {}
        self.generators = []
        self.logs = []
        self.seed = 0
        names = [f"{service}-{index}" for service, how in SERVICES.items()
                 for index in range(how["instances"])]
        ports = free_ports(len(names) + 6 + len(SPARES))
        self.ports = dict(zip(names, ports))
        self.spare_ports = dict(zip(SPARES, [ports.pop() for _ in SPARES]))
        self.edge, self.fraud_edge, self.rates_edge, *more = ports[len(names):]
        self.source, self.redis_edge, self.redis = more

    # --- start and end -------------------------------------------------------------------
    def start_process(self, name, command, cwd=None, **more):
        log = open(self.run_dir / f"{name}.log", "ab")
        self.logs.append(log)
        more.setdefault("stdout", log)
        self.processes[name] = subprocess.Popen(
            command, cwd=cwd or self.run_dir, stderr=log, preexec_fn=die_with_parent, **more)

    def start(self):
        for service in SERVICES:
            self.make_version(service, "v1")
            self.switch_version(service, "v1")
        self.start_process("fault-switch",
                           [self.programs / "fault-switch",
                            "--socket", self.run_dir / "faults.sock"],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        wait_until("the fault switch listens", (self.run_dir / "faults.sock").is_socket)
        self.start_redis()
        for name in self.ports:
            self.start_instance(name)
        self.start_haproxy()
        wait_until("the proxy sees all servers up", self.is_all_up)
        wait_until("all services follow the faults", lambda: self.switch(count=True) == 7)

    def make_version(self, service, version):
        directory = self.run_dir / service / "versions" / version
        directory.mkdir(parents=True)
        (directory / service).symlink_to(self.programs / service)
        edges = {"payments": {"fraud": self.fraud_edge, "rates": self.rates_edge},
                 "quotes": {"rates": self.source, "redis": self.redis_edge}}
        (directory / "service.json").write_text(json.dumps({
            "service": service, "version": version, "workers": SERVICES[service]["workers"],
            "own_wait_ms": SERVICES[service]["own_wait_ms"],
            "edge": edges.get(service, {}),
            "faults_socket": str(self.run_dir / "faults.sock")}))

    def switch_version(self, service, version):
        root = self.run_dir / service
        (root / "current.new").symlink_to(Path("versions") / version)
        (root / "current.new").rename(root / "current")

    def start_redis(self):
        self.start_process("redis", [
            "redis-server", "--bind", "127.0.0.1", "--port", str(self.redis), "--save", "",
            "--appendonly", "no", "--maxmemory", "16mb", "--dir", str(self.run_dir)])

    def start_instance(self, name):
        service = name.rsplit("-", 1)[0]
        current = self.run_dir / service / "current"
        self.start_process(
            name, [current / service, "--port", str(self.ports[name]), "--name", name],
            cwd=current)

    def words(self):
        """What stands for each word between at signs in a template."""
        words = {"RUN_DIR": self.run_dir, "EDGE_PORT": self.edge, "FRAUD_PORT": self.fraud_edge,
                 "RATES_PORT": self.rates_edge, "SOURCE_PORT": self.source,
                 "REDIS_EDGE_PORT": self.redis_edge, "REDIS_PORT": self.redis,
                 "PAYMENTS_MAXCONN": 80, "FRAUD_MAXCONN": 0, "SOURCE_READS_MAX": 1000,
                 "REDIS_NODES": f'address: "127.0.0.1:{self.redis}"',
                 "PAYMENTS_CHECKS": "check inter 500ms fall 2 rise 1"}
        for name, port in {**self.ports, **self.spare_ports}.items():
            words[name.upper().replace("-", "_") + "_PORT"] = port
        return words

    def proxy_config(self):
        text = (HERE / "haproxy.cfg.in").read_text()
        for word, value in self.words().items():
            text = text.replace(f"@{word}@", str(value))
        assert "@" not in text, "a placeholder of haproxy.cfg.in was not replaced"
        return text

    def start_haproxy(self):
        (self.run_dir / "haproxy.cfg").write_text(self.proxy_config())
        self.run_haproxy()

    def run_haproxy(self):
        haproxy = shutil.which("haproxy") or "/usr/sbin/haproxy"
        self.start_process("haproxy", [haproxy, "-db", "-f", self.run_dir / "haproxy.cfg"])

    def restart_haproxy(self, config):
        self.processes["haproxy"].kill()
        self.processes["haproxy"].wait()
        (self.run_dir / "haproxy.cfg").write_text(config)
        self.run_haproxy()
        wait_until("the proxy sees all servers up", self.is_all_up)

    def end(self):
        for process in [*self.generators, *self.processes.values()]:
            if process.poll() is None:
                process.kill()
            process.wait()
        for log in self.logs:
            log.close()

    # --- what a test does to it and reads from it ----------------------------------------
    def switch(self, **command):
        process = self.processes["fault-switch"]
        process.stdin.write(json.dumps(command) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline().split()
        assert answer[0] == "ok", f"{command} was answered {answer}"
        return int(answer[1])

    def clear(self):
        """Ends every fault and waits until the proxy trusts every server again."""
        self.switch(clear=True)
        wait_until("the proxy sees all servers up", self.is_all_up)

    def start_traffic(self, seconds):
        self.seed += 1
        generator = subprocess.Popen(
            [self.programs / "load-generator", "--port", str(self.edge), "--rate", str(RATE),
             "--seed", str(self.seed), "--for", f"{int(seconds * 1000)}ms"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            preexec_fn=die_with_parent)
        self.generators.append(generator)
        return generator

    def traffic(self, seconds):
        generator = self.start_traffic(seconds)
        lines, _ = generator.communicate(timeout=seconds + 5)
        assert generator.returncode == 0
        return Traffic(lines.splitlines())

    def assert_good(self, seconds, when):
        seen = self.traffic(seconds)
        print(f"    {when}: {seen}")
        assert len(seen.requests) > 0.7 * RATE * seconds, f"{when}: too few requests"
        assert seen.good_share >= GOOD_SHARE_MIN, f"{when}: too few good answers"
        return seen

    def get(self, name, path, timeout=0.4):
        """Status and text of an instance's own answer; (0, "") when none comes."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}{path}",
                                        timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metric(self, name, metric):
        for line in self.get(name, "/metrics")[1].splitlines():
            if line.startswith(metric + " "):
                return float(line.split()[1])
        return 0.0

    def ask_proxy(self, command, timeout=2, has_comments=False):
        """The lines, without those that are comments; none if it is silent."""
        with socket.socket(socket.AF_UNIX) as stats:
            stats.settimeout(timeout)
            try:
                stats.connect(str(self.run_dir / "haproxy.sock"))
                stats.sendall(command.encode() + b"\n")
                text = b"".join(iter(lambda: stats.recv(65536), b"")).decode()
            except OSError:
                return []
        return [line for line in text.splitlines()
                if line and (has_comments or not line.startswith("#"))]

    def servers(self):
        """Server → status as the proxy sees it, without the spares, e.g.
        {"payments/p0": "UP"}; {} if it is silent."""
        rows = [line.split(",") for line in self.ask_proxy("show stat")]
        return {f"{row[0]}/{row[1]}": row[17] for row in rows
                if row[1] not in ("FRONTEND", "BACKEND", "p3", "p4")}

    def ask_redis(self, port, *words):
        """One reply, as it came."""
        with socket.create_connection(("127.0.0.1", port), timeout=2) as redis:
            redis.sendall(redis_words(*words).encode())
            return redis.recv(65536).decode()

    def source_reads(self):
        return self.log_of("rates-0").count(" rate quoted ")

    def is_all_up(self):
        states = self.servers()
        return len(states) == 8 and all(state == "UP" for state in states.values())

    def log_of(self, name):
        return (self.run_dir / f"{name}.log").read_text()


# --- The tests: each a sentence that can be false ------------------------------------------
def a_healthy_world_answers_well(world):
    seen = world.assert_good(5, "healthy")
    assert seen.latency_ms(0.5) < 100


def a_version_with_a_bug_fails_for_a_share_of_its_requests(world):
    assert world.switch(service="payments", version="v2", error_share=0.3) == 0
    world.assert_good(2, "v2 is not there yet")
    world.make_version("payments", "v2")
    world.switch_version("payments", "v2")
    old = world.processes["payments-1"]
    began_at = time.monotonic()
    old.send_signal(signal.SIGTERM)
    assert old.wait(2) == 0
    assert time.monotonic() - began_at < 1, "SIGTERM must end it within a second"
    world.start_instance("payments-1")
    wait_until("v2 follows the faults", lambda: world.switch(count=True, version="v2") == 1)
    wait_until("the proxy sees all servers up", world.is_all_up)
    seen = world.traffic(4)
    print(f"    one of three runs v2: {seen}")
    assert 0.03 < 1 - seen.good_share < 0.25, "a third of the requests fails by 0.3"
    assert {status for _, _, status, _ in seen.bad} == {503}
    assert "settlement schema mismatch" in world.log_of("payments-1")
    assert 'version="v2"' in world.get("payments-1", "/metrics")[1]
    world.clear()
    world.assert_good(2, "cleared")


def a_leak_climbs_and_then_the_instance_stalls(world):
    before = world.metric("payments-0", "process_resident_memory_bytes")
    world.switch(service="payments", instance="payments-0", leak_mb_per_s=40, stall_at_mb=60)
    wait_until("memory has climbed", lambda: world.metric(
        "payments-0", "process_resident_memory_bytes") > before + 20e6)
    assert world.get("payments-0", "/healthz")[0] == 200, "it serves while it grows"
    wait_until("it stalls", lambda: world.get("payments-0", "/healthz")[0] == 0)
    seen = world.traffic(2)
    print(f"    one of three stalls: {seen}")
    wait_until("the proxy takes it out",
               lambda: world.servers()["payments/p0"].startswith("DOWN"))
    assert "session cache grows" in world.log_of("payments-0")
    world.assert_good(2, "two of three carry it")
    world.clear()
    assert world.metric("payments-0", "process_resident_memory_bytes") < before + 20e6
    world.assert_good(2, "cleared")


def a_present_fault_is_cured_by_a_restart(world):
    world.switch(service="payments", instance="payments-2", hang=True, present_only=True)
    wait_until("it hangs", lambda: world.get("payments-2", "/healthz")[0] == 0)
    world.processes["payments-2"].terminate()
    assert world.processes["payments-2"].wait(2) == 0
    world.start_instance("payments-2")
    wait_until("it serves again", lambda: world.get("payments-2", "/healthz")[0] == 200)
    wait_until("it is back", lambda: world.switch(count=True, instance="payments-2") == 1)
    assert world.get("payments-2", "/healthz")[0] == 200
    world.clear()
    world.assert_good(2, "cleared")


def a_burst_is_short_and_passes_by_itself(world):
    generator = world.start_traffic(3)
    for _ in range(20):  # A first request has been answered, and some more.
        generator.stdout.readline()
    assert world.switch(service="payments", burst_ms=300) == 3
    lines, _ = generator.communicate(timeout=10)
    seen = Traffic(lines.splitlines())
    print(f"    burst: {seen}")
    dues = [due for due, _, _, _ in seen.bad]
    assert len(dues) >= 10, "a burst must be seen"
    assert max(dues) - min(dues) < 1e9, "a burst must be short"
    assert world.is_all_up(), "two checks do not fit in a burst"
    world.assert_good(2, "after it")


def a_failed_dependency_fails_its_callers_but_not_their_health(world):
    assert world.switch(service="fraud", fail=True) == 2
    seen = world.traffic(3)
    print(f"    fraud fails: {seen}")
    assert seen.good_share < 0.1
    assert world.get("payments-0", "/healthz")[0] == 200
    assert world.get("fraud-0", "/healthz")[0] == 503
    assert "dependency=fraud" in world.log_of("payments-0")
    assert world.metric("payments-0", 'dependency_failures_total{dependency="fraud"}') > 0
    world.clear()
    world.assert_good(2, "cleared")


def a_hanging_dependency_costs_a_bounded_time(world):
    world.switch(service="fraud", hang=True)
    seen = world.traffic(2)
    print(f"    fraud hangs: {seen}")
    assert seen.good_share < 0.5
    assert seen.latency_ms(1) < 1100
    world.clear()
    world.assert_good(2, "cleared")


def a_crash_is_hidden_or_short(world):
    generator = world.start_traffic(4)
    for _ in range(20):
        generator.stdout.readline()
    world.processes["payments-2"].kill()
    world.processes["payments-2"].wait()
    lines, _ = generator.communicate(timeout=10)
    seen = Traffic(lines.splitlines())
    print(f"    one of three dies: {seen}")
    assert seen.good_share >= 0.97
    world.start_instance("payments-2")
    wait_until("the proxy sees all servers up", world.is_all_up)
    world.assert_good(2, "started again")


def a_lost_cache_is_bridged(world):
    world.processes["redis"].kill()
    world.processes["redis"].wait()
    seen = world.traffic(2)
    print(f"    redis is dead: {seen}")
    assert seen.good_share >= 0.95
    world.start_redis()
    wait_until("the proxy sees all servers up", world.is_all_up)
    world.assert_good(2, "started again")


def a_stale_cache_answers_fast_and_wrong_until_readers_go_round_it(world):
    world.switch(service="quotes", stale_percent=5, stale_ms=60_000)
    wait_until("the copies are wrong", lambda: '"rate_ppm":1083700' not in world.get(
        "quotes-0", "/fx?currency=USD")[1])
    time_for_all = world.traffic(1)  # The refresher comes to each copy within a second.
    seen = world.traffic(2)
    print(f"    stale, after {time_for_all}: {seen}")
    assert {(status, verdict) for _, _, status, verdict in seen.bad} == {(200, "wrong")}
    assert seen.good_share < 0.1
    world.ask_proxy("set table reroutes key quotes data.gpt0 1")
    world.assert_good(2, "readers go to the source")
    world.ask_proxy("clear table reroutes key quotes")
    assert world.traffic(1).good_share < 0.1, "the cache is still wrong"
    world.clear()
    wait_until("the copies are right", lambda: '"rate_ppm":1083700' in world.get(
        "quotes-0", "/fx?currency=USD")[1])
    world.traffic(1)
    world.assert_good(2, "cleared")


def copies_that_nobody_renews_stay_wrong_until_they_are_dropped(world):
    world.switch(service="quotes", stale_percent=5, renewal_off=True)
    wait_until("all copies are wrong", lambda: world.traffic(0.5).good_share < 0.02)
    reads = world.source_reads()
    assert world.traffic(1).good_share < 0.02, "nobody renews them"
    assert world.source_reads() == reads, "a copy is there, so the source is not asked"
    keys = [f"fx:{name}" for name in ("USD", "GBP", "JPY", "CHF", "SEK")]
    assert world.ask_redis(world.redis, "UNLINK", *keys) == ":5\r\n"
    world.assert_good(2, "dropped: readers leave right ones")
    world.clear()


def readers_who_find_no_copy_ask_the_source_once(world):
    world.switch(service="quotes", renewal_off=True)
    world.switch(service="rates", slow_ms=100)
    reads = -1

    def is_quiet():
        nonlocal reads
        before, reads = reads, world.source_reads()
        time.sleep(0.7)  # Longer than the refresher rests.
        return reads == before

    wait_until("the refresher has stopped", is_quiet)
    world.ask_redis(world.redis, "UNLINK", "fx:USD")
    reads = world.source_reads()
    with concurrent.futures.ThreadPoolExecutor(20) as readers:
        answers = list(readers.map(lambda _: world.get("quotes-0", "/fx?currency=USD", timeout=2),
                                   range(20)))
    assert {status for status, _ in answers} == {200}, answers
    assert all('"rate_ppm":1083700' in text for _, text in answers), answers
    assert world.source_reads() - reads == 1, "twenty readers, and each asked"
    world.clear()


def no_more_readers_reach_the_source_than_it_carries(world):
    config = world.run_dir / "haproxy.cfg"
    text = config.read_text()
    assert "be_sess_rate(rates) lt 1000" in text
    world.restart_haproxy(text.replace("be_sess_rate(rates) lt 1000", "be_sess_rate(rates) lt 50"))
    world.ask_proxy("set table reroutes key quotes data.gpt0 1")
    world.assert_good(1, "some readers go to the source")
    reads = world.source_reads()
    world.assert_good(4, f"of {RATE} a second")
    world.ask_proxy("clear table reroutes key quotes")
    took = world.source_reads() - reads
    print(f"    {took / 4:.0f} reads of the source a second")
    assert 4 * 30 < took < 4 * 75, took  # The refresher's ten a second are among them.
    world.restart_haproxy(text)


def a_stranger_cannot_read_the_faults(world):
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.settimeout(2)
        stranger.connect(str(world.run_dir / "faults.sock"))
        stranger.sendall(b'{"service":"payments","name":"payments-0","version":"v1"}\n')
        assert stranger.recv(100) == b"", "the channel must close without a word"


def a_bad_command_changes_nothing(world):
    process = world.processes["fault-switch"]
    for line in ("rubbish", '{"service":"payments","fial":true}', '{"fail":true}',
                 '{"service":"payments","error_share":3}', "{}"):
        process.stdin.write(line + "\n")
        process.stdin.flush()
        assert process.stdout.readline().startswith("error "), line
    world.assert_good(1, "after bad commands")


def a_lost_channel_clears_the_faults(world):
    world.switch(service="payments", fail=True)
    wait_until("it fails", lambda: world.get("payments-0", "/healthz")[0] == 503)
    process = world.processes["fault-switch"]
    process.stdin.close()
    assert process.wait(5) == 0
    wait_until("it serves", lambda: world.get("payments-0", "/healthz")[0] == 200)


TESTS = [
    a_healthy_world_answers_well,
    a_version_with_a_bug_fails_for_a_share_of_its_requests,
    a_leak_climbs_and_then_the_instance_stalls,
    a_present_fault_is_cured_by_a_restart,
    a_burst_is_short_and_passes_by_itself,
    a_failed_dependency_fails_its_callers_but_not_their_health,
    a_hanging_dependency_costs_a_bounded_time,
    a_crash_is_hidden_or_short,
    a_lost_cache_is_bridged,
    a_stale_cache_answers_fast_and_wrong_until_readers_go_round_it,
    copies_that_nobody_renews_stay_wrong_until_they_are_dropped,
    readers_who_find_no_copy_ask_the_source_once,
    no_more_readers_reach_the_source_than_it_carries,
    a_stranger_cannot_read_the_faults,
    a_bad_command_changes_nothing,
    a_lost_channel_clears_the_faults,
]


def measure(world, seconds):
    for what, is_loaded in (("idle", False), (f"{RATE} requests/s", True)):
        before = {name: processor_seconds(process.pid)
                  for name, process in world.processes.items()}
        generator = world.start_traffic(seconds + 1) if is_loaded else None
        began_at = time.monotonic()
        lines = []
        if generator:
            world.processes["load-generator"] = generator
            before["load-generator"] = processor_seconds(generator.pid)
            while time.monotonic() - began_at < seconds:
                lines.append(generator.stdout.readline())
        else:
            time.sleep(seconds)
        took = time.monotonic() - began_at
        shares = {name: (processor_seconds(world.processes[name].pid) - used) / took
                  for name, used in before.items()}
        print(f"{what}: {100 * sum(shares.values()):.1f} % of one core")
        for name, share in shares.items():
            print(f"    {name:15} {100 * share:5.1f} %")
        if lines:
            print(f"    {Traffic(lines)}")


def stay(world):
    print(f"payments: http://127.0.0.1:{world.edge}/pay?amount=1000&currency=USD")
    print(f"run directory: {world.run_dir}")
    for name, port in world.ports.items():
        print(f"    {name:12} http://127.0.0.1:{port}/metrics")
    print('faults: type lines such as {"service":"fraud","fail":true}, {"clear":true}', flush=True)
    switch = world.processes["fault-switch"]
    for line in sys.stdin:
        switch.stdin.write(line)
        switch.stdin.flush()
        print(switch.stdout.readline(), end="", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="directory of the built programs")
    parser.add_argument("--measure", type=float, metavar="SECONDS")
    parser.add_argument("--stay", action="store_true")
    parser.add_argument("--only", metavar="TEXT", help="tests whose name contains TEXT")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="payment-gateway-") as directory:
        world = World(arguments.bin.resolve(), Path(directory))
        try:
            world.start()
            if arguments.measure:
                measure(world, arguments.measure)
                return
            if arguments.stay:
                stay(world)
                return
            for test in TESTS:
                if not arguments.only or arguments.only in test.__name__:
                    print(f"{test.__name__.replace('_', ' ')}", flush=True)
                    test(world)
            print("ok")
        except KeyboardInterrupt:
            return
        except BaseException:
            for name in world.processes:
                tail = world.log_of(name).splitlines()[-8:]
                print(f"--- end of {name}.log", *tail, sep="\n    ", file=sys.stderr)
            raise
        finally:
            world.end()


if __name__ == "__main__":
    main()
