#!/usr/bin/env python3
"""What an adapter's files may hold, and how everything else is refused."""

import json
import random
import struct
import tempfile
import unittest
from pathlib import Path

from adapter_files import CONFIG, safetensors

from gguf_model import Refused
from lora_adapter import Config, parse_config, read_adapter
from safetensors_file import HEADER_BYTES_MAX, read_tensors

TWO = [("a", "F32", (2, 3), bytes(range(24))), ("b", "BF16", (4,), bytes(range(8)))]


def entry(begin, end, dtype="F32", shape=(2, 3)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="adapter-")
        self.addCleanup(folder.cleanup)
        self.here = Path(folder.name)

    def read(self, content):
        file = self.here / "adapter_model.safetensors"
        file.write_bytes(content)
        return read_tensors(file)

    def refuses(self, content, why):
        with self.assertRaisesRegex(Refused, f"adapter_model.safetensors is no .*{why}"):
            self.read(content)


class Tensors(Files):
    def test_each_tensor_has_its_shape_and_its_bytes(self):
        read = self.read(safetensors(TWO, metadata={"format": "pt"}))
        self.assertEqual([(one.name, one.dtype, one.shape, bytes(one.data))
                          for one in read.values()], TWO)

    def test_a_file_that_was_cut_anywhere_is_refused(self):
        whole = safetensors(TWO)
        for size in range(len(whole)):
            with self.subTest(size=size), self.assertRaises(Refused):
                self.read(whole[:size])
        self.refuses(whole[:7], "too short")
        self.refuses(whole[:50], "cut short: its header has")

    def test_a_header_that_would_fill_the_memory_is_not_read(self):
        for length in (HEADER_BYTES_MAX + 1, 2**63, 2**64 - 1):
            self.refuses(struct.pack("<Q", length) + b"{}", f"header would have {length} bytes")

    def test_bytes_belong_to_one_tensor_and_to_no_less(self):
        self.refuses(safetensors(TWO, {"b": entry(16, 24, "F32", (2,))}), "'b': .* overlap")
        self.refuses(safetensors([*TWO, ("c", "F32", (1,), bytes(4))],
                                 {"b": entry(28, 32, "F32", (1,))}), "'b': .* gap")
        self.refuses(safetensors(TWO) + b"x", "1 bytes at the end")
        self.refuses(safetensors(TWO, {"b": entry(24, 40, "F32", (4,))}), "'b': .* leave the file")
        self.refuses(safetensors(TWO, {"b": entry(24, 2**70, "F32", (4,))}), "leave the file")
        self.refuses(safetensors(TWO, {"b": entry(32, 24, "F32", (4,))}), "leave the file")

    def test_the_shape_has_to_fit_the_bytes(self):
        for shape in ((2, 4), (6, 4), (2**40, 2**40)):
            self.refuses(safetensors(TWO, {"a": entry(0, 24, "F32", shape)}), "its shape needs")
        for shape in ((), (0, 3), (-2, -3), (True, 6), (2.0, 3), (1, 1, 1, 2, 3)):
            self.refuses(safetensors(TWO, {"a": entry(0, 24, "F32", shape)}), "'a': shape")

    def test_other_numbers_are_refused_by_their_name(self):
        for dtype in ("F64", "I8", "F8_E4M3", "f32", "\x1b[31m", 4, None, ["F32"]):
            self.refuses(safetensors(TWO, {"a": entry(0, 24, dtype)}), "'a': dtype")
        with self.assertRaises(Refused) as refused:
            self.read(safetensors(TWO, {"\x1b[31m": entry(0, 24, "\x1b[31m")}))
        self.assertNotIn("\x1b", str(refused.exception))

    def test_a_header_that_is_none_is_refused(self):
        for header, why in ((b"[]", "begin with"), (b"{", "Expecting"), (b"{\xff}", "decode"),
                            (b'{"a":' * 60000, "deeply"), (b'{"a":3}', "'a': want"),
                            (b'{"a":1,"a":2}', "'a' stands twice"),
                            (b'{"__metadata__":{"a":3}}', "__metadata__")):
            self.refuses(struct.pack("<Q", len(header)) + header, why)

    def test_a_byte_that_was_changed_is_refused_or_changes_what_is_read_and_no_more(self):
        rng, whole = random.Random(1), safetensors(TWO)
        for _ in range(1000):
            changed = bytearray(whole)
            changed[rng.randrange(len(whole))] = rng.randrange(256)
            try:
                read = self.read(bytes(changed))
            except Refused:
                continue
            self.assertEqual(sum(len(one.data) for one in read.values()), 32)

    def test_a_file_that_is_not_there_is_named(self):
        (self.here / "adapter_config.json").write_text(json.dumps(CONFIG))
        with self.assertRaisesRegex(Refused, "adapter_model.safetensors cannot be read: No such"):
            read_adapter(self.here)


