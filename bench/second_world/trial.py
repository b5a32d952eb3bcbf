#!/usr/bin/env python3
"""One life of one world: started, broken as its plan says, and at the moment of judgement one
remedy is really done, or nothing. Writes what users lost after it.

    trial.py --bin DIR --plan FILE --slot 0 --future 1 --out FILE [--record] [--remedy JSON]

With --record the world is watched for 24 s before it breaks, and what was seen is written too. A
trial alone begins 2.5 s before the first thing that goes wrong.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import case_text
import hands
import remedies
import telemetry
import truth
from draw import ROLES, USUAL_S
from world import PREFIX, PYTHON, SecondWorld, now_s

JUDGE_UID = 65534  # nobody
WARM_S, LAST_ANSWERS_S = 2.5, 1.2
CANARY_S = 0.05
LATE_MS_MAX = 80.0  # Half of the shortest deadline that a plan has.
REQUESTS_SHARE_MIN = 0.88  # Of those that are due; three deviations of the smallest plan.
# As the judge's user: whether the directory, the fault switch, the proxy's socket, a process of the
# world or a limit can be looked at. Prints a line for each, with the error's name.
PEEP = """
import errno, os, socket, sys
def tell(what, do):
    try: do()
    except OSError as error: print(what, errno.errorcode.get(error.errno, "?"))
    else: print(what, "OPEN")
