"""What could be the handler, where none is named."""

from __future__ import annotations

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.packaging.project_code.candidates import candidates
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.entry import Entry


APP, OTHER = canonicalize_name("my-app"), canonicalize_name("other")


def entry(name: str, source: str, owner: str | None = APP) -> Entry:
    content = source.encode()
    distribution = canonicalize_name(owner) if owner else None
    return Entry(name, BytesContent(content), len(content), distribution=distribution)


def test_usual_names_come_first() -> None:
    """Then what takes an event, then what is deeper."""
    entries = [
        entry("my_app/deep/api.py", "def handler(event, context): ..."),
        entry("my_app/jobs.py", "def run(event, context): ..."),
        entry("my_app/web.py", "app = 1\nhandler = Mangum(app)"),
        entry("app.py", "def lambda_handler(e, c): ..."),
    ]
    assert (
        "app.lambda_handler",
        "my_app.web.handler",
        "my_app.deep.api.handler",
        "my_app.jobs.run",
    ) == candidates(entries, APP)


def test_what_is_none() -> None:
    """Others' functions, private ones, methods, and what cannot be parsed."""
    handler = "def handler(event, context): ..."
    entries = [
        entry("other/a.py", handler, OTHER),
        entry("my_app/a.py", f"class A:\n    {handler}"),
        entry("my_app/b.py", "def _run(event, context): ..."),
        entry("my_app/c.py", "def handler(event"),
        entry("my_app/d.py", "async def handler(event, context): ..."),
        entry("my_app/e.py", "def f(event): ...\ndef g(x, event): ..."),
        entry("my_app/f.txt", handler),
        entry("my_app/g.py", handler.replace("handler", "\0handler")),
    ]
    assert () == candidates(entries, APP)


def test_code_beside_distributions_is_the_projects() -> None:
    """As SAM puts it there, and as `include` brings it; a project may have no name."""
    handler = "def handler(event, context): ..."
    included = entry("b.py", handler, None)._replace(included=True)
    entries = [entry("a.py", handler, None), included]
    assert ("a.handler", "b.handler") == candidates(entries, None)
