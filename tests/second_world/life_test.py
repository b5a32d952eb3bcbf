#!/usr/bin/env python3
"""Two lives of one small world, side by side: all of a service is frozen, and in one of them it is
restarted. Half a minute; needs haproxy and redis-server.

    life_test.py --bin build/release/bin
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WORLD = ROOT / "bench/second_world"
sys.path.insert(0, str(WORLD))

import draw  # noqa: E402


def plan_of_frozen_quotes():
    """Drawn, but for what breaks and how much there is: one instance, which no supervisor mends."""
    plan = draw.draw_plan(1, 1)
    plan["sizes"]["quotes"] |= {"instances": 1, "workers": 16}
    plan["rate"], plan["is_supervised"] = 40, False
    action = {"do": "signal", "role": "quotes", "targets": [0], "signal": "STOP", "at": -6.0}
    cause = {"kind": "hang", "role": "quotes", "target": 0}
    plan["faults"] = [{"roles": ["quotes"], "actions": [action], "cause": cause, "until": None,
                       "targets": {"quotes": [0]}, "family": "frozen_many"}]
    plan["actions"] = [action]
    return plan


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True)
    options = parser.parse_args()
    if not shutil.which("redis-server") or not (shutil.which("haproxy")
                                                or Path("/usr/sbin/haproxy").exists()):
        print("SKIPPED: no haproxy or redis-server")
        return 77
    restart = json.dumps({"remedy": "restart", "role": "quotes", "targets": [0]})
    with tempfile.TemporaryDirectory(prefix="second-world-test-") as directory:
        plan = Path(directory, "plan.json")
        plan.write_text(json.dumps(plan_of_frozen_quotes()))
        outs = [Path(directory, name) for name in ("nothing.json", "restart.json")]
        lives = [subprocess.Popen([sys.executable, WORLD / "trial.py", "--bin", options.bin,
                                   "--plan", plan, "--slot", str(8 + index), "--out", out, *more])
                 for index, (out, more) in enumerate(zip(outs, ([], ["--remedy", restart]),
                                                         strict=True))]
        ended = [life.wait(100) for life in lives]
        if os.EX_TEMPFAIL in ended:
            print("SKIPPED: the machine is too busy")
            return 77
        assert ended == [0, 0], "a life could not be lived"
        nothing, cured = (json.loads(out.read_text()) for out in outs)
    print(f"nothing: {nothing['loss']}, restart: {cured['loss']}")
    assert nothing["loss"]["lost"] > 0.5 * nothing["loss"]["requests"], "users feel it"
    assert cured["loss"]["lost"] < 0.5 * nothing["loss"]["lost"], "a restart heals it"
    for life in (nothing, cured):
        assert "OPEN" not in life["isolation"].values(), f"the judge sees: {life['isolation']}"
        assert not life["troubles"], life["troubles"]


if __name__ == "__main__":
    sys.exit(main())
