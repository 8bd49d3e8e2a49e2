"""Where work is done: here, in processes of this machine, or on a cluster of an existing engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from geo.errors import Refused

if TYPE_CHECKING:
    from concurrent.futures import Executor

CONNECT_SECONDS = 10


@contextmanager
def engine(kind: str = "local", scheduler: str | None = None, workers: int | None = None) -> Iterator[Executor]:
    """An executor of the standard library's kind, closed at the end.

    kind: `local` for processes of this machine, `dask` for dask.distributed: the cluster whose scheduler has that
    address, or one of this machine alone when there is none. workers: how many processes here, as many as there
    are processors by default. Whoever works must see workspaces under the same paths. A task that was lost with
    its worker is done again by another worker of a cluster. Refused when the cluster's parts are not installed,
    or the scheduler cannot be reached.
    """
    count = workers or os.cpu_count() or 1
    if kind != "dask":
        if scheduler is not None:
            raise Refused("scheduler_without_dask")
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            yield pool
        return
    client = _client(scheduler, count)
    try:
        with client.get_executor(pure=False) as pool:
            yield pool
    finally:
        client.close()


def _client(scheduler: str | None, workers: int) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise Refused("cluster_missing") from None
    connect: Any = Client
    if scheduler is None:
        return connect(n_workers=workers, threads_per_worker=1, dashboard_address=None, processes=True)
    try:
        return connect(scheduler, timeout=CONNECT_SECONDS)
    except (OSError, ValueError):
        raise Refused("scheduler_unreachable", address=scheduler) from None
