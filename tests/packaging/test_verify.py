"""Verifying: what is imported out of an archive, and what is said if that fails."""

from __future__ import annotations

import ast
import json
import mmap
import os
import platform
import signal
import subprocess
import sys
import time
import zipfile

from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import NamedTuple
from typing import NoReturn

import pytest

from poetry_plugin_package_function.errors import VerifyError
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.verify import raised
from poetry_plugin_package_function.packaging.verify import unpacking
from poetry_plugin_package_function.packaging.verify import verifier
from poetry_plugin_package_function.packaging.verify.importing import ending
from poetry_plugin_package_function.packaging.verify.verified import Judgement
from poetry_plugin_package_function.packaging.verify.verified import Limit
from poetry_plugin_package_function.packaging.verify.verified import Verified
from poetry_plugin_package_function.services import AGENTCORE
from tests.machine import interpreter
from tests.machine import is_gone
from tests.nested.function import Source
from tests.packaging.native import linked
from tests.packaging.native import needs_gcc
from tests.packaging.verifying import HANDLER
from tests.packaging.verifying import WORKS
from tests.packaging.verifying import archive_of
from tests.packaging.verifying import failing
from tests.packaging.verifying import verified
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.services import Service


HOST: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
MIB: Final = 1 << 20
SHOWS: Final = """\
import json, os, sys
print("SHOWN " + json.dumps({code}))
raise RuntimeError("shown")
"""


@pytest.fixture(params=["flat", "nested"])
def package(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Path]:
    """Packages a project whose handler's module is given, flat or nested."""

    def make(
        handler: str,
        dependencies: Mapping[str, Mapping[str, str | bytes]] | None = None,
        **files: str,
    ) -> Path:
        named = {f"my_app/{name}.py": text for name, text in files.items()}
        source = Source(
            {"my_app/__init__.py": "", "my_app/handler.py": handler, **named},
            dependencies=dependencies or {},
        )
        report = source.package(tmp_path, nested=request.param == "nested")
        assert (request.param == "nested") is (report.nested is not None)
        return report.output_file

    return make


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever happens, what was unpacked is removed."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setattr(unpacking, "MEMORY", str(temporary / "none"))
    yield
    assert [] == list(temporary.iterdir())


# -- what works ---------------------------------------------------------------------


def test_a_handler_is_imported_and_measured(package: Callable[..., Path]) -> None:
    """There are figures for all that Lambda limits."""
    archive = package(WORKS)
    result = verified(archive, memory_mb=4096)
    assert result.is_complete
    assert result.init_s is not None
    assert 0 < result.init_s < 60
    assert result.peak_bytes is not None
    assert MIB < result.peak_bytes < 4096 * MIB
    assert 0 == result.tmp_bytes
    assert (
        Judgement(Limit.INIT, result.init_s, 10),
        Judgement(Limit.TMP, 0, 512 * MIB),
        Judgement(Limit.MEMORY, result.peak_bytes, 4096 * MIB),
    ) == result.judgements
    assert [True, True, True] == [each.holds for each in result.judgements[:]]


def test_what_is_nested_is_extracted_and_counted(tmp_path: Path) -> None:
    """Through the real loader; and what was imported of it counts as used."""
    report = Source(
        {"my_app/__init__.py": "", "my_app/handler.py": f"import used\n{WORKS}"},
        dependencies={
            "used": {"used/__init__.py": "from . import deep", "used/deep.py": ""},
            "unused": {"unused/__init__.py": ""},
        },
    ).package(tmp_path)
    result = verified(
        report.output_file,
        distributions={
            "my_app/__init__.py": "my-app",
            "my_app/handler.py": "my-app",
            "used/__init__.py": "used",
            "unused/__init__.py": "unused",
            "padding/__init__.py": "padding",
        },
    )
    assert ("padding", "unused") == result.unused
    assert result.tmp_bytes is not None
    assert result.tmp_bytes >= 4096


def test_distributions_that_nobody_opens_are_unused(tmp_path: Path) -> None:
    """Imports and data that are read count; metadata does not."""
    files = {
        "my_app.py": (
            "import importlib.metadata, module\n"
            "open('data/table.txt').close()\n"
            f"importlib.metadata.version('idle')\n{WORKS}"
        ),
        "module.py": "",
        "data/table.txt": "",
        "idle.py": "",
        "idle-1.0.dist-info/METADATA": "Name: idle\nVersion: 1.0\n",
        "only_metadata-1.0.dist-info/METADATA": "Name: only-metadata\n",
    }
    owners = {
        "module.py": "module",
        "data/table.txt": "data",
        "idle.py": "idle",
        "idle-1.0.dist-info/METADATA": "idle",
        "only_metadata-1.0.dist-info/METADATA": "only-metadata",
    }
    archive = archive_of(tmp_path, files)
    result = verified(archive, "my_app.handler", distributions=owners)
    assert ("idle",) == result.unused


@needs_gcc
def test_what_the_dynamic_linker_loads_is_used(tmp_path: Path) -> None:
    """Nobody opens it in Python, and no module is made of it."""
    libdep = linked(tmp_path / "libdep.so.1", "-Wl,-soname,libdep.so.1")
    user = linked(tmp_path / "libuser.so", "-Wl,-rpath,$ORIGIN/../foo", libdep)
    files: dict[str, str | bytes] = {
        "my_app.py": f"import ctypes\nctypes.CDLL('bar/libuser.so')\n{WORKS}",
        "bar/libuser.so": user.read_bytes(),
        "foo/libdep.so.1": libdep.read_bytes(),
        "idle/libdep.so.2": libdep.read_bytes(),
    }
    result = verified(
        archive_of(tmp_path, files),
        "my_app.handler",
        distributions={name: name.partition("/")[0] for name in files},
    )
    assert ("idle",) == result.unused


