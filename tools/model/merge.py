#!/usr/bin/env python3
"""Adds a LoRA adapter to the weights of a model and writes the result, in Q8_0, beside the base.

    build/model/venv/bin/python tools/model/merge.py --adapter models/remedy \\
        --base build/model/gemma-3-270m-q8_0.gguf \\
        --out build/model/gemma-3-270m-remedy-q8_0.gguf

The adapter is what models/train/train.py leaves: adapter_model.safetensors, adapter_config.json and
training.json, whose base_sha256 has to be that of the base. Weights in Q8_0 are widened, B*A times
alpha/rank is added, and they are packed again; what the adapter does not touch stays as it is to
the byte. The result is the same on every machine: a calibration names its sum.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from gguf_model import (Refused, description_of, finish, is_ready, packed_as_q8_0, rewrite, say,
                        sha256_of, value_of)
from lora_adapter import added_by, read_adapter, updates_for

TRAINING_BYTES_MAX = 1 << 20


def parts_of(adapter: Path) -> dict[str, str]:
    """The sums of what decides the result. ERRORS: Refused."""
    try:
        return {"adapter_sha256": sha256_of(adapter / "adapter_model.safetensors"),
                "adapter_config_sha256": sha256_of(adapter / "adapter_config.json")}
    except OSError as error:
        raise Refused(f"{error.filename} cannot be read: {error.strerror}. An adapter is what "
                      "models/train/train.py leaves") from error


def base_of(adapter: Path) -> str:
    """The sum of the base that the adapter was trained on. ERRORS: Refused."""
    path = adapter / "training.json"
    try:
        with path.open(encoding="utf-8") as file:
            training = json.loads(file.read(TRAINING_BYTES_MAX))
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}. It says which base the adapter is "
                      "for") from error
    except (ValueError, RecursionError) as error:
        raise Refused(f"{path}: {error}") from error
    sum_of_base = training.get("base_sha256") if isinstance(training, dict) else None
    if not isinstance(sum_of_base, str) or len(sum_of_base) != 64:
        raise Refused(f"{path}: base_sha256: want the sum of the base, 64 hex digits")
    return sum_of_base


def check_base(base: Path, wanted: str) -> None:
    try:
        found = sha256_of(base)
    except OSError as error:
        raise Refused(f"{base} cannot be read: {error.strerror}. tools/model/setup.sh makes it"
                      ) from error
    if found != wanted:
        raise Refused(f"{base} has sha256 {found}, but the adapter was trained on {wanted}. Give "
                      "that base, or train on this one")


def licence_of(base: Path) -> str:
    """What holds for the base holds for what is made of it."""
    try:
        return str(json.loads(description_of(base).read_text())["licence"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"that of {base.stem}, which has no description beside it"


def merge(adapter: Path, base: Path, target: Path, made_of: dict) -> None:
    import gguf

    config, tensors = read_adapter(adapter)
    reader = gguf.GGUFReader(base)
    updates = {update.name: update for update in updates_for(reader, config, tensors)}
    say(f"adding an adapter of rank {config.rank} to {len(updates)} tensors")

    def packed(tensor):
        return packed_as_q8_0(tensor, added_by(updates[tensor.name]))

    # The licence of the base asks for a notice in what is changed.
    keys = gguf.Keys.General
    told = {keys.NAME: f"{value_of(reader, keys.NAME) or base.stem} remedy",
            keys.DESCRIPTION: f"Modified from {base.name} (sha256 {made_of['base_sha256']}): a "
                              f"LoRA adapter (sha256 {made_of['adapter_sha256']}) was added."}
    rewrite(reader, target, dict.fromkeys(updates, packed), told)


def make(arguments) -> int:
    made_of = {"base": arguments.base.name, "base_sha256": base_of(arguments.adapter),
               **parts_of(arguments.adapter)}
    if is_ready(arguments.out, made_of):
        say(f"{arguments.out} is ready")
        return 0
    if arguments.check:
        return 1
    check_base(arguments.base, made_of["base_sha256"])
    began = time.monotonic()
    unfinished = arguments.out.with_name(f"{arguments.out.name}.tmp")
    try:
        merge(arguments.adapter, arguments.base, unfinished, made_of)
        finish(unfinished, arguments.out, made_of, licence_of(arguments.base))
    finally:
        unfinished.unlink(missing_ok=True)
    size = arguments.out.stat().st_size >> 20
    say(f"{arguments.out} made in {time.monotonic() - began:.0f} s ({size} MiB)")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adapter", type=Path, required=True, help="the directory it lies in")
    parser.add_argument("--base", type=Path, required=True, help="a GGUF file in Q8_0")
    parser.add_argument("--out", type=Path, required=True, help="the GGUF file that is written")
    parser.add_argument(
        "--check", action="store_true", help="only say by exit status whether it is there")
    try:
        return make(parser.parse_args())
    except Refused as error:
        say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
