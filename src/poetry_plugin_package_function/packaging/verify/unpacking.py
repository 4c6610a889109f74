"""An archive unpacked as Lambda unpacks it, for as long as it is looked at."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile

from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.errors import VerifyError
from poetry_plugin_package_function.packaging.verify import verifier


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path


_READ: Final = 0o444
_READ_AND_EXECUTE: Final = 0o555
_CHUNK_BYTES: Final = 1 << 20
NOTHING_PROVIDED: Final[Mapping[str, Path]] = MappingProxyType({})


@dataclass(frozen=True)
class Unpacked:
    """The directories of one execution environment, without symbolic links in them.

    Attributes:
        task_root: The archive's files; none of them can be written, unless by root.
        tmp_dir: What is `/tmp` there; empty.
        runtime_path: Where modules of Lambda's runtime are looked for: where Lambda has
            them, as its own images do, then in a directory with links to what stands
            for them, if anything does.
        layers_root: What is `/opt` there: the layer's files, if it has been unpacked.
        home_dir: A home directory that is not there and cannot be made, as Lambda's.
        scratch: Where all of them are; more may be put there.
    """

    task_root: str
    tmp_dir: str
    runtime_path: tuple[str, ...]
    layers_root: str
    home_dir: str
    scratch: str


@contextmanager
def unpacked(
    archive: Path,
    provided: Mapping[str, Path] = NOTHING_PROVIDED,
    layer: Path | None = None,
) -> Iterator[Unpacked]:
    """Unpacks an archive; all is gone when the block ends.

    Args:
        archive: A result of packaging.
        provided: What stands for modules of Lambda's runtime: files and directories, by
            the names that they have there.
        layer: The archive of the function's layer.

    Raises:
        VerifyError: One of them cannot be unpacked.
    """
    scratch = os.path.realpath(tempfile.mkdtemp(prefix="package-function-"))
    runtime_dir = os.path.join(scratch, "runtime")
    try:
        place = Unpacked(
            task_root=os.path.join(scratch, "task"),
            tmp_dir=os.path.join(scratch, "tmp"),
            runtime_path=(verifier.RUNTIME, *([runtime_dir] if provided else [])),
            layers_root=os.path.join(scratch, "opt") if layer else verifier.LAYERS,
            home_dir=os.path.join(scratch, "home", "user"),
            scratch=scratch,
        )
        try:
            os.mkdir(place.tmp_dir)
            os.mkdir(os.path.dirname(place.home_dir), _READ_AND_EXECUTE)
            _unpack(archive, place.task_root)
            if layer:
                _unpack(layer, place.layers_root)
            if provided:
                os.mkdir(runtime_dir)
            for name, path in provided.items():
                os.symlink(os.path.abspath(path), os.path.join(runtime_dir, name))
        except (OSError, zipfile.BadZipFile) as error:
            raise VerifyError(
                f"{archive} could not be unpacked into {scratch}: {error}.",
                "Free some space, or set TMPDIR to a directory that has more.",
            ) from None
        yield place
    finally:
        _remove(scratch)


def _unpack(archive: Path, root: str) -> None:
    """Writes all members, then takes away the right to write."""
    os.mkdir(root)
    with zipfile.ZipFile(archive) as source:
        _write_members(source, root)
    for directory, _, _ in os.walk(root, topdown=False):
        os.chmod(directory, _READ_AND_EXECUTE)


def _write_members(source: zipfile.ZipFile, root: str) -> None:
    members = [each for each in source.infolist() if not each.is_dir()]
    outside = sorted(each.filename for each in members if _leads_out(each.filename))
    if outside:
        raise VerifyError(
            f"The archive has members outside of the task root: {', '.join(outside)}.",
            "Package it again.",
        )
    directories = {root}
    for member in members:
        path = os.path.join(root, member.filename)
        parent = os.path.dirname(path)
        if parent not in directories:
            os.makedirs(parent, exist_ok=True)
            directories.add(parent)
        with source.open(member) as stream, open(path, "wb") as file:
            shutil.copyfileobj(stream, file, _CHUNK_BYTES)
        is_executable = member.external_attr >> 16 & 0o001
        os.chmod(path, _READ_AND_EXECUTE if is_executable else _READ)


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts


def _remove(scratch: str) -> None:
    """Removes all, whatever its modes; nothing is followed out of it."""
    for directory, names, _ in os.walk(scratch):
        os.chmod(directory, 0o700)
        for name in names:
            path = os.path.join(directory, name)
            if not os.path.islink(path):
                with suppress(OSError):  # it is not ours: nor can it be removed
                    os.chmod(path, 0o700)
    shutil.rmtree(scratch, ignore_errors=True)


def size_bytes(directory: str, block_bytes: int) -> int:
    """Adds up what the files below a directory take, in whole blocks."""
    return sum(
        -(-os.lstat(os.path.join(parent, name)).st_size // block_bytes) * block_bytes
        for parent, _, names in os.walk(directory)
        for name in names
    )