@pytest.mark.parametrize(
    ("code", "limit", "options"),
    [
        ("BALLAST = b'x' * (80 << 20)", Limit.MEMORY, {"memory_mb": 80}),
        (
            (
                "import tempfile\n"
                "with tempfile.NamedTemporaryFile(delete=False) as file:\n"
                "    file.truncate(512 << 20)"
            ),
            Limit.TMP,
            {},
        ),
    ],
)
def test_what_reaches_a_limit_does_not_hold(
    tmp_path: Path, code: str, limit: Limit, options: Mapping[str, Any]
) -> None:
    """It is told, and no error."""
    archive = archive_of(tmp_path, {"my_app.py": f"{code}\n{WORKS}"})
    result = verified(archive, "my_app.handler", **options)
    assert [limit] == [each.limit for each in result.judgements if not each.holds]


def test_an_init_over_its_limit_does_not_hold() -> None:
    """As long as it takes no longer than the time limit, it is no error."""
    assert not Judgement(Limit.INIT, 10.5, 10).holds
    assert not Judgement(Limit.INIT, 10, 10).holds


def test_a_slow_start_takes_its_time(tmp_path: Path) -> None:
    """INIT is measured to the end of the import."""
    code = f"import time\ntime.sleep(0.3)\n{WORKS}"
    result = verified(archive_of(tmp_path, {"a.py": code}), "a.handler")
    assert result.init_s is not None
    assert result.init_s >= 0.3


@pytest.mark.parametrize(
    ("handler", "files"),
    [
        ("functions/get-user.main", {"functions/get-user.py": "main = print\n"}),
        ("a.b.handler", {"a/b/__init__.py": WORKS}),
        ("http.handler", {"http.py": WORKS}),
        ("resource.handler", {"resource.py": WORKS}),
        ("a.handler", {"a.py": "async def handler(event, context): ...\n"}),
        ("a.handler", {"a.py": "from b import handler\n", "b.py": WORKS}),
        (
            "a.handler",
            {
                "a.py": "from late import handler\n",
                "x.pth": "lib\n",
                "lib/late.py": WORKS,
            },
        ),
        ("a.handler", {"a.py": f"quit, exit, help, copyright\n{WORKS}"}),
        (
            "a.handler",
            {"a.py": f"import logging\nlogging.getLogger().handlers[0]\n{WORKS}"},
        ),
        ("a.handler", {"a.py": f"import os\nif os.fork() == 0: pass\n{WORKS}"}),
        (
            "a.handler",
            {"a.py": f"import os\nif os.fork() == 0: os._exit(7)\nos.wait()\n{WORKS}"},
        ),
        (
            "a.handler",
            {"a.py": f"import subprocess as s\ns.Popen(['sleep', '600'])\n{WORKS}"},
        ),
        (
            "a.handler",
            {
                "a.py": "import threading, time\n"
                f"threading.Thread(target=time.sleep, args=(600,)).start()\n{WORKS}"
            },
        ),
        ("a.handler", {"a.py": f"import sys\nsys.modules['x'] = 1\n{WORKS}"}),
    ],
)
def test_what_lambda_imports_is_imported(
    tmp_path: Path, handler: str, files: Mapping[str, str]
) -> None:
    """Whatever the form; and nothing that it has started holds the process."""
    assert verified(archive_of(tmp_path, files), handler).is_complete


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.10", "3.12", "3.13", "3.14", "3.15"])
def test_each_interpreter_verifies(
    tmp_path: Path, package: Callable[..., Path], version: str
) -> None:
    """The verifier needs no newer Python than Lambda has."""
    code = f"import sys\nassert sys.version_info[:2] == (3, {version[2:]})\n{WORKS}"
    result = verified(package(code), interpreter=interpreter(version))
    assert result.is_complete, result


# -- a clean process ----------------------------------------------------------------


def shown(directory: Path, code: str, **options: Any) -> Any:
    """What an expression is in a handler's module."""
    archive = archive_of(directory, {"a.py": SHOWS.format(code=code)})
    reason = failing(archive, "a.handler", **options).reason
    (line,) = (each for each in reason.splitlines() if each.startswith("SHOWN "))
    return json.loads(line.removeprefix("SHOWN "))


def test_the_environment_is_lambdas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the developer's is in it, and the function's own variables are."""
    monkeypatch.setenv("AWS_PROFILE", "developer")
    monkeypatch.setenv("PYTHONPATH", "/developer")
    variables = {"TABLE": "users", "TMPDIR": "/tmp/of/mine", "HOME": "/nowhere"}
    found = shown(tmp_path, "dict(os.environ)", variables=variables, memory_mb=512)
    assert "users" == found["TABLE"]
    assert "us-east-1" == found["AWS_REGION"]
    assert "512" == found["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
    assert "/var/task" == found["LAMBDA_TASK_ROOT"]
    assert "/tmp" == found["TMPDIR"]
    assert "/var/runtime" == found["PYTHONPATH"]
    assert (":UTC", "C.UTF-8") == (found["TZ"], found["LANG"])
    assert (
        "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib"
        ":/var/task:/var/task/lib:/opt/lib"
    ) == found["LD_LIBRARY_PATH"]
    assert "a.handler" == found["_HANDLER"]
    assert f"AWS_Lambda_python{HOST}" == found["AWS_EXECUTION_ENV"]
    assert "/home/user" == found["HOME"]
    assert not found.keys() & {"AWS_PROFILE", "USER", "PWD", "VIRTUAL_ENV"}


def test_the_functions_own_values_win(tmp_path: Path) -> None:
    """As Lambda lets them; and what is in the task root there is so here."""
    variables = {
        "TZ": "Europe/Zurich",
        "LANG": "C",
        "PATH": "/opt/bin",
        "PYTHONPATH": "/var/task/vendored:/var/tasks:/var/task",
        "LD_LIBRARY_PATH": "/var/task/vendored",
    }
    found = shown(tmp_path, "dict(os.environ)", variables=variables)
    libraries = found.pop("LD_LIBRARY_PATH")
    assert libraries.startswith("/var/task/vendored:/var/lang/lib:")
    del variables["LD_LIBRARY_PATH"]
    assert variables == {name: found[name] for name in variables}


def test_a_python_path_is_searched(tmp_path: Path) -> None:
    """Behind the task root, as Lambda's `bootstrap.py` has it, and before the rest."""
    files = {
        "a.py": f"import late\nfrom b import handler\nimport json as late\n{WORKS}",
        "vendored/late.py": "",
        "b.py": WORKS,
        "vendored/b.py": "handler = None",
        "vendored/colorsys.py": "1 / 0",
    }
    archive = archive_of(tmp_path, files)
    variables = {"PYTHONPATH": "/var/task/vendored:further"}
    assert verified(archive, "a.handler", variables=variables).is_complete
    assert "No module named 'late'" in failing(archive, "a.handler").reason
    path = shown(tmp_path, "sys.path", variables=variables)
    assert ["/var/task", "/var/task/vendored", "/var/task/further"] == path[:3]
    assert "/opt/python" not in path
    assert [f"/var/lang/lib/python{HOST}/site-packages", "/var/runtime"] == path[-2:]


