"""The model asked the usual way: to write JSON under a grammar, instead of being read at one token.

It gets the program's own prompt, a sentence that says what to write, and a grammar that lets it
write the kinds of the menu and nothing else, greedily.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/model"))
import try_server

TOKENS_MAX = 24
WRITE_JSON = '\nWritten as JSON: '


def grammar_of(kinds):
    names = " | ".join(json.dumps(kind) for kind in kinds)
    return 'root ::= "{\\"remedy\\": \\"" kind "\\"}"\nkind ::= ' + names


def kinds_on(case):
    """Each kind of the menu once. A person is called by rules, and is no kind of the model's."""
    return list(dict.fromkeys(one["remedy"] for one in case["remedies"]
                              if one["remedy"] != "escalate"))


def prompts_of(homeostat, cases):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as asked:
        for case in cases:
            asked.write(json.dumps({"id": case["id"], "evidence": case["evidence"]}) + "\n")
        asked.flush()
        ran = subprocess.run([homeostat, "bench", "decide", "--prompts", asked.name],
                             capture_output=True, text=True, check=True)
    return [json.loads(line)["prompt"] for line in ran.stdout.splitlines()[1:]]


def ask(server, prompt, kinds):
    """(kind or None, milliseconds)."""
    began = time.monotonic()
    status, told = try_server.call(server, "POST", "/completion", {
        "prompt": prompt + WRITE_JSON, "n_predict": TOKENS_MAX, "temperature": 0,
        "grammar": grammar_of(kinds), "cache_prompt": True})
    took = (time.monotonic() - began) * 1000
    try:
        return (json.loads(told["content"])["remedy"] if status == 200 else None), took
    except (ValueError, KeyError, TypeError):
        return None, took  # Cut off, or an error.


def ask_all(homeostat, model, cases, out):
    """Writes {"id", "kind", "ms"} for each case; one with a single kind is not asked about."""
    prompts = prompts_of(homeostat, cases)
    part = out.with_suffix(".part")
    with (try_server.running(str(ROOT / "build/model/llama-server"), str(model)) as server,
          open(part, "w", encoding="utf-8") as file):
        for case, prompt in zip(cases, prompts, strict=True):
            kinds = kinds_on(case)
            kind, took = ask(server, prompt, kinds) if len(kinds) > 1 else (kinds[0], 0.0)
            file.write(json.dumps({"id": case["id"], "kind": kind, "ms": took}) + "\n")
    part.rename(out)
