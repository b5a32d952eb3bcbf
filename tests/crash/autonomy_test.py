#!/usr/bin/env python3
"""A real agent whose restart does not help asks from then on, until a person promotes it; and what
was only watched is scored against what happened.

    autonomy_test.py --bin build/release/bin [--only TEXT]

Records are read from the ledger's own bytes. A minute.
"""

import json
import os
import pwd
import signal
import subprocess
import sys

from guarded_world import wait_until
from harness import run_each
from small_service import SmallService

OK, REFUSED, USAGE, NO_AGENT = 0, 1, 2, 3  # As `homeostat autonomy promote --help` says.


def me():
    return pwd.getpwuid(os.getuid()).pw_name


def call(service, *words):
    return subprocess.run([service.programs / "homeostat", *words, "--config", service.config],
                          cwd=service.here, capture_output=True, text=True, timeout=10)


EVERY_SECOND = """#!{python}
# Answers every second request: well enough to be put into service, and never well.
import http.server
import sys

class Answer(http.server.BaseHTTPRequestHandler):
    count = 0

    def do_GET(self):
        Answer.count += 1
        self.send_response(200 if Answer.count % 2 else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass

port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""


def start_what_is_never_well(service):
    """From now on whatever is started is ill. Gives what undoes that."""
    program = service.version / "rates"
    program.unlink()
    program.write_text(EVERY_SECOND.format(python=sys.executable))
    program.chmod(0o755)

    def undo():
        program.unlink()
        program.symlink_to(service.programs / "rates")
    return undo


def stop_one(service):
    """The first instance runs and answers no more. Gives its name and what it was."""
    name, process = sorted(service.alive().items())[0]
    os.kill(process[0], signal.SIGSTOP)
    return name, process


def remedy_in(document, kind):
    return next(one for one in document["remedies"] if one["remedy"] == kind)


# --- The tests: each a sentence that can be false ------------------------------------------------
def a_restart_that_did_not_help_asks_until_a_person_promotes_it(service):
    service.start()
    undo = start_what_is_never_well(service)
    name, process = stop_one(service)
    wait_until("the restart has not helped", lambda: service.recorded("demoted"), seconds=60)
    demoted, = service.recorded("demoted")
    assert demoted["remedy"] == "restart" and demoted["incident"] == "i-1", demoted
    wait_until("a person is told",
               lambda: "restart did not help, and asks a person from now on" in service.log())
    assert service.status()["demoted"] == [demoted], service.status()
    assert "demoted: restart asks, as it did not help in i-1" in service.say("status")
    standing = remedy_in(service.ask("autonomy"), "restart")
    assert standing["configured"] == "act" and standing["now"] == "ask", standing
    assert standing["demotion"] == demoted, standing
    assert "demoted   restart asks a person from now on" in service.say("explain", "i-1")

    # A kill -9 lifts nothing, and what has ended is started all the same.
    service.kill_agent()
    undo()
    service.start_agent()
    wait_until("the agent is back", lambda: service.status() is not None)
    assert service.status()["demoted"] == [demoted]
    os.kill(service.alive()[name][0], signal.SIGKILL)
    wait_until("both instances answer", service.is_served)

    done = call(service, "autonomy", "promote", "rollback", "--because", "I guess")
    assert done.returncode == REFUSED and "rollback is not demoted" in done.stderr, done
    done = call(service, "autonomy", "promote", "reboot", "--because", "I guess")
    assert done.returncode == USAGE, done
    done = call(service, "autonomy", "promote", "restart")
    assert done.returncode == USAGE, done
    status, text = service.post("/v1/promote", json.dumps({"remedy": "restart", "because": ""}))
    assert status == 400 and "because" in text, (status, text)
    done = call(service, "autonomy", "promote", "restart", "--because", "the build was broken")
    assert done.returncode == OK and "restart stands at act again" in done.stdout, done
    promoted, = service.recorded("promoted")
    assert promoted == {"remedy": "restart", "by": me(), "because": "the build was broken"}
    assert service.status()["demoted"] == []
    assert remedy_in(service.ask("autonomy"), "restart")["now"] == "act"
    service.stop_agent()
    done = call(service, "autonomy", "promote", "restart", "--because", "once more")
    assert done.returncode == NO_AGENT, done


def a_restart_that_helps_each_time_asks_from_the_fourth_on_until_a_person_promotes_it(service):
    service.change("min_healthy: 1,", "min_healthy: 1, cool_down: 1s,")
    service.start()

    def stop_it_again(times):
        _, process = stop_one(service)
        wait_until("it is restarted, and that has helped", lambda: service.is_served() and
                   len(service.recorded("closed")) == times, seconds=60)
        assert service.alive()["rates-0"] != process
    for times in (1, 2, 3):
        stop_it_again(times)
        service.kill_agent()  # Whoever comes next counts what was before.
        service.start_agent()
        wait_until("the agent is back", service.is_served)
    demoted, = service.recorded("demoted")
    assert demoted["relapse"] == {"target": "rates-0", "symptom": "instance_not_answering"}, demoted
    assert demoted["because"].startswith("it was proven to help 3 times within "), demoted
    assert "and lasted " in demoted["because"], demoted
    told = "demoted: restart of rates-0 against instance_not_answering asks, as it was proven"
    assert told in service.say("status"), service.say("status")
    standing = remedy_in(service.ask("autonomy"), "restart")
    assert standing["now"] == "act" and standing["relapses"] == [demoted], standing
    assert "  ASKS: restart of rates-0 against" in service.say("autonomy")
    assert "demoted   restart of rates-0 against" in service.say("explain", demoted["incident"])

    stop_one(service)
    wait_until("a person is asked", lambda: any(one.get("question") for one in
                                                service.status()["incidents"]), seconds=60)
    asked = [body["verdict"] for body in service.recorded("verdict")][-1]
    assert asked["verdict"] == "question" and demoted["because"] in asked["because"], asked
    assert len(service.recorded("demoted")) == 1
    done = call(service, "autonomy", "promote", "restart", "--because", "the leak is known")
    assert done.returncode == OK and service.status()["demoted"] == [], done


def what_was_only_watched_is_scored_by_what_a_person_did(service):
    service.change("restart: act", "restart: recommend")
    service.start()
    name, process = stop_one(service)
    wait_until("what would be done is told", lambda: "i-1" in service.log(), seconds=60)
    wait_until("a person is needed",
               lambda: any(one["node"] == "stand_by" for one in service.status()["incidents"]))
    os.kill(process[0], signal.SIGCONT)  # It answers again, and nobody has done anything else.
    wait_until("it is over", service.is_calm, seconds=60)
    assert len(service.recorded("aftermath")) == 1
    evidence = remedy_in(service.ask("autonomy"), "restart")["evidence"]
    assert evidence["shadow_alone"] == 1 and evidence["shadow_same"] == 0, evidence
    report = service.ask("report", "--since", "1h")
    assert report["total"]["incidents_count"] == 1 and report["total"]["acts_count"] == 0, report
    assert report["alone_count"] == 1 and report["shadow_count"] == 1, report


if __name__ == "__main__":
    run_each(__doc__, [
        a_restart_that_did_not_help_asks_until_a_person_promotes_it,
        a_restart_that_helps_each_time_asks_from_the_fourth_on_until_a_person_promotes_it,
        what_was_only_watched_is_scored_by_what_a_person_did,
    ], SmallService)
