"""Adapters, and a model of two small blocks to add them to, for the tests of this folder."""

import hashlib
import json
import os
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL_DIRECTORY = Path(os.environ.get("HOMEOSTAT_MODEL_DIR", ROOT / "build/model"))
sys.path.insert(0, str(ROOT / "tools/model"))

# As peft 0.21 writes it, without the keys that are null there.
CONFIG = {
    "alpha_pattern": {}, "auto_mapping": None, "base_model_name_or_path": "base", "bias": "none",
    "ensure_weight_tying": False, "exclude_modules": None, "fan_in_fan_out": False,
    "inference_mode": True, "init_lora_weights": True, "layers_to_transform": None,
    "loftq_config": {}, "lora_alpha": 8, "lora_bias": False, "lora_dropout": 0.0,
    "megatron_core": "megatron.core", "modules_to_save": None, "peft_type": "LORA",
    "peft_version": "0.21.2", "qalora_group_size": 16, "r": 4, "rank_pattern": {},
    "revision": None, "task_type": "CAUSAL_LM", "use_dora": False, "use_rslora": False,
    "target_modules": ["o_proj", "q_proj", "gate_proj", "v_proj", "k_proj", "down_proj", "up_proj"],
}

BLOCKS, HIDDEN, QUERIES, KEYS, INNER = 2, 64, 128, 32, 96  # Heads of 32: four, and one for keys.
SHAPES = {  # Outputs and inputs, by the names of Hugging Face and of GGUF.
    ("self_attn.q_proj", "attn_q"): (QUERIES, HIDDEN),
    ("self_attn.k_proj", "attn_k"): (KEYS, HIDDEN),
    ("self_attn.v_proj", "attn_v"): (KEYS, HIDDEN),
    ("self_attn.o_proj", "attn_output"): (HIDDEN, QUERIES),
    ("mlp.gate_proj", "ffn_gate"): (INNER, HIDDEN),
    ("mlp.up_proj", "ffn_up"): (INNER, HIDDEN),
    ("mlp.down_proj", "ffn_down"): (HIDDEN, INNER),
}


def run_where_gguf_is():
    """Goes on in the environment that tools/model/setup.sh makes, where this one lacks gguf."""
    try:
        import gguf  # noqa: F401
        import numpy  # noqa: F401
    except ImportError:
        python = MODEL_DIRECTORY / "venv/bin/python"
        if python.exists() and sys.executable != str(python):
            os.execv(python, [str(python), *sys.argv])
        print("SKIPPED: no numpy and gguf in build/model/venv; run tools/model/setup.sh")
        sys.exit(77)


def safetensors(tensors, entries=None, metadata=None):
    """The bytes of a file. tensors: (name, dtype, shape, bytes); `entries` replaces lines."""
    header, at = {}, 0
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, dtype, shape, content in tensors:
        header[name] = {"dtype": dtype, "shape": list(shape),
                        "data_offsets": [at, at + len(content)]}
        at += len(content)
    text = json.dumps(header | (entries or {})).encode()
    return struct.pack("<Q", len(text)) + text + b"".join(content for *_, content in tensors)


def name_of(layer, path, letter):
    return f"base_model.model.model.layers.{layer}.{path}.lora_{letter}.weight"


def matrices(seed, size):
    """{(layer, path): (A, B)} of normal numbers; B is `size` large."""
    import numpy
    rng = numpy.random.default_rng(seed)
    return {(layer, path): (rng.standard_normal((4, inputs), numpy.float32),
                            size * rng.standard_normal((outputs, 4), numpy.float32))
            for layer in range(BLOCKS)
            for (path, _), (outputs, inputs) in SHAPES.items()}


def bytes_as(dtype, array):
    if dtype == "BF16":
        return (array.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    return array.astype({"F32": "<f4", "F16": "<f2"}[dtype]).tobytes()


def sum_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_adapter(directory, base, adds, dtype="F32", config=None):
    directory.mkdir(parents=True, exist_ok=True)
    tensors = [(name_of(layer, path, letter), dtype, array.shape, bytes_as(dtype, array))
               for (layer, path), pair in adds.items() for letter, array in zip("AB", pair)]
    (directory / "adapter_model.safetensors").write_bytes(
        safetensors(tensors, metadata={"format": "pt"}))
    (directory / "adapter_config.json").write_text(json.dumps(CONFIG | (config or {})))
    (directory / "training.json").write_text(json.dumps({"base_sha256": sum_of(base)}))
    return directory


def write_base(path, architecture="gemma3", seed=1, kind="Q8_0"):
    """A GGUF file with blocks like those of the real model, and its description."""
    import gguf
    import numpy
    rng = numpy.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("Small")
    writer.add_block_count(BLOCKS)
    writer.add_head_count(4)
    writer.add_head_count_kv(1)
    writer.add_array("tokenizer.ggml.tokens", ["a", "b"])
    quantisation = gguf.GGMLQuantizationType[kind]

    def add(name, shape):
        packed = gguf.quantize(rng.standard_normal(shape, numpy.float32), quantisation)
        writer.add_tensor(name, packed, raw_dtype=quantisation)

    add("token_embd.weight", (32, HIDDEN))
    for layer in range(BLOCKS):
        writer.add_tensor(f"blk.{layer}.attn_norm.weight", numpy.ones(HIDDEN, numpy.float32))
        for (_, place), shape in SHAPES.items():
            add(f"blk.{layer}.{place}.weight", shape)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    about = {"name": path.stem, "licence": "Small Terms"}
    path.with_suffix(".json").write_text(json.dumps(about))
    return path
