"""What can be tried in a world, and trying it: by plain commands, as the agent would.

A remedy is {"remedy", "role", …} with `targets` of restart and eject (any of them: nobody can tell
them apart), `artifact` and `to` (a number of the plan's versions) of a rollback, `to` of scale.
"""

import time

import hands
from draw import ROLES
from world import CURRENCIES

TRIALS_MAX = 12  # Those near what broke or changed first, then some by chance.
DRAIN_S = 1.0  # What is being worked on has its end.
CALLERS = {"fraud": "payments", "quotes": "payments", "rates": "quotes", "redis": "quotes",
           "edge": "payments", "payments": "payments"}


# --- What can be tried: pure ---------------------------------------------------------------
def changes_of(plan):
    """(role, artifact) → the number that is current at the moment of judgement."""
    return {(action["role"], action["artifact"]): 2 for action in plan["actions"]
            if action["do"] == "change"}


def previous_number(plan, role, artifact):
    """Of the version before the current one; None where nobody knows of any."""
    if changes_of(plan).get((role, artifact)) == 2:
        return 1
    is_known = any(change[1:] == [role, artifact] for change in plan["older_changes"])
    return 0 if is_known else None


def groups_of(plan, role):
    """Instances that are alike: what broke in some of them is all that tells them apart."""
    everyone = range(plan["sizes"][role]["instances"])
    ill = sorted({index for fault in plan["faults"]
                  for index in fault["targets"].get(role, ())})
    groups = [ill, [index for index in everyone if index not in ill]]
    return [group for group in groups if group]


def remedies_at(plan, role):
    possible, found = plan["possible"][role], []
    count = plan["sizes"][role]["instances"]
    for group in groups_of(plan, role):
        if possible["restart"]:
            found.append({"remedy": "restart", "role": role, "targets": group})
        if possible["eject"] and count > possible["replicas"]["min"]:
            found.append({"remedy": "eject", "role": role, "targets": group})
    if possible["restart"]:
        found.append({"remedy": "rolling_restart", "role": role})
    for artifact in ("deploy", "config"):
        number = previous_number(plan, role, artifact)
        if possible["keeps"][artifact] and number is not None:
            found.append({"remedy": "rollback", "role": role, "artifact": artifact, "to": number})
    if possible["replicas"]["max"] > count:
        found.append({"remedy": "scale", "role": role, "to": possible["replicas"]["max"]})
    if possible["fallback"]:
        found.append({"remedy": "open_circuit", "role": role})
    return found


def remedies_at_cache(plan):
    possible = plan["possible"]["redis"]
    return [{"remedy": remedy, "role": "redis"}
            for remedy, may in (("invalidate_cache", possible["invalidate"]),
                                ("reroute", possible["reroute"])) if may]


def roles_by_nearness(rng, plan):
    """Where something broke, who calls it, what changed; then the others by chance."""
    broken = [role for fault in plan["faults"] for role in fault["roles"]]
    broken += [fault["cause"]["calls"] for fault in plan["faults"] if "calls" in fault["cause"]]
    callers = [CALLERS[role] for role in broken]
    changed = [role for role, _ in changes_of(plan)]
    others = [*ROLES, "redis"]
    rng.shuffle(others)
    near = [role for role in broken + changed + callers if role != "edge"]
    return list(dict.fromkeys(near + others))


def candidates(rng, plan):
    """All that is tried in a case besides doing nothing."""
    found = []
    for role in roles_by_nearness(rng, plan):
        found += remedies_at_cache(plan) if role == "redis" else remedies_at(plan, role)
    return found[:TRIALS_MAX]


def same_trial(plan, remedy):
    """The name of what is really done: of a service of one instance, to restart that one and to
    restart all of them are the same."""
    kind, role = remedy["remedy"], remedy["role"]
    if kind == "rolling_restart" and plan["sizes"][role]["instances"] == 1:
        kind = "restart"
    first = remedy.get("targets", [0])[0] if kind in ("restart", "eject") else ""
    return "-".join(str(word) for word in (kind, role, first, remedy.get("artifact", ""),
                                           remedy.get("to", "")) if word != "")


# --- Trying it -------------------------------------------------------------------------------
def restart_one(world, role, name):
    """Out of rotation, another process, back. What somebody else took out stays out."""
    drains = world.is_running(name) and hands.admin_state(world, role, name) == 0
    if drains:
        world.ask_proxy(f"set server {role}/{name} state drain")
        time.sleep(DRAIN_S)
    world.replace_instance(name)
    if drains:
        world.ask_proxy(f"set server {role}/{name} state ready")


def roll_back(world, remedy):
    role, artifact = remedy["role"], remedy["artifact"]
    world.current[role][artifact] = remedy["to"]
    for name in [one for one in world.names[role] if one in world.wanted]:
        if world.runs[name][artifact] != remedy["to"] or not world.is_running(name):
            restart_one(world, role, name)


def scale(world, remedy):
    for name in world.names[remedy["role"]][:remedy["to"]]:
        if name not in world.wanted:
            world.wanted.add(name)
            world.start_instance(name)


def carry_out(world, remedy):
    kind, role = remedy["remedy"], remedy["role"]
    if kind == "restart":
        restart_one(world, role, world.names[role][remedy["targets"][0]])
    elif kind == "rolling_restart":
        for name in [one for one in world.names[role] if one in world.wanted]:
            restart_one(world, role, name)
    elif kind == "rollback":
        roll_back(world, remedy)
    elif kind == "scale":
        scale(world, remedy)
    elif kind == "eject":
        name = world.names[role][remedy["targets"][0]]
        world.ask_proxy(f"set server {role}/{name} state drain")
    elif kind == "open_circuit":
        world.ask_proxy("set table circuits key fraud data.gpt0 1")
    elif kind == "reroute":
        world.ask_proxy("set table reroutes key quotes data.gpt0 1")
    elif kind == "invalidate_cache":
        keys = [f"fx:{name}" for name in CURRENCIES]
        hands.redis_commands(world, {"commands": [["UNLINK", *keys]]})
