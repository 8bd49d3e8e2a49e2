"""Zip archives as senders make them, with equal bytes for equal content."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from data_samples.maps import remove, shapefile_parts


def pack(path: Path, contents: Iterable[Path], at: date) -> Path:
    """Move files and folders into a zip dated `at`; what was packed is removed."""
    contents = list(contents)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in contents:
            files = sorted(p for p in one.rglob("*") if p.is_file()) if one.is_dir() else [one]
            for file in files:
                info = zipfile.ZipInfo(
                    file.relative_to(one.parent).as_posix(), (at.year, at.month, at.day, 9, 0, 0)
                )
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, file.read_bytes())
    for one in contents:
        remove(one)
    return path


def pack_shapefile(shapefile: Path, at: date) -> Path:
    """Move a shapefile and its companions into a zip of the same stem."""
    return pack(shapefile.with_suffix(".zip"), shapefile_parts(shapefile), at)
