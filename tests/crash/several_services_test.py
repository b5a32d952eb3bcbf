#!/usr/bin/env python3
"""One process that guards several services, each as if it were alone.

    several_services_test.py --bin build/release/bin [--only TEXT]
"""

import http.client
import os
import re
import signal
import subprocess
import sys

import prometheus_strict
from guarded_world import die_with_parent, end_children, free_ports, wait_until
from harness import run_each
from small_service import SmallService

UNEXPECTED, USAGE = 1, 2  # As `homeostat --help` says.


class Named(SmallService):
    """A service of a name of its own, guarded by somebody else's process."""

    def __init__(self, programs, here, name):
        super().__init__(programs, here)
        self.change("service: rates\n", f"service: {name}\n")
        self.names = [f"{name}-0", f"{name}-1"]
        self.name = name


class Several:
    def __init__(self, programs, here):
        self.programs, self.here = programs, here
        self.services = []
        for name in ("cart", "fees"):
            (here / name).mkdir()
            self.services.append(Named(programs, here / name, name))
        self.cart, self.fees = self.services
        self.process = None

    def start_process(self, *words):
        words = words or [word for one in self.services for word in ("-c", one.config)]
        with open(self.here / "agent.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "homeostat", "agent", *words], cwd=self.here, stdout=log,
                stderr=log, preexec_fn=die_with_parent)

    def start(self, *words):
        self.start_process(*words)
        for one in self.services:
            wait_until(f"{one.name} is served", one.is_served)

    def log(self):
        path = self.here / "agent.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        end_children()

    def tell_troubles(self):
        print("--- agent.log", *self.log().splitlines()[-25:], sep="\n    ", file=sys.stderr)

    def door_for_all(self):
        door, = free_ports(1)
        for one in self.services:
            one.add(f"metrics: {{ listen: 127.0.0.1:{door} }}\n")
        return lambda path: ask(door, path)


