"""Reading whatever arrives: files in, tables in the sender's own words out."""

from .opening import open_tables
from .source import Cells, Table

__all__ = ["Cells", "Table", "open_tables"]
