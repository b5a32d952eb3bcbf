#!/usr/bin/env python3
"""A real agent inside a maintenance window: nothing begins, and it says why and until when.

    maintenance_test.py --bin build/release/bin [--only TEXT]

The windows are made around the present by the clock on the wall. Half a minute.
"""

import datetime
import subprocess

from guarded_world import wait_until
from harness import run_each
from small_service import SmallService

REFUSED = 1


def around(**span):
    """A window in UTC that begins a while before now, or after it."""
    begin = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**span)
    return f'maintenance: [ {{ from: "{begin:%H:%M}", for: 2h, zone: Etc/UTC }} ]'


def call(service, *words):
    return subprocess.run([service.programs / "homeostat", *words, "--config", service.config],
                          cwd=service.here, capture_output=True, text=True, timeout=10)


# --- The tests: each a sentence that can be false ------------------------------------------------
def inside_a_window_nothing_is_started_and_everybody_is_told_why(service):
    without = service.config.read_text()
    service.change("guard: {", f"guard: {{ {around(hours=-1)},")
    starts = service.count_starts()
    service.start()
    before = starts()
    status = service.status()
    assert status["is_suspended"] and status["maintenance"]["is_now"], status
    assert status["suspended_because"].startswith("maintenance until "), status
    shown = service.say("status")
    assert "SUSPENDED, no effect begins: maintenance until " in shown, shown
    assert "maintenance: since " in shown, shown
    wait_until("the log says so", lambda: "suspended: maintenance until " in service.log())
    service.kill_instance()
    wait_until("the symptom is seen", lambda: service.recorded("opened"))
    wait_until("guard refuses", lambda: service.recorded("verdict"))
    verdict = service.recorded("verdict")[0]["verdict"]
    assert verdict["because"].startswith("Homeostat is suspended: maintenance until "), verdict
    assert starts() == before and not service.recorded("intent")
    story = service.say("explain", "i-1")
    assert "ENGAGED (maintenance until " in story, story
    done = call(service, "resume")
    assert done.returncode == REFUSED and "it ends by itself" in done.stderr, done
    _, page = service.get("/metrics")
    assert "\nhomeostat_maintenance 1\n" in page and "\nhomeostat_suspended 1\n" in page, page

    # Without the window the same agent heals what waits.
    service.stop_agent()
    service.config.write_text(without)
    service.start_agent()
    wait_until("both instances answer", service.is_served)
    assert call(service, "replay", "i-1").returncode == 0


def outside_of_it_the_next_one_is_told_and_nothing_is_held_up(service):
    service.change("guard: {", f"guard: {{ {around(hours=3)},")
    service.start()
    status = service.status()
    assert not status["is_suspended"] and not status["maintenance"]["is_now"], status
    assert "maintenance: next " in service.say("status")
    service.kill_instance_and_wait()


def a_zone_that_nobody_knows_is_refused_with_the_nearest_that_is_known(service):
    window = around(hours=3).replace("Etc/UTC", "Europe/Berlni")
    service.change("guard: {", f"guard: {{ {window},")
    done = call(service, "validate")
    assert done.returncode == 2, done
    assert "did you mean Europe/Berlin?" in done.stdout + done.stderr, done


if __name__ == "__main__":
    run_each(__doc__, (inside_a_window_nothing_is_started_and_everybody_is_told_why,
                       outside_of_it_the_next_one_is_told_and_nothing_is_held_up,
                       a_zone_that_nobody_knows_is_refused_with_the_nearest_that_is_known),
             SmallService)
