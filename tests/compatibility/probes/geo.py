# mypy: disable-error-code="import-not-found, import-untyped"
"""Three wheels with a GDAL and PROJ of their own each, and the data files of these."""

from __future__ import annotations

import os

from pathlib import Path

import fiona
import fiona.transform
import numpy
import pyproj
import pyproj.datadir
import rasterio
import rasterio.features
import rasterio.warp

from fiona.drvsupport import supported_drivers
from pyproj import CRS
from pyproj import Transformer
from rasterio.io import MemoryFile
from rasterio.transform import from_origin


def probe() -> object:
    proj_data = Path(pyproj.datadir.get_data_dir())
    return {
        "pyproj": {
            "data": proj_data.name,
            "database": (proj_data / "proj.db").stat().st_size,
            "code": CRS.from_epsg(2056).to_authority(),
            "bern": [round(each, 3) for each in _to_swiss().transform(7.44, 46.95)],
            "operation": _to_swiss().definition,
        },
        "rasterio": {
            "drivers": len(rasterio.drivers.raster_driver_extensions()),
            "tiff": _raster(),
            "bern": _rounded(
                rasterio.warp.transform("EPSG:4326", "EPSG:2056", [7.44], [46.95])
            ),
            "wkt": rasterio.crs.CRS.from_epsg(3857).to_wkt(),
        },
        "fiona": {
            "drivers": sorted(supported_drivers),
            "features": _features(),
            "bern": _rounded(
                fiona.transform.transform("EPSG:4326", "EPSG:2056", [7.44], [46.95])
            ),
        },
        # What names these directories in the environment would be for all three.
        "variables": sorted({"GDAL_DATA", "PROJ_DATA", "PROJ_LIB"} & {*os.environ}),
    }


def _to_swiss() -> Transformer:
    return Transformer.from_crs("EPSG:4326", "EPSG:2056", always_xy=True)


def _rounded(coordinates: tuple[list[float], ...]) -> list[float]:
    return [round(each, 3) for axis in coordinates for each in axis]


def _raster() -> object:
    pixels = numpy.arange(48, dtype="uint8").reshape(6, 8)
    profile = {
        "driver": "GTiff",
        "width": 8,
        "height": 6,
        "count": 1,
        "dtype": "uint8",
        "crs": "EPSG:2056",
        "transform": from_origin(2_600_000, 1_200_000, 10, 10),
        "compress": "deflate",
    }
    with MemoryFile() as file:
        with file.open(**profile) as raster:
            raster.write(pixels, 1)
        with file.open() as raster:
            again = raster.read(1)
            crs, bounds = raster.crs.to_epsg(), [*raster.bounds]
    shapes = rasterio.features.shapes((again > 20).astype("uint8"))
    return [bool((again == pixels).all()), crs, bounds, len([*shapes])]


def _features() -> object:
    path = "/vsimem/places.gpkg"  # GDAL's own files in memory
    schema = {"geometry": "Point", "properties": {"name": "str"}}
    place = {
        "geometry": {"type": "Point", "coordinates": (7.44, 46.95)},
        "properties": {"name": "Bern"},
    }
    with fiona.open(path, "w", driver="GPKG", crs="EPSG:4326", schema=schema) as file:
        file.write(place)
    with fiona.open(path) as file:
        found = [[each.properties["name"], *each.geometry.coordinates] for each in file]
        crs = file.crs.to_epsg()
    fiona.remove(path)
    return [crs, found]
