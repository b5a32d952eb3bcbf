"""A case of the second world as one line of docs/cases.md, from what was recorded and tried. Pure.

Roles become the names of the plan, also in the texts of logs.
"""

import re

import remedies
import telemetry
import truth
from draw import ROLES, instance_names, rng_of

AT_S = 33.0
LINES_MAX, BAD_LINES_MAX = 60, 45
RECENT_S = 5.0  # What `now` of a call is the mean of.


def named(plan, role, text):
    """The words for roles in a text are those of the plan. What `payments` calls rates is whoever
    has them for it: `quotes`."""
    own = {"rates": "quotes"} if role == "payments" else {}
    return re.sub(r"\b(payments|fraud|quotes|rates|redis)\b",
                  lambda word: plan["names"][own.get(word[0], word[0])], text)


def services_of(plan, seen):
    """seen: `versions` (instance → artifact → name) and `in_rotation`, at the moment."""
    names, services = plan["names"], []
    calls = {"payments": [("fraud", plan["possible"]["fraud"]["fallback"]), ("quotes", False)],
             "quotes": [("rates", False)], "fraud": [], "rates": []}
    services.append({"name": names["edge"], "kind": "gateway",
                     "replicas": [{"name": names["edge"] + "-0"}],
                     "calls": [{"service": names["payments"], "required": True,
                                "fallback": False, "attempts": 2, "timeout_ms": 1000}]})
    for role in ROLES:
        replicas = []
        for name in instance_names(plan, role)[:plan["sizes"][role]["instances"]]:
            replicas.append({"name": name, "version": seen["versions"][name]["deploy"],
                             "config": seen["versions"][name]["config"],
                             "in_rotation": seen["in_rotation"].get(name, True)})
        edges = [{"service": names[callee], "required": True, "fallback": falls_back,
                  "attempts": 2, "timeout_ms": plan["deadline_ms"]}
                 for callee, falls_back in calls[role]]
        for edge in edges:
            if edge["service"] == names["rates"]:
                edge["through"] = names["redis"]
        services.append({"name": names[role], "kind": "service", "replicas": replicas,
                         "calls": edges})
    services.append({"name": names["redis"], "kind": "cache", "source": names["rates"],
                     "local": False})
    return services


def possible_of(plan):
    listed = []
    for role in ROLES:
        possible = plan["possible"][role]
        previous = {}
        for artifact, is_kept in possible["keeps"].items():
            number = remedies.previous_number(plan, role, artifact)
            if is_kept and number is not None:
                previous[artifact] = plan["versions"][role][artifact][number]
        listed.append({"service": plan["names"][role], "restart": possible["restart"],
                       "eject": possible["eject"], "fallback": possible["fallback"],
                       "replicas": possible["replicas"], "previous": previous})
    return listed + [{"service": plan["names"]["redis"]} | plan["possible"]["redis"]]


def changes_of(plan):
    """Those of long ago, and those of the window; the latter as the plan tells them."""
    listed = []
    for at, role, artifact in plan["older_changes"]:
        names = plan["versions"][role][artifact]
        listed.append([at, plan["names"][role], artifact, names[0], names[1]])
    for action in plan["actions"]:
        if action["do"] == "change":
            names = plan["versions"][action["role"]][action["artifact"]]
            listed.append([round(AT_S + action["at"], 1), plan["names"][action["role"]],
                           action["artifact"], names[1], names[2]])
    return sorted(listed, key=lambda one: one[0])


def flow(calls, from_s, to_s):
    chosen = [(ms, good) for at, ms, good in calls if from_s <= at < to_s]
    if not chosen:
        return {"rate": 0, "error_ratio": 0, "p99_ms": 0}
    return {"rate": round(len(chosen) / (to_s - from_s), 2),
            "error_ratio": round(sum(not good for _, good in chosen) / len(chosen), 4),
            "p99_ms": telemetry.quantile([ms for ms, _ in chosen], 0.99)}


