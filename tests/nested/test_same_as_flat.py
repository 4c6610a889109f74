"""A module cannot tell a nested result from a flat one."""

from __future__ import annotations

import re

from contextlib import suppress
from typing import Final

import pytest

from tests.nested.function import LIMIT_BYTES
from tests.nested.function import Function
from tests.nested.function import Source


LARGE: Final = "large " * 30_000
PACKAGE = '''\
"""The package's docstring."""
from __future__ import annotations
from . import sub
from .sub import deep as renamed
from os.path import join
__all__ = ["Thing", "sub"]
__version__: str = "1.0"
COUNT = globals().get("COUNT", 0) + 1
class Thing:
    def __reduce__(self):
        return Thing, ()
    class Inner:
        """Of another class."""
def function():
    raise LookupError("from function")
'''
SINGLE = """\
import pickle, sys
class Point:
    x = 1
if __name__ == "__main__":
    import my_app.sub.deep, helper
    copy = pickle.loads(pickle.dumps(Point()))
    print(__name__, __file__, __doc__, sys.argv)
    if __spec__:
        print(__package__, __spec__.name)
    print(type(copy) is Point, Point.__module__, my_app.__file__)
    print(sorted({*vars(), "__annotations__"}))
    print(sys.modules["__main__"].Point is Point)
    raise SystemExit(3)
"""
MAIN = """\
import sys
from . import Thing, sub
print(__name__, __package__, __spec__.name, __file__, sys.argv, Thing, sub)
"""
SOURCE = Source(
    {
        "my_app/__init__.py": PACKAGE,
        "my_app/__main__.py": MAIN,
        "my_app/sub/__init__.py": "from .. import sub as itself\n",
        "my_app/sub/deep.py": (
            "from ..sub import itself\nfrom .. import __name__ as top\n"
        ),
        "my_app/sub/tool.py": "from .. import __main__\nprint(__name__, __file__)\n",
        "my_app/data/greeting.txt": "Grüße\n",
        "my_app/data/large.txt": LARGE,
        "my_app/tests/__init__.py": "from .. import Thing\n",
        "single.py": SINGLE,
    },
    marks={"entry_points.txt": "[group]\nthing = my_app:Thing\n"},
    dependencies={
        "helper": {
            "helper.py": "import my_app\n",
            "helper.pth": "import helper_hook; helper_hook.hook()\nhelper_extra\n",
            "helper_hook.py": "import sys\ndef hook():\n    sys.hooked = True\n",
            "helper_extra/found_by_pth.py": "VALUE = 1\n",
        },
        "namespaced": {"shared/inner/module.py": "from . import __path__ as p\n"},
    },
)
SNIPPETS = {
    "the names in the module": """\
show([[name, type(value).__name__] for name, value in vars(my_app).items()])
""",
    "the names in a single file": "import single; show(list(vars(single)))",
    "the values of its attributes": """\
show({k: repr(v) for k, v in vars(my_app).items() if k != "__builtins__"})
""",
    "the attributes of its spec": """\
spec = vars(my_app.__spec__)
show({k: repr(v) for k, v in spec.items()} | {"loader": repr(vars(spec["loader"]))})
""",
    "its spec is found again": """\
from importlib.util import find_spec
show([repr(find_spec(n)) for n in ("my_app", "single", "my_app.sub", "helper")])
""",
    "the modules that are loaded": """\
import my_app.sub.deep
show(sorted(k for k in sys.modules if k.startswith(("my_app", "helper", "single"))))
""",
    "it is an attribute of nothing else": """\
show([my_app is sys.modules["my_app"], my_app.sub is sys.modules["my_app.sub"]])
""",
    "importlib.resources": """\
from importlib import resources
files = resources.files("my_app")
with resources.as_file(files / "data/greeting.txt") as path:
    place = str(path)
show([
    (files / "data" / "greeting.txt").read_text(encoding="utf-8"),
    sorted(n.name for n in files.iterdir() if ".dependencies" not in n.name),
    place,
    str(resources.files("padding")),
])
""",
    "importlib.metadata": """\
from importlib import metadata
names = "my_app", "padding", "helper", "shared", "single"
found = metadata.packages_distributions()
show([
    metadata.version("my-app"),
    metadata.version("padding"),
    sorted([str(f), repr(f.hash), f.size] for f in metadata.files("my-app")),
    sorted(str(f.locate()) for f in metadata.files("padding")),
    [repr(e) for e in metadata.entry_points(group="group")],
    metadata.entry_points(group="group")["thing"].load() is my_app.Thing,
    {name: found.get(name) for name in names},
    sorted(d.metadata["Name"] for d in metadata.distributions(path=[
        p for p in sys.path if p == root or "package-function" in p])),
])
""",
    "pkgutil.iter_modules": """\
import pkgutil
show(sorted({m.name for m in pkgutil.iter_modules()} & {
    "my_app", "single", "helper", "padding", "helper_hook"})
    + sorted(map(str, [m[1:] for m in pkgutil.iter_modules(my_app.__path__)])))
""",
    "pkgutil.walk_packages": """\
import pkgutil
show(sorted(m.name for m in pkgutil.walk_packages(my_app.__path__, "my_app.")))
""",
    "pkgutil.get_data": """\
import pkgutil
show(pkgutil.get_data("my_app", "data/greeting.txt").decode())
""",
    "from pkg import sub": """\
from my_app import sub, renamed
from my_app.sub import deep
import my_app.sub.deep as again
show([repr(sub), renamed is deep, deep is again, sub.itself is sub, deep.top])
""",
    "from pkg import *": """\
names = {}
exec("from my_app import *", names)
show(sorted(names))
""",
    "importlib.reload": """\
import importlib
again = importlib.reload(my_app)
show([again is my_app, my_app.COUNT, my_app.__file__, list(vars(my_app))])
""",
    "importing anew": """\
import importlib
for name in [n for n in sys.modules if n.split(".")[0] in ("my_app", "single")]:
    del sys.modules[name]
import my_app as anew
show([anew is my_app, anew.COUNT, anew.__file__, list(vars(anew))])
""",
    "pickling": """\
import pickle, single
from my_app import Thing
thing, inner, point = pickle.loads(pickle.dumps([Thing(), Thing.Inner, single.Point()]))
show([type(thing) is Thing, inner is Thing.Inner, type(point) is single.Point])
""",
    "unpickling where it is not yet imported": """\
import pickle
point = pickle.loads(b"csingle\\nPoint\\n(tR.")
show(repr(type(point)))
""",
    "inspect": """\
import inspect
from my_app import Thing, function
module = inspect.getmodule(Thing)
show([inspect.getsource(function), inspect.getfile(Thing), module.__name__])
""",
    "a traceback": """\
import traceback
try:
    my_app.function()
except LookupError as error:
    frames = traceback.extract_tb(error.__traceback__)[1:]
    show([[frame.filename, frame.lineno, frame.line] for frame in frames])
""",
    ".pth files": """\
import found_by_pth
show([sys.hooked, found_by_pth.__file__])
""",
    "a namespace of dependencies": """\
import shared.inner.module as module, shared
show([module.__file__, list(shared.__path__)[:1], list(module.p)[:1]])
""",
    "what is not there": """\
import traceback
try:
    import my_app.missing
except ModuleNotFoundError as error:
    show([str(error), error.name, error.path])
""",
}


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Function:
    return SOURCE.unpacked(tmp_path_factory.mktemp("flat"), nested=False)


