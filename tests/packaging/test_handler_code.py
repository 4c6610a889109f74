"""The handler's module is found in the project, with what it needs."""

from __future__ import annotations

import os

from dataclasses import replace
from pathlib import Path

import pytest

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.configuration.inclusions import Inclusion
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.project_code.handler_code import (
    HandlerCode,
)
from poetry_plugin_package_function.packaging.project_code.handler_code import (
    find_handler_code,
)
from poetry_plugin_package_function.project import Project
from poetry_plugin_package_function.settings import Settings
from tests.git import repository
from tests.trees import write_files


def find(
    directory: Path,
    handler: str | None,
    *wheel: str,
    whose: str | None = "the wheel",
    direct: tuple[str, ...] = (),
    roots: tuple[str, ...] = (),
    **settings: object,
) -> HandlerCode | None:
    """Looks for a handler beside a wheel with some files."""
    asked = replace(Settings(Path("f.zip")), handler=handler, **settings)  # type: ignore[arg-type]
    needed = frozenset(map(canonicalize_name, direct))
    project = Project(directory, "my-app", {}, needed, package_roots=roots)
    return find_handler_code(asked, project, frozenset(wheel), whose)


def names(code: HandlerCode | None) -> list[str]:
    """The names in the archive of all that comes in."""
    return [entry.name for entry in code.entries] if code else []


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's directory."""
    directory = tmp_path / "lambdas"
    directory.mkdir()
    return directory


@pytest.mark.parametrize(
    ("file", "handler", "name", "place"),
    [
        ("app.py", "app.handler", "app.py", "."),
        ("app/__init__.py", "app.handler", "app/__init__.py", "."),
        ("fast.cpython-313-x86_64-linux-gnu.so", "fast.handler", None, "."),
        ("src/function.py", "function.handler", "function.py", "src"),
        ("src/function.py", "src.function.handler", "src/function.py", "."),
        ("functions/get-user.py", "functions/get-user.handler", None, "."),
        ("functions/get-user.py", "functions.get-user.handler", None, "."),
        ("users/get.py", "lambdas.users.get.handler", "lambdas/users/get.py", "."),
        ("deep/er/app.py", "app.handler", "app.py", "deep/er"),
        ("deep/er/pkg/app.py", "pkg/app.handler", "pkg/app.py", "deep/er"),
        ("deep/pkg/__init__.py", "pkg.handler", "pkg/__init__.py", "deep"),
    ],
)
def test_where_it_may_be(
    project: Path, file: str, handler: str, name: str | None, place: str
) -> None:
    """Its name in the archive is the one that Lambda imports."""
    write_files(project, {file: ""})

    code = find(project, handler, "my_app/__init__.py")

    assert code is not None
    assert [name or file] == names(code)
    assert place == code.place
    assert code.why.startswith("the wheel has no module ")
    assert all(entry.included for entry in code.entries)


def test_what_comes_first(project: Path) -> None:
    """The wheel, the project's directory, src, its own name, one other directory."""
    files = {
        "other/lambdas/app.py": "",
        "app.py": "",
        "src/lambdas/app.py": "",
        "lambdas/app.py": "",
    }
    write_files(project, files)
    handler = "lambdas.app.handler"

    assert find(project, handler, "lambdas/app.py") is None
    for name, place in (
        ("lambdas/app.py", "."),
        ("src/lambdas/app.py", "src"),
        ("app.py", "."),
        ("other/lambdas/app.py", "other"),
    ):
        code = find(project, handler)
        assert code is not None
        assert (place, ["lambdas/app.py"]) == (code.place, names(code))
        assert str(project / name) == code.entries[0].content[0]
        (project / name).unlink()
    assert find(project, handler) is None


def test_without_a_handler_nothing_is_looked_for(project: Path) -> None:
    """What is not asked for does not come."""
    write_files(project, {"app.py": ""})

    assert find(project, None) is None


