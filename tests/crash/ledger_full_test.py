#!/usr/bin/env python3
"""Takes the ledger's room away while the agent runs, and gives it back.

    ledger_full_test.py --bin build/release/bin [--only TEXT]

Meanwhile the agent starts processes that have ended and does nothing else; it says so, and records
it as soon as there is room. Ten seconds.
"""

import json
import os
import re
import resource
import signal
import subprocess
from pathlib import Path

import prometheus_strict
from guarded_world import wait_until
from harness import run_each
from small_disk import SmallDisk, can_mount
from small_service import SmallService

NO_ENTRIES = "the ledger takes no more entries"
ENTRIES_AGAIN = "the ledger takes entries again"
METRICS = Path(__file__).parents[2] / "docs/metrics.md"
LOOKS = 30  # A start takes a tenth of a second, a look at the status a twentieth.


def kill_and_see_it_started(service):
    """Until the agent has done with it. Its ledger may know nothing of that."""
    name, process = service.kill_instance()
    wait_until("it is started again", lambda: service.alive().get(name, process) != process)
    wait_until("all is over", lambda: service.is_served() and not service.status()["incidents"])


def break_until_the_ledger_fails(service):
    """What is open of the last page still takes entries; the next one has no room."""
    for _ in range(20):
        kill_and_see_it_started(service)
        if NO_ENTRIES in service.log():
            return
    raise AssertionError("20 incidents fitted into a full disk")


def starts_what_has_ended_and_does_nothing_else(service):
    recorded = count_in_ledger(service)
    kill_and_see_it_started(service)
    alive = service.alive()
    name = service.names[0]
    os.kill(alive[name][0], signal.SIGSTOP)
    try:
        wait_until("the agent sees that it hangs",
                   lambda: name in str(service.status()["symptoms"]))
        for _ in range(LOOKS):
            assert service.alive() == alive, "a restart of what is alive would need a record"
        wait_until("it says so", lambda: "no ledger, no action" in service.log())
        assert service.log().count("no ledger, no action") == 1, "once, not at every look"
    finally:
        os.kill(alive[name][0], signal.SIGCONT)
    wait_until("both instances answer", service.is_served)
    assert service.log().count(NO_ENTRIES) == 1
    status = service.status()
    assert status["ledger_trouble"], "status must say what is the trouble"
    assert not status["is_ready"]
    assert count_in_ledger(service) == recorded, "nothing can have been recorded"


def read_metrics(service):
    """A strict parser takes the page, and it holds the names that are documented, no others."""
    status, page = service.get("/metrics")
    assert status == 200, page
    families = prometheus_strict.parse(page)
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*)", METRICS.read_text(), re.MULTILINE)
    # It has none of what these are about.
    absent = {"mesh", "block_sources", "sinks", "maintenance", "incidents", "fleet"}
    documented = [name for name, kind in rows if not absent & set(re.findall(r"\*(\w+)\*", kind))]
    assert sorted(families) == sorted(documented), set(families) ^ set(documented)
    return families


def count_in_ledger(service):
    return service.ask("verify-ledger")["records"]


def read_metrics_in_a_quiet_moment(service):
    """The agent records whenever it likes; while it does not, its count is the ledger's."""
    families = {}

    def agree():
        before = count_in_ledger(service)
        families.update(read_metrics(service))
        counted = prometheus_strict.only(families, "homeostat_ledger_records_total")
        return before == counted == count_in_ledger(service)

    wait_until("the metrics count the records that are in the ledger", agree)
    return families


def check_metrics_of_one_healed_incident(service):
    families = read_metrics_in_a_quiet_moment(service)
    assert prometheus_strict.only(families, "homeostat_incidents_open") == 0
    assert prometheus_strict.only(families, "homeostat_incidents_total") == 1
    assert prometheus_strict.only(families, "homeostat_ledger_writable") == 1
    assert families["homeostat_remedies_total"] == {
        ("homeostat_remedies_total", 'remedy="restart",outcome="helped"'): 1}
    assert families["homeostat_decision_seconds"]["homeostat_decision_seconds_count", ""] == 1
    assert prometheus_strict.only(families, "process_resident_memory_bytes") > 1 << 20


def health(service):
    status, text = service.get("/healthz")
    return status, json.loads(text)["troubles"]


def effects_of(service):
    """Effects that the records of the processes name."""
    return {service.record(name)["effect"] for name in service.names} - {""}


def check_that_all_is_recorded(service):
    done = subprocess.run([service.programs / "homeostat", "verify-ledger", "--config",
                           service.config], cwd=service.here, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    effects = effects_of(service)  # Before the ledger is read, which goes on growing.
    intents = set()
    for incident in service.ask("incidents")["incidents"]:
        for entry in service.ask("explain", incident["incident"])["entries"]:
            if entry["entry"] == "intent":
                intents.add(entry["body"]["effect"])
    assert effects <= intents, f"{effects} without an intent: {intents}"


def catches_up(service):
    """The ledger tells all that was done meanwhile, and a successor finds nothing to do."""
    wait_until("the agent says so", lambda: ENTRIES_AGAIN in service.log())
    wait_until("no incident is open", service.is_calm)
    assert service.status()["ledger_trouble"] == ""
    check_that_all_is_recorded(service)
    alive = service.alive()
    assert service.stop_agent() == 0
    service.start()
    assert service.alive() == alive
    check_that_all_is_recorded(service)


# --- The tests: each a sentence that can be false ------------------------------------------------
def on_a_full_disk_only_what_has_ended_is_started_until_there_is_room(service):
    if not can_mount():
        print("SKIPPED: this user may not mount a small file system")
        return
    disk = SmallDisk(service.here / "ledger")
    try:
        service.start()
        disk.fill()
        break_until_the_ledger_fails(service)
        assert "No space left on device (free space on that file system)" in service.log()
        starts_what_has_ended_and_does_nothing_else(service)
        disk.free()
        catches_up(service)
    finally:
        service.end()
        disk.end()


def beyond_a_limit_on_file_sizes_only_what_has_ended_is_started_until_it_is_raised(service):
    service.start()
    # One incident makes the ledger larger than the agent's log will be.
    service.kill_instance_and_wait()
    check_metrics_of_one_healed_incident(service)
    replay = service.ask("replay", "i-1")
    assert replay["replay"] == "same" and len(replay["decisions"]) == 3, replay
    assert service.ask("replay", "i-9") is None
    assert health(service) == (200, [])
    segment, = (service.here / "ledger").glob("*.hlog")
    pid = service.agent.pid
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (segment.stat().st_size, limits[1]))
    break_until_the_ledger_fails(service)
    assert "raise the limit on file sizes (ulimit -f)" in service.log()
    starts_what_has_ended_and_does_nothing_else(service)
    status, troubles = health(service)
    assert status == 503 and len(troubles) == 1, troubles
    assert troubles[0].startswith("nothing can be recorded, so only processes"), troubles
    assert prometheus_strict.only(read_metrics(service), "homeostat_ledger_writable") == 0
    resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    catches_up(service)
    assert health(service) == (200, [])
    read_metrics_in_a_quiet_moment(service)  # A new agent counts from the first record on.


TESTS = [
    on_a_full_disk_only_what_has_ended_is_started_until_there_is_room,
    beyond_a_limit_on_file_sizes_only_what_has_ended_is_started_until_it_is_raised,
]


def main():
    run_each(__doc__, TESTS, SmallService)


if __name__ == "__main__":
    main()
