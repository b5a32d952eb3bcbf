#!/usr/bin/env python3
"""What plans of the second world are, and what may be tried in them; no world is started."""

import collections
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "bench/second_world"))

import draw  # noqa: E402
import faults  # noqa: E402
import hands  # noqa: E402
import remedies  # noqa: E402

PLANS = [draw.draw_plan(7, number) for number in range(1, 301)]


class Plans(unittest.TestCase):
    def test_the_same_seed_and_number_give_the_same_plan(self):
        self.assertEqual(draw.draw_plan(7, 12), PLANS[11])
        self.assertNotEqual(draw.draw_plan(8, 12), PLANS[11])

    def test_a_plan_is_the_same_after_it_was_written_and_read(self):
        for plan in PLANS[:50]:
            self.assertEqual(json.loads(json.dumps(plan)), plan)

    def test_each_family_is_drawn(self):
        seen = {fault["family"] for plan in PLANS for fault in plan["faults"]}
        self.assertEqual(seen, set(faults.FAMILIES))
        self.assertGreaterEqual(len(seen), 12)

    def test_each_flavour_is_drawn(self):
        seen = collections.Counter(plan["flavour"] for plan in PLANS)
        self.assertEqual(set(seen), {"healthy", "lasting", "passing", "two_at_once"})
        self.assertGreater(seen["lasting"], 150)

    def test_no_two_names_of_a_plan_are_the_same(self):
        for plan in PLANS:
            self.assertEqual(len(set(plan["names"].values())), 6)

    def test_somebody_can_do_each_action_and_it_comes_before_the_judgement(self):
        for plan in PLANS:
            for action in plan["actions"]:
                self.assertIn(action["do"], hands.BEGIN)
                self.assertLess(action["at"], -4)
                self.assertGreaterEqual(action["at"], -draw.USUAL_S)

    def test_targets_are_instances_that_run(self):
        for plan in PLANS:
            for fault in plan["faults"]:
                for role, targets in fault["targets"].items():
                    self.assertLess(max(targets), plan["sizes"][role]["instances"])

    def test_two_faults_at_once_are_of_different_services(self):
        for plan in PLANS:
            roles = [role for fault in plan["faults"] for role in fault["roles"]]
            self.assertEqual(len(roles), len(set(roles)))

    def test_usual_traffic_has_room(self):
        for plan in PLANS:
            self.assertGreater(faults.capacity_of(plan, "payments"), 1.5 * plan["rate"])


class Remedies(unittest.TestCase):
    def listed(self, plan):
        return remedies.candidates(draw.rng_of(7, plan["number"], "trials"), plan)

    def test_nothing_is_tried_that_is_not_possible(self):
        for plan in PLANS:
            for one in self.listed(plan):
                possible = plan["possible"][one["role"]]
                if one["remedy"] in ("restart", "rolling_restart"):
                    self.assertTrue(possible["restart"])
                if one["remedy"] == "scale":
                    self.assertEqual(one["to"], possible["replicas"]["max"])
                if one["remedy"] == "eject":
                    self.assertGreater(possible["replicas"]["now"], possible["replicas"]["min"])
                if one["remedy"] == "open_circuit":
                    self.assertTrue(possible["fallback"])

    def test_each_instance_is_in_one_group_of_those_alike(self):
        for plan in PLANS:
            for role in draw.ROLES:
                those = [index for group in remedies.groups_of(plan, role) for index in group]
                self.assertEqual(sorted(those), list(range(plan["sizes"][role]["instances"])))

    def test_where_something_broke_or_changed_is_tried_first(self):
        plan = next(plan for plan in PLANS if plan["family"] == "bad_version"
                    and plan["possible"][plan["faults"][0]["roles"][0]]["keeps"]["deploy"])
        role = plan["faults"][0]["roles"][0]
        self.assertIn({"remedy": "rollback", "role": role, "artifact": "deploy", "to": 1},
                      self.listed(plan))

    def test_there_is_no_version_to_go_back_to_unless_somebody_told_of_it(self):
        plan = dict(PLANS[0], actions=[], older_changes=[[-500, "fraud", "config"]])
        self.assertIsNone(remedies.previous_number(plan, "fraud", "deploy"))
        self.assertEqual(remedies.previous_number(plan, "fraud", "config"), 0)

    def test_of_one_instance_to_restart_it_and_all_is_done_once(self):
        plan = dict(PLANS[0])
        plan["sizes"] = dict(plan["sizes"], quotes={"instances": 1})
        one = {"remedy": "restart", "role": "quotes", "targets": [0]}
        every = {"remedy": "rolling_restart", "role": "quotes"}
        self.assertEqual(remedies.same_trial(plan, one), remedies.same_trial(plan, every))
        plan["sizes"]["quotes"] = {"instances": 2}
        self.assertNotEqual(remedies.same_trial(plan, one), remedies.same_trial(plan, every))


if __name__ == "__main__":
    unittest.main()
