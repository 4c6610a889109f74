"""Where INIT goes, as it is measured of archives; how often it is run."""

from __future__ import annotations

import sys

from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import pytest

from poetry_plugin_package_function.configuration.events import Event
from poetry_plugin_package_function.packaging.verify import measuring
from poetry_plugin_package_function.packaging.verify.handler import Function
from poetry_plugin_package_function.packaging.verify.importing import Outcome
from poetry_plugin_package_function.packaging.verify.importing import Task
from poetry_plugin_package_function.packaging.verify.measuring import Run
from poetry_plugin_package_function.packaging.verify.measuring import runs_of
from poetry_plugin_package_function.packaging.verify.unpacking import Unpacked
from tests.machine import interpreter
from tests.nested.function import Source
from tests.packaging.verifying import HANDLER
from tests.packaging.verifying import WORKS
from tests.packaging.verifying import archive_of
from tests.packaging.verifying import verified


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from poetry_plugin_package_function.packaging.verify.init import Init


OWNERS: Final = {
    "used/__init__.py": "used",
    "used/deep.py": "used",
    "other.py": "other",
}


def init_of(archive: Path, **options: Any) -> Init:
    """Where INIT goes of an archive whose files have owners."""
    found = verified(archive, distributions=OWNERS, **options).init
    assert found is not None
    return found


def test_a_flat_archive(tmp_path: Path) -> None:
    """Lines, owners, and sizes of what was read; a loader there is none."""
    files = {
        "my_app/__init__.py": "",
        "my_app/handler.py": f"from my_app import db\n{WORKS}",
        "my_app/db.py": "\nimport json.tool\nimport used.deep\n",
        "used/__init__.py": "try:\n    import gone\nexcept ImportError:\n    pass\n",
        "used/deep.py": f"import other\n{'x = 1' * 1}\n",
        "other.py": "y = 2\n",
    }
    found = init_of(archive_of(tmp_path, files))
    lines = {each.module: each.line for each in found.imports}
    assert "my_app/handler.py:1" == lines["my_app.db"]
    assert "my_app/db.py:3" == lines["used.deep"] == lines["used"] == lines["other"]
    assert "gone" not in lines
    (used,) = (each for each in found.distributions if each.name == "used")
    size = len(files["used/__init__.py"]) + len(files["used/deep.py"])
    assert (2, size, 0) == (used.modules, used.read_bytes, used.extracted_bytes)
    assert 0 < used.own_s < used.cumulative_s < found.imports_s
    names = {name for each in found.statements for name in each.modules}
    assert "used.deep" in names
    assert found.loader_s < found.imports_s
    assert found.start_s > 0
    assert {"other.py", "used/deep.py"} <= found.read


def test_an_import_that_is_lazy(tmp_path: Path) -> None:
    """It comes in where its name is used first; Python 3.15 has such imports."""
    files = {
        "my_app/__init__.py": "",
        "my_app/handler.py": "from my_app import db\n" + WORKS,
        "my_app/db.py": "lazy import used.deep\nlazy import other\n\nused.deep\n",
        "used/__init__.py": "",
        "used/deep.py": "",
        "other.py": "",
    }
    archive = archive_of(tmp_path, files)
    found = init_of(archive, interpreter=interpreter("3.15"))
    lines = {each.module: each.line for each in found.imports}
    assert "my_app/db.py:4" == lines["used"] == lines["used.deep"]
    assert "other" not in lines
    assert ["used"] == [each.name for each in found.distributions if each.line]


def test_a_nested_archive(tmp_path: Path) -> None:
    """What is extracted is counted, and the loader's time is apart."""
    text = "x = '" + "y" * 9000 + "'\n"
    report = Source(
        {
            "my_app/__init__.py": "",
            "my_app/handler.py": f"\nimport used\n{WORKS}",
            "my_app/db.py": "",
        },
        dependencies={
            "used": {"used/__init__.py": "from . import deep", "used/deep.py": text},
            "other": {"other.py": ""},
        },
    ).package(tmp_path)
    assert report.nested is not None
    found = init_of(report.output_file)
    rows = {each.name: each for each in found.distributions}
    assert len(text) < rows["used"].extracted_bytes
    assert "other" not in rows
    assert found.loader_s > 0
    modules = [each.module for each in found.imports]
    assert ["used", "used.deep"] == [each for each in modules if "used" in each]
    lines = {each.module: each.line for each in found.imports}
    assert "my_app/handler.py:2" == lines["used.deep"]
    assert not any("_package_function" in each or "" == each for each in modules)


