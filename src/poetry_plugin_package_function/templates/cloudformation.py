"""Functions of AWS SAM and CloudFormation, and of what the CDK synthesizes."""

from __future__ import annotations

import os
import re

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.templates.assets import original_of
from poetry_plugin_package_function.templates.declared import Declared
from poetry_plugin_package_function.templates.declared import count
from poetry_plugin_package_function.templates.declared import is_of_python
from poetry_plugin_package_function.templates.declared import literals
from poetry_plugin_package_function.templates.reading import mapping


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping

    from poetry_plugin_package_function.templates.reading import Document


_SAM: Final = "AWS::Serverless::Function"
_LAMBDA: Final = "AWS::Lambda::Function"
_CDK_PATH: Final = "aws:cdk:path"
_CDK_ASSET: Final = "aws:asset:path"
_NO_VALUE: Final = {"Ref": "AWS::NoValue"}


def is_cloudformation(data: object) -> bool:
    """Whether a document is a template of these kinds."""
    return isinstance(mapping(data).get("Resources"), dict)


def declared_in(document: Document, project_dir: Path) -> dict[str, Declared | str]:
    """Finds all functions, by their logical ids.

    Args:
        document: The template.
        project_dir: Where the CDK's assets are copies of directories.

    Returns:
        Each function, or what it is instead of one of ours.
    """
    return _with_short_names(document, dict(_declared(document, project_dir)))


def _declared(
    document: Document, project_dir: Path
) -> Iterator[tuple[str, Declared | str]]:
    template = mapping(document.data)
    defaults = _defaults(mapping(template.get("Parameters")))
    shared = mapping(mapping(template.get("Globals")).get("Function"))
    for name, resource in mapping(template["Resources"]).items():
        kind = mapping(resource).get("Type")
        properties = mapping(mapping(resource).get("Properties"))
        if kind == _SAM:
            properties = mapping(_added(shared, properties))
        elif kind != _LAMBDA:
            continue
        metadata = mapping(resource.get("Metadata"))
        function = _Function(properties, metadata, defaults)
        place = document.place("Resources", name)
        yield name, function.other or function.declared(document, project_dir, place)