def test_several_places(project: Path) -> None:
    """Which it is has to be said; each line that says it is ready to be copied."""
    write_files(project, {"functions/a/app.py": "", "functions/b/app/__init__.py": ""})

    with pytest.raises(SourceError) as raised:
        find(project, "app.handler")

    first, *lines = raised.value.lines
    assert (
        "The handler's module app may be any of functions/a/app.py,"
        " functions/b/app/__init__.py. Say which, in"
        " [tool.poetry-plugin-package-function]:"
    ) == first
    assert [
        '  include = [{ include = "app.py", from = "functions/a" }]',
        '  include = [{ include = "app", from = "functions/b" }]',
    ] == lines
    assert "--handler functions/a/app.handler" in raised.value.hint


@pytest.mark.parametrize(
    "directory",
    [".venv", "node_modules", "tests", "build", "dist", "cdk.out", ".aws-sam", "env"],
)
def test_where_nobody_deploys_from(project: Path, directory: str) -> None:
    """Copies of the code and tests are no places for a handler."""
    write_files(
        project,
        {f"{directory}/x/app.py": "", "env/pyvenv.cfg": "", "here/app.py": ""},
    )

    code = find(project, "app.handler")

    assert code is not None
    assert "here" == code.place


def test_what_git_ignores_is_no_place(project: Path) -> None:
    """It is nobody's source."""
    write_files(
        project, {".gitignore": "out/\n", "out/app.py": "", "in/app.py": "", "x": ""}
    )
    repository(project)

    code = find(project, "app.handler")

    assert code is not None
    assert "in" == code.place


IMPORTS = """\
import os.path, one
import two.deep.module
from three import *
from four.five import six
if True:
    try:
        from seven import x as y
    except ImportError:
        import eight
def handler(event, context):
    import nine
    from importlib import import_module
    return import_module("ten.plugin")
if TYPE_CHECKING:
    import never
import boto3
"""


def test_what_it_imports_comes_too(project: Path) -> None:
    """Wherever the statement is; packages as a whole, of other directories a module."""
    write_files(
        project,
        {
            "app.py": IMPORTS,
            "one.py": "import eleven\n",
            "two/deep/module.py": "",
            "two/deep/other.py": "",
            "three/__init__.py": "from . import a\n",
            "three/a.py": "import twelve\n",
            "three/data.json": "",
            "three/tests/test_a.py": "",
            "three/__pycache__/a.pyc": b"",
            "three/.env": "",
            "four/five/six.py": "from ..near import z\n",
            "four/near.py": "",
            "seven.py": "",
            "eight.py": "",
            "nine/__init__.py": "",
            "ten/plugin.py": "",
            "eleven.py": "import app, one\n",
            "twelve.py": "",
            "never.py": "",
            "unused.py": "",
            "setup.py": "",
        },
    )

    assert [
        *("app.py", "eight.py", "eleven.py", "four/five/six.py", "four/near.py"),
        *("nine/__init__.py", "one.py", "seven.py", "ten/plugin.py"),
        *("three/__init__.py", "three/a.py", "three/data.json"),
        *("three/tests/test_a.py", "twelve.py", "two/deep/module.py"),
    ] == names(find(project, "app.handler"))


def test_what_the_wheel_has_is_not_included_twice(project: Path) -> None:
    """Neither its package, nor what Poetry leaves out of that."""
    write_files(
        project,
        {
            "app.py": "import my_app.api\nimport ns.there, ns.here\n",
            "my_app/__init__.py": "",
            "my_app/api.py": "",
            "my_app/left_out.py": "",
            "ns/there.py": "",
            "ns/here.py": "",
        },
    )
    wheel = ("my_app/__init__.py", "my_app/api.py", "ns/there.py")

    assert ["app.py", "ns/here.py"] == names(find(project, "app.handler", *wheel))


