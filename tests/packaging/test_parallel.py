"""Several functions of a run: each as if it were alone, and all or nothing of each."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time

from contextlib import contextmanager
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.configuration.resolution import resolve
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.errors import VerifyError
from poetry_plugin_package_function.packaging import parallel as module
from poetry_plugin_package_function.packaging.archive.timestamp import archive_time
from poetry_plugin_package_function.packaging.order import Order
from poetry_plugin_package_function.packaging.order import read_environment
from poetry_plugin_package_function.packaging.parallel import Packager
from poetry_plugin_package_function.packaging.service import package
from poetry_plugin_package_function.packaging.service import write_archives
from poetry_plugin_package_function.packaging.sources.facts import FactsCache
from poetry_plugin_package_function.packaging.verify.read_only_tree import ReadOnlyTree
from poetry_plugin_package_function.packaging.verify.unpacking import Workspace
from poetry_plugin_package_function.project import read_project
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.describing import Written
    from poetry_plugin_package_function.packaging.service import Pending
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.settings import Settings


COUNT = 12
TABLE = "tool.poetry-plugin-package-function.functions"
FILES = {f"handlers/f{number}.py": f"N = {number}\n" * 50 for number in range(COUNT)}
SHARED = {"library/data.txt": "all have it\n" * 9000, "library/__init__.py": ""}


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go, and nothing else."""
    directory = tmp_path / "scratch"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    return directory


@pytest.fixture(params=[1, 2, 8], ids=["one core", "two", "eight"])
def cores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """However many cores there are."""
    count: int = request.param
    monkeypatch.setattr(module, "usable_cores", lambda: count)
    return count


def orders_in(directory: Path, count: int = COUNT, keys: str = "") -> list[Order]:
    """Each function has a module of its own, and all have a library."""
    venv = make_venv(directory / "venv")
    install(venv, "library", SHARED)
    install(venv, "my_app", FILES)
    tables = "\n".join(
        f"[{TABLE}.f{number}]\n"
        f'exclude = ["handlers/*", "!handlers/f{number}.py"]\n'
        f'report = "f{number}.json"\n{keys}'
        for number in range(count)
    )
    project = read_project(make_project(directory / "project", table=tables))
    environment = read_environment(venv, project, FactsCache(None))
    every = resolve({}, project, [], default_output_dir=directory / "out")
    return [Order(environment, project, each, archive_time({})) for each in every]


def imported(orders: Sequence[Order]) -> list[Order]:
    """The same, of which each has a handler that is imported."""
    environment = orders[0].environment
    here = replace(environment.site_packages, interpreter=Path(sys.executable))
    environment = replace(environment, site_packages=here)
    return [
        replace(
            each,
            environment=environment,
            settings=replace(each.settings, handler="json.dumps"),
        )
        for each in orders
    ]


def complete(pending: Pending, order: Order) -> None:
    """Writes what a front end does."""
    report = order.settings.report
    assert report is not None
    pending.outputs[report].write(pending.report.sha256.encode())


def package_all(orders: Sequence[Order]) -> None:
    with Workspace() as workspace, Packager(orders, workspace) as packager:
        for order in orders:
            with packager.next(None) as pending:
                complete(pending, order)


def nothing_of(order: Order) -> Settings:
    """Settings that leave nothing to package, which is an error."""
    return replace(order.settings, exclude=("*",))


def results(orders: Sequence[Order]) -> dict[Path, bytes | None]:
    """What is at the places of all results."""
    return {
        path: path.read_bytes() if path.exists() else None
        for order in orders
        for path in order.settings.targets
    }


def files_beside(orders: Sequence[Order]) -> set[Path]:
    """What is in the directories of results, and is none."""
    places = results(orders)
    directories = {path.parent for path in places if path.parent.exists()}
    return {
        path
        for directory in directories
        for path in directory.iterdir()
        if path not in places and path.name != "pyproject.toml"
    }


def test_each_is_as_if_it_were_alone(tmp_path: Path, cores: int) -> None:
    """Every byte of each result, in the order that was asked for."""
    orders = orders_in(tmp_path)
    for order in orders:
        with package(order) as pending:
            complete(pending, order)
    alone = results(orders)
    for path in alone:
        path.unlink()

    package_all(orders)

    assert alone == results(orders)
    assert len({*alone.values()}) == len(alone)
    assert set() == files_beside(orders)


def test_nothing_is_at_its_place_before_it_is_taken(tmp_path: Path) -> None:
    """One result comes after the other, however far the others are."""
    orders = orders_in(tmp_path, 5)
    with Workspace() as workspace, Packager(orders, workspace) as packager:
        for number, order in enumerate(orders):
            with packager.next(None) as pending:
                there = [path for path, is_there in results(orders).items() if is_there]
                assert [p for o in orders[:number] for p in o.settings.targets] == there
                complete(pending, order)
            assert all(path.exists() for path in order.settings.targets)


def test_only_two_wait_to_be_taken(tmp_path: Path, cores: int) -> None:
    """A hundred archives that nobody has taken would fill a disk."""
    orders = orders_in(tmp_path)
    with Workspace() as workspace, Packager(orders, workspace) as packager:
        for order in orders:
            with packager.next(None) as pending:
                assert len(files_beside(orders)) <= 2 * min(2, cores)
                complete(pending, order)


