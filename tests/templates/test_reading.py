"""Files of YAML and JSON, whoever has written them."""

from __future__ import annotations

import subprocess
import sys

from typing import TYPE_CHECKING

import pytest
import yaml

from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.templates import cloudformation
from poetry_plugin_package_function.templates import serverless
from poetry_plugin_package_function.templates import yaml_nodes
from poetry_plugin_package_function.templates.reading import Document
from poetry_plugin_package_function.templates.reading import read
from poetry_plugin_package_function.templates.template import find_template
from poetry_plugin_package_function.templates.template import read_template
from tests.templates.declaring import refused
from tests.templates.declaring import values
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """libyaml's, and the one of a PyYAML that was built without it."""
    monkeypatch.setattr(yaml_nodes, "_LOADER", getattr(yaml, request.param))


def data(tmp_path: Path, text: str, name: str = "t.yaml") -> object:
    write_files(tmp_path, {name: text})
    return read(tmp_path / name, tmp_path).data


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1.10", {"a": "1.10"}),
        ("a: 2012-10-17", {"a": "2012-10-17"}),
        ("a: 0o17", {"a": "0o17"}),
        ("a: True", {"a": "true"}),
        ("a: yes", {"a": "yes"}),
        ("a: 'True'", {"a": "True"}),
        ("a: null", {"a": None}),
        ("a:", {"a": None}),
        ("a: ''", {"a": ""}),
        ("1: b", {"1": "b"}),
        ("? [a]\n: b\nc: d", {"c": "d"}),
        ("a: !Ref B", {"a": {"Ref": "B"}}),
        ("a: !Condition B", {"a": {"Condition": "B"}}),
        ("a: !GetAtt B.Arn", {"a": {"Fn::GetAtt": "B.Arn"}}),
        ("a: !If [B, !Ref C, d]", {"a": {"Fn::If": ["B", {"Ref": "C"}, "d"]}}),
        (
            "a: !Sub\n  - b\n  - c: !Ref D",
            {"a": {"Fn::Sub": ["b", {"c": {"Ref": "D"}}]}},
        ),
        ("a: !Base64 {B: c}", {"a": {"Fn::Base64": {"B": "c"}}}),
        ("a: ! b", {"a": "b"}),
        ("a: !!python/object:os.system b", {"a": "b"}),
        (
            "a: &a {b: 1, c: 2}\nd: {<<: *a, c: 3}",
            {"a": {"b": "1", "c": "2"}, "d": {"b": "1", "c": "3"}},
        ),
        ("a: {<<: [{b: 1}, {b: 2, c: 3}, d]}", {"a": {"b": "1", "c": "3"}}),
        ("a: &a [b, *a]", {"a": ["b", None]}),
        ("", None),
        ("a", "a"),
        ("- a", ["a"]),
        ("\ufeffa: b", {"a": "b"}),
    ],
)
def test_yaml(tmp_path: Path, text: str, expected: object) -> None:
    """Scalars stay what was written, and tags are functions; nothing is made."""
    assert expected == data(tmp_path, text)


def test_aliases_of_aliases_take_no_longer(tmp_path: Path) -> None:
    """However many there would be if each was written out."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 100)]
    found = data(tmp_path, "\n".join(lines))
    assert isinstance(found, dict)
    assert 100 == len(found)


def test_json(tmp_path: Path) -> None:
    """It comes as the same text, whatever the file is called."""
    text = '{"a": 1, "b": 1.10, "c": true, "d": null, "e": [false, {"f": NaN}]}'
    found = data(tmp_path, text, "t.template.json")
    assert isinstance(found, dict)
    assert ["1", "1.10", "true", None, ["false", {"f": "NaN"}]] == [*found.values()]
    assert {"a": "1"} == data(tmp_path, '{"a": 1}', "t.template")


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("t.yaml", "a: b\nc: [d\n", "t.yaml, line 3: this is not YAML: "),
        ("t.yaml", "a: b\nc: d: e\n", "t.yaml, line 2: this is not YAML: "),
        ("t.yaml", "a: *b\n", "t.yaml, line 1: this is not YAML: "),
        ("t.yaml", "a: b\n---\nc: d\n", "t.yaml, line 2: this is not YAML: "),
        ("t.yaml", "a: \0\n", "t.yaml: this is not YAML: "),
        ("t.json", '{"a":\n1,}', "t.json, line 2: this is not JSON: "),
        ("t.json", "", "t.json, line 1: this is not JSON: Expecting value."),
        ("t.yaml", b"\xff", "t.yaml is not text in UTF-8: "),
        ("t.yaml", "", "t.yaml is no template that is known: it has neither"),
        ("t.yaml", "a", "t.yaml is no template that is known: it has neither"),
        ("t.yaml", "Resources: a", "t.yaml is no template that is known: it has"),
        ("t.json", "[" * 100_000, "t.json is nested too deeply to be read."),
    ],
)
def test_what_is_no_template(
    tmp_path: Path, name: str, text: str | bytes, expected: str
) -> None:
    """The error says where, and what was expected."""
    assert refused(tmp_path, name, text).startswith(expected)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """Paths are the project's; of other files they are whole."""
    project = tmp_path / "project"
    (project / "infra").mkdir(parents=True)
    for path, problem in (
        (project / "t.yaml", "There is no t.yaml."),
        (project / "infra", "infra cannot be read: Is a directory."),
        (tmp_path / "t.yaml", f"There is no {tmp_path}/t.yaml."),
    ):
        with pytest.raises(ConfigError) as raised:
            read_template(path, project)
        assert (problem,) == raised.value.lines


