#!/usr/bin/env python3
"""What of models/train needs no torch."""

import json
import random
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "models/train"))

import notes  # noqa: E402
import training_data as data  # noqa: E402

LABELS = {"observe": " observe", "restart": " restart", "rollback": " rollback"}


def example(name="c-1", **more):
    return {"id": name, "family": "leak", "evidence": ["errors 3 %"],
            "kinds": {"observe": False, "restart": True}} | more


class Reading(unittest.TestCase):
    def read(self, text):
        with tempfile.TemporaryDirectory(prefix="training-") as directory:
            file = Path(directory) / "training.jsonl"
            file.write_text(text)
            return data.read_examples(file)

    def test_each_line_is_an_example(self):
        wanted = [example("c-1"), example("c-2", evidence=[])]
        self.assertEqual(self.read("".join(json.dumps(one) + "\n" for one in wanted)), wanted)

    def test_what_is_no_example_is_refused_with_its_line(self):
        for broken, why in (({"evidence": "x"}, "evidence"), ({"evidence": [3]}, "evidence"),
                            ({"kinds": {}}, "kinds"), ({"kinds": {"restart": 1}}, "kinds"),
                            ({"family": None}, "family")):
            text = json.dumps(example()) + "\n" + json.dumps(example("c-2", **broken))
            with self.assertRaisesRegex(data.Unusable, f"jsonl:2: .*{why}"):
                self.read(text)
        for line in ("[]", "{", ""):
            with self.assertRaisesRegex(data.Unusable, "jsonl:1: "):
                self.read(line + "\n")

    def test_an_id_names_one_example(self):
        with self.assertRaisesRegex(data.Unusable, "same id"):
            self.read((json.dumps(example()) + "\n") * 2)


class Prompts(unittest.TestCase):
    TOLD = "\n".join(map(json.dumps, [{"labels": LABELS, "prompt_digest": "d"},
                                      {"id": "c-1", "prompt": "one"},
                                      {"id": "c-2", "prompt": "two"}]))

    def test_prompts_are_those_of_the_examples(self):
        self.assertEqual(data.parse_prompts(self.TOLD, [example("c-1"), example("c-2")]),
                         (LABELS, "d", ["one", "two"]))

    def test_other_cases_are_refused(self):
        for names in (["c-2", "c-1"], ["c-1"]):
            with self.assertRaises(data.Unusable):
                data.parse_prompts(self.TOLD, [example(name) for name in names])


class Targets(unittest.TestCase):
    def test_what_is_acceptable_shares_all_but_a_little(self):
        target = data.target_of({"observe": True, "restart": True, "rollback": False}, 0.1)
        self.assertEqual(list(target), list(LABELS))
        self.assertAlmostEqual(target["observe"], 0.45)
        self.assertAlmostEqual(target["restart"], 0.45)
        self.assertAlmostEqual(target["rollback"], 0.1)

    def test_what_is_not_on_the_menu_gets_nothing(self):
        target = data.target_of({"observe": False, "restart": True}, 0.02)
        self.assertEqual(set(target), {"observe", "restart"})
        self.assertAlmostEqual(sum(target.values()), 1)

    def test_where_all_is_acceptable_nothing_is_held_back(self):
        target = data.target_of({"observe": True, "restart": True}, 0.1)
        self.assertEqual(target, {"observe": 0.5, "restart": 0.5})

    def test_nothing_is_learnt_where_nothing_is_right_or_there_is_no_choice(self):
        for kinds in ({"observe": False, "restart": False}, {"observe": True}, {}):
            self.assertIsNone(data.target_of(kinds, 0.02))


class Lessons(unittest.TestCase):
    HEAD = {"label_tokens": {"observe": 7, "restart": 8}, "prompt_digest": "d"}

    def read(self, *documents):
        with tempfile.TemporaryDirectory(prefix="training-") as directory:
            file = Path(directory) / "lessons.jsonl"
            file.write_text("".join(json.dumps(one) + "\n" for one in documents))
            return data.read_lessons(file)

    def lesson(self, **more):
        return {"id": "c-1", "family": "leak", "tokens": [2, 5],
                "kinds": {"observe": True, "restart": False}} | more

    def test_a_file_is_a_head_and_lessons(self):
        self.assertEqual(self.read(self.HEAD, self.lesson()), (self.HEAD, [self.lesson()]))

    def test_what_is_no_lesson_is_refused_with_its_line(self):
        for broken in ({"tokens": []}, {"kinds": {"rollback": True}}):
            with self.assertRaisesRegex(data.Unusable, "jsonl:3: "):
                self.read(self.HEAD, self.lesson(), self.lesson(**broken))
        for head in ({}, [], {"label_tokens": 3}):
            with self.assertRaisesRegex(data.Unusable, "lessons.py writes them"):
                self.read(head, self.lesson())

    def test_a_case_and_its_notes_are_on_the_same_side(self):
        lessons = [self.lesson(id=f"c-{number}{note}") for number in range(400)
                   for note in ("", "+note-0", "+note-1")]
        taught, kept = data.split_off(lessons, 0.1)
        self.assertEqual(len(taught) + len(kept), 1200)
        self.assertTrue(60 <= len(kept) <= 180, len(kept))
        cases = [{one["id"].split("+")[0] for one in side} for side in (taught, kept)]
        self.assertFalse(cases[0] & cases[1])


