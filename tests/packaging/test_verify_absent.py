"""A module that is not in the archive: what would bring it is said."""

from __future__ import annotations

import sys

from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import pytest

from poetry_plugin_package_function.errors import VerifyError
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


HOST: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
TABLE: Final = "[tool.poetry-plugin-package-function]"
GROUPS: Final = """\
dependencies = ["six"]
[project.optional-dependencies]
cache = ["redis"]
[dependency-groups]
lint = [{ include-group = "dev" }, "ruff"]
dev = ["chalice", "PyYAML"]
[tool.poetry.group.cloud.dependencies]
google-cloud-storage = "*"
"""
POETRY: Final = """\
[tool.poetry.dependencies]
six = "*"
redis = { version = "*", optional = true }
[tool.poetry.extras]
cache = ["redis"]
[tool.poetry.dev-dependencies]
chalice = "*"
PyYAML = "*"
[tool.poetry.group.cloud.dependencies]
google-cloud-storage = "*"
"""
LOCK: Final = """\
[[package]]
name = "{name}"
version = "1.0"
{more}
"""
REQUIRES: Final = {
    "chalice": "click",
    "pyyaml": "",
    "redis": "async-timeout",
    "google-cloud-storage": "",
    "async-timeout": "",
    "click": "",
    "orphan": "",
    "six": "",
    "ruff": "",
}


def lock() -> str:
    """What Poetry would have locked, without what nobody here reads."""
    return "".join(
        LOCK.format(
            name=name,
            more=f'[package.dependencies]\n{requires} = "*"' if requires else "",
        )
        for name, requires in REQUIRES.items()
    )


def hint(
    directory: Path,
    code: str,
    files: Mapping[str, str] | None = None,
    *,
    table: str = "",
    more: str = "",
    **flags: Any,
) -> str:
    """What to try for a handler, of a project that has these files."""
    venv = make_venv(directory / "venv", python=HOST)
    (venv / "bin").mkdir()
    (venv / "bin/python").symlink_to(sys.executable)
    install(venv, "my_app", {"my_app/__init__.py": code, "my_app/there.py": ""})
    install(venv, "six", {"six.py": ""})
    install(venv, "tool_kit", {"toolkit/__init__.py": ""})
    table = f'handler = "my_app.handler"\n{table}'
    pyproject = make_project(directory / "project", "my-app", table, more)
    write_files(pyproject.parent, {"poetry.lock": lock(), **(files or {})})
    with pytest.raises(VerifyError) as caught:
        package_venv(venv, pyproject, directory / "function.zip", **flags)
    assert "No module named" in caught.value.reason
    return caught.value.hint


@pytest.mark.parametrize("more", [GROUPS, POETRY], ids=["standard", "Poetry's"])
@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("chalice", "has chalice in the group dev: package that, too, by --with dev."),
        ("chalice.app", "has chalice in the group dev: package that, too, by --with"),
        ("click", "has click in the group dev: package that, too, by --with dev."),
        ("yaml", "has pyyaml in the group dev: package that, too, by --with dev."),
        ("google.cloud.storage", "has google-cloud-storage in the group cloud: "),
        (
            "google.cloud.storage.blob as blob",
            "has google-cloud-storage in the group cloud: package that, too, by --with",
        ),
        (
            "redis",
            "has redis in the extra cache: package that, too, by --extras cache.",
        ),
        ("async_timeout", "has async-timeout in the extra cache: "),
        ("orphan", "Add the distribution that has orphan to the project's"),
        ("elsewhere", "Add the distribution that has elsewhere to the project's"),
    ],
)
def test_the_lock_has_it_elsewhere(
    tmp_path: Path, more: str, module: str, expected: str
) -> None:
    """In a group or an extra that is not packaged: the option is said."""
    found = hint(tmp_path, f"import {module}\n", more=more)
    assert expected in found