NAMES = st.sampled_from(
    """
    Resources Globals Function Parameters Type Properties Metadata Default Environment
    Variables Handler Runtime Architectures MemorySize CodeUri Code Layers Ref Fn::Sub
    EphemeralStorage aws:cdk:path aws:asset:path AWS::Lambda::Function String A
    AWS::Serverless::Function provider functions name aws runtime layers module package
    handler environment image custom artifact ${self:custom} ${A} ${file(.)} ${opt:A,A}
    """.split()  # noqa: SIM905 - 40 lines otherwise
)
DATA = st.recursive(
    st.none() | NAMES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)
    ),
    max_leaves=30,
)


@given(DATA)
@example({"Resources": {"A": {"Type": "AWS::Lambda::Function", "Metadata": []}}})
@example({"provider": "aws", "functions": {"A": [], "B": None}})
def test_any_shape_of_data_can_be_looked_through(found: object) -> None:
    """What is not as it should be is not there."""
    from pathlib import Path

    nowhere = Path("/nowhere")
    document = Document(nowhere / "t.yaml", "t.yaml", found)
    for kind in (
        {"Resources": found},
        {
            "Resources": {
                "A": {"Type": "AWS::Serverless::Function", "Properties": found}
            }
        },
        {"Resources": {"A": {"Type": "AWS::Lambda::Function"}}, "Globals": found},
        found,
    ):
        if cloudformation.is_cloudformation(kind):
            template = Document(nowhere / "t.yaml", "t.yaml", kind)
            cloudformation.declared_in(template, nowhere)
    if serverless.is_serverless(found):
        serverless.declared_in(document, nowhere)
    service = {"provider": found, "functions": {"A": found}, "custom": found}
    serverless.declared_in(Document(nowhere / "s.yml", "s.yml", service), nowhere)


FUNCTION = "{Type: AWS::Lambda::Function, Properties: {Handler: a.b}}"


@pytest.mark.parametrize(
    "name", ["template.yaml", "template.yml", "serverless.yml", "serverless.yaml"]
)
def test_where_templates_usually_are(tmp_path: Path, name: str) -> None:
    """The first with functions is found; what is none is passed over."""
    assert find_template(tmp_path) is None
    write_files(
        tmp_path,
        {
            "template.yaml": "a: [",
            "cdk.out/A.template.json": '{"Resources": {}}',
            "cdk.out/B.template.json": '{"Resources": {"F":'
            ' {"Type": "AWS::Lambda::Function"}}}',
        },
    )
    found = find_template(tmp_path)
    assert found is not None
    assert ("cdk.out/B.template.json", ["F"]) == (found.shown, [*found.functions])
    write_files(tmp_path, {name: f"Resources: {{F: {FUNCTION}}}"})
    found = find_template(tmp_path)
    assert found is not None
    assert name == found.shown


def test_json_in_a_file_of_another_name(tmp_path: Path) -> None:
    """`template.yml` may have it, as it is YAML."""
    text = '{"Resources": {"F": {"Type": "AWS::Lambda::Function"}}}'
    assert {"F": {}} == values(tmp_path, "template.yml", text)


def test_nobody_waits_for_yaml_who_has_none() -> None:
    """Neither Poetry's other commands nor projects without a template import it."""
    code = (
        "import sys, poetry_plugin_package_function.command,"
        " poetry_plugin_package_function.functions;"
        " print([each for each in sys.modules if each == 'yaml'"
        " or each.startswith('poetry_plugin_package_function.templates')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "[]" == done.stdout.strip()
