"""Two instances of `rates`, guarded by an executor and an agent that are two processes.

The agent runs as another user where we may start one as that: it may read what the instances leave
behind, and write nothing but its own key and socket. A demon's hand holds the agent's key and signs
whatever it likes.
"""

import json
import os
import subprocess
import sys
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from guarded_world import die_with_parent, wait_until
from small_service import SmallService, UnixConnection

SIGNED_UNDER = b"homeostat letter 1\n"
NOBODY = 65534

ROLES = """roles:
  socket: {here}/door/door.sock
  key: {here}/home/agent.key
  agent_socket: {here}/home/agent.sock
  agents: [ "{key}" ]
"""


def boot_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def become(user):
    def change():
        if user != os.getuid():
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
        die_with_parent()  # Last: it does not outlast a change of user.
    return change


class Hand:
    """Writes letters with the agent's key, as whoever has taken the agent over can."""

    def __init__(self, world, key=None, scope=None):
        self.scope = scope  # {"kind": …, "name": …}; None: it speaks of the whole.
        self.socket = world.door
        seed = (world.home / "agent.key").read_text().strip() if key is None else key
        self.key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
        self.agent = self.key.public_key().public_bytes_raw().hex()
        self.life, self.stamp, self.epoch, self.sequence = "", "", 0, 0
        self.service = "rates"
        self.answers = None  # The incident that wants a second opinion, as the last reply says.

    def seal(self, body):
        self.sequence += 1
        letter = {"service": self.service, "agent": self.agent, "life": self.life,
                  "stamp": self.stamp, "epoch": self.epoch, "sequence": self.sequence,
                  **({"scope": self.scope} if self.scope else {}), "body": body}
        text = json.dumps(letter, separators=(",", ":"))
        signature = self.key.sign(SIGNED_UNDER + text.encode()).hex()
        return f'{text[:-1]},"signature":"{signature}"}}'

    def post(self, text):
        """Status and document."""
        connection = UnixConnection(self.socket)
        try:
            connection.request("POST", "/v1/letters", text)
            response = connection.getresponse()
            reply = json.loads(response.read())
            self.stamp = reply.get("stamp") or self.stamp
            return response.status, reply
        finally:
            connection.close()

    def begin(self):
        """A life of its own, after whoever spoke with this key last."""
        _, reply = self.post(self.seal({"kind": "look", "symptoms": [], "troubles": []}))
        assert reply["discarded"] == "stale_life", reply
        self.life, self.epoch, self.sequence = reply["life"], reply["epoch"] + 1, 0

    def say(self, body):
        status, reply = self.post(self.seal(body))
        if reply.get("discarded") == "late":
            return self.post(self.seal(body))  # It was silent for longer than its stamp is good.
        return status, reply

    def clear(self, instance, symptom):
        return self.say({"kind": "clear", "symptom": self.symptom(instance, symptom)})

    @staticmethod
    def symptom(instance, kind):
        now = boot_ns()
        return {"symptom": kind, "subject": {"kind": "instance", "name": instance},
                "observer": "probe", "value": 1.0, "limit": 1.0, "began_at": now - 10**9,
                "noticed_at": now}

    def propose(self, instance, symptom="instance_not_answering", remedy=None, **besides):
        now = boot_ns()
        remedy = remedy or {"kind": "restart", "instance": instance}
        proposal = {
            "service": self.service,
            "symptom": self.symptom(instance, symptom),
            "diagnosis": {"causes": [{"cause": "instance_fault", "weight": 1.0,
                                      "because": "the demon says so"}],
                          "evidence": {"lines": ["all is lost"]}, "names": [], "measured": []},
            "menu": {"items": [{"remedy": remedy, "prior": 1.0, "because": "it is the worst"}]},
            "choice": {"remedy": remedy, "confidence": 1.0, "mode": "rules",
                       "model_answer": "not_asked", "lambda": 0.0,
                       "scores": [{"remedy": remedy, "prior": 1.0, "score": 0.0}],
                       "model_trouble": "", "calibration_digest": ""},
            "judged_at": now, "judging_took": 0, **besides}
        body = {"kind": "submit", "proposal": proposal}
        if self.answers:
            body["answers"] = self.answers
        status, reply = self.say(body)
        standing = next((one["standing"] for one in reply.get("standings", ())
                         if one["subject"]["name"] == instance and "standing" in one), None)
        wants = standing and standing["wants_proposal"]
        self.answers = standing["incident"] if wants else None
        return status, reply


class TwoRoles(SmallService):
    def __init__(self, programs, here):
        super().__init__(programs, here)
        here.chmod(0o755)  # Whoever runs the agent has to find its way.
        self.user = NOBODY if os.getuid() == 0 else os.getuid()
        self.has_other_user = self.user != os.getuid()
        self.home, self.run, self.door_directory = here / "home", here / "run", here / "door"
        for directory in (self.home, self.run, self.door_directory, here / "control"):
            directory.mkdir()
        self.home.chmod(0o700)
        if self.has_other_user:
            os.chown(self.home, self.user, self.user)
        self.door = self.door_directory / "door.sock"
        self.watcher = None
        self.add(ROLES.format(here=here, key="0" * 64))
        self.public_key = self.as_agent("agent", "--role", "agent", "--show-key").stdout.strip()
        assert len(self.public_key) == 64, self.public_key
        self.change("0" * 64, self.public_key)

    # --- what a test does to it ----------------------------------------------------------
    def start_agent(self, program=None, log=None, **environment):
        """The executor: SmallService knows the one that acts by this name."""
        self.start_executor()
        self.start_watcher()

    def start_executor(self):
        with open(self.here / "agent.log", "ab") as log:
            self.agent = subprocess.Popen(
                [self.programs / "homeostat", "agent", "--role", "executor", "--config",
                 self.config], cwd=self.here, stdout=log, stderr=log, preexec_fn=die_with_parent)

    def start_watcher(self):
        with open(self.here / "watcher.log", "ab") as log:
            self.watcher = subprocess.Popen(
                [self.programs / "homeostat", "agent", "--role", "agent", "--config",
                 self.config], cwd=self.here, stdout=log, stderr=log,
                preexec_fn=become(self.user))

    def start(self):
        super().start()
        wait_until("the agent is answered", self.is_heard)

    def kill_watcher(self):
        self.watcher.kill()
        self.watcher.wait()

    def end(self):
        if self.watcher and self.watcher.poll() is None:
            self.kill_watcher()
        super().end()

    def as_agent(self, *words):
        return subprocess.run([self.programs / "homeostat", *words, "--config", self.config],
                              cwd=self.here, capture_output=True, text=True, timeout=10,
                              preexec_fn=become(self.user))

    def call(self, *words):
        return subprocess.run([self.programs / "homeostat", *words, "--config", self.config],
                              cwd=self.here, capture_output=True, text=True, timeout=10)

    # --- what is read from it ------------------------------------------------------------
    @staticmethod
    def document(done):
        return json.loads(done.stdout)

    def seen(self):
        """What the agent itself says; None when it does not answer."""
        done = self.as_agent("status", "--role", "agent", "--json")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def is_heard(self):
        seen = self.seen()
        return seen is not None and seen["executor"]["is_answering"]

    def discarded(self, why):
        return self.status()["letters_discarded"][why]

    def intents(self):
        return self.recorded("intent")

    def wait_for_intent(self, known=0):
        wait_until("a remedy begins", lambda: len(self.intents()) > known)

    def tell_troubles(self):
        super().tell_troubles()
        path = self.here / "watcher.log"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        print("--- watcher.log", *lines[-25:], sep="\n    ", file=sys.stderr)
