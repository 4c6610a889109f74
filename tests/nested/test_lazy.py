"""What is nested is extracted when it is imported, and not before."""

from __future__ import annotations

import re
import shutil

from typing import TYPE_CHECKING
from typing import Any

import pytest

from tests.nested.function import LIMIT_BYTES
from tests.nested.function import Function
from tests.nested.function import Source


if TYPE_CHECKING:
    from pathlib import Path


SOURCE = Source(
    {"my_app/__init__.py": "VALUE = 1\n"},
    dependencies={
        "first": {
            "first/__init__.py": (
                "from pathlib import Path\nHERE = Path(__file__).parent\n"
            ),
            "first/__main__.py": "import sys\nprint('main', sys.argv[1:])\n",
            "first/tool.py": "from first import HERE\nprint('tool', __name__)\n",
            "first/data/greeting.txt": "Hello\n",
            "first/tests/__init__.py": "VALUE = 'tests'\n",
            "first/tests/test_it.py": "from first.tests import VALUE\n",
            "first/tests/expected.txt": "expected\n",
            "first/sub/__init__.py": "",
            "first/sub/tests/__init__.py": "from ..tests import __name__ as itself\n",
        },
        "second": {
            "second.py": (
                "VALUE = 2\n"
                "if __name__ == '__main__':\n"
                "    import sys\n"
                "    print(__name__, __file__, sys.argv[1:])\n"
            )
        },
        "near_one": {"near/one/__init__.py": "VALUE = 'one'\n", "near/one.txt": "1"},
        "near_two": {"near/two.py": "from near.one import VALUE as ONE\n"},
        "native": {
            "native/__init__.py": (
                "import importlib, os, sys\n"
                "sys.path.insert(0, os.path.dirname(__file__))\n"
                "module = sys.modules.pop(__name__)\n"
                "VALUE = importlib.import_module(__name__).VALUE\n"
                "sys.modules[__name__] = module\n"
            ),
            "native/native.py": "VALUE = 'native'\n",
        },
        "failing": {"failing/__init__.py": "import os\nVALUE = os.environ['READY']\n"},
    },
)
LAZY = ["first", "second", "near-two", "failing"]
PRESENT = """\
def present():
    names = {name.split("-")[-1] for name in os.listdir(os.environ["TMPDIR"])}
    return sorted(int(name) for name in names if name.isdigit())
"""


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Function:
    return SOURCE.unpacked(tmp_path_factory.mktemp("lazy"))


@pytest.fixture
def function(packaged: Function, tmp_path: Path) -> Function:
    return Function(packaged.task_root, tmp_path, packaged.report)


def numbers(function: Function, *names: str, tests: bool = False) -> list[int]:
    """The numbers of units."""
    places = (function.extracted(name, tests=tests).name for name in names)
    return sorted(int(place.rpartition("-")[2]) for place in places)


def ask(function: Function, code: str, **options: Any) -> Any:
    return function.ask(f"{PRESENT}import my_app\n{code}", **options)


def test_what_is_not_imported_is_not_extracted(function: Function) -> None:
    """After the start there is nothing but what nobody can be seen to need."""
    assert numbers(function, "near-one") == ask(function, "show(present())")


@pytest.mark.parametrize("name", ["first", "second", "near-two"])
def test_one_import_extracts_one_distribution(function: Function, name: str) -> None:
    """And what that imports in turn."""
    module = name.replace("-", ".")
    there = numbers(function, "near-one", name)
    assert there == ask(function, f"import {module}\nshow(present())")


