"""One table on its way in: columns matched, cells typed, rows placed, shapes repaired, rules checked."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd
import shapely

from geo.check import check_ids, check_rows, digest_rows
from geo.columns import ColumnMatch
from geo.datums import Datums
from geo.gazetteer import Gazetteer
from geo.geometry import faults
from geo.issues import Issue, worst
from geo.layers import Layer
from geo.measure import convert_area, length_m
from geo.pieces import Leaves
from geo.values import gather, type_frame
from pipelines.place import Placement, decide, place_batch
from pipelines.read.source import Table
from pipelines.report import TableReport
from pipelines.store.geoparquet import SOURCE

SAMPLE_ROWS = 5_000
MADE_ID_BYTES = 8
WORKERS = 2
"""So many batches are looked at at a time; their order, and what comes of them, is the same for any number."""

Progress = Callable[[str, int, int | None], None]
Sink = Callable[[pd.DataFrame], None]


@dataclass
class _Batch:
    """A batch on its way: as it was read, its rows so far, findings, a digest of each row, and ids made."""

    raw: pd.DataFrame
    frame: pd.DataFrame
    issues: list[Issue]
    digests: Any
    made_ids: int


class Intake:
    """Takes one table in, batch by batch; memory is bounded by a batch and the ids seen.

    areas: the county's areas frame, None without a workspace; leaves: `leaf_areas` of it. gazetteer: names of
    the same areas.
    """

    def __init__(
        self,
        table: Table,
        layer: Layer,
        match: ColumnMatch,
        *,
        crs: str | None = None,
        datums: Datums | None = None,
        areas: Any = None,
        leaves: Leaves | None = None,
        gazetteer: Gazetteer | None = None,
        progress: Progress | None = None,
        today: date | None = None,
    ) -> None:
        self.table = table
        self.layer = layer
        self.match = match
        self._crs = crs
        self._datums = datums
        self._areas = areas
        self._leaves = leaves
        self._gazetteer = gazetteer
        self._progress = progress
        self._today = today
        self._seen: dict[str, tuple[int, int]] = {}
        self._made_ids = 0
        self._opened_with = list(table.issues)
        self.report = TableReport(
            table.name,
            layer.id,
            encoding=table.encoding,
            mapping=mapping_of(match),
            unmatched=tuple(match.unmatched),
            issues=list(table.issues),
        )

    def run(self, sink: Sink | None) -> TableReport:
        """Read the whole table; accepted rows go to `sink` as they are ready."""
        for batch in self._looked_at():
            accepted = self._taken(batch)
            if sink is not None and len(accepted):
                sink(accepted)
            if self._progress:
                self._progress(self.table.name, self.report.rows, self.table.rows)
        # A table that streams knows what it left out, and whether its totals agree, only at its end.
        self.report.issues += [i for i in self.table.issues if i not in self._opened_with]
        self.report.issues = gather(self.report.issues)
        if self._made_ids:
            self.report.issues.append(Issue("id_made", None, self.layer.id_field, {"count": self._made_ids}))
        return self.report

    def _looked_at(self) -> Iterator[_Batch]:
        """The batches in the order of the table; while one is being stored, the next ones are looked at."""
        raws = iter(self.table.batches())
        first = next(raws, None)
        if first is None:
            return
        placement = self._decide(first)
        yield self._look(first, placement)
        with ThreadPoolExecutor(WORKERS) as pool:
            ahead: deque[Future[_Batch]] = deque()
            for raw in raws:
                ahead.append(pool.submit(self._look, raw, placement))
                if len(ahead) > WORKERS:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    def _decide(self, raw: pd.DataFrame) -> Placement:
        step = max(1, len(raw) // SAMPLE_ROWS)
        sample = raw.iloc[::step]
        placement = decide(
            self.table, sample, self.match, self.layer, self._areas, crs=self._crs, datums=self._datums
        )
        placement = replace(placement, leaves=self._leaves)
        self.report.issues.extend(placement.issues)
        self.report.crs = placement.crs_name
        return placement

    def _look(self, raw: pd.DataFrame, placement: Placement) -> _Batch:
        """A batch typed, placed, repaired and checked row by row: all that needs no other batch."""
        typed, issues = type_frame(raw, self.match, self.layer, self.table.units)
        fill_derived(typed, self.layer)
        placed, found = place_batch(raw, typed, placement, self._gazetteer)
        issues += found
        frame = pd.concat([typed.drop(columns="geometry", errors="ignore"), pd.DataFrame(placed)], axis=1)
        done, found = faults(
            frame["geometry"].to_numpy(object),
            frame.index.to_numpy(),
            expect=self._expect(),
            required=self.layer.geometry_required and self.table.kind == "map",
        )
        issues += found
        frame["geometry"] = done.geometry
        moved = done.changed | (shapely.is_missing(done.geometry) & frame["lon"].notna().to_numpy())
        if moved.any():
            inside = shapely.point_on_surface(done.geometry[moved])
            frame.loc[moved, "lon"], frame.loc[moved, "lat"] = shapely.get_x(inside), shapely.get_y(inside)
        frame["area_m2"] = done.area_after_m2
        frame["length_m"] = length_m(done.geometry)
        issues += check_rows(frame, self.layer, today=self._today)
        digests = None
        if not self.layer.is_area:
            frame["id"], missing, made = self._ids(frame, raw)
            issues += missing
            digests = digest_rows(frame)
        else:
            made = 0
        return _Batch(raw, frame, issues, digests, made)

    def _taken(self, batch: _Batch) -> pd.DataFrame:
        """The accepted rows of a batch, ready to store; findings and counts go to the report."""
        frame, issues = batch.frame, batch.issues
        if batch.digests is None:
            frame["id"] = pd.Series(self._unit_ids(frame), index=frame.index, dtype="str")
        else:
            ids, doubled = check_ids(frame, self.layer, self._seen, batch.digests)
            if doubled or ids != frame["id"].tolist():
                frame["id"] = pd.Series(ids, index=frame.index, dtype="str")
            issues += doubled
            self._made_ids += batch.made_ids
        issues = without_echo(issues)
        back = worst(issues)
        self.report.issues.extend(issues)
        self.report.rows += len(frame)
        self.report.returned += len(back)
        dropped = back | {i.row for i in issues if i.code == "row_repeated" and i.row is not None}
        self.report.accepted += len(frame) - len(back)
        kept = frame.loc[~frame.index.isin(list(dropped))] if dropped else frame
        return self._finished(kept, batch.raw)

    def _expect(self) -> Any:
        return "any" if self.layer.geometry == "none" else self.layer.geometry

    def _ids(self, frame: pd.DataFrame, raw: pd.DataFrame) -> tuple[pd.Series, list[Issue], int]:
        """The id of each row: the sender's, or one made of the row's content; findings, and how many were made."""
        field = self.layer.id_field
        if field in self.match.fields and field in frame.columns:
            ids = frame[field].astype(str).where(frame[field].notna())
            blank = ids.isna().to_numpy(bool)
            if not blank.all() or len(frame) == 1:
                found = [Issue("id_missing", int(row), field, {}) for row in frame.index[blank]]
                stand_in = pd.Series([f"?{row}" for row in frame.index], index=frame.index)
                return ids.where(~blank, stand_in).astype("str"), found, 0
        marks = digest_rows(raw.drop(columns="geometry", errors="ignore").astype(str))
        shapes = shapely.to_wkb(frame["geometry"].to_numpy(object))
        made = [
            hashlib.blake2b((s or b"") + b"%d" % m, digest_size=MADE_ID_BYTES).hexdigest()
            for s, m in zip(shapes, marks, strict=True)
        ]
        return pd.Series(made, index=frame.index, dtype="str"), [], len(frame)

    def _unit_ids(self, frame: pd.DataFrame) -> list[str]:
        """Ids of an area's shapes: its code, or its name; the later shapes of one unit are numbered."""
        blank = pd.Series("", index=frame.index, dtype="str")
        code = frame[self.layer.id_field].fillna("") if self.layer.id_field in frame.columns else blank
        name = frame[str(self.layer.name_field)].fillna("") if self.layer.name_field in frame.columns else blank
        ids = []
        for one in code.where(code != "", name):
            times = self._seen.get(one, (0, 0))[0] + 1
            self._seen[one] = (times, 0)
            ids.append(one if times == 1 else f"{one}#{times}")
        return ids

    def _finished(self, frame: pd.DataFrame, raw: pd.DataFrame) -> pd.DataFrame:
        """Add the source row, and the sender's columns that no field took."""
        frame = frame.assign(source_row=frame.index.to_numpy())
        for heading in self.match.unmatched:
            if heading in raw.columns:
                frame[SOURCE + heading] = raw.loc[frame.index, heading]
        return frame


