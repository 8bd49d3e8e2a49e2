"""Small products as satellites deliver them, made for tests: a SAFE folder, Landsat files, index rasters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from affine import Affine

from pipelines.imagery import quiet

WEST, NORTH, SIDE = 500_000.0, 3_400_000.0, 40
CRS = "EPSG:32648"
SAFE = "S2A_MSIL2A_20240601T033541_N0510_R061_T48RVU_20240601T080000.SAFE"

METADATA = """<?xml version="1.0"?>
<n1:Level-2A_User_Product xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-2A.xsd">
<n1:General_Info><Product_Info><PRODUCT_START_TIME>2024-06-01T03:35:41.024Z</PRODUCT_START_TIME>
<PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE></Product_Info>
<Product_Image_Characteristics><QUANTIFICATION_VALUES_LIST>
<BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE></QUANTIFICATION_VALUES_LIST>
{offsets}</Product_Image_Characteristics></n1:General_Info></n1:Level-2A_User_Product>"""


def write(
    path: Path, values: np.ndarray, *, pixel: float = 10.0, crs: str | None = CRS, **profile: object
) -> Path:
    """One raster whose upper left corner lies at WEST, NORTH; bands first when it has three dimensions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    planes = values if values.ndim == 3 else values[None]
    count, height, width = planes.shape
    place = {} if crs is None else {"crs": crs, "transform": Affine(pixel, 0.0, WEST, 0.0, -pixel, NORTH)}
    shape = {"width": width, "height": height, "count": count, "dtype": planes.dtype}
    with quiet(), rasterio.open(path, "w", **{"driver": "GTiff", **shape, **place, **profile}) as data:
        data.write(planes)
    return path


def reflectance(value: float, *, offset: float = 0.0) -> np.ndarray:
    """A flat band of that reflectance in ten-thousandths, before an offset is taken off."""
    return np.full((SIDE, SIDE), round(value * 10_000 - offset), np.uint16)


def safe(folder: Path, *, baseline: str = "05.10", offset: float | None = -1000.0, red: float = 0.05) -> Path:
    """A Sentinel-2 product: red as given, near infrared 0.45, a cloudy corner of 4 × 4 pixels, a no-data pixel."""
    product = folder / SAFE
    product.mkdir(parents=True)
    stated = "" if offset is None else "".join(
        f'<BOA_ADD_OFFSET band_id="{i}">{offset:.0f}</BOA_ADD_OFFSET>' for i in range(13)
    )  # fmt: skip
    (product / "MTD_MSIL2A.xml").write_text(METADATA.format(baseline=baseline, offsets=stated))
    images = product / "GRANULE" / "L2A_T48RVU_A046000_20240601T034000" / "IMG_DATA"
    lossless = {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES"}
    applied = -1000.0 if float(baseline) >= 4 else 0.0
    bands = {"B02": 0.04, "B04": red, "B08": 0.45}
    for name, value in bands.items():
        raw = reflectance(value, offset=applied)
        raw[-1, -1] = 0
        write(images / "R10m" / f"T48RVU_20240601T033541_{name}_10m.jp2", raw, **lossless)
    half = SIDE // 2
    swir = reflectance(0.2, offset=applied)[:half, :half]
    write(images / "R20m" / "T48RVU_20240601T033541_B11_20m.jp2", swir, pixel=20.0, **lossless)
    scl = np.full((half, half), 4, np.uint8)
    scl[:2, :2] = 9
    write(images / "R20m" / "T48RVU_20240601T033541_SCL_20m.jp2", scl, pixel=20.0, **lossless)
    return product


def landsat(folder: Path, *, quality: np.ndarray | None = None) -> Path:
    """A Landsat 9 Collection 2 scene: red 0.05, near infrared 0.45, by the published scale and offset."""
    name = "LC09_L2SP_128039_20240603_20240605_02_T1"
    for band, value in {"SR_B4": 0.05, "SR_B5": 0.45, "SR_B6": 0.2}.items():
        raw = np.full((SIDE, SIDE), round((value + 0.2) / 0.0000275), np.uint16)
        raw[-1, -1] = 0
        write(folder / f"{name}_{band}.TIF", raw, pixel=30.0)
    clear = np.full((SIDE, SIDE), 21824, np.uint16) if quality is None else quality
    write(folder / f"{name}_QA_PIXEL.TIF", clear, pixel=30.0)
    return folder
