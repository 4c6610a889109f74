"""Variables that a handler's import looks for in vain: it gets made-up values."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import pytest

from tests.nested.function import Source
from tests.packaging.libraries import libraries
from tests.packaging.verifying import WORKS
from tests.packaging.verifying import archive_of
from tests.packaging.verifying import failing
from tests.packaging.verifying import verified


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.packaging.verify.verified import Verified


TABLE: Final = "[tool.poetry-plugin-package-function]"


def written(directory: Path, code: str) -> Path:
    """The archive of a handler's module."""
    return archive_of(directory, {"a.py": f"import os\n{code}\n{WORKS}"})


def found(directory: Path, code: str, **variables: str) -> Verified:
    """What is known of a handler, whatever it lacks."""
    return verified(written(directory, code), "a.handler", variables=variables)


def hint(directory: Path, code: str, **variables: str) -> str:
    """What to try for a handler's module that cannot be imported."""
    return failing(written(directory, code), "a.handler", variables=variables).hint


def line(*names: str) -> str:
    """What to write if there are no variables."""
    values = ", ".join(f'{name} = "…"' for name in names)
    return f"environment = {{ {values} }} in {TABLE}."


def test_a_variable_that_is_missing(tmp_path: Path) -> None:
    """It has its name for a value, and the line to write is said."""
    result = found(tmp_path, "assert os.environ['ORDERS'] == 'ORDERS'")
    assert result.is_complete
    assert ("ORDERS",) == result.made_up
    assert line("ORDERS") in result.advice
    assert result.init_s
    nothing = found(tmp_path, "")
    assert ((), "") == (nothing.made_up, nothing.advice)


@pytest.mark.parametrize(
    "code",
    [
        "try: os.environ['ORDERS']\nexcept KeyError: raise OSError('no') from None",
        "import sys\ntry: os.environ['ORDERS']\nexcept KeyError: sys.exit('no')",
        "class Config:\n    name = os.environ['ORDERS']",
        "def read(name): return os.environ[name]\nread('ORD' + 'ERS')",
        "raise RuntimeError('Missing environment variable: ORDERS')",
        "import sys\nsys.exit('The env var ORDERS is not set')",
        "raise LookupError('ORDERS not found. Declare it as envvar or a default.')",
        (
            "def get(key):\n"
            "    if not os.getenv(key): raise Exception(f'Missing {key}')\n"
            "get('ORDERS')"
        ),
    ],
)
def test_whatever_is_raised_about_it(tmp_path: Path, code: str) -> None:
    """By others than `os.environ`, in words; also if it is raised in any case."""
    result = found(tmp_path, code)
    assert ("ORDERS",) == result.made_up
    assert line("ORDERS") in result.advice


def test_where_there_are_some_it_is_added(tmp_path: Path) -> None:
    """As a table has each key once."""
    result = found(tmp_path, "os.environ['ORDERS']", OTHER="1")
    assert f'Add ORDERS = "…" to `environment` in {TABLE}.' == result.advice


def test_what_only_a_deployment_knows_is_not_missing(tmp_path: Path) -> None:
    """As it is there; and it is told, if it is what matters."""
    code = f"import os\nos.environ['ORDERS']\nos.environ['TABLE']\n{WORKS}"
    unknown = frozenset({"TABLE"})
    archive = archive_of(tmp_path, {"a.py": code})
    result = verified(archive, "a.handler", unknown_variables=unknown)
    assert ("ORDERS",) == result.made_up
    assert line("ORDERS") in result.advice

    code = f"import os\nos.environ['ORDERS-' + os.environ['TABLE']]\n{WORKS}"
    archive = archive_of(tmp_path, {"a.py": code})
    result = verified(
        archive, "a.handler", unknown_variables=unknown, variables={"OTHER": "1"}
    )
    assert "What TABLE will be, only a deployment knows." in result.unchecked
    assert f'Add TABLE = "…" to `environment` in {TABLE}.' == result.advice
    assert () == result.made_up


