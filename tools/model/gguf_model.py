"""A model as a file: NAME.gguf in Q8_0, with NAME.json beside it that says what it was made of.

What requantise.py and merge.py share. Both write beside the place and rename when complete, the
model first: a model without its description, or with that of another, is not ready and is made
again. Needs numpy and gguf only where a file is written.
"""

import contextlib
import hashlib
import json
import math
import os
import sys
from pathlib import Path

ROWS_AT_ONCE = 16384  # Keeps the widened part of the embedding below 100 MB.

Q8_0_MAX = 127 * 65504  # A block's scale is a 16-bit float.


class Refused(Exception):
    """What cannot be made into a model; names the file, what is wrong and the mend."""


def say(text: str) -> None:
    print(f"model: {text}", file=sys.stderr, flush=True)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def description_of(model: Path) -> Path:
    return model.with_suffix(".json")


def is_ready(model: Path, made_of: dict) -> bool:
    """True if a former run made this of `made_of`: the description says so, and the file has the
    size and sum that it says."""
    try:
        known = json.loads(description_of(model).read_text())
        return (all(known[key] == value for key, value in made_of.items())
                and model.stat().st_size == known["bytes"]
                and sha256_of(model) == known["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def finish(unfinished: Path, model: Path, made_of: dict, licence: str) -> str:
    """Puts a written model into its place, with its description. Gives its sum."""
    about = {
        "name": model.stem,
        "sha256": sha256_of(unfinished),
        "bytes": unfinished.stat().st_size,
        "quantisation": "Q8_0",
        **made_of,
        "licence": licence,
    }
    description = description_of(model)
    description_unfinished = description.with_name(f"{description.name}.tmp")
    description_unfinished.write_text(json.dumps(about, indent=2) + "\n")
    os.replace(unfinished, model)
    os.replace(description_unfinished, description)
    return about["sha256"]


def value_of(reader, key: str):
    """The value of a key of a GGUF file; None if it has none."""
    field = reader.fields.get(key)
    return None if field is None else field.contents()


def copy_metadata(reader, writer, told: dict) -> None:
    """Copies every key but those the writer sets itself, the file type, which changes, and those
    that `told` gives a text for."""
    import gguf

    own = {gguf.Keys.General.ARCHITECTURE, gguf.Keys.General.FILE_TYPE,
           gguf.Keys.General.QUANTIZATION_VERSION, *told}
    for field in reader.fields.values():
        if field.name in own or field.name.startswith("GGUF."):
            continue
        kind = field.types[0]
        element = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), kind, sub_type=element)
    for key, text in told.items():
        writer.add_string(key, text)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def widened(tensor, first: int = 0, end: int | None = None):
    """Rows of a quantised tensor as 32-bit floats."""
    import gguf

    rows = tensor.data.reshape(-1, tensor.data.shape[-1])
    return gguf.dequantize(rows[first:end], tensor.tensor_type)


def packed_as_q8_0(tensor, added=None):
    """The blocks of a tensor, as bytes; `added(first, end)` gives what is added to those rows.
    ERRORS: Refused where that is too much."""
    import gguf
    import numpy

    row_count = math.prod(int(n) for n in tensor.shape[1:])
    parts = []
    for first in range(0, row_count, ROWS_AT_ONCE):
        wide = widened(tensor, first, first + ROWS_AT_ONCE)
        if added is not None:
            wide = (wide + added(first, first + ROWS_AT_ONCE)).astype(numpy.float32)
            if numpy.abs(wide).max() > Q8_0_MAX:
                raise Refused(f"{tensor.name} would hold weights above {Q8_0_MAX}, which Q8_0 "
                              "cannot; the adapter has gone astray")
        parts.append(gguf.quantize(wide, gguf.GGMLQuantizationType.Q8_0))
    return numpy.concatenate(parts)


def rewrite(reader, target: Path, packed: dict, told: dict | None = None) -> None:
    """Writes a GGUF file anew. `packed` gives for the name of a tensor a function that makes its
    Q8_0 blocks; all others stay as they are. `told`: texts for keys, instead of the file's own."""
    import gguf
    import numpy

    q8_0 = gguf.GGMLQuantizationType.Q8_0
    architecture = value_of(reader, gguf.Keys.General.ARCHITECTURE)
    with contextlib.closing(gguf.GGUFWriter(target, architecture)) as writer:
        copy_metadata(reader, writer, told or {})
        for tensor in reader.tensors:
            shape, dtype, kind = tensor.data.shape, tensor.data.dtype, tensor.tensor_type
            if tensor.name in packed:
                wide_shape = [int(n) for n in reversed(tensor.shape)]
                shape = gguf.quant_shape_to_byte_shape(wide_shape, q8_0)
                dtype, kind = numpy.dtype(numpy.uint8), q8_0
            size = math.prod(shape) * dtype.itemsize
            writer.add_tensor_info(tensor.name, shape, dtype, size, kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for index, tensor in enumerate(reader.tensors, start=1):
            make = packed.get(tensor.name)
            writer.write_tensor_data(tensor.data if make is None else make(tensor))
            if index % 40 == 0 or index == len(reader.tensors):
                say(f"wrote {index} of {len(reader.tensors)} tensors")