def test_bytecode_is_read_in_place_of_its_source(tmp_path: Path) -> None:
    """A source that nobody opens has not been read."""
    import py_compile

    (tmp_path / "used.py").write_text("x = 1\n" * 99)
    compiled = py_compile.compile(
        str(tmp_path / "used.py"),
        str(tmp_path / "used.pyc"),
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    assert compiled is not None
    cached = f"__pycache__/used.{sys.implementation.cache_tag}.pyc"
    files: dict[str, str | bytes] = {
        "a.py": f"import used\n{WORKS}",
        "used.py": "x = 1\n" * 99,
        cached: (tmp_path / "used.pyc").read_bytes(),
    }
    result = verified(archive_of(tmp_path, files), "a.handler")
    assert result.init is not None
    assert {"a.py", cached} == result.init.read


def test_a_handler_that_is_only_parsed_has_none(tmp_path: Path) -> None:
    """Nothing has been measured."""
    archive = archive_of(tmp_path, {"a.py": WORKS})
    assert None is verified(archive, "a.handler", interpreter=None).init


def test_an_empty_handler_is_measured_if_it_is_asked_for(tmp_path: Path) -> None:
    """By the same interpreter; a budget that holds takes no more runs."""
    archive = archive_of(tmp_path, {"a.py": WORKS})
    found = verified(archive, "a.handler", max_init=500.0).init
    assert found is not None
    assert found.empty_s is not None
    assert 0 < found.empty_s < 60
    without = verified(archive, "a.handler").init
    assert without is not None
    assert None is without.empty_s


# -- how often ----------------------------------------------------------------------


@pytest.fixture
def first(tmp_path: Path) -> Run:
    """A first run, which took a second."""
    scratch = str(tmp_path)
    place = Unpacked(scratch, f"{scratch}/tmp", (), "/opt", "/home/none", scratch)
    return Run(Task(place, Function(HANDLER), 60.0), {"init_s": 1.0})


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Task]]:
    """Lets runs answer as is said, each by the clock; returns what has been run."""

    def answer(*init_s: float | None, empty_s: float | None = 0.1) -> list[Task]:
        done: list[Task] = []
        left = [*init_s]
        now_s = 0.0

        def run(_: object, task: Task) -> Outcome:
            nonlocal now_s
            done.append(task)
            is_empty = task.function.handler != HANDLER
            found = empty_s if is_empty else left.pop(0)
            now_s += found or 0
            given = None if found is None else {"init_s": found}
            return Outcome(0, True, given, "", "")

        monkeypatch.setattr(measuring, "run", run)
        monkeypatch.setattr("time.monotonic", lambda: now_s)
        return done

    return answer


def test_it_is_run_again_where_that_is_cheap(
    first: Run, runs: Callable[..., list[Task]]
) -> None:
    """The median counts; each run has a `/tmp` of its own, which goes."""
    done = runs(3.0, 2.0)
    found = runs_of("python", first, 30.0)
    assert (2.0, 3) == (found.median.init_s, found.count)
    places = {each.place.tmp_dir for each in (*done, first.task)}
    assert 3 == len(places)
    assert found.median.task is done[1]


def test_it_is_run_five_times_at_most(
    first: Run, runs: Callable[..., list[Task]]
) -> None:
    """However cheap it is."""
    done = runs(0.1, 0.2, 0.3, 0.4, 0.5)
    assert 5 == runs_of("python", first, 100.0).count
    assert 4 == len(done)


@pytest.mark.parametrize("so_far_s", [1.0, 4.9])
def test_it_is_run_once_where_that_is_not_cheap(
    first: Run, runs: Callable[..., list[Task]], so_far_s: float
) -> None:
    """Another run would take more than a fifth of all before."""
    assert [] == runs()
    assert 1 == runs_of("python", first, so_far_s).count


def test_a_host_is_not_called_twice(
    first: Run, runs: Callable[..., list[Task]]
) -> None:
    """Nor is what fails the second time looked at."""
    done = runs(None)
    called = replace(first, called=True)
    assert 1 == runs_of("python", called, 100.0).count
    assert [] == done
    assert 1 == runs_of("python", first, 100.0).count
    assert 1 == len(done)


def test_a_machine_that_can_do_no_more(
    first: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, or no process: the handler has been found, and that counts."""

    def run(*_: object) -> Outcome:
        raise OSError

    monkeypatch.setattr(measuring, "run", run)
    assert 1 == runs_of("python", first, 100.0).count
    found = runs_of("python", with_budget(first, 6), 100.0)
    assert (1, None) == (found.count, found.empty_s)


def test_the_hosts_of_a_call_are_not_those_of_the_import(tmp_path: Path) -> None:
    """So the import is run again, and its figures can be trusted."""
    code = (
        "import socket\n"
        "def handler(event, context):\n"
        "    try: socket.create_connection(('127.0.0.1', 9))\n"
        "    except OSError: return 'tried'\n"
    )
    event = Event("e.json", b"{}")
    archive = archive_of(tmp_path, {"a.py": code})
    found = verified(archive, "a.handler", event=event, max_init=0.001)
    assert found.event is not None
    assert '"tried"' == found.event.result
    assert found.init is not None
    assert 3 == found.init.runs


def with_budget(first: Run, most: float) -> Run:
    function = replace(first.task.function, max_init=most)
    return replace(first, task=replace(first.task, function=function))


def test_a_budget_is_decided_by_three_runs(
    first: Run, runs: Callable[..., list[Task]]
) -> None:
    """Whatever they cost: one that was slow by accident fails nobody."""
    done = runs(0.5, 0.4)
    found = runs_of("python", with_budget(first, 6), 1.0)
    assert (0.5, 0.1) == (found.median.init_s, found.empty_s)
    assert 3 + 1 == len(done)  # two are enough: the shorter counts
    done = runs(2.0, 3.0)
    found = runs_of("python", with_budget(first, 6), 1.0)
    assert (2.0, 3) == (found.median.init_s, found.count)


def test_an_empty_handler_may_not_start(
    first: Run, runs: Callable[..., list[Task]]
) -> None:
    """Then there is nothing to measure by."""
    runs(empty_s=None)
    found = runs_of("python", with_budget(first, 6), 1.0)
    assert None is found.empty_s
