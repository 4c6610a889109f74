"""Where INIT goes: figures out of what was traced."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import pytest

from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.packaging.verify.init import Statement
from poetry_plugin_package_function.packaging.verify.init_figures import Files
from poetry_plugin_package_function.packaging.verify.init_figures import Measured
from poetry_plugin_package_function.packaging.verify.init_figures import Row
from poetry_plugin_package_function.packaging.verify.init_figures import init_of
from poetry_plugin_package_function.packaging.verify.init_figures import paths_in


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.verify.init import Init


NAMES: Final = {
    "my_app/__init__.py": "my-app",
    "my_app/handler.py": "my-app",
    "my_app/db.py": "",
    "pandas/__init__.py": "pandas",
    "pandas/io.py": "pandas",
    "numpy/__init__.py": "numpy",
    "six.py": "six",
}
FILES: Final = Files(
    names={f"/t/{name}": name for name in NAMES},
    owners=NAMES,
    sizes={name: 100 + number for number, name in enumerate(NAMES)},
    own=frozenset(("", "my-app")),
)
LOADER: Final = "/t/.dependencies/loader.py"


def row(
    parent: int, module: str, asked: str, elapsed_s: float, memory: int = 0, **more: Any
) -> Row:
    """A row; who has asked is "file:line", without the task root, from the inside."""
    frames: list[object] = []
    for each in asked.split():
        file, _, line = each.partition(":")
        frames += [file if file.startswith("<") else f"/t/{file}", int(line)]
    path = f"{module.replace('.', '/')}.py"
    package = f"{module.replace('.', '/')}/__init__.py"
    name = next((each for each in (path, package) if each in NAMES), "")
    file = f"/t/{name}" if name else more.pop("file", "")
    made = Row(parent, True, module, file, frames, elapsed_s, False, memory)
    return made._replace(**more)


def init(rows: Sequence[Row], files: Files = FILES) -> Init:
    return init_of(Measured(10.0, 1.0, rows), files)


USUAL: Final = (
    row(-1, "", "v.py:9", 0.5),
    row(-1, "my_app.handler", "v.py:10", 8.0, 80),
    row(1, "my_app", "v.py:10", 0.25),
    row(1, "my_app.db", "my_app/handler.py:3", 7.0, 70),
    row(3, "pandas", "my_app/db.py:1", 6.0, 60),
    row(4, "numpy", "pandas/__init__.py:7", 2.0, 20),
    row(5, "math", "numpy/__init__.py:1", 0.5, 5),
    row(4, "pandas.io", "pandas/__init__.py:9", 1.0, 10),
    row(3, "six", "my_app/db.py:2", 0.5),
)


def test_all_of_init_is_told_apart() -> None:
    """What is told apart comes to all of it."""
    found = init(USUAL)
    assert (1.0, 0.5, 8.5) == (found.start_s, found.loader_s, found.imports_s)
    assert 10.0 == found.total_s


def test_imports_are_a_tree() -> None:
    """Each has its own time and memory, and that of what it imports."""
    found = init(USUAL).imports
    assert [
        ("my_app.handler", -1, 0.75, 8.0, 10),
        ("my_app", 0, 0.25, 0.25, 0),
        ("my_app.db", 0, 0.5, 7.0, 10),
        ("pandas", 2, 3.0, 6.0, 30),
        ("numpy", 3, 1.5, 2.0, 15),
        ("math", 4, 0.5, 0.5, 5),
        ("pandas.io", 3, 1.0, 1.0, 10),
        ("six", 2, 0.5, 0.5, 0),
    ] == [
        (each.module, each.parent, each.own_s, each.cumulative_s, each.memory_bytes)
        for each in found
    ]
    assert "my_app/db.py" == found[2].file
    assert ["my-app", "", "pandas", None] == [
        found[number].distribution for number in (0, 2, 3, 5)
    ]


def test_each_comes_of_a_line_of_the_project() -> None:
    """What others import comes of the line that has imported them."""
    found = {each.module: each.line for each in init(USUAL).imports}
    assert found == {
        "my_app.handler": "",
        "my_app": "",
        "my_app.db": "my_app/handler.py:3",
        "pandas": "my_app/db.py:1",
        "numpy": "my_app/db.py:1",
        "math": "my_app/db.py:1",
        "pandas.io": "my_app/db.py:1",
        "six": "my_app/db.py:2",
    }


def test_distributions_are_added_up() -> None:
    """What imports itself again is counted once; Python's own modules are no one's."""
    files = replace(
        FILES,
        read=frozenset(("pandas/io.py", "six.py", "numpy/__init__.py", "gone")),
        extracted=frozenset(("pandas/io.py", "pandas/__init__.py")),
    )
    found = {each.name: each for each in init(USUAL, files).distributions}
    assert ["pandas", "numpy", "my-app", "", "six", None] == [*found]
    pandas = found["pandas"]
    assert (2, 4.0, 6.0, 40, 60) == pandas[1:6]
    assert (104, 103 + 104, "my_app/db.py:1") == pandas[6:]
    assert (8.0, "") == (found["my-app"].cumulative_s, found["my-app"].line)
    assert (0.5, "") == (found[None].own_s, found[None].line)
    assert {"pandas/io.py", "six.py", "numpy/__init__.py"} == init(USUAL, files).read


def test_what_was_only_read_is_there() -> None:
    """A distribution may have data that INIT reads, and no module that it imports."""
    files = replace(FILES, read=frozenset(("six.py",)))
    (found,) = init((), files).distributions
    assert ("six", 0, 0.0, 106) == (
        found.name,
        found.modules,
        found.own_s,
        found.read_bytes,
    )


def test_lines_of_the_project_are_added_up() -> None:
    """A line that imports several things is one; of a package only the top is named."""
    rows = (
        row(-1, "my_app.db", "v.py:1", 9.0),
        row(0, "numpy", "my_app/db.py:4", 2.0),
        row(0, "pandas", "my_app/db.py:4", 1.0),
        row(0, "pandas.io", "my_app/db.py:4", 1.0),
        row(0, "six", "my_app/db.py:5", 0.5),
        row(0, "my_app.handler", "my_app/db.py:6", 4.0),
    )
    assert [
        Statement("my_app/db.py:4", ("numpy", "pandas"), 4.0),
        Statement("my_app/db.py:5", ("six",), 0.5),
    ] == init(rows).statements


def test_a_function_may_import() -> None:
    """The line is the innermost of the project's, or that which calls a library."""
    rows = (
        row(-1, "my_app.db", "v.py:1", 9.0),
        row(0, "numpy", "my_app/handler.py:8 my_app/db.py:4", 2.0),
        row(0, "six", "lazy/attach.py:1 my_app/db.py:5", 2.0),
    )
    _, *lines = [each.line for each in init(rows).imports]
    assert ["my_app/handler.py:8", "my_app/db.py:5"] == lines


