"""Libraries that are loaded when something of them is first used, for commands that may end before that.

The standard library's `LazyLoader` would not do: on Python 3.11 the next module that says `import pandas` asks the
lazy one for its `__spec__`, and so loads it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

SLOW = ("pandas", "geopandas", "shapely", "pyproj", "pyarrow.compute")
"""Starting these takes longer than finding out that a million parcels have not changed."""


class _Late(ModuleType):
    """Stands for a library until one of its names is asked for, and has all its names from then on."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        real = import_module(self.__name__)
        self.__dict__.update(vars(real))
        return getattr(real, name)


def load_late(*names: str) -> None:
    """Let `import` of these libraries give something that loads them at first use; loaded ones stay."""
    for name in names:
        if name not in sys.modules:
            late = _Late(name)
            late.__spec__ = ModuleSpec(name, None)
            sys.modules[name] = late
