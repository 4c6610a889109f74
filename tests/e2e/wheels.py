"""Tiny wheels, and a simple index on loopback that offers them."""

from __future__ import annotations

import base64
import hashlib
import threading
import zipfile

from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING
from typing import Any


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path


def make_wheel(
    directory: Path,
    name: str,
    files: Mapping[str, str],
    version: str = "1.0",
    tag: str = "py3-none-any",
    metadata: str = "",
) -> Path:
    """Writes a wheel; its path. `metadata` are further lines of its METADATA."""
    info = f"{name}-{version}.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": "Metadata-Version: 2.1\n"
        f"Name: {name}\nVersion: {version}\n{metadata}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: by-hand 1\n"
        f"Root-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(
        f"{path},sha256={_digest(text)},{len(text.encode())}\n"
        for path, text in contents.items()
    )
    contents[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    directory.mkdir(parents=True, exist_ok=True)
    wheel = directory / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as target:
        for path, text in contents.items():
            target.writestr(path, text)
    return wheel


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def make_index(directory: Path, *wheels: Path) -> None:
    """Writes the pages of a simple index (PEP 503) for wheels below `directory`."""
    for wheel in wheels:
        page = directory / "simple" / wheel.name.partition("-")[0] / "index.html"
        page.parent.mkdir(parents=True)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        link = f"/{wheel.relative_to(directory).as_posix()}#sha256={digest}"
        page.write_text(f'<!DOCTYPE html><a href="{link}">{wheel.name}</a>\n')


@contextmanager
def served(directory: Path, port: int = 0) -> Iterator[str]:
    """Serves a directory on loopback, at a free port if none is given; its URL."""
    server = ThreadingHTTPServer(
        ("127.0.0.1", port), partial(_Silent, directory=str(directory))
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep the console clean."""
