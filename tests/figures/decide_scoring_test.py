#!/usr/bin/env python3
"""The arithmetic of tools/decide_figures.py, over cases made by hand."""

import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "bench/decide")]

import decide_scoring as scoring  # noqa: E402
from fixed_rankers import Always, Random, Rules  # noqa: E402

OBSERVE = {"remedy": "observe", "weight": 0.2}
ESCALATE = {"remedy": "escalate", "weight": 0.1}
RESTART = {"remedy": "restart", "service": "cart", "replica": "cart-1", "weight": 0.4}
BACK = {"remedy": "rollback", "service": "cart", "artifact": "deploy", "to": "v1", "weight": 0.3}


def case(acceptable, harmful=(), family="leak", changes=()):
    told = {"id": "c-1", "remedies": [dict(one) for one in (OBSERVE, ESCALATE, RESTART, BACK)]}
    return scoring.with_truth(told, {"family": family, "acceptable": list(acceptable),
                                     "harmful": list(harmful), "changes": list(changes)})


def truth(remedy, **more):
    return {"remedy": remedy, "service": "cart", **more}


class Named(unittest.TestCase):
    def test_each_part_of_a_name_counts(self):
        self.assertTrue(scoring.is_named(OBSERVE, [{"remedy": "observe"}]))
        either = ["cart-0", "cart-1"]
        self.assertTrue(scoring.is_named(RESTART, [truth("restart", replicas=either)]))
        self.assertTrue(scoring.is_named(RESTART, [truth("restart")]))
        self.assertFalse(scoring.is_named(RESTART, [truth("restart", replicas=["cart-0"])]))
        self.assertFalse(scoring.is_named(RESTART, [truth("eject")]))
        self.assertFalse(scoring.is_named(RESTART, [{"remedy": "restart", "service": "shop"}]))
        self.assertFalse(scoring.is_named(RESTART, []))

    def test_a_rollback_is_of_one_artifact_to_one_version(self):
        for artifact, to, is_right in (("deploy", "v1", True), ("config", "v1", False),
                                       ("deploy", "v2", False)):
            answers = [truth("rollback", artifact=artifact, to=to)]
            self.assertIs(scoring.is_named(BACK, answers), is_right)

    def test_a_number_of_replicas_is_compared_as_text(self):
        scale = {"remedy": "scale", "service": "cart", "to": "4"}
        self.assertTrue(scoring.is_named(scale, [truth("scale", to=4)]))
        self.assertFalse(scoring.is_named(scale, [truth("scale", to=5)]))


class Cases(unittest.TestCase):
    def test_a_truth_marks_what_it_names_and_two_faults_are_one_family(self):
        made = case([truth("restart")], [truth("rollback", artifact="deploy", to="v1")],
                    family="leak+surge")
        self.assertEqual([one["is_acceptable"] for one in made["remedies"]],
                         [False, False, True, False])
        self.assertEqual([one["is_harmful"] for one in made["remedies"]],
                         [False, False, False, True])
        self.assertEqual(made["family"], "two_at_once")

    def test_curable_is_what_an_acceptable_change_of_the_menu_cures(self):
        self.assertTrue(scoring.is_curable(case([truth("restart")])))
        self.assertFalse(scoring.is_curable(case([{"remedy": "observe"}, {"remedy": "escalate"}])))
        self.assertFalse(scoring.is_curable(case([truth("eject")])))  # Not on the menu.

    def test_a_bait_is_a_recent_version_that_nobody_should_take_back(self):
        deploy, old = [12, "cart", "deploy", "v1", "v2"], [-9, "cart", "deploy", "v1", "v2"]
        flag = [12, "cart", "flag", "off", "on"]
        back = truth("rollback", artifact="deploy", to="v1")
        self.assertTrue(scoring.is_rollback_wrong(case([truth("restart")], changes=[old, deploy])))
        self.assertFalse(scoring.is_rollback_wrong(case([back], changes=[deploy])))
        self.assertFalse(scoring.is_rollback_wrong(case([truth("restart")], changes=[old, flag])))


    def test_a_case_is_its_services_watched_for_its_window(self):
        told = {"id": "c-1", "remedies": []}
        made = scoring.with_truth(told, {"family": "nothing", "acceptable": [], "harmful": [],
                                         "services": [{}] * 12, "at": 180})
        self.assertAlmostEqual(made["service_days"], 12 * 180 / 86_400)


    def test_what_was_held_back_is_not_what_was_chosen(self):
        told = {"id": "c-1", "remedies": [dict(RESTART), {"remedy": "escalate"}],
                "chosen": {"remedy": "escalate", "weight": 0.2, "confidence": 0.6}}
        self.assertEqual(scoring.chosen_of({"remedies": [RESTART]}), RESTART)
        made = scoring.with_truth(told, {"family": "leak", "acceptable": [{"remedy": "escalate"}],
                                         "harmful": [truth("restart")]})
        self.assertTrue(scoring.chosen_of(made)["is_acceptable"])
        self.assertFalse(scoring.chosen_of(made)["is_harmful"])
        tally = scoring.Tally()
        tally.add(made, scoring.chosen_of(made))
        self.assertEqual((tally.harms, tally.confidences), ([False], [(0.6, True)]))


