#!/usr/bin/env python3
"""The file and the page of tools/decide_figures.py, from answers made up here, and its files."""

import argparse
import json
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "bench/second_world")]

import choices  # noqa: E402
import decide_document as document  # noqa: E402
import decide_figures  # noqa: E402
import decide_scoring as scoring  # noqa: E402
from decide_figures_page import WISHES, page_of  # noqa: E402

MACRO = set(document.CONTRACT["macro"])


def figures(with_model=False):
    absent = set() if with_model else set(document.WITH_MODEL)
    tallies = {name: scoring.Tally() for name in MACRO - absent}
    right = {"remedy": "restart", "is_acceptable": True, "weight": 0.9}
    wrong = {"remedy": "scale", "is_acceptable": False, "is_harmful": True, "weight": 0.4}
    for name, tally in tallies.items():
        hang = wrong if name == "rules" else right
        for family, answer in (("crash", right), ("crash", wrong), ("hang", right), ("hang", hang)):
            tally.add({"family": family, "remedies": [right, wrong], "is_change_recent": True,
                       "is_rollback_acceptable": family == "hang"}, answer)
        for answer in [{"remedy": "observe"}] * 39 + [right]:
            tally.add_healthy(answer)
    took_ms = {"tree": [1.0, 2.0, 3.0, 40.0]} | ({"both": [300.0, 400.0]} if with_model else {})
    heard = [{"both": both, "tree": right, "model": model, "rules": rules}
             for both, model, rules in ((right, right, wrong), (wrong, wrong, right),
                                        (right, right, wrong), (wrong, right, right))]
    made = document.figures_of(tallies, took_ms, [[right, wrong, right]] * 4,
                               heard if with_model else [], [700.0] if with_model else [],
                               service_days=2.0)
    return made | {"n_train": 5, "load_before": 0.1, "program": "1.2.3",
                   "model": {"file": "m.gguf", "lambda": 0.5} if with_model else None,
                   "seeds": {"train": 1, "held_out": 7}}


class Figures(unittest.TestCase):
    def test_every_field_of_the_contract_is_there(self):
        for with_model in (False, True):
            made = figures(with_model)
            self.assertEqual(document.missing_in(made), [])
            self.assertEqual(set(made["macro"]), MACRO)
            self.assertEqual(set(made["macro_interval"]), MACRO)
        self.assertEqual(set(figures()["second_world"]), {"n", "both", "rules", "tree"})

    def test_a_field_of_the_contract_that_is_missing_is_named(self):
        made = figures()
        del made["ece"], made["latency_ms"]["p99"], made["macro"]["random"], made["second_world"]
        self.assertEqual(document.missing_in(made),
                         ["macro.random", "ece", "latency_ms.p99", "second_world.n",
                          "second_world.both", "second_world.rules", "second_world.tree"])

    def test_the_contract_is_what_was_promised(self):
        self.assertEqual(
            {key: sorted(own or ()) for key, own in document.CONTRACT.items()},
            {"n": [], "pivotal": ["both", "n", "rules"], "menu_recall": [], "acted_share": [],
             "macro": ["always_escalate", "always_observe", "always_rollback", "both",
                       "json_grammar", "logistic", "model", "nearest", "random", "restart_only",
                       "rules", "tree"],
             "harmful": [], "harmful_upper": [], "needless": [], "healthy_n": [],
             "rollback_wrong_slice": [], "ece": [], "brier": [], "latency_ms": ["p50", "p99"],
             "json_grammar_ms_p50": [], "cpu_ms": [],
             "second_world": ["both", "n", "rules", "tree"]})

    def test_what_needs_a_model_is_null_until_there_is_one(self):
        made = json.loads(json.dumps(figures()))
        absent = [made["json_grammar_ms_p50"], *made["pivotal"].values(),
                  *made["second_world"].values(),
                  *(made["macro"][name] for name in ("both", "model", "json_grammar"))]
        self.assertEqual(set(absent), {None})

    def test_numbers_are_those_of_the_tree_which_the_program_ranks_by(self):
        made = figures()
        self.assertEqual(made["default"], "tree")
        self.assertEqual((made["n"], made["healthy_n"]), (4, 40))
        self.assertEqual((made["macro"]["tree"], made["macro"]["rules"]), (0.75, 0.5))
        self.assertEqual((made["harmful"], made["needless"]), (0.25, 1))
        self.assertAlmostEqual(made["harmful_upper"], scoring.wilson(1, 4)[1])
        self.assertEqual((made["rollback_wrong_slice"], made["rollback_wrong_n"]), (0.5, 2))
        self.assertEqual(made["latency_ms"], {"p50": 2.0, "p99": 40.0})
        self.assertEqual(made["cpu_ms"], 11.5)
        self.assertAlmostEqual(made["brier"], (3 * 0.01 + 0.16) / 4)
        self.assertEqual((made["menu_recall"], made["menu_size_mean"]), (1.0, 3.0))

    def test_pivotal_is_where_the_model_alone_chooses_otherwise_than_the_rules(self):
        made = figures(with_model=True)
        told = made["pivotal"]
        self.assertEqual((told["n"], told["other_kind_n"]), (3, 3))  # The last case is none.
        self.assertEqual([told[name] for name in ("both", "rules", "tree", "model")],
                         [2 / 3, 1 / 3, 1.0, 2 / 3])
        self.assertAlmostEqual(told["gain"], 1 / 3)
        self.assertEqual(told["gain_interval"], [-1.0, 1.0])
        self.assertEqual(made["json_grammar_ms_p50"], 700.0)
        self.assertEqual(made["latency_by_ranker_ms"]["both"], {"p50": 300.0, "p99": 400.0})
        self.assertNotIn(None, made["macro"].values())

    def test_a_replica_or_a_version_makes_another_choice(self):
        one = {"remedy": "restart", "service": "a", "replica": "a-1"}
        self.assertTrue(document.is_same(one, one | {"weight": 0.1}))
        self.assertFalse(document.is_same(one, one | {"replica": "a-2"}))
        by = {name: one | {"is_acceptable": True} for name in ("both", "rules", "tree", "model")}
        by["model"]["replica"] = "a-2"
        told = document.pivotal_of([by])
        self.assertEqual((told["n"], told["other_kind_n"]), (1, 0))

    def test_both_are_held_against_the_better_of_their_parts_family_by_family(self):
        made = {name: scoring.Tally() for name in ("both", "tree", "model")}
        rights = {"both": (True, False), "tree": (True, False), "model": (False, True)}
        for name, tally in made.items():
            for family, is_right in zip(("crash", "hang"), rights[name]):
                answer = {"remedy": "restart", "is_acceptable": is_right}
                tally.add({"family": family, "remedies": [answer], "is_change_recent": False,
                           "is_rollback_acceptable": False}, answer)
        self.assertEqual(document.below_better_part(made), ["hang", 1.0])
        del made["model"]
        self.assertIsNone(document.below_better_part(made))


