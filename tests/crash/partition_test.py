#!/usr/bin/env python3
"""Two hosts whose agents have agreed, and the cable between them.

    partition_test.py --bin build/release/bin [--only TEXT]

Half a minute. Each host has a network namespace and a HAProxy of its own; when the cable is pulled
neither calls nor messages arrive, and nobody is told. Without the right to make namespaces it says
so and is done.
"""

import sys
import tempfile
import time
from pathlib import Path

import separate_hosts
from guarded_world import wait_until
from harness import chosen, parser_for, subject_of
from pledged_world import FRAUD_MAXCONN, RELIED_ON, TTL, PledgedWorld, changed, now
from pledges_test import SLACK, agree, check_effects

MEMORY = Path("/dev/shm")
HOSTS = ("payments", "fraud")  # Of whoever is not of fraud the host is the first.
NOTED_WITHIN = 0.3  # An entry of the ledger is written a little after what it tells of.
APART_FOR = 4.0

PROXY = """global
    nbthread 1
    stats socket {run_dir}/haproxy-fraud.sock mode 600 level admin
defaults
    mode http
    timeout connect 200ms
    timeout client 30s
    timeout server 1s
    timeout queue 500ms
    timeout check 400ms
    default-server check inter 500ms fall 2 rise 1 maxconn {maxconn}
frontend fraud_in
    bind :{port}
    http-request return status 200 if {{ path /ready }}
    default_backend fraud
backend fraud
    balance leastconn
    option httpchk GET /ready
    http-check expect status 200
    server f0 127.0.0.1:{ports[0]}
    server f1 127.0.0.1:{ports[1]}
"""


class PartedWorld(PledgedWorld):
    def __init__(self, programs, run_dir):
        super().__init__(programs, run_dir)
        self.hosts = separate_hosts.SeparateHosts(HOSTS)

    def at_host_of(self, name):
        return self.hosts.at("fraud" if "fraud" in name else "payments")

    def start_process(self, name, command, cwd=None, **more):
        super().start_process(name, [*self.at_host_of(name), *command], cwd, **more)

    def start_haproxy(self):
        super().start_haproxy()
        path = self.run_dir / "haproxy-fraud.cfg"
        path.write_text(PROXY.format(run_dir=self.run_dir, port=self.fraud_edge,
                                     maxconn=FRAUD_MAXCONN,
                                     ports=[self.ports[f"fraud-{at}"] for at in range(2)]))
        haproxy = self.processes["haproxy"].args[-4]
        self.start_process("haproxy-fraud", [haproxy, "-db", "-f", path])

    def words(self):
        """Where fraud is weak both proxies have a queue, so that both agents see it."""
        return {**super().words(), "FRAUD_MAXCONN": FRAUD_MAXCONN + 2}

    def proxy_config(self):
        beyond = f"{self.hosts.address_of('fraud')}:{self.fraud_edge}"
        return changed(super().proxy_config(), {
            f"server f{at} 127.0.0.1:{self.ports[f'fraud-{at}']}": f"server f{at} {beyond}"
            for at in range(2)})

    def make_relays(self):
        return {}

    def port_to(self, agent):
        return self.mesh_ports[agent]

    def config_text(self, agent, keys):
        other = "fraud" if agent == "payments" else "payments"
        changes = {f'listen: "127.0.0.1:': f'listen: "{self.hosts.address_of(agent)}:',
                   f"http://127.0.0.1:{self.mesh_ports[other]}":
                       f"http://{self.hosts.address_of(other)}:{self.mesh_ports[other]}"}
        if agent == "fraud":
            changes[f"socket: {self.run_dir}/haproxy.sock"] = \
                f"socket: {self.run_dir}/haproxy-fraud.sock"
        return changed(super().config_text(agent, keys), changes)

    def end(self):
        super().end()
        self.hosts.end()


# --- what must hold --------------------------------------------------------------------------
def promised(world):
    """When payments was in a mode that it had promised, by its own ledger."""
    spans = []
    for at, body in world.ledgers["payments"].events("promised", "ended"):
        if body["event"] == "ended":
            if spans:
                spans[-1][1] = at
        elif not spans or spans[-1][1] is not None:
            spans.append([at, None])
    return [(begin, end or now()) for begin, end in spans]


def check_reliance(world):
    """Fraud counts on nothing but while payments keeps it. Both ledgers have one clock here.

    How many calls came meanwhile is not asked: all of them come back at once when the cable does,
    and a share follows within seconds.
    """
    spans = world.relied_on()
    for begin, end, _ in spans:
        assert any(first - NOTED_WITHIN <= begin and end <= last + NOTED_WITHIN
                   for first, last in promised(world)), \
            f"fraud counted on a mode from {begin} to {end}, promised were {promised(world)}"
    print(f"  fraud has counted on {len(spans)} terms, each of them while they were kept")
    assert spans


def see_it_end_apart(world, cut_at):
    """Whoever counts on it stops first, and whoever keeps it in its time."""
    caller, callee = world.ledgers["payments"], world.ledgers["fraud"]
    wait_until("the promise has ended", lambda: caller.events("ended", since=cut_at), TTL + SLACK)
    wait_until("fraud counts on nothing", lambda: callee.events("let_go", since=cut_at), SLACK)
    ended_at, let_go_at = (ledger.events(event, since=cut_at)[0][0]
                           for ledger, event in ((caller, "ended"), (callee, "let_go")))
    print(f"    fraud let go {let_go_at - cut_at:.2f} s after the cut, "
          f"payments {ended_at - cut_at:.2f} s")
    assert let_go_at <= cut_at + RELIED_ON + SLACK and let_go_at <= ended_at + NOTED_WITHIN


# --- The tests: each a sentence that can be false ----------------------------------------------
def a_cut_cable_ends_what_was_agreed_and_nothing_is_agreed_meanwhile(world):
    agree(world)
    cut_at = now()
    world.hosts.cut_off("fraud")
    see_it_end_apart(world, cut_at)
    time.sleep(max(0.0, cut_at + APART_FOR - now()))
    silent = [*world.ledgers["payments"].events("promised", since=cut_at + SLACK),
              *world.ledgers["fraud"].events("relied_on", since=cut_at + SLACK)]
    assert not silent, f"a promise was made of silence: {silent}"


def once_it_is_mended_they_agree_anew(world):
    world.hosts.connect_again("fraud")
    agree(world)


def once_all_is_well_all_is_as_usual(world):
    """Though the cable was cut once more, for less than a promise lasts."""
    world.hosts.cut_off("fraud")
    time.sleep(TTL / 4)
    world.hosts.connect_again("fraud")
    world.switch(clear=True)
    wait_until("all is as usual", world.is_usual, 40)
    assert world.held() == 0


def what_was_promised_was_kept(world):
    check_reliance(world)
    check_effects(world)


TESTS = [
    a_cut_cable_ends_what_was_agreed_and_nothing_is_agreed_meanwhile,
    once_it_is_mended_they_agree_anew,
    once_all_is_well_all_is_as_usual,
    what_was_promised_was_kept,
]


def main():
    options = parser_for(__doc__).parse_args()
    if why := separate_hosts.trouble():
        print(f"SKIPPED: {why}")
        return 77
    if MEMORY.is_dir():
        tempfile.tempdir = str(MEMORY)
    with subject_of(PartedWorld, options) as world:
        world.start()
        world.weaken()
        for test in chosen(TESTS, options):
            began_at = time.monotonic()
            test(world)
            print(f"  {time.monotonic() - began_at:.1f} s", flush=True)
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
