#!/usr/bin/env python3
"""Secrets stand wherever evidence comes from, and everything that comes out is searched for them.

    secrets_test.py --bin build/release/bin [--only TEXT]

Each secret is planted once, and each place is shown to have been read: what is looked for in vain
has to have been there. Half a minute.
"""

import base64
import http.server
import json
import os
import resource
import secrets
import signal
import subprocess
import sys
import threading
from pathlib import Path

from guarded_world import ROOT, wait_until
from harness import run_each
from people_world import ToldService, links_in
from small_service import write_secret

sys.path.insert(0, str(ROOT / "tests/acceptance"))
from process_test import be_played, stop  # noqa: E402

OK, USAGE = 0, 2
OWN = ("password", "url", "header", "bare", "hook", "sink", "model", "task_header", "variable",
       "printed", "echo", "because", "reference", "environment", "aws", "json", "sink_echo",
       "command", "note")
LEDGER_COMMANDS = (
    ["incidents"], ["incidents", "--json"], ["decisions"], ["decisions", "--json"], ["report"],
    ["report", "--json"], ["autonomy"], ["autonomy", "--json"], ["advise"], ["advise", "--json"],
    ["export"], ["export", "--format", "csv"], ["verify-ledger"], ["remedy", "list"],
    ["sources"], ["validate"])
LIVE_COMMANDS = (["status"], ["status", "--json"], ["incidents", "--waiting"], ["doctor"],
                 ["doctor", "--json"])
LIVE_PATHS = ("/v1/status", "/metrics", "/healthz", "/readyz", "/v1/changes", "/v1/pledges")


def made_secrets():
    """Of no known shape but two; distinct, so that a leak says where it came from."""
    found = {name: f"Kq{number:02}{secrets.token_hex(12)}" for number, name in enumerate(OWN)}
    for name in ("aws", "reference"):
        found[name] = "AKIA" + secrets.token_hex(8).upper()
    return found


def jwt(secret):
    def part(text):
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return f"{part(json.dumps({'alg': 'HS256'}))}.{part(json.dumps({'sub': secret}))}.{secret}"


def forms(secret):
    """How it may stand in bytes: as it is, in hex, in base64 at any place of a text."""
    raw = secret.encode()
    found = [raw, raw.hex().encode(), raw.hex().upper().encode()]
    for shift in range(3):
        coded = base64.b64encode(b"x" * shift + raw)
        found.append(coded[4 if shift else 0:len(coded) - 4])
    return found


