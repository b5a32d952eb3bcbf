"""Draws a case of the second world from a seed: its services, sizes, traffic, what breaks in which
order, and what may be done. Pure: the same seed and number give the same plan on any machine.

A plan is plain data, so that it can be written beside what was measured. Roles are what the demo's
programs are (payments, fraud, quotes, rates, redis and the proxy before them); a case names them by
names of its own. Times are seconds before or after the moment of judgement.
"""

import math
import random

import faults

ROLES = ("payments", "fraud", "quotes", "rates")
SYMPTOMS_S = (6.0, 9.0)  # From the fault to the moment of judgement.
USUAL_S = 24.0  # Recorded before the first fault.

# Nothing of the simulator's lists; the words of a role are no hint at what may break.
NAMES = {
    "edge": ("ingress", "front-door", "edge-lb", "public-gw", "traffic-in"),
    "payments": ("checkout", "settle", "billing", "order-pay", "purse", "acquire", "tills"),
    "fraud": ("screening", "risk-score", "trust", "anomaly", "sift", "vet", "sentry-check"),
    "quotes": ("fx-desk", "pricing", "tariff", "conversions", "board", "ticker"),
    "rates": ("reference", "feed", "treasury", "marks", "fixings", "central-book"),
    "redis": ("hotcopy", "near-store", "memo", "snapshots", "shelf", "kv-edge"),
}
SUFFIXES = ("", "", "-api", "-svc", "-eu", "-2", "-core")
FALLBACK_SHARE, INVALIDATES_SHARE, REROUTES_SHARE = 0.85, 0.9, 0.85
RESTARTS_SHARE, SOURCE_RESTARTS_SHARE = 0.97, 0.6
VERSION_KEPT_SHARE, SPARES_FREE_SHARE = 0.88, 0.9
INNOCENT_SHARE = 0.45  # Of the cases: a change as good as what it replaced.
FALSE_ALARM_SHARE = 0.5  # Of those in which nothing breaks.
SUPERVISED_SHARE = 0.35  # A process that ends is started again, as systemd does.


def rng_of(seed, number, what=""):
    return random.Random(f"second world {seed} {number} {what}")


def draw_names(rng):
    return {role: rng.choice(words) + rng.choice(SUFFIXES) for role, words in NAMES.items()}


def versions(rng, letter):
    """Three that follow each other, in one of the ways in which people count."""
    way, number = rng.randrange(3), rng.randrange(2, 60)
    if way == 0:
        return [f"{letter}{number + step}" for step in range(3)]
    if way == 1:
        return [f"{number // 10}.{number % 10}.{step}" for step in range(3)]
    month = rng.randrange(1, 11)
    return [f"2026-{month:02d}-{number % 25 + step + 1:02d}" for step in range(3)]


def workers_for(rng, load_per_s, hold_ms, instances, room):
    """So that all instances together carry `room` times the load, and at least 1."""
    wanted = load_per_s * hold_ms / 1000 * rng.uniform(*room) / instances
    return max(1, math.ceil(wanted))


def draw_sizes(rng, rate):
    counts = {"payments": rng.randrange(2, 6), "fraud": rng.randrange(1, 4),
              "quotes": rng.randrange(1, 3), "rates": rng.randrange(1, 3)}
    waits = {"payments": rng.randrange(15, 70), "fraud": rng.randrange(8, 40), "quotes": 1,
             "rates": rng.randrange(3, 30)}
    holds = dict(waits, payments=waits["payments"] + waits["fraud"] + 8, quotes=4)
    rooms = {"payments": (1.7, 5), "fraud": (1.7, 5), "quotes": (6, 20), "rates": (0.5, 4)}
    return {role: {"instances": counts[role], "own_wait_ms": waits[role],
                   "workers": workers_for(rng, rate, holds[role], counts[role], rooms[role])}
            for role in ROLES}


