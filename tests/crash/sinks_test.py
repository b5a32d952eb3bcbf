#!/usr/bin/env python3
"""An agent with a sink: it starts homeostat-shipper, tells how the sink is, and waits for neither.

    sinks_test.py --bin build/release/bin [--only TEXT]

The sink is a receiver of webhooks of this test. What real servers do: tests/sinks.
"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from guarded_world import start_ticks, wait_until
from harness import run_each
from small_service import SmallService, groups_in

sys.path.insert(0, str(Path(__file__).parents[1] / "sinks"))
from servers import Receiver  # noqa: E402


def with_sink(service):
    """Not yet listening."""
    receiver = Receiver(None)
    service.change("sink.jsonl }",
                   f"sink.jsonl, sinks: [ {{ webhook: {{ url: \"{receiver.url()}\" }} }} ] }}")
    return receiver


def keys(service):
    """Of all entries that are shipped, from the ledger's own bytes."""
    return [(group["index"], position)
            for segment in sorted((service.here / "ledger").glob("*.hlog"))
            for group in groups_in(segment.read_bytes())
            for position, entry in enumerate(group["entries"]) if entry["entry"] != "checkpoint"]


def received(receiver):
    return [tuple(int(part) for part in key.split(".")[1:]) for key in receiver.keys()]


def sink(service):
    sinks = (service.status() or {}).get("sinks", [])
    return sinks[0] if sinks else {}


def shipper(service):
    """Its pid, once there is one."""
    child = Path(f"/proc/{service.agent.pid}/task/{service.agent.pid}/children").read_text().split()
    names = {pid: Path(f"/proc/{pid}/comm").read_text().strip() for pid in child}
    found = [int(pid) for pid, name in names.items() if name == "homeostat-shipp"]
    return found[0] if found else None


def lag_on(page):
    found = re.search(r'^homeostat_sink_lag_groups\{sink="webhook"\} (\d+)', page, re.M)
    return int(found.group(1)) if found else None


# --- The tests: each a sentence that can be false ------------------------------------------------
def a_sink_that_is_away_holds_up_no_healing_and_gets_everything_once_it_is_back(service):
    receiver = with_sink(service)
    service.start()
    wait_until("it is told that the sink is away", lambda: sink(service).get("trouble"))
    assert sink(service)["standing"] == "retrying", sink(service)
    service.kill_instance_and_wait()
    assert "sink webhook: retrying" in service.say("status")
    assert "homeostat_sink_following{sink=\"webhook\"} 0" in service.get("/metrics")[1]
    receiver.start()
    wait_until("it has everything", lambda: received(receiver) == keys(service))
    wait_until("it is told", lambda: sink(service).get("lag_groups") == 0)
    assert sink(service)["standing"] == "following" and lag_on(service.get("/metrics")[1]) == 0
    assert {event["type"] for event in receiver.events} >= {"homeostat.intent", "homeostat.proof"}
    receiver.end()


def while_no_sink_takes_anything_only_what_has_ended_is_started(service):
    receiver = with_sink(service)
    service.change("sink.jsonl,", "sink.jsonl, unwitnessed_for: 1s,")
    service.start()

    def objection():
        return (service.status() or {}).get("unwitnessed", "")
    wait_until("the bound is passed", objection, seconds=60)
    assert objection().startswith("no sink has taken decisions for more than"), objection()
    assert "nothing new is begun on its own judgement: no sink" in service.say("status")
    assert "homeostat_unwitnessed 1" in service.get("/metrics")[1]
    service.kill_instance_and_wait()
    count = len(service.recorded("intent"))
    name, (pid, _) = sorted(service.alive().items())[0]
    os.kill(pid, signal.SIGSTOP)
    wait_until("its restart is refused", lambda: "no witness, no action" in service.log(),
               seconds=60)
    assert len(service.recorded("intent")) == count and start_ticks(pid), name
    receiver.start()
    wait_until("it may act again", lambda: not objection(), seconds=60)
    wait_until("it is restarted", lambda: service.alive().get(name, (pid,))[0] != pid, seconds=60)
    receiver.end()


def a_shipper_that_dies_is_started_again_and_one_of_a_dead_agent_ends(service):
    receiver = with_sink(service)
    receiver.start()
    service.start()
    wait_until("it follows", lambda: sink(service).get("standing") == "following")
    first = shipper(service)
    os.kill(first, signal.SIGKILL)
    wait_until("another one runs", lambda: shipper(service) not in (None, first))
    service.kill_instance_and_wait()
    wait_until("it has everything", lambda: received(receiver) == keys(service))
    second = shipper(service)
    service.kill_agent()
    wait_until("it has ended with its agent", lambda: start_ticks(second) is None)
    service.start_agent()
    wait_until("the successor answers", service.status)
    wait_until("it has everything", lambda: received(receiver) == keys(service))
    assert service.stop_agent() == 0
    receiver.end()


def decisions_and_doctor_tell_of_it(service):
    receiver = with_sink(service)
    receiver.start()
    service.start()
    service.kill_instance_and_wait()
    told = service.ask("decisions")["decisions"]
    assert [(one["remedy"], one["outcome"], one["proof"]) for one in told] == \
        [("restart", "done", "helped")], told
    assert "restart" in service.say("decisions", "--since", "1h")
    assert not service.ask("decisions", "--service", "fraud")["decisions"]
    looked = subprocess.run([service.programs / "homeostat", "doctor", "--config", service.config],
                            capture_output=True, text=True, check=False, cwd=service.here).stdout
    assert re.search(r"^ok +sink webhook", looked, re.M) and "shipper" in looked, looked
    receiver.end()


TESTS = [a_sink_that_is_away_holds_up_no_healing_and_gets_everything_once_it_is_back,
         while_no_sink_takes_anything_only_what_has_ended_is_started,
         a_shipper_that_dies_is_started_again_and_one_of_a_dead_agent_ends,
         decisions_and_doctor_tell_of_it]

if __name__ == "__main__":
    run_each(__doc__, TESTS, SmallService)