def test_all_that_a_module_reads_are_named_at_once(tmp_path: Path) -> None:
    """In the modules that are being imported; but for what it may do without."""
    files = {
        "a.py": f"import os, b\nos.environ['LATE']\n{WORKS}",
        "b.py": (
            "import os\nfrom os import environ\n"
            "os.environ['KNOWN']\nos.environ['FIRST']\n"
            "SECOND = {'second': [environ['SECOND'].upper()]}\n"
            "class Config:\n    third = environ['THIRD']\n"
            "try: os.environ['TRIED']\nexcept KeyError: pass\n"
            "if not SECOND: os.environ['PERHAPS']\n"
            "import contextlib\n"
            "with contextlib.suppress(KeyError): os.environ['SUPPRESSED']\n"
            "os.environ['WRITTEN'] = '1'\n"
            "if not SECOND: os.environ['AWS_LAMBDA_RUNTIME_API']\n"
            "def later(): return os.environ['LATER']\n"
            "os.environ.get('NONE')\nos.environ['FIRST']\n"
        ),
    }
    result = verified(
        archive_of(tmp_path, files), "a.handler", variables={"KNOWN": "1"}
    )
    names = ("FIRST", "LATE", "SECOND", "THIRD")
    assert names == result.made_up
    values = ", ".join(f'{each} = "…"' for each in names)
    assert f"Add {values} to `environment`" in result.advice


def test_in_a_nested_result(tmp_path: Path) -> None:
    """The project's modules are found there, too; each try extracts anew."""
    report = Source(
        {
            "my_app/__init__.py": (
                "import os, used\n"
                "open(os.environ['TMPDIR'] + '/left', 'x').close()\n"
                "os.environ['ONE']\nos.environ['TWO']\n"
            ),
            "my_app/handler.py": WORKS,
        },
        dependencies={"used": {"used/__init__.py": ""}},
    ).package(tmp_path)
    result = verified(report.output_file)
    assert result.is_complete
    assert ("ONE", "TWO") == result.made_up
    assert line("ONE", "TWO") in result.advice


@pytest.mark.parametrize(
    "code",
    [
        "{}['ORDERS']",
        "os.environ['AWS_LAMBDA_RUNTIME_API']",
        "os.environ['no name']",
        "raise RuntimeError('Environment variable A_B or C_D is missing')",
        "raise RuntimeError('ORDERS is missing')",
        "os.getenv('HOME')\nraise RuntimeError('ORDERS is missing')",
        "raise RuntimeError(f'{\"ORDERS\"} is missing')",
        "class ValidationError(Exception):\n    model = int\nraise ValidationError",
    ],
)
def test_what_no_line_would_help_gets_none(tmp_path: Path, code: str) -> None:
    """What is reserved, what is no name, and what is no variable: an error."""
    assert "environment = {" not in hint(tmp_path, code)


def test_one_after_the_other(tmp_path: Path) -> None:
    """Each try finds what the last one has not come to; ten are enough."""
    code = (
        "def read(name): return os.environ[name]\nfor each in {}: read('ORDERS' + each)"
    )
    result = found(tmp_path, code.format("'1234'"))
    assert result.is_complete
    assert tuple(f"ORDERS{each}" for each in "1234") == result.made_up

    result = found(tmp_path, code.format("'abcdefghijkl'"))
    assert not result.is_complete
    assert tuple(f"ORDERS{each}" for each in "abcdefghij") == result.made_up
    assert "What ORDERSj will be, only a deployment knows." in result.unchecked


def test_tries_share_their_time(tmp_path: Path) -> None:
    """If the next one would not end in time, it is not begun."""
    code = "import time\ntime.sleep(2)\nos.environ['ORDERS']"
    result = verified(written(tmp_path, code), "a.handler", time_limit_s=3.5)
    assert "It was not imported: KeyError: 'ORDERS'. What" in result.unchecked
    assert ("ORDERS",) == result.made_up
    assert line("ORDERS") in result.advice


@pytest.mark.parametrize(
    "code",
    [
        "int(os.environ['PORT'])",
        "import json\njson.loads(os.environ['PORT'])",
        "import importlib\nimportlib.import_module(os.environ['PORT'] + '.x')",
        "try: int(os.environ['PORT'])\nexcept ValueError: raise SystemExit('PORT?')",
        "import json\nport = os.environ['PORT']\nport = json.loads(port)",
        (
            "import json\nsettings = {'a': os.environ['PORT']}\n"
            "def read(text): return json.loads(text)\nread(settings['a'])"
        ),
    ],
)
def test_a_made_up_value_that_does_not_do(tmp_path: Path, code: str) -> None:
    """Then module and function are looked for by parsing, whatever is raised for it."""
    result = found(tmp_path, code)
    assert "What PORT will be, only a deployment knows." in result.unchecked
    assert ("PORT",) == result.made_up
    assert line("PORT") in result.advice
    assert result.init_s is None


