#!/usr/bin/env python3
"""Has drain3 read the lines of a file: what log_templates_bench --lines does, by its peer.

    build/log_figures/peers/bin/python bench/drain3/drain3_lines.py FILE [TIMES] [--masked]

Prints a JSON object with the CPU seconds of each time, then the cluster of each line. Without
--masked it is drain3 as it comes; with it, with the masks of the drain3.ini that its own examples
have.
"""

import argparse
import json
import logging
import time

from drain3 import TemplateMiner
from drain3.masking import MaskingInstruction
from drain3.template_miner_config import TemplateMinerConfig

BEFORE, BEHIND = "((?<=[^A-Za-z0-9])|^)", "((?=[^A-Za-z0-9])|$)"
# SOURCE: drain3's examples/drain3.ini.
MASKS = [(BEFORE + r"(([0-9a-f]{2,}:){3,}([0-9a-f]{2,}))" + BEHIND, "ID"),
         (BEFORE + r"(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})" + BEHIND, "IP"),
         (BEFORE + r"([0-9a-f]{6,} ?){3,}" + BEHIND, "SEQ"),
         (BEFORE + r"([0-9A-F]{4} ?){4,}" + BEHIND, "SEQ"),
         (BEFORE + r"(0x[a-f0-9A-F]+)" + BEHIND, "HEX"),
         (BEFORE + r"([\-\+]?\d+)" + BEHIND, "NUM"),
         (r"(?<=executed cmd )(\".+?\")", "CMD")]


def miner_of(is_masked):
    config = TemplateMinerConfig()
    config.profiling_enabled = False
    if is_masked:
        config.masking_instructions = [MaskingInstruction(*mask) for mask in MASKS]
    return TemplateMiner(config=config)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("times", type=int, nargs="?", default=1)
    parser.add_argument("--masked", action="store_true")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with open(options.file, encoding="utf-8", errors="replace", newline="\n") as file:
        lines = file.read().split("\n")[:-1]
    seconds = []
    for _ in range(options.times):
        miner = miner_of(options.masked)
        begun_at = time.process_time()
        clusters = [miner.add_log_message(line)["cluster_id"] for line in lines]
        seconds.append(time.process_time() - begun_at)
    print(json.dumps({"lines": len(lines), "cpu_seconds": seconds}))
    print("\n".join(map(str, clusters)))


if __name__ == "__main__":
    main()
