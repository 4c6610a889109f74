"""What has changed since a previous report."""

from __future__ import annotations

import json
import os

from dataclasses import replace
from typing import TYPE_CHECKING

import jsonschema
import pytest

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.escaping import printable
from poetry_plugin_package_function.packaging.plan import DistributionSize
from poetry_plugin_package_function.packaging.result import Layer
from poetry_plugin_package_function.report.changes import Changes
from poetry_plugin_package_function.report.changes import FileChanges
from poetry_plugin_package_function.report.changes import Update
from poetry_plugin_package_function.report.changes import changes_since
from poetry_plugin_package_function.report.changes import format_changes
from poetry_plugin_package_function.report.changes import read_previous
from poetry_plugin_package_function.report.details import details
from poetry_plugin_package_function.report.json_report import as_json
from poetry_plugin_package_function.report.json_report import as_json_array
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
    return changes_since(read_previous(Settings(tmp_path / "x", compare=path)), now)


def test_all_kinds_of_changes(tmp_path: Path) -> None:
    assert EXPECTED == since(tmp_path, BEFORE, NOW)


def test_nothing_has_changed(tmp_path: Path) -> None:
    found = since(tmp_path, NOW, NOW)
    assert Changes(unchanged=True) == found
    assert found is not None
    assert "unchanged: the same archive, byte for byte" == format_changes(found)


def test_the_same_files_in_another_archive(tmp_path: Path) -> None:
    """With another time, or nested."""
    found = since(tmp_path, NOW, replace(NOW, sha256="2" * 64))
    assert Changes(unchanged=False) == found
    assert found is not None
    assert "the same files, packaged in another way" == format_changes(found)


def test_changes_in_words_and_in_json() -> None:
    assert (
        "updated up 1 -> 2; added new; removed old; other files in your code, app"
    ) == format_changes(EXPECTED)
    document = json.loads(as_json(NOW, EXPECTED))
    jsonschema.validate(document, SCHEMA)
    assert [None, "app"] == document["comparison"]["changed"]
    expected = [{"name": "up", "before": "1", "now": "2"}]
    assert expected == document["comparison"]["updated"]
    assert None is json.loads(as_json(NOW))["comparison"]


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"1", b'{"sha256": "0"}', b'{"distributions": [{}]}', b"\xff"),
        b"[" * 1_000_000,
        b"9" * 10_000,
        b'{"sha256": 0, "distributions": []}',
        b'{"sha256": "0", "distributions": 1}',
        b'{"sha256": "0", "distributions": [{"name": "a", "version": "1"}]}',
    ],
    ids=range(10),
)
def test_what_is_no_report(tmp_path: Path, content: bytes) -> None:
    """It is refused if it is named; what is to be replaced anyway is passed over."""
    path = tmp_path / "old.json"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match="is no report, or one without digests"):
        read_previous(Settings(tmp_path / "x", compare=path))
    assert None is read_previous(Settings(tmp_path / "x", report=path))
    assert None is changes_since(None, NOW)


def test_reports_of_several_functions(tmp_path: Path) -> None:
    """What `--format json` prints of them is no report of one."""
    path = tmp_path / "old.json"
    path.write_bytes(as_json_array([(NOW, None)]))
    with pytest.raises(ConfigError, match="the reports of several functions") as raised:
        read_previous(Settings(tmp_path / "x", compare=path))
    assert "--report" in raised.value.hint
    assert None is read_previous(Settings(tmp_path / "x", report=path))


def test_what_is_no_file(tmp_path: Path) -> None:
    """A pipe is not waited for, nor a device read to its end, which it has not.

    That nothing can be written there is said later.
    """
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, tmp_path / ("x" * 304)):
        assert None is read_previous(Settings(tmp_path / "x", report=path))