@pytest.mark.parametrize(
    "code",
    [
        "os.environ['ORDERS']\n1 / 0",
        "os.environ['ORDERS']\n{}['other']",
        "os.environ['ORDERS']\nimport not_there",
    ],
)
def test_what_is_wrong_with_any_value_is_an_error(tmp_path: Path, code: str) -> None:
    """It is found behind the variable, and says that there was one."""
    said = hint(tmp_path, code)
    assert "not_there" in said or "It had made-up values for ORDERS." in said


def test_a_value_that_is_wrong_is_not_missing(tmp_path: Path) -> None:
    """There is one: what is raised is about that."""
    code = "raise ValueError('environment variable PORT is no number')"
    assert "PORT" not in hint(tmp_path, code, PORT="x")


SETTINGS: Final = """\
from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings, SettingsConfigDict
class Database(BaseModel):
    host: str
    port: int = 1
class Settings(BaseSettings):
    model_config = SettingsConfigDict({config})
    table_name: str
    retries: int = 3
    key: str = Field(validation_alias="API_KEY")
    database: Database
Settings()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "names"),
    [
        (SETTINGS.format(config=""), ("TABLE_NAME", "API_KEY", "DATABASE")),
        (
            SETTINGS.format(config="env_prefix='APP_'"),
            ("APP_TABLE_NAME", "API_KEY", "APP_DATABASE"),
        ),
        (
            SETTINGS.format(config="case_sensitive=True"),
            ("table_name", "API_KEY", "database"),
        ),
        (
            SETTINGS.format(config="env_nested_delimiter='__'").replace(
                "Settings()", "os.environ['DATABASE__PORT'] = '2'\nSettings()"
            ),
            ("TABLE_NAME", "API_KEY", "DATABASE__HOST"),
        ),
        (
            (
                "from pydantic.v1 import BaseSettings, Field\n"
                "class Settings(BaseSettings):\n"
                "    table: str\n    key: str = Field(env='API_KEY')\n"
                "    class Config: env_prefix = 'APP_'\nSettings()"
            ),
            ("APP_TABLE", "API_KEY"),
        ),
        (
            (
                "import os\nfrom pydantic import BaseModel\nclass A(BaseModel):\n"
                "    TABLE: str\n    KEY: str\n"
                "try:\n    A.model_validate(os.environ)\n"
                "except ValueError as error:\n    raise ValueError('no') from error"
            ),
            ("TABLE", "KEY"),
        ),
        ("from environs import Env\nEnv().str('ORDERS')", ("ORDERS",)),
        ("from starlette.config import Config\nConfig()('ORDERS')", ("ORDERS",)),
    ],
)
def test_libraries_for_settings(
    tmp_path: Path, code: str, names: tuple[str, ...]
) -> None:
    """Each in its own way; pydantic's names all at once."""
    result = found(tmp_path, code, PYTHONPATH=str(libraries()))
    assert names == result.made_up[: len(names)]
    values = ", ".join(f'{name} = "…"' for name in result.made_up)
    assert f"Add {values} to `environment`" in result.advice
    # No text is a model.
    assert result.is_complete or "DATABASE" in str(result.made_up).upper()


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "from pydantic import BaseModel\nclass A(BaseModel):\n    b: int\nA()",
        SETTINGS.format(config="").replace(
            "Settings()",
            "Settings(table_name='', API_KEY='', database={'host': 1})",
        ),
        SETTINGS.format(config="").replace(
            "Settings()", "Settings(table_name='', API_KEY='', database={})"
        ),
    ],
)
def test_other_errors_of_pydantics_are_shown(tmp_path: Path, code: str) -> None:
    """A model is no settings, and a wrong value is there."""
    options: dict[str, Any] = {"PYTHONPATH": str(libraries())}
    assert "Fix what the traceback shows" in hint(tmp_path, code, **options)