def test_the_path_is_lambdas(tmp_path: Path) -> None:
    """The task root, layers, the standard library, the runtime; no site-packages."""
    path = shown(tmp_path, "sys.path")
    assert [
        "/var/task",
        f"/opt/python/lib/python{HOST}/site-packages",
        "/opt/python",
    ] == path[:3]
    assert [f"/var/lang/lib/python{HOST}/site-packages", "/var/runtime"] == path[-2:]
    assert not [each for each in path[3:-2] if "-packages" in each]


def test_the_task_root_is_where_it_starts_and_is_read_only(tmp_path: Path) -> None:
    """No home, no input, and a file in the task root cannot be written."""
    code = (
        "[os.getcwd(), os.path.exists(os.path.expanduser('~')), sys.stdin.read(),"
        " [oct(os.stat(each).st_mode)[-4:] for each in ('.', 'a.py')], sys.argv]"
    )
    assert [
        *("/var/task", False, "", ["0555", "0444"]),
        ["/var/runtime/bootstrap.py"],
    ] == shown(tmp_path, code)


# -- what fails ---------------------------------------------------------------------


def test_a_missing_module_shows_where_it_is_imported(
    package: Callable[..., Path],
) -> None:
    """With the user's own frames and no others."""
    error = failing(package("from my_app import deep\n", deep="import requests\n"))
    assert error.reason.splitlines()[:6] == [
        "Unable to import module 'my_app.handler': No module named 'requests'",
        "",
        "Traceback (most recent call last):",
        '  File "/var/task/my_app/handler.py", line 1, in <module>',
        "    from my_app import deep",
        '  File "/var/task/my_app/deep.py", line 1, in <module>',
    ]
    assert "dependencies" in error.hint
    for not_the_users in ("importlib", "verifier.py", "loader.py", "_package_function"):
        assert not_the_users not in error.reason


def test_a_failing_package_shows_no_frame_of_the_stub(
    package: Callable[..., Path], tmp_path: Path
) -> None:
    """Its own line is shown, wherever the file has been moved to."""
    error = failing(package(WORKS, __init__="VALUE = 1\nraise KeyError('TABLE')\n"))
    assert (
        "Unable to import module 'my_app.handler': KeyError: 'TABLE'\n\n"
        "Traceback (most recent call last):\n"
        '  File "/var/task/my_app/__init__.py", line 2, in <module>\n'
        "    raise KeyError('TABLE')\n"
        "KeyError: 'TABLE'"
    ) == error.reason
    assert "variable" in error.hint


@pytest.mark.parametrize(
    ("handler", "hint"),
    [
        ("handler.handler", "Is it my_app.handler.handler?"),
        ("lambda_function.handler", "Name the handler as package.module.function."),
        ("jmespath.function.handler", "Is it jmespath.functions.handler?"),
    ],
)
@pytest.mark.parametrize("python", [sys.executable, None])
def test_a_module_that_may_be_meant(
    package: Callable[..., Path], handler: str, hint: str, python: str | None
) -> None:
    """It is the project's own, or hardly different from a dependency's."""
    others = {"jmespath": {"jmespath/__init__.py": "", "jmespath/functions.py": ""}}
    archive = package(WORKS, others)
    owners = dict.fromkeys(others["jmespath"], "jmespath")

    error = failing(archive, handler, interpreter=python, distributions=owners)

    assert error.hint.startswith(hint)


def test_a_part_of_what_is_there_is_missing(package: Callable[..., Path]) -> None:
    """Then no further distribution is what is needed."""
    dependencies = {"half": {"half/__init__.py": ""}}
    error = failing(package("import half.other\n", dependencies), has_layers=True)
    assert "No module named 'half.other'" in error.reason
    assert "The archive has half, but not half.other." in error.hint


@pytest.mark.parametrize(
    ("handler", "message", "hint"),
    [
        (
            "my_app.handlr.handler",
            "Unable to import module 'my_app.handlr': No module named 'my_app.handlr'.",
            "Is it my_app.handler.handler",
        ),
        (
            "elsewhere.main",
            "Unable to import module 'elsewhere': No module named 'elsewhere'.",
            "Name the handler as package.module.function. Is the module in the",
        ),
        (
            "my_app.handler.x.handler",
            (
                "Unable to import module 'my_app.handler.x': No module named"
                " 'my_app.handler.x'; 'my_app.handler' is not a package."
            ),
            "Is it my_app.handler.handler",
        ),
        (
            "my_app.handler.handle",
            "Handler 'handle' missing on module 'my_app.handler'.",
            "Is it my_app.handler.handler",
        ),
        (
            "my_app.main",
            "Handler 'main' missing on module 'my_app'.",
            "Define the function in my_app, or import it there.",
        ),
    ],
)
@pytest.mark.parametrize("python", [sys.executable, None])
def test_a_wrong_handler_is_told_with_what_is_like_it(
    package: Callable[..., Path],
    handler: str,
    message: str,
    hint: str,
    python: str | None,
) -> None:
    """In Lambda's words; by importing and by parsing alike."""
    error = failing(package(WORKS), handler, interpreter=python)
    assert message == error.reason
    assert error.hint.startswith(hint)


def test_a_handler_that_cannot_be_called_is_an_error(tmp_path: Path) -> None:
    """Lambda would find it, and fail with the first event."""
    error = failing(archive_of(tmp_path, {"a.py": "handler = 1\n"}), "a.handler")
    assert "cannot be called" in error.reason


