"""Where INIT goes, as it is shown: for a console, for Markdown, for programs."""

from __future__ import annotations

import html
import json

from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import jsonschema
import pytest

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.packaging.verify.init import Cost
from poetry_plugin_package_function.packaging.verify.init import Import
from poetry_plugin_package_function.packaging.verify.init import Init
from poetry_plugin_package_function.report.changes import changes_of_init
from poetry_plugin_package_function.report.changes import changes_since
from poetry_plugin_package_function.report.details import details
from poetry_plugin_package_function.report.init import duration
from poetry_plugin_package_function.report.init import init_lines
from poetry_plugin_package_function.report.init import init_table
from poetry_plugin_package_function.report.init import phases
from poetry_plugin_package_function.report.init_changes import format_init_changes
from poetry_plugin_package_function.report.json_report import as_json
from poetry_plugin_package_function.report.markdown import as_markdown
from poetry_plugin_package_function.report.previous import read_report
from poetry_plugin_package_function.report.summary import summary
from tests.frontends.test_markdown import page
from tests.frontends.test_markdown import visible
from tests.frontends.test_report import REPORT
from tests.frontends.test_report import SCHEMA
from tests.frontends.test_report import VERIFIED


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.packaging.result import Report


MIB: Final = 1 << 20
INIT: Final = Init(
    start_s=0.06,
    loader_s=0.2,
    imports_s=0.74,
    imports=(
        Import(-1, "my_app.api", "my_app/api.py", "my-app", 0.1, 0.74, MIB, ""),
        Import(
            0, "sqlalchemy.orm", "s.py", "SQLAlchemy", 0.3, 0.4, 9, "my_app/db.py:3"
        ),
        Import(1, "json", "", None, 0.1, 0.1, -4096, "my_app/db.py:3"),
        Import(0, "boto3", "b.py", "boto3", 0.2, 0.2, 0, "my_app/api.py:1"),
        Import(0, "six", "six.py", "six", 0.04, 0.04, 0, "my_app/api.py:2"),
    ),
    distributions=(
        Cost(
            *("SQLAlchemy", 1, 0.3, 0.4, 21 * MIB, 22 * MIB),
            *(4 * MIB, 5 * MIB, "my_app/db.py:3"),
        ),
        Cost("boto3", 1, 0.2, 0.2, 0, 0, 9000, 0, "my_app/api.py:1"),
        Cost(None, 1, 0.1, 0.1, -4096, -4096),
        Cost("my-app", 1, 0.1, 0.74, MIB, 30 * MIB, 100, 0),
        Cost("six", 1, 0.04, 0.04, 0, 0, 0, 0, "my_app/api.py:2"),
        Cost("", 0, 0.0, 0.0, 0, 0, 77, 0),
    ),
    own=frozenset(("", "my-app")),
)


def with_init(init: Init, sha256: str = "0" * 64) -> Report:
    verified = replace(VERIFIED, init=init, init_s=init.total_s)
    return replace(REPORT, verified=verified, sha256=sha256)


def test_what_costs_by_what_it_imports_has_a_row() -> None:
    """Its own time may be next to nothing."""
    wrapper = Cost("wrapper", 1, 0.001, 0.4, line="my_app/db.py:3")
    found = replace(INIT, distributions=(*INIT.distributions, wrapper))
    table = init_table(with_init(found), all_of_them=False)
    assert "wrapper" in table.columns[0].cells


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0001, "0 ms"),
        (0.0316, "32 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (12.345, "12.35 s"),
    ],
)
def test_times_are_for_people(seconds: float, shown: str) -> None:
    assert shown == duration(seconds)


def test_lines_say_where_it_goes() -> None:
    """What is told apart, and the lines that take a twentieth of it."""
    assert [
        "60 ms interpreter and client, 200 ms loader and extraction, 740 ms imports",
        "my_app/db.py:3 imports sqlalchemy.orm, 400 ms",
        "my_app/api.py:1 imports boto3, 200 ms",
    ] == [*init_lines(INIT, nested=True)]
    lines = [each for each in summary(with_init(INIT), 1.0) if each.text]
    (place,) = (n for n, each in enumerate(lines) if each.label == "INIT")
    assert "Handler" == lines[place - 1].label
    assert lines[place].text.endswith("740 ms imports")
    assert ("", "my_app/db.py:3 imports sqlalchemy.orm, 400 ms") == lines[place + 1]


