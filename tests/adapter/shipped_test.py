#!/usr/bin/env python3
"""The adapter in models/remedy: whole, for the base that set-up makes, and what is run here.

Its answers are compared by tools/model/setup.sh, before the link names what was merged.
"""

import json
import os
import unittest

from adapter_files import MODEL_DIRECTORY, ROOT

import merge
from gguf_model import is_ready
from lora_adapter import read_adapter
from requantise import RESULT_SHA256
from self_test import read_expected

REMEDY = ROOT / "models/remedy"
MERGED = MODEL_DIRECTORY / "gemma-3-270m-remedy-q8_0.gguf"


class Shipped(unittest.TestCase):
    def test_its_files_can_be_read_and_are_for_the_base_that_set_up_makes(self):
        _, tensors = read_adapter(REMEDY)
        self.assertGreater(len(tensors), 0)
        self.assertEqual(merge.base_of(REMEDY), RESULT_SHA256)

    def test_there_are_prompts_enough_to_tell_it_from_another(self):
        expected = read_expected(REMEDY / "self_test.json")
        self.assertGreaterEqual(len(expected["prompts"]), 10)

    def test_the_notice_that_the_licence_of_the_base_asks_for_lies_beside_it(self):
        self.assertIn("Gemma is provided under and subject to the Gemma Terms of Use found at "
                      "ai.google.dev/gemma/terms", (REMEDY / "NOTICE").read_text())

    def test_what_was_merged_of_it_is_run(self):
        if not (MODEL_DIRECTORY / "model.gguf").exists():
            print("SKIPPED: no model in build/model; run tools/model/setup.sh")
            return
        self.assertEqual(os.readlink(MODEL_DIRECTORY / "model.gguf"), MERGED.name,
                         "set-up has fallen back to the base; `make model` says why")
        self.assertTrue(is_ready(MERGED, merge.parts_of(REMEDY)),
                        "it was merged of another adapter; `make model` mends it: "
                        + json.dumps(merge.parts_of(REMEDY)))


if __name__ == "__main__":
    unittest.main()