class Calibrations(unittest.TestCase):
    def objection(self, told, model="m.gguf"):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(told, file)
            file.flush()
            return document.objection_to(Path(file.name), model)

    def test_one_that_was_not_measured_beside_the_tree_is_refused_with_the_mend(self):
        self.assertIsNone(self.objection({"beside": "tree"}))
        for told in ({"beside": "rules"}, {}):
            self.assertIn("calibrate.py --beside tree", self.objection(told))

    def test_one_without_a_model_is_refused(self):
        self.assertIn("--model", self.objection({"beside": "tree"}, model=None))

    def test_nobody_writes_json_without_a_model(self):
        with self.assertRaises(SystemExit) as refused:
            decide_figures.ask_by_grammar(argparse.Namespace(model=None))
        self.assertIn("--model", str(refused.exception))


class SecondWorld(unittest.TestCase):
    def figures(self, asked_of_both):
        asked = {}

        def judged(_, cases, ranker, more=()):
            asked[ranker] = more
            remedies = [{"remedy": "observe", "is_acceptable": ranker == "both",
                         "is_harmful": False}]
            return [case | {"remedies": [dict(one) for one in remedies]} for case in cases]

        cases = [{"family": "killed", "futures": [{"remedy": "observe", "costs": [9.0, 8.0]}]}]
        with mock.patch.object(choices, "judged", judged):
            return choices.figures(None, cases, asked_of_both), asked

    def test_with_a_model_both_are_judged_too(self):
        made, asked = self.figures(["--model", "m.gguf"])
        self.assertEqual((made["both"], made["rules"], made["tree"]), (1.0, 0.0, 0.0))
        self.assertEqual(asked, {"tree": (), "rules": (), "both": ["--model", "m.gguf"]})

    def test_without_one_they_were_not_measured(self):
        made, asked = self.figures(None)
        self.assertIsNone(made["both"])
        self.assertNotIn("both", asked)


