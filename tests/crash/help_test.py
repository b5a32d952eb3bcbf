#!/usr/bin/env python3
"""What every `--help` tells, held against the program: width, exit statuses, examples.

    help_test.py --bin build/release/bin [--only TEXT]

An example is run in an empty directory, up to its first `|` or `>`. It may fail, for want of a
configuration, but not because its words are none that the command takes. A few seconds.
"""

import os
import re
import shlex
import subprocess

from harness import run_each

OK, USAGE, UNREACHABLE = 0, 2, 3  # As `homeostat --help` says.
COLUMNS = 80
# Those that would do at length what they show: break services, measure, play worlds.
LONG = re.compile(r"^homeostat (demo|bench|simulate) ")
# What CLI11 says of words that a command does not take, and what describe_misuse adds to it.
MISUSE = "--help` says what there is"
# Runs until it is ended; homeostat-lab has a help of its own.
OTHERS_HELP = ("simulate",)


class Program:
    """The program in an empty directory, which is its user's home, too."""

    def __init__(self, programs, here):
        self.program, self.here = programs / "homeostat", here
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(here)}

    def run(self, *words):
        return subprocess.run([self.program, *words], cwd=self.here, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)

    def help_of(self, *words):
        done = self.run(*words, "--help")
        assert done.returncode == OK and not done.stderr, done
        return done.stdout

    def commands(self):
        """Each by its words: ("status",), ("remedy", "test") …"""
        for name in named_in(self.help_of()):
            yield (name,)
            if name not in OTHERS_HELP:
                yield from ((name, inner) for inner in named_in(self.help_of(name)))

    def tell_troubles(self):
        pass

    def end(self):
        pass


def named_in(shown):
    """The commands of a help: two spaces, a word, and what it says from column 18 on."""
    return re.findall(r"^  ([a-z][a-z-]*) (?= *\S)", shown.split("Exit status:")[0], re.MULTILINE)


def examples_in(shown):
    return re.findall(r"^  (homeostat .+)$", shown.partition("Example")[2], re.MULTILINE)


def every_command_has_its_place_and_says_what_its_exit_means(program):
    commands = list(program.commands())
    assert len(commands) > 35 and ("explain",) in commands, commands
    assert ("remedy", "test") in commands and ("autonomy", "promote") in commands, commands
    assert "\nSubcommands:" not in program.help_of(), "a command stands in no group"
    for words in commands:
        shown = program.help_of(*words)
        assert examples_in(shown), f"{words} has no example"
        has_commands = named_in(shown) and words not in (("autonomy",), ("simulate",))
        assert has_commands or "Exit status" in shown, f"{words}: {shown}"


def no_page_is_wider_than_a_terminal_but_where_a_line_is_copied(program):
    for words in [(), *program.commands()]:
        if words[:1] in [(name,) for name in OTHERS_HELP]:
            continue
        shown = program.help_of(*words)
        wide = [line for line in shown.partition("Example")[0].splitlines()
                if len(line) > COLUMNS and " " in line.strip()]
        assert not [line for line in wide if not line.startswith(("Usage:", "  --", "  -"))], wide


def every_example_is_understood(program):
    count = 0
    (program.here / "calibration.json").touch()  # CLI11 itself looks whether it is there.
    for words in program.commands():
        for example in examples_in(program.help_of(*words)):
            plain = re.split(r" [|>#] | {2,}|\|$| \\$", example)[0]
            if LONG.match(plain + " "):
                continue
            done = program.run(*shlex.split(plain)[1:])
            assert MISUSE not in done.stderr, f"{example}: {done.stderr}"
            count += 1
    assert count > 60, count


def a_word_that_is_no_command_is_named_with_the_one_that_was_meant(program):
    done = program.run("statsu")
    assert done.returncode == USAGE and not done.stdout, done
    assert "there is no command 'statsu' — did you mean 'status'?" in done.stderr, done
    for words, needle in ((("remedy", "tset"), "did you mean 'test'?"), ((), "a command is needed"),
                          (("incidents", "--kind", "latencies"), "did you mean 'latency'?"),
                          (("status", "--bogus"), "`homeostat status --help`")):
        done = program.run(*words)
        assert done.returncode == USAGE and needle in done.stderr, done


def what_is_not_there_is_said_with_the_mend(program):
    done = program.run("status")
    assert done.returncode == USAGE and "--config FILE" in done.stderr, done
    assert done.stderr.count("homeostat.yaml") == 1, done.stderr
    done = program.run("agent")
    assert done.returncode == USAGE and "--config FILE" in done.stderr, done
    (program.here / "homeostat.yaml").write_text(
        "service: shop\nruntime: { process: { command: [sleep, '1'], ports: [1] } }\n"
        "signals: [ { http: { path: / } } ]\n")
    done = program.run("incidents")
    assert done.returncode == USAGE and "an agent makes it when it first runs" in done.stderr, done
    done = program.run("status")
    assert done.returncode == UNREACHABLE and "homeostat agent --config FILE" in done.stderr, done


TESTS = [
    every_command_has_its_place_and_says_what_its_exit_means,
    no_page_is_wider_than_a_terminal_but_where_a_line_is_copied,
    every_example_is_understood,
    a_word_that_is_no_command_is_named_with_the_one_that_was_meant,
    what_is_not_there_is_said_with_the_mend,
]


def main():
    run_each(__doc__, TESTS, Program)


if __name__ == "__main__":
    main()
