"""YAML to plain data, with the short tags that CloudFormation has for its functions.

These come as their long forms, as in JSON: `!Ref A` as {"Ref": "A"}, `!Sub A` as
{"Fn::Sub": "A"}. No object is made of what a file says.
"""

from __future__ import annotations

from typing import Final

import yaml

from poetry_plugin_package_function.errors import ConfigError


_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's takes a tenth of the time; not every build of PyYAML has it."""

_MERGE: Final = "tag:yaml.org,2002:merge"
_NULL: Final = "tag:yaml.org,2002:null"
_BOOLEAN: Final = "tag:yaml.org,2002:bool"
_WITHOUT_PREFIX: Final = ("Ref", "Condition")


def from_yaml(text: str, shown: str) -> tuple[object, dict[tuple[str, str], int]]:
    """Reads YAML.

    Args:
        text: What is in a file.
        shown: What the file is called in messages.

    Returns:
        The data, and where the keys of its sections are.

    Raises:
        ConfigError: It is no YAML.
    """
    try:
        node = yaml.compose(text, _LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        problem = error.problem or error.context
        raise ConfigError([f"{shown}{line}: this is not YAML: {problem}."]) from None
    except yaml.YAMLError as error:
        first, *_ = str(error).splitlines()
        raise ConfigError([f"{shown}: this is not YAML: {first}."]) from None
    if node is None:
        return None, {}
    return _data(node, {}), _lines(node)


def _data(node: yaml.Node, known: dict[int, object]) -> object:
    """Turns a node into data; one that several aliases name is turned once.

    What holds itself is nothing where it comes again.
    """
    if id(node) not in known:
        known[id(node)] = None
        known[id(node)] = _tagged(node, _untagged(node, known))
    return known[id(node)]


def _untagged(node: yaml.Node, known: dict[int, object]) -> object:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, known)
    if isinstance(node, yaml.SequenceNode):
        return [_data(each, known) for each in node.value]
    text = str(node.value)
    if node.tag == _NULL:
        return None
    # `yes` is true for some readers of YAML only.
    is_boolean = node.tag == _BOOLEAN and text.lower() in ("true", "false")
    return text.lower() if is_boolean else text


def _mapping(node: yaml.MappingNode, known: dict[int, object]) -> dict[str, object]:
    merged: dict[str, object] = {}
    own: dict[str, object] = {}
    for key, value in node.value:
        data = _data(value, known)
        if key.tag == _MERGE:
            for each in reversed(data if isinstance(data, list) else [data]):
                merged.update(each if isinstance(each, dict) else {})
        elif isinstance(key, yaml.ScalarNode):
            own[key.value] = data
    return {**merged, **own}


def _tagged(node: yaml.Node, data: object) -> object:
    if not node.tag.startswith("!") or node.tag == "!":
        return data
    name = node.tag[1:]
    return {name if name in _WITHOUT_PREFIX else f"Fn::{name}": data}


def _lines(root: yaml.Node) -> dict[tuple[str, str], int]:
    if not isinstance(root, yaml.MappingNode):
        return {}
    return {
        (str(section.value), str(key.value)): key.start_mark.line + 1
        for section, value in root.value
        if isinstance(value, yaml.MappingNode)
        for key, _ in value.value
    }
