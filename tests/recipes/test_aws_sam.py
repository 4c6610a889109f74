"""docs/recipes/aws-sam.md, with SAM itself; moto has the bucket."""

from __future__ import annotations

import hashlib
import os
import re
import shutil

from typing import TYPE_CHECKING

import pytest

from tests.recipes.aws import BUCKET
from tests.recipes.aws import serving
from tests.recipes.greeter import greeter
from tests.recipes.pages import block
from tests.recipes.pages import blocks
from tests.recipes.pages import headings
from tests.recipes.pages import title
from tests.recipes.sam import greeting
from tests.recipes.sam import sam_commands
from tests.recipes.sam import sam_settings


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.recipes.aws import Account
    from tests.recipes.greeter import Greeter


PAGE = "aws-sam.md"
TEMPLATES = [
    each
    for each in blocks(PAGE)
    if each.language == "yaml" and each.text.startswith("AWSTemplate")
]
needs_unzip = pytest.mark.skipif(
    shutil.which("unzip") is None, reason="the Makefile takes `unzip`"
)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """Where the bucket is."""
    with serving(tmp_path_factory.mktemp("account")) as account:
        yield account


@pytest.fixture
def project(account: Account, tmp_path: Path) -> Greeter:
    """The project, not packaged yet."""
    env = {**account.env, **sam_settings(tmp_path)}
    return greeter(tmp_path, PAGE, sam_commands(), **env)


def put(project: Greeter, name: str, heading: str, language: str) -> None:
    """Writes a file as the page has it."""
    (project.directory / name).write_text(block(PAGE, heading, language))


def code_uri(packaged: str) -> str:
    """The name in the bucket of what a template deploys."""
    (found,) = re.findall(rf"CodeUri: s3://{BUCKET}/(\S+)", packaged)
    return str(found)


def test_every_part_of_the_page_is_run() -> None:
    """Here, or in test_layered.py."""
    assert headings(PAGE) == {
        title(PAGE),
        "The ZIP as it is",
        "Built by SAM",
        "A nested result",
        "With a layer",
        "With a layer, built by SAM",
        "Several functions",
    }


def test_templates(project: Greeter) -> None:
    """cfn-lint, which `sam validate --lint` calls, has nothing to say to any of them.

    Nor has it if the settings for a nested result are put into one.
    """
    timeout = "      Timeout: 30\n"
    (plain,) = (each for each in TEMPLATES if each.heading == "The ZIP as it is")
    assert timeout in plain.text
    nested = plain.text.replace(timeout, block(PAGE, "A nested result", "yaml"))
    texts = [*(each.text for each in TEMPLATES), nested]
    assert 5 == len(texts)
    for number, text in enumerate(texts):
        (project.directory / f"{number}.yaml").write_text(text)

    project.sh("cfn-lint [0-9].yaml")

    (project.directory / "wrong.yaml").write_text(plain.text.replace("Memory", "Mem"))
    with pytest.raises(AssertionError, match="MemSize"):
        project.sh("cfn-lint wrong.yaml")


def test_the_zip_as_it_is(project: Greeter, account: Account) -> None:
    """What SAM uploads is the ZIP, and it has its name from the content."""
    put(project, "template.yaml", "The ZIP as it is", "yaml")
    project.sh("sam validate --lint")

    project.sh(block(PAGE, "The ZIP as it is", "sh"))

    built = project.archive().read_bytes()
    name = code_uri((project.directory / "dist" / "packaged.yaml").read_text())
    assert built == account.ask("s3", "GET", f"/{BUCKET}/{name}")
    assert hashlib.md5(built).hexdigest() == name


@needs_unzip
def test_built_by_sam(project: Greeter) -> None:
    """What SAM has built runs, and has its name from names and contents of files."""
    put(project, "template.yaml", "Built by SAM", "yaml")
    put(project, "Makefile", "Built by SAM", "make")
    put(project, "samconfig.toml", "Built by SAM", "toml")
    package = f"sam package --s3-bucket {BUCKET}"

    project.sh(block(PAGE, "Built by SAM", "sh"))

    assert project.archive().exists(), "it was not built in the project's directory"
    built = project.directory / ".aws-sam" / "build" / "Greeter"
    assert "Hello, SAM!" == greeting(built)

    first = code_uri(project.sh(package))
    for module in (built / "greeter").iterdir():
        os.utime(module, (1_000_000_000, 1_000_000_000))
    assert first == code_uri(project.sh(package))
    (built / "greeter" / "more.py").touch()
    assert first != code_uri(project.sh(package))
