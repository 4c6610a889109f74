"""Wheels come into the environment unopened, out of Poetry's cache where it has them.

What an index has is served on loopback; in what is said to be offline, it has gone.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import tarfile

from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.bundling.build import begun_venv
from poetry_plugin_package_function.errors import BundleError
from poetry_plugin_package_function.interruption import scratch_directory
from poetry_plugin_package_function.packaging.sources.facts import FactsCache
from poetry_plugin_package_function.packaging.sources.wheel_directory import put
from poetry_plugin_package_function.packaging.sources.wheel_directory import wheels_in
from tests.bundling.projects import Locked
from tests.bundling.projects import bundle
from tests.bundling.projects import load
from tests.bundling.projects import locked
from tests.e2e.wheels import make_wheel
from tests.e2e.wheels import served
from tests.trees import site_packages_of
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry.config.config import Config

    from poetry_plugin_package_function.packaging.sources.facts import KnownWheel
    from poetry_plugin_package_function.packaging.sources.wheel_directory import Wheel


PYPROJECT = """\
[project]
name = "my-app"
version = "1.0"
requires-python = ">=3.10,<4.0"

[project.optional-dependencies]
more = ["third"]

[tool.poetry.dependencies]
first = "*"
library = {{ path = "library" }}
third = {{ version = "*", optional = true }}

[[tool.poetry.source]]
name = "index"
url = "{url}/simple/"

