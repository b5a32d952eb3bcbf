"""An agent that guards a Deployment of a full lab, from where the cluster's addresses are.

    agent = Guarding(lab, "shop", programs, directory)
    agent.grant()
    with agent:
        …
        agent.wait_healed()
"""

import json
import signal
import subprocess
from pathlib import Path

from deployment import wait_until

MARK = "homeostat.dev/effect"
NAMESPACE = "default"
CONFIG = """service: {name}
runtime:
  kubernetes:
    namespace: {namespace}
    deployment: {name}
    kubeconfig: {kubeconfig}
    slots: 8{more}
    service: {{ name: {name}, port: 80, path: / }}
signals:
  - http: {{ path: /healthz, every: 250ms, timeout: 250ms }}
guard: {{ min_healthy: 1, proof_time: 2s, cool_down: 10s, attempts_max: 4 }}
autonomy: {{ restart: act, rolling_restart: act, rollback: act }}
oracle: rules
record: {{ ledger: ledger }}
control: {{ socket: homeostat.sock, switch: suspended, crash_loop_starts: 0 }}
"""


class Guarding:
    def __init__(self, lab, name, programs, directory, more=()):
        """`more`: further lines of runtime.kubernetes."""
        self.lab, self.name, self.program = lab, name, Path(programs) / "homeostat"
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.account = f"homeostat-{name}"
        self.config = self.directory / f"{name}.yaml"
        self.config.write_text(CONFIG.format(
            name=name, namespace=NAMESPACE, more="".join(f"\n    {line}" for line in more),
            kubeconfig=lab.directory / f"{self.account}.kubeconfig"))
        self.log = self.directory / "agent.log"
        self.process = None

    def allow(self, more):
        """Raises the autonomy of one more remedy: "resize: act"."""
        text = self.config.read_text()
        assert " rollback: act }" in text, text
        self.config.write_text(text.replace(" rollback: act }", f" rollback: act, {more} }}"))

    def be_patient(self, every="1s"):
        """A pod of a busy machine that answers late is not ill: for tests that measure nothing."""
        text = self.config.read_text()
        assert "every: 250ms, timeout: 250ms" in text, text
        self.config.write_text(text.replace("every: 250ms, timeout: 250ms",
                                            f"every: {every}, timeout: {every}"))

    # --- its rights ------------------------------------------------------------------------------
    def grant(self, without=None):
        """What `homeostat rbac` prints, and no more; less the verb `without`."""
        status, rules, trouble = self.run("rbac", "--account", self.account)
        assert status == 0, trouble
        if without:
            assert f'"{without}"' in rules, rules
            rules = rules.replace(f', "{without}"', "")
        manifest = self.directory / "rbac.yaml"
        manifest.write_text(rules)
        self.lab.kubectl("apply", "-f", manifest)
        self.lab.write_kubeconfig(self.account, self.lab.token_of(NAMESPACE, self.account))

    # --- its life --------------------------------------------------------------------------------
    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.tell_troubles()
        self.stop()

    def start(self):
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                self.lab.inside([self.program, "agent", "--config", self.config]),
                cwd=self.directory, stdout=log, stderr=subprocess.STDOUT)
        wait_until("the agent sees pods", self.sees_pods, 30)

    def sees_pods(self):
        assert self.process.poll() is None, self.log.read_text()[-4000:]
        status = self.ask("status")
        return status and any(one["is_answering"] for one in status["instances"])

    def stop(self):
        """As a person ends it."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def kill(self):
        """As a crash ends it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)

    # --- what it says ----------------------------------------------------------------------------
    def run(self, *words):
        """(exit status, stdout, stderr) of a command of homeostat."""
        done = subprocess.run([self.program, *words, "--config", self.config],
                              cwd=self.directory, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def doctor(self):
        """(exit status, text). It asks the cluster, so it runs where the agent does."""
        done = subprocess.run(self.lab.inside([self.program, "doctor", "--config", self.config]),
                              cwd=self.directory, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def ask(self, *words):
        """What the command says as JSON; None: nobody answers."""
        status, text, _ = self.run(*words, "--json")
        return json.loads(text) if status == 0 and text.strip() else None

    def incidents(self):
        return (self.ask("incidents") or {}).get("incidents", [])

    def wait_proven(self, seconds=30):
        """Until there is a version to go back to."""
        wait_until("the version is proven", lambda: (self.ask("status") or {}).get("is_ready"),
                   seconds)

    def wait_healed(self, seconds=90):
        """Until there is one incident and it is healed; gives its id."""
        def healed():
            states = {one["incident"]: one["state"] for one in self.incidents()}
            assert len(states) < 2, states
            assert not set(states.values()) & {"escalated", "passed", "by_person"}, states
            return next((name for name, state in states.items() if state == "healed"), None)
        return wait_until("the incident is healed", healed, seconds)

    def story(self, incident):
        return self.run("explain", incident)[1]

    def tell_troubles(self):
        print(f"--- the agent's log\n{self.log.read_text()[-4000:]}", flush=True)
        for one in self.incidents():
            print(f"--- {self.story(one['incident'])}", flush=True)
        print(self.run("status")[1], flush=True)