class Saving(unittest.TestCase):
    def future(self, remedy, costs, price=0.0):
        return {"remedy": remedy, "costs": costs, "price": price}

    def test_a_kind_saves_a_share_of_what_the_best_saves(self):
        told = scoring.saves_of([self.future("observe", [100, 110, 90]),
                                 self.future("rollback", [46, 46, 46], 4),
                                 self.future("restart", [120, 120, 120], 5),
                                 self.future("restart", [75, 75, 75]),
                                 self.future("scale", [110, 110, 110])])
        self.assertEqual(told, {"observe": 0.0, "rollback": 1.0, "restart": 0.5, "scale": -0.2})

    def test_nothing_is_saved_where_nothing_can_be(self):
        told = scoring.saves_of([self.future("observe", [2, 2, 2]),
                                 self.future("restart", [1.5, 1.5, 1.5])])
        self.assertEqual(told, {"observe": 0.0, "restart": 0.0})
        self.assertEqual(scoring.saves_of([]), {})


class Shares(unittest.TestCase):
    def test_a_family_counts_once_however_many_cases_it_has(self):
        outcomes = [("leak", True)] * 9 + [("leak", False)] + [("surge", False)] * 2
        self.assertAlmostEqual(scoring.macro(outcomes), 0.45)
        self.assertIsNone(scoring.macro([]))

    def test_a_bootstrap_holds_the_measure_and_is_the_same_each_time(self):
        outcomes = [("leak", place % 4 != 0) for place in range(200)]
        low, high = scoring.interval(outcomes, scoring.macro)
        self.assertAlmostEqual(low, 0.69, delta=0.015)  # 0.75 less 1.96 standard errors.
        self.assertAlmostEqual(high, 0.81, delta=0.015)
        self.assertEqual(scoring.interval(outcomes, scoring.macro), [low, high])
        self.assertIsNone(scoring.interval([], scoring.macro))

    def test_no_variety_leaves_no_width(self):
        self.assertEqual(scoring.interval([("leak", True)] * 20, scoring.macro), [1, 1])

    def test_wilsons_interval_is_what_tables_say(self):
        low, high = scoring.wilson(1, 10)
        self.assertAlmostEqual(low, 0.0179, places=4)
        self.assertAlmostEqual(high, 0.4042, places=4)
        self.assertEqual(scoring.wilson(0, 100)[0], 0)
        self.assertAlmostEqual(scoring.wilson(0, 100)[1], 0.0370, places=4)
        self.assertEqual(scoring.wilson(5, 5)[1], 1)
        self.assertIsNone(scoring.wilson(0, 0))

    def test_a_share_of_nothing_is_none(self):
        self.assertIsNone(scoring.share([]))
        self.assertEqual(scoring.share([True, False, False, True]), 0.5)

    def test_a_quantile_is_one_of_the_values(self):
        values = list(range(1, 101))
        self.assertEqual(scoring.nearest_rank(values, 0.5), 50)
        self.assertEqual(scoring.nearest_rank(values, 0.99), 99)
        self.assertEqual(scoring.nearest_rank([7], 0.99), 7)
        self.assertIsNone(scoring.nearest_rank([], 0.5))


