"""`xiangtu serve` and `bench`."""

from __future__ import annotations

import argparse

from pipelines.console import Console


def serve(arguments: argparse.Namespace, console: Console) -> int:
    """Serve the dashboards until stopped."""
    from dashboards.server import serve as start
    from pipelines.workspace import Workspace

    Workspace(arguments.dir)
    start(arguments.dir, host=arguments.host, port=arguments.port, lang=console.lang)
    return 0


def bench(arguments: argparse.Namespace, console: Console) -> int:
    """Measure each stage beside what is installed of its peers."""
    from pipelines.bench import as_table, run_bench

    rows = run_bench(arguments.parcels, arguments.out, say=lambda line: console.say(line, line))
    print(as_table(rows))
    return 0