QUESTIONS = {
    "find_spec": "find_spec('first') is not None",
    "find_spec of a module in a namespace": "find_spec('near.two') is not None",
    "version": "metadata.version('first')",
    "requires": "metadata.requires('second')",
    "files": "len(metadata.files('first'))",
    "packages_distributions": "metadata.packages_distributions()['second']",
    "distributions": "sorted(d.metadata['Name'] for d in metadata.distributions("
    "    path=[p for p in sys.path if 'lib' not in p]))",
    "metadata of a distribution": "metadata.distribution('first').read_text('WHEEL')",
    "iter_modules": "sorted({m.name for m in pkgutil.iter_modules()} & {"
    "    'first', 'second', 'failing'})",
    "iter_modules of a namespace": "sorted("
    "    {m.name for m in pkgutil.iter_modules(__import__('near').__path__)})",
    "the path of a namespace": "len({os.path.basename(p) for p in"
    "    __import__('near').__path__})",
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_questions_that_extract_nothing(
    function: Function, tmp_path: Path, question: str
) -> None:
    """They are answered as in a flat result."""
    before = (
        "import pkgutil\nfrom importlib import metadata\n"
        "from importlib.util import find_spec\n"
    )
    nested, there = ask(function, f"{before}show([{question}, present()])")
    (tmp_path / "flat").mkdir()
    flat = SOURCE.unpacked(tmp_path / "flat", nested=False)
    assert nested == flat.ask(f"{before}import my_app\nshow({question})")
    assert numbers(function, "near-one") == there


PLACES = {
    "origin": "find_spec('first').origin",
    "search locations": "find_spec('first').submodule_search_locations[0]",
    "the loader": "find_spec('first').loader.get_filename()",
    "repr": "re.search(\"origin='(.*?)'\", repr(find_spec('first')))[1]",
    "a submodule": "find_spec('first.tool').origin",
    "locate": "[str(f.locate()) for f in metadata.files('first')"
    "    if f.name == '__main__.py'][0]",
    "locate_file": "str(metadata.distribution('first').locate_file('first/tool.py'))",
    "resources": "str(resources.files('first') / 'data/greeting.txt')",
    "get_data": "pkgutil.get_data('first', 'data/greeting.txt') and"
    "    sys.modules['first'].__file__",
    "beside __file__": "str(__import__('first').HERE / 'data' / 'greeting.txt')",
    "run_path": "runpy.run_path(find_spec('first').origin)['__file__']",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_who_asks_for_a_place_gets_one_that_is_there(
    function: Function, place: str
) -> None:
    """The file is extracted, and is what it is in the distribution."""
    found, is_there, there = ask(
        function,
        "import pkgutil, re, runpy\nfrom importlib import metadata, resources\n"
        "from importlib.util import find_spec\n"
        f"place = {place}\nshow([place, os.path.exists(place), present()])",
    )
    assert found.startswith(str(function.extracted("first")))
    assert is_there
    assert numbers(function, "first", "near-one") == there


def test_where_all_is_there_what_extracts_is_not_loaded(function: Function) -> None:
    """Each start would have to compile it."""
    code = "import second\nshow(second.VALUE)"
    assert 2 == ask(function, code)
    task_root = function.tmp_dir / "task"
    shutil.copytree(function.task_root, task_root)
    (task_root / "my_app/.dependencies/extraction.py").unlink()
    assert 2 == ask(Function(task_root, function.tmp_dir, function.report), code)


def test_metadata_is_located_where_it_is(function: Function) -> None:
    """A file of `.dist-info` extracts nothing."""
    found = ask(
        function,
        "from importlib import metadata\n"
        "files = [f for f in metadata.files('first') if f.name == 'METADATA']\n"
        "show([files[0].locate().is_file(), present()])",
    )
    assert [True, numbers(function, "near-one")] == found


def test_what_is_never_nested_is_located_where_it_is(tmp_path: Path) -> None:
    """A nested distribution may have files that Lambda's LD_LIBRARY_PATH finds."""
    names = ["lib/libown.so.1", "libown.so", "share/colours.txt"]
    files = {"partly/__init__.py": "", **dict.fromkeys(names, "content")}
    source = Source({"my_app/__init__.py": ""}, dependencies={"partly": files})
    found = source.unpacked(tmp_path).ask(
        "import my_app\nfrom importlib.metadata import distribution, files\n"
        f"names, own = {names}, distribution('partly')\n"
        "located = {str(f): str(f.locate()) for f in own.files if str(f) in names}\n"
        "assert {n: str(own.locate_file(n)) for n in names} == located\n"
        "show({n: [os.path.isfile(f), f.startswith(root)] for n, f in located.items()})"
    )
    flat = [True, True]
    assert dict(zip(names, (flat, flat, [True, False]), strict=True)) == found


def test_a_context_of_somebody_elses_class(function: Function) -> None:
    """A class that is made of the standard library's asks the same question."""
    names = ask(
        function,
        "from importlib.metadata import DistributionFinder, distributions\n"
        "class Context(DistributionFinder.Context):\n"
        "    def __init__(self):\n"
        "        super().__init__(name='first')\n"
        "show([each.name for each in distributions(context=Context())])",
    )
    assert ["first"] == names


def test_namespaces(function: Function) -> None:
    """Parts that are nested apart are one namespace package."""
    found = ask(
        function,
        "import near.two, near.one\n"
        "show([near.two.ONE, near.one.VALUE, near.__file__ is None"
        " if hasattr(near, '__file__') else True, len(set(near.__path__)) > 1])",
    )
    assert ["one", "one", True, True] == found


def test_data_in_a_namespace_is_found(function: Function) -> None:
    """Nobody can be seen to need it, so it is there from the start."""
    text = ask(
        function,
        "from importlib import resources\n"
        "show(resources.files('near').joinpath('one.txt').read_text())",
    )
    assert "1" == text


# -- tests --


def test_tests_are_extracted_apart(function: Function) -> None:
    """Importing them extracts them, and not the other way round."""
    code = "import first\nbefore = present()\n{}\nshow([before, present()])"
    without = numbers(function, "first", "near-one")
    tests = numbers(function, "first", tests=True)
    locate = (
        "from importlib.metadata import files\n"
        "file, = [f for f in files('first') if f.name == 'expected.txt']\n"
        "assert file.locate().read_text() == 'expected\\n'"
    )
    for statement in (
        "import first.tests.test_it",
        "from first.sub import tests",
        "from importlib import resources; resources.files('first.tests')",
        locate,
    ):
        for path in function.tmp_dir.glob(f"*-{tests[0]}"):
            shutil.rmtree(path)
        found = ask(function, code.format(statement))
        assert [without, sorted([*without, *tests])] == found, statement


def test_tests_of_what_is_flat(tmp_path: Path) -> None:
    """They are nested alone if that is enough, and imported all the same."""
    large = {"first/tests/large.txt": "large " * 40_000}
    files = {**SOURCE.dependencies["first"], **large}
    function = Source(SOURCE.files, dependencies={"first": files}).unpacked(
        tmp_path, nest=(), limit_bytes=LIMIT_BYTES + 205_000
    )
    assert function.report.nested is not None
    assert [True] == [unit.tests for unit in function.report.nested.units]
    found = ask(
        function,
        "import first, first.tests.test_it as it\n"
        "from importlib.metadata import files\n"
        "places = [f.locate() for f in files('first') if f.suffix == '.txt']\n"
        "show([it.VALUE, first.__file__, it.__file__, [p.is_file() for p in places]])",
    )
    place = function.extracted("first", tests=True)
    assert [
        "tests",
        str(function.task_root / "first/__init__.py"),
        str(place / "first/tests/test_it.py"),
        [True] * 3,
    ] == found


# -- imports that fail --


def test_an_import_that_fails(function: Function) -> None:
    """The exception is the module's own; the next import tries again."""
    found = ask(
        function,
        "errors = []\n"
        "for attempt in range(2):\n"
        "    try:\n"
        "        import failing\n"
        "    except KeyError as error:\n"
        "        errors.append([str(error), 'failing' in sys.modules])\n"
        "os.environ['READY'] = 'yes'\n"
        "import failing\n"
        "show([errors, failing.VALUE, failing.__file__])",
    )
    file = str(function.extracted("failing") / "failing/__init__.py")
    assert [[["'READY'", False]] * 2, "yes", file] == found


def test_a_spec_is_copied(function: Function) -> None:
    """Before anybody has asked it where its module is, and afterwards."""
    found = ask(
        function,
        "import copy, pickle\n"
        "from importlib.util import find_spec\n"
        "specs = [copy.copy(find_spec('second')) for _ in range(2)]\n"
        "show([each.origin for each in specs])",
    )
    assert [str(function.extracted("second") / "second.py")] * 2 == found


def test_a_module_that_is_not_there(function: Function) -> None:
    """A missing submodule of what is nested is missed as usual."""
    assert ["No module named 'first.missing'", "first.missing"] == ask(
        function,
        "try:\n"
        "    import first.missing\n"
        "except ModuleNotFoundError as error:\n"
        "    show([str(error), error.name])",
    )


# -- other ways --


def test_what_a_wrapper_puts_before_the_task_root_comes_first(
    function: Function, tmp_path: Path
) -> None:
    """As with a flat result: a module of the same name there is the one."""
    (tmp_path / "wrapper" / "near").mkdir(parents=True)
    (tmp_path / "wrapper" / "second.py").write_text("VALUE = 'wrapped'\n")
    (tmp_path / "wrapper" / "near" / "two.py").write_text("ONE = 'wrapped'\n")
    found = ask(
        function,
        f"sys.path.insert(0, {str(tmp_path / 'wrapper')!r})\n"
        "import second, near.two, first\n"
        "show([second.VALUE, near.two.ONE, first.__name__])",
    )
    assert ["wrapped", "wrapped", "first"] == found


def test_a_library_with_a_module_of_its_own_name(function: Function) -> None:
    """OpenCV puts its directory on `sys.path` and imports what is there of its name."""
    assert "native" == ask(function, "import native\nshow(native.VALUE)")


def test_importing_anew(function: Function) -> None:
    """A module that is taken out of `sys.modules`, or reloaded, is found again."""
    found = ask(
        function,
        "import importlib, first, second\n"
        "again = importlib.reload(second)\n"
        "del sys.modules['first']\n"
        "anew = importlib.import_module('first')\n"
        "show([again is second, anew is first, anew.__file__ == first.__file__])",
    )
    assert [True, False, True] == found


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("-m", "first", "a"), "main ['a']\n"),
        (("-m", "first.tool"), "tool __main__\n"),
        (("-m", "second", "a"), "__main__ PLACE/second.py ['a']\n"),
        (("-c", "import near.two; print(near.two.ONE)"), "one\n"),
        (
            ("-c", "from importlib.metadata import version; print(version('first'))"),
            "1.0\n",
        ),
    ],
)
def test_subprocesses(
    function: Function, arguments: tuple[str, ...], expected: str
) -> None:
    """In the task root they find what is nested without the project's help."""
    done = function.run(*arguments, isolated=False)
    assert "" == done.stderr
    shown = done.stdout.replace(str(function.task_root), "PLACE")
    assert expected == re.sub(r"\S+/package-function-[0-9a-f]+-\d+", "PLACE", shown)