def draw_possible(rng, plan):
    """What the owners permit; the cure may be missing."""
    possible = {}
    for role in ROLES:
        share = SOURCE_RESTARTS_SHARE if role == "rates" else RESTARTS_SHARE
        now = plan["sizes"][role]["instances"]
        spares = plan["spares"][role] if rng.random() < SPARES_FREE_SHARE else 0
        possible[role] = {
            "restart": rng.random() < share, "eject": role in ("payments", "fraud"),
            "fallback": role == "fraud" and rng.random() < FALLBACK_SHARE,
            "replicas": {"now": now, "min": (now + 1) // 2, "max": now + spares},
            "keeps": {artifact: rng.random() < VERSION_KEPT_SHARE
                      for artifact in ("deploy", "config")}}
    possible["redis"] = {"invalidate": rng.random() < INVALIDATES_SHARE,
                         "reroute": rng.random() < REROUTES_SHARE}
    return possible


def draw_innocent(rng, plan):
    """A change that breaks nothing, at any service, before the fault or while it lasts."""
    role = rng.choice(ROLES)
    return {"do": "change", "at": -round(rng.uniform(5, 24), 1), "role": role,
            "artifact": rng.choice(("deploy", "config")), "is_innocent": True}


def draw_world(rng):
    rate = rng.randrange(45, 100)
    plan = {"names": draw_names(rng), "rate": rate, "sizes": draw_sizes(rng, rate)}
    plan["spares"] = {"payments": rng.randrange(0, 3), "fraud": rng.randrange(0, 2), "quotes": 0,
                      "rates": 0}
    plan["versions"] = {role: {"deploy": versions(rng, "v"), "config": versions(rng, "c")}
                        for role in ROLES}
    plan["deadline_ms"] = rng.randrange(150, 400)
    plan["cache_s"] = rng.randrange(2, 6)
    plan["is_supervised"] = rng.random() < SUPERVISED_SHARE
    plan["possible"] = draw_possible(rng, plan)
    plan["older_changes"] = [
        [-round(math.exp(rng.uniform(6, 14))), role, artifact]
        for role in ROLES for artifact in ("deploy", "config") if rng.random() < 0.8]
    return plan


def draw_faults(rng, plan):
    """None, one or two of the families, with their actions in the order of time."""
    u = rng.random()
    count = 0 if u < 0.08 else 2 if u > 0.88 else 1
    chosen = []
    while len(chosen) < count:
        family = rng.choices(list(faults.FAMILIES), [one.weight for one in
                                                     faults.FAMILIES.values()])[0]
        taken = {role for fault in chosen for role in fault["roles"]}
        fault = faults.FAMILIES[family].draw(rng, plan)
        if fault is None or taken & set(fault["roles"]):
            continue
        fault["family"] = family
        # The second of two begins at any time of the first, or before it.
        begins_at = -round(rng.uniform(*SYMPTOMS_S), 1)
        for action in fault["actions"]:
            action["at"] = round(action.get("at", 0) + begins_at, 1)
        chosen.append(fault)
    return chosen


def flavour_of(chosen):
    if not chosen:
        return "healthy"
    if len(chosen) > 1:
        return "two_at_once"
    return "passing" if chosen[0].get("until") is not None else "lasting"


def draw_plan(seed, number):
    rng = rng_of(seed, number)
    plan = {"seed": seed, "number": number} | draw_world(rng)
    chosen = draw_faults(rng, plan)
    plan["faults"] = chosen
    plan["family"] = "+".join(sorted(fault["family"] for fault in chosen)) or "nothing"
    plan["flavour"] = flavour_of(chosen)
    actions = [action for fault in chosen for action in fault["actions"]]
    changed = {(action["role"], action["artifact"]) for action in actions
               if action["do"] == "change"}
    if rng.random() < INNOCENT_SHARE:
        innocent = draw_innocent(rng, plan)
        if (innocent["role"], innocent["artifact"]) not in changed:
            actions.append(innocent)
    plan["actions"] = sorted(actions, key=lambda action: action["at"])
    plan["has_false_alarm"] = not chosen and rng.random() < FALSE_ALARM_SHARE
    # Of cases in which users lose nothing, a part is kept: most single faults cost them nothing.
    plan["luck"] = round(rng.random(), 4)
    return plan


def instance_names(plan, role):
    """Those that run, and after them the spares."""
    size = plan["sizes"][role]["instances"]
    return [f"{plan['names'][role]}-{index}" for index in range(size + plan["spares"][role])]
