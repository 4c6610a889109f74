"""The last lines of a run: what was not tried, and what to call for it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from _pytest.terminal import TerminalReporter

_COMMANDS: Final = {"slow": "make test", "large": "make test-all"}
_KEY: Final = "deselected"


class Untried:
    """Counts the tests that markers leave out, and the reasons of those skipped.

    Workers of xdist leave tests out, each the same ones; the process that shows the
    result hears of them when a worker ends.
    """

    def __init__(self) -> None:
        self._deselected: Counter[str] = Counter()

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Counts them by what has to be called for them."""
        for item in items:
            marks = [mark for mark in _COMMANDS if item.get_closest_marker(mark)]
            self._deselected.update(_COMMANDS[mark] for mark in marks[-1:])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hands the counts over, in a worker."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_KEY] = dict(self._deselected)

    def pytest_testnodedown(self, node: object) -> None:
        """Takes a worker's counts."""
        self._deselected = Counter(getattr(node, "workeroutput", {}).get(_KEY, {}))

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Writes a line for each command and for each reason."""
        reasons: Counter[str] = Counter(
            report.longrepr[2].removeprefix("Skipped: ")
            for report in terminalreporter.stats.get("skipped", [])
        )
        lines = [
            *(
                f"{n} {'test' if n == 1 else 'tests'}: {command}"
                for command, n in sorted(self._deselected.items())
            ),
            *(f"{n} skipped: {why}" for why, n in sorted(reasons.items())),
        ]
        if lines:
            terminalreporter.section("not tried")
            for line in lines:
                terminalreporter.write_line(line)
        if reasons:
            terminalreporter.write_line("What is missing: make test-tools")