class Peer:
    """Takes whatever is posted to it and keeps it; `says` is what it answers."""

    def __init__(self):
        self.heard = []  # Path, headers and body of each request.
        self.says = lambda path, body: (200, {})
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                peer.heard.append((self.path, dict(self.headers), body))
                status, document = peer.says(self.path, body)
                text = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # An agent that is killed in mid-request.

        self.server = Quiet(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def bodies(self):
        return b"\n".join(body for _, _, body in self.heard)

    def has_heard(self, secret):
        return any(secret in str(headers) + path for path, headers, _ in self.heard)

    def end(self):
        self.server.shutdown()
        self.server.server_close()


class Model(Peer):
    """Answers like a llama-server that knows nothing, until it refuses."""

    def __init__(self):
        super().__init__()
        self.texts, self.refusal = {}, None
        self.says = self.think

    def think(self, path, body):
        if self.refusal:
            return 401, {"error": {"message": self.refusal}}
        if path == "/tokenize":
            text = json.loads(body)["content"]
            number = self.texts.setdefault(text, len(self.texts))
            return 200, {"tokens": [0] if number == 0 else [0, number]}
        if path != "/completion":
            return 200, {"status": "ok", "model_path": "none.gguf"}
        asked = [token for token, _ in json.loads(body)["logit_bias"]]
        return 200, {"timings": {"cache_n": 100, "prompt_n": 10},
                     "completion_probabilities": [{"top_probs": [
                         {"id": token, "prob": 1 / len(asked)} for token in asked]}]}


class SecretiveService(ToldService):
    def __init__(self, programs, here):
        super().__init__(programs, here)
        self.secrets = made_secrets()
        self.model, self.sink, self.desk = Model(), Peer(), Peer()
        self.said = []  # What was asked, and the bytes that came.
        self.sources = set()  # Files that hold secrets because they are told to.
        self.flag = here / "flag"
        be_played(self)
        self.plant_files()
        self.plant_tasks()

    def end(self):
        super().end()
        for peer in (self.model, self.sink, self.desk):
            peer.end()

    # --- where secrets stand -------------------------------------------------------------
    def secret_file(self, name, text):
        path = self.here / name
        write_secret(path, text)
        self.sources.add(path)
        return path

    def plant_files(self):
        self.secret_file("hook.url", self.receiver.url.replace("secret", self.secrets["hook"]))
        headers = self.secret_file("sink.headers",
                                   f"Authorization: Bearer {self.secrets['sink']}\n")
        token = self.secret_file("model.token", self.secrets["model"] + "\n")
        self.change("sink.jsonl }", f"sink.jsonl, sinks: [ {{ webhook: {{ url: \"{self.sink.url}\","
                                    f" headers_file: {headers} }} }} ] }}")
        self.change("command: [./rates,",
                    f"command: [./rates, --password, {self.secrets['command']},")
        self.change("  - http: { path: /healthz",
                    "  - logs: { from: stdout }\n  - http: { path: /healthz")
        self.add(f"oracle: both\nmodel: {{ url: \"{self.model.url}\", token_file: {token}, "
                 "deadline: 2s }\nchanges: [ { http: true } ]\n"
                 f"notes: [ \"password={self.secrets['note']} is for the console\" ]\n")

    def plant_tasks(self):
        """Its check is asked with a secret, and answers with one; its program prints two."""
        headers = self.secret_file("task.headers", f"X-Key: {self.secrets['task_header']}\n")
        self.change("autonomy: { restart: act }",
                    "autonomy: { restart: ask, tasks: { raise_flag: act } }")
        script = (f"echo using $RAISE_WITH, password={self.secrets['printed']}; "
                  f"touch {self.flag}")
        self.add(f"tasks: [ {{ name: raise_flag, check: {{ http: {{ url: \"{self.desk.url}\", "
                 f"headers_file: {headers} }}, every: 300ms, fails_max: 1 }}, "
                 f"run: {{ command: [sh, -c, '{script}'], environment: [RAISE_WITH] }}, "
                 "destructive: false, keeps_capacity: true } ]\n")
        self.desk.says = lambda path, body: (200 if self.flag.exists() else 503, {
            "error": f"password={self.secrets['echo']}"})

    def log_lines(self):
        own = self.secrets
        return "".join(line + "\n" for line in (
            f"ERROR connection refused, password={own['password']}",
            f"ERROR timeout of postgres://admin:{own['url']}@db:5432/rates",
            f"WARN upstream said 401 for Authorization: Bearer {own['header']}",
            f"ERROR out of memory while {own['bare']} was there",
            f"ERROR exception {jwt(own['header'])}",
            f"ERROR access denied for {own['aws']}",
            json.dumps({"level": "error", "msg": "pool exhausted", "apiKey": own["json"]})))

    # --- what is done to it --------------------------------------------------------------
    def run(self, *words):
        done = subprocess.run([self.programs / "homeostat", *words, "--config", self.config],
                              cwd=self.here, capture_output=True, timeout=60, env=self.variables())
        self.said.append((f"homeostat {' '.join(words)}", done.stdout + done.stderr))
        return done

    def variables(self):
        return {**os.environ, "RAISE_WITH": self.secrets["variable"],
                "HOMEOSTAT_TEST_SECRET": self.secrets["environment"]}

    def start_agent(self, program=None, log=None, **environment):
        super().start_agent(program, log, **{**self.variables(), **environment})

    def look_now(self):
        for words in LIVE_COMMANDS:
            self.run(*words)
        for path in LIVE_PATHS:
            self.said.append((path, self.get(path)[1].encode()))

    def stop_one(self, name):
        """It falls silent, a model is asked, and then a person is. Gives what the person is
        told."""
        count = len(self.receiver.of_kind("asks")) + 1
        stop(self, name)
        return self.receiver.wait_for("asks", count)

    def heal(self, event):
        """By a yes with a reason in which there is a secret."""
        url = links_in(event)["anna"]
        self.said.append(("the page of a question", self.open(url)[1].encode()))
        status, page = self.answer(url, "approved", f"seen, token: {self.secrets['because']}")
        assert status == 200, page
        self.said.append(("the page of an answer", page.encode()))
        wait_until("it is healed", lambda: self.is_served() and self.is_calm(), seconds=60)

    # --- what comes out ------------------------------------------------------------------
    def written(self):
        """Every file, but what the service itself writes and what is there to hold a secret."""
        for path in sorted(self.here.rglob("*")):
            is_of_service = path.parent.name == "run" and path.suffix == ".log"
            is_given = path in self.sources or path in (self.here / "words", self.config)
            if path.is_file() and not is_of_service and not is_given:
                yield str(path.relative_to(self.here)), path.read_bytes()

    def told(self):
        yield from self.said
        yield from self.written()
        yield "what people are told", json.dumps(self.receiver.events).encode()
        yield "what the model is asked", self.model.bodies()
        yield "what the sink gets", self.sink.bodies()
        yield "what the task's peer gets", self.desk.bodies()

    def leaks(self):
        return [f"{name} in {where}" for where, data in self.told()
                for name, secret in self.secrets.items()
                if any(form in data for form in forms(secret))]


# --- The tests: each a sentence that can be false ------------------------------------------------
def no_secret_of_any_source_is_in_anything_that_comes_out(service):
    own = service.secrets
    service.sink.says = lambda path, body: (500, {"error": f"secret={own['sink_echo']}"})
    assert service.run("remedy", "test", "raise_flag", "--yes").returncode == OK
    service.flag.unlink()
    service.start()
    (service.here / "words").write_text(service.log_lines())
    wait_until("the model is ready", lambda: "ready" in service.status()["oracle"])
    wait_until("the task has run", service.flag.exists, seconds=60)
    wait_until("that is over", lambda: service.recorded("closed") and service.is_calm())
    wait_until("the sink's refusal is told", lambda: service.status()["sinks"][0]["trouble"])
    change = {"kind": "deploy", "service": "rates", "to": "v2", "reference": own["reference"]}
    status, text = service.post("/v1/changes", json.dumps(change))
    assert status == 201, text
    event = service.stop_one("rates-0")
    service.look_now()
    service.heal(event)
    service.model.refusal = f"401 for Authorization: Bearer {own['echo']}"
    event = service.stop_one("rates-1")
    service.look_now()
    service.heal(event)
    assert service.run("suspend", "--because", f"password={own['because']}").returncode == OK
    service.look_now()
    assert service.run("resume", "--because", f"password={own['because']}").returncode == OK
    service.sink.says = lambda path, body: (204, {})
    wait_until("the sink has it", lambda: service.status()["sinks"][0]["lag_groups"] == 0,
               seconds=60)
    assert service.stop_agent() == 0
    ids = [incident["incident"] for incident in service.ask("incidents")["incidents"]]
    for words in (*LEDGER_COMMANDS, *(["explain", one] for one in ids),
                  *(["explain", one, "--json"] for one in ids), *(["replay", one] for one in ids)):
        service.run(*words)
    assert not service.leaks(), service.leaks()
    was_all_read(service)


def was_all_read(service):
    """What was looked for in vain was there."""
    own = service.secrets
    logs = b"".join(path.read_bytes() for path in (service.here / "run").glob("*.log"))
    assert all(own[name].encode() in logs for name in ("password", "url", "bare", "json", "aws"))
    assert service.model.has_heard(own["model"]) and service.sink.has_heard(own["sink"])
    assert service.desk.has_heard(own["task_header"])
    assert any(own["hook"] in path for _, path in service.receiver.asked)
    assert service.model.bodies().count(b"logit_bias") > 2, "the model was not asked"
    ledger = json.dumps([service.recorded(kind) for kind in
                         ("outcome", "answered", "proposed", "opened", "suspended", "change")])
    for mark in ("[redacted:password]", "[redacted:token]", "[redacted:authorization]",
                 "[redacted:aws_key]"):
        assert mark in ledger, f"{mark} is not in the ledger: nothing went that way"
    for asked in ("homeostat status", "homeostat doctor", "/v1/status"):
        said = b"".join(said for what, said in service.said if what == asked)
        assert b"[redacted:" in said, f"{asked} shows no peer's words: {said}"
    assert "[redacted:" in service.log(), service.log()


def a_secret_in_a_configuration_is_refused_and_not_repeated(service):
    own = service.secrets
    for lines in (f"notify: [ {{ webhook: {{ url: \"https://u:{own['url']}@h.example/\" }} }} ]",
                  f"record: {{ sinks: [ {{ nats: {{ url: \"nats://a:{own['sink']}@h\" }} }} ] }}",
                  f"record: {{ sinks: [ {{ postgres: {{ url: \"postgresql://a:{own['sink']}@h\" }}"
                  " } ] }"):
        path = service.here / "inline.yaml"
        path.write_text(f"service: rates\nruntime: {{ process: {{ command: [x] }} }}\n{lines}\n")
        done = subprocess.run([service.programs / "homeostat", "validate", "--config", path],
                              cwd=service.here, capture_output=True, text=True, timeout=30)
        assert done.returncode == USAGE, done
        assert not any(secret in done.stdout + done.stderr for secret in own.values()), done


def an_agent_that_crashes_leaves_no_core_and_what_it_starts_may(service):
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if hard == 0:
        print("SKIPPED: no program may leave a core here")
        return
    assert not os.WCOREDUMP(crash_of(service, hard)), "a core was dumped"
    if not os.WCOREDUMP(crash_of(service, hard, "--core-dumps")):
        print("SKIPPED: this kernel dumps no core of anybody")
    assert "secrets are in what this process leaves" in service.log()


def crash_of(service, limit, *words):
    """The status of an agent that ends by a fault, with cores allowed by whoever started it."""
    with open(service.here / "agent.log", "ab") as log:
        service.agent = subprocess.Popen(
            [service.programs / "homeostat", "agent", "--config", service.config, *words],
            cwd=service.here, stdout=log, stderr=log, env=service.variables(),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (limit, limit)))
    wait_until("both instances answer", service.is_served)

    def soft_limit(pid):
        line, = (line for line in Path(f"/proc/{pid}/limits").read_text().splitlines()
                 if line.startswith("Max core file size"))
        return line.split()[4]
    as_given = "unlimited" if limit == resource.RLIM_INFINITY else str(limit)
    assert soft_limit(service.agent.pid) == (as_given if words else "0")
    assert soft_limit(service.alive()["rates-0"][0]) == as_given
    os.kill(service.agent.pid, signal.SIGSEGV)
    _, status = os.waitpid(service.agent.pid, 0)
    service.agent.returncode = -signal.SIGSEGV  # Nobody else may wait for it any more.
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSEGV, status
    return status


TESTS = [
    no_secret_of_any_source_is_in_anything_that_comes_out,
    a_secret_in_a_configuration_is_refused_and_not_repeated,
    an_agent_that_crashes_leaves_no_core_and_what_it_starts_may,
]


if __name__ == "__main__":
    run_each(__doc__, TESTS, SecretiveService)