def test_no_such_report(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_previous(Settings(tmp_path / "x", compare=tmp_path / "none"))
    assert None is read_previous(Settings(tmp_path / "x", report=tmp_path / "none"))
    assert None is read_previous(Settings(tmp_path / "x"))


@pytest.mark.parametrize(
    "fields",
    [
        {"name": 1},
        {"name": ["a"]},
        {"name": "\ud800"},
        {"version": None},
        {"digest": 1},
        {"wheel": 1},
        {"contents": []},
        {"contents": "a"},
        {"contents": {"a": 1}},
        {"contents": {"a": "\ud800"}},
        {"contents": {"\ud800": "1"}},
    ],
    ids=str,
)
def test_distributions_that_no_report_has(
    tmp_path: Path, fields: dict[str, object]
) -> None:
    """What could not be ordered, compared or written again."""
    path = tmp_path / "old.json"
    row = {"name": "a", "version": "1", "digest": "0"}
    path.write_text(json.dumps({"sha256": "0", "distributions": [row]}))
    assert read_previous(Settings(tmp_path / "x", compare=path))
    path.write_text(json.dumps({"sha256": "0", "distributions": [row | fields]}))

    with pytest.raises(ConfigError, match="is no report, or one without digests"):
        read_previous(Settings(tmp_path / "x", compare=path))
    assert None is read_previous(Settings(tmp_path / "x", report=path))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_report_that_a_shell_has_written(tmp_path: Path, encoding: str) -> None:
    """PowerShell's `>` makes UTF-16 of what --format json prints."""
    path = tmp_path / "old.json"
    path.write_text(as_json(BEFORE).decode(), encoding=encoding)
    previous = read_previous(Settings(tmp_path / "x", compare=path))
    assert EXPECTED == changes_since(previous, NOW)


def test_a_report_with_a_path_that_is_not_utf8(tmp_path: Path) -> None:
    """Such a path stands there as it is; that is no reason not to compare."""
    before = replace(BEFORE, output_file=tmp_path / "\udcff.zip")
    assert EXPECTED == since(tmp_path, before, NOW)


# -- file by file --


def listing(sha256: str, *rows: DistributionSize) -> Report:
    return replace(REPORT, sha256=sha256 * 64, distributions=rows)


def row(
    name: str,
    digest: str,
    *,
    version: str = "1",
    wheel: str | None = None,
    contents: dict[str, str] | None = None,
) -> DistributionSize:
    return DistributionSize(
        name, version, 1, 1, 1, digest * 64, wheel, contents=contents
    )


def test_files_of_distributions_that_have_contents(tmp_path: Path) -> None:
    """Whether their version is another one or not, and whosever files they are."""
    before = listing(
        "0",
        row("app", "0", contents={"app/b": "1", "app/a": "1", "app/gone": "1"}),
        row("lib", "0", contents={"lib/x": "1", "moved": "1"}),
        row("gone", "0", contents={"gone/x": "1"}),
        row("now-a-wheel", "0", contents={"w/x": "1"}),
        row("wheel", "0", wheel="sha256:0"),
    )
    now = listing(
        "1",
        row("app", "1", contents={"app/b": "2", "app/a": "1", "app/new": "1"}),
        row("lib", "1", version="2", contents={"lib/x": "2", "lib/y": "1"}),
        row("new", "1", contents={"new/x": "1"}),
        row("now-a-wheel", "1", wheel="sha256:1"),
        row("wheel", "1", wheel="sha256:1"),
        row("", "1", contents={"moved": "1", "included": "1"}),
    )
    assert Changes(
        unchanged=False,
        added=("", "new"),
        removed=("gone",),
        updated=(Update("lib", "1", "2"),),
        changed=("app", "now-a-wheel", "wheel"),
        other_wheels=("wheel",),
        files=FileChanges(
            added=("app/new", "included", "lib/y"),
            removed=("app/gone",),
            changed=("app/b", "lib/x"),
        ),
    ) == since(tmp_path, before, now)


def test_the_same_wheel_with_other_files(tmp_path: Path) -> None:
    """Something has been left out of it: that is no other wheel."""
    found = since(
        tmp_path,
        listing("0", row("a", "0", wheel="sha256:0"), row("b", "0", wheel="sha256:0")),
        listing("1", row("a", "1", wheel="sha256:0"), row("b", "1", wheel="sha256:1")),
    )
    assert found is not None
    assert ("a", "b") == found.changed
    assert "another wheel of b; other files in a" == format_changes(found)
    document = json.loads(as_json(NOW, found))
    jsonschema.validate(document, SCHEMA)
    assert ["b"] == document["comparison"]["other_wheels"]


def test_a_report_of_an_older_version(tmp_path: Path) -> None:
    """It has no contents, and is compared by distribution."""
    document = json.loads(as_json(listing("0", row("a", "0"), row("b", "0"))))
    for each in document["distributions"]:
        del each["contents"]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(document))
    now = listing("1", row("a", "1", contents={"a/x": "1"}), row("b", "0"))
    found = changes_since(read_previous(Settings(tmp_path / "x", compare=path)), now)
    assert Changes(unchanged=False, changed=("a",)) == found


