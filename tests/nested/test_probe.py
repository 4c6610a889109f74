"""One handler asks many questions; each layout gives the same answers."""

from __future__ import annotations

import json
import re
import subprocess

from importlib.util import find_spec
from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import NamedTuple

import pytest

from poetry_plugin_package_function.services import LAMBDA
from tests.lambda_runtime import unpack
from tests.machine import interpreter
from tests.nested.function import Source
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.packaging.result import Report


VERSIONS: Final = ("3.11", "3.12", "3.13", "3.14", "3.15")
LAYOUTS: Final = ("nested", "project nested", "compiled", "eager", "layer")

APP = '''\
"""The project's."""
from __future__ import annotations
import first
COUNT = globals().get("COUNT", 0) + 1
class Thing:
    """Can be pickled."""
def work(path):
    import second
    with open(path, "w") as file:
        file.write(f"{second.VALUE} {__name__}")
def fail():
    raise LookupError("on purpose")
def warn():
    import warnings
    warnings.warn("look here", stacklevel=1)'''
FIRST = '''\
"""The first dependency."""
import os
from . import sub
HERE = os.path.dirname(__file__)
def work(path):
    from .tests import expected
    import plugged, second
    with open(path, "w") as file:
        file.write(f"{second.VALUE} {plugged.VALUE} {expected.VALUE}")
def function():
    return HERE
'''
SWAPS = """\
import sys, types
class Module(types.ModuleType):
    VALUE = 7
    @property
    def lazy(self):
        from first import sub
        return sub.__name__
sys.modules[__name__] = Module(__name__)
"""
SOURCE: Final = Source(
    {
        "my_app/__init__.py": APP,
        "my_app/sub/__init__.py": "from .. import Thing\n",
        "my_app/data/greeting.txt": "Grüße\n",
        "my_app/data/large.txt": "large " * 30_000,
        "my_app/tests/__init__.py": "",
        "single.py": "class Point: ...\nimport swaps\n",
    },
    marks={"entry_points.txt": "[probe]\napp = my_app:Thing\n"},
    dependencies={
        "first": {
            "first/__init__.py": FIRST,
            "first/__main__.py": "import sys\nprint('main', sys.argv[1:])\n",
            "first/sub.py": "def function():\n    return 1\n",
            "first/late.py": "VALUE = 'late'\n",
            "first/data/greeting.txt": "Hello\n",
            "first/data/large.txt": "large " * 50_000,
            "first/tests/__init__.py": "",
            "first/tests/expected.py": "VALUE = 'expected'\n",
        },
        "second": {"second.py": "VALUE = 2\ndef deep():\n    return [VALUE]\n"},
        "flat_one": {
            "flat_one/__init__.py": "VALUE = 'flat'\n",
            "flat_one/tests/__init__.py": "VALUE = 'tests'\n",
            "flat_one/tests/large.txt": "0123456789 " * 2_000,
        },
        "plug": {
            "plug/__init__.py": "VALUE = 1\ndef get():\n    return VALUE\n",
            "plug/sub.py": "from plug import get\n",
        },
        "plugged": {"plugged.py": "VALUE = 'plugged'\n"},
        "lazily": {"lazily/__init__.py": "VALUE = 'lazy'\n", "lazily/sub.py": ""},
        "swaps": {"swaps.py": SWAPS},
        "near_one": {"near/one/__init__.py": "VALUE = 'one'\n", "near/one.txt": "1"},
        "near_two": {"near/two.py": "from near.one import VALUE as ONE\n"},
        "hidden": {"hidden/__init__.py": "", "share/colours.txt": "red\n"},
        "hooked": {
            "hooked.pth": "import hooked_now\n",
            "hooked_now.py": "import sys\nsys.hooked = True\n",
        },
    },
)
MARKS: Final[dict[str, dict[str, str | bytes]]] = {
    "first": {
        "entry_points.txt": "[probe]\nfirst = first:function\n",
        "top_level.txt": "first\n",
    }
}
NESTED: Final = tuple(
    each.replace("_", "-") for each in SOURCE.dependencies if each != "flat_one"
)

FLAGS: Final = {"compiled": {"compile": True}, "eager": {"eager": True}}
LAYER: Final = "layer.zip"
NAMED: Final[dict[str, dict[str, str]]] = {"layer": {".pth files": "docs/layers.md"}}
"""Answers that are others, and where that is documented."""