def test_a_syntax_error_shows_its_line(package: Callable[..., Path]) -> None:
    """In the handler's module, or in what that imports."""
    broken = package("from my_app import deep\n", deep="def f(:\n    pass\n")
    error = failing(broken)
    assert "Syntax error in module 'my_app.handler': " in error.reason
    assert '  File "/var/task/my_app/handler.py", line 1' in error.reason
    assert '  File "/var/task/my_app/deep.py", line 1\n    def f(:\n' in error.reason


@pytest.mark.parametrize("python", [sys.executable, None])
def test_a_syntax_error_of_the_handlers_own(
    package: Callable[..., Path], python: str | None
) -> None:
    """By importing and by parsing alike."""
    error = failing(package("x = 1\nbroken =\n"), interpreter=python, python=HOST)
    assert "Syntax error in module 'my_app.handler': " in error.reason
    assert '  File "/var/task/my_app/handler.py", line 2\n    broken =' in error.reason
    assert error.hint.startswith("Fix")


CRASHES: Final = """\
import os, signal
def crash():
    print("before the end")
    os.kill(os.getpid(), signal.{name})
crash()
"""


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGKILL"])
def test_a_signal_is_named(package: Callable[..., Path], name: str) -> None:
    """With where it came, if Python could tell, and the last output."""
    error = failing(package(CRASHES.format(name=name)))
    first = f"Unable to import module 'my_app.handler': it was ended by {name}."
    assert error.reason.startswith(first)
    assert error.reason.endswith("Its last output:\nbefore the end")
    if name != "SIGKILL":
        assert '  File "/var/task/my_app/handler.py", line 4 in crash' in error.reason
        assert "verifier.py" not in error.reason
        assert "importlib" not in error.reason
    else:
        assert "memory" in error.hint


def test_a_signal_in_a_package_shows_no_frame_of_the_stub(
    package: Callable[..., Path],
) -> None:
    """Its own frames are all there is."""
    error = failing(package(WORKS, __init__=CRASHES.format(name="SIGSEGV")))
    frames = [each for each in error.reason.splitlines() if each.startswith("  File")]
    assert [
        '  File "/var/task/my_app/__init__.py", line 4 in crash',
        '  File "/var/task/my_app/__init__.py", line 5 in <module>',
    ] == frames


@pytest.mark.slow
def test_a_hang_is_ended_and_shows_where(package: Callable[..., Path]) -> None:
    """With the limit, and the line that waits."""
    code = "import time\ndef wait():\n    time.sleep(600)\nwait()\n"
    error = failing(package(code), time_limit_s=0.5)
    assert "it takes longer than the time limit of 0.5 s." in error.reason
    assert '  File "/var/task/my_app/handler.py", line 3 in wait' in error.reason
    assert "verifier.py" not in error.reason
    assert "belongs in the handler" in error.hint


@pytest.mark.slow
def test_a_hang_ends_what_it_has_started(tmp_path: Path) -> None:
    """Children that have not left the process group are gone with it."""
    pids = tmp_path / "pid"
    code = (
        "import os, subprocess, time\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        "with open(os.environ['PIDS'], 'w') as file: file.write(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    archive = archive_of(tmp_path, {"a.py": code})
    variables = {"PIDS": str(pids)}
    failing(archive, "a.handler", time_limit_s=0.5, variables=variables)
    assert is_gone(int(pids.read_text()))


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        (
            "import sys\nsys.exit('no table')",
            "Unable to import module 'a': SystemExit: no table",
            "sys.exit",
        ),
        (
            "import os\nos._exit(3)",
            "it ended with status 3.",
            "os._exit",
        ),
        ("raise MemoryError", "MemoryError", "Load less"),
        (
            "raise ImportError('libGL.so.1: cannot open shared object file')",
            "Unable to import module 'a': libGL.so.1: cannot open",
            "lacks a shared library",
        ),
        (
            "import ctypes\nctypes.CDLL('libnowhere.so.1')",
            "OSError: libnowhere.so.1: cannot open shared object file",
            "lacks a shared library",
        ),
        (
            "raise ImportError('x.so: failed to map segment from shared object')",
            "failed to map segment",
            "TMPDIR",
        ),
        ("from json import nothing", "cannot import name 'nothing'", "versions"),
        (
            "class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd",
            "Odd: <exception str() failed>",
            "traceback",
        ),
        (
            (
                "try:\n    import missing_one\n"
                "except ImportError as error:\n    raise OSError('first') from error"
            ),
            "OSError: first",
            "traceback",
        ),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", "traceback"),
        ("open('/var/task/x.csv')", "'/var/task/x.csv'", "LAMBDA_TASK_ROOT"),
        (
            "import os\nopen(os.path.abspath('x.csv'))",
            "'/var/task/x.csv'",
            "Fix what the traceback shows",
        ),
    ],
)
def test_what_is_raised_is_shown(
    tmp_path: Path, code: str, message: str, hint: str
) -> None:
    """With the line, and advice for its kind."""
    error = failing(archive_of(tmp_path, {"a.py": f"{code}\n"}), "a.handler")
    assert message in error.reason
    line = len(code.splitlines())
    if not code.startswith("class"):
        assert f'File "/var/task/a.py", line {line}' in error.reason
    assert hint in error.hint


@pytest.mark.parametrize("nest", [(), ("used",)], ids=["flat", "nested"])
def test_a_library_that_is_there_and_is_not_found(
    tmp_path: Path, nest: tuple[str, ...]
) -> None:
    """The package does not lack it: that is said, with its place in the archive."""
    code = "import used, ctypes\nctypes.CDLL('libused-1a.so.2')\n"
    source = Source(
        {"my_app/__init__.py": "", "my_app/handler.py": code},
        dependencies={
            "used": {"used/__init__.py": "", "used.libs/libused-1a.so.2": "no library"}
        },
    )
    report = source.package(tmp_path, nested=bool(nest))
    assert bool(nest) is (report.nested is not None)
    error = failing(report.output_file)
    assert "libused-1a.so.2: cannot open shared object file" in error.reason
    assert "The archive has it as used.libs/libused-1a.so.2" in error.hint


