"""Variables that a handler's import looks for in vain: the line to write is said."""

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


TABLE: Final = "[tool.poetry-plugin-package-function]"


def hint(directory: Path, code: str, **variables: str) -> str:
    """What to try for a handler's module."""
    archive = archive_of(directory, {"a.py": f"import os\n{code}\n{WORKS}"})
    return failing(archive, "a.handler", variables=variables).hint


def line(*names: str) -> str:
    """What to write if there are no variables."""
    values = ", ".join(f'{name} = "…"' for name in names)
    return f"environment = {{ {values} }} in {TABLE}."


def test_a_variable_that_is_missing(tmp_path: Path) -> None:
    """What is said is the line to write."""
    assert line("ORDERS") in hint(tmp_path, "os.environ['ORDERS']")


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
    ],
)
def test_whatever_is_raised_about_it(tmp_path: Path, code: str) -> None:
    """By others than `os.environ`, in words."""
    assert line("ORDERS") in hint(tmp_path, code)


def test_where_there_are_some_it_is_added(tmp_path: Path) -> None:
    """As a table has each key once."""
    found = hint(tmp_path, "os.environ['ORDERS']", OTHER="1")
    assert f'Add ORDERS = "…" to `environment` in {TABLE}.' == found


def test_what_only_a_deployment_knows_is_not_missing(tmp_path: Path) -> None:
    """As it is there; and it is asked about first, if it is what matters."""
    code = f"import os\nos.environ['ORDERS']\nos.environ['TABLE']\n{WORKS}"
    unknown = frozenset({"TABLE"})
    archive = archive_of(tmp_path, {"a.py": code})
    error = failing(archive, "a.handler", unknown_variables=unknown)
    assert line("ORDERS") in error.hint

    code = f"import os\nos.environ['ORDERS-' + os.environ['TABLE']]\n{WORKS}"
    archive = archive_of(tmp_path, {"a.py": code})
    result = verified(
        archive, "a.handler", unknown_variables=unknown, variables={"OTHER": "1"}
    )
    assert f'Add TABLE = "…" to `environment` in {TABLE}.' in result.unchecked


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
            "if SECOND: os.environ['PERHAPS']\n"
            "os.environ['WRITTEN'] = '1'\nos.environ['AWS_LAMBDA_RUNTIME_API']\n"
            "def later(): return os.environ['LATER']\n"
            "os.environ.get('NONE')\nos.environ['FIRST']\n"
        ),
    }
    error = failing(archive_of(tmp_path, files), "a.handler", variables={"KNOWN": "1"})
    values = ", ".join(f'{each} = "…"' for each in ("FIRST", "LATE", "SECOND", "THIRD"))
    assert f"Add {values} to `environment`" in error.hint


def test_in_a_nested_result(tmp_path: Path) -> None:
    """The project's modules are found there, too."""
    report = Source(
        {
            "my_app/__init__.py": "import os\nos.environ['ONE']\nos.environ['TWO']\n",
            "my_app/handler.py": WORKS,
        },
        dependencies={"used": {"used/__init__.py": ""}},
    ).package(tmp_path)
    assert line("ONE", "TWO") in failing(report.output_file).hint


@pytest.mark.parametrize(
    "code",
    [
        "{}['ORDERS']",
        "os.environ['AWS_LAMBDA_RUNTIME_API']",
        "os.environ['no name']",
        "raise RuntimeError('Environment variable A_B or C_D is missing')",
        "raise RuntimeError('ORDERS is missing')",
        "class ValidationError(Exception):\n    model = int\nraise ValidationError",
    ],
)
def test_what_no_line_would_help_gets_none(tmp_path: Path, code: str) -> None:
    """What is reserved, what is no name, and what is no variable."""
    assert "environment = {" not in hint(tmp_path, code)


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
    found = hint(tmp_path, code, PYTHONPATH=str(libraries()))
    values = ", ".join(f'{name} = "…"' for name in names)
    assert f"Add {values} to `environment`" in found


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