class NotesOfAnOperator(unittest.TestCase):
    MENU = ("rollback", "open_circuit", "restart", "observe")
    SAVES = {"rollback": 1.0, "open_circuit": 0.8, "restart": -0.5, "observe": 0.0}

    def drawn(self, held_out=False, right=("rollback",), menu=MENU):
        made = notes.Notes(1, held_out)
        told = [made.draw(list(right), self.SAVES, list(menu)) for _ in range(400)]
        return [one for one in told if one is not None]

    def test_what_a_note_asks_for_is_right_unless_it_was_seen_to_do_harm(self):
        for held_out in (False, True):
            asked = {right[0] for _, right in self.drawn(held_out)}
            self.assertEqual(asked, {"rollback", "open_circuit", "observe"})

    def test_only_words_about_something_else_change_nothing(self):
        idle = [right for note, right in self.drawn() if note in notes.IDLE]
        self.assertTrue(idle)
        self.assertEqual({tuple(right) for right in idle}, {("rollback",)})
        others = [right for note, right in self.drawn() if note not in notes.IDLE]
        self.assertNotIn(["rollback"], others)

    def test_what_is_to_be_avoided_leaves_what_else_is_right_or_the_best_of_the_rest(self):
        avoiding = {one.format(subject) for one in notes.AVOID
                    for subject in notes.SUBJECTS["rollback"]}
        for right, left in ((("rollback", "observe"), ["observe"]),
                            (("rollback",), ["open_circuit"])):
            told = [asked for note, asked in self.drawn(right=right) if note in avoiding]
            self.assertTrue(told)
            self.assertEqual({tuple(asked) for asked in told}, {tuple(left)})

    def test_where_nothing_else_could_be_asked_for_there_is_no_note(self):
        self.assertEqual(self.drawn(menu=("rollback", "restart")), [])
        self.assertEqual(self.drawn(right=()), [])

    def test_wordings_are_on_one_side(self):
        for pool in (notes.PREFER, notes.AVOID, notes.OVER, notes.IDLE, *notes.SUBJECTS.values()):
            taught, held_out = notes.wordings(pool, False), notes.wordings(pool, True)
            self.assertEqual(sorted(taught + held_out), sorted(pool))
            self.assertTrue(taught and held_out)

    def test_what_weights_are_measured_with_is_in_no_pool_of_training(self):
        for name, pool in notes.WEIGHED.items():
            self.assertFalse(set(pool) & set(notes.WORDS[name]))
        self.assertEqual(set(notes.WEIGHED_SUBJECTS), set(notes.SUBJECTS))
        for kind, subjects in notes.WEIGHED_SUBJECTS.items():
            self.assertFalse(set(subjects) & set(notes.SUBJECTS[kind]))

    def test_every_wording_fits_a_line_of_evidence(self):
        longest = max(len(one.format(a, b)) for one in notes.PREFER + notes.AVOID + notes.OVER
                      for a in sum(notes.SUBJECTS.values(), [])
                      for b in sum(notes.SUBJECTS.values(), []))
        self.assertLess(longest, 114)