def test_what_the_wheel_s_modules_import(project: Path) -> None:
    """Modules that the handler leads to come, and no others, and no data for them.

    Neither what Git ignores, which Poetry leaves out, nor what a dependency may have,
    nor what the wheel has left out of a package.
    """
    write_files(
        project,
        {
            "my_app/__init__.py": "",
            "my_app/main.py": "from my_app import api, left_out\nopen('rules.json')\n",
            "my_app/api.py": "import common, local, made.up, requests, json, near\n",
            "my_app/cli.py": "import unused\n",
            "my_app/left_out.py": "import unused\n",
            "common.py": "import helpers.a\nopen('common.json')\n",
            "helpers/__init__.py": "",
            "helpers/a.py": "",
            "src/near.py": "",
            ".gitignore": "local.py\nmade\n",
            **dict.fromkeys(("local.py", "made/up.py", "json.py", "unused.py"), ""),
            **dict.fromkeys(("requests/__init__.py", "rules.json", "common.json"), ""),
        },
    )
    wheel = [f"my_app/{each}.py" for each in ("__init__", "main", "api", "cli")]
    code = find(project, "my_app.main.handler", *wheel, direct=("requests",))

    expected = ["common.json", "common.py", "helpers/__init__.py", "helpers/a.py"]
    assert [*expected, "near.py"] == names(code)
    assert code is not None
    assert code.described().endswith(": modules of the wheel import them")

    venv = project / ".venv"
    assert find(project, "my_app.main.handler", *wheel, venv=venv) is None


def test_code_of_another_directory_of_the_project(project: Path) -> None:
    """What is not beside the module may be at the project's root, or in src."""
    write_files(
        project,
        {
            "functions/app.py": "import near, common.a, lib, json\n",
            "functions/near.py": "",
            "common/a.py": "",
            "src/lib/__init__.py": "",
            "json.py": "raise SystemExit('not the standard library')",
        },
    )

    assert ["app.py", "common/a.py", "lib/__init__.py", "near.py"] == names(
        find(project, "app.handler")
    )


def test_code_that_projects_share(tmp_path: Path) -> None:
    """It is beside them, in the same Git checkout; a dependency's name is not its."""
    write_files(
        tmp_path,
        {
            ".gitignore": "*.log\n",
            "service/app.py": "import shared.db, lib, service.near, requests.x, json\n",
            "service/near.py": "",
            "service/__init__.py": "",
            "shared/db.py": "import shared.deep\n",
            "shared/deep.py": "",
            "shared/unused.py": "",
            "lib/__init__.py": "",
            "lib/x.log": "",
            "lib/.env": "",
            "requests/x.py": "",
            "json/__init__.py": "",
        },
    )
    wanted = ["app.py", "service/__init__.py", "service/near.py"]
    assert wanted == names(find(tmp_path / "service", "app.handler"))

    repository(tmp_path)
    code = find(tmp_path / "service", "app.handler", direct=("requests",))

    assert code is not None
    shared = ["lib/__init__.py", "shared/db.py", "shared/deep.py"]
    assert sorted([*wanted, *shared]) == names(code)
    assert {*shared} == code.beside
    assert code.described().startswith(
        "../lib/ (1 file), ../shared/ (2 files), app.py and 1 more from the project's"
    )


def test_packages_beside_the_project(tmp_path: Path) -> None:
    """Where `packages` has them, handler and imports are found in the checkout."""
    write_files(
        tmp_path,
        {
            "services/api/api/__init__.py": "",
            "services/api/api/main.py": "import shared.db, own\n",
            "services/api/code/own.py": "",
            "libs/src/shared/__init__.py": "",
            "libs/src/shared/db.py": "import other\n",
            "libs/src/other.py": "",
            "libs/src/unused.py": "",
        },
    )
    project = tmp_path / "services/api"
    roots = ("", "code", "../../libs/src", "../../gone")
    alone = [*("api/__init__.py", "api/main.py")]
    assert alone == names(find(project, "api.main.handler", roots=roots))

    repository(tmp_path)
    code = find(project, "api.main.handler", roots=roots)
    shared = ["other.py", "shared/__init__.py", "shared/db.py"]
    assert [*alone, "other.py", "own.py", *shared[1:]] == names(code)
    assert code is not None
    assert {*shared} == code.beside
    wheel = find(project, "api.main.handler", *alone, roots=roots)
    assert ["other.py", "own.py", *shared[1:]] == names(wheel)
    code = find(project, "shared.db.handler", roots=roots)
    assert code is not None
    assert ("../../libs/src", shared) == (code.place, names(code))
    assert code.described().startswith("other.py, shared/ (2 files) from ../../libs/")