def edges_of(plan, calls, usual_to_s):
    """calls: (time, caller, role, instance, ms, is good)."""
    listed = []
    for caller, role in (("edge", "payments"), ("payments", "fraud"), ("payments", "quotes"),
                         ("quotes", "rates")):
        its = [(at, ms, good) for at, its_caller, its_role, _, ms, good in calls
               if (its_caller, its_role) == (caller, role)]
        listed.append({"caller": plan["names"][caller], "service": plan["names"][role],
                       "now": flow(its, AT_S - RECENT_S, AT_S),
                       "usual": flow(its, 1, usual_to_s)})
    return listed


def series_of(plan, record):
    """record: `zero`, `looks`, `calls` and `answers` with times from it."""
    listed = []

    def add(service, told, replica=None):
        for name, unit, points in told:
            if points:
                listed.append({"name": name, "service": service, "unit": unit, "points": points}
                              | ({"replica": replica} if replica else {}))

    add(plan["names"]["edge"], telemetry.series_of_users(record["answers"], AT_S))
    for role in ROLES:
        service = plan["names"][role]
        its = [one for one in record["calls"] if one[2] == role]
        add(service, telemetry.series_of_calls([(at, ms, good) for at, _, _, _, ms, good in its],
                                               AT_S))
        add(service, [("queue_current", "requests",
                       [[at, servers[role][2]] for at, servers in record["servers"]
                        if role in servers])])
        for name in instance_names(plan, role)[:plan["sizes"][role]["instances"]]:
            add(service, series_of_replica(record, its, name), name)
    add(plan["names"]["redis"], telemetry.redis_series(record["looks"], record["zero"]))
    return listed


def series_of_replica(record, calls, name):
    told = telemetry.series_of_calls([(at, ms, good) for at, _, _, its, ms, good in calls
                                      if its == name], AT_S)
    memory, cpu = telemetry.process_series(record["looks"], record["zero"], name)
    up = [[at, 1 if servers[name][1].startswith(("UP", "DRAIN", "MAINT")) else 0]
          for at, servers in record["servers"] if name in servers]
    return [*told, ("up", "ratio", up), ("process_resident_memory", "bytes", memory),
            ("process_cpu", "cores", cpu)]


def alerts_of(plan, series):
    """What thresholds say that anybody might have set."""
    found = []
    for one in series:
        name, points = one["name"], one["points"]
        limits = {"users_failed_ratio": (0.05, "UsersFailing"),
                  "users_slow_ratio": (0.1, "UsersSlow"),
                  "users_wrong_ratio": (0.05, "AnswersWrong")}
        if not one.get("replica"):
            limits |= {"http_error_ratio": (0.1, "ErrorsHigh"), "queue_current": (8, "QueueLong")}
        if name == "http_request_duration_p99" and not one.get("replica"):
            usual = telemetry.mean_of_last(points, 20, 18) or 0
            limits[name] = (max(100, 3 * usual), "LatencyHigh")
        if name in ("up", "redis_up"):
            points = [[at, 1 - value] for at, value in points]
            limits[name] = (0.5, "InstanceDown" if name == "up" else "CacheDown")
        if name not in limits:
            continue
        fired = telemetry.first_above(points, limits[name][0], AT_S)
        if fired:
            found.append([fired[0], one["service"], limits[name][1], fired[1]])
    if plan["has_false_alarm"]:
        rng = rng_of(plan["seed"], plan["number"], "false alarm")
        found.append([int(AT_S) - rng.randrange(2, 8), plan["names"][rng.choice(ROLES)],
                      rng.choice(("LatencyHigh", "ErrorsHigh", "InstanceDown")), "firing"])
    once = {(service, rule, state): at for at, service, rule, state in sorted(found, reverse=True)}
    return sorted([at, service, rule, state] for (service, rule, state), at in once.items())


