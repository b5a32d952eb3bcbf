#!/usr/bin/env python3
"""Cases from records made up here: what the schema says, what a decider must not see, and the small
arithmetic under series, alerts and logs."""

import json
import sys
import unittest
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench/second_world"))

import case_text  # noqa: E402
import choices  # noqa: E402
import draw  # noqa: E402
import remedies  # noqa: E402
import run  # noqa: E402
import telemetry  # noqa: E402
import truth  # noqa: E402

SCHEMA = json.loads((ROOT / "docs/case.schema.json").read_text())


def record_of(plan):
    """A world in which fraud answers badly from 25 s on."""
    names = {role: draw.instance_names(plan, role) for role in draw.ROLES}
    running = [name for role in draw.ROLES for name in names[role]]
    calls = [(second + 0.5, caller, role, names[role][0], 20, role != "fraud" or second < 25)
             for second in range(33) for caller, role in (("edge", "payments"),
                                                          ("payments", "fraud"))]
    looks = [{"at": 100 + second, "redis": {"keyspace_hits": 10 * second, "keyspace_misses": second,
                                            "used_memory": 1e6, "connected_clients": 3},
              "processes": {name: (7, second * 0.01, 9 << 20) for name in running}}
             for second in range(33)]
    return {"zero": 100.0, "looks": looks, "calls": calls, "usual_to_s": 24,
            "answers": [(second + 0.1, "good" if second < 25 else "error")
                        for second in range(33)],
            "servers": [(second, {name: (role, "UP", 0) for role in draw.ROLES
                                  for name in [role, *names[role]]}) for second in range(33)],
            "versions": {name: {"deploy": "1", "config": "2"} for name in running},
            "in_rotation": {}, "events": [(3.0, running[0], "Started"), (99.0, "x", "Killing")],
            "lines": [(30.0, names["payments"][0],
                       "2026-11-28T10:00:00.000Z ERROR x payment failed dependency=fraud"),
                      (31.0, "haproxy", "[WARNING]  (7) : Server fraud/f-0 is DOWN, reason: x"),
                      (32.0, "redis", "7:M 28 Nov 2026 10:00:00.000 # Out of memory"),
                      (32.0, "redis", "what nobody understands")]}


def case_of(number):
    plan = draw.draw_plan(3, number)
    listed = remedies.candidates(draw.rng_of(3, number, "trials"), plan)
    groups = run.by_trial(plan, listed)
    loss = {"requests": 700, "lost": 300.0, "late_lost": 100.0}
    losses = {name: {1: loss} for name in ("observe", *groups)}
    first = next(iter(groups))
    losses[first] = {1: {"requests": 700, "lost": 10.0, "late_lost": 0.0}}
    tried = run.tried_in(plan, losses, groups)
    truth.judge(tried)
    return plan, case_text.shown_of(plan, record_of(plan)) | case_text.truth_of(plan, tried)


class Cases(unittest.TestCase):
    def test_each_is_what_the_schema_says(self):
        validator = jsonschema.Draft202012Validator(SCHEMA)
        for number in range(1, 30):
            _, case = case_of(number)
            case = json.loads(json.dumps(case))
            self.assertEqual([error.message for error in validator.iter_errors(case)], [])

    def test_what_is_shown_has_no_truth_and_no_role(self):
        for number in range(1, 12):
            plan, case = case_of(number)
            text = json.dumps(choices.shown(case))
            self.assertFalse(set(choices.SCORING_ONLY) & set(json.loads(text)))
            for role in (*draw.ROLES, "redis"):
                self.assertNotIn(f"={role}", text)
                self.assertNotIn(f'"{role}"', text)

    def test_what_was_tried_is_told_with_its_costs_and_the_best_is_acceptable(self):
        _, case = case_of(5)
        self.assertEqual(case["futures"][0]["remedy"], "observe")
        self.assertTrue(case["acceptable"])
        best = min(case["futures"], key=lambda one: sum(one["costs"]) + one["price"])
        self.assertEqual(best["verdict"], "acceptable")

    def test_trouble_at_a_service_and_for_users_raises_alerts(self):
        plan, case = case_of(5)
        rules = {(service, rule) for _, service, rule, _ in case["alerts"]}
        self.assertIn((plan["names"]["fraud"], "ErrorsHigh"), rules)
        self.assertIn((plan["names"]["edge"], "UsersFailing"), rules)

    def test_lines_are_of_whom_they_come_from_and_name_no_role(self):
        plan, case = case_of(5)
        names = plan["names"]
        self.assertIn([30.0, names["payments"], "error",
                       f"payment failed dependency={names['fraud']}"], case["logs"])
        self.assertIn([31.0, names["edge"], "warn",
                       f"Server {names['fraud']}/f-0 is DOWN, reason: x"], case["logs"])
        self.assertEqual(len(case["logs"]), 3)

    def test_what_comes_after_the_moment_is_not_told(self):
        _, case = case_of(5)
        self.assertEqual(len(case["events"]), 1)


class Series(unittest.TestCase):
    def test_a_share_has_no_point_where_nobody_asked(self):
        told = dict((name, points) for name, _, points in
                    telemetry.series_of_calls([(0.5, 10, True), (2.5, 30, False)], 3))
        self.assertEqual(told["http_requests"], [[1, 1], [2, 0], [3, 1]])
        self.assertEqual(told["http_error_ratio"], [[1, 0.0], [3, 1.0]])
        self.assertEqual(told["http_request_duration_p99"], [[3, 30]])

    def test_a_process_that_is_another_one_has_used_nothing_yet(self):
        looks = [{"at": at, "processes": {"a": seen} if seen else {}} for at, seen in
                 ((0, (1, 5.0, 100)), (1, (1, 5.5, 100)), (2, None), (3, (2, 0.1, 90)),
                  (4, (2, 0.2, 90)))]
        memory, cpu = telemetry.process_series(looks, 0, "a")
        self.assertEqual(cpu, [[1, 0.5], [4, 0.1]])
        self.assertEqual([at for at, _ in memory], [0, 1, 3, 4])

    def test_an_alert_is_resolved_when_the_mean_fell_again(self):
        self.assertEqual(telemetry.first_above([[1, 0], [2, 1], [3, 1], [8, 0]], 0.5, 8),
                         (3, "resolved"))
        self.assertEqual(telemetry.first_above([[7, 0], [8, 1]], 0.4, 8), (8, "firing"))
        self.assertIsNone(telemetry.first_above([[1, 0.1]], 0.5, 8))


class Scores(unittest.TestCase):
    def test_noise_is_what_two_futures_of_doing_nothing_differ_by(self):
        cases = [{"futures": [{"costs": [90, 110]}]}, {"futures": [{"costs": [0.1, 0.4]}]}]
        self.assertEqual(choices.noise_of(cases), {"n": 1, "median": 0.2, "p90": 0.2})


if __name__ == "__main__":
    unittest.main()