class Beginnings(unittest.TestCase):
    def test_what_all_prompts_share_is_their_beginning(self):
        self.assertEqual(data.shared_prefix([[2, 5, 7, 9], [2, 5, 8, 9], [2, 5, 7, 1, 4]]), [2, 5])
        self.assertEqual(data.shared_prefix([[2, 9], [2, 4], [2, 9, 9]]), [2])

    def test_something_is_left_of_each(self):
        self.assertEqual(data.shared_prefix([[2, 5, 7], [2, 5, 7, 9]]), [2, 5])
        self.assertEqual(data.shared_prefix([[2, 5, 7]]), [2, 5])

    def test_it_is_that_of_each_pair_as_well(self):
        rng = random.Random(4)
        for _ in range(200):
            prompts = [[2, *(rng.randrange(2) for _ in range(rng.randrange(1, 9)))]
                       for _ in range(rng.randrange(1, 6))]
            length = max(length for length in range(1, min(map(len, prompts)))
                         if all(one[:length] == prompts[0][:length] for one in prompts))
            self.assertEqual(data.shared_prefix(prompts), prompts[0][:length], prompts)

    def test_prompts_that_share_nothing_are_refused(self):
        for prompts in ([[2, 5], [3, 5]], [[2], [2, 5]], [[2]]):
            with self.assertRaises(data.Unusable):
                data.shared_prefix(prompts)


class Layouts(unittest.TestCase):
    LAYOUT = data.Layout({"c": 5, "a": 2, "d": 9, "b": 2})

    def test_each_example_has_rows_of_its_own_the_shortest_first(self):
        self.assertEqual(self.LAYOUT.names, ["a", "b", "c", "d"])
        self.assertEqual(self.LAYOUT.begins, {"a": 0, "b": 2, "c": 4, "d": 9})

    def test_the_size_of_the_file_says_which_are_whole(self):
        whole = [self.LAYOUT.count_in(rows) for rows in range(19)]
        self.assertEqual(whole, [0] * 2 + [1] * 2 + [2] * 5 + [3] * 9 + [4])
        self.assertEqual([self.LAYOUT.rows_of(count) for count in range(5)], [0, 2, 4, 9, 18])


class Batches(unittest.TestCase):
    LENGTHS = [10 + place * 7 % 90 for place in range(150)]

    def test_each_example_comes_once_an_epoch(self):
        made = data.batches(self.LENGTHS, 8, seed=1, epoch=0)
        self.assertEqual(sorted(place for batch in made for place in batch), list(range(150)))
        self.assertEqual(sorted(map(len, made)), [6] + [8] * 18)

    def test_a_batch_is_of_similar_length(self):
        def padding(made):
            return sum(len(batch) * max(self.LENGTHS[place] for place in batch) for batch in made)
        in_order = [list(range(at, min(at + 8, 150))) for at in range(0, 150, 8)]
        self.assertLess(padding(data.batches(self.LENGTHS, 8, 1, 0)), 0.7 * padding(in_order))

    def test_seed_and_epoch_decide(self):
        made = data.batches(self.LENGTHS, 8, 1, 0)
        self.assertEqual(made, data.batches(self.LENGTHS, 8, 1, 0))
        self.assertNotEqual(made, data.batches(self.LENGTHS, 8, 2, 0))
        self.assertNotEqual(made, data.batches(self.LENGTHS, 8, 1, 1))

    def test_a_run_that_goes_on_sees_what_an_uninterrupted_one_sees(self):
        whole = data.BatchOrder(self.LENGTHS, 8, 1)
        seen = [whole.at(step) for step in range(50)]
        again = data.BatchOrder(self.LENGTHS, 8, 1)
        self.assertEqual([again.at(step) for step in range(23, 50)], seen[23:])
        self.assertEqual(seen[:19], data.batches(self.LENGTHS, 8, 1, 0))
        self.assertEqual(seen[19:38], data.batches(self.LENGTHS, 8, 1, 1))

    def test_nothing_to_learn_from_is_refused(self):
        with self.assertRaises(data.Unusable):
            data.BatchOrder([], 8, 1)


class Rates(unittest.TestCase):
    def test_the_rate_rises_falls_and_never_ends_at_nothing(self):
        rates = [data.learning_rate(step, 1000, 1.0) for step in range(1000)]
        self.assertAlmostEqual(rates[0], 0.02)
        self.assertAlmostEqual(max(rates), 1.0)
        self.assertEqual(rates.index(max(rates)), 49)
        self.assertAlmostEqual(rates[-1], 0.1, places=2)
        self.assertGreater(data.learning_rate(0, 1, 1.0), 0)


class Accuracy(unittest.TestCase):
    def test_families_are_equally_heavy(self):
        told = data.accuracy_by_family([("leak", True)] * 3 + [("leak", False), ("surge", False)])
        self.assertEqual(told, {"macro": 0.375, "families": {"leak": {"n": 4, "right": 0.75},
                                                             "surge": {"n": 1, "right": 0.0}}})
        self.assertIsNone(data.accuracy_by_family([])["macro"])


if __name__ == "__main__":
    unittest.main()
