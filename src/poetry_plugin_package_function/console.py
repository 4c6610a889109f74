"""How `poetry package-function` shows what it does: in Poetry's manner."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from cleo.formatters.formatter import Formatter
from cleo.io.outputs.stream_output import StreamOutput

from poetry_plugin_package_function.escaping import printable
from poetry_plugin_package_function.megabytes import megabytes
from poetry_plugin_package_function.report.progress import Meter
from poetry_plugin_package_function.report.progress import bar
from poetry_plugin_package_function.screen import cut
from poetry_plugin_package_function.screen import fitted
from poetry_plugin_package_function.screen import shown_path


if TYPE_CHECKING:
    from pathlib import Path

    from cleo.io.io import IO
    from cleo.io.outputs.section_output import SectionOutput

    from poetry_plugin_package_function.bundling.plan import Bundle
    from poetry_plugin_package_function.standard_streams import Streams


_STEP: Final = "  • "
_OPERATION: Final = "    - "
"""What lines of these kinds begin with, as in Poetry."""

_WARNING: Final = "Warning: "


def escaped(line: str) -> str:
    """Keeps a line from being read as markup, or as anything else but text."""
    return Formatter.escape(printable(line))


def write_to(streams: Streams, io: IO) -> None:
    """Lets Poetry's outputs write to streams that last.

    They are used all over Poetry, so they stay, and what is behind them is replaced.
    """
    for output, stream in (
        (io.output, streams.out),
        (io.error_output, streams.errors),
    ):
        if isinstance(output, StreamOutput):
            output._stream = stream


class Console:
    """Listens to the bundling and shows progress.

    On a terminal one line is overwritten; in a pipe or a log each step is a line.
    """

    def __init__(self, io: IO, columns: int | None = None) -> None:
        """Shows nothing yet.

        Args:
            io: Where it shows what is done.
            columns: How wide that is; None if it is no terminal.
        """
        self._io = io
        self._columns = columns
        self._shown_warnings: set[str] = set()
        # With -v all that is installed stays on the screen, as in `poetry install`.
        self._overwrites = io.output.is_decorated() and not io.is_verbose()
        self._section: SectionOutput | None = None
        self._installed = self._installed_bytes = 0
        self._warned: list[str] = []

    def building(self, bundle: Bundle) -> None:
        """The virtual environment is being built."""
        self._installed = self._installed_bytes = 0
        self._warned = []
        groups = ", ".join(bundle.groups) or "none"
        extras = f", extras: {', '.join(bundle.extras)}" if bundle.extras else ""
        self._step(f"Building a virtual environment (groups: {groups}{extras})")

    def phase(self, text: str) -> None:
        """See `bundling.poetry_output.Listener`."""
        self._progress(f"    {text}")

    def operation(self, text: str, number: int, total: int) -> None:
        """See `bundling.poetry_output.Listener`."""
        done = f"{number:>{len(str(total))}}/{total}" if total else f"{number}"
        if self._overwrites and total:
            # What is drawn and what is written are both about what is done, not about
            # what has begun: Poetry downloads several at once.
            drawn = bar(self._installed / total, self._columns)
            done = f"{drawn}{self._installed:>{len(str(total))}}/{total}"
            done += f" {megabytes(self._installed_bytes)}"
        self._progress(f"{_OPERATION}{done} {text}")

    def installed(self, size_bytes: int) -> None:
        """See `bundling.poetry_output.Listener`."""
        self._installed += 1
        self._installed_bytes += size_bytes

    def warning(self, text: str) -> None:
        """See `bundling.poetry_output.Listener`; each is shown once in a run."""
        if text.startswith(_WARNING):  # Poetry shows there what it chooses, too
            self._warned.append(text.removeprefix(_WARNING))
        if text in self._shown_warnings:
            return
        self._shown_warnings.add(text)
        for line in fitted(text, self._columns):
            self._io.write_error_line(f"<warning>{escaped(line)}</warning>")

    def warned(self) -> tuple[str, ...]:
        """Returns what Poetry has warned of while it built the last environment."""
        return tuple(self._warned)

    def packaging(self, name: str, output: Path, venv: Path | None) -> Meter:
        """The files are being packaged.

        Args:
            name: Whose they are.
            output: What they are written to.
            venv: The environment that the user has given; None for one of ours, whose
                place means nothing to anybody.

        Returns:
            What shows how far they are.
        """
        source = f" out of {shown_path(venv)}" if venv else ""
        self._step(f"Packaging {name}{source} into {shown_path(output)}")
        return Meter(
            lambda text: self._progress(f"    {text}"),
            replaces=self._overwrites,
            columns=self._columns,
        )

    def done(self) -> None:
        """The step is over: its progress goes from the screen."""
        if self._section is not None:
            self._section.clear()
            self._section = None

    def _step(self, text: str) -> None:
        self.done()
        for line in fitted(text, self._columns, first=_STEP):
            shown = escaped(line.removeprefix(_STEP))
            mark = "  <fg=blue;options=bold>•</> " if line.startswith(_STEP) else ""
            self._io.write_line(f"{mark}{shown}")

    def _progress(self, text: str) -> None:
        if not self._overwrites:
            for line in fitted(text, self._columns):
                self._io.write_line(_marked(line))
            return
        if self._section is None:
            self._section = self._io.section()
        self._section.overwrite(_marked(cut(text, self._columns)))


def _marked(line: str) -> str:
    if not line.startswith(_OPERATION):
        return escaped(line)
    rest = escaped(line.removeprefix(_OPERATION))
    return f"    <fg=blue;options=bold>-</> {rest}"