def ask(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def page_of(page, service):
    """What stands on it of the one service and of the process, as a page of its own."""
    lines = [line for line in page.splitlines()
             if line.startswith("#") or "service=" not in line or f'service="{service}"' in line]
    text = "\n".join(lines) + "\n"
    return re.sub(rf'service="{service}",?', "", text).replace("{}", "")


def heal(service):
    """Kills an instance, which is started again; gives how many incidents there are then."""
    service.kill_instance_and_wait()
    return len(service.ask("incidents")["incidents"])


# --- The tests: each a sentence that can be false ------------------------------------------------
def each_is_healed_told_of_and_stopped_for_itself(several):
    several.start()
    assert heal(several.cart) == 1
    assert heal(several.fees) == 1
    assert heal(several.fees) == 2
    assert len(several.cart.ask("incidents")["incidents"]) == 1, "one has the other's incidents"
    several.cart.say("suspend", "--because", "a test")
    assert several.cart.status()["is_suspended"] and not several.fees.status()["is_suspended"]
    name, _ = several.cart.kill_instance()
    assert heal(several.fees) == 3
    assert name not in several.cart.alive(), "a suspended service was acted upon"
    assert several.process.poll() is None
    several.process.send_signal(signal.SIGTERM)
    assert several.process.wait(10) == 0, several.log()
    assert set(several.fees.alive()) == set(several.fees.names), "instances do not go on"


def a_directory_names_them_all(several):
    folder = several.here / "services"
    folder.mkdir()
    for one in several.services:
        (folder / f"{one.name}.yaml").symlink_to(one.config)
    (folder / "notes.txt").write_text("no configuration")
    several.start("-c", folder)
    assert heal(several.cart) == 1


def one_that_somebody_else_guards_is_left_and_the_others_go_on(several):
    several.fees.start()
    several.start_process()
    wait_until("cart is served", several.cart.is_served, 30)  # Fees is waited for a while first.
    assert heal(several.cart) == 1
    assert "fees: is not guarded" in several.log() and "another agent" in several.log()
    assert heal(several.fees) == 1  # By its own agent.
    several.process.send_signal(signal.SIGTERM)
    assert several.process.wait(10) == UNEXPECTED, "the end does not say that one was not guarded"
    assert "not guarded to the end" in several.log()
    several.fees.kill_agent()


def one_whose_ledger_cannot_be_read_is_left_and_the_others_go_on(several):
    several.start()
    assert heal(several.fees) == 1
    several.process.kill()
    several.process.wait()
    segment = sorted((several.fees.here / "ledger").glob("*.hlog"))[0]
    content = bytearray(segment.read_bytes())
    content[200] ^= 0xff
    segment.write_bytes(content)
    (several.fees.here / "sink.jsonl").unlink()
    before = several.fees.alive()
    door = several.door_for_all()
    several.start_process()
    wait_until("cart is served", several.cart.is_served)
    assert heal(several.cart) == 1
    assert "fees: is not guarded" in several.log(), several.log()
    assert several.fees.alive() == before, "instances without a ledger were touched"
    _, page = door("/metrics")
    assert 'homeostat_service_up{service="fees"} 0' in page, page
    assert 'homeostat_service_up{service="cart"} 1' in page, page
    assert door("/healthz")[0] == 200


def one_file_that_is_wrong_keeps_all_from_beginning(several):
    several.fees.add("gaurd: { min_healthy: 1 }\n")
    several.start_process()
    assert several.process.wait(10) == USAGE, several.log()
    assert f"{several.fees.config}:" in several.log() and "unknown key 'gaurd'" in several.log()
    assert not several.cart.alive() and not (several.cart.here / "ledger").exists()


def two_that_would_write_one_ledger_do_not_begin(several):
    several.fees.change(f"ledger: {several.fees.here}/ledger",
                        f"ledger: {several.cart.here}/ledger")
    several.start_process()
    assert several.process.wait(10) == USAGE, several.log()
    assert f"{several.fees.config}: record.ledger" in several.log(), several.log()
    assert not several.cart.alive()


def one_page_has_the_numbers_of_all(several):
    door = several.door_for_all()
    several.start()
    assert heal(several.fees) == 1
    status, page = door("/metrics")
    assert status == 200
    for one in several.services:
        families = prometheus_strict.parse(page_of(page, one.name))
        assert {"homeostat_service_up", "process_resident_memory_bytes",
                "homeostat_decision_seconds"} <= families.keys(), page
    assert 'homeostat_incidents_total{service="fees"} 1' in page, page
    assert 'homeostat_incidents_total{service="cart"} 0' in page, page
    wait_until("all are well", lambda: door("/healthz") == (200, "ok\n"))
    assert door("/readyz") == (200, "acts\n")
    assert door("/v1/status")[0] == 404


def what_was_in_hand_when_it_was_killed_goes_on_for_each(several):
    several.start()
    counts = [one.count_starts() for one in several.services]
    for one in several.services:
        assert heal(one) == 1
    for one in several.services:
        one.kill_instance()
    several.process.kill()
    several.process.wait()
    several.start()
    for one in several.services:
        wait_until("it is healed", one.is_calm)
    for one, count in zip(several.services, counts):
        assert set(one.alive()) == set(one.names)
        # One start for each instance that was killed, and none besides.
        assert count() == 2, f"{one.name}: {count()} starts"
        assert len(one.ask("incidents")["incidents"]) == 2
    os.kill(several.process.pid, signal.SIGTERM)
    assert several.process.wait(10) == 0


def main():
    return run_each(__doc__, [
        each_is_healed_told_of_and_stopped_for_itself, a_directory_names_them_all,
        one_that_somebody_else_guards_is_left_and_the_others_go_on,
        one_whose_ledger_cannot_be_read_is_left_and_the_others_go_on,
        one_file_that_is_wrong_keeps_all_from_beginning,
        two_that_would_write_one_ledger_do_not_begin, one_page_has_the_numbers_of_all,
        what_was_in_hand_when_it_was_killed_goes_on_for_each], Several)


if __name__ == "__main__":
    sys.exit(main())