def test_details_have_all_lines() -> None:
    """The summary has three at most, and none that takes little; Markdown has both."""
    report = with_init(INIT)
    expected = [
        "my_app/db.py:3 imports sqlalchemy.orm, 400 ms",
        "my_app/api.py:1 imports boto3, 200 ms",
        "my_app/api.py:2 imports six, 40 ms",
    ]
    assert [f"INIT: {each}" for each in expected] == [
        each for each in details(report) if each.startswith("INIT: ")
    ]
    _, opened = as_markdown(report, None, ()).split("<details><summary>INIT, by")
    lines = [each for each in html.unescape(opened).splitlines() if each[:2] == "- "]
    assert [f"- {each}" for each in expected] == lines


def test_what_there_is_not_is_not_told() -> None:
    """A flat result has no loader; `.pth` files may take a while."""
    flat = replace(INIT, loader_s=0.0001)
    shown = "60 ms interpreter and client, 740 ms imports"
    assert shown == phases(flat, nested=False)
    assert ".pth files" in phases(INIT, nested=False)


def test_how_it_was_measured_is_told() -> None:
    """If it was run more often than once; what it is held against; other threads."""
    found = replace(INIT, runs=3, empty_s=0.05, elsewhere=INIT.imports[:1])
    assert phases(found, nested=True).endswith(
        "740 ms imports; 1 module imported in other threads meanwhile; the median of 3"
        " runs; 20.0 times an empty handler's 50 ms"
    )


def test_the_table_has_what_takes_a_hundredth() -> None:
    """As wide as there is room; the columns of least use go first."""
    report = with_init(INIT)
    lines = init_table(report, all_of_them=False).lines(80)
    assert [
        "INIT of               own  in all   memory    read  extracted  by",
        "SQLAlchemy         300 ms  400 ms  21.0 MB  4.0 MB     5.0 MB  my_app/db.py:3",
    ] == lines[:2]
    assert 1 + 5 == len(lines)
    assert lines[3].startswith("(Python, runtime)")
    narrow = init_table(report, all_of_them=False).lines(40)
    assert "INIT of               own  in all" == narrow[0]
    everything = init_table(report, all_of_them=True).lines(80)
    assert everything[-1].startswith("your code            0 ms")
    assert [] == init_table(REPORT, all_of_them=True).lines(80)


def test_markdown_has_all_of_it() -> None:
    """Lines and phases among the facts; the table has to be opened."""
    text = as_markdown(with_init(INIT), None, [])
    found = page(text)
    facts = [*map(list, found.tables[0])]
    assert ["Where INIT goes", phases(INIT, nested=False)] in facts
    assert ["", "my_app/db.py:3 imports sqlalchemy.orm, 400 ms"] in facts
    rows = found.tables[-1]
    assert 1 + 6 == len(rows)
    assert ["SQLAlchemy", "300 ms", "400 ms"] == [visible(each) for each in rows[1][:3]]
    assert "<summary>INIT, by 6 distributions</summary>" in text


def test_json_has_each_import() -> None:
    """As the schema says; times are rounded to microseconds."""
    init = replace(INIT, start_s=0.1234567, elsewhere=INIT.imports[:1], empty_s=0.05)
    document = json.loads(as_json(with_init(init)))
    jsonschema.validate(document, SCHEMA)
    found = document["verified"]["init"]
    assert 0.123457 == found["start_s"]
    assert {
        "parent": 1,
        "module": "json",
        "file": None,
        "distribution": None,
        "own_s": 0.1,
        "cumulative_s": 0.1,
        "memory_bytes": -4096,
        "line": "my_app/db.py:3",
    } == found["imports"][2]
    assert ["SQLAlchemy", "boto3", "my-app", "six", None] == [
        each["name"] for each in found["distributions"]
    ]
    assert 0.1 == found["outside"]["own_s"]
    nothing = json.loads(as_json(with_init(Init(0.1, 0.0, 0.0))))
    jsonschema.validate(nothing, SCHEMA)
    assert 0 == nothing["verified"]["init"]["outside"]["modules"]


# -- compared -----------------------------------------------------------------------


def compared(directory: Path, before: Init, now: Init) -> str:
    """What is said of two reports; what they are is JSON as the schema says."""
    path = directory / "old.json"
    path.write_bytes(as_json(with_init(before)))
    report = with_init(now, "1" * 64)
    changes = changes_since(read_report(path), report)
    assert changes is not None
    jsonschema.validate(json.loads(as_json(report, changes)), SCHEMA)
    found = changes_of_init(changes)
    assert found is not None
    return format_init_changes(found)


