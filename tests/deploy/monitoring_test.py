#!/usr/bin/env python3
"""Alerts and dashboard speak of numbers that an agent has, and each alert fires when it should.

    tests/deploy/monitoring_test.py

That an agent's page has the names of docs/metrics.md and no others: crash/ledger_full_test.py.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "deploy/helm/homeostat/files"
ALERTS, DASHBOARD = FILES / "alerts.yaml", FILES / "dashboard.json"
FIRING = ROOT / "deploy/monitoring/alerts_test.yaml"
QUIET = ROOT / "deploy/monitoring/quiet_test.yaml"
METRICS = ROOT / "docs/metrics.md"
UNPACKED = ROOT / "build/promtool/usr/bin/promtool"
# Of Prometheus itself: whether it could read a page, and what fires.
OF_PROMETHEUS = {"up", "ALERTS"}
NAME = re.compile(r"\b(?:homeostat|process)_[a-z_]+\b|\bup\b")


def promtool():
    return shutil.which("promtool") or (UNPACKED if UNPACKED.exists() else None)


def documented():
    """Name, type."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+)", METRICS.read_text(), re.MULTILINE)
    assert len(rows) > 20, rows
    return dict(rows)


def series_of(name, kind):
    return {f"{name}{suffix}" for suffix in ("_bucket", "_sum", "_count")
            } if kind == "histogram" else {name}


def expressions_of_alerts():
    """Of a file whose form is ours: `expr: …` on its line, or a block below."""
    text = ALERTS.read_text()
    found = re.findall(r"^    expr: (?!\|)(.*)$", text, re.MULTILINE)
    found += re.findall(r"^    expr: \|\n((?:      .*\n)+)", text, re.MULTILINE)
    assert len(found) == text.count("- alert:"), "an alert without an expression that is found"
    return found


def expressions_of_dashboard():
    board = json.loads(DASHBOARD.read_text())
    found = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return found + [one["query"]["query"] for one in board["templating"]["list"]
                    if one["type"] == "query"]


def named_in(expressions):
    """Labels have such names, too; none of ours has one of these beginnings."""
    return {name for text in expressions for name in NAME.findall(text)}


def alerts_and_dashboard_name_only_what_an_agent_has():
    known = {one for name, kind in documented().items() for one in series_of(name, kind)}
    for expressions in (expressions_of_alerts(), expressions_of_dashboard()):
        unknown = named_in(expressions) - known - OF_PROMETHEUS
        assert not unknown, f"no agent has {unknown}"


def the_dashboard_shows_everything_that_an_agent_has():
    shown = named_in(expressions_of_dashboard())
    missing = {name for name, kind in documented().items() if not series_of(name, kind) & shown}
    assert not missing, f"nowhere on the dashboard: {missing}"


def each_panel_says_why_it_is_there_and_has_a_place_of_its_own():
    taken = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        assert len(panel["description"]) > 10, panel["title"]
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells


def checked_by(*words):
    done = subprocess.run([promtool(), *words], capture_output=True, text=True)
    return done.returncode == 0, done.stdout + done.stderr


def prometheus_takes_the_alerts_and_they_fire_as_their_examples_say():
    for words in (("check", "rules", ALERTS), ("test", "rules", FIRING, QUIET)):
        is_well, told = checked_by(*words)
        assert is_well, told


def assert_noticed(name, changed, examples):
    """By those examples, that the alert is another one."""
    place = "../helm/homeostat/files/alerts.yaml"
    assert changed != ALERTS.read_text() and place in examples.read_text(), name
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "alerts.yaml").write_text(changed)
        Path(folder, "test.yaml").write_text(examples.read_text().replace(place, "alerts.yaml"))
        is_well, told = checked_by("test", "rules", Path(folder, "test.yaml"))
    assert not is_well and "FAILED" in told, f"{name}: nobody notices\n{told}"


def no_alert_can_go_or_fire_always_without_an_example_that_notices():
    text = ALERTS.read_text()
    alerts = re.findall(r"(  - alert: (\w+)\n(?:(?!  - alert:).*\n)+)", text)
    assert len(alerts) == text.count("- alert:")
    for block, name in alerts:
        always = re.sub(r"    expr: (?:\|\n(?:      .*\n)+|.*\n)(?:    for: .*\n)?",
                        "    expr: vector(1)\n", re.sub("    #.*\n", "", block))
        assert_noticed(name, text.replace(block, ""), FIRING)
        assert_noticed(name, text.replace(block, always), QUIET)


def main():
    tests = [alerts_and_dashboard_name_only_what_an_agent_has,
             the_dashboard_shows_everything_that_an_agent_has,
             each_panel_says_why_it_is_there_and_has_a_place_of_its_own]
    if promtool():
        tests += [prometheus_takes_the_alerts_and_they_fire_as_their_examples_say,
                  no_alert_can_go_or_fire_always_without_an_example_that_notices]
    else:
        print("SKIPPED: there is no promtool, so no alert is tried; tools/setup.sh check brings it")
    for test in tests:
        print(test.__name__.replace("_", " "), flush=True)
        test()
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
