#!/usr/bin/env python3
"""Two agents by mistake on one service, and a process by chance under the pid of an instance.

    mistaken_identity_test.py --bin build/release/bin [--only TEXT]

Exactly one agent acts, and what is not ours is left alone; starts are counted by the program that
is started. A few seconds.
"""

import json
import subprocess

from guarded_world import start_ticks, wait_until
from harness import run_each
from small_service import SmallService, children

SUPPOSED, USAGE = 0, 2  # As `homeostat --help` says.


def one_of_two_acts(service, changes):
    """A second agent whose configuration has `changes` ends at once; the first goes on alone."""
    starts = service.count_starts()
    service.start()
    text = service.config.read_text()
    for given, wanted in changes.items():
        assert given in text, f"{given} is not in the configuration"
        text = text.replace(given, wanted)
    (service.here / "mistake.yaml").write_text(text)
    alive, running = service.alive(), children()
    second = subprocess.run([service.programs / "homeostat", "agent", "--config",
                             service.here / "mistake.yaml"], cwd=service.here,
                            capture_output=True, text=True, timeout=10)
    said = [line for line in second.stderr.splitlines() if " info guarding " not in line]
    print(*said, sep="\n    ")
    assert second.returncode == USAGE, second.stderr
    assert len(said) == 1 and "another agent guards these instances: " in said[0], said
    assert f"is locked by pid {service.agent.pid}, `" in said[0], said
    assert " agent --config " in said[0] and "(`homeostat status` asks it; end it" in said[0], said
    assert service.alive() == alive, "an instance was touched"
    assert children() == running, "the second agent left something over"
    service.kill_instance_and_wait()
    assert starts() == len(service.names) + 1, f"{starts()} starts for two instances and one kill"


# --- The tests: each a sentence that can be false ------------------------------------------------
def an_agent_with_another_control_socket_does_not_guard_what_is_guarded(service):
    one_of_two_acts(service, {"control/agent.sock": "other/agent.sock"})


def an_agent_with_a_ledger_of_its_own_does_not_guard_what_is_guarded(service):
    one_of_two_acts(service, {
        "control/agent.sock": "other/agent.sock", f"{service.here}/suspended": "other/suspended",
        f"ledger: {service.here}/ledger": f"ledger: {service.here}/other/ledger",
        f"sink: {service.here}/sink.jsonl": f"sink: {service.here}/other.jsonl"})


def a_stranger_with_the_pid_of_an_instance_and_of_its_shim_is_never_signalled(service):
    starts = service.count_starts()
    service.start()
    assert service.stop_agent() == SUPPOSED
    name, process = service.kill_instance()
    strangers = [subprocess.Popen(["sleep", "1000"]) for _ in range(2)]
    assert process[1] not in [start_ticks(stranger.pid) for stranger in strangers]
    record = service.record(name)
    wait_until("its shim has ended", lambda: start_ticks(record["shim_pid"]) is None)
    pids = dict(zip(("pid", "shim_pid"), (stranger.pid for stranger in strangers)))
    record = service.record(name) | pids
    record.pop("ended_at_ns", None)  # As a shim that was killed, too, would have left it.
    (service.here / "run" / f"{name}.json").write_text(json.dumps(record))
    service.start()
    wait_until("the first kill is healed", service.is_calm)
    assert service.alive()[name][0] not in pids.values(), "a stranger was adopted"
    service.kill_instance_and_wait()
    assert service.stop_agent() == SUPPOSED
    assert [stranger.poll() for stranger in strangers] == [None, None], "a stranger was ended"
    assert starts() == len(service.names) + 2, "once for each kill"


TESTS = [
    an_agent_with_another_control_socket_does_not_guard_what_is_guarded,
    an_agent_with_a_ledger_of_its_own_does_not_guard_what_is_guarded,
    a_stranger_with_the_pid_of_an_instance_and_of_its_shim_is_never_signalled,
]


def main():
    run_each(__doc__, TESTS, SmallService)


if __name__ == "__main__":
    main()
