"""What was read last of the imports' files is kept, within bounds."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.store.geoparquet import ids_of, read_columns
from pipelines.store.recent import Recent


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = [tmp_path / f"{name}.parquet" for name in "abc"]
    for at, path in enumerate(made):
        pq.write_table(pa.table({"id": [f"{at}-{n}" for n in range(10)], "size": range(10)}), path)
    return made


def test_a_file_is_read_once_and_the_least_lately_asked_for_goes_first(files: list[Path]) -> None:
    read: list[str] = []
    recent = Recent(rows=20)

    def ask(path: Path, width: int = 1) -> None:
        recent.once(path, "id", lambda: (read.append(path.stem), list(range(10)))[1], width=width)

    for path in (files[0], files[1], files[0], files[2], files[0], files[1]):
        ask(path)
    assert read == ["a", "b", "c", "b"]
    # Twenty values at once would leave no room for anything else.
    ask(files[2], width=2)
    ask(files[2], width=2)
    assert read == ["a", "b", "c", "b", "c", "c"]


def test_a_file_that_was_written_again_is_read_again(files: list[Path]) -> None:
    assert ids_of(files[0]).to_pylist()[0] == "0-0"
    pq.write_table(pa.table({"id": ["new", "rows"], "size": [1, 2]}), files[0])
    assert ids_of(files[0]).to_pylist() == ["new", "rows"]


def test_what_a_caller_changes_is_not_what_the_next_one_gets(files: list[Path]) -> None:
    mine = read_columns(files[0], ["id", "size"])
    mine.loc[0, "size"] = 99
    mine["more"] = 1
    again = read_columns(files[0], ["id", "size"])
    assert list(again.columns) == ["id", "size"] and again["size"].tolist() == list(range(10))
