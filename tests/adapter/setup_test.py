#!/usr/bin/env python3
"""Which model tools/model/setup.sh leaves to be run: the base, or the base with the adapter.

The weights are small ones that are there already, and the server answers what a file says, so that
nothing is downloaded.
"""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from adapter_files import (MODEL_DIRECTORY, ROOT, matrices, run_where_gguf_is, sum_of,
                           write_adapter, write_base)

run_where_gguf_is()

import requantise  # noqa: E402

BASE, MERGED = "gemma-3-270m-q8_0.gguf", "gemma-3-270m-remedy-q8_0.gguf"
LABELS = {"observe": " observe", "restart": " restart"}
TRAINED, UNTRAINED = [0.9, 0.1], [0.5, 0.5]
UNUSABLE = 4


class SetUp(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="setup-")
        self.addCleanup(folder.cleanup)
        self.here = Path(folder.name)
        self.model = self.here / "model"
        self.remedy = self.here / "remedy"
        self.model.mkdir()
        base = write_base(self.model / BASE)
        base.with_suffix(".json").write_text(json.dumps({
            "sha256": sum_of(base), "bytes": base.stat().st_size, "licence": "Small Terms",
            "source": requantise.SOURCE_PACKAGE, "source_sha256": requantise.SOURCE_SHA256}))
        os.symlink(MODEL_DIRECTORY / "venv", self.model / "venv")
        os.symlink(Path(__file__).with_name("fake_server.py"), self.model / "llama-server")
        (self.model / "llama-server.readable").write_text("/usr\n")
        self.serve(TRAINED)

    def serve(self, shares):
        """What the merged model answers from now on."""
        (self.here / "answers.json").write_text(json.dumps({
            "labels": list(LABELS.values()), "answers": {MERGED: {"Which?": shares}}}))

    def train(self, seed=7):
        write_adapter(self.remedy, self.model / BASE, matrices(seed, 0.1))
        (self.remedy / "self_test.json").write_text(json.dumps({
            "labels": LABELS, "prompts": [{"prompt": "Which?", "probabilities": dict(
                zip(LABELS, TRAINED))}]}))

    def run_setup(self, status=0):
        ran = subprocess.run(
            ["sh", ROOT / "tools/model/setup.sh"], capture_output=True, text=True, timeout=60,
            env=os.environ | {"HOMEOSTAT_MODEL_DIR": str(self.model),
                              "HOMEOSTAT_ADAPTER_DIR": str(self.remedy),
                              "FAKE_ANSWERS": str(self.here / "answers.json")})
        self.assertEqual(ran.returncode, status, ran.stderr)
        return ran.stderr

    def chosen(self):
        return os.readlink(self.model / "model.gguf")

    def test_without_an_adapter_the_base_is_run_and_nothing_is_merged(self):
        self.run_setup()
        self.assertEqual(self.chosen(), BASE)
        self.assertFalse((self.model / MERGED).exists())

    def test_with_an_adapter_what_was_merged_is_run_once_it_has_answered(self):
        self.train()
        said = self.run_setup()
        self.assertEqual(self.chosen(), MERGED)
        self.assertIn("1 of 1 answers", said)
        made = (self.model / MERGED).stat().st_ino
        self.run_setup()
        self.assertEqual(self.chosen(), MERGED)
        self.assertEqual((self.model / MERGED).stat().st_ino, made, "it was merged again")

    def test_a_model_that_does_not_answer_as_in_its_training_is_not_run(self):
        self.train()
        self.run_setup()
        self.serve(UNTRAINED)
        said = self.run_setup(UNUSABLE)
        self.assertEqual(self.chosen(), BASE)
        self.assertIn("self-test", said)
        self.serve(TRAINED)
        self.run_setup()
        self.assertEqual(self.chosen(), MERGED)

    def test_an_adapter_that_cannot_be_merged_is_told_of_and_the_base_is_run(self):
        self.train()
        self.run_setup()
        (self.remedy / "training.json").write_text(json.dumps({"base_sha256": "0" * 64}))
        said = self.run_setup(UNUSABLE)
        self.assertEqual(self.chosen(), BASE)
        self.assertIn("the adapter was trained on 000", said)
        self.assertIn("cannot be merged", said)

    def test_another_adapter_takes_the_place_of_the_first(self):
        self.train()
        self.run_setup()
        first = sum_of(self.model / MERGED)
        self.train(seed=8)
        self.run_setup()
        self.assertEqual(self.chosen(), MERGED)
        self.assertNotEqual(sum_of(self.model / MERGED), first)

    def test_without_its_files_a_directory_is_no_adapter_and_taken_away_it_is_none(self):
        self.remedy.mkdir()
        said = self.run_setup(UNUSABLE)
        self.assertIn("training.json cannot be read", said)
        self.assertEqual(self.chosen(), BASE)
        self.train()
        self.run_setup()
        self.remedy.rename(self.here / "away")
        self.run_setup()
        self.assertEqual(self.chosen(), BASE)


if __name__ == "__main__":
    unittest.main()
