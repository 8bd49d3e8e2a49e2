"""A county's workspace: a folder with its settings and everything the program keeps for it."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo.errors import Refused
from geo.layers import Layer, LayerError, load_layers
from pipelines.settings import Settings, read_settings, write_settings

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo.gazetteer import Gazetteer
    from geo.pieces import Leaves

FOLDERS = ("imports", "returned", "senders", "layers", "summary", "attachments")


@dataclass(frozen=True)
class Import:
    """One accepted import: an immutable folder with its rows, its findings and where they came from.

    at: when it was taken in (UTC). digest: what the delivery is recognised by, the sender's file and how it was
    read; content: sha256 of the file alone, with the files that belong to it. mapping: layer field → sender's
    heading. replaces: the import that read the same table before, "" for none; it counts no more, and this one
    counts from its day on (counts_from), as if it had been read so at first.
    """

    id: str
    layer: str
    at: datetime
    file: str
    table: str
    digest: str
    rows: int
    accepted: int
    returned: int
    crs: str | None = None
    encoding: str | None = None
    sender: str | None = None
    layer_version: int = 1
    mapping: Mapping[str, str] = field(default_factory=dict)
    data_sha256: str = ""
    content: str = ""
    replaces: str = ""
    counts_from: datetime | None = None

    def as_json(self) -> str:
        """Its source note: every value, moments in ISO."""
        moments = {
            "at": self.at.isoformat(),
            "counts_from": self.counts_from.isoformat() if self.counts_from else None,
        }
        return json.dumps({**asdict(self), **moments}, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Import:
        """The import of a source note; the opposite of `as_json`."""
        raw = json.loads(text)
        start = raw.get("counts_from")
        moments = {
            "at": datetime.fromisoformat(raw["at"]),
            "counts_from": datetime.fromisoformat(start) if start else None,
        }
        return cls(**{**raw, **moments})


def _counting(every: Sequence[Import]) -> list[Import]:
    """Those of the imports that count, in the order and with the moment in which they do."""
    gone = {(one.layer, one.replaces) for one in every if one.replaces}
    kept = [one if one.counts_from is None else replace(one, at=one.counts_from) for one in every]
    return sorted((one for one in kept if (one.layer, one.id) not in gone), key=lambda one: (one.at, one.id))


class Workspace:
    """The folder `root`. Reading is cheap and lazy; a Workspace object sees the state of when it was made."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        self.settings: Settings = read_settings(self.root)
        self.last_seq: int | None = None

    @classmethod
    def create(cls, root: Path | str, *, code: str, name: str) -> Workspace:
        """A new, empty workspace; Refused when the folder holds one already."""
        write_settings(Path(root), code=code, name=name)
        for folder in FOLDERS:
            (Path(root) / folder).mkdir(exist_ok=True)
        return cls(root)

    def layers(self) -> dict[str, Layer]:
        """The layers by id: the built-in ones and those of the workspace's own `layers/*.toml`."""
        return self._layers

    @cached_property
    def _layers(self) -> dict[str, Layer]:
        texts = {p.name: p.read_text(encoding="utf-8") for p in sorted((self.root / "layers").glob("*.toml"))}
        try:
            return load_layers(texts)
        except LayerError as error:
            raise Refused("layer_declaration_wrong", reason=str(error)) from None

    def layer(self, layer_id: str) -> Layer:
        """The layer of that id; Refused, naming the known ones, when there is none."""
        layers = self.layers()
        if layer_id not in layers:
            raise Refused("layer_unknown", layer=layer_id, known=", ".join(sorted(layers)))
        return layers[layer_id]

    @cached_property
    def _every(self) -> list[Import]:
        notes = (self.root / "imports").glob("*/*/source.json")
        found = [Import.from_json(path.read_text(encoding="utf-8")) for path in notes]
        return sorted(found, key=lambda one: (one.at, one.id))

    @cached_property
    def _imports(self) -> list[Import]:
        return _counting(self._every)

    def imports(self, layer_id: str | None = None, *, as_of: date | None = None) -> list[Import]:
        """The imports that count, in their order, of one layer, up to the end of the day `as_of` in China.

        One whose file was read anew counts no more; the new reading counts from its day on.
        """
        return _up_to(self._imports, layer_id, as_of)

    def every_import(self, layer_id: str | None = None, *, as_of: date | None = None) -> list[Import]:
        """As `imports`, with those that count no more, each on the day that it was taken in."""
        return _up_to(self._every, layer_id, as_of)

    def as_known(self, import_ids: Collection[str], last_seq: int) -> Workspace:
        """This workspace as it was when it had only these imports and the ledger ended with that event."""
        past = self._with([one for one in self._every if one.id in import_ids])
        past.last_seq = last_seq
        return past

    def without(self, import_id: str) -> Workspace:
        """This workspace as it would be without that import."""
        return self._with([one for one in self._every if one.id != import_id])

    def _with(self, every: list[Import]) -> Workspace:
        other = copy.copy(self)
        other.__dict__.update(_every=every, _imports=_counting(every))
        return other

    def import_folder(self, one: Import) -> Path:
        """Where the rows, findings and source note of an import lie."""
        return self.root / "imports" / one.layer / one.id

    def forget_cache(self) -> None:
        """See what was added since this object was made; areas and what hangs on them only when they changed."""
        from pipelines.territory import areas_key

        known = areas_key(self) if "_areas" in self.__dict__ else None
        for name in ("_every", "_imports", "_layers"):
            self.__dict__.pop(name, None)
        if known is not None and areas_key(self) != known:
            for name in ("_areas", "_leaves", "_gazetteer"):
                self.__dict__.pop(name, None)

    def areas(self) -> gpd.GeoDataFrame:
        """The areas frame: code, name, level, parent, geometry (EPSG:4490), sorted by code; empty when none."""
        return self._areas

    @cached_property
    def _areas(self) -> gpd.GeoDataFrame:
        from pipelines.territory import read_areas

        return read_areas(self)

    def leaves(self) -> Leaves:
        """The parts of the areas on which things stand (`geo.pieces.leaf_areas`)."""
        return self._leaves

    @cached_property
    def _leaves(self) -> Leaves:
        from pipelines.territory import read_leaves

        return read_leaves(self)

    def gazetteer(self) -> Gazetteer:
        """The names of the areas, with the lineage of the settings."""
        return self._gazetteer

    @cached_property
    def _gazetteer(self) -> Gazetteer:
        from geo.gazetteer import Gazetteer

        return Gazetteer.from_areas(self.areas(), self.settings.lineage)

    def edition(self, *layer_ids: str) -> str:
        """A short mark that changes whenever the imports of these layers (default all) or of the areas change."""
        from pipelines.territory import AREA_LAYERS

        wanted = {*layer_ids, *AREA_LAYERS} if layer_ids else None
        parts = [one.id for one in self._imports if wanted is None or one.layer in wanted]
        parts += [f"{i}.{layer.version}" for i, layer in sorted(self.layers().items()) if i in (wanted or {i})]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One writer of imports and summaries at a time; another waits a little, then is told who to wait for."""
        from pipelines.store.lock import exclusive

        with exclusive(self.root / "summary" / ".lock"):
            self.forget_cache()
            yield
        self.forget_cache()


def _up_to(imports: Sequence[Import], layer_id: str | None, as_of: date | None) -> list[Import]:
    end = datetime.combine(as_of, time(16), UTC) if as_of else None
    return [
        one for one in imports if (layer_id is None or one.layer == layer_id) and (end is None or one.at < end)
    ]


def file_digest(path: Path) -> str:
    """sha256 of a file together with those that belong to it (same stem beside a shapefile; all of a folder)."""
    total = hashlib.sha256()
    for part in _belonging(path):
        total.update(part.name.lower().encode())
        with part.open("rb") as handle:
            total.update(hashlib.file_digest(handle, "sha256").digest())
    return total.hexdigest()


def _belonging(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.is_file())
    companions = {".shp", ".shx", ".dbf", ".prj", ".cpg", ".tab", ".dat", ".map", ".id", ".mif", ".mid"}
    if path.suffix.lower() in {".shp", ".tab", ".mif"}:
        return sorted(p for p in path.parent.iterdir() if p.stem == path.stem and p.suffix.lower() in companions)
    return [path]


def utc(moment: datetime | date | None) -> datetime:
    """A moment in UTC; a bare date means noon of that day in China, nothing means now."""
    if moment is None:
        return datetime.now(UTC)
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return datetime.combine(moment, time(4), UTC)


def issues_frame(records: list[dict[str, Any]]) -> pd.DataFrame:
    """Findings as a table for storing: code, severity, row, field, params (JSON text)."""
    import pandas as pd

    return pd.DataFrame(
        {
            "code": [r["code"] for r in records],
            "severity": [r["severity"] for r in records],
            "row": pd.array([r["row"] for r in records], dtype="Int64"),
            "field": [r["field"] for r in records],
            "params": [json.dumps(r["params"], ensure_ascii=False, default=str) for r in records],
        }
    )