def connect(path): socket.socket(socket.AF_UNIX).connect(path)
directory, pid, *limits = sys.argv[1:]
tell("directory", lambda: os.listdir(directory))
tell("fault_switch", lambda: connect(directory + "/faults.sock"))
tell("proxy_socket", lambda: connect(directory + "/haproxy.sock"))
tell("process", lambda: os.listdir(f"/proc/{pid}/fd"))
tell("memory", lambda: open(f"/proc/{pid}/environ", "rb").read())
for limit in limits: tell("limit", lambda: os.listdir(limit))
"""


class Canary(threading.Thread):
    """Sleeps for short times and sees how much later it wakes. Where a machine has no time for it,
    it has none for services either, and what they lose says nothing of remedies."""

    def __init__(self, over):
        super().__init__(daemon=True)
        self.over, self.late_s = over, [0.0]

    def run(self):
        while not self.over.is_set():
            wanted = now_s() + CANARY_S
            time.sleep(CANARY_S)
            self.late_s.append(now_s() - wanted)

    def late_ms(self):
        """All but the worst hundredth wake so much too late at most."""
        return round(1000 * telemetry.quantile(self.late_s, 0.99), 1)


def sleep_until(at_s):
    time.sleep(max(0.0, at_s - now_s()))


def lead_of(plan, is_recorded):
    """How long before the moment of judgement the world begins."""
    if is_recorded:
        return case_text.AT_S
    broken = [-action["at"] for action in plan["actions"] if not action.get("is_innocent")]
    return max(broken, default=3) + WARM_S


def peep(world):
    """What the judge's user can see of this world: {what: error's name, or OPEN}."""
    if os.geteuid() != 0:
        return {}
    limits = [f"/sys/fs/cgroup/{kind}/{cage.name}" for cage in world.cages.values()
              for kind in cage.kinds]
    ran = subprocess.run([PYTHON, "-c", PEEP, world.run_dir,
                          str(world.processes["fault-switch"].pid), *limits],
                         capture_output=True, text=True, user=JUDGE_UID, group=JUDGE_UID,
                         extra_groups=[], timeout=10, check=True, cwd="/")
    return dict(line.split() for line in ran.stdout.splitlines())


class Life:
    def __init__(self, world, plan, options):
        self.world, self.plan, self.options = world, plan, options
        self.lead_s = lead_of(plan, options.record)
        self.troubles, self.isolation = [], {}
        self.judged_at = None

    def at(self, offset, what):
        """Does it at its time, on a thread of its own: what takes long holds up nothing else. The
        thread lives on, because what it started dies with it."""
        def run():
            sleep_until(self.judged_at + offset)
            try:
                what()
            except Exception as trouble:  # Told with the result; the world goes on.
                if not self.world.over.is_set():
                    self.troubles.append(repr(trouble))
            self.world.over.wait()
        threading.Thread(target=run, daemon=True).start()

    def schedule(self):
        for action in self.plan["actions"]:
            if action["at"] < -self.lead_s + 1:
                continue  # It was there before.
            self.at(action["at"], lambda action=action: hands.begin(self.world, action))
            if "for" in action:
                self.at(action["at"] + action["for"],
                        lambda action=action: hands.end(self.world, action))
        self.at(-2, self.look_as_judge)
        if self.options.remedy:
            self.at(0, lambda: remedies.carry_out(self.world, self.options.remedy))

    def look_as_judge(self):
        self.isolation = peep(self.world)

    def live(self):
        world, plan = self.world, self.plan
        for action in plan["actions"]:
            if action["at"] < -self.lead_s + 1:
                hands.prepare_change(world, action)  # An innocent one of before.
        world.start()
        self.judged_at = now_s() + self.lead_s
        world.start_load("load-before", plan["rate"], plan["number"], self.lead_s)
        self.schedule()
        recorder = telemetry.Recorder(world) if self.options.record else None
        if recorder:
            self.watch(recorder)
        sleep_until(self.judged_at)
        world.start_load("load-after", plan["rate"],
                         1000 * self.options.future + plan["number"], truth.HORIZON_S)
        told = {"shown": self.shown(recorder)} if recorder else {}
        sleep_until(self.judged_at + truth.HORIZON_S + LAST_ANSWERS_S)
        is_open = bool(self.options.remedy) and self.options.remedy["remedy"] == "open_circuit"
        loss = truth.loss_of(world.requests(), self.judged_at,
                             truth.FALLBACK_COSTS if is_open else 0.0)
        return told | {"loss": loss, "isolation": self.isolation}

    def watch(self, recorder):
        zero = self.judged_at - self.lead_s
        for second in range(int(self.lead_s)):
            sleep_until(zero + second + 0.5)
            recorder.look()

    def shown(self, recorder):
        world, zero = self.world, self.judged_at - case_text.AT_S
        in_rotation = {}
        for role in ROLES:
            for name in world.names[role]:
                in_rotation[name] = hands.admin_state(world, role, name) == 0
        numbers = self.plan["versions"]
        versions = {name: {artifact: numbers[world.role_of[name]][artifact][number]
                           for artifact, number in world.runs[name].items()}
                    for name in world.wanted}
        began = [action["at"] for action in self.plan["actions"]]
        record = {
            "zero": zero, "looks": recorder.looks, "versions": versions,
            "in_rotation": in_rotation, "usual_to_s": min([USUAL_S, *(case_text.AT_S + at
                                                                      for at in began)]),
            "servers": [(round(look["at"] - zero, 1), look["servers"])
                        for look in recorder.looks],
            "calls": [(ended - zero, *more) for ended, *more in recorder.calls()],
            "answers": [(due - zero + latency, verdict)
                        for due, latency, verdict in world.requests()],
            "lines": [(at - zero, *more) for at, *more in recorder.lines],
            "events": [(at - zero, *more) for at, *more in world.events]}
        return case_text.shown_of(self.plan, record)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--slot", type=int, default=0, help="whose ports: worlds beside each other")
    parser.add_argument("--future", type=int, default=1, help="other traffic after the moment")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--remedy", type=json.loads)
    parser.add_argument("--keep", action="store_true", help="the directory of the world")
    return parser.parse_args()


def main():
    options = parsed()
    plan = json.loads(options.plan.read_text())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began_at = time.monotonic()
    directory = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{options.slot}-{os.getpid()}-"))
    world = SecondWorld(options.bin.resolve(), directory, plan, options.slot)
    life = Life(world, plan, options)
    canary = Canary(world.over)
    try:
        canary.start()
        told = life.live()
    finally:
        world.end()
        if not options.keep:
            shutil.rmtree(directory, ignore_errors=True)
    told |= {"troubles": life.troubles, "took_s": round(time.monotonic() - began_at, 1),
             "load": os.getloadavg()[0], "late_ms": canary.late_ms()}
    requests = told["loss"]["requests"]
    if (requests < REQUESTS_SHARE_MIN * plan["rate"] * truth.HORIZON_S
            or told["late_ms"] > LATE_MS_MAX):
        print(f"the machine was too busy: {requests} requests, {told['late_ms']} ms late",
              file=sys.stderr)
        sys.exit(os.EX_TEMPFAIL)
    aside = options.out.with_suffix(".new")
    aside.write_text(json.dumps(told))
    aside.rename(options.out)


if __name__ == "__main__":
    main()
