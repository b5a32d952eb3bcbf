#!/usr/bin/env python3
"""Two servers agree over loopback HTTP, keep what they agreed, and return to normal. Each may be
of any implementation:

    tests/pledges/pair_test.py
    tests/pledges/pair_test.py --caller "build/release/bin/homeostat-lab pledge-sut"
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from checks import LIMITS, PAY
from scripted import BAD, GOOD, Patience, Sut, free_port, must, public_hex, wait_for

PYTHON = f"{sys.executable} {Path(__file__).resolve().parent / 'pledges.py'} sut"
# A question is worth 50 ms, and on a busy machine many may be late: they are asked often.
PAIR_LIMITS = LIMITS | {"ttl_ms": 3_000, "trial_after_ms": 1_000, "ask_deadline_ms": 300,
                        "dwell_ms": 301}


class Pair:
    """cart, which calls, and payments, which is called."""

    def __init__(self, caller: str, callee: str, folder: Path, limits: dict[str, int]):
        cart_port, payments_port = free_port(), free_port()
        modes = PAY["modes"][:2]
        self.cart = Sut(caller, folder, "cart", [], routes=[PAY | {"modes": modes}],
                        limits=limits)
        self.payments = Sut(callee, folder, "payments", [], limits=limits, callers=[
            {"caller": "cart", "route": "cart.pay", "modes": modes}])
        for sut, port, other, other_port in ((self.cart, cart_port, self.payments, payments_port),
                                             (self.payments, payments_port, self.cart, cart_port)):
            sut.port = port
            sut.settings["neighbours"] = [{"agent": other.name, "key": public_hex(other.key),
                                           "url": f"http://127.0.0.1:{other_port}"}]

    def start(self) -> None:
        self.cart.start()
        self.payments.start()
        self.payments.load()

    def agree(self) -> dict[str, Any]:
        """Until both say so: a first question may be lost to a busy machine."""
        def is_agreed() -> dict[str, Any] | None:
            if self.cart.route()["phase"] != "degraded":
                self.cart.look(BAD)  # Not in the mode: it would not have helped then.
                return None
            caller = self.payments.caller()
            return caller if caller["phase"] == "relying" else None
        return wait_for(is_agreed, lambda: f"they do not agree: {self.cart.route()}"
                                           f" {self.payments.caller()}")

    def must_be_kept(self) -> None:
        """N1: what is counted on is in the data plane, or a deeper mode that was just entered, with
        no higher rate. The callee is asked first, and counts on it for longer than this takes."""
        relied = self.payments.caller()
        plane = self.cart.route()["data_plane"]
        if relied["phase"] == "relying" and relied["left_ms"] > 1_000:
            must(plane["mode"] is not None and plane["rps_max"] <= relied["rps_max"],
                 f"payments counts on {relied}, and cart is in {plane}")

    def must_settle(self) -> None:
        def is_normal() -> bool:
            self.cart.look(GOOD)
            route = self.cart.route()
            return (route["phase"] == "normal" and route["data_plane"]["mode"] is None
                    and route["data_plane"]["share_percent"] == 100
                    and self.payments.caller()["phase"] == "idle")
        wait_for(is_normal, lambda: f"they are not back to normal: {self.cart.route()}"
                                    f" {self.payments.caller()}")

    def end(self) -> None:
        self.cart.kill()
        self.payments.kill()


def they_agree_renew_and_return_to_normal(pair: Pair) -> None:
    relied = pair.agree()
    must(relied["mode"] == "lean" and relied["rps_max"] <= 90, f"they agree on {relied}")
    pair.must_be_kept()

    def is_renewed() -> bool:
        pair.must_be_kept()
        promise = pair.cart.route()["promise"]
        return promise is not None and promise["turn"] >= 2
    wait_for(is_renewed, lambda: f"it is not renewed: {pair.cart.route()}")
    pair.payments.load(need="none")
    pair.must_settle()


def a_caller_that_is_well_leaves_with_leave(pair: Pair) -> None:
    pair.agree()
    wait_for(lambda: pair.cart.look(GOOD) or pair.cart.route()["phase"] in ("probation", "normal"),
             lambda: f"it does not leave: {pair.cart.route()}")
    pair.must_settle()


def a_caller_outlives_its_callee(pair: Pair) -> None:
    pair.agree()
    pair.payments.kill()
    pair.cart.look(GOOD)
    pair.cart.wait_phase("normal")
    must(pair.cart.route()["data_plane"]["mode"] is None, "a mode stays on for a dead callee")
    pair.payments.start()
    pair.payments.load()
    pair.agree()


def a_callee_outlives_its_caller(pair: Pair) -> None:
    pair.agree()
    pair.cart.kill()
    pair.payments.wait_caller("idle")
    pair.cart.start()
    pair.payments.load()
    pair.agree()


def a_caller_that_dies_keeps_its_mode_while_it_is_counted_on(pair: Pair) -> None:
    pair.agree()
    plane = pair.cart.route()["data_plane"]
    pair.cart.kill()
    pair.cart.start(found=[{"route": "cart.pay", "mode": plane["mode"],
                            "rps_max": plane["rps_max"], "left_ms": plane["left_ms"]}])
    pair.must_be_kept()
    pair.payments.wait_caller("idle")
    pair.must_settle()


TESTS: list[Callable[[Pair], None]] = [
    they_agree_renew_and_return_to_normal, a_caller_that_is_well_leaves_with_leave,
    a_caller_outlives_its_callee, a_callee_outlives_its_caller,
    a_caller_that_dies_keeps_its_mode_while_it_is_counted_on]


def run(test: Callable[[Pair], None], options: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory(prefix="pledges-") as folder:
        pair = Pair(options.caller, options.callee, Path(folder), PAIR_LIMITS)
        try:
            pair.start()
            test(pair)
        except Exception:
            print(f"FAILED  {test.__name__.replace('_', ' ')}")
            traceback.print_exc(file=sys.stdout)
            print(pair.cart.log(), pair.payments.log())
            return False
        finally:
            pair.end()
    print(f"passed  {test.__name__.replace('_', ' ')}", flush=True)
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--caller", metavar="COMMAND", default=PYTHON, help="starts the caller")
    parser.add_argument("--callee", metavar="COMMAND", default=PYTHON, help="starts the callee")
    parser.add_argument("--only", metavar="TEXT", default="",
                        help="tests whose name contains TEXT")
    options = parser.parse_args()
    chosen = [test for test in TESTS if options.only in test.__name__.replace("_", " ")]
    Patience.seconds = 60.0
    passed = [run(test, options) for test in chosen]
    print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed")
    return 0 if passed and all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