def logs_of(plan, lines):
    """At most 60, the bad ones first where there are more. lines: (time, name of who, text)."""
    told = []
    for at, who, text in lines:
        line = telemetry.line_of(who, text)
        if line and 0 <= at <= AT_S:
            role = {"haproxy": "edge", "redis": "redis"}.get(who) or next(
                role for role in ROLES if who in instance_names(plan, role))
            told.append([round(at, 1), plan["names"][role], line[0], named(plan, role, line[1])])
    rng = rng_of(plan["seed"], plan["number"], "logs")
    bad = [line for line in told if line[2] != "info"]
    good = [line for line in told if line[2] == "info"]
    bad = rng.sample(bad, min(len(bad), BAD_LINES_MAX))
    good = rng.sample(good, min(len(good), LINES_MAX - len(bad)))
    return sorted(bad + good, key=lambda line: line[0])


def events_of(events):
    """events: (time, instance, reason)."""
    return [[round(at, 1), f"Process/{name}", reason, f"{reason} {name}"]
            for at, name, reason in events if 0 <= at <= AT_S][-60:]


# --- For scoring only ------------------------------------------------------------------------
def remedy_of(plan, remedy):
    role = remedy.get("role")
    told = {"remedy": remedy["remedy"]} | ({"service": plan["names"][role]} if role else {})
    if "targets" in remedy:
        told["replicas"] = [instance_names(plan, role)[index] for index in remedy["targets"]]
    if remedy["remedy"] == "rollback":
        artifact = remedy["artifact"]
        told |= {"artifact": artifact, "to": plan["versions"][role][artifact][remedy["to"]]}
    elif remedy["remedy"] == "scale":
        told["to"] = remedy["to"]
    return told


def causes_of(plan):
    listed = []
    for fault in plan["faults"]:
        cause = fault["cause"]
        begins = min(action["at"] for action in fault["actions"])
        told = {"kind": cause["kind"], "service": plan["names"][cause["role"]],
                "since": round(AT_S + begins, 1)}
        if "target" in cause:
            told["replica"] = instance_names(plan, cause["role"])[cause["target"]]
        if "calls" in cause:
            told["calls"] = plan["names"][cause["calls"]]
        if fault["until"] is not None:
            told["until"] = round(AT_S + begins + fault["until"], 1)
        listed.append(told)
    return listed


def truth_of(plan, tried):
    """`tried` is judged: the first is to observe."""
    judged = [(remedy_of(plan, one["remedy"]), one) for one in tried]
    with_verdict = {verdict: [told for told, one in judged if one["verdict"] == verdict]
                    for verdict in ("acceptable", "harmful")}
    futures = [told | {"costs": [round(cost, 3) for _, cost in sorted(one["costs"].items())],
                       "price": round(one["price"], 3), "verdict": one["verdict"],
                       "possible": True} for told, one in judged]
    return {"family": plan["family"], "flavour": plan["flavour"], "cause": causes_of(plan),
            "acceptable": with_verdict["acceptable"],
            "acceptable_on_menu": with_verdict["acceptable"],
            "harmful": with_verdict["harmful"], "cures_off_menu": [],
            "menu_size": sum(len(one["remedy"].get("targets", "1")) for one in tried),
            "futures": futures}


def shown_of(plan, record):
    series = series_of(plan, record)
    return {"format": 1, "id": f"second-{plan['seed']}-{plan['number']}", "at": AT_S,
            "services": services_of(plan, record), "possible": possible_of(plan),
            "calls": edges_of(plan, record["calls"], record["usual_to_s"]),
            "alerts": alerts_of(plan, series), "changes": changes_of(plan),
            "events": events_of(record["events"]), "logs": logs_of(plan, record["lines"]),
            "series": series}


def tried_of(plan, remedy, losses):
    """One remedy with its costs, by the future. losses: future → what truth.loss_of gave."""
    is_call = remedy["remedy"] == "escalate"
    return {"remedy": remedy, "price": truth.price_of(remedy),
            "costs": {future: truth.cost_of(loss, plan["rate"], is_call)
                      for future, loss in losses.items()},
            "chances": {future: truth.chance_of(loss, plan["rate"], is_call)
                        for future, loss in losses.items()}}