def test_gains_and_losses_are_told(tmp_path: Path) -> None:
    """With what is new, and what is gone; what differs by chance is not told."""
    sqlalchemy, boto3, python, own, six, _ = INIT.distributions
    before = replace(
        INIT,
        imports_s=0.5,
        distributions=(
            boto3._replace(own_s=0.19),
            python._replace(own_s=0.3),
            own,
            six._replace(name="requests", own_s=0.038),
            six._replace(name="tiny", own_s=0.004),
        ),
    )
    assert (
        "INIT 760 ms -> 1.00 s: gained SQLAlchemy 300 ms (new), six 40 ms (new); lost"
        " (Python, runtime) 200 ms, requests 38 ms (gone)"
    ) == compared(tmp_path, before, INIT)
    assert sqlalchemy.name == "SQLAlchemy"


def test_many_are_counted(tmp_path: Path) -> None:
    """Those that have changed most are named."""
    rows = tuple(
        Cost(f"d{number}", 1, 0.02 * number, 0.02 * number) for number in range(1, 6)
    )
    before = replace(INIT, distributions=())
    shown = compared(tmp_path, before, replace(INIT, distributions=rows))
    assert "gained d5 100 ms (new), d4 80 ms (new), d3 60 ms (new) and 2 more" in shown


def test_a_slower_machine_has_gained_nothing(tmp_path: Path) -> None:
    """All takes twice as long there, the start of the interpreter, too."""
    slow = replace(
        INIT,
        start_s=INIT.start_s * 2,
        imports_s=INIT.imports_s * 2,
        distributions=tuple(
            each._replace(own_s=each.own_s * 2) for each in INIT.distributions
        ),
    )
    shown = compared(tmp_path, INIT, slow)
    assert shown.endswith(": no distribution takes more or less of it")
    one = slow.distributions[0]._replace(own_s=INIT.distributions[0].own_s * 4)
    slower = replace(slow, distributions=(one, *slow.distributions[1:]))
    assert "gained SQLAlchemy 900 ms" in compared(tmp_path, INIT, slower)


def test_the_same_archive_is_not_compared(tmp_path: Path) -> None:
    """Two runs of it differ by chance alone; all figures are in JSON."""
    path = tmp_path / "old.json"
    path.write_bytes(as_json(with_init(INIT)))
    changes = changes_since(read_report(path), with_init(INIT))
    assert changes is not None
    assert changes.init is not None
    assert None is changes_of_init(changes)
    texts = [each.text for each in summary(with_init(INIT), 1.0, changes)]
    assert not any("INIT " in each for each in texts)


def test_a_report_may_have_no_init(tmp_path: Path) -> None:
    """An older version has written it, or it had no handler."""
    path = tmp_path / "old.json"
    for before in (REPORT, replace(REPORT, verified=VERIFIED)):
        document = json.loads(as_json(before))
        if document["verified"]:
            del document["verified"]["init"]
        path.write_text(json.dumps(document))
        changes = changes_since(read_report(path), with_init(INIT, "1" * 64))
        assert changes is not None
        assert None is changes.init


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("start_s", 0),
        ("start_s", "1"),
        ("start_s", True),
        ("start_s", 1e400),
        ("distributions", 5),
        ("distributions", [{"name": "a", "modules": 1, "own_s": None}]),
        ("distributions", [{"name": 5, "modules": 1, "own_s": 1}]),
        ("outside", {}),
    ],
)
def test_anybody_may_have_written_it(tmp_path: Path, key: str, value: Any) -> None:
    """Then it is no report."""
    document = json.loads(as_json(with_init(INIT)))
    document["verified"]["init"][key] = value
    path = tmp_path / "old.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ConfigError, match="no report"):
        read_report(path)


def test_both_are_shown(tmp_path: Path) -> None:
    """Below what else has changed."""
    path = tmp_path / "old.json"
    path.write_bytes(as_json(with_init(replace(INIT, distributions=()))))
    report = with_init(INIT, "1" * 64)
    changes = changes_since(read_report(path), report)
    *_, before, last = summary(report, 1.0, changes)
    assert ("Compared", "") == (before.label, last.label)
    assert last.text.startswith("INIT 1.00 s -> 1.00 s: gained SQLAlchemy")
    text = as_markdown(report, changes, [])
    assert "gained SQLAlchemy" in " ".join(map(str, page(text).tables[0]))