def test_a_nested_zip_that_cannot_be_extracted_says_so(tmp_path: Path) -> None:
    """The loader's own words."""
    code = "import os, shutil\nos.rmdir(os.environ['TMPDIR'])\nimport used\n" + WORKS
    report = Source(
        {"my_app/__init__.py": "", "my_app/handler.py": code},
        dependencies={"used": {"used/__init__.py": ""}},
    ).package(tmp_path)
    error = failing(report.output_file)
    assert "nested ZIP could not be extracted" in error.reason
    assert "smaller" in error.hint


def test_a_variable_that_only_a_deployment_knows(tmp_path: Path) -> None:
    """It is there, as it will be on Lambda, and has its name for a value."""
    code = f"import os\nassert os.environ['TABLE'] == 'TABLE', 'made up'\n{WORKS}"
    archive = archive_of(tmp_path, {"my_app.py": code})
    unknown = frozenset({"TABLE", "PATH", "HOME", "PYTHONPATH", "AWS_REGION"})
    result = verified(archive, "my_app.handler", unknown_variables=unknown)
    assert result.is_complete
    environ = "{each: os.environ[each] for each in ('PATH', 'AWS_REGION')}"
    found = shown(tmp_path, environ, unknown_variables=unknown)
    assert "us-east-1" == found["AWS_REGION"]
    assert "/usr/bin" in found["PATH"]


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import os\nint(os.environ['PORT'])", ["PORT"]),
        ("import json, os\nURL = os.environ['URL']\njson.loads(URL)", ["URL"]),
        (
            "import os\nraise ValueError(os.environ['URL'] + ' ' + os.environ['PORT'])",
            ["PORT", "URL"],
        ),
    ],
)
def test_what_a_made_up_value_raises_is_no_error(
    tmp_path: Path, code: str, names: list[str]
) -> None:
    """The result names the variables, and the line that makes the import complete.

    Whether a template has named them, or nobody has.
    """
    archive = archive_of(tmp_path, {"my_app.py": f"{code}\n{WORKS}"})
    for unknown in (frozenset({"PORT", "URL", "TABLE"}), frozenset[str]()):
        result = verified(archive, "my_app.handler", unknown_variables=unknown)
        assert not result.is_complete
        assert f"What {', '.join(names)} will be, only a deployment" in result.unchecked
        values = [f'{name} = "…"' for name in names]
        if unknown:
            assert f"environment = {{ {', '.join(values)} }} in [" in result.advice
        assert all(each in result.advice for each in values)
        assert {*result.made_up} == ({*names} if not unknown else set())


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nothing_of_this_name  # TABLE", "No module named"),
        ("1 / 0", "ZeroDivisionError"),
        ("{}['OTHER']", "KeyError: 'OTHER'"),
        ("def TABLE(:", "Syntax error"),
    ],
)
def test_what_no_variable_changes_is_an_error(
    tmp_path: Path, code: str, message: str
) -> None:
    """Whatever else only a deployment knows."""
    archive = archive_of(tmp_path, {"my_app.py": f"{code}\n{WORKS}"})
    unknown = frozenset({"TABLE"})
    error = failing(archive, "my_app.handler", unknown_variables=unknown)
    assert message in error.reason


def test_room_in_tmp_is_the_functions(tmp_path: Path) -> None:
    """What it leaves there is held against what it is said to have."""
    report = Source(
        {"my_app/__init__.py": "", "my_app/handler.py": WORKS},
        table=f"handler = {HANDLER!r}\npython = {sys.executable!r}\n"
        "ephemeral-storage = 600\n",
        python=HOST,
    ).package(tmp_path, nested=False)
    assert report.verified is not None
    allowed = {each.limit: each.allowed for each in report.verified.judgements}
    assert 600 * MIB == allowed[Limit.TMP]
    assert 600 == report.ephemeral_storage_mb


def test_only_the_last_lines_of_the_output_are_shown(tmp_path: Path) -> None:
    """Both streams, in the order in which they were written."""
    code = (
        "import sys\nfor number in range(20000):\n"
        "    print(number, file=sys.stderr if number % 2 else sys.stdout)\n1 / 0\n"
    )
    error = failing(archive_of(tmp_path, {"a.py": code}), "a.handler")
    shown = error.reason.partition("Its last output:\n")[2].splitlines()
    assert [str(number) for number in range(19970, 20000)] == shown


def test_an_interrupt_ends_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left, neither of it nor on the disk."""
    started: list[subprocess.Popen[bytes]] = []
    wait = subprocess.Popen.wait

    def interrupted(
        process: subprocess.Popen[bytes], timeout: float | None = None
    ) -> int:
        started.append(process)
        if timeout is not None:
            raise KeyboardInterrupt
        return wait(process)

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    archive = archive_of(tmp_path, {"a.py": "import time\ntime.sleep(600)\n"})
    with pytest.raises(KeyboardInterrupt):
        verified(archive, "a.handler")
    assert -signal.SIGKILL == started[0].returncode


def test_an_interrupt_while_the_process_starts_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also before anybody could remember it; SIGINT is the main thread's to hear."""
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def start(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(popen(*arguments, **options))
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.2)
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", start)
    archive = archive_of(tmp_path, {"a.py": "import time\ntime.sleep(600)\n"})
    with pytest.raises(KeyboardInterrupt):
        verified(archive, "a.handler")
    assert -signal.SIGKILL == started[0].returncode


@pytest.mark.parametrize("number", [signal.SIGKILL, 40])
def test_an_ending_is_named(number: int) -> None:
    """Signals without a name by their number."""
    name = "SIGKILL" if number == signal.SIGKILL else "signal 40"
    assert f"it was ended by {name}" == ending(-number)


# -- what cannot be checked ---------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "import boto3",
        "import botocore.session",
        "try:\n    import boto3\nexcept ImportError as e:\n    raise OSError from e",
    ],
)
def test_what_the_runtime_brings_is_no_error(
    package: Callable[..., Path], code: str
) -> None:
    """It is told that the handler was found by parsing, and what would help."""
    result = verified(package(f"{code}\n{WORKS}"))
    assert not result.is_complete
    top = "botocore" if "botocore" in code else "boto3"
    assert f"that needs {top}, which Lambda's runtime brings" in result.unchecked
    assert (None, None, ()) == (result.init_s, result.tmp_bytes, result.judgements)


