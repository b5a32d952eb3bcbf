"""Reads a safetensors file, strictly.

The format: 8 bytes, little-endian, say how long the header is; the header is a JSON object that
gives each tensor `dtype`, `shape` and `data_offsets` (from, to) into the bytes behind it; texts may
stand under `__metadata__`. Here the tensors have to fill those bytes without a gap or an overlap,
and have to be numbers of 16 or 32 bits. The file comes from outside: nothing in it is believed
before it is checked against the size of the file.

Reading needs the standard library alone, widening numpy.
"""

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path

from gguf_model import Refused

FILE_BYTES_MAX = 1 << 29  # An adapter of rank 16 for 270M weights has 15 MB.
HEADER_BYTES_MAX = 1 << 20  # 126 matrices of two tensors each take 40 KB.
DIMENSIONS_MAX = 4
BYTES_OF = {"F32": 4, "F16": 2, "BF16": 2}


@dataclass(frozen=True)
class Tensor:
    name: str
    dtype: str
    shape: tuple[int, ...]
    data: memoryview


def shown(found) -> str:
    """What the file says, as one line that a terminal takes for text."""
    return ascii(found)[:200]


def object_of(pairs: list) -> dict:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{shown(twice)} stands twice")
    return dict(pairs)


def is_count(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def objection_to(entry, bytes_count: int) -> str | None:
    """What is wrong with one tensor's line of the header; None if nothing is."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        return "want `dtype`, `shape` and `data_offsets`"
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BYTES_OF:
        return f"dtype {shown(dtype)} is not read here, only {', '.join(BYTES_OF)}"
    if (not isinstance(shape, list) or not 1 <= len(shape) <= DIMENSIONS_MAX
            or not all(is_count(n) and n > 0 for n in shape)):
        return f"shape: want 1 to {DIMENSIONS_MAX} counts above zero"
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(is_count, offsets)):
        return "data_offsets: want two counts"
    begin, end = offsets
    if not begin <= end <= bytes_count:
        return f"data_offsets {begin} to {end} leave the file; it has {bytes_count} bytes of data"
    needed = math.prod(shape) * BYTES_OF[dtype]
    if end - begin != needed:
        return f"{end - begin} bytes of data, but its shape needs {needed}"
    return None


def parse_header(header: bytes, bytes_count: int) -> dict[str, dict]:
    """The lines of the header by tensor. ERRORS: ValueError, which names the tensor."""
    if not header.startswith(b"{"):
        raise ValueError("the header does not begin with '{'")
    try:
        entries = json.loads(header, object_pairs_hook=object_of)
    except RecursionError:
        raise ValueError("the header is nested too deeply") from None
    told = entries.pop("__metadata__", {})
    if not isinstance(told, dict) or not all(isinstance(text, str) for text in told.values()):
        raise ValueError("__metadata__: want texts")
    for name, entry in entries.items():
        if objection := objection_to(entry, bytes_count):
            raise ValueError(f"{shown(name)}: {objection}")
    filled = 0
    for name, entry in sorted(entries.items(), key=lambda one: one[1]["data_offsets"]):
        begin, end = entry["data_offsets"]
        if begin != filled:
            word = "overlap another tensor's" if begin < filled else "leave a gap before them"
            raise ValueError(f"{shown(name)}: its bytes {begin} to {end} {word}")
        filled = end
    if filled != bytes_count:
        raise ValueError(f"{bytes_count - filled} bytes at the end belong to no tensor")
    return entries


def read_tensors(path: Path) -> dict[str, Tensor]:
    """ERRORS: Refused."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from error
    try:
        if len(content) > FILE_BYTES_MAX:
            raise ValueError(f"it has more than {FILE_BYTES_MAX} bytes")
        if len(content) < 8:
            raise ValueError("it is too short for the length of a header")
        length, = struct.unpack("<Q", content[:8])
        if length > HEADER_BYTES_MAX:
            raise ValueError(f"its header would have {length} bytes, at most {HEADER_BYTES_MAX} "
                             "are read")
        if 8 + length > len(content):
            raise ValueError(f"it is cut short: its header has {length} bytes, the file "
                             f"{len(content)}")
        entries = parse_header(content[8:8 + length], len(content) - 8 - length)
    except ValueError as error:
        raise Refused(f"{path} is no safetensors file as we read them: {error}. Write or copy it "
                      "again") from error
    data = memoryview(content)[8 + length:]
    return {name: Tensor(name, entry["dtype"], tuple(entry["shape"]),
                         data[slice(*entry["data_offsets"])])
            for name, entry in entries.items()}


def widened(tensor: Tensor):
    """As an array of 32-bit floats. ERRORS: Refused where one is no number."""
    import numpy

    if tensor.dtype == "BF16":  # The upper half of a 32-bit float.
        bits = numpy.frombuffer(tensor.data, "<u2").astype("<u4") << 16
        values = bits.view("<f4")
    else:
        values = numpy.frombuffer(tensor.data, {"F32": "<f4", "F16": "<f2"}[tensor.dtype])
    if not numpy.isfinite(values).all():
        raise Refused(f"{tensor.name} holds what is no number; the training has gone astray")
    return values.astype(numpy.float32).reshape(tensor.shape)
