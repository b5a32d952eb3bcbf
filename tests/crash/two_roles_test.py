#!/usr/bin/env python3
"""An executor and an agent that are two processes, one of them killed, forged or a demon.

    two_roles_test.py --bin build/release/bin [--only TEXT]

Starts are counted by the program that is started, records are read from the ledger's own bytes.
What only another user can show is skipped where we may not start one as that. A minute.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import threading

from guarded_world import free_ports, wait_until
from harness import run_each

try:
    from two_roles_world import Hand, TwoRoles, become
except ImportError as error:  # The library for Ed25519.
    print(f"SKIPPED: {error}")
    sys.exit(77)

EFFECTS_OF_A_FAULT_MAX = 3  # attempts_max of guard.
DEMON_PROPOSALS = 40
GARBAGE_STREAMS = 60


def open_files(pid):
    """Path → whether it may be written, of what a process has open."""
    found = {}
    for entry in os.listdir(f"/proc/{pid}/fd"):
        try:
            path = os.readlink(f"/proc/{pid}/fd/{entry}")
            with open(f"/proc/{pid}/fdinfo/{entry}") as info:
                flags = next(int(line.split()[1], 8) for line in info if line.startswith("flags:"))
        except OSError:
            continue
        found[path] = found.get(path, False) or (flags & os.O_ACCMODE) != os.O_RDONLY
    return found


def remedies_of(service):
    return [(body["step"]["kind"], body["step"].get("instance")) for body in service.intents()]


# --- The tests: each a sentence that can be false ------------------------------------------------
def what_the_agent_sees_the_executor_heals(service):
    starts = service.count_starts()
    service.start()
    before = starts()
    name, _ = service.kill_instance()
    wait_until("it is healed", lambda: name in service.alive() and service.is_served()
               and service.recorded("closed"))
    assert starts() == before + 1
    closed, = service.recorded("closed")
    assert closed["how"] == "healed", closed
    assert remedies_of(service) == [("replace", name)], service.intents()
    seen = service.seen()
    assert seen["role"] == "agent" and "instances" not in seen, seen
    agent, = service.status()["agents"]
    assert agent["is_speaking"] and service.public_key.startswith(agent["agent"]), agent
    assert "executor: answers" in service.as_agent("status", "--role", "agent").stdout
    assert f"agent {agent['agent']}: speaks, heard" in service.say("status")
    story = service.say("explain", "i-1")
    assert f"restart {name}" in story, story


def the_agent_can_write_and_signal_nothing_of_what_is_guarded(service):
    service.start()
    files = open_files(service.watcher.pid)
    for path, may_write in files.items():
        assert not path.startswith(str(service.here / "ledger")), f"the agent has {path} open"
        is_guarded = path.startswith((str(service.here / "run"), str(service.here / "rates")))
        assert not (is_guarded and may_write), f"the agent may write {path}"
    if not service.has_other_user:
        print("SKIPPED: without root there is no other user to run the agent as")
        return
    pid, _ = sorted(service.alive().values())[0]
    child = os.fork()
    if child == 0:
        become(service.user)()
        troubles = 0
        for attempt in (lambda: os.kill(pid, signal.SIGTERM),
                        lambda: open(service.here / "run/rates-0.json", "a").close(),
                        lambda: open(service.here / "run/new", "w").close(),
                        lambda: os.listdir(service.here / "ledger"),
                        lambda: open(service.here / "suspended", "w").close()):
            try:
                attempt()
                troubles += 1
            except PermissionError:
                pass
        os._exit(troubles)
    assert os.waitpid(child, 0)[1] == 0, "the agent's user may do what it must not"
    # And with all that it sees and heals, through the one that may.
    service.kill_instance_and_wait()


def an_agent_killed_in_mid_incident_changes_nothing_of_it(service):
    starts = service.count_starts()
    service.start()
    before = starts()
    name, _ = service.kill_instance()
    service.wait_for_intent()
    service.kill_watcher()
    wait_until("the executor ends it", lambda: service.recorded("closed") and service.is_served())
    assert starts() == before + 1 and service.recorded("closed")[0]["how"] == "healed"
    # Nobody watches: what happens now is proposed once somebody does.
    name, _ = service.kill_instance()
    agents = service.status()["agents"]
    wait_until("the executor says that nobody speaks",
               lambda: not service.status()["agents"][0]["is_speaking"])
    assert name not in service.alive() and len(service.intents()) == 1, agents
    service.start_watcher()
    wait_until("it is healed", lambda: len(service.recorded("closed")) == 2
               and service.is_served())
    assert starts() == before + 2


def an_executor_killed_in_mid_incident_repeats_no_effect(service):
    # One whose fate is not known when it is killed is an attempt, too.
    service.change("guard: { min_healthy: 1,", "guard: { min_healthy: 1, attempts_max: 9,")
    starts = service.count_starts()
    service.start()
    for number in range(1, 4):
        before = starts()
        service.kill_instance()
        service.wait_for_intent(number - 1)
        service.kill_agent()
        wait_until("the agent says so", lambda: not service.is_heard())
        assert service.watcher.poll() is None, "the agent has ended as well"
        service.start_executor()
        wait_until("the agent is answered again", service.is_heard)
        wait_until("it is healed", lambda: len(service.recorded("closed")) == number
                   and service.is_served())
        assert starts() == before + 1, "the start was repeated"


def attempts_outlive_executor_and_agent(service):
    service.start()
    for _ in range(EFFECTS_OF_A_FAULT_MAX):
        name, _ = service.kill_instance()
        assert name == service.names[0]
        wait_until("it is healed", lambda: service.is_served() and service.is_calm())
        service.kill_agent()
        service.kill_watcher()
        service.start_agent()
        wait_until("the agent is answered again", service.is_heard)
    intents = len(service.intents())
    service.kill_instance()
    wait_until("it is not started once more",
               lambda: f"the reflex backs off: {name} was restarted" in service.log())
    assert len(service.intents()) == intents and name not in service.alive()


def what_is_said_twice_counts_once(service):
    """A relay between the two writes down every letter; it is sent again afterwards."""
    relayed = []
    door = service.door
    behind = service.door_directory / "behind.sock"
    service.start_executor()
    wait_until("the executor listens", door.is_socket)
    door.rename(behind)
    relay = socket.socket(socket.AF_UNIX)
    relay.bind(str(door))
    door.chmod(0o666)
    relay.listen(8)
    threading.Thread(target=run_relay, args=(relay, behind, relayed), daemon=True).start()
    service.start_watcher()
    wait_until("the agent is answered", service.is_heard)
    service.kill_instance_and_wait()
    service.kill_watcher()
    intents, opened = len(service.intents()), len(service.recorded("opened"))
    letters = [letter for letter in split_requests(b"".join(relayed)) if b'"submit"' in letter]
    assert letters, "no proposal was relayed"
    hand = Hand(service)
    hand.socket = behind
    service.kill_instance()  # What was proposed then is true again.
    for letter in letters:
        status, reply = hand.post(letter.decode())
        assert status == 409 and reply["discarded"] in ("replayed", "late"), reply
    service.kill_agent()
    door.unlink()
    service.start_executor()
    wait_until("the executor listens", door.is_socket)
    hand.socket = door
    for letter in letters:
        status, reply = hand.post(letter.decode())
        assert status == 409 and reply["discarded"] == "stale_life", reply
    assert len(service.recorded("opened")) == opened and len(service.intents()) == intents


def run_relay(relay, behind, relayed):
    while True:
        client, _ = relay.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(behind))
        for source, target, kept in ((client, server, relayed), (server, client, None)):
            threading.Thread(target=pass_on, args=(source, target, kept), daemon=True).start()


def pass_on(source, target, kept):
    try:
        while data := source.recv(65536):
            if kept is not None:
                kept.append(data)
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def split_requests(stream):
    """The bodies of HTTP requests, one after another."""
    while stream:
        head, _, rest = stream.partition(b"\r\n\r\n")
        lengths = [int(line.split(b":")[1]) for line in head.split(b"\r\n")
                   if line.lower().startswith(b"content-length:")]
        if not lengths:
            return
        yield rest[:lengths[0]]
        stream = rest[lengths[0]:]


def whoever_has_no_listed_key_is_heard_by_nobody(service):
    service.start()
    service.kill_watcher()
    name, _ = service.kill_instance()
    stranger = Hand(service, key="07" * 32)
    hand = Hand(service)
    hand.begin()
    for letter, why in ((stranger.seal({"kind": "look", "symptoms": [], "troubles": []}),
                         "agent_unknown"),
                        (hand.seal({"kind": "look", "symptoms": [], "troubles": []})
                         .replace('"troubles":[]', '"troubles":["x"]'), "forged"),
                        ("{}", "malformed"), ("", "malformed")):
        status, reply = hand.post(letter)
        assert status in (400, 403) and reply["discarded"] == why, (status, reply, why)
        assert not reply["life"] and not reply["open"], "a stranger was told something"
    hand.service = "payments"
    assert hand.propose(name, "instance_down")[1]["discarded"] == "misaddressed"
    hand.service = "rates"
    status, reply = hand.propose(name, "instance_down", service="payments")
    assert status == 200 and reply["refused"]["fault"] == "invalid", reply
    status, reply = hand.propose(name, "instance_down", undoes="i-1")
    assert status == 200 and reply["refused"]["fault"] == "invalid", reply
    assert not service.recorded("opened") and name not in service.alive()
    # The same hand, and nothing wrong with what it says: the executor sees it as well.
    status, reply = hand.propose(name, "instance_down")
    assert reply["submitted"]["incident"] == "i-1", reply
    wait_until("it is healed", service.is_served)


def a_demon_with_the_agents_key_gets_no_more_than_the_budgets(service):
    service.change("guard: { min_healthy: 1,", "guard: { min_healthy: 1, cool_down: 500ms,")
    starts = service.count_starts()
    service.start()
    service.kill_watcher()
    before = starts()
    hand = Hand(service)
    hand.begin()
    # Of what runs and answers it says the worst: nobody else sees that.
    for symptom in ("instance_down", "instance_not_answering"):
        for name in service.names:
            hand.propose(name, symptom)
    wait_until("guard has refused", lambda: len(service.recorded("verdict")) >= 2)
    assert starts() == before and not service.intents(), service.intents()
    rules = {body["verdict"]["rule"] for body in service.recorded("verdict")}
    assert rules == {"the executor sees the symptom itself"}, rules
    for symptom in ("instance_down", "instance_not_answering"):
        for name in service.names:
            hand.clear(name, symptom)
    wait_until("what it said is withdrawn", lambda: not service.status()["incidents"])
    # Something is wrong indeed, and again after each restart; and it says so without end.
    target = service.names[0]
    is_over = threading.Event()
    spoiler = threading.Thread(target=spoil, args=(service, target, is_over), daemon=True)
    spoiler.start()
    try:
        for _ in range(DEMON_PROPOSALS):
            status, reply = hand.propose(target)
            assert status == 200 and (reply.get("refused") or reply.get("submitted")), reply
            is_over.wait(0.25)
    finally:
        is_over.set()
        spoiler.join()
    done = remedies_of(service)
    assert 1 <= len(done) <= EFFECTS_OF_A_FAULT_MAX, done
    assert {instance for _, instance in done} == {target}, done
    assert starts() - before <= EFFECTS_OF_A_FAULT_MAX
    assert service.names[1] in service.alive(), "the floor was left"


def spoil(service, target, is_over):
    """Whatever runs there is stopped, so that it answers nobody."""
    while not is_over.is_set():
        try:
            os.kill(service.alive()[target][0], signal.SIGSTOP)
        except (KeyError, ProcessLookupError, ValueError):
            pass  # Not there just now.
        is_over.wait(0.05)


def an_address_is_as_good_a_door_as_a_socket(service):
    port, = free_ports(1)
    service.change(f"  socket: {service.door}\n",
                   f"  listen: 127.0.0.1:{port}\n  url: http://127.0.0.1:{port}\n")
    service.start()
    assert not service.door.exists()
    service.kill_instance_and_wait()
    assert service.is_heard() and service.status()["agents"][0]["is_speaking"]


def garbage_at_the_door_keeps_nobody_out(service):
    service.start()
    rng = random.Random(1)
    streams = []
    for number in range(GARBAGE_STREAMS):
        stream = socket.socket(socket.AF_UNIX)
        stream.settimeout(2)
        stream.connect(str(service.door))
        try:
            stream.sendall((b"", b"POST /v1/letters HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
                            rng.randbytes(4096),
                            b"POST /v1/letters HTTP/1.1\r\nHost: x\r\n")[number % 4])
        except OSError:
            pass  # It was cut already.
        streams.append(stream)
    service.kill_instance_and_wait()
    assert service.is_heard()
    for stream in streams:
        stream.close()


def what_cannot_be_is_said_at_the_start(service):
    shown = service.as_agent("agent", "--role", "agent", "--show-key")
    assert shown.stdout.strip() == service.public_key, "a key is made once"
    listed = f'agents: [ "{service.public_key}" ]'
    service.change(f"  {listed}\n", "")
    done = service.call("agent", "--role", "executor")
    assert done.returncode == 2 and "roles.agents: nobody may propose" in done.stderr, done
    text = service.config.read_text()
    service.config.write_text(text[:text.index("roles:")])
    for role in ("executor", "agent"):
        done = service.call("agent", "--role", role)
        assert done.returncode == 2 and "roles: where the" in done.stderr, done
    service.config.write_text(text + "  agents: [ nonsense ]\n")
    done = service.call("validate")
    line = next(number for number, one in enumerate(service.config.read_text().splitlines(), 1)
                if "nonsense" in one)
    assert done.returncode == 2 and f":{line}:" in done.stderr + done.stdout, done
    assert "no public key" in done.stderr + done.stdout, done


def an_agent_that_proc_hides_the_instances_from_does_not_start(service):
    if not service.has_other_user:
        print("SKIPPED: without root there is no other user to run the agent as")
        return
    hidden = subprocess.run(
        ["unshare", "--mount", "sh", "-c",
         "mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 65534 --regid 65534 "
         '--clear-groups "$@"', "sh", service.programs / "homeostat", "agent", "--role", "agent",
         "--config", service.config], cwd=service.here, capture_output=True, text=True, timeout=20)
    if hidden.stderr.startswith(("mount:", "unshare:", "sh:")):
        print(f"SKIPPED: {hidden.stderr.strip()}")
        return
    assert hidden.returncode == 2 and "ProtectProc=default" in hidden.stderr, hidden


def doctor_looks_at_both_sides(service):
    def checks():
        done = service.call("doctor", "--json")
        return {one["check"]: one for one in service.document(done)["checks"]}

    found = checks()
    assert found["executor"]["health"] == found["agent"]["health"] == "note", found
    service.start()
    found = checks()
    for name in ("executor", "agent", "agent's key"):
        assert found[name]["health"] == "ok", found[name]
    service.kill_agent()
    wait_until("the agent is not answered", lambda: not service.is_heard())
    assert checks()["agent"]["health"] == "ILL", checks()["agent"]


if __name__ == "__main__":
    run_each(__doc__, [what_the_agent_sees_the_executor_heals,
                       the_agent_can_write_and_signal_nothing_of_what_is_guarded,
                       an_agent_killed_in_mid_incident_changes_nothing_of_it,
                       an_executor_killed_in_mid_incident_repeats_no_effect,
                       attempts_outlive_executor_and_agent,
                       what_is_said_twice_counts_once,
                       whoever_has_no_listed_key_is_heard_by_nobody,
                       a_demon_with_the_agents_key_gets_no_more_than_the_budgets,
                       an_address_is_as_good_a_door_as_a_socket,
                       garbage_at_the_door_keeps_nobody_out,
                       what_cannot_be_is_said_at_the_start,
                       an_agent_that_proc_hides_the_instances_from_does_not_start,
                       doctor_looks_at_both_sides], TwoRoles)