@pytest.mark.parametrize("service", [AGENTCORE, None], ids=["AgentCore", "another"])
def test_others_than_lambda_bring_no_sdk(
    package: Callable[..., Path], service: Service | None
) -> None:
    """It has to be in the archive, as all else."""
    error = failing(package(f"import boto3\n{WORKS}"), service=service)
    assert "Add the distribution that has boto3 to the project's" in error.hint


@pytest.fixture
def sdk(tmp_path: Path) -> Sequence[Entry]:
    """What stands for the runtime's SDK, in an environment with more than that."""
    files = {
        "boto3/__init__.py": "import six",
        "boto3/data.json": "{}",
        "six.py": "",
        "botocore.py": "import hidden",
        "hidden.py": "",
        "boto3-1.2.dist-info/METADATA": "Name: boto3\nVersion: 1.2\n",
    }
    there = write_files(tmp_path / "environment", files)
    del files["hidden.py"]
    return [
        Entry(name, FileContent(str(there / name)), len(data))
        for name, data in files.items()
    ]


def test_what_stands_for_the_runtimes_is_imported(
    package: Callable[..., Path], sdk: Sequence[Entry]
) -> None:
    """All is checked then, and it is found behind everything else."""
    code = (
        "import boto3, importlib.metadata, os, six, sys\n"
        "assert 'own' == six.OWN\n"
        "assert '1.2' == importlib.metadata.version('boto3')\n"
        "assert os.path.exists(os.path.dirname(boto3.__file__) + '/data.json')\n"
        "assert os.path.dirname(boto3.__path__[0]) == sys.path[-1]\n"
    )
    dependencies = {"six": {"six.py": "OWN = 'own'"}}
    result = verified(
        package(code + WORKS, dependencies),
        provided=sdk,
        distributions={"my_app/handler.py": "my-app"},
    )
    assert result.is_complete, result
    assert () == result.unused


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("import botocore", "Add the distribution that has hidden"),
        ("import boto3.session", "The environment's boto3 stands for the one that"),
    ],
)
def test_nothing_else_of_the_environment_is_seen(
    tmp_path: Path, sdk: Sequence[Entry], code: str, hint: str
) -> None:
    """What is missing then is an error; paths are those of Lambda."""
    archive = archive_of(tmp_path, {"a.py": f"{code}\n{WORKS}"})
    error = failing(archive, "a.handler", provided=sdk)
    assert "No module named" in error.reason
    assert hint in error.hint
    assert str(tmp_path) not in error.reason
    assert ('File "/var/runtime/botocore.py"' in error.reason) is ("botocore" in code)


def service(directory: Path, *, interpreter: str | None) -> Report:
    """Packages a function for a runtime that is this machine, without the SDK."""
    venv = make_venv(directory / "venv", python=HOST)
    if interpreter is not None:
        (venv / "bin").mkdir()
        (venv / "bin/python").symlink_to(interpreter)
    code = f"import boto3\n{WORKS}"
    requirement = "Requires-Dist: boto3\n"
    install(venv, "my_app", {"my_app.py": code}, metadata=requirement)
    install(venv, "boto3", {"boto3/__init__.py": ""})
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    table = (
        f'runtime = "python{HOST}"\narchitecture = "{machine}"\n'
        'exclude-provided = true\nhandler = "my_app.handler"'
    )
    pyproject = make_project(directory / "project", "my-app", table)
    return package_venv(venv, pyproject, directory / "function.zip")


def test_the_service_tells_what_is_left_to_the_runtime(tmp_path: Path) -> None:
    """It is found where the environment has it."""
    report = service(tmp_path, interpreter=sys.executable)
    assert {"boto3"} == report.provided.names
    assert report.verified is not None
    assert report.verified.is_complete, report.verified
    assert () == report.verified.unused


def test_an_sdk_that_is_excluded_stands_for_the_runtimes(tmp_path: Path) -> None:
    """However it has been left out; what is excluded of all others is missing."""
    files = {"boto3/__init__.py": "import six", "six.py": ""}
    table = 'handler = "my_app.handler"\nexclude = ["/boto3/", "/six.py", "/more.py"]'
    for code, is_there in (("import boto3", True), ("import more", False)):
        venv = make_venv(tmp_path / code / "venv", python=HOST)
        (venv / "bin").mkdir()
        (venv / "bin/python").symlink_to(sys.executable)
        install(venv, "my_app", {"my_app.py": f"{code}\n{WORKS}"})
        for name, text in {**files, "more.py": ""}.items():
            install(venv, name.partition("/")[0].removesuffix(".py"), {name: text})
        pyproject = make_project(tmp_path / code / "project", "my-app", table)
        if is_there:
            report = package_venv(venv, pyproject, tmp_path / "function.zip")
            assert report.verified is not None
            assert report.verified.is_complete
            with zipfile.ZipFile(report.output_file) as archive:
                assert "six.py" not in archive.namelist()
        else:
            with pytest.raises(VerifyError, match="No module named 'more'"):
                package_venv(venv, pyproject, tmp_path / "function.zip")


def test_an_sdk_that_is_excluded_from_what_another_cloud_gets(tmp_path: Path) -> None:
    """Nothing stands for it, as that has none; who leaves it out is told."""
    venv = make_venv(tmp_path / "venv", python=HOST)
    (venv / "bin").mkdir()
    (venv / "bin/python").symlink_to(sys.executable)
    install(venv, "my_app", {"my_app.py": f"import boto3\n{WORKS}"})
    install(venv, "boto3", {"boto3/__init__.py": ""})
    table = (
        f'platform = "manylinux_2_17_{platform.machine()}"\n'
        'handler = "my_app.handler"\nexclude = ["/boto3/"]'
    )
    pyproject = make_project(tmp_path / "project", "my-app", table)
    with pytest.raises(VerifyError, match="No module named 'boto3'") as caught:
        package_venv(venv, pyproject, tmp_path / "function.zip")
    assert caught.value.hint.startswith("boto3 has it, and `exclude` leaves it out")


