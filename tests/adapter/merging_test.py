#!/usr/bin/env python3
"""What merging adds to which weights, compared with plain arithmetic, and what it refuses."""

import argparse
import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

from adapter_files import (BLOCKS, CONFIG, SHAPES, bytes_as, matrices, name_of,
                           run_where_gguf_is, safetensors, sum_of, write_adapter,
                           write_base)

run_where_gguf_is()

import gguf  # noqa: E402
import numpy  # noqa: E402

import merge  # noqa: E402
from gguf_model import Refused  # noqa: E402
from lora_adapter import permuted_for_rope  # noqa: E402


def wide(tensor):
    return gguf.dequantize(tensor.data, tensor.tensor_type)


def tensors_of(file):
    return {tensor.name: tensor for tensor in gguf.GGUFReader(file).tensors}


def step_of(values):
    """What rounding to Q8_0 may change, of each value: half a step of its block, and 127 times what
    the step itself is rounded by, to 16 bits."""
    blocks = numpy.abs(values).reshape(-1, 32).max(axis=1) / 127
    return numpy.repeat(blocks, 32).reshape(values.shape) * (0.5 + 127 / 2**11)


class Scene(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="adapter-")
        self.addCleanup(folder.cleanup)
        self.here = Path(folder.name)
        self.base = write_base(self.here / "small.gguf")
        self.out = self.here / "small-remedy.gguf"

    def merge(self, adapter, check=False):
        with contextlib.redirect_stderr(io.StringIO()):
            return merge.make(argparse.Namespace(adapter=adapter, base=self.base, out=self.out,
                                                 check=check))

    def adapter(self, adds=None, **more):
        return write_adapter(self.here / "remedy", self.base, adds or matrices(7, 0.1), **more)

    def is_sum(self, wanted, tensor):
        """The tensor is `wanted`, but for rounding."""
        self.assertEqual(wide(tensor).shape, wanted.shape)
        off = numpy.abs(wide(tensor) - wanted) - step_of(wanted)
        self.assertLess(off.max(), 1e-6, tensor.name)


class Merging(Scene):
    def test_each_linear_layer_gets_its_product_and_nothing_else_changes(self):
        adds = matrices(7, 0.1)
        self.merge(self.adapter(adds))
        before, after = tensors_of(self.base), tensors_of(self.out)
        self.assertEqual(list(before), list(after))
        for (layer, path), (down, up) in adds.items():
            place = next(gguf_name for name, gguf_name in SHAPES if name == path)
            name = f"blk.{layer}.{place}.weight"
            added = up @ down * numpy.float32(2)
            self.assertGreater(numpy.abs(added).max(), 10 * step_of(wide(before[name])).max())
            self.is_sum(wide(before.pop(name)) + added, after[name])
        self.assertEqual(len(before), 1 + BLOCKS)  # The embedding and the norms.
        for name, tensor in before.items():
            self.assertTrue(numpy.array_equal(tensor.data, after[name].data), name)

    def test_an_adapter_of_zeros_leaves_every_byte_of_the_weights(self):
        zeros = {place: (down, 0 * up) for place, (down, up) in matrices(7, 1.0).items()}
        self.merge(self.adapter(zeros))
        after = tensors_of(self.out)
        for name, tensor in tensors_of(self.base).items():
            self.assertTrue(numpy.array_equal(tensor.data, after[name].data), name)

    def test_layers_that_are_not_targeted_stay_as_they_are(self):
        some = {place: pair for place, pair in matrices(7, 0.1).items() if "v_proj" in place[1]}
        self.merge(self.adapter(some, config={"target_modules": ["v_proj"]}))
        before, after = tensors_of(self.base), tensors_of(self.out)
        changed = [name for name in before
                   if not numpy.array_equal(before[name].data, after[name].data)]
        self.assertEqual(changed, ["blk.0.attn_v.weight", "blk.1.attn_v.weight"])

    def test_layers_without_an_adapter_stay_as_they_are(self):
        upper = {place: pair for place, pair in matrices(7, 0.1).items() if place[0] == 1}
        self.merge(self.adapter(upper, config={"layers_to_transform": [1]}))
        before, after = tensors_of(self.base), tensors_of(self.out)
        changed = {name for name in before
                   if not numpy.array_equal(before[name].data, after[name].data)}
        self.assertEqual(changed, {f"blk.1.{place}.weight" for _, place in SHAPES})

    def test_numbers_of_16_bits_are_what_they_are_in_32(self):
        adds = {place: tuple(numpy.round(array * 16) / 16 for array in pair)  # Exact in both.
                for place, pair in matrices(7, 1.0).items()}
        found = set()
        for dtype in ("F32", "F16", "BF16"):
            self.merge(self.adapter(adds, dtype=dtype))
            found.add(b"".join(one.data.tobytes() for one in tensors_of(self.out).values()))
        self.assertEqual(len(found), 1)

    def test_the_description_names_what_it_is_made_of_and_the_file_that_it_was_changed(self):
        adapter = self.adapter()
        self.merge(adapter)
        about = json.loads(self.out.with_suffix(".json").read_text())
        self.assertEqual(about, {
            "name": "small-remedy", "sha256": sum_of(self.out), "bytes": self.out.stat().st_size,
            "quantisation": "Q8_0", "base": "small.gguf", "base_sha256": sum_of(self.base),
            "adapter_sha256": sum_of(adapter / "adapter_model.safetensors"),
            "adapter_config_sha256": sum_of(adapter / "adapter_config.json"),
            "licence": "Small Terms"})
        fields = gguf.GGUFReader(self.out).fields
        self.assertEqual(fields["general.name"].contents(), "Small remedy")
        self.assertIn("Modified from small.gguf", fields["general.description"].contents())
        self.assertEqual(fields["tokenizer.ggml.tokens"].contents(), ["a", "b"])
        self.assertEqual(sorted(one.name for one in self.here.iterdir()),
                         ["remedy", "small-remedy.gguf", "small-remedy.json", "small.gguf",
                          "small.json"])

    def test_it_is_made_again_where_anything_is_another_and_only_there(self):
        self.assertEqual(self.merge(self.adapter(), check=True), 1)
        self.merge(self.adapter())
        first = self.out.stat().st_ino
        self.merge(self.adapter())
        self.assertEqual(self.out.stat().st_ino, first)
        self.assertEqual(self.merge(self.adapter(), check=True), 0)
        whole = self.out.read_bytes()
        for change in ({"adds": matrices(8, 0.1)}, {"config": {"lora_alpha": 3}}):
            self.assertEqual(self.merge(self.adapter(**change), check=True), 1)
            self.merge(self.adapter(**change))
            self.assertNotEqual(self.out.read_bytes(), whole)
        self.merge(self.adapter())
        self.assertEqual(self.out.read_bytes(), whole)
        self.out.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        self.assertEqual(self.merge(self.adapter(), check=True), 1)
        self.merge(self.adapter())
        self.assertEqual(self.out.read_bytes(), whole)


