#!/usr/bin/env python3
"""What models/train computes by a shorter way is what the whole model gives: on a small model of
random weights. Needs torch, so that CI skips it; by hand, in the environment of models/train:

    models/train/.venv/bin/python tests/figures/training_model_test.py
"""

import copy
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "models/train"))

try:
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig
except ImportError as error:
    print(f"SKIPPED: {error}; models/train/requirements.txt has what it needs")
    sys.exit(77)

import training_data as data  # noqa: E402
from frozen_states import States  # noqa: E402
from split_model import LINEAR_LAYERS, SplitModel, objection_to  # noqa: E402

LAYERS = 4
CONFIG = {
    "vocab_size": 90, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": LAYERS,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
    "sliding_window": 9,  # Shorter than the prompts here, unlike those of the real model.
    "layer_types": ["sliding_attention", "full_attention"] * 2, "attn_implementation": "eager",
    "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}
PREFIX = [2, 7, 19, 4, 33, 8, 56, 21, 3, 64, 12, 5]


def prompts(count=7):
    generator = torch.Generator().manual_seed(5)
    return {f"c-{number}": PREFIX + torch.randint(
        3, 90, (3 + number * 5 % 17,), generator=generator).tolist() for number in range(count)}


def model_of(top_layers):
    """(in two parts, with an adapter that does something, whole, with the same adapter added)."""
    torch.manual_seed(1)
    base = Gemma3ForCausalLM(Gemma3TextConfig(**CONFIG)).requires_grad_(False)
    for name, weight in base.named_parameters():
        torch.nn.init.normal_(weight, std=0.2)
    split = SplitModel(base.model, top_layers, 4)
    for weight in split.adapter.weights.values():
        torch.nn.init.normal_(weight, std=0.2)
    return split, copy.deepcopy(base.model)


def ends_of(whole, split, prompt):
    """Of one whole prompt, as transformers computes it with the sum of weights and adapter."""
    added = {f"layers.{number}.{path}.weight": whole.get_parameter(f"layers.{number}.{path}.weight")
             + split.adapter.scale * up @ down
             for number in range(LAYERS) for path in LINEAR_LAYERS
             if (pair := split.adapter.pair(number, path)) for down, up in [pair]}
    told = torch.func.functional_call(whole, added, kwargs={"input_ids": torch.tensor([prompt])})
    return told.last_hidden_state[0, -1]


def gradients(split, loss):
    names, weights = zip(*split.adapter.weights.items(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, weights), strict=True))


class TheShorterWay(unittest.TestCase):
    def test_scores_are_those_of_whole_prompts_in_the_whole_model(self):
        asked = prompts()
        for top_layers in range(1, LAYERS + 1):
            split, whole = model_of(top_layers)
            with torch.no_grad():
                found = split.above(*States(split, asked).at(list(asked)))
                wanted = torch.stack([ends_of(whole, split, prompt) for prompt in asked.values()])
            self.assertGreater(wanted.std(dim=0).mean(), 0.1)  # They are no constants.
            self.assertLess((found - wanted).abs().max(), 1e-4, top_layers)

    def test_so_are_the_gradients(self):
        asked = prompts()
        for top_layers in range(1, LAYERS + 1):
            split, whole = model_of(top_layers)
            ends = split.above(*States(split, asked).at(list(asked)))
            found = gradients(split, ends.square().sum())
            wanted = gradients(split, sum(ends_of(whole, split, prompt).square().sum()
                                          for prompt in asked.values()))
            self.assertEqual(len(found), 2 * 7 * top_layers)
            for name, gradient in wanted.items():
                self.assertGreater(gradient.norm(), 0, name)
                self.assertLess((found[name] - gradient).norm(), 1e-4 * gradient.norm(), name)

    def test_a_base_that_cannot_be_split_is_refused(self):
        self.assertIsNone(objection_to(Gemma3TextConfig(**CONFIG)))
        for key, value, why in (("use_bidirectional_attention", True, "ahead"),
                                ("final_logit_softcapping", 30.0, "bends")):
            self.assertIn(why, objection_to(Gemma3TextConfig(**CONFIG | {key: value})))


class Kept(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="training-")
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "frozen.f16"
        self.split = model_of(2)[0]

    def filled(self, stop=False):
        states = States(self.split, prompts(), self.path)
        return states, states.fill(2, stop, lambda _: None)

    def test_what_was_kept_is_what_is_computed_in_16_bits(self):
        states, is_whole = self.filled()
        self.assertTrue(is_whole)
        names = ["c-3", "c-0", "c-5"]
        wanted, wanted_lengths = States(self.split, prompts()).at(names)
        found, lengths = states.at(names)
        self.assertEqual(lengths.tolist(), wanted_lengths.tolist())
        for row, other, length in zip(found, wanted, lengths, strict=True):
            torch.testing.assert_close(row[:length], other[:length], rtol=1e-3, atol=1e-4)

    def test_a_run_that_was_interrupted_anywhere_goes_on(self):
        first, _ = self.filled()
        first.kept = first.kept.clone()  # The file is written anew below.
        whole = self.path.read_bytes()
        for size in (0, 1, 63, 64, len(whole) // 2, len(whole) - 1, len(whole)):
            self.path.write_bytes(whole[:size])
            states, is_whole = self.filled()
            self.assertTrue(is_whole)
            self.assertEqual(len(self.path.read_bytes()), len(whole))
            torch.testing.assert_close(states.kept, first.kept, rtol=1e-3, atol=1e-5)

    def test_who_is_told_to_stop_has_nothing_to_read_from(self):
        states, is_whole = self.filled(stop=True)
        self.assertFalse(is_whole)
        self.assertIsNone(states.kept)

    def test_a_number_that_16_bits_cannot_hold_is_refused(self):
        with torch.no_grad():
            self.split.decoder.embed_tokens.weight *= 1e6
        with self.assertRaisesRegex(data.Unusable, "16 bits"):
            self.filled()


if __name__ == "__main__":
    unittest.main()