def test_a_virtual_environment_without_an_interpreter(tmp_path: Path) -> None:
    """That is no other machine: it is told what is missing."""
    report = service(tmp_path, interpreter=None)
    assert report.verified is not None
    assert (
        f"It was not imported: {tmp_path}/venv/bin/python cannot be run here (No such"
        " file or directory)."
    ) in report.verified.unchecked


def test_a_wrong_handler_is_an_error_whatever_the_runtime_brings(
    package: Callable[..., Path],
) -> None:
    """As far as it can be checked, it is."""
    error = failing(package("import boto3\ndef main(): ...\n"))
    assert "Handler 'handler' missing on module 'my_app.handler'." == error.reason


def test_a_part_of_what_the_runtime_brings_is_missing(tmp_path: Path) -> None:
    """The archive's own hides the runtime's."""
    files = {"a.py": f"import boto3.session\n{WORKS}", "boto3/__init__.py": ""}
    error = failing(archive_of(tmp_path, files), "a.handler")
    assert "No module named 'boto3.session'" in error.reason


def test_a_layer_may_bring_what_is_missing(package: Callable[..., Path]) -> None:
    """If there are layers; without, it is an error."""
    archive = package(f"import shared\n{WORKS}")
    result = verified(archive, has_layers=True)
    assert "that needs shared, which is not in the archive" in result.unchecked
    failing(archive)


def test_a_foreign_target_is_parsed(package: Callable[..., Path]) -> None:
    """It says so, and gives no figures."""
    result = verified(package(WORKS), interpreter=None, python=HOST)
    assert (
        Verified(
            HANDLER,
            "It was not imported, as the target is not this machine. Module and"
            " function were looked for by parsing.",
        )
        == result
    )
    assert not result.is_complete


def test_an_interpreter_that_does_not_run_is_a_foreign_one(tmp_path: Path) -> None:
    """Be it missing, another machine's, or broken."""
    archive = archive_of(tmp_path, {"a.py": WORKS})
    foreign = tmp_path / "foreign"
    foreign.write_bytes(b"\x7fELF\x02\x01\x01")
    foreign.chmod(0o755)
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho no library\nexit 127\n")
    broken.chmod(0o755)
    for python, why in [
        (tmp_path / "missing", "No such file or directory"),
        (foreign, "Exec format error"),
        (broken, "it ended with status 127). no library"),
    ]:
        result = verified(archive, "a.handler", interpreter=python)
        assert f"{python} cannot be run here (" in result.unchecked
        assert why in result.unchecked


@pytest.mark.slow
def test_an_interpreter_that_does_not_start_in_time_is_a_foreign_one(
    tmp_path: Path,
) -> None:
    """It is ended."""
    python = tmp_path / "slow"
    python.write_text("#!/bin/sh\nsleep 600\n")
    python.chmod(0o755)
    archive = archive_of(tmp_path, {"a.py": WORKS})
    result = verified(archive, "a.handler", interpreter=python, time_limit_s=0.1)
    assert "it did not start in time" in result.unchecked


@pytest.mark.parametrize(
    "code",
    [
        "async def handler(event, context): ...",
        "class handler: ...",
        "handler = print",
        "handler: object = print",
        "first, (*_, handler) = 1, (2, print)",
        "from somewhere import handler",
        "from somewhere import main as handler",
        "import handler.deep",
        "if True:\n    def handler(): ...",
        "try:\n    1 / 0\nexcept OSError:\n    pass\nelse:\n    handler = print",
        "with open('x') as handler: ...",
        "def make():\n    global handler\n    handler = print",
    ],
)
def test_a_definition_is_seen(tmp_path: Path, code: str) -> None:
    """However a name comes to stand in a module."""
    archive = archive_of(tmp_path, {"a.py": code})
    result = verified(archive, "a.handler", interpreter=None)
    assert result.unchecked.endswith("by parsing.")


@pytest.mark.parametrize(
    "code",
    [
        "from somewhere import *",
        "globals()['hand' + 'ler'] = print",
        "def __getattr__(name): ...",
        "from lazy import __getattr__",
        "import lazy\n__getattr__, __dir__ = lazy.attach(__name__)",
        "import sys\nsys.modules[__name__] = object()",
    ],
)
def test_what_cannot_be_seen_is_told(tmp_path: Path, code: str) -> None:
    """It is no error."""
    archive = archive_of(tmp_path, {"a.py": code})
    result = verified(archive, "a.handler", interpreter=None)
    assert result.unchecked.endswith("Whether a has handler cannot be seen.")


@pytest.mark.parametrize("code", ["", "def handle(): ...", "print(handler)"])
def test_a_name_that_nothing_binds_is_no_handler(tmp_path: Path, code: str) -> None:
    """Whatever else there is."""
    archive = archive_of(tmp_path, {"a.py": code})
    error = failing(archive, "a.handler", interpreter=None)
    assert "Handler 'handler' missing on module 'a'." == error.reason


@pytest.mark.parametrize("name", ["a.pyc", "a.cpython-313-aarch64-linux-gnu.so"])
def test_what_has_no_source_is_accepted(tmp_path: Path, name: str) -> None:
    """It cannot be parsed, which is told."""
    archive = archive_of(tmp_path, {name: b"", "a/data.txt": b""})
    result = verified(archive, "a.handler", interpreter=None)
    assert result.unchecked.endswith(f"{name} cannot be parsed.")


def test_a_package_stands_before_a_module(tmp_path: Path) -> None:
    """As Python's finder of files has it; and a namespace package after both."""
    files = {"a.py": "", "a/__init__.py": WORKS, "b.py": WORKS, "b/c.py": ""}
    archive = archive_of(tmp_path, files)
    assert not verified(archive, "a.handler", interpreter=None).is_complete
    assert not verified(archive, "b.handler", interpreter=None).is_complete
    error = failing(archive, "b.c.handler", interpreter=None)
    assert "'b' is not a package" in error.reason


def test_a_namespace_package_has_no_handler(tmp_path: Path) -> None:
    """It has no code."""
    archive = archive_of(tmp_path, {"acme/fn.py": WORKS})
    assert not verified(archive, "acme.fn.handler", interpreter=None).is_complete
    error = failing(archive, "acme.handler", interpreter=None)
    assert "Handler 'handler' missing on module 'acme'." == error.reason