[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
"""
LIBRARY = """\
[project]
name = "library"
version = "1.0"
requires-python = ">=3.10"

[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
"""
FILES = {
    "my_app/__init__.py": "",
    "library/pyproject.toml": LIBRARY,
    "library/library.py": "ANSWER = 1\n",
}
# What is built by this needs nothing of an index.
BACKEND = """\
import os, zipfile

def build_wheel(directory, *_):
    name = "first-1.0-py3-none-any.whl"
    if "HALF" in os.environ:
        with open(os.path.join(directory, name), "wb") as wheel:
            wheel.write(b"PK")
        os.kill(os.getpid(), 9)
    with zipfile.ZipFile(os.path.join(directory, name), "w") as wheel:
        for member, text in {
            "first.py": "BUILT = 1",
            "first-1.0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: first\\n",
            "first-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\\n",
            "first-1.0.dist-info/RECORD": "",
        }.items():
            wheel.writestr(zipfile.ZipInfo(member), text)
    return name
"""
SDIST = {
    "first-1.0/pyproject.toml": "[build-system]\nrequires = []\n"
    'build-backend = "backend"\nbackend-path = ["."]\n',
    "first-1.0/backend.py": BACKEND,
    "first-1.0/PKG-INFO": "Metadata-Version: 2.1\nName: first\nVersion: 1.0\n",
}


@dataclass
class Heard:
    """What a listener has been given."""

    operations: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def phase(self, text: str) -> None:
        """Not of interest."""

    def operation(self, text: str, number: int, total: int) -> None:
        """Remembers it."""
        self.operations.append(f"{number}/{total} {text}")

    def installed(self, size_bytes: int) -> None:
        """Remembers it."""
        self.sizes.append(size_bytes)

    def warning(self, text: str) -> None:
        """Remembers it."""
        self.warnings.append(text)


@dataclass(frozen=True)
class Shop:
    """An index with files of "first", and a project that needs it.

    Attributes:
        index: What is served.
        project: The project.
        cache: Poetry's cache.
    """

    index: Path
    project: Path
    cache: Path

    def offer(self, *files: Path) -> tuple[tuple[str, str], ...]:
        """Puts files on the index's page; as a lock has them: names and hashes."""
        links = []
        for file in files:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            links.append((file.name, f"sha256:{digest}"))
        page = "".join(
            f'<a href="/files/{name}#{pin.replace(":", "=")}">{name}</a>\n'
            for name, pin in links
        )
        write_files(self.index, {"simple/first/index.html": f"<!DOCTYPE html>{page}"})
        return tuple(links)

    def lock(self, files: tuple[tuple[str, str], ...], *more: Locked) -> None:
        """Locks the project: "first" with these files, and the library."""
        with self.online():
            first = Locked("first", wheels=(), files=files)
            library = Locked(
                "library", wheels=(), directory=str(self.project / "library")
            )
            locked(self.project, first, library, *more)

    @contextmanager
    def online(self) -> Iterator[None]:
        """Serves the index, at an address that is the same each time."""
        with served(self.index, port=self.port):
            yield

    @contextmanager
    def emptied(self) -> Iterator[None]:
        """Serves nothing there: to wait for an answer takes longer than to hear no."""
        nothing = self.index / "nothing"
        nothing.mkdir()
        with served(nothing, port=self.port):
            yield

    @property
    def port(self) -> int:
        """Where the index is served."""
        return int((self.index / "port").read_text())

    def archives(self, name: str) -> list[Path]:
        """The files in Poetry's cache of such names."""
        return sorted((self.cache / "artifacts").rglob(name))


@pytest.fixture
def shop(tmp_path: Path, config: Config) -> Shop:
    """A project that needs what is offered, and a directory beside it."""
    index = tmp_path / "index"
    with served(tmp_path) as url:
        port = url.rpartition(":")[2]
    write_files(index, {"port": port, "files/README": ""})
    project = write_files(
        tmp_path / "project", {"pyproject.toml": PYPROJECT.format(url=url), **FILES}
    )
    return Shop(index, project, Path(config.get("cache-dir")))


@dataclass(frozen=True)
class Found:
    """What an environment held, while it was there."""

    wheels: dict[str, tuple[str | None, bytes]]
    laid_out: set[str]
    heard: Heard

    def pins(self) -> dict[str, str | None]:
        """The pins of all wheels by their names."""
        return {name: pin for name, (pin, _) in self.wheels.items()}


def build(project: Path, *arguments: str, no_cache: bool = False) -> Found:
    """Builds the environment for a command line."""
    poetry = load(project, disable_cache=no_cache)
    heard = Heard()
    with scratch_directory() as home:
        with begun_venv(
            *(poetry, bundle(poetry, *arguments), home, heard, lambda: None),
            facts=FactsCache(None),
        ) as begun:
            built = begun.complete()
        found = wheels_in(built.venv)
        laid_out = {
            path.name
            for path in site_packages_of(built.venv).iterdir()
            if not path.name.startswith(("_virtualenv", "__pycache__"))
        }
        return Found(
            {each.path.name: (each.pin, each.path.read_bytes()) for each in found},
            laid_out,
            heard,
        )


def wheel_of(shop: Shop, tags: str = "py3-none-any", text: str = "1\n") -> Path:
    """Makes a wheel of "first" among the index's files."""
    made = make_wheel(shop.index / "made", "first", {"first.py": text})
    return made.rename(shop.index / "files" / f"first-1.0-{tags}.whl")


FIRST = "first-1.0-py3-none-any.whl"
OWN = {"library-1.0-py3-none-any.whl", "my_app-1.0-py3-none-any.whl"}


def test_wheels_stay_closed(shop: Shop) -> None:
    """What the lock pins has its hash with it; what is built here has none.

    Each that Poetry installs is counted, and not the project's own, which is none of
    its operations; nothing is laid out.
    """
    wheel = wheel_of(shop)
    ((name, pin),) = files = shop.offer(wheel)
    shop.lock(files)

    with shop.online():
        found = build(shop.project)

    assert {name: pin, **dict.fromkeys(OWN)} == found.pins()
    assert wheel.read_bytes() == found.wheels[name][1]
    assert set() == found.laid_out
    assert len(found.heard.operations) == len(found.heard.sizes) == 2
    assert sum(found.heard.sizes) > len("1\n") + len("ANSWER = 1\n")
    first, second = sorted(each[4:] for each in found.heard.operations)
    assert "Installing first (1.0)" == first
    assert second.startswith("Installing library (1.0")


def test_what_is_in_the_cache_needs_no_index(shop: Shop) -> None:
    """The second time nothing is downloaded, nor asked for, with extras too."""
    third = make_wheel(shop.index / "files", "third", {"third.py": ""})
    digest = hashlib.sha256(third.read_bytes()).hexdigest()
    page = f'<a href="/files/{third.name}#sha256={digest}">{third.name}</a>'
    write_files(shop.index, {"simple/third/index.html": page})
    more = Locked(
        *("third", "1.0", ("main",), 'extra == "more"', ()),
        files=((third.name, f"sha256:{digest}"),),
        optional=True,
    )
    shop.lock(shop.offer(wheel_of(shop)), more)
    with shop.online():
        first = build(shop.project, "-E", "more")

    offline = build(shop.project, "-E", "more")

    assert {FIRST, third.name, *OWN} == {*offline.wheels}
    assert first.pins() == offline.pins()
    assert [] == offline.heard.warnings


def test_without_the_cache_the_index_is_asked(shop: Shop) -> None:
    """`--no-cache` is Poetry's own way: it has to see the index."""
    shop.lock(shop.offer(wheel_of(shop)))
    with shop.online():
        build(shop.project)
        assert {FIRST, *OWN} == {*build(shop.project, no_cache=True).wheels}

    with shop.emptied(), pytest.raises(BundleError):
        build(shop.project, no_cache=True)


THIS = "cp311.cp312.cp313.cp314-none-any"


@pytest.mark.parametrize(
    ("offered", "settings", "expected"),
    [
        (("py3-none-any", THIS), {}, THIS),
        (("py2-none-any", "py2.py3-none-any"), {}, "py2.py3-none-any"),
        (("1-py3-none-any", "2-py3-none-any"), {}, "2-py3-none-any"),
        (("10-py3-none-any", "9-py3-none-any"), {}, "10-py3-none-any"),
        (("cp27-none-any", "py3-none-any"), {"only-binary": "first"}, "py3-none-any"),
    ],
)
def test_the_wheel_is_the_one_that_poetry_would_choose(
    offered: tuple[str, ...],
    settings: dict[str, str],
    expected: str,
    shop: Shop,
    config: Config,
) -> None:
    """Online, where Poetry chooses among the index's files, and offline."""
    config.merge({"installer": settings})
    wheels = [wheel_of(shop, each, f"{each!r}\n") for each in offered]
    shop.lock(shop.offer(*wheels, sdist_of(shop)))

    with shop.online():
        assert f"first-1.0-{expected}.whl" in build(shop.project, no_cache=True).wheels
    assert f"first-1.0-{expected}.whl" in build(shop.project).wheels


def sdist_of(shop: Shop) -> Path:
    """Makes an sdist of "first" among the index's files."""
    path = shop.index / "files/first-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in SDIST.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def test_no_binary_is_respected(shop: Shop, config: Config) -> None:
    """Though the cache has a wheel, it is built; and it is built once."""
    config.merge({"installer": {"no-binary": "first"}})
    shop.lock(shop.offer(wheel_of(shop), sdist_of(shop)))
    with shop.online():
        first = build(shop.project)
    assert {None} == {*first.pins().values()}
    assert [FIRST] == [each.name for each in shop.archives("*.whl")]

    assert first.wheels[FIRST] == build(shop.project).wheels[FIRST]


@pytest.mark.parametrize("size_bytes", [0, 100, -1])
@pytest.mark.parametrize("kind", [wheel_of, sdist_of])
def test_a_damaged_file_in_the_cache(kind: object, size_bytes: int, shop: Shop) -> None:
    """It is found out, and downloaded anew; so is what has been built of it."""
    shop.lock(shop.offer(kind(shop)))  # type: ignore[operator]
    with shop.online():
        expected = build(shop.project).wheels[FIRST]
    for each in shop.archives("first-*"):
        each.write_bytes(each.read_bytes()[:size_bytes])

    with shop.emptied(), pytest.raises(BundleError):
        build(shop.project)
    with shop.online():
        assert expected == build(shop.project).wheels[FIRST]
    assert expected == build(shop.project).wheels[FIRST]


def test_a_damaged_wheel_that_was_built(shop: Shop) -> None:
    """There is no hash to hold it against: it is deleted, and built anew."""
    shop.lock(shop.offer(sdist_of(shop)))
    with shop.online():
        expected = build(shop.project).wheels[FIRST]
    (wheel,) = shop.archives("*.whl")
    wheel.write_bytes(wheel.read_bytes()[:-9])

    with pytest.raises(BundleError) as caught:
        build(shop.project)

    assert caught.value.lines[0].startswith(f"{FIRST} could not be installed: ")
    assert "Run the command again" in caught.value.hint
    assert expected == build(shop.project).wheels[FIRST]


class FullDisk(FactsCache):
    """Finds nothing out, as there is no space."""

    def of(self, wheel: Wheel) -> KnownWheel:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(wheel.path))


@pytest.mark.parametrize("kind", [wheel_of, sdist_of])
def test_a_full_disk(kind: object, shop: Shop) -> None:
    """It says nothing of what is in the cache, which stays."""
    shop.lock(shop.offer(kind(shop)))  # type: ignore[operator]
    with shop.online():
        build(shop.project)
    before = shop.archives("first-*")
    poetry = load(shop.project)

    with (
        scratch_directory() as home,
        pytest.raises(BundleError) as caught,
        begun_venv(
            *(poetry, bundle(poetry), home, Heard(), lambda: None),
            facts=FullDisk(None),
        ) as begun,
    ):
        begun.complete()

    assert "No space left on device" in caught.value.reason
    assert caught.value.hint.startswith("Free some space.")
    assert before == shop.archives("first-*")


def test_a_build_that_is_killed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has written by then is not taken for a wheel."""
    shop.lock(shop.offer(sdist_of(shop)))
    monkeypatch.setenv("HALF", "1")
    with shop.online(), pytest.raises(BundleError):
        build(shop.project)
    assert [] == shop.archives("*.whl")

    monkeypatch.delenv("HALF")
    assert FIRST in build(shop.project).wheels


def test_a_file_of_that_name_that_is_not_the_locked_one(shop: Shop) -> None:
    """Other projects have other files in the cache, and keep them."""
    other = wheel_of(shop, text="'another one'\n")
    strange = shop.cache / "artifacts" / "aa" / "bb" / "cc" / "dd" / other.name
    strange.parent.mkdir(parents=True)
    os.rename(other, strange)
    before = strange.read_bytes()
    wheel = wheel_of(shop)
    shop.lock(shop.offer(wheel))

    for _ in range(2):
        with shop.online():
            assert wheel.read_bytes() == build(shop.project).wheels[FIRST][1]
    assert before == strange.read_bytes()


def test_a_path_dependency_that_has_changed(shop: Shop) -> None:
    """It is built anew, though its version is the same."""
    shop.lock(shop.offer(wheel_of(shop)))
    name = "library-1.0-py3-none-any.whl"
    with shop.online():
        before = build(shop.project).wheels[name]
    write_files(shop.project, {"library/library.py": "ANSWER = 2\n"})

    assert before != build(shop.project).wheels[name]


def test_a_wheel_that_is_no_zip(shop: Shop) -> None:
    """It is named, though its hash is the locked one."""
    bad = shop.index / "files" / FIRST
    bad.write_bytes(b"not a ZIP")
    shop.lock(shop.offer(bad))

    with shop.online(), pytest.raises(BundleError) as caught:
        build(shop.project)

    (line,) = caught.value.lines
    assert line.startswith(f"{FIRST} could not be installed: ")
    assert "not a zip file" in line


# -- the directory -------------------------------------------------------------------


def test_wheels_are_found_as_they_were_put(tmp_path: Path) -> None:
    """With their pins; what is there only once is not copied if that can be avoided."""
    pinned = write_files(tmp_path, {"cache/b-1.whl": "b"}) / "cache/b-1.whl"
    built = write_files(tmp_path, {"tmp/a-1.whl": "a"}) / "tmp/a-1.whl"
    venv = tmp_path / "venv"

    made = {put(venv, pinned, "sha256:0123"), put(venv, built, None)}
    built.unlink()

    assert made == {*wheels_in(venv)}
    assert [("a-1.whl", None, b"a"), ("b-1.whl", "sha256:0123", b"b")] == [
        (each.path.name, each.pin, each.path.read_bytes()) for each in wheels_in(venv)
    ]
    assert os.path.samefile(pinned, venv / "wheels/sha256=0123/b-1.whl")
    assert () == wheels_in(tmp_path / "another")


@pytest.mark.parametrize("pin", ["sha256:0123", None])
def test_where_there_are_no_links(
    pin: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems and users have none: it is copied."""

    def refuse(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "symlink", refuse)
    monkeypatch.setattr(os, "link", refuse)
    wheel = write_files(tmp_path, {"a-1.whl": "a"}) / "a-1.whl"

    put(tmp_path / "venv", wheel, pin)
    wheel.unlink()

    (found,) = wheels_in(tmp_path / "venv")
    assert (pin, b"a") == (found.pin, found.path.read_bytes())
