"""Which modules get stubs, and that importing through them ends where flat does."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import py_compile
import re

from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.nested.function import PADDING
from tests.nested.function import PYTHON
from tests.nested.function import Source


if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Case:
    """A project, the entry modules that it has, and what is imported first."""

    source: Source
    entries: tuple[str, ...]
    imports: tuple[str, ...]
    home: str
    nest: tuple[str, ...] | None = None


def value_of(name: str) -> str:
    return f"VALUE = '{name}'\n"


def files(*names: str, **more: str) -> Mapping[str, str]:
    return {name: value_of(name) for name in names}


LEGACY = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
CASES = {
    "name in capitals": Case(
        Source(files("My_App/__init__.py", "My_App/api.py"), name="My-App"),
        ("My_App",),
        ("My_App.api",),
        "My_App/",
    ),
    "package of another name": Case(
        Source(files("handlers/__init__.py", "handlers/api.py"), name="My-App"),
        ("handlers",),
        ("handlers.api",),
        "handlers/",
    ),
    "namespace package": Case(
        Source(files("acme/fn/__init__.py", "acme/fn/api.py"), name="acme.fn"),
        ("acme.fn",),
        ("acme.fn.api",),
        "acme/fn/",
    ),
    "deep namespace": Case(
        Source(files("a/b/c/d/__init__.py", "a/b/c/e.py")),
        ("a.b.c.d", "a.b.c.e"),
        ("a.b.c.e", "a.b.c.d"),
        "a/b/c/d/",
    ),
    "single file": Case(Source(files("my_app.py")), ("my_app",), ("my_app",), ""),
    "packages and modules": Case(
        Source(files("one/__init__.py", "one/sub.py", "two.py", "ns/three.py")),
        ("ns.three", "one", "two"),
        ("two", "ns.three", "one.sub"),
        "one/",
    ),
    "a dependency in the same namespace": Case(
        Source(
            {
                "acme/fn/__init__.py": "import acme.dep\nVALUE = acme.dep.VALUE\n",
                "acme/fn/api.py": "from acme.dep import VALUE\n",
            },
            dependencies={"acme_dep": files("acme/dep/__init__.py")},
        ),
        ("acme.fn",),
        ("acme.fn.api", "acme.fn", "acme.dep"),
        "acme/fn/",
    ),
    "plain modules in a namespace": Case(
        Source(files("acme/fn.py", "acme/more/other.py")),
        ("acme.fn", "acme.more.other"),
        ("acme.more.other", "acme.fn"),
        "",
    ),
    "a dependency's legacy __init__ on the way": Case(
        Source(
            files("acme/fn/__init__.py", "acme/fn/api.py"),
            dependencies={
                "acme_dep": {"acme/__init__.py": LEGACY, "acme/dep.py": value_of("dep")}
            },
        ),
        ("acme",),
        ("acme.fn.api", "acme.dep"),
        "acme/",
        ("padding",),
    ),
    "an included module": Case(
        Source(
            {},
            table='include = ["lambda_function.py"]',
            beside={"lambda_function.py": "from padding import *\nVALUE = 1\n"},
        ),
        ("lambda_function",),
        ("lambda_function",),
        "",
    ),
    "an included package": Case(
        Source(
            {},
            table='include = [{include = "**/*.py", from = "src"}]',
            beside={"src/app/__init__.py": "", "src/app/api.py": "VALUE = 1\n"},
        ),
        ("app",),
        ("app.api",),
        "app/",
    ),
    "no distribution, but a module of the name": Case(
        Source(
            {}, dependencies={"other": files("my_app/__init__.py", "my_app/sub.py")}
        ),
        ("my_app",),
        ("my_app.sub",),
        "my_app/",
        ("padding",),
    ),
    "a name of the standard library": Case(
        Source(files("wave.py", "profile/__init__.py", "profile/api.py")),
        ("profile", "wave"),
        ("wave", "profile.api"),
        "profile/",
    ),
}
PROBE = """\
import importlib
found = []
for name in {names!r}:
    module = importlib.import_module(name)
    file = os.path.relpath(module.__file__, {root!r})
    found.append([name, getattr(module, "VALUE", None), file])
found.append(sorted(name for name in sys.modules if name.split(".")[0] in {tops!r}))
show(found)
"""


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_modules_are_imported_as_from_a_flat_result(tmp_path: Path, case: Case) -> None:
    """The same names, files and modules, whatever shape the project's code has."""
    check(tmp_path, case)


def check(tmp_path: Path, case: Case) -> None:
    flat = case.source.unpacked(tmp_path / "flat", nested=False)
    nested = case.source.unpacked(tmp_path / "nested", nest=case.nest)
    assert case.entries == nested.report.entry_modules
    assert nested.report.nested is not None
    assert f"{case.home}.dependencies.zip" == nested.report.nested.archive
    answers = []
    for function in (flat, nested):
        tops = {name.split(".")[0] for name in case.entries}
        root = str(function.task_root)
        code = PROBE.format(names=case.imports, root=root, tops=tops)
        answer = json.dumps(function.ask(code))
        answers.append(re.sub(r"[./\w-]*/package-function-[\da-f]+-\d+/", "", answer))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("name", ["my_app/__init__", "my_app", "acme/my_app"])
def test_modules_without_source(tmp_path: Path, name: str) -> None:
    """Code that is only there as bytecode has a stub in the place of its source."""
    source = tmp_path / "source.py"
    source.write_text(value_of(name))
    compiled = py_compile.compile(str(source), str(tmp_path / "c"), doraise=True)
    assert compiled is not None
    module = name.removesuffix("/__init__").replace("/", ".")
    check(
        tmp_path,
        Case(
            Source({f"{name}.pyc": Path(compiled).read_bytes()}),
            (module,),
            (module,),
            "my_app/" if name.endswith("__init__") else "",
        ),
    )


def test_an_extension_module(tmp_path: Path) -> None:
    """A single file may be a native library."""
    spec = importlib.util.find_spec("xxlimited")
    if spec is None or spec.origin is None:
        pytest.skip(f"{PYTHON} has no xxlimited to take for an extension module")
    file = Path(spec.origin)
    source = Source({file.name: file.read_bytes()})
    check(tmp_path, Case(source, ("xxlimited",), ("xxlimited",), ""))


def test_a_new_version_does_not_use_an_old_extraction(tmp_path: Path) -> None:
    """A new version in the same environment does not see what an old one extracted."""
    old, new = (
        Source(
            {"my_app.py": "from padding import value\n"},
            dependencies={"padding": {**PADDING, "padding/value.py": value_of(each)}},
        )
        for each in ("old", "new")
    )
    first = old.unpacked(tmp_path / "old")
    second = replace(new.unpacked(tmp_path / "new"), tmp_dir=first.tmp_dir)
    code = "from my_app import value\nshow([value.VALUE, value.__file__])\n"
    for function, value in ((first, "old"), (second, "new")):
        file = function.extracted("padding") / "padding/value.py"
        assert [value, str(file)] == function.ask(code)
    assert first.extracted("padding") != second.extracted("padding")