def test_what_lambda_brings_and_the_lock_has_elsewhere(tmp_path: Path) -> None:
    """It is in a group that is not packaged already: to add it to one is no help."""
    venv = make_venv(tmp_path / "venv", python=HOST)
    (venv / "bin").mkdir()
    (venv / "bin/python").symlink_to(sys.executable)
    install(
        venv, "my_app", {"my_app.py": "import jmespath\ndef f(event, context): ...\n"}
    )
    more = '[dependency-groups]\ntools = ["jmespath"]\n'
    pyproject = make_project(tmp_path / "p", "my-app", 'handler = "my_app.f"', more)
    entry = LOCK.format(name="jmespath", more="")
    for text, way in (
        (entry, ". poetry.lock has jmespath in the group tools: package that, too, by"),
        ("", ": add it to a group that is not packaged, such as dev, to have all"),
    ):
        write_files(pyproject.parent, {"poetry.lock": text})
        report = package_venv(venv, pyproject, tmp_path / "function.zip")
        assert report.verified
        assert f"brings and this machine does not{way}" in report.verified.unchecked


def test_what_the_runtime_brings_and_an_environment_lacks(tmp_path: Path) -> None:
    """Where no lock is installed, the environment is what can have it."""
    venv = make_venv(tmp_path / "venv", python=HOST)
    install(venv, "my_app", {"my_app.py": "import jmespath\ndef f(e, c): ...\n"})
    table = f'handler = "my_app.f"\nvenv = "{venv}"\npython = "{sys.executable}"'
    pyproject = make_project(tmp_path / "project", "my-app", table)

    report = package_venv(venv, pyproject, tmp_path / "function.zip")

    assert report.verified
    expected = f"does not: install it into {venv} to have all checked"
    assert expected in report.verified.unchecked
    assert "exclude-provided = true" in report.verified.unchecked


def test_groups_that_are_named_alone_are_named_with_it(tmp_path: Path) -> None:
    """`--with` would be refused beside `--only`."""
    found = hint(tmp_path, "import chalice", more=GROUPS, only=["main"])
    assert found.endswith("by --only dev,main.")


def test_an_environment_that_is_given(tmp_path: Path) -> None:
    """No option brings it there."""
    venv = str(tmp_path / "venv")
    found = hint(tmp_path, "import chalice", more=GROUPS, table=f'venv = "{venv}"')
    assert f"group dev, which is not installed in {venv}: install it" in found


UV_LOCK: Final = """\
[[package]]
name = "my-app"
source = { virtual = "." }
[[package]]
name = "redis"
dependencies = [{ name = "async-timeout" }]
[[package]]
name = "async-timeout"
[[package]]
name = "six"
dependencies = [{ name = "click" }]
[[package]]
name = "click"
"""


@pytest.mark.parametrize(
    ("module", "where"),
    [("async_timeout", " in the extra cache"), ("click", "")],
)
def test_the_lock_of_another_tool(tmp_path: Path, module: str, where: str) -> None:
    """It says the same, and is named; what is needed without any group, too."""
    venv = make_venv(tmp_path / "venv", python=HOST)
    install(venv, "my_app", {"my_app.py": f"import {module}\ndef f(e, c): ...\n"})
    table = f'handler = "my_app.f"\nvenv = "{venv}"\npython = "{sys.executable}"'
    pyproject = make_project(tmp_path / "project", "my-app", table, GROUPS)
    write_files(pyproject.parent, {"uv.lock": UV_LOCK})

    with pytest.raises(VerifyError) as caught:
        package_venv(venv, pyproject, tmp_path / "function.zip")

    name = module.replace("_", "-")
    expected = f"uv.lock has {name}{where}, which is not installed in {venv}"
    assert expected in caught.value.hint


@pytest.mark.parametrize("text", ["name = [", "[[package]]\nversion = 1", ""])
def test_without_a_lock_nothing_is_known_of_it(tmp_path: Path, text: str) -> None:
    """Nor with one that cannot be read."""
    files = {"poetry.lock": text}
    found = hint(tmp_path, "import chalice", files, more=GROUPS)
    assert "Add the distribution that has chalice" in found


