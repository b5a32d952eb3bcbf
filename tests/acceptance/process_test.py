#!/usr/bin/env python3
"""What has gone wrong elsewhere, tried on the real agent with a real service: a loop of remedies,
all instances silent at once, hostile words, a target that has gone, a model that hangs.
tests/acceptance/stories.toml has the whole list.

    tests/acceptance/process_test.py --bin DIRECTORY [--only TEXT]
"""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/crash"))

from guarded_world import wait_until  # noqa: E402
from harness import run_each  # noqa: E402
from small_service import SmallService  # noqa: E402

ATTEMPTS_MAX = 3
LOOKS = 30  # At a tenth of a second each: some times as long as a remedy takes.

SERVICE = """#!{python}
# Answers as the files beside it say, and says what stands in one of them.
import http.server
import pathlib
import sys
import threading
import time

here = pathlib.Path("{here}")

class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *words):
        pass

def talk():
    while True:
        words = here / "words"
        for line in words.read_text().splitlines() if words.exists() else ():
            print(line, flush=True)
        time.sleep(0.1)

threading.Thread(target=talk, daemon=True).start()
port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""


class Model(http.server.ThreadingHTTPServer):
    """Answers like a llama-server that knows nothing, until it hangs: then it takes what it is
    asked, and is silent."""

    daemon_threads = True

    def __init__(self):
        self.hangs, self.is_over = threading.Event(), threading.Event()
        self.texts, self.unanswered_count = {}, 0
        super().__init__(("127.0.0.1", 0), self.handler())
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.is_over.set()
        self.shutdown()
        self.server_close()

    def handler(self):
        model = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, document):
                text = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):
                self.answer({"status": "ok", "model_path": "none.gguf"})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/tokenize":
                    # The question, and then the question with each of its answers.
                    text = body["content"]
                    number = model.texts.setdefault(text, len(model.texts))
                    self.answer({"tokens": [0] if number == 0 else [0, number]})
                    return
                if model.hangs.is_set():
                    model.unanswered_count += 1
                    model.is_over.wait()
                    return
                asked = [token for token, _ in body["logit_bias"]]
                self.answer({"timings": {"cache_n": 100, "prompt_n": 10},
                             "completion_probabilities": [{"top_probs": [
                                 {"id": token, "prob": 1 / len(asked)} for token in asked]}]})

            def log_message(self, *_):
                pass
        return Handler


def be_played(service):
    """The service is one that a test can tell what to say."""
    program = service.version / "rates"
    program.unlink()
    program.write_text(SERVICE.format(python=sys.executable, here=service.here))
    program.chmod(0o755)


def effects_of(service):
    return [body["effect"] for body in service.recorded("intent")]


def stays(service, what, condition):
    """That something does not happen can only be looked for again and again."""
    for _ in range(LOOKS):
        assert condition(), f"not any more: {what}"
        time.sleep(0.1)


def stop(service, name):
    """The process runs and answers no more."""
    pid = service.alive()[name][0]
    os.kill(pid, signal.SIGSTOP)
    return pid


# --- The tests: each a sentence that can be false ------------------------------------------------
def a_fault_that_no_remedy_cures_is_tried_a_bounded_number_of_times_and_then_a_person_is_told(
        service):
    service.change("back_off_max: 200ms", f"back_off_max: 200ms, attempts_max: {ATTEMPTS_MAX}")
    service.start()
    starts = service.count_starts()
    program = service.version / "rates"
    program.write_text(f'#!/bin/sh\necho "$$" >> {service.here}/starts\nexit 1\n')
    (service.here / "starts").touch()
    name, _ = service.kill_instance()
    wait_until("a person is told", lambda: "a person is needed" in service.log() or
               "escalated" in str(service.ask("incidents")), seconds=60)
    tried = starts()
    assert 0 < tried <= ATTEMPTS_MAX, tried
    assert len(effects_of(service)) == tried, effects_of(service)
    stays(service, "nothing more is tried", lambda: starts() == tried)
    # Nor does whoever takes over begin to count anew.
    service.kill_agent()
    service.start_agent()
    wait_until("the agent is back", lambda: service.status() is not None)
    stays(service, "nothing more is tried", lambda: starts() == tried)
    assert name not in service.alive()


def when_all_instances_fall_silent_at_once_none_of_them_is_restarted_on_that_word_alone(service):
    service.start()
    before = service.alive()
    stopped = [stop(service, name) for name in service.names]
    try:
        wait_until("the agent sees it", lambda: service.status()["incidents"] or
                   service.ask("incidents")["incidents"], seconds=30)
        stays(service, "no process is taken away", lambda: service.alive() == before)
        assert effects_of(service) == [], effects_of(service)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    wait_until("both instances answer", service.is_served)
    assert service.alive() == before


def hostile_words_in_a_log_move_nothing_and_stand_nowhere(service):
    attacks = json.loads((ROOT / "tests/data/attacks.json").read_text())
    lines = [line for kind in attacks.values() for line in kind if isinstance(line, str)]
    be_played(service)
    service.change("  - http: { path: /healthz",
                   "  - logs: { from: stdout }\n  - http: { path: /healthz")
    service.start()
    (service.here / "words").write_text("".join(
        line.replace("\n", " ") + "\n" for line in lines))
    # Silence looks like resistance. All of them twice: whatever one round of it brings has come.
    opening = next(line for line in lines if "gnore all previous instructions" in line)[:40]
    logs = [service.here / "run" / f"{name}.log" for name in service.names]
    wait_until("all of them are said", lambda: all(
        log.read_text(errors="replace").count(opening) > 1 for log in logs), seconds=30)
    stays(service, "nothing is done", lambda: service.is_served() and
          not service.ask("incidents")["incidents"])
    assert effects_of(service) == []
    # And while something really is wrong, what is done is what would be done without a word.
    name, process = service.kill_instance()
    wait_until("it is started again", lambda: service.alive().get(name, process) != process)
    wait_until("it is over", lambda: service.is_served() and service.is_calm())
    done = [body["step"] for body in service.recorded("intent")]
    assert len(done) == 1, done
    ledger = b"".join(path.read_bytes() for path in (service.here / "ledger").glob("*.hlog"))
    assert b"gnore all previous instructions" not in ledger


def a_leave_for_a_target_that_has_gone_meanwhile_moves_nothing_else(service):
    service.change("restart: act", "restart: ask")
    service.start()
    starts = service.count_starts()
    (service.here / "starts").touch()
    pid = stop(service, "rates-0")

    def asked():
        return next((one["question"] for one in service.status()["incidents"]
                     if one.get("question")), None)
    wait_until("a person is asked", asked, seconds=30)
    question = asked()["id"]
    others = {name: process for name, process in service.alive().items() if name != "rates-0"}
    os.kill(pid, signal.SIGKILL)  # What they were asked about is not there any more.
    wait_until("it has gone", lambda: "rates-0" not in service.alive())
    subprocess.run([service.programs / "homeostat", "approve", "i-1", "--question", question,
                    "--config", service.config], cwd=service.here, capture_output=True, timeout=10)
    stays(service, "nothing is done by a leave for what has gone",
          lambda: starts() == 0 and {name: process for name, process in service.alive().items()
                                     if name != "rates-0"} == others)
    assert effects_of(service) == [], effects_of(service)


def a_model_that_takes_the_question_and_never_answers_delays_a_remedy_by_its_deadline_only(
        service):
    with Model() as model:
        service.add(f"oracle: both\nmodel: {{ url: http://127.0.0.1:{model.server_port}, "
                    "deadline: 200ms }\n")
        service.start()
        wait_until("the model is ready", lambda: "ready" in service.status()["oracle"])
        model.hangs.set()
        before = service.alive()
        pid = stop(service, "rates-0")
        wait_until("it is restarted", lambda: service.alive().get("rates-0", before["rates-0"]) !=
                   before["rates-0"], seconds=60)
        wait_until("it is over", lambda: service.is_served() and service.is_calm(), seconds=60)
        assert pid != service.alive()["rates-0"][0]
        assert service.alive()["rates-1"] == before["rates-1"]
        choice = service.recorded("opened")[0]["choice"]
        assert choice["model_answer"] == "late" and model.unanswered_count > 0, choice


TESTS = [
    a_fault_that_no_remedy_cures_is_tried_a_bounded_number_of_times_and_then_a_person_is_told,
    when_all_instances_fall_silent_at_once_none_of_them_is_restarted_on_that_word_alone,
    hostile_words_in_a_log_move_nothing_and_stand_nowhere,
    a_leave_for_a_target_that_has_gone_meanwhile_moves_nothing_else,
    a_model_that_takes_the_question_and_never_answers_delays_a_remedy_by_its_deadline_only,
]


def main():
    run_each(__doc__, TESTS, SmallService)


if __name__ == "__main__":
    main()