class Page(unittest.TestCase):
    def row(self, begin):
        return next(line for line in page_of(figures()).splitlines()
                    if line.startswith(f"| {begin}"))

    def test_each_ranker_has_a_row_and_who_was_not_measured_has_dashes(self):
        self.assertIn("50.0 % (", self.row("its rules alone"))
        self.assertIn("75.0 % (", self.row("the boosted tree of"))
        self.assertIn("| 100.0 % | 2.5 % (", self.row("the boosted tree of"))
        for name in ("the model, target", "tree and model"):
            self.assertEqual(self.row(name).count("| – "), 5)
        self.assertIn("A dash was not measured: the model, target by the tree;",
                      page_of(figures()))

    def test_a_model_has_a_part_of_its_own(self):
        page = page_of(figures(with_model=True))
        self.assertIn("A dash was not measured: nothing.", page)
        self.assertIn("(*pivotal*), cases | 3 |", page)
        for right in ("tree and model | 66.7 %", "rules | 33.3 %", "tree | 100.0 %",
                      "model | 66.7 %"):
            self.assertIn(f"| right in them: {right} |", page)
        self.assertIn("| to decide by tree and model: p50, p99 | 300.00 ms, 400.00 ms |", page)
        self.assertNotIn("none was asked", page)
        self.assertIn("none was asked", page_of(figures()))

    def test_notes_have_a_part_once_they_were_asked(self):
        self.assertNotIn("note of the operator", page_of(figures(with_model=True)))
        told = {"n": 40, "followed_interval": [0.4, 0.6], "is_followed": 0.5, "is_changed": 0.75,
                "changed_interval": [0.6, 0.9], "was_harmful": 0.01, "is_harmful": 0.02,
                "is_harmful_unasked": 0.015, "was_acceptable": 0.3,
                "is_acceptable": 0.4}
        made = figures(with_model=True) | {"notes": dict.fromkeys(WISHES, told) | {
            "model_ms": {"without": 60.0, "about_something_else": 110.0}}}
        page = page_of(made)
        self.assertIn("| a wish for a kind that would help | 40 | 50.0 % (40.0–60.0) | "
                      "75.0 % (60.0–90.0) | 1.0 %, 2.0 %, 1.5 % | 30.0 %, 40.0 % |", page)
        self.assertIn("| words about something else | 40 | – | 75.0 % (60.0–90.0) |", page)
        self.assertIn("asked twice: 60.00 ms for a\ncase without a note, 110.00 ms", page)

    def test_each_goal_says_what_was_reached_and_what_was_not_measured(self):
        rows = page_of(figures()).split("## Goals")[1].split("##")[0].splitlines()
        goals = [row for row in rows if row.startswith("| ")][1:]
        self.assertEqual(len(goals), 9)
        for row in goals:
            self.assertTrue(row.endswith("| not measured |"), row)
        self.assertIn("75.0 % (50.0–100.0): **not reached**", goals[0])
        with_model = page_of(figures(with_model=True))
        self.assertIn("| +33.3 points (-100.0 to +100.0): **not reached** |", with_model)
        self.assertIn("| – | +0.0 points: **not reached** |", with_model)
        self.assertIn("| – | nowhere: reached |", with_model)
        self.assertIn("| 1 in 40: **not reached** | 1 in 40: **not reached** |", with_model)
        self.assertIn("| 2.00 ms, 40.00 ms: reached | 300.00 ms, 400.00 ms: **not reached** |",
                      with_model)

    def test_nothing_needless_in_few_cases_is_no_goal_reached(self):
        made = figures()
        made["rankers"]["tree"]["needless"] = 0
        self.assertIn("| 0 in 40: too few cases to tell |", page_of(made))
        made["healthy_n"] = 3000
        self.assertIn("| 0 in 3,000: reached |", page_of(made))

    def test_needless_actions_are_told_by_the_services_days(self):
        self.assertIn("per healthy service-day | 0.500 (at most 2.372) |", page_of(figures()))
        self.assertIn("2.0 service-days in all", page_of(figures()))

    def test_who_is_surer_should_be_wrong_less_often(self):
        self.assertIn("| the boosted tree of `homeostat decide` | 0.0 % | 0.0 % | 0.0 % | 25.0 % |",
                      page_of(figures()))

    def test_what_comes_of_holding_back_is_told_once_it_was_measured(self):
        self.assertIn("The confidence is the weight of what was chosen.", page_of(figures()))
        made = figures()
        page = page_of(made | {"without_bars": made["rankers"]["always_rollback"]})
        self.assertNotIn("The confidence is the weight", page)
        self.assertIn("Were all done that it puts first: right 75.0 %", page)

    def test_it_says_where_the_time_from_fault_to_decision_is_and_that_no_agent_was_asked(self):
        page = page_of(figures())
        self.assertIn("until somebody decides is in [demo.md](demo.md)", page)
        self.assertIn("no figure here speaks of it", page)

    def test_each_family_has_a_row(self):
        self.assertEqual(self.row("crash "),
                         "| crash | 2 | 50.0 % | 50.0 % | 100.0 % | 2 of 2 |")

    def test_the_command_has_the_sizes_and_seeds_that_were_measured(self):
        self.assertIn("--train 5 --held-out 4 --healthy 40 --seeds 1 7`", page_of(figures()))

    def test_healthy_cases_that_were_not_asked_are_a_dash(self):
        made = figures()
        made["needless"] = None
        self.assertIn("| needless actions in 40 healthy cases | – |", page_of(made))

    def test_the_second_world_has_its_section_once_there_are_cases_of_it(self):
        self.assertNotIn("second world\n", page_of(figures()))
        made = figures()
        part = {"share": 0.25, "interval": [0.1, 0.5], "n": 8}
        ranker = {"right": part, "harmful": part, "acts": part, "macro": 0.3,
                  "macro_interval": [0.2, 0.4]}
        made["second_world"] = {
            "n": 120, "both": None, "rules": 0.25, "tree": 0.25, "noise": {"median": 0.04},
            "rankers": {"tree": ranker, "rules": ranker}, "always_observe": part,
            "always_escalate": part}
        page = page_of(made)
        self.assertIn("n = 120 cases of real processes", page)
        self.assertIn("| 25.0 % (10.0–50.0) | 25.0 % (10.0–50.0) | 25.0 % | "
                      "30.0 % (20.0–40.0) | 75.0 % | -45.0 points |", page)
        self.assertEqual(page.count("| 25.0 % (10.0–50.0) | 25.0 % | 30.0 %"), 2)
        made["second_world"]["rankers"]["both"] = ranker
        self.assertEqual(page_of(made).count("| 25.0 % (10.0–50.0) | 25.0 % | 30.0 %"), 3)
        made["second_world"]["n"] = 99
        self.assertIn("99 cases of real processes are there", page_of(made))
        self.assertNotIn("-45.0 points", page_of(made))

    def test_it_says_what_it_does_not_say(self):
        self.assertIn("\n## What this does not say\n", page_of(figures()))