@pytest.mark.parametrize("parent", ["", "src/"])
def test_the_handlers_modules_are_imported_from_where_it_is(
    tmp_path: Path, parent: str
) -> None:
    """Lambda finds them if the handler is called so."""
    files = {f"{parent}my_app/line.py": ""}
    found = hint(tmp_path, "import line", files, handler="my_app.there.handler")
    assert found == (
        f"The project has it as {parent}my_app/line.py: call the handler there.handler,"
        " or import my_app.line."
    )


@pytest.mark.parametrize(
    ("module", "file", "line"),
    [
        ("helpers", "helpers.py", '"helpers.py"'),
        ("helpers", "helpers/__init__.py", '"helpers"'),
        ("helpers.deep", "helpers/deep.py", '"helpers"'),
        ("helpers", "src/helpers.py", '{ include = "helpers.py", from = "src" }'),
        ("src.helpers", "src/helpers.py", '"src"'),
        ("src.helpers", "src/helpers/__init__.py", '"src"'),
        ("helpers", "lib/helpers/a.py", '{ include = "helpers", from = "lib" }'),
        ("redis", "redis.py", '"redis.py"'),
        ("my_app.part", "my_app/part.py", '"my_app/part.py"'),
        (
            "my_app.part",
            "src/my_app/part/a.py",
            '{ include = "my_app/part", from = "src" }',
        ),
    ],
)
def test_the_project_has_it(tmp_path: Path, module: str, file: str, line: str) -> None:
    """A file or a directory: the line of `include` is said."""
    found = hint(tmp_path, f"import {module}\n", {file: ""}, more=GROUPS)
    assert f"include = [{line}] in {TABLE}." in found


def test_what_is_included_is_added_to(tmp_path: Path) -> None:
    """As a table has each key once."""
    files = {"helpers.py": "", "data.txt": ""}
    found = hint(tmp_path, "import helpers", files, table='include = ["data.txt"]')
    assert 'as helpers.py: add "helpers.py" to `include`.' in found


@pytest.mark.parametrize(
    "file",
    [
        "helpers/data.txt",
        "build/helpers.py",
        ".hidden/helpers.py",
        "env/helpers.py",
        "target/helpers.py",
    ],
)
def test_what_is_no_code_of_the_projects_is_not_named(
    tmp_path: Path, file: str
) -> None:
    """What tools write, environments, and what pip has filled."""
    files = {
        file: "",
        "env/pyvenv.cfg": "",
        "target/six-1.dist-info/METADATA": "",
    }
    found = hint(tmp_path, "import helpers", files)
    assert "Add the distribution that has helpers" in found


def test_what_is_excluded(tmp_path: Path) -> None:
    """The distribution is named, and why its module is not there."""
    found = hint(tmp_path, "import toolkit", table='exclude = ["/toolkit/"]')
    assert "tool-kit has it, and `exclude` leaves it out" in found


@pytest.mark.parametrize(
    ("owner", "files", "expected"),
    [
        ("my-app", {"uuid.py": ""}, "The project has uuid.py, which Lambda finds"),
        ("other", {"others.py": "1<<32L\n"}, "Fix the file."),
    ],
)
def test_a_module_in_the_place_of_pythons_own(
    tmp_path: Path, owner: str, files: Mapping[str, str], expected: str
) -> None:
    """What fails for it is not to be fixed, but called otherwise."""
    code = "from others import x" if "others.py" in files else "from uuid import UUID"
    venv = make_venv(tmp_path / "venv", python=HOST)
    (venv / "bin").mkdir()
    (venv / "bin/python").symlink_to(sys.executable)
    own = {"my_app/__init__.py": f"{code}\n"}
    install(venv, "my_app", {**own, **files} if owner == "my-app" else own)
    if owner != "my-app":
        install(venv, owner, files)
    pyproject = make_project(tmp_path / "project", "my-app", 'handler = "my_app.x"')
    with pytest.raises(VerifyError) as caught:
        package_venv(venv, pyproject, tmp_path / "function.zip")
    assert expected in caught.value.hint
