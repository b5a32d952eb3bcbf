"""What breaks, by means that are not the demo's own wherever there are others. Pure: each family
draws actions; world.py has the hands that do them.

An action is {"do", "at", …}: `at` in seconds from the beginning of the fault. `roles` are the
services whose state it changes. `targets` are the instances by index, if it is of some; what has
them is told of as a group of its own when remedies are tried.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

REPLICATED = ("payments", "payments", "payments", "fraud", "fraud", "quotes", "rates")


@dataclass(frozen=True)
class Family:
    draw: Callable  # (rng, plan) → fault, or None where this world has no room for it.
    weight: float = 1.0
    needs: str = ""  # "cgroup", "mount": of the machine.


def one_of(rng, plan, role):
    return rng.randrange(plan["sizes"][role]["instances"])


def some_of(rng, plan, role, least=1):
    """All of them, or more than half."""
    count = plan["sizes"][role]["instances"]
    size = rng.randrange(max(least, count // 2 + count % 2), count + 1)
    return sorted(rng.sample(range(count), size))


def fault(kind, role, actions, targets=(), until=None, **cause):
    """`until`: after so many seconds it is over by itself."""
    if until is not None:
        for action in actions:
            action["for"] = until
    told = {"kind": kind, "role": role} | cause
    if len(targets) == 1:
        told["target"] = targets[0]
    return {"roles": [role], "actions": actions, "cause": told,
            "targets": {role: list(targets)} if targets else {}, "until": until}


def maybe_passing(rng, share=0.2):
    """Over after the symptoms are there, and soon after the moment of judgement at the latest."""
    return round(rng.uniform(9, 14), 1) if rng.random() < share else None


def killed(rng, plan):
    role = rng.choice(REPLICATED)
    targets = [one_of(rng, plan, role)] if rng.random() < 0.5 else some_of(rng, plan, role)
    return fault("crash", role, [{"do": "signal", "role": role, "targets": targets,
                                  "signal": "KILL"}], targets)


def frozen(rng, plan):
    role = rng.choice(REPLICATED)
    targets = [one_of(rng, plan, role)]
    return fault("hang", role, [{"do": "signal", "role": role, "targets": targets,
                                 "signal": "STOP"}], targets, maybe_passing(rng))


def frozen_many(rng, plan):
    role = rng.choice(("payments", "fraud", "quotes"))
    targets = some_of(rng, plan, role)
    return fault("hang", role, [{"do": "signal", "role": role, "targets": targets,
                                 "signal": "STOP"}], targets, maybe_passing(rng))


def stuttering(rng, plan):
    """Stopped for most of each second. Of the process a restart ends it; of the place it runs in,
    as under a hypervisor that is short of time, it does not."""
    role = rng.choice(("payments", "payments", "fraud", "quotes", "rates"))
    targets = [one_of(rng, plan, role)] if rng.random() < 0.7 else some_of(rng, plan, role)
    action = {"do": "stutter", "role": role, "targets": targets, "is_of_place": rng.random() < 0.5,
              "stopped_s": round(rng.uniform(0.3, 0.8), 2)}
    return fault("stutter", role, [action], targets)


def cpu_limit(rng, plan):
    """A limit of the container, set by somebody; it stays when the process is another one."""
    role = rng.choice(("payments", "fraud", "quotes"))
    targets = [one_of(rng, plan, role)] if rng.random() < 0.5 else some_of(rng, plan, role)
    return fault("cpu_limit", role, [{"do": "cpu_limit", "role": role, "targets": targets,
                                      "quota_us": rng.randrange(1000, 4000)}], targets)


def cpu_limit_config(rng, plan):
    """The same, rolled out as a configuration."""
    role = rng.choice(("payments", "fraud", "quotes"))
    return fault("bad_config", role, [{"do": "change", "role": role, "artifact": "config",
                                       "quota_us": rng.randrange(1000, 3000)}])


def memory_limit(rng, plan):
    """The process grows until the kernel kills it in its control group."""
    role = rng.choice(("payments", "fraud"))
    targets = [one_of(rng, plan, role)] if rng.random() < 0.4 else some_of(rng, plan, role)
    actions = [{"do": "memory_limit", "role": role, "targets": targets, "at": -1,
                "bytes": rng.randrange(36, 56) << 20},
               {"do": "switch", "role": role, "targets": targets,
                "faults": {"leak_mb_per_s": rng.randrange(7, 14), "present_only": True}}]
    return fault("leak", role, actions, targets)


def descriptor_limit(rng, plan):
    role = rng.choice(REPLICATED)
    targets = [one_of(rng, plan, role)] if rng.random() < 0.4 else some_of(rng, plan, role)
    return fault("descriptors", role, [{"do": "descriptor_limit", "role": role,
                                        "targets": targets}], targets)


def network(kind, rng, plan, how):
    """Between the proxy and instances of fraud, or the cache."""
    targets = [one_of(rng, plan, "fraud")] if rng.random() < 0.3 else some_of(rng, plan, "fraud")
    return fault(kind, "fraud", [{"do": "relay", "role": "fraud", "targets": targets, "how": how}],
                 targets, maybe_passing(rng))


def slow_network(rng, plan):
    late_ms = rng.randrange(60, plan["deadline_ms"] + 150)
    return network("slow_network", rng, plan, {"delay_ms": late_ms})


def cut_network(rng, plan):
    return network("cut_network", rng, plan, rng.choice(({"is_cut": True}, {"is_mute": True})))


def lossy_network(rng, plan):
    return network("lossy_network", rng, plan, {"loss": round(rng.uniform(0.15, 0.6), 2)})


def cache_network(rng, plan):
    how = rng.choice(({"delay_ms": rng.randrange(40, 300)}, {"is_cut": True}, {"is_mute": True},
                      {"loss": round(rng.uniform(0.2, 0.6), 2)}))
    return fault("cache_network", "redis", [{"do": "relay", "role": "redis", "targets": [0],
                                             "how": how}], until=maybe_passing(rng))


def redis_command(kind, rng, words, until=None):
    return fault(kind, "redis", [{"do": "redis", "commands": words}], until=until)


def cache_paused(rng, plan):
    seconds = rng.choice((round(rng.uniform(9, 13), 1), 60))
    made = redis_command("cache_paused", rng, [["CLIENT", "PAUSE", str(int(seconds * 1000)),
                                                "ALL"]])
    made["until"] = seconds if seconds < 60 else None
    return made


def cache_password(rng, plan):
    return redis_command("cache_denied", rng, [["CONFIG", "SET", "requirepass", "f3Kq"],
                                               ["AUTH", "f3Kq"],
                                               ["CLIENT", "KILL", "TYPE", "normal"]])


def cache_full(rng, plan):
    return redis_command("cache_full", rng, [["CONFIG", "SET", "maxmemory-policy", "noeviction"],
                                             ["CONFIG", "SET", "maxmemory", "1"]])


def cache_killed(rng, plan):
    return fault("crash", "redis", [{"do": "signal", "role": "redis", "targets": [0],
                                     "signal": "KILL"}])


def cache_wrong(rng, plan):
    """Some other program writes copies of its own, faster than ours renew them."""
    action = {"do": "rogue_writer", "percent": rng.choice((-8, -3, 4, 12)), "every_ms": 40}
    until = maybe_passing(rng, 0.3)
    return fault("stale_copies", "redis", [action], until=until)


def disk_full(rng, plan):
    """Redis cannot save any more, and then takes no writes."""
    return fault("disk_full", "redis", [{"do": "disk_full"}])


def bad_version(rng, plan):
    role = rng.choice(("payments", "payments", "fraud", "quotes"))
    choices = [{"error_share": round(rng.uniform(0.12, 0.7), 2)},
               {"slow_ms": rng.randrange(120, 900)},
               {"leak_mb_per_s": rng.randrange(12, 25), "stall_at_mb": rng.randrange(40, 90)}]
    if role == "quotes":
        choices.append({"stale_percent": rng.randrange(3, 11), "stale_ms": 60000})
    return fault("bad_version", role, [{"do": "change", "role": role, "artifact": "deploy",
                                        "faults": rng.choice(choices)}])


def bad_config(rng, plan):
    role = rng.choice(("payments", "payments", "fraud", "quotes"))
    choices = [{"workers": 1, "queue_max": rng.randrange(2, 40)}, {"rubbish": True}]
    if role in ("payments", "quotes"):
        choices.append({"dependency_deadline_ms": rng.randrange(2, 12)})
    return fault("bad_config", role, [{"do": "change", "role": role, "artifact": "config",
                                       "operations": rng.choice(choices)}])


def proxy_limit(rng, plan):
    """Somebody has mistyped a limit of the proxy: what remains is a person's business."""
    role = rng.choice(("payments", "fraud"))
    return fault("proxy_limit", "edge", [{"do": "proxy_limit", "role": role, "connections": 1}],
                 calls=role)


