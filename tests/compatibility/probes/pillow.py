# mypy: disable-error-code="import-not-found, import-untyped"
"""What Pillow can do, with each of its extension modules and their libraries."""

from __future__ import annotations

import hashlib
import io

from PIL import Image
from PIL import ImageCms
from PIL import ImageDraw
from PIL import ImageFont
from PIL import features


def probe() -> object:
    image = Image.new("RGB", (80, 40), "white")
    ImageDraw.Draw(image).text((2, 2), "Worte", fill="navy", font=_font())
    formats = ["JPEG", "JPEG2000", "PNG", "WEBP"]
    formats += ["AVIF"] if "avif" in features.get_supported() else []
    profile = ImageCms.createProfile("sRGB")
    return {
        "supported": sorted(features.get_supported()),
        "text": hashlib.sha256(image.tobytes()).hexdigest(),
        "profile": ImageCms.getProfileName(ImageCms.ImageCmsProfile(profile)),
        "tiff": {
            name: _again(image, "TIFF", compression=name)
            for name in ("tiff_lzw", "jpeg", "tiff_adobe_deflate", "lzma")
        },
        "formats": {name: _again(image, name) for name in formats},
    }


def _font() -> object:
    try:
        return ImageFont.load_default(20)  # it takes FreeType, and that libpng
    except TypeError:  # before 10.1 it had one size, and no need of them
        return ImageFont.load_default()


def _again(image: Image.Image, name: str, **options: object) -> str:
    stream = io.BytesIO()
    image.save(stream, name, **options)
    with Image.open(io.BytesIO(stream.getvalue())) as again:
        return hashlib.sha256(again.tobytes()).hexdigest()