class Order(Scene):
    """Of rows of queries and keys, in the architecture of Llama."""

    def scores_by_halves(self, queries, keys, at):
        """As Hugging Face turns a head: row i with row i + half."""
        half = queries.shape[0] // 2
        angles = at[:, None] * 1.7 ** -numpy.arange(half)
        turned = []
        for rows, angle in ((queries, angles[0]), (keys, angles[1])):
            near, far = rows[:half], rows[half:]
            turned.append(numpy.stack([near * numpy.cos(angle) - far * numpy.sin(angle),
                                       far * numpy.cos(angle) + near * numpy.sin(angle)]))
        return (turned[0] * turned[1]).sum()

    def scores_by_neighbours(self, queries, keys, at):
        """As llama.cpp turns a head: row 2i with row 2i + 1."""
        angles = at[:, None] * 1.7 ** -numpy.arange(queries.shape[0] // 2)
        turned = []
        for rows, angle in ((queries, angles[0]), (keys, angles[1])):
            even, odd = rows[0::2], rows[1::2]
            turned.append(numpy.stack([even * numpy.cos(angle) - odd * numpy.sin(angle),
                                       odd * numpy.cos(angle) + even * numpy.sin(angle)]))
        return (turned[0] * turned[1]).sum()

    def test_rows_in_the_order_of_llama_cpp_give_the_same_attention(self):
        rng = numpy.random.default_rng(3)
        heads, of_head = 3, 8
        queries, keys = rng.standard_normal((2, heads * of_head, 5))
        ours = [permuted_for_rope(rows, heads) for rows in (queries, keys)]
        here, there = rng.standard_normal((2, 5))
        at = numpy.array([4.0, 11.0])
        for head in range(heads):
            rows = slice(head * of_head, (head + 1) * of_head)
            wanted = self.scores_by_halves(queries[rows] @ here, keys[rows] @ there, at)
            found = self.scores_by_neighbours(ours[0][rows] @ here, ours[1][rows] @ there, at)
            self.assertAlmostEqual(wanted, found)
            unordered = self.scores_by_neighbours(queries[rows] @ here, keys[rows] @ there, at)
            self.assertGreater(abs(wanted - unordered), 1e-3)

    def test_an_adapter_follows_the_order_of_the_base(self):
        def reordered(rows, heads):
            """Row by row, in words: of each head row i goes to 2i, row i + half to 2i + 1."""
            result, half = numpy.empty_like(rows), len(rows) // heads // 2
            for place in range(len(rows)):
                head, inside = divmod(place, 2 * half)
                result[2 * half * head + 2 * (inside % half) + inside // half] = rows[place]
            return result

        write_base(self.base, "llama")
        adds = matrices(7, 0.1)
        self.merge(self.adapter(adds))
        before, after = tensors_of(self.base), tensors_of(self.out)
        for (layer, path), (down, up) in adds.items():
            place = next(gguf_name for name, gguf_name in SHAPES if name == path)
            name = f"blk.{layer}.{place}.weight"
            added = up @ down * numpy.float32(2)
            heads = {"attn_q": 4, "attn_k": 1}.get(place)
            self.is_sum(wide(before[name]) + (reordered(added, heads) if heads else added),
                        after[name])


class Refusals(Scene):
    def refuses(self, adapter, why):
        with self.assertRaisesRegex(Refused, why):
            self.merge(adapter)
        self.assertEqual([one.name for one in self.here.iterdir() if "small-remedy" in one.name],
                         [], "something was left behind")

    def test_another_base_is_refused(self):
        adapter = self.adapter()
        trained_on = sum_of(self.base)
        write_base(self.base, seed=2)
        self.refuses(adapter, f"{sum_of(self.base)}, but the adapter was trained on {trained_on}")
        self.base.unlink()
        self.refuses(adapter, "small.gguf cannot be read")

    def test_a_training_that_names_no_base_is_refused(self):
        adapter = self.adapter()
        for text in ("{}", "[]", "{", '{"base_sha256": 3}', '{"base_sha256": "ab"}', "[" * 99999):
            (adapter / "training.json").write_text(text)
            self.refuses(adapter, "training.json: ")
        (adapter / "training.json").unlink()
        self.refuses(adapter, "training.json cannot be read")

    def test_a_tensor_that_is_missing_is_named(self):
        adds = matrices(7, 0.1)
        del adds[1, "mlp.up_proj"]
        self.refuses(self.adapter(adds),
                     "no base_model.model.model.layers.1.mlp.up_proj.lora_A.weight")
        tensors = [(name_of(layer, path, letter), "F32", array.shape, bytes_as("F32", array))
                   for (layer, path), pair in matrices(7, 0.1).items()
                   for letter, array in zip("AB", pair)]
        adapter = self.adapter()
        (adapter / "adapter_model.safetensors").write_bytes(safetensors(tensors[:-1]))
        self.refuses(adapter, "no base_model.model.model.layers.1.mlp.down_proj.lora_B.weight")

    def test_a_tensor_without_a_place_is_named(self):
        a_layer_more = matrices(7, 0.1)
        a_layer_more |= {(2, path): pair for (layer, path), pair in a_layer_more.items() if layer}
        self.refuses(self.adapter(a_layer_more), r"layers.2.mlp.down_proj.lora_A.* no place")
        self.refuses(self.adapter(config={"target_modules": CONFIG["target_modules"][1:]}),
                     "layers.0.self_attn.o_proj.lora_A.weight .* target_modules")
        for path in ("mlp.fc1", "self_attn.q_proj.default", "mlp.\x1b[31m", "self_attn.up_proj"):
            adds = matrices(7, 0.1)
            adds[0, path] = adds[0, "mlp.up_proj"]
            self.refuses(self.adapter(adds), "none of its linear layers")

    def test_layers_that_are_named_and_not_there_or_there_and_not_named_are_refused(self):
        both = matrices(7, 0.1)
        upper = {place: pair for place, pair in both.items() if place[0] == 1}
        for adds, layers, why in (
                (both, [1], "layers.0.mlp.down_proj.lora_A.* layers_to_transform"),
                (upper, None, "no base_model.model.model.layers.0.self_attn.q_proj.lora_A"),
                (upper, [0, 1], "no base_model.model.model.layers.0.self_attn.q_proj.lora_A"),
                (upper, [1, 2], "layer 2, but the base has 2")):
            self.refuses(self.adapter(adds, config={"layers_to_transform": layers}), why)

    def test_a_shape_that_does_not_fit_is_named(self):
        down, up = matrices(7, 0.1)[1, "self_attn.k_proj"]
        for pair, which in (((down[:, :-1], up), "lora_A"), ((down[:-1], up), "lora_A"),
                            ((down, up[:-1]), "lora_B"), ((down, up.T), "lora_B"),
                            ((down, up.reshape(-1)), "lora_B"),
                            ((down[:3], up[:, :3]), "lora_A")):
            adds = matrices(7, 0.1)
            adds[1, "self_attn.k_proj"] = pair
            self.refuses(self.adapter(adds), rf"layers.1.self_attn.k_proj.{which}.weight has shape")
        self.refuses(self.adapter(config={"r": 8}), "rank 8 want")

    def test_a_model_of_another_kind_is_refused(self):
        write_base(self.base, "phi3")
        self.refuses(self.adapter(), "'phi3'; an adapter is merged into gemma3 and llama only")
        write_base(self.base, kind="F16")
        self.refuses(self.adapter(), "blk.0.attn_q.weight of the base is F16, not Q8_0")

    def test_what_is_no_number_or_too_large_is_refused(self):
        for value, why in ((float("nan"), "lora_B.weight holds what is no number"),
                           (float("inf"), "lora_B.weight holds what is no number"),
                           (1e30, "blk.0.attn_v.weight would hold weights above")):
            adds = matrices(7, 0.1)
            adds[0, "self_attn.v_proj"][1][3, 2] = value
            self.refuses(self.adapter(adds), why)

    def test_a_configuration_that_cannot_be_followed_is_refused(self):
        self.refuses(self.adapter(config={"use_dora": True}), "adapter_config.json: 'use_dora'")


if __name__ == "__main__":
    unittest.main()