def _defaults(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Finds what parameters are unless a deployment says more.

    The default of one that is read out of the Parameter Store is a name there.
    """
    return literals(
        {
            name: mapping(parameter).get("Default")
            for name, parameter in parameters.items()
            if re.fullmatch("String|Number", str(mapping(parameter).get("Type")))
        }
    )


def _added(shared: object, own: object) -> object:
    """Adds what a function says to what is said for all, as SAM does.

    Source:
        https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
    """
    if isinstance(shared, list) and isinstance(own, list):
        return [*shared, *own]
    if not isinstance(shared, dict) or not isinstance(own, dict):
        return own
    if any(key == "Ref" or key.startswith("Fn::") for key in (*shared, *own)):
        return own
    both = {key: _added(shared[key], own[key]) for key in shared.keys() & own.keys()}
    return {**shared, **own, **both}


@dataclass(frozen=True)
class _Function:
    """A resource.

    Attributes:
        properties: What it is.
        metadata: What others note of it.
        defaults: Those of the template's parameters.
    """

    properties: Mapping[str, Any]
    metadata: Mapping[str, Any]
    defaults: Mapping[str, str]

    @property
    def other(self) -> str:
        """What it is if it is none of ours; "" if it is."""
        code = mapping(self._get("Code"))
        runtime = self._text("Runtime")
        has_image = "ImageUri" in code or "ImageUri" in self.properties
        if has_image or self._text("PackageType") == "Image":
            return "an image"
        if not is_of_python(runtime):
            return str(runtime)
        if "InlineCode" in self.properties or "ZipFile" in code:
            return "code in the template"
        if any(part.startswith("Custom::") for part in self._cdk_path):
            return "the CDK's own"
        return ""

    def declared(self, document: Document, project_dir: Path, place: str) -> Declared:
        """Takes what is literal of it."""
        variables = mapping(mapping(self._get("Environment")).get("Variables"))
        known = literals({key: self._resolved(each) for key, each in variables.items()})
        # There can be one only; a function's own is behind that of all.
        *_, architecture = [None, *self._list("Architectures")]
        values = {
            "handler": self._text("Handler"),
            "runtime": self._text("Runtime"),
            "architecture": self._resolved(architecture),
            "memory-size": self._text("MemorySize"),
            "timeout": self._text("Timeout"),
            "ephemeral-storage": self._resolved(
                mapping(self._get("EphemeralStorage")).get("Size")
            ),
            "output": self._archive(document.path.parent),
        }
        return Declared(
            {**literals(values), **({"environment": known} if known else {})},
            self._code_dir(document.path.parent, project_dir),
            count(self._get("Layers")),
            frozenset(filter(str.isidentifier, variables)) - known.keys(),
            place,
        )

    @property
    def _cdk_path(self) -> list[str]:
        return str(self.metadata.get(_CDK_PATH, "")).split("/")

    def _get(self, name: str) -> Any:
        value = self.properties.get(name)
        return None if value == _NO_VALUE else value

    def _list(self, name: str) -> list[Any]:
        value = self._get(name)
        return value if isinstance(value, list) else []

    def _text(self, name: str) -> str | None:
        return self._resolved(self._get(name))

    def _resolved(self, value: object) -> str | None:
        """Finds the text that a value is; None if only a deployment can say."""
        if isinstance(value, str):
            return None if "{{resolve:" in value else value
        if not isinstance(value, dict) or len(value) != 1:
            return None
        ((function, argument),) = value.items()
        if function == "Ref" and isinstance(argument, str):
            return self.defaults.get(argument)
        return self._substituted(argument) if function == "Fn::Sub" else None

    def _substituted(self, argument: object) -> str | None:
        text, values = argument, self.defaults
        if isinstance(argument, list) and len(argument) == 2:
            text, own = argument
            resolved = {key: self._resolved(each) for key, each in mapping(own).items()}
            hidden = {key: each for key, each in values.items() if key not in resolved}
            values = {**hidden, **literals(resolved)}
        if not isinstance(text, str):
            return None
        names = re.findall(r"\$\{([^!}][^}]*)\}", text)
        if not all(name.strip() in values for name in names):
            return None
        filled = re.sub(
            r"\$\{([^!}][^}]*)\}", lambda match: values[match[1].strip()], text
        )
        return filled.replace("${!", "${")

    @property
    def _code(self) -> str | None:
        """The path that its code is said to be at, if it is on this machine."""
        code = self._text("CodeUri") or self._text("Code")
        return None if code is None or "://" in code else code

    def _archive(self, directory: Path) -> str | None:
        code = self._code
        if code is None or not code.endswith(".zip"):
            return None
        return os.path.join(directory, code)

    def _code_dir(self, directory: Path, project_dir: Path) -> Path | None:
        asset = self.metadata.get(_CDK_ASSET)
        place = asset if isinstance(asset, str) else self._code
        if place is None:
            return None
        found = Path(os.path.normpath(directory / place))
        if not found.is_dir():
            return None
        if isinstance(asset, str) and found.name.startswith("asset."):
            return original_of(found, self._text("Handler") or "", project_dir)
        return found


def _with_short_names(
    document: Document, found: Mapping[str, Declared | str]
) -> dict[str, Declared | str]:
    """Leaves out the hash that the CDK adds to a name, where that is enough.

    Source:
        https://docs.aws.amazon.com/cdk/v2/guide/identifiers.html#identifiers-logical-ids
    """
    resources = mapping(mapping(document.data)["Resources"])
    short = {
        name: re.sub("(?<=.)[0-9A-F]{8}$", "", name)
        for name in found
        if _CDK_PATH in mapping(resources[name].get("Metadata"))
    }
    names = Counter(short.get(name, name) for name in found)
    return {
        short[name] if name in short and names[short[name]] == 1 else name: function
        for name, function in found.items()
    }
