#!/usr/bin/env python3
"""An agent beside each instance, all of one key, and one executor: each speaks of its own alone.

    beside_each_test.py --bin build/release/bin [--only TEXT]

What one of them sees no other one ends, by a lie or by being silent. A minute.
"""

import subprocess
import sys

from guarded_world import wait_until
from harness import run_each

try:
    from two_roles_world import Hand, TwoRoles, become
except ImportError as error:  # The library for Ed25519.
    print(f"SKIPPED: {error}")
    sys.exit(77)

WHOLE_KEY = "05" * 32  # Of an agent that speaks of the whole: a hand writes its letters.


def scope(name):
    return {"kind": "instance", "name": name}


class BesideEach(TwoRoles):
    """`watchers`: instance → the agent beside it."""

    def __init__(self, programs, here):
        super().__init__(programs, here)
        self.whole = Hand(self, key=WHOLE_KEY)
        self.change(f'agents: [ "{self.public_key}" ]',
                    f'agents: [ {{ key: "{self.public_key}", scope: instance }}, '
                    f'"{self.whole.agent}" ]')
        self.watchers = {}

    def config_of(self, name):
        """Beside a pod each has a file system of its own; here they need other sockets."""
        path = self.here / f"{name}.yaml"
        path.write_text(self.config.read_text().replace("home/agent.sock", f"home/{name}.sock"))
        path.chmod(0o644)
        return path

    def start_watcher(self):
        for name in self.names:
            self.start_beside(name)

    def start_beside(self, name):
        with open(self.here / "watcher.log", "ab") as log:
            self.watchers[name] = subprocess.Popen(
                [self.programs / "homeostat", "agent", "--role", "agent", "--instance", name,
                 "--config", self.config_of(name)], cwd=self.here, stdout=log, stderr=log,
                preexec_fn=become(self.user))

    def kill_beside(self, name):
        self.watchers[name].kill()
        self.watchers[name].wait()

    def end(self):
        for name, watcher in self.watchers.items():
            if watcher.poll() is None:
                self.kill_beside(name)
        super().end()

    def speaking(self):
        """Of which instances somebody speaks."""
        status = self.status()
        return {agent["scope"].removeprefix("instance ") for agent in status["agents"]
                if agent["is_speaking"]} if status else set()

    def is_heard(self):
        return set(self.names) <= self.speaking()

    def open_incidents(self):
        return {one["symptom"]["subject"]["name"]: one for one in self.status()["incidents"]}

    def kill(self, name):
        """That instance, and no other."""
        names, self.names = self.names, [name]
        try:
            return self.kill_instance()
        finally:
            self.names = names

    def heal(self, name):
        process = self.kill(name)[1]
        wait_until(f"{name} is healed", lambda: self.alive().get(name, process) != process
                   and self.is_served() and self.is_calm())

    def hand_of(self, name):
        hand = Hand(self, scope=scope(name))
        hand.begin()
        return hand


# --- The tests: each a sentence that can be false ------------------------------------------------
def what_each_sees_of_its_own_the_executor_heals(service):
    starts = service.count_starts()
    service.start()
    before = starts()
    for count, name in enumerate(service.names, 1):
        service.heal(name)
        assert starts() == before + count
    assert [body["step"]["instance"] for body in service.intents()] == service.names
    assert all(one["how"] == "healed" for one in service.recorded("closed"))
    said = service.say("status")
    for name in service.names:
        assert f" of instance {name}: speaks, heard" in said, said


def one_that_is_killed_leaves_the_other_one_and_its_own_alone(service):
    starts = service.count_starts()
    service.start()
    first, second = service.names
    before = starts()
    for dead, other in ((first, second), (second, first)):
        service.kill_beside(dead)
        wait_until("it is silent", lambda: dead not in service.speaking())
        service.heal(other)
        # Nobody is beside it: the other one says nothing of it, not even that it is well.
        intents = len(service.intents())
        process = service.kill(dead)[1]
        before_it = service.kill(other)[1]
        wait_until(f"{other} runs again", lambda: service.is_calm()
                   and service.alive().get(other, before_it) != before_it)
        assert dead not in service.alive() and len(service.intents()) == intents + 1
        service.start_beside(dead)
        wait_until(f"{dead} is healed", lambda: service.alive().get(dead, process) != process
                   and service.is_served() and service.is_calm())
    assert starts() == before + 6