PREPARED = """\
import json, os, site, subprocess, sys, tempfile, warnings
root = os.environ["LAMBDA_TASK_ROOT"]
sys.path[:0] = json.loads(os.environ["PROBE_PATH"])
def run(*arguments, path):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    # With `-c`, the task root would be found as the current directory.
    done = subprocess.run([sys.executable, "-B", *arguments], env=env,
                          cwd=os.environ["TMPDIR"], capture_output=True, text=True)
    return [done.returncode, done.stdout, done.stderr]
def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()
class Hook:  # as wrapt and ddtrace do it, from a sitecustomize
    heard = []
    def find_spec(self, name, path=None, target=None):
        if name not in ("plug", "plugged") or name in self.heard:
            return None
        from importlib.util import find_spec
        self.heard.append(name)
        spec = find_spec(name)
        loader = spec.loader
        class Chained:
            def create_module(self, spec):
                return loader.create_module(spec)
            def exec_module(self, module):
                module.__spec__.loader = module.__loader__ = loader
                loader.exec_module(module)
                module.patched = getattr(module, "VALUE", "nothing")
        spec.loader = Chained()
        return spec
sys.meta_path.insert(0, Hook())
import plug
site.addsitedir(root)
"""
QUESTIONS = {
    "what a hook has patched before the start": """\
import plug.sub
answer = [plug.patched, plug.get(), sys.modules["plug"] is plug, plug.__file__,
          plug.__spec__.origin, list(plug.__path__), plug.sub.__file__]
""",
    "what a hook has patched later": """\
import plugged
answer = [plugged.patched, plugged.VALUE, type(plugged.__loader__).__name__]
""",
    ".pth files": "answer = sys.hooked",
    "data beside packages": """\
answer = [read(p, "share/colours.txt") for p in sys.path
          if os.path.exists(os.path.join(p, "share/colours.txt"))]
""",
    "a question for a module": """\
from importlib.util import find_spec
answer = [repr(find_spec("second").origin), find_spec("absent"),
          find_spec("near.two").name, find_spec("first").submodule_search_locations]
""",
    "lazily loaded": """\
from importlib.util import LazyLoader, find_spec, module_from_spec
spec = find_spec("lazily")
spec.loader = LazyLoader(spec.loader)
module = sys.modules["lazily"] = module_from_spec(spec)
spec.loader.exec_module(module)
answer = [module.VALUE, __import__("lazily.sub").sub.__name__]
""",
    "the names in a module": """\
import my_app, single, first, second, plug
answer = [list(vars(each)) for each in (my_app, single, first, second, plug)]
""",
    "what a module knows of itself": """\
import my_app, single, first, second
answer = [[repr(getattr(each, name, None)) for name in (
    "__name__", "__doc__", "__package__", "__spec__", "__path__", "__file__",
    "__loader__")] for each in (my_app, single, first, second)]
answer += [[os.path.isfile(path) for path in (
    each.__file__, each.__spec__.origin, each.__loader__.path)]
    for each in (my_app, single, first, second, sys.modules["plug"])]
""",
    "the modules that are loaded": """\
import my_app, single
answer = sorted(name for name in sys.modules if name.split(".")[0] in (
    "my_app", "single", "first", "second", "near", "plug", "hidden", "swaps"))
""",
    "namespaces": """\
import near.two, near.one, near
answer = [near.two.ONE, near.one.VALUE, getattr(near, "__file__", None),
          near.__spec__.origin, near.two.__file__]
""",
    "data in a namespace": """\
from importlib import resources
answer = resources.files("near").joinpath("one.txt").read_text()
""",
    "a module that replaces itself": """\
import swaps
from swaps import lazy
answer = [swaps.VALUE, lazy, type(swaps).__name__, swaps is sys.modules["swaps"]]
""",
    "data beside a module": """\
import first
answer = [read(first.HERE, "data/greeting.txt"), sorted(
    name for name in os.listdir(first.HERE) if name != "__pycache__")]
""",
    "pkgutil": """\
import first, my_app, near, pkgutil, flat_one
answer = [
    pkgutil.get_data("first", "data/greeting.txt").decode(),
    pkgutil.get_data("my_app", "data/greeting.txt").decode(),
    sorted({m.name for m in pkgutil.iter_modules()} & {"my_app", "single", "first",
        "second", "swaps", "hidden", "flat_one", "plug"}),
    *(sorted({(m.name, m.ispkg) for m in pkgutil.iter_modules(each.__path__)})
        for each in (my_app, first, near, flat_one)),
    sorted({m.name for m in pkgutil.walk_packages(first.__path__, "first.")}),
    pkgutil.resolve_name("first.late:VALUE"),
]
""",
    "resources": """\
from importlib import resources
answer = []
for name in "my_app", "first":
    files = resources.files(name)
    with resources.as_file(files / "data/greeting.txt") as path:
        answer.append([str(path), path.read_text(encoding="utf-8"), sorted(
            each.name for each in files.iterdir()
            if each.name != "__pycache__" and ".dependencies" not in each.name)])
answer.append(str(resources.files("plug")))
""",
    "tests": """\
import first.tests.expected, flat_one.tests, my_app.tests
answer = [first.tests.expected.VALUE, flat_one.tests.VALUE, flat_one.__file__]
""",
    "reload": """\
import importlib, first, my_app, second
count = my_app.COUNT
answer = [[importlib.reload(each) is each, each.__file__, each.__spec__.origin]
          for each in (my_app, first, second)] + [my_app.COUNT - count]
""",
    "imported anew": """\
import importlib
answer = []
for name in "my_app", "first", "second":
    kept = {n: sys.modules.pop(n) for n in [*sys.modules] if n.split(".")[0] == name}
    anew = importlib.import_module(name)
    answer.append([anew is kept[name], anew.__file__])
    sys.modules.update(kept)
""",
    "pickle": """\
import copy, pickle, my_app, first, single
from importlib import metadata
copies = pickle.loads(pickle.dumps([my_app.Thing, first.function, single.Point()]))
points = metadata.entry_points(group="probe")
points = [pickle.loads(pickle.dumps(each)) for each in points]
answer = [copies[0] is my_app.Thing, copies[1] is first.function, type(copies[2]) is
    single.Point, sorted(p.name for p in points), copy.copy(first.__spec__).origin]
""",
    "spawned children": """\
import multiprocessing, first, my_app
answer = []
for each in first, my_app:
    path = os.path.join(tempfile.mkdtemp(), "answer")
    child = multiprocessing.get_context("spawn").Process(target=each.work, args=[path])
    child.start(); child.join()
    answer.append([child.exitcode, read(path)])
""",
    "children with the parent's path": """\
answer = run("-c", "import first.tests.expected as a, flat_one.tests as b, second as c;"
             "import near.two as d; print(a.VALUE, b.VALUE, c.VALUE, d.ONE)",
             path=sys.path)
""",
    "programs": """\
path = json.loads(os.environ["PROBE_PATH"])
answer = [run("-m", "first", "a", path=path), run("-m", "second", path=path),
          run("-c", "import flat_one.tests as t; print(t.VALUE)", path=path)]
""",
    "forked children": """\
from warnings import catch_warnings, simplefilter
with catch_warnings():
    simplefilter("ignore")
    child = os.fork()
if not child:
    try:
        import hidden, first.late
        os._exit(len(first.late.VALUE))
    finally:
        os._exit(99)
answer = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
""",
    "threads": """\
import importlib, threading
found, names = [], ["hidden", "first.late", "near.one", "my_app.sub"] * 3
barrier = threading.Barrier(len(names))
def work(name):
    barrier.wait()
    found.append([name, importlib.import_module(name).__name__])
threads = [threading.Thread(target=work, args=[name]) for name in names]
for thread in threads: thread.start()
for thread in threads: thread.join()
answer = sorted(found)
""",
    "entry points": """\
from importlib import metadata
points = sorted(metadata.entry_points(group="probe"), key=lambda each: each.name)
files = {"app": "my_app/__init__.py", "first": "first/data/greeting.txt"}
places = [each.dist.locate_file(files[each.name]) for each in points]
answer = [[repr(each.load()).partition(" at ")[0], each.dist.name] for each in points]
answer += [[str(place), place.is_file()] for place in places]
""",
    "distributions": """\
from importlib import metadata
tops = root, *json.loads(os.environ["PROBE_PATH"]), os.environ["TMPDIR"]
path = [entry for entry in sys.path if entry.startswith(tops)]
def listed(**how):
    found = sorted(metadata.distributions(path=path, **how), key=lambda d: d.name)
    return [[d.name, sorted([str(f), str(f.locate()), f.locate().exists()]
             for f in d.files if "dist-info" not in str(f))] for d in found]
context = metadata.DistributionFinder.Context(path=path)
asked = [sum(1 for _ in metadata.distributions(context=context)) for _ in range(3)]
answer = [listed(), listed(name="First"), listed(name="flat-one"), asked,
          sum(1 for d in metadata.distributions() if d.name == "first")]
""",
    "metadata": """\
from importlib import metadata
found = metadata.packages_distributions()
names = "my_app", "single", "first", "second", "near", "swaps", "hidden", "flat_one"
answer = [metadata.version("near_two"), metadata.requires("first"),
    {name: sorted(set(found.get(name, ()))) for name in names},
    str(metadata.distribution("first").locate_file("first/sub.py")),
    sorted(map(str, metadata.files("near-one")))]
""",
    "pkg_resources": """\
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pkg_resources
except Exception as error:  # the version that the interpreter has may be too old for it
    answer = repr(error)
else:
    answer = [
        pkg_resources.resource_filename("first", "data/greeting.txt"),
        pkg_resources.resource_string("my_app", "data/greeting.txt").decode(),
        sorted(pkg_resources.resource_listdir("first", "data")),
        sorted(str(each) for each in pkg_resources.iter_entry_points("probe")),
        pkg_resources.get_distribution("near-two").version,
        pkg_resources.resource_filename(
            pkg_resources.Requirement.parse("first"), "first/data/greeting.txt"),
        pkg_resources.resource_exists(
            pkg_resources.Requirement.parse("first"), "first/data/greeting.txt"),
    ]
""",
    "sources": """\
import inspect, linecache, first, my_app, second, single, plug
asked = first, my_app, second, single, plug, my_app.fail, second.deep, my_app.Thing
answer = [inspect.getsource(each) for each in asked]
linecache.clearcache()
answer += [inspect.getsource(each) for each in asked]
answer += [inspect.getsourcefile(my_app), inspect.getmodule(my_app.Thing).__name__]
""",
    "a traceback": """\
import linecache, traceback, my_app
linecache.clearcache()
try:
    my_app.fail()
except LookupError as error:
    frames = traceback.extract_tb(error.__traceback__)[1:]
answer = [[frame.filename, frame.lineno, frame.line] for frame in frames]
""",
    "a warning": """\
import my_app
with warnings.catch_warnings(record=True) as found:
    warnings.simplefilter("always")
    my_app.warn()
answer = [warnings.formatwarning(w.message, w.category, w.filename, w.lineno)
          for w in found]
""",
    "what is not there": """\
answer = []
for statement in ("import my_app.absent", "import first.absent", "import absent",
                  "from first import absent", "from my_app import absent"):
    try:
        exec(statement)
    except ImportError as error:
        answer.append([type(error).__name__, str(error), error.name])
""",
    "importlib_metadata": """\
sys.path.append(os.environ["PROBE_BACKPORT"])
try:
    import importlib_metadata as metadata
except ImportError as error:  # as where the tests have been installed without it
    answer = repr(error)
else:
    points = sorted(metadata.entry_points(group="probe"), key=lambda each: each.name)
    found = [each for each in metadata.distributions()
             if each.name in ("first", "flat_one", "plug")]
    answer = [[each.name, each.dist.name] for each in points], sorted(
        [each.name, isinstance(each, metadata.PathDistribution),
         [[str(file), str(file.locate()), file.locate().exists()]
          for file in each.files]] for each in found)
""",
    "run by its path": """\
import runpy
from importlib.util import find_spec
found = runpy.run_path(find_spec("second").origin)
again = runpy.run_module("second")
answer = [found["VALUE"], found["__file__"], again["__name__"], again["__file__"]]
""",
}
ASK = """
asked = json.loads(sys.stdin.read())
answers = {}
for question, code in asked.items():
    names = {**globals()}
    try:
        exec(code, names)
        answers[question] = names["answer"]
    except Exception as error:
        import traceback
        answers[question] = [repr(error), traceback.format_exc()]
print(json.dumps(answers))
"""