def proxy_disabled(rng, plan):
    role = rng.choice(("payments", "fraud", "quotes"))
    targets = some_of(rng, plan, role)
    return fault("proxy_disabled", "edge", [{"do": "proxy_disabled", "role": role,
                                             "targets": targets}], calls=role)


def capacity_of(plan, role):
    size = plan["sizes"][role]
    hold_ms = size["own_wait_ms"] + (plan["sizes"]["fraud"]["own_wait_ms"] + 8
                                     if role == "payments" else 3)
    return 1000 * size["instances"] * size["workers"] / hold_ms


def surge(rng, plan):
    """More users than usual, now and then more than there is room for."""
    rate = math.ceil(rng.uniform(0.7, 1.6) * capacity_of(plan, "payments") - plan["rate"])
    if not 0.5 * plan["rate"] < rate <= 300:
        return None
    return fault("surge", "edge", [{"do": "load", "rate": rate}], until=maybe_passing(rng, 0.3))


def connection_flood(rng, plan):
    """Strangers hold more connections than the proxy takes."""
    return fault("connection_flood", "edge", [{"do": "flood", "connections": 1100}],
                 until=maybe_passing(rng))


FAMILIES = {
    "killed": Family(killed, 1.3),
    "frozen": Family(frozen, 1.0),
    "frozen_many": Family(frozen_many, 1.2),
    "stuttering": Family(stuttering, 1.2),
    "cpu_limit": Family(cpu_limit, 1.0, "cgroup"),
    "cpu_limit_config": Family(cpu_limit_config, 0.8, "cgroup"),
    "memory_limit": Family(memory_limit, 1.2, "cgroup"),
    "descriptor_limit": Family(descriptor_limit, 1.0),
    "slow_network": Family(slow_network, 1.2),
    "cut_network": Family(cut_network, 1.2),
    "lossy_network": Family(lossy_network, 1.0),
    "cache_network": Family(cache_network, 1.2),
    "cache_paused": Family(cache_paused, 0.6),
    "cache_password": Family(cache_password, 0.6),
    "cache_full": Family(cache_full, 0.5),
    "cache_killed": Family(cache_killed, 0.6),
    "cache_wrong": Family(cache_wrong, 1.4),
    "disk_full": Family(disk_full, 0.5, "mount"),
    "bad_version": Family(bad_version, 2.0),
    "bad_config": Family(bad_config, 2.0),
    "proxy_limit": Family(proxy_limit, 0.8),
    "proxy_disabled": Family(proxy_disabled, 0.8),
    "surge": Family(surge, 1.5),
    "connection_flood": Family(connection_flood, 0.5),
}