def test_the_loader_is_apart() -> None:
    """With what it imports; what a `.pth` file of the user's imports is not its."""
    rows = (
        row(-1, "", "v.py:9", 2.0, 20),
        row(0, "json", f"{LOADER[3:]}:4", 0.5),
        row(1, "json.decoder", "json/__init__.py:1", 0.25),
        row(0, "six", "<string>:1", 0.5, 4),
        row(-1, "my_app.handler", "v.py:1", 4.0, 9),
        row(4, "pandas", "my_app/handler.py:3", 3.0, 8),
        row(5, "", f"{LOADER[3:]}:50", 1.0, 6),
        row(6, "zlib", f"{LOADER[3:]}:4", 0.5),
    )
    found = init(rows)
    assert 2.5 == found.loader_s
    assert [("six", -1), ("my_app.handler", -1), ("pandas", 1)] == [
        (each.module, each.parent) for each in found.imports
    ]
    assert [0.5, 3.0, 2.0] == [each.cumulative_s for each in found.imports]
    assert [4, 1, 2] == [each.memory_bytes for each in found.imports]


def test_what_fails_is_its_importers() -> None:
    """An optional module that is not there has no row; what it has imported has."""
    rows = (
        row(-1, "my_app.db", "v.py:1", 4.0, 9),
        row(0, "nothing", "my_app/db.py:1", 1.0, 2, failed=True),
        row(0, "pandas", "my_app/db.py:2", 2.0, 3, failed=True),
        row(2, "six", "pandas/__init__.py:2", 0.5, 1),
        row(-1, "gone", "v.py:2", 0.5, failed=True),
    )
    found = init(rows).imports
    assert [("my_app.db", 2.0, 6), ("pandas", 1.5, 2), ("six", 0.5, 1)] == [
        (each.module, each.own_s, each.memory_bytes) for each in found[:3]
    ]


