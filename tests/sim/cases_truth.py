#!/usr/bin/env python3
"""Whether the verdicts of simulated cases are the ones that `fault.hpp` promises, family by family.

    cases_truth.py HOMEOSTAT_LAB [CASES_PER_FAMILY]

A table, and what is against it: of the cases of a family in which something has to be done, most
must accept its cure; a healthy world accepts nothing but to do nothing; where a change is the
cause, going back is the cure and a restart is not.
"""

import json
import subprocess
import sys

RESTARTS = {"restart", "rolling_restart"}
# What fault.hpp names, and what contains it where all replicas have it or no other one is left.
CURES = {
    "crash": RESTARTS | {"scale"},
    "crash_loop": {"eject", "scale", "open_circuit", "escalate"},
    "hang": RESTARTS | {"scale", "eject"},
    "leak": RESTARTS | {"scale", "eject", "escalate", "open_circuit"},
    "bad_deploy": {"rollback"},
    "slow_deploy": {"rollback"},
    "bad_config": {"rollback"},
    "bad_flag": {"escalate", "open_circuit"},
    "slow_service": {"open_circuit", "escalate", "scale"},
    "failing_service": {"open_circuit", "escalate"},
    "surge": {"scale", "open_circuit", "escalate"},
    "stale_copies": {"invalidate_cache", "reroute"},
    "stale_writer": {"reroute", "escalate", "open_circuit"},
    "cache_loss": {"escalate", "scale", "open_circuit"},
    "mass_restart": {"scale", "open_circuit"},
    "zone_loss": {"scale", "escalate", "open_circuit"},
    "noisy_neighbour": {"eject", "scale", "open_circuit", "escalate"},
    "pool_leak": RESTARTS | {"eject", "scale", "escalate"},
    "packet_loss": {"open_circuit", "scale", "escalate"},
    "deadlock": RESTARTS | {"eject", "scale", "open_circuit", "escalate"},
    "fd_exhaustion": RESTARTS | {"eject", "scale", "open_circuit", "escalate"},
    "retry_storm": {"rollback", "open_circuit"},
    "hot_key": {"escalate", "scale", "open_circuit"},
    "cold_cache": {"scale", "open_circuit", "escalate"},
    "lying_dependency": {"open_circuit", "escalate"},
    "node_loss": {"scale", "escalate", "open_circuit"},
    "expired_certificate": {"open_circuit", "escalate"},
    "bad_credentials": {"rollback", "open_circuit"},
    "clock_skew": {"eject", "escalate"},
    "disk_full": {"eject", "scale", "escalate"},
    "data_corruption": {"open_circuit", "escalate"},
    "slow_query": {"rollback", "open_circuit"},
    "connection_limit": {"open_circuit", "escalate"},
}
CHANGES = {
    "bad_deploy": "deploy",
    "slow_deploy": "deploy",
    "slow_query": "deploy",
    "bad_config": "config",
    "retry_storm": "config",
    "bad_credentials": "config",
}
SERVICES = 4  # Small worlds are quick, and say the same.


def cases_of(lab, family, count):
    done = subprocess.run(
        [
            lab,
            "--cases",
            str(count),
            "--seed",
            "21",
            "--services",
            str(SERVICES),
            "--family",
            family,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def kinds(case, verdict="acceptable"):
    return {remedy["remedy"] for remedy in case[verdict]}


def futures_at_cause(case, remedy, artifact=None):
    place = case["cause"][0].get("service")
    return [
        future
        for future in case["futures"]
        if future["remedy"] == remedy
        and future.get("service") == place
        and artifact in (None, future.get("artifact"))
    ]


def check_family(family, cases):
    """Prints a line; yields what is wrong."""
    urgent = [case for case in cases if "observe" not in kinds(case)]
    cured = sum(bool(kinds(case) & CURES[family]) for case in urgent)
    counts = {}
    for case in urgent:
        for kind in kinds(case):
            counts[kind] = counts.get(kind, 0) + 1
    said = ", ".join(
        f"{kind} {count}" for kind, count in sorted(counts.items(), key=lambda one: -one[1])
    )
    print(
        f"{family:20} {len(cases):3} cases, {len(urgent):3} urgent, "
        f"{cured:3} accept the cure: {said}"
    )
    if cured * 3 < len(urgent) * 2:
        known = sorted(CURES[family])
        yield f"{family}: only {cured} of {len(urgent)} urgent cases accept any of {known}"
    if family in CHANGES:
        yield from check_change(family, urgent)


def check_change(family, urgent):
    back = restarts = 0
    for case in urgent:
        back += any(
            future["verdict"] == "acceptable"
            for future in futures_at_cause(case, "rollback", CHANGES[family])
        )
        restarts += any(
            future["verdict"] == "acceptable" for future in futures_at_cause(case, "restart")
        )
    print(f"{'':20} to go back is acceptable in {back}, to restart one in {restarts}")
    if back * 3 < len(urgent) * 2:
        yield f"{family}: to go back is acceptable in {back} of {len(urgent)} only"
    if restarts * 10 > len(urgent):
        yield f"{family}: a restart of one is acceptable in {restarts} of {len(urgent)}"


def check_healthy(cases):
    gains = []
    for case in cases:
        if kinds(case) != {"observe"}:
            yield f"{case['id']}: nothing is wrong, and {sorted(kinds(case))} would be acceptable"
        nothing = sum(case["futures"][0]["costs"]) / 3
        gains += [nothing - sum(future["costs"]) / 3 for future in case["futures"][1:]]
    print(
        f"{'nothing':20} {len(cases):3} cases, "
        f"the best of {len(gains)} remedies saves {max(gains):.2f} s"
    )
    if max(gains) > 0.4:
        yield f"nothing: a remedy saves {max(gains):.2f} s where nothing is wrong"


def main(lab, count):
    wrong = list(check_healthy(cases_of(lab, "nothing", count)))
    listed = subprocess.run(
        [lab, "--list-families", "--json"], capture_output=True, text=True, check=True
    )
    families = [json.loads(line)["family"] for line in listed.stdout.splitlines()]
    if set(families) != set(CURES):
        wrong.append(f"families without a cure here, or none there: {set(families) ^ set(CURES)}")
    for family in families:
        wrong += check_family(family, cases_of(lab, family, count))
    for text in wrong:
        print(text, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20))
