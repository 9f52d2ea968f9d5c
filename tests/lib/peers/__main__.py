# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Runs the suites of other clients on the embedded broker: ``python -m peers FOLDER [NAME...]``.

Of the tests that pass on RabbitMQ, which ``recorded`` names, all have to pass but those in `exceptions`. With
``--reference`` the suites run on RabbitMQ first, and what passes there is recorded for its release.
"""

import argparse
import sys
from pathlib import Path

from rabbitmq.installation import find

from .exceptions import EXCEPTIONS
from .fetching import fetch
from .record import read, write
from .running import Runner
from .suites import SUITES, Suite

#: How much of what passes on RabbitMQ has to pass, exceptions or not.
_SHARE = 0.99


class Result:
    """One suite on the embedded broker, compared with RabbitMQ.

    Attributes:
        expected: The tests that pass on RabbitMQ.
        lost: Those that did not pass, each with its outcome.
        again: Those that passed in a second run alone.
    """

    def __init__(self, suite: Suite, release: str, runner: Runner) -> None:
        self.suite = suite
        self.expected = read(suite.name, release)
        exempt = {
            test
            for each in EXCEPTIONS
            if each.suite == suite.name and release in each.releases
            for test in each.tests
        }
        ended = runner.on_embedded(suite, release)
        self.lost = {
            test: ended.get(test, "not run") for test in self.expected if ended.get(test) != "passed"
        }
        self.again: list[str] = []
        # Their waits are bounded, some by a second: once more, alone, tells a slow machine from a fault.
        if doubtful := sorted(set(self.lost) - exempt):
            second = runner.on_embedded(suite, release, doubtful)
            self.again = [test for test in doubtful if second.get(test) == "passed"]
            for test in self.again:
                del self.lost[test]
        self.wrong = [f"{test}: {outcome}" for test, outcome in self.lost.items() if test not in exempt]
        self.wrong += [
            f"{test}: an exception, yet it passes" for test in sorted(exempt & self.expected - set(self.lost))
        ]
        self.wrong += [
            f"{test}: an exception, yet not among what passes on RabbitMQ"
            for test in sorted(exempt - self.expected)
        ]
        if not self.expected:
            self.wrong.append("nothing is recorded for this release")

    def __str__(self) -> str:
        passed, all_of_them = len(self.expected) - len(self.lost), len(self.expected)
        again = f", {len(self.again)} of them in a second run alone" if self.again else ""
        return f"{self.suite.name}: {passed} of {all_of_them} that pass on RabbitMQ{again}"


def main() -> int:
    """Run, and say what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--emulate", choices=["4.3", "3.10"], default="4.3")
    parser.add_argument("--reference", action="store_true")
    arguments = parser.parse_args()
    known = [suite.name for suite in SUITES]
    if unknown := set(arguments.names) - set(known):
        parser.error(f"no suite is called {', '.join(unknown)}: there are {', '.join(known)}")
    if tuple(sys.version_info) < (3, 11):
        print("Some of the suites need Python 3.11: make peers PYTHON=python3.11", file=sys.stderr)
        return 1
    suites = [suite for suite in SUITES if not arguments.names or suite.name in arguments.names]
    fetch(arguments.folder, suites)
    runner = Runner(arguments.folder.resolve())
    release = arguments.emulate
    if arguments.reference:
        release = find().release
        for suite in suites:
            ended = runner.on_rabbitmq(suite)
            write(suite.name, release, [test for test, outcome in ended.items() if outcome == "passed"])
        if release not in ("4.3", "3.10"):
            print(f"Recorded for RabbitMQ {release}, which the embedded broker does not emulate.")
            return 0
    results = [Result(suite, release, runner) for suite in suites]
    print(f"\nOn the embedded broker, as RabbitMQ {release}:")
    for result in results:
        print(result, *result.wrong, sep="\n    ")
    expected = sum(len(result.expected) for result in results)
    lost = sum(len(result.lost) for result in results)
    share = (expected - lost) / max(expected, 1)
    print(f"together: {expected - lost} of {expected}, {share:.2%}")
    return 1 if share < _SHARE or any(result.wrong for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
