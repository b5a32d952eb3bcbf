"""A LoRA adapter as PEFT writes it (adapter_config.json, adapter_model.safetensors), and what it
adds to which tensor of a GGUF model.

To the weights W of a linear layer it adds B*A * alpha/rank. Only that is supported: what else PEFT
can do (other scales, biases, ranks by module, layers in full) is refused by name, also what it
cannot do yet. Every tensor of the adapter has to find its place, and every place its tensors.
"""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

from gguf_model import Refused, value_of
from safetensors_file import Tensor, read_tensors, shown, widened

CONFIG_BYTES_MAX = 1 << 18
LAYERS_MAX = 4096
RANK_MAX = 1024
ROWS_IN_CACHE = 32  # Of up to 2048 doubles each: half a MB.

# The linear layers of a block: by the names of Hugging Face and those of llama.cpp.
NAMES_IN_GGUF = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
MODULES = {path.split(".")[1]: path for path in NAMES_IN_GGUF}
TENSOR_NAME = re.compile(
    r"base_model\.model\.model\.layers\.(0|[1-9][0-9]{0,3})\.([a-z_]+\.[a-z_]+)"
    r"\.lora_([AB])\.weight", re.ASCII)

# llama.cpp turns neighbouring rows of queries and keys where Hugging Face turns rows half a head
# apart: the converter of this architecture has put them in another order. Gemma's leaves them.
ARCHITECTURES = {"gemma3": (), "llama": ("attn_q", "attn_k")}

# Keys of the configuration that say nothing of what is added, whatever they hold.
SAY_NOTHING = {"auto_mapping", "base_model_name_or_path", "inference_mode", "lora_dropout",
               "megatron_core", "peft_version", "qalora_group_size", "revision", "task_type"}
# What these may hold. PiSSA and others, which init_lora_weights can name, change the base as well.
MAY_HOLD = {"peft_type": ("LORA",), "bias": ("none",),
            "init_lora_weights": (True, False, "gaussian", "orthogonal")}


@dataclass(frozen=True)
class Config:
    rank: int
    scale: float
    paths: tuple[str, ...]  # Keys of NAMES_IN_GGUF.
    layers: tuple[int, ...] | None = None  # Those with an adapter; None is all.


@dataclass(frozen=True)
class Update:
    """What is added to one tensor of the model."""

    name: str  # Of the tensor, in GGUF.
    down: Tensor  # A: rank rows, a column for each input.
    up: Tensor  # B: a row for each output, rank columns.
    scale: float
    heads: int  # Of a tensor whose rows llama.cpp has in another order; else 0.


def objection_to(key: str, value) -> str | None:
    """Why a key of the configuration cannot be followed; None if it can."""
    if key in MAY_HOLD:
        allowed = MAY_HOLD[key]
        if any(value is one or (isinstance(value, str) and value == one) for one in allowed):
            return None
        return f"{shown(value)} is not supported, only {', '.join(map(str, allowed))}"
    if key in SAY_NOTHING or not value:
        return None
    return f"{shown(value)} is not supported; train without it"


def parse_layers(told) -> tuple[int, ...] | None:
    """ERRORS: ValueError."""
    if told is None:
        return None
    if (not isinstance(told, list) or not told
            or not all(isinstance(one, int) and not isinstance(one, bool)
                       and 0 <= one < LAYERS_MAX for one in told)
            or len(set(told)) < len(told)):
        raise ValueError("layers_to_transform: want the numbers of layers, each once, or null, "
                         f"not {shown(told)}")
    return tuple(sorted(told))


def parse_config(text: str) -> Config:
    """ERRORS: ValueError, which names the key."""
    config = json.loads(text)
    if not isinstance(config, dict):
        raise ValueError("want an object")
    rank, alpha = config.pop("r", None), config.pop("lora_alpha", None)
    modules = config.pop("target_modules", None)
    if not isinstance(rank, int) or isinstance(rank, bool) or not 1 <= rank <= RANK_MAX:
        raise ValueError(f"r: want a count from 1 to {RANK_MAX}, not {shown(rank)}")
    if (not isinstance(alpha, int | float) or isinstance(alpha, bool)
            or not (math.isfinite(alpha) and alpha > 0)):
        raise ValueError(f"lora_alpha: want a number above zero, not {shown(alpha)}")
    if not isinstance(modules, list) or not modules:
        raise ValueError("target_modules: want a list of names, as PEFT writes it")
    layers = parse_layers(config.pop("layers_to_transform", None))
    for key in ("peft_type", "bias"):
        config.setdefault(key, None)
    for key, value in config.items():
        if objection := objection_to(key, value):
            raise ValueError(f"{shown(key)}: {objection}")
    names = {shown(one) if not isinstance(one, str) else one.split(".")[-1] for one in modules}
    if other := names - set(MODULES):
        raise ValueError(f"target_modules: {shown(min(other))} is no layer that is merged; want "
                         f"some of {', '.join(MODULES)}")
    paths = tuple(MODULES[name] for name in MODULES if name in names)
    return Config(rank, alpha / rank, paths, layers)