@pytest.mark.parametrize("python", ["3.99", None])
def test_syntax_of_a_newer_python_is_not_judged(
    tmp_path: Path, python: str | None
) -> None:
    """This Python may not know it."""
    archive = archive_of(tmp_path, {"a.py": "new syntax\n"})
    result = verified(archive, "a.handler", interpreter=None, python=python)
    assert "a.py does not compile on this Python" in result.unchecked


def test_lazy_imports_are_parsed(tmp_path: Path) -> None:
    """Python 3.15 has them, and this Python may be an older one."""
    archive = archive_of(tmp_path, {"a.py": f"lazy import json\n{WORKS}"})
    told = verified(archive, "a.handler", interpreter=None, python="3.15")
    assert "compile" not in told.unchecked
    error = failing(archive, "a.absent", interpreter=None, python="3.15")
    assert "Handler 'absent' missing on module 'a'." == error.reason


# -- the verifier, without what starts it -------------------------------------------


class Answer(NamedTuple):
    """How the verifier has left, and what it has written."""

    status: int
    answer: dict[str, Any]
    trace: str


class Verifier:
    """Starts the verifier for a task root."""

    def __init__(self, directory: Path) -> None:
        self.task_root = write_files(directory / "task", {"works.py": WORKS})
        self._directory = directory

    def __call__(self, handler: str, python_path: list[str] | None = None) -> Answer:
        result, trace = self._directory / "result.json", self._directory / "trace.txt"
        task = {
            "task_root": str(self.task_root),
            "python_path": python_path,
            "runtime_path": [verifier.RUNTIME],
            "layers_root": verifier.LAYERS,
            "handler": handler,
            "started_s": 0,
            "time_limit_s": 60,
            "result": str(result),
            "trace": str(trace),
            "hosts": os.devnull,
            "tmp_dir": str(self._directory / "tmp"),
            "event": None,
        }
        done = subprocess.run(
            [sys.executable, "-B", verifier.__file__, json.dumps(task)],
            cwd=self.task_root,
            check=False,
        )
        answer = json.loads(result.read_text()) if result.exists() else {}
        return Answer(done.returncode, answer, trace.read_text())


@pytest.fixture
def start_verifier(tmp_path: Path) -> Verifier:
    """A task root with a handler that works, and what starts the verifier there."""
    return Verifier(tmp_path)


def test_the_verifier_writes_its_answer(start_verifier: Verifier) -> None:
    """And leaves with success, whatever else there is."""
    odd = "import sys, works\nsys.modules['odd'] = 1\nhandler = works.handler\n"
    write_files(start_verifier.task_root, {"odd_one.py": odd})
    status, answer, _ = start_verifier("odd_one.handler")
    assert 0 == status
    assert answer["callable"] is True
    assert answer["init_s"] > 0
    assert answer["peak_bytes"] > MIB
    assert f"{start_verifier.task_root}/works.py" in answer["files"]


def test_a_python_path_is_in_place_of_layers(start_verifier: Verifier) -> None:
    """What is relative there is so to the task root."""
    root = start_verifier.task_root
    shows = "import sys\nraise ValueError(repr(sys.path))\n"
    write_files(root, {"shows.py": shows})
    _, answer, _ = start_verifier("shows.handler", ["further", "/opt"])
    path = ast.literal_eval(answer["error"]["message"])
    assert [str(root), f"{os.path.realpath(root)}/further", "/opt"] == path[:3]
    assert verifier.RUNTIME == path[-1]
    assert "/opt/python" not in path
    _, answer, _ = start_verifier("shows.handler")
    assert "/opt/python" in ast.literal_eval(answer["error"]["message"])


def test_the_verifier_tells_where_it_is_left(start_verifier: Verifier) -> None:
    """The trace has the user's line."""
    write_files(start_verifier.task_root, {"leaves.py": "import os\nos._exit(3)\n"})
    status, answer, trace = start_verifier("leaves.handler")
    assert (3, {}) == (status, answer)
    assert 'leaves.py", line 2 in <module>' in trace


def test_the_verifier_tells_what_is_wrong(start_verifier: Verifier) -> None:
    """Each kind of answer."""
    files = {
        "fails.py": "try:\n    import nothing_here\nexcept ImportError:\n    1/0",
        "broken.py": "def f(:\n",
    }
    write_files(start_verifier.task_root, files)
    assert ["handler"] == start_verifier("works.main").answer["functions"]
    error = start_verifier("fails.x").answer["error"]
    assert ("", ["nothing_here"]) == (error["kind"], error["absent"])
    assert "ZeroDivisionError" in error["text"]
    assert "verifier.py" not in error["trace"]
    error = start_verifier("broken.x").answer["error"]
    assert "SyntaxError" == error["kind"]
    assert "broken.py" in error["trace"]
    error = start_verifier("nowhere_here.x").answer["error"]
    assert ("ModuleNotFoundError", "") == (error["kind"], error["trace"])


def test_an_exception_without_a_message_is_told() -> None:
    """Even if its `__str__` fails."""

    class OddError(Exception):
        def __str__(self) -> str:
            raise ValueError

    description = raised.description_of(OddError())
    assert "" == description["message"]
    assert "failed" in description["text"]


def test_peak_memory_is_known_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    """By `resource`, in the units of the system."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(verifier, "open", _no_file, raising=False)
    linux = verifier.peak_bytes()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert linux // 1024 <= verifier.peak_bytes() <= linux


def test_mapped_files_are_known_where_there_is_proc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whole paths, also of those that have gone; elsewhere there are none."""
    path = tmp_path / "a b.so"
    path.write_bytes(b"x")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ):
        assert str(path) in set(verifier.mapped_files())
        path.unlink()
        assert str(path) in set(verifier.mapped_files())
    monkeypatch.setattr(verifier, "open", _no_file, raising=False)
    assert [] == list(verifier.mapped_files())


def _no_file(*_: object, **__: object) -> NoReturn:
    raise FileNotFoundError