@pytest.mark.parametrize("failing", [0, 1, 2, 4])
def test_one_that_fails(
    failing: int, tmp_path: Path, scratch: Path, cores: int
) -> None:
    """Those before it are complete; all else is as it was, and nothing is left."""
    orders = orders_in(tmp_path, 5)
    bad = orders[failing]
    orders[failing] = replace(bad, settings=nothing_of(bad))
    for path in results(orders):
        path.parent.mkdir(exist_ok=True)
        path.write_text("before")

    with pytest.raises(SourceError):
        package_all(orders)

    replaced = [content != b"before" for content in results(orders).values()]
    assert [number < failing for number in range(5) for _ in "zr"] == replaced
    assert set() == files_beside(orders)
    assert [] == os.listdir(scratch)


def test_one_that_cannot_be_imported(tmp_path: Path, scratch: Path) -> None:
    """It fails when it is taken: those before it are complete."""
    orders = orders_in(tmp_path, 4)
    bad = replace(orders[2].settings, handler="handlers.f0.handler")
    orders[2] = replace(orders[2], settings=bad)

    with pytest.raises(VerifyError):
        package_all(orders)

    there = [content is not None for content in results(orders).values()]
    assert [True] * 4 + [False] * 4 == there
    assert set() == files_beside(orders)
    assert [] == os.listdir(scratch)


def test_the_next_is_begun_when_what_is_imported_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both at once would take longer than one after the other."""
    orders = imported(orders_in(tmp_path, 4))
    monkeypatch.setattr(module, "usable_cores", lambda: 2)
    steps = []
    update = ReadOnlyTree.update

    @contextmanager
    def begun(order: Order, *more: Any) -> Iterator[Written]:
        steps.append("package")
        with write_archives(order, *more) as written:
            yield written

    def unpacked(tree: ReadOnlyTree, entries: Iterable[Entry]) -> None:
        steps.append("unpack")
        time.sleep(0.1)  # long enough for another thread to begin
        update(tree, entries)
        steps.append("unpacked")

    monkeypatch.setattr(module, "write_archives", begun)
    monkeypatch.setattr(ReadOnlyTree, "update", unpacked)
    package_all(orders)

    each = ["package", "unpack", "unpacked"]
    assert each * 4 == steps


@pytest.mark.parametrize("when", ["while it is taken", "between two"])
def test_an_interruption(when: str, tmp_path: Path, scratch: Path, cores: int) -> None:
    """What has been taken is complete, and nothing is left of all else."""
    orders = orders_in(tmp_path, 5)

    def interrupted() -> None:
        with Workspace() as workspace, Packager(orders, workspace) as packager:
            for order in orders[:2]:
                with packager.next(None) as pending:
                    complete(pending, order)
            if when == "between two":
                raise KeyboardInterrupt
            with packager.next(None):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    there = [content is not None for content in results(orders).values()]
    assert [True] * 4 + [False] * 6 == there
    assert set() == files_beside(orders)
    assert [] == os.listdir(scratch)


def test_an_interruption_while_the_next_one_waits(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything has been unpacked: it does not wait for ever."""
    orders = imported(orders_in(tmp_path, 4))
    monkeypatch.setattr(module, "usable_cores", lambda: 2)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    def interrupted() -> None:
        with Workspace() as workspace, Packager(orders, workspace) as packager:
            with packager.next(None) as pending:
                complete(pending, orders[0])
            monkeypatch.setattr(module, "verified", interrupt)
            with packager.next(None):
                pytest.fail("it has not been interrupted")

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert set() == files_beside(orders)
    assert [] == os.listdir(scratch)


def test_an_interruption_while_it_waits(tmp_path: Path, scratch: Path) -> None:
    """Who waits for a function is interrupted, and its thread ends at its next step."""
    orders = orders_in(tmp_path, 3)
    calls = []

    class Interrupting:
        """A front end that is interrupted as soon as something is shown."""

        def begin(self, what: str, *_: int) -> None:
            calls.append(what)
            raise KeyboardInterrupt

        def advance(self, *_: int) -> None:
            calls.append("advance")

    def interrupted() -> None:
        with Workspace() as workspace, Packager(orders, workspace) as packager:
            with packager.next(None) as pending:
                complete(pending, orders[0])
            with packager.next(Interrupting()):
                pytest.fail("it has not been interrupted")

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert ["Packaging"] == calls
    assert set() == files_beside(orders)
    assert [] == os.listdir(scratch)


def test_no_thread_is_left(tmp_path: Path) -> None:
    """Neither after a good end nor after a bad one."""
    orders = orders_in(tmp_path, 3)
    before = {*threading.enumerate()}

    package_all(orders)
    assert set() == {*threading.enumerate()} - before

    with suppress(SourceError):
        package_all([replace(each, settings=nothing_of(each)) for each in orders])
    assert set() == {*threading.enumerate()} - before


def test_progress_is_that_of_the_one_that_is_waited_for(tmp_path: Path) -> None:
    """It is shown from where it is, up to its end, and then no more."""
    orders = orders_in(tmp_path, 4)
    total = [0] * len(orders)

    class Counting:
        def __init__(self, number: int) -> None:
            self.number = number
            self.files = 0

        def begin(self, what: str, files: int, *_: int) -> None:
            assert "Packaging" == what
            self.files = files

        def advance(self, files: int, *_: int) -> None:
            total[self.number] += files

    with Workspace() as workspace, Packager(orders, workspace) as packager:
        for number, order in enumerate(orders):
            shown = Counting(number)
            with packager.next(shown) as pending:
                complete(pending, order)
            assert shown.files == total[number] or 0 == shown.files
    assert total[0] > 0
