#!/usr/bin/env python3
"""When a served model counts as the one that was trained."""

import contextlib
import copy
import io
import json
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import adapter_files  # noqa: F401  (finds tools/model)

import self_test

LABELS = {"observe": " observe", "restart": " restart", "rollback": " rollback"}
EXPECTED = {"labels": LABELS, "prompts": [
    {"prompt": "one", "probabilities": {"observe": 0.2, "restart": 0.7, "rollback": 0.1}},
    {"prompt": "two", "probabilities": {"observe": 0.52, "rollback": 0.48}}]}


def changed(change):
    document = copy.deepcopy(EXPECTED)
    change(document)
    return document


class Documents(unittest.TestCase):
    def read(self, text):
        with tempfile.TemporaryDirectory(prefix="self-test-") as directory:
            file = Path(directory) / "self_test.json"
            file.write_text(text)
            return self_test.read_expected(file)

    def test_a_document_is_read_as_it_is(self):
        self.assertEqual(self.read(json.dumps(EXPECTED)), EXPECTED)

    def test_another_is_refused_with_the_place(self):
        def of_first(**more):
            return lambda document: document["prompts"][0].update(more)
        for change, why in (
                (lambda document: document.pop("labels"), "want `labels`"),
                (lambda document: document.update(more=1), "want `labels`"),
                (lambda document: document.update(labels=[]), "labels"),
                (lambda document: document.update(labels={"observe": 3}), "labels"),
                (lambda document: document.update(prompts=[]), "prompts: want 1 to"),
                (lambda document: document.update(prompts=EXPECTED["prompts"] * 101), "1 to 200"),
                (of_first(prompt=""), r"prompts\[0\]: want `prompt`"),
                (of_first(probabilities={"observe": 1.0}), r"prompts\[0\]: prob.* two or more"),
                (of_first(probabilities={"observe": 0.5, "escalate": 0.5}), "have a label"),
                (of_first(probabilities={"observe": 0.5, "restart": 0.4}), "add up to one"),
                (of_first(probabilities={"observe": 1.5, "restart": -0.5}), "0 to 1"),
                (of_first(probabilities={"observe": True, "restart": 0}), "numbers")):
            with self.assertRaisesRegex(ValueError, f"self_test.json: .*{why}"):
                self.read(json.dumps(changed(change)))
        for text in ("[]", "{", "[" * 99999):
            with self.assertRaisesRegex(ValueError, "self_test.json: "):
                self.read(text)


class Comparing(unittest.TestCase):
    def passes(self, *found):
        expected = [one["probabilities"] for one in EXPECTED["prompts"]]
        with contextlib.redirect_stderr(io.StringIO()) as said:
            result = self_test.report(expected, list(found))
        self.said = said.getvalue()
        return result

    def test_the_same_answers_pass(self):
        self.assertTrue(self.passes(*(one["probabilities"] for one in EXPECTED["prompts"])))
        self.assertIn("2 of 2 answers", self.said)
        self.assertIn("0.0000 on average", self.said)

    def test_a_little_difference_passes_and_more_does_not(self):
        second = {"observe": 0.52, "rollback": 0.48}
        # Five probabilities; two of them differ.
        self.assertTrue(self.passes({"observe": 0.13, "restart": 0.77, "rollback": 0.1}, second))
        self.assertIn("0.0280 on average (at most 0.03), by 0.0700 at most", self.said)
        self.assertFalse(self.passes({"observe": 0.12, "restart": 0.78, "rollback": 0.1}, second))

    def test_another_best_kind_passes_only_where_the_two_best_were_near(self):
        first = {"observe": 0.2, "restart": 0.7, "rollback": 0.1}
        self.assertTrue(self.passes(first, {"observe": 0.48, "rollback": 0.52}))
        self.assertIn("1 differ where", self.said)
        apart = [{"observe": 0.53, "rollback": 0.47}]
        figures = self_test.compare(apart, [{"observe": 0.49, "rollback": 0.51}])
        self.assertEqual(figures["others"], [0])
        self.assertFalse(self.passes({"observe": 0.5, "restart": 0.49, "rollback": 0.01},
                                     {"observe": 0.52, "rollback": 0.48}))
        self.assertIn("prompts[0]: observe (0.500) instead of restart (0.700)", self.said)


class Serving(unittest.TestCase):
    """With a server that answers what a file says."""

    def run_with(self, shares, labels=(" observe", " restart", " rollback"), model=b"GGUF"):
        with tempfile.TemporaryDirectory(prefix="self-test-") as directory:
            here = Path(directory)
            (here / "m.gguf").write_bytes(model)
            (here / "self_test.json").write_text(json.dumps(EXPECTED))
            answers = {"labels": labels, "answers": {"m.gguf": shares}}
            (here / "answers.json").write_text(json.dumps(answers))
            arguments = ["self_test.py", "--expected", str(here / "self_test.json"), "--server",
                         str(Path(__file__).with_name("fake_server.py")), "--model",
                         str(here / "m.gguf")]
            with mock.patch.object(sys, "argv", arguments), \
                    mock.patch.dict(os.environ, FAKE_ANSWERS=str(here / "answers.json")), \
                    contextlib.redirect_stderr(io.StringIO()) as said:
                status = self_test.main()
            return status, said.getvalue()

    def test_a_model_that_answers_as_in_its_training_passes(self):
        # Of the second prompt two kinds are asked: their shares among themselves count.
        status, said = self.run_with({"one": [0.2, 0.7, 0.1], "two": [0.26, 0.5, 0.24]})
        self.assertEqual(status, 0, said)
        self.assertIn("2 of 2", said)

    def test_a_model_that_answers_otherwise_fails(self):
        status, said = self.run_with({"one": [0.7, 0.2, 0.1], "two": [0.26, 0.5, 0.24]})
        self.assertEqual(status, 1)
        self.assertIn("prompts[0]: observe", said)

    def test_a_label_that_is_no_token_and_one_that_is_another_s_fail(self):
        status, said = self.run_with({}, labels=[" observe", " restart"])
        self.assertEqual(status, 1)
        self.assertIn("' rollback' is 2 tokens", said)

    def test_a_server_that_cannot_load_the_model_fails_with_its_last_words(self):
        status, said = self.run_with({}, model=b"nothing")
        self.assertEqual(status, 1)
        self.assertIn("m.gguf is no model", said)


if __name__ == "__main__":
    unittest.main()