def read_config(path: Path) -> Config:
    """ERRORS: Refused."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(CONFIG_BYTES_MAX + 1)
        if len(text) > CONFIG_BYTES_MAX:
            raise ValueError(f"it has more than {CONFIG_BYTES_MAX} characters")
        return parse_config(text)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise Refused(f"{path}: {error}") from error


def count_of(reader, key: str) -> int:
    found = value_of(reader, key)
    if not isinstance(found, int) or not 1 <= found <= LAYERS_MAX:
        raise Refused(f"the base says {shown(found)} of {key}; want one count")
    return found


def heads_of(reader, architecture: str, place: str) -> int:
    if place not in ARCHITECTURES[architecture]:
        return 0
    query_heads = count_of(reader, f"{architecture}.attention.head_count")
    key = f"{architecture}.attention.head_count_kv"
    return query_heads if place == "attn_q" or key not in reader.fields else count_of(reader, key)


def check_shape(in_model: dict, update: Update, rank: int) -> None:
    """ERRORS: Refused where the model has no such tensor, or one that does not fit."""
    import gguf

    tensor = in_model.get(update.name)
    if tensor is None:
        raise Refused(f"the base has no tensor {update.name}, for which the adapter has "
                      f"{update.up.name}; it is of another model")
    if tensor.tensor_type != gguf.GGMLQuantizationType.Q8_0:
        raise Refused(f"{update.name} of the base is {tensor.tensor_type.name}, not Q8_0; give the "
                      "Q8_0 file of tools/model/setup.sh")
    inputs, outputs = (int(n) for n in tensor.shape)
    for part, wanted in ((update.down, (rank, inputs)), (update.up, (outputs, rank))):
        if part.shape != wanted:
            raise Refused(f"{part.name} has shape {list(part.shape)}; the base and rank {rank} "
                          f"want {list(wanted)}")
    if update.heads and outputs % (2 * update.heads):
        raise Refused(f"{update.name} has {outputs} rows, which are no {update.heads} heads")


def updates_for(reader, config: Config, tensors: dict[str, Tensor]) -> list[Update]:
    """What is added to each tensor of the model. ERRORS: Refused, where anything is left over or
    missing; names it."""
    architecture = value_of(reader, "general.architecture")
    if architecture not in ARCHITECTURES:
        raise Refused(f"the base is of the architecture {shown(architecture)}; an adapter is "
                      f"merged into {' and '.join(ARCHITECTURES)} only")
    left = dict(tensors)
    for name in left:
        match = TENSOR_NAME.fullmatch(name)
        if match is None or match[2] not in NAMES_IN_GGUF:
            raise Refused(f"{shown(name)} of the adapter is none of its linear layers' lora_A and "
                          "lora_B")
    in_model = {tensor.name: tensor for tensor in reader.tensors}
    updates = []
    count = count_of(reader, f"{architecture}.block_count")
    for layer in config.layers or range(count):
        if layer >= count:
            raise Refused(f"layers_to_transform name layer {layer}, but the base has {count}")
        for path in config.paths:
            pair = []
            for letter in "AB":
                name = f"base_model.model.model.layers.{layer}.{path}.lora_{letter}.weight"
                if name not in left:
                    raise Refused(f"the adapter has no {name}, though target_modules name it")
                pair.append(left.pop(name))
            place = NAMES_IN_GGUF[path]
            update = Update(f"blk.{layer}.{place}.weight", *pair, config.scale,
                            heads_of(reader, architecture, place))
            check_shape(in_model, update, config.rank)
            updates.append(update)
    if left:
        raise Refused(f"{min(left)} of the adapter has no place in the base, or is not among its "
                      "target_modules and layers_to_transform")
    return updates


def permuted_for_rope(rows, heads: int):
    """Rows of queries or keys as the converter of the llama architecture orders them: of each head
    one of the first half, then one of the second, in turns."""
    halves = rows.reshape(heads, 2, rows.shape[0] // heads // 2, rows.shape[1])
    return halves.swapaxes(1, 2).reshape(rows.shape)


def added_by(update: Update):
    """A function (first, end) that gives what is added to those rows of the model's tensor."""
    import numpy

    down, up = (widened(part).astype(numpy.float64) for part in (update.down, update.up))
    if update.heads:
        up = permuted_for_rope(up, update.heads)
    up = up * update.scale

    def rows(first, end):
        """Added up rank by rank: a matrix product rounds differently on each processor, and the
        sum of the file, which calibrations name, would be another on each machine."""
        some = up[first:end]
        total = numpy.zeros((some.shape[0], down.shape[1]))
        product = numpy.empty((ROWS_IN_CACHE, down.shape[1]))
        for begin in range(0, some.shape[0], ROWS_IN_CACHE):
            part = total[begin:begin + ROWS_IN_CACHE]
            for column, row in zip(some[begin:begin + ROWS_IN_CACHE].T, down, strict=True):
                part += numpy.multiply(column[:, None], row, out=product[:len(part)])
        return total
    return rows


def read_adapter(directory: Path) -> tuple[Config, dict[str, Tensor]]:
    """ERRORS: Refused."""
    return (read_config(directory / "adapter_config.json"),
            read_tensors(directory / "adapter_model.safetensors"))
