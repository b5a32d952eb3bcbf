#!/usr/bin/env python3
"""Takes the ledger's room away while the agent runs: without a ledger nothing is done.

    ledger_full_test.py --bin build/release/bin [--only TEXT]

The agent says so and watches on; a new one heals as soon as there is room again. Ten seconds.
"""

import argparse
import resource
import subprocess
import tempfile
from pathlib import Path

from guarded_world import adopt_orphans, wait_until
from small_disk import SmallDisk, can_mount
from small_service import SmallService

NOTHING_IS_DONE = "the ledger takes no more entries, so nothing is done any more"
LOOKS = 30  # A start takes a tenth of a second, a look at the status a twentieth.


def break_until_the_ledger_fails(service):
    """What is open of the last page still takes entries; the next one has no room."""
    for _ in range(20):
        name, process = service.kill_instance()
        wait_until("it is restarted, or the agent says that it does nothing",
                   lambda: NOTHING_IS_DONE in service.log() or
                   service.alive().get(name, process) != process)
        if NOTHING_IS_DONE in service.log():
            return
    raise AssertionError("20 incidents fitted into a full disk")


def does_nothing(service):
    """An instance that is down is noticed and stays down."""
    wait_until("a start that was under way is through",
               lambda: len(service.status()["instances"]) == 2 and service.alive())
    before = service.alive()
    name, _ = service.kill_instance()
    wait_until("the agent sees it", lambda: name in str(service.status()["symptoms"]))
    for _ in range(LOOKS):
        assert name in str(service.status()["symptoms"]), "it goes on seeing it"
        assert service.alive() == {other: it for other, it in before.items() if other != name}
    assert service.log().count("no ledger, no action") == 1, "told once, not at every look"
    status = service.status()
    assert status["ledger_trouble"], "status must say what is the trouble"
    assert not status["is_ready"]


def effects_of(service):
    """Effects that the records of the processes name."""
    return {service.record(name)["effect"] for name in service.names} - {""}


def check_that_all_is_recorded(service):
    done = subprocess.run([service.programs / "homeostat", "verify-ledger", "--config",
                           service.config], cwd=service.here, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    intents = set()
    for incident in service.ask("incidents")["incidents"]:
        for entry in service.ask("explain", incident["incident"])["entries"]:
            if entry["entry"] == "intent":
                intents.add(entry["body"]["effect"])
    assert effects_of(service) <= intents, f"{effects_of(service)} without an intent: {intents}"


def a_new_agent_heals(service):
    assert service.agent.poll() is None, "the agent watches on"
    assert service.stop_agent() == 0
    down = [name for name in service.names if name not in service.alive()]
    assert down, "something is left to heal"
    service.start()
    assert sorted(service.alive()) == service.names
    check_that_all_is_recorded(service)


# --- The tests: each a sentence that can be false ------------------------------------------------
def on_a_full_disk_nothing_is_done_until_there_is_room_and_a_new_agent(service):
    if not can_mount():
        print("SKIPPED: this user may not mount a small file system")
        return
    disk = SmallDisk(service.here / "ledger")
    try:
        service.start()
        disk.fill()
        break_until_the_ledger_fails(service)
        assert "No space left on device (free space on that file system)" in service.log()
        does_nothing(service)
        disk.free()
        a_new_agent_heals(service)
    finally:
        service.end()
        disk.end()


def beyond_a_limit_on_file_sizes_nothing_is_done_until_it_is_raised_and_a_new_agent(service):
    service.start()
    service.kill_instance()  # One incident makes the ledger larger than the agent's log will be.
    wait_until("it is healed", lambda: service.is_served() and service.is_calm())
    segment, = (service.here / "ledger").glob("*.hlog")
    pid = service.agent.pid
    hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (segment.stat().st_size, hard))
    alive = service.alive()
    name, process = service.kill_instance()
    wait_until("the agent says so", lambda: NOTHING_IS_DONE in service.log())
    assert "raise the limit on file sizes (ulimit -f)" in service.log()
    alive.pop(name)
    assert service.alive() == alive, "not even a first effect may begin"
    does_nothing(service)
    a_new_agent_heals(service)


TESTS = [
    on_a_full_disk_nothing_is_done_until_there_is_room_and_a_new_agent,
    beyond_a_limit_on_file_sizes_nothing_is_done_until_it_is_raised_and_a_new_agent,
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="directory of the built programs")
    parser.add_argument("--only", metavar="TEXT", default="", help="tests whose name contains TEXT")
    options = parser.parse_args()
    adopt_orphans()
    for test in TESTS:
        if options.only not in test.__name__:
            continue
        print(test.__name__.replace("_", " "), flush=True)
        with tempfile.TemporaryDirectory(prefix="ledger-full-") as directory:
            service = SmallService(options.bin.resolve(), Path(directory))
            try:
                test(service)
            except BaseException:
                service.tell_troubles()
                raise
            finally:
                service.end()
    print("ok")


if __name__ == "__main__":
    main()