class Place(NamedTuple):
    """Where a layout has been unpacked, and what is found there."""

    task_root: Path
    path: tuple[Path, ...]


def packaged(directory: Path, layout: str, python: Path, version: str) -> Report:
    """Packages the probe; a nested layout keeps no more flat than there is room for."""
    venv = make_venv(directory / "venv", python=version)
    (venv / "bin").mkdir()
    starter = venv / "bin" / "python"  # no link: `python` may be a script itself
    starter.write_text(f'#!/bin/sh\nexec {python} "$@"\n')
    starter.chmod(0o755)
    install(venv, "my_app", SOURCE.files, marks=SOURCE.marks)
    for name, files in SOURCE.dependencies.items():
        install(venv, name, files, marks=MARKS.get(name))
    table = "" if layout in ("flat", "layer") else f"nest = {[*NESTED]}"
    pyproject = make_project(directory / "project", "my-app", table)
    output = directory / "function.zip"

    def package(limit_bytes: int = LAMBDA.unzipped_limit_bytes, **flags: Any) -> Report:
        kept_bytes = LAMBDA.unzipped_limit_bytes - limit_bytes
        return package_venv(venv, pyproject, output, layers_size=kept_bytes, **flags)

    if layout == "layer":
        both: dict[str, Any] = {"layer": True, "layer-output": str(directory / LAYER)}
        return package(**both)
    report = package()
    if layout == "flat":
        return report
    flags = FLAGS.get(layout, {})
    # What is named is nested first, and is enough.
    report = package(report.unzipped_bytes - 1, **flags)
    # Then there is no room for tests, or for the project.
    spared_bytes = 100_000 if layout == "project nested" else 10_000
    report = package(report.unzipped_bytes - spared_bytes, **flags)
    assert report.nested is not None
    units = report.nested.units
    nested = {name for unit in units if not unit.tests for name in unit.names}
    assert {*NESTED} <= nested
    assert (layout == "project nested") is ("my-app" in nested)
    tests = {name for unit in units if unit.tests for name in unit.names}
    assert layout not in ("nested", "compiled") or "flat-one" in tests - nested
    return report


