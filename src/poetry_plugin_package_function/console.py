"""How `poetry package-function` shows what it does: in Poetry's manner."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from cleo.formatters.formatter import Formatter
from cleo.io.outputs.stream_output import StreamOutput

from poetry_plugin_package_function.escaping import printable
from poetry_plugin_package_function.report.progress import Meter
from poetry_plugin_package_function.report.progress import bar


if TYPE_CHECKING:
    from pathlib import Path

    from cleo.io.io import IO
    from cleo.io.outputs.section_output import SectionOutput

    from poetry_plugin_package_function.bundling.plan import Bundle
    from poetry_plugin_package_function.standard_streams import Streams


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

    def __init__(self, io: IO) -> None:
        self._io = io
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
        taken = escaped(f"groups: {groups}{extras}")
        self._step(f"Building a virtual environment ({taken})")

    def phase(self, text: str) -> None:
        """See `bundling.poetry_output.Listener`."""
        self._progress(f"    {escaped(text)}")

    def operation(self, text: str, number: int, total: int) -> None:
        """See `bundling.poetry_output.Listener`."""
        count = f"{number:>{len(str(total))}}/{total}" if total else f"{number}"
        shown = escaped(text)
        if self._overwrites and total:
            shown = (
                f"{escaped(bar(self._installed / total))}"
                f" {self._installed_bytes / 1e6:,.1f} MB {shown}"
            )
        self._progress(f"    <fg=blue;options=bold>-</> {count} {shown}")

    def installed(self, size_bytes: int) -> None:
        """See `bundling.poetry_output.Listener`."""
        self._installed += 1
        self._installed_bytes += size_bytes

    def warning(self, text: str) -> None:
        """See `bundling.poetry_output.Listener`."""
        if text.startswith(_WARNING):  # Poetry shows there what it chooses, too
            self._warned.append(text.removeprefix(_WARNING))
        self._io.write_error_line(f"<warning>{escaped(text)}</warning>")

    def warned(self) -> tuple[str, ...]:
        """Returns what Poetry has warned of while it built the last environment."""
        return tuple(self._warned)

    def packaging(self, venv: Path, function: str | None) -> Meter:
        """The files are being packaged; returns what shows how far they are."""
        what = f"<c1>{escaped(function)}</c1> out of " if function else ""
        self._step(f"Packaging {what}<c2>{escaped(str(venv))}</c2>")
        return Meter(
            lambda text: self._progress(f"    {escaped(text)}"),
            replaces=self._overwrites,
        )

    def done(self) -> None:
        """The step is over: its progress goes from the screen."""
        if self._section is not None:
            self._section.clear()
            self._section = None

    def _step(self, text: str) -> None:
        self.done()
        self._io.write_line(f"  <fg=blue;options=bold>•</> {text}")

    def _progress(self, text: str) -> None:
        if not self._overwrites:
            self._io.write_line(text)
            return
        if self._section is None:
            self._section = self._io.section()
        self._section.overwrite(text)
