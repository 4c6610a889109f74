# mypy: disable-error-code="import-not-found, import-untyped"
"""A program in a wheel, which is found beside a module and run."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile

from pathlib import Path

import imageio_ffmpeg


def probe() -> object:
    program = imageio_ffmpeg.get_ffmpeg_exe()
    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory, "a.mp4"))
        frame = bytes(range(256)) * 12  # 32 x 32 pixels of three bytes
        writer = imageio_ffmpeg.write_frames(path, (32, 32), fps=5)
        writer.send(None)
        for _ in range(5):
            writer.send(frame)
        writer.close()
        reader = imageio_ffmpeg.read_frames(path)
        meta = next(reader)
        frames = [*reader]
    version = subprocess.run(
        [program, "-version"], capture_output=True, text=True, check=True
    )
    return {
        "program": Path(program).name,
        "mode": os.stat(program).st_mode & 0o111,
        "version": version.stdout.splitlines()[0],
        "size": [*meta["size"]],
        "frames": [hashlib.sha256(each).hexdigest() for each in frames],
    }