def test_imports_under_the_name_of_the_directory(project: Path) -> None:
    """They stay as the project has them, relative ones too."""
    write_files(
        project,
        {
            "__init__.py": "",
            "users/get.py": "from lambdas.common import db\nfrom . import near\n"
            "from ..other import x\nimport plain\n",
            "users/near.py": "",
            "common/db.py": "",
            "other.py": "",
            "plain.py": "",
            "README.md": "",
        },
    )

    assert [
        *("lambdas/__init__.py", "lambdas/common/db.py", "lambdas/other.py"),
        *("lambdas/users/get.py", "lambdas/users/near.py", "plain.py"),
    ] == names(find(project, "lambdas.users.get.handler"))


OPENS = """\
from pathlib import Path
import os
HERE = Path(__file__).parent
a = open(os.path.join(os.path.dirname(__file__), "data.json"))
b = (HERE / "deep" / "b.csv").read_text()
c = Jinja2Templates(directory="templates")
d = load_dotenv(".env")
e = open("/tmp/e.json")
f = Path("/tmp") / "cache" / "a.json"
g = {"tests": "docs", "data": 1}
h = open("../outside.json")
i = open("ignored.json")
j = HERE / "none"
k = load("rules.yaml")
"""


def test_files_that_it_names_come_too(project: Path) -> None:
    """Those that are there, beside it; not what is hidden, ignored or elsewhere."""
    files = [
        *("data.json", "deep/b.csv", "deep/c.csv", "templates/a/b.html", "rules.yaml"),
        *(".env", "e.json", "cache/b.json", "tests/t.json", "data/x", "ignored.json"),
        *("../outside.json", "README.md", "templates/.hidden"),
    ]
    write_files(project, dict.fromkeys(files, ""))
    write_files(project, {"app.py": OPENS, ".gitignore": "ignored.json\n"})

    assert [
        *("app.py", "data.json", "deep/b.csv", "rules.yaml", "templates/a/b.html")
    ] == names(find(project, "app.handler"))


def test_what_pip_reads_is_not_shipped(project: Path) -> None:
    """It is beside the code, as SAM wants it; elsewhere it is data."""
    files = [
        *("functions/get/app.py", "functions/get/requirements.txt"),
        *("functions/get/more/__init__.py", "functions/get/more/requirements.txt"),
        "functions/get/templates/requirements.txt",
    ]
    write_files(project, dict.fromkeys(files, ""))

    code = find(project, "app.handler", code_dir=project / "functions/get")

    assert [*("app.py", "more/__init__.py", "templates/requirements.txt")] == names(
        code
    )


RESOURCES = """\
from importlib import import_module, resources
a = resources.files("geo").joinpath("countries.csv").read_text()
b = resources.files("plain").joinpath("b.csv").read_text()
c = jinja2.Environment(loader=jinja2.PackageLoader("site.pages"))
d = import_module("plugin")
e = {"unused": "geo", "kind": files(name), "f": "other"}
f = resources.files("json")
"""


def test_packages_whose_resources_it_opens_come_too(project: Path) -> None:
    """With or without an `__init__.py`; a text that is nothing but a word is none."""
    files = [
        *("geo/__init__.py", "geo/countries.csv", "plain/b.csv", "plugin.py"),
        *("site/pages/templates/c.html", "other.py", "unused/__init__.py"),
    ]
    write_files(project, {**dict.fromkeys(files, ""), "app.py": RESOURCES})

    assert [
        *("app.py", "geo/__init__.py", "geo/countries.csv", "plain/b.csv"),
        *("plugin.py", "site/pages/templates/c.html"),
    ] == names(find(project, "app.handler"))


def test_a_module_that_this_python_does_not_parse(project: Path) -> None:
    """It comes in; what it imports cannot be known, and verifying it will say so."""
    write_files(project, {"app.py": "import one\nx = = 1\n", "one.py": ""})

    assert ["app.py"] == names(find(project, "app.handler"))