def test_what_has_no_file_is_its_packages() -> None:
    """As `six.moves`; what is known of no package is not in the archive."""
    rows = (
        row(-1, "six", "my_app/db.py:1", 1.0),
        row(-1, "six.moves.urllib", "my_app/db.py:1", 1.0),
        row(-1, "namespace", "my_app/db.py:1", 1.0),
        row(-1, "six.odd", "my_app/db.py:1", 1.0, file="/usr/lib/odd.py"),
    )
    found = [each.distribution for each in init(rows).imports]
    assert ["six", "six", None, None] == found


def test_other_threads_are_apart() -> None:
    """Their time is nobody's; that they have imported something is known."""
    rows = (
        row(-1, "my_app.db", "v.py:1", 4.0),
        row(-1, "pandas", "threading.py:1", 3.0, is_main=False),
        row(0, "six", "my_app/db.py:3", 1.0),
        row(1, "numpy", "pandas/__init__.py:3", 1.0, is_main=False),
    )
    found = init(rows)
    assert ["my_app.db", "six"] == [each.module for each in found.imports]
    assert [("pandas", -1), ("numpy", 0)] == [
        (each.module, each.parent) for each in found.elsewhere
    ]
    (pandas,) = (each for each in found.distributions if each.name == "pandas")
    assert (1, 0.0) == (pandas.modules, pandas.own_s)
    assert 4.0 == sum(each.own_s for each in found.distributions)


def test_paths_are_listed() -> None:
    """Those of modules, and of who has asked for them."""
    found = [*paths_in((USUAL[4],))]
    assert ["/t/pandas/__init__.py", "/t/my_app/db.py"] == found


@st.composite
def trees(draw: st.DrawFn) -> list[Row]:
    """Imports within imports, some of them the loader's, some of which fail."""
    names = st.sampled_from(["", "pandas", "pandas.io", "six", "math", "my_app.db"])
    asked = st.sampled_from([f"{LOADER[3:]}:1", "my_app/db.py:2", "six.py:3", "<s>:1"])
    rows: list[Row] = []
    left: list[int] = []
    for number in range(draw(st.integers(0, 12))):
        parent = draw(st.integers(-1, number - 1))
        most = left[parent] if parent >= 0 else 1000
        elapsed = draw(st.integers(0, most))
        if parent >= 0:
            left[parent] -= elapsed
        left.append(elapsed)
        failed = draw(st.booleans())
        name = draw(names)
        rows.append(row(parent, name, draw(asked), elapsed, elapsed, failed=failed))
    return rows


@given(trees())
def test_nothing_is_lost(rows: list[Row]) -> None:
    """All times come to those of the outermost imports, and parents come first."""
    found = init(rows)
    whole = sum(each.elapsed_s for each in rows if each.parent == -1)
    own = sum(each.own_s for each in found.imports)
    assert whole == pytest.approx(own + found.loader_s)
    assert own == pytest.approx(sum(each.own_s for each in found.distributions))
    roots = [each for each in found.imports if each.parent == -1]
    assert own == pytest.approx(sum(each.cumulative_s for each in roots))
    for number, each in enumerate(found.imports):
        assert each.parent < number
        below = [one for one in found.imports if one.parent == number]
        with_below = each.own_s + sum(one.cumulative_s for one in below)
        assert each.cumulative_s == pytest.approx(with_below)