def silence_and_the_word_of_others_end_nothing(service):
    service.change("autonomy: { restart: act }", "autonomy: { restart: ask }")
    service.start()
    service.whole.begin()
    ill, well = service.names
    service.kill(ill)
    wait_until("a person is asked", lambda: service.open_incidents().get(ill, {}).get("question"))
    # Who may speak of the whole sees nothing wrong; who sees it has not said that it is over.
    _, reply = service.whole.clear(ill, "instance_down")
    assert "refused" not in reply, reply
    sibling = service.hand_of(well)
    _, reply = sibling.clear(ill, "instance_down")
    assert reply["refused"]["fault"] == "refused", reply
    service.kill_beside(ill)
    wait_until("it is silent", lambda: ill not in service.speaking())
    for _ in range(3):
        service.whole.clear(ill, "instance_down")
        sibling.clear(ill, "instance_down")
    assert ill in service.open_incidents(), service.recorded("closed")
    service.start_beside(ill)
    wait_until("it speaks again", lambda: ill in service.speaking())
    service.whole.clear(ill, "instance_down")
    assert ill in service.open_incidents() and not service.recorded("closed")
    # And by its own word, which nobody else contradicts, it is over.
    service.kill_beside(ill)
    hand = service.hand_of(ill)
    hand.clear(ill, "instance_down")
    wait_until("it is closed", lambda: ill not in service.open_incidents())
    assert service.recorded("closed")[0]["how"] == "passed" and not service.intents()


def one_that_lies_about_its_sibling_gets_nothing(service):
    starts = service.count_starts()
    service.start()
    liar, sibling = service.names
    before = starts()
    service.kill_beside(liar)
    hand = service.hand_of(liar)
    for symptom in ("instance_down", "instance_not_answering"):
        _, reply = hand.propose(sibling, symptom)
        assert reply["refused"]["fault"] == "refused", reply
        _, reply = hand.propose(liar, symptom, remedy={"kind": "restart", "instance": sibling})
        assert reply["refused"]["fault"] == "refused", reply
        _, reply = hand.propose(liar, symptom,
                                remedy={"kind": "rolling_restart", "service": "rates"})
        assert reply["refused"]["fault"] == "refused", reply
    # The key is that of both. Who says to be the other one may speak of it, and is not believed.
    claims = service.hand_of(sibling)
    _, reply = claims.propose(sibling, "instance_down")
    assert reply.get("submitted"), reply
    wait_until("guard has refused", lambda: service.recorded("verdict"))
    rules = {body["verdict"]["rule"] for body in service.recorded("verdict")}
    assert rules == {"the executor sees the symptom itself"}, rules
    # Nor may that key speak of the whole, of what is not there, or of a node.
    for claim in (None, scope("rates-7"), {"kind": "node", "name": "n"}):
        other = Hand(service, scope=claim)
        status, reply = other.post(other.seal({"kind": "look", "symptoms": [], "troubles": []}))
        assert status == 403 and reply["discarded"] == "out_of_scope", reply
    assert starts() == before and not service.intents(), service.intents()


def an_executor_that_is_killed_hears_each_of_them_again(service):
    service.change("guard: { min_healthy: 1,", "guard: { min_healthy: 1, attempts_max: 9,")
    starts = service.count_starts()
    service.start()
    for number, name in enumerate(service.names, 1):
        before = starts()
        service.kill(name)
        service.wait_for_intent(number - 1)
        service.kill_agent()
        service.start_executor()
        wait_until("each is answered again", service.is_heard)
        wait_until("it is healed", lambda: len(service.recorded("closed")) == number
                   and service.is_served())
        assert starts() == before + 1, "the start was repeated"


def what_cannot_be_beside_is_said_at_the_start(service):
    for words, why in ((["--instance", "rates-7"], "'rates-7' is none"),
                       (["--pod", "rates-0"], "write --instance"),
                       (["--node", "n"], "write --instance")):
        done = service.call("agent", "--role", "agent", *words)
        assert done.returncode == 2 and why in done.stderr, done
    done = service.call("agent", "--role", "executor", "--instance", "rates-0")
    assert done.returncode == 2 and "only the agent's role" in done.stderr, done
    done = service.call("agent", "--role", "agent", "--pod", "a", "--node", "b")
    assert done.returncode != 0 and "--pod" in done.stderr, done


if __name__ == "__main__":
    run_each(__doc__, [what_each_sees_of_its_own_the_executor_heals,
                       one_that_is_killed_leaves_the_other_one_and_its_own_alone,
                       silence_and_the_word_of_others_end_nothing,
                       one_that_lies_about_its_sibling_gets_nothing,
                       an_executor_that_is_killed_hears_each_of_them_again,
                       what_cannot_be_beside_is_said_at_the_start], BesideEach)