def test_children_that_are_forked(function: Function) -> None:
    """Each of them imports what none of them has imported before the fork."""
    statuses = ask(
        function,
        "import first\n"
        "children = []\n"
        "for number in range(8):\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        try:\n"
        "            import second, near.two\n"
        "            os._exit(second.VALUE)\n"
        "        finally:\n"
        "            os._exit(9)\n"
        "    children.append(child)\n"
        "statuses = [os.waitpid(child, 0)[1] >> 8 for child in children]\n"
        "import second\n"
        "show([*statuses, second.VALUE])",
    )
    assert [2] * 9 == statuses


def test_a_child_that_is_forked_during_an_extraction(function: Function) -> None:
    """It gets its turn when its parent has done the work, though it has the lock."""
    found = ask(
        function,
        "import threading\n"
        "loader = sys.modules['_package_function_loader']\n"
        "begun, go_on = threading.Event(), threading.Event()\n"
        "extraction = loader.beside('extraction')\n"
        "extract = extraction.extract_all\n"
        "def slowly(*arguments):\n"
        "    begun.set()\n"
        "    go_on.wait()\n"
        "    extract(*arguments)\n"
        "extraction.extract_all = slowly\n"
        "thread = threading.Thread(target=__import__, args=('second',))\n"
        "thread.start()\n"
        "begun.wait()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    try:\n"
        "        finder = next(iter(loader.finders.values()))\n"
        "        os._exit(len(os.listdir(finder.extract(finder._unit_of['second']))))\n"
        "    finally:\n"
        "        os._exit(9)\n"
        "go_on.set()\n"
        "thread.join()\n"
        "show(os.waitpid(child, 0)[1] >> 8)",
    )
    assert 1 == found