class Files(unittest.TestCase):
    ORDER = ("held-out", 2, None)

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="decide-figures-")
        self.addCleanup(directory.cleanup)
        self.path = Path(directory.name) / "cases.jsonl"
        self.asked = []

    def make(self, order, number):
        self.asked.append(number)
        return b'{"case":%d}\n' % number

    def whole(self, count):
        return b"".join(b'{"case":%d}\n' % number for number in range(1, count + 1))

    def test_cases_are_written_in_order(self):
        decide_figures.make_cases(self.path, self.ORDER, 120, 2, self.make)
        self.assertEqual(self.path.read_bytes(), self.whole(120))

    def test_a_file_that_was_begun_is_gone_on_with_and_a_torn_line_made_anew(self):
        self.path.write_bytes(self.whole(3) + b'{"ca')
        decide_figures.make_cases(self.path, self.ORDER, 5, 1, self.make)
        self.assertEqual(self.path.read_bytes(), self.whole(5))
        self.assertEqual(sorted(self.asked), [1, 3, 4, 5])  # The first and the third are compared.

    def test_what_is_complete_is_not_made_again(self):
        self.path.write_bytes(self.whole(5))
        decide_figures.make_cases(self.path, self.ORDER, 5, 1, self.make)
        self.assertEqual(self.asked, [1, 5])

    def test_cases_of_another_simulator_are_refused_and_left_alone(self):
        self.path.write_bytes(self.whole(3).replace(b":3", b":9"))
        with self.assertRaises(SystemExit) as refused:
            decide_figures.make_cases(self.path, self.ORDER, 5, 1, self.make)
        self.assertIn("another simulator", str(refused.exception))
        self.assertEqual(self.path.read_bytes(), self.whole(3).replace(b":3", b":9"))

    def test_a_kind_is_right_if_one_of_its_targets_is(self):
        remedies = [{"remedy": "restart", "is_acceptable": right} for right in (False, True)]
        remedies.append({"remedy": "observe", "is_acceptable": False})
        self.assertEqual(decide_figures.kinds_of({"remedies": remedies}),
                         {"restart": True, "observe": False})


if __name__ == "__main__":
    unittest.main()
