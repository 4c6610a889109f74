"""What has changed since an earlier report."""

from __future__ import annotations

import json

from dataclasses import replace
from typing import TYPE_CHECKING

import jsonschema
import pytest

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.packaging.plan import DistributionSize
from poetry_plugin_package_function.report.changes import Changes
from poetry_plugin_package_function.report.changes import Update
from poetry_plugin_package_function.report.changes import changes_since
from poetry_plugin_package_function.report.changes import read_earlier
from poetry_plugin_package_function.report.changes import told
from poetry_plugin_package_function.report.json_report import as_json
from poetry_plugin_package_function.settings import Settings
from tests.frontends.test_report import REPORT
from tests.frontends.test_report import SCHEMA
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import site_packages_of


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.packaging.result import Report


def report(sha256: str, **distributions: str) -> Report:
    """A report of distributions with version and digest, as in "1.0 a"."""
    rows = (
        DistributionSize(name.replace("_", ""), version, 1, 1, 1, digest * 64)
        for name, text in distributions.items()
        for version, digest in [text.split()]
    )
    return replace(REPORT, sha256=sha256 * 64, distributions=tuple(rows))


BEFORE = report("0", same="1 a", old="1 b", up="1 c", app="1 d", _="1 e")
NOW = report("1", same="1 a", new="1 b", up="2 f", app="1 9", _="1 8")
EXPECTED = Changes(False, ("new",), ("old",), (Update("up", "1", "2"),), ("", "app"))


def since(tmp_path: Path, before: Report, now: Report) -> Changes | None:
    path = tmp_path / "old.json"
    path.write_bytes(as_json(before))
    return changes_since(read_earlier(Settings(tmp_path / "x", compare=path)), now)


def test_all_kinds_of_changes(tmp_path: Path) -> None:
    assert EXPECTED == since(tmp_path, BEFORE, NOW)


def test_nothing_has_changed(tmp_path: Path) -> None:
    found = since(tmp_path, NOW, NOW)
    assert Changes(unchanged=True) == found
    assert found is not None
    assert "unchanged: the same archive, byte for byte" == told(found)


def test_the_same_files_in_another_archive(tmp_path: Path) -> None:
    """With another time, or nested."""
    found = since(tmp_path, NOW, replace(NOW, sha256="2" * 64))
    assert Changes(unchanged=False) == found
    assert found is not None
    assert "the same files, packaged in another way" == told(found)


def test_changes_in_words_and_in_json() -> None:
    assert (
        "updated up 1 -> 2; added new; removed old;"
        " other files in files of no distribution, app"
    ) == told(EXPECTED)
    document = json.loads(as_json(NOW, EXPECTED))
    jsonschema.validate(document, SCHEMA)
    assert [None, "app"] == document["comparison"]["changed"]
    expected = [{"name": "up", "before": "1", "now": "2"}]
    assert expected == document["comparison"]["updated"]
    assert None is json.loads(as_json(NOW))["comparison"]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"sha256": "0"}', b'{"distributions": [{}]}', b"\xff"]
)
def test_what_is_no_report(tmp_path: Path, content: bytes) -> None:
    """It is refused if it is named; what is to be replaced anyway is passed over."""
    path = tmp_path / "old.json"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match="is no report, or one without digests"):
        read_earlier(Settings(tmp_path / "x", compare=path))
    assert None is read_earlier(Settings(tmp_path / "x", report=path))
    assert None is changes_since(None, NOW)


def test_no_such_report(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_earlier(Settings(tmp_path / "x", compare=tmp_path / "none"))
    assert None is read_earlier(Settings(tmp_path / "x", report=tmp_path / "none"))
    assert None is read_earlier(Settings(tmp_path / "x"))


# -- of real archives --


def test_digests_are_of_contents(tmp_path: Path) -> None:
    """Another time makes no difference; a bit of a file does, and so does its mode."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "my_app", {"my_app.py": "x = 1\n"})
    install(venv, "other", {"other.py": "x = 1\n", "tool.py": ""})
    pyproject = make_project(tmp_path / "project")

    def digests() -> dict[str, str]:
        found = package_venv(venv, pyproject, tmp_path / "f.zip")
        return {each.name: each.digest for each in found.distributions}

    before = digests()
    assert before == digests()
    site_packages = site_packages_of(venv)
    (site_packages / "my_app.py").write_text("x = 2\n")
    changed = digests()
    assert before["other"] == changed["other"]
    assert before["my-app"] != changed["my-app"]
    (site_packages / "tool.py").chmod(0o755)
    assert changed["other"] != digests()["other"]