@pytest.fixture(scope="module", params=["dependencies", "project"])
def nested(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Function:
    """All dependencies are nested; or the project, too, if there is too little room."""
    limit_bytes = LIMIT_BYTES + (len(LARGE) if request.param == "dependencies" else 0)
    directory = tmp_path_factory.mktemp("nested")
    function = SOURCE.unpacked(directory, limit_bytes=limit_bytes)
    assert function.report.nested is not None
    nested_modules = {
        module.name for unit in function.report.nested.units for module in unit.modules
    }
    assert (request.param == "project") is ("my_app" in nested_modules)
    return function


def without_places(function: Function, text: str) -> str:
    """The text with one name for all directories that stand for the task root."""
    text = re.sub(f"{function.tmp_dir}/package-function-[0-9a-f]+-[0-9]+", "ROOT", text)
    return re.sub(" at 0x[0-9a-f]+", "", text.replace(str(function.task_root), "ROOT"))


@pytest.mark.parametrize("snippet", SNIPPETS.values(), ids=SNIPPETS)
def test_the_same_answers(flat: Function, nested: Function, snippet: str) -> None:
    """Asked in either layout, it says the same but for where the tree is."""
    answers = []
    for function in (flat, nested):
        done = function.run("-c", _PREPARED + snippet)
        assert done.returncode == 0, done.stderr
        assert "" == done.stderr
        answers.append(without_places(function, done.stdout))
    assert answers[0] != ""
    assert answers[0] == answers[1]


_PREPARED = """\
import json, os, site, sys
root = os.environ["LAMBDA_TASK_ROOT"]
sys.path.insert(0, root)
site.addsitedir(root)
import my_app
def show(value):
    print(json.dumps(value))
"""


RUNPY = """\
import runpy
runpy.run_module("single", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("-m", "single", "a", "-b"), 3),
        (("-m", "my_app", "a", "-b"), 0),
        (("-m", "my_app.sub.tool", "a"), 0),
        (
            ("-c", RUNPY),
            3,
        ),
    ],
    ids=["-m module", "-m package", "-m submodule", "runpy"],
)
def test_run_as_a_program(
    flat: Function, nested: Function, arguments: tuple[str, ...], status: int
) -> None:
    """`python -m` in the task root does the same in either layout."""
    outputs = []
    for function in (flat, nested):
        done = function.run(*arguments, isolated=False)
        assert "" == done.stderr
        assert status == done.returncode
        outputs.append(without_places(function, done.stdout))
    assert outputs[0] == outputs[1]


def test_run_as_a_script(flat: Function, nested: Function) -> None:
    """By its path, a single file does the same in either layout."""
    outputs = []
    for function in (flat, nested):
        done = function.run("single.py", "a", isolated=False)
        assert (3, "") == (done.returncode, done.stderr)
        outputs.append(without_places(function, done.stdout))
    assert outputs[0] == outputs[1]


def test_modules_know_where_they_are(nested: Function) -> None:
    """`__file__`, `__path__` and the spec name files that are there."""
    modules = "my_app", "single", "my_app.tests", "padding", "helper"
    found = nested.ask(
        f"import importlib\nimport my_app\n"
        f"modules = [importlib.import_module(n) for n in {modules!r}]\n"
        "show([[m.__file__, m.__spec__.origin] for m in modules]\n"
        "     + [list(my_app.__path__), my_app.__spec__.submodule_search_locations])"
    )
    root = nested.task_root
    with suppress(ValueError):  # it is flat
        root = nested.extracted("my-app")
    files = [
        *(root / "my_app/__init__.py", root / "single.py"),
        root / "my_app/tests/__init__.py",
        nested.extracted("padding") / "padding/__init__.py",
        nested.extracted("helper") / "helper.py",
    ]
    assert [[str(file), str(file)] for file in files] == found[:5]
    assert [[str(root / "my_app")]] * 2 == found[5:]


def test_the_task_root_is_not_written_to(nested: Function) -> None:
    """The loader leaves its traces in `/tmp` only."""
    before = sorted(nested.task_root.rglob("*"))
    nested.ask("import my_app, single, padding, helper\nshow(0)")
    assert before == sorted(nested.task_root.rglob("*"))
    assert nested.report.nested is not None
    digest = nested.report.nested.sha256[:32]
    for path in nested.tmp_dir.iterdir():
        assert re.fullmatch(f"package-function-{digest}-[0-9]+([.]lock)?", path.name)
