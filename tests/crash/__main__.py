"""`python -m tests.crash --seed 1 --repeat 2`: every point at every provider on both kinds of stack, the naive
version beside it, and chaos. Prints the table; exits with 1 if a condition is broken."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from tests.services import lacking
from tests.stack import KINDS

from .oracle import Outcome, Verdict
from .points import POINTS
from .report import problems, table
from .work import Failed, Work, carry_out

HOUR = 3600.0  # after which one kind has failed


def main() -> int:
    asked = _arguments()
    started = time.monotonic()
    runs: list[dict[str, Any]] = []
    broken: list[str] = []
    for kind in asked.kind or KINDS:
        if missing := lacking(*KINDS[kind]):
            broken.append(f"{kind} was not run: this machine lacks {missing}")
            continue
        try:
            runs.append(carry_out(_work(asked, kind), seconds=HOUR))
        except Failed as error:
            broken.append(str(error))
    outcomes = [Outcome(**{**one, "verdict": Verdict(one["verdict"])}) for run in runs for one in run["outcomes"]]
    broken += problems(outcomes, runs, naive=not asked.without_naive)
    _say(table(outcomes), "")
    for run in runs:
        for storm in run["chaos"]:
            _say(f"Chaos on {run['kind']}: {storm}")
    _say("", *(f"BROKEN: {text}" for text in broken))
    minutes = (time.monotonic() - started) / 60
    _say(f"Seed {asked.seed}, {sum(run['replaced'] for run in runs)} workers replaced, {minutes:.1f} minutes.")
    return 1 if broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=2, help="how often each point is played at each provider")
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="both where it is left out")
    parser.add_argument("--point", action="append", default=[], help="those whose name begins so; all if left out")
    parser.add_argument("--chaos", type=int, default=2, help="how many chaos runs on each kind")
    parser.add_argument("--pixels", type=int, default=240, help="how many pixels each of them creates")
    parser.add_argument("--without-naive", action="store_true", help="only the product")
    return parser.parse_args()


def _work(asked: argparse.Namespace, kind: str) -> Work:
    begin = tuple(asked.point)
    names = tuple(point.name for point in POINTS if not begin or point.name.startswith(begin))
    return Work(
        kind=kind,
        seed=asked.seed,
        points=names,
        naive=() if asked.without_naive else names,
        repeat=asked.repeat,
        chaos_runs=asked.chaos,
        chaos_pixels=asked.pixels,
    )


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
