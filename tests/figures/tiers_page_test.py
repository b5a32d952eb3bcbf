#!/usr/bin/env python3
"""What the page of tiers claims, from measurements that are made up; no model is needed."""

import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tools"))

from tier_figures import Load, figures_of, page_of  # noqa: E402
from tier_shapes import LABELS, SHAPES, vocabulary_of  # noqa: E402

ABOUT = {"program": "abc", "cores": 2, "processor": "made up", "amx": "no", "load": 0.1,
         "deadline": 100}


def timings(count, p50, most):
    return {"count": count, "p50_ms": p50, "max_ms": most, "tokens_fresh_p50": 61.0}


class Field:
    """One list of a GGUF file's header, as gguf's reader gives it."""

    def __init__(self, parts):
        self.parts = parts
        self.data = range(len(parts))


class Reader:
    def __init__(self, texts):
        self.fields = {"tokenizer.ggml.tokens": Field([text.encode() for text in texts]),
                       "tokenizer.ggml.scores": Field([[-float(n)] for n in range(len(texts))]),
                       "tokenizer.ggml.token_type": Field([[1]] * len(texts))}


class Tiers(unittest.TestCase):
    def test_a_run_is_told_by_its_medians_and_longest_times(self):
        told = figures_of({"latency": {"rules": timings(4, 0, 0), "cold": timings(4, 310.4, 1402),
                                       "again": timings(4, 21, 30)}})
        page = page_of([("Some-1B", 1236, 1300, 2, True, told)], ABOUT)
        self.assertIn("| Some-1B | 1,236 | 1,300 | 2 | busy | 310 (1,402) | 21 (30) | 61 | 4 |",
                      page)

    def test_a_model_that_did_not_answer_has_no_time(self):
        self.assertIsNone(figures_of({"latency": {"cold": None, "again": None}}))
        self.assertIsNone(figures_of({"latency": {"cold": timings(0, 0, 0), "again": None}}))
        page = page_of([("Some-3B", 3213, 3400, 1, False, None)], ABOUT)
        self.assertIn("| quiet | no answer | no answer | 0 | 0 |", page)

    def test_the_shapes_have_as_many_weights_as_their_names_say(self):
        self.assertEqual([round(shape.weights / 1e6) for shape in SHAPES], [134, 1236, 3213])

    def test_a_cut_vocabulary_has_every_label_and_its_size(self):
        labels = [label.replace(" ", "▁") for label in LABELS]
        texts = ["<pad>", labels[0], *(f"w{n}" for n in range(30)), *labels[1:]]
        chosen, scores, kinds = vocabulary_of(Reader(texts), 20)
        self.assertEqual(len(chosen), 20)
        self.assertLessEqual({label.encode() for label in labels}, set(chosen))
        self.assertEqual(chosen[:2], [b"<pad>", labels[0].encode()])
        self.assertEqual((scores[1], scores[-1], kinds), (-1.0, -39.0, [1] * 20))
        with self.assertRaises(ValueError):
            vocabulary_of(Reader(texts[:-1]), 20)

    def test_a_load_has_ended_when_it_is_left(self):
        load = Load(True)
        with load:
            begun = time.monotonic()
            self.assertTrue(all(worker.is_alive() for worker in load.workers))
        self.assertTrue(all(not worker.is_alive() for worker in load.workers))
        self.assertLess(time.monotonic() - begun, 30)


if __name__ == "__main__":
    unittest.main()