def test_what_is_imported_lazily_comes_too(project: Path) -> None:
    """The function's Python may have such imports, whatever this one has."""
    app = "lazy import one\nx = 1; lazy from two import y\nlazy = 1\n"
    write_files(project, {"app.py": app, "one.py": "", "two.py": ""})

    assert ["app.py", "one.py", "two.py"] == names(find(project, "app.handler"))


def test_what_is_excluded_stays_out(project: Path) -> None:
    """Whatever imports it."""
    write_files(
        project, {"app.py": "import pkg, one\n", "pkg/__init__.py": "", "pkg/a.md": ""}
    )
    write_files(project, {"one.py": ""})

    code = find(project, "app.handler", exclude=("*.md", "/one.py"))

    assert ["app.py", "pkg/__init__.py"] == names(code)


def test_an_included_module_brings_what_it_imports(project: Path) -> None:
    """Who says which of several modules it is need not say the rest."""
    write_files(
        project,
        {
            "functions/a/app.py": "import near, common\n",
            "functions/a/near.py": "",
            "functions/b/app.py": "",
            "common.py": "",
        },
    )
    inclusion = Inclusion("app.py", "functions/a")

    code = find(project, "app.handler", include=(inclusion,))

    assert code is not None
    assert ["common.py", "near.py"] == names(code)
    assert "modules need them that `include` names" == code.why


def test_a_pattern_that_finds_nothing(project: Path) -> None:
    """It is told before anything is downloaded."""
    with pytest.raises(SourceError, match="nothing in"):
        find(project, None, include=(Inclusion("gone.py"),))


@pytest.mark.parametrize("place", ["functions/a", "../elsewhere"])
def test_the_directory_of_the_function(project: Path, place: str) -> None:
    """All that is in it comes, as SAM has it, but for secrets and rubbish."""
    files = {
        "app.py": "import pkg, common\n",
        "pkg.py": "",
        "unused.py": "",
        "data/x.json": "",
        ".env": "",
        "node_modules/n.js": "",
        "z.log": "",
        ".gitignore": "*.log\n",
    }
    write_files(project / place, files)
    write_files(project, {"common.py": "", "app.py": "", ".gitignore": "*.log\n"})

    code = find(project, "app.handler", code_dir=project / place)

    assert code is not None
    assert ["app.py", "common.py", "data/x.json", "pkg.py", "unused.py"] == names(code)
    assert (place, "the template says that the code is there") == (code.place, code.why)


@pytest.mark.parametrize("above", [".", ".."])
def test_the_directory_of_the_function_is_the_project_s(
    project: Path, above: str
) -> None:
    """Then there is more in it than its code."""
    write_files(project / above, {"app.py": "import pkg\n", "pkg.py": "", "README": ""})

    code = find(project, "app.handler", code_dir=project / above)

    assert ["app.py", "pkg.py"] == names(code)


def test_a_directory_that_does_not_have_it(project: Path) -> None:
    """The other places are looked at then."""
    write_files(project, {"app.py": "", "functions/other.py": ""})

    assert ["app.py"] == names(
        find(project, "app.handler", code_dir=project / "functions")
    )


def test_what_is_said(project: Path) -> None:
    """Which files come in, and why, in a line."""
    write_files(
        project,
        {
            "app.py": "import helpers, a, b, c",
            **dict.fromkeys(["helpers/__init__.py", "helpers/x.py", "a.py"], ""),
        },
    )
    code = find(project, "app.handler")
    assert code is not None
    assert (
        "a.py, app.py, helpers/ (2 files) from the project's directory: the wheel has"
        " no module app"
    ) == code.described()

    write_files(project, {"b.py": "", "c.py": ""})
    code = find(project, "app.handler", whose=None)
    assert code is not None
    assert (
        "a.py, app.py, b.py and 2 more from the project's directory: there is no wheel"
    ) == code.described()


def test_links_and_what_nobody_can_read(project: Path) -> None:
    """A directory that is a link is not another place; a broken one is none."""
    write_files(project, {"here/app.py": ""})
    (project / "link").symlink_to("here")
    (project / "gone").symlink_to("nowhere")
    assert ["app.py"] == names(find(project, "app.handler"))
    assert os.path.islink(project / "gone")