class Configurations(Files):
    def refuses_config(self, why, **more):
        with self.assertRaisesRegex(ValueError, why):
            parse_config(json.dumps(CONFIG | more))

    def test_rank_scale_and_layers_are_read(self):
        self.assertEqual(parse_config(json.dumps(CONFIG)), Config(4, 2.0, (
            "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
            "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")))
        some = parse_config(json.dumps(CONFIG | {"target_modules": ["v_proj", "self_attn.q_proj"],
                                                 "lora_alpha": 1.0}))
        self.assertEqual(some, Config(4, 0.25, ("self_attn.q_proj", "self_attn.v_proj")))

    def test_some_layers_or_all_have_an_adapter(self):
        for told, layers in ((None, None), ([3, 1], (1, 3)), ([0], (0,))):
            config = parse_config(json.dumps(CONFIG | {"layers_to_transform": told}))
            self.assertEqual(config.layers, layers)

    def test_what_is_added_in_another_way_is_refused_by_its_key(self):
        for key, value in (("use_rslora", True), ("use_dora", True), ("bias", "all"),
                           ("bias", None), ("modules_to_save", ["lm_head"]), ("lora_bias", True),
                           ("rank_pattern", {"q_proj": 8}), ("alpha_pattern", {"q_proj": 8}),
                           ("layers_pattern", "blocks"), ("fan_in_fan_out", True),
                           ("init_lora_weights", "pissa"), ("init_lora_weights", 1),
                           ("peft_type", "IA3"), ("trainable_token_indices", [3]),
                           ("what_comes_in_a_later_version", {"rank": 3})):
            with self.subTest(key=key, value=value):
                self.refuses_config(f"'{key}': .* not supported", **{key: value})

    def test_nonsense_is_refused_by_its_key(self):
        for rank in (0, -1, 4.0, "4", True, None, 1025):
            self.refuses_config("r: want", r=rank)
        for alpha in (0, -1, "8", True, None, float("nan"), float("inf")):
            self.refuses_config("lora_alpha: want", lora_alpha=alpha)
        for modules in (None, "all-linear", [], {}):
            self.refuses_config("target_modules: want", target_modules=modules)
        for layers in ([], 3, "1", [True], [-1], [1.0], ["1"], [4096], [2, 2], {"1": 2}):
            self.refuses_config("layers_to_transform: want", layers_to_transform=layers)
        for modules in (["q_proj", "lm_head"], [3], [["q_proj"]], ["q_projection"]):
            self.refuses_config("target_modules: .* is no layer", target_modules=modules)
        with self.assertRaisesRegex(ValueError, "object"):
            parse_config("[]")

    def test_a_file_that_cannot_be_read_is_named(self):
        for text in ("{", "[" * 100000, '{"r": 4'):
            (self.here / "adapter_config.json").write_text(text)
            with self.assertRaisesRegex(Refused, "adapter_config.json: "):
                read_adapter(self.here)


if __name__ == "__main__":
    unittest.main()
