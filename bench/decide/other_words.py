#!/usr/bin/env python3
"""Tells cases as others might: the same telemetry under other names and in other units.

    bench/decide/other_words.py CASES OUT [--counters] [--without-calls]

Seconds for milliseconds, percents for ratios, bytes for megabytes. With --counters requests and the
errors of a service are totals that only rise; with --without-calls no call has numbers. A judge of
cases should say the same of both files, but for what is missing.
"""

import argparse
import json
from itertools import pairwise

# Name, unit, and what ours is times.
OTHERS = {"latency_p99": ("http_request_duration_seconds_p99", "s", 1e-3),
          "error_ratio": ("http_error_percent", "%", 100),
          "cpu": ("container_cpu_usage", "cores", 1),
          "memory": ("container_memory_working_set_bytes", "bytes", 2**20),
          "queue_length": ("requests_pending", "", 1),
          "denied_ratio": ("http_denied_percent", "%", 100),
          "disk_used": ("node_filesystem_used_percent", "%", 100),
          "pool_in_use": ("db_connections_active", "", 1),
          "hit_ratio": ("cacheHitPercent", "%", 100),
          "stale_ratio": ("stale_answers_percent", "%", 100)}


def renamed(series):
    name, unit, times = OTHERS.get(series["name"], (series["name"], series["unit"], 1))
    points = [[at, value * times] for at, value in series["points"]]
    return series | {"name": name, "unit": unit, "points": points}


def value_at(points, time):
    """What held then; before the first, the first."""
    value = points[0][1]
    for at, later in points:
        if at <= time:
            value = later
    return value


def counted(series, name, times):
    """A total that rises by the series' value, times what `times` says of a moment."""
    points, total = [[series["points"][0][0], 1000.0]], 1000.0
    for (before, _), (at, value) in pairwise(series["points"]):
        total += value * times(at) * (at - before)
        points.append([at, total])
    return series | {"name": name, "unit": "", "points": points}


def in_counters(series, requests):
    is_of_service = not series.get("replica") and series["points"]
    if is_of_service and series["name"] == "requests":
        return counted(series, "http_requests_total", lambda _: 1)
    rates = requests.get(series["service"])
    if is_of_service and series["name"] == "error_ratio" and rates:
        return counted(series, "http_requests_failed_total", lambda at: value_at(rates, at))
    return renamed(series)


def in_other_words(case, has_counters=False, has_calls=True):
    requests = {one["service"]: one["points"] for one in case["series"]
                if one["name"] == "requests" and not one.get("replica")}
    series = [in_counters(one, requests) if has_counters else renamed(one)
              for one in case["series"]]
    told = case | {"series": series}
    return told if has_calls else {key: value for key, value in told.items() if key != "calls"}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases")
    parser.add_argument("out")
    parser.add_argument("--counters", action="store_true")
    parser.add_argument("--without-calls", action="store_true")
    options = parser.parse_args()
    with open(options.cases, encoding="utf-8") as cases, \
            open(options.out, "w", encoding="utf-8") as out:
        for line in cases:
            told = in_other_words(json.loads(line), options.counters, not options.without_calls)
            out.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