def unpacked(directory: Path, layout: str, python: Path, version: str) -> Place:
    """Packages and unpacks the probe."""
    report = packaged(directory, layout, python, version)
    task_root = directory / "task"
    unpack(report.output_file, task_root, read_only=False)
    if layout != "layer":
        return Place(task_root, (task_root,))
    unpack(directory / LAYER, directory / "opt", read_only=False)
    return Place(task_root, (task_root, directory / "opt" / "python"))


def answers(place: Place, python: Path, tmp_dir: Path, *options: str) -> dict[str, Any]:
    """Asks all questions in one process."""
    tmp_dir.mkdir()
    backport = tmp_dir.with_name("backport")
    backport.mkdir()
    for name in "importlib_metadata", "zipp", "lazy_importer":
        spec = find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            (backport / name).symlink_to(spec.submodule_search_locations[0])
    done = subprocess.run(
        (python, "-IBWerror", *options, "-c", PREPARED + ASK),
        input=json.dumps(QUESTIONS),
        capture_output=True,
        text=True,
        cwd=place.task_root,
        env={
            "LAMBDA_TASK_ROOT": str(place.task_root),
            "PROBE_PATH": json.dumps([*map(str, place.path)]),
            "PROBE_BACKPORT": str(backport),
            "LANG": "C.UTF-8",
            "TMPDIR": str(tmp_dir),
        },
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr), done.stderr
    text = re.sub(rf"{tmp_dir}/package-function-[0-9a-f]+-[0-9]+", "ROOT", done.stdout)
    for each in place.path:
        text = text.replace(str(each), "ROOT")
    found: dict[str, Any] = json.loads(re.sub(" at 0x[0-9a-f]+", "", text))
    return found


LAZY_ALL: Final = ("-X", "lazy_imports=all")
"""As PYTHON_LAZY_IMPORTS=all. Source: PEP 810"""


@pytest.mark.parametrize(
    ("version", "options"),
    [*((version, ()) for version in VERSIONS), ("3.15", LAZY_ALL)],
    ids=[*VERSIONS, "3.15, all imports lazy"],
)
def test_the_same_answers_in_each_layout(
    tmp_path: Path, version: str, options: tuple[str, ...]
) -> None:
    """Nested in any way, or beside a layer, it is what it is in a flat result."""
    python = interpreter(version)
    found = {}
    for layout in ("flat", *LAYOUTS):
        directory = tmp_path / layout.replace(" ", "-")
        directory.mkdir()
        place = unpacked(directory, layout, python, version)
        found[layout] = answers(place, python, directory / "tmp", *options)
    expected = found.pop("flat")
    assert QUESTIONS.keys() == expected.keys()
    assert "Traceback" not in str(expected)
    for layout, given in found.items():
        others = {each for each in QUESTIONS if given[each] != expected[each]}
        differing = {each: (expected[each], given[each]) for each in others}
        assert NAMED.get(layout, {}).keys() & QUESTIONS.keys() == others, differing
