"""docs/recipes/aws-cli.md, with AWS's own command line, against moto."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import pytest

from tests.e2e.projects import sha256
from tests.recipes.aws import BUCKET
from tests.recipes.aws import EMPTY_ZIP
from tests.recipes.aws import aws_commands
from tests.recipes.aws import serving
from tests.recipes.greeter import greeter
from tests.recipes.pages import RUNTIME
from tests.recipes.pages import block
from tests.recipes.pages import headings
from tests.recipes.pages import title


if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.recipes.aws import Account
    from tests.recipes.greeter import Greeter


PAGE = "aws-cli.md"


@dataclass(frozen=True)
class Deployment:
    """The project, packaged, and the account that has the function."""

    project: Greeter
    account: Account

    @property
    def code_sha256(self) -> object:
        """What the report says."""
        return self.project.report()["code_sha256"]

    def run(self, heading: str) -> str:
        """Runs the script under that heading."""
        return self.project.sh(block(PAGE, heading, "sh"))

    def configuration(self, version: str = "$LATEST") -> Any:
        """What Lambda says of the function."""
        return self.account.of_lambda(
            f"functions/greeter/configuration?Qualifier={version}"
        )

    def versions(self) -> list[str]:
        """Those that are published."""
        said = self.account.of_lambda("functions/greeter/versions")
        return [each["Version"] for each in said["Versions"]][1:]

    def let_it_differ(self) -> None:
        """Lambda has another code now, so that an update can be seen."""
        self.account.change_code("greeter", EMPTY_ZIP)
        assert self.configuration()["CodeSha256"] != self.code_sha256


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The package, made as the page says, and an account to deploy it to."""
    base = tmp_path_factory.mktemp("aws-cli")
    with serving(base) as account:
        project = greeter(base, PAGE, aws_commands(), **account.env)
        project.sh(block(PAGE, "The package", "sh"))
        yield Deployment(project, account)


@pytest.fixture(scope="module")
def created(built: Deployment) -> Deployment:
    """The function is there, with the code of the package."""
    built.run("The first time")
    return built


def test_every_part_of_the_page_is_run() -> None:
    """Here, or in test_layered.py."""
    assert headings(PAGE) == {
        title(PAGE),
        "The package",
        "The first time",
        "New code",
        "Only what has changed",
        "More than 50 MB",
        "A nested result",
        "With a layer",
        "Several functions",
    }


def test_the_first_time(created: Deployment) -> None:
    """Lambda has the bytes of the ZIP, and what it has to know of them."""
    said = created.configuration()

    assert said["CodeSha256"] == created.code_sha256
    assert said["CodeSha256"] == sha256(created.project.archive())
    assert (RUNTIME, ["x86_64"]) == (said["Runtime"], said["Architectures"])
    assert created.project.report()["verified"]["handler"] == said["Handler"]


def test_new_code(created: Deployment) -> None:
    """It is what a new version has."""
    created.let_it_differ()
    before = created.versions()

    created.run("New code")

    *others, new = created.versions()
    assert before == others
    assert created.configuration()["CodeSha256"] == created.code_sha256
    assert created.configuration(new)["CodeSha256"] == created.code_sha256


def test_only_what_has_changed(created: Deployment) -> None:
    """What is deployed is left alone; anything else is replaced."""
    created.let_it_differ()
    before = created.versions()

    assert "up to date" not in created.run("Only what has changed")
    assert created.configuration()["CodeSha256"] == created.code_sha256
    updated = created.versions()
    assert len(before) + 1 == len(updated)

    assert created.run("Only what has changed") == "greeter is up to date\n"
    assert updated == created.versions()


def test_through_a_bucket(created: Deployment) -> None:
    """The object is named by its content, and is what Lambda gets."""
    created.let_it_differ()

    created.run("More than 50 MB")

    key = f"greeter/{created.project.report()['sha256']}.zip"
    stored = created.account.ask("s3", "GET", f"/{BUCKET}/{key}")
    assert stored == created.project.archive().read_bytes()
    assert created.configuration()["CodeSha256"] == created.code_sha256


def test_a_nested_result(created: Deployment) -> None:
    """The timeout is set; the storage's size is only known to be a valid one.

    moto passes over that in an update, but `aws` holds it against Lambda's model.
    """
    created.run("A nested result")

    assert created.configuration()["Timeout"] == 60