def mapping_of(match: ColumnMatch) -> dict[str, tuple[str, str]]:
    """Layer field or place role → (sender's heading, how it was matched), for the report and the screen."""
    return {target: (heading, how) for heading, (target, how, _score) in match.how.items()}


def fill_derived(typed: pd.DataFrame, layer: Layer) -> None:
    """Fill blank numbers from the same quantity in another unit (实测面积 in m² → 亩), in place."""
    for field in layer.fields:
        if field.derived_from is None or field.derived_from not in typed.columns:
            continue
        source = layer.field(field.derived_from)
        other = convert_area(typed[source.name], source.unit or "m2", field.unit or "mu")
        typed[field.name] = typed[field.name].fillna(other) if field.name in typed.columns else other


ECHOES: Mapping[str, frozenset[str]] = {
    "place_missing": frozenset({"geometry_missing", "geometry_empty", "geometry_wrong_type"}),
    "value_required_missing": frozenset({"id_missing"}),
}
"""A finding on the left says nothing new where the same row has one on the right."""


def without_echo(issues: list[Issue]) -> list[Issue]:
    """The findings without those that only repeat another one of the same row."""
    by_row: dict[int | None, set[str]] = {}
    for issue in issues:
        by_row.setdefault(issue.row, set()).add(issue.code)

    def echo(issue: Issue) -> bool:
        better = ECHOES.get(issue.code, frozenset()) & by_row[issue.row]
        return any(issue.code != "value_required_missing" or (issue.field, code) in fields for code in better)

    fields = {(issue.field, issue.code) for issue in issues}
    return [issue for issue in issues if not echo(issue)]