class Confidence(unittest.TestCase):
    def test_who_is_right_as_often_as_said_has_no_calibration_error(self):
        self.assertAlmostEqual(scoring.ece([(0.75, True)] * 3 + [(0.75, False)]), 0)

    def test_errors_of_bins_do_not_cancel_out(self):
        answers = [(0.2, True)] * 2 + [(0.9, False)] * 2
        self.assertAlmostEqual(scoring.ece(answers), (0.8 + 0.9) / 2)

    def test_errors_within_a_bin_do(self):
        answers = [(0.55, True), (0.55, False), (0.5, True), (0.5, False)]
        self.assertAlmostEqual(scoring.ece(answers), 0.025)

    def test_full_confidence_is_in_the_last_bin(self):
        self.assertAlmostEqual(scoring.ece([(1.0, False), (0.95, True)]), 0.475)

    def test_the_most_confident_are_wrong_less_often_if_confidence_says_anything(self):
        answers = [(0.1, False), (0.9, True), (0.6, True), (0.5, False)]
        self.assertEqual(scoring.risk_coverage(answers),
                         [[0.25, 0.0], [0.5, 0.0], [0.75, 1 - 2 / 3], [1.0, 0.5]])
        self.assertEqual(scoring.risk_coverage([(0.3, False)]),
                         [[coverage, 1.0] for coverage in scoring.COVERAGES])
        self.assertIsNone(scoring.risk_coverage([]))

    def test_brier_is_the_mean_square(self):
        self.assertAlmostEqual(scoring.brier([(1, True), (0.5, False), (0.9, False)]),
                               (0 + 0.25 + 0.81) / 3)

    def test_of_nothing_nothing_is_said(self):
        self.assertIsNone(scoring.ece([]))
        self.assertIsNone(scoring.brier([]))


class Tallies(unittest.TestCase):
    def test_one_ranker_is_told_of_by_all_that_it_chose(self):
        deploy = [5, "cart", "deploy", "v1", "v2"]
        cures = case([truth("restart")], [truth("rollback", artifact="deploy", to="v1")],
                     changes=[deploy])
        calls = case([{"remedy": "escalate"}], family="bad_flag")
        observe, escalate, restart, back = range(4)
        tally = scoring.Tally()
        for made, chosen in ((cures, restart), (cures, back), (cures, observe), (calls, escalate)):
            tally.add(made, made["remedies"][chosen])
        tally.add_healthy(OBSERVE)
        tally.add_healthy(RESTART)
        told = tally.figures()
        self.assertAlmostEqual(told["macro"], (1 / 3 + 1) / 2)
        self.assertEqual(told["harmful"], 0.25)
        self.assertEqual((told["acted_share"], told["acted_n"]), (2 / 3, 3))
        self.assertEqual((told["rollback_wrong_slice"], told["rollback_wrong_n"]), (1 / 3, 3))
        self.assertEqual(told["needless"], 1)
        self.assertEqual(tally.families["leak"], {"n": 3, "acceptable": 1, "harmful": 1,
                                                  "on_menu": 3, "curable": 3, "acted": 2})
        self.assertEqual(tally.confidences[0], (0.4, True))

    def test_what_was_not_asked_is_none_and_not_zero(self):
        told = scoring.Tally().figures()
        for name in ("macro", "harmful", "acted_share", "needless", "rollback_wrong_slice"):
            self.assertIsNone(told[name], name)


class FixedRankers(unittest.TestCase):
    def test_the_rules_choose_what_weighs_most(self):
        self.assertEqual(Rules().choose(case([]))["remedy"], "restart")

    def test_who_cannot_do_the_one_thing_observes_and_may_be_right(self):
        chosen = Always("scaler", {"scale"}).choose(case([{"remedy": "observe"}]))
        self.assertEqual((chosen["remedy"], chosen["is_acceptable"]), ("observe", True))

    def test_chance_is_the_same_each_time(self):
        self.assertEqual(Random().choose(case([])), Random().choose(case([])))


if __name__ == "__main__":
    unittest.main()