def test_a_few_files_in_words_and_all_of_them_in_lines() -> None:
    """What changes with others is named last, whatever its name."""
    files = FileChanges(
        added=("app/new.py",),
        removed=("app/old.py",),
        changed=("app-1.dist-info/RECORD", "app/__pycache__/m.pyc", "app/m.py"),
    )
    changes = Changes(unchanged=False, changed=("app",), files=files)
    assert (
        "other files in app; files: app/m.py (changed), app/new.py (added),"
        " app/old.py (removed) and 2 more"
    ) == format_changes(changes)
    assert [
        "File changed: app/m.py",
        "File added: app/new.py",
        "File removed: app/old.py",
        "File changed: app-1.dist-info/RECORD",
        "File changed: app/__pycache__/m.pyc",
    ] == [*details(REPORT, changes)]
    three = changes._replace(files=files._replace(changed=("app/m.py",)))
    assert "more" not in format_changes(three)
    assert [] == [*details(REPORT, None)]
    document = json.loads(as_json(NOW, changes))
    jsonschema.validate(document, SCHEMA)
    assert {
        "added": ["app/new.py"],
        "removed": ["app/old.py"],
        "changed": ["app-1.dist-info/RECORD", "app/__pycache__/m.pyc", "app/m.py"],
    } == document["comparison"]["files"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nFile /etc/x", "a\\nFile /etc/x"),
        ("\x1b[2J\r\x9b\x7f\0", r"\x1b[2J\r\x9b\x7f\x00"),
        ("\u202egnp.x\u2028", r"\u202egnp.x\u2028"),
        ("é <b>\\", "é <b>\\"),
    ],
    ids=ascii,
)
def test_names_that_no_console_should_get(
    tmp_path: Path, name: str, shown: str
) -> None:
    """Whatever a previous report has: one line stays one line."""
    before = listing(
        "0",
        row(f"gone{name}", "0"),
        row("up", "0", version=f"1{name}"),
        row("app", "0", contents={name: "1"}),
    )
    now = listing("1", row("up", "1"), row("app", "1", contents={}))
    found = since(tmp_path, before, now)
    assert found is not None
    assert FileChanges(removed=(name,)) == found.files
    assert (
        f"updated up 1{shown} -> 1; removed gone{shown}; other files in app; files:"
        f" {shown} (removed)"
    ) == printable(format_changes(found))
    assert [f"File removed: {shown}"] == [*map(printable, details(REPORT, found))]
    jsonschema.validate(json.loads(as_json(now, found)), SCHEMA)


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


def test_contents_of_what_has_no_wheel(tmp_path: Path) -> None:
    """Another time makes no difference; content, size and mode do, each for itself."""
    venv = make_venv(tmp_path / "venv", {"nobody.py": "x = 1\n"})
    install(venv, "my_app", {"my_app/f.py": "x = 1\n", "my_app/g.py": "x = 1\n"})
    pyproject = make_project(tmp_path / "project")
    report = tmp_path / "report.json"

    def files() -> FileChanges:
        previous = read_previous(Settings(tmp_path / "x", report=report))
        found = package_venv(venv, pyproject, tmp_path / "f.zip", report=str(report))
        jsonschema.validate(json.loads(report.read_bytes()), SCHEMA)
        changes = changes_since(previous, found)
        return changes.files if changes else FileChanges(added=("everything",))

    site_packages = site_packages_of(venv)
    assert FileChanges(("everything",)) == files()
    (site_packages / "my_app/f.py").touch()
    assert FileChanges() == files()
    (site_packages / "my_app/f.py").write_text("x = 2\n")
    assert FileChanges(changed=("my_app/f.py",)) == files()
    (site_packages / "my_app/f.py").chmod(0o755)
    assert FileChanges(changed=("my_app/f.py",)) == files()
    (site_packages / "my_app/g.py").rename(site_packages / "my_app/h.py")
    record = "my_app-1.0.dist-info/RECORD"
    assert FileChanges(("my_app/h.py",), ("my_app/g.py",), (record,)) == files()
    (site_packages / "nobody.py").unlink()
    assert FileChanges(removed=("nobody.py",)) == files()


@pytest.mark.parametrize(
    ("function", "layer", "expected"),
    [
        ("0", "1", "unchanged: the same archive, byte for byte"),
        ("0", "2", "unchanged the function"),
        ("f", "1", "unchanged the layer"),
    ],
)
def test_a_layer_is_compared_by_itself(
    tmp_path: Path, function: str, layer: str, expected: str
) -> None:
    """Whether it is to be published again, and whether the function is."""

    def of(function: str, layer: str) -> Report:
        found = Layer(tmp_path / "layer.zip", 1, 1, 1, layer * 64)
        return replace(BEFORE, sha256=function * 64, layer=found)

    changes = since(tmp_path, of("0", "1"), of(function, layer))

    assert changes is not None
    assert (function == "0") is changes.unchanged
    assert (layer == "1") is changes.layer_unchanged
    assert format_changes(changes).startswith(expected)
    for pair in ((BEFORE, of(function, layer)), (of(function, layer), BEFORE)):
        without = since(tmp_path, *pair)
        assert without is not None
        assert without.layer_unchanged is None
